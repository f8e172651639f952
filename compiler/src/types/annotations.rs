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

/// What the shape variables of a function's signature stand for.
#[derive(Clone, Debug, Default)]
pub struct Shapes<'a> {
    /// By name.
    pub found: HashMap<&'a str, Seen>,
}

/// A size, and where it is seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The size.
    pub size: Dim,
    /// The parameter, the components that lead from it to a tensor, and the axis; `None` where it cannot be measured again.
    pub place: Option<(usize, Vec<usize>, usize)>,
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
            crate::names::Meaning::Function(_) | crate::names::Meaning::Class(_) => return port,
            crate::names::Meaning::Module(_) => return port,
            crate::names::Meaning::Outside => return port,
        };
        if value.ty().is_scalar(Kind::Int) { Some(value.known) } else { value.is_error().then_some(Dim::Unknown) }
    }

    /// The type that an annotation means; `dim` gives the sizes of named dimensions.
    pub fn type_of(&mut self, annotation: &'a TypeExpr, dim: Lookup<'_, 'a>) -> Ty {
        match &annotation.kind {
            TypeKind::Named { module, name, dims } => match self.class_named(module.as_ref(), name) {
                Some(class) => self.class_type(class, dims.as_deref(), annotation.span, dim),
                None if module.is_some() => self.unknown_type(&name.text, annotation.span),
                None => self.named_type(name, dims.as_deref(), annotation.span, dim),
            },
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
            ("float" | "double" | "number" | "complex" | "Decimal", _) => {
                found.help("fixed-point numbers are `fix`, secret ones `sfix`")
            }
            ("ndarray" | "Tensor" | "tensor" | "array" | "DataFrame" | "Series" | "NDArray", _) => {
                found.help("a tensor is written with its sizes: `sfix[n]`, `fix[n, 3]`")
            }
            ("Optional" | "Union" | "Any" | "object", _) => {
                found.help("a value has one type; without an annotation, a parameter takes every type it can work with")
            }
            ("List" | "Sequence" | "Iterable", _) => found.help("a list is `list[sint]`"),
            ("dict" | "Dict" | "set" | "Set", _) => found.help("there are lists, tuples, tensors and classes"),
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
    pub fn of(function: &'a ast::FunctionDef, class: Option<&'a ast::ClassDef>, types: &[Option<Ty>]) -> Self {
        let mut shapes = Shapes::default();
        if let (Some(class), Some(Some(Ty::Object(object)))) = (class, types.first()) {
            let made = function.name.text != "__init__";
            let known = class.shape.iter().zip(&object.sizes).zip(&object.class.measures);
            for ((name, size), measure) in known.filter(|((_, size), _)| made || **size != Dim::Unknown) {
                let place = measure.clone().filter(|_| made).map(|(path, axis)| (0, path, axis));
                shapes.found.insert(&name.text, Seen { size: size.clone(), place });
            }
        }
        for (index, (param, ty)) in function.params.iter().zip(types).enumerate() {
            if let (Some(annotation), Some(ty)) = (&param.annotation, ty) {
                shapes.bind(annotation, ty, Some((index, Vec::new())));
            }
        }
        shapes
    }

    fn bind(&mut self, annotation: &'a TypeExpr, ty: &Ty, place: Option<(usize, Vec<usize>)>) {
        let mut see = |dim: &'a ast::Dim, size: &Dim, inside: Option<(&[usize], usize)>| {
            let DimKind::Name(name) = &dim.kind else { return };
            let place = place.clone().zip(inside);
            let place = place.map(|((param, path), (more, axis))| (param, [path.as_slice(), more].concat(), axis));
            self.found.entry(name).or_insert_with(|| Seen { size: size.clone(), place });
        };
        match (&annotation.kind, ty) {
            (TypeKind::Named { dims: Some(dims), .. }, Ty::Tensor(_, sizes)) => {
                dims.iter().zip(sizes).enumerate().for_each(|(axis, (dim, size))| see(dim, size, Some((&[], axis))));
            }
            (TypeKind::Named { dims: Some(dims), .. }, Ty::Object(object)) => {
                for ((dim, size), measure) in dims.iter().zip(&object.sizes).zip(&object.class.measures) {
                    see(dim, size, measure.as_ref().map(|(path, axis)| (path.as_slice(), *axis)));
                }
            }
            // Of the items of a list, which may be none: known by its size, but not to be measured again.
            (TypeKind::List(Some(item)), Ty::List(inner)) => self.bind(item, inner, None),
            (TypeKind::Tuple(Some(items)), Ty::Tuple(inner)) => {
                for (at, (item, inner)) in items.iter().zip(inner).enumerate() {
                    let inside = |(param, path): &(usize, Vec<usize>)| (*param, [path.as_slice(), &[at]].concat());
                    self.bind(item, inner, place.as_ref().map(inside));
                }
            }
            _ => {}
        }
    }

    /// The size of that name.
    pub fn get(&self, name: &str) -> Option<Dim> {
        self.found.get(name).map(|seen| seen.size.clone())
    }
}
