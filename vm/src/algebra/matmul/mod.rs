//! Matrix products over the rings.

pub mod scalar;

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
    /// Where a slice does not have the length that these sizes say: the kernels below rely on it.
    fn check<D>(self, a: &[D], b: &[D], c: &[D]) {
        assert_eq!(Some(a.len()), self.m.checked_mul(self.k), "length of the left operand of a matrix product");
        assert_eq!(Some(b.len()), self.k.checked_mul(self.n), "length of the right operand of a matrix product");
        assert_eq!(Some(c.len()), self.m.checked_mul(self.n), "length of the result of a matrix product");
    }
}
