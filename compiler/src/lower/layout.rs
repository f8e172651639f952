//! Which registers hold a value of the source.

use crate::types::ty::{Object, Ty};
use mpc_bytecode::{Kind, Type};

/// A tensor, or a list around one: what one register holds, and the rank of the tensors.
pub type Leaf = (Type, u32);

/// The registers that a value of this type takes, in order: a tuple's components or an object's fields one after the other, a list
/// of them as a list for each component. What was never filled (the items of a list that stays empty) counts as `int`.
pub fn leaves(ty: &Ty) -> Vec<Leaf> {
    match ty {
        Ty::Tensor(kind, dims) => vec![(Type::Tensor(*kind), dims.len() as u32)],
        Ty::List(item) => items(item).into_iter().map(|(ty, rank)| (Type::List(Box::new(ty)), rank)).collect(),
        Ty::Tuple(components) | Ty::Object(Object { fields: components, .. }) => {
            components.iter().flat_map(leaves).collect()
        }
        Ty::None => Vec::new(),
        Ty::Unknown | Ty::Error => vec![(Type::Tensor(Kind::Int), 0)],
    }
}

/// The leaves of a list's items. A list of nothing (of `None`, of empty tuples) still has a length: its items count as `int`.
pub fn items(item: &Ty) -> Vec<Leaf> {
    let leaves = leaves(item);
    if leaves.is_empty() { vec![(Type::Tensor(Kind::Int), 0)] } else { leaves }
}

/// The kind of a tensor's elements; of anything else, of the tensors within.
pub fn kind(ty: &Ty) -> Kind {
    match ty {
        Ty::Tensor(kind, _) => *kind,
        Ty::List(item) => kind(item),
        Ty::Tuple(items) | Ty::Object(Object { fields: items, .. }) => items.first().map_or(Kind::Int, kind),
        Ty::None | Ty::Unknown | Ty::Error => Kind::Int,
    }
}

/// How many axes a tensor has.
pub fn rank(ty: &Ty) -> u32 {
    leaves(ty).first().map_or(0, |leaf| leaf.1)
}

/// True for a scalar.
pub fn is_scalar(ty: &Ty) -> bool {
    matches!(ty, Ty::Tensor(_, dims) if dims.is_empty())
}

/// True for a scalar, and for a tuple or an object of scalars: a list of them is lists of scalars.
pub fn is_flat(ty: &Ty) -> bool {
    match ty {
        Ty::Tuple(items) | Ty::Object(Object { fields: items, .. }) => items.iter().all(is_scalar),
        Ty::Tensor(..) | Ty::List(_) | Ty::None | Ty::Unknown | Ty::Error => is_scalar(ty),
    }
}

/// The item type of a list; unknown for anything else.
pub fn item(ty: &Ty) -> &Ty {
    match ty {
        Ty::List(item) => item,
        Ty::Tensor(..) | Ty::Tuple(_) | Ty::Object(_) | Ty::None | Ty::Unknown | Ty::Error => &Ty::Unknown,
    }
}

/// Where a component of a tuple or a field of an object starts among the leaves, and its type.
pub fn component(ty: &Ty, at: usize) -> (usize, &Ty) {
    match ty {
        Ty::Tuple(components) | Ty::Object(Object { fields: components, .. }) => {
            let start = components.iter().take(at).map(|before| leaves(before).len()).sum();
            (start, components.get(at).unwrap_or(&Ty::Unknown))
        }
        Ty::Tensor(..) | Ty::List(_) | Ty::None | Ty::Unknown | Ty::Error => (0, &Ty::Unknown),
    }
}
