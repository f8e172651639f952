//! What an instruction can name, and how each is written as bytes and as text.

mod bytes;
mod combined;
mod exception;
mod number;
mod place;
mod register;
mod text;
mod word;

pub use bytes::Reader;
pub use exception::ExceptionId;
pub use number::{ConstId, DimId, FuncId, Label, PortId, RoleId};
pub use place::{Piece, Place};
pub use register::{Access, AnyDst, AnySrc, Bank, Dst, FixedBank, Lists, Public, Reg, Secret, Src};
pub use text::{Text, quote};
pub use word::{Binary, Exception, Reduction, Unary};

#[cfg(test)]
use crate::arbitrary::Source;
use bytes::write_number;
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
    /// A class of exceptions.
    Exception(ExceptionId),
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
