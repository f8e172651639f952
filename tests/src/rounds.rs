//! What is independent shares rounds: `tests/rounds/*.mpc`, cases as in [`crate::case`], each with the rounds that it takes. Whether bytes are
//! those predicted, under every scheme, is for [`crate::cost`] to see.

use crate::binaries::root;
use crate::case::{self, Case};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

/// One trial a case.
pub fn trials() -> Vec<Trial> {
    let entries = std::fs::read_dir(root().join("tests/rounds")).expect("the checkout has cases of rounds");
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let cases = files.iter().flat_map(|file| {
        let subject = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(file).expect("a file of cases is readable text");
        case::read(&text).into_iter().map(move |case| (subject.clone(), case))
    });
    let trial = |(subject, case): (String, Case)| {
        Trial::test(format!("rounds::{subject}::{}", case.name), move || check(&case))
    };
    cases.map(trial).collect()
}

/// Runs a case in the clear and with two players, and asks what it costs.
fn check(case: &Case) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let report = folder.path().join("report.json");
    let players = ["-n", "2", "--ring", "64", "--report", &report.to_string_lossy()];
    for words in [&["--plain"][..], &players] {
        let said = crate::language::execute(&case.source, &[], "run", words, &case.args);
        if said.code != Some(0) {
            return Err(format!("exit code {:?}\n{}{}", said.code, said.out, said.err).into());
        }
        case.compare(&said.out.lines().collect::<Vec<_>>())?;
    }
    let report: Value = serde_json::from_slice(&std::fs::read(&report)?)?;
    let counted = report["players"][0]["rounds"].as_u64();
    let words = ["-n", "2", "--ring", "64", "--format", "json"];
    let said = crate::language::execute(&case.source, &[], "cost", &words, &case.args);
    let cost: Value = serde_json::from_str(&said.out)?;
    let by_line = cost["lines"].as_array().into_iter().flatten().filter_map(|line| line["rounds"].as_u64());
    let (predicted, by_line) = (cost["total"]["rounds"].as_u64(), by_line.sum::<u64>());
    if counted == case.rounds && predicted == case.rounds && Some(by_line) == case.rounds {
        return Ok(());
    }
    let expected = case.rounds;
    Err(format!("expected {expected:?} rounds, counted {counted:?}, predicted {predicted:?}, by line {by_line}").into())
}
