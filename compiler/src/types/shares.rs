//! What in Python would be one object under several names. Values are copied here; where a change would show the difference, it is
//! an error that asks for a copy.
//!
//! A path that leads through a list says nothing of the position: all items count as one.

use super::body::Body;
use super::flow::{Binding, Stale, Var};
use super::places::Part;
use super::tree::{Place, Step, StmtKind};
use super::ty::Ty;
use super::value::{Sym, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use std::rc::Rc;

/// A step from a value to a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hop {
    /// A component of a tuple or a field of an object.
    Component(usize),
    /// Any item of a list, or any part of a tensor.
    Item,
}

/// The way from a value to a part of it.
pub type Way = Vec<Hop>;

/// A part of a value that is also a part of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Where in the value.
    pub own: Way,
    /// The variable.
    pub root: Sym,
    /// Where in the variable.
    pub theirs: Way,
}

/// What a value has in common with variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aliases(Vec<Alias>);

impl Aliases {
    /// Those of a variable itself.
    pub fn of(root: Sym) -> Self {
        Aliases(vec![Alias { own: Vec::new(), root, theirs: Vec::new() }])
    }

    /// Those of a part of a variable.
    pub fn at(root: Sym, theirs: Way) -> Self {
        Aliases(vec![Alias { own: Vec::new(), root, theirs }])
    }

    /// Those of the part of the value that `hop` leads to.
    #[must_use]
    pub fn inside(&self, hop: Hop) -> Self {
        let step = |alias: &Alias| match alias.own.split_first() {
            None => Some(Alias { theirs: extended(&alias.theirs, &[hop]), ..alias.clone() }),
            Some((first, rest)) => (*first == hop).then(|| Alias { own: rest.to_vec(), ..alias.clone() }),
        };
        Aliases(self.0.iter().filter_map(step).collect())
    }

    /// Those of a value that has this one where `hop` leads to.
    pub fn placed(self, hop: Hop) -> impl Iterator<Item = Alias> {
        self.0.into_iter().map(move |alias| Alias { own: extended(&[hop], &alias.own), ..alias })
    }

    /// Those with other variables than these.
    #[must_use]
    pub fn without(mut self, roots: &[Sym]) -> Self {
        self.0.retain(|alias| !roots.contains(&alias.root));
        self
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &Alias> {
        self.0.iter()
    }

    /// Adds one.
    pub fn push(&mut self, alias: Alias) {
        self.0.push(alias);
    }

    /// Adds one, if it is not among them.
    pub fn add(&mut self, alias: Alias) {
        if !self.0.contains(&alias) {
            self.0.push(alias);
        }
    }
}

impl FromIterator<Alias> for Aliases {
    fn from_iter<I: IntoIterator<Item = Alias>>(items: I) -> Self {
        Aliases(items.into_iter().collect())
    }
}

/// A part of a variable that is also a part of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Where in the variable.
    pub own: Way,
    /// The other one.
    pub other: Sym,
    /// Where in that.
    pub theirs: Way,
    /// Where they became one.
    pub at: Span,
}

/// What a variable has in common with others.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    /// True if it may be the caller's.
    pub parameter: bool,
    /// True if it may be another one than the caller's.
    pub own: bool,
    with: Option<Rc<[Share]>>,
}

impl Default for Shared {
    fn default() -> Self {
        Shared { parameter: false, own: true, with: None }
    }
}

impl Shared {
    /// The caller's value.
    pub const PARAMETER: Shared = Shared { parameter: true, own: false, with: None };

    /// What it shares with other variables.
    pub fn with(&self) -> &[Share] {
        self.with.as_deref().unwrap_or_default()
    }

    /// What either shares.
    #[must_use]
    pub fn or(&self, other: &Shared) -> Shared {
        let (parameter, own) = (self.parameter || other.parameter, self.own || other.own);
        let mut joined = Shared { parameter, own, with: self.with.clone().or_else(|| other.with.clone()) };
        if self.with.is_some() && self.with != other.with {
            other.with().iter().for_each(|share| joined.add(share.clone()));
        }
        joined
    }

    /// Whether everything that `other` shares is among this.
    pub fn covers(&self, other: &Shared) -> bool {
        let known = |share: &Share| self.with().iter().any(|own| own.same(share));
        let same = (self.parameter || !other.parameter) && (self.own || !other.own);
        same && other.with().iter().all(known)
    }

    /// What is left when the part at `way` is replaced: it has nothing in common with others any more.
    #[must_use]
    pub fn without(&self, way: &[Hop]) -> Shared {
        let left: Rc<[Share]> = self.with().iter().filter(|share| !share.own.starts_with(way)).cloned().collect();
        Shared { with: (!left.is_empty()).then_some(left), ..*self }
    }

    fn add(&mut self, share: Share) {
        if !self.with().iter().any(|own| own.same(&share)) {
            self.with = Some(self.with().iter().cloned().chain([share]).collect());
        }
    }
}

impl Share {
    fn same(&self, other: &Share) -> bool {
        self.other == other.other && self.own == other.own && self.theirs == other.theirs
    }
}

/// True for what Python would share rather than copy.
pub fn can_share(ty: &Ty) -> bool {
    match ty {
        Ty::Tensor(_, dims) => !dims.is_empty(),
        Ty::List(_) | Ty::Object(_) => true,
        Ty::Tuple(items) => items.iter().any(can_share),
        Ty::None | Ty::Unknown | Ty::Error => false,
    }
}

/// The way that a path takes.
pub fn way(path: &[Step]) -> Way {
    let hop = |step: &Step| match step {
        Step::Component(at) => Hop::Component(*at),
        Step::Item(_) | Step::Places(_) => Hop::Item,
    };
    path.iter().map(hop).collect()
}

fn extended(way: &[Hop], by: &[Hop]) -> Way {
    way.iter().chain(by).copied().collect()
}

impl Body<'_, '_> {
    /// Notes that a part of a variable is what a value is from now on.
    pub fn share(&mut self, aliases: &Aliases, with: Sym, way: &[Hop], at: Span) {
        for alias in aliases.iter() {
            let own = extended(way, &alias.own);
            self.one_object((alias.root, alias.theirs.clone()), (with, own), at);
        }
    }

    /// Two parts of variables become one object; the second has nothing in common with others yet.
    fn one_object(&mut self, old: (Sym, Way), new: (Sym, Way), at: Span) {
        if old.0 == new.0 {
            return;
        }
        let further = self.flow.get(old.0).bound().map(|binding| binding.shared.clone()).unwrap_or_default();
        self.link(&old, &new, at);
        for share in further.with().iter().filter(|share| share.other != new.0) {
            let other = |rest: &[Hop]| (share.other, extended(&share.theirs, rest));
            if let Some(rest) = old.1.strip_prefix(share.own.as_slice()) {
                self.link(&other(rest), &new, at);
            } else if let Some(rest) = share.own.strip_prefix(old.1.as_slice()) {
                self.link(&other(&[]), &(new.0, extended(&new.1, rest)), at);
            }
        }
    }

    fn link(&mut self, a: &(Sym, Way), b: &(Sym, Way), at: Span) {
        self.links.push([a.clone(), b.clone()]);
        for (one, other) in [(a, b), (b, a)] {
            if let Some(binding) = self.flow.get(one.0).bound().filter(|binding| can_share(&binding.ty)) {
                let mut binding = Binding::clone(binding);
                binding.shared.add(Share { own: one.1.clone(), other: other.0, theirs: other.1.clone(), at });
                self.flow.set(one.0, Var::Bound(binding.into()));
            }
        }
    }

    /// Whether what lies at `container` in a variable may be changed in place: not if Python would show the change under another name.
    /// What is a parameter's may: the caller gets it back.
    pub fn changeable(&mut self, sym: Sym, container: &[Hop], span: Span) -> bool {
        let Some(binding) = self.flow.get(sym).bound().cloned() else { return false };
        let name = self.name_of(sym);
        let alive = |share: &&Share| {
            let other = self.flow.get(share.other).bound();
            container.starts_with(&share.own)
                && other.is_some_and(|other| other.shared.with().iter().any(|back| back.other == sym))
        };
        let others: Vec<Share> = binding.shared.with().iter().filter(alive).cloned().collect();
        for share in others {
            let Some(other) = self.flow.get(share.other).bound().cloned() else { continue };
            if other.home.as_ref().is_some_and(|home| home.sym == sym) {
                self.flow.set(share.other, Var::Bound(Binding { old: true, ..Binding::clone(&other) }.into()));
            } else if other.shared.parameter {
                self.changes_one_of_two(&share, name, span);
                return false;
            } else {
                let items = !share.own.is_empty();
                let stale = Stale { change: span, share: share.at, by: sym, items };
                self.flow.set(share.other, Var::Stale(stale.into()));
            }
        }
        true
    }

    fn changes_one_of_two(&mut self, share: &Share, name: &str, span: Span) {
        let other = self.name_of(share.other);
        if other.is_empty() {
            let message = format!("the items of `{name}` are several values here, not one as in Python");
            let found = Diagnostic::new(Code::SharedChange, span, message).label("this changes one of them only");
            let found = found.note(share.at, "in Python, `*` repeats one object");
            return self.report(found.help("make each anew: `[[0] * m for _ in range(n)]`"));
        }
        let kept = self.place_text(share).filter(|_| share.own.is_empty() && !share.theirs.is_empty());
        let message = format!("`{name}` and `{other}` are two values here, not one as in Python");
        let found = Diagnostic::new(Code::SharedChange, span, message).label(format!("this changes `{name}` only"));
        let found = found.note(share.at, "this makes a copy");
        self.report(match kept {
            Some(place) => found.help(format!("change it where it is kept: `{place}`")),
            None => found.help("if a copy is meant, say so where it is made, with `.copy()`"),
        });
    }

    /// What lies inside of `container` in a variable (`None`: the variable itself) may be something else from now on: variables that are
    /// kept there get it now.
    pub fn leave_home(&mut self, root: Sym, container: Option<&[Hop]>, span: Span) {
        for sym in (0..self.flow.len() as u32).map(Sym) {
            let Some(binding) = self.flow.get(sym).bound().filter(|binding| binding.home.is_some()).cloned() else {
                continue;
            };
            let inside = binding.home.as_ref().is_some_and(|home| {
                let at = way(&home.path);
                let within = |container: &[Hop]| at.starts_with(container) && at.len() > container.len();
                home.sym == root && container.is_none_or(within)
            });
            if inside && sym != root {
                let alone = self.without_home(sym, &binding, span);
                self.flow.set(sym, Var::Bound(alone.into()));
            }
        }
    }

    /// The binding with its own value, up to date.
    pub fn without_home(&mut self, sym: Sym, binding: &Binding, span: Span) -> Binding {
        if !binding.old {
            return Binding { home: None, ..binding.clone() };
        }
        let value = self.flow.read(binding, span);
        let ty = value.ty.clone();
        let local = self.local_for(sym, &ty);
        self.emit(StmtKind::Assign(local, value), span);
        Binding { home: None, old: false, ty, local, ..binding.clone() }
    }

    /// Variables that are kept in another one have the types that it says.
    pub fn learn_types_at_home(&mut self, root: Sym) {
        for sym in (0..self.flow.len() as u32).map(Sym) {
            let Some(binding) = self.flow.get(sym).bound() else { continue };
            if binding.home.as_ref().is_some_and(|home| home.sym == root) {
                let there = Binding { old: true, ..Binding::clone(binding) };
                let ty = self.flow.read(&there, binding.at).ty;
                if ty != binding.ty {
                    self.flow.set(sym, Var::Bound(Binding { ty, ..there }.into()));
                }
            }
        }
    }

    /// A variable that was put into a part of another one is that part from now on.
    pub fn move_home(&mut self, from: Option<&Part>, home: Part) {
        let Some(from) = from.filter(|from| from.path.is_empty() && !from.outer && from.sym != home.sym) else {
            return;
        };
        let lodges = |sym: u32| {
            let binding = self.flow.get(Sym(sym)).bound();
            binding.and_then(|binding| binding.home.as_ref()).is_some_and(|home| home.sym == from.sym)
        };
        if (0..self.flow.len() as u32).any(lodges) {
            return;
        }
        let Some(binding) = self.flow.get(from.sym).bound().filter(|binding| !binding.shared.parameter) else { return };
        if binding.depth == self.secret.len() {
            let moved = Binding { home: Some(home.into()), ..Binding::clone(binding) };
            self.flow.set(from.sym, Var::Bound(moved.into()));
        }
    }

    /// A variable is the part of another one that its new value was taken from.
    pub fn stay_at_home(&mut self, sym: Sym, place: Option<Rc<Part>>) {
        let known = |part: &Rc<Part>| {
            let plain = |place: &Place| matches!(place, Place::At(_));
            let whole = |step: &Step| !matches!(step, Step::Places(places) if !places.iter().all(plain));
            let now = !part.outer && part.stamp == self.changes.stored && part.path.iter().all(whole);
            now && part.sym != sym && self.flow.get(part.sym).bound().is_some()
        };
        let Some(home) = place.filter(known) else { return };
        if let Some(binding) = self.flow.get(sym).bound().filter(|binding| can_share(&binding.ty)) {
            let kept = Binding { home: Some(home), ..Binding::clone(binding) };
            self.flow.set(sym, Var::Bound(kept.into()));
        }
    }
}

impl Body<'_, '_> {
    /// The other place of something shared, as it is written.
    fn place_text(&self, share: &Share) -> Option<String> {
        let mut ty = self.flow.get(share.other).bound()?.ty.clone();
        let mut text = self.name_of(share.other).to_owned();
        for hop in &share.theirs {
            ty = match (hop, &ty) {
                (Hop::Component(at), Ty::Object(object)) => {
                    text.push('.');
                    text.push_str(object.class.fields.get(*at)?);
                    object.fields.get(*at)?.clone()
                }
                (Hop::Component(at), Ty::Tuple(items)) => {
                    text.push_str(&format!("[{at}]"));
                    items.get(*at)?.clone()
                }
                (Hop::Item, Ty::List(item)) => {
                    text.push_str("[i]");
                    (**item).clone()
                }
                _ => return None,
            };
        }
        Some(text)
    }
}

impl Body<'_, '_> {
    /// The same, and those with what the variables share with others: they may be gone when it matters.
    pub fn with_other_names(&self, aliases: &Aliases) -> Aliases {
        let mut all = aliases.clone();
        for alias in aliases.iter() {
            let Some(binding) = self.flow.get(alias.root).bound() else { continue };
            for share in binding.shared.with() {
                if let Some(rest) = alias.theirs.strip_prefix(share.own.as_slice()) {
                    let theirs = extended(&share.theirs, rest);
                    all.add(Alias { own: alias.own.clone(), root: share.other, theirs });
                }
            }
        }
        all
    }

    /// What a variable has cannot be changed under another name: nobody would see it.
    pub fn flow_is_given(&mut self, sym: Sym) {
        if let Some(binding) = self.flow.get(sym).bound() {
            let shared = Shared { parameter: true, ..binding.shared.clone() };
            let given = Binding { shared, home: None, ..Binding::clone(binding) };
            self.flow.set(sym, Var::Bound(given.into()));
        }
    }
}

impl Value {
    /// What a new list of the same items has in common with variables.
    pub fn items_aliases(&self) -> Aliases {
        match self.ty() {
            Ty::List(item) if can_share(item) => self.aliases.inside(Hop::Item).placed(Hop::Item).collect(),
            _ => Aliases::default(),
        }
    }

    /// The same as a new object; the items of a list stay what they are.
    #[must_use]
    pub fn copied(self) -> Self {
        Value { aliases: self.items_aliases(), place: None, ..self }
    }

    /// The same without anything in common with variables.
    #[must_use]
    pub fn alone(mut self) -> Self {
        (self.aliases, self.place) = (Aliases::default(), None);
        self
    }
}
