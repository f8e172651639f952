//! Bit-slicing: vectors of elements as bit planes, on which one word operation does 64 Boolean gates.
//!
//! Plane `i` holds bit `i` of every element, 64 elements a word: bit `j` of word `w` belongs to element `64 w + j`. Bits
//! past the last element are zero after [`Planes::of`], whatever the gates that follow leave there. Gates on whole planes
//! are those of [`super::linear`]: `xor_assign`, `and_assign` and the like.

use super::{Domain, vector::vectorised};

/// A vector of bits, 64 a word.
pub type Plane = Vec<u64>;

/// The bit planes of a vector of elements.
#[derive(Clone, PartialEq, Eq)]
pub struct Planes {
    /// Number of elements.
    len: usize,
    /// The planes one after the other, the least significant first.
    words: Vec<u64>,
}

impl Planes {
    /// Slices elements into their [`Domain::BITS`] planes.
    #[must_use]
    pub fn of<D: Domain>(values: &[D]) -> Self {
        let width = words_for(values.len());
        let mut words = vec![0; width * D::BITS as usize];
        vectorised(
            #[inline(always)]
            || slice(values, width, &mut words),
        );
        Self { len: values.len(), words }
    }

    /// `bits` planes of zeros for `len` elements.
    #[must_use]
    pub fn zeros(len: usize, bits: usize) -> Self {
        Self { len, words: vec![0; words_for(len) * bits] }
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of planes; zero where there are no elements.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.len().checked_div(words_for(self.len)).unwrap_or(0)
    }

    /// Words of a plane.
    #[must_use]
    pub fn width(&self) -> usize {
        words_for(self.len)
    }

    /// Plane `bit`: words, the first elements first.
    ///
    /// # Panics
    /// Where there is no such plane.
    #[must_use]
    pub fn plane(&self, bit: usize) -> &[u64] {
        let width = self.width();
        &self.words[bit * width..(bit + 1) * width]
    }

    /// Plane `bit`, to be changed.
    ///
    /// # Panics
    /// Where there is no such plane.
    pub fn plane_mut(&mut self, bit: usize) -> &mut [u64] {
        let width = self.width();
        &mut self.words[bit * width..(bit + 1) * width]
    }

    /// All planes one after the other, the least significant first.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// All planes one after the other, to be changed.
    pub fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// Puts the elements together again. Missing planes count as zeros, those from [`Domain::BITS`] on are left out.
    #[must_use]
    pub fn to_values<D: Domain>(&self) -> Vec<D> {
        let mut values = vec![D::ZERO; self.len];
        vectorised(
            #[inline(always)]
            || unslice(&self.words, self.width(), &mut values),
        );
        values
    }
}

impl std::fmt::Debug for Planes {
    // Planes are mostly shares, which no report may show.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} planes of {} bits", self.count(), self.len)
    }
}

/// Words that hold `bits` bits.
#[must_use]
pub fn words_for(bits: usize) -> usize {
    bits.div_ceil(64)
}

/// Packs bits, the least significant bit of each element, into a plane.
#[must_use]
pub fn pack<D: Domain>(values: &[D]) -> Plane {
    let gather = |chunk: &[D]| chunk.iter().rev().fold(0, |word, value| word << 1 | value.low_u64() & 1);
    vectorised(
        #[inline(always)]
        || values.chunks(64).map(gather).collect(),
    )
}

/// Unpacks the first `len` bits of a plane into elements of zero or one.
///
/// # Panics
/// Where the plane is shorter.
#[must_use]
pub fn unpack<D: Domain>(plane: &[u64], len: usize) -> Vec<D> {
    let mut values = vec![D::ZERO; len];
    vectorised(
        #[inline(always)]
        || {
            for (values, &word) in values.chunks_mut(64).zip(&plane[..words_for(len)]) {
                (0u32..).zip(values).for_each(|(i, value)| *value = D::from_u64(word >> i & 1));
            }
        },
    );
    values
}

/// Packs booleans into a plane.
#[must_use]
pub fn pack_bools(values: &[bool]) -> Plane {
    let gather = |chunk: &[bool]| chunk.iter().rev().fold(0, |word, &value| word << 1 | u64::from(value));
    values.chunks(64).map(gather).collect()
}

/// Unpacks the first `len` bits of a plane.
///
/// # Panics
/// Where the plane is shorter.
#[must_use]
pub fn unpack_bools(plane: &[u64], len: usize) -> Vec<bool> {
    let mut values = vec![false; len];
    for (values, &word) in values.chunks_mut(64).zip(&plane[..words_for(len)]) {
        (0u32..).zip(values).for_each(|(i, value)| *value = word >> i & 1 == 1);
    }
    values
}

/// Clears the bits of the last word that belong to no element.
pub fn clear_tail(plane: &mut [u64], len: usize) {
    if let Some(word) = plane.get_mut(len / 64) {
        *word &= (1 << (len % 64)) - 1;
    }
}

/// Number of ones among the first `len` bits.
///
/// # Panics
/// Where the plane is shorter.
#[must_use]
pub fn count_ones(plane: &[u64], len: usize) -> usize {
    let whole: usize = plane[..len / 64].iter().map(|word| word.count_ones() as usize).sum();
    let tail = plane[..words_for(len)].get(len / 64).map_or(0, |word| word & ((1 << (len % 64)) - 1));
    whole + tail.count_ones() as usize
}

/// Transposes a 64×64 matrix of bits in place: bit `j` of word `i` becomes bit `i` of word `j`.
///
/// Halves are swapped over distances 32, 16, …, 1, as in Warren, *Hacker's Delight*, 2nd ed., section 7-3.
#[inline(always)]
pub fn transpose(block: &mut [u64; 64]) {
    swap_halves::<32>(block, 0x0000_0000_ffff_ffff);
    swap_halves::<16>(block, 0x0000_ffff_0000_ffff);
    swap_halves::<8>(block, 0x00ff_00ff_00ff_00ff);
    swap_halves::<4>(block, 0x0f0f_0f0f_0f0f_0f0f);
    swap_halves::<2>(block, 0x3333_3333_3333_3333);
    swap_halves::<1>(block, 0x5555_5555_5555_5555);
}

/// Swaps, in every square of 2`SIZE` bits, the upper right with the lower left quarter.
#[inline(always)]
fn swap_halves<const SIZE: usize>(block: &mut [u64; 64], mask: u64) {
    for square in block.chunks_exact_mut(2 * SIZE) {
        let (upper, lower) = square.split_at_mut(SIZE);
        for (upper, lower) in upper.iter_mut().zip(lower) {
            let swapped = (*upper >> SIZE ^ *lower) & mask;
            *upper ^= swapped << SIZE;
            *lower ^= swapped;
        }
    }
}

/// Words of a plane that are transposed together, so that planes are written a cache line at a time.
const GROUP: usize = 8;

/// Where the words of bits `64 half` to `64 half + 63` lie among the words of elements: the first, and the step.
#[inline(always)]
fn words_of<D: Domain>(half: usize) -> (usize, usize) {
    let step = D::BYTES / 8;
    (if cfg!(target_endian = "big") { step - 1 - half } else { half }, step)
}

#[inline(always)]
fn slice<D: Domain>(values: &[D], width: usize, words: &mut [u64]) {
    for (half, words) in words.chunks_exact_mut((64 * width).max(1)).enumerate() {
        let (first, step) = words_of::<D>(half);
        for (group, values) in values.chunks(64 * GROUP).enumerate() {
            let mut blocks = [[0; 64]; GROUP];
            for (block, values) in blocks.iter_mut().zip(values.chunks(64)) {
                let values = bytemuck::cast_slice::<D, u64>(values)[first..].iter().step_by(step);
                block.iter_mut().zip(values).for_each(|(word, &value)| *word = value);
                transpose(block);
            }
            let start = group * GROUP;
            let len = GROUP.min(width - start);
            for bit in 0..64 {
                let line = &mut words[bit * width + start..][..len];
                line.iter_mut().zip(&blocks).for_each(|(word, block)| *word = block[bit]);
            }
        }
    }
}

#[inline(always)]
fn unslice<D: Domain>(words: &[u64], width: usize, values: &mut [D]) {
    for (half, words) in words.chunks((64 * width).max(1)).take(D::BYTES / 8).enumerate() {
        let (first, step) = words_of::<D>(half);
        for (group, values) in values.chunks_mut(64 * GROUP).enumerate() {
            let mut blocks = [[0; 64]; GROUP];
            let start = group * GROUP;
            let len = GROUP.min(width - start);
            for bit in 0..words.len() / width {
                let line = &words[bit * width + start..][..len];
                line.iter().zip(&mut blocks).for_each(|(&word, block)| block[bit] = word);
            }
            for (block, values) in blocks.iter_mut().zip(values.chunks_mut(64)) {
                transpose(block);
                let values = bytemuck::cast_slice_mut::<D, u64>(values)[first..].iter_mut().step_by(step);
                block.iter().zip(values).for_each(|(&word, value)| *value = word);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    fn inverse<D: Domain>(values: &[D]) {
        let planes = Planes::of(values);
        assert_eq!(planes.words().len(), D::BITS as usize * words_for(values.len()));
        assert_eq!(planes.to_values::<D>(), values);
        for (i, value) in values.iter().enumerate() {
            for bit in 0..planes.count() {
                assert_eq!(planes.plane(bit)[i / 64] >> (i % 64) & 1 == 1, value.bit(bit as u32));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn slicing_inverts_and_keeps_bits(words in vec(any::<u64>(), 0..1200), wide in vec(any::<u128>(), 0..600)) {
            inverse(&words);
            inverse(&wide);
        }

        #[test]
        fn bits_pack_and_unpack(bits: Vec<bool>) {
            let ones = bits.iter().filter(|&&bit| bit).count();
            let elements: Vec<u128> = bits.iter().map(|&bit| 6 + u128::from(bit)).collect();
            let mut plane = pack(&elements);
            prop_assert_eq!(&plane, &pack_bools(&bits));
            prop_assert_eq!(unpack_bools(&plane, bits.len()), bits.clone());
            prop_assert_eq!(unpack::<u128>(&plane, bits.len()).iter().sum::<u128>(), ones as u128);
            plane.iter_mut().for_each(|word| *word = !*word);
            prop_assert_eq!(count_ones(&plane, bits.len()), bits.len() - ones);
            clear_tail(&mut plane, bits.len());
            prop_assert_eq!(plane.iter().map(|word| word.count_ones() as usize).sum::<usize>(), bits.len() - ones);
        }
    }

    #[test]
    fn missing_planes_are_zero_and_surplus_ones_dropped() {
        let values = [5u64, u64::MAX, 1 << 40];
        let mut low = Planes::zeros(3, 3);
        (0..3).for_each(|bit| low.plane_mut(bit).copy_from_slice(Planes::of(&values).plane(bit)));
        assert_eq!(low.to_values::<u64>(), [5, 7, 0]);
        assert_eq!(Planes::of(&values.map(u128::from)).to_values::<u64>(), values);
        assert!(Planes::of::<u64>(&[]).to_values::<u128>().is_empty());
    }
}
