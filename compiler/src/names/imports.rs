//! What the imports of a scope give names to, and how `a.b.c` is followed through modules.

use super::mentions::each_block;
use super::{Meaning, ModuleId, Modules, Owner, Scopes, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, ImportNames, StmtKind};
use std::collections::HashMap;

/// A module or a folder as a scope knows it, as an index into the table of all scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

/// What can be reached through the name of a module: `a` after `import a.b` and `import a.c`.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// As it is imported: `a.b`.
    name: String,
    /// The file; none for a folder.
    module: Option<ModuleId>,
    inner: HashMap<&'a str, NodeId>,
}

/// What an import gives a name to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Imported<'a> {
    Module(NodeId),
    /// Something that a file defines, under the name it has there.
    Member(ModuleId, &'a str),
    /// It was reported.
    Broken,
}

type Table<'a> = HashMap<&'a str, (Imported<'a>, Span)>;

impl<'a> Scopes<'a> {
    /// The imports of a block, those under its conditions and loops too.
    pub(super) fn collect_imports(
        &mut self,
        body: &'a [ast::Stmt],
        modules: &Modules,
        found: &mut Vec<Diagnostic>,
    ) -> Table<'a> {
        let mut table = Table::new();
        let mut blocks = vec![body];
        while let Some(block) = blocks.pop() {
            for stmt in block {
                match &stmt.kind {
                    StmtKind::Import(items) => {
                        items.iter().for_each(|item| self.import(item, modules, &mut table, found))
                    }
                    StmtKind::FromImport(import) => self.import_from(import, modules, &mut table, found),
                    kind => each_block(kind, &mut |inner| blocks.push(inner)),
                }
            }
        }
        table
    }

    /// `import a.b as c`
    fn import(
        &mut self,
        item: &'a ast::ImportItem,
        modules: &Modules,
        table: &mut Table<'a>,
        found: &mut Vec<Diagnostic>,
    ) {
        let (Some(first), module) = (item.path.parts.first(), modules.named.get(&item.path.span)) else { return };
        let name = item.alias.as_ref().unwrap_or(first);
        let Some(&module) = module else { return insert(table, name, Imported::Broken, found) };
        if item.alias.is_some() || item.path.parts.len() == 1 {
            // `import a` may follow `import a.b`.
            let known = match table.get(name.text.as_str()) {
                Some((Imported::Module(node), _)) if item.alias.is_none() => Some(*node),
                _ => None,
            };
            return match known {
                Some(node) => self.nodes[node.0 as usize].module = Some(module),
                None => {
                    let node = self.node(item.path.to_string(), Some(module));
                    insert(table, name, Imported::Module(node), found);
                }
            };
        }
        let root = match table.get(first.text.as_str()) {
            Some((Imported::Module(node), _)) => *node,
            _ => {
                let node = self.node(first.text.clone(), None);
                insert(table, first, Imported::Module(node), found);
                node
            }
        };
        self.reach(root, &item.path.parts[1..], module);
    }

    fn node(&mut self, name: String, module: Option<ModuleId>) -> NodeId {
        self.nodes.push(Node { name, module, inner: HashMap::new() });
        NodeId(self.nodes.len() as u32 - 1)
    }

    /// Lets a module be reached from a node.
    fn reach(&mut self, root: NodeId, parts: &'a [ast::Name], module: ModuleId) {
        let mut node = root;
        for part in parts {
            let known = self.nodes[node.0 as usize].inner.get(part.text.as_str()).copied();
            node = known.unwrap_or_else(|| {
                let name = format!("{}.{}", self.nodes[node.0 as usize].name, part.text);
                let next = self.node(name, None);
                self.nodes[node.0 as usize].inner.insert(&part.text, next);
                next
            });
        }
        self.nodes[node.0 as usize].module = Some(module);
    }

    /// `from a import b as c, d`
    fn import_from(
        &mut self,
        import: &'a ast::FromImport,
        modules: &Modules,
        table: &mut Table<'a>,
        found: &mut Vec<Diagnostic>,
    ) {
        let module = modules.named.get(&import.path.span).copied();
        let names = match &import.names {
            ImportNames::Names(names) => names,
            ImportNames::All(star) => {
                let message = format!("`from {} import *` does not say which names it brings", import.path);
                let help = match import.path.parts.last() {
                    Some(last) => format!("`import {}` and `{}.name`, or list the names", import.path, last.text),
                    None => "list the names".to_owned(),
                };
                // Nobody knows which names these are, so none is missing.
                table.insert("*", (Imported::Broken, *star));
                return found.push(Diagnostic::new(Code::ImportAll, *star, message).help(help));
            }
        };
        for (name, alias) in names {
            let imported = match (module, modules.named.get(&name.span)) {
                (Some(module), _) => Imported::Member(module, &name.text),
                (None, Some(&file)) => Imported::Module(self.node(name.text.clone(), Some(file))),
                (None, None) => Imported::Broken,
            };
            insert(table, alias.as_ref().unwrap_or(name), imported, found);
        }
    }

    pub(super) fn imported(&self, imported: Imported<'a>) -> Meaning<'a> {
        match imported {
            Imported::Module(node) => Meaning::Module(node),
            Imported::Member(module, name) => match self.member(module, name) {
                Meaning::Outside => Meaning::Broken,
                found => found,
            },
            Imported::Broken => Meaning::Broken,
        }
    }

    /// What a file calls `name`, at its top level.
    fn member(&self, module: ModuleId, name: &str) -> Meaning<'a> {
        self.own(Owner::Top(module), name)
    }

    /// What `name` is after the dot of a module's name.
    pub fn inside(&self, node: NodeId, name: &str) -> Meaning<'a> {
        let node = &self.nodes[node.0 as usize];
        match (node.inner.get(name), node.module) {
            (Some(inner), _) => Meaning::Module(*inner),
            (None, Some(module)) if !self.is_private(module, name) => self.member(module, name),
            (None, _) => Meaning::Outside,
        }
    }

    /// True where a scope, or one around it, imports names without saying which.
    pub fn imports_all(&self, owner: Owner) -> bool {
        self.scope(owner).imports.contains_key("*") || self.around(owner).is_some_and(|outer| self.imports_all(outer))
    }

    /// How a module is called where it is imported.
    pub fn node_name(&self, node: NodeId) -> &str {
        &self.nodes[node.0 as usize].name
    }

    /// What `a.b.c` stands for in a scope, and how many of its names that takes.
    pub fn resolve(&self, owner: Owner, path: &[&str]) -> (Meaning<'a>, usize) {
        let Some(first) = path.first() else { return (Meaning::Outside, 0) };
        let mut found = self.meaning(owner, first);
        for (at, name) in path.iter().enumerate().skip(1) {
            match found {
                Meaning::Module(node) => found = self.inside(node, name),
                _ => return (found, at),
            }
        }
        (found, path.len())
    }

    /// A name with an underscore before it belongs to its file; of the library's files, nobody else can use it.
    fn is_private(&self, module: ModuleId, name: &str) -> bool {
        self.file(module).library && name.starts_with('_')
    }

    /// Says that a module has nothing of that name.
    pub fn no_member(&self, node: NodeId, name: &str, span: Span) -> Diagnostic {
        let Node { name: called, module, inner } = &self.nodes[node.0 as usize];
        let found = Diagnostic::new(Code::UnknownMember, span, format!("`{called}` has no `{name}`"));
        let mut known: Vec<&str> = inner.keys().copied().collect();
        match module {
            Some(module) => known.extend(self.names_of(*module)),
            None => {
                let help = format!("import the file first: `import {called}.{name}`");
                return found.label(format!("`{called}` is a folder, and this file of it is not imported")).help(help);
            }
        }
        with_names(found, name, known)
    }

    /// The names that a file offers.
    fn names_of(&self, module: ModuleId) -> Vec<&'a str> {
        let scope = &self.file(module).scope;
        let mut names: Vec<&'a str> = scope.functions.keys().copied().chain(scope.mentions.all_assigned()).collect();
        names.extend(scope.classes.keys());
        names.retain(|name| !name.starts_with('_'));
        names.sort_unstable();
        names
    }

    /// Every import of a name must find it, and no name may have two meanings.
    pub(super) fn check_imports(&self, found: &mut Vec<Diagnostic>) {
        let files = (0..self.files.len() as u32).map(|index| Owner::Top(ModuleId(index)));
        let defs = (0..self.defs.len() as u32).map(|index| Owner::Function(super::DefId(index)));
        for owner in files.chain(defs) {
            let scope = self.scope(owner);
            for (&name, (imported, span)) in &scope.imports {
                let function = scope.functions.get(name).map(|&def| self.def(def).function.name.span);
                if function.is_some() || scope.mentions.assigned(name).is_some() {
                    found.push(two_meanings(name, *span, function));
                } else if let Imported::Member(module, member) = *imported {
                    found.extend(self.check_member(module, member, *span));
                }
            }
        }
    }

    fn check_member(&self, module: ModuleId, name: &str, span: Span) -> Option<Diagnostic> {
        let file = self.file(module).name;
        if self.is_private(module, name) {
            let found = Diagnostic::new(Code::UnknownMember, span, format!("`{name}` is private to `{file}`"));
            return Some(found.help("names with an underscore before them may change without notice"));
        }
        if name.is_empty() || self.member(module, name) != Meaning::Outside {
            return None;
        }
        let found = Diagnostic::new(Code::UnknownMember, span, format!("`{file}` has no `{name}`"));
        Some(with_names(found, name, self.names_of(module)))
    }
}

fn insert<'a>(table: &mut Table<'a>, name: &'a ast::Name, imported: Imported<'a>, found: &mut Vec<Diagnostic>) {
    let Some((known, first)) = table.get(name.text.as_str()) else {
        table.insert(&name.text, (imported, name.span));
        return;
    };
    // The same import twice does no harm.
    let same = matches!((known, imported), (Imported::Module(_), Imported::Module(_))) || *known == imported;
    if !same && imported != Imported::Broken {
        let message = format!("`{}` is imported twice, from two places", name.text);
        let found_twice = Diagnostic::new(Code::DefinedTwice, name.span, message).label("the second time");
        let help = format!("give one of them another name: `… as {}2`", name.text);
        found.push(found_twice.note(*first, "the first").help(help));
    }
}

fn two_meanings(name: &str, import: Span, function: Option<Span>) -> Diagnostic {
    let found = Diagnostic::new(Code::DefinedTwice, import, format!("`{name}` is imported and defined here as well"));
    let found = match function {
        Some(at) => found.label("the import").note(at, "the definition"),
        None => found.label("the import; the name is also assigned"),
    };
    found.help(format!("import it under another name: `… as {name}2`"))
}

fn with_names(found: Diagnostic, name: &str, known: Vec<&str>) -> Diagnostic {
    match suggest::nearest(name, known.iter().copied()) {
        Some(near) => found.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => found.help("it is empty"),
        None => {
            let listed: Vec<String> = known.iter().take(8).map(|name| format!("`{name}`")).collect();
            let more = if known.len() > 8 { ", …" } else { "" };
            found.help(format!("it has {}{more}", listed.join(", ")))
        }
    }
}
