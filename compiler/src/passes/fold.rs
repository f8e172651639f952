//! What public scalars come to, where the operands are constants.
//!
//! Only what is certain is computed: an operation that would raise an exception stays, and raises it when the program runs.

use mpc_bytecode::operand::{Binary, ConstId, Piece, Unary};
use mpc_bytecode::{Constant, Instruction, Kind, Reg};

/// The constants that are known, and what folding needs to know of the program.
pub struct Known<'a> {
    /// The constant that a register holds, if it is known.
    pub of: &'a dyn Fn(Reg) -> Option<&'a Constant>,
    /// A constant of the pool.
    pub text: &'a dyn Fn(ConstId) -> &'a Constant,
    /// The kind of the result.
    pub kind: Kind,
    /// Fractional bits.
    pub frac: u32,
}

/// A scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scalar<'a> {
    Int(i64),
    Fix(i128),
    Bool(bool),
    Str(&'a str),
}

impl<'a> Scalar<'a> {
    fn of(constant: &'a Constant) -> Option<Self> {
        Some(match constant {
            Constant::Int(shape, values) if shape.is_empty() => Scalar::Int(*values.first()?),
            Constant::Fix(shape, values) if shape.is_empty() => Scalar::Fix(*values.first()?),
            Constant::Bool(shape, values) if shape.is_empty() => Scalar::Bool(*values.first()?),
            Constant::Str(text) => Scalar::Str(text),
            Constant::Int(..) | Constant::Fix(..) | Constant::Bool(..) => return None,
        })
    }
}

fn int(value: i64) -> Constant {
    Constant::Int(Vec::new(), vec![value])
}

fn truth(value: bool) -> Constant {
    Constant::Bool(Vec::new(), vec![value])
}

fn fixed(value: i128) -> Constant {
    Constant::Fix(Vec::new(), vec![value])
}

/// What an instruction yields, if that is certain.
pub fn fold(instruction: &Instruction, known: &Known<'_>) -> Option<Constant> {
    let scalar = |reg: Reg| (known.of)(reg).and_then(Scalar::of);
    match instruction {
        Instruction::Unary { op, src, .. } => unary(*op, scalar(src.reg())?),
        Instruction::Binary { op, a, b, .. } => binary(*op, scalar(a.reg())?, scalar(b.reg())?),
        Instruction::Convert { src, .. } => convert(scalar(src.reg())?, known.kind, known.frac),
        Instruction::Choose { cond, a, b, .. } => match scalar(cond.reg())? {
            Scalar::Bool(test) => {
                let (a, b) = ((known.of)(a.reg())?, (known.of)(b.reg())?);
                (Scalar::of(a).is_some() && Scalar::of(b).is_some()).then(|| if test { a.clone() } else { b.clone() })
            }
            Scalar::Int(_) | Scalar::Fix(_) | Scalar::Str(_) => None,
        },
        Instruction::Count { start, stop, step, .. } => {
            match (scalar(start.reg())?, scalar(stop.reg())?, scalar(step.reg())?) {
                (Scalar::Int(start), Scalar::Int(stop), Scalar::Int(step)) => count(start, stop, step),
                _ => None,
            }
        }
        Instruction::Format { pieces, .. } => format(pieces, known),
        _ => None,
    }
}

fn unary(op: Unary, a: Scalar<'_>) -> Option<Constant> {
    match (op, a) {
        (Unary::Neg, Scalar::Int(a)) => a.checked_neg().map(int),
        (Unary::Neg, Scalar::Fix(a)) => a.checked_neg().map(fixed),
        (Unary::Abs, Scalar::Int(a)) => a.checked_abs().map(int),
        (Unary::Invert, Scalar::Int(a)) => Some(int(!a)),
        (Unary::Not, Scalar::Bool(a)) => Some(truth(!a)),
        _ => None,
    }
}

fn binary(op: Binary, a: Scalar<'_>, b: Scalar<'_>) -> Option<Constant> {
    match (a, b) {
        (Scalar::Int(a), Scalar::Int(b)) => compare(op, a.cmp(&b)).or_else(|| integers(op, a, b)),
        (Scalar::Fix(a), Scalar::Fix(b)) => compare(op, a.cmp(&b)),
        (Scalar::Bool(a), Scalar::Bool(b)) => compare(op, a.cmp(&b)).or(match op {
            Binary::And => Some(truth(a & b)),
            Binary::Or => Some(truth(a | b)),
            Binary::Xor => Some(truth(a ^ b)),
            _ => None,
        }),
        (Scalar::Str(a), Scalar::Str(b)) => match op {
            Binary::Add => Some(Constant::Str(format!("{a}{b}"))),
            Binary::Eq => Some(truth(a == b)),
            Binary::Ne => Some(truth(a != b)),
            _ => None,
        },
        _ => None,
    }
}

fn compare(op: Binary, order: std::cmp::Ordering) -> Option<Constant> {
    let answer = match op {
        Binary::Eq => order.is_eq(),
        Binary::Ne => order.is_ne(),
        Binary::Lt => order.is_lt(),
        Binary::Le => order.is_le(),
        Binary::Gt => order.is_gt(),
        Binary::Ge => order.is_ge(),
        _ => return None,
    };
    Some(truth(answer))
}

fn integers(op: Binary, a: i64, b: i64) -> Option<Constant> {
    let value = match op {
        Binary::Add => a.checked_add(b)?,
        Binary::Sub => a.checked_sub(b)?,
        Binary::Mul => a.checked_mul(b)?,
        Binary::FloorDiv => floor_div(a, b)?,
        Binary::Mod => a.checked_sub(floor_div(a, b)?.checked_mul(b)?)?,
        Binary::Pow => a.checked_pow(u32::try_from(b).ok()?)?,
        Binary::Min => a.min(b),
        Binary::Max => a.max(b),
        Binary::And => a & b,
        Binary::Or => a | b,
        Binary::Xor => a ^ b,
        _ => return None,
    };
    Some(int(value))
}

fn floor_div(a: i64, b: i64) -> Option<i64> {
    let quotient = a.checked_div(b)?;
    Some(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
}

fn count(start: i64, stop: i64, step: i64) -> Option<Constant> {
    let (start, stop, step) = (i128::from(start), i128::from(stop), i128::from(step));
    let (distance, step) = if step < 0 { (start - stop, -step) } else { (stop - start, step) };
    if step == 0 {
        return None;
    }
    let count = if distance <= 0 { 0 } else { (distance - 1) / step + 1 };
    i64::try_from(count).ok().map(int)
}

fn convert(a: Scalar<'_>, to: Kind, frac: u32) -> Option<Constant> {
    match (a, to) {
        (Scalar::Bool(a), Kind::Int) => Some(int(a.into())),
        (Scalar::Int(a), Kind::Bool) => Some(truth(a != 0)),
        (Scalar::Fix(a), Kind::Bool) => Some(truth(a != 0)),
        // Small enough for every width: larger ones are left to the machine, which knows the ring.
        (Scalar::Int(a), Kind::Fix) if a.unsigned_abs() < 1 << 20 && frac <= 20 => Some(fixed(i128::from(a) << frac)),
        (Scalar::Bool(a), Kind::Fix) if frac <= 40 => Some(fixed(i128::from(a) << frac)),
        _ => None,
    }
}

fn format(pieces: &[Piece], known: &Known<'_>) -> Option<Constant> {
    let mut out = String::new();
    for piece in pieces {
        let shown = match piece {
            Piece::Text(text) => Scalar::of((known.text)(*text))?,
            Piece::Value(value, None) => (known.of)(value.0).and_then(Scalar::of)?,
            Piece::Value(_, Some(_)) => return None,
        };
        match shown {
            Scalar::Str(text) => out.push_str(text),
            Scalar::Int(value) => out.push_str(&value.to_string()),
            Scalar::Bool(value) => out.push_str(if value { "True" } else { "False" }),
            Scalar::Fix(_) => return None,
        }
    }
    Some(Constant::Str(out))
}
