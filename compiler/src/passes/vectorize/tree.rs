//! Loops as trees: the blocks of a loop as nested sequences, choices and loops.
//!
//! The source has no `goto`, so nearly all loops can be read back: a choice ends where both its arms meet (the block that every way to
//! the function's end passes), a loop over a range is known by its countdown. What cannot be read back, such as a loop that is left
//! in its middle, stays as it is.

use super::super::liveness::Liveness;
use crate::ir::{BlockId, Function, Op, Table, Terminator};
use crate::source::Span;
use mpc_bytecode::operand::{Binary, ConstId};
use mpc_bytecode::{Constant, Instruction, Reg};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A step of a sequence.
#[derive(Clone, Debug)]
pub enum Node {
    /// An instruction.
    Op(Op),
    /// A choice.
    If(Box<If>),
    /// A loop over a range.
    Loop(Box<Loop>),
    /// Any other loop.
    While(Box<While>),
    /// An exception that is raised on purpose.
    Raise(Terminator, Span),
}

/// A choice by a public condition.
#[derive(Clone, Debug)]
pub struct If {
    /// The condition.
    pub cond: Reg,
    /// Where it holds.
    pub then: Vec<Node>,
    /// Where it does not.
    pub otherwise: Vec<Node>,
    /// Where it stands.
    pub span: Span,
}

/// A loop over a range.
#[derive(Clone, Debug)]
pub struct Loop {
    /// Its first block: its name among the loops of a function.
    pub header: BlockId,
    /// The block after it.
    pub exit: BlockId,
    /// The register that holds the number of turns when the loop begins.
    pub left: Reg,
    /// The register that steps: before the loop it holds the first value.
    pub at: Reg,
    /// By how much it steps.
    pub step: Reg,
    /// One turn.
    pub body: Vec<Node>,
    /// What a turn may read as an earlier one left it, among what the loop writes.
    pub carried: Vec<Reg>,
    /// What the loop writes that is read after it and not carried.
    pub last: Vec<Reg>,
    /// Where the loop stands in the source.
    pub span: Span,
}

/// A loop with a condition.
#[derive(Clone, Debug)]
pub struct While {
    /// What runs before each test.
    pub head: Vec<Node>,
    /// The test.
    pub cond: Reg,
    /// It goes on while the test is this.
    pub stay: bool,
    /// One turn.
    pub body: Vec<Node>,
    /// What the loop writes that a turn, or what follows, may read as an earlier turn left it.
    pub carried: Vec<Reg>,
}

/// A loop of the flow graph.
#[derive(Clone, Debug)]
pub struct Natural {
    /// Where it is entered.
    pub header: BlockId,
    /// The blocks that lead back.
    pub latches: Vec<BlockId>,
    /// All its blocks.
    pub blocks: HashSet<BlockId>,
}

/// The ways through a function whose blocks stand in reverse postorder.
pub struct Ways {
    /// For every block, those that lead to it.
    pub before: Vec<Vec<BlockId>>,
    /// Its loops: outer ones before those in them.
    pub loops: Vec<Natural>,
    /// The place among the loops of each block that is a header.
    headers: HashMap<BlockId, usize>,
    /// For every block, the first that all ways from it to a return pass.
    meets: Vec<Option<BlockId>>,
}

impl Ways {
    /// Looks at a function; `None` if it has no loop.
    pub fn of(function: &Function) -> Option<Self> {
        let before = predecessors(function);
        let loops = loops(function, &before);
        if loops.is_empty() {
            return None;
        }
        let headers = loops.iter().enumerate().map(|(at, found)| (found.header, at)).collect();
        Some(Ways { before, loops, headers, meets: meets(function) })
    }

    fn natural(&self, header: BlockId) -> Option<&Natural> {
        self.headers.get(&header).map(|&at| &self.loops[at])
    }

    /// True if a way leads from a block to a return.
    fn returns(&self, at: BlockId) -> bool {
        self.meets[at.0 as usize].is_some()
    }
}

fn loops(function: &Function, before: &[Vec<BlockId>]) -> Vec<Natural> {
    let mut latches: BTreeMap<BlockId, Vec<BlockId>> = BTreeMap::new();
    for (at, block) in function.blocks.iter().enumerate() {
        block.end.successors(|to| {
            if to.0 as usize <= at {
                latches.entry(to).or_default().push(BlockId(at as u32));
            }
        });
    }
    let natural = |(header, latches): (BlockId, Vec<BlockId>)| {
        let (mut blocks, mut stack) = (HashSet::from([header]), latches.clone());
        while let Some(block) = stack.pop() {
            if blocks.insert(block) {
                stack.extend(&before[block.0 as usize]);
            }
        }
        Natural { header, latches, blocks }
    };
    latches.into_iter().map(natural).collect()
}

/// For every block, those that lead to it.
fn predecessors(function: &Function) -> Vec<Vec<BlockId>> {
    let mut before = vec![Vec::new(); function.blocks.len()];
    for (at, block) in function.blocks.iter().enumerate() {
        block.end.successors(|to| before[to.0 as usize].push(BlockId(at as u32)));
    }
    before
}

/// For every block, the first that all ways from it to a return pass, where the function's end counts as one block more; none for
/// those from which there is no such way.
fn meets(function: &Function) -> Vec<Option<BlockId>> {
    let count = function.blocks.len();
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, block) in function.blocks.iter().enumerate() {
        block.end.successors(|to| after[at].push(to.0 as usize));
    }
    // The function's end is one more block behind all returns. Blocks stand in reverse postorder, so going down settles fast.
    let end = count;
    let mut next: Vec<Option<usize>> = vec![None; count + 1];
    next[end] = Some(end);
    let rank = ranks(&after, function);
    let mut changed = true;
    while changed {
        changed = false;
        for at in (0..count).rev() {
            let returns = matches!(function.blocks[at].end, Terminator::Return(_));
            let ways = after[at].iter().copied().chain(returns.then_some(end)).filter(|&to| next[to].is_some());
            let mut met: Option<usize> = None;
            for way in ways {
                met = Some(match met {
                    None => way,
                    Some(other) => meet(&next, &rank, other, way),
                });
            }
            if met.is_some() && next[at] != met {
                next[at] = met;
                changed = true;
            }
        }
    }
    (0..count).map(|at| next[at].map(|to| BlockId(to as u32))).collect()
}

/// The numbers of blocks in a postorder walk against the edges from the end: those nearer to the end are smaller.
fn ranks(after: &[Vec<usize>], function: &Function) -> Vec<usize> {
    let count = after.len();
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); count + 1];
    for (at, ways) in after.iter().enumerate() {
        ways.iter().for_each(|&to| before[to].push(at));
        if matches!(function.blocks[at].end, Terminator::Return(_)) {
            before[count].push(at);
        }
    }
    let (mut seen, mut order) = (vec![false; count + 1], Vec::new());
    let mut stack = vec![(count, false)];
    while let Some((at, done)) = stack.pop() {
        if done {
            order.push(at);
        } else if !std::mem::replace(&mut seen[at], true) {
            stack.push((at, true));
            stack.extend(before[at].iter().map(|&from| (from, false)));
        }
    }
    let mut rank = vec![0; count + 1];
    order.iter().rev().enumerate().for_each(|(place, &at)| rank[at] = place);
    rank
}

fn meet(next: &[Option<usize>], rank: &[usize], mut a: usize, mut b: usize) -> usize {
    while a != b {
        while rank[a] > rank[b] {
            a = next[a].unwrap_or(rank.len() - 1);
        }
        while rank[b] > rank[a] {
            b = next[b].unwrap_or(rank.len() - 1);
        }
    }
    a
}

/// What is known of a function while its loops are read.
pub struct Reader<'a> {
    function: &'a Function,
    live: &'a Liveness,
    known: &'a Table<Option<ConstId>>,
    constants: &'a crate::ir::Constants,
    ways: &'a Ways,
    /// How many instructions may still be read: blocks that two ways share are read twice, but not without end.
    room: usize,
}

impl<'a> Reader<'a> {
    /// Prepares to read loops.
    pub fn new(
        function: &'a Function,
        live: &'a Liveness,
        known: &'a Table<Option<ConstId>>,
        constants: &'a crate::ir::Constants,
        ways: &'a Ways,
    ) -> Self {
        Reader { function, live, known, constants, ways, room: 0 }
    }

    /// A loop over a range as a tree; `None` if it is none, or cannot be read.
    pub fn counted(&mut self, natural: &Natural) -> Option<Loop> {
        self.room = 4 * natural.blocks.iter().map(|block| self.block(*block).code.len() + 1).sum::<usize>();
        match self.any_loop(natural)? {
            (Node::Loop(found), _) => Some(*found),
            _ => None,
        }
    }

    fn block(&self, at: BlockId) -> &'a crate::ir::Block {
        &self.function.blocks[at.0 as usize]
    }

    fn any_loop(&mut self, natural: &Natural) -> Option<(Node, BlockId)> {
        match self.countdown(natural) {
            Some(countdown) => self.range_loop(natural, countdown),
            None => self.while_loop(natural),
        }
    }

    fn is(&self, reg: Reg, value: i64) -> bool {
        matches!(self.known[reg].map(|id| self.constants.get(id)), Some(Constant::Int(shape, values)) if shape.is_empty() && values == &[value])
    }

    /// Of a loop over a range that is also left in its middle: where it stands, where it is left, and what it does.
    pub fn left_early(&self, natural: &Natural) -> Option<(Span, Span, Vec<Node>)> {
        let countdown = self.counting(natural)?;
        let other = self.exits(natural).into_iter().find(|&block| block != countdown.test)?;
        let mut blocks: Vec<BlockId> = natural.blocks.iter().copied().collect();
        blocks.sort_unstable();
        let ops = blocks.into_iter().flat_map(|block| &self.block(block).code);
        Some((countdown.span, self.block(other).span, ops.cloned().map(Node::Op).collect()))
    }

    /// The blocks of a loop from which a way leads out of it and to a return, in order.
    fn exits(&self, natural: &Natural) -> Vec<BlockId> {
        let leaves = |block: &&BlockId| {
            let mut leaves = false;
            self.block(**block).end.successors(|to| leaves |= !natural.blocks.contains(&to) && self.ways.returns(to));
            leaves
        };
        let mut exits: Vec<BlockId> = natural.blocks.iter().filter(leaves).copied().collect();
        exits.sort_unstable();
        exits
    }

    /// The end of a loop over a range that is left nowhere else.
    fn countdown(&self, natural: &Natural) -> Option<Countdown> {
        self.counting(natural).filter(|_| self.exits(natural).len() == 1)
    }

    /// The end of a loop over a range: `left = left - 1`, and a step where that is above zero.
    fn counting(&self, natural: &Natural) -> Option<Countdown> {
        let [latch] = natural.latches[..] else { return None };
        let [step] = &self.block(latch).code[..] else { return None };
        let Instruction::Binary { op: Binary::Add, dst: at, a, b: by } = step.instruction else { return None };
        let [test] = self.ways.before[latch.0 as usize][..] else { return None };
        let Terminator::Branch { cond, then, otherwise: exit } = self.block(test).end else { return None };
        if a.reg() != at.reg() || then != latch || natural.blocks.contains(&exit) {
            return None;
        }
        let mut ops = self.block(test).code.iter().rev();
        let left = ops.find_map(|op| match op.instruction {
            Instruction::Binary { op: Binary::Gt, dst, a, b } if dst.reg() == cond && self.is(b.reg(), 0) => {
                Some(a.reg())
            }
            _ => None,
        })?;
        let counts = |op: &&Op| matches!(op.instruction, Instruction::Binary { op: Binary::Sub, dst, a, b } if dst.reg() == left && a.reg() == left && self.is(b.reg(), 1));
        self.block(test).code.iter().find(counts)?;
        // Nothing else steps, counts, or looks at the count.
        let (mut steps, mut looks) = (0, 0);
        for op in natural.blocks.iter().flat_map(|block| &self.block(*block).code) {
            op.writes(|reg| steps += u32::from(reg == at.reg() || reg == left || reg == by.reg()));
            op.reads(|reg| looks += u32::from(reg == left));
        }
        (steps == 2 && looks == 2).then_some(Countdown {
            latch,
            test,
            cond,
            left,
            at: at.reg(),
            step: by.reg(),
            exit,
            span: step.span,
        })
    }

    fn range_loop(&mut self, natural: &Natural, countdown: Countdown) -> Option<(Node, BlockId)> {
        let mut body = Vec::new();
        self.sequence(natural.header, Some(countdown.latch), natural, Some(countdown.test), &mut body)?;
        let own = |node: &Node| match node {
            Node::Op(op) => op.result() != Some(countdown.left) && op.result() != Some(countdown.cond),
            Node::If(_) | Node::Loop(_) | Node::While(_) | Node::Raise(..) => true,
        };
        body.retain(own);
        let written = self.written(natural);
        let steps = [countdown.left, countdown.at, countdown.cond];
        let carried = |reg: &Reg| self.live.is_before(natural.header, *reg) && !steps.contains(reg);
        let (carried, others): (Vec<Reg>, Vec<Reg>) = written.into_iter().partition(|reg| carried(reg));
        let last = others.into_iter().filter(|reg| self.live.is_before(countdown.exit, *reg)).collect();
        let found = Loop {
            header: natural.header,
            exit: countdown.exit,
            left: countdown.left,
            at: countdown.at,
            step: countdown.step,
            body,
            carried,
            last,
            span: countdown.span,
        };
        Some((Node::Loop(Box::new(found)), countdown.exit))
    }

    /// Every register that a loop writes, each once, in order.
    fn written(&self, natural: &Natural) -> Vec<Reg> {
        let mut written = Vec::new();
        for op in natural.blocks.iter().flat_map(|block| &self.block(*block).code) {
            op.writes(|reg| written.push(reg));
        }
        written.sort_unstable();
        written.dedup();
        written
    }

    fn while_loop(&mut self, natural: &Natural) -> Option<(Node, BlockId)> {
        let inside = |to: BlockId| natural.blocks.contains(&to);
        let mut head = Vec::new();
        let mut at = natural.header;
        let (cond, stay, turn, exit) = loop {
            self.ops(at, &mut head)?;
            match self.block(at).end {
                Terminator::Jump(to) if inside(to) && to != natural.header && self.ways.natural(to).is_none() => {
                    at = to
                }
                Terminator::Branch { cond, then, otherwise } if inside(then) && !inside(otherwise) => {
                    break (cond, true, then, otherwise);
                }
                Terminator::Branch { cond, then, otherwise } if !inside(then) && inside(otherwise) => {
                    break (cond, false, otherwise, then);
                }
                _ => return None,
            }
        };
        let mut body = Vec::new();
        self.sequence(turn, Some(natural.header), natural, None, &mut body)?;
        let needed = |reg: &Reg| self.live.is_before(natural.header, *reg) || self.live.is_before(exit, *reg);
        let carried = self.written(natural).into_iter().filter(needed).collect();
        Some((Node::While(Box::new(While { head, cond, stay, body, carried })), exit))
    }

    fn ops(&mut self, at: BlockId, out: &mut Vec<Node>) -> Option<()> {
        let block = self.block(at);
        self.room = self.room.checked_sub(block.code.len() + 1)?;
        out.extend(block.code.iter().cloned().map(Node::Op));
        Some(())
    }

    /// What runs from `at` until `stop`; the block `test` ends the loop around.
    fn sequence(
        &mut self,
        mut at: BlockId,
        stop: Option<BlockId>,
        natural: &Natural,
        test: Option<BlockId>,
        out: &mut Vec<Node>,
    ) -> Option<()> {
        let mut first = true;
        while Some(at) != stop {
            if let Some(inner) = self.ways.natural(at).filter(|inner| inner.header != natural.header) {
                let (node, exit) = self.any_loop(inner)?;
                out.push(node);
                at = exit;
                continue;
            }
            // A way back to the loop's own beginning that is not its end.
            if at == natural.header && !std::mem::replace(&mut first, false) {
                return None;
            }
            first = false;
            self.ops(at, out)?;
            if Some(at) == test {
                return Some(());
            }
            let block = self.block(at);
            match &block.end {
                Terminator::Jump(to) => at = *to,
                Terminator::Branch { cond, then, otherwise } => {
                    at = self.choice(*cond, *then, *otherwise, at, natural, test, out)?;
                }
                Terminator::Raise(..) => {
                    out.push(Node::Raise(block.end.clone(), block.span));
                    return Some(());
                }
                Terminator::Return(_) | Terminator::Reraise(_) => return None,
            }
            if !natural.blocks.contains(&at) && Some(at) != stop && self.ways.returns(at) {
                return None;
            }
        }
        Some(())
    }

    /// A choice; where it goes on.
    #[allow(clippy::too_many_arguments, reason = "the three blocks of the choice, and where it stands")]
    fn choice(
        &mut self,
        cond: Reg,
        then: BlockId,
        otherwise: BlockId,
        at: BlockId,
        natural: &Natural,
        test: Option<BlockId>,
        out: &mut Vec<Node>,
    ) -> Option<BlockId> {
        let (leads, other) = (self.ways.returns(then), self.ways.returns(otherwise));
        let meet = match (leads, other) {
            (true, true) => self.ways.meets[at.0 as usize]?,
            (true, false) => then,
            (false, true) => otherwise,
            (false, false) => return None,
        };
        if !natural.blocks.contains(&meet) {
            return None;
        }
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        self.sequence(then, Some(meet), natural, test, &mut yes)?;
        self.sequence(otherwise, Some(meet), natural, test, &mut no)?;
        if !self.is_guard(cond, &yes, &no, out) {
            let span = self.block(at).span;
            out.push(Node::If(Box::new(If { cond, then: yes, otherwise: no, span })));
        } else {
            out.extend(yes);
        }
        Some(meet)
    }

    /// True for a loop behind the question whether it turns at all, which the loop answers by itself.
    fn is_guard(&self, cond: Reg, yes: &[Node], no: &[Node], out: &[Node]) -> bool {
        let Some((Node::Loop(inner), before)) = yes.split_last() else { return false };
        let simple = |node: &Node| matches!(node, Node::Op(op) if matches!(op.instruction, Instruction::Const { .. } | Instruction::Copy { .. }));
        let asked = out.iter().rev().find_map(|node| match node {
            Node::Op(op) if op.result() == Some(cond) => Some(&op.instruction),
            _ => None,
        });
        let asks = matches!(asked, Some(Instruction::Binary { op: Binary::Gt, a, b, .. }) if a.reg() == inner.left && self.is(b.reg(), 0));
        no.is_empty() && inner.last.is_empty() && before.iter().all(simple) && asks
    }
}

/// How a loop over a range ends.
struct Countdown {
    latch: BlockId,
    test: BlockId,
    cond: Reg,
    left: Reg,
    at: Reg,
    step: Reg,
    exit: BlockId,
    span: Span,
}

/// Calls `visit` with every instruction of a sequence.
pub fn each_op(nodes: &[Node], visit: &mut impl FnMut(&Op)) {
    for node in nodes {
        match node {
            Node::Op(op) => visit(op),
            Node::If(choice) => {
                each_op(&choice.then, visit);
                each_op(&choice.otherwise, visit);
            }
            Node::Loop(inner) => each_op(&inner.body, visit),
            Node::While(inner) => {
                each_op(&inner.head, visit);
                each_op(&inner.body, visit);
            }
            Node::Raise(..) => {}
        }
    }
}

/// Calls `visit` with every node of a sequence, and of those in it.
pub fn each_node(nodes: &[Node], visit: &mut impl FnMut(&Node)) {
    for node in nodes {
        visit(node);
        match node {
            Node::Op(_) | Node::Raise(..) => {}
            Node::If(choice) => {
                each_node(&choice.then, visit);
                each_node(&choice.otherwise, visit);
            }
            Node::Loop(inner) => each_node(&inner.body, visit),
            Node::While(inner) => {
                each_node(&inner.head, visit);
                each_node(&inner.body, visit);
            }
        }
    }
}
