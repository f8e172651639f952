//! Primitives under way together: a round serves all of them.
//!
//! A primitive is an `async fn` that has a lane of the network to itself. It sends what it has to send and says what it expects in return,
//! gives way ([`Lane::turn`]), and then receives. Those of a group take turns in a fixed order, so every player sends the same
//! messages in the same order, and while what one sent in its last turn travels, the others send theirs. A group takes as many rounds as
//! the longest of its members, and the messages of all of them.
//!
//! Messages of a peer arrive in the order in which it sent them, whichever lane they are for: one that is not this lane's is kept for the lane
//! which expects it. No lane is named on the way, for what is expected from a peer is noted where the peer sends it.
//!
//! There is no runtime: [`together`] asks each future in order until all have ended, and nothing wakes anybody. Alone, a primitive costs
//! what a function costs.

use super::Fault;
use crate::net::{Net, NetError, Operation, PeerName};
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// The network of a group.
pub struct Hub<'n> {
    net: RefCell<&'n mut (dyn Net + 'n)>,
    me: usize,
    players: usize,
    lanes: Cell<usize>,
    /// Rounds that the group has begun.
    rounds: Cell<u64>,
    /// What is expected of each peer, in the order in which it comes.
    expected: RefCell<Vec<VecDeque<Expected>>>,
    /// What came for lanes that have not asked for it: lane, peer and payload.
    kept: RefCell<VecDeque<(usize, usize, Bytes)>>,
}

/// A message that will come.
#[derive(Clone, Copy)]
struct Expected {
    lane: usize,
    line: u32,
    operation: Operation,
}

impl<'n> Hub<'n> {
    /// Over a channel.
    pub fn new(net: &'n mut (dyn Net + 'n)) -> Self {
        let (me, players) = (net.me(), net.players());
        let expected = RefCell::new(vec![VecDeque::new(); players]);
        let (lanes, rounds, kept) = (Cell::new(0), Cell::new(0), RefCell::default());
        Self { net: RefCell::new(net), me, players, lanes, rounds, expected, kept }
    }

    /// A lane for one primitive, which stands in this source line.
    pub fn lane(&'n self, line: u32) -> Lane<'n> {
        let number = self.lanes.get();
        self.lanes.set(number + 1);
        Lane { hub: self, number, line, rounds: Cell::new(0) }
    }
}

/// The network as one primitive of a group sees it.
pub struct Lane<'h> {
    hub: &'h Hub<'h>,
    number: usize,
    line: u32,
    /// Rounds that this primitive has begun.
    rounds: Cell<u64>,
}

// Nothing is borrowed beyond a call: no borrow meets another.
impl Lane<'_> {
    /// The own peer index.
    pub fn me(&self) -> usize {
        self.hub.me
    }

    /// How many players compute.
    pub fn players(&self) -> usize {
        self.hub.players
    }

    /// The source line of the primitive.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// How messages name a peer.
    pub fn name(&self, peer: usize) -> PeerName {
        self.hub.net.borrow().name(peer)
    }

    /// The other players, in order.
    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let me = self.hub.me;
        (0..self.hub.players).filter(move |&peer| peer != me)
    }

    /// Queues a message to peer `to`; never blocks.
    ///
    /// # Errors
    /// Those of [`Net::send`].
    pub fn send(&self, to: usize, operation: Operation, payload: Bytes) -> Result<(), NetError> {
        let mut net = self.hub.net.borrow_mut();
        net.set_line(self.line);
        net.send(to, operation, payload)
    }

    /// Notes that peer `from` sends a message where this player is now.
    pub fn expect(&self, from: usize, operation: Operation) {
        let expected = Expected { lane: self.number, line: self.line, operation };
        self.hub.expected.borrow_mut().get_mut(from).into_iter().for_each(|queue| queue.push_back(expected));
    }

    /// Sends `payload` to every other player, each of which does the same.
    ///
    /// # Errors
    /// Those of [`Net::send`].
    pub fn broadcast(&self, operation: Operation, payload: Bytes) -> Result<(), NetError> {
        self.others().for_each(|peer| self.expect(peer, operation));
        self.others().try_for_each(|peer| self.send(peer, operation, payload.clone()))
    }

    /// Waits for this lane's next message of peer `from`.
    ///
    /// # Errors
    /// Those of [`Net::recv`].
    pub fn recv(&self, from: usize, operation: Operation) -> Result<Bytes, NetError> {
        let mut kept = self.hub.kept.borrow_mut();
        if let Some(at) = kept.iter().position(|(lane, peer, _)| (*lane, *peer) == (self.number, from)) {
            return Ok(kept.remove(at).map(|(_, _, payload)| payload).unwrap_or_default());
        }
        let mut net = self.hub.net.borrow_mut();
        loop {
            let next = self.hub.expected.borrow_mut().get_mut(from).and_then(VecDeque::pop_front);
            let next = next.unwrap_or(Expected { lane: self.number, line: self.line, operation });
            net.set_line(next.line);
            let payload = net.recv(from, next.operation)?;
            if next.lane == self.number {
                return Ok(payload);
            }
            kept.push_back((next.lane, from, payload));
        }
    }

    /// Waits for one message of every other player, in order of their index.
    ///
    /// # Errors
    /// Those of [`Net::recv`].
    pub fn gather(&self, operation: Operation) -> Result<Vec<(usize, Bytes)>, NetError> {
        self.others().map(|peer| Ok((peer, self.recv(peer, operation)?))).collect()
    }

    /// Gives way to the others of the group: to be awaited between sending and receiving.
    pub async fn turn(&self) {
        let mut passed = false;
        let pass = |_: &mut Context<'_>| match std::mem::replace(&mut passed, true) {
            false => Poll::Pending,
            true => Poll::Ready(()),
        };
        std::future::poll_fn(pass).await;
    }

    /// Counts a round, where the primitive waits for what depends on what it sent. It is the group's as well if no other began as many.
    pub fn begin_round(&self) {
        self.rounds.set(self.rounds.get() + 1);
        if self.rounds.get() > self.hub.rounds.get() {
            self.hub.rounds.set(self.rounds.get());
            self.hub.net.borrow_mut().count_round();
        }
    }
}

/// The error of one of several primitives.
#[derive(Debug)]
pub struct Failed {
    /// Which one.
    pub member: usize,
    /// What went wrong.
    pub fault: Fault,
}

/// Takes primitives to their ends, turn by turn; their results in order.
///
/// # Errors
/// The first in order of turns.
pub fn together<T>(
    members: impl IntoIterator<Item = impl Future<Output = Result<T, Fault>>>,
) -> Result<Vec<T>, Failed> {
    let mut under_way: Vec<_> = members.into_iter().map(|member| Some(Box::pin(member))).collect();
    let mut results: Vec<Option<T>> = under_way.iter().map(|_| None).collect();
    let mut left = under_way.len();
    while left > 0 {
        for (member, (future, result)) in under_way.iter_mut().zip(&mut results).enumerate() {
            if let Some(Poll::Ready(end)) = future.as_mut().map(|future| step(future.as_mut())) {
                *result = Some(end.map_err(|fault| Failed { member, fault })?);
                *future = None;
                left -= 1;
            }
        }
    }
    Ok(results.into_iter().flatten().collect())
}

/// One turn.
fn step<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::memory;

    /// Asks so many times, and waits for each answer `late` turns later.
    async fn talk(lane: &Lane<'_>, rounds: u8, late: u8) -> Result<u8, Fault> {
        for round in 0..rounds {
            lane.broadcast(Operation::Open, vec![rounds, round].into())?;
            for _ in 0..late {
                lane.turn().await;
            }
            lane.begin_round();
            assert_eq!(lane.gather(Operation::Open)?, [(1 - lane.me(), vec![rounds, round].into())]);
        }
        if rounds == 9 { Err(Fault::Malformed("nine".into())) } else { Ok(rounds) }
    }

    #[test]
    fn a_group_takes_the_rounds_of_its_longest_member() {
        let seen = memory::simulate(2, false, |net| {
            let hub = Hub::new(net);
            let lanes = [(3, 4), (1, 1), (0, 1), (5, 2)].map(|case| (hub.lane(0), case));
            let found = together(lanes.iter().map(|(lane, (rounds, late))| talk(lane, *rounds, *late))).unwrap();
            let counters = hub.net.borrow().counters();
            (found, counters.rounds, counters.total().messages_sent)
        });
        assert_eq!(seen, vec![(vec![3, 1, 0, 5], 5, 9); 2]);
    }

    #[test]
    fn an_error_names_its_member() {
        let seen = memory::simulate(2, false, |net| {
            let hub = Hub::new(net);
            let lanes = [10, 9, 1].map(|rounds| (hub.lane(7), rounds));
            let failed = together(lanes.iter().map(|(lane, rounds)| talk(lane, *rounds, 1))).unwrap_err();
            (failed.member, failed.fault.to_string())
        });
        assert_eq!(seen, vec![(1, "nine".to_owned()); 2]);
    }
}
