//! Assignment to parts: `x[i] = v`, `x[i].append(v)`; under a secret condition, a selection between new and old.

use super::body::Body;
use super::convert::{Wanted, because, fit};
use super::flow::Binding;
use super::index::Indexed;
use super::shape;
use super::shares::{Aliases, Hop, Way, can_share, way};
use super::tree::{BinaryMeaning, Expr, ExprKind, Place, Step, StmtKind, UnaryMeaning};
use super::ty::{Ty, join_kinds};
use super::value::{Sym, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::names::Meaning;
use crate::source::Span;
use crate::syntax::ast;
use mpc_bytecode::Kind;
use mpc_bytecode::operand::Binary;
use std::rc::Rc;

/// A part of a variable.
#[derive(Clone, Debug)]
pub struct Part {
    /// The variable.
    pub sym: Sym,
    /// The way from it to the part; all expressions can be used more than once.
    pub path: Vec<Step>,
    /// The part's type.
    pub ty: Ty,
    /// The whole text.
    pub span: Span,
    /// In a field of an object: the type that the class declares, and where.
    pub declared: Option<(Ty, Span)>,
    /// True if the variable belongs to another file.
    pub outer: bool,
    /// How many calls had changed objects when this was found.
    pub stamp: u32,
}

impl Part {
    /// The component of a tuple.
    pub fn component(&self, at: usize, ty: &Ty, span: Span) -> Rc<Part> {
        let mut part = Part { ty: ty.clone(), span, declared: None, ..self.clone() };
        part.path.push(Step::Component(at));
        Rc::new(part)
    }

    /// The item of a list at a position that can be used more than once.
    pub fn item(&self, at: &Value, ty: &Ty, span: Span) -> Rc<Part> {
        let mut part = Part { ty: ty.clone(), span, declared: None, ..self.clone() };
        part.path.push(Step::Item(at.expr.clone()));
        Rc::new(part)
    }

    /// Part of a tensor, at places that can be used more than once; none of a part of a part.
    pub fn view(&self, found: &Indexed, kind: Kind, span: Span) -> Option<Rc<Part>> {
        let mut part = Part { ty: Ty::Tensor(kind, found.dims.clone()), span, ..self.clone() };
        let mut places = simple_places(&mut part.path)?;
        places.extend(found.places.iter().cloned());
        part.path.push(Step::Places(places));
        Some(Rc::new(part))
    }

    /// A variable.
    pub fn whole(sym: Sym, ty: Ty, span: Span) -> Self {
        Part { sym, path: Vec::new(), ty, span, declared: None, outer: false, stamp: 0 }
    }
}

impl<'a> Body<'a, '_> {
    /// The part of a variable that an expression names, for a change in place; `None` if that was reported.
    pub fn part(&mut self, expr: &'a ast::Expr) -> Option<Part> {
        match &expr.kind {
            ast::ExprKind::Attribute { base, name } if self.module_named(base).is_some() => {
                self.changed_in_module(&name.text, expr.span);
                None
            }
            ast::ExprKind::Name(name) => self.whole(name, expr.span),
            ast::ExprKind::Index { base, items } => {
                let outer = self.part(base)?;
                match (outer.ty.clone(), items.as_slice()) {
                    // What stands in a tuple may be changed, if it is not replaced.
                    (Ty::Tuple(tys), [ast::Subscript { kind: ast::SubscriptKind::Index(at), .. }]) => {
                        let at = self.position(at, "a position")?.as_int().and_then(|at| usize::try_from(at).ok());
                        match at.and_then(|at| Some((at, tys.get(at)?))) {
                            Some((at, ty)) => Some(Part::clone(&outer.component(at, ty, expr.span))),
                            None => self.step_into(outer, items, expr.span),
                        }
                    }
                    _ => self.step_into(outer, items, expr.span),
                }
            }
            ast::ExprKind::Attribute { base, name } => match self.part_in_making(base, name, expr.span) {
                Some(field) => field,
                None => {
                    let outer = self.part(base)?;
                    self.step_to_field(outer, name, expr.span)
                }
            },
            _ => {
                let found =
                    Diagnostic::new(Code::BadTarget, expr.span, "only a variable or a part of one can be changed");
                self.report(found.help("assign the value to a variable first"));
                None
            }
        }
    }

    fn whole(&mut self, name: &'a str, span: Span) -> Option<Part> {
        if let Meaning::Variable(owner, name) = self.checker.scopes.meaning(self.owner, name)
            && owner != self.owner
            && !self.comprehension.iter().any(|(inner, _)| *inner == name)
        {
            if owner.is_top() && self.checker.scopes.module_of(owner) != self.module() {
                self.changed_in_module(name, span);
                return None;
            }
            if self.name(name, span).is_error() {
                return None;
            }
            let sym = self.symbol(owner, name);
            let binding = self.flow.get(sym).bound()?.clone();
            return Some(self.kept_at(sym, &binding, span));
        }
        let value = self.name(name, span);
        if value.is_error() {
            return None;
        }
        let sym = self.target_symbol(name);
        let binding = self.flow.get(sym).bound()?.clone();
        Some(self.kept_at(sym, &binding, span))
    }

    /// Where what a variable has is kept: in the variable, or where that certainly is a part of another one.
    pub fn kept_at(&self, sym: Sym, binding: &Binding, span: Span) -> Part {
        match binding.home.as_deref().filter(|home| self.flow.get(home.sym).bound().is_some()) {
            Some(home) => Part { span, ty: self.flow.read(binding, span).ty, ..home.clone() },
            None => Part::whole(sym, binding.ty.clone(), span),
        }
    }

    /// The part of `outer` at an index.
    pub fn step_into(&mut self, mut outer: Part, items: &'a [ast::Subscript], span: Span) -> Option<Part> {
        match outer.ty.clone() {
            Ty::List(item) => {
                let [ast::Subscript { kind: ast::SubscriptKind::Index(at), .. }] = items else {
                    let message = "a list can be changed at one position only";
                    self.report(
                        Diagnostic::new(Code::BadIndex, span, message).help("change the items one by one, in a loop"),
                    );
                    return None;
                };
                let at = self.position(at, CHANGED)?;
                let at = self.hold(at, false);
                outer.path.push(Step::Item(at.expr));
                outer.ty = *item;
                outer.declared = outer.declared.and_then(|(ty, span)| match ty {
                    Ty::List(item) => Some((*item, span)),
                    _ => None,
                });
            }
            Ty::Tensor(Kind::Str, _) => {
                let found = Diagnostic::new(Code::BadIndex, span, "a part of a text cannot be changed");
                self.report(found.help("make another text: `s[:i] + \"x\" + s[i + 1:]`, or `.replace(…)`"));
                return None;
            }
            Ty::Tensor(kind, dims) => {
                let indexed = self.places(items, &dims, span)?;
                let places = self.hold_places(indexed.places);
                let Some(mut before) = simple_places(&mut outer.path) else {
                    let message = "a part of a part cannot be changed";
                    self.report(
                        Diagnostic::new(Code::BadIndex, span, message).help("write all places in one pair of brackets"),
                    );
                    return None;
                };
                before.extend(places);
                outer.path.push(Step::Places(before));
                outer.ty = Ty::Tensor(kind, indexed.dims);
            }
            Ty::Error => return None,
            ty => {
                let found = Diagnostic::new(Code::BadIndex, span, format!("a part of `{ty}` cannot be changed"));
                let found = found.label(format!("this is in `{ty}`"));
                self.report(match ty {
                    Ty::Tuple(_) => found.help("make another tuple, or use a list if all items have one type"),
                    _ => found,
                });
                return None;
            }
        }
        Some(Part { span, ..outer })
    }

    pub fn hold_places(&mut self, places: Vec<Place>) -> Vec<Place> {
        places
            .into_iter()
            .map(|place| match place {
                Place::At(at) => Place::At(self.hold_expr(at)),
                Place::Range(start, stop, step) => {
                    let mut held = |bound: Option<Expr>| bound.map(|bound| self.hold_expr(bound));
                    Place::Range(held(start), held(stop), held(step))
                }
                Place::NewAxis => Place::NewAxis,
                Place::Rest => Place::Rest,
            })
            .collect()
    }

    fn hold_expr(&mut self, expr: Expr) -> Expr {
        let span = expr.span;
        let value = Value { expr, ..Value::error(span) };
        self.hold(value, false).expr
    }

    /// The part's value now.
    pub fn read_part(&self, part: &Part) -> Value {
        let Some(binding) = self.flow.get(part.sym).bound() else { return Value::error(part.span) };
        let expr = read_path(Expr::local(binding.local, binding.ty.clone(), part.span), &part.path, part.span);
        let value = Value::new(expr.kind, part.ty.clone(), part.span);
        let aliases = if can_share(&part.ty) { Aliases::at(part.sym, way(&part.path)) } else { Aliases::default() };
        Value { aliases, ..value }.because(binding.why.clone())
    }

    /// `part = value`.
    pub fn store(&mut self, part: &Part, value: Value, span: Span) {
        if part.path.is_empty() {
            let declared = part.declared.clone();
            let value = declared
                .map_or(value.clone(), |(ty, at)| self.coerce(value, &ty, &Wanted { what: "", declared: Some(at) }));
            return self.assign_symbol(part.sym, value, span);
        }
        let resized = has_list(value.ty());
        if value.is_error() || part.ty.is_error() || !self.may_change(part, self.replaced_in(part), resized, span) {
            return;
        }
        let Some(binding) = self.flow.get(part.sym).bound().cloned() else { return };
        let predicated = binding.depth < self.secret.len();
        let value = match part.declared {
            None => value,
            Some(_) => match self.fit_field(part, value, predicated) {
                Some(value) => value,
                None => return,
            },
        };
        let aliases = if can_share(value.ty()) { value.aliases.clone() } else { Aliases::default() };
        let from = value.place.clone();
        if let Some(part) = self.put(part.clone(), value, &binding, span)
            && !matches!(part.path.last(), Some(Step::Places(_)))
        {
            self.replaced(&part, predicated);
            self.share(&aliases, part.sym, &way(&part.path), span);
            if !predicated {
                self.move_home(from.as_deref(), part);
            }
        }
    }

    /// Writes a value into a part of a variable that may be changed; the variable gets the type that this takes.
    pub fn put(&mut self, part: Part, value: Value, binding: &Binding, span: Span) -> Option<Part> {
        let predicated = binding.depth < self.secret.len();
        let wide = self.stored_type(&part, &value, predicated)?;
        let part = Part { ty: wide.clone(), ..part };
        let binding = self.widen(&part, binding, &wide, span);
        let value = self.fit_into(value, &wide, &part);
        if value.is_error() {
            return None;
        }
        let value = if binding.depth < self.secret.len() { self.predicate(value, &part, binding.depth) } else { value };
        self.learn_why(part.sym, &value);
        self.learn_type(&part, &wide);
        self.emit(StmtKind::AssignPath(binding.local, part.path.clone(), value.expr), span);
        Some(part)
    }

    /// What was in a field until now is not in it any more.
    fn replaced(&mut self, part: &Part, predicated: bool) {
        let whole = part.path.iter().all(|step| matches!(step, Step::Component(_)));
        if let Some(binding) = self.flow.get(part.sym).bound().filter(|_| whole && !predicated) {
            let shared = binding.shared.without(&way(&part.path));
            let binding = Binding { shared, ..Binding::clone(binding) };
            self.flow.set(part.sym, super::flow::Var::Bound(binding.into()));
        }
    }

    /// The object of which a store to this part replaces something. A tensor changes itself.
    fn replaced_in(&self, part: &Part) -> Way {
        let mut way = way(&part.path);
        if !matches!(part.path.last(), Some(Step::Places(_))) {
            way.pop();
        }
        way
    }

    /// Whether the object at `container` may be changed here; the caller hears of it.
    fn may_change(&mut self, part: &Part, container: Way, resized: bool, span: Span) -> bool {
        let may = self.changeable(part.sym, &container, span);
        if may {
            self.note_change(part, container.clone(), resized, span);
            let elements = matches!(part.path.last(), Some(Step::Places(_)));
            if !elements {
                self.leave_home(part.sym, Some(&container), span);
            }
        }
        may
    }

    pub fn learn_why(&mut self, sym: Sym, value: &Value) {
        if let Some(binding) = self.flow.get(sym).bound()
            && binding.why.is_none()
            && value.why.is_some()
        {
            let known = Binding { why: value.why.clone(), ..Binding::clone(binding) };
            self.flow.set(sym, super::flow::Var::Bound(known.into()));
        }
    }

    /// The type that the part must have to take the value.
    fn stored_type(&mut self, part: &Part, value: &Value, predicated: bool) -> Option<Ty> {
        let joined = match (&part.ty, value.ty()) {
            (Ty::Tensor(kind, dims), Ty::Tensor(new, _)) => {
                join_kinds(*kind, *new).map(|kind| Ty::Tensor(kind, dims.clone()))
            }
            (old, new) => old.join(new),
        };
        let Some(joined) = joined else {
            let message = format!("expected `{}`, found `{}`", part.ty, value.ty());
            let found = Diagnostic::new(Code::TypeMismatch, value.span(), message);
            self.report(found.label(format!("this is `{}`", value.ty())).note(part.span, format!("`{}`", part.ty)));
            return None;
        };
        Some(if predicated { joined.secret() } else { joined })
    }

    /// Gives the variable a type whose part has type `wide`.
    fn widen(&mut self, part: &Part, binding: &Binding, wide: &Ty, span: Span) -> Binding {
        let whole = replace_part(&binding.ty, &part.path, wide);
        if whole.erased() == binding.ty.erased() {
            return binding.clone();
        }
        let known = binding.known.clone();
        self.rebind(part.sym, binding, whole, known, span);
        self.flow.get(part.sym).bound().map_or_else(|| binding.clone(), |bound| Binding::clone(bound))
    }

    fn fit_into(&mut self, value: Value, wide: &Ty, part: &Part) -> Value {
        let (Ty::Tensor(kind, dims), Ty::Tensor(_, found)) = (wide, value.ty()) else {
            return self.coerce(value, wide, &Wanted { what: "", declared: Some(part.span) });
        };
        let fits =
            found.len() <= dims.len() && shape::broadcast(dims, found).is_ok_and(|both| both.len() == dims.len());
        let larger =
            found.iter().rev().zip(dims.iter().rev()).any(|(new, old)| old.as_const() == Some(1) && old.differs(new));
        if !fits || larger {
            let message = format!("sizes do not fit: `{}` into `{wide}`", value.ty());
            return self.fail(
                Diagnostic::new(Code::ShapeMismatch, value.span(), message)
                    .note(part.span, format!("this is `{wide}`")),
            );
        }
        let to = Ty::Tensor(*kind, found.clone());
        value.converted(&to)
    }

    /// `value` where all secret conditions from `depth` on hold, else what the part has.
    pub fn predicate(&mut self, value: Value, part: &Part, depth: usize) -> Value {
        let span = value.span();
        let old = self.read_part(part);
        let Some(condition) = self.conjunction(depth, span) else { return value };
        let ty = fit(value.ty(), old.ty()).unwrap_or_else(|_| old.ty().clone());
        let ty = if matches!(value.ty(), Ty::Tensor(..)) { old.ty().clone() } else { ty };
        let why = value.why.clone().or_else(|| self.secret.last().and_then(|arm| arm.why.clone()));
        let kind = ExprKind::Select(Box::new(condition), Box::new(value.expr), Box::new(old.expr));
        Value::new(kind, ty, span).because(why)
    }

    /// All secret conditions from `depth` on, as one `sbool`.
    pub fn conjunction(&self, depth: usize, span: Span) -> Option<Expr> {
        let ty = Ty::scalar(Kind::Sbool);
        let one = |arm: &super::body::SecretArm| {
            let condition = Expr::local(arm.condition, ty.clone(), span);
            if !arm.negated {
                return condition;
            }
            Expr { kind: ExprKind::Unary(UnaryMeaning::Not, Box::new(condition)), ty: ty.clone(), span }
        };
        let and = |a: Expr, b: Expr| {
            let kind = ExprKind::Binary(BinaryMeaning::And, Box::new(a), Box::new(b));
            Expr { kind, ty: ty.clone(), span }
        };
        self.secret.get(depth..)?.iter().map(one).reduce(and)
    }

    /// `part.append(value)`
    pub fn push(&mut self, part: &Part, value: Value, span: Span) {
        let Ty::List(item) = &part.ty else { return };
        if value.is_error() || !self.resizable(part, span) {
            return;
        }
        let Some(binding) = self.flow.get(part.sym).bound().cloned() else { return };
        let value = match &part.declared {
            Some((Ty::List(item), at)) => self.coerce(value, item, &Wanted { what: "", declared: Some(*at) }),
            _ => value,
        };
        if value.is_error() {
            return;
        }
        let Some(joined) = item.join(value.ty()) else {
            let message = format!("expected `{item}`, found `{}`", value.ty());
            let found = Diagnostic::new(Code::TypeMismatch, value.span(), message);
            return self.report(found.label(format!("all items of this list are `{item}`")));
        };
        let part = Part { ty: Ty::List(Box::new(joined.clone())), ..part.clone() };
        let wide = part.ty.clone();
        let binding = self.widen(&part, &binding, &wide, span);
        self.learn_type(&part, &wide);
        self.learn_why(part.sym, &value);
        let value = value.converted(&joined);
        let shared = can_share(value.ty());
        if shared {
            let to: Way = way(&part.path).into_iter().chain([Hop::Item]).collect();
            self.share(&value.aliases, part.sym, &to, span);
        }
        self.changes.stored += 1;
        self.emit(StmtKind::Push(binding.local, part.path.clone(), value.expr), span);
        if let Some(from) = value.place.filter(|from| shared && from.path.is_empty()) {
            let list = self.read_part(&part);
            let length = self.length(list);
            let last = super::iteration::public_int(Binary::Sub, length, Value::int(1, span), span);
            let last = self.hold(last, false);
            let home = part.item(&last, &joined, span);
            self.move_home(Some(&from), Part::clone(&home));
        }
    }

    /// Sizes of items may differ from now on: the variable's type says so without another local.
    pub fn learn_type(&mut self, part: &Part, wide: &Ty) {
        if let Some(binding) = self.flow.get(part.sym).bound() {
            let ty = replace_part(&binding.ty, &part.path, wide);
            let binding = Binding { ty, ..Binding::clone(binding) };
            self.flow.set(part.sym, super::flow::Var::Bound(binding.into()));
            self.learn_types_at_home(part.sym);
        }
    }

    /// Whether the list's length may change here.
    pub fn resizable(&mut self, part: &Part, span: Span) -> bool {
        self.may_resize(part, span) && self.may_change(part, way(&part.path), true, span)
    }

    /// The same, where it is clear that the part may be changed.
    pub fn may_resize(&mut self, part: &Part, span: Span) -> bool {
        let depth = self.flow.get(part.sym).bound().map_or(0, |binding| binding.depth);
        if depth < self.secret.len() && !self.effect(super::effects::EffectKind::Resize, span) {
            return false;
        }
        let walked = way(&part.path);
        let iterated = self.iterating.iter().find(|(sym, way, _)| *sym == part.sym && *way == walked);
        if let Some(at) = iterated.map(|(_, _, at)| *at) {
            let message =
                format!("`{}` cannot get longer or shorter while a loop goes through it", self.name_of(part.sym));
            let found = Diagnostic::new(Code::SharedChange, span, message).note(at, "the loop goes through it");
            self.report(found.help("collect the items in another list"));
            return false;
        }
        true
    }

    /// Gives a list other items; it stays the list that it is.
    pub fn replace_items(&mut self, part: &Part, items: Value, span: Span) {
        if items.is_error() || !self.resizable(part, span) {
            return;
        }
        let items = match &part.declared {
            Some((ty, at)) => self.coerce(items, &ty.clone(), &Wanted { what: "", declared: Some(*at) }),
            None => items,
        };
        let items = self.hold(items.alone(), false);
        if let Some(binding) = self.flow.get(part.sym).bound().cloned().filter(|_| !items.is_error()) {
            self.put(part.clone(), items, &binding, span);
            self.changes.stored += 1;
        }
    }

    /// `part.pop(at)`: the local that receives the item.
    pub fn pop(&mut self, part: &Part, at: Value, span: Span) -> Value {
        let Ty::List(item) = &part.ty else { return Value::error(span) };
        if at.is_error() || !self.resizable(part, span) {
            return Value::error(span);
        }
        let Some(binding) = self.flow.get(part.sym).bound().cloned() else { return Value::error(span) };
        if **item == Ty::Unknown {
            return self.fail(Diagnostic::new(
                Code::BadIndex,
                span,
                "this list is empty: there is nothing to take out",
            ));
        }
        let into = self.temporary(item);
        self.changes.stored += 1;
        self.emit(StmtKind::Pop { list: binding.local, path: part.path.clone(), at: at.expr, into }, span);
        Value::new(ExprKind::Local(into), (**item).clone(), span).because(binding.why.clone())
    }

    /// Says that a position or a bound must be public.
    pub fn secret_position(&mut self, value: &Value, what: &str) {
        let found = Diagnostic::new(Code::SecretPosition, value.span(), format!("{what} must be public"));
        let found = because(found, &value.why);
        self.report(match what {
            CHANGED => {
                found.help("go through all positions: `for k in range(len(a)):` and inside `if i == k: a[k] = …`")
            }
            CUT => found.help("keep all elements, and select: `where(arange(len(a)) < n, a, 0)`"),
            "a size" => found.help("take the largest size it may have"),
            _ => found.help("reveal it if everyone may know it: `.reveal()`"),
        });
    }
}

/// What a position is for, as messages name it: assigning to an element.
pub const CHANGED: &str = "the position of an assignment";

/// Cutting out a part.
pub const CUT: &str = "a bound of a slice";

/// The places at the end of a path, taken off, if they are positions only; none if the path ends otherwise.
fn simple_places(path: &mut Vec<Step>) -> Option<Vec<Place>> {
    match path.last() {
        Some(Step::Places(places)) if !places.iter().all(|place| matches!(place, Place::At(_))) => None,
        Some(Step::Places(_)) => match path.pop() {
            Some(Step::Places(places)) => Some(places),
            _ => None,
        },
        Some(Step::Item(_) | Step::Component(_)) | None => Some(Vec::new()),
    }
}

/// The type with what `path` leads to replaced; of a tensor, the kind only.
fn replace_part(whole: &Ty, path: &[Step], part: &Ty) -> Ty {
    match (whole, path) {
        (_, []) => part.clone(),
        (Ty::List(item), [Step::Item(_), rest @ ..]) => Ty::List(Box::new(replace_part(item, rest, part))),
        (Ty::Object(object), [Step::Component(at), rest @ ..]) => {
            let mut object = object.clone();
            if let Some(field) = object.fields.get_mut(*at) {
                *field = replace_part(field, rest, part);
            }
            Ty::Object(object)
        }
        (Ty::Tuple(items), [Step::Component(at), rest @ ..]) => {
            let mut items = items.clone();
            if let Some(item) = items.get_mut(*at) {
                *item = replace_part(item, rest, part);
            }
            Ty::Tuple(items)
        }
        (Ty::Tensor(kind, dims), [Step::Places(_), ..]) => Ty::Tensor(part.kind().unwrap_or(*kind), dims.clone()),
        (whole, _) => whole.clone(),
    }
}

/// True if there is a list in it.
fn has_list(ty: &Ty) -> bool {
    matches!(ty, Ty::List(_)) || ty.components().iter().any(has_list)
}

/// What a path leads to.
pub fn read_path(mut expr: Expr, path: &[Step], span: Span) -> Expr {
    for step in path {
        let ty = match (&expr.ty, step) {
            (Ty::List(item), Step::Item(_)) => (**item).clone(),
            (ty, Step::Component(at)) => ty.components().get(*at).cloned().unwrap_or(Ty::Error),
            (ty, _) => ty.clone(),
        };
        let kind = match step {
            Step::Item(at) => ExprKind::Item(Box::new(expr), Box::new(at.clone())),
            Step::Places(places) => ExprKind::Index(Box::new(expr), places.clone()),
            Step::Component(at) => ExprKind::Component(Box::new(expr), *at),
        };
        expr = Expr { kind, ty, span };
    }
    expr
}
