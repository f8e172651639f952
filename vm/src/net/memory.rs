//! All players in one process, for tests and for the oracle: the frames, order, counters and failures of [`super::quic`]
//! without a socket.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

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
    let company = |me| Company { me, players, dealer, names: names.clone(), idle: Duration::MAX };
    let hub = |me| Arc::new(Hub::new(company(me), Arc::clone(sink)));
    let hubs: Vec<Arc<Hub>> = (0..peers).map(hub).collect();
    let all = Arc::new(OnceLock::from(hubs.iter().map(Arc::downgrade).collect::<Vec<_>>()));
    let outbox = |me| Arc::new(Memory { me, hubs: Arc::clone(&all) });
    hubs.into_iter().enumerate().map(|(me, hub)| Session::new(hub, outbox(me))).collect()
}

/// A session of one player with nobody else in it: what a run in the clear has for a network.
pub fn alone() -> (Session, Ports) {
    let company = Company {
        me: 0,
        players: 1,
        dealer: None,
        names: vec![PeerName { index: 0, name: None, dealer: false }],
        idle: Duration::MAX,
    };
    let hub = Arc::new(Hub::new(company, super::stderr()));
    let all = Arc::new(OnceLock::from(vec![Arc::downgrade(&hub)]));
    Session::new(hub, Arc::new(Memory { me: 0, hubs: all }))
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use bytes::Bytes;

    use super::*;
    use crate::net::{Net, NetError, Operation, Traffic};

    fn word(value: u8) -> Bytes {
        Bytes::copy_from_slice(&[value; 8])
    }

    #[test]
    fn messages_are_ordered_and_counted_with_their_headers() {
        let results = simulate(2, true, |net| {
            let me = net.me() as u8;
            if me == 2 {
                net.broadcast(Operation::Correction, word(9)).unwrap();
                return (Vec::new(), net.counters());
            }
            net.send(1 - net.me(), Operation::Open, word(me)).unwrap();
            net.send(1 - net.me(), Operation::Open, Bytes::new()).unwrap();
            net.count_round();
            let got = [(1 - net.me(), Operation::Open), (1 - net.me(), Operation::Open), (2, Operation::Correction)];
            let got = got.map(|(from, operation)| net.recv(from, operation).unwrap());
            (got.to_vec(), net.counters())
        });
        assert_eq!(results[0].0, [word(1), Bytes::new(), word(9)]);
        let counters = &results[1].1;
        assert_eq!(counters.peers[0], Traffic { sent: 56, received: 56, messages_sent: 2, messages_received: 2 });
        assert_eq!(counters.peers[2], Traffic { sent: 0, received: 32, messages_sent: 0, messages_received: 1 });
        assert_eq!((counters.total().received, counters.rounds), (88, 1));
        assert_eq!(results[2].1.total().sent, 64);
    }

    #[test]
    fn divergence_names_both_places() {
        let errors = simulate(2, false, |net| {
            net.set_line(10 + net.me() as u32);
            let operation = if net.me() == 0 { Operation::Open } else { Operation::Compare };
            net.broadcast(operation, word(0)).unwrap();
            net.recv(1 - net.me(), operation).unwrap_err().to_string()
        });
        let expected = "the players have diverged: at line 10 this player expects `open` from player 1, \
                        which sent `compare` at line 11";
        assert_eq!(errors[0], expected);
    }

    #[test]
    fn earlier_epochs_are_dropped_and_later_ones_are_told() {
        let results = simulate(2, false, |net| {
            if net.me() == 0 {
                net.send(1, Operation::Open, word(1)).unwrap();
                net.set_epoch(2);
                net.send(1, Operation::Open, word(2)).unwrap();
                net.set_epoch(3);
                net.send(1, Operation::Open, word(3)).unwrap();
                return None;
            }
            net.set_epoch(2);
            let current = net.recv(0, Operation::Open).unwrap();
            let later = net.recv(0, Operation::Open).unwrap_err();
            assert!(matches!(later, NetError::Behind { epoch: 3, .. }), "{later}");
            net.set_epoch(3);
            Some((current, net.recv(0, Operation::Open).unwrap()))
        });
        assert_eq!(results[1], Some((word(2), word(3))));
    }

    #[test]
    fn whoever_panics_is_no_riddle_to_the_others() {
        let mut sessions = join(2, false, &crate::net::stderr());
        let (one, zero) = (sessions.pop().unwrap(), sessions.pop().unwrap());
        drop(one);
        let (session, mut ports) = zero;
        let error = ports.online.recv(1, Operation::Open).unwrap_err();
        assert_eq!((error.exit_code(), session.failure(0).map(|e| e.exit_code())), (75, Some(75)));
        assert_eq!(error.to_string(), "player 1 stopped: it ended without finishing its program");
        assert!(ports.online.send(1, Operation::Open, word(1)).is_err());
    }

    #[test]
    fn a_long_wait_is_said_once() {
        let (notes, said) = mpsc::channel();
        let sink: Sink = Arc::new(move |note: &str| drop(notes.send(note.to_owned())));
        let mut sessions = join(2, false, &sink);
        let (mut one, mut zero) = (sessions.pop().unwrap(), sessions.pop().unwrap());
        one.0.set_file("train.mpc");
        one.1.online.set_line(22);
        let waiting = std::thread::spawn(move || one.1.online.recv(0, Operation::Open).unwrap());
        assert_eq!(said.recv().unwrap(), "waiting for player 0 at train.mpc:22 for 2 s");
        zero.1.online.send(1, Operation::Open, word(4)).unwrap();
        assert_eq!(waiting.join().unwrap(), word(4));
        assert!(said.try_recv().is_err());
    }

    #[test]
    fn there_are_no_messages_to_oneself() {
        let errors = simulate(2, false, |net| {
            let me = net.me();
            (net.send(me, Operation::Open, word(1)).is_err(), net.recv(7, Operation::Open).is_err())
        });
        assert_eq!(errors, [(true, true); 2]);
    }
}
