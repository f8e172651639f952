//! The interface: names, roles, ports and dimensions.
//!
//! - Names of roles, ports and dimensions are there and differ among themselves.
//! - An input is secret data of exactly one role. A parameter is public, the same for all, and its default has its kind and axes.
//!   An output may be of any kind but `raw`, goes to all or to at least one role, and to none twice.
//! - A size is a number, a dimension, a formula over these, or "whatever the data has" (and then not within a formula).
//! - Every dimension is fixed by something: it is the size of an axis of an input or a parameter, the number of members of a family
//!   of roles, or the value of a scalar `int` parameter of its own name.

use super::VerifyError;
use crate::operand::Bank;
use crate::program::{Constant, Direction, Extent, Parties, Port, Program};
use crate::types::Kind;
use std::collections::HashSet;

/// See the module.
pub(super) fn check(program: &Program) -> Result<(), VerifyError> {
    interface(program).map_err(VerifyError::program)
}

fn interface(program: &Program) -> Result<(), String> {
    distinct("role", program.roles.iter().map(|role| role.name.as_str()))?;
    distinct("port", program.ports.iter().map(|port| port.name.as_str()))?;
    distinct("dimension", program.dims.iter().map(String::as_str))?;
    for port in &program.ports {
        check_port(program, port).map_err(|message| format!("port `{}` {message}", port.name.escape_debug()))?;
    }
    dimensions(program)
}

fn distinct<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = HashSet::new();
    for name in names {
        if name.is_empty() {
            return Err(format!("a {what} has no name"));
        }
        if !seen.insert(name) {
            return Err(format!("two {what}s are called `{}`", name.escape_debug()));
        }
    }
    Ok(())
}

fn check_port(program: &Program, port: &Port) -> Result<(), String> {
    if port.list && port.direction != Direction::Output {
        return Err("is a list, which only an output can be".into());
    }
    if port.kind == Kind::Str && !port.shape.is_empty() {
        return Err("is a tensor of text, which is always a scalar".into());
    }
    if port.shape.iter().any(hides_any) {
        return Err("has a size that is computed from one that is not known".into());
    }
    match &port.direction {
        Direction::Input => input(port),
        Direction::Parameter { default } => parameter(port).and_then(|()| {
            default.and_then(|id| program.constants.get(id.0 as usize)).map_or(Ok(()), |c| fits(port, c))
        }),
        Direction::Output => output(port),
    }
}

fn hides_any(extent: &Extent) -> bool {
    match extent {
        Extent::Constant(_) | Extent::Dim(_) | Extent::Any => false,
        Extent::Combined(_, a, b) => [a, b].into_iter().any(|side| **side == Extent::Any || hides_any(side)),
    }
}

fn input(port: &Port) -> Result<(), String> {
    if port.kind.opened().is_none() {
        return Err(format!("is an input of kind {}: inputs are sint, sfix or sbool", port.kind));
    }
    match &port.parties {
        Parties::Roles(roles) if roles.len() == 1 => Ok(()),
        Parties::Roles(_) | Parties::All => Err("is an input of other than one role".into()),
    }
}

fn parameter(port: &Port) -> Result<(), String> {
    if port.kind.bank() != Bank::Public {
        return Err(format!("is a parameter of kind {}: parameters are public", port.kind));
    }
    match &port.parties {
        Parties::All => Ok(()),
        Parties::Roles(_) => Err("is a parameter of some: parameters are the same for all".into()),
    }
}

fn fits(port: &Port, default: &Constant) -> Result<(), String> {
    if default.kind() != port.kind {
        return Err(format!("is of kind {}, but its default is of kind {}", port.kind, default.kind()));
    }
    let shape: &[u64] = match default {
        Constant::Int(shape, _) | Constant::Fix(shape, _) | Constant::Bool(shape, _) => shape,
        Constant::Str(_) => &[],
    };
    let fits = |(extent, &size): (&Extent, &u64)| match extent {
        Extent::Constant(expected) => *expected == size,
        Extent::Dim(_) | Extent::Any | Extent::Combined(..) => true,
    };
    let same = shape.len() == port.shape.len() && port.shape.iter().zip(shape).all(fits);
    if same { Ok(()) } else { Err(format!("has a default of another shape: {shape:?}")) }
}

fn output(port: &Port) -> Result<(), String> {
    if port.kind == Kind::Raw {
        return Err("is an output of kind raw, which has no declared range".into());
    }
    match &port.parties {
        Parties::All => Ok(()),
        Parties::Roles(roles) if roles.is_empty() => Err("is an output to nobody".into()),
        Parties::Roles(roles) => {
            let different: HashSet<_> = roles.iter().collect();
            if different.len() == roles.len() { Ok(()) } else { Err("is an output to one role twice".into()) }
        }
    }
}

/// Nothing is left for link to guess.
fn dimensions(program: &Program) -> Result<(), String> {
    let mut known: HashSet<u32> = program.roles.iter().filter_map(|role| role.family).map(|dim| dim.0).collect();
    let mut values = HashSet::new();
    for port in program.ports.iter().filter(|port| port.direction != Direction::Output) {
        known.extend(port.shape.iter().filter_map(|size| match size {
            Extent::Dim(dim) => Some(dim.0),
            Extent::Constant(_) | Extent::Any | Extent::Combined(..) => None,
        }));
        if port.kind == Kind::Int && port.shape.is_empty() {
            values.insert(port.name.as_str());
        }
    }
    match (0..).zip(&program.dims).find(|(id, name)| !known.contains(id) && !values.contains(name.as_str())) {
        Some((_, name)) => Err(format!("nothing fixes the dimension `{}`", name.escape_debug())),
        None => Ok(()),
    }
}
