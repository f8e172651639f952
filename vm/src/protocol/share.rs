//! What one player holds of a tensor of secrets.

use crate::algebra::{Domain, Tensor};
use smallvec::SmallVec;
use std::fmt;

pub mod linear;

/// One player's part of a shared tensor: as many tensors of the value's shape as the scheme gives to a player (additive and
/// Shamir one, replicated two). Cloning is cheap: tensors are copy-on-write.
#[derive(Clone)]
pub struct Share<D: Domain> {
    parts: SmallVec<[Tensor<D>; 2]>,
}

impl<D: Domain> Share<D> {
    /// A share of one part.
    pub fn single(part: Tensor<D>) -> Self {
        Self { parts: SmallVec::from_iter([part]) }
    }

    /// The parts.
    pub fn parts(&self) -> &[Tensor<D>] {
        &self.parts
    }

    /// The first part: all there is in schemes that give one.
    pub fn first(&self) -> &Tensor<D> {
        &self.parts[0]
    }

    /// The value's shape.
    pub fn shape(&self) -> &[usize] {
        self.first().shape()
    }

    /// Applies an operation that moves elements around, or is linear, to every part.
    ///
    /// # Errors
    /// The operation's first error.
    pub fn map<E>(&self, each: impl FnMut(&Tensor<D>) -> Result<Tensor<D>, E>) -> Result<Self, E> {
        Ok(Self { parts: self.parts.iter().map(each).collect::<Result<_, E>>()? })
    }

    /// The same for two operands, part by part.
    ///
    /// # Errors
    /// The operation's first error.
    pub fn zip<E>(
        &self,
        other: &Self,
        mut each: impl FnMut(&Tensor<D>, &Tensor<D>) -> Result<Tensor<D>, E>,
    ) -> Result<Self, E> {
        let parts = self.parts.iter().zip(&other.parts).map(|(a, b)| each(a, b));
        Ok(Self { parts: parts.collect::<Result<_, E>>()? })
    }

    /// The same for any number of operands, part by part; `shares` must not be empty.
    ///
    /// # Errors
    /// The operation's first error.
    pub fn combine<E>(
        shares: &[&Self],
        mut each: impl FnMut(&[&Tensor<D>]) -> Result<Tensor<D>, E>,
    ) -> Result<Self, E> {
        let count = shares.iter().map(|share| share.parts.len()).min().unwrap_or(0);
        let parts = (0..count).map(|part| {
            let operands: Vec<_> = shares.iter().map(|share| &share.parts[part]).collect();
            each(&operands)
        });
        Ok(Self { parts: parts.collect::<Result<_, E>>()? })
    }

    /// Applies an operation to the parts in place, without a copy where nobody else holds them.
    ///
    /// # Errors
    /// The operation's first error.
    pub fn update<E>(&mut self, mut each: impl FnMut(usize, &mut Tensor<D>) -> Result<(), E>) -> Result<(), E> {
        self.parts.iter_mut().enumerate().try_for_each(|(index, part)| each(index, part))
    }
}

impl<D: Domain> fmt::Debug for Share<D> {
    /// Shows the shape and nothing else: shares never reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share{:?}", self.shape())
    }
}
