//! `build`, `check`, `dis` and `asm`.

use super::unread::unreadable;
use super::{Failure, Format, color, exit, print};
use mpc_bytecode::Program;
use mpc_bytecode::program::Parties;
use mpcc::diagnostic::{any_error, json, render, sarif};
use mpcc::{Compilation, source::Disk};
use std::path::{Path, PathBuf};

/// `mpcc build FILE`: says in one line each what is written, what is disclosed and what it costs.
pub fn build(file: &Path, output: Option<PathBuf>, format: Format) -> Result<u8, Failure> {
    let (program, _) = compile_as(file, format)?;
    let output = output.unwrap_or_else(|| file.with_extension("mpcb"));
    write(&output, &program.to_bytes())?;
    eprintln!("{}: program {}", output.display(), program.hash());
    eprintln!("{}", disclosures(&program));
    if let Some(line) = super::cost::in_a_line(&program) {
        eprintln!("{line}");
    }
    Ok(exit::OK)
}

/// `mpcc check FILE`: every diagnostic, on standard output for programs, on standard error for people.
pub fn check(file: &Path, format: Format) -> Result<u8, Failure> {
    let found = read_and_compile(file)?;
    show(&found, format)?;
    Ok(if any_error(&found.diagnostics) { exit::ERRORS } else { exit::OK })
}

/// `mpcc dis FILE`: a program's bytecode as text.
pub fn dis(file: &Path) -> Result<u8, Failure> {
    let program = if is_bytecode(file) { load(file)? } else { compile(file)?.0 };
    print(&program.to_text())?;
    Ok(exit::OK)
}

/// `mpcc asm FILE -o OUT`: the same bytes again.
pub fn asm(file: &Path, output: &Path) -> Result<u8, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
    let program = Program::from_text(&text)
        .map_err(|error| Failure::new(exit::BAD_INPUT, format!("{}: {error}", file.display())))?;
    mpc_bytecode::verify(&program)
        .map_err(|error| Failure::new(exit::BAD_INPUT, format!("{}: {error}", file.display())))?;
    write(output, &program.to_bytes())?;
    Ok(exit::OK)
}

/// Compiles a file; prints its diagnostics for people.
///
/// # Errors
/// When the file cannot be read, or has errors: then they have been printed, and the message counts them.
pub fn compile(file: &Path) -> Result<(Program, Compilation), Failure> {
    compile_as(file, Format::Human)
}

fn compile_as(file: &Path, format: Format) -> Result<(Program, Compilation), Failure> {
    let mut found = read_and_compile(file)?;
    show(&found, format)?;
    let errors = found.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let plural = if errors == 1 { "" } else { "s" };
    let failed = || Failure::new(exit::ERRORS, format!("{} has {errors} error{plural}", file.display()));
    Ok((found.program.take().ok_or_else(failed)?, found))
}

/// Prints diagnostics: for people on standard error, for programs on standard output.
fn show(found: &Compilation, format: Format) -> Result<(), Failure> {
    let (sources, diagnostics) = (&found.sources, &found.diagnostics);
    match format {
        Format::Human => {
            eprint!("{}", render::human(sources, diagnostics, color()));
            Ok(())
        }
        Format::Json => print(&json::json(sources, diagnostics)),
        Format::Sarif => print(&sarif::sarif(sources, diagnostics)),
    }
}

fn read_and_compile(file: &Path) -> Result<Compilation, Failure> {
    mpcc::compile(&Disk, file).map_err(|error| unreadable(file, &error))
}

/// Loads and verifies bytecode.
pub fn load(file: &Path) -> Result<Program, Failure> {
    let bad = |message: String| Failure::new(exit::BAD_INPUT, format!("{}: {message}", file.display()));
    let bytes = std::fs::read(file).map_err(|error| unreadable(file, &error))?;
    let program = Program::from_bytes(&bytes).map_err(|error| bad(error.to_string()))?;
    mpc_bytecode::verify(&program).map_err(|error| bad(error.to_string()))?;
    Ok(program)
}

/// True for a name that stands for bytecode.
pub fn is_bytecode(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "mpcb")
}

/// Writes a file.
pub fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(file, bytes)
        .map_err(|error| Failure::new(exit::SYSTEM, format!("cannot write {}: {error}", file.display())))
}

/// One line on what becomes known.
fn disclosures(program: &Program) -> String {
    let places: Vec<String> = program
        .disclosures
        .iter()
        .map(|entry| format!("`{}` to {} (line {})", entry.expression, parties(program, &entry.to), entry.line.line))
        .collect();
    match places.len() {
        0 => "discloses nothing".into(),
        1..=4 => format!("discloses {}", places.join(", ")),
        more => format!("discloses {} and {} more", places[..3].join(", "), more - 3),
    }
}

/// Roles as the source names them.
fn parties(program: &Program, to: &Parties) -> String {
    match to {
        Parties::All => "all".into(),
        Parties::Roles(roles) => {
            let named = roles.iter().filter_map(|role| program.roles.get(role.0 as usize));
            named.map(|role| role.name.as_str()).collect::<Vec<_>>().join(", ")
        }
    }
}
