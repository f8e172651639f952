//! `sum`, `mean`, `min`, `argmax` and the like, of tensors and lists.

use super::body::Body;
use super::operations::dims;
use super::shape::{self, Dim};
use super::tree::{BinaryMeaning, ExprKind, Primitive, StmtKind};
use super::ty::{Domain, Ty, is_secret};
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::op::BinaryOp;
use mpc_bytecode::Kind;
use mpc_bytecode::operand::{Binary, Reduction};

/// A reduction other than the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduce {
    /// The product.
    Prod,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// Whether one is true.
    Any,
    /// Whether all are true.
    All,
    /// The position of the smallest.
    Argmin,
    /// The position of the largest.
    Argmax,
}

impl Reduce {
    const fn public(self) -> Reduction {
        match self {
            Reduce::Prod => Reduction::Prod,
            Reduce::Min => Reduction::Min,
            Reduce::Max => Reduction::Max,
            Reduce::Any => Reduction::Any,
            Reduce::All => Reduction::All,
            Reduce::Argmin => Reduction::Argmin,
            Reduce::Argmax => Reduction::Argmax,
        }
    }

    const fn library(self) -> &'static str {
        match self {
            Reduce::Prod => "prod_of",
            Reduce::Min => "min_of",
            Reduce::Max => "max_of",
            Reduce::Any => "any_of",
            Reduce::All => "all_of",
            Reduce::Argmin => "argmin_of",
            Reduce::Argmax => "argmax_of",
        }
    }

    /// The domain of the operand, and of the result.
    fn domains(self, domain: Domain) -> (Domain, Domain) {
        match self {
            Reduce::Prod | Reduce::Min | Reduce::Max => (domain.max(Domain::Int), domain.max(Domain::Int)),
            Reduce::Any | Reduce::All => (Domain::Bool, Domain::Bool),
            Reduce::Argmin | Reduce::Argmax => (domain.max(Domain::Int), Domain::Int),
        }
    }
}

impl Body<'_, '_> {
    /// `sum(x, axis=…)`
    pub fn sum(&mut self, value: Value, axis: Option<Value>, span: Span) -> Value {
        if matches!(value.ty(), Ty::List(item) if **item != Ty::Unknown)
            && !matches!(value.expr.kind, ExprKind::List(_))
            && axis.is_none()
        {
            return self.sum_of_list(value, span);
        }
        let value = self.tensor_of(value);
        let Some((kind, shape)) = self.number_tensor(&value, "sum") else { return Value::error(span) };
        if shape.is_empty() && !self.library {
            let message = format!("`sum` adds up a list or a tensor, and this is one `{}`", value.ty());
            let found = Diagnostic::new(Code::NotIterable, value.span(), message);
            return self.fail(found.help("of several values: `sum([a, b])`, or `a + b`"));
        }
        let Some(axis) = self.axis(axis, shape.len(), span) else { return Value::error(span) };
        let kind = Domain::of(kind).max(Domain::Int).kind(is_secret(kind));
        let why = value.why.clone();
        let value = value.converted(&Ty::Tensor(kind, shape.clone()));
        if shape.is_empty() {
            return value;
        }
        let axes = axis.map(|axis| axis as u32).into_iter().collect();
        let result = Ty::Tensor(kind, without(&shape, axis));
        Value::new(ExprKind::Primitive(Primitive::Sum(axes), vec![value.expr]), result, span).because(why)
    }

    /// The sum of a list's items, one after the other, from zero.
    fn sum_of_list(&mut self, value: Value, span: Span) -> Value {
        let Ty::List(item) = value.ty().clone() else { return Value::error(span) };
        let (Ty::Tensor(kind, shape), why) = (*item, value.why.clone()) else {
            return self.fail(Diagnostic::new(
                Code::TypeMismatch,
                span,
                format!("`sum` does not take `{}`", value.ty()),
            ));
        };
        if kind == Kind::Str {
            return self
                .fail(Diagnostic::new(Code::TypeMismatch, span, "`sum` does not take text").help("use an f-string"));
        }
        let kind = Domain::of(kind).max(Domain::Int).kind(is_secret(kind));
        let ty = Ty::Tensor(kind, shape);
        let total = self.temporary(&ty);
        let result = Value::new(ExprKind::Local(total), ty.clone(), span).because(why);
        let Some(items) = self.items_of(value) else { return Value::error(span) };
        let (stmts, ()) = self.block_of(|walk| {
            let zero = Value::int(0, span).converted(&Ty::scalar(kind)).expr;
            walk.emit(StmtKind::Assign(total, zero), span);
            walk.counted(&items, span, &[], &mut |walk, item| {
                let next = walk.binary_value(BinaryOp::Add, result.clone(), item.value(span), span);
                walk.emit(StmtKind::Assign(total, next.expr), span);
            });
        });
        let kind = ExprKind::Block(stmts, Box::new(result.expr.clone()));
        let expr = super::tree::Expr { kind, ty, span };
        result.with(expr)
    }

    /// `mean(x, axis=…)`: the sum times one over the count, in fixed point.
    pub fn mean(&mut self, value: Value, axis: Option<Value>, span: Span) -> Value {
        let value = self.tensor_of(value);
        let Some((kind, shape)) = self.number_tensor(&value, "mean") else { return Value::error(span) };
        let Some(at) = self.axis(axis.clone(), shape.len(), span) else { return Value::error(span) };
        let why = value.why.clone();
        let value = self.hold(value.converted(&Ty::Tensor(kind, shape.clone())), true);
        let count = self.count_along(&value, &shape, at, span);
        let sum = self.sum(value, axis, span);
        let sum = sum.clone().converted(&Ty::Tensor(Domain::Fix.kind(is_secret(kind)), dims(sum.ty()).to_vec()));
        let count = count.converted(&Ty::scalar(Kind::Fix));
        let mean = self.binary_value(BinaryOp::Div, sum, count, span);
        Value { why, ..mean }
    }

    fn count_along(&mut self, value: &Value, shape: &[Dim], axis: Option<usize>, span: Span) -> Value {
        let known = axis.map_or_else(|| shape::volume(shape), |axis| shape[axis].clone());
        if let Some(number) = known.as_const() {
            return Value::int(number, span);
        }
        let size = |axis: usize| {
            let kind = ExprKind::Primitive(Primitive::Size(axis as u32), vec![value.expr.clone()]);
            Value::new(kind, Ty::scalar(Kind::Int), span)
        };
        let axes = axis.map_or(0..shape.len(), |axis| axis..axis + 1);
        let product = |a: Value, b: Value| super::iteration::public_int(Binary::Mul, a, b, span);
        axes.map(size).reduce(product).unwrap_or_else(|| Value::int(1, span))
    }

    /// A reduction along an axis, or of all elements.
    pub fn reduce(&mut self, reduce: Reduce, value: Value, axis: Option<Value>, span: Span) -> Value {
        let name = reduce.library().trim_end_matches("_of");
        let value = self.tensor_of(value);
        let Some((kind, shape)) = self.number_tensor(&value, name) else { return Value::error(span) };
        let Some(axis) = self.axis(axis, shape.len(), span) else { return Value::error(span) };
        let (from, to) = reduce.domains(Domain::of(kind));
        let why = value.why.clone();
        let value = if from == Domain::Bool && Domain::of(kind) != Domain::Bool {
            self.compare_value(crate::syntax::op::CompareOp::Ne, value, Value::int(0, span), span)
        } else {
            value.converted(&Ty::Tensor(from.kind(is_secret(kind)), shape.clone()))
        };
        if is_secret(kind) {
            let result = self.reduce_secret(reduce, value, axis, span);
            return Value { why, ..result };
        }
        let axes = axis.map(|axis| axis as u32).into_iter().collect();
        let ty = Ty::Tensor(to.kind(false), without(&shape, axis));
        Value::new(ExprKind::Primitive(Primitive::Reduce(reduce.public(), axes), vec![value.expr]), ty, span)
    }

    fn reduce_secret(&mut self, reduce: Reduce, value: Value, axis: Option<usize>, span: Span) -> Value {
        let name = reduce.library();
        let params =
            self.checker.scopes.prelude_function(name).map(|def| self.checker.scopes.def(def).function.params.len());
        let value = if axis.is_none() { self.flat(value) } else { value };
        if params == Some(1) {
            return self.library(name, vec![value], span);
        }
        self.library(name, vec![value, Value::int(axis.unwrap_or(0) as i64, span)], span)
    }

    /// `min(…)`, `max(…)`: of one sequence, or of several values.
    pub fn extreme(&mut self, reduce: Reduce, mut values: Vec<Value>, axis: Option<Value>, span: Span) -> Value {
        if values.len() == 1 {
            return self.reduce(reduce, values.remove(0), axis, span);
        }
        if values.is_empty() {
            return self.fail(Diagnostic::new(Code::BadCall, span, "there is no value here to choose from"));
        }
        let mut values = values.into_iter();
        let Some(first) = values.next() else { return Value::error(span) };
        values.fold(first, |best, value| self.of_two(reduce, best, value, span))
    }

    fn of_two(&mut self, reduce: Reduce, a: Value, b: Value, span: Span) -> Value {
        let (public, library) = if reduce == Reduce::Min { (Binary::Min, "minimum") } else { (Binary::Max, "maximum") };
        let name = if reduce == Reduce::Min { "min" } else { "max" };
        let (Some((left, _)), Some((right, _))) = (self.number_tensor(&a, name), self.number_tensor(&b, name)) else {
            return Value::error(span);
        };
        let domain = Domain::of(left).max(Domain::of(right)).max(Domain::Int);
        let as_number = |value: Value, kind: Kind| {
            let ty = Ty::Tensor(domain.kind(is_secret(kind)), dims(value.ty()).to_vec());
            value.converted(&ty)
        };
        let shape = match shape::broadcast(dims(a.ty()), dims(b.ty())) {
            Ok(shape) => shape,
            Err((m, n)) => {
                let found = Diagnostic::new(
                    Code::ShapeMismatch,
                    span,
                    format!("`{name}`: axes of sizes {m} and {n} do not broadcast"),
                );
                return self.fail(found);
            }
        };
        let known = if reduce == Reduce::Min { i64::min } else { i64::max };
        let known = match (a.as_int(), b.as_int()) {
            (Some(a), Some(b)) => Dim::constant(known(a, b)),
            _ => Dim::Unknown,
        };
        let (a, b) = (as_number(a, left), as_number(b, right));
        if is_secret(left) || is_secret(right) {
            return self.library(library, vec![a, b], span);
        }
        let kind = ExprKind::Binary(BinaryMeaning::Public(public), Box::new(a.expr), Box::new(b.expr));
        let value = Value::new(kind, Ty::Tensor(domain.kind(false), shape), span);
        if value.ty().is_scalar(Kind::Int) { value.knowing(known) } else { value }
    }

    /// Kind and shape of a tensor of numbers; `None` otherwise, which is reported.
    fn number_tensor(&mut self, value: &Value, name: &str) -> Option<(Kind, Vec<Dim>)> {
        match value.ty().clone() {
            Ty::Tensor(kind, dims) if kind != Kind::Str => Some((kind, dims)),
            Ty::Error => None,
            ty => {
                self.report(Diagnostic::new(
                    Code::TypeMismatch,
                    value.span(),
                    format!("`{name}` does not take `{ty}`"),
                ));
                None
            }
        }
    }
}

/// The axes that are left.
fn without(shape: &[Dim], axis: Option<usize>) -> Vec<Dim> {
    let Some(axis) = axis else { return Vec::new() };
    shape.iter().enumerate().filter(|(at, _)| *at != axis).map(|(_, dim)| dim.clone()).collect()
}
