//! What the checker knows of an expression: its typed form, why it is secret, and its value where that is plain.

use super::places::Part;
use super::shape::Dim;
use super::shares::Aliases;
use super::tree::{Expr, ExprKind, LocalId, UnaryMeaning};
use super::ty::Ty;
use crate::source::Span;
use mpc_bytecode::{Constant, Kind};
use std::rc::Rc;

/// Where a secret comes from.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// The place.
    pub span: Span,
    /// What happens there, as in "`x` is input from bob".
    pub text: String,
}

/// Why a value is secret; `None` for public values.
pub type Why = Option<Rc<Origin>>;

/// A variable of one function, as an index into its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sym(pub u32);

/// A checked expression.
#[derive(Clone, Debug)]
pub struct Value {
    /// Its typed form.
    pub expr: Expr,
    /// Why it is secret.
    pub why: Why,
    /// The value of an `int` scalar, as far as it is known.
    pub known: Dim,
    /// The text, where it is known when the program is compiled.
    pub text: Option<Rc<str>>,
    /// The variables that have it, or parts of it: what Python would share rather than copy.
    pub aliases: Aliases,
    /// Where what Python would share was taken from: what a call changes in it is stored there.
    pub place: Option<Rc<Part>>,
}

impl Value {
    /// An expression about which nothing more is known.
    pub fn new(kind: ExprKind, ty: Ty, span: Span) -> Self {
        Value {
            expr: Expr { kind, ty, span },
            why: None,
            known: Dim::Unknown,
            text: None,
            aliases: Aliases::default(),
            place: None,
        }
    }

    /// What stands where an error was reported.
    pub fn error(span: Span) -> Self {
        Value::new(ExprKind::Tuple(Vec::new()), Ty::Error, span)
    }

    /// An `int` constant.
    pub fn int(value: i64, span: Span) -> Self {
        let constant = Constant::Int(Vec::new(), vec![value]);
        Value { known: Dim::constant(value), ..Value::new(ExprKind::Constant(constant), Ty::scalar(Kind::Int), span) }
    }

    /// A `bool` constant.
    pub fn bool(value: bool, span: Span) -> Self {
        let constant = Constant::Bool(Vec::new(), vec![value]);
        Value::new(ExprKind::Constant(constant), Ty::scalar(Kind::Bool), span)
    }

    /// A `str` constant.
    pub fn text(text: impl Into<String>, span: Span) -> Self {
        let text: String = text.into();
        let known = Some(Rc::from(text.as_str()));
        Value { text: known, ..Value::new(ExprKind::Constant(Constant::Str(text)), Ty::scalar(Kind::Str), span) }
    }

    /// What a call that gives no value gives.
    pub fn none(span: Span) -> Self {
        Value::new(ExprKind::Tuple(Vec::new()), Ty::None, span)
    }

    /// The same, taken from another file.
    #[must_use]
    pub fn of_others(mut self) -> Self {
        self.place = self.place.map(|part| Rc::new(Part { outer: true, ..Part::clone(&part) }));
        self
    }

    /// The same with a reason for its secrecy; dropped where it is public.
    #[must_use]
    pub fn because(mut self, why: Why) -> Self {
        self.why = if self.ty().is_secret() { why } else { None };
        self
    }

    /// The same with its value known.
    #[must_use]
    pub fn knowing(mut self, known: Dim) -> Self {
        self.known = known;
        self
    }

    /// Its type.
    pub fn ty(&self) -> &Ty {
        &self.expr.ty
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.expr.span
    }

    /// True if it was reported already.
    pub fn is_error(&self) -> bool {
        self.expr.ty.is_error()
    }

    /// The truth value, if it is a constant.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.expr.kind {
            ExprKind::Constant(Constant::Bool(shape, values)) if shape.is_empty() => values.first().copied(),
            ExprKind::Unary(UnaryMeaning::Public(mpc_bytecode::operand::Unary::Not), inner) => match &inner.kind {
                ExprKind::Constant(Constant::Bool(shape, values)) if shape.is_empty() => values.first().map(|v| !v),
                _ => None,
            },
            _ => None,
        }
    }

    /// The integer, if it is known.
    pub fn as_int(&self) -> Option<i64> {
        if self.ty().is_scalar(Kind::Int) { self.known.as_const() } else { None }
    }
}

impl Expr {
    /// A local's value.
    pub fn local(local: LocalId, ty: Ty, span: Span) -> Self {
        Expr { kind: ExprKind::Local(local), ty, span }
    }
}
