//! Reading and writing the text of operands.

/// Text that is being assembled, one line's operands at a time.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// Starts at the first character.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }
    /// What has not been read yet, without leading blanks.
    pub fn rest(&self) -> &'a str {
        self.0.trim_start()
    }
    /// True when nothing but blanks is left.
    pub fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }
    /// Reads `token` if it stands next.
    pub fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest();
        let found = rest.strip_prefix(token);
        if let Some(rest) = found {
            self.0 = rest;
        }
        found.is_some()
    }
    /// Reads `token` or says that it is missing.
    pub fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { Err(format!("expected `{token}` at `{}`", self.shown())) }
    }
    /// The beginning of what is left, for messages.
    pub fn shown(&self) -> String {
        let rest = self.rest();
        match rest.char_indices().nth(40) {
            Some((cut, _)) => format!("{}…", &rest[..cut]),
            None => rest.into(),
        }
    }
    /// The next word: letters, digits, `_` and `-`.
    pub fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.0 = rest;
        word
    }
    /// `prefix` and a number, without a blank between them.
    pub fn numbered(&mut self, prefix: &str) -> Result<u32, String> {
        let word = self.word();
        let digits = word.strip_prefix(prefix).ok_or_else(|| format!("expected `{prefix}…`, found `{word}`"))?;
        digits.parse().map_err(|_| format!("`{word}` has no number"))
    }
    /// A number, with its sign if it has one.
    pub fn integer<T: std::str::FromStr>(&mut self) -> Result<T, String> {
        let word = self.word();
        word.parse().map_err(|_| format!("`{word}` is not a number that fits here"))
    }
    /// Text in quotes, as [`quote`] writes it.
    pub fn quoted(&mut self) -> Result<String, String> {
        self.expect("\"")?;
        let (mut text, mut rest) = (String::new(), self.0.chars());
        loop {
            match rest.next().ok_or("a quote is not closed")? {
                '"' => break,
                '\\' => text.push(unescape(&mut rest)?),
                plain => text.push(plain),
            }
        }
        self.0 = rest.as_str();
        Ok(text)
    }
}

/// What follows a backslash.
fn unescape(rest: &mut std::str::Chars<'_>) -> Result<char, String> {
    match rest.next() {
        Some('n') => Ok('\n'),
        Some(same @ ('"' | '\\')) => Ok(same),
        Some('u') => {
            let (digits, after) = rest
                .as_str()
                .strip_prefix('{')
                .and_then(|code| code.split_once('}'))
                .ok_or("a character's number stands in braces: \\u{…}")?;
            *rest = after.chars();
            let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
            code.ok_or_else(|| format!("`{digits}` is not the number of a character"))
        }
        _ => Err("a backslash stands before `n`, `u{…}`, `\"` or itself".into()),
    }
}

/// Text in quotes, on one line, with everything escaped that is not seen or changes how its surroundings are read.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                out.extend(c.escape_unicode())
            }
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
