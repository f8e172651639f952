//! Python that this language does not have: found before the grammar, so that each is one clear error.

use super::lexer::{Class, Keyword, Lexeme, Token};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::FileId;

/// The first foreign thing of a line.
pub(super) fn foreign(file: FileId, text: &str, lexemes: &[Lexeme]) -> Option<Diagnostic> {
    if let Some(found) = matching(file, lexemes) {
        return Some(found);
    }
    lexemes.iter().enumerate().find_map(|(at, lexeme)| {
        let (message, help) = match &lexeme.token {
            Token::Keyword(keyword) if keyword.class() == Class::Foreign => {
                let none = *keyword == Keyword::Is && compares_with_none(&lexemes[at..]);
                let help = if none { INSTEAD_OF_NONE } else { instead(*keyword) };
                (format!("`{}` is not part of this language", keyword.text()), help)
            }
            Token::Walrus => (
                "`:=` is not part of this language".to_owned(),
                "assign with `=` on a line of its own, before this one",
            ),
            Token::Open('{') if at > 0 && ends_line(text, lexeme) && may_open_block(&lexemes[at - 1].token) => (
                "a block does not begin with `{` in this language".to_owned(),
                "end the line with `:` and indent the block",
            ),
            Token::Open('{') => {
                ("dictionaries and sets are not part of this language".to_owned(), "use a list, a tuple or a class")
            }
            _ => return None,
        };
        Some(Diagnostic::new(Code::NotInLanguage, lexeme.span(file), message).help(help))
    })
}

/// What to do where Python would ask for `None`.
const INSTEAD_OF_NONE: &str =
    "nothing is `None` here: give the variable a value from the start, or keep a `bool` beside it";

/// Whether what begins with `is` goes on with `None` or `not None`.
fn compares_with_none(lexemes: &[Lexeme]) -> bool {
    let mut after = lexemes.iter().skip(1).map(|lexeme| &lexeme.token).filter(|token| !is_keyword(token, Keyword::Not));
    after.next().is_some_and(|token| is_keyword(token, Keyword::None))
}

fn is_keyword(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Keyword(found) if *found == keyword)
}

/// Whether a `{` after this may be meant to open a block: after an operand or the word of a block, not after `=` or `(`.
fn may_open_block(before: &Token) -> bool {
    match before {
        Token::Keyword(keyword) => keyword.class() == Class::Block,
        token => token.ends_expression(),
    }
}

fn ends_line(text: &str, lexeme: &Lexeme) -> bool {
    let after = text.get(lexeme.end as usize..).unwrap_or_default().trim_start_matches([' ', '\t']);
    after.is_empty() || after.starts_with(['\n', '\r', '#'])
}

/// `match x:` and `case 1:`, which are ordinary names everywhere else.
fn matching(file: FileId, lexemes: &[Lexeme]) -> Option<Diagnostic> {
    let [first, second, .., last] = lexemes else {
        return None;
    };
    let word = match &first.token {
        Token::Name(name) if name == "match" || name == "case" => name,
        _ => return None,
    };
    let operand = second.token.ends_expression() && !matches!(second.token, Token::Close(_) | Token::Ellipsis);
    if !operand || last.token != Token::Colon {
        return None;
    }
    let message = format!("`{word}` is not part of this language");
    Some(Diagnostic::new(Code::NotInLanguage, first.span(file), message).help("use `if`, `elif` and `else`"))
}

/// True for the head of a `match`, whose block is not worth reading.
pub(super) fn is_match(file: FileId, lexemes: &[Lexeme]) -> bool {
    matching(file, lexemes).is_some()
}

fn instead(keyword: Keyword) -> &'static str {
    match keyword {
        Keyword::Lambda => "define a function with `def` and call it by its name",
        Keyword::With => "there is nothing to open or close: data comes by `input` and goes by `output`",
        Keyword::Global | Keyword::Nonlocal => {
            "give the value to the function as a parameter, and return what changes; lists and objects can be changed"
        }
        Keyword::Del => "a variable needs no deleting; `xs.pop(i)` takes an item out of a list",
        Keyword::Async | Keyword::Await => "leave it out: the machine overlaps communication by itself",
        Keyword::Yield => "build a list and return it",
        Keyword::Is => "compare with `==` or `!=`",
        other => other.text(),
    }
}
