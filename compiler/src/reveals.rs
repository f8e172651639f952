//! Warnings about what becomes known more often than one might see: a reveal inside a loop.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Sources, Span};
use mpc_bytecode::disclose::{Entry, entries};
use mpc_bytecode::predict::{Done, Expr, Prediction, Record, Setting, predict};
use mpc_bytecode::program::Line;
use mpc_bytecode::{Disclosure, Program};

/// Instructions that are gone through at most to find out how often something is revealed.
const MOST_STEPS: u64 = 200_000;

/// A warning for every reveal that happens once a turn of a loop, in a program whose loops are those of the source. What is revealed in
/// one opening, however much it is, has none.
pub fn warnings(program: &Program, sources: &Sources) -> Vec<Diagnostic> {
    let entries = entries(program);
    if !entries.iter().any(|entry| entry.repeated) {
        return Vec::new();
    }
    let players = program.roles.len().max(3);
    let mut setting = Setting::new(players, program.precision.ring_bits().unwrap_or(128));
    setting.most_steps = MOST_STEPS;
    setting.symbolic = !setting.open(program).is_empty();
    let prediction = predict(program, &setting);
    let listed = entries.iter().zip(&program.disclosures).filter(|(entry, _)| entry.repeated);
    listed.filter_map(|(entry, disclosure)| warning(program, sources, &prediction, entry, disclosure)).collect()
}

fn warning(
    program: &Program,
    sources: &Sources,
    prediction: &Prediction,
    entry: &Entry,
    disclosure: &Disclosure,
) -> Option<Diagnostic> {
    let place = (disclosure.function.0 as usize, disclosure.at as usize);
    let records: Vec<&Record> =
        prediction.records.iter().filter(|record| record.at == place && record.done == Done::Disclosed).collect();
    // A function that is called in two places reveals twice, and that can be read in the text.
    let once = |record: &&Record| record.over.is_empty() && record.times == Expr::ONE;
    if records.is_empty() || records.iter().all(once) {
        return None;
    }
    let often = match often(&records) {
        Some(times) => format!("{times} times"),
        None => "once for every turn of a loop".into(),
    };
    let who = match &entry.to[..] {
        [all] if all == "all" => "everyone".to_owned(),
        roles => roles.join(", "),
    };
    let span = span(program, sources, disclosure.line, &entry.expression)?;
    let message = format!("this reveal happens {often}: each tells {who} what `{}` is then", entry.expression);
    let warning = Diagnostic::new(Code::RepeatedReveal, span, message).label("inside a loop");
    Some(warning.help("reveal once after the loop what is needed of it: all values together, or their sum or largest"))
}

/// How often, if that has a number or a formula.
fn often(records: &[&Record]) -> Option<Expr> {
    let mut sum = Expr::ZERO;
    for record in records {
        if !record.over.is_empty() {
            return None;
        }
        sum = sum.plus(&record.times);
    }
    Some(sum).filter(|times| !times.is_hidden())
}

/// Where an expression stands in a line; the line itself, if it does not.
fn span(program: &Program, sources: &Sources, line: Line, expression: &str) -> Option<Span> {
    let name = program.files.get(line.file as usize)?;
    let (file, source) = sources.iter().find(|(_, source)| source.path.ends_with(name))?;
    let mut start = 0;
    for (number, text) in (1..).zip(source.text.split_inclusive('\n')) {
        if number == line.line {
            let own = text.trim();
            let (from, length) = match text.find(expression).filter(|_| !expression.is_empty()) {
                Some(at) => (at, expression.len()),
                None => (text.find(own)?, own.len()),
            };
            return Some(Span::new(file, (start + from) as u32, (start + from + length) as u32));
        }
        start += text.len();
    }
    None
}
