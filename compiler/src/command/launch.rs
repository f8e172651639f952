//! Starts every player of `mpcc run` as a process of this binary, on loopback, and shows what they say once.
//!
//! Each player gets its UDP socket as standard input, already bound: no port has to be chosen, and none can be taken in
//! between. Identities are made for the run and deleted with it. A player sees the inputs of its own roles alone.

use super::{Failure, exit};
use mpc_bytecode::program::Direction;
use mpc_bytecode::{Port, Program};
use mpcvm::config::{self, Plan, Sharing};
use mpcvm::io::Assignment;
use mpcvm::machine::{Audience, Cast};
use mpcvm::protocol::Recipients;
use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A run of all players.
pub struct Job<'a> {
    /// The verified program.
    pub program: &'a Program,
    /// How many players compute.
    pub players: usize,
    /// The scheme.
    pub sharing: Sharing,
    /// Bits of the ring.
    pub ring: u32,
    /// `NAME=VALUE_OR_FILE`, of all roles.
    pub inputs: Vec<String>,
    /// `NAME=FILE`, of all roles.
    pub outputs: Vec<String>,
    /// Where the report goes.
    pub report: Option<PathBuf>,
    /// The seed of a run for tests.
    pub seed: Option<u64>,
    /// Whether each process is bound to a core.
    pub pin: bool,
}

impl Job<'_> {
    /// Runs the job and returns the exit code.
    ///
    /// # Errors
    /// When an argument fits no port, or a process cannot be started.
    pub fn run(self) -> Result<u8, Failure> {
        let options = self.options()?;
        let folder = tempfile::Builder::new().prefix("mpcc-").tempdir().map_err(system("cannot make a folder"))?;
        let sockets = self.prepare(folder.path())?;
        let said = Arc::new(Said::default());
        let (ended, ends) = mpsc::channel();
        let mut processes = Vec::new();
        for (index, socket) in sockets.into_iter().enumerate() {
            let mut command = self.command(folder.path(), index)?;
            command.args(options.get(index).into_iter().flatten());
            processes.push(Process::start(index, self.name(index), command, socket, &said, ended.clone())?);
        }
        drop(ended);
        let code = wait(processes, &ends)?;
        self.print_outputs(folder.path())?;
        if let Some(path) = &self.report {
            self.write_report(folder.path(), path)?;
        }
        Ok(code)
    }

    /// Processes: the players, and the dealer where the scheme has one.
    fn processes(&self) -> usize {
        self.players + usize::from(self.sharing.has_dealer())
    }

    fn name(&self, index: usize) -> String {
        if index < self.players { format!("player {index}") } else { "dealer".into() }
    }

    /// Each player's `--input` and `--output` options: what it owns and learns, and what everybody must know.
    fn options(&self) -> Result<Vec<Vec<String>>, Failure> {
        let usage = |message: String| Failure::new(exit::USAGE, message);
        let cast = Cast::new(self.program, self.players, &BTreeMap::new()).map_err(|error| usage(error.to_string()))?;
        let mut options = vec![Vec::new(); self.players];
        for (option, texts) in [("--input", &self.inputs), ("--output", &self.outputs)] {
            for text in texts {
                let given: Assignment = text.parse().map_err(usage)?;
                let players = self.concerned(&cast, option, &given)?;
                for player in players {
                    options[player].extend([option.to_owned(), text.clone()]);
                }
            }
        }
        Ok(options)
    }

    /// The players that an option is for: an input's owner, one that learns an output, all for a parameter.
    fn concerned(&self, cast: &Cast, option: &str, given: &Assignment) -> Result<Vec<usize>, Failure> {
        let usage = |message: String| Failure::new(exit::USAGE, message);
        let wants_output = option == "--output";
        let ports = || self.program.ports.iter().filter(|port| (port.direction == Direction::Output) == wants_output);
        let field = || ports().find(|port| port.is_field_of(&given.name));
        let Some(port) = ports().find(|port| port.name == given.name).or_else(field) else {
            let mut known: Vec<_> = ports().map(Port::declared_name).collect();
            known.dedup();
            let what = if wants_output { "output" } else { "input" };
            let known = if known.is_empty() { "it has none".into() } else { format!("it has {}", known.join(", ")) };
            return Err(usage(format!("the program has no {what} `{}`; {known}", given.name)));
        };
        let everybody = || (0..self.players).collect();
        match &port.direction {
            Direction::Parameter { .. } => Ok(everybody()),
            Direction::Output => match (cast.audience(self.program, port), given.member) {
                (Audience::Each(players), Some(member)) if member < players.len() => Ok(vec![players[member]]),
                (Audience::Each(players), _) => Err(usage(format!(
                    "each of the {} members learns its own item of output `{}`: say whose, as in `--output {1}[0]=…`",
                    players.len(),
                    port.name
                ))),
                (Audience::Together(Recipients::All), _) => Ok(vec![0]),
                (Audience::Together(Recipients::Players(players)), _) => Ok(players.into_iter().take(1).collect()),
            },
            Direction::Input => {
                let owners = cast.owners(port).unwrap_or_default();
                let owner = owners.get(given.member.unwrap_or(0)).copied();
                let missing =
                    || format!("there is no `{}`: input `{}` has {} members", given.target(), port.name, owners.len());
                Ok(vec![owner.ok_or_else(|| usage(missing()))?])
            }
        }
    }

    /// Writes the program, the cluster file and the identities; returns each process's socket.
    fn prepare(&self, folder: &Path) -> Result<Vec<UdpSocket>, Failure> {
        let loopback = |_| UdpSocket::bind("127.0.0.1:0");
        let sockets: Vec<UdpSocket> = (0..self.processes())
            .map(loopback)
            .collect::<Result<_, _>>()
            .map_err(system("cannot bind a port on loopback"))?;
        let hosts = sockets.iter().map(|socket| Ok(socket.local_addr()?.to_string())).collect::<Result<_, _>>();
        let hosts = hosts.map_err(system("cannot read a port"))?;
        let plan = Plan { sharing: self.sharing, players: self.players, ring: self.ring, hosts, base_port: 0 };
        config::init(&plan, folder).map_err(|error| Failure::new(exit::SYSTEM, error.to_string()))?;
        let program = std::fs::write(folder.join("program.mpcb"), self.program.to_bytes());
        program.map_err(system("cannot write the program"))?;
        Ok(sockets)
    }

    /// The command of one process, without its ports.
    fn command(&self, folder: &Path, index: usize) -> Result<Command, Failure> {
        let binary = std::env::current_exe().map_err(system("cannot find this program's own file"))?;
        let mut command = Command::new(binary);
        command.arg("vm");
        if index < self.players {
            command.arg("--player").arg(index.to_string()).arg(folder.join("program.mpcb"));
            command.arg("--collect").arg(folder.join(format!("outputs{index}")));
        } else {
            command.arg("dealer");
        }
        command.arg("--config").arg(folder.join("cluster.toml")).arg("--socket-on-stdin");
        command.arg("--parent").arg(std::process::id().to_string()).arg("--remove").arg(folder);
        command.arg("--report").arg(report_of(folder, index));
        if index > 0 && index < self.players {
            command.arg("--no-print");
        }
        if let Some(seed) = self.seed {
            command.arg("--seed").arg(seed.to_string());
        }
        if self.pin {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            command.arg("--core").arg((index % cores).to_string());
        }
        Ok(command)
    }

    /// Prints the outputs of all players in the order of the ports; what several players learn, once.
    fn print_outputs(&self, folder: &Path) -> Result<(), Failure> {
        let mut lines: Vec<(usize, String)> = Vec::new();
        for index in 0..self.players {
            let Ok(text) = std::fs::read_to_string(folder.join(format!("outputs{index}"))) else { continue };
            for line in text.lines() {
                let name = line.split(" -> ").next();
                let port = self.program.ports.iter().position(|port| Some(port.name.as_str()) == name);
                lines.push((port.unwrap_or(usize::MAX), line.to_owned()));
            }
        }
        // What was asked for in a file is in it; others have learned the same.
        let outputs: HashSet<&str> =
            self.outputs.iter().filter_map(|text| Some(text.split_once('=')?.0.trim())).collect();
        let in_file = |name: &str| outputs.iter().any(|given| name.strip_prefix(given).is_some_and(ends_there));
        lines.retain(|(_, line)| !line.split(" -> ").next().is_some_and(in_file));
        // The sort is stable: of one port, lines stay in the order of the players.
        lines.sort_by_key(|(port, _)| *port);
        let mut shown = HashSet::new();
        lines.retain(|(_, line)| shown.insert(line.clone()));
        let mut out = std::io::stdout().lock();
        let written = lines.iter().try_for_each(|(_, line)| writeln!(out, "{line}")).and_then(|()| out.flush());
        written.map_err(system("cannot print"))
    }

    /// Puts the players' reports together.
    fn write_report(&self, folder: &Path, path: &Path) -> Result<(), Failure> {
        let read = |index: usize| -> Option<serde_json::Value> {
            serde_json::from_slice(&std::fs::read(report_of(folder, index)).ok()?).ok()
        };
        let players: Vec<_> = (0..self.players).map(read).collect();
        let dealer = if self.sharing.has_dealer() { read(self.players) } else { None };
        let report = serde_json::json!({
            "program_hash": self.program.hash().to_string(),
            "sharing": self.sharing.to_string(),
            "ring": self.ring,
            "players": players,
            "dealer": dealer,
        });
        std::fs::write(path, format!("{report:#}\n"))
            .map_err(|error| Failure::new(exit::SYSTEM, format!("cannot write {}: {error}", path.display())))
    }
}

/// Whether a name that begins with a port's is the port's own, or that of one of its fields.
fn ends_there(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('.')
}

fn report_of(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("report{index}.json"))
}

fn system(what: &'static str) -> impl Fn(std::io::Error) -> Failure {
    move |error| Failure::new(exit::SYSTEM, format!("{what}: {error}"))
}

/// What has been said on standard error: a line that several players say is shown once.
#[derive(Default)]
struct Said(Mutex<HashSet<String>>);

impl Said {
    fn line(&self, who: &str, line: &str) {
        let new = self.0.lock().map(|mut lines| lines.insert(line.to_owned())).unwrap_or(true);
        if new {
            eprintln!("[{who}] {line}");
        }
    }
}

/// A started player or dealer; it ends with this value.
struct Process {
    child: Child,
    done: bool,
}

impl Process {
    /// Starts a process. Its number is sent through `ended` when it has ended: that is when its standard error closes.
    fn start(
        index: usize,
        name: String,
        mut command: Command,
        socket: UdpSocket,
        said: &Arc<Said>,
        ended: Sender<usize>,
    ) -> Result<Self, Failure> {
        // An interrupt of the terminal goes to this process alone: players see that it has ended, and clean up.
        command.process_group(0);
        command.stdin(Stdio::from(OwnedFd::from(socket)));
        command.stderr(Stdio::piped());
        command.stdout(if index == 0 { Stdio::inherit() } else { Stdio::null() });
        let mut child = command.spawn().map_err(system("cannot start a player"))?;
        if let Some(stderr) = child.stderr.take() {
            let said = Arc::clone(said);
            std::thread::spawn(move || {
                BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| said.line(&name, &line));
                // Nobody waits any more if the run has been given up.
                let _ = ended.send(index);
            });
        }
        Ok(Process { child, done: false })
    }

    /// The exit code of a process that has ended; one that a signal ended counts as a lost player.
    fn code(&mut self) -> Result<u8, Failure> {
        const PLAYERS_LOST: u8 = 75;
        self.done = true;
        let status = self.child.wait().map_err(system("cannot wait for a player"))?;
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(PLAYERS_LOST))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.done {
            // It has ended by itself if this fails.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// How long the others may take to end by themselves once one has failed: they hear of it in milliseconds if they are connected.
const GRACE: Duration = Duration::from_secs(3);

/// Waits for all processes; the exit code of the first that failed, which is why the others did.
fn wait(mut processes: Vec<Process>, ends: &Receiver<usize>) -> Result<u8, Failure> {
    let mut failure: Option<(u8, Instant)> = None;
    for _ in 0..processes.len() {
        let index = match failure {
            None => ends.recv().ok(),
            Some((_, since)) => ends.recv_timeout(GRACE.saturating_sub(since.elapsed())).ok(),
        };
        // What has not ended in time ends with `processes`.
        let Some(process) = index.and_then(|index| processes.get_mut(index)) else { break };
        let code = process.code()?;
        if code != exit::OK {
            failure.get_or_insert((code, Instant::now()));
        }
    }
    Ok(failure.map_or(exit::OK, |(code, _)| code))
}
