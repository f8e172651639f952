//! What `mpcc cost` says is what a run's counters say, to the byte and the round: every program and every case of the language, under every
//! scheme.
//!
//! Cases that can share a program do, as in [`crate::language`]. Where a case's cost depends on what is revealed, the prediction says so; then it
//! has to be a bound from below, and the case is run by itself.

use crate::binaries::{self, Said, root};
use crate::case::{self, Case};
use crate::expectation;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::path::Path;

/// The schemes: a name, and what is added to the command.
const SCHEMES: &[(&str, &[&str])] = &[
    ("plain", &["--sharing", "plain"]),
    ("two64", &["-n", "2"]),
    ("three64", &["-n", "3"]),
    ("three128", &["-n", "3", "--ring", "128"]),
];

/// Every trial.
pub fn trials() -> Vec<Trial> {
    [of_programs(), of_language()].into_iter().flatten().collect()
}

fn files(folder: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).expect("the checkout has programs");
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "mpc"));
    files.sort();
    files
}

fn name_of(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A trial for each command that stands in a program, and each scheme; benchmarks at sizes of their own.
fn of_programs() -> Vec<Trial> {
    let mut trials = Vec::new();
    for file in files("programs").into_iter().chain(files("tests/translated")) {
        let text = std::fs::read_to_string(&file).expect("a program is readable text");
        // A file that fills an object field by field is read when the program runs; its sizes are not known before.
        let plain =
            |words: &[String]| !words.iter().any(|word| word.ends_with(".safetensors") || word.starts_with("model="));
        for block in expectation::read(&text).into_iter().filter(|block| block.exit == 0 && plain(&block.args)) {
            let [command, path, words @ ..] = &block.args[..] else { continue };
            if command != "run" {
                continue;
            }
            for (scheme, extra) in SCHEMES {
                let (path, words) = (path.clone(), with(words, extra));
                let name = format!("cost::programs::{}::line_{}::{scheme}", name_of(&file), block.line);
                trials.push(Trial::test(name, move || compare(&path, &words).and_then(Compared::exact)));
            }
        }
    }
    for file in files("programs/bench") {
        for (scheme, extra) in SCHEMES {
            let path = file.to_string_lossy().into_owned();
            let words = with(&["--input".to_owned(), "n=37".to_owned()], extra);
            let name = format!("cost::bench::{}::{scheme}", name_of(&file));
            trials.push(Trial::test(name, move || compare(&path, &words).and_then(Compared::exact)));
        }
    }
    trials
}

/// A command's words with those of a scheme; players that a command names itself stay.
fn with(words: &[String], extra: &[&str]) -> Vec<String> {
    let own = words.iter().any(|word| word == "-n");
    let extra = if own && extra.first() == Some(&"-n") { &extra[2..] } else { extra };
    words.iter().cloned().chain(extra.iter().map(|word| (*word).to_owned())).collect()
}

/// What came of a comparison.
enum Compared {
    /// The prediction is exact, and right.
    Exact,
    /// It is a bound from below, and holds; why it is not exact.
    Bound(String),
    /// The players are too few for the program.
    Impossible,
}

impl Compared {
    fn exact(self) -> Result<(), Failed> {
        match self {
            Compared::Exact | Compared::Impossible => Ok(()),
            Compared::Bound(why) => Err(format!("the prediction is not exact: {why}").into()),
        }
    }
}

/// Predicts and runs a program.
fn compare(file: &str, words: &[String]) -> Result<Compared, Failed> {
    let folder = tempfile::tempdir().expect("a test can make a folder");
    let report = folder.path().join("report.json").to_string_lossy().into_owned();
    let line = |command: &str, more: &[&str]| {
        let words = words.iter().map(String::as_str);
        let all = [command, file].into_iter().chain(words).chain(more.iter().copied());
        binaries::run("mpcc", &all.map(str::to_owned).collect::<Vec<_>>())
    };
    let said = line("cost", &["--format", "json"]);
    let ran = line("run", &["--report", &report, "--seed", "1"]);
    if ran.code == Some(64) {
        return Ok(Compared::Impossible);
    }
    let predicted = read(&said)?;
    if ran.code != Some(0) {
        return Err(format!("the run ends with {:?}\n{}", ran.code, ran.err).into());
    }
    let report = std::fs::read_to_string(report).map_err(|error| error.to_string())?;
    let report: Value = serde_json::from_str(&report).map_err(|error| error.to_string())?;
    differences(&predicted, &report)
}

fn read(said: &Said) -> Result<Value, Failed> {
    serde_json::from_str(&said.out).map_err(|error| format!("{error}\n{}{}", said.out, said.err).into())
}

/// Every figure of a report beside the one that was predicted.
fn differences(predicted: &Value, report: &Value) -> Result<Compared, Failed> {
    let total = &predicted["total"];
    let number = |value: &Value| value.as_u64().unwrap_or(u64::MAX);
    let players: Vec<&Value> = report["players"].as_array().into_iter().flatten().collect();
    let mut pairs = vec![];
    for (player, one) in players.iter().enumerate() {
        pairs.push((format!("rounds of player {player}"), number(&total["rounds"]), number(&one["rounds"])));
        let bytes = number(&total["bytes_by_player"][player]);
        pairs.push((format!("bytes of player {player}"), bytes, number(&one["online_bytes_sent"])));
    }
    let most = players.iter().map(|one| number(&one["online_bytes_sent"])).max().unwrap_or(0);
    pairs.push(("bytes of the player that sends the most".into(), number(&total["bytes"]), most));
    let dealt = report["dealer"]["bytes_sent"].as_u64().unwrap_or(0);
    pairs.push(("bytes of the dealer".into(), number(&total["dealer_bytes"]), dealt));
    let exact = total["exact"] == Value::Bool(true);
    let mut unknown = predicted["unknown"].as_array().into_iter().flatten();
    let predicted_raises = unknown.any(|one| one["kind"] == "raises");
    for (what, predicted, counted) in pairs {
        // What is dealt ahead and then not used counts too, so the dealer may have sent more than what surely happens.
        // A run in which something raises may do less than one in which it does not.
        let bound = !predicted_raises && predicted > counted;
        if bound || exact && predicted != counted {
            return Err(format!("{what}: predicted {predicted}, counted {counted}").into());
        }
    }
    Ok(if exact { Compared::Exact } else { Compared::Bound(predicted["unknown"].to_string()) })
}

/// A trial for each file of cases and each scheme.
fn of_language() -> Vec<Trial> {
    let mut trials = Vec::new();
    for file in files("tests/language") {
        let cases = case::read(&std::fs::read_to_string(&file).expect("a file of cases is readable text"));
        for (scheme, words) in SCHEMES {
            let runs = |case: &&Case| {
                case.errors.is_empty()
                    && case.raises.is_none()
                    && case.has_secrets()
                    && case.only.is_none()
                    && case.files.is_empty()
            };
            let chosen: Vec<Case> = cases.iter().filter(runs).cloned().collect();
            if chosen.is_empty() {
                continue;
            }
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let name = format!("cost::language::{}::{scheme}", name_of(&file));
            trials.push(Trial::test(name, move || together(&chosen, &words)));
        }
    }
    trials
}

/// Compares cases: those that can share a program in one, the others and those that make it inexact by themselves.
fn together(cases: &[Case], words: &[String]) -> Result<(), Failed> {
    let (shared, alone): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.can_share() && !decides(case));
    let source: String = shared.iter().map(|case| format!("print(\"{}\")\n{}", case.name, case.source)).collect();
    let mut wrong = Vec::new();
    if !matches!(one(&source, words, &[]), Ok(Compared::Exact)) {
        wrong.extend(shared.iter().filter_map(|case| single(case, words).err()));
        if wrong.is_empty() && !shared.is_empty() {
            wrong.push("together the cases cost something else than predicted".to_owned());
        }
    }
    wrong.extend(alone.iter().filter_map(|case| single(case, words).err()));
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// Whether a condition or a size of a case is revealed: its cost is known only as it runs.
fn decides(case: &Case) -> bool {
    case.source.contains("try:") && case.source.contains(".reveal()")
}

fn single(case: &Case, words: &[String]) -> Result<(), String> {
    let named = |what: &str| format!("{}: {what}", case.name);
    match one(&case.source, words, &case.args) {
        Ok(Compared::Exact | Compared::Impossible) => Ok(()),
        Ok(Compared::Bound(_)) if decides(case) => Ok(()),
        Ok(Compared::Bound(why)) => Err(named(&format!("the prediction is not exact: {why}"))),
        Err(failed) => Err(named(failed.message().unwrap_or_default())),
    }
}

fn one(source: &str, words: &[String], more: &[String]) -> Result<Compared, Failed> {
    let folder = tempfile::tempdir().expect("a test can make a folder");
    let file = folder.path().join("case.mpc");
    std::fs::write(&file, source).expect("a test can write a file");
    let own: Vec<String> = with(more, &words.iter().map(String::as_str).collect::<Vec<_>>());
    compare(&file.to_string_lossy(), &own)
}
