//! Lists of public length.

use super::Machine;
use super::error::{Outcome, broken};
use super::structure::{Move, packed, shape_of};
use crate::algebra::{Domain, Tensor};
use crate::memory::{Elements, List, Public, Raised, Value, shape};
use crate::protocol::Protocol;
use mpc_bytecode::Kind;
use mpc_bytecode::operand::{AnyDst, AnySrc, Bank, Dst, Lists, Public as PublicBank, Src};
use std::sync::Arc;

/// The most items a list may have.
const MOST_ITEMS: usize = 1 << 28;

type To = Dst<Lists>;
type From = Src<Lists>;
type At = Src<PublicBank>;

fn bounded(length: Option<usize>) -> Result<usize, Raised> {
    length
        .filter(|&length| length <= MOST_ITEMS)
        .ok_or_else(|| Raised::overflow(format!("a list has at most {MOST_ITEMS} items")))
}

fn place(at: i64, length: usize) -> Result<usize, Raised> {
    let missing = || Raised::index(format!("list index {at} is out of range for a list of {length}"));
    shape::position(at, length).ok_or_else(missing)
}

impl<P: Protocol> Machine<'_, P> {
    pub(super) fn list(&mut self, dst: To, items: &[AnySrc]) -> Outcome<()> {
        let items = items.iter().map(|&item| self.state.frame.value(item)).collect::<Outcome<Vec<_>>>()?;
        self.state.frame.set_list(dst, Arc::new(items))
    }

    pub(super) fn push(&mut self, dst: To, src: From, item: AnySrc) -> Outcome<()> {
        let item = self.state.frame.value(item)?;
        bounded(self.state.frame.list(src)?.len().checked_add(1))?;
        let mut list = self.state.frame.take_list(dst, src)?;
        Arc::make_mut(&mut list).push(item);
        self.state.frame.set_list(dst, list)
    }

    pub(super) fn pop(&mut self, dst: To, item: AnyDst, src: From, at: At) -> Outcome<()> {
        let (length, at) = (self.state.frame.list(src)?.len(), self.state.frame.int(at)?);
        if length == 0 {
            return Err(Raised::index("pop from an empty list").into());
        }
        let at = place(at, length)?;
        let mut list = self.state.frame.take_list(dst, src)?;
        let value = Arc::make_mut(&mut list).remove(at);
        self.state.frame.set_list(dst, list)?;
        self.state.frame.set_value(item, value)
    }

    pub(super) fn get(&mut self, dst: AnyDst, src: From, at: At) -> Outcome<()> {
        let (list, at) = (self.state.frame.list(src)?, self.state.frame.int(at)?);
        let value = list[place(at, list.len())?].clone();
        self.state.frame.set_value(dst, value)
    }

    pub(super) fn set(&mut self, dst: To, src: From, at: At, item: AnySrc) -> Outcome<()> {
        let at = place(self.state.frame.int(at)?, self.state.frame.list(src)?.len())?;
        let item = self.state.frame.value(item)?;
        let mut list = self.state.frame.take_list(dst, src)?;
        Arc::make_mut(&mut list)[at] = item;
        self.state.frame.set_list(dst, list)
    }

    pub(super) fn length(&mut self, dst: Dst<PublicBank>, src: From) -> Outcome<()> {
        let length = self.state.frame.list(src)?.len();
        self.state.frame.set_public(dst, Public::int(length as i64))
    }

    pub(super) fn join(&mut self, dst: To, a: From, b: From) -> Outcome<()> {
        let more: List<P::Domain> = self.state.frame.list(b)?.clone();
        bounded(self.state.frame.list(a)?.len().checked_add(more.len()))?;
        let mut list = self.state.frame.take_list(dst, a)?;
        Arc::make_mut(&mut list).extend(more.iter().cloned());
        self.state.frame.set_list(dst, list)
    }

    pub(super) fn slice(&mut self, dst: To, src: From, [start, stop, step]: [Option<At>; 3]) -> Outcome<()> {
        let frame = &self.state.frame;
        let (start, stop, step) = (frame.optional_int(start)?, frame.optional_int(stop)?, frame.optional_int(step)?);
        let list = frame.list(src)?;
        let (first, count, step) = shape::clip(list.len(), start, stop, step)?;
        let places = (0..count as i128).map(|at| (first as i128 + at * i128::from(step)) as usize);
        let items = places.filter_map(|at| list.get(at).cloned()).collect();
        self.state.frame.set_list(dst, Arc::new(items))
    }

    pub(super) fn repeat(&mut self, dst: To, src: From, times: At) -> Outcome<()> {
        let (list, times) = (self.state.frame.list(src)?, self.state.frame.int(times)?.max(0));
        let length = bounded(usize::try_from(times).ok().and_then(|times| list.len().checked_mul(times)))?;
        let items = list.iter().cycle().take(length).cloned().collect();
        self.state.frame.set_list(dst, Arc::new(items))
    }

    pub(super) fn pack(&mut self, dst: AnyDst, src: From) -> Outcome<()> {
        let value = packed(self.state.frame.list(src)?, dst.0.bank)?;
        self.state.frame.set_value(dst, value)
    }

    pub(super) fn unpack(&mut self, dst: To, src: AnySrc) -> Outcome<()> {
        let value = self.state.frame.value(src)?;
        let &[length, ..] = shape_of(&value)? else {
            return Err(Raised::value("a scalar has no entries").into());
        };
        bounded(Some(length))?;
        let items = (0..length).map(|at| Move::Entry(at).of(&value)).collect::<Outcome<Vec<Value<_>>>>()?;
        self.state.frame.set_list(dst, Arc::new(items))
    }

    /// Lets go of values: what is left is a scalar zero, empty text or an empty list.
    pub(super) fn drop_registers(&mut self, regs: &[AnyDst]) -> Outcome<()> {
        for &AnyDst(reg) in regs {
            let frame = &mut self.state.frame;
            match reg.bank {
                Bank::List => frame.set_list(Dst::new(reg.index), List::default())?,
                Bank::Secret => {
                    let zero = Tensor::from_elem(ndarray::IxDyn(&[]), P::Domain::ZERO);
                    frame.set_secret(Dst::new(reg.index), self.protocol.share_public(&zero))?;
                }
                Bank::Public => {
                    let dst = Dst::new(reg.index);
                    let zero = match frame.kind(dst)? {
                        Kind::Int => Public::int(0),
                        Kind::Bool => Public::bool(false),
                        Kind::Fix => Public::Fix(Elements::One(P::Domain::ZERO)),
                        Kind::Str => Public::Str("".into()),
                        kind @ (Kind::Sint | Kind::Sfix | Kind::Sbool | Kind::Raw) => {
                            return broken(format!("a public register holds {kind}"));
                        }
                    };
                    frame.set_public(dst, zero)?;
                }
            }
        }
        Ok(())
    }
}
