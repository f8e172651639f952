//! Register allocation: linear scan (Poletto and Sarkar, "Linear Scan Register Allocation", 1999).
//!
//! Every register gets one interval of places in the code, from its first write to its last use, over all blocks in which it is needed at a
//! border. Registers whose intervals do not meet share one, if their types are equal. A result takes the register of an operand that
//! ends there where it can: the machine then works in place.
//!
//! A value that is not needed any more is dropped at once, unless its register is written by the same instruction: a large tensor
//! must not stay because nothing happened to overwrite it. Scalars are not worth an instruction.
//!
//! The machine reads all operands of an instruction before it writes any result, and so it does with a group: what a group writes is taken until
//! its end, and nothing is dropped within it.

use super::liveness::Liveness;
use crate::ir::{BlockId, Chain, Function, Op, Registers, Table, Terminator};
use crate::source::Span;
use mpc_bytecode::{Access, AnyDst, Instruction, Reg, Type};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// Gives a function as few registers as its values need.
pub fn allocate(function: &mut Function) {
    let live = Liveness::of(function);
    let deaths = deaths(function, &live);
    let intervals = Intervals::of(function, &live);
    let (places, registers) = assign(&intervals, &function.registers);
    rename(function, &places);
    insert_drops(function, deaths, &places);
    function.params.iter_mut().for_each(|reg| *reg = places[*reg]);
    function.registers = registers;
}

/// From where to where a register is taken. An instruction at place p reads at 2p and writes at 2p + 1.
#[derive(Clone, Copy, Debug)]
struct Interval {
    start: u32,
    end: u32,
    /// An operand whose register the value can take over.
    hint: Option<Reg>,
}

const UNUSED: Interval = Interval { start: u32::MAX, end: 0, hint: None };

struct Intervals {
    of: Table<Interval>,
    /// Registers in the order in which they were first met.
    met: Vec<Reg>,
}

impl Intervals {
    fn of(function: &Function, live: &Liveness) -> Self {
        let mut intervals = Intervals { of: function.registers.table(UNUSED), met: Vec::new() };
        function.params.iter().for_each(|&reg| intervals.extend(reg, 0));
        let told = told(function);
        let mut place = 1;
        for (at, block) in function.blocks.iter().enumerate() {
            let first = 2 * place;
            live.before(BlockId(at as u32), |reg| intervals.extend(reg, first));
            let mut group = Group::default();
            for op in &block.code {
                let left = group.next(op);
                op.reads(|reg| intervals.extend(reg, 2 * place));
                op.writes(|reg| {
                    intervals.extend(reg, 2 * place + 1);
                    intervals.extend(reg, 2 * (place + left) + 1);
                });
                place += 1;
            }
            block.end.reads(|reg| intervals.extend(reg, 2 * place));
            live.after(BlockId(at as u32), |reg| intervals.extend(reg, 2 * place + 1));
            told[at].iter().for_each(|&reg| intervals.extend(reg, first));
            place += 1;
        }
        intervals.hint(function);
        intervals
    }

    fn extend(&mut self, reg: Reg, place: u32) {
        let interval = &mut self.of[reg];
        if interval.start == UNUSED.start {
            self.met.push(reg);
        }
        interval.start = interval.start.min(place);
        interval.end = interval.end.max(place);
    }

    /// Finds for each result an operand of its type that ends where the result begins.
    fn hint(&mut self, function: &Function) {
        let mut taken = function.registers.table(false);
        let mut place = 1;
        for block in &function.blocks {
            for op in &block.code {
                op.writes(|result| {
                    if self.of[result].start == 2 * place + 1 {
                        let ty = &function.registers.get(result).ty;
                        let mut found = None;
                        op.reads(|reg| {
                            let ends = self.of[reg].end == 2 * place && !taken[reg];
                            if found.is_none() && ends && function.registers.get(reg).ty == *ty {
                                found = Some(reg);
                            }
                        });
                        found.into_iter().for_each(|reg| taken[reg] = true);
                        self.of[result].hint = found;
                    }
                });
                place += 1;
            }
            place += 1;
        }
    }
}

/// For each block, the registers that are written on the way to it as a handler: taken when it begins, whether it reads them or not.
fn told(function: &Function) -> Vec<Vec<Reg>> {
    let mut told = vec![Vec::new(); function.blocks.len()];
    for handler in function.blocks.iter().filter_map(|block| block.handler) {
        let regs: &mut Vec<Reg> = &mut told[handler.block.0 as usize];
        regs.extend(handler.told().into_iter().filter(|reg| !regs.contains(reg)).collect::<Vec<_>>());
    }
    told
}

/// A walk through groups.
#[derive(Default)]
struct Group {
    left: u32,
}

impl Group {
    /// How many instructions of its group stand behind this one.
    fn next(&mut self, op: &Op) -> u32 {
        self.left = match op.instruction {
            Instruction::Together { count } => count,
            _ => self.left.saturating_sub(1),
        };
        self.left
    }
}

/// Free registers of each type, the last freed on top.
#[derive(Default)]
struct Pool {
    free: HashMap<Type, Vec<Reg>>,
    registers: Registers,
}

impl Pool {
    fn take(&mut self, ty: &Type, hint: Option<Reg>) -> Reg {
        if let Some(free) = self.free.get_mut(ty) {
            let hinted = hint.and_then(|hint| free.iter().rposition(|&reg| reg == hint));
            if let Some(at) = hinted.or_else(|| free.len().checked_sub(1)) {
                return free.swap_remove(at);
            }
        }
        self.registers.add(ty.clone(), 0)
    }

    fn give(&mut self, ty: &Type, reg: Reg) {
        match self.free.get_mut(ty) {
            Some(free) => free.push(reg),
            None => drop(self.free.insert(ty.clone(), vec![reg])),
        }
    }
}

fn assign(intervals: &Intervals, registers: &Registers) -> (Table<Reg>, Registers) {
    let mut places = registers.table(Reg::new(mpc_bytecode::Bank::Public, u32::MAX));
    let mut order = intervals.met.clone();
    order.sort_by_key(|&reg| intervals.of[reg].start);
    let mut pool = Pool::default();
    let mut active: BinaryHeap<Reverse<(u32, Reg)>> = BinaryHeap::new();
    for reg in order {
        let interval = intervals.of[reg];
        while let Some(&Reverse((end, ended))) = active.peek()
            && end < interval.start
        {
            active.pop();
            pool.give(&registers.get(ended).ty, places[ended]);
        }
        places[reg] = pool.take(&registers.get(reg).ty, interval.hint.map(|hint| places[hint]));
        active.push(Reverse((interval.end, reg)));
    }
    (places, pool.registers)
}

fn rename(function: &mut Function, places: &Table<Reg>) {
    for block in &mut function.blocks {
        for op in &mut block.code {
            op.instruction.rename(|access| match access {
                Access::Read(reg) | Access::Write(reg) => places[reg].index,
            });
        }
        block.end.rename(|reg| places[reg]);
        block.handler.iter_mut().for_each(|handler| handler.rename(|reg| places[reg]));
    }
}

/// Values that are not needed after an instruction of a block; those before the first are not needed on entry.
#[derive(Default)]
struct Deaths {
    on_entry: Vec<Reg>,
    /// By place in the block, in ascending order.
    after: Vec<(usize, Reg)>,
}

fn deaths(function: &Function, live: &Liveness) -> Vec<Deaths> {
    let mut needed = function.registers.table(usize::MAX);
    let mut out: Vec<Deaths> = Vec::with_capacity(function.blocks.len());
    let is_large = |reg: Reg| !function.registers.get(reg).is_scalar();
    for (at, block) in function.blocks.iter().enumerate() {
        live.after(BlockId(at as u32), |reg| needed[reg] = at);
        block.end.reads(|reg| needed[reg] = at);
        let mut deaths = Deaths::default();
        for (place, op) in block.code.iter().enumerate().rev() {
            let mut die = |reg: Reg, needed: &Table<usize>| {
                if needed[reg] != at && is_large(reg) && !deaths.after.contains_last(place, reg) {
                    deaths.after.push((place, reg));
                }
            };
            op.writes(|reg| die(reg, &needed));
            let mut written = Vec::new();
            op.writes(|reg| written.push(reg));
            op.reads(|reg| {
                if !written.contains(&reg) {
                    die(reg, &needed)
                }
            });
            let pinned = |reg| live.is_pinned(BlockId(at as u32), reg);
            written.into_iter().for_each(|reg| needed[reg] = if pinned(reg) { at } else { usize::MAX });
            op.reads(|reg| needed[reg] = at);
        }
        deaths.after.reverse();
        out.push(deaths);
    }
    deaths_on_entry(function, live, &mut out);
    out
}

/// Looks among the last deaths noted, which are those of one instruction.
trait ContainsLast {
    fn contains_last(&self, place: usize, reg: Reg) -> bool;
}

impl ContainsLast for Vec<(usize, Reg)> {
    fn contains_last(&self, place: usize, reg: Reg) -> bool {
        self.iter().rev().take_while(|entry| entry.0 == place).any(|entry| entry.1 == reg)
    }
}

/// What all blocks before one still hold for another, and this one does not need.
fn deaths_on_entry(function: &Function, live: &Liveness, out: &mut [Deaths]) {
    let mut before: Vec<Vec<BlockId>> = vec![Vec::new(); function.blocks.len()];
    for (at, block) in function.blocks.iter().enumerate() {
        block.successors(|to| before[to.0 as usize].push(BlockId(at as u32)));
    }
    for (at, before) in before.iter().enumerate() {
        let Some((&first, rest)) = before.split_first() else { continue };
        live.after(first, |reg| {
            let held = rest.iter().all(|&block| live.is_after(block, reg));
            if held && !live.is_before(BlockId(at as u32), reg) && !function.registers.get(reg).is_scalar() {
                out[at].on_entry.push(reg);
            }
        });
    }
}

fn insert_drops(function: &mut Function, deaths: Vec<Deaths>, places: &Table<Reg>) {
    let told = told(function);
    for ((block, deaths), told) in function.blocks.iter_mut().zip(deaths).zip(told) {
        let first = block.code.first().map_or((block.span, block.chain), |op| (op.span, op.chain));
        let ends = match block.end {
            Terminator::Return(_) => true,
            Terminator::Raise(..) | Terminator::Reraise(_) => block.handler.is_none(),
            Terminator::Jump(_) | Terminator::Branch { .. } => false,
        };
        let last = block.code.len();
        let mut dying = deaths.after.into_iter().peekable();
        let mut code = Vec::with_capacity(last + 4);
        let mut group = Group::default();
        let (mut dead, mut written): (Vec<Reg>, Vec<Reg>) = (Vec::new(), Vec::new());
        // What a handler is told of may stand where such a value was.
        let entry = deaths.on_entry.iter().map(|&reg| places[reg]).filter(|reg| !told.contains(reg)).collect();
        code.extend(drop_of(entry, first));
        for (place, op) in std::mem::take(&mut block.code).into_iter().enumerate() {
            while let Some((_, reg)) = dying.next_if(|entry| entry.0 == place) {
                dead.push(places[reg]);
            }
            // An operand whose register the result has taken over is gone already.
            op.writes(|reg| written.push(reg));
            let here = (op.span, op.chain);
            let ended = group.next(&op) == 0;
            // A copy whose two registers have become one.
            if !matches!(&op.instruction, Instruction::Copy { dst, src } if dst.0 == src.0) {
                code.push(op);
            }
            if ended {
                dead.retain(|reg| !written.contains(reg));
                written.clear();
                let dead = std::mem::take(&mut dead);
                code.extend(drop_of(dead, here).filter(|_| !(ends && place + 1 == last)));
            }
        }
        block.code = code;
    }
}

fn drop_of(mut regs: Vec<Reg>, (span, chain): (Span, Chain)) -> Option<Op> {
    regs.sort_unstable();
    regs.dedup();
    let regs: Vec<AnyDst> = regs.into_iter().map(AnyDst).collect();
    (!regs.is_empty()).then(|| Op { chain, ..Op::new(Instruction::Drop { regs }, span) })
}
