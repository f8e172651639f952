//! Where a row is split, and its text.
//!
//! A row that fits is one line. Otherwise some of its brackets, or parentheses put where they mean nothing, are opened: what they
//! hold goes on lines of its own, one level deeper, and what is between them makes the other lines. What a bracket holds is one line
//! if it fits, else it is split at its loosest [`delimiters`], and each part is laid out in the same way.

use super::choose::{Line, Opening, Place, lines};
use super::delimiter::{Delimiters, Rank, delimiters};
use super::measure::{Measures, width};
use super::optional;
use super::row::Word;
use super::{INDENT, WIDTH};
use crate::syntax::lexer::{Keyword, Token};
use std::borrow::Cow;
use std::ops::Range;

/// Writes a row of code at column `indent`; `trailing` is the comment at its end.
pub(super) fn write(out: &mut String, words: &[Word], indent: usize, trailing: Option<&str>) {
    let measures = Measures::new(words);
    let close = partners(words);
    let magic = magic(words, &close);
    let mut forced = Vec::with_capacity(words.len() + 1);
    forced.push(0);
    for at in 0..words.len() {
        forced.push(forced[at] + u32::from(magic[at]));
    }
    Layout { words, close, measures, forced, trailing, out }.row(indent);
}

/// Writes one line.
pub(super) fn line(out: &mut String, indent: usize, text: &str) {
    out.extend(std::iter::repeat_n(' ', indent));
    out.push_str(text);
    out.push('\n');
}

/// For each bracket, the place of its partner.
pub(super) fn partners(words: &[Word]) -> Vec<usize> {
    let mut partners: Vec<usize> = (0..words.len()).collect();
    let mut open = Vec::new();
    for (at, word) in words.iter().enumerate() {
        match word.token {
            Token::Open(_) => open.push(at),
            Token::Close(_) => {
                if let Some(start) = open.pop() {
                    partners[start] = at;
                    partners[at] = start;
                }
            }
            _ => {}
        }
    }
    partners
}

/// For each word, whether it opens a bracket that a comma after its last item keeps split. The comma that makes a tuple or an
/// index of one item does not.
fn magic(words: &[Word], close: &[usize]) -> Vec<bool> {
    let mut magic = vec![false; words.len()];
    let mut commas = vec![0_usize];
    for (at, word) in words.iter().enumerate() {
        match word.token {
            Token::Open(_) => commas.push(0),
            Token::Comma => {
                if let Some(count) = commas.last_mut() {
                    *count += 1;
                }
            }
            Token::Close(sign) => {
                let count = commas.pop().unwrap_or_default();
                let open = close[at];
                let before = open.checked_sub(1).map(|before| &words[before].token);
                let follows_value = before.is_some_and(Token::ends_expression);
                let imports = before == Some(&Token::Keyword(Keyword::Import));
                let several = count > 1 || imports || follows_value == (sign == ')');
                magic[open] = at > open + 1 && words[at - 1].token == Token::Comma && several;
            }
            _ => {}
        }
    }
    magic
}

pub(super) struct Layout<'l, 't> {
    pub words: &'l [Word<'t>],
    /// The partner of each bracket.
    pub close: Vec<usize>,
    pub measures: Measures,
    /// How many words before each open a bracket that must be split.
    forced: Vec<u32>,
    /// The comment at the end of the row.
    trailing: Option<&'l str>,
    out: &'l mut String,
}

impl Layout<'_, '_> {
    // ---- what fits

    /// Whether nothing in the range asks for lines of its own. Comments above it and after it do not.
    pub(super) fn is_quiet(&self, range: &Range<usize>) -> bool {
        let above = Measures::count(&self.measures.above, (range.start + 1).min(range.end)..range.end);
        let after = Measures::count(&self.measures.after, range.start..range.end.saturating_sub(1).max(range.start));
        above == 0 && after == 0 && Measures::count(&self.forced, range.clone()) == 0
    }

    /// Whether the bracket at `open` must be split.
    pub(super) fn must_open(&self, open: usize) -> bool {
        let close = self.close[open];
        let above = Measures::count(&self.measures.above, open + 1..close + 1);
        let after = Measures::count(&self.measures.after, open..close);
        above + after + Measures::count(&self.forced, open..close) > 0
    }

    pub(super) fn fits(&self, line: &Line, indent: usize) -> bool {
        let rest = line.before.len() + line.after.len();
        if Measures::count(&self.measures.tall, line.words.clone()) == 0 {
            return indent + rest + self.measures.width(&line.words) <= WIDTH;
        }
        // Texts of several lines: the first line and what follows the last must fit.
        let mut column = indent + line.before.len();
        for at in line.words.clone() {
            let text = &self.words[at].text;
            let space = usize::from(at > line.words.start && self.measures.space[at]);
            let mut parts = text.split('\n');
            column += space + parts.next().map_or(0, width);
            if let Some(last) = parts.next_back() {
                if column > WIDTH {
                    return false;
                }
                column = width(last);
            }
        }
        column + line.after.len() <= WIDTH
    }

    pub(super) fn fits_flat(&self, words: Range<usize>, indent: usize, after: &str) -> bool {
        self.is_quiet(&words) && self.fits(&Line { before: "", words, after }, indent)
    }

    // ---- rows

    fn row(&mut self, indent: usize) {
        let all = 0..self.words.len();
        let groups = optional::groups(self.words);
        let tuples = groups.iter().any(|group| self.must_split(group));
        if !tuples && self.fits_flat(all.clone(), indent, "") {
            self.emit(&Line { before: "", words: all, after: "" }, indent, self.trailing);
            return;
        }
        let rest = self.brackets_of_row();
        let openings = self.chosen(&Place { range: all.clone(), indent, after: "" }, &groups, rest);
        self.opened(all, indent, "", &openings, self.trailing);
    }

    pub(super) fn delimiters(&self, range: &Range<usize>) -> Option<Delimiters> {
        delimiters(self.words, &self.close, range.clone())
    }

    // ---- what stands in brackets

    /// Part of what a bracket holds, with `after` behind its last word.
    fn part(&mut self, range: Range<usize>, indent: usize, after: &str) {
        if range.is_empty() {
            return;
        }
        if self.fits_flat(range.clone(), indent, after) {
            self.emit(&Line { before: "", words: range, after }, indent, None);
            return;
        }
        let value = self.value(&range);
        match self.delimiters(&range) {
            Some(found) if value.is_none() || found.rank >= Rank::Comma => self.split(range, &found, indent, after),
            _ => {
                let rest = self.candidates(&range);
                let openings = self.chosen(&Place { range: range.clone(), indent, after }, value.as_slice(), rest);
                self.opened(range, indent, after, &openings, None);
            }
        }
    }

    /// What is assigned in a part, if it is an argument with a name or a parameter with a default, and has operators.
    fn value(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let at = optional::assignment(&self.words[range.clone()])? + range.start;
        let comma = usize::from(self.words[range.end - 1].token == Token::Comma);
        let value = at + 1..range.end - comma;
        (!value.is_empty() && self.delimiters(&value).is_some()).then_some(value)
    }

    fn split(&mut self, range: Range<usize>, found: &Delimiters, indent: usize, after: &str) {
        let mut start = range.start;
        for next in &found.starts {
            self.part(start..*next, indent, "");
            start = *next;
        }
        self.part(start..range.end, indent, after);
    }

    /// What an opened bracket holds.
    fn body(&mut self, opening: &Opening, indent: usize) {
        let range = opening.body.clone();
        let Some(last) = range.clone().next_back() else {
            return;
        };
        let ends = self.words[last].token == Token::Comma;
        let each = ends || self.words[0].keyword() == Some(Keyword::From);
        match self.delimiters(&range) {
            Some(found) if found.rank == Rank::Comma && (each || !self.fits_flat(range.clone(), indent, "")) => {
                let comma = if ends || !self.takes_comma(opening) { "" } else { "," };
                self.split(range, &found, indent, comma);
            }
            _ => self.part(range, indent, ""),
        }
    }

    /// Whether there may be a comma after the last item: everywhere but in the range of a port.
    fn takes_comma(&self, opening: &Opening) -> bool {
        let port = self.words[0].keyword() == Some(Keyword::Input);
        let ranges = opening.body.start.checked_sub(2).is_some_and(|at| self.words[at].keyword() == Some(Keyword::In));
        !(port && ranges)
    }

    // ---- lines

    /// Writes a range with some of its brackets open.
    fn opened(
        &mut self,
        range: Range<usize>,
        indent: usize,
        after: &str,
        openings: &[Opening],
        trailing: Option<&str>,
    ) {
        let mut lines = lines(&range, after, openings).into_iter();
        if let Some(first) = lines.next() {
            self.emit(&first, indent, trailing.filter(|_| openings.is_empty()));
        }
        for (at, (opening, line)) in openings.iter().zip(lines).enumerate() {
            self.body(opening, indent + INDENT);
            self.emit(&line, indent, trailing.filter(|_| at + 1 == openings.len()));
        }
    }

    /// Writes a line, and the comments that stand by its words: one that ends it after it, the others above.
    fn emit(&mut self, line: &Line, indent: usize, trailing: Option<&str>) {
        let words = &self.words[line.words.clone()];
        let closes = !line.before.is_empty() || words.first().is_some_and(|word| matches!(word.token, Token::Close(_)));
        let (above, after) = comments(words);
        for comment in above {
            self::line(self.out, if closes { indent + INDENT } else { indent }, comment);
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push_str(line.before);
        for (at, word) in line.words.clone().zip(words) {
            if self.measures.space[at] && (at > line.words.start || !line.before.is_empty()) {
                self.out.push(' ');
            }
            self.out.push_str(&word.text);
        }
        self.out.push_str(line.after);
        for comment in after.into_iter().chain(trailing) {
            self.out.push_str("  ");
            self.out.push_str(comment);
        }
        self.out.push('\n');
    }
}

/// The comments of the words of one line: those above it, and the one at its end. Others have been moved by [`super::settle`].
fn comments<'w>(words: &'w [Word]) -> (Vec<&'w str>, Option<&'w str>) {
    let (last, rest) = match words.split_last() {
        Some((last, rest)) => (Some(last), rest),
        None => (None, words),
    };
    let mut above: Vec<&str> = Vec::new();
    for word in rest.iter().chain(last) {
        above.extend(word.above.iter().map(Cow::as_ref));
    }
    above.extend(rest.iter().filter_map(|word| word.after.as_deref()));
    (above, last.and_then(|last| last.after.as_deref()))
}
