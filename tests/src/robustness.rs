//! Broken programs: words and lines of good ones are dropped, doubled, exchanged. The compiler must say what is wrong, at a place,
//! and never fall over. These few are real processes; [`crate::hostile`] tries many more in this one.

use crate::binaries::{self, root};
use crate::random::Dice;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::path::PathBuf;

/// Programs in a trial.
const CHUNK: u64 = 50;
/// Trials.
const TRIALS: u64 = 2;

/// Broken programs in a few trials.
pub fn trials() -> Vec<Trial> {
    let one = |trial: u64| {
        let seeds = trial * CHUNK..(trial + 1) * CHUNK;
        Trial::test(format!("robustness::{}_to_{}", seeds.start, seeds.end - 1), move || {
            let good = texts();
            seeds.clone().try_for_each(|seed| {
                check(&broken(seed, &good))
                    .map_err(|why| format!("seed {seed}: {}", why.message().unwrap_or_default()).into())
            })
        })
    };
    (0..TRIALS).map(one).collect()
}

/// The programs and cases of the checkout.
pub fn texts() -> Vec<String> {
    let of = |folder: &str| std::fs::read_dir(root().join(folder)).into_iter().flatten();
    let files = of("programs").chain(of("tests/language"));
    let mut files: Vec<PathBuf> = files.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "mpc"));
    let text = |file: &PathBuf| std::fs::read_to_string(file).expect("a program is readable text");
    files.iter().map(text).flat_map(|text| parts(&text)).collect()
}

/// A file of cases gives many texts; a program one.
fn parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = text.split("# == ").map(|part| format!("# {part}")).collect();
    if parts.len() > 1 {
        parts.remove(0);
    }
    parts
}

/// A good text with a few words changed.
pub fn broken(seed: u64, good: &[String]) -> String {
    let mut dice = Dice::new(seed);
    let mut words = words(&good[dice.below(good.len())]);
    let other = self::words(&good[dice.below(good.len())]);
    for _ in 0..dice.number(1..=4) {
        if words.is_empty() {
            break;
        }
        let (at, from) = (dice.below(words.len()), dice.below(words.len()));
        match dice.below(7) {
            0 | 1 => drop(words.remove(at)),
            2 => words.insert(at, words[at].clone()),
            3 => words.swap(at, from),
            4 => words[at] = words[from].clone(),
            5 => words[at] = other[dice.below(other.len())].clone(),
            _ => {
                words[at] = dice
                    .pick(&[
                        "(",
                        ")",
                        "[",
                        "]",
                        ":",
                        "=",
                        "\"",
                        "\n",
                        "\t",
                        "f\"{",
                        "0",
                        "99999999999999999999",
                        "é",
                        "$",
                        "\0",
                        "if",
                        "def",
                        "**",
                        "sint",
                        ".reveal()",
                        "lambda",
                        "# ",
                    ])
                    .to_owned()
            }
        }
    }
    words.concat()
}

/// Words, numbers, spaces and single marks, which together are the text.
fn words(text: &str) -> Vec<String> {
    let class = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            0
        } else if c == ' ' {
            1
        } else {
            2
        }
    };
    let mut words: Vec<String> = Vec::new();
    let mut last = 2;
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if class(c) == last && last != 2 => word.push(c),
            _ => words.push(c.to_string()),
        }
        last = class(c);
    }
    words
}

fn check(source: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("broken.mpc");
    std::fs::write(&file, source)?;
    let said =
        binaries::run("mpcc", &["check".into(), file.to_string_lossy().into(), "--format".into(), "json".into()]);
    let wrong = |what: &str| Err(format!("{what}\n-- program:\n{source}\n-- said:\n{}{}", said.out, said.err).into());
    if !matches!(said.code, Some(0 | 1)) || said.err.contains("panicked") {
        return wrong(&format!("exit code {:?}", said.code));
    }
    let Ok(Value::Array(found)) = serde_json::from_str(&said.out) else { return wrong("no array of diagnostics") };
    let lines = source.lines().count() as u64 + 1;
    let placed = |one: &Value| {
        let line = one["line"].as_u64().unwrap_or(0);
        (1..=lines).contains(&line) && one["file"].as_str().is_some_and(|name| name.ends_with("broken.mpc"))
    };
    if !found.iter().all(placed) {
        return wrong("a diagnostic without a place in the file");
    }
    let errors = found.iter().any(|one| one["severity"] == "error");
    if errors == (said.code == Some(1)) { Ok(()) } else { wrong("exit code and errors do not fit") }
}
