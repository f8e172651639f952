//! The Boolean circuits of comparison, equality and bit decomposition, as lists that dealer and players both follow.
//!
//! A number is opened under a mask: c = x + r mod 2^width is public, the bits of r are shared. Then x = c − r, and bit j of x is
//! c_j ⊕ r_j ⊕ (borrow into j), where the borrow is 1 exactly if (c mod 2^j) < (r mod 2^j); and x = 0 exactly if c = r.
//!
//! The bits below j are cut into *groups* of at most four. Of each group the products of all subsets of its bits of r are dealt, so that
//! `less` (c's part is below r's) and `equal` of the group, which are polynomials in r's bits with coefficients that are public once c is,
//! need no communication: these are the *leaves*. A *node* takes up to four such pairs, the most significant first, to one:
//! less = l₀ ⊕ e₀l₁ ⊕ e₀e₁l₂ ⊕ e₀e₁e₂l₃ and equal = e₀e₁e₂e₃. (At most one term is 1, so ⊕ is ∨.) A *layer* of nodes is one round.
//!
//! Pairs are numbered through: the leaves first, then the nodes of each layer.

/// Bits of a group of leaves, and inputs of a node, at most.
const FAN: usize = 4;

/// Consecutive bits of the mask, all products of which are dealt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its least significant bit.
    pub low: u32,
    /// How many bits, 1 to 4.
    pub bits: usize,
    /// The first of its dealt planes: subset s of its bits, as a number, is plane `dealt + s − 1`.
    pub dealt: usize,
}

/// The comparison of the lowest bits of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The group.
    pub group: usize,
    /// How many of its bits, from the least significant.
    pub bits: usize,
}

/// What a node gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Less alone.
    Less,
    /// Less and equal.
    Both,
    /// Equal alone.
    Equal,
}

/// The combination of up to four pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it gives.
    pub gate: Gate,
    /// The pairs it takes, the most significant first.
    pub inputs: Vec<usize>,
    /// The first of its planes of masks: of `equals()` inputs' equal, then of the less of each input but the first.
    pub masks: usize,
    /// The first of its dealt planes: see [`Node::products`].
    pub dealt: usize,
}

/// A product of masks of a node: of the equals in the set `equals` (input i is bit i), and of the less of an input, if one is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProductOfMasks {
    /// Which equals.
    pub equals: usize,
    /// Which less: an input's number, from 1.
    pub less: Option<usize>,
}

impl Node {
    /// How many inputs' `equal` it uses: the first so many.
    pub fn equals(&self) -> usize {
        match self.gate {
            Gate::Less => self.inputs.len() - 1,
            Gate::Both | Gate::Equal => self.inputs.len(),
        }
    }

    /// The inputs whose `less` is opened: all but the first, whose enters the result as it is.
    pub fn lesses(&self) -> std::ops::Range<usize> {
        match self.gate {
            Gate::Less | Gate::Both => 1..self.inputs.len(),
            Gate::Equal => 0..0,
        }
    }

    /// How many bits it opens, and so how many masks it has.
    pub fn opened(&self) -> usize {
        self.equals() + self.lesses().len()
    }

    /// The products of two and more masks that are dealt, in order.
    pub fn products(&self) -> impl Iterator<Item = ProductOfMasks> {
        let equals = (1..1usize << self.equals()).filter(|equals| equals.count_ones() > 1);
        let alone = equals.map(|equals| ProductOfMasks { equals, less: None });
        let with = |less| (1..1usize << less).map(move |equals| ProductOfMasks { equals, less: Some(less) });
        alone.chain(self.lesses().flat_map(with))
    }
}

/// A bit that the circuit gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Bit `bit` of x.
    Bit {
        /// Which.
        bit: u32,
        /// The group that holds it.
        group: usize,
        /// The pair whose `less` is the borrow into it; none at bit 0.
        borrow: Option<usize>,
    },
    /// The `equal` of a pair.
    Equal(usize),
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// The modulus of c = x + r is 2^width.
    pub width: u32,
    /// The groups, from the least significant.
    pub groups: Vec<Group>,
    /// The leaves.
    pub leaves: Vec<Leaf>,
    /// The nodes, a layer a round.
    pub layers: Vec<Vec<Node>>,
    /// The results; each takes one more mask plane, after those of the nodes, for its way into the ring.
    pub outputs: Vec<Output>,
    /// Planes of masks, those of the outputs last.
    pub masks: usize,
    /// Dealt planes.
    pub dealt: usize,
}

impl Circuit {
    /// The sign of a number of `width` bits, 1 to the ring's: its top bit.
    pub fn less_than_zero(width: u32) -> Self {
        let mut circuit = Self::grouped(width, width - 1);
        let leaves = circuit.groups.len();
        circuit.leaves = (0..leaves).map(|group| Leaf { group, bits: circuit.groups[group].bits }).collect();
        let borrow = circuit.tree(Gate::Both, Gate::Less);
        let group = circuit.add_group(width - 1, 1);
        circuit.finish(vec![Output::Bit { bit: width - 1, group, borrow }])
    }

    /// Whether a number of `width` bits is zero.
    pub fn equal_to_zero(width: u32) -> Self {
        let mut circuit = Self::grouped(width, width);
        circuit.leaves =
            (0..circuit.groups.len()).map(|group| Leaf { group, bits: circuit.groups[group].bits }).collect();
        let all = circuit.tree(Gate::Equal, Gate::Equal);
        let outputs = all.into_iter().map(Output::Equal).collect();
        circuit.finish(outputs)
    }

    /// The lowest `bits` bits of a number.
    pub fn decomposition(bits: u32) -> Self {
        let mut circuit = Self::grouped(bits, bits);
        let leaf = |group| (1..=FAN).map(move |bits| Leaf { group, bits });
        circuit.leaves = (0..circuit.groups.len()).flat_map(leaf).collect();
        // Leaves past the end of a short last group are never used, nor those of the last group's own borrow.
        circuit.leaves.retain(|leaf| leaf.bits <= circuit.groups[leaf.group].bits);
        let chains = (0..bits).map(|bit| Chain { start: 0, end: bit }).collect::<Vec<_>>();
        let borrows = circuit.prefixes(&chains);
        let output = |(bit, borrow)| Output::Bit { bit, group: (bit / FAN as u32) as usize, borrow };
        let outputs = (0..bits).zip(borrows).map(output).collect();
        circuit.finish(outputs)
    }

    /// Groups over the lowest `bits` bits.
    fn grouped(width: u32, bits: u32) -> Self {
        let empty = Vec::new;
        let mut circuit =
            Self { width, groups: vec![], leaves: vec![], layers: empty(), outputs: vec![], masks: 0, dealt: 0 };
        for low in (0..bits).step_by(FAN) {
            circuit.add_group(low, (bits - low).min(FAN as u32) as usize);
        }
        circuit
    }

    fn add_group(&mut self, low: u32, bits: usize) -> usize {
        self.groups.push(Group { low, bits, dealt: self.dealt });
        self.dealt += (1 << bits) - 1;
        self.groups.len() - 1
    }

    /// How many pairs there are so far.
    fn pairs(&self) -> usize {
        self.leaves.len() + self.layers.iter().map(Vec::len).sum::<usize>()
    }

    fn node(&mut self, gate: Gate, inputs: Vec<usize>) -> Node {
        let node = Node { gate, inputs, masks: self.masks, dealt: self.dealt };
        self.masks += node.opened();
        self.dealt += node.products().count();
        node
    }

    /// Combines all leaves by layers of nodes; returns the last pair. `rightmost` is the gate of the least significant node of each
    /// layer, of which nobody asks `equal`.
    fn tree(&mut self, gate: Gate, rightmost: Gate) -> Option<usize> {
        // From the least significant.
        let mut row: Vec<usize> = (0..self.leaves.len()).collect();
        while row.len() > 1 {
            let first = self.pairs();
            let mut layer = Vec::new();
            let mut above = Vec::new();
            for (index, inputs) in row.chunks(FAN).enumerate() {
                if let [only] = inputs {
                    above.push(*only);
                    continue;
                }
                above.push(first + layer.len());
                let gate = if index == 0 { rightmost } else { gate };
                let node = self.node(gate, inputs.iter().rev().copied().collect());
                layer.push(node);
            }
            self.layers.push(layer);
            row = above;
        }
        row.pop()
    }

    /// The pair of the lowest bits up to `end`, for each chain, by prefixes of four groups, of four times four, and so on.
    fn prefixes(&mut self, chains: &[Chain]) -> Vec<Option<usize>> {
        let mut spans = Spans::of_leaves(self);
        let top = chains.iter().map(|chain| chain.end).max().unwrap_or(0);
        // Bits that a finished prefix of each level spans.
        let mut block = FAN as u32;
        let too_long = |spans: &Spans, chain: &Chain| spans.cover(chain.start, chain.end).len() > FAN;
        while chains.iter().any(|chain| too_long(&spans, chain)) {
            let wanted = (0..top).step_by(block as usize * FAN).flat_map(|start| {
                let ends = (2..=FAN as u32).map(move |count| start + count * block);
                ends.filter(|&end| end <= top).map(move |end| Chain { start, end })
            });
            let wanted: Vec<_> = wanted.collect();
            self.layer_of(&mut spans, &wanted, Gate::Both);
            block *= FAN as u32;
        }
        self.layer_of(&mut spans, chains, Gate::Less);
        chains.iter().map(|chain| spans.find(chain.start, chain.end)).collect()
    }

    /// A layer that makes pairs for the chains that are not there yet, each of as few spans as there are.
    fn layer_of(&mut self, spans: &mut Spans, chains: &[Chain], gate: Gate) {
        let first = self.pairs();
        let mut layer = Vec::new();
        let known = spans.clone();
        for chain in chains.iter().filter(|chain| chain.end > chain.start) {
            if known.find(chain.start, chain.end).is_none() {
                let inputs = known.cover(chain.start, chain.end);
                spans.0.push((chain.start, chain.end, first + layer.len()));
                let node = self.node(gate, inputs);
                layer.push(node);
            }
        }
        if !layer.is_empty() {
            self.layers.push(layer);
        }
    }

    fn finish(mut self, outputs: Vec<Output>) -> Self {
        self.masks += outputs.len();
        self.outputs = outputs;
        self
    }
}

/// Bits `start` to before `end`.
#[derive(Clone, Copy, Debug)]
struct Chain {
    start: u32,
    end: u32,
}

/// Which bits a pair spans: start, end, pair.
#[derive(Clone)]
struct Spans(Vec<(u32, u32, usize)>);

impl Spans {
    fn of_leaves(circuit: &Circuit) -> Self {
        let span = |(pair, leaf): (usize, &Leaf)| {
            let low = circuit.groups[leaf.group].low;
            (low, low + leaf.bits as u32, pair)
        };
        Self(circuit.leaves.iter().enumerate().map(span).collect())
    }

    fn find(&self, start: u32, end: u32) -> Option<usize> {
        self.0.iter().find(|span| (span.0, span.1) == (start, end)).map(|span| span.2)
    }

    /// Pairs that together span `start..end`, the most significant first: from the bottom, always the longest that fits.
    fn cover(&self, start: u32, end: u32) -> Vec<usize> {
        let mut at = start;
        let mut inputs = Vec::new();
        while at < end {
            let fits = self.0.iter().filter(|span| span.0 == at && span.1 <= end);
            // Every bit starts or continues a leaf that `start..end` holds, so there is a span.
            let Some(longest) = fits.max_by_key(|span| span.1) else { break };
            inputs.push(longest.2);
            at = longest.1;
        }
        inputs.reverse();
        inputs
    }
}
