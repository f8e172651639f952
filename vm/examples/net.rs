//! Measures the network between processes on this machine: rounds, throughput, and how soon a killed player is missed.
//!
//! `cargo run --release --example net [WORK …]`. Players are pinned to a core each, in turn, where `taskset` is installed.

use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use mpcvm::config::{Cluster, Plan, Sharing, init};
use mpcvm::identity::Identity;
use mpcvm::net::quic::{Settings, bind, connect};
use mpcvm::net::{Net, Operation, Port, Ports, stderr};

/// Dependent rounds of a latency measurement.
const ROUNDS: u32 = 1000;

/// Bytes of a long message, and how many of them.
const LONG: usize = 32 << 20;
const LONGS: usize = 16;

/// What a process that plays is started with.
const PEER: &str = "--peer";

/// What the processes do.
#[derive(Clone, Copy, Debug)]
enum Work {
    /// Every player sends 8 bytes to every other and waits for theirs, again and again.
    Rounds,
    /// Player 0 sends long messages to player 1.
    OneWay,
    /// All send long messages to all at once.
    BothWays,
    /// Player 1 is killed while player 0 waits for it.
    Kill,
    /// Nothing: what it takes to meet and to part.
    Meet,
}

impl Work {
    const ALL: [Work; 5] = [Work::Rounds, Work::OneWay, Work::BothWays, Work::Kill, Work::Meet];

    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [mode, me, work, cluster] = &arguments[..]
        && mode == PEER
    {
        let work = Work::ALL.into_iter().find(|w| w.name() == *work).context("no such work")?;
        return play(me.parse()?, work, Path::new(cluster));
    }
    let wanted = |work: Work| arguments.is_empty() || arguments.contains(&work.name());
    let pinned = Command::new("taskset").arg("-V").stdout(Stdio::null()).status().is_ok();
    let cores = std::thread::available_parallelism()?.get();
    println!("{cores} cores, processes {}", if pinned { "pinned to one each, in turn" } else { "not pinned" });
    println!("{:<10} {:>7} {:>7}   player 0 says", "work", "players", "dealer");
    for (work, players, dealer) in [
        (Work::Meet, 2, false),
        (Work::Meet, 3, true),
        (Work::Rounds, 2, false),
        (Work::Rounds, 2, true),
        (Work::Rounds, 3, false),
        (Work::OneWay, 2, false),
        (Work::BothWays, 2, false),
        (Work::BothWays, 3, false),
        (Work::Kill, 2, false),
        (Work::Kill, 3, false),
    ]
    .into_iter()
    .filter(|(work, _, _)| wanted(*work))
    {
        let said = measure(work, players, dealer, pinned.then_some(cores))?;
        println!("{:<10} {players:>7} {:>7}   {said}", work.name(), if dealer { "yes" } else { "no" });
    }
    Ok(())
}

/// Runs one measurement in processes of its own; what player 0 prints.
fn measure(work: Work, players: usize, dealer: bool, pin: Option<usize>) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let sharing = if dealer { Sharing::Additive } else { Sharing::Plain };
    let ports = free_ports(players + usize::from(dealer))?;
    let hosts = ports.iter().map(SocketAddr::to_string).collect();
    let cluster = init(&Plan { sharing, players, ring: 64, hosts, base_port: 0 }, folder.path())?;
    let mut children = Vec::new();
    for me in 0..ports.len() {
        children.push(start(me, work, &cluster, pin)?);
    }
    let mut said = String::new();
    let out = children[0].stdout.as_mut().context("no output")?;
    if let Work::Kill = work {
        let mut ready = [0; 1];
        out.read_exact(&mut ready)?;
        children[1].kill()?;
    }
    children[0].stdout.as_mut().context("no output")?.read_to_string(&mut said)?;
    children.iter_mut().try_for_each(|child| child.wait().map(drop))?;
    Ok(said.trim().to_owned())
}

/// Ports that nobody holds at the moment.
fn free_ports(count: usize) -> Result<Vec<SocketAddr>> {
    let sockets: Vec<_> = (0..count).map(|_| bind(([127, 0, 0, 1], 0).into())).collect::<Result<_, _>>()?;
    Ok(sockets.iter().map(std::net::UdpSocket::local_addr).collect::<Result<_, _>>()?)
}

fn start(me: usize, work: Work, cluster: &PathBuf, pin: Option<usize>) -> Result<Child> {
    let program = std::env::current_exe()?;
    let mut command = match pin {
        Some(cores) => {
            let mut command = Command::new("taskset");
            command.args(["-c", &(me % cores).to_string()]).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.args([PEER, &me.to_string(), &work.name()]).arg(cluster).stdout(Stdio::piped());
    Ok(command.spawn()?)
}

/// One process.
fn play(me: usize, work: Work, path: &Path) -> Result<()> {
    let cluster = Cluster::load(path)?;
    let (peers, identity) = (cluster.resolve()?, Identity::load(&cluster.identity_folder(me))?);
    let (players, wait, idle) = (cluster.players.len(), cluster.wait, cluster.idle);
    let start = Instant::now();
    let socket = bind(peers[me].address)?;
    let settings = Settings { me, players, peers, identity, wait, idle, sink: stderr() };
    let (session, mut ports) = connect(socket, settings)?;
    let met = start.elapsed();
    if me < players {
        let said = act(work, &mut ports);
        if me == 0 {
            println!("{}", said.as_deref().unwrap_or_default());
        }
    }
    let start = Instant::now();
    match session.finish() {
        Ok(()) if me == 0 => println!("met in {met:.1?}, parted in {:.1?}", start.elapsed()),
        Ok(()) | Err(_) => (),
    }
    Ok(())
}

fn act(work: Work, ports: &mut Ports) -> Result<String> {
    let net = &mut ports.online;
    let barrier = |net: &mut Port| -> Result<()> {
        net.broadcast(Operation::Agree, Bytes::new())?;
        net.gather(Operation::Agree)?;
        Ok(())
    };
    (0..200).try_for_each(|_| barrier(net))?;
    let start = Instant::now();
    let bytes = match work {
        Work::Meet => return Ok(String::new()),
        Work::Kill => return killed(net),
        Work::Rounds => {
            let word = Bytes::copy_from_slice(&[7; 8]);
            for _ in 0..ROUNDS {
                net.broadcast(Operation::Open, word.clone())?;
                net.gather(Operation::Open)?;
            }
            let took = start.elapsed();
            return Ok(format!("{ROUNDS} rounds of 8 bytes in {took:.1?}, {:.1?} each; ", took / ROUNDS));
        }
        Work::OneWay => stream(net, |from, to| (from, to) == (0, 1))?,
        Work::BothWays => stream(net, |_, _| true)?,
    };
    barrier(net)?;
    let rate = bytes as f64 / start.elapsed().as_secs_f64() / 1e9;
    Ok(format!("{rate:.2} GB/s sent by it, frames of {} MiB; ", LONG >> 20))
}

/// Sends long messages wherever `goes` says, at most two under way to a peer.
fn stream(net: &mut Port, goes: impl Fn(usize, usize) -> bool) -> Result<usize> {
    let (me, long) = (net.me(), Bytes::from(vec![1; LONG]));
    let others: Vec<_> = (0..net.players()).filter(|peer| *peer != me).collect();
    let mut sent = 0;
    for round in 0..LONGS + 2 {
        for &peer in &others {
            if round < LONGS && goes(me, peer) {
                net.send(peer, Operation::Multiply, long.clone())?;
                sent += LONG;
            }
        }
        for &peer in &others {
            if (1..=LONGS).contains(&round) && goes(peer, me) && net.recv(peer, Operation::Multiply)?.len() != LONG {
                bail!("a message has the wrong length");
            }
        }
    }
    Ok(sent)
}

/// How soon the others know, from the moment the parent is told to kill player 1.
fn killed(net: &mut Port) -> Result<String> {
    if net.me() == 0 {
        use std::io::Write;
        std::io::stdout().write_all(b"k")?;
        std::io::stdout().flush()?;
    }
    let start = Instant::now();
    let from = if net.me() == 1 { 0 } else { net.players() - 1 };
    let from = if from == net.me() { 0 } else { from };
    match net.recv(from, Operation::Open) {
        Err(error) => Ok(format!("after {:.1?}: {error}", start.elapsed())),
        Ok(_) => bail!("a message from nowhere"),
    }
}
