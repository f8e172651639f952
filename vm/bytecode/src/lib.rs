//! The contract between compiler and machine.
