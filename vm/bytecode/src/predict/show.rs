//! Formulas as text: `8·n·m + 24`, `(n² − n)/2`, `max(0, n − 3)`.

use super::expr::{Atom, Expr, Hidden, Monomial};
use std::fmt::{self, Display, Formatter};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (mut terms, denominator) = self.terms();
        if terms.is_empty() {
            return f.write_str("0");
        }
        // The highest powers first, the constant last.
        let degree = |monomial: &Monomial| monomial.iter().map(|(_, power)| *power).sum::<u32>();
        terms.sort_by(|a, b| degree(&b.0).cmp(&degree(&a.0)).then_with(|| a.0.cmp(&b.0)));
        let brackets = denominator > 1 && terms.len() > 1;
        f.write_str(if brackets { "(" } else { "" })?;
        for (at, (monomial, factor)) in terms.iter().enumerate() {
            let sign = match (at, *factor < 0) {
                (0, false) => "",
                (0, true) => "−",
                (_, false) => " + ",
                (_, true) => " − ",
            };
            f.write_str(sign)?;
            term(f, monomial, factor.unsigned_abs())?;
        }
        f.write_str(if brackets { ")" } else { "" })?;
        if denominator > 1 { write!(f, "/{denominator}") } else { Ok(()) }
    }
}

fn term(f: &mut Formatter<'_>, monomial: &Monomial, factor: u128) -> fmt::Result {
    if monomial.is_empty() {
        return write!(f, "{}", grouped(factor));
    }
    if factor != 1 {
        write!(f, "{}·", grouped(factor))?;
    }
    for (at, (atom, power)) in monomial.iter().enumerate() {
        f.write_str(if at > 0 { "·" } else { "" })?;
        write!(f, "{atom}{}", exponent(*power))?;
    }
    Ok(())
}

fn exponent(power: u32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    if power == 1 {
        return String::new();
    }
    power.to_string().chars().filter_map(|digit| DIGITS.get(digit.to_digit(10)? as usize)).collect()
}

/// A number with its digits in threes: `1,234,567`.
pub fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

impl Display for Atom {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let side = |e: &Expr| {
            let single = e.terms().0.len() < 2 && e.number().is_none_or(|number| number >= 0);
            if single { e.to_string() } else { format!("({e})") }
        };
        match self {
            Atom::Symbol(name) => f.write_str(name),
            Atom::Turn(_) => f.write_str("turn"),
            Atom::Max(pair) => write!(f, "max({}, {})", pair[0], pair[1]),
            Atom::Min(pair) => write!(f, "min({}, {})", pair[0], pair[1]),
            Atom::Quotient(pair) => write!(f, "({} // {})", side(&pair[0]), side(&pair[1])),
            Atom::Power(pair) => write!(f, "{}**{}", side(&pair[0]), side(&pair[1])),
            Atom::IsNatural(inner) => write!(f, "[{inner} ≥ 0]"),
            Atom::IsZero(inner) => write!(f, "[{inner} = 0]"),
            Atom::Hidden(hidden) => write!(f, "{hidden}"),
        }
    }
}

impl Display for Hidden {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Hidden::Turns((_, line)) => write!(f, "turns(line {line})"),
            Hidden::Holds((_, line)) => write!(f, "[line {line}]"),
            Hidden::Number((_, line), _) => write!(f, "value(line {line})"),
            Hidden::TooLarge => f.write_str("∞"),
        }
    }
}
