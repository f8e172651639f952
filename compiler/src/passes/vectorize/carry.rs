//! What turns of a loop hand on to later ones: sums, appended items, elements.
//!
//! A register that a turn reads as the one before left it is followed through the turn as a symbol. As long as it is only added to, the
//! loop needs the total of what is added; a list to which items are appended needs the items; a tensor whose elements are each the
//! business of one turn, or of sums, needs what was changed. Anything else is a cycle.

use super::trace::{Axis, Fact, Linear, Obstacle, Part, Store, Sym, Tracer, Val, Why};
use super::tree::{Loop, each_op};
use crate::ir::{BlockId, Op};
use mpc_bytecode::operand::Place;
use mpc_bytecode::{AnySrc, Bank, Dst, Instruction, Kind, Reg, Src};

/// A register that a loop carries.
#[derive(Clone, Debug)]
pub struct Var {
    /// The register.
    pub reg: Reg,
    /// The loop.
    pub header: BlockId,
    /// Its axis.
    pub axis: Axis,
    /// What it held before.
    pub entry: Option<Sym>,
}

/// A tensor, or a list of scalars, of which a nest reads and writes elements.
#[derive(Clone, Debug)]
pub struct Array {
    /// The register.
    pub reg: Reg,
    /// What it held before, as a tensor.
    pub base: Val,
    /// It is a list.
    pub list: bool,
    /// The loops that carry it and are under way.
    pub levels: Vec<(BlockId, Axis)>,
    /// The places of its elements, which are the same everywhere in the nest.
    pub key: Option<Vec<Coordinate>>,
    /// Stands for the element of a turn.
    pub slot: Reg,
    /// For loops that come back to the same element: the symbol of what it holds.
    pub sums: Vec<(Axis, usize)>,
    /// A turn reads its element before it writes it.
    pub read: bool,
    /// A value that was read and not changed.
    pub clean: Option<Val>,
}

/// A place of an element.
#[derive(Clone, Debug)]
pub enum Coordinate {
    /// A position that loop variables give.
    Fact(Fact),
    /// Another position.
    Val(Val),
    /// Not a position.
    Even(Place),
}

impl Tracer<'_> {
    /// What a register's shape can be taken from.
    pub fn shape_of(&mut self, reg: Reg) -> Result<Val, Obstacle> {
        match self.env.get(reg).cloned() {
            Some(Sym::Array(array)) if !self.arrays[array].list => Ok(self.arrays[array].base.clone()),
            Some(Sym::Linear(linear)) => match self.vars[linear.var].entry.clone() {
                None => Ok(Val { reg, axes: Vec::new() }),
                Some(Sym::Plain(val)) => Ok(val),
                Some(_) => self.cycle(linear.var),
            },
            _ => self.operand(reg),
        }
    }

    /// Begins to follow a register that `inner` carries.
    pub fn carry(&mut self, reg: Reg, inner: &Loop, axis: Axis, sequential: bool) {
        if let Some(Sym::Array(array)) = self.env.get(reg) {
            let array = *array;
            self.enter_array(array, inner, axis);
            return;
        }
        let entry = self.env.get(reg).cloned();
        let var = self.vars.len();
        self.vars.push(Var { reg, header: inner.header, axis, entry });
        let sym = match self.usage(reg, inner) {
            _ if sequential => Sym::Carried(var),
            Usage::Elements => match self.array(reg, inner, axis) {
                Some(sym) => sym,
                None => Sym::Carried(var),
            },
            Usage::Appended => Sym::Pushed(var, Vec::new()),
            Usage::Any if reg.bank == Bank::Secret => Sym::Linear(Linear { var, coef: 1, parts: Vec::new() }),
            Usage::Any => Sym::Carried(var),
        };
        self.env.set(reg, sym);
    }

    fn usage(&self, reg: Reg, inner: &Loop) -> Usage {
        let list = reg.bank == Bank::List;
        let (mut elements, mut appended) = (true, list);
        let whole_rank = self.registers.get(reg).rank;
        each_op(&inner.body, &mut |op| {
            let (mut reads, mut writes) = (0, 0);
            op.reads(|other| reads += u32::from(other == reg));
            op.writes(|other| writes += u32::from(other == reg));
            if reads + writes == 0 {
                return;
            }
            appended &= matches!(op.instruction, Instruction::Push { dst, src, .. } if dst.reg() == reg && src.reg() == reg && reads == 1);
            let points = |places: &[Place]| places.iter().any(|place| matches!(place, Place::At(_)));
            elements &= match &op.instruction {
                Instruction::Index { src, places, .. } => src.0 == reg && points(places),
                Instruction::Assign { dst, src, places, .. } => {
                    dst.0 == reg && src.0 == reg && points(places) && reads == 1
                }
                Instruction::Size { .. } => true,
                Instruction::Get { src, .. } => src.reg() == reg && whole_rank == 0,
                Instruction::Set { dst, src, .. } => {
                    dst.reg() == reg && src.reg() == reg && whole_rank == 0 && reads == 1
                }
                _ => false,
            };
        });
        let scalars = matches!(&self.registers.get(reg).ty, mpc_bytecode::Type::List(item) if matches!(**item, mpc_bytecode::Type::Tensor(kind) if kind != Kind::Str));
        match (elements && (!list || scalars), appended) {
            (_, true) => Usage::Appended,
            (true, false) => Usage::Elements,
            (false, false) => Usage::Any,
        }
    }

    fn array(&mut self, reg: Reg, inner: &Loop, axis: Axis) -> Option<Sym> {
        let base = self.operand(reg).ok()?;
        let list = reg.bank == Bank::List;
        let kind = self.registers.get(reg).ty.element();
        if list && !base.axes.is_empty() {
            return None;
        }
        let base = if list { Val { reg: self.packed(base.reg, kind), axes: Vec::new() } } else { base };
        let slot = self.registers.add(mpc_bytecode::Type::Tensor(kind), 0);
        self.arrays.push(Array {
            reg,
            base,
            list,
            levels: vec![(inner.header, axis)],
            key: None,
            slot,
            sums: Vec::new(),
            read: false,
            clean: None,
        });
        Some(Sym::Array(self.arrays.len() - 1))
    }

    fn enter_array(&mut self, array: usize, inner: &Loop, axis: Axis) {
        self.arrays[array].levels.push((inner.header, axis));
        if self.arrays[array].key.is_none() {
            return;
        }
        // The element is known already: this loop comes back to it.
        let slot = self.arrays[array].slot;
        let var = self.vars.len();
        let entry = self.env.get(slot).cloned();
        self.vars.push(Var { reg: self.arrays[array].reg, header: inner.header, axis, entry });
        self.arrays[array].sums.push((axis, var));
        self.env.set(slot, Sym::Linear(Linear { var, coef: 1, parts: Vec::new() }));
    }

    /// Deals with an instruction that touches followed registers; false if it touches none.
    pub fn symbolic(&mut self, op: &Op) -> Result<bool, Obstacle> {
        use Instruction as I;
        match &op.instruction {
            I::Index { dst, src, places } => {
                if let Some(Sym::Array(array)) = self.env.get(src.0) {
                    let array = *array;
                    return self.read_element(array, dst.0, places).map(|()| true);
                }
            }
            I::Get { dst, src, at } => {
                if let Some(Sym::Array(array)) = self.env.get(src.reg()) {
                    let array = *array;
                    return self.read_element(array, dst.0, &[Place::At(*at)]).map(|()| true);
                }
            }
            I::Assign { src, places, value, .. } => {
                if let Some(Sym::Array(array)) = self.env.get(src.0) {
                    let array = *array;
                    return self.write_element(array, places, value.0).map(|()| true);
                }
            }
            I::Set { src, at, item, .. } => {
                if let Some(Sym::Array(array)) = self.env.get(src.reg()) {
                    let array = *array;
                    return self.write_element(array, &[Place::At(*at)], item.0).map(|()| true);
                }
            }
            I::Push { dst, src, item } => {
                if let Some(Sym::Pushed(var, items)) = self.env.get(src.reg()).cloned() {
                    let part = self.part(item.0)?;
                    let mut items = items;
                    items.push(part);
                    self.env.set(dst.reg(), Sym::Pushed(var, items));
                    return Ok(true);
                }
            }
            I::Size { .. } => return Ok(false),
            _ => {}
        }
        let mut chosen = false;
        op.reads(|reg| chosen |= matches!(self.env.get(reg), Some(Sym::Question(_) | Sym::Fork(_) | Sym::Slope(_))));
        if chosen {
            return self.reduction_op(op);
        }
        Ok(self.linear_op(op)? || self.reduction_op(op)?)
    }

    fn part(&mut self, reg: Reg) -> Result<Part, Obstacle> {
        let val = self.operand(reg)?;
        Ok(Part { val, space: self.space.clone() })
    }

    fn linear(&self, reg: Reg) -> Option<Linear> {
        match self.env.get(reg) {
            Some(Sym::Linear(linear)) => Some(linear.clone()),
            _ => None,
        }
    }

    /// Sums and differences with a followed register.
    fn linear_op(&mut self, op: &Op) -> Result<bool, Obstacle> {
        use Instruction as I;
        let touched = {
            let mut found = false;
            op.reads(|reg| found |= matches!(self.env.get(reg), Some(Sym::Linear(_))));
            found
        };
        if !touched {
            return Ok(false);
        }
        let (dst, sum) = match &op.instruction {
            I::Copy { dst, src } => (dst.0, self.linear(src.0)),
            I::Retype { dst, src } => (dst.reg(), self.linear(src.reg())),
            I::Neg { dst, src } => {
                let negated = match self.linear(src.reg()) {
                    Some(linear) => Some(self.negated(linear)?),
                    None => None,
                };
                (dst.reg(), negated)
            }
            I::Add { dst, a, b } => (dst.reg(), self.added(a.reg(), b.reg(), false)?),
            I::Sub { dst, a, b } => (dst.reg(), self.added(a.reg(), b.reg(), true)?),
            I::AddPublic { dst, a, b } => (dst.reg(), self.added(a.reg(), b.reg(), false)?),
            I::PublicSub { dst, a, b } => (dst.reg(), self.added(a.reg(), b.reg(), true)?),
            _ => (Reg::new(Bank::Public, 0), None),
        };
        let Some(sum) = sum else { return Ok(false) };
        match sum {
            // Nothing of the register is left.
            Linear { coef: 0, parts, .. } => {
                let kind = self.registers.get(dst).ty.element();
                let val = self.sum_of_parts(&parts, kind)?;
                self.give(dst, val);
            }
            linear => self.env.set(dst, Sym::Linear(linear)),
        }
        Ok(true)
    }

    /// The negative of a sum.
    pub fn negated(&mut self, mut linear: Linear) -> Result<Linear, Obstacle> {
        linear.coef = -linear.coef;
        for part in &mut linear.parts {
            part.val = self.negative(&part.val);
        }
        Ok(linear)
    }

    fn negative(&mut self, val: &Val) -> Val {
        let val = self.secret(val);
        let kind = mpc_bytecode::verify::kinds::total(self.kind(val.reg));
        let out = self.elementwise(&val, kind, |dst, src| Instruction::Neg {
            dst: Dst::new(dst.index),
            src: Src::new(src.index),
        });
        self.defs.insert(out.reg, super::product::Def::Neg(val));
        out
    }

    /// A public value as a sharing.
    pub fn secret(&mut self, val: &Val) -> Val {
        let kind = self.kind(val.reg);
        match kind.secret() {
            Some(secret) if val.reg.bank == Bank::Public => {
                let out = self.elementwise(val, secret, |dst, src| Instruction::Share {
                    dst: Dst::new(dst.index),
                    src: Src::new(src.index),
                });
                self.defs.insert(out.reg, super::product::Def::Shared(val.clone()));
                out
            }
            _ => val.clone(),
        }
    }

    fn added(&mut self, a: Reg, b: Reg, minus: bool) -> Result<Option<Linear>, Obstacle> {
        let left = match self.linear(a) {
            Some(linear) => linear,
            None => Linear { var: usize::MAX, coef: 0, parts: vec![self.part(a)?] },
        };
        let mut right = match self.linear(b) {
            Some(linear) => linear,
            None => Linear { var: usize::MAX, coef: 0, parts: vec![self.part(b)?] },
        };
        if minus {
            right = self.negated(right)?;
        }
        if left.coef != 0 && right.coef != 0 && left.var != right.var {
            return self.cycle(left.var);
        }
        let coef = left.coef + right.coef;
        if !(-1..=1).contains(&coef) {
            return self.cycle(left.var);
        }
        let var = if left.var == usize::MAX { right.var } else { left.var };
        let parts = self.cancelled(left.parts, right.parts);
        Ok(Some(Linear { var, coef, parts }))
    }

    /// Amounts of one turn added up.
    pub fn sum_of_parts(&mut self, parts: &[Part], kind: Kind) -> Result<Val, Obstacle> {
        let space = self.space.clone();
        let mut sum: Option<Val> = None;
        for part in parts {
            let next = self.bring(&part.val, &space)?;
            let next = self.secret(&next);
            sum = Some(match sum {
                None => next,
                Some(sum) => self.plus(&sum, &next),
            });
        }
        let sum = match sum {
            Some(sum) => sum,
            None => Val { reg: self.zeros(kind, &[]), axes: Vec::new() },
        };
        Ok(self.retyped(&sum, kind))
    }

    /// The sum of two secrets in the ring.
    pub fn plus(&mut self, a: &Val, b: &Val) -> Val {
        let same = self.kind(a.reg) == self.kind(b.reg) && self.kind(a.reg) != Kind::Sbool;
        let kind = if same { self.kind(a.reg) } else { Kind::Raw };
        let (a, b) = if same { (a.clone(), b.clone()) } else { (self.retyped(a, kind), self.retyped(b, kind)) };
        let own = self.own_rank(&a).max(self.own_rank(&b));
        let (regs, axes) = self.aligned(&[a, b]);
        let reg = self.make(kind, axes.len() + own, |to| Instruction::Add {
            dst: Dst::new(to.index),
            a: Src::new(regs[0].index),
            b: Src::new(regs[1].index),
        });
        Val { reg, axes }
    }

    /// Two lists of amounts as one; what is in one and its negative in the other falls out.
    pub fn cancelled(&self, mut left: Vec<Part>, right: Vec<Part>) -> Vec<Part> {
        use super::product::Def;
        for part in right {
            let negative = |other: &Part| {
                matches!(self.defs.get(&part.val.reg), Some(Def::Neg(of)) if *of == other.val)
                    || matches!(self.defs.get(&other.val.reg), Some(Def::Neg(of)) if *of == part.val)
            };
            match left.iter().position(negative) {
                Some(at) => {
                    left.remove(at);
                }
                None => left.push(part),
            }
        }
        left
    }

    /// What all turns of a loop add, together: the amount without that loop's axis.
    pub fn over_turns(&mut self, part: &Part, axis: Axis) -> Result<Part, Obstacle> {
        let mut part = Part { val: self.secret(&part.val), space: part.space.clone() };
        loop {
            let mine = part.space.iter().copied().find(|&at| at == axis || self.comes_from(at, axis));
            let Some(at) = mine else { return Ok(part) };
            let parents = self.axes[at.0].parents.clone();
            if at == axis
                || parents == [axis]
                || parents.iter().all(|&parent| self.comes_from(parent, axis)) && parents.len() == 1
            {
                part.val = if part.val.axes.contains(&at) {
                    self.total(&part.val, &[at], &[])
                } else {
                    let count = self.count(at);
                    self.times(&part.val, count)
                };
                part.space.retain(|&other| other != at);
            } else {
                part = self.densified(&part, at)?;
            }
        }
    }

    fn comes_from(&self, axis: Axis, origin: Axis) -> bool {
        self.axes[axis.0].origins.iter().any(|(other, _)| *other == origin)
    }

    /// Amounts over a selection, as amounts over all turns that it was taken from: zero elsewhere.
    fn densified(&mut self, part: &Part, axis: Axis) -> Result<Part, Obstacle> {
        let parents = self.axes[axis.0].parents.clone();
        if self.own_rank(&part.val) > 0 {
            return self.obstacle(None, Why::Shape);
        }
        let Some(flat) = self.axes[axis.0].flat else { return self.obstacle(None, Why::Shape) };
        let kind = self.kind(part.val.reg);
        let others: Vec<Axis> = part.val.axes.iter().copied().filter(|&other| other != axis).collect();
        let dense: Vec<Axis> = parents.iter().chain(&others).copied().collect();
        let zeros = self.zeros(kind, &dense);
        let val = self.put_back(zeros, &parents, &others, axis, flat, &part.val);
        let mut space: Vec<Axis> = part.space.iter().copied().filter(|&other| other != axis).collect();
        space.extend(parents);
        space.sort_unstable();
        Ok(Part { val, space })
    }

    /// The end of a loop for a register that it carried.
    pub fn settle(&mut self, reg: Reg, inner: &Loop, axis: Axis) -> Result<(), Obstacle> {
        let sym = self.env.get(reg).cloned();
        let Some(var) = self.vars.iter().rposition(|var| var.reg == reg && var.axis == axis) else {
            if let Some(Sym::Array(array)) = sym {
                return self.leave_array(array, axis);
            }
            return self.obstacle(Some(reg), Why::Cycle);
        };
        match sym {
            Some(Sym::Array(array)) => self.leave_array(array, axis),
            Some(Sym::Pushed(found, items)) if found == var => self.appended(var, items, axis),
            Some(Sym::Linear(linear)) if linear.var == var && linear.coef == 1 => {
                let mut parts = Vec::new();
                for part in &linear.parts {
                    parts.push(self.over_turns(part, axis)?);
                }
                let entry = self.vars[var].entry.clone();
                self.entry_plus(reg, entry, parts)
            }
            Some(Sym::Fork(_)) => self.settle_fork(reg, inner),
            Some(Sym::Slope(slope)) if slope.var == var => self.settle_slope(reg, &slope, axis),
            // What the last turn wrote, whatever came before.
            Some(Sym::Plain(val)) if self.surely_turns(axis) => self.last_turn(reg, &val, axis),
            Some(
                Sym::Plain(_)
                | Sym::Merge(_)
                | Sym::Linear(_)
                | Sym::Pushed(..)
                | Sym::Carried(_)
                | Sym::Pending(_)
                | Sym::Gone
                | Sym::Question(_)
                | Sym::Slope(_),
            )
            | None => self.cycle(var),
        }
    }

    /// True for a loop that surely has a turn: the outermost is not come to otherwise.
    pub fn surely_turns(&self, axis: Axis) -> bool {
        axis.0 == 0 || self.known_int(self.count(axis)).is_some_and(|count| count > 0)
    }

    /// The value of the last turn.
    pub fn last_turn(&mut self, reg: Reg, val: &Val, axis: Axis) -> Result<(), Obstacle> {
        let Some(at) = val.axes.iter().position(|mine| *mine == axis) else {
            self.give(reg, val.clone());
            return Ok(());
        };
        let last = self.int(-1);
        let mut places: Vec<Place> = (0..at).map(|_| super::tensor::WHOLE).collect();
        places.push(Place::At(Src::new(last.index)));
        let rank = self.registers.get(val.reg).rank as usize - 1;
        let taken = self.moved(val.reg, rank, |dst, src| Instruction::Index { dst, src, places: places.clone() });
        let axes = val.axes.iter().copied().filter(|mine| *mine != axis).collect();
        self.give(reg, Val { reg: taken, axes });
        Ok(())
    }

    fn entry_plus(&mut self, reg: Reg, entry: Option<Sym>, parts: Vec<Part>) -> Result<(), Obstacle> {
        let kind = self.registers.get(reg).ty.element();
        let sym = match entry {
            None => Sym::Plain(self.plus_parts(&Val { reg, axes: Vec::new() }, &parts, kind)?),
            Some(Sym::Plain(val)) => Sym::Plain(self.plus_parts(&val, &parts, kind)?),
            Some(Sym::Merge(merge)) => {
                let val = self.merged(&merge)?;
                Sym::Plain(self.plus_parts(&val, &parts, kind)?)
            }
            Some(Sym::Linear(mut linear)) => {
                linear.parts.extend(parts);
                Sym::Linear(linear)
            }
            Some(Sym::Pending(mut stores)) => {
                stores.extend(parts.into_iter().map(|part| Store { part, add: true }));
                Sym::Pending(stores)
            }
            Some(_) => return self.obstacle(Some(reg), Why::Cycle),
        };
        self.env.set(reg, sym);
        Ok(())
    }

    fn plus_parts(&mut self, entry: &Val, parts: &[Part], kind: Kind) -> Result<Val, Obstacle> {
        if parts.is_empty() {
            return Ok(entry.clone());
        }
        let space = self.space.clone();
        let mut sum = self.bring(entry, &space)?;
        for part in parts {
            let next = self.bring(&part.val, &space)?;
            let next = self.secret(&next);
            sum = self.plus(&sum, &next);
        }
        Ok(self.retyped(&sum, kind))
    }

    fn appended(&mut self, var: usize, items: Vec<Part>, axis: Axis) -> Result<(), Obstacle> {
        let (reg, entry) = (self.vars[var].reg, self.vars[var].entry.clone());
        if let Some(Sym::Pushed(outer, mut before)) = entry {
            let [item] = &items[..] else { return self.obstacle(Some(reg), Why::Cycle) };
            before.push(item.clone());
            self.env.set(reg, Sym::Pushed(outer, before));
            return Ok(());
        }
        let _ = axis;
        let list = match entry {
            None => Val { reg, axes: Vec::new() },
            Some(Sym::Plain(val)) => val,
            Some(_) => return self.obstacle(Some(reg), Why::Cycle),
        };
        let [item] = &items[..] else { return self.obstacle(Some(reg), Why::Cycle) };
        let ty = self.registers.get(reg).ty.clone();
        let own = self.own_rank(&item.val);
        if !list.axes.is_empty()
            || item.space.iter().any(|at| self.space.contains(at))
            || item.val.reg.bank == Bank::List
        {
            return self.obstacle(Some(reg), Why::Shape);
        }
        let wide = self.expanded(&item.val, &item.space.clone());
        let mut sizes = Vec::new();
        let counts: Vec<Reg> = item.space.iter().map(|&at| self.count(at)).collect();
        sizes.push(self.product_of(&counts));
        for at in 0..own {
            sizes.push(self.size(wide, item.space.len() + at));
        }
        let flat = if counts.len() == 1 { wide } else { self.reshape(wide, &sizes) };
        let rank = self.registers.get(reg).rank as usize;
        let more =
            self.make_typed(ty.clone(), rank, |to| Instruction::Unpack { dst: Dst::new(to.index), src: AnySrc(flat) });
        let joined = self.make_typed(ty, rank, |to| Instruction::Join {
            dst: Dst::new(to.index),
            a: Src::new(list.reg.index),
            b: Src::new(more.index),
        });
        self.give(reg, Val { reg: joined, axes: Vec::new() });
        Ok(())
    }
}

/// How a loop uses a register that it carries.
enum Usage {
    /// By elements.
    Elements,
    /// Items are appended to it.
    Appended,
    /// In another way.
    Any,
}
