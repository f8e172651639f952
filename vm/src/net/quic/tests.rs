use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::SystemTime;

use bytes::Bytes;

use super::*;
use crate::net::{Net, Operation, memory};

/// Everything that a test's players need, each on a port of its own.
struct Cluster {
    sockets: Vec<Option<UdpSocket>>,
    settings: Vec<Option<Settings>>,
    notes: mpsc::Receiver<String>,
}

impl Cluster {
    fn new(players: usize, with_dealer: bool) -> Cluster {
        let count = players + usize::from(with_dealer);
        Cluster::with(players, (0..count).map(|index| Identity::create(&format!("peer {index}")).unwrap()).collect())
    }

    fn with(players: usize, identities: Vec<Identity>) -> Cluster {
        let sockets: Vec<_> = identities.iter().map(|_| socket()).collect();
        let peer = |(identity, socket): (&Identity, &UdpSocket)| Peer {
            name: None,
            address: socket.local_addr().unwrap(),
            key: identity.public(),
        };
        let peers: Vec<_> = identities.iter().zip(&sockets).map(peer).collect();
        let (notes, collected) = mpsc::channel();
        let sink: Sink = Arc::new(move |note: &str| drop(notes.send(note.to_owned())));
        let settings = |(me, identity)| {
            let (wait, idle) = (Duration::from_secs(30), Duration::from_secs(10));
            let (peers, sink) = (peers.clone(), Arc::clone(&sink));
            Some(Settings { me, players, peers, identity, wait, idle, sink })
        };
        let settings = identities.into_iter().enumerate().map(settings).collect();
        Cluster { sockets: sockets.into_iter().map(Some).collect(), settings, notes: collected }
    }

    fn change(&mut self, me: usize, change: impl FnOnce(&mut Settings)) -> &mut Cluster {
        change(self.settings[me].as_mut().unwrap());
        self
    }

    /// What starts a player.
    fn starter(&mut self, me: usize) -> impl FnOnce() -> Result<(Session, Ports), NetError> + Send + use<> {
        let (socket, settings) = (self.sockets[me].take().unwrap(), self.settings[me].take().unwrap());
        move || connect(socket, settings)
    }

    /// Runs all players, each in a thread.
    fn run<T: Send>(&mut self, body: impl Fn(Session, Ports) -> T + Sync) -> Vec<Result<T, NetError>> {
        let starters: Vec<_> = (0..self.settings.len()).map(|me| self.starter(me)).collect();
        let run = |start: Box<dyn FnOnce() -> Result<(Session, Ports), NetError> + Send>| {
            start().map(|(session, ports)| body(session, ports))
        };
        thread::scope(|scope| {
            let run = &run;
            let threads: Vec<_> = starters.into_iter().map(|start| scope.spawn(move || run(Box::new(start)))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    fn said(&self) -> Vec<String> {
        self.notes.try_iter().collect()
    }
}

fn socket() -> UdpSocket {
    bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap()
}

fn number(value: u64) -> Bytes {
    Bytes::copy_from_slice(&value.to_le_bytes())
}

/// Rounds in which every player sends a number and gets all others'.
fn echo(net: &mut dyn Net, rounds: u64) -> Result<u64, NetError> {
    let mut sum = 0;
    for round in 0..rounds {
        net.set_line(round as u32 + 1);
        net.broadcast(Operation::Open, number(round + net.me() as u64))?;
        for (_, payload) in net.gather(Operation::Open)? {
            sum += u64::from_le_bytes(payload[..].try_into().unwrap());
        }
        net.count_round();
    }
    Ok(sum)
}

#[test]
fn rounds_and_counters_are_those_of_memory() {
    let body = |net: &mut dyn Net| (echo(net, 200).unwrap(), net.counters());
    let quic = Cluster::new(3, true).run(|session, mut ports| {
        let result = if ports.online.me() < 3 { Some(body(&mut ports.online)) } else { None };
        session.finish().unwrap();
        result
    });
    let memory = memory::simulate(3, true, |net| if net.me() < 3 { Some(body(net)) } else { None });
    assert_eq!(quic.into_iter().map(Result::unwrap).collect::<Vec<_>>(), memory);
}

#[test]
fn long_messages_go_both_ways_at_once_and_are_aligned() {
    let long = Bytes::from((0..64 << 20).map(|i: u32| (i % 251) as u8).collect::<Vec<_>>());
    let results = Cluster::new(2, false).run(|session, mut ports| {
        let net = &mut ports.online;
        net.broadcast(Operation::Multiply, long.clone()).unwrap();
        net.broadcast(Operation::Open, number(7)).unwrap();
        let got = net.recv(1 - net.me(), Operation::Multiply).unwrap();
        let short = net.recv(1 - net.me(), Operation::Open).unwrap();
        session.finish().unwrap();
        (got == long, got.as_ptr().align_offset(16), short)
    });
    results.into_iter().for_each(|result| assert_eq!(result.unwrap(), (true, 0, number(7))));
}

#[test]
fn channels_do_not_wait_for_each_other() {
    let results = Cluster::new(2, false).run(|session, mut ports| {
        let other = 1 - ports.online.me();
        ports.preprocessing.send(other, Operation::Correction, number(1)).unwrap();
        ports.online.send(other, Operation::Open, number(2)).unwrap();
        ports.control.send(other, Operation::Hello, number(3)).unwrap();
        let got = [
            ports.control.recv(other, Operation::Hello).unwrap(),
            ports.online.recv(other, Operation::Open).unwrap(),
            ports.preprocessing.recv(other, Operation::Correction).unwrap(),
        ];
        session.finish().unwrap();
        got
    });
    results.into_iter().for_each(|got| assert_eq!(got.unwrap(), [number(3), number(2), number(1)]));
}

#[test]
fn who_shows_another_key_is_named_and_gets_nowhere() {
    let mut cluster = Cluster::new(2, false);
    let stranger = Identity::create("stranger").unwrap();
    cluster.change(0, |settings| {
        settings.peers[0].key = stranger.public();
        settings.identity = stranger;
        settings.wait = Duration::from_millis(2500);
    });
    cluster.change(1, |settings| settings.wait = Duration::from_millis(2000));
    let results = cluster.run(|_, _| ());
    let error = results[1].as_ref().unwrap_err();
    assert_eq!(error.exit_code(), 69);
    assert!(error.to_string().contains("is not in the cluster file"), "{error}");
    assert_eq!(results[0].as_ref().unwrap_err().exit_code(), 69);
    assert!(cluster.said().iter().any(|note| note.starts_with("player 0 (127.0.0.1:") && note.contains("is not it")));
}

#[test]
fn a_stranger_does_no_harm() {
    let mut cluster = Cluster::new(2, false);
    let address = cluster.settings[0].as_ref().unwrap().peers[0].address;
    let stranger = thread::spawn(stranger_attempt(address, &cluster));
    let results = cluster.run(|session, mut ports| {
        let sum = echo(&mut ports.online, 50);
        session.finish().unwrap();
        sum
    });
    results.into_iter().for_each(|result| assert!(result.unwrap().is_ok()));
    assert!(stranger.join().unwrap());
}

/// A stranger that dials until it is refused or nobody is left.
fn stranger_attempt(address: SocketAddr, cluster: &Cluster) -> impl FnOnce() -> bool + Send + use<> {
    let identity = Identity::create("stranger").unwrap();
    let mut peers = cluster.settings[0].as_ref().unwrap().peers.clone();
    peers[0].address = address;
    peers[1].key = identity.public();
    let sink: Sink = Arc::new(|_| ());
    let (wait, idle) = (Duration::from_millis(1500), Duration::from_secs(2));
    let settings = Settings { me: 1, players: 2, peers, identity, wait, idle, sink };
    move || connect(socket(), settings).is_err()
}

#[test]
fn a_stranger_is_noted_once() {
    let mut cluster = Cluster::new(2, false);
    let address = cluster.settings[0].as_ref().unwrap().peers[0].address;
    cluster.change(0, |settings| settings.wait = Duration::from_millis(3000));
    let attempt = stranger_attempt(address, &cluster);
    let zero = cluster.starter(0);
    let victim = thread::spawn(zero);
    assert!(attempt());
    assert_eq!(victim.join().unwrap().err().unwrap().exit_code(), 69);
    let said = cluster.said();
    let about: Vec<_> = said.iter().filter(|note| note.starts_with("refused a connection from 127.0.0.1")).collect();
    assert_eq!(about.len(), 1, "{said:?}");
    assert!(about[0].contains("is not in the cluster file"));
}

#[test]
fn expired_and_premature_certificates_are_refused() {
    let day = Duration::from_secs(24 * 3600);
    for (from, word) in [(SystemTime::now() - 3 * day, "expired on"), (SystemTime::now() + day, "is not valid before")]
    {
        let bad = Identity::create_valid("bad", from, day).unwrap();
        let mut cluster = Cluster::with(2, vec![Identity::create("good").unwrap(), bad]);
        cluster.change(0, |settings| settings.wait = Duration::from_millis(2000));
        cluster.change(1, |settings| settings.wait = Duration::from_millis(2000));
        let results = cluster.run(|_, _| ());
        assert!(results.iter().all(|result| result.as_ref().unwrap_err().exit_code() == 69));
        let said = cluster.said();
        assert!(
            said.iter().any(|note| note.contains("the certificate of player 1") && note.contains(word)),
            "{said:?}"
        );
    }
}

#[test]
fn swapped_addresses_are_named() {
    let mut cluster = Cluster::new(3, false);
    for me in 0..3 {
        cluster.change(me, |settings| settings.wait = Duration::from_millis(3000));
    }
    cluster.change(2, |settings| {
        let address = settings.peers[0].address;
        settings.peers[0].address = settings.peers[1].address;
        settings.peers[1].address = address;
        settings.wait = Duration::from_millis(2500);
    });
    let results = cluster.run(|_, _| ());
    let error = results[2].as_ref().unwrap_err().to_string();
    assert!(error.contains("player 0") && error.contains("its key is that of player 1"), "{error}");
}

#[test]
fn a_peer_that_claims_another_index_is_refused() {
    let mut cluster = Cluster::new(3, false);
    // Player 2's key, but it counts itself as player 1: only its own cluster file says so.
    cluster.change(2, |settings| {
        settings.me = 1;
        settings.peers.swap(1, 2);
        settings.wait = Duration::from_millis(2000);
    });
    cluster.change(0, |settings| settings.wait = Duration::from_millis(2600));
    let (zero, liar) = (cluster.starter(0), cluster.starter(2));
    let zero = thread::spawn(zero);
    let error = liar().err().unwrap().to_string();
    assert!(error.contains("it refuses this player: it claims to be peer 1 calling peer 0"), "{error}");
    assert!(zero.join().unwrap().is_err());
    let said = cluster.said();
    assert!(said.iter().any(|note| note.contains("player 2: it claims to be peer 1")), "{said:?}");
}

#[test]
fn garbage_on_the_port_does_no_harm() {
    let mut cluster = Cluster::new(2, false);
    let address = cluster.settings[0].as_ref().unwrap().peers[0].address;
    let (stop, stopped) = mpsc::channel::<()>();
    let noise = thread::spawn(move || {
        let socket = socket();
        let mut junk = [0u8; 1300];
        for round in 0u64.. {
            let size = (round * 37 % 1300) as usize;
            junk.iter_mut().enumerate().for_each(|(i, byte)| *byte = (round.wrapping_mul(31) ^ (i as u64 * 17)) as u8);
            let _ = socket.send_to(&junk[..size], address);
            if stopped.try_recv() != Err(mpsc::TryRecvError::Empty) {
                return;
            }
        }
    });
    let results = cluster.run(|session, mut ports| {
        let sum = echo(&mut ports.online, 500);
        session.finish().unwrap();
        sum
    });
    drop(stop);
    noise.join().unwrap();
    assert_eq!(results.into_iter().map(|r| r.unwrap().unwrap()).collect::<Vec<_>>(), [500 * 501 / 2, 500 * 499 / 2]);
}

#[test]
fn a_late_starter_is_waited_for_and_named() {
    let mut cluster = Cluster::new(2, false);
    let (zero, one) = (cluster.starter(0), cluster.starter(1));
    let one = thread::spawn(one);
    let note = cluster.notes.recv().unwrap();
    assert!(note.starts_with("waiting for player 0 (127.0.0.1:") && note.ends_with("for 2 s"), "{note}");
    let (zero, one) = (zero().unwrap(), one.join().unwrap().unwrap());
    let end = thread::spawn(move || zero.0.finish());
    one.0.finish().unwrap();
    end.join().unwrap().unwrap();
}

#[test]
fn all_missing_are_named_in_the_end() {
    let mut cluster = Cluster::new(4, true);
    cluster.change(1, |settings| settings.wait = Duration::from_millis(300));
    let error = cluster.starter(1)().err().unwrap();
    let text = error.to_string();
    assert!(
        ["player 0 (", "player 2 (", "player 3 (", "the dealer ("].iter().all(|name| text.contains(name)),
        "{text}"
    );
    assert_eq!(error.exit_code(), 69);
}

#[test]
fn an_abort_reaches_all_and_names_its_cause() {
    let results = Cluster::new(3, true).run(|session, mut ports| {
        let net = &mut ports.online;
        if net.me() == 1 {
            session.abort(65, "bad input: salary.csv, line 3");
            return None;
        }
        let error = net.recv(if net.me() == 0 { 2 } else { 0 }, Operation::Open).unwrap_err();
        session.abort(error.exit_code(), &error.to_string());
        Some((error.exit_code(), error.to_string()))
    });
    let expected = Some((65, String::from("player 1 stopped: bad input: salary.csv, line 3")));
    // Who is still waiting for others when it comes gets it there.
    let early = |error: NetError| Some((error.exit_code(), error.to_string()));
    let results: Vec<_> = results.into_iter().map(|result| result.unwrap_or_else(early)).collect();
    assert_eq!(results, [expected.clone(), None, expected.clone(), expected]);
}

#[test]
fn whoever_ends_without_a_word_is_missed_at_once() {
    let results = Cluster::new(3, false).run(|session, mut ports| {
        if ports.online.me() == 2 {
            drop(session);
            return None;
        }
        ports.online.set_line(12);
        session.set_file("meeting.mpc");
        let error = ports.online.recv(1 - ports.online.me(), Operation::Open).unwrap_err();
        Some(error.to_string())
    });
    let expected = Some(String::from("player 2 stopped: it ended without finishing its program"));
    let early = |error: NetError| Some(error.to_string());
    let results: Vec<_> = results.into_iter().map(|result| result.unwrap_or_else(early)).collect();
    assert_eq!(results, [expected.clone(), expected, None]);
}

#[test]
fn nobody_leaves_before_all_has_arrived() {
    let block = Bytes::from(vec![5; 1 << 20]);
    let results = Cluster::new(2, true).run(|session, mut ports| {
        let net = &mut ports.preprocessing;
        let mut bytes = 0;
        if net.me() == 2 {
            for _ in 0..60 {
                net.broadcast(Operation::Correction, block.clone()).unwrap();
            }
        } else {
            for _ in 0..60 {
                bytes += net.recv(2, Operation::Correction).unwrap().iter().map(|byte| u64::from(*byte)).sum::<u64>();
            }
        }
        session.finish().map(|()| bytes)
    });
    let expected = (60 * 5) << 20;
    let results: Vec<_> = results.into_iter().map(|result| result.unwrap().unwrap()).collect();
    assert_eq!(results, [expected, expected, 0]);
}

#[test]
fn divergence_names_both_lines() {
    let results = Cluster::new(2, false).run(|session, mut ports| {
        let net = &mut ports.online;
        session.set_file("train.mpc");
        let (line, operation) = if net.me() == 0 { (22, Operation::Multiply) } else { (31, Operation::Open) };
        net.set_line(line);
        net.broadcast(operation, number(1)).unwrap();
        let error = net.recv(1 - net.me(), operation).unwrap_err();
        // Both find out by themselves before either leaves.
        net.send(1 - net.me(), Operation::Agree, Bytes::new()).ok();
        (error.exit_code(), error.to_string(), session.finish().is_ok())
    });
    let text = "the players have diverged: at train.mpc:22 this player expects `multiply` from player 1, \
                which sent `open` at train.mpc:31";
    let results: Vec<_> = results.into_iter().map(Result::unwrap).collect();
    assert_eq!(results[0], (76, text.to_owned(), true));
    assert_eq!(results[1].0, 76);
}

#[test]
fn who_waits_for_a_peer_that_has_finished_is_told() {
    let results = Cluster::new(2, false).run(|session, mut ports| {
        let net = &mut ports.online;
        let error = (net.me() == 0).then(|| net.recv(1, Operation::Open).unwrap_err().to_string());
        session.finish().unwrap();
        error
    });
    let text = "the players have diverged: player 1 has finished, but this player expects `open` from it at the start";
    assert_eq!(results[0].as_ref().unwrap().as_deref(), Some(text));
}

/// Meets as player 1 and writes `bytes` to player 0's online channel as they are, then waits to be told off.
fn misbehave(socket: UdpSocket, settings: Settings, bytes: &[u8], finish: bool) {
    let names = check(&settings).unwrap();
    let Settings { me, players, peers, identity, wait, idle, sink } = settings;
    let pins = peers.iter().zip(&names).map(|(peer, name)| Pin { key: peer.key, name: name.clone() }).collect();
    let tls = Tls::new(&identity, pins, idle).unwrap();
    let hub = Arc::new(Hub::new(Company { me, players, dealer: None, names, idle }, sink));
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        socket.set_nonblocking(true).unwrap();
        let endpoint = Endpoint::new(EndpointConfig::default(), None, socket, Arc::new(TokioRuntime)).unwrap();
        let mut tasks = JoinSet::new();
        let mut links = Arc::new(Meeting::new(endpoint, hub, tls, peers)).gather(wait, &mut tasks).await.unwrap();
        let link = links[0].as_mut().unwrap();
        link.streams[0].0.write_all(bytes).await.unwrap();
        if finish {
            link.streams[0].0.finish().unwrap();
        }
        link.connection.closed().await;
    });
}

#[test]
fn who_breaks_the_rules_is_named() {
    use crate::net::frame::Header;
    let header = |channel, length| {
        Header { epoch: 0, channel, operation: Operation::Open.code(), sequence: 0, line: 1, length }.encode()
    };
    for (bytes, finish, what) in [
        (header(0, u32::MAX), false, "it announces a message of 4294967295 bytes"),
        (header(2, 8), false, "a frame of channel 2 on channel 0"),
        (header(0, 8), true, "a stream ended within a message"),
    ] {
        let mut cluster = Cluster::new(2, false);
        let (socket, settings) = (cluster.sockets[1].take().unwrap(), cluster.settings[1].take().unwrap());
        let rogue = thread::spawn(move || misbehave(socket, settings, &bytes, finish));
        let (session, mut ports) = cluster.starter(0)().unwrap();
        let error = ports.online.recv(1, Operation::Open).unwrap_err();
        assert_eq!((error.exit_code(), error.to_string()), (77, format!("player 1 broke the protocol: {what}")));
        session.abort(error.exit_code(), &error.to_string());
        rogue.join().unwrap();
    }
}

#[test]
fn an_identity_of_another_index_is_refused_before_anything_is_sent() {
    let mut cluster = Cluster::new(2, false);
    cluster.change(0, |settings| settings.me = 1);
    let error = cluster.starter(0)().err().unwrap();
    assert_eq!(error.exit_code(), 78);
    assert!(error.to_string().contains("for player 1"), "{error}");
}

/// A player in a process of its own: this test binary, running [`the_other_process`] alone.
fn other_process(identity: &Identity, folder: &std::path::Path, peers: &[Peer]) -> Child {
    identity.write(folder).unwrap();
    let peers: Vec<_> = peers.iter().map(|peer| format!("{} {}", peer.address, peer.key)).collect();
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "net::quic::tests::the_other_process"])
        .env("MPC_TEST_FOLDER", folder)
        .env("MPC_TEST_PEERS", peers.join(","))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "started by other tests as a process of its own"]
fn the_other_process() {
    let Some(folder) = std::env::var_os("MPC_TEST_FOLDER") else { return };
    let identity = Identity::load(folder.as_ref()).unwrap();
    let peer = |text: &str| {
        let (address, key) = text.split_once(' ').unwrap();
        Peer { name: None, address: address.parse().unwrap(), key: key.parse().unwrap() }
    };
    let peers: Vec<_> = std::env::var("MPC_TEST_PEERS").unwrap().split(',').map(peer).collect();
    let (wait, idle) = (Duration::from_secs(30), Duration::from_secs(10));
    let socket = bind(peers[1].address).unwrap();
    let sink = crate::net::stderr();
    let (_session, mut ports) =
        connect(socket, Settings { me: 1, players: 2, peers, identity, wait, idle, sink }).unwrap();
    ports.online.send(0, Operation::Open, number(1)).unwrap();
    drop(ports.online.recv(0, Operation::Open));
}

/// Player 0 here, player 1 in another process that gets a signal when both are connected: what 0 then sees.
fn signalled(signal: &str, idle: Duration) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = Cluster::new(2, false);
    drop(cluster.sockets[1].take());
    let settings = cluster.settings[1].take().unwrap();
    let mut other = other_process(&settings.identity, folder.path(), &settings.peers);
    cluster.change(0, |settings| settings.idle = idle);
    let (_session, mut ports) = cluster.starter(0)().unwrap();
    ports.online.recv(1, Operation::Open).unwrap();
    let done = Command::new("kill").args([signal, &other.id().to_string()]).status().unwrap();
    assert!(done.success());
    ports.online.set_line(12);
    let error = ports.online.recv(1, Operation::Open).unwrap_err().to_string();
    other.kill().unwrap();
    other.wait().unwrap();
    error
}

#[test]
fn a_killed_process_is_noticed_long_before_the_idle_limit() {
    let error = signalled("-KILL", Duration::from_secs(600));
    assert_eq!(error, "player 1 is gone: its process has ended; at line 12");
}

#[test]
fn a_stopped_process_is_noticed_at_the_idle_limit() {
    let error = signalled("-STOP", Duration::from_secs(2));
    assert_eq!(error, "player 1 is gone: nothing was heard from it for 2s; at line 12");
}
