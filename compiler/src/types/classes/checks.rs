//! What a class statement is checked for.

use super::super::body::Body;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::ClassId;
use crate::source::Span;
use crate::syntax::ast::{self, TypeExpr, TypeKind};
use std::collections::HashMap;

impl<'a> Body<'a, '_> {
    /// `class Name[n]:`
    pub fn class_stmt(&mut self, class: &'a ast::ClassDef) {
        let Some(id) = self.class_named(None, &class.name) else {
            // It was reported: it does not stand at the top of a file, or has the name of something else.
            return;
        };
        if let Some(decorator) = class.decorators.first() {
            let found = Diagnostic::new(Code::BadDecorator, decorator.span, "a class takes no decorators");
            self.report(found.help("leave it out: every class is made from its fields, like a dataclass"));
        }
        self.check_members(class);
        let sizes: Vec<_> = class.shape.iter().map(|name| self.fresh_dim(&name.text)).collect();
        if let Some(circle) = self.circle(id) {
            self.contains_itself(class, circle);
        }
        self.field_types(id, &sizes);
        class.methods.iter().for_each(|method| self.check_method(class, &method.function));
    }

    /// No two members have one name.
    fn check_members(&mut self, class: &'a ast::ClassDef) {
        let fields = class.fields.iter().map(|field| &field.name);
        let constants = class.constants.iter().map(|constant| &constant.name);
        let methods = class.methods.iter().map(|method| &method.function.name);
        let mut known: HashMap<&str, Span> = HashMap::new();
        let count = class.fields.len() + class.constants.len();
        for (index, name) in class.shape.iter().chain(fields).chain(constants).chain(methods).enumerate() {
            let first = known.get(name.text.as_str()).copied();
            // Of two methods of one name it has been said already.
            let method = index >= class.shape.len() + count
                && class.methods.iter().any(|method| Some(method.function.name.span) == first);
            match first {
                Some(first) if !method => {
                    let message = format!("`{}` is two things in class `{}`", name.text, class.name.text);
                    let found = Diagnostic::new(Code::DefinedTwice, name.span, message).note(first, "the first");
                    self.report(found.help("give one of them another name"));
                }
                Some(_) => {}
                None => drop(known.insert(&name.text, name.span)),
            }
        }
    }

    /// The field through which a class contains itself.
    fn circle(&self, id: ClassId) -> Option<Span> {
        let leads = |from: ClassId, to: ClassId| {
            let class = self.checker.scopes.class(from);
            class.class.fields.iter().find(|field| self.leads_to(&field.ty, class.owner, to, &mut Vec::new()))
        };
        // Of a circle of several classes, the first one tells.
        let told = (0..id.0).map(ClassId).any(|other| leads(other, id).is_some() && leads(id, other).is_some());
        leads(id, id).filter(|_| !told).map(|field| field.ty.span)
    }

    fn leads_to(&self, ty: &TypeExpr, owner: crate::names::Owner, to: ClassId, seen: &mut Vec<ClassId>) -> bool {
        match &ty.kind {
            TypeKind::List(Some(item)) => self.leads_to(item, owner, to, seen),
            TypeKind::Tuple(Some(items)) => items.iter().any(|item| self.leads_to(item, owner, to, seen)),
            TypeKind::Named { .. } => {
                let Some(id) = self.checker.class_in(owner, ty) else { return false };
                if id == to {
                    return true;
                }
                if seen.contains(&id) {
                    return false;
                }
                seen.push(id);
                let class = self.checker.scopes.class(id);
                class.class.fields.iter().any(|field| self.leads_to(&field.ty, class.owner, to, seen))
            }
            TypeKind::List(None) | TypeKind::Tuple(None) | TypeKind::None | TypeKind::Error => false,
        }
    }

    fn contains_itself(&mut self, class: &ast::ClassDef, at: Span) {
        let message = format!("class `{}` contains itself", class.name.text);
        let found = Diagnostic::new(Code::CircularClass, at, message).label("an object would have no end");
        let help = "keep all parts in one list, and let each part hold the positions of others, as `int`";
        self.report(found.note(class.header, "declared here").help(help));
    }

    fn check_method(&mut self, class: &'a ast::ClassDef, method: &'a ast::FunctionDef) {
        for decorator in &method.decorators {
            match decorator.as_name() {
                Some("staticmethod" | "property") => {}
                _ => {
                    let found =
                        Diagnostic::new(Code::BadDecorator, decorator.span, "a method cannot have this decorator");
                    self.report(if decorator.as_name() == Some("classmethod") {
                        found.help("a class is no value: `@staticmethod`, without `cls`, and the class by its name")
                    } else {
                        found.help("`@staticmethod` and `@property` are there")
                    });
                }
            }
        }
        let (name, is_static) = (&method.name.text, is_static(method));
        let first = method.params.first();
        let has_self = has_self(method);
        if has_decorator(method, "classmethod") {
            return;
        }
        if !is_static && !has_self {
            let others: Vec<&str> = method.params.iter().map(|param| param.name.text.as_str()).collect();
            let found = Diagnostic::new(
                Code::BadParameters,
                first.map_or(method.name.span, |param| param.span),
                format!("method `{name}` of `{}` has no `self`", class.name.text),
            );
            let written = [vec!["self"], others].concat().join(", ");
            let found = found.label("the first parameter of a method is the object that it is called on");
            return self.report(found.help(format!("write `def {name}({written}):`, or put `@staticmethod` above it")));
        }
        if let Some(annotation) = first.filter(|_| has_self).and_then(|param| param.annotation.as_ref()) {
            let found = Diagnostic::new(Code::BadParameters, annotation.span, "`self` has no annotation");
            self.report(found.label("its type is the class").help("write `self` alone"));
        }
        if let (true, Some(returns)) = (name == "__init__", &method.returns)
            && returns.kind != TypeKind::None
        {
            let found = Diagnostic::new(Code::TypeMismatch, returns.span, "`__init__` returns nothing");
            self.report(found.help("leave out `-> …`: the object is what the call gives"));
        }
    }
}

/// True for a method whose first parameter is its object.
pub fn has_self(method: &ast::FunctionDef) -> bool {
    method.params.first().is_some_and(|param| param.name.text == "self")
}

/// True for a method that is called without an object.
pub fn is_static(method: &ast::FunctionDef) -> bool {
    has_decorator(method, "staticmethod")
}

/// True for a method that reads like a field.
pub fn is_property(method: &ast::FunctionDef) -> bool {
    has_decorator(method, "property")
}

fn has_decorator(method: &ast::FunctionDef, name: &str) -> bool {
    method.decorators.iter().any(|decorator| decorator.as_name() == Some(name))
}
