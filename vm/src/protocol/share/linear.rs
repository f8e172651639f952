//! What every linear scheme does alone: operations on the parts of a share, broadcast as in NumPy.
//!
//! Equal shapes and scalars go straight to the kernels of [`crate::algebra::linear`]; other shapes row by row. Everything here
//! is the ring's arithmetic, on shares and on public operands alike.

use super::Share;
use crate::algebra::{Domain, Tensor, linear, matmul::Dims};
use crate::memory::{Raised, shape};
use crate::protocol::Fault;
use mpc_bytecode::operand::Exception;
use ndarray::{ArrayView1, IxDyn};
use std::borrow::Cow;

/// A tensor of row-major elements.
///
/// # Errors
/// `ValueError` where their number is not the shape's.
pub fn tensor<D: Domain>(shape: &[usize], elements: Vec<D>) -> Result<Tensor<D>, Fault> {
    Tensor::from_shape_vec(IxDyn(shape), elements).map_err(|error| value_error(error.to_string()))
}

/// A tensor's elements, row-major; without a copy, for tensors are in standard layout.
pub fn elements<D: Domain>(tensor: &Tensor<D>) -> Cow<'_, [D]> {
    match tensor.as_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(tensor.iter().copied().collect()),
    }
}

fn value_error(message: String) -> Fault {
    Fault::Raised(Exception::ValueError, message)
}

/// The shape that two shapes broadcast to, as in NumPy.
///
/// # Errors
/// `ValueError` naming both; the error of a tensor that is too large.
pub fn broadcast_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Fault> {
    shape::broadcast_shapes(a, b).map_err(raised)
}

fn raised(found: Raised) -> Fault {
    Fault::Raised(found.exception, found.message)
}

/// The elements of `a` and `b`, broadcast against each other and combined.
///
/// # Errors
/// `ValueError` where the shapes do not fit.
pub fn broadcast<D: Domain>(
    a: &Tensor<D>,
    b: &Tensor<D>,
    whole: fn(&[D], &[D]) -> Vec<D>,
    each: fn(D, D) -> D,
) -> Result<Tensor<D>, Fault> {
    if a.shape() == b.shape() {
        return tensor(a.shape(), whole(&elements(a), &elements(b)));
    }
    let shape = broadcast_shape(a.shape(), b.shape())?;
    let combined = match (a.as_slice(), b.as_slice()) {
        (Some(xs), Some(&[y])) if shape == a.shape() => linear::map(xs, move |x| each(x, y)),
        (Some(&[x]), Some(ys)) if shape == b.shape() => linear::map(ys, move |y| each(x, y)),
        _ => by_rows(a, b, &shape, each),
    };
    tensor(&shape, combined)
}

fn by_rows<D: Domain>(a: &Tensor<D>, b: &Tensor<D>, shape: &[usize], each: fn(D, D) -> D) -> Vec<D> {
    let mut out = Vec::with_capacity(shape.iter().product());
    // `shape` is what both broadcast to, so both views exist.
    if let (Some(a), Some(b)) = (a.broadcast(IxDyn(shape)), b.broadcast(IxDyn(shape))) {
        a.rows().into_iter().zip(b.rows()).for_each(|(a, b)| combine_row(a, b, each, &mut out));
    }
    out
}

/// Combines two rows, each of which is contiguous or one element repeated.
fn combine_row<D: Domain>(a: ArrayView1<'_, D>, b: ArrayView1<'_, D>, each: fn(D, D) -> D, out: &mut Vec<D>) {
    match (a.to_slice(), b.to_slice(), a.first(), b.first()) {
        (Some(xs), Some(ys), _, _) => out.extend(xs.iter().zip(ys).map(|(&x, &y)| each(x, y))),
        (Some(xs), None, _, Some(&y)) => out.extend(xs.iter().map(|&x| each(x, y))),
        (None, Some(ys), Some(&x), _) => out.extend(ys.iter().map(|&y| each(x, y))),
        (_, _, _, _) => out.extend(a.iter().zip(b).map(|(&x, &y)| each(x, y))),
    }
}

/// Sum, broadcast.
///
/// # Errors
/// `ValueError` where the shapes do not fit.
pub fn add<D: Domain>(a: &Share<D>, b: &Share<D>) -> Result<Share<D>, Fault> {
    a.zip(b, |a, b| broadcast(a, b, linear::add, D::add))
}

/// Difference, broadcast.
///
/// # Errors
/// `ValueError` where the shapes do not fit.
pub fn sub<D: Domain>(a: &Share<D>, b: &Share<D>) -> Result<Share<D>, Fault> {
    a.zip(b, |a, b| broadcast(a, b, linear::sub, D::sub))
}

/// Negation.
///
/// # Errors
/// None for tensors in standard layout.
pub fn neg<D: Domain>(a: &Share<D>) -> Result<Share<D>, Fault> {
    a.map(|a| tensor(a.shape(), linear::map(&elements(a), D::neg)))
}

/// Secret times public, broadcast.
///
/// # Errors
/// `ValueError` where the shapes do not fit.
pub fn mul_public<D: Domain>(a: &Share<D>, b: &Tensor<D>) -> Result<Share<D>, Fault> {
    a.map(|a| broadcast(a, b, linear::mul, D::mul))
}

/// Secret matrix times public matrix.
///
/// # Errors
/// `ValueError` where the shapes do not fit.
pub fn matmul_public<D: Domain>(a: &Share<D>, b: &Tensor<D>) -> Result<Share<D>, Fault> {
    a.map(|a| matmul(a, b))
}

/// Public matrix times secret matrix.
///
/// # Errors
/// `ValueError` where the shapes do not fit.
pub fn public_matmul<D: Domain>(a: &Tensor<D>, b: &Share<D>) -> Result<Share<D>, Fault> {
    b.map(|b| matmul(a, b))
}

/// Sum along axes; none given stands for all.
///
/// # Errors
/// `ValueError` for an axis that is not there.
pub fn sum<D: Domain>(a: &Share<D>, axes: &[usize]) -> Result<Share<D>, Fault> {
    a.map(|a| sum_tensor(a, axes))
}

fn sum_tensor<D: Domain>(a: &Tensor<D>, axes: &[usize]) -> Result<Tensor<D>, Fault> {
    let shape = summed_shape(a.shape(), axes)?;
    if shape.is_empty() {
        return tensor(&[], vec![linear::sum(&elements(a))]);
    }
    let mut rest = a.shape().to_vec();
    let mut sums = elements(a);
    for &axis in falling(axes).iter() {
        let (outer, inner) = (rest[..axis].iter().product(), rest[axis + 1..].iter().product());
        sums = Cow::Owned(linear::sum_axis(&sums, outer, rest.remove(axis), inner));
    }
    tensor(&shape, sums.into_owned())
}

/// The axes without repetition, the last first.
fn falling(axes: &[usize]) -> Vec<usize> {
    let mut axes = axes.to_vec();
    axes.sort_unstable_by(|a, b| b.cmp(a));
    axes.dedup();
    axes
}

/// The shape that is left after summing along axes; none given stands for all.
///
/// # Errors
/// `ValueError` for an axis that is not there.
pub fn summed_shape(shape: &[usize], axes: &[usize]) -> Result<Vec<usize>, Fault> {
    if axes.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(axis) = axes.iter().find(|&&axis| axis >= shape.len()) {
        return Err(value_error(format!("there is no axis {axis} in a tensor of shape {shape:?}")));
    }
    let kept = shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
    Ok(kept.map(|(_, &size)| size).collect())
}

/// Times 2^`bits`.
///
/// # Errors
/// None for tensors in standard layout.
pub fn shift_left<D: Domain>(a: &Share<D>, bits: u32) -> Result<Share<D>, Fault> {
    a.map(|a| tensor(a.shape(), linear::map(&elements(a), move |x| x.shl(bits))))
}

/// The sizes of a matrix product and the shape of its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The sizes, with vectors as matrices of one row or column.
    pub dims: Dims,
    /// The result's shape.
    pub shape: Vec<usize>,
}

impl Product {
    /// The product of operands of these shapes, each of rank 1 or 2, by NumPy's rules for `@`.
    ///
    /// # Errors
    /// `ValueError` where they do not fit.
    pub fn of(a: &[usize], b: &[usize]) -> Result<Self, Fault> {
        let (m, k) = match *a {
            [k] => (None, k),
            [m, k] => (Some(m), k),
            _ => return Err(wrong_rank(a)),
        };
        let (inner, n) = match *b {
            [k] => (k, None),
            [k, n] => (k, Some(n)),
            _ => return Err(wrong_rank(b)),
        };
        if k != inner {
            let message =
                format!("shapes {a:?} and {b:?} do not fit a matrix product: {k} columns against {inner} rows");
            return Err(value_error(message));
        }
        let dims = Dims { m: m.unwrap_or(1), k, n: n.unwrap_or(1) };
        let shape: Vec<usize> = m.into_iter().chain(n).collect();
        shape::count(&shape).map_err(raised)?;
        Ok(Self { dims, shape })
    }
}

fn wrong_rank(shape: &[usize]) -> Fault {
    value_error(format!("a matrix product takes vectors and matrices, not a tensor of shape {shape:?}"))
}

/// The product of two matrices or vectors.
///
/// # Errors
/// `ValueError` where the shapes do not fit.
pub fn matmul<D: Domain>(a: &Tensor<D>, b: &Tensor<D>) -> Result<Tensor<D>, Fault> {
    let Product { dims, shape } = Product::of(a.shape(), b.shape())?;
    let mut out = vec![D::ZERO; dims.m * dims.n];
    D::matmul_add(dims, &elements(a), &elements(b), &mut out);
    tensor(&shape, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(shape: &[usize], elements: &[u64]) -> Share<u64> {
        Share::single(tensor(shape, elements.to_vec()).unwrap())
    }

    fn check(found: Result<Share<u64>, Fault>, shape: &[usize], expected: &[u64]) {
        let found = found.unwrap();
        assert_eq!((found.shape(), &*elements(found.first())), (shape, expected));
    }

    #[test]
    fn operands_broadcast_as_in_numpy() {
        let (matrix, row, column) =
            (share(&[2, 3], &[1, 2, 3, 4, 5, 6]), share(&[3], &[10, 20, 30]), share(&[2, 1], &[7, 8]));
        check(add(&matrix, &row), &[2, 3], &[11, 22, 33, 14, 25, 36]);
        check(
            sub(&matrix, &column),
            &[2, 3],
            &[1, 2, 3, 4, 5, 6].map(|x: u64| x.wrapping_sub(if x < 4 { 7 } else { 8 })),
        );
        check(add(&column, &row), &[2, 3], &[17, 27, 37, 18, 28, 38]);
        check(add(&share(&[], &[1]), &row), &[3], &[11, 21, 31]);
        check(sub(&row, &share(&[], &[1])), &[3], &[9, 19, 29]);
        check(add(&share(&[1, 1], &[1]), &row), &[1, 3], &[11, 21, 31]);
        check(add(&share(&[0, 3], &[]), &row), &[0, 3], &[]);
        check(mul_public(&matrix, column.first()), &[2, 3], &[7, 14, 21, 32, 40, 48]);
        assert!(matches!(add(&matrix, &share(&[2], &[1, 2])), Err(Fault::Raised(Exception::ValueError, _))));
    }

    #[test]
    fn results_too_large_for_any_machine_are_refused() {
        let (column, row) = (share(&[1 << 20, 1], &vec![1; 1 << 20]), share(&[1, 1 << 20], &vec![1; 1 << 20]));
        assert!(matches!(add(&column, &row), Err(Fault::Raised(..))));
        assert!(matches!(matmul_public(&column, row.first()), Err(Fault::Raised(..))));
    }

    #[test]
    fn products_follow_numpy() {
        let (matrix, vector) = (share(&[2, 3], &[1, 2, 3, 4, 5, 6]), share(&[3], &[1, 10, 100]));
        check(matmul_public(&matrix, vector.first()), &[2], &[321, 654]);
        check(public_matmul(vector.first(), &share(&[3, 2], &[1, 2, 3, 4, 5, 6])), &[2], &[531, 642]);
        check(matmul_public(&vector, vector.first()), &[], &[10101]);
        check(matmul_public(&share(&[2, 0], &[]), share(&[0, 2], &[]).first()), &[2, 2], &[0; 4]);
        assert!(matmul_public(&matrix, matrix.first()).is_err());
        assert!(matmul_public(&matrix, share(&[], &[1]).first()).is_err());
    }

    #[test]
    fn sums_run_along_axes() {
        let cube = share(&[2, 3, 2], &(0..12).collect::<Vec<_>>());
        check(sum(&cube, &[]), &[], &[66]);
        check(sum(&cube, &[1]), &[2, 2], &[6, 9, 24, 27]);
        check(sum(&cube, &[2, 0]), &[3], &[14, 22, 30]);
        check(sum(&cube, &[0, 1, 2]), &[], &[66]);
        check(sum(&share(&[0, 2], &[]), &[0]), &[2], &[0, 0]);
        assert!(sum(&cube, &[3]).is_err());
        check(shift_left(&neg(&share(&[1], &[3])).unwrap(), 2), &[1], &[12u64.wrapping_neg()]);
    }
}
