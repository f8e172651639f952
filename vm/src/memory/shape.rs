//! Shapes: broadcasting, and the operations that move elements around. They are the same for public tensors and for every
//! part of a share, so they take any element.

use super::{Elements, Raised, room};
use crate::algebra::Tensor;
use ndarray::{ArrayView, Axis, IxDyn, SliceInfoElem};

/// The most elements a tensor may have: what is larger is a mistake in the program, not a computation.
pub const MOST_ELEMENTS: usize = 1 << 33;

/// Bytes of an element that is not a truth value, at least.
const LEAST_BYTES: u64 = 8;

/// The most axes a tensor may have.
pub const MOST_AXES: usize = 64;

/// A shape as messages write it: `[3, 4]`.
pub fn show(shape: &[usize]) -> String {
    format!("{shape:?}")
}

/// The number of elements of a shape.
///
/// # Errors
/// `OverflowError` beyond [`MOST_ELEMENTS`], or beyond the memory that is free.
pub fn count(shape: &[usize]) -> Result<usize, Raised> {
    let too_large = || Raised::overflow(format!("a tensor of shape {} is too large", show(shape)));
    if shape.len() > MOST_AXES {
        return Err(Raised::value(format!("a tensor has at most {MOST_AXES} axes, not {}", shape.len())));
    }
    // Sizes before a zero must not overflow either: the libraries below multiply them without looking.
    let beside_zero = shape.iter().filter(|&&size| size > 0).try_fold(1usize, |all, &size| all.checked_mul(size));
    let elements = match beside_zero {
        Some(elements) if elements <= MOST_ELEMENTS => shape.iter().product(),
        Some(_) | None => return Err(too_large()),
    };
    room::check(shape, elements as u64 * LEAST_BYTES)?;
    Ok(elements)
}

/// An empty vector with room for a shape's elements.
///
/// # Errors
/// `OverflowError` where there is no memory for them.
pub fn allocate<T>(shape: &[usize]) -> Result<Vec<T>, Raised> {
    let mut out = Vec::new();
    out.try_reserve_exact(count(shape)?)
        .map_err(|_| Raised::memory(format!("there is no memory for a tensor of shape {}", show(shape))))?;
    Ok(out)
}

/// A tensor of row-major elements.
///
/// # Errors
/// `ValueError` where their number is not the shape's.
pub fn tensor<T>(shape: &[usize], elements: Vec<T>) -> Result<Tensor<T>, Raised> {
    let found = elements.len();
    if count(shape)? != found {
        return Err(Raised::value(format!("{found} elements do not fill the shape {}", show(shape))));
    }
    match Tensor::from_shape_vec(IxDyn(shape), elements) {
        Ok(tensor) => Ok(tensor),
        Err(error) => Err(Raised::value(error.to_string())),
    }
}

/// [`tensor`], with rank 0 as a scalar.
///
/// # Errors
/// `ValueError` where their number is not the shape's.
pub fn assemble<T: Copy>(shape: &[usize], elements: Vec<T>) -> Result<Elements<T>, Raised> {
    tensor(shape, elements).map(Elements::from)
}

/// The shape that two shapes broadcast to, as in NumPy.
///
/// # Errors
/// `ValueError` naming both.
pub fn broadcast_shapes(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Raised> {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |at| shape[at]);
    let joined = (0..rank).map(|axis| match (size(a, axis), size(b, axis)) {
        (x, y) if x == y => Some(x),
        (1, y) => Some(y),
        (x, 1) => Some(x),
        (_, _) => None,
    });
    let mismatch = || Raised::value(format!("shapes {} and {} do not fit together", show(a), show(b)));
    let shape = joined.collect::<Option<Vec<usize>>>().ok_or_else(mismatch)?;
    count(&shape).map(|_| shape)
}

/// `x` broadcast to a shape.
///
/// # Errors
/// `ValueError` where it does not broadcast to it.
pub fn broadcast<T: Clone>(x: &Tensor<T>, shape: &[usize]) -> Result<Tensor<T>, Raised> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    let out: Vec<T> = allocate(shape)?;
    let view = x.broadcast(IxDyn(shape)).ok_or_else(|| cannot_broadcast(x.shape(), shape))?;
    gather_view(view, out)
}

fn cannot_broadcast(from: &[usize], to: &[usize]) -> Raised {
    Raised::value(format!("a tensor of shape {} cannot be broadcast to {}", show(from), show(to)))
}

/// A view's elements, row-major, in a tensor of their own.
fn gather_view<T: Clone>(view: ArrayView<'_, T, IxDyn>, mut out: Vec<T>) -> Result<Tensor<T>, Raised> {
    match view.as_slice() {
        Some(slice) => out.extend_from_slice(slice),
        None => out.extend(view.iter().cloned()),
    }
    tensor(view.shape(), out)
}

fn own<T: Clone>(view: ArrayView<'_, T, IxDyn>) -> Result<Tensor<T>, Raised> {
    let out = allocate(view.shape())?;
    gather_view(view, out)
}

/// Combines two operands elementwise, broadcast.
///
/// # Errors
/// `ValueError` where the shapes do not fit, and the first of `each`.
pub fn zip<T: Copy, U: Copy, V: Copy>(
    a: &Elements<T>,
    b: &Elements<U>,
    mut each: impl FnMut(T, U) -> Result<V, Raised>,
) -> Result<Elements<V>, Raised> {
    match (a, b) {
        (Elements::One(a), Elements::One(b)) => each(*a, *b).map(Elements::One),
        (Elements::One(a), Elements::Many(_)) => b.map(|b| each(*a, b)),
        (Elements::Many(_), Elements::One(b)) => a.map(|a| each(a, *b)),
        (Elements::Many(x), Elements::Many(y)) if x.shape() == y.shape() => {
            let mut out = allocate(x.shape())?;
            for (&x, &y) in a.as_slice().iter().zip(b.as_slice()) {
                out.push(each(x, y)?);
            }
            assemble(x.shape(), out)
        }
        (Elements::Many(x), Elements::Many(y)) => {
            let shape = broadcast_shapes(x.shape(), y.shape())?;
            let misfit = || Raised::value("shapes do not fit together");
            let x = x.broadcast(IxDyn(&shape)).ok_or_else(misfit)?;
            let y = y.broadcast(IxDyn(&shape)).ok_or_else(misfit)?;
            let mut out = allocate(&shape)?;
            for (&x, &y) in x.iter().zip(y.iter()) {
                out.push(each(x, y)?);
            }
            assemble(&shape, out)
        }
    }
}

/// One place of an index expression, its registers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// One position.
    At(i64),
    /// `start:stop:step`.
    Range(Option<i64>, Option<i64>, Option<i64>),
    /// A new axis of length one.
    NewAxis,
    /// As many whole axes as are left over.
    Rest,
}

/// What Python's `slice.indices` says: the first position, how many, and the step.
///
/// # Errors
/// `ValueError` for a step of zero.
pub fn clip(
    len: usize,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
) -> Result<(usize, usize, i64), Raised> {
    let (len, step) = (len as i128, i128::from(step.unwrap_or(1)));
    if step == 0 {
        return Err(Raised::value("slice step cannot be zero"));
    }
    let (lowest, highest) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let place = |bound: Option<i64>, default: i128| match bound.map(i128::from) {
        None => default,
        Some(at) if at < 0 => (at + len).max(lowest),
        Some(at) => at.min(highest),
    };
    let (start, stop) =
        if step > 0 { (place(start, 0), place(stop, len)) } else { (place(start, len - 1), place(stop, -1)) };
    let span = if step > 0 { stop - start } else { start - stop };
    let count = if span <= 0 { 0 } else { (span - 1) / step.abs() + 1 };
    // A step beyond the length takes one element, whatever its size.
    let step = step.clamp(-(len + 1), len + 1);
    Ok((start.max(0) as usize, count as usize, step as i64))
}

/// A position in a sequence of `len`, counted from the end where negative; `None` outside.
pub fn position(at: i64, len: usize) -> Option<usize> {
    let at = if at < 0 { i128::from(at) + len as i128 } else { i128::from(at) };
    usize::try_from(at).ok().filter(|&at| at < len)
}

/// An index expression resolved for a shape.
#[derive(Clone, Debug)]
pub struct Cuts(Vec<SliceInfoElem>);

fn whole() -> SliceInfoElem {
    SliceInfoElem::Slice { start: 0, end: None, step: 1 }
}

impl Cuts {
    /// Resolves places for a shape, with Python's clipping.
    ///
    /// # Errors
    /// `IndexError` for a position outside its axis or more places than axes; `ValueError` for a step of zero.
    pub fn new(places: &[Place], shape: &[usize]) -> Result<Cuts, Raised> {
        let used = places.iter().filter(|place| matches!(place, Place::At(_) | Place::Range(..))).count();
        let left = shape.len().checked_sub(used).ok_or_else(|| {
            Raised::index(format!(
                "{used} places for a tensor of shape {}, which has {} axes",
                show(shape),
                shape.len()
            ))
        })?;
        let mut cuts = Vec::with_capacity(shape.len() + 2);
        let (mut axis, mut rest) = (0, Some(left));
        for place in places {
            match *place {
                Place::At(at) => {
                    let found = position(at, shape[axis]).ok_or_else(|| out_of_range(at, axis, shape[axis]))?;
                    cuts.push(SliceInfoElem::Index(found as isize));
                    axis += 1;
                }
                Place::Range(start, stop, step) => {
                    cuts.push(slice(clip(shape[axis], start, stop, step)?));
                    axis += 1;
                }
                Place::NewAxis => cuts.push(SliceInfoElem::NewAxis),
                Place::Rest => {
                    let axes = rest.take().unwrap_or(0);
                    cuts.extend((0..axes).map(|_| whole()));
                    axis += axes;
                }
            }
        }
        cuts.extend((0..rest.unwrap_or(0)).map(|_| whole()));
        Ok(Cuts(cuts))
    }

    /// The shape of what is cut out of `x`.
    pub fn shape_in<T>(&self, x: &Tensor<T>) -> Vec<usize> {
        x.slice(self.0.as_slice()).shape().to_vec()
    }

    /// `x[…]`.
    ///
    /// # Errors
    /// `OverflowError` where there is no memory.
    pub fn take<T: Clone>(&self, x: &Tensor<T>) -> Result<Tensor<T>, Raised> {
        own(x.slice(self.0.as_slice()))
    }

    /// `x[…] = value`, broadcast; in place where nobody else holds `x`.
    ///
    /// # Errors
    /// `ValueError` where the value does not broadcast to the place. `x` is unchanged then.
    pub fn put<T: Clone>(&self, x: &mut Tensor<T>, value: &Tensor<T>) -> Result<(), Raised> {
        let shape = self.shape_in(x);
        let value = value.broadcast(IxDyn(&shape)).ok_or_else(|| cannot_broadcast(value.shape(), &shape))?;
        x.slice_mut(self.0.as_slice()).assign(&value);
        Ok(())
    }
}

/// `IndexError` as for `x[5]` of three elements.
pub fn out_of_range(at: i64, axis: usize, size: usize) -> Raised {
    Raised::index(format!("index {at} is out of range for axis {axis} of size {size}"))
}

/// A clipped range in the library's notation, which names the lowest and the highest and walks down from the highest where the
/// step is negative.
fn slice((first, count, step): (usize, usize, i64)) -> SliceInfoElem {
    let (first, step) = (first as isize, step as isize);
    match count {
        0 => SliceInfoElem::Slice { start: 0, end: Some(0), step: 1 },
        1 => SliceInfoElem::Slice { start: first, end: Some(first + 1), step: 1 },
        count if step > 0 => {
            SliceInfoElem::Slice { start: first, end: Some(first + (count as isize - 1) * step + 1), step }
        }
        count => SliceInfoElem::Slice { start: first + (count as isize - 1) * step, end: Some(first + 1), step },
    }
}

/// The shape a reshape leads to; one size may be -1.
///
/// # Errors
/// `ValueError` where the elements do not fill it.
pub fn reshaped(elements: usize, from: &[usize], sizes: &[i64]) -> Result<Vec<usize>, Raised> {
    let misfit = || Raised::value(format!("a tensor of shape {} cannot be reshaped to {sizes:?}", show(from)));
    if sizes.iter().filter(|&&size| size == -1).count() > 1 || sizes.iter().any(|&size| size < -1) {
        return Err(misfit());
    }
    let known: Vec<usize> = sizes.iter().filter(|&&size| size >= 0).map(|&size| size as usize).collect();
    let product = count(&known)?;
    let open = sizes.contains(&-1);
    let fits = if open { product > 0 && elements.is_multiple_of(product) } else { product == elements };
    if !fits {
        return Err(misfit());
    }
    Ok(sizes.iter().map(|&size| if size == -1 { elements / product } else { size as usize }).collect())
}

/// The same elements in another shape of as many.
///
/// # Errors
/// `ValueError` where the number differs.
pub fn reshape<T: Clone>(x: &Tensor<T>, shape: &[usize]) -> Result<Tensor<T>, Raised> {
    count(shape)?;
    x.clone().into_shape_with_order(IxDyn(shape)).map_err(|_| {
        Raised::value(format!("a tensor of shape {} cannot be reshaped to {}", show(x.shape()), show(shape)))
    })
}

/// The axes of a transposition; none given: reversed.
///
/// # Errors
/// `ValueError` where they are not a permutation.
pub fn permutation(rank: usize, axes: &[u32]) -> Result<Vec<usize>, Raised> {
    if axes.is_empty() {
        return Ok((0..rank).rev().collect());
    }
    let order: Vec<usize> = axes.iter().map(|&axis| axis as usize).collect();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted.into_iter().eq(0..rank) {
        return Ok(order);
    }
    Err(Raised::value(format!("{axes:?} is not an order of the axes of a tensor of rank {rank}")))
}

/// Axes in another order, which is a permutation.
///
/// # Errors
/// `OverflowError` where there is no memory.
pub fn transpose<T: Clone>(x: &Tensor<T>, order: &[usize]) -> Result<Tensor<T>, Raised> {
    own(x.view().permuted_axes(IxDyn(order)))
}

/// The axes of a reduction as flags, one an axis; none given: all of them.
///
/// # Errors
/// `ValueError` for an axis that does not exist or stands twice.
pub fn marked(rank: usize, axes: &[u32]) -> Result<Vec<bool>, Raised> {
    let mut marks = vec![axes.is_empty(); rank];
    for &axis in axes {
        match marks.get_mut(axis as usize) {
            Some(mark) if !*mark => *mark = true,
            Some(_) => return Err(Raised::value(format!("axis {axis} is given twice"))),
            None => return Err(no_axis(axis, rank)),
        }
    }
    Ok(marks)
}

/// `ValueError` for an axis that does not exist.
pub fn no_axis(axis: u32, rank: usize) -> Raised {
    Raised::value(format!("there is no axis {axis} in a tensor of rank {rank}"))
}

/// Checks what will be joined along an axis.
///
/// # Errors
/// `ValueError` naming the shapes that do not fit.
pub fn check_concat(shapes: &[&[usize]], axis: u32) -> Result<(), Raised> {
    let at = axis as usize;
    let Some((first, rest)) = shapes.split_first() else { return Err(Raised::value("nothing to join")) };
    if at >= first.len() {
        return Err(no_axis(axis, first.len()));
    }
    for shape in rest {
        let fits = shape.len() == first.len() && (0..first.len()).all(|i| i == at || shape[i] == first[i]);
        if !fits {
            return Err(Raised::value(format!(
                "shapes {} and {} cannot be joined along axis {axis}",
                show(first),
                show(shape)
            )));
        }
    }
    let total = shapes.iter().try_fold(0usize, |sum, shape| sum.checked_add(shape[at]));
    let mut joined = first.to_vec();
    joined[at] = total.ok_or_else(|| Raised::overflow("a tensor is too large"))?;
    count(&joined).map(|_| ())
}

/// Joins along an existing axis; see [`check_concat`].
///
/// # Errors
/// `ValueError` where the shapes do not fit.
pub fn concat<T: Clone>(parts: &[&Tensor<T>], axis: u32) -> Result<Tensor<T>, Raised> {
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    let joined = ndarray::concatenate(Axis(axis as usize), &views);
    joined.map(standard).map_err(|error| Raised::value(error.to_string()))
}

/// Checks what will be joined along a new first axis.
///
/// # Errors
/// `ValueError` naming the shapes that differ.
pub fn check_stack(shapes: &[&[usize]]) -> Result<(), Raised> {
    let Some((first, rest)) = shapes.split_first() else { return Err(Raised::value("nothing to stack")) };
    if let Some(other) = rest.iter().find(|shape| *shape != first) {
        return Err(Raised::value(format!(
            "shapes {} and {} cannot be stacked: they differ",
            show(first),
            show(other)
        )));
    }
    count(&[&[shapes.len()][..], first].concat()).map(|_| ())
}

/// Joins along a new first axis; see [`check_stack`].
///
/// # Errors
/// `ValueError` where the shapes differ.
pub fn stack<T: Clone>(parts: &[&Tensor<T>]) -> Result<Tensor<T>, Raised> {
    let shape = [&[parts.len()][..], parts.first().map_or(&[][..], |part| part.shape())].concat();
    let mut out = allocate(&shape)?;
    for part in parts {
        out.extend_from_slice(part.as_slice().unwrap_or_default());
    }
    tensor(&shape, out)
}

/// Positions along the first axis of `shape`, checked; see [`gather`].
///
/// # Errors
/// `IndexError` for a position outside, or a scalar.
pub fn positions(shape: &[usize], at: &[i64]) -> Result<Vec<usize>, Raised> {
    let Some(&size) = shape.first() else { return Err(Raised::index("a scalar has no entries to take")) };
    at.iter().map(|&at| position(at, size).ok_or_else(|| out_of_range(at, 0, size))).collect()
}

/// The entries of the first axis at checked positions, whose shape takes that axis' place.
///
/// # Errors
/// `OverflowError` where there is no memory.
pub fn gather<T: Clone>(x: &Tensor<T>, positions: &[usize], of_shape: &[usize]) -> Result<Tensor<T>, Raised> {
    let inner = &x.shape()[1..];
    let shape = [of_shape, inner].concat();
    let (mut out, row, elements) = (allocate(&shape)?, count(inner)?, x.as_slice().unwrap_or_default());
    for &at in positions {
        out.extend_from_slice(&elements[at * row..(at + 1) * row]);
    }
    tensor(&shape, out)
}

/// Replaces the entries of the first axis at checked positions by those of `value`, which has as many in all.
///
/// # Errors
/// `ValueError` where the sizes differ.
pub fn scatter<T: Clone>(x: &mut Tensor<T>, positions: &[usize], value: &Tensor<T>) -> Result<(), Raised> {
    let misfit = || Raised::value("the entries do not fit the tensor that they are put into");
    let row = count(x.shape().get(1..).unwrap_or_default())?;
    let value = value.as_slice().filter(|value| value.len() == positions.len() * row).ok_or_else(misfit)?;
    let elements = x.as_slice_mut().ok_or_else(misfit)?;
    for (entry, &at) in positions.iter().enumerate() {
        let to = elements.get_mut(at * row..(at + 1) * row).ok_or_else(misfit)?;
        to.clone_from_slice(&value[entry * row..(entry + 1) * row]);
    }
    Ok(())
}

/// Entry `at` of the first axis.
///
/// # Errors
/// `OverflowError` where there is no memory.
pub fn entry<T: Clone>(x: &Tensor<T>, at: usize) -> Result<Tensor<T>, Raised> {
    own(x.index_axis(Axis(0), at))
}

fn standard<T: Clone>(x: ndarray::Array<T, IxDyn>) -> Tensor<T> {
    if x.is_standard_layout() { x.into_shared() } else { x.as_standard_layout().into_owned().into_shared() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(shape: &[usize], elements: &[i64]) -> Tensor<i64> {
        tensor(shape, elements.to_vec()).unwrap()
    }

    #[test]
    fn shapes_broadcast_as_in_numpy() {
        assert_eq!(broadcast_shapes(&[3, 1], &[4]), Ok(vec![3, 4]));
        assert_eq!(broadcast_shapes(&[], &[2, 2]), Ok(vec![2, 2]));
        assert_eq!(broadcast_shapes(&[0], &[1]), Ok(vec![0]));
        let error = broadcast_shapes(&[3], &[4]).unwrap_err();
        assert_eq!(error.to_string(), "ValueError: shapes [3] and [4] do not fit together");
        assert!(broadcast_shapes(&[1 << 20, 1], &[1 << 20]).is_err());
        assert!(count(&[usize::MAX, 0, usize::MAX]).is_err());
    }

    #[test]
    fn slices_clip_as_in_python() {
        let x = t(&[5], &[0, 1, 2, 3, 4]);
        let cut = |start, stop, step| {
            let cuts = Cuts::new(&[Place::Range(start, stop, step)], &[5]).unwrap();
            cuts.take(&x).unwrap().iter().copied().collect::<Vec<_>>()
        };
        assert_eq!(cut(None, None, Some(-1)), [4, 3, 2, 1, 0]);
        assert_eq!(cut(Some(-3), None, None), [2, 3, 4]);
        assert_eq!(cut(Some(10), Some(-10), Some(-2)), [4, 2, 0]);
        assert_eq!(cut(Some(3), Some(1), None), [0; 0]);
        assert_eq!(cut(Some(1), Some(100), Some(3)), [1, 4]);
        assert_eq!(cut(Some(3), None, Some(-2)), [3, 1]);
        assert_eq!(cut(Some(-100), None, Some(-1)), [0; 0]);
        assert_eq!(cut(Some(3), None, Some(i64::MIN)), [3]);
        assert_eq!(cut(Some(i64::MIN), Some(i64::MAX), Some(i64::MAX)), [0]);
    }

    /// Against `list(range(size))[start:stop:step]`: `vm/tests/python/tables.py`.
    #[test]
    fn every_slice_is_pythons() {
        for line in include_str!("../../tests/python/slices.txt").lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let size: usize = words[0].parse().unwrap();
            let bound = |at: usize| words[at].parse::<i64>().ok();
            let x = t(&[size], &(0..size as i64).collect::<Vec<_>>());
            let cuts = Cuts::new(&[Place::Range(bound(1), bound(2), bound(3))], &[size]).unwrap();
            let found: Vec<String> = cuts.take(&x).unwrap().iter().map(i64::to_string).collect();
            assert_eq!(found.join(","), words[4], "{line}");
            let (first, count, step) = clip(size, bound(1), bound(2), bound(3)).unwrap();
            let places = (0..count as i64).map(|at| (first as i64 + at * step).to_string());
            assert_eq!(places.collect::<Vec<_>>().join(","), words[4], "{line}");
        }
    }

    #[test]
    fn places_cut_and_put() {
        let mut x = t(&[2, 3], &[1, 2, 3, 4, 5, 6]);
        let cuts = Cuts::new(&[Place::Rest, Place::At(-1)], &[2, 3]).unwrap();
        assert_eq!(cuts.take(&x).unwrap(), t(&[2], &[3, 6]));
        let keep = x.clone();
        cuts.put(&mut x, &t(&[], &[0])).unwrap();
        assert_eq!((x, keep), (t(&[2, 3], &[1, 2, 0, 4, 5, 0]), t(&[2, 3], &[1, 2, 3, 4, 5, 6])));
        let cuts = Cuts::new(&[Place::NewAxis, Place::At(0)], &[2, 3]).unwrap();
        assert_eq!(cuts.take(&t(&[2, 3], &[1, 2, 3, 4, 5, 6])).unwrap(), t(&[1, 3], &[1, 2, 3]));
        let error = Cuts::new(&[Place::At(5)], &[3]).unwrap_err();
        assert_eq!(error.to_string(), "IndexError: index 5 is out of range for axis 0 of size 3");
        assert!(Cuts::new(&[Place::At(0), Place::At(0)], &[3]).is_err());
    }

    #[test]
    fn shapes_are_changed_only_where_they_fit() {
        assert_eq!(reshaped(6, &[6], &[-1, 2]), Ok(vec![3, 2]));
        assert!(reshaped(6, &[6], &[4, -1]).is_err() && reshaped(0, &[0], &[0, -1]).is_err());
        assert_eq!(reshaped(0, &[0], &[3, 0]), Ok(vec![3, 0]));
        let x = t(&[2, 3], &[1, 2, 3, 4, 5, 6]);
        assert_eq!(transpose(&x, &permutation(2, &[]).unwrap()).unwrap(), t(&[3, 2], &[1, 4, 2, 5, 3, 6]));
        assert!(permutation(2, &[0, 0]).is_err() && marked(2, &[2]).is_err());
        assert_eq!(concat(&[&x, &x], 1).unwrap().shape(), [2, 6]);
        assert!(concat(&[&x, &x], 1).unwrap().is_standard_layout());
        assert_eq!(stack(&[&x, &x]).unwrap().shape(), [2, 2, 3]);
        assert_eq!(gather(&x, &positions(&[2, 3], &[-1, 0]).unwrap(), &[2]).unwrap(), t(&[2, 3], &[4, 5, 6, 1, 2, 3]));
        assert!(positions(&[2], &[2]).is_err());
        let (mut y, keep) = (x.clone(), x.clone());
        scatter(&mut y, &positions(&[2, 3], &[-1, 1]).unwrap(), &t(&[2, 3], &[7, 7, 7, 8, 9, 0])).unwrap();
        assert_eq!((y, x), (t(&[2, 3], &[1, 2, 3, 8, 9, 0]), keep));
    }
}
