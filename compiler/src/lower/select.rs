//! The choice between two secrets by a secret: `cond·(a − b) + b`.

use super::body::{Body, Value, public, src};
use super::layout::{is_scalar, item, leaves, same_shape};
use crate::ir::Terminator;
use crate::types::tree::Expr;
use crate::types::ty::Ty;
use mpc_bytecode::operand::{Binary, Exception, Lists};
use mpc_bytecode::{AnyDst, Instruction, Kind, Reg, Type};

impl Body<'_, '_> {
    /// `then` where `cond` holds, else `otherwise`.
    pub fn select(&mut self, cond: &Expr, then: &Expr, otherwise: &Expr, ty: &Ty) -> Value {
        let bare = Ty::scalar(Kind::Sbool);
        let parts = self.operands_as([(cond, &cond.ty), (then, ty), (otherwise, ty)]);
        let [test, a, b] = parts.as_slice() else { return Value::new() };
        let test_ty = test.first().map_or(&bare, |_| &cond.ty);
        let shapes = Shapes { test: test_ty, then: &then.ty, otherwise: &otherwise.ty };
        self.select_value(test.first().copied(), a, b, ty, &shapes)
    }

    fn select_value(&mut self, test: Option<Reg>, a: &[Reg], b: &[Reg], ty: &Ty, shapes: &Shapes<'_>) -> Value {
        let Some(test) = test else { return b.to_vec() };
        match ty {
            Ty::Tuple(components) => {
                let mut out = Value::new();
                for component in components {
                    let range = out.len()..(out.len() + leaves(component).len()).min(a.len()).min(b.len());
                    let shapes = Shapes { test: shapes.test, then: component, otherwise: component };
                    out.extend(self.select_value(Some(test), &a[range.clone()], &b[range], component, &shapes));
                }
                out
            }
            Ty::List(inside) => {
                let each = |(&a, &b): (&Reg, &Reg)| self.select_list(test, a, b, inside, shapes.test);
                a.iter().zip(b).map(each).collect()
            }
            Ty::Tensor(..) | Ty::None | Ty::Unknown | Ty::Error => {
                let same = same_shape(shapes.then, shapes.otherwise) && same_shape(shapes.test, &with_bool(shapes.then));
                a.iter().zip(b).map(|(&a, &b)| self.select_tensor(test, a, b, same)).collect()
            }
        }
    }

    /// `test·(a − b) + b`; the difference may leave the kind's range, the result does not.
    pub fn select_tensor(&mut self, test: Reg, a: Reg, b: Reg, same: bool) -> Reg {
        if a == b && same {
            return a;
        }
        let kind = self.kind(b);
        let difference = self.sub(a, b, Kind::Raw);
        let chosen = self.mul(test, difference, Kind::Raw, same);
        let sum = self.add(chosen, b, Kind::Raw);
        self.retype(sum, kind)
    }

    /// Lists of equal lengths: scalars in one round, other items one after another.
    fn select_list(&mut self, test: Reg, a: Reg, b: Reg, inside: &Ty, test_ty: &Ty) -> Reg {
        self.check_lengths(a, b);
        let (ty, kind) = (self.ty(b).clone(), self.kind(b));
        let flat = is_scalar(inside) || matches!(inside, Ty::Tuple(parts) if parts.iter().all(is_scalar));
        if flat && is_scalar(test_ty) {
            return self.as_tensor(b, kind, ty, |body, right| {
                let left = body.pack(a, kind);
                body.select_tensor(test, left, right, false)
            });
        }
        let out = self.zero(&ty);
        let Type::List(inner) = ty else { return b };
        let deeper = item(inside).clone();
        let count = self.length(a);
        self.counted(count, |body, at| {
            let [left, right] = [a, b].map(|list| {
                let to = body.leaf(((*inner).clone(), false));
                body.emit(Instruction::Get { dst: AnyDst(to), src: src::<Lists>(list), at: public(at) });
                to
            });
            let chosen = match *inner {
                Type::Tensor(_) => body.select_tensor(test, left, right, false),
                Type::List(_) => body.select_list(test, left, right, &deeper, test_ty),
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

/// The types whose shapes decide whether operands must be broadcast.
struct Shapes<'t> {
    test: &'t Ty,
    then: &'t Ty,
    otherwise: &'t Ty,
}

/// The condition's type if it has the shape of `ty`.
fn with_bool(ty: &Ty) -> Ty {
    ty.map(&|_, dims| Ty::Tensor(Kind::Sbool, dims.to_vec()))
}
