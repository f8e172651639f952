//! What a program will do, before it runs: which protocol calls it makes, from which lines, how often and on how much.
//!
//! [`predict`] walks the bytecode without values. Public integers are expressions in sizes and parameters ([`expr`]), tensors are
//! shapes ([`value`]). A loop is walked once for all its turns where what changes from turn to turn does so evenly ([`turns`]);
//! else it is walked turn by turn, where its sizes are numbers. Where a condition is not decided, both ways are walked and what they do counts
//! where the condition holds. With every size a number the prediction is exact: [`Prediction::is_exact`] says so, and a test holds every program
//! to it. What depends on a revealed value is marked as such, with the place, and so is what could not be followed.
//!
//! | file | |
//! |---|---|
//! | [`expr`], [`facts`], [`sum`] | numbers that depend on sizes; what follows about them; sums over turns |
//! | [`show`] | formulas as text |
//! | [`value`] | what is known of a register |
//! | [`graph`] | blocks, loops, where branches meet |
//! | [`walk`], [`turns`] | the flow of control; loops |
//! | [`step`], [`numbers`], [`tensors`], [`lists`], [`ports`] | what instructions do to what is known |
//! | [`record`] | what was done, and how often |

pub mod expr;
mod facts;
mod graph;
mod lists;
mod numbers;
mod ports;
pub mod record;
mod setting;
pub mod show;
mod step;
pub mod sum;
mod tensors;
mod turns;
mod value;
mod walk;

pub use expr::{Expr, Hidden};
pub(crate) use facts::Facts;
pub(crate) use graph::Graph;
pub use record::{Done, Prediction, Record, Site};
pub use setting::Setting;
pub use walk::predict;

/// An expression with what only the run decides replaced.
pub(crate) fn replace_hidden(e: &Expr, replace: &mut dyn FnMut(&Hidden) -> Expr) -> Expr {
    facts::Facts::default().substitute(e, &mut |atom| match atom {
        expr::Atom::Hidden(hidden) => Some(replace(hidden)),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
