//! Everything that is named by a number exists.

use super::{VerifyError, each_instruction, functions};
use crate::isa::Instruction;
use crate::operand::{Access, ConstId, DimId, ExceptionId, FuncId, PortId, Reference, Reg, RoleId};
use crate::program::{Direction, Extent, Function, Handler, Line, Parties, Port, Program};

/// See the module.
pub(super) fn check(program: &Program) -> Result<(), VerifyError> {
    if program.functions.is_empty() {
        return Err(VerifyError::program("it has no function, not even a top level"));
    }
    tables(program).map_err(VerifyError::program)?;
    for (id, function) in functions(program) {
        params(function).map_err(|message| VerifyError::function(id, function, message))?;
        lines(program, function).map_err(|message| VerifyError::function(id, function, message))?;
        inlined(program, function).map_err(|message| VerifyError::function(id, function, message))?;
        handlers(function).map_err(|message| VerifyError::function(id, function, message))?;
    }
    each_instruction(program, |id, _, instruction| {
        // The function is the one whose instruction this is.
        let function = function(program, id)?;
        registers(function, instruction)?;
        references(program, function, instruction)
    })
}

fn within(what: &str, index: u32, length: usize) -> Result<(), String> {
    if (index as usize) < length { Ok(()) } else { Err(format!("{what}{index} does not exist: there are {length}")) }
}
fn constant(program: &Program, id: ConstId) -> Result<(), String> {
    within("constant k", id.0, program.constants.len())
}
fn dim(program: &Program, id: DimId) -> Result<(), String> {
    within("dimension dim", id.0, program.dims.len())
}
fn port(program: &Program, id: PortId) -> Result<(), String> {
    within("port port", id.0, program.ports.len())
}
fn role(program: &Program, id: RoleId) -> Result<(), String> {
    within("role role", id.0, program.roles.len())
}
fn function(program: &Program, id: FuncId) -> Result<&Function, String> {
    let found = program.functions.get(id.0 as usize);
    found.ok_or_else(|| format!("function {id} does not exist: there are {}", program.functions.len()))
}
fn register(function: &Function, reg: Reg) -> Result<(), String> {
    let missing =
        || format!("register {reg} does not exist: there are {}", function.registers[reg.bank as usize].len());
    function.register(reg).map(drop).ok_or_else(missing)
}

/// A line of no file stands for nothing in the source.
fn line(program: &Program, line: Line) -> Result<(), String> {
    if line == Line::default() { Ok(()) } else { within("source file ", line.file, program.files.len()) }
}

fn parties(program: &Program, parties: &Parties) -> Result<(), String> {
    match parties {
        Parties::All => Ok(()),
        Parties::Roles(roles) => roles.iter().try_for_each(|&id| role(program, id)),
    }
}

fn extent(program: &Program, extent: &Extent) -> Result<(), String> {
    match extent {
        Extent::Constant(_) | Extent::Any => Ok(()),
        Extent::Dim(id) => dim(program, *id),
        Extent::Combined(_, a, b) => self::extent(program, a).and_then(|()| self::extent(program, b)),
    }
}

fn check_port(program: &Program, port: &Port) -> Result<(), String> {
    port.shape.iter().try_for_each(|size| extent(program, size))?;
    parties(program, &port.parties)?;
    line(program, port.line)?;
    match port.direction {
        Direction::Parameter { default: Some(id) } => constant(program, id),
        Direction::Parameter { default: None } | Direction::Input | Direction::Output => Ok(()),
    }
}

/// What stands outside the functions.
fn tables(program: &Program) -> Result<(), String> {
    program.roles.iter().filter_map(|role| role.family).try_for_each(|id| dim(program, id))?;
    exceptions(program)?;
    for (i, port) in program.ports.iter().enumerate() {
        check_port(program, port).map_err(|message| format!("port{i}: {message}"))?;
    }
    for (i, disclosure) in program.disclosures.iter().enumerate() {
        let check = || {
            let function = function(program, disclosure.function)?;
            within("instruction ", disclosure.at, function.code.len())?;
            disclosure.port.map_or(Ok(()), |id| port(program, id))?;
            parties(program, &disclosure.to)?;
            line(program, disclosure.line)
        };
        check().map_err(|message| format!("disclosure {i}: {message}"))?;
    }
    Ok(())
}

fn params(function: &Function) -> Result<(), String> {
    function.params.iter().try_for_each(|&reg| register(function, reg))?;
    match twice(function.params.clone()) {
        Some(reg) => Err(format!("two parameters go to {reg}")),
        None => Ok(()),
    }
}

/// The line table begins each run after the one before it.
fn lines(program: &Program, function: &Function) -> Result<(), String> {
    for pair in function.lines.windows(2) {
        if pair[0].0 >= pair[1].0 {
            return Err(format!("its line table is not in order at instruction {}", pair[1].0));
        }
    }
    for &(first, place) in &function.lines {
        within("its line table names an instruction that is not there: instruction ", first, function.code.len())?;
        line(program, place)?;
    }
    Ok(())
}

/// The table of inlined calls: each stands within an earlier one, and runs begin in order.
fn inlined(program: &Program, function: &Function) -> Result<(), String> {
    for (at, inlined) in function.inlined.iter().enumerate() {
        line(program, inlined.call)?;
        if inlined.within as usize > at {
            return Err(format!("inlined call {} stands within {}, which is none before it", at + 1, inlined.within));
        }
    }
    if let Some(pair) = function.chains.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        return Err(format!("its table of inlined calls is not in order at instruction {}", pair[1].0));
    }
    for &(first, chain) in &function.chains {
        within(
            "its table of inlined calls names an instruction that is not there: instruction ",
            first,
            function.code.len(),
        )?;
        chain.checked_sub(1).map_or(Ok(()), |chain| within("inlined call ", chain, function.inlined.len()))?;
    }
    Ok(())
}

/// Handlers hold for runs of instructions that do not overlap, in order, and write registers that are there.
fn handlers(function: &Function) -> Result<(), String> {
    let mut end = 0;
    for handler in &function.handlers {
        let Handler { from, to, target, .. } = *handler;
        if from >= to {
            return Err(format!("the handler of @{from} to @{to} handles nothing"));
        }
        if from < end {
            return Err(format!("the handlers are not in order, or overlap, at @{from}"));
        }
        end = to;
        within("the end of what a handler handles, @", to - 1, function.code.len())?;
        within("a handler's target @", target, function.code.len())?;
        handler.told().into_iter().try_for_each(|reg| register(function, reg))?;
        if let Some(reg) = twice(handler.told().to_vec()) {
            return Err(format!("the handler of @{from} to @{to} writes {reg} twice"));
        }
    }
    Ok(())
}

/// Classes of exceptions have names, and derive from others that come before them.
fn exceptions(program: &Program) -> Result<(), String> {
    for (at, class) in program.exceptions.iter().enumerate() {
        if class.name.is_empty() {
            return Err(format!("class{at} has no name"));
        }
        if class.parent >= ExceptionId::own(at as u32) {
            return Err(format!("class{at} derives from {}, which does not come before it", class.parent));
        }
    }
    Ok(())
}

fn registers(function: &Function, instruction: &Instruction) -> Result<(), String> {
    let mut missing = Ok(());
    let mut written = Vec::new();
    instruction.accesses(|access| {
        let (Access::Read(reg) | Access::Write(reg)) = access;
        if missing.is_ok() {
            missing = register(function, reg);
        }
        if let Access::Write(reg) = access {
            written.push(reg);
        }
    });
    missing?;
    match twice(written) {
        Some(reg) => Err(format!("it writes {reg} twice")),
        None => Ok(()),
    }
}

/// A register that is in the list more than once.
fn twice(mut regs: Vec<Reg>) -> Option<Reg> {
    regs.sort_unstable();
    regs.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

fn references(program: &Program, function: &Function, instruction: &Instruction) -> Result<(), String> {
    let mut result = Ok(());
    instruction.references(|reference| {
        let found = || match reference {
            Reference::Constant(id) => constant(program, id),
            Reference::Dim(id) => dim(program, id),
            Reference::Port(id) => port(program, id),
            Reference::Function(id) => self::function(program, id).map(drop),
            Reference::Role(id) => role(program, id),
            Reference::Exception(id) => {
                id.place().map_or(Ok(()), |place| within("exception class", place, program.exceptions.len()))
            }
            Reference::Label(label) => within("jump target @", label.0, function.code.len()),
        };
        if result.is_ok() {
            result = found();
        }
    });
    result
}
