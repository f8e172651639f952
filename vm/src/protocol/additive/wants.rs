//! Which lots each primitive takes: the one truth for the scheme and for its forecast.

use super::flat::blocks;
use crate::algebra::Domain;
use crate::correlated::Correlation;
use crate::protocol::Fault;
use crate::protocol::share::linear::Product;
use mpc_bytecode::cost::{BLOCK, additive};
use mpc_bytecode::operand::Exception;

fn lots(len: usize, block: u64, lot: impl Fn(usize) -> Correlation) -> Vec<Correlation> {
    blocks(len, block as usize).iter().map(|block| lot(block.len())).collect()
}

/// For `len` products.
pub fn triples(len: usize) -> Vec<Correlation> {
    lots(len, additive::PAIRS, |len| Correlation::Triple { len })
}

/// For `len` squares.
pub fn squares(len: usize) -> Vec<Correlation> {
    lots(len, BLOCK, |len| Correlation::SquarePair { len })
}

/// For matrix products.
pub fn matrix_triples(products: &[Product]) -> Vec<Correlation> {
    let dealt = products.iter().filter(|product| is_dealt(product));
    dealt.map(|product| Correlation::MatrixTriple { dims: product.dims }).collect()
}

/// Whether a matrix product has anything to multiply: else it is zero, or empty.
pub fn is_dealt(product: &Product) -> bool {
    product.dims.m > 0 && product.dims.k > 0 && product.dims.n > 0
}

/// For `len` truncations.
pub fn truncations(bits: u32, len: usize) -> Vec<Correlation> {
    if bits == 0 { Vec::new() } else { lots(len, BLOCK, |len| Correlation::Truncation { bits, len }) }
}

/// For `len` comparisons, as a function of `len`.
pub fn comparisons(width: u32) -> impl Fn(usize) -> Vec<Correlation> {
    move |len| lots(len, additive::COMPARED, |len| Correlation::Comparison { width, len })
}

/// For `len` equalities, as a function of `len`.
pub fn equalities(width: u32) -> impl Fn(usize) -> Vec<Correlation> {
    move |len| lots(len, additive::COMPARED, |len| Correlation::Equality { width, len })
}

/// For `len` bit decompositions, as a function of `len`.
pub fn decompositions(bits: u32) -> impl Fn(usize) -> Vec<Correlation> {
    move |len| lots(len, additive::DECOMPOSED, |len| Correlation::Bits { bits, len })
}

/// The width that an instruction's `bits` stands for.
///
/// # Errors
/// `ValueError` for more bits than the ring has.
pub fn width<D: Domain>(bits: u32) -> Result<u32, Fault> {
    let message = || format!("{bits} bits in ring {}", D::NAME);
    match bits {
        0 => Ok(D::BITS),
        1.. if bits <= D::BITS => Ok(bits),
        1.. => Err(Fault::Raised(Exception::ValueError, message())),
    }
}

/// Whether a truncation leaves anything of a number in range.
///
/// # Errors
/// `ValueError` where it does not.
pub fn check_exponent<D: Domain>(bits: u32) -> Result<(), Fault> {
    let most = D::BITS - 2;
    let message = || format!("a truncation by {bits} bits in ring {}, where {most} is the most", D::NAME);
    if bits <= most { Ok(()) } else { Err(Fault::Raised(Exception::ValueError, message())) }
}
