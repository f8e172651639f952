//! Lists as whole values: equality, order of tuples, slices that are assigned, sorting, decimals.

use super::body::Body;
use super::effects::EffectKind;
use super::places::Part;
use super::tree::StmtKind;
use super::ty::{Domain, Ty, is_secret};
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, SubscriptKind};
use crate::syntax::op::{BinaryOp, BoolOp, CompareOp};
use mpc_bytecode::{Constant, Kind};

impl<'a> Body<'a, '_> {
    /// `a == b` of lists: as many items, and each equal to its other. Lengths are public; lists of secret numbers are compared all at
    /// once.
    pub fn lists_equal(&mut self, left: Value, right: Value, span: Span) -> Value {
        let (left, right) = (self.hold(left, false), self.hold(right, false));
        let numbers = |value: &Value| match value.ty() {
            Ty::List(item) => item.kind().is_some_and(|kind| kind != Kind::Str && item.is_scalar(kind)),
            _ => false,
        };
        let lengths = [self.length(left.clone()), self.length(right.clone())];
        let [a, b] = lengths;
        let as_long = self.compare_value(CompareOp::Eq, a.clone(), b, span);
        let items = self.as_block(|walk| {
            if numbers(&left) && numbers(&right) {
                let some = walk.compare_value(CompareOp::Gt, a, Value::int(0, span), span);
                let all = walk.as_block(|walk| {
                    let (left, right) = (walk.tensor_of(left), walk.tensor_of(right));
                    let same = walk.compare_value(CompareOp::Eq, left, right, span);
                    walk.reduce(super::reductions::Reduce::All, same, None, span)
                });
                let none = Value::bool(true, span);
                return walk.either_value(some, all, none, span);
            }
            walk.items_equal(left, right, span)
        });
        let differ = Value::bool(false, span);
        self.either_value(as_long, items, differ, span)
    }

    /// Whether lists of one length have equal items, compared one by one.
    fn items_equal(&mut self, left: Value, right: Value, span: Span) -> Value {
        let (Some(a), Some(b)) = (self.items_of(left.clone()), self.items_of(right.clone())) else {
            return Value::error(span);
        };
        let ty = Ty::scalar(if left.ty().is_secret() || right.ty().is_secret() { Kind::Sbool } else { Kind::Bool });
        let result = self.temporary(&ty);
        let mut so_far = Value::new(super::tree::ExprKind::Local(result), ty.clone(), span);
        so_far.why = left.why.clone().or(right.why.clone());
        let start = Value::bool(true, span).converted(&ty).expr;
        self.emit(StmtKind::Assign(result, start), span);
        let mut good = true;
        self.counted(&super::iteration::Items::Zip(vec![a, b]), span, &[], &mut |walk, item| {
            if item.is_of_nothing() {
                return;
            }
            let super::iteration::Item::Many(pair) = item else { return };
            let mut pair = pair.into_iter().map(|item| item.value(span));
            let (Some(a), Some(b)) = (pair.next(), pair.next()) else { return };
            let same = walk.compare_value(CompareOp::Eq, a, b, span);
            let both = walk.binary_value(BinaryOp::BitAnd, so_far.clone(), same, span);
            good &= both.ty().erased() == ty.erased();
            walk.emit(StmtKind::Assign(result, both.expr), span);
        });
        if good { so_far } else { Value::error(span) }
    }

    /// `a < b` of tuples: the first items that differ decide.
    pub fn tuples_ordered(&mut self, op: CompareOp, left: Vec<Value>, right: Vec<Value>, span: Span) -> Value {
        let lengths = left.len().cmp(&right.len());
        let strict = match op {
            CompareOp::Le => CompareOp::Lt,
            CompareOp::Ge => CompareOp::Gt,
            other => other,
        };
        // Where all items are equal, the shorter tuple is the smaller one.
        let mut result = Value::bool(
            match op {
                CompareOp::Lt => lengths.is_lt(),
                CompareOp::Le => lengths.is_le(),
                CompareOp::Gt => lengths.is_gt(),
                _ => lengths.is_ge(),
            },
            span,
        );
        let pairs: Vec<(Value, Value)> = left.into_iter().zip(right).collect();
        for (a, b) in pairs.into_iter().rev() {
            let before = self.compare_value(strict, a.clone(), b.clone(), span);
            let same = self.compare_value(CompareOp::Eq, a, b, span);
            let rest = self.and_or(BoolOp::And, same, result, span);
            result = self.and_or(BoolOp::Or, before, rest, span);
        }
        result
    }

    /// `xs[a:b] = items` of a list.
    pub fn assign_slice(&mut self, part: &Part, item: &'a ast::Subscript, value: Value, span: Span) {
        let SubscriptKind::Slice { start, stop, step } = &item.kind else { return };
        if let Some(step) = step {
            let found = Diagnostic::new(Code::BadIndex, step.span, "a slice with a step cannot be assigned");
            return self.report(found.help("assign the items one by one, in a loop"));
        }
        if !self.secret.is_empty() && !self.effect(EffectKind::Resize, span) {
            return;
        }
        let items = self.as_list(value);
        let old = self.read_part(part);
        let bound = |walk: &mut Self, bound: &'a Option<Box<ast::Expr>>, usual: Value| match bound {
            Some(bound) => {
                let value = walk.expr(bound);
                walk.public_int(value, super::places::CUT)
            }
            None => usual,
        };
        let length = self.length(old.clone());
        let start = bound(self, start, Value::int(0, span));
        let stop = bound(self, stop, length);
        let Some(ty) = old.ty().join(items.ty()) else {
            let message = format!("expected `{}`, found `{}`", old.ty(), items.ty());
            return self.report(Diagnostic::new(Code::TypeMismatch, items.span(), message));
        };
        let (old, items) = (old.converted(&ty), items.converted(&ty));
        let new = self.library("list_with", vec![old, start, stop, items], span);
        self.store(part, new.alone(), span);
    }

    /// `sorted(x, reverse=…)` of public items.
    pub fn sorted(&mut self, value: Value, reverse: Option<Value>, span: Span) -> Value {
        if value.is_error() {
            return value;
        }
        if value.ty().is_secret() {
            let message = "`sorted` puts public values in order: where a secret goes would tell what it is";
            let found = Diagnostic::new(Code::SecretPosition, value.span(), message);
            let found = super::convert::because(found, &value.why);
            return self.fail(found.help("reveal it first if everyone may know it: `sorted(x.reveal())`"));
        }
        let list = self.as_list(value);
        let Ty::List(item) = list.ty().clone() else { return Value::error(span) };
        if !is_ordered(&item) {
            let message = format!("`{item}` has no order");
            return self.fail(Diagnostic::new(Code::TypeMismatch, list.span(), message).label("to be sorted"));
        }
        let reverse = reverse.unwrap_or_else(|| Value::bool(false, span));
        let reverse = self.truth(reverse);
        if *item == Ty::Unknown {
            return list;
        }
        let sorted = self.library("sorted_list", vec![list.alone(), reverse], span);
        sorted.alone()
    }

    /// `round(x, digits)`: the nearest number with so many decimals.
    pub fn rounded_to(&mut self, value: Value, digits: Value, span: Span) -> Value {
        if value.is_error() || digits.is_error() {
            return Value::error(span);
        }
        let Some(digits) = digits.as_int().and_then(|digits| u32::try_from(digits).ok()).filter(|digits| *digits <= 9)
        else {
            let found =
                Diagnostic::new(Code::NotConstant, digits.span(), "the number of decimals is a constant from 0 to 9");
            return self.fail(found.help("`round(x, 2)`; without it, `round(x)` gives an integer"));
        };
        if value.ty().kind().is_some_and(|kind| Domain::of(kind) <= Domain::Int) {
            return value;
        }
        let frac = self.checker.precision.fix_frac;
        let scale = 10_i64.pow(digits);
        let factor = Constant::Fix(Vec::new(), vec![i128::from(scale) << frac]);
        let secret = value.ty().kind().is_some_and(is_secret);
        let factor = self.constant(factor, span);
        let scaled = self.binary_value(BinaryOp::Mul, value, factor.clone(), span);
        let whole = self.rounded(super::builtins::Builtin::Round, scaled, span);
        let to = Ty::Tensor(Domain::Fix.kind(secret), super::operations::dims(whole.ty()).to_vec());
        let whole = whole.converted(&to);
        self.binary_value(BinaryOp::Div, whole, factor, span)
    }
}

/// Whether `<` compares such items.
fn is_ordered(item: &Ty) -> bool {
    match item {
        Ty::Tensor(kind, dims) => dims.is_empty() && *kind != Kind::Str,
        Ty::Tuple(items) => items.iter().all(is_ordered),
        Ty::Unknown => true,
        Ty::List(_) | Ty::Object(_) | Ty::None | Ty::Error => false,
    }
}
