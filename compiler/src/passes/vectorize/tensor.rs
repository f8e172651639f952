//! Tensors whose axes have names: put in order, laid out against each other, taken apart and put together.

use super::order::Extent;
use super::trace::{Axis, Obstacle, Tracer, Val, Why};
use mpc_bytecode::operand::{Binary, Place};
use mpc_bytecode::{Constant, Dst, Instruction, Kind, Reg, Src};

/// The name of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Label {
    /// Of a loop.
    Axis(Axis),
    /// Of the tensor itself.
    Own(u32),
}

/// A tensor with named axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// The register.
    pub reg: Reg,
    /// The names, one an axis.
    pub dims: Vec<Label>,
}

/// The whole of an axis.
pub const WHOLE: Place = Place::Range(None, None, None);

impl Tracer<'_> {
    /// A value with names for its own axes too: the first is 0.
    pub fn labelled(&self, val: &Val) -> Labelled {
        let own = (0..self.own_rank(val) as u32).map(Label::Own);
        Labelled { reg: val.reg, dims: val.axes.iter().map(|&axis| Label::Axis(axis)).chain(own).collect() }
    }

    /// A value again: loops' axes first, rising, then its own as they stand.
    pub fn settled(&mut self, tensor: &Labelled) -> Val {
        let mut axes: Vec<Axis> = tensor.dims.iter().filter_map(axis_of).collect();
        axes.sort_unstable();
        let order: Vec<Label> = axes.iter().map(|&axis| Label::Axis(axis)).collect();
        let moved = self.front(tensor, &order);
        Val { reg: moved.reg, axes }
    }

    /// The given axes first.
    pub fn front(&mut self, tensor: &Labelled, first: &[Label]) -> Labelled {
        let rest = tensor.dims.iter().filter(|label| !first.contains(label));
        let dims: Vec<Label> = first.iter().chain(rest).copied().collect();
        self.ordered(tensor, dims)
    }

    /// The axes in another order.
    pub fn ordered(&mut self, tensor: &Labelled, dims: Vec<Label>) -> Labelled {
        if dims == tensor.dims {
            return tensor.clone();
        }
        let place = |label: &Label| tensor.dims.iter().position(|dim| dim == label).unwrap_or(0) as u32;
        let axes: Vec<u32> = dims.iter().map(place).collect();
        let reg =
            self.moved(tensor.reg, dims.len(), |dst, src| Instruction::Transpose { dst, src, axes: axes.clone() });
        Labelled { reg, dims }
    }

    /// The size of a named axis.
    pub fn size_of(&mut self, tensor: &Labelled, label: Label) -> Reg {
        match label {
            Label::Axis(axis) => self.count(axis),
            Label::Own(_) => {
                let at = tensor.dims.iter().position(|dim| *dim == label).unwrap_or(0);
                self.size(tensor.reg, at)
            }
        }
    }

    /// The first axes as one.
    pub fn flatten_front(&mut self, tensor: &Labelled, count: usize, sizes: &[Reg]) -> Reg {
        if count == 1 {
            return tensor.reg;
        }
        let mut shape = vec![self.product_of(sizes)];
        for at in count..tensor.dims.len() {
            shape.push(self.size_of(tensor, tensor.dims[at]));
        }
        self.reshape(tensor.reg, &shape)
    }

    /// Values laid out against each other: axes that one lacks have size 1 there, so that elementwise operations broadcast.
    pub fn aligned(&mut self, vals: &[Val]) -> (Vec<Reg>, Vec<Axis>) {
        let own = vals.iter().map(|val| self.own_rank(val)).max().unwrap_or(0);
        self.aligned_to(vals, own)
    }

    /// The same, where the result has that many axes of its own.
    pub fn aligned_to(&mut self, vals: &[Val], own: usize) -> (Vec<Reg>, Vec<Axis>) {
        let axes = self.union(vals);
        let regs = vals.iter().map(|val| self.spread(val, &axes, own)).collect();
        (regs, axes)
    }

    /// A value with axes of size 1 where it lacks some.
    pub fn spread(&mut self, val: &Val, axes: &[Axis], own: usize) -> Reg {
        let mine = self.own_rank(val);
        let Some(first) = val.axes.first() else { return val.reg };
        let skipped = axes.iter().position(|axis| axis == first).unwrap_or(0);
        if axes[skipped..] == val.axes[..] && mine >= own {
            return val.reg;
        }
        let mut places = Vec::new();
        for axis in &axes[skipped..] {
            places.push(if val.axes.contains(axis) { WHOLE } else { Place::NewAxis });
        }
        places.extend((mine..own).map(|_| Place::NewAxis));
        let rank = axes.len() - skipped + own.max(mine);
        self.moved(val.reg, rank, |dst, src| Instruction::Index { dst, src, places: places.clone() })
    }

    /// A value that really has all these axes.
    pub fn expanded(&mut self, val: &Val, axes: &[Axis]) -> Reg {
        if val.axes == axes {
            return val.reg;
        }
        let own = self.own_rank(val);
        let spread = self.spread(val, axes, own);
        let mut sizes: Vec<Reg> = axes.iter().map(|&axis| self.count(axis)).collect();
        for at in 0..own {
            sizes.push(self.size(val.reg, val.axes.len() + at));
        }
        self.broadcast(spread, &sizes)
    }

    /// Zeros over axes.
    pub fn zeros(&mut self, kind: Kind, axes: &[Axis]) -> Reg {
        let public = match kind {
            Kind::Raw => Kind::Int,
            other => other.opened().unwrap_or(other),
        };
        let constant = match public {
            Kind::Fix => Constant::Fix(Vec::new(), vec![0]),
            Kind::Bool => Constant::Bool(Vec::new(), vec![false]),
            _ => Constant::Int(Vec::new(), vec![0]),
        };
        let value = self.constants.intern(constant);
        let mut zero = self.make(public, 0, |to| Instruction::Const { dst: Dst::new(to.index), value });
        if kind != public {
            let shared = if kind == Kind::Raw { Kind::Raw } else { kind };
            let from = zero;
            zero = self.make(shared, 0, |to| Instruction::Share { dst: Dst::new(to.index), src: Src::new(from.index) });
        }
        if axes.is_empty() {
            return zero;
        }
        let sizes: Vec<Reg> = axes.iter().map(|&axis| self.count(axis)).collect();
        self.broadcast(zero, &sizes)
    }

    /// `src[places]` where positions or `src` differ between turns. `rank` is the result's own.
    pub fn taken(&mut self, src: &Val, places: &[Lifted], rank: usize) -> Result<Val, Obstacle> {
        self.guard_places(src, places);
        let varying = |place: &Lifted| matches!(place, Lifted::At(val) if !val.axes.is_empty());
        let (cut, mut dims) = self.cut_even(src, places, &varying)?;
        let mut tensor = Labelled { reg: cut, dims: dims.clone() };
        let mut groups = groups(src, places);
        groups.retain(|group| !group.is_empty());
        for group in groups {
            tensor = self.gather_group(src, &tensor, places, &group);
            dims = tensor.dims.clone();
        }
        let _ = dims;
        let found = self.settled(&tensor);
        debug_assert_eq!(self.own_rank(&found), rank, "the rank of an entry");
        Ok(found)
    }

    /// Asks that all positions be within the tensor.
    pub fn guard_places(&mut self, tensor: &Val, places: &[Lifted]) {
        let mut axis = tensor.axes.len();
        for place in places {
            if let Lifted::At(at) = place {
                self.guard_place(at, Extent::Axis(tensor.reg, axis));
            }
            axis += usize::from(!matches!(place, Lifted::Even(Place::NewAxis)));
        }
    }

    /// Applies all places that are the same in all turns. The axes that are left for the others are named by their places.
    fn cut_even(
        &mut self,
        src: &Val,
        places: &[Lifted],
        varying: &dyn Fn(&Lifted) -> bool,
    ) -> Result<(Reg, Vec<Label>), Obstacle> {
        let mut dims: Vec<Label> = src.axes.iter().map(|&axis| Label::Axis(axis)).collect();
        let mut cuts: Vec<Place> = src.axes.iter().map(|_| WHOLE).collect();
        let mut whole = true;
        for (at, place) in places.iter().enumerate() {
            let label = Label::Own(at as u32);
            cuts.push(match place {
                Lifted::At(_) if varying(place) => WHOLE,
                Lifted::At(val) => Place::At(Src::new(val.reg.index)),
                Lifted::Even(place) => *place,
            });
            let keeps = !matches!(cuts.last(), Some(Place::At(_)));
            whole &= cuts.last() == Some(&WHOLE);
            if keeps {
                dims.push(label);
            }
        }
        if whole {
            return Ok((src.reg, dims));
        }
        let rank = dims.len();
        let reg = self.moved(src.reg, rank, |dst, from| Instruction::Index { dst, src: from, places: cuts.clone() });
        if places.iter().any(|place| !matches!(place, Lifted::Even(place) if *place == WHOLE)) {
            self.risky.insert(reg);
        }
        Ok((reg, dims))
    }

    /// Takes the entries of some axes together, where their positions depend on one another's loops or on those of the tensor.
    fn gather_group(&mut self, src: &Val, tensor: &Labelled, places: &[Lifted], group: &[usize]) -> Labelled {
        let positions: Vec<Val> = group.iter().filter_map(|&at| places[at].position().cloned()).collect();
        let axes = self.union(&positions);
        let shared: Vec<Axis> = src.axes.iter().copied().filter(|axis| axes.contains(axis)).collect();
        let own: Vec<Label> = group.iter().map(|&at| Label::Own(at as u32)).collect();
        let first: Vec<Label> = shared.iter().map(|&axis| Label::Axis(axis)).chain(own.iter().copied()).collect();
        let moved = self.front(tensor, &first);
        let at = self.places_of(&moved, &shared, &own, &positions, &axes);
        let sizes: Vec<Reg> = first.iter().map(|&label| self.size_of(&moved, label)).collect();
        let flat = self.flatten_front(&moved, first.len(), &sizes);
        let rank = axes.len() + moved.dims.len() - first.len();
        let reg = self.moved(flat, rank, |dst, src| Instruction::Gather { dst, src, at: Src::new(at.index) });
        self.risky.insert(reg);
        let dims =
            axes.iter().map(|&axis| Label::Axis(axis)).chain(moved.dims[first.len()..].iter().copied()).collect();
        Labelled { reg, dims }
    }

    /// Positions counted through axes of loops and of the tensor, over `axes`. Each is checked against its axis.
    fn places_of(
        &mut self,
        tensor: &Labelled,
        shared: &[Axis],
        own: &[Label],
        positions: &[Val],
        axes: &[Axis],
    ) -> Reg {
        if let ([], [_], [only]) = (shared, own, positions) {
            return only.reg;
        }
        let (mut parts, mut sizes) = (Vec::new(), Vec::new());
        for &axis in shared {
            let count = self.count(axis);
            let reg = self.positions(count);
            parts.push(Val { reg, axes: vec![axis] });
            sizes.push(count);
        }
        for (&label, position) in own.iter().zip(positions) {
            let size = self.size_of(tensor, label);
            parts.push(Val { reg: self.checked(position.reg, size), axes: position.axes.clone() });
            sizes.push(size);
        }
        let spread: Vec<Reg> = parts.iter().map(|part| self.spread(part, axes, 0)).collect();
        self.mixed(&spread, &sizes)
    }

    /// Positions counted from the front; `IndexError` where one is outside.
    fn checked(&mut self, at: Reg, size: Reg) -> Reg {
        let all = self.positions(size);
        let rank = self.registers.get(at).rank as usize;
        if rank == 0 {
            let place = Place::At(Src::new(at.index));
            let reg = self.moved(all, 0, |dst, src| Instruction::Index { dst, src, places: vec![place] });
            self.risky.insert(reg);
            return reg;
        }
        let reg = self.moved(all, rank, |dst, src| Instruction::Gather { dst, src, at: Src::new(at.index) });
        self.risky.insert(reg);
        reg
    }

    /// `target` with `target[places]` replaced, in all turns; of two for one element the later stays.
    pub fn replaced(&mut self, target: &Val, places: &[Lifted], value: &Val) -> Result<Val, Obstacle> {
        if !places.iter().all(|place| matches!(place, Lifted::At(_) | Lifted::Even(WHOLE))) {
            return self.obstacle(None, Why::Shape);
        }
        self.guard_places(target, places);
        let points: Vec<usize> = (0..places.len()).filter(|&at| places[at].position().is_some()).collect();
        let positions: Vec<Val> = points.iter().filter_map(|&at| places[at].position().cloned()).collect();
        let mut turns = self.union(positions.iter().chain([value]));
        turns.retain(|axis| !target.axes.contains(axis));
        let shared: Vec<Axis> = target.axes.clone();
        let own: Vec<Label> = points.iter().map(|&at| Label::Own(at as u32)).collect();
        let first: Vec<Label> = shared.iter().map(|&axis| Label::Axis(axis)).chain(own.iter().copied()).collect();
        let tensor = self.labelled(target);
        let moved = self.front(&tensor, &first);
        let axes: Vec<Axis> = self.union([&Val { reg: target.reg, axes: turns.clone() }, target]);
        let at = self.places_of(&moved, &shared, &own, &positions, &axes);
        let sizes: Vec<Reg> = first.iter().map(|&label| self.size_of(&moved, label)).collect();
        let flat = self.flatten_front(&moved, first.len(), &sizes);
        let at = self.all_turns(at, &axes);
        let rest = moved.dims.len() - first.len();
        let spread = self.spread(value, &axes, rest);
        let rank = 1 + rest;
        let put = self.moved(flat, rank, |dst, src| Instruction::Scatter {
            dst,
            src,
            at: Src::new(at.index),
            value: mpc_bytecode::AnySrc(spread),
        });
        self.risky.insert(put);
        let back = if first.len() == 1 {
            put
        } else {
            let mut shape = sizes;
            for &label in &moved.dims[first.len()..] {
                shape.push(self.size_of(&moved, label));
            }
            self.reshape(put, &shape)
        };
        let ordered = self.ordered(&Labelled { reg: back, dims: moved.dims }, tensor.dims);
        Ok(Val { reg: ordered.reg, axes: target.axes.clone() })
    }

    /// Positions over all of these axes, where they may lack some.
    fn all_turns(&mut self, at: Reg, axes: &[Axis]) -> Reg {
        let sizes: Vec<Reg> = axes.iter().map(|&axis| self.count(axis)).collect();
        if axes.is_empty() {
            let one = self.int(1);
            return self.reshape(at, &[one]);
        }
        let zero = self.int(0);
        let zeros = self.broadcast(zero, &sizes);
        self.ints(Binary::Add, at, zeros)
    }
}

/// A place of an index, its registers read.
#[derive(Clone, Debug)]
pub enum Lifted {
    /// A position, which may differ between turns.
    At(Val),
    /// What is the same in all turns.
    Even(Place),
}

impl Lifted {
    /// The position.
    pub fn position(&self) -> Option<&Val> {
        match self {
            Lifted::At(val) => Some(val),
            Lifted::Even(_) => None,
        }
    }
}

/// The places whose positions differ between turns, those together that share loops with each other or with the tensor.
fn groups(src: &Val, places: &[Lifted]) -> Vec<Vec<usize>> {
    let mut groups: Vec<(Vec<Axis>, Vec<usize>)> = vec![(src.axes.clone(), Vec::new())];
    for (at, place) in places.iter().enumerate() {
        let Some(val) = place.position().filter(|val| !val.axes.is_empty()) else { continue };
        let mut joined = (val.axes.clone(), vec![at]);
        let mut rest = Vec::new();
        for group in groups {
            if group.0.iter().any(|axis| joined.0.contains(axis)) {
                joined.0.extend(group.0);
                joined.1.extend(group.1);
            } else {
                rest.push(group);
            }
        }
        rest.push(joined);
        groups = rest;
    }
    for (_, group) in &mut groups {
        group.sort_unstable();
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn axis_of(label: &Label) -> Option<Axis> {
    match label {
        Label::Axis(axis) => Some(*axis),
        Label::Own(_) => None,
    }
}
