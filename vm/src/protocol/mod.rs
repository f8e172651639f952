//! Sharing schemes. A scheme is a share and the few primitives everything else is built from.
//!
//! Shares are tensors of ring elements, one or more a player ([`Share`]); whatever is linear or moves elements around is the
//! same for every scheme and works part by part. A scheme says how a public value becomes a share, how values are put in,
//! multiplied and opened, and does truncation, comparison and bit decomposition as well as it knows.
//!
//! Every interactive primitive takes a batch: its number of rounds does not depend on how many tensors it is given nor on
//! their sizes. `mpc_bytecode::cost` declares rounds and bytes; the conformance suite holds every scheme to them.
//!
//! Primitives are `async fn`s that give way before they wait ([`lane`]), so that several of them share rounds ([`call::run`]).

pub mod additive;
pub mod call;
#[cfg(test)]
mod conformance;
mod forecast;
pub mod lane;
mod plain;
pub mod share;

pub use additive::Additive;
pub use call::{Call, Reply};
pub use forecast::Forecast;
pub use lane::Lane;
pub use plain::Plain;
pub use share::Share;

use crate::algebra::{Domain, Tensor};
use crate::net::NetError;
use mpc_bytecode::operand::Exception;

/// Why an instruction did not give its result.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The network failed, or another player did.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A deterministic exception: the same at every player, from public values alone.
    #[error("{0}: {1}")]
    Raised(Exception, String),
    /// A secret left its range. Only a scheme that sees secrets can tell, so no program may handle it.
    #[error("OverflowError: {0}")]
    OutOfRange(String),
    /// A peer or the dealer sent something that the protocol does not allow.
    #[error("{0}")]
    Malformed(String),
}

/// Who learns an opened value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// Every player.
    All,
    /// These players, in rising order.
    Players(Vec<usize>),
}

impl Recipients {
    /// True if `player` learns it.
    pub fn include(&self, player: usize) -> bool {
        match self {
            Recipients::All => true,
            Recipients::Players(players) => players.contains(&player),
        }
    }
}

/// A tensor of the scheme's domain.
pub type Values<P> = Tensor<<P as Protocol>::Domain>;
/// A share of such a tensor.
pub type Shares<P> = Share<<P as Protocol>::Domain>;

/// A sharing scheme at one player.
///
/// Local operations broadcast as in NumPy and raise `ValueError` where shapes do not fit. Interactive elementwise operations take
/// equal shapes. A `bits` of 0 stands for the ring's width.
///
/// Interactive operations run in a lane beside others. What one of them raises, it raises before any of them sends: before it gives way
/// for the first time, or together with the others after that.
pub trait Protocol {
    /// The ring.
    type Domain: Domain;

    /// A public value as a sharing of itself.
    fn share_public(&self, value: &Values<Self>) -> Shares<Self>;
    /// Sum.
    fn add(&self, a: &Shares<Self>, b: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        share::linear::add(a, b)
    }
    /// Difference.
    fn sub(&self, a: &Shares<Self>, b: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        share::linear::sub(a, b)
    }
    /// Negation.
    fn neg(&self, a: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        share::linear::neg(a)
    }
    /// Secret plus public.
    fn add_public(&self, a: &Shares<Self>, b: &Values<Self>) -> Result<Shares<Self>, Fault> {
        self.add(a, &self.share_public(b))
    }
    /// Public minus secret.
    fn public_sub(&self, a: &Values<Self>, b: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        self.sub(&self.share_public(a), b)
    }
    /// Secret times public.
    fn mul_public(&self, a: &Shares<Self>, b: &Values<Self>) -> Result<Shares<Self>, Fault> {
        share::linear::mul_public(a, b)
    }
    /// Secret matrix times public matrix; shapes as NumPy's `@` for ranks 1 and 2.
    fn matmul_public(&self, a: &Shares<Self>, b: &Values<Self>) -> Result<Shares<Self>, Fault> {
        share::linear::matmul_public(a, b)
    }
    /// Public matrix times secret matrix.
    fn public_matmul(&self, a: &Values<Self>, b: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        share::linear::public_matmul(a, b)
    }
    /// Sum along axes (none given: all).
    fn sum(&self, a: &Shares<Self>, axes: &[usize]) -> Result<Shares<Self>, Fault> {
        share::linear::sum(a, axes)
    }
    /// Times 2^bits.
    fn shift_left(&self, a: &Shares<Self>, bits: u32) -> Result<Shares<Self>, Fault> {
        share::linear::shift_left(a, bits)
    }
    /// Raises `OverflowError` where a value does not fit `bits` bits with its sign. Only a scheme that sees values can: the others
    /// accept everything.
    fn check_range(&self, _a: &Shares<Self>, _bits: u32) -> Result<(), Fault> {
        Ok(())
    }

    /// Shares values of player `owner`; `values` is `Some` exactly there, and every player knows the shapes.
    fn input(
        &self,
        lane: &Lane<'_>,
        owner: usize,
        values: Option<&[Values<Self>]>,
        shapes: &[Vec<usize>],
    ) -> impl Future<Output = Result<Vec<Shares<Self>>, Fault>>;
    /// Opens values; `None` at a player who is not to learn them.
    fn open(
        &self,
        lane: &Lane<'_>,
        to: &Recipients,
        values: &[Shares<Self>],
    ) -> impl Future<Output = Result<Option<Vec<Values<Self>>>, Fault>>;
    /// Products, elementwise.
    fn mul(
        &self,
        lane: &Lane<'_>,
        pairs: &[(Shares<Self>, Shares<Self>)],
    ) -> impl Future<Output = Result<Vec<Shares<Self>>, Fault>>;
    /// Squares.
    fn square(
        &self,
        lane: &Lane<'_>,
        values: &[Shares<Self>],
    ) -> impl Future<Output = Result<Vec<Shares<Self>>, Fault>>;
    /// Matrix products (m,k)@(k,n); vectors as in NumPy.
    fn matmul(
        &self,
        lane: &Lane<'_>,
        pairs: &[(Shares<Self>, Shares<Self>)],
    ) -> impl Future<Output = Result<Vec<Shares<Self>>, Fault>>;
    /// Division by 2^bits, to one of the two nearest integers and exact for multiples, for |x| < 2^(ring − 2).
    fn trunc(
        &self,
        lane: &Lane<'_>,
        bits: u32,
        values: &[Shares<Self>],
    ) -> impl Future<Output = Result<Vec<Shares<Self>>, Fault>>;
    /// One where a number of at most `bits` bits is negative, else zero.
    fn ltz(
        &self,
        lane: &Lane<'_>,
        bits: u32,
        values: &[Shares<Self>],
    ) -> impl Future<Output = Result<Vec<Shares<Self>>, Fault>>;
    /// One where a number of at most `bits` bits is zero, else zero.
    fn eqz(
        &self,
        lane: &Lane<'_>,
        bits: u32,
        values: &[Shares<Self>],
    ) -> impl Future<Output = Result<Vec<Shares<Self>>, Fault>>;
    /// The lowest `bits` bits of the two's complement, least significant first, on a new last axis.
    fn bits(
        &self,
        lane: &Lane<'_>,
        bits: u32,
        values: &[Shares<Self>],
    ) -> impl Future<Output = Result<Vec<Shares<Self>>, Fault>>;
}
