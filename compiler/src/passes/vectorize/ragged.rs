//! Loops whose number of turns differs between the turns of those around: `for j in range(i + 1, n)`.
//!
//! They are loops over the largest of these numbers, and each turn asks whether it takes place: what is done at once is done for exactly
//! those turns that the program has, in its order.

use super::trace::{Axis, AxisInfo, Fact, Obstacle, Tracer, Val, Why};
use super::tree::{If, Loop};
use crate::ir::{BlockId, Op};
use mpc_bytecode::operand::{Binary, Place, Reduction};
use mpc_bytecode::{AnyDst, AnySrc, Dst, Instruction, Kind, Reg, Src};

impl Tracer<'_> {
    /// Such a loop with all turns at once.
    pub fn ragged(&mut self, inner: &Loop, left: &Val) -> Result<(), Obstacle> {
        self.span = inner.span;
        let (start, step) = (self.operand(inner.at)?, self.operand(inner.step)?);
        if let Some(&reg) = inner.last.first() {
            return self.obstacle(Some(reg), Why::Shape);
        }
        let axis = self.longest(left);
        let (turns, var) = self.ragged_variable(axis, &start, &step);
        let asked = self.aligned(&[turns, left.clone()]);
        let ([turn, count], axes) = (&asked.0[..], asked.1) else { return self.obstacle(None, Why::Shape) };
        let (turn, count) = (*turn, *count);
        let taken = self.make(Kind::Bool, axes.len(), |to| Instruction::Binary {
            op: Binary::Lt,
            dst: Dst::new(to.index),
            a: Src::new(turn.index),
            b: Src::new(count.index),
        });
        for &reg in &inner.carried {
            self.carry(reg, inner, axis, false);
        }
        self.space.push(axis);
        self.give(inner.at, var);
        let turn = If { cond: inner.at, then: inner.body.clone(), otherwise: Vec::new(), span: inner.span };
        self.uneven_choice(&Val { reg: taken, axes }, &turn)?;
        self.space.pop();
        for &reg in &inner.carried {
            self.settle_ragged(reg, inner, axis)?;
        }
        Ok(())
    }

    /// How many numbers a range has, where its ends differ between turns.
    pub fn turns_of(&mut self, op: &Op, dst: Reg, [start, stop, step]: [Reg; 3]) -> Result<(), Obstacle> {
        let [start, stop, step] = [self.operand(start)?, self.operand(stop)?, self.operand(step)?];
        if start.axes.is_empty() && stop.axes.is_empty() && step.axes.is_empty() {
            return self.even(op);
        }
        let Some(by) = self.known_int(step.reg).filter(|&by| by != 0) else {
            return self.obstacle(Some(dst), Why::Shape);
        };
        let even = |reg: Reg| Val { reg, axes: Vec::new() };
        let mut count =
            if by > 0 { self.int_op(Binary::Sub, &stop, &start) } else { self.int_op(Binary::Sub, &start, &stop) };
        if by.unsigned_abs() > 1 {
            let (size, rest) = (self.int(by.saturating_abs()), self.int(by.saturating_abs() - 1));
            count = self.int_op(Binary::Add, &count, &even(rest));
            count = self.int_op(Binary::FloorDiv, &count, &even(size));
        }
        let zero = self.int(0);
        let count = self.int_op(Binary::Max, &count, &even(zero));
        self.give(dst, count);
        Ok(())
    }

    /// An axis of the largest of several numbers of turns.
    fn longest(&mut self, left: &Val) -> Axis {
        let rank = left.axes.len();
        let counts: Vec<Reg> = left.axes.iter().map(|&axis| self.count(axis)).collect();
        let all = if rank == 1 {
            left.reg
        } else {
            let size = self.product_of(&counts);
            self.reshape(left.reg, &[size])
        };
        let zero = self.int(0);
        let none = self.moved(zero, 1, |dst, src| Instruction::Index { dst, src, places: vec![Place::NewAxis] });
        let srcs = vec![AnySrc(none), AnySrc(all)];
        let all = self.make(Kind::Int, 1, |to| Instruction::Concat { dst: AnyDst(to), srcs: srcs.clone(), axis: 0 });
        let count = self.make(Kind::Int, 0, |to| Instruction::Reduce {
            op: Reduction::Max,
            dst: Dst::new(to.index),
            src: Src::new(all.index),
            axes: Vec::new(),
        });
        let (zero, one) = (self.int(0), self.int(1));
        self.axes.push(AxisInfo {
            count,
            origins: Vec::new(),
            parents: Vec::new(),
            flat: None,
            var: None,
            low: Some(0),
            steps: Some([zero, one]),
            point: false,
        });
        Axis(self.axes.len() - 1)
    }

    /// The number of each turn, and the loop's variable.
    fn ragged_variable(&mut self, axis: Axis, start: &Val, step: &Val) -> (Val, Val) {
        let count = self.count(axis);
        let positions = self.positions(count);
        let shape = self.registers.get(positions).clone();
        // An axis has positions of its own, even where another has as many.
        let own = self.registers.add(shape.ty, shape.rank);
        self.copy(own, positions);
        self.axes[axis.0].var = Some(own);
        self.facts.insert(own, Fact { coefs: [(axis, 1)].into(), ..Fact::default() });
        let turns = Val { reg: own, axes: vec![axis] };
        let way = self.int_op(Binary::Mul, &turns, step);
        let var = self.int_op(Binary::Add, start, &way);
        if let (Some(mut fact), Some(step)) = (self.fact(start), self.known_int(step.reg)) {
            fact.coefs.insert(axis, step);
            self.facts.insert(var.reg, fact);
        }
        (turns, var)
    }

    /// The end of the loop for what it carried. What the last turn left is another turn's for each turn around.
    fn settle_ragged(&mut self, reg: Reg, inner: &Loop, axis: Axis) -> Result<(), Obstacle> {
        use super::trace::Sym;
        match self.env.get(reg) {
            Some(Sym::Plain(_) | Sym::Merge(_)) | None => self.ragged_obstacle(reg, inner.header),
            Some(_) => self.settle(reg, inner, axis),
        }
    }

    fn ragged_obstacle(&self, reg: Reg, header: BlockId) -> Result<(), Obstacle> {
        Err(Obstacle { header: Some(header), reg: Some(reg), span: self.span, why: Why::Cycle })
    }
}
