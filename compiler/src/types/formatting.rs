//! `"…" % values` and `"…".format(values)`: texts with places, filled when the program runs; the places are read when it is compiled.

use super::body::Body;
use super::text::text;
use super::tree::Piece;
use super::ty::{Domain, Ty};
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::suggest;
use crate::source::Span;
use crate::syntax::ast::{self, ArgKind};
use crate::syntax::op::BinaryOp;
use mpc_bytecode::Kind;

/// What is wrong with a format, in the reader's terms.
type Bad = String;

/// A part of a format.
enum Part {
    Text(String),
    /// A place for a value.
    Place(Place),
}

struct Place {
    /// Which value: by number, by name, or the next.
    which: Which,
    /// As `repr` shows it.
    quoted: bool,
    /// As an integer, rounded towards zero.
    whole: bool,
    spec: Option<String>,
}

enum Which {
    Next,
    Number(usize),
    Name(String),
}

impl<'a> Body<'a, '_> {
    /// `left op right`, as it is written.
    pub fn binary(&mut self, op: BinaryOp, left: Value, right: Value, span: Span) -> Value {
        if op == BinaryOp::Mod && left.ty().is_scalar(Kind::Str) && !right.is_error() {
            return self.percent(&left, right, span);
        }
        let joined = match (op, &left.text, &right.text) {
            (BinaryOp::Add, Some(a), Some(b)) => Some(format!("{a}{b}")),
            _ => None,
        };
        match joined {
            Some(joined) => Value::text(joined, span),
            None => self.binary_value(op, left, right, span),
        }
    }

    /// `"%d of %s" % (a, b)`
    fn percent(&mut self, format: &Value, values: Value, span: Span) -> Value {
        let Some(written) = self.known_text(format, "`%`") else { return Value::error(span) };
        let values = match values.ty().clone() {
            Ty::Tuple(items) => self.components(values, items.len()),
            _ => vec![values],
        };
        let parts = match percent_parts(&written) {
            Ok(parts) => parts,
            Err(message) => return self.bad_format(format.span(), message),
        };
        let places = parts.iter().filter(|part| matches!(part, Part::Place(_))).count();
        if places != values.len() {
            let message = format!("this text has {places} places for values, and {} values are given", values.len());
            return self.bad_format(format.span(), message);
        }
        self.fill(parts, &values, &[], "`%`", span)
    }

    /// `"{} of {x}".format(a, x=b)`
    pub fn format_call(&mut self, format: &Value, args: &'a [ast::Arg], span: Span) -> Value {
        let (mut values, mut named) = (Vec::new(), Vec::new());
        for arg in args {
            match &arg.kind {
                ArgKind::Positional => values.push(self.expr(&arg.value)),
                ArgKind::Keyword(name) => named.push((name.text.as_str(), self.expr(&arg.value))),
                ArgKind::Star => match self.spread(&arg.value, None) {
                    Some(more) => values.extend(more),
                    None => return Value::error(span),
                },
            }
        }
        let Some(written) = self.known_text(format, "`.format`") else { return Value::error(span) };
        match brace_parts(&written) {
            Ok(parts) => self.fill(parts, &values, &named, "`.format`", span),
            Err(message) => self.bad_format(format.span(), message),
        }
    }

    fn bad_format(&mut self, span: Span, message: String) -> Value {
        let found = Diagnostic::new(Code::BadCall, span, message);
        self.fail(found.help("an f-string shows what goes where: `f\"{x} of {y:.2f}\"`"))
    }

    fn fill(&mut self, parts: Vec<Part>, values: &[Value], named: &[(&str, Value)], by: &str, span: Span) -> Value {
        let (mut pieces, mut next) = (Vec::new(), 0);
        for part in parts {
            let place = match part {
                Part::Text(plain) => {
                    pieces.push(Piece::Text(plain));
                    continue;
                }
                Part::Place(place) => place,
            };
            let value = match &place.which {
                Which::Next => values.get(next).ok_or_else(|| format!("there is no value for place {}", next + 1)),
                Which::Number(number) => {
                    values.get(*number).ok_or_else(|| format!("there is no value number {number}"))
                }
                Which::Name(name) => {
                    let found = named.iter().find(|(known, _)| known == name).map(|(_, value)| value);
                    found.ok_or_else(|| match suggest::nearest(name, named.iter().map(|(known, _)| *known)) {
                        Some(near) => format!("there is no value `{name}`; did you mean `{near}`?"),
                        None => format!("there is no value `{name}`"),
                    })
                }
            };
            next += usize::from(matches!(place.which, Which::Next));
            match value {
                Ok(value) => {
                    let Some(piece) = self.filled_place(value.clone(), place, by) else { return Value::error(span) };
                    pieces.push(piece);
                }
                Err(message) => return self.bad_format(span, message),
            }
        }
        text(pieces, span)
    }

    fn filled_place(&mut self, value: Value, place: Place, by: &str) -> Option<Piece> {
        let mut value = self.public_text(value, by)?;
        if place.whole {
            let fixed = value.ty().kind().is_some_and(|kind| Domain::of(kind) == Domain::Fix);
            if fixed {
                value = value.converted(&Ty::scalar(Kind::Int));
            }
        }
        if place.quoted {
            value = self.quoted(value);
        }
        Some(Piece::Value(value.expr, place.spec))
    }
}

/// The parts of a format with `%`.
fn percent_parts(format: &str) -> Result<Vec<Part>, Bad> {
    let (mut parts, mut plain) = (Vec::new(), String::new());
    let mut rest = format.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '%' {
            plain.push(c);
            continue;
        }
        if rest.peek() == Some(&'%') {
            rest.next();
            plain.push('%');
            continue;
        }
        let mut take = |wanted: &dyn Fn(char) -> bool| {
            let mut taken = String::new();
            while let Some(c) = rest.next_if(|c| wanted(*c)) {
                taken.push(c);
            }
            taken
        };
        let flags = take(&|c| "-+ #0".contains(c));
        let width = take(&|c| c.is_ascii_digit());
        let precision = take(&|c| c == '.' || c.is_ascii_digit());
        let Some(kind) = rest.next() else { return Err("this text ends in an unfinished `%`".into()) };
        parts.push(Part::Text(std::mem::take(&mut plain)));
        parts.push(Part::Place(percent_place(&flags, &width, &precision, kind)?));
    }
    parts.push(Part::Text(plain));
    Ok(parts)
}

fn percent_place(flags: &str, width: &str, precision: &str, kind: char) -> Result<Place, Bad> {
    let ty = match kind {
        's' | 'r' => "",
        'd' | 'i' | 'u' => "d",
        'f' | 'F' => "f",
        'e' | 'E' | 'g' | 'G' | 'x' | 'X' | 'o' | 'c' => {
            let mut buffer = [0; 4];
            return Ok(plain_place(flags, width, precision, kind.encode_utf8(&mut buffer)));
        }
        other => return Err(format!("`%{other}` is no place for a value: there are `%s`, `%d`, `%f` and more")),
    };
    let mut place = plain_place(flags, width, precision, ty);
    (place.quoted, place.whole) = (kind == 'r', ty == "d");
    Ok(place)
}

/// A place in the form of Python's format specifications: what is padded stands on the right, but for the flag `-`.
fn plain_place(flags: &str, width: &str, precision: &str, ty: &str) -> Place {
    let has = |flag: char| flags.contains(flag);
    let number = !ty.is_empty();
    let align = match (width.is_empty(), has('-')) {
        (true, _) => "",
        (false, true) => "<",
        (false, false) if number && has('0') => "",
        (false, false) => ">",
    };
    let sign = if number && has('+') {
        "+"
    } else if number && has(' ') {
        " "
    } else {
        ""
    };
    let alternate = if number && has('#') { "#" } else { "" };
    let zero = if number && has('0') && !has('-') && !width.is_empty() { "0" } else { "" };
    let precision = if ty == "d" { "" } else { precision };
    let spec = format!("{align}{sign}{alternate}{zero}{width}{precision}{ty}");
    let spec = if spec == "d" { None } else { Some(spec).filter(|spec| !spec.is_empty()) };
    Place { which: Which::Next, quoted: false, whole: false, spec }
}

/// The parts of a format with braces.
fn brace_parts(format: &str) -> Result<Vec<Part>, Bad> {
    let (mut parts, mut plain) = (Vec::new(), String::new());
    let mut rest = format.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '{' | '}' if rest.peek() == Some(&c) => {
                rest.next();
                plain.push(c);
            }
            '}' => return Err("this text has a `}` without its `{`; a brace itself is written `}}`".into()),
            '{' => {
                let inside: String = rest.by_ref().take_while(|c| *c != '}').collect();
                if inside.contains('{') {
                    return Err("a place inside a place is not known here".into());
                }
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Place(brace_place(&inside)?));
            }
            c => plain.push(c),
        }
    }
    parts.push(Part::Text(plain));
    Ok(parts)
}

fn brace_place(inside: &str) -> Result<Place, Bad> {
    let (head, spec) = inside.split_once(':').map_or((inside, None), |(head, spec)| (head, Some(spec)));
    let (name, quoted) = match head.split_once('!') {
        None => (head, false),
        Some((name, "r")) => (name, true),
        Some((name, "s")) => (name, false),
        Some((_, other)) => return Err(format!("`!{other}` is not known: there is `!r`")),
    };
    let which = match name {
        "" => Which::Next,
        name if name.chars().all(|c| c.is_ascii_digit()) => Which::Number(name.parse().unwrap_or(usize::MAX)),
        name if name.contains(['.', '[']) => {
            return Err(format!("`{{{name}}}` takes a part of a value: an f-string can"));
        }
        name => Which::Name(name.to_owned()),
    };
    let spec = spec.map(str::to_owned).filter(|spec| !spec.is_empty());
    Ok(Place { which, quoted, whole: false, spec })
}
