//! Who is let in: the holders of the pinned keys, each as itself, and nobody else.

use super::cluster::{Cluster, PRODUCT, expect_code, expect_err, words};
use super::process::Process;
use super::trial;
use libtest_mimic::Trial;
use mpcvm::config;
use mpcvm::identity::Identity;
use mpcvm::net::quic::{self, Settings};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// All trials.
pub fn trials() -> Vec<Trial> {
    let one = |name, check| trial("authentication", name, check);
    vec![
        one("a_stranger_in_a_players_place", a_stranger_in_a_players_place),
        one("a_stranger_in_the_dealers_place", a_stranger_in_the_dealers_place),
        one("a_stranger_does_not_disturb", a_stranger_does_not_disturb),
        one("the_folder_of_another", the_folder_of_another),
        one("a_player_that_plays_another", a_player_that_plays_another),
        one("swapped_addresses", swapped_addresses),
        one("an_expired_certificate", an_expired_certificate),
        one("an_expired_certificate_on_the_wire", || on_the_wire(-3, "expired on")),
        one("a_premature_certificate_on_the_wire", || on_the_wire(1, "is not valid before")),
        one("a_swapped_certificate", a_swapped_certificate),
        one("a_readable_key", a_readable_key),
        one("damaged_keys", damaged_keys),
    ]
}

/// The cluster file with the key of one member exchanged for another text.
fn with_key(cluster: &Cluster, index: usize, key: &str) -> String {
    cluster.text().replace(&cluster.key(index), key)
}

/// A cluster, and another that was made alike: its members are strangers, with cluster files in which they stand.
fn with_stranger(index: usize, wait: &str) -> (Cluster, String, String) {
    let cluster = Cluster::new(PRODUCT, 2);
    cluster.edit(|text| text.replace("wait = \"30s\"", &format!("wait = \"{wait}\"")));
    let said = cluster.run("mpcvm", &words("init -n 2 --out strange"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    let folder = if index == 2 { "strange/dealer".into() } else { format!("strange/player{index}") };
    let identity = Identity::load(&cluster.file(&folder)).expect("a new identity can be read");
    let text = with_key(&cluster, index, &identity.public().to_string());
    let config = cluster.own_file(index, |_| text);
    (cluster, config, folder)
}

fn a_stranger_in_a_players_place() {
    let (cluster, config, folder) = with_stranger(1, "3s");
    let stranger = cluster.player_of(&config, "model.mpcb", 1, &format!("--input y=1 --identity {folder}"));
    let all = [cluster.player(0, "--input x=31337"), stranger, cluster.dealer("")].map(Process::finish);
    expect_code(&all, 69);
    // Player 0 is called by it, the dealer calls it.
    expect_err(&all[0], "refused a connection from 127.0.0.1: its key");
    expect_err(&all[0], "is not in the cluster file");
    expect_err(&all[0], &format!("cannot reach player 1 (bob) ({})", cluster.address(1)));
    expect_err(&all[2], &format!("player 1 ({}): what answers there is not it: its key", cluster.address(1)));
    expect_err(&all[1], "it refuses this player's key or certificate");
    assert!(all[0].err.matches("its key").count() <= 2, "said again and again:\n{}", all[0].err);
    assert!(all[1].out.is_empty() && !all[1].err.contains("31337"));
}

fn a_stranger_in_the_dealers_place() {
    let (cluster, config, folder) = with_stranger(2, "3s");
    let line = format!("dealer --config {config} --identity {folder}");
    let stranger = Process::start("the stranger", "mpcvm", cluster.path(), &words(&line));
    let all = [cluster.player(0, "--input x=3"), cluster.player(1, "--input y=2"), stranger].map(Process::finish);
    expect_code(&all, 69);
    for player in &all[..2] {
        expect_err(player, "is not in the cluster file");
        expect_err(player, &format!("cannot reach the dealer ({})", cluster.address(2)));
    }
}

fn a_stranger_does_not_disturb() {
    let (cluster, config, folder) = with_stranger(1, "30s");
    let waiting = [cluster.player(0, "--input x=3"), cluster.dealer("")];
    let stranger = cluster.player_of(&config, "model.mpcb", 1, &format!("--input y=1 --identity {folder}"));
    waiting.iter().for_each(|member| member.notes("its key"));
    stranger.signal("KILL");
    drop(stranger.finish());
    let right = cluster.player(1, "--input y=5").finish();
    let all = waiting.map(Process::finish);
    expect_code(&all, 0);
    assert_eq!((right.code, right.out.as_str()), (Some(0), "z -> all: 15\n"), "{}", right.err);
    assert_eq!(all[0].out, "z -> all: 15\n");
}

fn the_folder_of_another() {
    let cluster = Cluster::new(PRODUCT, 2);
    let said = cluster.player(1, "--input y=1 --identity cluster/player0").finish();
    assert_eq!(said.code, Some(78), "{}", said.err);
    expect_err(&said, "which is that of player 0 (alice), but the cluster file says ");
    expect_err(&said, &format!("{}… for player 1", &cluster.key(1)[..12]));
}

fn a_player_that_plays_another() {
    // Player 1 and 2 are one person, who wants to be player 1 with the key of player 2.
    let cluster = Cluster::new(PRODUCT, 3);
    cluster.edit(|text| text.replace("wait = \"30s\"", "wait = \"3s\""));
    let (one, two) = (cluster.key(1), cluster.key(2));
    let config = cluster.own_file(1, |text| text.replace(&one, "?").replace(&two, &one).replace('?', &two));
    let wrong = cluster.player_of(&config, "model.mpcb", 1, "--input y=1 --identity cluster/player2");
    let all = [cluster.player(0, "--input x=3"), wrong, cluster.dealer("")].map(Process::finish);
    expect_code(&all, 69);
    expect_err(&all[0], "refused a connection from 127.0.0.1: player 2: it claims to be peer 1 calling peer 0");
    expect_err(&all[0], "player 1 (bob)");
    expect_err(&all[2], "what answers there is not it: its key is that of player 2");
    expect_err(&all[1], "it refuses this player");
}

fn swapped_addresses() {
    let cluster = Cluster::new(PRODUCT, 2);
    cluster.edit(|text| text.replace("wait = \"30s\"", "wait = \"3s\""));
    let (zero, one) = (cluster.address(0), cluster.address(1));
    let config = cluster.own_file(2, |text| text.replace(&zero, "?").replace(&one, &zero).replace('?', &one));
    let dealer = Process::start("the dealer", "mpcvm", cluster.path(), &words(&format!("dealer --config {config}")));
    let all = [cluster.player(0, "--input x=3"), cluster.player(1, "--input y=3"), dealer].map(Process::finish);
    expect_code(&all, 69);
    expect_err(&all[2], &format!("player 0 ({one}): what answers there is not it: its key is that of player 1"));
}

/// An identity that is valid for a day, from some days from now on, in the place of a player's.
fn dated(cluster: &Cluster, index: usize, days: i64) -> Identity {
    let day = Duration::from_secs(24 * 3600);
    let distance = day * u32::try_from(days.unsigned_abs()).expect("a few days");
    let from = if days < 0 { SystemTime::now() - distance } else { SystemTime::now() + distance };
    let identity = Identity::create_valid("dated", from, day).expect("an identity can be made");
    let text = with_key(cluster, index, &identity.public().to_string());
    cluster.edit(|_| text);
    identity
}

fn an_expired_certificate() {
    let cluster = Cluster::new(PRODUCT, 2);
    dated(&cluster, 1, -3).write(&cluster.file("old")).expect("a test can write a key");
    let said = cluster.player(1, "--input y=1 --identity old").finish();
    assert_eq!(said.code, Some(78), "{}", said.err);
    expect_err(&said, "old/cert.pem: the certificate expired on");
}

/// A player that does not look at its own certificate calls the others, who do.
fn on_the_wire(days: i64, word: &str) {
    let cluster = Cluster::new(PRODUCT, 2);
    cluster.edit(|text| text.replace("wait = \"30s\"", "wait = \"3s\""));
    let identity = dated(&cluster, 1, days);
    let honest = [cluster.player(0, "--input x=3"), cluster.dealer("")];
    let file = config::Cluster::load(&cluster.file("cluster/cluster.toml")).expect("the file is right");
    let peers = file.resolve().expect("the addresses are right");
    let socket = quic::bind(peers[1].address).expect("the port is free");
    let sink: mpcvm::net::Sink = Arc::new(|_| ());
    let settings = Settings { me: 1, players: 2, peers, identity, wait: file.wait, idle: file.idle, sink };
    let wrong = quic::connect(socket, settings).map(drop).expect_err("nobody lets it in");
    assert_eq!(wrong.exit_code(), 69, "{wrong}");
    let all = honest.map(Process::finish);
    expect_code(&all, 69);
    for said in &all {
        expect_err(said, "the certificate of player 1");
        expect_err(said, word);
    }
}

fn a_swapped_certificate() {
    let cluster = Cluster::new(PRODUCT, 2);
    std::fs::copy(cluster.file("cluster/player0/cert.pem"), cluster.file("cluster/player1/cert.pem"))
        .expect("a test can copy");
    let said = cluster.player(1, "--input y=1").finish();
    assert_eq!(said.code, Some(78), "{}", said.err);
    expect_err(&said, "cluster/player1/cert.pem: the certificate is not for the key in key.pem beside it");
}

fn a_readable_key() {
    use std::os::unix::fs::PermissionsExt;
    let cluster = Cluster::new(PRODUCT, 2);
    for mode in [0o640, 0o604, 0o660] {
        let key = cluster.file("cluster/player0/key.pem");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("a test can set a mode");
        let said = cluster.player(0, "--input x=1").finish();
        assert_eq!(said.code, Some(78), "{}", said.err);
        expect_err(&said, &format!("cluster/player0/key.pem can be read by others (mode {mode:03o}): run `chmod 600`"));
    }
}

fn damaged_keys() {
    let cluster = Cluster::new(PRODUCT, 2);
    let key = String::from_utf8(cluster.read("cluster/player0/key.pem")).expect("PEM is text");
    let secret = key.lines().nth(1).expect("PEM has lines").to_owned();
    for (text, problem) in
        [("", "holds no PKCS #8 private key in PEM"), (&key[..key.len() / 2], "holds no PKCS #8 private key in PEM")]
    {
        // The file stays, and with it its mode.
        cluster.write("cluster/player0/key.pem", text);
        let said = cluster.player(0, "--input x=1").finish();
        assert_eq!(said.code, Some(78), "{}", said.err);
        expect_err(&said, problem);
        assert!(!said.err.contains(&secret) && !said.err.contains(&secret[..16]));
    }
}
