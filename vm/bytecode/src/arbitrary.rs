//! Arbitrary programs, valid or not, for property tests: values are read off a string of bytes, so that proptest shrinks them.

use crate::isa::{Instruction, table};
use crate::operand::{Bank, DimId, ExceptionId, FuncId, PortId, Reg, RoleId};
use crate::program::*;
use crate::types::{Kind, Type};
use proptest::prelude::*;

/// Bytes that are turned into values; zeros follow the last one.
pub struct Source<'a>(&'a [u8]);

impl<'a> Source<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
    pub fn byte(&mut self) -> u8 {
        let (&first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        first
    }
    pub fn word(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }
    pub fn below(&mut self, bound: u8) -> u8 {
        self.byte() % bound
    }
    pub fn flag(&mut self) -> bool {
        self.below(2) == 1
    }
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }
    /// A length below `bound`.
    pub fn length(&mut self, bound: u8) -> usize {
        self.below(bound).into()
    }
    /// A number of something: mostly small, now and then any.
    pub fn index(&mut self) -> u32 {
        match self.byte() {
            0..=239 => self.below(4).into(),
            240..=249 => self.byte().into(),
            250..=255 => self.word() as u32,
        }
    }
    pub fn reg(&mut self) -> Reg {
        Reg::new(self.pick(&Bank::ALL), self.index())
    }
    /// A number that is often at an edge of its range.
    fn number(&mut self) -> u64 {
        match self.below(4) {
            0 => self.byte().into(),
            1 => self.pick(&[0, 1, u64::MAX, i64::MAX as u64, i64::MIN as u64]),
            _ => self.word(),
        }
    }
    fn many<T>(&mut self, bound: u8, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.length(bound)).map(|_| item(self)).collect()
    }
    fn text(&mut self) -> String {
        let character = |s: &mut Self| match s.below(4) {
            0 => s.pick(&[
                '"',
                '\\',
                ';',
                '\n',
                '\r',
                '\t',
                '\0',
                '\u{2028}',
                '\u{202e}',
                '{',
                '}',
                ' ',
                'é',
                '\u{1f600}',
            ]),
            1 => char::from_u32(s.word() as u32 % 0x11_0000).unwrap_or('\u{fffd}'),
            _ => char::from(b'a' + s.below(26)),
        };
        self.many(6, character).into_iter().collect()
    }
    fn ty(&mut self) -> Type {
        let kind = Type::Tensor(self.pick(Kind::ALL));
        let depth = if self.below(4) == 0 { self.length(Type::MAX_DEPTH as u8 + 1) } else { 0 };
        (0..depth).fold(kind, |item, _| Type::List(Box::new(item)))
    }
    fn extent(&mut self, depth: u8) -> Extent {
        match self.below(if depth == 0 { 3 } else { 6 }) {
            0 => Extent::Constant(self.number()),
            1 => Extent::Dim(DimId(self.index())),
            2 => Extent::Any,
            _ => {
                let op = self.pick(&[ExtentOp::Add, ExtentOp::Sub, ExtentOp::Mul, ExtentOp::FloorDiv]);
                Extent::Combined(op, Box::new(self.extent(depth - 1)), Box::new(self.extent(depth - 1)))
            }
        }
    }
    fn parties(&mut self) -> Parties {
        if self.flag() { Parties::All } else { Parties::Roles(self.many(3, |s| RoleId(s.index()))) }
    }
    fn line(&mut self) -> Line {
        Line { file: self.index(), line: self.index() }
    }
    fn port(&mut self) -> Port {
        let direction = match self.below(4) {
            0 => Direction::Input,
            1 => Direction::Output,
            2 => Direction::Parameter { default: None },
            _ => Direction::Parameter { default: Some(crate::operand::ConstId(self.index())) },
        };
        Port {
            name: self.text(),
            direction,
            kind: self.pick(Kind::ALL),
            shape: self.many(3, |s| s.extent(4)),
            list: self.flag(),
            parties: self.parties(),
            line: self.line(),
        }
    }
    fn constant(&mut self) -> Constant {
        let shape = |s: &mut Self| s.many(3, |s| if s.flag() { s.below(4).into() } else { s.number() });
        match self.below(4) {
            0 => Constant::Int(shape(self), self.many(5, |s| s.number() as i64)),
            1 => Constant::Fix(
                shape(self),
                self.many(5, |s| (i128::from(s.number() as i64) << 64) | i128::from(s.number())),
            ),
            2 => Constant::Bool(shape(self), self.many(5, Self::flag)),
            _ => Constant::Str(self.text()),
        }
    }
    /// Any instruction of the table.
    pub fn instruction(&mut self) -> Instruction {
        let opcodes: Vec<u8> = table().iter().map(|row| row.opcode).collect();
        let opcode = self.pick(&opcodes);
        Instruction::arbitrary(opcode, self).expect("the opcode is from the table")
    }
    fn function(&mut self) -> Function {
        Function {
            name: self.text(),
            params: self.many(3, Self::reg),
            results: self.many(3, Self::ty),
            registers: std::array::from_fn(|_| self.many(6, Self::ty)),
            code: self.many(12, Self::instruction),
            handlers: self.many(3, Self::handler),
            lines: self.many(6, |s| (s.index(), s.line())),
            inlined: self.many(3, |s| Inlined { name: s.text(), call: s.line(), within: s.index() }),
            chains: self.many(3, |s| (s.index(), s.index())),
        }
    }
    fn handler(&mut self) -> Handler {
        let [from, to, target] = std::array::from_fn(|_| self.index());
        let [class, message, origin] = std::array::from_fn(|_| self.reg());
        Handler { from, to, target, class, message, origin }
    }
    fn disclosure(&mut self) -> Disclosure {
        Disclosure {
            function: FuncId(self.index()),
            at: self.index(),
            entry: self.index(),
            to: self.parties(),
            port: self.flag().then(|| PortId(self.index())),
            expression: self.text(),
            why: self.flag().then(|| self.text()),
            line: self.line(),
        }
    }
    /// Any program.
    pub fn program(&mut self) -> Program {
        let precision = if self.flag() {
            Precision::default()
        } else {
            Precision { int_bits: self.index(), fix_bits: self.index(), fix_frac: self.index() }
        };
        Program {
            precision,
            files: self.many(3, Self::text),
            dims: self.many(3, Self::text),
            roles: self.many(3, |s| Role { name: s.text(), family: s.flag().then(|| DimId(s.index())) }),
            ports: self.many(4, Self::port),
            constants: self.many(6, Self::constant),
            functions: self.many(4, Self::function),
            disclosures: self.many(3, Self::disclosure),
            exceptions: self.many(3, |s| ExceptionClass { name: s.text(), parent: ExceptionId(s.index()) }),
        }
    }
}

/// Any program, as a proptest strategy.
pub fn programs() -> impl Strategy<Value = Program> {
    prop::collection::vec(any::<u8>(), 0..1500).prop_map(|bytes| Source::new(&bytes).program())
}
