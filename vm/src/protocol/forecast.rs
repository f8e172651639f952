//! A scheme without players, values or messages: it only notes which lots of correlated randomness the primitives of
//! [`Additive`](super::Additive) would take, so that the dealer can deal them before the program runs.
//!
//! Shares are tensors of zeros of the right shapes, so that whatever moves elements around works on them as on any share. Their memory comes from
//! the allocator as pages that were never touched and is not read here: a forecast of a program touches what the program's own indexing copies,
//! and takes at most the memory of the run. An opening gives zeros: whoever forecasts must stop before they decide anything.

use super::additive::wants;
use super::share::linear::{Product, broadcast_shape, summed_shape, tensor};
use super::{Fault, Lane, Protocol, Recipients, Share, Shares, Values};
use crate::algebra::Domain;
use crate::correlated::{Correlation, Demand, Draws, Wishes};
use std::cell::{Ref, RefCell};
use std::collections::VecDeque;
use std::marker::PhantomData;

/// See the module.
#[derive(Default)]
pub struct Forecast<D> {
    demand: RefCell<Demand>,
    wishes: Wishes<()>,
    domain: PhantomData<D>,
}

impl<D: Domain> Forecast<D> {
    /// A forecast of nothing yet.
    pub fn new() -> Self {
        Self { demand: RefCell::default(), wishes: Wishes::default(), domain: PhantomData }
    }

    /// What was noted so far.
    pub fn demand(&self) -> Ref<'_, Demand> {
        self.demand.borrow()
    }

    /// What was noted.
    pub fn into_demand(self) -> Demand {
        self.demand.into_inner()
    }

    /// Notes lots as a run takes them: those of primitives that run together turn by turn.
    async fn note(&self, lane: &Lane<'_>, lots: Vec<Correlation>, draws: Draws) -> Result<(), Fault> {
        let note = |lots: &[Correlation]| {
            self.demand.borrow_mut().extend(lots.iter().copied());
            Ok(VecDeque::new())
        };
        self.wishes.take(lane, lots, draws, note).await.map(drop)
    }

    async fn circuit(
        &self,
        lane: &Lane<'_>,
        lots: impl Fn(usize) -> Vec<Correlation>,
        values: &[Share<D>],
        axis: Option<usize>,
    ) -> Result<Vec<Share<D>>, Fault> {
        self.note(lane, lots(count(values)), Draws::OneATurn).await?;
        values.iter().map(|value| zeros(&[value.shape(), axis.as_slice()].concat())).collect()
    }
}

fn zeros<D: Domain>(shape: &[usize]) -> Result<Share<D>, Fault> {
    tensor(shape, vec![D::ZERO; shape.iter().product()]).map(Share::single)
}

fn count<D: Domain>(values: &[Share<D>]) -> usize {
    values.iter().map(|value| value.first().len()).sum()
}

impl<D: Domain> Protocol for Forecast<D> {
    type Domain = D;

    fn share_public(&self, value: &Values<Self>) -> Shares<Self> {
        Share::single(value.clone())
    }

    fn add(&self, a: &Shares<Self>, b: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        zeros(&broadcast_shape(a.shape(), b.shape())?)
    }

    fn sub(&self, a: &Shares<Self>, b: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        self.add(a, b)
    }

    fn neg(&self, a: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        Ok(a.clone())
    }

    fn mul_public(&self, a: &Shares<Self>, b: &Values<Self>) -> Result<Shares<Self>, Fault> {
        zeros(&broadcast_shape(a.shape(), b.shape())?)
    }

    fn matmul_public(&self, a: &Shares<Self>, b: &Values<Self>) -> Result<Shares<Self>, Fault> {
        zeros(&Product::of(a.shape(), b.shape())?.shape)
    }

    fn public_matmul(&self, a: &Values<Self>, b: &Shares<Self>) -> Result<Shares<Self>, Fault> {
        zeros(&Product::of(a.shape(), b.shape())?.shape)
    }

    fn sum(&self, a: &Shares<Self>, axes: &[usize]) -> Result<Shares<Self>, Fault> {
        zeros(&summed_shape(a.shape(), axes)?)
    }

    fn shift_left(&self, a: &Shares<Self>, _bits: u32) -> Result<Shares<Self>, Fault> {
        Ok(a.clone())
    }

    async fn input(
        &self,
        _lane: &Lane<'_>,
        _owner: usize,
        _values: Option<&[Values<Self>]>,
        shapes: &[Vec<usize>],
    ) -> Result<Vec<Shares<Self>>, Fault> {
        shapes.iter().map(|shape| zeros(shape)).collect()
    }

    async fn open(
        &self,
        lane: &Lane<'_>,
        to: &Recipients,
        values: &[Shares<Self>],
    ) -> Result<Option<Vec<Values<Self>>>, Fault> {
        let opened = values.iter().map(|value| Ok(zeros(value.shape())?.first().clone()));
        if to.include(lane.me()) { opened.collect::<Result<_, _>>().map(Some) } else { Ok(None) }
    }

    async fn mul(&self, lane: &Lane<'_>, pairs: &[(Shares<Self>, Shares<Self>)]) -> Result<Vec<Shares<Self>>, Fault> {
        let len = pairs.iter().map(|(a, _)| a.first().len()).sum();
        self.note(lane, wants::triples(len), Draws::OneATurn).await?;
        pairs.iter().map(|(a, _)| zeros(a.shape())).collect()
    }

    async fn square(&self, lane: &Lane<'_>, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        self.circuit(lane, wants::squares, values, None).await
    }

    async fn matmul(
        &self,
        lane: &Lane<'_>,
        pairs: &[(Shares<Self>, Shares<Self>)],
    ) -> Result<Vec<Shares<Self>>, Fault> {
        let products = pairs.iter().map(|(a, b)| Product::of(a.shape(), b.shape())).collect::<Result<Vec<_>, _>>()?;
        self.note(lane, wants::matrix_triples(&products), Draws::AtOnce).await?;
        products.iter().map(|product| zeros(&product.shape)).collect()
    }

    async fn trunc(&self, lane: &Lane<'_>, bits: u32, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        wants::check_exponent::<D>(bits)?;
        self.circuit(lane, |len| wants::truncations(bits, len), values, None).await
    }

    async fn ltz(&self, lane: &Lane<'_>, bits: u32, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        self.circuit(lane, wants::comparisons(wants::width::<D>(bits)?), values, None).await
    }

    async fn eqz(&self, lane: &Lane<'_>, bits: u32, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        self.circuit(lane, wants::equalities(wants::width::<D>(bits)?), values, None).await
    }

    async fn bits(&self, lane: &Lane<'_>, bits: u32, values: &[Shares<Self>]) -> Result<Vec<Shares<Self>>, Fault> {
        let bits = wants::width::<D>(bits)?;
        self.circuit(lane, wants::decompositions(bits), values, Some(bits as usize)).await
    }
}
