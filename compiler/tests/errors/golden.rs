//! The full text that people see, for every mistake in `*.md` beside this file.
//!
//! A section is a case: a block `mpc` with the program, and a block `text` with all that is printed. Blocks `mpc NAME` before the
//! program are files beside it.

use crate::markdown::{Block, blocks, compile, expect, files};
use mpcc::diagnostic::render;
use std::path::Path;

fn shown(program: &Block, others: &[&Block]) -> String {
    let others: Vec<_> =
        others.iter().map(|block| (block.info.trim_start_matches("mpc "), block.text.as_str())).collect();
    let found = compile(&program.text, &others);
    render::human(&found.sources, &found.diagnostics, false)
}

/// The file with every expectation as it comes out.
fn anew(text: &str) -> String {
    let (mut out, mut at, mut others) = (String::new(), 0, Vec::new());
    let all = blocks(text);
    let mut rest = all.iter().peekable();
    while let Some(block) = rest.next() {
        if block.info != "mpc" {
            assert!(block.info.starts_with("mpc "), "a block `{}` without a program before it", block.info);
            others.push(block);
            continue;
        }
        let expected = shown(block, &others);
        others.clear();
        let after = rest.next_if(|block| block.info == "text");
        let (until, next) = after.map_or((block.range.end + 4, block.range.end + 4), |b| (b.range.start, b.range.end));
        out.push_str(&text[at..until]);
        out.push_str(&if after.is_some() { expected } else { format!("```text\n{expected}```\n") });
        at = next;
    }
    out + &text[at..]
}

#[test]
fn texts_are_what_they_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    for path in files(&folder, "md") {
        let text = std::fs::read_to_string(&path).expect("a file of cases");
        expect(&path, &anew(&text));
    }
}
