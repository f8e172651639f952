//! Calls of primitives with their operands, alone or several together.

use super::lane::{Failed, Hub, Lane, together};
use super::{Fault, Protocol, Recipients, Share};
use crate::algebra::{Domain, Tensor};
use crate::net::Net;

/// One call of a primitive, as [`mpc_bytecode::cost::Work`] prices it.
#[derive(Clone, Debug)]
pub enum Call<D: Domain> {
    /// See [`Protocol::input`].
    Input {
        /// Whose values they are.
        owner: usize,
        /// The values, at their owner.
        values: Option<Vec<Tensor<D>>>,
        /// Their shapes.
        shapes: Vec<Vec<usize>>,
    },
    /// See [`Protocol::open`].
    Open {
        /// Who learns them.
        to: Recipients,
        /// The values.
        values: Vec<Share<D>>,
    },
    /// See [`Protocol::mul`].
    Mul(Vec<(Share<D>, Share<D>)>),
    /// See [`Protocol::square`].
    Square(Vec<Share<D>>),
    /// See [`Protocol::matmul`].
    Matmul(Vec<(Share<D>, Share<D>)>),
    /// See [`Protocol::trunc`].
    Trunc(u32, Vec<Share<D>>),
    /// See [`Protocol::ltz`].
    Ltz(u32, Vec<Share<D>>),
    /// See [`Protocol::eqz`].
    Eqz(u32, Vec<Share<D>>),
    /// See [`Protocol::bits`].
    Bits(u32, Vec<Share<D>>),
}

/// What a call gives.
#[derive(Clone, Debug)]
pub enum Reply<D: Domain> {
    /// Sharings, one for each entry of the batch.
    Shares(Vec<Share<D>>),
    /// What an opening told: nothing to a player who is no recipient.
    Opened(Option<Vec<Tensor<D>>>),
}

impl<D: Domain> Call<D> {
    /// Runs it in a lane.
    async fn run<P: Protocol<Domain = D>>(&self, scheme: &P, lane: &Lane<'_>) -> Result<Reply<D>, Fault> {
        Ok(Reply::Shares(match self {
            Call::Open { to, values } => return Ok(Reply::Opened(scheme.open(lane, to, values).await?)),
            Call::Input { owner, values, shapes } => scheme.input(lane, *owner, values.as_deref(), shapes).await?,
            Call::Mul(pairs) => scheme.mul(lane, pairs).await?,
            Call::Square(values) => scheme.square(lane, values).await?,
            Call::Matmul(pairs) => scheme.matmul(lane, pairs).await?,
            Call::Trunc(bits, values) => scheme.trunc(lane, *bits, values).await?,
            Call::Ltz(bits, values) => scheme.ltz(lane, *bits, values).await?,
            Call::Eqz(bits, values) => scheme.eqz(lane, *bits, values).await?,
            Call::Bits(bits, values) => scheme.bits(lane, *bits, values).await?,
        }))
    }
}

/// Runs calls together, each with its source line: as many rounds as the longest of them, the messages of all. Replies stand in
/// order.
///
/// # Errors
/// That of the call which fails first. What a scheme raises it raises before anything is sent.
pub fn run<P: Protocol>(
    scheme: &P,
    net: &mut dyn Net,
    calls: &[(u32, Call<P::Domain>)],
) -> Result<Vec<Reply<P::Domain>>, Failed> {
    let hub = Hub::new(net);
    let lanes: Vec<_> = calls.iter().map(|(line, _)| hub.lane(*line)).collect();
    together(calls.iter().zip(&lanes).map(|((_, call), lane)| call.run(scheme, lane)))
}
