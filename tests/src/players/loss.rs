//! Members that die, fall silent, pause or fail: all others end at once, with the right name, line and code.

use super::cluster::{Cluster, PRODUCT, expect_code, expect_err};
use super::process::{PATIENCE, Process};
use super::trial;
use crate::binaries::Said;
use libtest_mimic::Trial;
use std::path::Path;
use std::time::{Duration, Instant};

/// Rounds without an end: a turn needs the one before. How long it goes on is revealed: so nothing of it can be dealt ahead.
const LONG: &str = "\
role alice, bob, carol
input a: sint from alice
s = a
for i in range(a.reveal()):
    s = s * (s - a)
    if i % 400 == 0:
        print(f\"turn {i}\")
print(s.reveal())
";

/// The same without a word between players.
const LOCAL: &str = "\
role alice, bob, carol
input a: sint from alice
t = 1
print(\"turn 0\")
for i in range(a.reveal()):
    t = (t * 3 + i) % 1000003
print(t + (a * a).reveal())
";

/// Large products: much is under way when somebody dies.
const WIDE: &str = "\
role alice, bob, carol
input a: sint from alice
v = sfix(a - a) + zeros(20000)
for i in range(a.reveal()):
    v = v * v
    print(f\"turn {i}\")
print(v[0].reveal())
";

/// A comparison and a product that share rounds, of many messages each.
const GROUPED: &str = "\
role alice, bob, carol
input a: sint from alice
v = (a - a) + zeros(100000)
w = v + 1
for i in range(a.reveal()):
    less = v < 5
    v = v * w
    w = w + less
    print(f\"turn {i}\")
print(w[0].reveal())
";

/// A bound for tests, which run on busy machines: what is promised is a second.
const SOON: Duration = Duration::from_secs(5);

/// All trials.
pub fn trials() -> Vec<Trial> {
    let mut all = Vec::new();
    for victim in 0..4 {
        for (name, source, word) in [
            ("at_the_start", LONG, "turn 0"),
            ("in_the_middle", LONG, "turn 1200"),
            ("among_large_messages", WIDE, "turn 2"),
            ("in_a_group", GROUPED, "turn 2"),
        ] {
            let who = if victim == 3 { "the_dealer".into() } else { format!("player_{victim}") };
            all.push(Trial::test(format!("players::loss::{who}_dies_{name}"), move || {
                dies(source, word, victim);
                Ok(())
            }));
        }
    }
    let one = |name, check| trial("loss", name, check);
    all.extend([
        one("dies_while_others_compute_alone", || dies(LOCAL, "turn 0", 1)),
        one("two_die_at_once", two_die_at_once),
        one("before_the_start_it_may_come_back", before_the_start_it_may_come_back),
        one("a_silent_player_is_given_up", || falls_silent(1, "player 1 (bob)")),
        one("a_silent_dealer_is_given_up", || falls_silent(3, "the dealer")),
        one("a_pause_is_no_loss", a_pause_is_no_loss),
        one("an_interrupted_player", an_interrupted_player),
        one("an_exception_is_the_same_everywhere", an_exception_is_the_same_everywhere),
        one("a_failed_assertion", a_failed_assertion),
        one("an_output_that_cannot_be_written", an_output_that_cannot_be_written),
        one("run_interrupted", || run_ends("INT", false)),
        one("run_killed", || run_ends("KILL", false)),
        one("run_loses_a_player", || run_ends("KILL", true)),
    ]);
    all
}

/// Survivors say who is gone and where they were.
fn expect_loss(said: &Said, who: &str, reason: &str) {
    assert_eq!(said.code, Some(75), "{}", said.err);
    expect_err(said, &format!("error: {who} is gone: {reason}; at "));
    assert_eq!(said.err.matches("error").count(), 1, "{}", said.err);
}

/// A player names a line of the program's loop.
fn expect_line(said: &Said) {
    let line = said.err.split("at model.mpc:").nth(1).and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    assert!(line.is_some_and(|line: u32| (3..=8).contains(&line)), "no line of the loop:\n{}", said.err);
}

fn name(member: usize) -> &'static str {
    ["player 0 (alice)", "player 1 (bob)", "player 2 (carol)", "the dealer"][member]
}

/// Starts a program that goes on and on, and waits until all players have printed a word.
fn start(cluster: &Cluster, word: &str) -> Vec<Process> {
    let members = cluster.start(&["--input a=1000000000", "", ""]);
    members[..3].iter().for_each(|player| player.prints(word));
    members
}

fn dies(source: &str, word: &str, victim: usize) {
    let cluster = Cluster::new(source, 3);
    let mut members = start(&cluster, word);
    let dead = members.remove(victim);
    dead.signal("KILL");
    let (said, when) = dead.finish_at();
    assert_eq!(said.code, None);
    let mut latest = Duration::ZERO;
    for (index, member) in (0..4).filter(|index| *index != victim).zip(members) {
        let (said, end) = member.finish_at();
        // The dealer names players by number alone: it does not know the program.
        let who = if index == 3 { name(victim).split(" (").next().unwrap_or_default() } else { name(victim) };
        expect_loss(&said, who, "its process has ended");
        if index < 3 {
            expect_line(&said);
        }
        latest = latest.max(end.saturating_duration_since(when));
    }
    eprintln!("{} missed after {} ms", name(victim), latest.as_millis());
    assert!(latest < SOON, "missed after {latest:?}");
}

fn two_die_at_once() {
    let cluster = Cluster::new(LONG, 3);
    let mut members = start(&cluster, "turn 400");
    let dead = [members.remove(3), members.remove(1)];
    dead.iter().for_each(|member| member.signal("KILL"));
    for said in members.into_iter().map(Process::finish) {
        assert_eq!(said.code, Some(75), "{}", said.err);
        assert!(said.err.contains("player 1 (bob) is gone") || said.err.contains("the dealer is gone"), "{}", said.err);
        expect_line(&said);
    }
}

fn before_the_start_it_may_come_back() {
    let cluster = Cluster::new(PRODUCT, 2);
    let first = cluster.player(0, "--input x=4");
    let lost = cluster.player(1, "--input y=5");
    // Both are there when each misses the dealer alone.
    [&first, &lost].iter().for_each(|player| player.notes("waiting for the dealer"));
    lost.signal("KILL");
    drop(lost.finish());
    first.notes("is gone before the start: waiting for it again");
    let all = [first, cluster.player(1, "--input y=6"), cluster.dealer("")].map(Process::finish);
    expect_code(&all, 0);
    assert_eq!(all[0].out, "z -> all: 24\n");
}

fn falls_silent(victim: usize, who: &str) {
    let cluster = Cluster::new(LONG, 3);
    cluster.edit(|text| text.replace("idle = \"20s\"", "idle = \"1s\""));
    let mut members = start(&cluster, "turn 400");
    let silent = members.remove(victim);
    silent.signal("STOP");
    let players = if victim == 3 { 3 } else { 2 };
    for (at, member) in members.into_iter().enumerate() {
        let said = member.finish();
        let who = if at == players { who.split(" (").next().unwrap_or_default() } else { who };
        expect_loss(&said, who, "nothing was heard from it for 1s");
    }
    // It wakes up alone, and learns it.
    silent.signal("CONT");
    let said = silent.finish();
    assert_eq!(said.code, Some(75), "{}", said.err);
    assert_eq!(said.err.matches("error").count(), 1, "{}", said.err);
}

fn a_pause_is_no_loss() {
    let source = LONG.replace("s - a", "s - 1999");
    let cluster = Cluster::new(&source, 3);
    let members = cluster.start(&["--input a=2000", "", ""]);
    members[1].prints("turn 0");
    members[1].signal("STOP");
    // Unless all is over already, the others say whom they wait for, and where.
    members[0].notes("waiting for player 1 (bob) at model.mpc:5 for 2 s");
    members[1].signal("CONT");
    let all: Vec<Said> = members.into_iter().map(Process::finish).collect();
    expect_code(&all, 0);
    assert!(all[..3].iter().all(|said| said.out.ends_with("turn 1600\n2000\n")), "{}", all[0].out);
}

fn an_interrupted_player() {
    let cluster = Cluster::new(LONG, 3);
    let mut members = start(&cluster, "turn 0");
    let gone = members.remove(2);
    gone.signal("INT");
    drop(gone.finish());
    for said in members.into_iter().map(Process::finish) {
        assert_eq!(said.code, Some(75), "{}", said.err);
        expect_err(&said, "player 2");
    }
}

fn an_exception_is_the_same_everywhere() {
    let source = "\
role alice
input a: sint from alice
input k: int = 0
def ratio(a: int, b: int) -> int:
    return a // b

s = a * a
print(s.reveal())
print(ratio(7, k))
print(\"never\")
";
    let cluster = Cluster::new(source, 3);
    let mut all = cluster.finish(&["--input a=5", "", ""]);
    // The dealer does not know the program: it has served to the end.
    let dealer = all.pop().expect("the dealer");
    assert_eq!((dealer.code, dealer.err.as_str()), (Some(0), ""));
    expect_code(&all, 1);
    for said in &all {
        expect_err(said, "error: ZeroDivisionError: ");
        expect_err(said, "at model.mpc:5");
        assert_eq!(said.out, "25\n");
    }
    // The same program with another parameter is all right.
    let all = cluster.finish(&["--input a=5 --input k=2", "--input k=2", "--input k=2"]);
    expect_code(&all, 0);
    assert_eq!(all[2].out, "25\n3\nnever\n");
}

fn a_failed_assertion() {
    let source = "role alice\ninput a: sint from alice\nopen = a.reveal()\nassert open > 3, f\"{open} is too small\"\n";
    let cluster = Cluster::new(source, 2);
    let all = cluster.finish(&["--input a=2", ""]);
    expect_code(&all[..2], 1);
    for said in &all[..2] {
        expect_err(said, "AssertionError: 2 is too small\n  at model.mpc:4");
    }
}

/// One player cannot keep what it learned: the others are not told why, but by whom.
fn an_output_that_cannot_be_written() {
    let source = "role alice\ninput a: sint from alice\noutput z: sint to all\nz = a + 1\nprint(\"ready\")\n";
    let cluster = Cluster::new(source, 2);
    std::fs::create_dir(cluster.file("out")).expect("a test can make a folder");
    let players = [cluster.player(0, "--input a=5 --output z=out/z.csv"), cluster.player(1, "")];
    // The folder was there when the player looked.
    players[0].notes("waiting for the dealer");
    std::fs::remove_dir(cluster.file("out")).expect("the folder is there");
    let dealer = cluster.dealer("");
    let all = players.map(Process::finish);
    assert_eq!(all[0].code, Some(71), "{}", all[0].err);
    expect_err(&all[0], "out/z.csv");
    assert_eq!(all[1].code, Some(71), "{}", all[1].err);
    expect_err(&all[1], "player 0 (alice) stopped: it could not write its outputs");
    assert!(!all[1].err.contains("z.csv"));
    drop(dealer);
}

/// The processes that a process has started and that run.
fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let all = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    all.filter(|id| stat(*id).is_some_and(|(state, of)| of == parent && state != 'Z')).collect()
}

/// State and parent of a process.
fn stat(id: u32) -> Option<(char, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut rest = text.rsplit_once(')')?.1.split_whitespace();
    Some((rest.next()?.chars().next()?, rest.next()?.parse().ok()?))
}

/// Ends `mpcc run`, or a player of it: nothing is left, neither processes nor files.
fn run_ends(signal: &str, player: bool) {
    let cluster = Cluster::new(LONG, 3);
    let temporary = cluster.file("tmp");
    std::fs::create_dir(&temporary).expect("a test can make a folder");
    let mut command = crate::binaries::command("mpcc");
    command.current_dir(cluster.path()).env("TMPDIR", &temporary).args(["run", "model.mpc", "--input", "a=1000000000"]);
    let run = Process::spawn("mpcc run", command);
    run.prints("turn 400");
    let players = children(run.id());
    assert_eq!(players.len(), 4, "three players and the dealer");
    if player {
        kill(players[1]);
    } else {
        run.signal(signal);
    }
    let said = run.finish();
    if player {
        assert_eq!(said.code, Some(75), "{}", said.err);
        expect_err(&said, "is gone: its process has ended; at model.mpc:");
    }
    await_true("processes are left", || players.iter().all(|id| stat(*id).is_none_or(|(state, _)| state == 'Z')));
    await_true("files are left", || is_empty(&temporary));
}

fn kill(id: u32) {
    let status = std::process::Command::new("sh").args(["-c", &format!("kill -KILL {id}")]).status();
    assert!(status.is_ok_and(|status| status.success()));
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// Looks again and again until something is true.
fn await_true(otherwise: &str, found: impl Fn() -> bool) {
    let start = Instant::now();
    while !found() {
        assert!(start.elapsed() < PATIENCE, "{otherwise}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
