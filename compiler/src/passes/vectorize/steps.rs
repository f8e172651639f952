//! Public integers that a loop steps evenly: counters, and positions beside the loop's own.
//!
//! In turn `t` such a register holds what it held before the loop, and `t` times the step: it is no reason for turns to wait for each other.

use super::trace::{Axis, Fact, Obstacle, Tracer, Val};
use super::tree::{Loop, Node, each_node, each_op};
use mpc_bytecode::operand::Binary;
use mpc_bytecode::{Instruction, Kind, Reg, Type};
use std::collections::HashMap;

/// A register that a loop steps evenly.
#[derive(Clone, Debug)]
pub struct Step {
    /// The register.
    pub reg: Reg,
    /// What is added in every turn.
    pub by: Reg,
    /// It is subtracted instead.
    pub minus: bool,
    /// What the register held before.
    pub entry: Option<Val>,
}

impl Tracer<'_> {
    /// The registers that a loop steps evenly.
    pub fn stepped(&self, inner: &Loop) -> Vec<Step> {
        let mut writes: HashMap<Reg, u32> = HashMap::new();
        each_op(&inner.body, &mut |op| op.writes(|reg| *writes.entry(reg).or_default() += 1));
        each_node(&inner.body, &mut |node| {
            if let Node::Loop(own) = node {
                *writes.entry(own.at).or_default() += 1;
            }
        });
        let step = |node: &Node| match node {
            Node::Op(op) => match op.instruction {
                Instruction::Binary { op: Binary::Add, dst, a, b } if dst.reg() == a.reg() => Some((dst, b, false)),
                Instruction::Binary { op: Binary::Add, dst, a, b } if dst.reg() == b.reg() => Some((dst, a, false)),
                Instruction::Binary { op: Binary::Sub, dst, a, b } if dst.reg() == a.reg() => Some((dst, b, true)),
                _ => None,
            },
            Node::If(_) | Node::Loop(_) | Node::While(_) | Node::Raise(..) => None,
        };
        let even = |reg: Reg, by: Reg| {
            let number = |reg: Reg| {
                let register = self.registers.get(reg);
                register.ty == Type::Tensor(Kind::Int) && register.rank == 0
            };
            inner.carried.contains(&reg)
                && writes.get(&reg) == Some(&1)
                && self.is_steady(by, &writes)
                && number(reg)
                && number(by)
        };
        let found = inner.body.iter().filter_map(step).map(|(reg, by, minus)| (reg.reg(), by.reg(), minus));
        found
            .filter(|&(reg, by, _)| even(reg, by))
            .map(|(reg, by, minus)| Step { reg, by, minus, entry: None })
            .collect()
    }

    /// True for a register that holds the same in all turns: the loop does not write it, or one constant alone.
    fn is_steady(&self, reg: Reg, writes: &HashMap<Reg, u32>) -> bool {
        !writes.contains_key(&reg) || self.is_of_program(reg) && self.known[reg].is_some()
    }

    /// What the loop's evenly stepped registers hold when a turn begins.
    pub fn enter_steps(&mut self, inner: &Loop, axis: Axis) -> Result<Vec<Step>, Obstacle> {
        let mut steps = self.stepped(inner);
        for step in &mut steps {
            let (entry, by) = (self.operand(step.reg)?, self.amount(step)?);
            let count = self.count(axis);
            let turns = Val { reg: self.positions(count), axes: vec![axis] };
            let way = self.int_op(Binary::Mul, &turns, &by);
            let operation = if step.minus { Binary::Sub } else { Binary::Add };
            let held = self.int_op(operation, &entry, &way);
            if let Some(fact) = self.fact_of_step(&entry, &by, step.minus, axis) {
                self.facts.insert(held.reg, fact);
            }
            step.entry = Some(entry);
            self.give(step.reg, held);
        }
        Ok(steps)
    }

    /// By how much a register is stepped: a constant that the loop itself loads is loaded before it.
    fn amount(&mut self, step: &Step) -> Result<Val, Obstacle> {
        match self.known_int(step.by) {
            Some(number) => Ok(Val { reg: self.int(number), axes: Vec::new() }),
            None => self.operand(step.by),
        }
    }

    fn fact_of_step(&self, entry: &Val, by: &Val, minus: bool, axis: Axis) -> Option<Fact> {
        let [start, step] = self.axes[axis.0].steps?;
        let (start, coef) = (self.known_int(start)?, self.known_int(by.reg)?);
        let coef = if minus { coef.checked_neg()? } else { coef };
        if self.known_int(step) != Some(1) || !entry.axes.is_empty() {
            return None;
        }
        let mut fact = self.fact(entry)?;
        fact.offset = fact.offset.checked_sub(start.checked_mul(coef)?)?;
        if coef != 0 {
            fact.coefs.insert(axis, coef);
        }
        Some(fact)
    }

    /// What they hold after the loop.
    pub fn leave_steps(&mut self, steps: &[Step], axis: Axis) {
        for step in steps {
            let Some(entry) = &step.entry else { continue };
            let by = match self.known_int(step.by) {
                Some(number) => self.int(number),
                None => self.read(step.by).map_or(step.by, |val| val.reg),
            };
            let count = Val { reg: self.count(axis), axes: Vec::new() };
            let way = self.int_op(Binary::Mul, &count, &Val { reg: by, axes: Vec::new() });
            let after = self.int_op(if step.minus { Binary::Sub } else { Binary::Add }, entry, &way);
            self.give(step.reg, after);
        }
    }
}
