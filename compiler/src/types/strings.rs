//! Methods and operators of text. Text that is known when the program is compiled is computed then; text that is made while it runs can be
//! put together, compared for equality and padded.

use super::body::Body;
use super::text::text;
use super::tree::{Comparison, ExprKind, Piece, StmtKind};
use super::ty::Ty;
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::suggest;
use crate::source::Span;
use crate::syntax::ast::{self, Subscript, SubscriptKind};
use mpc_bytecode::Kind;
use std::rc::Rc;

/// Methods of text and their parameters.
const METHODS: &[(&str, &[&str])] = &[
    ("upper", &[]),
    ("lower", &[]),
    ("title", &[]),
    ("capitalize", &[]),
    ("strip", &["chars?"]),
    ("lstrip", &["chars?"]),
    ("rstrip", &["chars?"]),
    ("replace", &["old", "new"]),
    ("startswith", &["prefix"]),
    ("endswith", &["suffix"]),
    ("find", &["part"]),
    ("count", &["part"]),
    ("split", &["sep?"]),
    ("join", &["items"]),
    ("ljust", &["width"]),
    ("rjust", &["width"]),
    ("center", &["width"]),
    ("zfill", &["width"]),
    ("isdigit", &[]),
    ("isalpha", &[]),
    ("format", &["*values"]),
];

impl<'a> Body<'a, '_> {
    /// A text that is known now; anything else is reported.
    pub fn known_text(&mut self, value: &Value, what: &str) -> Option<Rc<str>> {
        if value.is_error() {
            return None;
        }
        if value.text.is_none() {
            let message = format!("{what} takes text that is known when the program is compiled");
            let found = Diagnostic::new(Code::NotConstant, value.span(), message);
            self.report(found.label("this text is made while the program runs"));
        }
        value.text.clone()
    }

    /// `"text".name(args)`
    pub fn text_method(&mut self, value: Value, name: &'a ast::Name, args: &'a [ast::Arg], span: Span) -> Value {
        let Some((method, params)) = METHODS.iter().find(|(method, _)| *method == name.text) else {
            let message = format!("`str` has no method `{}`", name.text);
            let found = Diagnostic::new(Code::UnknownMethod, name.span, message);
            let near = suggest::nearest(&name.text, METHODS.iter().map(|(method, _)| *method));
            return self.fail(match near {
                Some(near) => found.help(format!("did you mean `.{near}()`?")),
                None => found,
            });
        };
        if *method == "format" {
            return self.format_call(&value, args, span);
        }
        let Some((mut bound, _)) = self.bind_to(method, params, args, span, false) else { return Value::error(span) };
        if bound.iter().flatten().any(Value::is_error) {
            return Value::error(span);
        }
        let first = bound.first_mut().and_then(Option::take);
        match (*method, first) {
            ("join", Some(items)) => self.join_texts(value, items, span),
            ("ljust" | "rjust" | "center", Some(width)) => self.padded(value, method, width, span),
            (_, first) => {
                let second = bound.get_mut(1).and_then(Option::take);
                self.computed(&value, method, first, second, span)
            }
        }
    }

    /// A method that is computed now.
    fn computed(
        &mut self,
        value: &Value,
        method: &str,
        first: Option<Value>,
        second: Option<Value>,
        span: Span,
    ) -> Value {
        let what = format!("`.{method}()`");
        let Some(text) = self.known_text(value, &what) else { return Value::error(span) };
        if method == "zfill" {
            let width = first.as_ref().and_then(Value::as_int).and_then(|width| usize::try_from(width).ok());
            return match width.filter(|width| *width <= 10_000) {
                Some(width) => Value::text(zero_filled(&text, width), span),
                None => self.fail(Diagnostic::new(Code::NotConstant, span, "the width must be a known number")),
            };
        }
        let mut given = [None, None];
        for (place, arg) in given.iter_mut().zip([first, second]) {
            let Some(arg) = arg else { continue };
            if !arg.ty().is_scalar(Kind::Str) {
                let message = format!("{what} takes text, not `{}`", arg.ty());
                return self.fail(Diagnostic::new(Code::TypeMismatch, arg.span(), message));
            }
            let Some(known) = self.known_text(&arg, &what) else { return Value::error(span) };
            *place = Some(known);
        }
        let [first, second] = given;
        match (method, first.as_deref(), second.as_deref()) {
            ("split", Some(""), _) => {
                self.fail(Diagnostic::new(Code::BadCall, span, "the separator of `.split()` must not be empty"))
            }
            ("split", sep, _) => {
                let parts: Vec<String> = match sep {
                    Some(sep) => text.split(sep).map(str::to_owned).collect(),
                    None => text.split_whitespace().map(str::to_owned).collect(),
                };
                self.list_of(parts.into_iter().map(|part| Value::text(part, span)).collect(), span)
            }
            (method, first, second) => {
                answer(&text, method, first.unwrap_or_default(), second.unwrap_or_default(), span)
            }
        }
    }

    /// `sep.join(items)`
    fn join_texts(&mut self, sep: Value, items: Value, span: Span) -> Value {
        if items.ty().is_secret() {
            return self.public_text(items, "`.join()`").unwrap_or_else(|| Value::error(span));
        }
        let list = self.as_list(items);
        let Ty::List(item) = list.ty().clone() else { return Value::error(span) };
        if !item.is_scalar(Kind::Str) && *item != Ty::Unknown {
            let message = format!("`.join()` takes a list of texts, not `{}`", list.ty());
            let found = Diagnostic::new(Code::TypeMismatch, list.span(), message);
            return self.fail(found.help("make text of each item: `\", \".join([str(x) for x in xs])`"));
        }
        self.as_block(|walk| walk.joined_list(sep, list, span))
    }

    /// The texts of a list with another between them.
    pub fn joined_list(&mut self, sep: Value, list: Value, span: Span) -> Value {
        let ty = Ty::scalar(Kind::Str);
        let (result, between) = (self.temporary(&ty), self.temporary(&ty));
        let local = |local| Value::new(ExprKind::Local(local), ty.clone(), span);
        let sep = self.hold(sep, false);
        let none = || Value::text("", span).expr;
        self.emit(StmtKind::Assign(result, none()), span);
        self.emit(StmtKind::Assign(between, none()), span);
        let Some(items) = self.items_of(list) else { return Value::error(span) };
        self.counted(&items, span, &[], &mut |walk, item| {
            if item.is_of_nothing() {
                return;
            }
            let more = walk.joined_text(vec![local(result), local(between), item.value(span)], span);
            walk.emit(StmtKind::Assign(result, more.expr), span);
            walk.emit(StmtKind::Assign(between, sep.expr.clone()), span);
        });
        local(result)
    }

    /// `.ljust(width)` and the like, by a format; of any text.
    fn padded(&mut self, value: Value, method: &str, width: Value, span: Span) -> Value {
        let Some(width) = width.as_int().filter(|width| (0..=10_000).contains(width)) else {
            let message = format!("the width of `.{method}()` is a known number from 0 to 10000");
            return self.fail(Diagnostic::new(Code::NotConstant, width.span(), message));
        };
        let side = match method {
            "ljust" => '<',
            "rjust" => '>',
            _ => '^',
        };
        text(vec![Piece::Value(value.expr, Some(format!("{side}{width}")))], span)
    }

    /// `text[i]`, `text[a:b]`
    pub fn index_text(&mut self, base: &Value, item: &'a Subscript, span: Span) -> Value {
        let Some(known) = self.known_text(base, "an index") else { return Value::error(span) };
        let chars: Vec<char> = known.chars().collect();
        let number = |walk: &mut Self, bound: &'a ast::Expr| -> Option<i64> {
            let value = walk.expr(bound);
            let value = walk.public_int(value, "a position in text");
            let known = value.as_int();
            if known.is_none() && !value.is_error() {
                let message = "a position in text is known when the program is compiled";
                walk.report(Diagnostic::new(Code::NotConstant, bound.span, message));
            }
            known
        };
        let length = chars.len() as i64;
        match &item.kind {
            SubscriptKind::Index(at) => {
                let Some(at) = number(self, at) else { return Value::error(span) };
                let place = if at < 0 { at + length } else { at };
                match usize::try_from(place).ok().and_then(|place| chars.get(place)) {
                    Some(c) => Value::text(c.to_string(), span),
                    None => {
                        let message = format!("there is no character {at}: the text has {length}");
                        self.fail(Diagnostic::new(Code::BadIndex, item.span, message))
                    }
                }
            }
            SubscriptKind::Slice { start, stop, step } => {
                let mut bounds = [None; 3];
                for (place, bound) in bounds.iter_mut().zip([start, stop, step]) {
                    let Some(bound) = bound else { continue };
                    let Some(known) = number(self, bound) else { return Value::error(span) };
                    *place = Some(known);
                }
                match sliced(&chars, bounds) {
                    Some(part) => Value::text(part, span),
                    None => self.fail(Diagnostic::new(Code::BadIndex, item.span, "the step of a slice is not zero")),
                }
            }
            SubscriptKind::Ellipsis | SubscriptKind::NewAxis => {
                self.fail(Diagnostic::new(Code::BadIndex, item.span, "text has no axes"))
            }
        }
    }

    /// The characters of a text, each as a text.
    pub fn characters(&mut self, value: &Value) -> Option<Value> {
        let known = self.known_text(value, "a loop over text")?;
        let span = value.span();
        let items = known.chars().map(|c| Value::text(c.to_string(), span)).collect();
        Some(self.list_of(items, span))
    }

    /// `part in text`
    pub fn text_inside(&mut self, part: &Value, whole: &Value, span: Span) -> Value {
        match (self.known_text(part, "`in`"), self.known_text(whole, "`in`")) {
            (Some(part), Some(whole)) => Value::bool(whole.contains(&*part), span),
            _ => Value::error(span),
        }
    }

    /// `a < b` of texts, by the numbers of their characters.
    pub fn texts_ordered(&mut self, comparison: Comparison, left: &Value, right: &Value, span: Span) -> Value {
        match (self.known_text(left, "an order"), self.known_text(right, "an order")) {
            (Some(a), Some(b)) => Value::bool(super::operations::holds(comparison, a.cmp(&b)), span),
            _ => Value::error(span),
        }
    }

    /// `repr(x)`
    pub fn repr(&mut self, value: Value, span: Span) -> Value {
        let value = self.public_text(value, "`repr`");
        match value {
            Some(value) if value.ty().is_scalar(Kind::Str) => self.quoted(value),
            Some(value) => self.text_of_value(value, span),
            None => Value::error(span),
        }
    }
}

/// What a method of a known text gives.
fn answer(text: &str, method: &str, first: &str, second: &str, span: Span) -> Value {
    let strip = |c: char| if first.is_empty() { c.is_whitespace() } else { first.contains(c) };
    let position = |at: Option<usize>| at.map_or(-1, |at| text[..at].chars().count() as i64);
    let all = |holds: fn(char) -> bool| !text.is_empty() && text.chars().all(holds);
    match method {
        "upper" => Value::text(text.to_uppercase(), span),
        "lower" => Value::text(text.to_lowercase(), span),
        "title" => Value::text(titled(text), span),
        "capitalize" => Value::text(capitalized(text), span),
        "strip" => Value::text(text.trim_matches(strip), span),
        "lstrip" => Value::text(text.trim_start_matches(strip), span),
        "rstrip" => Value::text(text.trim_end_matches(strip), span),
        "replace" => Value::text(text.replace(first, second), span),
        "startswith" => Value::bool(text.starts_with(first), span),
        "endswith" => Value::bool(text.ends_with(first), span),
        "find" => Value::int(position(text.find(first)), span),
        "count" => Value::int(text.matches(first).count() as i64, span),
        "isdigit" => Value::bool(all(|c| c.is_ascii_digit()), span),
        "isalpha" => Value::bool(all(char::is_alphabetic), span),
        _ => Value::error(span),
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    first + &chars.as_str().to_lowercase()
}

/// Every word with a capital, the rest of it small.
fn titled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase())
        } else {
            out.extend(c.to_uppercase())
        }
        inside = c.is_alphabetic();
    }
    out
}

fn zero_filled(text: &str, width: usize) -> String {
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (&text[..1], digits),
        None => ("", text),
    };
    format!("{sign}{}{digits}", "0".repeat(width.saturating_sub(text.chars().count())))
}

/// `chars[start:stop:step]`; `None` where the step is zero.
fn sliced(chars: &[char], [start, stop, step]: [Option<i64>; 3]) -> Option<String> {
    let (length, step) = (chars.len() as i64, step.unwrap_or(1));
    let (least, most) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |bound: Option<i64>, usual: i64| match bound {
        None => usual,
        Some(at) if at < 0 => at.saturating_add(length).max(least),
        Some(at) => at.min(most),
    };
    let (first, last) = if step > 0 { (0, length) } else { (length - 1, -1) };
    let (mut at, stop) = (bound(start, first), bound(stop, last));
    let mut out = String::new();
    while step != 0 && (if step > 0 { at < stop } else { at > stop }) {
        out.extend(usize::try_from(at).ok().and_then(|at| chars.get(at)));
        at = at.saturating_add(step);
    }
    (step != 0).then_some(out)
}

/// A text as Python writes it in a program.
pub fn literal(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}
