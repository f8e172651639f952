//! The table of all codes. A row is: code, name in the source of the compiler, one-line summary.
//!
//! Ranges: `E00xx` syntax · `E01xx` names · `E02xx` types and shapes · `E03xx` secrecy and control flow ·
//! `E04xx` ports, roles, precision · `E05xx` faults and sharing schemes · `W03xx`, `W04xx` warnings.
//! A code is never given a new meaning. Each has a page in `docs/errors/`.

use super::Severity;

macro_rules! codes {
    ($( $id:ident $name:ident $summary:literal; )*) => {
        /// The kind of a diagnostic.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $( #[doc = concat!("`", stringify!($id), "`: ", $summary)] $name, )* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$( Code::$name ),*];

            /// The code as it is shown: `E0031`.
            pub fn id(self) -> &'static str {
                match self { $( Code::$name => stringify!($id), )* }
            }

            /// Its name: `MissingColon`.
            pub fn name(self) -> &'static str {
                match self { $( Code::$name => stringify!($name), )* }
            }

            /// What it means, in one line.
            pub fn summary(self) -> &'static str {
                match self { $( Code::$name => $summary, )* }
            }
        }
    };
}

codes! {
    // Syntax: characters and words
    E0001 UnexpectedCharacter "a character that means nothing here";
    E0002 UnterminatedText    "a text literal that is not closed";
    E0003 BadNumber           "a number that is not well formed";
    E0004 BadEscape           "an escape in a text literal that means nothing";
    E0005 BadFString          "a `{…}` of an f-string that is not well formed";
    E0006 NotInLanguage       "something Python has and this language does not";
    // Syntax: lines and blocks
    E0010 MixedIndentation    "tabs and spaces mixed in the indentation";
    E0011 BadDedent           "a line that goes back to an indentation no outer block has";
    E0012 UnexpectedIndent    "a line that is indented without a reason";
    E0013 MissingBlock        "a line that opens a block, and no block after it";
    E0014 TooDeep             "brackets, operators or blocks nested too deeply";
    E0015 FileTooLarge        "a file larger than the compiler takes";
    E0020 UnclosedBracket     "a bracket that is never closed";
    E0021 UnmatchedBracket    "a closing bracket that closes nothing";
    // Syntax: statements
    E0030 UnexpectedToken     "a part of a statement where another was expected";
    E0031 MissingColon        "a line that opens a block, without the colon at its end";
    E0032 AssignInCondition   "`=` where `==` is meant";
    E0033 BadTarget           "an assignment to something that is not a variable, element or field";
    E0034 BadType             "a type annotation that is not a type";
    E0035 BadArguments        "arguments of a call in an order or form that is not allowed";
    E0036 BadParameters       "parameters of a function in an order or form that is not allowed";
    E0037 MisplacedClause     "`elif`, `else`, `except` or `finally` that belongs to nothing";
    E0038 MisplacedStatement  "a statement where it cannot stand";
    E0039 BadClassBody        "a statement in a class that is neither field nor method";
    E0040 BadDecorator        "a decorator above something that is neither function nor class";
    E0041 IncompleteTry       "`try` without `except` and `finally`";
    E0042 BadPort             "a role, port or precision that is not well formed";
    E0090 UnreadableFile      "a file that cannot be read";
}

impl Code {
    /// How bad it is: codes of warnings begin with `W`.
    pub fn severity(self) -> Severity {
        if self.id().starts_with('W') { Severity::Warning } else { Severity::Error }
    }

    /// The code that is written `id`, in either case.
    pub fn find(id: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let mut ids: Vec<_> = Code::ALL.iter().map(|code| code.id()).collect();
        for id in &ids {
            assert!(id.len() == 5 && id[1..].bytes().all(|byte| byte.is_ascii_digit()), "{id}");
            assert!(id.starts_with('E') || id.starts_with('W'), "{id}");
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Code::ALL.len());
    }

    #[test]
    fn codes_are_found_in_either_case() {
        assert_eq!(Code::find("e0031"), Some(Code::MissingColon));
        assert_eq!(Code::find("E9999"), None);
    }
}
