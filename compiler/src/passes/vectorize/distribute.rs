//! Loops of which only a part can be done at once.
//!
//! The turn is taken apart into groups of steps ([`super::units`]). A group on which no earlier turn has a bearing is done for all turns at
//! once; the others stay loops, each turn of which takes from the tensors that were made what is its own. What they give to
//! later groups is kept in a tensor with an entry for every turn. Groups that stay and do not need each other share a loop, and its rounds.

use super::refusal::{Refusal, depth};
use super::trace::{Axis, AxisInfo, Obstacle, Sym, Tracer, Val, Why};
use super::tree::{Loop, Node};
use super::units::{Graph, Group, Unit, is_kept, units};
use crate::ir::{BlockId, Registers, Terminator};
use mpc_bytecode::operand::{Binary, Place};
use mpc_bytecode::{AnyDst, AnySrc, Dst, Instruction, Kind, Reg, Src, Type};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// How often loops of a nest are taken apart: in loops that stay loops inner ones are tried anew, and theirs again.
const TRIES: u32 = 40;

/// The most turns that a loop may have to be taken apart: as a loop it needs no memory for its turns.
const MOST_TURNS: i64 = 1 << 22;

/// A loop that is taken apart.
struct Parts<'a> {
    inner: &'a Loop,
    axis: Axis,
    units: Vec<Unit>,
    groups: Vec<Group>,
    /// Of each unit, its group.
    of: Vec<usize>,
    done: Vec<bool>,
    /// Groups that must stay loops, and why.
    staying: BTreeMap<usize, Obstacle>,
    /// Registers that the loop steps evenly.
    stepped: HashSet<Reg>,
    /// What registers hold after the loop of which there is a tensor with an entry for every turn.
    finals: Vec<(Reg, Val)>,
    /// Something that costs rounds was done at once.
    gained: bool,
}

/// How it ends.
enum Outcome {
    Done,
    /// These two steps belong together after all.
    Joined(usize, usize),
}

impl Tracer<'_> {
    /// A loop over a range in parts; an obstacle if nothing is gained by that.
    pub fn distributed(&mut self, inner: &Loop) -> Result<(), Obstacle> {
        let all = units(&forwarded(&inner.body, self.registers), self.registers, &|reg| self.known_int(reg));
        let nothing = Obstacle { header: Some(inner.header), reg: None, span: inner.span, why: Why::Cycle };
        self.tries += 1;
        if all.len() < 2 || self.tries > TRIES || self.is_endless(inner) {
            return Err(nothing);
        }
        let stepped: HashSet<Reg> = self.stepped(inner).iter().map(|step| step.reg).collect();
        let carried: Vec<Reg> = inner.carried.iter().copied().filter(|reg| !stepped.contains(reg)).collect();
        let mut joined: Vec<(usize, usize)> = Vec::new();
        loop {
            let mut graph = Graph::of(&all, &carried, self.order.exact, self.registers);
            joined.iter().for_each(|&(a, b)| graph.cycle(&[a, b]));
            let groups = graph.groups();
            if groups.len() < 2 {
                return Err(nothing);
            }
            let snapshot = self.snapshot();
            match self.in_parts(inner, &all, groups, &stepped) {
                Ok(Outcome::Done) => return Ok(()),
                Ok(Outcome::Joined(a, b)) => joined.push((a, b)),
                Err(obstacle) => {
                    self.restore(snapshot);
                    return Err(obstacle);
                }
            }
            self.restore(snapshot);
        }
    }

    /// True if a loop may have more turns than there is memory for: very many, or as many as only a run can tell.
    fn is_endless(&self, inner: &Loop) -> bool {
        self.revealed.has(inner.left) || self.known_int(inner.left).is_some_and(|turns| turns > MOST_TURNS)
    }

    fn in_parts(
        &mut self,
        inner: &Loop,
        all: &[Unit],
        groups: Vec<Group>,
        stepped: &HashSet<Reg>,
    ) -> Result<Outcome, Obstacle> {
        self.span = inner.span;
        let (axis, steps) = self.begin(inner)?;
        let mut of = vec![0; all.len()];
        for (number, group) in groups.iter().enumerate() {
            group.units.iter().for_each(|&unit| of[unit] = number);
        }
        let done = vec![false; groups.len()];
        let (units, stepped) = (all.to_vec(), stepped.clone());
        let (staying, finals, gained) = (BTreeMap::new(), Vec::new(), false);
        let mut parts = Parts { inner, axis, units, groups, of, done, staying, stepped, finals, gained };
        while let Some(next) = parts.next() {
            match next {
                Next::Try(group) => {
                    let snapshot = self.snapshot();
                    match self.group_at_once(&mut parts, group) {
                        Ok(()) => parts.finish(&[group]),
                        Err(obstacle) => {
                            self.restore(snapshot);
                            parts.staying.insert(group, obstacle);
                        }
                    }
                }
                Next::Stay(groups) => {
                    if let Some((a, b)) = parts.inseparable(&groups, self.registers) {
                        return Ok(Outcome::Joined(a, b));
                    }
                    self.groups_in_turn(&mut parts, &groups)?;
                    parts.finish(&groups);
                }
            }
        }
        if !parts.gained {
            return self.obstacle(None, Why::Cycle);
        }
        self.leave_steps(&steps, axis);
        for (reg, val) in parts.finals {
            self.give(reg, val);
        }
        for &reg in inner.carried.iter().chain(&inner.last) {
            if matches!(self.env.get(reg), Some(Sym::Plain(_) | Sym::Merge(_))) {
                let val = self.read(reg)?;
                self.last_turn(reg, &val, axis)?;
            }
        }
        Ok(Outcome::Done)
    }

    /// A group with all turns at once.
    fn group_at_once(&mut self, parts: &mut Parts<'_>, group: usize) -> Result<(), Obstacle> {
        let sub = parts.sub_loop(&[group]);
        let outside = parts.read_outside(&[group]);
        if let Some(&reg) = sub.carried.iter().find(|reg| outside.contains(reg)) {
            return Err(Obstacle { header: Some(sub.header), reg: Some(reg), span: self.span, why: Why::Cycle });
        }
        self.order.late = parts.is_late(group);
        for &reg in &sub.carried {
            self.carry(reg, &sub, parts.axis, false);
        }
        self.space.push(parts.axis);
        if !self.sequence(&sub.body)? {
            return self.obstacle(None, Why::Effect);
        }
        self.space.pop();
        for &reg in &sub.carried {
            self.settle(reg, &sub, parts.axis)?;
        }
        for &unit in &parts.groups[group].units {
            for &reg in parts.units[unit].writes.iter().filter(|reg| outside.contains(reg)) {
                match self.env.get(reg) {
                    None | Some(Sym::Plain(_)) => {}
                    Some(Sym::Merge(_)) if is_kept(reg, self.registers) => {}
                    // What nobody can put together for all turns stays with those that read it.
                    Some(_) => drop(self.read(reg)?),
                }
            }
        }
        self.order.late = false;
        parts.gained |= depth(&sub.body, &mut HashMap::new()) > 0;
        Ok(())
    }

    /// Groups that stay, in one loop.
    fn groups_in_turn(&mut self, parts: &mut Parts<'_>, groups: &[usize]) -> Result<(), Obstacle> {
        let sub = parts.sub_loop(groups);
        let outside = parts.read_outside(groups);
        let kept: Vec<Reg> = parts.written(groups).into_iter().filter(|reg| outside.contains(reg)).collect();
        // What choices left open is put together before, and not in every turn.
        for &unit in groups.iter().flat_map(|&group| &parts.groups[group].units) {
            let mut reads: Vec<Reg> = parts.units[unit].reads.iter().copied().collect();
            reads.sort_unstable();
            for reg in reads {
                if matches!(self.env.get(reg), Some(Sym::Merge(_))) {
                    self.read(reg)?;
                }
            }
        }
        let first = groups.iter().filter_map(|group| parts.staying.get(group)).next().cloned();
        parts.finals.extend(self.kept_turns(&sub, parts.axis, &kept)?);
        let seen = |unit: &usize| parts.units[*unit].visible || parts.units[*unit].opens;
        self.order.disclosed |= groups.iter().any(|&group| parts.groups[group].units.iter().any(seen));
        self.order.passed |= std::mem::take(&mut self.order.fails);
        if let Some(obstacle) = first {
            let turns = self.known_int(self.count(parts.axis)).and_then(|turns| u64::try_from(turns).ok());
            self.refused.extend(Refusal::of(sub.span, &sub.body, &obstacle, turns));
        }
        Ok(())
    }

    /// A loop that runs turn after turn; what is `kept` has an entry for every turn afterwards. What of that the loop carries is
    /// returned as the last turn leaves it.
    fn kept_turns(&mut self, sub: &Loop, axis: Axis, kept: &[Reg]) -> Result<Vec<(Reg, Val)>, Obstacle> {
        let mut carried: Vec<Reg> = sub.carried.clone();
        carried.extend(sub.last.iter().filter(|reg| !kept.contains(reg)));
        let mut shapes: HashMap<Reg, Vec<Axis>> = HashMap::new();
        let mut tensors: Vec<(Reg, Val)> = Vec::new();
        let count = self.count(axis);
        self.settling(&carried, |tracer, held| {
            tensors.clear();
            for &reg in kept {
                tensors.push((reg, tracer.tensor_of_turns(reg, shapes.get(&reg), axis)));
            }
            let turns = tracer.registers.add(Type::Tensor(Kind::Int), 0);
            tracer.mutable.insert(turns);
            let (zero, one) = (tracer.int(0), tracer.int(1));
            tracer.copy(turns, zero);
            let (head, turn, done) = (tracer.block(), tracer.block(), tracer.block());
            tracer.end(Terminator::Jump(BlockId(head as u32)), head);
            let made = tracer.made_mark();
            let more = tracer.make(Kind::Bool, 0, |to| Instruction::Binary {
                op: Binary::Lt,
                dst: Dst::new(to.index),
                a: Src::new(turns.index),
                b: Src::new(count.index),
            });
            let branch = Terminator::Branch { cond: more, then: BlockId(turn as u32), otherwise: BlockId(done as u32) };
            tracer.end(branch, turn);
            let before = tracer.env.mark();
            let point = tracer.turn_point(axis, turns);
            tracer.space.push(point);
            if !tracer.sequence(&sub.body)? {
                return tracer.obstacle(None, Why::Effect);
            }
            let mut wider = HashMap::new();
            for (reg, tensor) in &tensors {
                let val = tracer.operand(*reg)?;
                if let Some(all) = tracer.keep_turn(&val, tensor, axis, turns) {
                    shapes.insert(*reg, all.clone());
                    wider.insert(*reg, all);
                }
            }
            wider.extend(tracer.turn_over(held)?);
            tracer.space.pop();
            tracer.env.back(before);
            tracer.put(Instruction::Binary {
                op: Binary::Add,
                dst: Dst::new(turns.index),
                a: Src::new(turns.index),
                b: Src::new(one.index),
            });
            tracer.end(Terminator::Jump(BlockId(head as u32)), done);
            tracer.forget_made(made);
            Ok(wider)
        })?;
        let mut finals = Vec::new();
        for (reg, tensor) in tensors {
            if sub.carried.contains(&reg) {
                finals.push((reg, self.read(reg)?));
            }
            self.give(reg, tensor);
        }
        Ok(finals)
    }

    /// Stands for the one turn of a loop that is under way.
    fn turn_point(&mut self, axis: Axis, turns: Reg) -> Axis {
        self.axes.push(AxisInfo {
            count: self.count(axis),
            origins: vec![(axis, turns)],
            parents: Vec::new(),
            flat: None,
            var: None,
            low: None,
            steps: None,
            point: true,
        });
        Axis(self.axes.len() - 1)
    }

    /// A tensor for the values of a register at every turn.
    fn tensor_of_turns(&mut self, reg: Reg, axes: Option<&Vec<Axis>>, axis: Axis) -> Val {
        let kind = self.kind(reg);
        let mut axes = axes.cloned().unwrap_or_default();
        axes.push(axis);
        let to = self.registers.add(Type::Tensor(kind), axes.len() as u32);
        self.mutable.insert(to);
        let zeros = self.zeros(kind, &axes);
        self.copy(to, zeros);
        Val { reg: to, axes }
    }

    /// Puts a turn's value into such a tensor; if it has not all the axes of the value, those that it needs.
    fn keep_turn(&mut self, val: &Val, tensor: &Val, axis: Axis, turns: Reg) -> Option<Vec<Axis>> {
        let own: Vec<Axis> = tensor.axes.iter().copied().filter(|&other| other != axis).collect();
        if val.axes.iter().any(|other| !own.contains(other)) {
            let mut all: Vec<Axis> = own.into_iter().chain(val.axes.iter().copied()).collect();
            all.sort_unstable();
            all.dedup();
            return Some(all);
        }
        let value = self.expanded(val, &own);
        let mut places: Vec<Place> = own.iter().map(|_| super::tensor::WHOLE).collect();
        places.push(Place::At(Src::new(turns.index)));
        self.put(Instruction::Assign {
            dst: AnyDst(tensor.reg),
            src: AnySrc(tensor.reg),
            places,
            value: AnySrc(value),
        });
        None
    }
}

/// What comes next.
enum Next {
    /// A group may be done at once.
    Try(usize),
    /// These stay a loop.
    Stay(Vec<usize>),
}

impl Parts<'_> {
    fn is_ready(&self, group: usize) -> bool {
        !self.done[group] && self.groups[group].after.iter().all(|&before| self.done[before])
    }

    /// At once what can be, as long as it discloses nothing; then what stays and cannot be seen; then disclosures; then the rest.
    fn next(&self) -> Option<Next> {
        let ready: Vec<usize> = (0..self.groups.len()).filter(|&group| self.is_ready(group)).collect();
        let is =
            |group: &usize, what: fn(&Unit) -> bool| self.groups[*group].units.iter().any(|&at| what(&self.units[at]));
        let seen = |group: &usize| is(group, |unit| unit.visible);
        let opens = |group: &usize| is(group, |unit| unit.opens);
        let tried = |group: &usize| self.staying.contains_key(group);
        let first = |found: &dyn Fn(&usize) -> bool| ready.iter().find(|group| found(group)).copied();
        if let Some(group) = first(&|group| !tried(group) && !seen(group) && !opens(group)) {
            return Some(Next::Try(group));
        }
        let quiet: Vec<usize> =
            ready.iter().copied().filter(|group| tried(group) && !seen(group) && !opens(group)).collect();
        let waiting = first(&|group| !tried(group));
        match waiting {
            Some(_) if !quiet.is_empty() => Some(Next::Stay(quiet)),
            Some(group) => Some(Next::Try(group)),
            None if ready.is_empty() => None,
            None => Some(Next::Stay(ready)),
        }
    }

    fn finish(&mut self, groups: &[usize]) {
        groups.iter().for_each(|&group| self.done[group] = true);
    }

    /// True if something that can be seen or is disclosed stands before a group in the program.
    fn is_late(&self, group: usize) -> bool {
        let last = self.groups[group].units.last().copied().unwrap_or(0);
        self.units[..last].iter().any(|unit| unit.visible || unit.opens)
    }

    /// The loop with these groups alone.
    fn sub_loop(&self, groups: &[usize]) -> Loop {
        let mut members: Vec<usize> =
            groups.iter().flat_map(|&group| self.groups[group].units.iter().copied()).collect();
        members.sort_unstable();
        let written = self.written(groups);
        let mine = |reg: &&Reg| written.contains(*reg) && !self.stepped.contains(*reg);
        Loop {
            body: members.iter().map(|&unit| self.units[unit].node.clone()).collect(),
            carried: self.inner.carried.iter().filter(mine).copied().collect(),
            last: self.inner.last.iter().filter(mine).copied().collect(),
            ..self.inner.clone()
        }
    }

    fn written(&self, groups: &[usize]) -> BTreeSet<Reg> {
        let units = groups.iter().flat_map(|&group| &self.groups[group].units);
        units.flat_map(|&unit| self.units[unit].writes.iter().copied()).collect()
    }

    /// What steps of other groups read.
    fn read_outside(&self, groups: &[usize]) -> HashSet<Reg> {
        let others =
            (0..self.units.len()).filter(|&unit| !groups.contains(&self.of[unit]) && !self.done[self.of[unit]]);
        others.flat_map(|unit| self.units[unit].reads.iter().copied()).collect()
    }

    /// A step that stays and one outside that needs of it what cannot be kept for every turn.
    fn inseparable(&self, groups: &[usize], registers: &Registers) -> Option<(usize, usize)> {
        let outside = self.read_outside(groups);
        for &unit in groups.iter().flat_map(|&group| &self.groups[group].units) {
            let mut lost: Vec<Reg> =
                self.units[unit].writes.iter().copied().filter(|&reg| !is_kept(reg, registers)).collect();
            lost.sort_unstable();
            for reg in lost.into_iter().filter(|reg| outside.contains(reg)) {
                let reader = (0..self.units.len()).find(|&other| {
                    !groups.contains(&self.of[other])
                        && !self.done[self.of[other]]
                        && self.units[other].reads.contains(&reg)
                });
                if let Some(reader) = reader {
                    return Some((unit, reader));
                }
            }
        }
        None
    }
}

/// A sequence in which an element that was just written is not read again: what was written is taken.
fn forwarded(nodes: &[Node], registers: &Registers) -> Vec<Node> {
    let mut known: Vec<Stored> = Vec::new();
    let mut out = Vec::with_capacity(nodes.len());
    for node in nodes {
        let mut node = node.clone();
        if let Node::Op(op) = &mut node {
            let found = element_read(&op.instruction);
            if let Some((dst, tensor, places)) = found
                && let Some(stored) = known.iter().find(|stored| stored.tensor == tensor && stored.places == places)
                && registers.get(dst) == registers.get(stored.value)
            {
                op.instruction = Instruction::Copy { dst: AnyDst(dst), src: AnySrc(stored.value) };
            }
        }
        let mut written: HashSet<Reg> = HashSet::new();
        super::tree::each_op(std::slice::from_ref(&node), &mut |op| {
            op.writes(|reg| {
                written.insert(reg);
            })
        });
        super::tree::each_node(std::slice::from_ref(&node), &mut |node| {
            if let Node::Loop(inner) = node {
                written.insert(inner.at);
            }
        });
        known.retain(|stored| !stored.touches(&written));
        if let Node::Op(op) = &node {
            known.extend(element_written(&op.instruction));
        }
        out.push(node);
    }
    out
}

/// An element and what it holds.
struct Stored {
    tensor: Reg,
    places: Vec<Reg>,
    value: Reg,
}

impl Stored {
    fn touches(&self, written: &HashSet<Reg>) -> bool {
        written.contains(&self.tensor)
            || written.contains(&self.value)
            || self.places.iter().any(|at| written.contains(at))
    }
}

fn points(places: &[Place]) -> Option<Vec<Reg>> {
    let point = |place: &Place| match place {
        Place::At(at) => Some(at.reg()),
        Place::Range(..) | Place::NewAxis | Place::Rest => None,
    };
    places.iter().map(point).collect()
}

fn element_read(instruction: &Instruction) -> Option<(Reg, Reg, Vec<Reg>)> {
    match instruction {
        Instruction::Index { dst, src, places } => Some((dst.0, src.0, points(places)?)),
        Instruction::Get { dst, src, at } => Some((dst.0, src.reg(), vec![at.reg()])),
        _ => None,
    }
}

fn element_written(instruction: &Instruction) -> Option<Stored> {
    match instruction {
        Instruction::Assign { dst, src, places, value } if dst.0 == src.0 => {
            Some(Stored { tensor: dst.0, places: points(places)?, value: value.0 })
        }
        Instruction::Set { dst, src, at, item } if dst.reg() == src.reg() => {
            Some(Stored { tensor: dst.reg(), places: vec![at.reg()], value: item.0 })
        }
        _ => None,
    }
}
