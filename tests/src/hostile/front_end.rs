//! What holds of the compiler's front end on every text: it ends without a panic, says something exactly where it makes no
//! program, points into the text, and what it makes survives its own file format.

use mpcc::compile;
use mpcc::diagnostic::{Diagnostic, any_error, json, render, sarif};
use mpcc::source::{Memory, Sources};
use std::path::Path;

/// Compiles a text and checks what comes of it.
///
/// # Errors
/// Which of the promises is broken.
pub fn check(text: &str) -> Result<(), String> {
    let entry = Path::new("hostile.mpc");
    let mut files = Memory::new();
    files.insert(entry, text);
    let compiled = compile(&files, entry).map_err(|error| format!("a file in memory cannot be read: {error}"))?;
    if any_error(&compiled.diagnostics) == compiled.program.is_some() {
        return Err("an error and a program, or neither".into());
    }
    compiled.diagnostics.iter().try_for_each(|found| placed(&compiled.sources, found))?;
    // Showing them must not fall over either.
    let (sources, found) = (&compiled.sources, &compiled.diagnostics);
    let human = render::human(sources, found, false);
    let (json, sarif) = (json::json(sources, found), sarif::sarif(sources, found));
    if human.is_empty() != found.is_empty() || json.is_empty() || sarif.is_empty() {
        return Err("a finding that is not shown".into());
    }
    let Some(program) = compiled.program else { return Ok(()) };
    match mpc_bytecode::Program::from_bytes(&program.to_bytes()) {
        Ok(read) if read == program => Ok(()),
        Ok(_) => Err("the program read back is another".into()),
        Err(error) => Err(format!("the program cannot be read back: {error}")),
    }
}

/// A diagnostic stands in a file of the compilation, at whole characters, and says something.
fn placed(sources: &Sources, found: &Diagnostic) -> Result<(), String> {
    let spans = std::iter::once(found.span).chain(found.labels.iter().map(|(span, _)| *span));
    for span in spans {
        let Some(source) = sources.get(span.file) else { return Err(format!("{found:?} is of no file")) };
        if span.start > span.end || source.text.get(span.range()).is_none() {
            return Err(format!("{found:?} does not lie in its file"));
        }
    }
    if found.code.id() == "E0900" || found.message.is_empty() { Err(format!("{found:?}")) } else { Ok(()) }
}
