//! The choice between two secrets by a secret: `cond·(a − b) + b`.

use super::body::{Body, Value, public, src};
use super::layout::{is_flat, is_scalar, item, leaves};
use crate::ir::Terminator;
use crate::types::tree::Expr;
use crate::types::ty::{Object, Ty};
use mpc_bytecode::operand::{Binary, Exception, Lists};
use mpc_bytecode::{AnyDst, Instruction, Kind, Reg, Type};

impl Body<'_, '_> {
    /// `then` where `cond` holds, else `otherwise`.
    pub fn select(&mut self, cond: &Expr, then: &Expr, otherwise: &Expr, ty: &Ty) -> Value {
        let parts = self.operands_as([(cond, &cond.ty), (then, ty), (otherwise, ty)]);
        match parts.as_slice() {
            [test, a, b] if !test.is_empty() => self.select_value(test[0], a, b, ty, is_scalar(&cond.ty)),
            _ => Value::new(),
        }
    }

    /// `scalar` says that the condition is one.
    fn select_value(&mut self, test: Reg, a: &[Reg], b: &[Reg], ty: &Ty, scalar: bool) -> Value {
        match ty {
            Ty::Tuple(components) | Ty::Object(Object { fields: components, .. }) => {
                let mut out = Value::new();
                for component in components {
                    let range = out.len()..(out.len() + leaves(component).len()).min(a.len()).min(b.len());
                    out.extend(self.select_value(test, &a[range.clone()], &b[range], component, scalar));
                }
                out
            }
            Ty::List(inside) => {
                let each = |(&a, &b): (&Reg, &Reg)| self.select_list(test, a, b, inside, scalar);
                a.iter().zip(b).map(each).collect()
            }
            Ty::Tensor(..) | Ty::None | Ty::Unknown | Ty::Error => {
                a.iter().zip(b).map(|(&a, &b)| self.select_tensor(test, a, b)).collect()
            }
        }
    }

    /// `test·(a − b) + b`; the difference may leave the kind's range, the result does not.
    pub fn select_tensor(&mut self, test: Reg, a: Reg, b: Reg) -> Reg {
        let kind = self.kind(b);
        let difference = self.sub(a, b, Kind::Raw);
        let chosen = self.mul(test, difference, Kind::Raw);
        let sum = self.add(chosen, b, Kind::Raw);
        self.retype(sum, kind)
    }

    /// Lists of equal lengths: scalars in one round, other items one after another.
    fn select_list(&mut self, test: Reg, a: Reg, b: Reg, inside: &Ty, scalar: bool) -> Reg {
        self.check_lengths(a, b);
        let (ty, kind) = (self.ty(b).clone(), self.kind(b));
        let flat = is_flat(inside);
        if flat && scalar {
            return self.as_tensor(b, kind, ty, |body, right| {
                let left = body.pack(a, kind);
                body.select_tensor(test, left, right)
            });
        }
        let out = self.zero((&ty, self.rank(b)));
        let Type::List(inner) = ty else { return b };
        let deeper = item(inside).clone();
        let count = self.length(a);
        self.counted(count, |body, at| {
            let [left, right] = [a, b].map(|list| {
                let to = body.leaf(((*inner).clone(), body.rank(list)));
                body.emit(Instruction::Get { dst: AnyDst(to), src: src::<Lists>(list), at: public(at) });
                to
            });
            let chosen = match *inner {
                Type::Tensor(_) => body.select_tensor(test, left, right),
                Type::List(_) => body.select_list(test, left, right, &deeper, scalar),
            };
            body.push_item(out, chosen);
        });
        out
    }

    fn check_lengths(&mut self, a: Reg, b: Reg) {
        let (left, right) = (self.length(a), self.length(b));
        let equal = self.scalars(Binary::Eq, left, right, Kind::Bool);
        let (differ, go_on) = (self.block(), self.block());
        self.end(Terminator::Branch { cond: equal, then: go_on, otherwise: differ });
        self.start(differ);
        self.raise(Exception::ValueError, "a secret condition chooses between lists of different lengths");
        self.start(go_on);
    }
}
