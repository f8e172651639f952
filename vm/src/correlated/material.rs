//! What a lot consists of, how a player draws its part, and what the dealer makes of all parts.
//!
//! A lot has *masks*, uniform values that every player draws its share of, and *dealt* values, functions of the masks. Ring elements
//! are shared additively, planes of bits by exclusive or. Of dealt values all players but the last draw their share, too; the
//! last gets the difference to the value from the dealer: the correction.
//!
//! What players other than the last have of a lot is a part of their own stream, so it is independent of everything else. What the last
//! one gets is the dealt value less shares of which at least one is drawn by another, honest player: uniform and independent of
//! all that the others who may have joined it know. So any n − 1 players have, of a lot, uniform values that are independent of the masks' sums.

use super::circuit::{Circuit, Node};
use super::{Correlation, product};
use crate::algebra::{Domain, LengthError, bits, linear};
use crate::random::Stream;
use bits::Planes;

/// Ring elements and words of bit planes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Ring elements.
    pub ring: usize,
    /// Words of planes.
    pub words: usize,
}

/// How much of what a lot has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Masks.
    pub masks: Extent,
    /// Dealt values.
    pub dealt: Extent,
    /// Of the dealt ring elements, so many at the end are needed modulo 2^(8 · this many bytes) only.
    narrow: (usize, usize),
}

impl Layout {
    /// The layout of a lot.
    pub fn of<D: Domain>(lot: &Correlation) -> Self {
        let ring = |masks, dealt| Self {
            masks: Extent { ring: masks, words: 0 },
            dealt: Extent { ring: dealt, words: 0 },
            narrow: (0, 0),
        };
        match *lot {
            Correlation::Triple { len } => ring(2 * len, len),
            Correlation::SquarePair { len } => ring(len, len),
            Correlation::MatrixTriple { dims } => ring(dims.m * dims.k + dims.k * dims.n, dims.m * dims.n),
            Correlation::Truncation { bits, len } => {
                Self { narrow: (len, (bits as usize).div_ceil(8).min(D::BYTES)), ..ring(len, 2 * len) }
            }
            Correlation::Comparison { len, .. } | Correlation::Equality { len, .. } | Correlation::Bits { len, .. } => {
                lot.circuit().map_or(ring(0, 0), |circuit| Self::of_circuit(&circuit, len))
            }
        }
    }

    fn of_circuit(circuit: &Circuit, len: usize) -> Self {
        let width = bits::words_for(len);
        Self {
            masks: Extent { ring: len, words: circuit.masks * width },
            dealt: Extent { ring: circuit.outputs.len() * len, words: circuit.dealt * width },
            narrow: (0, 0),
        }
    }

    /// Bytes of the correction.
    pub fn correction_bytes<D: Domain>(&self) -> usize {
        (self.dealt.ring - self.narrow.0) * D::BYTES + self.narrow.0 * self.narrow.1 + self.dealt.words * 8
    }
}

/// Ring elements and planes: of a share, or of a value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Words<D> {
    /// Ring elements.
    pub ring: Vec<D>,
    /// Planes, one after the other.
    pub planes: Vec<u64>,
}

impl<D: Domain> Words<D> {
    fn zeros(extent: Extent) -> Self {
        Self { ring: vec![D::ZERO; extent.ring], planes: vec![0; extent.words] }
    }

    fn draw(stream: &mut Stream, extent: Extent) -> Self {
        let mut words = Self { ring: Vec::new(), planes: Vec::new() };
        words.refill(stream, extent);
        words
    }

    /// Replaces what was there, in the same memory where it fits.
    fn refill(&mut self, stream: &mut Stream, extent: Extent) {
        self.ring.resize(extent.ring, D::ZERO);
        self.planes.resize(extent.words, 0);
        stream.fill(&mut self.ring);
        stream.fill_words(&mut self.planes);
    }

    fn add(&mut self, other: &Self) {
        linear::add_assign(&mut self.ring, &other.ring);
        linear::xor_assign(&mut self.planes, &other.planes);
    }

    fn sub(&mut self, other: &Self) {
        linear::sub_assign(&mut self.ring, &other.ring);
        linear::xor_assign(&mut self.planes, &other.planes);
    }
}

/// A player's part of a lot.
#[derive(Clone, Default)]
pub struct Material<D> {
    /// Shares of masks.
    pub masks: Words<D>,
    /// Shares of dealt values.
    pub dealt: Words<D>,
}

impl<D: Domain> Material<D> {
    /// The part of a player that is not the last, drawn from the lot's stream.
    pub fn draw(lot: &Correlation, stream: &mut Stream) -> Self {
        Self::default().redraw(lot, stream)
    }

    /// The last player's part: masks from the lot's stream, the rest from the dealer.
    ///
    /// # Errors
    /// A correction of another length than the lot's.
    pub fn complete(lot: &Correlation, stream: &mut Stream, correction: &[u8]) -> Result<Self, LengthError> {
        Self::default().recomplete(lot, stream, correction)
    }

    /// [`Material::draw`] in the memory of a part that was used.
    pub fn redraw(mut self, lot: &Correlation, stream: &mut Stream) -> Self {
        let layout = Layout::of::<D>(lot);
        self.masks.refill(stream, layout.masks);
        self.dealt.refill(stream, layout.dealt);
        self
    }

    /// [`Material::complete`] in the memory of a part that was used.
    ///
    /// # Errors
    /// A correction of another length than the lot's.
    pub fn recomplete(
        mut self,
        lot: &Correlation,
        stream: &mut Stream,
        correction: &[u8],
    ) -> Result<Self, LengthError> {
        let layout = Layout::of::<D>(lot);
        decode_into(&layout, correction, &mut self.dealt)?;
        self.masks.refill(stream, layout.masks);
        Ok(self)
    }
}

/// What the dealer sends for a lot: `streams` are the lot's streams of all players, the last player's last.
pub fn correction<D: Domain>(lot: &Correlation, streams: &mut [Stream]) -> Vec<u8> {
    let layout = Layout::of::<D>(lot);
    let mut masks = Words::<D>::zeros(layout.masks);
    let last = streams.len().saturating_sub(1);
    let mut drawn = Words::zeros(layout.dealt);
    for (player, stream) in streams.iter_mut().enumerate() {
        masks.add(&Words::draw(stream, layout.masks));
        if player < last {
            drawn.add(&Words::draw(stream, layout.dealt));
        }
    }
    let mut dealt = derive(lot, &masks);
    dealt.sub(&drawn);
    encode(&layout, &dealt)
}

fn encode<D: Domain>(layout: &Layout, dealt: &Words<D>) -> Vec<u8> {
    let mut out = Vec::with_capacity(layout.correction_bytes::<D>());
    let (wide, narrow) = dealt.ring.split_at(dealt.ring.len() - layout.narrow.0);
    D::append_bytes(wide, &mut out);
    for value in narrow {
        out.extend_from_slice(&value.to_i128().to_le_bytes()[..layout.narrow.1]);
    }
    u64::append_bytes(&dealt.planes, &mut out);
    out
}

fn decode_into<D: Domain>(layout: &Layout, correction: &[u8], out: &mut Words<D>) -> Result<(), LengthError> {
    let expected = layout.correction_bytes::<D>();
    if correction.len() != expected {
        return Err(LengthError::Count { bytes: correction.len(), expected });
    }
    let (narrow, bytes) = layout.narrow;
    let wide = layout.dealt.ring - narrow;
    let (wide_bytes, rest) = correction.split_at(wide * D::BYTES);
    let (narrow_bytes, plane_bytes) = rest.split_at(narrow * bytes);
    out.ring.resize(layout.dealt.ring, D::ZERO);
    out.planes.resize(layout.dealt.words, 0);
    D::read_bytes(wide_bytes, &mut out.ring[..wide])?;
    let narrow = narrow_bytes.chunks_exact(bytes.max(1)).map(from_low_bytes::<D>);
    out.ring[wide..].iter_mut().zip(narrow).for_each(|(out, value)| *out = value);
    u64::read_bytes(plane_bytes, &mut out.planes)
}

/// The element that little-endian bytes, at most 16, stand for.
pub fn from_low_bytes<D: Domain>(bytes: &[u8]) -> D {
    let mut all = [0; 16];
    all[..bytes.len()].copy_from_slice(bytes);
    D::from_i128(i128::from_le_bytes(all))
}

/// The dealt values of masks: the dealer knows the sums of all shares.
pub fn derive<D: Domain>(lot: &Correlation, masks: &Words<D>) -> Words<D> {
    let ring = |ring| Words { ring, planes: Vec::new() };
    match *lot {
        Correlation::Triple { len } => {
            let (a, b) = masks.ring.split_at(len);
            ring(linear::mul(a, b))
        }
        Correlation::SquarePair { .. } => ring(linear::map(&masks.ring, |a| a.mul(a))),
        Correlation::MatrixTriple { dims } => {
            let (a, b) = masks.ring.split_at(dims.m * dims.k);
            ring(product(dims, a, b))
        }
        Correlation::Truncation { bits, .. } => {
            let mut dealt = linear::map(&masks.ring, move |r| r.shr(bits));
            dealt.extend(masks.ring.iter().map(|r| D::from_bool(r.msb())));
            ring(dealt)
        }
        Correlation::Comparison { len, .. } | Correlation::Equality { len, .. } | Correlation::Bits { len, .. } => {
            lot.circuit().map(|circuit| derive_circuit(&circuit, len, masks)).unwrap_or_default()
        }
    }
}

fn derive_circuit<D: Domain>(circuit: &Circuit, len: usize, masks: &Words<D>) -> Words<D> {
    let width = bits::words_for(len);
    let mut planes = Vec::with_capacity(circuit.dealt * width);
    let r = Planes::of(&masks.ring);
    // Groups and nodes number their dealt planes in the order in which they were made: the sign's group comes last.
    let mut parts: Vec<(usize, Vec<u64>)> = Vec::new();
    for group in &circuit.groups {
        let bit = |index: usize| r.plane(group.low as usize + index).to_vec();
        parts.push((group.dealt, subsets(group.bits, width, bit)));
    }
    for node in circuit.layers.iter().flatten() {
        parts.push((node.dealt, products_of_masks(node, width, &masks.planes)));
    }
    parts.sort_by_key(|(at, _)| *at);
    parts.iter().for_each(|(_, part)| planes.extend_from_slice(part));
    let outputs = masks.planes[(circuit.masks - circuit.outputs.len()) * width..].chunks(width.max(1));
    let ring = outputs.flat_map(|plane| bits::unpack::<D>(plane, len)).collect();
    Words { ring, planes }
}

/// The products of all subsets but the empty one of some planes.
fn subsets(count: usize, width: usize, plane: impl Fn(usize) -> Vec<u64>) -> Vec<u64> {
    let mut out: Vec<u64> = Vec::with_capacity(((1 << count) - 1) * width);
    for index in 0..count {
        let new = plane(index);
        let below = out.len();
        out.extend_from_slice(&new);
        for at in (0..below).step_by(width.max(1)) {
            let start = out.len();
            out.extend_from_within(at..at + width);
            linear::and_assign(&mut out[start..], &new);
        }
    }
    out
}

fn products_of_masks(node: &Node, width: usize, masks: &[u64]) -> Vec<u64> {
    let mask = |index: usize| &masks[(node.masks + index) * width..][..width];
    let mut out = Vec::with_capacity(node.products().count() * width);
    for product in node.products() {
        let start = out.len();
        let equals = (0..node.equals()).filter(|index| product.equals >> index & 1 == 1);
        // Masks of less follow those of equals, and are numbered from input 1.
        let factors = equals.chain(product.less.map(|input| node.equals() + input - 1));
        out.resize(start + width, u64::MAX);
        factors.for_each(|index| linear::and_assign(&mut out[start..], mask(index)));
    }
    out
}
