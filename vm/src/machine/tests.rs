//! Assembled programs under `plain`.

use super::*;
use crate::io::Assignment;
use crate::net::memory::simulate_ports;
use crate::protocol::Plain;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// Runs a program under `plain` and returns what it prints and puts out, or its error.
pub(super) fn run(text: &str, inputs: &[&str]) -> Result<String, String> {
    let program = Program::from_text(&format!("mpcb 2\nfile 0 \"t.mpc\"\n{text}")).unwrap();
    let given: Vec<Assignment> = inputs.iter().map(|input| input.parse().unwrap()).collect();
    let page = Page::default();
    let player = |ports: &mut crate::net::Ports| -> Result<(), Error> {
        let cast = Cast::new(&program, 3, &Default::default())?.alone();
        let start = prepare::<u64>(&program, program.hash(), "plain", &cast, 0, &given)?;
        let linked = link(&mut ports.control, start)?;
        let (prints, outputs) = (Box::new(page.clone()), Box::new(page.clone()));
        let mut console = Terminal::new(&program, &cast, 0, &[], prints, outputs)?;
        let mut protocol = Plain::<u64>::new();
        Machine::new(&program, &linked, &mut protocol, &mut ports.online, &mut console)?.run()?;
        Ok(())
    };
    let results = simulate_ports(1, false, |ports| player(ports).map_err(|error| error.to_string()));
    results.into_iter().collect::<Result<Vec<_>, _>>().map(|_| page.text())
}

/// A function with public registers alone that prints what `value` holds in the end.
fn public(registers: &str, constants: &str, code: &str) -> Result<String, String> {
    run(&format!("{constants}\nfunction f0 \"main\"\n registers p {registers}\n line 0:1\n{code}\nreturn []"), &[])
}

#[test]
fn loops_count_and_print() {
    let code = "const p0 k0\nconst p1 k1\n@2 binary lt p2 p0 p1\njump-unless p2 @6\nbinary add p0 p0 p3\njump @2\n@6 convert p4 p0\nprint p4";
    let code = code.replace("const p1 k1\n", "const p1 k1\nconst p3 k2\n").replace("@2", "@3").replace("@6", "@7");
    assert_eq!(public("int, int, bool, int, str", "k0 int 0\nk1 int 1000\nk2 int 7", &code), Ok("1001".into()));
}

#[test]
fn exceptions_carry_the_lines_of_all_calls() {
    let text = r#"
k0 int 1
k1 int 0
function f0 "main"
  registers p 2 int
  line 0:9
  const p0 k0
  call f1 [p1] [p0]
  return []
function f1 "ratio"
  params p0
  results int
  registers p 2 int
  line 0:3
  const p1 k1
  line 0:4
  binary floordiv p1 p0 p1
  return [p1]
"#;
    let expected = "ZeroDivisionError: integer division or modulo by zero\n  at t.mpc:4 in ratio\n  at t.mpc:9 in main";
    assert_eq!(run(text, &[]), Err(expected.into()));
}

#[test]
fn recursion_has_an_end() {
    let text = "function f0 \"main\"\n registers p int\n line 0:1\n call f1 [] []\n return []\nfunction f1 \"f\"\n line 0:2\n call f1 [] []\n return []";
    let error = run(text, &[]).unwrap_err();
    assert!(error.starts_with("RecursionError: calls are nested more than 1000 deep\n  at t.mpc:2 in f\n"), "{error}");
    assert!(error.lines().count() < 30, "{error}");
}

#[test]
fn broken_bytecode_is_an_error_and_no_panic() {
    for code in [
        "binary add p0 p0 p0",
        "jump @99",
        "binary add p9 p0 p0",
        "const p0 k7",
        "print p0",
        "call f7 [] []",
        "dim p0 dim3",
        "param p0 port3",
        "input [s0 port1]",
        "get p0 l0 p0",
    ] {
        let error = public("int", "", code).unwrap_err();
        assert!(error.starts_with("the program is broken:"), "{code}: {error}");
    }
}

#[test]
fn tensors_are_changed_in_place_and_copies_stay() {
    let code = "const p0 k0\ncopy p1 p0\nconst p2 k1\nassign p0 p0 [p2] p2\nindex p3 p0 [.:.:p4]\nformat p5 [p0:., k2, p1:., k2, p3:.]\nprint p5";
    let code = code.replace("assign", "const p4 k3\nassign");
    let found = public("int, int, int, int, int, str", "k0 int [3] 1 2 3\nk1 int 0\nk2 str \" \"\nk3 int -1", &code);
    assert_eq!(found, Ok("[0, 2, 3] [1, 2, 3] [3, 2, 0]".into()));
}

#[test]
fn lists_are_values() {
    let text = r#"
k0 int 1
k1 int 2
function f0 "main"
  registers p int, int, str, int
  registers l 2 list[int]
  line 0:1
  const p0 k0
  const p1 k1
  list l0 [p0, p1]
  push l1 l0 p1
  push l0 l0 p0
  set l0 l0 p0 p0
  pop l1 p3 l1 p0
  join l1 l1 l0
  pack p1 l1
  format p2 [l0:., l1:., p3:., p1:.]
  print p2
  return []
"#;
    assert_eq!(run(text, &[]), Ok("[1, 1, 1][1, 2, 1, 1, 1]2[1, 2, 1, 1, 1]".into()));
}

const MEAN: &str = r#"
dim0 "n"
role0 "alice"
role1 "bob"
port0 input "x" sfix [dim0] from role0 at 0:1
port1 input "y" sfix [dim0] from role1 at 0:2
port2 output "z" sfix [dim0] to role1 at 0:3
port3 output "s" sint [] to all at 0:4
function f0 "main"
  registers p fix, str
  registers s 2 sfix, raw, sfix, sint
  line 0:5
  input [s0 port0, s1 port1]
  mul [s2 s0 s1]
  trunc 16 [s3 s2]
  open [p0 s3]
  format p1 [p0:.]
  print p1
  ltz 0 [s4 s3]
  sum s4 s4 []
  output [port2 s3, port3 s4]
  return []
"#;

#[test]
fn inputs_are_computed_with_and_put_out() {
    let found = run(MEAN, &["x=[0.5, 2, -3]", "y=[0.5, -1, 4]"]);
    assert_eq!(found, Ok("[0.25, -2.0, -12.0]z -> bob: [0.25, -2.0, -12.0]\ns -> all: 2\n".into()));
}

#[test]
fn inputs_that_do_not_fit_are_named() {
    let dims = run(MEAN, &["x=[1,2]", "y=[1,2,3]"]).unwrap_err();
    assert_eq!(
        dims,
        "the dimension `n` cannot be both 2 and 3: input `x` of player 0 has size 2 along axis 0, but input `y` of player 0 has size 3 along axis 0"
    );
    let missing = run(MEAN, &["x=[1,2]"]).unwrap_err();
    assert_eq!(missing, "input `y` is missing: give it by `--input y=FILE` or a literal (sfix[n])");
    let rank = run(MEAN, &["x=1", "y=[1,2]"]).unwrap_err();
    assert_eq!(rank, "input `x`: expected sfix[n] (1 axis), found a single value");
    let unknown = run(MEAN, &["x=[1]", "y=[1]", "q=3"]).unwrap_err();
    assert_eq!(unknown, "the program has no input `q`; its inputs: x, y");
}

#[test]
fn what_leaves_its_range_raises_under_plain() {
    let found = run(MEAN, &["x=[1000000]", "y=[1000000]"]).unwrap_err();
    assert!(found.contains("at t.mpc:5 in main") && found.contains("OverflowError"), "{found}");
}

#[test]
fn a_forecast_stops_where_a_revealed_value_decides() {
    let branch = MEAN
        .replace("  ltz 0 [s4 s3]", "  convert p2 p0\n  jump-if p2 @7\n  ltz 0 [s4 s3]")
        .replace("fix, str", "fix, str, bool");
    for (text, expected) in [(MEAN.to_string(), Reached::Complete), (branch, Reached::Revealed)] {
        let program = Program::from_text(&format!("mpcb 2\nfile 0 \"t.mpc\"\n{text}")).unwrap();
        let cast = Cast::new(&program, 3, &Default::default()).unwrap().alone();
        let given = ["x=[1]", "y=[2]"].map(|input| input.parse().unwrap());
        let found = simulate_ports(1, false, |ports| {
            let start = prepare::<u64>(&program, program.hash(), "plain", &cast, 0, &given).unwrap();
            let linked = link(&mut ports.control, start).unwrap();
            forecast(&program, &linked, &mut crate::protocol::Forecast::<u64>::new(), |_| false).unwrap()
        });
        assert_eq!(found, [expected]);
    }
}

/// Runs a program as every player of additive sharing, with what a forecast says dealt ahead; what each prints and puts out,
/// and whether nothing else was asked of the dealer.
fn run_additive(text: &str, inputs: [&[&str]; 2]) -> Vec<(String, bool)> {
    use crate::correlated::{Entropy, dealer};
    use crate::net::memory;
    let program = &Program::from_text(&format!("mpcb 2\nfile 0 \"t.mpc\"\n{text}")).unwrap();
    let player = |me: usize, ports: crate::net::Ports| {
        let crate::net::Ports { mut online, preprocessing, mut control } = ports;
        let given: Vec<Assignment> = inputs[me].iter().map(|input| input.parse().unwrap()).collect();
        let cast = Cast::new(program, 2, &Default::default()).unwrap();
        let start = prepare::<u64>(program, program.hash(), "additive", &cast, me, &given).unwrap();
        let linked = link(&mut control, start).unwrap();
        let mut counting = crate::protocol::Forecast::<u64>::new();
        assert_eq!(forecast(program, &linked, &mut counting, |_| false).unwrap(), Reached::Complete);
        let mut scheme =
            crate::protocol::Additive::<u64>::join(&mut online, Box::new(preprocessing), Entropy::System).unwrap();
        scheme.prepare(&counting.demand()).unwrap();
        let ahead = scheme.preprocessing().peers[2].sent;
        let page = Page::default();
        let (prints, outputs) = (Box::new(page.clone()), Box::new(page.clone()));
        let mut console = Terminal::new(program, &cast, me, &[], prints, outputs).unwrap();
        Machine::new(program, &linked, &mut scheme, &mut online, &mut console).unwrap().run().unwrap();
        (page.text(), scheme.preprocessing().peers[2].sent == ahead)
    };
    let mut sessions = memory::join(2, true, &crate::net::stderr());
    let (dealer_session, mut dealer_ports) = sessions.pop().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            dealer::serve::<u64>(&mut dealer_ports.preprocessing, Entropy::System).unwrap();
            dealer_session.finish().unwrap();
        });
        let player = &player;
        let run = |(me, (session, ports)): (usize, (crate::net::Session, crate::net::Ports))| {
            scope.spawn(move || {
                let result = player(me, ports);
                session.finish().unwrap();
                result
            })
        };
        let threads: Vec<_> = sessions.into_iter().enumerate().map(run).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn players_compute_on_shares_what_plain_computes() {
    let found = run_additive(MEAN, [&["x=[0.5, 2, -3]"], &["y=[0.5, -1, 4]"]]);
    let alice = "[0.25, -2.0, -12.0]s -> all: 2\n".to_string();
    let bob = "[0.25, -2.0, -12.0]z -> bob: [0.25, -2.0, -12.0]\ns -> all: 2\n".to_string();
    assert_eq!(found, [(alice, true), (bob, true)]);
}

mod random_programs {
    use super::*;
    use mpc_bytecode::operand::{Reader, Reg};
    use mpc_bytecode::program::{Handler, Line};
    use mpc_bytecode::{Function, Instruction};
    use proptest::prelude::*;

    /// Registers of every kind and shape, so that much of what is tried gets far.
    const PRELUDE: &str = r#"mpcb 2
file 0 "t.mpc"
k0 int 2
k1 int [3] 1 -2 3
k2 int [2, 2] 1 2 3 4
k3 fix 98304
k4 fix [3] 65536 -32768 1
k5 bool true
k6 str "text"
k7 int -1
dim0 "n"
function f0 "main"
  registers p 3 int, 2 fix, bool, str, 2 int
  registers s 2 sint, sfix, raw, sbool, 2 sint, sfix, sbool
  registers l 2 list[int], list[sint], list[fix], 2 list[int], list[list[int]], 2 list[str]
  const p0 k0
  const p1 k1
  const p2 k2
  const p3 k3
  const p4 k4
  const p5 k5
  const p6 k6
  const p7 k7
  share s0 p1
  share s1 p2
  share s2 p4
  share s3 p0
  share s4 p5
  list l0 [p0, p7]
  list l1 []
  list l2 [s0, s0]
  list l3 [p3]
  list l4 [p0, p0]
  list l5 [p1, p1]
  list l6 [l0, l1]
  list l7 [p6]
  list l8 []
  const p8 k0
  share s5 p0
  share s6 p2
  share s7 p3
  share s8 p5
"#;

    fn decoded(bytes: &[u8]) -> Vec<Instruction> {
        let mut input = Reader::new(bytes);
        std::iter::from_fn(|| (!input.is_empty()).then(|| Instruction::decode(&mut input).ok()).flatten()).collect()
    }

    /// Bytes that are often instructions: an opcode of the table, then small numbers.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let opcodes: Vec<u8> = mpc_bytecode::isa::table().iter().map(|row| row.opcode).collect();
        let one = (prop::sample::select(opcodes), prop::collection::vec(0u8..9, 12));
        one.prop_map(|(opcode, operands)| [vec![opcode], operands].concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn nothing_makes_the_machine_panic(parts in prop::collection::vec(bytes(), 1..5)) {
            let mut program = Program::from_text(PRELUDE).unwrap();
            let main: &mut Function = &mut program.functions[0];
            main.code.extend(parts.iter().filter_map(|part| decoded(part).into_iter().next()));
            main.lines = vec![(0, Line { file: 0, line: 1 })];
            let (me, players, dims) = (0, 1, vec![2]);
            let linked = Linked {
                me, players, dims,
                params: Default::default(),
                inputs: Default::default(),
                audiences: Default::default(),
            };
            let stop = |_| Some(NetError::NoPeer { index: 0 });
            let program = &program;
            simulate_ports(1, false, |ports| {
                let cast = Cast::new(program, 1, &Default::default()).unwrap();
                let page = Page::default();
                let mut console =
                    Terminal::new(program, &cast, 0, &[], Box::new(page.clone()), Box::new(page)).unwrap();
                let mut protocol = Plain::<u64>::new();
                let machine = Machine::new(program, &linked, &mut protocol, &mut ports.online, &mut console).unwrap();
                let _ = machine.watched(&stop).run();
            });
        }
    }

    /// What every register holds, elements of shares included.
    fn registers(state: &State<'_, u64>) -> Vec<Option<String>> {
        use mpc_bytecode::Bank;
        use mpc_bytecode::operand::AnySrc;
        fn shown(value: &Value<u64>) -> String {
            match value {
                Value::Public(value) => format!("{value:?}"),
                Value::Secret(share) => format!("{:?}", share.parts()),
                Value::List(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
            }
        }
        let all = Bank::ALL.into_iter().flat_map(|bank| (0..12).map(move |index| AnySrc(Reg::new(bank, index))));
        all.map(|reg| state.frame.value(reg).ok().as_ref().map(shown)).collect()
    }

    /// Executes the prelude and an instruction that is handled; what the registers held before it, and what the handler finds, if it raised.
    fn raised(instruction: Instruction) -> Option<[Vec<Option<String>>; 2]> {
        let mut program =
            Program::from_text(&PRELUDE.replace("2 int\n  registers s", "2 int, int, str, int\n  registers s"))
                .unwrap();
        let [class, message, origin] = [9, 10, 11].map(|index| Reg::new(mpc_bytecode::Bank::Public, index));
        let main: &mut Function = &mut program.functions[0];
        let at = main.code.len() as u32;
        main.code.extend([instruction, Instruction::Return { values: Vec::new() }]);
        main.handlers = vec![Handler { from: at, to: at + 1, target: at + 1, class, message, origin }];
        let linked = Linked {
            me: 0,
            players: 1,
            dims: vec![2],
            params: Default::default(),
            inputs: Default::default(),
            audiences: Default::default(),
        };
        let (program, linked) = (&program, &linked);
        let found = simulate_ports(1, false, |ports| {
            let cast = Cast::new(program, 1, &Default::default()).unwrap();
            let page = Page::default();
            let mut console = Terminal::new(program, &cast, 0, &[], Box::new(page.clone()), Box::new(page)).unwrap();
            let mut protocol = Plain::<u64>::new();
            let mut machine = Machine::new(program, linked, &mut protocol, &mut ports.online, &mut console).unwrap();
            while machine.state.frame.at < at as usize {
                machine.step().unwrap();
            }
            let before = registers(&machine.state);
            machine.step().ok().and(machine.told).map(|_| [before, registers(&machine.state)])
        });
        found.into_iter().next().flatten()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn what_raises_writes_nothing(bytes in bytes()) {
            let Some(instruction) = decoded(&bytes).into_iter().next() else { return Ok(()) };
            let can_raise = instruction.can_raise();
            let shown = instruction.to_string();
            if let Some([before, after]) = raised(instruction) {
                prop_assert!(can_raise, "{shown}");
                for (at, (before, after)) in before.iter().zip(&after).enumerate() {
                    // But for what the handler is told of.
                    prop_assert!((9..12).contains(&at) || before == after, "{shown}: {before:?} became {after:?}");
                }
            }
        }
    }

    /// The property is about something: instructions of every group do raise.
    #[test]
    fn every_group_raises() {
        let all = [
            "get p0 l0 p0",
            "set l0 l0 p0 p0",
            "pop l0 p0 l0 p0",
            "assign s0 s0 [p0, p0] s0",
            "matmul [s0 s1 s0]",
            "add s0 s0 s1",
            "binary shl p0 p0 p7",
            "reshape p1 p1 [p0]",
        ];
        for text in all {
            assert!(raised(Instruction::parse(text).unwrap()).is_some(), "{text}");
        }
    }
}

#[test]
fn elements_are_replaced_one_by_one() {
    let code = "const p0 k0\nconst p1 k1\ncopy p2 p0\nassign p0 p0 [p1] p1\nformat p3 [p0:., p2:.]\nprint p3\nconst p1 k2\nassign p0 p0 [p1] p1";
    let found = public("3 int, str", "k0 int [3] 1 2 3\nk1 int -1\nk2 int 3", code);
    let error = "IndexError: index 3 is out of range for axis 0 of size 3\n  at t.mpc:1 in main";
    assert_eq!(found, Err(error.into()));
    let found = public("3 int, str", "k0 int [3] 1 2 3\nk1 int -1\nk2 int 0", code);
    assert_eq!(found, Ok("[1, 2, -1][1, 2, 3]".into()));
}

/// Two players put in `x` and `y`; a group of everything that communicates, and the same one after the other.
fn grouped(together: bool) -> String {
    let members = [
        "mul [s2 s0 s1]",
        "trunc 1 [s3 s0]",
        "ltz 0 [s4 s0]",
        "eqz 16 [s5 s1]",
        "matmul [s6 s0 s1]",
        "open [p0 s0]",
        "output [port2 s1]",
        "square [s7 s1]",
        "bits 4 [s8 s1]",
    ];
    let head = if together { format!("  together {}\n", members.len()) } else { String::new() };
    let code: String = members.iter().map(|member| format!("  {member}\n")).collect();
    let results = "[p1 s2, p2 s3, p3 s4, p4 s5, p5 s6, p6 s7, p7 s8]";
    format!(
        r#"role0 "alice"
role1 "bob"
port0 input "x" sint [2] from role0 at 0:1
port1 input "y" sint [2] from role1 at 0:1
port2 output "y" sint [2] to role1 at 0:1
k0 str " "
function f0 "main"
  registers p 8 int, str
  registers s 3 sint, raw, 2 sbool, 3 sint
  line 0:1
  input [s0 port0, s1 port1]
{head}{code}  open {results}
  format p8 [p0:., k0, p1:., k0, p2:., k0, p3:., k0, p4:., k0, p5:., k0, p6:., k0, p7:.]
  print p8
  return []
"#
    )
}

#[test]
fn a_group_gives_what_its_members_give_alone_and_is_foreseen() {
    let inputs: [&[&str]; 2] = [&["x=[-6,4]"], &["y=[0,3]"]];
    let mut alone = run_additive(&grouped(false), inputs);
    let mut group = run_additive(&grouped(true), inputs);
    assert_eq!(group.len(), 2);
    // Whoever learns an output sees it as soon as it is there.
    alone.iter_mut().chain(&mut group).for_each(|(text, _)| *text = text.trim().to_owned());
    assert_eq!(alone, group);
    assert!(group.iter().all(|(_, foreseen)| *foreseen), "nothing was asked of the dealer that was not foreseen");
    assert!(group[0].0.contains("[-6, 4] [0, 12] [-3, 2]"), "{}", group[0].0);
}

#[test]
fn what_a_member_of_a_group_raises_leaves_nothing_written() {
    let text = r#"
k0 int 9
k1 str " "
k2 int 5
function f0 "main"
  registers p 4 int, 3 str, 2 int
  registers s 3 sint
  handler @4 @7 to @8 p2 p4 p3
  line 0:1
  const p0 k0
  const p1 k2
  share s0 p0
  share s1 p1
  together 2
  open [p1 s0]
  matmul [s2 s0 s1]
  return []
  format p5 [p1:., k1, p4:.]
  print p5
  return []
"#;
    let found = run(text, &[]);
    assert!(found.as_ref().is_ok_and(|text| text.starts_with("5 ")), "{found:?}");
}
