//! What to say when a line does not parse: what was expected in a reader's terms, and how to mend it.

use super::lexer::{Class, Keyword, Lexeme, Token};
use super::line::Misfit;
use super::op::CompareOp;
use super::place;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// Tokens that go on with an expression that could end here.
const CONTINUES: &[&str] = &[
    "or",
    "and",
    "not",
    "if",
    "for",
    "in",
    "comparison",
    "bit or",
    "bit xor",
    "bit and",
    "shift",
    "+",
    "-",
    "*",
    "/",
    "@",
    "product",
    "**",
    ".",
    "(",
    "[",
    "text",
    "f-string",
    "augmented",
];

/// Tokens that show that an expression could end here: no operand begins with them.
const OPERATORS: &[&str] = &["or", "and", "comparison", "bit or", "bit xor", "bit and", "product", "/"];

/// A line that is being read.
pub(super) struct Reading<'l> {
    pub file: FileId,
    pub lexemes: &'l [Lexeme],
}

impl Reading<'_> {
    /// The diagnostic for something that did not fit.
    pub fn explain(&self, misfit: Misfit) -> Diagnostic {
        let (start, end) = place(&misfit);
        let span = Span::new(self.file, start, end);
        let (expected, found) = match &misfit {
            Misfit::UnrecognizedToken { token, expected } => (names(expected), token.1.describe()),
            Misfit::UnrecognizedEof { expected, .. } => (names(expected), self.end()),
            Misfit::ExtraToken { token } => (Vec::new(), token.1.describe()),
            Misfit::InvalidToken { .. } | Misfit::User { .. } => (Vec::new(), self.end()),
        };
        if found == "`=`" && self.compares(start) {
            return assign_in_condition(span);
        }
        let lacks_comma = expected.contains(&",") && self.begins_item(start) && !self.open(start).is_empty();
        let closes = expected.iter().any(|name| matches!(*name, ")" | "]"));
        let expected = self.listed(&expected);
        let mut diagnostic =
            Diagnostic::new(Code::UnexpectedToken, span, format!("expected {expected}, found {found}"));
        if let Some(open) = self.open(start).last().filter(|_| closes) {
            diagnostic = diagnostic.note(open.span(self.file), "inside this bracket");
        }
        if let Some((word, meant)) = self.misspelled() {
            return diagnostic.meant(word, meant);
        }
        match (self.hint(start), self.before(start)) {
            (Some(help), _) => diagnostic.help(help),
            (None, Some(before)) if lacks_comma => {
                diagnostic.fix("put a comma between the two", [(before.span(self.file).after(), ",")])
            }
            _ => diagnostic,
        }
    }

    /// The tokens of the line with the mistake mended, and the diagnostic for it.
    pub fn repair(&self, misfit: &Misfit) -> Option<(Vec<Lexeme>, Diagnostic)> {
        let (start, end) = place(misfit);
        let span = Span::new(self.file, start, end);
        let expected = match misfit {
            Misfit::UnrecognizedToken { expected, .. } | Misfit::UnrecognizedEof { expected, .. } => names(expected),
            Misfit::InvalidToken { .. } | Misfit::ExtraToken { .. } | Misfit::User { .. } => return None,
        };
        let at = self.lexemes.iter().position(|lexeme| lexeme.start >= start && lexeme.end > start);
        let mut mended = self.lexemes.to_vec();
        let token = at.map(|at| &self.lexemes[at].token);
        match (self.head(), token, at) {
            (Some(Keyword::Else), Some(Token::Keyword(Keyword::If)), Some(1)) => {
                mended.remove(0);
                mended[0].token = Token::Keyword(Keyword::Elif);
                let place = self.lexemes[0].span(self.file).to(span);
                let found = Diagnostic::new(Code::UnexpectedToken, place, "`else if` is one word in this language");
                Some((mended, found.fix("write `elif`", [(place, "elif")])))
            }
            (Some(Keyword::If | Keyword::Elif | Keyword::While), Some(Token::Assign), Some(at)) => {
                mended[at].token = Token::Compare(CompareOp::Eq);
                Some((mended, assign_in_condition(span)))
            }
            (Some(head), _, at) if self.lacks_colon(head, start) && expected.contains(&":") => {
                let after = self.before(start).map_or(start, |lexeme| lexeme.end);
                let colon = Lexeme { token: Token::Colon, start: after, end: after };
                mended.insert(at.unwrap_or(mended.len()), colon);
                Some((mended, self.missing_colon(head, after)))
            }
            _ => None,
        }
    }

    /// Whether a line that begins with `head` has no colon where one is expected at `offset`.
    fn lacks_colon(&self, head: Keyword, offset: u32) -> bool {
        let ends = self.lexemes.last().is_some_and(|lexeme| lexeme.token == Token::Colon);
        head.class() == Class::Block && !ends && self.open(offset).is_empty()
    }

    fn missing_colon(&self, head: Keyword, after: u32) -> Diagnostic {
        let what = match head {
            Keyword::If | Keyword::Elif | Keyword::While => "the condition".to_owned(),
            Keyword::For => "what the `for` goes through".to_owned(),
            Keyword::Def => "the head of the function".to_owned(),
            Keyword::Class => "the head of the class".to_owned(),
            other => format!("`{}`", other.text()),
        };
        let span = Span::new(self.file, after, after);
        let opens = self.lexemes.first().map_or(span, |lexeme| lexeme.span(self.file));
        Diagnostic::new(Code::MissingColon, span, format!("expected `:` after {what}"))
            .label("add `:` here")
            .note(opens, "this line opens a block")
            .fix("add `:` here", [(span, ":")])
    }

    /// The keyword the line begins with.
    fn head(&self) -> Option<Keyword> {
        match self.lexemes.first()?.token {
            Token::Keyword(keyword) => Some(keyword),
            _ => None,
        }
    }

    /// The last token that ends at or before `offset`.
    fn before(&self, offset: u32) -> Option<&Lexeme> {
        self.lexemes.iter().rev().find(|lexeme| lexeme.end <= offset && lexeme.end > lexeme.start)
    }

    fn end(&self) -> String {
        let value = self.lexemes.first().is_some_and(|lexeme| lexeme.token == Token::ValueFollows);
        if value { "the end of the expression".to_owned() } else { "the end of the line".to_owned() }
    }

    /// Whether a `=` at `offset` was meant to compare: it is in a condition or inside brackets.
    fn compares(&self, offset: u32) -> bool {
        let condition = matches!(self.head(), Some(Keyword::If | Keyword::Elif | Keyword::While | Keyword::Assert));
        let port = matches!(self.head(), Some(Keyword::Input | Keyword::Output));
        condition || (!port && !self.open(offset).is_empty())
    }

    /// The brackets that are open at `offset`, outermost first.
    fn open(&self, offset: u32) -> Vec<&Lexeme> {
        let mut open = Vec::new();
        for lexeme in self.lexemes.iter().take_while(|lexeme| lexeme.start < offset) {
            match lexeme.token {
                Token::Open(_) => open.push(lexeme),
                Token::Close(_) => drop(open.pop()),
                _ => {}
            }
        }
        open
    }

    /// Whether the token at `offset` begins an item rather than going on with one.
    fn begins_item(&self, offset: u32) -> bool {
        let found = self.lexemes.iter().find(|lexeme| lexeme.start >= offset);
        found.is_some_and(|lexeme| {
            matches!(
                lexeme.token,
                Token::Name(_) | Token::Int(_) | Token::Decimal(_) | Token::Str(_) | Token::FString(_)
            )
        })
    }

    /// Help for what people bring from other languages.
    fn hint(&self, offset: u32) -> Option<&'static str> {
        let at = self.lexemes.iter().position(|lexeme| lexeme.start >= offset);
        let found = at.map(|at| &self.lexemes[at].token);
        match (self.before(offset).map(|lexeme| &lexeme.token), found) {
            (Some(Token::Name(name)), Some(Token::Str(_) | Token::FString(_) | Token::Name(_))) if name == "print" => {
                Some("`print` is a function: `print(…)`")
            }
            (Some(Token::BitAnd(_)), Some(Token::BitAnd(_))) => Some("write `and`"),
            (Some(Token::BitOr(_)), Some(Token::BitOr(_))) => Some("write `or`"),
            (Some(Token::Plus), None) if self.ends_with(&[Token::Plus, Token::Plus]) => Some("write `x += 1`"),
            (Some(Token::Minus), None) if self.ends_with(&[Token::Minus, Token::Minus]) => Some("write `x -= 1`"),
            (Some(Token::Compare(CompareOp::Lt)), Some(Token::Compare(CompareOp::Gt))) => Some("write `!=`"),
            (_, Some(Token::BitOr(_))) if self.head() == Some(Keyword::Def) => {
                Some("a parameter has one type; without one, it takes every type it can work with")
            }
            (_, Some(Token::Assign)) if self.head() == Some(Keyword::Def) => {
                Some("the type of the result stands after `->`: `def f(x) -> int:`")
            }
            (Some(Token::Name(_)), Some(Token::Colon)) if self.head() == Some(Keyword::Def) => {
                Some("the parameters stand in brackets, even where there are none: `def f():`")
            }
            (_, Some(Token::Comma)) if self.head() == Some(Keyword::Except) => {
                Some("write `except ValueError as error:`; several classes stand in brackets: `except (A, B):`")
            }
            (Some(Token::Name(name)), Some(Token::Name(_))) if at == Some(1) => declared_like_in_c(name),
            (_, Some(Token::Keyword(keyword))) if keyword.class() != Class::Inner => {
                Some("this is a word of the language; a variable needs another name")
            }
            _ => None,
        }
    }

    /// Help for a line that looks like the head of a block whose first word is none: `esle:`.
    fn misspelled(&self) -> Option<(Span, &'static str)> {
        let (first, last) = (self.lexemes.first()?, self.lexemes.last()?);
        let Token::Name(word) = &first.token else {
            return None;
        };
        let heads = Keyword::ALL.iter().filter(|keyword| keyword.class() == Class::Block);
        let meant = heads.map(|keyword| keyword.text()).find(|keyword| resembles(word, keyword))?;
        (last.token == Token::Colon).then(|| (first.span(self.file), meant))
    }

    fn ends_with(&self, tokens: &[Token]) -> bool {
        let last = self.lexemes.iter().rev().map(|lexeme| &lexeme.token);
        self.lexemes.len() > tokens.len() && tokens.iter().rev().eq(last.take(tokens.len()))
    }

    /// The expected things as a list for people.
    fn listed(&self, expected: &[&str]) -> String {
        let has = |name: &str| expected.contains(&name);
        let kept: Vec<String> = if has("pass") {
            vec!["a statement".into()]
        } else if has("int") {
            let closers = expected.iter().filter(|name| matches!(**name, ")" | "]")).map(|name| format!("`{name}`"));
            std::iter::once("an expression".to_owned()).chain(closers).collect()
        } else {
            self.following(expected)
        };
        match kept.split_last() {
            None => self.end(),
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        }
    }

    /// What may follow where no operand is expected: the signs and words that are not operators, or that there may
    /// be an operator, and that the line may end.
    fn following(&self, expected: &[&str]) -> Vec<String> {
        let has = |name: &str| expected.contains(&name);
        let operator = OPERATORS.iter().any(|name| has(name));
        let goes_on = |name: &str| match name {
            "in" => has("comparison") || self.head() == Some(Keyword::Output),
            "(" => has("."),
            "[" => has(".") || has(","),
            "=" => operator && (has(")") || has(";")) || self.head() == Some(Keyword::Output),
            ";" => true,
            "," | ":" => operator && has(";"),
            "from" => self.head() == Some(Keyword::Output),
            "to" => self.head() == Some(Keyword::Input),
            "name" => false,
            name => CONTINUES.contains(&name),
        };
        let mut kept: Vec<String> = expected.iter().filter(|name| !goes_on(name)).map(|name| quoted(name)).collect();
        if has(";") {
            kept.push(self.end());
        }
        if kept.is_empty() {
            kept.push(self.end());
        }
        if operator && (has(";") || kept.len() == 1 && kept[0] == self.end()) {
            kept.insert(0, "an operator".to_owned());
        }
        kept
    }
}

/// Help for `int x = 3` and `let x = 3`.
fn declared_like_in_c(first: &str) -> Option<&'static str> {
    match first {
        "int" | "float" | "double" | "long" | "bool" | "string" | "str" | "sint" | "sfix" | "sbool" | "fix" => {
            Some("a type stands after the name, or nowhere: `x: int = 3`, `x = 3`")
        }
        "let" | "var" | "const" | "auto" => Some("leave this word out: `x = 3` makes the variable"),
        _ => None,
    }
}

/// Whether two words have the same letters in another order, or differ by one letter.
fn resembles(word: &str, keyword: &str) -> bool {
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    let (a, b): (Vec<char>, Vec<char>) = (word.chars().collect(), keyword.chars().collect());
    let before = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let after = a[before..].iter().rev().zip(b[before..].iter().rev()).take_while(|(a, b)| a == b).count();
    sorted(word) == sorted(keyword) || a.len().max(b.len()) - before - after <= 1
}

/// The names of terminals without lalrpop's quotes.
fn names(expected: &[String]) -> Vec<&str> {
    expected.iter().map(|name| name.trim_matches('"')).collect()
}

fn quoted(name: &str) -> String {
    match name {
        "name" => "a name".to_owned(),
        "text" | "f-string" => "a text".to_owned(),
        "augmented" | "comparison" | "product" | "shift" => "an operator".to_owned(),
        sign => format!("`{sign}`"),
    }
}

fn assign_in_condition(span: Span) -> Diagnostic {
    Diagnostic::new(Code::AssignInCondition, span, "`=` assigns; it cannot stand in an expression")
        .fix("write `==` to compare", [(span, "==")])
}
