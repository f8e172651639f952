//! Independent interactive instructions share rounds: those of one kind become one instruction, those of several kinds a group.
//!
//! Blocks that run equally often, one after the other ([`line`]), are taken together: what stands between two of them (the arms of an
//! `if`, a loop) is one thing in their line, which instructions may pass that it does not concern. The dependencies of all these make a
//! [`graph`]; a plan says in which order the interactive ones run, and which together; local instructions run when they can.
//! An instruction that gains nothing by moving stays in its block.
//!
//! Every instruction runs exactly when it did: nothing is computed that was not computed before, and no round is added.
//!
//! What is kept in order: reads and writes of a register; prints among each other; an exception and what is printed or disclosed after
//! it (a program that stops early has not disclosed what follows); calls and everything with an effect. A disclosure may come
//! earlier than a print or an exception before which it stands anyway. Where a handler can tell the difference ([`seen`]), exceptions keep
//! their order among each other, and with writes of what the handler reads.

mod graph;
mod line;
mod merge;
mod plan;
mod search;
mod seen;

use crate::ir::{BlockId, Function, Op, Registers, Table};
use graph::{Graph, Uses};
use line::{Region, lines};
use merge::merged;
use mpc_bytecode::cost::{Scheme, Work, cost};
use mpc_bytecode::{Access, Instruction, Locality, Reg};
use plan::{Plan, plan};
use search::STATES;
use seen::Pinned;

/// Merges in every line of blocks. `caught` says that callers may handle the function's exceptions.
pub fn merge_rounds(function: &mut Function, caught: bool) {
    let pinned = Pinned::of(function, caught);
    let mut orders =
        Orders { last: function.registers.table(Uses::default()), pinned: &pinned, number: 0, states: STATES };
    for line in lines(function) {
        let separate: Vec<Ordered> = line.blocks.iter().map(|&block| orders.of(&[block], &[], function)).collect();
        if line.blocks.len() > 1 && separate.iter().map(|one| one.interactive()).sum::<usize>() > 1 {
            let together = orders.of(&line.blocks, &line.regions, function);
            let apart = separate.iter().map(|one| one.plan.rounds).sum::<u32>() + regions_rounds(&line.regions);
            if together.plan.rounds < apart {
                together.write(&line.blocks, function);
                continue;
            }
        }
        for (one, &block) in separate.into_iter().zip(&line.blocks) {
            one.write(&[block], function);
        }
    }
}

/// What is needed to order line after line.
struct Orders<'a> {
    last: Table<Uses>,
    pinned: &'a Pinned,
    number: u32,
    /// How many states may still be looked at in searches for better orders.
    states: usize,
}

impl Orders<'_> {
    fn of(&mut self, blocks: &[usize], regions: &[Region], function: &Function) -> Ordered {
        let (mut items, mut segments) = (Vec::new(), Vec::new());
        for (segment, &block) in blocks.iter().enumerate() {
            let registers = &function.registers;
            let ops = function.blocks[block].code.iter().cloned();
            items.extend(ops.map(|op| {
                let key = key(&op.instruction, registers);
                Item::Op(op, key)
            }));
            items.extend(regions.get(segment).cloned().map(Item::Region));
            segments.resize(items.len(), segment);
        }
        self.number += 1;
        let handled = blocks.first().filter(|&&block| function.blocks[block].handler.is_some());
        let watch = self.pinned.watch(handled.map(|&block| BlockId(block as u32)));
        let graph = Graph::of(&items, &function.registers, &mut self.last, self.number, watch);
        let plan = plan(&graph, &items, &mut self.states);
        Ordered { items, segments, graph, plan }
    }
}

fn regions_rounds(regions: &[Region]) -> u32 {
    regions.iter().map(|region| region.rounds).sum()
}

/// A thing in a line of blocks.
enum Item {
    /// An instruction, and what it merges with.
    Op(Op, Option<Key>),
    /// What stands between two blocks.
    Region(Region),
}

/// One instruction for each kind, and before several of them the one that groups them.
fn grouped(ops: impl Iterator<Item = (Option<Key>, Op)>) -> Vec<Op> {
    let mut kinds: Vec<(Option<Key>, Vec<Op>)> = Vec::new();
    for (key, op) in ops {
        match kinds.iter_mut().find(|(known, _)| *known == key) {
            Some((_, of_kind)) => of_kind.push(op),
            None => kinds.push((key, vec![op])),
        }
    }
    let members: Vec<Op> = kinds.into_iter().filter_map(|(_, of_kind)| merged(of_kind)).collect();
    match &members[..] {
        [first, _, ..] => {
            let together = Instruction::Together { count: members.len() as u32 };
            let together = Op { chain: first.chain, ..Op::new(together, first.span) };
            [vec![together], members].concat()
        }
        _ => members,
    }
}

/// What instructions have in common that merge: opcode and width.
type Key = (u8, u32);

impl Item {
    fn accesses(&self, mut visit: impl FnMut(Access)) {
        match self {
            Item::Op(op, _) => op.instruction.accesses(visit),
            Item::Region(region) => {
                region.reads.iter().for_each(|&reg| visit(Access::Read(reg)));
                region.writes.iter().for_each(|&reg| visit(Access::Write(reg)));
            }
        }
    }

    fn reads(&self, mut visit: impl FnMut(Reg)) {
        self.accesses(|access| match access {
            Access::Read(reg) => visit(reg),
            Access::Write(_) => {}
        });
    }

    fn writes(&self, mut visit: impl FnMut(Reg)) {
        self.accesses(|access| match access {
            Access::Write(reg) => visit(reg),
            Access::Read(_) => {}
        });
    }

    fn rounds(&self) -> u32 {
        match self {
            Item::Op(op, _) => rounds(&op.instruction),
            Item::Region(region) => region.rounds,
        }
    }

    /// What it can be merged with; a region is alone.
    fn key(&self, at: usize) -> Option<Key> {
        match self {
            Item::Op(_, key) => *key,
            Item::Region(_) => Some((u8::MAX, at as u32)),
        }
    }
}

/// What one interactive instruction can be merged with: the same instruction with the same width. The square of a scalar can also run as
/// a product, which sends one number more; of a tensor that would be too many.
fn key(instruction: &Instruction, registers: &Registers) -> Option<Key> {
    let width = match instruction {
        Instruction::Trunc { bits, .. }
        | Instruction::Ltz { bits, .. }
        | Instruction::Eqz { bits, .. }
        | Instruction::Bits { bits, .. } => *bits,
        Instruction::Square { batch } if batch.iter().all(|(_, src)| registers.get(src.reg()).is_scalar()) => {
            return key(&Instruction::Mul { batch: Vec::new() }, registers);
        }
        _ => 0,
    };
    (instruction.locality() == Locality::Interactive).then(|| (instruction.opcode(), width))
}

/// How many rounds an instruction takes under additive sharing in the smaller ring: other schemes differ, but what is long is long.
pub fn rounds(instruction: &Instruction) -> u32 {
    let elements = 1;
    let of = |work: Work| cost(&work, Scheme::Additive { players: 2 }, 8).rounds as u32;
    match instruction {
        Instruction::Ltz { bits, .. } => of(Work::Ltz { elements, bits: *bits }),
        Instruction::Eqz { bits, .. } => of(Work::Eqz { elements, bits: *bits }),
        Instruction::Bits { bits, .. } => of(Work::Bits { elements, bits: *bits }),
        _ => u32::from(instruction.locality() == Locality::Interactive),
    }
}

/// The items of some blocks, and the order in which they are to run.
struct Ordered {
    items: Vec<Item>,
    /// For each item how many regions stood before it.
    segments: Vec<usize>,
    graph: Graph,
    plan: Plan,
}

impl Ordered {
    fn interactive(&self) -> usize {
        self.items.iter().filter(|item| item.rounds() > 0).count()
    }

    fn write(self, blocks: &[usize], function: &mut Function) {
        let places = self.places();
        let mut items: Vec<Option<Item>> = self.items.into_iter().map(Some).collect();
        // What is put off until after a region goes before what stands there.
        let mut codes: Vec<Vec<Op>> = blocks.iter().map(|_| Vec::new()).collect();
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by_key(|&at| places[at]);
        for at in order {
            let ops = self.plan.batches[at].iter().filter_map(|&item| match items[item].take() {
                Some(Item::Op(op, key)) => Some((key, op)),
                Some(Item::Region(_)) | None => None,
            });
            codes[places[at]].extend(grouped(ops));
        }
        for (&block, code) in blocks.iter().zip(codes) {
            function.blocks[block].code = code;
        }
    }

    /// For each batch the block in whose place it runs: the last in which it can without coming later than it stood.
    fn places(&self) -> Vec<usize> {
        let mut batch_of = vec![0; self.graph.after.len()];
        for (at, batch) in self.plan.batches.iter().enumerate() {
            batch.iter().for_each(|&node| batch_of[node] = at);
        }
        let mut places = vec![0; self.plan.batches.len()];
        let mut segment = 0;
        for (at, batch) in self.plan.batches.iter().enumerate() {
            places[at] = segment;
            segment += usize::from(self.is_region(batch));
        }
        // Fences stand in no batch: what waits for one is met through it. All that waits for later ones has been met before.
        let mut latest = vec![usize::MAX; self.graph.after.len()];
        let mut fence = latest.len();
        for (at, batch) in self.plan.batches.iter().enumerate().rev() {
            let nearest = batch.iter().flat_map(|&node| &self.graph.after[node]).copied();
            let nearest = nearest.filter(|&next| next >= self.items.len()).min().unwrap_or(fence);
            while fence > nearest {
                fence -= 1;
                latest[fence] = self.graph.after[fence].iter().map(|&next| latest[next]).min().unwrap_or(usize::MAX);
            }
            if !self.is_region(batch) {
                let bound = |&node: &usize| {
                    let after = self.graph.after[node].iter().map(|&next| latest[next]).min();
                    after.unwrap_or(usize::MAX).min(self.segments[node].max(places[at]))
                };
                places[at] = batch.iter().map(bound).min().unwrap_or(places[at]).max(places[at]);
            }
            batch.iter().for_each(|&node| latest[node] = places[at]);
        }
        places
    }

    fn is_region(&self, batch: &[usize]) -> bool {
        batch.iter().any(|&node| matches!(self.items.get(node), Some(Item::Region(_))))
    }
}
