//! Every kernel against the scalar twin.

use super::{Dims, Kernel, kernels_u64, kernels_u128, scalar};
use crate::algebra::Domain;
use proptest::prelude::*;

/// Elements that exercise every bit and carry: a full-period generator, and runs of ones.
fn elements<D: Domain>(len: usize, seed: u64) -> Vec<D> {
    let mut state = seed;
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state ^ (state >> 31)
    };
    let mut element = || match word() % 5 {
        0 => D::ZERO.sub(D::ONE),
        _ => D::from_u64(word()).add(D::from_u64(word()).shl(D::BITS - 64)),
    };
    (0..len).map(|_| element()).collect()
}

fn agrees<D: Domain>(kernel: Kernel<D>, dims: Dims) -> bool {
    let (a, b) = (elements::<D>(dims.m * dims.k, 1), elements::<D>(dims.k * dims.n, 2));
    let mut expected = elements::<D>(dims.m * dims.n, 3);
    let mut found = expected.clone();
    scalar::matmul_add(dims, &a, &b, &mut expected);
    kernel(dims, &a, &b, &mut found);
    expected == found
}

const SIZES: [[usize; 3]; 18] = [
    [0, 0, 0],
    [0, 3, 5],
    [3, 0, 5],
    [3, 5, 0],
    [1, 1, 1],
    [1, 9, 1],
    [1, 7, 40],
    [40, 7, 1],
    [3, 17, 4],
    [4, 1, 7],
    [12, 256, 16],
    [13, 257, 17],
    [31, 33, 65],
    [121, 30, 9],
    [7, 300, 530],
    [5, 512, 2100],
    [250, 259, 33],
    [270, 40, 520],
];

fn on_all_sizes<D: Domain>(kernels: Vec<(&str, Kernel<D>)>) {
    for (name, kernel) in kernels.into_iter().chain([("chosen", D::matmul_add as Kernel<D>)]) {
        for [m, k, n] in SIZES {
            assert!(agrees(kernel, Dims { m, k, n }), "{name} on {m}×{k}×{n} over {}", D::NAME);
        }
    }
}

#[test]
fn kernels_of_ring_2_64_agree() {
    on_all_sizes(kernels_u64());
}

#[test]
fn kernels_of_ring_2_128_agree() {
    on_all_sizes(kernels_u128());
}

#[test]
fn sums_carry_right_when_every_bit_is_set() {
    let dims = Dims { m: 8, k: 1024, n: 8 };
    for (name, kernel) in kernels_u128() {
        let mut c = [0; 64];
        kernel(dims, &[u128::MAX; 8 * 1024], &[(1 << 104) - 1; 8 * 1024], &mut c);
        // Each product is (−1) · (2¹⁰⁴ − 1).
        assert_eq!(c, [(1u128 << 104).wrapping_sub(1).wrapping_mul(1024).wrapping_neg(); 64], "{name}");
    }
}

#[test]
#[should_panic(expected = "length of the right operand")]
fn wrong_lengths_are_refused() {
    u64::matmul_add(Dims { m: 2, k: 2, n: 2 }, &[0; 4], &[0; 3], &mut [0; 4]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_small_size_agrees(m in 0..40usize, k in 0..40usize, n in 0..40usize) {
        let dims = Dims { m, k, n };
        for (_, kernel) in kernels_u64() {
            prop_assert!(agrees(kernel, dims));
        }
        for (_, kernel) in kernels_u128() {
            prop_assert!(agrees(kernel, dims));
        }
    }
}
