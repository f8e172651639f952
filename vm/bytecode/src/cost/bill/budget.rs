//! Budgets: what a program may cost.

use super::{Amount, By, Row, bill, rows};
use crate::cost::Scheme;
use crate::predict::{Setting, predict};
use crate::program::Program;

/// What a program may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Rounds.
    pub rounds: Option<u64>,
    /// Bytes that the most burdened player sends.
    pub bytes: Option<u64>,
}

impl Budget {
    /// Whether so many rounds are within it.
    pub fn holds_rounds(&self, rounds: u64) -> bool {
        self.rounds.is_none_or(|limit| rounds <= limit)
    }

    /// Whether so many bytes are within it.
    pub fn holds_bytes(&self, bytes: u64) -> bool {
        self.bytes.is_none_or(|limit| bytes <= limit)
    }
}

/// What a program costs, beside its budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Spending {
    /// All together.
    pub total: Amount,
    /// Whether that is exact; else it is a bound from below.
    pub exact: bool,
    /// The lines that communicate, in order: by rounds where those are too many, else by bytes, the costliest first.
    pub lines: Vec<Row>,
}

/// Whether a program keeps a budget. All sizes should be given in the setting: what is not known counts as nothing.
///
/// # Errors
/// What it costs, where that is more.
pub fn check_budget(
    program: &Program,
    setting: &Setting,
    scheme: Scheme,
    budget: Budget,
) -> Result<Spending, Box<Spending>> {
    let ring_bytes = u64::from(setting.ring / 8);
    let prediction = predict(program, setting);
    let bill = bill(&prediction, scheme, ring_bytes, setting.players);
    let mut lines = rows(&bill, &prediction, By::Line, scheme, ring_bytes);
    let (rounds, bytes) = (budget.holds_rounds(bill.total.rounds), budget.holds_bytes(bill.total.most_bytes()));
    let cost = |row: &Row| (row.amount.rounds, row.amount.most_bytes());
    lines.sort_by_key(|row| {
        let (of_rounds, of_bytes) = cost(row);
        std::cmp::Reverse(if rounds { (of_bytes, of_rounds) } else { (of_rounds, of_bytes) })
    });
    let found = Spending { exact: bill.unknown.is_empty(), total: bill.total, lines };
    if rounds && bytes { Ok(found) } else { Err(found.into()) }
}
