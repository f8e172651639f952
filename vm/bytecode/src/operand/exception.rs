//! Classes of exceptions: those that every program has, then the program's own.

use super::{DecodeError, Exception, Operand, Reader, Reference, Text, write_number};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A class of exceptions: a number of [`Exception::ALL`], or beyond those an entry of the program's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExceptionId(pub u32);

impl ExceptionId {
    /// The program's own class at place `at` of its table.
    pub const fn own(at: u32) -> Self {
        ExceptionId(at.saturating_add(Exception::ALL.len() as u32))
    }

    /// The class that every program has, if it is one.
    pub fn built_in(self) -> Option<Exception> {
        Exception::ALL.get(self.0 as usize).copied()
    }

    /// The place in the program's table, if it is one of its own.
    pub const fn place(self) -> Option<u32> {
        self.0.checked_sub(Exception::ALL.len() as u32)
    }
}

impl From<Exception> for ExceptionId {
    fn from(exception: Exception) -> Self {
        ExceptionId(exception as u32)
    }
}

impl Exception {
    /// The class that it derives from; none for the root.
    pub const fn parent(self) -> Option<Exception> {
        use Exception::*;
        match self {
            Root => None,
            ZeroDivisionError | OverflowError => Some(ArithmeticError),
            IndexError => Some(LookupError),
            RecursionError | NotImplementedError => Some(RuntimeError),
            ValueError | AssertionError | InputError | ArithmeticError | LookupError | RuntimeError | TypeError => {
                Some(Root)
            }
        }
    }
}

/// How the program's own classes are written.
const OWN: &str = "class";

impl fmt::Display for ExceptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place() {
            Some(place) => write!(f, "{OWN}{place}"),
            None => f.write_str(self.built_in().map_or("", Exception::text)),
        }
    }
}

impl Operand for ExceptionId {
    fn encode(&self, out: &mut Vec<u8>) {
        write_number(self.0.into(), out)
    }
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(input.small("exception")?))
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
    fn parse(input: &mut Text<'_>) -> Result<Self, String> {
        if !input.rest().starts_with(OWN) {
            return Exception::parse(input).map(Self::from);
        }
        let place: u32 = input.numbered(OWN)?;
        let id = Self::own(place);
        if id.place() == Some(place) { Ok(id) } else { Err(format!("there is no `{OWN}{place}`")) }
    }
    fn refer(&self, refer: &mut dyn FnMut(Reference)) {
        refer(Reference::Exception(*self))
    }
    fn notation() -> String {
        "exception".into()
    }
    #[cfg(test)]
    fn arbitrary(source: &mut crate::arbitrary::Source<'_>) -> Self {
        Self(source.index())
    }
}
