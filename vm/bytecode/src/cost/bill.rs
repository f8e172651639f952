//! What a predicted program costs: exactly, once every size is a number, and as formulas.
//!
//! The figures are those of the counters of a run: rounds, and bytes with the headers of frames on the channel that the program runs on. What is
//! sent there before the program begins, seeds, is an entry of its own. Bytes to and from the dealer, greetings and the end of a run are
//! not a player's figures; the dealer's own are given beside.
//!
//! What depends on a revealed value counts as often as it surely happens: then the figures are bounds from below, and
//! [`Bill::unknown`] says of what.

use super::{Correlated, Scheme, Work, additive, cost, dealt_before, sent, sent_before, used};
use crate::predict::sum::{evaluate, over_turns};
use crate::predict::{Done, Expr, Hidden, Prediction, Record, Site, expr::Atom};
use crate::program::Program;
use serde::Serialize;
use std::collections::HashMap;
use std::ops::AddAssign;

/// What something costs all together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Rounds.
    pub rounds: u64,
    /// Bytes that each player sends.
    pub bytes: Vec<u64>,
    /// Bytes that the dealer sends to all together.
    pub dealer_bytes: u64,
    /// What the dealer deals.
    pub correlated: Correlated,
}

impl Amount {
    /// Bytes of the player that sends the most.
    pub fn most_bytes(&self) -> u64 {
        self.bytes.iter().copied().max().unwrap_or(0)
    }
}

impl AddAssign<&Amount> for Amount {
    fn add_assign(&mut self, other: &Amount) {
        self.rounds = self.rounds.saturating_add(other.rounds);
        self.dealer_bytes = self.dealer_bytes.saturating_add(other.dealer_bytes);
        self.correlated = self.correlated + other.correlated;
        self.bytes.resize(self.bytes.len().max(other.bytes.len()), 0);
        self.bytes.iter_mut().zip(&other.bytes).for_each(|(all, bytes)| *all = all.saturating_add(*bytes));
    }
}

/// A record with its price.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What is done.
    pub record: Record,
    /// What it costs at least; all it costs where `exact`.
    pub amount: Amount,
    /// How often it is done at least.
    pub times: u128,
    /// What a single time costs, where that does not depend on the turn of a loop.
    pub once: Option<Amount>,
    /// Whether it is all it costs.
    pub exact: bool,
}

/// What a program costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Bill {
    /// Everything that communicates, in order.
    pub items: Vec<Item>,
    /// What is sent before the program begins.
    pub start: Amount,
    /// All together.
    pub total: Amount,
    /// Why the total is a bound from below; empty where it is exact.
    pub unknown: Vec<Unknown>,
}

/// Something that a figure depends on and that is not known before the run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unknown {
    /// What only the run decides.
    Hidden(Hidden),
    /// A size that has no number.
    Size(String),
    /// The walk ended: why, and where.
    Stopped(String, (u32, u32)),
    /// A loop is too long for its sum.
    TooLong,
}

/// Turns of loops that are gone through one by one, at most.
const MOST_TURNS: u128 = 1 << 20;

/// The price of a prediction among `players` players.
pub fn bill(prediction: &Prediction, scheme: Scheme, ring_bytes: u64, players: usize) -> Bill {
    let before = |player| sent_before(scheme, player);
    let start =
        Amount { bytes: (0..players).map(before).collect(), dealer_bytes: dealt_before(scheme), ..Amount::default() };
    let mut bill = Bill { items: Vec::new(), total: start.clone(), start, unknown: Vec::new() };
    if let Some((why, place)) = &prediction.stopped {
        bill.unknown.push(Unknown::Stopped(why.clone(), *place));
    }
    for record in &prediction.records {
        let Done::Call(work) = &record.done else { continue };
        let pricing = Pricing { record, work, scheme, ring_bytes, players };
        let (amount, times, known) = pricing.all();
        let once = pricing.once();
        bill.total += &amount;
        let mut unknown: Vec<Unknown> = pricing.unknown();
        if unknown.is_empty() && !known {
            unknown.push(Unknown::TooLong);
        }
        bill.items.push(Item { record: record.clone(), amount, times, once, exact: unknown.is_empty() });
        unknown.into_iter().filter(|one| !bill.unknown.contains(one)).collect::<Vec<_>>().into_iter().for_each(|one| {
            bill.unknown.push(one);
        });
    }
    bill
}

/// Figures that add up: rounds, dealer's bytes, bytes of a player, bytes of one that is a recipient, correlated randomness.
type Figures = [i128; 11];

struct Pricing<'a> {
    record: &'a Record,
    work: &'a Work<Expr>,
    scheme: Scheme,
    ring_bytes: u64,
    players: usize,
}

impl Pricing<'_> {
    fn figures(&self, work: &Work) -> Figures {
        let price = cost(work, self.scheme, self.ring_bytes);
        let recipient = match work {
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
        match work {
            Work::Open { to: Some(to), .. } => (0..self.players).find(|player| !to.contains(player)),
            _ => Some(0),
        }
    }

    fn amount(&self, figures: &Figures) -> Amount {
        let number = |figure: i128| u64::try_from(figure.max(0)).unwrap_or(u64::MAX);
        let bytes = |player: usize| match self.work {
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
    fn unknown(&self) -> Vec<Unknown> {
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
    fn once(&self) -> Option<Amount> {
        let varies = self.work.sizes().iter().any(|size| size.any(|atom| matches!(atom, Atom::Turn(_))));
        if varies { None } else { self.sized(&[]).map(|work| self.amount(&self.figures(&work))) }
    }

    /// All turns, how many calls that is, and whether all was summed.
    fn all(&self) -> (Amount, u128, bool) {
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
        let (mut degree, mut period) = (0, i128::from(super::BLOCK));
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
    crate::predict::replace_hidden(e, &mut |hidden| match hidden {
        Hidden::Holds(_) => holds.into(),
        Hidden::Turns(_) | Hidden::Number(..) | Hidden::TooLarge => Expr::ZERO,
    })
}

/// What a place of the source costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The function and the line.
    pub site: Site,
    /// What it costs.
    pub amount: Amount,
    /// How often it communicates.
    pub times: u128,
    /// What it does, each once, in order.
    pub work: Vec<&'static str>,
    /// Rounds and bytes a player as formulas, where there are such.
    pub formula: Formula,
    /// Whether the figures are exact.
    pub exact: bool,
}

/// Rounds, and bytes that the most burdened player sends without the headers of frames, as formulas; `None` where there is none in
/// closed form.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    /// Rounds.
    pub rounds: Option<Expr>,
    /// Bytes without headers.
    pub bytes: Option<Expr>,
}

impl Formula {
    const ZERO: Formula = Formula { rounds: Some(Expr::ZERO), bytes: Some(Expr::ZERO) };

    /// What one record costs.
    pub fn of(record: &Record, scheme: Scheme, ring_bytes: u64) -> Formula {
        let Done::Call(work) = &record.done else { return Formula::ZERO };
        let Scheme::Additive { players } = scheme else { return Formula::ZERO };
        let empty = work.sizes().contains(&&Expr::ZERO);
        let one = work.map(|_| Ok::<u64, ()>(1));
        let rounds = one.map_or(0, |one| if empty { 0 } else { cost(&one, scheme, ring_bytes).rounds });
        let copies = match work {
            Work::Open { to: Some(to), .. } => (to.len() as u64).min(players.saturating_sub(1)),
            _ => players.saturating_sub(1),
        };
        let bits = additive::opened_bits(work, ring_bytes).times(&Expr::from(copies));
        // What is empty is not sent. A size that is a product is empty where a factor is 0.
        let facts = crate::predict::Facts::default();
        let sent = match &work.sizes()[..] {
            [elements] => facts.positive(elements),
            _ => Expr::ONE,
        };
        let all = |once: Expr| {
            let product = once.times(&record.times);
            record.over.iter().rev().try_fold(product, |sum, (turn, turns)| over_turns(&sum, *turn, turns))
        };
        Formula { rounds: all(Expr::from(rounds).times(&sent)), bytes: all(bits.over(8)) }
    }

    fn plus(self, other: Formula) -> Formula {
        let sum = |a: Option<Expr>, b: Option<Expr>| Some(a?.plus(&b?));
        Formula { rounds: sum(self.rounds, other.rounds), bytes: sum(self.bytes, other.bytes) }
    }

    /// The sum over all records.
    pub fn total(records: &[Record], scheme: Scheme, ring_bytes: u64) -> Formula {
        records.iter().fold(Formula::ZERO, |sum, record| sum.plus(Formula::of(record, scheme, ring_bytes)))
    }
}

/// The innermost place of a record in the program's first file, else the innermost of all.
pub fn own_site(record: &Record) -> Site {
    let own = record.chain.iter().find(|site| site.place.0 == 0 && site.place.1 > 0).or(record.chain.first());
    own.cloned().unwrap_or(Site { function: String::new(), place: (0, 0) })
}

/// How rows are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// One a line of the source.
    Line,
    /// One a function.
    Function,
}

/// What each line or function costs, in order of their first communication. Formulas are those of `formulas`, a prediction with symbols.
pub fn rows(bill: &Bill, formulas: &Prediction, by: By, scheme: Scheme, ring_bytes: u64) -> Vec<Row> {
    let key = |site: &Site| match by {
        By::Line => site.clone(),
        By::Function => Site { place: (0, 0), ..site.clone() },
    };
    let mut rows: Vec<Row> = Vec::new();
    let mut known: HashMap<Site, usize> = HashMap::new();
    for item in &bill.items {
        let site = own_site(&item.record);
        let at = *known.entry(key(&site)).or_insert(rows.len());
        if at == rows.len() {
            let (amount, work, formula) = (Amount::default(), Vec::new(), Formula::ZERO);
            rows.push(Row { site, amount, times: 0, work, formula, exact: true });
        }
        let row = &mut rows[at];
        row.amount += &item.amount;
        row.times = row.times.saturating_add(item.times);
        row.exact &= item.exact;
        if let Done::Call(work) = &item.record.done
            && !row.work.contains(&work.name())
        {
            row.work.push(work.name());
        }
    }
    for record in &formulas.records {
        if let Some(&at) = known.get(&key(&own_site(record))) {
            let row = &mut rows[at];
            row.formula =
                std::mem::replace(&mut row.formula, Formula::ZERO).plus(Formula::of(record, scheme, ring_bytes));
        }
    }
    rows
}

/// What a program may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Rounds.
    pub rounds: Option<u64>,
    /// Bytes that the most burdened player sends.
    pub bytes: Option<u64>,
}

/// A budget that is not kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Overrun {
    /// What the program costs.
    pub total: Amount,
    /// Whether that is exact; else it is a bound from below.
    pub exact: bool,
    /// The lines that cost most, the costliest first.
    pub lines: Vec<Row>,
}

/// Whether a program keeps a budget. All sizes should be given in the setting: what is not known counts as nothing.
///
/// # Errors
/// What it costs, line by line, where that is more.
pub fn check_budget(
    program: &Program,
    setting: &crate::predict::Setting,
    scheme: Scheme,
    budget: Budget,
) -> Result<Amount, Box<Overrun>> {
    let ring_bytes = u64::from(setting.ring / 8);
    let prediction = crate::predict::predict(program, setting);
    let bill = bill(&prediction, scheme, ring_bytes, setting.players);
    let kept = |limit: Option<u64>, found: u64| limit.is_none_or(|limit| found <= limit);
    if kept(budget.rounds, bill.total.rounds) && kept(budget.bytes, bill.total.most_bytes()) {
        return Ok(bill.total);
    }
    let mut lines = rows(&bill, &prediction, By::Line, scheme, ring_bytes);
    let over_rounds = !kept(budget.rounds, bill.total.rounds);
    lines.sort_by_key(|row| std::cmp::Reverse(if over_rounds { row.amount.rounds } else { row.amount.most_bytes() }));
    Err(Box::new(Overrun { exact: bill.unknown.is_empty(), total: bill.total, lines }))
}
