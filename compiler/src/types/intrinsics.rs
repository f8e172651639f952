//! What library functions may do besides: the primitives of the machine, under names that begin with an underscore.

use super::body::Body;
use super::operations::dims;
use super::shape::Dim;
use super::tree::{ExprKind, Primitive};
use super::ty::Ty;
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast;
use mpc_bytecode::Kind;

impl<'a> Body<'a, '_> {
    /// `_name(args)` in a library function. Numbers of bits must be known: library functions are made for one number at a time.
    pub fn intrinsic(&mut self, name: &str, args: &'a [ast::Arg], span: Span) -> Value {
        let mut values: Vec<Value> = args.iter().map(|arg| self.expr(&arg.value)).collect();
        if values.iter().any(Value::is_error) {
            return Value::error(span);
        }
        let precision = self.checker.precision;
        match name {
            "_int_bits" => return Value::int(precision.int_bits.into(), span),
            "_fix_bits" => return Value::int(precision.fix_bits.into(), span),
            "_frac_bits" => return Value::int(precision.fix_frac.into(), span),
            _ => {}
        }
        if values.is_empty() {
            return self.bad_intrinsic(name, span);
        }
        let first = values.remove(0);
        let Ty::Tensor(kind, shape) = first.ty().clone() else { return self.bad_intrinsic(name, span) };
        match name {
            "_is_secret" => return Value::bool(first.ty().is_secret(), span),
            // Whether the library's function is made for this one number.
            "_is_known" => return Value::bool(first.as_int().is_some(), span),
            _ => {}
        }
        let bits = values.first().and_then(Value::as_int).and_then(|bits| u32::try_from(bits).ok());
        let with_bit_axis = |bits: u32| shape.iter().cloned().chain([Dim::constant(bits.into())]).collect();
        let (primitive, ty) = match (name, bits) {
            ("_trunc", Some(bits)) => (Primitive::Trunc(bits), Ty::Tensor(kind, shape)),
            ("_shift", Some(bits)) => (Primitive::ShiftLeft(bits), Ty::Tensor(kind, shape)),
            ("_bits", Some(bits)) => (Primitive::Bits(bits), Ty::Tensor(Kind::Sbool, with_bit_axis(bits))),
            ("_ltz", Some(bits)) => (Primitive::Ltz(bits), Ty::Tensor(Kind::Sbool, shape)),
            ("_eqz", Some(bits)) => (Primitive::Eqz(bits), Ty::Tensor(Kind::Sbool, shape)),
            ("_retype_sint", _) => (Primitive::Retype, Ty::Tensor(Kind::Sint, shape)),
            ("_retype_sfix", _) => (Primitive::Retype, Ty::Tensor(Kind::Sfix, shape)),
            ("_retype_sbool", _) => (Primitive::Retype, Ty::Tensor(Kind::Sbool, shape)),
            ("_scaled", _) => (Primitive::Scaled, Ty::Tensor(Kind::Int, shape)),
            ("_from_scaled", _) => (Primitive::Scaled, Ty::Tensor(Kind::Fix, shape)),
            ("_broadcast", _) => return self.broadcast_intrinsic(first, values, span),
            _ => return self.bad_intrinsic(name, span),
        };
        Value::new(ExprKind::Primitive(primitive, vec![first.expr]), ty, span).because(first.why)
    }

    /// `_broadcast(x, sizes…)`, or `_broadcast(x, shape)` with a tuple.
    fn broadcast_intrinsic(&mut self, value: Value, sizes: Vec<Value>, span: Span) -> Value {
        let sizes = match sizes.as_slice() {
            [shape] if matches!(shape.ty(), Ty::Tuple(_)) => {
                let Ty::Tuple(items) = shape.ty().clone() else { return Value::error(span) };
                self.components(shape.clone(), items.len())
            }
            _ => sizes,
        };
        if sizes.is_empty() && dims(value.ty()).is_empty() {
            return value;
        }
        self.broadcast_to(value, sizes, span)
    }

    fn bad_intrinsic(&mut self, name: &str, span: Span) -> Value {
        self.fail(Diagnostic::new(Code::BadCall, span, format!("`{name}` does not take these arguments")))
    }
}
