//! `*`: the items of a sequence as arguments of a call, as items of a list or tuple, or as what is left for one target.

use super::body::Body;
use super::effects::EffectKind;
use super::iteration::{entry, is_sequence, public_int};
use super::sequences::{literal_length, tuple};
use super::tree::{self, Expr, ExprKind, Primitive};
use super::ty::Ty;
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, ArgKind, TargetKind};
use mpc_bytecode::Kind;
use mpc_bytecode::operand::{Binary, Exception};

/// What becomes of the items, for messages.
pub const ARGUMENTS: &str = "how many arguments this gives";

impl<'a> Body<'a, '_> {
    /// The values of `*expr` before an argument: as many as it has items. `wanted` says how many there must be, where the type
    /// does not; then the program's run checks it.
    pub fn spread(&mut self, expr: &'a ast::Expr, wanted: Option<usize>) -> Option<Vec<Value>> {
        let value = self.expr(expr);
        self.spread_value(value, wanted, ARGUMENTS)
    }

    /// The items of a value, one by one.
    pub fn spread_value(&mut self, value: Value, wanted: Option<usize>, what: &str) -> Option<Vec<Value>> {
        let span = value.span();
        match value.ty().clone() {
            Ty::Error => None,
            Ty::Tuple(items) => Some(self.components(value, items.len())),
            ty if is_sequence(&ty) => {
                let known = match &ty {
                    Ty::List(_) => literal_length(&value).as_const(),
                    _ => self.length(value.clone()).as_int(),
                };
                let value = self.hold(value, false);
                let count = match (known.and_then(|known| usize::try_from(known).ok()), wanted) {
                    (Some(known), _) => known,
                    (None, Some(wanted)) if self.check_length(&value, wanted, span) => wanted,
                    (None, Some(_)) => return None,
                    (None, None) => {
                        self.unknown_count(&ty, what, span);
                        return None;
                    }
                };
                let at = |at: usize| entry(value.clone(), Value::int(at as i64, span));
                Some((0..count).map(at).collect())
            }
            ty => {
                let found = Diagnostic::new(Code::NotIterable, span, format!("`{ty}` has no items to take apart"));
                self.report(found);
                None
            }
        }
    }

    /// True for a sequence whose number of items only the program's run knows.
    pub fn is_of_any_length(&mut self, value: &Value) -> bool {
        match value.ty() {
            Ty::List(_) => literal_length(value).as_const().is_none(),
            ty => is_sequence(ty) && self.length(value.clone()).as_int().is_none(),
        }
    }

    fn unknown_count(&mut self, ty: &Ty, what: &str, span: Span) {
        let message = format!("{what} is not known from `{ty}`");
        let found = Diagnostic::new(Code::NotConstant, span, message);
        self.report(found.help("use a tuple, or pass the list itself to a function that takes a list"));
    }

    /// How many values a `*` must give, so that a function's parameters have one each: of parameters by position without a default.
    pub fn wanted_of(function: &ast::FunctionDef, args: &[ast::Arg]) -> Option<usize> {
        let stars = args.iter().filter(|arg| arg.kind == ArgKind::Star).count();
        let by_name = |param: &ast::Param| {
            args.iter().any(|arg| matches!(&arg.kind, ArgKind::Keyword(name) if name.text == param.name.text))
        };
        let positional = args.iter().filter(|arg| arg.kind == ArgKind::Positional).count();
        if stars != 1 || function.params.iter().any(|param| param.kind == ast::ParamKind::Rest) {
            return None;
        }
        let open: Vec<&ast::Param> =
            function.params.iter().filter(|param| param.kind == ast::ParamKind::Plain && !by_name(param)).collect();
        let all_needed = open.iter().all(|param| param.default.is_none());
        open.len().checked_sub(positional).filter(|_| all_needed)
    }

    /// `[a, *b]`: lists put together.
    pub fn list_with_stars(&mut self, items: &'a [ast::Expr], span: Span) -> Value {
        let mut parts: Vec<Value> = Vec::new();
        let mut single: Vec<Value> = Vec::new();
        for item in items {
            let ast::ExprKind::Star(inner) = &item.kind else {
                let value = self.expr(item);
                single.push(self.hold(value, false));
                continue;
            };
            let list = self.expr(inner);
            let list = self.as_list(list);
            if list.is_error() {
                return list;
            }
            let list = self.hold(list, false);
            parts.push(self.list_of(std::mem::take(&mut single), span));
            parts.push(list);
        }
        parts.push(self.list_of(single, span));
        let join =
            |walk: &mut Self, a: Value, b: Value| walk.binary_value(crate::syntax::op::BinaryOp::Add, a, b, span);
        let mut parts = parts.into_iter().filter(|part| !is_empty(part));
        let Some(first) = parts.next() else { return self.list_of(Vec::new(), span) };
        let mut all = first;
        for part in parts {
            all = join(self, all, part);
        }
        all.alone()
    }

    /// `a, *b`: a tuple, where the number of items is known.
    pub fn tuple_with_stars(&mut self, items: &'a [ast::Expr], span: Span) -> Value {
        let mut all = Vec::new();
        for item in items {
            let ast::ExprKind::Star(inner) = &item.kind else {
                let value = self.expr(item);
                all.push(self.hold(value, false));
                continue;
            };
            let value = self.expr(inner);
            let Some(values) = self.spread_value(value, None, "how many items the tuple gets") else {
                return Value::error(span);
            };
            all.extend(values);
        }
        tuple(all, span)
    }

    /// A list, the items of a tuple, or the entries of a tensor's first axis, as a list.
    pub fn as_list(&mut self, value: Value) -> Value {
        let span = value.span();
        match value.ty().clone() {
            Ty::List(_) | Ty::Error => value,
            Ty::Tuple(_) => self.list_of_tuple(value).unwrap_or_else(|| Value::error(span)),
            Ty::Tensor(kind, dims) if !dims.is_empty() => {
                let item = Ty::Tensor(kind, dims[1..].to_vec());
                let unpack = ExprKind::Primitive(Primitive::Unpack, vec![value.expr]);
                Value::new(unpack, Ty::List(Box::new(item)), span).because(value.why)
            }
            ty => {
                let message = format!("`{ty}` has no items to take apart");
                self.fail(Diagnostic::new(Code::NotIterable, span, message))
            }
        }
    }

    /// `a, *b, c = value` of a list or tensor: the first and the last items by themselves, the rest as a list.
    pub fn unpack_rest(&mut self, targets: &'a [ast::Target], star: usize, value: Value, span: Span) {
        let list = self.as_list(value);
        let list = self.hold(list, false);
        let Ty::List(item) = list.ty().clone() else {
            return targets.iter().for_each(|target| self.assign(target, Value::error(span), span));
        };
        let after = targets.len() - 1 - star;
        let length = self.length(list.clone());
        let length = self.hold(length, false);
        if !self.at_least(&length, targets.len() - 1, span) {
            return targets.iter().for_each(|target| self.assign(target, Value::error(span), span));
        }
        let from_end = |back: usize| match length.as_int() {
            Some(known) => Value::int(known - back as i64, span),
            None => public_int(Binary::Sub, length.clone(), Value::int(back as i64, span), span),
        };
        let bound = |value: Value| Some(Box::new(value.expr));
        let bounds = [bound(Value::int(star as i64, span)), bound(from_end(after)), None];
        let rest = ExprKind::Slice(Box::new(list.expr.clone()), bounds);
        let rest = Value::new(rest, Ty::List(item), span).because(list.why.clone());
        for (at, target) in targets.iter().enumerate() {
            match &target.kind {
                TargetKind::Star(inner) => self.assign(inner, rest.clone(), span),
                _ if at < star => {
                    let item = entry(list.clone(), Value::int(at as i64, span));
                    self.assign(target, item, span);
                }
                _ => {
                    let item = entry(list.clone(), from_end(targets.len() - at));
                    self.assign(target, item, span);
                }
            }
        }
    }

    /// Whether a length is large enough; where only the program's run can tell, it does.
    fn at_least(&mut self, length: &Value, count: usize, span: Span) -> bool {
        match length.as_int() {
            Some(known) if known >= count as i64 => true,
            Some(known) => {
                let message = format!("{known} values cannot be unpacked into at least {count} targets");
                self.report(Diagnostic::new(Code::BadUnpacking, span, message));
                false
            }
            None if count == 0 => true,
            None => {
                if !self.secret.is_empty() && !self.effect(EffectKind::Raise, span) {
                    return false;
                }
                let few = tree::BinaryMeaning::Public(Binary::Lt);
                let least = Value::int(count as i64, span).expr;
                let kind = ExprKind::Binary(few, Box::new(length.expr.clone()), Box::new(least));
                let test = Expr { kind, ty: Ty::scalar(Kind::Bool), span };
                let start = format!("not enough values to unpack (expected at least {count}, got ");
                let text = vec![Value::text(start, span), length.clone(), Value::text(")", span)];
                let text = self.joined_text(text, span).expr;
                let then = vec![tree::Stmt { kind: tree::StmtKind::Raise(Exception::ValueError.into(), text), span }];
                self.emit(tree::StmtKind::If { test, then, otherwise: Vec::new() }, span);
                true
            }
        }
    }
}

fn is_empty(list: &Value) -> bool {
    matches!(&list.expr.kind, ExprKind::List(items) if items.is_empty())
}
