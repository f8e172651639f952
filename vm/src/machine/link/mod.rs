//! Before a program starts: who plays which role, what everybody was started with, and how large everything is.
//!
//! Every player sends every other a greeting, whatever it has to say, and only then judges what it has received. So all players
//! judge the same greetings and come to the same verdict; nobody waits for one that has already gone. Where the verdict is that there is
//! no run, they part only when all have all greetings: so each says it in its own words, the owner of a bad input with all it knows.

mod cast;
mod dealer;
mod extent;
mod greeting;
mod prepare;

pub use cast::{Audience, Cast};
pub use dealer::{greet_dealer, greet_players};
pub use extent::show_type;
pub use greeting::{Announcement, Greeting};
pub use prepare::prepare;

use super::error::Error;
use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::memory::{Public, Value, shape, text};
use crate::net::{Net, Operation};
use bytes::Bytes;
use extent::Sizes;
use mpc_bytecode::program::{Direction, ProgramHash};
use mpc_bytecode::{Port, Program};
use std::collections::BTreeMap;

/// One sharing of an input: a member's, where the port belongs to a family.
#[derive(Clone, Debug)]
pub struct Input<D> {
    /// The player who has the value.
    pub owner: usize,
    /// Its shape, which everybody knows.
    pub shape: Vec<usize>,
    /// The value, at its owner.
    pub value: Option<Public<D>>,
}

/// What is known when the program starts; the same at every player, but for the values of inputs.
#[derive(Clone, Debug)]
pub struct Linked<D> {
    /// The own index.
    pub me: usize,
    /// How many players compute.
    pub players: usize,
    /// The size of each symbolic dimension.
    pub dims: Vec<u64>,
    /// The value of each public parameter, by port.
    pub params: BTreeMap<u32, Public<D>>,
    /// Each input port's sharings: one, or one for each member of a family.
    pub inputs: BTreeMap<u32, Vec<Input<D>>>,
    /// Who learns each output port.
    pub audiences: BTreeMap<u32, Audience>,
}

impl<D: Domain> Linked<D> {
    /// What is wrong with a shape that a port should have; `None` where it fits.
    pub(super) fn shape_misfit(&self, port: &Port, found: &[usize]) -> Option<String> {
        let sizes = Sizes(&self.dims);
        let fits = port.shape.len() == found.len()
            && port.shape.iter().zip(found).all(|(extent, &size)| sizes.fits(extent, size));
        (!fits).then(|| format!("has shape {}, not {}", shape::show(found), sizes.show(&port.shape)))
    }
}

/// What a player was started with.
#[derive(Clone, Debug)]
pub struct Start<'a, D> {
    /// The program.
    pub program: &'a Program,
    /// Its hash.
    pub hash: ProgramHash,
    /// The sharing scheme's name.
    pub scheme: &'a str,
    /// Who plays which role.
    pub cast: &'a Cast,
    /// The value of each public parameter, by port.
    pub params: BTreeMap<u32, Public<D>>,
    /// The own inputs by port and member, or why there are none.
    pub inputs: Result<BTreeMap<(u32, usize), Public<D>>, BadInput>,
}

/// Why a player's inputs cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadInput {
    /// For the owner: file, row, column, what was found and what was expected.
    pub message: String,
    /// For the others: the port and what was expected.
    pub for_peers: String,
}

/// Greets all players and settles everything that does not depend on secrets.
///
/// # Errors
/// [`Error::Input`] where the own inputs are bad, [`Error::PeerInput`] where another's are or several do not fit together,
/// [`Error::Mismatch`] where the players were started differently: at every player, with the same words.
pub fn link<D: Domain>(net: &mut dyn Net, start: Start<'_, D>) -> Result<Linked<D>, Error> {
    let own = Greeting::new(&start, net.me(), net.players(), D::BITS);
    net.broadcast(Operation::Hello, Bytes::from(own.encode()))?;
    let mut all: Vec<Greeting> = Vec::with_capacity(net.players());
    for player in 0..net.players() {
        let greeting = if player == net.me() {
            own.clone()
        } else {
            let name = net.name(player);
            Greeting::decode(&net.recv(player, Operation::Hello)?).map_err(|found| found.error(&name.to_string()))?
        };
        all.push(greeting);
    }
    let names: Vec<String> = (0..net.players()).map(|player| net.name(player).to_string()).collect();
    judge(&all, &names, start, net.me()).inspect_err(|_| part(net))
}

/// The verdict on what all players said.
fn judge<D: Domain>(all: &[Greeting], names: &[String], start: Start<'_, D>, me: usize) -> Result<Linked<D>, Error> {
    greeting::compare(all, names, me, Greeting::differs)?;
    check_ring(start.program, D::BITS)?;
    greeting::check_announcements(all, names, &start)?;
    greeting::compare(all, names, me, Greeting::differs_in_parameters)?;
    greeting::check_shapes(all, names, &start)?;
    settle(all, names, start, me)
}

/// Waits until every player has all greetings: whoever goes takes along what it sent and others have not read.
fn part(net: &mut dyn Net) {
    // Whoever goes has heard that all have all: then this player has, too.
    let _ = net.broadcast(Operation::Hello, Bytes::new()).and_then(|()| net.gather(Operation::Hello));
}

/// The bits of the smallest ring that holds the program's numbers, whose widths are those that arithmetic here relies on.
fn ring_needed(program: &Program) -> Result<u32, Error> {
    let p = &program.precision;
    let sound = (2..=128).contains(&p.int_bits) && (2..=127).contains(&p.fix_bits) && p.fix_frac < p.fix_bits;
    let needed = if sound { p.ring_bits() } else { None };
    needed.ok_or_else(|| {
        let widths = format!("int(bits={}) and fix(bits={}, frac={})", p.int_bits, p.fix_bits, p.fix_frac);
        Error::Program(format!("no ring is wide enough for {widths}"))
    })
}

/// The ring that the players agreed on holds the program's numbers.
fn check_ring(program: &Program, ring: u32) -> Result<(), Error> {
    match ring_needed(program)? {
        needed if needed <= ring => Ok(()),
        needed => Err(Error::Mismatch(format!(
            "the program's precision needs the ring 2^{needed}, and the players run 2^{ring}: start all with `--ring {needed}`"
        ))),
    }
}

/// Binds dimensions and puts everything together.
fn settle<D: Domain>(all: &[Greeting], names: &[String], start: Start<'_, D>, me: usize) -> Result<Linked<D>, Error> {
    let Start { program, cast, params, inputs, .. } = start;
    let mut values = inputs.unwrap_or_default();
    let mut found = BTreeMap::new();
    for (id, port) in ports(program) {
        let Some(owners) = cast.owners(port) else { continue };
        let members = owners.iter().enumerate().map(|(member, &owner)| {
            let shape = all.get(owner).and_then(|greeting| greeting.shape(id, member)).unwrap_or_default();
            Input { owner, shape, value: values.remove(&(id, member)).filter(|_| owner == me) }
        });
        found.insert(id, members.collect::<Vec<_>>());
    }
    let dims = extent::bind(program, cast, &params, &found, names)?;
    let outputs = ports(program).filter(|(_, port)| port.direction == Direction::Output);
    let audiences = outputs.map(|(id, port)| (id, cast.audience(program, port))).collect();
    Ok(Linked { me, players: names.len(), dims, params, inputs: found, audiences })
}

/// The program's ports with their numbers.
pub(crate) fn ports(program: &Program) -> impl Iterator<Item = (u32, &Port)> {
    (0u32..).zip(&program.ports)
}

/// A parameter's value as messages show it: in full where it is short.
pub(super) fn parameter_text<D: Domain>(value: &Public<D>, fixed: Fixed) -> String {
    const LONGEST: usize = 120;
    let full = text(&Value::Public(value.clone()), fixed);
    if full.len() <= LONGEST {
        return full;
    }
    use sha2::Digest as _;
    let digest = mpc_bytecode::program::ProgramHash(sha2::Sha256::digest(full.as_bytes()).into()).to_string();
    format!("a tensor of shape {} with hash {}", shape::show(value.shape()), &digest[..16])
}

#[cfg(test)]
mod tests;
