//! The tests of a file: every `@test` function is a program of its own, which runs the constants of the file and then the function.

use crate::diagnostic::{Diagnostic, any_error, sort};
use crate::names::decorators::{self, Budget};
use crate::names::{ModuleId, Modules};
use crate::source::{Files, Sources, Span};
use crate::syntax;
use crate::syntax::ast::StmtKind;
use crate::types::{self, Library};
use mpc_bytecode::Program;
use std::path::Path;

/// A file and its tests.
#[derive(Debug)]
pub struct Suite {
    /// The texts, for showing diagnostics.
    pub sources: Sources,
    /// What is wrong with the texts as such; where that is an error, there are no tests.
    pub diagnostics: Vec<Diagnostic>,
    /// The tests in the order of the text.
    pub tests: Vec<Test>,
    modules: Modules,
    library: Library,
}

/// A `@test` function.
#[derive(Clone, Debug)]
pub struct Test {
    /// The function's name.
    pub name: String,
    /// From `def` to the colon.
    pub span: Span,
    /// The exception that it must end with.
    pub raises: Option<String>,
    /// What it may cost.
    pub budget: Option<Budget>,
}

impl Suite {
    /// Reads a file and what it imports.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn load(files: &dyn Files, entry: &Path) -> std::io::Result<Self> {
        let text = files.read(entry)?;
        let mut sources = Sources::new();
        let file = sources.add(entry, text);
        let library = Library::load(&mut sources);
        let text = sources.get(file).map_or("", |source| &source.text);
        let (tree, mut diagnostics) = syntax::parse(file, text);
        let modules = Modules::load(files, &mut sources, (file, tree), &mut diagnostics);
        let tests = if any_error(&diagnostics) { Vec::new() } else { tests(&modules, &mut diagnostics) };
        sort(&mut diagnostics);
        Ok(Suite { sources, diagnostics, tests, modules, library })
    }

    /// The program that a test is, and what is wrong with it.
    pub fn compile(&self, test: &Test) -> (Option<Program>, Vec<Diagnostic>) {
        let checked = types::check_test(&self.modules, &self.library, &test.name);
        let mut diagnostics = checked.diagnostics;
        let program = checked.tree.and_then(|tree| crate::verified(&tree, &self.sources, test.span, &mut diagnostics));
        sort(&mut diagnostics);
        (program, diagnostics)
    }
}

fn tests(modules: &Modules, found: &mut Vec<Diagnostic>) -> Vec<Test> {
    let program = &modules.get(ModuleId::PROGRAM).tree;
    let functions = program.body.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Function(function) => Some(function),
        _ => None,
    });
    let mut tests = Vec::new();
    for function in functions {
        let marks = decorators::read(function, found);
        if let Some(test) = marks.test {
            let (name, span) = (function.name.text.clone(), function.header);
            tests.push(Test { name, span, raises: test.raises, budget: marks.budget });
        }
    }
    tests
}
