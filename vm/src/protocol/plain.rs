//! No secrecy at all: one player computes in the clear. It is the oracle that every other scheme is compared with.
//!
//! A share is the value itself. Because it can be seen, every operation is checked: what a sharing scheme would silently compute
//! modulo 2^ℓ, or outside the domain of one of its protocols, is an `OverflowError` here.

use super::share::linear::{Product, broadcast_shape, elements, summed_shape, tensor};
use super::{Fault, Lane, Protocol, Recipients, Share, Shares, Values};
use crate::algebra::{Domain, Tensor};
use ndarray::{Axis, IxDyn};
use std::marker::PhantomData;

/// The scheme at its only player, over the ring `D`.
#[derive(Debug)]
pub struct Plain<D>(PhantomData<D>);

impl<D: Domain> Plain<D> {
    /// A player.
    pub fn new() -> Self {
        Plain(PhantomData)
    }
}

impl<D: Domain> Default for Plain<D> {
    fn default() -> Self {
        Self::new()
    }
}

fn overflow(message: String) -> Fault {
    Fault::OutOfRange(message)
}

/// A signed result as a ring element, if it is one.
fn fit<D: Domain>(value: Option<i128>, what: &str) -> Result<D, Fault> {
    let element = value.map(|value| (value, D::from_i128(value)));
    let element = element.filter(|&(value, element)| element.to_i128() == value).map(|(_, element)| element);
    element.ok_or_else(|| overflow(format!("{what} of secrets leaves the {} bits of the ring", D::BITS)))
}

/// Whether a signed value fits `bits` bits; 0 stands for the ring's width.
fn fits<D: Domain>(value: i128, bits: u32) -> bool {
    let bits = if bits == 0 { D::BITS } else { bits };
    bits >= 128 || (value >> (bits - 1)) == 0 || (value >> (bits - 1)) == -1
}

type Checked = fn(i128, i128) -> Option<i128>;

/// Combines two tensors, broadcast, by checked arithmetic.
fn combine<D: Domain>(a: &Tensor<D>, b: &Tensor<D>, what: &str, op: Checked) -> Result<Tensor<D>, Fault> {
    let shape = broadcast_shape(a.shape(), b.shape())?;
    let views = (a.broadcast(IxDyn(&shape)), b.broadcast(IxDyn(&shape)));
    let (Some(a), Some(b)) = views else { return Err(Fault::Malformed("operands cannot be broadcast".into())) };
    let results = a.iter().zip(b.iter()).map(|(x, y)| fit(op(x.to_i128(), y.to_i128()), what));
    tensor(&shape, results.collect::<Result<_, _>>()?)
}

/// Applies a checked operation to every element.
fn each<D: Domain>(a: &Tensor<D>, op: impl Fn(i128) -> Result<D, Fault>) -> Result<Tensor<D>, Fault> {
    let results = elements(a).iter().map(|x| op(x.to_i128())).collect::<Result<_, _>>()?;
    tensor(a.shape(), results)
}

fn matmul<D: Domain>(a: &Tensor<D>, b: &Tensor<D>) -> Result<Tensor<D>, Fault> {
    let Product { dims, shape } = Product::of(a.shape(), b.shape())?;
    let (xs, ys) = (elements(a), elements(b));
    let entry = |row: usize, column: usize| {
        let products = (0..dims.k).map(|i| (xs[row * dims.k + i].to_i128(), ys[i * dims.n + column].to_i128()));
        let mut products = products.map(|(x, y)| x.checked_mul(y));
        fit(products.try_fold(0i128, |sum, product| sum.checked_add(product?)), "a matrix product")
    };
    let entries = (0..dims.m).flat_map(|row| (0..dims.n).map(move |column| (row, column)));
    tensor(&shape, entries.map(|(row, column)| entry(row, column)).collect::<Result<_, _>>()?)
}

fn sum<D: Domain>(a: &Tensor<D>, axes: &[usize]) -> Result<Tensor<D>, Fault> {
    let shape = summed_shape(a.shape(), axes)?;
    let mut sums = a.map(|x| x.to_i128()).into_dyn();
    let mut axes: Vec<usize> = if axes.is_empty() { (0..a.ndim()).collect() } else { axes.to_vec() };
    axes.sort_unstable();
    axes.dedup();
    for &axis in axes.iter().rev() {
        sums = sums.map_axis(Axis(axis), |lane| lane.iter().fold(0i128, |sum, x| sum.saturating_add(*x)));
    }
    tensor(&shape, sums.iter().map(|&x| fit(Some(x), "a sum")).collect::<Result<_, _>>()?)
}

/// The lowest bits of the two's complement, least significant first.
fn decompose<D: Domain>(a: &Tensor<D>, bits: u32) -> Result<Tensor<D>, Fault> {
    let bits = if bits == 0 { D::BITS } else { bits };
    let shape: Vec<usize> = a.shape().iter().copied().chain([bits as usize]).collect();
    let values = elements(a);
    let all = values.iter().flat_map(|&x| (0..bits).map(move |i| D::from_bool(x.sar(i.min(D::BITS - 1)).bit(0))));
    tensor(&shape, all.collect())
}

/// Applies an operation on tensors to every value of a batch.
fn batch<D: Domain>(
    values: &[Share<D>],
    op: impl Fn(&Tensor<D>) -> Result<Tensor<D>, Fault>,
) -> Result<Vec<Share<D>>, Fault> {
    values.iter().map(|value| value.map(&op)).collect()
}

/// Raises where a value has more bits than a comparison was told.
fn check_width<D: Domain>(value: i128, bits: u32) -> Result<(), Fault> {
    let message = || overflow(format!("a number to be compared leaves the {bits} bits it should have"));
    if fits::<D>(value, bits) { Ok(()) } else { Err(message()) }
}

impl<D: Domain> Protocol for Plain<D> {
    type Domain = D;

    fn share_public(&self, value: &Values<Self>) -> Shares<Self> {
        Share::single(value.clone())
    }

    fn add(&self, a: &Shares<Self>, b: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        a.zip(b, |a, b| combine(a, b, "a sum", i128::checked_add))
    }

    fn sub(&self, a: &Shares<Self>, b: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        a.zip(b, |a, b| combine(a, b, "a difference", i128::checked_sub))
    }

    fn neg(&self, a: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        a.map(|a| each(a, |x| fit(x.checked_neg(), "a negation")))
    }

    fn mul_public(&self, a: &Shares<Self>, b: &Values<Self>) -> Result<Shares<Self>, Fault> {
        a.map(|a| combine(a, b, "a product", i128::checked_mul))
    }

    fn matmul_public(&self, a: &Shares<Self>, b: &Values<Self>) -> Result<Shares<Self>, Fault> {
        a.map(|a| matmul(a, b))
    }

    fn public_matmul(&self, a: &Values<Self>, b: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        b.map(|b| matmul(a, b))
    }

    fn sum(&self, a: &Shares<Self>, axes: &[usize]) -> Result<Shares<Self>, Fault> {
        a.map(|a| sum(a, axes))
    }

    fn shift_left(&self, a: &Shares<Self>, bits: u32) -> Result<Shares<Self>, Fault> {
        let shifted = |x: i128| (x == 0 || bits < 127).then(|| x.checked_mul(1i128 << bits.min(126))).flatten();
        a.map(|a| each(a, |x| fit(shifted(x), "a change of scale")))
    }

    fn check_range(&self, a: &Shares<Self>, bits: u32) -> Result<(), Fault> {
        let outside = elements(a.first()).iter().any(|x| !fits::<D>(x.to_i128(), bits));
        if outside { Err(overflow(format!("a secret leaves the {bits} bits of its type"))) } else { Ok(()) }
    }

    async fn input(
        &self,
        _lane: &Lane<'_>,
        _owner: usize,
        values: Option<&[Values<Self>]>,
        _shapes: &[Vec<usize>],
    ) -> Result<Vec<Shares<Self>>, Fault> {
        let values = values.ok_or_else(|| Fault::Malformed("an input has no value at the only player".into()))?;
        Ok(values.iter().cloned().map(Share::single).collect())
    }

    async fn open(
        &self,
        _lane: &Lane<'_>,
        _to: &Recipients,
        values: &[Shares<Self>],
    ) -> Result<Option<Vec<Values<Self>>>, Fault> {
        Ok(Some(values.iter().map(|value| value.first().clone()).collect()))
    }

    async fn mul(&self, _lane: &Lane<'_>, pairs: &[(Shares<Self>, Shares<Self>)]) -> Result<Vec<Shares<Self>>, Fault> {
        let product =
            |(a, b): &(Shares<Self>, Shares<Self>)| a.zip(b, |a, b| combine(a, b, "a product", i128::checked_mul));
        pairs.iter().map(product).collect()
    }

    async fn square(&self, _lane: &Lane<'_>, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        batch(values, |a| each(a, |x| fit(x.checked_mul(x), "a square")))
    }

    async fn matmul(
        &self,
        _lane: &Lane<'_>,
        pairs: &[(Shares<Self>, Shares<Self>)],
    ) -> Result<Vec<Shares<Self>>, Fault> {
        pairs.iter().map(|(a, b)| a.zip(b, matmul)).collect()
    }

    async fn trunc(&self, _lane: &Lane<'_>, bits: u32, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        let message = || overflow(format!("a product to be truncated leaves {} bits", D::BITS - 1));
        // The nearer of the two integers that a scheme may give: a quotient that is a hair below an integer is that integer.
        let nearest =
            |x: i128| if (1..127).contains(&bits) { ((x >> (bits - 1)) + 1) >> 1 } else { x >> bits.min(127) };
        let divide = |x: i128| if fits::<D>(x, D::BITS - 1) { Ok(D::from_i128(nearest(x))) } else { Err(message()) };
        batch(values, |a| each(a, divide))
    }

    async fn ltz(&self, _lane: &Lane<'_>, bits: u32, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        batch(values, |a| each(a, |x| check_width::<D>(x, bits).map(|()| D::from_bool(x < 0))))
    }

    async fn eqz(&self, _lane: &Lane<'_>, bits: u32, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        batch(values, |a| each(a, |x| check_width::<D>(x, bits).map(|()| D::from_bool(x == 0))))
    }

    async fn bits(&self, _lane: &Lane<'_>, bits: u32, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        batch(values, |a| decompose(a, bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Net, memory::simulate};
    use crate::protocol::{Call, Reply, call};

    fn share(values: &[i64]) -> Share<u64> {
        Share::single(tensor(&[values.len()], values.iter().map(|&x| x as u64).collect()).unwrap())
    }

    fn values(found: Result<Share<u64>, Fault>) -> Vec<i64> {
        elements(found.unwrap().first()).iter().map(|&x| x as i64).collect()
    }

    fn overflows<T: std::fmt::Debug>(found: Result<T, Fault>) -> bool {
        matches!(found, Err(Fault::OutOfRange(_)))
    }

    #[test]
    fn arithmetic_that_leaves_the_ring_is_seen() {
        let plain = Plain::<u64>::new();
        let edge = share(&[i64::MAX, i64::MIN, 3]);
        assert!(overflows(plain.add(&edge, &share(&[1]))));
        assert!(overflows(plain.sub(&edge, &share(&[1]))));
        assert!(overflows(plain.neg(&edge)));
        assert!(overflows(plain.mul_public(&edge, share(&[2]).first())));
        assert!(overflows(plain.shift_left(&share(&[1 << 50]), 20)));
        assert!(overflows(plain.sum(&share(&[i64::MAX, 1]), &[])));
        assert_eq!(values(plain.add(&edge, &share(&[0]))), [i64::MAX, i64::MIN, 3]);
        assert!(overflows(plain.check_range(&share(&[128]), 8)));
        assert!(plain.check_range(&share(&[127, -128]), 8).is_ok());
    }

    #[test]
    fn primitives_are_exact_within_their_domain() {
        let run = |net: &mut dyn Net| {
            let plain = Plain::<u64>::new();
            let mut run = |call| match call::run(&plain, net, &[(0, call)]).map_err(|failed| failed.fault)?.remove(0) {
                Reply::Shares(shares) => Ok(shares),
                Reply::Opened(_) => unreachable!("an opening gives values"),
            };
            let x = vec![share(&[-7, 0, 6])];
            let one = |found: Result<Vec<Share<u64>>, Fault>| values(found.map(|mut all| all.remove(0)));
            assert_eq!(one(run(Call::Trunc(1, x.clone()))), [-3, 0, 3]);
            assert_eq!(one(run(Call::Trunc(2, x.clone()))), [-2, 0, 2]);
            assert_eq!(one(run(Call::Ltz(4, x.clone()))), [1, 0, 0]);
            assert_eq!(one(run(Call::Eqz(0, x.clone()))), [0, 1, 0]);
            assert_eq!(one(run(Call::Bits(3, x.clone()))), [1, 0, 0, 0, 0, 0, 0, 1, 1]);
            assert_eq!(one(run(Call::Square(x.clone()))), [49, 0, 36]);
            assert!(overflows(run(Call::Ltz(3, x.clone()))));
            assert!(overflows(run(Call::Trunc(1, vec![share(&[i64::MAX])]))));
        };
        simulate(1, false, |net| run(net));
    }
}
