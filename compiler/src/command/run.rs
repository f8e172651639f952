//! `mpcc run`: compiles a program and runs all its players on this machine.

use super::{Failure, build, exit, launch};
use clap::Args;
use mpc_bytecode::Program;
use mpcvm::command::Clear;
use mpcvm::config::{MOST_PLAYERS, Sharing};
use std::path::PathBuf;

/// What may be typed after `mpcc run`.
#[derive(Args)]
pub struct RunArgs {
    /// The program, as source or as bytecode.
    file: PathBuf,
    /// How many players compute [default: one a role, at least three].
    #[arg(short = 'n', long = "players", value_name = "N")]
    players: Option<usize>,
    /// The sharing scheme.
    #[arg(long, value_name = "SCHEME", default_value = "additive", value_parser = Sharing::parse)]
    sharing: Sharing,
    /// In the clear, in one process, with overflow checks: no secrecy at all (the same as `--sharing plain`).
    #[arg(long, conflicts_with = "sharing")]
    plain: bool,
    /// The ring: 64 or 128 bits [default: the smallest that the program's precision fits].
    #[arg(long, value_name = "BITS")]
    ring: Option<u32>,
    /// A port's data: a literal (`x=0.5`, `x=[1,2,3]`) or a file (.csv, .npy, .npz, .safetensors); `x[2]=…` for a member of a family of roles.
    #[arg(long = "input", value_name = "NAME=VALUE_OR_FILE")]
    inputs: Vec<String>,
    /// Writes an output port to a file (.csv, .npy, .npz, .safetensors) instead of printing it.
    #[arg(long = "output", value_name = "NAME=FILE")]
    outputs: Vec<String>,
    /// Writes seconds, rounds, bytes and memory of every player as JSON.
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,
    /// Runs the program only if it discloses what was approved: the hash that `mpcc audit` shows, or a file that
    /// `mpcc audit --format json` wrote.
    #[arg(long, value_name = "HASH_OR_FILE")]
    approve: Option<String>,
    /// Makes all randomness follow from this number: for tests only, it protects nothing.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Binds each player to a core, round robin: for benchmarks.
    #[arg(long, hide = true)]
    pin: bool,
}

/// Runs the command.
pub fn run(args: RunArgs) -> Result<u8, Failure> {
    let program = if build::is_bytecode(&args.file) { build::load(&args.file)? } else { build::compile(&args.file)?.0 };
    if let Some(approval) = &args.approve {
        mpcvm::command::approve(&program, approval).map_err(|failure| Failure::new(failure.code, failure.message))?;
    }
    let sharing = if args.plain { Sharing::Plain } else { args.sharing };
    let ring = ring(&program, args.ring)?;
    let players = players(&program, args.players, sharing)?;
    if sharing == Sharing::Plain {
        return run_in_the_clear(&program, players, ring, args);
    }
    let job = launch::Job {
        program: &program,
        players,
        sharing,
        ring,
        inputs: args.inputs,
        outputs: args.outputs,
        report: args.report,
        seed: args.seed,
        pin: args.pin,
    };
    job.run()
}

fn run_in_the_clear(program: &Program, players: usize, ring: u32, args: RunArgs) -> Result<u8, Failure> {
    let RunArgs { inputs, outputs, report, .. } = args;
    eprintln!("warning: in the clear, in one process: this run protects nothing");
    let clear = Clear { program, players, ring, inputs: &inputs, outputs: &outputs, report };
    clear.run().map(|()| exit::OK).map_err(|failure| Failure::new(failure.code, failure.message))
}

/// The ring that was asked for, or the smallest that fits.
fn ring(program: &Program, asked: Option<u32>) -> Result<u32, Failure> {
    let usage = |message: String| Failure::new(exit::USAGE, message);
    let needed = program.precision.ring_bits();
    let needed = needed.ok_or_else(|| usage("the program's precision fits no ring; 128 bits is the widest".into()))?;
    match asked {
        None => Ok(needed),
        Some(bits @ (64 | 128)) if bits >= needed => Ok(bits),
        Some(64) => Err(usage(format!(
            "the program's precision (int {} bits, fix {} bits with {} fractional) needs `--ring 128`",
            program.precision.int_bits, program.precision.fix_bits, program.precision.fix_frac
        ))),
        Some(bits) => Err(usage(format!("there is no ring of {bits} bits; `--ring` takes 64 or 128"))),
    }
}

/// The number of players: every role has one of its own.
fn players(program: &Program, asked: Option<usize>, sharing: Sharing) -> Result<usize, Failure> {
    let singles = program.roles.iter().filter(|role| role.family.is_none()).count();
    let least = singles + program.roles.iter().filter(|role| role.family.is_some()).count();
    let players = asked.unwrap_or(least.max(3));
    let possible = sharing.fewest_players()..=MOST_PLAYERS;
    if !possible.contains(&players) {
        let (fewest, most) = (possible.start(), possible.end());
        let message = format!("{sharing} sharing needs {fewest} to {most} players, `-n` says {players}");
        return Err(Failure::new(exit::USAGE, message));
    }
    if players < least {
        let names: Vec<_> = program.roles.iter().map(|role| role.name.as_str()).collect();
        let message = format!("the program has {least} roles ({}), `-n` says {players} players", names.join(", "));
        return Err(Failure::new(exit::USAGE, message));
    }
    Ok(players)
}
