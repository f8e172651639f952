//! Peers that are missing, or were started with something else; files that are no programs; noise on the port.

use super::cluster::{Cluster, expect_code, expect_err, words};
use super::process::Process;
use super::trial;
use crate::random::Dice;
use bytes::Bytes;
use libtest_mimic::Trial;
use mpcvm::config;
use mpcvm::identity::Identity;
use mpcvm::net::quic::{self, Settings};
use mpcvm::net::{Net, Operation};
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const SUM: &str = "\
role alice, bob
input x: sint from alice
input y: sint from bob
input factor: fix = 1.5
input label: str = \"none\"
input much: int[2] = [1, 2]
output z: sint to all
z = x + y
";

/// All trials.
pub fn trials() -> Vec<Trial> {
    let one = |name, check| trial("peers", name, check);
    vec![
        one("missing_ones_are_named_and_given_up", missing_ones_are_named_and_given_up),
        one("who_gives_up_takes_along_who_came_late", who_gives_up_takes_along_who_came_late),
        one("another_program", another_program),
        one("another_parameter", another_parameter),
        one("another_ring", another_ring),
        one("another_ring_at_the_dealer", another_ring_at_the_dealer),
        one("another_scheme", another_scheme),
        one("other_roles", other_roles),
        one("another_number_of_players", another_number_of_players),
        one("another_version_of_the_machine", another_version_of_the_machine),
        one("another_version_of_the_bytecode", another_version_of_the_bytecode),
        one("bytecode_that_is_cut", bytecode_that_is_cut),
        one("bytecode_that_is_altered", bytecode_that_is_altered),
        one("no_bytecode", no_bytecode),
        one("noise_on_the_port", noise_on_the_port),
    ]
}

/// A cluster whose members give up soon.
fn impatient(wait: &str) -> Cluster {
    let cluster = Cluster::new(SUM, 2);
    cluster.edit(|text| text.replace("wait = \"30s\"", &format!("wait = \"{wait}\"")));
    cluster
}

fn missing_ones_are_named_and_given_up() {
    let cluster = impatient("3s");
    let said = cluster.player(0, "--input x=1").finish();
    assert_eq!(said.code, Some(69), "{}", said.err);
    let (bob, dealer) = (cluster.address(1), cluster.address(2));
    expect_err(&said, &format!("waiting for player 1 (bob) ({bob}) for 2 s"));
    expect_err(&said, &format!("waiting for the dealer ({dealer}) for 2 s"));
    expect_err(&said, &format!("error: cannot reach player 1 (bob) ({bob}) and the dealer ({dealer}) (waited 3 s)"));
    assert_eq!(said.out, "");
}

fn who_gives_up_takes_along_who_came_late() {
    let cluster = impatient("3s");
    let first = cluster.player(0, "--input x=1");
    first.notes("waiting for player 1");
    let second = cluster.player(1, "--input y=1");
    let all = [first, second].map(Process::finish);
    expect_code(&all, 69);
    expect_err(&all[0], "cannot reach the dealer");
    expect_err(&all[1], "player 0");
    expect_err(&all[1], "cannot reach the dealer");
}

/// Both players say that they differ, with both values; the dealer ends with them.
fn expect_difference(members: [Process; 3], what: &str, values: [&str; 2]) {
    let all = members.map(Process::finish);
    expect_code(&all, 76);
    for said in &all[..2] {
        expect_err(said, &format!("the players were started with different {what}: "));
        values.iter().for_each(|value| expect_err(said, value));
        expect_err(said, "(this one)");
        assert_eq!(said.out, "");
    }
    expect_err(&all[2], &format!("different {what}"));
}

fn another_program() {
    let cluster = Cluster::new(SUM, 2);
    cluster.compile("other", &SUM.replace("z = x + y", "z = x - y"));
    let hash = |name: &str| {
        let said = cluster.run("mpcc", &words(name));
        said.err.split("program ").nth(1).expect("the hash is said")[..16].to_owned()
    };
    let (one, two) = (hash("model.mpc"), hash("other.mpc"));
    assert_ne!(one, two);
    let other = cluster.player_of("cluster/cluster.toml", "other.mpcb", 1, "--input y=2");
    expect_difference([cluster.player(0, "--input x=1"), other, cluster.dealer("")], "programs", [&one, &two]);
}

fn another_parameter() {
    let cluster = Cluster::new(SUM, 2);
    for (name, mine, theirs, values) in [
        ("factor", "factor=0.25", "factor=0.5", ["0.25 at player 0", "0.5 at player 1"]),
        ("factor", "factor=0.25", "label=none", ["0.25 at player 0", "1.5 at player 1"]),
        ("label", "label=a", "label=b", ["a at player 0", "b at player 1"]),
        ("much", "much=[1,3]", "much=[1,2]", ["[1, 3] at player 0", "[1, 2] at player 1"]),
    ] {
        let one = cluster.player(0, &format!("--input x=1 --input {mine}"));
        let two = cluster.player(1, &format!("--input y=1 --input {theirs}"));
        expect_difference([one, two, cluster.dealer("")], &format!("values of `{name}`"), values);
    }
}

/// Player 1 has its own cluster file.
fn differ_in_file(change: impl FnOnce(&str) -> String, what: &str, values: [&str; 2]) {
    let cluster = Cluster::new(SUM, 2);
    let config = cluster.own_file(1, change);
    let one = cluster.player(0, "--input x=1");
    let two = cluster.player_of(&config, "model.mpcb", 1, "--input y=2");
    expect_difference([one, two, cluster.dealer("")], what, values);
}

fn another_ring() {
    differ_in_file(|text| text.replace("ring = 64", "ring = 128"), "rings", ["2^64 at player 0", "2^128 at player 1"]);
}

fn another_ring_at_the_dealer() {
    let cluster = Cluster::new(SUM.replace('+', "*").as_str(), 2);
    let config = cluster.own_file(2, |text| text.replace("ring = 64", "ring = 128"));
    let dealer = Process::start("the dealer", "mpcvm", cluster.path(), &words(&format!("dealer --config {config}")));
    let all = [cluster.player(0, "--input x=1"), cluster.player(1, "--input y=1"), dealer].map(Process::finish);
    expect_code(&all, 76);
    for said in &all {
        expect_err(said, "ring");
        expect_err(said, "the dealer");
        expect_err(said, "2^64");
        expect_err(said, "2^128");
        assert_eq!(said.out, "");
    }
}

/// The one that would compute in the clear among several is refused at once, and the others miss it.
fn another_scheme() {
    let cluster = impatient("5s");
    let config = cluster.own_file(1, |text| text.replace("\"additive\"", "\"plain\""));
    let members = [
        cluster.player(0, "--input x=1"),
        cluster.player_of(&config, "model.mpcb", 1, "--input y=2"),
        cluster.dealer(""),
    ];
    let all = members.map(Process::finish);
    assert_eq!(all.each_ref().map(|said| said.code), [Some(69), Some(78), Some(69)]);
    assert!(all.iter().all(|said| said.out.is_empty()));
    expect_err(&all[1], "computes in the clear, at one player");
}

fn other_roles() {
    differ_in_file(
        |text| format!("{text}alice = 1\nbob = 0\n"),
        "roles",
        ["alice=0 bob=1 at player 0", "alice=1 bob=0 at player 1"],
    );
}

fn another_number_of_players() {
    let cluster = Cluster::new(SUM, 3);
    cluster.edit(|text| text.replace("wait = \"30s\"", "wait = \"4s\""));
    // Player 2 of three is struck from the file of player 1.
    let config = cluster.own_file(1, |text| {
        let mut sections: Vec<&str> = text.split("[[player]]").collect();
        let last = sections.pop().unwrap_or_default();
        let dealer = last.split("[dealer]").nth(1).unwrap_or_default();
        format!("{}[dealer]{dealer}", sections.join("[[player]]"))
    });
    let members = [
        cluster.player(0, "--input x=1"),
        cluster.player_of(&config, "model.mpcb", 1, "--input y=2"),
        cluster.player(2, ""),
        cluster.dealer(""),
    ];
    let all = members.map(Process::finish);
    expect_code(&all, 69);
    assert!(all.iter().all(|said| said.out.is_empty()));
    expect_err(&all[1], "is not in the cluster file");
}

/// A player whose first message has the number of a version to come.
fn another_version_of_the_machine() {
    let cluster = Cluster::new(SUM, 2);
    let honest = [cluster.player(0, "--input x=1"), cluster.dealer("")];
    let file = config::Cluster::load(&cluster.file("cluster/cluster.toml")).expect("the file is right");
    let identity = Identity::load(&file.identity_folder(1)).expect("the identity is right");
    let peers = file.resolve().expect("the addresses are right");
    let socket = quic::bind(peers[1].address).expect("the port is free");
    let sink: mpcvm::net::Sink = Arc::new(|_| ());
    let settings = Settings { me: 1, players: 2, peers, identity, wait: file.wait, idle: file.idle, sink };
    let (session, mut ports) = quic::connect(socket, settings).expect("all are there");
    ports.control.send(0, Operation::Hello, Bytes::from_static(&[99, 0, 1, 2, 3])).expect("it is there");
    let all = honest.map(Process::finish);
    drop(session);
    expect_code(&all, 76);
    expect_err(&all[0], "player 1 (bob) runs another version of the machine: protocol 99 there, 1 here");
    assert_eq!(all[0].out, "");
}

/// Runs player 0 on a file of these bytes.
fn load(cluster: &Cluster, bytes: &[u8]) -> crate::binaries::Said {
    cluster.write("bad.mpcb", bytes);
    let said = cluster.player_of("cluster/cluster.toml", "bad.mpcb", 0, "--input x=1").finish();
    assert!(!said.err.contains("panicked"), "{}", said.err);
    said
}

fn another_version_of_the_bytecode() {
    let cluster = Cluster::new(SUM, 2);
    let mut bytes = cluster.read("model.mpcb");
    let at = VERSION_AT;
    assert_eq!(bytes[at..at + 2], [2, 0], "the version has moved: {:?}", &bytes[..16]);
    bytes[at] = 3;
    let said = load(&cluster, &bytes);
    assert_eq!(said.code, Some(65), "{}", said.err);
    expect_err(&said, "bad.mpcb: ");
    expect_err(&said, "version 3");
}

/// Where the version stands in a file: behind the magic number.
const VERSION_AT: usize = 4;

fn bytecode_that_is_cut() {
    let cluster = Cluster::new(SUM, 2);
    let bytes = cluster.read("model.mpcb");
    for length in [0, 1, VERSION_AT, VERSION_AT + 2, bytes.len() / 2, bytes.len() - 1] {
        let said = load(&cluster, &bytes[..length]);
        assert_eq!(said.code, Some(65), "{length} bytes: {}", said.err);
        expect_err(&said, "bad.mpcb: ");
    }
}

fn bytecode_that_is_altered() {
    let cluster = Cluster::new(SUM, 2);
    let bytes = cluster.read("model.mpcb");
    for at in (0..bytes.len()).step_by(bytes.len() / 20) {
        let mut altered = bytes.clone();
        altered[at] ^= 0x10;
        let said = load(&cluster, &altered);
        assert_eq!(said.code, Some(65), "byte {at}: {}", said.err);
        expect_err(&said, "bad.mpcb: ");
    }
    let longer = [&bytes[..], b"x"].concat();
    assert_eq!(load(&cluster, &longer).code, Some(65));
}

fn no_bytecode() {
    let cluster = Cluster::new(SUM, 2);
    for file in ["model.mpc", "cluster/cluster.toml", "none.mpcb", "cluster"] {
        let said = cluster.player_of("cluster/cluster.toml", file, 0, "--input x=1").finish();
        assert_eq!(said.code, Some(65), "{}", said.err);
        expect_err(&said, &format!("{file}: "));
        for command in ["dis", "run"] {
            let file = if file == "model.mpc" { "cluster/cluster.toml" } else { file };
            let said = cluster.run("mpcc", &words(&format!("{command} {file}")));
            assert!(matches!(said.code, Some(1 | 65)), "{command} {file}: {:?} {}", said.code, said.err);
            assert!(said.err.contains(file), "{}", said.err);
        }
    }
}

/// Datagrams of every kind, before and while the players compute.
fn noise_on_the_port() {
    let source = "\
role alice, bob
input x: sint from alice
input y: sint from bob
output z: sint to all
s = x
for i in range(300):
    s = s * y
z = s
";
    let cluster = Cluster::new(source, 2);
    let addresses: Vec<String> = (0..3).map(|index| cluster.address(index)).collect();
    let quiet = AtomicBool::new(false);
    let all: Vec<_> = std::thread::scope(|scope| {
        scope.spawn(|| make_noise(&addresses, &quiet));
        let _end = Quiet(&quiet);
        cluster.start(&["--input x=3", "--input y=-1"]).into_iter().map(Process::finish).collect()
    });
    expect_code(&all, 0);
    assert_eq!(all[0].out, "z -> all: 3\n");
    assert!(all.iter().all(|said| said.err.lines().count() <= 2), "the noise is noted:\n{}", all[0].err);
}

/// Ends the noise, however the test ends.
struct Quiet<'a>(&'a AtomicBool);

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Datagrams that look like the beginning of everything.
fn make_noise(addresses: &[String], quiet: &AtomicBool) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let mut dice = Dice::new(7);
    while !quiet.load(Ordering::Relaxed) {
        for address in addresses {
            let noise: Vec<u8> = (0..dice.below(1200)).map(|_| dice.below(256) as u8).collect();
            // The first bit of a QUIC packet says long or short, the second that it is one.
            for first in [dice.below(256) as u8, 0x40, 0xc0, 0xff] {
                // Nobody may be there yet.
                let _ = socket.send_to(&[&[first][..], &noise].concat(), address);
            }
        }
        std::thread::yield_now();
    }
}
