//! Classes: records of annotated fields, with methods and shape parameters.
//!
//! An object is a value, taken apart into its fields when it is lowered. That a method changes its object, and a function an object
//! that it is given, is seen by the caller as in Python: a call gives back the fields that it changed, and they are stored where the
//! object was taken from ([`changes`]). The kinds of fields are those that the class declares, everywhere and always.

mod arguments;
mod changes;
mod checks;
mod construct;
mod fields;
mod making;
mod methods;
mod operators;
mod ports;

pub use changes::{Changed, Changes, Origins, Param};
pub use fields::chosen_object;
pub use making::Making;

use super::annotations::Lookup;
use super::body::Body;
use super::checker::Checker;
use super::shape::Dim;
use super::ty::{Class, Object, Ty};
use crate::diagnostic::{Code, Diagnostic};
use crate::names::{ClassId, DefId, Meaning, Owner};
use crate::source::Span;
use crate::syntax::ast::{self, DimKind, TypeExpr, TypeKind};
use std::sync::Arc;

impl<'a> Checker<'a> {
    /// The class that a function is a method of.
    pub fn class_of(&self, def: DefId) -> Option<&'a ast::ClassDef> {
        let class = self.scopes.def(def).class?;
        Some(self.scopes.class(class).class)
    }

    /// Whether a function is a method that lacks `self`: the class statement says so.
    pub fn lacks_self(&self, def: DefId) -> bool {
        let method = self.scopes.def(def);
        method.class.is_some() && !checks::is_static(method.function) && !checks::has_self(method.function)
    }

    /// What a method that nothing calls is checked for: an object of any sizes.
    pub fn any_object(&mut self, def: DefId) -> Option<Ty> {
        let id = self.scopes.def(def).class.filter(|_| !checks::is_static(self.scopes.def(def).function))?;
        let class = self.scopes.class(id);
        let (names, owner) = (&class.class.shape, class.owner);
        let sizes = names.iter().map(|name| self.fresh_dim(&name.text)).collect();
        Some(Body::new(self, owner).object_type(id, sizes))
    }

    /// What objects need to know of their class.
    pub fn record(&mut self, id: ClassId) -> Arc<Class> {
        if let Some(known) = self.records.get(&id) {
            return Arc::clone(known);
        }
        let class = self.scopes.class(id).class;
        let made = Arc::new(Class {
            id,
            name: class.name.text.clone(),
            shape: class.shape.iter().map(|name| name.text.clone()).collect(),
            fields: class.fields.iter().map(|field| field.name.text.clone()).collect(),
            measures: class.shape.iter().map(|name| self.measure(id, &name.text, 0)).collect(),
        });
        self.records.insert(id, Arc::clone(&made));
        made
    }

    /// The class that an annotation names, seen from a scope.
    pub fn class_in(&self, owner: Owner, annotation: &TypeExpr) -> Option<ClassId> {
        let TypeKind::Named { module, name, .. } = &annotation.kind else { return None };
        self.class_at(owner, module.as_ref(), name)
    }

    fn class_at(&self, owner: Owner, module: Option<&ast::Name>, name: &ast::Name) -> Option<ClassId> {
        let path: Vec<&str> = module.into_iter().chain([name]).map(|name| name.text.as_str()).collect();
        match self.scopes.resolve(owner, &path) {
            (Meaning::Class(id), used) if used == path.len() => Some(id),
            _ => None,
        }
    }

    /// The fields that lead to a tensor with an axis of that size, and the axis.
    fn measure(&self, id: ClassId, name: &str, depth: usize) -> Option<(Vec<usize>, usize)> {
        let class = self.scopes.class(id);
        let is = |dim: &ast::Dim| matches!(&dim.kind, DimKind::Name(found) if found == name);
        for (at, field) in class.class.fields.iter().enumerate() {
            let TypeKind::Named { dims: Some(dims), .. } = &field.ty.kind else { continue };
            let Some(axis) = dims.iter().position(is) else { continue };
            let Some(inner) = self.class_in(class.owner, &field.ty) else { return Some((vec![at], axis)) };
            let inner_name = self.scopes.class(inner).class.shape.get(axis);
            let inside =
                inner_name.filter(|_| depth < MAX_DEPTH).and_then(|name| self.measure(inner, &name.text, depth + 1));
            if let Some((path, axis)) = inside {
                return Some(([vec![at], path].concat(), axis));
            }
        }
        None
    }
}

/// Classes inside classes, further than this, are not looked into: only those that contain themselves are so deep.
const MAX_DEPTH: usize = 50;

impl<'a> Body<'a, '_> {
    /// The class that a type's name means here.
    pub fn class_named(&self, module: Option<&'a ast::Name>, name: &'a ast::Name) -> Option<ClassId> {
        self.checker.class_at(self.owner, module, name)
    }

    /// The class that a called expression names: `Point`, `ml.Linear`.
    pub fn class_called(&self, function: &'a ast::Expr) -> Option<ClassId> {
        let path = crate::names::mentions::path(function)?;
        if self.comprehension.iter().any(|(inner, _)| path.first() == Some(inner)) {
            return None;
        }
        match self.checker.scopes.resolve(self.owner, &path) {
            (Meaning::Class(id), used) if used == path.len() => Some(id),
            _ => None,
        }
    }

    /// The type that `Name[dims]` means; without sizes, any.
    pub fn class_type(&mut self, id: ClassId, dims: Option<&'a [ast::Dim]>, span: Span, dim: Lookup<'_, 'a>) -> Ty {
        let class = self.checker.scopes.class(id).class;
        let Some(dims) = dims else {
            return self.object_type(id, vec![Dim::Unknown; class.shape.len()]);
        };
        let sizes: Vec<Dim> = dims.iter().map(|written| self.dimension(written, dim)).collect();
        if !self.sizes_fit(class, sizes.len(), span) {
            return Ty::Error;
        }
        self.object_type(id, sizes)
    }

    /// Whether a class has that many shape parameters.
    fn sizes_fit(&mut self, class: &'a ast::ClassDef, found: usize, span: Span) -> bool {
        let name = &class.name.text;
        let names: Vec<&str> = class.shape.iter().map(|name| name.text.as_str()).collect();
        if found == names.len() {
            return true;
        }
        let message = match names.len() {
            0 => format!("`{name}` has no shape parameters"),
            1 => format!("`{name}` has 1 shape parameter, {found} are given"),
            count => format!("`{name}` has {count} shape parameters, {found} are given"),
        };
        let diagnostic = Diagnostic::new(Code::UnknownType, span, message).note(class.header, "declared here");
        self.report(if names.is_empty() {
            diagnostic.help(format!("write `{name}`, or declare sizes: `class {name}[n]:`"))
        } else {
            diagnostic.help(format!("write `{name}[{}]`", names.join(", ")))
        });
        false
    }

    /// The type of objects of a class with these sizes.
    pub fn object_type(&mut self, id: ClassId, sizes: Vec<Dim>) -> Ty {
        // A class inside itself, or with a field that has no type: its statement says so.
        if self.checker.opened.contains(&id) {
            return Ty::Error;
        }
        self.checker.opened.push(id);
        let mark = self.checker.diagnostics.len();
        let fields = self.field_types(id, &sizes);
        self.checker.diagnostics.truncate(mark);
        self.checker.opened.pop();
        let class = self.checker.record(id);
        Ty::Object(Object { class, sizes, fields })
    }

    /// The types that a class declares for its fields, given its sizes.
    pub fn field_types(&mut self, id: ClassId, sizes: &[Dim]) -> Vec<Ty> {
        let (class, owner) = (self.checker.scopes.class(id).class, self.checker.scopes.class(id).owner);
        let outer = std::mem::replace(&mut self.owner, owner);
        let types = class.fields.iter().map(|field| self.field_type(class, field, sizes)).collect();
        self.owner = outer;
        types
    }

    fn field_type(&mut self, class: &'a ast::ClassDef, field: &'a ast::Field, sizes: &[Dim]) -> Ty {
        self.type_of(&field.ty, &mut |body, name, span| {
            if let Some(at) = class.shape.iter().position(|known| known.text == name) {
                return Some(sizes.get(at).cloned().unwrap_or(Dim::Unknown));
            }
            body.unknown_size(class, name, span);
            Some(Dim::Unknown)
        })
    }

    fn unknown_size(&mut self, class: &ast::ClassDef, name: &str, span: Span) {
        let message = format!("`{name}` is not a size of class `{}`", class.name.text);
        let names: Vec<&str> = class.shape.iter().map(|name| name.text.as_str()).chain([name]).collect();
        let help = format!("declare it: `class {}[{}]:`; `_` takes any size", class.name.text, names.join(", "));
        self.report(Diagnostic::new(Code::UnknownDimension, span, message).help(help));
    }

    /// Says that a size of a class is asked for that no field shows.
    pub fn size_not_measured(&mut self, name: &'a str, span: Span) {
        let Some(class) = self.def().and_then(|def| self.checker.class_of(def)) else { return };
        if class.shape.iter().any(|known| known.text == name) {
            let message = format!("the value of `{name}` is not known here: no field has an axis of this size");
            let found = Diagnostic::new(Code::UnknownDimension, span, message);
            self.report(found.help(format!("give the class a field with it: `{name}_: int`, or an axis `{name}`")));
        }
        let sym = self.symbol(self.owner, name);
        self.flow.set(sym, super::flow::Var::Error);
    }
}
