//! What tests may cost: `@budget(rounds=20, bytes=2_000_000)` beside what their programs cost.
//!
//! A test costs what `mpcc cost` says of it, for the scheme that runs it; in the clear, where nothing is sent, for additive sharing. Where that is
//! decided as the program runs, the run is one with additive sharing, and its counters are held to the budget.

use super::Setting;
use super::outcome::Call;
use super::report::call_object;
use crate::command::cost::units::{bytes, plural};
use mpc_bytecode::Program;
use mpc_bytecode::cost::Scheme;
use mpc_bytecode::cost::bill::{Budget, Row, Spending, check_budget};
use mpc_bytecode::predict::{Setting as Given, show::grouped};
use mpcc::suite::Test;
use mpcvm::config::Sharing;
use serde_json::{Value, json};
use std::path::Path;

/// Lines that are shown of a budget that is not kept.
const MOST_LINES: usize = 6;

/// A test's budget and what the test costs.
pub struct Account {
    limit: Budget,
    /// For which the figures are.
    of: Setting,
    spending: Spending,
    /// The program's files, as lines name them.
    files: Vec<String>,
}

/// Rounds, and bytes of the player that sends the most, as a run has counted them.
pub type Counted = (u64, u64);

/// What a run's report says; nothing where there is none.
pub fn counted(report: &Path) -> Option<Counted> {
    let report: Value = serde_json::from_str(&std::fs::read_to_string(report).ok()?).ok()?;
    let each = report["players"].as_array()?.iter();
    let figures = each.map(|player| Some((player["rounds"].as_u64()?, player["online_bytes_sent"].as_u64()?)));
    let figures = figures.collect::<Option<Vec<Counted>>>()?;
    let most = |figure: fn(&Counted) -> u64| figures.iter().map(figure).max();
    Some((most(|figures| figures.0)?, most(|figures| figures.1)?))
}

impl Account {
    /// The account of a test; nothing for a test without a budget.
    pub fn of(test: &Test, program: &Program, of: Setting) -> Option<Account> {
        let budget = test.budget.as_ref()?;
        let limit = Budget { rounds: budget.rounds, bytes: budget.bytes };
        let scheme = match of.sharing {
            Sharing::Plain => Scheme::Plain,
            Sharing::Additive => Scheme::Additive { players: of.players as u64 },
        };
        let checked = check_budget(program, &Given::new(of.players, of.ring), scheme, limit);
        let (spending, files) = (checked.unwrap_or_else(|over| *over), program.files.clone());
        Some(Account { limit, of, spending, files })
    }

    /// Whether a run has to count what it costs.
    pub fn has_to_run(&self) -> bool {
        !self.spending.exact && self.of.sharing.has_dealer() && self.kept(self.predicted())
    }

    fn predicted(&self) -> Counted {
        (self.spending.total.rounds, self.spending.total.most_bytes())
    }

    fn kept(&self, (rounds, bytes): Counted) -> bool {
        self.limit.holds_rounds(rounds) && self.limit.holds_bytes(bytes)
    }

    /// What is said of a budget that is not kept: a sentence, then the lines that cost most.
    pub fn overrun(&self, counted: Option<Counted>, text: impl Fn(&Call) -> String) -> Option<Vec<String>> {
        let (rounds, sent) = counted.unwrap_or(self.predicted());
        if self.kept((rounds, sent)) {
            return None;
        }
        let Setting { sharing, players, ring } = self.of;
        let least = if self.spending.exact || counted.is_some() { "" } else { "at least " };
        let mut broken = Vec::new();
        if let Some(limit) = self.limit.rounds.filter(|_| !self.limit.holds_rounds(rounds)) {
            let rounds = plural(rounds.into(), "round");
            broken.push(format!("{least}{rounds} (at most {})", grouped(limit.into())));
        }
        if let Some(limit) = self.limit.bytes.filter(|_| !self.limit.holds_bytes(sent)) {
            broken.push(format!("{least}{} bytes a player (at most {})", grouped(sent.into()), grouped(limit.into())));
        }
        let mut said = vec![format!("over its budget: {}", broken.join(", "))];
        said.push(format!("  costs with {sharing} sharing, {players} players, ring {ring}:"));
        said.extend(self.lines(text));
        Some(said)
    }

    /// The lines that cost most, as a table.
    fn lines(&self, text: impl Fn(&Call) -> String) -> Vec<String> {
        let costly: Vec<&Row> = self.costly().collect();
        let cells = costly.iter().take(MOST_LINES).map(|row| {
            let mark = if row.exact { "" } else { "≥ " };
            let rounds = format!("{mark}{}", grouped(row.amount.rounds.into()));
            (rounds, format!("{mark}{}", bytes(row.amount.most_bytes())), self.place(row, &text))
        });
        let head = ("rounds".to_owned(), "bytes".to_owned(), String::new());
        let table: Vec<_> = std::iter::once(head).chain(cells).collect();
        let wide = |cell: fn(&(String, String, String)) -> &String| {
            table.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0)
        };
        let (first, second) = (wide(|row| &row.0), wide(|row| &row.1));
        let line = |(rounds, bytes, place): &(String, String, String)| {
            format!("    {rounds:>first$}  {bytes:>second$}  {place}").trim_end().to_owned()
        };
        let mut lines: Vec<String> = table.iter().map(line).collect();
        if let Some(more) = costly.len().checked_sub(MOST_LINES).filter(|more| *more > 0) {
            lines.push(format!("    … and {more} more"));
        }
        lines
    }

    /// `file.mpc:12 │ y = x * x`
    fn place(&self, row: &Row, text: impl Fn(&Call) -> String) -> String {
        let call = self.call(row);
        format!("{}:{} │ {}", call.file, call.line, text(&call))
    }

    fn call(&self, row: &Row) -> Call {
        let (file, line) = row.site.place;
        let file = self.files.get(file as usize).cloned().unwrap_or_default();
        Call { file, line, function: row.site.function.clone() }
    }

    fn costly(&self) -> impl Iterator<Item = &Row> {
        self.spending.lines.iter().filter(|row| row.amount.rounds > 0 || row.amount.most_bytes() > 0)
    }

    /// The account for other programs.
    pub fn json(&self, counted: Option<Counted>) -> Value {
        let (rounds, bytes) = counted.unwrap_or(self.predicted());
        let line = |row: &Row| {
            let (rounds, bytes) = (row.amount.rounds, row.amount.most_bytes());
            let mut object = call_object(&self.call(row));
            object["rounds"] = json!(rounds);
            object["bytes"] = json!(bytes);
            object
        };
        json!({
            "rounds": self.limit.rounds,
            "bytes": self.limit.bytes,
            "kept": self.kept((rounds, bytes)),
            "cost": { "rounds": rounds, "bytes": bytes, "exact": self.spending.exact || counted.is_some() },
            "sharing": self.of.sharing.name(),
            "players": self.of.players,
            "lines": self.costly().map(line).collect::<Vec<_>>(),
        })
    }
}
