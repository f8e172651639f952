//! Decimal text, exactly: no digit goes through floating point.

use super::{Fixed, div_nearest};

/// Why a text is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNumber {
    /// It is none.
    Malformed,
    /// It is an infinity or not-a-number.
    NotFinite,
}

/// The integer nearest to a decimal number times a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounded {
    /// It, with whether nothing was rounded.
    Near {
        /// The integer.
        value: i128,
        /// Whether it is the number itself.
        exact: bool,
    },
    /// It does not fit 127 bits.
    TooLarge,
}

/// A decimal number taken apart: digits without leading zeros, and the power of ten of the last one.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

/// The most digits and the largest exponent that are looked at: beyond, a number is too large or zero.
const MOST_DIGITS: usize = 4096;
const LARGEST_EXPONENT: i64 = 1 << 20;

impl Decimal {
    fn parse(text: &str) -> Result<Decimal, NotNumber> {
        let text = text.trim();
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if ["nan", "inf", "infinity"].iter().any(|word| rest.eq_ignore_ascii_case(word)) {
            return Err(NotNumber::NotFinite);
        }
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], exponent(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = Vec::new();
        groups(whole, &mut digits)?;
        groups(fraction, &mut digits)?;
        if digits.is_empty() || digits.len() > MOST_DIGITS {
            return Err(NotNumber::Malformed);
        }
        let behind_point = fraction.bytes().filter(u8::is_ascii_digit).count() as i64;
        let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
        digits.drain(..zeros);
        Ok(Decimal { negative, digits, exponent: exponent - behind_point })
    }

    /// The digits as a number, if it fits.
    fn small(&self) -> Option<i128> {
        self.digits.iter().try_fold(0i128, |value, &digit| value.checked_mul(10)?.checked_add(digit.into()))
    }

    /// The nearest integer to the number times 2^frac, ties to even.
    fn scaled(mut self, frac: u32) -> Rounded {
        while self.digits.last() == Some(&0) {
            self.digits.pop();
            self.exponent += 1;
        }
        let size = self.digits.len() as i64 + self.exponent;
        if self.digits.is_empty() || size < -60 {
            return Rounded::Near { value: 0, exact: self.digits.is_empty() };
        }
        if size > 40 {
            return Rounded::TooLarge;
        }
        let rounded = if self.exponent >= 0 { self.whole(frac) } else { self.fast(frac).or_else(|| self.long(frac)) };
        match rounded {
            Some((value, exact)) => Rounded::Near { value: if self.negative { -value } else { value }, exact },
            None => Rounded::TooLarge,
        }
    }

    fn whole(&self, frac: u32) -> Option<(i128, bool)> {
        let value = self.small()?.checked_mul(10i128.checked_pow(self.exponent as u32)?)?;
        Some((value.checked_mul(1i128.checked_shl(frac)?)?, true))
    }

    /// Where numerator and denominator fit a word: one division.
    fn fast(&self, frac: u32) -> Option<(i128, bool)> {
        let numerator = self.small()?.checked_mul(1i128.checked_shl(frac).filter(|&one| one > 0)?)?;
        let denominator = 10i128.checked_pow(u32::try_from(-self.exponent).ok()?)?;
        Some((div_nearest(numerator, denominator)?, numerator % denominator == 0))
    }

    /// Digit by digit: the fraction doubled `frac` times, each carry one bit of the result.
    fn long(&self, frac: u32) -> Option<(i128, bool)> {
        let behind = usize::try_from(-self.exponent).ok()?;
        let split = self.digits.len().saturating_sub(behind);
        let (whole, digits) = self.digits.split_at(split);
        let mut fraction = vec![0; behind - digits.len()];
        fraction.extend_from_slice(digits);
        let mut value =
            whole.iter().try_fold(0i128, |value, &digit| value.checked_mul(10)?.checked_add(digit.into()))?;
        for _ in 0..frac {
            value = value.checked_mul(2)?.checked_add(double(&mut fraction).into())?;
        }
        let exact = fraction.iter().all(|&digit| digit == 0);
        let half = double(&mut fraction);
        let beyond = fraction.iter().any(|&digit| digit != 0);
        let up = half == 1 && (beyond || value & 1 == 1);
        Some((value.checked_add(up.into())?, exact))
    }
}

/// Doubles a decimal fraction; returns the carry in front of the point.
fn double(fraction: &mut [u8]) -> u8 {
    fraction.iter_mut().rev().fold(0, |carry, digit| {
        let doubled = *digit * 2 + carry;
        *digit = doubled % 10;
        doubled / 10
    })
}

/// Digits with single underscores between them, as Python writes them.
fn groups(text: &str, digits: &mut Vec<u8>) -> Result<(), NotNumber> {
    let mut last = b'_';
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => digits.push(byte - b'0'),
            b'_' if last != b'_' => {}
            _ => return Err(NotNumber::Malformed),
        }
        last = byte;
    }
    if last == b'_' && !text.is_empty() { Err(NotNumber::Malformed) } else { Ok(()) }
}

fn exponent(text: &str) -> Result<i64, NotNumber> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotNumber::Malformed);
    }
    let size = digits.parse::<i64>().unwrap_or(LARGEST_EXPONENT).min(LARGEST_EXPONENT);
    Ok(if text.starts_with('-') { -size } else { size })
}

/// The integer nearest to a decimal text times 2^frac, ties to even.
///
/// # Errors
/// Where the text is not a finite number.
pub fn parse_scaled(text: &str, frac: u32) -> Result<Rounded, NotNumber> {
    Decimal::parse(text).map(|decimal| decimal.scaled(frac))
}

/// The whole part of |raw| / 2^frac, and its fraction as exact decimal digits.
pub fn digits_of(raw: i128, frac: u32) -> (u128, Vec<u8>) {
    let (magnitude, one) = (raw.unsigned_abs(), 1u128 << frac);
    let mut rest = magnitude & (one - 1);
    let mut digits = Vec::with_capacity(frac as usize);
    while rest > 0 {
        rest *= 10;
        digits.push((rest >> frac) as u8);
        rest &= one - 1;
    }
    (magnitude >> frac, digits)
}

impl Fixed {
    /// A decimal text as a scaled integer, rounded to nearest, ties to even. It may lie outside the range.
    ///
    /// # Errors
    /// Where the text is not a finite number.
    pub fn parse(self, text: &str) -> Result<Rounded, NotNumber> {
        parse_scaled(text, self.frac)
    }

    /// The shortest decimal that rounds to this number, with at least one digit behind the point; of those, the nearest.
    ///
    /// Steele & White, "How to print floating-point numbers accurately" (1990), algorithm FPP: digits are produced until what
    /// is left is closer to the last digit than half a unit of the format.
    pub fn shortest(self, raw: i128) -> String {
        let (magnitude, one) = (raw.unsigned_abs(), 1u128 << (self.frac + 1));
        let (mut rest, mut half_unit) = ((magnitude << 1) & (one - 1), 1u128);
        let mut out = format!("{}{}.", if raw < 0 { "-" } else { "" }, magnitude >> self.frac);
        if rest == 0 {
            out.push('0');
        }
        while rest > 0 {
            rest *= 10;
            half_unit *= 10;
            let digit = (rest >> (self.frac + 1)) as u8;
            rest &= one - 1;
            let (low, high) = (rest < half_unit, rest > one.saturating_sub(half_unit));
            let up = (low || high) && rest > one / 2;
            out.push(char::from(b'0' + digit + u8::from(up)));
            if low || high {
                break;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIXED: Fixed = Fixed { bits: 47, frac: 16 };

    fn near(text: &str) -> i128 {
        match FIXED.parse(text).unwrap() {
            Rounded::Near { value, .. } => value,
            Rounded::TooLarge => panic!("{text} is too large"),
        }
    }

    #[test]
    fn text_is_read_exactly() {
        assert_eq!(
            (near("0.5"), near("-3"), near("1e2"), near("+.25"), near(" 1_000 ")),
            (1 << 15, -3 << 16, 100 << 16, 1 << 14, 1000 << 16)
        );
        // A tie, to even, and a hair above and below it, in more digits than a double holds.
        assert_eq!((near("0.00000762939453125"), near("0.00002288818359375")), (0, 2));
        assert_eq!(near("0.00000762939453125000000000000000000000000000000001"), 1);
        assert_eq!(near("0.00000762939453124999999999999999999999999999999999"), 0);
        assert_eq!(near("1e-400"), 0);
        assert_eq!(FIXED.parse("1e40"), Ok(Rounded::TooLarge));
        assert_eq!(FIXED.parse("1e999999999999"), Ok(Rounded::TooLarge));
        assert_eq!(parse_scaled("3.0", 0), Ok(Rounded::Near { value: 3, exact: true }));
        assert_eq!(parse_scaled("3.5", 0), Ok(Rounded::Near { value: 4, exact: false }));
        for text in ["", ".", "-", "1e", "0x10", "1__0", "_1", "1_", "1,5", "1 2", "--1", "e5"] {
            assert_eq!(FIXED.parse(text), Err(NotNumber::Malformed), "{text}");
        }
        assert_eq!((FIXED.parse("-inf"), FIXED.parse("NaN")), (Err(NotNumber::NotFinite), Err(NotNumber::NotFinite)));
    }

    #[test]
    fn every_fraction_is_printed_shortest_and_read_back() {
        for raw in 0..1i128 << 16 {
            let text = FIXED.shortest(raw);
            assert_eq!(near(&text), raw, "{text}");
            let behind = text.len() - 2;
            if behind > 1 {
                // No decimal with a digit less rounds to the same number: the two neighbours do not.
                let scale = 10i128.pow(behind as u32 - 1);
                let below = (raw * scale) >> 16;
                for candidate in [below, below + 1] {
                    assert_ne!(div_nearest(candidate << 16, scale), Some(raw), "{text}");
                }
            }
        }
        assert_eq!(
            (FIXED.shortest(19661), FIXED.shortest(2 << 16), FIXED.shortest(-1 << 15)),
            ("0.3".into(), "2.0".into(), "-0.5".into())
        );
    }

    #[test]
    fn fractions_are_expanded_exactly() {
        assert_eq!(digits_of(-(5 << 14), 16), (1, vec![2, 5]));
        assert_eq!(digits_of(3, 0), (3, vec![]));
    }

    proptest! {
        #[test]
        fn long_and_fast_agree(value in 0u64..1 << 50, behind in 1u32..18) {
            let digits: Vec<u8> = value.to_string().bytes().map(|byte| byte - b'0').collect();
            let decimal = Decimal { negative: false, digits, exponent: -i64::from(behind) };
            prop_assert_eq!(decimal.fast(16), decimal.long(16));
        }

        #[test]
        fn wide_numbers_round_trip(raw in -(1i128 << 79)..1 << 79, frac in 0u32..48) {
            let fixed = Fixed { bits: 80, frac };
            let back = match fixed.parse(&fixed.shortest(raw)).unwrap() {
                Rounded::Near { value, .. } => Some(value),
                Rounded::TooLarge => None,
            };
            prop_assert_eq!(back, Some(raw));
        }
    }
}
