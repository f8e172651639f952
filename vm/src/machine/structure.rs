//! Instructions that move elements around: the same for public tensors and for shares.

use super::Machine;
use super::error::{Outcome, Stop, broken};
use crate::algebra::{Domain, Tensor};
use crate::memory::shape::{self, Cuts};
use crate::memory::{Elements, Public, Raised, Value};
use crate::protocol::{Protocol, Share};
use mpc_bytecode::operand::{AnyDst, AnySrc, Bank, Dst, Place, Public as PublicBank, Src};

/// How elements are moved, with everything checked that does not depend on the element.
pub(super) enum Move {
    Reshape(Vec<usize>),
    Transpose(Vec<usize>),
    Take(Cuts),
    Broadcast(Vec<usize>),
    Gather { positions: Vec<usize>, shape: Vec<usize> },
    Entry(usize),
}

impl Move {
    fn apply<T: Clone>(&self, x: &Tensor<T>) -> Result<Tensor<T>, Raised> {
        match self {
            Move::Reshape(shape) => shape::reshape(x, shape),
            Move::Transpose(order) => shape::transpose(x, order),
            Move::Take(cuts) => cuts.take(x),
            Move::Broadcast(shape) => shape::broadcast(x, shape),
            Move::Gather { positions, shape } => shape::gather(x, positions, shape),
            Move::Entry(at) => shape::entry(x, *at),
        }
    }

    fn public<D: Domain>(&self, x: &Public<D>) -> Outcome<Public<D>> {
        Ok(match x {
            Public::Int(x) => Public::Int(self.apply(&x.to_tensor())?.into()),
            Public::Fix(x) => Public::Fix(self.apply(&x.to_tensor())?.into()),
            Public::Bool(x) => Public::Bool(self.apply(&x.to_tensor())?.into()),
            Public::Str(_) => return broken("text has no elements to move"),
        })
    }

    /// Moves the elements of a tensor of either bank.
    pub(super) fn of<D: Domain>(&self, x: &Value<D>) -> Outcome<Value<D>> {
        Ok(match x {
            Value::Public(x) => Value::Public(self.public(x)?),
            Value::Secret(x) => Value::Secret(Box::new(x.map(|part| self.apply(part))?)),
            Value::List(_) => return broken("a list has no elements to move"),
        })
    }
}

/// Broadcasts a share.
pub(super) fn broadcast_share<D: Domain>(x: &Share<D>, shape: &[usize]) -> Outcome<Share<D>> {
    if x.shape() == shape { Ok(x.clone()) } else { Ok(x.map(|part| shape::broadcast(part, shape))?) }
}

/// How tensors are joined.
#[derive(Clone, Copy)]
enum Joint {
    Concat(u32),
    Stack,
}

impl Joint {
    fn apply<T: Clone>(self, parts: &[&Tensor<T>]) -> Result<Tensor<T>, Raised> {
        match self {
            Joint::Concat(axis) => shape::concat(parts, axis),
            Joint::Stack => shape::stack(parts),
        }
    }

    fn check(self, shapes: &[&[usize]]) -> Result<(), Raised> {
        match self {
            Joint::Concat(axis) => shape::check_concat(shapes, axis),
            Joint::Stack => shape::check_stack(shapes),
        }
    }

    fn public<D: Domain, T: Copy>(
        self,
        parts: &[&Public<D>],
        of_kind: impl Fn(&Public<D>) -> Option<Tensor<T>>,
        wrap: fn(Elements<T>) -> Public<D>,
    ) -> Outcome<Public<D>> {
        let tensors: Option<Vec<Tensor<T>>> = parts.iter().map(|part| of_kind(part)).collect();
        let Some(tensors) = tensors else { return broken("tensors of several kinds are joined") };
        Ok(wrap(self.apply(&tensors.iter().collect::<Vec<_>>())?.into()))
    }

    fn publics<D: Domain>(self, parts: &[&Public<D>]) -> Outcome<Public<D>> {
        match parts.first() {
            Some(Public::Int(_)) => self.public(parts, ints, Public::Int),
            Some(Public::Fix(_)) => self.public(parts, fixes, Public::Fix),
            Some(Public::Bool(_)) => self.public(parts, bools, Public::Bool),
            Some(Public::Str(_)) => broken("text is joined like a tensor"),
            None => Err(Raised::value("nothing to join").into()),
        }
    }
}

fn ints<D>(x: &Public<D>) -> Option<Tensor<i64>> {
    if let Public::Int(x) = x { Some(x.to_tensor()) } else { None }
}

fn fixes<D: Domain>(x: &Public<D>) -> Option<Tensor<D>> {
    if let Public::Fix(x) = x { Some(x.to_tensor()) } else { None }
}

fn bools<D>(x: &Public<D>) -> Option<Tensor<bool>> {
    if let Public::Bool(x) = x { Some(x.to_tensor()) } else { None }
}

fn joined<D: Domain>(values: &[&Value<D>], joint: Joint, bank: Bank) -> Outcome<Value<D>> {
    let shapes = values.iter().map(|value| shape_of(value)).collect::<Outcome<Vec<_>>>()?;
    joint.check(&shapes)?;
    let several = || Stop::Broken("tensors of several banks are joined".into());
    match bank {
        Bank::Public => {
            let parts = values.iter().map(|value| if let Value::Public(x) = value { Some(x) } else { None });
            let parts = parts.collect::<Option<Vec<_>>>().ok_or_else(several)?;
            joint.publics(&parts).map(Value::Public)
        }
        Bank::Secret => {
            let parts = values.iter().map(|value| if let Value::Secret(x) = value { Some(&**x) } else { None });
            let parts = parts.collect::<Option<Vec<_>>>().ok_or_else(several)?;
            Ok(Value::Secret(Box::new(Share::combine(&parts, |parts| joint.apply(parts))?)))
        }
        Bank::List => broken("lists are joined like tensors"),
    }
}

/// A list of tensors of one shape as one tensor with a new first axis.
pub(super) fn packed<D: Domain>(items: &[Value<D>], bank: Bank) -> Outcome<Value<D>> {
    joined(&items.iter().collect::<Vec<_>>(), Joint::Stack, bank)
}

/// The sizes of a tensor's axes.
pub(super) fn shape_of<D: Domain>(value: &Value<D>) -> Outcome<&[usize]> {
    match value {
        Value::Public(x) => Ok(x.shape()),
        Value::Secret(x) => Ok(x.shape()),
        Value::List(_) => broken("a list has no shape"),
    }
}

impl<P: Protocol> Machine<'_, P> {
    fn shape_at(&self, AnySrc(reg): AnySrc) -> Outcome<&[usize]> {
        match reg.bank {
            Bank::Public => Ok(self.state.frame.public(Src::new(reg.index))?.shape()),
            Bank::Secret => Ok(self.state.frame.secret(Src::new(reg.index))?.shape()),
            Bank::List => broken("a list has no shape"),
        }
    }

    fn moved(&mut self, dst: AnyDst, src: AnySrc, how: &Move) -> Outcome<()> {
        let value = how.of(&self.state.frame.value(src)?)?;
        self.state.frame.set_value(dst, value)
    }

    pub(super) fn size(&mut self, dst: Dst<PublicBank>, src: AnySrc, axis: u32) -> Outcome<()> {
        let shape = self.shape_at(src)?;
        let size = shape.get(axis as usize).copied().ok_or_else(|| shape::no_axis(axis, shape.len()))?;
        self.state.frame.set_public(dst, Public::int(size as i64))
    }

    pub(super) fn rank(&mut self, dst: Dst<PublicBank>, src: AnySrc) -> Outcome<()> {
        let rank = self.shape_at(src)?.len();
        self.state.frame.set_public(dst, Public::int(rank as i64))
    }

    fn sizes(&self, sizes: &[Src<PublicBank>]) -> Outcome<Vec<i64>> {
        sizes.iter().map(|&size| self.state.frame.int(size)).collect()
    }

    pub(super) fn reshape(&mut self, dst: AnyDst, src: AnySrc, sizes: &[Src<PublicBank>]) -> Outcome<()> {
        let (from, sizes) = (self.shape_at(src)?, self.sizes(sizes)?);
        let to = shape::reshaped(shape::count(from)?, from, &sizes)?;
        self.moved(dst, src, &Move::Reshape(to))
    }

    pub(super) fn transpose(&mut self, dst: AnyDst, src: AnySrc, axes: &[u32]) -> Outcome<()> {
        let order = shape::permutation(self.shape_at(src)?.len(), axes)?;
        self.moved(dst, src, &Move::Transpose(order))
    }

    pub(super) fn broadcast(&mut self, dst: AnyDst, src: AnySrc, sizes: &[Src<PublicBank>]) -> Outcome<()> {
        let to = self.sizes(sizes)?.into_iter().map(|size| {
            usize::try_from(size).map_err(|_| Stop::from(Raised::value(format!("a size of {size} is negative"))))
        });
        let to = to.collect::<Outcome<Vec<_>>>()?;
        self.moved(dst, src, &Move::Broadcast(to))
    }

    fn cuts(&self, places: &[Place], shape: &[usize]) -> Outcome<Cuts> {
        let frame = &self.state.frame;
        let places = places.iter().map(|place| {
            Ok(match *place {
                Place::At(at) => shape::Place::At(frame.int(at)?),
                Place::Range(start, stop, step) => shape::Place::Range(
                    frame.optional_int(start)?,
                    frame.optional_int(stop)?,
                    frame.optional_int(step)?,
                ),
                Place::NewAxis => shape::Place::NewAxis,
                Place::Rest => shape::Place::Rest,
            })
        });
        Ok(Cuts::new(&places.collect::<Outcome<Vec<_>>>()?, shape)?)
    }

    pub(super) fn index(&mut self, dst: AnyDst, src: AnySrc, places: &[Place]) -> Outcome<()> {
        if let ([Place::At(at)], Bank::Public) = (places, src.0.bank)
            && let Some(value) = self.element(Src::new(src.0.index), *at)?
        {
            return self.state.frame.set_public(Dst::new(dst.0.index), value);
        }
        let cuts = self.cuts(places, self.shape_at(src)?)?;
        self.moved(dst, src, &Move::Take(cuts))
    }

    /// One element of a public vector, without a tensor in between; `None` for other ranks.
    fn element(&self, src: Src<PublicBank>, at: Src<PublicBank>) -> Outcome<Option<Public<P::Domain>>> {
        let (x, at) = (self.state.frame.public(src)?, self.state.frame.int(at)?);
        let &[size] = x.shape() else { return Ok(None) };
        let place = shape::position(at, size).ok_or_else(|| shape::out_of_range(at, 0, size))?;
        Ok(match x {
            Public::Int(x) => x.as_slice().get(place).map(|&x| Public::Int(Elements::One(x))),
            Public::Fix(x) => x.as_slice().get(place).map(|&x| Public::Fix(Elements::One(x))),
            Public::Bool(x) => x.as_slice().get(place).map(|&x| Public::Bool(Elements::One(x))),
            Public::Str(_) => None,
        })
    }

    pub(super) fn assign(&mut self, dst: AnyDst, src: AnySrc, places: &[Place], value: AnySrc) -> Outcome<()> {
        if let ([Place::At(at)], Bank::Public, Bank::Public) = (places, src.0.bank, value.0.bank)
            && self.put_element(dst.0.index, src.0.index, *at, Src::new(value.0.index))?
        {
            return Ok(());
        }
        let cuts = self.cuts(places, self.shape_at(src)?)?;
        let (from, to) = (src.0.index, dst.0.index);
        match (self.state.frame.value(value)?, src.0.bank) {
            (Value::Public(value), Bank::Public) => {
                let mut target = self.state.frame.take_public(to, from)?;
                let done = assign_public(&mut target, &cuts, &value);
                // Back even where it failed: the register is as it was.
                self.state.frame.set_public(Dst::new(if done.is_ok() { to } else { from }), target)?;
                done
            }
            (Value::Secret(value), Bank::Secret) => {
                let mut target = self.state.frame.take_secret(to, from)?;
                let done = target.update(|part, x| match value.parts().get(part) {
                    Some(value) => cuts.put(x, value).map_err(Stop::from),
                    None => broken("shares of several schemes meet"),
                });
                self.state.frame.set_secret(Dst::new(if done.is_ok() { to } else { from }), target)?;
                done
            }
            (Value::Public(_) | Value::Secret(_) | Value::List(_), _) => broken("`assign` between banks"),
        }
    }

    /// Replaces one element of a public vector, without a tensor in between; false for other ranks.
    fn put_element(&mut self, to: u32, from: u32, at: Src<PublicBank>, value: Src<PublicBank>) -> Outcome<bool> {
        let frame = &mut self.state.frame;
        let (at, value) = (frame.int(at)?, frame.public(value)?.clone());
        let &[size] = frame.public(Src::new(from))?.shape() else { return Ok(false) };
        let place = shape::position(at, size).ok_or_else(|| shape::out_of_range(at, 0, size))?;
        let mut target = frame.take_public(to, from)?;
        let done = match (&mut target, &value) {
            (Public::Int(Elements::Many(x)), Public::Int(Elements::One(value))) => set(x, place, *value),
            (Public::Fix(Elements::Many(x)), Public::Fix(Elements::One(value))) => set(x, place, *value),
            (Public::Bool(Elements::Many(x)), Public::Bool(Elements::One(value))) => set(x, place, *value),
            (_, _) => false,
        };
        frame.set_public(Dst::new(if done { to } else { from }), target)?;
        Ok(done)
    }

    fn join_all(&mut self, dst: AnyDst, srcs: &[AnySrc], joint: Joint) -> Outcome<()> {
        let values = srcs.iter().map(|&src| self.state.frame.value(src)).collect::<Outcome<Vec<_>>>()?;
        let value = joined(&values.iter().collect::<Vec<_>>(), joint, dst.0.bank)?;
        self.state.frame.set_value(dst, value)
    }

    pub(super) fn concat(&mut self, dst: AnyDst, srcs: &[AnySrc], axis: u32) -> Outcome<()> {
        self.join_all(dst, srcs, Joint::Concat(axis))
    }

    pub(super) fn stack(&mut self, dst: AnyDst, srcs: &[AnySrc]) -> Outcome<()> {
        self.join_all(dst, srcs, Joint::Stack)
    }

    pub(super) fn gather(&mut self, dst: AnyDst, src: AnySrc, at: Src<PublicBank>) -> Outcome<()> {
        let how = match self.state.frame.public(at)? {
            Public::Int(at) => Move::Gather {
                positions: shape::positions(self.shape_at(src)?, at.as_slice())?,
                shape: at.shape().to_vec(),
            },
            other => return broken(format!("`gather` at {}", other.kind())),
        };
        self.moved(dst, src, &how)
    }
}

/// Where `scatter` puts entries, with everything checked that does not depend on the element.
struct Put {
    positions: Vec<usize>,
    shape: Vec<usize>,
}

impl Put {
    fn apply<T: Clone>(&self, x: &mut Tensor<T>, value: &Tensor<T>) -> Result<(), Raised> {
        shape::scatter(x, &self.positions, &shape::broadcast(value, &self.shape)?)
    }

    fn elements<T: Copy>(&self, x: &mut Elements<T>, value: &Elements<T>) -> Outcome<()> {
        match x {
            Elements::Many(x) => Ok(self.apply(x, &value.to_tensor())?),
            Elements::One(_) => broken("`scatter` into a scalar"),
        }
    }

    fn public<D: Domain>(&self, x: &mut Public<D>, value: &Public<D>) -> Outcome<()> {
        match (x, value) {
            (Public::Int(x), Public::Int(value)) => self.elements(x, value),
            (Public::Fix(x), Public::Fix(value)) => self.elements(x, value),
            (Public::Bool(x), Public::Bool(value)) => self.elements(x, value),
            (x, value) => broken(format!("`scatter` of {} to {}", value.kind(), x.kind())),
        }
    }
}

impl<P: Protocol> Machine<'_, P> {
    fn put_at(&self, src: AnySrc, at: Src<PublicBank>) -> Outcome<Put> {
        let Public::Int(at) = self.state.frame.public(at)? else { return broken("`scatter` at what is no integer") };
        let target = self.shape_at(src)?;
        let positions = shape::positions(target, at.as_slice())?;
        let shape = [at.shape(), target.get(1..).unwrap_or_default()].concat();
        shape::count(&shape)?;
        Ok(Put { positions, shape })
    }

    pub(super) fn scatter(&mut self, dst: AnyDst, src: AnySrc, at: Src<PublicBank>, value: AnySrc) -> Outcome<()> {
        let put = self.put_at(src, at)?;
        let (from, to) = (src.0.index, dst.0.index);
        match (self.state.frame.value(value)?, src.0.bank) {
            (Value::Public(value), Bank::Public) => {
                let mut target = self.state.frame.take_public(to, from)?;
                let done = put.public(&mut target, &value);
                // Back even where it failed: the register is as it was.
                self.state.frame.set_public(Dst::new(if done.is_ok() { to } else { from }), target)?;
                done
            }
            (Value::Secret(value), Bank::Secret) => {
                let mut target = self.state.frame.take_secret(to, from)?;
                let done = target.update(|part, x| match value.parts().get(part) {
                    Some(value) => put.apply(x, value).map_err(Stop::from),
                    None => broken("shares of several schemes meet"),
                });
                self.state.frame.set_secret(Dst::new(if done.is_ok() { to } else { from }), target)?;
                done
            }
            (Value::Public(_) | Value::Secret(_) | Value::List(_), _) => broken("`scatter` between banks"),
        }
    }

    pub(super) fn positions_where(&mut self, dst: Dst<PublicBank>, src: Src<PublicBank>) -> Outcome<()> {
        let Public::Bool(x) = self.state.frame.public(src)? else { return broken("`where` of what is no truth value") };
        let places = x.as_slice().iter().enumerate().filter(|(_, holds)| **holds);
        let places: Vec<i64> = places.map(|(at, _)| at as i64).collect();
        let vector = shape::tensor(&[places.len()], places)?;
        self.state.frame.set_public(dst, Public::Int(Elements::Many(vector)))
    }
}

/// Sets an element of a vector, in place where nobody else holds it.
fn set<T: Copy>(x: &mut Tensor<T>, place: usize, value: T) -> bool {
    x.get_mut([place].as_slice()).map(|element| *element = value).is_some()
}

fn assign_public<D: Domain>(target: &mut Public<D>, cuts: &Cuts, value: &Public<D>) -> Outcome<()> {
    match (target, value) {
        (Public::Int(x), Public::Int(value)) => put(x, cuts, value),
        (Public::Fix(x), Public::Fix(value)) => put(x, cuts, value),
        (Public::Bool(x), Public::Bool(value)) => put(x, cuts, value),
        (x, value) => broken(format!("`assign` of {} to {}", value.kind(), x.kind())),
    }
}

fn put<T: Copy>(x: &mut Elements<T>, cuts: &Cuts, value: &Elements<T>) -> Outcome<()> {
    match (&mut *x, value) {
        (Elements::Many(x), value) => cuts.put(x, &value.to_tensor())?,
        (Elements::One(x), Elements::One(value)) => *x = *value,
        (Elements::One(_), Elements::Many(value)) => {
            return Err(Raised::value(format!(
                "a tensor of shape {} cannot be broadcast to []",
                shape::show(value.shape())
            ))
            .into());
        }
    }
    Ok(())
}
