//! How many blank lines stand before each row, as black has them.

use super::row::{Kind, Row};
use crate::syntax::lexer::{Keyword, Token};

/// What a row is, as far as blank lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Comment,
    Decorator,
    /// The head of a function.
    Def,
    /// The head of a class.
    Class,
    /// A head that goes on with what the rows above began.
    Clause,
    Import,
    /// A text by itself.
    Text,
    Other,
}

impl Sort {
    fn of(row: &Row) -> Sort {
        let words = match &row.kind {
            Kind::Comment(_) => return Sort::Comment,
            Kind::Code(words) => words,
        };
        let alone = words.len() == 1;
        match words.first().map(|word| &word.token) {
            Some(Token::At) => Sort::Decorator,
            Some(Token::Str(_)) if alone => Sort::Text,
            Some(Token::Keyword(keyword)) => match keyword {
                Keyword::Def => Sort::Def,
                Keyword::Class => Sort::Class,
                Keyword::Elif | Keyword::Else | Keyword::Except | Keyword::Finally => Sort::Clause,
                Keyword::Import | Keyword::From => Sort::Import,
                _ => Sort::Other,
            },
            _ => Sort::Other,
        }
    }

    fn defines(self) -> bool {
        matches!(self, Sort::Decorator | Sort::Def | Sort::Class)
    }
}

/// The blank lines before each row.
pub(super) fn blanks(rows: &[Row]) -> Vec<usize> {
    let sorts: Vec<Sort> = rows.iter().map(Sort::of).collect();
    let mut lines = Lines { rows, sorts, open: Vec::new(), decorated: false };
    (0..rows.len()).map(|at| lines.before(at)).collect()
}

struct Lines<'r, 't> {
    rows: &'r [Row<'t>],
    sorts: Vec<Sort>,
    /// The depths of the functions and classes that have not ended.
    open: Vec<usize>,
    /// Whether a decorator waits for its function.
    decorated: bool,
}

impl Lines<'_, '_> {
    fn before(&mut self, at: usize) -> usize {
        let depth = self.rows[at].depth;
        let mut ended = false;
        while self.open.pop_if(|open| *open >= depth).is_some() {
            ended = true;
        }
        let blank = if at == 0 { 0 } else { self.between(at, ended) };
        match self.sorts[at] {
            Sort::Def | Sort::Class => {
                self.open.push(depth);
                self.decorated = false;
            }
            Sort::Decorator => self.decorated = true,
            Sort::Comment | Sort::Clause | Sort::Import | Sort::Text | Sort::Other => {}
        }
        blank
    }

    /// The blank lines between a row and the one before it; `ended`: a function or class ended there.
    fn between(&self, at: usize, ended: bool) -> usize {
        let (depth, before) = (self.rows[at].depth, self.rows[at - 1].depth);
        let apart = if depth == 0 { 2 } else { 1 };
        let written = self.written(at).min(apart);
        if before < depth || self.decorated || self.touches_comment(at) {
            0
        } else if self.sorts[at] == Sort::Clause {
            usize::from(ended)
        } else if ended || self.sorts[at].defines() || self.leads_definition(at) {
            apart
        } else if self.is_docstring(at - 1) {
            1
        } else if before == depth && self.sorts[at - 1] == Sort::Import && !self.leads_import(at) {
            written.max(1)
        } else {
            written
        }
    }

    /// The blank lines that stand in the text.
    fn written(&self, at: usize) -> usize {
        let gap = self.rows[at].lines.0.saturating_sub(self.rows[at - 1].lines.1 + 1);
        gap as usize
    }

    /// Whether the row before is a comment that belongs to this one.
    fn touches_comment(&self, at: usize) -> bool {
        let same = self.rows[at - 1].depth == self.rows[at].depth;
        same && self.sorts[at - 1] == Sort::Comment && self.written(at) == 0
    }

    /// Whether this is a comment, perhaps one of several lines, right above a function or class.
    fn leads_definition(&self, at: usize) -> bool {
        let run = (at + 1..self.rows.len()).take_while(|next| self.touches_comment(*next));
        let next = run.into_iter().find(|next| self.sorts[*next] != Sort::Comment);
        self.sorts[at] == Sort::Comment && next.is_some_and(|next| self.sorts[next].defines())
    }

    /// Whether this, or what comes below comments, is an import.
    fn leads_import(&self, at: usize) -> bool {
        let next = (at..self.rows.len()).find(|next| self.sorts[*next] != Sort::Comment);
        next.is_some_and(|next| self.sorts[next] == Sort::Import && self.rows[next].depth == self.rows[at].depth)
    }

    /// Whether the row is the text that opens the file or a class.
    fn is_docstring(&self, at: usize) -> bool {
        let opens = at.checked_sub(1).is_none_or(|before| self.sorts[before] == Sort::Class);
        self.sorts[at] == Sort::Text && opens
    }
}
