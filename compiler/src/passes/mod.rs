//! What is done to the intermediate representation between lowering and emission, in this order:
//!
//! 1. [`inline`]: functions in place of their calls; every function is simplified (`flow`, `coalesce`, `values`, `dead`) before and after;
//! 2. [`vectorize`]: loops as operations on whole tensors;
//! 3. [`constants`]: constants out of loops;
//! 4. [`rounds`]: independent interactive instructions of one kind become one;
//! 5. [`unset`]: what a path may read without having written it holds zero;
//! 6. [`registers`], when code is emitted: few registers, freed early.
//!
//! No pass unrolls: the size of the code does not depend on how often loops turn. Each is about linear in the size of the program.

pub mod coalesce;
pub mod constants;
pub mod dead;
pub mod effects;
pub mod flow;
pub mod fold;
pub mod inline;
pub mod liveness;
pub mod registers;
pub mod rounds;
#[cfg(test)]
mod testing;
pub mod unset;
pub mod values;
pub mod vectorize;

use crate::ir::{Constants, Function, Module};
use vectorize::Refusal;

/// Runs all passes but register allocation; the loops that communicate and stay loops.
pub fn optimise(module: &mut Module) -> Vec<Refusal> {
    let mut refused = Vec::new();
    inline::inline(module);
    let mut blocks = module.functions.iter().flat_map(|function| &function.blocks);
    let caught = blocks.any(|block| block.handler.is_some());
    for (at, function) in module.functions.iter_mut().enumerate() {
        if vectorize::vectorize(function, &mut module.constants, &mut refused) {
            simplify(function, &mut module.constants, module.frac);
        }
        constants::hoist_constants(function);
        rounds::merge_rounds(function, caught && at > 0);
        unset::set_unset(function, &mut module.constants);
    }
    refused
}

/// Makes one function smaller without moving anything across blocks.
pub fn simplify(function: &mut Function, constants: &mut Constants, frac: u32) {
    flow::tidy(function);
    coalesce::coalesce(function);
    values::number_values(function, constants, frac);
    flow::tidy(function);
    values::number_values(function, constants, frac);
    coalesce::coalesce(function);
    dead::remove_dead(function);
    flow::tidy(function);
}
