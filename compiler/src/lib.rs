//! The compiler `mpcc`: from a program text to bytecode, with every error of the text on the way.

pub mod diagnostic;
pub mod source;
pub mod syntax;
