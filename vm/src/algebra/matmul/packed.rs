//! The product by blocks, after Goto and van de Geijn, *Anatomy of High-Performance Matrix Multiplication*, TOMS 2008.
//!
//! Operands are copied in blocks into panels, in the order in which a register tile reads them: a panel of `b` stays in
//! the first-level cache while the block of `a`, in the second, passes by. Panels at the edges are as wide as the others,
//! so a tile never knows it is at one: what stands there from before meets rows and columns of the tile that are dropped.

use super::Dims;
use crate::algebra::{Domain, vector::vectorised};
use rayon::prelude::*;
use std::cell::Cell;
use std::ops::Range;

/// The inner kernel: a tile of the result held in registers over a stretch of `k`.
///
/// Packed elements are one or more 64-bit limbs, as suits the multiplication at hand. Panels hold for each index of `k`
/// first limb 0 of every row (of a panel of `a`; column, of `b`), then limb 1, and so on.
pub(super) trait Tile {
    /// What is multiplied.
    type Element: Domain;
    /// Rows of the tile.
    const ROWS: usize;
    /// Columns of the tile.
    const COLUMNS: usize;
    /// Limbs of an element.
    const LIMBS: usize;

    /// Limb `index` of an element of either operand.
    fn limb(value: Self::Element, index: usize) -> u64;

    /// The product of a panel of `a` and a panel of `b`, over at most [`DEPTH`] indices of `k`, row-major in `out`.
    fn multiply(a: &[u64], b: &[u64], out: &mut [Self::Element]);
}

/// Indices of `k` in a block. Kernels that carry lazily count on this bound.
pub(super) const DEPTH: usize = 256;
/// Rows of `a` in a block, about: 240 kB for a kernel of one limb, within the second-level cache.
const HEIGHT: usize = 120;
/// Columns of `b` in a block, about.
const WIDTH: usize = 512;
/// Elements of the largest tile.
const TILE: usize = 256;
/// Multiplications for which another thread is worth waking: about 50 µs of them.
const WORTH_A_THREAD: usize = 1 << 21;

/// `c += a · b`, over as many threads as the sizes deserve.
///
/// # Panics
/// Where the lengths of the slices do not match `dims`.
pub(super) fn matmul_add<T: Tile>(dims: Dims, a: &[T::Element], b: &[T::Element], c: &mut [T::Element]) {
    dims.check(a, b, c);
    if dims.m >= dims.n / 4 {
        by_bands(dims, a, c, |dims, a, c| on_one_thread::<T>(dims, a, b, dims.n, c));
    } else {
        by_columns(dims, b, c, |dims, b, stride, c| on_one_thread::<T>(dims, a, b, stride, c));
    }
}

fn threads(dims: Dims) -> usize {
    let work = dims.m.saturating_mul(dims.k).saturating_mul(dims.n);
    if work < 2 * WORTH_A_THREAD { 1 } else { rayon::current_num_threads().min(work / WORTH_A_THREAD) }
}

/// Runs `multiply` on bands of rows of `a` and `c`, a thread each.
pub(super) fn by_bands<D: Domain>(dims: Dims, a: &[D], c: &mut [D], multiply: impl Fn(Dims, &[D], &mut [D]) + Sync) {
    let threads = threads(dims);
    if threads == 1 {
        return multiply(dims, a, c);
    }
    let rows = dims.m.div_ceil(threads);
    let bands = a.par_chunks(rows * dims.k).zip(c.par_chunks_mut(rows * dims.n));
    bands.for_each(|(a, c)| multiply(Dims { m: c.len() / dims.n, ..dims }, a, c));
}

/// Runs `multiply` on stripes of columns of `b`, a thread each, for results with few rows.
///
/// `multiply` is given the stripe's sizes, `b` from the stripe's first column on, the elements from a row of `b` to the
/// next, and room for the stripe's result.
fn by_columns<D: Domain>(dims: Dims, b: &[D], c: &mut [D], multiply: impl Fn(Dims, &[D], usize, &mut [D]) + Sync) {
    let threads = threads(dims);
    if threads == 1 {
        return multiply(dims, b, dims.n, c);
    }
    let width = dims.n.div_ceil(threads);
    let starts: Vec<usize> = (0..dims.n).step_by(width).collect();
    let stripes: Vec<Vec<D>> = starts
        .par_iter()
        .map(|&start| {
            let stripe = Dims { n: width.min(dims.n - start), ..dims };
            let mut out = vec![D::ZERO; stripe.m * stripe.n];
            multiply(stripe, &b[start..], dims.n, &mut out);
            out
        })
        .collect();
    for (start, stripe) in starts.into_iter().zip(stripes) {
        let width = stripe.len() / dims.m;
        for (row, sum) in c.chunks_exact_mut(dims.n).zip(stripe.chunks_exact(width)) {
            row[start..start + width].iter_mut().zip(sum).for_each(|(c, &sum)| *c = c.add(sum));
        }
    }
}

thread_local! {
    /// The panels of `a` and of `b`, kept because fresh memory costs more than a small product.
    static PANELS: Cell<(Panels, Panels)> = const { Cell::new((Panels(Vec::new()), Panels(Vec::new()))) };
}

/// A cache line. Vectors that straddle two of them are read at half the speed.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([u64; 8]);

/// Memory for packed panels.
#[derive(Default)]
struct Panels(Vec<Line>);

impl Panels {
    /// Room for `len` words, with whatever stood there.
    fn room(&mut self, len: usize) -> &mut [u64] {
        self.0.resize(len.div_ceil(8), Line([0; 8]));
        &mut bytemuck::cast_slice_mut(&mut self.0)[..len]
    }
}

/// `c += a · b` where the rows of `b` are `stride` apart.
fn on_one_thread<T: Tile>(dims: Dims, a: &[T::Element], b: &[T::Element], stride: usize, c: &mut [T::Element]) {
    let (mut room_a, mut room_b) = PANELS.take();
    for columns in blocks(dims.n, WIDTH.next_multiple_of(T::COLUMNS)) {
        for depth in blocks(dims.k, DEPTH) {
            let panels_b = room_b.room(columns.len().next_multiple_of(T::COLUMNS) * depth.len() * T::LIMBS);
            vectorised(
                #[inline(always)]
                || pack_b::<T>(b, stride, &depth, &columns, panels_b),
            );
            for rows in blocks(dims.m, HEIGHT.next_multiple_of(T::ROWS)) {
                let panels_a = room_a.room(rows.len().next_multiple_of(T::ROWS) * depth.len() * T::LIMBS);
                vectorised(
                    #[inline(always)]
                    || pack_a::<T>(a, dims.k, &rows, &depth, panels_a),
                );
                let block = Block { rows, columns: columns.clone(), depth: depth.len(), stride: dims.n };
                block.multiply::<T>(panels_a, panels_b, c);
            }
        }
    }
    PANELS.set((room_a, room_b));
}

/// The ranges that cut `0..len` into pieces of `size`.
fn blocks(len: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..len).step_by(size).map(move |start| start..len.min(start + size))
}

/// A block of the result, and how deep a product is being added to it.
struct Block {
    rows: Range<usize>,
    columns: Range<usize>,
    depth: usize,
    /// Elements from a row of the result to the next.
    stride: usize,
}

impl Block {
    /// Adds the product of the packed blocks, tile by tile.
    fn multiply<T: Tile>(&self, panels_a: &[u64], panels_b: &[u64], c: &mut [T::Element]) {
        let mut tile = [T::Element::ZERO; TILE];
        let tile = &mut tile[..T::ROWS * T::COLUMNS];
        let panels_b = panels_b.chunks_exact(self.depth * T::COLUMNS * T::LIMBS);
        for (columns, panel_b) in blocks(self.columns.len(), T::COLUMNS).zip(panels_b) {
            let panels_a = panels_a.chunks_exact(self.depth * T::ROWS * T::LIMBS);
            for (rows, panel_a) in blocks(self.rows.len(), T::ROWS).zip(panels_a) {
                T::multiply(panel_a, panel_b, tile);
                for (i, row) in rows.zip(tile.chunks_exact(T::COLUMNS)) {
                    let start = (self.rows.start + i) * self.stride + self.columns.start + columns.start;
                    let out = &mut c[start..start + columns.len()];
                    out.iter_mut().zip(row).for_each(|(c, &product)| *c = c.add(product));
                }
            }
        }
    }
}

/// Packs `a[rows, depth]` into panels of [`Tile::ROWS`] rows.
#[inline(always)]
fn pack_a<T: Tile>(a: &[T::Element], stride: usize, rows: &Range<usize>, depth: &Range<usize>, panels: &mut [u64]) {
    let step = T::ROWS * T::LIMBS;
    for (panel, first) in panels.chunks_exact_mut(depth.len() * step).zip(rows.clone().step_by(T::ROWS)) {
        for i in first..rows.end.min(first + T::ROWS) {
            let row = &a[i * stride + depth.start..i * stride + depth.end];
            for (&value, slot) in row.iter().zip(panel.chunks_exact_mut(step)) {
                for limb in 0..T::LIMBS {
                    slot[limb * T::ROWS + i - first] = T::limb(value, limb);
                }
            }
        }
    }
}

/// Packs `b[depth, columns]` into panels of [`Tile::COLUMNS`] columns.
#[inline(always)]
fn pack_b<T: Tile>(b: &[T::Element], stride: usize, depth: &Range<usize>, columns: &Range<usize>, panels: &mut [u64]) {
    let step = T::COLUMNS * T::LIMBS;
    // Row by row, as memory is read fastest.
    for (index, p) in depth.clone().enumerate() {
        let row = &b[p * stride + columns.start..p * stride + columns.end];
        let (whole, edge) = row.split_at(row.len() - row.len() % T::COLUMNS);
        let mut slots = panels[index * step..].chunks_mut(depth.len() * step).map(|panel| &mut panel[..step]);
        // Whole slots apart from the edge: a width known when compiled makes straight vector code.
        for (row, slot) in whole.chunks_exact(T::COLUMNS).zip(&mut slots) {
            split::<T>(row, slot);
        }
        for slot in slots {
            split::<T>(edge, slot);
        }
    }
}

/// Packs a row of a panel of `b`.
#[inline(always)]
fn split<T: Tile>(row: &[T::Element], slot: &mut [u64]) {
    for (limb, slot) in slot.chunks_exact_mut(T::COLUMNS).enumerate() {
        slot.iter_mut().zip(row).for_each(|(slot, &value)| *slot = T::limb(value, limb));
    }
}
