//! A function under construction: blocks, registers, constants and counted loops.

use super::Program;
use super::layout::{Leaf, leaves};
use super::protect::Around;
use crate::ir::{Block, BlockId, Function, Handler, Op, Terminator};
use crate::source::Span;
use crate::types::tree::{self, LocalId};
use crate::types::ty::Ty;
use mpc_bytecode::operand::{Binary, Exception, FixedBank, Lists};
use mpc_bytecode::{AnyDst, AnySrc, Constant, Dst, Instruction, Kind, Public, Reg, Secret, Src, Type};

/// A value: the registers of its leaves.
pub type Value = Vec<Reg>;

/// Where `continue` and `break` lead.
#[derive(Clone, Copy, Debug)]
pub struct Loop {
    /// The next turn.
    pub next: BlockId,
    /// After the loop.
    pub done: BlockId,
}

/// A function under construction.
pub struct Body<'p, 'a> {
    /// What all functions share.
    pub program: &'p mut Program<'a>,
    /// The tree of this one.
    pub tree: &'a tree::Function,
    /// Enclosing loops, the innermost last.
    pub loops: Vec<Loop>,
    /// Where instructions come from that are added now.
    pub span: Span,
    /// How often a local was written so far: an operand that was read before may have changed.
    pub writes: u32,
    /// Where exceptions go of what is added now.
    pub handler: Option<Handler>,
    /// What was in force at the beginning of each protected body around this point.
    pub around: Vec<Around>,
    out: Function,
    current: BlockId,
    locals: Vec<Value>,
    /// Registers below these numbers belong to locals.
    fixed: [u32; 3],
}

/// A place in the code, to which an instruction can be added later.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    block: BlockId,
    at: usize,
    writes: u32,
}

/// A register of one bank, to be read.
pub fn src<B: FixedBank>(reg: Reg) -> Src<B> {
    Src::new(reg.index)
}

/// A register of one bank, to be written.
pub fn dst<B: FixedBank>(reg: Reg) -> Dst<B> {
    Dst::new(reg.index)
}

/// A public register, to be read.
pub fn public(reg: Reg) -> Src<Public> {
    src(reg)
}

/// A secret register, to be read.
pub fn secret(reg: Reg) -> Src<Secret> {
    src(reg)
}

impl<'p, 'a> Body<'p, 'a> {
    /// A function whose locals have their registers and whose first block is empty.
    pub fn new(program: &'p mut Program<'a>, tree: &'a tree::Function) -> Self {
        let mut out = Function { name: tree.name.clone(), recursive: tree.recursive, ..Function::default() };
        let mut locals = Vec::with_capacity(tree.locals.len());
        for local in &tree.locals {
            let registers: Value =
                leaves(&local.ty).into_iter().map(|(ty, rank)| out.registers.add(ty, rank)).collect();
            locals.push(registers);
        }
        out.params = tree.params.iter().flat_map(|&LocalId(param)| locals[param as usize].clone()).collect();
        out.results = leaves(&tree.result).into_iter().map(|(ty, _)| ty).collect();
        let fixed = [0, 1, 2].map(|bank: usize| out.registers.0[bank].len() as u32);
        let mut body = Body {
            program,
            tree,
            loops: Vec::new(),
            span: tree.span,
            writes: 0,
            handler: None,
            around: Vec::new(),
            out,
            current: BlockId(0),
            locals,
            fixed,
        };
        body.current = body.block();
        body
    }

    /// The finished function; where the body's end is reached, it returns.
    pub fn finish(mut self) -> Function {
        self.span = self.tree.span;
        if self.out.results.is_empty() {
            self.end(Terminator::Return(Vec::new()));
        } else {
            // The checker has seen a `return` on every path: this block is never reached.
            self.raise(Exception::ValueError, "the function ended without a value");
        }
        self.out
    }

    /// A new block; until it is ended, it returns.
    pub fn block(&mut self) -> BlockId {
        let block = Block::new(Vec::new(), Terminator::Return(Vec::new()), self.span);
        self.out.blocks.push(Block { handler: self.handler, ..block });
        BlockId(self.out.blocks.len() as u32 - 1)
    }

    /// Goes on adding to `block`.
    pub fn start(&mut self, block: BlockId) {
        self.current = block;
    }

    /// Ends the current block; what is added before the next [`Self::start`] goes to a block that nothing reaches.
    pub fn end(&mut self, end: Terminator) {
        let block = &mut self.out.blocks[self.current.0 as usize];
        (block.end, block.span) = (end, self.span);
        self.current = self.block();
    }

    /// Ends the current block with a jump and goes on there.
    pub fn fall_into(&mut self, block: BlockId) {
        self.end(Terminator::Jump(block));
        self.start(block);
    }

    /// Ends the current block with an exception.
    pub fn raise(&mut self, exception: Exception, message: &str) {
        let message = self.constant(Constant::Str(message.into()));
        self.end(Terminator::Raise(exception.into(), message));
    }

    /// Adds an instruction.
    pub fn emit(&mut self, instruction: Instruction) {
        self.emit_noted(instruction, Vec::new());
    }

    /// Adds an instruction that discloses.
    pub fn emit_noted(&mut self, instruction: Instruction, notes: Vec<u32>) {
        let op = Op { notes, ..Op::new(instruction, self.span) };
        self.out.blocks[self.current.0 as usize].code.push(op);
    }

    /// A new register for a leaf.
    pub fn leaf(&mut self, (ty, rank): Leaf) -> Reg {
        self.out.registers.add(ty, rank)
    }

    /// New registers for a value of this type.
    pub fn fresh(&mut self, ty: &Ty) -> Value {
        leaves(ty).into_iter().map(|leaf| self.leaf(leaf)).collect()
    }

    /// A new register for a tensor.
    pub fn tensor(&mut self, kind: Kind, rank: u32) -> Reg {
        self.leaf((Type::Tensor(kind), rank))
    }

    /// A new register for a public scalar.
    pub fn scalar(&mut self, kind: Kind) -> Reg {
        self.tensor(kind, 0)
    }

    /// The type of a register.
    pub fn ty(&self, reg: Reg) -> &Type {
        &self.out.registers.get(reg).ty
    }

    /// The kind of a tensor's register.
    pub fn kind(&self, reg: Reg) -> Kind {
        self.ty(reg).element()
    }

    /// How many axes the tensors have that a register holds.
    pub fn rank(&self, reg: Reg) -> u32 {
        self.out.registers.get(reg).rank
    }

    /// The registers of a local.
    pub fn local(&self, LocalId(local): LocalId) -> &Value {
        &self.locals[local as usize]
    }

    /// The type of a local.
    pub fn local_type(&self, LocalId(local): LocalId) -> &'a Ty {
        &self.tree.locals[local as usize].ty
    }

    /// Here.
    pub fn mark(&self) -> Mark {
        Mark { block: self.current, at: self.out.blocks[self.current.0 as usize].code.len(), writes: self.writes }
    }

    /// Makes values that were read at `mark` hold what they held then, where a local was written since.
    pub fn keep(&mut self, value: &mut Value, mark: Mark) {
        if mark.writes == self.writes {
            return;
        }
        for reg in value.iter_mut().filter(|reg| reg.index < self.fixed[reg.bank as usize]) {
            let kept = self.out.registers.get(*reg).clone();
            let kept = self.out.registers.add(kept.ty, kept.rank);
            let copy = Instruction::Copy { dst: AnyDst(kept), src: AnySrc(*reg) };
            self.out.blocks[mark.block.0 as usize].code.insert(mark.at, Op::new(copy, self.span));
            *reg = kept;
        }
    }

    /// Copies one register to another.
    pub fn copy(&mut self, to: Reg, from: Reg) {
        if to != from {
            self.emit(Instruction::Copy { dst: AnyDst(to), src: AnySrc(from) });
        }
    }

    /// Copies a value; the registers of the two may overlap in any way.
    pub fn copy_all(&mut self, to: &[Reg], from: &[Reg]) {
        let clobbers = |at: usize| to[..at.min(to.len())].contains(&from[at]);
        let from: Value = if (0..from.len()).any(clobbers) {
            from.iter().map(|&reg| self.duplicate(reg)).collect()
        } else {
            from.to_vec()
        };
        to.iter().zip(from).for_each(|(&to, from)| self.copy(to, from));
    }

    fn duplicate(&mut self, reg: Reg) -> Reg {
        let like = self.out.registers.get(reg).clone();
        let kept = self.leaf((like.ty, like.rank));
        self.copy(kept, reg);
        kept
    }

    /// A register that holds a constant.
    pub fn constant(&mut self, constant: Constant) -> Reg {
        let to = self.tensor(constant.kind(), crate::ir::rank(&constant));
        let value = self.program.constants.intern(constant);
        self.emit(Instruction::Const { dst: dst(to), value });
        to
    }

    /// A register that holds an integer.
    pub fn int(&mut self, value: i64) -> Reg {
        self.constant(Constant::Int(Vec::new(), vec![value]))
    }

    /// A public binary operation on scalars.
    pub fn scalars(&mut self, op: Binary, a: Reg, b: Reg, kind: Kind) -> Reg {
        let to = self.scalar(kind);
        self.emit(Instruction::Binary { op, dst: dst(to), a: public(a), b: public(b) });
        to
    }

    /// The number of items of a list.
    pub fn length(&mut self, list: Reg) -> Reg {
        let to = self.scalar(Kind::Int);
        self.emit(Instruction::Length { dst: dst(to), src: src::<Lists>(list) });
        to
    }

    /// A loop that runs `body` for every position below `count`, a value that is not changed in it.
    pub fn counted(&mut self, count: Reg, body: impl FnOnce(&mut Self, Reg)) {
        let (head, turn, done) = (self.block(), self.block(), self.block());
        let at = self.scalar(Kind::Int);
        let zero = self.int(0);
        self.copy(at, zero);
        self.fall_into(head);
        let more = self.scalars(Binary::Lt, at, count, Kind::Bool);
        self.end(Terminator::Branch { cond: more, then: turn, otherwise: done });
        self.start(turn);
        body(self, at);
        let one = self.int(1);
        self.emit(Instruction::Binary { op: Binary::Add, dst: dst(at), a: public(at), b: public(one) });
        self.end(Terminator::Jump(head));
        self.start(done);
    }
}
