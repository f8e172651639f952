//! Loops: walked with what is known before them, and again while that does not cover what comes back to their heads.

use super::body::{Body, Exits, LoopFrame};
use super::flow::{Binding, Flow, Var};
use super::iteration::Items;
use super::join::{Path, assignment};
use super::shape::Dim;
use super::tree::{self, LocalId, StmtKind};
use super::ty::Ty;
use super::value::{Sym, Value};
use crate::diagnostic::Code;
use crate::names::mentions::Mentions;
use crate::source::Span;
use crate::syntax::ast;
use mpc_bytecode::Kind;
use std::rc::Rc;

/// The types of a variable only grow, and not far; more walks than this mean that something does not settle.
const MAX_WALKS: usize = 24;

/// How a loop ends, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Perhaps before the first turn.
    AnyTime,
    /// Not before the first turn.
    AfterOneTurn,
    /// Only by `break`.
    ByBreak,
}

impl<'a> Body<'a, '_> {
    /// `while test:`
    pub fn while_stmt(&mut self, test: &'a ast::Expr, [body, otherwise]: [&'a [ast::Stmt]; 2], span: Span) {
        let ends = if matches!(test.kind, ast::ExprKind::Bool(true)) { Ends::ByBreak } else { Ends::AnyTime };
        let mut condition = Value::error(test.span);
        let unbroken = self.until_broken(otherwise, span);
        let stmts = self.walk_loop(span, body, ends, &mut |walk| {
            condition = walk.as_block(|walk| walk.condition(test));
            walk.public_loop_condition(&condition);
            walk.block(body);
        });
        self.emit(StmtKind::While { test: condition.expr, body: stmts }, span);
        self.loop_else(unbroken, otherwise, span);
    }

    /// Gives the loop that comes next what its `else` asks for; nothing where it has none.
    fn until_broken(&mut self, otherwise: &'a [ast::Stmt], span: Span) -> Option<LocalId> {
        if otherwise.is_empty() {
            return None;
        }
        let flag = self.temporary(&Ty::scalar(Kind::Bool));
        self.emit(StmtKind::Assign(flag, Value::bool(true, span).expr), span);
        self.unbroken = Some(flag);
        Some(flag)
    }

    /// The `else` of a loop: where its end was reached, not where `break` left it.
    fn loop_else(&mut self, unbroken: Option<LocalId>, otherwise: &'a [ast::Stmt], span: Span) {
        let (Some(flag), Some(Exits { ended, broken })) = (unbroken, self.exits.take()) else { return };
        self.meet(&ended);
        let (stmts, ()) = self.block_of(|walk| walk.block(otherwise));
        let ended = Path { flow: std::mem::take(&mut self.flow), stmts };
        self.meet(&broken);
        let broken = Path { flow: std::mem::take(&mut self.flow), stmts: Vec::new() };
        let mut paths = [ended, broken];
        self.join(&mut paths, span);
        let [then, otherwise] = paths.map(|path| path.stmts);
        let test = tree::Expr::local(flag, Ty::scalar(Kind::Bool), span);
        self.emit(StmtKind::If { test, then, otherwise }, span);
    }

    fn public_loop_condition(&mut self, test: &Value) {
        if test.ty().is_secret() {
            let message = "this loop would have to stop at a moment that depends on a secret";
            let help = "give a public bound: `for _ in range(64):` and inside it `if …:` on the secret";
            self.secret_error(Code::SecretLoop, test.span(), message, &test.why, help);
        }
    }

    /// `for target in iter:`
    pub fn for_stmt(
        &mut self,
        target: &'a ast::Target,
        iter: &'a ast::Expr,
        [body, otherwise]: [&'a [ast::Stmt]; 2],
        span: Span,
    ) {
        let live = live_items(iter, body).filter(|name| !assigns(target, name));
        let Some(items) = self.items(iter, live.is_some()) else {
            self.forget_targets(target);
            self.block(body);
            return self.block(otherwise);
        };
        let around = self.iterating.len();
        let mut walked = Vec::new();
        self.walked(&items, &mut walked);
        self.iterating.extend(walked);
        let unbroken = self.until_broken(otherwise, span);
        self.counted(&items, span, body, &mut |walk, item| {
            if !item.is_of_nothing() {
                walk.assign_item(target, item);
                walk.block(body);
            }
        });
        self.iterating.truncate(around);
        self.loop_else(unbroken, otherwise, span);
    }

    fn forget_targets(&mut self, target: &'a ast::Target) {
        target.each_name(&mut |name| {
            let sym = self.target_symbol(&name.text);
            self.flow.set(sym, Var::Error);
        });
    }

    /// A counting loop over items; `turn` gets each item.
    pub fn counted(
        &mut self,
        items: &Items,
        span: Span,
        body: &'a [ast::Stmt],
        turn: &mut dyn FnMut(&mut Self, super::iteration::Item),
    ) {
        let [start, stop, step] = self.bounds(items, span);
        let int = Ty::scalar(Kind::Int);
        let var = self.temporary(&int);
        let known = |value: &Value| value.as_int();
        let runs = matches!((known(&start), known(&stop), known(&step)), (Some(a), Some(b), Some(c)) if (c > 0 && a < b) || (c < 0 && a > b));
        let ends = if runs { Ends::AfterOneTurn } else { Ends::AnyTime };
        let stmts = self.walk_loop(span, body, ends, &mut |walk| {
            let at = Value::new(tree::ExprKind::Local(var), int.clone(), span);
            let item = walk.item(items, at);
            turn(walk, item);
        });
        let [start, stop, step] = [start.expr, stop.expr, step.expr];
        self.emit(StmtKind::For { var, start, stop, step, body: stmts }, span);
    }

    /// Walks a loop's turn until what is known at its head covers what comes back, and gives the turn's statements.
    pub fn walk_loop(
        &mut self,
        span: Span,
        body: &'a [ast::Stmt],
        ends: Ends,
        turn: &mut dyn FnMut(&mut Self),
    ) -> Vec<tree::Stmt> {
        let unbroken = self.unbroken.take();
        self.prepare_head(span, body);
        let mut walks = 0;
        loop {
            let head = self.flow.clone();
            let marks = (self.checker.diagnostics.len(), self.returned.len());
            let frame = LoopFrame {
                head: head.clone(),
                grown: Vec::new(),
                breaks: Vec::new(),
                continues: Vec::new(),
                depth: self.secret.len(),
                unbroken,
            };
            self.loops.push(frame);
            let (stmts, ()) = self.block_of(|walk| {
                turn(walk);
                walk.back_to_head(span);
            });
            let Some(frame) = self.loops.pop() else { return stmts };
            walks += 1;
            if !frame.grown.is_empty() && walks >= MAX_WALKS {
                self.checker.too_complex(span);
            }
            if frame.grown.is_empty() || walks >= MAX_WALKS {
                self.leave_loop(head, frame, ends);
                return stmts;
            }
            // What is wrong in the first turn already is not found again.
            if !frame.grown.iter().any(|(_, var)| *var == Var::Error) {
                self.checker.diagnostics.truncate(marks.0);
            }
            self.returned.truncate(marks.1);
            self.flow = head;
            self.grow_head(frame.grown, span);
        }
    }

    fn leave_loop(&mut self, head: Flow, frame: LoopFrame, ends: Ends) {
        let last = std::mem::take(&mut self.flow);
        let mut ended = Vec::new();
        match ends {
            Ends::AnyTime => ended.push(head),
            Ends::AfterOneTurn => {
                ended.push(last);
                ended.extend(frame.continues);
            }
            Ends::ByBreak => {}
        }
        if frame.unbroken.is_some() {
            self.exits = Some(Exits { ended, broken: frame.breaks });
            return;
        }
        let mut exits = frame.breaks;
        exits.extend(ended);
        self.meet(&exits);
    }

    /// Variables that the loop assigns get locals of this arm, the types they had to have in earlier walks, and no known value.
    fn prepare_head(&mut self, span: Span, body: &'a [ast::Stmt]) {
        let mentions = Mentions::of_block(body);
        let mut names: Vec<&'a str> = mentions.all_assigned().collect();
        names.sort_unstable();
        for name in names {
            let sym = self.target_symbol(name);
            if let Some(binding) = self.flow.get(sym).bound().cloned() {
                let ty = binding.ty.clone();
                self.rebind(sym, &binding, ty, Dim::Unknown, span);
            }
        }
        let changed: Vec<&'a str> = mentions.all_changed().collect();
        self.fields_in_loop(&changed, span);
        for (sym, ty) in self.remembered.get(&span).cloned().unwrap_or_default() {
            if let Some(binding) = self.flow.get(sym).bound().cloned()
                && let Some(ty) = binding.ty.join(&ty)
            {
                let known = binding.known.clone();
                self.rebind(sym, &binding, ty, known, span);
            }
        }
    }

    fn grow_head(&mut self, grown: Vec<(Sym, Var)>, span: Span) {
        for (sym, var) in grown {
            let (Var::Bound(wide), Some(now)) = (&var, self.flow.get(sym).bound().cloned()) else {
                self.flow.set(sym, var);
                continue;
            };
            self.remembered.entry(span).or_default().push((sym, wide.ty.clone()));
            let now = if wide.home.is_none() { self.without_home(sym, &now, span).into() } else { now };
            let (home, old) = (wide.home.clone(), wide.old);
            let merged =
                Binding { why: wide.why.clone(), shared: wide.shared.clone(), home, old, ..Binding::clone(&now) };
            self.rebind(sym, &merged, wide.ty.clone(), wide.known.clone(), span);
        }
    }

    /// Gives a variable another type in a local of this arm, with the conversion that brings it there.
    pub fn rebind(&mut self, sym: Sym, from: &Binding, ty: Ty, known: Dim, at: Span) {
        let local = self.local_for(sym, &ty);
        let moved = local != from.local;
        let depth = if moved { self.secret.len() } else { from.depth };
        let old = from.old && !moved;
        let target = Binding { local, ty, known, text: None, depth, old, ..from.clone() };
        self.out.extend(assignment(&target, from, &self.flow, at));
        self.flow.set(sym, Var::Bound(Rc::new(target)));
    }

    /// The end of a turn: converts every variable to what the head has, or notes that the head must grow.
    pub fn back_to_head(&mut self, at: Span) {
        if self.flow.dead {
            return;
        }
        let Some(frame) = self.loops.last() else { return };
        let mut grown = Vec::new();
        let mut moves = Vec::new();
        for sym in (0..frame.head.len() as u32).map(Sym) {
            match (frame.head.get(sym), self.flow.get(sym)) {
                (Var::Bound(head), Var::Bound(here)) if Rc::ptr_eq(head, here) => {}
                (Var::Bound(head), Var::Bound(here)) => match (head.covers(here), head.merged(here)) {
                    (Some(true), _) => {
                        moves.extend(assignment(head, here, &self.flow, at).map(|stmt| (sym, head.clone(), stmt)))
                    }
                    (_, Ok(wide)) => grown.push((sym, Var::Bound(Rc::new(wide)))),
                    (_, Err(clash)) => grown.push((sym, clash)),
                },
                (Var::Bound(_), Var::Stale(stale)) => grown.push((sym, Var::Stale(stale.clone()))),
                (Var::Bound(head), other) => grown.push((sym, Var::Bound(head.clone()).join_unbound(other))),
                (Var::Unassigned | Var::Maybe(_) | Var::OneArm(..) | Var::Stale(_) | Var::Clash(_) | Var::Error, _) => {
                }
            }
        }
        for (sym, head, stmt) in moves {
            self.out.push(stmt);
            self.flow.set(sym, Var::Bound(head));
        }
        if let Some(frame) = self.loops.last_mut() {
            frame.grown.extend(grown);
        }
    }

    /// `break` or `continue`.
    pub fn loop_jump(&mut self, kind: StmtKind, what: &str, span: Span) {
        let Some(depth) = self.loops.last().map(|frame| frame.depth) else {
            // The parser has said that it cannot stand here.
            return;
        };
        if !self.jump(what, depth, span) || !self.finish(self.loops.len()) {
            return;
        }
        self.back_to_head(span);
        let flow = self.flow.clone();
        if let Some(frame) = self.loops.last_mut() {
            let ends = if matches!(kind, StmtKind::Break) { &mut frame.breaks } else { &mut frame.continues };
            ends.push(flow);
        }
        let unbroken = self.loops.last().and_then(|frame| frame.unbroken);
        if let (StmtKind::Break, Some(flag)) = (&kind, unbroken) {
            self.emit(StmtKind::Assign(flag, Value::bool(false, span).expr), span);
        }
        self.emit(kind, span);
        self.flow.dead = true;
    }
}

/// The variable that is walked as it is at each turn: one that the body does not assign as a whole.
fn live_items<'a>(iter: &'a ast::Expr, body: &'a [ast::Stmt]) -> Option<&'a str> {
    let name = walked(iter)?;
    Mentions::of_block(body).assigned(name).is_none().then_some(name)
}

/// Whether the target of a loop is, or has in it, this variable.
fn assigns(target: &ast::Target, name: &str) -> bool {
    let mut found = false;
    target.each_name(&mut |other| found |= other.text == name);
    found
}

/// The variable that `for` walks directly, or through `enumerate` or `reversed`.
fn walked(iter: &ast::Expr) -> Option<&str> {
    match &iter.kind {
        ast::ExprKind::Name(name) => Some(name),
        ast::ExprKind::Call { function, args } => match (function.as_name(), args.first()) {
            (Some("enumerate"), Some(first)) => walked(&first.value),
            _ => None,
        },
        _ => None,
    }
}
