//! `mpcc test`: what it runs, what it prints, how it ends. The files under test are in `tests/suite/`.

use crate::binaries::{self, Said, root};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, run: fn() -> Result<(), Failed>| Trial::test(format!("suite::{name}"), run);
    vec![
        trial("a_folder_says_a_line_a_test_and_why_it_failed", folder),
        trial("every_scheme_runs_a_test", every_scheme),
        trial("json_has_places_and_values", json),
        trial("json_has_budgets", budgets),
        trial("no_test_is_an_error", none),
    ]
}

fn test(words: &[&str]) -> Said {
    let words: Vec<String> = std::iter::once(&"test").chain(words).map(|word| (*word).to_owned()).collect();
    binaries::run("mpcc", &words)
}

fn ensure(holds: bool, said: &Said) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(format!("code {:?}\n{}\n{}", said.code, said.out, said.err).into()) }
}

/// The lines without how long things took.
fn timeless(text: &str) -> Vec<&str> {
    let timed = |line: &str| line.ends_with(" ms") || line.ends_with(" s");
    let cut =
        |line: &'_ str| -> usize { if timed(line) { line.rfind("  ").unwrap_or(line.len()) } else { line.len() } };
    text.lines().map(|line| &line[..cut(line)]).collect()
}

fn folder() -> Result<(), Failed> {
    let said = test(&["tests/suite"]);
    let expected = std::fs::read_to_string(root().join("tests/suite/expected.txt"))?;
    let expected: Vec<&str> = expected.lines().collect();
    let explained = said.err.contains("`y` has no value in a test");
    ensure(timeless(&said.out) == expected && explained && said.code == Some(1), &said)
}

fn every_scheme() -> Result<(), Failed> {
    let said = test(&["tests/suite/checks.mpc", "--filter", "shared", "--sharing", "all"]);
    let expected =
        ["plain, ring 64", "plain, ring 128", "additive, 3 players, ring 64", "additive, 3 players, ring 128"];
    let line = |scheme: &&str| format!("ok   tests/suite/checks.mpc::shared [{scheme}]");
    let mut expected: Vec<String> = expected.iter().map(line).collect();
    expected.push("4 passed, 0 failed".into());
    ensure(timeless(&said.out) == expected && said.code == Some(0), &said)
}

fn json() -> Result<(), Failed> {
    let said = test(&["tests/suite", "--filter", "values", "--format", "json"]);
    let found: Value = serde_json::from_str(&said.out)?;
    let tests = found["tests"].as_array().ok_or("the tests are no array")?;
    let first = &tests[0];
    let good = tests.len() == 2
        && (first["test"] == "values_are_shown" && first["outcome"] == "failed" && first["line"] == 20)
        && (first["message"] == "AssertionError: 6 == 7" && first["printed"] == "before\n")
        && first["trace"][0]["line"] == 22
        && found["failed"] == 2;
    ensure(good && said.code == Some(1), &said)
}

fn budgets() -> Result<(), Failed> {
    let said = test(&["tests/suite/budget.mpc", "--format", "json", "--filter", "too_dear"]);
    let found: Value = serde_json::from_str(&said.out)?;
    let budgets: Vec<&Value> = (0..3).map(|at| &found["tests"][at]["budget"]).collect();
    let cost = |at: usize| (budgets[at]["cost"]["rounds"].as_u64(), budgets[at]["cost"]["exact"].as_bool());
    let good = [cost(0), cost(1), cost(2)] == [(Some(9), Some(true)), (Some(5), Some(true)), (Some(1), Some(true))]
        && (budgets[0]["rounds"] == 8 && budgets[0]["bytes"] == 400 && budgets[0]["kept"] == false)
        && (budgets[0]["lines"][0]["line"] == 6 && budgets[0]["lines"][0]["bytes"] == 256);
    ensure(good && said.code == Some(1), &said)
}

fn none() -> Result<(), Failed> {
    let said = test(&["tests/suite", "--filter", "nothing_like_that"]);
    ensure(said.code == Some(1) && said.err.contains("no test in tests/suite has `nothing_like_that`"), &said)?;
    let said = test(&["programs/inner_product.mpc"]);
    ensure(said.code == Some(1) && said.err.contains("no tests found in programs/inner_product.mpc"), &said)
}
