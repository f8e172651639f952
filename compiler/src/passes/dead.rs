//! Leaves out what is computed and never used. What may raise an exception stays: the exception is part of what the program does.

use super::effects::is_pure;
use super::liveness::Liveness;
use crate::ir::{BlockId, Function};

/// Removes instructions without effect whose results nobody reads.
pub fn remove_dead(function: &mut Function) {
    while remove_once(function) {}
}

fn remove_once(function: &mut Function) -> bool {
    let live = Liveness::of(function);
    // The block for which a register is known to be needed, at the place that is being looked at.
    let mut needed = function.registers.table(usize::MAX);
    let mut crossing = false;
    for at in 0..function.blocks.len() {
        live.after(BlockId(at as u32), |reg| needed[reg] = at);
        let block = &mut function.blocks[at];
        block.end.reads(|reg| needed[reg] = at);
        let mut kept = Vec::with_capacity(block.code.len());
        for op in std::mem::take(&mut block.code).into_iter().rev() {
            let mut used = false;
            op.writes(|reg| used |= needed[reg] == at);
            if !used && is_pure(&op, &function.registers) {
                // What it read may be needed no more in another block either.
                op.reads(|reg| crossing |= live.is_before(BlockId(at as u32), reg));
                continue;
            }
            op.writes(|reg| needed[reg] = if live.is_pinned(BlockId(at as u32), reg) { at } else { usize::MAX });
            op.reads(|reg| needed[reg] = at);
            kept.push(op);
        }
        kept.reverse();
        function.blocks[at].code = kept;
    }
    crossing
}
