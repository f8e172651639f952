//! Warnings about secret computations that nothing uses.
//!
//! They are left out of the program, so they cost nothing; but whoever wrote them meant something by them. An instruction counts as
//! unused if nothing is left of the expression that it stands for, in no copy of its function: what the library computes and a
//! caller ignores is none of the caller's affair. Each line is named once.

use super::dead::Unused;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Module;
use crate::source::{FileId, Sources, Span};
use std::collections::{BTreeMap, HashSet};

/// Leaves those of whose place nothing is left in the program.
pub fn keep_unused(unused: &mut Vec<Unused>, module: &Module) {
    if unused.is_empty() {
        return;
    }
    let blocks = module.functions.iter().flat_map(|function| &function.blocks);
    let left: HashSet<Span> = blocks.flat_map(|block| &block.code).map(|op| op.span).collect();
    unused.retain(|unused| !left.contains(&unused.span));
}

/// A warning for every line with something unused.
pub fn warnings(unused: &[Unused], sources: &Sources) -> Vec<Diagnostic> {
    // A function that is inlined often was looked at as often.
    let mut by_span: BTreeMap<Span, u32> = BTreeMap::new();
    for &Unused { span, rounds } in unused {
        let known = by_span.entry(span).or_default();
        *known = rounds.max(*known);
    }
    let mut lines: BTreeMap<(FileId, u32), (Span, u32)> = BTreeMap::new();
    for (span, rounds) in by_span {
        let line = sources.get(span.file).map_or(0, |source| source.lines.line(span.start));
        let (all, sum) = lines.entry((span.file, line)).or_insert((span, 0));
        (*all, *sum) = (all.to(span), *sum + rounds);
    }
    lines.into_values().map(|(span, rounds)| warning(span, rounds)).collect()
}

fn warning(span: Span, rounds: u32) -> Diagnostic {
    let cost = match rounds {
        1 => "1 round".to_owned(),
        rounds => format!("{rounds} rounds"),
    };
    Diagnostic::new(Code::UnusedSecret, span, format!("this secret computation of {cost} is never used")).help(
        "delete it, or give its result to an `output` or to `.reveal()`; as it stands, it is left out of the program",
    )
}
