//! Rounds and bytes of every interactive instruction under every sharing scheme, as formulas over sizes.
//!
//! [`works`](fn@works) says which protocol calls an instruction makes and on how much; [`cost`] looks a call up in the column of a scheme.
//! Columns are files of this folder with one function a primitive. The conformance suite runs every primitive under every scheme
//! and fails if what was sent differs from what is declared here by one byte, so figures from here are exact once sizes are bound.

pub mod additive;
pub mod bill;
mod works;

pub use works::{Count, Part, Product, Sizes, Work, broadcast, works};

use serde::Serialize;
use std::iter::Sum;
use std::ops::Add;

/// Elements in a frame at most: a longer message is cut, so that one side can work on a frame while the next is under way.
pub const BLOCK: u64 = 1 << 16;
/// Bytes in front of a frame's payload.
pub const FRAME_HEADER: u64 = 24;

/// A sharing scheme, as far as costs depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// One player, in the clear.
    Plain,
    /// Additive sharing with a dealer.
    Additive {
        /// Players that compute, at least two; the dealer is not among them.
        players: u64,
    },
}

/// What something costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cost {
    /// Times that a player waits for what depends on what it sent.
    pub rounds: u64,
    /// Bytes that the most burdened player sends, with the headers of frames.
    pub bytes: u64,
    /// Bytes that the dealer sends in all, with the headers of frames.
    pub dealer_bytes: u64,
}

impl Cost {
    /// Nothing.
    pub const ZERO: Cost = Cost { rounds: 0, bytes: 0, dealer_bytes: 0 };
}

/// One after the other. Bytes of different most burdened players add up to a bound.
impl Add for Cost {
    type Output = Cost;

    fn add(self, other: Cost) -> Cost {
        Cost {
            rounds: self.rounds.saturating_add(other.rounds),
            bytes: self.bytes.saturating_add(other.bytes),
            dealer_bytes: self.dealer_bytes.saturating_add(other.dealer_bytes),
        }
    }
}
impl Sum for Cost {
    fn sum<I: Iterator<Item = Cost>>(costs: I) -> Cost {
        costs.fold(Cost::ZERO, Add::add)
    }
}

/// Bytes of a message of `elements` elements of `bits` bits each, cut into frames; every frame is padded to whole bytes. An empty
/// message is not sent.
pub const fn message(elements: u64, bits: u64) -> u64 {
    let block = FRAME_HEADER + BLOCK.saturating_mul(bits).div_ceil(8);
    let rest = elements % BLOCK;
    let last = if rest == 0 { 0 } else { FRAME_HEADER + rest.saturating_mul(bits).div_ceil(8) };
    (elements / BLOCK).saturating_mul(block).saturating_add(last)
}

/// What a protocol call costs in a ring of `ring_bytes` bytes.
pub fn cost(work: &Work, scheme: Scheme, ring_bytes: u64) -> Cost {
    let own = of_one(work.own(), scheme, ring_bytes);
    let before = work.others().iter().map(|other| cost(other, scheme, ring_bytes).rounds).max().unwrap_or(0);
    Cost { rounds: own.rounds.saturating_sub(before), ..own }
}

/// What a call costs by itself.
fn of_one(work: &Work, scheme: Scheme, ring_bytes: u64) -> Cost {
    let width = |bits: u32| if bits == 0 { ring_bytes * 8 } else { u64::from(bits) };
    match scheme {
        Scheme::Plain => Cost::ZERO,
        Scheme::Additive { players } => match work {
            Work::Input { elements } => additive::input(*elements, players, ring_bytes),
            Work::Open { elements, to } => {
                let recipients = to.as_ref().map(|to| to.len() as u64);
                additive::open(*elements, recipients, players, ring_bytes)
            }
            Work::Mul { elements } => additive::mul(*elements, players, ring_bytes),
            Work::Square { elements } => additive::square(*elements, players, ring_bytes),
            Work::Matmul { products } => additive::matmul(products, players, ring_bytes),
            Work::Trunc { elements, bits } => additive::trunc(*elements, (*bits).into(), players, ring_bytes),
            Work::Ltz { elements, bits } => additive::ltz(*elements, width(*bits), players, ring_bytes),
            Work::Eqz { elements, bits } => additive::eqz(*elements, width(*bits), players, ring_bytes),
            Work::Bits { elements, bits } => additive::bits(*elements, width(*bits), players, ring_bytes),
            Work::Beside { work, .. } => of_one(work, scheme, ring_bytes),
        },
    }
}

/// Bytes that one player sends for a protocol call, with the headers of frames.
pub fn sent(work: &Work, scheme: Scheme, ring_bytes: u64, player: usize) -> u64 {
    match (scheme, work.own()) {
        (Scheme::Additive { .. }, Work::Open { elements, to: Some(to) }) if to.contains(&player) => {
            additive::sent_to(*elements, to.len().saturating_sub(1) as u64, ring_bytes)
        }
        (Scheme::Additive { .. } | Scheme::Plain, work) => cost(work, scheme, ring_bytes).bytes,
    }
}

/// Bytes that a player sends to the others, with the headers of frames, before the program begins and on the channel that the program runs on.
pub fn sent_before(scheme: Scheme, player: usize) -> u64 {
    match scheme {
        Scheme::Plain => 0,
        Scheme::Additive { players } => additive::sent_before(players, player),
    }
}

/// Bytes that the dealer sends to all players together, with the headers of frames, beside what it deals.
pub fn dealt_before(scheme: Scheme) -> u64 {
    match scheme {
        Scheme::Plain => 0,
        Scheme::Additive { players } => additive::dealt_before(players),
    }
}

/// The correlated randomness that a protocol call uses.
pub fn used(work: &Work, scheme: Scheme, ring_bytes: u64) -> Correlated {
    match scheme {
        Scheme::Plain => Correlated::default(),
        Scheme::Additive { .. } => additive::used(work, ring_bytes),
    }
}

/// Correlated randomness, by what it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Correlated {
    /// Shared a, b and ab: one for each product.
    pub triples: u64,
    /// Shared a and a²: one for each square.
    pub squares: u64,
    /// Shared matrices A, B and AB: one for each matrix product.
    pub matrix_triples: u64,
    /// Shared r and r ≫ bits: one for each truncation.
    pub truncation_pairs: u64,
    /// Shared r with its bits: one for each number that is compared or taken apart.
    pub masked_numbers: u64,
    /// Shared random bits: those of the masked numbers, and the masks of the circuits' wires.
    pub random_bits: u64,
    /// Bits shared as bits and as ring elements: one for each bit that results.
    pub dabits: u64,
}

impl Correlated {
    /// Each with its name.
    pub fn each(&self) -> [(&'static str, u64); 7] {
        [
            ("triples", self.triples),
            ("squares", self.squares),
            ("matrix triples", self.matrix_triples),
            ("truncation pairs", self.truncation_pairs),
            ("masked numbers", self.masked_numbers),
            ("random bits", self.random_bits),
            ("daBits", self.dabits),
        ]
    }

    /// So many times.
    #[must_use]
    pub fn repeated(self, times: u64) -> Self {
        let many = |one: u64| one.saturating_mul(times);
        Self {
            triples: many(self.triples),
            squares: many(self.squares),
            matrix_triples: many(self.matrix_triples),
            truncation_pairs: many(self.truncation_pairs),
            masked_numbers: many(self.masked_numbers),
            random_bits: many(self.random_bits),
            dabits: many(self.dabits),
        }
    }
}

impl Add for Correlated {
    type Output = Correlated;

    fn add(self, other: Correlated) -> Correlated {
        Correlated {
            triples: self.triples.saturating_add(other.triples),
            squares: self.squares.saturating_add(other.squares),
            matrix_triples: self.matrix_triples.saturating_add(other.matrix_triples),
            truncation_pairs: self.truncation_pairs.saturating_add(other.truncation_pairs),
            masked_numbers: self.masked_numbers.saturating_add(other.masked_numbers),
            random_bits: self.random_bits.saturating_add(other.random_bits),
            dabits: self.dabits.saturating_add(other.dabits),
        }
    }
}

#[cfg(test)]
mod tests;
