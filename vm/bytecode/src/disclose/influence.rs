//! Which inputs can influence what is disclosed: through values, and through conditions and sizes that were revealed before.
//!
//! A forward analysis of every function by itself, over its input ports, its parameters, and whatever decides that it is called; calls put in what
//! is known at the caller. Sets only grow, and all is repeated until nothing does. A function of very many registers and blocks has
//! one state for all of its code. Where even that takes too long, everything depends on every input: that is true, only not exact, and the same wherever
//! it is computed.
//!
//! Nothing is assumed of the program: it may not have been verified.

use crate::isa::Instruction;
use crate::operand::{Access, Bank, Reg};
use crate::predict::Graph;
use crate::program::{Direction, Function, Program};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What something depends on: input ports by their number; within a function, its parameters behind those.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Influence {
    /// Through values.
    pub data: BTreeSet<u32>,
    /// Through what decides whether something happens, or how large it is.
    pub control: BTreeSet<u32>,
}

/// An entry of an instruction that discloses: function, instruction, entry.
type Place = (usize, usize, usize);

/// Numbers of a function's parameters begin here.
const PARAMETERS: u32 = 1 << 24;
/// What decides that a function is called.
const CALLED: u32 = u32::MAX;
/// Registers in all states of a function together, at most.
const MOST_STATES: usize = 1 << 24;
/// Instructions that are gone through for each of the program's, at most.
const MOST_PASSES: usize = 64;

/// A set that many registers may share.
type Set = Rc<Influence>;

/// What a function does with what it is given.
#[derive(Clone, Default, PartialEq)]
struct Summary {
    results: Vec<Set>,
    disclosed: BTreeMap<Place, Set>,
}

/// What every disclosure depends on.
pub(super) fn of(program: &Program) -> BTreeMap<Place, Influence> {
    let size: usize = program.functions.iter().map(|function| function.code.len() + 1).sum();
    let mut left = size.saturating_mul(MOST_PASSES);
    let mut summaries: Vec<Summary> = vec![Summary::default(); program.functions.len()];
    let graphs: Vec<Graph> = program.functions.iter().map(Graph::of).collect();
    let callers = callers(program);
    // Functions that are called stand behind their callers.
    let mut open: BTreeSet<usize> = (0..program.functions.len()).collect();
    while let Some(id) = open.pop_last() {
        let mut flow = Flow { program, graph: &graphs[id], id, summaries: &summaries, left: &mut left };
        let Some(found) = flow.function() else { return everything(program) };
        if found != summaries[id] {
            summaries[id] = found;
            open.extend(callers[id].iter().copied());
        }
    }
    collect(&summaries)
}

/// Who calls what from where: caller, instruction, callee.
pub(super) fn calls(program: &Program) -> Vec<(usize, usize, usize)> {
    let mut calls = Vec::new();
    for (caller, function) in program.functions.iter().enumerate() {
        for (at, instruction) in function.code.iter().enumerate() {
            if let Instruction::Call { function, .. } = instruction
                && (function.0 as usize) < program.functions.len()
            {
                calls.push((caller, at, function.0 as usize));
            }
        }
    }
    calls
}

fn callers(program: &Program) -> Vec<BTreeSet<usize>> {
    let mut callers = vec![BTreeSet::new(); program.functions.len()];
    calls(program).into_iter().for_each(|(caller, _, callee)| {
        callers[callee].insert(caller);
    });
    callers
}

/// The top level's disclosures, and those of functions that nobody calls, whatever they would be called with.
fn collect(summaries: &[Summary]) -> BTreeMap<Place, Influence> {
    let inputs = |set: &BTreeSet<u32>| set.iter().copied().filter(|&source| source < PARAMETERS).collect();
    let mut all: BTreeMap<Place, Influence> = BTreeMap::new();
    for (place, set) in summaries.iter().flat_map(|summary| &summary.disclosed) {
        let entry = all.entry(*place).or_default();
        entry.data.extend::<BTreeSet<u32>>(inputs(&set.data));
        entry.control.extend::<BTreeSet<u32>>(inputs(&set.control));
    }
    all.values_mut().for_each(|influence| {
        // What changes the value decides it anyway.
        influence.control = influence.control.difference(&influence.data).copied().collect();
    });
    all
}

fn everything(program: &Program) -> BTreeMap<Place, Influence> {
    let inputs = (0..).zip(&program.ports).filter(|(_, port)| port.direction == Direction::Input);
    let all = Influence { data: inputs.map(|(id, _)| id).collect(), control: BTreeSet::new() };
    let place = |d: &crate::program::Disclosure| (d.function.0 as usize, d.at as usize, d.entry as usize);
    program.disclosures.iter().map(|disclosure| (place(disclosure), all.clone())).collect()
}

/// The registers of a function at a point.
#[derive(Clone, PartialEq)]
struct State {
    registers: Vec<Set>,
    starts: [usize; 3],
}

impl State {
    fn new(function: &Function, none: &Set) -> Self {
        let [public, secret, lists] = function.registers.each_ref().map(Vec::len);
        Self { registers: vec![Rc::clone(none); public + secret + lists], starts: [0, public, public + secret] }
    }

    fn at(&self, reg: Reg) -> usize {
        self.starts[reg.bank as usize].saturating_add(reg.index as usize)
    }

    fn get(&self, reg: Reg) -> Option<&Set> {
        self.registers.get(self.at(reg))
    }

    fn set(&mut self, reg: Reg, set: Set) {
        let at = self.at(reg);
        if let Some(slot) = self.registers.get_mut(at) {
            *slot = set;
        }
    }

    /// Adds another state; says whether that is more.
    fn join(&mut self, other: &State) -> bool {
        let mut more = false;
        for (own, other) in self.registers.iter_mut().zip(&other.registers) {
            more |= add(own, other);
        }
        more
    }
}

/// Adds to a set; says whether that is more.
fn add(own: &mut Set, other: &Set) -> bool {
    if Rc::ptr_eq(own, other) || other.data.is_subset(&own.data) && other.control.is_subset(&own.control) {
        return false;
    }
    if own.data.is_subset(&other.data) && own.control.is_subset(&other.control) {
        *own = Rc::clone(other);
        return true;
    }
    let joined = Rc::make_mut(own);
    joined.data.extend(&other.data);
    joined.control.extend(&other.control);
    true
}

/// A function under analysis.
struct Flow<'a> {
    program: &'a Program,
    graph: &'a Graph,
    id: usize,
    summaries: &'a [Summary],
    left: &'a mut usize,
}

impl Flow<'_> {
    /// What a function does; nothing where that takes too long.
    fn function(&mut self) -> Option<Summary> {
        let function = &self.program.functions[self.id];
        let none: Set = Rc::default();
        let mut start = State::new(function, &none);
        for (number, &param) in (PARAMETERS..).zip(&function.params) {
            start.set(param, Rc::new(Influence { data: BTreeSet::from([number]), control: BTreeSet::new() }));
        }
        let blocks = self.graph.blocks();
        let apart = blocks.saturating_mul(start.registers.len()) <= MOST_STATES;
        let mut before: Vec<Option<State>> = vec![None; if apart { blocks } else { 1 }];
        if let Some(first) = before.first_mut() {
            *first = Some(start);
        }
        // One set that all blocks share until more is known of one.
        let called: Set = Rc::new(Influence { data: BTreeSet::new(), control: BTreeSet::from([CALLED]) });
        let mut control: Vec<Set> = vec![called; blocks];
        let mut summary = Summary { results: vec![none; function.results.len()], ..Summary::default() };
        let mut open: BTreeSet<usize> = if apart { BTreeSet::from([0]) } else { (0..blocks).collect() };
        while let Some(block) = open.pop_first() {
            let state = if apart { block } else { 0 };
            let Some(mut now) = before.get(state).cloned().flatten() else { continue };
            for at in self.graph.range(block) {
                *self.left = self.left.checked_sub(1)?;
                let mut handler: Option<(usize, Set)> = None;
                if let Some(found) = function.handler(at).filter(|_| function.code[at].can_raise()) {
                    handler = Some((found.target as usize, condition(&read(&now, &function.code[at]))));
                }
                if let Some((target, decides)) = handler {
                    self.enter(&mut before, &mut open, target, &now, apart);
                    self.decide(&mut control, &mut open, self.graph.onward(target), &decides);
                }
                self.instruction(&mut now, at, &control[block], &mut summary);
                if matches!(function.code[at], Instruction::JumpIf { .. } | Instruction::JumpUnless { .. }) {
                    let decides = condition(&read(&now, &function.code[at]));
                    self.decide(&mut control, &mut open, self.graph.region(at), &decides);
                }
            }
            for next in self.graph.next(block) {
                self.enter(&mut before, &mut open, self.graph.range(next).start, &now, apart);
            }
            if !apart && before[0].as_mut().is_some_and(|all| all.join(&now)) {
                open.extend(0..blocks);
            }
        }
        Some(summary)
    }

    /// Goes on at an instruction with a state.
    fn enter(&self, before: &mut [Option<State>], open: &mut BTreeSet<usize>, at: usize, now: &State, apart: bool) {
        let Some(block) = self.graph.block(at).filter(|_| apart) else { return };
        let more = match &mut before[block] {
            Some(known) => known.join(now),
            unknown => {
                *unknown = Some(now.clone());
                true
            }
        };
        if more {
            open.insert(block);
        }
    }

    /// Adds that something decides whether blocks are come to.
    fn decide(&self, control: &mut [Set], open: &mut BTreeSet<usize>, blocks: Vec<usize>, decides: &Set) {
        if decides.control.is_empty() {
            return;
        }
        for block in blocks {
            if control.get_mut(block).is_some_and(|own| add(own, decides)) {
                open.insert(block);
            }
        }
    }

    fn instruction(&self, now: &mut State, at: usize, control: &Set, summary: &mut Summary) {
        let instruction = &self.program.functions[self.id].code[at];
        let with_control = |mut set: Set| {
            add(&mut set, control);
            set
        };
        match instruction {
            Instruction::Call { function, results, args } => {
                let args: Vec<Set> = args.iter().map(|arg| now.get(arg.0).cloned().unwrap_or_default()).collect();
                let Some(callee) = self.summaries.get(function.0 as usize) else { return };
                for (result, set) in results.iter().zip(&callee.results) {
                    now.set(result.0, with_control(put_in(set, &args, control)));
                }
                for (place, set) in &callee.disclosed {
                    add(summary.disclosed.entry(*place).or_default(), &put_in(set, &args, control));
                }
            }
            Instruction::Return { values } => {
                for (result, value) in summary.results.iter_mut().zip(values) {
                    add(result, &with_control(now.get(value.0).cloned().unwrap_or_default()));
                }
            }
            Instruction::Input { batch } => {
                for (dst, port) in batch {
                    let own = Influence { data: BTreeSet::from([port.0]), control: BTreeSet::new() };
                    now.set(dst.0, with_control(Rc::new(own)));
                }
            }
            Instruction::Open { batch } => {
                for (entry, (_, src)) in batch.iter().enumerate() {
                    let set = with_control(now.get(src.reg()).cloned().unwrap_or_default());
                    add(summary.disclosed.entry((self.id, at, entry)).or_default(), &set);
                }
                self.transfer(now, instruction, control);
            }
            Instruction::Output { batch } => {
                for (entry, (_, src)) in batch.iter().enumerate() {
                    let set = with_control(now.get(src.0).cloned().unwrap_or_default());
                    add(summary.disclosed.entry((self.id, at, entry)).or_default(), &set);
                }
            }
            _ => self.transfer(now, instruction, control),
        }
    }

    /// What is written depends on what is read: within a batch, entry by entry.
    fn transfer(&self, now: &mut State, instruction: &Instruction, control: &Set) {
        let of_shape =
            matches!(instruction, Instruction::Size { .. } | Instruction::Rank { .. } | Instruction::Length { .. });
        let moves = moves(instruction);
        let mut groups: Vec<(Vec<Reg>, Set)> = Vec::new();
        let mut reading = true;
        instruction.accesses(|access| match access {
            Access::Write(reg) => {
                if std::mem::replace(&mut reading, false) {
                    groups.push((Vec::new(), Rc::clone(control)));
                }
                groups.last_mut().into_iter().for_each(|group| group.0.push(reg));
            }
            Access::Read(reg) => {
                let first = !std::mem::replace(&mut reading, true);
                let Some((set, (_, group))) = now.get(reg).zip(groups.last_mut()) else { return };
                // Shapes of secrets are public; what decided them is not forgotten.
                let shape = of_shape && reg.bank != Bank::Public;
                // Positions and sizes decide what is taken.
                let place = moves && !first && reg.bank == Bank::Public;
                if shape {
                    add(group, &Rc::new(Influence { data: BTreeSet::new(), control: set.control.clone() }));
                } else if place {
                    add(group, set);
                    add(group, &condition(set));
                } else {
                    add(group, set);
                }
            }
        });
        for (regs, set) in groups {
            regs.into_iter().for_each(|reg| now.set(reg, Rc::clone(&set)));
        }
    }
}

/// Whether public operands behind the first are positions or sizes.
fn moves(instruction: &Instruction) -> bool {
    use Instruction as I;
    matches!(
        instruction,
        I::Reshape { .. }
            | I::Index { .. }
            | I::Broadcast { .. }
            | I::Gather { .. }
            | I::Slice { .. }
            | I::Repeat { .. }
            | I::Range { .. }
    )
}

/// All that an instruction reads.
fn read(now: &State, instruction: &Instruction) -> Set {
    let mut all: Set = Rc::default();
    instruction.accesses(|access| {
        if let Access::Read(reg) = access
            && reg.bank == Bank::Public
            && let Some(set) = now.get(reg)
        {
            add(&mut all, set);
        }
    });
    all
}

/// What something depends on, as what it decides depends on that.
fn condition(set: &Set) -> Set {
    Rc::new(Influence { data: BTreeSet::new(), control: set.data.union(&set.control).copied().collect() })
}

/// A set of the callee with what the caller gives for its parameters.
fn put_in(set: &Set, args: &[Set], control: &Set) -> Set {
    let mut out = Influence::default();
    for &source in &set.data {
        match source.checked_sub(PARAMETERS).and_then(|param| args.get(param as usize)) {
            Some(arg) => {
                out.data.extend(&arg.data);
                out.control.extend(&arg.control);
            }
            None if source < PARAMETERS => {
                out.data.insert(source);
            }
            None => {}
        }
    }
    for &source in &set.control {
        match source.checked_sub(PARAMETERS).and_then(|param| args.get(param as usize)) {
            _ if source == CALLED => out.control.extend(&control.control),
            Some(arg) => out.control.extend(arg.data.union(&arg.control)),
            None if source < PARAMETERS => {
                out.control.insert(source);
            }
            None => {}
        }
    }
    Rc::new(out)
}
