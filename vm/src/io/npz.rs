//! NumPy's `.npz`: a ZIP archive of `.npy` files.

use super::archive::Archive;
use super::{LARGEST_FILE, Target, file, npy};
use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::memory::Public;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Write};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

/// An open archive.
struct Open(ZipArchive<BufReader<File>>);

/// Opens an archive.
pub(super) fn open<D: Domain>(path: &str) -> Result<Box<dyn Archive<D>>, String> {
    let (source, _) = file::open(path)?;
    let archive = ZipArchive::new(BufReader::new(source)).map_err(|error| trouble(&error))?;
    Ok(Box::new(Open(archive)))
}

impl<D: Domain> Archive<D> for Open {
    fn names(&self) -> Vec<String> {
        self.0.file_names().map(|entry| entry.strip_suffix(".npy").unwrap_or(entry).to_owned()).collect()
    }

    fn shape(&mut self, _name: &str) -> Option<Vec<usize>> {
        None
    }

    fn read(&mut self, target: &Target, name: &str) -> Result<Public<D>, String> {
        let entry = format!("{name}.npy");
        let entry = if self.0.index_for_name(&entry).is_some() { entry } else { name.to_owned() };
        let mut member = self.0.by_name(&entry).map_err(|error| trouble(&error))?;
        if member.size() > LARGEST_FILE {
            return Err(format!("the array is too large: {} bytes", member.size()));
        }
        // No more than the archive declares: a damaged or hostile one does not fill the memory.
        let mut bytes = Vec::new();
        let declared = member.size();
        (&mut member).take(declared).read_to_end(&mut bytes).map_err(|error| file::reason(&error))?;
        npy::decode(target, &bytes)
    }
}

fn trouble(error: &zip::result::ZipError) -> String {
    format!("this .npz archive cannot be read: {error}")
}

/// Writes arrays by name.
pub(super) fn write<D: Domain>(
    out: &mut dyn Write,
    arrays: &[(String, Public<D>)],
    fixed: Fixed,
) -> Result<(), String> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored).large_file(true);
    for (name, value) in arrays {
        archive.start_file(format!("{name}.npy"), options).map_err(|error| error.to_string())?;
        archive.write_all(&npy::encode(value, fixed)?).map_err(|error| file::reason(&error))?;
    }
    let bytes = archive.finish().map_err(|error| error.to_string())?.into_inner();
    out.write_all(&bytes).map_err(|error| file::reason(&error))
}
