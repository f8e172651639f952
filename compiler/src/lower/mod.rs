//! From the typed tree to the intermediate representation.
//!
//! Tuples are taken apart: a value of the source is a list of registers, one for each tensor in it (a list of pairs is a pair of
//! lists). What the tree says about meaning becomes instructions here; nothing is optimised but what is cheaper to say at once.
//!
//! Invariant: lowering is total. A tree that breaks the checker's promises gives a program that the verifier refuses, never a panic.

mod arithmetic;
mod body;
mod call;
mod compare;
mod convert;
mod expression;
mod layout;
mod operator;
mod path;
mod primitive;
mod protect;
mod select;
mod statement;
#[cfg(test)]
mod tests;
mod text;

use crate::ir::{Constants, Function, Module, Note};
use crate::source::{Sources, Span};
use crate::types::tree::{self, Tree};
use body::Body;

/// What all functions of a program share while they are lowered.
struct Program<'a> {
    tree: &'a Tree,
    sources: &'a Sources,
    constants: Constants,
    notes: Vec<Note>,
}

/// Lowers a checked program. The texts are needed to say what is disclosed.
pub fn lower(tree: &Tree, sources: &Sources) -> Module {
    let mut program = Program { tree, sources, constants: Constants::default(), notes: Vec::new() };
    let functions = tree.functions.iter().map(|function| program.function(function)).collect();
    Module {
        functions,
        constants: program.constants,
        notes: program.notes,
        frac: tree.precision.fix_frac,
        exceptions: tree.exceptions.clone(),
    }
}

impl<'a> Program<'a> {
    fn function(&mut self, function: &'a tree::Function) -> Function {
        let library = is_library(self.sources, function.span);
        let mut body = Body::new(self, function);
        body.statements(&function.body);
        Function { library, ..body.finish() }
    }

    /// The text under a span on one line, as a disclosure shows it.
    fn text(&self, span: Span) -> String {
        let text = self.sources.get(span.file).map(|source| source.slice(span)).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// True for what stands in the library that comes with the compiler.
fn is_library(sources: &Sources, span: Span) -> bool {
    sources.get(span.file).is_some_and(|source| source.path.starts_with(crate::names::library::FOLDER))
}
