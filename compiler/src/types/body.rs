//! The state of one walk through a function: its locals, what is known of its variables, the statements made so far.

use super::checker::Checker;
use super::classes::{Changes, Making};
use super::effects::Effect;
use super::flow::{Binding, Flow, Var};
use super::shape::Dim;
use super::shares::{Shared, Way};
use super::tree::{Expr, ExprKind, Local, LocalId, Stmt, StmtKind};
use super::tries::Tries;
use super::ty::Ty;
use super::value::{Sym, Value, Why};
use crate::diagnostic::Diagnostic;
use crate::names::{DefId, Owner};
use crate::source::Span;
use std::collections::HashMap;
use std::rc::Rc;

/// A secret condition that stands around the statement being walked.
#[derive(Clone, Debug)]
pub struct SecretArm {
    /// The local that holds the condition.
    pub condition: LocalId,
    /// True in the arm that counts where the condition is false.
    pub negated: bool,
    /// Where the condition stands.
    pub span: Span,
    /// Why it is secret.
    pub why: Why,
}

/// A loop around the statement being walked.
#[derive(Debug)]
pub struct LoopFrame {
    /// What is known at its head.
    pub head: Flow,
    /// What has come back to the head or left by `break` does not fit the head: what would.
    pub grown: Vec<(Sym, Var)>,
    /// What is known where `break` leaves it.
    pub breaks: Vec<Flow>,
    /// What is known where `continue` goes back to its head.
    pub continues: Vec<Flow>,
    /// How many secret conditions stand around it.
    pub depth: usize,
    /// What is true until a `break` ends the loop, where it has an `else`.
    pub unbroken: Option<LocalId>,
}

/// The ways out of a loop that has an `else`: by its end, and by `break`.
#[derive(Debug)]
pub struct Exits {
    /// By its end.
    pub ended: Vec<Flow>,
    /// By `break`.
    pub broken: Vec<Flow>,
}

/// One walk through a function.
pub struct Body<'a, 'c> {
    /// The program around it.
    pub checker: &'c mut Checker<'a>,
    /// Whose body it is.
    pub owner: Owner,
    /// True in functions of the library.
    pub library: bool,
    /// Its locals.
    pub locals: Vec<Local>,
    by_type: HashMap<(Sym, Ty, u32), LocalId>,
    symbols: HashMap<(Owner, &'a str), Sym>,
    unnamed: HashMap<Span, Sym>,
    /// The name of each variable.
    pub names: Vec<&'a str>,
    /// Variables whose type was declared.
    pub declared: HashMap<Sym, (Ty, Span)>,
    /// What is known at this point.
    pub flow: Flow,
    /// The statements of the block being made.
    pub out: Vec<Stmt>,
    /// The secret conditions around this point.
    pub secret: Vec<SecretArm>,
    /// Which arm of which secret `if` this is, so that arms do not share locals; 0 outside.
    pub arm: u32,
    next_arm: u32,
    /// The loops around this point.
    pub loops: Vec<LoopFrame>,
    /// The `try` statements around this point, and what their handlers are told of the exceptions that are being handled here.
    pub tries: Tries<'a>,
    /// What is true until a `break` ends the loop whose head comes next.
    pub unbroken: Option<LocalId>,
    /// How the last loop with an `else` was left.
    pub exits: Option<Exits>,
    /// What each loop's head had to become in earlier walks.
    pub remembered: HashMap<Span, Vec<(Sym, Ty)>>,
    /// Names of comprehensions around this point.
    pub comprehension: Vec<(&'a str, Sym)>,
    /// The variables, and where in them, whose items a loop around this point walks.
    pub iterating: Vec<(Sym, Way, Span)>,
    /// What the function does that a secret condition may not decide.
    pub effects: Option<Effect>,
    /// The type after `->`, its dimensions bound.
    pub declared_result: Option<(Ty, Span)>,
    /// The types that `return` gave, and where.
    pub returned: Vec<(Ty, Span, Why)>,
    /// True if a call of a function being walked had no type yet.
    pub incomplete: bool,
    /// Parts of variables that are one object, or were.
    pub links: Vec<[(Sym, Way); 2]>,
    /// What the function does to its parameters.
    pub changes: Changes,
    /// In a constructor: the object that is being made.
    pub making: Option<Making>,
}

impl<'a, 'c> Body<'a, 'c> {
    /// The state before the first statement.
    pub fn new(checker: &'c mut Checker<'a>, owner: Owner) -> Self {
        let library = checker.scopes.is_library(owner);
        Body {
            checker,
            owner,
            library,
            locals: Vec::new(),
            by_type: HashMap::new(),
            symbols: HashMap::new(),
            unnamed: HashMap::new(),
            names: Vec::new(),
            declared: HashMap::new(),
            flow: Flow::default(),
            out: Vec::new(),
            secret: Vec::new(),
            arm: 0,
            next_arm: 1,
            loops: Vec::new(),
            tries: Tries::default(),
            unbroken: None,
            exits: None,
            remembered: HashMap::new(),
            comprehension: Vec::new(),
            iterating: Vec::new(),
            effects: None,
            declared_result: None,
            returned: Vec::new(),
            incomplete: false,
            links: Vec::new(),
            changes: Changes::default(),
            making: None,
        }
    }

    /// Gives a diagnostic.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.checker.diagnostics.push(diagnostic);
    }

    /// Gives a diagnostic in place of a value.
    pub fn fail(&mut self, diagnostic: Diagnostic) -> Value {
        let span = diagnostic.span;
        self.report(diagnostic);
        Value::error(span)
    }

    /// The variable of that owner and name.
    pub fn symbol(&mut self, owner: Owner, name: &'a str) -> Sym {
        if let Some(&sym) = self.symbols.get(&(owner, name)) {
            return sym;
        }
        let sym = self.fresh_symbol(name);
        self.symbols.insert((owner, name), sym);
        sym
    }

    /// A variable that no other mention of the name means: of a comprehension.
    pub fn fresh_symbol(&mut self, name: &'a str) -> Sym {
        self.names.push(name);
        Sym(self.names.len() as u32 - 1)
    }

    /// The variable that the program does not name, for what stands at a place; every walk has the same.
    pub fn unnamed_symbol(&mut self, name: &'a str, at: Span) -> Sym {
        if let Some(&known) = self.unnamed.get(&at) {
            return known;
        }
        let made = self.fresh_symbol(name);
        self.unnamed.insert(at, made);
        made
    }

    /// The variable that an assignment to `name` here means.
    pub fn target_symbol(&mut self, name: &'a str) -> Sym {
        let inner = self.comprehension.iter().rev().find(|(inner, _)| *inner == name);
        match inner {
            Some(&(_, sym)) => sym,
            None => self.symbol(self.owner, name),
        }
    }

    /// The name of a variable.
    pub fn name_of(&self, sym: Sym) -> &'a str {
        self.names.get(sym.0 as usize).copied().unwrap_or_default()
    }

    /// A new local without a name.
    pub fn temporary(&mut self, ty: &Ty) -> LocalId {
        self.new_local("", ty)
    }

    fn new_local(&mut self, name: &str, ty: &Ty) -> LocalId {
        self.locals.push(Local { name: name.to_owned(), ty: ty.erased() });
        LocalId(self.locals.len() as u32 - 1)
    }

    /// The local of a variable for a type, in this arm.
    pub fn local_for(&mut self, sym: Sym, ty: &Ty) -> LocalId {
        let key = (sym, ty.erased(), self.arm);
        if let Some(&local) = self.by_type.get(&key) {
            return local;
        }
        let local = self.new_local(self.name_of(sym), ty);
        self.by_type.insert(key, local);
        local
    }

    /// Enters a new arm; gives the number of the one that is left.
    pub fn enter_arm(&mut self) -> u32 {
        let outer = self.arm;
        self.arm = self.next_arm;
        self.next_arm += 1;
        outer
    }

    /// Adds a statement to the block being made.
    pub fn emit(&mut self, kind: StmtKind, span: Span) {
        self.out.push(Stmt { kind, span });
    }

    /// Runs `walk` with an empty block and gives the statements it made.
    pub fn block_of<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> (Vec<Stmt>, T) {
        let outer = std::mem::take(&mut self.out);
        let result = walk(self);
        (std::mem::replace(&mut self.out, outer), result)
    }

    /// Wraps what `walk` gives together with the statements it made.
    pub fn as_block(&mut self, walk: impl FnOnce(&mut Self) -> Value) -> Value {
        let (stmts, mut value) = self.block_of(walk);
        if !stmts.is_empty() {
            let Expr { ty, span, .. } = value.expr.clone();
            value.expr = Expr { kind: ExprKind::Block(stmts, Box::new(value.expr)), ty, span };
        }
        value
    }

    /// The value in a temporary, so that it can be used more than once. Constants and locals stay as they are: `stays` says
    /// that no local is assigned before the last use.
    pub fn hold(&mut self, value: Value, stays: bool) -> Value {
        let plain = matches!(value.expr.kind, ExprKind::Constant(_) | ExprKind::Dim(_) | ExprKind::Param(_));
        let local = matches!(value.expr.kind, ExprKind::Local(_));
        if plain || (local && stays) || value.is_error() || *value.ty() == Ty::None {
            return value;
        }
        let span = value.span();
        let ty = value.ty().clone();
        let local = self.temporary(&ty);
        self.emit(StmtKind::Assign(local, value.expr), span);
        Value { expr: Expr::local(local, ty, span), ..value }
    }

    /// Binds a variable to a value and emits the assignment.
    pub fn bind(&mut self, sym: Sym, value: Value, at: Span) {
        if value.is_error() {
            self.emit(StmtKind::Expr(value.expr), at);
            return self.flow.set(sym, Var::Error);
        }
        let local = self.local_for(sym, value.ty());
        let binding = Binding {
            local,
            ty: value.expr.ty.clone(),
            known: value.known,
            text: value.text,
            why: value.why,
            at,
            depth: self.secret.len(),
            shared: Shared::default(),
            home: None,
            old: false,
        };
        self.emit(StmtKind::Assign(local, value.expr), at);
        self.flow.set(sym, Var::Bound(Rc::new(binding)));
    }

    /// What is known of an `int` that the program computes from known ones is a new shape variable.
    pub fn fresh_dim(&mut self, name: &str) -> Dim {
        self.checker.fresh_dim(name)
    }

    /// The function whose body this is.
    pub fn def(&self) -> Option<DefId> {
        self.owner.function()
    }
}
