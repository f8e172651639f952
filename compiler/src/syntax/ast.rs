//! The tree of a program as it was written. Every node has the span of its text.
//!
//! Invariants: no tree is deeper than [`MAX_DEPTH`], so passes may recurse over it; a part that could
//! not be parsed is an `Error` node, and then at least one diagnostic was given for it.

use super::op::{BinaryOp, BoolOp, CompareOp, UnaryOp};
use crate::source::Span;

/// The deepest an expression may nest (operators and brackets counted alike).
pub const MAX_DEPTH: u16 = 200;

/// The deepest blocks may nest.
pub const MAX_BLOCKS: usize = 100;

/// A name where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The identifier; empty where a name is missing (after a dot, say) and that has been reported.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A text literal where it is written: a docstring or a reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The text, escapes resolved.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A whole file.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// The text before the first statement.
    pub docstring: Option<Text>,
    /// The statements in order, without the docstring.
    pub body: Vec<Stmt>,
    /// The whole file.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// From its first token to its last, block included.
    pub span: Span,
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// `role a, b, participant[n]`
    Role(Vec<RoleDecl>),
    /// `input NAME: TYPE …`
    Input(InputPort),
    /// `output NAME: TYPE to …`
    Output(OutputPort),
    /// `precision fix(bits=…, frac=…)`
    Precision(Precision),
    /// An expression for its effect.
    Expr(Expr),
    /// `a = b = value` and `a: T = value`
    Assign(Assign),
    /// `a: T` without a value: a field of a class, or a declaration.
    Declare {
        /// What is declared.
        target: Target,
        /// Its type.
        annotation: TypeExpr,
    },
    /// `a += value`
    AugAssign {
        /// What is changed; never a tuple, list or star.
        target: Target,
        /// The operator before the `=`.
        op: BinaryOp,
        /// The operand on the right.
        value: Expr,
    },
    /// `if … elif … else`
    If(If),
    /// `for target in iter:`
    For {
        /// What each element is assigned to.
        target: Target,
        /// What is walked.
        iter: Expr,
        /// The block.
        body: Vec<Stmt>,
    },
    /// `while test:`
    While {
        /// The condition.
        test: Expr,
        /// The block.
        body: Vec<Stmt>,
    },
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `pass`
    Pass,
    /// `return` with or without a value; `return a, b` has a tuple.
    Return(Option<Expr>),
    /// `assert test, message`
    Assert {
        /// What must hold.
        test: Expr,
        /// What is said when it does not.
        message: Option<Expr>,
    },
    /// `def`
    Function(FunctionDef),
    /// `class`
    Class(ClassDef),
    /// `import a.b as c, d`
    Import(Vec<ImportItem>),
    /// `from a.b import c as d, e`
    FromImport(FromImport),
    /// `try … except … else … finally`
    Try(Try),
    /// `raise`, `raise value`, `raise value from cause`
    Raise {
        /// The exception; absent to raise the one being handled again.
        value: Option<Expr>,
        /// What comes after `from`.
        cause: Option<Expr>,
    },
    /// A statement that could not be parsed; it has been reported.
    Error,
}

/// One role of a `role` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleDecl {
    /// Its name.
    pub name: Name,
    /// For a family of roles, how many there are: `participant[n]`.
    pub count: Option<Dim>,
    /// Name and count.
    pub span: Span,
}

/// A use of a role: `alice`, `participant[2]`, or the whole family `participant`.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleRef {
    /// The role or family.
    pub name: Name,
    /// Which one of a family.
    pub index: Option<Dim>,
    /// Name and index.
    pub span: Span,
}

/// `input NAME: TYPE [in [low, high]] [from ROLE] [= default] [why="…"]`
#[derive(Clone, Debug, PartialEq)]
pub struct InputPort {
    /// The port and the variable.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// The least and the greatest value that are accepted.
    pub range: Option<(Expr, Expr)>,
    /// Whose data it is; absent for a public parameter.
    pub from: Option<RoleRef>,
    /// The value when none is given.
    pub default: Option<Expr>,
    /// Why the program asks for it.
    pub why: Option<Text>,
}

/// `output NAME: TYPE to ROLE, … [why="…"]`
#[derive(Clone, Debug, PartialEq)]
pub struct OutputPort {
    /// The port and the variable.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// Who learns the value.
    pub to: Recipients,
    /// Why they learn it.
    pub why: Option<Text>,
}

/// Who learns an output.
#[derive(Clone, Debug, PartialEq)]
pub enum Recipients {
    /// `to all`, with the span of `all`.
    All(Span),
    /// `to a, b`
    Roles(Vec<RoleRef>),
}

/// `precision fix(bits=…, frac=…)` or `precision int(bits=…)`; widths are constants.
#[derive(Clone, Debug, PartialEq)]
pub struct Precision {
    /// `fix` or `int` as written; other names are not excluded here.
    pub of: Name,
    /// The settings in the order written: name and value.
    pub settings: Vec<(Name, Expr)>,
}

/// `a = b = value`, or `a: T = value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Assign {
    /// At least one; more for a chain, which assigns from left to right.
    pub targets: Vec<Target>,
    /// The type of the only target.
    pub annotation: Option<TypeExpr>,
    /// The value.
    pub value: Expr,
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

/// `if`, each `elif`, and `else`.
#[derive(Clone, Debug, PartialEq)]
pub struct If {
    /// The `if` and every `elif`, in order; at least one.
    pub arms: Vec<Arm>,
    /// The block of `else`; empty when there is none.
    pub otherwise: Vec<Stmt>,
}

/// A condition and what happens under it.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// The condition.
    pub test: Expr,
    /// The block.
    pub body: Vec<Stmt>,
    /// From `if` or `elif` to the end of the block.
    pub span: Span,
}

/// A function or method.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionDef {
    /// What stands after each `@` above it.
    pub decorators: Vec<Expr>,
    /// Its name.
    pub name: Name,
    /// Its parameters in order.
    pub params: Vec<Param>,
    /// The type after `->`.
    pub returns: Option<TypeExpr>,
    /// The text that opens the block.
    pub docstring: Option<Text>,
    /// The block, without the docstring.
    pub body: Vec<Stmt>,
    /// From `def` to the colon.
    pub header: Span,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub annotation: Option<TypeExpr>,
    /// Its value when the caller gives none.
    pub default: Option<Expr>,
    /// How it is passed.
    pub kind: ParamKind,
    /// Name, type and default.
    pub span: Span,
}

/// How a parameter is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// By position or by name.
    Plain,
    /// By name only: it stands after `*` or after `*rest`.
    KeywordOnly,
    /// `*rest`: all further positional arguments.
    Rest,
}

/// A record, or an exception.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassDef {
    /// What stands after each `@` above it.
    pub decorators: Vec<Expr>,
    /// Its name.
    pub name: Name,
    /// Its shape parameters: `class Linear[n, m]:`
    pub shape: Vec<Name>,
    /// What it derives from.
    pub base: Option<TypeExpr>,
    /// The text that opens the block.
    pub docstring: Option<Text>,
    /// Its fields in order.
    pub fields: Vec<Field>,
    /// Its methods in order.
    pub methods: Vec<Method>,
    /// From `class` to the colon.
    pub header: Span,
}

/// A field of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// Its value when the constructor is given none.
    pub default: Option<Expr>,
    /// The whole line.
    pub span: Span,
}

/// A method of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// The function; its first parameter is `self`.
    pub function: FunctionDef,
    /// The whole definition.
    pub span: Span,
}

/// A dotted path of names, as in `import a.b`.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// At least one.
    pub parts: Vec<Name>,
    /// From the first part to the last.
    pub span: Span,
}

/// One module of an `import` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportItem {
    /// The module.
    pub path: Path,
    /// The name after `as`.
    pub alias: Option<Name>,
}

/// `from path import names`
#[derive(Clone, Debug, PartialEq)]
pub struct FromImport {
    /// The module.
    pub path: Path,
    /// What is taken from it.
    pub names: ImportNames,
}

/// What a `from … import` takes.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportNames {
    /// `*`, with its span.
    All(Span),
    /// Each name with its alias.
    Names(Vec<(Name, Option<Name>)>),
}

/// `try` and what follows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Try {
    /// The block under `try`.
    pub body: Vec<Stmt>,
    /// The handlers in order.
    pub handlers: Vec<Handler>,
    /// The block of `else`; empty when there is none.
    pub otherwise: Vec<Stmt>,
    /// The block of `finally`; empty when there is none.
    pub finally: Vec<Stmt>,
}

/// `except Type as name:`
#[derive(Clone, Debug, PartialEq)]
pub struct Handler {
    /// The exceptions it takes; none given takes every one that can be caught.
    pub types: Vec<TypeExpr>,
    /// The name of the exception in the block.
    pub name: Option<Name>,
    /// The block.
    pub body: Vec<Stmt>,
    /// From `except` to the end of the block.
    pub span: Span,
}

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
