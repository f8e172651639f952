//! The table of file kinds.

use super::archive::Archive;
use super::{LARGEST_FILE, Target, csv, npy, npz, safetensors};
use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::memory::Public;
use std::io::Write;

/// Reads a port's value from a path, with what the source names within the file.
type Read<D> = fn(&Target, &str, Option<&str>) -> Result<Public<D>, String>;

/// Writes a value under a name.
type Store<D> = fn(&mut dyn Write, &str, &Public<D>, Fixed) -> Result<(), String>;

/// Opens a file of several arrays.
type Open<D> = fn(&str) -> Result<Box<dyn Archive<D>>, String>;

/// Writes values by their names.
type StoreAll<D> = fn(&mut dyn Write, &[(String, Public<D>)], Fixed) -> Result<(), String>;

/// How a kind of file is read and written.
pub(super) enum Format<D> {
    /// It holds one value.
    One(Read<D>, Store<D>),
    /// It holds values by name.
    Several(Open<D>, StoreAll<D>),
}

/// A kind of file: what its name ends in, and how it is read and written.
pub(super) struct FileKind<D> {
    /// The ending, with its point.
    pub ending: &'static str,
    pub format: Format<D>,
}

/// Every kind of file.
pub(super) const fn table<D: Domain>() -> [FileKind<D>; 4] {
    [
        FileKind { ending: ".csv", format: Format::One(csv::read, csv::write) },
        FileKind { ending: ".npy", format: Format::One(npy::read, npy::write) },
        FileKind { ending: ".npz", format: Format::Several(npz::open, npz::write) },
        FileKind { ending: ".safetensors", format: Format::Several(safetensors::open, safetensors::write) },
    ]
}

/// The endings of files that hold several values.
pub(super) fn archives() -> Vec<&'static str> {
    let several = |kind: &FileKind<u64>| matches!(kind.format, Format::Several(..));
    table().into_iter().filter(several).map(|kind| kind.ending).collect()
}

/// The endings of all kinds.
pub(super) fn endings() -> Vec<&'static str> {
    table::<u64>().iter().map(|kind| kind.ending).collect()
}

/// The kind of a source that is a file, its path, and what is selected within it: `pay.csv:rate`.
pub(super) fn find<D: Domain>(source: &str) -> Option<(FileKind<D>, &str, Option<&str>)> {
    for kind in table() {
        let lower = source.to_ascii_lowercase();
        if lower.ends_with(kind.ending) {
            return Some((kind, source, None));
        }
        // The last one: a folder may be called so, too.
        if let Some(at) = lower.rfind(&format!("{}:", kind.ending)) {
            let end = at + kind.ending.len();
            return Some((kind, &source[..end], Some(&source[end + 1..])));
        }
    }
    None
}

/// Opens a file that is not too large; with its size.
pub(super) fn open(path: &str) -> Result<(std::fs::File, u64), String> {
    let file = std::fs::File::open(path).map_err(|error| reason(&error))?;
    let metadata = file.metadata().map_err(|error| reason(&error))?;
    if metadata.is_dir() {
        return Err("this is a folder, not a file".into());
    }
    if metadata.len() > LARGEST_FILE {
        return Err(format!("the file has {} bytes; at most {LARGEST_FILE} are read", metadata.len()));
    }
    Ok((file, metadata.len()))
}

/// Why a file cannot be read or written, in words.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string(),
    }
}
