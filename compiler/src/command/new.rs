//! `mpcc new`: a folder with a small program that runs.

use super::{Failure, exit};
use std::path::{Path, PathBuf};

/// The files of a new project: name, text. `{name}` stands for the project's name.
const FILES: [(&str, &str); 5] = [
    ("{name}.mpc", include_str!("new/program.mpc")),
    ("data/north.csv", include_str!("new/north.csv")),
    ("data/south.csv", include_str!("new/south.csv")),
    ("README.md", include_str!("new/README.md")),
    (".gitignore", include_str!("new/gitignore")),
];

/// `mpcc new NAME`: makes the folder and says how to go on.
pub fn new(folder: &Path) -> Result<u8, Failure> {
    let name = name_of(folder)?;
    if occupied(folder)? {
        let message = format!("{} exists and is not empty; choose another name", folder.display());
        return Err(Failure::new(exit::USAGE, message));
    }
    for (path, text) in FILES {
        write(&folder.join(path.replace("{name}", &name)), &text.replace("{name}", &name))?;
    }
    eprintln!("made {}: a program for two hospitals, and data to try it with", folder.display());
    eprintln!("\n    cd {}\n    {}\n", folder.display(), run_command(&name));
    Ok(exit::OK)
}

/// What runs the new program, given in its folder; its README says the same.
fn run_command(name: &str) -> String {
    format!("mpcc run {name}.mpc --input a=data/north.csv --input b=data/south.csv")
}

/// The last part of the path, if it can be the name of a program and of a file on every system.
fn name_of(folder: &Path) -> Result<String, Failure> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let good = begins && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if good && name.len() <= 64 {
        return Ok(name);
    }
    let name = if name.is_empty() { folder.display().to_string() } else { name };
    let message =
        format!("`{name}` is no name for a program: take letters, digits, `_` and `-`, beginning with a letter");
    Err(Failure::new(exit::USAGE, message))
}

/// Whether something is there that would be mixed with the new files.
fn occupied(folder: &Path) -> Result<bool, Failure> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Ok(true),
        Err(error) => Err(failed("read", folder, &error)),
    }
}

fn write(path: &PathBuf, text: &str) -> Result<(), Failure> {
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(|error| failed("make", parent, &error))?;
    std::fs::write(path, text).map_err(|error| failed("write", path, &error))
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(exit::SYSTEM, format!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_programs() {
        for good in ["study", "a/b/my-study_2", "./x"] {
            assert!(name_of(Path::new(good)).is_ok(), "{good}");
        }
        for bad in ["", "..", "2study", "my study", "a.b", "é", "-x", "/", "con:"] {
            assert!(name_of(Path::new(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_program_compiles_without_a_warning() {
        let mut files = mpcc::source::Memory::new();
        files.insert("x.mpc", FILES[0].1);
        let found = mpcc::compile(&files, Path::new("x.mpc")).expect("a file in memory");
        let shown = mpcc::diagnostic::render::human(&found.sources, &found.diagnostics, false);
        assert!(found.program.is_some() && found.diagnostics.is_empty(), "{shown}");
    }

    #[test]
    fn the_program_is_laid_out_as_programs_are() {
        let laid_out = mpcc::format::format(mpcc::source::FileId(0), FILES[0].1);
        assert_eq!(laid_out.as_deref().ok(), Some(FILES[0].1));
    }

    #[test]
    fn the_readme_says_what_the_command_says() {
        assert!(FILES[3].1.contains(&run_command("{name}")), "{}", run_command("{name}"));
    }
}
