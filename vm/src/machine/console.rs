//! The console of a real player: prints and outputs as people and scripts see them.

use super::link::{Audience, ports};
use super::{Cast, Console, Error};
use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::io::{self, Assignment};
use crate::memory::{Elements, Public, Value, shape, text};
use crate::protocol::Recipients;
use mpc_bytecode::Program;
use mpc_bytecode::operand::PortId;
use mpc_bytecode::program::{Direction, Parties};
use std::collections::BTreeMap;
use std::io::Write;

/// Prints to one stream, writes outputs to files or, as `name -> role: value`, to another stream.
pub struct Terminal<'a, D> {
    program: &'a Program,
    files: BTreeMap<(u32, Option<usize>), String>,
    objects: Vec<Object<D>>,
    prints: Box<dyn Write + 'a>,
    outputs: Box<dyn Write + 'a>,
}

/// An object whose fields go to one file.
struct Object<D> {
    path: String,
    /// The ports of its fields that have not come, and what they are called in the file.
    missing: BTreeMap<u32, String>,
    values: Vec<(String, Public<D>)>,
}

impl<'a, D> Terminal<'a, D> {
    /// A console for a player whose outputs go to files where `files` says so.
    ///
    /// # Errors
    /// [`Error::Usage`] where a file is given for something that is no output of the program, or not one that this player
    /// learns, or cannot be written.
    pub fn new(
        program: &'a Program,
        cast: &Cast,
        me: usize,
        files: &[Assignment],
        prints: Box<dyn Write + 'a>,
        outputs: Box<dyn Write + 'a>,
    ) -> Result<Self, Error> {
        let mut terminal = Self { program, files: BTreeMap::new(), objects: Vec::new(), prints, outputs };
        for given in files {
            let fields = fields_of(program, &given.name);
            let fields = if given.member.is_none() { fields } else { BTreeMap::new() };
            let first = fields.keys().next().and_then(|&id| program.ports.get(id as usize));
            let port = Assignment { name: first.map_or(&given.name, |port| &port.name).clone(), ..given.clone() };
            let id = output_port(program, cast, me, &port)?;
            let target = if fields.is_empty() { io::check_target } else { io::check_targets };
            target(&given.source).map_err(Error::Usage)?;
            if terminal.is_taken(id, given.member) {
                return Err(Error::Usage(format!("output `{}` is given two files", given.target())));
            }
            if fields.is_empty() {
                terminal.files.insert((id, given.member), given.source.clone());
            } else {
                terminal.objects.push(Object { path: given.source.clone(), missing: fields, values: Vec::new() });
            }
        }
        Ok(terminal)
    }

    fn is_taken(&self, id: u32, member: Option<usize>) -> bool {
        self.files.contains_key(&(id, member)) || self.objects.iter().any(|object| object.missing.contains_key(&id))
    }
}

/// The output ports of an object's fields, and what the fields are called.
fn fields_of(program: &Program, object: &str) -> BTreeMap<u32, String> {
    let fields = ports(program).filter(|(_, port)| port.direction == Direction::Output && port.is_field_of(object));
    fields.map(|(id, port)| (id, port.name[object.len() + 1..].to_owned())).collect()
}

fn output_port(program: &Program, cast: &Cast, me: usize, given: &Assignment) -> Result<u32, Error> {
    let is_output = |port: &mpc_bytecode::Port| port.direction == Direction::Output;
    let found = ports(program).find(|(_, port)| is_output(port) && port.name == given.name);
    let Some((id, port)) = found else {
        let known: Vec<&str> =
            program.ports.iter().filter(|port| is_output(port)).map(|port| port.declared_name()).collect();
        let known =
            if known.is_empty() { String::from("it has none") } else { format!("its outputs: {}", known.join(", ")) };
        return Err(Error::Usage(format!("the program has no output `{}`; {known}", given.target())));
    };
    if let Audience::Each(players) = cast.audience(program, port) {
        let mut mine = (0..players.len()).filter(|&member| players[member] == me);
        if let (None, Some(first), Some(_)) = (given.member, mine.next(), mine.next()) {
            let several = format!("this player is several members of output `{}`", port.name);
            return Err(Error::Usage(format!("{several}: say which, as in `--output {}[{first}]=…`", port.name)));
        }
    }
    match cast.recipients(port) {
        Recipients::Players(players) if !players.contains(&me) => Err(Error::Usage(format!(
            "output `{}` goes to {}, not to this player",
            port.name,
            recipients(program, port)
        ))),
        Recipients::All | Recipients::Players(_) => Ok(id),
    }
}

/// The roles that learn an output: `alice, bob`.
fn recipients(program: &Program, port: &mpc_bytecode::Port) -> String {
    match &port.parties {
        Parties::All => "all".into(),
        Parties::Roles(roles) => {
            let names = roles.iter().filter_map(|role| program.roles.get(role.0 as usize));
            names.map(|role| role.name.as_str()).collect::<Vec<_>>().join(", ")
        }
    }
}

impl<D: Domain> Terminal<'_, D> {
    /// Takes a field of an object that goes to a file; the last one writes it. `false` if it is none.
    fn field(&mut self, port: u32, value: &Value<D>, fixed: Fixed) -> Result<bool, String> {
        let Some(object) = self.objects.iter_mut().find(|object| object.missing.contains_key(&port)) else {
            return Ok(false);
        };
        let value = one_tensor(value).map_err(|message| format!("{}: {message}", object.path))?;
        object.values.extend(object.missing.remove(&port).map(|name| (name, value)));
        if object.missing.is_empty() {
            io::write_all(&object.path, &object.values, fixed)?;
        }
        Ok(true)
    }
}

impl<D: Domain> Console<D> for Terminal<'_, D> {
    fn print(&mut self, text: &str) -> Result<(), String> {
        let written = self.prints.write_all(text.as_bytes()).and_then(|()| self.prints.flush());
        written.map_err(|error| format!("what the program prints cannot be written: {error}"))
    }

    fn output(&mut self, port: PortId, member: Option<usize>, value: Value<D>) -> Result<(), String> {
        let fixed = Fixed::new(&self.program.precision);
        let Some(declared) = self.program.ports.get(port.0 as usize) else { return Ok(()) };
        let name = &declared.name;
        if self.field(port.0, &value, fixed)? {
            return Ok(());
        }
        let path = self.files.get(&(port.0, member)).or_else(|| self.files.get(&(port.0, None)));
        if let Some(path) = path {
            let value = one_tensor(&value).map_err(|message| format!("{path}: {message}"))?;
            return io::write(path, name, &value, fixed);
        }
        let member = member.map_or_else(String::new, |member| format!("[{member}]"));
        let line = format!("{name} -> {}{member}: {}\n", recipients(self.program, declared), text(&value, fixed));
        let written = self.outputs.write_all(line.as_bytes()).and_then(|()| self.outputs.flush());
        written.map_err(|error| format!("output `{name}` cannot be written: {error}"))
    }
}

/// A value as one tensor: a list becomes a new first axis, if its items have one shape.
fn one_tensor<D: Domain>(value: &Value<D>) -> Result<Public<D>, String> {
    let items = match value {
        Value::Public(value) => return Ok(value.clone()),
        Value::Secret(_) => return Err("the value was not opened".into()),
        Value::List(items) => items.iter().map(one_tensor).collect::<Result<Vec<_>, _>>()?,
    };
    let ragged = || String::from("the items of the list differ in shape, so they are no array");
    let shape = [&[items.len()][..], items.first().map_or(&[], Public::shape)].concat();
    if items.iter().any(|item| item.shape() != &shape[1..]) {
        return Err(ragged());
    }
    fn all<'a, D: 'a, T: Copy + 'a>(
        items: &'a [Public<D>],
        of_kind: impl Fn(&'a Public<D>) -> Option<&'a Elements<T>>,
        shape: &[usize],
    ) -> Option<Elements<T>> {
        let parts: Option<Vec<&[T]>> = items.iter().map(|item| of_kind(item).map(Elements::as_slice)).collect();
        shape::assemble(shape, parts?.concat()).ok()
    }
    let joined = match items.first() {
        Some(Public::Fix(_)) => {
            all(&items, |x| if let Public::Fix(x) = x { Some(x) } else { None }, &shape).map(Public::Fix)
        }
        Some(Public::Bool(_)) => {
            all(&items, |x| if let Public::Bool(x) = x { Some(x) } else { None }, &shape).map(Public::Bool)
        }
        Some(Public::Int(_) | Public::Str(_)) | None => {
            all(&items, |x| if let Public::Int(x) = x { Some(x) } else { None }, &shape).map(Public::Int)
        }
    };
    joined.ok_or_else(ragged)
}
