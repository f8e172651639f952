//! Round trips of arbitrary programs, and what the assembler says about a wrong line.

use crate::arbitrary::programs;
use crate::isa::Instruction;
use crate::operand::{Dst, Label, Src};
use crate::program::{Constant, Function, Line, Program};
use proptest::prelude::*;

proptest! {
    #[test]
    fn text_reads_back_to_the_same_bytes(program in programs()) {
        let text = program.to_text();
        let read = Program::from_text(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(read.to_bytes(), program.to_bytes(), "{}", text);
    }

    #[test]
    fn comments_and_blanks_do_not_matter(program in programs()) {
        let text: String = program.to_text().lines().map(|line| format!("\t {line}  ; \"a\n\n")).collect();
        let unchanged = program.to_text();
        prop_assert_eq!(Program::from_text(&text).map(|read| read.to_text()), Ok(unchanged));
    }

    #[test]
    fn no_text_makes_the_assembler_panic(text in "(mpcb 2\n)?(\\PC|[\n\"\\\\@\\[\\]();:,])*") {
        let _ = Program::from_text(&text);
    }

    #[test]
    fn no_damage_makes_the_assembler_panic(program in programs(), at in any::<prop::sample::Index>(), with in "\\PC") {
        let mut text: Vec<char> = program.to_text().chars().collect();
        let at = at.index(text.len());
        text.splice(at..=at, with.chars());
        let _ = Program::from_text(&text.into_iter().collect::<String>());
    }
}

/// What the assembler says about `line` in a small program.
fn complaint(line: &str) -> String {
    let text = format!("mpcb 2\nfunction f0 \"main\"\n{line}\n");
    let error = Program::from_text(&text).expect_err("the line is wrong");
    assert_eq!(error.line, 3);
    error.message
}

#[test]
fn wrong_lines_are_explained() {
    assert_eq!(complaint("k1 int 3"), "`k1` is out of turn: the next one is `k0`");
    assert_eq!(complaint("7 return []"), "`@7` is out of turn: the next one is `@0`");
    assert_eq!(complaint("k0 int x"), "`x` is not a number that fits here");
    assert_eq!(complaint("k0 str \"x"), "a quote is not closed");
    assert_eq!(complaint("frobnicate p0"), "there is no instruction `frobnicate`");
    assert_eq!(complaint("mul [s0 p1 s2]"), "expected `s…`, found `p1`");
    assert_eq!(complaint("return [] s0"), "`s0` is left over");
    assert_eq!(complaint("dim0 \"n\" x"), "`x` is left over");
    assert_eq!(complaint("registers q int"), "expected `p`, `s` or `l` at `q int`");
    assert_eq!(
        complaint("port0 input \"x\" sint [(dim0 % 2)] from role0 at 0:1"),
        "expected `+`, `-`, `*` or `//` at `% 2)] from role0 at 0:1`"
    );
}

#[test]
fn the_first_line_is_the_version() {
    for text in ["", "; nothing\n", "function f0 \"main\"\n"] {
        let error = Program::from_text(text).expect_err("there is no version");
        assert_eq!(error.message, "the first line is `mpcb` and the version");
    }
    let error = Program::from_text("mpcb 9").expect_err("the version is another");
    assert_eq!(error.to_string(), "line 1: the text has bytecode version 9, this assembler reads version 2");
}

#[test]
fn a_program_without_functions_has_nowhere_for_code() {
    let error = Program::from_text("mpcb 2\nreturn []").expect_err("there is no function");
    assert_eq!(error.to_string(), "line 2: this belongs into a function: `function f0 \"main\"`");
}

#[test]
fn the_example_of_the_documentation_reads() {
    let page = include_str!("mod.rs");
    let example: String = page
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .skip_while(|line| line.trim() != "```text")
        .skip(1)
        .take_while(|line| line.trim() != "```")
        .map(|line| format!("{line}\n"))
        .collect();
    let program = Program::from_text(&example).expect("the example is right");
    assert_eq!(program.functions[0].code.len(), 4);
    assert_eq!(Program::from_text(&program.to_text()), Ok(program));
}

/// Quadratic reading or writing would show: nobody waits an hour for a test.
#[test]
fn large_programs_read_back() {
    let mut program = Program::default();
    program.constants.push(Constant::Int(vec![1_000_000], (0..1_000_000).collect()));
    let jump = |to| Instruction::Jump { to: Label(to) };
    let batch = (0..100_000).map(|i| (Dst::new(i), Src::new(i), Src::new(i))).collect();
    let code = [Instruction::Mul { batch }].into_iter().chain((0..200_000).map(jump)).collect();
    let lines = (0..200_000).map(|at| (at, Line { file: 0, line: at })).collect();
    program.functions.push(Function { code, lines, ..Function::default() });
    assert_eq!(Program::from_text(&program.to_text()), Ok(program));
}

#[test]
fn no_mnemonic_is_an_item() {
    let words = [
        "precision",
        "file",
        "function",
        "params",
        "results",
        "registers",
        "handler",
        "inlined",
        "line",
        "within",
        "disclosure",
    ];
    for row in crate::isa::table() {
        assert!(
            !words.contains(&row.mnemonic) && !row.mnemonic.ends_with(|c: char| c.is_ascii_digit()),
            "{}",
            row.mnemonic
        );
    }
}
