//! Planes of bits as messages: `len` bits of each plane after `len` bits of the one before, no gaps, padded to a byte at the end.

use super::open::malformed;
use crate::algebra::{Domain, LengthError, bits};
use crate::net::Operation;
use crate::protocol::{Fault, Lane};

/// Bits of planes, packed.
#[derive(Default)]
pub struct Bitstring {
    words: Vec<u64>,
    planes: usize,
    len: usize,
}

impl Bitstring {
    /// An empty string with room for `planes` planes of `len` bits.
    pub fn with_capacity(planes: usize, len: usize) -> Self {
        Self { words: Vec::with_capacity(bits::words_for(planes * len) + 1), planes: 0, len }
    }

    /// Appends the exclusive or of two planes.
    pub fn push(&mut self, a: &[u64], b: &[u64]) {
        let shift = self.planes * self.len % 64;
        if shift == 0 && self.len.is_multiple_of(64) {
            self.words.extend(a.iter().zip(b).map(|(a, b)| a ^ b));
        } else {
            self.push_shifted(a, b, shift);
        }
        self.planes += 1;
    }

    fn push_shifted(&mut self, a: &[u64], b: &[u64], shift: usize) {
        let mut left = self.len;
        for (a, b) in a.iter().zip(b) {
            let count = left.min(64);
            let word = (a ^ b) & (u64::MAX >> (64 - count));
            left -= count;
            match self.words.last_mut() {
                Some(last) if shift > 0 => *last |= word << shift,
                Some(_) | None => self.words.push(word),
            }
            if shift > 0 && shift + count > 64 {
                self.words.push(word >> (64 - shift));
            }
        }
    }

    /// Bytes on the wire.
    fn bytes(&self) -> usize {
        (self.planes * self.len).div_ceil(8)
    }

    /// Sends the bits to every other player.
    ///
    /// # Errors
    /// The network's.
    pub fn send(&self, lane: &Lane<'_>, operation: Operation) -> Result<(), Fault> {
        let mut payload = u64::to_bytes(&self.words);
        payload.truncate(self.bytes());
        Ok(lane.broadcast(operation, payload.into())?)
    }

    /// Opens the bits: the exclusive or with every other player's. Returns the planes, one after the other.
    ///
    /// # Errors
    /// The network's, and a message of another length.
    pub fn gather(mut self, lane: &Lane<'_>, operation: Operation) -> Result<Vec<u64>, Fault> {
        for (peer, payload) in lane.gather(operation)? {
            if payload.len() != self.bytes() {
                let error = LengthError::Count { bytes: payload.len(), expected: self.bytes() };
                return Err(malformed(lane, peer, operation, &error));
            }
            let (whole, tail) = payload.as_chunks::<8>();
            self.words.iter_mut().zip(whole).for_each(|(word, bytes)| *word ^= u64::from_le_bytes(*bytes));
            if let Some(word) = self.words.get_mut(whole.len()) {
                let mut last = [0; 8];
                last[..tail.len()].copy_from_slice(tail);
                *word ^= u64::from_le_bytes(last);
            }
        }
        Ok(self.unpack())
    }

    fn unpack(self) -> Vec<u64> {
        if self.len.is_multiple_of(64) {
            return self.words;
        }
        let mut planes = Vec::with_capacity(self.planes * bits::words_for(self.len));
        for start in (0..self.planes).map(|plane| plane * self.len) {
            for offset in (0..self.len).step_by(64) {
                let count = (self.len - offset).min(64);
                planes.push(self.read(start + offset) & (u64::MAX >> (64 - count)));
            }
        }
        planes
    }

    /// The 64 bits from position `at` on, zero past the end.
    fn read(&self, at: usize) -> u64 {
        let word = |index: usize| self.words.get(index).copied().unwrap_or(0);
        let shift = at % 64;
        let above = if shift == 0 { 0 } else { word(at / 64 + 1) << (64 - shift) };
        word(at / 64) >> shift | above
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn planes_survive_packing(len in 1..200usize, planes in 1..9usize, seed: u64) {
            let width = bits::words_for(len);
            let mut all = crate::random::Stream::new(&crate::random::Seed::insecure_from(seed), 0).elements::<u64>(width * planes);
            let mut string = Bitstring::with_capacity(planes, len);
            all.chunks(width).for_each(|plane| string.push(plane, &vec![0; width]));
            prop_assert_eq!(string.bytes(), (planes * len).div_ceil(8));
            prop_assert_eq!(string.words.len(), (planes * len).div_ceil(64));
            all.chunks_mut(width).for_each(|plane| bits::clear_tail(plane, len));
            prop_assert_eq!(string.unpack(), all);
        }
    }
}
