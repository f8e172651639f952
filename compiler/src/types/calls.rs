//! Calls: of functions, builtins and methods.

use super::annotations::Shapes;
use super::body::Body;
use super::builtins::{self, Builtin};
use super::checker::Key;
use super::classes::Changed;
use super::convert::Wanted;
use super::flow::Var;
use super::tree::{Expr, ExprKind, FunctionId};
use super::ty::Ty;
use super::value::{Origin, Value, Why};
use crate::diagnostic::{Code, Diagnostic};
use crate::names::{DefId, Meaning, suggest};
use crate::source::Span;
use crate::syntax::ast::{self, ArgKind, ParamKind};
use std::rc::Rc;

/// What a called name is.
enum Callee {
    Function(DefId),
    Builtin(Builtin),
    Value,
    Unknown,
}

/// Arguments as far as parameters have got them.
struct Given<'a> {
    function: &'a ast::FunctionDef,
    values: Vec<Option<Value>>,
    /// The parameter that takes the next value by position.
    next: usize,
    /// How many parameters take values by position.
    plain: usize,
    /// The parameter that takes all further values, and these.
    rest: Option<(usize, Vec<Value>)>,
    /// All further values as one list, where only the program's run knows how many there are.
    listed: Option<Value>,
}

impl<'a> Given<'a> {
    /// None yet, or the object that a method is called on.
    fn new(function: &'a ast::FunctionDef, object: Option<Value>) -> Self {
        let params = &function.params;
        let plain = params.iter().filter(|param| param.kind == ParamKind::Plain).count();
        let rest = params.iter().position(|param| param.kind == ParamKind::Rest).map(|at| (at, Vec::new()));
        let mut given = Given {
            function,
            values: vec![None; params.len()],
            next: usize::from(object.is_some()),
            plain,
            rest,
            listed: None,
        };
        if let (Some(object), Some(first)) = (object, given.values.first_mut()) {
            *first = Some(object);
        }
        given
    }

    /// Takes a value by position; false if no parameter does.
    fn place(&mut self, value: Value) -> bool {
        if self.next < self.plain {
            self.values[self.next] = Some(value);
            self.next += 1;
            return true;
        }
        self.rest.as_mut().map(|(_, further)| further.push(value)).is_some()
    }

    /// Whether the next value by position is the first of all further ones.
    fn rest_is_next(&self) -> bool {
        self.next >= self.plain && self.rest.as_ref().is_some_and(|(_, further)| further.is_empty())
    }

    /// The value of each parameter that has one.
    fn all(mut self, span: Span) -> Vec<Option<Value>> {
        if let Some((at, further)) = self.rest {
            self.values[at] = Some(self.listed.unwrap_or_else(|| super::sequences::tuple(further, span)));
        }
        self.values
    }
}

impl<'a> Body<'a, '_> {
    /// `function(args)`
    pub fn call(&mut self, function: &'a ast::Expr, args: &'a [ast::Arg], span: Span) -> Value {
        if let Some(class) = self.class_called(function) {
            return self.construct(class, None, args, span);
        }
        if let ast::ExprKind::Index { base, items } = &function.kind
            && let Some(class) = self.class_called(base)
        {
            return self.construct(class, Some(items), args, span);
        }
        if let ast::ExprKind::Attribute { base, name } = &function.kind {
            if let Some(node) = self.module_named(base) {
                return self.call_in_module(node, name, args, span);
            }
            return self.method(base, name, args, span);
        }
        let Some(name) = function.as_name() else {
            let value = self.expr(function);
            return self.call_object(value, args, span);
        };
        match self.callee(name) {
            Callee::Unknown if self.library && name.starts_with('_') => self.intrinsic(name, args, span),
            Callee::Function(def) => self.call_function(def, args, span),
            Callee::Builtin(builtin) => self.call_builtin(builtin, args, span),
            Callee::Value => {
                let value = self.name(name, function.span);
                if value.is_error() {
                    return value;
                }
                if matches!(value.ty(), Ty::Object(_)) {
                    return self.call_object(value, args, span);
                }
                let message = format!("`{name}` is `{}`, and cannot be called", value.ty());
                self.fail(Diagnostic::new(Code::BadCall, function.span, message))
            }
            Callee::Unknown => {
                let mark = self.checker.diagnostics.len();
                args.iter().for_each(|arg| drop(self.expr(&arg.value)));
                // What is no value may well be an argument of what was meant.
                let mut kept = self.checker.diagnostics.split_off(mark);
                kept.retain(|found| found.code != Code::NotAValue);
                self.checker.diagnostics.append(&mut kept);
                self.unknown_name(name, function.span)
            }
        }
    }

    fn callee(&mut self, name: &'a str) -> Callee {
        if self.comprehension.iter().any(|(inner, _)| *inner == name) {
            return Callee::Value;
        }
        let outside = |name| builtins::find(name).map_or(Callee::Unknown, Callee::Builtin);
        match self.checker.scopes.meaning(self.owner, name) {
            Meaning::Function(def) => Callee::Function(def),
            Meaning::Outside => outside(name),
            Meaning::Class(_) | Meaning::Module(_) | Meaning::Broken => Callee::Value,
            Meaning::Variable(owner, name) => {
                let sym = self.symbol(owner, name);
                let unassigned = owner.is_top() && *self.flow.get(sym) == Var::Unassigned;
                let module = self.checker.scopes.module_of(owner);
                match self.checker.scopes.top_function(module, name) {
                    _ if !unassigned => Callee::Value,
                    Some(def) => Callee::Function(def),
                    None => match outside(name) {
                        Callee::Unknown => Callee::Value,
                        builtin => builtin,
                    },
                }
            }
        }
    }

    /// The builtin that an expression names.
    pub fn builtin_called(&mut self, function: &'a ast::Expr) -> Option<Builtin> {
        match self.callee(function.as_name()?) {
            Callee::Builtin(builtin) => Some(builtin),
            Callee::Function(_) | Callee::Value | Callee::Unknown => None,
        }
    }

    /// A call of a function by its arguments as they are written.
    pub fn call_function(&mut self, def: DefId, args: &'a [ast::Arg], span: Span) -> Value {
        let function = self.checker.scopes.def(def).function;
        let Some(given) = self.arguments(function, None, args, span) else { return Value::error(span) };
        self.call_with(def, given, span)
    }

    /// One value for each parameter of a method, the object first.
    pub fn method_arguments(
        &mut self,
        function: &'a ast::FunctionDef,
        object: Value,
        args: &'a [ast::Arg],
        span: Span,
    ) -> Option<Vec<Value>> {
        self.arguments(function, Some(object), args, span)
    }

    /// One value for each parameter; `None` if the arguments do not fit the parameters, which is reported.
    fn arguments(
        &mut self,
        function: &'a ast::FunctionDef,
        object: Option<Value>,
        args: &'a [ast::Arg],
        span: Span,
    ) -> Option<Vec<Value>> {
        let own = usize::from(object.is_some());
        let mut given = Given::new(function, object);
        let position = |arg: &ast::Arg| match &arg.kind {
            ArgKind::Keyword(name) => function.params.iter().position(|param| param.name.text == name.text),
            ArgKind::Positional | ArgKind::Star => None,
        };
        // Arguments are evaluated in the order in which they are written, which may not be that of the parameters.
        let written_otherwise = !args.iter().filter_map(position).is_sorted();
        let held = written_otherwise || args.iter().any(|arg| arg.kind == ArgKind::Star);
        let mut fits = true;
        let last = args.iter().rposition(|arg| !matches!(arg.kind, ArgKind::Keyword(_)));
        for (at, arg) in args.iter().enumerate() {
            if arg.kind == ArgKind::Star {
                if given.rest_is_next() && last == Some(at) {
                    let value = self.expr(&arg.value);
                    if self.is_of_any_length(&value) {
                        given.listed = Some(self.as_list(value).alone());
                        continue;
                    }
                    let values = self.spread_value(value, None, super::spread::ARGUMENTS);
                    fits &= values.is_some();
                    for value in values.into_iter().flatten() {
                        given.place(value);
                    }
                    continue;
                }
                let values = self.spread(&arg.value, Self::wanted_of(function, args));
                fits &= values.is_some();
                if !values.into_iter().flatten().all(|value| given.place(value)) {
                    fits = self.too_many(function, given.plain - own.min(given.plain), args, arg.span);
                }
                continue;
            }
            let value = self.expr(&arg.value);
            let value = if held { self.hold(value, false) } else { value };
            fits &= match &arg.kind {
                ArgKind::Keyword(name) => self.named_argument(&mut given, name, value),
                ArgKind::Positional | ArgKind::Star => {
                    given.place(value) || self.too_many(function, given.plain - own.min(given.plain), args, arg.span)
                }
            };
        }
        if !fits {
            return None;
        }
        self.fill_in(function, given.all(span), span)
    }

    /// `name=value`; false if it does not fit, which is reported.
    fn named_argument(&mut self, given: &mut Given<'a>, name: &ast::Name, value: Value) -> bool {
        let function = given.function;
        let takes = |param: &ast::Param| param.name.text == name.text && param.kind != ParamKind::Rest;
        match function.params.iter().position(takes) {
            Some(at) if given.values[at].is_none() => {
                given.values[at] = Some(value);
                true
            }
            Some(_) => self.bad_call(function, name.span, format!("`{}` is given twice", name.text), None),
            None => {
                let names = function.params.iter().map(|param| param.name.text.as_str());
                let message = format!("`{}` has no parameter `{}`", function.name.text, name.text);
                self.bad_call(function, name.span, message, suggest::nearest(&name.text, names))
            }
        }
    }

    fn fill_in(&mut self, function: &'a ast::FunctionDef, given: Vec<Option<Value>>, span: Span) -> Option<Vec<Value>> {
        let mut values = Vec::with_capacity(given.len());
        let mut missing = Vec::new();
        for (param, value) in function.params.iter().zip(given) {
            match (value, &param.default) {
                (Some(value), _) => values.push(value),
                (None, Some(default)) => values.push(self.default_value(default)),
                (None, None) => missing.push(format!("`{}`", param.name.text)),
            }
        }
        if missing.is_empty() {
            return Some(values);
        }
        let message = format!("this call of `{}` gives no value for {}", function.name.text, missing.join(" and "));
        self.bad_call(function, span, message, None);
        None
    }

    pub fn default_value(&mut self, default: &'a ast::Expr) -> Value {
        let mut named = None;
        each_name(default, &mut |span| named = Some(span));
        match named {
            None => self.expr(default),
            Some(span) => {
                let found = Diagnostic::new(Code::NotConstant, span, "a default cannot depend on a variable");
                self.fail(found.help("compute it inside the function, or pass it as an argument"))
            }
        }
    }

    fn too_many(&mut self, function: &'a ast::FunctionDef, plain: usize, args: &[ast::Arg], span: Span) -> bool {
        let found = args.iter().filter(|arg| arg.kind == ArgKind::Positional).count();
        let s = if plain == 1 { "" } else { "s" };
        let found = match args.iter().any(|arg| arg.kind == ArgKind::Star) {
            true => "more".to_owned(),
            false => found.to_string(),
        };
        let message = format!("`{}` takes {plain} argument{s} by position, and {found} are given", function.name.text);
        self.bad_call(function, span, message, None)
    }

    fn bad_call(&mut self, function: &ast::FunctionDef, span: Span, message: String, near: Option<&str>) -> bool {
        let found = Diagnostic::new(Code::BadCall, span, message);
        let found = if self.library { found } else { found.note(function.header, "defined here") };
        self.report(match near {
            Some(near) => found.meant(span, near),
            None => found,
        });
        false
    }

    /// A call of a library function.
    pub fn library(&mut self, name: &'static str, args: Vec<Value>, span: Span) -> Value {
        match self.checker.scopes.prelude_function(name) {
            Some(def) => self.call_with(def, args, span),
            None => {
                self.fail(Diagnostic::new(Code::UnknownName, span, format!("the library has no function `{name}`")))
            }
        }
    }

    /// A call with one value for each parameter.
    pub fn call_with(&mut self, def: DefId, given: Vec<Value>, span: Span) -> Value {
        let function = self.checker.scopes.def(def).function;
        if given.iter().any(Value::is_error) {
            return Value::error(span);
        }
        let Some(given) = self.fit_parameters(def, function, given) else { return Value::error(span) };
        let library = self.checker.scopes.def(def).library;
        if !library && given.iter().any(|value| value.place.is_some()) {
            return self.as_block(|walk| {
                let given = walk.as_they_are(given);
                walk.call_fitted(def, given, span)
            });
        }
        self.call_fitted(def, given, span)
    }

    /// A call with values of the types that the parameters declare.
    fn call_fitted(&mut self, def: DefId, given: Vec<Value>, span: Span) -> Value {
        let scope = self.checker.scopes.def(def);
        let (function, library) = (scope.function, scope.library);
        let numbers = function
            .params
            .iter()
            .zip(&given)
            .map(|(param, value)| value.as_int().filter(|_| library || param.name.text == "axis"));
        let numbers: Vec<Option<i64>> = numbers.collect();
        let mut key = Key { def, types: given.iter().map(|value| Some(value.ty().clone())).collect(), numbers };
        let mut whys: Vec<Why> = given.iter().map(|value| value.why.clone()).collect();
        // There is no object yet that a constructor could be given.
        let constructs = usize::from(scope.class.is_some() && function.name.text == "__init__");
        let mut args: Vec<Expr> = given.iter().skip(constructs).map(|value| value.expr.clone()).collect();
        let mut around = given;
        for (owner, name) in self.checker.scopes.captures(def) {
            let sym = self.symbol(owner, name);
            let binding = self.flow.get(sym).bound().cloned();
            // What the function changes of it is stored there again.
            let stale = matches!(self.flow.get(sym), Var::Stale(_));
            let value = (binding.is_some() || stale).then(|| self.variable(sym, name, span));
            around.push(value.map_or_else(|| Value::error(span), |value| self.value_around(value, owner)));
            whys.push(binding.as_ref().and_then(|binding| binding.why.clone()));
            let reported = *self.flow.get(sym) == Var::Error;
            let ty = binding.as_ref().map(|binding| binding.ty.clone()).or(reported.then_some(Ty::Error));
            key.types.push(ty);
            key.numbers.push(binding.as_ref().filter(|_| owner.is_top()).and_then(|binding| binding.known.as_const()));
            args.extend(binding.map(|binding| self.flow.read(&binding, span)));
        }
        let Some(index) = self.checker.instance(&key, &whys, span) else { return Value::error(span) };
        self.called(index, (args, &around), whys, span)
    }

    fn called(&mut self, index: usize, (args, given): (Vec<Expr>, &[Value]), whys: Vec<Why>, span: Span) -> Value {
        let instance = &self.checker.instances[index];
        let function = self.checker.scopes.def(instance.def).function;
        let library = self.checker.scopes.def(instance.def).library;
        let (name, declared) = (function.name.text.as_str(), function.returns.is_some());
        let found: Vec<Diagnostic> = instance.diagnostics.iter().map(|found| in_call(found, span)).collect();
        let (effects, result, why) = (instance.effects, instance.result.clone(), instance.why.clone());
        let (changes, origins) = (instance.changes.clone(), instance.origins.clone());
        let open = instance.open && !declared;
        self.checker.diagnostics.extend(found);
        if let Some(effect) = effects {
            self.called_effect(effect, name, span);
        }
        let result = match result {
            Some(ty) => ty,
            None if declared => self.declared_result_of(index, &args),
            None => {
                self.incomplete = true;
                Ty::Error
            }
        };
        self.incomplete |= open;
        let why = whys.into_iter().flatten().next().or(why);
        let why = why.or_else(|| Some(Rc::new(Origin { span, text: format!("`{name}` returns a secret") })));
        let kind = ExprKind::Call(FunctionId(index as u32), args);
        if !self.check_given_twice(&changes, given, name) {
            return Value::error(span);
        }
        if !library {
            self.check_defaults(function, &changes, given, span);
        }
        let value = if changes.is_empty() {
            Value::new(kind, result, span).because(why)
        } else {
            let fields = changes.iter().map(|changed| changed.ty.clone());
            let whole = Ty::Tuple(std::iter::once(result).chain(fields).collect());
            let call = Value { why, ..Value::new(kind, whole, span) };
            self.store_changes(call, &changes, given, name)
        };
        self.join_arguments(&origins, given, span);
        self.result_of(&origins, given, value)
    }

    /// In Python a default is made once, and what one call changes in it the next one finds.
    fn check_defaults(&mut self, function: &ast::FunctionDef, changes: &[Changed], given: &[Value], span: Span) {
        for change in changes.iter().map(|changed| changed.change) {
            let (Some(param), Some(value)) = (function.params.get(change.param), given.get(change.param)) else {
                continue;
            };
            if let Some(default) = param.default.as_ref().filter(|default| default.span == value.span()) {
                let (name, function) = (&param.name.text, &function.name.text);
                let message = format!("`{function}` changes the default of `{name}`: in Python, all calls share one");
                let found = Diagnostic::new(Code::SharedChange, default.span, message).note(span, "in this call");
                self.report(found.help(format!("leave the default out, and let each call give its own: `{name}=[]`")));
            }
        }
    }

    /// The declared result of a function that is being walked.
    fn declared_result_of(&mut self, index: usize, args: &[Expr]) -> Ty {
        let def = self.checker.instances[index].def;
        let function = self.checker.scopes.def(def).function;
        let Some(returns) = &function.returns else { return Ty::Error };
        let types: Vec<Option<Ty>> = args.iter().map(|arg| Some(arg.ty.clone())).collect();
        let shapes = Shapes::of(function, self.checker.class_of(def), &types);
        self.type_of(returns, &mut |body, name, span| shapes.get(name).or_else(|| body.dim_in_scope(name, span)))
    }

    /// Converts arguments to the types that the parameters declare.
    fn fit_parameters(&mut self, def: DefId, function: &'a ast::FunctionDef, given: Vec<Value>) -> Option<Vec<Value>> {
        let types: Vec<Option<Ty>> = given.iter().map(|value| Some(value.ty().clone())).collect();
        let shapes = Shapes::of(function, self.checker.class_of(def), &types);
        let mut fitted = Vec::with_capacity(given.len());
        for (param, value) in function.params.iter().zip(given) {
            if *value.ty() == Ty::None {
                let found = Diagnostic::new(Code::NoValue, value.span(), "this gives no value");
                self.report(found.label(format!("`{}` needs one", param.name.text)));
                return None;
            }
            let Some(annotation) = &param.annotation else {
                fitted.push(value);
                continue;
            };
            let ty = self.type_of(annotation, &mut |_, name, _| shapes.get(name).or(Some(super::shape::Dim::Unknown)));
            let what = format!("argument `{}` of `{}`", param.name.text, function.name.text);
            fitted.push(self.coerce(value, &ty, &Wanted { what: &what, declared: Some(annotation.span) }));
        }
        (!fitted.iter().any(Value::is_error)).then_some(fitted)
    }
}

fn in_call(found: &Diagnostic, span: Span) -> Diagnostic {
    if found.labels.iter().filter(|(_, text)| text == "in this call").count() >= 3 {
        return found.clone();
    }
    found.clone().note(span, "in this call")
}

/// The variables that an expression mentions.
fn each_name(expr: &ast::Expr, visit: &mut dyn FnMut(Span)) {
    match &expr.kind {
        ast::ExprKind::Name(_) => visit(expr.span),
        ast::ExprKind::Call { args, .. } => args.iter().for_each(|arg| each_name(&arg.value, visit)),
        kind => kind.each_child(&mut |child| each_name(child, visit)),
    }
}
