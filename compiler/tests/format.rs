//! How programs are laid out: cases by hand, and what holds for every program.
//!
//! `format/cases.txt` has the cases: a title after `####`, the text, `---->`, and the text as it is laid out. `MPC_BLESS=1` writes
//! what comes out.

#![allow(clippy::disallowed_methods, reason = "a test reads the programs of the repository")]

use mpcc::format::{WIDTH, format, unified};
use mpcc::source::FileId;
use mpcc::syntax::{ast::Module, lexer, parse};
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/format/cases.txt");

fn formatted(text: &str) -> String {
    format(FileId(0), text).unwrap_or_else(|found| panic!("{:?}\n{text}", found[0]))
}

fn tree(text: &str) -> Option<Module> {
    let (module, found) = parse(FileId(0), text);
    found.is_empty().then_some(module)
}

/// A tree with every span left out.
fn shape(module: &Module) -> String {
    let shown = format!("{module:?}");
    let mut parts = shown.split("Span {");
    let first = parts.next().unwrap_or_default().to_owned();
    // A span prints as `Span { file: FileId(0), start: 1, end: 2 }`.
    parts.fold(first, |out, part| out + part.split_once('}').map_or("", |(_, rest)| rest))
}

/// The comments of a text without the blanks at their ends.
fn comments(text: &str) -> Vec<String> {
    let lexed = lexer::lex(FileId(0), text, 0, text.len() as u32);
    let words = lexed.comments.iter().map(|span| text[span.range()].trim_start_matches('#').trim().to_owned());
    words.collect()
}

/// What holds for every text that parses.
fn check(text: &str) -> String {
    let once = formatted(text);
    let twice = formatted(&once);
    assert!(once == twice, "not the same twice:\n{text}\n----\n{}", unified("once and twice", &once, &twice));
    assert!(comments(text) == comments(&once), "other comments:\n{text}\n----\n{once}");
    let (before, after) = (tree(text).expect("it parses"), tree(&once).expect("it parses laid out"));
    assert!(shape(&before) == shape(&after), "another tree:\n{text}\n----\n{once}");
    assert!(once.is_empty() || once.ends_with('\n') && !once.ends_with("\n\n") && !once.starts_with('\n'), "{once:?}");
    let lexed = lexer::lex(FileId(0), &once, 0, once.len() as u32);
    assert!(
        !once.contains("\n\n\n\n")
            || lexed.lexemes.iter().any(|one| once[one.start as usize..one.end as usize].contains("\n\n"))
    );
    once
}

struct Case {
    title: String,
    input: String,
    output: String,
}

fn cases() -> Vec<Case> {
    let text = fs::read_to_string(CASES).expect("the cases");
    let parts = text.split("#### ").skip(1);
    parts
        .map(|part| {
            let (title, rest) = part.split_once('\n').expect("a title");
            let (input, output) = rest.split_once("---->\n").unwrap_or((rest, ""));
            Case { title: title.into(), input: input.into(), output: ended(output) }
        })
        .collect()
}

/// A text with one end of line after it, but for the empty one.
fn ended(text: &str) -> String {
    match text.trim_end() {
        "" => String::new(),
        text => text.to_owned() + "\n",
    }
}

#[test]
fn cases_are_laid_out_as_they_say() {
    let bless = std::env::var_os("MPC_BLESS").is_some();
    let (mut wrong, mut blessed) = (String::new(), String::new());
    for Case { title, input, output } in cases() {
        // `\t`, `\r` and `\f` stand for themselves where they could not be seen.
        let text = input.replace("␉", "\t").replace("␍", "\r").replace("␠", " ");
        let found = check(&text);
        if found != output {
            wrong += &format!("#### {title}\n{found}---- expected\n{output}\n");
        }
        blessed += &format!("#### {title}\n{input}---->\n{found}\n");
    }
    if bless {
        fs::write(CASES, blessed.trim_end().to_owned() + "\n").expect("the cases can be written");
    } else {
        assert!(wrong.is_empty(), "{wrong}");
    }
}

/// Every program of the repository; files of many small programs are cut into them.
fn programs() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the compiler stands in the repository");
    let mut found = Vec::new();
    for folder in ["stdlib", "programs", "tests/language", "compiler/tests"] {
        walk(&root.join(folder), &mut found);
    }
    let cut = |(path, text): (PathBuf, String)| {
        let parts: Vec<String> = match ["\n# == ", "\n#### "].iter().find(|mark| text.contains(**mark)) {
            Some(mark) => text.split(mark).skip(1).map(|part| format!("# {part}")).collect(),
            None => vec![text],
        };
        parts.into_iter().map(move |part| (path.clone(), part)).collect::<Vec<_>>()
    };
    found.into_iter().flat_map(cut).filter(|(_, text)| tree(text).is_some()).collect()
}

fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository").flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "mpc") {
            found.push((path.clone(), fs::read_to_string(&path).expect("a program is text")));
        }
    }
}

#[test]
fn every_program_of_the_repository_keeps_its_meaning() {
    let programs = programs();
    assert!(programs.len() > 300, "only {} programs were found", programs.len());
    for (_, text) in programs {
        check(&text);
    }
}

#[test]
fn a_text_with_mistakes_is_not_laid_out() {
    for text in ["x = (1", "if x\n    y = 1\n", "x = 'a", "  x = 1\ny = 2\n"] {
        let found = format(FileId(0), text).expect_err("a mistake");
        assert_eq!(found.len(), 1, "{text}");
    }
}

#[test]
fn depth_is_no_overflow() {
    let many = |part: &str, count| part.repeat(count);
    let deep = [
        format!("x = {}1{}\n", many("(", 190), many(")", 190)),
        format!("x = {}1{}\n", many("[", 190), many(",]", 190)),
        format!("x = {}1{}\n", many("f(a + ", 95), many(")", 95)),
        format!("x = {}1\n", many("not ", 190)),
        format!("x = 1{}\n", many(" + 1", 190)),
        format!("x = a{}\n", many(".b(c)", 90)),
        format!("x = [{}]\n", many("1, ", 20_000)),
        format!("x = {}\n", many("f(1), ", 5000)),
        format!("print{}\n", many("(1,2,)", 90)),
        (0..90).map(|depth| format!("{}if a:\n", " ".repeat(depth))).collect::<String>() + &" ".repeat(90) + "pass\n",
    ];
    for text in deep {
        check(&text);
    }
}

// ---- random programs

/// Marks a comment that has been put in, so that each is another.
fn remark(number: usize) -> String {
    format!("  # remark {number}\n")
}

/// A program written in another way: blanks, ends of lines and comments put where they mean nothing.
fn mangled(text: &str, dice: &mut impl FnMut(usize) -> usize) -> String {
    let lexed = lexer::lex(FileId(0), text, 0, text.len() as u32);
    let (mut out, mut at, mut depth, mut remarks) = (String::new(), 0, 0_usize, 0);
    for lexeme in lexed.lexemes {
        let (start, end) = (lexeme.start as usize, lexeme.end as usize);
        let gap = &text[at..start];
        let begins = out.is_empty() || out.ends_with('\n') && depth == 0;
        out += gap;
        if depth > 0 && !gap.contains('#') {
            match dice(24) {
                0 => out.push('\n'),
                1 => out += "\n\n   ",
                2 => {
                    remarks += 1;
                    out += &remark(remarks);
                }
                3 => {
                    remarks += 2;
                    out += &format!("{}{}", remark(remarks - 1), remark(remarks));
                }
                4..8 => out += "  ",
                _ => {}
            }
        } else if !begins && lexeme.token != lexer::Token::Newline && !gap.contains(['\n', '#']) {
            match dice(20) {
                0 => out += " \\\n  ",
                1..4 => out += "  ",
                _ => {}
            }
        }
        match lexeme.token {
            lexer::Token::Open(_) => depth += 1,
            lexer::Token::Close(_) => depth = depth.saturating_sub(1),
            lexer::Token::Newline if depth == 0 && dice(20) == 0 => {
                remarks += 1;
                out += &format!("\n# remark {remarks}\n");
            }
            _ => {}
        }
        out += &text[start..end];
        at = end;
    }
    out + &text[at..]
}

/// Expressions, of any length.
fn expression() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "a",
        "b",
        "count",
        "weights",
        "a_rather_long_name",
        "1",
        "0.5",
        "\"text\"",
        "'it'",
        "x.field",
        "f'{a}'",
        "True",
        "0x1F",
        "the_longest_name_of_a_variable_that_anyone_would_want_to_write",
        "...",
    ]);
    let leaf = name.prop_map(|name| if name == "..." { "m[..., None]".to_owned() } else { name.to_owned() });
    leaf.prop_recursive(6, 40, 6, |inner| {
        let op = prop::sample::select(vec![
            "+", "-", "*", "/", "//", "%", "@", "**", "|", "&", "^", "<<", ">>", "==", "<", ">=", "!=", "and", "or",
            "in", "not in",
        ]);
        let list = prop::collection::vec(inner.clone(), 1..6);
        prop_oneof![
            4 => (inner.clone(), op, inner.clone()).prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            2 => (inner.clone(), prop::sample::select(vec!["+", "*", "and", "|"]), inner.clone())
                .prop_map(|(a, op, b)| format!("(({a}){op} -({b}))")),
            3 => (list.clone(), any::<bool>()).prop_map(|(items, comma)| {
                format!("f({}{})", items.join(","), if comma { "," } else { "" })
            }),
            2 => (list.clone(), any::<bool>()).prop_map(|(items, comma)| {
                format!("[{}{}]", items.join(" ,"), if comma { "," } else { "" })
            }),
            1 => list.clone().prop_map(|items| format!("({},)", items.join(", "))),
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("call({a}, key = {b})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("x[{a}:{b}, ::2, -1]")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} if {b} else {c})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a} for x, y in zip({b}) if x > (y)]")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("data.map({a}).keep({b}).sum()")),
            1 => inner.clone().prop_map(|a| format!("(not ({a}))")),
            1 => Just("('one' \"two\")".to_owned()),
        ]
    })
}

/// Statements of one line, or a head and its block.
fn statement() -> impl Strategy<Value = String> {
    let simple = prop_oneof![
        3 => expression().prop_map(|a| format!("x = {a}\n")),
        1 => (expression(), expression()).prop_map(|(a, b)| format!("x, y = {a}, {b}\n")),
        1 => (expression(), expression()).prop_map(|(a, b)| format!("table[{a}] += {b}\n")),
        1 => expression().prop_map(|a| format!("total : sfix[n, 2] = ({a})\n")),
        1 => (expression(), expression()).prop_map(|(a, b)| format!("assert {a}, ({b})\n")),
        1 => expression().prop_map(|a| format!("print({a}); y = 3 ;\n")),
        1 => expression().prop_map(|a| format!("raise ValueError({a}) from error\n")),
        1 => Just("from library . part import (one as first, two, three)\n".to_owned()),
        1 => Just("pass # why\n\n\n\n".to_owned()),
        1 => Just("# alone\n".to_owned()),
    ];
    let indented = |body: String| body.lines().map(|line| format!("   {line}\n")).collect::<String>();
    simple.prop_recursive(3, 12, 3, move |inner| {
        let body = prop::collection::vec(inner, 1..4).prop_map(move |parts| indented(parts.concat() + "pass\n"));
        prop_oneof![
            1 => (expression(), body.clone()).prop_map(|(a, body)| format!("if {a} :\n{body}")),
            1 => (expression(), body.clone(), body.clone())
                .prop_map(|(a, body, other)| format!("if ({a}):\n{body}else:\n # odd\n{other}")),
            1 => (expression(), body.clone()).prop_map(|(a, body)| format!("for i, j in {a}:\n{body}")),
            1 => (expression(), body.clone()).prop_map(|(a, body)| format!("while {a}: # turn\n{body}")),
            1 => (expression(), body.clone()).prop_map(|(a, body)| {
                format!("@mark\n# between\n@other({a})\ndef f(a:int={a},*,key=2)->sint :\n{body}")
            }),
            1 => (body.clone(), body.clone()).prop_map(|(body, other)| {
                format!("try:\n{body}except (A,B) as e:\n{other}finally:\n    pass\n  # left over\n")
            }),
            1 => (body, expression()).prop_map(|(body, a)| {
                format!("class C[n,m](Base):\n    '''Doc.'''\n    field:sfix[n]={a}\n    def m(self):\n     {}\n", body.replace('\n', "\n     ").trim_end())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_programs_keep_their_meaning(parts in prop::collection::vec(statement(), 1..5), seed in any::<u64>()) {
        let text = parts.concat();
        // A name may stand in a place where only the parser knows that it cannot.
        prop_assume!(tree(&text).is_some());
        let plain = check(&text);
        for line in plain.lines().filter(|line| line.chars().count() > WIDTH) {
            // What cannot be split: a long name or text with what belongs to it.
            prop_assert!(!line.contains(", ") || line.contains('#') || line.contains("import") || line.matches(['(', '[']).count() > 0, "{}", line);
        }
        let mut state = seed | 1;
        let other = mangled(&text, &mut |below| roll(&mut state, below));
        if tree(&other).is_some() {
            check(&other);
        }
    }

    #[test]
    fn programs_of_the_repository_written_in_another_way(at in any::<prop::sample::Index>(), seed in any::<u64>()) {
        static PROGRAMS: OnceLock<Vec<(PathBuf, String)>> = OnceLock::new();
        let programs = PROGRAMS.get_or_init(programs);
        let (_, text) = &programs[at.index(programs.len())];
        let mut state = seed | 1;
        let other = mangled(text, &mut |below| roll(&mut state, below));
        let same = tree(&other);
        prop_assert!(same.is_some_and(|same| shape(&same) == shape(&tree(text).expect("it parses"))), "{other}");
        check(&other);
    }
}

fn roll(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    ((*state >> 33) as usize) % below
}
