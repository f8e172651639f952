//! Classes of exceptions: those that every program has, and the program's own.

use super::body::Body;
use super::effects::EffectKind;
use super::flow::Var;
use super::tree::{Caught, StmtKind};
use super::value::Value;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::mentions::path;
use crate::names::{Meaning, ModuleId, Modules, Owner, Scopes, suggest};
use crate::source::Span;
use crate::syntax::ast;
use mpc_bytecode::operand::{Exception, ExceptionId};
use mpc_bytecode::program::ExceptionClass;
use std::collections::HashMap;

/// What a program can only catch where it can take back what it did.
const ENVIRONMENTAL: [&str; 2] = ["PlayerLost", "Timeout"];

/// What ends a program whatever it says.
const FATAL: [&str; 3] = ["QuorumLost", "CheatDetected", "Divergence"];

/// The program's own exceptions, each after its parent.
#[derive(Debug, Default)]
pub struct Exceptions<'a> {
    /// Names and parents.
    pub list: Vec<ExceptionClass>,
    /// By file and name; `None` where something is wrong with it.
    ids: HashMap<(ModuleId, &'a str), Option<ExceptionId>>,
}

/// What a name stands for where an exception is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A class.
    Class(ExceptionId),
    /// Something else, or nothing.
    Other,
    /// Nothing that is known, so it may be misspelt.
    Unknown,
    /// What has been reported.
    Broken,
}

/// Definitions by file and name.
type Definitions<'a> = HashMap<(ModuleId, &'a str), &'a ast::ClassDef>;

impl<'a> Exceptions<'a> {
    /// Collects the classes of all files.
    pub fn collect(modules: &'a Modules, scopes: &Scopes<'a>, found: &mut Vec<Diagnostic>) -> Self {
        let (mut all, mut open) = (Exceptions::default(), Vec::new());
        for (index, module) in modules.all.iter().enumerate() {
            for class in classes(&module.tree.body) {
                let key = (ModuleId(index as u32), class.name.text.as_str());
                if all.ids.insert(key, None).is_some() {
                    found.push(defined_twice(class));
                } else {
                    open.push((key, class));
                }
            }
        }
        // A parent may stand after its child, and in another file.
        let mut before = usize::MAX;
        while open.len() < before {
            before = open.len();
            open.retain(|&(key, class)| !all.settle(key, class, scopes));
        }
        let definitions: Definitions<'a> = open.iter().copied().collect();
        found.extend(open.iter().filter_map(|&(key, class)| all.wrong_base(key, class, scopes, &definitions)));
        all
    }

    /// Adds a class if its parent is known.
    fn settle(&mut self, key: (ModuleId, &'a str), class: &'a ast::ClassDef, scopes: &Scopes<'a>) -> bool {
        let base = class.base.as_ref().map(|base| self.of_type(Owner::Top(key.0), base, scopes));
        let Some(Found::Class(parent)) = base else { return false };
        self.list.push(ExceptionClass { name: class.name.text.clone(), parent });
        self.ids.insert(key, Some(ExceptionId::own(self.list.len() as u32 - 1)));
        true
    }

    /// What a name that is written as a type stands for.
    pub fn of_type(&self, owner: Owner, ty: &ast::TypeExpr, scopes: &Scopes<'a>) -> Found {
        match names_of(ty) {
            Some(names) => self.of_path(owner, &names, scopes),
            None if ty.kind == ast::TypeKind::Error => Found::Broken,
            None => Found::Other,
        }
    }

    /// What `a.b.c` stands for.
    pub fn of_path(&self, owner: Owner, names: &[&str], scopes: &Scopes<'a>) -> Found {
        let (meaning, taken) = scopes.resolve(owner, names);
        if names.iter().any(|name| name.is_empty()) {
            return Found::Broken;
        }
        match meaning {
            Meaning::Variable(Owner::Top(module), name) if taken == names.len() => {
                match self.ids.get(&(module, name)) {
                    Some(Some(id)) => Found::Class(*id),
                    Some(None) => Found::Broken,
                    None => Found::Other,
                }
            }
            Meaning::Outside => {
                let found = Exception::ALL.iter().find(|class| names == [class.text()]);
                found.map_or(Found::Unknown, |&class| Found::Class(class.into()))
            }
            Meaning::Broken => Found::Broken,
            Meaning::Variable(..) | Meaning::Function(_) | Meaning::Class(_) | Meaning::Module(_) => Found::Other,
        }
    }

    /// The class itself and all that it derives from, the root last.
    pub fn ancestors(&self, id: ExceptionId) -> impl Iterator<Item = ExceptionId> {
        std::iter::successors(Some(id), |id| match id.built_in() {
            Some(class) => class.parent().map(ExceptionId::from),
            None => self.list.get(id.place()? as usize).map(|class| class.parent),
        })
    }

    /// Every class that is `id` or derives from it.
    pub fn within(&self, id: ExceptionId) -> Vec<ExceptionId> {
        let count = ExceptionId::own(self.list.len() as u32).0;
        (0..count).map(ExceptionId).filter(|&other| self.ancestors(other).any(|class| class == id)).collect()
    }

    /// The name of a class.
    pub fn name(&self, id: ExceptionId) -> &str {
        match id.place() {
            Some(place) => self.list.get(place as usize).map_or("", |class| &class.name),
            None => id.built_in().map_or("", Exception::text),
        }
    }

    /// Why no class could be made of a definition; nothing where that is said of another.
    fn wrong_base(
        &self,
        key: (ModuleId, &'a str),
        class: &'a ast::ClassDef,
        scopes: &Scopes<'a>,
        open: &Definitions<'a>,
    ) -> Option<Diagnostic> {
        let base = class.base.as_ref()?;
        let found = self.of_type(Owner::Top(key.0), base, scopes);
        let names = names_of(base).unwrap_or_default();
        if matches!(scopes.resolve(Owner::Top(key.0), &names).0, Meaning::Class(_)) {
            let message = format!("`{}` cannot derive from `{}`: classes do not inherit", class.name.text, shown(base));
            let found = Diagnostic::new(Code::NotAnException, base.span, message).label("no class of exceptions");
            return Some(found.help(format!("keep an object of it in a field: `base: {}`", shown(base))));
        }
        if found != Found::Broken {
            return Some(self.not_one(base.span, &shown(base), found, "derived from"));
        }
        let parent = |(module, name): (ModuleId, &'a str)| {
            let base = open.get(&(module, name))?.base.as_ref()?;
            match scopes.resolve(Owner::Top(module), &names_of(base)?).0 {
                Meaning::Variable(Owner::Top(module), name) => Some((module, name)),
                _ => None,
            }
        };
        let mut above = std::iter::successors(parent(key), |&key| parent(key)).take(open.len());
        above.any(|other| other == key).then(|| {
            let message = format!("`{}` derives from itself", class.name.text);
            Diagnostic::new(Code::NotAnException, base.span, message).help("let it derive from `Exception`")
        })
    }

    /// Says that something is no exception.
    pub fn not_one(&self, span: Span, name: &str, found: Found, doing: &str) -> Diagnostic {
        if found == Found::Other {
            let help = "a class of exceptions is made by `class TooFew(ValueError):`";
            let message = format!("`{name}` is no exception, so it cannot be {doing}");
            return Diagnostic::new(Code::NotAnException, span, message).help(help);
        }
        let own = self.list.iter().map(|class| class.name.as_str());
        let known = || Exception::ALL.iter().map(|class| class.text()).chain(own).chain(ENVIRONMENTAL).chain(FATAL);
        let unknown = Diagnostic::new(Code::UnknownName, span, format!("there is no exception `{name}`"));
        match suggest::nearest(name, known()) {
            Some(near) => unknown.label("no exception has this name").help(format!("did you mean `{near}`?")),
            None if name == "BaseException" => unknown.help("`Exception` is the class of all that can be caught"),
            None => unknown
                .label("no exception has this name")
                .help(format!("define it: `class {name}(Exception):` and `pass`")),
        }
    }
}

/// The names of `a.b` written as a type.
fn names_of(ty: &ast::TypeExpr) -> Option<Vec<&str>> {
    match &ty.kind {
        ast::TypeKind::Named { module, name, dims: None } => {
            Some(module.iter().chain([name]).map(|name| name.text.as_str()).collect())
        }
        _ => None,
    }
}

/// A type as it is written, for messages.
fn shown(ty: &ast::TypeExpr) -> String {
    names_of(ty).map_or_else(|| "this".to_owned(), |names| names.join("."))
}

/// The definitions of exceptions at the top level of a file.
fn classes(body: &[ast::Stmt]) -> impl Iterator<Item = &ast::ClassDef> {
    body.iter().filter_map(|stmt| match &stmt.kind {
        ast::StmtKind::Class(class) if class.base.is_some() => Some(class),
        _ => None,
    })
}

fn defined_twice(class: &ast::ClassDef) -> Diagnostic {
    let name = &class.name.text;
    Diagnostic::new(Code::DefinedTwice, class.name.span, format!("`{name}` is defined twice"))
        .label("the second definition")
        .help("give one of them another name")
}

/// An exception that is raised: its class and message, or what a handler was told of.
enum Raised {
    New(ExceptionId, Box<Value>),
    Again(Caught),
}

impl<'a> Body<'a, '_> {
    /// The definition of an exception; it has been collected.
    pub fn exception_class(&mut self, class: &'a ast::ClassDef) {
        if !self.owner.is_top() || self.checker.nesting > 1 {
            let message = "a class of exceptions stands at the top level of a file";
            let found = Diagnostic::new(Code::MisplacedStatement, class.header, message);
            self.report(found.help("move it out of the block"));
            let sym = self.target_symbol(&class.name.text);
            return self.flow.set(sym, Var::Error);
        }
        let broken = self.checker.exceptions.of_path(self.owner, &[&class.name.text], &self.checker.scopes);
        if broken == Found::Broken {
            return;
        }
        let inside = class.fields.first().map(|field| field.span);
        let inside = inside.or(class.methods.first().map(|method| method.function.header));
        let help = "put what matters into the message: `raise TooFew(f\"only {n} rows\")`";
        if let Some(span) = inside {
            self.not_yet(span, "a field or method of an exception", help);
        } else if let Some(name) = class.shape.first() {
            self.not_yet(name.span, "a shape parameter of an exception", help);
        } else if let Some(decorator) = class.decorators.first() {
            self.not_yet(decorator.span, "a decorator of an exception", "leave it out");
        }
    }

    /// The class that an expression names, if it is one.
    fn class_at(&self, expr: &'a ast::Expr) -> Found {
        match path(expr) {
            Some(names) => self.checker.exceptions.of_path(self.owner, &names, &self.checker.scopes),
            None => Found::Other,
        }
    }

    /// An error if an expression is a class of exceptions, or makes an exception: they are raised and caught, and nothing else.
    pub fn exception_as_value(&mut self, expr: &'a ast::Expr) -> Option<Value> {
        let class = if let ast::ExprKind::Call { function, .. } = &expr.kind { function } else { expr };
        let Found::Class(id) = self.class_at(class) else { return None };
        let name = self.checker.exceptions.name(id).to_owned();
        let found = Diagnostic::new(Code::NotAValue, expr.span, format!("`{name}` is an exception, not a value"));
        Some(self.fail(found.help(format!("`raise {name}(\"…\")` raises it, `except {name}:` catches it"))))
    }

    /// The classes of an `except`; those that are wrong are reported and left out.
    pub fn caught_classes(&mut self, types: &'a [ast::TypeExpr]) -> Vec<ExceptionId> {
        let mut classes = Vec::with_capacity(types.len());
        for ty in types {
            match self.checker.exceptions.of_type(self.owner, ty, &self.checker.scopes) {
                Found::Class(class) => classes.push(class),
                Found::Broken => {}
                found => self.not_caught(ty.span, &shown(ty), found),
            }
        }
        classes
    }

    fn not_caught(&mut self, span: Span, name: &str, found: Found) {
        if found == Found::Unknown && ENVIRONMENTAL.contains(&name) {
            let help = "a lost player ends the program at all of them; `except Exception` handles what the program itself raises";
            return self.not_yet(
                span,
                &format!("catching `{name}`, which takes back what was done since `try`,"),
                help,
            );
        }
        if found == Found::Unknown && FATAL.contains(&name) {
            let message = format!("`{name}` cannot be caught");
            let found = Diagnostic::new(Code::NotAnException, span, message);
            return self.report(found.label("it ends the program at every player"));
        }
        let found = self.checker.exceptions.not_one(span, name, found, "caught");
        self.report(found);
    }

    /// `raise`, `raise X`, `raise X("…") from Y`
    pub fn raise_stmt(&mut self, value: Option<&'a ast::Expr>, cause: Option<&'a ast::Expr>, span: Span) {
        let raised = match value {
            Some(value) => self.raised(value),
            None => self.raised_again(span),
        };
        cause.into_iter().for_each(|cause| self.cause(cause));
        if self.effect(EffectKind::Raise, span) {
            match raised {
                Some(Raised::New(class, message)) => self.emit(StmtKind::Raise(class, message.expr), span),
                Some(Raised::Again(caught)) => self.emit(StmtKind::Reraise(caught), span),
                None => {}
            }
        }
        self.flow.dead = true;
    }

    fn raised_again(&mut self, span: Span) -> Option<Raised> {
        if let Some(caught) = self.tries.handled() {
            return Some(Raised::Again(caught));
        }
        let found = Diagnostic::new(Code::NothingToRaise, span, "there is no exception here to raise again");
        self.report(found.label("stands in no `except`").help("say which: `raise ValueError(\"…\")`"));
        None
    }

    fn raised(&mut self, value: &'a ast::Expr) -> Option<Raised> {
        if let ast::ExprKind::Name(name) = &value.kind
            && let Some(caught) = self.handled_as(name)
        {
            return Some(Raised::Again(caught));
        }
        let (class, args) = match &value.kind {
            ast::ExprKind::Call { function, args } => (&**function, Some(args)),
            _ => (value, None),
        };
        match self.class_at(class) {
            Found::Class(id) => {
                let message =
                    args.map_or_else(|| Some(Value::text("", value.span)), |args| self.message(id, args, value.span));
                message.map(|message| Raised::New(id, Box::new(message)))
            }
            Found::Broken => None,
            found => {
                self.not_raised(value, class, found);
                None
            }
        }
    }

    fn not_raised(&mut self, value: &'a ast::Expr, class: &'a ast::Expr, found: Found) {
        let Some(names) = path(class) else {
            let found = Diagnostic::new(Code::NotAnException, value.span, "only an exception can be raised");
            return self.report(found.help("name its class: `raise ValueError(\"…\")`"));
        };
        if let [name] = names.as_slice() {
            let sym = self.target_symbol(name);
            if *self.flow.get(sym) == Var::Error {
                return;
            }
        }
        let name = names.join(".");
        if found == Found::Unknown && (ENVIRONMENTAL.contains(&&*name) || FATAL.contains(&&*name)) {
            let message = format!("`{name}` cannot be raised: the machine raises it when it happens");
            return self.report(Diagnostic::new(Code::NotAnException, class.span, message));
        }
        let found = self.checker.exceptions.not_one(class.span, &name, found, "raised");
        self.report(found);
    }

    /// The text of `X(…)`.
    fn message(&mut self, id: ExceptionId, args: &'a [ast::Arg], span: Span) -> Option<Value> {
        match args {
            [] => Some(Value::text("", span)),
            [ast::Arg { value, kind: ast::ArgKind::Positional, .. }] => {
                let text = self.text_of(value);
                (!text.is_error()).then_some(text)
            }
            [.., last] => {
                let name = self.checker.exceptions.name(id);
                let message = format!("`{name}` takes one text, its message");
                let found = Diagnostic::new(Code::BadCall, last.span, message);
                self.report(found.help(format!("put the parts together: `{name}(f\"… {{x}} …\")`")));
                None
            }
        }
    }

    /// What stands after `from` is an exception too; tracebacks show it no more than its message.
    fn cause(&mut self, cause: &'a ast::Expr) {
        match &cause.kind {
            ast::ExprKind::None => {}
            ast::ExprKind::Name(name) if self.handled_as(name).is_some() => {}
            _ => drop(self.raised(cause)),
        }
    }
}
