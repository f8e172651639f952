//! Comparisons of secrets: the sign of a difference, or whether it is zero.

use super::body::Body;
use crate::types::tree::Comparison;
use mpc_bytecode::{Kind, Reg};

/// What a comparison asks of the difference of its operands.
struct Question {
    /// The second operand minus the first.
    swapped: bool,
    /// Is it zero? Otherwise: is it negative?
    zero: bool,
    /// The answer is the opposite.
    negated: bool,
}

impl Question {
    fn of(comparison: Comparison) -> Self {
        let (swapped, zero, negated) = match comparison {
            Comparison::Less => (false, false, false),
            Comparison::LessEqual => (true, false, true),
            Comparison::Greater => (true, false, false),
            Comparison::GreaterEqual => (false, false, true),
            Comparison::Equal => (false, true, false),
            Comparison::NotEqual => (false, true, true),
        };
        Question { swapped, zero, negated }
    }
}

impl Body<'_, '_> {
    /// Comparison of two secrets of one kind.
    pub fn compare(&mut self, comparison: Comparison, a: Reg, b: Reg) -> Reg {
        let question = Question::of(comparison);
        let (left, right) = if question.swapped { (b, a) } else { (a, b) };
        let difference = self.sub(left, right, Kind::Raw);
        self.answer(&question, difference, self.difference_bits(self.kind(a)))
    }

    /// Comparison of a secret with a public value on its right.
    pub fn compare_public(&mut self, comparison: Comparison, a: Reg, b: Reg) -> Reg {
        let question = Question::of(comparison);
        let bits = self.difference_bits(self.kind(a));
        let b = if self.kind(b) == Kind::Bool { self.bit(b) } else { b };
        let swapped = self.public_sub(b, a, Kind::Raw);
        // The difference is made in the ring, where no public operand overflows.
        let difference = if question.swapped || question.zero { swapped } else { self.neg(swapped) };
        self.answer(&question, difference, bits)
    }

    fn answer(&mut self, question: &Question, difference: Reg, bits: u32) -> Reg {
        let answer = if question.zero { self.eqz(difference, bits) } else { self.ltz(difference, bits) };
        if question.negated { self.not(answer) } else { answer }
    }

    /// The width of the difference of two numbers of this kind: one bit more than theirs, or the ring's where there is no room.
    pub fn difference_bits(&self, kind: Kind) -> u32 {
        let precision = &self.program.tree.precision;
        let width = match kind {
            Kind::Bool | Kind::Sbool => 1,
            Kind::Fix | Kind::Sfix => precision.fix_bits,
            Kind::Int | Kind::Sint | Kind::Raw | Kind::Str => precision.int_bits,
        };
        let ring = precision.ring_bits().unwrap_or(64);
        if width + 1 < ring { width + 1 } else { 0 }
    }
}
