//! The compiler `mpcc`: from a program text to bytecode, with every error of the text on the way.
//!
//! [`syntax`] makes a tree of the text, [`types`] checks it and makes the typed tree, [`lower`] and [`passes`] make instructions of that,
//! [`emit`] writes the program. Arrows go one way: source ← diagnostic ← syntax ← names ← types ← operators ← lower ← passes ← emit.
//! [`mod@format`] lays out texts; it needs the syntax alone.
//!
//! Architecture invariant: no file, network, clock or environment outside [`source::Disk`] and the command line; no text makes it panic.

pub mod diagnostic;
pub mod emit;
pub mod format;
pub mod ir;
pub mod lower;
pub mod names;
pub mod operators;
pub mod passes;
mod reveals;
pub mod source;
pub mod suite;
pub mod syntax;
pub mod types;

use diagnostic::{Code, Diagnostic, any_error, sort};
use mpc_bytecode::Program;
use names::Modules;
use source::{Files, Sources, Span};
use std::path::Path;
use types::Library;

/// What compiling a file gives.
#[derive(Debug)]
pub struct Compilation {
    /// The texts, for showing diagnostics.
    pub sources: Sources,
    /// The verified program; absent if there is an error.
    pub program: Option<Program>,
    /// Errors and warnings in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Compiles the program in the file `entry`.
///
/// # Errors
/// When the file cannot be read.
pub fn compile(files: &dyn Files, entry: &Path) -> std::io::Result<Compilation> {
    let text = files.read(entry)?;
    let mut sources = Sources::new();
    let file = sources.add(entry, text);
    let library = Library::load(&mut sources);
    let text = sources.get(file).map_or("", |source| &source.text);
    let (module, mut diagnostics) = syntax::parse(file, text);
    let modules = Modules::load(files, &mut sources, (file, module), &mut diagnostics);
    let mut program = None;
    if !any_error(&diagnostics) {
        let checked = types::check(&modules, &library);
        diagnostics.extend(checked.diagnostics);
        let start = Span::new(file, 0, 0);
        program = checked.tree.and_then(|tree| verified(&tree, &sources, start, &mut diagnostics));
    }
    sort(&mut diagnostics);
    Ok(Compilation { sources, program, diagnostics })
}

/// The program of a checked tree; absent, with a diagnostic at `span`, if the verifier refuses it.
fn verified(tree: &types::tree::Tree, sources: &Sources, span: Span, found: &mut Vec<Diagnostic>) -> Option<Program> {
    let emit::Emitted { program, gathered } = emit::lower_and_emit(tree, sources, found);
    match mpc_bytecode::verify(&program) {
        Ok(_) => {
            let written = gathered.then(|| emit::turn_by_turn(tree, sources));
            let written = written.filter(|written| mpc_bytecode::verify(written).is_ok());
            found.extend(reveals::warnings(written.as_ref().unwrap_or(&program), sources));
            Some(program)
        }
        Err(error) => {
            found.push(internal(span, &error.to_string()));
            None
        }
    }
}

/// The verifier refuses what was emitted: the compiler's own mistake, and better no program than a wrong one.
fn internal(span: Span, found: &str) -> Diagnostic {
    Diagnostic::new(
        Code::Internal,
        span,
        format!("the compiler made a program that does not pass its own verifier: {found}"),
    )
    .help("this is a mistake of the compiler, not of the program: please report it with the program")
}
