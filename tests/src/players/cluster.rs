//! A cluster in a folder of its own: a compiled program, identities, and processes of its members.

use super::process::Process;
use crate::binaries::Said;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use tempfile::TempDir;

/// Two players and one product: the smallest program that needs all members.
pub const PRODUCT: &str = "\
role alice, bob
input x: sint from alice
input y: sint from bob
output z: sint to all
z = x * y
";

/// How long members of test clusters wait for each other, unless a test says otherwise: never reached in a good run.
const WAIT: &str = "30s";
/// How long a silent member counts as alive, unless a test says otherwise.
const IDLE: &str = "20s";

/// A folder with `model.mpcb` and a cluster in `cluster/`.
pub struct Cluster {
    folder: TempDir,
    players: usize,
    dealer: bool,
}

/// Words of a command line.
pub fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// The first of `count` UDP ports on loopback that nobody holds, below those that the system gives away.
fn free_ports(count: u16) -> u16 {
    const FIRST: u16 = 10_000;
    const SPAN: u16 = 20_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test processes that run side by side begin at different places.
    let own = (std::process::id().wrapping_mul(389) % u32::from(SPAN)) as u16;
    loop {
        let at = NEXT.fetch_add(count, Ordering::Relaxed) % SPAN;
        let first = FIRST + (own + at) % SPAN;
        if (first..first + count).all(|port| UdpSocket::bind(("127.0.0.1", port)).is_ok()) {
            return first;
        }
    }
}

impl Cluster {
    /// Compiles a program and makes a cluster of `players` players and a dealer.
    pub fn new(source: &str, players: usize) -> Cluster {
        Cluster::with(source, players, "additive", 64)
    }

    /// The same with another scheme or ring.
    pub fn with(source: &str, players: usize, sharing: &str, ring: u32) -> Cluster {
        let folder = tempfile::tempdir().expect("a test can make a folder");
        let dealer = sharing == "additive";
        let cluster = Cluster { folder, players, dealer };
        cluster.compile("model", source);
        let port = free_ports(players as u16 + 1);
        cluster.init(&format!("-n {players} --out cluster --sharing {sharing} --ring {ring} --base-port {port}"));
        cluster.edit(|text| {
            text.replace("wait = \"60s\"", &format!("wait = \"{WAIT}\""))
                .replace("idle = \"10s\"", &format!("idle = \"{IDLE}\""))
        });
        cluster
    }

    /// Compiles a program to `NAME.mpcb`.
    pub fn compile(&self, name: &str, source: &str) {
        self.write(&format!("{name}.mpc"), source);
        let said = self.run("mpcc", &words(&format!("{name}.mpc")));
        assert_eq!(said.code, Some(0), "{}", said.err);
    }

    fn init(&self, line: &str) {
        let said = self.run("mpcvm", &words(&format!("init {line}")));
        assert_eq!(said.code, Some(0), "{}", said.err);
    }

    /// Runs a command in the folder to its end.
    pub fn run(&self, binary: &str, args: &[String]) -> Said {
        Process::start(binary, binary, self.path(), args).finish()
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file in the folder.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.file(name), contents).expect("a test can write a file");
    }

    /// Reads a file in the folder.
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The cluster file.
    pub fn text(&self) -> String {
        String::from_utf8(self.read("cluster/cluster.toml")).expect("a cluster file is text")
    }

    /// Changes the cluster file, for everybody.
    pub fn edit(&self, change: impl FnOnce(&str) -> String) {
        self.write("cluster/cluster.toml", change(&self.text()));
    }

    /// Gives a member, which is meant by its index, a cluster file of its own; returns its name.
    pub fn own_file(&self, index: usize, change: impl FnOnce(&str) -> String) -> String {
        let name = format!("cluster/own{index}.toml");
        self.write(&name, change(&self.text()));
        name
    }

    /// The address of a member, as the cluster file has it.
    pub fn address(&self, index: usize) -> String {
        self.value("address", index)
    }

    /// The public key of a member.
    pub fn key(&self, index: usize) -> String {
        self.value("key", index)
    }

    fn value(&self, key: &str, index: usize) -> String {
        let text = self.text();
        let start = format!("{key} = \"");
        let mut values = text.lines().filter_map(|line| line.strip_prefix(&start)?.split('"').next());
        values.nth(index).expect("the member is in the file").to_owned()
    }

    /// Starts a player on `model.mpcb`, with more words.
    pub fn player(&self, index: usize, more: &str) -> Process {
        self.player_of("cluster/cluster.toml", "model.mpcb", index, more)
    }

    /// Starts a player with its own cluster file and program.
    pub fn player_of(&self, config: &str, program: &str, index: usize, more: &str) -> Process {
        let line = format!("--player {index} {program} --config {config} {more}");
        Process::start(&format!("player {index}"), "mpcvm", self.path(), &words(&line))
    }

    /// Starts the dealer, with more words.
    pub fn dealer(&self, more: &str) -> Process {
        Process::start(
            "the dealer",
            "mpcvm",
            self.path(),
            &words(&format!("dealer --config cluster/cluster.toml {more}")),
        )
    }

    /// Starts all members, each player with its words.
    pub fn start(&self, each: &[&str]) -> Vec<Process> {
        assert_eq!(each.len(), self.players);
        let mut all: Vec<Process> = each.iter().enumerate().map(|(index, more)| self.player(index, more)).collect();
        if self.dealer {
            all.push(self.dealer(""));
        }
        all
    }

    /// Runs all members to their end, each player with its words.
    pub fn finish(&self, each: &[&str]) -> Vec<Said> {
        self.start(each).into_iter().map(Process::finish).collect()
    }
}

/// Panics unless all ended with an exit code; the message has what all of them said.
pub fn expect_code(all: &[Said], code: i32) {
    let show = |(at, said): (usize, &Said)| format!("-- {at}: exit code {:?}\n{}{}", said.code, said.out, said.err);
    let text: String = all.iter().enumerate().map(show).collect();
    assert!(all.iter().all(|said| said.code == Some(code)), "not all ended with {code}:\n{text}");
}

/// Panics unless a process said a text on standard error.
pub fn expect_err(said: &Said, text: &str) {
    assert!(said.err.contains(text), "standard error lacks `{text}`:\n{}", said.err);
}
