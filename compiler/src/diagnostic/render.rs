//! How diagnostics look to people. The only file that knows ariadne.

use super::{Diagnostic, Severity};
use crate::source::{Source, Sources, Span};
use ariadne::{Color, Config, Fmt, IndexType, Label, Report, ReportKind};
use std::fmt;
use std::ops::Range;

/// For people: every diagnostic with its lines of source, and a last line that counts them.
pub fn human(sources: &Sources, diagnostics: &[Diagnostic], color: bool) -> String {
    let mut cache = Shown::new(sources);
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&one(&mut cache, diagnostic, color));
        out.push('\n');
    }
    out.push_str(&count(diagnostics));
    out
}

fn count(diagnostics: &[Diagnostic]) -> String {
    let of = |severity| diagnostics.iter().filter(|found| found.severity == severity).count();
    let counted = [(of(Severity::Error), "error"), (of(Severity::Warning), "warning")];
    let parts: Vec<String> = counted
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}{}", if *number == 1 { "" } else { "s" }))
        .collect();
    if parts.is_empty() { String::new() } else { format!("{}\n", parts.join(", ")) }
}

type Place = (usize, Range<usize>);

fn one(cache: &mut Shown, diagnostic: &Diagnostic, color: bool) -> String {
    let (kind, tint) = match diagnostic.severity {
        Severity::Error => (ReportKind::Error, Color::Red),
        Severity::Warning => (ReportKind::Warning, Color::Yellow),
    };
    let config = Config::default().with_color(color).with_index_type(IndexType::Byte).with_tab_width(4);
    let mut labels: Vec<(Place, &str, Color)> = Vec::with_capacity(1 + diagnostic.labels.len());
    // A place with nothing to say is pointed at, unless a label inside it does that.
    let shown_already = diagnostic.labels.iter().any(|(span, _)| span.to(diagnostic.span) == diagnostic.span);
    match diagnostic.label.as_str() {
        "" if shown_already => {}
        "" => labels.push((cache.place(diagnostic.span), "here", tint)),
        label => labels.push((cache.place(diagnostic.span), label, tint)),
    }
    labels.extend(diagnostic.labels.iter().map(|(span, text)| (cache.place(*span), text.as_str(), Color::Cyan)));
    labels.retain(|((file, _), _, _)| *file < cache.files.len());
    // ariadne wants the labels of a file together and in order; the primary file comes first.
    let first = diagnostic.span.file.0 as usize;
    labels.sort_by_key(|((file, range), _, _)| (*file != first, *file, range.end, range.start));

    let mut report = Report::build(kind, cache.place(diagnostic.span)).with_config(config);
    for (place, text, color) in labels {
        report = report.with_label(Label::new(place).with_message(shown(text)).with_color(color));
    }
    report.with_helps(diagnostic.advice().map(shown));
    let mut bytes = Vec::new();
    // Into memory, so it cannot fail; were it to, the headline says what it can.
    let body = report.finish().write(cache, &mut bytes).map(|()| below_headline(&bytes)).unwrap_or_default();
    headline(diagnostic, tint, color) + &body
}

/// `error[E0031]: message`. ariadne has no such form, so its own first line is dropped.
fn headline(diagnostic: &Diagnostic, tint: Color, color: bool) -> String {
    let title = format!("{}[{}]", diagnostic.severity.text(), diagnostic.code);
    let message = shown(&diagnostic.message);
    if color { format!("{}: {message}\n", title.fg(tint)) } else { format!("{title}: {message}\n") }
}

fn below_headline(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().skip(1).map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Text as it may go to a terminal: what would move the cursor, or break a line where the compiler sees none,
/// becomes as many blanks as it has bytes, so that offsets stay what they are.
fn shown(text: &str) -> String {
    let blank = |c: char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || matches!(c, '\u{2028}' | '\u{2029}');
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if blank(c) { out.extend(std::iter::repeat_n(' ', c.len_utf8())) } else { out.push(c) }
    }
    out
}

/// The sources as ariadne reads them.
struct Shown {
    files: Vec<(String, ariadne::Source<String>)>,
}

impl Shown {
    fn new(sources: &Sources) -> Self {
        let file =
            |source: &Source| (shown(&source.path.to_string_lossy()), ariadne::Source::from(shown(&source.text)));
        Shown { files: sources.iter().map(|(_, source)| file(source)).collect() }
    }

    /// The span as bytes that lie inside the text, do not cut a character, and do not end with a line's end.
    fn place(&self, span: Span) -> Place {
        let file = span.file.0 as usize;
        let text = self.files.get(file).map_or("", |(_, source)| source.text());
        let start = floor(text, span.start as usize);
        let end = floor(text, span.end as usize).max(start);
        (file, start..start + text[start..end].trim_end_matches(['\n', '\r']).len())
    }
}

fn floor(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

impl ariadne::Cache<usize> for Shown {
    type Storage = String;

    fn fetch(&mut self, id: &usize) -> Result<&ariadne::Source<String>, impl fmt::Debug> {
        self.files.get(*id).map(|(_, source)| source).ok_or("a file of another compilation")
    }

    fn display<'a>(&self, id: &'a usize) -> Option<impl fmt::Display + 'a> {
        self.files.get(*id).map(|(path, _)| path.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    fn example() -> (Sources, Diagnostic) {
        let mut sources = Sources::new();
        let file = sources.add("a.mpc", "while é > 0\n    x = 1\n");
        let found = Diagnostic::new(Code::MissingColon, Span::new(file, 12, 12), "expected `:` after the condition")
            .label("here")
            .note(Span::new(file, 0, 5), "this opens a block")
            .help("write `while é > 0:`");
        (sources, found)
    }

    #[test]
    fn people_see_the_source() {
        let (sources, found) = example();
        let text = human(&sources, &[found], false);
        assert!(text.starts_with("error[E0031]: expected `:` after the condition\n"), "{text}");
        assert!(text.contains("a.mpc:1:12") && text.contains("this opens a block"), "{text}");
        assert!(text.ends_with("1 error\n"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn spans_that_do_not_fit_do_no_harm() {
        let mut sources = Sources::new();
        let file = sources.add("a\u{1b}[2J.mpc", "é\u{1b}\u{2028}\u{85}x\r\n\ty");
        for (start, end) in [(0, 0), (1, 1), (0, 99), (99, 99), (5, 2), (3, 11), (0, 9), (0, 10), (9, 10)] {
            let found = Diagnostic::new(Code::BadNumber, Span::new(file, start, end), "\u{1b}[31m").label("x");
            assert!(!human(&sources, &[found], false).contains('\u{1b}'));
        }
        let elsewhere = Diagnostic::new(Code::BadNumber, Span::new(crate::source::FileId(7), 0, 1), "gone");
        assert!(human(&sources, &[elsewhere], false).contains("gone"));
    }
}
