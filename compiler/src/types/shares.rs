//! What in Python would be one object under several names. Values are copied here; where a change would show the difference, it is
//! an error that asks for a copy.
//!
//! A path that leads through a list says nothing of the position: all items count as one.

use super::body::Body;
use super::flow::{Binding, Var};
use super::tree::Step;
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shared {
    /// True if it is the caller's.
    pub parameter: bool,
    with: Option<Rc<[Share]>>,
}

impl Shared {
    /// The caller's value.
    pub const PARAMETER: Shared = Shared { parameter: true, with: None };

    /// What it shares with other variables.
    pub fn with(&self) -> &[Share] {
        self.with.as_deref().unwrap_or_default()
    }

    /// What either shares.
    #[must_use]
    pub fn or(&self, other: &Shared) -> Shared {
        let parameter = self.parameter || other.parameter;
        let mut joined = Shared { parameter, with: self.with.clone().or_else(|| other.with.clone()) };
        if self.with.is_some() && self.with != other.with {
            other.with().iter().for_each(|share| joined.add(share.clone()));
        }
        joined
    }

    /// Whether everything that `other` shares is among this.
    pub fn covers(&self, other: &Shared) -> bool {
        let known = |share: &Share| self.with().iter().any(|own| own.same(share));
        (self.parameter || !other.parameter) && other.with().iter().all(known)
    }

    /// What is left when the part at `way` is replaced: it has nothing in common with others any more.
    #[must_use]
    pub fn without(&self, way: &[Hop]) -> Shared {
        let left: Rc<[Share]> = self.with().iter().filter(|share| !share.own.starts_with(way)).cloned().collect();
        Shared { parameter: self.parameter, with: (!left.is_empty()).then_some(left) }
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
    /// What lies in an object that is a parameter may: the caller gets it back.
    pub fn changeable(&mut self, sym: Sym, container: &[Hop], in_object: bool, span: Span) -> bool {
        let Some(binding) = self.flow.get(sym).bound().cloned() else { return false };
        let name = self.name_of(sym);
        let alive = |share: &&Share| {
            let other = self.flow.get(share.other).bound();
            container.starts_with(&share.own)
                && other.is_some_and(|other| other.shared.with().iter().any(|back| back.other == sym))
        };
        let found = if let Some(share) = binding.shared.with().iter().find(alive) {
            let other = self.name_of(share.other);
            let kept = self.place_text(share).filter(|_| share.own.is_empty() && !share.theirs.is_empty());
            let message = format!("`{name}` and `{other}` are two values here, not one as in Python");
            let found = Diagnostic::new(Code::SharedChange, span, message).label(format!("this changes `{name}` only"));
            let found = found.note(share.at, "this makes a copy");
            match kept {
                Some(place) => found.help(format!("change it where it is kept: `{place}`")),
                None => found.help("if a copy is meant, say so where it is made, with `.copy()`"),
            }
        } else if binding.shared.parameter && !self.library && !in_object {
            let message =
                format!("`{name}` is a parameter: what the caller has would not change, though in Python it would");
            Diagnostic::new(Code::SharedChange, span, message)
                .label(format!("this changes the function's own `{name}` only"))
                .help(format!("begin with `{name} = {name}.copy()`, and return it at the end"))
        } else {
            return true;
        };
        self.report(found);
        false
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

impl Value {
    /// The same without anything in common with variables.
    #[must_use]
    pub fn alone(mut self) -> Self {
        (self.aliases, self.place) = (Aliases::default(), None);
        self
    }
}
