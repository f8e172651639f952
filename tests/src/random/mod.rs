//! Random programs against Python: the same text, but for the names of what is secret, must print the same.
//!
//! `MPC_RANDOM=5000` tries that many programs instead of the fixed few; `MPC_RANDOM=5000+200` begins at seed 5000.

mod attempt;
mod dice;
mod expression;
mod nest;
mod program;
mod shrink;
mod statement;

pub use dice::Dice;

use crate::language::execute;
use libtest_mimic::{Failed, Trial};
use program::{Generator, Stmt, text};
use serde_json::Value;
use std::io::Write;
use std::ops::Range;
use std::process::{Command, Stdio};

/// A scheme: its name, its words, the programs tried in the suite, the statements of a program.
const SCHEMES: &[(&str, &[&str], Range<u64>, i64)] =
    &[("plain", &["--plain"], 0..240, 9), ("additive", &["-n", "2"], 10_000..10_020, 5)];

/// Programs in one trial, which share a process of Python.
const CHUNK: u64 = 20;

/// One trial for each few programs.
pub fn trials() -> Vec<Trial> {
    if Command::new("python3").arg("--version").output().is_err() {
        let skipped = Trial::test("random::skipped: no python3 to compare with", || Ok(()));
        return vec![skipped.with_ignored_flag(true)];
    }
    let mut trials = Vec::new();
    for (scheme, words, seeds, size) in SCHEMES {
        let seeds = asked(seeds);
        let mut start = seeds.start;
        while start < seeds.end {
            let chunk = start..seeds.end.min(start + CHUNK);
            start = chunk.end;
            let name = format!("random::{scheme}::{}_to_{}", chunk.start, chunk.end - 1);
            trials.push(Trial::test(name, move || compare(chunk, words, *size)));
        }
    }
    trials
}

/// The seeds that the environment asks for, or the fixed ones; of sharing schemes a tenth.
fn asked(fixed: &Range<u64>) -> Range<u64> {
    let Ok(text) = std::env::var("MPC_RANDOM") else { return fixed.clone() };
    let (start, count) = text.split_once('+').unwrap_or(("0", &text));
    let (Ok(start), Ok(count)) = (start.parse::<u64>(), count.parse::<u64>()) else { return fixed.clone() };
    if fixed.start == 0 { start..start + count } else { fixed.start + start..fixed.start + start + count / 10 }
}

/// Runs the programs of some seeds in both languages.
fn compare(seeds: Range<u64>, words: &[&str], size: i64) -> Result<(), Failed> {
    let programs: Vec<Vec<Stmt>> = seeds.clone().map(|seed| Generator::program(seed, size)).collect();
    let texts: Vec<String> = programs.iter().map(|program| text(program)).collect();
    let expected = python(&texts)?;
    let mut failures = String::new();
    for ((seed, program), expected) in seeds.zip(&programs).zip(&expected) {
        if let Err(why) = agrees(&text(program), expected, words) {
            failures.push_str(&describe(seed, program, words, &why));
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.into()) }
}

/// The smallest program that fails in the same manner.
fn describe(seed: u64, program: &[Stmt], words: &[&str], why: &Disagreement) -> String {
    let still = |smaller: &[Stmt]| {
        let source = text(smaller);
        let answers = python(std::slice::from_ref(&source)).unwrap_or_default();
        let found = answers.first().and_then(|expected| agrees(&source, expected, words).err());
        found.filter(|found| found.kind == why.kind)
    };
    let (smaller, found) = shrink::smallest(program, still);
    let found = found.as_ref().unwrap_or(why);
    format!("\nseed {seed}: {}\n-- program, as small as it goes:\n{}\n", found.message, text(&smaller))
}

/// How the languages differ.
struct Disagreement {
    kind: String,
    message: String,
}

/// Exceptions that a random program may end with in either language.
const EXCEPTIONS: &[&str] = &["ZeroDivisionError", "IndexError", "AssertionError", "E1", "E2", "E3"];

fn agrees(source: &str, expected: &Value, words: &[&str]) -> Result<(), Disagreement> {
    let differs = |kind: &str, message| Err(Disagreement { kind: kind.to_owned(), message });
    let (out, error) = (expected["out"].as_str().unwrap_or_default(), expected["error"].as_str());
    if let Some(error) = error.filter(|error| !EXCEPTIONS.contains(error)) {
        return differs("not Python", format!("Python does not take the program: {error}"));
    }
    let said = execute(source, &[], "run", words, &[]);
    let report = || format!("\n-- Python:\n{out}{error:?}\n-- here:\n{}{}", said.out, said.err);
    if let Some((_, code)) = said.err.split_once("error[") {
        let code = code.split(']').next().unwrap_or_default().to_owned();
        // What must fail when it is reached is refused, even where Python never comes there.
        let refused = ["E0209", "E0213"].contains(&code.as_str());
        return if refused { Ok(()) } else { differs(&code, format!("the program does not compile{}", report())) };
    }
    if said.code != Some(i32::from(error.is_some())) {
        return differs("exit code", format!("exit code {:?}{}", said.code, report()));
    }
    if error.is_some_and(|error| !said.err.contains(error)) {
        return differs("exception", format!("another exception{}", report()));
    }
    if said.out == out { Ok(()) } else { differs("output", format!("other output{}", report())) }
}

/// What Python says to each program.
fn python(texts: &[String]) -> Result<Vec<Value>, Failed> {
    let mut child = Command::new("python3")
        .args(["-c", include_str!("oracle.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let input = serde_json::to_vec(texts)?;
    // The whole input is read before anything is written: this cannot block.
    child.stdin.take().ok_or("no pipe to Python")?.write_all(&input)?;
    Ok(serde_json::from_slice(&child.wait_with_output()?.stdout)?)
}
