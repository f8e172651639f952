//! What players say to each other, over the network in memory.

use super::*;
use crate::io::Assignment;
use crate::net::memory::simulate_ports;

fn program(ports: &str) -> Program {
    Program::from_text(&format!("mpcb 2\nfile 0 \"t.mpc\"\n{ports}\nfunction f0 \"main\"\n return []")).unwrap()
}

const TABLE: &str = r#"
dim0 "n"
dim1 "k"
role0 "alice"
role1 "bob"
port0 input "x" sfix [3, dim0] from role0 at 0:1
port1 input "y" sint [((8 * dim0) + dim1)] from role1 at 0:2
port2 parameter "k" int [] from all at 0:3
"#;

/// Links two players, each with its options, and returns what each says in the end.
fn meet(programs: [&Program; 2], options: [&[&str]; 2], schemes: [&str; 2]) -> Vec<(Result<Vec<u64>, String>, u8)> {
    simulate_ports(2, false, |ports| {
        let me = ports.control.me();
        let given: Vec<Assignment> = options[me].iter().map(|option| option.parse().unwrap()).collect();
        let cast = Cast::new(programs[me], 2, &BTreeMap::new()).unwrap();
        let start = prepare::<u64>(programs[me], programs[me].hash(), schemes[me], &cast, me, &given).unwrap();
        match link(&mut ports.control, start) {
            Ok(linked) => (Ok(linked.dims), 0),
            Err(error) => (Err(error.to_string()), error.exit_code()),
        }
    })
}

#[test]
fn dimensions_are_bound_and_everything_else_is_checked() {
    let table = program(TABLE);
    let x = "x=[[1,2],[3,4],[5,6]]";
    let y = |count: usize| format!("y={:?}", vec![1; count]);
    let found = meet([&table; 2], [&[x, "k=1"], &[&y(17), "k=1"]], ["s"; 2]);
    assert_eq!(found, [(Ok(vec![2, 1]), 0), (Ok(vec![2, 1]), 0)]);
    let message = "input `y` of player 1 has size 16 along axis 0 (shape [16]), but sint[8*n+k] needs 8*n+k = 17 there, \
                   because input `x` of player 0 has size 2 along axis 1 and parameter `k` is 1";
    let found = meet([&table; 2], [&[x, "k=1"], &[&y(16), "k=1"]], ["s"; 2]);
    assert_eq!(found, vec![(Err(message.into()), 65); 2]);
    let found = meet([&table; 2], [&[x, "k=1"], &[&y(16), "k=2"]], ["s"; 2]);
    assert_eq!(
        found[0],
        (
            Err("the players were started with different values of `k`: 1 at player 0 (this one), 2 at player 1".into()),
            76
        )
    );
}

#[test]
fn bad_input_is_told_in_full_to_its_owner_and_without_values_to_others() {
    let table = program(TABLE);
    let found = meet([&table; 2], [&["x=[[1,2]]", "k=1"], &["y=[7,x]", "k=1"]], ["s"; 2]);
    assert_eq!(found[0], (Err("input `x`: expected sfix[3, n], found shape [1, 2]".into()), 65));
    assert_eq!(found[1], (Err("input `y`: `x` is not a number (expected sint), at [1]".into()), 65));
    let found = meet([&table; 2], [&["x=[[1],[2],[3]]", "k=1"], &["y=[7,x]", "k=1"]], ["s"; 2]);
    assert_eq!(found[0], (Err("player 1: input `y` does not fit: expected sint[8*n+k]".into()), 65));
    let found = meet([&table; 2], [&["x=[[1],[2],[3]]"], &["x=1", "y=[1]", "k=1"]], ["s"; 2]);
    assert_eq!(found[0].0, Err("parameter `k` has no value: give it by `--input k=…` at every player".into()));
    assert_eq!(found[1].0, Err("input `x` belongs to player 0, not to this one".into()));
}

#[test]
fn differences_are_named_with_both_values() {
    let (one, other) = (program("k0 int 1"), program("k0 int 2"));
    let found = meet([&one, &other], [&[], &[]], ["s"; 2]);
    assert!(
        found.iter().all(|(result, code)| *code == 76 && result.as_ref().unwrap_err().contains("different programs"))
    );
    let hash = one.hash().to_string();
    assert!(found[1].0.as_ref().unwrap_err().contains(&format!("{} at player 0", &hash[..16])));
    let found = meet([&one; 2], [&[], &[]], ["additive", "shamir"]);
    let text =
        "the players were started with different sharing schemes: additive at player 0, shamir at player 1 (this one)";
    assert_eq!(found[1], (Err(text.into()), 76));
}

#[test]
fn roles_are_cast_and_families_take_the_rest() {
    let meeting = program(
        "dim0 \"n\"\nrole0 \"boss\"\nrole1 \"participant\" family dim0\nport0 input \"rates\" sfix [?] from role1 at 0:1",
    );
    let cast = Cast::new(&meeting, 4, &BTreeMap::new()).unwrap();
    assert_eq!(cast.show(&meeting), "boss=0 participant=1,2,3");
    assert_eq!(cast.alone().show(&meeting), "boss=0 participant=0,0,0");
    let map = |entries: &[(&str, &[usize])]| {
        entries.iter().map(|(name, players)| (name.to_string(), players.to_vec())).collect::<BTreeMap<_, _>>()
    };
    let cast = Cast::new(&meeting, 3, &map(&[("participant", &[2, 0])])).unwrap();
    assert_eq!(cast.show(&meeting), "boss=0 participant=2,0");
    let cast = Cast::new(&meeting, 3, &map(&[("boss", &[1])])).unwrap();
    assert_eq!(cast.show(&meeting), "boss=1 participant=0,2");
    let error = |players: usize, entries: &[(&str, &[usize])]| {
        let error = Cast::new(&meeting, players, &map(entries)).unwrap_err();
        assert_eq!(error.exit_code(), 78);
        error.to_string()
    };
    assert!(error(1, &[]).starts_with("nobody is left to play `participant`"));
    assert_eq!(error(2, &[("chef", &[0])]), "the program has no role `chef`; its roles: boss, participant");
    assert_eq!(error(2, &[("boss", &[5])]), "role `boss` is given to player 5, but there are 2 players");
    assert_eq!(error(2, &[("boss", &[0, 1])]), "role `boss` is played by one player, not by 2");
    let found = meet([&meeting; 2], [&[], &["rates=[1,2]"]], ["s"; 2]);
    assert_eq!(found[0], (Ok(vec![1]), 0));
}

#[test]
fn strange_greetings_are_refused() {
    assert!(matches!(Greeting::decode(&[9, 9, 1]), Err(greeting::Foreign::Version(0x909))));
    assert!(matches!(Greeting::decode(&[1, 0, 255]), Err(greeting::Foreign::Malformed)));
    assert!(matches!(Greeting::decode(&[]), Err(greeting::Foreign::Malformed)));
}

proptest::proptest! {
    #[test]
    fn no_greeting_makes_it_panic(rest: Vec<u8>) {
        let bytes = [&greeting::VERSION.to_le_bytes()[..], &rest].concat();
        let _ = Greeting::decode(&bytes);
    }
}
