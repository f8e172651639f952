//! Conversions that happen by themselves: public to secret, narrow to wide, an empty list to any list.

use super::body::Body;
use super::shape::Dim;
use super::tree::{Expr, ExprKind};
use super::ty::{Domain, Object, Ty, is_secret};
use super::value::{Origin, Value, Why};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use mpc_bytecode::Kind;
use std::sync::Arc;

/// Why a value does not convert by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It is secret, and the target public.
    Secret,
    /// Its elements or its structure are others.
    Kind,
    /// It has another number of axes.
    Rank,
    /// An axis has another size.
    Size(Dim, Dim),
}

/// The type that a value of type `from` has after conversion to `to`.
///
/// # Errors
/// Why it does not convert.
pub fn fit(from: &Ty, to: &Ty) -> Result<Ty, Mismatch> {
    match (from, to) {
        (Ty::Error, _) | (_, Ty::Error) => Ok(Ty::Error),
        (Ty::Unknown, to) => Ok(to.clone()),
        (from, Ty::Unknown) => Ok(from.clone()),
        (Ty::Tensor(a, left), Ty::Tensor(b, right)) => {
            let (narrow, wide) = (Domain::of(*a), Domain::of(*b));
            if wide == Domain::Text && narrow != Domain::Text {
                return Err(Mismatch::Kind);
            }
            if is_secret(*a) && !is_secret(*b) {
                return Err(Mismatch::Secret);
            }
            if narrow > wide {
                return Err(Mismatch::Kind);
            }
            if left.len() != right.len() {
                return Err(Mismatch::Rank);
            }
            Ok(Ty::Tensor(*b, fit_sizes(left, right)?))
        }
        (Ty::List(a), Ty::List(b)) => Ok(Ty::List(Box::new(fit(a, b)?))),
        (Ty::Tuple(a), Ty::Tuple(b)) if a.len() == b.len() => {
            Ok(Ty::Tuple(a.iter().zip(b).map(|(a, b)| fit(a, b)).collect::<Result<_, _>>()?))
        }
        (Ty::Object(a), Ty::Object(b)) if a.class == b.class => fit_objects(a, b),
        (Ty::None, Ty::None) => Ok(Ty::None),
        (Ty::Tensor(..) | Ty::List(_) | Ty::Tuple(_) | Ty::Object(_) | Ty::None, _) => Err(Mismatch::Kind),
    }
}

fn fit_sizes(left: &[Dim], right: &[Dim]) -> Result<Vec<Dim>, Mismatch> {
    let size = |(left, right): (&Dim, &Dim)| {
        if left.differs(right) { Err(Mismatch::Size(left.clone(), right.clone())) } else { Ok(left.meet(right)) }
    };
    left.iter().zip(right).map(size).collect()
}

fn fit_objects(a: &Object, b: &Object) -> Result<Ty, Mismatch> {
    let sizes = fit_sizes(&a.sizes, &b.sizes)?;
    let fields = a.fields.iter().zip(&b.fields).map(|(a, b)| fit(a, b)).collect::<Result<_, _>>()?;
    Ok(Ty::Object(Object { class: Arc::clone(&a.class), sizes, fields }))
}

/// `expr` as a value of type `to`, to which it is known to convert.
pub fn convert(expr: Expr, to: &Ty) -> Expr {
    let Expr { kind, ty, span } = expr;
    let done = |kind| Expr { kind, ty: to.clone(), span };
    match (kind, &ty, to) {
        // Whatever has items of unknown type has none.
        (_, Ty::List(item), Ty::List(_)) if **item == Ty::Unknown => done(ExprKind::List(Vec::new())),
        (ExprKind::List(items), _, Ty::List(item)) => {
            done(ExprKind::List(convert_all(items, std::iter::repeat(&**item))))
        }
        (ExprKind::Tuple(items), _, Ty::Tuple(tys) | Ty::Object(Object { fields: tys, .. })) => {
            done(ExprKind::Tuple(convert_all(items, tys)))
        }
        (kind, _, _) if ty.erased() == to.erased() => done(kind),
        (kind, _, _) => done(ExprKind::Convert(Box::new(Expr { kind, ty, span }))),
    }
}

fn convert_all<'t>(items: Vec<Expr>, tys: impl IntoIterator<Item = &'t Ty>) -> Vec<Expr> {
    items.into_iter().zip(tys).map(|(item, ty)| convert(item, ty)).collect()
}

impl Value {
    /// The value converted to a type to which it is known to convert.
    #[must_use]
    pub fn converted(mut self, to: &Ty) -> Value {
        if self.is_error() || to.is_error() {
            return Value::error(self.span());
        }
        let was_secret = self.ty().is_secret();
        if !was_secret && to.is_secret() && self.why.is_none() {
            let text = "a public value is made secret here".to_owned();
            self.why = Some(Origin { span: self.span(), text }.into());
        }
        self.expr = convert(self.expr, to);
        if !to.is_scalar(Kind::Int) {
            self.known = Dim::Unknown;
        }
        self
    }
}

/// What asks for a type: how messages begin, and the place that says so.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'t> {
    /// What the value is for, as in "argument `x` of `f`".
    pub what: &'t str,
    /// Where the type is asked for.
    pub declared: Option<Span>,
}

impl Body<'_, '_> {
    /// The value converted to `to`, or an error that says why it does not convert.
    pub fn coerce(&mut self, value: Value, to: &Ty, wanted: &Wanted<'_>) -> Value {
        if value.is_error() || to.is_error() {
            return Value::error(value.span());
        }
        match fit(value.ty(), to) {
            Ok(ty) => value.converted(&ty),
            Err(mismatch) => self.fail(does_not_fit(&value, to, &mismatch, wanted)),
        }
    }
}

/// Where a type is declared, and the secret one that would do; outputs disclose what they get by themselves.
fn kept_secret(found: Diagnostic, from: &Ty, to: &Ty, wanted: &Wanted<'_>) -> Diagnostic {
    let tells = "`.reveal()` tells everyone; an `output … to ROLE` tells that role alone";
    let holds = |kind: &Kind| from.kind().is_some_and(|from| Domain::of(from) <= Domain::of(*kind));
    let scalar = to.kind().filter(|kind| to.is_scalar(*kind)).and_then(Kind::secret).filter(holds);
    match (scalar, wanted.declared) {
        (Some(kind), Some(at)) if wanted.what.starts_with("output") => {
            let title = format!("declare it `{kind}`: an output tells its roles by itself");
            found.fix(title, [(at, kind.text())])
        }
        (Some(kind), Some(at)) => {
            found.help(tells).fix(format!("or keep it secret: declare it `{kind}`"), [(at, kind.text())])
        }
        _ => found.help(tells),
    }
}

fn does_not_fit(value: &Value, to: &Ty, mismatch: &Mismatch, wanted: &Wanted<'_>) -> Diagnostic {
    let head = if wanted.what.is_empty() { String::new() } else { format!("{}: ", wanted.what) };
    let expected = format!("{head}expected `{to}`, found `{}`", value.ty());
    let found = match mismatch {
        Mismatch::Secret => kept_secret(secret(value, &expected), value.ty(), to, wanted),
        Mismatch::Kind => {
            Diagnostic::new(Code::TypeMismatch, value.span(), expected).label(format!("this is `{}`", value.ty()))
        }
        Mismatch::Rank => {
            Diagnostic::new(Code::ShapeMismatch, value.span(), expected).label(format!("this has {}", axes(value.ty())))
        }
        Mismatch::Size(left, right) => Diagnostic::new(Code::ShapeMismatch, value.span(), expected).label(format!(
            "{} {left}, where {right} is expected",
            if value.ty().has_object() { "size" } else { "an axis of size" }
        )),
    };
    let found = match wanted.declared {
        Some(span) => found.note(span, format!("`{to}` is asked for here")),
        None => found,
    };
    match (mismatch, narrowing(value.ty(), to)) {
        (Mismatch::Kind, Some(help)) => found.help(help),
        _ => found,
    }
}

fn secret(value: &Value, expected: &str) -> Diagnostic {
    let message = format!("{expected}: a secret does not become public by itself");
    let found = Diagnostic::new(Code::SecretToPublic, value.span(), message);
    because(found, &value.why)
}

/// Says why something is secret, at the place itself and where the secret comes from.
pub fn because(found: Diagnostic, why: &Why) -> Diagnostic {
    match why {
        Some(origin) => {
            found.label(format!("secret because {}", origin.text)).note(origin.span, "the secret comes from here")
        }
        None => found.label("this is secret"),
    }
}

fn axes(ty: &Ty) -> String {
    match ty {
        Ty::Tensor(_, dims) if dims.is_empty() => "no axes".into(),
        Ty::Tensor(_, dims) => format!("{} {}", dims.len(), if dims.len() == 1 { "axis" } else { "axes" }),
        _ => format!("type `{ty}`"),
    }
}

fn narrowing(from: &Ty, to: &Ty) -> Option<String> {
    let (from, to) = (from.kind()?, to.kind()?);
    let narrower = Domain::of(to) < Domain::of(from) && Domain::of(from) != Domain::Text;
    (narrower && is_secret(to) >= is_secret(from)).then(|| match Domain::of(to) {
        Domain::Bool => "compare it: `… != 0`".to_owned(),
        Domain::Int | Domain::Fix | Domain::Text => format!("convert it: `{to}(…)`, which rounds towards zero"),
    })
}
