//! What each instruction becomes when it is done for all turns of a loop at once.

use super::order::Extent;
use super::product::{Def, How, Product};
use super::tensor::{Label, Labelled, Lifted, WHOLE};
use super::trace::{Axis, Fact, Obstacle, Sym, Tracer, Val, Why};
use crate::ir::Op;
use crate::passes::effects::can_raise;
use mpc_bytecode::operand::{Binary, Place, Reduction};
use mpc_bytecode::{Access, AnyDst, AnySrc, Bank, Dst, Instruction, Kind, Reg, Src, Type};

type Done = Result<(), Obstacle>;

impl Tracer<'_> {
    /// One instruction of the program.
    pub fn op(&mut self, op: &Op) -> Done {
        self.span = op.span;
        if self.symbolic(op)? {
            return Ok(());
        }
        self.lift(op)
    }

    /// Notes what a register of the program holds from now on.
    pub fn give(&mut self, to: Reg, val: Val) {
        self.env.set(to, Sym::Plain(val));
    }

    fn kind_of(&self, reg: Reg) -> Kind {
        self.registers.get(reg).ty.element()
    }

    fn lift(&mut self, op: &Op) -> Done {
        use Instruction as I;
        match &op.instruction {
            I::Const { dst, value } => {
                let id = *value;
                let rank = crate::ir::rank(self.constants.get(id)) as usize;
                let reg =
                    self.make(self.kind_of(dst.reg()), rank, |to| I::Const { dst: Dst::new(to.index), value: id });
                self.consts.insert(reg, id);
                if let mpc_bytecode::Constant::Int(shape, values) = self.constants.get(id)
                    && shape.is_empty()
                {
                    let offset = values.first().copied().unwrap_or_default();
                    self.facts.insert(reg, Fact { offset, ..Fact::default() });
                }
                self.give(dst.reg(), Val { reg, axes: Vec::new() });
                Ok(())
            }
            I::Copy { dst, src } => {
                let sym = match self.env.get(src.0) {
                    Some(sym @ (Sym::Plain(_) | Sym::Merge(_))) => sym.clone(),
                    _ => Sym::Plain(self.read(src.0)?),
                };
                self.env.set(dst.0, sym);
                Ok(())
            }
            I::Unary { .. } | I::Scaled { .. } => self.same_shape(op),
            I::Convert { dst, .. } if self.kind_of(dst.reg()) == Kind::Str => self.even(op),
            I::Convert { .. }
            | I::Share { .. }
            | I::Neg { .. }
            | I::ShiftLeft { .. }
            | I::Retype { .. }
            | I::Square { .. }
            | I::Trunc { .. }
            | I::Ltz { .. }
            | I::Eqz { .. }
            | I::Bits { .. }
            | I::Open { .. } => self.same_shape(op),
            I::Binary { op: Binary::Matmul, dst, a, b } => self.public_matmul(op, dst.reg(), a.reg(), b.reg()),
            I::Binary { dst, .. } if self.kind_of(dst.reg()) == Kind::Str => self.even(op),
            I::Binary { .. } | I::Choose { .. } => self.broadcasting(op),
            I::Add { .. } | I::Sub { .. } | I::AddPublic { .. } | I::PublicSub { .. } => self.broadcasting(op),
            I::MulPublic { dst, a, b } => self.multiply(op, How::PublicRight, dst.reg(), a.reg(), b.reg()),
            I::Mul { batch } => match batch[..] {
                [(dst, a, b)] => self.multiply(op, How::Secret, dst.reg(), a.reg(), b.reg()),
                _ => self.even(op),
            },
            I::MatmulPublic { dst, a, b } => self.matrices(op, How::PublicRight, dst.reg(), a.reg(), b.reg()),
            I::PublicMatmul { dst, a, b } => self.matrices(op, How::PublicLeft, dst.reg(), a.reg(), b.reg()),
            I::Matmul { batch } => match batch[..] {
                [(dst, a, b)] => self.matrices(op, How::Secret, dst.reg(), a.reg(), b.reg()),
                _ => self.even(op),
            },
            I::Sum { dst, src, axes } => self.sum(dst.reg(), src.reg(), axes),
            I::Reduce { op: reduction, dst, src, axes } => self.reduce(op, *reduction, dst.reg(), src.reg(), axes),
            I::Size { dst, src, axis } => {
                let val = self.shape_of(src.0)?;
                let at = val.axes.len() + *axis as usize;
                let reg = self.size(val.reg, at);
                self.give(dst.reg(), Val { reg, axes: Vec::new() });
                Ok(())
            }
            I::Rank { dst, src } => {
                let rank = self.registers.get(src.0).rank;
                let reg = self.int(i64::from(rank));
                self.give(dst.reg(), Val { reg, axes: Vec::new() });
                Ok(())
            }
            I::Reshape { dst, src, shape } => self.reshaped(op, dst.0, src.0, shape),
            I::Broadcast { dst, src, shape } => self.broadcasted(op, dst.0, src.0, shape),
            I::Transpose { dst, src, axes } => self.transposed(op, dst.0, src.0, axes),
            I::Index { dst, src, places } => self.index(op, dst.0, src.0, places),
            I::Assign { dst, src, places, value } => self.assign(dst.0, src.0, places, value.0),
            I::Concat { dst, srcs, axis } => self.concat(op, dst.0, srcs, *axis),
            I::Stack { dst, srcs } => self.stack(op, dst.0, srcs),
            I::Gather { dst, src, at } => self.gather(op, dst.0, src.0, at.reg()),
            I::Get { dst, src, at } => self.get(op, dst.0, src.reg(), at.reg()),
            I::Count { dst, start, stop, step } => self.turns_of(op, dst.reg(), [start.reg(), stop.reg(), step.reg()]),
            I::List { .. }
            | I::Push { .. }
            | I::Set { .. }
            | I::Pop { .. }
            | I::Length { .. }
            | I::Join { .. }
            | I::Slice { .. }
            | I::Repeat { .. }
            | I::Pack { .. }
            | I::Unpack { .. }
            | I::Scatter { .. }
            | I::Where { .. }
            | I::Range { .. }
            | I::Drop { .. }
            | I::Dim { .. }
            | I::Param { .. }
            | I::Format { .. } => self.even(op),
            I::Print { .. } | I::Input { .. } | I::Output { .. } | I::Call { .. } if self.is_turnwise() => {
                self.even(op)
            }
            I::Print { .. } | I::Input { .. } | I::Output { .. } | I::Call { .. } => self.obstacle(None, Why::Effect),
            I::Together { .. }
            | I::Jump { .. }
            | I::JumpIf { .. }
            | I::JumpUnless { .. }
            | I::Return { .. }
            | I::Raise { .. }
            | I::Reraise { .. } => self.obstacle(None, Why::Effect),
        }
    }

    /// The registers that an instruction reads, in order, as they are in the turns that run here.
    fn operands(&mut self, op: &Op) -> Result<Vec<Val>, Obstacle> {
        let mut regs = Vec::new();
        op.reads(|reg| regs.push(reg));
        regs.into_iter().map(|reg| self.operand(reg)).collect()
    }

    /// An instruction whose operands are the same in all turns: it is done once.
    pub fn even(&mut self, op: &Op) -> Done {
        let operands = self.operands(op)?;
        if operands.iter().any(|val| !val.axes.is_empty()) {
            let effect = op.result().is_some_and(|reg| self.kind_of(reg) == Kind::Str);
            return self.obstacle(op.result(), if effect { Why::Effect } else { Why::Shape });
        }
        if let (Instruction::Get { .. } | Instruction::Set { .. }, [list, at, ..]) = (&op.instruction, &operands[..]) {
            self.guard_place(at, Extent::List(list.reg));
        }
        let regs: Vec<Reg> = operands.iter().map(|val| val.reg).collect();
        self.renamed(op, &regs, &[], 0);
        Ok(())
    }

    /// The instruction over other registers; its results get the axes given and are wider by `wider` than the program has them.
    fn renamed(&mut self, op: &Op, regs: &[Reg], axes: &[Axis], wider: usize) -> Option<Reg> {
        let raises = can_raise(op, self.registers);
        let mut results = Vec::new();
        op.writes(|reg| results.push(reg));
        let renamed = |to: &[Reg]| {
            let (mut read, mut written) = (0, 0);
            let mut instruction = op.instruction.clone();
            instruction.rename(|access| match access {
                Access::Read(_) => {
                    read += 1;
                    regs[read - 1].index
                }
                Access::Write(_) => {
                    written += 1;
                    to[written - 1].index
                }
            });
            instruction
        };
        let visible = op.instruction.effect() == mpc_bytecode::isa::Effect::Visible;
        let mut made = Vec::new();
        if let ([result], false) = (&results[..], visible) {
            let shape = self.registers.get(*result).clone();
            made.push(self.make_typed(shape.ty, shape.rank as usize + wider, |to| renamed(&[to])));
        } else {
            for result in &results {
                let shape = self.registers.get(*result).clone();
                made.push(self.registers.add(shape.ty, shape.rank + wider as u32));
            }
            let new = Op { instruction: renamed(&made), ..op.clone() };
            self.blocks[self.current].code.push(new);
        }
        if raises {
            self.risk(op);
        }
        for (&result, &reg) in results.iter().zip(&made) {
            if raises {
                self.risky.insert(reg);
            }
            self.give(result, Val { reg, axes: axes.to_vec() });
        }
        made.first().copied()
    }

    /// In turns that may not be there, what can fail must not be done once for all: it is done for each.
    fn in_turns(&mut self, op: &Op, val: &Val) -> Val {
        let absent = |axis: &Axis| self.axes[axis.0].flat.is_some() && !val.axes.contains(axis);
        let missing: Vec<Axis> = self.space.iter().copied().filter(absent).collect();
        if missing.is_empty() || !can_raise(op, self.registers) {
            return val.clone();
        }
        let mut axes: Vec<Axis> =
            val.axes.iter().copied().chain(missing).filter(|axis| !self.axes[axis.0].point).collect();
        axes.sort_unstable();
        let reg = self.expanded(val, &axes);
        Val { reg, axes }
    }

    /// One operand; the result has its shape, or one more axis at its end.
    fn same_shape(&mut self, op: &Op) -> Done {
        let operands = self.operands(op)?;
        let [src] = &operands[..] else { return self.even(op) };
        let src = self.in_turns(op, src);
        let Some(reg) = self.renamed(op, &[src.reg], &src.axes, src.axes.len()) else { return Ok(()) };
        match &op.instruction {
            Instruction::Open { .. } => self.discloses(),
            Instruction::Trunc { bits, .. } => drop(self.defs.insert(reg, Def::Trunc(*bits, src))),
            Instruction::Retype { .. } => drop(self.defs.insert(reg, Def::Retype(src))),
            Instruction::Neg { .. } => drop(self.defs.insert(reg, Def::Neg(src))),
            Instruction::Share { .. } => drop(self.defs.insert(reg, Def::Shared(src))),
            _ => {}
        }
        Ok(())
    }

    /// Operands that broadcast against each other.
    fn broadcasting(&mut self, op: &Op) -> Done {
        let mut operands = self.operands(op)?;
        if let Some(first) = operands.first_mut() {
            *first = self.in_turns(op, first);
        }
        let (regs, axes) = self.aligned(&operands);
        let reg = self.renamed(op, &regs, &axes, axes.len());
        if let (Some(reg), Instruction::Binary { op, .. }) = (reg, &op.instruction) {
            self.learn(*op, reg, &operands);
            if matches!(op, Binary::Add | Binary::Sub | Binary::Mul) && self.kind(reg) == Kind::Int {
                self.guard_number(&Val { reg, axes });
            }
        }
        Ok(())
    }

    /// What is known of the result of integer arithmetic.
    fn learn(&mut self, op: Binary, result: Reg, operands: &[Val]) {
        let [a, b] = operands else { return };
        let (Some(a), Some(b)) = (self.fact(a), self.fact(b)) else { return };
        let even = |fact: &Fact| (fact.coefs.is_empty() && fact.base.is_none()).then_some(fact.offset);
        let found = match op {
            Binary::Add => sum_of(&a, &b, 1),
            Binary::Sub => sum_of(&a, &b, -1),
            Binary::Mul => match (even(&a), even(&b)) {
                (Some(factor), _) => scaled(&b, factor),
                (_, Some(factor)) => scaled(&a, factor),
                (None, None) => None,
            },
            _ => None,
        };
        if let Some(fact) = found {
            self.facts.insert(result, fact);
        }
    }

    /// How an integer depends on loop variables.
    pub fn fact(&self, val: &Val) -> Option<Fact> {
        if let Some(fact) = self.facts.get(&val.reg) {
            return Some(fact.clone());
        }
        if self.registers.get(val.reg).ty != Type::Tensor(Kind::Int) || self.registers.get(val.reg).rank != 0 {
            return None;
        }
        let number = self.known_int(val.reg);
        Some(match number {
            Some(offset) => Fact { offset, ..Fact::default() },
            None => Fact { base: Some(val.reg), ..Fact::default() },
        })
    }

    fn multiply(&mut self, op: &Op, how: How, dst: Reg, a: Reg, b: Reg) -> Done {
        let operands = [self.operand(a)?, self.operand(b)?];
        let [a, b] = &operands;
        if how == How::Secret && self.times_public(dst, a, b) {
            return Ok(());
        }
        let axes = self.union(&operands);
        let own = self.own_rank(a).max(self.own_rank(b));
        let Some((left, right)) = self.factors(a, b).filter(|_| !axes.is_empty()) else { return self.broadcasting(op) };
        let mut out: Vec<Label> = axes.iter().map(|&axis| Label::Axis(axis)).collect();
        out.extend((0..own as u32).map(Label::Own));
        let kind = self.kind_of(dst);
        match self.product(Product { a: left, b: right, out, how, kind }) {
            Some(val) => self.give(dst, val),
            None => return self.broadcasting(op),
        }
        Ok(())
    }

    /// A product with a sharing of what is public costs nothing; with one, it is the other factor.
    fn times_public(&mut self, dst: Reg, a: &Val, b: &Val) -> bool {
        let kind = self.kind_of(dst);
        for (a, b) in [(a, b), (b, a)] {
            let Some(public) = self.public_of(b) else { continue };
            if self.constant_of(b) == Some(1) && self.own_rank(b) == 0 && self.kind(a.reg) != Kind::Sfix {
                let same = self.retyped(a, kind);
                self.give(dst, same);
                return true;
            }
            if self.kind(public.reg) == Kind::Bool {
                continue;
            }
            let own = self.own_rank(a).max(self.own_rank(&public));
            let (regs, axes) = self.aligned(&[a.clone(), public]);
            let reg = self.make(kind, axes.len() + own, |to| Instruction::MulPublic {
                dst: Dst::new(to.index),
                a: Src::new(regs[0].index),
                b: Src::new(regs[1].index),
            });
            self.give(dst, Val { reg, axes });
            return true;
        }
        false
    }

    /// The public value of which a secret is a sharing.
    fn public_of(&self, val: &Val) -> Option<Val> {
        let mut val = val.clone();
        loop {
            match self.defs.get(&val.reg)? {
                Def::Retype(src) => val = src.clone(),
                Def::Shared(src) => return Some(src.clone()),
                Def::Product(_) | Def::Trunc(..) | Def::Neg(_) => return None,
            }
        }
    }

    /// A matrix product: the names of its axes are rows, columns and what is summed.
    fn matrices(&mut self, op: &Op, how: How, dst: Reg, a: Reg, b: Reg) -> Done {
        let (a, b) = (self.operand(a)?, self.operand(b)?);
        let axes = self.union([&a, &b]);
        const ROW: Label = Label::Own(0);
        const SUMMED: Label = Label::Own(1);
        const COLUMN: Label = Label::Own(2);
        let _ = op;
        let (mine, other) = (self.own_rank(&a), self.own_rank(&b));
        if !(1..=2).contains(&mine) || !(1..=2).contains(&other) {
            return self.obstacle(Some(dst), Why::Shape);
        }
        let named = |val: &Val, own: &[Label]| Labelled {
            reg: val.reg,
            dims: val.axes.iter().map(|&axis| Label::Axis(axis)).chain(own.iter().copied()).collect(),
        };
        let left = named(&a, if mine == 2 { &[ROW, SUMMED] } else { &[SUMMED] });
        let right = named(&b, if other == 2 { &[SUMMED, COLUMN] } else { &[SUMMED] });
        let mut out: Vec<Label> = axes.iter().map(|&axis| Label::Axis(axis)).collect();
        out.extend((mine == 2).then_some(ROW));
        out.extend((other == 2).then_some(COLUMN));
        let kind = self.kind_of(dst);
        let Some(val) = self.product(Product { a: left, b: right, out, how, kind }) else {
            return self.obstacle(Some(dst), Why::Shape);
        };
        self.risk_shape();
        self.risky.insert(val.reg);
        self.give(dst, val);
        Ok(())
    }

    fn public_matmul(&mut self, op: &Op, dst: Reg, a: Reg, b: Reg) -> Done {
        let operands = [self.operand(a)?, self.operand(b)?];
        if operands.iter().any(|val| !val.axes.is_empty()) {
            return self.obstacle(Some(dst), Why::Shape);
        }
        self.even(op)
    }

    fn sum(&mut self, dst: Reg, src: Reg, axes: &[u32]) -> Done {
        let val = self.operand(src)?;
        let own: Vec<usize> = match axes {
            [] => (0..self.own_rank(&val)).collect(),
            axes => axes.iter().map(|&axis| axis as usize).collect(),
        };
        let kind = self.kind_of(dst);
        let sum = self.total(&val, &[], &own);
        let sum = self.retyped(&sum, kind);
        self.give(dst, sum);
        Ok(())
    }

    fn reduce(&mut self, op: &Op, reduction: Reduction, dst: Reg, src: Reg, axes: &[u32]) -> Done {
        let val = self.operand(src)?;
        let own = self.own_rank(&val);
        if val.axes.is_empty() {
            return self.even(op);
        }
        let places = matches!(reduction, Reduction::Argmin | Reduction::Argmax);
        if (own == 0) || (axes.is_empty() && places && own > 1) {
            return self.obstacle(Some(dst), Why::Shape);
        }
        let first = val.axes.len();
        let moved: Vec<u32> = match axes {
            [] => (first..first + own).map(|axis| axis as u32).collect(),
            axes => axes.iter().map(|axis| axis + first as u32).collect(),
        };
        let rank = first + own - moved.len();
        let reg = self.make(self.kind_of(dst), rank, |to| Instruction::Reduce {
            op: reduction,
            dst: Dst::new(to.index),
            src: Src::new(val.reg.index),
            axes: moved.clone(),
        });
        self.risk_shape();
        self.risky.insert(reg);
        self.give(dst, Val { reg, axes: val.axes });
        Ok(())
    }

    /// The sizes of what is the same in all turns.
    fn even_sizes(&mut self, shape: &[Src<mpc_bytecode::Public>]) -> Result<Vec<Reg>, Obstacle> {
        let mut out = Vec::new();
        for size in shape {
            let val = self.operand(size.reg())?;
            if !val.axes.is_empty() {
                return self.obstacle(Some(size.reg()), Why::Shape);
            }
            out.push(val.reg);
        }
        Ok(out)
    }

    fn with_counts(&self, axes: &[Axis], sizes: Vec<Reg>) -> Vec<Reg> {
        axes.iter().map(|&axis| self.count(axis)).chain(sizes).collect()
    }

    fn reshaped(&mut self, op: &Op, dst: Reg, src: Reg, shape: &[Src<mpc_bytecode::Public>]) -> Done {
        let (val, sizes) = (self.operand(src)?, self.even_sizes(shape)?);
        if val.axes.is_empty() {
            return self.even(op);
        }
        let sizes = self.with_counts(&val.axes, sizes);
        let reg = self.reshape(val.reg, &sizes);
        self.risk_shape();
        self.risky.insert(reg);
        self.give(dst, Val { reg, axes: val.axes });
        Ok(())
    }

    fn broadcasted(&mut self, op: &Op, dst: Reg, src: Reg, shape: &[Src<mpc_bytecode::Public>]) -> Done {
        let (val, sizes) = (self.operand(src)?, self.even_sizes(shape)?);
        if val.axes.is_empty() {
            return self.even(op);
        }
        let spread = self.spread(&val, &val.axes.clone(), sizes.len());
        let sizes = self.with_counts(&val.axes, sizes);
        let reg = self.broadcast(spread, &sizes);
        self.risk_shape();
        self.risky.insert(reg);
        self.give(dst, Val { reg, axes: val.axes });
        Ok(())
    }

    fn transposed(&mut self, op: &Op, dst: Reg, src: Reg, axes: &[u32]) -> Done {
        let val = self.operand(src)?;
        if val.axes.is_empty() {
            return self.even(op);
        }
        let (first, own) = (val.axes.len(), self.own_rank(&val));
        let order: Vec<usize> = match axes {
            [] => (0..own).rev().collect(),
            axes => axes.iter().map(|&axis| axis as usize).collect(),
        };
        let moved: Vec<u32> = (0..first).chain(order.iter().map(|axis| axis + first)).map(|axis| axis as u32).collect();
        let reg = self.moved(val.reg, first + own, |dst, src| Instruction::Transpose { dst, src, axes: moved.clone() });
        self.give(dst, Val { reg, axes: val.axes });
        Ok(())
    }

    /// The places of an index with their registers read: one for each of the tensor's own axes, and new ones.
    pub fn places(&mut self, places: &[Place], rank: usize) -> Result<Vec<Lifted>, Obstacle> {
        let used = places.iter().filter(|place| matches!(place, Place::At(_) | Place::Range(..))).count();
        let Some(left) = rank.checked_sub(used) else { return self.obstacle(None, Why::Shape) };
        let mut out = Vec::new();
        let mut rest = Some(left);
        for place in places {
            match *place {
                Place::At(at) => out.push(Lifted::At(self.operand(at.reg())?)),
                Place::Range(start, stop, step) => {
                    let mut bounds = [start, stop, step];
                    for bound in bounds.iter_mut().flatten() {
                        let val = self.operand(bound.reg())?;
                        if !val.axes.is_empty() {
                            return self.obstacle(Some(bound.reg()), Why::Shape);
                        }
                        *bound = Src::new(val.reg.index);
                    }
                    out.push(Lifted::Even(Place::Range(bounds[0], bounds[1], bounds[2])));
                }
                Place::NewAxis => out.push(Lifted::Even(Place::NewAxis)),
                Place::Rest => out.extend((0..rest.take().unwrap_or(0)).map(|_| Lifted::Even(WHOLE))),
            }
        }
        out.extend((0..rest.unwrap_or(0)).map(|_| Lifted::Even(WHOLE)));
        Ok(out)
    }

    fn index(&mut self, op: &Op, dst: Reg, src: Reg, places: &[Place]) -> Done {
        let val = self.operand(src)?;
        let mut lifted = self.places(places, self.own_rank(&val))?;
        let varies = lifted.iter().any(|place| place.position().is_some_and(|at| !at.axes.is_empty()));
        if !varies {
            let first = lifted.iter().position(|place| place.position().is_some());
            if let Some(Lifted::At(at)) = first.map(|at| lifted[at].clone()) {
                let turns = self.in_turns(op, &at);
                first.into_iter().for_each(|place| lifted[place] = Lifted::At(turns.clone()));
            }
        }
        let rank = self.registers.get(dst).rank as usize;
        let found = self.taken(&val, &lifted, rank)?;
        self.give(dst, found);
        Ok(())
    }

    fn assign(&mut self, dst: Reg, src: Reg, places: &[Place], value: Reg) -> Done {
        let (target, value) = (self.operand(src)?, self.operand(value)?);
        let lifted = self.places(places, self.own_rank(&target))?;
        let found = self.assigned(&target, &lifted, &value)?;
        self.give(dst, found);
        Ok(())
    }

    /// `target` with `target[places]` replaced, where each turn has a target of its own.
    fn assigned(&mut self, target: &Val, places: &[Lifted], value: &Val) -> Result<Val, Obstacle> {
        let positions: Vec<Val> = places.iter().filter_map(|place| place.position().cloned()).collect();
        let axes = self.union(positions.iter().chain([target, value]));
        let wide = Val { reg: self.expanded(target, &axes), axes: axes.clone() };
        if positions.iter().any(|at| !at.axes.is_empty()) {
            return self.replaced(&wide, places, value);
        }
        let cut = |place: &Lifted| match place {
            Lifted::At(val) => Place::At(Src::new(val.reg.index)),
            Lifted::Even(place) => *place,
        };
        let all: Vec<Place> = axes.iter().map(|_| WHOLE).chain(places.iter().map(cut)).collect();
        let own = places.len() - positions.len();
        let spread = self.spread(value, &axes, own);
        let rank = self.registers.get(wide.reg).rank as usize;
        let reg = self.moved(wide.reg, rank, |dst, src| Instruction::Assign {
            dst,
            src,
            places: all.clone(),
            value: AnySrc(spread),
        });
        self.guard_places(&wide, places);
        self.risk_shape();
        self.risky.insert(reg);
        Ok(Val { reg, axes })
    }

    fn all_expanded(&mut self, srcs: &[AnySrc]) -> Result<(Vec<Reg>, Vec<Axis>), Obstacle> {
        let vals = srcs.iter().map(|src| self.operand(src.0)).collect::<Result<Vec<_>, _>>()?;
        let axes = self.union(&vals);
        Ok((vals.iter().map(|val| self.expanded(val, &axes)).collect(), axes))
    }

    fn concat(&mut self, op: &Op, dst: Reg, srcs: &[AnySrc], axis: u32) -> Done {
        let (regs, axes) = self.all_expanded(srcs)?;
        if axes.is_empty() {
            return self.even(op);
        }
        let rank = self.registers.get(dst).rank as usize + axes.len();
        let srcs: Vec<AnySrc> = regs.into_iter().map(AnySrc).collect();
        let at = axis + axes.len() as u32;
        let reg = self.make(self.kind_of(dst), rank, |to| Instruction::Concat {
            dst: AnyDst(to),
            srcs: srcs.clone(),
            axis: at,
        });
        self.risk_shape();
        self.risky.insert(reg);
        self.give(dst, Val { reg, axes });
        Ok(())
    }

    fn stack(&mut self, op: &Op, dst: Reg, srcs: &[AnySrc]) -> Done {
        let (regs, axes) = self.all_expanded(srcs)?;
        if axes.is_empty() {
            return self.even(op);
        }
        let places: Vec<Place> = axes.iter().map(|_| WHOLE).chain([Place::NewAxis]).collect();
        let rank = self.registers.get(dst).rank as usize + axes.len();
        let mut parts = Vec::new();
        for reg in regs {
            parts.push(AnySrc(self.moved(reg, rank, |dst, src| Instruction::Index {
                dst,
                src,
                places: places.clone(),
            })));
        }
        let at = axes.len() as u32;
        let reg = self.make(self.kind_of(dst), rank, |to| Instruction::Concat {
            dst: AnyDst(to),
            srcs: parts.clone(),
            axis: at,
        });
        self.risk_shape();
        self.risky.insert(reg);
        self.give(dst, Val { reg, axes });
        Ok(())
    }

    fn gather(&mut self, op: &Op, dst: Reg, src: Reg, at: Reg) -> Done {
        let (src, at) = (self.operand(src)?, self.operand(at)?);
        if !src.axes.is_empty() {
            return if at.axes.is_empty() {
                self.gather_first(dst, &src, &at)
            } else {
                self.obstacle(Some(dst), Why::Shape)
            };
        }
        let at = self.in_turns(op, &at);
        self.guard_place(&at, Extent::Axis(src.reg, 0));
        self.renamed(op, &[src.reg, at.reg], &at.axes, at.axes.len());
        Ok(())
    }

    fn gather_first(&mut self, dst: Reg, src: &Val, at: &Val) -> Done {
        let tensor = self.labelled(src);
        let moved = self.front(&tensor, &[Label::Own(0)]);
        self.guard_place(at, Extent::Axis(moved.reg, 0));
        let own = self.own_rank(at);
        let rank = moved.dims.len() - 1 + own;
        let reg = self.moved(moved.reg, rank, |dst, src| Instruction::Gather { dst, src, at: Src::new(at.reg.index) });
        self.risky.insert(reg);
        let names = (0..own as u32).map(|name| Label::Own(1000 + name));
        let dims = names.chain(moved.dims[1..].iter().copied()).collect();
        let found = self.settled(&Labelled { reg, dims });
        self.give(dst, found);
        Ok(())
    }

    /// An item of a list: of scalars, at positions that may differ.
    fn get(&mut self, op: &Op, dst: Reg, list: Reg, at: Reg) -> Done {
        let (items, at) = (self.operand(list)?, self.operand(at)?);
        let at = self.in_turns(op, &at);
        if at.axes.is_empty() {
            return self.even(op);
        }
        if dst.bank == Bank::List || self.registers.get(dst).rank > 0 || self.kind_of(dst) == Kind::Str {
            return self.obstacle(Some(list), Why::Shape);
        }
        let packed = self.packed(items.reg, self.kind_of(dst));
        let taken = self.taken(&Val { reg: packed, axes: Vec::new() }, &[Lifted::At(at)], 0)?;
        self.give(dst, taken);
        Ok(())
    }

    /// A list of scalars as a vector.
    pub fn packed(&mut self, list: Reg, kind: Kind) -> Reg {
        let rank = self.registers.get(list).rank as usize + 1;
        let reg = self.make(kind, rank, |to| Instruction::Pack { dst: AnyDst(to), src: Src::new(list.index) });
        self.risky.insert(reg);
        reg
    }
}

fn sum_of(a: &Fact, b: &Fact, sign: i64) -> Option<Fact> {
    if b.base.is_some() && (sign < 0 || a.base.is_some()) {
        return None;
    }
    let mut sum = a.clone();
    sum.base = a.base.or(b.base);
    sum.offset = a.offset.checked_add(b.offset.checked_mul(sign)?)?;
    for (&axis, &coef) in &b.coefs {
        let entry = sum.coefs.entry(axis).or_insert(0);
        *entry = entry.checked_add(coef.checked_mul(sign)?)?;
    }
    sum.coefs.retain(|_, coef| *coef != 0);
    Some(sum)
}

fn scaled(fact: &Fact, factor: i64) -> Option<Fact> {
    if fact.base.is_some() {
        return None;
    }
    let mut out = Fact { offset: fact.offset.checked_mul(factor)?, ..Fact::default() };
    for (&axis, &coef) in &fact.coefs {
        out.coefs.insert(axis, coef.checked_mul(factor)?);
    }
    out.coefs.retain(|_, coef| *coef != 0);
    Some(out)
}
