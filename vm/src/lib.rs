//! The machine.

pub mod algebra;
pub mod command;
pub mod config;
pub mod correlated;
pub mod fixed;
pub mod identity;
pub mod io;
pub mod machine;
pub mod memory;
pub mod net;
pub mod protocol;
pub mod random;
