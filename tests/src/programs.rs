//! Every command that stands in a program of `programs/`, or in one that came from another system (`tests/translated/`), under every scheme.

use crate::binaries::{self, root};
use crate::expectation::{self, Expectation};
use libtest_mimic::{Failed, Trial};
use std::path::Path;

/// The schemes: a name, and what is added to the command.
const SCHEMES: &[(&str, &[&str])] = &[("additive", &[]), ("additive128", &["--ring", "128"]), ("plain", &["--plain"])];

/// One trial a command and scheme.
pub fn trials() -> Vec<Trial> {
    let folders = [("programs", "programs"), ("translated", "tests/translated")];
    folders.iter().flat_map(|(subject, folder)| of_folder(subject, folder)).collect()
}

fn of_folder(subject: &str, folder: &str) -> Vec<Trial> {
    let entries = std::fs::read_dir(root().join(folder)).expect("the checkout has programs");
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "mpc"));
    files.iter().flat_map(|file| of_program(subject, file)).collect()
}

fn of_program(subject: &str, file: &Path) -> Vec<Trial> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(file).expect("a program is readable text");
    let blocks = expectation::read(&text);
    if blocks.is_empty() {
        return vec![Trial::test(format!("{subject}::{name}"), || {
            Err(Failed::from("the program says no expectation"))
        })];
    }
    blocks.iter().flat_map(|block| of_command(&format!("{subject}::{name}"), block)).collect()
}

fn of_command(name: &str, block: &Expectation) -> Vec<Trial> {
    let trial = |(scheme, extra): &(&str, &[&str])| {
        let mut block = block.clone();
        block.args.extend(extra.iter().map(|word| (*word).to_owned()));
        Trial::test(format!("{name}::line_{}::{scheme}", block.line), move || check(&block))
    };
    SCHEMES.iter().map(trial).collect()
}

fn check(block: &Expectation) -> Result<(), Failed> {
    let said = binaries::run("mpcc", &block.args);
    block.check(said.code, &said.out, &said.err).map_err(Failed::from)
}
