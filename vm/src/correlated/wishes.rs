//! Lots for primitives that run together.
//!
//! Lots arrive in the order in which they are asked for, so they are asked for in the order in which they will be drawn: those of a group
//! turn by turn, not member after member. Each member says what it wants and gives way; the first to go on takes the tickets of all.
//! A forecast goes the same way, and so foresees the same order.

use super::Correlation;
use crate::protocol::{Fault, Lane};
use std::cell::RefCell;
use std::collections::VecDeque;

/// How a primitive draws its lots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draws {
    /// One a turn.
    OneATurn,
    /// All in its first turn.
    AtOnce,
}

/// What one primitive wants.
struct Wish {
    lots: Vec<Correlation>,
    draws: Draws,
}

/// The wishes of a group, and the tickets for them once they are taken.
pub struct Wishes<T>(RefCell<State<T>>);

struct State<T> {
    wanted: Vec<Wish>,
    given: Vec<VecDeque<T>>,
    /// How many of the group have not gone away with their tickets.
    waiting: usize,
}

impl<T> Default for Wishes<T> {
    fn default() -> Self {
        Wishes(RefCell::new(State { wanted: Vec::new(), given: Vec::new(), waiting: 0 }))
    }
}

/// The place of one primitive among those that wait; given up when it goes, whether it got anything or not.
struct Place<'w, T> {
    wishes: &'w Wishes<T>,
    at: usize,
}

impl<T> Drop for Place<'_, T> {
    fn drop(&mut self) {
        // Nothing borrows the wishes while a primitive ends.
        let mut state = self.wishes.0.borrow_mut();
        state.waiting -= 1;
        if state.waiting == 0 {
            state.wanted.clear();
            state.given.clear();
        }
    }
}

impl<T> Wishes<T> {
    /// Tickets for a primitive's lots, a turn later; `allot` takes those of a whole group.
    ///
    /// # Errors
    /// Those of `allot`.
    pub async fn take(
        &self,
        lane: &Lane<'_>,
        lots: Vec<Correlation>,
        draws: Draws,
        allot: impl FnOnce(&[Correlation]) -> Result<VecDeque<T>, Fault>,
    ) -> Result<VecDeque<T>, Fault> {
        let place = self.wait(Wish { lots, draws });
        lane.turn().await;
        let mut state = self.0.borrow_mut();
        state.settle(allot)?;
        let tickets = std::mem::take(&mut state.given[place.at]);
        drop(state);
        Ok(tickets)
    }

    fn wait(&self, wish: Wish) -> Place<'_, T> {
        let mut state = self.0.borrow_mut();
        state.wanted.push(wish);
        state.waiting += 1;
        Place { wishes: self, at: state.wanted.len() - 1 }
    }
}

impl<T> State<T> {
    fn settle(&mut self, allot: impl FnOnce(&[Correlation]) -> Result<VecDeque<T>, Fault>) -> Result<(), Fault> {
        let fresh = &self.wanted[self.given.len()..];
        if let [alone] = fresh {
            self.given.push(allot(&alone.lots)?);
        } else if !fresh.is_empty() {
            let order = in_turns(fresh);
            let lots: Vec<Correlation> = order.iter().map(|&(_, lot)| lot).collect();
            let mut tickets: Vec<VecDeque<T>> = fresh.iter().map(|_| VecDeque::new()).collect();
            order.iter().zip(allot(&lots)?).for_each(|(&(member, _), ticket)| tickets[member].push_back(ticket));
            self.given.extend(tickets);
        }
        Ok(())
    }
}

/// The lots of a group in the order in which they are drawn, each with the member that draws it.
fn in_turns(wanted: &[Wish]) -> Vec<(usize, Correlation)> {
    let mut order = Vec::with_capacity(wanted.iter().map(|wish| wish.lots.len()).sum());
    let turns = wanted.iter().map(|wish| wish.lots.len()).max().unwrap_or(0);
    for turn in 0..turns {
        for (member, wish) in wanted.iter().enumerate() {
            let drawn = match wish.draws {
                Draws::OneATurn => wish.lots.get(turn..=turn),
                Draws::AtOnce if turn == 0 => Some(&wish.lots[..]),
                Draws::AtOnce => None,
            };
            order.extend(drawn.unwrap_or_default().iter().map(|&lot| (member, lot)));
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lots_of_a_group_stand_turn_by_turn() {
        let lots = |from: usize, count: usize| (from..from + count).map(|len| Correlation::Triple { len }).collect();
        let wish = |lots: Vec<Correlation>, draws: Draws| Wish { lots, draws };
        let wanted = [
            wish(lots(1, 3), Draws::OneATurn),
            wish(lots(11, 2), Draws::AtOnce),
            wish(Vec::new(), Draws::OneATurn),
            wish(lots(21, 1), Draws::OneATurn),
        ];
        let order: Vec<_> = in_turns(&wanted).iter().map(|(member, lot)| (*member, lot.len())).collect();
        assert_eq!(order, [(0, 1), (1, 11), (1, 12), (3, 21), (0, 2), (0, 3)]);
    }
}
