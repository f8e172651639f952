//! Statements, each by its kind.

use super::body::Body;
use super::convert::Wanted;
use super::effects::EffectKind;
use super::tree::{self, Expr, ExprKind, UnaryMeaning};
use super::ty::Ty;
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::{Owner, decorators};
use crate::source::Span;
use crate::syntax::ast::{self, StmtKind};
use mpc_bytecode::Kind;
use mpc_bytecode::operand::{Exception, Unary};

impl<'a> Body<'a, '_> {
    /// A block; what comes after a jump is not walked.
    pub fn block(&mut self, body: &'a [ast::Stmt]) {
        self.note_point();
        for stmt in body {
            if self.flow.dead || !self.checker.spend(stmt.span) {
                return;
            }
            self.checker.nesting += 1;
            self.stmt(stmt);
            self.checker.nesting -= 1;
            self.note_point();
        }
    }

    fn stmt(&mut self, stmt: &'a ast::Stmt) {
        let span = stmt.span;
        match &stmt.kind {
            StmtKind::Role(_) | StmtKind::Precision(_) => {}
            StmtKind::Input(port) => {
                if self.at_top() {
                    self.input_port(port, span);
                }
            }
            StmtKind::Output(port) => {
                if self.at_top() {
                    self.output_port(port, span);
                }
            }
            StmtKind::Expr(value) => self.expr_stmt(value),
            StmtKind::Assign(assign) => self.assign_stmt(assign, span),
            StmtKind::Declare { target, annotation } => self.declare(target, annotation),
            StmtKind::AugAssign { target, op, value } => self.augmented(target, *op, value, span),
            StmtKind::If(branches) => self.if_stmt(&branches.arms, &branches.otherwise),
            StmtKind::For { target, iter, body, otherwise } => {
                self.for_stmt(target, iter, [body, otherwise], span);
            }
            StmtKind::While { test, body, otherwise } => self.while_stmt(test, [body, otherwise], span),
            StmtKind::Break => self.loop_jump(tree::StmtKind::Break, "break", span),
            StmtKind::Continue => self.loop_jump(tree::StmtKind::Continue, "continue", span),
            StmtKind::Pass | StmtKind::Error => {}
            StmtKind::Return(value) => self.return_stmt(value.as_ref(), span),
            StmtKind::Assert { test, message } => self.assert_stmt(test, message.as_ref(), span),
            StmtKind::Function(function) => self.function_stmt(function),
            StmtKind::Class(class) if class.base.is_some() => self.exception_class(class),
            StmtKind::Class(class) => self.class_stmt(class),
            StmtKind::Import(_) | StmtKind::FromImport(_) => {}
            StmtKind::Try(parts) => self.try_stmt(parts, span),
            StmtKind::Raise { value, cause } => self.raise_stmt(value.as_ref(), cause.as_ref(), span),
        }
    }

    /// Says that a part of the language is not in this version.
    pub fn not_yet(&mut self, span: Span, what: &str, help: &str) {
        let found = Diagnostic::new(
            Code::NotInThisVersion,
            span,
            format!("{what} is not part of this version of the language"),
        );
        self.report(found.help(help));
    }

    fn at_top(&self) -> bool {
        // Elsewhere the parser has said so.
        self.owner == Owner::PROGRAM && self.loops.is_empty() && self.checker.nesting == 1
    }

    fn function_stmt(&mut self, function: &'a ast::FunctionDef) {
        let mut found = Vec::new();
        let marks = decorators::read(function, &mut found);
        if let Some(test) = marks.test.filter(|_| !self.owner.is_top()) {
            let message = "a test stands at the top level of a file";
            found.push(Diagnostic::new(Code::BadTest, test.span, message).help("move it out of this function"));
        }
        found.into_iter().for_each(|found| self.report(found));
    }

    fn expr_stmt(&mut self, expr: &'a ast::Expr) {
        let value = self.expr(expr);
        if value.is_error() {
            // It stays, so that a program whose errors nobody reported is refused.
            return self.emit(tree::StmtKind::Expr(value.expr), expr.span);
        }
        // What has no effect is dropped; an operation that may raise is kept.
        let plain = match &value.expr.kind {
            ExprKind::Constant(_) | ExprKind::Local(_) | ExprKind::Dim(_) | ExprKind::Param(_) => true,
            ExprKind::Tuple(items) => items.is_empty(),
            _ => false,
        };
        if !plain {
            self.emit(tree::StmtKind::Expr(value.expr), expr.span);
        }
    }

    fn assert_stmt(&mut self, test: &'a ast::Expr, message: Option<&'a ast::Expr>, span: Span) {
        if let (ast::ExprKind::Tuple(items), None) = (&test.kind, message)
            && items.len() == 2
        {
            let found = Diagnostic::new(Code::TypeMismatch, test.span, "`assert` of a tuple holds always");
            return self.report(found.help("leave out the brackets: `assert condition, \"message\"`"));
        }
        let (condition, values) =
            if self.checker.testing { self.condition_of_test(test) } else { (self.condition(test), None) };
        if condition.is_error() {
            return;
        }
        if condition.ty().is_secret() {
            let help = "reveal the condition if everyone may know it: `assert (…).reveal()`";
            return self.secret_error(
                Code::SecretCheck,
                test.span,
                "`assert` would disclose this condition",
                &condition.why,
                help,
            );
        }
        if !self.effect(EffectKind::Raise, span) {
            return;
        }
        let (raise, ()) = self.block_of(|walk| {
            let text = match (message, values) {
                (Some(message), None) => walk.text_of(message),
                (Some(message), Some(values)) => {
                    let message = walk.text_of(message);
                    walk.joined_text(vec![message, Value::text(": ", span), values], span)
                }
                (None, values) => values.unwrap_or_else(|| Value::text("", span)),
            };
            if !text.is_error() {
                walk.emit(tree::StmtKind::Raise(Exception::AssertionError.into(), text.expr), span);
            }
        });
        let test = negate(condition.expr);
        self.emit(tree::StmtKind::If { test, then: raise, otherwise: Vec::new() }, span);
    }

    fn return_stmt(&mut self, value: Option<&'a ast::Expr>, span: Span) {
        let Some(def) = self.def() else {
            // The parser has said that it cannot stand here.
            return;
        };
        let given = value.map(|value| self.expr(value));
        if self.making.is_some() {
            return self.return_from_init(given, span);
        }
        if !self.jump("return", 0, span) {
            // So that nothing more is said of the value that the function does not give.
            return self.returned.push((Ty::Error, span, None));
        }
        let given = given.map(|value| if self.finishes(0) { self.hold(value, false) } else { value });
        if !self.finish(0) {
            return;
        }
        let none = given.as_ref().is_none_or(|value| *value.ty() == Ty::None);
        let given = given.filter(|_| !none);
        let returned = match (self.declared_result.clone(), given) {
            (Some((Ty::None, at)), Some(value)) => {
                let found = Diagnostic::new(Code::TypeMismatch, value.span(), "this function returns nothing");
                Some(self.fail(found.note(at, "`None` is declared here")))
            }
            (Some((ty, at)), Some(value)) => {
                let what = format!("result of `{}`", self.checker.scopes.def(def).function.name.text);
                Some(self.coerce(value, &ty, &Wanted { what: &what, declared: Some(at) }))
            }
            (Some((ty, at)), None) if ty != Ty::None && !ty.is_error() => {
                let found = Diagnostic::new(Code::TypeMismatch, span, format!("this function must return `{ty}`"));
                Some(self.fail(found.label("no value is given").note(at, "declared here")))
            }
            (_, given) => given,
        };
        returned.iter().for_each(|value| self.note_returned(value));
        let ty = returned.as_ref().map_or(Ty::None, |value| value.ty().clone());
        let why = returned.as_ref().and_then(|value| value.why.clone());
        self.returned.push((ty, span, why));
        let given = self.returning(returned.map(|value| value.expr), span);
        self.emit(tree::StmtKind::Return(given), span);
        self.flow.dead = true;
    }
}

/// `not test` of a public `bool` scalar.
pub fn negate(test: Expr) -> Expr {
    let span = test.span;
    Expr { kind: ExprKind::Unary(UnaryMeaning::Public(Unary::Not), Box::new(test)), ty: Ty::scalar(Kind::Bool), span }
}
