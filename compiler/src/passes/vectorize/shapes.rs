//! Sizes that a function's text says: of constants, of what is stacked, broadcast or listed.

use crate::ir::{Constants, Function};
use mpc_bytecode::{Constant, Instruction, Reg};
use std::collections::HashMap;

/// How far a size is followed.
const STEPS: u32 = 16;

/// The instruction that writes a register, for those that are written once and whose sizes can be read.
#[derive(Debug, Default)]
pub struct Shapes {
    made: HashMap<Reg, Instruction>,
}

impl Shapes {
    /// What is known of a function's registers.
    pub fn of(function: &Function) -> Self {
        let counts = super::super::coalesce::Counts::of(function);
        let ops = function.blocks.iter().flat_map(|block| &block.code);
        let once = ops.filter_map(|op| op.result().map(|reg| (reg, op))).filter(|(reg, _)| counts.writes[*reg] == 1);
        let telling = once.filter(|(_, op)| is_telling(&op.instruction));
        Shapes { made: telling.map(|(reg, op)| (reg, op.instruction.clone())).collect() }
    }

    /// The size of an axis, if it is known.
    pub fn size(&self, reg: Reg, axis: usize, constants: &Constants) -> Option<i64> {
        self.followed(reg, axis, constants, STEPS)
    }

    /// The length of a list, if it is known.
    pub fn length(&self, reg: Reg) -> Option<i64> {
        match self.made.get(&reg)? {
            Instruction::List { items, .. } => i64::try_from(items.len()).ok(),
            _ => None,
        }
    }

    fn followed(&self, reg: Reg, axis: usize, constants: &Constants, steps: u32) -> Option<i64> {
        use Instruction as I;
        let steps = steps.checked_sub(1)?;
        let number = |reg: Reg| match self.made.get(&reg)? {
            I::Const { value, .. } => match constants.get(*value) {
                Constant::Int(shape, values) if shape.is_empty() => values.first().copied(),
                Constant::Int(..) | Constant::Fix(..) | Constant::Bool(..) | Constant::Str(_) => None,
            },
            _ => None,
        };
        match self.made.get(&reg)? {
            I::Const { value, .. } => match constants.get(*value) {
                Constant::Int(shape, _) | Constant::Fix(shape, _) | Constant::Bool(shape, _) => {
                    shape.get(axis).and_then(|&size| i64::try_from(size).ok())
                }
                Constant::Str(_) => None,
            },
            I::Stack { srcs, .. } if axis == 0 => i64::try_from(srcs.len()).ok(),
            I::Stack { srcs, .. } => self.followed(srcs.first()?.0, axis - 1, constants, steps),
            I::Share { src, .. } => self.followed(src.reg(), axis, constants, steps),
            I::Retype { src, .. } | I::Neg { src, .. } => self.followed(src.reg(), axis, constants, steps),
            I::Copy { src, .. } => self.followed(src.0, axis, constants, steps),
            I::Broadcast { shape, .. } | I::Reshape { shape, .. } => number(shape.get(axis)?.reg()),
            _ => None,
        }
    }
}

fn is_telling(instruction: &Instruction) -> bool {
    use Instruction as I;
    matches!(
        instruction,
        I::Const { .. }
            | I::Stack { .. }
            | I::Share { .. }
            | I::Retype { .. }
            | I::Neg { .. }
            | I::Copy { .. }
            | I::Broadcast { .. }
            | I::Reshape { .. }
            | I::List { .. }
    )
}
