//! How literals are written. Their values, and the bases of numbers, stay.

use std::borrow::Cow;

/// An integer: its base in lower case, otherwise as it is.
pub(super) fn integer(text: &str) -> Cow<'_, str> {
    match text.as_bytes() {
        [b'0', b'X' | b'B' | b'O', ..] => Cow::Owned(format!("{}{}", text[..2].to_ascii_lowercase(), &text[2..])),
        _ => Cow::Borrowed(text),
    }
}

/// A text literal in double quotes unless that needs more escapes, its prefix in lower case, its lines ended by `\n`.
///
/// An f-string keeps its quotes where a quote stands inside: it may belong to an expression.
pub(super) fn text(literal: &str) -> Cow<'_, str> {
    let Some(parts) = Parts::of(literal) else {
        return Cow::Borrowed(literal);
    };
    let prefix = parts.prefix.to_ascii_lowercase();
    let body = if prefix.contains('f') { Cow::Borrowed(parts.body) } else { unix(parts.body) };
    let (quote, body) = if parts.quote.len() == 3 {
        (triple(parts.quote, &body), body)
    } else if prefix.contains(['f', 'r']) {
        (if body.contains('"') || body.contains("\\'") { parts.quote } else { "\"" }, body)
    } else {
        let (double, single) = (requoted(&body, '"'), requoted(&body, '\''));
        if escapes(&double) <= escapes(&single) { ("\"", double.into()) } else { ("'", single.into()) }
    };
    let written = format!("{prefix}{quote}{body}{quote}");
    if written == literal { Cow::Borrowed(literal) } else { Cow::Owned(written) }
}

/// A literal, cut at its quotes.
struct Parts<'t> {
    prefix: &'t str,
    quote: &'t str,
    body: &'t str,
}

impl<'t> Parts<'t> {
    fn of(literal: &'t str) -> Option<Self> {
        let start = literal.find(['"', '\''])?;
        let (prefix, rest) = literal.split_at(start);
        let triple = rest.starts_with("\"\"\"") || rest.starts_with("'''");
        let quote = rest.get(..if triple { 3 } else { 1 })?;
        let body = rest.strip_prefix(quote)?.strip_suffix(quote)?;
        Some(Parts { prefix, quote, body })
    }
}

/// Line ends as `\n`, which is what they stand for.
fn unix(body: &str) -> Cow<'_, str> {
    if body.contains('\r') { Cow::Owned(body.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(body) }
}

fn triple<'t>(quote: &'t str, body: &str) -> &'t str {
    let clashes = body.contains("\"\"\"") || body.ends_with('"') || body.ends_with('\\');
    if clashes { quote } else { "\"\"\"" }
}

/// The body for these quotes: they are escaped in it, the others are not.
fn requoted(body: &str, quote: char) -> String {
    let mut out = String::with_capacity(body.len());
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        let (c, escaped) = if c == '\\' { (chars.next(), true) } else { (Some(c), false) };
        match c {
            Some(c @ ('"' | '\'')) => {
                if c == quote {
                    out.push('\\');
                }
                out.push(c);
            }
            Some(c) => {
                if escaped {
                    out.push('\\');
                }
                out.push(c);
            }
            None => out.push('\\'),
        }
    }
    out
}

fn escapes(body: &str) -> usize {
    body.bytes().filter(|byte| *byte == b'\\').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes() {
        let cases = [
            ("'a'", "\"a\""),
            ("\"a\"", "\"a\""),
            ("'say \"no\"'", "'say \"no\"'"),
            ("\"say \\\"no\\\"\"", "'say \"no\"'"),
            ("'it\\'s'", "\"it's\""),
            ("'it\\'s \"x\"'", "'it\\'s \"x\"'"),
            ("'it\\'s \"x\" \"y\"'", "'it\\'s \"x\" \"y\"'"),
            ("'\\\\'", "\"\\\\\""),
            ("'\\n\\\"'", "'\\n\"'"),
            ("R'\\d'", "r\"\\d\""),
            ("r'\\''", "r'\\''"),
            ("r'\"'", "r'\"'"),
            ("U'a'", "u\"a\""),
            ("F'{a}'", "f\"{a}\""),
            ("f'{a[\"b\"]}'", "f'{a[\"b\"]}'"),
            ("f'it\\'s'", "f'it\\'s'"),
            ("'''a'b'''", "\"\"\"a'b\"\"\""),
            ("'''a\"'''", "'''a\"'''"),
            ("'''a\"\"\"b'''", "'''a\"\"\"b'''"),
            ("'''a\r\nb'''", "\"\"\"a\nb\"\"\""),
            ("''", "\"\""),
        ];
        for (literal, expected) in cases {
            assert_eq!(text(literal), expected);
            assert_eq!(text(expected), expected, "twice");
        }
    }

    #[test]
    fn bases() {
        for (written, expected) in [("0XfF", "0xfF"), ("0B1", "0b1"), ("1_000", "1_000"), ("00", "00")] {
            assert_eq!(integer(written), expected);
        }
    }
}
