//! Matrix products over the rings: `c += a · b`, row-major.
//!
//! Large products go through packed panels ([`packed`]) and a register tile written for the machine's instructions
//! ([`tile`]); thin and small ones through loops ([`scalar`]), which would not earn back the packing. All kernels yield
//! the same bits, as the rings' arithmetic is exact. None branches on an element, so their time is independent of it.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code, unused_mut, reason = "tiles are written for x86-64 so far"))]

mod packed;
pub mod scalar;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod tile;

use super::Domain;
#[cfg(target_arch = "x86_64")]
use super::vector::Level;

/// The sizes of a product of an `m`×`k` and a `k`×`n` matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dims {
    /// Rows of the left operand and of the result.
    pub m: usize,
    /// Columns of the left operand, rows of the right one.
    pub k: usize,
    /// Columns of the right operand and of the result.
    pub n: usize,
}

impl Dims {
    /// # Panics
    /// Where a slice does not have the length that these sizes say.
    fn check<D>(self, a: &[D], b: &[D], c: &[D]) {
        assert_eq!(Some(a.len()), self.m.checked_mul(self.k), "length of the left operand of a matrix product");
        assert_eq!(Some(b.len()), self.k.checked_mul(self.n), "length of the right operand of a matrix product");
        assert_eq!(Some(c.len()), self.m.checked_mul(self.n), "length of the result of a matrix product");
    }

    /// Whether there is enough work on every packed element to pay for the packing.
    fn is_worth_packing(self) -> bool {
        self.m >= 4 && self.n >= 6 && self.k >= 4 && self.m * self.n >= 2048 / self.k
    }
}

/// A kernel by the instructions it is written for.
///
/// # Panics
/// Where the lengths of the slices do not match the sizes.
pub type Kernel<D> = fn(Dims, &[D], &[D], &mut [D]);

/// The kernels of ring 2⁶⁴ that this machine can run, by name, the fastest last.
#[must_use]
pub fn kernels_u64() -> Vec<(&'static str, Kernel<u64>)> {
    let mut kernels: Vec<(&'static str, Kernel<u64>)> = vec![("scalar", scalar::matmul_add), ("rows", scalar::rows)];
    #[cfg(target_arch = "x86_64")]
    {
        if Level::detect() >= Level::Avx2 {
            kernels.push(("avx2", packed::matmul_add::<tile::Avx2>));
        }
        if Level::detect() >= Level::Avx512 {
            kernels.push(("12x16", packed::matmul_add::<tile::Avx512<12, 2>>));
            kernels.push(("8x24", packed::matmul_add::<tile::Avx512<8, 3>>));
            kernels.push(("24x8", packed::matmul_add::<tile::Avx512<24, 1>>));
        }
    }
    kernels
}

/// The kernels of ring 2¹²⁸ that this machine can run, by name, the fastest last.
#[must_use]
pub fn kernels_u128() -> Vec<(&'static str, Kernel<u128>)> {
    let mut kernels: Vec<(&'static str, Kernel<u128>)> = vec![("scalar", scalar::matmul_add), ("rows", scalar::rows)];
    #[cfg(target_arch = "x86_64")]
    if Level::detect() >= Level::Avx512Ifma {
        kernels.push(("ifma", packed::matmul_add::<tile::Ifma>));
    }
    kernels
}

/// The product over ring 2⁶⁴ by the kernel that suits the sizes and the machine.
pub(super) fn matmul_add_u64(dims: Dims, a: &[u64], b: &[u64], c: &mut [u64]) {
    // A few long rows are as fast by loops, which leave `b` where it is.
    #[cfg(target_arch = "x86_64")]
    if dims.is_worth_packing() && (dims.m >= 8 || dims.n < 32) {
        match Level::detect() {
            Level::Avx512 | Level::Avx512Ifma => return avx512(dims)(dims, a, b, c),
            Level::Avx2 => return packed::matmul_add::<tile::Avx2>(dims, a, b, c),
            Level::Baseline => {}
        }
    }
    loops(dims, a, b, c);
}

/// The shape of tile that pads the result least.
#[cfg(target_arch = "x86_64")]
fn avx512(dims: Dims) -> Kernel<u64> {
    let padded = |rows, columns| dims.m.next_multiple_of(rows) * dims.n.next_multiple_of(columns);
    let shapes: [(usize, Kernel<u64>); 3] = [
        (padded(8, 24), packed::matmul_add::<tile::Avx512<8, 3>>),
        (padded(12, 16), packed::matmul_add::<tile::Avx512<12, 2>>),
        (padded(24, 8), packed::matmul_add::<tile::Avx512<24, 1>>),
    ];
    let [first, rest @ ..] = shapes;
    rest.into_iter().fold(first, |best, shape| if shape.0 < best.0 { shape } else { best }).1
}

/// The product over ring 2¹²⁸ by the kernel that suits the sizes and the machine.
pub(super) fn matmul_add_u128(dims: Dims, a: &[u128], b: &[u128], c: &mut [u128]) {
    #[cfg(target_arch = "x86_64")]
    if dims.is_worth_packing() && Level::detect() >= Level::Avx512Ifma {
        return packed::matmul_add::<tile::Ifma>(dims, a, b, c);
    }
    loops(dims, a, b, c);
}

fn loops<D: Domain>(dims: Dims, a: &[D], b: &[D], c: &mut [D]) {
    dims.check(a, b, c);
    packed::by_bands(dims, a, c, |dims, a, c| scalar::rows(dims, a, b, c));
}
