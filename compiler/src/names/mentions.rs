//! What a block assigns and what it reads.

use crate::syntax::ast::{self, DimKind, ExprKind, Stmt, StmtKind, TypeExpr, TypeKind};
use std::collections::HashSet;

/// The names that a scope mentions; those inside functions that it defines do not count.
#[derive(Clone, Debug, Default)]
pub struct Mentions<'a> {
    assigned: HashSet<&'a str>,
    changed: HashSet<&'a str>,
    read: HashSet<&'a str>,
    paths: HashSet<Vec<&'a str>>,
    members: HashSet<&'a str>,
}

impl<'a> Mentions<'a> {
    /// Those of a function: its parameters and its shape variables are assigned.
    pub fn of_function(function: &'a ast::FunctionDef) -> Self {
        let mut found = Self::default();
        for param in &function.params {
            found.assigned.insert(&param.name.text);
            if let Some(annotation) = &param.annotation {
                each_dim_name(annotation, &mut |name| {
                    found.assigned.insert(name);
                });
            }
        }
        found.block(&function.body);
        found
    }

    /// Those of a block.
    pub fn of_block(body: &'a [Stmt]) -> Self {
        let mut found = Self::default();
        found.block(body);
        found
    }

    /// The name, if it is assigned as a whole.
    pub fn assigned(&self, name: &str) -> Option<&'a str> {
        self.assigned.get(name).copied()
    }

    /// Notes that a name is assigned by what stands around the block.
    pub fn assign(&mut self, name: &'a str) {
        self.assigned.insert(name);
    }

    /// Whether the name stands after a dot.
    pub fn has_member(&self, name: &str) -> bool {
        self.members.contains(name)
    }

    /// Whether the name is read.
    pub fn reads(&self, name: &str) -> bool {
        self.read.contains(name)
    }

    /// Every name that is assigned as a whole.
    pub fn all_assigned(&self) -> impl Iterator<Item = &'a str> {
        self.assigned.iter().copied()
    }

    /// Every name that is assigned, as a whole or in part.
    pub fn all_changed(&self) -> impl Iterator<Item = &'a str> {
        self.assigned.iter().chain(&self.changed).copied()
    }

    /// Every name that is read.
    pub fn all_reads(&self) -> impl Iterator<Item = &'a str> {
        self.read.iter().copied()
    }

    /// Every `a.b.c` that is read: perhaps something of a module.
    pub fn all_paths(&self) -> impl Iterator<Item = &[&'a str]> {
        self.paths.iter().map(Vec::as_slice)
    }

    fn block(&mut self, body: &'a [Stmt]) {
        body.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Input(port) => {
                self.assigned.insert(&port.name.text);
            }
            StmtKind::Expr(value) => self.expr(value),
            StmtKind::Assign(assign) => {
                assign.targets.iter().for_each(|target| self.target(target));
                assign.annotation.iter().for_each(|annotation| self.annotation(annotation));
                self.expr(&assign.value);
            }
            StmtKind::Declare { target, annotation } => {
                self.target(target);
                self.annotation(annotation);
            }
            StmtKind::AugAssign { target, value, .. } => {
                self.target(target);
                target.each_name(&mut |name| {
                    self.read.insert(&name.text);
                });
                self.expr(value);
            }
            StmtKind::If(branches) => branches.arms.iter().for_each(|arm| self.expr(&arm.test)),
            StmtKind::For { target, iter, .. } => {
                self.target(target);
                self.expr(iter);
            }
            StmtKind::While { test, .. } => self.expr(test),
            StmtKind::Return(value) => value.iter().for_each(|value| self.expr(value)),
            StmtKind::Assert { test, message } => {
                self.expr(test);
                message.iter().for_each(|message| self.expr(message));
            }
            StmtKind::Raise { value, cause } => value.iter().chain(cause).for_each(|value| self.expr(value)),
            StmtKind::Function(function) => {
                function.params.iter().filter_map(|param| param.default.as_ref()).for_each(|value| self.expr(value));
            }
            StmtKind::Role(_) | StmtKind::Output(_) | StmtKind::Precision(_) | StmtKind::Break | StmtKind::Continue => {
            }
            StmtKind::Class(class) => {
                self.assigned.extend(class.base.is_some().then_some(class.name.text.as_str()));
            }
            StmtKind::Import(_) | StmtKind::FromImport(_) => {}
            StmtKind::Try(parts) => {
                self.assigned
                    .extend(parts.handlers.iter().filter_map(|handler| Some(handler.name.as_ref()?.text.as_str())));
            }
            StmtKind::Pass | StmtKind::Error => {}
        }
        each_block(&stmt.kind, &mut |block| self.block(block));
    }

    fn target(&mut self, target: &'a ast::Target) {
        target.each_name(&mut |name| {
            self.assigned.insert(&name.text);
        });
        target.each_child(&mut |child| self.expr(child));
        self.changed.extend(root_of_target(target));
    }

    fn annotation(&mut self, annotation: &'a TypeExpr) {
        each_dim_name(annotation, &mut |name| {
            self.read.insert(name);
        });
    }

    fn expr(&mut self, expr: &'a ast::Expr) {
        if let ExprKind::Name(name) = &expr.kind {
            self.read.insert(name);
        }
        if let ExprKind::Attribute { name, .. } = &expr.kind {
            self.members.insert(&name.text);
            self.paths.extend(path(expr));
        }
        if let ExprKind::Call { function, .. } = &expr.kind
            && let ExprKind::Attribute { base, .. } = &function.kind
        {
            // A method may change its list: `x.append(…)`, `x[i].pop()`.
            self.changed.extend(root(base));
        }
        expr.kind.each_child(&mut |child| self.expr(child));
    }
}

/// The names of `a.b.c`, if the expression is nothing else.
pub fn path(expr: &ast::Expr) -> Option<Vec<&str>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(vec![name]),
        ExprKind::Attribute { base, name } => {
            let mut names = path(base)?;
            names.push(&name.text);
            Some(names)
        }
        _ => None,
    }
}

/// The variable that a path of indices and attributes starts from.
pub fn root(expr: &ast::Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Index { base, .. } | ExprKind::Attribute { base, .. } => root(base),
        _ => None,
    }
}

fn root_of_target(target: &ast::Target) -> Vec<&str> {
    match &target.kind {
        ast::TargetKind::Index { base, .. } | ast::TargetKind::Attribute { base, .. } => {
            root(base).into_iter().collect()
        }
        ast::TargetKind::Tuple(items) => items.iter().flat_map(root_of_target).collect(),
        ast::TargetKind::Star(inner) => root_of_target(inner),
        ast::TargetKind::Name(_) | ast::TargetKind::Error => Vec::new(),
    }
}

/// The blocks directly inside a statement, except the bodies of functions and classes.
pub fn each_block<'a>(kind: &'a StmtKind, visit: &mut dyn FnMut(&'a [Stmt])) {
    match kind {
        StmtKind::If(branches) => {
            branches.arms.iter().for_each(|arm| visit(&arm.body));
            visit(&branches.otherwise);
        }
        StmtKind::For { body, otherwise, .. } | StmtKind::While { body, otherwise, .. } => {
            visit(body);
            visit(otherwise);
        }
        StmtKind::Try(parts) => {
            visit(&parts.body);
            parts.handlers.iter().for_each(|handler| visit(&handler.body));
            visit(&parts.otherwise);
            visit(&parts.finally);
        }
        StmtKind::Role(_) | StmtKind::Input(_) | StmtKind::Output(_) | StmtKind::Precision(_) | StmtKind::Expr(_) => {}
        StmtKind::Assign(_) | StmtKind::Declare { .. } | StmtKind::AugAssign { .. } | StmtKind::Break => {}
        StmtKind::Continue | StmtKind::Pass | StmtKind::Return(_) | StmtKind::Assert { .. } => {}
        StmtKind::Function(_) | StmtKind::Class(_) | StmtKind::Import(_) | StmtKind::FromImport(_) => {}
        StmtKind::Raise { .. } | StmtKind::Error => {}
    }
}

/// Every name in the dimensions of a type.
pub fn each_dim_name<'a>(annotation: &'a TypeExpr, visit: &mut dyn FnMut(&'a str)) {
    match &annotation.kind {
        TypeKind::Named { dims, .. } => dims.iter().flatten().for_each(|dim| dim_names(dim, visit)),
        TypeKind::List(item) => item.iter().for_each(|item| each_dim_name(item, visit)),
        TypeKind::Tuple(items) => items.iter().flatten().for_each(|item| each_dim_name(item, visit)),
        TypeKind::None | TypeKind::Error => {}
    }
}

fn dim_names<'a>(dim: &'a ast::Dim, visit: &mut dyn FnMut(&'a str)) {
    match &dim.kind {
        DimKind::Name(name) => visit(name),
        DimKind::Binary { left, right, .. } => {
            dim_names(left, visit);
            dim_names(right, visit);
        }
        DimKind::Int(_) | DimKind::Any | DimKind::Error => {}
    }
}
