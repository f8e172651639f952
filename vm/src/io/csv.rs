//! Comma-separated values with a header line.
//!
//! A port of rank 1 takes one column: the one that the source selects (`pay.csv:rate`), else the one called like the port, else
//! the only one. A port of rank 2 takes the selected columns (`x.csv:a,b`), else all of them. A single value takes a column
//! with one row. The first line always names the columns; a file that begins with numbers is refused, rather than losing
//! its first row.

use super::{Target, file, quote};
use crate::algebra::Domain;
use crate::fixed::{Fixed, parse_scaled};
use crate::memory::{Elements, Public};
use ::csv::{ReaderBuilder, StringRecord, Trim};
use std::io::Write;

pub(super) fn read<D: Domain>(target: &Target, path: &str, selection: Option<&str>) -> Result<Public<D>, String> {
    let (source, _) = file::open(path)?;
    if target.rank > 2 {
        return Err(format!("a table has 2 axes, but the port is {}: use .npy", target.ty));
    }
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(source);
    let header = reader.headers().map_err(|error| trouble(&error))?.clone();
    let columns = columns(target, &header, selection)?;
    let mut builder = target.builder();
    let mut record = StringRecord::new();
    let mut rows = 0;
    while reader.read_record(&mut record).map_err(|error| trouble(&error))? {
        rows += 1;
        for &column in &columns {
            let cell = record.get(column).unwrap_or_default();
            builder.text(cell).map_err(|message| {
                let name = header.get(column).unwrap_or_default();
                format!("row {rows}, column {}: {message}", quote(name))
            })?;
        }
    }
    match target.rank {
        0 if rows != 1 => Err(format!("expected {} (one row), found {rows} rows", target.ty)),
        0 => builder.finish(&[]),
        1 => builder.finish(&[rows]),
        _ => builder.finish(&[rows, columns.len()]),
    }
}

/// The columns that the port takes.
fn columns(target: &Target, header: &StringRecord, selection: Option<&str>) -> Result<Vec<usize>, String> {
    let names: Vec<&str> = header.iter().map(|name| name.trim_start_matches('\u{feff}')).collect();
    if names.iter().all(|name| name.is_empty()) {
        return Err("the file is empty: its first line must name the columns".into());
    }
    if names.iter().all(|name| parse_scaled(name, 0).is_ok()) {
        return Err(format!(
            "the first line must name the columns, but it holds numbers ({}): add a line such as `{}` above it",
            quote(&names.join(",")),
            target.name
        ));
    }
    if let ([only], true) = (&names[..], names[0].contains([';', '\t'])) {
        return Err(format!("columns are separated by commas, but the header is {}", quote(only)));
    }
    let find = |wanted: &str| {
        let mut found = names.iter().enumerate().filter(|(_, name)| **name == wanted).map(|(at, _)| at);
        match (found.next(), found.next()) {
            (Some(at), None) => Ok(at),
            (Some(_), Some(_)) => Err(format!("there are several columns {}", quote(wanted))),
            (None, _) => {
                Err(format!("there is no column {}; the columns are {}", quote(wanted), quote(&names.join(", "))))
            }
        }
    };
    let columns = match selection {
        Some(selection) => selection.split(',').map(|name| find(name.trim())).collect::<Result<Vec<_>, _>>()?,
        None if target.rank == 2 => (0..names.len()).collect(),
        None if names.len() == 1 => vec![0],
        None if names.contains(&target.name.as_str()) => vec![find(&target.name)?],
        None => {
            return Err(format!(
                "which of the columns {} is meant? Select one: `file.csv:{}`",
                quote(&names.join(", ")),
                names[0]
            ));
        }
    };
    match (target.rank, columns.len()) {
        (2, _) | (_, 1) => Ok(columns),
        (_, several) => Err(format!("expected {} (one column), found {several} columns", target.ty)),
    }
}

fn trouble(error: &::csv::Error) -> String {
    match error.kind() {
        ::csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let row = pos.as_ref().map_or_else(String::new, |pos| format!("row {}: ", pos.record()));
            format!("{row}{len} cells where the header names {expected_len} columns")
        }
        ::csv::ErrorKind::Utf8 { pos, .. } => {
            let row = pos.as_ref().map_or_else(String::new, |pos| format!("row {}: ", pos.record()));
            format!("{row}this is not text in UTF-8")
        }
        ::csv::ErrorKind::Io(error) => file::reason(error),
        _ => error.to_string(),
    }
}

pub(super) fn write<D: Domain>(out: &mut dyn Write, name: &str, value: &Public<D>, fixed: Fixed) -> Result<(), String> {
    let names = match value.shape() {
        [] | [_] => vec![name.to_string()],
        [_, columns] => (0..*columns).map(|column| format!("{name}_{column}")).collect(),
        shape => return Err(format!("a table has 2 axes, the value has {}: use .npy", shape.len())),
    };
    let width = names.len();
    let mut writer = ::csv::Writer::from_writer(out);
    let mut rows = |cells: Vec<String>| -> Result<(), ::csv::Error> {
        writer.write_record(&names)?;
        cells.chunks(width.max(1)).try_for_each(|row| writer.write_record(row))?;
        Ok(writer.flush()?)
    };
    rows(cells(value, fixed)).map_err(|error| trouble(&error))
}

fn cells<D: Domain>(value: &Public<D>, fixed: Fixed) -> Vec<String> {
    fn each<T: Copy>(elements: &Elements<T>, show: impl Fn(T) -> String) -> Vec<String> {
        elements.as_slice().iter().map(|&x| show(x)).collect()
    }
    match value {
        Public::Int(x) => each(x, |x| x.to_string()),
        Public::Fix(x) => each(x, |x: D| fixed.shortest(x.to_i128())),
        Public::Bool(x) => each(x, |x| if x { "True".into() } else { "False".into() }),
        Public::Str(text) => vec![text.to_string()],
    }
}
