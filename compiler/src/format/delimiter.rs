//! Where what stands in brackets may be split: at the operators that bind loosest.

use super::row::Word;
use super::space::is_prefix;
use crate::syntax::lexer::{Keyword, Token};
use crate::syntax::op::{BinaryOp, BoolOp, Tier};
use std::cmp::Reverse;
use std::ops::Range;

/// How loosely a delimiter binds, tightest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A dot of a chain of calls.
    Dot,
    /// Between two texts side by side.
    Text,
    /// An operator.
    Operator(Reverse<Tier>),
    /// `if` and `else` of a conditional expression.
    Conditional,
    /// A comma.
    Comma,
    /// `for` and `if` of a comprehension.
    Clause,
}

/// The loosest delimiters of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delimiters {
    pub rank: Rank,
    /// Where each part but the first begins; at least one.
    pub starts: Vec<usize>,
}

/// The loosest delimiters of `range` outside all brackets; `close` gives the partner of each bracket.
pub(super) fn delimiters(words: &[Word], close: &[usize], range: Range<usize>) -> Option<Delimiters> {
    let mut scan = Scan { words, range: range.clone(), clauses: false, target: false };
    let mut best: Option<Delimiters> = None;
    let mut at = range.start;
    while at < range.end {
        let found = scan.delimiter(at).filter(|(_, start)| *start > range.start && *start < range.end);
        if let Some((rank, start)) = found {
            match &mut best {
                Some(best) if best.rank == rank => best.starts.push(start),
                Some(best) if best.rank > rank => {}
                _ => best = Some(Delimiters { rank, starts: vec![start] }),
            }
        }
        at = if matches!(words[at].token, Token::Open(_)) { close[at] + 1 } else { at + 1 };
    }
    // A single dot is no chain.
    best.filter(|best| best.rank != Rank::Dot || best.starts.len() > 1)
}

struct Scan<'w, 't> {
    words: &'w [Word<'t>],
    range: Range<usize>,
    /// Whether a `for` has been seen.
    clauses: bool,
    /// Whether this is between `for` and its `in`.
    target: bool,
}

impl Scan<'_, '_> {
    /// The delimiter that the word is, and where the part it begins starts.
    fn delimiter(&mut self, at: usize) -> Option<(Rank, usize)> {
        let operator = |tier| Some((Rank::Operator(Reverse(tier)), at));
        if self.target {
            self.target = self.words[at].keyword() != Some(Keyword::In);
            return None;
        }
        match &self.words[at].token {
            Token::Keyword(keyword) => self.word(*keyword, at),
            Token::Comma => Some((Rank::Comma, at + 1)),
            Token::Compare(op) => operator(op.tier()),
            Token::BitOr(op) | Token::BitXor(op) | Token::BitAnd(op) => operator(op.tier()),
            Token::Shift(op) | Token::Product(op) => operator(op.tier()),
            Token::Plus | Token::Minus | Token::Star | Token::Power | Token::At if is_prefix(self.words, at) => None,
            Token::Plus | Token::Minus => operator(BinaryOp::Add.tier()),
            Token::Star | Token::Slash | Token::At => operator(BinaryOp::Mul.tier()),
            Token::Power => operator(BinaryOp::Pow.tier()),
            Token::Str(_) | Token::FString(_) => self.follows_text(at).then_some((Rank::Text, at)),
            Token::Dot => self.chains(at).then_some((Rank::Dot, at)),
            Token::Name(_) | Token::Int(_) | Token::Decimal(_) | Token::Ellipsis | Token::Tilde => None,
            Token::Open(_) | Token::Close(_) | Token::Colon | Token::Semicolon | Token::Arrow => None,
            Token::Assign | Token::Augmented(_) | Token::Walrus => None,
            Token::Newline | Token::Bad | Token::ValueFollows => None,
        }
    }

    fn word(&mut self, keyword: Keyword, at: usize) -> Option<(Rank, usize)> {
        let rank = match keyword {
            Keyword::For => {
                (self.clauses, self.target) = (true, true);
                Rank::Clause
            }
            Keyword::If if self.clauses => Rank::Clause,
            Keyword::If | Keyword::Else => Rank::Conditional,
            Keyword::Or => Rank::Operator(Reverse(BoolOp::Or.tier())),
            Keyword::And => Rank::Operator(Reverse(BoolOp::And.tier())),
            Keyword::Not if at > self.range.start && self.words[at - 1].token.ends_expression() => {
                Rank::Operator(Reverse(Tier::Comparison))
            }
            Keyword::In if at > self.range.start && self.words[at - 1].keyword() != Some(Keyword::Not) => {
                Rank::Operator(Reverse(Tier::Comparison))
            }
            _ => return None,
        };
        Some((rank, at))
    }

    fn follows_text(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map(|before| &self.words[before].token);
        at > self.range.start && matches!(before, Some(Token::Str(_) | Token::FString(_)))
    }

    /// Whether the dot begins a further call of a chain: `f(x).g(y)`.
    fn chains(&self, at: usize) -> bool {
        let called = self.words.get(at + 2).is_some_and(|word| word.token == Token::Open('('));
        at > self.range.start && called && matches!(self.words[at - 1].token, Token::Close(_))
    }
}
