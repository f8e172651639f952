//! Expectations in comments.
//!
//! ```text
//! # $ mpcc run programs/x.mpc --input a=1      a command
//! # ~ 0.001                                    numbers may differ by this much (else text must be equal)
//! # exit 65                                    the exit code, if not 0
//! # err missing input `b`                      standard error has this text somewhere
//! # 10                                         each further line: a line of standard output
//! ```
//! A block ends at the first line that is no comment.

/// One command and what it must say.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Where the block begins, from 1.
    pub line: usize,
    /// The words of the command, without the binary.
    pub args: Vec<String>,
    /// How far numbers may differ.
    pub tolerance: Option<f64>,
    /// The exit code.
    pub exit: i32,
    /// Texts that standard error holds.
    pub errors: Vec<String>,
    /// The lines of standard output.
    pub out: Vec<String>,
}

/// All blocks of a program.
pub fn read(text: &str) -> Vec<Expectation> {
    let mut found = Vec::new();
    let mut block: Option<Expectation> = None;
    for (number, line) in text.lines().enumerate() {
        let Some(comment) = line.strip_prefix('#') else {
            found.extend(block.take());
            continue;
        };
        let comment = comment.strip_prefix(' ').unwrap_or(comment);
        if let Some(command) = comment.strip_prefix("$ mpcc ") {
            found.extend(block.take());
            block = Some(Expectation {
                line: number + 1,
                args: words(command),
                tolerance: None,
                exit: 0,
                errors: Vec::new(),
                out: Vec::new(),
            });
        } else if let Some(block) = &mut block {
            block.add(comment);
        }
    }
    found.extend(block);
    found
}

impl Expectation {
    fn add(&mut self, comment: &str) {
        if let Some(tolerance) = comment.strip_prefix("~ ") {
            self.tolerance = tolerance.trim().parse().ok();
        } else if let Some(code) = comment.strip_prefix("exit ") {
            self.exit = code.trim().parse().unwrap_or(-1);
        } else if let Some(text) = comment.strip_prefix("err ") {
            self.errors.push(text.to_owned());
        } else {
            self.out.push(comment.to_owned());
        }
    }

    /// Compares with what a process said; the message names the first difference.
    pub fn check(&self, code: Option<i32>, out: &str, err: &str) -> Result<(), String> {
        let said = || format!("\n-- standard output:\n{out}\n-- standard error:\n{err}");
        if code != Some(self.exit) {
            return Err(format!("exit code {code:?}, expected {}{}", self.exit, said()));
        }
        let lines: Vec<&str> = out.lines().collect();
        if lines.len() != self.out.len() {
            return Err(format!("{} lines of output, expected {:?}{}", lines.len(), self.out, said()));
        }
        for (line, expected) in lines.iter().zip(&self.out) {
            if !self.same(line, expected) {
                return Err(format!("`{line}`, expected `{expected}`{}", said()));
            }
        }
        match self.errors.iter().find(|text| !err.contains(text.as_str())) {
            Some(text) => Err(format!("standard error lacks `{text}`{}", said())),
            None => Ok(()),
        }
    }

    fn same(&self, line: &str, expected: &str) -> bool {
        self.tolerance.map_or(line == expected, |tolerance| near(line, expected, tolerance))
    }
}

/// True when two lines have the same text and numbers that differ by no more than `tolerance`.
pub fn near(line: &str, expected: &str, tolerance: f64) -> bool {
    let (found, wanted) = (numbers(line), numbers(expected));
    found.0 == wanted.0
        && found.1.len() == wanted.1.len()
        && found.1.iter().zip(&wanted.1).all(|(a, b)| (a - b).abs() <= tolerance)
}

/// A line's text with every number replaced, and the numbers.
fn numbers(line: &str) -> (String, Vec<f64>) {
    let mut text = String::new();
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || "+-.e".contains(c))).unwrap_or(rest.len());
        let word = &rest[..end];
        match word.parse::<f64>() {
            Ok(number) if word.contains(|c: char| c.is_ascii_digit()) => {
                text.push('#');
                found.push(number);
                rest = &rest[end..];
            }
            _ => {
                text.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    (text, found)
}

/// Words as a shell splits them, with single and double quotes.
pub fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
