//! The pages in `docs/errors/`: each has a wrong program that gives exactly its code, and right ones that compile.
//!
//! A block `mpc wrong` or `mpc right` is a program; a block `mpc NAME` before it is a file beside it. A page without a wrong
//! program says why in a paragraph that begins `No example:`.

use crate::markdown::{Block, blocks, compile, expect, root};
use mpcc::diagnostic::{Code, render};
use std::path::PathBuf;

/// How a page says that no short program shows its code.
const NONE: &str = "\nNo example: ";

fn folder() -> PathBuf {
    root().join("docs/errors")
}

/// The pages that exist; `diagnostic::pages` tests that there is one for each code.
fn pages() -> impl Iterator<Item = (Code, &'static str)> {
    Code::ALL.iter().filter_map(|code| Some((*code, code.page()?)))
}

/// The programs of a page with the files beside each.
fn programs(all: &[Block]) -> Vec<(&Block, Vec<(&str, &str)>)> {
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for block in all {
        match block.info.strip_prefix("mpc ") {
            Some("wrong" | "right") => found.push((block, std::mem::take(&mut others))),
            Some(name) => others.push((name, block.text.as_str())),
            None => {}
        }
    }
    found
}

/// What is wrong with a program of a page.
fn complaint(code: Code, block: &Block, others: &[(&str, &str)]) -> Option<String> {
    let found = compile(&block.text, others);
    let errors = || found.diagnostics.iter().filter(|found| found.is_error());
    let has_code = found.diagnostics.iter().any(|found| found.code == code);
    let good = match (block.info.as_str(), errors().count()) {
        ("mpc right", errors) => errors == 0 && !has_code,
        (_, 0) => has_code,
        (_, 1) => errors().all(|found| found.code == code),
        (_, _) => false,
    };
    let shown = || render::human(&found.sources, &found.diagnostics, false);
    (!good).then(|| format!("docs/errors/{code}.md: the block `{}` gives\n{}\n{}", block.info, block.text, shown()))
}

#[test]
fn programs_do_what_their_page_says() {
    let mut complaints = Vec::new();
    for (code, page) in pages() {
        let all = blocks(page);
        complaints.extend(programs(&all).iter().filter_map(|(block, others)| complaint(code, block, others)));
    }
    assert!(complaints.is_empty(), "{} programs:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn pages_have_a_title_and_examples_and_are_short() {
    for (code, page) in pages() {
        assert!(page.starts_with(&format!("# {code}: {}\n", code.summary())), "docs/errors/{code}.md: the title");
        let all = blocks(page);
        let of = |info: &str| all.iter().filter(|block| block.info == info).count();
        assert_ne!(
            of("mpc wrong") > 0,
            page.contains(NONE),
            "docs/errors/{code}.md: a wrong program, or `No example:`"
        );
        assert!(of("mpc right") > 0 || page.contains(NONE), "docs/errors/{code}.md: a right program");
        assert!((8..=48).contains(&page.lines().count()), "docs/errors/{code}.md: {} lines", page.lines().count());
    }
}

#[test]
fn every_code_that_a_page_names_exists() {
    for (code, page) in pages() {
        let words = page.split(|c: char| !c.is_ascii_alphanumeric());
        let like = |word: &&str| word.len() == 5 && word.starts_with(['E', 'W']) && word[1..].parse::<u32>().is_ok();
        for word in words.filter(like) {
            assert!(Code::find(word).is_some(), "docs/errors/{code}.md names {word}, which does not exist");
        }
    }
}

/// What `docs/errors/README.md` says: it is made from the table of codes.
fn index() -> String {
    let mut codes = Code::ALL.to_vec();
    codes.sort_unstable_by_key(|code| code.id());
    let mut text = String::from(INTRODUCTION);
    let mut group = "";
    for code in codes {
        if group != group_of(code) {
            group = group_of(code);
            text += &format!("\n## {group}\n\n");
        }
        text += &format!("- [{code}]({code}.md) {}\n", code.summary());
    }
    text
}

const INTRODUCTION: &str = "\
# Errors and warnings

Each has a code and a page: what it means, why the language has this rule, a wrong program and a right one. `mpcc explain E0201`
prints the page. A code never gets another meaning.

[The guide](../guide.md#errors-for-other-programs) describes what `--format json` and `--format sarif` write.
";

/// The heading of a code, by its range.
fn group_of(code: Code) -> &'static str {
    match code.id().get(..3) {
        Some("E00") => "Syntax",
        Some("E01") => "Names and modules",
        Some("E02") => "Types and sizes",
        Some("E03") => "Secrets and control flow",
        Some("E04") => "Roles, ports, precision",
        Some("E05") => "Faults and sharing schemes",
        Some("E09") => "Mistakes of the compiler",
        Some(other) if other.starts_with('W') => "Warnings",
        _ => panic!("{code}: give its range a heading here"),
    }
}

#[test]
fn the_index_is_that_of_the_table() {
    expect(&folder().join("README.md"), &index());
}
