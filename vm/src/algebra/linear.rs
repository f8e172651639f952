//! Elementwise operations on slices of equal length, and sums along axes.
//!
//! Loops are plain, compiled for the widest vectors of the machine by [`vectorised`], and cut over threads only where a
//! slice is far larger than the caches.
//!
//! # Panics
//! Every function here panics where slices differ in length: sizes are settled before values are touched.

use super::{Domain, vector::vectorised};
use rayon::prelude::*;

/// Elements above which a slice is cut over threads, and that each thread takes at least.
const WORTH_A_THREAD: usize = 1 << 19;

/// Runs `work` on corresponding pieces of `out` and `x`.
fn zip1<D: Domain>(out: &mut [D], x: &[D], work: impl Fn(&mut D, D) + Sync + Copy) {
    assert_eq!(out.len(), x.len(), "lengths of an elementwise operation");
    let run = |out: &mut [D], x: &[D]| {
        vectorised(
            #[inline(always)]
            || out.iter_mut().zip(x).for_each(|(out, &x)| work(out, x)),
        )
    };
    match piece(out.len()) {
        None => run(out, x),
        Some(piece) => out.par_chunks_mut(piece).zip(x.par_chunks(piece)).for_each(|(out, x)| run(out, x)),
    }
}

/// Runs `work` on corresponding pieces of `out`, `x` and `y`.
fn zip2<D: Domain>(out: &mut [D], x: &[D], y: &[D], work: impl Fn(&mut D, D, D) + Sync + Copy) {
    assert_eq!(out.len(), x.len(), "lengths of an elementwise operation");
    assert_eq!(out.len(), y.len(), "lengths of an elementwise operation");
    let run = |out: &mut [D], x: &[D], y: &[D]| {
        vectorised(
            #[inline(always)]
            || out.iter_mut().zip(x.iter().zip(y)).for_each(|(out, (&x, &y))| work(out, x, y)),
        );
    };
    match piece(out.len()) {
        None => run(out, x, y),
        Some(piece) => {
            let operands = x.par_chunks(piece).zip(y.par_chunks(piece));
            out.par_chunks_mut(piece).zip(operands).for_each(|(out, (x, y))| run(out, x, y));
        }
    }
}

/// The length of a thread's piece, or `None` where one thread should do it all.
fn piece(len: usize) -> Option<usize> {
    if len < 2 * WORTH_A_THREAD {
        return None;
    }
    let threads = rayon::current_num_threads();
    (threads > 1).then(|| len.div_ceil(threads).max(WORTH_A_THREAD))
}

/// Declares functions that combine one slice into another, in place, and two slices into a new one.
macro_rules! binary {
    ($($(#[$doc:meta])* $assign:ident, $make:ident, $method:ident;)*) => { $(
        $(#[$doc])*
        /// In place, into the first slice.
        pub fn $assign<D: Domain>(out: &mut [D], x: &[D]) {
            zip1(out, x, |out, x| *out = out.$method(x));
        }

        $(#[$doc])*
        /// Into a new vector.
        #[must_use]
        pub fn $make<D: Domain>(x: &[D], y: &[D]) -> Vec<D> {
            let mut out = vec![D::ZERO; x.len()];
            zip2(&mut out, x, y, |out, x, y| *out = x.$method(y));
            out
        }
    )* };
}

binary! {
    /// Elementwise sum.
    add_assign, add, add;
    /// Elementwise difference: the first less the second.
    sub_assign, sub, sub;
    /// Elementwise product.
    mul_assign, mul, mul;
    /// Elementwise exclusive or.
    xor_assign, xor, xor;
    /// Elementwise conjunction of bits.
    and_assign, and, and;
}

/// `out += x · y`, elementwise.
pub fn mul_add<D: Domain>(out: &mut [D], x: &[D], y: &[D]) {
    zip2(out, x, y, |out, x, y| *out = out.add(x.mul(y)));
}

/// `out += factor · x`.
pub fn scale_add<D: Domain>(out: &mut [D], factor: D, x: &[D]) {
    zip1(out, x, |out, x| *out = out.add(factor.mul(x)));
}

/// Applies `work` to every element in place.
pub fn map_assign<D: Domain>(out: &mut [D], work: impl Fn(D) -> D + Sync + Copy) {
    let run = |out: &mut [D]| {
        vectorised(
            #[inline(always)]
            || out.iter_mut().for_each(|out| *out = work(*out)),
        )
    };
    match piece(out.len()) {
        None => run(out),
        Some(piece) => out.par_chunks_mut(piece).for_each(run),
    }
}

/// Applies `work` to every element, into a new vector of the same length.
#[must_use]
pub fn map<D: Domain>(x: &[D], work: impl Fn(D) -> D + Sync + Copy) -> Vec<D> {
    let mut out = vec![D::ZERO; x.len()];
    zip1(&mut out, x, |out, x| *out = work(x));
    out
}

/// Additive inverses, in place.
pub fn neg_assign<D: Domain>(out: &mut [D]) {
    map_assign(out, D::neg);
}

/// `out *= factor`.
pub fn scale_assign<D: Domain>(out: &mut [D], factor: D) {
    map_assign(out, |x| x.mul(factor));
}

/// The inner product of two vectors.
#[inline(always)]
#[must_use]
pub fn dot<D: Domain>(x: &[D], y: &[D]) -> D {
    x.iter().zip(y).fold(D::ZERO, |sum, (&x, &y)| sum.add(x.mul(y)))
}

/// The sum of all elements.
#[must_use]
pub fn sum<D: Domain>(x: &[D]) -> D {
    vectorised(
        #[inline(always)]
        || x.iter().fold(D::ZERO, |sum, &x| sum.add(x)),
    )
}

/// Sums a tensor in standard layout along one axis: `x` has shape `outer` × `axis` × `inner`, the result `outer` × `inner`.
///
/// `outer` and `inner` are the products of the dimensions before and after the axis.
#[must_use]
pub fn sum_axis<D: Domain>(x: &[D], outer: usize, axis: usize, inner: usize) -> Vec<D> {
    assert_eq!(x.len(), outer * axis * inner, "length of a tensor summed along an axis");
    let mut out = vec![D::ZERO; outer * inner];
    if axis * inner == 0 {
        return out;
    }
    vectorised(
        #[inline(always)]
        || {
            for (out, x) in out.chunks_exact_mut(inner).zip(x.chunks_exact(axis * inner)) {
                if let [out] = out {
                    *out = x.iter().fold(D::ZERO, |sum, &x| sum.add(x));
                    continue;
                }
                for x in x.chunks_exact(inner) {
                    out.iter_mut().zip(x).for_each(|(out, &x)| *out = out.add(x));
                }
            }
        },
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn slices_follow_elements(pairs: Vec<(u128, u128)>, factor: u128) {
            let (x, y): (Vec<u128>, Vec<u128>) = pairs.iter().copied().unzip();
            let each = |work: fn(u128, u128) -> u128| -> Vec<u128> { pairs.iter().map(|&(x, y)| work(x, y)).collect() };
            prop_assert_eq!(add(&x, &y), each(u128::wrapping_add));
            prop_assert_eq!(sub(&x, &y), each(u128::wrapping_sub));
            prop_assert_eq!(mul(&x, &y), each(u128::wrapping_mul));
            prop_assert_eq!(xor(&x, &y), each(|x, y| x ^ y));
            prop_assert_eq!(and(&x, &y), each(|x, y| x & y));
            let mut sums = x.clone();
            mul_add(&mut sums, &x, &y);
            scale_add(&mut sums, factor, &y);
            sub_assign(&mut sums, &x);
            let mut factors = add(&x, &vec![factor; x.len()]);
            mul_assign(&mut factors, &y);
            prop_assert_eq!(&sums, &factors);
            neg_assign(&mut sums);
            add_assign(&mut sums, &factors);
            prop_assert_eq!(sum(&sums), 0);
            scale_assign(&mut factors, factor);
            prop_assert_eq!(sum(&factors), dot(&factors, &vec![1; factors.len()]));
            prop_assert_eq!(map(&factors, u128::wrapping_neg), sub(&vec![0; factors.len()], &factors));
        }
    }

    #[test]
    fn sums_run_along_any_axis() {
        let x: Vec<u64> = (0..24).collect();
        assert_eq!(sum_axis(&x, 1, 2, 12), (0..12).map(|i| 2 * i + 12).collect::<Vec<_>>());
        assert_eq!(sum_axis(&x, 2, 3, 4), [12, 15, 18, 21, 48, 51, 54, 57]);
        assert_eq!(sum_axis(&x, 6, 4, 1), [6, 22, 38, 54, 70, 86]);
        assert_eq!(sum_axis::<u64>(&[], 2, 0, 3), [0; 6]);
        assert_eq!(sum_axis::<u64>(&[], 2, 5, 0), [0; 0]);
    }

    #[test]
    fn long_slices_are_cut_without_a_seam() {
        let x: Vec<u64> = (0..2 * WORTH_A_THREAD as u64 + 77).collect();
        let y = map(&x, |x| x.wrapping_mul(3));
        assert!(sub(&y, &x) == map(&x, |x| 2 * x));
        let mut z = y.clone();
        mul_add(&mut z, &x, &x);
        assert!(z.iter().zip(&x).all(|(&z, &x)| z == x * x + 3 * x));
    }

    #[test]
    #[should_panic(expected = "lengths of an elementwise operation")]
    fn lengths_must_agree() {
        add_assign(&mut [1u64], &[1, 2]);
    }
}
