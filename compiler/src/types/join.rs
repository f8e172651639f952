//! Where control flow joins: variables get one type and one local again, by conversions at the ends of the paths.

use super::body::Body;
use super::convert::convert;
use super::flow::{Binding, Flow, Var};
use super::tree::{Stmt, StmtKind};
use super::ty::Ty;
use super::value::Sym;
use crate::source::Span;
use std::rc::Rc;

/// One way to a join: what is known at its end, and its statements.
#[derive(Debug)]
pub struct Path {
    /// What is known at its end.
    pub flow: Flow,
    /// Its statements, to which conversions are added.
    pub stmts: Vec<Stmt>,
}

impl Body<'_, '_> {
    /// Goes on where the paths meet; conversions are added to their statements.
    pub fn join(&mut self, paths: &mut [Path], at: Span) {
        let live: Vec<usize> = (0..paths.len()).filter(|&index| !paths[index].flow.dead).collect();
        let Some(&first) = live.first() else {
            self.flow.dead = true;
            return;
        };
        let mut joined = paths[first].flow.clone();
        let count = live.iter().map(|&index| paths[index].flow.len()).max().unwrap_or(0);
        for sym in (0..count as u32).map(Sym) {
            let vars: Vec<Var> = live.iter().map(|&index| paths[index].flow.get(sym).clone()).collect();
            if vars.iter().all(|var| *var == vars[0]) {
                continue;
            }
            let var = self.join_vars(sym, &vars, at);
            if let Var::Bound(target) = &var {
                for (&index, from) in live.iter().zip(&vars) {
                    let stmt = from.bound().and_then(|from| assignment(target, from, &paths[index].flow, at));
                    paths[index].stmts.extend(stmt);
                }
            }
            joined.set(sym, var);
        }
        self.flow = joined;
    }

    fn join_vars(&mut self, sym: Sym, vars: &[Var], at: Span) -> Var {
        let mut bindings = Vec::with_capacity(vars.len());
        for var in vars {
            match var.bound() {
                Some(binding) => bindings.push(binding),
                None => return vars.iter().skip(1).fold(vars[0].clone(), |joined, var| joined.join_unbound(var)),
            }
        }
        let mut joined = Binding::clone(bindings[0]);
        for other in &bindings[1..] {
            match joined.merged(other) {
                Ok(next) => joined = next,
                Err(clash) => return clash,
            }
        }
        let same = bindings.iter().all(|other| other.local == joined.local && other.ty.erased() == joined.ty.erased());
        let settled = !joined.old && bindings.iter().any(|other| other.old);
        if !same || settled {
            joined.local = self.local_for(sym, &joined.ty);
            joined.depth = self.secret.len();
            joined.at = bindings.iter().map(|other| other.at).max().unwrap_or(at);
        }
        if joined.ty.is_error() { Var::Error } else { Var::Bound(Rc::new(joined)) }
    }

    /// What is known where flows meet that cannot be given conversions any more: locals must be the same.
    pub fn meet(&mut self, flows: &[Flow]) {
        let live: Vec<&Flow> = flows.iter().filter(|flow| !flow.dead).collect();
        let Some(first) = live.first() else {
            self.flow.dead = true;
            return;
        };
        let mut joined = Flow::clone(first);
        let count = live.iter().map(|flow| flow.len()).max().unwrap_or(0);
        for sym in (0..count as u32).map(Sym) {
            let mut var = live[0].get(sym).clone();
            for other in &live[1..] {
                var = same_local(&var, other.get(sym));
            }
            joined.set(sym, var);
        }
        self.flow = joined;
    }
}

fn same_local(a: &Var, b: &Var) -> Var {
    match (a, b) {
        (Var::Bound(left), Var::Bound(right)) => match left.merged(right) {
            // No statement can bring a local up to date any more.
            Ok(joined) if (left.old || right.old) && joined.home.is_none() => Var::Maybe(joined.at),
            Ok(joined) if left.local == right.local => Var::Bound(Rc::new(joined)),
            Ok(_) => Var::Clash(Rc::new([(left.at, left.ty.clone()), (right.at, right.ty.clone())])),
            Err(clash) => clash,
        },
        (a, b) => a.join_unbound(b),
    }
}

/// The assignment that brings a variable from one binding to another, if one is needed; `flow` holds where it comes from.
pub fn assignment(target: &Binding, from: &Binding, flow: &Flow, at: Span) -> Option<Stmt> {
    if target.local == from.local && (!from.old || target.old) {
        return None;
    }
    let value = convert(flow.read(from, from.at), &target.ty);
    Some(Stmt { kind: StmtKind::Assign(target.local, value), span: at })
}

impl Binding {
    /// What is known where control comes with either binding; the local is this one's.
    ///
    /// # Errors
    /// The types do not join.
    pub fn merged(&self, other: &Binding) -> Result<Binding, Var> {
        let Some(ty) = self.ty.join(&other.ty) else {
            return Err(Var::Clash(Rc::new([(self.at, self.ty.clone()), (other.at, other.ty.clone())])));
        };
        Ok(Binding {
            known: self.known.join(&other.known),
            text: self.text.clone().filter(|text| other.text.as_ref() == Some(text)),
            why: if ty.is_secret() { self.why.clone().or_else(|| other.why.clone()) } else { None },
            shared: self.shared.or(&other.shared),
            home: self.home.clone().filter(|_| self.same_home(other)),
            old: (self.old || other.old) && self.same_home(other),
            ty,
            ..self.clone()
        })
    }

    /// Whether a loop's head that knows this also covers what `other` brings back, but for the local.
    pub fn covers(&self, other: &Binding) -> Option<bool> {
        let ty: Ty = self.ty.join(&other.ty)?;
        let text = self.text.is_none() || self.text == other.text;
        let known = text && self.known.join(&other.known) == self.known;
        let home = self.home.is_none() || (self.same_home(other) && (self.old || !other.old));
        Some(ty == self.ty && known && home && self.shared.covers(&other.shared))
    }
}
