//! Number literals, exactly.

use super::body::Body;
use super::ty::Ty;
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::Decimal;
use mpc_bytecode::{Constant, Kind};

impl Body<'_, '_> {
    /// An integer literal without a sign.
    pub fn int_literal(&mut self, value: u128, span: Span) -> Value {
        match i64::try_from(value) {
            Ok(value) => Value::int(value, span),
            Err(_) => self.too_large(&format!("`int` has 64 bits: at most {}", i64::MAX), span),
        }
    }

    /// A decimal literal, rounded to the program's precision.
    pub fn decimal(&mut self, decimal: &Decimal, negative: bool, span: Span) -> Value {
        let precision = self.checker.precision;
        let scaled =
            scaled(decimal, precision.fix_frac).filter(|value| *value < 1u128 << (precision.fix_bits - 1).min(126));
        match scaled.and_then(|value| i128::try_from(value).ok()) {
            Some(value) => {
                let constant = Constant::Fix(Vec::new(), vec![if negative { -value } else { value }]);
                Value::new(super::tree::ExprKind::Constant(constant), Ty::scalar(Kind::Fix), span)
            }
            None => {
                let whole = precision.fix_bits - precision.fix_frac - 1;
                self.too_large(&format!("`fix` takes numbers below 2^{whole}"), span)
            }
        }
    }

    fn too_large(&mut self, label: &str, span: Span) -> Value {
        let found = Diagnostic::new(Code::NumberTooLarge, span, "this number is too large").label(label);
        let help = "`precision fix(bits=…, frac=…)` at the top of the file widens fixed-point numbers";
        self.fail(if label.starts_with("`fix`") { found.help(help) } else { found })
    }
}

/// `digits · 10^exponent · 2^frac`, rounded to nearest; `None` if it does not fit.
pub fn scaled(decimal: &Decimal, frac: u32) -> Option<u128> {
    if decimal.digits == 0 {
        return Some(0);
    }
    let power = |exponent: u32| 10u128.checked_pow(exponent);
    if decimal.exponent >= 0 {
        let whole = decimal.digits.checked_mul(power(decimal.exponent.unsigned_abs())?)?;
        return whole.checked_mul(1u128.checked_shl(frac)?);
    }
    // Digits beyond the 38th cannot change a result of fewer than 126 fractional bits by more than the rounding does.
    let mut digits = decimal.digits;
    let mut places = decimal.exponent.unsigned_abs();
    while places > 37 && digits > 0 {
        digits /= 10;
        places -= 1;
    }
    if digits == 0 {
        return Some(0);
    }
    let unit = power(places)?;
    let (mut result, mut rest) = (digits / unit, digits % unit);
    for _ in 0..frac {
        rest *= 2;
        result = result.checked_mul(2)?.checked_add(rest / unit)?;
        rest %= unit;
    }
    result.checked_add(u128::from(rest * 2 >= unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(digits: u128, exponent: i32, frac: u32) -> Option<u128> {
        scaled(&Decimal { digits, exponent, text: String::new() }, frac)
    }

    #[test]
    fn decimals_are_rounded_to_nearest() {
        assert_eq!(of(5, -1, 16), Some(1 << 15));
        assert_eq!(of(1, -1, 16), Some(6554));
        assert_eq!(of(12, 2, 1), Some(2400));
        assert_eq!(of(1, -400, 16), Some(0));
        assert_eq!(of(1, 60, 16), None);
        assert_eq!(of(u128::MAX, -38, 4), Some(54));
    }
}
