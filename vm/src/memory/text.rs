//! Values as text, as Python's `str` writes them.

use super::{Elements, Public, Value};
use crate::algebra::Domain;
use crate::fixed::Fixed;
use std::fmt::Write as _;

/// `str(value)`: numbers and truth values as in Python, fixed-point numbers as the shortest decimal that rounds to them, tensors
/// as nested lists on one line. A secret shows its shape alone.
pub fn text<D: Domain>(value: &Value<D>, fixed: Fixed) -> String {
    match value {
        Value::Public(Public::Str(text)) => text.to_string(),
        Value::Public(_) | Value::Secret(_) | Value::List(_) => quoted(value, fixed),
    }
}

/// `repr(value)`: the same, with text in quotes; what stands within a list.
pub fn quoted<D: Domain>(value: &Value<D>, fixed: Fixed) -> String {
    let mut out = String::new();
    write(&mut out, value, fixed);
    out
}

fn write<D: Domain>(out: &mut String, value: &Value<D>, fixed: Fixed) {
    match value {
        Value::Public(Public::Int(x)) => elements(out, x, &|out, x| {
            // Writing to a string does not fail.
            let _ = write!(out, "{x}");
        }),
        Value::Public(Public::Fix(x)) => elements(out, x, &|out, x| out.push_str(&fixed.shortest(x.to_i128()))),
        Value::Public(Public::Bool(x)) => elements(out, x, &|out, x| out.push_str(if x { "True" } else { "False" })),
        Value::Public(Public::Str(text)) => quote(out, text),
        Value::Secret(share) => {
            let _ = write!(out, "<secret of shape {:?}>", share.shape());
        }
        Value::List(items) => {
            sequence(out, items.len(), |out, at| write(out, &items[at], fixed));
        }
    }
}

fn elements<T: Copy>(out: &mut String, x: &Elements<T>, each: &dyn Fn(&mut String, T)) {
    nested(out, x.shape(), x.as_slice(), each);
}

fn nested<T: Copy>(out: &mut String, shape: &[usize], elements: &[T], each: &dyn Fn(&mut String, T)) {
    match (shape, elements) {
        ([], [one]) => each(out, *one),
        ([], _) => {}
        ([size, inner @ ..], _) => {
            let row = elements.len().checked_div(*size).unwrap_or(0);
            sequence(out, *size, |out, at| nested(out, inner, &elements[at * row..(at + 1) * row], each));
        }
    }
}

fn sequence(out: &mut String, length: usize, mut item: impl FnMut(&mut String, usize)) {
    out.push('[');
    for at in 0..length {
        if at > 0 {
            out.push_str(", ");
        }
        item(out, at);
    }
    out.push(']');
}

/// Python's `repr` of a text: single quotes, double ones where that saves a backslash.
fn quote(out: &mut String, text: &str) {
    let mark = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(mark);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == mark => out.extend(['\\', c]),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push(mark);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::shape;
    use std::sync::Arc;

    const FIXED: Fixed = Fixed { bits: 47, frac: 16 };

    fn show(value: Public<u64>) -> String {
        text(&Value::Public(value), FIXED)
    }

    #[test]
    fn values_are_written_as_in_python() {
        assert_eq!(show(Public::int(-3)), "-3");
        assert_eq!(show(Public::bool(true)), "True");
        assert_eq!(show(Public::Str("it's".into())), "it's");
        assert_eq!(show(Public::Int(shape::assemble(&[2, 2], vec![1, 2, 3, 4]).unwrap())), "[[1, 2], [3, 4]]");
        assert_eq!(show(Public::Int(shape::assemble(&[0], vec![]).unwrap())), "[]");
        assert_eq!(show(Public::Int(shape::assemble(&[2, 0], vec![]).unwrap())), "[[], []]");
        assert_eq!(show(Public::Int(shape::assemble(&[0, 2], vec![]).unwrap())), "[]");
        let half = Public::Fix(shape::assemble(&[2], vec![1 << 15, (-(1i64 << 16)) as u64]).unwrap());
        assert_eq!(show(half), "[0.5, -1.0]");
        let list = vec![Value::Public(Public::<u64>::Str("it's \"so\"\n".into())), Value::Public(Public::int(1))];
        assert_eq!(text(&Value::List(Arc::new(list)), FIXED), r#"['it\'s "so"\n', 1]"#);
    }
}
