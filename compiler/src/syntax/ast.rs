//! The tree of a program as it was written. Every node has the span of its text.
//!
//! Invariants: no tree is deeper than [`MAX_DEPTH`], so passes may recurse over it; a part that could
//! not be parsed is an `Error` node, and then at least one diagnostic was given for it.

mod expr;
mod ty;

pub use expr::*;
pub use ty::*;

use super::op::BinaryOp;
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
    Input(Box<InputPort>),
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
        /// The block of `else`, which runs where no `break` ended the loop; empty when there is none.
        otherwise: Vec<Stmt>,
    },
    /// `while test:`
    While {
        /// The condition.
        test: Expr,
        /// The block.
        body: Vec<Stmt>,
        /// The block of `else`, which runs where no `break` ended the loop; empty when there is none.
        otherwise: Vec<Stmt>,
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
    /// Its constants in order.
    pub constants: Vec<ClassConstant>,
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

/// What all objects of a class have in common: `name = value` without a type.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassConstant {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
    /// The whole statement.
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

/// A dotted path of names, as in `import a.b` and `from ..a import b`.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// How many dots stand before the names.
    pub level: usize,
    /// At least one where no dots stand before them.
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
