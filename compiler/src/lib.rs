//! The compiler `mpcc`: from a program text to bytecode, with every error of the text on the way.

pub mod diagnostic;
pub mod emit;
pub mod ir;
pub mod lower;
pub mod names;
pub mod operators;
pub mod passes;
pub mod source;
pub mod syntax;
pub mod types;
