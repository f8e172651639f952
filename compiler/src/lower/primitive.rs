//! Primitives of the machine: one instruction each, where the tree says what it does to a whole value.

use super::body::{Body, Value, dst, public, secret, src};
use super::layout::{kind, leaves};
use crate::types::tree::{Expr, Primitive};
use crate::types::ty::Ty;
use mpc_bytecode::operand::{Lists, Reduction};
use mpc_bytecode::{AnyDst, AnySrc, Bank, Instruction, Kind, Reg};

impl Body<'_, '_> {
    /// A primitive's value.
    pub fn primitive(&mut self, primitive: &Primitive, args: &[Expr], ty: &Ty) -> Value {
        match primitive {
            Primitive::Join => return self.join(args, ty),
            Primitive::Repeat => return self.repeat(args),
            Primitive::Concat(_) | Primitive::Stack => {}
            _ => {
                let values = self.registers(args);
                let Some((&first, rest)) = values.split_first() else { return self.empty(ty) };
                return self.on_registers(primitive, first, rest, ty);
            }
        }
        let values = self.registers(args);
        let to = self.result(ty);
        let srcs = values.into_iter().map(AnySrc).collect();
        self.emit(match primitive {
            Primitive::Concat(axis) => Instruction::Concat { dst: AnyDst(to), srcs, axis: *axis },
            _ => Instruction::Stack { dst: AnyDst(to), srcs },
        });
        vec![to]
    }

    fn result(&mut self, ty: &Ty) -> Reg {
        let value = self.fresh(ty);
        value.first().copied().unwrap_or_else(|| self.scalar(Kind::Int))
    }

    fn on_registers(&mut self, primitive: &Primitive, a: Reg, rest: &[Reg], ty: &Ty) -> Value {
        let at = |index: usize| rest.get(index).copied().unwrap_or(a);
        let shape = || rest.iter().map(|&size| public(size)).collect();
        match primitive {
            Primitive::Sum(axes) if a.bank == Bank::Secret => return vec![self.sum(a, axes, ty)],
            Primitive::Ltz(bits) => return vec![self.ltz(a, *bits)],
            Primitive::Eqz(bits) => return vec![self.eqz(a, *bits)],
            Primitive::Trunc(bits) => return vec![self.trunc(a, *bits, kind(ty))],
            Primitive::Retype => return vec![self.retype(a, kind(ty))],
            _ => {}
        }
        let to = self.result(ty);
        self.emit(match primitive {
            Primitive::Size(axis) => Instruction::Size { dst: dst(to), src: AnySrc(a), axis: *axis },
            Primitive::Length => Instruction::Length { dst: dst(to), src: src::<Lists>(a) },
            Primitive::Sum(axes) => {
                Instruction::Reduce { op: Reduction::Sum, dst: dst(to), src: public(a), axes: axes.clone() }
            }
            Primitive::Reduce(op, axes) => {
                Instruction::Reduce { op: *op, dst: dst(to), src: public(a), axes: axes.clone() }
            }
            Primitive::Reshape => Instruction::Reshape { dst: AnyDst(to), src: AnySrc(a), shape: shape() },
            Primitive::Transpose(axes) => {
                Instruction::Transpose { dst: AnyDst(to), src: AnySrc(a), axes: axes.clone() }
            }
            Primitive::Broadcast => Instruction::Broadcast { dst: AnyDst(to), src: AnySrc(a), shape: shape() },
            Primitive::Gather => Instruction::Gather { dst: AnyDst(to), src: AnySrc(a), at: public(at(0)) },
            Primitive::Choose => {
                Instruction::Choose { dst: dst(to), cond: public(a), a: public(at(0)), b: public(at(1)) }
            }
            Primitive::Range => {
                Instruction::Range { dst: dst(to), start: public(a), stop: public(at(0)), step: public(at(1)) }
            }
            Primitive::Count => {
                Instruction::Count { dst: dst(to), start: public(a), stop: public(at(0)), step: public(at(1)) }
            }
            Primitive::Pack => Instruction::Pack { dst: AnyDst(to), src: src(a) },
            Primitive::Unpack => Instruction::Unpack { dst: dst(to), src: AnySrc(a) },
            Primitive::Bits(bits) => Instruction::Bits { bits: *bits, batch: vec![(dst(to), secret(a))] },
            Primitive::ShiftLeft(bits) => Instruction::ShiftLeft { dst: dst(to), src: secret(a), bits: *bits },
            Primitive::Scaled => Instruction::Scaled { dst: dst(to), src: public(a) },
            // Those above, and those of several leaves, which `primitive` has taken.
            Primitive::Concat(_)
            | Primitive::Stack
            | Primitive::Join
            | Primitive::Repeat
            | Primitive::Trunc(_)
            | Primitive::Ltz(_)
            | Primitive::Eqz(_)
            | Primitive::Retype => Instruction::Copy { dst: AnyDst(to), src: AnySrc(a) },
        });
        vec![to]
    }

    /// A sum of truth values counts them.
    fn sum(&mut self, a: Reg, axes: &[u32], ty: &Ty) -> Reg {
        let a = self.retype(a, kind(ty));
        let to = self.result(ty);
        self.emit(Instruction::Sum { dst: dst(to), src: secret(a), axes: axes.to_vec() });
        to
    }

    fn join(&mut self, args: &[Expr], ty: &Ty) -> Value {
        let mut values = self.operands_as(args.iter().map(|arg| (arg, ty))).into_iter();
        let (a, b) = (values.next().unwrap_or_default(), values.next().unwrap_or_default());
        let each = |(&a, &b): (&Reg, &Reg)| {
            let to = self.leaf((self.ty(a).clone(), self.rank(a)));
            self.emit(Instruction::Join { dst: dst(to), a: src::<Lists>(a), b: src::<Lists>(b) });
            to
        };
        a.iter().zip(&b).map(each).collect()
    }

    fn repeat(&mut self, args: &[Expr]) -> Value {
        let [list, times] = args else { return Value::new() };
        let mut values = self.operands([list, times]);
        let times = values.pop().and_then(|value| value.first().copied());
        let (Some(times), lists) = (times, values.concat()) else { return Value::new() };
        debug_assert_eq!(lists.len(), leaves(&list.ty).len(), "a list has a register for each leaf");
        let each = |list: Reg| {
            let to = self.leaf((self.ty(list).clone(), self.rank(list)));
            self.emit(Instruction::Repeat { dst: dst(to), src: src::<Lists>(list), times: public(times) });
            to
        };
        lists.into_iter().map(each).collect()
    }
}
