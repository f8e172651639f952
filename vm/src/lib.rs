//! The machine.

pub mod algebra;
pub mod net;
pub mod random;
