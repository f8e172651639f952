//! `try`: what is known where an exception may come from, and `finally` on every way out.
//!
//! An exception can come from any statement of the body, so its handler knows of a variable only what holds at all of them: its type
//! is what all have in common, and it stands in one local throughout. Where the body gives a variable another type, that local is
//! kept up to date beside it; where the local's own type does not do, the body is walked again with a wider one. `finally` is walked
//! once for each way out of the statement: its end, an exception, and each jump.

use super::body::Body;
use super::flow::{Binding, Flow, Var};
use super::join::{Path, assignment};
use super::shape::Dim;
use super::tree::{BinaryMeaning, Caught, Expr, ExprKind, LocalId, Stmt, StmtKind};
use super::ty::Ty;
use super::value::{Sym, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::names::mentions::Mentions;
use crate::source::Span;
use crate::syntax::ast;
use mpc_bytecode::Kind;
use mpc_bytecode::operand::{Binary, Exception, ExceptionId};
use std::rc::Rc;

/// The types of a variable only grow, and not far.
const MAX_WALKS: usize = 24;

/// The `try` statements around a point.
#[derive(Debug, Default)]
pub struct Tries<'a> {
    frames: Vec<Frame<'a>>,
    handling: Vec<Handling>,
    /// How many bodies of the typed tree's `Try` stand around it.
    level: u32,
}

impl Tries<'_> {
    /// True where an exception may be handled in this function: what is sure to raise one is no mistake.
    pub fn protects(&self) -> bool {
        !self.frames.is_empty()
    }

    /// What the innermost handler was told of.
    pub fn handled(&self) -> Option<Caught> {
        self.handling.last().map(|handling| handling.caught)
    }
}

/// A handler around a point.
#[derive(Debug)]
struct Handling {
    /// The variable after `as`, and where it stands.
    name: Option<(Sym, Span)>,
    caught: Caught,
}

/// A protected body around a point.
#[derive(Debug)]
struct Frame<'a> {
    /// How many secret conditions, loops and protected bodies stand around it.
    depth: usize,
    loops: usize,
    level: u32,
    finally: Option<&'a [ast::Stmt]>,
    watched: Vec<Watched>,
    /// What variables would have to be before the body.
    grown: Vec<(Sym, Ty)>,
}

/// A variable that a protected body changes.
#[derive(Debug)]
struct Watched {
    sym: Sym,
    /// What it is before the body: the handler finds it in that local.
    head: Option<Rc<Binding>>,
    /// What it was at the points of the body.
    seen: Vec<Var>,
}

impl Frame<'_> {
    /// Notes what holds at a point of the body; gives the assignments that keep the handler's locals up to date.
    fn note(&mut self, flow: &Flow, out: &mut Vec<Stmt>) {
        for watched in &mut self.watched {
            let var = flow.get(watched.sym);
            let known = watched.seen.last().is_some_and(|last| match (last, var) {
                (Var::Bound(last), Var::Bound(here)) => Rc::ptr_eq(last, here),
                (last, here) => last == here,
            });
            if known {
                continue;
            }
            if let (Some(head), Var::Bound(here)) = (&watched.head, var)
                && (head.local != here.local || (here.old && !here.same_home(head)))
            {
                match head.ty.join(&here.ty) {
                    Some(ty) if ty.erased() == head.ty.erased() => out.extend(assignment(head, here, flow, here.at)),
                    Some(ty) => self.grown.push((watched.sym, ty)),
                    None => {}
                }
            }
            watched.seen.push(var.clone());
        }
    }

    /// What holds where an exception of the body arrives.
    fn raised(&self, before: &Flow) -> Flow {
        let mut flow = before.clone();
        for watched in &self.watched {
            flow.set(watched.sym, watched.raised(before.get(watched.sym)));
        }
        flow
    }
}

impl Watched {
    fn raised(&self, before: &Var) -> Var {
        let Some(head) = &self.head else {
            return self.seen.iter().fold(before.clone(), |joined, var| joined.join_unbound(var));
        };
        let mut joined = Binding::clone(head);
        for var in &self.seen {
            let Some(here) = var.bound() else { return Var::Bound(head.clone()).join_unbound(var) };
            match joined.merged(here) {
                Ok(next) => joined = next,
                Err(clash) => return clash,
            }
        }
        if joined.ty.is_error() { Var::Error } else { Var::Bound(Rc::new(joined)) }
    }
}

impl<'a> Body<'a, '_> {
    /// `try … except … else … finally`
    pub fn try_stmt(&mut self, parts: &'a ast::Try, span: Span) {
        if parts.finally.is_empty() {
            return self.handle(parts, span);
        }
        let handlers = parts.handlers.iter().map(|handler| handler.body.as_slice());
        let blocks: Vec<_> = [parts.body.as_slice(), &parts.otherwise].into_iter().chain(handlers).collect();
        let (body, raised) = self.protect(&blocks, Some(&parts.finally), span, &mut |walk| {
            if parts.handlers.is_empty() {
                walk.block(&parts.body)
            } else {
                walk.handle(parts, span)
            }
            walk.note_point();
        });
        let after = self.way(|walk| {
            if !walk.flow.dead {
                walk.block(&parts.finally);
            }
        });
        let caught = self.caught();
        self.flow = raised;
        let handler = self.way(|walk| {
            walk.block(&parts.finally);
            walk.raise_again(caught, span);
        });
        let mut ways = [after, handler];
        self.join(&mut ways, span);
        let [otherwise, handler] = ways.map(|way| way.stmts);
        self.emit(StmtKind::Try { body, caught, handler, otherwise }, span);
    }

    /// `try … except … else`
    fn handle(&mut self, parts: &'a ast::Try, span: Span) {
        let clauses = self.clauses(&parts.handlers);
        let (body, raised) = self.protect(&[&parts.body], None, span, &mut |walk| walk.block(&parts.body));
        let caught = self.caught();
        let mut ways = vec![self.way(|walk| {
            if !walk.flow.dead {
                walk.block(&parts.otherwise);
            }
        })];
        for handler in &parts.handlers {
            self.flow = raised.clone();
            ways.push(self.way(|walk| walk.handler(handler, caught)));
        }
        self.join(&mut ways, span);
        let mut ways = ways.into_iter().map(|way| way.stmts);
        let otherwise = ways.next().unwrap_or_default();
        let handler = self.clause_by_clause(clauses.into_iter().zip(ways).collect(), caught, span);
        self.emit(StmtKind::Try { body, caught, handler, otherwise }, span);
    }

    /// Walks one way; what is known at its end goes with it.
    fn way(&mut self, walk: impl FnOnce(&mut Self)) -> Path {
        let (stmts, ()) = self.block_of(walk);
        Path { flow: std::mem::take(&mut self.flow), stmts }
    }

    fn raise_again(&mut self, caught: Caught, span: Span) {
        if !self.flow.dead {
            self.emit(StmtKind::Reraise(caught), span);
            self.flow.dead = true;
        }
    }

    /// Locals for what a handler is told of.
    fn caught(&mut self) -> Caught {
        let (int, text) = (Ty::scalar(Kind::Int), Ty::scalar(Kind::Str));
        Caught { class: self.temporary(&int), message: self.temporary(&text), origin: self.temporary(&int) }
    }

    /// The classes that each clause takes; `None` for all of them. One that nothing reaches gives a warning.
    fn clauses(&mut self, handlers: &'a [ast::Handler]) -> Vec<Option<Vec<ExceptionId>>> {
        let mut taken: Vec<(ExceptionId, Span)> = Vec::new();
        let mut clauses = Vec::with_capacity(handlers.len());
        for handler in handlers {
            let head = Span { end: handler.span.start + "except".len() as u32, ..handler.span };
            let root = ExceptionId::from(Exception::Root);
            let classes = if handler.types.is_empty() { vec![root] } else { self.caught_classes(&handler.types) };
            let at = handler.types.first().map_or(head, |first| first.span);
            let earlier = |class: ExceptionId| {
                let mut above = self.checker.exceptions.ancestors(class);
                above.find_map(|above| taken.iter().find(|(taken, _)| *taken == above).copied())
            };
            let before: Option<Vec<_>> = classes.iter().map(|&class| earlier(class)).collect();
            if let Some((first, place)) = before.and_then(|before| before.first().copied()) {
                let name = self.checker.exceptions.name(first).to_owned();
                let found = Diagnostic::new(Code::UnreachableExcept, at, "no exception comes here");
                self.report(
                    found.note(place, format!("`{name}` takes them all")).help("put this `except` before that one"),
                );
            }
            taken.extend(classes.iter().map(|&class| (class, at)));
            clauses.push((!classes.contains(&root)).then_some(classes));
        }
        clauses
    }

    fn handler(&mut self, handler: &'a ast::Handler, caught: Caught) {
        let name = handler.name.as_ref().map(|name| {
            let sym = self.target_symbol(&name.text);
            let text = Value::new(ExprKind::Local(caught.message), Ty::scalar(Kind::Str), name.span);
            self.bind(sym, text, name.span);
            (sym, name.span)
        });
        self.tries.handling.push(Handling { name, caught });
        self.block(&handler.body);
        self.tries.handling.pop();
        // As in Python, the name is gone after the block.
        if let Some((sym, _)) = name {
            self.flow.set(sym, Var::Unassigned);
        }
    }

    /// What a handler around this point was told of, if `name` still stands for that.
    pub fn handled_as(&mut self, name: &'a str) -> Option<Caught> {
        let sym = self.target_symbol(name);
        let at = self.flow.get(sym).bound()?.at;
        let mut around = self.tries.handling.iter().rev();
        around.find(|handling| handling.name == Some((sym, at))).map(|handling| handling.caught)
    }

    /// The handlers one after another; what none of them takes goes on.
    fn clause_by_clause(
        &mut self,
        clauses: Vec<(Option<Vec<ExceptionId>>, Vec<Stmt>)>,
        caught: Caught,
        span: Span,
    ) -> Vec<Stmt> {
        let mut rest = vec![Stmt { kind: StmtKind::Reraise(caught), span }];
        for (classes, then) in clauses.into_iter().rev() {
            rest = match classes {
                None => then,
                Some(classes) => {
                    let test = self.is_one_of(caught.class, &classes, span);
                    vec![Stmt { kind: StmtKind::If { test, then, otherwise: rest }, span }]
                }
            };
        }
        rest
    }

    fn is_one_of(&self, class: LocalId, classes: &[ExceptionId], span: Span) -> Expr {
        let mut numbers: Vec<u32> =
            classes.iter().flat_map(|&class| self.checker.exceptions.within(class)).map(|class| class.0).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let truth = Ty::scalar(Kind::Bool);
        let is = |number: u32| {
            let class = Expr::local(class, Ty::scalar(Kind::Int), span);
            let number = Value::int(number.into(), span).expr;
            let kind = ExprKind::Binary(BinaryMeaning::Public(Binary::Eq), Box::new(class), Box::new(number));
            Expr { kind, ty: truth.clone(), span }
        };
        let either = |a: Expr, b: Expr| Expr { kind: ExprKind::Or(Box::new(a), Box::new(b)), ty: truth.clone(), span };
        numbers.into_iter().map(is).reduce(either).unwrap_or_else(|| Value::bool(false, span).expr)
    }

    /// Walks a body whose exceptions are handled, until its variables have types that the handler can do with. Gives its statements, and
    /// what is known where an exception arrives. `blocks` are those of the source that it walks.
    fn protect(
        &mut self,
        blocks: &[&'a [ast::Stmt]],
        finally: Option<&'a [ast::Stmt]>,
        span: Span,
        walk: &mut dyn FnMut(&mut Self),
    ) -> (Vec<Stmt>, Flow) {
        let mut names: Vec<&'a str> = blocks.iter().flat_map(|block| changed(block)).collect();
        names.sort_unstable();
        names.dedup();
        let fields = self.made_fields(&names);
        let syms: Vec<Sym> = names.into_iter().map(|name| self.target_symbol(name)).chain(fields).collect();
        for &sym in &syms {
            // In an arm of a secret `if`, what the body changes stands in a local of the arm.
            if let Some(binding) = self.flow.get(sym).bound().cloned() {
                let (ty, known) = (binding.ty.clone(), binding.known.clone());
                self.rebind(sym, &binding, ty, known, span);
            }
        }
        let mut walks = 0;
        loop {
            let (before, marks) = (self.flow.clone(), self.marks());
            let frame = self.frame(&syms, finally);
            self.tries.frames.push(frame);
            self.tries.level += 1;
            let (stmts, ()) = self.block_of(&mut *walk);
            self.tries.level -= 1;
            let Some(frame) = self.tries.frames.pop() else { return (stmts, before) };
            walks += 1;
            if !frame.grown.is_empty() && walks >= MAX_WALKS {
                self.checker.too_complex(span);
            }
            if frame.grown.is_empty() || walks >= MAX_WALKS {
                return (stmts, frame.raised(&before));
            }
            self.back_to(marks);
            self.flow = before;
            for (sym, ty) in frame.grown {
                if let Some(binding) = self.flow.get(sym).bound().cloned()
                    && let Some(ty) = binding.ty.join(&ty)
                {
                    self.rebind(sym, &binding, ty, Dim::Unknown, span);
                }
            }
        }
    }

    fn frame(&self, syms: &[Sym], finally: Option<&'a [ast::Stmt]>) -> Frame<'a> {
        let watch = |&sym: &Sym| Watched { sym, head: self.flow.get(sym).bound().cloned(), seen: Vec::new() };
        Frame {
            depth: self.secret.len(),
            loops: self.loops.len(),
            level: self.tries.level,
            finally,
            watched: syms.iter().map(watch).collect(),
            grown: Vec::new(),
        }
    }

    /// How much has been found, to forget what a walk finds that is made again.
    fn marks(&self) -> (usize, usize, Vec<[usize; 3]>) {
        let loops = self.loops.iter().map(|frame| [frame.grown.len(), frame.breaks.len(), frame.continues.len()]);
        (self.checker.diagnostics.len(), self.returned.len(), loops.collect())
    }

    fn back_to(&mut self, (diagnostics, returned, loops): (usize, usize, Vec<[usize; 3]>)) {
        self.checker.diagnostics.truncate(diagnostics);
        self.returned.truncate(returned);
        for (frame, [grown, breaks, continues]) in self.loops.iter_mut().zip(loops) {
            frame.grown.truncate(grown);
            frame.breaks.truncate(breaks);
            frame.continues.truncate(continues);
        }
    }

    /// An exception may come from here: its handlers know what holds.
    pub fn note_point(&mut self) {
        if self.flow.dead {
            return;
        }
        let depth = self.secret.len();
        // What an arm of a secret `if` assigns is not selected yet: to those outside nothing has changed.
        for frame in self.tries.frames.iter_mut().filter(|frame| frame.depth == depth) {
            frame.note(&self.flow, &mut self.out);
        }
    }

    /// True if a jump out of everything within `loops` loops runs the block of a `finally`.
    pub fn finishes(&self, loops: usize) -> bool {
        self.tries.frames.iter().any(|frame| frame.loops >= loops && frame.finally.is_some())
    }

    /// Runs the blocks of `finally` that a jump out of everything within `loops` loops passes, innermost first. False if one of them jumps
    /// itself: the first jump is off.
    pub fn finish(&mut self, loops: usize) -> bool {
        let mut left = Vec::new();
        while !self.flow.dead
            && let Some(frame) = self.tries.frames.pop_if(|frame| frame.loops >= loops)
        {
            if let Some(finally) = frame.finally {
                let inner = self.loops.split_off(frame.loops);
                let level = std::mem::replace(&mut self.tries.level, frame.level);
                let (stmts, ()) = self.block_of(|walk| walk.block(finally));
                self.tries.level = level;
                self.loops.extend(inner);
                let span = finally.first().map_or_else(Span::default, |stmt| stmt.span);
                self.emit(StmtKind::Outside(frame.level, stmts), span);
            }
            left.push(frame);
        }
        self.tries.frames.extend(left.into_iter().rev());
        !self.flow.dead
    }
}

/// The names that a block changes, as a whole or in part.
fn changed(block: &[ast::Stmt]) -> Vec<&str> {
    Mentions::of_block(block).all_changed().collect()
}
