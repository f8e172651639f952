//! What a `for` walks, as a count and the item at each position.

use super::body::Body;
use super::builtins::Builtin;
use super::index::Indexed;
use super::shape::Dim;
use super::shares::{Hop, Way, can_share, way};
use super::tree::{Expr, ExprKind, Place, Primitive};
use super::ty::Ty;
use super::value::{Sym, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast;
use mpc_bytecode::Kind;
use mpc_bytecode::operand::Binary;

/// What is walked.
#[derive(Clone, Debug)]
pub enum Items {
    /// Integers: start, stop, step.
    Range(Box<[Value; 3]>),
    /// The entries of a tensor's first axis, or of a list.
    Sequence(Box<Value>),
    /// The same of a variable that may change while it is walked.
    Live(Sym, Span),
    /// Positions, counted from a number, and items.
    Enumerate(Box<Items>, Box<Value>),
    /// Items of several, side by side.
    Zip(Vec<Items>),
    /// Items from the last to the first; the number is their count.
    Reversed(Box<Items>, Box<Value>),
}

/// An item: one value, or several that belong together.
#[derive(Clone, Debug)]
pub enum Item {
    /// One value.
    One(Value),
    /// As a tuple.
    Many(Vec<Item>),
}

impl Item {
    /// True for an item of a list into which nothing was ever put: its turn never comes.
    pub fn is_of_nothing(&self) -> bool {
        match self {
            Item::One(value) => *value.ty() == Ty::Unknown,
            Item::Many(items) => items.iter().any(Item::is_of_nothing),
        }
    }

    /// The item as one value.
    pub fn value(self, span: Span) -> Value {
        match self {
            Item::One(value) => value,
            Item::Many(items) => {
                super::sequences::tuple(items.into_iter().map(|item| item.value(span)).collect(), span)
            }
        }
    }
}

impl<'a> Body<'a, '_> {
    /// What `for … in iter` walks; `None` if that was reported. `live`: a variable is walked as it is at each turn.
    pub fn items(&mut self, iter: &'a ast::Expr, live: bool) -> Option<Items> {
        if let ast::ExprKind::Call { function, args } = &iter.kind
            && let Some(builtin) = self.builtin_called(function)
        {
            match builtin {
                Builtin::Range => {
                    return self.range_arguments(args, iter.span).map(|bounds| Items::Range(Box::new(bounds)));
                }
                Builtin::Enumerate => return self.enumerate_items(args, iter.span, live),
                Builtin::Zip => return self.zip_items(args),
                Builtin::Reversed => return self.reversed_items(args, iter.span),
                _ => {}
            }
        }
        if let (true, Some(name)) = (live, iter.as_name())
            && let sym = self.target_symbol(name)
            && self.flow.get(sym).bound().is_some_and(|binding| is_sequence(&binding.ty))
        {
            return Some(Items::Live(sym, iter.span));
        }
        let value = self.expr(iter);
        match value.place.as_deref().filter(|part| !part.outer && is_sequence(value.ty())).map(|part| part.sym) {
            // What the turns change in it, the next ones find.
            Some(root) => {
                let sym = self.unnamed_symbol(self.name_of(root), iter.span);
                self.assign_symbol(sym, value, iter.span);
                Some(Items::Live(sym, iter.span))
            }
            None => self.items_of(value),
        }
    }

    /// The variables that are walked, and where in them the items lie.
    pub fn walked(&self, items: &Items, found: &mut Vec<(Sym, Way, Span)>) {
        match items {
            Items::Live(sym, span) => {
                if let Some(binding) = self.flow.get(*sym).bound() {
                    let part = self.kept_at(*sym, binding, *span);
                    found.push((part.sym, way(&part.path), *span));
                }
            }
            Items::Enumerate(inner, _) | Items::Reversed(inner, _) => self.walked(inner, found),
            Items::Zip(all) => all.iter().for_each(|items| self.walked(items, found)),
            Items::Range(_) | Items::Sequence(_) => {}
        }
    }

    /// The items of a value.
    pub fn items_of(&mut self, value: Value) -> Option<Items> {
        if value.is_error() {
            return None;
        }
        let span = value.span();
        match value.ty().clone() {
            ty if is_sequence(&ty) => {
                let known = super::sequences::literal_length(&value);
                Some(Items::Sequence(Box::new(self.hold(value.knowing(known), false))))
            }
            ty if ty.is_scalar(Kind::Str) => {
                let list = self.characters(&value)?;
                Some(Items::Sequence(Box::new(self.hold(list, false))))
            }
            Ty::Tuple(_) => {
                let list = self.list_of_tuple(value)?;
                Some(Items::Sequence(Box::new(self.hold(list, false))))
            }
            ty => {
                let found = Diagnostic::new(Code::NotIterable, span, format!("`{ty}` has no elements to go through"));
                self.report(match ty.kind().filter(|kind| ty.is_scalar(*kind)) {
                    Some(Kind::Int) => found.help("`range(…)` goes through the integers from 0 up to it"),
                    Some(Kind::Sint) => {
                        found.help("the number of turns is public: `range(…)` up to a bound that everyone may know")
                    }
                    _ => found,
                });
                None
            }
        }
    }

    pub fn enumerate_items(&mut self, args: &'a [ast::Arg], span: Span, live: bool) -> Option<Items> {
        let mut bound = self.bind_builtin(Builtin::Enumerate, args, span, true)?;
        let inner = self.nested_items(&args.first()?.value, live)?;
        let start = bound.pop().flatten().unwrap_or_else(|| Value::int(0, span));
        let start = self.public_int(start, "the start of `enumerate`");
        Some(Items::Enumerate(Box::new(inner), Box::new(self.hold(start, false))))
    }

    pub fn zip_items(&mut self, args: &'a [ast::Arg]) -> Option<Items> {
        let mut all = Vec::with_capacity(args.len());
        for arg in args {
            all.push(self.nested_items(&arg.value, false)?);
        }
        Some(Items::Zip(all))
    }

    pub fn reversed_items(&mut self, args: &'a [ast::Arg], span: Span) -> Option<Items> {
        self.bind_builtin(Builtin::Reversed, args, span, true)?;
        let inner = self.nested_items(&args.first()?.value, false)?;
        let count = self.count(&inner, span);
        let count = self.hold(count, false);
        Some(Items::Reversed(Box::new(inner), Box::new(count)))
    }

    /// Items inside `enumerate` and the like, where bounds are used more than once.
    fn nested_items(&mut self, iter: &'a ast::Expr, live: bool) -> Option<Items> {
        Some(match self.items(iter, live)? {
            Items::Range(bounds) => Items::Range(Box::new(bounds.map(|bound| self.hold(bound, false)))),
            other => other,
        })
    }

    /// First position, bound and step of the loop over the items.
    pub fn bounds(&mut self, items: &Items, span: Span) -> [Value; 3] {
        match items {
            Items::Range(bounds) => (**bounds).clone(),
            other => [Value::int(0, span), self.count(other, span), Value::int(1, span)],
        }
    }

    /// How many items there are.
    pub fn count(&mut self, items: &Items, span: Span) -> Value {
        match items {
            Items::Range(bounds) => count_of_range(bounds, span),
            Items::Sequence(value) => self.length((**value).clone()),
            Items::Live(sym, span) => {
                let value = self.live_value(*sym, *span);
                self.length(value)
            }
            Items::Enumerate(inner, _) | Items::Reversed(inner, _) => self.count(inner, span),
            Items::Zip(all) => {
                let counts: Vec<Value> = all.iter().map(|items| self.count(items, span)).collect();
                let least = |a: Value, b: Value| {
                    let known = if a.known == b.known { a.known.clone() } else { least_known(&a, &b) };
                    public_int(Binary::Min, a, b, span).knowing(known)
                };
                counts.into_iter().reduce(least).unwrap_or_else(|| Value::int(0, span))
            }
        }
    }

    /// What is walked, as it is now.
    pub fn live_value(&mut self, sym: Sym, span: Span) -> Value {
        let name = self.name_of(sym);
        self.variable(sym, name, span)
    }

    /// The entry of a sequence at a position; what is changed in it is changed where it is kept.
    fn kept_entry(&mut self, base: Value, at: Value) -> Value {
        let Some(part) = base.place.clone().filter(|part| !part.outer) else { return entry(base, at) };
        let place = match base.ty() {
            Ty::List(item) if can_share(item) => {
                let at = self.hold(at.clone(), false);
                Some((part.item(&at, item, at.span()), at))
            }
            Ty::Tensor(kind, dims) if dims.len() > 1 => {
                let at = self.hold(at.clone(), false);
                let found = Indexed { places: vec![Place::At(at.expr.clone())], dims: dims[1..].to_vec() };
                part.view(&found, *kind, at.span()).map(|part| (part, at))
            }
            _ => None,
        };
        match place {
            Some((place, at)) => Value { place: Some(place), ..entry(base, at) },
            None => entry(base, at),
        }
    }

    /// The item for the loop variable `at`.
    pub fn item(&mut self, items: &Items, at: Value) -> Item {
        match items {
            Items::Range(_) => Item::One(at),
            other => self.nth(other, at),
        }
    }

    /// The item at position `at`, from 0.
    fn nth(&mut self, items: &Items, at: Value) -> Item {
        let span = at.span();
        match items {
            Items::Range(bounds) => {
                let [start, _, step] = (**bounds).clone();
                let offset = if step.as_int() == Some(1) { at } else { public_int(Binary::Mul, at, step, span) };
                let first = start.as_int() == Some(0);
                Item::One(if first { offset } else { public_int(Binary::Add, start, offset, span) })
            }
            Items::Sequence(value) => Item::One(self.kept_entry((**value).clone(), at)),
            Items::Live(sym, span) => {
                let value = self.live_value(*sym, *span);
                Item::One(self.kept_entry(value, at))
            }
            Items::Enumerate(inner, start) => {
                let first = start.as_int() == Some(0);
                let number =
                    if first { at.clone() } else { public_int(Binary::Add, (**start).clone(), at.clone(), span) };
                Item::Many(vec![Item::One(number), self.nth(inner, at)])
            }
            Items::Zip(all) => Item::Many(all.iter().map(|items| self.nth(items, at.clone())).collect()),
            Items::Reversed(inner, count) => {
                let last = public_int(Binary::Sub, (**count).clone(), Value::int(1, span), span);
                self.nth(inner, public_int(Binary::Sub, last, at, span))
            }
        }
    }

    /// The items as a list: `list(…)`, `[… for …]` without a condition.
    pub fn list_of_items(&mut self, items: &Items, span: Span) -> Value {
        self.build_list(span, &mut |walk, list| {
            walk.counted(items, span, &[], &mut |walk, item| list.push(walk, item.value(span)));
        })
    }
}

/// True for what has entries that a loop can go through.
pub fn is_sequence(ty: &Ty) -> bool {
    match ty {
        Ty::Tensor(_, dims) => !dims.is_empty(),
        Ty::List(_) => true,
        Ty::Tuple(_) | Ty::Object(_) | Ty::None | Ty::Unknown | Ty::Error => false,
    }
}

fn least_known(a: &Value, b: &Value) -> Dim {
    match (a.as_int(), b.as_int()) {
        (Some(a), Some(b)) => Dim::constant(a.min(b)),
        _ => Dim::Unknown,
    }
}

/// An operation of two public `int` scalars.
pub fn public_int(op: Binary, a: Value, b: Value, span: Span) -> Value {
    let kind = ExprKind::Binary(super::tree::BinaryMeaning::Public(op), Box::new(a.expr), Box::new(b.expr));
    Value::new(kind, Ty::scalar(Kind::Int), span)
}

/// How many integers a range has.
pub fn count_of_range(bounds: &[Value; 3], span: Span) -> Value {
    let [start, stop, step] = bounds;
    let known = match (start.as_int(), stop.as_int(), step.as_int()) {
        (Some(0), _, Some(1)) if stop.as_int().is_none_or(|stop| stop >= 0) => stop.known.clone(),
        (Some(a), Some(b), Some(c)) => known_count(a, b, c),
        _ => Dim::Unknown,
    };
    let args = bounds.iter().map(|bound| bound.expr.clone()).collect();
    Value::new(ExprKind::Primitive(Primitive::Count, args), Ty::scalar(Kind::Int), span).knowing(known)
}

fn known_count(start: i64, stop: i64, step: i64) -> Dim {
    let (start, stop, step) = (i128::from(start), i128::from(stop), i128::from(step));
    let count = match step {
        0 => return Dim::Unknown,
        step if step > 0 => (stop - start + step - 1).div_euclid(step),
        step => (start - stop - step - 1).div_euclid(-step),
    };
    i64::try_from(count.max(0)).map_or(Dim::Unknown, Dim::constant)
}

/// The entry of a sequence at a position.
pub fn entry(base: Value, at: Value) -> Value {
    let Value { expr, why, aliases, .. } = base;
    let span = expr.span;
    let (kind, ty) = match &expr.ty {
        Ty::Tensor(kind, dims) => {
            let ty = Ty::Tensor(*kind, dims.get(1..).unwrap_or_default().to_vec());
            (ExprKind::Index(Box::new(expr), vec![Place::At(at.expr)]), ty)
        }
        Ty::List(item) => {
            let ty = (**item).clone();
            (ExprKind::Item(Box::new(expr), Box::new(at.expr)), ty)
        }
        Ty::Tuple(_) | Ty::Object(_) | Ty::None | Ty::Unknown | Ty::Error => return Value::error(span),
    };
    Value {
        expr: Expr { kind, ty, span },
        why,
        known: Dim::Unknown,
        text: None,
        aliases: aliases.inside(Hop::Item),
        place: None,
    }
}
