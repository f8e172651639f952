//! The checker: from the tree of a program as it is written to the typed tree, with every error of types, shapes and secrecy.
//!
//! Each function is interpreted abstractly, forward, once for every list of argument types that it is called with: a variable's
//! type follows its assignments, joins where control flow does, and grows at loop heads until it is stable. A secret `if` becomes
//! two arms and selections. Secrets become public only where the program says `reveal` or assigns an output.
//!
//! Architecture invariant: the check ends on every input, without a panic: walks are paid for from a fixed budget, types that grow
//! are few, and depth is bounded before the stack is.

mod annotations;
mod assign;
mod body;
mod branch;
pub mod builtins;
mod calls;
mod checker;
mod classes;
mod convert;
mod effects;
mod exceptions;
mod expressions;
mod flow;
mod formatting;
mod index;
mod instances;
mod intrinsics;
mod iteration;
mod join;
mod lists;
mod loops;
mod methods;
mod modules;
mod numbers;
mod operations;
mod places;
mod port_sizes;
mod ports;
mod reachable;
mod reductions;
mod sequences;
pub mod shape;
mod shares;
mod spread;
mod statements;
mod strings;
mod tensors;
mod testing;
mod text;
pub mod tree;
mod tries;
pub mod ty;
mod value;

use crate::diagnostic::Diagnostic;
use crate::names::{Modules, Scopes, library};
use crate::source::Sources;
use crate::syntax::{self, ast};
use checker::Checker;
use tree::Tree;

/// The stack that a check may need: its own bound on depth, times the largest frames there are.
const STACK: usize = 256 << 20;

/// What operators and builtins are made of, parsed.
#[derive(Debug)]
pub struct Library {
    modules: Vec<ast::Module>,
}

impl Library {
    /// Parses it; its files are added to `sources`, so that places in them can be shown.
    pub fn load(sources: &mut Sources) -> Self {
        Self::from_texts(sources, &[library::PRELUDE])
    }

    /// The same of other texts, each with its path.
    pub fn from_texts(sources: &mut Sources, texts: &[(&str, &str)]) -> Self {
        let parse = |(path, text): &(&str, &str)| {
            let file = sources.add(*path, *text);
            syntax::parse(file, text).0
        };
        Library { modules: texts.iter().map(parse).collect() }
    }
}

/// What a check gives.
#[derive(Debug)]
pub struct Checked {
    /// The typed tree; absent if there is an error.
    pub tree: Option<Tree>,
    /// Errors and warnings in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks a program with all files that it imports.
pub fn check(program: &Modules, library: &Library) -> Checked {
    walked(program, library, None)
}

/// Checks one `@test` function of a file as a program of its own.
pub fn check_test(file: &Modules, library: &Library, name: &str) -> Checked {
    walked(file, library, Some(name))
}

fn walked(program: &Modules, library: &Library, test: Option<&str>) -> Checked {
    let walk = || {
        let mut found = Vec::new();
        let modules: Vec<&ast::Module> = library.modules.iter().collect();
        let scopes = Scopes::collect(program, &modules, &mut found);
        let checker = Checker::new(scopes, found);
        let (tree, diagnostics) = match test {
            Some(name) => checker.test(program, name),
            None => checker.program(program),
        };
        Checked { tree, diagnostics }
    };
    std::thread::scope(|scope| {
        let large = std::thread::Builder::new().name("check".into()).stack_size(STACK).spawn_scoped(scope, walk);
        match large.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(checked)) => checked,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // No further thread is to be had: the caller's stack is enough for all but hostile programs.
            Err(_) => walk(),
        }
    })
}
