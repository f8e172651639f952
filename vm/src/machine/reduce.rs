//! Reductions of public tensors along axes.

use super::error::{Outcome, broken};
use super::integer::overflow;
use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::memory::{Elements, Public, Raised, shape};
use mpc_bytecode::operand::Reduction;

/// Reduces along the given axes (none: all of them).
pub(super) fn reduce<D: Domain>(op: Reduction, x: &Public<D>, axes: &[u32], fixed: Fixed) -> Outcome<Public<D>> {
    match x {
        Public::Int(x) => integers(op, x, axes),
        Public::Fix(x) => fixed_points(op, x, axes, fixed),
        Public::Bool(x) => booleans(op, x, axes),
        Public::Str(_) => broken(format!("`{op}` of str")),
    }
}

/// Folds every run of elements along the reduced axes, in row-major order.
fn along<T: Copy, U: Copy>(
    x: &Elements<T>,
    axes: &[u32],
    fold: impl Fn(&[T]) -> Result<U, Raised>,
) -> Result<Elements<U>, Raised> {
    let marks = shape::marked(x.shape().len(), axes)?;
    let (gone, kept): (Vec<usize>, Vec<usize>) = (0..marks.len()).partition(|&axis| marks[axis]);
    let out_shape: Vec<usize> = kept.iter().map(|&axis| x.shape()[axis]).collect();
    if kept.is_empty() {
        return fold(x.as_slice()).map(Elements::One);
    }
    let run: usize = gone.iter().map(|&axis| x.shape()[axis]).product();
    let moved = shape::transpose(&x.to_tensor(), &[kept, gone].concat())?;
    let elements = moved.as_slice().unwrap_or_default();
    let mut out = shape::allocate(&out_shape)?;
    for at in 0..shape::count(&out_shape)? {
        out.push(fold(&elements[at * run..(at + 1) * run])?);
    }
    shape::assemble(&out_shape, out)
}

fn empty(op: Reduction) -> Raised {
    Raised::value(format!("{op}() of an empty sequence"))
}

/// The extreme of a run, the first of equals; `better` says whether its first argument replaces the second.
fn extreme<T: Copy>(op: Reduction, run: &[T], better: impl Fn(T, T) -> bool) -> Result<(usize, T), Raised> {
    let (&first, rest) = run.split_first().ok_or_else(|| empty(op))?;
    let best = |best: (usize, T), (at, &x): (usize, &T)| if better(x, best.1) { (at + 1, x) } else { best };
    Ok(rest.iter().enumerate().fold((0, first), best))
}

/// Smallest, largest and their positions, for any ordered elements.
fn ordered<T: Copy, D: Domain>(
    op: Reduction,
    x: &Elements<T>,
    axes: &[u32],
    wrap: fn(Elements<T>) -> Public<D>,
    less: fn(T, T) -> bool,
) -> Outcome<Public<D>> {
    let more = |a, b| less(b, a);
    Ok(match op {
        Reduction::Min => wrap(along(x, axes, |run| Ok(extreme(op, run, less)?.1))?),
        Reduction::Max => wrap(along(x, axes, |run| Ok(extreme(op, run, more)?.1))?),
        Reduction::Argmin => Public::Int(along(x, axes, |run| Ok(extreme(op, run, less)?.0 as i64))?),
        Reduction::Argmax => Public::Int(along(x, axes, |run| Ok(extreme(op, run, more)?.0 as i64))?),
        Reduction::Sum | Reduction::Prod | Reduction::Any | Reduction::All => {
            return broken(format!("`{op}` of this kind"));
        }
    })
}

fn integers<D: Domain>(op: Reduction, x: &Elements<i64>, axes: &[u32]) -> Outcome<Public<D>> {
    match op {
        Reduction::Sum => {
            // Exact, as in Python: partial sums beyond 64 bits are no error if the sum is none.
            let sum = |run: &[i64]| run.iter().map(|&x| i128::from(x)).sum::<i128>();
            Ok(Public::Int(along(x, axes, |run| i64::try_from(sum(run)).map_err(|_| overflow("sum")))?))
        }
        Reduction::Prod => {
            let product = |run: &[i64]| {
                // A zero makes the product zero whatever the others are.
                let product = run.iter().try_fold(1i64, |product, &x| product.checked_mul(x));
                product.or_else(|| run.contains(&0).then_some(0)).ok_or_else(|| overflow("prod"))
            };
            Ok(Public::Int(along(x, axes, product)?))
        }
        Reduction::Any => Ok(Public::Bool(along(x, axes, |run| Ok(run.iter().any(|&x| x != 0)))?)),
        Reduction::All => Ok(Public::Bool(along(x, axes, |run| Ok(run.iter().all(|&x| x != 0)))?)),
        Reduction::Min | Reduction::Max | Reduction::Argmin | Reduction::Argmax => {
            ordered(op, x, axes, Public::Int, |a, b| a < b)
        }
    }
}

fn fixed_points<D: Domain>(op: Reduction, x: &Elements<D>, axes: &[u32], fixed: Fixed) -> Outcome<Public<D>> {
    match op {
        Reduction::Sum => {
            let sum = |run: &[D]| run.iter().try_fold(0i128, |sum, &x| sum.checked_add(x.to_i128()));
            Ok(Public::Fix(along(x, axes, |run| fixed.check(sum(run)).map(D::from_i128))?))
        }
        Reduction::Prod => {
            let product = |run: &[D]| run.iter().try_fold(fixed.one(), |product, &x| fixed.mul(product, x.to_i128()));
            Ok(Public::Fix(along(x, axes, |run| product(run).map(D::from_i128))?))
        }
        Reduction::Any => Ok(Public::Bool(along(x, axes, |run| Ok(run.iter().any(|&x| x != D::ZERO)))?)),
        Reduction::All => Ok(Public::Bool(along(x, axes, |run| Ok(run.iter().all(|&x| x != D::ZERO)))?)),
        Reduction::Min | Reduction::Max | Reduction::Argmin | Reduction::Argmax => {
            ordered(op, x, axes, Public::Fix, |a: D, b: D| a.to_signed() < b.to_signed())
        }
    }
}

fn booleans<D: Domain>(op: Reduction, x: &Elements<bool>, axes: &[u32]) -> Outcome<Public<D>> {
    match op {
        Reduction::Sum => Ok(Public::Int(along(x, axes, |run| Ok(run.iter().filter(|&&x| x).count() as i64))?)),
        Reduction::Prod => Ok(Public::Int(along(x, axes, |run| Ok(i64::from(run.iter().all(|&x| x))))?)),
        Reduction::Any => Ok(Public::Bool(along(x, axes, |run| Ok(run.contains(&true)))?)),
        Reduction::All => Ok(Public::Bool(along(x, axes, |run| Ok(!run.contains(&false)))?)),
        Reduction::Min | Reduction::Max | Reduction::Argmin | Reduction::Argmax => {
            ordered(op, x, axes, Public::Bool, |a, b| !a & b)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Value, text};

    const FIXED: Fixed = Fixed { bits: 47, frac: 16 };

    fn run(op: Reduction, shape: &[usize], values: &[i64], axes: &[u32]) -> String {
        let x = Public::<u64>::Int(shape::assemble(shape, values.to_vec()).unwrap());
        match reduce(op, &x, axes, FIXED) {
            Ok(value) => text(&Value::Public(value), FIXED),
            Err(stop) => stop.to_string(),
        }
    }

    #[test]
    fn axes_are_reduced_as_in_numpy() {
        let values = [1, 5, 3, 4, 2, 6];
        assert_eq!(run(Reduction::Sum, &[2, 3], &values, &[]), "21");
        assert_eq!(run(Reduction::Sum, &[2, 3], &values, &[0]), "[5, 7, 9]");
        assert_eq!(run(Reduction::Max, &[2, 3], &values, &[1]), "[5, 6]");
        assert_eq!(run(Reduction::Argmin, &[2, 3], &values, &[0]), "[0, 1, 0]");
        assert_eq!(run(Reduction::Argmax, &[2, 3], &values, &[]), "5");
        assert_eq!(run(Reduction::Argmax, &[3], &[7, 7, 1], &[]), "0");
        assert_eq!(run(Reduction::Prod, &[2, 3], &values, &[1, 0]), "720");
        assert_eq!(run(Reduction::Sum, &[2, 0], &[], &[1]), "[0, 0]");
        assert_eq!(run(Reduction::Sum, &[0, 2], &[], &[1]), "[]");
    }

    #[test]
    fn what_cannot_be_reduced_says_so() {
        assert_eq!(run(Reduction::Min, &[0], &[], &[]), "ValueError: min() of an empty sequence");
        assert_eq!(run(Reduction::Sum, &[2], &[1, 2], &[1]), "ValueError: there is no axis 1 in a tensor of rank 1");
        assert_eq!(
            run(Reduction::Sum, &[2], &[i64::MAX, 1], &[]),
            "OverflowError: the result of sum does not fit 64 bits"
        );
        assert_eq!(run(Reduction::Sum, &[3], &[i64::MAX, 1, -1], &[]), i64::MAX.to_string());
        assert_eq!(run(Reduction::Prod, &[3], &[i64::MAX, 2, 0], &[]), "0");
    }
}
