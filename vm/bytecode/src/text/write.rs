//! The disassembler.

use super::item::{write_extent, write_joined, write_line, write_parties};
use crate::isa::Instruction;
use crate::operand::{Bank, ExceptionId, Reference, quote};
use crate::program::*;
use crate::types::Type;
use std::fmt::{self, Display, Formatter};

/// The column where comments begin, where there is room.
const COMMENT: usize = 44;
/// The longest run of registers of one type that is written as one.
pub(super) const RUN: usize = 1 << 20;

/// A program, displayed as its text.
pub(super) struct Listing<'a>(pub &'a Program);

impl Display for Listing<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let program = self.0;
        let Precision { int_bits, fix_bits, fix_frac } = program.precision;
        writeln!(f, "mpcb {VERSION}\nprecision int {int_bits} fix {fix_bits} frac {fix_frac}")?;
        self.names(f)?;
        for (i, port) in program.ports.iter().enumerate() {
            write_port(f, i, port)?;
        }
        for (i, constant) in program.constants.iter().enumerate() {
            self.constant(f, i, constant)?;
        }
        for (i, class) in program.exceptions.iter().enumerate() {
            writeln!(f, "{} {} {}", ExceptionId::own(i as u32), quote(&class.name), class.parent)?;
        }
        for (i, function) in program.functions.iter().enumerate() {
            self.function(f, i, function)?;
        }
        if !program.disclosures.is_empty() {
            writeln!(f)?;
        }
        program.disclosures.iter().try_for_each(|disclosure| write_disclosure(f, disclosure))
    }
}

impl Listing<'_> {
    fn names(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, file) in self.0.files.iter().enumerate() {
            writeln!(f, "file {i} {}", quote(file))?;
        }
        for (i, dim) in self.0.dims.iter().enumerate() {
            writeln!(f, "dim{i} {}", quote(dim))?;
        }
        for (i, role) in self.0.roles.iter().enumerate() {
            write!(f, "role{i} {}", quote(&role.name))?;
            match role.family {
                Some(dim) => writeln!(f, " family {dim}")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }

    fn constant(&self, f: &mut Formatter<'_>, at: usize, constant: &Constant) -> fmt::Result {
        write!(f, "k{at} {}", constant.kind())?;
        match constant {
            Constant::Int(shape, values) => write_values(f, shape, values)?,
            Constant::Fix(shape, values) => write_values(f, shape, values)?,
            Constant::Bool(shape, values) => write_values(f, shape, values)?,
            Constant::Str(text) => write!(f, " {}", quote(text))?,
        }
        match constant {
            Constant::Fix(_, values) if values.len() == 1 => writeln!(f, "  ; {}", self.brief(constant)),
            Constant::Int(..) | Constant::Fix(..) | Constant::Bool(..) | Constant::Str(_) => writeln!(f),
        }
    }

    fn function(&self, f: &mut Formatter<'_>, at: usize, function: &Function) -> fmt::Result {
        writeln!(f, "\nfunction f{at} {}", quote(&function.name))?;
        write_row(f, "params", &function.params)?;
        write_row(f, "results", &function.results)?;
        for bank in Bank::ALL {
            write_registers(f, bank, &function.registers[bank as usize])?;
        }
        for Handler { from, to, target, class, message, origin } in &function.handlers {
            writeln!(f, "  handler @{from} @{to} to @{target} {class} {message} {origin}")?;
        }
        for Inlined { name, call, within } in &function.inlined {
            write!(f, "  inlined {} at ", quote(name))?;
            write_line(f, *call)?;
            writeln!(f, " in {within}")?;
        }
        self.code(f, function)
    }

    fn code(&self, f: &mut Formatter<'_>, function: &Function) -> fmt::Result {
        let mut targets = vec![false; function.code.len()];
        for instruction in &function.code {
            instruction.references(|reference| {
                if let Reference::Label(label) = reference
                    && let Some(target) = targets.get_mut(label.0 as usize)
                {
                    *target = true;
                }
            });
        }
        function.handlers.iter().for_each(|handler| {
            if let Some(target) = targets.get_mut(handler.target as usize) {
                *target = true;
            }
        });
        let mut lines = function.lines.iter().peekable();
        let mut chains = function.chains.iter().peekable();
        for (at, instruction) in function.code.iter().enumerate() {
            while let Some(mark) = lines.next_if(|(first, _)| *first as usize <= at) {
                self.mark(f, mark, at)?;
            }
            while let Some(chain) = chains.next_if(|(first, _)| *first as usize <= at) {
                write_chain(f, chain, at)?;
            }
            self.instruction(f, at, targets[at], instruction)?;
        }
        lines.try_for_each(|mark| self.mark(f, mark, function.code.len()))?;
        chains.try_for_each(|chain| write_chain(f, chain, function.code.len()))
    }

    /// The source line of what follows; with its own index where that is not the next one's.
    fn mark(&self, f: &mut Formatter<'_>, &(first, line): &(u32, Line), at: usize) -> fmt::Result {
        let mut text = format!("  line {}:{}", line.file, line.line);
        if first as usize != at {
            text.push_str(&format!(" from @{first}"));
        }
        match self.0.files.get(line.file as usize) {
            Some(file) if line.line > 0 => writeln!(f, "{text:<COMMENT$}; {}:{}", brief_name(file), line.line),
            _ => writeln!(f, "{text}"),
        }
    }

    fn instruction(&self, f: &mut Formatter<'_>, at: usize, target: bool, instruction: &Instruction) -> fmt::Result {
        let index = if target { format!("@{at}") } else { at.to_string() };
        let text = format!("{index:>6}  {instruction}");
        match self.comment(instruction) {
            comment if comment.is_empty() => writeln!(f, "{text}"),
            comment => writeln!(f, "{text:<COMMENT$}; {comment}"),
        }
    }

    /// What an instruction refers to, by name; the first few.
    fn comment(&self, instruction: &Instruction) -> String {
        let mut names = Vec::new();
        let mut left_out = false;
        instruction.references(|reference| {
            if names.len() < 4 {
                names.extend(self.name(reference));
            } else {
                left_out = true;
            }
        });
        if left_out {
            names.push("…".into());
        }
        names.join(", ")
    }

    fn name(&self, reference: Reference) -> Option<String> {
        let program = self.0;
        match reference {
            Reference::Constant(id) => program.constants.get(id.0 as usize).map(|constant| self.brief(constant)),
            Reference::Dim(id) => program.dims.get(id.0 as usize).map(|name| brief_name(name)),
            Reference::Port(id) => program.ports.get(id.0 as usize).map(|port| brief_name(&port.name)),
            Reference::Function(id) => program.functions.get(id.0 as usize).map(|function| brief_name(&function.name)),
            Reference::Role(id) => program.roles.get(id.0 as usize).map(|role| brief_name(&role.name)),
            Reference::Exception(id) => id.place().map(|_| brief_name(program.exception_name(id))),
            Reference::Label(_) => None,
        }
    }

    /// A scalar constant's value, a tensor's shape.
    fn brief(&self, constant: &Constant) -> String {
        match constant {
            Constant::Int(_, values) if values.len() == 1 => values[0].to_string(),
            Constant::Fix(_, values) if values.len() == 1 => {
                let scale = 2f64.powi(self.0.precision.fix_frac.min(1000) as i32);
                format!("{:?}", values[0] as f64 / scale)
            }
            Constant::Bool(_, values) if values.len() == 1 => values[0].to_string(),
            Constant::Int(shape, _) | Constant::Fix(shape, _) | Constant::Bool(shape, _) => {
                format!("{}{shape:?}", constant.kind())
            }
            Constant::Str(text) => match text.char_indices().nth(24) {
                Some((cut, _)) => format!("{}…", quote(&text[..cut])),
                None => quote(text),
            },
        }
    }
}

/// A name as it is, or in quotes where it is not a plain one.
fn brief_name(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | '[' | ']' | '<' | '>');
    if !name.is_empty() && name.chars().all(plain) { name.into() } else { quote(name) }
}

fn write_values<T: Display>(f: &mut Formatter<'_>, shape: &[u64], values: &[T]) -> fmt::Result {
    if !shape.is_empty() {
        write!(f, " {shape:?}")?;
    }
    values.iter().try_for_each(|value| write!(f, " {value}"))
}

fn write_port(f: &mut Formatter<'_>, at: usize, port: &Port) -> fmt::Result {
    let (direction, preposition) = match port.direction {
        Direction::Input => ("input", "from"),
        Direction::Parameter { .. } => ("parameter", "from"),
        Direction::Output => ("output", "to"),
    };
    write!(f, "port{at} {direction} {} {} [", quote(&port.name), port.kind)?;
    write_joined(f, &port.shape, ", ", write_extent)?;
    f.write_str("]")?;
    if port.list {
        f.write_str(" list")?;
    }
    if let Direction::Parameter { default: Some(constant) } = port.direction {
        write!(f, " default {constant}")?;
    }
    write!(f, " {preposition} ")?;
    write_parties(f, &port.parties)?;
    f.write_str(" at ")?;
    write_line(f, port.line)?;
    writeln!(f)
}

fn write_row<T: Display>(f: &mut Formatter<'_>, title: &str, items: &[T]) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    write!(f, "  {title} ")?;
    write_joined(f, items, ", ", |f, item| item.fmt(f))?;
    writeln!(f)
}

/// The types of a bank, with a count before equal ones.
fn write_registers(f: &mut Formatter<'_>, bank: Bank, types: &[Type]) -> fmt::Result {
    if types.is_empty() {
        return Ok(());
    }
    write!(f, "  registers {} ", bank.prefix())?;
    let runs: Vec<&[Type]> = types.chunk_by(|a, b| a == b).flat_map(|run| run.chunks(RUN)).collect();
    write_joined(f, &runs, ", ", |f, run| match run {
        [one] => one.fmt(f),
        _ => write!(f, "{} {}", run.len(), run[0]),
    })?;
    writeln!(f)
}

/// The inlined call around what follows; with its own index where that is not the next one's.
fn write_chain(f: &mut Formatter<'_>, &(first, chain): &(u32, u32), at: usize) -> fmt::Result {
    write!(f, "  within {chain}")?;
    if first as usize != at {
        write!(f, " from @{first}")?;
    }
    writeln!(f)
}

fn write_disclosure(f: &mut Formatter<'_>, disclosure: &Disclosure) -> fmt::Result {
    write!(f, "disclosure {} @{} entry {} ", disclosure.function, disclosure.at, disclosure.entry)?;
    if let Some(port) = disclosure.port {
        write!(f, "{port} ")?;
    }
    f.write_str("to ")?;
    write_parties(f, &disclosure.to)?;
    f.write_str(" at ")?;
    write_line(f, disclosure.line)?;
    write!(f, " {}", quote(&disclosure.expression))?;
    if let Some(why) = &disclosure.why {
        write!(f, " why {}", quote(why))?;
    }
    writeln!(f)
}
