//! `if`: public ones take one way; secret ones walk both arms, and what they assign is selected.

use super::body::{Body, SecretArm};
use super::convert::convert;
use super::flow::{Binding, Flow, Var};
use super::join::Path;
use super::shares::Shared;
use super::tree::{Expr, ExprKind, LocalId, StmtKind};
use super::ty::{Domain, Object, Ty};
use super::value::{Sym, Value, Why};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast;
use mpc_bytecode::Kind;
use std::rc::Rc;

impl<'a> Body<'a, '_> {
    /// `if … elif … else`
    pub fn if_stmt(&mut self, arms: &'a [ast::Arm], otherwise: &'a [ast::Stmt]) {
        let [first, rest @ ..] = arms else { return self.block(otherwise) };
        let test = self.condition(&first.test);
        let mut then = |walk: &mut Self| walk.block(&first.body);
        let mut other = |walk: &mut Self| {
            if rest.is_empty() { walk.block(otherwise) } else { walk.if_stmt(rest, otherwise) }
        };
        if test.is_error() {
            self.either(&mut then, &mut other, first.span);
        } else if test.ty().is_secret() {
            self.secret_if(test, &mut then, &mut other, first.span);
        } else if let (true, Some(known)) = (self.library, test.as_bool()) {
            // The library's functions are made for one constant at a time.
            if known { then(self) } else { other(self) }
        } else {
            let [then, otherwise] = self.either(&mut then, &mut other, first.span);
            self.emit(StmtKind::If { test: test.expr, then, otherwise }, first.span);
        }
    }

    /// Walks two ways of which one is taken, and joins them.
    fn either(
        &mut self,
        then: &mut dyn FnMut(&mut Self),
        other: &mut dyn FnMut(&mut Self),
        at: Span,
    ) -> [Vec<super::tree::Stmt>; 2] {
        let before = self.flow.clone();
        let path = |walk: &mut Self, arm: &mut dyn FnMut(&mut Self)| {
            walk.flow = before.clone();
            let (stmts, ()) = walk.block_of(|walk| arm(walk));
            Path { flow: std::mem::take(&mut walk.flow), stmts }
        };
        let mut paths = [path(self, then), path(self, other)];
        self.join(&mut paths, at);
        paths.map(|path| path.stmts)
    }

    fn secret_if(&mut self, test: Value, then: &mut dyn FnMut(&mut Self), other: &mut dyn FnMut(&mut Self), at: Span) {
        let (span, why) = (test.span(), test.why.clone());
        let condition = self.temporary(test.ty());
        self.emit(StmtKind::Assign(condition, test.expr), span);
        let before = self.flow.clone();
        let arm = |walk: &mut Self, negated: bool, arm: &mut dyn FnMut(&mut Self)| {
            walk.flow = before.clone();
            let outer = walk.enter_arm();
            walk.secret.push(SecretArm { condition, negated, span, why: why.clone() });
            arm(walk);
            walk.secret.pop();
            walk.arm = outer;
            let mut flow = std::mem::take(&mut walk.flow);
            flow.dead = false;
            flow
        };
        let taken = arm(self, false, then);
        let missed = arm(self, true, other);
        self.flow = before.clone();
        self.select_all(condition, &taken, &missed, &why, span, at);
    }

    fn select_all(&mut self, condition: LocalId, taken: &Flow, missed: &Flow, why: &Why, test: Span, at: Span) {
        for sym in (0..taken.len().max(missed.len()) as u32).map(Sym) {
            let var = match (taken.get(sym), missed.get(sym)) {
                (a, b) if a == b => a.clone(),
                (Var::Bound(a), Var::Bound(b)) if a.local == b.local => match a.merged(b) {
                    Ok(merged) => {
                        Var::Bound(Rc::new(Binding { why: merged.why.clone().or_else(|| why.clone()), ..merged }))
                    }
                    Err(clash) => clash,
                },
                (Var::Bound(a), Var::Bound(b)) => {
                    self.select(sym, condition, [(a, taken), (b, missed)], (why, test), at)
                }
                (Var::Error, _) | (_, Var::Error) => Var::Error,
                (Var::Stale(stale), _) | (_, Var::Stale(stale)) => Var::Stale(stale.clone()),
                (Var::Bound(only), _) | (_, Var::Bound(only)) => Var::OneArm(only.at, test),
                (a, b) => a.join_unbound(b),
            };
            self.flow.set(sym, var);
        }
    }

    fn select(
        &mut self,
        sym: Sym,
        condition: LocalId,
        [(a, taken), (b, missed)]: [(&Rc<Binding>, &Flow); 2],
        (why, test): (&Why, Span),
        at: Span,
    ) -> Var {
        let clash = || Var::Clash(Rc::new([(a.at, a.ty.clone()), (b.at, b.ty.clone())]));
        let Some(joined) = a.ty.join(&b.ty) else { return clash() };
        if joined.is_error() {
            return Var::Error;
        }
        if has_text(&joined) {
            let place = if a.depth > self.secret.len() { a.at } else { b.at };
            let found = Diagnostic::new(Code::SecretText, place, "text cannot depend on a secret");
            let found = found.label(format!("`{}` would be text that nobody may know", self.name_of(sym)));
            self.report(
                found
                    .note(test, super::effects::secret_condition(why))
                    .help("assign a number, and make the text from what is revealed"),
            );
            return Var::Error;
        }
        if different_sizes(&a.ty, &b.ty) {
            return clash();
        }
        let place = if a.depth > self.secret.len() { a.at } else { b.at };
        if let Some(found) = super::classes::chosen_object(&joined, place, why) {
            self.report(found.note(at, "both arms of this `if` run"));
            return Var::Error;
        }
        let ty = joined.secret();
        let of = |arm: &Binding, flow: &Flow| Box::new(convert(flow.read(arm, arm.at), &ty));
        let test = Expr::local(condition, Ty::scalar(Kind::Sbool), at);
        let kind = ExprKind::Select(Box::new(test), of(a, taken), of(b, missed));
        let local = self.local_for(sym, &ty);
        self.emit(StmtKind::Assign(local, Expr { kind, ty: ty.clone(), span: at }), at);
        let changed = if a.depth > self.secret.len() { a } else { b };
        let why = why.clone().or_else(|| a.why.clone()).or_else(|| b.why.clone());
        let known = super::shape::Dim::Unknown;
        Var::Bound(Rc::new(Binding {
            local,
            ty,
            known,
            text: None,
            why,
            at: changed.at,
            depth: self.secret.len(),
            shared: Shared::default(),
            home: None,
            old: false,
        }))
    }
}

fn has_text(ty: &Ty) -> bool {
    match ty {
        Ty::Tensor(kind, _) => Domain::of(*kind) == Domain::Text,
        Ty::List(item) => has_text(item),
        Ty::Tuple(items) | Ty::Object(Object { fields: items, .. }) => items.iter().any(has_text),
        Ty::None | Ty::Unknown | Ty::Error => false,
    }
}

/// True if two types of one structure have an axis that differs for certain.
pub fn different_sizes(a: &Ty, b: &Ty) -> bool {
    match (a, b) {
        (Ty::Tensor(_, a), Ty::Tensor(_, b)) => a.iter().zip(b).any(|(a, b)| a.differs(b)),
        (Ty::List(a), Ty::List(b)) => different_sizes(a, b),
        (Ty::Tuple(a), Ty::Tuple(b)) => a.iter().zip(b).any(|(a, b)| different_sizes(a, b)),
        (Ty::Object(a), Ty::Object(b)) => a.fields.iter().zip(&b.fields).any(|(a, b)| different_sizes(a, b)),
        _ => false,
    }
}
