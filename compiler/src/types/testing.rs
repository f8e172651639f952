//! A test as a program of its own: the constants of its file, then a call of the test.

use super::body::Body;
use super::builtins;
use super::checker::Checker;
use super::exceptions::Exceptions;
use super::flow::Var;
use super::modules::names_only;
use super::tree::{self, Function, Tree};
use super::ty::Ty;
use super::value::Value;
use crate::diagnostic::Diagnostic;
use crate::names::mentions::Mentions;
use crate::names::{DefId, Meaning, ModuleId, Modules, Owner};
use crate::source::Span;
use crate::syntax::ast::{self, StmtKind};
use crate::syntax::op::CompareOp;

impl<'a> Checker<'a> {
    /// Checks the program that a test is. Ports, roles and statements of the file do not take part.
    pub fn test(mut self, modules: &'a Modules, name: &str) -> (Option<Tree>, Vec<Diagnostic>) {
        self.testing = true;
        let module = &modules.get(ModuleId::PROGRAM).tree;
        self.set_precisions(module);
        self.exceptions = Exceptions::collect(modules, &self.scopes, &mut self.diagnostics);
        let test = self.scopes.top_function(ModuleId::PROGRAM, name);
        let mut body = Body::new(&mut self, Owner::PROGRAM);
        body.imported_files(modules);
        module.body.iter().for_each(|stmt| body.constant_of_test(stmt));
        if let Some(test) = test {
            body.call_test(test);
        }
        let top = Function {
            locals: std::mem::take(&mut body.locals),
            ..top_level(std::mem::take(&mut body.out), module.span)
        };
        self.finish(top)
    }
}

/// The top level of a program, without its locals.
pub fn top_level(body: Vec<tree::Stmt>, span: Span) -> Function {
    let (name, params, locals) = (String::new(), Vec::new(), Vec::new());
    Function { name, span, params, locals, result: Ty::None, body, recursive: false }
}

impl<'a> Body<'a, '_> {
    /// An assignment whose value depends on nothing but constants.
    fn constant_of_test(&mut self, stmt: &'a ast::Stmt) {
        let StmtKind::Assign(assign) = &stmt.kind else { return };
        if assign.targets.iter().all(names_only) && self.is_known(stmt) {
            self.block(std::slice::from_ref(stmt));
        }
    }

    /// Whether everything that a statement of the top level reads has a value.
    fn is_known(&mut self, stmt: &'a ast::Stmt) -> bool {
        let mentions = Mentions::of_block(std::slice::from_ref(stmt));
        let scopes = &self.checker.scopes;
        let mut needed: Vec<(Owner, &'a str)> = Vec::new();
        let names = mentions.all_reads().map(|name| (name, scopes.meaning(self.owner, name)));
        let paths = mentions.all_paths().map(|path| ("", scopes.resolve(self.owner, path).0));
        for (name, meaning) in names.chain(paths) {
            match meaning {
                // What a comprehension names is a variable of its own.
                Meaning::Outside if !name.is_empty() && builtins::find(name).is_none() && !names_inside(stmt, name) => {
                    return false;
                }
                Meaning::Variable(owner, name) => needed.push((owner, name)),
                Meaning::Function(def) => needed.extend(scopes.captures(def)),
                Meaning::Class(_) | Meaning::Module(_) | Meaning::Broken | Meaning::Outside => {}
            }
        }
        needed.into_iter().all(|(owner, name)| {
            let sym = self.symbol(owner, name);
            *self.flow.get(sym) != Var::Unassigned
        })
    }

    fn call_test(&mut self, test: DefId) {
        let header = self.checker.scopes.def(test).function.header;
        let before = self.checker.diagnostics.len();
        let value = self.call_function(test, &[], header);
        // Nobody wrote this call.
        for found in &mut self.checker.diagnostics[before..] {
            found.labels.retain(|(span, text)| *span != header || text != "in this call");
        }
        self.emit(tree::StmtKind::Expr(value.expr), header);
    }

    /// The condition of an `assert` of a test, and both values where it compares two.
    pub fn condition_of_test(&mut self, test: &'a ast::Expr) -> (Value, Option<Value>) {
        let ast::ExprKind::Compare { first, rest } = &test.kind else { return (self.condition(test), None) };
        let [(op, _, right)] = rest.as_slice() else { return (self.condition(test), None) };
        let (left, right) = (self.expr(first), self.expr(right));
        let (left, right) = (self.hold(left, true), self.hold(right, true));
        let compared = self.compare_value(*op, left.clone(), right.clone(), test.span);
        let condition = self.truth(compared);
        let public = |value: &Value| !value.ty().is_secret() && !value.is_error() && *value.ty() != Ty::None;
        let shown = public(&left) && public(&right) && !condition.is_error();
        let values = shown.then(|| self.both_values(left, *op, right, test.span));
        (condition, values)
    }

    /// `3 == 4`
    fn both_values(&mut self, left: Value, op: CompareOp, right: Value, span: Span) -> Value {
        let between = Value::text(format!(" {} ", op.text()), span);
        let (left, right) = (self.quoted(left), self.quoted(right));
        self.joined_text(vec![left, between, right], span)
    }
}

/// Whether a comprehension in the statement names it.
fn names_inside(stmt: &ast::Stmt, name: &str) -> bool {
    fn inside(expr: &ast::Expr, name: &str) -> bool {
        let mut found = false;
        if let ast::ExprKind::Comprehension { clauses, .. } = &expr.kind {
            clauses.iter().for_each(|clause| clause.target.each_name(&mut |target| found |= target.text == name));
        }
        expr.kind.each_child(&mut |child| found |= inside(child, name));
        found
    }
    match &stmt.kind {
        StmtKind::Assign(assign) => inside(&assign.value, name),
        _ => false,
    }
}
