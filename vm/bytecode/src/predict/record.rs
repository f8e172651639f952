//! What was done, where and how often.

use super::expr::{Atom, Expr, Place};
use crate::cost::Work;
use crate::program::{Line, Program};
use std::collections::HashMap;

/// Where something was done: the innermost instruction, and how the program came there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// The call that led there, as a number of another site.
    pub caller: Option<usize>,
    /// The function.
    pub function: usize,
    /// The instruction.
    pub at: usize,
}

/// Something that is done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Done {
    /// A protocol call.
    Call(Work<Expr>),
    /// An `open` or `output`: what it discloses becomes known.
    Disclosed,
}

/// What is done, and where.
type Key = (usize, Done, Vec<(u32, Expr)>);

/// Things done between two moments.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: HashMap<Key, (usize, Expr)>,
}

impl Log {
    /// Adds something that is done `times` times, in every turn of the loops `over`.
    pub fn add(&mut self, site: usize, done: Done, over: Vec<(u32, Expr)>, times: &Expr) {
        let order = self.entries.len();
        let entry = self.entries.entry((site, done, over)).or_insert((order, Expr::ZERO));
        entry.1 = entry.1.plus(times);
    }

    /// Adds what another log holds.
    pub fn extend(&mut self, other: Log) {
        for ((site, done, over), times) in other.into_entries() {
            self.add(site, done, over, &times);
        }
    }

    /// Everything, in the order in which it was first done.
    pub fn into_entries(self) -> Vec<(Key, Expr)> {
        let mut entries: Vec<_> = self.entries.into_iter().collect();
        entries.sort_by_key(|(_, (order, _))| *order);
        entries.into_iter().map(|(key, (_, times))| (key, times)).collect()
    }

    /// Every entry anew.
    #[must_use]
    pub fn map(self, mut each: impl FnMut(Key, Expr) -> (Key, Expr)) -> Log {
        let mut log = Log::default();
        for (key, times) in self.into_entries() {
            let ((site, done, over), times) = each(key, times);
            log.add(site, done, over, &times);
        }
        log
    }
}

/// A function of the source and the line that was reached in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// The function's name; empty for the top level.
    pub function: String,
    /// The file, a number of [`Program::files`], and the line.
    pub place: Place,
}

/// One thing that a program does.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The function and instruction.
    pub at: (usize, usize),
    /// The calls that led there, the innermost first.
    pub chain: Vec<Site>,
    /// What.
    pub done: Done,
    /// How often: in each turn of `over`.
    pub times: Expr,
    /// Loops on whose turn something of it depends, outermost first: the loop's number and its turns.
    pub over: Vec<(u32, Expr)>,
}

impl Record {
    /// The places that it depends on which only the run decides.
    pub fn hidden(&self) -> Vec<super::Hidden> {
        let mut found = Vec::new();
        let mut note = |atom: &Atom| {
            if let Atom::Hidden(hidden) = atom
                && !found.contains(hidden)
            {
                found.push(*hidden);
            }
        };
        self.times.visit(&mut note);
        self.over.iter().for_each(|(_, turns)| turns.visit(&mut note));
        if let Done::Call(work) = &self.done {
            work.sizes().iter().for_each(|size| size.visit(&mut note));
        }
        found
    }
}

/// What a program will do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prediction {
    /// What it does, in order.
    pub records: Vec<Record>,
    /// Why the walk ended before the program does, and where.
    pub stopped: Option<(String, Place)>,
    /// The exception that ends the program, if one surely does.
    pub raised: Option<String>,
    /// Where an exception that a handler may take is decided as the program runs: what is predicted is a run without it.
    pub uncertain: Vec<Place>,
    /// Places that decide something as the program runs, or would if it were not assumed.
    pub decided: Vec<Place>,
}

impl Prediction {
    /// Whether it is all that the program does, whatever is revealed.
    pub fn is_exact(&self) -> bool {
        self.stopped.is_none()
            && self.uncertain.is_empty()
            && self.records.iter().all(|record| record.hidden().is_empty())
    }
}

/// The sites that were met, each once.
#[derive(Debug, Default)]
pub struct Sites {
    steps: Vec<Step>,
    known: HashMap<Step, usize>,
}

impl Sites {
    /// The number of a site.
    pub fn number(&mut self, step: Step) -> usize {
        let next = self.steps.len();
        let number = *self.known.entry(step).or_insert(next);
        if number == next {
            self.steps.push(step);
        }
        number
    }

    /// A record of a log's entry.
    pub fn record(&self, program: &Program, (site, done, over): Key, times: Expr) -> Record {
        let step = self.steps[site];
        Record { at: (step.function, step.at), chain: self.chain(program, site), done, times, over }
    }

    fn chain(&self, program: &Program, site: usize) -> Vec<Site> {
        let mut chain = Vec::new();
        let mut next = Some(site);
        while let Some(step) = next.and_then(|site| self.steps.get(site)) {
            if let Some(function) = program.functions.get(step.function) {
                let site =
                    |(name, line): (&str, Line)| Site { function: name.to_owned(), place: (line.file, line.line) };
                chain.extend(function.places(step.at).map(site));
            }
            next = step.caller;
        }
        chain
    }
}
