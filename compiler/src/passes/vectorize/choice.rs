//! Choices in loops.
//!
//! A condition that is the same in all turns stays a choice. Of any other, each arm is done for exactly those turns that take it: an
//! axis of the arm's turns takes the place of those that the condition depends on. Nothing is computed, and no exception raised,
//! that the program would not.

use super::tensor::{Label, Labelled};
use super::trace::{Axis, AxisInfo, Linear, Merge, Obstacle, Part, Store, Sym, Tracer, Val, Why};
use super::tree::{If, Node};
use crate::ir::{BlockId, Terminator};
use mpc_bytecode::operand::{Binary, Place, Unary};
use mpc_bytecode::{AnySrc, Dst, Instruction, Kind, Reg, Src};
use std::collections::BTreeMap;
use std::rc::Rc;

type Changes = BTreeMap<Reg, Option<Sym>>;

impl Tracer<'_> {
    /// A choice.
    pub fn choice(&mut self, choice: &If) -> Result<(), Obstacle> {
        self.span = choice.span;
        let cond = self.operand(choice.cond)?;
        if cond.axes.is_empty() { self.even_choice(&cond, choice) } else { self.uneven_choice(&cond, choice) }
    }

    fn even_choice(&mut self, cond: &Val, choice: &If) -> Result<(), Obstacle> {
        let (yes, no) = (self.block(), self.block());
        let after = self.block();
        let branch = Terminator::Branch { cond: cond.reg, then: BlockId(yes as u32), otherwise: BlockId(no as u32) };
        self.end(branch, yes);
        let made = self.made_mark();
        let (then, then_end) = self.arm(&choice.then)?;
        self.forget_made(made);
        self.current = no;
        let (otherwise, no_end) = self.arm(&choice.otherwise)?;
        self.forget_made(made);
        self.meet(then, then_end, otherwise, no_end, after)
    }

    /// An arm's changes, and the block in which it ends, if it does.
    fn arm(&mut self, nodes: &[Node]) -> Result<(Changes, Option<usize>), Obstacle> {
        let mark = self.env.mark();
        self.order.arms += 1;
        let ends = self.sequence(nodes)?;
        self.order.arms -= 1;
        let changes = self.env.back(mark);
        Ok((changes, ends.then_some(self.current)))
    }

    fn meet(
        &mut self,
        then: Changes,
        then_end: Option<usize>,
        otherwise: Changes,
        no_end: Option<usize>,
        after: usize,
    ) -> Result<(), Obstacle> {
        let after_id = Terminator::Jump(BlockId(after as u32));
        let (ends, changes) = match (then_end, no_end) {
            (Some(yes), Some(no)) => ((yes, no), None),
            (Some(end), None) => ((end, end), Some(then.clone())),
            (None, Some(end)) => ((end, end), Some(otherwise.clone())),
            (None, None) => return self.obstacle(None, Why::Effect),
        };
        if let Some(changes) = changes {
            self.current = ends.0;
            self.end(after_id, after);
            for (reg, sym) in changes {
                match sym {
                    Some(sym) => self.env.set(reg, sym),
                    None => self.env.remove(reg),
                }
            }
            return Ok(());
        }
        let regs: Vec<Reg> = then.keys().chain(otherwise.keys()).copied().collect();
        let mut joined = BTreeMap::new();
        for reg in regs {
            if joined.contains_key(&reg) {
                continue;
            }
            let before = self.env.get(reg).cloned();
            let of = |changes: &Changes| changes.get(&reg).cloned().unwrap_or_else(|| before.clone());
            let (a, b) = (of(&then), of(&otherwise));
            let sym = self.either(reg, a, b, ends)?;
            joined.insert(reg, sym);
        }
        for end in [ends.0, ends.1] {
            self.current = end;
            self.end(after_id.clone(), after);
        }
        for (reg, sym) in joined {
            match sym {
                Some(sym) => self.env.set(reg, sym),
                None => self.env.remove(reg),
            }
        }
        Ok(())
    }

    /// One symbol for two, by a register that both arms write.
    fn either(
        &mut self,
        reg: Reg,
        a: Option<Sym>,
        b: Option<Sym>,
        (yes, no): (usize, usize),
    ) -> Result<Option<Sym>, Obstacle> {
        let slot = self.arrays.iter().any(|array| array.slot == reg);
        match (a, b) {
            (Some(Sym::Linear(a)), Some(Sym::Linear(b))) if a.var == b.var && a.coef == b.coef => {
                self.either_sum(reg, a, b, (yes, no)).map(Some)
            }
            (None, None) => Ok(None),
            (None | Some(Sym::Plain(_) | Sym::Merge(_)), None | Some(Sym::Plain(_) | Sym::Merge(_))) if slot => {
                self.obstacle(Some(reg), Why::Elements)
            }
            (a @ (None | Some(Sym::Plain(_) | Sym::Merge(_))), b @ (None | Some(Sym::Plain(_) | Sym::Merge(_)))) => {
                self.current = yes;
                let a = self.settled_sym(reg, a)?;
                self.current = no;
                let b = self.settled_sym(reg, b)?;
                let axes = self.union([&a, &b]);
                let shape = self.registers.get(reg).clone();
                let to = self.registers.add(shape.ty, shape.rank + axes.len() as u32);
                self.mutable.insert(to);
                for (end, val) in [(yes, a), (no, b)] {
                    self.current = end;
                    let made = self.made_mark();
                    let wide = self.expanded(&val, &axes);
                    self.copy(to, wide);
                    self.forget_made(made);
                }
                Ok(Some(Sym::Plain(Val { reg: to, axes })))
            }
            _ => self.obstacle(Some(reg), Why::Shape),
        }
    }

    fn settled_sym(&mut self, reg: Reg, sym: Option<Sym>) -> Result<Val, Obstacle> {
        match sym {
            None => Ok(Val { reg, axes: Vec::new() }),
            Some(Sym::Plain(val)) => Ok(val),
            Some(Sym::Merge(merge)) => self.merged(&merge),
            Some(_) => self.obstacle(Some(reg), Why::Shape),
        }
    }

    fn either_sum(&mut self, reg: Reg, a: Linear, b: Linear, (yes, no): (usize, usize)) -> Result<Sym, Obstacle> {
        let common = a.parts.iter().zip(&b.parts).take_while(|(a, b)| a.val == b.val).count();
        let kind = self.registers.get(reg).ty.element();
        if self.registers.get(reg).rank > 0 {
            return self.obstacle(Some(reg), Why::Shape);
        }
        let mut ends = Vec::new();
        for (end, parts) in [(yes, &a.parts[common..]), (no, &b.parts[common..])] {
            self.current = end;
            ends.push((end, self.sum_of_parts(parts, kind)?));
        }
        let axes = self.union(ends.iter().map(|(_, val)| val));
        let to = self.registers.add(mpc_bytecode::Type::Tensor(kind), axes.len() as u32);
        self.mutable.insert(to);
        for (end, val) in ends {
            self.current = end;
            let made = self.made_mark();
            let wide = self.expanded(&val, &axes);
            self.copy(to, wide);
            self.forget_made(made);
        }
        let mut parts = a.parts[..common].to_vec();
        parts.push(Part { val: Val { reg: to, axes }, space: self.space.clone() });
        Ok(Sym::Linear(Linear { parts, ..a }))
    }

    /// A choice of which the turns that take an arm are done.
    pub fn uneven_choice(&mut self, cond: &Val, choice: &If) -> Result<(), Obstacle> {
        let outer = self.space.clone();
        let then = self.uneven_arm(cond, &choice.then)?;
        self.space = outer.clone();
        let not = self.elementwise(cond, Kind::Bool, |dst, src| Instruction::Unary {
            op: Unary::Not,
            dst: Dst::new(dst.index),
            src: Src::new(src.index),
        });
        let otherwise = self.uneven_arm(&not, &choice.otherwise)?;
        self.space = outer;
        let arms: Vec<(Axis, Changes)> = [then, otherwise].into_iter().flatten().collect();
        let mut regs: Vec<Reg> = arms.iter().flat_map(|(_, changes)| changes.keys().copied()).collect();
        regs.sort_unstable();
        regs.dedup();
        for reg in regs {
            let mine: Vec<(Axis, Option<Sym>)> =
                arms.iter().filter_map(|(axis, changes)| Some((*axis, changes.get(&reg)?.clone()))).collect();
            let base = self.env.get(reg).cloned();
            match self.joined(reg, base, mine)? {
                Some(sym) => self.env.set(reg, sym),
                None => self.env.remove(reg),
            }
        }
        Ok(())
    }

    /// What one arm changes in the turns that take it; nothing if it ends in an exception.
    fn uneven_arm(&mut self, cond: &Val, nodes: &[Node]) -> Result<Option<(Axis, Changes)>, Obstacle> {
        if nodes.is_empty() {
            return Ok(None);
        }
        let axis = self.selection(cond);
        let raises = matches!(nodes.last(), Some(Node::Raise(..)));
        if raises {
            self.raised(axis, nodes)?;
            return Ok(None);
        }
        self.space.retain(|at| !cond.axes.contains(at));
        self.space.push(axis);
        let mark = self.env.mark();
        self.order.arms += 1;
        if !self.sequence(nodes)? {
            return self.obstacle(None, Why::Effect);
        }
        self.order.arms -= 1;
        Ok(Some((axis, self.env.back(mark))))
    }

    /// An axis of the turns in which a condition holds.
    fn selection(&mut self, cond: &Val) -> Axis {
        let counts: Vec<Reg> = cond.axes.iter().map(|&axis| self.count(axis)).collect();
        let from = cond.reg;
        let flat =
            self.make(Kind::Int, 1, |to| Instruction::Where { dst: Dst::new(to.index), src: Src::new(from.index) });
        let count = self.size(flat, 0);
        let mut origins = Vec::new();
        for (at, &axis) in cond.axes.iter().enumerate() {
            let inner = self.product_of(&counts[at + 1..]);
            let mut place = flat;
            if at + 1 < counts.len() {
                place = self.ints(Binary::FloorDiv, place, inner);
            }
            if at > 0 {
                place = self.ints(Binary::Mod, place, counts[at]);
            }
            origins.push((axis, place));
            for (origin, places) in self.axes[axis.0].origins.clone() {
                let taken =
                    self.moved(places, 1, |dst, src| Instruction::Gather { dst, src, at: Src::new(place.index) });
                origins.push((origin, taken));
            }
        }
        self.axes.push(AxisInfo {
            count,
            origins,
            parents: cond.axes.clone(),
            flat: Some(flat),
            var: None,
            low: None,
            steps: None,
            point: false,
        });
        Axis(self.axes.len() - 1)
    }

    /// An arm that ends in an exception: that of the first turn that takes it.
    fn raised(&mut self, axis: Axis, nodes: &[Node]) -> Result<(), Obstacle> {
        let info = self.axes[axis.0].clone();
        let zero = self.int(0);
        let any = self.make(Kind::Bool, 0, |to| Instruction::Binary {
            op: Binary::Gt,
            dst: Dst::new(to.index),
            a: Src::new(info.count.index),
            b: Src::new(zero.index),
        });
        if self.can_go_back() {
            self.own_loop_if(any);
            return Ok(());
        }
        self.risk_value();
        let (raise, after) = (self.block(), self.block());
        let branch = Terminator::Branch { cond: any, then: BlockId(raise as u32), otherwise: BlockId(after as u32) };
        self.end(branch, raise);
        let made = self.made_mark();
        let first = |tracer: &mut Self, places: Reg| {
            let at = Place::At(Src::new(zero.index));
            tracer.moved(places, 0, |dst, src| Instruction::Index { dst, src, places: vec![at] })
        };
        let mut origins = Vec::new();
        for (origin, places) in info.origins {
            origins.push((origin, first(self, places)));
        }
        let space = self.space.clone();
        self.axes.push(AxisInfo { origins, point: true, ..self.axes[axis.0].clone() });
        let point = Axis(self.axes.len() - 1);
        self.space.retain(|at| !info.parents.contains(at));
        self.space.push(point);
        let mark = self.env.mark();
        let ends = self.sequence(nodes)?;
        self.env.back(mark);
        self.forget_made(made);
        if ends {
            return self.obstacle(None, Why::Effect);
        }
        self.space = space;
        self.current = after;
        Ok(())
    }

    fn joined(&mut self, reg: Reg, base: Option<Sym>, arms: Vec<(Axis, Option<Sym>)>) -> Result<Option<Sym>, Obstacle> {
        if let Some(array) = self.arrays.iter().position(|array| array.slot == reg)
            && !matches!(base, Some(Sym::Linear(_) | Sym::Plain(_) | Sym::Merge(_)))
            && !arms.iter().any(|(_, sym)| matches!(sym, Some(Sym::Linear(_))))
        {
            return self.joined_slot(array, base, arms).map(Some);
        }
        let slot = self.arrays.iter().any(|array| array.slot == reg);
        if base.is_none()
            && !slot
            && let Some(var) = arms.iter().find_map(|(_, sym)| followed(sym.as_ref()?))
        {
            // What an arm alone knows in terms of what is carried: nobody reads it after the arm.
            return Ok(Some(Sym::Carried(var)));
        }
        if arms.iter().any(|(_, sym)| matches!(sym, Some(Sym::Linear(_)))) {
            return self.joined_sum(reg, base, arms).map(Some);
        }
        if let (Some(Sym::Linear(base)), [(_, Some(Sym::Fork(fork)))]) = (&base, &arms[..])
            && base.coef == 1
            && base.parts.is_empty()
            && base.var == fork.question.var
        {
            return Ok(Some(Sym::Fork(fork.clone())));
        }
        if let Some(Sym::Pushed(var, items)) = &base {
            return self.joined_items(reg, *var, items, &arms).map(Some);
        }
        let base = match base {
            None => None,
            Some(Sym::Plain(val)) => Some(val),
            Some(Sym::Merge(merge)) => Some(self.merged(&merge)?),
            Some(Sym::Array(array))
                if arms.iter().all(|(_, sym)| matches!(sym, Some(Sym::Array(other)) if *other == array)) =>
            {
                return Ok(Some(Sym::Array(array)));
            }
            Some(Sym::Linear(linear)) => return self.cycle(linear.var),
            Some(Sym::Carried(var) | Sym::Pushed(var, _)) => return self.cycle(var),
            Some(_) => return self.obstacle(Some(reg), Why::Elements),
        };
        let mut given = Vec::new();
        for (axis, sym) in arms {
            let space = self.space.clone();
            let parents = self.axes[axis.0].parents.clone();
            self.space = space.iter().copied().filter(|at| !parents.contains(at)).chain([axis]).collect();
            let val = match sym {
                Some(Sym::Plain(val)) => val,
                Some(Sym::Merge(merge)) => self.merged(&merge)?,
                _ => return self.obstacle(Some(reg), Why::Shape),
            };
            let inside = self.space.clone();
            let brought = self.bring(&val, &inside);
            self.space = space;
            match brought {
                Ok(val) => given.push((axis, val)),
                // A loop in the arm left it, and did not hand it on.
                Err(_) => return Ok(Some(Sym::Gone)),
            }
        }
        Ok(Some(Sym::Merge(Rc::new(Merge { reg, base, arms: given }))))
    }

    fn joined_sum(&mut self, reg: Reg, base: Option<Sym>, arms: Vec<(Axis, Option<Sym>)>) -> Result<Sym, Obstacle> {
        // An element that is met in an arm first held there what it holds everywhere.
        let first = arms.iter().find_map(|(_, sym)| match sym {
            Some(Sym::Linear(linear)) => Some(Linear { parts: Vec::new(), ..linear.clone() }),
            _ => None,
        });
        let base = match (base, first) {
            (Some(Sym::Linear(linear)), _) => linear,
            (None, Some(first)) if self.arrays.iter().any(|array| array.slot == reg) => first,
            _ => return self.obstacle(Some(reg), Why::Shape),
        };
        let mut parts = base.parts.clone();
        for (_, sym) in arms {
            match sym {
                Some(Sym::Linear(linear)) if linear.var == base.var && linear.coef == base.coef => {
                    // What was added before stands among what the arm has, in any order.
                    let mut more = linear.parts;
                    for part in &base.parts {
                        let same = |other: &Part| other.val == part.val && other.space == part.space;
                        match more.iter().position(same) {
                            Some(at) => drop(more.remove(at)),
                            None => return self.cycle(base.var),
                        }
                    }
                    parts.extend(more);
                }
                _ => return self.cycle(base.var),
            }
        }
        Ok(Sym::Linear(Linear { parts, ..base }))
    }

    fn joined_items(
        &mut self,
        reg: Reg,
        var: usize,
        items: &[Part],
        arms: &[(Axis, Option<Sym>)],
    ) -> Result<Sym, Obstacle> {
        let mut all = items.to_vec();
        for (_, sym) in arms {
            match sym {
                Some(Sym::Pushed(other, more)) if *other == var => all.extend(more[items.len()..].iter().cloned()),
                _ => return self.obstacle(Some(reg), Why::Shape),
            }
        }
        if let ([(first, _), (second, _)], [.., a, b]) = (arms, &all[items.len()..])
            && all.len() == items.len() + 2
        {
            let merge =
                Merge { reg: a.val.reg, base: None, arms: vec![(*first, a.val.clone()), (*second, b.val.clone())] };
            let val = self.merged_as(&merge, self.kind(a.val.reg))?;
            all.truncate(items.len());
            all.push(Part { val, space: self.space.clone() });
        }
        Ok(Sym::Pushed(var, all))
    }

    fn joined_slot(
        &mut self,
        array: usize,
        base: Option<Sym>,
        arms: Vec<(Axis, Option<Sym>)>,
    ) -> Result<Sym, Obstacle> {
        let mut stores = match base {
            None => Vec::new(),
            Some(Sym::Pending(stores)) => stores,
            Some(_) => return self.obstacle(Some(self.arrays[array].reg), Why::Elements),
        };
        let known = stores.len();
        for (axis, sym) in arms {
            let parents = self.axes[axis.0].parents.clone();
            let space = self.space.iter().copied().filter(|at| !parents.contains(at)).chain([axis]).collect();
            match sym {
                Some(Sym::Pending(more)) => stores.extend(more.into_iter().skip(known)),
                Some(Sym::Plain(val)) => stores.push(Store { part: Part { val, space }, add: false }),
                _ => return self.obstacle(Some(self.arrays[array].reg), Why::Elements),
            }
        }
        Ok(Sym::Pending(stores))
    }

    /// A value that was given in arms, for all turns.
    pub fn merged(&mut self, merge: &Merge) -> Result<Val, Obstacle> {
        let kind = self.registers.get(merge.reg).ty.element();
        if merge.reg.bank == mpc_bytecode::Bank::List || self.registers.get(merge.reg).rank > 0 || kind == Kind::Str {
            return self.obstacle(Some(merge.reg), Why::Shape);
        }
        self.merged_as(merge, kind)
    }

    fn merged_as(&mut self, merge: &Merge, kind: Kind) -> Result<Val, Obstacle> {
        let Some((first, _)) = merge.arms.first() else { return self.obstacle(Some(merge.reg), Why::Shape) };
        let parents = self.axes[first.0].parents.clone();
        let own: Vec<Axis> = merge.arms.iter().map(|(axis, _)| *axis).collect();
        let mut others: Vec<Axis> =
            merge.arms.iter().map(|(_, val)| val).chain(&merge.base).flat_map(|val| val.axes.iter().copied()).collect();
        others.retain(|axis| !parents.contains(axis) && !own.contains(axis));
        others.sort_unstable();
        others.dedup();
        if merge.arms.iter().any(|(_, val)| self.own_rank(val) > 0) {
            return self.obstacle(Some(merge.reg), Why::Shape);
        }
        let dense: Vec<Axis> = parents.iter().chain(&others).copied().collect();
        let mut all = match &merge.base {
            Some(base) => {
                let mut sorted = dense.clone();
                sorted.sort_unstable();
                let wide = self.expanded(base, &sorted);
                let labelled = Labelled { reg: wide, dims: sorted.iter().map(|&axis| Label::Axis(axis)).collect() };
                self.ordered(&labelled, dense.iter().map(|&axis| Label::Axis(axis)).collect()).reg
            }
            None => self.zeros(kind, &dense),
        };
        let mut result = Val { reg: all, axes: Vec::new() };
        for (axis, val) in &merge.arms {
            let Some(flat) = self.axes[axis.0].flat else { return self.obstacle(Some(merge.reg), Why::Shape) };
            result = self.put_back(all, &parents, &others, *axis, flat, val);
            let labelled = self.labelled(&result);
            all = self.ordered(&labelled, dense.iter().map(|&axis| Label::Axis(axis)).collect()).reg;
        }
        Ok(result)
    }

    /// Entries over a selection, put into a tensor over the axes that it was taken from and others.
    pub fn put_back(&mut self, into: Reg, parents: &[Axis], others: &[Axis], axis: Axis, flat: Reg, val: &Val) -> Val {
        let labels = |axes: &[Axis]| -> Vec<Label> { axes.iter().map(|&axis| Label::Axis(axis)).collect() };
        let target = Labelled { reg: into, dims: labels(&[parents, others].concat()) };
        let sizes: Vec<Reg> = parents.iter().map(|&axis| self.count(axis)).collect();
        let rows = self.flatten_front(&target, parents.len(), &sizes);
        let order: Vec<Axis> = [&[axis], others].concat();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        let wide = self.expanded(val, &sorted);
        let value = self.ordered(&Labelled { reg: wide, dims: labels(&sorted) }, labels(&order)).reg;
        let put = self.moved(rows, 1 + others.len(), |dst, src| Instruction::Scatter {
            dst,
            src,
            at: Src::new(flat.index),
            value: AnySrc(value),
        });
        let mut reg = put;
        if parents.len() > 1 {
            let mut shape = sizes;
            shape.extend(others.iter().map(|&axis| self.count(axis)));
            reg = self.reshape(put, &shape);
        }
        self.settled(&Labelled { reg, dims: target.dims })
    }
}

/// The carried register in terms of which something is known.
fn followed(sym: &Sym) -> Option<usize> {
    match sym {
        Sym::Linear(linear) => Some(linear.var),
        Sym::Question(question) => Some(question.var),
        Sym::Fork(fork) => Some(fork.question.var),
        Sym::Slope(slope) => Some(slope.var),
        Sym::Carried(var) | Sym::Pushed(var, _) => Some(*var),
        Sym::Plain(_) | Sym::Merge(_) | Sym::Array(_) | Sym::Pending(_) | Sym::Gone => None,
    }
}
