//! What stands after the `@`s above a function: the table of decorators, and what is wrong with those that are not in it.

use super::suggest;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{Arg, ArgKind, Expr, ExprKind, FunctionDef};

/// Every decorator: its name and how it is written.
const ALL: &[(&str, &str)] = &[("test", "@test"), ("budget", "@budget(rounds=20, bytes=2_000_000)")];

/// What the decorators above a function say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// `@test`
    pub test: Option<Test>,
    /// `@budget(…)`
    pub budget: Option<Budget>,
}

/// `@test`, `@test(raises=ValueError)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// The exception that the test must end with.
    pub raises: Option<String>,
    /// Where the decorator stands.
    pub span: Span,
}

/// `@budget(rounds=20, bytes=2_000_000)`: what a test may cost at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Rounds of communication.
    pub rounds: Option<u64>,
    /// Bytes that a player sends.
    pub bytes: Option<u64>,
    /// Where the decorator stands.
    pub span: Span,
}

/// Reads the decorators of a function; what is wrong with them goes to `found`.
pub fn read(function: &FunctionDef, found: &mut Vec<Diagnostic>) -> Marks {
    let mut marks = Marks::default();
    for decorator in &function.decorators {
        let (name, args): (&Expr, &[Arg]) = match &decorator.kind {
            ExprKind::Call { function, args } => (function, args),
            ExprKind::Error => continue,
            _ => (decorator, &[]),
        };
        let twice = match name.as_name() {
            Some("test") => marks.test.replace(test(args, decorator.span, found)).is_some(),
            Some("budget") => marks.budget.replace(budget(args, decorator.span, found)).is_some(),
            _ => {
                found.push(unknown(name));
                false
            }
        };
        if twice {
            let message = format!("`{}` has this decorator twice", function.name.text);
            found.push(Diagnostic::new(Code::BadTest, decorator.span, message).help("leave one of them out"));
        }
    }
    found.extend(misplaced(function, &marks));
    marks
}

/// What a test cannot have, and a budget without a test.
fn misplaced(function: &FunctionDef, marks: &Marks) -> Option<Diagnostic> {
    let name = &function.name.text;
    match (&marks.test, &marks.budget) {
        (None, Some(budget)) => {
            let found = Diagnostic::new(Code::BadTest, budget.span, format!("`{name}` has a budget and is no test"));
            Some(found.help("put `@test` above it: a budget limits what a test costs"))
        }
        (Some(test), _) => {
            let needed = function.params.iter().find(|param| param.default.is_none())?;
            let found = Diagnostic::new(Code::BadTest, needed.span, format!("the test `{name}` has a parameter"));
            let found = found.label("nobody gives it a value").note(test.span, "this makes it a test");
            Some(found.help("make the value in the test: a literal, or a secret by `sint(…)` and `sfix(…)`"))
        }
        (None, None) => None,
    }
}

fn unknown(name: &Expr) -> Diagnostic {
    let written = super::mentions::path(name).map(|path| path.join("."));
    let found = match &written {
        Some(written) => {
            Diagnostic::new(Code::UnknownDecorator, name.span, format!("there is no decorator `@{written}`"))
        }
        None => Diagnostic::new(Code::UnknownDecorator, name.span, "a decorator is a name, or a call of one"),
    };
    let last = written.as_deref().and_then(|written| written.rsplit('.').next()).unwrap_or_default();
    let near = suggest::nearest(last, ALL.iter().map(|(name, _)| *name));
    let all: Vec<String> = ALL.iter().map(|(_, written)| format!("`{written}`")).collect();
    match (instead(last), near) {
        (Some(help), _) => found.help(help),
        (None, Some(near)) => found.help(format!("did you mean `@{near}`?")),
        (None, None) => found.help(format!(
            "there are {}; a function of the program is called where it is needed, not put above another",
            all.join(" and ")
        )),
    }
}

/// What to do without decorators that Python has.
fn instead(name: &str) -> Option<&'static str> {
    Some(match name {
        "staticmethod" | "classmethod" => "define the function outside the class",
        "property" => "leave it out, and call the method: `x.name()`",
        "dataclass" => "leave it out: every class with annotated fields is one",
        "cache" | "lru_cache" | "jit" | "njit" => "leave it out: the compiler computes what it can, and no value twice",
        "for_range" | "for_range_opt" | "for_range_parallel" | "for_range_multithread" | "map_reduce" | "vectorize" => {
            "write a plain loop, `for i in range(n):`: it stays a loop in the program, and independent turns run together"
        }
        "while_do" | "do_while" | "do_loop" => "write a plain loop: `while condition:`",
        "if_" | "if_e" | "else_" => "write a plain `if condition:` and `else:`",
        "types" | "export" | "function_block" | "method_block" | "sec.function" => {
            "leave it out: a function is a function"
        }
        _ => return None,
    })
}

fn test(args: &[Arg], span: Span, found: &mut Vec<Diagnostic>) -> Test {
    let mut test = Test { raises: None, span };
    for arg in args {
        match (&arg.kind, &arg.value.kind) {
            (ArgKind::Keyword(option), ExprKind::Name(name) | ExprKind::Str(name)) if option.text == "raises" => {
                test.raises = Some(name.clone());
            }
            _ => found.push(bad_option("test", arg, &["raises"], "`@test(raises=ValueError)`: it must end with this")),
        }
    }
    test
}

/// A budget, as it is written.
const WRITTEN: &str = "`@budget(rounds=20, bytes=2_000_000)`";

fn budget(args: &[Arg], span: Span, found: &mut Vec<Diagnostic>) -> Budget {
    let mut budget = Budget { rounds: None, bytes: None, span };
    for arg in args {
        let number = match &arg.value.kind {
            ExprKind::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        };
        let limit = match &arg.kind {
            ArgKind::Keyword(option) if option.text == "rounds" => Some(&mut budget.rounds),
            ArgKind::Keyword(option) if option.text == "bytes" => Some(&mut budget.bytes),
            ArgKind::Keyword(_) | ArgKind::Positional | ArgKind::Star => None,
        };
        match (limit, number) {
            (Some(limit), Some(number)) => *limit = Some(number),
            (Some(_), None) => {
                let wrong = bad_option("budget", arg, &["rounds", "bytes"], WRITTEN);
                found.push(wrong.label("a limit is a number, written out"));
            }
            (None, _) => found.push(bad_option("budget", arg, &["rounds", "bytes"], WRITTEN)),
        }
    }
    if args.is_empty() {
        let message = "this budget limits nothing";
        found.push(Diagnostic::new(Code::BadTest, span, message).help(WRITTEN));
    }
    budget
}

fn bad_option(decorator: &str, arg: &Arg, options: &[&str], example: &str) -> Diagnostic {
    let message = match &arg.kind {
        ArgKind::Keyword(name) if options.contains(&name.text.as_str()) => {
            format!("`{}` of `@{decorator}` does not take this value", name.text)
        }
        ArgKind::Keyword(name) => format!("`@{decorator}` has no option `{}`", name.text),
        ArgKind::Positional | ArgKind::Star => format!("the options of `@{decorator}` have names"),
    };
    Diagnostic::new(Code::BadTest, arg.span, message).help(example)
}
