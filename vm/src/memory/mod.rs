//! What registers hold. All of it is copy-on-write: a clone costs a counter, so a snapshot of the whole machine is cheap,
//! and a value that nobody else holds is changed in place.

mod raised;
mod room;
pub mod shape;
mod text;

pub use raised::Raised;
pub use text::{quoted, text};

use crate::algebra::{Domain, Tensor};
use crate::protocol::Share;
use mpc_bytecode::Kind;
use std::fmt;
use std::sync::Arc;

/// Elements of one kind: a scalar without an allocation, or a tensor of rank 1 and more.
#[derive(Clone, Debug)]
pub enum Elements<T> {
    /// Rank 0.
    One(T),
    /// Rank 1 and more, row-major.
    Many(Tensor<T>),
}

impl<T: Copy> Elements<T> {
    /// The sizes of the axes.
    pub fn shape(&self) -> &[usize] {
        match self {
            Elements::One(_) => &[],
            Elements::Many(tensor) => tensor.shape(),
        }
    }

    /// The elements, row-major.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Elements::One(value) => std::slice::from_ref(value),
            // Tensors are in standard layout, always: that is what makes them slices.
            Elements::Many(tensor) => tensor.as_slice().unwrap_or_default(),
        }
    }

    /// The value of a scalar.
    pub fn scalar(&self) -> Option<T> {
        match self {
            Elements::One(value) => Some(*value),
            Elements::Many(_) => None,
        }
    }

    /// As a tensor, whatever the rank.
    pub fn to_tensor(&self) -> Tensor<T> {
        match self {
            Elements::One(value) => Tensor::from_elem(ndarray::IxDyn(&[]), *value),
            Elements::Many(tensor) => tensor.clone(),
        }
    }

    /// As a tensor, whatever the rank; in place where nobody else holds it.
    pub fn into_tensor(self) -> Tensor<T> {
        match self {
            Elements::One(value) => Tensor::from_elem(ndarray::IxDyn(&[]), value),
            Elements::Many(tensor) => tensor,
        }
    }

    /// Every element through `each`; the first error ends it.
    ///
    /// # Errors
    /// The first of `each`.
    pub fn map<U: Copy>(&self, mut each: impl FnMut(T) -> Result<U, Raised>) -> Result<Elements<U>, Raised> {
        match self {
            Elements::One(value) => each(*value).map(Elements::One),
            Elements::Many(_) => {
                let mut out = shape::allocate(self.shape())?;
                for &value in self.as_slice() {
                    out.push(each(value)?);
                }
                shape::assemble(self.shape(), out)
            }
        }
    }
}

impl<T: Copy> From<Tensor<T>> for Elements<T> {
    fn from(tensor: Tensor<T>) -> Self {
        match (tensor.ndim(), tensor.first()) {
            (0, Some(&value)) => Elements::One(value),
            _ => Elements::Many(tensor),
        }
    }
}

/// A value that every player knows.
#[derive(Clone, Debug)]
pub enum Public<D> {
    /// Integers.
    Int(Elements<i64>),
    /// Fixed-point numbers: the scaled integer as an element of the ring, to be read with its sign.
    Fix(Elements<D>),
    /// Truth values.
    Bool(Elements<bool>),
    /// Text.
    Str(Arc<str>),
}

impl<D: Domain> Public<D> {
    /// An integer scalar.
    pub const fn int(value: i64) -> Self {
        Public::Int(Elements::One(value))
    }

    /// A truth value.
    pub const fn bool(value: bool) -> Self {
        Public::Bool(Elements::One(value))
    }

    /// The kind of the elements.
    pub const fn kind(&self) -> Kind {
        match self {
            Public::Int(_) => Kind::Int,
            Public::Fix(_) => Kind::Fix,
            Public::Bool(_) => Kind::Bool,
            Public::Str(_) => Kind::Str,
        }
    }

    /// The sizes of the axes; text is a scalar.
    pub fn shape(&self) -> &[usize] {
        match self {
            Public::Int(elements) => elements.shape(),
            Public::Fix(elements) => elements.shape(),
            Public::Bool(elements) => elements.shape(),
            Public::Str(_) => &[],
        }
    }

    /// The elements in the ring, as a sharing embeds them: integers as they are, fixed point scaled, truth values as 0 and 1.
    /// `None` for text.
    pub fn to_ring(&self) -> Option<Tensor<D>> {
        match self {
            Public::Int(elements) => Some(elements.to_tensor().mapv(D::from_i64).into_shared()),
            Public::Fix(elements) => Some(elements.to_tensor()),
            Public::Bool(elements) => Some(elements.to_tensor().mapv(D::from_bool).into_shared()),
            Public::Str(_) => None,
        }
    }
}

/// A list of public length.
pub type List<D> = Arc<Vec<Value<D>>>;

/// A value of any bank.
#[derive(Clone)]
pub enum Value<D: Domain> {
    /// Known to every player.
    Public(Public<D>),
    /// This player's share of a secret; boxed, so that lists of public values stay small.
    Secret(Box<Share<D>>),
    /// A list.
    List(List<D>),
}

impl<D: Domain> fmt::Debug for Value<D> {
    /// Shows public values, and of shares the shape alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Public(value) => value.fmt(f),
            Value::Secret(share) => share.fmt(f),
            Value::List(items) => items.fmt(f),
        }
    }
}
