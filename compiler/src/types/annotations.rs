//! Types as they are written: names of kinds, dimensions by name, arithmetic of dimensions.

use super::body::Body;
use super::shape::Dim;
use super::ty::Ty;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::suggest;
use crate::source::Span;
use crate::syntax::ast::{self, DimKind, DimOp, TypeExpr, TypeKind};
use mpc_bytecode::Kind;
use std::collections::HashMap;

/// What the shape variables of a function's signature stand for, and where that is seen: parameter and axis.
#[derive(Clone, Debug, Default)]
pub struct Shapes<'a> {
    /// By name.
    pub found: HashMap<&'a str, (Dim, usize, usize)>,
}

/// How the name of a dimension is looked up; `None` if nothing binds it.
pub type Lookup<'l, 'b> = &'l mut dyn FnMut(&mut Body<'b, '_>, &'b str, Span) -> Option<Dim>;

impl<'a> Body<'a, '_> {
    /// The type that an annotation inside a function or at the top level means.
    pub fn annotation(&mut self, annotation: &'a TypeExpr) -> Ty {
        self.type_of(annotation, &mut |body, name, span| body.dim_in_scope(name, span))
    }

    /// What a name means as a dimension here: a variable with a known value, or a dimension of a port.
    pub fn dim_in_scope(&mut self, name: &'a str, span: Span) -> Option<Dim> {
        let port = self.checker.dim_named(name).filter(|_| self.in_program()).map(|(_, dim)| dim);
        let value = match self.checker.scopes.meaning(self.owner, name) {
            crate::names::Meaning::Variable(..) => self.name(name, span),
            crate::names::Meaning::Broken => return Some(Dim::Unknown),
            crate::names::Meaning::Function(_) | crate::names::Meaning::Module(_) => return port,
            crate::names::Meaning::Outside => return port,
        };
        if value.ty().is_scalar(Kind::Int) { Some(value.known) } else { value.is_error().then_some(Dim::Unknown) }
    }

    /// The type that an annotation means; `dim` gives the sizes of named dimensions.
    pub fn type_of(&mut self, annotation: &'a TypeExpr, dim: Lookup<'_, 'a>) -> Ty {
        match &annotation.kind {
            TypeKind::Named { module: None, name, dims } => {
                self.named_type(name, dims.as_deref(), annotation.span, dim)
            }
            TypeKind::Named { name, .. } => self.unknown_type(&name.text, annotation.span),
            TypeKind::List(Some(item)) => Ty::List(Box::new(self.type_of(item, dim))),
            TypeKind::Tuple(Some(items)) => Ty::Tuple(items.iter().map(|item| self.type_of(item, dim)).collect()),
            TypeKind::List(None) => self.incomplete(annotation.span, "list", "list[sint]"),
            TypeKind::Tuple(None) => self.incomplete(annotation.span, "tuple", "tuple[sint, sint]"),
            TypeKind::None => Ty::None,
            TypeKind::Error => Ty::Error,
        }
    }

    fn named_type(&mut self, name: &'a ast::Name, dims: Option<&'a [ast::Dim]>, span: Span, dim: Lookup<'_, 'a>) -> Ty {
        let Some(kind) = kind_named(&name.text) else { return self.unknown_type(&name.text, name.span) };
        let sizes: Vec<Dim> = dims.unwrap_or_default().iter().map(|written| self.dimension(written, dim)).collect();
        if kind == Kind::Str && !sizes.is_empty() {
            let found = Diagnostic::new(Code::UnknownType, span, "text has no axes");
            self.report(found.help("`list[str]` holds several texts"));
            return Ty::Error;
        }
        Ty::Tensor(kind, sizes)
    }

    /// The size that a dimension means.
    pub fn dimension(&mut self, written: &'a ast::Dim, dim: Lookup<'_, 'a>) -> Dim {
        match &written.kind {
            DimKind::Int(value) => i64::try_from(*value).map_or(Dim::Unknown, Dim::constant),
            DimKind::Name(name) => {
                dim(self, name, written.span).unwrap_or_else(|| {
                    let found = Diagnostic::new(
                        Code::UnknownDimension,
                        written.span,
                        format!("nothing says what size `{name}` is"),
                    );
                    self.report(found.help(
                        "`_` takes any size; a name is bound by an input, a parameter or an argument that has it",
                    ));
                    Dim::Unknown
                })
            }
            DimKind::Any | DimKind::Error => Dim::Unknown,
            DimKind::Binary { op, left, right } => {
                let (left, right) = (self.dimension(left, dim), self.dimension(right, dim));
                match op {
                    DimOp::Add => left.plus(&right),
                    DimOp::Sub => left.minus(&right),
                    DimOp::Mul => left.times(&right),
                    DimOp::FloorDiv => left.over(&right),
                }
            }
        }
    }

    fn incomplete(&mut self, span: Span, what: &str, example: &str) -> Ty {
        let found = Diagnostic::new(Code::UnknownType, span, format!("`{what}` does not say what it holds"));
        self.report(found.help(format!("for example `{example}`")));
        Ty::Error
    }

    fn unknown_type(&mut self, name: &str, span: Span) -> Ty {
        let found = Diagnostic::new(Code::UnknownType, span, format!("there is no type `{name}`"));
        let near = suggest::nearest(name, Kind::ALL.iter().map(|kind| kind.text()).filter(|kind| *kind != "raw"));
        self.report(match (name, near) {
            ("float", _) => found.help("fixed-point numbers are `fix`, secret ones `sfix`"),
            (_, Some(near)) => found.meant(span, near),
            (_, None) => found.help(
                "types are `int`, `fix`, `bool`, `str`, secret `sint`, `sfix`, `sbool`, `list[…]` and `tuple[…]`",
            ),
        });
        Ty::Error
    }
}

/// The kind of that name.
pub fn kind_named(name: &str) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|kind| kind.text() == name && *kind != Kind::Raw)
}

impl<'a> Shapes<'a> {
    /// What the named dimensions of a signature stand for, given the types of arguments.
    pub fn of(function: &'a ast::FunctionDef, types: &[Option<Ty>]) -> Self {
        let mut shapes = Shapes::default();
        for (index, (param, ty)) in function.params.iter().zip(types).enumerate() {
            if let (Some(annotation), Some(ty)) = (&param.annotation, ty) {
                shapes.bind(annotation, ty, index);
            }
        }
        shapes
    }

    fn bind(&mut self, annotation: &'a TypeExpr, ty: &Ty, param: usize) {
        match (&annotation.kind, ty) {
            (TypeKind::Named { dims: Some(dims), .. }, Ty::Tensor(_, sizes)) => {
                for (axis, (dim, size)) in dims.iter().zip(sizes).enumerate() {
                    if let DimKind::Name(name) = &dim.kind {
                        self.found.entry(name).or_insert_with(|| (size.clone(), param, axis));
                    }
                }
            }
            // Seen in a part of an argument: known by its size, but not to be measured again.
            (TypeKind::List(Some(item)), Ty::List(inner)) => self.bind(item, inner, usize::MAX),
            (TypeKind::Tuple(Some(items)), Ty::Tuple(inner)) => {
                items.iter().zip(inner).for_each(|(item, inner)| self.bind(item, inner, usize::MAX));
            }
            _ => {}
        }
    }

    /// The size of that name.
    pub fn get(&self, name: &str) -> Option<Dim> {
        self.found.get(name).map(|(size, _, _)| size.clone())
    }
}
