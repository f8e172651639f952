//! `mpcc explain`: the page of a code, or all codes.

use super::{Failure, exit, print};
use mpcc::diagnostic::Code;
use std::fmt::Write;

/// `mpcc explain [CODE]`.
pub fn explain(code: Option<&str>) -> Result<u8, Failure> {
    let text = match code {
        None => list(),
        Some(written) => page(written)?,
    };
    print(&text)?;
    Ok(exit::OK)
}

/// The page of the code that is written: `E0201`, `e0201`, `0201` or `201`.
fn page(written: &str) -> Result<String, Failure> {
    let unknown = || {
        let near = near(written).map_or("; ".to_owned(), |code| format!("; did you mean {code}? "));
        Failure::new(exit::USAGE, format!("there is no code `{written}`{near}`mpcc explain` lists all of them"))
    };
    let code = find(written).ok_or_else(unknown)?;
    Ok(code.page().map_or_else(|| format!("# {code}: {}\n", code.summary()), str::to_owned))
}

fn find(written: &str) -> Option<Code> {
    let written =
        written.trim().trim_start_matches("error[").trim_start_matches("warning[").trim_end_matches([']', ':']);
    Code::find(written).or_else(|| {
        let number: u32 = written.parse().ok()?;
        ["E", "W"].iter().find_map(|letter| Code::find(&format!("{letter}{number:04}")))
    })
}

/// The code whose number is nearest to the one that is written, among warnings where one is written and among errors otherwise.
fn near(written: &str) -> Option<Code> {
    let digits: String = written.chars().filter(char::is_ascii_digit).take(9).collect();
    let number: i64 = digits.parse().ok()?;
    let distance = |code: &Code| code.id()[1..].parse::<i64>().map_or(i64::MAX, |other| (other - number).abs());
    let warning = written.starts_with(['w', 'W']);
    Code::ALL.iter().copied().min_by_key(|code| (code.id().starts_with('W') != warning, distance(code)))
}

/// Every code with its summary.
fn list() -> String {
    let mut codes = Code::ALL.to_vec();
    codes.sort_unstable_by_key(|code| code.id());
    let mut text = String::new();
    for code in codes {
        // Writing to memory cannot fail.
        let _ = writeln!(text, "{code}  {}", code.summary());
    }
    text + "\n`mpcc explain CODE` says more about one of them.\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_written() {
        for written in ["E0201", "e0201", "0201", "201", "error[E0201]", "E0201:"] {
            assert_eq!(find(written), Some(Code::SecretToPublic), "{written}");
        }
        assert_eq!(find("W0330"), Some(Code::SecretLookup));
        assert_eq!(find("330"), Some(Code::SecretLookup));
        assert_eq!(find("hello"), None);
    }

    #[test]
    fn an_unknown_code_is_answered_with_one_that_exists() {
        let message = |written| page(written).expect_err("no such code").message;
        assert_eq!(message("E0499"), "there is no code `E0499`; did you mean E0405? `mpcc explain` lists all of them");
        assert_eq!(message("hello"), "there is no code `hello`; `mpcc explain` lists all of them");
    }

    #[test]
    fn the_list_has_every_code_once() {
        let text = list();
        for code in Code::ALL {
            assert_eq!(text.lines().filter(|line| line.starts_with(code.id())).count(), 1, "{code}");
        }
    }
}
