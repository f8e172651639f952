//! From tokens to logical lines and blocks: what indentation and open brackets mean.
//!
//! A logical line is what one statement, or the head of one, is written on; inside brackets it runs over
//! several lines of text. All errors of brackets and indentation are found here, each once, so that the
//! grammar sees lines whose brackets match.

use super::ast::{MAX_BLOCKS, MAX_DEPTH};
use super::lexer::{Class, Keyword, Lexeme, Token};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// The most operators that may wait for an operand at once; it bounds the parser's stack, above what
/// the depth of a tree allows anyway.
const MAX_WAITING: usize = 4 * MAX_DEPTH as usize;

/// A logical line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Its tokens; at least one, none of them an end of line.
    pub lexemes: Vec<Lexeme>,
    /// True when an error in it has been reported, so that no further one should be.
    pub broken: bool,
    /// From the first token to the last.
    pub span: Span,
}

/// What the layout of a file is made of.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// A logical line.
    Line(Line),
    /// The lines that follow are one level deeper.
    Indent,
    /// They are one level less deep; every `Indent` has its `Dedent`.
    Dedent,
}

/// Finds lines and blocks.
pub(super) fn layout(file: FileId, text: &str, lexemes: &[Lexeme]) -> (Vec<Item>, Vec<Diagnostic>) {
    let mut lines = Lines { file, text, physical: physical(lexemes), found: Vec::new() };
    let mut blocks = Blocks { file, text, levels: vec![0], ..Blocks::default() };
    let mut at = 0;
    while at < lines.physical.len() {
        let (line, next) = lines.logical(at);
        blocks.push(line);
        at = next;
    }
    blocks.finish();
    lines.found.append(&mut blocks.found);
    (blocks.items, lines.found)
}

/// The one logical line of an expression inside an f-string; its line ends do not count.
pub(super) fn single(file: FileId, text: &str, lexemes: &[Lexeme]) -> (Option<Line>, Vec<Diagnostic>) {
    let tokens: Vec<Lexeme> = lexemes.iter().filter(|lexeme| lexeme.token != Token::Newline).cloned().collect();
    if tokens.is_empty() {
        return (None, Vec::new());
    }
    let mut lines = Lines { file, text, physical: vec![&tokens], found: Vec::new() };
    let (line, _) = lines.logical(0);
    (Some(line), lines.found)
}

/// Lines of text that have tokens.
fn physical(lexemes: &[Lexeme]) -> Vec<&[Lexeme]> {
    lexemes.split(|lexeme| lexeme.token == Token::Newline).filter(|line| !line.is_empty()).collect()
}

/// The white space before `offset` on its line.
fn indentation(text: &str, offset: u32) -> &str {
    let before = text.get(..offset as usize).unwrap_or_default();
    let line = before.rfind(['\n', '\r']).map_or(before, |end| &before[end + 1..]);
    line.trim_start_matches('\u{feff}')
}

/// Columns of an indentation; a tab goes to the next multiple of four, which only matters where tabs and spaces
/// are mixed, and that has been reported then.
fn width(indentation: &str) -> usize {
    indentation.chars().fold(0, |width, c| if c == '\t' { width / 4 * 4 + 4 } else { width + 1 })
}

/// Joins lines of text into logical lines.
struct Lines<'t> {
    file: FileId,
    text: &'t str,
    physical: Vec<&'t [Lexeme]>,
    found: Vec<Diagnostic>,
}

/// The brackets that are open at some place of a logical line.
struct Brackets {
    file: FileId,
    open: Vec<(char, Span)>,
    /// Operators since the last comma, for each open bracket and outside all.
    waiting: Vec<usize>,
    found: Vec<Diagnostic>,
    too_deep: bool,
}

/// Where a logical line whose brackets never close is taken to end.
struct Escape {
    /// The physical line after it.
    next: usize,
    /// What was wrong before that.
    found: Vec<Diagnostic>,
    /// The innermost bracket that was open.
    open: Option<(char, Span)>,
}

impl Lines<'_> {
    /// The logical line that begins with physical line `first`, and the physical line after it.
    fn logical(&mut self, first: usize) -> (Line, usize) {
        let mut brackets = Brackets::new(self.file);
        // At the first line after `first` that looks like a new statement.
        let mut escape: Option<Escape> = None;
        let mut at = first;
        loop {
            brackets.read(self.physical[at]);
            at += 1;
            if brackets.open.is_empty() {
                let broken = self.report(brackets.found);
                return (self.line(first, at, broken), at);
            }
            let ended = at >= self.physical.len() || brackets.too_deep;
            if escape.is_none() && !ended && self.starts_statement(at, first) {
                escape = Some(brackets.escape(at));
            }
            if ended || self.starts_surely(at) {
                let escape = escape.unwrap_or_else(|| brackets.escape(at));
                // A text that is never closed has taken the closing bracket with it.
                let told = self.physical[first..escape.next]
                    .iter()
                    .copied()
                    .flatten()
                    .any(|lexeme| lexeme.token == Token::Bad);
                if !self.report(escape.found) && !told {
                    self.unclosed(escape.open);
                }
                return (self.line(first, escape.next, true), escape.next);
            }
        }
    }

    fn line(&self, first: usize, next: usize, broken: bool) -> Line {
        let lexemes = self.physical[first..next].concat();
        let bad = lexemes.iter().any(|lexeme| lexeme.token == Token::Bad);
        let start = lexemes.first().map_or(0, |lexeme| lexeme.start);
        let end = lexemes.last().map_or(start, |lexeme| lexeme.end);
        Line { lexemes, broken: broken || bad, span: Span::new(self.file, start, end) }
    }

    /// Reports the first of a line's bracket errors; the others follow from it.
    fn report(&mut self, found: Vec<Diagnostic>) -> bool {
        let first = found.into_iter().next();
        let any = first.is_some();
        self.found.extend(first);
        any
    }

    fn unclosed(&mut self, open: Option<(char, Span)>) {
        if let Some((sign, span)) = open {
            let found = Diagnostic::new(Code::UnclosedBracket, span, format!("this `{sign}` is never closed"));
            self.found.push(found.help(format!("add `{}`", closing(sign))));
        }
    }

    /// A line that cannot go on with a bracket of before.
    fn starts_surely(&self, at: usize) -> bool {
        match self.physical[at][0].token {
            Token::Keyword(keyword) => match keyword.class() {
                Class::Statement => true,
                Class::Block => !matches!(keyword, Keyword::If | Keyword::Else | Keyword::For),
                Class::Inner | Class::Foreign | Class::Soft => false,
            },
            _ => false,
        }
    }

    /// A line that probably does not: one that is no deeper than line `first`, where the statement begins, or that follows the
    /// colon of a block's head.
    fn starts_statement(&self, at: usize, first: usize) -> bool {
        let closes = matches!(self.physical[at][0].token, Token::Close(_));
        let head = matches!(self.physical[first][0].token, Token::Keyword(keyword) if keyword.class() == Class::Block);
        let in_block = head && self.physical[at - 1].last().is_some_and(|last| last.token == Token::Colon);
        self.starts_surely(at) || in_block || (!closes && self.width(at) <= self.width(first))
    }

    fn width(&self, at: usize) -> usize {
        width(indentation(self.text, self.physical[at][0].start))
    }
}

fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

impl Brackets {
    fn new(file: FileId) -> Self {
        Brackets { file, open: Vec::new(), waiting: vec![0], found: Vec::new(), too_deep: false }
    }

    fn escape(&self, next: usize) -> Escape {
        Escape { next, found: self.found.clone(), open: self.open.last().copied() }
    }

    fn read(&mut self, lexemes: &[Lexeme]) {
        for lexeme in lexemes {
            let span = lexeme.span(self.file);
            match &lexeme.token {
                Token::Open(sign) => {
                    self.open.push((*sign, span));
                    self.waiting.push(0);
                }
                Token::Close(sign) => self.close(*sign, span),
                Token::Comma | Token::Semicolon | Token::Colon => {
                    if let Some(waiting) = self.waiting.last_mut() {
                        *waiting = 0;
                    }
                }
                token if token.ends_expression() => {}
                _ => {
                    if let Some(waiting) = self.waiting.last_mut() {
                        *waiting += 1;
                    }
                }
            }
            self.check_depth(span);
        }
    }

    fn close(&mut self, sign: char, span: Span) {
        let open = self.open.pop();
        if self.waiting.len() > 1 {
            self.waiting.pop();
        }
        let found = match open {
            Some((open, _)) if closing(open) == sign => return,
            Some((open, place)) => {
                let message = format!("`{sign}` does not close `{open}`");
                Diagnostic::new(Code::UnmatchedBracket, span, message)
                    .label(format!("expected `{}`", closing(open)))
                    .note(place, "opened here")
            }
            None => Diagnostic::new(Code::UnmatchedBracket, span, format!("this `{sign}` closes nothing"))
                .help(format!("remove it, or open it with `{}`", opening(sign))),
        };
        self.found.push(found);
    }

    fn check_depth(&mut self, span: Span) {
        let waiting: usize = if self.open.len() <= MAX_DEPTH.into() { self.waiting.iter().sum() } else { usize::MAX };
        if waiting > MAX_WAITING && !self.too_deep {
            self.too_deep = true;
            self.found.push(too_deep(span));
        }
    }
}

fn opening(close: char) -> char {
    match close {
        ')' => '(',
        ']' => '[',
        _ => '{',
    }
}

/// The error for an expression whose tree would be deeper than passes may recurse.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    let message = format!("this expression is nested more than {MAX_DEPTH} levels deep");
    Diagnostic::new(Code::TooDeep, span, message).help("give a part of it a name, or use a loop or `sum`")
}

/// Finds the blocks by indentation.
#[derive(Default)]
struct Blocks<'t> {
    file: FileId,
    text: &'t str,
    /// Widths of the open blocks; the first is 0.
    levels: Vec<usize>,
    /// Blocks beyond the limit: their lines belong to the last block within.
    beyond: Vec<usize>,
    /// The first character of the first indentation, and the line it is on.
    style: Option<(char, Span)>,
    mixed: bool,
    items: Vec<Item>,
    found: Vec<Diagnostic>,
}

impl Blocks<'_> {
    fn push(&mut self, line: Line) {
        let indentation = indentation(self.text, line.span.start);
        let place = Span::new(self.file, line.span.start.saturating_sub(indentation.len() as u32), line.span.start);
        self.check_style(indentation, place);
        self.indent(width(indentation), line.span, place);
        self.items.push(Item::Line(line));
    }

    fn finish(&mut self) {
        let open = self.levels.len().saturating_sub(1);
        self.items.extend(std::iter::repeat_n(Item::Dedent, open));
    }

    /// Tabs and spaces in one file: reported once, at the first place.
    fn check_style(&mut self, indentation: &str, place: Span) {
        let Some(first) = indentation.chars().next() else {
            return;
        };
        let (style, before) = *self.style.get_or_insert((first, place));
        if self.mixed || indentation.chars().all(|c| c == style) {
            return;
        }
        self.mixed = true;
        let found = Diagnostic::new(Code::MixedIndentation, place, "tabs and spaces are mixed in the indentation");
        let found = if before == place {
            found
        } else {
            found
                .note(before, format!("the first indented line uses {}", if style == '\t' { "tabs" } else { "spaces" }))
        };
        self.found.push(found.help("indent every line of the file with four spaces a level"));
    }

    fn indent(&mut self, width: usize, line: Span, place: Span) {
        while self.beyond.last().is_some_and(|&beyond| beyond > width) {
            self.beyond.pop();
        }
        let current = self.beyond.last().or(self.levels.last()).copied().unwrap_or(0);
        if width > current && self.levels.len() > MAX_BLOCKS {
            if self.beyond.is_empty() {
                let message = format!("blocks are nested more than {MAX_BLOCKS} levels deep");
                let found = Diagnostic::new(Code::TooDeep, line, message);
                self.found.push(found.help("move the inner part to a function"));
            }
            self.beyond.push(width);
        } else if width > current {
            self.levels.push(width);
            self.items.push(Item::Indent);
        } else if self.beyond.is_empty() {
            self.dedent(width, place);
        }
    }

    fn dedent(&mut self, width: usize, place: Span) {
        let mut closed = None;
        while self.levels.len() > 1 && self.levels.last().is_some_and(|&level| level > width) {
            closed = self.levels.pop();
            self.items.push(Item::Dedent);
        }
        let level = self.levels.last().copied().unwrap_or(0);
        let Some(inner) = closed.filter(|_| level < width) else {
            return;
        };
        // The line stays in the inner block, which from now on has its indentation: no error for the next line.
        self.levels.push(width);
        self.items.pop();
        if !self.mixed {
            let message = "this line goes back to an indentation that no outer block has";
            let found = Diagnostic::new(Code::BadDedent, place, message).label(format!("{width} columns"));
            self.found.push(found.help(format!("the blocks around it are indented by {level} and {inner} columns")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::lexer::lex;

    fn shape(text: &str) -> (String, Vec<Code>) {
        let lexed = lex(FileId(0), text, 0, text.len() as u32);
        let (items, found) = layout(FileId(0), text, &lexed.lexemes);
        let shown = items.iter().map(|item| match item {
            Item::Line(line) if line.broken => "!".to_owned(),
            Item::Line(line) => line.lexemes.len().to_string(),
            Item::Indent => ">".to_owned(),
            Item::Dedent => "<".to_owned(),
        });
        (shown.collect(), found.iter().map(|found| found.code).collect())
    }

    fn good(text: &str) -> String {
        let (shape, found) = shape(text);
        assert!(found.is_empty(), "{found:?}");
        shape
    }

    #[test]
    fn blocks_follow_indentation() {
        assert_eq!(good("a\n b\n\n  # note\n b\n  c\nd\n"), "1>11>1<<1");
        assert_eq!(good(""), "");
        assert_eq!(good("\n\n# only\n"), "");
        assert_eq!(good("a\r\n\tb\r\nc"), "1>1<1");
    }

    #[test]
    fn brackets_and_backslashes_join_lines() {
        assert_eq!(good("f(a,\n  b,\n)\ng"), "71");
        assert_eq!(good("x = [\n1,\n# c\n\n2]\n"), "7");
        assert_eq!(good("a + \\\n  b\nc"), "31");
        assert_eq!(good("x = [a\nfor a in b\nif a]"), "11");
    }

    #[test]
    fn an_unclosed_bracket_is_one_error_and_ends_at_the_next_statement() {
        assert_eq!(shape("x = f(1,\ny = 2\nz = 3\n"), ("!33".into(), vec![Code::UnclosedBracket]));
        assert_eq!(shape("x = f(1,\n    2\n    return x\ny"), ("!>2<1".into(), vec![Code::UnclosedBracket]));
        assert_eq!(shape("x = (("), ("!".into(), vec![Code::UnclosedBracket]));
        assert_eq!(shape("x = f(\ny = g(\nz = 1"), ("!!3".into(), vec![Code::UnclosedBracket; 2]));
    }

    #[test]
    fn unmatched_brackets_are_one_error_a_line() {
        assert_eq!(shape("f(a]\nb)\nc"), ("!!1".into(), vec![Code::UnmatchedBracket; 2]));
        assert_eq!(shape("a)))"), ("!".into(), vec![Code::UnmatchedBracket]));
    }

    #[test]
    fn indentation_errors() {
        assert_eq!(shape("a\n    b\n  c\n  d\ne"), ("1>111<1".into(), vec![Code::BadDedent]));
        assert_eq!(shape("a\n    b\n\tc\n\td").1, [Code::MixedIndentation]);
        assert_eq!(shape("a\n \tb\nc").1, [Code::MixedIndentation]);
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(shape(&"(".repeat(5000)).1, [Code::TooDeep]);
        assert_eq!(shape(&"-".repeat(50_000)).1, [Code::TooDeep]);
        assert_eq!(shape(&"(\n".repeat(5000)).1, [Code::UnclosedBracket; 5000]);
        let deep: String = (0..150).map(|depth| format!("{}x\n", " ".repeat(depth))).collect();
        assert_eq!(shape(&deep).1, [Code::TooDeep]);
    }
}
