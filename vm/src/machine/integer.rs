//! Python's integer arithmetic in 64 bits: what does not fit raises `OverflowError`.

use crate::memory::Raised;

/// The error of a result that does not fit.
pub(super) fn overflow(what: &str) -> Raised {
    Raised::overflow(format!("the result of {what} does not fit 64 bits"))
}

/// Quotient towards minus infinity.
pub(super) fn floor_div(a: i64, b: i64) -> Result<i64, Raised> {
    if b == 0 {
        return Err(Raised::zero_division("integer division or modulo by zero"));
    }
    let quotient = a.checked_div(b).ok_or_else(|| overflow("//"))?;
    Ok(quotient - i64::from(a % b != 0 && (a < 0) != (b < 0)))
}

/// Remainder with the divisor's sign.
pub(super) fn modulo(a: i64, b: i64) -> Result<i64, Raised> {
    match b {
        0 => Err(Raised::zero_division("integer modulo by zero")),
        -1 => Ok(0),
        _ => {
            let remainder = a % b;
            Ok(if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder })
        }
    }
}

/// Power with an exponent that is not negative.
pub(super) fn pow(base: i64, exponent: i64) -> Result<i64, Raised> {
    let exponent = u64::try_from(exponent).map_err(|_| Raised::value("the exponent must not be negative"))?;
    match (base, exponent) {
        (_, 0) | (1, _) => Ok(1),
        (0, _) => Ok(0),
        (-1, _) => Ok(if exponent.is_multiple_of(2) { 1 } else { -1 }),
        _ => u32::try_from(exponent).ok().and_then(|exponent| base.checked_pow(exponent)).ok_or_else(|| overflow("**")),
    }
}

fn shift_count(count: i64) -> Result<u64, Raised> {
    u64::try_from(count).map_err(|_| Raised::value("negative shift count"))
}

/// Shift to the left.
pub(super) fn shl(a: i64, count: i64) -> Result<i64, Raised> {
    let count = shift_count(count)?;
    if a == 0 {
        return Ok(0);
    }
    let factor = 1i128.checked_shl(u32::try_from(count).unwrap_or(u32::MAX)).filter(|_| count < 64);
    let shifted = factor.and_then(|factor| i128::from(a).checked_mul(factor));
    shifted.and_then(|value| i64::try_from(value).ok()).ok_or_else(|| overflow("<<"))
}

/// Arithmetic shift to the right.
pub(super) fn shr(a: i64, count: i64) -> Result<i64, Raised> {
    Ok(a >> shift_count(count)?.min(63))
}

/// The number of integers from `start` to before `stop` by `step`.
pub(super) fn count(start: i64, stop: i64, step: i64) -> Result<i64, Raised> {
    let (start, stop, step) = (i128::from(start), i128::from(stop), i128::from(step));
    let span = match step {
        0 => return Err(Raised::value("range() arg 3 must not be zero")),
        step if step > 0 => stop - start,
        _ => start - stop,
    };
    let count = if span <= 0 { 0 } else { (span - 1) / step.abs() + 1 };
    i64::try_from(count).map_err(|_| overflow("len(range(…))"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(a, b, a // b, a % b)` by Python 3.11: `for a in (-7, 7, …): for b in (…): print((a, b, a // b, a % b))`.
    const DIVISIONS: [(i64, i64, i64, i64); 14] = [
        (7, 2, 3, 1),
        (-7, 2, -4, 1),
        (7, -2, -4, -1),
        (-7, -2, 3, -1),
        (6, 3, 2, 0),
        (-6, 3, -2, 0),
        (0, -5, 0, 0),
        (1, -5, -1, -4),
        (-1, 5, -1, 4),
        (i64::MIN, 2, -(1 << 62), 0),
        (i64::MIN, 3, -3074457345618258603, 1),
        (i64::MAX, -2, -4611686018427387904, -1),
        (i64::MAX, i64::MIN, -1, -1),
        (i64::MIN, i64::MAX, -2, 9223372036854775806),
    ];

    #[test]
    fn division_is_pythons() {
        for (a, b, quotient, remainder) in DIVISIONS {
            assert_eq!((floor_div(a, b), modulo(a, b)), (Ok(quotient), Ok(remainder)), "{a}, {b}");
        }
        assert_eq!(floor_div(1, 0).unwrap_err().to_string(), "ZeroDivisionError: integer division or modulo by zero");
        assert_eq!(
            floor_div(i64::MIN, -1).unwrap_err().to_string(),
            "OverflowError: the result of // does not fit 64 bits"
        );
        assert_eq!(modulo(i64::MIN, -1), Ok(0));
    }

    /// By Python 3.11: `a ** b`, `a << b`, `a >> b`.
    #[test]
    fn powers_and_shifts_are_pythons() {
        assert_eq!((pow(-3, 3), pow(0, 0), pow(-1, i64::MAX), pow(2, 62)), (Ok(-27), Ok(1), Ok(-1), Ok(1 << 62)));
        assert_eq!((pow(-2, 63), pow(0, i64::MAX), pow(7, 22)), (Ok(i64::MIN), Ok(0), Ok(3909821048582988049)));
        assert!(pow(2, 63).is_err() && pow(2, i64::MAX).is_err() && pow(2, -1).is_err());
        assert_eq!((shl(-1, 63), shl(0, i64::MAX), shl(3, 61)), (Ok(i64::MIN), Ok(0), Ok(3 << 61)));
        assert!(shl(1, 63).is_err() && shl(1, 64).is_err() && shl(1, i64::MAX).is_err() && shl(1, -1).is_err());
        assert_eq!((shr(-1, 100), shr(-9, 1), shr(9, 1), shr(i64::MIN, i64::MAX)), (Ok(-1), Ok(-5), Ok(4), Ok(-1)));
        assert!(shr(1, -1).is_err());
    }

    /// By Python 3.11: `len(range(start, stop, step))`.
    #[test]
    fn ranges_are_counted_as_in_python() {
        assert_eq!((count(0, 10, 3), count(10, 0, -3), count(0, -1, 1), count(5, 5, -1)), (Ok(4), Ok(4), Ok(0), Ok(0)));
        assert_eq!(count(i64::MIN, i64::MAX, i64::MAX), Ok(3));
        assert!(count(0, 1, 0).is_err() && count(i64::MIN, i64::MAX, 1).is_err());
    }
}
