//! `__init__`: while it runs, each field is a variable of its own, so that what holds for variables holds for fields: one that is
//! not assigned on every path has no value. When it ends, the fields are put together.

use super::super::body::Body;
use super::super::convert::fit;
use super::super::flow::{Binding, Var};
use super::super::places::Part;
use super::super::shape::Dim;
use super::super::tree::StmtKind;
use super::super::ty::Ty;
use super::super::value::{Sym, Value};
use super::checks::has_self;
use super::construct::sizes_seen;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::{ClassId, DefId};
use crate::source::Span;
use crate::syntax::ast;

/// The object that a constructor makes.
#[derive(Clone, Debug)]
pub struct Making {
    /// Its class.
    pub class: ClassId,
    /// The variable of each field.
    pub fields: Vec<Sym>,
    /// The sizes that were written.
    pub sizes: Vec<Dim>,
}

impl<'a> Body<'a, '_> {
    /// A call of a class that has `__init__`.
    pub(super) fn construct_by(
        &mut self,
        init: DefId,
        id: ClassId,
        sizes: Vec<Dim>,
        args: &'a [ast::Arg],
        span: Span,
    ) -> Value {
        let function = self.checker.scopes.def(init).function;
        let object = self.object_type(id, sizes);
        if object.is_error() || !has_self(function) {
            args.iter().for_each(|arg| drop(self.expr(&arg.value)));
            return Value::error(span);
        }
        // It stands for the object that does not exist yet: nothing is passed for it.
        let unmade = Value::new(super::super::tree::ExprKind::Tuple(Vec::new()), object, span);
        match self.method_arguments(function, unmade, args, span) {
            Some(given) => self.call_with(init, given, span),
            None => Value::error(span),
        }
    }

    /// Begins the walk of a constructor.
    pub fn begin_making(&mut self, function: &'a ast::FunctionDef, object: &Ty) {
        let (Ty::Object(object), Some(first)) = (object, function.params.first()) else { return };
        let class = self.checker.scopes.class(object.class.id).class;
        let fields: Vec<Sym> = class.fields.iter().map(|field| self.fresh_symbol(&field.name.text)).collect();
        for ((field, sym), ty) in class.fields.iter().zip(&fields).zip(&object.fields) {
            self.declared.insert(*sym, (ty.clone(), field.ty.span));
        }
        for (field, sym) in class.fields.iter().zip(&fields) {
            if let Some(default) = &field.default {
                let value = self.default_value(default);
                // A number does not fill a tensor here: its size is not known yet.
                if self.fits_field(&value, *sym) {
                    self.assign_made(*sym, value, default.span);
                }
            }
        }
        self.making = Some(Making { class: object.class.id, fields, sizes: object.sizes.clone() });
        // The name itself is bound to nothing: `name` asks here first.
        let sym = self.symbol(self.owner, &first.name.text);
        self.flow.set(sym, Var::Unassigned);
    }

    fn fits_field(&self, value: &Value, sym: Sym) -> bool {
        self.declared.get(&sym).is_some_and(|(ty, _)| fit(value.ty(), ty).is_ok())
    }

    /// `self.field = value` in a constructor.
    fn assign_made(&mut self, sym: Sym, value: Value, at: Span) {
        let value = match self.declared.get(&sym).cloned() {
            Some((ty, declared)) => {
                let what = format!("field `{}`", self.name_of(sym));
                let wanted = super::super::convert::Wanted { what: &what, declared: Some(declared) };
                self.coerce(value, &ty, &wanted)
            }
            None => value,
        };
        self.assign_symbol(sym, value, at);
    }

    /// The variable of a field, where `base` is the object that is being made.
    pub fn field_in_making(&self, base: &ast::Expr, name: &str) -> Option<Sym> {
        let making = self.making.as_ref()?;
        if !self.is_self(base.as_name()?) {
            return None;
        }
        let class = self.checker.scopes.class(making.class).class;
        let at = class.fields.iter().position(|field| field.name.text == name)?;
        making.fields.get(at).copied()
    }

    /// Whether a name is that of the object being made.
    pub fn is_self(&self, name: &str) -> bool {
        let function = self.def().map(|def| self.checker.scopes.def(def).function);
        self.making.is_some()
            && !self.comprehension.iter().any(|(inner, _)| *inner == name)
            && function.and_then(|function| function.params.first()).is_some_and(|first| first.name.text == name)
    }

    /// `self.name = value` where `self` is being made; `false` if it is not.
    pub fn store_in_making(&mut self, base: &'a ast::Expr, name: &'a ast::Name, value: &Value) -> bool {
        if let Some(sym) = self.field_in_making(base, &name.text) {
            self.assign_made(sym, value.clone(), name.span);
            return true;
        }
        let making = self.making.as_ref().map(|making| making.class);
        let Some(class) = making.filter(|_| base.as_name().is_some_and(|base| self.is_self(base))) else {
            return false;
        };
        let record = self.checker.record(class);
        let found = self.no_field_to_assign(&record, name);
        self.report(found);
        true
    }

    /// A field of the object being made as a place of a change.
    pub fn part_in_making(&mut self, base: &'a ast::Expr, name: &'a ast::Name, span: Span) -> Option<Option<Part>> {
        let sym = self.field_in_making(base, &name.text)?;
        let value = self.made_field(sym, span);
        if value.is_error() {
            return Some(None);
        }
        let declared = self.declared.get(&sym).cloned();
        Some(Some(Part { declared, ..Part::whole(sym, value.ty().clone(), span) }))
    }

    /// `self.name` of the object being made, where no more than that is needed.
    pub fn attribute_in_making(&mut self, base: &'a ast::Expr, name: &'a ast::Name, span: Span) -> Option<Value> {
        if let Some(sym) = self.field_in_making(base, &name.text) {
            return Some(self.made_field(sym, span));
        }
        let id = self.making.as_ref()?.class;
        let class = self.checker.scopes.class(id).class;
        let constant = class.constants.iter().find(|constant| constant.name.text == name.text)?;
        self.is_self(base.as_name()?).then(|| self.class_constant(constant))
    }

    /// The value of a field of the object being made.
    pub fn made_field(&mut self, sym: Sym, span: Span) -> Value {
        if matches!(self.flow.get(sym), Var::Bound(_) | Var::Error) {
            let name = self.name_of(sym);
            return self.variable(sym, name, span);
        }
        let found = self.field_unassigned(sym, span);
        self.flow.set(sym, Var::Error);
        self.fail(found)
    }

    fn field_unassigned(&self, sym: Sym, span: Span) -> Diagnostic {
        let name = self.name_of(sym);
        let always = match self.flow.get(sym) {
            Var::Maybe(at) | Var::OneArm(at, _) => Some(*at),
            Var::Unassigned | Var::Bound(_) | Var::Stale(_) | Var::Clash(_) | Var::Error => None,
        };
        let (message, note) = match always {
            Some(at) => (format!("field `{name}` may have no value here"), Some((at, "assigned on this path only"))),
            None => (format!("field `{name}` has no value here"), None),
        };
        let found = Diagnostic::new(Code::NotAssigned, span, message);
        let found = note.map_or(found.clone(), |(at, text)| found.note(at, text));
        match self.declared.get(&sym) {
            Some((_, declared)) => found.note(*declared, "declared here"),
            None => found,
        }
    }

    /// The object as far as it is made, where all of it is needed.
    pub fn made_so_far(&mut self, span: Span) -> Value {
        let Some(Making { class, fields, sizes }) = self.making.clone() else { return Value::error(span) };
        let values: Vec<Value> = fields.iter().map(|sym| self.made_field(*sym, span)).collect();
        if values.iter().any(Value::is_error) {
            return Value::error(span);
        }
        let types: Vec<Ty> = values.iter().map(|value| value.ty().clone()).collect();
        let definition = self.checker.scopes.class(class).class;
        let seen: Vec<_> = definition.fields.iter().zip(&types).map(|(field, ty)| (&field.ty, Some(ty))).collect();
        let sizes = sizes_seen(definition, sizes, &seen);
        let declared = self.field_types(class, &sizes);
        let mut fitted = Vec::with_capacity(values.len());
        for ((value, ty), field) in values.into_iter().zip(&declared).zip(&definition.fields) {
            let what = format!("field `{}` of `{}`", field.name.text, definition.name.text);
            let wanted = super::super::convert::Wanted { what: &what, declared: Some(field.ty.span) };
            fitted.push(self.coerce(value, ty, &wanted));
        }
        self.object_of(class, sizes, fitted, span)
    }

    /// `return` in a constructor.
    pub fn return_from_init(&mut self, given: Option<Value>, span: Span) {
        if let Some(value) = given.filter(|value| *value.ty() != Ty::None && !value.is_error()) {
            let found = Diagnostic::new(Code::TypeMismatch, value.span(), "`__init__` returns nothing");
            self.report(found.label("the new object is what the call gives").help("write `return` alone"));
        }
        if self.jump("return", 0, span) && self.finish(0) {
            self.finish_making(span);
        }
        self.flow.dead = true;
    }

    /// The end of a constructor: the object, if every field has a value.
    pub fn finish_making(&mut self, span: Span) {
        let Some(making) = self.making.clone() else { return };
        let function = self.def().map(|def| self.checker.scopes.def(def).function);
        let name = function.map_or(span, |function| function.name.span);
        let unassigned = |sym: &&Sym| !matches!(self.flow.get(**sym), Var::Bound(_) | Var::Error);
        let missing: Vec<Sym> = making.fields.iter().filter(unassigned).copied().collect();
        if let Some(first) = missing.first() {
            let class = &self.checker.scopes.class(making.class).class.name.text;
            let names: Vec<String> = missing.iter().map(|sym| format!("`{}`", self.name_of(*sym))).collect();
            let found = self.field_unassigned(*first, name);
            let (what, verb) = if names.len() == 1 { ("field", "has") } else { ("fields", "have") };
            let message = match self.flow.get(*first) {
                Var::Maybe(_) | Var::OneArm(..) => {
                    format!("`__init__` of `{class}` does not assign {what} {} on every path", names.join(", "))
                }
                _ => format!("`__init__` of `{class}` ends, and {what} {} {verb} no value", names.join(", ")),
            };
            let help = format!("assign it: `self.{} = …`", self.name_of(*first));
            self.report(Diagnostic { message, ..found }.help(help));
            missing.iter().for_each(|sym| self.flow.set(*sym, Var::Error));
        }
        let object = self.made_so_far(name);
        self.returned.push((object.ty().clone(), span, object.why.clone()));
        let given = self.returning(Some(object.expr), span);
        self.emit(StmtKind::Return(given), span);
    }

    /// The field that a change of the object being made replaces, as a place of its own.
    pub(super) fn changed_in_making(&mut self, at: usize, value: Value, span: Span) {
        let sym = self.making.as_ref().and_then(|making| making.fields.get(at).copied());
        if let Some(sym) = sym {
            self.assign_made(sym, value, span);
        }
    }

    /// The fields of the object being made, if it is among what a block changes.
    pub fn made_fields(&self, changed: &[&'a str]) -> Vec<Sym> {
        let making = self.making.as_ref().filter(|_| changed.iter().any(|name| self.is_self(name)));
        making.map(|making| making.fields.clone()).unwrap_or_default()
    }

    /// Loops in constructors may assign fields: they get locals of this arm, as variables do.
    pub fn fields_in_loop(&mut self, changed: &[&'a str], span: Span) {
        for sym in self.made_fields(changed) {
            if let Some(binding) = self.flow.get(sym).bound().cloned() {
                let (ty, from): (Ty, Binding) = (binding.ty.clone(), Binding::clone(&binding));
                self.rebind(sym, &from, ty, Dim::Unknown, span);
            }
        }
    }

    /// A local's value under the name of the object being made.
    pub fn self_value(&mut self, name: &'a str, span: Span) -> Option<Value> {
        if !self.is_self(name) {
            return None;
        }
        let made = self.made_so_far(span);
        let sym = self.symbol(self.owner, name);
        let part = Part { stamp: self.changes.stored, ..Part::whole(sym, made.ty().clone(), span) };
        Some(Value { place: Some(part.into()), ..made })
    }
}
