//! The tensors of a batch as one long vector, so that many small ones share a frame and a large one is worked on in blocks.

use crate::algebra::{Domain, Tensor};
use crate::protocol::share::linear;
use crate::protocol::{Fault, Share};
use std::borrow::Cow;
use std::ops::Range;

/// The elements of some tensors, one after the other.
pub struct Joined<'a, D: Domain> {
    /// Each with the position of its first element.
    parts: Vec<(usize, Cow<'a, [D]>)>,
    len: usize,
}

impl<'a, D: Domain> Joined<'a, D> {
    /// The first parts of shares.
    pub fn of(shares: impl IntoIterator<Item = &'a Share<D>>) -> Self {
        let mut joined = Self { parts: Vec::new(), len: 0 };
        shares.into_iter().for_each(|share| joined.push(linear::elements(share.first())));
        joined
    }

    /// Appends elements.
    pub fn push(&mut self, elements: Cow<'a, [D]>) {
        let start = self.len;
        self.len += elements.len();
        if !elements.is_empty() {
            self.parts.push((start, elements));
        }
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Some of the elements; a copy only where they come from more than one tensor.
    pub fn range(&self, range: Range<usize>) -> Cow<'_, [D]> {
        let first = self.parts.partition_point(|(start, _)| *start <= range.start).saturating_sub(1);
        match self.parts.get(first) {
            Some((start, part)) if range.end <= start + part.len() => {
                Cow::Borrowed(&part[range.start - start..range.end - start])
            }
            Some(_) | None => Cow::Owned(self.gather(first, range)),
        }
    }

    fn gather(&self, first: usize, range: Range<usize>) -> Vec<D> {
        let mut out = Vec::with_capacity(range.len());
        for (start, part) in
            self.parts[first.min(self.parts.len())..].iter().take_while(|(start, _)| *start < range.end)
        {
            let from = range.start.max(*start) - start;
            let to = (range.end - start).min(part.len());
            out.extend_from_slice(&part[from..to]);
        }
        out
    }
}

/// The blocks of `len` elements, each of `block` but the last.
pub fn blocks(len: usize, block: usize) -> Vec<Range<usize>> {
    (0..len).step_by(block).map(|start| start..len.min(start + block)).collect()
}

/// Number of elements of a shape.
pub fn count(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Cuts a long vector into tensors of these shapes.
///
/// # Errors
/// None where the shapes have as many elements as the vector.
pub fn split<'a, D: Domain>(
    elements: Vec<D>,
    shapes: impl ExactSizeIterator<Item = &'a [usize]>,
) -> Result<Vec<Tensor<D>>, Fault> {
    let mut shapes = shapes;
    if shapes.len() == 1 {
        return shapes.next().map(|shape| linear::tensor(shape, elements)).into_iter().collect();
    }
    let mut rest = &elements[..];
    let cut = |shape: &'a [usize]| {
        let (part, after) = rest.split_at(count(shape).min(rest.len()));
        rest = after;
        linear::tensor(shape, part.to_vec())
    };
    shapes.map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cross_tensors() {
        let share = |elements: &[u64]| Share::single(linear::tensor(&[elements.len()], elements.to_vec()).unwrap());
        let shares = [share(&[]), share(&[1, 2, 3]), share(&[]), share(&[4]), share(&[5, 6]), share(&[])];
        let joined = Joined::of(&shares);
        let all: Vec<u64> = (1..=6).collect();
        for start in 0..=6 {
            for end in start..=6 {
                assert_eq!(*joined.range(start..end), all[start..end]);
            }
        }
        assert!(matches!(joined.range(0..3), Cow::Borrowed(_)));
        let parts = split(all, shares.iter().map(Share::shape)).unwrap();
        assert!(parts.iter().zip(&shares).all(|(part, share)| part == share.first()));
        assert_eq!(blocks(5, 2), [0..2, 2..4, 4..5]);
        assert!(blocks(0, 2).is_empty());
    }
}
