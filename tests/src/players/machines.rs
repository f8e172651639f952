//! Separate machines: identities, the cluster file, start orders, files in and out, reports.

use super::arrays::{floats, integers, npz};
use super::cluster::{Cluster, PRODUCT, expect_code, expect_err, words};
use super::process::Process;
use super::trial;
use libtest_mimic::Trial;
use serde_json::Value;
use std::collections::HashSet;

const THREE: &str = "\
role north, south, west

input a: sfix[n] from north
input b: sfix[n] from south
input c: sint[n] from west
input factor: int = 1
output mixed: sfix[n] to north, west
output counts: sint[n] to south
output large: sbool[n] to all

print(f\"{n} rows\")
mixed = (a + b) * factor
counts = c * c
large = a > b
";

/// All trials.
pub fn trials() -> Vec<Trial> {
    let one = |name, check| trial("machines", name, check);
    vec![
        one("init_makes_private_keys_and_one_file", init_makes_private_keys_and_one_file),
        one("init_takes_hosts", init_takes_hosts),
        one("init_overwrites_nothing", init_overwrites_nothing),
        one("init_refuses_what_cannot_be", init_refuses_what_cannot_be),
        one("dealer_first", || any_order(&[3, 0, 1, 2])),
        one("dealer_last", || any_order(&[2, 1, 0, 3])),
        one("dealer_in_between", || any_order(&[1, 3, 2, 0])),
        one("files_in_and_out", files_in_and_out),
        one("each_writes_its_report", each_writes_its_report),
        one("the_file_is_found", the_file_is_found),
        one("the_identity_may_lie_elsewhere", the_identity_may_lie_elsewhere),
        one("a_wide_ring", a_wide_ring),
        one("plain_players_need_no_dealer", plain_players_need_no_dealer),
        one("roles_go_where_the_file_says", roles_go_where_the_file_says),
        one("names_of_the_file_are_used", names_of_the_file_are_used),
        one("a_wrong_file_is_explained", a_wrong_file_is_explained),
        one("twice_the_same_player", twice_the_same_player),
    ]
}

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).expect("the file exists").permissions().mode() & 0o777
}

fn init_makes_private_keys_and_one_file() {
    let cluster = Cluster::new(PRODUCT, 3);
    let text = cluster.text();
    assert_eq!(text.matches("[[player]]").count(), 3);
    assert_eq!(text.matches("[dealer]").count(), 1);
    assert!(text.contains("sharing = \"additive\"") && text.contains("ring = 64"));
    let keys: HashSet<String> = (0..4).map(|index| cluster.key(index)).collect();
    assert!(keys.len() == 4 && keys.iter().all(|key| key.len() == 64));
    let addresses: HashSet<String> = (0..4).map(|index| cluster.address(index)).collect();
    assert_eq!(addresses.len(), 4);
    for folder in ["player0", "player1", "player2", "dealer"] {
        let key = cluster.file(&format!("cluster/{folder}/key.pem"));
        assert_eq!(mode(&key), 0o600, "{folder}");
        let secret = std::fs::read_to_string(key).expect("a key is text");
        assert!(secret.contains("PRIVATE KEY"));
        assert!(cluster.file(&format!("cluster/{folder}/cert.pem")).is_file());
        let line = secret.lines().nth(1).expect("a key has a line");
        assert!(!text.contains(line), "the cluster file has a private key");
    }
}

fn init_takes_hosts() {
    let cluster = Cluster::new(PRODUCT, 2);
    let said =
        cluster.run("mpcvm", &words("init -n 2 --out far --host a.example,[::1]:7000,10.0.0.9 --base-port 6000"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    let text = String::from_utf8(cluster.read("far/cluster.toml")).expect("text");
    for address in ["a.example:6000", "[::1]:7000", "10.0.0.9:6002"] {
        assert!(text.contains(&format!("address = \"{address}\"")), "{text}");
    }
}

fn init_overwrites_nothing() {
    let cluster = Cluster::new(PRODUCT, 2);
    let files = ["cluster/cluster.toml", "cluster/player0/key.pem", "cluster/dealer/cert.pem"];
    let before: Vec<_> = files.iter().map(|file| cluster.read(file)).collect();
    let again = || cluster.run("mpcvm", &words("init -n 2 --out cluster"));
    let said = again();
    assert_eq!(said.code, Some(78), "{}", said.err);
    expect_err(&said, "exists and is not overwritten");
    // One key alone is enough to stop it.
    std::fs::remove_file(cluster.file("cluster/cluster.toml")).expect("the file exists");
    let said = again();
    assert_eq!(said.code, Some(78), "{}", said.err);
    expect_err(&said, "key.pem exists and is not overwritten");
    assert!(!cluster.file("cluster/cluster.toml").exists());
    let after: Vec<_> = files[1..].iter().map(|file| cluster.read(file)).collect();
    assert_eq!(before[1..], after);
}

fn init_refuses_what_cannot_be() {
    let cluster = Cluster::new(PRODUCT, 2);
    for (line, code, text) in [
        ("init -n 1 --out new", 64, "additive needs 2 to 64 players"),
        ("init -n 65 --out new", 64, "additive needs 2 to 64 players"),
        ("init -n 2 --out new --ring 32", 64, "there is no ring of 32 bits"),
        ("init -n 2 --out new --sharing shamir", 64, "the schemes are plain, additive"),
        ("init -n 2 --out new --host a,b,c,d", 64, "4 hosts for 3"),
        ("init -n 3 --out new --base-port 65534", 64, "no port is left"),
        ("init --out new", 64, "--players <N>"),
        ("init -n 2", 64, "--out <DIR>"),
        ("init -n 2 --out model.mpc", 78, "cannot create"),
    ] {
        let said = cluster.run("mpcvm", &words(line));
        assert_eq!(said.code, Some(code), "{line}: {}", said.err);
        expect_err(&said, text);
        assert!(!cluster.file("new").exists(), "{line} made something");
    }
}

/// Starts members in an order, each once the one before it runs, and checks what each learns.
fn any_order(order: &[usize]) {
    let cluster = Cluster::new(THREE, 3);
    let each = ["--input a=[0.5,-2]", "--input b=[0.25,3]", "--input c=[4,-5]"];
    let mut all: Vec<(usize, Process)> = Vec::new();
    for &index in order {
        let member = if index < 3 {
            cluster.player(index, &format!("{} --input factor=2", each[index]))
        } else {
            cluster.dealer("")
        };
        all.push((index, member));
    }
    all.sort_by_key(|(index, _)| *index);
    let all: Vec<_> = all.into_iter().map(|(_, member)| member.finish()).collect();
    expect_code(&all, 0);
    let out: Vec<&str> = all.iter().map(|said| said.out.as_str()).collect();
    let mixed = "mixed -> north, west: [1.5, 2.0]\n";
    let large = "large -> all: [True, False]\n";
    assert_eq!(out[0], format!("2 rows\n{mixed}{large}"));
    assert_eq!(out[1], format!("2 rows\ncounts -> south: [16, 25]\n{large}"));
    assert_eq!(out[2], format!("2 rows\n{mixed}{large}"));
    assert_eq!(out[3], "");
    assert!(all.iter().all(|said| said.err.is_empty()), "{:?}", all.iter().map(|said| &said.err).collect::<Vec<_>>());
}

fn files_in_and_out() {
    let cluster = Cluster::new(THREE, 3);
    cluster.write("mine.npy", floats(&[1.0, 0.0, -0.5]));
    cluster.write("theirs.csv", "id,b\nx,0.5\ny,-1\nz,7\n");
    cluster.write("third.npz", npz(&[("other", integers(&[9])), ("counts", integers(&[3, 2, 1]))]));
    let all = cluster.finish(&[
        "--input a=mine.npy --output mixed=mixed.npy --output large=large.csv",
        "--input b=theirs.csv:b --output counts=counts.csv --output large=large.npz",
        "--input c=third.npz:counts --output mixed=mixed.csv",
    ]);
    expect_code(&all, 0);
    assert_eq!(cluster.read("mixed.npy"), floats(&[1.5, -1.0, 6.5]));
    assert_eq!(cluster.read("mixed.csv"), b"mixed\n1.5\n-1.0\n6.5\n");
    assert_eq!(cluster.read("counts.csv"), b"counts\n9\n4\n1\n");
    assert_eq!(cluster.read("large.csv"), b"large\nTrue\nTrue\nFalse\n");
    assert_eq!(&cluster.read("large.npz")[..4], b"PK\x03\x04");
    let out: Vec<&str> = all.iter().map(|said| said.out.as_str()).collect();
    assert_eq!(out[..2], ["3 rows\n", "3 rows\n"]);
    assert_eq!(out[2], "3 rows\nlarge -> all: [True, True, False]\n");
    // Nothing half written is left beside them.
    let left = std::fs::read_dir(cluster.path()).expect("the folder").filter_map(Result::ok);
    assert!(left.into_iter().all(|entry| !entry.file_name().to_string_lossy().ends_with(".part")));
}

fn each_writes_its_report() {
    let cluster = Cluster::new(PRODUCT, 2);
    let players =
        [cluster.player(0, "--input x=6 --report r0.json"), cluster.player(1, "--input y=7 --report r1.json")];
    let dealer = cluster.dealer("--report rd.json");
    let all: Vec<_> = players.into_iter().chain([dealer]).map(Process::finish).collect();
    expect_code(&all, 0);
    let hash = cluster.run("mpcc", &words("model.mpc")).err;
    let read = |name: &str| -> Value { serde_json::from_slice(&cluster.read(name)).expect("a report is JSON") };
    for (index, name) in ["r0.json", "r1.json"].iter().enumerate() {
        let report = read(name);
        assert_eq!(report["player"], index, "{report}");
        let own = report["program_hash"].as_str().expect("a hash");
        assert!(own.len() == 64 && hash.contains(own), "{own} is not in {hash}");
        // An input, a product's two openings, an output.
        assert!(report["rounds"].as_u64().is_some_and(|rounds| (2..=4).contains(&rounds)), "{report}");
        for key in ["bytes_sent", "bytes_received", "peak_memory_bytes"] {
            assert!(report[key].as_u64().is_some_and(|value| value > 0), "{key} of {report}");
        }
        for key in ["preprocessing_seconds", "online_seconds"] {
            assert!(report[key].as_f64().is_some_and(|value| (0.0..60.0).contains(&value)), "{key} of {report}");
        }
    }
    assert_eq!(read("rd.json")["player"], Value::Null);
    // What the two and the dealer sent is what they received.
    let sum = |key: &str| {
        ["r0.json", "r1.json", "rd.json"].iter().map(|name| read(name)[key].as_u64().unwrap_or(0)).sum::<u64>()
    };
    assert_eq!(sum("bytes_sent"), sum("bytes_received"));
}

fn the_file_is_found() {
    let cluster = Cluster::new(PRODUCT, 2);
    // By the variable, by its place, by its place in a folder.
    std::fs::create_dir(cluster.file("at")).expect("a test can make a folder");
    for name in ["cluster.toml", "player0", "player1", "dealer"] {
        let (from, to) = (cluster.file(&format!("cluster/{name}")), cluster.file(&format!("at/{name}")));
        std::os::unix::fs::symlink(from, to).expect("a test can make a link");
    }
    let start = |index: usize, folder: &str, config: Option<&str>| {
        let mut command = crate::binaries::command("mpcvm");
        command.current_dir(cluster.file(folder));
        if let Some(config) = config {
            command.env("MPC_CONFIG", cluster.file(config));
        }
        let model = cluster.file("model.mpcb");
        match index {
            2 => command.arg("dealer"),
            0 => command.args(["--player", "0", "--input", "x=5"]).arg(model),
            _ => command.args(["--player", "1", "--input", "y=8"]).arg(model),
        };
        Process::spawn(&format!("member {index}"), command)
    };
    let all = [start(0, "cluster/dealer", Some("cluster/cluster.toml")), start(1, "at", None), start(2, ".", None)];
    let all = all.map(Process::finish);
    expect_code(&all, 0);
    assert_eq!(all[0].out, "z -> all: 40\n");
    let nowhere = start(0, "cluster/dealer", None).finish();
    assert_eq!(nowhere.code, Some(78), "{}", nowhere.err);
    expect_err(&nowhere, "no cluster file: give --config FILE, set MPC_CONFIG, or make one with `mpcvm init`");
    let wrong = start(0, ".", Some("cluster/none.toml")).finish();
    assert_eq!(wrong.code, Some(78), "{}", wrong.err);
    expect_err(&wrong, "none.toml: ");
}

fn the_identity_may_lie_elsewhere() {
    let cluster = Cluster::new(PRODUCT, 2);
    std::fs::rename(cluster.file("cluster/player1"), cluster.file("secret")).expect("a test can move a folder");
    let gone = cluster.player(1, "--input y=2").finish();
    assert_eq!(gone.code, Some(78));
    expect_err(&gone, "cluster/player1/key.pem");
    expect_code(&cluster.finish(&["--input x=2", "--input y=2 --identity secret"]), 0);
}

fn a_wide_ring() {
    let source = format!("precision fix(bits=80, frac=40)\n{}", PRODUCT.replace("sint", "sfix"));
    let cluster = Cluster::with(&source, 2, "additive", 128);
    let all = cluster.finish(&["--input x=30000000000", "--input y=0.5"]);
    expect_code(&all, 0);
    assert_eq!(all[1].out, "z -> all: 15000000000.0\n");
}

fn plain_players_need_no_dealer() {
    let cluster = Cluster::with(PRODUCT, 2, "plain", 64);
    assert!(!cluster.text().contains("dealer"));
    let dealer = cluster.dealer("").finish();
    assert_eq!(dealer.code, Some(78));
    expect_err(&dealer, "sharing plain has no dealer");
}

fn roles_go_where_the_file_says() {
    let cluster = Cluster::new(PRODUCT, 3);
    cluster.edit(|text| format!("{text}alice = 2\nbob = 0\n"));
    let all = cluster.finish(&["--input y=3", "", "--input x=-4"]);
    expect_code(&all, 0);
    assert!(all[..3].iter().all(|said| said.out == "z -> all: -12\n"));
    cluster.edit(|text| format!("{text}carol = 1\n"));
    let wrong = cluster.player(0, "--input y=3").finish();
    assert_eq!(wrong.code, Some(78));
    expect_err(&wrong, "the program has no role `carol`; its roles: alice, bob");
}

fn names_of_the_file_are_used() {
    let cluster = Cluster::new(PRODUCT, 2);
    cluster.edit(|text| text.replace("name = \"player1\"", "name = \"St. Mary's\""));
    let all = cluster.finish(&["--input x=1", ""]);
    expect_code(&all, 65);
    expect_err(&all[0], "player 1 (St. Mary's): input `y` is missing");
}

fn a_wrong_file_is_explained() {
    let cluster = Cluster::new(PRODUCT, 2);
    type Change = fn(&str) -> String;
    let cases: [(Change, &str); 9] = [
        (|text| text.replace("ring = 64", "ring = 65"), "ring = 65: a ring has 64 or 128 bits"),
        (|text| text.replace("ring =", "rings ="), "unknown field `rings`"),
        (|text| text.replace("wait = \"30s\"", "wait = \"30\""), "`30` is no time"),
        (|text| text.replace("idle = \"20s\"", "idle = \"1ms\""), "players need at least 200ms"),
        (|text| text.replace("\"additive\"", "\"shamir\""), "shamir"),
        (|text| text.replacen("key = \"", "key = \"x", 1), "64 hexadecimal digits"),
        (|text| text.replacen("127.0.0.1:", "127.0.0.1;", 1), "write host:port"),
        (|text| text.split("[dealer]").next().unwrap_or_default().to_owned(), "needs a [dealer]"),
        (|text| format!("{text}alice = 7\n"), "players are 0 to 1"),
    ];
    for (change, text) in cases {
        let config = cluster.own_file(0, change);
        let said = cluster.player_of(&config, "model.mpcb", 0, "--input x=1").finish();
        assert_eq!(said.code, Some(78), "{text}: {}", said.err);
        expect_err(&said, text);
        expect_err(&said, "own0.toml");
    }
    let said = cluster.player(2, "").finish();
    assert_eq!(said.code, Some(64), "{}", said.err);
    expect_err(&said, "there is no player 2, the last is 1");
}

fn twice_the_same_player() {
    let cluster = Cluster::new(PRODUCT, 2);
    let first = cluster.player(0, "--input x=2");
    // It holds its port once it names those that are missing.
    first.notes("waiting for player 1");
    let second = cluster.player(0, "--input x=3").finish();
    assert_eq!(second.code, Some(78), "{}", second.err);
    expect_err(&second, &format!("cannot receive at {}", cluster.address(0)));
    let all = [first, cluster.player(1, "--input y=5"), cluster.dealer("")].map(Process::finish);
    expect_code(&all, 0);
    assert_eq!(all[0].out, "z -> all: 10\n");
}
