//! Types: kind (secrecy and domain) × shape, lists, tuples and objects.

use super::shape::Dim;
use crate::names::ClassId;
use mpc_bytecode::Kind;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The type of an expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ty {
    /// A tensor; without dimensions, a scalar. Text is always a scalar. The kind is never `Raw`.
    Tensor(Kind, Vec<Dim>),
    /// A list of public length. An empty list's items are [`Ty::Unknown`] until something is put in.
    List(Box<Ty>),
    /// A tuple.
    Tuple(Vec<Ty>),
    /// An object of a class.
    Object(Object),
    /// What a function without a result gives.
    None,
    /// The items of an empty list: joins with everything.
    Unknown,
    /// Something that was reported already: accepted everywhere, so that one mistake gives one error.
    Error,
}

/// What is known of an object. Its fields have the kinds that the class declares; their sizes follow from the object's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Object {
    /// The class.
    pub class: Arc<Class>,
    /// A size for each shape parameter of the class.
    pub sizes: Vec<Dim>,
    /// The types of the fields, in order.
    pub fields: Vec<Ty>,
}

/// A class, as far as its objects need it. Two are the same if their numbers are.
#[derive(Clone, Debug, Eq)]
pub struct Class {
    /// Its number among all classes.
    pub id: ClassId,
    /// Its name.
    pub name: String,
    /// The names of its shape parameters, in order.
    pub shape: Vec<String>,
    /// The names of its fields, in order.
    pub fields: Vec<String>,
    /// For each shape parameter, where its size can be measured: the fields that lead to a tensor, and the axis.
    pub measures: Vec<Option<(Vec<usize>, usize)>>,
}

impl PartialEq for Class {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Hash for Class {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl Class {
    /// The place of a field.
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field == name)
    }
}

/// What values a kind has, secret or not; each holds the values of those before it, but for text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// `bool`, `sbool`
    Bool,
    /// `int`, `sint`
    Int,
    /// `fix`, `sfix`
    Fix,
    /// `str`
    Text,
}

impl Domain {
    /// The domain of a kind; a raw ring element is an integer.
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Bool | Kind::Sbool => Domain::Bool,
            Kind::Int | Kind::Sint | Kind::Raw => Domain::Int,
            Kind::Fix | Kind::Sfix => Domain::Fix,
            Kind::Str => Domain::Text,
        }
    }

    /// The kind of this domain and secrecy; text is public.
    pub const fn kind(self, secret: bool) -> Kind {
        match (self, secret) {
            (Domain::Bool, false) => Kind::Bool,
            (Domain::Bool, true) => Kind::Sbool,
            (Domain::Int, false) => Kind::Int,
            (Domain::Int, true) => Kind::Sint,
            (Domain::Fix, false) => Kind::Fix,
            (Domain::Fix, true) => Kind::Sfix,
            (Domain::Text, _) => Kind::Str,
        }
    }
}

/// True for kinds whose values no player knows.
pub const fn is_secret(kind: Kind) -> bool {
    matches!(kind, Kind::Sint | Kind::Sfix | Kind::Sbool | Kind::Raw)
}

/// The least kind that holds the values of both; `None` for text with a number.
pub fn join_kinds(a: Kind, b: Kind) -> Option<Kind> {
    let (left, right) = (Domain::of(a), Domain::of(b));
    let text = (left == Domain::Text) != (right == Domain::Text);
    (!text).then(|| left.max(right).kind(is_secret(a) || is_secret(b)))
}

impl Ty {
    /// A scalar of this kind.
    pub const fn scalar(kind: Kind) -> Self {
        Ty::Tensor(kind, Vec::new())
    }

    /// The kind of a tensor's elements.
    pub const fn kind(&self) -> Option<Kind> {
        match self {
            Ty::Tensor(kind, _) => Some(*kind),
            Ty::List(_) | Ty::Tuple(_) | Ty::Object(_) | Ty::None | Ty::Unknown | Ty::Error => None,
        }
    }

    /// True if it is a scalar of exactly this kind.
    pub fn is_scalar(&self, kind: Kind) -> bool {
        matches!(self, Ty::Tensor(found, dims) if *found == kind && dims.is_empty())
    }

    /// True if something in it is secret.
    pub fn is_secret(&self) -> bool {
        match self {
            Ty::Tensor(kind, _) => is_secret(*kind),
            Ty::List(item) => item.is_secret(),
            Ty::Tuple(items) | Ty::Object(Object { fields: items, .. }) => items.iter().any(Ty::is_secret),
            Ty::None | Ty::Unknown | Ty::Error => false,
        }
    }

    /// True if something in it was reported already.
    pub fn is_error(&self) -> bool {
        match self {
            Ty::Error => true,
            Ty::List(item) => item.is_error(),
            Ty::Tuple(items) | Ty::Object(Object { fields: items, .. }) => items.iter().any(Ty::is_error),
            Ty::Tensor(..) | Ty::None | Ty::Unknown => false,
        }
    }

    /// The same type with every tensor changed.
    pub fn map(&self, tensor: &dyn Fn(Kind, &[Dim]) -> Ty) -> Ty {
        match self {
            Ty::Tensor(kind, dims) => tensor(*kind, dims),
            Ty::List(item) => Ty::List(Box::new(item.map(tensor))),
            Ty::Tuple(items) => Ty::Tuple(items.iter().map(|item| item.map(tensor)).collect()),
            Ty::Object(object) => {
                let fields = object.fields.iter().map(|field| field.map(tensor)).collect();
                Ty::Object(Object { fields, ..object.clone() })
            }
            Ty::None => Ty::None,
            Ty::Unknown => Ty::Unknown,
            Ty::Error => Ty::Error,
        }
    }

    /// The same type with every size changed.
    pub fn resized(&self, size: &dyn Fn(&Dim) -> Dim) -> Ty {
        let all = |items: &[Ty]| items.iter().map(|item| item.resized(size)).collect();
        match self {
            Ty::Tensor(kind, dims) => Ty::Tensor(*kind, dims.iter().map(size).collect()),
            Ty::List(item) => Ty::List(Box::new(item.resized(size))),
            Ty::Tuple(items) => Ty::Tuple(all(items)),
            Ty::Object(Object { class, sizes, fields }) => {
                let sizes = sizes.iter().map(size).collect();
                Ty::Object(Object { class: Arc::clone(class), sizes, fields: all(fields) })
            }
            Ty::None => Ty::None,
            Ty::Unknown => Ty::Unknown,
            Ty::Error => Ty::Error,
        }
    }

    /// The components of a tuple or an object; none of anything else.
    pub fn components(&self) -> &[Ty] {
        match self {
            Ty::Tuple(items) | Ty::Object(Object { fields: items, .. }) => items,
            Ty::Tensor(..) | Ty::List(_) | Ty::None | Ty::Unknown | Ty::Error => &[],
        }
    }

    /// True if it is an object, or holds one.
    pub fn has_object(&self) -> bool {
        match self {
            Ty::Object(_) => true,
            Ty::List(item) => item.has_object(),
            Ty::Tuple(items) => items.iter().any(Ty::has_object),
            Ty::Tensor(..) | Ty::None | Ty::Unknown | Ty::Error => false,
        }
    }

    /// The same type with secret elements; text stays.
    pub fn secret(&self) -> Ty {
        self.map(&|kind, dims| Ty::Tensor(kind.secret().unwrap_or(kind), dims.to_vec()))
    }

    /// The type as far as the machine's registers tell types apart: sizes and unknown items are left out.
    pub fn erased(&self) -> Ty {
        match self {
            Ty::Tensor(kind, dims) => Ty::Tensor(*kind, vec![Dim::Unknown; dims.len()]),
            Ty::List(item) => Ty::List(Box::new(item.erased())),
            Ty::Tuple(items) => Ty::Tuple(items.iter().map(Ty::erased).collect()),
            Ty::Object(Object { class, sizes, fields }) => {
                let fields = fields.iter().map(Ty::erased).collect();
                Ty::Object(Object { class: Arc::clone(class), sizes: vec![Dim::Unknown; sizes.len()], fields })
            }
            Ty::Unknown => Ty::scalar(Kind::Int),
            Ty::None => Ty::None,
            Ty::Error => Ty::Error,
        }
    }

    /// The least type that holds the values of both; `None` if there is none.
    pub fn join(&self, other: &Ty) -> Option<Ty> {
        match (self, other) {
            (Ty::Error, _) | (_, Ty::Error) => Some(Ty::Error),
            (Ty::Unknown, ty) | (ty, Ty::Unknown) => Some(ty.clone()),
            (Ty::Tensor(a, left), Ty::Tensor(b, right)) if left.len() == right.len() => {
                let dims = left.iter().zip(right).map(|(left, right)| left.join(right)).collect();
                Some(Ty::Tensor(join_kinds(*a, *b)?, dims))
            }
            (Ty::List(a), Ty::List(b)) => Some(Ty::List(Box::new(a.join(b)?))),
            (Ty::Tuple(a), Ty::Tuple(b)) if a.len() == b.len() => {
                Some(Ty::Tuple(a.iter().zip(b).map(|(a, b)| a.join(b)).collect::<Option<_>>()?))
            }
            (Ty::Object(a), Ty::Object(b)) if a.class == b.class => {
                let sizes = a.sizes.iter().zip(&b.sizes).map(|(a, b)| a.join(b)).collect();
                let fields = a.fields.iter().zip(&b.fields).map(|(a, b)| a.join(b)).collect::<Option<_>>()?;
                Some(Ty::Object(Object { class: Arc::clone(&a.class), sizes, fields }))
            }
            (Ty::None, Ty::None) => Some(Ty::None),
            (Ty::Tensor(..) | Ty::List(_) | Ty::Tuple(_) | Ty::Object(_) | Ty::None, _) => None,
        }
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ty::Tensor(kind, dims) if dims.is_empty() => kind.fmt(f),
            Ty::Tensor(kind, dims) => write!(f, "{kind}[{}]", Listed(dims)),
            Ty::List(item) if **item == Ty::Unknown => f.write_str("list"),
            Ty::List(item) => write!(f, "list[{item}]"),
            Ty::Tuple(items) => write!(f, "tuple[{}]", Listed(items)),
            Ty::Object(Object { class, sizes, .. }) if sizes.is_empty() => f.write_str(&class.name),
            Ty::Object(Object { class, sizes, .. }) => write!(f, "{}[{}]", class.name, Listed(sizes)),
            Ty::None => f.write_str("None"),
            Ty::Unknown | Ty::Error => f.write_str("_"),
        }
    }
}

/// Items with commas between them.
struct Listed<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Listed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_join_to_the_least_that_holds_both() {
        let ty = Ty::scalar;
        assert_eq!(ty(Kind::Int).join(&ty(Kind::Sint)), Some(ty(Kind::Sint)));
        assert_eq!(ty(Kind::Sbool).join(&ty(Kind::Fix)), Some(ty(Kind::Sfix)));
        assert_eq!(ty(Kind::Int).join(&ty(Kind::Str)), None);
        let list = |item| Ty::List(Box::new(item));
        assert_eq!(list(Ty::Unknown).join(&list(ty(Kind::Int))), Some(list(ty(Kind::Int))));
        assert_eq!(list(ty(Kind::Int)).join(&ty(Kind::Int)), None);
    }

    #[test]
    fn types_are_shown_as_they_are_written() {
        let tensor = Ty::Tensor(Kind::Sfix, vec![Dim::constant(3), Dim::var(0, "n"), Dim::Unknown]);
        assert_eq!(Ty::Tuple(vec![tensor, Ty::None]).to_string(), "tuple[sfix[3, n, _], None]");
    }
}
