//! Expressions, each by its kind, and what a name stands for.

use super::body::Body;
use super::flow::Var;
use super::tree::{self, ExprKind};
use super::ty::Ty;
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::{Meaning, Owner, suggest};
use crate::source::Span;
use crate::syntax::ast;
use mpc_bytecode::{Constant, Kind};

impl<'a> Body<'a, '_> {
    /// The typed form of an expression.
    pub fn expr(&mut self, expr: &'a ast::Expr) -> Value {
        if !self.checker.spend(expr.span) {
            return Value::error(expr.span);
        }
        self.checker.nesting += 1;
        let value = self.exception_as_value(expr).unwrap_or_else(|| self.expr_kind(expr));
        self.checker.nesting -= 1;
        value
    }

    fn expr_kind(&mut self, expr: &'a ast::Expr) -> Value {
        let span = expr.span;
        match &expr.kind {
            ast::ExprKind::Name(name) => self.name(name, span),
            ast::ExprKind::Int(value) => self.int_literal(*value, span),
            ast::ExprKind::Decimal(decimal) => self.decimal(decimal, false, span),
            ast::ExprKind::Bool(value) => Value::bool(*value, span),
            ast::ExprKind::None => Value::none(span),
            ast::ExprKind::Str(text) => Value::text(text.as_str(), span),
            ast::ExprKind::FString(pieces) => self.f_string(pieces, span),
            ast::ExprKind::List(items) => self.list_literal(items, span),
            ast::ExprKind::Tuple(items) => self.tuple_literal(items, span),
            ast::ExprKind::Star(inner) => {
                let message = "`*` unpacks only in the targets of an assignment";
                self.fail(Diagnostic::new(Code::BadArguments, inner.span, message).help("join lists with `+`"))
            }
            ast::ExprKind::Comprehension { element, clauses, .. } => self.comprehension(element, clauses, span),
            ast::ExprKind::Call { function, args } => self.call(function, args, span),
            ast::ExprKind::Index { base, items } => self.index(base, items, span),
            ast::ExprKind::Attribute { base, name } => self.attribute(base, name, span),
            ast::ExprKind::Unary { op, operand } => self.unary(*op, operand, span),
            ast::ExprKind::Binary { op, left, right, .. } => {
                let left = self.expr(left);
                let right = self.expr(right);
                self.binary(*op, left, right, span)
            }
            ast::ExprKind::Bools { op, left, right } => self.connective(*op, left, right, span),
            ast::ExprKind::Compare { first, rest } => self.compare_chain(first, rest, span),
            ast::ExprKind::Conditional { test, then, otherwise } => self.conditional(test, then, otherwise, span),
            ast::ExprKind::Error => Value::error(span),
        }
    }

    /// What a name stands for, as a value.
    pub fn name(&mut self, name: &'a str, span: Span) -> Value {
        if let Some(made) = self.self_value(name, span) {
            return made;
        }
        if let Some(&(_, sym)) = self.comprehension.iter().rev().find(|(inner, _)| *inner == name) {
            return self.variable(sym, name, span);
        }
        match self.checker.scopes.meaning(self.owner, name) {
            Meaning::Variable(owner, name) => {
                let sym = self.symbol(owner, name);
                if *self.flow.get(sym) != Var::Unassigned {
                    let value = self.variable(sym, name, span);
                    return self.value_around(value, owner);
                }
                // What is assigned at the top level later on may be a builtin's name until then.
                let builtin = if owner.is_top() { self.outside(name, span) } else { None };
                match builtin {
                    Some(value) => value,
                    None if owner != self.owner => self.unassigned_outside(name, owner, span),
                    None => self.variable(sym, name, span),
                }
            }
            Meaning::Function(def) => {
                let at = self.checker.scopes.def(def).function.name.span;
                let found = Diagnostic::new(
                    Code::NotAValue,
                    span,
                    format!("`{name}` is a function, and functions are not values"),
                );
                self.fail(found.note(at, "defined here").help(format!("call it: `{name}(…)`")))
            }
            Meaning::Class(id) => self.class_as_value(id, span),
            Meaning::Module(node) => self.module_as_value(node, span),
            Meaning::Broken => Value::error(span),
            Meaning::Outside => match self.outside(name, span) {
                Some(value) => value,
                None => self.unknown_name(name, span),
            },
        }
    }

    /// A dimension, a builtin or a role; a builtin or role is not a value.
    fn outside(&mut self, name: &str, span: Span) -> Option<Value> {
        if name.is_empty() {
            return Some(Value::error(span));
        }
        let program = self.in_program();
        if let Some((index, dim)) = self.checker.dim_named(name).filter(|_| program) {
            return Some(Value::new(ExprKind::Dim(index), Ty::scalar(Kind::Int), span).knowing(dim));
        }
        let found = if super::builtins::find(name).is_some() {
            let message = format!("`{name}` is a function, and functions are not values");
            Diagnostic::new(Code::NotAValue, span, message).help(format!("call it: `{name}(…)`"))
        } else if program && self.checker.role_named(name).is_some() {
            let message = format!("`{name}` is a role, not a value");
            Diagnostic::new(Code::NotAValue, span, message)
                .help(format!("ports name roles: `input x: sint from {name}`"))
        } else {
            return None;
        };
        Some(self.fail(found))
    }

    fn unassigned_outside(&mut self, name: &str, owner: Owner, span: Span) -> Value {
        let whose = owner
            .function()
            .map_or("the program".to_owned(), |id| format!("`{}`", self.checker.scopes.def(id).function.name.text));
        if self.checker.testing && owner == Owner::PROGRAM {
            let message = format!("`{name}` has no value in a test");
            let found = Diagnostic::new(Code::NotAssigned, span, message);
            let label = "it depends on ports or on statements, and a test runs functions and constants alone";
            return self
                .fail(found.label(label).help(format!("make `{name}` a parameter of the function that is tested")));
        }
        let message = format!("`{name}` has no value when this function is called");
        let help = format!("assign `{name}` before the call, or pass it as a parameter");
        self.fail(Diagnostic::new(Code::NotAssigned, span, message).label(format!("a variable of {whose}")).help(help))
    }

    /// A variable's value, which may belong to another file.
    pub fn value_around(&self, value: Value, owner: Owner) -> Value {
        let scopes = &self.checker.scopes;
        let other = owner.is_top() && scopes.module_of(owner) != scopes.module_of(self.owner);
        if other { value.of_others() } else { value }
    }

    pub fn variable(&mut self, sym: super::value::Sym, name: &str, span: Span) -> Value {
        let found = match self.flow.get(sym) {
            Var::Bound(binding) => {
                let shared = super::shares::can_share(&binding.ty);
                let aliases = if shared { super::shares::Aliases::of(sym) } else { super::shares::Aliases::default() };
                let expr = self.flow.read(binding, span);
                let value = Value { expr, ..Value::error(span) };
                let place = (shared && !self.library).then(|| {
                    let part = self.kept_at(sym, binding, span);
                    std::rc::Rc::new(super::places::Part { stamp: self.changes.stored, ..part })
                });
                return Value {
                    aliases,
                    place,
                    known: binding.known.clone(),
                    text: binding.text.clone(),
                    why: binding.why.clone(),
                    ..value
                };
            }
            Var::Error => return Value::error(span),
            Var::Stale(stale) => {
                let by = self.name_of(stale.by);
                let message = format!("`{name}` and `{by}` are two values here, not one as in Python");
                Diagnostic::new(Code::SharedChange, stale.change, message)
                    .label(format!("this changes `{by}` only"))
                    .note(stale.share, "this makes a copy")
                    .note(span, format!("`{name}` still is here what it was before the change"))
                    .help(match stale.items {
                        true => "if copies of the items are meant, say so: `[item.copy() for item in items]`",
                        false => "if a copy is meant, say so where it is made, with `.copy()`",
                    })
            }
            Var::Unassigned => self.no_value_yet(name, span),
            Var::Maybe(at) => Diagnostic::new(Code::NotAssigned, span, format!("`{name}` may have no value here"))
                .label("not assigned on every path that leads here")
                .note(*at, "assigned here")
                .help(format!("give it a value before: `{name} = …`")),
            Var::OneArm(at, test) => Diagnostic::new(
                Code::NotAssigned,
                span,
                format!("`{name}` has no value where the secret condition is false"),
            )
            .label("needs a value whichever way the condition goes")
            .note(*at, "assigned in one arm only")
            .note(*test, "both arms run: this condition is secret")
            .help(format!("give it a value before the `if`: `{name} = …`")),
            Var::Clash(sides) => {
                let [(a, left), (b, right)] = &**sides;
                Diagnostic::new(Code::ClashingTypes, span, format!("`{name}` may be `{left}` or `{right}` here"))
                    .note(*a, format!("`{left}` here"))
                    .note(*b, format!("`{right}` here"))
                    .help("use two variables, or convert one of the values")
            }
        };
        self.flow.set(sym, Var::Error);
        self.fail(found)
    }

    fn no_value_yet(&self, name: &str, span: Span) -> Diagnostic {
        let found = Diagnostic::new(Code::NotAssigned, span, format!("`{name}` is used before it has a value"));
        if !self.is_outside(name) {
            return found.help(format!("assign it first: `{name} = …`"));
        }
        found
            .label(format!("the function assigns `{name}`, which makes it a variable of its own"))
            .help(format!("take `{name}` as a parameter, and return what it becomes"))
    }

    /// Whether a function around this one, or the file, has a variable of that name.
    fn is_outside(&self, name: &str) -> bool {
        let parent = |owner: &Owner| owner.function().map(|def| self.checker.scopes.def(def).parent);
        let mut around = std::iter::successors(parent(&self.owner), parent);
        around.any(
            |owner| matches!(self.checker.scopes.meaning(owner, name), Meaning::Variable(found, _) if found == owner),
        )
    }

    /// Nothing of that name exists.
    pub fn unknown_name(&mut self, name: &str, span: Span) -> Value {
        if self.checker.scopes.imports_all(self.owner) {
            return Value::error(span);
        }
        let found = Diagnostic::new(Code::UnknownName, span, format!("`{name}` is not defined"));
        let found = found.label("nothing of this name here");
        if let Some(member) = self.of_own_object(name) {
            return self.fail(found.fix(format!("write `self.{member}`"), [(span, format!("self.{member}"))]));
        }
        self.fail(match (python_only(name), self.suggestion(name)) {
            (Some(help), _) => found.help(help),
            (None, Some(near)) => found.meant(span, &near),
            (None, None) => found,
        })
    }

    /// The field or method of that name that the object of the method around this has.
    fn of_own_object(&self, name: &str) -> Option<&'a str> {
        let class = self.checker.class_of(self.def()?)?;
        let fields = class.fields.iter().map(|field| field.name.text.as_str());
        let methods = class.methods.iter().map(|method| method.function.name.text.as_str());
        fields.chain(methods).find(|member| *member == name)
    }

    fn suggestion(&self, name: &str) -> Option<String> {
        let visible = self.checker.scopes.visible(self.owner);
        let builtins = super::builtins::ALL.iter().map(|builtin| builtin.name());
        suggest::nearest(name, visible.into_iter().chain(builtins)).map(str::to_owned)
    }

    /// A constant tensor or scalar.
    pub fn constant(&self, constant: Constant, span: Span) -> Value {
        let shape = match &constant {
            Constant::Int(shape, _) | Constant::Fix(shape, _) | Constant::Bool(shape, _) => shape.clone(),
            Constant::Str(_) => Vec::new(),
        };
        let dims = shape.into_iter().map(|size| super::shape::Dim::constant(size as i64)).collect();
        let ty = Ty::Tensor(constant.kind(), dims);
        Value::new(tree::ExprKind::Constant(constant), ty, span)
    }
}

/// What to write instead of names that Python has, or another system.
pub fn python_only(name: &str) -> Option<&'static str> {
    Some(match name {
        "np" | "numpy" | "torch" | "pd" => {
            "tensors are built in: `zeros`, `sum`, `mean`, `reshape`, `@` stand by themselves, without a name before them"
        }
        "map" | "filter" => "write a comprehension: `[f(x) for x in xs if condition]`",
        "reduce" => "write a loop; `sum`, `prod`, `min`, `max`, `any` and `all` are there",
        "type" | "isinstance" => "types are known when the program is compiled: annotate the parameter, `x: int`",
        "__name__" => "a program has no `main`: leave out the condition, and write what is to happen at the top level",
        "super" => "a class inherits nothing: keep the other object in a field",
        "dict" | "set" | "frozenset" => "use a list, or one tensor for keys and one for values",
        "bin" => "as text: `f\"{x:b}\"`; the bits of a secret are `(x >> i) & 1`",
        "hex" => "as text: `f\"{x:#x}\"`",
        "oct" => "as text: `f\"{x:#o}\"`",
        "ord" | "chr" => "text is for printing: give letters as numbers",
        "Array" | "Vector" => "`sint(zeros(n))` is a secret tensor, `zeros(n)` a public one, `[]` a list that grows",
        "Matrix" | "MultiArray" => "`sint(zeros(n, m))` is a secret matrix, `zeros(n, m)` a public one: `a[i, j]`",
        "cint" | "regint" | "cgf2n" | "localint" => "public integers are `int`",
        "cfix" | "cfloat" => "public fixed-point numbers are `fix`",
        "sfloat" | "squant" => "secret fixed-point numbers are `sfix`",
        "sbit" | "sintbit" | "sbits" | "cbit" => "secret truth values are `sbool`",
        "sgf2n" => "there are no secret elements of GF(2ⁿ): `sint` has `^`, `&`, `|` and shifts",
        "MemValue" => "leave it out: a variable keeps its value",
        "for_range" | "for_range_opt" => "write a plain loop: `for i in range(n):`",
        "if_else" | "cond_swap" => "write `a if condition else b`",
        "print_str" | "print_both" | "print_float_prec" => "`print(…)` prints public values",
        "cryptensor" => "secrets are inputs, `input x: sfix[n] from alice`, or made by `sfix(…)`",
        "input" => "inputs are ports: `input x: sint from alice`",
        "open" => "files are given to ports when the program is run: `--input x=file.csv`",
        "reveal" => "write `x.reveal()`",
        "null" | "nil" | "undefined" => {
            "there is no empty value: use a number that stands for it, or a `bool` beside it"
        }
        "length" | "size" => "`len(x)` counts the items of a list, `x.size` the elements of a tensor",
        "self" => "the first parameter of a method is `self`: `def name(self, …):`",
        _ => return None,
    })
}
