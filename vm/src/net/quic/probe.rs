//! Notices a process that died without a word.
//!
//! A player that is killed sends no close, and silence counts only after the idle limit. But the system of a machine
//! that runs answers a datagram to a port that nobody holds, and the answer reaches a *connected* socket as
//! "connection refused". QUIC drops a datagram of one byte as noise.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quinn::Connection;
use tokio::time::sleep;

use crate::net::hub::{Fault, Hub};

/// Between probes of a peer that seems well.
const EVERY: Duration = Duration::from_millis(50);

/// Between probes of a peer whose port refused one.
const SUSPICIOUS: Duration = Duration::from_millis(5);

/// How long an answer from a near machine takes at most; one from afar is seen with the next probe.
pub(super) const ANSWER: Duration = Duration::from_millis(3);

/// So many refusals, with nothing received over QUIC between them, and it is gone: one may be a leftover.
const ENOUGH: u32 = 3;

/// What is said of a peer whose port nobody holds any more.
pub(super) const ENDED: &str = "its process has ended";

/// A socket connected to a peer, for questions about its port.
pub(super) struct Probe(UdpSocket);

/// What a probe learned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing: alive, unreachable or filtered.
    Silence,
    /// Nobody holds the port.
    Refused,
}

impl Probe {
    /// `None` where the system has no socket for it: then the idle limit alone decides.
    pub fn new(peer: SocketAddr) -> Option<Probe> {
        let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect(peer).ok()?;
        socket.set_nonblocking(true).ok()?;
        Some(Probe(socket))
    }

    /// Asks, and gives the answer some time; one that comes later is the next question's.
    pub async fn ask(&self, time: Duration) -> Answer {
        let late = self.refused();
        // A failure to send leaves no answer, which is silence.
        let _ = self.0.send(&[0]);
        sleep(time).await;
        if late || self.refused() { Answer::Refused } else { Answer::Silence }
    }

    fn refused(&self) -> bool {
        matches!(self.0.take_error(), Ok(Some(error)) if error.kind() == ErrorKind::ConnectionRefused)
    }
}

/// Watches one peer's port for the whole computation.
pub(super) async fn watch(hub: Arc<Hub>, peer: usize, connection: Connection) {
    ended(&connection).await;
    hub.fail(Fault::Lost { peer, reason: String::from(ENDED) });
}

/// Returns once the process at the other end of a connection has ended; never, where the system has no socket for it.
pub(super) async fn ended(connection: &Connection) {
    let Some(probe) = Probe::new(connection.remote_address()) else { return std::future::pending().await };
    let mut refused = 0;
    let mut heard = connection.stats().udp_rx.datagrams;
    while refused < ENOUGH {
        sleep(if refused == 0 { EVERY } else { SUSPICIOUS }).await;
        let answer = probe.ask(ANSWER).await;
        let now = connection.stats().udp_rx.datagrams;
        let silent = now == heard;
        heard = now;
        refused = match answer {
            Answer::Refused if silent => refused + 1,
            Answer::Refused => 1,
            Answer::Silence if silent => refused,
            Answer::Silence => 0,
        };
    }
}
