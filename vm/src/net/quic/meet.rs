//! How players find each other: everyone dials the peers of lower index and is dialed by the others, in any order of
//! starting, again and again until all are there or time is up.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use quinn::{Connection, ConnectionError, Endpoint, Incoming, RecvStream, SendStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::probe::{self, ANSWER, Answer, Probe};
use super::tls::{self, SERVER_NAME, Tls};
use super::{CLOSE_ABORT, CLOSE_REFUSED, Peer, fault_of};
use crate::net::frame::Channel;
use crate::net::hub::Hub;
use crate::net::port::Report;
use crate::net::{NetError, PeerName};

/// Between attempts to reach a peer, at most; the first follow sooner, for players that start together.
const RETRY: Duration = Duration::from_millis(250);
const FIRST_RETRY: Duration = Duration::from_millis(10);

/// How long the port of another machine has to refuse a probe before it is dialed.
const REFUSAL: Duration = Duration::from_millis(20);

/// One attempt, handshake and all.
const ATTEMPT: Duration = Duration::from_secs(4);

/// When missing peers are named, after the start; then again whenever the last of these has passed once more.
const NOTES: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(30)];

/// Handshakes with callers at a time.
const CALLERS: usize = 64;

/// Different notes about callers, so that nobody can flood the terminal.
const DIFFERENT_NOTES: usize = 64;

/// A connection to a peer, proved to be it, with one stream a channel.
pub(super) struct Link {
    pub connection: Connection,
    pub streams: Vec<(SendStream, RecvStream)>,
}

/// What happens while players meet.
enum Event {
    /// A peer is there.
    Met(usize, Link),
    /// A peer that was there is not any more: its connection, by its number.
    Gone(usize, usize, ConnectionError),
    /// A peer hung up before it was there.
    Closed(usize, ConnectionError),
    /// A peer could not be reached.
    Failed(usize, String),
}

/// Why a call came to nothing.
enum Miss {
    /// The other side, or the network, ended the connection.
    Closed(ConnectionError),
    /// Anything else.
    Other(String),
}

impl From<String> for Miss {
    fn from(reason: String) -> Miss {
        Miss::Other(reason)
    }
}

/// What all tasks of a meeting share.
pub(super) struct Meeting {
    pub endpoint: Endpoint,
    pub hub: Arc<Hub>,
    pub tls: Tls,
    pub peers: Vec<Peer>,
    noted: Mutex<HashSet<String>>,
}

impl Meeting {
    pub fn new(endpoint: Endpoint, hub: Arc<Hub>, tls: Tls, peers: Vec<Peer>) -> Meeting {
        Meeting { endpoint, hub, tls, peers, noted: Mutex::default() }
    }

    fn me(&self) -> usize {
        self.hub.company.me
    }

    fn name(&self, peer: usize) -> PeerName {
        self.hub.name(peer)
    }

    /// Says something once.
    fn note(&self, text: &str) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < DIFFERENT_NOTES && noted.insert(text.to_owned()) {
            (self.hub.sink)(text);
        }
    }

    /// Connects with all peers; links by peer index, `None` at the own. Goes on answering callers in `tasks`.
    pub async fn gather(
        self: &Arc<Meeting>,
        wait: Duration,
        tasks: &mut JoinSet<()>,
    ) -> Result<Vec<Option<Link>>, NetError> {
        let (events, inbox) = unbounded_channel();
        tasks.spawn(Arc::clone(self).answer(events.clone()));
        let mut dialers = JoinSet::new();
        for peer in 0..self.me() {
            dialers.spawn(Arc::clone(self).dial(peer, events.clone()));
        }
        let mut table = Table::new(self);
        let result = table.fill(inbox, wait).await;
        if let Err(error) = &result {
            let report =
                Report { culprit: self.me(), code: Some(error.exit_code()), reason: error.to_string() }.encode();
            // Each by itself: what the endpoint is told comes after the table is dropped, and with it the connections, without a reason.
            let links = table.links.iter().flatten();
            links.for_each(|link| link.connection.close(CLOSE_ABORT.into(), &report));
            self.endpoint.close(CLOSE_ABORT.into(), &report);
        }
        result.map(|()| table.links)
    }

    /// Dials a peer until it is there, and again if it goes.
    async fn dial(self: Arc<Meeting>, peer: usize, events: UnboundedSender<Event>) {
        let probe = Probe::new(self.peers[peer].address);
        let mut pause = FIRST_RETRY;
        loop {
            if !self.present(peer, probe.as_ref()).await {
                sleep(pause).await;
                pause = RETRY.min(2 * pause);
                continue;
            }
            let attempt = timeout(ATTEMPT, self.call(peer)).await;
            let event = match attempt {
                Ok(Ok(link)) => {
                    report(peer, link, &events).await;
                    continue;
                }
                Ok(Err(Miss::Closed(error))) => Event::Closed(peer, error),
                Ok(Err(Miss::Other(reason))) => Event::Failed(peer, reason),
                Err(_) => Event::Failed(peer, String::from("no answer")),
            };
            if events.send(event).is_err() {
                return;
            }
            sleep(RETRY).await;
        }
    }

    /// Whether somebody seems to hold a peer's port, so that a call is worth while.
    async fn present(&self, peer: usize, probe: Option<&Probe>) -> bool {
        let near = self.peers[peer].address.ip().is_loopback();
        match probe {
            Some(probe) => probe.ask(if near { ANSWER } else { REFUSAL }).await == Answer::Silence,
            None => true,
        }
    }

    /// One attempt to reach a peer.
    async fn call(&self, peer: usize) -> Result<Link, Miss> {
        let (config, verdict) = self.tls.client(peer)?;
        let connecting = self
            .endpoint
            .connect_with(config, self.peers[peer].address, SERVER_NAME)
            .map_err(|e| format!("cannot be dialed: {e}"))?;
        let connection = connecting.await.map_err(|error| match tls::read(&verdict) {
            Some(Err(reason)) => Miss::Other(format!("what answers there is not it: {reason}")),
            Some(Ok(_)) | None => Miss::Closed(error),
        })?;
        match self.open_streams(peer, &connection).await {
            Ok(streams) => Ok(Link { connection, streams }),
            Err(reason) => Err(connection.close_reason().map_or(Miss::Other(reason), Miss::Closed)),
        }
    }

    /// Opens a stream a channel, says who calls whom on each, and waits for the answer: the handshake alone does not
    /// tell a caller that it was accepted.
    async fn open_streams(
        &self,
        peer: usize,
        connection: &Connection,
    ) -> Result<Vec<(SendStream, RecvStream)>, String> {
        let mut streams = Vec::new();
        for channel in Channel::ALL {
            let (mut send, recv) = connection.open_bi().await.map_err(|e| e.to_string())?;
            let opening = Opening { channel: channel as u16, from: self.me() as u16, to: peer as u16 };
            send.write_all(&opening.encode()).await.map_err(|e| e.to_string())?;
            streams.push((send, recv));
        }
        let control = &mut streams[Channel::Control as usize].1;
        let mut answer = [0; Opening::LENGTH];
        control.read_exact(&mut answer).await.map_err(|e| e.to_string())?;
        let expected = Opening { channel: Channel::Control as u16, from: peer as u16, to: self.me() as u16 };
        let right = Opening::decode(answer) == expected;
        if right { Ok(streams) } else { Err(String::from("it takes this player for another")) }
    }

    /// Answers callers for as long as the endpoint is open.
    async fn answer(self: Arc<Meeting>, events: UnboundedSender<Event>) {
        let mut callers = JoinSet::new();
        while let Some(incoming) = self.endpoint.accept().await {
            while callers.try_join_next().is_some() {}
            if callers.len() >= CALLERS {
                incoming.ignore();
                continue;
            }
            let (meeting, events) = (Arc::clone(&self), events.clone());
            callers.spawn(async move {
                let from = incoming.remote_address();
                let met = timeout(ATTEMPT, meeting.receive(incoming, &events)).await;
                match met {
                    Ok(Ok((peer, link))) => drop(tokio::spawn(async move { report(peer, link, &events).await })),
                    Ok(Err(Some(reason))) => meeting.note(&refused(from, &reason)),
                    Ok(Err(None)) | Err(_) => (),
                }
            });
        }
    }

    /// A caller's handshake. `Err(None)` is a caller that went away by itself.
    async fn receive(
        &self,
        incoming: Incoming,
        events: &UnboundedSender<Event>,
    ) -> Result<(usize, Link), Option<String>> {
        let later = (self.me() + 1..self.peers.len()).collect();
        let (config, verdict) = self.tls.server(later).map_err(Some)?;
        let connecting = incoming.accept_with(config).map_err(|_| None)?;
        let connection = connecting.await.map_err(|_| tls::read(&verdict).and_then(Result::err))?;
        let Some(Ok(peer)) = tls::read(&verdict) else {
            return Err(Some(String::from("it showed no certificate")));
        };
        if events.is_closed() {
            connection.close(CLOSE_REFUSED.into(), b"the computation has started without it");
            return Err(Some(format!("{} came again after the computation had started", self.name(peer))));
        }
        match self.receive_streams(peer, &connection).await {
            Ok(streams) => Ok((peer, Link { connection, streams })),
            Err(reason) => {
                if let Some(error) = connection.close_reason() {
                    // Whoever listens may have all it needs.
                    let _ = events.send(Event::Closed(peer, error));
                    return Err(None);
                }
                connection.close(CLOSE_REFUSED.into(), reason.as_bytes());
                Err(Some(format!("{}: {reason}", self.name(peer))))
            }
        }
    }

    /// The streams that a caller opens, by channel, once it has said the right thing on each.
    async fn receive_streams(
        &self,
        peer: usize,
        connection: &Connection,
    ) -> Result<Vec<(SendStream, RecvStream)>, String> {
        let mut streams = Vec::new();
        for channel in Channel::ALL {
            let (send, mut recv) = connection.accept_bi().await.map_err(|e| e.to_string())?;
            let mut opening = [0; Opening::LENGTH];
            recv.read_exact(&mut opening).await.map_err(|e| e.to_string())?;
            let opening = Opening::decode(opening);
            if opening != (Opening { channel: channel as u16, from: peer as u16, to: self.me() as u16 }) {
                return Err(format!("it claims to be peer {} calling peer {}", opening.from, opening.to));
            }
            streams.push((send, recv));
        }
        let answer = Opening { channel: Channel::Control as u16, from: self.me() as u16, to: peer as u16 };
        let control = &mut streams[Channel::Control as usize].0;
        control.write_all(&answer.encode()).await.map_err(|e| e.to_string())?;
        Ok(streams)
    }
}

/// Announces a link, and its end for as long as somebody listens.
async fn report(peer: usize, link: Link, events: &UnboundedSender<Event>) {
    let connection = link.connection.clone();
    if events.send(Event::Met(peer, link)).is_ok() {
        let error = end_of(&connection, events).await;
        // Nobody listens any more once all have met.
        let _ = events.send(Event::Gone(peer, connection.stable_id(), error));
    }
}

/// Waits for the end of a connection. A peer whose process dies before all have met is missing again at once: it may be started
/// anew.
async fn end_of(connection: &Connection, events: &UnboundedSender<Event>) -> ConnectionError {
    tokio::select! {
        error = connection.closed() => error,
        // All have met: from now on this is the business of whoever serves the connection.
        () = events.closed() => connection.closed().await,
        () = probe::ended(connection) => {
            connection.close(CLOSE_REFUSED.into(), probe::ENDED.as_bytes());
            connection.closed().await
        }
    }
}

fn refused(from: SocketAddr, reason: &str) -> String {
    format!("refused a connection from {}: {reason}", from.ip())
}

/// Why a peer hung up on this player.
fn refusal(error: ConnectionError) -> String {
    match error {
        ConnectionError::ApplicationClosed(close) => {
            format!("it refuses this player: {}", String::from_utf8_lossy(&close.reason))
        }
        ConnectionError::ConnectionClosed(close) => format!("it refuses this player's key or certificate ({close})"),
        other => other.to_string(),
    }
}

/// The first bytes of a stream: which channel it is, and who calls whom.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Opening {
    channel: u16,
    from: u16,
    to: u16,
}

impl Opening {
    const LENGTH: usize = 6;

    fn encode(self) -> [u8; Opening::LENGTH] {
        let [channel, from, to] = [self.channel, self.from, self.to].map(u16::to_le_bytes);
        [channel[0], channel[1], from[0], from[1], to[0], to[1]]
    }

    fn decode(bytes: [u8; Opening::LENGTH]) -> Opening {
        let two = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        Opening { channel: two(0), from: two(2), to: two(4) }
    }
}

/// Who is there.
struct Table<'a> {
    meeting: &'a Meeting,
    links: Vec<Option<Link>>,
    reasons: Vec<Option<String>>,
    started: Instant,
    notes: usize,
}

impl<'a> Table<'a> {
    fn new(meeting: &'a Meeting) -> Table<'a> {
        let links = meeting.peers.iter().map(|_| None).collect();
        let reasons = vec![None; meeting.peers.len()];
        Table { meeting, links, reasons, started: Instant::now(), notes: 0 }
    }

    fn missing(&self) -> impl Iterator<Item = usize> {
        self.meeting.hub.others().filter(|peer| self.links[*peer].is_none())
    }

    /// Takes events until all are there.
    async fn fill(&mut self, mut inbox: UnboundedReceiver<Event>, wait: Duration) -> Result<(), NetError> {
        while self.missing().next().is_some() {
            let left = wait.saturating_sub(self.started.elapsed());
            if left.is_zero() {
                return Err(self.unreachable());
            }
            let until_note = self.next_note().saturating_sub(self.started.elapsed());
            match timeout(left.min(until_note), inbox.recv()).await {
                Ok(Some(event)) => self.take(event)?,
                Ok(None) => return Err(NetError::Setup(String::from("the network stopped"))),
                Err(_) => self.note(),
            }
        }
        Ok(())
    }

    fn take(&mut self, event: Event) -> Result<(), NetError> {
        match event {
            Event::Met(peer, link) => {
                if let Some(old) = self.links[peer].replace(link) {
                    old.connection.close(CLOSE_REFUSED.into(), b"replaced by a later connection");
                }
            }
            Event::Gone(peer, id, error) => {
                if self.links[peer].as_ref().is_some_and(|link| link.connection.stable_id() == id) {
                    self.links[peer] = None;
                }
                self.stop_if_aborted(peer, &error)?;
                if self.links[peer].is_none() {
                    (self.meeting.hub.sink)(&format!(
                        "{} is gone before the start: waiting for it again",
                        self.describe(peer)
                    ));
                }
            }
            Event::Closed(peer, error) => {
                self.stop_if_aborted(peer, &error)?;
                self.failed(peer, refusal(error));
            }
            Event::Failed(peer, reason) => self.failed(peer, reason),
        }
        Ok(())
    }

    /// A peer that stopped for a reason takes this player along; one that is merely gone may come back.
    fn stop_if_aborted(&self, peer: usize, error: &ConnectionError) -> Result<(), NetError> {
        let hub = &self.meeting.hub;
        if let ConnectionError::ApplicationClosed(close) = error
            && close.error_code == CLOSE_ABORT.into()
            && let Some(fault) = fault_of(hub, peer, error)
        {
            hub.fail(fault);
        }
        hub.failure(0).map_or(Ok(()), Err)
    }

    fn failed(&mut self, peer: usize, reason: String) {
        let Peer { address, .. } = self.meeting.peers[peer];
        self.meeting.note(&format!("{} ({address}): {reason}", self.meeting.name(peer)));
        self.reasons[peer] = Some(reason);
    }

    /// When the missing are named next, after the start.
    fn next_note(&self) -> Duration {
        let last = NOTES.len() - 1;
        NOTES[self.notes.min(last)] + NOTES[last] * self.notes.saturating_sub(last) as u32
    }

    fn note(&mut self) {
        let waited = self.started.elapsed();
        if waited < self.next_note() {
            return;
        }
        self.notes += 1;
        for peer in self.missing() {
            let text = format!("waiting for {} for {} s", self.describe(peer), waited.as_secs());
            (self.meeting.hub.sink)(&text);
        }
    }

    fn describe(&self, peer: usize) -> String {
        format!("{} ({})", self.meeting.name(peer), self.meeting.peers[peer].address)
    }

    fn unreachable(&self) -> NetError {
        let describe = |peer: usize| match &self.reasons[peer] {
            Some(reason) => format!("{}: {reason}", self.describe(peer)),
            None => self.describe(peer),
        };
        NetError::Unreachable { missing: self.missing().map(describe).collect(), waited: self.started.elapsed() }
    }
}
