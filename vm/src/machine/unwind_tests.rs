//! Handlers, under `plain`.

use super::tests::run;

/// A program with two functions: `main`, whose handler prints class, message and what `p3` holds, and `inner`.
fn handled(body: &str, inner: &str) -> Result<String, String> {
    let count = body.lines().count();
    let text = format!(
        r#"
k0 int 7
k1 int 0
k2 str " "
k3 str "own"
k4 int [2] 1 2
k5 int 9
class0 "Odd" ValueError
function f0 "main"
  registers p 4 int, str, int, 2 str, int
  registers l 2 list[int]
  handler @0 @{count} to @{target} p0 p6 p1
  line 0:1
{body}
  return []
  format p7 [p0:., k2, p6:., k2, p3:.]
  print p7
  return []
function f1 "inner"
  registers p 2 int, str
  line 0:5
{inner}
  return []
"#,
        target = count + 1
    );
    run(&text, &[])
}

#[test]
fn a_handler_is_told_of_class_and_message_and_nothing_is_written() {
    let body = "const p3 k0\nconst p5 k1\nbinary floordiv p3 p3 p5";
    assert_eq!(handled(body, ""), Ok("2 integer division or modulo by zero 7".into()));
    let own = "const p3 k0\nconst p4 k3\nraise class0 p4";
    assert_eq!(handled(own, ""), Ok("13 own 7".into()));
}

#[test]
fn a_list_that_could_not_be_changed_is_whole() {
    let body = "const p3 k0\nlist l0 [p3, p3]\nset l0 l0 p3 p3";
    let found = handled(body, "");
    assert_eq!(found, Ok("1 list index 7 is out of range for a list of 2 7".into()));
    let changed = "list l0 []\npush l0 l0 p3\nlength p3 l0\npop l0 p3 l0 p5";
    let body = format!("const p3 k0\nconst p5 k5\n{changed}");
    assert_eq!(handled(&body, ""), Ok("1 list index 9 is out of range for a list of 1 1".into()));
}

#[test]
fn calls_end_on_the_way_to_a_handler() {
    let body = "const p3 k0\ncall f1 [] []";
    assert_eq!(handled(body, "const p2 k3\nraise IndexError p2"), Ok("1 own 7".into()));
    let deep = handled(body, "call f1 [] []");
    assert_eq!(deep, Ok("5 calls are nested more than 1000 deep 7".into()));
}

#[test]
fn what_is_raised_again_says_where_it_came_from() {
    let text = r#"
k0 int 1
k1 int 0
function f0 "main"
  registers p 2 int, str, int
  handler @0 @1 to @2 p0 p2 p3
  line 0:9
  call f1 [] []
  return []
  line 0:11
  reraise p0 p2 p3
function f1 "ratio"
  registers p 2 int
  inlined "half" at 0:6 in 0
  inlined "quarter" at 0:4 in 1
  const p0 k0
  const p1 k1
  line 0:2
  within 2
  binary floordiv p0 p0 p1
  within 0
  return []
"#;
    let expected = "ZeroDivisionError: integer division or modulo by zero\n  at t.mpc:2 in quarter\n  at t.mpc:4 in half\n  at t.mpc:6 in ratio\n  at t.mpc:9 in main";
    assert_eq!(run(text, &[]), Err(expected.into()));
}

#[test]
fn a_secret_that_leaves_its_range_is_handled_by_none() {
    let text = r#"
k0 int 9223372036854775807
function f0 "main"
  registers p 2 int, str, int
  registers s sint
  handler @0 @3 to @3 p0 p2 p3
  line 0:1
  const p0 k0
  share s0 p0
  add s0 s0 s0
  return []
"#;
    let error = run(text, &[]).unwrap_err();
    assert!(error.starts_with("OverflowError: "), "{error}");
}

#[test]
fn classes_that_are_none_are_broken_bytecode() {
    for class in ["k5", "k1"] {
        let body = format!("const p3 {class}\nconst p4 k3\nconst p2 k5\nbinary mul p3 p3 p2\nreraise p3 p4 p2");
        let found = handled(&body, "");
        match class {
            "k5" => assert!(found.clone().is_err_and(|error| error.starts_with("the program is broken")), "{found:?}"),
            _ => assert_eq!(found, Ok("0 own 0".into())),
        }
    }
}
