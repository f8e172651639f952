//! Players as processes: QUIC between every two, authenticated on both sides by pinned Ed25519 keys.
//!
//! One thread does all input and output, in a runtime of its own; protocol threads give it frames through queues and
//! wait on the hub. It keeps connections alive while they compute. The only user of quinn, rustls' handshakes and tokio.

mod buffer;
mod meet;
mod probe;
mod stream;
mod tls;

#[cfg(test)]
mod tests;

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use quinn::{Connection, ConnectionError, Endpoint, EndpointConfig, TokioRuntime};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use self::buffer::Pool;
use self::meet::{Link, Meeting};
use self::stream::Item;
use self::tls::{Pin, Tls};
use super::frame::{Channel, Frame};
use super::hub::{Company, Fault, Hub};
use super::port::{Outbox, Ports, Report, Session};
use super::{NetError, PeerName, Sink};
use crate::identity::{Identity, PublicKey};

/// Close codes. Quinn itself closes with 0 what is dropped.
const CLOSE_DONE: u32 = 1;
const CLOSE_ABORT: u32 = 2;
const CLOSE_REFUSED: u32 = 3;

/// How long the last acknowledgements may take at the end: who they are for has what it needs, or it would not have
/// finished.
const FAREWELL: Duration = Duration::from_millis(500);

/// How long a close may wait for a socket that is full.
const LAST_PACKET: Duration = Duration::from_millis(50);

/// Another member of the cluster.
#[derive(Clone, Debug)]
pub struct Peer {
    /// A name to show beside the number, if it says more.
    pub name: Option<String>,
    /// Where it receives.
    pub address: SocketAddr,
    /// The key it must prove to hold.
    pub key: PublicKey,
}

/// What a player needs to know to join.
pub struct Settings {
    /// The own peer index.
    pub me: usize,
    /// Computing players.
    pub players: usize,
    /// All peers by index, oneself included; one more than `players` where there is a dealer.
    pub peers: Vec<Peer>,
    /// The own key and certificate.
    pub identity: Identity,
    /// How long to wait for missing peers.
    pub wait: Duration,
    /// How long a peer may be silent before it counts as lost.
    pub idle: Duration,
    /// Where notes go.
    pub sink: Sink,
}

/// Bytes that the system is asked to hold for a socket, each way. It gives as much as it allows: what does not fit while
/// a thread waits for its core is lost, and loss costs a round trip and speed.
const SOCKET_BUFFER: usize = 8 << 20;

/// The UDP socket of a player.
///
/// # Errors
/// [`NetError::Setup`], with the address.
pub fn bind(address: SocketAddr) -> Result<UdpSocket, NetError> {
    UdpSocket::bind(address).map_err(|e| NetError::Setup(format!("cannot receive at {address}: {e}")))
}

/// The UDP socket that the starting process left as standard input: how players on one machine get ports that nobody can
/// take between choosing and binding.
///
/// # Errors
/// [`NetError::Setup`] when standard input is something else.
#[cfg(unix)]
pub fn inherited() -> Result<UdpSocket, NetError> {
    use std::os::fd::AsFd;
    let failed = |why: String| NetError::Setup(format!("standard input is no UDP socket: {why}"));
    let input = std::io::stdin().as_fd().try_clone_to_owned().map_err(|e| failed(e.to_string()))?;
    let kind = socket2::SockRef::from(&input).r#type().map_err(|e| failed(e.to_string()))?;
    if kind != socket2::Type::DGRAM {
        return Err(failed(String::from("it is a stream")));
    }
    Ok(UdpSocket::from(input))
}

/// Joins a computation: returns when all peers are connected and have proved who they are.
///
/// # Errors
/// [`NetError::Unreachable`] with all missing peers after `wait`; [`NetError::Aborted`] when a peer gave up before;
/// [`NetError::Setup`] for settings that cannot work.
pub fn connect(socket: UdpSocket, settings: Settings) -> Result<(Session, Ports), NetError> {
    let names = check(&settings)?;
    let Settings { me, players, peers, identity, wait, idle, sink } = settings;
    let dealer = (peers.len() > players).then_some(players);
    let pins = peers.iter().zip(&names).map(|(peer, name)| Pin { key: peer.key, name: name.clone() }).collect();
    let tls = Tls::new(&identity, pins, idle)?;
    let hub = Arc::new(Hub::new(Company { me, players, dealer, names, idle }, sink));
    let (ready, joined) = mpsc::channel();
    let network = Network { hub: Arc::clone(&hub), tls, peers, wait };
    let thread = thread::Builder::new()
        .name(String::from("network"))
        .spawn(move || network.run(socket, &ready))
        .map_err(|e| NetError::Setup(format!("cannot start the network thread: {e}")))?;
    let outbox = joined.recv().unwrap_or_else(|_| Err(NetError::Setup(String::from("the network thread ended"))))?;
    outbox.thread.lock().unwrap_or_else(PoisonError::into_inner).replace(thread);
    Ok(Session::new(hub, Arc::new(outbox)))
}

/// Finds contradictions in the settings before anything is sent, and how messages name the peers.
fn check(settings: &Settings) -> Result<Vec<PeerName>, NetError> {
    let Settings { me, players, peers, identity, .. } = settings;
    let setup = |text: String| Err(NetError::Setup(text));
    if peers.len() != *players && peers.len() != players + 1 {
        return setup(format!("{} peers do not make {players} players", peers.len()));
    }
    let name = |(index, peer): (usize, &Peer)| PeerName {
        index,
        name: peer.name.as_deref().map(Arc::from),
        dealer: index == *players,
    };
    let Some(own) = peers.get(*me) else { return setup(format!("there is no player {me}")) };
    if own.key != identity.public() {
        let owner = peers.iter().enumerate().find(|(_, peer)| peer.key == identity.public());
        let whose = owner.map_or(String::new(), |owner| format!(", which is that of {}", name(owner)));
        return setup(format!(
            "this identity has key {}…{whose}, but the cluster file says {}… for {}",
            identity.public().short(),
            own.key.short(),
            name((*me, own))
        ));
    }
    Ok(peers.iter().enumerate().map(name).collect())
}

/// What protocol threads hold of the network thread.
struct Quic {
    /// By peer and channel; nothing at the own index.
    queues: Vec<Vec<UnboundedSender<Item>>>,
    orders: UnboundedSender<Order>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the network thread is told.
enum Order {
    Abort(Report),
    Close,
}

impl Outbox for Quic {
    fn push(&self, to: usize, channel: Channel, frame: Frame) {
        if let Some(queue) = self.queues.get(to).and_then(|channels| channels.get(channel as usize)) {
            // The writer of a connection that is gone is gone, too; the hub knows.
            let _ = queue.send(Item::Frame(frame));
        }
    }

    fn end(&self) {
        self.queues.iter().flatten().for_each(|queue| drop(queue.send(Item::End)));
    }

    fn abort(&self, report: &Report) {
        let _ = self.orders.send(Order::Abort(report.clone()));
    }

    fn close(&self) {
        let _ = self.orders.send(Order::Close);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A network thread that panicked has said so itself.
        let _ = thread.map(JoinHandle::join);
    }
}

/// The network thread's own.
struct Network {
    hub: Arc<Hub>,
    tls: Tls,
    peers: Vec<Peer>,
    wait: Duration,
}

impl Network {
    /// The whole life of the thread: meet, tell the caller, serve, part.
    fn run(self, socket: UdpSocket, ready: &mpsc::Sender<Result<Quic, NetError>>) {
        let result = Builder::new_current_thread().enable_all().build();
        let outcome = match result {
            Ok(runtime) => runtime.block_on(self.serve(socket, ready)),
            Err(e) => Err(NetError::Setup(format!("cannot start the network: {e}"))),
        };
        if let Err(error) = outcome {
            // Whoever waits for it holds the other end.
            let _ = ready.send(Err(error));
        }
    }

    async fn serve(self, socket: UdpSocket, ready: &mpsc::Sender<Result<Quic, NetError>>) -> Result<(), NetError> {
        let failed = |e: String| NetError::Setup(format!("cannot start the network: {e}"));
        socket.set_nonblocking(true).map_err(|e| failed(e.to_string()))?;
        let buffers = socket2::SockRef::from(&socket);
        // Smaller ones work, too.
        let _ = buffers.set_recv_buffer_size(SOCKET_BUFFER).and(buffers.set_send_buffer_size(SOCKET_BUFFER));
        // Every caller gets a configuration of its own; this one only says that there are callers.
        let (server, _) = self.tls.server(Vec::new()).map_err(failed)?;
        let config = EndpointConfig::default();
        let endpoint = Endpoint::new(config, Some((*server).clone()), socket, Arc::new(TokioRuntime))
            .map_err(|e| failed(e.to_string()))?;
        let hub = self.hub;
        let meeting = Arc::new(Meeting::new(endpoint.clone(), Arc::clone(&hub), self.tls, self.peers));
        let mut tasks = JoinSet::new();
        let links = match meeting.gather(self.wait, &mut tasks).await {
            Ok(links) => links,
            Err(error) => {
                let _ = tokio::time::timeout(LAST_PACKET, endpoint.wait_idle()).await;
                return Err(error);
            }
        };
        let (orders, inbox) = unbounded_channel();
        let mut served = Served { connections: Vec::new(), writers: JoinSet::new(), tasks, pool: Pool::default() };
        let queues = links.into_iter().enumerate().map(|(peer, link)| served.start(&hub, peer, link)).collect();
        if ready.send(Ok(Quic { queues, orders, thread: Mutex::default() })).is_ok() {
            served.until_closed(inbox).await;
        }
        Ok(())
    }
}

/// The tasks of a running computation.
struct Served {
    connections: Vec<Connection>,
    writers: JoinSet<()>,
    tasks: JoinSet<()>,
    pool: Pool,
}

impl Served {
    /// Starts what serves one peer; its queues, by channel.
    fn start(&mut self, hub: &Arc<Hub>, peer: usize, link: Option<Link>) -> Vec<UnboundedSender<Item>> {
        let Some(Link { connection, streams }) = link else { return Vec::new() };
        self.tasks.spawn(probe::watch(Arc::clone(hub), peer, connection.clone()));
        self.tasks.spawn(watch(Arc::clone(hub), peer, connection.clone()));
        self.connections.push(connection);
        let serve = |(channel, (send, recv))| {
            let (queue, frames) = unbounded_channel();
            self.tasks.spawn(stream::read(Arc::clone(hub), peer, channel, recv, self.pool.clone()));
            self.writers.spawn(stream::write(send, frames));
            queue
        };
        Channel::ALL.into_iter().zip(streams).map(serve).collect()
    }

    async fn until_closed(mut self, mut inbox: UnboundedReceiver<Order>) {
        let sent = match inbox.recv().await {
            Some(Order::Abort(report)) => {
                let sent = self.close(CLOSE_ABORT, &report.encode());
                while !matches!(inbox.recv().await, Some(Order::Close) | None) {}
                sent
            }
            Some(Order::Close) | None => {
                let farewell = async { while self.writers.join_next().await.is_some() {} };
                let _ = tokio::time::timeout(FAREWELL, farewell).await;
                self.close(CLOSE_DONE, b"")
            }
        };
        let _ = tokio::time::timeout(LAST_PACKET, flushed(&sent)).await;
    }

    /// Closes the connections that are open; with each, how many datagrams it had sent before.
    fn close(&self, code: u32, reason: &[u8]) -> Vec<(Connection, u64)> {
        let open = self.connections.iter().filter(|connection| connection.close_reason().is_none());
        let sent = open.map(|connection| (connection.clone(), connection.stats().udp_tx.datagrams)).collect();
        self.connections.iter().for_each(|connection| connection.close(code.into(), reason));
        sent
    }
}

/// Waits until closed connections have sent their close, so that it precedes the end of the process.
async fn flushed(sent: &[(Connection, u64)]) {
    while sent.iter().any(|(connection, sent)| connection.stats().udp_tx.datagrams == *sent) {
        tokio::task::yield_now().await;
    }
}

/// Waits for the end of a connection and says what it means.
async fn watch(hub: Arc<Hub>, peer: usize, connection: Connection) {
    let error = connection.closed().await;
    if let Some(fault) = fault_of(&hub, peer, &error) {
        hub.fail(fault);
    }
}

/// What the end of a connection means; nothing, where it ended in good order or by this player's own doing.
fn fault_of(hub: &Hub, peer: usize, error: &ConnectionError) -> Option<Fault> {
    let lost = |reason: String| Some(Fault::Lost { peer, reason });
    match error {
        ConnectionError::LocallyClosed => None,
        ConnectionError::ApplicationClosed(close) if close.error_code == CLOSE_DONE.into() => None,
        ConnectionError::ApplicationClosed(close) if close.error_code == CLOSE_ABORT.into() => {
            Some(reported(hub, peer, &close.reason))
        }
        ConnectionError::ApplicationClosed(_) => lost(String::from("it hung up")),
        ConnectionError::TimedOut => lost(format!("nothing was heard from it for {:?}", hub.company.idle)),
        ConnectionError::Reset => lost(String::from("its process was started again")),
        ConnectionError::ConnectionClosed(_)
        | ConnectionError::TransportError(_)
        | ConnectionError::VersionMismatch
        | ConnectionError::CidsExhausted => lost(format!("the connection failed: {error}")),
    }
}

/// What a peer that stopped gave as its reason.
fn reported(hub: &Hub, peer: usize, reason: &[u8]) -> Fault {
    match Report::decode(reason) {
        Some(report) if report.culprit == hub.company.me => {
            let reason = format!("it stopped because of this player: {}", report.reason);
            Fault::Aborted { peer, code: report.code.unwrap_or(75), reason }
        }
        Some(report) if report.culprit < hub.company.names.len() => report.into_fault(),
        // It knows somebody whom this player does not know: their cluster files differ.
        Some(report) => Fault::Aborted { peer, code: report.code.unwrap_or(75), reason: report.reason },
        None => Fault::Malformed { peer, reason: String::from("it stopped without a valid reason") },
    }
}
