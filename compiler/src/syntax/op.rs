//! The operators, defined once: spelling, tier of precedence, associativity.
//!
//! What an operator accepts and yields is said in `operators.rs`; that the two agree is checked by
//! exhaustive matches there.

/// Binding strength, loosest first, as in Python. The grammar has one rule for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// `or`
    Or,
    /// `and`
    And,
    /// `not`
    Not,
    /// `==`, `<`, `in`, … which chain
    Comparison,
    /// `|`
    BitOr,
    /// `^`
    BitXor,
    /// `&`
    BitAnd,
    /// `<<` and `>>`
    Shift,
    /// `+` and `-`
    Sum,
    /// `*`, `@`, `/`, `//` and `%`
    Product,
    /// `-x`, `+x` and `~x`
    Unary,
    /// `**`, which binds tighter than a unary operator on its left and looser than one on its right
    Power,
}

/// How a row of equal operators groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Associativity {
    /// `a - b - c` is `(a - b) - c`.
    Left,
    /// `a ** b ** c` is `a ** (b ** c)`.
    Right,
    /// `a < b < c` is `a < b and b < c`.
    Chain,
}

impl Tier {
    /// How operators of this tier group.
    pub fn associativity(self) -> Associativity {
        match self {
            Tier::Comparison => Associativity::Chain,
            Tier::Not | Tier::Unary | Tier::Power => Associativity::Right,
            Tier::Or | Tier::And | Tier::BitOr | Tier::BitXor | Tier::BitAnd => Associativity::Left,
            Tier::Shift | Tier::Sum | Tier::Product => Associativity::Left,
        }
    }
}

macro_rules! operators {
    ($( $(#[doc = $about:literal])+ $family:ident { $( $(#[doc = $doc:literal])+ $text:literal $tier:ident $name:ident; )* } )*) => { $(
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $family { $( $(#[doc = $doc])+ $name, )* }

        impl $family {
            /// Every operator of this family.
            pub const ALL: &'static [$family] = &[$($family::$name),*];

            /// The operator as it is written.
            pub fn text(self) -> &'static str {
                match self { $( Self::$name => $text, )* }
            }

            /// Its binding strength.
            pub fn tier(self) -> Tier {
                match self { $( Self::$name => Tier::$tier, )* }
            }
        }

        impl std::fmt::Display for $family {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.text())
            }
        }
    )* };
}

operators! {
    /// Operators of two operands that have an augmented assignment (`+=`).
    BinaryOp {
        /// Bitwise or.
        "|" BitOr BitOr;
        /// Bitwise exclusive or.
        "^" BitXor BitXor;
        /// Bitwise and.
        "&" BitAnd BitAnd;
        /// Shift towards the high bits.
        "<<" Shift Shl;
        /// Shift towards the low bits.
        ">>" Shift Shr;
        /// Sum.
        "+" Sum Add;
        /// Difference.
        "-" Sum Sub;
        /// Product.
        "*" Product Mul;
        /// Matrix product.
        "@" Product MatMul;
        /// Quotient of fixed-point numbers.
        "/" Product Div;
        /// Quotient rounded towards minus infinity.
        "//" Product FloorDiv;
        /// Remainder with the sign of the divisor.
        "%" Product Mod;
        /// Power.
        "**" Power Pow;
    }
    /// Operators that give a truth value and chain.
    CompareOp {
        /// Equal.
        "==" Comparison Eq;
        /// Not equal.
        "!=" Comparison Ne;
        /// Less.
        "<" Comparison Lt;
        /// Less or equal.
        "<=" Comparison Le;
        /// Greater.
        ">" Comparison Gt;
        /// Greater or equal.
        ">=" Comparison Ge;
        /// Is an element of.
        "in" Comparison In;
        /// Is not an element of.
        "not in" Comparison NotIn;
    }
    /// Connectives of truth values.
    BoolOp {
        /// Either.
        "or" Or Or;
        /// Both.
        "and" And And;
    }
    /// Operators of one operand, written before it.
    UnaryOp {
        /// Negation of a truth value.
        "not" Not Not;
        /// Change of sign.
        "-" Unary Neg;
        /// The operand itself.
        "+" Unary Pos;
        /// Every bit flipped.
        "~" Unary Invert;
    }
}
