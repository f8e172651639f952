//! Expressions, and what can be assigned to.

use super::{Name, Text};
use crate::source::Span;
use crate::syntax::op::{BinaryOp, BoolOp, CompareOp, UnaryOp};

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its text. Parentheses that only group are not part of it; those of a tuple are.
    pub span: Span,
    depth: u16,
}

impl Expr {
    /// An expression of `kind` at `span`.
    pub fn new(kind: ExprKind, span: Span) -> Self {
        let mut deepest = 0;
        kind.each_child(&mut |child| deepest = deepest.max(child.depth));
        Expr { kind, span, depth: deepest.saturating_add(1) }
    }

    /// How deep the tree below and including this node is: 1 for a leaf.
    pub fn depth(&self) -> u16 {
        self.depth
    }

    /// The name, if this is nothing but a name.
    pub fn as_name(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Name(name) => Some(name),
            _ => None,
        }
    }
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A variable, function, class or module.
    Name(String),
    /// An integer literal; a sign before it is a unary operator.
    Int(u128),
    /// A decimal literal.
    Decimal(Decimal),
    /// `True` or `False`
    Bool(bool),
    /// `None`
    None,
    /// A text literal, adjacent literals joined, escapes resolved.
    Str(String),
    /// An f-string.
    FString(Vec<FPiece>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `a, b` or `(a, b)`
    Tuple(Vec<Expr>),
    /// `*a`, inside a list or tuple
    Star(Box<Expr>),
    /// `[element for … if …]`, or the same without brackets as the only argument of a call.
    Comprehension {
        /// What each turn gives.
        element: Box<Expr>,
        /// The loops and their conditions, outermost first; at least one.
        clauses: Vec<Clause>,
        /// Whether it builds a list or feeds a call.
        form: ComprehensionForm,
    },
    /// `function(args)`
    Call {
        /// What is called.
        function: Box<Expr>,
        /// The arguments in order.
        args: Vec<Arg>,
    },
    /// `base[items]`
    Index {
        /// What is indexed.
        base: Box<Expr>,
        /// One for each comma-separated place; at least one.
        items: Vec<Subscript>,
    },
    /// `base.name`
    Attribute {
        /// The record, value or module.
        base: Box<Expr>,
        /// The part of it.
        name: Name,
    },
    /// `-a`, `not a`, …
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: Box<Expr>,
    },
    /// `a + b`, …
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where the operator stands.
        op_span: Span,
        /// Its left operand.
        left: Box<Expr>,
        /// Its right operand.
        right: Box<Expr>,
    },
    /// `a and b`, `a or b`
    Bools {
        /// The connective.
        op: BoolOp,
        /// Its left operand.
        left: Box<Expr>,
        /// Its right operand.
        right: Box<Expr>,
    },
    /// `a < b <= c`
    Compare {
        /// The leftmost operand.
        first: Box<Expr>,
        /// Each operator with its span and the operand to its right; at least one.
        rest: Vec<(CompareOp, Span, Expr)>,
    },
    /// `then if test else otherwise`
    Conditional {
        /// The condition.
        test: Box<Expr>,
        /// The value where it holds.
        then: Box<Expr>,
        /// The value where it does not.
        otherwise: Box<Expr>,
    },
    /// An expression that could not be parsed; it has been reported.
    Error,
}

impl ExprKind {
    /// Calls `visit` on every expression directly below this one, in the order written.
    pub fn each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        match self {
            ExprKind::Name(_) | ExprKind::Int(_) | ExprKind::Decimal(_) | ExprKind::Bool(_) => {}
            ExprKind::None | ExprKind::Str(_) | ExprKind::Error => {}
            ExprKind::FString(pieces) => pieces.iter().filter_map(FPiece::value).for_each(visit),
            ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().for_each(visit),
            ExprKind::Star(value) | ExprKind::Unary { operand: value, .. } => visit(value),
            ExprKind::Attribute { base, .. } => visit(base),
            ExprKind::Comprehension { element, clauses, .. } => {
                visit(element);
                clauses.iter().for_each(|clause| clause.each_child(visit));
            }
            ExprKind::Call { function, args } => {
                visit(function);
                args.iter().for_each(|arg| visit(&arg.value));
            }
            ExprKind::Index { base, items } => {
                visit(base);
                items.iter().for_each(|item| item.each_child(visit));
            }
            ExprKind::Binary { left, right, .. } | ExprKind::Bools { left, right, .. } => {
                visit(left);
                visit(right);
            }
            ExprKind::Compare { first, rest } => {
                visit(first);
                rest.iter().for_each(|(_, _, operand)| visit(operand));
            }
            ExprKind::Conditional { test, then, otherwise } => {
                visit(then);
                visit(test);
                visit(otherwise);
            }
        }
    }
}

/// A decimal literal, exactly: `digits · 10^exponent`.
#[derive(Clone, Debug, PartialEq)]
pub struct Decimal {
    /// All significant digits as one integer, no trailing zero.
    pub digits: u128,
    /// The power of ten.
    pub exponent: i32,
    /// As it was written.
    pub text: String,
}

/// A piece of an f-string.
#[derive(Clone, Debug, PartialEq)]
pub enum FPiece {
    /// Text as it is.
    Text(String),
    /// `{value}`, `{value!r}`, `{value:spec}`, `{value=}`
    Value {
        /// The expression; its span is where it stands in the file.
        value: Box<Expr>,
        /// For `{value=}`, the text before the value: the expression as written, and the `=`.
        label: Option<String>,
        /// Whether `!r` was given.
        repr: bool,
        /// The format after the colon.
        spec: Option<Text>,
    },
}

impl FPiece {
    /// The expression of a value piece.
    pub fn value(&self) -> Option<&Expr> {
        match self {
            FPiece::Text(_) => None,
            FPiece::Value { value, .. } => Some(value),
        }
    }
}

/// Whether a comprehension builds a list or feeds a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComprehensionForm {
    /// `[… for …]`
    List,
    /// `f(… for …)`
    Generator,
}

/// `for target in iter if condition if condition`
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// What each element is assigned to.
    pub target: Target,
    /// What is walked.
    pub iter: Expr,
    /// All must hold.
    pub conditions: Vec<Expr>,
    /// From `for` to the last condition.
    pub span: Span,
}

impl Clause {
    fn each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        self.target.each_child(visit);
        visit(&self.iter);
        self.conditions.iter().for_each(visit);
    }
}

impl Target {
    /// Calls `visit` on every expression inside the target: bases and subscripts.
    pub fn each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        match &self.kind {
            TargetKind::Name(_) | TargetKind::Error => {}
            TargetKind::Tuple(items) => items.iter().for_each(|item| item.each_child(visit)),
            TargetKind::Star(inner) => inner.each_child(visit),
            TargetKind::Attribute { base, .. } => visit(base),
            TargetKind::Index { base, items } => {
                visit(base);
                items.iter().for_each(|item| item.each_child(visit));
            }
        }
    }

    /// Calls `visit` on every variable the target assigns, in the order written.
    pub fn each_name<'a>(&'a self, visit: &mut dyn FnMut(&'a Name)) {
        match &self.kind {
            TargetKind::Name(name) => visit(name),
            TargetKind::Tuple(items) => items.iter().for_each(|item| item.each_name(visit)),
            TargetKind::Star(inner) => inner.each_name(visit),
            TargetKind::Index { .. } | TargetKind::Attribute { .. } | TargetKind::Error => {}
        }
    }
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// How it is passed.
    pub kind: ArgKind,
    /// Its value.
    pub value: Expr,
    /// Name or star, and value.
    pub span: Span,
}

/// How an argument is passed.
#[derive(Clone, Debug, PartialEq)]
pub enum ArgKind {
    /// `value`
    Positional,
    /// `name=value`
    Keyword(Name),
    /// `*value`
    Star,
}

/// One place between the commas of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscript {
    /// What it is.
    pub kind: SubscriptKind,
    /// Where it stands.
    pub span: Span,
}

impl Subscript {
    /// Calls `visit` on every expression directly inside.
    pub fn each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        match &self.kind {
            SubscriptKind::Index(index) => visit(index),
            SubscriptKind::Slice { start, stop, step } => {
                [start, stop, step].into_iter().flatten().for_each(|bound| visit(bound));
            }
            SubscriptKind::Ellipsis | SubscriptKind::NewAxis => {}
        }
    }
}

/// What stands between the commas of an index.
#[derive(Clone, Debug, PartialEq)]
pub enum SubscriptKind {
    /// `i`
    Index(Expr),
    /// `start:stop:step`, each optional
    Slice {
        /// The first index.
        start: Option<Box<Expr>>,
        /// The index after the last.
        stop: Option<Box<Expr>>,
        /// From one to the next.
        step: Option<Box<Expr>>,
    },
    /// `...`: every axis that is not named
    Ellipsis,
    /// `None` or `newaxis`: a new axis of length one
    NewAxis,
}

/// Something that can be assigned to.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// What it is.
    pub kind: TargetKind,
    /// Where it stands.
    pub span: Span,
}

/// What can be assigned to.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetKind {
    /// A variable.
    Name(Name),
    /// `a, b`, `(a, b)` or `[a, b]`
    Tuple(Vec<Target>),
    /// `*rest`, inside a tuple
    Star(Box<Target>),
    /// `base[items]`
    Index {
        /// What is indexed.
        base: Expr,
        /// One for each comma-separated place.
        items: Vec<Subscript>,
    },
    /// `base.name`
    Attribute {
        /// The record.
        base: Expr,
        /// The field.
        name: Name,
    },
    /// Something that cannot be assigned to; it has been reported.
    Error,
}
