//! Lists and tuples: literals, comprehensions, joining, membership, and the builtins that make them.

use super::body::Body;
use super::builtins::Builtin;
use super::convert::convert;
use super::effects::EffectKind;
use super::iteration::{Items, entry, is_sequence};
use super::shape::Dim;
use super::shares::{Aliases, Hop, can_share};
use super::statements::negate;
use super::tree::{Expr, ExprKind, LocalId, Primitive, Stmt, StmtKind};
use super::ty::Ty;
use super::value::{Value, Why};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast;
use crate::syntax::op::{BinaryOp, CompareOp};
use mpc_bytecode::Kind;
use mpc_bytecode::operand::Binary;

/// A list that is being built: its local, and what its items are so far.
#[derive(Debug)]
pub struct ListBuilder {
    list: LocalId,
    item: Option<Ty>,
    why: Why,
    aliases: Aliases,
    span: Span,
}

impl ListBuilder {
    /// Adds an item.
    pub fn push(&mut self, walk: &mut Body<'_, '_>, item: Value) {
        let ty = if *item.ty() == Ty::None { walk.no_item(&item) } else { item.ty().clone() };
        let joined = self.item.as_ref().map_or(Some(ty.clone()), |known| known.join(&ty));
        self.item = Some(joined.unwrap_or(Ty::Error));
        self.why = item.why.clone().or(self.why.take());
        if can_share(item.ty()) {
            walk.with_other_names(&item.aliases).placed(Hop::Item).for_each(|alias| self.aliases.add(alias));
        }
        walk.emit(StmtKind::Push(self.list, Vec::new(), item.expr), self.span);
    }
}

/// A tuple of values.
pub fn tuple(items: Vec<Value>, span: Span) -> Value {
    if items.iter().any(Value::is_error) {
        return Value::error(span);
    }
    let why = items.iter().find_map(|item| item.why.clone());
    let shared = |(at, item): (usize, &Value)| item.aliases.clone().placed(Hop::Component(at));
    let aliases = items.iter().enumerate().filter(|(_, item)| can_share(item.ty())).flat_map(shared).collect();
    let ty = Ty::Tuple(items.iter().map(|item| item.ty().clone()).collect());
    let exprs = items.into_iter().map(|item| item.expr).collect();
    Value { aliases, ..Value::new(ExprKind::Tuple(exprs), ty, span) }.because(why)
}

/// A component of a tuple.
pub fn component(value: &Value, at: usize) -> Value {
    let span = value.span();
    let ty = value.ty().components().get(at).cloned().unwrap_or(Ty::Error);
    if let ExprKind::Tuple(items) = &value.expr.kind
        && let Some(item) = items.get(at)
        && matches!(item.kind, ExprKind::Local(_) | ExprKind::Constant(_))
    {
        let aliases = value.aliases.inside(Hop::Component(at));
        return Value { aliases, ..value.clone() }.with(item.clone());
    }
    let kind = ExprKind::Component(Box::new(value.expr.clone()), at);
    let aliases = if can_share(&ty) { value.aliases.inside(Hop::Component(at)) } else { Aliases::default() };
    Value { aliases, ..Value::new(kind, ty, span) }.because(value.why.clone())
}

impl<'a> Body<'a, '_> {
    /// `[a, b]`
    pub fn list_literal(&mut self, items: &'a [ast::Expr], span: Span) -> Value {
        if items.iter().any(|item| matches!(item.kind, ast::ExprKind::Star(_))) {
            return self.as_block(|walk| walk.list_with_stars(items, span));
        }
        let items = items.iter().map(|item| self.expr(item)).collect();
        self.list_of(items, span)
    }

    /// `a, b`
    pub fn tuple_literal(&mut self, items: &'a [ast::Expr], span: Span) -> Value {
        if items.iter().any(|item| matches!(item.kind, ast::ExprKind::Star(_))) {
            return self.tuple_with_stars(items, span);
        }
        let items: Vec<Value> = items.iter().map(|item| self.expr(item)).collect();
        if let Some(none) = items.iter().find(|item| *item.ty() == Ty::None) {
            return self.fail(Diagnostic::new(Code::NoValue, none.span(), "this gives no value"));
        }
        tuple(items, span)
    }

    /// A list of values, converted to one type.
    pub fn list_of(&mut self, items: Vec<Value>, span: Span) -> Value {
        if items.iter().any(Value::is_error) {
            return Value::error(span);
        }
        let mut joined = Ty::Unknown;
        for item in &items {
            match joined.join(item.ty()).filter(|ty| *ty != Ty::None) {
                Some(ty) => joined = ty,
                None => {
                    let message =
                        format!("a list has items of one type: `{joined}` and `{}` do not fit together", item.ty());
                    return self.fail(
                        Diagnostic::new(Code::ClashingTypes, item.span(), message).help("use a tuple: `(a, b)`"),
                    );
                }
            }
        }
        let why = items.iter().find_map(|item| item.why.clone());
        let shared = items.iter().filter(|item| can_share(item.ty()));
        let aliases = shared.flat_map(|item| item.aliases.clone().placed(Hop::Item)).collect();
        let exprs = items.into_iter().map(|item| convert(item.expr, &joined)).collect();
        let ty = Ty::List(Box::new(joined));
        Value { aliases, ..Value::new(ExprKind::List(exprs), ty, span) }.because(why)
    }

    /// The items of a tuple as a list.
    pub fn list_of_tuple(&mut self, value: Value) -> Option<Value> {
        let span = value.span();
        let Ty::Tuple(tys) = value.ty().clone() else { return None };
        let items = self.components(value, tys.len());
        let list = self.list_of(items, span);
        (!list.is_error()).then_some(list)
    }

    /// A list that `fill` makes item by item.
    pub fn build_list(&mut self, span: Span, fill: &mut dyn FnMut(&mut Self, &mut ListBuilder)) -> Value {
        let list = self.temporary(&Ty::List(Box::new(Ty::Unknown)));
        let mut builder = ListBuilder { list, item: None, why: None, aliases: Aliases::default(), span };
        let (stmts, ()) = self.block_of(|walk| fill(walk, &mut builder));
        match builder.item {
            None => Value::new(ExprKind::List(Vec::new()), Ty::List(Box::new(Ty::Unknown)), span),
            Some(Ty::Error) => Value::error(span),
            Some(item) => {
                let ty = Ty::List(Box::new(item));
                let empty = Expr { kind: ExprKind::List(Vec::new()), ty: ty.clone(), span };
                self.locals[list.0 as usize].ty = ty.erased();
                let mut all = vec![Stmt { kind: StmtKind::Assign(list, empty), span }];
                all.extend(stmts);
                let kind = ExprKind::Block(all, Box::new(Expr::local(list, ty.clone(), span)));
                Value { aliases: builder.aliases, ..Value::new(kind, ty, span) }.because(builder.why)
            }
        }
    }

    fn no_item(&mut self, item: &Value) -> Ty {
        self.report(Diagnostic::new(Code::NoValue, item.span(), "this gives no value"));
        Ty::Error
    }

    /// `[element for … if …]`
    pub fn comprehension(&mut self, element: &'a ast::Expr, clauses: &'a [ast::Clause], span: Span) -> Value {
        let names = self.comprehension.len();
        let list = self.build_list(span, &mut |walk, list| walk.clause(element, clauses, span, list));
        for (_, sym) in self.comprehension.split_off(names) {
            self.flow.set(sym, super::flow::Var::Unassigned);
        }
        list
    }

    fn clause(&mut self, element: &'a ast::Expr, clauses: &'a [ast::Clause], span: Span, list: &mut ListBuilder) {
        let [clause, inner @ ..] = clauses else {
            let value = self.expr(element);
            return list.push(self, value);
        };
        let Some(items) = self.items(&clause.iter, false) else {
            return list.push(self, Value::error(span));
        };
        clause.target.each_name(&mut |name| {
            let sym = self.fresh_symbol(&name.text);
            self.comprehension.push((&name.text, sym));
        });
        self.counted(&items, span, &[], &mut |walk, item| {
            walk.assign_item(&clause.target, item);
            let mut body = |walk: &mut Self| walk.clause(element, inner, span, list);
            walk.under_conditions(&clause.conditions, &mut body);
        });
    }

    fn under_conditions(&mut self, conditions: &'a [ast::Expr], body: &mut dyn FnMut(&mut Self)) {
        let [first, rest @ ..] = conditions else { return body(self) };
        let test = self.condition(first);
        if test.ty().is_secret() {
            let message = "the length of this list would depend on a secret";
            let help = "keep every item and select its value: `x if condition else 0`";
            self.secret_error(Code::SecretPosition, test.span(), message, &test.why, help);
        }
        let (then, ()) = self.block_of(|walk| walk.under_conditions(rest, body));
        let span = test.span();
        self.emit(StmtKind::If { test: test.expr, then, otherwise: Vec::new() }, span);
    }

    /// Operators on lists and tuples; `None` if there is none for these.
    pub fn sequence_operation(&mut self, op: BinaryOp, left: &Value, right: &Value, span: Span) -> Option<Value> {
        match (op, left.ty().clone(), right.ty().clone()) {
            (BinaryOp::Add, a @ Ty::List(_), b @ Ty::List(_)) => {
                let ty = a.join(&b)?;
                let (left, right) = (left.clone().converted(&ty), right.clone().converted(&ty));
                let why = super::operations::first_why(&left, &right);
                let aliases = left.items_aliases().iter().chain(right.items_aliases().iter()).cloned().collect();
                let both = ExprKind::Primitive(Primitive::Join, vec![left.expr, right.expr]);
                Some(Value { aliases, ..Value::new(both, ty, span) }.because(why))
            }
            (BinaryOp::Mul, Ty::List(_), _) => self.repeated(left, right, span),
            (BinaryOp::Mul, _, Ty::List(_)) => self.repeated(right, left, span),
            (BinaryOp::Add, Ty::Tuple(a), Ty::Tuple(b)) => {
                let mut items = self.components(left.clone(), a.len());
                items.extend(self.components(right.clone(), b.len()));
                Some(tuple(items, span))
            }
            _ => None,
        }
    }

    fn repeated(&mut self, list: &Value, times: &Value, span: Span) -> Option<Value> {
        // With anything else, what was meant is a tensor.
        if !times.ty().is_scalar(Kind::Int) && !times.ty().is_scalar(Kind::Bool) {
            return None;
        }
        let times = self.public_int(times.clone(), "how often a list is repeated");
        if times.is_error() {
            return Some(times);
        }
        let (ty, mut list) = (list.ty().clone(), list.clone());
        let shared = matches!(&ty, Ty::List(item) if can_share(item)) && !self.library;
        if shared {
            list = self.hold(list, false);
        }
        let kind = ExprKind::Primitive(Primitive::Repeat, vec![list.expr.clone(), times.expr]);
        let repeated = Value::new(kind, ty, span).because(list.why.clone());
        Some(if shared { Value { aliases: self.one_under_many(list, span), ..repeated } } else { repeated })
    }

    /// What the items of a repeated list have in common: in Python they are one object.
    fn one_under_many(&mut self, list: Value, span: Span) -> Aliases {
        let sym = self.unnamed_symbol("", span);
        self.assign_symbol(sym, list.clone(), span);
        self.flow_is_given(sym);
        let one = Aliases::at(sym, vec![Hop::Item]).placed(Hop::Item);
        one.chain(list.items_aliases().iter().cloned()).collect()
    }

    /// Whether a list has an item equal to a scalar.
    pub fn found_in_list(&mut self, needle: Value, items: Value, span: Span) -> Value {
        let secret = needle.ty().is_secret() || items.ty().is_secret();
        let ty = Ty::scalar(if secret { Kind::Sbool } else { Kind::Bool });
        let why = super::operations::first_why(&needle, &items);
        let needle = self.hold(needle, true);
        let Some(items) = self.items_of(items) else { return Value::error(span) };
        let found = self.temporary(&ty);
        let result = Value::new(ExprKind::Local(found), ty.clone(), span).because(why);
        let mut good = true;
        let (stmts, ()) = self.block_of(|walk| {
            let start = Value::bool(false, span).converted(&ty).expr;
            walk.emit(StmtKind::Assign(found, start), span);
            walk.counted(&items, span, &[], &mut |walk, item| {
                let same = walk.compare_value(CompareOp::Eq, item.value(span), needle.clone(), span);
                let both = walk.binary_value(BinaryOp::BitOr, result.clone(), same, span);
                good &= both.ty().erased() == ty.erased();
                walk.emit(StmtKind::Assign(found, both.expr), span);
            });
        });
        if !good {
            return Value::error(span);
        }
        let kind = ExprKind::Block(stmts, Box::new(result.expr.clone()));
        result.with(Expr { kind, ty, span })
    }

    /// The number of items.
    pub fn length(&mut self, value: Value) -> Value {
        let span = value.span();
        let (primitive, known) = match value.ty() {
            Ty::List(_) => (Primitive::Length, literal_length(&value)),
            Ty::Tensor(_, dims) if !dims.is_empty() => (Primitive::Size(0), dims[0].clone()),
            _ => return Value::error(span),
        };
        if let Some(number) = known.as_const() {
            return Value::int(number, span);
        }
        Value::new(ExprKind::Primitive(primitive, vec![value.expr]), Ty::scalar(Kind::Int), span).knowing(known)
    }

    /// `len(x)`
    pub fn len(&mut self, value: Value, span: Span) -> Value {
        match value.ty() {
            Ty::Tuple(items) => Value::int(items.len() as i64, span),
            Ty::Object(_) if let Some(length) = self.object_special("__len__", &value, span) => length,
            ty if ty.is_scalar(mpc_bytecode::Kind::Str) => match self.known_text(&value, "`len`") {
                Some(text) => Value::int(text.chars().count() as i64, span),
                None => Value::error(span),
            },
            ty if is_sequence(ty) => {
                let mut length = self.length(value);
                length.expr.span = span;
                length
            }
            ty => {
                let message = format!("`{ty}` has no length");
                self.fail(Diagnostic::new(Code::TypeMismatch, value.span(), message))
            }
        }
    }

    /// `enumerate(…)` and the like where a value is needed.
    pub fn items_as_list(&mut self, builtin: Builtin, args: &'a [ast::Arg], span: Span) -> Value {
        let items = match builtin {
            Builtin::Enumerate => self.enumerate_items(args, span, false),
            Builtin::Zip => self.zip_items(args),
            _ => self.reversed_items(args, span),
        };
        match items {
            Some(items) => self.list_of_items(&items, span),
            None => Value::error(span),
        }
    }

    /// `list(x)`, `tuple(x)`
    pub fn list_call(&mut self, builtin: Builtin, args: &'a [ast::Arg], span: Span) -> Value {
        if self.bind_to(builtin.name(), builtin.params(), args, span, true).is_none() {
            return Value::error(span);
        }
        let Some(first) = args.first() else { return self.list_of(Vec::new(), span) };
        if builtin == Builtin::Tuple {
            let value = self.expr(&first.value);
            return match (value.ty().clone(), value.expr.kind.clone()) {
                (Ty::Tuple(_) | Ty::Error, _) => value,
                (Ty::List(_), ExprKind::List(items)) => {
                    tuple(items.into_iter().map(|item| value.clone().with(item)).collect(), span)
                }
                (ty, _) => self.fail(Diagnostic::new(
                    Code::TypeMismatch,
                    span,
                    format!("how many items the tuple has is not known from `{ty}`"),
                )),
            };
        }
        let Some(items) = self.items(&first.value, false) else { return Value::error(span) };
        self.copied(items, span)
    }

    fn copied(&mut self, items: Items, span: Span) -> Value {
        let whole = match &items {
            Items::Sequence(value) => Some((**value).clone()),
            Items::Live(sym, at) => Some(self.live_value(*sym, *at)),
            Items::Range(_) | Items::Enumerate(..) | Items::Zip(_) | Items::Reversed(..) => None,
        };
        if let Some(value) = whole {
            let aliases = value.items_aliases();
            let Value { expr, why, .. } = value;
            match expr.ty.clone() {
                Ty::List(_) => return Value { why, aliases, ..Value::error(span) }.with(expr),
                Ty::Tensor(kind, dims) => {
                    let item = Ty::Tensor(kind, dims[1..].to_vec());
                    let unpack = ExprKind::Primitive(Primitive::Unpack, vec![expr]);
                    return Value::new(unpack, Ty::List(Box::new(item)), span).because(why);
                }
                _ => {}
            }
        }
        self.list_of_items(&items, span)
    }

    /// `x.extend(items)`
    pub fn extend(&mut self, part: &super::places::Part, items: &'a ast::Expr, span: Span) {
        let Some(items) = self.items(items, false) else { return };
        self.counted(&items, span, &[], &mut |walk, item| {
            let value = item.value(span);
            walk.push(part, value, span);
        });
    }

    /// The position of the first item equal to a value, or how many there are.
    pub fn search(&mut self, list: Value, needle: Value, count: bool, span: Span) -> Value {
        if list.ty().is_secret() || needle.ty().is_secret() {
            let secret = if list.ty().is_secret() { list } else { needle };
            self.secret_position(&secret, "what is searched for");
            return Value::error(span);
        }
        let (needle, list) = (self.hold(needle, true), self.hold(list, true));
        let result = self.temporary(&Ty::scalar(Kind::Int));
        let int = Ty::scalar(Kind::Int);
        let number = Value::new(ExprKind::Local(result), int.clone(), span);
        let length = self.length(list.clone());
        let mut good = true;
        let (mut stmts, ()) = self.block_of(|walk| {
            walk.emit(StmtKind::Assign(result, Value::int(if count { 0 } else { -1 }, span).expr), span);
            let at = walk.temporary(&int);
            let (body, ()) = walk.block_of(|walk| {
                let position = Value::new(ExprKind::Local(at), int.clone(), span);
                let same =
                    walk.compare_value(CompareOp::Eq, entry(list.clone(), position.clone()), needle.clone(), span);
                good &= same.ty().is_scalar(Kind::Bool);
                let one = super::iteration::public_int(Binary::Add, number.clone(), Value::int(1, span), span);
                let mut then =
                    vec![Stmt { kind: StmtKind::Assign(result, if count { one.expr } else { position.expr }), span }];
                if !count {
                    then.push(Stmt { kind: StmtKind::Break, span });
                }
                walk.emit(StmtKind::If { test: same.expr, then, otherwise: Vec::new() }, span);
            });
            let (start, step) = (Value::int(0, span).expr, Value::int(1, span).expr);
            walk.emit(StmtKind::For { var: at, start, stop: length.expr, step, body }, span);
        });
        if !good {
            return Value::error(span);
        }
        if !count && self.effect(EffectKind::Raise, span) {
            let found = self.compare_value(CompareOp::Ge, number.clone(), Value::int(0, span), span);
            let text = Value::text("the item is not in the list", span).expr;
            let raise = Stmt { kind: StmtKind::Raise(mpc_bytecode::operand::Exception::ValueError.into(), text), span };
            stmts.push(Stmt {
                kind: StmtKind::If { test: negate(found.expr), then: vec![raise], otherwise: Vec::new() },
                span,
            });
        }
        let kind = ExprKind::Block(stmts, Box::new(number.expr));
        Value::new(kind, int, span)
    }
}

/// The number of items of a list, if it is written as one or was when it was held.
pub fn literal_length(value: &Value) -> Dim {
    match &value.expr.kind {
        ExprKind::List(items) => Dim::constant(items.len() as i64),
        _ => value.known.clone(),
    }
}
