//! The formatter: one way to lay out a program, whatever way it was written.
//!
//! What it does, after black and ruff: four spaces a level; a blank on each side of an operator, none round the `=` of a keyword
//! argument; texts in double quotes unless that needs more escapes; one statement a line; two blank lines round functions and
//! classes at the top, one round methods, otherwise the writer's own up to two at the top and one inside blocks. A line has at most
//! [`WIDTH`] columns: a longer one is split at its brackets, first with all they hold on one line, then with an item a line and a
//! comma after the last; what has no brackets to split gets parentheses, and parentheses that are not needed go. Brackets whose
//! last item has a comma after it stay split. Ports and roles in adjacent lines are not aligned in columns.
//!
//! It works on tokens, not on the tree, which keeps neither comments nor parentheses: [`row`] finds statements and comments,
//! [`literal`] words texts, [`blank`] says what blank lines stand between them, [`space`] what blanks between tokens; [`optional`]
//! knows where parentheses may come and go, [`settle`] where comments
//! stay put, [`delimiter`] where brackets may be split; [`choose`] decides what is split and [`layout`] writes.
//!
//! Invariants: formatting twice gives what formatting once gives; the tree stays the same but for spans, which is checked each time;
//! every comment stays, in its order; numbers and the values of texts are as they were. Comments are never broken, and a comment
//! never makes the code before it break.

mod blank;
mod choose;
mod comment;
mod delimiter;
mod diff;
mod layout;
mod literal;
mod measure;
mod optional;
mod row;
mod settle;
mod space;

pub use diff::unified;

use crate::diagnostic::{Code, Diagnostic, any_error};
use crate::source::{FileId, LineIndex, Span};
use crate::syntax;
use row::{Kind, Row};

/// The most columns a line of code has where it can be split.
pub const WIDTH: usize = 100;

/// Columns of one level.
const INDENT: usize = 4;

/// Formats a program. Lines of the result end in `\n`.
///
/// # Errors
/// The diagnostics of a text that does not parse.
pub fn format(file: FileId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (module, found) = syntax::parse(file, text);
    if any_error(&found) {
        return Err(found);
    }
    let formatted = formatted(file, text);
    if formatted == text {
        return Ok(formatted);
    }
    let (again, found) = syntax::parse(file, &formatted);
    if any_error(&found) || again.to_string() != module.to_string() {
        let message = "the formatter would change what this program means, and leaves it as it is";
        let own = Diagnostic::new(Code::Internal, Span::new(file, 0, 0), message);
        return Err(vec![own.help("this is a mistake of the formatter: please report it with the program")]);
    }
    Ok(formatted)
}

/// The layout of a text that parses.
fn formatted(file: FileId, text: &str) -> String {
    let (items, comments) = syntax::lines(file, text);
    let mut rows = row::rows(text, &LineIndex::new(text), items, &comments);
    for row in &mut rows {
        if let Kind::Code(words) = &mut row.kind {
            settle::settle(words);
            optional::remove(words);
        }
    }
    let blanks = blank::blanks(&rows);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for (row, blank) in rows.iter().zip(blanks) {
        out.extend(std::iter::repeat_n('\n', blank));
        write(&mut out, row);
    }
    out
}

fn write(out: &mut String, row: &Row) {
    match &row.kind {
        Kind::Comment(text) => layout::line(out, row.depth * INDENT, text),
        Kind::Code(words) => layout::write(out, words, row.depth * INDENT, row.trailing.as_deref()),
    }
}
