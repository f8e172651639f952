//! Registers, and the operands that name them.

use super::{DecodeError, Operand, Reader, Text, write_number};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display as _};
use std::marker::PhantomData;

/// A register bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Bank {
    /// Values every player knows.
    Public,
    /// Secret-shared values.
    Secret,
    /// Lists of public length.
    List,
}

impl Bank {
    /// Every bank, in the order of their codes.
    pub const ALL: [Bank; 3] = [Bank::Public, Bank::Secret, Bank::List];

    /// The letter in front of a register's number.
    pub const fn prefix(self) -> char {
        match self {
            Bank::Public => 'p',
            Bank::Secret => 's',
            Bank::List => 'l',
        }
    }
}

/// A bank as a type, for operands whose bank is fixed by the instruction.
pub trait FixedBank: Copy + fmt::Debug + PartialEq + Eq {
    /// The bank.
    const BANK: Bank;
}

/// The public bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Public;
/// The secret bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secret;
/// The list bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lists;

impl FixedBank for Public {
    const BANK: Bank = Bank::Public;
}
impl FixedBank for Secret {
    const BANK: Bank = Bank::Secret;
}
impl FixedBank for Lists {
    const BANK: Bank = Bank::List;
}

/// A register: its bank and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reg {
    /// The bank.
    pub bank: Bank,
    /// The number within the bank.
    pub index: u32,
}

impl Reg {
    /// Register `index` of `bank`.
    pub const fn new(bank: Bank, index: u32) -> Self {
        Self { bank, index }
    }
}

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.bank.prefix(), self.index)
    }
}

/// One register touched by an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Its value is used.
    Read(Reg),
    /// It is assigned.
    Write(Reg),
}

/// A register of bank `B` that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Src<B>(pub u32, PhantomData<B>);
/// A register of bank `B` that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dst<B>(pub u32, PhantomData<B>);
/// A register of any bank that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnySrc(pub Reg);
/// A register of any bank that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnyDst(pub Reg);

impl<B: FixedBank> Src<B> {
    /// Register `index`.
    pub const fn new(index: u32) -> Self {
        Self(index, PhantomData)
    }
    /// The register with its bank.
    pub const fn reg(self) -> Reg {
        Reg::new(B::BANK, self.0)
    }
}
impl<B: FixedBank> Dst<B> {
    /// Register `index`.
    pub const fn new(index: u32) -> Self {
        Self(index, PhantomData)
    }
    /// The register with its bank.
    pub const fn reg(self) -> Reg {
        Reg::new(B::BANK, self.0)
    }
}

/// Calls `rename` with the register; one place for the four register operands.
macro_rules! register_operand {
    ($ty:ident, $access:ident) => {
        impl<B: FixedBank> Operand for $ty<B> {
            fn encode(&self, out: &mut Vec<u8>) {
                write_number(self.0.into(), out)
            }
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(Self::new(input.small("register")?))
            }
            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.reg().fmt(f)
            }
            fn parse(input: &mut Text<'_>) -> Result<Self, String> {
                Ok(Self::new(input.numbered(B::BANK.prefix().encode_utf8(&mut [0; 4]))?))
            }
            fn visit(&self, visit: &mut dyn FnMut(Access)) {
                visit(Access::$access(self.reg()))
            }
            fn rename(&mut self, rename: &mut dyn FnMut(Access) -> u32) {
                self.0 = rename(Access::$access(self.reg()))
            }
            fn notation() -> String {
                B::BANK.prefix().to_string()
            }
            #[cfg(test)]
            fn arbitrary(source: &mut crate::arbitrary::Source<'_>) -> Self {
                Self::new(source.index())
            }
        }
    };
}
register_operand!(Src, Read);
register_operand!(Dst, Write);

macro_rules! any_register_operand {
    ($ty:ident, $access:ident) => {
        impl Operand for $ty {
            fn encode(&self, out: &mut Vec<u8>) {
                write_number(u64::from(self.0.index) * 3 + self.0.bank as u64, out)
            }
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let code = input.number()?;
                let index = u32::try_from(code / 3).map_err(|_| DecodeError::UnknownCode { what: "register", code })?;
                Ok(Self(Reg::new(Bank::ALL[(code % 3) as usize], index)))
            }
            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
            fn parse(input: &mut Text<'_>) -> Result<Self, String> {
                let first = input.rest().chars().next();
                let bank = Bank::ALL.into_iter().find(|bank| Some(bank.prefix()) == first);
                let bank = bank.ok_or_else(|| format!("expected a register at `{}`", input.shown()))?;
                Ok(Self(Reg::new(bank, input.numbered(bank.prefix().encode_utf8(&mut [0; 4]))?)))
            }
            fn visit(&self, visit: &mut dyn FnMut(Access)) {
                visit(Access::$access(self.0))
            }
            fn rename(&mut self, rename: &mut dyn FnMut(Access) -> u32) {
                self.0.index = rename(Access::$access(self.0))
            }
            fn notation() -> String {
                "r".into()
            }
            #[cfg(test)]
            fn arbitrary(source: &mut crate::arbitrary::Source<'_>) -> Self {
                Self(source.reg())
            }
        }
    };
}
any_register_operand!(AnySrc, Read);
any_register_operand!(AnyDst, Write);
