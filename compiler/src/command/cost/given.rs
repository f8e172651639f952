//! `-D n=1000`, `--assume 12=3`: what is known of sizes and parameters, and of what is revealed.

use crate::command::{Failure, exit};
use mpc_bytecode::cost::bill::Unknown;
use mpc_bytecode::predict::Setting;
use mpc_bytecode::predict::show::grouped;
use mpc_bytecode::program::Direction;
use mpc_bytecode::{Kind, Program};
use mpcc::names::suggest::nearest;

pub fn usage(message: String) -> Failure {
    Failure::new(exit::USAGE, message)
}

/// Takes every `NAME=NUMBER`.
pub fn sizes(program: &Program, setting: &mut Setting, texts: &[String]) -> Result<(), Failure> {
    for text in texts {
        let wrong = || usage(format!("`-D {text}`: write a name and a whole number, as in `-D n=1000`"));
        let (name, number) = text.split_once('=').ok_or_else(wrong)?;
        let (name, number) = (name.trim(), number.trim().replace('_', ""));
        let is_number = !name.is_empty() && number.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
        let too_large =
            || usage(format!("`-D {text}`: the largest number is {}", grouped(i64::MAX.unsigned_abs().into())));
        let number = match number.parse::<i64>() {
            Ok(number) => number,
            Err(_) if is_number && number.len() > 18 => return Err(too_large()),
            Err(_) => return Err(wrong()),
        };
        check(program, name, number)?;
        if setting.sizes.insert(name.to_owned(), number).is_some() {
            return Err(usage(format!("`-D {name}` is given twice")));
        }
    }
    Ok(())
}

/// Takes every `LINE=NUMBER` and `FILE:LINE=NUMBER`; `decided` is what a run decides.
pub fn assumptions(
    program: &Program,
    setting: &mut Setting,
    texts: &[String],
    decided: &[Unknown],
) -> Result<(), Failure> {
    let mut places: Vec<(u32, u32)> = decided.iter().filter_map(Unknown::place).collect();
    places.sort_unstable();
    places.dedup();
    for text in texts {
        let wrong = || usage(format!("`--assume {text}`: write a line and a whole number, as in `--assume 12=3`"));
        let (place, number) = text.split_once('=').ok_or_else(wrong)?;
        let (file, line) = match place.trim().rsplit_once(':') {
            Some((file, line)) => (program.files.iter().position(|name| name == file).ok_or_else(wrong)?, line),
            None => (0, place.trim()),
        };
        let place = (file as u32, line.parse().map_err(|_| wrong())?);
        if !places.contains(&place) {
            let known: Vec<String> = places.iter().map(|(_, line)| line.to_string()).collect();
            let hint = match &known[..] {
                [] => "nothing in this program is".to_owned(),
                some => format!("what is, is in line {}", some.join(", ")),
            };
            return Err(usage(format!("`--assume {text}`: nothing is decided there as the program runs; {hint}")));
        }
        let number = number.trim().parse().ok().filter(|number| *number >= 0).ok_or_else(wrong)?;
        if setting.assumed.insert(place, number).is_some() {
            return Err(usage(format!("`--assume {text}`: there is another assumption for this line")));
        }
    }
    Ok(())
}

/// Whether a name is one that a number can be given for.
fn check(program: &Program, name: &str, number: i64) -> Result<(), Failure> {
    let is_dimension = program.dims.iter().position(|dim| dim == name);
    let is_parameter = |port: &&mpc_bytecode::Port| {
        matches!(port.direction, Direction::Parameter { .. }) && port.kind == Kind::Int && port.shape.is_empty()
    };
    let parameters = || program.ports.iter().filter(is_parameter).map(|port| port.name.as_str());
    if let Some(dim) = is_dimension {
        let family = program.roles.iter().find(|role| role.family.is_some_and(|family| family.0 as usize == dim));
        if let Some(family) = family {
            let message = format!("`{name}` is how many play `{}`: `-n` says how many players there are", family.name);
            return Err(usage(message));
        }
        if number < 0 {
            return Err(usage(format!("`{name}` is a size, so it cannot be {number}")));
        }
        return Ok(());
    }
    if parameters().any(|parameter| parameter == name) {
        return Ok(());
    }
    let families: Vec<usize> =
        program.roles.iter().filter_map(|role| role.family).map(|family| family.0 as usize).collect();
    let dims = program.dims.iter().enumerate().filter(|(id, _)| !families.contains(id));
    let mut known: Vec<&str> = dims.map(|(_, dim)| dim.as_str()).chain(parameters()).collect();
    known.sort_unstable();
    known.dedup();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "it has none".into(),
        None => format!("it has {}", known.join(", ")),
    };
    Err(usage(format!("the program has no dimension or `int` parameter `{name}`; {hint}")))
}
