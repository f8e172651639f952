//! Operators on objects: the methods that Python calls for them.

use super::super::body::Body;
use super::super::operations::dims;
use super::super::ty::Ty;
use super::super::value::Value;
use crate::source::Span;
use crate::syntax::op::{BinaryOp, BoolOp, CompareOp, UnaryOp};
use mpc_bytecode::operand::Reduction;

impl Body<'_, '_> {
    /// `left op right`, if one of the two is an object whose class says what that is.
    pub fn object_binary(&mut self, op: BinaryOp, left: &Value, right: &Value, span: Span) -> Option<Value> {
        if !matches!((left.ty(), right.ty()), (Ty::Object(_), _) | (_, Ty::Object(_))) {
            return None;
        }
        let (name, reflected) = binary_names(op);
        self.call_named(name, left, std::slice::from_ref(right), span)
            .or_else(|| self.call_named(reflected, right, std::slice::from_ref(left), span))
    }

    /// `op value`, if it is an object whose class says what that is.
    pub fn object_unary(&mut self, op: UnaryOp, value: &Value, span: Span) -> Option<Value> {
        let name = match op {
            UnaryOp::Neg => "__neg__",
            UnaryOp::Pos => "__pos__",
            UnaryOp::Invert => "__invert__",
            UnaryOp::Not => return None,
        };
        self.call_named(name, value, &[], span)
    }

    /// A comparison, if one of the two is an object. Without methods, two are equal if all their fields are.
    pub fn object_compare(&mut self, op: CompareOp, left: &Value, right: &Value, span: Span) -> Option<Value> {
        let (name, reflected) = compare_names(op)?;
        let called = self
            .call_named(name, left, std::slice::from_ref(right), span)
            .or_else(|| self.call_named(reflected, right, std::slice::from_ref(left), span));
        if called.is_some() {
            return called;
        }
        match op {
            CompareOp::Ne => {
                let equal = self.object_compare(CompareOp::Eq, left, right, span)?;
                Some(self.not(equal, span))
            }
            CompareOp::Eq => self.fields_equal(left, right, span),
            _ => None,
        }
    }

    fn fields_equal(&mut self, left: &Value, right: &Value, span: Span) -> Option<Value> {
        let (Ty::Object(a), Ty::Object(b)) = (left.ty(), right.ty()) else { return None };
        if a.class != b.class {
            return None;
        }
        let (left, right) = (self.hold(left.clone(), true), self.hold(right.clone(), true));
        let mut all = Value::bool(true, span);
        for at in 0..left.ty().components().len() {
            let [a, b] = [&left, &right].map(|side| super::super::sequences::component(side, at));
            let same = self.compare_value(CompareOp::Eq, a, b, span);
            let same =
                if dims(same.ty()).is_empty() { same } else { self.any_or_all("all_of", Reduction::All, same, span) };
            all = if at == 0 { same } else { self.and_or(BoolOp::And, all, same, span) };
        }
        Some(all)
    }

    /// What a method such as `__len__` gives, if it is an object whose class has it.
    pub fn object_special(&mut self, name: &str, value: &Value, span: Span) -> Option<Value> {
        self.call_named(name, value, &[], span)
    }

    /// What stands for the truth value of an object whose class says so.
    pub fn object_truth(&mut self, value: &Value, span: Span) -> Option<Value> {
        self.object_special("__bool__", value, span).or_else(|| self.object_special("__len__", value, span))
    }

    /// `object[at]`, if the class says what that is.
    pub fn object_item(&mut self, value: &Value, at: Value, span: Span) -> Option<Value> {
        self.call_named("__getitem__", value, &[at], span)
    }

    /// The text of an object whose class says what that is; any other value as it is.
    pub fn object_text(&mut self, value: Value) -> Value {
        let span = value.span();
        if !matches!(value.ty(), Ty::Object(_)) {
            return value;
        }
        let text = self.object_special("__str__", &value, span);
        match text.or_else(|| self.object_special("__repr__", &value, span)) {
            Some(text) => text,
            None => value,
        }
    }
}

/// The methods of an operator: of the left operand, and of the right one.
fn binary_names(op: BinaryOp) -> (&'static str, &'static str) {
    match op {
        BinaryOp::Add => ("__add__", "__radd__"),
        BinaryOp::Sub => ("__sub__", "__rsub__"),
        BinaryOp::Mul => ("__mul__", "__rmul__"),
        BinaryOp::Div => ("__truediv__", "__rtruediv__"),
        BinaryOp::FloorDiv => ("__floordiv__", "__rfloordiv__"),
        BinaryOp::Mod => ("__mod__", "__rmod__"),
        BinaryOp::Pow => ("__pow__", "__rpow__"),
        BinaryOp::MatMul => ("__matmul__", "__rmatmul__"),
        BinaryOp::Shl => ("__lshift__", "__rlshift__"),
        BinaryOp::Shr => ("__rshift__", "__rrshift__"),
        BinaryOp::BitAnd => ("__and__", "__rand__"),
        BinaryOp::BitOr => ("__or__", "__ror__"),
        BinaryOp::BitXor => ("__xor__", "__rxor__"),
    }
}

fn compare_names(op: CompareOp) -> Option<(&'static str, &'static str)> {
    Some(match op {
        CompareOp::Eq => ("__eq__", "__eq__"),
        CompareOp::Ne => ("__ne__", "__ne__"),
        CompareOp::Lt => ("__lt__", "__gt__"),
        CompareOp::Le => ("__le__", "__ge__"),
        CompareOp::Gt => ("__gt__", "__lt__"),
        CompareOp::Ge => ("__ge__", "__le__"),
        CompareOp::In | CompareOp::NotIn => return None,
    })
}
