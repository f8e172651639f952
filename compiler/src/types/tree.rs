//! The typed tree: what the checker makes of a program and the only thing that lowering reads.
//!
//! Everything that needed a type to be understood has been resolved: names are locals, calls name one instance of a function,
//! operators name their meaning, conversions stand where they happen, a `for` counts, a secret `if` is two arms and a select.
//! A variable of the source has one local for every type it takes; where control flow joins, assignments convert.
//!
//! Invariants that lowering relies on: no `Ty::Error` and no `Ty::Unknown` is left outside empty lists; operands have the kinds that
//! the meaning asks for; `test` of `If`, `While` and `Conditional` is a public `bool` scalar; ports are assigned once, at the end
//! of the top level. Shapes are not needed to lower: instructions broadcast and check them.

use super::ty::Ty;
use crate::source::Span;
use mpc_bytecode::operand::{Binary, ExceptionId, Reduction, Unary};
use mpc_bytecode::program::ExceptionClass;
use mpc_bytecode::{Constant, Port, Precision, Role};

/// A whole program.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Widths of numbers.
    pub precision: Precision,
    /// Names of the symbolic dimensions of ports; `Extent::Dim` and [`ExprKind::Dim`] count in it.
    pub dims: Vec<String>,
    /// Roles in order of declaration.
    pub roles: Vec<Role>,
    /// Ports in order of declaration (parameters' defaults are filled in by `emit` from `defaults`).
    pub ports: Vec<Port>,
    /// For each port, the default of a parameter.
    pub defaults: Vec<Option<Constant>>,
    /// For each port, the reason that its declaration gives.
    pub reasons: Vec<Option<String>>,
    /// Instances of functions; the first is the top level.
    pub functions: Vec<Function>,
    /// The program's own exceptions.
    pub exceptions: Vec<ExceptionClass>,
}

/// One instance of a function: for one list of argument types.
#[derive(Clone, Debug)]
pub struct Function {
    /// The name in the source.
    pub name: String,
    /// Its definition.
    pub span: Span,
    /// The locals that receive the arguments.
    pub params: Vec<LocalId>,
    /// All locals.
    pub locals: Vec<Local>,
    /// The type of what it returns.
    pub result: Ty,
    /// The body. A function with a result returns on every path.
    pub body: Vec<Stmt>,
    /// True if it can call itself, through others too: it must stay a call.
    pub recursive: bool,
}

/// A local of a function, as an index into [`Function::locals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId(pub u32);

/// An instance, as an index into [`Tree::functions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FunctionId(pub u32);

/// An entry of [`Tree::ports`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortIndex(pub u32);

/// A variable with one type.
#[derive(Clone, Debug)]
pub struct Local {
    /// The variable's name in the source; empty for a temporary.
    pub name: String,
    /// Its type.
    pub ty: Ty,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// What it does.
    pub kind: StmtKind,
    /// Where it comes from.
    pub span: Span,
}

/// What a statement does.
#[allow(clippy::large_enum_variant, reason = "statements are few beside their expressions")]
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `local = value`; types are equal.
    Assign(LocalId, Expr),
    /// `local[path…] = value`: steps through lists, then at most one [`Step::Places`] into a tensor. The value has the kind of
    /// what it replaces.
    AssignPath(LocalId, Vec<Step>, Expr),
    /// Appends to the list that `path` leads to (empty: the local itself).
    Push(LocalId, Vec<Step>, Expr),
    /// Removes the item at a position of the list that `path` leads to and stores it in another local.
    Pop {
        /// The list's local.
        list: LocalId,
        /// From it to the list.
        path: Vec<Step>,
        /// The position, an `int`; negative counts from the end.
        at: Expr,
        /// What receives the item.
        into: LocalId,
    },
    /// An expression for its effect.
    Expr(Expr),
    /// A public condition.
    If {
        /// A public `bool` scalar.
        test: Expr,
        /// Where it holds.
        then: Vec<Stmt>,
        /// Where it does not.
        otherwise: Vec<Stmt>,
    },
    /// `for var in range(start, stop, step)`: bounds are evaluated once; the local is assigned anew at each turn's start.
    For {
        /// An `int` local.
        var: LocalId,
        /// First value.
        start: Expr,
        /// Bound, not reached.
        stop: Expr,
        /// From one value to the next; zero raises ValueError.
        step: Expr,
        /// The body.
        body: Vec<Stmt>,
    },
    /// A loop on a public condition, evaluated before every turn.
    While {
        /// A public `bool` scalar.
        test: Expr,
        /// The body.
        body: Vec<Stmt>,
    },
    /// Leaves the innermost loop.
    Break,
    /// Goes on with the innermost loop's next turn.
    Continue,
    /// Ends the function.
    Return(Option<Expr>),
    /// Raises an exception; the message is a `str`.
    Raise(ExceptionId, Expr),
    /// Raises once more what a handler was told of.
    Reraise(Caught),
    /// Runs a body; where it raises an exception, the handler, which is told of it; else what follows the body, unprotected.
    Try {
        /// What is protected. No local that the handler reads is in another than it knows at any moment.
        body: Vec<Stmt>,
        /// What tells the handler of the exception.
        caught: Caught,
        /// What follows an exception.
        handler: Vec<Stmt>,
        /// What follows the body's end.
        otherwise: Vec<Stmt>,
    },
    /// Statements that run as if they stood outside of the [`StmtKind::Try`] bodies, and of their loops, from this one inwards:
    /// the outermost is 0.
    Outside(u32, Vec<Stmt>),
    /// Prints a `str` as it is, without a newline of its own.
    Print(Expr),
    /// Discloses a value to the port's parties. Adjacent ones share a round.
    Output(PortIndex, Expr),
}

/// The locals that tell of an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caught {
    /// An `int`: the number of its class.
    pub class: LocalId,
    /// A `str`.
    pub message: LocalId,
    /// An `int` that stands for the place.
    pub origin: LocalId,
}

/// One step of a path into a container.
#[derive(Clone, Debug)]
pub enum Step {
    /// The item of a list at an `int` position.
    Item(Expr),
    /// Part of a tensor.
    Places(Vec<Place>),
    /// A component of a tuple, or a field of an object.
    Component(usize),
}

/// One place of a tensor's index; all expressions are `int` scalars.
#[allow(clippy::large_enum_variant, reason = "an index has one or two places")]
#[derive(Clone, Debug)]
pub enum Place {
    /// One position; the axis disappears.
    At(Expr),
    /// `start:stop:step`
    Range(Option<Expr>, Option<Expr>, Option<Expr>),
    /// A new axis of length one.
    NewAxis,
    /// All axes that are not named.
    Rest,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it computes.
    pub kind: ExprKind,
    /// The type of the result.
    pub ty: Ty,
    /// Where it comes from.
    pub span: Span,
}

/// What an expression computes.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A public constant.
    Constant(Constant),
    /// A local's value.
    Local(LocalId),
    /// A symbolic dimension's size, an `int`.
    Dim(u32),
    /// A public parameter.
    Param(PortIndex),
    /// An input port; of a family of roles, a list. Read once, at the port's declaration. Adjacent ones share a round.
    Input(PortIndex),
    /// The operand as the kind of `ty`: public to public (`bool`→`int`→`fix`, `fix`→`int` towards zero, anything to `bool` or `str`),
    /// public to the secret kind of the same domain or a wider one, `sbool`→`sint`→`sfix`; shapes stay. Of a list or tuple: item by item.
    /// (`sfix`→`sint` is a library function.)
    Convert(Box<Expr>),
    /// An operator with one operand.
    Unary(UnaryMeaning, Box<Expr>),
    /// An operator with two operands.
    Binary(BinaryMeaning, Box<Expr>, Box<Expr>),
    /// `a and b` of public `bool` scalars: `b` is evaluated only if `a` is true.
    And(Box<Expr>, Box<Expr>),
    /// `a or b` of public `bool` scalars: `b` is evaluated only if `a` is false.
    Or(Box<Expr>, Box<Expr>),
    /// `then if test else otherwise` as (test, then, otherwise), test public: one of the two is evaluated.
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    /// As (test, then, otherwise): `then` where the secret `sbool` test is true, else `otherwise`; both are evaluated. The two have one secret type (tensor, or lists or tuples of
    /// tensors; lists must have equal lengths), the condition is broadcast against them.
    Select(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A call of an instance.
    Call(FunctionId, Vec<Expr>),
    /// A primitive of the machine.
    Primitive(Primitive, Vec<Expr>),
    /// `base[places]` of a tensor.
    Index(Box<Expr>, Vec<Place>),
    /// A list's item at an `int` position.
    Item(Box<Expr>, Box<Expr>),
    /// `base[start:stop:step]` of a list.
    Slice(Box<Expr>, [Option<Box<Expr>>; 3]),
    /// A list of its items.
    List(Vec<Expr>),
    /// A tuple, or an object of its fields.
    Tuple(Vec<Expr>),
    /// A component of a tuple, or a field of an object.
    Component(Box<Expr>, usize),
    /// `value.reveal(why=…)`: every player learns it.
    Reveal(Box<Expr>, Option<String>),
    /// Text put together.
    Format(Vec<Piece>),
    /// Statements, then a value: comprehensions, chained comparisons, destructuring.
    Block(Vec<Stmt>, Box<Expr>),
}

/// A piece of a formatted text.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// A public tensor, text, list or tuple, with Python's format specification.
    Value(Expr, Option<String>),
}

/// What an operator with one operand does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryMeaning {
    /// Public operand.
    Public(Unary),
    /// `-x` of a secret number.
    Neg,
    /// `not x` of a secret truth value.
    Not,
}

/// What an operator with two operands does. "Secret" and "public" name the operands in order; where a public operand may stand on either side, the
/// checker has put the secret one first. Kinds on both sides are of one domain (int, fix or bool) unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryMeaning {
    /// Both public, of one kind (exponents and shift widths are `int`).
    Public(Binary),
    /// secret + secret, of one kind.
    Add,
    /// secret − secret, of one kind.
    Sub,
    /// secret + public
    AddPublic,
    /// secret − public
    SubPublic,
    /// public − secret
    PublicSub,
    /// secret · secret in the ring: `sint`·`sint`, `sfix`·`sint`, `sbool` with anything; no truncation.
    Mul,
    /// `sfix` · `sfix`, truncated.
    MulFix,
    /// secret · public in the ring; no truncation: at most one of the two is scaled.
    MulPublic,
    /// `sfix` · `fix`, truncated.
    MulFixPublic,
    /// Matrix products in the same five forms; vectors as in NumPy.
    Matmul,
    /// `sfix` @ `sfix`, truncated.
    MatmulFix,
    /// secret @ public, no truncation.
    MatmulPublic,
    /// `sfix` @ `fix`, truncated.
    MatmulFixPublic,
    /// public @ secret, no truncation.
    PublicMatmul,
    /// `fix` @ `sfix`, truncated.
    PublicMatmulFix,
    /// `sbool` and `sbool`
    And,
    /// `sbool` and `bool`
    AndPublic,
    /// `sbool` or `sbool`
    Or,
    /// `sbool` or `bool`
    OrPublic,
    /// `sbool` exclusive or `sbool`
    Xor,
    /// `sbool` exclusive or `bool`
    XorPublic,
    /// Comparison of two secrets of one kind.
    Compare(Comparison),
    /// Comparison of a secret with a public value on its right.
    ComparePublic(Comparison),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

/// What the machine does directly. Arguments are tensors of either secrecy unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Primitive {
    /// (tensor) → `int`: the size of an axis.
    Size(u32),
    /// (list) → `int`
    Length,
    /// (tensor): sum along axes (none: all); of public or secret.
    Sum(Vec<u32>),
    /// (public tensor): reduction along axes (none: all).
    Reduce(Reduction, Vec<u32>),
    /// (tensor, int scalars…): the shape is the further arguments; one may be -1.
    Reshape,
    /// (tensor): axes in another order; empty: reversed.
    Transpose(Vec<u32>),
    /// (tensors…) of one kind, along an existing axis.
    Concat(u32),
    /// (tensors…) of one kind and shape, along a new first axis.
    Stack,
    /// (tensor, int scalars…)
    Broadcast,
    /// (tensor, public int tensor): entries of the first axis.
    Gather,
    /// (bool, a, b), all public.
    Choose,
    /// (start, stop, step) → `int` vector.
    Range,
    /// (start, stop, step) → `int`: how many there are.
    Count,
    /// (list of tensors of one shape) → tensor.
    Pack,
    /// (tensor) → list of the entries of its first axis.
    Unpack,
    /// (list, list) → list
    Join,
    /// (list, int) → list
    Repeat,
    /// (secret): `x / 2^bits`, one of the two nearest; keeps the kind.
    Trunc(u32),
    /// (secret): the lowest bits as `sbool` on a new last axis.
    Bits(u32),
    /// (secret): is it negative, as a number of this many bits (0: the ring's width) → `sbool`
    Ltz(u32),
    /// (secret): is it zero, as a number of this many bits → `sbool`
    Eqz(u32),
    /// (secret): times 2^bits in the ring; keeps the kind.
    ShiftLeft(u32),
    /// (secret): the same ring element as the kind of the result.
    Retype,
    /// (fix) → (int): the scaled integer itself, and back. Public.
    Scaled,
}
