//! Memory for received payloads.
//!
//! Fresh memory for every long message costs a fifth of the time it takes to receive one, in page faults: long buffers
//! are used again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// Buffers shorter than this, in bytes, are left to the allocator, which has them at hand.
const LONG: usize = 128 << 10;

/// Bytes kept for later.
const KEPT: usize = 64 << 20;

const WORD: usize = size_of::<u128>();

/// Long buffers that wait to be used again.
#[derive(Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Vec<Vec<u128>>>>);

impl Pool {
    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u128>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shortest kept buffer with room for `bytes` bytes, or an empty one.
    fn take(&self, bytes: usize) -> Vec<u128> {
        if bytes < LONG {
            return Vec::new();
        }
        let mut kept = self.lock();
        let fits = |words: &Vec<u128>| words.len() * WORD >= bytes;
        let best = kept.iter().enumerate().filter(|(_, words)| fits(words)).min_by_key(|(_, words)| words.len());
        best.map(|(at, _)| at).map_or_else(Vec::new, |at| kept.swap_remove(at))
    }

    fn give(&self, words: Vec<u128>) {
        let bytes = words.len() * WORD;
        let mut kept = self.lock();
        if bytes >= LONG && bytes + kept.iter().map(|words| words.len() * WORD).sum::<usize>() <= KEPT {
            kept.push(words);
        }
    }
}

/// Memory for one payload, which ring elements can be read from in place: it starts at a multiple of 16 bytes.
pub(super) struct Buffer {
    words: Vec<u128>,
    length: usize,
    pool: Pool,
}

impl Buffer {
    /// For a payload of `length` bytes. Has room for none of them yet, or for all.
    pub fn new(pool: &Pool, length: usize) -> Buffer {
        Buffer { words: pool.take(length), length, pool: pool.clone() }
    }

    /// How many of the payload's bytes there is room for.
    pub fn room(&self) -> usize {
        self.length.min(self.words.len() * WORD)
    }

    /// Makes room for `bytes` bytes. A first allocation is zeroed by the system as it is touched.
    pub fn grow(&mut self, bytes: usize) {
        let words = bytes.div_ceil(WORD);
        if self.words.is_empty() {
            self.words = vec![0; words];
        } else {
            self.words.resize(words, 0);
        }
    }

    /// The bytes from `at` on that there is room for.
    pub fn rest(&mut self, at: usize) -> &mut [u8] {
        let room = self.room();
        &mut bytemuck::cast_slice_mut(&mut self.words)[at..room]
    }

    /// The payload, once all of it has been written. The memory comes back when its last user drops it.
    pub fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.pool.give(std::mem::take(&mut self.words));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(pool: &Pool, length: usize) -> Bytes {
        let mut buffer = Buffer::new(pool, length);
        buffer.grow(length);
        buffer.rest(0).fill(7);
        buffer.freeze()
    }

    #[test]
    fn long_buffers_are_used_again_and_show_their_payload_alone() {
        let pool = Pool::default();
        drop(filled(&pool, LONG + 5));
        assert_eq!(pool.lock().len(), 1);
        let shorter = filled(&pool, LONG + 1);
        assert_eq!((shorter.len(), pool.lock().len()), (LONG + 1, 0));
        assert_eq!(shorter.as_ptr().align_offset(16), 0);
        let clone = shorter.slice(3..);
        drop(shorter);
        assert_eq!(pool.lock().len(), 0, "still in use");
        drop(clone);
        assert_eq!(pool.lock().len(), 1);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let pool = Pool::default();
        let many: Vec<_> = (0..5).map(|_| filled(&pool, KEPT / 4)).collect();
        drop(many);
        drop(filled(&pool, 100));
        assert_eq!(pool.lock().len(), 4);
        assert!(Buffer::new(&pool, KEPT).words.is_empty());
    }
}
