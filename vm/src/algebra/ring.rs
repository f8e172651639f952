//! The rings ℤ/2⁶⁴ and ℤ/2¹²⁸, in two's complement.

use super::{Domain, matmul};

/// Implements [`Domain`] for an unsigned integer type as the ring of integers modulo a power of two.
macro_rules! ring {
    ($unsigned:ty, $signed:ty, $name:literal, $matmul:path) => {
        impl Domain for $unsigned {
            type Signed = $signed;

            const NAME: &'static str = $name;
            const BITS: u32 = <$unsigned>::BITS;
            const BYTES: usize = size_of::<$unsigned>();
            const ZERO: Self = 0;
            const ONE: Self = 1;

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline(always)]
            fn neg(self) -> Self {
                self.wrapping_neg()
            }

            #[inline(always)]
            fn shl(self, bits: u32) -> Self {
                self.checked_shl(bits).unwrap_or(0)
            }
            #[inline(always)]
            fn shr(self, bits: u32) -> Self {
                self.checked_shr(bits).unwrap_or(0)
            }
            #[inline(always)]
            fn sar(self, bits: u32) -> Self {
                (self as $signed >> bits.min(<$unsigned>::BITS - 1)) as $unsigned
            }
            #[inline(always)]
            fn and(self, other: Self) -> Self {
                self & other
            }
            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                self ^ other
            }
            #[inline(always)]
            fn bit(self, index: u32) -> bool {
                Domain::shr(self, index) & 1 == 1
            }
            #[inline(always)]
            fn msb(self) -> bool {
                (self as $signed) < 0
            }

            #[inline(always)]
            fn from_i64(value: i64) -> Self {
                value as $unsigned
            }
            #[inline(always)]
            fn from_i128(value: i128) -> Self {
                value as $unsigned
            }
            #[inline(always)]
            fn to_i128(self) -> i128 {
                i128::from(self as $signed)
            }
            #[inline(always)]
            fn from_signed(value: $signed) -> Self {
                value as $unsigned
            }
            #[inline(always)]
            fn to_signed(self) -> $signed {
                self as $signed
            }
            #[inline(always)]
            fn from_bool(value: bool) -> Self {
                <$unsigned>::from(value)
            }
            #[inline(always)]
            fn from_u64(value: u64) -> Self {
                <$unsigned>::from(value)
            }
            #[inline(always)]
            fn low_u64(self) -> u64 {
                self as u64
            }

            #[inline(always)]
            fn to_le(self) -> Self {
                <$unsigned>::to_le(self)
            }

            fn matmul_add(dims: matmul::Dims, a: &[Self], b: &[Self], c: &mut [Self]) {
                $matmul(dims, a, b, c);
            }
        }
    };
}

ring!(u64, i64, "2^64", matmul::matmul_add_u64);
ring!(u128, i128, "2^128", matmul::matmul_add_u128);

#[cfg(test)]
mod tests {
    use super::Domain;
    use proptest::prelude::*;

    /// The laws of a commutative ring, and that signed embedding, shifts and bits agree with integer arithmetic.
    fn laws<D: Domain>(x: D, y: D, z: D, bits: u32) {
        assert_eq!(x.add(y), y.add(x));
        assert_eq!(x.mul(y), y.mul(x));
        assert_eq!(x.add(y).add(z), x.add(y.add(z)));
        assert_eq!(x.mul(y).mul(z), x.mul(y.mul(z)));
        assert_eq!(x.mul(y.add(z)), x.mul(y).add(x.mul(z)));
        assert_eq!(x.add(D::ZERO), x);
        assert_eq!(x.mul(D::ONE), x);
        assert_eq!(x.add(x.neg()), D::ZERO);
        assert_eq!(x.sub(y), x.add(y.neg()));
        assert_eq!(D::from_i128(x.to_i128()), x);
        assert_eq!(D::from_signed(x.to_signed()), x);
        assert_eq!(x.to_signed().into(), x.to_i128());
        assert_eq!(x.msb(), x.to_i128() < 0);
        assert_eq!(x.msb(), x.bit(D::BITS - 1));
        assert_eq!(x.sar(bits).to_i128(), x.to_i128() >> bits.min(127));
        assert_eq!(x.shl(bits), x.mul((0..bits).fold(D::ONE, |power, _| power.add(power))));
        assert_eq!(x.shr(bits).bit(0), x.bit(bits));
        let sum = (0..D::BITS).fold(D::ZERO, |sum, i| sum.add(D::from_bool(x.bit(i)).shl(i)));
        assert_eq!(sum, x);
    }

    proptest! {
        #[test]
        fn ring_2_64_is_a_ring(x: u64, y: u64, z: u64, bits in 0..70u32) {
            laws(x, y, z, bits);
        }

        #[test]
        fn ring_2_128_is_a_ring(x: u128, y: u128, z: u128, bits in 0..140u32) {
            laws(x, y, z, bits);
        }

        #[test]
        fn signed_integers_embed(x: i64, y: i64) {
            prop_assert_eq!(<u64 as Domain>::from_i64(x).add(Domain::from_i64(y)).to_signed(), x.wrapping_add(y));
            prop_assert_eq!(<u128 as Domain>::from_i64(x).mul(Domain::from_i64(y)).to_signed(), i128::from(x) * i128::from(y));
            prop_assert_eq!(<u128 as Domain>::from_i64(x).low_u64(), x as u64);
        }
    }
}
