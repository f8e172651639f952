//! Elements as little-endian bytes: on little-endian machines, a copy of memory.

use super::Domain;

/// A byte string that does not hold the number of elements it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LengthError {
    /// The last element is cut.
    #[error("{bytes} bytes are not a whole number of {size}-byte elements")]
    Cut {
        /// Length found.
        bytes: usize,
        /// Bytes of an element.
        size: usize,
    },
    /// There are more or fewer elements than expected.
    #[error("{bytes} bytes where {expected} were expected")]
    Count {
        /// Length found.
        bytes: usize,
        /// Length expected.
        expected: usize,
    },
}

pub(super) fn encode<D: Domain>(values: &[D]) -> Vec<u8> {
    let mut out = Vec::with_capacity(size_of_val(values));
    append(values, &mut out);
    out
}

pub(super) fn append<D: Domain>(values: &[D], out: &mut Vec<u8>) {
    if cfg!(target_endian = "little") {
        out.extend_from_slice(bytemuck::cast_slice(values));
    } else {
        out.extend(values.iter().flat_map(|value| bytemuck::bytes_of(&value.to_le()).to_vec()));
    }
}

pub(super) fn decode<D: Domain>(bytes: &[u8]) -> Result<Vec<D>, LengthError> {
    if !bytes.len().is_multiple_of(D::BYTES) {
        return Err(LengthError::Cut { bytes: bytes.len(), size: D::BYTES });
    }
    let mut out = vec![D::ZERO; bytes.len() / D::BYTES];
    decode_into(bytes, &mut out)?;
    Ok(out)
}

pub(super) fn decode_into<D: Domain>(bytes: &[u8], out: &mut [D]) -> Result<(), LengthError> {
    let expected = size_of_val(out);
    if bytes.len() != expected {
        return Err(LengthError::Count { bytes: bytes.len(), expected });
    }
    bytemuck::cast_slice_mut(out).copy_from_slice(bytes);
    if cfg!(target_endian = "big") {
        out.iter_mut().for_each(|value| *value = value.to_le());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_round_trip(words: Vec<u64>, wide: Vec<u128>) {
            prop_assert_eq!(u64::from_bytes(&u64::to_bytes(&words)), Ok(words));
            prop_assert_eq!(u128::from_bytes(&u128::to_bytes(&wide)), Ok(wide));
        }
    }

    #[test]
    fn bytes_are_little_endian_and_counted() {
        assert_eq!(u64::to_bytes(&[0x0102, 3]), [2, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(u128::from_bytes(&[0; 17]), Err(LengthError::Cut { bytes: 17, size: 16 }));
        assert_eq!(u64::read_bytes(&[0; 16], &mut [0; 3]), Err(LengthError::Count { bytes: 16, expected: 24 }));
    }
}
