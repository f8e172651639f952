//! The command line of `mpcvm`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(mpcvm::command::main(std::env::args_os().collect()))
}
