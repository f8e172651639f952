//! The page of each code, for `mpcc explain` and for tools: the files of `docs/errors/`, as they are.

use super::Code;

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

impl Code {
    /// What the code means, why the language has this rule, a wrong program and a right one, as Markdown. A test finds codes without one.
    pub fn page(self) -> Option<&'static str> {
        PAGES.iter().find(|(code, _)| *code == self.id()).map(|(_, page)| *page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page() {
        let missing: Vec<_> = Code::ALL
            .iter()
            .filter(|code| code.page().is_none())
            .map(|code| format!("docs/errors/{code}.md, which begins `# {code}: {}`", code.summary()))
            .collect();
        assert!(missing.is_empty(), "write, in the form of docs/errors/E0201.md:\n{}", missing.join("\n"));
    }

    #[test]
    fn every_page_has_a_code() {
        let stale: Vec<_> = PAGES.iter().filter(|(code, _)| Code::find(code).is_none()).map(|(code, _)| code).collect();
        assert!(stale.is_empty(), "docs/errors/ has pages of codes that do not exist: {stale:?}");
    }
}
