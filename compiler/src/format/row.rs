//! The rows a program is written in: one for each statement, head of a block, decorator, and comment on lines of its own.

use super::comment::tidy;
use super::literal;
use crate::source::{LineIndex, Span};
use crate::syntax::Item;
use crate::syntax::lexer::{Class, Keyword, Lexeme, Token};
use std::borrow::Cow;
use std::iter::Peekable;
use std::slice::Iter;

/// A token as it is going to be written, and the comments that stand by it inside brackets.
#[derive(Debug)]
pub(super) struct Word<'t> {
    pub token: Token,
    pub text: Cow<'t, str>,
    /// Comments on lines of their own before it.
    pub above: Vec<Cow<'t, str>>,
    /// The comment after it, at the end of the line.
    pub after: Option<Cow<'t, str>>,
}

impl Word<'_> {
    /// True where a comment stands by it.
    pub fn has_comment(&self) -> bool {
        self.after.is_some() || !self.above.is_empty()
    }

    /// The keyword it is.
    pub fn keyword(&self) -> Option<Keyword> {
        match self.token {
            Token::Keyword(keyword) => Some(keyword),
            _ => None,
        }
    }
}

/// One row.
#[derive(Debug)]
pub(super) struct Row<'t> {
    /// How many blocks it stands in.
    pub depth: usize,
    /// The first and last line of text it was written on, from 1.
    pub lines: (u32, u32),
    pub kind: Kind<'t>,
    /// The comment at its end.
    pub trailing: Option<Cow<'t, str>>,
}

/// What a row holds.
#[derive(Debug)]
pub(super) enum Kind<'t> {
    /// A comment.
    Comment(Cow<'t, str>),
    /// At least one token.
    Code(Vec<Word<'t>>),
}

/// The rows of a text whose lines and comments these are.
pub(super) fn rows<'t>(text: &'t str, index: &LineIndex, items: Vec<Item>, comments: &[Span]) -> Vec<Row<'t>> {
    let comments = comments.iter().peekable();
    let mut reader = Reader { text, index, comments, rows: Vec::new(), levels: Vec::new(), depth: 0 };
    for item in items {
        match item {
            Item::Indent => reader.depth += 1,
            Item::Dedent => reader.depth -= 1,
            Item::Line(line) => reader.line(line.lexemes, line.span),
        }
    }
    reader.depth = 0;
    reader.comments_before(text.len() as u32);
    reader.rows
}

struct Reader<'t, 'r> {
    text: &'t str,
    index: &'r LineIndex,
    comments: Peekable<Iter<'r, Span>>,
    rows: Vec<Row<'t>>,
    /// The columns of the blocks the last line stands in, outermost first.
    levels: Vec<usize>,
    /// How many blocks the next line stands in.
    depth: usize,
}

impl<'t> Reader<'t, '_> {
    fn slice(&self, start: u32, end: u32) -> &'t str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The line that byte `at` stands on, its column, and what stands before it there.
    fn column(&self, at: u32) -> usize {
        self.slice(self.index.start(self.index.line(at)), at).chars().count()
    }

    fn same_line(&self, start: u32, end: u32) -> bool {
        !self.slice(start, end).contains(['\n', '\r'])
    }

    /// Comments on lines of their own. Where blocks end here, a comment belongs to the innermost block it is not left of.
    fn comments_before(&mut self, end: u32) {
        let mut depth = self.levels.len().saturating_sub(1).max(self.depth);
        while let Some(comment) = self.comments.next_if(|comment| comment.start < end) {
            let column = self.column(comment.start);
            while depth > self.depth && self.levels.get(depth).is_some_and(|level| *level > column) {
                depth -= 1;
            }
            let line = self.index.line(comment.start);
            let kind = Kind::Comment(tidy(self.slice(comment.start, comment.end)));
            self.rows.push(Row { depth, lines: (line, line), kind, trailing: None });
        }
    }

    fn line(&mut self, lexemes: Vec<Lexeme>, span: Span) {
        self.comments_before(span.start);
        self.levels.truncate(self.depth);
        self.levels.push(self.column(span.start));
        let mut words: Vec<(Word<'t>, Span)> = Vec::with_capacity(lexemes.len());
        for Lexeme { token, start, end } in lexemes {
            let above = self.comments_inside(&mut words, start);
            let text = spelled(&token, self.slice(start, end));
            words.push((Word { token, text, above, after: None }, Span { start, end, ..span }));
        }
        self.statements(words);
        if let Some(comment) = self.comments.next_if(|comment| {
            comment.start >= span.end && !self.text[span.range().end..comment.range().start].contains(['\n', '\r'])
        }) {
            let text = tidy(self.slice(comment.start, comment.end));
            if let Some(row) = self.rows.last_mut() {
                row.trailing = Some(text);
            }
        }
    }

    /// The comments between the last of `words` and the token at `end`: one on the last word's line is given to that word.
    fn comments_inside(&mut self, words: &mut [(Word<'t>, Span)], end: u32) -> Vec<Cow<'t, str>> {
        let mut above = Vec::new();
        while let Some(comment) = self.comments.next_if(|comment| comment.start < end) {
            let text = tidy(self.slice(comment.start, comment.end));
            match words.last_mut() {
                Some((word, span)) if above.is_empty() && self.same_line(span.end, comment.start) => {
                    word.after = Some(text);
                }
                Some(_) | None => above.push(text),
            }
        }
        above
    }

    /// One row for the head and each statement of a line.
    fn statements(&mut self, words: Vec<(Word<'t>, Span)>) {
        let head = words.first().and_then(|(word, _)| word.keyword());
        let mut opens = head.is_some_and(|keyword| keyword.class() == Class::Block);
        let (mut open, mut depth) = (0_usize, self.depth);
        let mut row = Vec::new();
        for (word, span) in words {
            match word.token {
                Token::Open(_) => open += 1,
                Token::Close(_) => open = open.saturating_sub(1),
                Token::Semicolon if open == 0 => {
                    self.row(&mut row, depth);
                    continue;
                }
                _ => {}
            }
            let ends_head = opens && open == 0 && word.token == Token::Colon;
            row.push((word, span));
            if ends_head {
                opens = false;
                self.row(&mut row, depth);
                depth += 1;
            }
        }
        self.row(&mut row, depth);
    }

    fn row(&mut self, words: &mut Vec<(Word<'t>, Span)>, depth: usize) {
        let (Some((_, first)), Some((_, last))) = (words.first(), words.last()) else {
            return;
        };
        let lines = (self.index.line(first.start), self.index.line(last.end.saturating_sub(1)));
        let words = words.drain(..).map(|(word, _)| word).collect();
        self.rows.push(Row { depth, lines, kind: Kind::Code(words), trailing: None });
    }
}

/// A token's text.
fn spelled<'t>(token: &Token, text: &'t str) -> Cow<'t, str> {
    match token {
        Token::Str(_) | Token::FString(_) => literal::text(text),
        Token::Int(_) => literal::integer(text),
        _ => Cow::Borrowed(text),
    }
}
