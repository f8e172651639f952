//! Correlated randomness: what a dealer (a crypto producer) deals ahead so that the players can compute.
//!
//! A *lot* is one [`Correlation`] with its identifier: a triple for a block of products, masks for a block of comparisons. Every
//! player has a seed in common with the dealer, and draws nearly all of its part of a lot from the stream of that seed that the
//! lot's identifier names. What is left is to make the parts fit: that correction goes to one player alone, the last, and is all
//! that the dealer ever sends after the seeds. Identifiers count up and a lot is used once, ever; a lot that is not used as
//! foreseen is discarded by everybody.
//!
//! The dealer sees no secret: it hears which lots are wanted, and a seed's worth of it goes to each player. It must not collude
//! with any player. A player's view of a lot is uniform and independent of what the others draw: see [`material`].
//!
//! [`dealer::serve`] is the dealer; [`source::Source`] is what a player has of it.

pub mod circuit;
pub mod dealer;
pub mod material;
mod request;
pub mod setup;
pub mod source;
#[cfg(test)]
mod tests;
pub mod wishes;

pub use setup::Entropy;
pub use source::{Source, Ticket};
pub use wishes::{Draws, Wishes};

use crate::algebra::{Domain, matmul::Dims};
use circuit::Circuit;
use std::fmt;

/// What a lot holds; `len` counts elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correlation {
    /// a, b and ab.
    Triple {
        /// How many.
        len: usize,
    },
    /// a and a².
    SquarePair {
        /// How many.
        len: usize,
    },
    /// Matrices A, B and AB.
    MatrixTriple {
        /// Their sizes.
        dims: Dims,
    },
    /// r, r ≫ bits, and the top bit of r modulo 2^bits.
    Truncation {
        /// By how many bits, at least 1.
        bits: u32,
        /// How many.
        len: usize,
    },
    /// Masks of [`Circuit::less_than_zero`].
    Comparison {
        /// Bits of the numbers compared, at least 1.
        width: u32,
        /// How many.
        len: usize,
    },
    /// Masks of [`Circuit::equal_to_zero`].
    Equality {
        /// Bits of the numbers compared, at least 1.
        width: u32,
        /// How many.
        len: usize,
    },
    /// Masks of [`Circuit::decomposition`].
    Bits {
        /// Bits that are taken, at least 1.
        bits: u32,
        /// How many numbers.
        len: usize,
    },
}

impl Correlation {
    /// The circuit whose masks it holds, for those that have one.
    pub fn circuit(&self) -> Option<Circuit> {
        match *self {
            Correlation::Comparison { width, .. } => Some(Circuit::less_than_zero(width)),
            Correlation::Equality { width, .. } => Some(Circuit::equal_to_zero(width)),
            Correlation::Bits { bits, .. } => Some(Circuit::decomposition(bits)),
            Correlation::Triple { .. }
            | Correlation::SquarePair { .. }
            | Correlation::MatrixTriple { .. }
            | Correlation::Truncation { .. } => None,
        }
    }

    /// How many elements it serves; of a matrix triple, those of the result.
    pub fn len(&self) -> usize {
        match *self {
            Correlation::MatrixTriple { dims } => dims.m * dims.n,
            Correlation::Triple { len }
            | Correlation::SquarePair { len }
            | Correlation::Truncation { len, .. }
            | Correlation::Comparison { len, .. }
            | Correlation::Equality { len, .. }
            | Correlation::Bits { len, .. } => len,
        }
    }

    /// Whether it serves nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the dealer sends for it, without frame headers.
    pub fn correction_bytes<D: Domain>(&self) -> usize {
        material::Layout::of::<D>(self).correction_bytes::<D>()
    }
}

/// The lots that a stretch of program needs, in order: known from the bytecode before anything secret is touched.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Demand {
    lots: Vec<Correlation>,
}

impl Demand {
    /// Appends lots.
    pub fn extend(&mut self, lots: impl IntoIterator<Item = Correlation>) {
        self.lots.extend(lots);
    }

    /// The lots, in order.
    pub fn lots(&self) -> &[Correlation] {
        &self.lots
    }

    /// Bytes that the dealer sends for them, without frame headers.
    pub fn correction_bytes<D: Domain>(&self) -> usize {
        self.lots.iter().map(Correlation::correction_bytes::<D>).fold(0, usize::saturating_add)
    }
}

impl fmt::Debug for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Demand of {} lots", self.lots.len())
    }
}

/// The product of two matrices by the fastest kernel.
fn product<D: Domain>(dims: Dims, a: &[D], b: &[D]) -> Vec<D> {
    let mut out = vec![D::ZERO; dims.m * dims.n];
    D::matmul_add(dims, a, b, &mut out);
    out
}
