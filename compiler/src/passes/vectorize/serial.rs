//! Loops that stay loops inside what is done at once: all turns of the loops around take each of their turns together.

use super::trace::{Axis, Linear, Obstacle, Part, Sym, Tracer, Val, Why};
use super::tree::{Loop, Node, While};
use crate::ir::{BlockId, Terminator};
use mpc_bytecode::operand::Binary;
use mpc_bytecode::{Dst, Instruction, Kind, Reg, Src};
use std::collections::HashMap;

/// A register of the program that a loop carries, and the one that stands for it.
pub struct Kept {
    reg: Reg,
    to: Reg,
    axes: Vec<Axis>,
    /// For one that is only added to: what it held before.
    sum: Option<Linear>,
}

impl Tracer<'_> {
    /// A loop with a condition that is the same in all turns of the loops around.
    pub fn while_loop(&mut self, inner: &While) -> Result<(), Obstacle> {
        self.looks_back([&inner.head[..], &inner.body[..]].concat().as_slice());
        self.settling(&inner.carried, |tracer, kept| {
            let (head, turn, done) = (tracer.block(), tracer.block(), tracer.block());
            tracer.end(Terminator::Jump(BlockId(head as u32)), head);
            let made = tracer.made_mark();
            if !tracer.sequence(&inner.head)? {
                return tracer.obstacle(None, Why::Effect);
            }
            let cond = tracer.operand(inner.cond)?;
            if !cond.axes.is_empty() {
                return tracer.obstacle(Some(inner.cond), Why::Shape);
            }
            let (then, otherwise) = if inner.stay { (turn, done) } else { (done, turn) };
            let branch =
                Terminator::Branch { cond: cond.reg, then: BlockId(then as u32), otherwise: BlockId(otherwise as u32) };
            // What the head gave is what holds after the loop too.
            let after_head = tracer.env.mark();
            tracer.end(branch, turn);
            if !tracer.sequence(&inner.body)? {
                return tracer.obstacle(None, Why::Effect);
            }
            let wider = tracer.turn_over(kept)?;
            tracer.env.back(after_head);
            tracer.end(Terminator::Jump(BlockId(head as u32)), done);
            tracer.forget_made(made);
            Ok(wider)
        })
    }

    /// A loop over a range, turn after turn.
    pub fn in_turn(&mut self, inner: &Loop) -> Result<(), Obstacle> {
        self.span = inner.span;
        let (left, start, step) = (self.operand(inner.left)?, self.operand(inner.at)?, self.operand(inner.step)?);
        if !left.axes.is_empty() {
            return self.obstacle(Some(inner.left), Why::Shape);
        }
        self.looks_back(&inner.body);
        let carried: Vec<Reg> = inner.carried.iter().chain(&inner.last).copied().collect();
        self.settling(&carried, |tracer, kept| {
            let turns = tracer.registers.add(mpc_bytecode::Type::Tensor(Kind::Int), 0);
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
                b: Src::new(left.reg.index),
            });
            let branch = Terminator::Branch { cond: more, then: BlockId(turn as u32), otherwise: BlockId(done as u32) };
            tracer.end(branch, turn);
            let offset = tracer.int_op(Binary::Mul, &Val { reg: turns, axes: Vec::new() }, &step);
            let at = tracer.int_op(Binary::Add, &start, &offset);
            let before = tracer.env.mark();
            tracer.give(inner.at, at);
            if !tracer.sequence(&inner.body)? {
                return tracer.obstacle(None, Why::Effect);
            }
            let wider = tracer.turn_over(kept)?;
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
        })
    }

    /// Makes a loop whose carried registers have a register each that is written in every turn. Their axes are those of what is written
    /// to them, which may be more than at first: then the loop is made once more.
    pub fn settling(
        &mut self,
        carried: &[Reg],
        mut make: impl FnMut(&mut Self, &[Kept]) -> Result<HashMap<Reg, Vec<Axis>>, Obstacle>,
    ) -> Result<(), Obstacle> {
        let mut axes: HashMap<Reg, Vec<Axis>> = HashMap::new();
        loop {
            let snapshot = self.snapshot();
            let mut kept = Vec::new();
            for &reg in carried {
                if let Some(entry) = self.keep(reg, &axes)? {
                    kept.push(entry);
                }
            }
            let wider = make(self, &kept)?;
            if wider.is_empty() {
                for entry in kept {
                    self.take_out(entry);
                }
                return Ok(());
            }
            axes.extend(wider);
            self.restore(snapshot);
        }
    }

    fn keep(&mut self, reg: Reg, axes: &HashMap<Reg, Vec<Axis>>) -> Result<Option<Kept>, Obstacle> {
        let shape = self.registers.get(reg).clone();
        if let Some(Sym::Linear(linear)) = self.env.get(reg).cloned() {
            let axes = axes.get(&reg).cloned().unwrap_or_default();
            if shape.rank > 0 {
                return self.cycle(linear.var);
            }
            let to = self.registers.add(shape.ty.clone(), axes.len() as u32);
            self.mutable.insert(to);
            let zero = self.zeros(shape.ty.element(), &axes);
            self.copy(to, zero);
            self.env.set(reg, Sym::Linear(Linear { parts: Vec::new(), ..linear.clone() }));
            return Ok(Some(Kept { reg, to, axes, sum: Some(linear) }));
        }
        if matches!(self.env.get(reg), Some(Sym::Array(_) | Sym::Pushed(..) | Sym::Pending(_))) {
            return self.obstacle(Some(reg), Why::Elements);
        }
        let val = self.operand(reg)?;
        let mut all = val.axes.clone();
        all.extend(axes.get(&reg).into_iter().flatten());
        all.sort_unstable();
        all.dedup();
        let to = self.registers.add(shape.ty, shape.rank + all.len() as u32);
        self.mutable.insert(to);
        let wide = self.expanded(&val, &all);
        self.copy(to, wide);
        self.give(reg, Val { reg: to, axes: all.clone() });
        Ok(Some(Kept { reg, to, axes: all, sum: None }))
    }

    /// The end of a turn: carried registers get their new values. Those whose values have more axes than the registers are returned.
    pub fn turn_over(&mut self, kept: &[Kept]) -> Result<HashMap<Reg, Vec<Axis>>, Obstacle> {
        let (mut wider, mut new) = (HashMap::new(), Vec::new());
        for entry in kept {
            let val = match (&entry.sum, self.env.get(entry.reg).cloned()) {
                (Some(before), Some(Sym::Linear(now))) if now.var == before.var && now.coef == before.coef => {
                    let kind = self.registers.get(entry.reg).ty.element();
                    let sum = self.sum_of_parts(&now.parts, kind)?;
                    let so_far = Val { reg: entry.to, axes: entry.axes.clone() };
                    let sum = self.plus(&so_far, &sum);
                    self.retyped(&sum, kind)
                }
                (Some(before), _) => return self.cycle(before.var),
                (None, _) => self.operand(entry.reg)?,
            };
            let axes: Vec<Axis> = val.axes.iter().copied().filter(|axis| !entry.axes.contains(axis)).collect();
            if !axes.is_empty() {
                let mut all: Vec<Axis> = axes.into_iter().chain(entry.axes.iter().copied()).collect();
                all.sort_unstable();
                wider.insert(entry.reg, all);
                continue;
            }
            new.push((entry.to, self.expanded(&val, &entry.axes)));
        }
        if wider.is_empty() {
            self.copy_all(&new);
        }
        Ok(wider)
    }

    /// Copies at once: what one writes another may read.
    pub fn copy_all(&mut self, pairs: &[(Reg, Reg)]) {
        let mut from = Vec::new();
        for &(to, reg) in pairs {
            let read_later = pairs.iter().any(|&(other, _)| other == reg && other != to);
            from.push(if read_later {
                let shape = self.registers.get(reg).clone();
                let held = self.registers.add(shape.ty, shape.rank);
                self.copy(held, reg);
                held
            } else {
                reg
            });
        }
        pairs.iter().zip(from).for_each(|(&(to, _), from)| self.copy(to, from));
    }

    fn take_out(&mut self, entry: Kept) {
        let val = Val { reg: entry.to, axes: entry.axes };
        match entry.sum {
            None => self.give(entry.reg, val),
            Some(mut linear) => {
                linear.parts.push(Part { val, space: self.space.clone() });
                self.env.set(entry.reg, Sym::Linear(linear));
            }
        }
    }

    /// What a sequence does; false if it ends in an exception.
    pub fn sequence(&mut self, nodes: &[Node]) -> Result<bool, Obstacle> {
        for node in nodes {
            match node {
                Node::Op(op) => self.op(op)?,
                Node::If(choice) => self.choice(choice)?,
                Node::Loop(inner) => self.counted(inner)?,
                Node::While(inner) => self.while_loop(inner)?,
                Node::Raise(end, span) => {
                    self.span = *span;
                    let Terminator::Raise(exception, message) = end else {
                        return self.obstacle(None, Why::Effect);
                    };
                    let message = self.operand(*message)?;
                    if !message.axes.is_empty()
                        || self.space.iter().any(|axis| self.axes[axis.0].flat.is_some() && !self.axes[axis.0].point)
                    {
                        return self.obstacle(None, Why::Effect);
                    }
                    if self.is_turnwise() {
                        self.risk_value();
                    } else {
                        self.risk_shape();
                    }
                    self.blocks[self.current].end = Terminator::Raise(*exception, message.reg);
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}
