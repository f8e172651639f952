//! What is done to the intermediate representation between lowering and emission, in this order:
//!
//! 1. [`inline`]: functions in place of their calls; every function is simplified (`flow`, `coalesce`, `values`, `dead`) before and after;
//! 2. [`constants`]: constants out of loops;
//! 3. [`rounds`]: independent interactive instructions of one kind become one;
//! 4. [`unset`]: what a path may read without having written it holds zero;
//! 5. [`registers`], when code is emitted: few registers, freed early.
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

use crate::ir::{Constants, Function, Module};

/// Runs all passes but register allocation.
pub fn optimise(module: &mut Module) {
    inline::inline(module);
    let mut blocks = module.functions.iter().flat_map(|function| &function.blocks);
    let caught = blocks.any(|block| block.handler.is_some());
    for (at, function) in module.functions.iter_mut().enumerate() {
        constants::hoist_constants(function);
        rounds::merge_rounds(function, caught && at > 0);
        unset::set_unset(function, &mut module.constants);
    }
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
