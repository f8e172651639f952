//! The command line of `mpcc`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the command line is the shell around the core"
)]

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(command::main(std::env::args_os().collect()))
}
