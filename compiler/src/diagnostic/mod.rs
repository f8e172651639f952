//! What is wrong with a program, as plain data: code, message, places, help.
//!
//! A pass words its own messages; the codes are in one table, [`codes`]; how a diagnostic looks is the
//! business of [`render`] alone, [`json`] and [`sarif`] are for programs, and `docs/errors/` explains each code.

pub mod codes;
pub mod json;
mod pages;
pub mod render;
pub mod sarif;

pub use codes::Code;

use crate::source::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The program compiles; the reader should know.
    Warning,
    /// The program does not compile.
    Error,
}

impl Severity {
    /// `error` or `warning`.
    pub fn text(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One finding. Text uses the reader's terms; code is quoted in backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of finding.
    pub code: Code,
    /// How bad it is; follows from the code.
    pub severity: Severity,
    /// What was found, in one line, no full stop.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What is to say about that place; may be empty.
    pub label: String,
    /// Further places, and what they have to do with it.
    pub labels: Vec<(Span, String)>,
    /// What the reader can do, each applicable as it stands.
    pub help: Vec<String>,
    /// What a tool can do for the reader; people see the titles as further help.
    pub fixes: Vec<Fix>,
}

/// A change of the text that mends a mistake, or shows one way to. None discloses a secret: that is for people to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as help for people.
    pub title: String,
    /// What to change; spans do not overlap, and mean the text before any change.
    pub edits: Vec<Edit>,
}

/// A stretch of text and what stands there afterwards; an empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// What replaces it.
    pub text: String,
}

impl Diagnostic {
    /// A finding at `span`. The other parts are added by the methods below.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            span,
            label: String::new(),
            labels: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// Says something at the place itself.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Points at another place and says why.
    #[must_use]
    pub fn note(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push((span, text.into()));
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Says what to do, with the change that does it: text for each span.
    #[must_use]
    pub fn fix<T: Into<String>>(
        mut self,
        title: impl Into<String>,
        edits: impl IntoIterator<Item = (Span, T)>,
    ) -> Self {
        let edits = edits.into_iter().map(|(span, text)| Edit { span, text: text.into() }).collect();
        self.fixes.push(Fix { title: title.into(), edits });
        self
    }

    /// Names what was probably meant at `span`.
    #[must_use]
    pub fn meant(self, span: Span, name: &str) -> Self {
        self.fix(format!("did you mean `{name}`?"), [(span, name)])
    }

    /// All help for people: what to do, and what a tool could do where the label does not say it.
    pub fn advice(&self) -> impl Iterator<Item = &str> {
        let titles = self.fixes.iter().map(|fix| fix.title.as_str()).filter(|title| *title != self.label);
        self.help.iter().map(String::as_str).chain(titles)
    }

    /// True when the program does not compile because of this.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// A number for people: `27,000,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(String::from_utf8_lossy).collect::<Vec<_>>().join(",")
}

/// True when one of them is an error.
pub fn any_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}

/// Puts diagnostics in the order of the text: by file, then by place, then errors before warnings.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|found| (found.span.file, found.span.start, std::cmp::Reverse(found.severity), found.code));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 27_000_000].map(grouped), ["0", "999", "1,000", "27,000,000"]);
    }

    #[test]
    fn order_is_that_of_the_text() {
        let at = |code, start| Diagnostic::new(code, Span::new(FileId(0), start, start + 1), "");
        let mut found = vec![at(Code::MissingColon, 9), at(Code::BadNumber, 2)];
        sort(&mut found);
        assert_eq!(found[0].code, Code::BadNumber);
        assert!(any_error(&found));
    }
}
