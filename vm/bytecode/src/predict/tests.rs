//! Small programs as bytecode text, and what is predicted of them.

use super::*;
use crate::cost::Scheme;
use crate::cost::bill::{Budget, Formula, Unknown, bill, check_budget};

/// A program of one function: a secret `a` of n elements in s0, sizes and parameters before, then this code.
fn program(code: &str) -> crate::Program {
    let text = format!(
        "mpcb {}\nprecision int 64 fix 47 frac 16\nfile 0 \"t.mpc\"\ndim0 \"n\"\nrole0 \"alice\"\n\
         port0 input \"a\" sint [dim0] from role0 at 0:1\nport1 parameter \"k\" int [] from all at 0:2\n\
         k0 int 0\nk1 int 1\nk2 int 3\n\
         function f0 \"\"\n  registers p 12 int, 4 bool\n  registers s 6 sint, sbool\n  registers l list[sint]\n\
         const p0 k0\nconst p1 k1\ndim p2 dim0\nparam p3 port1\ninput [s0 port0]\n{code}\nreturn []\n",
        crate::program::VERSION
    );
    let mut program = crate::Program::from_text(&text).expect("the text is a program");
    // Openings stand in the list of disclosures.
    let opens =
        program.functions[0].code.iter().enumerate().filter(|(_, i)| matches!(i, crate::Instruction::Open { .. }));
    program.disclosures = opens
        .map(|(at, _)| crate::Disclosure {
            function: crate::operand::FuncId(0),
            at: at as u32,
            entry: 0,
            to: crate::program::Parties::All,
            port: None,
            expression: String::new(),
            why: None,
            line: crate::program::Line::default(),
        })
        .collect();
    crate::verify(&program).expect("the program is valid");
    program
}

fn setting(sizes: &[(&str, i64)]) -> Setting {
    let mut setting = Setting::new(3, 64);
    setting.sizes = sizes.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect();
    setting
}

const SCHEME: Scheme = Scheme::Additive { players: 3 };

/// Rounds and triples once sizes are numbers, and whether that is exact.
fn figures(program: &crate::Program, sizes: &[(&str, i64)]) -> (u64, u64, bool) {
    let prediction = predict(program, &setting(sizes));
    let bill = bill(&prediction, SCHEME, 8, 3);
    (bill.total.rounds, bill.total.correlated.triples, prediction.is_exact() && bill.unknown.is_empty())
}

/// Rounds and payload as formulas.
fn formulas(program: &crate::Program) -> (String, String) {
    let prediction = predict(program, &setting(&[]).with_symbols());
    assert_eq!(prediction.stopped, None);
    let formula = Formula::total(&prediction.records, SCHEME, 8);
    let text = |e: Option<Expr>| e.map_or_else(|| "none".into(), |e| e.to_string());
    (text(formula.rounds), text(formula.bytes))
}

/// `for p4 in range(p2)`, with `body` between: the counter is p5. Labels are given by the caller: the body begins at `first`.
fn repeat(first: usize, body: &[&str]) -> String {
    let exit = first + body.len() + 5;
    let head =
        ["copy p4 p0", "count p5 p0 p2 p1", "binary gt p12 p5 p0", &format!("jump-unless p12 @{exit}")].join("\n");
    let tail = [
        "binary sub p5 p5 p1",
        "binary gt p12 p5 p0",
        &format!("jump-unless p12 @{exit}"),
        "binary add p4 p4 p1",
        &format!("jump @{first}"),
    ];
    format!("{head}\n{}\n{}", body.join("\n"), tail.join("\n"))
}

#[test]
fn what_is_the_same_in_every_turn_is_multiplied() {
    let program = program(&repeat(9, &["mul [s1 s0 s0]"]));
    assert_eq!(formulas(&program), ("n".into(), "32·n²".into()));
    assert_eq!(figures(&program, &[("n", 7), ("k", 1)]), (7, 49, true));
    assert_eq!(figures(&program, &[("n", 0), ("k", 1)]), (0, 0, true));
    assert_eq!(figures(&program, &[("n", 1_000_000_000), ("k", 1)]).0, 1_000_000_000);
}

#[test]
fn what_grows_by_the_turn_is_summed() {
    let program = program(&repeat(9, &["index s1 s0 [.:p4:.]", "mul [s1 s1 s1]"]));
    assert_eq!(formulas(&program), ("n − 1".into(), "16·n² − 16·n".into()));
    let by_hand = |n: u64| (n - 1, n * (n - 1) / 2, true);
    for n in [1, 2, 100, 70_000, 1_000_000, 3_000_001] {
        assert_eq!(figures(&program, &[("n", n as i64), ("k", 1)]), by_hand(n), "{n}");
    }
}

#[test]
fn long_sums_are_those_of_single_turns() {
    // A loop of more turns than are gone through one by one: frames and padding are summed by residues.
    let program = program(&repeat(9, &["index s1 s0 [.:p4:.]", "ltz 0 [s6 s1]"]));
    let turns = (1u64 << 20) + 70_001;
    let bytes = |n: u64| bill(&predict(&program, &setting(&[("n", n as i64), ("k", 1)])), SCHEME, 8, 3).total;
    let by_hand = (0..turns)
        .map(|n| crate::cost::additive::ltz(n, 64, 3, 8))
        .fold((0, 0, 0), |sum, cost| (sum.0 + cost.rounds, sum.1 + cost.bytes, sum.2 + cost.dealer_bytes));
    let found = bytes(turns);
    let before = (crate::cost::sent_before(SCHEME, 2), crate::cost::dealt_before(SCHEME));
    assert_eq!(
        (found.rounds, found.bytes[2], found.dealer_bytes),
        (by_hand.0, by_hand.1 + before.0, by_hand.2 + before.1)
    );
}

#[test]
fn conditions_on_the_turn_count_where_they_hold() {
    // if p4 % 3 == 0: s1 = s0 * s0
    let body = ["const p6 k2", "binary mod p7 p4 p6", "binary eq p13 p7 p0", "jump-unless p13 @14", "mul [s1 s0 s0]"];
    let program = program(&repeat(9, &body));
    assert_eq!(figures(&program, &[("n", 10), ("k", 1)]), (4, 40, true));
    assert_eq!(figures(&program, &[("n", 1000), ("k", 1)]).0, 334);
}

#[test]
fn what_does_not_change_evenly_is_walked_turn_by_turn() {
    // p6 doubles; the loop ends where it passes k.
    let code = "copy p6 p1\nbinary gt p12 p6 p3\njump-if p12 @11\nmul [s1 s0 s0]\nbinary add p6 p6 p6\njump @6";
    let program = program(code);
    assert_eq!(figures(&program, &[("n", 2), ("k", 1000)]), (10, 20, true));
    let (rounds, _) = formulas(&program);
    assert!(rounds.contains("turns"), "{rounds}");
}

#[test]
fn what_is_revealed_decides_nothing_here() {
    let code = "sum s1 s0 []\nopen [p6 s1]\nbinary gt p12 p6 p0\njump-unless p12 @13\nmul [s2 s0 s0]\nbinary add p6 p6 p1\n\
                binary gt p12 p6 p3\njump-unless p12 @9";
    let program = program(code);
    let prediction = predict(&program, &setting(&[("n", 5), ("k", 1)]));
    assert!(!prediction.is_exact());
    let bill = bill(&prediction, SCHEME, 8, 3);
    assert_eq!(bill.total.rounds, 1, "what may not happen is not counted");
    assert!(
        bill.unknown.iter().any(|unknown| matches!(unknown, Unknown::Hidden(Hidden::Turns(_)))),
        "{:?}",
        bill.unknown
    );
    assert!(
        bill.unknown.iter().any(|unknown| matches!(unknown, Unknown::Hidden(Hidden::Holds(_)))),
        "{:?}",
        bill.unknown
    );
}

#[test]
fn lists_grow_in_loops() {
    let body = ["push l0 l0 s0", "get s1 l0 p4", "mul [s2 s1 s0]"];
    let program = program(&format!("list l0 []\n{}", repeat(10, &body)));
    assert_eq!(formulas(&program), ("n".into(), "32·n²".into()));
    assert_eq!(figures(&program, &[("n", 6), ("k", 1)]), (6, 36, true));
}

#[test]
fn a_budget_names_the_lines_that_break_it() {
    let program = program(&repeat(9, &["mul [s1 s0 s0]"]));
    let setting = setting(&[("n", 10), ("k", 1)]);
    let budget = |rounds, bytes| check_budget(&program, &setting, SCHEME, Budget { rounds, bytes });
    assert!(budget(Some(10), Some(100_000)).is_ok_and(|found| found.exact) && budget(None, None).is_ok());
    let overrun = budget(Some(9), None).unwrap_err();
    assert_eq!((overrun.total.rounds, overrun.exact), (10, true));
    assert_eq!(overrun.lines.first().map(|row| row.amount.rounds), Some(10));
    assert!(budget(None, Some(1000)).is_err());
}

/// One way of the first branch leads to the next turn, and meets the other there.
#[test]
fn a_turn_that_is_cut_short_is_followed() {
    let turn = ["copy p4 p0", "const p6 k2", "binary add p4 p4 p1", "binary mod p5 p4 p6", "binary eq p12 p5 p0"];
    let onward = ["jump-unless p12 @12", "jump @7", "binary gt p12 p4 p3", "jump-unless p12 @7", "mul [s1 s0 s0]"];
    let program = program(&[turn, onward].concat().join("\n"));
    assert_eq!(figures(&program, &[("n", 2), ("k", 6)]), (1, 2, true));
    // With turns whose number is not known, it is enough that it ends.
    assert!(!predict(&program, &setting(&[]).with_symbols()).is_exact());
}

#[test]
fn elements_are_spread_over_rows_and_columns() {
    let numbers = |numbers: &[i128]| numbers.iter().copied().map(Expr::Num).collect::<Vec<_>>();
    let shape = numbers(&[2, 3]);
    let column = value::Public::of(numbers(&[2, 1]), numbers(&[7, 9]));
    assert_eq!(column.spread(&shape), Some(numbers(&[7, 7, 7, 9, 9, 9])));
    let row = value::Public::of(numbers(&[3]), numbers(&[1, 2, 3]));
    assert_eq!(row.spread(&shape), Some(numbers(&[1, 2, 3, 1, 2, 3])));
    assert_eq!(row.spread(&[Expr::symbol("n"), Expr::Num(3)]), None);
}
