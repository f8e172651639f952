//! What is known of values, by their numbers. A number stands for one value for ever, so facts are never taken back.

use super::{Number, Numbering};
use crate::ir::Op;
use mpc_bytecode::operand::ConstId;
use mpc_bytecode::{AnySrc, Constant, Instruction, Reg};
use std::collections::HashMap;

/// A ring element as another one and a number: `base + offset`. Base 0 stands for nothing: then every element is `offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub base: Number,
    pub offset: i128,
}

impl Form {
    fn uniform(offset: i128) -> Self {
        Form { base: 0, offset }
    }
}

/// How a value was made, where that helps later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// The negation of a value.
    Negated(Number),
    /// A secret times a public value.
    Scaled(Number, Number),
    /// A value times a power of two.
    Shifted(Number, u32),
}

/// What is known.
#[derive(Default)]
pub struct Facts {
    /// Public constants.
    pub known: HashMap<Number, ConstId>,
    forms: HashMap<Number, Form>,
    made: HashMap<Number, Made>,
}

impl Facts {
    /// Ring elements of equal forms are equal.
    pub fn form(&self, number: Number) -> Form {
        self.forms.get(&number).copied().unwrap_or(Form { base: number, offset: 0 })
    }

    /// The value of every element, if all are one and it is known.
    pub fn uniform(&self, number: Number) -> Option<i128> {
        Some(self.form(number)).filter(|form| form.base == 0).map(|form| form.offset)
    }

    pub fn made(&self, number: Number) -> Option<Made> {
        self.made.get(&number).copied()
    }

    pub fn note(&mut self, number: Number, (form, made): (Option<Form>, Option<Made>)) {
        self.forms.extend(form.map(|form| (number, form)));
        self.made.extend(made.map(|made| (number, made)));
    }
}

impl Numbering<'_> {
    /// A scalar constant as a ring element.
    fn scalar(&self, reg: Reg) -> Option<i128> {
        match self.known_value(reg)? {
            Constant::Int(shape, values) if shape.is_empty() => values.first().map(|&value| value.into()),
            Constant::Fix(shape, values) if shape.is_empty() => values.first().copied(),
            Constant::Bool(shape, values) if shape.is_empty() => values.first().map(|&value| value.into()),
            Constant::Int(..) | Constant::Fix(..) | Constant::Bool(..) | Constant::Str(_) => None,
        }
    }

    pub(super) fn form_of(&self, reg: Reg) -> Option<Form> {
        self.valid(reg).map(|number| self.facts.form(number))
    }

    pub(super) fn uniform(&self, reg: Reg) -> Option<i128> {
        self.valid(reg).and_then(|number| self.facts.uniform(number))
    }

    pub(super) fn is_scalar(&self, reg: Reg) -> bool {
        self.registers.get(reg).is_scalar()
    }

    /// What an instruction says about its result, as its operands are now.
    pub(super) fn learn(&self, op: &Op) -> (Option<Form>, Option<Made>) {
        (self.learn_form(&op.instruction), self.learn_made(&op.instruction))
    }

    fn learn_form(&self, instruction: &Instruction) -> Option<Form> {
        use Instruction as I;
        let of = |reg: Reg| self.form_of(reg);
        match instruction {
            I::Share { src, .. } => self.scalar(src.reg()).map(Form::uniform),
            I::Retype { src, .. } => of(src.reg()),
            I::AddPublic { a, b, .. } => moved(of(a.reg())?, self.scalar(b.reg())?),
            I::Add { a, b, .. } => self.summed(a.reg(), b.reg()).or_else(|| self.summed(b.reg(), a.reg())),
            I::Sub { a, b, .. } => self.difference(a.reg(), b.reg()),
            I::PublicSub { a, b, .. } => self.scalar(a.reg())?.checked_sub(self.uniform(b.reg())?).map(Form::uniform),
            I::Neg { src, .. } => self.uniform(src.reg())?.checked_neg().map(Form::uniform),
            I::MulPublic { a, b, .. } => match (self.uniform(a.reg()), self.scalar(b.reg())) {
                (_, Some(0)) => Some(Form::uniform(0)),
                (Some(a), Some(b)) => a.checked_mul(b).map(Form::uniform),
                _ => None,
            },
            I::Reshape { src: AnySrc(src), .. }
            | I::Transpose { src: AnySrc(src), .. }
            | I::Index { src: AnySrc(src), .. }
            | I::Broadcast { src: AnySrc(src), .. }
            | I::Gather { src: AnySrc(src), .. } => self.uniform(*src).map(Form::uniform),
            _ => None,
        }
    }

    /// Something and a uniform scalar, which cannot change its shape.
    fn summed(&self, a: Reg, b: Reg) -> Option<Form> {
        if !self.is_scalar(b) { None } else { moved(self.form_of(a)?, self.uniform(b)?) }
    }

    /// Two of one base have one shape: the difference is the same everywhere.
    fn difference(&self, a: Reg, b: Reg) -> Option<Form> {
        let (left, right) = (self.form_of(a)?, self.form_of(b)?);
        let offset = left.offset.checked_sub(right.offset)?;
        if left.base == right.base {
            return Some(Form::uniform(offset));
        }
        (right.base == 0 && self.is_scalar(b)).then_some(Form { base: left.base, offset })
    }

    fn learn_made(&self, instruction: &Instruction) -> Option<Made> {
        match instruction {
            Instruction::Neg { src, .. } => self.valid(src.reg()).map(Made::Negated),
            Instruction::MulPublic { a, b, .. } => Some(Made::Scaled(self.valid(a.reg())?, self.valid(b.reg())?)),
            Instruction::ShiftLeft { src, bits, .. } => self.valid(src.reg()).map(|src| Made::Shifted(src, *bits)),
            _ => None,
        }
    }
}

fn moved(form: Form, by: i128) -> Option<Form> {
    form.offset.checked_add(by).map(|offset| Form { offset, ..form })
}
