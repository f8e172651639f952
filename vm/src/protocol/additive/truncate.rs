//! Truncation by a dealt pair, after Escudero, Ghosh, Keller, Rachuri and Scholl, *Improved primitives for MPC over mixed
//! arithmetic-binary circuits* (edaBits), CRYPTO 2020, section 5.1.
//!
//! Let ℓ be the ring's bits, 1 ≤ f ≤ ℓ − 2 and |x| < 2^(ℓ−2), so that x′ = x + 2^(ℓ−2) lies in [0, 2^(ℓ−1)). The dealer deals a
//! uniform r, r ≫ f and the top bit b of r; the players open c = x′ + r mod 2^ℓ, which is uniform.
//!
//! *The sum wraps exactly if b = 1 and c's top bit is 0.* If b = 0 then x′ + r < 2^ℓ. If b = 1 and it wraps, c = x′ + r − 2^ℓ < x′ <
//! 2^(ℓ−1); if b = 1 and it does not, c ≥ r ≥ 2^(ℓ−1). So with e = 1 − (top bit of c), as integers x′ = c + e·b·2^ℓ − r and
//!
//! y = (c ≫ f) + e·b·2^(ℓ−f) − (r ≫ f) − 2^(ℓ−2−f)
//!
//! is ⌊(x′ + r)/2^f⌋ − ⌊r/2^f⌋ − 2^(ℓ−2−f), which is ⌊x/2^f⌋, or one more if the lowest f bits of x′ and r carry. They do not if
//! x is a multiple of 2^f, for then those of x′ are 0. So y is one of the two integers nearest to x/2^f, and exact for multiples; it is never
//! off by a wrap. Since b is multiplied by 2^(ℓ−f), it is needed modulo 2^f only.

use super::flat::{Joined, blocks};
use super::multiply::shares;
use super::open::{gather, send};
use super::{Additive, pipeline, wants};
use crate::algebra::{Domain, linear, vector::vectorised};
use crate::correlated::{Draws, material::Material};
use crate::net::Operation;
use crate::protocol::{Fault, Lane, Share};
use mpc_bytecode::cost::BLOCK;

/// Division by 2^bits; see the module.
pub async fn trunc<D: Domain>(
    additive: &Additive<D>,
    lane: &Lane<'_>,
    bits: u32,
    values: &[Share<D>],
) -> Result<Vec<Share<D>>, Fault> {
    wants::check_exponent::<D>(bits)?;
    if bits == 0 {
        return Ok(values.to_vec());
    }
    let xs = Joined::of(values);
    let blocks = blocks(xs.len(), BLOCK as usize);
    let mut tickets = additive.allot(lane, wants::truncations(bits, xs.len()), Draws::OneATurn).await?;
    let mut results = Vec::with_capacity(xs.len());
    // x′ is x plus a number that every player knows: player 0 adds it.
    let leads = additive.me == 0;
    pipeline::run(lane, blocks.len(), 2, |lane, stage, block, left: Option<(Vec<D>, Material<D>)>| {
        if stage == 0 {
            let material = additive.draw(lane, &mut tickets)?;
            let mut own = linear::add(&xs.range(blocks[block].clone()), &material.masks.ring);
            if leads {
                linear::map_assign(&mut own, |share| share.add(offset(D::BITS - 2)));
            }
            send(lane, Operation::Truncate, &own)?;
            return Ok(Some((own, material)));
        }
        if let Some((own, material)) = left {
            let opened = gather(lane, Operation::Truncate, own)?;
            extend_quotients(&mut results, bits, &opened, &material, leads);
            additive.recycle(material);
        }
        Ok(None)
    })
    .await?;
    shares(results, values.iter().map(|value| value.shape()))
}

fn offset<D: Domain>(bits: u32) -> D {
    D::ONE.shl(bits)
}

/// Appends the shares of y for opened c.
fn extend_quotients<D: Domain>(out: &mut Vec<D>, bits: u32, opened: &[D], material: &Material<D>, leads: bool) {
    let (shifted, top) = material.dealt.ring.split_at(opened.len());
    let operands = opened.iter().zip(shifted.iter().zip(top));
    vectorised(
        #[inline(always)]
        || {
            out.extend(operands.map(|(&c, (&shifted, &top))| {
                let wraps = if c.msb() { D::ZERO } else { top.shl(D::BITS - bits) };
                let public = if leads { c.shr(bits).sub(offset(D::BITS - 2 - bits)) } else { D::ZERO };
                public.add(wraps).sub(shifted)
            }));
        },
    );
}
