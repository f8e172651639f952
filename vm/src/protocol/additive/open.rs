//! Openings, of values to some and of masked values to all.

use super::Additive;
use super::flat::{Joined, blocks, split};
use super::pipeline;
use crate::algebra::{Domain, LengthError, Tensor, linear};
use crate::correlated::Draws;
use crate::net::Operation;
use crate::protocol::{Fault, Lane, Recipients, Share};
use bytes::Bytes;
use mpc_bytecode::cost::BLOCK;

/// Opens values: every player sends its shares to each recipient. The shares of a value are uniform but for their sum
/// (see [`super`]), so they tell a recipient the value and no more.
pub async fn open<D: Domain>(
    additive: &Additive<D>,
    lane: &Lane<'_>,
    to: &Recipients,
    values: &[Share<D>],
) -> Result<Option<Vec<Tensor<D>>>, Fault> {
    let joined = Joined::of(values);
    let blocks = blocks(joined.len(), BLOCK as usize);
    let learns = to.include(additive.me);
    let operation = if *to == Recipients::All { Operation::Open } else { Operation::Output };
    let mut opened = Vec::with_capacity(if learns { joined.len() } else { 0 });
    // Nothing is sent before every primitive of the group has its lots.
    additive.allot(lane, Vec::new(), Draws::OneATurn).await?;
    pipeline::run(lane, blocks.len(), 2, |lane, stage, block, own: Vec<D>| {
        if stage == 0 {
            let own = joined.range(blocks[block].clone());
            let payload = Bytes::from(D::to_bytes(&own));
            let recipients = (0..additive.players).filter(|&player| player != additive.me && to.include(player));
            recipients.into_iter().try_for_each(|player| lane.send(player, operation, payload.clone()))?;
            if learns {
                let others = (0..additive.players).filter(|&player| player != additive.me);
                others.into_iter().for_each(|peer| lane.expect(peer, operation));
            }
            return Ok(if learns { own.into_owned() } else { Vec::new() });
        }
        if learns {
            opened.extend(gather(lane, operation, own)?);
        }
        Ok(Vec::new())
    })
    .await?;
    if learns { split(opened, values.iter().map(|value| value.shape())).map(Some) } else { Ok(None) }
}

/// Sends this player's shares of masked elements to every other player.
pub fn send<D: Domain>(lane: &Lane<'_>, operation: Operation, own: &[D]) -> Result<(), Fault> {
    Ok(lane.broadcast(operation, D::to_bytes(own).into())?)
}

/// Adds every other player's shares to the own ones.
pub fn gather<D: Domain>(lane: &Lane<'_>, operation: Operation, mut own: Vec<D>) -> Result<Vec<D>, Fault> {
    for (peer, payload) in lane.gather(operation)? {
        add_bytes(&mut own, &payload).map_err(|error| malformed(lane, peer, operation, &error))?;
    }
    Ok(own)
}

/// A message of the wrong length.
pub fn malformed(lane: &Lane<'_>, peer: usize, operation: Operation, error: &LengthError) -> Fault {
    Fault::Malformed(format!("{} sent a message of `{operation}` that is no share: {error}", lane.name(peer)))
}

/// `out +=` elements from little-endian bytes, without a copy where alignment allows it.
fn add_bytes<D: Domain>(out: &mut [D], bytes: &[u8]) -> Result<(), LengthError> {
    match bytemuck::try_cast_slice(bytes) {
        Ok(elements) if cfg!(target_endian = "little") && elements.len() == out.len() => {
            linear::add_assign(out, elements)
        }
        Ok(_) | Err(_) => {
            let mut elements = vec![D::ZERO; out.len()];
            D::read_bytes(bytes, &mut elements)?;
            linear::add_assign(out, &elements);
        }
    }
    Ok(())
}
