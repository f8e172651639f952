//! The machine.

pub mod algebra;
pub mod identity;
pub mod net;
pub mod random;
