//! The column of `additive`: n computing players and a dealer.
//!
//! Every opening is a message of each player to each other one, in one round. What the dealer knows and the players share is drawn from seeds that the
//! dealer has with each player, so that only one player, the last, is sent anything: the difference to the value. A large
//! batch is worked on in blocks, each a frame of every message and a lot of the dealer's.
//!
//! In each function `elements` counts ring elements, `players` the computing players, `ring_bytes` the bytes of an element.

use super::{BLOCK, Correlated, Cost, Count, FRAME_HEADER, Product, Work, message};

/// Products in a frame at most: two elements of each are opened.
pub const PAIRS: u64 = BLOCK / 2;
/// Comparisons in a frame at most: what is under way of a comparison takes more room than an element.
pub const COMPARED: u64 = BLOCK / 4;
/// Numbers in a frame at most whose bits are taken.
pub const DECOMPOSED: u64 = BLOCK / 16;

/// The sum of `cost` over the sizes of all blocks.
fn over_blocks(elements: u64, block: u64, cost: impl Fn(u64) -> u64) -> u64 {
    let rest = elements % block;
    let last = if rest == 0 { 0 } else { cost(rest) };
    (elements / block).saturating_mul(cost(block)).saturating_add(last)
}

/// An opening of `elements` elements of `bits` bits to all, in frames of `block`.
fn opening(elements: u64, block: u64, bits: u64, players: u64) -> Cost {
    let rounds = if elements == 0 { 0 } else { 1 };
    let bytes = over_blocks(elements, block, |len| FRAME_HEADER + len.saturating_mul(bits).div_ceil(8));
    Cost { rounds, bytes: players.saturating_sub(1).saturating_mul(bytes), dealer_bytes: 0 }
}

/// What the dealer sends to the last player: `bytes` of a block's length for each block, in frames of a block of ring elements.
fn dealt(elements: u64, block: u64, ring_bytes: u64, bytes: impl Fn(u64) -> u64) -> Cost {
    let framed = |len| {
        let bytes = bytes(len);
        bytes.saturating_add(bytes.div_ceil(BLOCK * ring_bytes).saturating_mul(FRAME_HEADER))
    };
    Cost { dealer_bytes: over_blocks(elements, block, framed), ..Cost::ZERO }
}

/// The owner keeps its values less masks that it shares with each other player: nothing is sent.
pub fn input(_elements: u64, _players: u64, _ring_bytes: u64) -> Cost {
    Cost::ZERO
}

/// Each player sends its share to every recipient but itself. The most burdened one is no recipient, where there is such a player.
pub fn open(elements: u64, recipients: Option<u64>, players: u64, ring_bytes: u64) -> Cost {
    let others = players.saturating_sub(1);
    let copies = recipients.map_or(others, |recipients| recipients.min(others));
    opening(elements, BLOCK, ring_bytes * 8, copies + 1)
}

/// What a player sends for an opening to so many others.
pub fn sent_to(elements: u64, others: u64, ring_bytes: u64) -> u64 {
    opening(elements, BLOCK, ring_bytes * 8, others + 1).bytes
}

/// Bytes of a seed.
const SEED: u64 = 32;
/// Bytes of the dealer's greeting: the version of the machine, and the ring.
const GREETING: u64 = 2 + 4;

/// Of two players the one with the lower number sends the seed that they share.
pub fn sent_before(players: u64, player: usize) -> u64 {
    (players - 1).saturating_sub(player as u64) * (FRAME_HEADER + SEED)
}

/// The dealer greets every player and sends it a seed.
pub fn dealt_before(players: u64) -> u64 {
    players * (FRAME_HEADER + GREETING + FRAME_HEADER + SEED)
}

/// What the dealer deals for a protocol call.
pub fn used(work: &Work, ring_bytes: u64) -> Correlated {
    let none = Correlated::default();
    let width = |bits: u32| if bits == 0 { ring_bytes * 8 } else { u64::from(bits) };
    match work {
        Work::Input { .. } | Work::Open { .. } => none,
        Work::Mul { elements } => Correlated { triples: *elements, ..none },
        Work::Square { elements } => Correlated { squares: *elements, ..none },
        Work::Matmul { products } => {
            let dealt = products.iter().filter(|p| p.m > 0 && p.k > 0 && p.n > 0);
            Correlated { matrix_triples: dealt.count() as u64, ..none }
        }
        Work::Trunc { bits: 0, .. } => none,
        Work::Trunc { elements, .. } => Correlated { truncation_pairs: *elements, ..none },
        Work::Ltz { elements, bits } => Circuit::ltz(width(*bits)).used(*elements),
        Work::Eqz { elements, bits } => Circuit::eqz(width(*bits)).used(*elements),
        Work::Bits { elements, bits } => Circuit::bits(width(*bits)).used(*elements),
        Work::Beside { work, .. } => used(work, ring_bytes),
    }
}

/// Bits that are opened for a protocol call, in a message to one player.
pub fn opened_bits<N: Count>(work: &Work<N>, ring_bytes: u64) -> N {
    let width = |bits: u32| if bits == 0 { ring_bytes * 8 } else { u64::from(bits) };
    let each = |elements: &N, bits: u64| elements.times(&N::number(bits));
    match work {
        Work::Input { .. } | Work::Trunc { bits: 0, .. } => N::number(0),
        Work::Open { elements, .. } | Work::Square { elements } | Work::Trunc { elements, .. } => {
            each(elements, ring_bytes * 8)
        }
        Work::Mul { elements } => each(elements, 2 * ring_bytes * 8),
        Work::Matmul { products } => {
            let opened = |p: &Product<N>| p.m.times(&p.k).plus(&p.k.times(&p.n));
            each(&products.iter().fold(N::number(0), |sum, p| sum.plus(&opened(p))), ring_bytes * 8)
        }
        Work::Ltz { elements, bits } => each(elements, Circuit::ltz(width(*bits)).opened()),
        Work::Eqz { elements, bits } => each(elements, Circuit::eqz(width(*bits)).opened()),
        Work::Bits { elements, bits } => each(elements, Circuit::bits(width(*bits)).opened()),
        Work::Beside { work, .. } => opened_bits(work, ring_bytes),
    }
}

/// Beaver 1991: both operands are opened under masks; the dealer adds one element for their product.
pub fn mul(elements: u64, players: u64, ring_bytes: u64) -> Cost {
    opening(elements, PAIRS, 2 * ring_bytes * 8, players)
        + dealt(elements, PAIRS, ring_bytes, |len| len.saturating_mul(ring_bytes))
}

/// As `mul` with one operand.
pub fn square(elements: u64, players: u64, ring_bytes: u64) -> Cost {
    opening(elements, BLOCK, ring_bytes * 8, players)
        + dealt(elements, BLOCK, ring_bytes, |len| len.saturating_mul(ring_bytes))
}

/// As `mul` on whole matrices: (m,k) and (k,n) are opened, (m,n) is dealt. A product with an empty side is known to all.
pub fn matmul(products: &[Product], players: u64, ring_bytes: u64) -> Cost {
    let products = || products.iter().filter(|p| p.m > 0 && p.k > 0 && p.n > 0);
    let opened = products().map(|p| p.m.saturating_mul(p.k).saturating_add(p.k.saturating_mul(p.n)));
    let opened = opened.fold(0, u64::saturating_add);
    let dealt = products().map(|p| message(p.m.saturating_mul(p.n), ring_bytes * 8)).fold(0, u64::saturating_add);
    opening(opened, BLOCK, ring_bytes * 8, players) + Cost { dealer_bytes: dealt, ..Cost::ZERO }
}

/// Escudero et al. 2020: x + r is opened; the dealer adds an element for r shifted, and `bits` bits for its top bit.
pub fn trunc(elements: u64, bits: u64, players: u64, ring_bytes: u64) -> Cost {
    if bits == 0 {
        return Cost::ZERO;
    }
    let bytes = ring_bytes + bits.div_ceil(8);
    opening(elements, BLOCK, ring_bytes * 8, players)
        + dealt(elements, BLOCK, ring_bytes, |len| len.saturating_mul(bytes))
}

/// A masked opening, one round for each level of the tree (a node opens seven masked bits, the least significant of a level
/// six) and a daBit.
pub fn ltz(elements: u64, bits: u64, players: u64, ring_bytes: u64) -> Cost {
    Circuit::ltz(bits).cost(elements, COMPARED, players, ring_bytes)
}

/// As `ltz` with nodes of four masked bits.
pub fn eqz(elements: u64, bits: u64, players: u64, ring_bytes: u64) -> Cost {
    Circuit::eqz(bits).cost(elements, COMPARED, players, ring_bytes)
}

/// As `ltz` with the borrow into every bit, by prefixes, and a daBit for each.
pub fn bits(elements: u64, bits: u64, players: u64, ring_bytes: u64) -> Cost {
    Circuit::bits(bits).cost(elements, DECOMPOSED, players, ring_bytes)
}

/// A circuit on the bits of a masked number.
struct Circuit {
    /// Bits of the number.
    bits: u64,
    /// Bits opened in each layer.
    layers: Vec<u64>,
    /// Planes of bits that are dealt.
    planes: u64,
    /// Bits that it gives.
    outputs: u64,
}

impl Circuit {
    fn ltz(bits: u64) -> Self {
        let below = bits.saturating_sub(1);
        let (layers, products) = tree(below.div_ceil(4), Gate::Both, Gate::Less);
        // The top bit stands alone.
        Self { bits, layers, planes: leaves(below) + 1 + products, outputs: 1 }
    }

    fn eqz(bits: u64) -> Self {
        let (layers, products) = tree(bits.div_ceil(4), Gate::Equal, Gate::Equal);
        Self { bits, layers, planes: leaves(bits) + products, outputs: 1 }
    }

    fn bits(bits: u64) -> Self {
        let (layers, products) = prefixes(bits);
        Self { bits, layers, planes: leaves(bits) + products, outputs: bits }
    }

    /// Bits opened for a number.
    fn opened(&self) -> u64 {
        self.layers.iter().fold(self.bits.div_ceil(8) * 8 + self.outputs, |sum, opened| sum.saturating_add(*opened))
    }

    /// Every wire that is opened has a mask of its own, and every bit that results a daBit.
    fn used(&self, elements: u64) -> Correlated {
        let wires = self.layers.iter().fold(0, |sum: u64, opened| sum.saturating_add(*opened));
        Correlated {
            masked_numbers: elements,
            random_bits: elements.saturating_mul(self.bits.saturating_add(wires)),
            dabits: elements.saturating_mul(self.outputs),
            ..Correlated::default()
        }
    }

    fn cost(&self, elements: u64, block: u64, players: u64, ring_bytes: u64) -> Cost {
        let masked = opening(elements, block, self.bits.div_ceil(8) * 8, players);
        let layers: Cost = self.layers.iter().map(|&opened| opening(elements, block, opened, players)).sum();
        let results = opening(elements, block, self.outputs, players);
        let dealt = dealt(elements, block, ring_bytes, |len| {
            let ring = len.saturating_mul(self.outputs).saturating_mul(ring_bytes);
            ring.saturating_add(self.planes.saturating_mul(len.div_ceil(64)).saturating_mul(8))
        });
        masked + layers + results + dealt
    }
}

/// The products of groups of four bits, and of what is left of `bits`.
fn leaves(bits: u64) -> u64 {
    bits / 4 * 15 + (1 << (bits % 4)) - 1
}

#[derive(Clone, Copy)]
enum Gate {
    Less,
    Both,
    Equal,
}

impl Gate {
    /// Bits that a node of `fan` inputs opens.
    fn opened(self, fan: u64) -> u64 {
        match self {
            Gate::Less => 2 * fan - 2,
            Gate::Both => 2 * fan - 1,
            Gate::Equal => fan,
        }
    }

    /// Products of its masks that are dealt.
    fn products(self, fan: u64) -> u64 {
        let of_equals = |count: u64| (1 << count) - 1 - count;
        let with_less = (1 << fan) - 1 - fan;
        match self {
            Gate::Less => of_equals(fan - 1) + with_less,
            Gate::Both => of_equals(fan) + with_less,
            Gate::Equal => of_equals(fan),
        }
    }
}

/// Bits opened in each layer of a tree over `leaves` leaves, and products dealt in all.
fn tree(leaves: u64, gate: Gate, rightmost: Gate) -> (Vec<u64>, u64) {
    let (mut row, mut layers, mut products) = (leaves, Vec::new(), 0);
    while row > 1 {
        let above = row.div_ceil(4);
        let fan = |index: u64| (row - index * 4).min(4);
        let gates = (0..above).map(|index| (if index == 0 { rightmost } else { gate }, fan(index)));
        // A node of one input is that input.
        let nodes: Vec<_> = gates.filter(|(_, fan)| *fan > 1).collect();
        layers.push(nodes.iter().map(|(gate, fan)| gate.opened(*fan)).sum());
        products += nodes.iter().map(|(gate, fan)| gate.products(*fan)).sum::<u64>();
        row = above;
    }
    (layers, products)
}

/// The same for the borrows into bits 1 to `bits` − 1: prefixes of four groups, of sixteen, …, until four of them make any borrow.
fn prefixes(bits: u64) -> (Vec<u64>, u64) {
    let top = bits.saturating_sub(1);
    let (mut layers, mut products, mut levels) = (Vec::new(), 0, 0);
    let mut push = |fans: Vec<u64>, gate: Gate| {
        layers.push(fans.iter().map(|&fan| gate.opened(fan)).sum());
        products += fans.iter().map(|&fan| gate.products(fan)).sum::<u64>();
    };
    while (1..=top).any(|end| pieces(end, levels) > 4) {
        let block = 4 << (2 * levels);
        let starts = (0..top).step_by(4 * block as usize);
        push(starts.flat_map(|start| (2..=4).filter(move |fan| start + fan * block <= top)).collect(), Gate::Both);
        levels += 1;
    }
    let fans: Vec<_> = (1..=top).map(|end| pieces(end, levels)).filter(|&fan| fan > 1).collect();
    if !fans.is_empty() {
        push(fans, Gate::Less);
    }
    (layers, products)
}

/// Of how many prefixes of at most `levels` levels the lowest `end` bits consist.
fn pieces(end: u64, levels: u32) -> u64 {
    let digits = (0..levels).filter(|level| !(end / 4 / 4u64.pow(*level)).is_multiple_of(4)).count() as u64;
    u64::from(!end.is_multiple_of(4)) + digits + end / 4 / 4u64.pow(levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparison_costs_what_the_paper_says() {
        let words = 1 << 14;
        assert_eq!(tree(16, Gate::Both, Gate::Less), (vec![27, 6], 3 * 22 + 15 + 15));
        let cost = ltz(words, 64, 2, 8);
        assert_eq!((cost.rounds, cost.bytes), (4, words * 8 + (27 + 6 + 1) * words / 8 + 4 * FRAME_HEADER));
        assert_eq!(ltz(1, 1, 2, 8).rounds, 2);
        assert_eq!(ltz(1, 128, 2, 16).rounds, 5);
        assert_eq!([1, 4, 16, 64, 128].map(|k| bits(1, k, 2, 16).rounds), [2, 2, 3, 5, 5]);
    }
}
