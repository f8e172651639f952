//! The public operators: Python's meaning, for integers, fixed-point numbers, truth values and text.

use super::error::{Outcome, broken};
use super::integer::{self, overflow};
use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::memory::{Elements, Public, Raised, shape};
use mpc_bytecode::operand::{Binary, Unary};
use std::sync::Arc;

type Ints = Elements<i64>;
type Bools = Elements<bool>;

/// Text beyond this many bytes is a mistake in the program.
const LONGEST_TEXT: usize = 1 << 28;

fn fixed_map<D: Domain>(x: &Elements<D>, each: impl Fn(i128) -> Result<i128, Raised>) -> Outcome<Public<D>> {
    Ok(Public::Fix(x.map(|x| each(x.to_i128()).map(D::from_i128))?))
}

fn to_int(value: i128) -> Result<i64, Raised> {
    i64::try_from(value).map_err(|_| Raised::overflow("the number does not fit an integer of 64 bits"))
}

/// One operand, elementwise.
pub(super) fn unary<D: Domain>(op: Unary, x: &Public<D>, fixed: Fixed) -> Outcome<Public<D>> {
    let negate = |x: i128| fixed.check(x.checked_neg());
    Ok(match (op, x) {
        (Unary::Neg, Public::Int(x)) => Public::Int(x.map(|x| x.checked_neg().ok_or_else(|| overflow("-")))?),
        (Unary::Neg, Public::Fix(x)) => fixed_map(x, negate)?,
        (Unary::Not, Public::Bool(x)) => Public::Bool(x.map(|x| Ok(!x))?),
        (Unary::Invert, Public::Int(x)) => Public::Int(x.map(|x| Ok(!x))?),
        (Unary::Abs, Public::Int(x)) => Public::Int(x.map(|x| x.checked_abs().ok_or_else(|| overflow("abs")))?),
        (Unary::Abs, Public::Fix(x)) => fixed_map(x, |x| if x < 0 { negate(x) } else { Ok(x) })?,
        (Unary::Floor, Public::Fix(x)) => Public::Int(x.map(|x| to_int(fixed.floor(x.to_i128())))?),
        (Unary::Round, Public::Fix(x)) => Public::Int(x.map(|x| to_int(fixed.round(x.to_i128())))?),
        (Unary::Floor | Unary::Round, Public::Int(x)) => Public::Int(x.clone()),
        (op, x) => return broken(format!("`{op}` of {}", x.kind())),
    })
}

/// Two operands, broadcast.
pub(super) fn binary<D: Domain>(op: Binary, a: &Public<D>, b: &Public<D>, fixed: Fixed) -> Outcome<Public<D>> {
    match (a, b) {
        (Public::Int(a), Public::Int(b)) => integers(op, a, b),
        (Public::Fix(a), Public::Fix(b)) => fixed_points(op, a, b, fixed),
        (Public::Fix(a), Public::Int(b)) if op == Binary::Pow => {
            let power = |a: D, b| fixed.pow(a.to_i128(), b).map(D::from_i128);
            Ok(Public::Fix(shape::zip(a, b, power)?))
        }
        (Public::Bool(a), Public::Bool(b)) => booleans(op, a, b),
        (Public::Str(a), Public::Str(b)) => texts(op, a, b),
        (a, b) => broken(format!("`{op}` of {} and {}", a.kind(), b.kind())),
    }
}

fn compare<T: Copy, D>(a: &Elements<T>, b: &Elements<T>, holds: impl Fn(T, T) -> bool) -> Outcome<Public<D>> {
    Ok(Public::Bool(shape::zip(a, b, |a, b| Ok(holds(a, b)))?))
}

#[inline]
fn integers<D: Domain>(op: Binary, a: &Ints, b: &Ints) -> Outcome<Public<D>> {
    let apply = |each: fn(i64, i64) -> Result<i64, Raised>| Ok(Public::Int(shape::zip(a, b, each)?));
    match op {
        Binary::Add => apply(|a, b| a.checked_add(b).ok_or_else(|| overflow("+"))),
        Binary::Sub => apply(|a, b| a.checked_sub(b).ok_or_else(|| overflow("-"))),
        Binary::Mul => apply(|a, b| a.checked_mul(b).ok_or_else(|| overflow("*"))),
        Binary::FloorDiv => apply(integer::floor_div),
        Binary::Mod => apply(integer::modulo),
        Binary::Pow => apply(integer::pow),
        Binary::Shl => apply(integer::shl),
        Binary::Shr => apply(integer::shr),
        Binary::And => apply(|a, b| Ok(a & b)),
        Binary::Or => apply(|a, b| Ok(a | b)),
        Binary::Xor => apply(|a, b| Ok(a ^ b)),
        Binary::Min => apply(|a, b| Ok(a.min(b))),
        Binary::Max => apply(|a, b| Ok(a.max(b))),
        Binary::Eq => compare(a, b, |a, b| a == b),
        Binary::Ne => compare(a, b, |a, b| a != b),
        Binary::Lt => compare(a, b, |a, b| a < b),
        Binary::Le => compare(a, b, |a, b| a <= b),
        Binary::Gt => compare(a, b, |a, b| a > b),
        Binary::Ge => compare(a, b, |a, b| a >= b),
        Binary::Matmul => {
            let (out_shape, sums) = products(a, b, i128::from)?;
            let fit = sums.into_iter().map(|sum| i64::try_from(sum).map_err(|_| overflow("@")));
            Ok(Public::Int(shape::assemble(&out_shape, fit.collect::<Result<_, _>>()?)?))
        }
        Binary::Div => broken("`div` of int"),
    }
}

fn fixed_points<D: Domain>(op: Binary, a: &Elements<D>, b: &Elements<D>, fixed: Fixed) -> Outcome<Public<D>> {
    let apply = |each: &dyn Fn(i128, i128) -> Result<i128, Raised>| {
        Ok(Public::Fix(shape::zip(a, b, |a: D, b: D| each(a.to_i128(), b.to_i128()).map(D::from_i128))?))
    };
    let compare = |holds: fn(i128, i128) -> bool| compare(a, b, |a: D, b: D| holds(a.to_i128(), b.to_i128()));
    match op {
        Binary::Add => apply(&|a, b| fixed.check(a.checked_add(b))),
        Binary::Sub => apply(&|a, b| fixed.check(a.checked_sub(b))),
        Binary::Mul => apply(&|a, b| fixed.mul(a, b)),
        Binary::Div => apply(&|a, b| fixed.div(a, b)),
        Binary::FloorDiv => apply(&|a, b| fixed.floor_div(a, b)),
        Binary::Mod => apply(&|a, b| fixed.modulo(a, b)),
        Binary::Min => apply(&|a, b| Ok(a.min(b))),
        Binary::Max => apply(&|a, b| Ok(a.max(b))),
        Binary::Eq => compare(|a, b| a == b),
        Binary::Ne => compare(|a, b| a != b),
        Binary::Lt => compare(|a, b| a < b),
        Binary::Le => compare(|a, b| a <= b),
        Binary::Gt => compare(|a, b| a > b),
        Binary::Ge => compare(|a, b| a >= b),
        Binary::Matmul => {
            let (out_shape, sums) = products(a, b, D::to_i128)?;
            let rounded = sums.into_iter().map(|sum| fixed.rescale(sum).map(D::from_i128));
            Ok(Public::Fix(shape::assemble(&out_shape, rounded.collect::<Result<_, _>>()?)?))
        }
        Binary::Pow | Binary::Shl | Binary::Shr | Binary::And | Binary::Or | Binary::Xor => {
            broken(format!("`{op}` of fix"))
        }
    }
}

fn booleans<D>(op: Binary, a: &Bools, b: &Bools) -> Outcome<Public<D>> {
    match op {
        Binary::And | Binary::Min => compare(a, b, |a, b| a & b),
        Binary::Or | Binary::Max => compare(a, b, |a, b| a | b),
        Binary::Xor | Binary::Ne => compare(a, b, |a, b| a != b),
        Binary::Eq => compare(a, b, |a, b| a == b),
        Binary::Lt => compare(a, b, |a, b| !a & b),
        Binary::Le => compare(a, b, |a, b| a <= b),
        Binary::Gt => compare(a, b, |a, b| a & !b),
        Binary::Ge => compare(a, b, |a, b| a >= b),
        Binary::Add
        | Binary::Sub
        | Binary::Mul
        | Binary::Div
        | Binary::FloorDiv
        | Binary::Mod
        | Binary::Pow
        | Binary::Shl
        | Binary::Shr
        | Binary::Matmul => broken(format!("`{op}` of bool")),
    }
}

fn texts<D: Domain>(op: Binary, a: &Arc<str>, b: &Arc<str>) -> Outcome<Public<D>> {
    Ok(match op {
        Binary::Add => Public::Str(concatenate(a, b)?),
        Binary::Eq => Public::bool(a == b),
        Binary::Ne => Public::bool(a != b),
        Binary::Lt => Public::bool(a < b),
        Binary::Le => Public::bool(a <= b),
        Binary::Gt => Public::bool(a > b),
        Binary::Ge => Public::bool(a >= b),
        Binary::Min => Public::Str(Arc::clone(a.min(b))),
        Binary::Max => Public::Str(Arc::clone(a.max(b))),
        Binary::Sub
        | Binary::Mul
        | Binary::Div
        | Binary::FloorDiv
        | Binary::Mod
        | Binary::Pow
        | Binary::Shl
        | Binary::Shr
        | Binary::And
        | Binary::Or
        | Binary::Xor
        | Binary::Matmul => return broken(format!("`{op}` of str")),
    })
}

fn concatenate(a: &str, b: &str) -> Result<Arc<str>, Raised> {
    if a.len().saturating_add(b.len()) > LONGEST_TEXT {
        return Err(Raised::overflow("the text is too long"));
    }
    Ok(format!("{a}{b}").into())
}

/// Inner products of a matrix product in 128 bits, exactly, with vectors as in NumPy: the shape, and its elements.
fn products<T: Copy>(a: &Elements<T>, b: &Elements<T>, wide: impl Fn(T) -> i128) -> Outcome<(Vec<usize>, Vec<i128>)> {
    let (m, k, k_b, n, out_shape) = match (a.shape(), b.shape()) {
        ([k], [k_b]) => (1, *k, *k_b, 1, vec![]),
        ([k], [k_b, n]) => (1, *k, *k_b, *n, vec![*n]),
        ([m, k], [k_b]) => (*m, *k, *k_b, 1, vec![*m]),
        ([m, k], [k_b, n]) => (*m, *k, *k_b, *n, vec![*m, *n]),
        (x, y) => return Err(misfit(x, y).into()),
    };
    if k != k_b {
        return Err(misfit(a.shape(), b.shape()).into());
    }
    let (a, b) = (a.as_slice(), b.as_slice());
    let mut out = shape::allocate(&out_shape)?;
    for row in 0..m {
        for column in 0..n {
            let terms = (0..k).map(|at| wide(a[row * k + at]).checked_mul(wide(b[at * n + column])));
            let sum = terms.into_iter().try_fold(0i128, |sum, term| sum.checked_add(term?));
            out.push(sum.ok_or_else(|| overflow("@"))?);
        }
    }
    Ok((out_shape, out))
}

fn misfit(a: &[usize], b: &[usize]) -> Raised {
    Raised::value(format!("matrix sizes do not fit: {} @ {}", shape::show(a), shape::show(b)))
}

/// `a` where `cond` is true and `b` elsewhere, broadcast.
pub(super) fn choose<D: Domain>(cond: &Bools, a: &Public<D>, b: &Public<D>) -> Outcome<Public<D>> {
    Ok(match (cond, a, b) {
        (Elements::One(cond), Public::Str(a), Public::Str(b)) => Public::Str(Arc::clone(if *cond { a } else { b })),
        (_, Public::Int(a), Public::Int(b)) => Public::Int(chosen(cond, a, b)?),
        (_, Public::Fix(a), Public::Fix(b)) => Public::Fix(chosen(cond, a, b)?),
        (_, Public::Bool(a), Public::Bool(b)) => Public::Bool(chosen(cond, a, b)?),
        (_, a, b) => return broken(format!("`choose` of {} and {}", a.kind(), b.kind())),
    })
}

fn chosen<T: Copy>(cond: &Bools, a: &Elements<T>, b: &Elements<T>) -> Result<Elements<T>, Raised> {
    let either = shape::zip(a, b, |a, b| Ok((a, b)))?;
    shape::zip(cond, &either, |cond, (a, b)| Ok(if cond { a } else { b }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXED: Fixed = Fixed { bits: 47, frac: 16 };

    fn ints(shape: &[usize], values: &[i64]) -> Public<u64> {
        Public::Int(shape::assemble(shape, values.to_vec()).unwrap())
    }

    fn run(op: Binary, a: &Public<u64>, b: &Public<u64>) -> String {
        match binary(op, a, b, FIXED) {
            Ok(value) => crate::memory::text(&crate::memory::Value::Public(value), FIXED),
            Err(stop) => stop.to_string(),
        }
    }

    /// `vm/tests/python/tables.py`.
    #[test]
    fn integers_are_pythons() {
        for line in include_str!("../../tests/python/integers.txt").lines() {
            let [name, a, b, expected] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let op = *Binary::ALL.iter().find(|op| op.text() == name).unwrap();
            let scalar = |word: &str| Public::int(word.parse().unwrap());
            let found = run(op, &scalar(a), &scalar(b));
            assert_eq!(found.split(':').next(), Some(expected), "{line}");
        }
    }

    #[test]
    fn operators_broadcast_and_say_what_does_not_fit() {
        assert_eq!(
            run(Binary::Add, &ints(&[2, 1], &[10, 20]), &ints(&[3], &[1, 2, 3])),
            "[[11, 12, 13], [21, 22, 23]]"
        );
        assert_eq!(run(Binary::Lt, &Public::int(2), &ints(&[3], &[1, 2, 3])), "[False, False, True]");
        assert_eq!(
            run(Binary::Add, &ints(&[2], &[1, 2]), &ints(&[3], &[1, 2, 3])),
            "ValueError: shapes [2] and [3] do not fit together"
        );
        assert_eq!(
            run(Binary::Add, &Public::int(i64::MAX), &Public::int(1)),
            "OverflowError: the result of + does not fit 64 bits"
        );
        assert_eq!(run(Binary::Add, &Public::Str("a".into()), &Public::Str("b".into())), "ab");
        assert_eq!(run(Binary::Div, &Public::int(1), &Public::int(1)), "`div` of int");
    }

    #[test]
    fn matrix_products_take_vectors_as_in_numpy() {
        let (m, v) = (ints(&[2, 2], &[1, 2, 3, 4]), ints(&[2], &[1, -1]));
        assert_eq!(run(Binary::Matmul, &m, &m), "[[7, 10], [15, 22]]");
        assert_eq!(
            (run(Binary::Matmul, &m, &v), run(Binary::Matmul, &v, &m), run(Binary::Matmul, &v, &v)),
            ("[-1, -1]".into(), "[-2, -2]".into(), "2".into())
        );
        assert_eq!(
            run(Binary::Matmul, &ints(&[3, 4], &[0; 12]), &ints(&[5, 2], &[0; 10])),
            "ValueError: matrix sizes do not fit: [3, 4] @ [5, 2]"
        );
        assert_eq!(run(Binary::Matmul, &m, &Public::int(1)), "ValueError: matrix sizes do not fit: [2, 2] @ []");
        assert_eq!(run(Binary::Matmul, &ints(&[0, 2], &[]), &m), "[]");
        let big = ints(&[2], &[i64::MAX, 2]);
        assert_eq!(
            run(Binary::Matmul, &big, &ints(&[2], &[2, -1])),
            "OverflowError: the result of @ does not fit 64 bits"
        );
    }

    #[test]
    fn choices_broadcast() {
        let cond = shape::assemble(&[2], vec![true, false]).unwrap();
        let value = choose(&cond, &Public::<u64>::int(1), &ints(&[2], &[8, 9])).unwrap();
        assert_eq!(value.shape(), [2]);
        assert!(matches!(value, Public::Int(x) if x.as_slice() == [1, 9]));
    }
}
