//! The intermediate representation: bytecode instructions over registers without limit, in basic blocks.
//!
//! There is no second instruction set. Control flow stands in the blocks' terminators and handlers, and nowhere else: no [`Instruction`]
//! of a block jumps, returns or raises on purpose. Registers are variables, not single assignments; each has one type for the whole function.
//!
//! A block with a [`Handler`] has an edge to it from every instruction that can raise: what the handler reads must hold, at each of
//! them, what it would hold had nothing been moved. An instruction that raises writes nothing.

use crate::source::Span;
use mpc_bytecode::operand::{ConstId, ExceptionId, PortId};
use mpc_bytecode::program::{ExceptionClass, Parties};
use mpc_bytecode::{Access, Bank, Constant, Instruction, Reg, Type};
use std::collections::HashMap;

/// A program between the typed tree and the bytecode. Function 0 is the top level; calls name functions by their place here.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The functions.
    pub functions: Vec<Function>,
    /// The constant pool.
    pub constants: Constants,
    /// What is disclosed; operations name their entries by place.
    pub notes: Vec<Note>,
    /// Fractional bits of fixed-point numbers.
    pub frac: u32,
    /// The program's own exceptions.
    pub exceptions: Vec<ExceptionClass>,
}

/// A function.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// The name in the source.
    pub name: String,
    /// The registers that receive the arguments.
    pub params: Vec<Reg>,
    /// The types of what it returns.
    pub results: Vec<Type>,
    /// What each public, secret and list register is.
    pub registers: Registers,
    /// The blocks; the first is entered first.
    pub blocks: Vec<Block>,
    /// True if it can call itself: it stays a call.
    pub recursive: bool,
    /// True if it stands in the library: where it is inlined, its instructions belong to the line of the call.
    pub library: bool,
    /// The calls that were inlined; [`Chain`] counts in it.
    pub inlined: Vec<Inlined>,
}

/// A call in whose place the callee's code stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Inlined {
    /// The callee's name in the source.
    pub name: String,
    /// Where it is called.
    pub call: Span,
    /// The calls around that.
    pub within: Chain,
}

/// The inlined calls around an instruction: a place in [`Function::inlined`] counted from one, or 0 where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Chain(pub u32);

/// A register of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Its type.
    pub ty: Type,
    /// How many axes the tensors have that it holds; of a list, the innermost ones.
    pub rank: u32,
}

impl Register {
    /// True if it only ever holds scalars, which cost nothing to keep and cannot fail to broadcast.
    pub fn is_scalar(&self) -> bool {
        self.rank == 0 && matches!(self.ty, Type::Tensor(_))
    }
}

/// How many axes a constant has.
pub fn rank(constant: &Constant) -> u32 {
    match constant {
        Constant::Int(shape, _) | Constant::Fix(shape, _) | Constant::Bool(shape, _) => shape.len() as u32,
        Constant::Str(_) => 0,
    }
}

/// The registers of a function, by bank and number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registers(pub [Vec<Register>; 3]);

impl Registers {
    /// A new register.
    pub fn add(&mut self, ty: Type, rank: u32) -> Reg {
        let bank = ty.bank();
        let bank_registers = &mut self.0[bank as usize];
        bank_registers.push(Register { ty, rank });
        Reg::new(bank, bank_registers.len() as u32 - 1)
    }

    /// What a register is.
    pub fn get(&self, reg: Reg) -> &Register {
        &self.0[reg.bank as usize][reg.index as usize]
    }

    /// How many registers there are in all banks.
    pub fn count(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// A table with an entry for every register.
    pub fn table<T: Clone>(&self, value: T) -> Table<T> {
        let mut start = 0;
        let starts = Bank::ALL.map(|bank| {
            let first = start;
            start += self.0[bank as usize].len();
            first
        });
        Table { starts, entries: vec![value; start] }
    }
}

/// A value for every register of a function.
#[derive(Clone, Debug)]
pub struct Table<T> {
    starts: [usize; 3],
    entries: Vec<T>,
}

impl<T> Table<T> {
    /// The number of a register among all banks.
    pub fn number(&self, reg: Reg) -> usize {
        self.starts[reg.bank as usize] + reg.index as usize
    }

    /// The register of that number.
    pub fn reg(&self, number: usize) -> Reg {
        let bank =
            Bank::ALL.into_iter().rev().find(|&bank| self.starts[bank as usize] <= number).unwrap_or(Bank::Public);
        Reg::new(bank, (number - self.starts[bank as usize]) as u32)
    }
}

impl<T> std::ops::Index<Reg> for Table<T> {
    type Output = T;
    fn index(&self, reg: Reg) -> &T {
        &self.entries[self.number(reg)]
    }
}

impl<T> std::ops::IndexMut<Reg> for Table<T> {
    fn index_mut(&mut self, reg: Reg) -> &mut T {
        let number = self.number(reg);
        &mut self.entries[number]
    }
}

/// A block, as an index into [`Function::blocks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub u32);

/// Instructions that run one after another, and what follows.
#[derive(Clone, Debug)]
pub struct Block {
    /// The instructions.
    pub code: Vec<Op>,
    /// Where it goes on.
    pub end: Terminator,
    /// Where the terminator comes from.
    pub span: Span,
    /// The inlined calls around the terminator.
    pub chain: Chain,
    /// Where an exception goes that one of the instructions or the terminator raises; to the caller if there is none.
    pub handler: Option<Handler>,
}

/// Where exceptions go, and the registers that tell of them: written on the way there, and by nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handler {
    /// The block that deals with them.
    pub block: BlockId,
    /// An `int`: the class's number.
    pub class: Reg,
    /// A `str`: the message.
    pub message: Reg,
    /// An `int` that stands for the place: [`Terminator::Reraise`] takes it.
    pub origin: Reg,
}

/// An instruction and where it comes from.
#[derive(Clone, Debug)]
pub struct Op {
    /// The instruction.
    pub instruction: Instruction,
    /// Where it comes from.
    pub span: Span,
    /// For `open` and `output`: of each entry of the batch, its place in [`Module::notes`].
    pub notes: Vec<u32>,
    /// The inlined calls around it.
    pub chain: Chain,
}

/// What follows a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terminator {
    /// Another block.
    Jump(BlockId),
    /// One block if a public `bool` scalar is true, another if it is false.
    Branch {
        /// The condition.
        cond: Reg,
        /// Where it is true.
        then: BlockId,
        /// Where it is false.
        otherwise: BlockId,
    },
    /// The caller.
    Return(Vec<Reg>),
    /// An exception with a message.
    Raise(ExceptionId, Reg),
    /// The exception that a handler was told of, once more: its registers in order of [`Handler`].
    Reraise([Reg; 3]),
}

/// A place where a secret becomes known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Who learns it.
    pub to: Parties,
    /// The port, for an output.
    pub port: Option<PortId>,
    /// The expression in the source.
    pub expression: String,
    /// The reason that the source gives.
    pub why: Option<String>,
    /// Where it stands.
    pub span: Span,
    /// Other entries for which the same instruction discloses the same value: a secret that is opened again is not sent again.
    pub also: Vec<u32>,
}

impl Module {
    /// An entry that stands for two.
    pub fn joined(&mut self, first: u32, second: u32) -> u32 {
        let mut note = self.notes[first as usize].clone();
        note.also.push(second);
        self.notes.push(note);
        self.notes.len() as u32 - 1
    }
}

/// The constant pool: every constant once.
#[derive(Clone, Debug, Default)]
pub struct Constants {
    list: Vec<Constant>,
    ids: HashMap<Constant, ConstId>,
}

impl Constants {
    /// The place of a constant, which is added if it is new.
    pub fn intern(&mut self, constant: Constant) -> ConstId {
        *self.ids.entry(constant).or_insert_with_key(|constant| {
            self.list.push(constant.clone());
            ConstId(self.list.len() as u32 - 1)
        })
    }

    /// The constant of that place.
    pub fn get(&self, id: ConstId) -> &Constant {
        &self.list[id.0 as usize]
    }
}

impl Op {
    /// An instruction without disclosures.
    pub fn new(instruction: Instruction, span: Span) -> Self {
        Op { instruction, span, notes: Vec::new(), chain: Chain::default() }
    }

    /// Calls `visit` with every register read.
    pub fn reads(&self, mut visit: impl FnMut(Reg)) {
        self.instruction.accesses(|access| match access {
            Access::Read(reg) => visit(reg),
            Access::Write(_) => {}
        });
    }

    /// Calls `visit` with every register written.
    pub fn writes(&self, mut visit: impl FnMut(Reg)) {
        self.instruction.accesses(|access| match access {
            Access::Write(reg) => visit(reg),
            Access::Read(_) => {}
        });
    }

    /// The register written, if it is exactly one.
    pub fn result(&self) -> Option<Reg> {
        let (mut first, mut count) = (None, 0);
        self.writes(|reg| {
            first = first.or(Some(reg));
            count += 1;
        });
        first.filter(|_| count == 1)
    }
}

impl Terminator {
    /// Calls `visit` with every block that may follow.
    pub fn successors(&self, mut visit: impl FnMut(BlockId)) {
        match self {
            Terminator::Jump(to) => visit(*to),
            Terminator::Branch { then, otherwise, .. } => {
                visit(*then);
                visit(*otherwise);
            }
            Terminator::Return(_) | Terminator::Raise(..) | Terminator::Reraise(_) => {}
        }
    }

    /// Replaces every block that may follow.
    pub fn retarget(&mut self, mut target: impl FnMut(BlockId) -> BlockId) {
        match self {
            Terminator::Jump(to) => *to = target(*to),
            Terminator::Branch { then, otherwise, .. } => {
                *then = target(*then);
                *otherwise = target(*otherwise);
            }
            Terminator::Return(_) | Terminator::Raise(..) | Terminator::Reraise(_) => {}
        }
    }

    /// Calls `visit` with every register read.
    pub fn reads(&self, mut visit: impl FnMut(Reg)) {
        match self {
            Terminator::Jump(_) => {}
            Terminator::Branch { cond: reg, .. } | Terminator::Raise(_, reg) => visit(*reg),
            Terminator::Return(values) => values.iter().copied().for_each(visit),
            Terminator::Reraise(caught) => caught.iter().copied().for_each(visit),
        }
    }

    /// Replaces every register read.
    pub fn rename(&mut self, mut rename: impl FnMut(Reg) -> Reg) {
        match self {
            Terminator::Jump(_) => {}
            Terminator::Branch { cond: reg, .. } | Terminator::Raise(_, reg) => *reg = rename(*reg),
            Terminator::Return(values) => values.iter_mut().for_each(|reg| *reg = rename(*reg)),
            Terminator::Reraise(caught) => caught.iter_mut().for_each(|reg| *reg = rename(*reg)),
        }
    }
}

impl Handler {
    /// The registers that are written on the way.
    pub fn told(&self) -> [Reg; 3] {
        [self.class, self.message, self.origin]
    }

    /// Replaces the registers that are written.
    pub fn rename(&mut self, mut rename: impl FnMut(Reg) -> Reg) {
        [&mut self.class, &mut self.message, &mut self.origin].into_iter().for_each(|reg| *reg = rename(*reg));
    }
}

impl Block {
    /// A block without a handler.
    pub fn new(code: Vec<Op>, end: Terminator, span: Span) -> Self {
        Block { code, end, span, chain: Chain::default(), handler: None }
    }

    /// Calls `visit` with every block that may follow, the handler last.
    pub fn successors(&self, mut visit: impl FnMut(BlockId)) {
        self.end.successors(&mut visit);
        self.handler.iter().for_each(|handler| visit(handler.block));
    }

    /// Replaces every block that may follow.
    pub fn retarget(&mut self, mut target: impl FnMut(BlockId) -> BlockId) {
        self.end.retarget(&mut target);
        self.handler.iter_mut().for_each(|handler| handler.block = target(handler.block));
    }
}

impl Function {
    /// How many instructions there are, terminators included.
    pub fn size(&self) -> usize {
        self.blocks.iter().map(|block| block.code.len() + 1).sum()
    }
}
