//! Types: kind (secrecy and domain) × shape, lists and tuples.

use super::shape::Dim;
use mpc_bytecode::Kind;

/// The type of an expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ty {
    /// A tensor; without dimensions, a scalar. Text is always a scalar. The kind is never `Raw`.
    Tensor(Kind, Vec<Dim>),
    /// A list of public length. An empty list's items are [`Ty::Unknown`] until something is put in.
    List(Box<Ty>),
    /// A tuple.
    Tuple(Vec<Ty>),
    /// What a function without a result gives.
    None,
    /// The items of an empty list: joins with everything.
    Unknown,
    /// Something that was reported already: accepted everywhere, so that one mistake gives one error.
    Error,
}

impl Ty {
    /// A scalar of this kind.
    pub const fn scalar(kind: Kind) -> Self {
        Ty::Tensor(kind, Vec::new())
    }
}
