use super::*;
use crate::identity::Identity;

fn plan(sharing: Sharing, players: usize) -> Plan {
    Plan { sharing, players, ring: 64, hosts: Vec::new(), base_port: 5000 }
}

fn problem(text: &str) -> String {
    Cluster::parse(Path::new("cluster.toml"), text).unwrap_err().to_string()
}

/// A file with two players and a dealer, with `top` before and `end` behind.
fn file(top: &str, end: &str) -> String {
    let member = |port| format!("address = \"127.0.0.1:{port}\"\nkey = \"{port:064}\"\n");
    let [a, b, c] = [5000, 5001, 5002].map(member);
    format!("sharing = \"additive\"\n{top}\n[[player]]\n{a}[[player]]\n{b}[dealer]\n{c}{end}")
}

#[test]
fn what_init_makes_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = init(&plan(Sharing::Additive, 3), folder.path()).unwrap();
    let cluster = Cluster::load(&path).unwrap();
    assert_eq!((cluster.players.len(), cluster.dealer_index(), cluster.ring), (3, Some(3), 64));
    assert_eq!((cluster.wait, cluster.idle), (Duration::from_secs(60), Duration::from_secs(10)));
    let peers = cluster.resolve().unwrap();
    for (index, peer) in peers.iter().enumerate() {
        assert_eq!(Identity::load(&cluster.identity_folder(index)).unwrap().public(), peer.key);
        assert_eq!((peer.address.port(), peer.name.as_ref()), (5000 + index as u16, None));
    }
    assert!(cluster.identity_folder(3).ends_with("dealer"));
}

#[test]
fn init_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    init(&plan(Sharing::Plain, 1), folder.path()).unwrap();
    let before = Identity::load(&folder.path().join("player0")).unwrap().public();
    std::fs::remove_file(folder.path().join("cluster.toml")).unwrap();
    let error = init(&plan(Sharing::Plain, 2), folder.path()).unwrap_err().to_string();
    assert!(error.contains("player0/key.pem exists and is not overwritten"), "{error}");
    assert!(!folder.path().join("player1").exists());
    assert_eq!(Identity::load(&folder.path().join("player0")).unwrap().public(), before);
}

#[test]
fn hosts_are_taken_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = ["a.example", "b.example:7000", "::1"].map(str::to_owned).to_vec();
    let path = init(&Plan { hosts, ..plan(Sharing::Additive, 3) }, folder.path()).unwrap();
    let cluster = Cluster::load(&path).unwrap();
    let addresses: Vec<_> = cluster.members().map(|member| member.address.as_str()).collect();
    assert_eq!(addresses, ["a.example:5000", "b.example:7000", "[::1]:5002", "127.0.0.1:5003"]);
}

#[test]
fn precedence_of_the_cluster_file() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    assert!(matches!(find(None, None, here), Err(ConfigError::Missing)));
    std::fs::create_dir(here.join("cluster")).unwrap();
    std::fs::write(here.join("cluster/cluster.toml"), "").unwrap();
    assert!(find(None, None, here).unwrap().ends_with("cluster/cluster.toml"));
    std::fs::write(here.join("cluster.toml"), "").unwrap();
    assert_eq!(find(None, None, here).unwrap(), here.join("cluster.toml"));
    assert_eq!(find(None, Some(Path::new("v")), here).unwrap(), Path::new("v"));
    assert_eq!(find(Some(Path::new("g")), Some(Path::new("v")), here).unwrap(), Path::new("g"));
}

#[test]
fn mistakes_are_named_with_their_key() {
    let cases = [
        (file("rong = 64", ""), "unknown field `rong`"),
        (file("ring = 65", ""), "ring = 65"),
        (file("wait = \"soon\"", ""), "`soon` is no time"),
        (file("wait = \"99999999999999999999s\"", ""), "is no time"),
        (file("idle = \"1ms\"", ""), "idle = 1ms"),
        (file("", "[roles]\nalice = 2"), "roles.alice = 2: players are 0 to 1"),
        (file("", "").replace("127.0.0.1:5001", "127.0.0.1:5000"), "[[player]] 1: address = \"127.0.0.1:5000\" stands"),
        (file("", "").replace("127.0.0.1:5002", "nowhere"), "[dealer]: address = \"nowhere\": write host:port"),
        (file("", "").replace("5001\"\n[dealer]", "5000\"\n[dealer]"), "[[player]] 1: key = \"000000000000…\" stands"),
        (file("", "").replace("0005001\"", "5001\""), "64 hexadecimal digits"),
        (file("", "").replace("additive", "magic"), "unknown variant `magic`"),
        (file("", "").replace("additive", "shamir"), "expected `plain` or `additive`"),
        (String::from("sharing = \"additive\""), "needs 2 to 64 [[player]], there are 0"),
    ];
    for (text, expected) in cases {
        let problem = problem(&text);
        assert!(problem.starts_with("cluster.toml: ") && problem.contains(expected), "{problem}");
    }
    let without = file("", "").split("[dealer]").next().unwrap().to_owned();
    assert!(problem(&without).contains("needs a [dealer]"));
}

#[test]
fn unknown_hosts_are_named() {
    let text = file("", "").replace("127.0.0.1:5001", "no host:5001");
    let cluster = Cluster::parse(Path::new("cluster.toml"), &text).unwrap();
    let problem = cluster.resolve().unwrap_err().to_string();
    assert!(problem.contains("[[player]] 1: address = \"no host:5001\" cannot be resolved"), "{problem}");
}

#[test]
fn roles_are_players() {
    let end = "[roles]\nalice = 1\nparticipant = [0, 1]";
    let cluster = Cluster::parse(Path::new("cluster.toml"), &file("", end)).unwrap();
    assert_eq!(cluster.roles["alice"], [1]);
    assert_eq!(cluster.roles["participant"], [0, 1]);
}
