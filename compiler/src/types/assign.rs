//! Assignment to names, tuples and parts.

use super::body::Body;
use super::convert::Wanted;
use super::effects::EffectKind;
use super::flow::Var;
use super::iteration::{Item, entry};
use super::shape::Dim;
use super::shares::{Aliases, Hop, can_share};
use super::tree::{self, Expr, ExprKind};
use super::ty::Ty;
use super::value::{Sym, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::names::{Meaning, Owner};
use crate::source::Span;
use crate::syntax::ast::{self, TargetKind};
use crate::syntax::op::BinaryOp;
use mpc_bytecode::operand::{Binary, Exception};
use mpc_bytecode::{Constant, Kind};

impl<'a> Body<'a, '_> {
    /// `a = b = value`, `a: T = value`
    pub fn assign_stmt(&mut self, assign: &'a ast::Assign, span: Span) {
        if let (Some(annotation), [target]) = (&assign.annotation, assign.targets.as_slice()) {
            self.declare(target, annotation);
        }
        let value = self.expr(&assign.value);
        let [target] = assign.targets.as_slice() else {
            let value = self.hold(value, false);
            return self.assign_all(&assign.targets, &value, span);
        };
        self.assign(target, value, span);
    }

    /// `a = b = value`: in Python, all are one object.
    fn assign_all(&mut self, targets: &'a [ast::Target], value: &Value, span: Span) {
        let mut first = None;
        for target in targets {
            self.assign(target, value.clone(), span);
            if let TargetKind::Name(name) = &target.kind {
                let sym = self.target_symbol(&name.text);
                if let Some(first) = first {
                    self.share(&Aliases::of(first), sym, &[], span);
                    let part = super::places::Part::whole(first, value.ty().clone(), span);
                    let stamp = self.changes.stored;
                    self.stay_at_home(sym, Some(super::places::Part { stamp, ..part }.into()));
                }
                first.get_or_insert(sym);
            }
        }
    }

    /// `a: T`
    pub fn declare(&mut self, target: &'a ast::Target, annotation: &'a ast::TypeExpr) {
        let ty = self.annotation(annotation);
        match &target.kind {
            TargetKind::Name(name) => {
                let sym = self.target_symbol(&name.text);
                self.declared.insert(sym, (ty, annotation.span));
            }
            TargetKind::Error => {}
            TargetKind::Tuple(_) | TargetKind::Star(_) | TargetKind::Index { .. } | TargetKind::Attribute { .. } => {
                let found = Diagnostic::new(Code::BadTarget, target.span, "only a variable can be given a type");
                self.report(found);
            }
        }
    }

    /// `target = value`
    pub fn assign(&mut self, target: &'a ast::Target, value: Value, span: Span) {
        match &target.kind {
            TargetKind::Name(name) => self.assign_name(name, value),
            TargetKind::Tuple(targets) => self.unpack(targets, value, target.span),
            TargetKind::Index { base, items } => {
                // The value is computed before the target's positions, as in Python.
                let value = self.hold(value, true);
                let Some(part) = self.part(base) else { return };
                match items.as_slice() {
                    [item @ ast::Subscript { kind: ast::SubscriptKind::Slice { .. }, .. }]
                        if matches!(part.ty, Ty::List(_)) =>
                    {
                        self.assign_slice(&part, item, value, span);
                    }
                    _ => {
                        if let Some(part) = self.step_into(part, items, target.span) {
                            self.store(&part, value, span);
                        }
                    }
                }
            }
            TargetKind::Attribute { base, name } if self.module_named(base).is_some() => {
                self.changed_in_module(&name.text, target.span);
            }
            TargetKind::Attribute { base, name } => {
                let value = self.hold(value, true);
                if !self.store_in_making(base, name, &value)
                    && let Some(part) = self.part(base).and_then(|part| self.step_to_field(part, name, target.span))
                {
                    self.store(&part, value, span);
                }
            }
            TargetKind::Star(_) => {
                self.report(Diagnostic::new(
                    Code::BadTarget,
                    target.span,
                    "`*` belongs into a row of targets: `first, *rest = …`",
                ));
            }
            TargetKind::Error => {}
        }
    }

    /// `target = item` of a loop.
    pub fn assign_item(&mut self, target: &'a ast::Target, item: Item) {
        match (item, &target.kind) {
            (Item::Many(items), TargetKind::Tuple(targets))
                if items.len() == targets.len()
                    && targets.iter().all(|target| !matches!(target.kind, TargetKind::Star(_))) =>
            {
                targets.iter().zip(items).for_each(|(target, item)| self.assign_item(target, item));
            }
            (item, _) => self.assign(target, item.value(target.span), target.span),
        }
    }

    /// `name = value`
    pub fn assign_name(&mut self, name: &'a ast::Name, value: Value) {
        let sym = self.target_symbol(&name.text);
        let value = match self.declared.get(&sym).cloned() {
            Some((ty, at)) => self.coerce(value, &ty, &Wanted { what: "", declared: Some(at) }),
            None => value,
        };
        self.assign_symbol(sym, value, name.span);
    }

    /// Gives a variable a new value.
    pub fn assign_symbol(&mut self, sym: Sym, value: Value, at: Span) {
        match value.ty() {
            Ty::None => {
                let found = Diagnostic::new(Code::NoValue, value.span(), "there is no value here to assign");
                let help = "a function gives a value by `return`; for “nothing yet”, use a number or a `bool`";
                self.report(found.label("this is `None`").help(help));
                self.flow.set(sym, Var::Error);
            }
            ty => {
                let aliases = if can_share(ty) { value.aliases.clone() } else { Aliases::default() };
                let place = value.place.clone();
                if self.is_itself(sym, &value) {
                    // As `a = f(a)`, where `f` changes its list and returns it.
                    return self.emit(tree::StmtKind::Expr(value.expr), at);
                }
                let kept = (0..self.flow.len() as u32).map(Sym).any(|other| self.is_old_in(other, sym));
                let value = if kept { self.hold(value, false) } else { value };
                self.leave_home(sym, None, at);
                self.note_rebound(sym, at);
                self.bind(sym, value, at);
                self.share(&aliases, sym, &[], at);
                self.stay_at_home(sym, place);
            }
        }
    }

    /// Whether a variable is assigned what it is already.
    fn is_itself(&self, sym: Sym, value: &Value) -> bool {
        let same = |part: &super::places::Part| part.sym == sym && part.path.is_empty() && !part.outer;
        let bound = self.flow.get(sym).bound();
        value.place.as_deref().is_some_and(same) && bound.is_some_and(|binding| binding.ty == *value.ty())
    }

    /// Whether a variable is up to date only in another one.
    fn is_old_in(&self, sym: Sym, root: Sym) -> bool {
        let binding = self.flow.get(sym).bound().filter(|binding| binding.old);
        binding.and_then(|binding| binding.home.as_ref()).is_some_and(|home| home.sym == root)
    }

    fn unpack(&mut self, targets: &'a [ast::Target], value: Value, span: Span) {
        if value.is_error() {
            return targets.iter().for_each(|target| self.assign(target, Value::error(span), span));
        }
        let star = targets.iter().position(|target| matches!(target.kind, TargetKind::Star(_)));
        let assigned = self.assigned_symbols(targets);
        match (value.ty().clone(), star) {
            (Ty::Tuple(tys), star) => {
                let items = self.components(value, tys.len());
                let items = items.into_iter().map(|item| unshared(item, &assigned)).collect();
                self.unpack_items(targets, star, items, span);
            }
            (ty, Some(star)) if super::iteration::is_sequence(&ty) => self.unpack_rest(targets, star, value, span),
            (ty, None) if super::iteration::is_sequence(&ty) => {
                let value = self.hold(value, false);
                if !self.check_length(&value, targets.len(), span) {
                    return targets.iter().for_each(|target| self.assign(target, Value::error(span), span));
                }
                for (at, target) in targets.iter().enumerate() {
                    let item = entry(value.clone(), Value::int(at as i64, span));
                    self.assign(target, item, span);
                }
            }
            (ty, _) => {
                let message = format!("`{ty}` cannot be unpacked into {} targets", targets.len());
                self.report(Diagnostic::new(Code::BadUnpacking, span, message));
                targets.iter().for_each(|target| self.assign(target, Value::error(span), span));
            }
        }
    }

    fn assigned_symbols(&mut self, targets: &'a [ast::Target]) -> Vec<Sym> {
        let mut assigned = Vec::new();
        for target in targets {
            target.each_name(&mut |name| assigned.push(&name.text));
        }
        assigned.into_iter().map(|name| self.target_symbol(name)).collect()
    }

    fn unpack_items(&mut self, targets: &'a [ast::Target], star: Option<usize>, mut items: Vec<Value>, span: Span) {
        let (found, wanted) = (items.len(), targets.len());
        if star.map_or(found != wanted, |_| found + 1 < wanted) {
            let message = format!("{found} values cannot be unpacked into {wanted} targets");
            self.report(Diagnostic::new(Code::BadUnpacking, span, message));
            return targets.iter().for_each(|target| self.assign(target, Value::error(span), span));
        }
        for (at, target) in targets.iter().enumerate() {
            match &target.kind {
                TargetKind::Star(inner) => {
                    let rest: Vec<Value> = items.drain(..found + 1 - wanted).collect();
                    let list = self.list_of(rest, target.span);
                    self.assign(inner, list, span);
                }
                _ => {
                    debug_assert!(at < wanted);
                    let item = items.remove(0);
                    self.assign(target, item, span);
                }
            }
        }
    }

    /// The components of a tuple, each safe from assignments to variables.
    pub fn components(&mut self, value: Value, count: usize) -> Vec<Value> {
        let span = value.span();
        if let ExprKind::Tuple(items) = value.expr.kind {
            let why = value.why;
            let of = |(at, expr): (usize, Expr)| {
                let aliases = value.aliases.inside(Hop::Component(at));
                let place = value.place.as_deref().filter(|_| can_share(&expr.ty));
                let place = place.map(|part| part.component(at, &expr.ty, span));
                Value { why: why.clone(), aliases, place, ..Value::error(span) }.with(expr)
            };
            return items.into_iter().enumerate().map(|item| self.hold(of(item), false)).collect();
        }
        let value = self.hold(value, false);
        let of = |at: usize| {
            let item = super::sequences::component(&value, at);
            let place = value.place.as_deref().filter(|_| can_share(item.ty()));
            Value { place: place.map(|part| part.component(at, item.ty(), span)), ..item }
        };
        (0..count).map(of).collect()
    }

    /// Whether a sequence has this many entries; where only the program's run can tell, it does.
    pub fn check_length(&mut self, value: &Value, count: usize, span: Span) -> bool {
        let length = self.length(value.clone());
        match length.as_int() {
            Some(known) if known == count as i64 => true,
            Some(known) => {
                let message = format!("{known} values cannot be unpacked into {count} targets");
                self.report(Diagnostic::new(Code::BadUnpacking, span, message));
                false
            }
            None => {
                let expected = Value::int(count as i64, span);
                let differ = tree::BinaryMeaning::Public(Binary::Ne);
                let kind = ExprKind::Binary(differ, Box::new(length.expr), Box::new(expected.expr));
                let test = Expr { kind, ty: Ty::scalar(Kind::Bool), span };
                let text = Value::text(format!("expected {count} values to unpack"), span).expr;
                let then = vec![tree::Stmt { kind: tree::StmtKind::Raise(Exception::ValueError.into(), text), span }];
                if !self.secret.is_empty() && !self.effect(EffectKind::Raise, span) {
                    return false;
                }
                self.emit(tree::StmtKind::If { test, then, otherwise: Vec::new() }, span);
                true
            }
        }
    }

    /// `target op= value`
    pub fn augmented(&mut self, target: &'a ast::Target, op: BinaryOp, operand: &'a ast::Expr, span: Span) {
        match &target.kind {
            TargetKind::Name(name) => {
                if let Some(owner) = self.outer_variable(&name.text) {
                    return self.changed_from_inside(name, owner);
                }
                let old = self.name(&name.text, name.span);
                let new = self.expr(operand);
                let sym = self.target_symbol(&name.text);
                let shared = matches!(old.ty(), Ty::List(_)) && !self.changeable(sym, &[], span);
                if shared {
                    return;
                }
                let value = self.binary_value(op, old, new, span);
                self.assign_name(name, value.alone());
            }
            TargetKind::Index { .. } | TargetKind::Attribute { .. } => {
                let Some(part) = self.target_part(target) else { return };
                let old = self.read_part(&part);
                let old = self.hold(old, false);
                let new = self.expr(operand);
                let value = self.binary_value(op, old, new, span).alone();
                self.store(&part, value, span);
            }
            TargetKind::Tuple(_) | TargetKind::Star(_) | TargetKind::Error => {}
        }
    }

    /// The part of a variable that a target names.
    fn target_part(&mut self, target: &'a ast::Target) -> Option<super::places::Part> {
        match &target.kind {
            TargetKind::Index { base, items } => {
                let part = self.part(base)?;
                self.step_into(part, items, target.span)
            }
            TargetKind::Attribute { base, name } => match self.part_in_making(base, name, target.span) {
                Some(field) => field,
                None => {
                    let part = self.part(base)?;
                    self.step_to_field(part, name, target.span)
                }
            },
            TargetKind::Name(_) | TargetKind::Tuple(_) | TargetKind::Star(_) | TargetKind::Error => None,
        }
    }

    fn outer_variable(&self, name: &str) -> Option<Owner> {
        match self.checker.scopes.meaning(self.owner, name) {
            Meaning::Variable(owner, _) if owner != self.owner => Some(owner),
            Meaning::Variable(..) | Meaning::Function(_) | Meaning::Class(_) | Meaning::Module(_) => None,
            Meaning::Broken | Meaning::Outside => None,
        }
    }

    fn changed_from_inside(&mut self, name: &ast::Name, _owner: Owner) {
        let message = format!("`{}` belongs to the code around this function and cannot be changed in it", name.text);
        self.report(Diagnostic::new(Code::SharedChange, name.span, message).help("return the new value instead"));
    }
}

/// A value that will be all that is left of its variable: every one of these is assigned.
fn unshared(value: Value, assigned: &[Sym]) -> Value {
    let aliases = value.aliases.clone().without(assigned);
    let place = value.place.clone().filter(|part| !assigned.contains(&part.sym));
    Value { aliases, place, ..value }
}

impl Value {
    /// The same knowledge of another expression.
    #[must_use]
    pub fn with(self, expr: Expr) -> Self {
        let why = if expr.ty.is_secret() { self.why } else { None };
        let known = match &expr.kind {
            ExprKind::Constant(Constant::Int(shape, values)) if shape.is_empty() => {
                values.first().map_or(Dim::Unknown, |value| Dim::constant(*value))
            }
            _ => self.known,
        };
        Value { expr, why, known, ..self }
    }
}
