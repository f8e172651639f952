//! Tensors of which a loop nest reads and writes elements.
//!
//! All reads and writes in a nest must name their element in the same way, `c[i, j]`. Then each element stands by itself: for a loop
//! that is in its name, turns touch different elements; a loop that is not comes back to the same ones, and may only add to them (or
//! write them: the last turn's value stays). The element is followed like a register, its *slot*. When the outermost loop is over, what was
//! changed is put into the tensor at once.

use super::carry::Coordinate;
use super::tensor::Lifted;
use super::trace::{Axis, Fact, Linear, Obstacle, Part, Store, Sym, Tracer, Val, Why};
use mpc_bytecode::operand::{Binary, Place};
use mpc_bytecode::{Dst, Instruction, Reg};

impl Tracer<'_> {
    fn coordinates(&mut self, places: &[Place], rank: usize) -> Result<Vec<Coordinate>, Obstacle> {
        let lifted = self.places(places, rank)?;
        let coordinate = |place: Lifted| match place {
            Lifted::Even(place) => Coordinate::Even(place),
            Lifted::At(val) => match self.fact(&val) {
                Some(fact) => Coordinate::Fact(fact),
                None => Coordinate::Val(val),
            },
        };
        Ok(lifted.into_iter().map(coordinate).collect())
    }

    /// Makes sure that an access is to the element that all others are to; the first settles which that is.
    fn at_key(&mut self, array: usize, places: &[Place]) -> Result<(), Obstacle> {
        let base = self.arrays[array].base.clone();
        let found = self.coordinates(places, self.own_rank(&base))?;
        if let Some(key) = &self.arrays[array].key {
            let same = key.len() == found.len() && key.iter().zip(&found).all(|(a, b)| equal(a, b));
            return if same { Ok(()) } else { self.other_element(array) };
        }
        let axes: Vec<Axis> = found.iter().flat_map(|coordinate| self.axes_of(coordinate)).collect();
        let entered = self.arrays[array].levels.clone();
        let mut symbol = None;
        for (header, axis) in entered {
            if axes.contains(&axis) {
                continue;
            }
            let var = self.vars.len();
            let entry = symbol.take();
            let reg = self.arrays[array].reg;
            self.vars.push(super::carry::Var { reg, header, axis, entry });
            self.arrays[array].sums.push((axis, var));
            symbol = Some(Sym::Linear(Linear { var, coef: 1, parts: Vec::new() }));
        }
        let slot = self.arrays[array].slot;
        match symbol {
            Some(symbol) => self.env.set(slot, symbol),
            None => self.env.remove(slot),
        }
        let own = found.iter().filter(|coordinate| matches!(coordinate, Coordinate::Even(_))).count();
        let at = slot.index as usize;
        self.registers.0[slot.bank as usize][at].rank = own as u32;
        self.arrays[array].key = Some(found);
        Ok(())
    }

    fn axes_of(&self, coordinate: &Coordinate) -> Vec<Axis> {
        let direct: Vec<Axis> = match coordinate {
            Coordinate::Fact(fact) => fact.coefs.keys().copied().collect(),
            Coordinate::Val(val) => val.axes.clone(),
            Coordinate::Even(_) => Vec::new(),
        };
        let origins = direct.iter().flat_map(|axis| self.axes[axis.0].origins.iter().map(|(origin, _)| *origin));
        direct.iter().copied().chain(origins).collect()
    }

    fn other_element<T>(&self, array: usize) -> Result<T, Obstacle> {
        let array = &self.arrays[array];
        let header = array.levels.last().map(|level| level.0);
        Err(Obstacle { header, reg: Some(array.reg), span: self.span, why: Why::Elements })
    }

    /// The element's places in the turns of a space.
    fn element(&mut self, array: usize, space: &[Axis]) -> Result<Vec<Lifted>, Obstacle> {
        let key = self.arrays[array].key.clone().unwrap_or_default();
        let mut out = Vec::new();
        for coordinate in &key {
            out.push(match coordinate {
                Coordinate::Even(place) => Lifted::Even(*place),
                Coordinate::Fact(fact) => Lifted::At(self.position_of(fact, space)?),
                Coordinate::Val(val) => Lifted::At(self.bring(val, space)?),
            });
        }
        Ok(out)
    }

    fn position_of(&mut self, fact: &Fact, space: &[Axis]) -> Result<Val, Obstacle> {
        let mut sum: Option<Val> = None;
        let add = |tracer: &mut Self, sum: &mut Option<Val>, next: Val| {
            *sum = Some(match sum.take() {
                None => next,
                Some(before) => tracer.int_op(Binary::Add, &before, &next),
            });
        };
        for (&axis, &coef) in &fact.coefs {
            let Some(var) = self.axes[axis.0].var else { return self.obstacle(None, Why::Shape) };
            let val = self.bring(&Val { reg: var, axes: vec![axis] }, space)?;
            let factor = self.int(coef);
            let term =
                if coef == 1 { val } else { self.int_op(Binary::Mul, &val, &Val { reg: factor, axes: Vec::new() }) };
            add(self, &mut sum, term);
        }
        if let Some(base) = fact.base {
            add(self, &mut sum, Val { reg: base, axes: Vec::new() });
        }
        if fact.offset != 0 || sum.is_none() {
            let offset = self.int(fact.offset);
            add(self, &mut sum, Val { reg: offset, axes: Vec::new() });
        }
        let zero = self.int(0);
        let sum = sum.unwrap_or(Val { reg: zero, axes: Vec::new() });
        self.facts.insert(sum.reg, fact.clone());
        Ok(sum)
    }

    /// A public operation on integers over turns.
    pub fn int_op(&mut self, op: Binary, a: &Val, b: &Val) -> Val {
        let (regs, axes) = self.aligned(&[a.clone(), b.clone()]);
        let reg = self.ints(op, regs[0], regs[1]);
        Val { reg, axes }
    }

    /// `dst = tensor[places]`
    pub fn read_element(&mut self, array: usize, dst: Reg, places: &[Place]) -> Result<(), Obstacle> {
        self.at_key(array, places)?;
        let slot = self.arrays[array].slot;
        match self.env.get(slot).cloned() {
            None => {
                self.arrays[array].read = true;
                let space = self.space.clone();
                let val = self.loaded(array, &space)?;
                self.arrays[array].clean = Some(val.clone());
                self.env.set(slot, Sym::Plain(val.clone()));
                self.give(dst, val);
            }
            Some(Sym::Pending(_)) => return self.other_element(array),
            Some(sym) => self.env.set(dst, sym),
        }
        Ok(())
    }

    fn loaded(&mut self, array: usize, space: &[Axis]) -> Result<Val, Obstacle> {
        let places = self.element(array, space)?;
        let base = self.bring(&self.arrays[array].base.clone(), space)?;
        let rank = places.iter().filter(|place| place.position().is_none()).count();
        self.taken(&base, &places, rank)
    }

    /// `tensor[places] = value`
    pub fn write_element(&mut self, array: usize, places: &[Place], value: Reg) -> Result<(), Obstacle> {
        self.at_key(array, places)?;
        let slot = self.arrays[array].slot;
        let symbol = self.env.get(value).cloned();
        let now = self.env.get(slot).cloned();
        let next = match (symbol, now) {
            (Some(linear @ Sym::Linear(_)), Some(Sym::Linear(_))) => linear,
            (_, Some(Sym::Pending(mut stores))) => {
                let part = Part { val: self.operand(value)?, space: self.space.clone() };
                stores.push(Store { part, add: false });
                Sym::Pending(stores)
            }
            (_, _) => Sym::Plain(self.operand(value)?),
        };
        self.env.set(slot, next);
        Ok(())
    }

    /// The end of a loop that carries a tensor by its elements.
    pub fn leave_array(&mut self, array: usize, axis: Axis) -> Result<(), Obstacle> {
        self.arrays[array].levels.pop();
        let slot = self.arrays[array].slot;
        if let Some(&(_, var)) = self.arrays[array].sums.last().filter(|(mine, _)| *mine == axis) {
            self.arrays[array].sums.pop();
            self.settle_slot(array, slot, var, axis)?;
        } else {
            self.distinct(array, axis)?;
        }
        if self.arrays[array].levels.is_empty() { self.flush(array) } else { Ok(()) }
    }

    fn settle_slot(&mut self, array: usize, slot: Reg, var: usize, axis: Axis) -> Result<(), Obstacle> {
        match self.env.get(slot).cloned() {
            Some(Sym::Linear(linear)) if linear.var == var && linear.coef == 1 => {
                let mut parts = Vec::new();
                for part in &linear.parts {
                    parts.push(self.over_turns(part, axis)?);
                }
                let entry = self.vars[var].entry.clone();
                self.slot_plus(array, slot, entry, parts)
            }
            // Written in every turn, whatever it held: the last one's value stays.
            Some(Sym::Plain(val)) if self.surely_turns(axis) => self.last_turn(slot, &val, axis),
            Some(_) | None => self.cycle(var),
        }
    }

    fn slot_plus(&mut self, array: usize, slot: Reg, entry: Option<Sym>, parts: Vec<Part>) -> Result<(), Obstacle> {
        if parts.is_empty() {
            match entry {
                Some(sym) => self.env.set(slot, sym),
                None => self.env.remove(slot),
            }
            return Ok(());
        }
        let sym = match entry {
            None => Sym::Pending(parts.into_iter().map(|part| Store { part, add: true }).collect()),
            Some(Sym::Linear(mut linear)) => {
                linear.parts.extend(parts);
                Sym::Linear(linear)
            }
            Some(Sym::Pending(mut stores)) => {
                stores.extend(parts.into_iter().map(|part| Store { part, add: true }));
                Sym::Pending(stores)
            }
            Some(Sym::Plain(val)) => {
                let kind = self.registers.get(slot).ty.element();
                let space = self.space.clone();
                let mut sum = val;
                for part in &parts {
                    let next = self.bring(&part.val, &space)?;
                    let next = self.secret(&next);
                    sum = self.plus(&sum, &next);
                }
                Sym::Plain(self.retyped(&sum, kind))
            }
            Some(_) => return self.other_element(array),
        };
        self.env.set(slot, sym);
        Ok(())
    }

    /// Where a turn reads or adds to its element, no two turns of a loop may have the same.
    fn distinct(&mut self, array: usize, axis: Axis) -> Result<(), Obstacle> {
        let slot = self.arrays[array].slot;
        let adds = matches!(self.env.get(slot), Some(Sym::Pending(stores)) if stores.iter().any(|store| store.add));
        let written = match (self.env.get(slot), &self.arrays[array].clean) {
            (Some(Sym::Plain(val)), Some(clean)) => val != clean,
            (Some(_), _) => true,
            (None, _) => false,
        };
        if !(adds || self.arrays[array].read && written) {
            return Ok(());
        }
        let key = self.arrays[array].key.clone().unwrap_or_default();
        let alone = |coordinate: &Coordinate| match coordinate {
            Coordinate::Fact(fact) => {
                let inner = fact.coefs.keys().all(|&other| other <= axis);
                inner && fact.coefs.contains_key(&axis) && self.is_natural(fact)
            }
            Coordinate::Val(_) | Coordinate::Even(_) => false,
        };
        if key.iter().any(alone) { Ok(()) } else { self.other_element(array) }
    }

    /// True if an integer is never negative.
    fn is_natural(&self, fact: &Fact) -> bool {
        let mut least = fact.offset;
        for (&axis, &coef) in &fact.coefs {
            match self.axes[axis.0].low {
                Some(low) if coef > 0 => least = least.saturating_add(low.saturating_mul(coef)),
                _ => return false,
            }
        }
        fact.base.is_none() && least >= 0
    }

    /// Makes the changes of elements; the register holds the tensor again.
    fn flush(&mut self, array: usize) -> Result<(), Obstacle> {
        let (slot, reg) = (self.arrays[array].slot, self.arrays[array].reg);
        let sym = self.env.get(slot).cloned();
        self.env.remove(slot);
        let stores = match sym {
            None => Vec::new(),
            Some(Sym::Plain(val)) if self.arrays[array].clean.as_ref() == Some(&val) => Vec::new(),
            Some(Sym::Plain(val)) => {
                let mut space = val.axes.clone();
                let key = self.arrays[array].key.clone().unwrap_or_default();
                for coordinate in &key {
                    match coordinate {
                        Coordinate::Fact(fact) => space.extend(fact.coefs.keys()),
                        Coordinate::Val(val) => space.extend(&val.axes),
                        Coordinate::Even(_) => {}
                    }
                }
                space.sort_unstable();
                space.dedup();
                vec![Store { part: Part { val, space }, add: false }]
            }
            Some(Sym::Merge(merge)) => {
                let val = self.merged(&merge)?;
                let space = val.axes.clone();
                vec![Store { part: Part { val, space }, add: false }]
            }
            Some(Sym::Pending(stores)) => stores,
            Some(_) => return self.other_element(array),
        };
        let mut tensor = self.arrays[array].base.clone();
        for store in &stores {
            tensor = self.store(array, &tensor, store)?;
        }
        if stores.is_empty() && !self.arrays[array].list {
            self.give(reg, tensor);
            return Ok(());
        }
        if self.arrays[array].list {
            let ty = self.registers.get(reg).ty.clone();
            let from = tensor.reg;
            let list = self.make_typed(ty, 0, |to| Instruction::Unpack {
                dst: Dst::new(to.index),
                src: mpc_bytecode::AnySrc(from),
            });
            tensor = Val { reg: list, axes: Vec::new() };
        }
        self.give(reg, tensor);
        Ok(())
    }

    fn store(&mut self, array: usize, tensor: &Val, store: &Store) -> Result<Val, Obstacle> {
        let space = store.part.space.clone();
        let places = self.element(array, &space)?;
        let kind = self.kind(tensor.reg);
        let mut value = if kind.opened().is_some() || kind == mpc_bytecode::Kind::Raw {
            self.secret(&store.part.val)
        } else {
            store.part.val.clone()
        };
        if store.add {
            let base = tensor.clone();
            let rank = places.iter().filter(|place| place.position().is_none()).count();
            let old = self.taken(&base, &places, rank)?;
            let sum = self.plus(&old, &value);
            value = self.retyped(&sum, kind);
        }
        self.replaced(tensor, &places, &value)
    }
}

fn equal(a: &Coordinate, b: &Coordinate) -> bool {
    match (a, b) {
        (Coordinate::Fact(a), Coordinate::Fact(b)) => a == b,
        (Coordinate::Val(a), Coordinate::Val(b)) => a == b,
        (Coordinate::Even(a), Coordinate::Even(b)) => a == b,
        (Coordinate::Fact(_) | Coordinate::Val(_) | Coordinate::Even(_), _) => false,
    }
}
