//! Files that the program imports: their constants, and what stands after the dot of a module's name.

use super::body::Body;
use super::flow::Var;
use super::tree::ExprKind;
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::mentions::path;
use crate::names::{Meaning, ModuleId, Modules, NodeId, Owner};
use crate::source::Span;
use crate::syntax::ast::{self, StmtKind, TargetKind};

impl<'a> Body<'a, '_> {
    /// The file that this body stands in.
    pub fn module(&self) -> ModuleId {
        self.checker.scopes.module_of(self.owner)
    }

    /// True in the file that is compiled: ports and roles are its own.
    pub fn in_program(&self) -> bool {
        self.module() == ModuleId::PROGRAM
    }

    /// Evaluates the constants of all imported files, each file after those it imports.
    pub fn imported_files(&mut self, modules: &'a Modules) {
        for &id in modules.order.iter().filter(|id| **id != ModuleId::PROGRAM) {
            let module = modules.get(id);
            (self.owner, self.library) = (Owner::Top(id), module.library);
            module.tree.body.iter().for_each(|stmt| self.module_statement(stmt));
        }
        (self.owner, self.library) = (Owner::PROGRAM, false);
    }

    fn module_statement(&mut self, stmt: &'a ast::Stmt) {
        match &stmt.kind {
            StmtKind::Assign(assign) if assign.targets.iter().all(names_only) => {
                self.block(std::slice::from_ref(stmt));
                assign.targets.iter().for_each(|target| self.must_be_public(target, assign.value.span));
            }
            StmtKind::Function(_) | StmtKind::Class(_) => self.block(std::slice::from_ref(stmt)),
            StmtKind::Import(_) | StmtKind::FromImport(_) | StmtKind::Pass | StmtKind::Error => {}
            kind => {
                let (message, help) = match kind {
                    StmtKind::Role(_) | StmtKind::Input(_) | StmtKind::Output(_) | StmtKind::Precision(_) => (
                        "roles, ports and precision belong to the program, not to a file that it imports",
                        "declare it in the program, and give the value to a function of this file",
                    ),
                    _ => (
                        "a file that is imported holds functions, classes and constants only",
                        "put it into a function, and call that from the program",
                    ),
                };
                let first = Span { end: self.first_line_end(stmt), ..stmt.span };
                self.report(Diagnostic::new(Code::NotInModule, first, message).help(help));
            }
        }
    }

    /// Where a statement's head ends: blocks are not worth marking.
    fn first_line_end(&self, stmt: &ast::Stmt) -> u32 {
        match &stmt.kind {
            StmtKind::If(branches) => branches.arms.first().map_or(stmt.span.end, |arm| arm.test.span.end),
            StmtKind::For { iter, .. } => iter.span.end,
            StmtKind::While { test, .. } => test.span.end,
            StmtKind::Try(_) => stmt.span.start + 3,
            _ => stmt.span.end,
        }
    }

    /// A constant that every file may see holds no secret.
    fn must_be_public(&mut self, target: &'a ast::Target, at: Span) {
        let mut names = Vec::new();
        target.each_name(&mut |name| names.push(&name.text));
        for name in names {
            let sym = self.symbol(self.owner, name);
            let Some(binding) = self.flow.get(sym).bound().filter(|binding| binding.ty.is_secret()).cloned() else {
                continue;
            };
            self.flow.set(sym, Var::Error);
            let found = Diagnostic::new(Code::NotInModule, at, format!("the constant `{name}` of a module is secret"));
            let found = super::convert::because(found.label(format!("this is `{}`", binding.ty)), &binding.why);
            return self.report(found.help("let a function return it, or make it public"));
        }
    }

    /// The module that an expression names.
    pub fn module_named(&self, expr: &'a ast::Expr) -> Option<NodeId> {
        let path = path(expr)?;
        let first = path.first()?;
        if self.comprehension.iter().any(|(inner, _)| inner == first) {
            return None;
        }
        match self.checker.scopes.resolve(self.owner, &path) {
            (Meaning::Module(node), used) if used == path.len() => Some(node),
            _ => None,
        }
    }

    /// `module.name`
    pub fn module_member(&mut self, node: NodeId, name: &'a ast::Name, span: Span) -> Value {
        match self.checker.scopes.inside(node, &name.text) {
            Meaning::Variable(owner, constant) => {
                let sym = self.symbol(owner, constant);
                match self.flow.get(sym).bound() {
                    Some(binding) => {
                        let shared = super::shares::can_share(&binding.ty);
                        let aliases =
                            if shared { super::shares::Aliases::of(sym) } else { super::shares::Aliases::default() };
                        let value = Value::new(ExprKind::Local(binding.local), binding.ty.clone(), span);
                        Value { aliases, known: binding.known.clone(), text: binding.text.clone(), ..value }
                    }
                    None => Value::error(span),
                }
            }
            Meaning::Function(def) => {
                let at = self.checker.scopes.def(def).function.name.span;
                let message = format!("`{}` is a function, and functions are not values", name.text);
                let found = Diagnostic::new(Code::NotAValue, span, message).note(at, "defined here");
                self.fail(found.help(format!("call it: `{}.{}(…)`", self.checker.scopes.node_name(node), name.text)))
            }
            Meaning::Class(id) => self.class_as_value(id, span),
            Meaning::Module(inner) => self.module_as_value(inner, span),
            Meaning::Broken => Value::error(span),
            Meaning::Outside if name.text.is_empty() => Value::error(span),
            Meaning::Outside => {
                let found = self.checker.scopes.no_member(node, &name.text, name.span);
                self.fail(found)
            }
        }
    }

    /// `module.name(args)`
    pub fn call_in_module(&mut self, node: NodeId, name: &'a ast::Name, args: &'a [ast::Arg], span: Span) -> Value {
        if let Meaning::Function(def) = self.checker.scopes.inside(node, &name.text) {
            return self.call_function(def, args, span);
        }
        args.iter().for_each(|arg| drop(self.expr(&arg.value)));
        let value = self.module_member(node, name, name.span);
        if value.is_error() {
            return Value::error(span);
        }
        let message = format!("`{}` is `{}`, and cannot be called", name.text, value.ty());
        self.fail(Diagnostic::new(Code::BadCall, name.span, message))
    }

    /// Says that what a file defines can be changed there alone.
    pub fn changed_in_module(&mut self, name: &str, span: Span) {
        let message = format!("`{name}` belongs to the file that is imported, and cannot be changed from here");
        let help = "assign it to a variable of this file first, with `.copy()` if it is a list, and change that";
        self.report(Diagnostic::new(Code::SharedChange, span, message).help(help));
    }

    /// A module where a value is needed.
    pub fn module_as_value(&mut self, node: NodeId, span: Span) -> Value {
        let name = self.checker.scopes.node_name(node);
        let found = Diagnostic::new(Code::NotAValue, span, format!("`{name}` is a module, not a value"));
        let found = found.help(format!("write what is meant of it: `{name}.name`"));
        self.fail(found)
    }
}

/// Whether a target assigns variables and nothing else.
pub fn names_only(target: &ast::Target) -> bool {
    match &target.kind {
        TargetKind::Name(_) => true,
        TargetKind::Tuple(items) => items.iter().all(names_only),
        TargetKind::Star(inner) => names_only(inner),
        TargetKind::Index { .. } | TargetKind::Attribute { .. } | TargetKind::Error => false,
    }
}
