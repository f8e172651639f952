//! What a protocol may ask of the network: ordered, counted, authenticated messages between players.
//!
//! A [`Port`] is one channel of one player: it is used by one thread, keeps a sequence for every peer and checks
//! that the others are where it is. [`memory`] joins the players of a test in one process; [`quic`] joins
//! processes. Both carry the same frames, so that what is counted under one is what is counted under the other.
//!
//! `send` never blocks and `recv` does: overlap comes from sending early. There is no back pressure beyond that, so
//! a protocol bounds what it has in flight.

mod counters;
mod error;
mod frame;
mod hub;
pub mod memory;
mod operation;
mod port;
pub mod quic;
mod watchdog;

use bytes::Bytes;

pub use counters::{Counters, Traffic};
pub use error::{Divergence, NetError, PeerName, Place};
pub use frame::{Channel, HEADER, MAX_PAYLOAD};
pub use operation::Operation;
pub use port::{Port, Ports, Session};
pub use watchdog::{Sink, stderr};

/// The network as one protocol thread sees it: the peers of one channel.
///
/// Computing players are peers `0..players()`; the dealer, where a scheme has one, is peer `players()`.
pub trait Net: Send {
    /// The own peer index.
    fn me(&self) -> usize;

    /// How many players compute; the dealer is not among them.
    fn players(&self) -> usize;

    /// The dealer's peer index, where there is one.
    fn dealer(&self) -> Option<usize>;

    /// Queues a message to peer `to`; never blocks. `payload` is shared between peers, not copied.
    ///
    /// # Errors
    /// The error of the first failure, once a peer is lost or has aborted; [`NetError::TooLong`] above
    /// [`MAX_PAYLOAD`] bytes.
    fn send(&mut self, to: usize, operation: Operation, payload: Bytes) -> Result<(), NetError>;

    /// Waits for the next message of peer `from` on this channel. Its payload starts at a multiple of 16 bytes.
    ///
    /// # Errors
    /// [`NetError::Divergence`] when the peer is somewhere else in the program, [`NetError::Lost`] when any peer that
    /// had not finished is gone, [`NetError::Aborted`] when one stopped and said why, [`NetError::Ended`] when `from`
    /// has finished its program.
    fn recv(&mut self, from: usize, operation: Operation) -> Result<Bytes, NetError>;

    /// What went over this channel so far, and how many rounds the protocols counted.
    fn counters(&self) -> Counters;

    /// Counts one round of communication: called by the protocol where it waits for what depends on what it sent.
    fn count_round(&mut self);

    /// The source line being executed: it goes into frame headers and into errors.
    fn set_line(&mut self, line: u32);

    /// Enters epoch `epoch`: sequences start again at zero and messages of earlier epochs are dropped unread.
    fn set_epoch(&mut self, epoch: u32);

    /// How messages name a peer.
    fn name(&self, peer: usize) -> PeerName;

    /// Sends `payload` to every other computing player.
    ///
    /// # Errors
    /// Those of [`Net::send`].
    fn broadcast(&mut self, operation: Operation, payload: Bytes) -> Result<(), NetError> {
        let me = self.me();
        (0..self.players()).filter(|&peer| peer != me).try_for_each(|peer| self.send(peer, operation, payload.clone()))
    }

    /// Waits for one message of every other computing player, in order of their index.
    ///
    /// # Errors
    /// Those of [`Net::recv`].
    fn gather(&mut self, operation: Operation) -> Result<Vec<(usize, Bytes)>, NetError> {
        let me = self.me();
        (0..self.players()).filter(|&peer| peer != me).map(|peer| Ok((peer, self.recv(peer, operation)?))).collect()
    }
}
