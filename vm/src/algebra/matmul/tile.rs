//! Register tiles for x86-64.
#![allow(unsafe_code, reason = "vector loads and stores, and instructions that the baseline lacks")]

use super::packed::{DEPTH, Tile};
use crate::algebra::vector::Level;
use std::arch::x86_64::*;

/// Ring 2⁶⁴ by `vpmullq`, which multiplies eight pairs of words at once: `ROWS` rows of `VECTORS` vectors of eight
/// elements. Shapes of 24 vectors leave just the registers that the operands need.
pub(super) struct Avx512<const ROWS: usize, const VECTORS: usize>;

impl<const R: usize, const V: usize> Tile for Avx512<R, V> {
    type Element = u64;
    const ROWS: usize = R;
    const COLUMNS: usize = 8 * V;
    const LIMBS: usize = 1;

    #[inline(always)]
    fn limb(value: u64, _index: usize) -> u64 {
        value
    }

    #[inline]
    fn multiply(a: &[u64], b: &[u64], out: &mut [u64]) {
        assert!(Level::detect() >= Level::Avx512, "the kernel was chosen on a machine without AVX-512");
        let (a, b, out) = (a.as_chunks().0, b.as_chunks().0, out.as_chunks_mut().0);
        // SAFETY: the machine has the instructions.
        unsafe { multiply_avx512::<R, V>(a, b.as_chunks().0, out.as_chunks_mut().0) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn multiply_avx512<const R: usize, const V: usize>(a: &[[u64; R]], b: &[[[u64; 8]; V]], out: &mut [[[u64; 8]; V]]) {
    let mut sums = [[_mm512_setzero_si512(); V]; R];
    for (a, b) in a.iter().zip(b) {
        let b = b.each_ref().map(|b| load512(b));
        for (sums, &a) in sums.iter_mut().zip(a) {
            let a = _mm512_set1_epi64(a.cast_signed());
            for (sum, &b) in sums.iter_mut().zip(&b) {
                *sum = _mm512_add_epi64(*sum, _mm512_mullo_epi64(a, b));
            }
        }
    }
    for (out, sums) in out.iter_mut().zip(sums) {
        *out = sums.map(|sum| words512(sum));
    }
}

/// Ring 2⁶⁴ by products of 32-bit halves: with a = a₀ + 2³²a₁, ab = a₀b₀ + 2³²(a₀b₁ + a₁b₀), where of the terms in
/// parentheses only 32 bits matter; they are accumulated in the halves of a word and added once. 6 × 4 elements in 12
/// registers.
pub(super) struct Avx2;

impl Tile for Avx2 {
    type Element = u64;
    const ROWS: usize = 6;
    const COLUMNS: usize = 4;
    const LIMBS: usize = 1;

    #[inline(always)]
    fn limb(value: u64, _index: usize) -> u64 {
        value
    }

    #[inline]
    fn multiply(a: &[u64], b: &[u64], out: &mut [u64]) {
        assert!(Level::detect() >= Level::Avx2, "the kernel was chosen on a machine without AVX2");
        // SAFETY: the machine has the instructions.
        unsafe { multiply_avx2(a.as_chunks().0, b.as_chunks().0, out.as_chunks_mut().0) }
    }
}

#[target_feature(enable = "avx2")]
fn multiply_avx2(a: &[[u64; 6]], b: &[[u64; 4]], out: &mut [[u64; 4]]) {
    let mut low = [_mm256_setzero_si256(); 6];
    let mut cross = low;
    for (a, b) in a.iter().zip(b) {
        let b = load256(b);
        let swapped = _mm256_shuffle_epi32::<0b10_11_00_01>(b);
        for i in 0..6 {
            let a = _mm256_set1_epi64x(a[i].cast_signed());
            low[i] = _mm256_add_epi64(low[i], _mm256_mul_epu32(a, b));
            cross[i] = _mm256_add_epi32(cross[i], _mm256_mullo_epi32(a, swapped));
        }
    }
    for (out, (low, cross)) in out.iter_mut().zip(low.into_iter().zip(cross)) {
        let cross = _mm256_add_epi32(cross, _mm256_srli_epi64::<32>(cross));
        *out = words256(_mm256_add_epi64(low, _mm256_slli_epi64::<32>(cross)));
    }
}

/// Ring 2¹²⁸ by 52-bit fused multiply-add: elements are limbs of 52, 52 and 24 bits, and sums are carried once, at the
/// end. 8 × 8 elements in 24 registers.
pub(super) struct Ifma;

/// Bits of a limb.
const LIMB: u32 = 52;
const LIMB_MASK: u64 = (1 << LIMB) - 1;

// The middle sum grows by less than 3·2⁵² a step, the low one by less than 2⁵²; the high one may wrap, being used modulo
// 2²⁴ only. Neither sum, nor the middle one with the carry of the low one, may leave 64 bits.
const _: () = assert!(DEPTH * 3 < 1 << 12);

impl Tile for Ifma {
    type Element = u128;
    const ROWS: usize = 8;
    const COLUMNS: usize = 8;
    const LIMBS: usize = 3;

    #[inline(always)]
    fn limb(value: u128, index: usize) -> u64 {
        let (low, high) = (value as u64, (value >> 64) as u64);
        match index {
            0 => low & LIMB_MASK,
            1 => (low >> LIMB | high << (64 - LIMB)) & LIMB_MASK,
            _ => high >> (2 * LIMB - 64),
        }
    }

    #[inline]
    fn multiply(a: &[u64], b: &[u64], out: &mut [u128]) {
        assert!(Level::detect() >= Level::Avx512Ifma, "the kernel was chosen on a machine without AVX-512 IFMA");
        let (a, b, out) = (a.as_chunks().0, b.as_chunks().0, out.as_chunks_mut().0);
        // SAFETY: the machine has the instructions.
        unsafe { multiply_ifma(a.as_chunks().0, b.as_chunks().0, out) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512ifma")]
fn multiply_ifma(a: &[[[u64; 8]; 3]], b: &[[[u64; 8]; 3]], out: &mut [[u128; 8]]) {
    let mut sums = [[_mm512_setzero_si512(); 3]; 8];
    for (a, b) in a.iter().zip(b) {
        let b = b.each_ref().map(|limbs| load512(limbs));
        for (i, sums) in sums.iter_mut().enumerate() {
            let a = a.each_ref().map(|limbs| _mm512_set1_epi64(limbs[i].cast_signed()));
            let [low, middle, high] = *sums;
            let middle = _mm512_madd52hi_epu64(middle, a[0], b[0]);
            let high = _mm512_madd52hi_epu64(high, a[0], b[1]);
            let low = _mm512_madd52lo_epu64(low, a[0], b[0]);
            let middle = _mm512_madd52lo_epu64(middle, a[0], b[1]);
            let high = _mm512_madd52lo_epu64(high, a[0], b[2]);
            let middle = _mm512_madd52lo_epu64(middle, a[1], b[0]);
            let high = _mm512_madd52hi_epu64(high, a[1], b[0]);
            let high = _mm512_madd52lo_epu64(high, a[1], b[1]);
            let high = _mm512_madd52lo_epu64(high, a[2], b[0]);
            *sums = [low, middle, high];
        }
    }
    for (out, sums) in out.iter_mut().zip(sums) {
        let [low, middle, high] = sums.map(|sum| words512(sum));
        for (j, out) in out.iter_mut().enumerate() {
            let upper = u128::from(middle[j]).wrapping_add(u128::from(high[j]) << LIMB);
            *out = u128::from(low[j]).wrapping_add(upper << LIMB);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load512(words: &[u64; 8]) -> __m512i {
    // SAFETY: eight words are 64 bytes, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn words512(vector: __m512i) -> [u64; 8] {
    let mut words = [0; 8];
    // SAFETY: eight words are 64 bytes, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) };
    words
}

#[inline]
#[target_feature(enable = "avx2")]
fn load256(words: &[u64; 4]) -> __m256i {
    // SAFETY: four words are 32 bytes, and the load asks for no alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn words256(vector: __m256i) -> [u64; 4] {
    let mut words = [0; 4];
    // SAFETY: four words are 32 bytes, and the store asks for no alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), vector) };
    words
}
