//! Fixed-point numbers: the scaled integer `raw` stands for raw / 2^frac.
//!
//! Every operation is checked: a result outside the program's precision raises `OverflowError`, never wraps. Scaled integers are
//! `i128` here whatever the ring, because bits + frac < 128 (checked when a program is linked): a product whose result is in
//! range then fits.

mod decimal;

pub use decimal::{NotNumber, Rounded, digits_of, parse_scaled};

use crate::memory::Raised;
use mpc_bytecode::Precision;

/// The program's fixed-point format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// Bits of a number, with its sign and its fractional bits.
    pub bits: u32,
    /// Fractional bits.
    pub frac: u32,
}

/// n / d rounded to nearest, ties to even; `None` for a division by zero or a quotient out of range.
pub fn div_nearest(n: i128, d: i128) -> Option<i128> {
    let (n, d) = if d < 0 { (n.checked_neg()?, d.checked_neg()?) } else { (n, d) };
    let (quotient, remainder) = (n.checked_div_euclid(d)?, n.checked_rem_euclid(d)?);
    let up = match remainder.cmp(&(d - remainder)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient & 1 == 1,
        std::cmp::Ordering::Greater => true,
    };
    quotient.checked_add(i128::from(up))
}

/// n / d rounded towards minus infinity.
fn div_floor(n: i128, d: i128) -> Option<i128> {
    let (quotient, remainder) = (n.checked_div(d)?, n.checked_rem(d)?);
    quotient.checked_sub(i128::from(remainder != 0 && (remainder < 0) != (d < 0)))
}

fn division_by_zero() -> Raised {
    Raised::zero_division("fixed-point division by zero")
}

impl Fixed {
    /// The format of a program.
    pub const fn new(precision: &Precision) -> Self {
        Self { bits: precision.fix_bits, frac: precision.fix_frac }
    }

    /// 2^frac: what one is scaled to.
    pub const fn one(self) -> i128 {
        1 << self.frac
    }

    /// The error of a result outside the range.
    pub fn out_of_range(self) -> Raised {
        Raised::overflow(format!("the result does not fit: {}", self.range()))
    }

    /// The range in words.
    pub fn range(self) -> String {
        format!(
            "fixed-point numbers of {} bits, {} of them fractional, lie within ±2^{}",
            self.bits,
            self.frac,
            self.bits - 1 - self.frac
        )
    }

    /// Whether a scaled integer is a number of this format.
    pub const fn holds(self, raw: i128) -> bool {
        let limit = 1i128 << (self.bits - 1);
        -limit <= raw && raw < limit
    }

    /// The number, if it is in range.
    ///
    /// # Errors
    /// `OverflowError`.
    pub fn check(self, raw: Option<i128>) -> Result<i128, Raised> {
        raw.filter(|&raw| self.holds(raw)).ok_or_else(|| self.out_of_range())
    }

    /// Product, rounded to nearest, ties to even.
    ///
    /// # Errors
    /// `OverflowError`.
    pub fn mul(self, a: i128, b: i128) -> Result<i128, Raised> {
        self.check(a.checked_mul(b).and_then(|product| div_nearest(product, self.one())))
    }

    /// A sum of exact products, scaled twice, rounded once.
    ///
    /// # Errors
    /// `OverflowError`.
    pub fn rescale(self, product: i128) -> Result<i128, Raised> {
        self.check(div_nearest(product, self.one()))
    }

    /// Quotient, rounded to nearest, ties to even.
    ///
    /// # Errors
    /// `ZeroDivisionError`, `OverflowError`.
    pub fn div(self, a: i128, b: i128) -> Result<i128, Raised> {
        if b == 0 {
            return Err(division_by_zero());
        }
        self.check(a.checked_mul(self.one()).and_then(|a| div_nearest(a, b)))
    }

    /// The largest whole number not above the quotient.
    ///
    /// # Errors
    /// `ZeroDivisionError`, `OverflowError`.
    pub fn floor_div(self, a: i128, b: i128) -> Result<i128, Raised> {
        if b == 0 {
            return Err(division_by_zero());
        }
        self.check(div_floor(a, b).and_then(|quotient| quotient.checked_mul(self.one())))
    }

    /// The remainder with the divisor's sign; exact.
    ///
    /// # Errors
    /// `ZeroDivisionError`.
    pub fn modulo(self, a: i128, b: i128) -> Result<i128, Raised> {
        let remainder = a.checked_rem(b).ok_or_else(division_by_zero)?;
        Ok(if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder })
    }

    /// Power by repeated squaring, rounded at every product; `exponent` is not negative.
    ///
    /// # Errors
    /// `OverflowError`, `ValueError` for a negative exponent.
    pub fn pow(self, base: i128, exponent: i64) -> Result<i128, Raised> {
        let mut rest = u64::try_from(exponent).map_err(|_| Raised::value("the exponent must not be negative"))?;
        let (mut power, mut square) = (self.check(Some(self.one()))?, base);
        while rest > 0 {
            if rest & 1 == 1 {
                power = self.mul(power, square)?;
            }
            rest >>= 1;
            if rest > 0 {
                square = self.mul(square, square)?;
            }
        }
        Ok(power)
    }

    /// An integer, exactly.
    ///
    /// # Errors
    /// `OverflowError`.
    pub fn from_int(self, value: i64) -> Result<i128, Raised> {
        self.check(i128::from(value).checked_mul(self.one()))
    }

    /// Towards zero.
    pub const fn truncate(self, raw: i128) -> i128 {
        raw / self.one()
    }

    /// Towards minus infinity.
    pub const fn floor(self, raw: i128) -> i128 {
        raw >> self.frac
    }

    /// To the nearest integer, ties to even.
    pub fn round(self, raw: i128) -> i128 {
        div_nearest(raw, self.one()).unwrap_or(raw)
    }

    /// The nearest double-precision number.
    pub fn to_f64(self, raw: i128) -> f64 {
        // Converting rounds once; scaling by a power of two is exact above the subnormals, which 127 bits do not reach.
        raw as f64 * 2f64.powi(-(self.frac as i32))
    }

    /// A double-precision number rounded to nearest, ties to even; `None` out of range or not finite.
    pub fn from_f64(self, value: f64) -> Option<i128> {
        let scaled = (value * 2f64.powi(self.frac as i32)).round_ties_even();
        let limit = 2f64.powi(self.bits as i32 - 1);
        (scaled >= -limit && scaled < limit).then_some(scaled as i128)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mpc_bytecode::operand::Exception;
    use proptest::prelude::*;

    const FIXED: Fixed = Fixed { bits: 47, frac: 16 };
    const WIDE: Fixed = Fixed { bits: 80, frac: 40 };

    #[test]
    fn products_and_quotients_round_to_nearest_even() {
        assert_eq!(
            (div_nearest(5, 2), div_nearest(7, 2), div_nearest(-5, 2), div_nearest(-7, 2)),
            (Some(2), Some(4), Some(-2), Some(-4))
        );
        assert_eq!((div_nearest(7, -2), div_nearest(1, 0), div_nearest(9, 4)), (Some(-4), None, Some(2)));
        assert_eq!(FIXED.mul(1 << 15, 1), Ok(0));
        assert_eq!(FIXED.mul(3 << 15, 1), Ok(2));
        assert_eq!(FIXED.div(1 << 16, 3 << 16), Ok(21845));
        assert_eq!(FIXED.div(1, 0).unwrap_err().exception, Exception::ZeroDivisionError);
        assert_eq!(FIXED.mul(1 << 45, 1 << 20).unwrap_err().exception, Exception::OverflowError);
    }

    /// Python: `-7.5 // 2`, `-7.5 % 2`, `7.5 // -2`, `7.5 % -2`.
    #[test]
    fn floor_division_and_remainder_are_pythons() {
        let (a, two) = (15 << 15, 2 << 16);
        assert_eq!((FIXED.floor_div(-a, two), FIXED.modulo(-a, two)), (Ok(-4 << 16), Ok(1 << 15)));
        assert_eq!((FIXED.floor_div(a, -two), FIXED.modulo(a, -two)), (Ok(-4 << 16), Ok(-1 << 15)));
        assert!(FIXED.modulo(1, 0).is_err());
        assert_eq!((FIXED.floor(-a), FIXED.truncate(-a), FIXED.round(-a), FIXED.round(5 << 15)), (-8, -7, -8, 2));
    }

    #[test]
    fn powers_and_conversions_are_checked() {
        assert_eq!(FIXED.pow(3 << 15, 2), Ok(9 << 14));
        assert_eq!(FIXED.pow(3 << 15, 0), Ok(1 << 16));
        assert!(FIXED.pow(2 << 16, 30).is_err() && FIXED.pow(1, -1).is_err());
        assert_eq!(FIXED.pow(0, i64::MAX), Ok(0));
        assert_eq!(FIXED.from_int((1 << 30) - 1), Ok(((1 << 30) - 1) << 16));
        assert!(FIXED.from_int(1 << 30).is_err() && FIXED.from_int(i64::MIN).is_err());
        assert_eq!((FIXED.from_f64(0.1), FIXED.from_f64(f64::NAN), FIXED.from_f64(1e10)), (Some(6554), None, None));
        assert_eq!(WIDE.to_f64(WIDE.one() * 3 / 2), 1.5);
    }

    proptest! {
        #[test]
        fn quotient_and_remainder_belong_together(a in -(1i128 << 46)..1 << 46, b in -(1i128 << 30)..1 << 30) {
            prop_assume!(b != 0);
            if let Ok(quotient) = FIXED.floor_div(a, b) {
                prop_assert_eq!(FIXED.floor(quotient) * b + FIXED.modulo(a, b).unwrap(), a);
            }
        }
    }
}
