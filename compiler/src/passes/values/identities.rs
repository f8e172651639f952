//! Identities that spare communication: a product with a number that every element has, a comparison whose outcome is known, a
//! truncation of what was just scaled up. What takes their place talks to nobody and has the same shape and value.
//!
//! Tensors that a program declares secret, constants though they are, stay secrets: a loop over their elements would not know them either.

use super::Numbering;
use super::facts::Made;
use crate::ir::Op;
use mpc_bytecode::{AnyDst, AnySrc, Constant, Dst, Instruction, Kind, Reg, Secret, Src, Type};

/// Numbers below this are within the range of every kind, whatever the precision.
const SMALL: i128 = 1 << 12;

/// More steps than there are identities that follow from one another.
const STEPS: usize = 4;

fn dst(reg: Reg) -> Dst<Secret> {
    Dst::new(reg.index)
}

fn src(reg: Reg) -> Src<Secret> {
    Src::new(reg.index)
}

impl Numbering<'_> {
    /// Replaces an instruction by what costs less, as often as that is possible.
    pub(super) fn simplify(&mut self, op: &mut Op) {
        for _ in 0..STEPS {
            let Some(better) = self.better(op) else { return };
            op.instruction = better;
            self.read_origins(op);
        }
    }

    fn better(&mut self, op: &Op) -> Option<Instruction> {
        use Instruction as I;
        match &op.instruction {
            I::Mul { batch } => match batch.as_slice() {
                [(to, a, b)] => self.product(to.reg(), a.reg(), b.reg(), op),
                _ => None,
            },
            I::Ltz { batch, .. } => match batch.as_slice() {
                [(to, a)] => {
                    self.uniform(a.reg()).and_then(|value| self.filled(to.reg(), a.reg(), (value < 0).into(), op))
                }
                _ => None,
            },
            I::Eqz { batch, .. } => match batch.as_slice() {
                [(to, a)] => {
                    self.uniform(a.reg()).and_then(|value| self.filled(to.reg(), a.reg(), (value == 0).into(), op))
                }
                _ => None,
            },
            I::Square { batch } => match batch.as_slice() {
                [(to, a)] => {
                    let square = self.uniform(a.reg()).filter(|value| value.abs() < SMALL)?;
                    self.filled(to.reg(), a.reg(), square * square, op)
                }
                _ => None,
            },
            I::Trunc { bits, batch } => match batch.as_slice() {
                [(to, a)] => self.truncation(to.reg(), a.reg(), *bits, op),
                _ => None,
            },
            I::Neg { dst: to, src: a } => match self.facts.made(self.valid(a.reg())?)? {
                Made::Negated(number) => self.same(to.reg(), self.holder(number)?),
                Made::Scaled(..) | Made::Shifted(..) => None,
            },
            I::AddPublic { dst: to, a, b } if self.is_number(b.reg(), 0) => self.same(to.reg(), a.reg()),
            I::MulPublic { dst: to, a, b } if self.is_one(b.reg()) => self.same(to.reg(), a.reg()),
            I::Retype { dst: to, src: a } if self.same_type(to.reg(), a.reg()) => self.same(to.reg(), a.reg()),
            I::Retype { dst: to, src: a } => {
                let form = self.form_of(a.reg()).filter(|form| form.offset == 0)?;
                let base = self.holder(form.base).filter(|&base| self.same_type(to.reg(), base))?;
                self.same(to.reg(), base)
            }
            I::Add { dst: to, a, b } => {
                self.sum(to.reg(), a.reg(), b.reg()).or_else(|| self.sum(to.reg(), b.reg(), a.reg()))
            }
            I::Sub { dst: to, a, b } => self.sum(to.reg(), a.reg(), b.reg()),
            _ => None,
        }
    }

    fn is_number(&self, reg: Reg, number: i64) -> bool {
        match self.known_value(reg) {
            Some(Constant::Int(shape, values)) => shape.is_empty() && values == &[number],
            Some(Constant::Fix(shape, values)) => shape.is_empty() && number == 0 && values == &[0],
            Some(Constant::Bool(..) | Constant::Str(_)) | None => false,
        }
    }

    /// The number one, which is no fixed-point number: those have another scale.
    fn is_one(&self, reg: Reg) -> bool {
        let truth = matches!(self.known_value(reg), Some(Constant::Bool(shape, values)) if shape.is_empty() && values == &[true]);
        truth || self.is_number(reg, 1)
    }

    /// One ring element in two registers, under the kind of each.
    fn same(&self, to: Reg, from: Reg) -> Option<Instruction> {
        if self.registers.get(to).rank != self.registers.get(from).rank {
            return None;
        }
        Some(if self.same_type(to, from) {
            Instruction::Copy { dst: AnyDst(to), src: AnySrc(from) }
        } else {
            Instruction::Retype { dst: dst(to), src: src(from) }
        })
    }

    /// `a ± 0`, where the zero is a scalar.
    fn sum(&self, to: Reg, a: Reg, b: Reg) -> Option<Instruction> {
        let nothing = self.is_scalar(b) && self.uniform(b) == Some(0);
        if nothing && self.same_type(to, a) { self.same(to, a) } else { None }
    }

    fn product(&mut self, to: Reg, a: Reg, b: Reg, op: &Op) -> Option<Instruction> {
        self.times_number(to, a, b, op).or_else(|| self.times_number(to, b, a, op))
    }

    /// `a · b` where every element of `b` is the same small number. The product is as large as both: where `b` is no scalar, zeros of its
    /// shape are added.
    fn times_number(&mut self, to: Reg, a: Reg, b: Reg, op: &Op) -> Option<Instruction> {
        let number = self.uniform(b).filter(|number| number.abs() < SMALL)?;
        let kind = self.kind(b)?;
        let factor = self.number_constant(kind, number, op)?;
        if self.is_scalar(b) {
            return Some(Instruction::MulPublic { dst: dst(to), a: src(a), b: Src::new(factor.index) });
        }
        let product = self.like(a, self.kind(to)?);
        self.add(Instruction::MulPublic { dst: dst(product), a: src(a), b: Src::new(factor.index) }, op);
        let zeros = self.zeros(to, b, op)?;
        Some(Instruction::Add { dst: dst(to), a: src(product), b: src(zeros) })
    }

    fn truncation(&mut self, to: Reg, a: Reg, bits: u32, op: &Op) -> Option<Instruction> {
        if let Some(value) = self.uniform(a)
            && bits < 64
            && value % (1 << bits) == 0
        {
            return self.filled(to, a, value >> bits, op);
        }
        match self.facts.made(self.valid(a)?)? {
            Made::Shifted(number, by) if by == bits => self.same(to, self.holder(number)?),
            Made::Scaled(secret, public) => self.scaled_down(to, self.holder(secret)?, self.holder(public)?, bits, op),
            Made::Shifted(..) | Made::Negated(_) => None,
        }
    }

    /// `(a · b) / 2^bits` where the scale of `b` is a multiple of what is divided by: exact, and no truncation.
    fn scaled_down(&mut self, to: Reg, a: Reg, b: Reg, bits: u32, op: &Op) -> Option<Instruction> {
        let divided = match self.known_value(b)? {
            Constant::Fix(shape, values) => {
                let divide = |&value: &i128| {
                    let exact = bits < 64 && value % (1 << bits) == 0;
                    exact.then_some(value >> bits).filter(|value| value.abs() < SMALL).map(|value| value as i64)
                };
                Constant::Int(shape.clone(), values.iter().map(divide).collect::<Option<_>>()?)
            }
            Constant::Int(..) | Constant::Bool(..) | Constant::Str(_) => return None,
        };
        if !self.same_type(to, a) || self.kind(a)? != Kind::Sfix {
            return None;
        }
        let factor = self.constant(divided, op);
        Some(Instruction::MulPublic { dst: dst(to), a: src(a), b: Src::new(factor.index) })
    }

    /// A secret whose every element is `value`, in the shape of `like`.
    fn filled(&mut self, to: Reg, like: Reg, value: i128, op: &Op) -> Option<Instruction> {
        if self.registers.get(to).rank != self.registers.get(like).rank || value.abs() >= SMALL * SMALL {
            return None;
        }
        let kind = self.kind(to)?;
        let number = self.number_constant(kind, value, op)?;
        if self.is_scalar(to) && kind != Kind::Raw {
            return Some(Instruction::Share { dst: dst(to), src: Src::new(number.index) });
        }
        let zeros = self.zeros(to, like, op)?;
        Some(Instruction::AddPublic { dst: dst(to), a: src(zeros), b: Src::new(number.index) })
    }

    /// Zeros of the kind of one register in the shape of another.
    fn zeros(&mut self, of: Reg, like: Reg, op: &Op) -> Option<Reg> {
        let kind = self.kind(of)?;
        let difference = self.like(like, self.kind(like)?);
        self.add(Instruction::Sub { dst: dst(difference), a: src(like), b: src(like) }, op);
        let zeros = self.like(like, kind);
        self.add(Instruction::Retype { dst: dst(zeros), src: src(difference) }, op);
        Some(zeros)
    }

    fn kind(&self, reg: Reg) -> Option<Kind> {
        match self.registers.get(reg).ty {
            Type::Tensor(kind) => Some(kind),
            Type::List(_) => None,
        }
    }

    fn like(&mut self, reg: Reg, kind: Kind) -> Reg {
        let rank = self.registers.get(reg).rank;
        self.registers.add(Type::Tensor(kind), rank)
    }

    /// Adds an instruction before the one that is looked at.
    fn add(&mut self, instruction: Instruction, at: &Op) {
        self.visit(Op { instruction, notes: Vec::new(), ..at.clone() });
    }

    fn constant(&mut self, constant: Constant, op: &Op) -> Reg {
        let to = self.registers.add(Type::Tensor(constant.kind()), crate::ir::rank(&constant));
        let value = self.module.constants.intern(constant);
        self.add(Instruction::Const { dst: Dst::new(to.index), value }, op);
        to
    }

    /// A public number that has, beside a secret of this kind, the given ring element.
    fn number_constant(&mut self, kind: Kind, value: i128, op: &Op) -> Option<Reg> {
        let constant = match kind {
            Kind::Sfix => Constant::Fix(Vec::new(), vec![value]),
            Kind::Sbool if value == 0 || value == 1 => Constant::Bool(Vec::new(), vec![value == 1]),
            Kind::Sint | Kind::Raw | Kind::Sbool => Constant::Int(Vec::new(), vec![i64::try_from(value).ok()?]),
            Kind::Int | Kind::Fix | Kind::Bool | Kind::Str => return None,
        };
        Some(self.constant(constant, op))
    }
}
