//! Leaves out what is computed and never used. What may raise an exception stays: the exception is part of what the program does.
//!
//! Three things are left out: what no instruction that matters reads, be it in a circle; what is written again, or not read before the
//! function ends; and loops that count and do nothing else.

use super::coalesce::Counts;
use super::dominators::{Dominators, Loop, Loops, edges};
use super::effects::is_pure;
use super::liveness::Liveness;
use super::rounds::rounds;
use crate::ir::{BlockId, Constants, Function, Op, Table, Terminator};
use crate::source::Span;
use mpc_bytecode::operand::{Binary, ConstId};
use mpc_bytecode::{Constant, Instruction, Locality, Reg};
use std::collections::HashMap;

/// Interactive instructions of one place in the source that were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unused {
    /// The place.
    pub span: Span,
    /// The rounds that they would have taken.
    pub rounds: u32,
}

/// Removes instructions without effect whose results nobody needs; says which of them were interactive.
pub fn remove_dead(function: &mut Function, constants: &Constants) -> Vec<Unused> {
    let mut removed = Vec::new();
    remove_unneeded(function, &mut removed);
    remove_idle_loops(function, constants);
    remove_unneeded(function, &mut removed);
    while remove_once(function, &mut removed) {}
    let mut by_span: HashMap<Span, u32> = HashMap::new();
    for op in removed.iter().filter(|op| op.instruction.locality() == Locality::Interactive) {
        *by_span.entry(op.span).or_default() += rounds(&op.instruction);
    }
    let mut unused: Vec<Unused> = by_span.into_iter().map(|(span, rounds)| Unused { span, rounds }).collect();
    unused.sort_unstable_by_key(|unused| unused.span);
    unused
}

/// Removes what writes only registers that nothing reads which matters. An instruction with an effect matters, and a terminator.
fn remove_unneeded(function: &mut Function, removed: &mut Vec<Op>) {
    let mut needed = function.registers.table(false);
    let mut writers: Vec<Vec<(usize, usize)>> = vec![Vec::new(); function.registers.count()];
    let mut open: Vec<Reg> = Vec::new();
    for (at, block) in function.blocks.iter().enumerate() {
        for (place, op) in block.code.iter().enumerate() {
            op.writes(|reg| writers[needed.number(reg)].push((at, place)));
            if !is_pure(op, &function.registers) {
                op.reads(|reg| open.push(reg));
            }
        }
        block.end.reads(|reg| open.push(reg));
    }
    while let Some(reg) = open.pop() {
        if !std::mem::replace(&mut needed[reg], true) {
            for (at, place) in std::mem::take(&mut writers[needed.number(reg)]) {
                function.blocks[at].code[place].reads(|reg| open.push(reg));
            }
        }
    }
    for block in &mut function.blocks {
        let stays = |op: &mut Op| {
            let mut used = !is_pure(op, &function.registers);
            op.writes(|reg| used |= needed[reg]);
            used
        };
        removed.extend(block.code.extract_if(.., |op| !stays(op)));
    }
}

fn remove_once(function: &mut Function, removed: &mut Vec<Op>) -> bool {
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
                removed.push(op);
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

/// Steps over loops that count down and compute nothing that is needed after them.
fn remove_idle_loops(function: &mut Function, constants: &Constants) {
    let edges = edges(function);
    let loops = Loops::of(&edges, &Dominators::of(&edges, 0)).all;
    if loops.is_empty() {
        return;
    }
    let live = Liveness::of(function);
    let numbers = Numbers::of(function, constants);
    for one in loops.iter().rev() {
        if let Some(end) = idle(function, one, &live, &numbers) {
            let head = &mut function.blocks[one.head];
            head.code.clear();
            head.end = Terminator::Jump(end);
        }
    }
}

/// Where an idle loop leads. It has the form of a loop over a range: what is left is counted down to zero at its end, and what steps on does
/// so only where another turn follows, in a block of its own.
fn idle(function: &Function, one: &Loop, live: &Liveness, numbers: &Numbers<'_>) -> Option<BlockId> {
    let counts = |op: &Op| matches!(op.instruction, Instruction::Binary { op: Binary::Add | Binary::Sub, .. });
    let mut code = one.blocks.iter().flat_map(|&at| &function.blocks[at].code);
    if !code.all(|op| is_pure(op, &function.registers) || counts(op)) {
        return None;
    }
    let (count, end) = countdown(function, one, numbers)?;
    for (at, block) in one.blocks.iter().map(|&at| (at, &function.blocks[at])) {
        let on = one.latches == [at] && block.code.len() == 1 && matches!(block.end, Terminator::Jump(_));
        for op in &block.code {
            let idle = is_pure(op, &function.registers) || op.result() == Some(count) || on && steps(op);
            let mut needed = false;
            op.writes(|reg| needed |= live.is_before(end, reg));
            if !idle || needed {
                return None;
            }
        }
    }
    Some(end)
}

/// `x = x + step`
fn steps(op: &Op) -> bool {
    matches!(&op.instruction, Instruction::Binary { op: Binary::Add, dst, a, .. } if dst.0 == a.0)
}

/// The register from which one is taken in every turn, and where the loop leads once that is not above zero: the only way out.
fn countdown(function: &Function, one: &Loop, numbers: &Numbers<'_>) -> Option<(Reg, BlockId)> {
    let mut ways = Vec::new();
    for &at in &one.blocks {
        let block = &function.blocks[at];
        block.successors(|to| {
            if !one.has(to.0 as usize) {
                ways.push((at, to));
            }
        });
        ways.extend(block.handler.map(|handler| (at, handler.block)));
    }
    let [(from, end)] = ways[..] else { return None };
    let block = &function.blocks[from];
    let Terminator::Branch { cond, otherwise, .. } = block.end else { return None };
    let count = block.code.iter().find_map(|op| match &op.instruction {
        Instruction::Binary { op: Binary::Gt, dst, a, b } if dst.reg() == cond => {
            numbers.is(b.reg(), 0).then_some(a.reg())
        }
        _ => None,
    })?;
    let takes_one = |op: &Op| {
        matches!(&op.instruction, Instruction::Binary { op: Binary::Sub, dst, a, b }
            if dst.reg() == count && a.0 == dst.0 && numbers.is(b.reg(), 1))
    };
    let mut writes =
        one.blocks.iter().flat_map(|&at| &function.blocks[at].code).filter(|op| op.result() == Some(count));
    let once = writes.next().is_some_and(takes_one) && writes.next().is_none();
    (otherwise == end && once && block.code.iter().any(takes_one)).then_some((count, end))
}

/// The constants of registers that hold nothing else.
struct Numbers<'a> {
    of: Table<Option<ConstId>>,
    constants: &'a Constants,
}

impl<'a> Numbers<'a> {
    fn of(function: &Function, constants: &'a Constants) -> Self {
        let counts = Counts::of(function);
        let mut of = function.registers.table(None);
        for op in function.blocks.iter().flat_map(|block| &block.code) {
            if let Instruction::Const { dst, value } = op.instruction {
                of[dst.reg()] = Some(value).filter(|_| counts.writes[dst.reg()] == 1);
            }
        }
        Numbers { of, constants }
    }

    fn is(&self, reg: Reg, number: i64) -> bool {
        self.of[reg].is_some_and(|id| *self.constants.get(id) == Constant::Int(Vec::new(), vec![number]))
    }
}
