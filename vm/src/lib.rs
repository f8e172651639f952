//! The machine.

pub mod algebra;
pub mod config;
pub mod identity;
pub mod net;
pub mod random;
