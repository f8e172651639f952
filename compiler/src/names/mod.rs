//! Who defines which name: files, functions and the functions inside them, what each assigns, imports, and reads from outside.
//!
//! A function may read the variables around it, as in Python. It gets their values with every call, so the value is that of the
//! moment of the call; [`Scopes::captures`] says which ones those are, through calls of further functions too. An import is no
//! statement: it gives another name to something of another file.

mod classes;
pub mod decorators;
mod imports;
pub mod library;
pub mod mentions;
pub mod modules;
pub mod suggest;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, StmtKind};
pub use classes::{Class, ClassId};
pub use imports::NodeId;
use imports::{Imported, Node};
use mentions::Mentions;
pub use modules::{ModuleId, Modules};
use std::collections::{HashMap, HashSet};

/// A function of the program or the library, as an index into [`Scopes::defs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DefId(pub u32);

/// What a variable belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// The top level of a file.
    Top(ModuleId),
    /// A function.
    Function(DefId),
}

impl Owner {
    /// The top level of the program.
    pub const PROGRAM: Owner = Owner::Top(ModuleId::PROGRAM);

    /// True for the top level of a file.
    pub fn is_top(self) -> bool {
        matches!(self, Owner::Top(_))
    }

    /// The function, if it is one.
    pub fn function(self) -> Option<DefId> {
        match self {
            Owner::Function(id) => Some(id),
            Owner::Top(_) => None,
        }
    }
}

/// A function and what its scope holds.
#[derive(Debug)]
pub struct Def<'a> {
    /// The definition.
    pub function: &'a ast::FunctionDef,
    /// What it is defined in.
    pub parent: Owner,
    /// The class whose method it is.
    pub class: Option<ClassId>,
    /// True for functions of the library, which may use the primitives of the machine.
    pub library: bool,
    scope: Scope<'a>,
}

/// The names of a function or of a file's top level; what is inside of further functions does not count.
#[derive(Debug, Default)]
struct Scope<'a> {
    mentions: Mentions<'a>,
    functions: HashMap<&'a str, DefId>,
    classes: HashMap<&'a str, ClassId>,
    imports: HashMap<&'a str, (Imported<'a>, Span)>,
}

/// A file.
#[derive(Debug)]
struct File<'a> {
    name: &'a str,
    library: bool,
    scope: Scope<'a>,
}

/// All scopes of a program and the library.
#[derive(Debug, Default)]
pub struct Scopes<'a> {
    /// Every function.
    pub defs: Vec<Def<'a>>,
    /// Every class that is a record.
    pub classes: Vec<Class<'a>>,
    /// By [`ModuleId`]; the last is what operators and builtins are made of.
    files: Vec<File<'a>>,
    nodes: Vec<Node<'a>>,
}

/// What a name stands for, before it is known whether the variable has been assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// A variable of this owner, under the name that it has there.
    Variable(Owner, &'a str),
    /// A function.
    Function(DefId),
    /// A class that is a record.
    Class(ClassId),
    /// A module, or a folder of modules.
    Module(NodeId),
    /// Something whose import was reported.
    Broken,
    /// None of these: perhaps a builtin, a dimension or a mistake.
    Outside,
}

impl<'a> Scopes<'a> {
    /// Collects the scopes of the program's files, then those of what operators and builtins are made of.
    pub fn collect(modules: &'a Modules, prelude: &[&'a ast::Module], found: &mut Vec<Diagnostic>) -> Self {
        let mut scopes = Scopes::default();
        for (index, module) in modules.all.iter().enumerate() {
            let owner = Owner::Top(ModuleId(index as u32));
            scopes.files.push(File { name: &module.name, library: module.library, scope: Scope::default() });
            let scope = scopes.collect_scope(&module.tree.body, owner, modules, found);
            scopes.files[index].scope = scope;
        }
        let last = ModuleId(scopes.files.len() as u32);
        scopes.files.push(File { name: "prelude", library: true, scope: Scope::default() });
        for module in prelude {
            let scope = scopes.collect_scope(&module.body, Owner::Top(last), modules, found);
            scopes.files[last.0 as usize].scope.functions.extend(scope.functions);
        }
        scopes.check_imports(found);
        scopes
    }

    fn collect_scope(
        &mut self,
        body: &'a [ast::Stmt],
        owner: Owner,
        modules: &Modules,
        found: &mut Vec<Diagnostic>,
    ) -> Scope<'a> {
        let mut functions: HashMap<&'a str, DefId> = HashMap::new();
        for function in functions_of(body) {
            let def = self.collect_function(function, owner, modules, found);
            if let Some(first) = functions.insert(&function.name.text, def) {
                found.push(defined_twice(function, self.def(first).function.name.span));
            }
        }
        let classes = self.collect_classes(body, owner, modules, found);
        let imports = self.collect_imports(body, modules, found);
        Scope { mentions: Mentions::of_block(body), functions, classes, imports }
    }

    fn collect_function(
        &mut self,
        function: &'a ast::FunctionDef,
        parent: Owner,
        modules: &Modules,
        found: &mut Vec<Diagnostic>,
    ) -> DefId {
        let id = DefId(self.defs.len() as u32);
        let library = self.file(self.module_of(parent)).library;
        self.defs.push(Def { function, parent, class: None, library, scope: Scope::default() });
        let scope = self.collect_scope(&function.body, Owner::Function(id), modules, found);
        self.defs[id.0 as usize].scope = Scope { mentions: Mentions::of_function(function), ..scope };
        id
    }

    /// The function of that number.
    pub fn def(&self, id: DefId) -> &Def<'a> {
        &self.defs[id.0 as usize]
    }

    fn file(&self, id: ModuleId) -> &File<'a> {
        &self.files[id.0 as usize]
    }

    fn scope(&self, owner: Owner) -> &Scope<'a> {
        match owner {
            Owner::Top(id) => &self.file(id).scope,
            Owner::Function(id) => &self.def(id).scope,
        }
    }

    /// The scope around this one.
    fn around(&self, owner: Owner) -> Option<Owner> {
        owner.function().map(|id| self.def(id).parent)
    }

    /// The file that a scope stands in.
    pub fn module_of(&self, owner: Owner) -> ModuleId {
        match owner {
            Owner::Top(id) => id,
            Owner::Function(id) => self.module_of(self.def(id).parent),
        }
    }

    /// True for a scope of the library.
    pub fn is_library(&self, owner: Owner) -> bool {
        self.file(self.module_of(owner)).library
    }

    /// What `name` stands for in the scope of `owner`.
    pub fn meaning(&self, owner: Owner, name: &str) -> Meaning<'a> {
        let mut next = Some(owner);
        while let Some(at) = next {
            let found = self.own(at, name);
            if found != Meaning::Outside {
                return found;
            }
            next = self.around(at);
        }
        Meaning::Outside
    }

    /// What `name` stands for in this scope, without those around it. A variable of the top level goes before a function of its name.
    fn own(&self, owner: Owner, name: &str) -> Meaning<'a> {
        let scope = self.scope(owner);
        let variable = scope.mentions.assigned(name).map(|name| Meaning::Variable(owner, name));
        let class = scope.classes.get(name).copied().map(Meaning::Class);
        let function = scope.functions.get(name).copied().map(Meaning::Function).or(class);
        let imported = || scope.imports.get(name).map(|(imported, _)| self.imported(*imported));
        let found = if owner.is_top() { variable.or(function) } else { function.or(variable) };
        found.or_else(imported).unwrap_or(Meaning::Outside)
    }

    /// The function that the top level of a file defines under that name.
    pub fn top_function(&self, module: ModuleId, name: &str) -> Option<DefId> {
        self.file(module).scope.functions.get(name).copied()
    }

    /// The function of that name of what operators and builtins are made of.
    pub fn prelude_function(&self, name: &str) -> Option<DefId> {
        self.files.last()?.scope.functions.get(name).copied()
    }

    /// Whether the function, or one inside it, mentions the name in an expression or a type.
    pub fn reads(&self, id: DefId, name: &str) -> bool {
        let scope = &self.def(id).scope;
        scope.mentions.reads(name) || scope.functions.values().any(|inner| self.reads(*inner, name))
    }

    /// The variables of its surroundings that a function needs, itself or through functions it calls.
    pub fn captures(&self, id: DefId) -> Vec<(Owner, &'a str)> {
        let mut found: HashSet<(Owner, &'a str)> = HashSet::new();
        let mut seen: HashSet<DefId> = HashSet::from([id]);
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            let owner = Owner::Function(next);
            let mentions = &self.def(next).scope.mentions;
            open.extend(self.methods_mentioned(next).filter(|method| seen.insert(*method)));
            let names = mentions.all_reads().map(|name| self.meaning(owner, name));
            for meaning in names.chain(mentions.all_paths().map(|path| self.resolve(owner, path).0)) {
                match meaning {
                    Meaning::Function(called) if seen.insert(called) => open.push(called),
                    // A variable of the top level may have the name of a function that is called before it is assigned.
                    Meaning::Variable(of, name) if of != owner => {
                        found.insert((of, name));
                        let shadowed = match of {
                            Owner::Top(module) => self.top_function(module, name),
                            Owner::Function(_) => None,
                        };
                        open.extend(shadowed.filter(|called| seen.insert(*called)));
                    }
                    Meaning::Function(_) | Meaning::Variable(..) | Meaning::Class(_) => {}
                    Meaning::Module(_) | Meaning::Broken | Meaning::Outside => {}
                }
            }
        }
        let mut found: Vec<_> = found.into_iter().filter(|(owner, _)| self.encloses(*owner, id)).collect();
        found.sort_unstable();
        found
    }

    /// Whether the scope `owner` lies around function `id`, the function itself not counted; a file's top level does for all.
    fn encloses(&self, owner: Owner, id: DefId) -> bool {
        let mut scope = self.def(id).parent;
        while scope != owner {
            match self.around(scope) {
                Some(outer) => scope = outer,
                None => return owner.is_top(),
            }
        }
        true
    }

    /// Every name that can be used in the scope of `owner`, for suggestions.
    pub fn visible(&self, owner: Owner) -> Vec<&'a str> {
        let mut names = Vec::new();
        let mut next = Some(owner);
        while let Some(at) = next {
            let scope = self.scope(at);
            names.extend(scope.mentions.all_assigned().chain(scope.functions.keys().copied()));
            let imported = scope.imports.keys().copied().filter(|name| *name != "*");
            names.extend(imported.chain(scope.classes.keys().copied()));
            next = self.around(at);
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
