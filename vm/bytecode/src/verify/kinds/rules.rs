//! Which kind an operation gives, for the compiler as for the verifier.

use crate::operand::{Bank, Binary, Reduction, Unary};
use crate::types::Kind;

/// Kind of a secret sum or difference; `None` where there is none. One of the two may be public.
pub const fn sum(a: Kind, b: Kind) -> Option<Kind> {
    use Kind::*;
    match (a, b) {
        (Int | Sint | Bool | Sbool, Int | Sint | Bool | Sbool) => Some(Sint),
        (Fix | Sfix, Fix | Sfix) => Some(Sfix),
        (Raw, Raw | Int | Fix) | (Int | Fix, Raw) => Some(Raw),
        (Str, _) | (_, Str) => None,
        (Raw, Sint | Sfix | Bool | Sbool) | (Sint | Sfix | Bool | Sbool, Raw) => None,
        (Fix | Sfix, Int | Sint | Bool | Sbool) | (Int | Sint | Bool | Sbool, Fix | Sfix) => None,
    }
}

/// Kind of a secret product; `None` where there is none. One of the two may be public.
pub const fn product(a: Kind, b: Kind) -> Option<Kind> {
    use Kind::*;
    match (a, b) {
        (Str, _) | (_, Str) => None,
        (Raw, _) | (_, Raw) => Some(Raw),
        (Bool | Sbool, other) | (other, Bool | Sbool) => other.secret(),
        (Int | Sint, Int | Sint) => Some(Sint),
        (Int | Sint, Fix | Sfix) | (Fix | Sfix, Int | Sint) => Some(Sfix),
        (Fix | Sfix, Fix | Sfix) => Some(Raw),
    }
}

/// Kind of a sum of such products; `None` where there is none.
pub const fn matrix_product(a: Kind, b: Kind) -> Option<Kind> {
    match product(a, b) {
        Some(kind) => Some(total(kind)),
        None => None,
    }
}

/// Kind of a sum of many of one secret kind, or of a negated one.
pub const fn total(kind: Kind) -> Kind {
    match kind {
        Kind::Sbool => Kind::Sint,
        Kind::Int | Kind::Fix | Kind::Bool | Kind::Str | Kind::Sint | Kind::Sfix | Kind::Raw => kind,
    }
}

/// Whether a division by 2^bits may take `from` to `to`.
pub const fn truncates(from: Kind, to: Kind) -> bool {
    use Kind::*;
    matches!((from, to), (Raw | Sfix, Sfix | Sint | Raw) | (Sint, Sint | Raw))
}

/// Whether multiplying by 2^bits may take `from` to `to`, where a fixed-point number has `frac` fractional bits.
pub const fn shifts(from: Kind, to: Kind, bits: u32, frac: u32) -> bool {
    use Kind::*;
    match (from, to) {
        (Sint | Sbool, Sfix) => bits == frac,
        (Sint | Sbool, Sint | Raw) | (Sfix, Sfix | Raw) | (Raw, Raw) => true,
        _ => false,
    }
}

/// Whether a public value of kind `from` may be shared as `to`.
pub const fn shares(from: Kind, to: Kind) -> bool {
    use Kind::*;
    matches!((from, to), (Int, Sint | Raw) | (Fix, Sfix | Raw) | (Bool, Sbool | Sint))
}

/// Whether a public value of kind `from` may be converted to `to`.
pub const fn converts(from: Kind, to: Kind) -> bool {
    use Kind::*;
    match (from, to) {
        (Int | Fix | Bool, Int | Fix | Bool) => true,
        (Int | Fix | Bool | Str, Str) | (Str, Bool) => true,
        (Str, Int | Fix) => false,
        (Sint | Sfix | Sbool | Raw, _) | (_, Sint | Sfix | Sbool | Raw) => false,
    }
}

/// Kind of a public operation; `None` where there is none.
pub const fn unary(op: Unary, src: Kind) -> Option<Kind> {
    use Kind::*;
    match (op, src) {
        (Unary::Neg | Unary::Abs, Int | Fix) => Some(src),
        (Unary::Not, Bool) => Some(Bool),
        (Unary::Invert, Int) => Some(Int),
        (Unary::Floor | Unary::Round, Fix) => Some(Int),
        (Unary::Neg | Unary::Abs | Unary::Not | Unary::Invert | Unary::Floor | Unary::Round, _) => None,
    }
}

/// Kind of a public operation; `None` where there is none.
pub fn binary(op: Binary, a: Kind, b: Kind) -> Option<Kind> {
    use Kind::*;
    let number = matches!(a, Int | Fix);
    let takes = match op {
        Binary::Pow => return (number && b == Int).then_some(a),
        Binary::Shl | Binary::Shr => a == Int,
        Binary::Add => number || a == Str,
        Binary::Sub | Binary::Mul | Binary::FloorDiv | Binary::Mod | Binary::Matmul => number,
        Binary::Div => a == Fix,
        Binary::And | Binary::Or | Binary::Xor => matches!(a, Int | Bool),
        Binary::Min | Binary::Max => number || matches!(a, Bool | Str),
        Binary::Eq | Binary::Ne | Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => {
            return (a == b && a.bank() == Bank::Public).then_some(Bool);
        }
    };
    (takes && a == b).then_some(a)
}

/// Kind of a public reduction; `None` where there is none.
pub const fn reduction(op: Reduction, src: Kind) -> Option<Kind> {
    use Kind::*;
    match (op, src) {
        (Reduction::Sum, Bool) => Some(Int),
        (Reduction::Sum | Reduction::Prod, Int | Fix) => Some(src),
        (Reduction::Min | Reduction::Max, Int | Fix | Bool) => Some(src),
        (Reduction::Any | Reduction::All, Bool) => Some(Bool),
        (Reduction::Argmin | Reduction::Argmax, Int | Fix | Bool) => Some(Int),
        (
            Reduction::Sum
            | Reduction::Prod
            | Reduction::Min
            | Reduction::Max
            | Reduction::Any
            | Reduction::All
            | Reduction::Argmin
            | Reduction::Argmax,
            _,
        ) => None,
    }
}
