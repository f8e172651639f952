//! Loops cost what tensor code costs: `tests/loops/*.mpc`.
//!
//! ```text
//! # == name                      begins a case: a plain loop
//! # -- tensor                    the same on whole tensors
//! # stays W0410                  instead: the loop stays one, and says so with this code (`stays`: it says nothing)
//! # > text                       a line of standard output, in either
//! ```
//!
//! Of a pair, both halves run under `additive` with two players: rounds and bytes must be equal, and both must print what they print
//! in the clear. A loop that stays prints what it must under both schemes.

use crate::binaries::{self, Said, root};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::path::Path;

/// One case.
#[derive(Clone, Debug, Default)]
struct Case {
    name: String,
    naive: String,
    tensor: Option<String>,
    stays: Option<String>,
    out: Vec<String>,
}

/// One trial a case.
pub fn trials() -> Vec<Trial> {
    let entries = std::fs::read_dir(root().join("tests/loops")).expect("the checkout has loops");
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.iter().flat_map(|file| of_file(file)).collect()
}

fn of_file(file: &Path) -> Vec<Trial> {
    let subject = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let cases = read(&std::fs::read_to_string(file).expect("a file of loops is readable text"));
    let trial = |case: Case| {
        Trial::test(format!("loops::{subject}::{}", case.name), move || match case.tensor {
            Some(_) => pair(&case),
            None => stays(&case),
        })
    };
    cases.into_iter().map(trial).collect()
}

fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# == ") {
            cases.push(Case { name: name.trim().to_owned(), ..Case::default() });
        } else if let Some(case) = cases.last_mut() {
            case.add(line);
        }
    }
    cases
}

impl Case {
    fn add(&mut self, line: &str) {
        if line == "# -- tensor" {
            self.tensor = Some(String::new());
        } else if let Some(code) = line.strip_prefix("# stays") {
            self.stays = Some(code.trim().to_owned());
        } else if let Some(text) = line.strip_prefix("# > ") {
            self.out.push(text.to_owned());
        } else {
            let source = self.tensor.as_mut().unwrap_or(&mut self.naive);
            source.push_str(line);
            source.push('\n');
        }
    }

    fn says(&self, said: &Said) -> Result<(), Failed> {
        let lines: Vec<&str> = said.out.lines().collect();
        if said.code == Some(0) && lines == self.out {
            return Ok(());
        }
        Err(format!("exit code {:?}, expected {:?}\n{}{}", said.code, self.out, said.out, said.err).into())
    }
}

/// Rounds and bytes of the player that has most of them.
fn costs(case: &Case, source: &str) -> Result<[u64; 2], Failed> {
    let folder = tempfile::tempdir()?;
    let report = folder.path().join("report.json");
    let words = ["-n", "2", "--ring", "64", "--report", &report.to_string_lossy()];
    case.says(&crate::language::execute(source, &[], "run", &words, &[]))?;
    let report: Value = serde_json::from_slice(&std::fs::read(&report)?)?;
    let players = report["players"].as_array().ok_or("the report has no players")?;
    let largest = |key: &str| players.iter().filter_map(|player| player[key].as_u64()).max().unwrap_or_default();
    Ok(["rounds", "online_bytes_sent"].map(largest))
}

fn pair(case: &Case) -> Result<(), Failed> {
    let tensor = case.tensor.as_deref().unwrap_or_default();
    for source in [&case.naive, tensor] {
        case.says(&crate::language::execute(source, &[], "run", &["--plain"], &[]))?;
    }
    let (naive, whole) = (costs(case, &case.naive)?, costs(case, tensor)?);
    if naive == whole {
        return Ok(());
    }
    Err(format!("rounds and bytes of the loop {naive:?}, of tensor code {whole:?}").into())
}

fn stays(case: &Case) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("case.mpc");
    std::fs::write(&file, &case.naive)?;
    let words = ["check".to_owned(), file.to_string_lossy().into_owned(), "--format".into(), "json".into()];
    let found: Value = serde_json::from_str(&binaries::run("mpcc", &words).out)?;
    let codes: Vec<&str> = found.as_array().into_iter().flatten().filter_map(|one| one["code"].as_str()).collect();
    let wanted: Vec<&str> = case.stays.iter().flat_map(|codes| codes.split_whitespace()).collect();
    if codes != wanted {
        return Err(format!("expected {wanted:?}, found {found}").into());
    }
    for words in [&["--plain"][..], &["-n", "2"]] {
        case.says(&crate::language::execute(&case.naive, &[], "run", words, &[]))?;
    }
    Ok(())
}
