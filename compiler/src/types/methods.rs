//! Methods and attributes of values.

use super::body::Body;
use super::effects::EffectKind;
use super::operations::dims;
use super::places::Part;
use super::reductions::Reduce;
use super::shape;
use super::tree::{ExprKind, Primitive};
use super::ty::Ty;
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::suggest;
use crate::source::Span;
use crate::syntax::ast;
use mpc_bytecode::Kind;
use mpc_bytecode::operand::Binary;

/// Methods of tensors and their parameters.
const OF_TENSORS: &[(&str, &[&str])] = &[
    ("reveal", &["why?"]),
    ("sum", &["axis?"]),
    ("prod", &["axis?"]),
    ("mean", &["axis?"]),
    ("min", &["axis?"]),
    ("max", &["axis?"]),
    ("argmin", &["axis?"]),
    ("argmax", &["axis?"]),
    ("any", &[]),
    ("all", &[]),
    ("reshape", &["*shape"]),
    ("transpose", &[]),
    ("flatten", &[]),
    ("copy", &[]),
    ("tolist", &[]),
    ("dot", &["other"]),
];

/// Methods of lists that do not change them.
const OF_LISTS: &[(&str, &[&str])] = &[("reveal", &["why?"]), ("copy", &[]), ("index", &["x"]), ("count", &["x"])];

/// Methods that change a list.
const CHANGING: &[(&str, &[&str])] = &[
    ("append", &["x"]),
    ("extend", &["items"]),
    ("pop", &["at?"]),
    ("insert", &["at", "x"]),
    ("remove", &["x"]),
    ("sort", &["reverse?"]),
    ("reverse", &[]),
    ("clear", &[]),
];

impl<'a> Body<'a, '_> {
    /// `base.name`
    pub fn attribute(&mut self, base: &'a ast::Expr, name: &'a ast::Name, span: Span) -> Value {
        if let Some(node) = self.module_named(base) {
            return self.module_member(node, name, span);
        }
        if let Some(class) = self.class_called(base) {
            return self.class_attribute(class, name, span);
        }
        if let Some(value) = self.attribute_in_making(base, name, span) {
            return value;
        }
        let value = self.expr(base);
        if value.is_error() || name.text.is_empty() {
            return Value::error(span);
        }
        if let Ty::Object(object) = value.ty().clone() {
            return self.object_attribute(value, &object, name, span);
        }
        let Ty::Tensor(_, sizes) = value.ty().clone() else {
            return self.no_attribute(&value, name, &[]);
        };
        match name.text.as_str() {
            "shape" => {
                let value = self.hold(value, true);
                let sizes = (0..sizes.len()).map(|axis| size(&value, axis, span)).collect();
                super::sequences::tuple(sizes, span)
            }
            "ndim" => Value::int(sizes.len() as i64, span),
            "size" => {
                let value = self.hold(value, true);
                let product = |a: Value, b: Value| super::iteration::public_int(Binary::Mul, a, b, span);
                let known = shape::volume(&sizes);
                match known.as_const() {
                    Some(number) => Value::int(number, span),
                    None => {
                        let sizes = (0..sizes.len()).map(|axis| size(&value, axis, span));
                        sizes.reduce(product).unwrap_or_else(|| Value::int(1, span)).knowing(known)
                    }
                }
            }
            "T" => self.transpose(value, span),
            _ => self.no_attribute(&value, name, &["shape", "ndim", "size", "T"]),
        }
    }

    fn no_attribute(&mut self, value: &Value, name: &ast::Name, attributes: &[&'static str]) -> Value {
        let methods = OF_TENSORS.iter().chain(OF_LISTS).chain(CHANGING).map(|(name, _)| *name);
        let message = format!("`{}` has no attribute `{}`", value.ty(), name.text);
        let found = Diagnostic::new(Code::UnknownMethod, name.span, message);
        let is_method = methods.clone().any(|method| method == name.text);
        let near = suggest::nearest(&name.text, attributes.iter().copied().chain(methods));
        self.fail(match (is_method, near) {
            (true, _) => found.fix(format!("call it: `.{}()`", name.text), [(name.span.after(), "()")]),
            (false, _) if matches!(name.text.as_str(), "length" | "len" | "count") => {
                found.help("`len(…)` says how many there are")
            }
            (false, _)
                if matches!(value.ty(), Ty::List(_))
                    && matches!(name.text.as_str(), "shape" | "ndim" | "size" | "T") =>
            {
                found.help(format!("tensors have it: `array(…).{}`; `len(…)` counts the items of a list", name.text))
            }
            (false, Some(near)) => found.meant(name.span, near),
            (false, None) => found,
        })
    }

    /// `base.name(args)`
    pub fn method(&mut self, base: &'a ast::Expr, name: &'a ast::Name, args: &'a [ast::Arg], span: Span) -> Value {
        if let Some(class) = self.class_called(base) {
            return self.call_on_class(class, name, args, span);
        }
        if let Some(found) = self.method_of_type(base, name) {
            return self.fail(found);
        }
        let changing = CHANGING.iter().find(|(method, _)| *method == name.text);
        if let Some((_, params)) = changing.filter(|_| !matches!(self.peeked(base), Some(Ty::Object(_)))) {
            return self.changing(base, name, params, args, span);
        }
        if let Some(field) = self.field_in_making(base, &name.text) {
            let value = self.made_field(field, base.span.to(name.span));
            return self.call_object(value, args, span);
        }
        let value = self.expr(base);
        let table = match value.ty() {
            Ty::Error => return value,
            Ty::Object(object) => {
                let object = object.clone();
                return self.object_method(value, &object, name, args, span);
            }
            ty if ty.is_scalar(Kind::Str) => return self.text_method(value, name, args, span),
            Ty::Tensor(..) => OF_TENSORS,
            Ty::List(_) => OF_LISTS,
            Ty::Tuple(_) => &OF_LISTS[..1],
            Ty::None | Ty::Unknown => &[],
        };
        let Some((method, params)) = table.iter().find(|(method, _)| *method == name.text) else {
            return self.no_method(&value, name, table);
        };
        if *method == "reveal" {
            return self.reveal(value, args, span);
        }
        let Some((mut bound, rest)) = self.bind_to(method, params, args, span, false) else {
            return Value::error(span);
        };
        if bound.iter().flatten().chain(&rest).any(Value::is_error) {
            return Value::error(span);
        }
        let first = bound.first_mut().and_then(Option::take);
        self.known_method(method, value, first, rest, span)
    }

    /// A method of the tables, with its arguments.
    fn known_method(
        &mut self,
        method: &str,
        value: Value,
        first: Option<Value>,
        rest: Vec<Value>,
        span: Span,
    ) -> Value {
        match method {
            "sum" => self.sum(value, first, span),
            "mean" => self.mean(value, first, span),
            "prod" => self.reduce(Reduce::Prod, value, first, span),
            "min" => self.reduce(Reduce::Min, value, first, span),
            "max" => self.reduce(Reduce::Max, value, first, span),
            "argmin" => self.reduce(Reduce::Argmin, value, first, span),
            "argmax" => self.reduce(Reduce::Argmax, value, first, span),
            "any" => self.reduce(Reduce::Any, value, None, span),
            "all" => self.reduce(Reduce::All, value, None, span),
            "reshape" => self.reshape(value, rest, span),
            "transpose" => self.transpose(value, span),
            "flatten" => self.flat(value).alone(),
            "copy" => value.copied(),
            "tolist" => self.unpacked(value, span),
            "dot" => match first {
                Some(other) => self.binary_value(crate::syntax::op::BinaryOp::MatMul, value, other, span),
                None => Value::error(span),
            },
            "index" | "count" => match first {
                Some(needle) => self.search(value, needle, method == "count", span),
                None => Value::error(span),
            },
            _ => Value::error(span),
        }
    }

    fn no_method(
        &mut self,
        value: &Value,
        name: &ast::Name,
        table: &'static [(&'static str, &'static [&'static str])],
    ) -> Value {
        if name.text.is_empty() {
            return Value::error(name.span);
        }
        let message = format!("`{}` has no method `{}`", value.ty(), name.text);
        let found = Diagnostic::new(Code::UnknownMethod, name.span, message);
        let near = suggest::nearest(&name.text, table.iter().chain(CHANGING).map(|(method, _)| *method));
        self.fail(match (name.text.as_str(), near) {
            ("shape" | "size" | "ndim" | "T", _) => found.help(format!("without parentheses: `.{}`", name.text)),
            ("if_else", _) => found.help("write `a if condition else b`"),
            ("reveal_to" | "reveal_to_clients" | "reveal_to_player", _) => {
                found.help("what one player learns goes through a port: `output y: sint to alice`")
            }
            ("get_plain_text" | "open" | "opened" | "decrypt", _) => found.help("everyone learns it by `.reveal()`"),
            ("bit_decompose" | "bits", _) => found.help("the bits are `(x >> i) & 1`, from `i = 0`"),
            ("square", _) => found.help("write `x * x` or `x ** 2`"),
            ("get_vector" | "assign" | "assign_vector" | "assign_all", _) => {
                found.help("a tensor is read and assigned as a whole: `y = x.copy()`, `x[:] = 0`")
            }
            (method, _) if matches!(value.ty(), Ty::List(_)) && of_tensors(method) => {
                let function = super::builtins::find(method).is_some();
                let also = if function { format!(", and `{method}(…)` takes a list") } else { String::new() };
                found.help(format!("tensors have it: `array(…).{method}()`{also}"))
            }
            (_, Some(near)) => found.meant(name.span, near),
            (_, None) => found,
        })
    }

    fn unpacked(&mut self, value: Value, span: Span) -> Value {
        let Ty::Tensor(kind, sizes) = value.ty().clone() else { return Value::error(span) };
        let Some((_, rest)) = sizes.split_first() else { return value };
        let item = Ty::Tensor(kind, rest.to_vec());
        let list = ExprKind::Primitive(Primitive::Unpack, vec![value.expr]);
        let list = Value::new(list, Ty::List(Box::new(item)), span).because(value.why);
        if rest.is_empty() {
            return list;
        }
        let Some(items) = self.items_of(list) else { return Value::error(span) };
        self.build_list(span, &mut |walk, list| {
            walk.counted(&items, span, &[], &mut |walk, item| {
                let row = walk.unpacked(item.value(span), span);
                list.push(walk, row);
            });
        })
    }

    /// `x.reveal(why="…")`
    fn reveal(&mut self, value: Value, args: &'a [ast::Arg], span: Span) -> Value {
        let Some((mut bound, _)) = self.bind_to("reveal", &["why?"], args, span, false) else {
            return Value::error(span);
        };
        let why = match bound.pop().flatten() {
            None => None,
            Some(Value {
                expr: super::tree::Expr { kind: ExprKind::Constant(mpc_bytecode::Constant::Str(text)), .. },
                ..
            }) => Some(text),
            Some(other) => {
                let found = Diagnostic::new(Code::NotConstant, other.span(), "the reason must be a text literal");
                return self.fail(found.help("`x.reveal(why=\"the winner is announced\")`"));
            }
        };
        if !value.ty().is_secret() {
            let message = format!("this `{}` is public already", value.ty());
            let found = Diagnostic::new(Code::TypeMismatch, value.span(), message);
            let call = Span { start: value.span().end, ..span };
            return self.fail(found.fix("leave out `.reveal()`", [(call, "")]));
        }
        if !self.effect(EffectKind::Reveal, span) {
            return Value::error(span);
        }
        self.opened(value, why.as_ref(), span)
    }

    /// What everyone learns of a value: tensors at once, lists and tuples item by item.
    fn opened(&mut self, value: Value, why: Option<&String>, span: Span) -> Value {
        match value.ty().clone() {
            Ty::Tensor(kind, dims) => match kind.opened() {
                Some(open) => {
                    Value::new(ExprKind::Reveal(Box::new(value.expr), why.cloned()), Ty::Tensor(open, dims), span)
                }
                None => value,
            },
            Ty::Tuple(items) => {
                let items = self.components(value, items.len());
                let items = items
                    .into_iter()
                    .map(|item| if item.ty().is_secret() { self.opened(item, why, span) } else { item });
                let items = items.collect();
                super::sequences::tuple(items, span)
            }
            Ty::List(_) => {
                let Some(items) = self.items_of(value) else { return Value::error(span) };
                self.build_list(span, &mut |walk, list| {
                    walk.counted(&items, span, &[], &mut |walk, item| {
                        let item = walk.opened(item.value(span), why, span);
                        list.push(walk, item);
                    });
                })
            }
            // The class says of each field whether it is public.
            Ty::Object(_) => {
                let message = format!("an object of `{}` cannot be revealed as a whole", value.ty());
                let found = Diagnostic::new(Code::UnknownMethod, span, message);
                self.fail(found.help("reveal the fields one by one: `x.field.reveal()`"))
            }
            Ty::None | Ty::Unknown | Ty::Error => value,
        }
    }

    /// `base.append(x)` and the like, which change a list in place.
    fn changing(
        &mut self,
        base: &'a ast::Expr,
        name: &'a ast::Name,
        params: &'static [&'static str],
        args: &'a [ast::Arg],
        span: Span,
    ) -> Value {
        let Some(part) = self.part(base) else {
            args.iter().for_each(|arg| drop(self.expr(&arg.value)));
            return Value::error(span);
        };
        if !matches!(part.ty, Ty::List(_)) {
            let value = self.read_part(&part);
            let found = Diagnostic::new(
                Code::UnknownMethod,
                name.span,
                format!("`{}` has no method `{}`", value.ty(), name.text),
            );
            let found = if is_tensor(&part.ty) {
                found.help("a tensor has a fixed size: collect items in a list, then `array(…)`")
            } else {
                found
            };
            return self.fail(found);
        }
        let skip = name.text == "extend";
        let Some((mut bound, _)) = self.bind_to(&name.text, params, args, span, skip) else {
            return Value::error(span);
        };
        let mut take = |at: usize| bound.get_mut(at).and_then(Option::take);
        let (first, second) = (take(0), take(1));
        match (name.text.as_str(), first) {
            ("insert" | "remove" | "sort" | "reverse" | "clear", first) => {
                self.reordered(&part, &name.text, first, second, span);
            }
            ("append", Some(value)) if *value.ty() == Ty::None => {
                return self.fail(Diagnostic::new(Code::NoValue, value.span(), "this gives no value"));
            }
            ("append", Some(value)) => self.push(&part, value, span),
            ("extend", _) => {
                if let Some(items) = args.first() {
                    self.extend(&part, &items.value, span);
                }
            }
            (_, at) => {
                let at = match at {
                    Some(at) => self.public_int(at, "a position"),
                    None => Value::int(-1, span),
                };
                return self.as_block(|walk| walk.pop(&part, at, span));
            }
        }
        Value::none(span)
    }
}

impl<'a> Body<'a, '_> {
    /// `sint.get_input_from(0)` and the like, as other systems write it.
    fn method_of_type(&mut self, base: &'a ast::Expr, name: &ast::Name) -> Option<Diagnostic> {
        let kind = self.builtin_called(base)?.name();
        let help = match name.text.as_str() {
            "get_input_from"
            | "get_private_input_from"
            | "get_raw_input_from"
            | "input_from"
            | "receive_from_client" => {
                format!("inputs are ports: `role alice` and `input x: {kind} from alice`")
            }
            "Array" | "Vector" => format!("`{kind}(zeros(n))` is a tensor of {kind}, `[]` a list that grows"),
            "Matrix" | "Tensor" => format!("`{kind}(zeros(n, m))` is a tensor of {kind}: `a[i, j]`"),
            "get_random" | "get_random_bit" | "get_random_int" => {
                "randomness that a program may use comes from its roles, as input".to_owned()
            }
            "load_mem" | "read_from_file" => "data comes in by `input` ports".to_owned(),
            _ => return None,
        };
        let message = format!("`{kind}` has no method `{}`", name.text);
        Some(Diagnostic::new(Code::UnknownMethod, name.span, message).help(help))
    }
}

impl Body<'_, '_> {
    /// Methods that put other items into a list.
    fn reordered(&mut self, part: &Part, method: &str, first: Option<Value>, second: Option<Value>, span: Span) {
        if first.iter().chain(&second).any(Value::is_error) {
            return;
        }
        let old = self.read_part(part);
        let whole = |value: &Value| Value { place: None, ..value.clone() };
        let items = match (method, first, second) {
            ("insert", Some(at), Some(item)) => {
                let at = self.public_int(at, "a position");
                let (at, item) = (self.hold(at, false), self.list_of(vec![item], span));
                let Some(ty) = old.ty().join(item.ty()) else {
                    let message = format!("expected `{}`, found `{}`", old.ty(), item.ty());
                    return self.report(Diagnostic::new(Code::TypeMismatch, item.span(), message));
                };
                let (old, item) = (whole(&old).converted(&ty), item.converted(&ty));
                self.library("list_with", vec![old, at.clone(), at, item], span)
            }
            ("remove", Some(item), _) => {
                let at = self.search(whole(&old), item, false, span);
                let taken = self.pop(part, at, span);
                return self.emit(super::tree::StmtKind::Expr(taken.expr), span);
            }
            ("sort", reverse, _) => self.sorted(whole(&old), reverse, span),
            ("reverse", ..) => {
                let back = Some(Box::new(Value::int(-1, span).expr));
                let kind = ExprKind::Slice(Box::new(old.expr.clone()), [None, None, back]);
                Value::new(kind, old.ty().clone(), span).because(old.why.clone())
            }
            _ => Value::new(ExprKind::List(Vec::new()), old.ty().clone(), span),
        };
        self.replace_items(part, items, span);
    }
}

fn of_tensors(name: &str) -> bool {
    OF_TENSORS.iter().any(|(method, _)| *method == name)
}

/// The size of an axis.
fn size(value: &Value, axis: usize, span: Span) -> Value {
    let known = dims(value.ty())[axis].clone();
    match known.as_const() {
        Some(number) => Value::int(number, span),
        None => {
            let kind = ExprKind::Primitive(Primitive::Size(axis as u32), vec![value.expr.clone()]);
            Value::new(kind, Ty::scalar(Kind::Int), span).knowing(known)
        }
    }
}

fn is_tensor(ty: &Ty) -> bool {
    ty.kind().is_some_and(|kind| kind != Kind::Str)
}
