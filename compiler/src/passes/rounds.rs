//! Merges independent interactive instructions of one kind into one, so that a round serves many.
//!
//! Within each block the dependencies of instructions make a graph; the block is rebuilt from it by list scheduling. Local
//! instructions run as soon as they can. When nothing local is left, the interactive instruction with the longest way of rounds
//! before it runs, and with it every other of its kind that is ready: those with time to spare wait for company.
//!
//! What is kept in order: reads and writes of a register; prints among each other; an exception and what is printed or disclosed after
//! it (a program that stops early has not disclosed what follows); calls and everything with an effect. A disclosure may come
//! earlier than a print or an exception before which it stands anyway. Where a handler can tell the difference, exceptions keep their
//! order among each other, and with writes of what the handler reads.

use super::effects::{can_raise, is_caught};
use super::liveness::Liveness;
use crate::ir::{Block, BlockId, Chain, Function, Op, Registers};
use crate::source::Span;
use mpc_bytecode::isa::Effect;
use mpc_bytecode::{Access, Instruction, Locality};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Merges within every block. `caught` says that callers may handle the function's exceptions.
pub fn merge_rounds(function: &mut Function, caught: bool) {
    let pinned = Pinned::of(function, caught);
    let registers = std::mem::take(&mut function.registers);
    let mut last = registers.table(Uses::default());
    for (at, block) in function.blocks.iter_mut().enumerate() {
        let interactive = block.code.iter().filter(|op| op.instruction.locality() == Locality::Interactive).count();
        if interactive > 1 {
            let graph = Graph::of(block, &registers, &mut last, (at, &pinned));
            schedule(block, graph);
        }
    }
    function.registers = registers;
}

/// What one interactive instruction can be merged with: the same instruction with the same width.
fn key(instruction: &Instruction) -> Option<(u8, u32)> {
    let width = match instruction {
        Instruction::Trunc { bits, .. }
        | Instruction::Ltz { bits, .. }
        | Instruction::Eqz { bits, .. }
        | Instruction::Bits { bits, .. } => *bits,
        _ => 0,
    };
    (instruction.locality() == Locality::Interactive).then(|| (instruction.opcode(), width))
}

/// About how many rounds an instruction takes: enough to tell long ways from short ones.
pub fn rounds(instruction: &Instruction) -> u32 {
    match instruction {
        Instruction::Ltz { .. } | Instruction::Eqz { .. } | Instruction::Bits { .. } => 4,
        _ => u32::from(instruction.locality() == Locality::Interactive),
    }
}

/// The last write of a register in a block, and the reads since.
#[derive(Clone, Default)]
struct Uses {
    block: u32,
    write: Option<usize>,
    reads: Vec<usize>,
}

/// Nodes are the block's instructions by place, then the fences.
struct Graph {
    /// For each node, those that wait for it.
    after: Vec<Vec<usize>>,
    /// For each node, how many it waits for.
    waits: Vec<u32>,
    /// For each node, the rounds on the longest way from it to the block's end.
    height: Vec<u32>,
    /// Fences, and the instruction before which each stands.
    fences: Vec<(usize, usize)>,
}

/// What has an effect so far, as nodes that the next effect must wait for.
#[derive(Default)]
struct Effects {
    /// The last call: everything with an effect waits for it.
    call: Option<usize>,
    print: Option<usize>,
    /// Waits for all exceptions that may have been raised so far.
    fence: Option<usize>,
    raises: Vec<usize>,
    disclosures: Vec<usize>,
    seen: Seen,
}

/// The last instructions that a handler can tell apart. Several interactive ones of a kind stay together, so that they can be merged.
#[derive(Default)]
struct Seen {
    before: Vec<usize>,
    last: Vec<usize>,
    key: Option<(u8, u32)>,
}

/// The most instructions that stay together: each waits for all of those before.
const TOGETHER: usize = 64;

impl Seen {
    /// Adds an instruction; those that it must wait for. What `writes` for the handler has nothing beside it.
    fn add(&mut self, at: usize, key: Option<(u8, u32)>, writes: bool) -> &[usize] {
        let joins = key.is_some() && key == self.key && self.last.len() < TOGETHER;
        if !joins {
            self.before = std::mem::take(&mut self.last);
        }
        self.last.push(at);
        self.key = key.filter(|_| !writes);
        &self.before
    }
}

/// What handlers see.
struct Pinned {
    /// Absent where nothing is handled.
    live: Option<Liveness>,
    /// True if all exceptions of the function may be handled by its callers.
    caught: bool,
}

impl Pinned {
    fn of(function: &Function, caught: bool) -> Self {
        let handled = function.blocks.iter().any(|block| block.handler.is_some());
        Pinned { live: handled.then(|| Liveness::of(function)), caught }
    }

    /// True if an instruction of block `at` writes what the block's handler reads.
    fn writes(&self, block: &Block, at: usize, op: &Op) -> bool {
        let Some(live) = self.live.as_ref().filter(|_| block.handler.is_some()) else { return false };
        let mut written = false;
        op.writes(|reg| written |= live.is_pinned(BlockId(at as u32), reg));
        written
    }

    /// True if some handler sees whether an instruction of the block raises before another one does.
    fn raises(&self, block: &Block, op: &Op, registers: &Registers) -> bool {
        (self.caught || block.handler.is_some()) && is_caught(op, registers)
    }
}

impl Graph {
    fn of(
        block: &Block,
        registers: &Registers,
        last: &mut crate::ir::Table<Uses>,
        (number, pinned): (usize, &Pinned),
    ) -> Self {
        let size = block.code.len();
        let mut graph =
            Graph { after: vec![Vec::new(); size], waits: vec![0; size], height: Vec::new(), fences: Vec::new() };
        let mut effects = Effects::default();
        for (at, op) in block.code.iter().enumerate() {
            graph.order_registers(op, at, last, number as u32 + 1);
            graph.order_effects(op, at, registers, &mut effects);
            let writes = pinned.writes(block, number, op);
            if writes || pinned.raises(block, op, registers) {
                effects.seen.add(at, key(&op.instruction), writes).iter().for_each(|&before| graph.edge(before, at));
            }
        }
        graph.measure(block);
        graph
    }

    fn edge(&mut self, from: usize, to: usize) {
        if from != to {
            self.after[from].push(to);
            self.waits[to] += 1;
        }
    }

    fn order_registers(&mut self, op: &Op, at: usize, last: &mut crate::ir::Table<Uses>, number: u32) {
        op.instruction.accesses(|access| {
            let (Access::Read(reg) | Access::Write(reg)) = access;
            let uses = &mut last[reg];
            if uses.block != number {
                *uses = Uses { block: number, write: None, reads: Vec::new() };
            }
        });
        op.reads(|reg| {
            let uses = &mut last[reg];
            uses.reads.push(at);
            if let Some(write) = uses.write {
                self.edge(write, at);
            }
        });
        op.writes(|reg| {
            let uses = &mut last[reg];
            uses.write.replace(at).into_iter().chain(uses.reads.drain(..)).for_each(|before| self.edge(before, at));
        });
    }

    fn fence(&mut self, effects: &mut Effects, at: usize) -> Option<usize> {
        if effects.raises.is_empty() {
            return effects.fence;
        }
        let fence = self.after.len();
        self.after.push(Vec::new());
        self.waits.push(0);
        self.fences.push((fence, at));
        effects.fence.into_iter().chain(effects.raises.drain(..)).for_each(|before| self.edge(before, fence));
        effects.fence = Some(fence);
        Some(fence)
    }

    fn order_effects(&mut self, op: &Op, at: usize, registers: &Registers, effects: &mut Effects) {
        let raises = can_raise(op, registers);
        if !raises && op.instruction.effect() != Effect::Visible {
            return;
        }
        effects.call.into_iter().for_each(|call| self.edge(call, at));
        match &op.instruction {
            Instruction::Print { .. } => {
                let before = [self.fence(effects, at), effects.print.replace(at)];
                before.into_iter().flatten().for_each(|before| self.edge(before, at));
            }
            Instruction::Open { .. } | Instruction::Output { .. } => {
                self.fence(effects, at).into_iter().for_each(|fence| self.edge(fence, at));
                effects.disclosures.push(at);
            }
            // A port that cannot be read ends the program before anything is shared: its place does not matter.
            Instruction::Input { .. } => effects.disclosures.push(at),
            _ if raises => {
                effects.print.into_iter().for_each(|print| self.edge(print, at));
                effects.raises.push(at);
            }
            _ => {
                let before = [self.fence(effects, at), effects.print];
                before.into_iter().flatten().for_each(|before| self.edge(before, at));
                effects.disclosures.drain(..).for_each(|before| self.edge(before, at));
                *effects = Effects { call: Some(at), seen: std::mem::take(&mut effects.seen), ..Effects::default() };
            }
        }
    }

    /// From the last instruction to the first. A fence stands just before the instruction for which it was made.
    fn measure(&mut self, block: &Block) {
        let size = block.code.len();
        self.height = vec![0; self.after.len()];
        for at in (0..size).rev() {
            self.height[at] = self.below(at) + rounds(&block.code[at].instruction);
            while let Some((fence, _)) = self.fences.pop_if(|(_, before)| *before == at) {
                self.height[fence] = self.below(fence);
            }
        }
    }

    fn below(&self, at: usize) -> u32 {
        self.after[at].iter().map(|&next| self.height[next]).max().unwrap_or(0)
    }
}

/// Interactive instructions that are ready, by what they merge with.
#[derive(Default)]
struct Ready {
    local: BinaryHeap<Reverse<usize>>,
    interactive: BTreeMap<(u8, u32), Vec<usize>>,
}

impl Ready {
    fn add(&mut self, at: usize, code: &[Option<Op>]) {
        match code.get(at).and_then(Option::as_ref).and_then(|op| key(&op.instruction)) {
            Some(key) => self.interactive.entry(key).or_default().push(at),
            None => self.local.push(Reverse(at)),
        }
    }

    /// The kind of the instruction with the longest way before it; of equal ones, that of the first in the program.
    fn next_batch(&mut self, height: &[u32]) -> Option<Vec<usize>> {
        let urgency = |places: &Vec<usize>| {
            places.iter().map(|&at| (height[at], Reverse(at))).max().unwrap_or((0, Reverse(usize::MAX)))
        };
        let key = *self.interactive.iter().max_by_key(|(_, places)| urgency(places))?.0;
        let mut batch = self.interactive.remove(&key)?;
        batch.sort_unstable();
        Some(batch)
    }
}

fn schedule(block: &mut Block, mut graph: Graph) {
    let mut code: Vec<Option<Op>> = std::mem::take(&mut block.code).into_iter().map(Some).collect();
    let mut ready = Ready::default();
    (0..graph.waits.len()).filter(|&at| graph.waits[at] == 0).for_each(|at| ready.add(at, &code));
    loop {
        let batch = match ready.local.pop() {
            Some(Reverse(at)) => vec![at],
            None => match ready.next_batch(&graph.height) {
                Some(batch) => batch,
                None => break,
            },
        };
        let ops: Vec<Op> = batch.iter().filter_map(|&at| code.get_mut(at).and_then(Option::take)).collect();
        block.code.extend(merged(ops));
        for at in batch {
            for next in std::mem::take(&mut graph.after[at]) {
                graph.waits[next] -= 1;
                if graph.waits[next] == 0 {
                    ready.add(next, &code);
                }
            }
        }
    }
}

/// One instruction for several of a kind.
fn merged(ops: Vec<Op>) -> Option<Op> {
    let mut ops = ops.into_iter();
    let mut first = ops.next()?;
    for op in ops {
        (first.span, first.chain) = earlier((first.span, first.chain), (op.span, op.chain));
        first.notes.extend(op.notes);
        append(&mut first.instruction, op.instruction);
    }
    Some(first)
}

fn earlier(a: (Span, Chain), b: (Span, Chain)) -> (Span, Chain) {
    if (b.0.file, b.0.start) < (a.0.file, a.0.start) { b } else { a }
}

fn append(to: &mut Instruction, from: Instruction) {
    use Instruction::*;
    match (to, from) {
        (Mul { batch }, Mul { batch: more }) | (Matmul { batch }, Matmul { batch: more }) => batch.extend(more),
        (Square { batch }, Square { batch: more })
        | (Trunc { batch, .. }, Trunc { batch: more, .. })
        | (Ltz { batch, .. }, Ltz { batch: more, .. })
        | (Eqz { batch, .. }, Eqz { batch: more, .. })
        | (Bits { batch, .. }, Bits { batch: more, .. }) => batch.extend(more),
        (Open { batch }, Open { batch: more }) => batch.extend(more),
        (Input { batch }, Input { batch: more }) => batch.extend(more),
        (Output { batch }, Output { batch: more }) => batch.extend(more),
        // Instructions are merged by opcode and width: there is no other pair.
        (_, _) => debug_assert!(false, "only instructions of one kind are merged"),
    }
}
