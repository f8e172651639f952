//! The command line of `mpcc`.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(command::main(std::env::args_os().collect()))
}
