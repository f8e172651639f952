//! What must stand before what: the dependencies of the things in a line of blocks.

use super::Item;
use super::line::Region;
use super::seen::Watch;
use crate::ir::{Op, Registers, Table};
use crate::passes::effects::can_raise;
use mpc_bytecode::isa::Effect;
use mpc_bytecode::{Access, Instruction};

/// The last write of a register in a line, and the reads since; `line` says for which line they hold.
#[derive(Clone, Default)]
pub struct Uses {
    line: u32,
    write: Option<usize>,
    reads: Vec<usize>,
}

/// Nodes are the items of a line by place, then the fences.
pub struct Graph {
    /// For each node, those that wait for it.
    pub after: Vec<Vec<usize>>,
    /// For each node, how many it waits for.
    pub waits: Vec<u32>,
    /// For each node, the rounds on the longest way from it to the line's end.
    pub height: Vec<u32>,
    /// Fences, and the item before which each stands.
    pub fences: Vec<(usize, usize)>,
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
    region: Option<usize>,
}

impl Graph {
    /// Of the items of a line; `line` tells it from other lines in `last`.
    pub fn of(items: &[Item], registers: &Registers, last: &mut Table<Uses>, line: u32, mut watch: Watch<'_>) -> Self {
        let size = items.len();
        let mut graph =
            Graph { after: vec![Vec::new(); size], waits: vec![0; size], height: Vec::new(), fences: Vec::new() };
        let mut effects = Effects::default();
        for (at, item) in items.iter().enumerate() {
            graph.order_registers(item, at, last, line);
            match item {
                Item::Op(op, _) => graph.order_effects(op, at, registers, &mut effects),
                Item::Region(region) => graph.order_region(region, at, &mut effects),
            }
            watch.next(at, item, registers).iter().for_each(|&before| graph.edge(before, at));
        }
        graph.measure(items);
        graph
    }

    fn edge(&mut self, from: usize, to: usize) {
        if from != to {
            self.after[from].push(to);
            self.waits[to] += 1;
        }
    }

    fn order_registers(&mut self, item: &Item, at: usize, last: &mut Table<Uses>, line: u32) {
        item.accesses(|access| {
            let (Access::Read(reg) | Access::Write(reg)) = access;
            let uses = &mut last[reg];
            if uses.line != line {
                uses.line = line;
                uses.write = None;
                uses.reads.clear();
            }
        });
        item.reads(|reg| {
            let uses = &mut last[reg];
            uses.reads.push(at);
            if let Some(write) = uses.write {
                self.edge(write, at);
            }
        });
        item.writes(|reg| {
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
            _ => self.call(at, effects),
        }
    }

    /// Everything with an effect stands before, or after.
    fn call(&mut self, at: usize, effects: &mut Effects) {
        let before = [self.fence(effects, at), effects.print];
        before.into_iter().flatten().for_each(|before| self.edge(before, at));
        effects.disclosures.drain(..).for_each(|before| self.edge(before, at));
        *effects = Effects { call: Some(at), region: effects.region, ..Effects::default() };
    }

    /// A region does all that one of its instructions does. Regions stay in order.
    fn order_region(&mut self, region: &Region, at: usize, effects: &mut Effects) {
        effects.region.replace(at).into_iter().for_each(|before| self.edge(before, at));
        let does = region.effects;
        if !(does.calls || does.raises || does.prints || does.discloses) {
            return;
        }
        effects.call.into_iter().for_each(|call| self.edge(call, at));
        if does.calls {
            return self.call(at, effects);
        }
        if does.prints || does.discloses {
            self.fence(effects, at).into_iter().for_each(|fence| self.edge(fence, at));
        }
        if does.prints || does.raises {
            effects.print.into_iter().for_each(|print| self.edge(print, at));
        }
        if does.prints {
            effects.print = Some(at);
        }
        if does.discloses {
            effects.disclosures.push(at);
        }
        if does.raises {
            effects.raises.push(at);
        }
    }

    /// From the last item to the first. A fence stands just before the item for which it was made.
    fn measure(&mut self, items: &[Item]) {
        self.height = vec![0; self.after.len()];
        let mut fences = self.fences.as_slice();
        for at in (0..items.len()).rev() {
            self.height[at] = self.below(at) + items[at].rounds();
            while let Some(((fence, _), rest)) = fences.split_last().filter(|((_, before), _)| *before == at) {
                self.height[*fence] = self.below(*fence);
                fences = rest;
            }
        }
    }

    fn below(&self, at: usize) -> u32 {
        self.after[at].iter().map(|&next| self.height[next]).max().unwrap_or(0)
    }
}
