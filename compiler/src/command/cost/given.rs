//! `-D n=1000` and `--input x=file`: what is known of sizes and parameters.

use crate::command::{Failure, exit};
use mpc_bytecode::predict::Setting;
use mpc_bytecode::program::Direction;
use mpc_bytecode::{Kind, Program};
use mpcc::names::suggest::nearest;

fn usage(message: String) -> Failure {
    Failure::new(exit::USAGE, message)
}

/// Takes every `NAME=NUMBER`.
pub fn sizes(program: &Program, setting: &mut Setting, texts: &[String]) -> Result<(), Failure> {
    for text in texts {
        let wrong = || usage(format!("`-D {text}`: write a name and a whole number, as in `-D n=1000`"));
        let (name, number) = text.split_once('=').ok_or_else(wrong)?;
        let (name, number) = (name.trim(), number.trim().replace('_', ""));
        let number: i64 = number.parse().map_err(|_| wrong())?;
        check(program, name, number)?;
        setting.sizes.insert(name.to_owned(), number);
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
    let mut known: Vec<&str> = program.dims.iter().map(String::as_str).chain(parameters()).collect();
    known.sort_unstable();
    known.dedup();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "it has none".into(),
        None => format!("it has {}", known.join(", ")),
    };
    Err(usage(format!("the program has no dimension or `int` parameter `{name}`; {hint}")))
}

/// Takes every `NAME=VALUE_OR_FILE`: the shape of an input, the value of a parameter.
#[cfg(feature = "run")]
pub fn inputs(program: &Program, setting: &mut Setting, texts: &[String]) -> Result<(), Failure> {
    use mpc_bytecode::Constant;
    use mpcvm::fixed::Fixed;
    use mpcvm::io::{Assignment, Target, read};
    use mpcvm::memory::Public;
    for text in texts {
        let given: Assignment = text.parse().map_err(usage)?;
        let ports = || program.ports.iter().filter(|port| port.direction != Direction::Output);
        let port = ports().find(|port| port.name == given.name).ok_or_else(|| {
            let near = nearest(&given.name, ports().map(|port| port.name.as_str()));
            let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            usage(format!("the program has no input `{}`{hint}", given.name))
        })?;
        let target = Target {
            name: port.name.clone(),
            ty: port.kind.to_string(),
            kind: port.kind,
            rank: port.shape.len(),
            sizes: vec![None; port.shape.len()],
            fixed: Fixed::new(&program.precision),
            int_bits: program.precision.int_bits,
        };
        let bad = |message: String| Failure::new(exit::BAD_INPUT, format!("{}: {message}", given.target()));
        let value = read::<u128>(&target, &given.source).map_err(bad)?;
        let shape: Vec<u64> = value.shape().iter().map(|&size| size as u64).collect();
        if port.direction == Direction::Input {
            setting.inputs.insert((port.name.clone(), given.member.unwrap_or(0)), shape);
            continue;
        }
        let constant = match value {
            Public::Int(x) if x.scalar().is_some() => {
                setting.sizes.insert(port.name.clone(), x.scalar().unwrap_or_default());
                continue;
            }
            Public::Int(x) => Constant::Int(shape, x.as_slice().to_vec()),
            Public::Fix(x) => Constant::Fix(shape, x.as_slice().iter().map(|&raw| raw as i128).collect()),
            Public::Bool(x) => Constant::Bool(shape, x.as_slice().to_vec()),
            Public::Str(text) => Constant::Str(text.to_string()),
        };
        setting.params.insert(port.name.clone(), constant);
    }
    Ok(())
}
