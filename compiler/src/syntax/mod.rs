//! From text to tree: `text → (tree, diagnostics)`, for every text.
//!
//! `lexer` cuts the text into tokens, `layout` puts them into logical lines and blocks, the lalrpop grammar
//! reads one line at a time, and `block` puts lines together. So a mistake costs its line, hardly ever the
//! lines after it, and each mistake is reported once. This module is the only user of lalrpop.

pub mod ast;
mod block;
mod convert;
mod expected;
mod foreign;
mod layout;
pub mod lexer;
mod line;
mod literal;
pub mod op;
mod print;

use crate::diagnostic::{self, Code, Diagnostic};
use crate::source::{FileId, Span};
use ast::{Expr, ExprKind, Module};
use expected::Reading;
pub(crate) use layout::Item;
use lexer::{Keyword, Lexeme, Token};
use line::{Context, LineTree, Misfit};

lalrpop_util::lalrpop_mod!(
    #[allow(clippy::all, clippy::pedantic, missing_docs, dead_code, unused_imports, reason = "generated")]
    grammar,
    "/syntax/grammar.rs"
);

/// The largest text that is read, in bytes.
pub const MAX_FILE: usize = 16 << 20;

/// How many mistakes of one line are mended to read on.
const MAX_REPAIRS: usize = 4;

/// Parses a file. Whatever the text, there is a tree, and a diagnostic for every mistake that was found;
/// every span lies in the text.
pub fn parse(file: FileId, text: &str) -> (Module, Vec<Diagnostic>) {
    let start = Span::new(file, 0, 0);
    if text.len() > MAX_FILE {
        let message = format!("this file has {} bytes; at most {MAX_FILE} are read", text.len());
        let module = Module { docstring: None, body: Vec::new(), span: start };
        return (module, vec![Diagnostic::new(Code::FileTooLarge, start, message)]);
    }
    let whole = Span::new(file, 0, text.len() as u32);
    let mut lexed = lexer::lex(file, text, 0, whole.end);
    let (items, found) = layout::layout(file, text, &lexed.lexemes);
    lexed.diagnostics.extend(found);
    let (body, found) = block::blocks(file, text, items);
    lexed.diagnostics.extend(found);
    drop_followers(text, &mut lexed.diagnostics);
    diagnostic::sort(&mut lexed.diagnostics);
    let (docstring, body) = block::docstring(body);
    (Module { docstring, body, span: whole }, lexed.diagnostics)
}

/// Leaves out what follows from another mistake: a block that seems to begin where tabs and spaces are mixed, and what stands in a line
/// behind an f-string that ends too early.
fn drop_followers(text: &str, found: &mut Vec<Diagnostic>) {
    let mixed = found.iter().any(|one| one.code == Code::MixedIndentation);
    let broken: Vec<Span> = found.iter().filter(|one| one.code == Code::BadFString).map(|one| one.span).collect();
    let one_line = |from: u32, to: u32| text.get(from as usize..to as usize).is_some_and(|part| !part.contains('\n'));
    found.retain(|one| match one.code {
        Code::UnexpectedIndent => !mixed,
        Code::UnexpectedToken => {
            !broken.iter().any(|at| at.start <= one.span.start && one_line(at.start, one.span.start))
        }
        _ => true,
    });
}

/// The logical lines of a text that parses, and its comments, as they are written.
pub(crate) fn lines(file: FileId, text: &str) -> (Vec<Item>, Vec<Span>) {
    let lexed = lexer::lex(file, text, 0, text.len() as u32);
    let (mut items, _) = layout::layout(file, text, &lexed.lexemes);
    for item in &mut items {
        match item {
            Item::Line(line) => soften(&mut line.lexemes),
            Item::Indent | Item::Dedent => {}
        }
    }
    (items, lexed.comments)
}

/// Parses the expression of an f-string that stands at bytes `start..end` of the file.
fn value(file: FileId, text: &str, start: u32, end: u32) -> (Expr, Vec<Diagnostic>) {
    let mut lexed = lexer::lex(file, text, start, end);
    let (line, found) = layout::single(file, text, &lexed.lexemes);
    lexed.diagnostics.extend(found);
    let span = Span::new(file, start, end);
    let error = || Expr::new(ExprKind::Error, span);
    let Some(line) = line else {
        let message = "there is no expression between these braces";
        lexed.diagnostics.push(Diagnostic::new(Code::BadFString, span, message));
        return (error(), lexed.diagnostics);
    };
    if line.broken {
        return (error(), lexed.diagnostics);
    }
    let mut lexemes = line.lexemes;
    lexemes.insert(0, Lexeme { token: Token::ValueFollows, start, end: start });
    let (tree, found) = parse_line(file, text, lexemes);
    lexed.diagnostics.extend(found);
    match tree {
        Some(LineTree::Value(expr)) => (expr, lexed.diagnostics),
        Some(LineTree::Simple(_) | LineTree::Header(..) | LineTree::Decorator(_)) | None => {
            (error(), lexed.diagnostics)
        }
    }
}

/// Parses one line. Mistakes whose repair is plain are reported, mended, and the line is read again.
fn parse_line(file: FileId, text: &str, mut lexemes: Vec<Lexeme>) -> (Option<LineTree>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    if let Some(foreign) = foreign::foreign(file, text, &lexemes) {
        return (None, vec![foreign]);
    }
    soften(&mut lexemes);
    for _ in 0..=MAX_REPAIRS {
        let mut cx = Context::new(file, text);
        let tokens = lexemes.iter().map(|lexeme| Ok((lexeme.start, lexeme.token.clone(), lexeme.end)));
        let result = grammar::LineParser::new().parse(&mut cx, tokens);
        let reading = Reading { file, lexemes: &lexemes };
        let misfit = match result {
            Ok(tree) => {
                found.extend(cx.misfits.into_iter().map(|misfit| reading.explain(misfit)));
                found.append(&mut cx.found);
                return (Some(tree), found);
            }
            Err(misfit) => misfit,
        };
        let Some((mended, diagnostic)) = reading.repair(&misfit) else {
            // The first thing that did not fit is what the reader should see; later ones may follow from it.
            let first = cx.misfits.into_iter().next().unwrap_or(misfit);
            found.push(reading.explain(first));
            return (None, found);
        };
        found.push(diagnostic);
        lexemes = mended;
    }
    (None, found)
}

/// Makes keywords of the words that are keywords only at their place: `input` before a name at the start of a
/// line, and in such a line `to`, and `why` before `=`.
fn soften(lexemes: &mut [Lexeme]) {
    let [Lexeme { token: Token::Name(first), .. }, Lexeme { token: Token::Name(_), .. }, ..] = lexemes else {
        return;
    };
    let statements = [Keyword::Input, Keyword::Output, Keyword::Role, Keyword::Precision];
    let Some(keyword) = statements.into_iter().find(|keyword| keyword.text() == first) else {
        return;
    };
    lexemes[0].token = Token::Keyword(keyword);
    let mut depth = 0_usize;
    for at in 2..lexemes.len() {
        let assigns = lexemes.get(at + 1).is_some_and(|next| next.token == Token::Assign);
        let after_value = lexemes[at - 1].token.ends_expression();
        match &lexemes[at].token {
            Token::Open(_) => depth += 1,
            Token::Close(_) => depth = depth.saturating_sub(1),
            Token::Name(name) if depth == 0 && after_value => {
                let soft = [Keyword::To, Keyword::Why].into_iter().find(|soft| soft.text() == name);
                if let Some(soft) = soft.filter(|soft| *soft != Keyword::Why || assigns) {
                    lexemes[at].token = Token::Keyword(soft);
                }
            }
            _ => {}
        }
    }
}

/// Where a misfit stands: its bytes, or the place after the last token.
fn place(misfit: &Misfit) -> (u32, u32) {
    match misfit {
        Misfit::UnrecognizedToken { token, .. } | Misfit::ExtraToken { token } => (token.0, token.2),
        Misfit::UnrecognizedEof { location, .. } | Misfit::InvalidToken { location } => (*location, *location),
        Misfit::User { .. } => (0, 0),
    }
}

/// The number that a whole text is, as literals are written in base ten: an integer, or else a decimal. `None` if it is no number.
pub fn decimal_literal(text: &str) -> Option<Result<u128, ast::Decimal>> {
    match literal::number(text).ok()? {
        lexer::Token::Int(value) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') => Some(Ok(value)),
        lexer::Token::Decimal(decimal) => Some(Err(decimal)),
        _ => None,
    }
}
