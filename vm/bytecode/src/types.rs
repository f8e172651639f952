//! What a register may hold.

use crate::operand::Bank;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! kinds {
    ($( $(#[doc = $doc:literal])+ $name:ident $text:literal $bank:ident )*) => {
        /// The kind of the elements of a tensor; it decides the register bank.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Kind { $( $(#[doc = $doc])+ $name ),* }

        impl Kind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];
            /// The spelling in text.
            pub const fn text(self) -> &'static str { match self { $( Kind::$name => $text ),* } }
            /// What it is, for the reference page.
            pub const fn doc(self) -> &'static str { match self { $( Kind::$name => concat!($($doc),+) ),* } }
            /// The bank whose registers hold it.
            pub const fn bank(self) -> Bank { match self { $( Kind::$name => Bank::$bank ),* } }
        }
    };
}

kinds! {
    /// Public integer, 64 bits, signed; overflow raises.
    Int "int" Public
    /// Public fixed-point number, scaled by 2^frac.
    Fix "fix" Public
    /// Public truth value.
    Bool "bool" Public
    /// Public text; always a scalar.
    Str "str" Public
    /// Secret signed integer.
    Sint "sint" Secret
    /// Secret fixed-point number, scaled by 2^frac.
    Sfix "sfix" Secret
    /// Secret truth value: a ring element that is 0 or 1.
    Sbool "sbool" Secret
    /// Secret ring element without a declared range: what stands between a product and its truncation.
    Raw "raw" Secret
}

impl Kind {
    /// What an opening of this kind yields; `None` for kinds that are public already and for `Raw`.
    pub const fn opened(self) -> Option<Kind> {
        match self {
            Kind::Sint => Some(Kind::Int),
            Kind::Sfix => Some(Kind::Fix),
            Kind::Sbool => Some(Kind::Bool),
            Kind::Int | Kind::Fix | Kind::Bool | Kind::Str | Kind::Raw => None,
        }
    }

    /// The secret kind that holds the same values; `None` for text.
    pub const fn secret(self) -> Option<Kind> {
        match self {
            Kind::Int | Kind::Sint => Some(Kind::Sint),
            Kind::Fix | Kind::Sfix => Some(Kind::Sfix),
            Kind::Bool | Kind::Sbool => Some(Kind::Sbool),
            Kind::Raw => Some(Kind::Raw),
            Kind::Str => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// The type of a register. Shapes are checked where they are known: by the compiler, at link, and by every instruction.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "StoredType", try_from = "StoredType")]
pub enum Type {
    /// A tensor (rank 0: a scalar).
    Tensor(Kind),
    /// A list of public length.
    List(Box<Type>),
}

impl Type {
    /// How many lists may stand within each other in a file. Two bytes there can become this many allocations.
    pub const MAX_DEPTH: usize = 16;

    /// The bank whose registers hold it.
    pub const fn bank(&self) -> Bank {
        match self {
            Type::Tensor(kind) => kind.bank(),
            Type::List(_) => Bank::List,
        }
    }

    /// The kind of the tensors within.
    pub const fn element(&self) -> Kind {
        let mut inner = self;
        loop {
            match inner {
                Type::Tensor(kind) => return *kind,
                Type::List(item) => inner = item,
            }
        }
    }

    /// How many lists stand around the tensor.
    pub const fn depth(&self) -> usize {
        let (mut inner, mut depth) = (self, 0);
        while let Type::List(item) = inner {
            (inner, depth) = (item, depth + 1);
        }
        depth
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Tensor(kind) => kind.fmt(f),
            Type::List(item) => write!(f, "list[{item}]"),
        }
    }
}

/// A type as it stands in a file: flat, so that no file can make the reader recurse.
#[derive(Clone, Serialize, Deserialize)]
struct StoredType {
    depth: u8,
    kind: Kind,
}

impl From<Type> for StoredType {
    fn from(ty: Type) -> Self {
        // A type beyond MAX_DEPTH can be made in memory only; it is written as one that no reader accepts.
        StoredType { depth: u8::try_from(ty.depth()).unwrap_or(u8::MAX), kind: ty.element() }
    }
}

impl TryFrom<StoredType> for Type {
    type Error = &'static str;

    fn try_from(stored: StoredType) -> Result<Self, Self::Error> {
        if usize::from(stored.depth) > Type::MAX_DEPTH {
            return Err("lists are nested too deep");
        }
        Ok((0..stored.depth).fold(Type::Tensor(stored.kind), |item, _| Type::List(Box::new(item))))
    }
}
