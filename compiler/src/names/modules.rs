//! The files of a program: what its imports name is found beside the importing file or in the library, and each is read and
//! parsed once.
//!
//! Invariant: in [`Modules::order`] every file comes after those that it imports, and the program itself comes last. An import
//! that was reported names nothing in [`Modules::named`].

use super::{library, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Files, Sources, Span};
use crate::syntax::ast::{self, ImportNames, StmtKind};
use crate::syntax::parse;
use std::collections::HashMap;
use std::io;
use std::path::{Component, Path, PathBuf};

/// More files than this are not read, and chains of imports longer than a tenth of it are not followed.
const MAX_MODULES: usize = 1_000;

/// A file of the program, as an index into [`Modules::all`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleId(pub u32);

impl ModuleId {
    /// The program itself: the file that is compiled.
    pub const PROGRAM: ModuleId = ModuleId(0);
}

/// A file of the program.
#[derive(Debug)]
pub struct Module {
    /// The name by which it was first imported; the program's has none.
    pub name: String,
    /// Its file.
    pub file: FileId,
    /// What it says.
    pub tree: ast::Module,
    /// True for the library's: it may use the primitives of the machine.
    pub library: bool,
}

/// All files of a program, the program itself first.
#[derive(Debug, Default)]
pub struct Modules {
    /// The files.
    pub all: Vec<Module>,
    /// In which order they are evaluated.
    pub order: Vec<ModuleId>,
    /// What the path of an import, or one of its names that is a file, stands for, by its place.
    pub named: HashMap<Span, ModuleId>,
    /// Paths that are folders, so that their names are files.
    pub folders: HashMap<Span, String>,
}

impl Modules {
    /// A program of one file, whose imports name nothing.
    pub fn single(file: FileId, tree: ast::Module) -> Self {
        let program = Module { name: String::new(), file, tree, library: false };
        Modules { all: vec![program], order: vec![ModuleId::PROGRAM], ..Modules::default() }
    }

    /// Reads everything that the program `tree` in `file` imports, and what that imports; what is wrong with it goes to `found`.
    pub fn load(
        files: &dyn Files,
        sources: &mut Sources,
        (file, tree): (FileId, ast::Module),
        found: &mut Vec<Diagnostic>,
    ) -> Self {
        let (path, text) =
            sources.get(file).map(|source| (source.path.clone(), source.text.as_str())).unwrap_or_default();
        // The library's own files may be tested: by the compiler that they are a part of.
        let library = library::MODULES.iter().any(|(_, _, known)| *known == text);
        let mut loader = Loader {
            files,
            sources,
            found,
            modules: Modules { all: vec![Module { name: String::new(), file, tree, library }], ..Modules::default() },
            places: HashMap::from([(Place::File(normal(&path)), ModuleId::PROGRAM)]),
            open: Vec::new(),
        };
        loader.imports_of(ModuleId::PROGRAM, &Place::File(path));
        loader.modules
    }

    /// The file of that number.
    pub fn get(&self, id: ModuleId) -> &Module {
        &self.all[id.0 as usize]
    }
}

/// Where a module's text comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Place {
    File(PathBuf),
    Library(&'static str),
}

/// What a path of an import leads to.
enum Found {
    Module(Place),
    Folder(PathBuf),
    Nothing,
}

struct Loader<'l> {
    files: &'l dyn Files,
    sources: &'l mut Sources,
    found: &'l mut Vec<Diagnostic>,
    modules: Modules,
    places: HashMap<Place, ModuleId>,
    /// The files whose imports are being read, outermost first, each with the import that led to it.
    open: Vec<(ModuleId, Span)>,
}

/// A path of an import, without what is said about it.
#[derive(Clone, Debug)]
struct Wanted {
    level: usize,
    parts: Vec<String>,
    span: Span,
}

impl Wanted {
    fn of(path: &ast::Path) -> Self {
        let parts = path.parts.iter().map(|part| part.text.clone()).collect();
        Wanted { level: path.level, parts, span: path.span }
    }

    /// As it is written.
    fn text(&self) -> String {
        ".".repeat(self.level) + &self.parts.join(".")
    }

    /// The path of a name in it.
    fn joined(&self, name: &ast::Name) -> Self {
        let parts = self.parts.iter().cloned().chain([name.text.clone()]).collect();
        Wanted { level: self.level, parts, span: name.span }
    }
}

impl Loader<'_> {
    /// Reads what a file imports, then gives the file its place in the order.
    fn imports_of(&mut self, id: ModuleId, place: &Place) {
        let mut wanted = Vec::new();
        each_import(&self.modules.get(id).tree.body, &mut |import| wanted.push(import));
        for import in wanted {
            match import {
                Import::Path(path) => self.module(place, &path, &[]),
                Import::From(path, names) => {
                    let inside: Vec<_> = names.iter().map(|name| path.joined(name)).collect();
                    self.module(place, &path, &inside);
                }
            }
        }
        self.modules.order.push(id);
    }

    /// Finds and reads one module, or the files of a folder.
    fn module(&mut self, from: &Place, path: &Wanted, inside: &[Wanted]) {
        if path.parts.iter().any(String::is_empty) {
            return;
        }
        match self.find(from, path) {
            Found::Module(place) => self.enter(place, path),
            Found::Folder(folder) if inside.is_empty() => self.is_folder(&folder, path),
            Found::Folder(_) => {
                self.modules.folders.insert(path.span, path.text());
                for name in inside {
                    match self.find(from, name) {
                        Found::Module(place) => self.enter(place, name),
                        Found::Folder(folder) => self.is_folder(&folder, name),
                        Found::Nothing => self.unknown(from, name),
                    }
                }
            }
            Found::Nothing => self.unknown(from, path),
        }
    }

    /// Beside the importing file, then in the library.
    fn find(&self, from: &Place, path: &Wanted) -> Found {
        if let Place::File(importer) = from {
            let stem = stem(importer, path);
            let file = with_extension(&stem);
            if !path.parts.is_empty() && self.files.exists(&file) {
                return Found::Module(Place::File(file));
            }
            if path.parts.is_empty() || (self.library(path).is_none() && self.files.list(&stem).is_some()) {
                return Found::Folder(stem);
            }
        }
        self.library(path).map_or(Found::Nothing, |name| Found::Module(Place::Library(name)))
    }

    fn library(&self, path: &Wanted) -> Option<&'static str> {
        let name = path.parts.join(".");
        let known = library::MODULES.iter().find(|(known, _, _)| *known == name);
        known.filter(|_| path.level == 0).map(|(name, _, _)| *name)
    }

    /// Notes what a path stands for; the file is read if this is the first import of it.
    fn enter(&mut self, place: Place, path: &Wanted) {
        if let (Place::File(file), Some(name)) = (&place, self.library(path)) {
            self.shadows(file, name, path.span);
        }
        if let Some(&known) = self.places.get(&place) {
            match self.open.iter().position(|(open, _)| *open == known) {
                Some(from) => return self.circle(from, path.span),
                None if known == ModuleId::PROGRAM => return self.circle_to_program(path.span),
                None => drop(self.modules.named.insert(path.span, known)),
            }
            return;
        }
        if self.modules.all.len() >= MAX_MODULES || self.open.len() >= MAX_MODULES / 10 {
            let found = Diagnostic::new(Code::TooComplex, path.span, "there are too many files to import");
            return self.found.push(found.help(format!("a program has at most {MAX_MODULES} files")));
        }
        let Some((file, library)) = self.read(&place, path) else { return };
        let text = self.sources.get(file).map_or("", |source| &source.text);
        let (tree, found) = parse(file, text);
        self.found.extend(found);
        let id = ModuleId(self.modules.all.len() as u32);
        self.modules.all.push(Module { name: path.text(), file, tree, library });
        self.modules.named.insert(path.span, id);
        self.places.insert(place.clone(), id);
        self.open.push((id, path.span));
        self.imports_of(id, &place);
        self.open.pop();
    }

    fn read(&mut self, place: &Place, path: &Wanted) -> Option<(FileId, bool)> {
        match place {
            Place::Library(name) => {
                let (file, text) = library::module(name)?;
                Some((self.sources.add(file, text), true))
            }
            Place::File(file) => match self.files.read(file) {
                Ok(text) => Some((self.sources.add(file, text), false)),
                Err(error) => {
                    let found = Diagnostic::new(Code::UnreadableFile, path.span, unreadable(file, &error));
                    self.found.push(found.label("imported here"));
                    None
                }
            },
        }
    }

    fn shadows(&mut self, file: &Path, name: &str, span: Span) {
        let message = format!("this is `{}`, not the library's `{name}`", file.display());
        let found = Diagnostic::new(Code::ShadowsLibrary, span, message);
        self.found.push(found.help(format!("give the file another name; if it is meant: `from . import {name}`")));
    }

    fn is_folder(&mut self, folder: &Path, path: &Wanted) {
        let found = Diagnostic::new(Code::UnknownModule, path.span, format!("`{}` is a folder", path.text()));
        let example = self.names_in(folder).into_iter().next().unwrap_or("NAME".to_owned());
        self.found.push(found.help(format!("import a file of it: `import {}.{example}`", path.text())));
    }

    /// The modules that a folder holds, in the order of the alphabet.
    fn names_in(&self, folder: &Path) -> Vec<String> {
        let names = self.files.list(folder).unwrap_or_default();
        let mut names: Vec<String> =
            names.iter().filter_map(|name| Some(name.strip_suffix(".mpc")?.to_owned())).collect();
        names.retain(|name| !name.starts_with('_'));
        names.sort();
        names
    }

    fn unknown(&mut self, from: &Place, path: &Wanted) {
        let found = Diagnostic::new(Code::UnknownModule, path.span, format!("there is no module `{}`", path.text()));
        let last = path.parts.last().map_or("", String::as_str);
        let (mut searched, mut candidates) = (Vec::new(), Vec::new());
        if let Place::File(importer) = from {
            let file = with_extension(&stem(importer, path));
            candidates = self.names_in(file.parent().unwrap_or(Path::new("")));
            searched.push(format!("`{}`", file.display()));
        }
        if path.level == 0 {
            candidates.extend(library::MODULES.iter().map(|(name, _, _)| (*name).to_owned()));
            searched.push("the library".to_owned());
        }
        let found = found.label(format!("searched: {}", searched.join(", ")));
        let near = suggest::nearest(last, candidates.iter().map(String::as_str));
        self.found.push(match (python_module(last), near) {
            (_, Some(near)) => found.help(format!("did you mean `{near}`?")),
            (Some(help), None) => found.help(help),
            (None, None) => found,
        });
    }

    /// An import that leads back to an open file: the whole circle is shown.
    fn circle(&mut self, from: usize, closing: Span) {
        let circle: Vec<(ModuleId, Span)> = self.open[from..].to_vec();
        self.report_circle(&circle, circle[0].0, closing);
    }

    fn circle_to_program(&mut self, closing: Span) {
        let circle = self.open.clone();
        self.report_circle(&circle, ModuleId::PROGRAM, closing);
    }

    fn report_circle(&mut self, circle: &[(ModuleId, Span)], first: ModuleId, closing: Span) {
        let file = |id: ModuleId| {
            let source = self.sources.get(self.modules.get(id).file);
            let name = source.and_then(|source| source.path.file_name());
            format!("`{}`", name.unwrap_or_default().to_string_lossy())
        };
        let last = circle.last().map_or(first, |(id, _)| *id);
        let others: Vec<String> = circle.iter().filter(|(id, _)| *id != first).map(|(id, _)| file(*id)).collect();
        let message = match others.split_last() {
            None => format!("{} imports itself", file(first)),
            Some((other, [])) => format!("{} and {other} import each other", file(first)),
            Some((other, before)) => {
                format!("{}, {} and {other} import each other in a circle", file(first), before.join(", "))
            }
        };
        let mut found = Diagnostic::new(Code::ImportCircle, closing, message);
        if last != first {
            found = found.label(format!("{} imports {}, and so the circle closes", file(last), file(first)));
        }
        let mut importer = first;
        for (id, span) in circle.iter().filter(|(id, _)| *id != first) {
            found = found.note(*span, format!("{} imports {}", file(importer), file(*id)));
            importer = *id;
        }
        self.found.push(found.help("put what both need into a third file that imports neither"));
    }
}

/// An import, by what it asks for.
enum Import {
    Path(Wanted),
    From(Wanted, Vec<ast::Name>),
}

/// Visits every import in a block, those inside functions and methods too.
fn each_import(body: &[ast::Stmt], visit: &mut dyn FnMut(Import)) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::Import(items) => items.iter().for_each(|item| visit(Import::Path(Wanted::of(&item.path)))),
            StmtKind::FromImport(import) => {
                let names = match &import.names {
                    ImportNames::All(_) => Vec::new(),
                    ImportNames::Names(names) => names.iter().map(|(name, _)| name.clone()).collect(),
                };
                visit(Import::From(Wanted::of(&import.path), names));
            }
            StmtKind::Function(function) => each_import(&function.body, visit),
            StmtKind::Class(class) => {
                class.methods.iter().for_each(|method| each_import(&method.function.body, visit));
            }
            kind => super::mentions::each_block(kind, &mut |block| each_import(block, visit)),
        }
    }
}

/// The path that an import means, without the ending: from the folder of the importing file; each dot after the first goes up.
fn stem(importer: &Path, path: &Wanted) -> PathBuf {
    let mut stem = importer.parent().unwrap_or(Path::new("")).to_path_buf();
    stem.extend(std::iter::repeat_n("..", path.level.saturating_sub(1)));
    stem.extend(&path.parts);
    normal(&stem)
}

fn with_extension(stem: &Path) -> PathBuf {
    let mut file = stem.as_os_str().to_owned();
    file.push(".mpc");
    file.into()
}

/// The path without `.` and `a/..`: what tells files apart. Links are not followed.
pub fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match (part, out.components().next_back()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => drop(out.pop()),
            (Component::ParentDir, Some(Component::RootDir)) => {}
            (part, _) => out.push(part),
        }
    }
    out
}

fn unreadable(file: &Path, error: &io::Error) -> String {
    let file = file.display();
    match error.kind() {
        io::ErrorKind::InvalidData => format!("`{file}` is not text in UTF-8"),
        io::ErrorKind::PermissionDenied => format!("`{file}` may not be read"),
        io::ErrorKind::IsADirectory => format!("`{file}` is a folder"),
        _ => format!("`{file}` cannot be read: {error}"),
    }
}

/// What to use in place of modules that Python users know.
fn python_module(name: &str) -> Option<&'static str> {
    Some(match name {
        "Compiler" | "util" | "crypten" | "mpyc" | "library" => {
            "what it has is built in: `sint(…)`, `sfix(…)`, `x.reveal()`, `for i in range(n):`, `x if c else y`"
        }
        "numpy" | "np" | "torch" | "jax" => {
            "tensors are built in: `zeros`, `sum`, `mean`, `reshape`, `@` need no import"
        }
        "random" => "randomness that a program may use comes from its roles, as input",
        "pandas" => "tables are tensors: a CSV file fills `input rows: sfix[n, 3]`, or each column a port of its own",
        "math" => "`abs`, `floor`, `round`, `pow`, `min` and `max` need no import; `x ** n` takes whole numbers `n`",
        "itertools" | "functools" | "operator" | "collections" => {
            "there are lists, tuples and classes, `enumerate`, `zip`, `reversed` and comprehensions, without an import"
        }
        "time" | "datetime" => "a program does not see the time: give it as a parameter, `input day: int`",
        "typing" | "dataclasses" | "__future__" => "leave it out: types and classes need no import",
        "os" | "sys" | "pathlib" | "csv" | "json" => "a program sees no files: data comes in by `input` ports",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Memory;

    /// A disk on which one file is there and cannot be read.
    struct Broken(Memory, io::ErrorKind);

    impl Files for Broken {
        fn read(&self, path: &Path) -> io::Result<String> {
            if path == Path::new("bad.mpc") { Err(self.1.into()) } else { self.0.read(path) }
        }

        fn exists(&self, path: &Path) -> bool {
            path == Path::new("bad.mpc") || self.0.exists(path)
        }

        fn list(&self, folder: &Path) -> Option<Vec<String>> {
            self.0.list(folder)
        }
    }

    fn load(files: &dyn Files, text: &str) -> (Sources, Modules, Vec<Diagnostic>) {
        let (mut sources, mut found) = (Sources::new(), Vec::new());
        let file = sources.add("main.mpc", text);
        let tree = parse(file, text).0;
        let modules = Modules::load(files, &mut sources, (file, tree), &mut found);
        (sources, modules, found)
    }

    #[test]
    fn a_file_that_cannot_be_read_says_why() {
        let cases = [
            (io::ErrorKind::InvalidData, "`bad.mpc` is not text in UTF-8"),
            (io::ErrorKind::PermissionDenied, "`bad.mpc` may not be read"),
            (io::ErrorKind::IsADirectory, "`bad.mpc` is a folder"),
        ];
        for (kind, message) in cases {
            let found = load(&Broken(Memory::new(), kind), "import bad\nbad.f()").2;
            assert_eq!(found.iter().map(|found| found.message.as_str()).collect::<Vec<_>>(), [message]);
            assert_eq!(found[0].code, Code::UnreadableFile);
        }
    }

    #[test]
    fn every_file_is_read_once_and_evaluated_after_those_it_imports() {
        let mut files = Memory::new();
        files.insert("a.mpc", "import b\nfrom . import c");
        files.insert("b.mpc", "from c import x");
        files.insert("c.mpc", "x = 1");
        let (sources, modules, found) = load(&files, "import a\nimport c\nimport b as d\nimport a");
        assert!(found.is_empty(), "{found:?}");
        let path = |id: &ModuleId| sources.get(modules.get(*id).file).map(|source| source.path.clone());
        let order: Vec<_> = modules.order.iter().filter_map(path).collect();
        assert_eq!(order, ["c.mpc", "b.mpc", "a.mpc", "main.mpc"].map(PathBuf::from));
    }

    #[test]
    fn paths_that_lead_to_one_file_are_one() {
        for (path, expected) in
            [("a/../b.mpc", "b.mpc"), ("./a/./b.mpc", "a/b.mpc"), ("../../a", "../../a"), ("/../a", "/a")]
        {
            assert_eq!(normal(Path::new(path)), Path::new(expected));
        }
    }

    #[test]
    fn a_chain_of_imports_without_end_ends() {
        let mut files = Memory::new();
        (0..400).for_each(|at| files.insert(format!("m{at}.mpc"), format!("import m{}", at + 1)));
        let found = load(&files, "import m0").2;
        assert_eq!(found.iter().map(|found| found.code).collect::<Vec<_>>(), [Code::TooComplex]);
    }
}
