//! The flow of control within a function: blocks, loops, and where branches meet again.

use crate::isa::Instruction;
use crate::operand::Reference;
use crate::program::Function;
use std::collections::BTreeSet;

/// A function's flow; blocks are named by their first instruction.
#[derive(Debug)]
pub struct Graph {
    /// For every instruction, the block it is in (an index of `starts`).
    block_of: Vec<usize>,
    starts: Vec<usize>,
    loops: Vec<Option<Loop>>,
    meets: Vec<Option<usize>>,
    returns: Vec<bool>,
    next: Vec<Vec<usize>>,
    instructions: usize,
}

/// A loop: what can reach its header again without leaving it.
#[derive(Debug)]
pub struct Loop {
    /// Its first instruction.
    pub header: usize,
    /// Its blocks.
    blocks: BTreeSet<usize>,
}

/// Where an instruction may go: the next one, and a jump's target.
pub fn successors(code: &[Instruction], at: usize) -> Vec<usize> {
    let Some(instruction) = code.get(at) else { return Vec::new() };
    let mut next = match instruction {
        Instruction::Jump { .. }
        | Instruction::Return { .. }
        | Instruction::Raise { .. }
        | Instruction::Reraise { .. } => Vec::new(),
        _ => vec![at + 1],
    };
    instruction.references(|reference| {
        if let Reference::Label(label) = reference {
            next.push(label.0 as usize);
        }
    });
    next
}

impl Graph {
    /// The flow of a verified function.
    pub fn of(function: &Function) -> Self {
        let code = &function.code;
        let mut leads = vec![false; code.len() + 1];
        leads[0] = true;
        for at in 0..code.len() {
            let next = successors(code, at);
            if next != [at + 1] {
                leads[at + 1] = true;
                next.iter().filter(|&&to| to < code.len()).for_each(|&to| leads[to] = true);
            }
        }
        let starts: Vec<usize> = (0..code.len()).filter(|&at| leads[at]).collect();
        let block_of: Vec<usize> = (0..code.len()).map(|at| starts.partition_point(|&start| start <= at) - 1).collect();
        let ends = starts.iter().skip(1).copied().chain([code.len()]);
        let next: Vec<Vec<usize>> = ends
            .take(starts.len())
            .map(|end| successors(code, end - 1).into_iter().filter_map(|to| block_of.get(to).copied()).collect())
            .collect();
        let last = |block: usize| starts.get(block + 1).copied().unwrap_or(code.len()) - 1;
        let leaves: Vec<bool> =
            (0..starts.len()).map(|block| matches!(code.get(last(block)), Some(Instruction::Return { .. }))).collect();
        let (returns, meets) = meeting_points(&next, &leaves);
        let loops = loops(&next, &starts);
        Self { block_of, starts, loops, meets, returns, next, instructions: code.len() }
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> usize {
        self.starts.len()
    }

    /// The block of an instruction.
    pub fn block(&self, at: usize) -> Option<usize> {
        self.block_of.get(at).copied()
    }

    /// The instructions of a block.
    pub fn range(&self, block: usize) -> std::ops::Range<usize> {
        let end = |block: usize| self.starts.get(block).copied().unwrap_or(self.instructions);
        end(block)..end(block + 1)
    }

    /// Where a block may lead.
    pub fn next(&self, block: usize) -> impl Iterator<Item = usize> {
        self.next.get(block).into_iter().flatten().copied()
    }

    /// The blocks behind an instruction up to where its ways meet again; where a way ends by an exception, all behind it.
    pub fn region(&self, at: usize) -> Vec<usize> {
        let Some(block) = self.block(at) else { return Vec::new() };
        let all_return = self.next(block).all(|next| self.returns[next]);
        let meet = self.meets[block].filter(|_| all_return);
        self.reached(self.next(block).collect(), meet)
    }

    /// The blocks that can be come to from an instruction, its own among them.
    pub fn onward(&self, at: usize) -> Vec<usize> {
        self.reached(self.block(at).into_iter().collect(), None)
    }

    fn reached(&self, from: Vec<usize>, but: Option<usize>) -> Vec<usize> {
        let mut seen = vec![false; self.blocks()];
        let mut open = from;
        let mut found = Vec::new();
        while let Some(block) = open.pop() {
            if Some(block) != but && !std::mem::replace(&mut seen[block], true) {
                found.push(block);
                open.extend(self.next(block));
            }
        }
        found
    }

    /// For every instruction of a function, whether it can be come to again.
    pub fn on_cycles(function: &Function) -> Vec<bool> {
        let graph = Self::of(function);
        let mut next = graph.next.clone();
        for handler in &function.handlers {
            let Some(target) = graph.block(handler.target as usize) else { continue };
            let from = graph.block(handler.from as usize);
            let to = graph.block((handler.to as usize).saturating_sub(1));
            if let (Some(from), Some(to)) = (from, to) {
                next.iter_mut().take(to + 1).skip(from).for_each(|next| next.push(target));
            }
        }
        let cyclic = Self::cyclic(&next);
        graph.block_of.iter().map(|&block| cyclic[block]).collect()
    }

    /// For every node of a graph, whether it can be come to from itself: Kosaraju's components of more than one node, and nodes that lead to
    /// themselves.
    pub fn cyclic(next: &[Vec<usize>]) -> Vec<bool> {
        let (mut order, mut seen) = (Vec::new(), vec![false; next.len()]);
        (0..next.len()).for_each(|root| order.extend(postorder_from(next, root, &mut seen)));
        let back = turned(next);
        let mut seen = vec![false; next.len()];
        let mut cyclic = vec![false; next.len()];
        for &root in order.iter().rev() {
            let component = postorder_from(&back, root, &mut seen);
            let more = component.len() > 1 || next[root].contains(&root);
            component.into_iter().for_each(|node| cyclic[node] = more);
        }
        cyclic
    }

    /// The loop whose header this instruction is.
    pub fn loop_at(&self, at: usize) -> Option<&Loop> {
        let block = *self.block_of.get(at)?;
        if self.starts[block] == at { self.loops[block].as_ref() } else { None }
    }

    /// Whether an instruction belongs to a loop.
    pub fn holds(&self, of: &Loop, at: usize) -> bool {
        self.block_of.get(at).is_some_and(|block| of.blocks.contains(block))
    }

    /// Where what branches at an instruction meets again; `None` where that is after the function.
    pub fn meeting(&self, at: usize) -> Option<usize> {
        self.meets[*self.block_of.get(at)?].map(|block| self.starts[block])
    }

    /// Whether the function may end normally after an instruction, and not by an exception alone.
    pub fn returns(&self, at: usize) -> bool {
        self.block_of.get(at).is_some_and(|&block| self.returns[block])
    }
}

/// Which blocks reach a return, and the nearest block that all ways from a block to a return go through. Ways that raise do not
/// count.
fn meeting_points(next: &[Vec<usize>], leaves: &[bool]) -> (Vec<bool>, Vec<Option<usize>>) {
    // The flow backwards, from an exit behind all returns.
    let exit = next.len();
    let mut back = vec![Vec::new(); exit + 1];
    for (block, onward) in next.iter().enumerate() {
        onward.iter().for_each(|&to| back[to].push(block));
        if leaves[block] {
            back[exit].push(block);
        }
    }
    let found = immediate(&back, exit);
    let returns = found[..exit].iter().map(Option::is_some).collect();
    let meets = found[..exit].iter().map(|meet| meet.filter(|&meet| meet != exit)).collect();
    (returns, meets)
}

/// The natural loop of each header.
fn loops(next: &[Vec<usize>], starts: &[usize]) -> Vec<Option<Loop>> {
    let above = immediate(next, 0);
    let mut place = vec![0; next.len()];
    postorder(next, 0).into_iter().enumerate().for_each(|(at, block)| place[block] = at);
    // What stands on all ways to a block comes after it in a postorder.
    let dominates = |header: usize, mut block: usize| loop {
        if block == header || place[block] > place[header] {
            return block == header;
        }
        match above.get(block).copied().flatten() {
            Some(up) if up != block => block = up,
            Some(_) | None => return false,
        }
    };
    let before = turned(next);
    let of = |header: usize| {
        let mut open: Vec<usize> = before[header].iter().copied().filter(|&block| dominates(header, block)).collect();
        if open.is_empty() {
            return None;
        }
        let mut blocks = BTreeSet::from([header]);
        while let Some(block) = open.pop() {
            if blocks.insert(block) {
                open.extend(&before[block]);
            }
        }
        Some(Loop { header: starts[header], blocks })
    };
    (0..next.len()).map(of).collect()
}

fn turned(next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut before = vec![Vec::new(); next.len()];
    for (block, onward) in next.iter().enumerate() {
        onward.iter().for_each(|&to| before[to].push(block));
    }
    before
}

/// For every block, the nearest other one on all ways from `root` to it, and itself for the root; `None` where there is no way. After
/// Cooper, Harvey and Kennedy, *A simple, fast dominance algorithm*, 2001.
fn immediate(next: &[Vec<usize>], root: usize) -> Vec<Option<usize>> {
    let order = postorder(next, root);
    let mut place = vec![usize::MAX; next.len()];
    order.iter().enumerate().for_each(|(at, &block)| place[block] = at);
    let before = turned(next);
    let mut found: Vec<Option<usize>> = vec![None; next.len()];
    if let Some(own) = found.get_mut(root) {
        *own = Some(root);
    }
    let mut changed = true;
    while changed {
        changed = false;
        for &block in order.iter().rev().filter(|&&block| block != root) {
            let mut common: Option<usize> = None;
            for &from in before[block].iter().filter(|&&from| found[from].is_some()) {
                common = Some(common.map_or(from, |other| nearest(&found, &place, other, from)));
            }
            if common != found[block] {
                found[block] = common;
                changed = true;
            }
        }
    }
    found
}

/// The nearest block above both.
fn nearest(found: &[Option<usize>], place: &[usize], mut a: usize, mut b: usize) -> usize {
    while a != b {
        let lower = if place[a] < place[b] { &mut a } else { &mut b };
        match found[*lower] {
            Some(up) if up != *lower => *lower = up,
            // Both are below the root.
            Some(_) | None => break,
        }
    }
    a
}

fn postorder(next: &[Vec<usize>], root: usize) -> Vec<usize> {
    postorder_from(next, root, &mut vec![false; next.len()])
}

/// The nodes that were not seen before, each behind those it leads to.
fn postorder_from(next: &[Vec<usize>], root: usize, seen: &mut [bool]) -> Vec<usize> {
    let (mut order, mut open) = (Vec::new(), Vec::new());
    if seen.get(root) == Some(&false) {
        seen[root] = true;
        open.push((root, 0));
    }
    while let Some((block, way)) = open.pop() {
        match next[block].get(way) {
            Some(&to) => {
                open.push((block, way + 1));
                if !std::mem::replace(&mut seen[to], true) {
                    open.push((to, 0));
                }
            }
            None => order.push(block),
        }
    }
    order
}
