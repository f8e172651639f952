//! All players in one process, for tests and for the oracle: the frames, order, counters and failures of [`super::quic`]
//! without a socket.

use std::sync::{Arc, OnceLock, Weak};

use super::frame::{Channel, Frame};
use super::hub::{Company, Hub};
use super::port::{Outbox, Ports, Report, Session};
use super::{PeerName, Port, Sink};

/// The hubs of all players. A player's outbox holds them weakly, or no hub would ever be freed.
struct Memory {
    me: usize,
    hubs: Arc<OnceLock<Vec<Weak<Hub>>>>,
}

impl Memory {
    fn others(&self) -> impl Iterator<Item = Arc<Hub>> {
        let hubs = self.hubs.get().map(Vec::as_slice).unwrap_or_default();
        hubs.iter().enumerate().filter(|(peer, _)| *peer != self.me).filter_map(|(_, hub)| hub.upgrade())
    }
}

impl Outbox for Memory {
    fn push(&self, to: usize, channel: Channel, frame: Frame) {
        if let Some(hub) = self.hubs.get().and_then(|hubs| hubs.get(to)).and_then(Weak::upgrade) {
            hub.push(self.me, channel, frame);
        }
    }

    fn end(&self) {
        for hub in self.others() {
            Channel::ALL.into_iter().for_each(|channel| hub.end(self.me, channel));
        }
    }

    fn abort(&self, report: &Report) {
        self.others().for_each(|hub| hub.fail(report.clone().into_fault()));
    }

    fn close(&self) {}
}

/// Joins `players` players, and a dealer if wanted, in this process: their sessions by peer index, the dealer's last.
/// Notes go to `sink`.
pub fn join(players: usize, with_dealer: bool, sink: &Sink) -> Vec<(Session, Ports)> {
    let dealer = with_dealer.then_some(players);
    let peers = players + usize::from(with_dealer);
    let names: Vec<_> = (0..peers).map(|index| PeerName { index, name: None, dealer: dealer == Some(index) }).collect();
    let hub = |me| Arc::new(Hub::new(Company { me, players, dealer, names: names.clone() }, Arc::clone(sink)));
    let hubs: Vec<Arc<Hub>> = (0..peers).map(hub).collect();
    let all = Arc::new(OnceLock::from(hubs.iter().map(Arc::downgrade).collect::<Vec<_>>()));
    let outbox = |me| Arc::new(Memory { me, hubs: Arc::clone(&all) });
    hubs.into_iter().enumerate().map(|(me, hub)| Session::new(hub, outbox(me))).collect()
}

/// Runs `body` as every player, and as the dealer if wanted, each in its own thread, with the session's ports; returns
/// what they returned, by peer index, the dealer's last. A body that panics is a lost player to the others, and its
/// panic goes on here.
pub fn simulate_ports<T: Send>(players: usize, with_dealer: bool, body: impl Fn(&mut Ports) -> T + Sync) -> Vec<T> {
    let run = |(session, mut ports): (Session, Ports)| {
        let result = body(&mut ports);
        // A peer's failure has reached the body already, if it concerns it.
        let _ = session.finish();
        result
    };
    std::thread::scope(|scope| {
        let sessions = join(players, with_dealer, &super::stderr());
        let threads: Vec<_> = sessions.into_iter().map(|session| scope.spawn(|| run(session))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|e| std::panic::resume_unwind(e))).collect()
    })
}

/// [`simulate_ports`] for bodies that use the online channel alone.
pub fn simulate<T: Send>(players: usize, with_dealer: bool, body: impl Fn(&mut Port) -> T + Sync) -> Vec<T> {
    simulate_ports(players, with_dealer, |ports| body(&mut ports.online))
}
