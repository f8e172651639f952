//! The bytecode: the one contract between compiler and machine.
//!
//! One table, [`isa`], defines every instruction. From the types of its operands follow the codec, the printer, the assembler,
//! the registers an instruction reads and writes, and the reference page. [`program`] is the container that is written to a
//! `.mpcb` file.
//!
//! Architecture invariant: nothing here does I/O, knows a sharing scheme's secrets or the source language, or panics on any
//! sequence of bytes.

#[cfg(test)]
mod arbitrary;
pub mod cost;
pub mod disclose;
pub mod isa;
pub mod operand;
pub mod predict;
pub mod program;
pub mod reference;
#[cfg(test)]
mod tests;
pub mod text;
pub mod types;
pub mod verify;

pub use isa::{Instruction, Locality};
pub use operand::{Access, AnyDst, AnySrc, Bank, Dst, Label, Public, Reg, Secret, Src};
pub use program::{Constant, Disclosure, Extent, Function, Port, Precision, Program, Role};
pub use text::TextError;
pub use types::{Kind, Type};
pub use verify::{VerifyError, verify};
