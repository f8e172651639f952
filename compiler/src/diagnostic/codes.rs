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
    // Names
    E0101 UnknownName         "a name that nothing in reach defines";
    E0102 DefinedTwice        "two definitions of one name";
    E0103 NotAssigned         "a variable that has no value, or not on every path";
    E0104 NotAValue           "the name of a function, role or type where a value is expected";
    E0120 UnknownModule       "an import of a module that is not found";
    E0121 UnknownMember       "a name that a module does not have";
    E0122 ImportCircle        "files that import each other";
    E0123 NotInModule         "a statement that a module cannot have";
    E0124 ImportAll           "an import that does not say which names it brings";
    E0130 UnknownDecorator    "a decorator that does not exist";
    E0131 BadTest             "a test or a budget that is not well formed";
    E0110 NotInThisVersion    "a part of the language that this version does not have";
    // Types and shapes
    E0201 SecretToPublic      "a secret where a public value is expected";
    E0202 TypeMismatch        "a value of another type than the one expected";
    E0203 ClashingTypes       "a variable that has types which do not fit together on different paths";
    E0204 BadOperand          "an operator that does not take these operands";
    E0205 IntegerDivision     "`/` of integers";
    E0206 BadCall             "a call with too few, too many or unknown arguments";
    E0207 UnknownMethod       "a method or attribute that the value does not have";
    E0208 NoValue             "a call that gives no value, used as a value";
    E0209 BadIndex            "an index that does not fit what is indexed";
    E0210 MissingReturn       "a function that does not return a value on every path";
    E0211 NeedsAnnotation     "a type that cannot be found out without an annotation";
    E0212 NumberTooLarge      "a number outside the range of its type";
    E0213 DivisionByZero      "a division by the constant zero";
    E0214 BadUnpacking        "a value that does not unpack into these targets";
    E0215 NotIterable         "a `for` over something that has no elements";
    E0216 NotConstant         "a value that must be known when the program is compiled";
    E0217 TooComplex          "a program too deep or too large to check";
    E0218 SharedChange        "a change that in Python would be seen through another name, and here would not";
    E0219 UnknownType         "a type that does not exist or is not complete";
    E0220 ShapeMismatch       "sizes that do not fit together";
    E0221 UnknownDimension    "a shape variable that nothing binds";
    E0222 NotAnException      "something raised or caught that is no exception";
    E0223 NothingToRaise      "`raise` alone where no exception is being handled";
    E0224 CircularClass       "a class that contains itself";
    // Secrecy and control flow
    E0301 SecretLoop          "a loop whose end depends on a secret";
    E0302 SecretPosition      "a secret where the position or size must be public";
    E0303 EffectInArm         "an effect in one arm of a secret `if`";
    E0304 JumpInArm           "a jump out of one arm of a secret `if`";
    E0305 SecretText          "a secret printed or made into text";
    E0306 SecretCheck         "a check that would disclose a secret";
    E0307 SecretAmount        "an exponent or a shift width that is secret";
    // Ports, roles, precision
    E0401 UnknownRole         "a role that is not declared";
    E0402 BadPortType         "a type that a port cannot have";
    E0403 BadDefault          "a default of a parameter that does not fit it";
    E0404 OutputNotAssigned   "an output that is not assigned";
    E0405 BadPrecision        "widths of numbers that are not possible";
    // The compiler's own mistakes
    E0900 Internal            "the compiler made a program that its own verifier refuses";
    // Warnings
    W0340 ShadowsLibrary      "a file that hides a module of the library";
    W0341 UnreachableExcept   "an `except` whose exceptions an earlier one takes";
    W0330 SecretLookup        "a position that is secret: every element is read";
    W0410 SequentialLoop      "a loop whose turns wait for one another";
    W0420 UnusedSecret        "a secret computation whose result is never used";
    W0422 RepeatedReveal      "a reveal that happens once for every turn of a loop";
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
