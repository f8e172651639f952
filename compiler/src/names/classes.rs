//! Classes: where each is defined, and the functions that are its methods.
//!
//! A class that inherits is an exception and no record: it is not collected here. Methods see what stands around the class, but not
//! each other's names: those are reached through `self`.

use super::mentions::each_block;
use super::{DefId, Modules, Owner, Scopes};
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::ast::{self, StmtKind};
use std::collections::HashMap;

/// A class of the program or the library, as an index into [`Scopes::classes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(pub u32);

/// A class.
#[derive(Debug)]
pub struct Class<'a> {
    /// The definition.
    pub class: &'a ast::ClassDef,
    /// The top level that it stands at.
    pub owner: Owner,
    methods: HashMap<&'a str, DefId>,
}

impl<'a> Scopes<'a> {
    /// Collects the classes of a block. They belong to the top level of a file: elsewhere they are reported.
    pub(super) fn collect_classes(
        &mut self,
        body: &'a [ast::Stmt],
        owner: Owner,
        modules: &Modules,
        found: &mut Vec<Diagnostic>,
    ) -> HashMap<&'a str, ClassId> {
        let mut names: HashMap<&'a str, ClassId> = HashMap::new();
        for stmt in body {
            match &stmt.kind {
                StmtKind::Class(class) if class.base.is_some() => {}
                StmtKind::Class(class) if !owner.is_top() => found.push(misplaced(class)),
                StmtKind::Class(class) => {
                    let id = self.collect_class(class, owner, modules, found);
                    if let Some(first) = names.insert(&class.name.text, id) {
                        let first = self.class(first).class.name.span;
                        found.push(twice(&class.name, &format!("`{}`", class.name.text), first));
                    }
                }
                kind => each_block(kind, &mut |block| misplaced_in(block, found)),
            }
        }
        names
    }

    fn collect_class(
        &mut self,
        class: &'a ast::ClassDef,
        owner: Owner,
        modules: &Modules,
        found: &mut Vec<Diagnostic>,
    ) -> ClassId {
        let id = ClassId(self.classes.len() as u32);
        self.classes.push(Class { class, owner, methods: HashMap::new() });
        for method in &class.methods {
            let function = &method.function;
            let def = self.collect_function(function, owner, modules, found);
            self.defs[def.0 as usize].class = Some(id);
            class.shape.iter().for_each(|name| self.defs[def.0 as usize].scope.mentions.assign(&name.text));
            let methods = &mut self.classes[id.0 as usize].methods;
            if let Some(first) = methods.insert(&function.name.text, def) {
                let first = self.def(first).function.name.span;
                found.push(twice(&function.name, &format!("method `{}`", function.name.text), first));
            }
        }
        id
    }

    /// The class of that number.
    pub fn class(&self, id: ClassId) -> &Class<'a> {
        &self.classes[id.0 as usize]
    }

    /// A method of a class.
    pub fn method(&self, id: ClassId, name: &str) -> Option<DefId> {
        self.class(id).methods.get(name).copied()
    }

    /// The methods that a function may call: of every class those with a name that it mentions after a dot, and those that
    /// operators and construction stand for.
    pub(super) fn methods_mentioned(&self, id: DefId) -> impl Iterator<Item = DefId> {
        let mentions = &self.def(id).scope.mentions;
        let methods = self.classes.iter().flat_map(|class| &class.methods);
        methods.filter(|(name, _)| mentions.has_member(name) || name.starts_with("__")).map(|(_, def)| *def)
    }
}

fn misplaced_in(body: &[ast::Stmt], found: &mut Vec<Diagnostic>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Class(class) if class.base.is_none() => found.push(misplaced(class)),
            kind => each_block(kind, &mut |block| misplaced_in(block, found)),
        }
    }
}

fn misplaced(class: &ast::ClassDef) -> Diagnostic {
    let message = format!("class `{}` does not stand at the top level of a file", class.name.text);
    Diagnostic::new(Code::MisplacedStatement, class.header, message).help("move it out of the block or function")
}

fn twice(name: &ast::Name, what: &str, first: crate::source::Span) -> Diagnostic {
    Diagnostic::new(Code::DefinedTwice, name.span, format!("{what} is defined twice"))
        .label("the second definition")
        .note(first, "the first")
        .help("give one of them another name")
}
