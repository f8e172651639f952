//! The price of a record: a call's, times how often it is made, summed over the loops on whose turn something of it depends.

use super::{Amount, Unknown};
use crate::cost::{BLOCK, Correlated, Scheme, Work, cost, sent, used};
use crate::predict::sum::evaluate;
use crate::predict::{Expr, Hidden, Record, expr::Atom, replace_hidden};

/// Turns of loops that are gone through one by one, at most.
const MOST_TURNS: u128 = 1 << 20;

/// Figures that add up: rounds, dealer's bytes, bytes of a player, bytes of one that is a recipient, correlated randomness.
type Figures = [i128; 11];

pub(super) struct Pricing<'a> {
    pub record: &'a Record,
    pub work: &'a Work<Expr>,
    pub scheme: Scheme,
    pub ring_bytes: u64,
    pub players: usize,
}

impl Pricing<'_> {
    fn figures(&self, work: &Work) -> Figures {
        let price = cost(work, self.scheme, self.ring_bytes);
        let recipient = match work.own() {
            Work::Open { to: Some(to), .. } => to.first().map(|&to| sent(work, self.scheme, self.ring_bytes, to)),
            _ => None,
        };
        let dealt = used(work, self.scheme, self.ring_bytes).each().map(|(_, count)| i128::from(count));
        let own = self.others(work).map_or(0, |player| sent(work, self.scheme, self.ring_bytes, player));
        let mut out = [0; 11];
        out[..4].copy_from_slice(&[
            price.rounds.into(),
            price.dealer_bytes.into(),
            own.into(),
            recipient.unwrap_or(own).into(),
        ]);
        out[4..].copy_from_slice(&dealt);
        out
    }

    /// A player that is no recipient, if there is one.
    fn others(&self, work: &Work) -> Option<usize> {
        match work.own() {
            Work::Open { to: Some(to), .. } => (0..self.players).find(|player| !to.contains(player)),
            _ => Some(0),
        }
    }

    fn amount(&self, figures: &Figures) -> Amount {
        let number = |figure: i128| u64::try_from(figure.max(0)).unwrap_or(u64::MAX);
        let bytes = |player: usize| match self.work.own() {
            Work::Open { to: Some(to), .. } if to.contains(&player) => number(figures[3]),
            _ => number(figures[2]),
        };
        Amount {
            rounds: number(figures[0]),
            dealer_bytes: number(figures[1]),
            bytes: (0..self.players).map(bytes).collect(),
            correlated: Correlated {
                triples: number(figures[4]),
                squares: number(figures[5]),
                matrix_triples: number(figures[6]),
                truncation_pairs: number(figures[7]),
                masked_numbers: number(figures[8]),
                random_bits: number(figures[9]),
                dabits: number(figures[10]),
            },
        }
    }

    /// What the price depends on that is not known.
    pub fn unknown(&self) -> Vec<Unknown> {
        let mut found: Vec<Unknown> = self.record.hidden().into_iter().map(Unknown::Hidden).collect();
        let mut note = |atom: &Atom| {
            if let Atom::Symbol(name) = atom {
                found.push(Unknown::Size(name.to_string()));
            }
        };
        self.record.times.visit(&mut note);
        self.record.over.iter().for_each(|(_, turns)| turns.visit(&mut note));
        self.work.sizes().into_iter().for_each(|size| size.visit(&mut note));
        found
    }

    /// The value of an expression at least: loops of unknown length have no second turn, sizes that are not known are 0.
    fn value(&self, e: &Expr, turns: &[(u32, i128)], holds: i128) -> Option<i128> {
        evaluate(&least(e, holds), &|atom| match atom {
            Atom::Turn(turn) => turns.iter().rev().find(|(known, _)| known == turn).map(|(_, value)| *value),
            Atom::Symbol(_) => Some(0),
            _ => None,
        })
    }

    fn times(&self, turns: &[(u32, i128)]) -> Option<i128> {
        let either = [0, 1].map(|holds| self.value(&self.record.times, turns, holds));
        Some(either[0]?.min(either[1]?).max(0))
    }

    fn sized(&self, turns: &[(u32, i128)]) -> Option<Work> {
        let size =
            |e: &Expr| self.value(e, turns, 0).map(|size| u64::try_from(size.max(0)).unwrap_or(u64::MAX)).ok_or(());
        self.work.map(size).ok()
    }

    /// One call by itself.
    pub fn once(&self) -> Option<Amount> {
        let varies = self.work.sizes().iter().any(|size| size.any(|atom| matches!(atom, Atom::Turn(_))));
        if varies { None } else { self.sized(&[]).map(|work| self.amount(&self.figures(&work))) }
    }

    /// All turns, how many calls that is, and whether all was summed.
    pub fn all(&self) -> (Amount, u128, bool) {
        let mut sum = Sum { figures: [0; 11], times: 0, left: MOST_TURNS, whole: true };
        self.add(&mut Vec::new(), &mut sum);
        (self.amount(&sum.figures), u128::try_from(sum.times).unwrap_or(0), sum.whole)
    }

    fn add(&self, turns: &mut Vec<(u32, i128)>, sum: &mut Sum) {
        let Some((turn, count)) = self.record.over.get(turns.len()) else {
            match self.times(turns).zip(self.sized(turns)) {
                Some((times, work)) => sum.add(&self.figures(&work), times),
                None => sum.whole = false,
            }
            return;
        };
        let Some(count) = self.value(count, turns, 0) else {
            sum.whole = false;
            return;
        };
        if count > sum.left as i128 {
            match self.periodic(*turn, turns, count) {
                Some((figures, times)) => sum.add_all(&figures, times),
                None => sum.whole = false,
            }
            return;
        }
        for value in 0..count {
            sum.left = sum.left.saturating_sub(1);
            turns.push((*turn, value));
            self.add(turns, sum);
            turns.pop();
            if !sum.whole {
                return;
            }
        }
    }

    /// The sum over the innermost loop where sizes are polynomials in its turn. Prices are periodic in the number of elements but for
    /// what is proportional to it, so over every residue class of turns they are polynomials, which a few values fix.
    fn periodic(&self, turn: u32, turns: &[(u32, i128)], count: i128) -> Option<(Figures, i128)> {
        if turns.len() + 1 != self.record.over.len() {
            return None;
        }
        let (mut degree, mut period) = (0, i128::from(BLOCK));
        for e in self.work.sizes().into_iter().chain([&self.record.times]) {
            degree += e.coefficients(turn)?.len() - 1;
            period = period.checked_mul(e.terms().1)?;
        }
        // Sizes of matrices multiply.
        let values = 2 * degree + 1;
        // The first and the last turns stand alone: a size may be 0 there, and what is empty is not sent.
        let middle = count - 2 * period;
        if period > MOST_TURNS as i128 / values as i128 * 4 || period.checked_mul(values as i128)? > middle {
            return None;
        }
        let at = |turn_at: i128| {
            let mut turns = turns.to_vec();
            turns.push((turn, turn_at));
            let times = self.times(&turns)?;
            Some((self.figures(&self.sized(&turns)?).map(|figure| figure * times), times))
        };
        let mut sum = Sum { figures: [0; 11], times: 0, left: 0, whole: true };
        for alone in (0..period).chain(count - period..count) {
            let (figures, times) = at(alone)?;
            sum.add_all(&figures, times);
        }
        for residue in period..2 * period {
            let known = (0..values).map(|k| at(residue + period * k as i128)).collect::<Option<Vec<_>>>()?;
            let members = (middle - (residue - period) + period - 1) / period;
            let mut figures = [0; 11];
            for (field, figure) in figures.iter_mut().enumerate() {
                *figure = series(known.iter().map(|(figures, _)| figures[field]).collect(), members)?;
            }
            sum.add_all(&figures, series(known.iter().map(|(_, times)| *times).collect(), members)?);
        }
        Some((sum.figures, sum.times))
    }
}

/// The sum of the first `count` values of a polynomial whose first values these are: Newton's formula.
fn series(mut values: Vec<i128>, count: i128) -> Option<i128> {
    let (mut sum, mut binomial, mut order) = (0i128, 1i128, 0i128);
    while let Some(&first) = values.first() {
        binomial = binomial.checked_mul(count - order)? / (order + 1);
        sum = sum.checked_add(first.checked_mul(binomial)?)?;
        order += 1;
        values = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    }
    Some(sum)
}

struct Sum {
    figures: Figures,
    times: i128,
    left: u128,
    whole: bool,
}

impl Sum {
    fn add(&mut self, figures: &Figures, times: i128) {
        self.add_all(&figures.map(|figure| figure.saturating_mul(times)), times);
    }

    fn add_all(&mut self, figures: &Figures, times: i128) {
        self.figures.iter_mut().zip(figures).for_each(|(sum, figure)| *sum = sum.saturating_add(*figure));
        self.times = self.times.saturating_add(times);
    }
}

/// An expression where nothing happens that is not sure.
fn least(e: &Expr, holds: i128) -> Expr {
    if !e.is_hidden() {
        return e.clone();
    }
    replace_hidden(e, &mut |hidden| match hidden {
        Hidden::Holds(_) => holds.into(),
        Hidden::Turns(_) | Hidden::Number(..) | Hidden::TooLarge => Expr::ZERO,
    })
}
