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
    setting: &Setting,
    scheme: Scheme,
    budget: Budget,
) -> Result<Amount, Box<Overrun>> {
    let ring_bytes = u64::from(setting.ring / 8);
    let prediction = predict(program, setting);
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
