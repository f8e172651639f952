//! The two handles a transport gives to the program: a [`Port`] for each channel, and the [`Session`] they belong to.

use std::sync::Arc;

use bytes::Bytes;

use super::frame::{self, Channel, Frame, HEADER, Header};
use super::hub::{Fault, Hub};
use super::{Counters, Divergence, Net, NetError, Operation, PeerName, operation};

/// The sending half of a transport.
pub(super) trait Outbox: Send + Sync {
    /// Queues a frame to a peer. A peer that is gone swallows it: its loss is reported by the hub.
    fn push(&self, to: usize, channel: Channel, frame: Frame);

    /// Tells all peers, after everything that was queued, that this player has finished.
    fn end(&self);

    /// Tells all peers at once why this player stops.
    fn abort(&self, report: &Report);

    /// Closes what is open, once `end` or `abort` has reached the peers.
    fn close(&self);
}

/// What a player that stops tells the others: who is the cause, and what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub culprit: usize,
    /// The exit code, or `None` where the culprit was lost.
    pub code: Option<u8>,
    pub reason: String,
}

impl Report {
    /// The longest reason that is passed on, in bytes.
    const LONGEST: usize = 512;

    /// The cause a peer gave, as this player's failure.
    pub fn into_fault(self) -> Fault {
        match self.code {
            Some(code) => Fault::Aborted { peer: self.culprit, code, reason: self.reason },
            None => Fault::Lost { peer: self.culprit, reason: self.reason },
        }
    }

    /// What to tell the others: the first failure this player saw, or else that it stops by itself.
    fn new(hub: &Hub, code: u8, reason: &str) -> Report {
        match hub.fault() {
            Some(Fault::Lost { peer, reason }) => Report { culprit: *peer, code: None, reason: reason.clone() },
            Some(Fault::Aborted { peer, code, reason }) => {
                Report { culprit: *peer, code: Some(*code), reason: reason.clone() }
            }
            Some(Fault::Malformed { .. }) | None => {
                Report { culprit: hub.company.me, code: Some(code), reason: bounded(reason) }
            }
        }
    }

    /// The report as bytes: culprit, kind, code, text.
    pub fn encode(&self) -> Vec<u8> {
        let culprit = u16::try_from(self.culprit).unwrap_or(u16::MAX).to_le_bytes();
        let head = [culprit[0], culprit[1], u8::from(self.code.is_none()), self.code.unwrap_or(0)];
        [&head, bounded(&self.reason).as_bytes()].concat()
    }

    /// A report from a peer's bytes, as far as they make sense; control characters do not reach a terminal.
    pub fn decode(bytes: &[u8]) -> Option<Report> {
        let [low, high, lost, code, text @ ..] = bytes else { return None };
        let text: String = String::from_utf8_lossy(text).chars().filter(|c| !c.is_control() || *c == '\n').collect();
        Some(Report {
            culprit: usize::from(u16::from_le_bytes([*low, *high])),
            code: (*lost == 0).then_some(*code),
            reason: bounded(&text),
        })
    }
}

/// At most [`Report::LONGEST`] bytes of a text.
fn bounded(text: &str) -> String {
    let mut end = text.len().min(Report::LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// The ports of a session: each goes to the thread that uses the channel.
pub struct Ports {
    /// Between players, while the program runs.
    pub online: Port,
    /// With the dealer.
    pub preprocessing: Port,
    /// Greetings and agreement.
    pub control: Port,
}

/// A player's membership of a computation, from the moment all peers are connected.
///
/// It ends by [`Session::finish`] or [`Session::abort`]. Dropping it is an abort without a reason: the others learn of
/// it at once.
pub struct Session {
    hub: Arc<Hub>,
    outbox: Arc<dyn Outbox>,
    ended: bool,
}

impl Session {
    pub(super) fn new(hub: Arc<Hub>, outbox: Arc<dyn Outbox>) -> (Session, Ports) {
        let port = |channel| Port::new(Arc::clone(&hub), Arc::clone(&outbox), channel);
        let ports = Ports {
            online: port(Channel::Online),
            preprocessing: port(Channel::Preprocessing),
            control: port(Channel::Control),
        };
        (Session { hub, outbox, ended: false }, ports)
    }

    /// Names the program's source file in errors and notes from now on.
    pub fn set_file(&self, file: &str) {
        self.hub.set_file(file);
    }

    /// How messages name a peer.
    pub fn name(&self, peer: usize) -> PeerName {
        self.hub.name(peer)
    }

    /// The first failure of a peer, if there was one, as an error at a source line: what a thread that does not receive looks at.
    pub fn failure(&self, line: u32) -> Option<NetError> {
        self.hub.failure(line)
    }

    /// Ends in good order: tells all peers that this player has received all it wanted, and waits until all have said
    /// the same, so that nobody goes while another still needs what it sent.
    ///
    /// # Errors
    /// A peer that is lost or aborts before it has finished. The session is over then, too.
    pub fn finish(mut self) -> Result<(), NetError> {
        self.ended = true;
        self.outbox.end();
        let result = self.hub.wait_all_finished(0);
        match &result {
            Ok(()) => (),
            Err(error) => self.outbox.abort(&Report::new(&self.hub, error.exit_code(), &error.to_string())),
        }
        self.outbox.close();
        result
    }

    /// Stops and tells all peers why: they fail with [`NetError::Aborted`] and this code, naming this player; or, where
    /// a peer's failure is why this player stops, with that.
    ///
    /// `reason` goes to all peers: it holds no secret.
    pub fn abort(mut self, code: u8, reason: &str) {
        self.stop(code, reason);
    }

    fn stop(&mut self, code: u8, reason: &str) {
        self.ended = true;
        self.outbox.abort(&Report::new(&self.hub, code, reason));
        self.outbox.close();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.ended {
            self.stop(75, "it ended without finishing its program");
        }
    }
}

/// One channel of one player.
pub struct Port {
    hub: Arc<Hub>,
    outbox: Arc<dyn Outbox>,
    channel: Channel,
    epoch: u32,
    line: u32,
    sent: Vec<u64>,
    received: Vec<u64>,
    counters: Counters,
}

impl Port {
    fn new(hub: Arc<Hub>, outbox: Arc<dyn Outbox>, channel: Channel) -> Port {
        let peers = hub.company.names.len();
        let (sent, received, counters) = (vec![0; peers], vec![0; peers], Counters::new(peers));
        Port { hub, outbox, channel, epoch: 0, line: 0, sent, received, counters }
    }

    fn check_peer(&self, index: usize) -> Result<(), NetError> {
        let known = index < self.sent.len() && index != self.hub.company.me;
        if known { Ok(()) } else { Err(NetError::NoPeer { index }) }
    }

    /// Whether a frame is the one that was expected next.
    fn check(&self, from: usize, operation: Operation, header: &Header) -> Result<(), NetError> {
        if header.sequence == self.received[from] && header.operation == operation.code() {
            return Ok(());
        }
        let number = |sequence: u64, name: String| {
            if header.sequence == self.received[from] { name } else { format!("{name}, message {sequence}") }
        };
        let divergence = Divergence {
            peer: self.hub.name(from),
            place: self.hub.place(self.line),
            operation: number(self.received[from], operation.name().to_owned()),
            peer_place: self.hub.place(header.line),
            peer_operation: number(header.sequence, operation::describe(header.operation)),
        };
        Err(Box::new(divergence).into())
    }
}

impl Net for Port {
    fn me(&self) -> usize {
        self.hub.company.me
    }

    fn players(&self) -> usize {
        self.hub.company.players
    }

    fn dealer(&self) -> Option<usize> {
        self.hub.company.dealer
    }

    fn send(&mut self, to: usize, operation: Operation, payload: Bytes) -> Result<(), NetError> {
        self.check_peer(to)?;
        if let Some(failure) = self.hub.failure(self.line) {
            return Err(failure);
        }
        let header = Header {
            epoch: self.epoch,
            channel: self.channel as u16,
            operation: operation.code(),
            sequence: self.sent[to],
            line: self.line,
            length: frame::length(&payload)?,
        };
        self.sent[to] += 1;
        let frame = Frame { header, payload };
        self.counters.peers[to].sent += frame.bytes();
        self.counters.peers[to].messages_sent += 1;
        self.outbox.push(to, self.channel, frame);
        Ok(())
    }

    fn recv(&mut self, from: usize, operation: Operation) -> Result<Bytes, NetError> {
        self.check_peer(from)?;
        let frame = self.hub.pull(from, self.channel, self.epoch, self.line)?.ok_or_else(|| NetError::Ended {
            peer: self.hub.name(from),
            place: self.hub.place(self.line),
            operation: operation.name().to_owned(),
        })?;
        self.check(from, operation, &frame.header)?;
        self.received[from] += 1;
        self.counters.peers[from].received += (HEADER + frame.payload.len()) as u64;
        self.counters.peers[from].messages_received += 1;
        Ok(frame.payload)
    }

    fn counters(&self) -> Counters {
        self.counters.clone()
    }

    fn count_round(&mut self) {
        self.counters.rounds += 1;
    }

    fn set_line(&mut self, line: u32) {
        self.line = line;
    }

    fn set_epoch(&mut self, epoch: u32) {
        self.epoch = epoch;
        self.sent.fill(0);
        self.received.fill(0);
    }

    fn name(&self, peer: usize) -> PeerName {
        self.hub.name(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_survive_the_wire_and_are_bounded() {
        let report = Report { culprit: 2, code: Some(65), reason: "bad input: α".to_owned() };
        assert_eq!(Report::decode(&report.encode()), Some(report));
        let lost = Report { culprit: 1, code: None, reason: "ä".repeat(600) };
        let back = Report::decode(&lost.encode()).map(|report| (report.culprit, report.code, report.reason.len()));
        assert_eq!(back, Some((1, None, 512)));
        assert_eq!(Report::decode(&[1, 2, 3]), None);
        assert_eq!(Report::decode(b"\0\0\0A\x1b[2J\xffx").map(|report| report.reason), Some("[2J\u{fffd}x".to_owned()));
    }
}
