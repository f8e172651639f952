//! Why a program stopped: what an instruction says, and what the machine makes of it.

use crate::memory::Raised;
use crate::net::NetError;
use crate::protocol::Fault;
use mpc_bytecode::operand::ExceptionId;
use std::fmt;

/// Why an instruction did not give its result. The place is added by the machine.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// A deterministic exception.
    #[error(transparent)]
    Raised(#[from] Raised),
    /// An exception that the program raises itself.
    #[error("{}: {}", .0.name, .0.message)]
    Thrown(Box<Thrown>),
    /// The network failed, or another player did.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A peer or the dealer sent what the protocol does not allow.
    #[error("{0}")]
    Malformed(String),
    /// The bytecode does what no verified program does.
    #[error("{0}")]
    Broken(String),
    /// What the program prints or puts out could not be written.
    #[error("{0}")]
    Output(String),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Net(error) => Stop::Net(error),
            Fault::Raised(exception, message) => Stop::Raised(Raised::new(exception, message)),
            Fault::OutOfRange(message) => Stop::Raised(Raised { alike: false, ..Raised::overflow(message) }),
            Fault::Malformed(message) => Stop::Malformed(message),
        }
    }
}

/// An exception that the program raises itself.
#[derive(Debug)]
pub(super) struct Thrown {
    /// Its class.
    pub class: ExceptionId,
    /// The class's name.
    pub name: String,
    /// Its message.
    pub message: String,
    /// Where it was raised first, if it is raised again: a place in the machine's list.
    pub origin: Option<usize>,
}

/// What arms return.
pub(super) type Outcome<T> = Result<T, Stop>;

/// The bytecode is wrong: `what` describes how.
pub(super) fn broken<T>(what: impl Into<String>) -> Outcome<T> {
    Err(Stop::Broken(what.into()))
}

/// One call that was under way when a program stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The source file.
    pub file: String,
    /// The line, from 1; 0 where nothing in the source corresponds.
    pub line: u32,
    /// The function.
    pub function: String,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        // The top level has no name.
        if self.function.is_empty() { Ok(()) } else { write!(f, " in {}", self.function) }
    }
}

/// The calls that led to a place, the outermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traceback(pub Vec<Call>);

impl Traceback {
    /// How many calls are written in full at either end of a long traceback.
    const SHOWN: usize = 10;

    /// The place itself, as `file:line`.
    fn place(&self) -> String {
        self.0.last().map_or_else(|| String::from("the start"), |call| format!("{}:{}", call.file, call.line))
    }
}

impl fmt::Display for Traceback {
    /// A line a call, the innermost first, each beginning with a line break: it follows a message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left_out = self.0.len().saturating_sub(2 * Self::SHOWN);
        for (at, call) in self.0.iter().rev().enumerate() {
            match at.checked_sub(Self::SHOWN) {
                Some(0) if left_out > 0 => write!(f, "\n  … {left_out} more calls")?,
                Some(inner) if inner < left_out => {}
                Some(_) | None => write!(f, "\n  at {call}")?,
            }
        }
        Ok(())
    }
}

/// Why a player stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program raised an exception and did not catch it: the same at every player.
    #[error("{name}{}{message}{traceback}", if message.is_empty() { "" } else { ": " })]
    Uncaught {
        /// Its class.
        name: String,
        /// Its message.
        message: String,
        /// Where.
        traceback: Traceback,
    },
    /// The network failed, or another player did.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A peer or the dealer sent what the protocol does not allow.
    #[error("at {place}: {message}")]
    Malformed {
        /// What it did.
        message: String,
        /// Where this player was.
        place: String,
    },
    /// The program is not one that this machine can run.
    #[error("the program is broken: {0}")]
    Program(String),
    /// The own data are missing or do not fit. The first text is for this player alone, the second for the others.
    #[error("{message}")]
    Input {
        /// Everything that helps the owner, with file, row and column.
        message: String,
        /// The port and what was expected: never a value, never a file's contents.
        for_peers: String,
    },
    /// Another player's data are missing or do not fit, or the data of several do not fit together.
    #[error("{0}")]
    PeerInput(String),
    /// The players were not started alike.
    #[error("{0}")]
    Mismatch(String),
    /// The program's roles cannot be played by these players.
    #[error("{0}")]
    Roles(String),
    /// What was asked for on the command line does not exist.
    #[error("{0}")]
    Usage(String),
    /// What the program prints or puts out could not be written.
    #[error("{0}")]
    Output(String),
}

impl From<Fault> for Error {
    /// A fault before the program's first instruction.
    fn from(fault: Fault) -> Self {
        Error::at(fault.into(), Traceback::default())
    }
}

impl Error {
    /// The exit code of a process that ends for this reason (sysexits, and this project's own).
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Uncaught { .. } => 1,
            Error::Net(error) => error.exit_code(),
            Error::Malformed { .. } => 77,
            Error::Program(_) | Error::Input { .. } | Error::PeerInput(_) => 65,
            Error::Mismatch(_) => 76,
            Error::Roles(_) => 78,
            Error::Usage(_) => 64,
            Error::Output(_) => 71,
        }
    }

    /// What the other players may be told: no value, no file, no path.
    pub fn for_peers(&self) -> String {
        match self {
            Error::Input { for_peers, .. } => for_peers.clone(),
            Error::Output(_) => String::from("it could not write its outputs"),
            Error::Usage(_) => String::from("its command line asks for what does not exist"),
            Error::Uncaught { .. }
            | Error::Net(_)
            | Error::Malformed { .. }
            | Error::Program(_)
            | Error::PeerInput(_)
            | Error::Mismatch(_)
            | Error::Roles(_) => self.to_string(),
        }
    }

    /// An instruction's stop at a place.
    pub(super) fn at(stop: Stop, traceback: Traceback) -> Error {
        match stop {
            Stop::Raised(Raised { exception, message, .. }) => {
                Error::Uncaught { name: exception.to_string(), message, traceback }
            }
            Stop::Thrown(thrown) => Error::Uncaught { name: thrown.name, message: thrown.message, traceback },
            Stop::Net(error) => Error::Net(error),
            Stop::Malformed(message) => Error::Malformed { message, place: traceback.place() },
            Stop::Broken(message) => Error::Program(format!("{message} (at {})", traceback.place())),
            Stop::Output(message) => Error::Output(message),
        }
    }
}
