//! Loops as operations on whole tensors.
//!
//! A plain loop costs what tensor code costs: where turns do not depend on one another, each instruction is done once, on tensors that
//! have an axis for the loop. The outermost loop is tried first; inner ones are part of its turns, and become further axes ([`trace`]).
//! Every value has the axes of those loops alone that it depends on, so what is the same in all turns is computed once, and a sum of
//! products over an axis is a matrix product whatever the order of the loops ([`product`]).
//!
//! What turns hand on is a sum, appended items, elements that are each one turn's business ([`carry`], [`elements`]), or a number that is
//! stepped evenly ([`steps`]); choices are done for those turns that take them ([`choice`]), and so are inner loops whose number of
//! turns differs ([`ragged`]). Of a loop of which not all can be done at once, the part that can is done before or after the rest
//! ([`distribute`], [`units`]); loops inside that cannot be axes stay loops, all turns of those around at once ([`serial`]).
//!
//! A tensor over a loop's axis takes as much memory as tensor code would take for it: the number of turns times what one turn holds.
//!
//! The result is the sequential program's, and so are what it prints, what it discloses and the class of an exception that is caught
//! ([`order`]). Of exceptions of one class in several turns, and of those that end the program, another turn's than the first's may be
//! raised where nothing is printed or disclosed.

mod carry;
mod choice;
mod distribute;
mod elements;
mod lift;
mod order;
mod product;
mod ragged;
mod reductions;
mod refusal;
mod revealed;
mod serial;
mod shapes;
mod steps;
mod tensor;
mod trace;
mod tree;
mod units;

use super::effects::can_raise;
use super::flow;
use super::liveness::Liveness;
use crate::ir::{Block, BlockId, Constants, Function, Registers, Table, Terminator};
use mpc_bytecode::isa::Effect;
use mpc_bytecode::operand::{Binary, ConstId};
use mpc_bytecode::{Bank, Constant, Instruction, Reg};
use order::{OWN_LOOP, Order};
pub use refusal::Refusal;
use revealed::Revealed;
pub use shapes::Shapes;
use std::collections::{HashMap, HashSet};
use steps::Step;
use trace::{Axis, AxisInfo, Env, Fact, Obstacle, Tracer, Val, Why};
use tree::{Loop, Natural, Reader, Ways, each_op};

/// Makes operations on tensors of a function's loops where that can be done; true if there were any.
/// Those that communicate and stay loops are noted in `refused`. Blocks stand in reverse postorder.
/// `uncaught`: nothing outside of the function catches what it raises.
pub fn vectorize(
    function: &mut Function,
    constants: &mut Constants,
    refused: &mut Vec<Refusal>,
    uncaught: bool,
) -> bool {
    let Some(ways) = Ways::of(function) else { return false };
    let live = Liveness::of(function);
    let known = known_constants(function);
    let shapes = Shapes::of(function);
    let revealed = Revealed::of(function);
    let mut made: Vec<(Loop, Vec<Block>)> = Vec::new();
    let mut registers = std::mem::take(&mut function.registers);
    let first_new = registers.0.each_ref().map(|bank| bank.len() as u32);
    let mut done: HashSet<BlockId> = HashSet::new();
    for natural in &ways.loops {
        if natural.blocks.iter().any(|block| done.contains(block)) || !is_uncaught(function, natural, &live) {
            continue;
        }
        let mut reader = Reader::new(function, &live, &known, constants, &ways);
        let found = reader.counted(natural);
        if let (None, Some((span, at, ops))) = (&found, reader.left_early(natural)) {
            let obstacle = Obstacle { header: None, reg: None, span: at, why: Why::Leaves };
            let refusal = Refusal::of(span, &ops, &obstacle, None).filter(|_| !function.library);
            refusal.into_iter().for_each(|one| note(one, refused));
        }
        let Some(found) = found.filter(is_worth) else { continue };
        let template = Block { code: Vec::new(), ..function.blocks[natural.header.0 as usize].clone() };
        let known = Known { constants: &known, live: &live, shapes: &shapes, revealed: &revealed, first_new, uncaught };
        let entries = &ways.before[natural.header.0 as usize];
        let begins = [found.left, found.at, found.step]
            .map(|reg| (reg, constant_before(function, constants, known.constants, reg, entries)));
        match nest(&found, begins, &mut registers, constants, &known, template) {
            Ok((blocks, staying)) => {
                done.extend(&natural.blocks);
                made.push((found, blocks));
                let staying = staying.into_iter().filter(|_| !function.library);
                staying.for_each(|one| note(one, refused));
            }
            Err(obstacle) => {
                let turns = constant_before(
                    function,
                    constants,
                    known.constants,
                    found.left,
                    &ways.before[natural.header.0 as usize],
                );
                let turns = turns.and_then(|turns| u64::try_from(turns).ok());
                let refusal = Refusal::of(found.span, &found.body, &obstacle, turns).filter(|_| !function.library);
                refusal.into_iter().for_each(|one| note(one, refused));
            }
        }
    }
    function.registers = registers;
    let changed = !made.is_empty();
    replace(function, made, &ways);
    if changed {
        flow::tidy(function);
    }
    changed
}

/// Notes a loop that stays one, once for each place.
fn note(found: Refusal, refused: &mut Vec<Refusal>) {
    if refused.iter().all(|other| other.at != found.at) {
        refused.push(found);
    }
}

/// What a register holds when a loop begins, where that is a constant just before it.
fn constant_before(
    function: &Function,
    constants: &Constants,
    known: &Table<Option<ConstId>>,
    reg: Reg,
    before: &[BlockId],
) -> Option<i64> {
    let ops = before.iter().flat_map(|block| &function.blocks[block.0 as usize].code);
    let value = ops.rev().find_map(|op| match op.instruction {
        Instruction::Const { dst, value } if dst.reg() == reg => Some(value),
        Instruction::Copy { dst, src } if dst.0 == reg && src.0.bank == Bank::Public => known[src.0],
        _ => None,
    })?;
    match constants.get(value) {
        Constant::Int(_, values) => values.first().copied(),
        Constant::Fix(..) | Constant::Bool(..) | Constant::Str(_) => None,
    }
}

/// True if exceptions in a loop go where they go around it, and nobody looks there at what the loop writes.
fn is_uncaught(function: &Function, natural: &Natural, live: &Liveness) -> bool {
    let Some(handler) = function.blocks[natural.header.0 as usize].handler else {
        return natural.blocks.iter().all(|block| function.blocks[block.0 as usize].handler.is_none());
    };
    natural.blocks.iter().all(|block| {
        let block = &function.blocks[block.0 as usize];
        let mut seen = block.handler != Some(handler);
        for op in &block.code {
            op.writes(|reg| seen |= live.is_before(handler.block, reg));
        }
        !seen
    })
}

/// True if a loop does anything to secrets: what is public costs no rounds.
fn is_worth(found: &Loop) -> bool {
    let mut secret = false;
    each_op(&found.body, &mut |op| {
        op.writes(|reg| secret |= reg.bank == Bank::Secret);
        op.reads(|reg| secret |= reg.bank == Bank::Secret);
    });
    secret
}

/// Registers that hold one constant wherever they are read.
fn known_constants(function: &Function) -> Table<Option<ConstId>> {
    let counts = super::coalesce::Counts::of(function);
    let mut known = function.registers.table(None);
    for op in function.blocks.iter().flat_map(|block| &block.code) {
        if let Instruction::Const { dst, value } = op.instruction
            && counts.writes[dst.reg()] == 1
        {
            known[dst.reg()] = Some(value);
        }
    }
    known
}

/// What is known of the function around a nest.
struct Known<'a> {
    constants: &'a Table<Option<ConstId>>,
    live: &'a Liveness,
    shapes: &'a Shapes,
    revealed: &'a Revealed,
    first_new: [u32; 3],
    /// Nothing catches what the function raises outside of its own handlers.
    uncaught: bool,
}

/// The blocks of a nest done at once, and loops in it that stay loops. The last block goes on after the nest.
type Nest = (Vec<Block>, Vec<Refusal>);

/// A nest done at once. Where only the order of exceptions of several kinds is in the way, and the one that comes ends the program,
/// it may be another turn's.
fn nest(
    found: &Loop,
    begins: [(Reg, Option<i64>); 3],
    registers: &mut Registers,
    constants: &mut Constants,
    known: &Known<'_>,
    template: Block,
) -> Result<Nest, Obstacle> {
    let ends_all = known.uncaught && template.handler.is_none();
    let exact = at_once(found, begins, registers, constants, known, template.clone(), true);
    let held_up = match &exact {
        Ok((_, refused)) => refused.iter().any(|one| matches!(one.why, Why::Order)),
        Err(obstacle) => matches!(obstacle.why, Why::Order),
    };
    if !held_up || !ends_all {
        return exact;
    }
    at_once(found, begins, registers, constants, known, template, false).or(exact)
}

/// A nest done at once, with exceptions of several kinds in their order if that is asked for.
fn at_once(
    found: &Loop,
    begins: [(Reg, Option<i64>); 3],
    registers: &mut Registers,
    constants: &mut Constants,
    known: &Known<'_>,
    mut template: Block,
    kinds: bool,
) -> Result<Nest, Obstacle> {
    template.end = Terminator::Return(Vec::new());
    let mut tracer = Tracer::new(
        registers,
        constants,
        known.constants,
        known.live,
        template,
        (known.first_new, known.shapes, known.revealed),
    );
    for (reg, value) in begins {
        value.map(|offset| tracer.facts.insert(reg, Fact { offset, ..Fact::default() }));
    }
    tracer.order = Order::of(found, &tracer, kinds);
    if tracer.order.strict {
        tracer.current = tracer.block();
    }
    let start = tracer.snapshot();
    let mut whole = tracer.parallel(found).and_then(|()| tracer.finish(found));
    if whole.is_err() && tracer.order.strict && !tracer.order.asks {
        tracer.restore(start.clone());
        tracer.order.asks = true;
        whole = tracer.parallel(found).and_then(|()| tracer.finish(found));
    }
    if let Err(obstacle) = whole {
        tracer.restore(start);
        tracer.order.asks = tracer.order.strict;
        // What is in the way of doing a part at once says more than that something is seen.
        let says_more =
            |other: &Obstacle| matches!(obstacle.why, Why::Effect) && matches!(other.why, Why::Order | Why::Disclosure);
        let parts = tracer.distributed(found).and_then(|()| tracer.finish(found));
        parts.map_err(|other| if says_more(&other) { other } else { obstacle.clone() })?;
    }
    Ok((tracer.blocks, tracer.refused))
}

/// Puts the blocks of nests where the loops were entered.
fn replace(function: &mut Function, made: Vec<(Loop, Vec<Block>)>, ways: &Ways) {
    let mut next = function.blocks.len() as u32;
    let mut firsts = HashMap::new();
    for (found, blocks) in &made {
        firsts.insert(found.header, BlockId(next));
        next += blocks.len() as u32;
    }
    for natural in &ways.loops {
        let Some(&first) = firsts.get(&natural.header) else { continue };
        for from in ways.before[natural.header.0 as usize].iter().filter(|from| !natural.blocks.contains(from)) {
            let target = |to: BlockId| if to == natural.header { first } else { to };
            function.blocks[from.0 as usize].end.retarget(target);
        }
    }
    for (found, blocks) in made {
        let first = function.blocks.len() as u32;
        let last = blocks.len();
        let exit = firsts.get(&found.exit).copied().unwrap_or(found.exit);
        for mut block in blocks {
            block.end.retarget(|to| match to {
                OWN_LOOP => found.header,
                to if to.0 as usize == last => exit,
                to => BlockId(first + to.0),
            });
            function.blocks.push(block);
        }
    }
}

impl<'a> Tracer<'a> {
    fn new(
        registers: &'a mut Registers,
        constants: &'a mut Constants,
        known: &'a Table<Option<ConstId>>,
        live: &'a Liveness,
        template: Block,
        (first_new, shapes, revealed): ([u32; 3], &'a Shapes, &'a Revealed),
    ) -> Self {
        Tracer {
            registers,
            constants,
            known,
            live,
            blocks: vec![template.clone()],
            current: 0,
            env: Env::default(),
            axes: Vec::new(),
            space: Vec::new(),
            defs: HashMap::new(),
            facts: HashMap::new(),
            ranges: HashMap::new(),
            consts: HashMap::new(),
            vars: Vec::new(),
            arrays: Vec::new(),
            risky: HashSet::new(),
            mutable: HashSet::new(),
            made: HashMap::new(),
            made_log: Vec::new(),
            span: template.span,
            template,
            first_new,
            order: Order::default(),
            tries: 0,
            refused: Vec::new(),
            built: HashMap::new(),
            totals: Vec::new(),
            shapes,
            revealed,
        }
    }

    /// What comes after the last turn.
    fn finish(&mut self, found: &Loop) -> Result<(), Obstacle> {
        self.write_back(found)?;
        self.close_front();
        self.remove_unused();
        self.sum_what_stays();
        if self.order.unguarded.is_some() && !self.order.exact && self.sink_disclosures() {
            self.order.unguarded = None;
        }
        match self.order.unguarded {
            None => Ok(()),
            Some(span) => {
                let why = if self.order.exact { Why::Order } else { Why::Disclosure };
                Err(Obstacle { header: None, reg: None, span, why })
            }
        }
    }

    /// A loop over a range inside the nest: at once if that can be done, else in parts, else turn after turn.
    pub fn counted(&mut self, inner: &Loop) -> Result<(), Obstacle> {
        let own = |obstacle: &Obstacle| obstacle.header.is_none_or(|header| header == inner.header);
        let snapshot = self.snapshot();
        let obstacle = match self.parallel(inner) {
            Ok(()) => return Ok(()),
            Err(obstacle) if own(&obstacle) => obstacle,
            Err(obstacle) => return Err(obstacle),
        };
        self.restore(snapshot);
        if self.distributed(inner).is_ok() {
            return Ok(());
        }
        self.in_turn(inner)?;
        let turns = self.known_int(inner.left).and_then(|turns| u64::try_from(turns).ok());
        self.refused.extend(Refusal::of(inner.span, &inner.body, &obstacle, turns));
        Ok(())
    }

    /// A loop over a range with all turns at once.
    fn parallel(&mut self, inner: &Loop) -> Result<(), Obstacle> {
        let left = self.operand(inner.left)?;
        if !left.axes.is_empty() {
            return self.ragged(inner, &left);
        }
        let (axis, steps) = self.begin(inner)?;
        let carried: Vec<Reg> =
            inner.carried.iter().copied().filter(|reg| steps.iter().all(|step| step.reg != *reg)).collect();
        for &reg in &carried {
            self.carry(reg, inner, axis, false);
        }
        self.space.push(axis);
        if !self.sequence(&inner.body)? {
            return self.obstacle(None, Why::Effect);
        }
        self.space.pop();
        for &reg in &carried {
            self.settle(reg, inner, axis)?;
        }
        for &reg in &inner.last {
            let val = self.read(reg)?;
            self.last_turn(reg, &val, axis)?;
        }
        self.leave_steps(&steps, axis);
        Ok(())
    }

    /// Begins a loop: its axis, its variable, and what it steps evenly.
    pub fn begin(&mut self, inner: &Loop) -> Result<(Axis, Vec<Step>), Obstacle> {
        self.span = inner.span;
        let (left, start, step) = (self.operand(inner.left)?, self.operand(inner.at)?, self.operand(inner.step)?);
        if !left.axes.is_empty() || !step.axes.is_empty() {
            return self.obstacle(Some(inner.left), Why::Shape);
        }
        let axis = self.turns(&left, &start, &step);
        let var = self.variable(axis, &start, &step);
        self.give(inner.at, var);
        let steps = self.enter_steps(inner, axis)?;
        Ok((axis, steps))
    }

    fn turns(&mut self, left: &Val, start: &Val, step: &Val) -> Axis {
        let low = match (self.known_int(start.reg), self.known_int(step.reg)) {
            (Some(start), Some(step)) if step > 0 && start >= 0 => Some(start),
            _ => None,
        };
        self.axes.push(AxisInfo {
            count: left.reg,
            origins: Vec::new(),
            parents: Vec::new(),
            flat: None,
            var: None,
            low,
            steps: start.axes.is_empty().then_some([start.reg, step.reg]),
            point: false,
        });
        Axis(self.axes.len() - 1)
    }

    /// The loop's variable in all turns.
    fn variable(&mut self, axis: Axis, start: &Val, step: &Val) -> Val {
        let count = self.count(axis);
        let turns = Val { reg: self.positions(count), axes: vec![axis] };
        let scaled = match self.known_int(step.reg) {
            Some(1) => turns,
            _ => self.int_op(Binary::Mul, &turns, step),
        };
        let var = match self.known_int(start.reg) {
            Some(0) => scaled,
            _ => self.int_op(Binary::Add, start, &scaled),
        };
        // Loops over the same numbers share a register, but not an axis: each has a copy.
        let shape = self.registers.get(var.reg).clone();
        let own = self.registers.add(shape.ty, shape.rank);
        self.copy(own, var.reg);
        if var.axes == [axis] {
            self.axes[axis.0].var = Some(own);
            self.facts.insert(own, Fact { coefs: [(axis, 1)].into(), ..Fact::default() });
        }
        Val { reg: own, axes: var.axes }
    }

    /// Writes what is read after the nest to the program's own registers.
    fn write_back(&mut self, found: &Loop) -> Result<(), Obstacle> {
        let mut pairs = Vec::new();
        for &reg in found.carried.iter().chain(&found.last) {
            if !self.live.is_before(found.exit, reg) || self.env.get(reg).is_none() {
                continue;
            }
            let val = self.read(reg)?;
            if !val.axes.is_empty() {
                return self.obstacle(Some(reg), Why::Shape);
            }
            pairs.push((reg, val.reg));
        }
        self.copy_all(&pairs);
        let done = self.blocks.len();
        self.blocks[self.current].end = Terminator::Jump(BlockId(done as u32));
        Ok(())
    }

    /// Removes what was made and is not used: products that became part of others, and what they were made of. Here it is known, as it is
    /// not later, that none of it can fail.
    pub fn remove_unused(&mut self) {
        let mut uses: HashMap<Reg, u32> = HashMap::new();
        let kept = |tracer: &Self, op: &crate::ir::Op| {
            let mut needed = op.instruction.effect() == Effect::Visible;
            op.writes(|reg| {
                needed |=
                    tracer.mutable.contains(&reg) || tracer.risky.contains(&reg) && can_raise(op, tracer.registers);
                needed |= tracer.is_of_program(reg);
            });
            needed
        };
        let mut blocks = std::mem::take(&mut self.blocks);
        for block in &mut blocks {
            block.end.reads(|reg| *uses.entry(reg).or_default() += 1);
        }
        for block in blocks.iter_mut().rev() {
            let mut code = Vec::with_capacity(block.code.len());
            for op in std::mem::take(&mut block.code).into_iter().rev() {
                let mut used = false;
                op.writes(|reg| used |= uses.contains_key(&reg));
                if used || kept(self, &op) {
                    op.reads(|reg| *uses.entry(reg).or_default() += 1);
                    code.push(op);
                }
            }
            code.reverse();
            block.code = code;
        }
        self.blocks = blocks;
    }

    /// True for a register of the program itself.
    pub fn is_of_program(&self, reg: Reg) -> bool {
        reg.index < self.first_new[reg.bank as usize]
    }

    /// Moves disclosures behind everything that can raise an exception, so that nothing is disclosed that an exception in one of the turns
    /// would have kept; false if that cannot be done.
    fn sink_disclosures(&mut self) -> bool {
        let [_, body] = &mut self.blocks[..] else { return false };
        let code = std::mem::take(&mut body.code);
        let mut late: HashSet<Reg> = HashSet::new();
        let (mut early, mut behind) = (Vec::new(), Vec::new());
        let mut possible = true;
        for op in code {
            let mut depends = matches!(op.instruction, Instruction::Open { .. });
            op.reads(|reg| depends |= late.contains(&reg));
            if depends {
                possible &=
                    !(op.result().is_some_and(|reg| self.risky.contains(&reg)) && can_raise(&op, self.registers));
                op.writes(|reg| {
                    late.insert(reg);
                });
                behind.push(op);
            } else {
                early.push(op);
            }
        }
        early.extend(behind);
        self.blocks[1].code = early;
        possible
    }
}
