//! How a test ended, read from what its processes said.

use super::budget::Counted;
use mpcc::suite::Test;
use std::io::Read;
use std::thread::JoinHandle;
use std::time::Duration;

/// A call on the way to where a test failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The file, from the folder of the test's file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The function; empty for the test's own program.
    pub function: String,
}

/// How a test ended.
#[derive(Debug)]
pub struct Outcome {
    /// Why it failed; absent if it did not.
    pub failure: Option<String>,
    /// Where, the innermost call first.
    pub trace: Vec<Call>,
    /// What it printed.
    pub printed: String,
    /// Rounds and bytes, where the run was to count them.
    pub counted: Option<Counted>,
    /// How long it ran, its start included.
    pub time: Duration,
}

/// Reads a pipe to its end, beside what else happens.
pub fn reader(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What cannot be read any more was cut off with its process.
        let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Outcome {
    /// `status` is the exit code, `None` within for a signal, `None` for a test that was stopped; `start` is the call of the test, which nobody
    /// wrote.
    pub fn of(
        test: &Test,
        start: &Call,
        status: Option<Option<i32>>,
        time: Duration,
        printed: String,
        said: &str,
    ) -> Self {
        let (error, mut trace) = read(said);
        trace.pop_if(|outermost| outermost == start);
        let name = error.split([':', ' ']).next().unwrap_or_default();
        let failure = match (status, &test.raises) {
            (None, _) => Some(format!("still running after {} s, and stopped", time.as_secs())),
            (Some(Some(0)), None) => None,
            (Some(Some(0)), Some(wanted)) => Some(format!("was to raise {wanted}, and ended without")),
            (Some(Some(1)), Some(wanted)) if name == wanted.as_str() => None,
            (Some(Some(1)), Some(wanted)) => Some(format!("was to raise {wanted}, and raised {error}")),
            (Some(_), _) if !error.is_empty() => Some(error),
            (Some(code), _) => Some(match code {
                Some(code) => format!("ended with exit code {code}"),
                None => "its process was killed".to_owned(),
            }),
        };
        let trace = if failure.is_some() { trace } else { Vec::new() };
        Outcome { failure, trace, printed, counted: None, time }
    }
}

/// The error that a run ended with and the calls that led to it, from its standard error.
fn read(said: &str) -> (String, Vec<Call>) {
    let (mut error, mut trace) = (String::new(), Vec::new());
    for line in said.lines().map(without_player) {
        if let Some(text) = line.strip_prefix("error: ") {
            error = if error.is_empty() { text.to_owned() } else { error };
        } else if let Some(call) = line.strip_prefix("  at ").and_then(call) {
            trace.push(call);
        } else if !error.is_empty() && trace.is_empty() {
            // A message of several lines.
            error = format!("{error}\n{line}");
        }
    }
    (error, trace)
}

/// A line without `[player 0] ` before it.
fn without_player(line: &str) -> &str {
    let rest = line.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    rest.filter(|(who, _)| who.starts_with("player ") || *who == "dealer").map_or(line, |(_, rest)| rest)
}

fn call(text: &str) -> Option<Call> {
    let (place, function) = text.split_once(" in ").unwrap_or((text, ""));
    let (file, line) = place.rsplit_once(':')?;
    Some(Call { file: file.to_owned(), line: line.parse().ok()?, function: function.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mpcc::source::Span;

    fn outcome(raises: Option<&str>, code: i32, said: &str) -> Outcome {
        let test = Test { name: "t".into(), span: Span::default(), raises: raises.map(str::to_owned), budget: None };
        let start = Call { file: "a.mpc".into(), line: 5, function: String::new() };
        Outcome::of(&test, &start, Some(Some(code)), Duration::ZERO, String::new(), said)
    }

    #[test]
    fn the_error_and_its_calls_are_read() {
        let said = "warning: in the clear\n[player 0] error: AssertionError: 3 == 4\n[player 0]   at a.mpc:7 in f\n[player 0]   at a.mpc:9\n";
        let found = outcome(None, 1, said);
        assert_eq!(found.failure.as_deref(), Some("AssertionError: 3 == 4"));
        let call = |line, function: &str| Call { file: "a.mpc".into(), line, function: function.into() };
        assert_eq!(found.trace, [call(7, "f"), call(9, "")]);
        let said = said.replace("a.mpc:9", "a.mpc:5");
        assert_eq!(outcome(None, 1, &said).trace, [call(7, "f")], "without the call that nobody wrote");
    }

    #[test]
    fn a_test_that_must_raise_fails_where_it_does_not() {
        let said = "error: ValueError: no\n  at a.mpc:7\n";
        assert_eq!(outcome(Some("ValueError"), 1, said).failure, None);
        assert!(outcome(Some("ValueError"), 0, "").failure.is_some());
        let other = outcome(Some("IndexError"), 1, said).failure;
        assert_eq!(other.as_deref(), Some("was to raise IndexError, and raised ValueError: no"));
    }
}
