//! Types and dimensions as they are written.

use super::Name;
use crate::source::Span;

/// A type as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    /// What it is.
    pub kind: TypeKind,
    /// Its text.
    pub span: Span,
}

/// What a type is.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `sint`, `sfix[n, 784]`, `Mlp`, `ml.Linear[784, 128]`
    Named {
        /// The module of a qualified name.
        module: Option<Name>,
        /// The type.
        name: Name,
        /// What stands in the brackets; absent without brackets.
        dims: Option<Vec<Dim>>,
    },
    /// `list[T]`; a bare `list` has no element type.
    List(Option<Box<TypeExpr>>),
    /// `tuple[A, B]`; a bare `tuple` has no element types.
    Tuple(Option<Vec<TypeExpr>>),
    /// `None`: no value
    None,
    /// A type that could not be parsed; it has been reported.
    Error,
}

/// A dimension of a type.
#[derive(Clone, Debug, PartialEq)]
pub struct Dim {
    /// What it is.
    pub kind: DimKind,
    /// Its text.
    pub span: Span,
}

/// What a dimension is.
#[derive(Clone, Debug, PartialEq)]
pub enum DimKind {
    /// A number.
    Int(u64),
    /// A shape variable or public integer.
    Name(String),
    /// `_`: any size
    Any,
    /// Arithmetic of dimensions.
    Binary {
        /// The operator.
        op: DimOp,
        /// Its left operand.
        left: Box<Dim>,
        /// Its right operand.
        right: Box<Dim>,
    },
    /// A dimension that could not be parsed; it has been reported.
    Error,
}

/// What may be done with dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DimOp {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient rounded towards minus infinity.
    FloorDiv,
}

impl DimOp {
    /// The operator as it is written.
    pub fn text(self) -> &'static str {
        match self {
            DimOp::Add => "+",
            DimOp::Sub => "-",
            DimOp::Mul => "*",
            DimOp::FloorDiv => "//",
        }
    }
}
