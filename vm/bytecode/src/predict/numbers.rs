//! Public numbers: integers, truth values as 0 and 1, fixed-point numbers as scaled integers.

use super::expr::Expr;
use super::step::{mapped, raised, without};
use super::value::{Data, MOST_KNOWN, Public, Value, Why};
use super::walk::{Frame, Outcome, Walk};
use crate::operand::{AnySrc, Binary, ConstId, Dst, Exception, PortId, Public as PublicBank, Reduction, Src, Unary};
use crate::program::Constant;
use crate::types::Kind;

type To = Dst<PublicBank>;
type From = Src<PublicBank>;

/// The most that is followed of how a number was computed, as [`Expr::weight`] counts it.
const MOST_WEIGHT: u32 = 512;

impl Walk<'_> {
    pub(super) fn constant(&self, frame: &mut Frame, dst: To, id: ConstId) {
        let value = self.program.constants.get(id.0 as usize).map_or(Value::Text(None), of_constant);
        frame.set(dst.reg(), value);
    }

    pub(super) fn param(&self, frame: &mut Frame, dst: To, port: PortId) {
        let Some(port) = self.program.ports.get(port.0 as usize) else { return };
        let value = if port.kind == Kind::Int && port.shape.is_empty() {
            Value::int(self.setting.integer(self.program, port))
        } else {
            let shape = self.setting.shape(self.program, &self.dims, port, 0);
            let unknown = || match port.kind {
                Kind::Str => Value::Text(None),
                _ => Value::Public(Public::unknown(shape, Why::Computed)),
            };
            self.setting.constant(self.program, port).map_or_else(unknown, of_constant)
        };
        frame.set(dst.reg(), value);
    }

    /// A public number; an integer beyond 64 bits raises.
    fn set(&self, frame: &mut Frame, dst: To, value: Public) -> Outcome<()> {
        let fits = |e: &Expr| e.number().is_none_or(|number| i64::try_from(number).is_ok());
        let all = match &value.data {
            Data::Same(value) => fits(value),
            Data::Each(elements) => elements.iter().all(fits),
            Data::Unknown(_) => true,
        };
        if !all && self.kind(frame, dst.reg()) == Kind::Int {
            return Err(raised(Exception::OverflowError));
        }
        frame.set(dst.reg(), Value::Public(value));
        Ok(())
    }

    pub(super) fn unary(&self, frame: &mut Frame, op: Unary, dst: To, src: From) -> Outcome<()> {
        let (x, facts, kind) = (self.public(frame, src)?, &self.facts, self.kind(frame, src.reg()));
        let one = Expr::Num(1 << self.program.precision.fix_frac);
        let each = |e: &Expr| match (op, kind) {
            (Unary::Neg, _) => Some(e.negated()),
            (Unary::Not, _) => Some(e.not()),
            (Unary::Invert, _) => Some(e.negated().minus(&Expr::ONE)),
            (Unary::Abs, _) => Some(facts.max(e, &e.negated())),
            (Unary::Floor | Unary::Round, Kind::Int) => Some(e.clone()),
            (Unary::Floor, _) => facts.quotient(e, &one),
            (Unary::Round, _) => e.number().and_then(|raw| nearest(raw, one.number()?)).map(Expr::Num),
        };
        let value = mapped(&x, each, self.why());
        self.set(frame, dst, value)
    }

    pub(super) fn binary(&mut self, frame: &mut Frame, op: Binary, dst: To, a: From, b: From) -> Outcome<()> {
        if self.kind(frame, a.reg()) == Kind::Str {
            let values = (self.value(frame, AnySrc(a.reg()))?, self.value(frame, AnySrc(b.reg()))?);
            frame.set(dst.reg(), texts(op, &values.0, &values.1, self.why()));
            return Ok(());
        }
        let (kind, x, y) = (self.kind(frame, a.reg()), self.public(frame, a)?, self.public(frame, b)?);
        if op == Binary::Matmul {
            let shape = super::step::matrix_product(&x.shape, &y.shape);
            return self.set(frame, dst, Public::unknown(shape, self.why().stronger(x.why()).stronger(y.why())));
        }
        let divides = matches!(op, Binary::Div | Binary::FloorDiv | Binary::Mod);
        if divides && y.elements().is_some_and(|elements| elements.contains(&Expr::ZERO)) {
            return Err(raised(Exception::ZeroDivisionError));
        }
        let nonzero =
            |e: &Expr| e.number().is_some() || self.facts.is_positive(e) || self.facts.is_positive(&e.negated());
        if divides && !y.elements().is_some_and(|elements| elements.iter().all(nonzero)) {
            self.may_raise(frame, y.why(), Exception::ZeroDivisionError)?;
        }
        let value = if kind == Kind::Fix {
            self.zip(&x, &y, |a, b| self.fixed(op, a, b))
        } else {
            self.zip(&x, &y, |a, b| self.whole(op, a, b))
        };
        self.set(frame, dst, value)
    }

    /// Two tensors, broadcast.
    fn zip(&self, x: &Public, y: &Public, each: impl Fn(&Expr, &Expr) -> Option<Expr>) -> Public {
        let shape = crate::cost::broadcast(&x.shape, &y.shape);
        let each = |a: &Expr, b: &Expr| each(a, b).filter(|value| value.weight() <= MOST_WEIGHT);
        let unknown = |why: Why| Public::unknown(shape.clone(), why.stronger(x.why()).stronger(y.why()));
        let known = match (&x.data, &y.data) {
            (Data::Unknown(_), _) | (_, Data::Unknown(_)) => None,
            (Data::Same(x), Data::Same(y)) => each(x, y).map(Data::Same),
            (Data::Same(x), Data::Each(y)) if shape.len() == shape_len(&shape, y.len()) => {
                y.iter().map(|y| each(x, y)).collect::<Option<_>>().map(Data::Each)
            }
            (Data::Each(x), Data::Same(y)) if shape.len() == shape_len(&shape, x.len()) => {
                x.iter().map(|x| each(x, y)).collect::<Option<_>>().map(Data::Each)
            }
            (Data::Each(a), Data::Each(b)) if x.shape == y.shape => {
                a.iter().zip(b.iter()).map(|(a, b)| each(a, b)).collect::<Option<_>>().map(Data::Each)
            }
            _ => x
                .spread(&shape)
                .zip(y.spread(&shape))
                .and_then(|(a, b)| a.iter().zip(&b).map(|(a, b)| each(a, b)).collect::<Option<_>>().map(Data::Each)),
        };
        known.map_or_else(|| unknown(self.why()), |data| Public { shape: shape.clone(), data })
    }

    /// What compares numbers of any kind, and sums.
    fn ordered(&self, op: Binary, a: &Expr, b: &Expr) -> Option<Expr> {
        let facts = &self.facts;
        let natural = |e: Expr| Some(facts.natural(&e));
        match op {
            Binary::Add => Some(a.plus(b)),
            Binary::Sub => Some(a.minus(b)),
            Binary::Min => Some(facts.min(a, b)),
            Binary::Max => Some(facts.max(a, b)),
            Binary::Eq => Some(facts.zero(&a.minus(b))),
            Binary::Ne => Some(facts.zero(&a.minus(b)).not()),
            Binary::Lt => natural(b.minus(a).minus(&Expr::ONE)),
            Binary::Le => natural(b.minus(a)),
            Binary::Gt => natural(a.minus(b).minus(&Expr::ONE)),
            Binary::Ge => natural(a.minus(b)),
            Binary::Mul
            | Binary::Div
            | Binary::FloorDiv
            | Binary::Mod
            | Binary::Pow
            | Binary::Shl
            | Binary::Shr
            | Binary::And
            | Binary::Or
            | Binary::Xor
            | Binary::Matmul => None,
        }
    }

    fn whole(&self, op: Binary, a: &Expr, b: &Expr) -> Option<Expr> {
        let facts = &self.facts;
        let power_of_two = || facts.power(&Expr::Num(2), b);
        let truth = |e: &Expr| matches!(e.number(), Some(0 | 1)) || e.any(super::expr::Atom::is_truth);
        let bits = |combine: fn(i128, i128) -> i128| Some(Expr::Num(combine(a.number()?, b.number()?)));
        match op {
            Binary::Mul => Some(a.times(b)),
            Binary::FloorDiv => facts.quotient(a, b),
            Binary::Mod => facts.modulo(a, b),
            Binary::Pow => facts.power(a, b),
            Binary::Shl => Some(a.times(&power_of_two()?)),
            Binary::Shr => facts.quotient(a, &power_of_two()?),
            Binary::And => bits(|a, b| a & b).or_else(|| (truth(a) && truth(b)).then(|| a.times(b))),
            Binary::Or => bits(|a, b| a | b).or_else(|| (truth(a) && truth(b)).then(|| a.plus(b).minus(&a.times(b)))),
            Binary::Xor => bits(|a, b| a ^ b),
            Binary::Div | Binary::Matmul => None,
            Binary::Add
            | Binary::Sub
            | Binary::Min
            | Binary::Max
            | Binary::Eq
            | Binary::Ne
            | Binary::Lt
            | Binary::Le
            | Binary::Gt
            | Binary::Ge => self.ordered(op, a, b),
        }
    }

    /// Fixed-point arithmetic as the machine does it: rounded to nearest, ties to even.
    fn fixed(&self, op: Binary, a: &Expr, b: &Expr) -> Option<Expr> {
        let one = 1i128 << self.program.precision.fix_frac;
        let numbers = || Some((a.number()?, b.number()?));
        match op {
            Binary::Mul => numbers().and_then(|(a, b)| nearest(a.checked_mul(b)?, one)).map(Expr::Num),
            Binary::Div => numbers().and_then(|(a, b)| nearest(a.checked_mul(one)?, b)).map(Expr::Num),
            Binary::FloorDiv => Some(self.facts.quotient(a, b)?.times(&Expr::Num(one))),
            Binary::Mod => self.facts.modulo(a, b),
            Binary::Pow | Binary::Shl | Binary::Shr | Binary::And | Binary::Or | Binary::Xor | Binary::Matmul => None,
            Binary::Add
            | Binary::Sub
            | Binary::Min
            | Binary::Max
            | Binary::Eq
            | Binary::Ne
            | Binary::Lt
            | Binary::Le
            | Binary::Gt
            | Binary::Ge => self.ordered(op, a, b),
        }
    }

    pub(super) fn convert(&self, frame: &mut Frame, dst: To, src: From) -> Outcome<()> {
        let (from, to) = (self.kind(frame, src.reg()), self.kind(frame, dst.reg()));
        if to == Kind::Str {
            let text = self.value(frame, AnySrc(src.reg()))?;
            frame.set(dst.reg(), if let Value::Text(_) = text { text } else { Value::Text(None) });
            return Ok(());
        }
        if from == Kind::Str {
            let value = match self.value(frame, AnySrc(src.reg()))? {
                Value::Text(Some(text)) => Value::int(Expr::from(!text.is_empty())),
                _ => Value::Public(Public::unknown(Vec::new(), self.why())),
            };
            frame.set(dst.reg(), value);
            return Ok(());
        }
        let (x, facts, one) = (self.public(frame, src)?, &self.facts, Expr::Num(1 << self.program.precision.fix_frac));
        let each = |e: &Expr| match (from, to) {
            (Kind::Int | Kind::Bool, Kind::Fix) => Some(e.times(&one)),
            (Kind::Fix, Kind::Int) if facts.is_natural(e) => facts.quotient(e, &one),
            (Kind::Fix, Kind::Int) => e.number().zip(one.number()).map(|(raw, one)| Expr::Num(raw / one)),
            (Kind::Int | Kind::Fix, Kind::Bool) => Some(facts.zero(e).not()),
            _ => Some(e.clone()),
        };
        let value = mapped(&x, each, self.why());
        self.set(frame, dst, value)
    }

    pub(super) fn reduce(&self, frame: &mut Frame, op: Reduction, dst: To, src: From, axes: &[u32]) -> Outcome<()> {
        let (x, kind) = (self.public(frame, src)?, self.kind(frame, src.reg()));
        let shape = without(&x.shape, axes);
        let whole = shape.is_empty();
        let known = match (x.elements().filter(|_| whole), &x.data) {
            (Some(elements), _) => self.reduced(op, kind, &elements),
            (None, Data::Same(value)) if whole && op == Reduction::Sum => {
                Some(value.times(&super::value::count(&x.shape)))
            }
            (None, _) => None,
        };
        let value = known.map_or_else(|| Public::unknown(shape, self.why().stronger(x.why())), Public::scalar);
        self.set(frame, dst, value)
    }

    fn reduced(&self, op: Reduction, kind: Kind, elements: &[Expr]) -> Option<Expr> {
        let facts = &self.facts;
        let truths = || elements.iter().map(|e| facts.zero(e).not());
        let first = |best: Expr| elements.iter().position(|e| *e == best).map(|at| Expr::from(at as u64));
        let numbers = || elements.iter().map(Expr::number).collect::<Option<Vec<_>>>();
        match op {
            Reduction::Sum => Some(elements.iter().fold(Expr::ZERO, |sum, e| sum.plus(e))),
            Reduction::Prod if kind == Kind::Fix => None,
            Reduction::Prod => Some(elements.iter().fold(Expr::ONE, |product, e| product.times(e))),
            Reduction::Min => elements.iter().cloned().reduce(|a, b| facts.min(&a, &b)),
            Reduction::Max => elements.iter().cloned().reduce(|a, b| facts.max(&a, &b)),
            Reduction::Any => Some(truths().fold(Expr::ZERO, |any, e| any.plus(&e).minus(&any.times(&e)))),
            Reduction::All => Some(truths().fold(Expr::ONE, |all, e| all.times(&e))),
            Reduction::Argmin => first(Expr::Num(numbers()?.into_iter().min()?)),
            Reduction::Argmax => first(Expr::Num(numbers()?.into_iter().max()?)),
        }
    }

    pub(super) fn choose(&self, frame: &mut Frame, dst: To, cond: From, a: From, b: From) -> Outcome<()> {
        if self.kind(frame, dst.reg()) == Kind::Str {
            frame.set(dst.reg(), Value::Text(None));
            return Ok(());
        }
        let (cond, a, b) = (self.public(frame, cond)?, self.public(frame, a)?, self.public(frame, b)?);
        let chosen = self.zip(&a, &b, |a, b| if a == b { Some(a.clone()) } else { None });
        let value = match (&cond.data, cond.shape.is_empty()) {
            (Data::Same(truth), true) => self.zip(&a, &b, |a, b| Some(truth.times(&a.minus(b)).plus(b))),
            _ => self.zip(&cond, &chosen, |_, chosen| Some(chosen.clone())),
        };
        self.set(frame, dst, value)
    }

    /// How many numbers a range has.
    pub(super) fn counted(&mut self, frame: &Frame, [start, stop, step]: [From; 3]) -> Outcome<Expr> {
        let (start, stop) = (self.int(frame, start)?, self.int(frame, stop)?);
        match self.int(frame, step)?.number() {
            Some(0) => Err(raised(Exception::ValueError)),
            Some(step) => Ok(self.between(&start, &stop, step)),
            None => Err(self.stop("the step of this range is not known", frame)),
        }
    }

    /// How many numbers are from `start` to before `stop` by `step`, which is not zero.
    pub(super) fn between(&self, start: &Expr, stop: &Expr, step: i128) -> Expr {
        let span = if step > 0 { stop.minus(start) } else { start.minus(stop) };
        let size = step.abs();
        let count = self.facts.quotient(&span.plus(&Expr::Num(size - 1)), &Expr::Num(size));
        self.facts.max(&Expr::ZERO, &count.unwrap_or_else(Expr::too_large))
    }

    pub(super) fn range(&mut self, frame: &mut Frame, dst: To, [start, stop, step]: [From; 3]) -> Outcome<()> {
        let count = self.counted(frame, [start, stop, step])?;
        let (start, step) = (self.int(frame, start)?, self.int(frame, step)?);
        let value = match count.size().filter(|&count| count <= MOST_KNOWN as u64) {
            Some(count) => {
                let element = |at: u64| start.plus(&step.times(&Expr::from(at)));
                Public::of(vec![Expr::from(count)], (0..count).map(element).collect())
            }
            None => Public::unknown(vec![count], self.why()),
        };
        self.set(frame, dst, value)
    }
}

/// The rank, if the shape has so many elements.
fn shape_len(shape: &[Expr], elements: usize) -> usize {
    if super::value::count(shape).size() == Some(elements as u64) { shape.len() } else { usize::MAX }
}

/// The nearest whole number to a quotient, the even one of two.
fn nearest(a: i128, b: i128) -> Option<i128> {
    let (a, b) = if b < 0 { (a.checked_neg()?, b.checked_neg()?) } else { (a, b) };
    let (quotient, remainder) = (a.checked_div_euclid(b)?, a.checked_rem_euclid(b)?);
    let up = match remainder.cmp(&(b - remainder)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient & 1 == 1,
        std::cmp::Ordering::Greater => true,
    };
    quotient.checked_add(i128::from(up))
}

fn texts(op: Binary, a: &Value, b: &Value, why: Why) -> Value {
    let (Value::Text(Some(a)), Value::Text(Some(b))) = (a, b) else {
        return if op == Binary::Add { Value::Text(None) } else { Value::Public(Public::unknown(Vec::new(), why)) };
    };
    match op {
        Binary::Add => Value::Text(Some(format!("{a}{b}").into())),
        Binary::Eq => Value::int(Expr::from(a == b)),
        Binary::Ne => Value::int(Expr::from(a != b)),
        Binary::Lt => Value::int(Expr::from(a < b)),
        Binary::Le => Value::int(Expr::from(a <= b)),
        Binary::Gt => Value::int(Expr::from(a > b)),
        Binary::Ge => Value::int(Expr::from(a >= b)),
        Binary::Min => Value::Text(Some(a.min(b).clone())),
        Binary::Max => Value::Text(Some(a.max(b).clone())),
        Binary::Sub
        | Binary::Mul
        | Binary::Div
        | Binary::FloorDiv
        | Binary::Mod
        | Binary::Pow
        | Binary::Shl
        | Binary::Shr
        | Binary::And
        | Binary::Or
        | Binary::Xor
        | Binary::Matmul => Value::Text(None),
    }
}

fn of_constant(constant: &Constant) -> Value {
    let sizes = |shape: &[u64]| shape.iter().copied().map(Expr::from).collect();
    let numbers = |shape: &[u64], values: Vec<i128>| {
        Value::Public(Public::of(sizes(shape), values.into_iter().map(Expr::Num).collect()))
    };
    match constant {
        Constant::Int(shape, values) => numbers(shape, values.iter().copied().map(i128::from).collect()),
        Constant::Fix(shape, values) => numbers(shape, values.clone()),
        Constant::Bool(shape, values) => numbers(shape, values.iter().copied().map(i128::from).collect()),
        Constant::Str(text) => Value::Text(Some(text.as_str().into())),
    }
}
