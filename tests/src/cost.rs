//! What `mpcc cost` says is what a run's counters say, to the byte and the round: every program and every case of the language, under every
//! scheme.
//!
//! Cases that can share a program do, as in [`crate::language`]. Where a case's cost depends on what is revealed, the prediction has to say so, and the
//! case has a line that says what was revealed:
//!
//! ```text
//! # assume 5=3                  with `--assume 5=3` the prediction is exact; several stand beside each other
//! # assume 5=0 or 5=1           line 5 does now this and now that: the run costs no less and no more than the one and the other
//! ```

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
    let cases = [of_language(), of_loops(), of_revealed()].into_iter().flatten();
    of_programs().into_iter().chain(cases).collect()
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
        for block in expectation::read(&text).into_iter().filter(|block| block.exit == 0) {
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

/// Every figure, predicted and counted.
struct Figures {
    pairs: Vec<(String, u64, u64)>,
    /// Whether the prediction says that it is exact.
    exact: bool,
    /// Why it is not.
    unknown: Value,
}

/// Predicts and runs a program, and compares.
fn compare(file: &str, words: &[String]) -> Result<Compared, Failed> {
    let Some(found) = predict_and_run(file, words, &[])? else { return Ok(Compared::Impossible) };
    let kinds: Vec<&str> =
        found.unknown.as_array().into_iter().flatten().filter_map(|one| one["kind"].as_str()).collect();
    let of_reveals = |kind: &&str| ["turns", "condition", "size", "raises"].contains(kind);
    // A walk that stops has to say what it would need to know.
    let explained = kinds.iter().any(of_reveals) && kinds.iter().all(|kind| of_reveals(kind) || *kind == "stopped");
    if !found.exact && !explained {
        return Err(format!("this is decided by no reveal: {}", found.unknown).into());
    }
    let raises = kinds.contains(&"raises");
    // A run in which something raises may do less than one in which it does not, and any other does what surely happens.
    let fits = |predicted: u64, counted: u64| match found.exact {
        true => predicted == counted,
        false => raises || predicted <= counted,
    };
    differ(&found, fits)?;
    Ok(if found.exact { Compared::Exact } else { Compared::Bound(found.unknown.to_string()) })
}

/// The first figure that does not fit.
fn differ(found: &Figures, fits: impl Fn(u64, u64) -> bool) -> Result<(), String> {
    match found.pairs.iter().find(|(_, predicted, counted)| !fits(*predicted, *counted)) {
        Some((what, predicted, counted)) => Err(format!("{what}: predicted {predicted}, counted {counted}")),
        None => Ok(()),
    }
}

/// Predicts, under assumptions, and runs a program; nothing where the players are too few for it.
fn predict_and_run(file: &str, words: &[String], assumed: &[String]) -> Result<Option<Figures>, Failed> {
    let folder = tempfile::tempdir().expect("a test can make a folder");
    let report = folder.path().join("report.json").to_string_lossy().into_owned();
    let line = |command: &str, more: &[&str]| {
        let words = words.iter().map(String::as_str);
        let all = [command, file].into_iter().chain(words).chain(more.iter().copied());
        binaries::run("mpcc", &all.map(str::to_owned).collect::<Vec<_>>())
    };
    let assumed: Vec<&str> = assumed.iter().map(String::as_str).chain(["--format", "json"]).collect();
    let said = line("cost", &assumed);
    let ran = line("run", &["--report", &report, "--seed", "1"]);
    if ran.code == Some(64) {
        return Ok(None);
    }
    let predicted = read(&said)?;
    if ran.code != Some(0) {
        return Err(format!("the run ends with {:?}\n{}", ran.code, ran.err).into());
    }
    let report = std::fs::read_to_string(report).map_err(|error| error.to_string())?;
    let report: Value = serde_json::from_str(&report).map_err(|error| error.to_string())?;
    Ok(Some(beside(&predicted, &report)))
}

fn read(said: &Said) -> Result<Value, Failed> {
    serde_json::from_str(&said.out).map_err(|error| format!("{error}\n{}{}", said.out, said.err).into())
}

/// Every figure of a report beside the one that was predicted.
fn beside(predicted: &Value, report: &Value) -> Figures {
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
    Figures { pairs, exact: total["exact"] == Value::Bool(true), unknown: predicted["unknown"].clone() }
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

/// Every loop, as it is written and on whole tensors.
fn of_loops() -> Vec<Trial> {
    let mut trials = Vec::new();
    for file in files("tests/loops") {
        let cases = case::read(&std::fs::read_to_string(&file).expect("a file of loops is readable text"));
        for (scheme, words) in SCHEMES {
            let halves = |case: &Case| -> Vec<Case> {
                let half = |source: &str| {
                    let mut half = case.clone();
                    half.source = source.into();
                    half
                };
                case.source.split("# -- tensor\n").map(half).collect()
            };
            let (halves, words) = (cases.iter().flat_map(halves).collect::<Vec<_>>(), owned(words));
            let name = format!("cost::loops::{}::{scheme}", name_of(&file));
            trials.push(Trial::test(name, move || all_of(&halves, |case| single(case, &words))));
        }
    }
    trials
}

/// A trial for each case of `tests/cost` and each scheme: what they do is decided by what is revealed.
fn of_revealed() -> Vec<Trial> {
    let mut trials = Vec::new();
    for file in files("tests/cost") {
        let cases = case::read(&std::fs::read_to_string(&file).expect("a file of cases is readable text"));
        for (scheme, words) in SCHEMES {
            let (cases, words) = (cases.clone(), owned(words));
            let name = format!("cost::revealed::{}::{scheme}", name_of(&file));
            trials.push(Trial::test(name, move || all_of(&cases, |case| single(case, &words))));
        }
    }
    trials
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn all_of(cases: &[Case], check: impl Fn(&Case) -> Result<(), String>) -> Result<(), Failed> {
    let wrong: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// Compares cases: those that can share a program in one, the others and those that make it inexact by themselves.
fn together(cases: &[Case], words: &[String]) -> Result<(), Failed> {
    let (shared, alone): (Vec<&Case>, Vec<&Case>) =
        cases.iter().partition(|case| case.can_share() && assumptions(case).is_empty());
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

/// What a case says of what it reveals: one set of assumptions, or several between which it is.
fn assumptions(case: &Case) -> Vec<Vec<String>> {
    let line = case.source.lines().find_map(|line| line.strip_prefix("# assume "));
    let each = |set: &str| set.split_whitespace().flat_map(|one| ["--assume".to_owned(), one.to_owned()]).collect();
    line.into_iter().flat_map(|line| line.split(" or ")).map(each).collect()
}

fn single(case: &Case, words: &[String]) -> Result<(), String> {
    let named = |what: &str| format!("{}: {what}", case.name);
    let wrong = |failed: Failed| named(failed.message().unwrap_or_default());
    let assumed = assumptions(case);
    match (one(&case.source, words, &case.args).map_err(wrong)?, &assumed[..]) {
        (Compared::Impossible, _) | (Compared::Exact, []) => Ok(()),
        (Compared::Exact, _) => Err(named("nothing of it is decided by what is revealed")),
        (Compared::Bound(why), []) => Err(named(&format!("the prediction is not exact: {why}"))),
        (Compared::Bound(_), [only]) => {
            let figures = figures(&case.source, words, &case.args, only).map_err(wrong)?;
            differ(&figures, |predicted, counted| predicted == counted).map_err(|what| named(&what))
        }
        (Compared::Bound(_), several) => {
            let each = several.iter().map(|set| figures(&case.source, words, &case.args, set));
            let each = each.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
            between(&each).map_err(|what| named(&what))
        }
    }
}

/// What is counted is no less than the least and no more than the most that was predicted.
fn between(each: &[Figures]) -> Result<(), String> {
    let Some((first, rest)) = each.split_first() else { return Ok(()) };
    for (at, (what, predicted, counted)) in first.pairs.iter().enumerate() {
        let all = rest.iter().filter_map(|other| other.pairs.get(at)).map(|pair| pair.1).chain([*predicted]);
        let all: Vec<u64> = all.collect();
        let (least, most) = (all.iter().min().unwrap_or(predicted), all.iter().max().unwrap_or(predicted));
        if counted < least || counted > most {
            return Err(format!("{what}: predicted {least} to {most}, counted {counted}"));
        }
    }
    Ok(())
}

/// The figures of a case with assumptions, which have to make them exact.
fn figures(source: &str, words: &[String], more: &[String], assumed: &[String]) -> Result<Figures, Failed> {
    let found = with_file(source, words, more, |file, words| predict_and_run(file, words, assumed))?;
    let found = found.ok_or("a case that was run cannot be run again")?;
    if found.exact { Ok(found) } else { Err(format!("{assumed:?} does not make it exact: {}", found.unknown).into()) }
}

fn one(source: &str, words: &[String], more: &[String]) -> Result<Compared, Failed> {
    with_file(source, words, more, compare)
}

fn with_file<T>(
    source: &str,
    words: &[String],
    more: &[String],
    run: impl Fn(&str, &[String]) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let folder = tempfile::tempdir().expect("a test can make a folder");
    let file = folder.path().join("case.mpc");
    std::fs::write(&file, source).expect("a test can write a file");
    let own: Vec<String> = with(more, &words.iter().map(String::as_str).collect::<Vec<_>>());
    run(&file.to_string_lossy(), &own)
}
