//! What is counted.

use std::iter::Sum;
use std::ops::{Add, Sub};

/// Messages and bytes between this player and others. Bytes include the header of every frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes sent.
    pub sent: u64,
    /// Bytes received by the protocol (not: arrived and waiting).
    pub received: u64,
    /// Messages sent.
    pub messages_sent: u64,
    /// Messages received.
    pub messages_received: u64,
}

impl Add for Traffic {
    type Output = Traffic;

    fn add(self, other: Traffic) -> Traffic {
        Traffic {
            sent: self.sent + other.sent,
            received: self.received + other.received,
            messages_sent: self.messages_sent + other.messages_sent,
            messages_received: self.messages_received + other.messages_received,
        }
    }
}

impl Sub for Traffic {
    type Output = Traffic;

    /// What was added since `earlier`.
    fn sub(self, earlier: Traffic) -> Traffic {
        Traffic {
            sent: self.sent.saturating_sub(earlier.sent),
            received: self.received.saturating_sub(earlier.received),
            messages_sent: self.messages_sent.saturating_sub(earlier.messages_sent),
            messages_received: self.messages_received.saturating_sub(earlier.messages_received),
        }
    }
}

impl Sum for Traffic {
    fn sum<I: Iterator<Item = Traffic>>(parts: I) -> Traffic {
        parts.fold(Traffic::default(), Add::add)
    }
}

/// The counters of one channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Traffic with each peer, by peer index; the own entry stays zero.
    pub peers: Vec<Traffic>,
    /// Rounds, as the protocols counted them.
    pub rounds: u64,
}

impl Counters {
    /// Counters at zero for `peers` peers, oneself included.
    pub fn new(peers: usize) -> Counters {
        Counters { peers: vec![Traffic::default(); peers], rounds: 0 }
    }

    /// Traffic with all peers together.
    pub fn total(&self) -> Traffic {
        self.peers.iter().copied().sum()
    }
}
