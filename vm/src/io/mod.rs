//! Ports: where a player's inputs come from and where its outputs go.
//!
//! A source is a literal (`0.5`, `[[1, 2], [3, 4]]`, `true`) or a file, by its ending; [`file`] is the table of file kinds. What a
//! source holds is turned into a value of the port's kind exactly, or refused: no number is rounded but to the port's own
//! fixed-point step.
//!
//! Messages here are for the owner of the data and may quote them; nothing here talks to other players.

mod archive;
mod assignment;
mod builder;
mod csv;
mod element;
mod file;
mod literal;
mod npy;
mod npz;
mod output;
mod safetensors;

pub use assignment::Assignment;
pub use output::{check_target, check_targets, write, write_all};

use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::memory::Public;
use builder::Builder;
use file::{FileKind, Format};
use mpc_bytecode::Kind;

/// The largest file that is read, in bytes.
const LARGEST_FILE: u64 = 1 << 36;

/// What a port expects.
#[derive(Clone, Debug)]
pub struct Target {
    /// The port's name in the source.
    pub name: String,
    /// Its type as the source writes it: `sfix[3, n]`.
    pub ty: String,
    /// The kind of its elements.
    pub kind: Kind,
    /// The number of its axes.
    pub rank: usize,
    /// The size of each axis, where it is a number.
    pub sizes: Vec<Option<u64>>,
    /// The program's fixed-point format.
    pub fixed: Fixed,
    /// The bits of an integer, with its sign.
    pub int_bits: u32,
}

/// Reads a port's value.
///
/// # Errors
/// What was found, where (file, row, column) and what was expected.
pub fn read<D: Domain>(target: &Target, source: &str) -> Result<Public<D>, String> {
    if target.kind == Kind::Str {
        return Ok(Public::Str(literal::unquoted(source).into()));
    }
    match file::find::<D>(source) {
        Some((kind, path, selection)) => {
            let value = match kind.format {
                Format::One(read, _) => read(target, path, selection),
                Format::Several(open, _) => {
                    open(path).and_then(|mut file| archive::one(&mut *file, target, selection, kind.ending))
                }
            };
            value.map_err(|message| format!("{path}: {message}"))
        }
        None => literal::read(target, source),
    }
}

/// Reads an object from a file that holds an array for each of its fields, each target with its key: those arrays, and no others.
///
/// # Errors
/// Everything that is missing, too much, or does not fit.
pub fn read_all<D: Domain>(targets: &[(String, Target)], source: &str) -> Result<Vec<Public<D>>, String> {
    match file::find::<D>(source) {
        Some((FileKind { format: Format::Several(open, _), .. }, path, None)) => {
            let values = open(path).and_then(|mut file| archive::all(&mut *file, targets));
            values.map_err(|message| format!("{path}: {message}"))
        }
        Some((FileKind { format: Format::Several(..), .. }, path, Some(_))) => {
            Err(format!("{path}: an object takes all arrays of a file, and no single one"))
        }
        Some((FileKind { format: Format::One(..), .. }, ..)) | None => Err(format!(
            "{} holds no arrays by name: an object is read from {}",
            quote(source),
            file::archives().join(" or ")
        )),
    }
}

impl Target {
    /// The error of a value with another number of axes.
    fn wrong_rank(&self, found: usize) -> String {
        let axes = |rank: usize| match rank {
            0 => String::from("a single value"),
            1 => String::from("1 axis"),
            more => format!("{more} axes"),
        };
        format!("expected {} ({}), found {}", self.ty, axes(self.rank), axes(found))
    }

    fn builder<D: Domain>(&self) -> Builder<'_, D> {
        Builder::new(self)
    }
}

/// A text from a file as messages quote it: short, without control characters.
fn quote(text: &str) -> String {
    const LONGEST: usize = 40;
    let shown: String = text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().count() > LONGEST { format!("`{shown}…`") } else { format!("`{shown}`") }
}

#[cfg(test)]
mod tests;
