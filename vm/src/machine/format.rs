//! Python's format specifications: `f"{x:>8.2f}"`.
//!
//! `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`, for `int`, `fix`, `bool` and `str`. Fixed-point numbers are
//! formatted from their exact decimal expansion, rounded to nearest with ties to even, which is what Python does with a
//! `float` of the same value.

use crate::algebra::Domain;
use crate::fixed::{Fixed, digits_of};
use crate::memory::{Public, Raised, Value, text};

/// The widest and the most precise a text may be asked to be.
const WIDEST: usize = 1 << 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Right,
    Center,
    /// Between the sign and the digits.
    Inner,
}

#[derive(Clone, Debug)]
struct Spec {
    fill: char,
    /// As it is written; `zero` stands for [`Align::Inner`] where nothing is.
    align: Option<Align>,
    zero: bool,
    sign: Option<char>,
    positive_zero: bool,
    alternate: bool,
    width: usize,
    group: Option<char>,
    precision: Option<usize>,
    ty: Option<char>,
}

fn invalid(spec: &str, what: &str) -> Raised {
    Raised::value(format!("invalid format specification `{spec}`: {what}"))
}

impl Spec {
    fn parse(text: &str) -> Result<Spec, Raised> {
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        let peek = |at: usize| chars.get(at).copied();
        let (mut fill, mut align) = (None, None);
        if let Some(found) = peek(1).and_then(alignment) {
            (fill, align, at) = (peek(0), Some(found), 2);
        } else if let Some(found) = peek(0).and_then(alignment) {
            (align, at) = (Some(found), 1);
        }
        let mut eat = |wanted: &[char]| {
            let found = chars.get(at).copied().filter(|c| wanted.contains(c));
            at += usize::from(found.is_some());
            found
        };
        let sign = eat(&['+', '-', ' ']);
        let positive_zero = eat(&['z']).is_some();
        let alternate = eat(&['#']).is_some();
        let zero = eat(&['0']).is_some();
        let width = number(&chars, &mut at, text)?.unwrap_or(0);
        let mut eat = |wanted: &[char]| {
            let found = chars.get(at).copied().filter(|c| wanted.contains(c));
            at += usize::from(found.is_some());
            found
        };
        let group = eat(&[',', '_']);
        let precision = match eat(&['.']) {
            Some(_) => Some(number(&chars, &mut at, text)?.ok_or_else(|| invalid(text, "the precision is missing"))?),
            None => None,
        };
        let ty = chars.get(at).copied();
        if at + usize::from(ty.is_some()) < chars.len() {
            return Err(invalid(text, "something is left over"));
        }
        let fill = fill.unwrap_or(if zero { '0' } else { ' ' });
        Ok(Spec { fill, align, zero, sign, positive_zero, alternate, width, group, precision, ty })
    }

    /// Fills a text up to the width; `head` is the sign and the prefix of a number.
    fn pad(&self, head: &str, body: &str, default: Align) -> String {
        let missing = self.width.saturating_sub(head.chars().count() + body.chars().count());
        let fill = |count: usize| self.fill.to_string().repeat(count);
        match self.align.unwrap_or(default) {
            Align::Left => format!("{head}{body}{}", fill(missing)),
            Align::Right => format!("{}{head}{body}", fill(missing)),
            Align::Center => format!("{}{head}{body}{}", fill(missing / 2), fill(missing - missing / 2)),
            Align::Inner => format!("{head}{}{body}", fill(missing)),
        }
    }

    /// A number: sign, prefix, digits in groups, what follows them.
    fn number(&self, negative: bool, prefix: &str, digits: &str, tail: &str, every: usize) -> String {
        let sign = match (negative, self.sign) {
            (true, _) => "-",
            (false, Some('+')) => "+",
            (false, Some(' ')) => " ",
            (false, _) => "",
        };
        let head = format!("{sign}{prefix}");
        // Zeros that fill a grouped number belong to its groups.
        let default = if self.zero { Align::Inner } else { Align::Right };
        let inner_zeros = self.fill == '0' && self.align.unwrap_or(default) == Align::Inner;
        let least = if inner_zeros { self.width.saturating_sub(head.len() + tail.len()) } else { 0 };
        let digits = match self.group {
            Some(mark) => grouped(digits, mark, every, least),
            None => digits.to_string(),
        };
        self.pad(&head, &format!("{digits}{tail}"), default)
    }
}

fn alignment(c: char) -> Option<Align> {
    match c {
        '<' => Some(Align::Left),
        '>' => Some(Align::Right),
        '^' => Some(Align::Center),
        '=' => Some(Align::Inner),
        _ => None,
    }
}

fn number(chars: &[char], at: &mut usize, text: &str) -> Result<Option<usize>, Raised> {
    let digits: String = chars[*at..].iter().take_while(|c| c.is_ascii_digit()).collect();
    *at += digits.len();
    if digits.is_empty() {
        return Ok(None);
    }
    let value = digits.parse().ok().filter(|&value| value <= WIDEST);
    value.map(Some).ok_or_else(|| invalid(text, &format!("{digits} is more than {WIDEST}")))
}

/// Digits with a mark between groups, at least `least` characters wide where zeros fill.
fn grouped(digits: &str, mark: char, every: usize, least: usize) -> String {
    let mut out: Vec<char> = Vec::new();
    let mut source = digits.chars().rev();
    let mut placed = 0;
    loop {
        let next = source.next().or_else(|| (out.len() < least).then_some('0'));
        let Some(digit) = next else { break };
        if placed > 0 && placed % every == 0 {
            out.push(mark);
        }
        out.push(digit);
        placed += 1;
    }
    out.into_iter().rev().collect()
}

/// A value in a format.
///
/// # Errors
/// `ValueError` where the format is none, or not for this kind.
pub(super) fn format<D: Domain>(value: &Value<D>, spec: &str, fixed: Fixed) -> Result<String, Raised> {
    if spec.is_empty() {
        return Ok(text(value, fixed));
    }
    let unsupported = || invalid(spec, "only single numbers, truth values and text have formats");
    let Value::Public(value) = value else { return Err(unsupported()) };
    let parsed = Spec::parse(spec)?;
    match value {
        Public::Str(value) => string(&parsed, value, spec),
        Public::Int(x) => integer(&parsed, x.scalar().ok_or_else(unsupported)?, spec),
        Public::Bool(x) => {
            let x = x.scalar().ok_or_else(unsupported)?;
            if parsed.ty == Some('s') { Err(unknown(spec, 's', "bool")) } else { integer(&parsed, i64::from(x), spec) }
        }
        Public::Fix(x) => real(&parsed, x.scalar().ok_or_else(unsupported)?.to_i128(), fixed, spec),
    }
}

fn unknown(spec: &str, ty: char, kind: &str) -> Raised {
    invalid(spec, &format!("`{ty}` is no format for {kind}"))
}

fn string(spec: &Spec, value: &str, text: &str) -> Result<String, Raised> {
    if let Some(ty) = spec.ty.filter(|&ty| ty != 's') {
        return Err(unknown(text, ty, "str"));
    }
    let for_numbers = spec.sign.is_some() || spec.positive_zero || spec.alternate || spec.group.is_some();
    if for_numbers {
        return Err(invalid(text, "signs, `z`, `#` and grouping are for numbers"));
    }
    if spec.align == Some(Align::Inner) {
        return Err(invalid(text, "`=` is for numbers"));
    }
    let shown: String = value.chars().take(spec.precision.unwrap_or(usize::MAX)).collect();
    Ok(spec.pad("", &shown, Align::Left))
}

fn integer(spec: &Spec, value: i64, text: &str) -> Result<String, Raised> {
    let ty = spec.ty.unwrap_or('d');
    if matches!(ty, 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') {
        return real(spec, value.into(), Fixed { bits: 65, frac: 0 }, text);
    }
    if spec.precision.is_some() {
        return Err(invalid(text, "integers have no precision"));
    }
    if spec.positive_zero {
        return Err(invalid(text, "`z` is for fixed-point numbers"));
    }
    let magnitude = value.unsigned_abs();
    let (prefix, digits, every) = match ty {
        'd' => ("", magnitude.to_string(), 3),
        'n' if spec.group.is_none() => ("", magnitude.to_string(), 3),
        'b' => ("0b", format!("{magnitude:b}"), 4),
        'o' => ("0o", format!("{magnitude:o}"), 4),
        'x' => ("0x", format!("{magnitude:x}"), 4),
        'X' => ("0X", format!("{magnitude:X}"), 4),
        'c' => return character(spec, value, text),
        ty => return Err(unknown(text, ty, "int")),
    };
    if spec.group == Some(',') && every == 4 {
        return Err(invalid(text, "`,` is for decimal numbers; `_` groups any"));
    }
    Ok(spec.number(value < 0, if spec.alternate { prefix } else { "" }, &digits, "", every))
}

fn character(spec: &Spec, value: i64, text: &str) -> Result<String, Raised> {
    if spec.sign.is_some() || spec.alternate || spec.group.is_some() {
        return Err(invalid(text, "a character has no sign, `#` or grouping"));
    }
    let found = u32::try_from(value).ok().and_then(char::from_u32);
    let c = found.ok_or_else(|| Raised::overflow("the number of a character lies between 0 and 0x10ffff"))?;
    Ok(spec.pad("", &c.to_string(), if spec.zero { Align::Inner } else { Align::Left }))
}

/// A number's decimal digits, all of them: those in front of the point, then those behind.
struct Digits {
    digits: Vec<u8>,
    /// How many stand in front of the point; may be negative or beyond the digits.
    point: i64,
}

impl Digits {
    fn new(raw: i128, frac: u32) -> Digits {
        let (whole, fraction) = digits_of(raw, frac);
        let mut digits: Vec<u8> = whole.to_string().bytes().map(|byte| byte - b'0').collect();
        let point = digits.len() as i64;
        digits.extend(fraction);
        Digits { digits, point }
    }

    /// The digits down to a place behind the point, rounded to nearest, ties to even.
    fn rounded(mut self, behind: i64) -> Digits {
        let keep = self.point + behind;
        if keep >= self.digits.len() as i64 {
            return self;
        }
        if keep < 0 {
            return Digits { digits: vec![0], point: 1 };
        }
        let keep = keep as usize;
        let (first, rest) = (self.digits[keep], &self.digits[keep + 1..]);
        let odd = keep > 0 && self.digits[keep - 1] % 2 == 1;
        let up = first > 5 || (first == 5 && (odd || rest.iter().any(|&digit| digit != 0)));
        self.digits.truncate(keep);
        if up {
            self.increment();
        }
        self
    }

    fn increment(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        self.digits.insert(0, 1);
        self.point += 1;
    }

    fn digit(&self, at: i64) -> char {
        let found = usize::try_from(at).ok().and_then(|at| self.digits.get(at));
        char::from(b'0' + found.copied().unwrap_or(0))
    }

    fn whole(&self) -> String {
        if self.point <= 0 { "0".into() } else { (0..self.point).map(|at| self.digit(at)).collect() }
    }

    fn fraction(&self, count: usize) -> String {
        (0..count as i64).map(|at| self.digit(self.point + at)).collect()
    }

    fn is_zero(&self) -> bool {
        self.digits.iter().all(|&digit| digit == 0)
    }

    /// The power of ten of the first digit that is not zero.
    fn exponent(&self) -> i64 {
        let zeros = self.digits.iter().take_while(|&&digit| digit == 0).count() as i64;
        if self.is_zero() { 0 } else { self.point - zeros - 1 }
    }

    /// Rounded to so many significant digits.
    fn significant(self, count: usize) -> Digits {
        let behind = count as i64 - 1 - self.exponent();
        self.rounded(behind)
    }
}

fn real(spec: &Spec, raw: i128, fixed: Fixed, text: &str) -> Result<String, Raised> {
    let digits = Digits::new(raw, fixed.frac);
    let precision = spec.precision.unwrap_or(6);
    let (whole, tail, zero) = match spec.ty {
        None if spec.precision.is_none() => {
            let shown = fixed.shortest(raw);
            let shown = shown.trim_start_matches('-');
            let (whole, fraction) = shown.split_once('.').unwrap_or((shown, "0"));
            (whole.to_string(), format!(".{fraction}"), raw == 0)
        }
        None => general(spec, digits, precision.max(1), true),
        Some('g' | 'G') => general(spec, digits, precision.max(1), false),
        Some('n') if spec.group.is_none() => general(spec, digits, precision.max(1), false),
        Some('f' | 'F') => plain(spec, digits.rounded(precision as i64), precision, ""),
        Some('%') => {
            let hundredfold = Digits { point: digits.point + 2, ..digits };
            let (whole, tail, zero) = plain(spec, hundredfold.rounded(precision as i64), precision, "%");
            let trimmed = whole.trim_start_matches('0');
            (if trimmed.is_empty() { "0".into() } else { trimmed.to_string() }, tail, zero)
        }
        Some('e' | 'E') => scientific(spec, digits.significant(precision + 1), precision),
        Some(ty) => return Err(unknown(text, ty, "fix")),
    };
    let tail = if matches!(spec.ty, Some('E' | 'G')) { tail.to_uppercase() } else { tail };
    Ok(spec.number(raw < 0 && !(zero && spec.positive_zero), "", &whole, &tail, 3))
}

type Parts = (String, String, bool);

fn point(spec: &Spec, fraction: String) -> String {
    if fraction.is_empty() && !spec.alternate { String::new() } else { format!(".{fraction}") }
}

fn plain(spec: &Spec, digits: Digits, precision: usize, mark: &str) -> Parts {
    (digits.whole(), format!("{}{mark}", point(spec, digits.fraction(precision))), digits.is_zero())
}

fn scientific(spec: &Spec, digits: Digits, precision: usize) -> Parts {
    let exponent = digits.exponent();
    let first = digits.point - 1 - exponent;
    let fraction: String = (1..=precision as i64).map(|at| digits.digit(first + at)).collect();
    let sign = if exponent < 0 { '-' } else { '+' };
    let tail = format!("{}e{sign}{:02}", point(spec, fraction), exponent.abs());
    (digits.digit(first).to_string(), tail, digits.is_zero())
}

/// Python's `g`: scientific for exponents below -4 and from the precision on, without zeros at the end. Without a type, as `str`
/// shows a float: a digit behind the point at least, and scientific one digit sooner.
fn general(spec: &Spec, digits: Digits, precision: usize, as_str: bool) -> Parts {
    let digits = digits.significant(precision);
    let exponent = digits.exponent();
    let limit = precision as i64 - i64::from(as_str);
    let (whole, tail, zero) = if exponent < -4 || exponent >= limit {
        scientific(spec, digits, precision - 1)
    } else {
        plain(spec, digits, (precision as i64 - 1 - exponent).max(0) as usize, "")
    };
    if spec.alternate {
        return (whole, tail, zero);
    }
    let (fraction, power) = tail.split_at(tail.find('e').unwrap_or(tail.len()));
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    let fraction = if as_str && fraction.is_empty() && power.is_empty() { ".0" } else { fraction };
    (whole, format!("{fraction}{power}"), zero)
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
