//! NumPy's `.npy`: a header in Python's notation, then the elements.
//!
//! Format: numpy/lib/format.py, versions 1.0 to 3.0. Integers of any width and byte order, `float16/32/64` and `bool` are read,
//! in C and in Fortran order. Read here and not by a library so that a damaged header allocates nothing and every element that
//! does not fit is named by its place.

use super::element::{Class, Dtype, indices, position, push};
use super::{Target, file, quote};
use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::memory::{Elements, Public, shape};
use std::io::{Read, Write};

const MAGIC: &[u8] = b"\x93NUMPY";

pub(super) fn read<D: Domain>(target: &Target, path: &str, selection: Option<&str>) -> Result<Public<D>, String> {
    if let Some(selection) = selection {
        return Err(format!("an .npy file holds one array; {} selects nothing", quote(selection)));
    }
    let (mut source, size) = file::open(path)?;
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(usize::try_from(size).unwrap_or(usize::MAX))
        .map_err(|_| "there is no memory for the file")?;
    source.read_to_end(&mut bytes).map_err(|error| file::reason(&error))?;
    decode(target, &bytes)
}

/// A header's contents.
struct Header {
    dtype: Dtype,
    fortran: bool,
    shape: Vec<usize>,
}

/// The bytes of a file as a port's value.
pub(super) fn decode<D: Domain>(target: &Target, bytes: &[u8]) -> Result<Public<D>, String> {
    let (header, data) = header(bytes)?;
    let Header { dtype, fortran, shape } = header;
    target.takes(&dtype, &shape, "array", ".astype('int64')")?;
    let count = shape::count(&shape).map_err(|raised| raised.message)?;
    if count.checked_mul(dtype.size) != Some(data.len()) {
        return Err(format!(
            "the file is truncated or damaged: shape {} of {} needs {} bytes, it holds {}",
            shape::show(&shape),
            dtype.name,
            count.saturating_mul(dtype.size),
            data.len()
        ));
    }
    let mut builder = target.builder();
    builder.reserve(count)?;
    for at in 0..count {
        let place = if fortran { from_fortran(at, &shape) } else { at };
        let element = &data[place * dtype.size..(place + 1) * dtype.size];
        push(&mut builder, &dtype, element)
            .map_err(|message| format!("element {}: {message}", position(at, &shape)))?;
    }
    builder.finish(&shape)
}

/// Where the element that stands at `at` in C order stands in Fortran order.
fn from_fortran(at: usize, shape: &[usize]) -> usize {
    indices(at, shape).iter().zip(shape).rev().fold(0, |place, (index, size)| place * size + index)
}

fn header(bytes: &[u8]) -> Result<(Header, &[u8]), String> {
    let cut = || String::from("the file is truncated: its header is incomplete");
    let rest = bytes.strip_prefix(MAGIC).ok_or("this is not an .npy file")?;
    let (&[major, minor], rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
    let (length, rest) = match major {
        1 => rest.split_first_chunk::<2>().map(|(length, rest)| (u32::from(u16::from_le_bytes(*length)), rest)),
        2 | 3 => rest.split_first_chunk::<4>().map(|(length, rest)| (u32::from_le_bytes(*length), rest)),
        _ => return Err(format!("the file has version {major}.{minor} of the format; 1.0 to 3.0 are read")),
    }
    .ok_or_else(cut)?;
    let (text, data) = rest.split_at_checked(length as usize).ok_or_else(cut)?;
    let text = std::str::from_utf8(text).map_err(|_| "the header is not text")?;
    let bad = |what: &str| format!("the header has no {what} that can be read");
    let fortran = match field(text, "fortran_order").ok_or_else(|| bad("`fortran_order`"))? {
        word if word.starts_with("True") => true,
        word if word.starts_with("False") => false,
        _ => return Err(bad("`fortran_order`")),
    };
    let shape = field(text, "shape").and_then(sizes).ok_or_else(|| bad("`shape`"))?;
    let dtype = dtype(field(text, "descr").ok_or_else(|| bad("`descr`"))?)?;
    Ok((Header { dtype, fortran, shape }, data))
}

/// What stands behind a key of the header's dictionary.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let at = ['\'', '"'].iter().find_map(|mark| {
        let quoted = format!("{mark}{key}{mark}");
        text.find(&quoted).map(|at| at + quoted.len())
    })?;
    text[at..].trim_start().strip_prefix(':').map(str::trim_start)
}

fn sizes(text: &str) -> Option<Vec<usize>> {
    let inner = text.strip_prefix('(')?.split_once(')')?.0;
    let parts = inner.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.trim_end_matches('L').parse().ok()).collect()
}

fn dtype(text: &str) -> Result<Dtype, String> {
    let quoted = ['\'', '"'].iter().find_map(|&mark| Some(text.strip_prefix(mark)?.split_once(mark)?.0));
    let code = quoted.ok_or("the array has named fields; store a plain array")?;
    let bare = code.trim_start_matches(['<', '>', '|', '=']);
    let (letter, size) = bare.split_at(bare.len().min(1));
    let size: Option<usize> = size.parse().ok();
    let big_endian = code.starts_with('>') || (cfg!(target_endian = "big") && code.starts_with('='));
    let (class, name) = match (letter, size) {
        ("b", Some(1)) => (Class::Bool, "bool".to_string()),
        ("i", Some(size @ (1 | 2 | 4 | 8))) => (Class::Signed, format!("int{}", 8 * size)),
        ("u", Some(size @ (1 | 2 | 4 | 8))) => (Class::Unsigned, format!("uint{}", 8 * size)),
        ("f", Some(size @ (2 | 4 | 8))) => (Class::Float, format!("float{}", 8 * size)),
        ("f", _) => return Err("the array is long double; convert it with `.astype('float64')`".into()),
        ("O", _) => return Err("the array holds Python objects; convert it with `.astype('float64')`".into()),
        ("U" | "S" | "T", _) => return Err("the array holds text, not numbers".into()),
        ("c", _) => return Err("the array holds complex numbers".into()),
        ("M" | "m", _) => return Err("the array holds dates; convert it to numbers".into()),
        _ => return Err(format!("the array's type {} is unknown", quote(code))),
    };
    Ok(Dtype { class, size: size.unwrap_or(1), big_endian, name })
}

pub(super) fn write<D: Domain>(
    out: &mut dyn Write,
    _name: &str,
    value: &Public<D>,
    fixed: Fixed,
) -> Result<(), String> {
    let bytes = encode(value, fixed)?;
    out.write_all(&bytes).map_err(|error| file::reason(&error))
}

/// A value as a file: integers as `int64`, fixed point as `float64`, truth values as `bool`.
pub(super) fn encode<D: Domain>(value: &Public<D>, fixed: Fixed) -> Result<Vec<u8>, String> {
    fn all<T: Copy, const N: usize>(elements: &Elements<T>, bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
        elements.as_slice().iter().flat_map(|&x| bytes(x)).collect()
    }
    let (descr, data) = match value {
        Public::Int(x) => ("<i8", all(x, i64::to_le_bytes)),
        Public::Fix(x) => ("<f8", all(x, |x: D| fixed.to_f64(x.to_i128()).to_le_bytes())),
        Public::Bool(x) => ("|b1", all(x, |x| [u8::from(x)])),
        Public::Str(_) => return Err("text cannot be written to an array".into()),
    };
    let sizes: String = value.shape().iter().map(|size| format!("{size}, ")).collect();
    let sizes = if value.shape().len() == 1 { sizes.trim_end() } else { sizes.trim_end_matches([',', ' ']) };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}");
    // The elements begin at a multiple of 64 bytes.
    let unpadded = MAGIC.len() + 4 + text.len() + 1;
    text.push_str(&" ".repeat(unpadded.next_multiple_of(64) - unpadded));
    text.push('\n');
    let length = u16::try_from(text.len()).map_err(|_| "the shape is too long for the format")?;
    Ok([MAGIC, &[1, 0], &length.to_le_bytes(), text.as_bytes(), &data].concat())
}
