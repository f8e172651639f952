//! From text to tokens, by logos. Total: every byte is in a token, skipped, or reported.

use super::ast::Decimal;
use super::literal::{self, Fragment};
use super::op::{BinaryOp, CompareOp};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use logos::Logos;

macro_rules! keywords {
    ($( $name:ident $text:literal $class:ident; )*) => {
        /// A word with a meaning of its own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Keyword { $( #[doc = concat!("`", $text, "`")] $name, )* }

        impl Keyword {
            /// Every keyword.
            pub const ALL: &'static [Keyword] = &[$( Keyword::$name ),*];

            /// The word.
            pub fn text(self) -> &'static str {
                match self { $( Keyword::$name => $text, )* }
            }

            /// What kind of word it is.
            pub fn class(self) -> Class {
                match self { $( Keyword::$name => Class::$class, )* }
            }
        }
    };
}

/// What kind of word a keyword is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Begins a line that opens a block.
    Block,
    /// Begins a statement and can stand nowhere else.
    Statement,
    /// Stands inside statements.
    Inner,
    /// A word of Python that this language does not have.
    Foreign,
    /// A keyword only at its place in a port, role or precision statement; a name elsewhere.
    Soft,
}

keywords! {
    If "if" Block; Elif "elif" Block; Else "else" Block; For "for" Block; While "while" Block;
    Def "def" Block; Class "class" Block; Try "try" Block; Except "except" Block; Finally "finally" Block;
    Break "break" Statement; Continue "continue" Statement; Pass "pass" Statement; Return "return" Statement;
    Assert "assert" Statement; Raise "raise" Statement; Import "import" Statement;
    From "from" Inner; In "in" Inner; As "as" Inner; And "and" Inner; Or "or" Inner; Not "not" Inner;
    True "True" Inner; False "False" Inner; None "None" Inner;
    Lambda "lambda" Foreign; With "with" Foreign; Global "global" Foreign; Nonlocal "nonlocal" Foreign;
    Del "del" Foreign; Async "async" Foreign; Await "await" Foreign; Yield "yield" Foreign; Is "is" Foreign;
    Input "input" Soft; Output "output" Soft; Role "role" Soft; Precision "precision" Soft;
    To "to" Soft; Why "why" Soft;
}

impl Keyword {
    /// The keyword that is always one and is written `word`.
    pub fn find(word: &str) -> Option<Keyword> {
        Keyword::ALL.iter().copied().find(|keyword| keyword.class() != Class::Soft && keyword.text() == word)
    }
}

/// A token. Operators are sorted into tiers, so that the grammar and its errors name a tier, not each operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// An identifier.
    Name(String),
    /// An integer.
    Int(u128),
    /// A decimal number.
    Decimal(Decimal),
    /// A text.
    Str(String),
    /// An f-string, cut at its braces.
    FString(Vec<Fragment>),
    /// A word with a meaning.
    Keyword(Keyword),
    /// A comparison written with signs.
    Compare(CompareOp),
    /// `|`
    BitOr(BinaryOp),
    /// `^`
    BitXor(BinaryOp),
    /// `&`
    BitAnd(BinaryOp),
    /// `<<`, `>>`
    Shift(BinaryOp),
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// Operators like `*` that have no other use: `//`, `%`
    Product(BinaryOp),
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `@`
    At,
    /// `**`
    Power,
    /// `~`
    Tilde,
    /// `+=`, `-=`, …
    Augmented(BinaryOp),
    /// `=`
    Assign,
    /// `:=`
    Walrus,
    /// `(`, `[`, `{`
    Open(char),
    /// `)`, `]`, `}`
    Close(char),
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `;`
    Semicolon,
    /// `.`
    Dot,
    /// `...`
    Ellipsis,
    /// `->`
    Arrow,
    /// The end of a line of text.
    Newline,
    /// Something that has been reported.
    Bad,
    /// Put by the parser before the tokens of an f-string's expression, which is not a statement.
    ValueFollows,
}

/// Signs that are no operator. With `op`'s tables, all signs there are.
const SIGNS: &[(&str, Token)] = &[
    ("...", Token::Ellipsis),
    ("->", Token::Arrow),
    (":=", Token::Walrus),
    ("=", Token::Assign),
    ("~", Token::Tilde),
    (",", Token::Comma),
    (":", Token::Colon),
    (";", Token::Semicolon),
    (".", Token::Dot),
    ("(", Token::Open('(')),
    ("[", Token::Open('[')),
    ("{", Token::Open('{')),
    (")", Token::Close(')')),
    ("]", Token::Close(']')),
    ("}", Token::Close('}')),
];

fn binary(op: BinaryOp) -> Token {
    match op {
        BinaryOp::BitOr => Token::BitOr(op),
        BinaryOp::BitXor => Token::BitXor(op),
        BinaryOp::BitAnd => Token::BitAnd(op),
        BinaryOp::Shl | BinaryOp::Shr => Token::Shift(op),
        BinaryOp::Add => Token::Plus,
        BinaryOp::Sub => Token::Minus,
        BinaryOp::Mul => Token::Star,
        BinaryOp::MatMul => Token::At,
        BinaryOp::Div => Token::Slash,
        BinaryOp::FloorDiv | BinaryOp::Mod => Token::Product(op),
        BinaryOp::Pow => Token::Power,
    }
}

/// The longest sign that `rest` begins with, and its length.
fn sign(rest: &str) -> Option<(Token, usize)> {
    let augmented = |op: &BinaryOp| rest.strip_prefix(op.text()).is_some_and(|after| after.starts_with('='));
    let plain =
        SIGNS.iter().filter(|(text, _)| rest.starts_with(text)).map(|(text, token)| (token.clone(), text.len()));
    let compared = CompareOp::ALL.iter().filter(|op| rest.starts_with(op.text()));
    let operators = BinaryOp::ALL.iter().filter(|op| rest.starts_with(op.text()));
    let assigning = BinaryOp::ALL.iter().filter(|op| augmented(op));
    plain
        .chain(compared.map(|&op| (Token::Compare(op), op.text().len())))
        .chain(operators.map(|&op| (binary(op), op.text().len())))
        .chain(assigning.map(|&op| (Token::Augmented(op), op.text().len() + 1)))
        .max_by_key(|(_, length)| *length)
}

impl Token {
    /// How a message names it.
    pub fn describe(&self) -> String {
        match self {
            Token::Name(name) => format!("`{name}`"),
            Token::Int(value) => format!("`{value}`"),
            Token::Decimal(value) => format!("`{}`", value.text),
            Token::Str(_) => "a text".into(),
            Token::FString(_) => "an f-string".into(),
            Token::Keyword(keyword) => format!("`{}`", keyword.text()),
            Token::Compare(op) => format!("`{op}`"),
            Token::BitOr(op) | Token::BitXor(op) | Token::BitAnd(op) => format!("`{op}`"),
            Token::Shift(op) | Token::Product(op) => format!("`{op}`"),
            Token::Augmented(op) => format!("`{op}=`"),
            Token::Open(sign) | Token::Close(sign) => format!("`{sign}`"),
            Token::Newline | Token::Bad | Token::ValueFollows => "the end of the line".into(),
            other => {
                let sign = SIGNS.iter().find(|(_, token)| token == other).map(|(text, _)| *text);
                let operator = || BinaryOp::ALL.iter().find(|op| binary(**op) == *other).map(|op| op.text());
                format!("`{}`", sign.or_else(operator).unwrap_or_default())
            }
        }
    }

    /// True for a token after which an expression is complete, so that what follows continues or ends it.
    pub fn ends_expression(&self) -> bool {
        match self {
            Token::Name(_) | Token::Int(_) | Token::Decimal(_) | Token::Str(_) | Token::FString(_) => true,
            Token::Keyword(keyword) => matches!(keyword, Keyword::True | Keyword::False | Keyword::None),
            Token::Close(_) | Token::Ellipsis => true,
            Token::Compare(_) | Token::BitOr(_) | Token::BitXor(_) | Token::BitAnd(_) | Token::Shift(_) => false,
            Token::Plus | Token::Minus | Token::Product(_) | Token::Star | Token::Slash | Token::At => false,
            Token::Power | Token::Tilde | Token::Augmented(_) | Token::Assign | Token::Walrus | Token::Open(_) => false,
            Token::Comma | Token::Colon | Token::Semicolon | Token::Dot | Token::Arrow => false,
            Token::Newline | Token::Bad | Token::ValueFollows => false,
        }
    }
}

/// A token and its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Lexeme {
    /// The token.
    pub token: Token,
    /// Offset of its first byte in the file.
    pub start: u32,
    /// Offset after its last byte.
    pub end: u32,
}

impl Lexeme {
    /// Where it stands.
    pub fn span(&self, file: FileId) -> Span {
        Span::new(file, self.start, self.end)
    }
}

/// What the lexer finds in a text.
#[derive(Debug, Default)]
pub struct Lexed {
    /// The tokens, ends of lines among them.
    pub lexemes: Vec<Lexeme>,
    /// The comments, from `#` to the end of the line.
    pub comments: Vec<Span>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Logos, Clone, Copy, Debug, PartialEq)]
enum Raw {
    #[regex(r"[ \t\x0c\u{feff}]+")]
    Blank,
    #[regex(r"\\(\r\n|\n|\r)")]
    Continuation,
    #[regex(r"#[^\r\n]*", allow_greedy = true)]
    Comment,
    #[regex(r"\r\n|\n|\r")]
    Newline,
    #[regex(r"[\p{XID_Start}_]\p{XID_Continue}*", priority = 2)]
    Word,
    #[regex(r"[0-9][0-9A-Za-z_]*", priority = 10)]
    #[regex(r"([0-9][0-9_]*)?\.[0-9][0-9_]*([eE][+-]?[0-9][0-9_]*)?[A-Za-z_]*", priority = 9)]
    #[regex(r"[0-9][0-9_]*\.([eE][+-]?[0-9][0-9_]*)?", priority = 8)]
    #[regex(r"[0-9][0-9_]*[eE][+-][0-9][0-9_]*", priority = 7)]
    Number,
    #[regex(r#"[rRfFbBuU]?[rRfFbBuU]?("|')"#, priority = 20)]
    Quote,
    #[regex(r"[-+*/%@<>&|^~=!:;,.()\[\]{}]", priority = 5)]
    Sign,
}

/// The tokens of bytes `start..end` of `text`, which must lie on character boundaries.
pub fn lex(file: FileId, text: &str, start: u32, end: u32) -> Lexed {
    let mut lexed = Lexed::default();
    let part = text.get(start as usize..end as usize).unwrap_or_default();
    let mut raws = Raw::lexer(part);
    // One unknown character a line is reported: foreign quotes come in pairs, and binary files in thousands.
    let mut garbled = false;
    while let Some(raw) = raws.next() {
        let from = start + raws.span().start as u32;
        let token = match raw {
            Ok(Raw::Blank | Raw::Continuation) => continue,
            Ok(Raw::Comment) => {
                lexed.comments.push(Span::new(file, from, start + raws.span().end as u32));
                continue;
            }
            Ok(Raw::Newline) => {
                garbled = false;
                Ok(Token::Newline)
            }
            Ok(Raw::Word) => Ok(word(raws.slice())),
            Ok(Raw::Number) => number(raws.slice()),
            Ok(Raw::Quote) => {
                let (token, length) = literal::text(file, &part[raws.span().start..], from, &mut lexed.diagnostics);
                raws.bump(length - raws.slice().len());
                Ok(token)
            }
            Ok(Raw::Sign) => match sign(&part[raws.span().start..]) {
                Some((token, length)) => {
                    raws.bump(length - 1);
                    Ok(token)
                }
                None => Err(unknown(raws.slice())),
            },
            Err(()) => Err(unknown(raws.slice())),
        };
        let to = start + raws.span().end as u32;
        let token = token.unwrap_or_else(|problem| {
            let unknown = problem.code == Code::UnexpectedCharacter;
            if !(unknown && garbled) {
                lexed.diagnostics.push(problem.at(Span::new(file, from, to)));
            }
            garbled |= unknown;
            Token::Bad
        });
        lexed.lexemes.push(Lexeme { token, start: from, end: to });
    }
    lexed
}

fn word(text: &str) -> Token {
    Keyword::find(text).map_or_else(|| Token::Name(text.to_owned()), Token::Keyword)
}

/// What is wrong with a token, before its place is known.
pub(super) struct Problem {
    code: Code,
    message: String,
    help: Option<&'static str>,
}

impl Problem {
    pub(super) fn new(code: Code, message: impl Into<String>, help: Option<&'static str>) -> Self {
        Problem { code, message: message.into(), help }
    }

    fn at(self, span: Span) -> Diagnostic {
        let found = Diagnostic::new(self.code, span, self.message);
        match self.help {
            Some(help) => found.help(help),
            None => found,
        }
    }
}

fn number(text: &str) -> Result<Token, Problem> {
    literal::number(text)
}

fn unknown(text: &str) -> Problem {
    let help = match text.chars().next() {
        Some('“' | '”' | '„' | '«' | '»') => Some("write a text between `\"` and `\"`"),
        Some('‘' | '’' | '`') => Some("write a text between `'` and `'`"),
        Some('!') => Some("`not x` is the opposite of a truth value, `x != y` compares"),
        Some('\\') => Some("a `\\` that continues a line is the last character of the line"),
        Some('×') => Some("the product is `*`"),
        Some('−' | '–' | '—') => Some("the difference is `-`"),
        Some('≤') => Some("write `<=`"),
        Some('≥') => Some("write `>=`"),
        Some('≠') => Some("write `!=`"),
        Some('?') => Some("a choice is written `a if condition else b`"),
        _ => None,
    };
    let shown: String = text.chars().take(1).flat_map(char::escape_debug).collect();
    Problem::new(Code::UnexpectedCharacter, format!("the character `{shown}` means nothing here"), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        lex(FileId(0), text, 0, text.len() as u32).lexemes.into_iter().map(|lexeme| lexeme.token).collect()
    }

    #[test]
    fn every_operator_is_one_token() {
        for op in BinaryOp::ALL {
            assert_eq!(tokens(op.text()), [binary(*op)], "{op}");
            assert_eq!(binary(*op).describe(), format!("`{op}`"));
            assert_eq!(tokens(&format!("{op}=")), [Token::Augmented(*op)], "{op}=");
        }
        for op in CompareOp::ALL.iter().filter(|op| !op.text().contains("in")) {
            assert_eq!(tokens(op.text()), [Token::Compare(*op)], "{op}");
        }
        for (text, token) in SIGNS {
            assert_eq!(tokens(text), std::slice::from_ref(token), "{text}");
            assert_eq!(token.describe(), format!("`{text}`"));
        }
    }

    #[test]
    fn words_blanks_and_comments() {
        let text = "\u{feff}für x_1 \\\n in # of\n input";
        let lexed = lex(FileId(0), text, 0, text.len() as u32);
        let tokens: Vec<_> = lexed.lexemes.iter().map(|lexeme| &lexeme.token).collect();
        let name = |text: &str| Token::Name(text.into());
        assert_eq!(tokens, [&name("für"), &name("x_1"), &Token::Keyword(Keyword::In), &Token::Newline, &name("input")]);
        assert_eq!(lexed.comments.len(), 1);
    }

    #[test]
    fn unknown_characters_are_reported_once_a_line() {
        let text = "a ? b $ “\nx = “hello”";
        let lexed = lex(FileId(0), text, 0, text.len() as u32);
        assert_eq!(lexed.diagnostics.len(), 2);
        assert_eq!(lexed.diagnostics[1].help.len(), 1);
    }
}
