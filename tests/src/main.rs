//! One test binary for the workspace: whole programs as a user runs them.
//!
//! The commands under test are real processes of the binaries that `cargo build` makes; players talk over QUIC on loopback.
//! Expectations stand beside the source, as comments of the programs: see [`expectation`].

mod audit;
mod beginning;
mod binaries;
mod case;
mod cost;
mod expectation;
mod hostile;
mod language;
mod loops;
mod pages;
mod players;
mod programs;
mod random;
mod robustness;
mod rounds;
mod suite;

use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if !arguments.list {
        binaries::build();
    }
    let all = [
        beginning::trials(),
        pages::trials(),
        programs::trials(),
        language::trials(),
        loops::trials(),
        cost::trials(),
        audit::trials(),
        players::trials(),
        random::trials(),
        robustness::trials(),
        rounds::trials(),
        suite::trials(),
        hostile::trials(),
    ];
    let trials: Vec<Trial> = all.into_iter().flatten().collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
