//! What a program discloses, for those who have to agree to it: every place where a secret becomes known, to whom, what it can depend on, and
//! why.
//!
//! [`entries`] takes the list of the program, which the verifier holds to the code, and adds what the code says: the inputs that
//! can change what is disclosed, and whether it may happen more than once. The [`hash`] over all entries stands in the container; a
//! player that has approved a hash runs no program whose disclosures differ.
//!
//! The hash is SHA-256 over `mpc disclosures 1` and the entries, each once, in order, in postcard. Lines, names of functions and how often something is
//! disclosed in numbers are no part of it: moving a program's text around, or other sizes, need no new approval. How a value is computed
//! is no part of it either, beyond the inputs that it depends on: that is what the hash of the whole program is for.

mod influence;

use crate::operand::RoleId;
use crate::predict::Graph;
use crate::program::{Disclosure, Parties, Program, ProgramHash};
use influence::Influence;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Something that becomes known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// The roles that learn it; `all` for everybody.
    pub to: Vec<String>,
    /// The output port, where it is one.
    pub port: Option<String>,
    /// The expression in the source.
    pub expression: String,
    /// The reason that the source gives.
    pub why: Option<String>,
    /// The inputs whose values can change it.
    pub from: Vec<String>,
    /// The inputs that can decide whether it happens, or how large it is, through what was revealed before.
    pub decided_by: Vec<String>,
    /// Whether it may happen more than once.
    pub repeated: bool,
}

/// Every disclosure of a program, in the order of its list.
pub fn entries(program: &Program) -> Vec<Entry> {
    let influences = influence::of(program);
    let repeated = repeated(program);
    let entry = |disclosure: &Disclosure| {
        let place = (disclosure.function.0 as usize, disclosure.at as usize, disclosure.entry as usize);
        let none = Influence::default();
        let influence = influences.get(&place).unwrap_or(&none);
        let names = |ports: &BTreeSet<u32>| -> Vec<String> {
            let mut names: Vec<String> = ports
                .iter()
                .filter_map(|&port| program.ports.get(port as usize))
                .map(|port| port.name.clone())
                .collect();
            names.sort_unstable();
            names
        };
        Entry {
            to: recipients(program, &disclosure.to),
            port: disclosure.port.and_then(|port| program.ports.get(port.0 as usize)).map(|port| port.name.clone()),
            expression: disclosure.expression.clone(),
            why: disclosure.why.clone(),
            from: names(&influence.data),
            decided_by: names(&influence.control),
            repeated: repeated(place.0, place.1),
        }
    };
    program.disclosures.iter().map(entry).collect()
}

/// The hash of the disclosures; see the module.
pub fn hash(program: &Program) -> ProgramHash {
    of_entries(entries(program))
}

/// The hash of entries.
pub fn of_entries(entries: impl IntoIterator<Item = Entry>) -> ProgramHash {
    let entries: BTreeSet<Entry> = entries.into_iter().collect();
    let bytes = postcard::to_allocvec(&entries).expect("entries in memory have no unserialisable part");
    ProgramHash(Sha256::new().chain_update(b"mpc disclosures 1").chain_update(bytes).finalize().into())
}

fn recipients(program: &Program, to: &Parties) -> Vec<String> {
    let name = |role: &RoleId| program.roles.get(role.0 as usize).map(|role| role.name.clone());
    match to {
        Parties::All => vec!["all".into()],
        Parties::Roles(roles) => {
            let mut names: Vec<String> = roles.iter().filter_map(name).collect();
            names.sort_unstable();
            names
        }
    }
}

/// Whether an instruction of a function may be executed more than once.
fn repeated(program: &Program) -> impl Fn(usize, usize) -> bool {
    let cycles: Vec<Vec<bool>> = program.functions.iter().map(Graph::on_cycles).collect();
    let calls = influence::calls(program);
    let next: Vec<Vec<usize>> = (0..program.functions.len())
        .map(|caller| calls.iter().filter(|call| call.0 == caller).map(|call| call.2).collect())
        .collect();
    let mut often = Graph::cyclic(&next);
    let mut called = vec![0u32; program.functions.len()];
    for &(caller, at, callee) in &calls {
        called[callee] += 1;
        let in_loop = cycles[caller].get(at).copied().unwrap_or(false);
        often[callee] |= in_loop || called[callee] > 1;
    }
    // What is called from what is called often is called often.
    let mut open: Vec<usize> = (0..often.len()).filter(|&function| often[function]).collect();
    while let Some(function) = open.pop() {
        for &callee in &next[function] {
            if !std::mem::replace(&mut often[callee], true) {
                open.push(callee);
            }
        }
    }
    move |function, at| {
        let own = cycles.get(function).and_then(|cycles| cycles.get(at)).copied().unwrap_or(false);
        own || often.get(function).copied().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests;
