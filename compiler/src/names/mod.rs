//! Who defines which name: functions and the functions inside them, what each assigns, and what it reads from outside.
//!
//! A function may read the variables around it, as in Python. It gets their values with every call, so the value is that of the
//! moment of the call; [`Scopes::captures`] says which ones those are, through calls of further functions too.

pub mod mentions;
pub mod suggest;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, StmtKind};
use mentions::Mentions;
use std::collections::{HashMap, HashSet};

/// A function of the program or the library, as an index into [`Scopes::defs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DefId(pub u32);

/// What a variable belongs to: a function, or the top level of the program.
pub type Owner = Option<DefId>;

/// A function and what its scope holds.
#[derive(Debug)]
pub struct Def<'a> {
    /// The definition.
    pub function: &'a ast::FunctionDef,
    /// The function it is defined in.
    pub parent: Owner,
    /// True for functions of the library, which may use the primitives of the machine.
    pub library: bool,
    /// What is assigned and read in it, without the functions inside.
    mentions: Mentions<'a>,
    children: HashMap<&'a str, DefId>,
}

/// All scopes of a program and the library.
#[derive(Debug, Default)]
pub struct Scopes<'a> {
    /// Every function.
    pub defs: Vec<Def<'a>>,
    /// What is assigned at the top level of the program.
    top: Mentions<'a>,
    functions: HashMap<&'a str, DefId>,
    library: HashMap<&'a str, DefId>,
}

/// What a name stands for, before it is known whether the variable has been assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A variable of this owner.
    Variable(Owner),
    /// A function.
    Function(DefId),
    /// Neither: perhaps a builtin, a dimension or a mistake.
    Outside,
}

impl<'a> Scopes<'a> {
    /// Collects the scopes of the program, then those of the library.
    pub fn collect(module: &'a ast::Module, library: &[&'a ast::Module], found: &mut Vec<Diagnostic>) -> Self {
        let mut scopes = Scopes { top: Mentions::of_block(&module.body), ..Scopes::default() };
        scopes.functions = scopes.collect_block(&module.body, None, false, found);
        for module in library {
            let functions = scopes.collect_block(&module.body, None, true, found);
            scopes.library.extend(functions);
        }
        scopes
    }

    fn collect_block(
        &mut self,
        body: &'a [ast::Stmt],
        parent: Owner,
        library: bool,
        found: &mut Vec<Diagnostic>,
    ) -> HashMap<&'a str, DefId> {
        let mut names: HashMap<&'a str, DefId> = HashMap::new();
        for function in functions_of(body) {
            let def = self.collect_function(function, parent, library, found);
            if let Some(first) = names.insert(&function.name.text, def) {
                found.push(defined_twice(function, self.def(first).function.name.span));
            }
        }
        names
    }

    fn collect_function(
        &mut self,
        function: &'a ast::FunctionDef,
        parent: Owner,
        library: bool,
        found: &mut Vec<Diagnostic>,
    ) -> DefId {
        let id = DefId(self.defs.len() as u32);
        let mentions = Mentions::of_function(function);
        self.defs.push(Def { function, parent, library, mentions, children: HashMap::new() });
        let children = self.collect_block(&function.body, Some(id), library, found);
        self.defs[id.0 as usize].children = children;
        id
    }

    /// The function of that number.
    pub fn def(&self, id: DefId) -> &Def<'a> {
        &self.defs[id.0 as usize]
    }

    /// What `name` stands for in the scope of `owner`.
    pub fn meaning(&self, owner: Owner, name: &str) -> Meaning {
        let mut scope = owner;
        let mut library = false;
        while let Some(id) = scope {
            let def = self.def(id);
            library = def.library;
            if let Some(&child) = def.children.get(name) {
                return Meaning::Function(child);
            }
            if def.mentions.assigns(name) {
                return Meaning::Variable(scope);
            }
            scope = def.parent;
        }
        if !library && self.top.assigns(name) {
            return Meaning::Variable(None);
        }
        self.top_function(library, name).map_or(Meaning::Outside, Meaning::Function)
    }

    /// The function that the top level of the program, or the library, defines under that name.
    pub fn top_function(&self, library: bool, name: &str) -> Option<DefId> {
        if library { self.library.get(name).copied() } else { self.functions.get(name).copied() }
    }

    /// Whether the function mentions the name in an expression or a type.
    pub fn reads(&self, id: DefId, name: &str) -> bool {
        self.def(id).mentions.reads(name)
    }

    /// The variables of its surroundings that a function needs, itself or through functions it calls.
    pub fn captures(&self, id: DefId) -> Vec<(Owner, &'a str)> {
        let mut found: HashSet<(Owner, &'a str)> = HashSet::new();
        let mut seen: HashSet<DefId> = HashSet::from([id]);
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            for name in self.def(next).mentions.all_reads() {
                match self.meaning(Some(next), name) {
                    Meaning::Function(called) if seen.insert(called) => open.push(called),
                    // A variable of the top level may have the name of a function that is called before it is assigned.
                    Meaning::Variable(owner) if owner != Some(next) => {
                        found.insert((owner, name));
                        let shadowed = self.top_function(false, name).filter(|_| owner.is_none());
                        open.extend(shadowed.filter(|called| seen.insert(*called)));
                    }
                    Meaning::Function(_) | Meaning::Variable(_) | Meaning::Outside => {}
                }
            }
        }
        let mut found: Vec<_> = found.into_iter().filter(|(owner, _)| self.encloses(*owner, id)).collect();
        found.sort_unstable();
        found
    }

    /// Whether the scope `owner` lies around function `id`, the function itself not counted.
    fn encloses(&self, owner: Owner, id: DefId) -> bool {
        let mut scope = self.def(id).parent;
        while scope.is_some() && scope != owner {
            scope = scope.and_then(|id| self.def(id).parent);
        }
        scope == owner
    }

    /// Every name that can be used in the scope of `owner`, for suggestions.
    pub fn visible(&self, owner: Owner) -> Vec<&'a str> {
        let mut names: Vec<&'a str> = self.top.all_assigned().chain(self.functions.keys().copied()).collect();
        let mut scope = owner;
        while let Some(id) = scope {
            let def = self.def(id);
            names.extend(def.mentions.all_assigned().chain(def.children.keys().copied()));
            scope = def.parent;
        }
        names
    }
}

/// The functions that a block defines, those under its conditions and loops too.
fn functions_of(body: &[ast::Stmt]) -> Vec<&ast::FunctionDef> {
    let mut found = Vec::new();
    for stmt in body {
        match &stmt.kind {
            StmtKind::Function(function) => found.push(function),
            kind => mentions::each_block(kind, &mut |block| found.extend(functions_of(block))),
        }
    }
    found
}

fn defined_twice(function: &ast::FunctionDef, first: Span) -> Diagnostic {
    let name = &function.name.text;
    Diagnostic::new(Code::DefinedTwice, function.name.span, format!("`{name}` is defined twice"))
        .label("the second definition")
        .note(first, "the first")
        .help("give one of them another name")
}
