//! What is known about sizes where the walk is, and what follows from it.
//!
//! Sizes that have no number yet are taken to be at least 1: formulas hold for those. What cannot be shown stands as an atom,
//! whose value follows once every symbol has one.

use super::expr::{Atom, Expr, Hidden};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// Expressions that are not negative, and what follows.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    known: Vec<Expr>,
    /// What has been asked since something was learnt last, and the answers: loops are walked several times from nearly the same state.
    answers: Rc<RefCell<HashMap<Expr, bool>>>,
}

/// Answers that are kept.
const MOST_ANSWERS: usize = 1 << 14;

/// How many steps a proof has at most.
const STEPS: u32 = 4;

impl Facts {
    /// Adds that an expression is not negative.
    pub fn learn(&mut self, natural: Expr) {
        if natural.number().is_none() && !self.known.contains(&natural) {
            self.known.push(natural);
            self.answers = Rc::default();
        }
    }

    /// Adds that a truth value holds, as far as that says anything about numbers.
    pub fn learn_truth(&mut self, truth: &Expr) {
        let (terms, denominator) = truth.terms();
        match (&terms[..], denominator) {
            ([(monomial, 1)], 1) => monomial.iter().for_each(|(atom, _)| self.learn_atom(atom, true)),
            ([(constant, 1), (monomial, -1)], 1) if constant.is_empty() && monomial.len() == 1 => {
                self.learn_atom(&monomial[0].0, false);
            }
            _ => {}
        }
    }

    fn learn_atom(&mut self, atom: &Atom, holds: bool) {
        match (atom, holds) {
            (Atom::IsNatural(inner), true) => self.learn(inner.as_ref().clone()),
            (Atom::IsNatural(inner), false) => self.learn(inner.negated().minus(&Expr::ONE)),
            (Atom::IsZero(inner), true) => {
                self.learn(inner.as_ref().clone());
                self.learn(inner.negated());
            }
            (Atom::IsZero(inner), false) if self.is_natural(inner) => self.learn(inner.minus(&Expr::ONE)),
            _ => {}
        }
    }

    /// Whether an expression is surely not negative.
    pub fn is_natural(&self, e: &Expr) -> bool {
        match e {
            Expr::Num(value) => *value >= 0,
            Expr::Poly(_) => {
                if let Some(answer) = self.answers.borrow().get(e) {
                    return *answer;
                }
                let answer = self.prove(&shifted(e), STEPS);
                let mut answers = self.answers.borrow_mut();
                if answers.len() >= MOST_ANSWERS {
                    answers.clear();
                }
                answers.insert(e.clone(), answer);
                answer
            }
        }
    }

    /// Whether an expression is surely at least 1.
    pub fn is_positive(&self, e: &Expr) -> bool {
        self.is_natural(&e.minus(&Expr::ONE))
    }

    fn prove(&self, e: &Expr, steps: u32) -> bool {
        let (terms, _) = e.terms();
        // What stands within an atom is paid for from the same steps: facts about atoms may lead back to them.
        let side = |side: &Expr| match side {
            Expr::Num(value) => *value >= 0,
            Expr::Poly(_) => steps > 0 && self.prove(&shifted(side), steps - 1),
        };
        let natural = |atom: &Atom| match atom {
            Atom::Max(pair) => pair.iter().any(side),
            Atom::Min(pair) | Atom::Quotient(pair) => pair.iter().all(side),
            Atom::Power(pair) => side(&pair[0]),
            Atom::Hidden(hidden) => matches!(hidden, Hidden::Turns(_) | Hidden::Holds(_)),
            Atom::Symbol(_) | Atom::Turn(_) | Atom::IsNatural(_) | Atom::IsZero(_) => true,
        };
        let plain = |(monomial, factor): &(Vec<(Atom, u32)>, i128)| {
            *factor >= 0 && monomial.iter().all(|(atom, power)| power % 2 == 0 || natural(atom))
        };
        if terms.iter().all(plain) {
            return true;
        }
        if steps == 0 {
            return false;
        }
        let bounded = terms.iter().find_map(|(monomial, factor)| match &monomial[..] {
            [(atom, 1)] => bounds(atom, *factor > 0),
            _ => None,
        });
        if let Some((atom, bounds, all)) = bounded {
            let mut each = bounds.iter().map(|bound| {
                let low = e.replace(&mut |other| if *other == atom { shifted(bound) } else { other.clone().into() });
                self.prove(&low, steps - 1)
            });
            if if all { each.all(|proved| proved) } else { each.any(|proved| proved) } {
                return true;
            }
        }
        self.known.iter().any(|fact| self.prove(&e.minus(&shifted(fact)), steps.min(2) - 1))
    }

    /// The larger of two.
    pub fn max(&self, a: &Expr, b: &Expr) -> Expr {
        if self.is_natural(&a.minus(b)) {
            return a.clone();
        }
        if self.is_natural(&b.minus(a)) { b.clone() } else { Atom::Max(pair(a.min(b), a.max(b))).into() }
    }

    /// The smaller of two.
    pub fn min(&self, a: &Expr, b: &Expr) -> Expr {
        if self.is_natural(&a.minus(b)) {
            return b.clone();
        }
        if self.is_natural(&b.minus(a)) { a.clone() } else { Atom::Min(pair(a.min(b), a.max(b))).into() }
    }

    /// The quotient, rounded towards minus infinity; `None` where the divisor may be zero.
    pub fn quotient(&self, a: &Expr, b: &Expr) -> Option<Expr> {
        match (a, b) {
            (_, Expr::Num(0)) => None,
            (Expr::Num(a), Expr::Num(b)) => {
                let (quotient, remainder) = (a.checked_div(*b)?, a.checked_rem(*b)?);
                Some(Expr::Num(quotient - i128::from(remainder != 0 && (remainder < 0) != (*b < 0))))
            }
            (a, Expr::Num(by)) => Some(self.quotient_by(a, *by)),
            (a, b) if self.is_positive(b) => {
                let small = self.is_natural(a) && self.is_positive(&b.minus(a));
                Some(if small { Expr::ZERO } else { Atom::Quotient(pair(a, b)).into() })
            }
            _ => None,
        }
    }

    /// What divides evenly leaves the quotient.
    fn quotient_by(&self, a: &Expr, by: i128) -> Expr {
        let (terms, denominator) = a.terms();
        let (mut whole, mut rest) = (Expr::ZERO, Expr::ZERO);
        for (monomial, factor) in terms {
            let product = monomial
                .iter()
                .fold(Expr::ONE, |product, (atom, power)| product.times(&Expr::from(atom.clone()).power(*power)));
            if denominator == 1 {
                let (even, left) = (factor.div_euclid(by), factor.rem_euclid(by));
                whole = whole.plus(&product.times(&Expr::Num(even)));
                rest = rest.plus(&product.times(&Expr::Num(left)));
            } else {
                rest = rest.plus(&product.times(&Expr::Num(factor)).over(denominator));
            }
        }
        let small = by > 0 && self.is_natural(&rest) && self.is_positive(&Expr::Num(by).minus(&rest));
        let left = match rest {
            Expr::Num(rest) if by > 0 => Expr::Num(rest.div_euclid(by)),
            _ if small => Expr::ZERO,
            rest => Atom::Quotient(pair(&rest, &Expr::Num(by))).into(),
        };
        whole.plus(&left)
    }

    /// The remainder with the divisor's sign.
    pub fn modulo(&self, a: &Expr, b: &Expr) -> Option<Expr> {
        Some(a.minus(&b.times(&self.quotient(a, b)?)))
    }

    /// The power; `None` for an exponent that is or may be negative.
    pub fn power(&self, base: &Expr, exponent: &Expr) -> Option<Expr> {
        match exponent.number() {
            Some(exponent) if (0..=64).contains(&exponent) => Some(base.power(exponent as u32)),
            Some(exponent) if exponent < 0 => None,
            _ if self.is_natural(exponent) => Some(Atom::Power(pair(base, exponent)).into()),
            _ => None,
        }
    }

    /// Whether an expression is not negative, as a truth value.
    pub fn natural(&self, e: &Expr) -> Expr {
        if self.is_natural(e) {
            return Expr::ONE;
        }
        let never = self.is_natural(&e.negated().minus(&Expr::ONE));
        if never { Expr::ZERO } else { Atom::IsNatural(Arc::new(e.clone())).into() }
    }

    /// Whether a size is at least 1, as a truth value: of a product, whether every factor is.
    pub fn positive(&self, size: &Expr) -> Expr {
        let (terms, denominator) = size.terms();
        match (&terms[..], denominator) {
            ([(monomial, factor)], 1) if *factor > 0 && monomial.len() > 1 => {
                let each = monomial.iter().map(|(atom, _)| self.natural(&Expr::from(atom.clone()).minus(&Expr::ONE)));
                each.fold(Expr::ONE, |all, one| all.times(&one))
            }
            _ => self.natural(&size.minus(&Expr::ONE)),
        }
    }

    /// Whether an expression is zero, as a truth value.
    pub fn zero(&self, e: &Expr) -> Expr {
        if let Expr::Num(value) = e {
            return (*value == 0).into();
        }
        let differs = self.is_positive(e) || self.is_positive(&e.negated());
        let positive = if e.negated() < *e { e.negated() } else { e.clone() };
        if differs { Expr::ZERO } else { Atom::IsZero(Arc::new(positive)).into() }
    }

    /// What an atom is with what is known, its parts replaced.
    fn rebuilt(&self, atom: &Atom, replace: &mut dyn FnMut(&Atom) -> Option<Expr>) -> Expr {
        if let Some(value) = replace(atom) {
            return value;
        }
        let mut part = |inner: &Expr| inner.replace(&mut |atom| self.rebuilt(atom, replace));
        let same = || Expr::from(atom.clone());
        match atom {
            Atom::Symbol(_) | Atom::Turn(_) | Atom::Hidden(_) => same(),
            Atom::Max(pair) => self.max(&part(&pair[0]), &part(&pair[1])),
            Atom::Min(pair) => self.min(&part(&pair[0]), &part(&pair[1])),
            Atom::Quotient(pair) => self.quotient(&part(&pair[0]), &part(&pair[1])).unwrap_or_else(Expr::too_large),
            Atom::Power(pair) => self.power(&part(&pair[0]), &part(&pair[1])).unwrap_or_else(Expr::too_large),
            Atom::IsNatural(inner) => self.natural(&part(inner)),
            Atom::IsZero(inner) => self.zero(&part(inner)),
        }
    }

    /// The expression with some atoms replaced, and with what is known now.
    pub fn substitute(&self, e: &Expr, replace: &mut dyn FnMut(&Atom) -> Option<Expr>) -> Expr {
        e.replace(&mut |atom| self.rebuilt(atom, replace))
    }
}

fn pair(a: &Expr, b: &Expr) -> Arc<[Expr; 2]> {
    Arc::new([a.clone(), b.clone()])
}

/// Every symbol as one more than a number that is not negative.
fn shifted(e: &Expr) -> Expr {
    if !e.has_symbols() {
        return e.clone();
    }
    e.replace(&mut |atom| match atom {
        Atom::Symbol(_) => Expr::from(atom.clone()).plus(&Expr::ONE),
        Atom::Turn(_)
        | Atom::Max(_)
        | Atom::Min(_)
        | Atom::Quotient(_)
        | Atom::Power(_)
        | Atom::IsNatural(_)
        | Atom::IsZero(_)
        | Atom::Hidden(_) => atom.clone().into(),
    })
}

/// Bounds from below (`low`) or above of an atom that is no plain number: all of them must be looked at, or one is enough.
fn bounds(atom: &Atom, low: bool) -> Option<(Atom, Vec<Expr>, bool)> {
    let bounds = |of: Vec<Expr>, all| Some((atom.clone(), of, all));
    match atom {
        Atom::Max(pair) => bounds(pair.to_vec(), !low),
        Atom::Min(pair) => bounds(pair.to_vec(), low),
        Atom::Quotient(pair) => match pair[1].number() {
            Some(by) if by > 0 && low => bounds(vec![pair[0].minus(&Expr::Num(by - 1)).over(by)], true),
            Some(by) if by > 0 => bounds(vec![pair[0].over(by)], true),
            _ => None,
        },
        Atom::IsNatural(_) | Atom::IsZero(_) if !low => bounds(vec![Expr::ONE], true),
        Atom::IsNatural(_) | Atom::IsZero(_) => None,
        Atom::Symbol(_) | Atom::Turn(_) | Atom::Power(_) | Atom::Hidden(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_at_least_one() {
        let facts = Facts::default();
        let (n, m) = (Expr::symbol("n"), Expr::symbol("m"));
        assert!(facts.is_natural(&n.times(&m).minus(&Expr::ONE)));
        assert!(!facts.is_natural(&n.minus(&m)));
        assert_eq!(facts.max(&Expr::ZERO, &n.minus(&Expr::ONE)), n.minus(&Expr::ONE));
        let kept = facts.max(&n, &m);
        assert!(facts.is_natural(&kept.minus(&n)) && facts.is_positive(&kept));
        assert!(facts.is_natural(&n.plus(&m).minus(&kept)));
    }

    #[test]
    fn facts_are_used() {
        let mut facts = Facts::default();
        let (n, t) = (Expr::symbol("n"), Expr::from(Atom::Turn(0)));
        assert_eq!(facts.natural(&n.minus(&t)).number(), None);
        facts.learn(n.minus(&t).minus(&Expr::ONE));
        assert_eq!(facts.natural(&n.minus(&t)), Expr::ONE);
        assert_eq!(facts.zero(&n.minus(&t)), Expr::ZERO);
    }

    #[test]
    fn quotients_split_off_what_divides() {
        let facts = Facts::default();
        let n = Expr::symbol("n");
        let by = |e: &Expr, by: i128| facts.quotient(e, &Expr::Num(by)).unwrap();
        let double = n.plus(&n);
        assert_eq!(by(&double.plus(&Expr::ONE), 2), n);
        assert_eq!(by(&double.plus(&Expr::Num(5)), 2), n.plus(&Expr::Num(2)));
        assert_eq!(by(&Expr::Num(-7), 2), Expr::Num(-4));
        let half = by(&n, 2);
        assert_eq!(
            facts.substitute(&half, &mut |atom| matches!(atom, Atom::Symbol(_)).then_some(Expr::Num(7))),
            Expr::Num(3)
        );
    }
}
