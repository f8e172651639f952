//! The product by plain loops: the twin that the fast kernels are tested against, and what thin and small sizes use.

use super::Dims;
use crate::algebra::{Domain, vector::vectorised};

/// Columns of the right operand up to which each is gathered once and multiplied as a vector.
const THIN: usize = 4;

/// `c += a · b` by the definition.
///
/// # Panics
/// Where the lengths of the slices do not match `dims`.
pub fn matmul_add<D: Domain>(dims: Dims, a: &[D], b: &[D], c: &mut [D]) {
    dims.check(a, b, c);
    for i in 0..dims.m {
        for j in 0..dims.n {
            let products = (0..dims.k).map(|p| a[i * dims.k + p].mul(b[p * dims.n + j]));
            c[i * dims.n + j] = products.fold(c[i * dims.n + j], D::add);
        }
    }
}

/// `c += a · b` by loops that the compiler vectorises: along the rows of `b`, or for a few columns along `k`.
///
/// # Panics
/// Where the lengths of the slices do not match `dims`.
pub fn rows<D: Domain>(dims: Dims, a: &[D], b: &[D], c: &mut [D]) {
    dims.check(a, b, c);
    if dims.k == 0 || dims.n == 0 {
        return;
    }
    match dims.n {
        1 => vectorised(
            #[inline(always)]
            || by_column(dims, a, b, 0, c),
        ),
        2..=THIN => (0..dims.n).for_each(|j| {
            let column: Vec<D> = b[j..].iter().step_by(dims.n).copied().collect();
            vectorised(
                #[inline(always)]
                || by_column(dims, a, &column, j, c),
            );
        }),
        _ => vectorised(
            #[inline(always)]
            || by_rows(dims, a, b, c),
        ),
    }
}

/// Adds the matrix-vector product `a · column` to column `j` of `c`.
#[inline(always)]
fn by_column<D: Domain>(dims: Dims, a: &[D], column: &[D], j: usize, c: &mut [D]) {
    for (row_a, row_c) in a.chunks_exact(dims.k).zip(c.chunks_exact_mut(dims.n)) {
        row_c[j] = row_c[j].add(crate::algebra::linear::dot(row_a, column));
    }
}

/// Adds row `p` of `b`, times the factor in `a`, to each row of `c`, for every `p`.
#[inline(always)]
fn by_rows<D: Domain>(dims: Dims, a: &[D], b: &[D], c: &mut [D]) {
    for (row_a, row_c) in a.chunks_exact(dims.k).zip(c.chunks_exact_mut(dims.n)) {
        for (&factor, row_b) in row_a.iter().zip(b.chunks_exact(dims.n)) {
            for (c, &b) in row_c.iter_mut().zip(row_b) {
                *c = c.add(factor.mul(b));
            }
        }
    }
}
