//! Lets an instruction write where its result is copied to: `t = a + b; x = t` becomes `x = a + b`, and a list that is changed
//! stays in one register, where it is changed in place.

use super::effects::is_caught;
use crate::ir::{Function, Handler, Table};
use mpc_bytecode::{Access, Instruction, Reg};

/// How often each register is written and read in the whole function; parameters are written once by the caller.
pub struct Counts {
    /// Writes.
    pub writes: Table<u32>,
    /// Reads.
    pub reads: Table<u32>,
}

impl Counts {
    /// Counts.
    pub fn of(function: &Function) -> Self {
        let mut counts = Counts { writes: function.registers.table(0), reads: function.registers.table(0) };
        function.params.iter().for_each(|&reg| counts.writes[reg] += 1);
        for block in &function.blocks {
            for op in &block.code {
                op.reads(|reg| counts.reads[reg] += 1);
                op.writes(|reg| counts.writes[reg] += 1);
            }
            block.end.reads(|reg| counts.reads[reg] += 1);
            block.handler.iter().flat_map(Handler::told).for_each(|reg| counts.writes[reg] += 1);
        }
        counts
    }
}

/// The last places in a block where a register is read and written; `block` says for which block they hold.
#[derive(Clone, Copy)]
struct Last {
    block: usize,
    read: usize,
    written: usize,
}

const NEVER: usize = usize::MAX;

/// Removes copies of temporaries that are read nowhere else.
pub fn coalesce(function: &mut Function) {
    let counts = Counts::of(function);
    let mut last = function.registers.table(Last { block: NEVER, read: NEVER, written: NEVER });
    for at in 0..function.blocks.len() {
        let mut removed = false;
        for place in 0..function.blocks[at].code.len() {
            if let Some((to, temporary)) = candidate(function, &counts, at, place) {
                let (defined, target) = (last[temporary], last[to]);
                let defined_here = defined.block == at && defined.written != NEVER;
                if defined_here
                    && is_free(target, at, defined.written)
                    && is_unseen(function, at, defined.written, place)
                {
                    let code = &mut function.blocks[at].code;
                    redirect(&mut code[defined.written].instruction, temporary, to);
                    // A copy onto itself: swept out below.
                    redirect(&mut code[place].instruction, to, temporary);
                    let read = if target.block == at { target.read } else { NEVER };
                    last[to] = Last { block: at, read, written: defined.written };
                    removed = true;
                    continue;
                }
            }
            note(&mut last, &function.blocks[at].code[place], at, place);
        }
        if removed {
            function.blocks[at].code.retain(|op| !is_idle(&op.instruction));
        }
    }
}

fn candidate(function: &Function, counts: &Counts, at: usize, place: usize) -> Option<(Reg, Reg)> {
    let Instruction::Copy { dst, src } = &function.blocks[at].code[place].instruction else { return None };
    let (to, temporary) = (dst.0, src.0);
    let once = counts.writes[temporary] == 1 && counts.reads[temporary] == 1;
    (to != temporary && once && function.registers.get(to).ty == function.registers.get(temporary).ty)
        .then_some((to, temporary))
}

/// True if the target is not written from the definition on, nor read after it.
fn is_free(target: Last, block: usize, definition: usize) -> bool {
    let before =
        |place: usize, strictly: bool| place == NEVER || place < definition || (!strictly && place == definition);
    target.block != block || (before(target.read, false) && before(target.written, true))
}

/// True if no handler could see the target written early: nothing between the two places raises.
fn is_unseen(function: &Function, at: usize, definition: usize, place: usize) -> bool {
    let block = &function.blocks[at];
    block.handler.is_none() || !block.code[definition + 1..place].iter().any(|op| is_caught(op, &function.registers))
}

fn note(last: &mut Table<Last>, op: &crate::ir::Op, block: usize, place: usize) {
    let entry = |last: &mut Table<Last>, reg: Reg| {
        if last[reg].block != block {
            last[reg] = Last { block, read: NEVER, written: NEVER };
        }
    };
    op.reads(|reg| {
        entry(last, reg);
        last[reg].read = place;
    });
    op.writes(|reg| {
        entry(last, reg);
        last[reg].written = place;
    });
}

fn redirect(instruction: &mut Instruction, from: Reg, to: Reg) {
    instruction.rename(|access| match access {
        Access::Write(reg) if reg == from => to.index,
        Access::Write(reg) | Access::Read(reg) => reg.index,
    });
}

fn is_idle(instruction: &Instruction) -> bool {
    matches!(instruction, Instruction::Copy { dst, src } if dst.0 == src.0)
}
