//! What may be left out: more than the instruction table knows, because registers say whether they are scalars.

use crate::ir::{Block, Op, Registers, Terminator};
use mpc_bytecode::isa::Effect;
use mpc_bytecode::operand::{Binary, Piece, Unary};
use mpc_bytecode::{Instruction, Kind, Reg, Type};

/// True if an instruction may raise an exception.
pub fn can_raise(op: &Op, registers: &Registers) -> bool {
    if op.instruction.effect() != Effect::Raises {
        return false;
    }
    match &op.instruction {
        // Of scalars, these cannot fail: what is secret wraps around, and nothing is broadcast.
        Instruction::Add { .. }
        | Instruction::Sub { .. }
        | Instruction::AddPublic { .. }
        | Instruction::PublicSub { .. }
        | Instruction::MulPublic { .. } => !all_scalar(op, registers),
        Instruction::Binary { op: operation, .. } => !(is_safe(*operation) && all_scalar(op, registers)),
        Instruction::Unary { op, .. } => !matches!(op, Unary::Not | Unary::Invert),
        // Only a format specification can be one that its value does not take.
        Instruction::Format { pieces, .. } => pieces.iter().any(|piece| matches!(piece, Piece::Value(_, Some(_)))),
        Instruction::Convert { dst, src } => {
            let (to, from) = (kind(registers, dst.reg()), kind(registers, src.reg()));
            !(to == Kind::Bool || to == Kind::Str || from == Kind::Bool && to == Kind::Int)
        }
        _ => true,
    }
}

/// True if something in a block may raise an exception that a handler sees: an instruction, a call or the terminator.
pub fn raises(block: &Block, registers: &Registers) -> bool {
    let code = block.code.iter().any(|op| is_caught(op, registers));
    code || matches!(block.end, Terminator::Raise(..) | Terminator::Reraise(_))
}

/// True if a handler may see an exception of this instruction.
pub fn is_caught(op: &Op, registers: &Registers) -> bool {
    op.instruction.can_raise() && (op.instruction.effect() == Effect::Visible || can_raise(op, registers))
}

/// True if an instruction does nothing but write registers.
pub fn is_pure(op: &Op, registers: &Registers) -> bool {
    match op.instruction.effect() {
        Effect::None => true,
        Effect::Raises => !can_raise(op, registers),
        Effect::Visible => false,
    }
}

fn is_safe(operation: Binary) -> bool {
    use Binary::*;
    matches!(operation, And | Or | Xor | Min | Max | Eq | Ne | Lt | Le | Gt | Ge)
}

fn kind(registers: &Registers, reg: Reg) -> Kind {
    match &registers.get(reg).ty {
        Type::Tensor(kind) => *kind,
        Type::List(_) => Kind::Raw,
    }
}

fn all_scalar(op: &Op, registers: &Registers) -> bool {
    let mut all = true;
    op.reads(|reg| all &= registers.get(reg).is_scalar());
    all
}
