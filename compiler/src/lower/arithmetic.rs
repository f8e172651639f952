//! Arithmetic on secrets: one function an instruction, and the small formulas that are used everywhere.

use super::body::{Body, dst, public, secret};
use mpc_bytecode::operand::Binary;
use mpc_bytecode::{Instruction, Kind, Reg};

impl Body<'_, '_> {
    /// A new register as wide as both operands together.
    fn both(&mut self, a: Reg, b: Reg, kind: Kind) -> Reg {
        self.tensor(kind, self.rank(a).max(self.rank(b)))
    }

    /// A new register of the same shape.
    pub fn like(&mut self, reg: Reg, kind: Kind) -> Reg {
        self.tensor(kind, self.rank(reg))
    }

    /// A public value as a secret.
    pub fn share(&mut self, a: Reg) -> Reg {
        let to = self.like(a, self.kind(a).secret().unwrap_or(Kind::Sint));
        self.emit(Instruction::Share { dst: dst(to), src: public(a) });
        to
    }

    /// The same ring element under another kind.
    pub fn retype(&mut self, a: Reg, kind: Kind) -> Reg {
        if self.kind(a) == kind {
            return a;
        }
        let to = self.like(a, kind);
        self.emit(Instruction::Retype { dst: dst(to), src: secret(a) });
        to
    }

    /// An operand of a sum of this kind; truth values count as integers as they are.
    fn summand(&mut self, a: Reg, kind: Kind) -> Reg {
        match (self.kind(a), kind) {
            (Kind::Sbool | Kind::Sint, Kind::Sbool | Kind::Sint) => a,
            _ => self.retype(a, kind),
        }
    }

    /// `a + b`
    pub fn add(&mut self, a: Reg, b: Reg, kind: Kind) -> Reg {
        let (a, b) = (self.summand(a, kind), self.summand(b, kind));
        let to = self.both(a, b, kind);
        self.emit(Instruction::Add { dst: dst(to), a: secret(a), b: secret(b) });
        to
    }

    /// `a − b`
    pub fn sub(&mut self, a: Reg, b: Reg, kind: Kind) -> Reg {
        let (a, b) = (self.summand(a, kind), self.summand(b, kind));
        let to = self.both(a, b, kind);
        self.emit(Instruction::Sub { dst: dst(to), a: secret(a), b: secret(b) });
        to
    }

    /// `−a`
    pub fn neg(&mut self, a: Reg) -> Reg {
        let to = self.like(a, self.kind(a));
        self.emit(Instruction::Neg { dst: dst(to), src: secret(a) });
        to
    }

    /// `a + b`, b public
    pub fn add_public(&mut self, a: Reg, b: Reg, kind: Kind) -> Reg {
        let a = self.summand(a, kind);
        let to = self.both(a, b, kind);
        self.emit(Instruction::AddPublic { dst: dst(to), a: secret(a), b: public(b) });
        to
    }

    /// `a − b`, a public
    pub fn public_sub(&mut self, a: Reg, b: Reg, kind: Kind) -> Reg {
        let b = self.summand(b, kind);
        let to = self.both(a, b, kind);
        self.emit(Instruction::PublicSub { dst: dst(to), a: public(a), b: secret(b) });
        to
    }

    /// `a · b` in the ring, b public
    pub fn mul_public(&mut self, a: Reg, b: Reg, kind: Kind) -> Reg {
        let to = self.both(a, b, kind);
        self.emit(Instruction::MulPublic { dst: dst(to), a: secret(a), b: public(b) });
        to
    }

    /// `a · b` in the ring
    pub fn mul(&mut self, a: Reg, b: Reg, kind: Kind) -> Reg {
        let to = self.both(a, b, kind);
        self.emit(Instruction::Mul { batch: vec![(dst(to), secret(a), secret(b))] });
        to
    }

    /// `a²` in the ring.
    pub fn square(&mut self, a: Reg, kind: Kind) -> Reg {
        let to = self.like(a, kind);
        self.emit(Instruction::Square { batch: vec![(dst(to), secret(a))] });
        to
    }

    /// `a / 2^bits`
    pub fn trunc(&mut self, a: Reg, bits: u32, kind: Kind) -> Reg {
        let to = self.like(a, kind);
        self.emit(Instruction::Trunc { bits, batch: vec![(dst(to), secret(a))] });
        to
    }

    /// Whether a number of `bits` bits is negative.
    pub fn ltz(&mut self, a: Reg, bits: u32) -> Reg {
        let to = self.like(a, Kind::Sbool);
        self.emit(Instruction::Ltz { bits, batch: vec![(dst(to), secret(a))] });
        to
    }

    /// Whether a number of `bits` bits is zero.
    pub fn eqz(&mut self, a: Reg, bits: u32) -> Reg {
        let to = self.like(a, Kind::Sbool);
        self.emit(Instruction::Eqz { bits, batch: vec![(dst(to), secret(a))] });
        to
    }

    /// `1 − a` of a truth value.
    pub fn not(&mut self, a: Reg) -> Reg {
        let one = self.int(1);
        self.public_sub(one, a, Kind::Sbool)
    }

    /// The number 1 where a public truth value holds, else 0.
    pub fn bit(&mut self, a: Reg) -> Reg {
        self.convert_tensor(a, Kind::Int)
    }

    /// `1 − factor·a` of public numbers.
    pub fn complement(&mut self, a: Reg, factor: i64) -> Reg {
        let (one, factor) = (self.int(1), self.int(factor));
        let product = self.like(a, Kind::Int);
        self.emit(Instruction::Binary { op: Binary::Mul, dst: dst(product), a: public(a), b: public(factor) });
        let to = self.like(a, Kind::Int);
        self.emit(Instruction::Binary { op: Binary::Sub, dst: dst(to), a: public(one), b: public(product) });
        to
    }
}
