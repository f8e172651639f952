//! Symbolic dimensions: what binds them, and the check of everything else.

use super::super::error::Error;
use super::{Cast, Input, ports};
use crate::algebra::Domain;
use crate::memory::{Public, shape};
use mpc_bytecode::program::{Direction, ExtentOp};
use mpc_bytecode::{Extent, Program};
use std::collections::BTreeMap;

/// The sizes of all dimensions.
pub(super) struct Sizes<'a>(pub &'a [u64]);

/// The longest an extent is written in messages.
const LONGEST: usize = 200;

impl Sizes<'_> {
    /// The size of an extent; `None` where anything fits, or where it has no size.
    fn eval(&self, extent: &Extent) -> Option<i128> {
        match extent {
            Extent::Constant(size) => Some(i128::from(*size)),
            Extent::Dim(dim) => self.0.get(dim.0 as usize).map(|&size| i128::from(size)),
            Extent::Any => None,
            Extent::Combined(op, a, b) => {
                let (a, b) = (self.eval(a)?, self.eval(b)?);
                match op {
                    ExtentOp::Add => a.checked_add(b),
                    ExtentOp::Sub => a.checked_sub(b),
                    ExtentOp::Mul => a.checked_mul(b),
                    ExtentOp::FloorDiv if b == 0 => None,
                    ExtentOp::FloorDiv => {
                        a.checked_div_euclid(b).map(|q| if b < 0 && a.rem_euclid(b) != 0 { q - 1 } else { q })
                    }
                }
            }
        }
    }

    pub fn fits(&self, extent: &Extent, size: usize) -> bool {
        matches!(extent, Extent::Any) || self.eval(extent) == Some(size as i128)
    }

    /// A shape with its sizes: `[3, 8]`.
    pub fn show(&self, extents: &[Extent]) -> String {
        let size = |extent| self.eval(extent).map_or_else(|| "?".into(), |size| size.to_string());
        let sizes: Vec<String> = extents.iter().map(size).collect();
        format!("[{}]", sizes.join(", "))
    }
}

/// An extent as the source writes it.
fn write(extent: &Extent, dims: &[String], out: &mut String) {
    if out.len() > LONGEST {
        return;
    }
    match extent {
        Extent::Constant(size) => out.push_str(&size.to_string()),
        Extent::Dim(dim) => out.push_str(dims.get(dim.0 as usize).map_or("?", String::as_str)),
        Extent::Any => out.push('_'),
        Extent::Combined(op, a, b) => {
            let tight = matches!(op, ExtentOp::Mul | ExtentOp::FloorDiv);
            let operand = |side: &Extent, out: &mut String| {
                let parentheses = tight && matches!(side, Extent::Combined(ExtentOp::Add | ExtentOp::Sub, _, _));
                out.push_str(if parentheses { "(" } else { "" });
                write(side, dims, out);
                out.push_str(if parentheses { ")" } else { "" });
            };
            operand(a, out);
            out.push_str(op.text());
            operand(b, out);
        }
    }
}

/// A port's type as the source writes it: `sfix[3, n]`.
pub fn show_type(program: &Program, port: &mpc_bytecode::Port) -> String {
    let sizes: Vec<String> = port.shape.iter().map(|extent| show_extent(extent, &program.dims)).collect();
    if sizes.is_empty() { port.kind.to_string() } else { format!("{}[{}]", port.kind, sizes.join(", ")) }
}

fn show_extent(extent: &Extent, dims: &[String]) -> String {
    let mut out = String::new();
    write(extent, dims, &mut out);
    out
}

/// What bound a dimension.
struct Bound {
    size: u64,
    by: String,
}

/// A shape that was found, with what it is called in messages.
struct Found<'a> {
    what: String,
    port: &'a mpc_bytecode::Port,
    shape: &'a [usize],
}

/// Binds every dimension and checks every extent of what was found.
pub(super) fn bind<D: Domain>(
    program: &Program,
    cast: &Cast,
    params: &BTreeMap<u32, Public<D>>,
    inputs: &BTreeMap<u32, Vec<Input<D>>>,
    names: &[String],
) -> Result<Vec<u64>, Error> {
    let mut bound: Vec<Option<Bound>> = program.dims.iter().map(|_| None).collect();
    for (role, players) in
        (0..).zip(&program.roles).map(|(id, role)| (role, cast.players(mpc_bytecode::operand::RoleId(id))))
    {
        if let Some(dim) = role.family {
            let by = format!("the family `{}` has {} members", role.name, players.len());
            unite(program, &mut bound, dim.0 as usize, Bound { size: players.len() as u64, by })?;
        }
    }
    for (id, port) in ports(program) {
        let dim = program.dims.iter().position(|dim| dim == &port.name);
        if let (Some(dim), Some(Public::Int(value))) = (dim, params.get(&id))
            && let Some(value) = value.scalar()
        {
            let negative =
                |_| Error::PeerInput(format!("parameter `{}` is a size, so it cannot be {value}", port.name));
            let size = u64::try_from(value).map_err(negative)?;
            unite(program, &mut bound, dim, Bound { size, by: format!("parameter `{}` is {value}", port.name) })?;
        }
    }
    let found = found(program, params, inputs, names);
    for Found { what, port, shape } in &found {
        for (axis, (extent, &size)) in port.shape.iter().zip(*shape).enumerate() {
            if let Extent::Dim(dim) = extent {
                let by = format!("{what} has size {size} along axis {axis}");
                unite(program, &mut bound, dim.0 as usize, Bound { size: size as u64, by })?;
            }
        }
    }
    let unbound = |dim: usize| Error::Program(format!("nothing fixes the dimension `{}`", program.dims[dim]));
    let sizes =
        bound.iter().enumerate().map(|(dim, bound)| bound.as_ref().map(|bound| bound.size).ok_or_else(|| unbound(dim)));
    let sizes = sizes.collect::<Result<Vec<u64>, Error>>()?;
    found.iter().try_for_each(|found| check(program, &bound, &sizes, found))?;
    Ok(sizes)
}

fn found<'a, D: Domain>(
    program: &'a Program,
    params: &'a BTreeMap<u32, Public<D>>,
    inputs: &'a BTreeMap<u32, Vec<Input<D>>>,
    names: &[String],
) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for (id, port) in ports(program) {
        if let (Direction::Parameter { .. }, Some(value)) = (&port.direction, params.get(&id)) {
            found.push(Found { what: format!("parameter `{}`", port.name), port, shape: value.shape() });
        }
        for input in inputs.get(&id).into_iter().flatten() {
            let owner = names.get(input.owner).map_or("", String::as_str);
            found.push(Found { what: format!("input `{}` of {owner}", port.name), port, shape: &input.shape });
        }
    }
    found
}

/// A dimension gets a size, or has it already.
fn unite(program: &Program, bound: &mut [Option<Bound>], dim: usize, new: Bound) -> Result<(), Error> {
    let Some(slot) = bound.get_mut(dim) else {
        return Err(Error::Program(format!("there is no dimension {dim}")));
    };
    match slot {
        None => *slot = Some(new),
        Some(old) if old.size == new.size => {}
        Some(old) => {
            let name = &program.dims[dim];
            return Err(Error::PeerInput(format!(
                "the dimension `{name}` cannot be both {} and {}: {}, but {}",
                old.size, new.size, old.by, new.by
            )));
        }
    }
    Ok(())
}

/// Checks the extents that bind nothing.
fn check(program: &Program, bound: &[Option<Bound>], sizes: &[u64], found: &Found<'_>) -> Result<(), Error> {
    for (axis, (extent, &size)) in found.port.shape.iter().zip(found.shape).enumerate() {
        if Sizes(sizes).fits(extent, size) {
            continue;
        }
        let written = show_extent(extent, &program.dims);
        let expected = Sizes(sizes).eval(extent).map_or_else(String::new, |size| format!(" = {size}"));
        let written =
            if written == expected.trim_start_matches(" = ") { written } else { format!("{written}{expected}") };
        let mut because = Vec::new();
        reasons(extent, bound, &mut because);
        let because = if because.is_empty() { String::new() } else { format!(", because {}", because.join(" and ")) };
        return Err(Error::PeerInput(format!(
            "{} has size {size} along axis {axis} (shape {}), but {} needs {written} there{because}",
            found.what,
            shape::show(found.shape),
            show_type(program, found.port),
        )));
    }
    Ok(())
}

/// Where the dimensions of an extent come from.
fn reasons(extent: &Extent, bound: &[Option<Bound>], out: &mut Vec<String>) {
    match extent {
        Extent::Dim(dim) => {
            if let Some(Some(bound)) = bound.get(dim.0 as usize)
                && !out.contains(&bound.by)
                && out.len() < 4
            {
                out.push(bound.by.clone());
            }
        }
        Extent::Combined(_, a, b) => {
            reasons(a, bound, out);
            reasons(b, bound, out);
        }
        Extent::Constant(_) | Extent::Any => {}
    }
}
