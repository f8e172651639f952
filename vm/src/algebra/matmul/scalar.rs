//! The product by loops over rows: the twin that the fast kernels are tested against, and what small sizes use.

use super::Dims;
use crate::algebra::Domain;

/// `c += a · b`, one row of `b` at a time, which compilers vectorise.
///
/// # Panics
/// Where the lengths of the slices do not match `dims`.
pub fn matmul_add<D: Domain>(dims: Dims, a: &[D], b: &[D], c: &mut [D]) {
    dims.check(a, b, c);
    if dims.k == 0 || dims.n == 0 {
        return;
    }
    for (row_a, row_c) in a.chunks_exact(dims.k).zip(c.chunks_exact_mut(dims.n)) {
        for (&factor, row_b) in row_a.iter().zip(b.chunks_exact(dims.n)) {
            for (c, &b) in row_c.iter_mut().zip(row_b) {
                *c = c.add(factor.mul(b));
            }
        }
    }
}
