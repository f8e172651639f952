//! Lists of public length.

use super::expr::Expr;
use super::step::raised;
use super::value::{Data, List, MOST_KNOWN, Public, Value, alike, blur, itemised};
use super::walk::{Frame, Halt, Outcome, Walk};
use crate::operand::{AnyDst, AnySrc, Dst, Exception, Lists, Public as PublicBank, Src};
use std::sync::Arc;

type To = Dst<Lists>;
type From = Src<Lists>;
type At = Src<PublicBank>;

/// Items that are kept one by one, at most: a longer list is one of items that are alike.
const MOST_ITEMS: u64 = 1 << 16;

fn list_of(length: Expr, item: Value) -> Value {
    Value::List(List::Alike { length, item: item.into() })
}

/// A position in a list, from the start.
fn position(at: i128, length: i128) -> Result<usize, Halt> {
    let at = if at < 0 { at + length } else { at };
    usize::try_from(at).ok().filter(|_| at < length).ok_or_else(|| raised(Exception::IndexError))
}

impl Walk<'_> {
    /// The length of a list and what its items have in common.
    fn in_common(&self, list: &List) -> (Expr, Value) {
        let why = self.why();
        alike(list, why).unwrap_or((Expr::ZERO, Value::Lost(why)))
    }

    pub(super) fn push(&self, frame: &mut Frame, dst: To, src: From, item: AnySrc) -> Outcome<()> {
        let item = self.value(frame, item)?;
        let list = match self.list(frame, src)? {
            List::Items(mut items) => {
                // In place where nobody else holds the list.
                frame.set(dst.reg(), Value::list(Vec::new()));
                if dst.reg() == src.reg() || (items.len() as u64) < MOST_ITEMS {
                    Arc::make_mut(&mut items).push(item);
                }
                Value::List(List::Items(items))
            }
            List::Alike { length, item: known } => {
                let item = if length == Expr::ZERO { item } else { blur(&known, &item, self.why()) };
                list_of(length.plus(&Expr::ONE), item)
            }
            list @ List::ButOne { .. } => {
                let (length, known) = self.in_common(&list);
                list_of(length.plus(&Expr::ONE), blur(&known, &item, self.why()))
            }
        };
        frame.set(dst.reg(), list);
        Ok(())
    }

    pub(super) fn pop(&self, frame: &mut Frame, dst: To, item: AnyDst, src: From, at: At) -> Outcome<()> {
        let (list, at) = (self.list(frame, src)?, self.known(frame, at)?);
        if list.length() == Expr::ZERO {
            return Err(raised(Exception::IndexError));
        }
        let (rest, taken) = match (&list, at) {
            (List::Items(items), Some(at)) => {
                let at = position(at, items.len() as i128)?;
                let mut items = items.as_ref().clone();
                let taken = items.remove(at);
                (Value::list(items), taken)
            }
            _ => {
                let (length, common) = self.in_common(&list);
                (list_of(length.minus(&Expr::ONE), common.clone()), common)
            }
        };
        frame.set(dst.reg(), rest);
        frame.set(item.0, taken);
        Ok(())
    }

    pub(super) fn take(&self, frame: &mut Frame, dst: AnyDst, src: From, at: At) -> Outcome<()> {
        let (list, place) = (self.list(frame, src)?, self.public(frame, at)?.value().ok());
        let at = place.as_ref().and_then(Expr::number);
        let value = match (&list, at) {
            (List::ButOne { at, one, .. }, _) if place.as_ref() == Some(at) => one.as_ref().clone(),
            (List::Items(items), Some(at)) => items[position(at, items.len() as i128)?].clone(),
            (List::Items(items), None) if items.is_empty() => return Err(raised(Exception::IndexError)),
            _ => self.in_common(&list).1,
        };
        frame.set(dst.0, value);
        Ok(())
    }

    pub(super) fn put(&self, frame: &mut Frame, dst: To, src: From, at: At, item: AnySrc) -> Outcome<()> {
        let (list, place, item) =
            (self.list(frame, src)?, self.public(frame, at)?.value().ok(), self.value(frame, item)?);
        let at = place.as_ref().and_then(Expr::number);
        let list = match (if at.is_some() { itemised(list) } else { list }, at) {
            (List::Items(mut items), Some(at)) => {
                let at = position(at, items.len() as i128)?;
                frame.set(dst.reg(), Value::list(Vec::new()));
                Arc::make_mut(&mut items)[at] = item;
                Value::List(List::Items(items))
            }
            (list, _) => self.put_somewhere(&list, place, item),
        };
        frame.set(dst.reg(), list);
        Ok(())
    }

    /// A list with an item replaced whose place is no number.
    fn put_somewhere(&self, list: &List, place: Option<Expr>, new: Value) -> Value {
        let why = self.why();
        let (length, common) = match (list, &place) {
            // The one is replaced: what else there is stays.
            (List::ButOne { length, item, at, .. }, Some(place)) if at == place => {
                (length.clone(), item.as_ref().clone())
            }
            (list, _) => self.in_common(list),
        };
        match (blur(&common, &new, why), place) {
            (Value::Lost(_), Some(at)) => {
                Value::List(List::ButOne { length, item: common.into(), at, one: new.into() })
            }
            (item, _) => list_of(length, item),
        }
    }

    pub(super) fn join(&self, frame: &mut Frame, dst: To, a: From, b: From) -> Outcome<()> {
        let (a, b) = (self.list(frame, a)?, self.list(frame, b)?);
        let joined = match (&a, &b) {
            (List::Items(a), List::Items(b)) => Value::list([&a[..], &b[..]].concat()),
            (some, none) | (none, some) if none.length() == Expr::ZERO => Value::List(some.clone()),
            _ => {
                let ((length, x), (more, y)) = (self.in_common(&a), self.in_common(&b));
                list_of(length.plus(&more), blur(&x, &y, self.why()))
            }
        };
        frame.set(dst.reg(), joined);
        Ok(())
    }

    pub(super) fn slice(&mut self, frame: &mut Frame, dst: To, src: From, bounds: [Option<At>; 3]) -> Outcome<()> {
        let list = self.list(frame, src)?;
        let (first, count, step) = self.clip(frame, &list.length(), bounds)?;
        let first = first.and_then(|first| first.number());
        let sliced = match (&list, first, count.number()) {
            (List::Items(items), Some(first), Some(count)) => {
                let places = (0..count).map(|at| first + at * step);
                Value::list(places.filter_map(|at| items.get(usize::try_from(at).ok()?).cloned()).collect())
            }
            _ => list_of(count, self.in_common(&list).1),
        };
        frame.set(dst.reg(), sliced);
        Ok(())
    }

    pub(super) fn repeat(&mut self, frame: &mut Frame, dst: To, src: From, times: At) -> Outcome<()> {
        let (list, times) = (self.list(frame, src)?, self.int(frame, times)?);
        let times = self.facts.max(&Expr::ZERO, &times);
        let few =
            times.size().filter(|times| times.saturating_mul(list.length().size().unwrap_or(u64::MAX)) <= MOST_ITEMS);
        let repeated = match (&list, few) {
            (List::Items(items), Some(times)) => Value::list((0..times).flat_map(|_| items.iter().cloned()).collect()),
            _ => {
                let (length, common) = self.in_common(&list);
                list_of(length.times(&times), common)
            }
        };
        frame.set(dst.reg(), repeated);
        Ok(())
    }

    pub(super) fn pack(&self, frame: &mut Frame, dst: AnyDst, src: From) -> Outcome<()> {
        let list = self.list(frame, src)?;
        let (length, common) = self.in_common(&list);
        if length == Expr::ZERO {
            return Err(raised(Exception::ValueError));
        }
        let shape = [&[length][..], &self.shape_of(frame, &common)?].concat();
        let value = match common {
            Value::Public(common) => {
                let each = |item: &Value| if let Value::Public(item) = item { item.elements() } else { None };
                let all = match &list {
                    List::Items(items) if items.len() <= MOST_KNOWN => {
                        items.iter().map(each).collect::<Option<Vec<_>>>()
                    }
                    List::Items(_) | List::Alike { .. } | List::ButOne { .. } => None,
                };
                match (all, common.data) {
                    (Some(all), _) => Value::Public(Public::of(shape, all.concat())),
                    (None, Data::Same(value)) => Value::Public(Public { shape, data: Data::Same(value) }),
                    (None, Data::Unknown(why)) => Value::Public(Public::unknown(shape, why)),
                    (None, Data::Each(_)) => Value::Public(Public::unknown(shape, self.why())),
                }
            }
            _ => Value::Secret(shape),
        };
        frame.set(dst.0, value);
        Ok(())
    }

    pub(super) fn unpack(&self, frame: &mut Frame, dst: To, src: AnySrc) -> Outcome<()> {
        let shape = self.shape(frame, src.0)?;
        let Some((length, row)) = shape.split_first() else { return Err(raised(Exception::ValueError)) };
        let list = match (self.value(frame, src)?, length.size()) {
            (Value::Public(public), Some(length)) if length <= MOST_KNOWN as u64 && public.elements().is_some() => {
                let elements = public.elements().unwrap_or_default();
                let size = elements.len().checked_div(length as usize).unwrap_or(0);
                let entry = |at: usize| {
                    let part = elements[at * size..(at + 1) * size].to_vec();
                    Value::Public(Public::of(row.to_vec(), part))
                };
                Value::list((0..length as usize).map(entry).collect())
            }
            (Value::Public(public), _) => {
                let data = match public.data {
                    Data::Same(value) => Data::Same(value),
                    Data::Unknown(why) => Data::Unknown(why),
                    Data::Each(_) => Data::Unknown(self.why()),
                };
                list_of(length.clone(), Value::Public(Public { shape: row.to_vec(), data }))
            }
            _ => list_of(length.clone(), Value::Secret(row.to_vec())),
        };
        frame.set(dst.reg(), list);
        Ok(())
    }
}
