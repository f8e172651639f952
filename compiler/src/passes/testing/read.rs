//! From the text of a case to the intermediate representation.

use crate::ir::{Block, BlockId, Function, Handler, Module, Note, Op, Registers, Terminator};
use crate::passes::liveness::Liveness;
use crate::source::{FileId, Span};
use mpc_bytecode::operand::{Binary, Operand, Text, Unary};
use mpc_bytecode::program::{Parties, VERSION};
use mpc_bytecode::{Access, Bank, Constant, Instruction, Kind, Program, Reg, Type};
use std::collections::HashMap;

/// Reads a whole case.
pub fn module(text: &str) -> Result<Module, String> {
    let mut reader = Reader { module: Module { frac: 16, ..Module::default() }, span: Span::default() };
    let mut body = Vec::new();
    let mut name = "main".to_owned();
    for line in text.lines() {
        let line = line.split(';').next().unwrap_or_default().trim();
        if let Some(next) = line.strip_prefix("function ") {
            if !body.is_empty() {
                reader.function(&name, &std::mem::take(&mut body))?;
            }
            name = next.split('"').nth(1).ok_or_else(|| format!("`{line}` lacks a name"))?.to_owned();
        } else if !line.is_empty() {
            body.push(line);
        }
    }
    reader.function(&name, &body)?;
    Ok(reader.module)
}

struct Reader {
    module: Module,
    span: Span,
}

/// Instructions, and what ends them if that is known.
type DraftBlock = (Vec<Op>, Option<(End, Span)>);

/// A function while it is read: blocks as yet without their numbers.
#[derive(Default)]
struct Draft {
    labels: HashMap<String, BlockId>,
    blocks: Vec<DraftBlock>,
    declared: HashMap<Reg, (Type, u32)>,
    params: Option<Vec<Reg>>,
    /// By the block's place: the handler's name, and what it is told of in.
    handlers: HashMap<usize, (String, [Reg; 3])>,
}

/// A terminator whose targets have names; what a branch leads to otherwise is the next block.
enum End {
    Jump(String),
    If(Reg, String),
    Unless(Reg, String),
    Done(Terminator),
}

impl Reader {
    fn function(&mut self, name: &str, lines: &[&str]) -> Result<(), String> {
        let mut draft = Draft { blocks: vec![(Vec::new(), None)], ..Draft::default() };
        let mut function = Function { name: name.to_owned(), ..Function::default() };
        for line in lines {
            self.line(line, &mut draft, &mut function).map_err(|error| format!("`{line}`: {error}"))?;
        }
        function.registers = registers(&draft, &self.module);
        let params = draft.params.take();
        function.blocks = blocks(draft)?;
        function.params = params.unwrap_or_else(|| unset(&function));
        let returned = function.blocks.iter().find_map(|block| match &block.end {
            Terminator::Return(values) => Some(values),
            Terminator::Jump(_) | Terminator::Branch { .. } | Terminator::Raise(..) | Terminator::Reraise(_) => None,
        });
        let ty = |reg: &Reg| function.registers.get(*reg).ty.clone();
        function.results = returned.map(|values| values.iter().map(ty).collect()).unwrap_or_default();
        self.module.functions.push(function);
        Ok(())
    }

    fn line(&mut self, line: &str, draft: &mut Draft, function: &mut Function) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if let Some(label) = line.strip_suffix(':') {
            if draft.blocks.last().is_some_and(|block| block.1.is_some() || !block.0.is_empty())
                || draft.blocks.len() == 1
            {
                draft.blocks.push((Vec::new(), None));
            }
            draft.labels.insert(label.to_owned(), BlockId(draft.blocks.len() as u32 - 1));
            return Ok(());
        }
        match word {
            "types" => return types(rest, &mut draft.declared),
            "params" => {
                let named = rest.split(',').map(str::trim).filter(|name| *name != "-");
                draft.params = Some(named.map(register).collect::<Result<_, _>>()?);
            }
            "handled" => draft.handled(rest)?,
            "recursive" => function.recursive = true,
            "library" => function.library = true,
            "line" => {
                let at = rest.parse().map_err(|_| "expected a number")?;
                self.span = Span::new(FileId(0), at, at + 1);
            }
            "jump" => self.end(draft, End::Jump(rest.to_owned())),
            "jump-if" | "jump-unless" => {
                let (cond, to) = rest.split_once(' ').ok_or("expected a condition and a block")?;
                let (cond, to) = (register(cond)?, to.to_owned());
                self.end(draft, if word == "jump-if" { End::If(cond, to) } else { End::Unless(cond, to) });
            }
            _ if word.starts_with('k') => {
                self.module.constants.intern(constant(rest)?);
            }
            _ => self.instruction(line, draft)?,
        }
        Ok(())
    }

    fn end(&mut self, draft: &mut Draft, end: End) {
        draft.open_block().1 = Some((end, self.span));
    }

    fn instruction(&mut self, line: &str, draft: &mut Draft) -> Result<(), String> {
        let instruction = match Instruction::parse(line) {
            Ok(instruction) => instruction,
            Err(error) => self.inline_constant(line)?.ok_or(error)?,
        };
        match instruction {
            Instruction::Return { values } => {
                let values = values.into_iter().map(|value| value.0).collect();
                self.end(draft, End::Done(Terminator::Return(values)));
            }
            Instruction::Raise { exception, message } => {
                self.end(draft, End::Done(Terminator::Raise(exception, message.reg())));
            }
            Instruction::Reraise { class, message, origin } => {
                let caught = [class, message, origin].map(|src| src.reg());
                self.end(draft, End::Done(Terminator::Reraise(caught)));
            }
            instruction => {
                let notes = self.notes(&instruction);
                draft.open_block().0.push(Op { notes, ..Op::new(instruction, self.span) });
            }
        }
        Ok(())
    }

    /// `const p0 int 3`.
    fn inline_constant(&mut self, line: &str) -> Result<Option<Instruction>, String> {
        let Some((dst, value)) = line.strip_prefix("const ").and_then(|rest| rest.split_once(' ')) else {
            return Ok(None);
        };
        let id = self.module.constants.intern(constant(value)?);
        Instruction::parse(&format!("const {dst} k{}", id.0)).map(Some)
    }

    fn notes(&mut self, instruction: &Instruction) -> Vec<u32> {
        let disclosed: Vec<_> = match instruction {
            Instruction::Open { batch } => batch.iter().map(|(_, src)| (None, src.reg())).collect(),
            Instruction::Output { batch } => batch.iter().map(|(port, src)| (Some(*port), src.0)).collect(),
            _ => Vec::new(),
        };
        let note = |(port, reg): (_, Reg)| {
            let (expression, span) = (reg.to_string(), self.span);
            self.module.notes.push(Note { to: Parties::All, port, expression, why: None, span, also: Vec::new() });
            self.module.notes.len() as u32 - 1
        };
        disclosed.into_iter().map(note).collect()
    }
}

impl Draft {
    /// `handled NAME class message origin`, before a block's first instruction.
    fn handled(&mut self, rest: &str) -> Result<(), String> {
        let [name, class, message, origin] = rest.split(' ').collect::<Vec<_>>()[..] else {
            return Err("expected a block and three registers".into());
        };
        if !self.open_block().0.is_empty() {
            self.blocks.push((Vec::new(), None));
        }
        let told = [register(class)?, register(message)?, register(origin)?];
        self.declared.entry(told[1]).or_insert((Type::Tensor(Kind::Str), 0));
        self.declared.entry(told[0]).or_insert((Type::Tensor(Kind::Int), 0));
        self.declared.entry(told[2]).or_insert((Type::Tensor(Kind::Int), 0));
        self.handlers.insert(self.blocks.len() - 1, (name.to_owned(), told));
        Ok(())
    }

    /// The block to which something can be added.
    fn open_block(&mut self) -> &mut DraftBlock {
        if self.blocks.last().is_none_or(|block| block.1.is_some()) {
            self.blocks.push((Vec::new(), None));
        }
        let last = self.blocks.len() - 1;
        &mut self.blocks[last]
    }
}

fn blocks(draft: Draft) -> Result<Vec<Block>, String> {
    let labels = draft.labels;
    let find = |name: &str| labels.get(name).copied().ok_or_else(|| format!("there is no block `{name}`"));
    let mut blocks = Vec::new();
    for (at, (code, end)) in draft.blocks.into_iter().enumerate() {
        let next = BlockId(at as u32 + 1);
        let (end, span) = match end {
            None => (Terminator::Jump(next), Span::default()),
            Some((End::Jump(to), span)) => (Terminator::Jump(find(&to)?), span),
            Some((End::If(cond, to), span)) => (Terminator::Branch { cond, then: find(&to)?, otherwise: next }, span),
            Some((End::Unless(cond, to), span)) => {
                (Terminator::Branch { cond, then: next, otherwise: find(&to)? }, span)
            }
            Some((End::Done(end), span)) => (end, span),
        };
        let handler = draft.handlers.get(&at).map(|(name, [class, message, origin])| {
            Ok::<_, String>(Handler { block: find(name)?, class: *class, message: *message, origin: *origin })
        });
        let handler = handler.transpose()?;
        blocks.push(Block { handler, ..Block::new(code, end, span) });
    }
    let mut beyond = false;
    let count = blocks.len() as u32;
    blocks.iter().for_each(|block| block.successors(|to| beyond |= to.0 >= count));
    if beyond { Err("the last block goes on into nothing".into()) } else { Ok(blocks) }
}

/// What may be read before it is written.
fn unset(function: &Function) -> Vec<Reg> {
    let mut params = Vec::new();
    Liveness::of(function).before(BlockId(0), |reg| params.push(reg));
    params.sort_unstable();
    params
}

fn register(text: &str) -> Result<Reg, String> {
    mpc_bytecode::AnySrc::parse(&mut Text::new(text)).map(|src| src.0)
}

fn constant(text: &str) -> Result<Constant, String> {
    let program = Program::from_text(&format!("mpcb {VERSION}\nk0 {text}\n")).map_err(|error| error.message)?;
    program.constants.into_iter().next().ok_or_else(|| "expected a constant".into())
}

/// `s0 sfix, s1 sint[_], l0 list[sfix]`.
fn types(text: &str, declared: &mut HashMap<Reg, (Type, u32)>) -> Result<(), String> {
    for item in text.split(", ") {
        let (reg, ty) = item.trim().split_once(' ').ok_or("expected a register and its type")?;
        declared.insert(register(reg)?, read_type(ty)?);
    }
    Ok(())
}

fn read_type(text: &str) -> Result<(Type, u32), String> {
    if let Some(item) = text.strip_prefix("list[").and_then(|rest| rest.strip_suffix(']')) {
        let (item, rank) = read_type(item)?;
        return Ok((Type::List(Box::new(item)), rank));
    }
    let (kind, axes) = text.split_once('[').map_or((text, None), |(kind, axes)| (kind, Some(axes)));
    let kind = Kind::ALL.iter().find(|known| known.text() == kind).ok_or_else(|| format!("`{kind}` is not a kind"))?;
    let rank = axes.map_or(0, |axes| axes.split(',').count() as u32);
    Ok((Type::Tensor(*kind), rank))
}

/// The table of all registers that the draft names.
fn registers(draft: &Draft, module: &Module) -> Registers {
    let mut types = draft.declared.clone();
    let mut counts = [0_u32; 3];
    let mut meet = |reg: Reg| counts[reg.bank as usize] = counts[reg.bank as usize].max(reg.index + 1);
    types.keys().copied().for_each(&mut meet);
    draft.params.iter().flatten().copied().for_each(&mut meet);
    for (code, end) in &draft.blocks {
        for op in code {
            op.instruction.accesses(|access| match access {
                Access::Read(reg) | Access::Write(reg) => meet(reg),
            });
            evident(&op.instruction, module, &mut types);
        }
        match end {
            Some((End::If(cond, _) | End::Unless(cond, _), _)) => {
                meet(*cond);
                types.entry(*cond).or_insert((Type::Tensor(Kind::Bool), 0));
            }
            Some((End::Done(end), _)) => {
                end.reads(&mut meet);
                if let Terminator::Raise(_, message) = end {
                    types.entry(*message).or_insert((Type::Tensor(Kind::Str), 0));
                }
            }
            Some((End::Jump(_), _)) | None => {}
        }
    }
    let mut registers = Registers::default();
    for bank in Bank::ALL {
        for index in 0..counts[bank as usize] {
            let (ty, rank) = types.get(&Reg::new(bank, index)).cloned().unwrap_or_else(|| usual(bank));
            registers.add(ty, rank);
        }
    }
    registers
}

fn usual(bank: Bank) -> (Type, u32) {
    match bank {
        Bank::Public => (Type::Tensor(Kind::Int), 0),
        Bank::Secret => (Type::Tensor(Kind::Sint), 0),
        Bank::List => (Type::List(Box::new(Type::Tensor(Kind::Int))), 0),
    }
}

/// Types that an instruction leaves no doubt about.
fn evident(instruction: &Instruction, module: &Module, types: &mut HashMap<Reg, (Type, u32)>) {
    use Binary::{Eq, Ge, Gt, Le, Lt, Ne};
    let mut note = |reg: Reg, kind: Kind, rank: u32| {
        types.entry(reg).or_insert((Type::Tensor(kind), rank));
    };
    match instruction {
        Instruction::Const { dst, value } => {
            let constant = module.constants.get(*value);
            note(dst.reg(), constant.kind(), crate::ir::rank(constant));
        }
        Instruction::Binary { op: Eq | Ne | Lt | Le | Gt | Ge, dst, .. } => note(dst.reg(), Kind::Bool, 0),
        Instruction::Unary { op: Unary::Not, dst, src } => {
            note(src.reg(), Kind::Bool, 0);
            note(dst.reg(), Kind::Bool, 0);
        }
        Instruction::Choose { cond, .. } => note(cond.reg(), Kind::Bool, 0),
        Instruction::Format { dst, .. } => note(dst.reg(), Kind::Str, 0),
        Instruction::Print { src } => note(src.reg(), Kind::Str, 0),
        Instruction::Ltz { batch, .. } | Instruction::Eqz { batch, .. } => {
            batch.iter().for_each(|(dst, _)| note(dst.reg(), Kind::Sbool, 0));
        }
        _ => {}
    }
}
