//! Calls of methods, and of objects themselves.

use super::super::body::Body;
use super::super::ty::{Object, Ty};
use super::super::value::Value;
use super::checks::{has_self, is_property, is_static};
use crate::diagnostic::{Code, Diagnostic};
use crate::names::{ClassId, DefId, Meaning};
use crate::source::Span;
use crate::syntax::ast;

impl<'a> Body<'a, '_> {
    /// `object.name(args)`
    pub fn object_method(
        &mut self,
        value: Value,
        object: &Object,
        name: &'a ast::Name,
        args: &'a [ast::Arg],
        span: Span,
    ) -> Value {
        let id = object.class.id;
        match self.checker.scopes.method(id, &name.text) {
            Some(def) if is_property(self.checker.scopes.def(def).function) => {
                let message = format!("`{}` is a property of `{}`", name.text, object.class.name);
                let found = Diagnostic::new(Code::UnknownMethod, name.span, message);
                self.fail(found.help(format!("without parentheses: `.{}`", name.text)))
            }
            Some(_) if name.text == "__init__" => {
                let found = Diagnostic::new(Code::BadCall, name.span, "`__init__` is not called by its name");
                self.fail(found.help(format!("make a new object: `{}(…)`", object.class.name)))
            }
            Some(def) => self.call_method(value, def, args, span),
            None if name.text == "copy" && args.is_empty() => value.alone(),
            None => {
                if object.class.field(&name.text).is_some() {
                    return self.call_field(value, object, name, args, span);
                }
                args.iter().for_each(|arg| drop(self.expr(&arg.value)));
                let found = self.no_member(&object.class, name, "method");
                self.fail(match name.text.as_str() {
                    "reveal" => found.help("reveal the fields one by one: `x.field.reveal()`"),
                    _ => found,
                })
            }
        }
    }

    /// `object.field(args)`: a field that is an object itself may be called.
    fn call_field(
        &mut self,
        value: Value,
        object: &Object,
        name: &'a ast::Name,
        args: &'a [ast::Arg],
        span: Span,
    ) -> Value {
        let field = self.object_attribute(value, object, name, name.span);
        self.call_object(field, args, span)
    }

    /// The type of a path of names, fields and positions, without evaluating it.
    pub fn peeked(&mut self, expr: &'a ast::Expr) -> Option<Ty> {
        match &expr.kind {
            ast::ExprKind::Name(name) => {
                let inner = self.comprehension.iter().rev().find(|(inner, _)| *inner == name).map(|(_, sym)| *sym);
                let sym = match (inner, self.checker.scopes.meaning(self.owner, name)) {
                    (Some(sym), _) => sym,
                    (None, Meaning::Variable(owner, name)) => self.symbol(owner, name),
                    (None, _) => return None,
                };
                if self.is_self(name) {
                    let id = self.making.as_ref()?.class;
                    return Some(
                        self.object_type(id, super::fields::any(self.checker.scopes.class(id).class.shape.len())),
                    );
                }
                Some(self.flow.get(sym).bound()?.ty.clone())
            }
            ast::ExprKind::Attribute { base, name } => match self.peeked(base)? {
                Ty::Object(object) => object.fields.get(object.class.field(&name.text)?).cloned(),
                _ => None,
            },
            ast::ExprKind::Index { base, .. } => match self.peeked(base)? {
                Ty::List(item) => Some(*item),
                _ => None,
            },
            _ => None,
        }
    }

    /// `value(args)`
    pub fn call_object(&mut self, value: Value, args: &'a [ast::Arg], span: Span) -> Value {
        if value.is_error() {
            args.iter().for_each(|arg| drop(self.expr(&arg.value)));
            return Value::error(span);
        }
        let found = match value.ty().clone() {
            Ty::Object(object) => match self.checker.scopes.method(object.class.id, "__call__") {
                Some(def) => return self.call_method(value, def, args, span),
                None => {
                    let message =
                        format!("an object of `{}` cannot be called: the class has no `__call__`", object.class.name);
                    Diagnostic::new(Code::BadCall, value.span(), message)
                        .help("give the class a method `def __call__(self, x):`, or call a method by its name")
                }
            },
            ty => {
                let message = format!("this is `{ty}`, and cannot be called");
                Diagnostic::new(Code::BadCall, value.span(), message)
            }
        };
        args.iter().for_each(|arg| drop(self.expr(&arg.value)));
        self.fail(found)
    }

    /// A call of a method on an object.
    pub fn call_method(&mut self, value: Value, def: DefId, args: &'a [ast::Arg], span: Span) -> Value {
        let function = self.checker.scopes.def(def).function;
        if is_static(function) {
            return self.call_function(def, args, span);
        }
        if !has_self(function) {
            // The class statement says so.
            args.iter().for_each(|arg| drop(self.expr(&arg.value)));
            return Value::error(span);
        }
        match self.method_arguments(function, value, args, span) {
            Some(given) => self.call_with(def, given, span),
            None => Value::error(span),
        }
    }

    /// A call of a method whose arguments have been evaluated; `None` if the class has none of that name.
    pub(super) fn call_named(&mut self, name: &str, object: &Value, further: &[Value], span: Span) -> Option<Value> {
        let Ty::Object(found) = object.ty() else { return None };
        let def = self.checker.scopes.method(found.class.id, name)?;
        let function = self.checker.scopes.def(def).function;
        if !has_self(function) {
            return Some(Value::error(span));
        }
        if function.params.len() != further.len() + 1 {
            let message =
                format!("`{name}` of `{}` takes {} parameters besides `self`", found.class.name, further.len());
            let diagnostic = Diagnostic::new(Code::BadParameters, function.name.span, message);
            return Some(self.fail(diagnostic.note(span, "called here")));
        }
        let given = std::iter::once(object).chain(further).cloned().collect();
        Some(self.call_with(def, given, span))
    }

    /// `Name.method(args)`
    pub fn call_on_class(&mut self, id: ClassId, name: &'a ast::Name, args: &'a [ast::Arg], span: Span) -> Value {
        let class = self.checker.scopes.class(id).class;
        if let Some(def) = self.checker.scopes.method(id, &name.text) {
            if is_static(self.checker.scopes.def(def).function) {
                return self.call_function(def, args, span);
            }
            args.iter().for_each(|arg| drop(self.expr(&arg.value)));
            let message = format!("method `{}` is called on the class `{}`", name.text, class.name.text);
            let found = Diagnostic::new(Code::BadCall, name.span, message).label("it needs an object");
            let help = format!("make one first: `x = {0}(…)`, then `x.{1}(…)`", class.name.text, name.text);
            return self.fail(found.help(help));
        }
        args.iter().for_each(|arg| drop(self.expr(&arg.value)));
        let record = self.checker.record(id);
        let found = self.no_member(&record, name, "method");
        self.fail(found)
    }

    /// `Name.constant`
    pub fn class_attribute(&mut self, id: ClassId, name: &'a ast::Name, span: Span) -> Value {
        let class = self.checker.scopes.class(id).class;
        if let Some(constant) = class.constants.iter().find(|constant| constant.name.text == name.text) {
            return self.class_constant(constant);
        }
        let record = self.checker.record(id);
        let found = if record.field(&name.text).is_some() {
            let message = format!("`{}` is a field: each object of `{}` has its own", name.text, class.name.text);
            Diagnostic::new(Code::UnknownMethod, span, message)
                .help(format!("ask an object for it: `x = {}(…)`, then `x.{}`", class.name.text, name.text))
        } else {
            self.no_member(&record, name, "constant")
        };
        self.fail(found)
    }

    /// A class where a value is needed.
    pub fn class_as_value(&mut self, id: ClassId, span: Span) -> Value {
        let class = self.checker.scopes.class(id).class;
        let name = &class.name.text;
        let found = Diagnostic::new(Code::NotAValue, span, format!("`{name}` is a class, and classes are not values"));
        self.fail(found.note(class.header, "declared here").help(format!("make an object of it: `{name}(…)`")))
    }
}
