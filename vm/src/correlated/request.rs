//! Requests for lots, as the last player sends them to the dealer, and what the dealer lets pass.
//!
//! A request is the first identifier (8 bytes), then 16 bytes a lot: kind, and three numbers of 32 bits. A lot's correction is
//! answered by frames of [`BLOCK`] ring elements' bytes and a shorter last one.

use super::Correlation;
use super::material::Layout;
use crate::algebra::{Domain, matmul::Dims};
use mpc_bytecode::cost::BLOCK;

/// Lots of a request, at most.
pub const MOST_LOTS: usize = 1 << 12;
/// Elements of a lot that comes in blocks, at most.
const MOST_ELEMENTS: usize = BLOCK as usize;
/// Elements of each matrix of a triple, at most.
pub const MOST_MATRIX_ELEMENTS: usize = 1 << 27;

/// Bytes of a frame of a correction, at most.
pub const fn frame_bytes<D: Domain>() -> usize {
    BLOCK as usize * D::BYTES
}

/// Lots with consecutive identifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The first lot's identifier.
    pub first: u64,
    /// The lots.
    pub lots: Vec<Correlation>,
}

impl Request {
    /// The request as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.first.to_le_bytes().to_vec();
        for numbers in self.lots.iter().map(numbers) {
            numbers.into_iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
        }
        out
    }

    /// A request from a peer's bytes, if it is one that the dealer of domain `D` fulfils; else what is wrong with it.
    pub fn decode<D: Domain>(bytes: &[u8]) -> Result<Self, String> {
        let (first, rest) = bytes.split_first_chunk::<8>().ok_or("a request of less than 8 bytes")?;
        let (lots, tail) = rest.as_chunks::<16>();
        if !tail.is_empty() || lots.len() > MOST_LOTS {
            return Err(format!("a request of {} bytes", bytes.len()));
        }
        let number = |lot: &[u8; 16], at: usize| u32::from_le_bytes([lot[at], lot[at + 1], lot[at + 2], lot[at + 3]]);
        let lots = lots.iter().map(|lot| lot_of::<D>([0, 4, 8, 12].map(|at| number(lot, at))));
        Ok(Self { first: u64::from_le_bytes(*first), lots: lots.collect::<Result<_, _>>()? })
    }
}

/// Whether a lot is one that may be asked for: what does not fit in 32 bits does not fit in these limits either.
pub fn is_allowed<D: Domain>(lot: &Correlation) -> bool {
    lot_of::<D>(numbers(lot)).as_ref() == Ok(lot)
}

fn numbers(lot: &Correlation) -> [u32; 4] {
    let word = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    match *lot {
        Correlation::Triple { len } => [1, word(len), 0, 0],
        Correlation::SquarePair { len } => [2, word(len), 0, 0],
        Correlation::MatrixTriple { dims } => [3, word(dims.m), word(dims.k), word(dims.n)],
        Correlation::Truncation { bits, len } => [4, bits, word(len), 0],
        Correlation::Comparison { width, len } => [5, width, word(len), 0],
        Correlation::Equality { width, len } => [6, width, word(len), 0],
        Correlation::Bits { bits, len } => [7, bits, word(len), 0],
    }
}

fn lot_of<D: Domain>([kind, a, b, c]: [u32; 4]) -> Result<Correlation, String> {
    let wrong = || format!("a request for a lot that nobody deals: {kind} {a} {b} {c}");
    let size = |number: u32| number as usize;
    let lot = match kind {
        1 => Correlation::Triple { len: size(a) },
        2 => Correlation::SquarePair { len: size(a) },
        3 => Correlation::MatrixTriple { dims: Dims { m: size(a), k: size(b), n: size(c) } },
        4 => Correlation::Truncation { bits: a, len: size(b) },
        5 => Correlation::Comparison { width: a, len: size(b) },
        6 => Correlation::Equality { width: a, len: size(b) },
        7 => Correlation::Bits { bits: a, len: size(b) },
        _ => return Err(wrong()),
    };
    if is_within_limits::<D>(&lot) { Ok(lot) } else { Err(wrong()) }
}

fn is_within_limits<D: Domain>(lot: &Correlation) -> bool {
    match *lot {
        Correlation::Triple { len } | Correlation::SquarePair { len } => len <= MOST_ELEMENTS,
        Correlation::MatrixTriple { dims: Dims { m, k, n } } => {
            let fits =
                |rows: usize, columns: usize| rows.checked_mul(columns).is_some_and(|all| all <= MOST_MATRIX_ELEMENTS);
            fits(m, k) && fits(k, n) && fits(m, n)
        }
        Correlation::Truncation { bits, len } => len <= MOST_ELEMENTS && (1..=D::BITS - 2).contains(&bits),
        Correlation::Comparison { width, len } | Correlation::Equality { width, len } => {
            len <= MOST_ELEMENTS && (1..=D::BITS).contains(&width)
        }
        Correlation::Bits { bits, len } => {
            (1..=D::BITS).contains(&bits) && len.saturating_mul(bits as usize) <= 16 * MOST_ELEMENTS
        }
    }
}

/// Frames of a lot's correction, and the bytes of all.
pub fn frames<D: Domain>(lot: &Correlation) -> (usize, usize) {
    let bytes = Layout::of::<D>(lot).correction_bytes::<D>();
    (bytes.div_ceil(frame_bytes::<D>()), bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_survive_the_wire() {
        let lots = vec![
            Correlation::Triple { len: 5 },
            Correlation::SquarePair { len: 1 << 16 },
            Correlation::MatrixTriple { dims: Dims { m: 2, k: 3, n: 4 } },
            Correlation::Truncation { bits: 16, len: 9 },
            Correlation::Comparison { width: 64, len: 1 },
            Correlation::Equality { width: 1, len: 0 },
            Correlation::Bits { bits: 64, len: 4096 },
        ];
        let request = Request { first: 1 << 40, lots };
        assert_eq!(Request::decode::<u64>(&request.encode()), Ok(request));
    }

    #[test]
    fn what_would_take_all_memory_is_refused() {
        let refused = |lot: Correlation| {
            assert!(!is_allowed::<u64>(&lot));
            assert!(Request::decode::<u64>(&Request { first: 0, lots: vec![lot] }.encode()).is_err(), "{lot:?}");
        };
        refused(Correlation::Triple { len: (1 << 16) + 1 });
        refused(Correlation::MatrixTriple { dims: Dims { m: 1 << 31, k: 1 << 31, n: 1 } });
        refused(Correlation::MatrixTriple { dims: Dims { m: 1 << 20, k: 1, n: 1 << 20 } });
        refused(Correlation::Truncation { bits: 0, len: 1 });
        refused(Correlation::Truncation { bits: 63, len: 1 });
        refused(Correlation::Comparison { width: 65, len: 1 });
        refused(Correlation::Comparison { width: 0, len: 1 });
        refused(Correlation::Bits { bits: 64, len: 1 << 16 });
        let ids = [0; 8];
        assert!(Request::decode::<u64>(&ids[..7]).is_err());
        assert!(Request::decode::<u64>(&[&ids[..], &[1; 15]].concat()).is_err());
        assert!(Request::decode::<u64>(&[&ids[..], &[9; 16]].concat()).is_err());
        assert!(Request::decode::<u64>(&vec![0; 8 + 16 * (MOST_LOTS + 1)]).is_err());
    }
}
