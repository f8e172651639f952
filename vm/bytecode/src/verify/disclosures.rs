//! Every opening and every output is in the list of disclosures with its recipients, and nothing else is. It is there more than once
//! where it discloses for several places of the source, one entry each.

use super::{VerifyError, each_instruction};
use crate::isa::Instruction;
use crate::operand::{FuncId, PortId};
use crate::program::{Disclosure, Parties, Program};
use std::collections::{HashMap, HashSet};

/// An instruction's entry that discloses: function, instruction, entry.
type Place = (FuncId, u32, u32);

/// See the module.
pub(super) fn check(program: &Program) -> Result<(), VerifyError> {
    let mut listed = list(program)?;
    let mut written = HashSet::new();
    each_instruction(program, |id, at, instruction| {
        // `limits` bounds the code well below.
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        for (entry, port) in (0..).zip(disclosed(instruction)) {
            if let Some(port) = port
                && !written.insert(port)
            {
                return Err(format!("`{}` is written in two places", port_name(program, port)));
            }
            let found = listed.remove(&(id, at, entry));
            let found = found.ok_or_else(|| format!("entry {entry} is not in the list of disclosures"))?;
            for found in found {
                agrees(program, found, port).map_err(|message| format!("entry {entry} {message}"))?;
            }
        }
        Ok(())
    })?;
    match listed.into_values().flatten().min_by_key(|d| (d.function, d.at, d.entry)) {
        Some(d) => Err(VerifyError::instruction(
            program,
            d.function,
            d.at as usize,
            format!("the list of disclosures has an entry {} here, which discloses nothing", d.entry),
        )),
        None => Ok(()),
    }
}

fn list(program: &Program) -> Result<HashMap<Place, Vec<&Disclosure>>, VerifyError> {
    let mut listed: HashMap<Place, Vec<&Disclosure>> = HashMap::new();
    let mut seen = HashSet::new();
    for disclosure in &program.disclosures {
        let Disclosure { function, at, entry, .. } = *disclosure;
        listed.entry((function, at, entry)).or_default().push(disclosure);
        if !seen.insert((function, at, entry, disclosure.line, &disclosure.expression, &disclosure.why)) {
            let message = format!("the list of disclosures has entry {entry} here twice");
            return Err(VerifyError::instruction(program, function, at as usize, message));
        }
    }
    Ok(listed)
}

/// For every entry that discloses: the port, or nothing for an opening.
fn disclosed(instruction: &Instruction) -> Vec<Option<PortId>> {
    match instruction {
        Instruction::Open { batch } => vec![None; batch.len()],
        Instruction::Output { batch } => batch.iter().map(|&(port, _)| Some(port)).collect(),
        // What becomes public anywhere else would have to pass `kinds`, which lets no other instruction take a secret and give a
        // public value that depends on its elements.
        _ => Vec::new(),
    }
}

fn port_name(program: &Program, port: PortId) -> String {
    program.ports.get(port.0 as usize).map_or_else(|| port.to_string(), |port| port.name.escape_debug().to_string())
}

fn agrees(program: &Program, listed: &Disclosure, port: Option<PortId>) -> Result<(), String> {
    if listed.port != port {
        return Err("is in the list of disclosures with another port".into());
    }
    let to = port.and_then(|port| program.ports.get(port.0 as usize)).map_or(&Parties::All, |port| &port.parties);
    if listed.to == *to { Ok(()) } else { Err("is in the list of disclosures with other recipients".into()) }
}
