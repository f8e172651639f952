//! Shapes, and the elements of public tensors that are moved around.

use super::expr::Expr;
use super::step::raised;
use super::value::{Data, Public, Shape, Value, count};
use super::walk::{Frame, Outcome, Walk};
use crate::operand::{AnyDst, AnySrc, Bank, Dst, Exception, Place, Public as PublicBank, Src};

/// A place of an index expression, for an axis or more.
enum Cut {
    /// One position, if it is known.
    At(Option<Expr>),
    /// From a first position, if it is known, so many, by a step.
    Range(Option<Expr>, Expr, i128),
    /// A new axis of length one.
    New,
}

impl Walk<'_> {
    /// Stores a tensor of another shape; `data` says what its elements are if they are public and known.
    fn store(&self, frame: &mut Frame, dst: AnyDst, shape: Shape, data: Option<Data>) {
        let value = match (dst.0.bank, data) {
            (Bank::Public, Some(data)) => Value::Public(Public { shape, data }),
            (Bank::Public, None) => Value::Public(Public::unknown(shape, self.why())),
            (Bank::Secret | Bank::List, _) => Value::Secret(shape),
        };
        frame.set(dst.0, value);
    }

    /// The elements of a register that is public.
    fn data(&self, frame: &Frame, src: AnySrc) -> Option<Data> {
        match frame.get(src.0) {
            Some(Value::Public(public)) => Some(public.data.clone()),
            Some(Value::Secret(_) | Value::List(_) | Value::Text(_) | Value::Lost(_)) | None => None,
        }
    }

    /// Elements that stay known however they are moved.
    fn same(&self, frame: &Frame, src: AnySrc) -> Option<Data> {
        self.data(frame, src).filter(|data| matches!(data, Data::Same(_) | Data::Unknown(_)))
    }

    fn sizes(&mut self, frame: &Frame, sizes: &[Src<PublicBank>]) -> Outcome<Shape> {
        sizes.iter().map(|&size| self.int(frame, size)).collect()
    }

    pub(super) fn reshape(
        &mut self,
        frame: &mut Frame,
        dst: AnyDst,
        src: AnySrc,
        to: &[Src<PublicBank>],
    ) -> Outcome<()> {
        let (from, mut to) = (self.shape(frame, src.0)?, self.sizes(frame, to)?);
        if let Some(open) = to.iter().position(|size| *size == Expr::Num(-1)) {
            to.remove(open);
            let rest = self.facts.quotient(&count(&from), &count(&to));
            to.insert(open, rest.unwrap_or_else(Expr::too_large));
        }
        if let (Some(a), Some(b)) = (count(&from).number(), count(&to).number())
            && a != b
        {
            return Err(raised(Exception::ValueError));
        }
        let data = self.data(frame, src);
        self.store(frame, dst, to, data);
        Ok(())
    }

    pub(super) fn transpose(&self, frame: &mut Frame, dst: AnyDst, src: AnySrc, axes: &[u32]) -> Outcome<()> {
        let shape = self.shape(frame, src.0)?;
        let order: Vec<usize> = if axes.is_empty() {
            (0..shape.len()).rev().collect()
        } else {
            axes.iter().map(|&axis| axis as usize).collect()
        };
        let sizes = order.iter().map(|&axis| shape.get(axis).cloned()).collect::<Option<Shape>>();
        let sizes = sizes.ok_or_else(|| raised(Exception::ValueError))?;
        let data = if shape.len() < 2 { self.data(frame, src) } else { self.same(frame, src) };
        self.store(frame, dst, sizes, data);
        Ok(())
    }

    pub(super) fn broadcast(
        &mut self,
        frame: &mut Frame,
        dst: AnyDst,
        src: AnySrc,
        to: &[Src<PublicBank>],
    ) -> Outcome<()> {
        let (from, to) = (self.shape(frame, src.0)?, self.sizes(frame, to)?);
        if to.iter().any(|size| size.number().is_some_and(|size| size < 0)) {
            return Err(raised(Exception::ValueError));
        }
        let data = if from == to { self.data(frame, src) } else { self.same(frame, src) };
        self.store(frame, dst, to, data);
        Ok(())
    }

    /// The bounds of `start:stop:step` for an axis, as Python clips them: the first position, how many, the step.
    pub(super) fn clip(
        &mut self,
        frame: &Frame,
        size: &Expr,
        [start, stop, step]: [Option<Src<PublicBank>>; 3],
    ) -> Outcome<(Option<Expr>, Expr, i128)> {
        let step = match step.map(|step| self.int(frame, step)).transpose()?.map(|step| step.number()) {
            None => 1,
            Some(Some(0)) => return Err(raised(Exception::ValueError)),
            Some(Some(step)) => step,
            Some(None) => return Err(self.stop("the step of this range is not known", frame)),
        };
        let one = Expr::ONE;
        let (lowest, highest) = if step > 0 { (Expr::ZERO, size.clone()) } else { (Expr::Num(-1), size.minus(&one)) };
        let mut place = |bound: Option<Src<PublicBank>>, default: &Expr| match bound {
            None => Ok(default.clone()),
            Some(bound) => {
                let at = self.int(frame, bound)?;
                if self.facts.is_natural(&at) {
                    return Ok(self.facts.min(&at, &highest));
                }
                if self.facts.is_positive(&at.negated()) {
                    return Ok(self.facts.max(&at.plus(size), &lowest));
                }
                // Either side of zero: what is asked decides.
                let below = self.facts.natural(&at).not();
                let (low, high) = (self.facts.max(&at.plus(size), &lowest), self.facts.min(&at, &highest));
                Ok(below.times(&low.minus(&high)).plus(&high))
            }
        };
        let (first, end) = if step > 0 {
            (place(start, &Expr::ZERO)?, place(stop, size)?)
        } else {
            (place(start, &size.minus(&one))?, place(stop, &Expr::Num(-1))?)
        };
        let count = self.between(&first, &end, step);
        Ok((Some(first), count, step))
    }

    /// Holds a position to the size of its axis: what lies outside raises, and what may lie outside may.
    fn hold(&mut self, frame: &Frame, at: &Public, size: &Expr) -> Outcome<()> {
        let facts = &self.facts;
        let inside = |at: &Expr| {
            let from_start = facts.is_natural(at) && facts.is_positive(&size.minus(at));
            from_start || facts.is_positive(&at.negated()) && facts.is_natural(&at.plus(size))
        };
        let outside = |at: &Expr| match (at.number(), size.number()) {
            (Some(at), Some(size)) => !(-size..size).contains(&at),
            _ => false,
        };
        let known = match &at.data {
            Data::Same(at) => Some(std::slice::from_ref(at)),
            Data::Each(each) => Some(&each[..]),
            Data::Unknown(_) => None,
        };
        match known {
            Some(known) if known.iter().any(outside) => Err(raised(Exception::IndexError)),
            Some(known) if known.iter().all(inside) => Ok(()),
            Some(_) | None => self.may_raise(frame, at.why(), Exception::IndexError),
        }
    }

    fn cuts(&mut self, frame: &Frame, places: &[Place], shape: &[Expr]) -> Outcome<Vec<Cut>> {
        let used = places.iter().filter(|place| matches!(place, Place::At(_) | Place::Range(..))).count();
        let left = shape.len().checked_sub(used).ok_or_else(|| raised(Exception::IndexError))?;
        let whole = |size: &Expr| Cut::Range(Some(Expr::ZERO), size.clone(), 1);
        let mut cuts = Vec::new();
        let (mut axis, mut rest) = (0, Some(left));
        for place in places {
            match *place {
                Place::At(at) => {
                    let at = self.public(frame, at)?;
                    let size = &shape[axis];
                    self.hold(frame, &at, size)?;
                    let at = at.value().ok();
                    let positive = |at: Expr| if at.number().is_some_and(|at| at < 0) { at.plus(size) } else { at };
                    cuts.push(Cut::At(at.map(positive)));
                    axis += 1;
                }
                Place::Range(start, stop, step) => {
                    let (first, count, step) = self.clip(frame, &shape[axis], [start, stop, step])?;
                    cuts.push(Cut::Range(first, count, step));
                    axis += 1;
                }
                Place::NewAxis => cuts.push(Cut::New),
                Place::Rest => {
                    let axes = rest.take().unwrap_or(0);
                    cuts.extend(shape[axis..axis + axes].iter().map(whole));
                    axis += axes;
                }
            }
        }
        cuts.extend(shape[axis..].iter().map(whole));
        Ok(cuts)
    }

    pub(super) fn index(&mut self, frame: &mut Frame, dst: AnyDst, src: AnySrc, places: &[Place]) -> Outcome<()> {
        let shape = self.shape(frame, src.0)?;
        let cuts = self.cuts(frame, places, &shape)?;
        let data = match self.data(frame, src) {
            Some(Data::Each(elements)) => {
                let places = places_of(&cuts, &shape);
                let taken =
                    places.map(|places| places.iter().map(|&at| elements.get(at).cloned()).collect::<Option<Vec<_>>>());
                taken.flatten().map(|taken| Public::of(Vec::new(), taken).data)
            }
            other => other,
        };
        self.store(frame, dst, cut_shape(&cuts), data);
        Ok(())
    }

    pub(super) fn assign(
        &mut self,
        frame: &mut Frame,
        dst: AnyDst,
        src: AnySrc,
        places: &[Place],
        value: AnySrc,
    ) -> Outcome<()> {
        let shape = self.shape(frame, src.0)?;
        let cuts = self.cuts(frame, places, &shape)?;
        let data = match (frame.get(src.0), frame.get(value.0)) {
            (Some(Value::Public(target)), Some(Value::Public(value))) => match (target.elements(), &value.data) {
                (_, Data::Same(value)) if target.data == Data::Same(value.clone()) => Some(target.data.clone()),
                (Some(mut elements), Data::Same(value)) => places_of(&cuts, &shape).map(|places| {
                    places.into_iter().for_each(|at| {
                        if let Some(element) = elements.get_mut(at) {
                            *element = value.clone();
                        }
                    });
                    Public::of(Vec::new(), elements).data
                }),
                (None, _) if matches!(target.data, Data::Unknown(_)) => Some(target.data.clone()),
                _ => Some(Data::Unknown(self.why().stronger(target.why()).stronger(value.why()))),
            },
            _ => None,
        };
        self.store(frame, dst, shape, data);
        Ok(())
    }

    pub(super) fn concat(&self, frame: &mut Frame, dst: AnyDst, srcs: &[AnySrc], axis: u32) -> Outcome<()> {
        let shapes = srcs.iter().map(|src| self.shape(frame, src.0)).collect::<Outcome<Vec<_>>>()?;
        let mut shape = shapes.first().cloned().unwrap_or_default();
        let size = |shape: &Shape| shape.get(axis as usize).cloned();
        let total = shapes.iter().try_fold(Expr::ZERO, |sum, shape| Some(sum.plus(&size(shape)?)));
        match (shape.get_mut(axis as usize), total) {
            (Some(size), Some(total)) => *size = total,
            _ => return Err(raised(Exception::ValueError)),
        }
        let data = if axis == 0 { self.joined(frame, srcs) } else { None };
        self.store(frame, dst, shape, data);
        Ok(())
    }

    pub(super) fn stack(&self, frame: &mut Frame, dst: AnyDst, srcs: &[AnySrc]) -> Outcome<()> {
        let first = srcs.first().map_or(Ok(Vec::new()), |src| self.shape(frame, src.0))?;
        let shape = [&[Expr::from(srcs.len() as u64)][..], &first].concat();
        let data = self.joined(frame, srcs);
        self.store(frame, dst, shape, data);
        Ok(())
    }

    /// The elements of tensors, one after the other.
    fn joined(&self, frame: &Frame, srcs: &[AnySrc]) -> Option<Data> {
        let elements = |src: &AnySrc| match frame.get(src.0) {
            Some(Value::Public(public)) => public.elements(),
            Some(Value::Secret(_) | Value::List(_) | Value::Text(_) | Value::Lost(_)) | None => None,
        };
        let all = srcs.iter().map(elements).collect::<Option<Vec<_>>>()?.concat();
        Some(Public::of(Vec::new(), all).data)
    }

    pub(super) fn scatter(
        &self,
        frame: &mut Frame,
        dst: AnyDst,
        src: AnySrc,
        at: Src<PublicBank>,
        value: AnySrc,
    ) -> Outcome<()> {
        let (shape, at) = (self.shape(frame, src.0)?, self.public(frame, at)?);
        let (target, new) = (self.same(frame, src), self.data(frame, value));
        let why = [&target, &new].into_iter().flatten().fold(self.why().stronger(at.why()), |why, data| match data {
            Data::Unknown(more) => why.stronger(*more),
            Data::Each(_) | Data::Same(_) => why,
        });
        let kept = target.filter(|target| new.as_ref() == Some(target));
        self.store(frame, dst, shape, kept.or(Some(Data::Unknown(why))));
        Ok(())
    }

    /// Where a tensor is true.
    pub(super) fn positions(&mut self, frame: &mut Frame, dst: Dst<PublicBank>, src: Src<PublicBank>) -> Outcome<()> {
        let x = self.public(frame, src)?;
        let value =
            match x.elements().and_then(|elements| elements.iter().map(Expr::number).collect::<Option<Vec<_>>>()) {
                Some(elements) => {
                    let places = elements.iter().enumerate().filter(|(_, truth)| **truth != 0);
                    let places: Vec<Expr> = places.map(|(at, _)| Expr::from(at as u64)).collect();
                    Public::of(vec![Expr::from(places.len() as u64)], places)
                }
                None => {
                    let length = match x.value() {
                        Ok(_) => Err(self.why()),
                        Err(why) => Err(why),
                    };
                    let length = self.number_or_hidden(frame, length)?;
                    Public::unknown(vec![length], self.why().stronger(x.why()))
                }
            };
        frame.set(dst.reg(), Value::Public(value));
        Ok(())
    }

    pub(super) fn gather(&mut self, frame: &mut Frame, dst: AnyDst, src: AnySrc, at: Src<PublicBank>) -> Outcome<()> {
        let (shape, at) = (self.shape(frame, src.0)?, self.public(frame, at)?);
        if let (Some(size), false) = (shape.first(), at.shape.contains(&Expr::ZERO)) {
            self.hold(frame, &at, size)?;
        }
        let rows = shape.get(1..).unwrap_or_default();
        let data = match self.data(frame, src) {
            Some(Data::Each(elements)) => gathered(&elements, shape.first(), &at),
            other => other,
        };
        self.store(frame, dst, [&at.shape[..], rows].concat(), data);
        Ok(())
    }
}

/// The rows of a tensor at some positions, where all is known.
fn gathered(elements: &[Expr], rows: Option<&Expr>, at: &Public) -> Option<Data> {
    let rows = usize::try_from(rows?.size()?).ok().filter(|&rows| rows > 0)?;
    let wide = elements.len() / rows;
    let row = |at: Expr| {
        let at = at.number()?;
        let at = usize::try_from(if at < 0 { at + rows as i128 } else { at }).ok()?;
        elements.get(at.checked_mul(wide)?..(at + 1).checked_mul(wide)?).map(<[Expr]>::to_vec)
    };
    let taken = at.elements()?.into_iter().map(row).collect::<Option<Vec<_>>>()?.concat();
    if taken.is_empty() { None } else { Some(Public::of(Vec::new(), taken).data) }
}

fn cut_shape(cuts: &[Cut]) -> Shape {
    let axis = |cut: &Cut| match cut {
        Cut::At(_) => None,
        Cut::Range(_, count, _) => Some(count.clone()),
        Cut::New => Some(Expr::ONE),
    };
    cuts.iter().filter_map(axis).collect()
}

/// The row-major places of the elements that are cut out, if all is known.
fn places_of(cuts: &[Cut], shape: &[Expr]) -> Option<Vec<usize>> {
    let (mut places, mut axis) = (vec![0i128], 0);
    for cut in cuts {
        let along: Vec<i128> = match cut {
            Cut::New => continue,
            Cut::At(at) => vec![at.as_ref()?.number()?],
            Cut::Range(first, count, step) => {
                let (first, count) = (first.as_ref()?.number()?, count.number()?);
                (0..count.min(super::value::MOST_KNOWN as i128)).map(|at| first + at * step).collect()
            }
        };
        let size = shape.get(axis)?.number()?;
        axis += 1;
        places = places.iter().flat_map(|place| along.iter().map(move |at| place * size + at)).collect();
        if places.len() > super::value::MOST_KNOWN {
            return None;
        }
    }
    places.into_iter().map(|at| usize::try_from(at).ok()).collect()
}
