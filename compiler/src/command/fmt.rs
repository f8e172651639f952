//! `mpcc fmt`: lays out programs, in place or to standard output.

use super::unread::unreadable;
use super::{Failure, color, exit, print};
use clap::Args;
use mpcc::diagnostic::render;
use mpcc::format;
use mpcc::source::Sources;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

/// What `fmt` is told.
#[derive(Args)]
pub struct FmtArgs {
    /// Programs, and folders whose `.mpc` files are meant; `-` reads a program and prints it laid out.
    #[arg(required = true, value_name = "FILE|DIR|-")]
    paths: Vec<PathBuf>,
    /// Writes nothing; shows what would change, and exits with 1 if anything would.
    #[arg(long)]
    check: bool,
}

/// What came of one file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Same,
    Changed,
    /// It has errors, which have been printed.
    Broken,
}

/// `mpcc fmt FILE…`: a file that cannot be laid out does not keep the others from it.
pub fn fmt(args: &FmtArgs) -> Result<u8, Failure> {
    if args.paths.iter().any(|path| path.as_os_str() == "-") {
        return piped(args);
    }
    let (mut changed, mut same, mut failed, mut code) = (0, 0, 0, exit::OK);
    for file in files(&args.paths)? {
        match in_place(&file, args.check) {
            Ok(Outcome::Same) => same += 1,
            Ok(Outcome::Changed) => {
                changed += 1;
                code = code.max(if args.check { exit::ERRORS } else { exit::OK });
            }
            Ok(Outcome::Broken) => {
                failed += 1;
                code = code.max(exit::ERRORS);
            }
            Err(failure) => {
                eprintln!("error: {}", failure.message);
                failed += 1;
                code = code.max(failure.code);
            }
        }
    }
    let done = if args.check { "would change" } else { "formatted" };
    let left = if failed == 0 { String::new() } else { format!(", {} left as it is", counted(failed)) };
    eprintln!("{} {done}, {} as it should be{left}", counted(changed), counted(same));
    Ok(code)
}

fn counted(files: usize) -> String {
    format!("{files} {}", if files == 1 { "file" } else { "files" })
}

/// The files that are meant, each once, in order.
fn files(paths: &[PathBuf]) -> Result<BTreeSet<PathBuf>, Failure> {
    let mut found = BTreeSet::new();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut found)?;
        } else {
            found.insert(path.clone());
        }
    }
    Ok(found)
}

/// The programs in a folder and the folders in it. Hidden folders are left out, and links to folders, which may lead round in a ring.
fn walk(folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let entry = entry.map_err(|error| unreadable(folder, &error))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
        if kind.is_dir() && !entry.file_name().to_string_lossy().starts_with('.') {
            walk(&path, found)?;
        } else if !kind.is_dir() && path.extension().is_some_and(|extension| extension == "mpc") && path.is_file() {
            found.insert(path);
        }
    }
    Ok(())
}

fn in_place(file: &Path, check: bool) -> Result<Outcome, Failure> {
    let text = fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
    let Some(formatted) = formatted(file, &text) else {
        return Ok(Outcome::Broken);
    };
    if formatted == text {
        return Ok(Outcome::Same);
    }
    if check {
        print(&format::unified(&file.display().to_string(), &text, &formatted))?;
        return Ok(Outcome::Changed);
    }
    replace(file, &formatted)
        .map_err(|error| Failure::new(exit::SYSTEM, format!("cannot write {}: {error}", file.display())))?;
    Ok(Outcome::Changed)
}

/// From standard input to standard output.
fn piped(args: &FmtArgs) -> Result<u8, Failure> {
    if args.paths.len() > 1 {
        return Err(Failure::new(
            exit::USAGE,
            "`-` reads one program from standard input; no file can be given with it",
        ));
    }
    let mut text = String::new();
    let name = Path::new("<stdin>");
    io::stdin().read_to_string(&mut text).map_err(|error| unreadable(name, &error))?;
    let Some(formatted) = formatted(name, &text) else {
        return Ok(exit::ERRORS);
    };
    if !args.check {
        print(&formatted)?;
        return Ok(exit::OK);
    }
    print(&format::unified("<stdin>", &text, &formatted))?;
    Ok(if formatted == text { exit::OK } else { exit::ERRORS })
}

/// The text laid out; `None` if it has errors, which are printed then.
fn formatted(name: &Path, text: &str) -> Option<String> {
    let mut sources = Sources::new();
    let file = sources.add(name, text);
    match format::format(file, text) {
        Ok(formatted) => Some(formatted),
        Err(found) => {
            eprint!("{}", render::human(&sources, &found, color()));
            None
        }
    }
}

/// Puts a text in the place of a file: written beside it and renamed, so that there is at any moment the old or the new text. A
/// link stays one; permissions stay.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let target = fs::canonicalize(file)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let beside = target.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written =
        write_new(&beside, text, fs::metadata(&target)?.permissions()).and_then(|()| fs::rename(&beside, &target));
    if written.is_err() {
        // What failed is told; that a part of a file stays as well would not help.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write_new(file: &Path, text: &str, permissions: fs::Permissions) -> io::Result<()> {
    let mut new = fs::OpenOptions::new().write(true).create_new(true).open(file)?;
    new.write_all(text.as_bytes())?;
    new.set_permissions(permissions)?;
    new.sync_all()
}
