//! The text of a whole program: what `mpcc dis` prints and what the assembler reads back to the same bytes.
//!
//! One item a line; what stands after `;` is for the reader alone. Numbered items carry their number, and the
//! assembler checks it. Jump targets are numbers of instructions, which stand before them, with an `@` where something
//! jumps there; they may be left out.
//!
//! ```text
//! mpcb 2
//! precision int 64 fix 47 frac 16
//! file 0 "mean.mpc"
//! dim0 "n"
//! role0 "owner"
//! port0 input "x" sint [dim0] from role0 at 0:2
//! port1 output "total" sint [] to all at 0:3
//! k0 int 3
//!
//! function f0 "main"
//!   registers p int
//!   registers s 2 sint
//!   line 0:2                              ; mean.mpc:2
//!     0  input [s0 port0]                 ; x
//!     1  sum s1 s0 []
//!   line 0:4                              ; mean.mpc:4
//!     2  output [port1 s1]                ; total
//!     3  return []
//!
//! disclosure f0 @2 entry 0 port1 to all at 0:4 "sum(x)"
//! ```

mod item;
mod read;
mod write;

use crate::program::Program;

/// Why a text is not a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct TextError {
    /// The line, from 1.
    pub line: usize,
    /// What was expected and what was found.
    pub message: String,
}

impl Program {
    /// The program as text.
    pub fn to_text(&self) -> String {
        write::Listing(self).to_string()
    }

    /// Reads a program's text. Like one that was read from bytes, it is not verified yet.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn from_text(text: &str) -> Result<Self, TextError> {
        read::assemble(text)
    }
}

#[cfg(test)]
mod tests;
