//! What `mpcc test` prints: a line a test, what went wrong, a summary; or one JSON object.

use super::outcome::{Call, Outcome};
use super::{Job, file_of};
use crate::command::{Failure, Format, exit};
use mpcc::diagnostic::{Diagnostic, json};
use mpcc::source::{Source, relative};
use mpcc::suite::{Suite, Test};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// The outcomes so far.
pub struct Report {
    format: Format,
    objects: Vec<Value>,
    failed: usize,
    passed: usize,
    start: Instant,
}

impl Report {
    /// Nothing has run.
    pub fn new(format: Format) -> Self {
        Report { format, objects: Vec::new(), failed: 0, passed: 0, start: Instant::now() }
    }

    /// True if no test was there at all.
    pub fn is_empty(&self) -> bool {
        self.failed + self.passed == 0
    }

    /// A test that does not compile; its diagnostics have been shown.
    pub fn broken(&mut self, name: &str, suite: &Suite, test: &Test, found: &[Diagnostic]) {
        self.failed += 1;
        self.say(&format!("FAIL {name}  does not compile"));
        let errors: Value = serde_json::from_str(&json::json(&suite.sources, found)).unwrap_or_default();
        let mut object = place(suite, test, name);
        object["outcome"] = json!("broken");
        object["diagnostics"] = errors;
        self.objects.push(object);
    }

    /// A test that has run.
    pub fn add(&mut self, job: &Job<'_>, outcome: &Outcome) {
        let Job { suite, test, name, setting, account, .. } = job;
        let text = |call: &Call| text_of(suite, call).unwrap_or_default().to_owned();
        let overrun = account.as_ref().and_then(|account| account.overrun(outcome.counted, text));
        let failed = outcome.failure.is_some() || overrun.is_some();
        let mut object = place(suite, test, name);
        object["sharing"] = json!(setting.sharing.name());
        object["players"] = json!(setting.players);
        object["ring"] = json!(setting.ring);
        object["seconds"] = json!(outcome.time.as_secs_f64());
        object["outcome"] = json!(if failed { "failed" } else { "ok" });
        if let Some(account) = account {
            object["budget"] = account.json(outcome.counted);
        }
        let (word, time) = (if failed { "FAIL" } else { "ok  " }, shown_time(outcome.time));
        self.say(&format!("{word} {name}{}  {time}", scheme(job)));
        if failed {
            self.say(&details(suite, outcome, overrun.as_deref().unwrap_or_default()));
            let over = overrun.as_deref().and_then(|said| said.first()).map(String::as_str);
            object["message"] = json!(outcome.failure.as_deref().or(over));
            object["trace"] = outcome.trace.iter().map(call_object).collect();
            object["printed"] = json!(outcome.printed);
        }
        *(if failed { &mut self.failed } else { &mut self.passed }) += 1;
        self.objects.push(object);
    }

    fn say(&self, text: &str) {
        if self.format == Format::Human {
            print(text);
        }
    }

    /// The last line, and the exit code. `unread` files had errors and gave no tests.
    ///
    /// # Errors
    /// Never: the signature is that of the commands.
    pub fn finish(self, unread: usize) -> Result<u8, Failure> {
        let Report { format, objects, failed, passed, start } = self;
        if format == Format::Human {
            let unread = if unread == 0 {
                String::new()
            } else {
                format!(", {unread} {} with errors", if unread == 1 { "file" } else { "files" })
            };
            print(&format!("{passed} passed, {failed} failed{unread}  {}", shown_time(start.elapsed())));
        } else {
            let all = json!({ "tests": objects, "passed": passed, "failed": failed, "files_with_errors": unread });
            print(&format!("{all:#}"));
        }
        Ok(if failed + unread == 0 { exit::OK } else { exit::ERRORS })
    }
}

/// A line on standard output; a reader that has seen enough is no error.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

fn shown_time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 { format!("{} ms", time.as_millis()) } else { format!("{seconds:.1} s") }
}

/// How a test was run, where that is not plain to see.
fn scheme(job: &Job<'_>) -> String {
    let setting = &job.setting;
    match (job.shows_setting, setting.players) {
        (false, _) => String::new(),
        (true, 1) => format!(" [{}, ring {}]", setting.sharing, setting.ring),
        (true, players) => format!(" [{}, {players} players, ring {}]", setting.sharing, setting.ring),
    }
}

fn place(suite: &Suite, test: &Test, name: &str) -> Value {
    let line = suite.sources.position(test.span).map_or(1, |position| position.line);
    json!({ "name": name, "file": file_of(suite), "test": test.name, "line": line })
}

pub fn call_object(call: &Call) -> Value {
    json!({ "file": call.file, "line": call.line, "function": call.function })
}

/// Why a test failed, where, by how much it is over its budget, and what it printed before.
fn details(suite: &Suite, outcome: &Outcome, overrun: &[String]) -> String {
    let mut lines: Vec<String> =
        outcome.failure.iter().flat_map(|failure| failure.lines()).map(|line| format!("     {line}")).collect();
    for call in &outcome.trace {
        let function = if call.function.is_empty() { String::new() } else { format!(" in {}", call.function) };
        lines.push(format!("       at {}:{}{function}", call.file, call.line));
        lines.extend(text_of(suite, call).map(|text| format!("            {text}")));
    }
    lines.extend(overrun.iter().map(|line| format!("     {line}")));
    if !outcome.printed.is_empty() {
        lines.push("     it printed:".to_owned());
        lines.extend(outcome.printed.lines().map(|line| format!("       {line}")));
    }
    lines.join("\n")
}

/// The line of the source that a call stands in.
fn text_of<'s>(suite: &'s Suite, call: &Call) -> Option<&'s str> {
    let mut sources = suite.sources.iter().map(|(_, source)| source);
    let folder = suite.sources.iter().next()?.1.path.parent().unwrap_or(Path::new(""));
    let source: &Source = sources.find(|source| relative(&source.path, folder) == call.file)?;
    let text = source.text.lines().nth(call.line.checked_sub(1)? as usize)?.trim();
    (!text.is_empty()).then_some(text)
}
