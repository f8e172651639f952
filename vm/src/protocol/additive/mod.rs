//! Additive sharing among n ≥ 2 players with a dealer: x = x₀ + … + x₍ₙ₋₁₎ in ℤ/2^ℓ, player i holds xᵢ.
//!
//! **Security.** Against passive corruption of any n − 1 players, if the dealer follows the protocol and colludes with nobody; the dealer
//! learns nothing but which lots are used. Streams are ChaCha12, taken for uniform. Nothing is protected against players that lie;
//! a player that has fallen out of step, or sends a message of the wrong length, is found and named.
//!
//! *Why it holds.* Every sharing is uniform among those of its value, and stays so:
//! - an input x of player o: the others' shares are streams of seeds they each have in common with o alone, o keeps x less their sum, and
//!   nothing is sent. The others saw nothing but their own streams; to those who lack the seed of one honest pair, o's share is uniform;
//! - dealt values: see [`material`](crate::correlated::material);
//! - sums and public multiples are linear images of these; the results of interactive primitives are public combinations of dealt
//!   sharings (a product's share contains one of c, a quotient's one of r ≫ f, a bit's one of a daBit), each used once.
//!
//! What is opened on the way is a value under a uniform mask of its own, so uniform itself; the honest players' shares of it are uniform but
//! for their sum. Hence all that n − 1 players see can be drawn at random given what they put in and get out.
//!
//! **Costs** are declared in [`mpc_bytecode::cost`]: openings go from everyone to everyone, in one round.

mod bitstring;
mod compare;
mod flat;
mod gates;
mod multiply;
mod open;
mod pipeline;
mod truncate;
pub mod wants;

use super::share::linear;
use super::{Fault, Lane, Protocol, Recipients, Share, Shares, Values};
use crate::algebra::{Domain, linear as algebra};
use crate::correlated::circuit::Circuit;
use crate::correlated::material::Material;
use crate::correlated::{Correlation, Demand, Draws, Entropy, Source, Ticket, Wishes, setup};
use crate::net::{Counters, Net};
use crate::random::{Seed, Stream};
use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;

/// One player of the scheme.
pub struct Additive<D: Domain> {
    me: usize,
    players: usize,
    source: RefCell<Source<D>>,
    wishes: Wishes<Ticket>,
    /// Seeds in common with each other player.
    seeds: Vec<Option<Seed>>,
    /// How many tensors each player has put in so far: the next one's stream.
    inputs: RefCell<Vec<u64>>,
}

impl<D: Domain> Additive<D> {
    /// Joins the other players on the online channel `net`, and the dealer on the preprocessing channel.
    ///
    /// # Errors
    /// The network's and the operating system's; no dealer; fewer than two players; a message that is no seed.
    pub fn join(net: &mut dyn Net, preprocessing: Box<dyn Net>, entropy: Entropy) -> Result<Self, Fault> {
        let (me, players) = (net.me(), net.players());
        if players < 2 {
            return Err(Fault::Malformed("additive sharing needs at least two players".to_owned()));
        }
        let seeds = setup::pairwise_seeds(net, entropy)?;
        let source = Source::join(preprocessing)?;
        Ok(Self {
            me,
            players,
            source: RefCell::new(source),
            wishes: Wishes::default(),
            seeds,
            inputs: RefCell::new(vec![0; players]),
        })
    }

    /// Has the dealer deal what is foreseen, and waits at every player until it is there.
    ///
    /// # Errors
    /// The network's; a dealer that sends something else.
    pub fn prepare(&mut self, demand: &Demand) -> Result<(), Fault> {
        self.source.get_mut().prepare(demand)
    }

    /// Lots that were foreseen and not used yet.
    pub fn foreseen(&self) -> usize {
        self.source.borrow().foreseen()
    }

    /// What went over the preprocessing channel.
    pub fn preprocessing(&self) -> Counters {
        self.source.borrow().counters()
    }

    /// Tickets for a primitive's lots, a turn later. Until then it may raise, from then on it may send.
    async fn allot(&self, lane: &Lane<'_>, lots: Vec<Correlation>, draws: Draws) -> Result<VecDeque<Ticket>, Fault> {
        let allot = |lots: &[Correlation]| self.source(lane).allot(lots);
        self.wishes.take(lane, lots, draws, allot).await
    }

    /// The channel with the dealer, for as long as it is a primitive's turn.
    fn source(&self, lane: &Lane<'_>) -> RefMut<'_, Source<D>> {
        let mut source = self.source.borrow_mut();
        source.set_line(lane.line());
        source
    }

    /// This player's part of the next lot.
    fn draw(&self, lane: &Lane<'_>, tickets: &mut VecDeque<Ticket>) -> Result<Material<D>, Fault> {
        // As many were allotted as there are blocks.
        let ticket = tickets.pop_front().ok_or_else(|| Fault::Malformed("no lot is left for a block".to_owned()))?;
        self.source(lane).draw(ticket)
    }

    /// Takes back what was used, for its memory.
    fn recycle(&self, part: Material<D>) {
        self.source.borrow_mut().recycle(part);
    }

    /// The stream of the next tensor that `owner` puts in, in common with `peer`.
    fn input_stream(&self, owner: usize, peer: usize) -> Option<Stream> {
        let seed = self.seeds.get(peer)?.as_ref()?;
        Some(Stream::new(&seed.derive_indexed("inputs of player", owner as u64), *self.inputs.borrow().get(owner)?))
    }

    /// This player's shares of a tensor that `owner` puts in.
    fn input_one(&self, owner: usize, values: Option<&Values<Self>>, shape: &[usize]) -> Result<Shares<Self>, Fault> {
        let len = flat::count(shape);
        let mut own = match values {
            Some(values) if values.shape() == shape => linear::elements(values).into_owned(),
            Some(_) => return Err(Fault::Malformed("an input has another shape than announced".to_owned())),
            None => vec![D::ZERO; len],
        };
        for peer in 0..self.players {
            let shared = if owner == self.me { self.input_stream(owner, peer) } else { None };
            if let Some(mut stream) = shared {
                algebra::sub_assign(&mut own, &stream.elements(len));
            }
        }
        if owner != self.me
            && let Some(mut stream) = self.input_stream(owner, owner)
        {
            stream.fill(&mut own);
        }
        linear::tensor(shape, own).map(Share::single)
    }

    /// `value` broadcast to what it and a tensor of `shape` broadcast to; without work where that is its own shape.
    fn widen(&self, value: &Shares<Self>, shape: &[usize]) -> Result<Shares<Self>, Fault> {
        if linear::broadcast_shape(value.shape(), shape)? == value.shape() {
            return Ok(value.clone());
        }
        linear::add(value, &Share::single(Values::<Self>::from_elem(ndarray::IxDyn(shape), D::ZERO)))
    }
}

impl<D: Domain> Protocol for Additive<D> {
    type Domain = D;

    fn share_public(&self, value: &Values<Self>) -> Shares<Self> {
        let zeros = || Values::<Self>::from_elem(value.raw_dim(), D::ZERO);
        Share::single(if self.me == 0 { value.clone() } else { zeros() })
    }

    fn add_public(&self, a: &Shares<Self>, b: &Values<Self>) -> Result<Shares<Self>, Fault> {
        if self.me == 0 { linear::add(a, &Share::single(b.clone())) } else { self.widen(a, b.shape()) }
    }

    fn public_sub(&self, a: &Values<Self>, b: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        if self.me == 0 { linear::sub(&Share::single(a.clone()), b) } else { self.widen(&linear::neg(b)?, a.shape()) }
    }

    async fn input(
        &self,
        _lane: &Lane<'_>,
        owner: usize,
        values: Option<&[Values<Self>]>,
        shapes: &[Vec<usize>],
    ) -> Result<Vec<Shares<Self>>, Fault> {
        if owner >= self.players || values.is_some_and(|values| values.len() != shapes.len()) {
            return Err(Fault::Malformed(format!("an input of player {owner} with {} shapes", shapes.len())));
        }
        let mut shares = Vec::with_capacity(shapes.len());
        for (index, shape) in shapes.iter().enumerate() {
            shares.push(self.input_one(owner, values.map(|values| &values[index]), shape)?);
            self.inputs.borrow_mut()[owner] += 1;
        }
        Ok(shares)
    }

    async fn open(
        &self,
        lane: &Lane<'_>,
        to: &Recipients,
        values: &[Shares<Self>],
    ) -> Result<Option<Vec<Values<Self>>>, Fault> {
        open::open(self, lane, to, values).await
    }

    async fn mul(&self, lane: &Lane<'_>, pairs: &[(Shares<Self>, Shares<Self>)]) -> Result<Vec<Shares<Self>>, Fault> {
        multiply::mul(self, lane, pairs).await
    }

    async fn square(&self, lane: &Lane<'_>, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        multiply::square(self, lane, values).await
    }

    async fn matmul(
        &self,
        lane: &Lane<'_>,
        pairs: &[(Shares<Self>, Shares<Self>)],
    ) -> Result<Vec<Shares<Self>>, Fault> {
        multiply::matmul(self, lane, pairs).await
    }

    async fn trunc(&self, lane: &Lane<'_>, bits: u32, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        truncate::trunc(self, lane, bits, values).await
    }

    async fn ltz(&self, lane: &Lane<'_>, bits: u32, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        let width = wants::width::<D>(bits)?;
        compare::run(self, lane, &Circuit::less_than_zero(width), wants::comparisons(width), values, <[usize]>::to_vec)
            .await
    }

    async fn eqz(&self, lane: &Lane<'_>, bits: u32, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        let width = wants::width::<D>(bits)?;
        compare::run(self, lane, &Circuit::equal_to_zero(width), wants::equalities(width), values, <[usize]>::to_vec)
            .await
    }

    async fn bits(&self, lane: &Lane<'_>, bits: u32, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        let bits = wants::width::<D>(bits)?;
        let shape = |shape: &[usize]| [shape, &[bits as usize]].concat();
        compare::run(self, lane, &Circuit::decomposition(bits), wants::decompositions(bits), values, shape).await
    }
}
