//! What is known of every variable at one point of a function, and how that joins where control flow does.

use super::places::{Part, read_path};
use super::shape::Dim;
use super::shares::Shared;
use super::tree::{Expr, LocalId};
use super::ty::Ty;
use super::value::{Sym, Why};
use crate::source::Span;
use std::rc::Rc;

/// A variable that has a value.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The local that holds it.
    pub local: LocalId,
    /// Its type.
    pub ty: Ty,
    /// Its value, if it is an `int` that is known.
    pub known: Dim,
    /// The text, if it is a `str` that is known.
    pub text: Option<Rc<str>>,
    /// Why it is secret.
    pub why: Why,
    /// Where it got this value.
    pub at: Span,
    /// How many secret conditions stood around that.
    pub depth: usize,
    /// What in Python would be the same object: changing one would change the other.
    pub shared: Shared,
    /// The part of another variable that certainly is this object: what is changed is changed there.
    pub home: Option<Rc<Part>>,
    /// True if the local is not up to date, and what lies at home is.
    pub old: bool,
}

impl PartialEq for Binding {
    fn eq(&self, other: &Self) -> bool {
        let known = self.known == other.known && self.text == other.text && self.why == other.why;
        let place = self.at == other.at && self.depth == other.depth && self.shared == other.shared;
        let home = self.same_home(other) && self.old == other.old;
        self.local == other.local && self.ty == other.ty && known && place && home
    }
}

impl Binding {
    /// Whether both are kept at one place, or at none.
    pub fn same_home(&self, other: &Binding) -> bool {
        match (&self.home, &other.home) {
            (Some(home), Some(other)) => Rc::ptr_eq(home, other),
            (home, other) => home.is_none() && other.is_none(),
        }
    }
}

/// A variable that Python would show changed, and that is not here.
#[derive(Clone, Debug, PartialEq)]
pub struct Stale {
    /// The change.
    pub change: Span,
    /// Where the two became one.
    pub share: Span,
    /// The variable that was changed.
    pub by: Sym,
    /// True if only items of that variable are those of the other one.
    pub items: bool,
}

/// A variable at one point.
#[derive(Clone, Debug, PartialEq)]
pub enum Var {
    /// It has no value yet.
    Unassigned,
    /// It has a value.
    Bound(Rc<Binding>),
    /// It has a value on some paths only; one place where it gets it.
    Maybe(Span),
    /// It was assigned in one arm of a secret `if` only: the place, and the condition.
    OneArm(Span, Span),
    /// In Python it would have been changed under another name.
    Stale(Rc<Stale>),
    /// Two paths give it types that do not join.
    Clash(Rc<[(Span, Ty); 2]>),
    /// What was wrong with it has been reported.
    Error,
}

impl Var {
    /// The binding, if there is one.
    pub fn bound(&self) -> Option<&Rc<Binding>> {
        match self {
            Var::Bound(binding) => Some(binding),
            Var::Unassigned | Var::Maybe(_) | Var::OneArm(..) | Var::Stale(_) | Var::Clash(_) | Var::Error => None,
        }
    }

    /// What is known where control comes from either side, if not both are bound.
    pub fn join_unbound(&self, other: &Var) -> Var {
        match (self, other) {
            (Var::Error, _) | (_, Var::Error) => Var::Error,
            (Var::Stale(stale), _) | (_, Var::Stale(stale)) => Var::Stale(stale.clone()),
            (Var::Clash(clash), _) | (_, Var::Clash(clash)) => Var::Clash(clash.clone()),
            (Var::OneArm(at, test), _) | (_, Var::OneArm(at, test)) => Var::OneArm(*at, *test),
            (Var::Maybe(at), _) | (_, Var::Maybe(at)) => Var::Maybe(*at),
            (Var::Bound(binding), Var::Unassigned | Var::Bound(_)) => Var::Maybe(binding.at),
            (Var::Unassigned, Var::Bound(binding)) => Var::Maybe(binding.at),
            (Var::Unassigned, Var::Unassigned) => Var::Unassigned,
        }
    }
}

/// All variables at one point.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    vars: Vec<Var>,
    /// False after `return`, `break`, `continue` and `raise`.
    pub dead: bool,
}

impl Flow {
    /// What is known of a variable.
    pub fn get(&self, sym: Sym) -> &Var {
        self.vars.get(sym.0 as usize).unwrap_or(&Var::Unassigned)
    }

    /// Sets what is known of a variable.
    pub fn set(&mut self, sym: Sym, var: Var) {
        let at = sym.0 as usize;
        if self.vars.len() <= at {
            self.vars.resize(at + 1, Var::Unassigned);
        }
        self.vars[at] = var;
    }

    /// A variable's value, from where it is up to date.
    pub fn read(&self, binding: &Binding, span: Span) -> Expr {
        let home = binding.home.as_ref().filter(|_| binding.old);
        let kept = home.and_then(|home| Some((home, self.get(home.sym).bound()?)));
        match kept {
            Some((home, root)) => {
                let expr = read_path(Expr::local(root.local, root.ty.clone(), span), &home.path, span);
                let ty = match (&expr.ty, &binding.ty) {
                    (Ty::Tensor(kind, _), Ty::Tensor(_, dims)) => Ty::Tensor(*kind, dims.clone()),
                    (found, _) => found.clone(),
                };
                Expr { ty, ..expr }
            }
            None => Expr::local(binding.local, binding.ty.clone(), span),
        }
    }

    /// How many variables there are; later ones are unassigned.
    pub fn len(&self) -> usize {
        self.vars.len()
    }
}
