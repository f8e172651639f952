//! The steps of a loop's turn, and which of them go round in circles.
//!
//! A step that needs, from the turn before, what comes of itself belongs to a cycle with all steps on the way (Allen and Kennedy, "Optimizing
//! Compilers for Modern Architectures", 2001, chapter 5). What no cycle contains can be done for all turns before what follows it begins.
//! Prints, and what may raise an exception where somebody would notice the order, are one cycle: they keep their order.

use super::super::effects::can_raise;
use super::tree::{If, Node, each_node, each_op};
use crate::ir::{Op, Registers};
use mpc_bytecode::isa::Effect;
use mpc_bytecode::operand::Binary;
use mpc_bytecode::{Bank, Instruction, Reg, Type};
use std::collections::{HashMap, HashSet};

/// A step.
#[derive(Clone, Debug)]
pub struct Unit {
    /// What it does.
    pub node: Node,
    /// What it reads, other than what it has surely written itself.
    pub reads: HashSet<Reg>,
    /// What it may write.
    pub writes: HashSet<Reg>,
    /// It writes these whatever happens.
    pub surely: HashSet<Reg>,
    /// It can be seen from outside.
    pub visible: bool,
    /// It discloses something.
    pub opens: bool,
    /// It may raise an exception in one turn and not in another.
    pub fragile: bool,
}

/// Steps that belong together, by their places in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The steps, rising.
    pub units: Vec<usize>,
    /// The groups that come before.
    pub after: Vec<usize>,
}

/// True for what others see: prints, calls, ports.
pub fn is_visible(op: &Op) -> bool {
    op.instruction.effect() == Effect::Visible && !matches!(op.instruction, Instruction::Open { .. })
}

/// True if an instruction may raise an exception that depends on the values of a turn, and that no look at positions beforehand can exclude.
pub fn is_fragile(op: &Op, registers: &Registers, known: &dyn Fn(Reg) -> Option<i64>) -> bool {
    use Instruction as I;
    if !can_raise(op, registers) {
        return false;
    }
    match &op.instruction {
        I::Binary { op: Binary::FloorDiv | Binary::Mod, b, .. } if known(b.reg()).is_some_and(|by| by > 0) => false,
        I::Index { .. } | I::Assign { .. } | I::Gather { .. } | I::Get { .. } | I::Set { .. } => false,
        I::Binary { op: Binary::Add | Binary::Sub | Binary::Mul, .. } => false,
        _ => !is_uniform(op),
    }
}

/// True if only shapes decide whether an instruction raises an exception: then it does so in every turn or in none.
pub fn is_uniform(op: &Op) -> bool {
    use Instruction as I;
    matches!(
        op.instruction,
        I::Add { .. }
            | I::Sub { .. }
            | I::AddPublic { .. }
            | I::PublicSub { .. }
            | I::MulPublic { .. }
            | I::MatmulPublic { .. }
            | I::PublicMatmul { .. }
            | I::Matmul { .. }
            | I::Concat { .. }
            | I::Stack { .. }
            | I::Broadcast { .. }
            | I::Reshape { .. }
            | I::Transpose { .. }
    )
}

/// The steps of a sequence: choices in which something can be seen are taken apart, so that each part can go its own way.
pub fn units(nodes: &[Node], registers: &Registers, known: &dyn Fn(Reg) -> Option<i64>) -> Vec<Unit> {
    let mut parts = Vec::new();
    split(nodes, &mut parts);
    parts.into_iter().map(|node| unit(node, registers, known)).collect()
}

/// Choices within choices stay whole.
fn split(nodes: &[Node], out: &mut Vec<Node>) {
    for node in nodes {
        match node {
            Node::If(choice) if is_divisible(choice) => {
                let part = |then: Vec<Node>, otherwise: Vec<Node>| {
                    Node::If(Box::new(If { cond: choice.cond, then, otherwise, span: choice.span }))
                };
                out.extend(choice.then.iter().map(|node| part(vec![node.clone()], Vec::new())));
                out.extend(choice.otherwise.iter().map(|node| part(Vec::new(), vec![node.clone()])));
            }
            node => out.push(node.clone()),
        }
    }
}

/// True for a choice in which something is disclosed or can be seen, whose condition stays what it is in both arms.
fn is_divisible(choice: &If) -> bool {
    let (mut seen, mut stays) = (false, true);
    for arm in [&choice.then, &choice.otherwise] {
        each_op(arm, &mut |op| {
            seen |= op.instruction.effect() == Effect::Visible;
            op.writes(|reg| stays &= reg != choice.cond);
        });
        each_node(arm, &mut |node| stays &= !matches!(node, Node::If(_) | Node::Raise(..)));
    }
    seen && stays
}

fn unit(node: Node, registers: &Registers, known: &dyn Fn(Reg) -> Option<i64>) -> Unit {
    let mut unit = Unit {
        node: node.clone(),
        reads: HashSet::new(),
        writes: HashSet::new(),
        surely: HashSet::new(),
        visible: false,
        opens: false,
        fragile: false,
    };
    let nodes = [node];
    each_op(&nodes, &mut |op| {
        unit.visible |= is_visible(op);
        unit.opens |= matches!(op.instruction, Instruction::Open { .. });
        unit.fragile |= is_fragile(op, registers, known);
    });
    each_node(&nodes, &mut |node| unit.fragile |= matches!(node, Node::Raise(..)));
    flow(&nodes, &mut unit, true);
    unit
}

/// Notes what a sequence reads and writes. `surely` says that all of it runs.
fn flow(nodes: &[Node], unit: &mut Unit, surely: bool) {
    for node in nodes {
        match node {
            Node::Op(op) => {
                op.reads(|reg| note_read(unit, reg));
                op.writes(|reg| {
                    unit.writes.insert(reg);
                    if surely {
                        unit.surely.insert(reg);
                    }
                });
            }
            Node::If(choice) => {
                note_read(unit, choice.cond);
                let before = unit.surely.clone();
                flow(&choice.then, unit, surely);
                let then = std::mem::replace(&mut unit.surely, before.clone());
                flow(&choice.otherwise, unit, surely);
                let both = unit.surely.intersection(&then).copied().collect();
                unit.surely = both;
            }
            Node::Loop(inner) => {
                [inner.left, inner.at, inner.step].into_iter().for_each(|reg| note_read(unit, reg));
                unit.writes.insert(inner.at);
                let before = unit.surely.clone();
                unit.surely.insert(inner.at);
                flow(&inner.body, unit, true);
                unit.surely = before;
            }
            Node::While(inner) => {
                flow(&inner.head, unit, surely);
                let before = unit.surely.clone();
                note_read(unit, inner.cond);
                flow(&inner.body, unit, true);
                unit.surely = before;
            }
            Node::Raise(end, _) => end.reads(|reg| note_read(unit, reg)),
        }
    }
}

fn note_read(unit: &mut Unit, reg: Reg) {
    if !unit.surely.contains(&reg) {
        unit.reads.insert(reg);
    }
}

/// The graph of steps.
pub struct Graph {
    after: Vec<Vec<usize>>,
}

impl Graph {
    /// Which step must wait for which. `carried` are the registers that a turn may read as an earlier one left them; `ordered` says that somebody
    /// would notice the order of exceptions.
    pub fn of(units: &[Unit], carried: &[Reg], ordered: bool, registers: &Registers) -> Self {
        let mut graph = Graph { after: vec![Vec::new(); units.len()] };
        let carried: HashSet<Reg> = carried.iter().copied().collect();
        let mut accesses: HashMap<Reg, Vec<(usize, bool)>> = HashMap::new();
        for (at, unit) in units.iter().enumerate() {
            unit.reads.iter().for_each(|&reg| accesses.entry(reg).or_default().push((at, false)));
            unit.writes.iter().for_each(|&reg| accesses.entry(reg).or_default().push((at, true)));
        }
        for (&reg, all) in &accesses {
            graph.in_order(all);
            if carried.contains(&reg) {
                graph.around(reg, all, units, registers);
            }
        }
        let seen = |unit: &Unit| unit.visible || ordered && unit.fragile;
        let seen: Vec<usize> = (0..units.len()).filter(|&at| seen(&units[at])).collect();
        graph.cycle(&seen);
        graph
    }

    /// `second` waits for `first`.
    pub fn edge(&mut self, first: usize, second: usize) {
        if first != second {
            self.after[second].push(first);
        }
    }

    /// These wait for each other.
    pub fn cycle(&mut self, units: &[usize]) {
        units.windows(2).for_each(|pair| self.edge(pair[0], pair[1]));
        if let (Some(&first), Some(&last)) = (units.first(), units.last()) {
            self.edge(last, first);
        }
    }

    /// A read waits for the write before it, a write for what came since the write before it.
    fn in_order(&mut self, accesses: &[(usize, bool)]) {
        let (mut written, mut read): (Option<usize>, Vec<usize>) = (None, Vec::new());
        for &(at, writes) in accesses {
            written.iter().for_each(|&before| self.edge(before, at));
            if writes {
                read.drain(..).for_each(|before| self.edge(before, at));
                written = Some(at);
            } else {
                read.push(at);
            }
        }
    }

    /// What turns hand on: whatever writes it belongs together with whatever reads it as the turn before left it. What only whole tensors
    /// can hold is read by those who write it.
    fn around(&mut self, reg: Reg, accesses: &[(usize, bool)], units: &[Unit], registers: &Registers) {
        let kept = is_kept(reg, registers);
        let mut members = Vec::new();
        let mut sure = false;
        for &(at, writes) in accesses {
            if writes || !sure || !kept {
                members.push(at);
            }
            sure |= writes && units[at].surely.contains(&reg);
        }
        if accesses.iter().any(|&(_, writes)| writes) {
            members.dedup();
            self.cycle(&members);
        }
    }

    /// The groups: steps that wait for each other, each group after those that it waits for.
    pub fn groups(&mut self) -> Vec<Group> {
        self.after.iter_mut().for_each(|before| {
            before.sort_unstable();
            before.dedup();
        });
        let of = components(&self.after);
        let count = of.iter().max().map_or(0, |last| last + 1);
        let mut groups = vec![Group { units: Vec::new(), after: Vec::new() }; count];
        for (unit, &group) in of.iter().enumerate() {
            groups[group].units.push(unit);
            groups[group].after.extend(self.after[unit].iter().map(|&other| of[other]).filter(|&other| other != group));
        }
        for group in &mut groups {
            group.after.sort_unstable();
            group.after.dedup();
        }
        groups
    }
}

/// True for a register of which a value for every turn can be kept in one tensor made before the first.
pub fn is_kept(reg: Reg, registers: &Registers) -> bool {
    let register = registers.get(reg);
    let plain = matches!(&register.ty, Type::Tensor(kind) if *kind != mpc_bytecode::Kind::Str);
    reg.bank != Bank::List && register.rank == 0 && plain
}

/// The number of each node's strongly connected component: those that a component needs have smaller numbers (Tarjan 1972).
fn components(after: &[Vec<usize>]) -> Vec<usize> {
    let count = after.len();
    let (mut index, mut low, mut of) = (vec![usize::MAX; count], vec![0; count], vec![usize::MAX; count]);
    let (mut next, mut found) = (0, 0);
    let mut open: Vec<usize> = Vec::new();
    for root in 0..count {
        if index[root] != usize::MAX {
            continue;
        }
        let mut stack = vec![(root, 0)];
        while let Some(&(at, edge)) = stack.last() {
            if edge == 0 && index[at] == usize::MAX {
                (index[at], low[at]) = (next, next);
                next += 1;
                open.push(at);
            }
            if let Some(&to) = after[at].get(edge) {
                stack.last_mut().into_iter().for_each(|top| top.1 += 1);
                if index[to] == usize::MAX {
                    stack.push((to, 0));
                } else if of[to] == usize::MAX {
                    low[at] = low[at].min(index[to]);
                }
                continue;
            }
            stack.pop();
            if let Some(&(parent, _)) = stack.last() {
                low[parent] = low[parent].min(low[at]);
            }
            if low[at] == index[at] {
                while let Some(member) = open.pop() {
                    of[member] = found;
                    if member == at {
                        break;
                    }
                }
                found += 1;
            }
        }
    }
    of
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn what_goes_round_in_circles_is_one_component() {
        // 0 ← 1 ⇄ 2 ← 3, and 4 alone.
        assert_eq!(components(&[vec![], vec![0, 2], vec![1], vec![2], vec![]]), [0, 1, 1, 2, 3]);
    }
}
