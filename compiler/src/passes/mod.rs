//! What is done to the intermediate representation between lowering and emission, in this order:
//!
//! 1. [`inline`]: functions in place of their calls; every function is simplified (`flow`, `coalesce`, `values`, `dead`) before and after;
//! 2. [`vectorize`]: loops as operations on whole tensors; [`sums`]: sums of products as products;
//! 3. [`invariants`], [`constants`]: out of loops what is the same in every turn;
//! 4. [`rounds`]: independent interactive instructions of one kind become one, those of several kinds a group;
//! 5. [`unset`]: what a path may read without having written it holds zero;
//! 6. [`registers`], when code is emitted: few registers, freed early.
//!
//! No pass unrolls: the size of the code does not depend on how often loops turn. Each is about linear in the size of the program.

pub mod coalesce;
pub mod constants;
pub mod dead;
pub mod dominators;
pub mod effects;
pub mod flow;
pub mod fold;
pub mod inline;
pub mod invariants;
pub mod liveness;
pub mod registers;
pub mod rounds;
pub mod sums;
#[cfg(test)]
mod testing;
pub mod unset;
pub mod unused;
pub mod values;
pub mod vectorize;

use crate::ir::{Block, Function, Module};
use dead::Unused;
use dominators::{Dominators, Loops};
use mpc_bytecode::Instruction;
use vectorize::Refusal;

/// What the passes found that whoever wrote the program should know.
#[derive(Debug, Default)]
pub struct Findings {
    /// Loops that communicate and stay loops.
    pub refused: Vec<Refusal>,
    /// Secret computations that nothing uses.
    pub unused: Vec<Unused>,
    /// True if a loop's disclosures were gathered: done for all turns at once.
    pub gathered: bool,
}

/// Runs all passes but register allocation.
pub fn optimise(module: &mut Module) -> Findings {
    let mut found = Findings { refused: Vec::new(), unused: inline::inline(module), gathered: false };
    unused::keep_unused(&mut found.unused, module);
    let mut blocks = module.functions.iter().flat_map(|function| &function.blocks);
    let caught = blocks.any(|block| block.handler.is_some());
    for at in 0..module.functions.len() {
        let mut function = std::mem::take(&mut module.functions[at]);
        let opened = opened_outside_loops(&function);
        if vectorize::vectorize(&mut function, &mut module.constants, &mut found.refused, !caught || at == 0) {
            found.gathered |= opened_outside_loops(&function) > opened;
            simplify(&mut function, module);
        }
        sums::contract_sums(&mut function, &module.constants);
        leave_loops(&mut function, module);
        module.functions[at] = function;
    }
    for (at, function) in module.functions.iter_mut().enumerate() {
        constants::hoist_constants(function);
        rounds::merge_rounds(function, caught && at > 0);
        unset::set_unset(function, &mut module.constants);
    }
    found
}

/// Prepares a module for emission with its loops as they were written, to count what happens in their turns.
pub fn keep_turns(module: &mut Module) {
    inline::inline(module);
    module.functions.iter_mut().for_each(|function| unset::set_unset(function, &mut module.constants));
}

/// How many disclosures of a function stand outside of its loops.
fn opened_outside_loops(function: &Function) -> usize {
    let opens =
        |block: &Block| block.code.iter().filter(|op| matches!(op.instruction, Instruction::Open { .. })).count();
    if function.blocks.iter().all(|block| opens(block) == 0) {
        return 0;
    }
    let edges = dominators::edges(function);
    let loops = Loops::of(&edges, &Dominators::of(&edges, 0));
    let outside = function.blocks.iter().zip(&loops.innermost).filter(|(_, around)| around.is_none());
    outside.map(|(block, _)| opens(block)).sum()
}

/// Computes before loops what they would compute in every turn.
fn leave_loops(function: &mut Function, module: &mut Module) {
    if invariants::rotate(function) {
        simplify(function, module);
    }
    if invariants::hoist_invariants(function) {
        simplify(function, module);
    } else {
        flow::tidy(function);
    }
}

/// Makes one function smaller without making anything run where it did not; says what was computed and never used.
pub fn simplify(function: &mut Function, module: &mut Module) -> Vec<Unused> {
    flow::tidy(function);
    coalesce::coalesce(function);
    values::number_values(function, module);
    flow::tidy(function);
    values::number_values(function, module);
    coalesce::coalesce(function);
    let unused = dead::remove_dead(function, &module.constants);
    flow::tidy(function);
    unused
}
