//! Ports of a class: one port of the bytecode for each tensor in an object, named by the fields that lead to it.

use super::super::annotations::kind_named;
use super::super::body::Body;
use super::super::convert::Wanted;
use super::super::flow::Var;
use super::super::ports::{Size, combined};
use super::super::sequences::{component, tuple};
use super::super::shape::Dim;
use super::super::tree::{ExprKind, PortIndex, StmtKind};
use super::super::ty::{Object, Ty, is_secret};
use super::super::value::{Origin, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::names::{ClassId, Owner};
use crate::source::Span;
use crate::syntax::ast::{self, DimKind, TypeExpr, TypeKind};
use mpc_bytecode::operand::RoleId;
use mpc_bytecode::program::{Direction, Line, Parties};
use mpc_bytecode::{Extent, Kind, Port};
use std::rc::Rc;

/// A tensor of an object.
#[derive(Clone, Debug)]
struct Leaf {
    /// The port's name, and the fields that lead to the tensor: `model.fc1.weight`.
    name: String,
    kind: Kind,
    shape: Vec<Extent>,
}

/// The sizes of a class's shape parameters.
type Sizes<'a> = Vec<(&'a str, Size)>;

/// What is asked of the fields of a port's class.
struct Fields<'p> {
    /// The port's whole type.
    written: &'p TypeExpr,
    /// True for an input: its data is secret, and binds sizes that nothing else does.
    input: bool,
    leaves: Vec<Leaf>,
}

impl<'a> Body<'a, '_> {
    /// The class of a port.
    pub fn class_of_port(&self, written: &TypeExpr) -> Option<ClassId> {
        self.checker.class_in(Owner::PROGRAM, written)
    }

    /// `input NAME: CLASS from ROLE`
    pub fn input_object(&mut self, port: &'a ast::InputPort, span: Span) {
        let (name, at) = (&port.name.text, port.name.span);
        let sym = self.symbol(Owner::PROGRAM, name);
        self.flow.set(sym, Var::Error);
        let Some(from) = &port.from else {
            let found = Diagnostic::new(Code::BadPortType, port.ty.span, "a public parameter cannot be an object");
            return self.report(found.help(format!(
                "add the role that has the data: `input {name}: … from alice`; or declare a parameter for each number"
            )));
        };
        let Some(role) = self.role(from) else { return };
        if self.checker.roles[role].family.is_some() {
            let found = Diagnostic::new(Code::BadPortType, port.ty.span, "a family of roles cannot give objects");
            return self.report(found.help("declare an input for each field: from a family, each is a list"));
        }
        if let Some(default) = &port.default {
            let found = Diagnostic::new(Code::BadDefault, default.span, "secret data has no default");
            return self.report(found.help("leave it out: the role gives the data when the program is run"));
        }
        let mut fields = Fields { written: &port.ty, input: true, leaves: Vec::new() };
        let Some(ty) = self.fields_of_port(&port.ty, None, name, &mut fields) else { return };
        let first = self.checker.ports.len();
        let parties = Parties::Roles(vec![RoleId(role as u32)]);
        self.add_ports(fields.leaves, &Direction::Input, &parties, port.why.as_ref(), at);
        let text = format!("`{name}` is input from {}", from.name.text);
        let why = Some(Rc::new(Origin { span: at, text }));
        let value = read_ports(&ty, &mut (first as u32), span).because(why);
        self.bind(sym, value, at);
    }

    /// Declares the ports of an output's fields; gives how many.
    pub fn declare_output_object(&mut self, port: &'a ast::OutputPort, parties: &Parties) -> bool {
        let mut fields = Fields { written: &port.ty, input: false, leaves: Vec::new() };
        let declared = self.fields_of_port(&port.ty, None, &port.name.text, &mut fields).is_some();
        self.add_ports(fields.leaves, &Direction::Output, parties, port.why.as_ref(), port.name.span);
        declared
    }

    /// At the end of the program: each field of an output goes to its own port.
    pub fn write_object(&mut self, port: &'a ast::OutputPort, first: usize, value: Value) {
        let mut fields = Fields { written: &port.ty, input: false, leaves: Vec::new() };
        let Some(ty) = self.fields_of_port(&port.ty, None, &port.name.text, &mut fields) else { return };
        let what = format!("output `{}`", port.name.text);
        let value = self.coerce(value, &ty, &Wanted { what: &what, declared: Some(port.ty.span) });
        if value.is_error() {
            return;
        }
        let value = self.hold(value, true);
        let mut tensors = Vec::new();
        each_tensor(&value, &mut tensors);
        for (index, (leaf, tensor)) in (first..).zip(fields.leaves.into_iter().zip(tensors)) {
            self.checker.ports[index].shape = leaf.shape;
            self.emit(StmtKind::Output(PortIndex(index as u32), tensor.expr), port.name.span);
        }
    }

    fn add_ports(
        &mut self,
        leaves: Vec<Leaf>,
        direction: &Direction,
        parties: &Parties,
        why: Option<&ast::Text>,
        at: Span,
    ) {
        for Leaf { name, kind, shape } in leaves {
            let (direction, parties) = (direction.clone(), parties.clone());
            self.checker.ports.push(Port { name, direction, kind, shape, list: false, parties, line: Line::default() });
            self.close_port(None, why, at);
        }
    }

    /// The tensors of a type, with the sizes of the class around it; its own type. `None` if it cannot be a port's.
    fn fields_of_port(
        &mut self,
        ty: &'a TypeExpr,
        around: Option<(&Sizes<'a>, Owner)>,
        path: &str,
        fields: &mut Fields<'_>,
    ) -> Option<Ty> {
        let owner = around.map_or(Owner::PROGRAM, |(_, owner)| owner);
        match &ty.kind {
            TypeKind::Named { name, dims, .. } => {
                let sizes: Vec<Size> = match dims {
                    None => Vec::new(),
                    Some(dims) => dims.iter().map(|dim| self.size_of_port(dim, around, fields.input)).collect(),
                };
                match self.checker.class_in(owner, ty) {
                    Some(id) => self.fields_of_class(id, dims.is_some().then_some(sizes), path, ty.span, fields),
                    None => self.tensor_of_port(kind_named(&name.text)?, sizes, path, ty.span, fields),
                }
            }
            TypeKind::Tuple(Some(items)) => {
                let all = items.iter().enumerate();
                let all = all.map(|(at, item)| self.fields_of_port(item, around, &format!("{path}.{at}"), fields));
                Some(Ty::Tuple(all.collect::<Option<_>>()?))
            }
            TypeKind::List(_) => {
                let message =
                    format!("`{path}` is a list, and a port of a class needs to know how many items there are");
                let found =
                    Diagnostic::new(Code::BadPortType, fields.written.span, message).note(ty.span, "declared here");
                self.report(found.help("make it a tuple, as in `tuple[Linear, Linear]`, or a field for each item"));
                None
            }
            TypeKind::Tuple(None) | TypeKind::None | TypeKind::Error => None,
        }
    }

    fn fields_of_class(
        &mut self,
        id: ClassId,
        written: Option<Vec<Size>>,
        path: &str,
        span: Span,
        fields: &mut Fields<'_>,
    ) -> Option<Ty> {
        let (class, owner) = (self.checker.scopes.class(id).class, self.checker.scopes.class(id).owner);
        let count = class.shape.len();
        if let Some(sizes) = &written
            && !self.sizes_fit(class, sizes.len(), span)
        {
            return None;
        }
        // A class that contains itself has no fields to speak of.
        if self.object_type(id, super::fields::any(count)).is_error() {
            return None;
        }
        let record = self.checker.record(id);
        let sizes = written.unwrap_or_else(|| {
            let names = class.shape.iter().zip(&record.measures);
            names.map(|(name, place)| self.free_size(path, &name.text, place.is_some() && fields.input)).collect()
        });
        let known: Sizes<'a> = class.shape.iter().map(|name| name.text.as_str()).zip(sizes.iter().cloned()).collect();
        let mut types = Vec::with_capacity(class.fields.len());
        for field in &class.fields {
            let path = format!("{path}.{}", field.name.text);
            types.push(self.fields_of_port(&field.ty, Some((&known, owner)), &path, fields)?);
        }
        let sizes = sizes.into_iter().map(|(_, size)| size).collect();
        Some(Ty::Object(Object { class: record, sizes, fields: types }))
    }

    /// A size that the data says: a dimension of its own, where an axis shows it.
    fn free_size(&mut self, path: &str, name: &str, shown: bool) -> Size {
        if !shown {
            return (Extent::Any, Dim::Unknown);
        }
        let (index, size) = self.checker.port_dim(&format!("{path}.{name}"), None);
        (Extent::Dim(mpc_bytecode::operand::DimId(index)), size)
    }

    fn size_of_port(&mut self, dim: &'a ast::Dim, around: Option<(&Sizes<'a>, Owner)>, binds: bool) -> Size {
        let Some((sizes, _)) = around else { return self.extent(dim, binds) };
        match &dim.kind {
            DimKind::Int(value) => {
                (Extent::Constant(*value), i64::try_from(*value).map_or(Dim::Unknown, Dim::constant))
            }
            // A name that is none of the class's was reported with the class.
            DimKind::Name(name) => {
                let known = sizes.iter().find(|(known, _)| known == name);
                known.map_or((Extent::Any, Dim::Unknown), |(_, size)| size.clone())
            }
            DimKind::Any | DimKind::Error => (Extent::Any, Dim::Unknown),
            DimKind::Binary { op, left, right } => {
                combined(*op, self.size_of_port(left, around, binds), self.size_of_port(right, around, binds))
            }
        }
    }

    fn tensor_of_port(
        &mut self,
        kind: Kind,
        sizes: Vec<Size>,
        path: &str,
        span: Span,
        fields: &mut Fields<'_>,
    ) -> Option<Ty> {
        if fields.input && !is_secret(kind) {
            let message = format!("data of one role is secret, and `{path}` is a public `{kind}`");
            let found = Diagnostic::new(Code::BadPortType, fields.written.span, message).note(span, "declared here");
            let secret = kind.secret().map_or("sint", Kind::text);
            self.report(found.help(format!("declare the field `{secret}`, or make it a constant of the class")));
            return None;
        }
        let (shape, dims) = sizes.into_iter().unzip();
        fields.leaves.push(Leaf { name: path.to_owned(), kind, shape });
        Some(Ty::Tensor(kind, dims))
    }
}

/// The value that is read from ports in order.
fn read_ports(ty: &Ty, next: &mut u32, span: Span) -> Value {
    let Ty::Tensor(..) = ty else {
        let items = ty.components().iter().map(|item| read_ports(item, next, span)).collect();
        let value = tuple(items, span);
        return Value { expr: super::super::tree::Expr { ty: ty.clone(), ..value.expr }, ..Value::none(span) };
    };
    let port = PortIndex(*next);
    *next += 1;
    Value::new(ExprKind::Input(port), ty.clone(), span)
}

/// The tensors of a value in the order of the ports.
fn each_tensor(value: &Value, out: &mut Vec<Value>) {
    match value.ty() {
        Ty::Tensor(..) => out.push(value.clone()),
        ty => (0..ty.components().len()).for_each(|at| each_tensor(&component(value, at), out)),
    }
}
