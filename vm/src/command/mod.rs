//! The commands of `mpcvm`: a player, the dealer, and making a cluster.

mod approve;
mod cluster;
mod dealer;
mod failure;
mod player;
mod process;
mod report;

pub use approve::approve;
pub use failure::{Failure, exit};
pub use player::Clear;

use crate::correlated::Entropy;
use clap::{Args, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// One player of a secure computation, or its dealer.
#[derive(Parser)]
#[command(name = "mpcvm", version, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    player: PlayerArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Makes the players' correlated randomness; sees no data. One run, then it ends.
    Dealer(MemberArgs),
    /// Makes the cluster file and a folder with a private key for each player and the dealer.
    Init(InitArgs),
}

/// A player: `mpcvm --player I FILE.mpcb`.
#[derive(Args)]
struct PlayerArgs {
    /// Which player of the cluster file this process is.
    #[arg(long, value_name = "I")]
    player: Option<usize>,
    /// The program, as `mpcc` wrote it.
    program: Option<PathBuf>,
    /// Data of an input port of this player's roles, or a public parameter: a literal (`x=0.5`, `x=[1,2,3]`) or a file (.csv, .npy, .npz, .safetensors).
    #[arg(long = "input", value_name = "NAME=VALUE_OR_FILE")]
    inputs: Vec<String>,
    /// Writes an output port to a file (.csv, .npy, .npz, .safetensors) instead of printing it.
    #[arg(long = "output", value_name = "NAME=FILE")]
    outputs: Vec<String>,
    /// Runs the program only if it discloses what was approved: the hash that `mpcc audit` shows, or a file that
    /// `mpcc audit --format json` wrote [default: `approve` in the cluster file].
    #[arg(long, value_name = "HASH_OR_FILE")]
    approve: Option<String>,
    #[command(flatten)]
    member: MemberArgs,
    /// Does not print what the program prints: another process on this machine does.
    #[arg(long, hide = true)]
    no_print: bool,
    /// Writes the lines of outputs to a file, for the process that started this one.
    #[arg(long, hide = true, value_name = "FILE")]
    collect: Option<PathBuf>,
}

/// What players and the dealer have in common.
#[derive(Args)]
struct MemberArgs {
    /// The cluster file [default: `MPC_CONFIG`, then `./cluster.toml`, then `./cluster/cluster.toml`].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder with this member's private key [default: its folder beside the cluster file].
    #[arg(long, value_name = "DIR")]
    identity: Option<PathBuf>,
    /// Writes seconds, rounds, bytes and memory as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Makes all randomness follow from this number: for tests only, it protects nothing.
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Uses the UDP socket that is standard input.
    #[arg(long, hide = true)]
    socket_on_stdin: bool,
    /// Ends when this process is no longer the parent.
    #[arg(long, hide = true, value_name = "PID")]
    parent: Option<u32>,
    /// Removes this folder when the parent has ended before it could.
    #[arg(long, hide = true, value_name = "DIR", requires = "parent")]
    remove: Option<PathBuf>,
    /// Binds the process to a core.
    #[arg(long, hide = true, value_name = "CORE")]
    core: Option<usize>,
}

impl MemberArgs {
    /// Where randomness comes from; says so when that is insecure.
    fn entropy(&self) -> Entropy {
        let Some(seed) = self.seed else { return Entropy::System };
        eprintln!("warning: all randomness follows from `--seed {seed}`: this run protects nothing");
        Entropy::InsecureSeed(seed)
    }
}

#[derive(Args)]
struct InitArgs {
    /// How many players compute.
    #[arg(short = 'n', long = "players", value_name = "N")]
    players: usize,
    /// Where everything goes; it must not hold a cluster already.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The sharing scheme.
    #[arg(long, value_name = "SCHEME", default_value = "additive", value_parser = cluster::sharing)]
    sharing: crate::config::Sharing,
    /// The ring: 64 or 128 bits.
    #[arg(long, value_name = "BITS", default_value_t = 64)]
    ring: u32,
    /// Hosts by player, the dealer's last: `host` or `host:port` [default: this machine].
    #[arg(long = "host", value_name = "HOST", value_delimiter = ',')]
    hosts: Vec<String>,
    /// The first port: members without a port of their own get it and the ones after it.
    #[arg(long, value_name = "PORT", default_value_t = 5000)]
    base_port: u16,
}

/// Runs the command line and returns the exit code.
pub fn main(args: Vec<OsString>) -> u8 {
    let line = match Line::try_parse_from(args) {
        Ok(line) => line,
        Err(error) => {
            // A closed pipe is no reason to fail.
            let _ = error.print();
            return if error.use_stderr() { exit::USAGE } else { exit::OK };
        }
    };
    let result = match line.command {
        Some(Command::Dealer(args)) => dealer::run(&args),
        Some(Command::Init(args)) => cluster::init(args),
        None => player::run(&line.player),
    };
    match result {
        Ok(()) => exit::OK,
        Err(failure) => {
            eprintln!("error: {}", failure.message);
            failure.code
        }
    }
}
