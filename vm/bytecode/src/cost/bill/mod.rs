//! What a predicted program costs: exactly, once every size is a number, and as formulas.
//!
//! The figures are those of the counters of a run: rounds, and bytes with the headers of frames on the channel that the program runs on. What is
//! sent there before the program begins, seeds, is an entry of its own. Bytes to and from the dealer, greetings and the end of a run are
//! not a player's figures; the dealer's own are given beside.
//!
//! What depends on a revealed value counts as often as it surely happens: then the figures are bounds from below, and
//! [`Bill::unknown`] says of what.
//!
//! | file | |
//! |---|---|
//! | [`price`] | the price of a record, over all turns of its loops |
//! | [`rows`](mod@rows) | lines and functions, and formulas |
//! | [`budget`] | what a program may cost |

mod budget;
mod price;
mod rows;

pub use budget::{Budget, Spending, check_budget};
pub use rows::{By, Formula, Row, own_site, rows};

use super::{Correlated, Scheme, dealt_before, sent_before};
use crate::predict::{Done, Hidden, Prediction, Record};
use price::Pricing;
use serde::Serialize;
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

    /// The player that sends the most, the first of several.
    pub fn busiest(&self) -> usize {
        let most = self.most_bytes();
        self.bytes.iter().position(|&bytes| bytes == most).unwrap_or(0)
    }

    /// Whether a figure is larger than it can be said.
    fn is_beyond(&self) -> bool {
        let dealt = self.correlated.each().into_iter().map(|(_, count)| count);
        dealt.chain([self.rounds, self.most_bytes(), self.dealer_bytes]).any(|figure| figure == u64::MAX)
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
    /// An exception that a handler may take is decided as the program runs; the figures are of a run without it.
    Raises((u32, u32)),
    /// A loop is too long for its sum.
    TooLong,
    /// A figure is beyond 64 bits.
    TooMuch,
}

impl Unknown {
    /// The place that decides it.
    pub fn place(&self) -> Option<(u32, u32)> {
        match self {
            Unknown::Hidden(Hidden::Turns(place) | Hidden::Holds(place) | Hidden::Number(place, _)) => Some(*place),
            Unknown::Raises(place) => Some(*place),
            Unknown::Hidden(Hidden::TooLarge) | Unknown::Size(_) | Unknown::Stopped(..) => None,
            Unknown::TooLong | Unknown::TooMuch => None,
        }
    }
}

/// The price of a prediction among `players` players.
pub fn bill(prediction: &Prediction, scheme: Scheme, ring_bytes: u64, players: usize) -> Bill {
    let before = |player| sent_before(scheme, player);
    let start =
        Amount { bytes: (0..players).map(before).collect(), dealer_bytes: dealt_before(scheme), ..Amount::default() };
    let mut bill = Bill { items: Vec::new(), total: start.clone(), start, unknown: Vec::new() };
    if let Some((why, place)) = &prediction.stopped {
        bill.unknown.push(Unknown::Stopped(why.clone(), *place));
    }
    if prediction.stopped.is_some() {
        let number = |&place: &(u32, u32)| Unknown::Hidden(Hidden::Number(place, 0));
        bill.unknown.extend(prediction.decided.iter().map(number));
    }
    bill.unknown.extend(prediction.uncertain.iter().map(|&place| Unknown::Raises(place)));
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
    if bill.total.is_beyond() {
        bill.unknown.push(Unknown::TooMuch);
    }
    bill
}
