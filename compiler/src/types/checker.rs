//! What is known of the whole program while it is checked: precision, dimensions, roles, ports, instances of functions.

use super::classes::{Changed, Origins};
use super::effects::Effect;
use super::exceptions::Exceptions;
use super::shape::Dim;
use super::tree::{Function, Stmt, StmtKind, Tree};
use super::ty::{Class, Ty};
use super::value::Why;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::{ClassId, DefId, Scopes, suggest};
use crate::source::Span;
use crate::syntax::ast;
use mpc_bytecode::{Constant, Port, Precision, Role};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// More instances of functions than this are not made.
pub const MAX_INSTANCES: usize = 10_000;

/// Functions that call each other deeper than this are not followed.
pub const MAX_CALLS: usize = 200;

/// Statements, expressions and calls around one point, together: what the checker's own stack can hold.
const MAX_NESTING: usize = 3_000;

/// Statements and expressions that are walked before the checker gives up: a few seconds.
const FUEL: u64 = 20_000_000;

/// What tells instances of one function apart: the type of each parameter, the number for those that are made for one number,
/// and the type of each variable that it reads from around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The function.
    pub def: DefId,
    /// Types of parameters and captured variables; `None` for a variable that has no value.
    pub types: Vec<Option<Ty>>,
    /// Known numbers.
    pub numbers: Vec<Option<i64>>,
}

/// An instance of a function.
#[derive(Debug)]
pub struct Instance {
    /// The function.
    pub def: DefId,
    /// The type of its result, when it is known: declared, found, or assumed while it is being walked.
    pub result: Option<Ty>,
    /// True while it is being walked.
    pub open: bool,
    /// Why its result is secret.
    pub why: Why,
    /// What it does that a secret condition may not decide.
    pub effects: Option<Effect>,
    /// What was found in it.
    pub diagnostics: Vec<Diagnostic>,
    /// What it changes in its parameters, and in what it reads from around it.
    pub changes: Vec<Changed>,
    /// What its result and what it changes have in common with its parameters.
    pub origins: Origins,
    /// True if it can call itself.
    pub recursive: bool,
    /// Its tree, once it has been walked.
    pub function: Option<Function>,
}

/// An output port, written at the end of the program.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    /// Its declaration.
    pub port: &'a ast::OutputPort,
    /// Its place among the ports.
    pub index: usize,
}

/// The state of the check.
pub struct Checker<'a> {
    /// Who defines which name.
    pub scopes: Scopes<'a>,
    /// Widths of numbers.
    pub precision: Precision,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// The symbolic dimensions of ports, and the size that each stands for.
    pub dims: Vec<(String, Dim)>,
    /// The roles.
    pub roles: Vec<Role>,
    /// Where each role is declared.
    pub role_spans: Vec<Span>,
    /// The ports.
    pub ports: Vec<Port>,
    /// The default of each port.
    pub defaults: Vec<Option<Constant>>,
    /// The reason of each port.
    pub reasons: Vec<Option<String>>,
    /// Where each port is declared.
    pub port_spans: Vec<Span>,
    /// The outputs.
    pub outputs: Vec<Output<'a>>,
    /// The instances; the top level is not among them.
    pub instances: Vec<Instance>,
    /// Instances by what tells them apart.
    pub by_key: HashMap<Key, usize>,
    /// Classes as their objects know them.
    pub records: HashMap<ClassId, Arc<Class>>,
    /// The classes whose fields are being looked at.
    pub opened: Vec<ClassId>,
    /// The instances being walked, outermost first.
    pub walking: Vec<usize>,
    /// How deep the point being walked lies.
    pub nesting: usize,
    /// True while a test is checked: its `assert`s say both values.
    pub testing: bool,
    /// The program's own exceptions.
    pub exceptions: Exceptions<'a>,
    fuel: u64,
    exhausted: bool,
    next_var: u32,
}

impl<'a> Checker<'a> {
    /// Before the first statement.
    pub fn new(scopes: Scopes<'a>, diagnostics: Vec<Diagnostic>) -> Self {
        Checker {
            scopes,
            precision: Precision::default(),
            diagnostics,
            dims: Vec::new(),
            roles: Vec::new(),
            role_spans: Vec::new(),
            ports: Vec::new(),
            defaults: Vec::new(),
            reasons: Vec::new(),
            port_spans: Vec::new(),
            outputs: Vec::new(),
            instances: Vec::new(),
            by_key: HashMap::new(),
            records: HashMap::new(),
            opened: Vec::new(),
            walking: Vec::new(),
            nesting: 0,
            testing: false,
            exceptions: Exceptions::default(),
            fuel: FUEL,
            exhausted: false,
            next_var: 0,
        }
    }

    /// A shape variable that differs from all others.
    pub fn fresh_dim(&mut self, name: &str) -> Dim {
        self.next_var += 1;
        Dim::var(self.next_var - 1, name)
    }

    /// The number of the next shape variable: those below it exist.
    pub fn next_dim(&self) -> u32 {
        self.next_var
    }

    /// The dimension of ports of that name, and its size.
    pub fn dim_named(&self, name: &str) -> Option<(u32, Dim)> {
        let index = self.dims.iter().position(|(dim, _)| dim == name)?;
        Some((index as u32, self.dims[index].1.clone()))
    }

    /// The dimension of ports of that name, made if there is none; `size` is what it stands for.
    pub fn port_dim(&mut self, name: &str, size: Option<Dim>) -> (u32, Dim) {
        if let Some(found) = self.dim_named(name) {
            return found;
        }
        let dim = size.unwrap_or_else(|| self.fresh_dim(name));
        self.dims.push((name.to_owned(), dim.clone()));
        (self.dims.len() as u32 - 1, dim)
    }

    /// The role of that name.
    pub fn role_named(&self, name: &str) -> Option<usize> {
        self.roles.iter().position(|role| role.name == name)
    }

    /// The role nearest to a name.
    pub fn near_role(&self, name: &str) -> Option<&str> {
        suggest::nearest(name, self.roles.iter().map(|role| role.name.as_str()))
    }

    /// Pays for one more statement or expression; false, once with an error, when the program is too large or too deep.
    pub fn spend(&mut self, span: Span) -> bool {
        self.fuel = self.fuel.saturating_sub(1);
        if self.fuel > 0 && self.nesting < MAX_NESTING {
            return true;
        }
        self.too_complex(span);
        false
    }

    /// Says, once, that the program is too much to check.
    pub fn too_complex(&mut self, span: Span) {
        if !self.exhausted {
            let found = Diagnostic::new(Code::TooComplex, span, "the program is too deep or too large to check");
            self.diagnostics.push(found.help("functions that call themselves with ever new types do not end"));
        }
        self.exhausted = true;
    }

    /// Everything that was found, each once, and the tree if nothing is wrong.
    pub fn finish(mut self, top: Function) -> (Option<Tree>, Vec<Diagnostic>) {
        let mut seen = HashSet::new();
        self.diagnostics.retain(|found| seen.insert((found.code, found.span)));
        crate::diagnostic::sort(&mut self.diagnostics);
        if crate::diagnostic::any_error(&self.diagnostics) || self.exhausted {
            return (None, self.diagnostics);
        }
        let functions = super::reachable::gather(top, &mut self.instances);
        if let Some(lost) = functions.iter().find_map(|function| lost(&function.body)) {
            let message = "the compiler lost what stands here, and found nothing wrong with it";
            let help = "this is a mistake of the compiler, not of the program: please report it with the program";
            self.diagnostics.push(Diagnostic::new(Code::Internal, lost, message).help(help));
            return (None, self.diagnostics);
        }
        let tree = Tree {
            precision: self.precision,
            dims: self.dims.into_iter().map(|(name, _)| name).collect(),
            roles: self.roles,
            ports: self.ports,
            defaults: self.defaults,
            reasons: self.reasons,
            functions,
            exceptions: self.exceptions.list,
        };
        (Some(tree), self.diagnostics)
    }
}

/// A statement whose value is an error. There is none where nothing was reported: a program is whole or it is refused.
fn lost(stmts: &[Stmt]) -> Option<Span> {
    stmts.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Expr(value) => (value.ty == Ty::Error).then_some(stmt.span),
        StmtKind::If { then, otherwise, .. } => lost(then).or_else(|| lost(otherwise)),
        StmtKind::For { body, .. } | StmtKind::While { body, .. } | StmtKind::Outside(_, body) => lost(body),
        StmtKind::Try { body, handler, otherwise, .. } => [body, handler, otherwise].into_iter().find_map(|b| lost(b)),
        _ => None,
    })
}
