//! The domains that secrets live in, and the local work on them.
//!
//! A domain is a finite ring whose elements are one machine word: ℤ/2⁶⁴ is `u64`, ℤ/2¹²⁸ is `u128`. Signed values are
//! embedded in two's complement. The plain integer types are the elements, so that buffers move to and from bytes and
//! kernels without conversion; every operation that could be mistaken for a checked one goes through [`Domain`].
//!
//! A prime field joins as one more type with an implementation of [`Domain`]: its signed value is the representative
//! nearest to zero, and the shifts act on that.
//!
//! Invariant: nothing here communicates, draws randomness, or knows what is secret.

pub mod bits;
mod bytes;
pub mod linear;
pub mod matmul;
mod ring;
pub mod vector;

pub use bytes::LengthError;

/// A tensor with copy-on-write storage, always in standard (row-major, contiguous) layout; rank 0 is a scalar.
pub type Tensor<T> = ndarray::ArcArray<T, ndarray::IxDyn>;

/// A commutative ring with one fixed-size element type.
///
/// Arithmetic is the ring's: it wraps, and never panics.
pub trait Domain:
    Copy + Send + Sync + 'static + bytemuck::Pod + Eq + Ord + Default + std::hash::Hash + std::fmt::Debug + zeroize::Zeroize
{
    /// The signed integer that holds every signed value of the domain: `i64` or `i128`.
    type Signed: Copy + Ord + Send + Sync + std::fmt::Debug + std::fmt::Display + Into<i128> + 'static;

    /// What reports call the domain, as in `2^64`.
    const NAME: &'static str;
    /// Bits of an element.
    const BITS: u32;
    /// Bytes of an element, in memory and on the wire.
    const BYTES: usize;
    /// The neutral element of addition.
    const ZERO: Self;
    /// The neutral element of multiplication.
    const ONE: Self;

    /// The sum.
    fn add(self, other: Self) -> Self;
    /// The difference.
    fn sub(self, other: Self) -> Self;
    /// The product.
    fn mul(self, other: Self) -> Self;
    /// The additive inverse.
    fn neg(self) -> Self;

    /// Multiplies by 2^`bits`; zero from [`Self::BITS`] on.
    fn shl(self, bits: u32) -> Self;
    /// Logical shift right: the element as an unsigned number, divided by 2^`bits` and rounded down.
    fn shr(self, bits: u32) -> Self;
    /// Arithmetic shift right: the element as a signed number, divided by 2^`bits` and rounded down.
    fn sar(self, bits: u32) -> Self;
    /// Bitwise conjunction.
    fn and(self, other: Self) -> Self;
    /// Bitwise exclusive or.
    fn xor(self, other: Self) -> Self;
    /// Bit `index`, counted from the least significant; false from [`Self::BITS`] on.
    fn bit(self, index: u32) -> bool;
    /// The most significant bit: the sign.
    fn msb(self) -> bool;

    /// The image of a signed integer.
    fn from_i64(value: i64) -> Self;
    /// The image of a signed integer, reduced where the domain is smaller.
    fn from_i128(value: i128) -> Self;
    /// The signed value nearest to zero that the element stands for.
    fn to_i128(self) -> i128;
    /// The image of a signed value.
    fn from_signed(value: Self::Signed) -> Self;
    /// The signed value nearest to zero that the element stands for.
    fn to_signed(self) -> Self::Signed;
    /// One for true, zero for false.
    fn from_bool(value: bool) -> Self;
    /// The image of an unsigned word.
    fn from_u64(value: u64) -> Self;
    /// The low 64 bits of the element.
    fn low_u64(self) -> u64;

    /// The element with its bytes in little-endian order in memory: itself on most machines.
    fn to_le(self) -> Self;

    /// `c += a · b` for row-major `a` (`m`×`k`), `b` (`k`×`n`) and `c` (`m`×`n`), by the fastest kernel of this machine.
    ///
    /// # Panics
    /// Where the lengths of the slices are not those products.
    fn matmul_add(dims: matmul::Dims, a: &[Self], b: &[Self], c: &mut [Self]);

    /// The elements' little-endian bytes, one after the other.
    fn to_bytes(values: &[Self]) -> Vec<u8> {
        bytes::encode(values)
    }

    /// Appends the elements' little-endian bytes to `out`.
    fn append_bytes(values: &[Self], out: &mut Vec<u8>) {
        bytes::append(values, out);
    }

    /// Reads elements back from little-endian bytes.
    ///
    /// # Errors
    /// Where the length is not a multiple of [`Self::BYTES`].
    fn from_bytes(bytes: &[u8]) -> Result<Vec<Self>, LengthError> {
        bytes::decode(bytes)
    }

    /// Reads exactly `out.len()` elements from little-endian bytes.
    ///
    /// # Errors
    /// Where `bytes` holds more or fewer.
    fn read_bytes(bytes: &[u8], out: &mut [Self]) -> Result<(), LengthError> {
        bytes::decode_into(bytes, out)
    }
}
