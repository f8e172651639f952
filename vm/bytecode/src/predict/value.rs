//! What is known of a register: shapes always, elements where they are public and follow from sizes and constants.

use super::expr::{Expr, Place};
use std::sync::Arc;

/// Sizes of the axes.
pub type Shape = Vec<Expr>;

/// Elements that are kept one by one, at most.
pub const MOST_KNOWN: usize = 1 << 12;

/// Why something is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// It depends on what is revealed at a place, or given by a player.
    Revealed(Place),
    /// It changes from turn to turn of this loop (function, first instruction) in a way that is not followed.
    Loop(usize, usize),
    /// It is computed in a way that is not followed.
    Computed,
}

impl Why {
    /// What is revealed is unknown for good; everything else might be found out.
    pub fn stronger(self, other: Why) -> Why {
        match (self, other) {
            (Why::Revealed(_), _) => self,
            (_, Why::Revealed(_)) => other,
            (Why::Loop(..), _) => self,
            (Why::Computed, _) => other,
        }
    }
}

/// The elements of a public tensor; truth values are 0 and 1, fixed-point numbers are scaled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Row-major.
    Each(Arc<[Expr]>),
    /// All are the same.
    Same(Expr),
    /// They are not known.
    Unknown(Why),
}

/// A public tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Public {
    /// Its sizes.
    pub shape: Shape,
    /// Its elements.
    pub data: Data,
}

/// A list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// Item by item.
    Items(Arc<Vec<Value>>),
    /// Items that are alike.
    Alike {
        /// How many.
        length: Expr,
        /// What each is.
        item: Arc<Value>,
    },
    /// Items that are alike but for one, whose place is an expression.
    ButOne {
        /// How many.
        length: Expr,
        /// What each other is.
        item: Arc<Value>,
        /// The place of the one.
        at: Expr,
        /// What it is.
        one: Arc<Value>,
    },
}

/// What a register holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A public tensor.
    Public(Public),
    /// A secret tensor of this shape.
    Secret(Shape),
    /// A list.
    List(List),
    /// Text, if it is known.
    Text(Option<Arc<str>>),
    /// Not even its shape is known.
    Lost(Why),
}

impl Public {
    /// A scalar.
    pub fn scalar(value: Expr) -> Self {
        Self { shape: Vec::new(), data: Data::Same(value) }
    }

    /// A tensor of which the shape alone is known.
    pub fn unknown(shape: Shape, why: Why) -> Self {
        Self { shape, data: Data::Unknown(why) }
    }

    /// A tensor of these elements.
    pub fn of(shape: Shape, elements: Vec<Expr>) -> Self {
        let same = elements.first().filter(|first| elements.iter().all(|element| element == *first)).cloned();
        let data = match same {
            Some(same) => Data::Same(same),
            None if elements.len() <= MOST_KNOWN => Data::Each(elements.into()),
            None => Data::Unknown(Why::Computed),
        };
        Self { shape, data }
    }

    /// The one element of a scalar, or the element that all are.
    pub fn value(&self) -> Result<Expr, Why> {
        match &self.data {
            Data::Same(value) => Ok(value.clone()),
            Data::Each(each) => each.first().cloned().ok_or(Why::Computed),
            Data::Unknown(why) => Err(*why),
        }
    }

    /// All elements, where they are known and their number is.
    pub fn elements(&self) -> Option<Vec<Expr>> {
        match &self.data {
            Data::Each(each) => Some(each.to_vec()),
            Data::Same(value) => {
                let count = count(&self.shape).size().filter(|&count| count <= MOST_KNOWN as u64)?;
                Some(vec![value.clone(); count as usize])
            }
            Data::Unknown(_) => None,
        }
    }

    /// The elements of the tensor broadcast to a shape, where they are known and not too many.
    pub fn spread(&self, shape: &[Expr]) -> Option<Vec<Expr>> {
        let elements = self.elements()?;
        let sizes = |shape: &[Expr]| shape.iter().map(Expr::size).collect::<Option<Vec<u64>>>();
        let (sizes, own) = (sizes(shape)?, sizes(&self.shape)?);
        let total = sizes.iter().try_fold(1u64, |total, &size| total.checked_mul(size))?;
        let missing = sizes.len().checked_sub(own.len()).filter(|_| total <= MOST_KNOWN as u64)?;
        let element = |flat: u64| {
            let (mut rest, mut at, mut stride) = (flat, 0, 1);
            for (axis, &size) in sizes.iter().enumerate().rev() {
                let along = rest % size;
                rest /= size;
                if let Some(&own) = axis.checked_sub(missing).and_then(|axis| own.get(axis)) {
                    at += stride * if own == 1 { 0 } else { along };
                    stride *= own;
                }
            }
            elements.get(usize::try_from(at).ok()?).cloned()
        };
        (0..total).map(element).collect()
    }

    /// Why the elements are not known.
    pub fn why(&self) -> Why {
        match self.data {
            Data::Unknown(why) => why,
            Data::Each(_) | Data::Same(_) => Why::Computed,
        }
    }
}

impl List {
    /// How many items.
    pub fn length(&self) -> Expr {
        match self {
            List::Items(items) => (items.len() as u64).into(),
            List::Alike { length, .. } | List::ButOne { length, .. } => length.clone(),
        }
    }
}

impl Value {
    /// A list of these items.
    pub fn list(items: Vec<Value>) -> Self {
        Value::List(List::Items(items.into()))
    }

    /// An integer.
    pub fn int(value: impl Into<Expr>) -> Self {
        Value::Public(Public::scalar(value.into()))
    }

    /// The value with every expression in it mapped.
    #[must_use]
    pub fn map(&self, each: &mut dyn FnMut(&Expr) -> Expr) -> Value {
        match self {
            Value::Public(public) => {
                let shape = public.shape.iter().map(&mut *each).collect();
                let data = match &public.data {
                    Data::Each(elements) => Data::Each(elements.iter().map(&mut *each).collect()),
                    Data::Same(value) => Data::Same(each(value)),
                    Data::Unknown(why) => Data::Unknown(*why),
                };
                Value::Public(Public { shape, data })
            }
            Value::Secret(shape) => Value::Secret(shape.iter().map(each).collect()),
            Value::List(List::Items(items)) => Value::list(items.iter().map(|item| item.map(each)).collect()),
            Value::List(List::Alike { length, item }) => {
                Value::List(List::Alike { length: each(length), item: item.map(each).into() })
            }
            Value::List(List::ButOne { length, item, at, one }) => {
                let (length, at) = (each(length), each(at));
                Value::List(List::ButOne { length, item: item.map(each).into(), at, one: one.map(each).into() })
            }
            Value::Text(_) | Value::Lost(_) => self.clone(),
        }
    }

    /// How many secret elements are in it; `None` where that is not known.
    pub fn secret_elements(&self) -> Option<Expr> {
        match self {
            Value::Public(_) | Value::Text(_) => Some(Expr::ZERO),
            Value::Secret(shape) => Some(count(shape)),
            Value::List(List::Items(items)) => {
                items.iter().try_fold(Expr::ZERO, |sum, item| Some(sum.plus(&item.secret_elements()?)))
            }
            Value::List(List::Alike { length, item }) => Some(length.times(&item.secret_elements()?)),
            Value::List(List::ButOne { length, item, one, .. }) => {
                let others = length.minus(&Expr::ONE).times(&item.secret_elements()?);
                Some(others.plus(&one.secret_elements()?))
            }
            Value::Lost(_) => None,
        }
    }
}

/// The number of elements of a shape.
pub fn count(shape: &[Expr]) -> Expr {
    shape.iter().fold(Expr::ONE, |count, size| count.times(size))
}

/// A list of items that are alike as one of items, where it is short.
pub fn itemised(list: List) -> List {
    match &list {
        List::Alike { length, item } => match length.size().filter(|&length| length <= MOST_KNOWN as u64) {
            Some(length) => List::Items(Arc::new(vec![item.as_ref().clone(); length as usize])),
            None => list,
        },
        List::Items(_) | List::ButOne { .. } => list,
    }
}

/// What two values have in common, where they need not be told apart: elements that differ become unknown. `None` where
/// shapes differ.
pub fn blur(a: &Value, b: &Value, why: Why) -> Value {
    match (a, b) {
        _ if a == b => a.clone(),
        (Value::Public(x), Value::Public(y)) if x.shape == y.shape => {
            Value::Public(Public::unknown(x.shape.clone(), why.stronger(x.why()).stronger(y.why())))
        }
        (Value::Text(_), Value::Text(_)) => Value::Text(None),
        (Value::List(x), Value::List(y)) if x.length() == y.length() => {
            let (x, y) = (alike(x, why), alike(y, why));
            match (x, y) {
                (Some((length, x)), Some((_, y))) => alike_list(length, blur(&x, &y, why)),
                (Some((length, item)), None) | (None, Some((length, item))) => alike_list(length, item),
                (None, None) => a.clone(),
            }
        }
        _ => Value::Lost(why),
    }
}

fn alike_list(length: Expr, item: Value) -> Value {
    Value::List(List::Alike { length, item: item.into() })
}

/// The length of a list, and what all its items have in common; `None` for an empty one.
pub fn alike(list: &List, why: Why) -> Option<(Expr, Value)> {
    match list {
        List::Alike { length, item } => Some((length.clone(), item.as_ref().clone())),
        List::ButOne { length, item, one, .. } => Some((length.clone(), blur(item, one, why))),
        List::Items(items) => {
            let (first, rest) = items.split_first()?;
            let item = rest.iter().fold(first.clone(), |item, next| blur(&item, next, why));
            Some((list.length(), item))
        }
    }
}
