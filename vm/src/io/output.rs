//! Outputs to files: whole or not at all.

use super::file::{self, Format};
use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::memory::Public;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Whether a path can be written to, as far as that is known before there is a value.
///
/// # Errors
/// Why not.
pub fn check_target(path: &str) -> Result<(), String> {
    if !file::endings().iter().any(|ending| path.to_ascii_lowercase().ends_with(ending)) {
        return Err(format!("{path}: outputs are written to files of these kinds: {}", file::endings().join(", ")));
    }
    let folder = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => Err(format!("{path}: there is no folder {}", folder.display())),
        Some(_) | None if Path::new(path).is_dir() => Err(format!("{path}: this is a folder, not a file")),
        Some(_) | None => Ok(()),
    }
}

/// The same for a file of several values.
///
/// # Errors
/// Why not.
pub fn check_targets(path: &str) -> Result<(), String> {
    let archives = file::archives();
    if !archives.iter().any(|ending| path.to_ascii_lowercase().ends_with(ending)) {
        return Err(format!("{path}: objects are written to files of these kinds: {}", archives.join(", ")));
    }
    check_target(path)
}

/// Writes a value to a file of the kind that its name ends in: first to a temporary name beside it, which is then renamed.
///
/// # Errors
/// Why it cannot be written; what was there before is untouched then.
pub fn write<D: Domain>(path: &str, name: &str, value: &Public<D>, fixed: Fixed) -> Result<(), String> {
    save(path, |kind, bytes| match kind {
        Format::One(_, write) => write(bytes, name, value, fixed),
        Format::Several(_, write) => write(bytes, &[(name.to_owned(), value.clone())], fixed),
    })
}

/// The same for several values by their names.
///
/// # Errors
/// Why they cannot be written.
pub fn write_all<D: Domain>(path: &str, values: &[(String, Public<D>)], fixed: Fixed) -> Result<(), String> {
    save(path, |kind, bytes| match kind {
        Format::One(..) => Err("a file of this kind holds one value".into()),
        Format::Several(_, write) => write(bytes, values, fixed),
    })
}

fn save<D: Domain>(
    path: &str,
    encode: impl FnOnce(Format<D>, &mut Vec<u8>) -> Result<(), String>,
) -> Result<(), String> {
    let in_file = |message: String| format!("{path}: {message}");
    let lower = path.to_ascii_lowercase();
    let kind = file::table::<D>().into_iter().find(|kind| lower.ends_with(kind.ending));
    let kind = kind.ok_or_else(|| in_file("outputs are not written to files of this kind".into()))?;
    let mut bytes = Vec::new();
    encode(kind.format, &mut bytes).map_err(in_file)?;
    let temporary = temporary(Path::new(path));
    let stored = store(&temporary, &bytes).and_then(|()| std::fs::rename(&temporary, path));
    stored.map_err(|error| {
        // The error that counts is the first one.
        let _ = std::fs::remove_file(&temporary);
        in_file(file::reason(&error))
    })
}

fn store(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::fs::File::create(path)?;
    out.write_all(bytes)?;
    out.sync_all()
}

/// A name beside the file that no other process uses.
fn temporary(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}
