//! A player's own part, read before anybody is greeted: the data of its input ports and the public parameters.

use super::super::{Error, load};
use super::extent::{Sizes, show_type};
use super::{BadInput, Cast, Start, ports};
use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::io::{self, Assignment, Target};
use crate::memory::{Public, shape};
use mpc_bytecode::operand::ConstId;
use mpc_bytecode::program::{Direction, ProgramHash};
use mpc_bytecode::{Port, Program};
use std::collections::BTreeMap;

/// Reads everything that a player was given for the program's ports. What is wrong with it is not an error yet: the others must
/// be told first, and [`super::link`] does.
///
/// # Errors
/// [`Error::Program`] where the program's numbers are wider than any ring.
pub fn prepare<'a, D: Domain>(
    program: &'a Program,
    hash: ProgramHash,
    scheme: &'a str,
    cast: &'a Cast,
    me: usize,
    given: &[Assignment],
) -> Result<Start<'a, D>, Error> {
    super::ring_needed(program)?;
    let mut reader = Reader { program, cast, me, bad: Vec::new(), inputs: BTreeMap::new(), params: BTreeMap::new() };
    given.iter().for_each(|assignment| reader.take(assignment));
    ports(program).for_each(|(id, port)| reader.complete(id, port));
    let Reader { bad, inputs, params, .. } = reader;
    let inputs = if bad.is_empty() { Ok(inputs) } else { Err(joined(&bad)) };
    Ok(Start { program, hash, scheme, cast, params, inputs })
}

/// Everything that is wrong, in one, and nothing twice.
fn joined(bad: &[BadInput]) -> BadInput {
    let all = |of: fn(&BadInput) -> &str, between: &str| {
        let mut texts: Vec<&str> = Vec::new();
        bad.iter().map(of).for_each(|text| {
            if !texts.contains(&text) {
                texts.push(text)
            }
        });
        texts.join(between)
    };
    BadInput { message: all(|bad| &bad.message, "\n"), for_peers: all(|bad| &bad.for_peers, "; ") }
}

struct Reader<'a, D> {
    program: &'a Program,
    cast: &'a Cast,
    me: usize,
    bad: Vec<BadInput>,
    inputs: BTreeMap<(u32, usize), Public<D>>,
    params: BTreeMap<u32, Public<D>>,
}

impl<D: Domain> Reader<'_, D> {
    fn refuse(&mut self, message: impl Into<String>, for_peers: impl Into<String>) {
        self.bad.push(BadInput { message: message.into(), for_peers: for_peers.into() });
    }

    /// Reads what one option of the command line gives.
    fn take(&mut self, given: &Assignment) {
        let program = self.program;
        let Some((id, port)) = ports(program).find(|(_, port)| port.name == given.name) else {
            let fields = fields_of(program, &given.name);
            if !fields.is_empty() {
                return self.take_object(&fields, given);
            }
            let takes = |port: &&Port| port.direction != Direction::Output;
            let known = input_names(program.ports.iter().filter(takes));
            let known = if known.is_empty() {
                String::from("it has none")
            } else {
                format!("its inputs: {}", known.join(", "))
            };
            let message = format!("the program has no input `{}`; {known}", given.name);
            return self.refuse(message, "it was given an input that the program does not have");
        };
        match &port.direction {
            Direction::Output => self.refuse(
                format!("`{}` is an output of the program; `--output {}=FILE` writes it", port.name, port.name),
                "it was given an input that the program does not have",
            ),
            Direction::Parameter { .. } => self.take_parameter(id, port, given),
            Direction::Input => self.take_input(id, port, given),
        }
    }

    /// Reads the ports of an object's fields from one file.
    fn take_object(&mut self, fields: &[(u32, &Port)], given: &Assignment) {
        let name = given.name.as_str();
        let missing = |(id, _): &&(u32, &Port)| !self.inputs.contains_key(&(*id, 0));
        if given.member.is_some() || fields.iter().filter(missing).count() < fields.len() {
            let message = format!("input `{name}` is given more than once or for one member");
            return self.refuse(message, format!("input `{name}` is given more than once"));
        }
        if let Some((_, port)) = fields.first()
            && let Err(message) = self.member(port, given)
        {
            let message = message.replace(&format!("`{}`", port.name), &format!("`{name}`"));
            return self.refuse(message, format!("input `{name}` is given to the wrong player"));
        }
        let key = |port: &Port| port.name[name.len() + 1..].to_owned();
        let targets: Vec<(String, Target)> = fields.iter().map(|(_, port)| (key(port), self.target(port))).collect();
        match io::read_all::<D>(&targets, &given.source) {
            Ok(values) => self.inputs.extend(fields.iter().map(|(id, _)| (*id, 0)).zip(values)),
            Err(message) => {
                let expected = format!("input `{name}` does not fit its class");
                self.refuse(format!("input `{name}`: {message}"), expected);
            }
        }
    }

    fn take_parameter(&mut self, id: u32, port: &Port, given: &Assignment) {
        if given.member.is_some() || self.params.contains_key(&id) {
            let message = format!("parameter `{}` is given more than once or for one member", port.name);
            return self.refuse(message, format!("parameter `{}` is given more than once", port.name));
        }
        if let Some(value) = self.read(port, "parameter", given) {
            self.params.insert(id, value);
        }
    }

    fn take_input(&mut self, id: u32, port: &Port, given: &Assignment) {
        let member = match self.member(port, given) {
            Ok(member) => member,
            Err(message) => return self.refuse(message, format!("input `{}` is given to the wrong player", port.name)),
        };
        if self.inputs.contains_key(&(id, member)) {
            let message = format!("input `{}` is given more than once", given.target());
            return self.refuse(message.clone(), message);
        }
        if let Some(value) = self.read(port, "input", given) {
            self.inputs.insert((id, member), value);
        }
    }

    /// The member of the port's family that is meant, and that this player is.
    fn member(&self, port: &Port, given: &Assignment) -> Result<usize, String> {
        let owners = self.cast.owners(port).unwrap_or_default();
        let mine: Vec<usize> = (0..owners.len()).filter(|&member| owners[member] == self.me).collect();
        match (given.member, &mine[..]) {
            (Some(member), _) if mine.contains(&member) => Ok(member),
            (Some(member), _) => match owners.get(member) {
                Some(owner) => Err(format!("input `{}` belongs to player {owner}, not to this one", given.target())),
                None => {
                    Err(format!("there is no `{}`: input `{}` has {} members", given.target(), port.name, owners.len()))
                }
            },
            (None, [member]) => Ok(*member),
            (None, []) => {
                let owners: Vec<String> = owners.iter().map(usize::to_string).collect();
                Err(format!("input `{}` belongs to player {}, not to this one", port.name, owners.join(", ")))
            }
            (None, several) => Err(format!(
                "this player is several members of input `{0}`: say which, as in `--input {0}[{1}]=…`",
                port.name, several[0]
            )),
        }
    }

    /// Reads a value; says what is wrong with it.
    fn read(&mut self, port: &Port, what: &str, given: &Assignment) -> Option<Public<D>> {
        let target = self.target(port);
        let expected = target.ty.clone();
        let fits = |value: Public<D>| match constant_misfit(port, value.shape()) {
            true => Err(format!("expected {expected}, found shape {}", shape::show(value.shape()))),
            false => Ok(value),
        };
        match io::read::<D>(&target, &given.source).and_then(fits) {
            Ok(value) => Some(value),
            Err(message) => {
                let name = given.target();
                self.refuse(
                    format!("{what} `{name}`: {message}"),
                    format!("{what} `{name}` does not fit: expected {}", target.ty),
                );
                None
            }
        }
    }

    fn target(&self, port: &Port) -> Target {
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

    /// Takes defaults for what was not given; says what is missing.
    fn complete(&mut self, id: u32, port: &Port) {
        match &port.direction {
            Direction::Output => {}
            Direction::Parameter { default } => self.complete_parameter(id, port, *default),
            Direction::Input => self.complete_input(id, port),
        }
    }

    fn complete_parameter(&mut self, id: u32, port: &Port, default: Option<ConstId>) {
        if self.params.contains_key(&id) || self.given_badly("parameter", &port.name) {
            return;
        }
        let constant = default.and_then(|default| self.program.constants.get(default.0 as usize));
        match constant.and_then(|constant| load(constant, Fixed::new(&self.program.precision)).ok()) {
            Some(value) => {
                self.params.insert(id, value);
            }
            None => {
                let missing = format!("parameter `{}` has no value", port.name);
                self.refuse(format!("{missing}: give it by `--input {}=…` at every player", port.name), missing);
            }
        }
    }

    fn complete_input(&mut self, id: u32, port: &Port) {
        if self.object_misses(id, port) {
            return;
        }
        let owners = self.cast.owners(port).unwrap_or_default();
        let mine: Vec<usize> = (0..owners.len()).filter(|&member| owners[member] == self.me).collect();
        let only = mine.len() == 1;
        for member in mine {
            let name = if self.is_family(port) { format!("{}[{member}]", port.name) } else { port.name.clone() };
            let bad = (only && self.given_badly("input", &port.name)) || self.given_badly("input", &name);
            if !self.inputs.contains_key(&(id, member)) && !bad {
                let missing = format!("input `{name}` is missing");
                let ty = show_type(self.program, port);
                self.refuse(format!("{missing}: give it by `--input {name}=FILE` or a literal ({ty})"), missing);
            }
        }
    }

    /// Whether a port is a field of an object of which something has been said: of an object of which nothing is given, that is said
    /// once, and not for each field.
    fn object_misses(&mut self, id: u32, port: &Port) -> bool {
        let mine = self.cast.owners(port).unwrap_or_default().contains(&self.me);
        let object = port.declared_name();
        if !mine || object == port.name {
            return false;
        }
        let parents = port.name.match_indices('.').map(|(at, _)| &port.name[..at]);
        let started = format!("input `{object}.");
        let begun = self.bad.iter().any(|bad| bad.for_peers.starts_with(&started));
        if begun || parents.into_iter().any(|parent| self.given_badly("input", parent)) {
            return true;
        }
        let fields = fields_of(self.program, object);
        if self.inputs.contains_key(&(id, 0)) || fields.iter().any(|(id, _)| self.inputs.contains_key(&(*id, 0))) {
            return false;
        }
        let missing = format!("input `{object}` is missing");
        self.refuse(format!("{missing}: give it by `--input {object}=FILE.safetensors` or `.npz`"), missing);
        true
    }

    fn is_family(&self, port: &Port) -> bool {
        match &port.parties {
            mpc_bytecode::program::Parties::Roles(roles) => roles
                .iter()
                .filter_map(|role| self.program.roles.get(role.0 as usize))
                .any(|role| role.family.is_some()),
            mpc_bytecode::program::Parties::All => false,
        }
    }

    /// Whether something has been said about a port already.
    fn given_badly(&self, what: &str, name: &str) -> bool {
        let start = format!("{what} `{name}`");
        self.bad.iter().any(|bad| bad.for_peers.starts_with(&start))
    }
}

/// The input ports of an object's fields: those whose names begin with its own.
fn fields_of<'p>(program: &'p Program, object: &str) -> Vec<(u32, &'p Port)> {
    ports(program).filter(|(_, port)| port.direction == Direction::Input && port.is_field_of(object)).collect()
}

/// The names of ports as the source writes them: an object once.
fn input_names<'p>(ports: impl Iterator<Item = &'p Port>) -> Vec<&'p str> {
    let mut names: Vec<&str> = ports.map(Port::declared_name).collect();
    names.dedup();
    names
}

/// An axis's size, where it is a number.
fn constant(extent: &mpc_bytecode::Extent) -> Option<u64> {
    match extent {
        mpc_bytecode::Extent::Constant(size) => Some(*size),
        mpc_bytecode::Extent::Dim(_) | mpc_bytecode::Extent::Any | mpc_bytecode::Extent::Combined(..) => None,
    }
}

/// Whether a shape contradicts a port's type whatever its dimensions are.
fn constant_misfit(port: &Port, found: &[usize]) -> bool {
    let constant = |extent: &mpc_bytecode::Extent| matches!(extent, mpc_bytecode::Extent::Constant(_));
    port.shape.iter().zip(found).any(|(extent, &size)| constant(extent) && !Sizes(&[]).fits(extent, size))
}
