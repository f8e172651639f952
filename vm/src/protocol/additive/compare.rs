//! Comparison, equality and bit decomposition: masked opening, a circuit on shared bits, and back into the ring.
//!
//! The dealer deals r uniform modulo 2^k with its bits (edaBits: Escudero, Ghosh, Keller, Rachuri and Scholl, CRYPTO 2020), shared by exclusive or
//! and as products within groups of four. The players open c = x + r mod 2^k; with r uniform c is, too. What is left is the borrow of c − r
//! ([`circuit`](crate::correlated::circuit)): a comparison of a public with a shared number, as in Catrina and de Hoogh, *Improved primitives for
//! secure multiparty integer computation*, SCN 2010, but with leaves of four bits that cost nothing and nodes of four inputs in a
//! round each ([`gates`](super::gates)). A node opens its inputs under masks that are used once, so uniform bits.
//!
//! Last, a result bit z goes into the ring by a daBit (Rotaru and Wood, INDOCRYPT 2019): t is dealt as a bit and as a ring element, z ⊕ t
//! is opened, and z = (z ⊕ t) + t − 2(z ⊕ t)t is linear in t.
//!
//! At ℓ = 64: 16 groups, 4 nodes (27 bits opened), 1 node (6 bits), a daBit: 4 rounds and 8 + 34/8 = 12.25 bytes a value to each other player.
//!
//! *Why not function secret sharing* (Boyle et al., ePrint 2020/1392): it compares in one round and 16 bytes, but from about 1.6 kB of key a value,
//! that is 1.6 GB for a million comparisons from the dealer to the players, and some 128 calls of a block cipher a value each. That is right where a round costs 40 ms
//! and the dealer works ahead; here the material is a few dozen bytes to one player, and four rounds cost a fifth of a millisecond.

use super::bitstring::Bitstring;
use super::flat::{Joined, blocks};
use super::gates::{self, Operands, Pair, PlaneList};
use super::multiply::shares;
use super::open::{gather, malformed, send};
use super::{Additive, pipeline};
use crate::algebra::bits::{Planes, words_for};
use crate::algebra::{Domain, LengthError, linear, vector::vectorised};
use crate::correlated::circuit::{Circuit, Node, Output};
use crate::correlated::material::{Material, from_low_bytes};
use crate::correlated::{Correlation, Draws, Ticket};
use crate::net::Operation;
use crate::protocol::{Fault, Lane, Share};
use std::collections::VecDeque;
use std::ops::Range;

/// Runs a circuit on every value: results in order of values, then of outputs, in tensors of the shapes that `shape` makes of those
/// of the values.
pub async fn run<D: Domain>(
    additive: &Additive<D>,
    lane: &Lane<'_>,
    circuit: &Circuit,
    lots: impl Fn(usize) -> Vec<Correlation>,
    values: &[Share<D>],
    shape: impl Fn(&[usize]) -> Vec<usize>,
) -> Result<Vec<Share<D>>, Fault> {
    let xs = Joined::of(values);
    let lots = lots(xs.len());
    let blocks = blocks(xs.len(), lots.first().map_or(1, Correlation::len));
    let tickets = additive.allot(lane, lots, Draws::OneATurn).await?;
    let results = Vec::with_capacity(xs.len() * circuit.outputs.len());
    let mut work = Work { additive, circuit, xs, blocks, tickets, results };
    let (count, stages) = (work.blocks.len(), circuit.layers.len() + 3);
    pipeline::run(lane, count, stages, |lane, stage, index, block| work.step(lane, stage, index, block)).await?;
    let shapes: Vec<Vec<usize>> = values.iter().map(|value| shape(value.shape())).collect();
    shares(work.results, shapes.iter().map(Vec::as_slice))
}

/// A block on its way.
struct Block<D> {
    len: usize,
    material: Material<D>,
    /// Shares of the masked values, until they are opened.
    masked: Vec<D>,
    /// Shares of masked bits, until they are opened.
    bits: Bitstring,
    /// Shares of cⱼ ⊕ rⱼ of each output that is a bit j.
    halves: Vec<Vec<u64>>,
    pairs: Vec<Pair>,
}

impl<D> Block<D> {
    fn masks(&self) -> PlaneList<'_> {
        PlaneList { words: &self.material.masks.planes, width: words_for(self.len) }
    }

    /// Dealt planes from number `first` on.
    fn dealt(&self, first: usize) -> PlaneList<'_> {
        let width = words_for(self.len);
        PlaneList { words: &self.material.dealt.planes[first * width..], width }
    }
}

struct Work<'a, D: Domain> {
    additive: &'a Additive<D>,
    circuit: &'a Circuit,
    xs: Joined<'a, D>,
    blocks: Vec<Range<usize>>,
    tickets: VecDeque<Ticket>,
    results: Vec<D>,
}

impl<D: Domain> Work<'_, D> {
    fn step(
        &mut self,
        lane: &Lane<'_>,
        stage: usize,
        index: usize,
        left: Option<Block<D>>,
    ) -> Result<Option<Block<D>>, Fault> {
        let layers = self.circuit.layers.len();
        let Some(mut block) = left else {
            return if stage == 0 { self.mask(lane, index).map(Some) } else { Ok(None) };
        };
        if stage == layers + 2 {
            return self.finish(lane, block).map(|()| None);
        }
        match stage.checked_sub(2) {
            None => self.unmask(lane, &mut block)?,
            Some(layer) => self.combine(lane, &mut block, layer)?,
        }
        match self.circuit.layers.get(stage - 1) {
            Some(layer) => block.bits = self.inputs(&block, layer),
            None => block.bits = self.results(&block),
        }
        block.bits.send(lane, self.operation(stage))?;
        Ok(Some(block))
    }

    /// What a stage sends, and the next one receives.
    fn operation(&self, stage: usize) -> Operation {
        if stage > self.circuit.layers.len() { Operation::Convert } else { Operation::Compare }
    }

    fn leads(&self) -> bool {
        self.additive.me == 0
    }

    /// Sends x + r modulo 2^width.
    fn mask(&mut self, lane: &Lane<'_>, index: usize) -> Result<Block<D>, Fault> {
        let material = self.additive.draw(lane, &mut self.tickets)?;
        let masked = linear::add(&self.xs.range(self.blocks[index].clone()), &material.masks.ring);
        send_low(lane, self.circuit.width, &masked)?;
        let len = masked.len();
        Ok(Block { len, material, masked, bits: Bitstring::default(), halves: vec![], pairs: vec![] })
    }

    /// Opens c and compares group by group.
    fn unmask(&self, lane: &Lane<'_>, block: &mut Block<D>) -> Result<(), Fault> {
        let opened = gather_low(lane, self.circuit.width, std::mem::take(&mut block.masked))?;
        let c = Planes::of(&opened);
        let width = words_for(block.len);
        let leaves = self.circuit.leaves.iter().map(|leaf| {
            let group = &self.circuit.groups[leaf.group];
            let public = PlaneList { words: &c.words()[group.low as usize * width..], width };
            gates::leaf(leaf.bits, block.dealt(group.dealt), public, self.leads())
        });
        let pairs = leaves.collect();
        block.halves = self.circuit.outputs.iter().map(|output| self.half(block, &c, output)).collect();
        block.pairs = pairs;
        Ok(())
    }

    fn half(&self, block: &Block<D>, c: &Planes, output: &Output) -> Vec<u64> {
        let Output::Bit { bit, group, .. } = *output else { return Vec::new() };
        let group = &self.circuit.groups[group];
        let alone = (1 << (bit - group.low)) - 1;
        let mut half = block.dealt(group.dealt).plane(alone).to_vec();
        if self.leads() {
            linear::xor_assign(&mut half, c.plane(bit as usize));
        }
        half
    }

    /// The masked inputs of a layer's nodes.
    fn inputs(&self, block: &Block<D>, layer: &[Node]) -> Bitstring {
        let masks = block.masks();
        let mut bits = Bitstring::with_capacity(layer.iter().map(Node::opened).sum(), block.len);
        for node in layer {
            let equals = node.inputs[..node.equals()].iter().map(|&input| &block.pairs[input].equal);
            let lesses = node.lesses().map(|input| &block.pairs[node.inputs[input]].less);
            (node.masks..).zip(equals.chain(lesses)).for_each(|(mask, bit)| bits.push(bit, masks.plane(mask)));
        }
        bits
    }

    /// Opens what a layer's nodes take, and computes them.
    fn combine(&self, lane: &Lane<'_>, block: &mut Block<D>, layer: usize) -> Result<(), Fault> {
        let opened = std::mem::take(&mut block.bits).gather(lane, self.operation(layer + 1))?;
        let width = words_for(block.len);
        let mut at = 0;
        for node in &self.circuit.layers[layer] {
            let masks = PlaneList { words: &block.masks().words[node.masks * width..], width };
            let first_less = &block.pairs[node.inputs[0]].less;
            let operands = Operands { first_less, masks, dealt: block.dealt(node.dealt) };
            let public = PlaneList { words: &opened[at * width..], width };
            let pair = gates::node(node, &operands, public, self.leads());
            block.pairs.push(pair);
            at += node.opened();
        }
        Ok(())
    }

    /// The masked results.
    fn results(&self, block: &Block<D>) -> Bitstring {
        let masks = block.masks();
        let first = self.circuit.masks - self.circuit.outputs.len();
        let mut bits = Bitstring::with_capacity(self.circuit.outputs.len(), block.len);
        for (index, output) in self.circuit.outputs.iter().enumerate() {
            let mask = masks.plane(first + index);
            match *output {
                Output::Equal(pair) => bits.push(&block.pairs[pair].equal, mask),
                Output::Bit { borrow: None, .. } => bits.push(&block.halves[index], mask),
                Output::Bit { borrow: Some(pair), .. } => {
                    bits.push(&linear::xor(&block.halves[index], &block.pairs[pair].less), mask);
                }
            }
        }
        bits
    }

    /// Opens the masked results and takes them into the ring.
    fn finish(&mut self, lane: &Lane<'_>, mut block: Block<D>) -> Result<(), Fault> {
        let opened = std::mem::take(&mut block.bits).gather(lane, Operation::Convert)?;
        let (outputs, leads) = (self.circuit.outputs.len(), self.leads());
        let start = self.results.len();
        self.results.resize(start + block.len * outputs, D::ZERO);
        let out = &mut self.results[start..];
        let dealt = &block.material.dealt.ring;
        if outputs == 1 {
            into_ring(&opened, dealt, leads, out);
        } else {
            interleave_into_ring(&opened, dealt, leads, outputs, out);
        }
        self.additive.recycle(block.material);
        Ok(())
    }
}

/// [`into_ring`] of several outputs, the outputs of an element side by side: in tiles of 64 elements, which stay in the cache.
fn interleave_into_ring<D: Domain>(planes: &[u64], dealt: &[D], leads: bool, outputs: usize, out: &mut [D]) {
    let len = out.len() / outputs;
    let mut column = [D::ZERO; 64];
    for (word, tile) in out.chunks_mut(64 * outputs).enumerate() {
        let count = tile.len() / outputs;
        for index in 0..outputs {
            let bits = planes[index * words_for(len) + word];
            let dealt = &dealt[index * len + 64 * word..][..count];
            into_ring(&[bits], dealt, leads, &mut column[..count]);
            tile[index..].iter_mut().step_by(outputs).zip(&column).for_each(|(out, z)| *out = *z);
        }
    }
}

/// z = u + t − 2ut for opened u and a share of t.
fn into_ring<D: Domain>(bits: &[u64], dealt: &[D], leads: bool, out: &mut [D]) {
    vectorised(
        #[inline(always)]
        || {
            for ((&word, dealt), out) in bits.iter().zip(dealt.chunks(64)).zip(out.chunks_mut(64)) {
                for (i, (&t, out)) in (0u32..).zip(dealt.iter().zip(out)) {
                    let u = D::from_u64(word >> i & 1);
                    // −t is the complement of t, plus 1.
                    let all = u.neg();
                    *out = t.xor(all).sub(all).add(if leads { u } else { D::ZERO });
                }
            }
        },
    );
}

/// Sends the lowest `width` bits of shares, in whole bytes.
fn send_low<D: Domain>(lane: &Lane<'_>, width: u32, own: &[D]) -> Result<(), Fault> {
    let bytes = width.div_ceil(8) as usize;
    if bytes == D::BYTES {
        return send(lane, Operation::Compare, own);
    }
    let mut payload = Vec::with_capacity(own.len() * bytes);
    own.iter().for_each(|share| payload.extend_from_slice(&share.to_i128().to_le_bytes()[..bytes]));
    Ok(lane.broadcast(Operation::Compare, payload.into())?)
}

/// Opens values modulo 2^(8 · bytes of `width` bits).
fn gather_low<D: Domain>(lane: &Lane<'_>, width: u32, mut own: Vec<D>) -> Result<Vec<D>, Fault> {
    let bytes = width.div_ceil(8) as usize;
    if bytes == D::BYTES {
        return gather(lane, Operation::Compare, own);
    }
    for (peer, payload) in lane.gather(Operation::Compare)? {
        if payload.len() != own.len() * bytes {
            let error = LengthError::Count { bytes: payload.len(), expected: own.len() * bytes };
            return Err(malformed(lane, peer, Operation::Compare, &error));
        }
        let shares = payload.chunks_exact(bytes).map(from_low_bytes::<D>);
        own.iter_mut().zip(shares).for_each(|(own, share)| *own = own.add(share));
    }
    Ok(own)
}
