//! What can go wrong between players. Every text names the player, and the line where there is one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How messages name a peer: `player 2 (bob)`, `the dealer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerName {
    /// The peer index.
    pub index: usize,
    /// The name beside the number, if it says more than the number.
    pub name: Option<Arc<str>>,
    /// Whether it is the dealer.
    pub dealer: bool,
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.dealer) {
            (_, true) => f.write_str("the dealer"),
            (Some(name), false) => write!(f, "player {} ({name})", self.index),
            (None, false) => write!(f, "player {}", self.index),
        }
    }
}

/// A place in the program: `meeting.mpc:12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The source file's name, once it is known.
    pub file: Option<Arc<str>>,
    /// The line, from 1; 0 before the program has started.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (_, 0) => f.write_str("the start"),
            (Some(file), line) => write!(f, "{file}:{line}"),
            (None, line) => write!(f, "line {line}"),
        }
    }
}

/// Two players at different places of the program.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "the players have diverged: at {place} this player expects `{operation}` from {peer}, \
     which sent `{peer_operation}` at {peer_place}"
)]
pub struct Divergence {
    /// Who.
    pub peer: PeerName,
    /// Where this player is.
    pub place: Place,
    /// What this player expects.
    pub operation: String,
    /// Where the peer is.
    pub peer_place: Place,
    /// What the peer sent.
    pub peer_operation: String,
}

/// A failure of the network, or of a peer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NetError {
    /// A peer that had not finished is gone.
    #[error("{peer} is gone: {reason}; at {place}")]
    Lost {
        /// Who.
        peer: PeerName,
        /// Where this player was.
        place: Place,
        /// What was seen.
        reason: String,
    },

    /// A peer stopped by itself and said why.
    #[error("{peer} stopped: {reason}")]
    Aborted {
        /// Who.
        peer: PeerName,
        /// The exit code it left with.
        code: u8,
        /// Its reason, in its words.
        reason: String,
    },

    /// Peers that did not appear in time.
    #[error("cannot reach {} (waited {} s)", join(missing), waited.as_secs_f64().round())]
    Unreachable {
        /// Who, with addresses.
        missing: Vec<String>,
        /// For how long.
        waited: Duration,
    },

    /// A peer is somewhere else in the program.
    #[error(transparent)]
    Divergence(#[from] Box<Divergence>),

    /// A peer has finished its program while this player still waits for it.
    #[error("the players have diverged: {peer} has finished, but this player expects `{operation}` from it at {place}")]
    Ended {
        /// Who.
        peer: PeerName,
        /// Where this player is.
        place: Place,
        /// What this player expects.
        operation: String,
    },

    /// A peer sent what no correct player sends.
    #[error("{peer} broke the protocol: {reason}")]
    Malformed {
        /// Who.
        peer: PeerName,
        /// What it did.
        reason: String,
    },

    /// The others have gone on to a later view without this player.
    #[error("{peer} has gone on to epoch {epoch}; this player is in an earlier one, at {place}")]
    Behind {
        /// Who.
        peer: PeerName,
        /// Its epoch.
        epoch: u32,
        /// Where this player is.
        place: Place,
    },

    /// A message longer than frames can be.
    #[error("a message of {length} bytes is longer than the limit of {limit}")]
    TooLong {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },

    /// A message to or from a peer that does not exist, or oneself: the fault of this program.
    #[error("there is no peer {index}")]
    NoPeer {
        /// The index.
        index: usize,
    },

    /// The own side of the network could not be set up.
    #[error("{0}")]
    Setup(String),
}

impl NetError {
    /// The exit code of a process that ends for this reason.
    pub fn exit_code(&self) -> u8 {
        match self {
            NetError::Unreachable { .. } => 69,
            NetError::Lost { .. } | NetError::Behind { .. } => 75,
            NetError::Divergence(_) | NetError::Ended { .. } => 76,
            NetError::Malformed { .. } => 77,
            NetError::Aborted { code, .. } => *code,
            NetError::TooLong { .. } | NetError::NoPeer { .. } => 1,
            NetError::Setup(_) => 78,
        }
    }
}

/// `a, b and c`.
fn join(names: &[String]) -> String {
    match names {
        [] => String::from("nobody"),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
