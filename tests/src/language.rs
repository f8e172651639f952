//! The language, case by case: `tests/language/*.mpc` under every scheme. How a case is written says [`case`].
//!
//! Starting players costs more than most cases, so the cases of a file share one program for each scheme where they can. A case
//! that fails there runs once more by itself.

use crate::binaries::{self, Said, root};
use crate::case::{self, Case};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The schemes: a name, and what is added to the command.
const SCHEMES: &[(&str, &[&str])] =
    &[("plain", &["--plain"]), ("additive", &["-n", "2"]), ("additive128", &["-n", "3", "--ring", "128"])];

/// What stands before the output of each case of a shared program.
const MARK: &str = "== ";

/// One trial a case and scheme.
pub fn trials() -> Vec<Trial> {
    let entries = std::fs::read_dir(root().join("tests/language")).expect("the checkout has cases");
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.iter().flat_map(|file| of_file(file)).collect()
}

fn of_file(file: &Path) -> Vec<Trial> {
    let subject = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let cases = case::read(&std::fs::read_to_string(file).expect("a file of cases is readable text"));
    let mut trials = Vec::new();
    for case in cases.iter().filter(|case| !case.errors.is_empty()) {
        let own = case.clone();
        trials.push(Trial::test(format!("language::{subject}::{}", case.name), move || check(&own)));
    }
    for scheme in SCHEMES {
        trials.extend(of_scheme(&subject, &cases, scheme));
    }
    trials
}

fn of_scheme(subject: &str, cases: &[Case], &(scheme, words): &(&'static str, &'static [&str])) -> Vec<Trial> {
    let runs = |case: &&Case| {
        let wanted = case.only.as_deref().map_or(scheme == "plain" || case.has_secrets(), |only| only == scheme);
        wanted && case.errors.is_empty() && (scheme == "plain" || case.raises.is_none() || case.every)
    };
    let chosen: Vec<Case> = cases.iter().filter(runs).cloned().collect();
    let shared: Vec<Case> = chosen.iter().filter(|case| case.can_share()).cloned().collect();
    let batch = Arc::new(Batch { cases: shared, words, said: OnceLock::new() });
    let mut trials = Vec::new();
    for case in chosen {
        let (batch, shares) = (Arc::clone(&batch), case.can_share());
        let name = format!("language::{subject}::{}::{scheme}", case.name);
        trials.push(Trial::test(name, move || if shares { batch.check(&case) } else { run(&case, words) }));
    }
    if !batch.cases.is_empty() {
        trials.push(Trial::test(format!("language::{subject}::together::{scheme}"), move || batch.check_all()));
    }
    trials
}

/// Cases that share a program.
struct Batch {
    cases: Vec<Case>,
    words: &'static [&'static str],
    said: OnceLock<Said>,
}

impl Batch {
    fn said(&self) -> &Said {
        self.said.get_or_init(|| {
            let one = |case: &Case| format!("print(\"{MARK}{}\")\n{}", case.name, case.source);
            let source: String = self.cases.iter().map(one).collect();
            execute(&source, &[], "run", self.words, &[])
        })
    }

    /// The lines of each case.
    fn lines(&self) -> HashMap<&str, Vec<&str>> {
        let mut found: HashMap<&str, Vec<&str>> = HashMap::new();
        let mut own = None;
        for line in self.said().out.lines() {
            match line.strip_prefix(MARK) {
                Some(name) => own = Some(found.entry(name).or_default()),
                None => own.iter_mut().for_each(|lines| lines.push(line)),
            }
        }
        found
    }

    fn check(&self, case: &Case) -> Result<(), Failed> {
        let good = self.lines().get(case.name.as_str()).is_some_and(|lines| case.compare(lines).is_ok());
        if good { Ok(()) } else { run(case, self.words) }
    }

    /// All of them, and the end of the program: says what a case does that fails only together with others.
    fn check_all(&self) -> Result<(), Failed> {
        let lines = self.lines();
        for case in &self.cases {
            let none = Vec::new();
            case.compare(lines.get(case.name.as_str()).unwrap_or(&none))
                .map_err(|message| format!("{message}\n-- standard error:\n{}", self.said().err))?;
        }
        match self.said().code {
            Some(0) => Ok(()),
            code => Err(format!("exit code {code:?}\n{}", self.said().err).into()),
        }
    }
}

/// Runs a case by itself.
fn run(case: &Case, words: &[&str]) -> Result<(), Failed> {
    let said = execute(&case.source, &case.files, "run", words, &case.args);
    let errors = format!("\n-- standard error:\n{}", said.err);
    case.compare(&said.out.lines().collect::<Vec<_>>()).map_err(|message| message + &errors)?;
    let code = i32::from(case.raises.is_some());
    if said.code != Some(code) {
        return Err(format!("{}: exit code {:?}, expected {code}{errors}", case.name, said.code).into());
    }
    match &case.raises {
        Some(name) if !said.err.contains(name.as_str()) => {
            Err(format!("{}: standard error lacks `{name}`{errors}", case.name).into())
        }
        _ => Ok(()),
    }
}

/// Compiles a case that has errors: the codes and lines must be those that it says, and no others.
fn check(case: &Case) -> Result<(), Failed> {
    let said = execute(&case.source, &case.files, "check", &["--format", "json"], &[]);
    let found: Value = serde_json::from_str(&said.out).map_err(|error| format!("{error}\n{}{}", said.out, said.err))?;
    let all = found.as_array().ok_or("the diagnostics are no array")?;
    let mut places: Vec<(usize, String)> = all.iter().map(place).collect();
    places.sort();
    let mut expected = case.errors.clone();
    expected.sort();
    if places != expected {
        let messages: String =
            all.iter().map(|one| format!("\n{} {}: {}", one["line"], one["code"], one["message"])).collect();
        return Err(format!("{}: expected {expected:?}, found:{messages}", case.name).into());
    }
    let code = i32::from(expected.iter().any(|(_, code)| code.starts_with('E')));
    if said.code == Some(code) { Ok(()) } else { Err(format!("exit code {:?}, expected {code}", said.code).into()) }
}

fn place(found: &Value) -> (usize, String) {
    let line = found["line"].as_u64().and_then(|line| usize::try_from(line).ok()).unwrap_or_default();
    (line, found["code"].as_str().unwrap_or_default().to_owned())
}

/// Runs a command of `mpcc` on a program of this text, with other files beside it.
pub fn execute(source: &str, others: &[(String, String)], command: &str, words: &[&str], more: &[String]) -> Said {
    let folder = tempfile::tempdir().expect("a test can make a folder");
    let file = folder.path().join("case.mpc");
    std::fs::write(&file, source).expect("a test can write a file");
    for (path, text) in others {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder.path())).expect("a test can make a folder");
        std::fs::write(path, text).expect("a test can write a file");
    }
    let mut args = vec![command.to_owned(), file.to_string_lossy().into_owned()];
    args.extend(words.iter().map(|word| (*word).to_owned()));
    args.extend_from_slice(more);
    binaries::run("mpcc", &args)
}
