//! Multiplication by triples (Beaver, *Efficient multiparty protocols using circuit randomization*, CRYPTO 1991).
//!
//! Of a dealt triple c = ab the players open d = x − a and e = y − b, uniform whatever x and y are, and
//! xy = (d + a)(e + b) = de + db + ea + c is linear in the shares; player 0 adds de.

use super::flat::{Joined, blocks, count, split};
use super::open::{gather, send};
use super::{Additive, pipeline, wants};
use crate::algebra::{Domain, linear, matmul::Dims, vector::vectorised};
use crate::correlated::{Draws, material::Material};
use crate::net::Operation;
use crate::protocol::share::linear::{Product, elements, tensor};
use crate::protocol::{Fault, Lane, Share};
use mpc_bytecode::cost::{BLOCK, additive::PAIRS};
use std::borrow::Cow;
use std::ops::Range;

/// What a block leaves for when its opening has come: the own shares of it, and the masks.
type Masked<D> = Option<(Vec<D>, Material<D>)>;

/// Products, elementwise. Operands of a pair have equal shapes.
pub async fn mul<D: Domain>(
    additive: &Additive<D>,
    lane: &Lane<'_>,
    pairs: &[(Share<D>, Share<D>)],
) -> Result<Vec<Share<D>>, Fault> {
    if let Some((a, b)) = pairs.iter().find(|(a, b)| a.shape() != b.shape()) {
        let message = format!("shapes {:?} and {:?} are not equal", a.shape(), b.shape());
        return Err(Fault::Raised(mpc_bytecode::operand::Exception::ValueError, message));
    }
    let (xs, ys) = (Joined::of(pairs.iter().map(|pair| &pair.0)), Joined::of(pairs.iter().map(|pair| &pair.1)));
    let blocks = blocks(xs.len(), PAIRS as usize);
    let mut tickets = additive.allot(lane, wants::triples(xs.len()), Draws::OneATurn).await?;
    let mut products = Vec::with_capacity(xs.len());
    pipeline::run(lane, blocks.len(), 2, |lane, stage, block, left: Masked<D>| {
        if stage == 0 {
            let (x, y) = (xs.range(blocks[block].clone()), ys.range(blocks[block].clone()));
            let material = additive.draw(lane, &mut tickets)?;
            let (a, b) = material.masks.ring.split_at(x.len());
            let mut own = linear::sub(&x, a);
            own.extend_from_slice(&linear::sub(&y, b));
            send(lane, Operation::Multiply, &own)?;
            return Ok(Some((own, material)));
        }
        if let Some((own, material)) = left {
            let opened = gather(lane, Operation::Multiply, own)?;
            extend_products(&mut products, &opened, &material, additive.me == 0);
            additive.recycle(material);
        }
        Ok(None)
    })
    .await?;
    shares(products, pairs.iter().map(|(a, _)| a.shape()))
}

/// Appends de + db + ea + c; without de where another player adds it.
fn extend_products<D: Domain>(out: &mut Vec<D>, opened: &[D], material: &Material<D>, adds: bool) {
    let (d, e) = opened.split_at(opened.len() / 2);
    let (a, b) = material.masks.ring.split_at(d.len());
    let operands = d.iter().zip(e).zip(a.iter().zip(b).zip(&material.dealt.ring));
    vectorised(
        #[inline(always)]
        || {
            if adds {
                out.extend(operands.map(|((&d, &e), ((&a, &b), &c))| d.mul(e.add(b)).add(e.mul(a)).add(c)));
            } else {
                out.extend(operands.map(|((&d, &e), ((&a, &b), &c))| d.mul(b).add(e.mul(a)).add(c)));
            }
        },
    );
}

/// Squares: with c = a² and d = x − a opened, x² = d² + 2da + c.
pub async fn square<D: Domain>(
    additive: &Additive<D>,
    lane: &Lane<'_>,
    values: &[Share<D>],
) -> Result<Vec<Share<D>>, Fault> {
    let xs = Joined::of(values);
    let blocks = blocks(xs.len(), BLOCK as usize);
    let mut tickets = additive.allot(lane, wants::squares(xs.len()), Draws::OneATurn).await?;
    let mut results = Vec::with_capacity(xs.len());
    pipeline::run(lane, blocks.len(), 2, |lane, stage, block, left: Masked<D>| {
        if stage == 0 {
            let material = additive.draw(lane, &mut tickets)?;
            let own = linear::sub(&xs.range(blocks[block].clone()), &material.masks.ring);
            send(lane, Operation::Square, &own)?;
            return Ok(Some((own, material)));
        }
        if let Some((own, material)) = left {
            let opened = gather(lane, Operation::Square, own)?;
            let adds = additive.me == 0;
            let operands = opened.iter().zip(&material.masks.ring).zip(&material.dealt.ring);
            let square = |((&d, &a), &c): ((&D, &D), &D)| {
                let twice = a.add(a);
                d.mul(if adds { d.add(twice) } else { twice }).add(c)
            };
            results.extend(operands.map(square));
            additive.recycle(material);
        }
        Ok(None)
    })
    .await?;
    shares(results, values.iter().map(|value| value.shape()))
}

/// Shares of tensors from one long vector.
pub fn shares<'a, D: Domain>(
    elements: Vec<D>,
    shapes: impl ExactSizeIterator<Item = &'a [usize]>,
) -> Result<Vec<Share<D>>, Fault> {
    Ok(split(elements, shapes)?.into_iter().map(Share::single).collect())
}

/// Matrix products: triples of whole matrices. Of an (m,k) by a (k,n) matrix mk + kn elements are opened, not 2mkn (Mohassel and Zhang,
/// *SecureML*, S&P 2017, section IV).
pub async fn matmul<D: Domain>(
    additive: &Additive<D>,
    lane: &Lane<'_>,
    pairs: &[(Share<D>, Share<D>)],
) -> Result<Vec<Share<D>>, Fault> {
    let products = pairs.iter().map(|(a, b)| Product::of(a.shape(), b.shape())).collect::<Result<Vec<_>, _>>()?;
    let lots = wants::matrix_triples(&products);
    let mut tickets = additive.allot(lane, lots, Draws::AtOnce).await?;
    let mut materials = Vec::with_capacity(tickets.len());
    while !tickets.is_empty() {
        materials.push(additive.draw(lane, &mut tickets)?);
    }
    let mut own = Vec::with_capacity(materials.iter().map(|material| material.masks.ring.len()).sum());
    let busy = pairs.iter().zip(&products).filter(|(_, product)| wants::is_dealt(product));
    for (((x, y), product), material) in busy.zip(&materials) {
        let (a, b) = material.masks.ring.split_at(product.dims.m * product.dims.k);
        own.extend(linear::sub(&elements(x.first()), a));
        own.extend(linear::sub(&elements(y.first()), b));
    }
    let opened = open_all(lane, Operation::MatMul, own).await?;
    let mut rest = opened.as_slice();
    let mut materials = materials.into_iter();
    let mut multiply = |product: &Product| {
        let material = if wants::is_dealt(product) { materials.next() } else { None };
        let Some(material) = material else {
            return tensor(&product.shape, vec![D::ZERO; count(&product.shape)]).map(Share::single);
        };
        let (opened, after) = rest.split_at(material.masks.ring.len());
        rest = after;
        let part = combine(product.dims, opened, material, additive.me == 0);
        tensor(&product.shape, part).map(Share::single)
    };
    products.iter().map(&mut multiply).collect()
}

/// D(E + B) + AE + C; DB for the first term where another player adds DE.
fn combine<D: Domain>(dims: Dims, opened: &[D], material: Material<D>, adds: bool) -> Vec<D> {
    let (d, e) = opened.split_at(dims.m * dims.k);
    let (a, b) = material.masks.ring.split_at(dims.m * dims.k);
    let right: Cow<'_, [D]> = if adds { linear::add(e, b).into() } else { b.into() };
    let mut out = material.dealt.ring;
    D::matmul_add(dims, d, &right, &mut out);
    D::matmul_add(dims, a, e, &mut out);
    out
}

/// Opens masked elements to all in frames of [`BLOCK`], all in one round.
async fn open_all<D: Domain>(lane: &Lane<'_>, operation: Operation, mut own: Vec<D>) -> Result<Vec<D>, Fault> {
    let blocks: Vec<Range<usize>> = blocks(own.len(), BLOCK as usize);
    pipeline::run(lane, blocks.len(), 2, |lane, stage, block, ()| {
        let part = &mut own[blocks[block].clone()];
        if stage == 0 {
            return send(lane, operation, part);
        }
        let opened = gather(lane, operation, part.to_vec())?;
        part.copy_from_slice(&opened);
        Ok(())
    })
    .await?;
    Ok(own)
}
