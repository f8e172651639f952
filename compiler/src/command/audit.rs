//! `mpcc audit FILE`: every place where a secret becomes known, to whom, from which inputs, how often and why.

use super::cost::PlaceArgs;
use super::cost::source::Source;
use super::{Failure, exit, print};
use clap::{Args, ValueEnum};
use mpc_bytecode::Disclosure;
use mpc_bytecode::disclose::{Entry, entries, of_entries};
use mpc_bytecode::predict::{Done, Expr, Prediction, predict};
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;

/// What may be typed after `mpcc audit`.
#[derive(Args)]
pub struct AuditArgs {
    /// The program, as source or as bytecode.
    file: PathBuf,
    #[command(flatten)]
    place: PlaceArgs,
    /// For people or for other programs; what `json` prints can be saved and approved: `mpcvm --approve FILE`.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A list to read.
    Human,
    /// One object; see `docs/cost.md`.
    Json,
}

/// Runs the command.
pub fn run(args: &AuditArgs) -> Result<u8, Failure> {
    let source = Source::of(&args.file)?;
    let setting = args.place.setting(&source.program)?.with_symbols();
    let prediction = predict(&source.program, &setting);
    let entries = entries(&source.program);
    print(&match args.format {
        Format::Human => text(&source, &entries, &prediction),
        Format::Json => listed(&source, &entries, &prediction),
    })?;
    Ok(exit::OK)
}

/// How often an instruction is executed; nothing where that has no formula.
fn times(prediction: &Prediction, disclosure: &Disclosure) -> Option<Expr> {
    let place = (disclosure.function.0 as usize, disclosure.at as usize);
    let mut sum = Expr::ZERO;
    for record in prediction.records.iter().filter(|record| record.at == place && record.done == Done::Disclosed) {
        if !record.over.is_empty() {
            return None;
        }
        sum = sum.plus(&record.times);
    }
    let whole = prediction.stopped.is_none() && !sum.is_hidden();
    Some(sum).filter(|_| whole)
}

/// `once`, `5 times`, `n times`, or what is known of it.
fn often(times: Option<&Expr>, entry: &Entry) -> String {
    match times {
        Some(Expr::Num(0)) => "never, as the program stands".into(),
        Some(Expr::Num(1)) => "once".into(),
        Some(times) => format!("{times} times"),
        None if entry.repeated => "as often as the program comes there".into(),
        None => "once at most".into(),
    }
}

/// A place of the source where something becomes known.
struct Shown<'a> {
    entry: Entry,
    disclosure: &'a Disclosure,
    times: Option<Expr>,
}

/// The places of a program. A loop may be there twice, done at once and turn after turn: what it discloses stands in one place.
fn shown<'a>(source: &'a Source, entries: &[Entry], prediction: &Prediction) -> Vec<Shown<'a>> {
    let mut all: Vec<Shown<'a>> = Vec::with_capacity(entries.len());
    for (entry, disclosure) in entries.iter().zip(&source.program.disclosures) {
        let times = times(prediction, disclosure);
        let same = |one: &&mut Shown<'a>| {
            let repeated = one.entry.repeated;
            one.disclosure.line == disclosure.line && one.entry == Entry { repeated, ..entry.clone() }
        };
        match all.iter_mut().find(same) {
            Some(one) => {
                one.entry.repeated |= entry.repeated;
                one.times = one.times.take().zip(times).map(|(one, other)| one.plus(&other));
            }
            None => all.push(Shown { entry: entry.clone(), disclosure, times }),
        }
    }
    all
}

fn text(source: &Source, entries: &[Entry], prediction: &Prediction) -> String {
    let program = &source.program;
    let name = program.files.first().map_or("", String::as_str);
    let all = shown(source, entries, prediction);
    let mut out = match all.len() {
        0 => format!("{name} discloses nothing\n"),
        1 => format!("{name} discloses one thing\n"),
        more => format!("{name} discloses {more} things\n"),
    };
    for Shown { entry, disclosure, times } in &all {
        let file = program.files.get(disclosure.line.file as usize).filter(|_| disclosure.line.file > 0);
        let file = file.map_or_else(String::new, |file| format!("{file}:"));
        let often = often(times.as_ref(), entry);
        let _ = writeln!(out, "\n  {file}{:<5} {}", disclosure.line.line, entry.expression);
        let mut line = |what: &str, text: &str| {
            let _ = writeln!(out, "        {what:<10}  {text}");
        };
        line("to", &entry.to.join(", "));
        line("from", &if entry.from.is_empty() { "no input".to_owned() } else { entry.from.join(", ") });
        if !entry.decided_by.is_empty() {
            line("decided by", &format!("{}, through what was revealed before", entry.decided_by.join(", ")));
        }
        line("how often", &often);
        line("why", entry.why.as_deref().unwrap_or("no reason is given; `why=\"…\"` gives one"));
    }
    let _ = writeln!(out, "\n  hash {}", of_entries(entries.iter().cloned()));
    out
}

fn listed(source: &Source, entries: &[Entry], prediction: &Prediction) -> String {
    let program = &source.program;
    let entry = |(entry, disclosure): (&Entry, &Disclosure)| {
        let mut value = json!(entry);
        value["file"] = json!(program.files.get(disclosure.line.file as usize));
        value["line"] = json!(disclosure.line.line);
        value["function"] =
            json!(program.functions.get(disclosure.function.0 as usize).map(|function| function.name.as_str()));
        value["times"] = json!(times(prediction, disclosure).map(|times| times.to_string()));
        value
    };
    let value = json!({
        "program": program.files.first(),
        "program_hash": program.hash().to_string(),
        "hash": of_entries(entries.iter().cloned()).to_string(),
        "disclosures": entries.iter().zip(&program.disclosures).map(entry).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}
