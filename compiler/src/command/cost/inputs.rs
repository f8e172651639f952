//! `--input x=file`: shapes of inputs and values of parameters, as `mpcc run` takes them.

use super::given::usage;
use crate::command::{Failure, exit};
use mpc_bytecode::predict::Setting;
use mpc_bytecode::program::Direction;
use mpc_bytecode::{Constant, Extent, Port, Program};
use mpcc::names::suggest::nearest;
use mpcvm::fixed::Fixed;
use mpcvm::io::{Assignment, Target, read, read_all};
use mpcvm::machine::link::show_type;
use mpcvm::memory::Public;

/// Takes every `NAME=VALUE_OR_FILE`.
pub fn inputs(program: &Program, setting: &mut Setting, texts: &[String]) -> Result<(), Failure> {
    let mut reader = Reader { program, setting };
    for text in texts {
        let given: Assignment = text.parse().map_err(usage)?;
        reader.take(&given)?;
    }
    reader.fit()
}

struct Reader<'a> {
    program: &'a Program,
    setting: &'a mut Setting,
}

fn twice(name: &str) -> Failure {
    usage(format!("`{name}` is given twice"))
}

fn bad(what: &str, message: &str) -> Failure {
    Failure::new(exit::BAD_INPUT, format!("input `{what}`: {message}"))
}

impl Reader<'_> {
    fn take(&mut self, given: &Assignment) -> Result<(), Failure> {
        let program = self.program;
        let Some(port) = program.ports.iter().find(|port| port.name == given.name) else {
            return self.take_object(given);
        };
        match port.direction {
            Direction::Output => {
                Err(usage(format!("`{}` is an output of the program: what is written there costs nothing", port.name)))
            }
            Direction::Input => self.take_input(port, given),
            Direction::Parameter { .. } => self.take_parameter(port, given),
        }
    }

    /// The fields of an object, from one file.
    fn take_object(&mut self, given: &Assignment) -> Result<(), Failure> {
        let name = given.name.as_str();
        let is_field = |port: &&Port| port.direction == Direction::Input && port.is_field_of(name);
        let fields: Vec<&Port> = self.program.ports.iter().filter(is_field).collect();
        if fields.is_empty() {
            return Err(self.unknown(name));
        }
        if let Some(member) = given.member {
            return Err(usage(format!("input `{name}` comes from one player: there is no `{name}[{member}]`")));
        }
        let key = |port: &Port| port.name[name.len() + 1..].to_owned();
        let targets: Vec<(String, Target)> = fields.iter().map(|port| (key(port), self.target(port))).collect();
        let values = read_all::<u128>(&targets, &given.source).map_err(|message| bad(name, &message))?;
        for (port, value) in fields.iter().zip(values) {
            self.know(port, 0, shape_of(&value))?;
        }
        Ok(())
    }

    fn unknown(&self, name: &str) -> Failure {
        let takes = |port: &&Port| port.direction != Direction::Output;
        let mut known: Vec<&str> = self.program.ports.iter().filter(takes).map(Port::declared_name).collect();
        known.dedup();
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "it has none".into(),
            None => format!("it has {}", known.join(", ")),
        };
        usage(format!("the program has no input `{name}`; {hint}"))
    }

    fn take_input(&mut self, port: &Port, given: &Assignment) -> Result<(), Failure> {
        let name = &port.name;
        let member = match (self.setting.members(self.program, port), given.member) {
            (None, Some(_)) => {
                return Err(usage(format!("input `{name}` comes from one player: there is no `{}`", given.target())));
            }
            (None, None) => 0,
            (Some(members), Some(member)) if member >= members => {
                let members = if members == 1 { "1 member".into() } else { format!("{members} members") };
                let players = self.setting.players;
                return Err(usage(format!(
                    "there is no `{}`: among {players} players, input `{name}` has {members}, from `{name}[0]`",
                    given.target()
                )));
            }
            (Some(_), Some(member)) => member,
            (Some(1), None) => 0,
            (Some(_), None) => {
                return Err(usage(format!(
                    "input `{name}` comes from each of a family: say which, as in `{name}[0]=…`"
                )));
            }
        };
        let value =
            read::<u128>(&self.target(port), &given.source).map_err(|message| bad(&given.target(), &message))?;
        self.know(port, member, shape_of(&value))
    }

    fn know(&mut self, port: &Port, member: usize, shape: Vec<u64>) -> Result<(), Failure> {
        match self.setting.inputs.insert((port.name.clone(), member), shape) {
            None => Ok(()),
            Some(_) => Err(twice(&port.name)),
        }
    }

    fn take_parameter(&mut self, port: &Port, given: &Assignment) -> Result<(), Failure> {
        let name = &port.name;
        if given.member.is_some() {
            return Err(usage(format!("`{name}` is a parameter: there is no `{}`", given.target())));
        }
        let value = read::<u128>(&self.target(port), &given.source).map_err(|message| bad(name, &message))?;
        let shape = shape_of(&value);
        let constant = match value {
            Public::Int(x) if x.scalar().is_some() => {
                let before = self.setting.sizes.insert(name.clone(), x.scalar().unwrap_or_default());
                return if before.is_some() { Err(twice(name)) } else { Ok(()) };
            }
            Public::Int(x) => Constant::Int(shape, x.as_slice().to_vec()),
            Public::Fix(x) => Constant::Fix(shape, x.as_slice().iter().map(|&raw| raw as i128).collect()),
            Public::Bool(x) => Constant::Bool(shape, x.as_slice().to_vec()),
            Public::Str(text) => Constant::Str(text.to_string()),
        };
        match self.setting.params.insert(name.clone(), constant) {
            None => Ok(()),
            Some(_) => Err(twice(name)),
        }
    }

    fn target(&self, port: &Port) -> Target {
        let constant = |extent: &Extent| match extent {
            Extent::Constant(size) => Some(*size),
            Extent::Dim(_) | Extent::Any | Extent::Combined(..) => None,
        };
        Target {
            name: port.name.clone(),
            ty: show_type(self.program, port),
            kind: port.kind,
            rank: port.shape.len(),
            sizes: port.shape.iter().map(constant).collect(),
            fixed: Fixed::new(&self.program.precision),
            int_bits: self.program.precision.int_bits,
        }
    }

    /// Holds all shapes to each other and to `-D`.
    fn fit(&self) -> Result<(), Failure> {
        for ((name, member), shape) in &self.setting.inputs {
            let Some(port) = self.program.ports.iter().find(|port| port.name == *name) else { continue };
            let expected = self.setting.expected(self.program, port);
            let fits = |(size, expected): (&u64, &Option<u64>)| expected.is_none_or(|expected| expected == *size);
            if shape.iter().zip(&expected).all(fits) {
                continue;
            }
            let shown = |size: &Option<u64>| size.map_or_else(|| "_".to_owned(), |size| size.to_string());
            let expected = expected.iter().map(shown).collect::<Vec<_>>().join(", ");
            let target = match self.setting.members(self.program, port) {
                Some(_) => format!("{name}[{member}]"),
                None => name.clone(),
            };
            let ty = show_type(self.program, port);
            let message = format!("{ty} is [{expected}] by the other inputs and `-D`, and this has shape {shape:?}");
            return Err(bad(&target, &message));
        }
        Ok(())
    }
}

fn shape_of(value: &Public<u128>) -> Vec<u64> {
    value.shape().iter().map(|&size| size as u64).collect()
}
