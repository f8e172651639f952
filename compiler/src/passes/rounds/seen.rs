//! What handlers of exceptions can see, and what therefore keeps its order.

use super::Item;
use crate::ir::{BlockId, Function, Registers};
use crate::passes::effects::is_caught;
use crate::passes::liveness::Liveness;

/// The last instructions that a handler can tell apart. Several interactive ones of a kind stay together, so that they can be merged.
#[derive(Default)]
struct Seen {
    before: Vec<usize>,
    last: Vec<usize>,
    key: Option<(u8, u32)>,
}

/// The most instructions that stay together: each waits for all of those before.
const TOGETHER: usize = 64;

impl Seen {
    /// Adds an instruction; those that it must wait for. What `writes` for the handler has nothing beside it.
    fn add(&mut self, at: usize, key: Option<(u8, u32)>, writes: bool) -> &[usize] {
        let joins = key.is_some() && key == self.key && self.last.len() < TOGETHER;
        if !joins {
            self.before = std::mem::take(&mut self.last);
        }
        self.last.push(at);
        self.key = key.filter(|_| !writes);
        &self.before
    }
}

/// What handlers see.
pub struct Pinned {
    /// Absent where nothing is handled.
    live: Option<Liveness>,
    /// True if all exceptions of the function may be handled by its callers.
    caught: bool,
}

impl Pinned {
    /// In a function; `caught` says that callers may handle its exceptions.
    pub fn of(function: &Function, caught: bool) -> Self {
        let handled = function.blocks.iter().any(|block| block.handler.is_some());
        Pinned { live: handled.then(|| Liveness::of(function)), caught }
    }

    /// For the items of a line, of which only a block alone can have a handler.
    pub fn watch(&self, block: Option<BlockId>) -> Watch<'_> {
        Watch { live: self.live.as_ref().zip(block), caught: self.caught || block.is_some(), seen: Seen::default() }
    }
}

/// The things of a line as a handler sees them, one after the other.
pub struct Watch<'a> {
    live: Option<(&'a Liveness, BlockId)>,
    caught: bool,
    seen: Seen,
}

impl Watch<'_> {
    /// Those that the next item must wait for.
    pub fn next(&mut self, at: usize, item: &Item, registers: &Registers) -> &[usize] {
        let raises = match item {
            Item::Op(op, _) => is_caught(op, registers),
            Item::Region(region) => region.effects.raises || region.effects.calls || region.effects.discloses,
        };
        let mut writes = false;
        if let Some((live, block)) = self.live {
            item.writes(|reg| writes |= live.is_pinned(block, reg));
        }
        if writes || raises && self.caught { self.seen.add(at, item.key(at), writes) } else { &[] }
    }
}
