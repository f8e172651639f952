//! NumPy's `.npz`: a ZIP archive of `.npy` files.

use super::{LARGEST_FILE, Target, file, npy, quote};
use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::memory::Public;
use std::io::{Cursor, Read, Write};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

pub(super) fn read<D: Domain>(target: &Target, path: &str, selection: Option<&str>) -> Result<Public<D>, String> {
    let (source, _) = file::open(path)?;
    let mut archive = ZipArchive::new(std::io::BufReader::new(source)).map_err(|error| trouble(&error))?;
    let entry = choose(target, archive.file_names(), selection)?;
    let mut member = archive.by_name(&entry).map_err(|error| trouble(&error))?;
    if member.size() > LARGEST_FILE {
        return Err(format!("the array is too large: {} bytes", member.size()));
    }
    // No more than the archive declares: a damaged or hostile one does not fill the memory.
    let mut bytes = Vec::new();
    let declared = member.size();
    let read = (&mut member).take(declared).read_to_end(&mut bytes);
    read.map_err(|error| format!("array {}: {}", quote(&entry), file::reason(&error)))?;
    npy::decode(target, &bytes).map_err(|message| format!("array {}: {message}", quote(entry.trim_end_matches(".npy"))))
}

/// The entry that is selected, else the one called like the port, else the only one.
fn choose<'a>(
    target: &Target,
    entries: impl Iterator<Item = &'a str>,
    selection: Option<&str>,
) -> Result<String, String> {
    let entries: Vec<&str> = entries.collect();
    let bare = |entry: &str| entry.strip_suffix(".npy").unwrap_or(entry).to_string();
    let find = |wanted: &str| entries.iter().find(|entry| bare(entry) == wanted).map(|entry| (*entry).to_string());
    let keys = || entries.iter().map(|entry| bare(entry)).collect::<Vec<_>>().join(", ");
    match (selection, &entries[..]) {
        (Some(wanted), _) => find(wanted)
            .ok_or_else(|| format!("there is no array {}; the arrays are {}", quote(wanted), quote(&keys()))),
        (None, []) => Err("the archive is empty".into()),
        (None, [only]) => Ok((*only).to_string()),
        (None, [first, ..]) => find(&target.name).ok_or_else(|| {
            format!("which of the arrays {} is meant? Select one: `file.npz:{}`", quote(&keys()), bare(first))
        }),
    }
}

fn trouble(error: &zip::result::ZipError) -> String {
    format!("this .npz archive cannot be read: {error}")
}

pub(super) fn write<D: Domain>(out: &mut dyn Write, name: &str, value: &Public<D>, fixed: Fixed) -> Result<(), String> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored).large_file(true);
    archive.start_file(format!("{name}.npy"), options).map_err(|error| error.to_string())?;
    archive.write_all(&npy::encode(value, fixed)?).map_err(|error| file::reason(&error))?;
    let bytes = archive.finish().map_err(|error| error.to_string())?.into_inner();
    out.write_all(&bytes).map_err(|error| file::reason(&error))
}
