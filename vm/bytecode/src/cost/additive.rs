//! The column of `additive`: n computing players and a dealer.
//!
//! Every opening is a message of each player to each other one. What the dealer knows and the players share is drawn from
//! seeds that the dealer has with each player, so that only one player, the last, is sent anything: the difference to the value.
//!
//! In each function `elements` counts ring elements, `players` the computing players, `ring_bytes` the bytes of an element.

use super::{Cost, Product, message};

/// An opening of `elements` elements of `bits` bits to all.
const fn opening(elements: u64, bits: u64, players: u64) -> Cost {
    let rounds = if elements == 0 { 0 } else { 1 };
    Cost { rounds, bytes: players.saturating_sub(1).saturating_mul(message(elements, bits)), dealer_bytes: 0 }
}

/// What the dealer sends to the last player: `elements` ring elements.
const fn dealt(elements: u64, ring_bytes: u64) -> Cost {
    Cost { rounds: 0, bytes: 0, dealer_bytes: message(elements, ring_bytes * 8) }
}

/// The owner sends its values, less a mask that the others share, to every other player.
pub fn input(elements: u64, players: u64, ring_bytes: u64) -> Cost {
    opening(elements, ring_bytes * 8, players)
}

/// Each player sends its share to every recipient but itself. The most burdened one is no recipient, where there is such a player.
pub fn open(elements: u64, recipients: Option<u64>, players: u64, ring_bytes: u64) -> Cost {
    let others = players.saturating_sub(1);
    let copies = recipients.map_or(others, |recipients| recipients.min(others));
    opening(elements, ring_bytes * 8, copies + 1)
}

/// Beaver 1991: both operands are opened under masks; the dealer adds one element for their product.
pub fn mul(elements: u64, players: u64, ring_bytes: u64) -> Cost {
    opening(elements.saturating_mul(2), ring_bytes * 8, players) + dealt(elements, ring_bytes)
}

/// As `mul` with one operand.
pub fn square(elements: u64, players: u64, ring_bytes: u64) -> Cost {
    opening(elements, ring_bytes * 8, players) + dealt(elements, ring_bytes)
}

fn total(products: &[Product], elements: impl Fn(&Product) -> u64) -> u64 {
    products.iter().map(elements).fold(0, u64::saturating_add)
}

/// As `mul` on whole matrices: (m,k) and (k,n) are opened, (m,n) is dealt.
pub fn matmul(products: &[Product], players: u64, ring_bytes: u64) -> Cost {
    let opened = total(products, |p| p.m.saturating_mul(p.k).saturating_add(p.k.saturating_mul(p.n)));
    let products = total(products, |p| p.m.saturating_mul(p.n));
    opening(opened, ring_bytes * 8, players) + dealt(products, ring_bytes)
}

/// Escudero et al. 2020: x + r is opened; the dealer adds two elements, for r shifted and for its top bit.
pub fn trunc(elements: u64, _bits: u64, players: u64, ring_bytes: u64) -> Cost {
    opening(elements, ring_bytes * 8, players) + dealt(elements.saturating_mul(2), ring_bytes)
}

/// Groups of four bits, of which a masked opening makes the leaves of a tree of four-fold nodes.
fn levels(bits: u64) -> impl Iterator<Item = u64> {
    let above = |nodes: &u64| (*nodes > 1).then(|| nodes.div_ceil(4));
    std::iter::successors(above(&bits.div_ceil(4)), above)
}

/// A masked opening, one round for each level of the tree (a node opens seven masked bits, the rightmost of a level six) and a daBit.
pub fn ltz(elements: u64, bits: u64, players: u64, ring_bytes: u64) -> Cost {
    tree(elements, bits, players, ring_bytes, |nodes| 7 * nodes - 1)
}

/// As `ltz` with nodes of four masked bits.
pub fn eqz(elements: u64, bits: u64, players: u64, ring_bytes: u64) -> Cost {
    tree(elements, bits, players, ring_bytes, |nodes| 4 * nodes)
}

fn tree(elements: u64, bits: u64, players: u64, ring_bytes: u64, opened: fn(u64) -> u64) -> Cost {
    let nodes: Cost = levels(bits).map(|nodes| opening(elements, opened(nodes), players)).sum();
    opening(elements, ring_bytes * 8, players)
        + nodes
        + opening(elements, 1, players)
        + dealt(elements.saturating_mul(2), ring_bytes)
}

/// As `ltz` with the carry into every bit, and a daBit for each.
pub fn bits(elements: u64, bits: u64, players: u64, ring_bytes: u64) -> Cost {
    let nodes: Cost = levels(bits).map(|_| opening(elements, 7 * bits, players)).sum();
    let bit = opening(elements.saturating_mul(bits), 1, players);
    opening(elements, ring_bytes * 8, players) + nodes + bit + dealt(elements.saturating_mul(1 + bits), ring_bytes)
}
