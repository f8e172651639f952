//! Leaves and nodes of a circuit on planes of bits: 64 values a word, without communication.
//!
//! A product of sums of public and shared bits is public in the former and linear in dealt products of the latter. It is multiplied out
//! one factor at a time: with T\[S\] the shared product of the masks in S, T\[∅\] = 1, the factor E ⊕ a takes every
//! T\[S\] to T\[S ∪ a\] ⊕ E·T\[S\], which halves the table, until T\[∅\] is all there is. This is Beaver's trick for
//! several factors at once (as in ABY2.0, Patra, Schneider, Suresh and Yalame, USENIX Security 2021, section 3.1.5).

use crate::algebra::vector::vectorised;
use crate::correlated::circuit::{Gate, Node};

/// Words that are worked on together: a table of 16 stays in the first-level cache.
const LANE: usize = 64;

type Lane = [u64; LANE];

/// Planes of equal width, one after the other.
#[derive(Clone, Copy)]
pub struct PlaneList<'a> {
    /// Their words.
    pub words: &'a [u64],
    /// Words of a plane.
    pub width: usize,
}

impl<'a> PlaneList<'a> {
    /// Plane `index`.
    pub fn plane(&self, index: usize) -> &'a [u64] {
        &self.words[index * self.width..][..self.width]
    }

    #[inline(always)]
    fn load(&self, index: usize, start: usize, out: &mut Lane) {
        let len = LANE.min(self.width - start);
        out[..len].copy_from_slice(&self.words[index * self.width + start..][..len]);
    }
}

/// `t[s] = t[s + half] ⊕ e·t[s]` for s < half.
#[inline(always)]
fn fold(table: &mut [Lane; 16], half: usize, e: &Lane) {
    let (low, high) = table.split_at_mut(half);
    for (low, high) in low.iter_mut().zip(high) {
        low.iter_mut().zip(high).zip(e).for_each(|((low, high), e)| *low = *high ^ (e & *low));
    }
}

#[inline(always)]
fn xor(out: &mut Lane, x: &Lane) {
    out.iter_mut().zip(x).for_each(|(out, x)| *out ^= x);
}

/// One, as this player shares it.
fn one(leads: bool) -> Lane {
    [if leads { u64::MAX } else { 0 }; LANE]
}

#[inline(always)]
fn store(from: &Lane, start: usize, out: &mut [u64]) {
    let len = LANE.min(out.len().saturating_sub(start));
    out[start..start + len].copy_from_slice(&from[..len]);
}

/// What a player has of a pair: shares of less and equal, empty where nobody asks for one.
#[derive(Default)]
pub struct Pair {
    /// Whether the public part is below the mask's.
    pub less: Vec<u64>,
    /// Whether they are equal.
    pub equal: Vec<u64>,
}

/// The leaf on some bits: `monomials` are the dealt products of the mask's bits r (subset s is plane s − 1), `public` the planes of c.
///
/// From the top bit down P is the product of eᵢ = rᵢ ⊕ ¬cᵢ, whether all bits so far are equal; c is below r at bit i if ¬cᵢ·rᵢ·P,
/// which is ¬cᵢ·(eᵢP ⊕ P).
pub fn leaf(bits: usize, monomials: PlaneList<'_>, public: PlaneList<'_>, leads: bool) -> Pair {
    let mut pair = Pair { less: vec![0; public.width], equal: vec![0; public.width] };
    vectorised(
        #[inline(always)]
        || {
            let mut table = [[0; LANE]; 16];
            let mut not_c = [0; LANE];
            for start in (0..public.width).step_by(LANE) {
                table[0] = one(leads);
                (1..1 << bits).for_each(|s| monomials.load(s - 1, start, &mut table[s]));
                let mut less = [0; LANE];
                for bit in (0..bits).rev() {
                    public.load(bit, start, &mut not_c);
                    not_c.iter_mut().for_each(|word| *word = !*word);
                    let before = table[0];
                    fold(&mut table, 1 << bit, &not_c);
                    for i in 0..LANE {
                        less[i] ^= not_c[i] & (before[i] ^ table[0][i]);
                    }
                }
                store(&less, start, &mut pair.less);
                store(&table[0], start, &mut pair.equal);
            }
        },
    );
    pair
}

/// What a node is computed from, besides the public bits.
pub struct Operands<'a> {
    /// The first input's less, empty for a node that has none.
    pub first_less: &'a [u64],
    /// The node's masks.
    pub masks: PlaneList<'a>,
    /// The node's dealt products.
    pub dealt: PlaneList<'a>,
}

/// The node whose inputs were `opened` under its masks, in their order.
pub fn node(node: &Node, operands: &Operands<'_>, opened: PlaneList<'_>, leads: bool) -> Pair {
    let width = opened.width;
    let (wants_less, wants_equal) = (node.gate != Gate::Equal, node.gate != Gate::Less);
    let size = |wanted: bool| if wanted { width } else { 0 };
    let mut pair = Pair { less: vec![0; size(wants_less)], equal: vec![0; size(wants_equal)] };
    vectorised(
        #[inline(always)]
        || {
            let mut scratch = Scratch { equals: [[0; LANE]; 16], less: [[0; LANE]; 16], opened: [[0; LANE]; 8] };
            for start in (0..width).step_by(LANE) {
                scratch.load(node, operands, opened, start, leads);
                if wants_less {
                    let mut less = [0; LANE];
                    PlaneList { words: operands.first_less, width }.load(0, start, &mut less);
                    scratch.add_terms(node, operands, start, &mut less);
                    store(&less, start, &mut pair.less);
                }
                if wants_equal {
                    (0..node.equals()).rev().for_each(|i| fold(&mut scratch.equals, 1 << i, &scratch.opened[i]));
                    store(&scratch.equals[0], start, &mut pair.equal);
                }
            }
        },
    );
    pair
}

/// The tables of a lane.
struct Scratch {
    /// Products of the masks of equals, by set.
    equals: [Lane; 16],
    /// Products of the mask of a less with those.
    less: [Lane; 16],
    /// What was opened.
    opened: [Lane; 8],
}

impl Scratch {
    #[inline(always)]
    fn load(&mut self, node: &Node, operands: &Operands<'_>, opened: PlaneList<'_>, start: usize, leads: bool) {
        (0..node.opened()).for_each(|i| opened.load(i, start, &mut self.opened[i]));
        self.equals[0] = one(leads);
        let mut dealt = 0;
        for set in 1usize..1 << node.equals() {
            if set.is_power_of_two() {
                operands.masks.load(set.trailing_zeros() as usize, start, &mut self.equals[set]);
            } else {
                operands.dealt.load(dealt, start, &mut self.equals[set]);
                dealt += 1;
            }
        }
    }

    /// Adds e₀…e₍ⱼ₋₁₎lⱼ for each input j from the second on.
    #[inline(always)]
    fn add_terms(&mut self, node: &Node, operands: &Operands<'_>, start: usize, sum: &mut Lane) {
        let mut dealt = (1 << node.equals()) - 1 - node.equals();
        for input in node.lesses() {
            let at = node.equals() + input - 1;
            operands.masks.load(at, start, &mut self.less[0]);
            for set in 1..1 << input {
                operands.dealt.load(dealt, start, &mut self.less[set]);
                dealt += 1;
            }
            for set in 0..1 << input {
                let terms = self.less[set].iter_mut().zip(&self.opened[at]).zip(&self.equals[set]);
                terms.for_each(|((out, opened), equals)| *out ^= opened & equals);
            }
            (0..input).rev().for_each(|i| fold(&mut self.less, 1 << i, &self.opened[i]));
            xor(sum, &self.less[0]);
        }
    }
}
