//! Elements of arrays as files hold them: integers of any width, floating-point numbers, truth values.

use super::builder::Builder;
use crate::algebra::Domain;

/// What an element's bytes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Bool,
    Signed,
    Unsigned,
    /// IEEE 754 binary16, binary32, binary64.
    Float,
    /// The upper half of a binary32.
    Brain,
}

/// The type of an array's elements.
#[derive(Clone, Debug)]
pub(super) struct Dtype {
    pub class: Class,
    /// Bytes of an element.
    pub size: usize,
    pub big_endian: bool,
    /// As messages call it.
    pub name: String,
}

impl Dtype {
    /// Whether the elements are floating-point numbers.
    pub fn is_float(&self) -> bool {
        matches!(self.class, Class::Float | Class::Brain)
    }
}

/// Takes one element.
pub(super) fn push<D: Domain>(builder: &mut Builder<'_, D>, dtype: &Dtype, bytes: &[u8]) -> Result<(), String> {
    // Little-endian in 8 bytes, whatever the file has.
    let mut word = [0; 8];
    for (at, &byte) in bytes.iter().enumerate() {
        word[if dtype.big_endian { bytes.len() - 1 - at } else { at }] = byte;
    }
    let raw = u64::from_le_bytes(word);
    let unused = 64 - 8 * dtype.size as u32;
    match (dtype.class, dtype.size) {
        (Class::Bool, _) => builder.boolean(raw != 0),
        (Class::Signed, _) => builder.integer(i128::from((raw << unused) as i64 >> unused)),
        (Class::Unsigned, _) => builder.integer(raw.into()),
        (Class::Float, 2) => builder.float(half(raw as u16)),
        (Class::Float, 4) => builder.float(f32::from_bits(raw as u32).into()),
        (Class::Float, _) => builder.float(f64::from_bits(raw)),
        (Class::Brain, _) => builder.float(f32::from_bits((raw as u32) << 16).into()),
    }
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let (sign, exponent, fraction) = (bits >> 15, (bits >> 10) & 0x1f, f64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(i32::from(exponent) - 25),
    };
    if sign == 1 { -magnitude } else { magnitude }
}

/// The indices of the element that stands at `at` in C order.
pub(super) fn indices(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut out = vec![0; shape.len()];
    for (index, &size) in out.iter_mut().zip(shape).rev() {
        *index = at % size;
        at /= size;
    }
    out
}

/// The indices of an element, for messages.
pub(super) fn position(at: usize, shape: &[usize]) -> String {
    format!("{:?}", indices(at, shape))
}
