//! Instances of functions: each is walked once for a list of argument types, and remembered.

use super::annotations::{Seen, Shapes};
use super::body::Body;
use super::checker::{Checker, Instance, Key, MAX_CALLS, MAX_INSTANCES};
use super::classes::{Changed, Origins, Param};
use super::flow::{Binding, Var};
use super::shape::Dim;
use super::shares::{Shared, can_share};
use super::tree::{BinaryMeaning, Expr, ExprKind, Function, LocalId, Piece, Primitive, Stmt, StmtKind};
use super::ty::Ty;
use super::value::{Origin, Value, Why};
use crate::diagnostic::{Code, Diagnostic};
use crate::names::Owner;
use crate::source::Span;
use crate::syntax::ast;
use mpc_bytecode::Kind;
use mpc_bytecode::operand::{Binary, Exception};
use std::collections::HashSet;
use std::rc::Rc;

/// A function that calls itself is walked again until its result's type is stable; types grow only so far.
const MAX_ROUNDS: usize = 8;

impl<'a> Checker<'a> {
    /// The instance for a key; it is walked if this is its first use. `None` if there can be no more.
    pub fn instance(&mut self, key: &Key, whys: &[Why], span: Span) -> Option<usize> {
        if let Some(&known) = self.by_key.get(key) {
            self.close_circle(known);
            return Some(known);
        }
        if self.instances.len() >= MAX_INSTANCES || self.walking.len() >= MAX_CALLS {
            self.too_complex(span);
            return None;
        }
        let index = self.instances.len();
        self.instances.push(Instance {
            def: key.def,
            result: None,
            open: true,
            why: None,
            effects: None,
            diagnostics: Vec::new(),
            changes: Vec::new(),
            origins: Origins::default(),
            recursive: false,
            function: None,
        });
        self.by_key.insert(key.clone(), index);
        self.walking.push(index);
        let outer = std::mem::take(&mut self.diagnostics);
        self.settle(index, key, whys);
        let mut found = std::mem::replace(&mut self.diagnostics, outer);
        let mut seen = HashSet::new();
        found.retain(|found| seen.insert((found.code, found.span)));
        self.walking.pop();
        self.instances[index].diagnostics = found;
        self.instances[index].open = false;
        Some(index)
    }

    /// A call of an instance that is being walked: everything since then may call itself.
    fn close_circle(&mut self, known: usize) {
        if let Some(from) = self.walking.iter().position(|&index| index == known) {
            for &index in &self.walking[from..] {
                self.instances[index].recursive = true;
            }
        }
    }

    fn settle(&mut self, index: usize, key: &Key, whys: &[Why]) {
        for round in 0..MAX_ROUNDS {
            let assumed = self.instances[index].result.clone();
            let walked = self.walk(index, key, whys);
            let recursive = self.instances[index].recursive && !walked.declared;
            let unchanged = !self.instances[index].recursive || self.instances[index].changes == walked.changes;
            let stable = unchanged && (!recursive || assumed.as_ref() == Some(&walked.result));
            let last = stable || walked.result.is_error() || round + 1 == MAX_ROUNDS;
            if recursive && last && walked.result.is_error() && self.diagnostics.is_empty() {
                self.diagnostics.push(needs_result(self.scopes.def(key.def).function));
            }
            let instance = &mut self.instances[index];
            instance.result = Some(walked.result);
            instance.why = walked.why;
            (instance.changes, instance.origins) = (walked.changes, walked.origins);
            instance.function = Some(walked.function);
            if last {
                return;
            }
            // What was made on a wrong assumption is made anew.
            self.diagnostics.clear();
            self.instances.truncate(index + 1);
            self.by_key.retain(|_, made| *made <= index);
        }
    }

    fn walk(&mut self, index: usize, key: &Key, whys: &[Why]) -> Walked {
        let first_dim = self.next_dim();
        let nesting = self.nesting;
        let function = self.scopes.def(key.def).function;
        let class = self.class_of(key.def);
        let mut body = Body::new(self, Owner::Function(key.def));
        let mut shapes = Shapes::of(function, class, &key.types);
        let locals = body.parameters(function, key, whys);
        let params = locals.iter().copied().flatten().collect();
        body.shape_variables(function, &mut shapes, &locals);
        if !body.library {
            body.check_sizes(function, &shapes, &locals);
        }
        let returns = function.returns.as_ref().filter(|_| body.making.is_none());
        body.declared_result = returns.map(|returns| {
            let ty = body
                .type_of(returns, &mut |body, name, span| shapes.get(name).or_else(|| body.dim_in_scope(name, span)));
            (ty, returns.span)
        });
        body.block(&function.body);
        if body.making.is_some() && !body.flow.dead {
            body.finish_making(function.name.span);
            body.flow.dead = true;
        }
        let result = body.result(function);
        if !body.flow.dead && !body.changes.found.is_empty() {
            let nothing = body.returning(None, function.name.span);
            body.emit(StmtKind::Return(nothing), function.name.span);
        }
        let mut stmts = std::mem::take(&mut body.out);
        let mut changes = Vec::new();
        let whole = body.give_back(&mut stmts, &result, &mut changes);
        let origins = body.origins();
        let declared = body.declared_result.is_some();
        let why = body.returned.iter().find_map(|(_, _, why)| why.clone());
        let (locals, effects) = (std::mem::take(&mut body.locals), body.effects);
        self.nesting = nesting;
        self.instances[index].effects = effects;
        let recursive = self.instances[index].recursive;
        let name = function.name.text.clone();
        let tree =
            Function { name, span: function.header, params, locals, result: whole.erased(), body: stmts, recursive };
        let forgotten = |var: u32| var >= first_dim;
        let result = result.resized(&|dim| dim.forget(&forgotten));
        for changed in &mut changes {
            changed.ty = changed.ty.resized(&|dim| dim.forget(&forgotten));
        }
        Walked { function: tree, result, why, declared, changes, origins }
    }
}

/// What one walk of a function gives.
struct Walked {
    function: Function,
    result: Ty,
    why: Why,
    declared: bool,
    changes: Vec<Changed>,
    origins: Origins,
}

impl<'a> Body<'a, '_> {
    fn parameters(&mut self, function: &'a ast::FunctionDef, key: &Key, whys: &[Why]) -> Vec<Option<LocalId>> {
        let captures = self.checker.scopes.captures(key.def);
        let own = function.params.iter().map(|param| (self.owner, param.name.text.as_str(), param.span));
        let outer = captures.into_iter().map(|(owner, name)| (owner, name, function.name.span));
        let mut params: Vec<Option<LocalId>> = Vec::new();
        let makes = function.name.text == "__init__" && self.checker.class_of(key.def).is_some();
        let variables: Vec<_> = own.chain(outer).collect();
        for (index, (owner, name, span)) in variables.into_iter().enumerate() {
            params.push(None);
            let Some(Some(ty)) = key.types.get(index) else { continue };
            let sym = self.symbol(owner, name);
            if ty.is_error() {
                self.flow.set(sym, Var::Error);
                continue;
            }
            if index == 0 && makes {
                self.begin_making(function, ty);
                continue;
            }
            let local = self.local_for(sym, ty);
            params[index] = Some(local);
            if can_share(ty) {
                let kept = self.fresh_symbol(name);
                self.changes.params.push(Param { place: index, sym, kept, rebound: None });
            }
            let known = match key.numbers.get(index) {
                Some(Some(number)) => Dim::constant(*number),
                _ if ty.is_scalar(Kind::Int) => self.fresh_dim(name),
                _ => Dim::Unknown,
            };
            let why = whys.get(index).cloned().flatten();
            let why = why.or_else(|| {
                ty.is_secret().then(|| Rc::new(Origin { span, text: format!("`{name}` is declared secret") }))
            });
            let shared = if can_share(ty) { Shared::PARAMETER } else { Shared::default() };
            let binding = Binding {
                local,
                ty: ty.clone(),
                known,
                text: None,
                why,
                at: span,
                depth: 0,
                shared,
                home: None,
                old: false,
            };
            self.flow.set(sym, Var::Bound(Rc::new(binding)));
        }
        params
    }

    /// Gives the shape variables of the signature their values, where the body uses them.
    fn shape_variables(&mut self, function: &'a ast::FunctionDef, shapes: &mut Shapes<'a>, params: &[Option<LocalId>]) {
        let mut names: Vec<&'a str> = shapes.found.keys().copied().collect();
        names.sort_unstable();
        for name in names {
            let Some(Seen { size, place }) = shapes.found.get(name).cloned() else { continue };
            let parameter = function.params.iter().any(|param| param.name.text == name);
            if parameter || !self.def().is_some_and(|def| self.checker.scopes.reads(def, name)) {
                continue;
            }
            let sym = self.symbol(self.owner, name);
            let span = function.name.span;
            let measured = place.and_then(|(param, path, axis)| Some(((*params.get(param)?)?, path, axis)));
            let value = match (size.as_const(), measured) {
                (Some(number), _) => Value::int(number, span),
                (None, Some((local, path, axis))) => {
                    let ty = self.locals[local.0 as usize].ty.clone();
                    let whole = Value::new(ExprKind::Local(local), ty, span);
                    let tensor = path.iter().fold(whole, |value, at| super::sequences::component(&value, *at));
                    let kind = ExprKind::Primitive(Primitive::Size(axis as u32), vec![tensor.expr]);
                    let known = if size == Dim::Unknown { self.fresh_dim(name) } else { size };
                    Value::new(kind, Ty::scalar(Kind::Int), span).knowing(known)
                }
                (None, None) => {
                    self.size_not_measured(name, span);
                    continue;
                }
            };
            self.bind(sym, value, span);
        }
    }

    /// Sizes that only the data know are compared when the function is called, where the signature says that they are equal.
    fn check_sizes(&mut self, function: &'a ast::FunctionDef, shapes: &Shapes<'a>, params: &[Option<LocalId>]) {
        for (index, param) in function.params.iter().enumerate() {
            let Some(ast::TypeExpr { kind: ast::TypeKind::Named { dims: Some(dims), .. }, .. }) = &param.annotation
            else {
                continue;
            };
            let Some(Some(local)) = params.get(index) else { continue };
            let sym = self.symbol(self.owner, &param.name.text);
            let Some(Ty::Tensor(_, sizes)) = self.flow.get(sym).bound().map(|bound| bound.ty.clone()) else { continue };
            for (axis, (dim, size)) in dims.iter().zip(&sizes).enumerate() {
                self.check_size((param, *local), (axis, size), dim, shapes, params);
            }
        }
    }

    fn check_size(
        &mut self,
        (param, local): (&'a ast::Param, LocalId),
        (axis, size): (usize, &Dim),
        dim: &'a ast::Dim,
        shapes: &Shapes<'a>,
        params: &[Option<LocalId>],
    ) {
        let declared = self.dimension(dim, &mut |_, name, _| shapes.get(name).or(Some(Dim::Unknown)));
        if declared == Dim::Unknown || *size == Dim::Unknown || declared == *size {
            return;
        }
        let span = param.span;
        let Some(wanted) = self.measured_size(dim, shapes, params, span) else { return };
        let ty = self.locals[local.0 as usize].ty.clone();
        let whole = Expr::local(local, ty, span);
        let found = ExprKind::Primitive(Primitive::Size(axis as u32), vec![whole]);
        let found = Value::new(found, Ty::scalar(Kind::Int), span);
        let wanted = self.hold(wanted, false);
        let found = self.hold(found, false);
        let differ = BinaryMeaning::Public(Binary::Ne);
        let test = ExprKind::Binary(differ, Box::new(found.expr.clone()), Box::new(wanted.expr.clone()));
        let test = Expr { kind: test, ty: Ty::scalar(Kind::Bool), span };
        let name = &param.name.text;
        let plain = |text: String| Piece::Text(text);
        let message = super::text::text(
            vec![
                plain(format!("`{name}` has an axis of size ")),
                Piece::Value(found.expr, None),
                plain(", where ".to_owned()),
                Piece::Value(wanted.expr, None),
                plain(" is expected".to_owned()),
            ],
            span,
        );
        let raise = Stmt { kind: StmtKind::Raise(Exception::ValueError.into(), message.expr), span };
        self.emit(StmtKind::If { test, then: vec![raise], otherwise: Vec::new() }, span);
    }

    /// A dimension of the signature as a number that the machine computes.
    fn measured_size(
        &mut self,
        dim: &'a ast::Dim,
        shapes: &Shapes<'a>,
        params: &[Option<LocalId>],
        span: Span,
    ) -> Option<Value> {
        match &dim.kind {
            ast::DimKind::Int(value) => Some(Value::int(i64::try_from(*value).ok()?, span)),
            ast::DimKind::Name(name) => {
                let Seen { size, place } = shapes.found.get(name.as_str())?.clone();
                if let Some(number) = size.as_const() {
                    return Some(Value::int(number, span));
                }
                let (param, path, axis) = place?;
                let local = (*params.get(param)?)?;
                let whole = Value::new(ExprKind::Local(local), self.locals[local.0 as usize].ty.clone(), span);
                let tensor = path.iter().fold(whole, |value, at| super::sequences::component(&value, *at));
                let kind = ExprKind::Primitive(Primitive::Size(axis as u32), vec![tensor.expr]);
                Some(Value::new(kind, Ty::scalar(Kind::Int), span))
            }
            ast::DimKind::Binary { op, left, right } => {
                let left = self.measured_size(left, shapes, params, span)?;
                let right = self.measured_size(right, shapes, params, span)?;
                let op = match op {
                    ast::DimOp::Add => Binary::Add,
                    ast::DimOp::Sub => Binary::Sub,
                    ast::DimOp::Mul => Binary::Mul,
                    ast::DimOp::FloorDiv => Binary::FloorDiv,
                };
                Some(super::iteration::public_int(op, left, right, span))
            }
            ast::DimKind::Any | ast::DimKind::Error => None,
        }
    }

    /// The type of what the function returns, when its body has been walked.
    fn result(&mut self, function: &'a ast::FunctionDef) -> Ty {
        let falls_through = !self.flow.dead;
        if let Some((ty, at)) = self.declared_result.clone() {
            if falls_through && ty != Ty::None && !ty.is_error() {
                self.missing_return(function, at);
            }
            return ty;
        }
        let values: Vec<_> = self.returned.iter().filter(|(ty, _, _)| *ty != Ty::None).cloned().collect();
        let Some((first, at, _)) = values.first().cloned() else { return Ty::None };
        if self.returned.iter().any(|(ty, _, _)| ty.is_error()) && !self.incomplete {
            return Ty::Error;
        }
        if falls_through || values.len() < self.returned.len() {
            self.missing_return(function, at);
            return Ty::Error;
        }
        let mut joined: Option<Ty> = None;
        for (ty, here, _) in values.into_iter().filter(|(ty, _, _)| !(self.incomplete && ty.is_error())) {
            joined = match joined.as_ref().map_or(Some(ty.clone()), |joined| joined.join(&ty)) {
                Some(joined) => Some(joined),
                None => {
                    let name = &function.name.text;
                    let found =
                        Diagnostic::new(Code::ClashingTypes, here, format!("`{name}` returns `{first}` or `{ty}`"));
                    let found = found.note(at, format!("`{first}` here")).label(format!("`{ty}` here"));
                    self.report(found.help("let every path return one type; several values can be a tuple"));
                    return Ty::Error;
                }
            };
        }
        joined.unwrap_or(Ty::Error)
    }

    fn missing_return(&mut self, function: &ast::FunctionDef, at: Span) {
        let name = &function.name.text;
        let found = Diagnostic::new(
            Code::MissingReturn,
            function.name.span,
            format!("`{name}` does not return a value on every path"),
        );
        self.report(
            found
                .label("its end can be reached without a `return`")
                .note(at, "a value is returned or declared here")
                .help("add a `return` at the end, or an `else`"),
        );
    }
}

fn needs_result(function: &ast::FunctionDef) -> Diagnostic {
    let name = &function.name.text;
    Diagnostic::new(
        Code::NeedsAnnotation,
        function.name.span,
        format!("the type that `{name}` returns cannot be found out"),
    )
    .label("it calls itself on every path")
    .help(format!("say what it returns: `def {name}(…) -> sint:`"))
}
