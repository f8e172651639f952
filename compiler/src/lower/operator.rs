//! Operators with one and two operands.

use super::body::{Body, dst, public, secret};
use super::layout::{kind, rank};
use crate::types::tree::{BinaryMeaning, Expr, ExprKind, UnaryMeaning};
use crate::types::ty::Ty;
use mpc_bytecode::{Constant, Instruction, Kind, Reg};

impl Body<'_, '_> {
    /// An operator with one operand.
    pub fn unary(&mut self, meaning: UnaryMeaning, a: &Expr, ty: &Ty) -> Reg {
        let a = self.one(a);
        match meaning {
            UnaryMeaning::Public(op) => {
                let to = self.tensor(kind(ty), rank(ty));
                self.emit(Instruction::Unary { op, dst: dst(to), src: public(a) });
                to
            }
            UnaryMeaning::Neg => {
                let result = self.neg(a);
                self.retype(result, kind(ty))
            }
            UnaryMeaning::Not => self.not(a),
        }
    }

    /// An operator with two operands.
    pub fn binary(&mut self, meaning: BinaryMeaning, left: &Expr, right: &Expr, ty: &Ty) -> Reg {
        if is_square(meaning, left, right) {
            return self.square_of(meaning, left, kind(ty));
        }
        let operands = self.registers([left, right]);
        let [a, b] = operands[..] else { return self.int(0) };
        let to = kind(ty);
        use BinaryMeaning::*;
        match meaning {
            Public(op) => {
                let out = self.tensor(to, rank(ty));
                self.emit(Instruction::Binary { op, dst: dst(out), a: public(a), b: public(b) });
                out
            }
            Add => self.add(a, b, to),
            Sub => self.sub(a, b, to),
            AddPublic => self.add_public(a, b, to),
            SubPublic => self.sub_public(a, b, right, to),
            PublicSub => self.public_sub(a, b, to),
            Mul => self.mul(a, b, to),
            MulFix => {
                let product = self.mul(a, b, Kind::Raw);
                self.scale_down(product, to)
            }
            MulPublic => {
                let factor = self.number(b);
                self.mul_public(a, factor, to)
            }
            MulFixPublic => {
                let product = self.mul_public(a, b, Kind::Raw);
                self.scale_down(product, to)
            }
            Matmul | MatmulFix | MatmulPublic | MatmulFixPublic | PublicMatmul | PublicMatmulFix => {
                self.matmul(meaning, a, b, ty)
            }
            And => self.mul(a, b, Kind::Sbool),
            AndPublic => {
                let bit = self.bit(b);
                self.mul_public(a, bit, Kind::Sbool)
            }
            Or => self.either(a, b, 1),
            Xor => self.either(a, b, 2),
            OrPublic => self.either_public(a, b, 1),
            XorPublic => self.either_public(a, b, 2),
            Compare(comparison) => self.compare(comparison, a, b),
            ComparePublic(comparison) => self.compare_public(comparison, a, b),
        }
    }

    /// A public truth value as a number; numbers stay.
    fn number(&mut self, a: Reg) -> Reg {
        if self.kind(a) == Kind::Bool { self.bit(a) } else { a }
    }

    fn scale_down(&mut self, product: Reg, kind: Kind) -> Reg {
        let bits = self.program.tree.precision.fix_frac;
        self.trunc(product, bits, kind)
    }

    fn square_of(&mut self, meaning: BinaryMeaning, operand: &Expr, kind: Kind) -> Reg {
        let a = self.one(operand);
        if meaning == BinaryMeaning::MulFix {
            let product = self.square(a, Kind::Raw);
            return self.scale_down(product, kind);
        }
        self.square(a, kind)
    }

    /// `a − b`, b public. A constant is negated here; another is subtracted from and the difference negated, in the ring, where the
    /// least integer has a negative too.
    fn sub_public(&mut self, a: Reg, b: Reg, expr: &Expr, kind: Kind) -> Reg {
        if let Some(negated) = negated(expr) {
            let negated = self.constant(negated);
            return self.add_public(a, negated, kind);
        }
        let swapped = self.public_sub(b, a, kind);
        self.neg(swapped)
    }

    fn matmul(&mut self, meaning: BinaryMeaning, a: Reg, b: Reg, ty: &Ty) -> Reg {
        use BinaryMeaning::*;
        let scaled = matches!(meaning, MatmulFix | MatmulFixPublic | PublicMatmulFix);
        let product = self.tensor(if scaled { Kind::Raw } else { kind(ty) }, rank(ty));
        self.emit(match meaning {
            MatmulPublic | MatmulFixPublic => {
                Instruction::MatmulPublic { dst: dst(product), a: secret(a), b: public(b) }
            }
            PublicMatmul | PublicMatmulFix => {
                Instruction::PublicMatmul { dst: dst(product), a: public(a), b: secret(b) }
            }
            _ => Instruction::Matmul { batch: vec![(dst(product), secret(a), secret(b))] },
        });
        if scaled { self.scale_down(product, kind(ty)) } else { product }
    }

    /// `a + b − factor·a·b`: or with factor 1, exclusive or with factor 2.
    fn either(&mut self, a: Reg, b: Reg, factor: i64) -> Reg {
        let product = self.mul(a, b, Kind::Sint);
        let product = if factor == 1 {
            product
        } else {
            let factor = self.int(factor);
            self.mul_public(product, factor, Kind::Sint)
        };
        let sum = self.add(a, b, Kind::Sint);
        let out = self.sub(sum, product, Kind::Sint);
        self.retype(out, Kind::Sbool)
    }

    /// The same with a public operand: `a·(1 − factor·b) + b`.
    fn either_public(&mut self, a: Reg, b: Reg, factor: i64) -> Reg {
        let bit = self.bit(b);
        let slope = self.complement(bit, factor);
        let product = self.mul_public(a, slope, Kind::Sint);
        let out = self.add_public(product, bit, Kind::Sint);
        self.retype(out, Kind::Sbool)
    }
}

/// True for a product of a local with itself: one opening instead of two.
fn is_square(meaning: BinaryMeaning, left: &Expr, right: &Expr) -> bool {
    let product = matches!(meaning, BinaryMeaning::Mul | BinaryMeaning::MulFix);
    match (&left.kind, &right.kind) {
        (ExprKind::Local(a), ExprKind::Local(b)) => product && a == b,
        _ => false,
    }
}

/// The negative of a constant, where it has one.
fn negated(expr: &Expr) -> Option<Constant> {
    let ExprKind::Constant(constant) = &expr.kind else { return None };
    Some(match constant {
        Constant::Int(shape, values) => {
            Constant::Int(shape.clone(), values.iter().map(|value| value.checked_neg()).collect::<Option<_>>()?)
        }
        Constant::Fix(shape, values) => {
            Constant::Fix(shape.clone(), values.iter().map(|value| value.checked_neg()).collect::<Option<_>>()?)
        }
        Constant::Bool(..) | Constant::Str(_) => return None,
    })
}
