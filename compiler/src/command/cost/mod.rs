//! `mpcc cost FILE`: rounds, bytes and correlated randomness before the program runs, in total, by function and by line.

mod flame;
mod given;
#[cfg(feature = "run")]
mod inputs;
mod json;
pub mod source;
mod table;
pub mod units;

use super::{Failure, build, exit, print};
use clap::{Args, ValueEnum};
use mpc_bytecode::Program;
use mpc_bytecode::cost::Scheme;
use mpc_bytecode::cost::bill::{Bill, By, Formula, Row, Unknown, bill, rows};
use mpc_bytecode::predict::{Prediction, Setting, predict};
use source::Source;
use std::path::PathBuf;
use units::{Bandwidth, Latency};

/// What may be typed after `mpcc cost`.
#[derive(Args)]
pub struct CostArgs {
    /// The program, as source or as bytecode.
    file: PathBuf,
    #[command(flatten)]
    place: PlaceArgs,
    /// A dimension or an `int` parameter: `-D n=1000`; may be given several times.
    #[arg(short = 'D', value_name = "NAME=NUMBER")]
    sizes: Vec<String>,
    /// A port's data or a parameter, as for `run`; of data only the shape is looked at.
    #[cfg(feature = "run")]
    #[arg(long = "input", value_name = "NAME=VALUE_OR_FILE")]
    inputs: Vec<String>,
    /// What is revealed at a line, where it decides what the program does: how often a loop turns, whether a condition holds or something
    /// raises (1 or 0), or a size.
    #[arg(long = "assume", value_name = "LINE=NUMBER")]
    assumed: Vec<String>,
    /// How long a message takes, for an estimate of the time: `40ms`, `200us`.
    #[arg(long, value_name = "TIME")]
    latency: Option<Latency>,
    /// How much a player can send, for an estimate of the time: `100mbit`, `1gbit`.
    #[arg(long, value_name = "RATE")]
    bandwidth: Option<Bandwidth>,
    /// For people or for other programs.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Lists every line, not the ten that cost most.
    #[arg(long)]
    all: bool,
    /// Writes a flame graph: functions, lines and what they do, as wide as they cost.
    #[arg(long, value_name = "FILE.svg")]
    flamegraph: Option<PathBuf>,
    /// What the widths of the flame graph are.
    #[arg(long, value_enum, default_value_t = Weight::Bytes, requires = "flamegraph")]
    weight: Weight,
}

/// Where a program is to run.
#[derive(Args)]
pub struct PlaceArgs {
    /// How many players compute [default: one a role, at least three].
    #[arg(short = 'n', long = "players", value_name = "N")]
    players: Option<usize>,
    /// The sharing scheme: additive or plain.
    #[arg(long, value_enum, value_name = "SCHEME", default_value_t = Sharing::Additive)]
    sharing: Sharing,
    /// The ring: 64 or 128 bits [default: the smallest that the program's precision fits].
    #[arg(long, value_name = "BITS")]
    ring: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables.
    Human,
    /// One object; see `docs/cost.md`.
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Weight {
    /// Bytes of the player that sends the most.
    Bytes,
    /// Rounds.
    Rounds,
}

/// The schemes that have a column of costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sharing {
    /// In the clear, at one player.
    Plain,
    /// Additive, with a dealer.
    Additive,
}

/// A program with its costs.
struct Report<'a> {
    program: &'a Program,
    source: &'a Source,
    setting: Setting,
    sharing: Sharing,
    scheme: Scheme,
    /// Sizes that have no number.
    open: Vec<String>,
    bill: Bill,
    /// The prediction with symbols.
    formulas: Prediction,
    raised: Option<String>,
    latency: Option<Latency>,
    bandwidth: Option<Bandwidth>,
}

impl Report<'_> {
    fn ring_bytes(&self) -> u64 {
        u64::from(self.setting.ring / 8)
    }

    fn rows(&self, by: By) -> Vec<Row> {
        rows(&self.bill, &self.formulas, by, self.scheme, self.ring_bytes())
    }

    /// Rows, the costliest first; where there are no numbers, in the order of the text.
    fn sorted(&self, by: By) -> Vec<Row> {
        let mut rows = self.rows(by);
        if !self.has_numbers() {
            rows.sort_by_key(|row| row.site.place);
            return rows;
        }
        rows.sort_by_key(|row| std::cmp::Reverse((row.amount.most_bytes(), row.amount.rounds)));
        rows
    }

    fn formula(&self) -> Formula {
        Formula::total(&self.formulas.records, self.scheme, self.ring_bytes())
    }

    /// Rounds times latency, and bytes at the bandwidth of the player that sends the most.
    fn seconds(&self, rounds: u64, bytes: u64) -> Option<f64> {
        let waiting = self.latency.map(|latency| rounds as f64 * latency.0);
        let sending = self.bandwidth.map(|bandwidth| bytes as f64 / bandwidth.0);
        match (waiting, sending) {
            (None, None) => None,
            (waiting, sending) => Some(waiting.unwrap_or(0.0) + sending.unwrap_or(0.0)),
        }
    }

    /// Whether a figure can be given at all: sizes that have no number count as nothing.
    fn has_numbers(&self) -> bool {
        !self.bill.unknown.iter().any(|unknown| matches!(unknown, Unknown::Size(_))) && self.open.is_empty()
    }
}

/// Runs the command.
pub fn run(args: &CostArgs) -> Result<u8, Failure> {
    let source = Source::of(&args.file)?;
    let program = &source.program;
    let mut setting = args.place.setting(program)?;
    given::sizes(program, &mut setting, &args.sizes)?;
    #[cfg(feature = "run")]
    inputs::inputs(program, &mut setting, &args.inputs)?;
    let scheme = args.place.scheme(&setting);
    if !args.assumed.is_empty() {
        let decided = bill(&predict(program, &setting), scheme, u64::from(setting.ring / 8), setting.players).unknown;
        given::assumptions(program, &mut setting, &args.assumed, &decided)?;
    }
    let open = setting.open(program);
    // Where nothing at all is given, formulas are all there is.
    let nothing_given = !open.is_empty() && setting.sizes.is_empty() && setting.inputs.is_empty();
    let prediction = predict(program, &Setting { symbolic: nothing_given, ..setting.clone() });
    let bill = bill(&prediction, scheme, u64::from(setting.ring / 8), setting.players);
    let raised = prediction.raised.clone();
    let report = Report {
        open,
        formulas: if nothing_given || setting.has_no_symbols(program) {
            prediction
        } else {
            predict(program, &setting.with_symbols())
        },
        raised,
        sharing: args.place.sharing,
        latency: args.latency,
        bandwidth: args.bandwidth,
        program,
        source: &source,
        setting,
        scheme,
        bill,
    };
    match args.format {
        Format::Human => print(&table::table(&report, args.all))?,
        Format::Json => print(&json::json(&report))?,
    }
    if let Some(path) = &args.flamegraph {
        if !report.has_numbers() {
            let message = "a flame graph needs numbers for all sizes, see above";
            return Err(Failure::new(exit::USAGE, message));
        }
        build::write(path, flame::graph(&report, args.weight).as_bytes())?;
    }
    Ok(exit::OK)
}

/// Instructions that are walked for the line that `build` says: more would take longer than compiling.
const MOST_IN_A_LINE: u64 = 500_000;

/// What a program costs in a line, for `mpcc build`.
pub fn in_a_line(program: &Program) -> Option<String> {
    let place = PlaceArgs { players: None, sharing: Sharing::Additive, ring: None };
    let setting = Setting { most_steps: MOST_IN_A_LINE, ..place.setting(program).ok()? };
    let scheme = place.scheme(&setting);
    let ring_bytes = u64::from(setting.ring / 8);
    if setting.open(program).is_empty() {
        let priced = bill(&predict(program, &setting), scheme, ring_bytes, setting.players);
        return Some(table::line_of_numbers(&priced, &setting));
    }
    let formula = Formula::total(&predict(program, &setting.with_symbols()).records, scheme, ring_bytes);
    Some(table::line_of_formulas(&formula, &setting))
}

impl PlaceArgs {
    fn scheme(&self, setting: &Setting) -> Scheme {
        match self.sharing {
            Sharing::Plain => Scheme::Plain,
            Sharing::Additive => Scheme::Additive { players: setting.players as u64 },
        }
    }

    /// Players and ring, as `run` chooses them.
    pub fn setting(&self, program: &Program) -> Result<Setting, Failure> {
        let usage = |message: String| Failure::new(exit::USAGE, message);
        let least = program.roles.len().max(1);
        let players = self.players.unwrap_or(least.max(3));
        let (fewest, most) = match self.sharing {
            Sharing::Plain => (1, MOST_PLAYERS),
            Sharing::Additive => (2, MOST_PLAYERS),
        };
        if !(fewest..=most).contains(&players) || players < least {
            let fewest = fewest.max(least);
            return Err(usage(format!("this program needs {fewest} to {most} players, `-n` says {players}")));
        }
        let needed = program.precision.ring_bits().unwrap_or(128);
        match self.ring.unwrap_or(needed) {
            ring @ (64 | 128) if ring >= needed => Ok(Setting::new(players, ring)),
            64 => Err(usage("the program's precision needs `--ring 128`".into())),
            ring => Err(usage(format!("there is no ring of {ring} bits; `--ring` takes 64 or 128"))),
        }
    }
}

/// Players of a cluster, at most: as the machine takes them.
const MOST_PLAYERS: usize = 64;
