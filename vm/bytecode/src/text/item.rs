//! The smaller items of a program as text: types, sizes, parties, places. Each `write_` has its `read_` beside it.

use crate::operand::{Operand, RoleId, Text};
use crate::program::{EXTENT_DEPTH, Extent, ExtentOp, Line, Parties};
use crate::types::{Kind, Type};
use std::fmt::{self, Formatter};

/// Items with a separator between them.
pub(super) fn write_joined<T>(
    f: &mut Formatter<'_>,
    items: &[T],
    separator: &str,
    mut write: impl FnMut(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        write(f, item)?;
    }
    Ok(())
}

/// At least one item, with commas between them.
pub(super) fn read_joined<T>(
    input: &mut Text<'_>,
    mut read: impl FnMut(&mut Text<'_>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let mut items = vec![read(input)?];
    while input.eat(",") {
        items.push(read(input)?);
    }
    Ok(items)
}

/// Any number of items in brackets.
pub(super) fn read_bracketed<T>(
    input: &mut Text<'_>,
    read: impl FnMut(&mut Text<'_>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    input.expect("[")?;
    if input.eat("]") {
        return Ok(Vec::new());
    }
    let items = read_joined(input, read)?;
    input.expect("]")?;
    Ok(items)
}

/// `list[sint]`, as [`Type`] displays itself.
pub(super) fn read_type(input: &mut Text<'_>) -> Result<Type, String> {
    let mut depth = 0;
    while input.eat("list[") {
        depth += 1;
        if depth > Type::MAX_DEPTH {
            return Err("lists are nested too deep".into());
        }
    }
    let mut ty = Type::Tensor(Kind::parse(input)?);
    for _ in 0..depth {
        input.expect("]")?;
        ty = Type::List(Box::new(ty));
    }
    Ok(ty)
}

/// `3`, `dim0`, `?` for any, or two sizes and an operator in parentheses.
pub(super) fn write_extent(f: &mut Formatter<'_>, extent: &Extent) -> fmt::Result {
    match extent {
        Extent::Constant(value) => write!(f, "{value}"),
        Extent::Dim(dim) => write!(f, "{dim}"),
        Extent::Any => f.write_str("?"),
        Extent::Combined(op, a, b) => {
            f.write_str("(")?;
            write_extent(f, a)?;
            write!(f, " {} ", op.text())?;
            write_extent(f, b)?;
            f.write_str(")")
        }
    }
}

pub(super) fn read_extent(input: &mut Text<'_>) -> Result<Extent, String> {
    read_extent_within(input, EXTENT_DEPTH)
}

fn read_extent_within(input: &mut Text<'_>, depth: usize) -> Result<Extent, String> {
    if input.eat("?") {
        return Ok(Extent::Any);
    }
    if input.eat("(") {
        let depth = depth.checked_sub(1).ok_or("a size is nested too deep")?;
        let a = read_extent_within(input, depth)?;
        let op = ExtentOp::ALL.into_iter().find(|op| input.eat(op.text()));
        let op = op.ok_or_else(|| format!("expected `+`, `-`, `*` or `//` at `{}`", input.shown()))?;
        let b = read_extent_within(input, depth)?;
        input.expect(")")?;
        return Ok(Extent::Combined(op, Box::new(a), Box::new(b)));
    }
    if input.rest().starts_with("dim") {
        return Ok(Extent::Dim(Operand::parse(input)?));
    }
    Ok(Extent::Constant(input.integer()?))
}

/// `all`, `nobody` or roles.
pub(super) fn write_parties(f: &mut Formatter<'_>, parties: &Parties) -> fmt::Result {
    match parties {
        Parties::All => f.write_str("all"),
        Parties::Roles(roles) if roles.is_empty() => f.write_str("nobody"),
        Parties::Roles(roles) => write_joined(f, roles, ", ", |f, role| write!(f, "{role}")),
    }
}

pub(super) fn read_parties(input: &mut Text<'_>) -> Result<Parties, String> {
    if input.eat("all") {
        return Ok(Parties::All);
    }
    if input.eat("nobody") {
        return Ok(Parties::Roles(Vec::new()));
    }
    Ok(Parties::Roles(read_joined(input, RoleId::parse)?))
}

/// `file:line`, both numbers.
pub(super) fn write_line(f: &mut Formatter<'_>, line: Line) -> fmt::Result {
    write!(f, "{}:{}", line.file, line.line)
}

pub(super) fn read_line(input: &mut Text<'_>) -> Result<Line, String> {
    let file = input.integer()?;
    input.expect(":")?;
    Ok(Line { file, line: input.integer()? })
}
