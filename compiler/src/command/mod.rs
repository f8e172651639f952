//! The commands of `mpcc`: what is typed, what is printed, what a script finds in the exit code.

mod audit;
mod build;
mod completions;
mod cost;
mod explain;
mod fmt;
#[cfg(feature = "run")]
mod launch;
mod new;
#[cfg(feature = "run")]
mod run;
#[cfg(feature = "run")]
mod test;
mod unread;
mod usage;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

/// Exit codes, after sysexits.h where it has one.
pub mod exit {
    /// All is well.
    pub const OK: u8 = 0;
    /// The program has errors.
    pub const ERRORS: u8 = 1;
    /// The command line is not understood.
    pub const USAGE: u8 = 64;
    /// A file cannot be read or is not what it should be.
    pub const BAD_INPUT: u8 = 65;
    /// A file cannot be written, or a process cannot be started.
    pub const SYSTEM: u8 = 71;
}

/// Compiler for secure computation: checks that a program leaks nothing but what it says, and writes bytecode for `mpcvm`.
#[derive(Parser)]
#[command(name = "mpcc", version, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    build: Option<BuildArgs>,
}

#[derive(Subcommand)]
enum Command {
    /// Checks a program and writes its bytecode (also: `mpcc FILE`).
    Build(BuildArgs),
    /// Checks a program and reports every error in it.
    Check(CheckArgs),
    /// Lays out programs in the one way there is; keeps comments and meaning.
    Fmt(fmt::FmtArgs),
    /// Says what a code of an error or warning means, with a wrong and a right program; without one, lists all codes.
    Explain {
        /// For example `E0201`.
        code: Option<String>,
    },
    /// Makes a folder with a small program that runs, and data to try it with.
    New {
        /// The folder, whose last part becomes the program's name.
        name: PathBuf,
    },
    /// Prints what a shell needs to complete `mpcc`'s commands and options.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Says what a program costs before it runs: rounds, bytes and correlated randomness, by function and by line.
    Cost(cost::CostArgs),
    /// Lists every place where a secret becomes known: to whom, from which inputs, how often and why.
    Audit(audit::AuditArgs),
    /// Prints the bytecode of a program (`.mpc` or `.mpcb`) as text.
    Dis(DisArgs),
    /// Turns the text that `dis` prints back into bytecode.
    Asm(AsmArgs),
    /// Runs a program: all players, here, as processes of their own.
    #[cfg(feature = "run")]
    Run(run::RunArgs),
    /// Runs the `@test` functions of files, and says which of them fail.
    #[cfg(feature = "run")]
    Test(test::TestArgs),
    /// A player of `run`.
    #[cfg(feature = "run")]
    #[command(hide = true, disable_help_flag = true)]
    Vm {
        /// The machine's own arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

#[derive(Args)]
struct BuildArgs {
    /// The program.
    file: PathBuf,
    /// Where the bytecode goes [default: the program's name with `.mpcb`].
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// How errors and warnings are printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Args)]
struct CheckArgs {
    /// The program.
    file: PathBuf,
    /// How errors and warnings are printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Args)]
struct DisArgs {
    /// A program, as source or as bytecode.
    file: PathBuf,
}

#[derive(Args)]
struct AsmArgs {
    /// The text.
    file: PathBuf,
    /// Where the bytecode goes.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
}

/// How diagnostics are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: with the source and labels, on standard error.
    Human,
    /// For programs: a list with one object for each, on standard output.
    Json,
    /// For editors and code hosts: SARIF 2.1.0, on standard output.
    Sarif,
}

/// Runs the command line and returns the exit code.
pub fn main(args: Vec<OsString>) -> u8 {
    let line = match Line::try_parse_from(args) {
        Ok(line) => line,
        Err(error) => return usage::usage(&error),
    };
    let result = match (line.command, line.build) {
        (Some(Command::Build(args)), _) => build::build(&args.file, args.output, args.format),
        (None, Some(args)) => build_or_command(args),
        (Some(Command::Check(args)), _) => build::check(&args.file, args.format),
        (Some(Command::Fmt(args)), _) => fmt::fmt(&args),
        (Some(Command::Explain { code }), _) => explain::explain(code.as_deref()),
        (Some(Command::New { name }), _) => new::new(&name),
        (Some(Command::Completions { shell }), _) => completions::completions(shell),
        (Some(Command::Cost(args)), _) => cost::run(&args),
        (Some(Command::Audit(args)), _) => audit::run(&args),
        (Some(Command::Dis(args)), _) => build::dis(&args.file),
        (Some(Command::Asm(args)), _) => build::asm(&args.file, &args.output),
        #[cfg(feature = "run")]
        (Some(Command::Run(args)), _) => run::run(args),
        #[cfg(feature = "run")]
        (Some(Command::Test(args)), _) => test::run(args),
        #[cfg(feature = "run")]
        (Some(Command::Vm { args }), _) => {
            Ok(mpcvm::command::main(std::iter::once("mpcvm".into()).chain(args).collect()))
        }
        (None, None) => Err(Failure::new(exit::USAGE, "no program is given; try `mpcc --help`")),
    };
    result.unwrap_or_else(|failure| {
        eprintln!("error: {}", failure.message);
        failure.code
    })
}

/// `mpcc FILE`; a word that names no file may have been meant as a command.
fn build_or_command(args: BuildArgs) -> Result<u8, Failure> {
    let word = args.file.to_str().filter(|word| !word.contains(['.', '/']) && !args.file.exists());
    match word.and_then(usage::meant_command) {
        Some(message) => Err(Failure::new(exit::USAGE, message)),
        None => build::build(&args.file, args.output, args.format),
    }
}

/// Writes a text to standard output; a reader that has seen enough is no error.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(exit::SYSTEM, format!("cannot print: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Why a command ends early.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// What is printed after `error: `.
    pub message: String,
}

impl Failure {
    /// A failure with this exit code and message.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// True if diagnostics may be coloured.
fn color() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
