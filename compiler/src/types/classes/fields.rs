//! Fields: `object.field` read, assigned, and as the place of a change.

use super::super::body::Body;
use super::super::convert::{Wanted, because};
use super::super::effects::secret_condition;
use super::super::places::Part;
use super::super::sequences::component;
use super::super::shape::Dim;
use super::super::tree::{Expr, Step};
use super::super::ty::{Class, Object, Ty};
use super::super::value::Value;
use super::checks::is_property;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::suggest;
use crate::source::Span;
use crate::syntax::ast;

impl<'a> Body<'a, '_> {
    /// `object.name`
    pub fn object_attribute(&mut self, value: Value, object: &Object, name: &'a ast::Name, span: Span) -> Value {
        if let Some(at) = object.class.field(&name.text) {
            let field = component(&value, at);
            let place = value.place.as_deref().and_then(|part| self.field_part(part.clone(), at, span));
            return Value { expr: Expr { span, ..field.expr.clone() }, place: place.map(Into::into), ..field };
        }
        let class = self.checker.scopes.class(object.class.id).class;
        if let Some(constant) = class.constants.iter().find(|constant| constant.name.text == name.text) {
            return self.class_constant(constant);
        }
        match self.checker.scopes.method(object.class.id, &name.text) {
            Some(def) if is_property(self.checker.scopes.def(def).function) => self.call_method(value, def, &[], span),
            Some(_) => {
                let message = format!("`{}` is a method of `{}`", name.text, object.class.name);
                let found = Diagnostic::new(Code::UnknownMethod, name.span, message);
                self.fail(found.help(format!("call it: `.{}(…)`", name.text)))
            }
            None => {
                let found = self.no_member(&object.class, name, "field");
                self.fail(found)
            }
        }
    }

    /// The value that all objects of a class have in common.
    pub(super) fn class_constant(&mut self, constant: &'a ast::ClassConstant) -> Value {
        self.default_value(&constant.value)
    }

    /// Says that a class has no member of that name.
    pub(super) fn no_member(&mut self, class: &Class, name: &ast::Name, what: &str) -> Diagnostic {
        let definition = self.checker.scopes.class(class.id).class;
        let message = format!("`{}` has no {what} `{}`", class.name, name.text);
        let found = Diagnostic::new(Code::UnknownMethod, name.span, message).note(definition.header, "declared here");
        if class.shape.contains(&name.text) {
            let help =
                format!("`{0}` is a size: inside the methods of `{1}` it is called `{0}`", name.text, class.name);
            return found.help(help);
        }
        let methods = definition.methods.iter().map(|method| method.function.name.text.as_str());
        let constants = definition.constants.iter().map(|constant| constant.name.text.as_str());
        let fields = class.fields.iter().map(String::as_str);
        match suggest::nearest(&name.text, fields.chain(constants).chain(methods)) {
            Some(near) => found.help(format!("did you mean `.{near}`?")),
            None if class.fields.is_empty() => found,
            None => {
                let known: Vec<String> = class.fields.iter().take(8).map(|field| format!("`{field}`")).collect();
                found.help(format!("its fields are {}", known.join(", ")))
            }
        }
    }

    /// `part.name` as a place of a change.
    pub fn step_to_field(&mut self, part: Part, name: &'a ast::Name, span: Span) -> Option<Part> {
        let object = match &part.ty {
            Ty::Object(object) => object.clone(),
            Ty::Error => return None,
            ty => {
                let message = format!("`{}` of `{ty}` cannot be assigned: it has no fields", name.text);
                self.report(Diagnostic::new(Code::BadTarget, span, message));
                return None;
            }
        };
        if let Some(at) = object.class.field(&name.text) {
            return self.field_part(part, at, span);
        }
        let found = self.no_field_to_assign(&object.class, name);
        self.report(found);
        None
    }

    /// Says that a class has no field of that name to assign.
    pub(super) fn no_field_to_assign(&mut self, record: &Class, name: &ast::Name) -> Diagnostic {
        let class = self.checker.scopes.class(record.id).class;
        let constant = class.constants.iter().find(|constant| constant.name.text == name.text);
        let method = self.checker.scopes.method(record.id, &name.text);
        match (constant, method) {
            (Some(constant), _) => {
                let message = format!("`{}` is a constant of class `{}`, not a field", name.text, class.name.text);
                Diagnostic::new(Code::BadTarget, name.span, message)
                    .note(constant.span, "without a type, it is the same for all objects")
                    .help(format!("make it a field: `{}: fix = …`, with its type", name.text))
            }
            (None, Some(_)) => {
                let message = format!("`{}` is a method of class `{}`, not a field", name.text, class.name.text);
                Diagnostic::new(Code::BadTarget, name.span, message).note(class.header, "declared here")
            }
            (None, None) => {
                let found = self.no_member(record, name, "field");
                Diagnostic { code: Code::BadTarget, ..found }
                    .help(format!("declare it in the class: `{}: sfix`, with its type", name.text))
            }
        }
    }

    /// The field of that number.
    pub(super) fn field_part(&mut self, mut part: Part, at: usize, span: Span) -> Option<Part> {
        let Ty::Object(object) = part.ty.clone() else { return None };
        let class = self.checker.scopes.class(object.class.id).class;
        let declared = self.object_type(object.class.id, object.sizes.clone());
        let declared = declared.components().get(at).cloned().unwrap_or(Ty::Error);
        part.path.push(Step::Component(at));
        part.ty = object.fields.get(at)?.clone();
        part.declared = Some((declared, class.fields.get(at)?.ty.span));
        Some(Part { span, ..part })
    }

    /// The value as what a field declares; under a secret condition, the field must be secret.
    pub fn fit_field(&mut self, part: &Part, value: Value, predicated: bool) -> Option<Value> {
        let (ty, at) = part.declared.clone()?;
        let in_tensor = matches!(part.path.last(), Some(Step::Places(_)));
        let wanted = match (&ty, value.ty()) {
            // A part of a tensor: its sizes are checked where it is stored.
            (Ty::Tensor(kind, _), Ty::Tensor(_, dims)) if in_tensor => Ty::Tensor(*kind, dims.clone()),
            _ => ty,
        };
        let value = self.coerce(value, &wanted, &Wanted { what: "", declared: Some(at) });
        if value.is_error() || (predicated && !self.may_be_chosen(&wanted, value.span(), at)) {
            return None;
        }
        Some(value)
    }

    /// Whether a secret condition may decide what a field holds: not if it is public.
    pub(super) fn may_be_chosen(&mut self, ty: &Ty, span: Span, declared: Span) -> bool {
        let Some(public) = public_part(ty) else { return true };
        let Some(arm) = self.secret.last().cloned() else { return true };
        let message = format!("a secret condition would decide what this public `{public}` is");
        let found = Diagnostic::new(Code::SecretToPublic, span, message);
        let found = because(found, &arm.why).note(arm.span, secret_condition(&arm.why));
        let secret = public.secret();
        self.report(found.note(declared, "declared public here").help(format!("declare the field secret: `{secret}`")));
        false
    }
}

/// A public tensor within a type.
pub(super) fn public_part(ty: &Ty) -> Option<Ty> {
    match ty {
        Ty::Tensor(..) if ty.is_secret() => None,
        Ty::Tensor(kind, _) => Some(Ty::scalar(*kind)),
        Ty::List(item) => public_part(item),
        Ty::Tuple(items) | Ty::Object(Object { fields: items, .. }) => items.iter().find_map(public_part),
        Ty::None | Ty::Unknown | Ty::Error => None,
    }
}

/// Why a secret cannot choose between two objects of this type, if it cannot: one of their fields is public.
pub fn chosen_object(ty: &Ty, span: Span, why: &super::super::value::Why) -> Option<Diagnostic> {
    let public = public_in_object(ty)?;
    let message = format!("a secret condition would choose between two `{ty}`, which have a public `{public}`");
    let found = because(Diagnostic::new(Code::SecretToPublic, span, message), why);
    Some(found.help("change the secret fields one by one, or declare all fields secret"))
}

/// A public field of an object in it.
fn public_in_object(ty: &Ty) -> Option<Ty> {
    match ty {
        Ty::Object(object) => object.fields.iter().find_map(public_part),
        Ty::List(item) => public_in_object(item),
        Ty::Tuple(items) => items.iter().find_map(public_in_object),
        Ty::Tensor(..) | Ty::None | Ty::Unknown | Ty::Error => None,
    }
}

/// Sizes that nothing is said of.
pub(super) fn any(count: usize) -> Vec<Dim> {
    vec![Dim::Unknown; count]
}
