//! Why a process ends early, and with which exit code.

use crate::config::ConfigError;
use crate::identity::IdentityError;
use crate::net::NetError;
use crate::protocol::Fault;

/// Exit codes, after sysexits.h where it has one.
pub mod exit {
    /// All is well.
    pub const OK: u8 = 0;
    /// The program raised an exception that nothing caught.
    pub const RAISED: u8 = 1;
    /// The command line is not understood.
    pub const USAGE: u8 = 64;
    /// An input, a program or another file is not what it should be.
    pub const BAD_INPUT: u8 = 65;
    /// A file cannot be written, or a process cannot be started.
    pub const SYSTEM: u8 = 71;
    /// What players run, or have approved, is not the same.
    pub const MISMATCH: u8 = 76;
    /// A peer sent what no correct player sends.
    pub const CHEATING: u8 = 77;
    /// The cluster file or an identity is wrong.
    pub const CONFIG: u8 = 78;
}

/// Why a command ends early. The message holds no secret.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// What is printed after `error: `.
    pub message: String,
}

impl Failure {
    /// A failure with this exit code and message.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let code = if matches!(error, ConfigError::Plan(_)) { exit::USAGE } else { exit::CONFIG };
        Failure::new(code, error.to_string())
    }
}

impl From<IdentityError> for Failure {
    fn from(error: IdentityError) -> Self {
        Failure::new(exit::CONFIG, error.to_string())
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Net(error) => error.into(),
            Fault::Raised(exception, message) => Failure::new(exit::RAISED, format!("{exception}: {message}")),
            fault @ Fault::OutOfRange(_) => Failure::new(exit::RAISED, fault.to_string()),
            Fault::Malformed(message) => Failure::new(exit::CHEATING, message),
        }
    }
}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        Failure::new(error.exit_code(), error.to_string())
    }
}
