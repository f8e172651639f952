//! What an instruction can name, and how each is written as bytes and as text.

mod combined;
mod number;
mod place;
mod register;
mod word;

pub use number::{ConstId, DimId, FuncId, Label, PortId, RoleId};
pub use place::{Piece, Place};
pub use register::{Access, AnyDst, AnySrc, Bank, Dst, FixedBank, Lists, Public, Reg, Secret, Src};
pub use word::{Binary, Exception, Reduction, Unary};

#[cfg(test)]
use crate::arbitrary::Source;
use std::fmt;

/// Why bytes are not an instruction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes ended inside an instruction.
    #[error("the code ends inside an instruction")]
    Truncated,
    /// No instruction has this number.
    #[error("there is no instruction with number {0:#04x}")]
    UnknownOpcode(u8),
    /// A code within an operand names nothing.
    #[error("{code} is not a {what}")]
    UnknownCode {
        /// What was expected.
        what: &'static str,
        /// The code that was read.
        code: u64,
    },
}

/// Bytes that are being decoded.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
    /// True when every byte has been read.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let (&first, rest) = self.0.split_first().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(first)
    }
    /// An unsigned number in LEB128, in the shortest form.
    pub fn number(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if (shift == 63 && part > 1) || (shift > 0 && byte == 0) {
                break;
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::UnknownCode { what: "number of 64 bits", code: value })
    }
    fn small(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        let value = self.number()?;
        u32::try_from(value).map_err(|_| DecodeError::UnknownCode { what, code: value })
    }
}

fn write_number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Text that is being assembled, one line's operands at a time.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// Starts at the first character.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }
    /// What has not been read yet, without leading blanks.
    pub fn rest(&self) -> &'a str {
        self.0.trim_start()
    }
    /// True when nothing but blanks is left.
    pub fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }
    /// Reads `token` if it stands next.
    pub fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest();
        let found = rest.strip_prefix(token);
        if let Some(rest) = found {
            self.0 = rest;
        }
        found.is_some()
    }
    /// Reads `token` or says that it is missing.
    pub fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { Err(format!("expected `{token}` at `{}`", self.shown())) }
    }
    /// The beginning of what is left, for messages.
    pub fn shown(&self) -> String {
        let rest = self.rest();
        match rest.char_indices().nth(40) {
            Some((cut, _)) => format!("{}…", &rest[..cut]),
            None => rest.into(),
        }
    }
    /// The next word: letters, digits, `_` and `-`.
    pub fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.0 = rest;
        word
    }
    /// `prefix` and a number, without a blank between them.
    pub fn numbered(&mut self, prefix: &str) -> Result<u32, String> {
        let word = self.word();
        let digits = word.strip_prefix(prefix).ok_or_else(|| format!("expected `{prefix}…`, found `{word}`"))?;
        digits.parse().map_err(|_| format!("`{word}` has no number"))
    }
}

/// Something outside the registers that an instruction names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A constant.
    Constant(ConstId),
    /// A symbolic dimension.
    Dim(DimId),
    /// A port.
    Port(PortId),
    /// A function.
    Function(FuncId),
    /// A role.
    Role(RoleId),
    /// An instruction of the same function.
    Label(Label),
}

/// One operand of an instruction. Everything the workspace derives from the instruction table goes through this trait.
pub trait Operand: Sized {
    /// Appends the bytes.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads the bytes back.
    ///
    /// # Errors
    /// When they are not this operand.
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError>;
    /// Writes the text.
    ///
    /// # Errors
    /// When the formatter fails.
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    /// Reads the text back.
    ///
    /// # Errors
    /// What was expected and what was found.
    fn parse(input: &mut Text<'_>) -> Result<Self, String>;
    /// Calls `visit` with every register, in operand order.
    fn visit(&self, _visit: &mut dyn FnMut(Access)) {}
    /// Calls `refer` with everything else that is named, in operand order.
    fn refer(&self, _refer: &mut dyn FnMut(Reference)) {}
    /// Replaces the number of every register by what `rename` returns for it.
    fn rename(&mut self, _rename: &mut dyn FnMut(Access) -> u32) {}
    /// Replaces every jump target by what `target` returns for it.
    fn retarget(&mut self, _target: &mut dyn FnMut(u32) -> u32) {}
    /// How the reference page writes it.
    fn notation() -> String;
    /// An operand made from the bytes of `source`, for tests.
    #[cfg(test)]
    fn arbitrary(source: &mut Source<'_>) -> Self;
}
