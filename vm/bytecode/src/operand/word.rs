//! Operands that are one of a closed set of words.

use super::{DecodeError, Operand, Reader, Text};
use crate::types::Kind;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display as _};

/// Closed sets of words. The number of a word is its place in the table.
macro_rules! word_operands {
    ($( $(#[doc = $doc:literal])+ $name:ident { $( $(#[doc = $item_doc:literal])+ $item:ident $text:literal )* } )*) => { $(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $( $(#[doc = $item_doc])+ $item ),* }

        impl $name {
            /// Every word, in the order of their numbers.
            pub const ALL: &'static [$name] = &[$($name::$item),*];
            /// The spelling.
            pub const fn text(self) -> &'static str { match self { $( $name::$item => $text ),* } }
            /// What it means, for the reference page.
            pub const fn doc(self) -> &'static str { match self { $( $name::$item => concat!($($item_doc),+) ),* } }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.text()) }
        }
        impl Operand for $name {
            fn encode(&self, out: &mut Vec<u8>) { out.push(*self as u8) }
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let code = input.byte()?;
                let word = Self::ALL.get(usize::from(code)).copied();
                word.ok_or(DecodeError::UnknownCode { what: stringify!($name), code: code.into() })
            }
            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.fmt(f) }
            fn parse(input: &mut Text<'_>) -> Result<Self, String> {
                let word = input.word();
                let found = Self::ALL.iter().find(|item| item.text() == word).copied();
                found.ok_or_else(|| format!("`{word}` is not a {}", stringify!($name)))
            }
            fn notation() -> String { stringify!($name).to_lowercase() }
            #[cfg(test)]
            fn arbitrary(source: &mut crate::arbitrary::Source<'_>) -> Self { source.pick(Self::ALL) }
        }
    )* };
}

word_operands! {
    /// Operations on one public tensor.
    Unary {
        /// Negation of `int` or `fix`.
        Neg "neg"
        /// Logical not of `bool`.
        Not "not"
        /// Bitwise not of `int`.
        Invert "invert"
        /// Absolute value.
        Abs "abs"
        /// Largest integer not above a `fix`, as `int`.
        Floor "floor"
        /// Nearest integer to a `fix`, ties to even, as `int`.
        Round "round"
    }
    /// Operations on two public tensors of one kind, broadcast as in NumPy.
    Binary {
        /// Sum; of two `str`, the concatenation.
        Add "add"
        /// Difference.
        Sub "sub"
        /// Product; of two `fix`, rounded to nearest.
        Mul "mul"
        /// Quotient of two `fix`, rounded to nearest.
        Div "div"
        /// Quotient rounded towards minus infinity, as in Python.
        FloorDiv "floordiv"
        /// Remainder with the divisor's sign, as in Python.
        Mod "mod"
        /// Power; the exponent is an `int` that is not negative.
        Pow "pow"
        /// Shift to the left; overflow raises.
        Shl "shl"
        /// Arithmetic shift to the right.
        Shr "shr"
        /// Bitwise and; of `bool`, the conjunction.
        And "and"
        /// Bitwise or; of `bool`, the disjunction.
        Or "or"
        /// Bitwise exclusive or.
        Xor "xor"
        /// Smaller of two.
        Min "min"
        /// Larger of two.
        Max "max"
        /// Equal, as `bool`.
        Eq "eq"
        /// Not equal, as `bool`.
        Ne "ne"
        /// Less, as `bool`.
        Lt "lt"
        /// Less or equal, as `bool`.
        Le "le"
        /// Greater, as `bool`.
        Gt "gt"
        /// Greater or equal, as `bool`.
        Ge "ge"
        /// Matrix product: (m,k)@(k,n), with vectors as in NumPy.
        Matmul "matmul"
    }
    /// Reductions of a public tensor along axes.
    Reduction {
        /// Sum; of `bool`, the count, as `int`.
        Sum "sum"
        /// Product.
        Prod "prod"
        /// Smallest; of nothing, ValueError.
        Min "min"
        /// Largest; of nothing, ValueError.
        Max "max"
        /// Whether one is true.
        Any "any"
        /// Whether all are true.
        All "all"
        /// Position of the first smallest, as `int`; exactly one axis, or none for the flat position.
        Argmin "argmin"
        /// Position of the first largest, as `int`; exactly one axis, or none for the flat position.
        Argmax "argmax"
    }
    /// The deterministic exceptions: the same at every player.
    Exception {
        /// A value that the operation does not take.
        ValueError "ValueError"
        /// A position outside the sequence.
        IndexError "IndexError"
        /// Division by zero.
        ZeroDivisionError "ZeroDivisionError"
        /// A result outside the range of its type.
        OverflowError "OverflowError"
        /// A failed `assert`.
        AssertionError "AssertionError"
        /// Calls nested too deep.
        RecursionError "RecursionError"
        /// The class of which all others are.
        Root "Exception"
        /// A port's data are missing or do not fit.
        InputError "InputError"
        /// A calculation that has no result.
        ArithmeticError "ArithmeticError"
        /// Something that is not where it was looked for.
        LookupError "LookupError"
        /// What no other class describes.
        RuntimeError "RuntimeError"
        /// An operation on a value of a type that it does not take.
        TypeError "TypeError"
        /// What is yet to be written.
        NotImplementedError "NotImplementedError"
    }
}

impl Operand for Kind {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(*self as u8)
    }
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let code = input.byte()?;
        let kind = Self::ALL.get(usize::from(code)).copied();
        kind.ok_or(DecodeError::UnknownCode { what: "kind", code: code.into() })
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt(f)
    }
    fn parse(input: &mut Text<'_>) -> Result<Self, String> {
        let word = input.word();
        Self::ALL.iter().find(|kind| kind.text() == word).copied().ok_or_else(|| format!("`{word}` is not a kind"))
    }
    fn notation() -> String {
        "kind".into()
    }
    #[cfg(test)]
    fn arbitrary(source: &mut crate::arbitrary::Source<'_>) -> Self {
        source.pick(Self::ALL)
    }
}
