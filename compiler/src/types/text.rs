//! Text: f-strings, `print`, `print_ln`. Only public values become text.

use super::body::Body;
use super::builtins::Builtin;
use super::convert::because;
use super::effects::EffectKind;
use super::tree::{ExprKind, Piece, StmtKind};
use super::ty::Ty;
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, ArgKind, FPiece};
use mpc_bytecode::{Constant, Kind};

impl<'a> Body<'a, '_> {
    /// `f"…"`
    pub fn f_string(&mut self, pieces: &'a [FPiece], span: Span) -> Value {
        let mut made = Vec::with_capacity(pieces.len());
        for part in pieces {
            match part {
                FPiece::Text(text) => made.push(Piece::Text(text.clone())),
                FPiece::Value { value, label, repr, spec } => {
                    let Some(value) = self.shown(value, "an f-string") else { return Value::error(span) };
                    made.extend(label.clone().map(Piece::Text));
                    let quoted = (*repr || (label.is_some() && spec.is_none())) && value.ty().is_scalar(Kind::Str);
                    let spec = spec.as_ref().map(|spec| spec.text.clone());
                    let value = if quoted { self.quoted(value) } else { value };
                    made.push(if spec.is_none() { piece(value) } else { Piece::Value(value.expr, spec) });
                }
            }
        }
        text(made, span)
    }

    /// A value that may become text: public, and there.
    fn shown(&mut self, expr: &'a ast::Expr, place: &str) -> Option<Value> {
        let value = self.expr(expr);
        self.public_text(value, place)
    }

    pub fn public_text(&mut self, value: Value, place: &str) -> Option<Value> {
        if value.is_error() {
            return None;
        }
        let value = self.object_text(value);
        if value.is_error() {
            return None;
        }
        if value.ty().is_secret() {
            let message = format!("{place} cannot show `{}`: it is secret", value.ty());
            let found = because(Diagnostic::new(Code::SecretText, value.span(), message), &value.why);
            self.report(found.help("`.reveal()` tells everyone; an `output … to ROLE` tells that role alone"));
            return None;
        }
        if *value.ty() == Ty::None {
            return Some(Value::text("None", value.span()));
        }
        Some(value)
    }

    /// The text of an expression, for messages.
    pub fn text_of(&mut self, expr: &'a ast::Expr) -> Value {
        match self.shown(expr, "a message") {
            Some(value) => self.as_text(value),
            None => Value::error(expr.span),
        }
    }

    /// `str(x)`
    pub fn text_of_value(&mut self, value: Value, span: Span) -> Value {
        match self.public_text(value, "`str`") {
            Some(value) => self.as_text(value),
            None => Value::error(span),
        }
    }

    /// Public values one after the other, as text.
    pub fn joined_text(&mut self, values: Vec<Value>, span: Span) -> Value {
        if values.iter().any(Value::is_error) {
            return Value::error(span);
        }
        text(values.into_iter().map(piece).collect(), span)
    }

    /// A public value as `repr` shows it: text stands in quotes.
    pub fn quoted(&mut self, value: Value) -> Value {
        if !value.ty().is_scalar(Kind::Str) {
            return value;
        }
        if let Some(known) = &value.text {
            return Value::text(super::strings::literal(known), value.span());
        }
        let (span, quote) = (value.span(), || Piece::Text("'".into()));
        text(vec![quote(), piece(value), quote()], span)
    }

    fn as_text(&mut self, value: Value) -> Value {
        let span = value.span();
        if value.ty().is_scalar(Kind::Str) { value } else { text(vec![Piece::Value(value.expr, None)], span) }
    }

    /// `print(*xs, sep=…, end=…)` of a list whose length only the run knows: its items as one text. `None` for any other call.
    fn print_all(&mut self, args: &'a [ast::Arg], span: Span) -> Option<Value> {
        let (first, rest) = args.split_first().filter(|(first, _)| first.kind == ArgKind::Star)?;
        if rest.iter().any(|arg| !matches!(arg.kind, ArgKind::Keyword(_))) || self.names_known_length(&first.value) {
            return None;
        }
        let items = self.expr(&first.value);
        let (mut bound, _) = self.bind_to("print", Builtin::Print.params(), rest, span, false)?;
        let (end, sep) = (bound.pop().flatten(), bound.pop().flatten());
        let sep = sep.unwrap_or_else(|| Value::text(" ", span));
        let items = self.items_of(items)?;
        let mut good = true;
        let list = self.build_list(span, &mut |walk, list| {
            walk.counted(&items, span, &[], &mut |walk, item| {
                if item.is_of_nothing() {
                    return;
                }
                match walk.public_text(item.value(span), "`print`") {
                    Some(value) => {
                        let shown = text(vec![piece(value)], span);
                        list.push(walk, shown);
                    }
                    None => good = false,
                }
            });
        });
        if list.is_error() || sep.is_error() {
            return Some(Value::none(span));
        }
        let all = self.as_block(|walk| walk.joined_list(sep, list, span));
        let mut pieces = vec![piece(all)];
        good &= self.between(&mut pieces, end, "\n");
        Some(self.print_pieces(pieces, good, span))
    }

    /// Whether an expression is a variable of a type that says how many items it has.
    fn names_known_length(&mut self, expr: &'a ast::Expr) -> bool {
        match &expr.kind {
            ast::ExprKind::Comprehension { .. } => false,
            _ => !matches!(self.peeked(expr), Some(super::ty::Ty::List(_))),
        }
    }

    /// `print(…, sep=…, end=…)`
    pub fn print(&mut self, args: &'a [ast::Arg], span: Span) -> Value {
        if let Some(printed) = self.print_all(args, span) {
            return printed;
        }
        let Some((mut bound, values)) = self.bind_to("print", Builtin::Print.params(), args, span, false) else {
            return Value::error(span);
        };
        let end = bound.pop().flatten();
        let sep = bound.pop().flatten();
        let mut pieces = Vec::new();
        let mut good = true;
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                good &= self.between(&mut pieces, sep.clone(), " ");
            }
            match self.public_text(value, "`print`") {
                Some(value) => pieces.push(piece(value)),
                None => good = false,
            }
        }
        good &= self.between(&mut pieces, end, "\n");
        self.print_pieces(pieces, good, span)
    }

    fn between(&mut self, pieces: &mut Vec<Piece>, given: Option<Value>, usual: &str) -> bool {
        match given {
            None => pieces.push(Piece::Text(usual.to_owned())),
            Some(value) if value.ty().is_scalar(Kind::Str) => pieces.push(piece(value)),
            Some(value) => {
                if !value.is_error() {
                    let message = format!("`sep` and `end` of `print` are text, not `{}`", value.ty());
                    self.report(Diagnostic::new(Code::TypeMismatch, value.span(), message));
                }
                return false;
            }
        }
        true
    }

    fn print_pieces(&mut self, pieces: Vec<Piece>, good: bool, span: Span) -> Value {
        if self.effect(EffectKind::Print, span) && good {
            let text = text(pieces, span);
            self.emit(StmtKind::Print(text.expr), span);
        }
        Value::none(span)
    }

    /// `print_ln("%s", x)`
    pub fn print_ln(&mut self, args: &'a [ast::Arg], span: Span) -> Value {
        let Some((format, values)) = args.split_first() else {
            return self.print_pieces(vec![Piece::Text("\n".into())], true, span);
        };
        let ast::ExprKind::Str(written) = &format.value.kind else {
            return self.print(args, span);
        };
        let mut shown = Vec::new();
        for value in values {
            if value.kind != ArgKind::Positional {
                let found = Diagnostic::new(Code::BadCall, value.span, "`print_ln` takes values by position only");
                return self.fail(found);
            }
            match self.shown(&value.value, "`print_ln`") {
                Some(value) => shown.push(value),
                None => return Value::none(span),
            }
        }
        let count = shown.len();
        match fill(written, shown) {
            Ok(mut pieces) => {
                pieces.push(Piece::Text("\n".into()));
                self.print_pieces(pieces, true, span)
            }
            Err(places) => {
                let message = format!("this text has {places} places for values, and {count} values are given");
                self.fail(
                    Diagnostic::new(Code::BadCall, format.span, message)
                        .help("`%s` takes one value, `%%` is a percent sign"),
                )
            }
        }
    }
}

/// Text put together from pieces.
pub fn text(pieces: Vec<Piece>, span: Span) -> Value {
    Value::new(ExprKind::Format(pieces), Ty::scalar(Kind::Str), span)
}

fn piece(value: Value) -> Piece {
    match value.expr.kind {
        ExprKind::Constant(Constant::Str(text)) => Piece::Text(text),
        kind => Piece::Value(super::tree::Expr { kind, ..value.expr }, None),
    }
}

/// A format with `%s`, `%d`, `%f` and `%%`, and its values.
///
/// # Errors
/// How many places there are, if there is another number of values.
fn fill(format: &str, values: Vec<Value>) -> Result<Vec<Piece>, usize> {
    let count = values.len();
    let mut values = values.into_iter();
    let (mut pieces, mut plain, mut places) = (Vec::new(), String::new(), 0);
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('%', Some('%')) => {
                chars.next();
                plain.push('%');
            }
            ('%', Some('s' | 'd' | 'f' | 'i')) => {
                chars.next();
                places += 1;
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.extend(values.next().map(piece));
            }
            (c, _) => plain.push(c),
        }
    }
    pieces.push(Piece::Text(plain));
    pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
    if places == count { Ok(pieces) } else { Err(places) }
}
