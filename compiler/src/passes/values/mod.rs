//! Value numbering over the dominator tree: copies are read at their origin, what was computed already is not computed again, and what
//! is known at compile time becomes a constant.
//!
//! Registers are variables, so equality is of values, not of registers: every assignment gives a register a new number, a copy gives
//! it the number of its origin, and a computed value is found again by its instruction over the numbers of its operands. Blocks are
//! walked down the dominator tree. A register that is written once, before all its reads, keeps its number everywhere below; one
//! that is written more often keeps it only where no other way joins.
//!
//! A secret that is opened again is not opened again: the first opening discloses for both places, and both stay listed. An input
//! port is read once.

mod facts;
mod identities;

use super::dominators::{Dominators, edges_of_values, first_of_values, reversed};
use super::effects::is_pure;
use super::fold::{Known, fold};
use super::unset::written_first;
use crate::ir::{Function, Module, Op, Registers, Terminator};
use facts::Facts;
use mpc_bytecode::isa::Effect;
use mpc_bytecode::operand::{Binary, ConstId};
use mpc_bytecode::{Access, AnyDst, AnySrc, Constant, Dst, Instruction, Kind, Reg, Type};
use std::collections::HashMap;

/// Simplifies a function.
pub fn number_values(function: &mut Function, module: &mut Module) {
    let edges = edges_of_values(function);
    let first = first_of_values(function, &edges);
    let dominators = Dominators::of(&edges, first);
    let before = reversed(&edges);
    let mut handles = vec![false; edges.len()];
    edges[function.blocks.len()..].iter().filter_map(|to| to.get(1)).for_each(|&handler| handles[handler] = true);
    let variable = variables(function, &dominators);
    let ends = function.blocks.iter_mut().map(|block| std::mem::take(&mut block.code)).collect();
    let mut numbering = Numbering::new(&mut function.registers, module, variable, ends);
    let mut ways = vec![Step::Enter { block: first, epoch: 0 }];
    while let Some(step) = ways.pop() {
        match step {
            Step::Leave { undone } => numbering.undo(undone),
            Step::Enter { block, epoch } => {
                let joins = before[block].len() != 1 || block == first || handles[block];
                let undone = numbering.enter(epoch, joins);
                if let Some(reached) = function.blocks.get_mut(block) {
                    numbering.block(block, &mut reached.end);
                }
                ways.push(Step::Leave { undone });
                let epoch = numbering.epoch;
                ways.extend(dominators.children(block).iter().rev().map(|&block| Step::Enter { block, epoch }));
            }
        }
    }
    for (block, code) in function.blocks.iter_mut().zip(std::mem::take(&mut numbering.code)) {
        block.code = code;
    }
}

/// A step of the walk down the dominator tree.
enum Step {
    /// Into a block; `epoch` is that of its parent's end.
    Enter { block: usize, epoch: u32 },
    /// Out of a block and all below it: what was written since then is forgotten.
    Leave { undone: usize },
}

/// Registers that may hold different values in different places: written more than once, or read where they may be unset.
fn variables(function: &Function, dominators: &Dominators) -> PerRegister<bool> {
    let first = written_first(function, dominators);
    let mut variable = PerRegister::new(&function.registers, false);
    for bank in mpc_bytecode::Bank::ALL {
        for index in 0..function.registers.0[bank as usize].len() as u32 {
            let reg = Reg::new(bank, index);
            variable.set(reg, !first[reg]);
        }
    }
    variable
}

/// A value for every register, also for those that are added later.
struct PerRegister<T>([Vec<T>; 3], T);

impl<T: Copy> PerRegister<T> {
    fn new(registers: &Registers, value: T) -> Self {
        PerRegister(registers.0.each_ref().map(|bank| vec![value; bank.len()]), value)
    }

    fn get(&self, reg: Reg) -> T {
        self.0[reg.bank as usize].get(reg.index as usize).copied().unwrap_or(self.1)
    }

    fn set(&mut self, reg: Reg, value: T) {
        let bank = &mut self.0[reg.bank as usize];
        if bank.len() <= reg.index as usize {
            bank.resize(reg.index as usize + 1, self.1);
        }
        bank[reg.index as usize] = value;
    }
}

/// The number of a value; 0 is no value.
type Number = u32;

/// A computation: the instruction over the numbers of its operands, and the type of its result.
#[derive(PartialEq, Eq, Hash)]
struct Computation {
    bytes: Vec<u8>,
    ty: Type,
    rank: u32,
}

struct Numbering<'a> {
    registers: &'a mut Registers,
    module: &'a mut Module,
    variable: PerRegister<bool>,
    /// Told anew wherever ways join: numbers of variables hold within one epoch.
    epoch: u32,
    epochs: u32,
    /// For each register the epoch in which its number was given, and the number.
    numbers: PerRegister<(u32, Number)>,
    undo: Vec<(Reg, (u32, Number))>,
    next: Number,
    /// The register in which a number was first seen.
    origins: HashMap<Number, Reg>,
    computed: HashMap<Computation, Number>,
    /// Where a secret was opened first whose opening has this number: block and place.
    opened: HashMap<Number, (usize, usize)>,
    facts: Facts,
    /// The code of all blocks: as it was, and as it is from where the walk has been.
    code: Vec<Vec<Op>>,
    block: usize,
}

impl<'a> Numbering<'a> {
    fn new(
        registers: &'a mut Registers,
        module: &'a mut Module,
        variable: PerRegister<bool>,
        code: Vec<Vec<Op>>,
    ) -> Self {
        let numbers = PerRegister::new(registers, (0, 0));
        Numbering {
            registers,
            module,
            variable,
            epoch: 0,
            epochs: 0,
            numbers,
            undo: Vec::new(),
            next: 0,
            origins: HashMap::new(),
            computed: HashMap::new(),
            opened: HashMap::new(),
            facts: Facts::default(),
            code,
            block: 0,
        }
    }

    fn enter(&mut self, epoch: u32, joins: bool) -> usize {
        self.epoch = epoch;
        if joins {
            self.epochs += 1;
            self.epoch = self.epochs;
        }
        self.undo.len()
    }

    fn undo(&mut self, until: usize) {
        for (reg, number) in self.undo.drain(until..).rev() {
            self.numbers.set(reg, number);
        }
    }

    fn block(&mut self, block: usize, end: &mut Terminator) {
        self.block = block;
        let code = std::mem::take(&mut self.code[block]);
        self.code[block].reserve(code.len());
        code.into_iter().for_each(|op| self.visit(op));
        self.terminator(end);
    }

    fn assign(&mut self, reg: Reg, number: Number) {
        self.undo.push((reg, self.numbers.get(reg)));
        self.numbers.set(reg, (self.epoch, number));
    }

    fn fresh(&mut self, reg: Reg) -> Number {
        self.next += 1;
        self.assign(reg, self.next);
        self.origins.insert(self.next, reg);
        self.next
    }

    /// The number of what a register holds, where it is known.
    fn valid(&self, reg: Reg) -> Option<Number> {
        let (epoch, number) = self.numbers.get(reg);
        (number != 0 && (epoch == self.epoch || !self.variable.get(reg))).then_some(number)
    }

    fn number(&mut self, reg: Reg) -> Number {
        self.valid(reg).unwrap_or_else(|| self.fresh(reg))
    }

    /// A register that holds the value of this number.
    fn holder(&self, number: Number) -> Option<Reg> {
        self.origins.get(&number).copied().filter(|&origin| self.valid(origin) == Some(number))
    }

    /// A register that holds the same value, as long as it still does.
    fn origin(&mut self, reg: Reg) -> Reg {
        let number = self.number(reg);
        self.holder(number).filter(|&origin| self.same_type(origin, reg)).unwrap_or(reg)
    }

    fn same_type(&self, a: Reg, b: Reg) -> bool {
        self.registers.get(a).ty == self.registers.get(b).ty
    }

    fn emit(&mut self, op: Op) {
        self.code[self.block].push(op);
    }

    fn visit(&mut self, mut op: Op) {
        self.read_origins(&mut op);
        self.fold(&mut op);
        self.simplify(&mut op);
        match op.instruction {
            Instruction::Copy { dst, src } => return self.copy(op, dst.0, src.0),
            Instruction::Const { dst, value } => {
                self.compute(&mut op, dst.reg());
                let number = self.number(dst.reg());
                self.facts.known.insert(number, value);
            }
            _ => match op.result() {
                Some(result) if self.is_repeatable(&op) => self.compute(&mut op, result),
                Some(result) if self.is_port(&op) => return self.disclose(op, result),
                _ => op.writes(|reg| {
                    self.fresh(reg);
                }),
            },
        }
        self.emit(op);
    }

    /// A copy of a constant loads it instead: what is assigned once is then known in every block.
    fn copy(&mut self, mut op: Op, to: Reg, from: Reg) {
        let number = self.number(from);
        if to == from {
            return;
        }
        if let Some(&value) = self.facts.known.get(&number) {
            op.instruction = Instruction::Const { dst: Dst::new(to.index), value };
        }
        self.assign(to, number);
        if self.holder(number).is_none() {
            self.origins.insert(number, to);
        }
        self.emit(op);
    }

    /// What changes a list or tensor in place keeps its own register: reading another would make it a copy.
    fn read_origins(&mut self, op: &mut Op) {
        let target = op.result();
        let mut instruction = std::mem::replace(&mut op.instruction, Instruction::Drop { regs: Vec::new() });
        instruction.rename(|access| match access {
            Access::Read(reg) if Some(reg) != target => self.origin(reg).index,
            Access::Read(reg) | Access::Write(reg) => reg.index,
        });
        op.instruction = instruction;
        op.reads(|reg| {
            self.number(reg);
        });
    }

    fn fold(&mut self, op: &mut Op) {
        let Some(result) = op.result() else { return };
        let kind = match self.registers.get(result).ty {
            Type::Tensor(kind) => kind,
            Type::List(_) => return,
        };
        let of = |reg: Reg| self.known_value(reg);
        let text = |id: ConstId| self.module.constants.get(id);
        let folded = fold(&op.instruction, &Known { of: &of, text: &text, kind, frac: self.module.frac });
        if let Some(constant) = folded {
            let value = self.module.constants.intern(constant);
            op.instruction = Instruction::Const { dst: Dst::new(result.index), value };
        }
    }

    fn known_value(&self, reg: Reg) -> Option<&Constant> {
        let id = self.facts.known.get(&self.valid(reg)?)?;
        Some(self.module.constants.get(*id))
    }

    /// Instructions whose value depends on their operands alone. One that may raise is repeatable too: the first has raised already.
    fn is_repeatable(&self, op: &Op) -> bool {
        let changes = matches!(op.instruction, Instruction::Drop { .. });
        !changes && (is_pure(op, self.registers) || op.instruction.effect() == Effect::Raises)
    }

    /// What is the same at every time, though it is not to be moved.
    fn is_port(&self, op: &Op) -> bool {
        match op.instruction {
            Instruction::Open { .. } => op.notes.len() == 1,
            Instruction::Input { .. } => true,
            _ => false,
        }
    }

    /// The number of what was computed already, and a register that still holds it.
    fn found(&self, computation: &Computation) -> Option<(Number, Reg)> {
        let &number = self.computed.get(computation)?;
        self.holder(number).map(|origin| (number, origin))
    }

    fn compute(&mut self, op: &mut Op, result: Reg) {
        let computation = self.computation(op, result);
        let found = self.found(&computation).filter(|_| !is_step(op, result));
        if let Some((number, origin)) = found {
            op.instruction = match self.facts.known.get(&number) {
                Some(&value) => Instruction::Const { dst: Dst::new(result.index), value },
                None => Instruction::Copy { dst: AnyDst(result), src: AnySrc(origin) },
            };
            return self.assign(result, number);
        }
        let learnt = self.learn(op);
        let number = self.fresh(result);
        self.facts.note(number, learnt);
        self.computed.insert(computation, number);
    }

    /// An opening or an input: the first one's value, if there was one. The first opening then stands for both in the list.
    fn disclose(&mut self, mut op: Op, result: Reg) {
        let computation = self.computation(&op, result);
        if let Some((number, origin)) = self.found(&computation) {
            if let (Some(&(block, at)), [note]) = (self.opened.get(&number), op.notes.as_slice()) {
                let first = &mut self.code[block][at].notes;
                first.iter_mut().for_each(|first| *first = self.module.joined(*first, *note));
            }
            op = Op { notes: Vec::new(), ..op };
            op.instruction = Instruction::Copy { dst: AnyDst(result), src: AnySrc(origin) };
            self.assign(result, number);
        } else {
            let number = self.fresh(result);
            self.computed.insert(computation, number);
            self.opened.insert(number, (self.block, self.code[self.block].len()));
        }
        self.emit(op);
    }

    fn computation(&mut self, op: &Op, result: Reg) -> Computation {
        let mut instruction = op.instruction.clone();
        instruction.rename(|access| match access {
            Access::Read(reg) => self.number(reg),
            Access::Write(_) => 0,
        });
        let register = self.registers.get(result).clone();
        in_order(&mut instruction, &register.ty);
        let mut bytes = Vec::new();
        instruction.encode(&mut bytes);
        Computation { bytes, ty: register.ty, rank: register.rank }
    }

    fn terminator(&mut self, end: &mut Terminator) {
        end.rename(|reg| self.origin(reg));
        if let Terminator::Branch { cond, then, otherwise } = *end {
            self.number(cond);
            if let Some(Constant::Bool(_, values)) = self.known_value(cond) {
                *end = Terminator::Jump(if values == &[true] { then } else { otherwise });
            }
        }
    }
}

/// True for `x = x + step`: whoever looks at loops wants to see how they go on.
fn is_step(op: &Op, result: Reg) -> bool {
    matches!(&op.instruction, Instruction::Binary { a, .. } if a.reg() == result)
}

/// Puts the operands of what commutes in one order, and calls a product with itself a square.
fn in_order(instruction: &mut Instruction, ty: &Type) {
    use Binary::{Add, And, Eq, Max, Min, Mul, Ne, Or, Xor};
    match instruction {
        Instruction::Mul { batch } => {
            for (_, a, b) in batch.iter_mut().filter(|(_, a, b)| a.0 > b.0) {
                std::mem::swap(a, b);
            }
            if let [(dst, a, b)] = batch.as_slice()
                && a == b
            {
                *instruction = Instruction::Square { batch: vec![(*dst, *a)] };
            }
        }
        Instruction::Add { a, b, .. } if a.0 > b.0 => std::mem::swap(a, b),
        Instruction::Binary { op: Add | Mul | Min | Max | And | Or | Xor | Eq | Ne, a, b, .. }
            if a.0 > b.0 && *ty != Type::Tensor(Kind::Str) =>
        {
            std::mem::swap(a, b);
        }
        _ => {}
    }
}
