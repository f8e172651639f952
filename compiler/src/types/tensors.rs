//! Builtins that make and reshape tensors, and conversions that are written out.

use super::body::Body;
use super::builtins::Builtin;
use super::convert::because;
use super::operations::dims;
use super::shape::{self, Dim};
use super::tree::{ExprKind, Primitive, UnaryMeaning};
use super::ty::{Domain, Ty, is_secret, join_kinds};
use super::value::{Origin, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast;
use mpc_bytecode::operand::Unary;
use mpc_bytecode::{Constant, Kind};

impl<'a> Body<'a, '_> {
    /// `int(x)`, `fix(x)`
    pub fn public_number(&mut self, value: Value, kind: Kind, span: Span) -> Value {
        let Some(value) = self.numbers(value, kind.text(), span) else { return Value::error(span) };
        let Some(from) = value.ty().kind() else { return self.each_item(value, kind, span) };
        if is_secret(from) {
            let message = format!("`{kind}(…)` cannot make a secret public");
            let help = format!("`.reveal()` tells everyone; `s{kind}(…)` converts and keeps the secret");
            let found = because(Diagnostic::new(Code::SecretToPublic, value.span(), message), &value.why);
            return self.fail(found.help(help));
        }
        if from == Kind::Str {
            if let Some(number) = value.text.clone().and_then(|text| self.read_number(&text, kind, span)) {
                return number;
            }
            let found = Diagnostic::new(
                Code::TypeMismatch,
                value.span(),
                match &value.text {
                    Some(text) => format!("`{text}` is not a number that `{kind}(…)` can read"),
                    None => format!("`{kind}(…)` does not read numbers from text that is made while the program runs"),
                },
            );
            return self.fail(found.help("a public parameter can be a number: `input n: int`"));
        }
        let known = if kind == Kind::Int { value.known.clone() } else { Dim::Unknown };
        let ty = Ty::Tensor(kind, dims(value.ty()).to_vec());
        let mut value = value.converted(&ty).knowing(known);
        value.expr.span = span;
        value
    }

    /// The number that a text is, as Python's `int("12")` and `float("1.5")` read it.
    fn read_number(&mut self, text: &str, kind: Kind, span: Span) -> Option<Value> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
            return None;
        }
        let number = match (crate::syntax::decimal_literal(digits)?, kind) {
            (Ok(value), Kind::Int) => {
                let value = i128::try_from(value).ok()?;
                return Some(Value::int(i64::try_from(if negative { -value } else { value }).ok()?, span));
            }
            (Ok(value), _) => ast::Decimal { digits: value, exponent: 0, text: digits.to_owned() },
            (Err(_), Kind::Int) => return None,
            (Err(decimal), _) => decimal,
        };
        Some(self.decimal(&number, negative, span))
    }

    /// `bool(x)`
    pub fn public_truth(&mut self, value: Value, span: Span) -> Value {
        if value.ty().is_secret() {
            let found = Diagnostic::new(Code::SecretToPublic, value.span(), "`bool(…)` cannot make a secret public");
            return self.fail(because(found, &value.why).help("compare it and keep the secret: `x != 0`"));
        }
        let mut value = self.truth(value);
        value.expr.span = span;
        value
    }

    /// `sint(x)`, `sfix(x)`, `sbool(x)`
    pub fn secret_number(&mut self, value: Value, kind: Kind, span: Span) -> Value {
        let Some(value) = self.numbers(value, kind.text(), span) else { return Value::error(span) };
        let Some(from) = value.ty().kind() else { return self.each_item(value, kind, span) };
        let (narrow, wide) = (Domain::of(from), Domain::of(kind));
        let shape = dims(value.ty()).to_vec();
        let text = format!("it is made secret by `{kind}(…)`");
        let why = value.why.clone().or_else(|| Some(Origin { span, text }.into()));
        let to = Ty::Tensor(kind, shape.clone());
        let result = match (narrow, wide) {
            (Domain::Text, _) => {
                return self.fail(Diagnostic::new(Code::TypeMismatch, value.span(), "text cannot be secret"));
            }
            (Domain::Fix, Domain::Int) if is_secret(from) => self.library("fix_to_int", vec![value], span),
            (Domain::Fix, Domain::Int) => value.converted(&Ty::Tensor(Kind::Int, shape)).converted(&to),
            (narrow, Domain::Bool) if narrow != Domain::Bool => {
                let zero = Value::int(0, span);
                let differ = self.compare_value(crate::syntax::op::CompareOp::Ne, value, zero, span);
                if differ.is_error() { differ } else { differ.converted(&to) }
            }
            _ => value.converted(&to),
        };
        let mut result = Value { why, ..result };
        result.expr.span = span;
        result
    }

    /// A tensor, or a list or tuple of numbers, for a conversion; `None` if it is neither, which is reported.
    fn numbers(&mut self, value: Value, what: &str, span: Span) -> Option<Value> {
        match value.ty() {
            Ty::Error => None,
            Ty::Tensor(..) | Ty::List(_) => Some(value),
            Ty::Tuple(_) => self.list_of_tuple(value),
            ty => {
                let found = Diagnostic::new(Code::TypeMismatch, span, format!("`{what}(…)` does not take `{ty}`"));
                self.report(found);
                None
            }
        }
    }

    /// A list converted item by item; the result is a tensor, since all items have one shape.
    fn each_item(&mut self, value: Value, kind: Kind, span: Span) -> Value {
        let tensor = self.tensor_of(value);
        if tensor.is_error() || tensor.ty().kind().is_none() {
            return Value::error(span);
        }
        if is_secret(kind) { self.secret_number(tensor, kind, span) } else { self.public_number(tensor, kind, span) }
    }

    /// `abs(x)`
    pub fn abs(&mut self, value: Value, span: Span) -> Value {
        let Ty::Tensor(kind, shape) = value.ty().clone() else {
            return self.fail(Diagnostic::new(
                Code::TypeMismatch,
                span,
                format!("`abs` does not take `{}`", value.ty()),
            ));
        };
        if kind == Kind::Str {
            return self.fail(Diagnostic::new(Code::TypeMismatch, span, "`abs` does not take text"));
        }
        let ty = Ty::Tensor(Domain::of(kind).max(Domain::Int).kind(is_secret(kind)), shape);
        let value = value.converted(&ty);
        if is_secret(kind) {
            return self.library("abs_", vec![value], span);
        }
        Value::new(ExprKind::Unary(UnaryMeaning::Public(Unary::Abs), Box::new(value.expr)), ty, span)
    }

    /// `round(x)`, `floor(x)`
    pub fn rounded(&mut self, builtin: Builtin, value: Value, span: Span) -> Value {
        let floor = builtin == Builtin::Floor;
        match value.ty().clone() {
            Ty::Tensor(kind, _) if Domain::of(kind) <= Domain::Int => {
                let to = Ty::Tensor(Domain::Int.kind(is_secret(kind)), dims(value.ty()).to_vec());
                value.converted(&to)
            }
            Ty::Tensor(Kind::Fix, shape) => {
                let op = if floor { Unary::Floor } else { Unary::Round };
                Value::new(
                    ExprKind::Unary(UnaryMeaning::Public(op), Box::new(value.expr)),
                    Ty::Tensor(Kind::Int, shape),
                    span,
                )
            }
            Ty::Tensor(Kind::Sfix, _) if floor => self.library("floor_fix", vec![value], span),
            Ty::Tensor(Kind::Sfix, _) => {
                let half = Constant::Fix(Vec::new(), vec![1 << self.checker.precision.fix_frac.saturating_sub(1)]);
                let half = self.constant(half, span);
                let moved = self.binary_value(crate::syntax::op::BinaryOp::Add, value, half, span);
                self.library("floor_fix", vec![moved], span)
            }
            ty => self.fail(Diagnostic::new(
                Code::TypeMismatch,
                span,
                format!("`{}` does not take `{ty}`", builtin.name()),
            )),
        }
    }

    /// The bounds of `range(…)`: start, stop, step.
    pub fn range_arguments(&mut self, args: &'a [ast::Arg], span: Span) -> Option<[Value; 3]> {
        let (bound, _) = self.bind_to("range", Builtin::Range.params(), args, span, false)?;
        let mut bound = bound.into_iter();
        let (first, second, third) = (bound.next()??, bound.next()?, bound.next()?);
        let (start, stop) = match second {
            Some(stop) => (first, stop),
            None => (Value::int(0, span), first),
        };
        let mut all = Vec::new();
        for value in [start, stop, third.unwrap_or_else(|| Value::int(1, span))] {
            all.push(self.loop_bound(value));
        }
        if all[2].as_int() == Some(0) {
            self.report(Diagnostic::new(Code::BadCall, all[2].span(), "the step of `range` cannot be zero"));
            return None;
        }
        if all.iter().any(Value::is_error) { None } else { all.try_into().ok() }
    }

    fn loop_bound(&mut self, value: Value) -> Value {
        if value.ty().is_secret() {
            let message = "the bound of `range` must be public: players cannot take a secret number of turns";
            let help = "go up to the largest value it may have, and inside the loop: `if i < bound: …`";
            self.secret_error(Code::SecretLoop, value.span(), message, &value.why, help);
            return Value::error(value.span());
        }
        self.public_int(value, "bound of `range`")
    }

    /// `range(…)` where a value is needed: a vector.
    pub fn range_vector(&mut self, args: &'a [ast::Arg], span: Span) -> Value {
        let Some(bounds) = self.range_arguments(args, span) else { return Value::error(span) };
        let size = super::iteration::count_of_range(&bounds, span).known;
        let args = bounds.map(|bound| bound.expr).into_iter().collect();
        Value::new(ExprKind::Primitive(Primitive::Range, args), Ty::Tensor(Kind::Int, vec![size]), span)
    }

    /// A tensor of a list; tensors stay.
    pub fn tensor_of(&mut self, value: Value) -> Value {
        let span = value.span();
        let value = match value.ty() {
            Ty::Tuple(_) => match self.list_of_tuple(value) {
                Some(list) => list,
                None => return Value::error(span),
            },
            _ => value,
        };
        match value.ty().clone() {
            Ty::Tensor(..) | Ty::Error => value,
            Ty::List(item) => match *item {
                Ty::Tensor(Kind::Str, _) => {
                    self.fail(Diagnostic::new(Code::TypeMismatch, span, "texts do not make a tensor"))
                }
                Ty::Tensor(kind, dims) => pack(value, kind, dims, span),
                Ty::List(inner) if inner.kind().is_some_and(|kind| kind != Kind::Str) => self.pack_rows(value, span),
                Ty::Unknown => Value::new(
                    ExprKind::Constant(Constant::Int(vec![0], Vec::new())),
                    Ty::Tensor(Kind::Int, vec![Dim::constant(0)]),
                    span,
                ),
                item => self.fail(Diagnostic::new(
                    Code::TypeMismatch,
                    span,
                    format!("a list of `{item}` does not make a tensor"),
                )),
            },
            ty => self.fail(Diagnostic::new(Code::TypeMismatch, span, format!("`{ty}` does not make a tensor"))),
        }
    }

    fn pack_rows(&mut self, value: Value, span: Span) -> Value {
        let why = value.why.clone();
        let rows = match value.expr.kind.clone() {
            ExprKind::List(rows) => {
                let rows = rows.into_iter().map(|row| {
                    let row = value.clone().with(row);
                    self.tensor_of(row)
                });
                let rows: Vec<Value> = rows.collect();
                self.list_of(rows, span)
            }
            _ => {
                let Some(items) = self.items_of(value) else { return Value::error(span) };
                self.build_list(span, &mut |walk, list| {
                    walk.counted(&items, span, &[], &mut |walk, item| {
                        let row = walk.tensor_of(item.value(span));
                        list.push(walk, row);
                    });
                })
            }
        };
        self.tensor_of(Value { why, ..rows })
    }

    /// `array(x)`
    pub fn array(&mut self, value: Value, span: Span) -> Value {
        let mut value = self.tensor_of(value);
        value.expr.span = span;
        value.alone()
    }

    /// Sizes of a shape given as numbers, or as one tuple or list.
    fn sizes(&mut self, mut given: Vec<Value>, span: Span) -> Option<Vec<Value>> {
        if let [only] = given.as_slice()
            && let Ty::Tuple(items) = only.ty().clone()
        {
            given = self.components(only.clone(), items.len());
        } else if let [Value { expr, .. }] = given.as_slice()
            && let ExprKind::List(items) = &expr.kind
        {
            let whole = given[0].clone();
            given = items.iter().map(|item| whole.clone().with(item.clone())).collect();
        }
        if given.is_empty() {
            self.report(Diagnostic::new(Code::BadCall, span, "no size is given"));
            return None;
        }
        let sizes: Vec<Value> = given.into_iter().map(|size| self.public_int(size, "a size")).collect();
        (!sizes.iter().any(Value::is_error)).then_some(sizes)
    }

    /// A tensor that has one value everywhere.
    pub fn filled(&mut self, shape: Vec<Value>, value: Value, span: Span) -> Value {
        let Some(sizes) = self.sizes(shape, span) else { return Value::error(span) };
        self.broadcast_to(value, sizes, span)
    }

    /// A tensor broadcast to sizes.
    pub fn broadcast_to(&mut self, value: Value, sizes: Vec<Value>, span: Span) -> Value {
        let Ty::Tensor(kind, _) = value.ty().clone() else {
            return self.fail(Diagnostic::new(
                Code::TypeMismatch,
                span,
                format!("a tensor cannot hold `{}`", value.ty()),
            ));
        };
        let dims = sizes.iter().map(|size| size.known.clone()).collect();
        let args = std::iter::once(value.expr).chain(sizes.into_iter().map(|size| size.expr)).collect();
        Value::new(ExprKind::Primitive(Primitive::Broadcast, args), Ty::Tensor(kind, dims), span).because(value.why)
    }

    /// `eye(n)`: positions compared with positions.
    pub fn eye(&mut self, size: Value, span: Span) -> Value {
        let size = self.public_int(size, "a size");
        if size.is_error() {
            return size;
        }
        let known = size.known.clone();
        let args = vec![Value::int(0, span).expr, size.expr, Value::int(1, span).expr];
        let line =
            Value::new(ExprKind::Primitive(Primitive::Range, args), Ty::Tensor(Kind::Int, vec![known.clone()]), span);
        let line = self.hold(line, true);
        let places = vec![super::tree::Place::Rest, super::tree::Place::NewAxis];
        let column = ExprKind::Index(Box::new(line.expr.clone()), places);
        let column = Value::new(column, Ty::Tensor(Kind::Int, vec![known, Dim::constant(1)]), span);
        let same = self.compare_value(crate::syntax::op::CompareOp::Eq, column, line, span);
        let ty = Ty::Tensor(Kind::Int, dims(same.ty()).to_vec());
        same.converted(&ty)
    }

    /// `x.reshape(…)`
    pub fn reshape(&mut self, value: Value, shape: Vec<Value>, span: Span) -> Value {
        let value = self.tensor_of(value);
        let (Ty::Tensor(kind, old), Some(sizes)) = (value.ty().clone(), self.sizes(shape, span)) else {
            return Value::error(span);
        };
        let mut new: Vec<Dim> = sizes.iter().map(|size| size.known.clone()).collect();
        let all = shape::volume(&old);
        match sizes.iter().position(|size| size.as_int() == Some(-1)) {
            Some(at) => {
                new[at] = Dim::constant(1);
                new[at] = if new.len() == 1 { all } else { all.over(&shape::volume(&new)) };
            }
            None if all.differs(&shape::volume(&new)) => {
                let found = Diagnostic::new(
                    Code::ShapeMismatch,
                    span,
                    format!("{all} elements do not fit into the shape of {}", shape::volume(&new)),
                );
                return self.fail(found.note(value.span(), format!("`{}`", value.ty())));
            }
            None => {}
        }
        let args = std::iter::once(value.expr).chain(sizes.into_iter().map(|size| size.expr)).collect();
        let result = Value::new(ExprKind::Primitive(Primitive::Reshape, args), Ty::Tensor(kind, new), span);
        Value { aliases: value.aliases, ..result }.because(value.why)
    }

    /// All elements as a vector.
    pub fn flat(&mut self, value: Value) -> Value {
        let span = value.span();
        if dims(value.ty()).len() == 1 {
            return value;
        }
        self.reshape(value, vec![Value::int(-1, span)], span)
    }

    /// `x.T`
    pub fn transpose(&mut self, value: Value, span: Span) -> Value {
        let value = self.tensor_of(value);
        let Ty::Tensor(kind, mut dims) = value.ty().clone() else { return Value::error(span) };
        dims.reverse();
        let result = Value::new(
            ExprKind::Primitive(Primitive::Transpose(Vec::new()), vec![value.expr]),
            Ty::Tensor(kind, dims),
            span,
        );
        Value { aliases: value.aliases, ..result }.because(value.why)
    }

    /// `concat(xs, axis=0)`
    pub fn concat(&mut self, list: Value, axis: Option<Value>, span: Span) -> Value {
        let (kinds, exprs) = match (&list.expr.kind, list.ty()) {
            (ExprKind::List(items) | ExprKind::Tuple(items), _) if !items.is_empty() => {
                (items.iter().map(|item| item.ty.clone()).collect::<Vec<_>>(), items.clone())
            }
            _ => {
                let found =
                    Diagnostic::new(Code::TypeMismatch, list.span(), "the tensors must be written as a list or tuple");
                return self
                    .fail(found.help("`concat([a, b])`; `array(xs)` makes a tensor of a list with a new first axis"));
            }
        };
        let rank = dims(&kinds[0]).len();
        let Some(axis) = self.axis(axis, rank, span) else { return Value::error(span) };
        let axis = axis.unwrap_or(0);
        let joined = kinds.iter().map(Ty::kind).reduce(|a, b| join_kinds(a?, b?)).flatten();
        let Some(kind) = joined.filter(|_| rank > 0 && kinds.iter().all(|ty| dims(ty).len() == rank)) else {
            let found =
                Diagnostic::new(Code::ShapeMismatch, list.span(), "only tensors with equally many axes can be joined");
            return self.fail(found);
        };
        let mut shape = dims(&kinds[0]).to_vec();
        shape[axis] = kinds.iter().fold(Dim::constant(0), |sum, ty| sum.plus(&dims(ty)[axis]));
        let args = exprs.into_iter().map(|expr| {
            let ty = Ty::Tensor(kind, dims(&expr.ty).to_vec());
            super::convert::convert(expr, &ty)
        });
        let args = args.collect();
        Value::new(ExprKind::Primitive(Primitive::Concat(axis as u32), args), Ty::Tensor(kind, shape), span)
            .because(list.why)
    }

    /// `where(condition, a, b)`
    pub fn choose(&mut self, test: Value, then: Value, otherwise: Value, span: Span) -> Value {
        let (test, then, otherwise) = (self.tensor_of(test), self.tensor_of(then), self.tensor_of(otherwise));
        let (Ty::Tensor(_, cond), Ty::Tensor(a, left), Ty::Tensor(b, right)) =
            (test.ty().clone(), then.ty().clone(), otherwise.ty().clone())
        else {
            return Value::error(span);
        };
        let test = if cond.is_empty() { self.truth(test) } else { self.element_truth(test, span) };
        let (Some(kind), false) = (join_kinds(a, b).filter(|kind| *kind != Kind::Str), test.is_error()) else {
            return self.fail(Diagnostic::new(Code::ClashingTypes, span, "`where` takes numbers"));
        };
        let shape = shape::broadcast(&left, &right).and_then(|both| shape::broadcast(&cond, &both));
        let shape = match shape {
            Ok(shape) => shape,
            Err((a, b)) => {
                let found = Diagnostic::new(Code::ShapeMismatch, span, "sizes do not fit");
                return self.fail(found.label(format!("axes of sizes {a} and {b} do not broadcast")));
            }
        };
        let secret = test.ty().is_secret();
        let kind = if secret { kind.secret().unwrap_or(kind) } else { kind };
        let why = test.why.clone().or_else(|| then.why.clone()).or_else(|| otherwise.why.clone());
        let as_kind = |value: Value| {
            let ty = Ty::Tensor(kind, dims(value.ty()).to_vec());
            value.converted(&ty)
        };
        let (then, otherwise) = (as_kind(then), as_kind(otherwise));
        let ty = Ty::Tensor(kind, shape);
        let chosen = if secret {
            ExprKind::Select(Box::new(test.expr), Box::new(then.expr), Box::new(otherwise.expr))
        } else if is_secret(kind) {
            return self.mixed_choice(test, then, otherwise, span);
        } else {
            ExprKind::Primitive(Primitive::Choose, vec![test.expr, then.expr, otherwise.expr])
        };
        Value::new(chosen, ty, span).because(why)
    }

    /// A public condition between secrets: `b + condition · (a - b)`, which needs no communication.
    fn mixed_choice(&mut self, test: Value, then: Value, otherwise: Value, span: Span) -> Value {
        use crate::syntax::op::BinaryOp::{Add, Mul, Sub};
        let int = Ty::Tensor(Kind::Int, dims(test.ty()).to_vec());
        let otherwise = self.hold(otherwise, true);
        let difference = self.binary_value(Sub, then, otherwise.clone(), span);
        let part = self.binary_value(Mul, test.converted(&int), difference, span);
        self.binary_value(Add, otherwise, part, span)
    }

    fn element_truth(&mut self, test: Value, span: Span) -> Value {
        match test.ty().kind() {
            Some(Kind::Bool | Kind::Sbool) => test,
            _ => self.compare_value(crate::syntax::op::CompareOp::Ne, test, Value::int(0, span), span),
        }
    }

    /// An axis as a number below the rank; `Some(None)` if none is given, `None` if it does not fit, which is reported.
    pub fn axis(&mut self, axis: Option<Value>, rank: usize, span: Span) -> Option<Option<usize>> {
        let Some(axis) = axis else { return Some(None) };
        let count = rank as i64;
        match axis.as_int() {
            Some(number) if (-count..count).contains(&number) => Some(Some(number.rem_euclid(count) as usize)),
            Some(number) => {
                self.report(Diagnostic::new(Code::BadIndex, axis.span(), no_axis(number, rank)));
                None
            }
            None => {
                if !axis.is_error() {
                    let found = Diagnostic::new(
                        Code::NotConstant,
                        axis.span(),
                        "an axis must be known when the program is compiled",
                    );
                    self.report(found.note(span, "for this"));
                }
                None
            }
        }
    }
}

fn no_axis(number: i64, rank: usize) -> String {
    match rank {
        0 => format!("there is no axis {number}: this is a number"),
        1 => format!("there is no axis {number}: the tensor has one, which is axis 0"),
        _ => format!("there is no axis {number}: the tensor has {rank}, from 0 to {}", rank - 1),
    }
}

fn pack(value: Value, kind: Kind, shape: Vec<Dim>, span: Span) -> Value {
    let (primitive, args, count) = match value.expr.kind {
        ExprKind::List(items) if !items.is_empty() => {
            let count = Dim::constant(items.len() as i64);
            (Primitive::Stack, items, count)
        }
        _ => (Primitive::Pack, vec![value.expr], Dim::Unknown),
    };
    let dims = std::iter::once(count).chain(shape).collect();
    Value::new(ExprKind::Primitive(primitive, args), Ty::Tensor(kind, dims), span).because(value.why)
}

/// The constant that an expression of constants is, as elements of `kind`.
pub fn constant_of(expr: &super::tree::Expr, kind: Kind, frac: u32) -> Option<Constant> {
    match &expr.kind {
        ExprKind::Constant(constant) => widen(constant.clone(), kind, frac),
        ExprKind::Convert(inner) => constant_of(inner, kind, frac),
        ExprKind::Primitive(Primitive::Stack, items) => {
            let items = items.iter().map(|item| constant_of(item, kind, frac));
            items.collect::<Option<Vec<_>>>().and_then(stacked)
        }
        _ => None,
    }
}

/// Constants of one kind and shape along a new first axis.
fn stacked(items: Vec<Constant>) -> Option<Constant> {
    let count = items.len() as u64;
    items
        .into_iter()
        .reduce(|all, item| match (all, item) {
            (Constant::Int(shape, a), Constant::Int(_, b)) => Constant::Int(shape, [a, b].concat()),
            (Constant::Fix(shape, a), Constant::Fix(_, b)) => Constant::Fix(shape, [a, b].concat()),
            (Constant::Bool(shape, a), Constant::Bool(_, b)) => Constant::Bool(shape, [a, b].concat()),
            (all, _) => all,
        })
        .map(|all| match all {
            Constant::Int(shape, values) => Constant::Int([vec![count], shape].concat(), values),
            Constant::Fix(shape, values) => Constant::Fix([vec![count], shape].concat(), values),
            Constant::Bool(shape, values) => Constant::Bool([vec![count], shape].concat(), values),
            Constant::Str(text) => Constant::Str(text),
        })
}

fn widen(constant: Constant, kind: Kind, frac: u32) -> Option<Constant> {
    Some(match (constant, kind) {
        (Constant::Bool(shape, values), Kind::Int | Kind::Fix) => {
            return widen(Constant::Int(shape, values.into_iter().map(i64::from).collect()), kind, frac);
        }
        (Constant::Int(shape, values), Kind::Fix) => {
            let scaled = values.into_iter().map(|value| i128::from(value).checked_mul(1i128.checked_shl(frac)?));
            Constant::Fix(shape, scaled.collect::<Option<_>>()?)
        }
        (constant, kind) if constant.kind() == kind => constant,
        _ => return None,
    })
}
