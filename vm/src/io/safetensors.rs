//! Hugging Face's `.safetensors`: the length of a header, the header as JSON, then the tensors one after another.
//!
//! Format: <https://github.com/huggingface/safetensors>, version 0.4. Read here and strictly, so that a damaged or hostile file
//! allocates no more than it holds, and what does not fit is named: the header lies in the file and names each tensor once, every
//! tensor has as many bytes as its shape and type ask for, and the tensors lie side by side without gaps to the end of the file.

use super::archive::Archive;
use super::element::{Class, Dtype, position, push};
use super::{Target, file, quote};
use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::memory::{Elements, Public, shape};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

/// The longest header that is read, in bytes: that of the format's own readers.
const LONGEST_HEADER: u64 = 100_000_000;

/// What the header may say that is no tensor.
const METADATA: &str = "__metadata__";

/// A tensor as the header describes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// A checked tensor of a file.
#[derive(Clone, Debug)]
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    start: u64,
    bytes: usize,
}

/// An open file.
struct Open {
    source: File,
    /// Where the tensors begin.
    data: u64,
    tensors: BTreeMap<String, Tensor>,
}

/// Opens a file and checks its header.
pub(super) fn open<D: Domain>(path: &str) -> Result<Box<dyn Archive<D>>, String> {
    let (mut source, size) = file::open(path)?;
    let mut length = [0; 8];
    source.read_exact(&mut length).map_err(|_| "the file is truncated: it has no header")?;
    let length = u64::from_le_bytes(length);
    let left = size.saturating_sub(8);
    if length > left.min(LONGEST_HEADER) {
        return Err(format!(
            "this is no .safetensors file: its header would have {length} bytes, and {left} are there"
        ));
    }
    let mut header = Vec::new();
    (&mut source).take(length).read_to_end(&mut header).map_err(|error| file::reason(&error))?;
    let tensors = tensors(&header, left - length)?;
    Ok(Box::new(Open { source, data: 8 + length, tensors }))
}

/// The tensors that a header names, in a file with that many bytes behind it.
fn tensors(header: &[u8], data: u64) -> Result<BTreeMap<String, Tensor>, String> {
    if header.first() != Some(&b'{') {
        return Err("this is no .safetensors file: its header is not JSON".into());
    }
    let entries: Entries = serde_json::from_slice(header).map_err(|error| format!("the header is damaged: {error}"))?;
    let mut tensors = BTreeMap::new();
    for (name, entry) in entries.0 {
        let tensor = checked(&entry).map_err(|message| format!("tensor {}: {message}", quote(&name)))?;
        tensors.insert(name, tensor);
    }
    side_by_side(&tensors, data)?;
    Ok(tensors)
}

fn checked(entry: &Entry) -> Result<Tensor, String> {
    let dtype = dtype(&entry.dtype)?;
    let shape: Vec<usize> = entry.shape.iter().map(|&size| usize::try_from(size).unwrap_or(usize::MAX)).collect();
    let count = shape::count(&shape).map_err(|raised| raised.message)?;
    let bytes = count.checked_mul(dtype.size).ok_or("it is too large")?;
    let [start, end] = entry.data_offsets;
    if end.checked_sub(start) != u64::try_from(bytes).ok() {
        let shape = shape::show(&shape);
        return Err(format!("shape {shape} of {} needs {bytes} bytes, it has those from {start} to {end}", dtype.name));
    }
    Ok(Tensor { dtype, shape, start, bytes })
}

/// Every byte behind the header belongs to one tensor.
fn side_by_side(tensors: &BTreeMap<String, Tensor>, data: u64) -> Result<(), String> {
    let mut order: Vec<(&String, &Tensor)> = tensors.iter().collect();
    order.sort_by_key(|(_, tensor)| (tensor.start, tensor.bytes));
    let mut at = 0;
    for (name, tensor) in order {
        if tensor.start != at {
            let what = if tensor.start < at { "overlaps with another" } else { "leaves a gap before it" };
            return Err(format!("the file is damaged: tensor {} {what}", quote(name)));
        }
        at += tensor.bytes as u64;
    }
    match at == data {
        true => Ok(()),
        false => Err(format!("the file is truncated or damaged: its tensors have {at} bytes, it holds {data}")),
    }
}

fn dtype(name: &str) -> Result<Dtype, String> {
    let (class, size) = match name {
        "BOOL" => (Class::Bool, 1),
        "I8" => (Class::Signed, 1),
        "I16" => (Class::Signed, 2),
        "I32" => (Class::Signed, 4),
        "I64" => (Class::Signed, 8),
        "U8" => (Class::Unsigned, 1),
        "U16" => (Class::Unsigned, 2),
        "U32" => (Class::Unsigned, 4),
        "U64" => (Class::Unsigned, 8),
        "F16" => (Class::Float, 2),
        "F32" => (Class::Float, 4),
        "F64" => (Class::Float, 8),
        "BF16" => (Class::Brain, 2),
        _ => {
            return Err(format!(
                "its type {} is not read: convert it to F64, F32, F16, BF16, BOOL or integers",
                quote(name)
            ));
        }
    };
    Ok(Dtype { class, size, big_endian: false, name: name.to_owned() })
}

impl<D: Domain> Archive<D> for Open {
    fn names(&self) -> Vec<String> {
        self.tensors.keys().cloned().collect()
    }

    fn shape(&mut self, name: &str) -> Option<Vec<usize>> {
        self.tensors.get(name).map(|tensor| tensor.shape.clone())
    }

    fn read(&mut self, target: &Target, name: &str) -> Result<Public<D>, String> {
        let tensor = self.tensors.get(name).cloned().ok_or("there is no such tensor")?;
        target.takes(&tensor.dtype, &tensor.shape, "tensor", ".to(torch.int64)")?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(tensor.bytes).map_err(|_| "there is no memory for it")?;
        self.source.seek(SeekFrom::Start(self.data + tensor.start)).map_err(|error| file::reason(&error))?;
        (&mut self.source).take(tensor.bytes as u64).read_to_end(&mut bytes).map_err(|error| file::reason(&error))?;
        if bytes.len() != tensor.bytes {
            return Err("the file became shorter while it was read".into());
        }
        let mut builder = target.builder();
        builder.reserve(bytes.len() / tensor.dtype.size)?;
        for (at, element) in bytes.chunks_exact(tensor.dtype.size).enumerate() {
            push(&mut builder, &tensor.dtype, element)
                .map_err(|message| format!("element {}: {message}", position(at, &tensor.shape)))?;
        }
        builder.finish(&tensor.shape)
    }
}

/// The tensors of a header, each name once.
struct Entries(Vec<(String, Entry)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<R: Deserializer<'de>>(source: R) -> Result<Self, R::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tensors by name")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Entries, M::Error> {
                let (mut entries, mut seen) = (Vec::new(), std::collections::HashSet::new());
                while let Some(name) = map.next_key::<String>()? {
                    if !seen.insert(name.clone()) {
                        return Err(serde::de::Error::custom(format!("{} is there twice", quote(&name))));
                    }
                    match name.as_str() {
                        METADATA => drop(map.next_value::<IgnoredAny>()?),
                        _ => entries.push((name, map.next_value()?)),
                    }
                }
                Ok(Entries(entries))
            }
        }
        source.deserialize_map(Names)
    }
}

/// Writes tensors by name: integers as `I64`, fixed point as `F64`, truth values as `BOOL`.
pub(super) fn write<D: Domain>(
    out: &mut dyn Write,
    tensors: &[(String, Public<D>)],
    fixed: Fixed,
) -> Result<(), String> {
    fn all<T: Copy, const N: usize>(elements: &Elements<T>, bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
        elements.as_slice().iter().flat_map(|&x| bytes(x)).collect()
    }
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, value) in tensors {
        let (dtype, bytes) = match value {
            Public::Int(x) => ("I64", all(x, i64::to_le_bytes)),
            Public::Fix(x) => ("F64", all(x, |x: D| fixed.to_f64(x.to_i128()).to_le_bytes())),
            Public::Bool(x) => ("BOOL", all(x, |x| [u8::from(x)])),
            Public::Str(_) => return Err("text cannot be written to a tensor".into()),
        };
        let offsets = [data.len(), data.len() + bytes.len()];
        let entry = serde_json::json!({ "dtype": dtype, "shape": value.shape(), "data_offsets": offsets });
        header.insert(name.clone(), entry);
        data.extend(bytes);
    }
    let mut header = serde_json::Value::Object(header).to_string().into_bytes();
    // The tensors begin at a multiple of 8 bytes.
    header.resize(header.len().next_multiple_of(8), b' ');
    let parts = [&(header.len() as u64).to_le_bytes()[..], &header, &data];
    parts.iter().try_for_each(|part| out.write_all(part)).map_err(|error| file::reason(&error))
}
