//! Small programs, and what they disclose.

use super::*;
use proptest::prelude::*;

/// A program with inputs `a` of alice and `b` of bob, and outputs `x` to alice and `y` to all.
fn program(functions: &str, disclosures: &str) -> Program {
    let text = format!(
        "mpcb {}\nprecision int 64 fix 47 frac 16\nfile 0 \"t.mpc\"\nrole0 \"alice\"\nrole1 \"bob\"\n\
         port0 input \"a\" sint [] from role0 at 0:1\nport1 input \"b\" sint [] from role1 at 0:2\n\
         port2 output \"x\" sint [] to role0 at 0:3\nport3 output \"y\" sint [] to all at 0:4\n\
         k0 int 0\nk1 int 1\n{functions}\n{disclosures}\n",
        crate::program::VERSION
    );
    let program = Program::from_text(&text).expect("the text is a program");
    crate::verify(&program).expect("the program is valid");
    program
}

const REGISTERS: &str = "registers p 4 int, 2 bool\nregisters s 4 sint";

/// From which inputs, decided by which, and whether repeatedly, for every disclosure.
fn found(program: &Program) -> Vec<(String, String, bool)> {
    let entries = entries(program).into_iter();
    entries.map(|entry| (entry.from.join(" "), entry.decided_by.join(" "), entry.repeated)).collect()
}

fn is(from: &str, decided_by: &str, repeated: bool) -> (String, String, bool) {
    (from.into(), decided_by.into(), repeated)
}

#[test]
fn entries_of_a_batch_are_told_apart() {
    let code = "function f0 \"\"\n{R}\ninput [s0 port0, s1 port1]\nmul [s2 s0 s1, s3 s0 s0]\noutput [port2 s3, port3 s2]\nreturn []";
    let list = "disclosure f0 @2 entry 0 port2 to role0 at 0:3 \"x\"\ndisclosure f0 @2 entry 1 port3 to all at 0:4 \"y\" why \"it is asked\"";
    let program = program(&code.replace("{R}", REGISTERS), list);
    assert_eq!(found(&program), [is("a", "", false), is("a b", "", false)]);
    let entry = &entries(&program)[1];
    assert_eq!(
        (entry.to.join(" "), entry.port.as_deref(), entry.why.as_deref()),
        ("all".into(), Some("y"), Some("it is asked"))
    );
}

#[test]
fn a_register_that_is_written_anew_forgets() {
    let code = "function f0 \"\"\n{R}\ninput [s0 port0, s1 port1]\nadd s2 s0 s1\ncopy s2 s1\nopen [p0 s2]\nreturn []";
    let program = program(&code.replace("{R}", REGISTERS), "disclosure f0 @3 entry 0 to all at 0:3 \"b\"");
    assert_eq!(found(&program), [is("b", "", false)]);
}

#[test]
fn what_was_revealed_decides() {
    let code = "function f0 \"\"\n{R}\nconst p1 k0\ninput [s0 port0, s1 port1]\nopen [p0 s0]\nbinary gt p4 p0 p1\njump-unless p4 @6\n\
                open [p2 s1]\nreturn []";
    let list = "disclosure f0 @2 entry 0 to all at 0:3 \"a\"\ndisclosure f0 @5 entry 0 to all at 0:4 \"b\"";
    assert_eq!(found(&program(&code.replace("{R}", REGISTERS), list)), [is("a", "", false), is("b", "a", false)]);
}

#[test]
fn calls_put_in_what_they_are_given() {
    // f1 opens its argument and returns it squared; it is called with a, then with b.
    let code = "function f0 \"\"\n{R}\ninput [s0 port0, s1 port1]\ncall f1 [s2] [s0]\ncall f1 [s3] [s1]\nopen [p0 s3]\nreturn []\n\
                function f1 \"f\"\nparams s0\nresults sint\nregisters p int\nregisters s 2 sint\nopen [p0 s0]\nsquare [s1 s0]\nreturn [s1]";
    let list = "disclosure f0 @3 entry 0 to all at 0:3 \"z\"\ndisclosure f1 @0 entry 0 to all at 0:9 \"v\"";
    let program = program(&code.replace("{R}", REGISTERS), list);
    assert_eq!(found(&program), [is("b", "", false), is("a b", "", true)]);
}

#[test]
fn what_stands_in_a_loop_is_repeated() {
    let code = "function f0 \"\"\n{R}\nconst p1 k0\nconst p2 k1\ncopy p3 p2\ninput [s0 port0, s1 port1]\nopen [p0 s0]\nadd s0 s0 s1\n\
                binary sub p3 p3 p2\nbinary gt p4 p3 p1\njump-if p4 @4\nreturn []";
    let program = program(&code.replace("{R}", REGISTERS), "disclosure f0 @4 entry 0 to all at 0:3 \"a\"");
    assert_eq!(found(&program), [is("a b", "", true)]);
}

#[test]
fn the_hash_is_of_what_is_disclosed_alone() {
    let code = "function f0 \"\"\n{R}\ninput [s0 port0, s1 port1]\nadd s2 s0 s1\nopen [p0 s2]\nreturn []";
    let build = |code: &str, list: &str| hash(&program(&code.replace("{R}", REGISTERS), list));
    let list = "disclosure f0 @2 entry 0 to all at 0:3 \"a + b\"";
    let first = build(code, list);
    assert_eq!(first, build(&code.replace("add", "sub"), &list.replace("0:3", "0:30")), "neither how nor where");
    assert_ne!(first, build(&code.replace("s0 s1", "s0 s0"), list), "from which inputs");
    assert_ne!(first, build(code, &list.replace("a + b", "b")), "which expression");
    assert_ne!(first, build(code, &format!("{list} why \"so\"")), "why");
}

#[test]
fn the_container_holds_the_hash() {
    let code = "function f0 \"\"\n{R}\ninput [s0 port0, s1 port1]\nopen [p0 s1]\nreturn []";
    let program = program(&code.replace("{R}", REGISTERS), "disclosure f0 @1 entry 0 to all at 0:3 \"b\"");
    let bytes = program.to_bytes();
    assert_eq!(bytes[bytes.len() - 32..], hash(&program).0);
    let mut body = bytes[crate::program::HEADER..].to_vec();
    let end = body.len();
    body[end - 1] ^= 1;
    let error = Program::from_bytes(&crate::program::sealed(&body)).unwrap_err().to_string();
    assert!(error.contains("disclosures"), "{error}");
}

proptest! {
    /// Nothing that can be read makes the analysis fail, and it is the same every time.
    #[test]
    fn any_program_has_a_hash(program in crate::arbitrary::programs()) {
        prop_assert_eq!(hash(&program), hash(&program));
    }
}
