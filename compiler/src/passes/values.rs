//! Value numbering within blocks: copies are read at their origin, what was computed already is not computed again, and what is
//! known at compile time becomes a constant.
//!
//! Registers are variables, so equality is of values, not of registers: every assignment gives a register a new number, a copy gives
//! it the number of its origin, and a computed value is found again by its instruction over the numbers of its operands.

use super::coalesce::Counts;
use super::effects::is_pure;
use super::fold::{Known, fold};
use crate::ir::{Constants, Function, Op, Registers, Table, Terminator};
use mpc_bytecode::isa::Effect;
use mpc_bytecode::operand::ConstId;
use mpc_bytecode::{Access, AnyDst, AnySrc, Constant, Dst, Instruction, Kind, Reg, Type};
use std::collections::HashMap;

/// Simplifies every block of a function.
pub fn number_values(function: &mut Function, constants: &mut Constants, frac: u32) {
    let everywhere = constant_registers(function);
    let mut blocks = std::mem::take(&mut function.blocks);
    let mut numbering = Numbering::new(&function.registers, everywhere, constants, frac);
    for block in &mut blocks {
        numbering.next_block();
        block.code.iter_mut().for_each(|op| numbering.visit(op));
        block.code.retain(|op| !matches!(&op.instruction, Instruction::Copy { dst, src } if dst.0 == src.0));
        numbering.terminator(&mut block.end);
    }
    function.blocks = blocks;
}

/// Registers that hold one constant wherever they are read.
fn constant_registers(function: &Function) -> Table<Option<ConstId>> {
    let counts = Counts::of(function);
    let mut known = function.registers.table(None);
    for op in function.blocks.iter().flat_map(|block| &block.code) {
        if let Instruction::Const { dst, value } = op.instruction
            && counts.writes[dst.reg()] == 1
        {
            known[dst.reg()] = Some(value);
        }
    }
    known
}

/// A computation: the instruction over the numbers of its operands, and the type of its result.
#[derive(PartialEq, Eq, Hash)]
struct Computation {
    bytes: Vec<u8>,
    ty: Type,
}

struct Numbering<'a> {
    registers: &'a Registers,
    everywhere: Table<Option<ConstId>>,
    constants: &'a mut Constants,
    frac: u32,
    block: u32,
    /// The block in which a register's number was given, and the number.
    numbers: Table<(u32, u32)>,
    next: u32,
    /// The register in which a number was first seen.
    origins: HashMap<u32, Reg>,
    known: HashMap<u32, ConstId>,
    computed: HashMap<Computation, u32>,
}

impl<'a> Numbering<'a> {
    fn new(
        registers: &'a Registers,
        everywhere: Table<Option<ConstId>>,
        constants: &'a mut Constants,
        frac: u32,
    ) -> Self {
        Numbering {
            registers,
            everywhere,
            constants,
            frac,
            block: 0,
            numbers: registers.table((0, 0)),
            next: 0,
            origins: HashMap::new(),
            known: HashMap::new(),
            computed: HashMap::new(),
        }
    }

    fn next_block(&mut self) {
        self.block += 1;
        self.origins.clear();
        self.known.clear();
        self.computed.clear();
    }

    fn fresh(&mut self, reg: Reg) -> u32 {
        self.next += 1;
        self.numbers[reg] = (self.block, self.next);
        self.origins.insert(self.next, reg);
        self.next
    }

    fn number(&mut self, reg: Reg) -> u32 {
        let (block, number) = self.numbers[reg];
        if block == self.block {
            return number;
        }
        let number = self.fresh(reg);
        if let Some(value) = self.everywhere[reg] {
            self.known.insert(number, value);
        }
        number
    }

    /// A register that holds the same value, as long as it still does.
    fn origin(&mut self, reg: Reg) -> Reg {
        let number = self.number(reg);
        match self.origins.get(&number) {
            Some(&origin) if self.numbers[origin] == (self.block, number) && self.same_type(origin, reg) => origin,
            _ => reg,
        }
    }

    fn same_type(&self, a: Reg, b: Reg) -> bool {
        self.registers.get(a).ty == self.registers.get(b).ty
    }

    fn visit(&mut self, op: &mut Op) {
        self.read_origins(op);
        if let Instruction::Copy { dst, src } = op.instruction {
            return self.copy(op, dst.0, src.0);
        }
        self.fold(op);
        if let Instruction::Const { dst, value } = op.instruction {
            return self.constant(op, dst.reg(), value);
        }
        match op.result() {
            Some(result) if self.is_repeatable(op) => self.compute(op, result),
            _ => op.writes(|reg| {
                self.fresh(reg);
            }),
        }
    }

    /// A copy of a constant loads it instead: what is assigned once is then known in every block.
    fn copy(&mut self, op: &mut Op, to: Reg, from: Reg) {
        let number = self.number(from);
        if let Some(&value) = self.known.get(&number)
            && to != from
        {
            op.instruction = Instruction::Const { dst: Dst::new(to.index), value };
        }
        self.copied(to, from);
    }

    fn copied(&mut self, to: Reg, from: Reg) {
        let number = self.number(from);
        if to != from {
            self.numbers[to] = (self.block, number);
        }
    }

    /// What changes a list or tensor in place keeps its own register: reading another would make it a copy.
    fn read_origins(&mut self, op: &mut Op) {
        let target = op.result();
        let mut instruction = op.instruction.clone();
        instruction.rename(|access| match access {
            Access::Read(reg) if Some(reg) != target => self.origin(reg).index,
            Access::Read(reg) | Access::Write(reg) => reg.index,
        });
        op.instruction = instruction;
    }

    fn fold(&mut self, op: &mut Op) {
        let Some(result) = op.result().filter(|result| self.registers.get(*result).is_scalar()) else { return };
        op.reads(|reg| {
            self.number(reg);
        });
        let kind = match self.registers.get(result).ty {
            Type::Tensor(kind) => kind,
            Type::List(_) => return,
        };
        if let Some(source) = self.neutral(&op.instruction, kind) {
            op.instruction = Instruction::Copy { dst: AnyDst(result), src: AnySrc(source) };
            return self.copied(result, source);
        }
        let of = |reg: Reg| self.known_value(reg);
        let text = |id: ConstId| self.constants.get(id);
        let folded = fold(&op.instruction, &Known { of: &of, text: &text, kind, frac: self.frac });
        if let Some(constant) = folded {
            let value = self.constants.intern(constant);
            op.instruction = Instruction::Const { dst: Dst::new(result.index), value };
        }
    }

    fn known_value(&self, reg: Reg) -> Option<&Constant> {
        let (block, number) = self.numbers[reg];
        let id = if block == self.block { self.known.get(&number) } else { None };
        id.map(|&id| self.constants.get(id))
    }

    /// The operand that an addition of zero or a multiplication by one leaves as it is.
    fn neutral(&self, instruction: &Instruction, kind: Kind) -> Option<Reg> {
        let is = |reg: Reg, value: i64| match self.known_value(reg) {
            Some(Constant::Int(shape, values)) => shape.is_empty() && values == &[value],
            Some(Constant::Fix(shape, values)) => shape.is_empty() && value == 0 && values == &[0],
            Some(Constant::Bool(..) | Constant::Str(_)) | None => false,
        };
        let kept = match instruction {
            Instruction::AddPublic { a, b, .. } if is(b.reg(), 0) => a.reg(),
            Instruction::MulPublic { a, b, .. } if is(b.reg(), 1) => a.reg(),
            _ => return None,
        };
        (self.registers.get(kept).ty == Type::Tensor(kind)).then_some(kept)
    }

    fn constant(&mut self, op: &mut Op, result: Reg, value: ConstId) {
        self.compute(op, result);
        let number = self.number(result);
        self.known.insert(number, value);
    }

    /// Instructions whose value depends on their operands alone. One that may raise is repeatable too: the first has raised already.
    fn is_repeatable(&self, op: &Op) -> bool {
        let changes = matches!(op.instruction, Instruction::Drop { .. });
        !changes && (is_pure(op, self.registers) || op.instruction.effect() == Effect::Raises)
    }

    fn compute(&mut self, op: &mut Op, result: Reg) {
        let computation = self.computation(op, result);
        if let Some(&number) = self.computed.get(&computation)
            && let Some(&origin) = self.origins.get(&number)
            && self.numbers[origin] == (self.block, number)
        {
            op.instruction = Instruction::Copy { dst: AnyDst(result), src: AnySrc(origin) };
            return self.copied(result, origin);
        }
        let number = self.fresh(result);
        self.computed.insert(computation, number);
    }

    fn computation(&mut self, op: &Op, result: Reg) -> Computation {
        let mut instruction = op.instruction.clone();
        instruction.rename(|access| match access {
            Access::Read(reg) => self.number(reg),
            Access::Write(_) => 0,
        });
        let mut bytes = Vec::new();
        instruction.encode(&mut bytes);
        Computation { bytes, ty: self.registers.get(result).ty.clone() }
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
