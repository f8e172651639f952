//! The checker on many small programs. Expectations stand beside the source: `# error: E0201` on a line says that this error,
//! and no other, is found there; several are separated by blanks. A case begins with a line `#### name`.

#![allow(clippy::disallowed_methods, reason = "a test reads the files it tests")]

use mpcc::diagnostic::Diagnostic;
use mpcc::names::Modules;
use mpcc::source::{Memory, Sources};
use mpcc::syntax;
use mpcc::types::{Checked, Library, check};
use std::collections::BTreeMap;
use std::path::Path;

/// Functions with the names, parameters and types of the library's, so that these tests do not depend on how it computes.
const STUB: &str = include_str!("types/library.mpc");

fn run(text: &str) -> (Sources, Checked) {
    run_with(text, |sources| Library::from_texts(sources, &[("library.mpc", STUB)]))
}

fn run_with(text: &str, library: fn(&mut Sources) -> Library) -> (Sources, Checked) {
    let mut sources = Sources::new();
    let file = sources.add("case.mpc", text);
    let library = library(&mut sources);
    let (module, mut found) = syntax::parse(file, text);
    let program = Modules::load(&Memory::new(), &mut sources, (file, module), &mut found);
    let mut checked = check(&program, &library);
    found.append(&mut checked.diagnostics);
    checked.diagnostics = found;
    (sources, checked)
}

fn lines_of(sources: &Sources, found: &[Diagnostic]) -> BTreeMap<u32, Vec<String>> {
    let mut lines: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for found in found {
        let line = sources.position(found.span).map_or(0, |position| position.line);
        lines.entry(line).or_default().push(found.code.id().to_owned());
    }
    lines.values_mut().for_each(|codes| codes.sort());
    lines
}

fn expected(text: &str) -> BTreeMap<u32, Vec<String>> {
    let mut lines = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some((_, codes)) = line.split_once("# error: ").or_else(|| line.split_once("# warning: ")) {
            let mut codes: Vec<String> = codes.split_whitespace().map(str::to_owned).collect();
            codes.sort();
            lines.insert(number, codes);
        }
    }
    lines
}

fn check_file(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("a file of cases");
    let mut wrong = Vec::new();
    for case in text.split("\n#### ").skip(1) {
        let (name, source) = case.split_once('\n').unwrap_or((case, ""));
        let (sources, checked) = run(source);
        let (found, wanted) = (lines_of(&sources, &checked.diagnostics), expected(source));
        let errors = checked.diagnostics.iter().any(Diagnostic::is_error);
        if found != wanted || errors == checked.tree.is_some() {
            let shown = mpcc::diagnostic::render::human(&sources, &checked.diagnostics, false);
            wrong.push(format!("{}: {name}\n  expected {wanted:?}\n  found    {found:?}\n{shown}", path.display()));
        }
    }
    wrong
}

#[test]
fn cases_find_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/types");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("the folder of cases").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let cases =
        paths.iter().filter(|path| path.extension().is_some_and(|end| end == "mpc") && !path.ends_with("library.mpc"));
    let wrong: Vec<String> = cases.flat_map(|path| check_file(path)).collect();
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every function of the library that operators and builtins stand for, on scalars and tensors.
#[test]
fn the_library_checks() {
    let text = include_str!("types/uses_library.txt");
    let (sources, checked) = run_with(text, Library::load);
    assert!(checked.tree.is_some(), "{}", mpcc::diagnostic::render::human(&sources, &checked.diagnostics, false));
}
