//! What a loop computes anew in every turn, always the same, is computed once before it.
//!
//! Local instructions that cannot fail move whether or not the loop turns. What sends something, opens something or may raise an
//! exception moves only out of a loop that surely gets to it: it then runs once where it ran at least once. An opening or an exception
//! moreover keeps its place among all that can be seen. For that, a loop that tests before its first turn is turned over
//! ([`rotate`]): the test stands once before the loop and once at its end, and between the first and the loop there is room.

use super::dominators::{Dominators, Loop, Loops, edges, edges_of_values, first_of_values, reversed};
use super::effects::is_pure;
use super::unset::written_first;
use crate::ir::{Block, BlockId, Function, Op, Table, Terminator};
use mpc_bytecode::isa::Effect;
use mpc_bytecode::{Instruction, Locality};
use std::collections::{HashMap, HashSet};

/// The longest test that is written twice.
const TEST: usize = 24;

/// Moves what does not change out of loops, the innermost first; true if anything moved.
pub fn hoist_invariants(function: &mut Function) -> bool {
    open_front(function);
    let edges = edges(function);
    let dominators = Dominators::of(&edges, 0);
    let loops = Loops::of(&edges, &dominators).all;
    let before = reversed(&edges);
    let mut single = Single::of(function);
    let mut rooms = Rooms::new();
    for one in loops.iter().rev() {
        let place = Surroundings::of(one, (&edges, &dominators), function, &rooms, false);
        let found = invariants(function, &place, &mut single);
        if !found.is_empty() {
            let code = take(function, &found);
            let room = room_before(function, one, &before[one.head]);
            function.blocks[room].code = code;
            rooms.insert(room, one.head);
        }
    }
    !rooms.is_empty()
}

/// Gives a function a first block to which nothing leads.
fn open_front(function: &mut Function) {
    let mut entered = false;
    function.blocks.iter().for_each(|block| block.successors(|to| entered |= to == BlockId(0)));
    if entered {
        let moved = BlockId(function.blocks.len() as u32);
        function.blocks.iter_mut().for_each(|block| block.retarget(|to| if to == BlockId(0) { moved } else { to }));
        let span = function.blocks[0].span;
        let first = Block::new(Vec::new(), Terminator::Jump(moved), span);
        let old = std::mem::replace(&mut function.blocks[0], first);
        function.blocks.push(old);
    }
}

/// Puts the test of loops at their ends where that lets something be computed once; true if one was turned over.
pub fn rotate(function: &mut Function) -> bool {
    let edges = edges(function);
    let dominators = Dominators::of(&edges, 0);
    let loops = Loops::of(&edges, &dominators).all;
    let mut single = Single::of(function);
    let mut tests: Vec<(usize, usize)> = Vec::new();
    for one in loops.iter().filter(|one| can_turn(function, one)).collect::<Vec<_>>() {
        let rooms = Rooms::new();
        let place = Surroundings::of(one, (&edges, &dominators), function, &rooms, true);
        let found = invariants(function, &place, &mut single);
        let sends = |&(block, at): &(usize, usize)| is_sent(&function.blocks[block].code[at]);
        if found.iter().any(sends) {
            turn(function, one, &mut tests);
        }
    }
    !tests.is_empty()
}

/// Lets all that leads back to the head lead to a copy of it. `tests` are the copies made so far, and of which blocks they are.
fn turn(function: &mut Function, one: &Loop, tests: &mut Vec<(usize, usize)>) {
    let test = function.blocks.len();
    let (head, copy) = (BlockId(one.head as u32), BlockId(test as u32));
    function.blocks.push(function.blocks[one.head].clone());
    let inner = tests.iter().filter(|(_, of)| one.has(*of)).map(|test| test.0);
    for block in one.blocks.iter().copied().chain(inner) {
        function.blocks[block].end.retarget(|to| if to == head { copy } else { to });
    }
    tests.push((test, one.head));
}

/// True if a loop tests at its head alone whether it goes on, and the test can be written twice.
fn can_turn(function: &Function, one: &Loop) -> bool {
    let head = &function.blocks[one.head];
    let inside = |to: &BlockId| one.has(to.0 as usize);
    let handled = one.blocks.iter().any(|&block| function.blocks[block].handler.is_some());
    let silent = head.code.iter().all(|op| op.instruction.effect() != Effect::Visible && !is_sent(op));
    match &head.end {
        Terminator::Branch { then, otherwise, .. } => {
            let turns = inside(then) != inside(otherwise)
                && *then != BlockId(one.head as u32)
                && *otherwise != BlockId(one.head as u32);
            turns && silent && !handled && head.code.len() <= TEST
        }
        Terminator::Jump(_) | Terminator::Return(_) | Terminator::Raise(..) | Terminator::Reraise(_) => false,
    }
}

fn is_sent(op: &Op) -> bool {
    op.instruction.locality() == Locality::Interactive
}

/// Registers that hold one value in the whole function, once they hold any; and room for a note on each.
struct Single {
    once: Table<bool>,
    written: Table<u32>,
    moved: Table<u32>,
    turn: u32,
}

impl Single {
    fn of(function: &Function) -> Self {
        let edges = edges_of_values(function);
        let dominators = Dominators::of(&edges, first_of_values(function, &edges));
        let once = written_first(function, &dominators);
        Single { once, written: function.registers.table(0), moved: function.registers.table(0), turn: 0 }
    }

    /// Notes what a loop writes.
    fn enter(&mut self, function: &Function, inside: &[usize]) {
        self.turn += 1;
        for block in inside.iter().map(|&block| &function.blocks[block]) {
            block.code.iter().for_each(|op| op.writes(|reg| self.written[reg] = self.turn));
            block.handler.iter().flat_map(crate::ir::Handler::told).for_each(|reg| self.written[reg] = self.turn);
        }
    }

    /// True if an instruction reads nothing that changes in the loop, and its result is written by nothing else.
    fn is_invariant(&self, op: &Op) -> bool {
        let Some(result) = op.result().filter(|result| self.once[*result]) else { return false };
        let mut same = true;
        op.reads(|reg| same &= reg != result && (self.written[reg] != self.turn || self.moved[reg] == self.turn));
        same
    }
}

/// A loop and what stands around it.
struct Surroundings<'a> {
    one: &'a Loop,
    dominators: &'a Dominators,
    rooms: &'a Rooms,
    /// Where a turn ends, or a way leads out.
    ends: Vec<usize>,
}

/// Blocks that were added before loops, each with the head for which it was made.
type Rooms = HashMap<usize, usize>;

impl<'a> Surroundings<'a> {
    /// Of a loop. A `tested` one is to be turned over: that its head leads out does not count.
    fn of(
        one: &'a Loop,
        (edges, dominators): (&[Vec<usize>], &'a Dominators),
        function: &Function,
        rooms: &'a Rooms,
        tested: bool,
    ) -> Self {
        let out = |to: &usize| !one.has(*to) && !fails(function, *to);
        let leaves = |from: usize| edges[from].iter().any(out) && !(tested && from == one.head);
        let ends = one.blocks.iter().copied().filter(|&from| leaves(from) || one.latches.contains(&from)).collect();
        Surroundings { one, dominators, rooms, ends }
    }

    /// Blocks that are added stand where the head does for which they were made.
    fn stands(&self, block: usize) -> usize {
        self.rooms.get(&block).copied().unwrap_or(block)
    }

    /// True if no turn of the loop ends, and no way leads out of it, before a block has run.
    fn is_certain(&self, block: usize) -> bool {
        let block = self.stands(block);
        self.ends.iter().all(|&end| self.dominators.dominates(block, end))
    }
}

/// True if a block does nothing but raise an exception.
fn fails(function: &Function, block: usize) -> bool {
    matches!(function.blocks[block].end, Terminator::Raise(..) | Terminator::Reraise(_))
}

/// What can move, by block and place, in an order in which it can run. Constants and copies alone are not worth it.
fn invariants(function: &Function, place: &Surroundings<'_>, single: &mut Single) -> Vec<(usize, usize)> {
    let rooms = place.rooms.iter().filter(|(_, head)| **head != place.one.head && place.one.has(**head));
    let mut inside: Vec<usize> = rooms.map(|room| *room.0).chain(place.one.blocks.iter().copied()).collect();
    // Blocks stand in reverse postorder, rooms before the heads for which they were made.
    inside.sort_by_key(|&block| (place.stands(block), place.stands(block) == block));
    single.enter(function, &inside);
    let mut found = Vec::new();
    let mut worth = false;
    for block in inside {
        let certain = place.is_certain(block);
        // Until something can be seen in the loop, what can be seen may come before it.
        let first = place.stands(block) == place.one.head;
        let mut unseen = certain && first && function.blocks[block].handler.is_none();
        for (at, op) in function.blocks[block].code.iter().enumerate() {
            if single.is_invariant(op) && may_move(op, function, certain, unseen) {
                op.writes(|reg| single.moved[reg] = single.turn);
                found.push((block, at));
                worth |= !matches!(op.instruction, Instruction::Const { .. } | Instruction::Copy { .. });
            } else {
                unseen &= is_pure(op, &function.registers);
            }
        }
    }
    if worth { found } else { Vec::new() }
}

fn may_move(op: &Op, function: &Function, certain: bool, unseen: bool) -> bool {
    match &op.instruction {
        // These are the affair of `constants`, or become one with their origin.
        Instruction::Const { .. } | Instruction::Copy { .. } => true,
        Instruction::Open { .. } => unseen,
        Instruction::Drop { .. } => false,
        _ if is_pure(op, &function.registers) => certain || !is_sent(op),
        other => other.effect() == Effect::Raises && unseen,
    }
}

fn take(function: &mut Function, found: &[(usize, usize)]) -> Vec<Op> {
    let code = found.iter().map(|&(block, at)| function.blocks[block].code[at].clone()).collect();
    let moved: HashSet<(usize, usize)> = found.iter().copied().collect();
    let blocks: HashSet<usize> = found.iter().map(|found| found.0).collect();
    for block in blocks {
        let old = std::mem::take(&mut function.blocks[block].code);
        let stays = old.into_iter().enumerate().filter(|(at, _)| !moved.contains(&(block, *at))).map(|(_, op)| op);
        function.blocks[block].code = stays.collect();
    }
    code
}

/// A new block through which the loop is entered.
fn room_before(function: &mut Function, one: &Loop, before: &[usize]) -> usize {
    let room = function.blocks.len();
    let (head, to) = (BlockId(one.head as u32), BlockId(room as u32));
    for &block in before.iter().filter(|&&block| !one.has(block)) {
        function.blocks[block].retarget(|target| if target == head { to } else { target });
    }
    let Block { span, chain, .. } = function.blocks[one.head];
    function.blocks.push(Block { chain, ..Block::new(Vec::new(), Terminator::Jump(head), span) });
    room
}
