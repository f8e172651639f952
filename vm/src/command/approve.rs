//! `--approve`: a player runs a program only if it discloses what the player has agreed to.

use super::{Failure, exit};
use mpc_bytecode::Program;
use mpc_bytecode::disclose::{Entry, entries, hash, of_entries};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// What `mpcc audit --format json` writes, as far as it matters here.
#[derive(Deserialize)]
struct Approved {
    disclosures: Vec<Entry>,
}

/// What to do about it.
const SEE: &str = "`mpcc audit FILE` shows each with its place, and the hash";

/// Holds a program to an approval: a hash of 64 hexadecimal digits, or a file that `mpcc audit --format json` wrote.
///
/// # Errors
/// Exit code 76 where the disclosures differ, with those that were not approved; 65 for a file that is no list.
pub fn approve(program: &Program, approval: &str) -> Result<(), Failure> {
    let found = hash(program).to_string();
    if approval.len() == found.len() && approval.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        if approval.eq_ignore_ascii_case(&found) {
            return Ok(());
        }
        let own = entries(program).into_iter().collect::<BTreeSet<_>>();
        let what = if own.is_empty() { "nothing\n".into() } else { format!("\n{}", shown("  ", &own)) };
        let message = format!(
            "the program's disclosures are not those that were approved: their hash is {found}, approved is {approval}; it discloses \
             {what}{SEE}; a list in place of a hash (`--approve FILE`, written by `mpcc audit --format json`) shows what differs"
        );
        return Err(Failure::new(exit::MISMATCH, message.trim_end()));
    }
    let bad = |message: String| Failure::new(exit::BAD_INPUT, format!("--approve {approval}: {message}"));
    let text = std::fs::read_to_string(Path::new(approval))
        .map_err(|error| bad(format!("this is neither a hash nor a file that can be read: {error}")))?;
    let approved: Approved = serde_json::from_str(&text)
        .map_err(|error| bad(format!("this is not what `mpcc audit --format json` writes: {error}")))?;
    let known: BTreeSet<Entry> = approved.disclosures.into_iter().collect();
    if of_entries(known.iter().cloned()).to_string() == found {
        return Ok(());
    }
    let own: BTreeSet<Entry> = entries(program).into_iter().collect();
    let (new, gone) = (&own - &known, &known - &own);
    let mut message = String::from("the program's disclosures are not those that were approved\n");
    if !new.is_empty() {
        let _ = write!(message, "not approved:\n{}", shown("  + ", &new));
    }
    if !gone.is_empty() {
        let _ = write!(message, "approved, and not in the program:\n{}", shown("  - ", &gone));
    }
    message.push_str(SEE);
    Err(Failure::new(exit::MISMATCH, message))
}

/// A line for each entry.
fn shown(mark: &str, entries: &BTreeSet<Entry>) -> String {
    let mut out = String::new();
    for entry in entries {
        let from = if entry.from.is_empty() { "no input".into() } else { entry.from.join(", ") };
        let decided = match entry.decided_by.join(", ") {
            none if none.is_empty() => none,
            by => format!(", decided by {by}"),
        };
        let often = if entry.repeated { ", perhaps more than once" } else { "" };
        let why = entry.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let expression = entry.expression.escape_debug();
        let _ = writeln!(
            out,
            "{mark}`{expression}` to {}, from {from}{decided}{often}{}",
            entry.to.join(", "),
            why.escape_debug()
        );
    }
    out
}
