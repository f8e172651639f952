//! Constants that loops would load again in every turn are loaded once, when the function begins; each has one register then.

use super::coalesce::Counts;
use crate::ir::{Function, Op};
use mpc_bytecode::operand::ConstId;
use mpc_bytecode::{Access, Instruction, Reg};
use std::collections::HashMap;

/// Moves constants out of loops. Blocks stand in reverse postorder.
pub fn hoist_constants(function: &mut Function) {
    let counts = Counts::of(function);
    let looping = in_loops(function);
    let mut loaded: HashMap<ConstId, Reg> = HashMap::new();
    let mut replaced = function.registers.table(None);
    let mut begin: Vec<Op> = Vec::new();
    for (block, _) in function.blocks.iter_mut().zip(&looping).filter(|(_, looping)| **looping) {
        block.code.retain(|op| {
            let Instruction::Const { dst, value } = op.instruction else { return true };
            if counts.writes[dst.reg()] != 1 {
                return true;
            }
            let kept = *loaded.entry(value).or_insert_with(|| {
                begin.push(op.clone());
                dst.reg()
            });
            replaced[dst.reg()] = Some(kept);
            false
        });
    }
    if begin.is_empty() {
        return;
    }
    begin.extend(std::mem::take(&mut function.blocks[0].code));
    function.blocks[0].code = begin;
    let kept = |reg: Reg| replaced[reg].unwrap_or(reg);
    for block in &mut function.blocks {
        for op in &mut block.code {
            op.instruction.rename(|access| match access {
                Access::Read(reg) => kept(reg).index,
                Access::Write(reg) => reg.index,
            });
        }
        block.end.rename(kept);
    }
}

/// For each block, whether it lies between a loop's head and its end. In reverse postorder that covers the loop; the few blocks that
/// leave it from within may be counted too, which only loads their constants early.
fn in_loops(function: &Function) -> Vec<bool> {
    let mut border = vec![0_i64; function.blocks.len() + 1];
    for (at, block) in function.blocks.iter().enumerate() {
        block.successors(|to| {
            if to.0 as usize <= at {
                border[to.0 as usize] += 1;
                border[at + 1] -= 1;
            }
        });
    }
    let mut depth = 0;
    let inside = |step: &i64| {
        depth += step;
        depth > 0
    };
    border[..function.blocks.len()].iter().map(inside).collect()
}
