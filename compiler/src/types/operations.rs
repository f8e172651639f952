//! Operators on checked values: kinds by the table in `operators`, shapes by broadcasting.

use super::body::Body;
use super::branch::different_sizes;
use super::convert::because;
use super::shape::{self, Dim};
use super::tree::{Comparison, ExprKind, Primitive, UnaryMeaning};
use super::ty::{Domain, Ty};
use super::value::{Value, Why};
use crate::diagnostic::{Code, Diagnostic};
use crate::operators::{self, How, HowUnary, Operation, Refusal};
use crate::source::Span;
use crate::syntax::ast;
use crate::syntax::op::{BinaryOp, BoolOp, CompareOp, UnaryOp};
use mpc_bytecode::operand::Unary;
use mpc_bytecode::{Constant, Kind};

impl<'a> Body<'a, '_> {
    /// `op operand`
    pub fn unary(&mut self, op: UnaryOp, operand: &'a ast::Expr, span: Span) -> Value {
        match (op, &operand.kind) {
            (UnaryOp::Neg, ast::ExprKind::Int(value)) if *value == 1 << 63 => return Value::int(i64::MIN, span),
            (UnaryOp::Neg, ast::ExprKind::Decimal(decimal)) => return self.decimal(decimal, true, span),
            _ => {}
        }
        if op == UnaryOp::Not {
            let test = self.condition(operand);
            return self.not(test, span);
        }
        let value = self.expr(operand);
        self.unary_value(op, value, span)
    }

    /// `not test` of a truth value.
    pub fn not(&mut self, test: Value, span: Span) -> Value {
        if test.is_error() {
            return test;
        }
        if let Some(known) = test.as_bool() {
            return Value::bool(!known, span);
        }
        let meaning = if test.ty().is_secret() { UnaryMeaning::Not } else { UnaryMeaning::Public(Unary::Not) };
        let ty = test.ty().clone();
        Value::new(ExprKind::Unary(meaning, Box::new(test.expr)), ty, span).because(test.why)
    }

    fn unary_value(&mut self, op: UnaryOp, value: Value, span: Span) -> Value {
        if value.is_error() {
            return value;
        }
        let Ty::Tensor(kind, dims) = value.ty().clone() else {
            return match self.object_unary(op, &value, span) {
                Some(value) => value,
                None => self.refuse_unary(op, &value, Refusal::Undefined, span),
            };
        };
        if op == UnaryOp::Invert && Domain::of(kind) == Domain::Bool && !dims.is_empty() {
            return self.not(value, span);
        }
        match operators::unary(op, kind) {
            Err(refusal) => self.refuse_unary(op, &value, refusal, span),
            Ok((to, how)) => {
                let why = value.why.clone();
                let known = if op == UnaryOp::Neg { Dim::constant(0).minus(&value.known) } else { Dim::Unknown };
                if let (UnaryOp::Neg, Some(number), ExprKind::Constant(_)) = (op, known.as_const(), &value.expr.kind) {
                    return Value::int(number, span);
                }
                let ty = Ty::Tensor(to, dims);
                let operand = value.converted(&ty);
                match how {
                    HowUnary::Itself => operand,
                    HowUnary::Library(name) => self.library(name, vec![operand], span),
                    HowUnary::Machine(meaning) => {
                        Value::new(ExprKind::Unary(meaning, Box::new(operand.expr)), ty, span)
                            .because(why)
                            .knowing(known)
                    }
                }
            }
        }
    }

    fn refuse_unary(&mut self, op: UnaryOp, value: &Value, refusal: Refusal, span: Span) -> Value {
        let found = Diagnostic::new(Code::BadOperand, span, format!("`{op}` does not take `{}`", value.ty()));
        self.fail(match value.ty() {
            _ if refusal == Refusal::InvertedTruth => found.help("use `not`"),
            Ty::List(_) => found.fix("`array(…)` makes a tensor of a list", wrapped(value, "array")),
            _ => found,
        })
    }

    /// `left op right`
    pub fn binary_value(&mut self, op: BinaryOp, left: Value, right: Value, span: Span) -> Value {
        if left.is_error() || right.is_error() {
            return Value::error(span);
        }
        if let Some(value) = self.object_binary(op, &left, &right, span) {
            return value;
        }
        match (left.ty().clone(), right.ty().clone()) {
            (Ty::Tensor(a, _), Ty::Tensor(b, _)) => match operators::binary(op, a, b) {
                _ if divides_by_zero(op, &right) && (left.ty().is_secret() || !self.tries.protects()) => {
                    self.fail(division_by_zero(op, &right, span))
                }
                Ok(operation) => self.operate(op, &operation, left, right, span),
                Err(Refusal::Undefined) => match repeated_text(op, &left, &right) {
                    Some(text) => Value::text(text, span),
                    None => self.refuse_binary(op, &left, &right, Refusal::Undefined, span),
                },
                Err(refusal) => self.refuse_binary(op, &left, &right, refusal, span),
            },
            _ => match self.sequence_operation(op, &left, &right, span) {
                Some(value) => value,
                None => self.refuse_binary(op, &left, &right, Refusal::Undefined, span),
            },
        }
    }

    fn operate(&mut self, op: BinaryOp, operation: &Operation, left: Value, right: Value, span: Span) -> Value {
        if let How::Library(name) = operation.how
            && let Some((what, widest)) = self.too_wide(name)
        {
            let wide = format!("`{}` of secret numbers of more than {widest} bits", op.text());
            self.not_yet(
                span,
                &wide,
                &format!("`precision {what}(bits={widest})` at the top of the file is narrow enough"),
            );
            return Value::error(span);
        }
        // A secret that is known stays one: the result has the kind that the types say.
        let numbers = [&left, &right].iter().all(|value| value.ty().is_scalar(Kind::Int));
        let known = if numbers { known_result(op, &left, &right) } else { Dim::Unknown };
        let constants = [&left, &right].iter().all(|value| matches!(value.expr.kind, ExprKind::Constant(_)));
        if let (Some(number), true) = (known.as_const(), constants || self.library) {
            return Value::int(number, span);
        }
        let value = if op == BinaryOp::MatMul {
            match product_shape(dims(left.ty()), dims(right.ty())) {
                Ok(shape) => self.carry_out(operation, left, right, shape, span),
                Err(message) => self.fail(sizes_do_not_fit(op.text(), &left, &right, span).label(message)),
            }
        } else {
            self.elementwise(op.text(), operation, left, right, span)
        };
        if value.ty().is_scalar(Kind::Int) { value.knowing(known) } else { value }
    }

    fn elementwise(&mut self, op: &str, operation: &Operation, left: Value, right: Value, span: Span) -> Value {
        match shape::broadcast(dims(left.ty()), dims(right.ty())) {
            Ok(shape) => self.carry_out(operation, left, right, shape, span),
            Err((a, b)) => {
                let found = sizes_do_not_fit(op, &left, &right, span);
                let found = found.label(format!("axes of sizes {a} and {b} do not broadcast"));
                self.fail(match along_the_other_axis(&left, &right) {
                    Some(vector) => found.help(vector),
                    None => found,
                })
            }
        }
    }

    fn carry_out(&mut self, operation: &Operation, left: Value, right: Value, shape: Vec<Dim>, span: Span) -> Value {
        let why = first_why(&left, &right);
        let as_kind = |value: Value, kind: Kind| {
            let to = Ty::Tensor(kind, dims(value.ty()).to_vec());
            value.converted(&to)
        };
        let (mut first, mut second) = (as_kind(left, operation.left), as_kind(right, operation.right));
        let ty = Ty::Tensor(operation.result, shape);
        if operation.swap {
            // Operands have no effects that could be seen to change places.
            std::mem::swap(&mut first, &mut second);
        }
        let binary = |meaning| ExprKind::Binary(meaning, Box::new(first.expr.clone()), Box::new(second.expr.clone()));
        match operation.how {
            How::Machine(meaning) => Value::new(binary(meaning), ty, span).because(why),
            How::Negated(meaning) => {
                let value = Value::new(binary(meaning), ty, span).because(why);
                self.not(value, span)
            }
            How::Library(name) => {
                let result = self.library(name, vec![first, second], span);
                Value { why, ..result }
            }
        }
    }

    /// The widest numbers that a library function takes, where the program's are wider.
    fn too_wide(&self, name: &str) -> Option<(&'static str, u32)> {
        let precision = self.checker.precision;
        let wide_fix = name.starts_with("fix_") && name != "fix_pow" && precision.fix_bits > 62;
        let wide_int = name.starts_with("int_") && name != "int_pow" && precision.int_bits > 64;
        if wide_fix { Some(("fix", 62)) } else { wide_int.then_some(("int", 64)) }
    }

    fn refuse_binary(&mut self, op: BinaryOp, left: &Value, right: &Value, refusal: Refusal, span: Span) -> Value {
        let (a, b) = (left.ty(), right.ty());
        let to = Domain::Fix.kind(a.is_secret());
        let found = match refusal {
            Refusal::IntegerDivision => Diagnostic::new(
                Code::IntegerDivision,
                span,
                format!("`/` of `{a}` and `{b}`: integers have no exact quotient"),
            )
            .help("`//` rounds down to an integer")
            .fix(
                format!("`{to}(…)` around the first makes the quotient a fixed-point number"),
                wrapped(left, to.text()),
            ),
            Refusal::SecretAmount => {
                let what = if op == BinaryOp::Pow { "the exponent" } else { "the shift width" };
                let message = format!("{what} of `{op}` must be public");
                because(Diagnostic::new(Code::SecretAmount, right.span(), message), &right.why).help(format!(
                    "go through all it may be: `for k in range(64):` and inside `if n == k: y = x {op} k`"
                ))
            }
            Refusal::FractionalExponent => {
                Diagnostic::new(Code::BadOperand, right.span(), "the exponent of `**` must be an `int`")
                    .label(format!("this is `{b}`"))
            }
            Refusal::FractionalBits => Diagnostic::new(
                Code::BadOperand,
                span,
                format!("`{op}` works on integers and truth values, not on `{a}` and `{b}`"),
            )
            .help("`int(…)` converts and rounds towards zero"),
            Refusal::InvertedTruth | Refusal::Undefined => undefined(op.text(), left, right, span),
        };
        self.fail(found)
    }

    /// `first op right op …`: every operand is computed once, and no more of them than needed where that is public.
    pub fn compare_chain(
        &mut self,
        first: &'a ast::Expr,
        rest: &'a [(CompareOp, Span, ast::Expr)],
        span: Span,
    ) -> Value {
        let left = self.expr(first);
        if let [(op, _, right)] = rest {
            let right = self.expr(right);
            return self.compare_value(*op, left, right, span);
        }
        let left = self.hold(left, true);
        self.as_block(|walk| walk.chain(left, rest, span))
    }

    fn chain(&mut self, left: Value, rest: &'a [(CompareOp, Span, ast::Expr)], span: Span) -> Value {
        let [(op, _, right), rest @ ..] = rest else { return Value::bool(true, span) };
        let right = self.expr(right);
        if rest.is_empty() {
            return self.compare_value(*op, left, right, span);
        }
        let right = self.hold(right, true);
        let first = self.compare_value(*op, left, right.clone(), span);
        let others = self.as_block(|walk| walk.chain(right, rest, span));
        self.and_or(BoolOp::And, first, others, span)
    }

    /// `left op right`
    pub fn compare_value(&mut self, op: CompareOp, left: Value, right: Value, span: Span) -> Value {
        if left.is_error() || right.is_error() {
            return Value::error(span);
        }
        let Some(comparison) = operators::comparison(op) else {
            let found = self.membership(left, right, span);
            return if op == CompareOp::NotIn { self.not(found, span) } else { found };
        };
        if let Some(value) = self.object_compare(op, &left, &right, span) {
            return value;
        }
        let (Some(a), Some(b)) = (left.ty().kind(), right.ty().kind()) else {
            return self.compare_sequences(op, comparison, left, right, span);
        };
        if let (Some(a), Some(b), true) = (left.as_int(), right.as_int(), self.library) {
            return Value::bool(holds(comparison, a.cmp(&b)), span);
        }
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if (a, b, equality) == (Kind::Str, Kind::Str, false) {
            return self.texts_ordered(comparison, &left, &right, span);
        }
        match operators::compare(comparison, a, b) {
            Ok(operation) => self.elementwise(op.text(), &operation, left, right, span),
            Err(_) => self.fail(undefined(op.text(), &left, &right, span)),
        }
    }

    fn compare_sequences(
        &mut self,
        op: CompareOp,
        comparison: Comparison,
        left: Value,
        right: Value,
        span: Span,
    ) -> Value {
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        match (left.ty().clone(), right.ty().clone()) {
            (Ty::Tuple(a), Ty::Tuple(b)) if equality && a.len() == b.len() => {
                let (left, right) = (self.components(left, a.len()), self.components(right, b.len()));
                let mut all = Value::bool(true, span);
                for (at, (a, b)) in left.into_iter().zip(right).enumerate() {
                    let same = self.compare_value(CompareOp::Eq, a, b, span);
                    all = if at == 0 { same } else { self.and_or(BoolOp::And, all, same, span) };
                }
                if comparison == Comparison::NotEqual { self.not(all, span) } else { all }
            }
            (Ty::Tuple(_), Ty::Tuple(_)) if equality => Value::bool(comparison == Comparison::NotEqual, span),
            (Ty::Tuple(a), Ty::Tuple(b)) => {
                let (left, right) = (self.components(left, a.len()), self.components(right, b.len()));
                self.tuples_ordered(op, left, right, span)
            }
            (Ty::List(a), Ty::List(b)) if equality && a.join(&b).is_some() => {
                let same = self.as_block(|walk| walk.lists_equal(left, right, span));
                if comparison == Comparison::NotEqual { self.not(same, span) } else { same }
            }
            (Ty::Tuple(_), _) | (_, Ty::Tuple(_)) => {
                self.fail(undefined(op.text(), &left, &right, span).help("compare the items one by one"))
            }
            _ => self.fail(undefined(op.text(), &left, &right, span)),
        }
    }

    /// A condition: the truth value of an expression, a scalar `bool` or `sbool`.
    pub fn condition(&mut self, expr: &'a ast::Expr) -> Value {
        let value = self.expr(expr);
        self.truth(value)
    }

    /// The truth value of a scalar or a list, as in Python.
    pub fn truth(&mut self, value: Value) -> Value {
        let span = value.span();
        let zero = |kind: Kind| match Domain::of(kind) {
            Domain::Text => Value::text("", span),
            Domain::Bool | Domain::Int | Domain::Fix => Value::int(0, span),
        };
        match value.ty().clone() {
            Ty::Error => value,
            Ty::Tensor(kind, dims) if dims.is_empty() => match kind {
                Kind::Bool | Kind::Sbool => value,
                kind => self.compare_value(CompareOp::Ne, value, zero(kind), span),
            },
            Ty::Tensor(..) => {
                let message = format!("`{}` has many elements, and so no truth value", value.ty());
                self.fail(
                    Diagnostic::new(Code::TypeMismatch, span, message).help("`any(…)` or `all(…)` says which is meant"),
                )
            }
            Ty::List(_) => {
                let length = self.length(value);
                self.compare_value(CompareOp::Ne, length, Value::int(0, span), span)
            }
            Ty::Tuple(items) => Value::bool(!items.is_empty(), span),
            Ty::Object(_) => match self.object_truth(&value, span) {
                Some(value) => self.truth(value),
                None => {
                    let message = format!("an object of `{}` has no truth value", value.ty());
                    let found = Diagnostic::new(Code::TypeMismatch, span, message);
                    self.fail(found.help("compare what is meant: `x.field > 0`; or give the class `__bool__`"))
                }
            },
            Ty::None | Ty::Unknown => {
                self.fail(Diagnostic::new(Code::NoValue, span, "this gives no value, and so no truth value"))
            }
        }
    }

    /// `left and right`, `left or right`: as in Python, one of the two operands.
    pub fn connective(&mut self, op: BoolOp, left: &'a ast::Expr, right: &'a ast::Expr, span: Span) -> Value {
        let left = self.expr(left);
        if is_truth(left.ty()) || left.is_error() {
            let right = self.as_block(|walk| walk.expr(right));
            if is_truth(right.ty()) || left.is_error() || right.is_error() {
                return self.and_or(op, left, right, span);
            }
            return self.chosen(op, left, right, span);
        }
        let left = self.hold(left, true);
        let right = self.as_block(|walk| walk.expr(right));
        self.chosen(op, left, right, span)
    }

    /// `left and right` where not both are truth values: whichever decides.
    fn chosen(&mut self, op: BoolOp, left: Value, right: Value, span: Span) -> Value {
        let left = self.hold(left, true);
        let test = self.truth(left.clone());
        match op {
            BoolOp::And => self.either_value(test, right, left, span),
            BoolOp::Or => self.either_value(test, left, right, span),
        }
    }

    /// Two truth values combined; the second is computed only if needed where the first is public.
    pub fn and_or(&mut self, op: BoolOp, left: Value, right: Value, span: Span) -> Value {
        if left.is_error() || right.is_error() {
            return Value::error(span);
        }
        let scalars = dims(left.ty()).is_empty() && dims(right.ty()).is_empty();
        if !scalars || left.ty().is_secret() || right.ty().is_secret() {
            let op = if op == BoolOp::And { BinaryOp::BitAnd } else { BinaryOp::BitOr };
            return self.binary_value(op, left, right, span);
        }
        let (a, b) = (Box::new(left.expr), Box::new(right.expr));
        let kind = if op == BoolOp::And { ExprKind::And(a, b) } else { ExprKind::Or(a, b) };
        Value::new(kind, Ty::scalar(Kind::Bool), span)
    }

    /// `then if test else otherwise`
    pub fn conditional(
        &mut self,
        test: &'a ast::Expr,
        then: &'a ast::Expr,
        otherwise: &'a ast::Expr,
        span: Span,
    ) -> Value {
        let test = self.condition(test);
        if let (true, Some(known)) = (self.library, test.as_bool()) {
            return self.expr(if known { then } else { otherwise });
        }
        if !test.ty().is_secret() {
            let then = self.as_block(|walk| walk.expr(then));
            let otherwise = self.as_block(|walk| walk.expr(otherwise));
            return self.either_value(test, then, otherwise, span);
        }
        // Both are computed: what they do besides would happen in any case.
        let test = self.hold(test, true);
        let super::tree::ExprKind::Local(condition) = test.expr.kind else {
            return self.either_value(test, Value::error(span), Value::error(span), span);
        };
        let arm = |negated| super::body::SecretArm { condition, negated, span: test.span(), why: test.why.clone() };
        let (taken, missed) = (arm(false), arm(true));
        self.secret.push(taken);
        let then = self.expr(then);
        self.secret.pop();
        self.secret.push(missed);
        let otherwise = self.expr(otherwise);
        self.secret.pop();
        self.either_value(test, then, otherwise, span)
    }

    /// One of two values by a condition, which may be secret.
    pub fn either_value(&mut self, test: Value, then: Value, otherwise: Value, span: Span) -> Value {
        if test.is_error() || then.is_error() || otherwise.is_error() {
            return Value::error(span);
        }
        let joined = then.ty().join(otherwise.ty()).filter(|_| !different_sizes(then.ty(), otherwise.ty()));
        let secret = test.ty().is_secret();
        let Some(joined) = joined.or_else(|| self.broadcast_choice(&then, &otherwise, secret)) else {
            let message = format!("this may be `{}` or `{}`", then.ty(), otherwise.ty());
            let found = Diagnostic::new(Code::ClashingTypes, span, message);
            return self.fail(found.note(then.span(), "one").note(otherwise.span(), "the other"));
        };
        if joined == Ty::None || (secret && joined.kind() == Some(Kind::Str)) {
            let what = if joined == Ty::None { "whether something happens" } else { "text" };
            let found = Diagnostic::new(Code::SecretText, span, format!("{what} cannot depend on a secret"));
            let found = found.note(test.span(), super::effects::secret_condition(&test.why));
            return self.fail(found.help("choose between numbers, and make the text from what is revealed"));
        }
        if secret && let Some(found) = super::classes::chosen_object(&joined, span, &test.why) {
            return self.fail(found.note(test.span(), super::effects::secret_condition(&test.why)));
        }
        let aliases = then.aliases.iter().chain(otherwise.aliases.iter()).cloned().collect();
        let why = first_why(&test, &then).or_else(|| otherwise.why.clone());
        let ty = if secret { joined.secret() } else { joined };
        let known = then.known.join(&otherwise.known);
        let as_kind = |value: Value| {
            let to = match (&ty, value.ty()) {
                (Ty::Tensor(kind, _), Ty::Tensor(_, dims)) => Ty::Tensor(*kind, dims.clone()),
                (ty, _) => ty.clone(),
            };
            Box::new(value.converted(&to).expr)
        };
        let (test, then, otherwise) = (Box::new(test.expr), as_kind(then), as_kind(otherwise));
        let kind =
            if secret { ExprKind::Select(test, then, otherwise) } else { ExprKind::Conditional(test, then, otherwise) };
        Value { aliases, ..Value::new(kind, ty, span) }.because(why).knowing(known)
    }

    /// A selection of tensors of two shapes: broadcast first.
    fn broadcast_choice(&mut self, then: &Value, otherwise: &Value, secret: bool) -> Option<Ty> {
        let (Ty::Tensor(a, left), Ty::Tensor(b, right)) = (then.ty(), otherwise.ty()) else { return None };
        let shape = shape::broadcast(left, right).ok().filter(|_| secret)?;
        Some(Ty::Tensor(super::ty::join_kinds(*a, *b)?, shape))
    }

    /// `x in xs`
    fn membership(&mut self, needle: Value, items: Value, span: Span) -> Value {
        if needle.ty().is_scalar(Kind::Str) && items.ty().is_scalar(Kind::Str) {
            return self.text_inside(&needle, &items, span);
        }
        let sequence = super::iteration::is_sequence(items.ty()) || matches!(items.ty(), Ty::Tuple(_));
        if !sequence || !matches!(needle.ty(), Ty::Tensor(_, dims) if dims.is_empty()) {
            return self.fail(undefined("in", &needle, &items, span));
        }
        if matches!(items.ty(), Ty::Tensor(..)) {
            let same = self.compare_value(CompareOp::Eq, items, needle, span);
            return self.any_or_all("any_of", mpc_bytecode::operand::Reduction::Any, same, span);
        }
        self.found_in_list(needle, items, span)
    }

    /// Whether one of a tensor's elements is true, or all are.
    pub fn any_or_all(
        &mut self,
        library: &'static str,
        public: mpc_bytecode::operand::Reduction,
        value: Value,
        span: Span,
    ) -> Value {
        if value.is_error() {
            return value;
        }
        if value.ty().is_secret() {
            return self.library(library, vec![value], span);
        }
        let kind = ExprKind::Primitive(Primitive::Reduce(public, Vec::new()), vec![value.expr]);
        Value::new(kind, Ty::scalar(Kind::Bool), span)
    }
}

/// The axes of a tensor; none of anything else.
pub fn dims(ty: &Ty) -> &[Dim] {
    match ty {
        Ty::Tensor(_, dims) => dims,
        Ty::List(_) | Ty::Tuple(_) | Ty::Object(_) | Ty::None | Ty::Unknown | Ty::Error => &[],
    }
}

/// Why a result of two operands is secret.
pub fn first_why(a: &Value, b: &Value) -> Why {
    a.why.clone().or_else(|| b.why.clone())
}

fn is_truth(ty: &Ty) -> bool {
    ty.is_scalar(Kind::Bool) || ty.is_scalar(Kind::Sbool)
}

fn undefined(op: &str, left: &Value, right: &Value, span: Span) -> Diagnostic {
    let found =
        Diagnostic::new(Code::BadOperand, span, format!("`{op}` does not take `{}` and `{}`", left.ty(), right.ty()))
            .note(left.span(), format!("`{}`", left.ty()))
            .note(right.span(), format!("`{}`", right.ty()));
    if let Some(none) = [left, right].into_iter().find(|side| *side.ty() == Ty::None) {
        let found = Diagnostic::new(Code::NoValue, none.span(), "there is no value here to calculate with");
        return found.label("this is `None`").help("a function gives a value by `return`");
    }
    let text = |value: &Value| value.ty().is_scalar(Kind::Str);
    let list = |value: &Value| matches!(value.ty(), Ty::List(_));
    let object = |value: &Value| matches!(value.ty(), Ty::Object(_));
    let number = |value: &Value| matches!(value.ty(), Ty::Tensor(kind, _) if *kind != Kind::Str);
    match (left, right) {
        (a, b) if op == "%" && text(a) && !text(b) => found.help("use an f-string: `f\"… {x} …\"`"),
        (a, b) if text(a) != text(b) && op == "+" => {
            let other = if text(a) { b } else { a };
            if other.ty().is_secret() {
                return found.help("text is public: reveal the value first, if everyone may know it");
            }
            found.fix("`str(…)` makes text of it, as does an f-string", wrapped(other, "str"))
        }
        (a, b) if (list(a) && (number(b) || list(b))) || (number(a) && list(b)) => {
            let lists = [a, b].into_iter().filter(|side| list(side));
            let edits = lists.flat_map(|side| wrapped(side, "array"));
            found.fix("`array(…)` makes a tensor of a list; operators then work on every element", edits)
        }
        (a, b) if object(a) || object(b) => found.help(format!("give the class a method that says what `{op}` means")),
        _ => found,
    }
}

/// The edits that make `function(value)` of a value.
fn wrapped(value: &Value, function: &str) -> [(Span, String); 2] {
    let span = value.span();
    [(Span { end: span.start, ..span }, format!("{function}(")), (span.after(), ")".to_owned())]
}

fn sizes_do_not_fit(op: &str, left: &Value, right: &Value, span: Span) -> Diagnostic {
    let sizes = |value: &Value| match dims(value.ty()) {
        [] => "a number".to_owned(),
        dims => dims.iter().map(Dim::to_string).collect::<Vec<_>>().join("×"),
    };
    let what = if op == "@" { "matrix sizes do not fit" } else { "sizes do not fit" };
    Diagnostic::new(Code::ShapeMismatch, span, format!("{what}: {} {op} {}", sizes(left), sizes(right)))
        .note(left.span(), format!("`{}`", left.ty()))
        .note(right.span(), format!("`{}`", right.ty()))
}

/// Help for a vector that would fit a matrix along its first axis.
fn along_the_other_axis(left: &Value, right: &Value) -> Option<&'static str> {
    let fits = match (dims(left.ty()), dims(right.ty())) {
        ([rows, _], [size]) | ([size], [rows, _]) => rows.as_const().is_some() && !rows.differs(size),
        _ => false,
    };
    fits.then_some("a vector lies along the last axis; `v[:, None]` is a column")
}

/// The shape of a matrix product; vectors as in NumPy.
fn product_shape(a: &[Dim], b: &[Dim]) -> Result<Vec<Dim>, String> {
    let (inner, outer, shape) = match (a, b) {
        ([k], [l]) => (k, l, vec![]),
        ([k], [l, n]) => (k, l, vec![n.clone()]),
        ([m, k], [l]) => (k, l, vec![m.clone()]),
        ([m, k], [l, n]) => (k, l, vec![m.clone(), n.clone()]),
        ([], _) | (_, []) => return Err("`@` takes vectors and matrices; a number is multiplied by `*`".into()),
        _ => return Err("`@` takes vectors and matrices".into()),
    };
    if inner.differs(outer) {
        return Err(format!("the inner dimensions {inner} and {outer} must be equal"));
    }
    Ok(shape)
}

fn known_result(op: BinaryOp, left: &Value, right: &Value) -> Dim {
    let (a, b) = (&left.known, &right.known);
    match op {
        BinaryOp::Add => a.plus(b),
        BinaryOp::Sub => a.minus(b),
        BinaryOp::Mul => a.times(b),
        BinaryOp::FloorDiv => a.over(b),
        _ => match (a.as_const(), b.as_const()) {
            (Some(a), Some(b)) => known_constant(op, a, b).map_or(Dim::Unknown, Dim::constant),
            _ => Dim::Unknown,
        },
    }
}

fn known_constant(op: BinaryOp, a: i64, b: i64) -> Option<i64> {
    match op {
        BinaryOp::Mod if b > 0 => Some(a.rem_euclid(b)),
        BinaryOp::Pow => a.checked_pow(u32::try_from(b).ok()?),
        BinaryOp::Shl => a.checked_mul(1i64.checked_shl(u32::try_from(b).ok()?).filter(|power| *power > 0)?),
        BinaryOp::Shr => u32::try_from(b).ok().map(|width| a >> width.min(63)),
        BinaryOp::BitAnd => Some(a & b),
        BinaryOp::BitOr => Some(a | b),
        BinaryOp::BitXor => Some(a ^ b),
        _ => None,
    }
}

pub fn holds(comparison: Comparison, order: std::cmp::Ordering) -> bool {
    match comparison {
        Comparison::Less => order.is_lt(),
        Comparison::LessEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterEqual => order.is_ge(),
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
    }
}

fn divides_by_zero(op: BinaryOp, right: &Value) -> bool {
    let zero = match &right.expr.kind {
        ExprKind::Constant(Constant::Fix(shape, values)) => shape.is_empty() && values.first() == Some(&0),
        ExprKind::Constant(Constant::Int(shape, values)) => shape.is_empty() && values.first() == Some(&0),
        _ => false,
    };
    zero && matches!(op, BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Mod)
}

fn division_by_zero(op: BinaryOp, right: &Value, span: Span) -> Diagnostic {
    Diagnostic::new(Code::DivisionByZero, span, format!("`{op}` by zero")).note(right.span(), "this is zero")
}

/// `"-" * 40`
fn repeated_text(op: BinaryOp, left: &Value, right: &Value) -> Option<String> {
    let (text, times) = match (&left.expr.kind, &right.expr.kind) {
        (ExprKind::Constant(Constant::Str(text)), _) => (text, right.as_int()?),
        (_, ExprKind::Constant(Constant::Str(text))) => (text, left.as_int()?),
        _ => return None,
    };
    let times = usize::try_from(times.max(0)).ok().filter(|times| text.len().saturating_mul(*times) <= 65536)?;
    (op == BinaryOp::Mul).then(|| text.repeat(times))
}
