//! What a call changes in the objects that it is given. The callee gives back the fields that it changed, behind its result; the
//! caller stores them where it took the objects from.

use super::super::body::Body;
use super::super::effects::EffectKind;
use super::super::places::Part;
use super::super::sequences::component;
use super::super::shares::{Alias, Aliases, Hop, Way, can_share, way};
use super::super::tree::{Expr, ExprKind, LocalId, Stmt, StmtKind};
use super::super::ty::Ty;
use super::super::value::{Sym, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// What a function changes: a parameter, and the field; `None` for all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The parameter's place.
    pub param: usize,
    /// The field's place.
    pub field: Option<usize>,
}

/// What a function does to its parameters, while it is walked.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The places, variables and locals of its parameters.
    pub params: Vec<(usize, Sym, LocalId)>,
    /// What is changed, where first, and where in the parameter the objects lie of which something is replaced.
    pub found: BTreeMap<Change, (Span, BTreeSet<Way>)>,
    /// Parameters that are assigned as a whole, and where.
    pub rebound: Vec<(Sym, Span)>,
    /// What returned values have in common with variables.
    pub returned: Vec<Alias>,
    /// For each `return`, the parameter that it returns as it is.
    pub returned_params: Vec<Option<usize>>,
    /// How often a call has stored changes: what was read of an object before may be old.
    pub stored: u32,
}

/// What results and changed objects of a function have in common with what it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// Of the result: where in it, the parameter, where in that.
    pub result: Vec<(Way, usize, Way)>,
    /// Parameters that are one object afterwards.
    pub joined: Vec<[(usize, Way); 2]>,
    /// The parameter that is the result on every path.
    pub same: Option<usize>,
}

/// More objects that may be one than this are not followed.
const MAX_LINKS: usize = 256;

impl Change {
    /// The type of what is changed, among these arguments.
    pub fn ty(&self, given: &[Value]) -> Option<Ty> {
        let whole = given.get(self.param)?.ty();
        self.field.map_or_else(|| Some(whole.clone()), |at| whole.components().get(at).cloned())
    }
}

impl Changes {
    /// The parameter's place, if the variable is one.
    fn place(&self, sym: Sym) -> Option<usize> {
        self.params.iter().find(|(_, param, _)| *param == sym).map(|(place, _, _)| *place)
    }

    /// What is given back, in order, with the objects that are changed.
    pub fn list(&self) -> Vec<(Change, Vec<Way>)> {
        self.found.iter().map(|(change, (_, containers))| (*change, containers.iter().cloned().collect())).collect()
    }
}

impl Body<'_, '_> {
    /// Notes that something of the object at `container` is replaced: if it is a parameter's, the caller must hear of it.
    pub fn note_change(&mut self, part: &Part, container: Way, span: Span) {
        let shared = self.flow.get(part.sym).bound().is_some_and(|binding| binding.shared.parameter);
        let param = self.changes.place(part.sym);
        let (Some(param), true) = (param, shared && part.in_object) else { return };
        let field = match way(&part.path).first() {
            Some(Hop::Component(at)) => Some(*at),
            Some(Hop::Item) | None => None,
        };
        let object = self.flow.get(part.sym).bound().is_some_and(|binding| matches!(binding.ty, Ty::Object(_)));
        let change = Change { param, field: field.filter(|_| object) };
        self.changes.found.entry(change).or_insert_with(|| (span, BTreeSet::new())).1.insert(container);
    }

    /// Notes what a `return` gives.
    pub fn note_returned(&mut self, value: &Value) {
        if can_share(value.ty()) {
            self.changes.returned.extend(value.aliases.iter().cloned());
        }
        let whole = value.place.as_ref().filter(|part| part.path.is_empty() && part.ty.has_object());
        let param = whole.and_then(|part| self.changes.place(part.sym));
        self.changes.returned_params.push(param);
    }

    /// Notes that a variable is assigned as a whole.
    pub fn note_rebound(&mut self, sym: Sym, at: Span) {
        if self.changes.place(sym).is_some() {
            self.changes.rebound.push((sym, at));
        }
    }

    /// At the end of a walk: a parameter that is changed and assigned as a whole cannot be told apart from another object.
    pub fn check_rebound(&mut self) {
        for (Change { param, .. }, (span, _)) in self.changes.found.clone() {
            let Some((_, sym, _)) = self.changes.params.iter().find(|known| known.0 == param).copied() else {
                continue;
            };
            let Some((_, at)) = self.changes.rebound.iter().find(|(rebound, _)| *rebound == sym).copied() else {
                continue;
            };
            let name = self.name_of(sym);
            let message =
                format!("`{name}` is a parameter that is changed, and assigned as a whole elsewhere in this function");
            let found =
                Diagnostic::new(Code::SharedChange, span, message).note(at, "it is another object from here on");
            self.report(found.help("use another name for the other object"));
        }
    }

    /// What is given back at each `return`: the result, then the changed fields.
    pub fn give_back(&self, body: &mut [Stmt], result: &Ty) -> Ty {
        let changes = self.changes.list();
        if changes.is_empty() {
            return result.clone();
        }
        let fields: Vec<Expr> = changes.iter().filter_map(|(change, _)| self.changed_field(*change)).collect();
        let types = std::iter::once(result.clone()).chain(fields.iter().map(|field| field.ty.clone())).collect();
        let whole = Ty::Tuple(types);
        each_return(body, &mut |value, span| {
            let nothing = Expr { kind: ExprKind::Tuple(Vec::new()), ty: Ty::None, span };
            let first = value.take().unwrap_or(nothing);
            let items = std::iter::once(first).chain(fields.iter().cloned()).collect();
            *value = Some(Expr { kind: ExprKind::Tuple(items), ty: whole.clone(), span });
        });
        whole
    }

    fn changed_field(&self, change: Change) -> Option<Expr> {
        let (_, _, local) = self.changes.params.iter().find(|known| known.0 == change.param)?;
        let ty = self.locals.get(local.0 as usize)?.ty.clone();
        let whole = Value::new(ExprKind::Local(*local), ty, Span::default());
        Some(match change.field {
            Some(field) => component(&whole, field).expr,
            None => whole.expr,
        })
    }

    /// What the result and changed parameters have in common with the parameters.
    pub fn origins(&self) -> Origins {
        let place = |sym: Sym| self.changes.place(sym);
        let first = self.changes.returned_params.first().copied().flatten();
        let always = self.changes.returned_params.iter().all(|param| *param == first);
        let mut origins = Origins { same: first.filter(|_| always), ..Origins::default() };
        for alias in &self.changes.returned {
            for (sym, theirs) in self.linked((alias.root, alias.theirs.clone())) {
                if let Some(param) = place(sym) {
                    origins.result.push((alias.own.clone(), param, theirs));
                }
            }
        }
        let changed: Vec<usize> = self.changes.list().iter().map(|(change, _)| change.param).collect();
        for [a, b] in &self.links {
            for (one, other) in [(a, b), (b, a)] {
                let Some(from) = place(one.0).filter(|param| changed.contains(param)) else { continue };
                for (sym, theirs) in self.linked(other.clone()) {
                    let joined = place(sym).filter(|to| *to != from).map(|to| [(from, one.1.clone()), (to, theirs)]);
                    origins.joined.extend(joined.filter(|joined| !origins.joined.contains(joined)));
                }
            }
        }
        origins
    }

    /// Everything that was one object with a part of a variable at some time, itself included.
    fn linked(&self, start: (Sym, Way)) -> Vec<(Sym, Way)> {
        let mut found = vec![start];
        let mut next = 0;
        while let Some((sym, way)) = found.get(next).cloned() {
            for [a, b] in &self.links {
                for (one, other) in [(a, b), (b, a)] {
                    let rest = way.strip_prefix(one.1.as_slice()).filter(|_| one.0 == sym);
                    let reached = rest.map(|rest| (other.0, [other.1.as_slice(), rest].concat()));
                    found.extend(reached.filter(|new| !found.contains(new) && found.len() < MAX_LINKS));
                }
            }
            next += 1;
        }
        found
    }

    /// Stores what a call changed where its arguments came from; gives the call's result.
    pub fn store_changes(&mut self, call: Value, changes: &[(Change, Vec<Way>)], given: &[Value], name: &str) -> Value {
        let (span, why) = (call.span(), call.why.clone());
        let all = self.hold(call, false);
        let result = component(&all, 0);
        for (at, (change, containers)) in changes.iter().enumerate() {
            let Some(argument) = given.get(change.param) else { continue };
            let new = component(&all, at + 1).because(why.clone());
            match (argument.place.as_deref().cloned(), argument.aliases.iter().next()) {
                (Some(part), _) => self.store_change(part, (*change, containers), new, name, span),
                // Nobody else has the object: what happened to it is of no interest.
                (None, None) => {}
                (None, Some(alias)) => {
                    let variable = self.name_of(alias.root).to_owned();
                    self.changes_a_copy(name, &variable, argument.span());
                }
            }
        }
        self.changes.stored += 1;
        // The result was held before anything was stored.
        Value { aliases: Aliases::default(), place: None, ..result }
    }

    fn changes_a_copy(&mut self, name: &str, variable: &str, span: Span) {
        let message =
            format!("`{name}` changes this object, which is a copy here; in Python it would be that of `{variable}`");
        let found = Diagnostic::new(Code::SharedChange, span, message);
        self.report(
            found.help("call it on the variable, field or item that holds the object, as in `model.layers[i]`"),
        );
    }

    fn store_change(&mut self, part: Part, (change, containers): (Change, &[Way]), new: Value, name: &str, span: Span) {
        if part.outer {
            let variable = self.name_of(part.sym);
            let message = format!("`{variable}` belongs to the code around this function, and `{name}` changes it");
            let found = Diagnostic::new(Code::SharedChange, span, message);
            let help =
                format!("pass `{variable}` as a parameter: what a function changes in an object, its caller sees");
            return self.report(found.help(help));
        }
        if self.flow.get(part.sym).bound().is_none()
            && let (true, [], Some(at)) = (self.making.is_some(), part.path.as_slice(), change.field)
        {
            return self.changed_in_making(at, new, span);
        }
        let base = way(&part.path);
        let containers: Vec<Way> = containers.iter().map(|inner| [base.as_slice(), inner].concat()).collect();
        if !containers.iter().all(|container| self.changeable(part.sym, container, true, span)) {
            return;
        }
        let slot = match change.field {
            Some(field) => self.field_part(part, field, span),
            None => Some(part),
        };
        let Some(slot) = slot else { return };
        let Some(binding) = self.flow.get(slot.sym).bound().cloned() else { return };
        containers.into_iter().for_each(|container| self.note_change(&slot, container, span));
        let predicated = binding.depth < self.secret.len();
        let declared = slot.declared.as_ref().map_or(span, |(_, at)| *at);
        if predicated && !self.may_be_chosen(new.ty(), span, declared) {
            return;
        }
        if predicated && has_list(new.ty()) && !self.effect(EffectKind::Resize, span) {
            return;
        }
        let ty = slot.declared.as_ref().map_or_else(|| new.ty().clone(), |(ty, _)| ty.clone());
        let new = if predicated { self.predicate(new, &slot, binding.depth) } else { new };
        self.learn_why(slot.sym, &new);
        self.learn_type(&slot, &ty);
        self.emit(StmtKind::AssignPath(binding.local, slot.path, new.expr), span);
    }

    /// Says that one object is given twice to a function that changes it.
    pub fn check_given_twice(&mut self, changes: &[(Change, Vec<Way>)], given: &[Value], name: &str) -> bool {
        for (change, containers) in changes {
            let Some(changed) = given.get(change.param).and_then(|value| value.place.clone()) else { continue };
            let base = way(&changed.path);
            let containers: Vec<Way> = containers.iter().map(|inner| [base.as_slice(), inner].concat()).collect();
            for (at, other) in given.iter().enumerate().filter(|(at, _)| *at != change.param) {
                let mut same = other.aliases.iter().filter(|alias| alias.root == changed.sym);
                if same.any(|alias| containers.iter().any(|container| container.starts_with(&alias.theirs))) {
                    let variable = self.name_of(changed.sym);
                    let message = format!("`{name}` changes `{variable}`, and is given it a second time");
                    let found = Diagnostic::new(Code::SharedChange, given[at].span(), message);
                    let found = found.note(given[change.param].span(), "the first time");
                    self.report(found.help(format!("say that it is a copy: `{variable}.copy()`")));
                    return false;
                }
            }
        }
        true
    }

    /// A call's result: an argument itself, where that is what it returns.
    pub fn result_of(&mut self, origins: &Origins, given: &[Value], result: Value) -> Value {
        let place = origins.same.and_then(|param| given.get(param)?.place.as_deref().cloned());
        match place.filter(|part| !part.outer && self.flow.get(part.sym).bound().is_some()) {
            Some(part) => {
                let part = Part { stamp: self.changes.stored, ..part };
                Value { why: result.why, place: Some(part.clone().into()), ..self.read_part(&part) }
            }
            None => Value { aliases: self.result_aliases(origins, given), ..result },
        }
    }

    /// What a call's result has in common with its arguments.
    fn result_aliases(&self, origins: &Origins, given: &[Value]) -> Aliases {
        let mut found = Aliases::default();
        for (own, param, theirs) in &origins.result {
            let Some(value) = given.get(*param) else { continue };
            for alias in follow(&value.aliases, theirs).iter() {
                found.push(Alias { own: [own.as_slice(), &alias.own].concat(), ..alias.clone() });
            }
        }
        found
    }

    /// Arguments that are one object after a call.
    pub fn join_arguments(&mut self, origins: &Origins, given: &[Value], span: Span) {
        for [(to, own), (from, theirs)] in &origins.joined {
            let (Some(to), Some(from)) = (given.get(*to), given.get(*from)) else { continue };
            let Some(part) = to.place.clone() else { continue };
            let own = [way(&part.path), own.clone()].concat();
            let aliases = follow(&from.aliases, theirs);
            self.share(&aliases, part.sym, &own, span);
        }
    }

    /// The arguments as they are when the call begins: calls among the arguments may have changed the objects before them.
    pub fn as_they_are(&mut self, given: Vec<Value>) -> Vec<Value> {
        let old = |value: &Value| value.place.as_ref().is_some_and(|part| part.stamp != self.changes.stored);
        if !given.iter().any(old) {
            return given;
        }
        let held: Vec<Value> = given
            .into_iter()
            .map(|value| if value.place.is_some() { value } else { self.hold(value, false) })
            .collect();
        held.into_iter()
            .map(|value| match value.place.as_deref().cloned() {
                Some(part)
                    if part.path.is_empty() && self.making.is_some() && self.flow.get(part.sym).bound().is_none() =>
                {
                    self.made_so_far(value.span())
                }
                Some(part) => {
                    let part = Part { stamp: self.changes.stored, ..part };
                    Value { why: value.why, place: Some(part.clone().into()), ..self.read_part(&part) }
                }
                None => value,
            })
            .collect()
    }
}

/// The aliases of the part that a way leads to.
fn follow(aliases: &Aliases, way: &[Hop]) -> Aliases {
    way.iter().fold(aliases.clone(), |aliases, hop| aliases.inside(*hop))
}

fn has_list(ty: &Ty) -> bool {
    matches!(ty, Ty::List(_)) || ty.components().iter().any(has_list)
}

fn each_return(body: &mut [Stmt], visit: &mut dyn FnMut(&mut Option<Expr>, Span)) {
    for stmt in body {
        let span = stmt.span;
        match &mut stmt.kind {
            StmtKind::Return(value) => visit(value, span),
            StmtKind::If { then, otherwise, .. } => {
                each_return(then, visit);
                each_return(otherwise, visit);
            }
            StmtKind::For { body, .. } | StmtKind::While { body, .. } | StmtKind::Outside(_, body) => {
                each_return(body, visit);
            }
            StmtKind::Try { body, handler, otherwise, .. } => {
                [body, handler, otherwise].into_iter().for_each(|block| each_return(block, visit));
            }
            StmtKind::Assign(..) | StmtKind::AssignPath(..) | StmtKind::Push(..) | StmtKind::Pop { .. } => {}
            StmtKind::Expr(_) | StmtKind::Break | StmtKind::Continue => {}
            StmtKind::Raise(..) | StmtKind::Reraise(_) => {}
            StmtKind::Print(_) | StmtKind::Output(..) => {}
        }
    }
}
