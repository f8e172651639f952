//! Where a blank stands between two tokens of a line.

use super::row::Word;
use crate::syntax::lexer::{Keyword, Token};

/// For each word, whether a blank stands before it.
pub(super) fn spaces(words: &[Word]) -> Vec<bool> {
    let mut frames = vec![Frame::default()];
    let mut spaces = Vec::with_capacity(words.len());
    for at in 0..words.len() {
        let frame = frames.last().copied().unwrap_or_default();
        spaces.push(at > 0 && between(words, at, frame));
        match words[at].token {
            Token::Open(sign) => frames.push(Frame::open(words, at, sign)),
            Token::Close(_) if frames.len() > 1 => drop(frames.pop()),
            Token::Comma => {
                if let Some(frame) = frames.last_mut() {
                    *frame = Frame { annotated: false, wide: frame.index && is_wide(words, at + 1), ..*frame };
                }
            }
            Token::Colon => {
                if let Some(frame) = frames.last_mut() {
                    frame.annotated = true;
                }
            }
            _ => {}
        }
    }
    spaces
}

/// The innermost bracket.
#[derive(Clone, Copy, Debug, Default)]
struct Frame {
    /// Whether it is one at all.
    bracket: bool,
    /// Whether it holds an index, so that a colon in it is that of a slice.
    index: bool,
    /// Whether the item has had a colon, so that its `=` is that of a default.
    annotated: bool,
    /// Whether the slice has operands of several tokens.
    wide: bool,
}

impl Frame {
    fn open(words: &[Word], at: usize, sign: char) -> Frame {
        let index = sign == '[' && at > 0 && words[at - 1].token.ends_expression();
        Frame { bracket: true, index, annotated: false, wide: index && is_wide(words, at + 1) }
    }
}

/// Whether the item of an index that begins at `start` has more than names, numbers and their signs between its colons.
fn is_wide(words: &[Word], start: usize) -> bool {
    for at in start..words.len() {
        match words[at].token {
            Token::Comma | Token::Close(_) => return false,
            Token::Colon | Token::Name(_) | Token::Int(_) | Token::Decimal(_) => {}
            _ if is_prefix(words, at) || is_constant(&words[at].token) => {}
            _ => return true,
        }
    }
    false
}

/// Whether a sign stands before its only operand.
pub(super) fn is_prefix(words: &[Word], at: usize) -> bool {
    match words[at].token {
        Token::Plus | Token::Minus | Token::Star | Token::Power | Token::At => {
            at == 0 || !words[at - 1].token.ends_expression()
        }
        Token::Tilde => true,
        _ => false,
    }
}

fn between(words: &[Word], at: usize, frame: Frame) -> bool {
    let (before, after) = (&words[at - 1].token, &words[at].token);
    if matches!(before, Token::Open(_)) || is_prefix(words, at - 1) {
        return false;
    }
    if at > 1 && *before == Token::Assign && is_why(&words[at - 2].token) {
        return false;
    }
    match after {
        Token::Close(_) | Token::Comma | Token::Semicolon => false,
        Token::Colon if frame.index => match before {
            Token::Comma => true,
            Token::Colon => false,
            _ => frame.wide,
        },
        Token::Colon => false,
        Token::Dot => words[at - 1].keyword().is_some() && !before.ends_expression(),
        Token::Open(_) => !before.ends_expression() && after_token(before, frame),
        Token::Assign => frame.annotated && frame.bracket || !(frame.bracket || is_why(before)),
        _ => after_token(before, frame) || before == &Token::Dot && matches!(after, Token::Keyword(_)),
    }
}

/// Whether a blank follows a token, whatever comes; unary signs and opening brackets are dealt with before.
fn after_token(before: &Token, frame: Frame) -> bool {
    match before {
        Token::Assign => frame.annotated || !frame.bracket,
        Token::Colon => !frame.index || frame.wide,
        Token::Dot | Token::Open(_) | Token::Newline | Token::ValueFollows => false,
        Token::Name(_) | Token::Int(_) | Token::Decimal(_) | Token::Str(_) | Token::FString(_) => true,
        Token::Keyword(_) | Token::Compare(_) | Token::BitOr(_) | Token::BitXor(_) | Token::BitAnd(_) => true,
        Token::Shift(_) | Token::Plus | Token::Minus | Token::Product(_) | Token::Star | Token::Slash => true,
        Token::At | Token::Power | Token::Tilde | Token::Augmented(_) | Token::Walrus | Token::Close(_) => true,
        Token::Comma | Token::Semicolon | Token::Ellipsis | Token::Arrow | Token::Bad => true,
    }
}

/// `None`, `True` and `False`
fn is_constant(token: &Token) -> bool {
    matches!(token, Token::Keyword(_)) && token.ends_expression()
}

fn is_why(token: &Token) -> bool {
    *token == Token::Keyword(Keyword::Why)
}
