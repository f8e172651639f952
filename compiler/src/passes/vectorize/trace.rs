//! The code of a loop nest, all turns at once, while it is made.
//!
//! The nest's tree is walked once. What a register holds at that point is known as a [`Sym`]: mostly a tensor with an axis for each
//! loop that it depends on, and for no other. An instruction is then done on whole tensors ([`super::lift`]). All registers that are
//! written here are new, and each is written once; the loop's own are written when it is over.

use super::super::liveness::Liveness;
use super::carry::{Array, Var};
use super::order::Order;
use super::product::Def;
use super::reductions::{Fork, Question, Slope};
use super::refusal::Refusal;
use super::revealed::Revealed;
use super::shapes::Shapes;
use crate::ir::{Block, BlockId, Constants, Op, Registers, Table, Terminator};
use crate::source::Span;
use mpc_bytecode::operand::{Binary, ConstId};
use mpc_bytecode::{Access, AnyDst, AnySrc, Constant, Dst, Instruction, Kind, Reg, Src, Type};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

/// An axis that a loop, or a choice in it, gives to tensors. Axes of outer loops are smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Axis(pub usize);

/// What is known of an axis.
#[derive(Clone, Debug)]
pub struct AxisInfo {
    /// How many entries it has.
    pub count: Reg,
    /// The axes of which it has a selection, with the position there of each entry.
    pub origins: Vec<(Axis, Reg)>,
    /// The axes whose place it takes, and the positions in them counted through all.
    pub parents: Vec<Axis>,
    /// Those positions.
    pub flat: Option<Reg>,
    /// The loop's variable.
    pub var: Option<Reg>,
    /// The least value of that variable, if it is known.
    pub low: Option<i64>,
    /// Its first value and its step, where they are the same in all turns of the loops around.
    pub steps: Option<[Reg; 2]>,
    /// It has no length: it stands for one entry of its origins.
    pub point: bool,
}

/// A tensor with an axis for each loop that it depends on, in order, before its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Val {
    /// The register.
    pub reg: Reg,
    /// The axes, rising.
    pub axes: Vec<Axis>,
}

/// An amount that is added to what a register held when a loop began.
#[derive(Clone, Debug)]
pub struct Part {
    /// How much, at each turn.
    pub val: Val,
    /// The turns.
    pub space: Vec<Axis>,
}

/// What a register held when a turn began, times −1 or 1, and amounts.
#[derive(Clone, Debug)]
pub struct Linear {
    /// Which register, of which loop.
    pub var: usize,
    /// −1, 0 or 1.
    pub coef: i64,
    /// What is added.
    pub parts: Vec<Part>,
}

/// A change of elements that has not been made yet.
#[derive(Clone, Debug)]
pub struct Store {
    /// The new value, or what is added.
    pub part: Part,
    /// It is added.
    pub add: bool,
}

/// A value that was given in one arm of a choice or in both.
#[derive(Debug)]
pub struct Merge {
    /// The register.
    pub reg: Reg,
    /// Before the choice.
    pub base: Option<Val>,
    /// The axis of the arm's turns, and what was given there.
    pub arms: Vec<(Axis, Val)>,
}

/// What a register holds.
#[derive(Clone, Debug)]
pub enum Sym {
    /// A tensor, or a list of tensors.
    Plain(Val),
    /// What it held when the turn began, and more.
    Linear(Linear),
    /// A list to which items were appended.
    Pushed(usize, Vec<Part>),
    /// A tensor of which the nest reads and writes elements.
    Array(usize),
    /// Of elements: what was changed.
    Pending(Vec<Store>),
    /// To be put together where it is needed.
    Merge(Rc<Merge>),
    /// A comparison with it.
    Question(Question),
    /// What a comparison chose.
    Fork(Fork),
    /// A product with it.
    Slope(Slope),
    /// What an earlier turn left, in a way that is not understood.
    Carried(usize),
    /// What nothing reads any more: a loop inside left it.
    Gone,
}

/// Why a loop cannot be done at once.
#[derive(Clone, Debug)]
pub struct Obstacle {
    /// The loop, if it is one loop's matter.
    pub header: Option<BlockId>,
    /// The register in the way.
    pub reg: Option<Reg>,
    /// Where.
    pub span: Span,
    /// What is in the way.
    pub why: Why,
}

/// What is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A turn needs what an earlier one computed.
    Cycle,
    /// A turn reads an element that another writes.
    Elements,
    /// It is seen from outside, in order.
    Effect,
    /// An exception in one turn keeps later ones from a disclosure.
    Disclosure,
    /// It does not have one shape in all turns.
    Shape,
    /// The loop may end before its last turn.
    Leaves,
    /// An exception here must come after what earlier turns print or raise.
    Order,
}

/// How an integer depends on loop variables: a sum of multiples, a value that is the same in all turns, and a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// The multiples.
    pub coefs: BTreeMap<Axis, i64>,
    /// The value.
    pub base: Option<Reg>,
    /// The number.
    pub offset: i64,
}

/// The maker.
pub struct Tracer<'a> {
    pub registers: &'a mut Registers,
    pub constants: &'a mut Constants,
    /// Registers of the function that hold one constant.
    pub known: &'a Table<Option<ConstId>>,
    pub live: &'a Liveness,
    /// The blocks made so far; their numbers count from the first.
    pub blocks: Vec<Block>,
    pub current: usize,
    pub env: Env,
    pub axes: Vec<AxisInfo>,
    pub space: Vec<Axis>,
    pub defs: HashMap<Reg, Def>,
    pub facts: HashMap<Reg, Fact>,
    /// For values of single turns: how all turns' depend on loop variables.
    pub ranges: HashMap<Reg, Fact>,
    /// Constants that were loaded here.
    pub consts: HashMap<Reg, ConstId>,
    pub vars: Vec<Var>,
    pub arrays: Vec<Array>,
    /// Results of instructions that can raise, as the program has them.
    pub risky: HashSet<Reg>,
    /// Registers that are written more than once.
    pub mutable: HashSet<Reg>,
    pub made: HashMap<Vec<u8>, Reg>,
    pub made_log: Vec<Vec<u8>>,
    pub span: Span,
    pub template: Block,
    /// How many registers of each bank the program itself has.
    pub first_new: [u32; 3],
    /// What keeps exceptions in their place.
    pub order: Order,
    /// How often a loop was taken apart, with or without success.
    pub tries: u32,
    /// Loops in the nest that communicate and stay loops.
    pub refused: Vec<Refusal>,
    /// Sums that were made without the summands, and the sums of those.
    pub totals: Vec<(Reg, Instruction)>,
    /// Sizes that the function's text says.
    pub shapes: &'a Shapes,
    /// What only a run can tell.
    pub revealed: &'a Revealed,
    /// How public integers were made.
    pub built: HashMap<Reg, Instruction>,
}

/// What registers hold, with a log to go back.
#[derive(Clone, Debug, Default)]
pub struct Env {
    map: HashMap<Reg, Sym>,
    log: Vec<(Reg, Option<Sym>)>,
}

impl Env {
    /// What a register holds, if it was written.
    pub fn get(&self, reg: Reg) -> Option<&Sym> {
        self.map.get(&reg)
    }

    /// Notes what it holds now.
    pub fn set(&mut self, reg: Reg, sym: Sym) {
        let old = self.map.insert(reg, sym);
        self.log.push((reg, old));
    }

    /// Forgets a register.
    pub fn remove(&mut self, reg: Reg) {
        let old = self.map.remove(&reg);
        self.log.push((reg, old));
    }

    /// Here.
    pub fn mark(&self) -> usize {
        self.log.len()
    }

    /// Goes back; what had changed since, as it was here.
    pub fn back(&mut self, mark: usize) -> BTreeMap<Reg, Option<Sym>> {
        let mut changed = BTreeMap::new();
        while self.log.len() > mark {
            let Some((reg, old)) = self.log.pop() else { break };
            changed.entry(reg).or_insert_with(|| self.map.get(&reg).cloned());
            match old {
                Some(old) => self.map.insert(reg, old),
                None => self.map.remove(&reg),
            };
        }
        changed
    }
}

/// Everything that an attempt may have changed.
#[derive(Clone)]
pub struct Snapshot {
    env: usize,
    current: usize,
    lengths: Vec<usize>,
    ends: Terminator,
    axes: usize,
    space: Vec<Axis>,
    vars: usize,
    arrays: Vec<Array>,
    made: usize,
    order: Order,
    refused: usize,
}

impl Tracer<'_> {
    /// Here.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            env: self.env.mark(),
            current: self.current,
            lengths: self.blocks.iter().map(|block| block.code.len()).collect(),
            ends: self.blocks[self.current].end.clone(),
            axes: self.axes.len(),
            space: self.space.clone(),
            vars: self.vars.len(),
            arrays: self.arrays.clone(),
            made: self.made_log.len(),
            order: self.order.clone(),
            refused: self.refused.len(),
        }
    }

    /// Back to there.
    pub fn restore(&mut self, to: Snapshot) {
        self.env.back(to.env);
        self.current = to.current;
        self.blocks.truncate(to.lengths.len());
        self.blocks.iter_mut().zip(&to.lengths).for_each(|(block, &length)| block.code.truncate(length));
        self.blocks[to.current].end = to.ends;
        self.axes.truncate(to.axes);
        self.space = to.space;
        self.vars.truncate(to.vars);
        self.arrays = to.arrays;
        self.forget_made(to.made);
        self.order = Order { front: HashMap::new(), ..to.order };
        self.refused.truncate(to.refused);
    }

    /// How much was made that may be used again.
    pub fn made_mark(&self) -> usize {
        self.made_log.len()
    }

    /// Forgets what was made since: it stands in an arm that may not have run.
    pub fn forget_made(&mut self, mark: usize) {
        for key in self.made_log.drain(mark..) {
            self.made.remove(&key);
        }
    }

    /// An obstacle of no loop in particular.
    pub fn obstacle<T>(&self, reg: Option<Reg>, why: Why) -> Result<T, Obstacle> {
        Err(Obstacle { header: None, reg, span: self.span, why })
    }

    /// The kind of a tensor's elements.
    pub fn kind(&self, reg: Reg) -> Kind {
        self.registers.get(reg).ty.element()
    }

    /// How many axes a value has of its own.
    pub fn own_rank(&self, val: &Val) -> usize {
        (self.registers.get(val.reg).rank as usize).saturating_sub(val.axes.len())
    }

    /// Adds an instruction.
    pub fn put(&mut self, instruction: Instruction) {
        let op = Op::new(instruction, self.span);
        self.blocks[self.current].code.push(op);
    }

    /// A tensor's register, written by the instruction that `make` gives for it; the same instruction again gives the same register.
    pub fn make(&mut self, kind: Kind, rank: usize, make: impl Fn(Reg) -> Instruction) -> Reg {
        self.make_typed(Type::Tensor(kind), rank, make)
    }

    /// The same for any type.
    pub fn make_typed(&mut self, ty: Type, rank: usize, make: impl Fn(Reg) -> Instruction) -> Reg {
        let draft = make(Reg::new(ty.bank(), u32::MAX));
        let mut stable = true;
        draft.accesses(|access| {
            if let Access::Read(reg) = access {
                stable &= !self.mutable.contains(&reg);
            }
        });
        let mut key = format!("{ty}:").into_bytes();
        draft.encode(&mut key);
        if let Some(&reg) = self.made.get(&key).filter(|_| stable) {
            return reg;
        }
        let number = ty == Type::Tensor(Kind::Int) && rank == 0;
        let reg = self.registers.add(ty, rank as u32);
        self.put(make(reg));
        if stable && number {
            self.built.insert(reg, make(reg));
        }
        if stable {
            self.made.insert(key.clone(), reg);
            self.made_log.push(key);
        }
        reg
    }

    /// A register that holds an integer.
    pub fn int(&mut self, value: i64) -> Reg {
        let id = self.constants.intern(Constant::Int(Vec::new(), vec![value]));
        let reg = self.make(Kind::Int, 0, |to| Instruction::Const { dst: Dst::new(to.index), value: id });
        self.facts.insert(reg, Fact { offset: value, ..Fact::default() });
        reg
    }

    /// The integer that a register is known to hold.
    pub fn known_int(&self, reg: Reg) -> Option<i64> {
        if let Some(fact) = self.facts.get(&reg) {
            return (fact.coefs.is_empty() && fact.base.is_none()).then_some(fact.offset);
        }
        let in_function = reg.index < self.first_new[reg.bank as usize];
        match self.known_id(reg, in_function).map(|id| self.constants.get(id)) {
            Some(Constant::Int(shape, values)) if shape.is_empty() => values.first().copied(),
            _ => None,
        }
    }

    fn known_id(&self, reg: Reg, in_function: bool) -> Option<ConstId> {
        if in_function { self.known[reg] } else { None }
    }

    /// The constant that a register is known to hold.
    pub fn known_constant(&self, reg: Reg) -> Option<&Constant> {
        let id = if self.is_of_program(reg) { self.known[reg] } else { self.consts.get(&reg).copied() };
        id.map(|id| self.constants.get(id))
    }

    /// A public operation on integers that cannot fail.
    pub fn ints(&mut self, op: Binary, a: Reg, b: Reg) -> Reg {
        let rank = self.registers.get(a).rank.max(self.registers.get(b).rank) as usize;
        self.make(Kind::Int, rank, |to| Instruction::Binary {
            op,
            dst: Dst::new(to.index),
            a: Src::new(a.index),
            b: Src::new(b.index),
        })
    }

    /// The product of sizes.
    pub fn product_of(&mut self, sizes: &[Reg]) -> Reg {
        match sizes {
            [] => self.int(1),
            [first, rest @ ..] => rest.iter().fold(*first, |all, &size| self.ints(Binary::Mul, all, size)),
        }
    }

    /// The size of an axis.
    pub fn count(&self, axis: Axis) -> Reg {
        self.axes[axis.0].count
    }

    /// The size of an axis of a register.
    pub fn size(&mut self, reg: Reg, axis: usize) -> Reg {
        self.make(Kind::Int, 0, |to| Instruction::Size { dst: Dst::new(to.index), src: AnySrc(reg), axis: axis as u32 })
    }

    /// The integers below a count.
    pub fn positions(&mut self, count: Reg) -> Reg {
        let (zero, one) = (self.int(0), self.int(1));
        self.make(Kind::Int, 1, |to| Instruction::Range {
            dst: Dst::new(to.index),
            start: Src::new(zero.index),
            stop: Src::new(count.index),
            step: Src::new(one.index),
        })
    }

    /// A register of the same kind with another rank, by an instruction that moves elements.
    pub fn moved(&mut self, like: Reg, rank: usize, make: impl Fn(AnyDst, AnySrc) -> Instruction) -> Reg {
        self.make(self.kind(like), rank, |to| make(AnyDst(to), AnySrc(like)))
    }

    /// A reshape.
    pub fn reshape(&mut self, reg: Reg, sizes: &[Reg]) -> Reg {
        let shape: Vec<_> = sizes.iter().map(|size| Src::new(size.index)).collect();
        self.moved(reg, sizes.len(), |dst, src| Instruction::Reshape { dst, src, shape: shape.clone() })
    }

    /// A broadcast.
    pub fn broadcast(&mut self, reg: Reg, sizes: &[Reg]) -> Reg {
        let shape: Vec<_> = sizes.iter().map(|size| Src::new(size.index)).collect();
        self.moved(reg, sizes.len(), |dst, src| Instruction::Broadcast { dst, src, shape: shape.clone() })
    }

    /// A new block; goes on where it was.
    pub fn block(&mut self) -> usize {
        self.blocks.push(self.template.clone());
        self.blocks.len() - 1
    }

    /// Ends the current block and goes on in another.
    pub fn end(&mut self, end: Terminator, next: usize) {
        self.blocks[self.current].end = end;
        self.blocks[self.current].span = self.span;
        self.current = next;
    }

    /// A copy to a register that is written more than once.
    pub fn copy(&mut self, to: Reg, from: Reg) {
        if to != from {
            self.put(Instruction::Copy { dst: AnyDst(to), src: AnySrc(from) });
        }
    }

    /// What a register holds, as a tensor.
    pub fn read(&mut self, reg: Reg) -> Result<Val, Obstacle> {
        match self.env.get(reg).cloned() {
            None => Ok(Val { reg, axes: Vec::new() }),
            Some(Sym::Plain(val)) => Ok(val),
            Some(Sym::Merge(merge)) => {
                let val = self.merged(&merge)?;
                self.env.set(reg, Sym::Plain(val.clone()));
                Ok(val)
            }
            Some(Sym::Linear(Linear { var, .. }) | Sym::Pushed(var, _) | Sym::Carried(var)) => self.cycle(var),
            Some(Sym::Question(Question { var, .. }) | Sym::Slope(Slope { var, .. })) => self.cycle(var),
            Some(Sym::Fork(fork)) => self.cycle(fork.question.var),
            Some(Sym::Array(_)) => self.obstacle(Some(reg), Why::Elements),
            Some(Sym::Pending(_)) => self.obstacle(Some(reg), Why::Elements),
            Some(Sym::Gone) => self.obstacle(Some(reg), Why::Shape),
        }
    }

    /// The obstacle that a turn needs a register as an earlier one left it.
    pub fn cycle<T>(&self, var: usize) -> Result<T, Obstacle> {
        let var = &self.vars[var];
        Err(Obstacle { header: Some(var.header), reg: Some(var.reg), span: self.span, why: Why::Cycle })
    }

    /// What a register holds in the turns that run here.
    pub fn operand(&mut self, reg: Reg) -> Result<Val, Obstacle> {
        let val = self.read(reg)?;
        let space = self.space.clone();
        self.bring(&val, &space)
    }

    /// The entries of a value that belong to the turns of a space.
    pub fn bring(&mut self, val: &Val, space: &[Axis]) -> Result<Val, Obstacle> {
        if val.axes.iter().all(|axis| space.contains(axis)) {
            return Ok(val.clone());
        }
        let mut val = val.clone();
        for &to in space {
            let origins = self.axes[to.0].origins.clone();
            let mine: Vec<(Axis, Reg)> =
                origins.into_iter().filter(|(axis, _)| val.axes.contains(axis) && !space.contains(axis)).collect();
            if !mine.is_empty() {
                val = self.select(&val, to, &mine);
            }
        }
        if val.axes.iter().all(|axis| space.contains(axis)) { Ok(val) } else { self.obstacle(None, Why::Shape) }
    }

    /// Takes of several axes the entries that belong to those of `to`.
    fn select(&mut self, val: &Val, to: Axis, from: &[(Axis, Reg)]) -> Val {
        if self.axes[to.0].point {
            return self.select_point(val, from);
        }
        let axes: Vec<Axis> = from.iter().map(|(axis, _)| *axis).collect();
        let counts: Vec<Reg> = axes.iter().map(|&axis| self.count(axis)).collect();
        let positions: Vec<Reg> = from.iter().map(|(_, positions)| *positions).collect();
        let mut labelled = self.labelled(val);
        labelled =
            self.front(&labelled, &axes.iter().map(|&axis| super::tensor::Label::Axis(axis)).collect::<Vec<_>>());
        let flat = self.flatten_front(&labelled, axes.len(), &counts);
        let at = self.mixed(&positions, &counts);
        let rank = self.registers.get(flat).rank as usize;
        let taken = self.moved(flat, rank, |dst, src| Instruction::Gather { dst, src, at: Src::new(at.index) });
        let mut dims = vec![super::tensor::Label::Axis(to)];
        dims.extend(labelled.dims[axes.len()..].iter().copied());
        let fact = self.facts.get(&val.reg).cloned();
        let found = self.settled(&super::tensor::Labelled { reg: taken, dims });
        if let Some(fact) = fact {
            self.facts.insert(found.reg, fact);
        }
        found
    }

    /// The one entry of a space that is a point.
    fn select_point(&mut self, val: &Val, from: &[(Axis, Reg)]) -> Val {
        let mut places = Vec::new();
        for axis in &val.axes {
            places.push(match from.iter().find(|(origin, _)| origin == axis) {
                Some((_, at)) => mpc_bytecode::operand::Place::At(Src::new(at.index)),
                None => mpc_bytecode::operand::Place::Range(None, None, None),
            });
        }
        let rank = self.registers.get(val.reg).rank as usize - from.len();
        let reg = self.moved(val.reg, rank, |dst, src| Instruction::Index { dst, src, places: places.clone() });
        // Of one turn it says between which numbers the value lies, not where it stands among others.
        if let Some(fact) = self.facts.get(&val.reg).cloned() {
            self.ranges.insert(reg, fact);
        }
        let axes = val.axes.iter().copied().filter(|axis| from.iter().all(|(origin, _)| origin != axis)).collect();
        Val { reg, axes }
    }

    /// Positions counted through several axes.
    pub fn mixed(&mut self, positions: &[Reg], counts: &[Reg]) -> Reg {
        let mut all = positions[0];
        for (&next, &count) in positions.iter().zip(counts).skip(1) {
            let scaled = self.ints(Binary::Mul, all, count);
            all = self.ints(Binary::Add, scaled, next);
        }
        all
    }

    /// The union of axes, rising.
    pub fn union<'v>(&self, vals: impl IntoIterator<Item = &'v Val>) -> Vec<Axis> {
        let mut axes: Vec<Axis> = vals.into_iter().flat_map(|val| val.axes.iter().copied()).collect();
        axes.sort_unstable();
        axes.dedup();
        axes
    }
}
