//! Symbolic dimensions: polynomials with integer coefficients over shape variables and quotients, in a normal form in which
//! equal sizes compare equal (`n*m` and `m*n`, `2*n - n` and `n`).

use std::fmt;
use std::sync::Arc;

/// More terms than this are not followed: the size is unknown then.
const MAX_TERMS: usize = 24;

/// The size of an axis, as far as the compiler knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dim {
    /// Any size; what depends on it is checked when the program runs.
    Unknown,
    /// A number or an expression of shape variables.
    Size(Poly),
}

/// A polynomial: terms in order of their monomials, no coefficient zero. Without terms it is zero.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Poly(Vec<(Vec<Atom>, i64)>);

/// What a polynomial is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Atom {
    /// A shape variable: a number that tells it from others of its name, and its name.
    Var(u32, Arc<str>),
    /// A quotient rounded towards minus infinity that cannot be simplified.
    Quotient(Box<Poly>, Box<Poly>),
}

impl Poly {
    fn constant(value: i64) -> Self {
        Poly(if value == 0 { Vec::new() } else { vec![(Vec::new(), value)] })
    }

    fn as_const(&self) -> Option<i64> {
        match self.0.as_slice() {
            [] => Some(0),
            [(monomial, value)] if monomial.is_empty() => Some(*value),
            _ => None,
        }
    }

    fn collect(mut terms: Vec<(Vec<Atom>, i64)>) -> Option<Self> {
        terms.sort_by(|a, b| a.0.cmp(&b.0));
        let mut sum: Vec<(Vec<Atom>, i64)> = Vec::with_capacity(terms.len());
        for (monomial, value) in terms {
            match sum.last_mut() {
                Some(last) if last.0 == monomial => last.1 = last.1.checked_add(value)?,
                _ => sum.push((monomial, value)),
            }
        }
        sum.retain(|term| term.1 != 0);
        (sum.len() <= MAX_TERMS).then_some(Poly(sum))
    }

    fn add(&self, other: &Self) -> Option<Self> {
        Self::collect(self.0.iter().chain(&other.0).cloned().collect())
    }

    fn scale(&self, factor: i64) -> Option<Self> {
        let terms = self.0.iter().map(|(monomial, value)| Some((monomial.clone(), value.checked_mul(factor)?)));
        Self::collect(terms.collect::<Option<_>>()?)
    }

    fn mul(&self, other: &Self) -> Option<Self> {
        let mut terms = Vec::with_capacity(self.0.len() * other.0.len());
        for (left, a) in &self.0 {
            for (right, b) in &other.0 {
                let mut monomial: Vec<Atom> = left.iter().chain(right).cloned().collect();
                if monomial.len() > MAX_TERMS {
                    return None;
                }
                monomial.sort();
                terms.push((monomial, a.checked_mul(*b)?));
            }
        }
        Self::collect(terms)
    }

    /// `self / term` where every part divides; shape variables are not zero where a division by them is written.
    fn divide_by(&self, (monomial, factor): &(Vec<Atom>, i64)) -> Option<Self> {
        let term = |(from, value): &(Vec<Atom>, i64)| {
            let mut left = from.clone();
            for atom in monomial {
                left.remove(left.iter().position(|other| other == atom)?);
            }
            let divides = value.checked_rem(*factor)? == 0;
            if divides { Some((left, value.checked_div(*factor)?)) } else { None }
        };
        Self::collect(self.0.iter().map(term).collect::<Option<_>>()?)
    }

    /// The part whose coefficients are multiples of `divisor`, divided by it, and the rest.
    fn split(&self, divisor: i64) -> (Self, Self) {
        let (whole, rest): (Vec<_>, Vec<_>) = self.0.iter().cloned().partition(|term| term.1 % divisor == 0);
        (Poly(whole.into_iter().map(|(monomial, value)| (monomial, value / divisor)).collect()), Poly(rest))
    }

    fn quotient(&self, by: &Self) -> Option<Self> {
        if let [term] = by.0.as_slice()
            && let Some(exact) = self.divide_by(term)
        {
            return Some(exact);
        }
        let atom = |rest: Poly| Poly(vec![(vec![Atom::Quotient(Box::new(rest), Box::new(by.clone()))], 1)]);
        match by.as_const() {
            Some(divisor) if divisor > 0 => {
                let (whole, rest) = self.split(divisor);
                match rest.as_const() {
                    Some(rest) => whole.add(&Poly::constant(rest.div_euclid(divisor))),
                    None => whole.add(&atom(rest)),
                }
            }
            Some(_) => None,
            None if self == by => Some(Poly::constant(1)),
            None => Some(atom(self.clone())),
        }
    }

    fn mentions(&self, var: &dyn Fn(u32) -> bool) -> bool {
        self.0.iter().flat_map(|(monomial, _)| monomial).any(|atom| match atom {
            Atom::Var(id, _) => var(*id),
            Atom::Quotient(a, b) => a.mentions(var) || b.mentions(var),
        })
    }
}

impl Dim {
    /// A number.
    pub fn constant(value: i64) -> Self {
        Dim::Size(Poly::constant(value))
    }

    /// A shape variable.
    pub fn var(id: u32, name: &str) -> Self {
        Dim::Size(Poly(vec![(vec![Atom::Var(id, name.into())], 1)]))
    }

    /// The number, if it is one.
    pub fn as_const(&self) -> Option<i64> {
        match self {
            Dim::Unknown => None,
            Dim::Size(poly) => poly.as_const(),
        }
    }

    fn combine(&self, other: &Self, with: impl Fn(&Poly, &Poly) -> Option<Poly>) -> Self {
        match (self, other) {
            (Dim::Size(a), Dim::Size(b)) => with(a, b).map_or(Dim::Unknown, Dim::Size),
            (Dim::Unknown, _) | (_, Dim::Unknown) => Dim::Unknown,
        }
    }

    /// Sum.
    pub fn plus(&self, other: &Self) -> Self {
        self.combine(other, Poly::add)
    }

    /// Difference.
    pub fn minus(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a.add(&b.scale(-1)?))
    }

    /// Product.
    pub fn times(&self, other: &Self) -> Self {
        self.combine(other, Poly::mul)
    }

    /// Quotient, rounded towards minus infinity; unknown for a divisor that is not positive.
    pub fn over(&self, other: &Self) -> Self {
        self.combine(other, Poly::quotient)
    }

    /// True if the two cannot be equal: their difference is a number other than zero.
    pub fn differs(&self, other: &Self) -> bool {
        self.minus(other).as_const().is_some_and(|difference| difference != 0)
    }

    /// What is known where either may be.
    pub fn join(&self, other: &Self) -> Self {
        if self == other { self.clone() } else { Dim::Unknown }
    }

    /// The more precise of two that are equal at run time.
    pub fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Dim::Unknown, known) | (known, Dim::Unknown) => known.clone(),
            (known, other) => {
                if other.as_const().is_some() {
                    other.clone()
                } else {
                    known.clone()
                }
            }
        }
    }

    /// The axis that two axes broadcast to; `None` if they cannot.
    pub fn broadcast(&self, other: &Self) -> Option<Self> {
        match (self.as_const(), other.as_const()) {
            _ if self == other => Some(self.clone()),
            (Some(1), _) => Some(other.clone()),
            (_, Some(1)) => Some(self.clone()),
            (Some(_), Some(_)) => None,
            (Some(_), None) => Some(self.clone()),
            (None, Some(_)) => Some(other.clone()),
            (None, None) => Some(Dim::Unknown),
        }
    }

    /// Itself, or unknown if a variable of those occurs in it.
    pub fn forget(&self, var: &dyn Fn(u32) -> bool) -> Self {
        match self {
            Dim::Size(poly) if !poly.mentions(var) => self.clone(),
            Dim::Size(_) | Dim::Unknown => Dim::Unknown,
        }
    }
}

/// Two shapes broadcast as in NumPy; the error names the axes that do not fit.
pub fn broadcast(a: &[Dim], b: &[Dim]) -> Result<Vec<Dim>, (Dim, Dim)> {
    let rank = a.len().max(b.len());
    let one = Dim::constant(1);
    let axis =
        |shape: &[Dim], at: usize| (at + shape.len()).checked_sub(rank).map_or(one.clone(), |at| shape[at].clone());
    (0..rank)
        .map(|at| {
            let (left, right) = (axis(a, at), axis(b, at));
            left.broadcast(&right).ok_or((left, right))
        })
        .collect()
}

/// The product of all sizes.
pub fn volume(shape: &[Dim]) -> Dim {
    shape.iter().fold(Dim::constant(1), |all, dim| all.times(dim))
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Unknown => f.write_str("_"),
            Dim::Size(poly) => poly.fmt(f),
        }
    }
}

impl fmt::Display for Poly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("0");
        }
        // Variables before the number, as people write it.
        for (index, (monomial, value)) in self.0.iter().rev().enumerate() {
            let sign = match (index, *value < 0) {
                (0, false) => "",
                (0, true) => "-",
                (_, false) => " + ",
                (_, true) => " - ",
            };
            f.write_str(sign)?;
            let magnitude = value.unsigned_abs();
            if monomial.is_empty() || magnitude != 1 {
                write!(f, "{magnitude}{}", if monomial.is_empty() { "" } else { "*" })?;
            }
            for (at, atom) in monomial.iter().enumerate() {
                f.write_str(if at == 0 { "" } else { "*" })?;
                atom.fmt(f)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Atom::Var(_, name) => f.write_str(name),
            Atom::Quotient(a, b) => write!(f, "({a})//{}", Grouped(b)),
        }
    }
}

struct Grouped<'a>(&'a Poly);

impl fmt::Display for Grouped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.as_const().is_some() { self.0.fmt(f) } else { write!(f, "({})", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sizes_compare_equal() {
        let (n, m) = (Dim::var(0, "n"), Dim::var(1, "m"));
        let c = Dim::constant;
        assert_eq!(n.times(&m), m.times(&n));
        assert_eq!(c(2).times(&n).minus(&n), n);
        assert_eq!(n.times(&m).over(&n), m);
        assert_eq!(c(7).over(&c(2)), c(3));
        assert_eq!(c(-7).over(&c(2)), c(-4));
        assert_eq!(c(4).times(&n).plus(&c(5)).over(&c(2)), c(2).times(&n).plus(&c(2)));
        assert_eq!(n.minus(&m).over(&c(2)).plus(&c(1)).to_string(), "(-m + n)//2 + 1");
        assert!(n.plus(&c(1)).differs(&n) && !n.differs(&m));
    }

    #[test]
    fn shapes_broadcast_as_in_numpy() {
        let c = Dim::constant;
        assert_eq!(broadcast(&[c(3), c(1)], &[c(4)]), Ok(vec![c(3), c(4)]));
        assert_eq!(broadcast(&[c(3)], &[c(4)]), Err((c(3), c(4))));
        assert_eq!(broadcast(&[Dim::Unknown], &[c(4)]), Ok(vec![c(4)]));
        assert_eq!(broadcast(&[], &[]), Ok(vec![]));
    }

    #[test]
    fn sizes_beyond_all_bounds_are_unknown() {
        let huge = Dim::constant(i64::MAX);
        assert_eq!(huge.plus(&huge), Dim::Unknown);
        assert_eq!(huge.over(&Dim::constant(0)), Dim::Unknown);
        assert_eq!(Dim::constant(i64::MIN).over(&Dim::constant(-1)), Dim::Unknown);
    }
}
