//! What an instruction can name, and how each is written as bytes and as text.

use crate::types::Kind;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display as _, Write as _};
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

/// Why bytes are not an instruction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes ended inside an instruction.
    #[error("the code ends inside an instruction")]
    Truncated,
    /// No instruction has this number.
    #[error("there is no instruction with number {0:#04x}")]
    UnknownOpcode(u8),
    /// A code within an operand names nothing.
    #[error("{code} is not a {what}")]
    UnknownCode {
        /// What was expected.
        what: &'static str,
        /// The code that was read.
        code: u64,
    },
}

/// Bytes that are being decoded.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
    /// True when every byte has been read.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let (&first, rest) = self.0.split_first().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(first)
    }
    /// An unsigned number in LEB128.
    pub fn number(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                break;
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::UnknownCode { what: "number of 64 bits", code: value })
    }
    fn small(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        let value = self.number()?;
        u32::try_from(value).map_err(|_| DecodeError::UnknownCode { what, code: value })
    }
}

fn write_number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Text that is being assembled, one line's operands at a time.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// Starts at the first character.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }
    /// What has not been read yet, without leading blanks.
    pub fn rest(&self) -> &'a str {
        self.0.trim_start()
    }
    /// Reads `token` if it stands next.
    pub fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest();
        let found = rest.strip_prefix(token);
        if let Some(rest) = found {
            self.0 = rest;
        }
        found.is_some()
    }
    /// Reads `token` or says that it is missing.
    pub fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { Err(format!("expected `{token}` at `{}`", self.rest())) }
    }
    /// The next word: letters, digits, `_` and `-`.
    pub fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.0 = rest;
        word
    }
    /// `prefix` and a number, without a blank between them.
    pub fn numbered(&mut self, prefix: &str) -> Result<u32, String> {
        let word = self.word();
        let digits = word.strip_prefix(prefix).ok_or_else(|| format!("expected `{prefix}…`, found `{word}`"))?;
        digits.parse().map_err(|_| format!("`{word}` has no number"))
    }
}

/// One operand of an instruction. Everything the workspace derives from the instruction table goes through this trait.
pub trait Operand: Sized {
    /// Appends the bytes.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads the bytes back.
    ///
    /// # Errors
    /// When they are not this operand.
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError>;
    /// Writes the text.
    ///
    /// # Errors
    /// When the formatter fails.
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    /// Reads the text back.
    ///
    /// # Errors
    /// What was expected and what was found.
    fn parse(input: &mut Text<'_>) -> Result<Self, String>;
    /// Calls `visit` with every register, in operand order.
    fn visit(&self, _visit: &mut dyn FnMut(Access)) {}
    /// Replaces the number of every register by what `rename` returns for it.
    fn rename(&mut self, _rename: &mut dyn FnMut(Access) -> u32) {}
    /// Replaces every jump target by what `target` returns for it.
    fn retarget(&mut self, _target: &mut dyn FnMut(u32) -> u32) {}
    /// How the reference page writes it.
    fn notation() -> String;
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
                let bank = bank.ok_or_else(|| format!("expected a register at `{}`", input.rest()))?;
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
        }
    };
}
any_register_operand!(AnySrc, Read);
any_register_operand!(AnyDst, Write);

/// Numbered things that are not registers.
macro_rules! numbered_operands {
    ($( $(#[doc = $doc:literal])+ $name:ident $prefix:literal )*) => { $(
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
            fn notation() -> String { concat!($prefix, "N").into() }
        }
    )* };
}

numbered_operands! {
    /// An entry of the constant pool.
    ConstId "k"
    /// A symbolic dimension, bound at link.
    DimId "dim"
    /// A port of the program.
    PortId "port"
    /// A function of the program.
    FuncId "f"
    /// A role of the program.
    RoleId "role"
}

/// A jump target: the index of an instruction in the same function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    fn notation() -> String {
        "@N".into()
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
}

/// A batch: one round of communication serves every element.
impl<T: Operand> Operand for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        write_number(self.len() as u64, out);
        self.iter().for_each(|item| item.encode(out));
    }
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // No capacity is taken from the file: every item costs at least a byte, so a false length ends as `Truncated`.
        let length = input.number()?;
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(T::decode(input)?);
        }
        Ok(items)
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('[')?;
        for (i, item) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            item.print(f)?;
        }
        f.write_char(']')
    }
    fn parse(input: &mut Text<'_>) -> Result<Self, String> {
        input.expect("[")?;
        let mut items = Vec::new();
        while !input.eat("]") {
            if !items.is_empty() {
                input.expect(",")?;
            }
            items.push(T::parse(input)?);
        }
        Ok(items)
    }
    fn visit(&self, visit: &mut dyn FnMut(Access)) {
        self.iter().for_each(|item| item.visit(visit));
    }
    fn rename(&mut self, rename: &mut dyn FnMut(Access) -> u32) {
        self.iter_mut().for_each(|item| item.rename(rename));
    }
    fn notation() -> String {
        format!("[{}, …]", T::notation())
    }
}

/// An operand that may be left out.
impl<T: Operand> Operand for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.is_some().into());
        if let Some(item) = self {
            item.encode(out);
        }
    }
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.byte()? {
            0 => Ok(None),
            1 => Ok(Some(T::decode(input)?)),
            code => Err(DecodeError::UnknownCode { what: "mark of an optional operand", code: code.into() }),
        }
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Some(item) => item.print(f),
            None => f.write_char('.'),
        }
    }
    fn parse(input: &mut Text<'_>) -> Result<Self, String> {
        if input.eat(".") { Ok(None) } else { Ok(Some(T::parse(input)?)) }
    }
    fn visit(&self, visit: &mut dyn FnMut(Access)) {
        self.iter().for_each(|item| item.visit(visit));
    }
    fn rename(&mut self, rename: &mut dyn FnMut(Access) -> u32) {
        self.iter_mut().for_each(|item| item.rename(rename));
    }
    fn notation() -> String {
        format!("{}?", T::notation())
    }
}

macro_rules! tuple_operand {
    ($first:ident $($name:ident)*) => {
        #[allow(non_snake_case, reason = "the type's name is the variable's")]
        impl<$first: Operand, $($name: Operand),*> Operand for ($first, $($name,)*) {
            fn encode(&self, out: &mut Vec<u8>) {
                let ($first, $($name,)*) = self;
                $first.encode(out);
                $( $name.encode(out); )*
            }
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(($first::decode(input)?, $($name::decode(input)?,)*))
            }
            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let ($first, $($name,)*) = self;
                $first.print(f)?;
                $( f.write_char(' ')?; $name.print(f)?; )*
                Ok(())
            }
            fn parse(input: &mut Text<'_>) -> Result<Self, String> {
                Ok(($first::parse(input)?, $($name::parse(input)?,)*))
            }
            fn visit(&self, visit: &mut dyn FnMut(Access)) {
                let ($first, $($name,)*) = self;
                $first.visit(visit);
                $( $name.visit(visit); )*
            }
            fn rename(&mut self, rename: &mut dyn FnMut(Access) -> u32) {
                let ($first, $($name,)*) = self;
                $first.rename(rename);
                $( $name.rename(rename); )*
            }
            fn notation() -> String {
                [$first::notation(), $($name::notation()),*].join(" ")
            }
        }
    };
}
tuple_operand!(A B);
tuple_operand!(A B C);

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
}

/// One place of an index expression, as between the brackets of `x[…]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// One position (an `int` scalar; negative counts from the end); the axis disappears.
    At(Src<Public>),
    /// `start:stop:step`, with Python's defaults and clipping.
    Range(Option<Src<Public>>, Option<Src<Public>>, Option<Src<Public>>),
    /// A new axis of length one.
    NewAxis,
    /// As many whole axes as are left over; at most once.
    Rest,
}

impl Operand for Place {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Place::At(at) => {
                out.push(0);
                at.encode(out);
            }
            Place::Range(start, stop, step) => {
                out.push(1);
                start.encode(out);
                stop.encode(out);
                step.encode(out);
            }
            Place::NewAxis => out.push(2),
            Place::Rest => out.push(3),
        }
    }
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match input.byte()? {
            0 => Place::At(Operand::decode(input)?),
            1 => Place::Range(Operand::decode(input)?, Operand::decode(input)?, Operand::decode(input)?),
            2 => Place::NewAxis,
            3 => Place::Rest,
            code => return Err(DecodeError::UnknownCode { what: "place of an index", code: code.into() }),
        })
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::At(at) => at.print(f),
            Place::Range(start, stop, step) => {
                start.print(f)?;
                f.write_char(':')?;
                stop.print(f)?;
                f.write_char(':')?;
                step.print(f)
            }
            Place::NewAxis => f.write_str("new"),
            Place::Rest => f.write_str("rest"),
        }
    }
    fn parse(input: &mut Text<'_>) -> Result<Self, String> {
        if input.eat("new") {
            return Ok(Place::NewAxis);
        }
        if input.eat("rest") {
            return Ok(Place::Rest);
        }
        let first: Option<Src<Public>> = Operand::parse(input)?;
        if input.eat(":") {
            let stop = Operand::parse(input)?;
            input.expect(":")?;
            return Ok(Place::Range(first, stop, Operand::parse(input)?));
        }
        first.map(Place::At).ok_or_else(|| "expected a register or a range".into())
    }
    fn visit(&self, visit: &mut dyn FnMut(Access)) {
        match self {
            Place::At(at) => at.visit(visit),
            Place::Range(start, stop, step) => [start, stop, step].into_iter().for_each(|src| src.visit(visit)),
            Place::NewAxis | Place::Rest => {}
        }
    }
    fn rename(&mut self, rename: &mut dyn FnMut(Access) -> u32) {
        match self {
            Place::At(at) => at.rename(rename),
            Place::Range(start, stop, step) => [start, stop, step].into_iter().for_each(|src| src.rename(rename)),
            Place::NewAxis | Place::Rest => {}
        }
    }
    fn notation() -> String {
        "place".into()
    }
}

/// One piece of a formatted text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands (a `str` constant).
    Text(ConstId),
    /// A value, with Python's format specification (a `str` constant) if there is one.
    Value(AnySrc, Option<ConstId>),
}

impl Operand for Piece {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Piece::Text(text) => {
                out.push(0);
                text.encode(out);
            }
            Piece::Value(value, spec) => {
                out.push(1);
                value.encode(out);
                spec.encode(out);
            }
        }
    }
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match input.byte()? {
            0 => Piece::Text(Operand::decode(input)?),
            1 => Piece::Value(Operand::decode(input)?, Operand::decode(input)?),
            code => return Err(DecodeError::UnknownCode { what: "piece of a text", code: code.into() }),
        })
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Piece::Text(text) => text.print(f),
            Piece::Value(value, spec) => {
                value.print(f)?;
                f.write_char(':')?;
                spec.print(f)
            }
        }
    }
    fn parse(input: &mut Text<'_>) -> Result<Self, String> {
        if input.rest().starts_with('k') {
            return Ok(Piece::Text(Operand::parse(input)?));
        }
        let value = Operand::parse(input)?;
        input.expect(":")?;
        Ok(Piece::Value(value, Operand::parse(input)?))
    }
    fn visit(&self, visit: &mut dyn FnMut(Access)) {
        match self {
            Piece::Text(_) => {}
            Piece::Value(value, _) => value.visit(visit),
        }
    }
    fn rename(&mut self, rename: &mut dyn FnMut(Access) -> u32) {
        match self {
            Piece::Text(_) => {}
            Piece::Value(value, _) => value.rename(rename),
        }
    }
    fn notation() -> String {
        "piece".into()
    }
}
