//! Rounds and bytes of every interactive instruction under every sharing scheme, as formulas over sizes.
//!
//! [`works`] says which protocol calls an instruction makes and on how much; [`cost`] looks a call up in the column of a scheme.
//! Columns are files of this folder with one function a primitive. The conformance suite runs every primitive under every scheme
//! and fails if what was sent differs from what is declared here by one byte, so figures from here are exact once sizes are bound.

pub mod additive;

use crate::isa::Instruction;
use crate::operand::{PortId, Reg};
use std::collections::BTreeMap;
use std::iter::Sum;
use std::ops::Add;

/// Elements in a frame at most: a longer message is cut, so that one side can work on a frame while the next is under way.
pub const BLOCK: u64 = 1 << 16;
/// Bytes in front of a frame's payload.
pub const FRAME_HEADER: u64 = 24;

/// A sharing scheme, as far as costs depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// One player, in the clear.
    Plain,
    /// Additive sharing with a dealer.
    Additive {
        /// Players that compute, at least two; the dealer is not among them.
        players: u64,
    },
}

/// What something costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cost {
    /// Times that a player waits for what depends on what it sent.
    pub rounds: u64,
    /// Bytes that the most burdened player sends, with the headers of frames.
    pub bytes: u64,
    /// Bytes that the dealer sends in all, with the headers of frames.
    pub dealer_bytes: u64,
}

impl Cost {
    /// Nothing.
    pub const ZERO: Cost = Cost { rounds: 0, bytes: 0, dealer_bytes: 0 };
}

/// One after the other. Bytes of different most burdened players add up to a bound.
impl Add for Cost {
    type Output = Cost;

    fn add(self, other: Cost) -> Cost {
        Cost {
            rounds: self.rounds.saturating_add(other.rounds),
            bytes: self.bytes.saturating_add(other.bytes),
            dealer_bytes: self.dealer_bytes.saturating_add(other.dealer_bytes),
        }
    }
}
impl Sum for Cost {
    fn sum<I: Iterator<Item = Cost>>(costs: I) -> Cost {
        costs.fold(Cost::ZERO, Add::add)
    }
}

/// Bytes of a message of `elements` elements of `bits` bits each, cut into frames; every frame is padded to whole bytes. An empty
/// message is not sent.
pub const fn message(elements: u64, bits: u64) -> u64 {
    let block = FRAME_HEADER + BLOCK.saturating_mul(bits).div_ceil(8);
    let rest = elements % BLOCK;
    let last = if rest == 0 { 0 } else { FRAME_HEADER + rest.saturating_mul(bits).div_ceil(8) };
    (elements / BLOCK).saturating_mul(block).saturating_add(last)
}

/// How many elements a shape has.
fn elements(shape: &[u64]) -> u64 {
    shape.iter().copied().fold(1, u64::saturating_mul)
}

/// How many elements two shapes have once they are broadcast against each other.
fn broadcast(a: &[u64], b: &[u64]) -> u64 {
    let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let ones = std::iter::repeat_n(1, long.len() - short.len());
    let sizes = long.iter().copied().zip(ones.chain(short.iter().copied()));
    sizes.map(|(a, b)| if a == 1 { b } else { a }).fold(1, u64::saturating_mul)
}

/// The sizes of a matrix product: (m,k) times (k,n).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Product {
    /// Rows of the left matrix.
    pub m: u64,
    /// Columns of the left matrix, rows of the right one.
    pub k: u64,
    /// Columns of the right matrix.
    pub n: u64,
}

impl Product {
    /// The product of two shapes; a vector is a row on the left and a column on the right.
    pub fn of(a: &[u64], b: &[u64]) -> Self {
        let m = if a.len() < 2 { 1 } else { elements(&a[..a.len() - 1]) };
        let k = a.last().copied().unwrap_or(1);
        let n = if b.len() < 2 { 1 } else { elements(&b[1..]) };
        Self { m, k, n }
    }
}

/// One call of a protocol's primitive: which, and on how much. The entries of a batch are laid one after the other first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// One player shares its values.
    Input {
        /// How many.
        elements: u64,
    },
    /// Values are opened.
    Open {
        /// How many.
        elements: u64,
        /// How many players learn them; `None` for all.
        recipients: Option<u64>,
    },
    /// Products, elementwise.
    Mul {
        /// How many.
        elements: u64,
    },
    /// Squares.
    Square {
        /// How many.
        elements: u64,
    },
    /// Matrix products.
    Matmul {
        /// Their sizes.
        products: Vec<Product>,
    },
    /// Divisions by 2^bits.
    Trunc {
        /// How many.
        elements: u64,
        /// The exponent.
        bits: u32,
    },
    /// Signs of numbers of `bits` bits.
    Ltz {
        /// How many.
        elements: u64,
        /// Their width; 0 for the ring's.
        bits: u32,
    },
    /// Whether numbers of `bits` bits are zero.
    Eqz {
        /// How many.
        elements: u64,
        /// Their width; 0 for the ring's.
        bits: u32,
    },
    /// The lowest `bits` bits of numbers.
    Bits {
        /// How many numbers.
        elements: u64,
        /// How many bits of each; 0 for the ring's width.
        bits: u32,
    },
}

/// What link knows and the bytecode does not.
pub trait Sizes {
    /// The shape of a tensor; of a list, the number of elements in all its tensors.
    fn shape(&self, reg: Reg) -> Vec<u64>;
    /// The players that own an input port's data, and how many elements each has.
    fn owners(&self, port: PortId) -> Vec<(usize, u64)>;
    /// The players that learn an output port's value, in rising order; `None` for all.
    fn recipients(&self, port: PortId) -> Option<Vec<usize>>;
}

/// The protocol calls that an instruction makes: one for a whole batch, but one for each owner among its inputs (in rising order)
/// and one for each set of recipients among its outputs. Empty for local instructions.
pub fn works(instruction: &Instruction, sizes: &dyn Sizes) -> Vec<Work> {
    use Instruction as I;
    let count = |reg: Reg| elements(&sizes.shape(reg));
    let all = |regs: &mut dyn Iterator<Item = Reg>| regs.map(count).fold(0, u64::saturating_add);
    match instruction {
        I::Mul { batch } => {
            let product = |a: Reg, b: Reg| broadcast(&sizes.shape(a), &sizes.shape(b));
            let elements = batch.iter().map(|(_, a, b)| product(a.reg(), b.reg())).fold(0, u64::saturating_add);
            vec![Work::Mul { elements }]
        }
        I::Square { batch } => vec![Work::Square { elements: all(&mut batch.iter().map(|(_, a)| a.reg())) }],
        I::Matmul { batch } => {
            let product = |a: Reg, b: Reg| Product::of(&sizes.shape(a), &sizes.shape(b));
            vec![Work::Matmul { products: batch.iter().map(|(_, a, b)| product(a.reg(), b.reg())).collect() }]
        }
        I::Trunc { bits, batch } => {
            vec![Work::Trunc { elements: all(&mut batch.iter().map(|(_, a)| a.reg())), bits: *bits }]
        }
        I::Ltz { bits, batch } => {
            vec![Work::Ltz { elements: all(&mut batch.iter().map(|(_, a)| a.reg())), bits: *bits }]
        }
        I::Eqz { bits, batch } => {
            vec![Work::Eqz { elements: all(&mut batch.iter().map(|(_, a)| a.reg())), bits: *bits }]
        }
        I::Bits { bits, batch } => {
            vec![Work::Bits { elements: all(&mut batch.iter().map(|(_, a)| a.reg())), bits: *bits }]
        }
        I::Open { batch } => {
            vec![Work::Open { elements: all(&mut batch.iter().map(|(_, a)| a.reg())), recipients: None }]
        }
        I::Input { batch } => {
            let mut owners: BTreeMap<usize, u64> = BTreeMap::new();
            for (player, elements) in batch.iter().flat_map(|&(_, port)| sizes.owners(port)) {
                let owned = owners.entry(player).or_default();
                *owned = owned.saturating_add(elements);
            }
            owners.into_values().map(|elements| Work::Input { elements }).collect()
        }
        I::Output { batch } => {
            let mut groups: BTreeMap<Option<Vec<usize>>, u64> = BTreeMap::new();
            for &(port, src) in batch.iter().filter(|(_, src)| src.0.bank != crate::operand::Bank::Public) {
                let opened = groups.entry(sizes.recipients(port)).or_default();
                *opened = opened.saturating_add(count(src.0));
            }
            let open = |(to, elements): (Option<Vec<usize>>, u64)| Work::Open {
                elements,
                recipients: to.map(|players| players.len() as u64),
            };
            groups.into_iter().map(open).collect()
        }
        // A test holds that every instruction the table calls interactive stands above.
        _ => Vec::new(),
    }
}

/// What a protocol call costs in a ring of `ring_bytes` bytes.
pub fn cost(work: &Work, scheme: Scheme, ring_bytes: u64) -> Cost {
    let width = |bits: u32| if bits == 0 { ring_bytes * 8 } else { u64::from(bits) };
    match scheme {
        Scheme::Plain => Cost::ZERO,
        Scheme::Additive { players } => match work {
            Work::Input { elements } => additive::input(*elements, players, ring_bytes),
            Work::Open { elements, recipients } => additive::open(*elements, *recipients, players, ring_bytes),
            Work::Mul { elements } => additive::mul(*elements, players, ring_bytes),
            Work::Square { elements } => additive::square(*elements, players, ring_bytes),
            Work::Matmul { products } => additive::matmul(products, players, ring_bytes),
            Work::Trunc { elements, bits } => additive::trunc(*elements, (*bits).into(), players, ring_bytes),
            Work::Ltz { elements, bits } => additive::ltz(*elements, width(*bits), players, ring_bytes),
            Work::Eqz { elements, bits } => additive::eqz(*elements, width(*bits), players, ring_bytes),
            Work::Bits { elements, bits } => additive::bits(*elements, width(*bits), players, ring_bytes),
        },
    }
}

#[cfg(test)]
mod tests;
