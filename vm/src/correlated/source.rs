//! A player's side of the dealer: which lot is used for what, and what the dealer sends for it.
//!
//! All players keep the same list of lots, foreseen by [`Source::prepare`] and then taken in order by [`Source::allot`]; they
//! never talk about it. Where a lot is wanted that was not foreseen, all that was foreseen and is left is discarded, by all
//! alike since all want the same, and new lots get new identifiers.
//!
//! The last player asks the dealer ahead: at most [`WINDOW`] bytes are asked for and not received, at most [`BUDGET`] bytes
//! received and not used, beyond the one lot that is waited for.

use super::material::Material;
use super::request::{self, MOST_LOTS, Request};
use super::setup::take_seed;
use super::{Correlation, Demand};
use crate::algebra::Domain;
use crate::net::{Counters, Net, Operation};
use crate::protocol::Fault;
use crate::random::{Seed, Stream};
use bytes::Bytes;
use std::collections::VecDeque;

/// Bytes of corrections that are asked for and not received, at most.
pub const WINDOW: usize = 64 << 20;
/// Bytes of corrections that wait for use, at most.
pub const BUDGET: usize = 512 << 20;

/// Used parts that are kept for their memory, at most: as many as are under way at a time.
const MOST_SPARES: usize = 8;

/// The right to use one lot, once.
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket {
    id: u64,
    lot: Correlation,
}

impl Ticket {
    /// What the lot holds.
    pub fn lot(&self) -> &Correlation {
        &self.lot
    }
}

/// Corrections between dealer and last player, in order of lots.
#[derive(Default)]
struct Supply {
    /// Lots to be asked for.
    wanted: VecDeque<(u64, Correlation)>,
    /// Lots that were asked for and have not arrived.
    asked: VecDeque<(u64, Correlation)>,
    /// Corrections that have arrived and were not used.
    stock: VecDeque<(u64, Vec<u8>)>,
    /// Bytes of `asked`, and of `stock`.
    asked_bytes: usize,
    stock_bytes: usize,
}

/// See the module.
pub struct Source<D> {
    net: Box<dyn Net>,
    dealer: usize,
    seed: Seed,
    next: u64,
    foreseen: VecDeque<Ticket>,
    /// At the last player alone.
    supply: Option<Supply>,
    /// Parts that were used, for their memory.
    spare: Vec<Material<D>>,
}

impl<D: Domain> Source<D> {
    /// Joins the dealer on the preprocessing channel `net`.
    ///
    /// # Errors
    /// The network's; no dealer; a message that is no seed.
    pub fn join(mut net: Box<dyn Net>) -> Result<Self, Fault> {
        let dealer = net.dealer().ok_or_else(|| Fault::Malformed("additive sharing needs a dealer".to_owned()))?;
        let seed = take_seed(&mut *net, dealer)?;
        let is_last = net.me() + 1 == net.players();
        let supply = is_last.then(Supply::default);
        Ok(Self { net, dealer, seed, next: 0, foreseen: VecDeque::new(), supply, spare: Vec::new() })
    }

    /// What went over the channel with the dealer.
    pub fn counters(&self) -> Counters {
        self.net.counters()
    }

    /// Lots that were foreseen and not taken yet.
    pub fn foreseen(&self) -> usize {
        self.foreseen.len()
    }

    /// The source line being executed, for errors of this channel.
    pub fn set_line(&mut self, line: u32) {
        self.net.set_line(line);
    }

    /// Foresees lots, after those foreseen before, and returns at every player once the last one has as much of them as it may keep.
    ///
    /// # Errors
    /// The network's; a dealer that sends something else; `ValueError` for a lot beyond what a dealer makes.
    pub fn prepare(&mut self, demand: &Demand) -> Result<(), Fault> {
        let tickets = self.issue(demand.lots())?;
        self.foreseen.extend(tickets);
        let last = self.net.players() - 1;
        if self.supply.is_none() {
            self.net.recv(last, Operation::Correction)?;
            return Ok(());
        }
        self.ask()?;
        while self.receive_one()? {
            self.ask()?;
        }
        (0..last).try_for_each(|peer| self.net.send(peer, Operation::Correction, Bytes::new()))?;
        Ok(())
    }

    /// Takes the next lots for use. They are to be drawn in this order.
    ///
    /// # Errors
    /// The network's; `ValueError` for a lot beyond what a dealer makes.
    pub fn allot(&mut self, wanted: &[Correlation]) -> Result<VecDeque<Ticket>, Fault> {
        let mut tickets = VecDeque::with_capacity(wanted.len());
        for (at, lot) in wanted.iter().enumerate() {
            if self.foreseen.front().is_some_and(|ticket| ticket.lot == *lot) {
                tickets.extend(self.foreseen.pop_front());
                continue;
            }
            self.discard();
            tickets.extend(self.issue(&wanted[at..])?);
            break;
        }
        self.ask()?;
        Ok(tickets)
    }

    /// This player's part of a lot.
    ///
    /// # Errors
    /// The network's; a dealer that sends something else.
    pub fn draw(&mut self, ticket: Ticket) -> Result<Material<D>, Fault> {
        let mut stream = Stream::new(&self.seed, ticket.id);
        if self.supply.is_none() {
            return Ok(self.spare.pop().unwrap_or_default().redraw(&ticket.lot, &mut stream));
        }
        let correction = self.correction(ticket.id)?;
        let part = self.spare.pop().unwrap_or_default().recomplete(&ticket.lot, &mut stream, &correction);
        part.map_err(|error| Fault::Malformed(format!("{} sent {error}", self.net.name(self.dealer))))
    }

    /// Gives back a part that was used, so that the next one is drawn in its memory, which is warm.
    pub fn recycle(&mut self, part: Material<D>) {
        if self.spare.len() < MOST_SPARES {
            self.spare.push(part);
        }
    }

    /// Gives new identifiers to lots.
    fn issue(&mut self, lots: &[Correlation]) -> Result<Vec<Ticket>, Fault> {
        if let Some(lot) = lots.iter().find(|lot| !request::is_allowed::<D>(lot)) {
            let message = format!("too large for the dealer: {lot:?}");
            return Err(Fault::Raised(mpc_bytecode::operand::Exception::ValueError, message));
        }
        let tickets: Vec<_> = (self.next..).zip(lots).map(|(id, &lot)| Ticket { id, lot }).collect();
        self.next += lots.len() as u64;
        if let Some(supply) = &mut self.supply {
            supply.wanted.extend(tickets.iter().map(|ticket| (ticket.id, ticket.lot)));
        }
        Ok(tickets)
    }

    /// Burns every lot that was foreseen and not taken.
    fn discard(&mut self) {
        self.foreseen.clear();
        if let Some(supply) = &mut self.supply {
            supply.wanted.clear();
        }
    }

    /// Asks the dealer for lots while there is room, at the last player.
    fn ask(&mut self) -> Result<(), Fault> {
        while let Some(request) = self.supply.as_mut().and_then(|supply| supply.next_request::<D>()) {
            self.net.send(self.dealer, Operation::Request, request.encode().into())?;
        }
        Ok(())
    }

    /// The correction of a lot, at the last player. Those of lots before it, which were discarded, are dropped.
    fn correction(&mut self, id: u64) -> Result<Vec<u8>, Fault> {
        loop {
            let stocked = self.supply.as_mut().and_then(|supply| supply.take(id));
            if let Some(correction) = stocked {
                self.ask()?;
                return Ok(correction);
            }
            // What was discarded may have left no room to ask for this lot before.
            self.ask()?;
            if !self.receive_one()? {
                return Err(Fault::Malformed(format!("lot {id} was taken twice or never asked for")));
            }
        }
    }

    /// Waits for the oldest lot that was asked for; false where there is none.
    fn receive_one(&mut self) -> Result<bool, Fault> {
        let Some((id, lot)) = self.supply.as_mut().and_then(|supply| supply.asked.pop_front()) else {
            return Ok(false);
        };
        let (frames, bytes) = request::frames::<D>(&lot);
        let mut correction = Vec::with_capacity(bytes);
        for _ in 0..frames {
            correction.extend_from_slice(&self.net.recv(self.dealer, Operation::Correction)?);
        }
        if let Some(supply) = &mut self.supply {
            supply.asked_bytes -= bytes;
            supply.stock_bytes += correction.len();
            supply.stock.push_back((id, correction));
        }
        Ok(true)
    }
}

impl Supply {
    /// The next request there is room for; one lot at least where nothing is under way.
    fn next_request<D: Domain>(&mut self) -> Option<Request> {
        let ahead = self.stock_bytes + self.asked_bytes;
        // In large strides: a request a lot would be a message a lot.
        if self.asked_bytes > WINDOW / 2 || (ahead > BUDGET - WINDOW && !self.asked.is_empty()) {
            return None;
        }
        let first = self.wanted.front()?.0;
        let mut lots = Vec::new();
        while let Some(&(id, lot)) = self.wanted.front() {
            let bytes = request::frames::<D>(&lot).1;
            let fits = self.asked_bytes + bytes <= WINDOW && self.stock_bytes + self.asked_bytes + bytes <= BUDGET;
            let consecutive = id == first + lots.len() as u64;
            if !(consecutive && lots.len() < MOST_LOTS && (fits || self.asked.is_empty() && self.stock.is_empty())) {
                break;
            }
            self.asked_bytes += bytes;
            self.asked.extend(self.wanted.pop_front());
            lots.push(lot);
        }
        (!lots.is_empty()).then_some(Request { first, lots })
    }

    fn take(&mut self, id: u64) -> Option<Vec<u8>> {
        while let Some((found, correction)) = self.stock.pop_front() {
            self.stock_bytes -= correction.len();
            if found == id {
                return Some(correction);
            }
        }
        None
    }
}
