//! Tests of passes on bytecode text.
//!
//! A file `passes/tests/PASS.txt` holds named cases: what goes in, a line `---`, what must come out. `MPC_BLESS=1` writes what comes out;
//! the difference is then to be read. Both sides pass the verifier, or the case fails.
//!
//! ```text
//! == a name that says the idea
//! types s1 raw, s2 sfix, p1 bool
//!   mul [s1 s0 s0]
//!   jump-unless p1 done
//!   trunc 16 [s2 s1]
//! done:
//!   return [s2]
//! ---
//!   …
//! ```
//!
//! The text is that of `mpc_bytecode::text`, made shorter:
//!
//! * `name:` begins a block, and jumps name blocks; what comes out calls them `b1`, `b2`, …;
//! * `const p0 int 3` holds its constant; constants that only texts name stand before as `k0 str "…"`;
//! * registers that may be read before they are written are parameters, unless a line `params` says otherwise (`params -`: none);
//! * what a function returns has the types of the registers;
//! * `types` names what is not `int`, `sint` or `list[int]`, nor the `bool` of a comparison, a condition or a constant, the `sbool` of
//!   `ltz` and `eqz`; `sint[_]` is a vector, `sint[_, _]` a matrix, all else a scalar;
//! * `line 3` gives what follows a place in the source; without any, none is shown;
//! * ports need no table, and what `open` and `output` disclose stands behind them as a comment: the register first disclosed there;
//! * `function f1 "name"` begins another function, `recursive` and `library` say what it is.

mod goldens;
mod print;
mod read;
mod verified;

use crate::ir::Module;
use crate::passes::unset::set_unset;
use std::fmt::Write;
use std::path::PathBuf;

/// A case of a file.
struct Case {
    name: String,
    input: String,
    expected: String,
}

fn path(pass: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/passes/tests/{pass}.txt"))
}

/// The cases of a text, and what stands before the first.
fn cases(text: &str) -> (String, Vec<Case>) {
    let mut parts = text.split("\n== ");
    // A file that begins with a case has an empty head.
    let head = parts.next().unwrap_or_default().to_owned();
    let case = |part: &str| {
        let (name, rest) = part.split_once('\n').unwrap_or((part, ""));
        let (input, expected) = rest.split_once("\n---\n").unwrap_or((rest.trim_end_matches("\n---"), ""));
        let trimmed = |text: &str| format!("{}\n", text.trim_end());
        Case { name: name.to_owned(), input: trimmed(input), expected: trimmed(expected) }
    };
    (head, parts.map(case).collect())
}

/// What goes in may leave registers unset: that is what one of the passes is for.
fn with_zeros(module: &Module) -> Module {
    let mut module = module.clone();
    module.functions.iter_mut().for_each(|function| set_unset(function, &mut module.constants));
    module
}

/// What comes out of a case, or why it cannot be run.
fn outcome(input: &str, pass: &dyn Fn(&mut Module) -> Vec<String>) -> Result<String, String> {
    let mut module = read::module(input)?;
    verified::check(&with_zeros(&module)).map_err(|error| format!("what goes in is not valid: {error}"))?;
    let said = pass(&mut module);
    let mut out = print::module(&module);
    said.iter().for_each(|line| out += &format!("; {line}\n"));
    verified::check(&module).map_err(|error| format!("what comes out is not valid: {error}\n{out}"))?;
    Ok(out)
}

/// Runs a pass on every case of its file. What it says about a program is shown as comments.
#[allow(clippy::disallowed_methods, reason = "a test reads its cases, and writes them where it is told to")]
fn check(name: &str, pass: impl Fn(&mut Module) -> Vec<String>) {
    let path = path(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (head, cases) = cases(&text);
    assert!(!cases.is_empty(), "{} holds no case", path.display());
    let (mut wrong, mut blessed) = (String::new(), head);
    for case in cases {
        let found = outcome(&case.input, &pass).unwrap_or_else(|error| format!("; {error}\n"));
        if found.trim_end() != case.expected.trim_end() {
            let _ = write!(wrong, "\n== {}\n{}--- is\n{found}--- would be\n{}", case.name, case.input, case.expected);
        }
        let _ = write!(blessed, "\n== {}\n{}---\n{found}", case.name, case.input);
    }
    if std::env::var_os("MPC_BLESS").is_some() {
        std::fs::write(&path, blessed).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    } else {
        assert!(wrong.is_empty(), "{}; MPC_BLESS=1 writes it anew\n{wrong}", path.display());
    }
}
