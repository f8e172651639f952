//! Randomness: seeds, and the streams they are expanded into.
//!
//! A [`Seed`] comes from the operating system and is shared between the players that may know what is drawn from it;
//! others are derived from it by label. A [`Stream`] is ChaCha12 (Bernstein, *ChaCha, a variant of Salsa20*, 2008) with a
//! 64-bit block counter and a 64-bit stream identifier. Two streams of one seed and different identifiers are independent,
//! and any position of a stream can be reached at once.
//!
//! `rand_chacha` computes streams on machines without wide vectors, and is the twin that the code for those with them is tested
//! against: sixteen blocks at once are four times as fast there, and dealing is mostly this.
//!
//! Invariant: seeds and stream states are wiped when dropped and never printed.

use crate::algebra::{Domain, bits, vector::Level, vector::vectorised};
use rand_chacha::{ChaCha12Rng, rand_core::Rng, rand_core::SeedableRng};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system's random generator failed: {0}")]
pub struct EntropyError(#[from] getrandom::Error);

/// 32 secret bytes, from which any number of streams follow.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 32]);

impl Seed {
    /// Bytes of a seed.
    pub const BYTES: usize = 32;

    /// A fresh seed from the operating system's generator.
    ///
    /// # Errors
    /// Where the operating system has no randomness to give.
    pub fn generate() -> Result<Self, EntropyError> {
        let mut seed = Self([0; Self::BYTES]);
        getrandom::fill(&mut seed.0)?;
        Ok(seed)
    }

    /// A seed that anybody can guess, for tests and reproducible runs: it protects nothing.
    #[must_use]
    pub fn insecure_from(number: u64) -> Self {
        Self([0; Self::BYTES]).derive_indexed("insecure seed for tests", number)
    }

    /// The seed that another player sent.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The seed's bytes, to be sent to the players that share it.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// A seed for the purpose that `label` names. It tells nothing of this seed, nor of those of other labels.
    #[must_use]
    pub fn derive(&self, label: &str) -> Self {
        self.derive_indexed(label, 0)
    }

    /// A seed for one of a numbered series of purposes, as for every epoch or every peer.
    #[must_use]
    pub fn derive_indexed(&self, label: &str, index: u64) -> Self {
        Self(hmac_sha256(&self.0, &[label.as_bytes(), &index.to_le_bytes()]))
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(secret)")
    }
}

/// The keyed hash of RFC 2104 over SHA-256, for 32-byte keys.
fn hmac_sha256(key: &[u8; 32], message: &[&[u8]]) -> [u8; 32] {
    let keyed = |pad: u8| {
        let mut block = [pad; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        let hash = Sha256::new_with_prefix(block);
        block.zeroize();
        hash
    };
    let inner = message.iter().fold(keyed(0x36), |hash, part| hash.chain_update(part)).finalize();
    keyed(0x5c).chain_update(inner).finalize().into()
}

/// Blocks of ChaCha that are computed together: as many as the widest vectors have 32-bit lanes.
const LANES: usize = 16;
/// Words of 64 bits in a group of blocks.
const GROUP: usize = LANES * 8;
/// Words above which filling is cut over threads, and that each thread fills at least.
const WORTH_A_THREAD: usize = 1 << 18;

/// An endless sequence of uniform 64-bit words, a function of a seed and an identifier.
///
/// Blocks are computed in groups of 16 and interleaved: a group is word 0 of every block, then word 1, and so on. So
/// groups leave the vector registers as they are, without the transposition that the usual order needs.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Stream {
    key: [u32; 8],
    id: u64,
    /// Words taken so far.
    position: u64,
    /// The group that holds the next word, unless that is the first of its group.
    group: [u64; GROUP],
}

impl Stream {
    /// The start of stream `id` of a seed.
    #[must_use]
    pub fn new(seed: &Seed, id: u64) -> Self {
        let mut key = [0; 8];
        let (words, _) = seed.0.as_chunks::<4>();
        key.iter_mut().zip(words).for_each(|(key, &bytes)| *key = u32::from_le_bytes(bytes));
        Self { key, id, position: 0, group: [0; GROUP] }
    }

    /// Words of 64 bits between the start of the stream and the next one.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Moves to the word that is `position` words from the start of the stream.
    pub fn seek(&mut self, position: u64) {
        let inside = |position: u64| !position.is_multiple_of(GROUP as u64);
        let group = |position: u64| position / GROUP as u64;
        if inside(position) && !(inside(self.position) && group(position) == group(self.position)) {
            self.group = self.compute(group(position));
        }
        self.position = position;
    }

    /// Fills a slice with uniform elements: a word each, or two for 128-bit elements, the lower half first.
    pub fn fill<D: Domain>(&mut self, out: &mut [D]) {
        self.fill_words(bytemuck::cast_slice_mut(out));
        if cfg!(target_endian = "big") && D::BITS == 128 {
            out.iter_mut().for_each(|value| *value = value.shr(64).add(value.shl(64)));
        }
    }

    /// `len` uniform elements.
    #[must_use]
    pub fn elements<D: Domain>(&mut self, len: usize) -> Vec<D> {
        let mut out = vec![D::ZERO; len];
        self.fill(&mut out);
        out
    }

    /// `len` uniform bits, 64 a word; the stream moves on by whole words, and the bits past the last are zero.
    #[must_use]
    pub fn plane(&mut self, len: usize) -> bits::Plane {
        let mut out = self.elements(bits::words_for(len));
        bits::clear_tail(&mut out, len);
        out
    }

    /// The next word.
    #[must_use]
    pub fn word(&mut self) -> u64 {
        let mut out = [0];
        self.fill_words(&mut out);
        out[0]
    }

    /// Fills a slice with uniform words.
    pub fn fill_words(&mut self, out: &mut [u64]) {
        let taken = (self.position % GROUP as u64) as usize;
        let left = if taken == 0 { 0 } else { out.len().min(GROUP - taken) };
        let (start, rest) = out.split_at_mut(left);
        start.copy_from_slice(&self.group[taken..taken + left]);
        self.position = self.position.wrapping_add(left as u64);
        if rest.is_empty() {
            return;
        }
        let (whole, tail) = rest.as_chunks_mut::<GROUP>();
        let first = self.position / GROUP as u64;
        self.fill_groups(first, whole);
        if !tail.is_empty() {
            self.group = self.compute(first.wrapping_add(whole.len() as u64));
            tail.copy_from_slice(&self.group[..tail.len()]);
        }
        self.position = self.position.wrapping_add(rest.len() as u64);
    }

    /// Computes consecutive groups from `first` on.
    fn fill_groups(&self, first: u64, out: &mut [[u64; GROUP]]) {
        let run = |first: u64, out: &mut [[u64; GROUP]]| {
            (first..).zip(out).for_each(|(index, group)| *group = self.compute(index));
        };
        let threads = (out.len() * GROUP / WORTH_A_THREAD).min(rayon::current_num_threads());
        if threads < 2 {
            return run(first, out);
        }
        let piece = out.len().div_ceil(threads);
        let pieces = out.par_chunks_mut(piece).enumerate();
        pieces.for_each(|(i, out)| run(first.wrapping_add((i * piece) as u64), out));
    }

    /// Group `index` of the stream.
    fn compute(&self, index: u64) -> [u64; GROUP] {
        let mut words = [[0; LANES]; 16];
        let first = index.wrapping_mul(LANES as u64);
        match Level::detect() {
            Level::Baseline => library_blocks(&self.key, self.id, first, &mut words),
            Level::Avx2 | Level::Avx512 | Level::Avx512Ifma => vectorised(
                #[inline(always)]
                || interleaved_blocks(&self.key, self.id, first, &mut words),
            ),
        }
        let mut group = [0; GROUP];
        let (pairs, _) = words.as_flattened().as_chunks::<2>();
        group.iter_mut().zip(pairs).for_each(|(word, &[low, high])| *word = u64::from(high) << 32 | u64::from(low));
        group
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stream {} at word {}", self.id, self.position)
    }
}

/// The constant of ChaCha: "expand 32-byte k".
const CONSTANT: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// Blocks `first`, `first + 1`, …: word `i` of the one in each lane goes to `out[i]`. A loop over lanes without branches,
/// which the compiler turns into vector code.
#[inline(always)]
fn interleaved_blocks(key: &[u32; 8], id: u64, first: u64, out: &mut [[u32; LANES]; 16]) {
    for (lane, counter) in (0..LANES).zip(first..) {
        let block = block(key, id, counter);
        out.iter_mut().zip(block).for_each(|(out, word)| out[lane] = word);
    }
}

/// The same by `rand_chacha`.
fn library_blocks(key: &[u32; 8], id: u64, first: u64, out: &mut [[u32; LANES]; 16]) {
    let mut bytes = [0; Seed::BYTES];
    bytes.as_chunks_mut::<4>().0.iter_mut().zip(key).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
    let mut blocks = ChaCha12Rng::from_seed(bytes);
    bytes.zeroize();
    blocks.set_stream(id);
    blocks.set_word_pos(u128::from(first) * 16);
    for lane in 0..LANES {
        out.iter_mut().for_each(|word| word[lane] = blocks.next_u32());
    }
}

/// One block of ChaCha12.
#[inline(always)]
fn block(key: &[u32; 8], id: u64, counter: u64) -> [u32; 16] {
    let [c0, c1, c2, c3] = CONSTANT;
    let [k0, k1, k2, k3, k4, k5, k6, k7] = *key;
    let (n0, n1, n2, n3) = (counter as u32, (counter >> 32) as u32, id as u32, (id >> 32) as u32);
    let start = [c0, c1, c2, c3, k0, k1, k2, k3, k4, k5, k6, k7, n0, n1, n2, n3];
    // Written out: a loop in here would keep the loop over lanes from being vectorised.
    let mixed = double_round(double_round(double_round(start)));
    let mut block = double_round(double_round(double_round(mixed)));
    for (word, start) in block.iter_mut().zip(start) {
        *word = word.wrapping_add(start);
    }
    block
}

/// A round over the columns, then one over the diagonals.
#[inline(always)]
fn double_round(mut state: [u32; 16]) -> [u32; 16] {
    quarter_round(&mut state, 0, 4, 8, 12);
    quarter_round(&mut state, 1, 5, 9, 13);
    quarter_round(&mut state, 2, 6, 10, 14);
    quarter_round(&mut state, 3, 7, 11, 15);
    quarter_round(&mut state, 0, 5, 10, 15);
    quarter_round(&mut state, 1, 6, 11, 12);
    quarter_round(&mut state, 2, 7, 8, 13);
    quarter_round(&mut state, 3, 4, 9, 14);
    state
}

#[inline(always)]
fn quarter_round(state: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    state[a] = state[a].wrapping_add(state[b]);
    state[d] = (state[d] ^ state[a]).rotate_left(16);
    state[c] = state[c].wrapping_add(state[d]);
    state[b] = (state[b] ^ state[c]).rotate_left(12);
    state[a] = state[a].wrapping_add(state[b]);
    state[d] = (state[d] ^ state[a]).rotate_left(8);
    state[c] = state[c].wrapping_add(state[d]);
    state[b] = (state[b] ^ state[c]).rotate_left(7);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_ways_give_the_same_blocks() {
        let (key, id) = ([1, 2, 3, 4, 5, 6, 7, u32::MAX], 1 << 40 | 9);
        for first in [0, 16, 1 << 20, (1 << 32) - 16, 1 << 33] {
            let (mut ours, mut library) = ([[0; LANES]; 16], [[0; LANES]; 16]);
            interleaved_blocks(&key, id, first, &mut ours);
            library_blocks(&key, id, first, &mut library);
            assert_eq!(ours, library, "from block {first}");
        }
    }

    fn stream(id: u64) -> Stream {
        Stream::new(&Seed::insecure_from(7), id)
    }

    #[test]
    fn blocks_are_chacha12_interleaved() {
        let seed = Seed::insecure_from(7);
        let mut twin = ChaCha12Rng::from_seed(*seed.expose_bytes());
        twin.set_stream(1 << 40 | 3);
        let mut blocks = [[0; 16]; 2 * LANES];
        blocks.as_flattened_mut().iter_mut().for_each(|word| *word = twin.next_u32());
        let words = stream(1 << 40 | 3).elements::<u64>(2 * GROUP);
        for (i, word) in words.into_iter().enumerate() {
            let (group, word_of_block, lane) = (i / GROUP, i % GROUP / (LANES / 2), 2 * (i % (LANES / 2)));
            let half = |lane: usize| u64::from(blocks[group * LANES + lane][word_of_block]);
            assert_eq!(word, half(lane + 1) << 32 | half(lane), "word {i}");
        }
    }

    #[test]
    fn derived_seeds_are_keyed_hashes() {
        // RFC 4231, test case 1; a shorter key is padded with zeros.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let hash = hmac_sha256(&key, &[b"Hi ", b"There"]);
        assert_eq!(hash[..8], [0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53]);
        assert_eq!(hash[24..], [0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7]);
    }

    #[test]
    fn seeds_and_streams_differ() {
        let seed = Seed::insecure_from(0);
        let seeds =
            [seed.clone(), seed.derive("a"), seed.derive("b"), seed.derive_indexed("a", 1), Seed::insecure_from(1)];
        let mut words: Vec<u64> = seeds.iter().flat_map(|seed| (0..3).map(|id| Stream::new(seed, id).word())).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 15);
    }

    #[test]
    fn the_system_gives_fresh_seeds_that_are_not_shown() {
        let seeds = (Seed::generate(), Seed::generate());
        let (Ok(first), Ok(second)) = seeds else { panic!("no randomness: {seeds:?}") };
        assert_ne!(first.expose_bytes(), second.expose_bytes());
        assert_eq!(format!("{first:?} {:?}", Stream::new(&second, 4)), "Seed(secret) Stream 4 at word 0");
    }

    #[test]
    fn wiping_leaves_zeros() {
        let mut seed = Seed::insecure_from(1);
        seed.zeroize();
        assert_eq!(seed.expose_bytes(), &[0; 32]);
    }

    #[test]
    fn bits_are_balanced() {
        let ones = bits::count_ones(&stream(1).plane(1_000_001), 1_000_001);
        // Five standard deviations; the stream is fixed, so the test cannot flicker.
        assert!(ones.abs_diff(500_000) < 2_500, "{ones} ones in a million bits");
        assert_eq!(stream(2).plane(65)[1] >> 1, 0);
    }

    #[test]
    fn long_fills_on_threads_agree_with_short_ones() {
        let long = stream(9).elements::<u64>(3 * WORTH_A_THREAD + 5);
        let mut short = stream(9);
        for part in long.chunks(WORTH_A_THREAD / 3) {
            assert!(short.elements::<u64>(part.len()) == part);
        }
    }

    proptest! {
        #[test]
        fn pieces_make_the_whole(lens in proptest::collection::vec(0..400usize, 1..6)) {
            let (mut pieces, mut whole) = (stream(5), stream(5));
            let parts: Vec<u64> = lens.iter().flat_map(|&len| pieces.elements::<u64>(len)).collect();
            prop_assert_eq!(pieces.position(), parts.len() as u64);
            prop_assert_eq!(whole.elements::<u64>(parts.len()), parts);
        }

        #[test]
        fn any_position_can_be_sought(from in 0..600u64, to in 0..600u64, len in 0..300usize) {
            let (mut sought, mut whole) = (stream(6), stream(6));
            sought.seek(from);
            let _ = sought.word();
            sought.seek(to);
            let words = whole.elements::<u64>(1000);
            prop_assert_eq!(&sought.elements::<u64>(len), &words[to as usize..][..len]);
        }

        #[test]
        fn wide_elements_are_two_words(skip in 0..3usize, len in 0..200usize) {
            let (mut words, mut wide) = (stream(8), stream(8));
            prop_assert_eq!(words.elements::<u64>(skip), wide.elements::<u64>(skip));
            let pairs = words.elements::<u64>(2 * len);
            let expected: Vec<u128> = pairs.chunks(2).map(|pair| u128::from(pair[1]) << 64 | u128::from(pair[0])).collect();
            prop_assert_eq!(wide.elements::<u128>(len), expected);
        }
    }
}
