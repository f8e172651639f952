//! Who plays which role.

use super::super::error::Error;
use crate::protocol::Recipients;
use mpc_bytecode::operand::RoleId;
use mpc_bytecode::program::{Direction, Parties};
use mpc_bytecode::{Port, Program};
use std::collections::BTreeMap;

/// Who learns what of an output port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// These players learn the whole value.
    Together(Recipients),
    /// The value is a list with an item for each member of a family, whose players these are: each learns its own.
    Each(Vec<usize>),
}

/// The players of each role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    roles: Vec<Vec<usize>>,
}

impl Cast {
    /// Gives the program's roles to `players` players. A role plays where `mapping` says, else the roles that are no family go to
    /// players 0, 1, … in their order; a family takes all players that no single role has taken.
    ///
    /// # Errors
    /// [`Error::Roles`] where there are too few players or the mapping does not fit the program.
    pub fn new(program: &Program, players: usize, mapping: &BTreeMap<String, Vec<usize>>) -> Result<Cast, Error> {
        check_mapping(program, players, mapping)?;
        let mut roles = vec![Vec::new(); program.roles.len()];
        let mut taken = vec![false; players];
        for (role, name) in roles.iter_mut().zip(program.roles.iter().map(|role| &role.name)) {
            if let Some(mapped) = mapping.get(name) {
                role.clone_from(mapped);
            }
        }
        let singles = program.roles.iter().enumerate().filter(|(_, role)| role.family.is_none());
        for (at, _) in singles.clone() {
            roles[at].iter().for_each(|&player| taken[player] = true);
        }
        for (order, (at, role)) in singles.enumerate() {
            if roles[at].is_empty() {
                let player = default_player(order, mapping, &taken);
                let few = || too_few(program, players, &role.name);
                let player = player.filter(|&player| player < players).ok_or_else(few)?;
                taken[player] = true;
                roles[at] = vec![player];
            }
        }
        for (at, role) in program.roles.iter().enumerate().filter(|(_, role)| role.family.is_some()) {
            if roles[at].is_empty() && !mapping.contains_key(&role.name) {
                roles[at] = (0..players).filter(|&player| !taken[player]).collect();
                if roles[at].is_empty() {
                    return Err(too_few(program, players, &role.name));
                }
            }
        }
        Ok(Cast { roles })
    }

    /// The same cast with everything played by player 0: what `plain` runs.
    #[must_use]
    pub fn alone(&self) -> Cast {
        Cast { roles: self.roles.iter().map(|role| vec![0; role.len()]).collect() }
    }

    /// The players of a role: one, or a family's members in order.
    pub fn players(&self, role: RoleId) -> &[usize] {
        self.roles.get(role.0 as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// The owners of an input port, a family's members in order; `None` for other ports.
    pub fn owners(&self, port: &Port) -> Option<&[usize]> {
        match (&port.direction, &port.parties) {
            (Direction::Input, Parties::Roles(roles)) => roles.first().map(|&role| self.players(role)),
            (Direction::Input, Parties::All) | (Direction::Parameter { .. } | Direction::Output, _) => None,
        }
    }

    /// Who learns what of an output port. A list that goes to one family alone is dealt out: each member learns its own item.
    pub fn audience(&self, program: &Program, port: &Port) -> Audience {
        let family = match &port.parties {
            Parties::Roles(roles) if port.list && roles.len() == 1 => roles.first(),
            Parties::Roles(_) | Parties::All => None,
        };
        let is_family = |role: &&RoleId| program.roles.get(role.0 as usize).is_some_and(|role| role.family.is_some());
        match family.filter(is_family) {
            Some(&role) => Audience::Each(self.players(role).to_vec()),
            None => Audience::Together(self.recipients(port)),
        }
    }

    /// Who learns an output port, or a part of it.
    pub fn recipients(&self, port: &Port) -> Recipients {
        match &port.parties {
            Parties::All => Recipients::All,
            Parties::Roles(roles) => {
                let mut players: Vec<usize> = roles.iter().flat_map(|&role| self.players(role)).copied().collect();
                players.sort_unstable();
                players.dedup();
                Recipients::Players(players)
            }
        }
    }

    /// What each player plays, as messages name it: `bob`, `participant[2]`; none for one that only computes.
    pub fn names(&self, program: &Program, players: usize) -> Vec<Option<String>> {
        let mut names: Vec<Option<String>> = vec![None; players];
        for (role, cast) in program.roles.iter().zip(&self.roles) {
            for (member, &player) in cast.iter().enumerate() {
                let name = if role.family.is_some() { format!("{}[{member}]", role.name) } else { role.name.clone() };
                if let Some(slot) = names.get_mut(player) {
                    *slot = Some(slot.take().map_or_else(|| name.clone(), |others| format!("{others}, {name}")));
                }
            }
        }
        names
    }

    /// The cast in words, as players compare it: `alice=0 participant=1,2`.
    pub fn show(&self, program: &Program) -> String {
        let role = |(role, players): (&mpc_bytecode::Role, &Vec<usize>)| {
            let players: Vec<String> = players.iter().map(usize::to_string).collect();
            format!("{}={}", role.name, players.join(","))
        };
        let roles: Vec<String> = program.roles.iter().zip(&self.roles).map(role).collect();
        if roles.is_empty() { "none".into() } else { roles.join(" ") }
    }
}

/// Where a single role plays that the mapping does not name: the player of its place, or the next free one where something was
/// mapped.
fn default_player(order: usize, mapping: &BTreeMap<String, Vec<usize>>, taken: &[bool]) -> Option<usize> {
    if mapping.is_empty() { Some(order) } else { taken.iter().position(|taken| !taken) }
}

fn check_mapping(program: &Program, players: usize, mapping: &BTreeMap<String, Vec<usize>>) -> Result<(), Error> {
    for (name, mapped) in mapping {
        let Some(role) = program.roles.iter().find(|role| &role.name == name) else {
            let known: Vec<&str> = program.roles.iter().map(|role| role.name.as_str()).collect();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            return Err(Error::Roles(format!("the program has no role `{name}`; its roles: {known}")));
        };
        if let Some(player) = mapped.iter().find(|&&player| player >= players) {
            return Err(Error::Roles(format!(
                "role `{name}` is given to player {player}, but there are {players} players"
            )));
        }
        if role.family.is_none() && mapped.len() != 1 {
            return Err(Error::Roles(format!("role `{name}` is played by one player, not by {}", mapped.len())));
        }
        if role.family.is_some() && mapped.is_empty() {
            return Err(Error::Roles(format!("the family `{name}` has no members")));
        }
    }
    Ok(())
}

fn too_few(program: &Program, players: usize, role: &str) -> Error {
    let roles: Vec<&str> = program.roles.iter().map(|role| role.name.as_str()).collect();
    Error::Roles(format!(
        "nobody is left to play `{role}`: the program has the roles {}, and there are {players} players; \
         start more, or let a player have several roles in the cluster file",
        roles.join(", ")
    ))
}
