//! `base[…]`: tensors, lists and tuples.

use super::body::Body;
use super::convert::{Wanted, because};
use super::operations::dims;
use super::places::CUT;
use super::shape::Dim;
use super::shares::{Hop, can_share};
use super::tree::{ExprKind, Place, Primitive};
use super::ty::{Domain, Ty};
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic, grouped};
use crate::source::Span;
use crate::syntax::ast::{self, Subscript, SubscriptKind};
use mpc_bytecode::Kind;

/// Places of a tensor and the sizes of what they give.
pub struct Indexed {
    /// The places.
    pub places: Vec<Place>,
    /// The axes that are left.
    pub dims: Vec<Dim>,
}

fn too_many_places(named: usize, axes: usize) -> String {
    let count = |number: usize, one: &str, many: &str| match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    };
    format!("{} in a tensor of {}", count(named, "position", "positions"), count(axes, "axis", "axes"))
}

impl<'a> Body<'a, '_> {
    /// `base[items]`
    pub fn index(&mut self, base: &'a ast::Expr, items: &'a [Subscript], span: Span) -> Value {
        let base = self.expr(base);
        match (base.ty().clone(), items) {
            (Ty::Error, _) => base,
            (Ty::Object(_), [Subscript { kind: SubscriptKind::Index(at), .. }]) => {
                let at = self.expr(at);
                match self.object_item(&base, at, span) {
                    Some(value) => value,
                    None => {
                        let message = format!("`{}` cannot be indexed: its class has no `__getitem__`", base.ty());
                        self.fail(Diagnostic::new(Code::BadIndex, span, message))
                    }
                }
            }
            (Ty::List(_), [one]) => self.index_list(base, one, span),
            (ty, [one]) if ty.is_scalar(Kind::Str) => self.index_text(&base, one, span),
            (Ty::Tuple(tys), [one]) => self.index_tuple(&base, &tys, one, span),
            (Ty::Tensor(kind, sizes), items) if !sizes.is_empty() => self.index_tensor(base, kind, &sizes, items, span),
            (ty, _) => {
                let message =
                    format!("`{ty}` cannot be indexed{}", if items.len() > 1 { " with several places" } else { "" });
                let found = Diagnostic::new(Code::BadIndex, span, message);
                self.fail(match ty {
                    Ty::List(_) => found.help("index one list after the other: `x[i][j]`"),
                    ty if ty.is_scalar(Kind::Str) => found.help("a text is one value, and is not taken apart"),
                    _ => found,
                })
            }
        }
    }

    /// An index as a public `int`; `None` if it is not one, which is reported.
    pub fn position(&mut self, at: &'a ast::Expr, what: &str) -> Option<Value> {
        let value = self.expr(at);
        let value = self.public_int(value, what);
        (!value.is_error()).then_some(value)
    }

    /// A public `int` scalar, or an error.
    pub fn public_int(&mut self, value: Value, what: &str) -> Value {
        if value.ty().is_secret() {
            self.secret_position(&value, what);
            return Value::error(value.span());
        }
        let known = value.known.clone();
        self.coerce(value, &Ty::scalar(Kind::Int), &Wanted { what, declared: None }).knowing(known)
    }

    fn index_list(&mut self, base: Value, item: &'a Subscript, span: Span) -> Value {
        let Ty::List(inner) = base.ty().clone() else { return Value::error(span) };
        match &item.kind {
            SubscriptKind::Index(at) => {
                let at = self.expr(at);
                if at.ty().is_secret() {
                    let tensor = self.tensor_of(base);
                    return self.lookup(tensor, at, span);
                }
                let at = self.public_int(at, "a position");
                if at.is_error() || *inner == Ty::Unknown {
                    if !at.is_error() {
                        self.report(Diagnostic::new(Code::BadIndex, span, "this list is empty"));
                    }
                    return Value::error(span);
                }
                // What a call changes in the item is stored at the same position.
                let kept = base.place.as_deref().filter(|_| can_share(&inner));
                let at = if kept.is_some() { self.hold(at, false) } else { at };
                let place = kept.map(|part| part.item(&at, &inner, span));
                let kind = ExprKind::Item(Box::new(base.expr), Box::new(at.expr));
                let item = Value::new(kind, *inner, span);
                Value { aliases: base.aliases.inside(Hop::Item), place, ..item }.because(base.why)
            }
            SubscriptKind::Slice { start, stop, step } => {
                let mut bound = |bound: &'a Option<Box<ast::Expr>>| match bound {
                    Some(bound) => self.position(bound, CUT).map(|value| Some(Box::new(value.expr))),
                    None => Some(None),
                };
                let (Some(start), Some(stop), Some(step)) = (bound(start), bound(stop), bound(step)) else {
                    return Value::error(span);
                };
                let (ty, aliases) = (base.ty().clone(), base.items_aliases());
                let slice = Value::new(ExprKind::Slice(Box::new(base.expr), [start, stop, step]), ty, span);
                Value { aliases, ..slice }.because(base.why)
            }
            SubscriptKind::Ellipsis | SubscriptKind::NewAxis => self.fail(
                Diagnostic::new(Code::BadIndex, item.span, "a list has one axis")
                    .help("`array(…)` makes a tensor of a list"),
            ),
        }
    }

    fn index_tuple(&mut self, base: &Value, tys: &[Ty], item: &'a Subscript, span: Span) -> Value {
        let SubscriptKind::Index(at) = &item.kind else {
            return self.fail(Diagnostic::new(Code::BadIndex, item.span, "a tuple is indexed by one number"));
        };
        let Some(at) = self.position(at, "a position") else { return Value::error(span) };
        let count = tys.len() as i64;
        match at.as_int() {
            Some(index) if (-count..count).contains(&index) => {
                let index = index.rem_euclid(count) as usize;
                let place = base.place.as_deref().filter(|_| can_share(&tys[index]));
                let place = place.map(|part| part.component(index, &tys[index], span));
                Value { place, ..super::sequences::component(base, index) }
            }
            Some(index) => {
                let message = format!("this tuple has {count} items; there is no item {index}");
                self.fail(Diagnostic::new(Code::BadIndex, at.span(), message))
            }
            None => {
                let list = self.list_of_tuple(base.clone());
                let Some(list) = list else { return Value::error(span) };
                super::iteration::entry(list, at)
            }
        }
    }

    fn index_tensor(&mut self, base: Value, kind: Kind, sizes: &[Dim], items: &'a [Subscript], span: Span) -> Value {
        if let [Subscript { kind: SubscriptKind::Index(at), .. }] = items {
            let at = self.expr(at);
            match at.ty().clone() {
                Ty::Error => return at,
                Ty::Tensor(Kind::Sint | Kind::Sbool, dims) if dims.is_empty() => return self.lookup(base, at, span),
                Ty::Tensor(Kind::Int, dims) if !dims.is_empty() => return gather(base, at, &dims, span),
                Ty::List(item) if item.is_scalar(Kind::Int) => {
                    let at = self.tensor_of(at);
                    let dims = dims(at.ty()).to_vec();
                    return gather(base, at, &dims, span);
                }
                ty => {
                    if let Some(found) = mask(&ty, at.span()) {
                        return self.fail(found);
                    }
                    let Some((place, rest)) = self.one_position(at, sizes) else { return Value::error(span) };
                    return self.view(base, kind, Indexed { places: vec![place], dims: rest }, span);
                }
            }
        }
        match self.places(items, sizes, span) {
            Some(found) => self.view(base, kind, found, span),
            None => Value::error(span),
        }
    }

    /// A part of a tensor: what a call changes in it is stored there.
    fn view(&mut self, base: Value, kind: Kind, mut found: Indexed, span: Span) -> Value {
        let Some(part) = base.place.clone().filter(|_| !found.dims.is_empty()) else {
            return indexed(base, kind, found, span);
        };
        found.places = self.hold_places(found.places);
        let part = part.view(&found, kind, span);
        Value { place: part, ..indexed(base, kind, found, span) }
    }

    fn one_position(&mut self, at: Value, sizes: &[Dim]) -> Option<(Place, Vec<Dim>)> {
        let at = self.public_int(at, "a position");
        let (first, rest) = sizes.split_first()?;
        if at.is_error() || !self.inside(&at, first) {
            return None;
        }
        Some((Place::At(at.expr), rest.to_vec()))
    }

    /// The places of an index into a tensor with these axes; `None` if they do not fit, which is reported.
    pub fn places(&mut self, items: &'a [Subscript], sizes: &[Dim], span: Span) -> Option<Indexed> {
        let takes = |item: &Subscript| matches!(item.kind, SubscriptKind::Index(_) | SubscriptKind::Slice { .. });
        let named = items.iter().filter(|item| takes(item)).count();
        let rests = items.iter().filter(|item| item.kind == SubscriptKind::Ellipsis).count();
        if named > sizes.len() || rests > 1 {
            let message =
                if rests > 1 { "`...` can stand only once".into() } else { too_many_places(named, sizes.len()) };
            self.report(Diagnostic::new(Code::BadIndex, span, message));
            return None;
        }
        let mut found = Indexed { places: Vec::new(), dims: Vec::new() };
        let mut axes = sizes.iter();
        for item in items {
            match &item.kind {
                SubscriptKind::Ellipsis => {
                    found.places.push(Place::Rest);
                    found.dims.extend(axes.by_ref().take(sizes.len() - named).cloned());
                }
                SubscriptKind::NewAxis => {
                    found.places.push(Place::NewAxis);
                    found.dims.push(Dim::constant(1));
                }
                SubscriptKind::Index(at) => {
                    let at = self.expr(at);
                    if let Some(mask) = mask(at.ty(), at.span()) {
                        self.report(mask);
                        return None;
                    }
                    let at = self.public_int(at, "a position");
                    let size = axes.next()?;
                    if at.is_error() || !self.inside(&at, size) {
                        return None;
                    }
                    found.places.push(Place::At(at.expr));
                }
                SubscriptKind::Slice { start, stop, step } => {
                    let size = axes.next()?;
                    let mut bound = |bound: &'a Option<Box<ast::Expr>>| match bound {
                        Some(bound) => self.position(bound, CUT).map(Some),
                        None => Some(None),
                    };
                    let (start, stop, step) = (bound(start)?, bound(stop)?, bound(step)?);
                    found.dims.push(slice_size(size, start.as_ref(), stop.as_ref(), step.as_ref()));
                    let expr = |value: Option<Value>| value.map(|value| value.expr);
                    found.places.push(Place::Range(expr(start), expr(stop), expr(step)));
                }
            }
        }
        found.dims.extend(axes.cloned());
        Some(found)
    }

    fn inside(&mut self, at: &Value, size: &Dim) -> bool {
        let (Some(index), Some(count)) = (at.as_int(), size.as_const()) else { return true };
        let inside = count >= 0 && (-count..count).contains(&index);
        // Where the exception is handled, it may be meant.
        if !inside && !self.tries.protects() {
            let message = format!("position {index} does not exist on an axis of size {count}");
            self.report(Diagnostic::new(Code::BadIndex, at.span(), message));
            return false;
        }
        true
    }

    /// `base[at]` with a secret position: every element is read.
    fn lookup(&mut self, base: Value, at: Value, span: Span) -> Value {
        if base.is_error() || at.is_error() {
            return Value::error(span);
        }
        if Domain::of(at.ty().kind().unwrap_or(Kind::Str)) > Domain::Int || !dims(at.ty()).is_empty() {
            let found = Diagnostic::new(Code::BadIndex, at.span(), format!("a position cannot be `{}`", at.ty()));
            return self.fail(because(found, &at.why));
        }
        if !self.library {
            let entries = dims(base.ty()).first().and_then(Dim::as_const);
            let count = entries.and_then(|count| u64::try_from(count).ok());
            let count = count.map_or("every entry".to_owned(), |count| format!("all {} entries", grouped(count)));
            let message = format!("reading at a secret position touches {count}");
            let found = because(Diagnostic::new(Code::SecretLookup, at.span(), message), &at.why);
            self.report(found);
        }
        self.library("item_at", vec![base, at], span)
    }
}

fn indexed(base: Value, kind: Kind, found: Indexed, span: Span) -> Value {
    let index = ExprKind::Index(Box::new(base.expr), found.places);
    Value { aliases: base.aliases.inside(Hop::Item), ..Value::new(index, Ty::Tensor(kind, found.dims), span) }
        .because(base.why)
}

fn gather(base: Value, at: Value, shape: &[Dim], span: Span) -> Value {
    let Ty::Tensor(kind, sizes) = base.ty().clone() else { return Value::error(span) };
    let result = shape.iter().cloned().chain(sizes.into_iter().skip(1)).collect();
    let kind_of = ExprKind::Primitive(Primitive::Gather, vec![base.expr, at.expr]);
    Value::new(kind_of, Ty::Tensor(kind, result), span).because(base.why)
}

fn mask(ty: &Ty, span: Span) -> Option<Diagnostic> {
    let truth = ty.kind().is_some_and(|kind| Domain::of(kind) == Domain::Bool) && !dims(ty).is_empty();
    truth.then(|| {
        let message = "a mask cannot be an index: the number of elements it takes is not known";
        Diagnostic::new(Code::BadIndex, span, message)
            .help("`where(mask, a, b)` selects element by element and keeps the size; `sum(mask)` counts")
    })
}

/// The size of `start:stop:step` of an axis, where it is plain.
fn slice_size(size: &Dim, start: Option<&Value>, stop: Option<&Value>, step: Option<&Value>) -> Dim {
    let number = |bound: Option<&Value>| bound.map(Value::as_int);
    if let Some(count) = size.as_const()
        && let Some(range) = clipped(count, number(start), number(stop), number(step))
    {
        return Dim::constant(range);
    }
    match (number(start), stop, number(step)) {
        (None, None, None | Some(Some(1 | -1))) => size.clone(),
        // `x[k:]`, `x[:-k]`: right for axes that are long enough; shorter ones are clipped, so nothing is claimed of them.
        _ => Dim::Unknown,
    }
}

fn clipped(
    count: i64,
    start: Option<Option<i64>>,
    stop: Option<Option<i64>>,
    step: Option<Option<i64>>,
) -> Option<i64> {
    let step = step.unwrap_or(Some(1))?;
    if step == 0 {
        return None;
    }
    if count < 0 {
        return None;
    }
    let (low, high) = if step > 0 { (0, count) } else { (-1, count - 1) };
    let clip = |at: i64| (if at < 0 { at.saturating_add(count) } else { at }).clamp(low, high);
    let first = start.map_or(Some(if step > 0 { low } else { high }), |at| at.map(clip))?;
    let last = stop.map_or(Some(if step > 0 { high } else { low }), |at| at.map(clip))?;
    let span = if step > 0 { last - first } else { first - last };
    Some(if span <= 0 { 0 } else { (span - 1) / step.saturating_abs() + 1 })
}
