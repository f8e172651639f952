//! Where parentheses mean nothing: they go where they are not needed, and may come where a line is too long.

use super::layout::partners;
use super::row::Word;
use crate::syntax::lexer::{Keyword, Token};
use std::ops::Range;

/// The parts of a row that may stand in parentheses, in order.
pub(super) fn groups(words: &[Word]) -> Vec<Range<usize>> {
    let end = words.len();
    let Some(first) = words.first() else {
        return Vec::new();
    };
    let found = match first.keyword() {
        Some(keyword) => match keyword {
            Keyword::If | Keyword::Elif | Keyword::While => one(1..end.saturating_sub(1)),
            Keyword::For => after(words, Keyword::In, end - 1),
            Keyword::Return => one(1..end),
            Keyword::Assert => match top(words, |token| *token == Token::Comma).next() {
                Some(comma) => vec![1..comma, comma + 1..end],
                None => one(1..end),
            },
            Keyword::From => after(words, Keyword::Import, end),
            Keyword::Input | Keyword::Output | Keyword::Role | Keyword::Precision => Vec::new(),
            Keyword::Def | Keyword::Class | Keyword::Import | Keyword::Raise | Keyword::Except => Vec::new(),
            _ => assigned(words),
        },
        None => assigned(words),
    };
    // `import *` has no parentheses.
    let star = |group: &Range<usize>| group.len() == 1 && words[group.start].token == Token::Star;
    found.into_iter().filter(|group| group.start < group.end && !star(group)).collect()
}

/// From the first such keyword to `end`.
fn after(words: &[Word], keyword: Keyword, end: usize) -> Vec<Range<usize>> {
    top(words, |token| *token == Token::Keyword(keyword)).next().map(|at| at + 1..end).into_iter().collect()
}

fn one(group: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(group).collect()
}

/// What is assigned.
fn assigned(words: &[Word]) -> Vec<Range<usize>> {
    let last = top(words, |token| matches!(token, Token::Assign | Token::Augmented(_))).last();
    last.map(|at| at + 1..words.len()).into_iter().collect()
}

/// The place of a `=` outside brackets.
pub(super) fn assignment(words: &[Word]) -> Option<usize> {
    top(words, |token| *token == Token::Assign).next()
}

/// The places outside brackets where `wanted` holds.
fn top<'w>(words: &'w [Word], wanted: impl Fn(&Token) -> bool + 'w) -> impl Iterator<Item = usize> + 'w {
    let mut depth = 0_usize;
    words.iter().enumerate().filter_map(move |(at, word)| {
        match word.token {
            Token::Open(_) => depth += 1,
            Token::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth == 0 && wanted(&word.token)).then_some(at)
    })
}

/// Takes away parentheses that mean nothing.
pub(super) fn remove(words: &mut Vec<Word>) {
    while let Some(group) = groups(words).into_iter().rev().find(|group| is_wrapped(words, group)) {
        words.remove(group.end - 1);
        words.remove(group.start);
    }
}

/// Whether a group is one pair of parentheses, without a comment of its own, that makes no tuple.
fn is_wrapped(words: &[Word], group: &Range<usize>) -> bool {
    let (first, last) = (group.start, group.end - 1);
    let wrapped = words[first].token == Token::Open('(') && last > first + 1 && partners(words)[first] == last;
    if !wrapped || words[first].has_comment() || words[last].has_comment() {
        return false;
    }
    let inner = &words[first + 1..last];
    let names = first > 0 && words[first - 1].keyword() == Some(Keyword::Import);
    let comma = |word: &Word| word.token == Token::Comma;
    let makes = if names {
        inner.last().is_some_and(comma)
    } else {
        top(inner, |token| *token == Token::Comma).next().is_some()
    };
    !makes && !has_comment(inner)
}

/// Whether a comment stands outside the brackets among these words.
fn has_comment(words: &[Word]) -> bool {
    let mut depth = 0_usize;
    words.iter().any(|word| {
        let opens = matches!(word.token, Token::Open(_));
        let outside = depth == 0;
        match word.token {
            Token::Open(_) => depth += 1,
            Token::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        outside && !word.above.is_empty() || depth == 0 && !opens && word.after.is_some()
    })
}
