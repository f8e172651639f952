//! Why a file that the command line names cannot be read, and which may be meant.

use super::{Failure, exit};
use mpcc::names::suggest;
use std::io;
use std::path::Path;

/// Says why a file cannot be read; where there is none, which file beside it has a similar name.
pub fn unreadable(file: &Path, error: &io::Error) -> Failure {
    let shown = file.display();
    let message = match error.kind() {
        io::ErrorKind::NotFound => match similar(file) {
            Some(near) => format!("there is no file `{shown}`; did you mean `{near}`?"),
            None => format!("there is no file `{shown}`"),
        },
        io::ErrorKind::IsADirectory => format!("`{shown}` is a folder: name a file in it"),
        io::ErrorKind::InvalidData => format!("`{shown}` is not text in UTF-8"),
        io::ErrorKind::PermissionDenied => format!("`{shown}` may not be read by this user"),
        _ => format!("cannot read `{shown}`: {error}"),
    };
    Failure::new(exit::BAD_INPUT, message)
}

/// The path of a program in the same folder whose name is nearly this one.
fn similar(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut programs: Vec<String> = names.filter(|name| name.ends_with(".mpc") || name.ends_with(".mpcb")).collect();
    programs.sort();
    let name = file.file_name()?.to_string_lossy();
    // A forgotten ending is the likeliest slip.
    let whole = programs.iter().find(|program| Path::new(program).file_stem().is_some_and(|stem| *stem == *name));
    let near = whole.map(String::as_str).or_else(|| suggest::nearest(&name, programs.iter().map(String::as_str)))?;
    Some(file.with_file_name(near).display().to_string())
}
