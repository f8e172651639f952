//! `mpcvm --player I FILE.mpcb`, and a whole run in the clear.

use super::cluster::Place;
use super::report::Report;
use super::{Failure, PlayerArgs, approve, exit, process};
use crate::algebra::Domain;
use crate::config::Sharing;
use crate::correlated::{Correlation, Demand};
use crate::io::Assignment;
use crate::machine::{Cast, Error, Linked, Machine, Terminal, forecast, greet_dealer, link, prepare};
use crate::net::{Counters, Net, Ports, Session, Traffic, memory};
use crate::protocol::{Additive, Forecast, Plain};
use mpc_bytecode::Program;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Runs one player to the end.
pub fn run(args: &PlayerArgs) -> Result<(), Failure> {
    let usage = |message: &str| Failure::new(exit::USAGE, message);
    let player = args.player.ok_or_else(|| usage("say which player this is: `mpcvm --player 0 FILE.mpcb`"))?;
    let path =
        args.program.as_deref().ok_or_else(|| usage("say which program to run: `mpcvm --player 0 FILE.mpcb`"))?;
    process::settle(&args.member)?;
    let program = load(path)?;
    let place = Place::find(&args.member, |cluster| {
        let last = cluster.players.len() - 1;
        let unknown = || format!("{}: there is no player {player}, the last is {last}", cluster.path.display());
        if player <= last { Ok(player) } else { Err(usage(&unknown())) }
    })?;
    let Place { cluster, .. } = &place;
    let approval = args.approve.clone().or_else(|| cluster.approval());
    let refusal = approval.and_then(|approval| approve(&program, &approval).err());
    if cluster.sharing == Sharing::Plain && cluster.players.len() > 1 {
        let (path, players) = (cluster.path.display(), cluster.players.len());
        let message = format!("{path}: sharing = \"plain\" computes in the clear, at one player; there are {players}");
        return Err(Failure::new(exit::CONFIG, message));
    }
    let job = Job { args, program: &program, place: &place };
    if let Some(refused) = refusal {
        return Err(job.refuse(refused));
    }
    match place.cluster.ring {
        128 => job.run::<u128>(),
        _ => job.run::<u64>(),
    }
}

/// Reads and verifies a program.
fn load(path: &Path) -> Result<Program, Failure> {
    let bad = |message: String| Failure::new(exit::BAD_INPUT, format!("{}: {message}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| bad(format!("cannot be read: {error}")))?;
    let program = Program::from_bytes(&bytes).map_err(|error| bad(error.to_string()))?;
    mpc_bytecode::verify(&program).map_err(|error| bad(error.to_string()))?;
    Ok(program)
}

fn assignments(texts: &[String]) -> Result<Vec<Assignment>, Failure> {
    texts.iter().map(|text| text.parse().map_err(|message: String| Failure::new(exit::USAGE, message))).collect()
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::new(error.exit_code(), error.to_string())
    }
}

/// A player's work, once it is known what it is.
struct Job<'a> {
    args: &'a PlayerArgs,
    program: &'a Program,
    place: &'a Place,
}

impl Job<'_> {
    /// Says why this player does not take part, here and to the others: they would wait for one that never comes.
    fn refuse(&self, refused: Failure) -> Failure {
        if refused.code != exit::MISMATCH {
            return refused;
        }
        eprintln!("error: {}", refused.message);
        let Place { cluster, .. } = self.place;
        let names = Cast::new(self.program, cluster.players.len(), &cluster.roles)
            .map(|cast| cast.names(self.program, cluster.players.len()));
        if let Ok((session, _)) = self.place.join(&self.args.member, &names.unwrap_or_default()) {
            session.abort(refused.code, "it has not approved what the program discloses");
        }
        Failure::new(refused.code, "this player takes no part in the program")
    }

    fn run<D: Domain>(&self) -> Result<(), Failure> {
        let PlayerArgs { inputs, outputs, member, .. } = self.args;
        let Place { cluster, me } = self.place;
        let cast = Cast::new(self.program, cluster.players.len(), &cluster.roles)?;
        let (inputs, outputs) = (assignments(inputs)?, assignments(outputs)?);
        let mut console = Terminal::new(self.program, &cast, *me, &outputs, self.prints(), self.lines()?)?;
        let scheme = cluster.sharing.name();
        let start = prepare::<D>(self.program, self.program.hash(), scheme, &cast, *me, &inputs)?;
        let (session, mut ports) = self.place.join(member, &cast.names(self.program, cluster.players.len()))?;
        session.set_file(self.program.files.first().map_or("", String::as_str));
        let result =
            link(&mut ports.control, start).and_then(|linked| self.compute(&session, ports, &linked, &mut console));
        match result {
            Ok(report) => {
                session.finish()?;
                member.report.as_deref().map_or(Ok(()), |path| report.write(path))
            }
            Err(error) => {
                match &error {
                    // All players raise it: none goes before all are there, so that all have printed and say the same. Whoever is lost on
                    // the way makes no difference any more.
                    Error::Uncaught { .. } => drop(session.finish()),
                    _ => session.abort(error.exit_code(), &error.for_peers()),
                }
                Err(error.into())
            }
        }
    }

    /// Where what the program prints goes.
    fn prints(&self) -> Box<dyn Write> {
        if self.args.no_print { Box::new(std::io::sink()) } else { Box::new(std::io::stdout()) }
    }

    /// Where the lines of outputs go.
    fn lines(&self) -> Result<Box<dyn Write>, Failure> {
        let Some(path) = &self.args.collect else { return Ok(Box::new(std::io::stdout())) };
        let file = std::fs::File::create(path);
        let file =
            file.map_err(|error| Failure::new(exit::SYSTEM, format!("cannot write {}: {error}", path.display())))?;
        Ok(Box::new(file))
    }

    fn compute<D: Domain>(
        &self,
        session: &Session,
        ports: Ports,
        linked: &Linked<D>,
        console: &mut Terminal<'_, D>,
    ) -> Result<Report, Error> {
        let Ports { mut online, mut preprocessing, control } = ports;
        let control = control.counters().total();
        let watch = |line: u32| session.failure(line);
        let start = Instant::now();
        match self.place.cluster.sharing {
            Sharing::Plain => {
                let mut plain = Plain::<D>::new();
                Machine::new(self.program, linked, &mut plain, &mut online, console)?.watched(&watch).run()?;
                Ok(self.report(Duration::ZERO, start.elapsed(), &online.counters(), control))
            }
            Sharing::Additive => {
                greet_dealer(&mut preprocessing, D::BITS)?;
                let entropy = self.args.member.entropy();
                let mut additive = Additive::<D>::join(&mut online, Box::new(preprocessing), entropy)?;
                additive.prepare(&demand(self.program, linked)?)?;
                let prepared = Instant::now();
                Machine::new(self.program, linked, &mut additive, &mut online, console)?.watched(&watch).run()?;
                let other = control + additive.preprocessing().total();
                Ok(self.report(prepared - start, prepared.elapsed(), &online.counters(), other))
            }
        }
    }

    /// A report with the counters of the online channel and the traffic of the others.
    fn report(&self, preprocessing: Duration, online: Duration, counters: &Counters, others: Traffic) -> Report {
        Report {
            player: Some(self.place.me),
            program_hash: Some(self.program.hash().to_string()),
            ..Report::new(preprocessing, online, counters, counters.total() + others)
        }
    }
}

/// Lots of correlated randomness that are foreseen at most; what comes after is ordered as it is used.
const MOST_LOTS: usize = 1 << 16;

/// Bytes of corrections that are foreseen at most: a loop over large tensors must not be walked to its end before it starts.
const MOST_FORESEEN: usize = 4 << 30;

/// What correlated randomness the program will use, as far as that is known before it runs. All players come to the same: the limits
/// count what is foreseen, not the time it takes.
fn demand<D: Domain>(program: &Program, linked: &Linked<D>) -> Result<Demand, Error> {
    let mut counting = Forecast::<D>::new();
    let counted = Cell::new((0, 0));
    forecast(program, linked, &mut counting, |counting| {
        let (demand, (known, bytes)) = (counting.demand(), counted.get());
        let lots = demand.lots();
        let more = lots[known..].iter().map(Correlation::correction_bytes::<D>);
        let bytes = more.fold(bytes, usize::saturating_add);
        counted.set((lots.len(), bytes));
        lots.len() >= MOST_LOTS || bytes >= MOST_FORESEEN
    })?;
    Ok(counting.into_demand())
}

/// A run in the clear.
pub struct Clear<'a> {
    /// The verified program.
    pub program: &'a Program,
    /// How many players the roles are given to.
    pub players: usize,
    /// Bits of the ring.
    pub ring: u32,
    /// `NAME=VALUE_OR_FILE`, of all roles.
    pub inputs: &'a [String],
    /// `NAME=FILE`, of all roles.
    pub outputs: &'a [String],
    /// Where the report goes.
    pub report: Option<PathBuf>,
}

impl Clear<'_> {
    /// Runs the program in this process, without a network and without any secrecy.
    ///
    /// # Errors
    /// Bad inputs, and exceptions that nothing catches.
    pub fn run(&self) -> Result<(), Failure> {
        match self.ring {
            128 => self.run_in::<u128>(),
            _ => self.run_in::<u64>(),
        }
    }

    fn run_in<D: Domain>(&self) -> Result<(), Failure> {
        let cast = Cast::new(self.program, self.players, &BTreeMap::new())?;
        let alone = cast.alone();
        let (inputs, outputs) = (assignments(self.inputs)?, assignments(self.outputs)?);
        let lines = Box::new(std::io::stdout());
        let mut console = Terminal::new(self.program, &alone, 0, &outputs, Box::new(std::io::stdout()), lines)?;
        let start = prepare::<D>(self.program, self.program.hash(), Sharing::Plain.name(), &alone, 0, &inputs)?;
        let (session, mut ports) = memory::alone();
        let linked = link(&mut ports.control, start)?;
        let began = Instant::now();
        let mut plain = Plain::<D>::new();
        Machine::new(self.program, &linked, &mut plain, &mut ports.online, &mut console)?.run()?;
        let online = ports.online.counters();
        let report = Report {
            player: Some(0),
            program_hash: Some(self.program.hash().to_string()),
            ..Report::new(Duration::ZERO, began.elapsed(), &online, online.total())
        };
        session.finish()?;
        self.report.as_deref().map_or(Ok(()), |path| report.write_run(path, self.program, Sharing::Plain, self.ring))
    }
}
