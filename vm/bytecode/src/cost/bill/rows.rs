//! Costs by line and by function, and as formulas.

use super::{Amount, Bill};
use crate::cost::{Scheme, Work, additive, cost};
use crate::predict::sum::over_turns;
use crate::predict::{Done, Expr, Facts, Prediction, Record, Site};
use std::collections::HashMap;

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
        let facts = Facts::default();
        let longest = |works: &[Work<Expr>]| {
            let rounds = works.iter().map(|work| rounds(work, &facts, scheme, ring_bytes));
            rounds.reduce(|a, b| facts.max(&a, &b)).unwrap_or(Expr::ZERO)
        };
        let before = longest(work.others());
        let own = rounds(work.own(), &facts, scheme, ring_bytes);
        let rounds = facts.max(&own, &before).minus(&before);
        let copies = match work.own() {
            Work::Open { to: Some(to), .. } => (to.len() as u64).min(players.saturating_sub(1)),
            _ => players.saturating_sub(1),
        };
        let bits = additive::opened_bits(work, ring_bytes).times(&Expr::from(copies));
        let all = |once: Expr| {
            let product = once.times(&record.times);
            record.over.iter().rev().try_fold(product, |sum, (turn, turns)| over_turns(&sum, *turn, turns))
        };
        Formula { rounds: all(rounds), bytes: all(bits.over(8)) }
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

/// The rounds of a call by itself. What is empty is not sent; a size that is a product is empty where a factor is 0.
fn rounds(work: &Work<Expr>, facts: &Facts, scheme: Scheme, ring_bytes: u64) -> Expr {
    let sizes = work.sizes();
    let one = work.map(|_| Ok::<u64, ()>(1)).map_or(0, |one| cost(&one, scheme, ring_bytes).rounds);
    match &sizes[..] {
        sizes if sizes.contains(&&Expr::ZERO) => Expr::ZERO,
        [elements] => Expr::from(one).times(&facts.positive(elements)),
        _ => Expr::from(one),
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
