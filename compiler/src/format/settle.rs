//! Where comments inside brackets go: to places that stay the ends and beginnings of lines however the brackets are split.
//!
//! Such a place is above the first word of an item or of an operand with its operator, above a closing bracket, after the word
//! before one of these, and after an opening bracket. A comment elsewhere goes up to the beginning of its part, but never past
//! another comment: where one stands in a bracket before it, it goes in there as the last.

use super::delimiter::{Rank, delimiters};
use super::layout::partners;
use super::row::Word;
use crate::syntax::lexer::Token;
use std::ops::Range;

/// What begins at a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// Nothing that can be split off.
    None,
    /// An item, or the whole of what a bracket holds.
    Item,
    /// An operand with the operator before it.
    Operator,
}

/// Moves the comments of a row to where they stay.
pub(super) fn settle(words: &mut [Word]) {
    if !words.iter().any(Word::has_comment) {
        return;
    }
    let close = partners(words);
    let starts = starts(words, &close);
    let mut settler = Settler { words, close, starts };
    for at in 0..settler.words.len() {
        settler.above(at);
        settler.after(at);
    }
}

/// Every place where layout may split.
fn starts(words: &[Word], close: &[usize]) -> Vec<Start> {
    let mut starts = vec![Start::None; words.len()];
    let open = |at: &usize| matches!(words[*at].token, Token::Open(_));
    let mut ranges: Vec<Range<usize>> = (0..words.len()).filter(open).map(|at| at + 1..close[at]).collect();
    ranges.iter().filter(|range| !range.is_empty()).for_each(|range| starts[range.start] = Start::Item);
    while let Some(range) = ranges.pop() {
        let Some(found) = delimiters(words, close, range.clone()) else { continue };
        let mut start = range.start;
        for next in found.starts.into_iter().chain([range.end]) {
            if next < range.end {
                starts[next] = if found.rank == Rank::Comma { Start::Item } else { Start::Operator };
            }
            ranges.push(start..next);
            start = next;
        }
    }
    starts
}

struct Settler<'w, 't> {
    words: &'w mut [Word<'t>],
    close: Vec<usize>,
    starts: Vec<Start>,
}

impl Settler<'_, '_> {
    fn is_close(&self, at: usize) -> bool {
        matches!(self.words[at].token, Token::Close(_))
    }

    fn is_open(&self, at: usize) -> bool {
        matches!(self.words[at].token, Token::Open(_))
    }

    /// Whether a line ends after the word, once its bracket is split as far as it can be.
    fn ends_part(&self, at: usize) -> bool {
        let next = at + 1;
        self.is_open(at) || next < self.words.len() && (self.starts[next] != Start::None || self.is_close(next))
    }

    /// The comments above a word.
    fn above(&mut self, at: usize) {
        if self.words[at].above.is_empty() || self.starts[at] != Start::None || self.is_close(at) {
            return;
        }
        let comments = std::mem::take(&mut self.words[at].above);
        let place = self.place(at);
        self.words[place].above.extend(comments);
    }

    /// The comment after a word.
    fn after(&mut self, at: usize) {
        if self.words[at].after.is_none() {
            return;
        }
        let free = |word: &Word| word.after.is_none();
        if at > 0 && self.is_operator(at) && self.words[at].above.is_empty() && free(&self.words[at - 1]) {
            // Lines are split before operators: a comment after one is on what stands before it.
            self.words[at - 1].after = self.words[at].after.take();
        } else if !self.ends_part(at) {
            let next = at + 1;
            let comma = self.words.get(next).is_some_and(|word| word.token == Token::Comma && !word.has_comment());
            let comment = self.words[at].after.take();
            if comma && self.ends_part(next) {
                self.words[next].after = comment;
            } else {
                let place = self.place(at);
                self.words[place].above.extend(comment);
            }
        }
    }

    /// Whether a part begins with this operator.
    fn is_operator(&self, at: usize) -> bool {
        self.starts[at] == Start::Operator && !self.words[at].token.ends_expression()
    }

    /// The word above which a comment at `at` goes.
    fn place(&self, mut at: usize) -> usize {
        loop {
            if self.starts[at] != Start::None {
                return at;
            }
            if self.is_close(at) {
                let open = self.close[at];
                if self.words[open].after.is_some()
                    || self.words[open + 1..at].iter().any(Word::has_comment)
                    || !self.words[at].above.is_empty()
                {
                    return at;
                }
                at = open;
            } else if at == 0 {
                return at;
            } else {
                at -= 1;
            }
        }
    }
}
