//! Whole numbers that depend on sizes: polynomials with rational coefficients in symbols and in terms that no polynomial says.
//!
//! A truth value is the number 0 or 1. Expressions are kept in one normal form, so equal polynomials compare equal; a number too
//! large for 128 bits becomes [`Atom::Hidden`], which nothing can be said of.

use crate::cost::Count;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expr {
    /// A number.
    Num(i128),
    /// Anything else.
    Poly(Arc<Poly>),
}

/// Terms in rising order, none zero, over one positive denominator that has no factor in common with all of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Poly {
    terms: Vec<(Monomial, i128)>,
    denominator: i128,
    weight: u32,
}

/// A product of powers, in rising order of the atoms; empty for the constant term.
pub type Monomial = Vec<(Atom, u32)>;

/// What a polynomial is over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Atom {
    /// A size or a public parameter, by its name.
    Symbol(Arc<str>),
    /// How many turns of a loop were before this one; loops are numbered as they are met.
    Turn(u32),
    /// The larger of two.
    Max(Arc<[Expr; 2]>),
    /// The smaller of two.
    Min(Arc<[Expr; 2]>),
    /// The quotient, rounded towards minus infinity.
    Quotient(Arc<[Expr; 2]>),
    /// The power.
    Power(Arc<[Expr; 2]>),
    /// 1 where the expression is not negative, else 0.
    IsNatural(Arc<Expr>),
    /// 1 where the expression is zero, else 0.
    IsZero(Arc<Expr>),
    /// Something that only the run decides.
    Hidden(Hidden),
}

/// What only the run decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hidden {
    /// The turns of a loop at a place.
    Turns(Place),
    /// Whether the condition at a place holds: 0 or 1.
    Holds(Place),
    /// A number that is revealed or computed in a way that is not followed, where it is used; the second tells several at one place apart.
    Number(Place, u32),
    /// A number beyond 128 bits.
    TooLarge,
}

/// A place in the source: file and line.
pub type Place = (u32, u32);

impl From<i128> for Expr {
    fn from(value: i128) -> Self {
        Expr::Num(value)
    }
}
impl Count for Expr {
    fn number(value: u64) -> Self {
        value.into()
    }
    fn plus(&self, other: &Self) -> Self {
        Expr::plus(self, other)
    }
    fn times(&self, other: &Self) -> Self {
        Expr::times(self, other)
    }
}
impl From<u64> for Expr {
    fn from(value: u64) -> Self {
        Expr::Num(value.into())
    }
}
impl From<Atom> for Expr {
    fn from(atom: Atom) -> Self {
        normal(vec![(vec![(atom, 1)], 1)], 1)
    }
}
impl From<bool> for Expr {
    fn from(value: bool) -> Self {
        Expr::Num(value.into())
    }
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

/// The normal form of terms in rising order.
fn normal(mut terms: Vec<(Monomial, i128)>, mut denominator: i128) -> Expr {
    terms.retain(|(_, factor)| *factor != 0);
    let common = terms.iter().fold(denominator, |common, (_, factor)| gcd(common, *factor));
    if common > 1 {
        terms.iter_mut().for_each(|(_, factor)| *factor /= common);
        denominator /= common;
    }
    match &terms[..] {
        [] => Expr::Num(0),
        [(monomial, factor)] if monomial.is_empty() && denominator == 1 => Expr::Num(*factor),
        _ => {
            let atoms = terms.iter().flat_map(|(monomial, _)| monomial);
            let weight = atoms.fold(terms.len() as u32, |all, (atom, _)| all.saturating_add(atom.weight()));
            Expr::Poly(Arc::new(Poly { terms, denominator, weight }))
        }
    }
}

impl Atom {
    /// How many terms stand within, written out, and one.
    fn weight(&self) -> u32 {
        self.inner().iter().fold(1, |all, inner| all.saturating_add(inner.weight()))
    }
}

impl Expr {
    /// Zero.
    pub const ZERO: Expr = Expr::Num(0);
    /// One.
    pub const ONE: Expr = Expr::Num(1);

    /// A symbol.
    pub fn symbol(name: &str) -> Self {
        Atom::Symbol(name.into()).into()
    }

    /// A number that nothing can be said of.
    pub fn too_large() -> Self {
        Atom::Hidden(Hidden::TooLarge).into()
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<i128> {
        match self {
            Expr::Num(value) => Some(*value),
            Expr::Poly(_) => None,
        }
    }

    /// How much there is to it, written out: parts that it shares with itself count each time.
    pub fn weight(&self) -> u32 {
        match self {
            Expr::Num(_) => 1,
            Expr::Poly(poly) => poly.weight,
        }
    }

    /// The number, if it is one that a size can have.
    pub fn size(&self) -> Option<u64> {
        self.number().and_then(|value| u64::try_from(value).ok())
    }

    /// The terms with their numerators, and the denominator.
    pub fn terms(&self) -> (Vec<(Monomial, i128)>, i128) {
        match self {
            Expr::Num(0) => (Vec::new(), 1),
            Expr::Num(value) => (vec![(Monomial::new(), *value)], 1),
            Expr::Poly(poly) => (poly.terms.clone(), poly.denominator),
        }
    }

    /// The same, borrowed where that can be.
    fn parts(&self) -> (Cow<'_, [(Monomial, i128)]>, i128) {
        match self {
            Expr::Num(_) => (Cow::Owned(self.terms().0), 1),
            Expr::Poly(poly) => (Cow::Borrowed(&poly.terms), poly.denominator),
        }
    }

    /// Whether a symbol is a factor of a term.
    pub fn has_symbols(&self) -> bool {
        let is_symbol = |(atom, _): &(Atom, u32)| matches!(atom, Atom::Symbol(_));
        self.parts().0.iter().any(|(monomial, _)| monomial.iter().any(is_symbol))
    }

    /// The constant term, and the rest.
    pub fn split_constant(&self) -> (Expr, Expr) {
        let (terms, denominator) = self.terms();
        let (constant, rest) = terms.into_iter().partition(|(monomial, _)| monomial.is_empty());
        (normal(constant, denominator), normal(rest, denominator))
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Expr) -> Expr {
        self.combine(other, 1)
    }

    /// The difference.
    #[must_use]
    pub fn minus(&self, other: &Expr) -> Expr {
        self.combine(other, -1)
    }

    /// `self + sign · other`.
    fn combine(&self, other: &Expr, sign: i128) -> Expr {
        if let (Expr::Num(a), Expr::Num(b)) = (self, other) {
            return b.checked_mul(sign).and_then(|b| a.checked_add(b)).map_or_else(Expr::too_large, Expr::Num);
        }
        let ((a, a_den), (b, b_den)) = (self.parts(), other.parts());
        merged(&a, b_den, &b, a_den.saturating_mul(sign))
            .zip(a_den.checked_mul(b_den))
            .map_or_else(Expr::too_large, |(terms, denominator)| normal(terms, denominator))
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Expr) -> Expr {
        match (self, other) {
            (Expr::Num(a), Expr::Num(b)) => a.checked_mul(*b).map_or_else(Expr::too_large, Expr::Num),
            (Expr::Num(0), _) | (_, Expr::Num(0)) => Expr::ZERO,
            (Expr::Num(1), same) | (same, Expr::Num(1)) => same.clone(),
            (a, b) => a.product(b).unwrap_or_else(Expr::too_large),
        }
    }

    fn product(&self, other: &Expr) -> Option<Expr> {
        let ((a, a_den), (b, b_den)) = (self.parts(), other.parts());
        let mut sum = Vec::new();
        for (left, x) in a.iter() {
            let mut row = b.iter().map(|(right, y)| Some((joined(left, right), x.checked_mul(*y)?)));
            let mut row = row.by_ref().collect::<Option<Vec<_>>>()?;
            row.sort();
            // Powers of truth values fall together.
            row = row.into_iter().fold(Vec::new(), |mut row: Vec<(Monomial, i128)>, (monomial, factor)| {
                match row.last_mut() {
                    Some(last) if last.0 == monomial => last.1 = last.1.saturating_add(factor),
                    Some(_) | None => row.push((monomial, factor)),
                }
                row
            });
            sum = merged(&sum, 1, &row, 1)?;
        }
        Some(normal(sum, a_den.checked_mul(b_den)?))
    }

    /// The quotient of the rational numbers; `by` is not zero.
    #[must_use]
    pub fn over(&self, by: i128) -> Expr {
        let (mut terms, denominator) = self.terms();
        if by < 0 {
            terms.iter_mut().for_each(|(_, factor)| *factor = -*factor);
        }
        match denominator.checked_mul(by.abs()) {
            Some(denominator) if denominator > 0 => normal(terms, denominator),
            _ => Expr::too_large(),
        }
    }

    /// The negation.
    #[must_use]
    pub fn negated(&self) -> Expr {
        Expr::ZERO.minus(self)
    }

    /// For a truth value: the other one.
    #[must_use]
    pub fn not(&self) -> Expr {
        Expr::ONE.minus(self)
    }

    /// The power with a small exponent.
    #[must_use]
    pub fn power(&self, exponent: u32) -> Expr {
        (0..exponent).fold(Expr::ONE, |power, _| power.times(self))
    }

    /// Whether it is this atom and nothing else.
    fn is_atom(&self, atom: &Atom) -> bool {
        let Expr::Poly(poly) = self else { return false };
        matches!(&poly.terms[..], [(monomial, 1)] if poly.denominator == 1 && matches!(&monomial[..], [(own, 1)] if own == atom))
    }

    /// Every atom, those within atoms too.
    pub fn visit(&self, visit: &mut dyn FnMut(&Atom)) {
        let Expr::Poly(poly) = self else { return };
        for (atom, _) in poly.terms.iter().flat_map(|(monomial, _)| monomial) {
            visit(atom);
            atom.inner().iter().for_each(|inner| inner.visit(visit));
        }
    }

    /// Whether an atom fulfils a condition.
    pub fn any(&self, test: impl Fn(&Atom) -> bool) -> bool {
        let mut found = false;
        self.visit(&mut |atom| found |= test(atom));
        found
    }

    /// Whether it depends on the turn of a loop.
    pub fn depends_on(&self, turn: u32) -> bool {
        self.any(|atom| *atom == Atom::Turn(turn))
    }

    /// Whether something is in it that only the run decides.
    pub fn is_hidden(&self) -> bool {
        self.any(|atom| matches!(atom, Atom::Hidden(_)))
    }

    /// The coefficients of the powers of a turn, lowest first; `None` where it stands within another atom.
    pub fn coefficients(&self, turn: u32) -> Option<Vec<Expr>> {
        let own = Atom::Turn(turn);
        let (terms, denominator) = self.terms();
        let mut found: Vec<Vec<(Monomial, i128)>> = vec![Vec::new()];
        for (monomial, factor) in terms {
            if monomial.iter().any(|(atom, _)| atom.inner().iter().any(|inner| inner.depends_on(turn))) {
                return None;
            }
            let power = monomial.iter().find(|(atom, _)| *atom == own).map_or(0, |(_, power)| *power) as usize;
            let rest: Monomial = monomial.into_iter().filter(|(atom, _)| *atom != own).collect();
            found.resize(found.len().max(power + 1), Vec::new());
            found[power].push((rest, factor));
        }
        let sorted = |mut terms: Vec<(Monomial, i128)>| {
            terms.sort();
            normal(terms, denominator)
        };
        Some(found.into_iter().map(sorted).collect())
    }

    /// The expression with atoms replaced; `rebuild` says what an atom becomes, once what is in it has been replaced.
    #[must_use]
    pub fn replace(&self, rebuild: &mut dyn FnMut(&Atom) -> Expr) -> Expr {
        let Expr::Poly(poly) = self else { return self.clone() };
        let values: Vec<Vec<Expr>> =
            poly.terms.iter().map(|(monomial, _)| monomial.iter().map(|(atom, _)| rebuild(atom)).collect()).collect();
        let mut all = poly.terms.iter().flat_map(|(monomial, _)| monomial).zip(values.iter().flatten());
        if all.all(|((atom, _), value)| value.is_atom(atom)) {
            return self.clone();
        }
        let mut sum = Expr::ZERO;
        for ((monomial, factor), values) in poly.terms.iter().zip(&values) {
            let product = monomial
                .iter()
                .zip(values)
                .fold(Expr::Num(*factor), |product, ((_, power), value)| product.times(&value.power(*power)));
            sum = sum.plus(&product);
        }
        sum.over(poly.denominator)
    }
}

/// `a·x + b·y`, both in rising order.
fn merged(a: &[(Monomial, i128)], x: i128, b: &[(Monomial, i128)], y: i128) -> Option<Vec<(Monomial, i128)>> {
    let mut out = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let order = match (a.get(i), b.get(j)) {
            (Some(left), Some(right)) => left.0.cmp(&right.0),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        let left = if order.is_le() { a.get(i) } else { None };
        let right = if order.is_ge() { b.get(j) } else { None };
        i += usize::from(left.is_some());
        j += usize::from(right.is_some());
        let part =
            |term: Option<&(Monomial, i128)>, factor: i128| term.map_or(Some(0), |term| term.1.checked_mul(factor));
        let factor = part(left, x)?.checked_add(part(right, y)?)?;
        if let Some((monomial, _)) = left.or(right)
            && factor != 0
        {
            out.push((monomial.clone(), factor));
        }
    }
    Some(out)
}

/// The product of two monomials. A truth value is its own square.
fn joined(a: &Monomial, b: &Monomial) -> Monomial {
    let mut out = a.clone();
    for (atom, power) in b {
        match out.binary_search_by(|(other, _)| other.cmp(atom)) {
            Ok(at) if atom.is_truth() => out[at].1 = 1,
            Ok(at) => out[at].1 = out[at].1.saturating_add(*power),
            Err(at) => out.insert(at, (atom.clone(), *power)),
        }
    }
    out
}

impl Atom {
    /// The expressions within.
    pub fn inner(&self) -> &[Expr] {
        match self {
            Atom::Symbol(_) | Atom::Turn(_) | Atom::Hidden(_) => &[],
            Atom::Max(pair) | Atom::Min(pair) | Atom::Quotient(pair) | Atom::Power(pair) => &pair[..],
            Atom::IsNatural(inner) | Atom::IsZero(inner) => std::slice::from_ref(inner),
        }
    }

    /// Whether it is 0 or 1.
    pub fn is_truth(&self) -> bool {
        match self {
            Atom::IsNatural(_) | Atom::IsZero(_) | Atom::Hidden(Hidden::Holds(_)) => true,
            Atom::Symbol(_)
            | Atom::Turn(_)
            | Atom::Max(_)
            | Atom::Min(_)
            | Atom::Quotient(_)
            | Atom::Power(_)
            | Atom::Hidden(Hidden::Turns(_) | Hidden::Number(..) | Hidden::TooLarge) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_have_one_form() {
        let (n, m) = (Expr::symbol("n"), Expr::symbol("m"));
        let square = n.plus(&m).power(2);
        let apart = n.times(&n).plus(&n.times(&m).times(&2i128.into())).plus(&m.times(&m));
        assert_eq!(square, apart);
        assert_eq!(square.minus(&apart), Expr::ZERO);
        assert_eq!(n.over(2).plus(&n.over(2)), n);
        assert_eq!(n.times(&6i128.into()).over(4).terms(), (vec![(vec![(Atom::Symbol("n".into()), 1)], 3)], 2));
    }

    #[test]
    fn a_truth_value_is_its_own_square() {
        let truth: Expr = Atom::IsZero(Arc::new(Expr::symbol("n"))).into();
        assert_eq!(truth.times(&truth), truth);
        assert_eq!(truth.times(&truth.not()), Expr::ZERO);
    }

    #[test]
    fn what_is_too_large_is_said_to_be() {
        assert!(Expr::Num(i128::MAX).plus(&Expr::ONE).is_hidden());
        assert!(Expr::Num(i128::MAX).times(&Expr::Num(2)).is_hidden());
    }
}
