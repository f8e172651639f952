//! Exceptions in their place among what others see.
//!
//! Where a nest prints, discloses, or may raise exceptions of several kinds that are caught, somebody could notice that one of its turns
//! fails earlier or later than the program says. So nothing that is done for all turns at once may fail there: whether positions are within their tensors is
//! asked beforehand, and if one is not, the program's own loop runs instead, from its first turn. Until something was seen or disclosed
//! this is always possible, for what is done at once writes registers of its own alone.

use super::super::effects::can_raise;
use super::trace::{Axis, Fact, Tracer, Val};
use super::tree::{Loop, Node, each_node, each_op};
use super::units::{is_fragile, is_uniform, is_visible};
use crate::ir::{BlockId, Op, Terminator};
use crate::source::Span;
use mpc_bytecode::operand::Binary;
use mpc_bytecode::{AnySrc, Dst, Instruction, Kind, Reg, Src};
use std::collections::HashMap;

/// Where the program's own loop begins.
pub const OWN_LOOP: BlockId = BlockId(u32::MAX);

/// No number of a loop variable is beyond this where sums of few of them are taken without a look at overflow.
const LARGE: i64 = 1 << 40;

/// What is known about the order while a nest is made.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Somebody could notice that an exception comes late or early.
    pub strict: bool,
    /// Not even what comes before all disclosures may fail for several turns at once.
    pub exact: bool,
    /// Positions are asked for beforehand. Where only disclosures are to be kept in their place, they may be made after all else instead.
    pub asks: bool,
    /// Something was disclosed or seen already, of later turns too.
    pub disclosed: bool,
    /// Something that is disclosed or seen stands before in the program.
    pub late: bool,
    /// Turns that may have failed are over, of later numbers too.
    pub passed: bool,
    /// The turns under way may fail.
    pub fails: bool,
    /// The arms around, which may not run.
    pub arms: u32,
    /// What must hold before the nest begins.
    pub guards: Vec<Reg>,
    /// Something that may fail where it must not.
    pub unguarded: Option<Span>,
    /// What was made before the nest.
    pub front: HashMap<Vec<u8>, Reg>,
}

/// Of what a position must be within.
#[derive(Clone, Copy, Debug)]
pub enum Extent {
    /// An axis of a tensor.
    Axis(Reg, usize),
    /// A list.
    List(Reg),
}

impl Order {
    /// The order that a loop asks for; with `kinds`, that exceptions of several kinds come as the program says.
    pub fn of(found: &Loop, tracer: &Tracer<'_>, kinds: bool) -> Self {
        let (mut visible, mut opens, mut places, mut others, mut raises) = (false, false, false, false, false);
        each_op(&found.body, &mut |op| {
            visible |= is_visible(op);
            opens |= matches!(op.instruction, Instruction::Open { .. });
            let fragile = is_fragile(op, tracer.registers, &|reg| tracer.known_int(reg));
            others |= fragile;
            places |= !fragile && !is_uniform(op) && can_raise(op, tracer.registers);
        });
        each_node(&found.body, &mut |node| raises |= matches!(node, Node::Raise(..)));
        let several = u32::from(places) + u32::from(others) + u32::from(raises) > 1;
        let exact = visible || kinds && several;
        Order { strict: exact || opens, exact, asks: exact, ..Order::default() }
    }
}

impl Tracer<'_> {
    /// True where one turn after another runs, and no others with it.
    pub fn is_turnwise(&self) -> bool {
        self.space.iter().all(|axis| self.axes[axis.0].point && self.axes[axis.0].flat.is_none())
    }

    fn unguarded(&mut self) {
        self.order.unguarded.get_or_insert(self.span);
    }

    /// Something is disclosed, of all turns that run here.
    pub fn discloses(&mut self) {
        self.order.disclosed |= !self.is_turnwise();
    }

    /// A loop begins whose later turns come after what its earlier ones disclose.
    pub fn looks_back(&mut self, body: &[Node]) {
        if self.order.strict && !self.order.disclosed {
            let mut opens = false;
            each_op(body, &mut |op| opens |= matches!(op.instruction, Instruction::Open { .. }));
            self.order.disclosed |= opens && !self.is_turnwise();
        }
    }

    /// Something may raise an exception, in all turns or in none.
    pub fn risk_shape(&mut self) {
        if self.order.strict && (self.order.disclosed || self.order.late) {
            self.unguarded();
        }
    }

    /// Something may raise an exception in one turn and not in another.
    pub fn risk_value(&mut self) {
        if !self.order.strict {
            return;
        }
        let bad = if self.is_turnwise() {
            self.order.fails = true;
            self.order.exact && self.order.passed
        } else {
            self.order.exact
        };
        if bad || self.order.disclosed {
            self.unguarded();
        }
    }

    /// What an instruction of the program may raise, other than for positions.
    pub fn risk(&mut self, op: &Op) {
        match &op.instruction {
            Instruction::Binary { op: Binary::Add | Binary::Sub | Binary::Mul, .. } => {}
            _ if is_uniform(op) => self.risk_shape(),
            _ if is_fragile(op, self.registers, &|reg| self.known_int(reg)) => self.risk_value(),
            _ => {}
        }
    }

    /// Asks that a position be within an extent.
    pub fn guard_place(&mut self, at: &Val, extent: Extent) {
        if !self.order.strict {
            return;
        }
        if self.is_surely_within(at, extent) {
            return;
        }
        if !self.order.asks {
            if self.order.disclosed {
                self.unguarded();
            }
            return;
        }
        let turnwise = self.is_turnwise() && at.axes.is_empty();
        if turnwise && !self.order.disclosed && !(self.order.exact && self.order.passed) {
            self.order.fails = true;
            return;
        }
        // Where an arm may not run, positions are asked for in all turns only if it is too late to ask in the arm.
        let late = self.order.disclosed || self.order.exact && self.order.passed;
        if (late || self.order.arms == 0) && self.guarded_before(at, extent).is_some() {
            return;
        }
        if late {
            return self.unguarded();
        }
        self.guard_here(at, extent);
    }

    /// How a position depends on loop variables; of one turn's, how that of all turns does.
    fn range_fact(&self, at: &Val) -> Option<Fact> {
        self.ranges.get(&at.reg).cloned().or_else(|| self.fact(at))
    }

    /// True if a position is known to be within an extent before the program runs.
    fn is_surely_within(&self, at: &Val, extent: Extent) -> bool {
        let size = match extent {
            Extent::Axis(reg, axis) => self.shapes.size(reg, axis, self.constants),
            Extent::List(reg) => self.shapes.length(reg),
        };
        let known = |size: i64| {
            let fact = self.range_fact(at).filter(|fact| fact.base.is_none())?;
            let (mut least, mut most) = (fact.offset, fact.offset);
            for (&axis, &coef) in &fact.coefs {
                let [start, step] = self.axes[axis.0].steps?;
                let (start, step, count) =
                    (self.known_int(start)?, self.known_int(step)?, self.known_int(self.count(axis))?);
                let last = start.checked_add(step.checked_mul(count.checked_sub(1)?)?)?;
                let (a, b) = (start.checked_mul(coef)?, last.checked_mul(coef)?);
                least = least.checked_add(a.min(b))?;
                most = most.checked_add(a.max(b))?;
            }
            Some(-size <= least && most < size)
        };
        size.and_then(known).unwrap_or(false)
    }

    /// Asks that a sum or a product of integers not overflow.
    pub fn guard_number(&mut self, result: &Val) {
        if !self.order.strict {
            return;
        }
        let small = |fact: &Fact| {
            let few = fact.coefs.len() <= 8 && fact.coefs.values().all(|coef| coef.abs() < 1 << 20);
            few && fact.offset.abs() <= LARGE
        };
        match self.facts.get(&result.reg).cloned().filter(small) {
            Some(fact) if self.order.asks && self.limited(&fact).is_some() => {}
            _ => self.risk_value(),
        }
    }

    fn limited(&mut self, fact: &Fact) -> Option<()> {
        let mut numbers: Vec<Reg> = Vec::new();
        for &axis in fact.coefs.keys() {
            // So many turns as to overflow have no room in memory.
            let steps =
                self.axes[axis.0].steps?.map(|reg| self.known_int(reg).is_some_and(|step| step.abs() < 1 << 20));
            if steps != [true, true] {
                numbers.extend(self.ends_of(axis)?);
            }
        }
        if let Some(base) = fact.base {
            numbers.push(self.in_front_of(base)?);
        }
        for number in numbers {
            let bounds = self.in_front(|tracer| [tracer.int(-LARGE), tracer.int(LARGE)]);
            self.require(bounds[0], number);
            self.require(number, bounds[1]);
        }
        Some(())
    }

    /// Asks before the nest; none where that cannot be done.
    fn guarded_before(&mut self, at: &Val, extent: Extent) -> Option<()> {
        let fact = self.range_fact(at)?;
        for axis in fact.coefs.keys() {
            let of_point =
                |to: &Axis| self.axes[to.0].point && self.axes[to.0].origins.iter().any(|(of, _)| of == axis);
            if !at.axes.contains(axis) && !self.space.iter().any(of_point) {
                return None;
            }
        }
        let size = match extent {
            Extent::Axis(reg, axis) if self.is_of_program(reg) => self.in_front(|tracer| tracer.size(reg, axis)),
            Extent::List(reg) if self.is_of_program(reg) => self.in_front(|tracer| {
                tracer
                    .make(Kind::Int, 0, |to| Instruction::Length { dst: Dst::new(to.index), src: Src::new(reg.index) })
            }),
            Extent::Axis(..) | Extent::List(_) => return None,
        };
        let [least, most] = self.range_of(&fact)?;
        let (below, after) = self.in_front(|tracer| {
            let zero = tracer.int(0);
            (tracer.ints(Binary::Sub, zero, size), tracer.int(1))
        });
        let next = self.in_front(|tracer| tracer.ints(Binary::Add, most, after));
        self.require(below, least);
        self.require(next, size);
        Some(())
    }

    /// The first and the last value of a loop's variable.
    fn ends_of(&mut self, axis: Axis) -> Option<[Reg; 2]> {
        let [start, step] = self.axes[axis.0].steps?;
        let (start, step) = (self.in_front_of(start)?, self.in_front_of(step)?);
        let count = self.in_front_of(self.count(axis))?;
        let last = self.in_front(|tracer| {
            let one = tracer.int(1);
            let others = tracer.ints(Binary::Sub, count, one);
            let way = tracer.ints(Binary::Mul, others, step);
            tracer.ints(Binary::Add, start, way)
        });
        Some([start, last])
    }

    /// The least and the greatest value of an integer.
    fn range_of(&mut self, fact: &Fact) -> Option<[Reg; 2]> {
        let mut range = self.in_front(|tracer| [tracer.int(fact.offset); 2]);
        if let Some(base) = fact.base {
            let base = self.in_front_of(base)?;
            range = self.in_front(|tracer| range.map(|end| tracer.ints(Binary::Add, end, base)));
        }
        for (&axis, &coef) in &fact.coefs {
            let ends = self.ends_of(axis)?;
            range = self.in_front(|tracer| {
                let factor = tracer.int(coef);
                let [a, b] = ends.map(|end| tracer.ints(Binary::Mul, end, factor));
                let (low, high) = (tracer.ints(Binary::Min, a, b), tracer.ints(Binary::Max, a, b));
                [tracer.ints(Binary::Add, range[0], low), tracer.ints(Binary::Add, range[1], high)]
            });
        }
        Some(range)
    }

    /// Asks that one integer be at most another.
    fn require(&mut self, a: Reg, b: Reg) {
        let holds = self.in_front(|tracer| {
            tracer.make(Kind::Bool, 0, |to| Instruction::Binary {
                op: Binary::Le,
                dst: Dst::new(to.index),
                a: Src::new(a.index),
                b: Src::new(b.index),
            })
        });
        if !self.order.guards.contains(&holds) {
            self.order.guards.push(holds);
        }
    }

    /// Makes something before the nest.
    fn in_front<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> T {
        let current = std::mem::replace(&mut self.current, 0);
        let front = std::mem::take(&mut self.order.front);
        let made = std::mem::replace(&mut self.made, front);
        let log = std::mem::take(&mut self.made_log);
        let result = make(self);
        self.made_log = log;
        self.order.front = std::mem::replace(&mut self.made, made);
        self.current = current;
        result
    }

    /// A register that holds before the nest what this one holds in it.
    fn in_front_of(&mut self, reg: Reg) -> Option<Reg> {
        use Instruction as I;
        if let Some(number) = self.known_int(reg) {
            return Some(self.in_front(|tracer| tracer.int(number)));
        }
        if self.is_of_program(reg) || self.order.front.values().any(|&made| made == reg) {
            return Some(reg);
        }
        match self.built.get(&reg)?.clone() {
            I::Copy { src, .. } => self.in_front_of(src.0),
            I::Size { src: AnySrc(src), axis, .. } if self.is_of_program(src) => {
                Some(self.in_front(|tracer| tracer.size(src, axis as usize)))
            }
            I::Dim { dim, .. } => {
                Some(self.in_front(|tracer| tracer.make(Kind::Int, 0, |to| I::Dim { dst: Dst::new(to.index), dim })))
            }
            I::Count { start, stop, step, .. } => {
                let all = [start, stop, step].map(|src| self.in_front_of(src.reg()));
                let [start, stop, step] = [all[0]?, all[1]?, all[2]?].map(|reg| Src::new(reg.index));
                Some(self.in_front(|tracer| {
                    tracer.make(Kind::Int, 0, |to| I::Count { dst: Dst::new(to.index), start, stop, step })
                }))
            }
            I::Binary { op: op @ (Binary::Add | Binary::Sub), a, b, .. } => {
                let (a, b) = (self.in_front_of(a.reg())?, self.in_front_of(b.reg())?);
                Some(self.in_front(|tracer| tracer.ints(op, a, b)))
            }
            _ => None,
        }
    }

    /// Asks at this place, of the positions themselves.
    fn guard_here(&mut self, at: &Val, extent: Extent) {
        let size = match extent {
            Extent::Axis(reg, axis) => self.size(reg, axis),
            Extent::List(reg) => {
                self.make(Kind::Int, 0, |to| Instruction::Length { dst: Dst::new(to.index), src: Src::new(reg.index) })
            }
        };
        let (zero, rank) = (self.int(0), self.registers.get(at.reg).rank as usize);
        let below = self.ints(Binary::Sub, zero, size);
        let compared = |tracer: &mut Self, op, a: Reg, b: Reg| {
            tracer.make(Kind::Bool, rank, |to| Instruction::Binary {
                op,
                dst: Dst::new(to.index),
                a: Src::new(a.index),
                b: Src::new(b.index),
            })
        };
        let low = compared(self, Binary::Lt, at.reg, below);
        let high = compared(self, Binary::Ge, at.reg, size);
        let mut outside = compared(self, Binary::Or, low, high);
        if rank > 0 {
            let found = self
                .make(Kind::Int, 1, |to| Instruction::Where { dst: Dst::new(to.index), src: Src::new(outside.index) });
            let count = self.size(found, 0);
            outside = self.make(Kind::Bool, 0, |to| Instruction::Binary {
                op: Binary::Gt,
                dst: Dst::new(to.index),
                a: Src::new(count.index),
                b: Src::new(zero.index),
            });
        }
        self.own_loop_if(outside);
    }

    /// Leaves for the program's own loop where a condition holds.
    pub fn own_loop_if(&mut self, cond: Reg) {
        let next = self.block();
        self.end(Terminator::Branch { cond, then: OWN_LOOP, otherwise: BlockId(next as u32) }, next);
    }

    /// True if the program's own loop can still be gone back to.
    pub fn can_go_back(&self) -> bool {
        self.order.asks && !self.order.disclosed && !(self.order.exact && self.order.passed)
    }

    /// Ends the block before a nest.
    pub fn close_front(&mut self) {
        if !self.order.strict {
            return;
        }
        let guards = std::mem::take(&mut self.order.guards);
        let all = self.in_front(|tracer| {
            guards.into_iter().reduce(|a, b| {
                tracer.make(Kind::Bool, 0, |to| Instruction::Binary {
                    op: Binary::And,
                    dst: Dst::new(to.index),
                    a: Src::new(a.index),
                    b: Src::new(b.index),
                })
            })
        });
        self.blocks[0].end = match all {
            Some(cond) => Terminator::Branch { cond, then: BlockId(1), otherwise: OWN_LOOP },
            None => Terminator::Jump(BlockId(1)),
        };
    }
}
