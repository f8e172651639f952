//! Numbers, and what is named by one.

use super::{DecodeError, Operand, Reader, Reference, Text, write_number};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display as _};

/// Numbered things that are not registers.
macro_rules! numbered_operands {
    ($( $(#[doc = $doc:literal])+ $name:ident $prefix:literal $reference:ident )*) => { $(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, concat!($prefix, "{}"), self.0) }
        }
        impl Operand for $name {
            fn encode(&self, out: &mut Vec<u8>) { write_number(self.0.into(), out) }
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> { Ok(Self(input.small(stringify!($name))?)) }
            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.fmt(f) }
            fn parse(input: &mut Text<'_>) -> Result<Self, String> { Ok(Self(input.numbered($prefix)?)) }
            fn refer(&self, refer: &mut dyn FnMut(Reference)) { refer(Reference::$reference(*self)) }
            fn notation() -> String { concat!($prefix, "N").into() }
            #[cfg(test)]
            fn arbitrary(source: &mut crate::arbitrary::Source<'_>) -> Self { Self(source.index()) }
        }
    )* };
}

numbered_operands! {
    /// An entry of the constant pool.
    ConstId "k" Constant
    /// A symbolic dimension, bound at link.
    DimId "dim" Dim
    /// A port of the program.
    PortId "port" Port
    /// A function of the program.
    FuncId "f" Function
    /// A role of the program.
    RoleId "role" Role
}

/// A jump target: the index of an instruction in the same function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(pub u32);

impl Operand for Label {
    fn encode(&self, out: &mut Vec<u8>) {
        write_number(self.0.into(), out)
    }
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(input.small("label")?))
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
    fn parse(input: &mut Text<'_>) -> Result<Self, String> {
        input.expect("@")?;
        Ok(Self(input.numbered("")?))
    }
    fn retarget(&mut self, target: &mut dyn FnMut(u32) -> u32) {
        self.0 = target(self.0)
    }
    fn refer(&self, refer: &mut dyn FnMut(Reference)) {
        refer(Reference::Label(*self))
    }
    fn notation() -> String {
        "@N".into()
    }
    #[cfg(test)]
    fn arbitrary(source: &mut crate::arbitrary::Source<'_>) -> Self {
        Self(source.index())
    }
}

impl Operand for u32 {
    fn encode(&self, out: &mut Vec<u8>) {
        write_number((*self).into(), out)
    }
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.small("number")
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
    fn parse(input: &mut Text<'_>) -> Result<Self, String> {
        input.numbered("")
    }
    fn notation() -> String {
        "N".into()
    }
    #[cfg(test)]
    fn arbitrary(source: &mut crate::arbitrary::Source<'_>) -> Self {
        source.index()
    }
}
