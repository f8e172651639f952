//! Lines of blocks: whenever one of them runs, all do, once each and in order.
//!
//! Two blocks belong to one line if every way to the second leads through the first, every way on from the first through the second, and
//! both stand in the same loop and no way from the first comes back to it before the second. Ways that end in an exception do not count: whoever takes them
//! computes no more. Blocks whose exceptions are handled stand alone.

use super::rounds;
use crate::ir::{Block, Function, Handler, Registers, Terminator};
use crate::passes::dominators::{Dominators, Loops, edges, reversed};
use crate::passes::effects::can_raise;
use mpc_bytecode::isa::Effect;
use mpc_bytecode::{Instruction, Reg};
use std::collections::HashSet;

/// Blocks that run equally often.
pub struct Line {
    /// In order.
    pub blocks: Vec<usize>,
    /// What stands between each two.
    pub regions: Vec<Region>,
}

/// What stands between two blocks of a line, with the terminator of the first.
#[derive(Clone, Default)]
pub struct Region {
    pub reads: Vec<Reg>,
    pub writes: Vec<Reg>,
    pub effects: Does,
    /// All rounds of its instructions; a loop turns once here.
    pub rounds: u32,
}

/// What happens in a region besides writing registers.
#[derive(Clone, Copy, Default)]
pub struct Does {
    pub calls: bool,
    pub raises: bool,
    pub prints: bool,
    pub discloses: bool,
}

/// The most blocks between two blocks of a line: beyond, they stay apart.
const LARGEST: usize = 1_000;

/// How far behind a block its follower is looked for: about the deepest nest of loops that starts there.
const DEEPEST: usize = 16;

/// Every block in one line.
pub fn lines(function: &Function) -> Vec<Line> {
    let next = followers(function);
    let mut follows = vec![false; next.len()];
    next.iter().flatten().for_each(|(to, _)| follows[*to] = true);
    let line = |first: usize| {
        let mut line = Line { blocks: vec![first], regions: Vec::new() };
        let mut at = first;
        while let Some((to, between)) = &next[at] {
            line.regions.push(region(function, at, between));
            line.blocks.push(*to);
            at = *to;
        }
        line
    };
    (0..next.len()).filter(|&block| !follows[block]).map(line).collect()
}

/// For each block the next of its line, and what stands between.
fn followers(function: &Function) -> Vec<Option<(usize, Vec<usize>)>> {
    let edges = edges(function);
    let dominators = Dominators::of(&edges, 0);
    let loops = Loops::of(&edges, &dominators).innermost;
    let after = Dominators::of(&towards_the_end(function, &edges), edges.len());
    let handled = |block: usize| function.blocks[block].handler.is_some();
    let follower = |block: usize| {
        let later = std::iter::successors(after.parent(block), |&to| after.parent(to));
        // The first behind all loops that are entered on the way.
        let to = later.take_while(|&to| to < edges.len() && dominators.dominates(block, to));
        let to = to.take(DEEPEST).find(|&to| loops[to] == loops[block])?;
        if handled(block) || handled(to) {
            return None;
        }
        between(&edges, block, to).map(|between| (to, between))
    };
    (0..edges.len()).map(follower).collect()
}

/// The edges the other way round, from a node after all returns.
fn towards_the_end(function: &Function, edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut back = reversed(edges);
    let returns = |block: &Block| matches!(block.end, Terminator::Return(_));
    back.push((0..edges.len()).filter(|&block| returns(&function.blocks[block])).collect());
    back
}

/// The blocks on the ways from one block to another; none if a way comes back first.
fn between(edges: &[Vec<usize>], from: usize, to: usize) -> Option<Vec<usize>> {
    let mut seen = HashSet::from([to]);
    let mut found = Vec::new();
    let mut open = edges[from].clone();
    while let Some(block) = open.pop() {
        if block == from || found.len() > LARGEST {
            return None;
        }
        if seen.insert(block) {
            found.push(block);
            open.extend(&edges[block]);
        }
    }
    Some(found)
}

fn region(function: &Function, from: usize, between: &[usize]) -> Region {
    let mut region = Region::default();
    let (mut reads, mut writes) = (HashSet::new(), HashSet::new());
    function.blocks[from].end.reads(|reg| reads.extend([reg]));
    for block in between.iter().map(|&block| &function.blocks[block]) {
        for op in &block.code {
            op.reads(|reg| reads.extend([reg]));
            op.writes(|reg| writes.extend([reg]));
            region.effects.add(op, &function.registers);
            region.rounds += rounds(&op.instruction);
        }
        block.end.reads(|reg| reads.extend([reg]));
        region.effects.raises |= matches!(block.end, Terminator::Raise(..) | Terminator::Reraise(_));
        writes.extend(block.handler.iter().flat_map(Handler::told));
    }
    region.reads = sorted(reads);
    region.writes = sorted(writes);
    region
}

fn sorted(set: HashSet<Reg>) -> Vec<Reg> {
    let mut list: Vec<Reg> = set.into_iter().collect();
    list.sort_unstable();
    list
}

impl Does {
    fn add(&mut self, op: &crate::ir::Op, registers: &Registers) {
        self.raises |= can_raise(op, registers);
        match &op.instruction {
            Instruction::Print { .. } => self.prints = true,
            Instruction::Open { .. } | Instruction::Output { .. } | Instruction::Input { .. } => self.discloses = true,
            other => self.calls |= other.effect() == Effect::Visible,
        }
    }
}
