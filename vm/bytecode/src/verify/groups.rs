//! Groups hold instructions that can run together, and are entered at their beginning only.

use super::limits::{self, MEMBERS};
use super::{VerifyError, functions};
use crate::isa::{Instruction, Locality};
use crate::operand::{Access, Reference};
use crate::program::{Function, Program};
use std::collections::HashSet;

/// See the module.
pub(super) fn check(program: &Program) -> Result<(), VerifyError> {
    for (id, function) in functions(program) {
        for (at, instruction) in function.code.iter().enumerate() {
            if let Instruction::Together { count } = instruction {
                members(function, at, *count).map_err(|message| {
                    VerifyError::instruction(program, id, at, format!("{}: {message}", instruction.mnemonic()))
                })?;
            }
        }
        if let Some((at, to)) = entered(function) {
            let message =
                format!("instruction {to} is within a group, which is entered there or not all handled alike");
            return Err(match at {
                Some(at) => VerifyError::instruction(program, id, at, message),
                None => VerifyError::function(id, function, message),
            });
        }
    }
    Ok(())
}

/// There are as many as promised, all communicate, and none depends on one before it.
fn members(function: &Function, at: usize, count: u32) -> Result<(), String> {
    if count < 2 {
        return Err(format!("a group of {count}: two are the least"));
    }
    limits::at_most("instructions in a group", count as usize, MEMBERS)?;
    let members = function.at_once(at);
    if members.len() < count as usize {
        return Err(format!("the code ends before its {count} instructions do"));
    }
    let mut written = HashSet::new();
    for member in members {
        if member.locality() == Locality::Local {
            return Err(format!("`{}` does not communicate", member.mnemonic()));
        }
        let mut met = None;
        member.accesses(|access| {
            let (Access::Read(reg) | Access::Write(reg)) = access;
            if written.contains(&reg) {
                met = Some(reg);
            }
        });
        if let Some(reg) = met {
            return Err(format!("`{}` needs {reg}, which another of the group writes", member.mnemonic()));
        }
        member.accesses(|access| {
            if let Access::Write(reg) = access {
                written.insert(reg);
            }
        });
    }
    Ok(())
}

/// A way into a group, or a border of a handler within one: the instruction or none, and where it leads.
fn entered(function: &Function) -> Option<(Option<usize>, usize)> {
    let mut within = vec![false; function.code.len() + 1];
    for (at, instruction) in function.code.iter().enumerate() {
        if let Instruction::Together { .. } = instruction {
            within[at + 1..=at + function.at_once(at).len()].fill(true);
        }
    }
    let is_within = |to: &usize| within.get(*to).copied().unwrap_or(false);
    let borders = function.handlers.iter().flat_map(|handler| [handler.from, handler.to, handler.target]);
    if let Some(to) = borders.map(|to| to as usize).find(is_within) {
        return Some((None, to));
    }
    function.code.iter().enumerate().find_map(|(at, instruction)| {
        let mut found = None;
        instruction.references(|reference| {
            if let Reference::Label(to) = reference {
                found = Some(to.0 as usize).filter(is_within);
            }
        });
        found.map(|to| (Some(at), to))
    })
}
