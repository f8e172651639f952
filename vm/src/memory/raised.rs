//! A deterministic exception on its way up.

use mpc_bytecode::operand::Exception;

/// An exception, which every player raises alike unless it says otherwise, with its message. The place is added by whoever knows the instruction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{exception}: {message}")]
pub struct Raised {
    /// Its kind.
    pub exception: Exception,
    /// What happened, in the reader's terms.
    pub message: String,
    /// False if other players or other schemes might not raise it: then the program cannot handle it, and ends.
    pub alike: bool,
}

impl Raised {
    /// An exception of any kind.
    pub fn new(exception: Exception, message: impl Into<String>) -> Self {
        Self { exception, message: message.into(), alike: true }
    }
    /// There is not enough memory here; elsewhere there may be.
    pub fn memory(message: impl Into<String>) -> Self {
        Self { alike: false, ..Self::overflow(message) }
    }
    /// A value that the operation does not take.
    pub fn value(message: impl Into<String>) -> Self {
        Self::new(Exception::ValueError, message)
    }
    /// A position outside the sequence.
    pub fn index(message: impl Into<String>) -> Self {
        Self::new(Exception::IndexError, message)
    }
    /// A result outside the range of its type.
    pub fn overflow(message: impl Into<String>) -> Self {
        Self::new(Exception::OverflowError, message)
    }
    /// Division by zero.
    pub fn zero_division(message: impl Into<String>) -> Self {
        Self::new(Exception::ZeroDivisionError, message)
    }
}
