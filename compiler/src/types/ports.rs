//! The top level: precision, roles, ports, and the check of a whole program.

use super::body::Body;
use super::checker::{Checker, Output};
use super::convert::Wanted;
use super::exceptions::Exceptions;
use super::flow::Var;
use super::shape::Dim;
use super::testing::top_level;
use super::tree::{self, ExprKind, Function, PortIndex, Tree};
use super::ty::{Ty, is_secret};
use super::value::{Origin, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::names::{DefId, ModuleId, Modules, Owner, suggest};
use crate::source::Span;
use crate::syntax::ast::{self, DimKind, DimOp, StmtKind};
use mpc_bytecode::operand::{DimId, RoleId};
use mpc_bytecode::program::{Direction, ExtentOp, Line, Parties};
use mpc_bytecode::{Constant, Extent, Kind, Port, Precision, Role};
use std::rc::Rc;

impl<'a> Checker<'a> {
    /// Checks the whole program.
    pub fn program(mut self, modules: &'a Modules) -> (Option<Tree>, Vec<Diagnostic>) {
        let module = &modules.get(ModuleId::PROGRAM).tree;
        self.set_precisions(module);
        for stmt in &module.body {
            if let StmtKind::Role(roles) = &stmt.kind {
                roles.iter().for_each(|role| self.declare_role(role));
            }
        }
        self.exceptions = Exceptions::collect(modules, &self.scopes, &mut self.diagnostics);
        let mut body = Body::new(&mut self, Owner::PROGRAM);
        body.imported_files(modules);
        body.block_at_top(&module.body);
        body.write_outputs();
        let (locals, stmts) = (std::mem::take(&mut body.locals), std::mem::take(&mut body.out));
        let top = Function { locals, ..top_level(stmts, module.span) };
        self.unbound_sizes(module);
        self.check_uncalled();
        self.finish(top)
    }

    /// The widths of numbers that a file sets.
    pub fn set_precisions(&mut self, module: &'a ast::Module) {
        for stmt in &module.body {
            if let StmtKind::Precision(precision) = &stmt.kind {
                self.set_precision(precision, stmt.span);
            }
        }
    }

    fn set_precision(&mut self, precision: &ast::Precision, span: Span) {
        let mut widths = self.precision;
        for (name, value) in &precision.settings {
            let ast::ExprKind::Int(number) = value.kind else {
                let found = Diagnostic::new(Code::NotConstant, value.span, "a width must be a number");
                return self.diagnostics.push(found);
            };
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            match (precision.of.text.as_str(), name.text.as_str()) {
                ("int", "bits") => widths.int_bits = number,
                ("fix", "bits") => widths.fix_bits = number,
                ("fix", "frac") => widths.fix_frac = number,
                (of, setting) => {
                    let found = Diagnostic::new(
                        Code::BadPrecision,
                        name.span,
                        format!("`precision {of}` has no setting `{setting}`"),
                    );
                    let help = "`precision fix(bits=47, frac=16)` and `precision int(bits=64)` set widths";
                    return self.diagnostics.push(found.help(help));
                }
            }
        }
        match impossible(&widths) {
            None => self.precision = widths,
            Some(message) => self.diagnostics.push(Diagnostic::new(Code::BadPrecision, span, message)),
        }
    }

    fn declare_role(&mut self, role: &ast::RoleDecl) {
        if let Some(first) = self.role_named(&role.name.text) {
            let first = self.role_spans[first];
            let found = Diagnostic::new(
                Code::DefinedTwice,
                role.name.span,
                format!("role `{}` is declared twice", role.name.text),
            );
            return self.diagnostics.push(found.note(first, "the first time"));
        }
        let family = role.count.as_ref().and_then(|count| match &count.kind {
            DimKind::Name(name) => Some(DimId(self.port_dim(name, None).0)),
            DimKind::Int(_) | DimKind::Any | DimKind::Binary { .. } => {
                let found =
                    Diagnostic::new(Code::BadPortType, count.span, "the number of a family's members must have a name");
                self.diagnostics.push(
                    found.help(format!("`role {}[n]`; who starts the program says how many there are", role.name.text)),
                );
                None
            }
            DimKind::Error => None,
        });
        self.roles.push(Role { name: role.name.text.clone(), family });
        self.role_spans.push(role.name.span);
    }

    /// Functions that nothing calls are checked too: with the types that they declare, of any shape.
    fn check_uncalled(&mut self) {
        for index in 0..self.scopes.defs.len() {
            let def = DefId(index as u32);
            let called = self.by_key.keys().any(|key| key.def == def);
            if called || self.scopes.def(def).library || !self.scopes.def(def).parent.is_top() || self.lacks_self(def) {
                continue;
            }
            let mut types: Vec<Option<Ty>> = Vec::new();
            let function = self.scopes.def(def).function;
            for (at, param) in function.params.iter().enumerate() {
                types.push(Some(match (&param.annotation, self.any_object(def).filter(|_| at == 0)) {
                    (_, Some(object)) => object,
                    (Some(annotation), None) => self.any_shape(annotation, self.scopes.def(def).parent),
                    (None, None) => Ty::Error,
                }));
            }
            types.extend(self.scopes.captures(def).into_iter().map(|_| Some(Ty::Error)));
            let numbers = vec![None; types.len()];
            let key = super::checker::Key { def, types, numbers };
            if let Some(made) = self.instance(&key, &[], function.header) {
                let found = self.instances[made].diagnostics.clone();
                self.diagnostics.extend(found);
            }
        }
    }

    /// The declared type with a shape variable of its own for every named dimension.
    fn any_shape(&mut self, annotation: &'a ast::TypeExpr, owner: Owner) -> Ty {
        let mut named: Vec<(&'a str, Dim)> = Vec::new();
        let mut body = Body::new(self, owner);
        body.type_of(annotation, &mut |body, name, _| {
            if let Some((_, dim)) = named.iter().find(|(known, _)| *known == name) {
                return Some(dim.clone());
            }
            let dim = body.fresh_dim(name);
            named.push((name, dim.clone()));
            Some(dim)
        })
    }
}

fn impossible(widths: &Precision) -> Option<String> {
    if widths.fix_frac >= widths.fix_bits {
        return Some(format!("{} fractional bits do not fit into {} bits", widths.fix_frac, widths.fix_bits));
    }
    if widths.fix_bits > 126 || !(2..=128).contains(&widths.int_bits) {
        return Some("numbers have 2 to 126 bits".into());
    }
    let sum = widths.fix_bits.saturating_add(widths.fix_frac);
    widths.ring_bits().is_none().then(|| format!("no ring is wide enough: bits + frac is {sum}, and must be below 128"))
}

impl<'a> Body<'a, '_> {
    fn block_at_top(&mut self, body: &'a [ast::Stmt]) {
        for stmt in body {
            if !matches!(stmt.kind, StmtKind::Role(_) | StmtKind::Precision(_)) {
                self.block(std::slice::from_ref(stmt));
            }
        }
    }

    /// `input NAME: TYPE …`
    pub fn input_port(&mut self, port: &'a ast::InputPort, span: Span) {
        if let Some((low, _)) = &port.range {
            self.not_yet(low.span, "the range of an input", "check revealed values with `assert`");
        }
        let index = self.checker.ports.len();
        if !self.new_port(&port.name) {
            return;
        }
        if self.class_of_port(&port.ty).is_some() {
            return self.input_object(port, span);
        }
        let parties = port.from.as_ref().map(|role| (self.role(role), role));
        let sym = self.symbol(Owner::PROGRAM, &port.name.text);
        let declared = self.port_type(&port.ty, parties.is_some());
        let (Some((kind, shape, dims)), false) = (declared, matches!(parties, Some((None, _)))) else {
            self.checker.ports.push(no_port(&port.name.text));
            self.close_port(None, None, port.name.span);
            return self.flow.set(sym, Var::Error);
        };
        let default =
            port.default.as_ref().and_then(|default| self.port_default(default, kind, &dims, parties.is_some()));
        let mut ty = Ty::Tensor(kind, dims);
        let place = PortIndex(index as u32);
        let (direction, parties, read, text) = match parties.and_then(|(role, written)| Some((role?, written))) {
            Some((role, written)) => {
                if self.checker.roles[role].family.is_some() {
                    ty = Ty::List(Box::new(ty));
                }
                let text = format!("`{}` is input from {}", port.name.text, written.name.text);
                (Direction::Input, Parties::Roles(vec![RoleId(role as u32)]), ExprKind::Input(place), text)
            }
            None => (Direction::Parameter { default: None }, Parties::All, ExprKind::Param(place), String::new()),
        };
        let name = port.name.text.clone();
        self.checker.ports.push(Port { name, direction, kind, shape, list: false, parties, line: Line::default() });
        self.close_port(default, port.why.as_ref(), port.name.span);
        let known = if ty.is_scalar(Kind::Int) { self.fresh_dim(&port.name.text) } else { Dim::Unknown };
        let why = Some(Rc::new(Origin { span: port.name.span, text }));
        let value = Value::new(read, ty, span).because(why).knowing(known);
        self.bind(sym, value, port.name.span);
    }

    /// Whether a port of that name is new.
    fn new_port(&mut self, name: &ast::Name) -> bool {
        let fields = |port: &Port| port.name.strip_prefix(&name.text).is_some_and(|rest| rest.starts_with('.'));
        let first = self.checker.ports.iter().position(|port| port.name == name.text || fields(port));
        if let Some(first) = first {
            let at = self.checker.port_spans[first];
            let found = Diagnostic::new(Code::DefinedTwice, name.span, format!("there are two ports `{}`", name.text));
            self.report(found.note(at, "the first"));
        }
        first.is_none()
    }

    pub fn close_port(&mut self, default: Option<Constant>, why: Option<&ast::Text>, span: Span) {
        self.checker.defaults.push(default);
        self.checker.reasons.push(why.map(|why| why.text.clone()));
        self.checker.port_spans.push(span);
    }

    pub fn role(&mut self, written: &ast::RoleRef) -> Option<usize> {
        if let Some(index) = &written.index {
            self.not_yet(index.span, "one member of a family of roles", "name the family, or declare separate roles");
            return None;
        }
        let name = &written.name;
        let found = self.checker.role_named(&name.text);
        if found.is_none() {
            let message = format!("there is no role `{}`", name.text);
            let found = Diagnostic::new(Code::UnknownRole, name.span, message);
            self.report(match self.checker.near_role(&name.text) {
                Some(near) => found.meant(name.span, near),
                None => found.help(format!("declare it: `role {}`", name.text)),
            });
        }
        found
    }

    /// Kind, extents and sizes of a port; secret for inputs that come from a role.
    fn port_type(&mut self, written: &'a ast::TypeExpr, from_role: bool) -> Option<(Kind, Vec<Extent>, Vec<Dim>)> {
        let (kind, dims) = self.port_kind(written)?;
        if is_secret(kind) != from_role {
            let found = if from_role {
                let secret = kind.secret().map_or("sint", Kind::text);
                if kind == Kind::Str {
                    let found = Diagnostic::new(
                        Code::BadPortType,
                        written.span,
                        "data of one role is secret, and text is public",
                    );
                    self.report(found.help("text as numbers: `sint[n]`, one for each character or category"));
                    return None;
                }
                Diagnostic::new(
                    Code::BadPortType,
                    written.span,
                    format!("data of one role is secret, and `{kind}` is public"),
                )
                .help(format!("write `{secret}`; a public parameter has no `from`"))
            } else {
                Diagnostic::new(Code::BadPortType, written.span, format!("nothing says whose data this `{kind}` is"))
                    .help("add the role that has it: `from alice`")
            };
            self.report(found);
            return None;
        }
        let mut sizes = Vec::with_capacity(dims.len());
        let mut shape = Vec::with_capacity(dims.len());
        for dim in dims {
            let (extent, size) = self.extent(dim, true);
            shape.push(extent);
            sizes.push(size);
        }
        Some((kind, shape, sizes))
    }

    fn port_kind(&mut self, written: &'a ast::TypeExpr) -> Option<(Kind, &'a [ast::Dim])> {
        let mark = self.checker.diagnostics.len();
        let ty = self.type_of(written, &mut |_, _, _| Some(Dim::Unknown));
        match (ty, &written.kind) {
            (Ty::Error, _) => None,
            (Ty::Tensor(kind, _), ast::TypeKind::Named { dims, .. }) => {
                Some((kind, dims.as_deref().unwrap_or_default()))
            }
            (ty, _) => {
                self.checker.diagnostics.truncate(mark);
                let found = Diagnostic::new(Code::BadPortType, written.span, format!("a port cannot be `{ty}`"));
                self.report(match &ty {
                    Ty::List(item) if item.kind().is_some_and(|kind| kind != Kind::Str) => found
                        .help(format!("several numbers are a tensor: `{}[n]`", item.kind().map_or("sint", Kind::text))),
                    _ => found.help(
                        "ports are numbers and tensors: `sint`, `sfix[n, 3]`; several values can be several ports",
                    ),
                });
                None
            }
        }
    }

    /// A dimension of a port. One that nothing binds is bound by the data, if this port has data.
    pub fn extent(&mut self, written: &'a ast::Dim, binds: bool) -> (Extent, Dim) {
        match &written.kind {
            DimKind::Int(value) => {
                (Extent::Constant(*value), i64::try_from(*value).map_or(Dim::Unknown, Dim::constant))
            }
            DimKind::Any | DimKind::Error => (Extent::Any, Dim::Unknown),
            DimKind::Name(name) => self.named_extent(name, written.span, binds),
            DimKind::Binary { op, left, right } => {
                let ((a, left), (b, right)) = (self.extent(left, binds), self.extent(right, binds));
                combined(*op, (a, left), (b, right))
            }
        }
    }

    fn named_extent(&mut self, name: &'a str, span: Span, binds: bool) -> (Extent, Dim) {
        let crate::names::Meaning::Variable(..) = self.checker.scopes.meaning(Owner::PROGRAM, name) else {
            if !binds && self.checker.dim_named(name).is_none() {
                return (Extent::Any, Dim::Unknown);
            }
            let (index, dim) = self.checker.port_dim(name, None);
            return (Extent::Dim(DimId(index)), dim);
        };
        let value = self.name(name, span);
        if let Some(number) = value.as_int().and_then(|number| u64::try_from(number).ok()) {
            return (Extent::Constant(number), value.known);
        }
        let parameter = self
            .checker
            .ports
            .iter()
            .any(|port| port.name == name && matches!(port.direction, Direction::Parameter { .. }));
        if parameter && value.ty().is_scalar(Kind::Int) {
            let (index, dim) = self.checker.port_dim(name, Some(value.known));
            return (Extent::Dim(DimId(index)), dim);
        }
        if binds && !value.is_error() {
            let message = format!("the size `{name}` is not known when the data is read");
            let found = Diagnostic::new(Code::UnknownDimension, span, message);
            self.report(found.help(format!(
                "use a constant or a parameter (`input {name}: int`), or another name, which the data binds"
            )));
        }
        (Extent::Any, Dim::Unknown)
    }

    fn port_default(&mut self, default: &'a ast::Expr, kind: Kind, dims: &[Dim], secret: bool) -> Option<Constant> {
        if secret {
            let found = Diagnostic::new(Code::BadDefault, default.span, "secret data has no default");
            self.report(found.help("a public parameter has no `from`"));
            return None;
        }
        let (_, value) = self.block_of(|walk| walk.expr(default));
        let value = if dims.is_empty() { value } else { self.tensor_of(value) };
        let value = self.coerce(value, &Ty::Tensor(kind, dims.to_vec()), &Wanted::default());
        if value.is_error() {
            return None;
        }
        let constant = super::tensors::constant_of(&value.expr, kind, self.checker.precision.fix_frac);
        if constant.is_none() {
            let found = Diagnostic::new(Code::BadDefault, default.span, "a default must be a constant");
            self.report(found.help("write the number itself"));
        }
        constant
    }

    /// `output NAME: TYPE …`; it is written when the program ends.
    pub fn output_port(&mut self, port: &'a ast::OutputPort, _span: Span) {
        if !self.new_port(&port.name) {
            return;
        }
        let parties = match &port.to {
            ast::Recipients::All(_) => Some(Parties::All),
            ast::Recipients::Roles(roles) => {
                let found: Vec<Option<usize>> = roles.iter().map(|role| self.role(role)).collect();
                let ids: Option<Vec<RoleId>> = found.into_iter().map(|role| Some(RoleId(role? as u32))).collect();
                ids.map(Parties::Roles)
            }
        };
        let index = self.checker.ports.len();
        if self.class_of_port(&port.ty).is_some() {
            if parties.is_some_and(|parties| self.declare_output_object(port, &parties)) {
                self.checker.outputs.push(Output { port, index });
            }
            return;
        }
        self.checker.ports.push(no_port(&port.name.text));
        self.close_port(None, port.why.as_ref(), port.name.span);
        if let (Some(parties), Some((kind, _))) = (parties, self.port_kind(&port.ty)) {
            let entry = &mut self.checker.ports[index];
            (entry.kind, entry.parties, entry.direction) = (kind, parties, Direction::Output);
            self.checker.outputs.push(Output { port, index });
        }
    }

    /// At the end of the program: every output's value goes to its roles.
    fn write_outputs(&mut self) {
        for Output { port, index } in std::mem::take(&mut self.checker.outputs) {
            let sym = self.symbol(Owner::PROGRAM, &port.name.text);
            let at = match self.flow.get(sym) {
                Var::Unassigned => {
                    self.not_written(port);
                    continue;
                }
                Var::Bound(binding) => binding.at,
                Var::Maybe(_) | Var::OneArm(..) | Var::Stale(_) | Var::Clash(_) | Var::Error => port.name.span,
            };
            let value = self.name(&port.name.text, at);
            if self.class_of_port(&port.ty).is_some() {
                self.write_object(port, index, value);
                continue;
            }
            let Some((kind, dims)) = self.port_kind(&port.ty) else { continue };
            let (shape, sizes): (Vec<Extent>, Vec<Dim>) = dims.iter().map(|dim| self.extent(dim, false)).unzip();
            let one_each = self.one_each(index) && matches!(value.ty(), Ty::List(_));
            let value = if one_each || sizes.is_empty() { value } else { self.tensor_of(value) };
            let what = format!("output `{}`", port.name.text);
            let wanted = Wanted { what: &what, declared: Some(port.ty.span) };
            let item = Ty::Tensor(kind, sizes);
            let ty = if one_each { Ty::List(Box::new(item)) } else { item };
            let value = self.coerce(value, &ty, &wanted);
            self.checker.ports[index].list = one_each;
            self.checker.ports[index].shape = shape;
            if !value.is_error() {
                let kind = tree::StmtKind::Output(PortIndex(index as u32), value.expr);
                self.emit(kind, port.name.span);
            }
        }
    }

    /// Whether an output goes to the members of one family: of a list, each gets its own item.
    fn one_each(&self, index: usize) -> bool {
        match &self.checker.ports[index].parties {
            Parties::Roles(roles) => match roles.as_slice() {
                [only] => self.checker.roles.get(only.0 as usize).is_some_and(|role| role.family.is_some()),
                _ => false,
            },
            Parties::All => false,
        }
    }

    fn not_written(&mut self, port: &ast::OutputPort) {
        let name = &port.name.text;
        let found =
            Diagnostic::new(Code::OutputNotAssigned, port.name.span, format!("output `{name}` is never assigned"));
        let assigned = self.checker.scopes.visible(Owner::PROGRAM);
        let assigned = assigned.into_iter().filter(|other| *other != name && self.is_new_variable(other));
        self.report(match suggest::nearest(name, assigned) {
            Some(near) => found.help(format!("assign it: `{name} = …`; `{near}` is assigned: is that meant?")),
            None => found.help(format!("assign it: `{name} = …`")),
        });
    }

    /// Whether a name is a variable of the program that no port declares.
    fn is_new_variable(&self, name: &str) -> bool {
        let port = self.checker.ports.iter().any(|port| port.name == name);
        !port && matches!(self.checker.scopes.meaning(Owner::PROGRAM, name), crate::names::Meaning::Variable(..))
    }
}

/// A size in the bytecode, and as the checker knows it.
pub type Size = (Extent, Dim);

/// Two sizes combined.
pub fn combined(op: DimOp, (a, left): Size, (b, right): Size) -> Size {
    let (op, size) = match op {
        DimOp::Add => (ExtentOp::Add, left.plus(&right)),
        DimOp::Sub => (ExtentOp::Sub, left.minus(&right)),
        DimOp::Mul => (ExtentOp::Mul, left.times(&right)),
        DimOp::FloorDiv => (ExtentOp::FloorDiv, left.over(&right)),
    };
    match (&a, &b) {
        (Extent::Any, _) | (_, Extent::Any) => (Extent::Any, Dim::Unknown),
        _ => (Extent::Combined(op, Box::new(a), Box::new(b)), size),
    }
}

fn no_port(name: &str) -> Port {
    Port {
        name: name.to_owned(),
        direction: Direction::Output,
        kind: Kind::Int,
        shape: Vec::new(),
        list: false,
        parties: Parties::All,
        line: Line::default(),
    }
}
