//! Sums over the turns of a loop, and values of expressions whose symbols are known.

use super::expr::{Atom, Expr};
use super::facts::Facts;

/// The sum over all turns 0 to before `turns` of a polynomial in `turn`, which may hold from or up to some turn only; `None` where the turn
/// stands within another atom.
pub fn over_turns(e: &Expr, turn: u32, turns: &Expr) -> Option<Expr> {
    let mut bound = None;
    e.visit(&mut |atom| {
        if matches!(atom, Atom::IsNatural(inner) if inner.depends_on(turn)) {
            bound = Some(atom.clone());
        }
    });
    let Some(bound) = bound else { return of_polynomial(e, turn, turns) };
    // e = with · bound + without.
    let facts = Facts::default();
    let at = |value: Expr| facts.substitute(e, &mut |atom| (*atom == bound).then(|| value.clone()));
    let without = at(Expr::ZERO);
    let with = at(Expr::ONE).minus(&without);
    let Atom::IsNatural(inner) = &bound else { return None };
    let line = inner.coefficients(turn)?;
    let [start, step] = &line[..] else { return None };
    let part = match step.number()? {
        1 => {
            let first = facts.min(turns, &facts.max(&Expr::ZERO, &start.negated()));
            over_turns(&with, turn, turns)?.minus(&over_turns(&with, turn, &first)?)
        }
        -1 => over_turns(&with, turn, &facts.max(&Expr::ZERO, &facts.min(turns, &start.plus(&Expr::ONE))))?,
        _ => return None,
    };
    Some(part.plus(&over_turns(&without, turn, turns)?))
}

fn of_polynomial(e: &Expr, turn: u32, turns: &Expr) -> Option<Expr> {
    let powers = e.coefficients(turn)?;
    let sum = |sum: Expr, (power, factor): (usize, &Expr)| sum.plus(&factor.times(&of_powers(power, turns)));
    Some(powers.iter().enumerate().fold(Expr::ZERO, sum))
}

/// 0^k + 1^k + … + (n − 1)^k, from the binomial theorem: n^(k+1) is the sum over j ≤ k of (k+1 over j) times the sum of powers j.
fn of_powers(k: usize, n: &Expr) -> Expr {
    let mut sums: Vec<Expr> = Vec::with_capacity(k + 1);
    for power in 0..=k {
        let (mut rest, mut binomial) = (n.power(power as u32 + 1), 1i128);
        for (j, sum) in sums.iter().enumerate() {
            rest = rest.minus(&sum.times(&Expr::Num(binomial)));
            binomial = binomial * (power as i128 + 1 - j as i128) / (j as i128 + 1);
        }
        sums.push(rest.over(power as i128 + 1));
    }
    sums.pop().unwrap_or(Expr::ZERO)
}

/// The value of an expression; `value` knows symbols and turns. `None` where one is not known, and where it is no whole number.
pub fn evaluate(e: &Expr, value: &dyn Fn(&Atom) -> Option<i128>) -> Option<i128> {
    if let Expr::Num(number) = e {
        return Some(*number);
    }
    let (terms, denominator) = e.terms();
    let mut sum = 0i128;
    for (monomial, factor) in &terms {
        let mut product = *factor;
        for (atom, power) in monomial {
            product = product.checked_mul(of_atom(atom, value)?.checked_pow(*power)?)?;
        }
        sum = sum.checked_add(product)?;
    }
    (sum % denominator == 0).then_some(sum / denominator)
}

fn of_atom(atom: &Atom, value: &dyn Fn(&Atom) -> Option<i128>) -> Option<i128> {
    let part = |e: &Expr| evaluate(e, value);
    match atom {
        Atom::Symbol(_) | Atom::Turn(_) => value(atom),
        Atom::Hidden(_) => None,
        Atom::Max(pair) => Some(part(&pair[0])?.max(part(&pair[1])?)),
        Atom::Min(pair) => Some(part(&pair[0])?.min(part(&pair[1])?)),
        Atom::Quotient(pair) => {
            let (a, b) = (part(&pair[0])?, part(&pair[1])?);
            let (quotient, remainder) = (a.checked_div(b)?, a.checked_rem(b)?);
            Some(quotient - i128::from(remainder != 0 && (remainder < 0) != (b < 0)))
        }
        Atom::Power(pair) => part(&pair[0])?.checked_pow(u32::try_from(part(&pair[1])?).ok()?),
        Atom::IsNatural(inner) => Some(i128::from(part(inner)? >= 0)),
        Atom::IsZero(inner) => Some(i128::from(part(inner)? == 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_powers_are_those_of_the_textbook() {
        let n = Expr::symbol("n");
        let t = Expr::from(Atom::Turn(0));
        for power in 0..6 {
            let sum = over_turns(&t.power(power), 0, &n).unwrap();
            for size in 0..9i128 {
                let found = evaluate(&sum, &|atom| matches!(atom, Atom::Symbol(_)).then_some(size));
                assert_eq!(found, Some((0..size).map(|t| t.pow(power)).sum()), "power {power}, {size}");
            }
        }
        // From the third turn on, and up to it.
        let from = |e: Expr| Expr::from(Atom::IsNatural(std::sync::Arc::new(e)));
        for (e, expected) in [(from(t.minus(&Expr::Num(2))), 2 + 3 + 4), (from(Expr::Num(2).minus(&t)), 1 + 2)] {
            assert_eq!(over_turns(&e.times(&t), 0, &Expr::Num(5)), Some(Expr::Num(expected)));
        }
        // A triangle.
        let triangle = over_turns(&over_turns(&Expr::ONE, 1, &t).unwrap(), 0, &n).unwrap();
        assert_eq!(triangle, n.times(&n.minus(&Expr::ONE)).over(2));
    }
}
