//! What players tell each other before anything secret moves, and how they compare it.

use super::super::error::Error;
use super::extent::show_type;
use super::{Start, parameter_text, ports};
use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::memory::shape;
use mpc_bytecode::Program;
use serde::{Deserialize, Serialize};

/// The version of this exchange and of the protocols behind it: players of different versions do not compute together.
pub const VERSION: u16 = 1;

/// A player's first message: nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    program: String,
    scheme: String,
    ring: u32,
    players: u32,
    me: u32,
    roles: String,
    params: Vec<(String, String)>,
    announcement: Announcement,
}

/// What a player says of its inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Announcement {
    /// The shape of each, by port and member.
    Shapes(Vec<(u32, u32, Vec<u64>)>),
    /// They cannot be used, with what was expected: never a value.
    Bad(String),
}

/// Why a first message was not understood.
pub(super) enum Foreign {
    Version(u16),
    Malformed,
}

impl Foreign {
    pub fn error(self, peer: &str) -> Error {
        match self {
            Foreign::Version(theirs) => Error::Mismatch(format!(
                "{peer} runs another version of the machine: protocol {theirs} there, {VERSION} here"
            )),
            Foreign::Malformed => Error::Malformed {
                message: format!("the greeting of {peer} cannot be read"),
                place: String::from("the start"),
            },
        }
    }
}

impl Greeting {
    pub(super) fn new<D: Domain>(start: &Start<'_, D>, me: usize, players: usize, ring: u32) -> Greeting {
        let program = start.program;
        let fixed = Fixed::new(&program.precision);
        let params = ports(program).filter_map(|(id, port)| Some((port, start.params.get(&id)?)));
        let announcement = match &start.inputs {
            Err(bad) => Announcement::Bad(bad.for_peers.clone()),
            Ok(inputs) => Announcement::Shapes(
                inputs
                    .iter()
                    .map(|(&(port, member), value)| {
                        (port, member as u32, value.shape().iter().map(|&size| size as u64).collect())
                    })
                    .collect(),
            ),
        };
        Greeting {
            program: start.hash.to_string(),
            scheme: start.scheme.into(),
            ring,
            players: players as u32,
            me: me as u32,
            roles: start.cast.show(program),
            params: params.map(|(port, value)| (port.name.clone(), parameter_text(value, fixed))).collect(),
            announcement,
        }
    }

    /// The message: the version, whatever else changes, then the rest.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = VERSION.to_le_bytes().to_vec();
        // Strings and numbers in memory always serialise.
        out.extend(postcard::to_allocvec(self).unwrap_or_default());
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Greeting, Foreign> {
        let (version, rest) = bytes.split_first_chunk::<2>().ok_or(Foreign::Malformed)?;
        let version = u16::from_le_bytes(*version);
        if version != VERSION {
            return Err(Foreign::Version(version));
        }
        match postcard::take_from_bytes::<Greeting>(rest) {
            Ok((greeting, [])) => Ok(greeting.printable()),
            Ok(_) | Err(_) => Err(Foreign::Malformed),
        }
    }

    /// Control characters from a peer do not reach a terminal.
    fn printable(mut self) -> Greeting {
        let clean = |text: &mut String| text.retain(|c| !c.is_control());
        [&mut self.program, &mut self.scheme, &mut self.roles].into_iter().for_each(clean);
        for (name, value) in &mut self.params {
            clean(name);
            clean(value);
        }
        if let Announcement::Bad(reason) = &mut self.announcement {
            clean(reason);
        }
        self
    }

    /// The shape announced for an input.
    pub(super) fn shape(&self, port: u32, member: usize) -> Option<Vec<usize>> {
        let Announcement::Shapes(shapes) = &self.announcement else { return None };
        let found = shapes.iter().find(|(id, at, _)| *id == port && *at as usize == member);
        found.map(|(_, _, shape)| shape.iter().map(|&size| usize::try_from(size).unwrap_or(usize::MAX)).collect())
    }
}

/// Compares what all players were started with, pair by pair, in the order of the players: all come to the same verdict, each in
/// its own words: `here` is the player that reads it.
pub(super) fn compare(
    all: &[Greeting],
    names: &[String],
    me: usize,
    differ: fn(&Greeting, &Greeting) -> Option<Difference>,
) -> Result<(), Error> {
    let Some((first, rest)) = all.split_first() else { return Ok(()) };
    for (player, other) in rest.iter().enumerate().map(|(at, other)| (at + 1, other)) {
        if let Some(Difference { what, a, b }) = differ(first, other) {
            let name = |player: usize| {
                if player == me { format!("{} (this one)", names[player]) } else { names[player].clone() }
            };
            return Err(Error::Mismatch(format!(
                "the players were started with different {what}: {a} at {}, {b} at {}",
                name(0),
                name(player)
            )));
        }
    }
    match all.iter().zip(names).enumerate().find(|(at, (greeting, _))| greeting.me as usize != *at) {
        None => Ok(()),
        Some((at, (greeting, name))) => {
            Err(Error::Mismatch(format!("{name} believes to be player {}, not {at}", greeting.me)))
        }
    }
}

/// Something in which two players differ, with both values.
pub(super) struct Difference {
    what: String,
    a: String,
    b: String,
}

impl Greeting {
    /// The first difference but of parameters, which are compared once it is known that nobody's are bad.
    pub(super) fn differs(&self, other: &Greeting) -> Option<Difference> {
        let short = |hash: &str| hash.chars().take(16).collect::<String>();
        let ring = |bits: u32| format!("2^{bits}");
        let found = [
            ("programs", short(&self.program), short(&other.program), self.program == other.program),
            ("sharing schemes", self.scheme.clone(), other.scheme.clone(), self.scheme == other.scheme),
            ("rings", ring(self.ring), ring(other.ring), self.ring == other.ring),
            ("numbers of players", self.players.to_string(), other.players.to_string(), self.players == other.players),
            ("roles", self.roles.clone(), other.roles.clone(), self.roles == other.roles),
        ];
        let first = found.into_iter().find(|(_, _, _, equal)| !equal);
        first.map(|(what, a, b, _)| Difference { what: what.into(), a, b })
    }

    /// The first parameter that differs: the programs are equal, so they are the same ports in the same order.
    pub(super) fn differs_in_parameters(&self, other: &Greeting) -> Option<Difference> {
        let pair = self.params.iter().zip(&other.params).find(|(a, b)| a != b);
        let value =
            pair.map(|(a, b)| Difference { what: format!("values of `{}`", a.0), a: a.1.clone(), b: b.1.clone() });
        let (a, b) = (self.params.len(), other.params.len());
        let count = Difference { what: "numbers of parameters".into(), a: a.to_string(), b: b.to_string() };
        value.or_else(|| (a != b).then_some(count))
    }
}

/// Everybody could read its inputs.
pub(super) fn check_announcements<D: Domain>(
    all: &[Greeting],
    names: &[String],
    start: &Start<'_, D>,
) -> Result<(), Error> {
    if let Err(bad) = &start.inputs {
        return Err(Error::Input { message: bad.message.clone(), for_peers: bad.for_peers.clone() });
    }
    for (greeting, name) in all.iter().zip(names) {
        if let Announcement::Bad(reason) = &greeting.announcement {
            return Err(Error::PeerInput(format!("{name}: {reason}")));
        }
    }
    Ok(())
}

/// Everybody announces the shapes of exactly the inputs it has, of the rank that the program says.
pub(super) fn check_shapes<D: Domain>(all: &[Greeting], names: &[String], start: &Start<'_, D>) -> Result<(), Error> {
    for (player, (greeting, name)) in all.iter().zip(names).enumerate() {
        let malformed =
            |what: String| Error::Malformed { message: format!("{name} {what}"), place: "the start".into() };
        let expected = owned(start.program, start.cast, player);
        let announced = match &greeting.announcement {
            Announcement::Shapes(shapes) => shapes.len(),
            Announcement::Bad(_) => 0,
        };
        if announced != expected.len() {
            return Err(malformed(format!("announces {announced} inputs where it has {}", expected.len())));
        }
        for (port, member) in expected {
            let shape = greeting.shape(port, member);
            let fits = |shape: &Vec<usize>| {
                shape.len() == start.program.ports[port as usize].shape.len() && shape::count(shape).is_ok()
            };
            if !shape.as_ref().is_some_and(fits) {
                let port = &start.program.ports[port as usize];
                return Err(malformed(format!(
                    "announces a shape for input `{}` that {} cannot have",
                    port.name,
                    show_type(start.program, port)
                )));
            }
        }
    }
    Ok(())
}

/// The inputs that a player owns, by port and member.
fn owned(program: &Program, cast: &super::Cast, player: usize) -> Vec<(u32, usize)> {
    let all = ports(program).flat_map(|(id, port)| {
        let owners = cast.owners(port).unwrap_or_default();
        owners.iter().enumerate().filter(move |(_, owner)| **owner == player).map(move |(member, _)| (id, member))
    });
    all.collect()
}
