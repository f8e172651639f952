//! `Point(1, 2)`, `Linear[784, 128](w, b)`: objects from their fields, or by `__init__`.

use super::super::body::Body;
use super::super::convert::{Wanted, fit};
use super::super::operations::dims;
use super::super::shape::Dim;
use super::super::shares::{Hop, can_share};
use super::super::tree::{ExprKind, Primitive};
use super::super::ty::{Object, Ty};
use super::super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::ClassId;
use crate::source::Span;
use crate::syntax::ast::{self, DimKind, Subscript, SubscriptKind, TypeExpr, TypeKind};
use mpc_bytecode::Kind;

impl<'a> Body<'a, '_> {
    /// `Name[sizes](args)`; the sizes that are not given follow from the arguments.
    pub fn construct(
        &mut self,
        id: ClassId,
        sizes: Option<&'a [Subscript]>,
        args: &'a [ast::Arg],
        span: Span,
    ) -> Value {
        let class = self.checker.scopes.class(id).class;
        let written = match sizes {
            None => vec![Dim::Unknown; class.shape.len()],
            Some(written) => match self.written_sizes(class, written, span) {
                Some(sizes) => sizes,
                None => return Value::error(span),
            },
        };
        if let Some(init) = self.checker.scopes.method(id, "__init__") {
            return self.construct_by(init, id, written, args, span);
        }
        let Some(given) = self.field_arguments(class, args, span) else { return Value::error(span) };
        if given.iter().flatten().any(Value::is_error) {
            return Value::error(span);
        }
        let given = self.held_for_sizes(given);
        let fields = class.fields.iter().zip(&given);
        let types: Vec<_> = fields.map(|(field, value)| (&field.ty, value.as_ref().map(Value::ty))).collect();
        let sizes = sizes_seen(class, written, &types);
        let declared = self.field_types(id, &sizes);
        let mut values = Vec::with_capacity(given.len());
        for ((field, ty), value) in class.fields.iter().zip(&declared).zip(&given) {
            let value = match value {
                Some(value) => value.clone(),
                None => self.field_default(class, field, ty, &given),
            };
            let what = format!("field `{}` of `{}`", field.name.text, class.name.text);
            values.push(self.coerce(value, ty, &Wanted { what: &what, declared: Some(field.ty.span) }));
        }
        self.object_of(id, sizes, values, span)
    }

    /// Where a default may have to be as large as what is given, that is used more than once.
    fn held_for_sizes(&mut self, given: Vec<Option<Value>>) -> Vec<Option<Value>> {
        if given.iter().all(Option::is_some) {
            return given;
        }
        given.into_iter().map(|value| value.map(|value| self.hold(value, true))).collect()
    }

    /// An object of its fields' values, which have the types that the class declares.
    pub(super) fn object_of(&mut self, id: ClassId, sizes: Vec<Dim>, values: Vec<Value>, span: Span) -> Value {
        if values.iter().any(Value::is_error) {
            return Value::error(span);
        }
        let class = self.checker.record(id);
        let fields = values.iter().map(|value| value.ty().clone()).collect();
        let ty = Ty::Object(Object { class, sizes, fields });
        let why = values.iter().find_map(|value| value.why.clone());
        let shared = values.iter().enumerate().filter(|(_, value)| can_share(value.ty()));
        let aliases = shared.flat_map(|(at, value)| value.aliases.clone().placed(Hop::Component(at))).collect();
        let exprs = values.into_iter().map(|value| value.expr).collect();
        Value { aliases, ..Value::new(ExprKind::Tuple(exprs), ty, span) }.because(why)
    }

    /// The sizes in the brackets behind a class's name.
    fn written_sizes(&mut self, class: &'a ast::ClassDef, written: &'a [Subscript], span: Span) -> Option<Vec<Dim>> {
        if !self.sizes_fit(class, written.len(), span) {
            return None;
        }
        let mut sizes = Vec::with_capacity(written.len());
        for item in written {
            let SubscriptKind::Index(size) = &item.kind else {
                self.report(Diagnostic::new(Code::BadIndex, item.span, "a size is a number"));
                return None;
            };
            if size.as_name() == Some("_") {
                sizes.push(Dim::Unknown);
                continue;
            }
            let value = self.expr(size);
            let value = self.public_int(value, "a size");
            if value.is_error() {
                return None;
            }
            sizes.push(value.known);
        }
        Some(sizes)
    }

    /// What a field has that is not given. A number fills a tensor.
    fn field_default(
        &mut self,
        class: &'a ast::ClassDef,
        field: &'a ast::Field,
        ty: &Ty,
        given: &[Option<Value>],
    ) -> Value {
        let Some(default) = &field.default else { return Value::error(field.span) };
        let value = self.default_value(default);
        let (Ty::Tensor(kind, sizes), Ty::Tensor(_, found)) = (ty, value.ty()) else { return value };
        let scalar = Ty::scalar(*kind);
        if sizes.is_empty() || !found.is_empty() || fit(value.ty(), &scalar).is_err() {
            return value;
        }
        let mut numbers = Vec::with_capacity(sizes.len());
        let TypeKind::Named { dims: Some(written), .. } = &field.ty.kind else { return value };
        for (dim, size) in written.iter().zip(sizes) {
            match self.size_value(class, dim, size, given) {
                Some(number) => numbers.push(number),
                None => {
                    let message = format!(
                        "the size of `{}` is not known, so `{}` cannot fill it",
                        field.name.text, "the default"
                    );
                    let found = Diagnostic::new(Code::UnknownDimension, dim.span, message);
                    return self.fail(found.help(format!(
                        "give `{}` a value, or the class its sizes: `{}[…](…)`",
                        field.name.text, class.name.text
                    )));
                }
            }
        }
        let why = value.why.clone();
        let args = std::iter::once(value.converted(&scalar).expr).chain(numbers.into_iter().map(|number| number.expr));
        let kind = ExprKind::Primitive(Primitive::Broadcast, args.collect());
        Value::new(kind, ty.clone(), default.span).because(why)
    }

    /// A size as a number: a constant, or measured on another field's value.
    fn size_value(
        &mut self,
        class: &'a ast::ClassDef,
        dim: &ast::Dim,
        size: &Dim,
        given: &[Option<Value>],
    ) -> Option<Value> {
        if let Some(number) = size.as_const() {
            return Some(Value::int(number, dim.span));
        }
        let DimKind::Name(name) = &dim.kind else { return None };
        let at = class.shape.iter().position(|known| known.text == *name)?;
        let record = self.checker.record(self.class_named(None, &class.name)?);
        let (path, axis) = record.measures.get(at)?.clone()?;
        let (field, inner) = path.split_first()?;
        let whole = given.get(*field)?.clone()?;
        let tensor = inner.iter().fold(whole, |value, at| super::super::sequences::component(&value, *at));
        let shown = dims(tensor.ty()).len() > axis;
        let kind = ExprKind::Primitive(Primitive::Size(axis as u32), vec![tensor.expr]);
        shown.then(|| Value::new(kind, Ty::scalar(Kind::Int), dim.span).knowing(size.clone()))
    }
}

/// The sizes of an object, those that are not written as the fields show them.
pub(super) fn sizes_seen(class: &ast::ClassDef, mut sizes: Vec<Dim>, fields: &[(&TypeExpr, Option<&Ty>)]) -> Vec<Dim> {
    for (annotation, ty) in fields {
        if let Some(ty) = ty {
            see(class, annotation, ty, &mut sizes);
        }
    }
    sizes
}

fn see(class: &ast::ClassDef, annotation: &TypeExpr, ty: &Ty, sizes: &mut [Dim]) {
    match (&annotation.kind, ty) {
        (TypeKind::Named { dims: Some(dims), .. }, Ty::Tensor(_, found))
        | (TypeKind::Named { dims: Some(dims), .. }, Ty::Object(Object { sizes: found, .. })) => {
            for (dim, found) in dims.iter().zip(found) {
                let DimKind::Name(name) = &dim.kind else { continue };
                if let Some(at) = class.shape.iter().position(|known| known.text == *name)
                    && sizes[at] == Dim::Unknown
                {
                    sizes[at] = found.clone();
                }
            }
        }
        (TypeKind::List(Some(item)), Ty::List(inner)) => see(class, item, inner, sizes),
        (TypeKind::Tuple(Some(items)), Ty::Tuple(inner)) => {
            items.iter().zip(inner).for_each(|(item, inner)| see(class, item, inner, sizes));
        }
        _ => {}
    }
}
