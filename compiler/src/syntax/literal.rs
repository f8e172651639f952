//! Numbers, texts and f-strings: what stands between the first and the last character of a literal.

use super::ast::Decimal;
use super::lexer::{Problem, Token};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// A part of an f-string, before its expressions are parsed.
#[derive(Clone, Debug, PartialEq)]
pub enum Fragment {
    /// Text, escapes resolved.
    Text(String),
    /// `{expression = !r :spec}`
    Value {
        /// The expression's first byte in the file.
        start: u32,
        /// The byte after it.
        end: u32,
        /// With `=`: the expression and the sign as written.
        label: Option<String>,
        /// Whether `!r` follows.
        repr: bool,
        /// What follows the colon, and its first byte in the file.
        spec: Option<(String, u32)>,
    },
}

/// Help for what begins like a number and goes on like a name.
const NAMES: &str = "a name begins with a letter; a product is written with `*`";

/// Reads a number as the lexer cut it out.
pub(super) fn number(text: &str) -> Result<Token, Problem> {
    let bad = |message: String, help| Problem::new(Code::BadNumber, message, help);
    if text.ends_with('_') || text.contains("__") || text.contains("_.") || text.contains("._") {
        return Err(bad(format!("`{text}` has a `_` that does not stand between two digits"), None));
    }
    let digits: String = text.chars().filter(|&c| c != '_').collect();
    let radix = match digits.get(..2) {
        Some("0x" | "0X") => 16,
        Some("0o" | "0O") => 8,
        Some("0b" | "0B") => 2,
        _ if digits.bytes().all(|byte| byte.is_ascii_digit()) => 10,
        _ => return decimal(text, &digits),
    };
    let significant = if radix == 10 { &digits[..] } else { &digits[2..] };
    if radix == 10 && digits.len() > 1 && digits.starts_with('0') && !digits.trim_matches('0').is_empty() {
        return Err(bad(format!("`{text}` begins with a zero"), Some("leave it out; octal numbers begin with `0o`")));
    }
    if significant.is_empty() || !significant.chars().all(|c| c.is_digit(radix)) {
        return Err(bad(format!("`{text}` is not a number"), Some(NAMES)));
    }
    let too_large = |_| bad(format!("`{text}` is too large: integers have at most 128 bits"), None);
    u128::from_str_radix(significant, radix).map_err(too_large).map(Token::Int)
}

fn decimal(text: &str, digits: &str) -> Result<Token, Problem> {
    let bad = |what: &str| {
        let help = (what == "is not a number").then_some(NAMES);
        Problem::new(Code::BadNumber, format!("`{text}` {what}"), help)
    };
    let lower = digits.to_ascii_lowercase();
    let (mantissa, exponent) = lower.split_once('e').map_or((&lower[..], Some(0)), |(m, e)| (m, e.parse::<i32>().ok()));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return Err(bad("is not a number"));
    }
    let all = format!("{whole}{fraction}");
    let significant = all.trim_end_matches('0');
    let dropped = (all.len() - significant.len()) as i32;
    let exponent = exponent.and_then(|exponent| exponent.checked_sub(fraction.len() as i32)?.checked_add(dropped));
    let Some(exponent) = exponent else {
        let well_formed = lower.split_once('e').is_some_and(|(_, e)| e.trim_start_matches(['+', '-']).len() > 5);
        return Err(bad(if well_formed { "has an exponent out of range" } else { "is not a number" }));
    };
    let value = if significant.is_empty() { Ok(0) } else { significant.parse() };
    let value = value.map_err(|_| bad("has more than 38 significant digits"))?;
    let exponent = if value == 0 { 0 } else { exponent };
    Ok(Token::Decimal(Decimal { digits: value, exponent, text: text.to_owned() }))
}

/// Reads the text literal that `rest` begins with; `start` is its place in the file. Gives its length too.
pub(super) fn text(file: FileId, rest: &str, start: u32, found: &mut Vec<Diagnostic>) -> (Token, usize) {
    let prefix_len = rest.find(['"', '\'']).unwrap_or(0);
    let prefix = rest[..prefix_len].to_ascii_lowercase();
    let quoted = &rest[prefix_len..];
    let triple = quoted.starts_with("\"\"\"") || quoted.starts_with("'''");
    let quote = &quoted[..if triple { 3 } else { 1 }];
    let open_len = prefix_len + quote.len();
    let (body_len, closed) = body(&rest[open_len..], quote);
    let length = open_len + body_len + if closed { quote.len() } else { 0 };
    let mut reader = Reader { file, raw: prefix.contains('r'), found };
    if !closed {
        reader.unterminated(start, open_len, triple);
        return (Token::Bad, length);
    }
    let inner = &rest[open_len..open_len + body_len];
    let inner_start = start + open_len as u32;
    let token = match prefix.as_str() {
        "" | "r" | "u" => Token::Str(reader.plain(inner, inner_start)),
        "f" | "rf" | "fr" => Token::FString(reader.fragments(inner, inner_start)),
        _ => {
            let message = format!("`{prefix}` is not a prefix of a text in this language");
            let span = Span::new(file, start, start + prefix_len as u32);
            found.push(Diagnostic::new(Code::NotInLanguage, span, message).help("a text has no prefix, `f` or `r`"));
            Token::Bad
        }
    };
    (token, length)
}

/// How long the literal is before its closing quote, and whether there is one.
fn body(rest: &str, quote: &str) -> (usize, bool) {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if rest[at + 1..].starts_with("\r\n") => at += 3,
            b'\\' => at += 2,
            b'\n' | b'\r' if quote.len() == 1 => return (at, false),
            _ if rest.as_bytes()[at..].starts_with(quote.as_bytes()) => return (at, true),
            _ => at += 1,
        }
    }
    (rest.len(), false)
}

/// Reads the inside of literals of one file and one kind.
struct Reader<'f> {
    file: FileId,
    raw: bool,
    found: &'f mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn report(&mut self, code: Code, start: u32, length: usize, message: impl Into<String>, help: &str) {
        let found = Diagnostic::new(code, Span::new(self.file, start, start + length as u32), message);
        self.found.push(if help.is_empty() { found } else { found.help(help) });
    }

    fn unterminated(&mut self, start: u32, open_len: usize, triple: bool) {
        let message = "this text is never closed";
        let help = if triple {
            "it ends with the three quotes it begins with"
        } else {
            "close it on the same line; a text of several lines stands between `\"\"\"` and `\"\"\"`"
        };
        self.report(Code::UnterminatedText, start, open_len, message, help);
    }

    /// `inner` with its escapes resolved and each line ended by `\n`.
    fn plain(&mut self, inner: &str, start: u32) -> String {
        let mut out = String::with_capacity(inner.len());
        let mut rest = inner;
        while let Some(c) = rest.chars().next() {
            let at = start + (inner.len() - rest.len()) as u32;
            let used = match c {
                '\\' if !self.raw => self.escape(rest, at, &mut out),
                '\r' => {
                    out.push('\n');
                    if rest.starts_with("\r\n") { 2 } else { 1 }
                }
                _ => {
                    out.push(c);
                    c.len_utf8()
                }
            };
            rest = &rest[used..];
        }
        out
    }

    /// Resolves the escape that `rest` begins with; gives its length.
    fn escape(&mut self, rest: &str, start: u32, out: &mut String) -> usize {
        let Some(c) = rest[1..].chars().next() else {
            return 1;
        };
        let simple = match c {
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            'a' => Some('\u{7}'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'v' => Some('\u{b}'),
            '\\' | '\'' | '"' => Some(c),
            _ => None,
        };
        if let Some(simple) = simple {
            out.push(simple);
            return 2;
        }
        match c {
            '\n' => 2,
            '\r' => {
                if rest[2..].starts_with('\n') {
                    3
                } else {
                    2
                }
            }
            'x' => self.coded(rest, start, 2, 2, 16, out),
            'u' => self.coded(rest, start, 2, 4, 16, out),
            'U' => self.coded(rest, start, 2, 8, 16, out),
            '0'..='7' => {
                let digits = rest[1..].bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                self.coded(rest, start, 1, digits, 8, out)
            }
            _ => {
                let length = 1 + c.len_utf8();
                let message = format!("`{}` is not an escape", &rest[..length]);
                self.report(Code::BadEscape, start, length, message, "write `\\\\` for a backslash");
                length
            }
        }
    }

    /// An escape that gives a character's number by `count` digits after `skip` characters.
    fn coded(&mut self, rest: &str, start: u32, skip: usize, count: usize, radix: u32, out: &mut String) -> usize {
        let digits: &str = rest.get(skip..skip + count).unwrap_or_default();
        let value =
            if digits.chars().all(|c| c.is_digit(radix)) { u32::from_str_radix(digits, radix).ok() } else { None };
        match value.and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                skip + count
            }
            None => {
                let message = format!("`{}` needs {count} digits that are the number of a character", &rest[..skip]);
                self.report(Code::BadEscape, start, skip, message, "");
                skip
            }
        }
    }

    /// Cuts an f-string at its braces.
    fn fragments(&mut self, inner: &str, start: u32) -> Vec<Fragment> {
        let mut fragments = Vec::new();
        let mut text = String::new();
        let mut at = 0;
        while at < inner.len() {
            let here = start + at as u32;
            let rest = &inner[at..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                text.push_str(&rest[..1]);
                at += 2;
            } else if rest.starts_with('{') {
                let (fragment, length) = self.value(rest, here);
                if !text.is_empty() {
                    fragments.push(Fragment::Text(std::mem::take(&mut text)));
                }
                fragments.extend(fragment);
                at += length;
            } else if rest.starts_with('}') {
                self.report(Code::BadFString, here, 1, "this `}` closes nothing", "write `}}` for a brace in the text");
                at += 1;
            } else {
                let length = self.run(rest);
                text.push_str(&self.plain(&rest[..length], here));
                at += length;
            }
        }
        if !text.is_empty() {
            fragments.push(Fragment::Text(text));
        }
        fragments
    }

    /// How far text without braces reaches, escapes taken whole.
    fn run(&self, rest: &str) -> usize {
        let mut at = 0;
        while let Some(c) = rest[at..].chars().next() {
            if c == '{' || c == '}' {
                break;
            }
            at += c.len_utf8();
            let escaped = rest[at..].chars().next().filter(|c| !self.raw && !matches!(c, '{' | '}'));
            if c == '\\' {
                at += escaped.map_or(0, char::len_utf8);
            }
        }
        at
    }

    /// Reads `{…}`; gives its length too.
    fn value(&mut self, rest: &str, start: u32) -> (Option<Fragment>, usize) {
        let Some(end) = find_outside(&rest[1..], |after| after.starts_with('}')).map(|end| end + 1) else {
            let help = if rest.contains(['[', '(']) {
                "close it with `}`; a text within it takes the other kind of quotes"
            } else {
                "close it with `}`; a brace in the text is `{{`"
            };
            self.report(Code::BadFString, start, 1, "this `{` is never closed", help);
            return (None, rest.len());
        };
        let field = &rest[1..end];
        let is_end = |after: &str| after.starts_with(':') || (after.starts_with('!') && !after.starts_with("!="));
        let expression_len = find_outside(field, is_end).unwrap_or(field.len());
        let (written, tail) = field.split_at(expression_len);
        let (repr, spec) = self.tail(tail, start + 1 + expression_len as u32);
        let (expression, label) = self_documenting(written);
        if expression.trim().is_empty() {
            self.report(Code::BadFString, start, end + 1, "there is no expression between these braces", "");
            return (None, end + 1);
        }
        let leading = expression.len() - expression.trim_start().len();
        let from = start + 1 + leading as u32;
        let fragment = Fragment::Value { start: from, end: from + expression.trim().len() as u32, label, repr, spec };
        (Some(fragment), end + 1)
    }

    /// Reads `!r` and `:spec`.
    fn tail(&mut self, tail: &str, start: u32) -> (bool, Option<(String, u32)>) {
        let conversion_len = if tail.starts_with('!') { tail.find(':').unwrap_or(tail.len()) } else { 0 };
        let conversion = tail[..conversion_len].trim_end();
        if !matches!(conversion, "" | "!r" | "!s") {
            let message = format!("`{conversion}` is not a conversion");
            self.report(Code::BadFString, start, conversion.len(), message, "there are `!r` and `!s`");
        }
        let spec_start = start + conversion_len as u32 + 1;
        let spec = tail[conversion_len..].strip_prefix(':').map(|spec| (spec.to_owned(), spec_start));
        if spec.as_ref().is_some_and(|(spec, _)| spec.contains('{')) {
            let message = "a format cannot contain an expression";
            self.report(Code::BadFString, start, tail.len(), message, "");
        }
        (conversion == "!r", spec)
    }
}

/// Takes the `=` off `value =`: the expression, and what is printed before its value.
fn self_documenting(written: &str) -> (&str, Option<String>) {
    let compares = |before: &str| before.ends_with(['=', '<', '>', '!']);
    match written.trim_end().strip_suffix('=') {
        Some(before) if !compares(before) => (before, Some(written.to_owned())),
        Some(_) | None => (written, None),
    }
}

/// The first place outside brackets and texts where `wanted` holds for the rest.
fn find_outside(text: &str, wanted: impl Fn(&str) -> bool) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        if quote.is_some() {
            if quote == Some(c) {
                quote = None;
            }
            continue;
        }
        if depth == 0 && wanted(&text[at..]) {
            // `!=` compares; its second character must not be taken for an end either.
            return Some(at);
        }
        match c {
            '"' | '\'' => quote = Some(c),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal_of(text: &str) -> Option<(u128, i32)> {
        match number(text) {
            Ok(Token::Decimal(value)) => Some((value.digits, value.exponent)),
            _ => None,
        }
    }

    #[test]
    fn numbers() {
        for (text, value) in [("0", 0), ("00", 0), ("1_000", 1000), ("0xfF", 255), ("0b101", 5), ("0o17", 15)] {
            assert_eq!(number(text).ok(), Some(Token::Int(value)), "{text}");
        }
        for text in ["0x", "0b2", "012", "1_", "1__0", "3abc", "1e", "0o8", "1e99999999999", "1.5x"] {
            assert!(number(text).is_err(), "{text}");
        }
        assert_eq!(decimal_of("0.50"), Some((5, -1)));
        assert_eq!(decimal_of("1e-3"), Some((1, -3)));
        assert_eq!(decimal_of(".5"), Some((5, -1)));
        assert_eq!(decimal_of("100."), Some((1, 2)));
        assert_eq!(decimal_of("0.0"), Some((0, 0)));
        assert_eq!(decimal_of("1_0.2_5E+1"), Some((1025, -1)));
    }

    fn read(literal: &str) -> (Token, usize, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let (token, length) = text(FileId(0), literal, 0, &mut found);
        (token, length, found)
    }

    #[test]
    fn texts() {
        let cases = [
            (r#""a\n\x41\u00e9\101""#, "a\nAéA"),
            ("'it\\'s'", "it's"),
            ("r'\\d\\''", "\\d\\'"),
            ("'''a\r\nb'c'''", "a\nb'c"),
            ("'a\\\nb'", "ab"),
        ];
        for (literal, expected) in cases {
            let (token, length, found) = read(literal);
            assert_eq!((token, length), (Token::Str(expected.into()), literal.len()), "{literal}");
            assert!(found.is_empty(), "{found:?}");
        }
    }

    #[test]
    fn broken_texts_give_one_error() {
        for literal in ["'abc", "'''abc\n", "'\\q'", "'\\x4'", "b'x'", "f'{'", "f'}'", "f'{}'", "f'{x!z}'", "'\\"] {
            assert_eq!(read(literal).2.len(), 1, "{literal}");
        }
    }

    #[test]
    fn f_strings_are_cut_at_braces() {
        let (token, _, found) = read("f'a{{{x[1:2]!r:>{4}'");
        assert!(!found.is_empty() && matches!(token, Token::FString(_)));
        let (token, _, found) = read("f'n={ n =:.2f}{a != b}é{c:x}'");
        assert!(found.is_empty(), "{found:?}");
        let value = |start, end, label: Option<&str>, spec| Fragment::Value {
            start,
            end,
            label: label.map(str::to_owned),
            repr: false,
            spec,
        };
        let expected = vec![
            Fragment::Text("n=".into()),
            value(6, 7, Some(" n ="), Some((".2f".into(), 10))),
            value(15, 21, None, None),
            Fragment::Text("é".into()),
            value(25, 26, None, Some(("x".into(), 27))),
        ];
        assert_eq!(token, Token::FString(expected));
    }
}
