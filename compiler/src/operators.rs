//! What every operator accepts, yields and means, for every pair of kinds. Shapes are the checker's business.
//!
//! Architecture invariant: this is the only place that decides what an operator does with kinds; the matches are exhaustive, so
//! a new row in `syntax/op.rs` does not compile until its meaning is said here.

use crate::syntax::op::{BinaryOp, CompareOp, UnaryOp};
use crate::types::tree::{BinaryMeaning, Comparison, UnaryMeaning};
use crate::types::ty::{Domain, is_secret};
use mpc_bytecode::Kind;
use mpc_bytecode::operand::{Binary, Unary};

/// How an operation of two operands is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By the machine.
    Machine(BinaryMeaning),
    /// By the machine, and the `sbool` it gives is negated.
    Negated(BinaryMeaning),
    /// By this function of the library.
    Library(&'static str),
}

/// An operation: what the operands are converted to, what comes out, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The kind that the left operand is converted to.
    pub left: Kind,
    /// The kind that the right operand is converted to.
    pub right: Kind,
    /// The kind of the result.
    pub result: Kind,
    /// True if the operands change places (after conversion).
    pub swap: bool,
    /// What computes it.
    pub how: How,
}

/// Why an operator does not take its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `/` of integers.
    IntegerDivision,
    /// An exponent or a shift width that is secret.
    SecretAmount,
    /// An exponent that is not an integer.
    FractionalExponent,
    /// Bits of a fixed-point number.
    FractionalBits,
    /// `~` of a truth value.
    InvertedTruth,
    /// The operator is not defined for these.
    Undefined,
}

impl Operation {
    const fn machine(left: Kind, right: Kind, result: Kind, meaning: BinaryMeaning) -> Self {
        Operation { left, right, result, swap: false, how: How::Machine(meaning) }
    }

    const fn library(left: Kind, right: Kind, result: Kind, name: &'static str) -> Self {
        Operation { left, right, result, swap: false, how: How::Library(name) }
    }

    const fn swapped(self, swap: bool) -> Self {
        Operation { swap, ..self }
    }
}

/// Two operands: domain and secrecy of each.
#[derive(Clone, Copy)]
struct Operands {
    left: (Domain, bool),
    right: (Domain, bool),
}

impl Operands {
    const fn of(left: Kind, right: Kind) -> Self {
        Operands { left: (Domain::of(left), is_secret(left)), right: (Domain::of(right), is_secret(right)) }
    }

    fn text(self) -> bool {
        self.left.0 == Domain::Text || self.right.0 == Domain::Text
    }

    fn domain(self) -> Domain {
        self.left.0.max(self.right.0)
    }

    fn secret(self) -> bool {
        self.left.1 || self.right.1
    }

    /// Both operands in `domain`, each as secret as it is.
    fn kinds(self, domain: Domain) -> (Kind, Kind) {
        (domain.kind(self.left.1), domain.kind(self.right.1))
    }

    fn both_public(self, domain: Domain, result: Domain, op: Binary) -> Operation {
        let kind = domain.kind(false);
        Operation::machine(kind, kind, result.kind(false), BinaryMeaning::Public(op))
    }

    fn library(self, domain: Domain, name: &'static str) -> Operation {
        let (left, right) = self.kinds(domain);
        Operation::library(left, right, domain.kind(true), name)
    }
}

/// What `left op right` means.
///
/// # Errors
/// Why the operator does not take these kinds.
pub fn binary(op: BinaryOp, left: Kind, right: Kind) -> Result<Operation, Refusal> {
    let operands = Operands::of(left, right);
    if operands.text() {
        let joined = op == BinaryOp::Add && left == Kind::Str && right == Kind::Str;
        return if joined {
            Ok(operands.both_public(Domain::Text, Domain::Text, Binary::Add))
        } else {
            Err(Refusal::Undefined)
        };
    }
    let number = operands.domain().max(Domain::Int);
    match op {
        BinaryOp::Add => Ok(sum(operands, number)),
        BinaryOp::Sub => Ok(difference(operands, number)),
        BinaryOp::Mul => Ok(product(operands, number)),
        BinaryOp::MatMul => Ok(matrix_product(operands, number)),
        BinaryOp::Div => quotient(operands),
        BinaryOp::FloorDiv => Ok(rounded(operands, number, Binary::FloorDiv, "int_floordiv", "fix_floordiv")),
        BinaryOp::Mod => Ok(rounded(operands, number, Binary::Mod, "int_mod", "fix_mod")),
        BinaryOp::Pow => power(operands, number),
        BinaryOp::Shl => shift(operands, Binary::Shl, "int_shl"),
        BinaryOp::Shr => shift(operands, Binary::Shr, "int_shr"),
        BinaryOp::BitAnd => bitwise(operands, Binary::And, BinaryMeaning::And, BinaryMeaning::AndPublic, "int_and"),
        BinaryOp::BitOr => bitwise(operands, Binary::Or, BinaryMeaning::Or, BinaryMeaning::OrPublic, "int_or"),
        BinaryOp::BitXor => bitwise(operands, Binary::Xor, BinaryMeaning::Xor, BinaryMeaning::XorPublic, "int_xor"),
    }
}

fn sum(operands: Operands, domain: Domain) -> Operation {
    let (left, right) = operands.kinds(domain);
    match (operands.left.1, operands.right.1) {
        (false, false) => operands.both_public(domain, domain, Binary::Add),
        (true, true) => Operation::machine(left, right, left, BinaryMeaning::Add),
        (true, false) => Operation::machine(left, right, left, BinaryMeaning::AddPublic),
        (false, true) => Operation::machine(left, right, right, BinaryMeaning::AddPublic).swapped(true),
    }
}

fn difference(operands: Operands, domain: Domain) -> Operation {
    let (left, right) = operands.kinds(domain);
    let meaning = match (operands.left.1, operands.right.1) {
        (false, false) => return operands.both_public(domain, domain, Binary::Sub),
        (true, true) => BinaryMeaning::Sub,
        (true, false) => BinaryMeaning::SubPublic,
        (false, true) => BinaryMeaning::PublicSub,
    };
    Operation::machine(left, right, domain.kind(true), meaning)
}

/// An operand of a product: an integer is not scaled before it is multiplied, so that no truncation is needed.
fn factor((domain, secret): (Domain, bool)) -> Kind {
    match (domain, secret) {
        (Domain::Bool, true) => Kind::Sbool,
        (Domain::Bool, false) => Kind::Int,
        (domain, secret) => domain.kind(secret),
    }
}

fn product(operands: Operands, domain: Domain) -> Operation {
    let (left, right) = (factor(operands.left), factor(operands.right));
    let scaled_twice = operands.left.0 == Domain::Fix && operands.right.0 == Domain::Fix;
    let meaning = match (operands.left.1, operands.right.1, scaled_twice) {
        (false, false, _) => return operands.both_public(domain, domain, Binary::Mul),
        (true, true, true) => BinaryMeaning::MulFix,
        (true, true, false) => BinaryMeaning::Mul,
        (_, _, true) => BinaryMeaning::MulFixPublic,
        (_, _, false) => BinaryMeaning::MulPublic,
    };
    Operation::machine(left, right, domain.kind(true), meaning).swapped(!operands.left.1)
}

fn matrix_product(operands: Operands, domain: Domain) -> Operation {
    let entry = |(domain, secret): (Domain, bool)| domain.max(Domain::Int).kind(secret);
    let scaled_twice = operands.left.0 == Domain::Fix && operands.right.0 == Domain::Fix;
    let meaning = match (operands.left.1, operands.right.1, scaled_twice) {
        (false, false, _) => return operands.both_public(domain, domain, Binary::Matmul),
        (true, true, true) => BinaryMeaning::MatmulFix,
        (true, true, false) => BinaryMeaning::Matmul,
        (true, false, true) => BinaryMeaning::MatmulFixPublic,
        (true, false, false) => BinaryMeaning::MatmulPublic,
        (false, true, true) => BinaryMeaning::PublicMatmulFix,
        (false, true, false) => BinaryMeaning::PublicMatmul,
    };
    Operation::machine(entry(operands.left), entry(operands.right), domain.kind(true), meaning)
}

fn quotient(operands: Operands) -> Result<Operation, Refusal> {
    if operands.domain() != Domain::Fix {
        return Err(Refusal::IntegerDivision);
    }
    Ok(match (operands.left.1, operands.right.1) {
        (false, false) => operands.both_public(Domain::Fix, Domain::Fix, Binary::Div),
        (true, false) => operands.library(Domain::Fix, "fix_div_public"),
        (_, true) => operands.library(Domain::Fix, "fix_div"),
    })
}

fn rounded(operands: Operands, domain: Domain, op: Binary, int: &'static str, fix: &'static str) -> Operation {
    if !operands.secret() {
        return operands.both_public(domain, domain, op);
    }
    operands.library(domain, if domain == Domain::Fix { fix } else { int })
}

fn power(operands: Operands, domain: Domain) -> Result<Operation, Refusal> {
    if operands.right.1 {
        return Err(Refusal::SecretAmount);
    }
    if operands.right.0 == Domain::Fix {
        return Err(Refusal::FractionalExponent);
    }
    let base = domain.kind(operands.left.1);
    Ok(match (operands.left.1, domain == Domain::Fix) {
        (false, _) => Operation::machine(base, Kind::Int, base, BinaryMeaning::Public(Binary::Pow)),
        (true, false) => Operation::library(base, Kind::Int, base, "int_pow"),
        (true, true) => Operation::library(base, Kind::Int, base, "fix_pow"),
    })
}

fn shift(operands: Operands, op: Binary, name: &'static str) -> Result<Operation, Refusal> {
    if operands.domain() == Domain::Fix {
        return Err(Refusal::FractionalBits);
    }
    if operands.right.1 {
        return Err(Refusal::SecretAmount);
    }
    if operands.left.1 {
        return Ok(Operation::library(Kind::Sint, Kind::Int, Kind::Sint, name));
    }
    Ok(operands.both_public(Domain::Int, Domain::Int, op))
}

fn bitwise(
    operands: Operands,
    public: Binary,
    secret: BinaryMeaning,
    mixed: BinaryMeaning,
    name: &'static str,
) -> Result<Operation, Refusal> {
    match operands.domain() {
        Domain::Fix | Domain::Text => Err(Refusal::FractionalBits),
        domain if !operands.secret() => Ok(operands.both_public(domain, domain, public)),
        Domain::Int => Ok(operands.library(Domain::Int, name)),
        Domain::Bool => {
            let (left, right) = operands.kinds(Domain::Bool);
            let meaning = if operands.left.1 && operands.right.1 { secret } else { mixed };
            Ok(Operation::machine(left, right, Kind::Sbool, meaning).swapped(!operands.left.1))
        }
    }
}

/// The comparison that an operator makes; membership makes none.
pub fn comparison(op: CompareOp) -> Option<Comparison> {
    match op {
        CompareOp::Eq => Some(Comparison::Equal),
        CompareOp::Ne => Some(Comparison::NotEqual),
        CompareOp::Lt => Some(Comparison::Less),
        CompareOp::Le => Some(Comparison::LessEqual),
        CompareOp::Gt => Some(Comparison::Greater),
        CompareOp::Ge => Some(Comparison::GreaterEqual),
        CompareOp::In | CompareOp::NotIn => None,
    }
}

impl Comparison {
    /// The comparison with its sides exchanged.
    pub const fn mirrored(self) -> Self {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::LessEqual => Comparison::GreaterEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterEqual => Comparison::LessEqual,
            Comparison::Equal => Comparison::Equal,
            Comparison::NotEqual => Comparison::NotEqual,
        }
    }

    const fn public(self) -> Binary {
        match self {
            Comparison::Less => Binary::Lt,
            Comparison::LessEqual => Binary::Le,
            Comparison::Greater => Binary::Gt,
            Comparison::GreaterEqual => Binary::Ge,
            Comparison::Equal => Binary::Eq,
            Comparison::NotEqual => Binary::Ne,
        }
    }
}

/// What a comparison of two kinds means. Text can be told equal or not.
///
/// # Errors
/// Why the kinds cannot be compared.
pub fn compare(comparison: Comparison, left: Kind, right: Kind) -> Result<Operation, Refusal> {
    let operands = Operands::of(left, right);
    let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    if operands.text() {
        let both = left == Kind::Str && right == Kind::Str && equality;
        return if both {
            Ok(operands.both_public(Domain::Text, Domain::Bool, comparison.public()))
        } else {
            Err(Refusal::Undefined)
        };
    }
    let domain = if equality { operands.domain() } else { operands.domain().max(Domain::Int) };
    if !operands.secret() {
        return Ok(operands.both_public(domain, Domain::Bool, comparison.public()));
    }
    let (left, right) = operands.kinds(domain);
    let swap = !operands.left.1;
    let mixed = !(operands.left.1 && operands.right.1);
    let machine = |meaning| Operation::machine(left, right, Kind::Sbool, meaning).swapped(swap);
    if domain == Domain::Bool {
        let differ = machine(if mixed { BinaryMeaning::XorPublic } else { BinaryMeaning::Xor });
        let How::Machine(meaning) = differ.how else { return Ok(differ) };
        let how = if comparison == Comparison::Equal { How::Negated(meaning) } else { differ.how };
        return Ok(Operation { how, ..differ });
    }
    let comparison = if swap { comparison.mirrored() } else { comparison };
    Ok(machine(if mixed { BinaryMeaning::ComparePublic(comparison) } else { BinaryMeaning::Compare(comparison) }))
}

/// How an operation of one operand is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HowUnary {
    /// By the machine.
    Machine(UnaryMeaning),
    /// The converted operand is the result.
    Itself,
    /// By this function of the library.
    Library(&'static str),
}

/// What `op operand` means: the kind that the operand is converted to, which is also the result's, and how.
///
/// # Errors
/// Why the operator does not take this kind.
pub fn unary(op: UnaryOp, operand: Kind) -> Result<(Kind, HowUnary), Refusal> {
    let (domain, secret) = (Domain::of(operand), is_secret(operand));
    if domain == Domain::Text && op != UnaryOp::Not {
        return Err(Refusal::Undefined);
    }
    let number = domain.max(Domain::Int).kind(secret);
    let public = |op| HowUnary::Machine(UnaryMeaning::Public(op));
    match (op, secret) {
        (UnaryOp::Not, false) => Ok((Kind::Bool, public(Unary::Not))),
        (UnaryOp::Not, true) => Ok((Kind::Sbool, HowUnary::Machine(UnaryMeaning::Not))),
        (UnaryOp::Neg, false) => Ok((number, public(Unary::Neg))),
        (UnaryOp::Neg, true) => Ok((number, HowUnary::Machine(UnaryMeaning::Neg))),
        (UnaryOp::Pos, _) => Ok((number, HowUnary::Itself)),
        (UnaryOp::Invert, secret) => match domain {
            Domain::Fix | Domain::Text => Err(Refusal::FractionalBits),
            Domain::Bool => Err(Refusal::InvertedTruth),
            Domain::Int if secret => Ok((number, HowUnary::Library("int_invert"))),
            Domain::Int => Ok((number, public(Unary::Invert))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 7] = [Kind::Int, Kind::Fix, Kind::Bool, Kind::Str, Kind::Sint, Kind::Sfix, Kind::Sbool];

    fn pairs() -> impl Iterator<Item = (Kind, Kind)> {
        KINDS.into_iter().flat_map(|left| KINDS.into_iter().map(move |right| (left, right)))
    }

    #[test]
    fn nothing_secret_becomes_public() {
        for (left, right) in pairs() {
            let secret = is_secret(left) || is_secret(right);
            for &op in BinaryOp::ALL {
                if let Ok(found) = binary(op, left, right) {
                    assert_eq!(is_secret(found.result), secret, "{left} {op} {right}");
                    assert!(is_secret(found.left) >= is_secret(left) && is_secret(found.right) >= is_secret(right));
                }
            }
            for comparison in CompareOp::ALL.iter().filter_map(|&op| comparison(op)) {
                if let Ok(found) = compare(comparison, left, right) {
                    assert_eq!(is_secret(found.result), secret, "{left} {comparison:?} {right}");
                }
            }
        }
    }

    #[test]
    fn the_secret_operand_stands_first_where_the_machine_wants_it() {
        use BinaryMeaning::*;
        for (left, right) in pairs() {
            for &op in BinaryOp::ALL {
                let Ok(Operation { left, right, swap, how: How::Machine(meaning), .. }) = binary(op, left, right)
                else {
                    continue;
                };
                let (first, second) = if swap { (right, left) } else { (left, right) };
                match meaning {
                    AddPublic | SubPublic | MulPublic | MulFixPublic | AndPublic | OrPublic | XorPublic => {
                        assert!(is_secret(first) && !is_secret(second), "{op} {meaning:?}");
                    }
                    PublicSub | PublicMatmul | PublicMatmulFix => assert!(!is_secret(first) && is_secret(second)),
                    Public(_) => assert!(!is_secret(first) && !is_secret(second)),
                    MatmulPublic | MatmulFixPublic => assert!(is_secret(first) && !is_secret(second)),
                    Add | Sub | Mul | MulFix | Matmul | MatmulFix | And | Or | Xor | Compare(_) | ComparePublic(_) => {
                        assert!(is_secret(first));
                    }
                }
            }
        }
    }

    #[test]
    fn truth_values_count_as_in_python() {
        let result = |op, left, right| binary(op, left, right).map(|found| found.result);
        assert_eq!(result(BinaryOp::Add, Kind::Bool, Kind::Bool), Ok(Kind::Int));
        assert_eq!(result(BinaryOp::Mul, Kind::Sbool, Kind::Sfix), Ok(Kind::Sfix));
        assert_eq!(result(BinaryOp::BitAnd, Kind::Sbool, Kind::Bool), Ok(Kind::Sbool));
        assert_eq!(result(BinaryOp::Div, Kind::Sint, Kind::Int), Err(Refusal::IntegerDivision));
    }
}
