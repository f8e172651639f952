//! What a player has received and what it knows of its peers: one queue a peer and channel, and the first failure.
//!
//! The transport fills it from its own thread; [`Port`](super::Port)s wait on it. Both transports share it, so that
//! order, waiting, failures and endings mean the same under both.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::frame::{Channel, Frame};
use super::watchdog::{Sink, Watchdog};
use super::{NetError, PeerName, Place};

/// Why the computation cannot go on. The first one counts: what follows is its consequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A peer is gone.
    Lost { peer: usize, reason: String },
    /// A peer stopped and said why.
    Aborted { peer: usize, code: u8, reason: String },
    /// A peer sent what no correct player sends.
    Malformed { peer: usize, reason: String },
}

/// How messages name the peers, and whether there is a dealer.
pub(super) struct Company {
    pub me: usize,
    pub players: usize,
    pub dealer: Option<usize>,
    pub names: Vec<PeerName>,
    /// How long a peer may be silent.
    pub idle: Duration,
}

/// See the module.
pub(super) struct Hub {
    pub company: Company,
    pub sink: Sink,
    file: OnceLock<Arc<str>>,
    fault: OnceLock<Fault>,
    queues: Vec<[Queue; Channel::ALL.len()]>,
}

/// What has arrived from one peer on one channel.
#[derive(Default)]
struct Queue {
    state: Mutex<Waiting>,
    bell: Condvar,
}

#[derive(Default)]
struct Waiting {
    frames: VecDeque<Frame>,
    ended: bool,
    parked: bool,
}

impl Queue {
    /// A thread that panicked with the lock held left nothing half done: every change is one statement.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        let parked = {
            let mut state = self.lock();
            change(&mut state);
            state.parked
        };
        if parked {
            self.bell.notify_all();
        }
    }

    /// Waits until `found` finds something; the watchdog looks on.
    ///
    /// A waiting thread sleeps at once: on loopback a round takes as long as with a short spin before it where every
    /// player has a core, and two thirds of the time where three share two, because the thread that does the input
    /// and output needs the core.
    fn wait<T>(&self, watchdog: &mut Watchdog, mut found: impl FnMut(&mut Waiting) -> Option<T>) -> T {
        let mut state = self.lock();
        loop {
            if let Some(result) = found(&mut state) {
                return result;
            }
            state.parked = true;
            let patience = watchdog.patience();
            (state, _) = self.bell.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
            state.parked = false;
            watchdog.look();
        }
    }
}

impl Hub {
    pub fn new(company: Company, sink: Sink) -> Hub {
        let queues = company.names.iter().map(|_| Default::default()).collect();
        Hub { company, sink, file: OnceLock::new(), fault: OnceLock::new(), queues }
    }

    /// Names the source file in places from now on; only the first name counts.
    pub fn set_file(&self, file: &str) {
        self.file.get_or_init(|| Arc::from(file));
    }

    pub fn place(&self, line: u32) -> Place {
        Place { file: self.file.get().cloned(), line }
    }

    pub fn name(&self, peer: usize) -> PeerName {
        let unknown = || PeerName { index: peer, name: None, dealer: false };
        self.company.names.get(peer).cloned().unwrap_or_else(unknown)
    }

    /// Every peer but oneself.
    pub fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let me = self.company.me;
        (0..self.company.names.len()).filter(move |peer| *peer != me)
    }

    fn queue(&self, peer: usize, channel: Channel) -> Option<&Queue> {
        self.queues.get(peer).map(|channels| &channels[channel as usize])
    }

    /// A frame has arrived.
    pub fn push(&self, from: usize, channel: Channel, frame: Frame) {
        if let Some(queue) = self.queue(from, channel) {
            queue.change(|state| state.frames.push_back(frame));
        }
    }

    /// Nothing more will come from this peer on this channel: it has finished its program.
    pub fn end(&self, from: usize, channel: Channel) {
        if let Some(queue) = self.queue(from, channel) {
            queue.change(|state| state.ended = true);
        }
    }

    /// Whether a peer has finished its program, so that its going is no loss.
    pub fn finished(&self, peer: usize) -> bool {
        self.queues.get(peer).is_some_and(|channels| channels.iter().all(|queue| queue.lock().ended))
    }

    /// Records a failure, unless one was recorded or the peer had finished, and wakes everybody.
    pub fn fail(&self, fault: Fault) {
        if let Fault::Lost { peer, .. } = &fault
            && self.finished(*peer)
        {
            return;
        }
        self.fault.get_or_init(|| fault);
        self.queues.iter().flatten().for_each(|queue| queue.change(|_| ()));
    }

    /// The first failure.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.get()
    }

    /// The first failure as an error at a line.
    pub fn failure(&self, line: u32) -> Option<NetError> {
        self.fault.get().map(|fault| match fault.clone() {
            Fault::Lost { peer, reason } => NetError::Lost { peer: self.name(peer), place: self.place(line), reason },
            Fault::Aborted { peer, code, reason } => NetError::Aborted { peer: self.name(peer), code, reason },
            Fault::Malformed { peer, reason } => NetError::Malformed { peer: self.name(peer), reason },
        })
    }

    /// The next frame of a peer that is not of an earlier epoch; `None` when the peer has finished.
    pub fn pull(&self, from: usize, channel: Channel, epoch: u32, line: u32) -> Result<Option<Frame>, NetError> {
        let queue = self.queue(from, channel).ok_or(NetError::NoPeer { index: from })?;
        let mut watchdog = Watchdog::new(self, from, line);
        queue.wait(&mut watchdog, |state| {
            if let Some(error) = self.failure(line) {
                return Some(Err(error));
            }
            while state.frames.front().is_some_and(|frame| frame.header.epoch < epoch) {
                state.frames.pop_front();
            }
            match state.frames.front().map(|frame| frame.header.epoch) {
                Some(theirs) if theirs > epoch => {
                    Some(Err(NetError::Behind { peer: self.name(from), epoch: theirs, place: self.place(line) }))
                }
                Some(_) => Some(Ok(state.frames.pop_front())),
                None if state.ended => Some(Ok(None)),
                None => None,
            }
        })
    }

    /// Waits until every peer has finished its program.
    pub fn wait_all_finished(&self, line: u32) -> Result<(), NetError> {
        for peer in self.others() {
            for queue in &self.queues[peer] {
                queue.wait(&mut Watchdog::asleep(self), |state| match self.failure(line) {
                    Some(error) => Some(Err(error)),
                    None => state.ended.then_some(Ok(())),
                })?;
            }
        }
        Ok(())
    }
}
