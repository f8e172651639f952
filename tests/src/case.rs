//! Small named cases, many in a file.
//!
//! ```text
//! # == name                      begins a case
//! # > text                       a line of standard output
//! # ! ZeroDivisionError          the exception that ends the program: exit code 1, its name on standard error
//! …  # error E0201               on the line of an error of compilation, all its codes; nothing else may be reported
//! # ~ 0.001                      numbers may differ by this much
//! # $ --input a=1                more words for `mpcc run`
//! # only plain                   the one scheme that runs it: `plain`, `additive` or `additive128`
//! # every scheme                 a case that raises runs under every scheme, not under `plain` alone
//! # rounds 4                     it takes so many rounds under additive sharing, and `mpcc cost` says so
//! # alone                        has a program for itself: it shadows or defines what others need
//! # file pkg/a.mpc               what follows is a file beside the program
//! ```

/// One case.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The program, from the line after the name.
    pub source: String,
    /// More words for the command.
    pub args: Vec<String>,
    /// The lines of standard output.
    pub out: Vec<String>,
    /// The exception that ends it.
    pub raises: Option<String>,
    /// Lines of the source, from 1, and the codes of the errors there.
    pub errors: Vec<(usize, String)>,
    /// How far numbers may differ.
    pub tolerance: Option<f64>,
    /// The one scheme that runs it.
    pub only: Option<String>,
    /// Whether a case that raises runs under every scheme.
    pub every: bool,
    /// Rounds under additive sharing.
    pub rounds: Option<u64>,
    /// Files beside the program: path and text.
    pub files: Vec<(String, String)>,
    /// Whether it cannot be put into one program with others.
    alone: bool,
}

/// All cases of a file.
pub fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# == ") {
            cases.push(Case { name: name.trim().to_owned(), ..Case::default() });
        } else if let Some(case) = cases.last_mut() {
            case.add(line);
        }
    }
    cases
}

impl Case {
    /// Takes a line: a directive or source. Either keeps its place, so that lines can be counted.
    fn add(&mut self, line: &str) {
        if let Some(path) = line.strip_prefix("# file ") {
            self.files.push((path.trim().to_owned(), String::new()));
            return;
        }
        if let Some((_, text)) = self.files.last_mut() {
            text.push_str(line);
            text.push('\n');
            return;
        }
        self.source.push_str(line);
        self.source.push('\n');
        let directive = |start: &str| line.strip_prefix(start).map(str::trim);
        if line == "# >" {
            self.out.push(String::new());
        } else if let Some(text) = line.strip_prefix("# > ") {
            self.out.push(text.to_owned());
        } else if let Some(name) = directive("# ! ") {
            self.raises = Some(name.to_owned());
        } else if let Some(tolerance) = directive("# ~ ") {
            self.tolerance = tolerance.parse().ok();
        } else if let Some(words) = directive("# $ ") {
            self.args.extend(words.split_whitespace().map(str::to_owned));
        } else if let Some(scheme) = directive("# only ") {
            self.only = Some(scheme.to_owned());
        } else if let Some(rounds) = directive("# rounds ") {
            self.rounds = rounds.parse().ok();
        } else if line == "# every scheme" {
            self.every = true;
        } else if line == "# alone" {
            self.alone = true;
        }
        for mark in ["# error ", "# warning "] {
            let codes = line.split_once(mark).map_or("", |(_, codes)| codes);
            let number = self.source.lines().count();
            self.errors.extend(codes.split_whitespace().map(|code| (number, code.to_owned())));
        }
    }

    /// True when nothing of it can disturb another case in one program.
    pub fn can_share(&self) -> bool {
        let starts =
            |line: &str| ["role ", "input ", "output ", "precision ", "\"\"\""].iter().any(|s| line.starts_with(s));
        !self.alone
            && self.files.is_empty()
            && self.raises.is_none()
            && self.args.is_empty()
            && !self.source.lines().any(starts)
    }

    /// True when it holds secrets, so that schemes can differ.
    pub fn has_secrets(&self) -> bool {
        let mut texts = std::iter::once(&self.source).chain(self.files.iter().map(|(_, text)| text));
        texts.any(|text| ["sint", "sfix", "sbool"].iter().any(|word| text.contains(word)))
    }

    /// Compares lines of output with those expected; the message names the first difference.
    pub fn compare(&self, lines: &[&str]) -> Result<(), String> {
        let same = |(line, wanted): (&&str, &String)| match self.tolerance {
            Some(tolerance) => crate::expectation::near(line, wanted, tolerance),
            None => *line == wanted,
        };
        if lines.len() == self.out.len() && lines.iter().zip(&self.out).all(same) {
            return Ok(());
        }
        Err(format!("{}\n-- expected:\n{}\n-- output:\n{}", self.name, self.out.join("\n"), lines.join("\n")))
    }
}
