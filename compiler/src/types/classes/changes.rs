//! What a call changes in the objects, lists and tensors that it is given, and in those around the function. The callee gives back
//! what it changed, behind its result; the caller stores it where it took it from.

use super::super::body::Body;
use super::super::convert::convert;
use super::super::flow::{Binding, Var};
use super::super::places::Part;
use super::super::sequences::component;
use super::super::shares::{Alias, Aliases, Hop, Way, can_share, way};
use super::super::tree::{Expr, ExprKind, Step, Stmt, StmtKind};
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

/// What a call gives back of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// What is changed.
    pub change: Change,
    /// Where in the parameter the objects, lists and tensors lie of which something is replaced.
    pub containers: Vec<Way>,
    /// Its type afterwards.
    pub ty: Ty,
    /// True if a list in it may be longer or shorter than before.
    pub resized: bool,
}

/// A parameter, or a variable around the function that it reads.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its place among what a call passes.
    pub place: usize,
    /// Its variable.
    pub sym: Sym,
    /// The variable that keeps what the caller gave, once the parameter is assigned as a whole.
    pub kept: Sym,
    /// Where it was first assigned as a whole.
    pub rebound: Option<Span>,
}

/// Where and how something of a parameter is changed.
#[derive(Clone, Debug)]
pub struct Place {
    /// The first change.
    first: Span,
    /// What is changed in place, from the parameter.
    containers: BTreeSet<Way>,
    /// Whether a list may have another length.
    resized: bool,
    /// A change of what the parameter perhaps is not any more.
    unclear: Option<Span>,
}

/// What a function does to its parameters, while it is walked.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Those that can be changed in place.
    pub params: Vec<Param>,
    /// What is changed.
    pub found: BTreeMap<Change, Place>,
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

impl Changes {
    /// The parameter's place, if the variable is one.
    fn place(&self, sym: Sym) -> Option<usize> {
        self.params.iter().find(|param| param.sym == sym).map(|param| param.place)
    }
}

impl Body<'_, '_> {
    /// Notes that something of what lies at `container` is replaced: if it is a parameter's, the caller must hear of it.
    pub fn note_change(&mut self, part: &Part, container: Way, resized: bool, span: Span) {
        let Some(binding) = self.flow.get(part.sym).bound() else { return };
        let (shared, object) = (binding.shared.clone(), matches!(binding.ty, Ty::Object(_)));
        let (Some(param), true, false) = (self.changes.place(part.sym), shared.parameter, self.library) else { return };
        let field = match way(&part.path).first() {
            Some(Hop::Component(at)) => Some(*at),
            Some(Hop::Item) | None => None,
        };
        let change = Change { param, field: field.filter(|_| object) };
        let none = || Place { first: span, containers: BTreeSet::new(), resized: false, unclear: None };
        let place = self.changes.found.entry(change).or_insert_with(none);
        place.containers.insert(container);
        place.resized |= resized;
        place.unclear = place.unclear.or(shared.own.then_some(span));
    }

    /// Notes what a `return` gives.
    pub fn note_returned(&mut self, value: &Value) {
        if can_share(value.ty()) {
            self.changes.returned.extend(value.aliases.iter().cloned());
        }
        let whole = value.place.as_ref().filter(|part| part.path.is_empty() && can_share(&part.ty));
        let given =
            |sym: Sym| self.flow.get(sym).bound().is_some_and(|bound| bound.shared.parameter && !bound.shared.own);
        let param = whole.filter(|part| given(part.sym)).and_then(|part| self.changes.place(part.sym));
        self.changes.returned_params.push(param);
    }

    /// A variable is about to be assigned as a whole: if it is a parameter, what the caller gave is kept.
    pub fn note_rebound(&mut self, sym: Sym, at: Span) {
        let Some(param) = self.changes.params.iter_mut().find(|param| param.sym == sym) else { return };
        let kept = param.kept;
        param.rebound = param.rebound.or(Some(at));
        let Some(binding) = self.flow.get(sym).bound().cloned() else { return };
        if !binding.shared.parameter || binding.shared.own || self.library {
            return;
        }
        let local = self.local_for(kept, &binding.ty);
        let value = Expr::local(binding.local, binding.ty.clone(), at);
        self.emit(StmtKind::Assign(local, value), at);
        self.flow.set(kept, Var::Bound(Binding { local, ..Binding::clone(&binding) }.into()));
    }

    /// What a `return` gives: the result, then all that the caller may have to get back.
    pub fn returning(&self, result: Option<Expr>, span: Span) -> Option<Expr> {
        if self.changes.params.is_empty() || self.library {
            return result;
        }
        let nothing = Expr { kind: ExprKind::Tuple(Vec::new()), ty: Ty::None, span };
        let given = self.changes.params.iter().map(|param| self.as_given(param, span));
        let items: Vec<Expr> = std::iter::once(result.unwrap_or(nothing)).chain(given).collect();
        let ty = Ty::Tuple(items.iter().map(|item| item.ty.clone()).collect());
        Some(Expr { kind: ExprKind::Tuple(items), ty, span })
    }

    /// What the caller gave for a parameter, as it is now; an error where it is not clear which one it is.
    fn as_given(&self, param: &Param, span: Span) -> Expr {
        let own = self.flow.get(param.sym).bound().filter(|binding| binding.shared.parameter);
        let found = match (own, self.flow.get(param.kept)) {
            (Some(binding), Var::Unassigned) if !binding.shared.own => Some(binding),
            (None, Var::Bound(kept)) => Some(kept),
            _ => None,
        };
        match found {
            Some(binding) => Expr::local(binding.local, binding.ty.clone(), span),
            None => Value::error(span).expr,
        }
    }

    /// What is given back at each `return`: the result as `result`, then what is changed; its types are added to `changed`.
    pub fn give_back(&mut self, body: &mut [Stmt], result: &Ty, changed: &mut Vec<Changed>) -> Ty {
        if self.changes.params.is_empty() || self.library {
            each_return(body, &mut |value, _| {
                *value = value.take().map(|value| fitted(value, result));
            });
            return result.clone();
        }
        let found: Vec<(Change, Place)> = self.changes.found.iter().map(|(c, p)| (*c, p.clone())).collect();
        let index = |change: &Change| self.changes.params.iter().position(|param| param.place == change.param);
        let wanted: Vec<(usize, Option<usize>)> =
            found.iter().filter_map(|(change, _)| Some((index(change)? + 1, change.field))).collect();
        let mut types: Vec<Option<Ty>> = vec![None; wanted.len()];
        let mut unclear = vec![false; wanted.len()];
        each_return(body, &mut |value, _| {
            let Some(ExprKind::Tuple(items)) = value.as_ref().map(|value| &value.kind) else { return };
            for (at, picked) in wanted.iter().map(|slot| picked(items, *slot)).enumerate() {
                let ty = picked.map_or(Ty::Error, |picked| picked.ty);
                let joined = types[at].as_ref().map_or(Some(ty.clone()), |known| known.join(&ty));
                unclear[at] |= joined.is_none() || ty.is_error();
                types[at] = joined.or(Some(Ty::Error));
            }
        });
        for ((change, place), unclear) in found.iter().zip(unclear) {
            self.check_given_back(*change, place, unclear);
        }
        let types: Vec<Ty> = types.into_iter().map(|ty| ty.unwrap_or(Ty::Error)).collect();
        let whole = Ty::Tuple(std::iter::once(result.clone()).chain(types.iter().cloned()).collect());
        each_return(body, &mut |value, span| {
            let Some(Expr { kind: ExprKind::Tuple(items), .. }) = value.take() else { return };
            let fields: Vec<Expr> =
                wanted.iter().zip(&types).filter_map(|(slot, ty)| Some(fitted(picked(&items, *slot)?, ty))).collect();
            let first = items.into_iter().next().filter(|first| first.ty != Ty::None || !fields.is_empty());
            let first = first.map(|first| if first.ty == Ty::None { first } else { fitted(first, result) });
            *value = match (fields.is_empty(), first) {
                (false, Some(first)) => {
                    let items = std::iter::once(first).chain(fields).collect();
                    Some(Expr { kind: ExprKind::Tuple(items), ty: whole.clone(), span })
                }
                (_, first) => first,
            };
        });
        let of = |((change, place), ty): ((Change, Place), Ty)| Changed {
            change,
            containers: place.containers.into_iter().collect(),
            ty,
            resized: place.resized,
        };
        changed.extend(found.into_iter().zip(types).map(of));
        if changed.is_empty() { result.clone() } else { whole }
    }

    /// A parameter that is changed, and is something else on some paths, cannot be told from that.
    fn check_given_back(&mut self, change: Change, place: &Place, unclear: bool) {
        let Some(param) = self.changes.params.iter().find(|param| param.place == change.param).cloned() else { return };
        let Some(at) = param.rebound.filter(|_| unclear || place.unclear.is_some()) else { return };
        let name = self.name_of(param.sym);
        let message =
            format!("`{name}` is a parameter that is changed, and assigned as a whole elsewhere in this function");
        let found = Diagnostic::new(Code::SharedChange, place.unclear.unwrap_or(place.first), message)
            .note(at, "it is another object from here on");
        self.report(found.help("use another name for the other object"));
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
        let changed: Vec<usize> = self.changes.found.keys().map(|change| change.param).collect();
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
    pub fn store_changes(&mut self, call: Value, changes: &[Changed], given: &[Value], name: &str) -> Value {
        let (span, why) = (call.span(), call.why.clone());
        let all = self.hold(call, false);
        let result = component(&all, 0);
        for (at, changed) in changes.iter().enumerate() {
            let Some(argument) = given.get(changed.change.param) else { continue };
            let new = component(&all, at + 1).because(why.clone());
            let touched = |alias: &&Alias| changed.containers.iter().any(|container| container.starts_with(&alias.own));
            match (argument.place.as_deref().cloned(), argument.aliases.iter().find(touched)) {
                (Some(part), _) => self.store_change(part, changed, new, name, span),
                // Nobody else has it: what happened to it is of no interest.
                (None, None) => {}
                (None, Some(alias)) => {
                    let variable = self.name_of(alias.root).to_owned();
                    self.changes_a_copy(name, &variable, argument);
                }
            }
        }
        self.changes.stored += 1;
        // The result was held before anything was stored.
        Value { aliases: Aliases::default(), place: None, ..result }
    }

    fn changes_a_copy(&mut self, name: &str, variable: &str, argument: &Value) {
        let what = called(argument.ty());
        let message =
            format!("`{name}` changes this {what}, which is a copy here; in Python it would be that of `{variable}`");
        let found = Diagnostic::new(Code::SharedChange, argument.span(), message);
        self.report(found.help(match argument.ty().has_object() {
            true => "call it on the variable, field or item that holds the object, as in `model.layers[i]`",
            false => {
                "give it the variable, field or item itself, as in `rows[i]`; or say that a copy is meant: `.copy()`"
            }
        }));
    }

    fn store_change(&mut self, part: Part, changed: &Changed, new: Value, name: &str, span: Span) {
        if part.outer {
            let variable = self.name_of(part.sym);
            let message = format!("`{variable}` belongs to another file, and `{name}` changes it");
            let found = Diagnostic::new(Code::SharedChange, span, message);
            let help = format!("make the change in a function of that file, or work with `{variable}.copy()`");
            return self.report(found.help(help));
        }
        if self.flow.get(part.sym).bound().is_none()
            && let (true, [], Some(at)) = (self.making.is_some(), part.path.as_slice(), changed.change.field)
        {
            return self.changed_in_making(at, new, span);
        }
        let base = way(&part.path);
        let containers: Vec<Way> = changed.containers.iter().map(|inner| [base.as_slice(), inner].concat()).collect();
        if !containers.iter().all(|container| self.changeable(part.sym, container, span)) {
            return;
        }
        let slot = match changed.change.field {
            Some(field) => self.field_part(part, field, span),
            None => Some(part),
        };
        let Some(slot) = slot else { return };
        if !matches!(new.ty(), Ty::Tensor(..)) {
            containers.iter().for_each(|container| self.leave_home(slot.sym, Some(container), span));
        }
        let Some(binding) = self.flow.get(slot.sym).bound().cloned() else { return };
        if changed.resized && !self.may_resize(&slot, span) {
            return;
        }
        for container in containers {
            self.note_change(&slot, container, changed.resized, span);
        }
        let predicated = binding.depth < self.secret.len();
        let declared = slot.declared.as_ref().map_or(span, |(_, at)| *at);
        let in_object = slot.declared.is_some() || new.ty().has_object();
        if predicated && in_object && !self.may_be_chosen(new.ty(), span, declared) {
            return;
        }
        if let Some((ty, _)) = &slot.declared
            && !matches!(slot.path.last(), Some(Step::Places(_)))
        {
            let ty = ty.clone();
            let new = if predicated { self.predicate(new, &slot, binding.depth) } else { new };
            self.learn_why(slot.sym, &new);
            self.learn_type(&slot, &ty);
            return self.emit(StmtKind::AssignPath(binding.local, slot.path, new.expr), span);
        }
        let new = Value { expr: Expr { span, ..new.expr }, ..new };
        self.put(slot, new, &binding, span);
    }

    /// Says that one object is given twice to a function that changes it.
    pub fn check_given_twice(&mut self, changes: &[Changed], given: &[Value], name: &str) -> bool {
        for Changed { change, containers, .. } in changes {
            let Some(changed) = given.get(change.param).and_then(|value| value.place.clone()) else { continue };
            let base = way(&changed.path);
            let containers: Vec<Way> = containers.iter().map(|inner| [base.as_slice(), inner].concat()).collect();
            for (at, other) in given.iter().enumerate().filter(|(at, _)| *at != change.param) {
                let within = |theirs: &Way| containers.iter().any(|container| container.starts_with(theirs));
                let mut same = other.aliases.iter().filter(|alias| alias.root == changed.sym);
                let kept = other.place.as_deref().filter(|part| part.sym == changed.sym);
                if same.any(|alias| within(&alias.theirs)) || kept.is_some_and(|part| within(&way(&part.path))) {
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

/// What messages call a value of this type.
fn called(ty: &Ty) -> &'static str {
    match ty {
        Ty::List(_) => "list",
        Ty::Tensor(..) => "tensor",
        Ty::Tuple(_) => "tuple",
        Ty::Object(_) | Ty::None | Ty::Unknown | Ty::Error => "object",
    }
}

/// The changed part of what a `return` gives for a parameter.
fn picked(items: &[Expr], (at, field): (usize, Option<usize>)) -> Option<Expr> {
    let whole = items.get(at)?;
    let Some(field) = field.filter(|_| !whole.ty.is_error()) else { return Some(whole.clone()) };
    let value = Value { expr: whole.clone(), ..Value::error(whole.span) };
    Some(component(&value, field).expr)
}

fn fitted(value: Expr, ty: &Ty) -> Expr {
    if ty.is_error() || value.ty.is_error() { value } else { convert(value, ty) }
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
