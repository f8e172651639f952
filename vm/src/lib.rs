//! The machine.

pub mod algebra;
pub mod random;
