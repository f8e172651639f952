//! Loops that look for the least, the greatest, or where it stands; that multiply; that ask whether any or all hold.
//!
//! The comparison `x < m` with what the loop carries in `m` is kept as a question, and what is chosen by it as a fork. If at the loop's end
//! `m` is either what it was or the `x` that was asked about, the loop finds the first of the least: by a tree, in which neighbours meet.
//! Whatever else the same question chose (the position, say) goes through the tree with it. A product of `m` with what does not depend on it
//! is a slope: the loop multiplies, or, of truth values, asks whether all hold; with `m + x - m * x`, whether any does.

use super::product::Def;
use super::tensor::{Label, Labelled};
use super::trace::{Axis, Linear, Obstacle, Part, Sym, Tracer, Val};
use super::tree::Loop;
use crate::ir::{BlockId, Op, Terminator};
use mpc_bytecode::operand::{Binary, Place};
use mpc_bytecode::{AnyDst, AnySrc, Constant, Dst, Instruction, Kind, Reg, Src};

/// Whether `coef·v + rest` is negative.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What is carried.
    pub var: usize,
    /// −1 or 1.
    pub coef: i64,
    /// What is compared with it.
    pub rest: Val,
    /// The turns that ask.
    pub space: Vec<Axis>,
    /// The width of the comparison.
    pub bits: u32,
    /// The answer is the opposite.
    pub negated: bool,
}

/// A value where a question holds, and another where it does not.
#[derive(Clone, Debug)]
pub struct Fork {
    /// The question.
    pub question: Question,
    /// Where it holds.
    pub yes: Linear,
    /// Where it does not.
    pub no: Linear,
}

/// What is carried times −1, 0 or 1 and a value, and amounts.
#[derive(Clone, Debug)]
pub struct Slope {
    /// What is carried.
    pub var: usize,
    /// −1, 0 or 1.
    pub coef: i64,
    /// The sign of the value, and the value.
    pub factor: (i64, Part),
    /// What is added.
    pub parts: Vec<Part>,
    /// The product is divided by 2^bits.
    pub bits: Option<u32>,
}

/// The variable of sums that have none.
const NONE: usize = usize::MAX;

impl Tracer<'_> {
    /// Follows questions, forks and slopes; false if the instruction touches none.
    pub fn reduction_op(&mut self, op: &Op) -> Result<bool, Obstacle> {
        use Instruction as I;
        let mut touched = false;
        op.reads(|reg| {
            touched |=
                matches!(self.env.get(reg), Some(Sym::Linear(_) | Sym::Question(_) | Sym::Fork(_) | Sym::Slope(_)));
        });
        if !touched {
            return Ok(false);
        }
        let found = match &op.instruction {
            I::Copy { dst, src } => self.env.get(src.0).cloned().map(|sym| (dst.0, sym)),
            I::Retype { dst, src } => self.env.get(src.reg()).cloned().map(|sym| (dst.reg(), sym)),
            I::Ltz { bits, batch } => match batch[..] {
                [(dst, src)] => self.asked(src.reg(), *bits).map(|sym| (dst.reg(), sym)),
                _ => None,
            },
            I::Trunc { bits, batch } => match batch[..] {
                [(dst, src)] => self.truncated(src.reg(), *bits).map(|sym| (dst.reg(), sym)),
                _ => None,
            },
            I::Mul { batch } => match batch[..] {
                [(dst, a, b)] => self.times_symbol(a.reg(), b.reg())?.map(|sym| (dst.reg(), sym)),
                _ => None,
            },
            I::MulPublic { dst, a, b } => self.times_symbol(a.reg(), b.reg())?.map(|sym| (dst.reg(), sym)),
            I::Add { dst, a, b } => self.forked_sum(a.reg(), b.reg(), false)?.map(|sym| (dst.reg(), sym)),
            I::Sub { dst, a, b } => self.forked_sum(a.reg(), b.reg(), true)?.map(|sym| (dst.reg(), sym)),
            I::AddPublic { dst, a, b } => self.forked_sum(a.reg(), b.reg(), false)?.map(|sym| (dst.reg(), sym)),
            I::PublicSub { dst, a, b } => self.forked_sum(a.reg(), b.reg(), true)?.map(|sym| (dst.reg(), sym)),
            _ => None,
        };
        let Some((dst, sym)) = found else { return Ok(false) };
        self.env.set(dst, sym);
        Ok(true)
    }

    fn asked(&mut self, src: Reg, bits: u32) -> Option<Sym> {
        let Some(Sym::Linear(Linear { var, coef, parts })) = self.env.get(src).cloned() else { return None };
        let [part] = &parts[..] else { return None };
        let question = Question { var, coef, rest: part.val.clone(), space: part.space.clone(), bits, negated: false };
        (coef == 1 || coef == -1).then_some(Sym::Question(question))
    }

    fn truncated(&mut self, src: Reg, bits: u32) -> Option<Sym> {
        match self.env.get(src).cloned() {
            Some(Sym::Slope(slope)) if slope.coef == 0 && slope.parts.is_empty() && slope.bits.is_none() => {
                Some(Sym::Slope(Slope { bits: Some(bits), ..slope }))
            }
            _ => None,
        }
    }

    fn sum_at(&mut self, reg: Reg) -> Result<Option<Linear>, Obstacle> {
        Ok(match self.env.get(reg).cloned() {
            Some(Sym::Linear(linear)) => Some(linear),
            None | Some(Sym::Plain(_) | Sym::Merge(_)) => {
                let val = self.operand(reg)?;
                let val = self.secret(&val);
                Some(Linear { var: NONE, coef: 0, parts: vec![Part { val, space: self.space.clone() }] })
            }
            Some(_) => None,
        })
    }

    fn times_symbol(&mut self, a: Reg, b: Reg) -> Result<Option<Sym>, Obstacle> {
        for (a, b) in [(a, b), (b, a)] {
            if let Some(Sym::Question(question)) = self.env.get(a).cloned() {
                let Some(yes) = self.sum_at(b)? else { continue };
                let no = Linear { var: yes.var, coef: 0, parts: Vec::new() };
                return Ok(Some(Sym::Fork(Fork { question, yes, no })));
            }
        }
        for (a, b) in [(a, b), (b, a)] {
            if let Some(Sym::Linear(Linear { var, coef, parts })) = self.env.get(a).cloned()
                && matches!(self.env.get(b), None | Some(Sym::Plain(_) | Sym::Merge(_)))
            {
                let val = self.operand(b)?;
                let factor = Part { val, space: self.space.clone() };
                let Some(parts) = self.times_constants(&parts, &factor) else { return Ok(None) };
                return Ok(Some(Sym::Slope(Slope { var, coef: 0, factor: (coef, factor), parts, bits: None })));
            }
        }
        Ok(None)
    }

    /// Amounts that are 0 or 1 times a factor.
    fn times_constants(&self, parts: &[Part], factor: &Part) -> Option<Vec<Part>> {
        let mut out = Vec::new();
        for part in parts {
            match self.constant_of(&part.val)? {
                0 => {}
                1 => out.push(factor.clone()),
                _ => return None,
            }
        }
        Some(out)
    }

    /// The integer that a value is known to be in all turns.
    pub fn constant_of(&self, val: &Val) -> Option<i64> {
        let mut reg = val.reg;
        while let Some(Def::Retype(src) | Def::Shared(src)) = self.defs.get(&reg) {
            reg = src.reg;
        }
        self.known_int(reg).or_else(|| match self.known_constant(reg) {
            Some(Constant::Bool(shape, values)) if shape.is_empty() => values.first().map(|&value| i64::from(value)),
            _ => None,
        })
    }

    fn forked_sum(&mut self, a: Reg, b: Reg, minus: bool) -> Result<Option<Sym>, Obstacle> {
        // `1 - question` asks the opposite.
        if minus && let Some(Sym::Question(question)) = self.env.get(b).cloned() {
            let one = matches!(self.env.get(a), None | Some(Sym::Plain(_)));
            let val = if one { Some(self.operand(a)?) } else { None };
            let negated = val.is_some_and(|val| self.constant_of(&val) == Some(1));
            return Ok(negated.then_some(Sym::Question(Question { negated: !question.negated, ..question })));
        }
        match (self.env.get(a).cloned(), self.env.get(b).cloned()) {
            (Some(Sym::Fork(a)), Some(Sym::Fork(b))) if a.question == b.question => {
                let (yes, no) = (self.joined_sums(a.yes, b.yes, minus)?, self.joined_sums(a.no, b.no, minus)?);
                Ok(fork(a.question, yes, no))
            }
            (Some(Sym::Fork(a)), _) => {
                let Some(b) = self.sum_at(b)? else { return Ok(None) };
                let (yes, no) = (self.joined_sums(a.yes, b.clone(), minus)?, self.joined_sums(a.no, b, minus)?);
                Ok(fork(a.question, yes, no))
            }
            (_, Some(Sym::Fork(b))) => {
                let Some(a) = self.sum_at(a)? else { return Ok(None) };
                let (yes, no) = (self.joined_sums(a.clone(), b.yes, minus)?, self.joined_sums(a, b.no, minus)?);
                Ok(fork(b.question, yes, no))
            }
            (Some(Sym::Slope(slope)), other) if !matches!(other, Some(Sym::Slope(_))) => {
                let Some(b) = self.sum_at(b)? else { return Ok(None) };
                self.sloped(slope, b, false, minus)
            }
            (other, Some(Sym::Slope(slope))) if !matches!(other, Some(Sym::Slope(_))) => {
                let Some(a) = self.sum_at(a)? else { return Ok(None) };
                self.sloped(slope, a, minus, false)
            }
            _ => Ok(None),
        }
    }

    fn joined_sums(&mut self, a: Linear, b: Linear, minus: bool) -> Result<Option<Linear>, Obstacle> {
        let b = if minus { self.negated(b)? } else { b };
        let differ = a.coef != 0 && b.coef != 0 && a.var != b.var;
        let var = if a.var == NONE || (a.coef == 0 && b.var != NONE) { b.var } else { a.var };
        let coef = a.coef + b.coef;
        let parts = self.cancelled(a.parts, b.parts);
        Ok((!differ && (-1..=1).contains(&coef)).then_some(Linear { var, coef, parts }))
    }

    fn sloped(
        &mut self,
        slope: Slope,
        other: Linear,
        negate_slope: bool,
        negate_other: bool,
    ) -> Result<Option<Sym>, Obstacle> {
        if slope.bits.is_some() || (other.coef != 0 && other.var != slope.var) {
            return Ok(None);
        }
        let other = if negate_other { self.negated(other)? } else { other };
        let mine = Linear { var: slope.var, coef: slope.coef, parts: slope.parts };
        let mine = if negate_slope { self.negated(mine)? } else { mine };
        let sign = if negate_slope { -slope.factor.0 } else { slope.factor.0 };
        let coef = mine.coef + other.coef;
        let parts = self.cancelled(mine.parts, other.parts);
        let sum = Slope { var: slope.var, coef, factor: (sign, slope.factor.1), parts, bits: None };
        Ok((-1..=1).contains(&coef).then_some(Sym::Slope(sum)))
    }

    /// The end of a loop for what a question chose.
    pub fn settle_fork(&mut self, reg: Reg, inner: &Loop) -> Result<(), Obstacle> {
        let Some(Sym::Fork(lead)) = self.env.get(reg).cloned() else { return Ok(()) };
        let mut group: Vec<(Reg, Part)> = Vec::new();
        let mut first = None;
        for &other in &inner.carried {
            let Some(Sym::Fork(fork)) = self.env.get(other).cloned() else { continue };
            if fork.question.var != lead.question.var || !same(&fork.question, &lead.question) {
                continue;
            }
            let Some((part, taken)) = picked(&fork) else { return self.cycle(fork.question.var) };
            let part = part.clone();
            if self.vars[fork.question.var].reg == other {
                first = Some((other, part, taken, fork.question.clone()));
            } else {
                group.push((other, part));
            }
        }
        let Some((reg, part, taken, question)) = first else { return self.cycle(lead.question.var) };
        if !self.compares(&part.val, &question) {
            return self.cycle(question.var);
        }
        group.insert(0, (reg, part));
        self.tree(&group, &question, taken)
    }

    /// True if what is chosen is what was asked about.
    fn compares(&self, val: &Val, question: &Question) -> bool {
        let origin = |val: &Val| {
            let mut val = val.clone();
            while let Some(Def::Retype(src) | Def::Shared(src)) = self.defs.get(&val.reg) {
                val = src.clone();
            }
            val
        };
        let rest = origin(&question.rest);
        if question.coef == -1 {
            return origin(val) == rest;
        }
        matches!(self.defs.get(&rest.reg), Some(Def::Neg(of)) if origin(of) == origin(val))
    }

    fn tree(&mut self, group: &[(Reg, Part)], question: &Question, taken: bool) -> Result<(), Obstacle> {
        let turns: Vec<Axis> = group[0].1.space.iter().copied().filter(|axis| !self.space.contains(axis)).collect();
        // A selection of turns of this loop and of those around goes through all of them or through none.
        let mixed = turns.iter().any(|turn| self.axes[turn.0].origins.iter().any(|(of, _)| self.space.contains(of)));
        let mut entries = Vec::new();
        for (reg, part) in group {
            let var = self.var_beside(*reg, question);
            match self.vars[var].entry.clone() {
                Some(Sym::Linear(outer)) if outer.coef == 1 && outer.parts.is_empty() => {
                    return self.pass_on(group, question, taken);
                }
                _ if mixed => return self.cycle(question.var),
                None => entries.push((Val { reg: *reg, axes: Vec::new() }, part.clone())),
                Some(Sym::Plain(val)) => entries.push((val, part.clone())),
                Some(_) => return self.cycle(var),
            }
        }
        let mut all = Vec::new();
        for (entry, part) in &entries {
            let val = self.secret(&part.val);
            if self.own_rank(&val) > 0 || self.own_rank(entry) > 0 {
                return self.cycle(question.var);
            }
            all.push((entry.clone(), val));
        }
        let mut others = self.union(all.iter().flat_map(|(entry, val)| [entry, val]));
        others.retain(|axis| !turns.contains(axis));
        let mut rows = Vec::new();
        for (at, (entry, val)) in all.iter().enumerate() {
            let kind = self.registers.get(group[at].0).ty.element();
            rows.push(self.rows(entry, val, &turns, &others, kind));
        }
        let results = self.play_off(&rows, question, taken, others.len());
        for ((reg, _), result) in group.iter().zip(results) {
            self.give(*reg, Val { reg: result, axes: others.clone() });
        }
        Ok(())
    }

    /// The register as the loop carries it that asks.
    fn var_beside(&self, reg: Reg, question: &Question) -> usize {
        let axis = self.vars[question.var].axis;
        self.vars.iter().rposition(|var| var.reg == reg && var.axis == axis).unwrap_or(question.var)
    }

    /// An inner loop of one that looks for the same: the outer one goes through all turns of both.
    fn pass_on(&mut self, group: &[(Reg, Part)], question: &Question, taken: bool) -> Result<(), Obstacle> {
        let mut outer = Vec::new();
        for (reg, _) in group {
            let var = self.var_beside(*reg, question);
            match self.vars[var].entry.clone() {
                Some(Sym::Linear(linear)) if linear.coef == 1 && linear.parts.is_empty() => outer.push(linear),
                _ => return self.cycle(var),
            }
        }
        let question = Question { var: outer[0].var, ..question.clone() };
        for ((reg, part), was) in group.iter().zip(outer) {
            let new = Linear { var: was.var, coef: 0, parts: vec![part.clone()] };
            let (yes, no) = if taken { (new, was) } else { (was, new) };
            self.env.set(*reg, Sym::Fork(Fork { question: question.clone(), yes, no }));
        }
        Ok(())
    }

    /// What came before, and the values of all turns, along a new first axis.
    fn rows(&mut self, entry: &Val, val: &Val, turns: &[Axis], others: &[Axis], kind: Kind) -> Reg {
        let entry = self.retyped(entry, kind);
        let before = self.expanded(&entry, others);
        let places: Vec<Place> = vec![Place::NewAxis];
        let before =
            self.moved(before, others.len() + 1, |dst, src| Instruction::Index { dst, src, places: places.clone() });
        let values = self.turns_first(val, turns, others, kind);
        let srcs = vec![AnySrc(before), AnySrc(values)];
        self.make(kind, others.len() + 1, |to| Instruction::Concat { dst: AnyDst(to), srcs: srcs.clone(), axis: 0 })
    }

    /// The values of all turns along one first axis.
    fn turns_first(&mut self, val: &Val, turns: &[Axis], others: &[Axis], kind: Kind) -> Reg {
        let val = self.retyped(val, kind);
        let mut sorted: Vec<Axis> = turns.iter().chain(others).copied().collect();
        sorted.sort_unstable();
        let wide = self.expanded(&val, &sorted);
        let label = |axis: &Axis| Label::Axis(*axis);
        let tensor = Labelled { reg: wide, dims: sorted.iter().map(label).collect() };
        let moved = self.front(&tensor, &turns.iter().map(label).collect::<Vec<_>>());
        let counts: Vec<Reg> = turns.iter().map(|&axis| self.count(axis)).collect();
        self.flatten_front(&moved, turns.len(), &counts)
    }

    /// A tree over the first axis: neighbours meet, so that of equal ones the earlier stays, or the later, as the loop has it.
    fn play_off(&mut self, rows: &[Reg], question: &Question, taken: bool, others: usize) -> Vec<Reg> {
        let kinds: Vec<Kind> = rows.iter().map(|&reg| self.kind(reg)).collect();
        let (question, rank) = (question.clone(), others + 1);
        self.halving(rows, rank, |tracer, left, right| {
            let first = tracer.raw(left[0], rank);
            let second = tracer.raw(right[0], rank);
            let (a, b) = if question.coef == -1 { (second, first) } else { (first, second) };
            let difference = tracer.make(Kind::Raw, rank, |to| Instruction::Sub {
                dst: Dst::new(to.index),
                a: Src::new(a.index),
                b: Src::new(b.index),
            });
            let bits = question.bits;
            let answer = tracer.make(Kind::Sbool, rank, |to| Instruction::Ltz {
                bits,
                batch: vec![(Dst::new(to.index), Src::new(difference.index))],
            });
            let take_right = taken != question.negated;
            let mut out = Vec::new();
            for ((&left, &right), &kind) in left.iter().zip(right).zip(&kinds) {
                let (keep, new) = if take_right { (left, right) } else { (right, left) };
                out.push(tracer.chosen(answer, new, keep, kind, rank));
            }
            out
        })
    }

    fn raw(&mut self, reg: Reg, rank: usize) -> Reg {
        self.make(Kind::Raw, rank, |to| Instruction::Retype { dst: Dst::new(to.index), src: Src::new(reg.index) })
    }

    /// `keep + answer * (new - keep)`
    fn chosen(&mut self, answer: Reg, new: Reg, keep: Reg, kind: Kind, rank: usize) -> Reg {
        let (new, keep) = (self.raw(new, rank), self.raw(keep, rank));
        let change = self.make(Kind::Raw, rank, |to| Instruction::Sub {
            dst: Dst::new(to.index),
            a: Src::new(new.index),
            b: Src::new(keep.index),
        });
        let step = self.make(Kind::Raw, rank, |to| Instruction::Mul {
            batch: vec![(Dst::new(to.index), Src::new(answer.index), Src::new(change.index))],
        });
        let sum = self.make(Kind::Raw, rank, |to| Instruction::Add {
            dst: Dst::new(to.index),
            a: Src::new(step.index),
            b: Src::new(keep.index),
        });
        self.make(kind, rank, |to| Instruction::Retype { dst: Dst::new(to.index), src: Src::new(sum.index) })
    }

    /// Joins neighbours along the first axis until one is left of each.
    fn halving(&mut self, rows: &[Reg], rank: usize, join: impl Fn(&mut Self, &[Reg], &[Reg]) -> Vec<Reg>) -> Vec<Reg> {
        let mut held = Vec::new();
        for &reg in rows {
            let to = self.registers.add(mpc_bytecode::Type::Tensor(self.kind(reg)), rank as u32);
            self.mutable.insert(to);
            self.copy(to, reg);
            held.push(to);
        }
        let (one, two, zero) = (self.int(1), self.int(2), self.int(0));
        let (head, turn, done) = (self.block(), self.block(), self.block());
        self.end(Terminator::Jump(BlockId(head as u32)), head);
        let made = self.made_mark();
        let count = self.size(held[0], 0);
        let more = self.make(Kind::Bool, 0, |to| Instruction::Binary {
            op: Binary::Gt,
            dst: Dst::new(to.index),
            a: Src::new(count.index),
            b: Src::new(one.index),
        });
        let branch = Terminator::Branch { cond: more, then: BlockId(turn as u32), otherwise: BlockId(done as u32) };
        self.end(branch, turn);
        let half = self.ints(Binary::FloorDiv, count, two);
        let even = self.ints(Binary::Mul, half, two);
        let cut = |tracer: &mut Self, reg: Reg, start: Reg, stop: Option<Reg>, step: Reg| {
            let public = |reg: Reg| Src::new(reg.index);
            let place = Place::Range(Some(public(start)), stop.map(public), Some(public(step)));
            let reg_rank = rank;
            tracer.moved(reg, reg_rank, |dst, src| Instruction::Index { dst, src, places: vec![place] })
        };
        let left: Vec<Reg> = held.iter().map(|&reg| cut(self, reg, zero, Some(even), two)).collect();
        let right: Vec<Reg> = held.iter().map(|&reg| cut(self, reg, one, Some(even), two)).collect();
        let joined = join(self, &left, &right);
        for (&to, new) in held.iter().zip(joined) {
            let rest = cut(self, to, even, None, one);
            let srcs = vec![AnySrc(new), AnySrc(rest)];
            let all = self.make(self.kind(to), rank, |dst| Instruction::Concat {
                dst: AnyDst(dst),
                srcs: srcs.clone(),
                axis: 0,
            });
            self.copy(to, all);
        }
        self.end(Terminator::Jump(BlockId(head as u32)), done);
        self.forget_made(made);
        let first = Place::At(Src::new(zero.index));
        held.iter()
            .map(|&reg| self.moved(reg, rank - 1, |dst, src| Instruction::Index { dst, src, places: vec![first] }))
            .collect()
    }

    /// The end of a loop for what it multiplied, or asked of all or any.
    pub fn settle_slope(&mut self, reg: Reg, slope: &Slope, axis: Axis) -> Result<(), Obstacle> {
        let kind = self.registers.get(reg).ty.element();
        let (sign, factor) = slope.factor.clone();
        let entry = match self.vars[slope.var].entry.clone() {
            None => Val { reg, axes: Vec::new() },
            Some(Sym::Plain(val)) => val,
            Some(_) => return self.cycle(slope.var),
        };
        if self.own_rank(&entry) > 0 || self.own_rank(&factor.val) > 0 {
            return self.cycle(slope.var);
        }
        let factor = Part { val: self.secret(&factor.val), space: factor.space };
        let result = match (slope.coef, sign, &slope.parts[..]) {
            (0, 1, []) if kind == Kind::Sbool => self.all_hold(&entry, &factor, axis, false)?,
            (1, -1, []) if kind == Kind::Sbool => self.all_hold(&entry, &factor, axis, true)?,
            (0, 1, []) if kind != Kind::Sbool => self.multiplied_out(&entry, &factor, slope.bits, kind)?,
            (1, -1, [part]) if kind == Kind::Sbool && self.origin(&part.val) == self.origin(&factor.val) => {
                self.any_holds(&entry, &factor, axis)?
            }
            _ => return self.cycle(slope.var),
        };
        self.give(reg, result);
        Ok(())
    }

    fn origin(&self, val: &Val) -> Val {
        let mut val = val.clone();
        while let Some(Def::Retype(src)) = self.defs.get(&val.reg) {
            val = src.clone();
        }
        val
    }

    /// Whether none of what is counted holds.
    fn none_of(&mut self, count: &Val) -> Val {
        self.elementwise(count, Kind::Sbool, |dst, src| Instruction::Eqz {
            bits: 0,
            batch: vec![(Dst::new(dst.index), Src::new(src.index))],
        })
    }

    fn not(&mut self, val: &Val, kind: Kind) -> Val {
        let one = self.int(1);
        self.elementwise(val, kind, |dst, src| Instruction::PublicSub {
            dst: Dst::new(dst.index),
            a: Src::new(one.index),
            b: Src::new(src.index),
        })
    }

    fn any_holds(&mut self, entry: &Val, factor: &Part, axis: Axis) -> Result<Val, Obstacle> {
        let truth = self.retyped(&factor.val, Kind::Sint);
        let part = self.over_turns(&Part { val: truth, space: factor.space.clone() }, axis)?;
        let before = self.retyped(entry, Kind::Sint);
        let count = self.plus(&part.val, &before);
        let none = self.none_of(&count);
        Ok(self.not(&none, Kind::Sbool))
    }

    fn all_hold(&mut self, entry: &Val, factor: &Part, axis: Axis, opposite: bool) -> Result<Val, Obstacle> {
        let truth = self.retyped(&factor.val, Kind::Sint);
        let fails = if opposite { truth } else { self.not(&truth, Kind::Sint) };
        let part = self.over_turns(&Part { val: fails, space: factor.space.clone() }, axis)?;
        let before = self.retyped(entry, Kind::Sint);
        let before = self.not(&before, Kind::Sint);
        let count = self.plus(&part.val, &before);
        Ok(self.none_of(&count))
    }

    fn multiplied_out(&mut self, entry: &Val, factor: &Part, bits: Option<u32>, kind: Kind) -> Result<Val, Obstacle> {
        let turns: Vec<Axis> = factor.space.iter().copied().filter(|axis| !self.space.contains(axis)).collect();
        let mut others = self.union([entry, &factor.val]);
        others.retain(|axis| !turns.contains(axis));
        let rows = self.rows(entry, &factor.val, &turns, &others, kind);
        let rank = others.len() + 1;
        let product = self.halving(&[rows], rank, |tracer, left, right| {
            let (a, b) = (left[0], right[0]);
            let raw = if bits.is_some() { Kind::Raw } else { kind };
            let product = tracer.make(raw, rank, |to| Instruction::Mul {
                batch: vec![(Dst::new(to.index), Src::new(a.index), Src::new(b.index))],
            });
            vec![match bits {
                None => product,
                Some(bits) => tracer.make(kind, rank, |to| Instruction::Trunc {
                    bits,
                    batch: vec![(Dst::new(to.index), Src::new(product.index))],
                }),
            }]
        });
        Ok(Val { reg: product[0], axes: others })
    }
}

fn fork(question: Question, yes: Option<Linear>, no: Option<Linear>) -> Option<Sym> {
    Some(Sym::Fork(Fork { question, yes: yes?, no: no? }))
}

fn same(a: &Question, b: &Question) -> bool {
    a.coef == b.coef && a.rest == b.rest && a.bits == b.bits && a.negated == b.negated
}

/// What a fork takes in place of what was carried, and whether it does so where the question holds.
fn picked(fork: &Fork) -> Option<(&Part, bool)> {
    let keeps = |linear: &Linear| linear.coef == 1 && linear.parts.is_empty();
    match (&fork.yes, &fork.no) {
        (Linear { coef: 0, parts, .. }, no) if keeps(no) && parts.len() == 1 => Some((&parts[0], true)),
        (yes, Linear { coef: 0, parts, .. }) if keeps(yes) && parts.len() == 1 => Some((&parts[0], false)),
        _ => None,
    }
}
