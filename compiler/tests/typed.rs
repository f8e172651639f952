//! What lowering relies on, for the tree of every case that checks; and that no text, however broken, makes the checker panic.

use mpc_bytecode::Kind;
use mpcc::names::Modules;
use mpcc::source::Sources;
use mpcc::syntax;
use mpcc::types::tree::{Caught, Expr, ExprKind, Function, LocalId, Piece, Place, Step, Stmt, StmtKind, Tree};
use mpcc::types::ty::{Object, Ty, is_secret};
use mpcc::types::{Checked, Library, check};

const CASES: &[&str] = &[
    include_str!("types/programs.mpc"),
    include_str!("types/errors.mpc"),
    include_str!("types/classes.mpc"),
    include_str!("types/uses_library.txt"),
    include_str!("../../tests/language/classes.mpc"),
    include_str!("../../tests/language/raises.mpc"),
    include_str!("../../tests/language/exceptions.mpc"),
    include_str!("../../tests/language/handlers.mpc"),
    include_str!("../../tests/language/secret_exceptions.mpc"),
];

fn checked(text: &str) -> Checked {
    let mut sources = Sources::new();
    let file = sources.add("case.mpc", text);
    let library = Library::load(&mut sources);
    check(&Modules::single(file, syntax::parse(file, text).0), &library)
}

struct Verifier<'t> {
    tree: &'t Tree,
    function: &'t Function,
    wrong: Vec<String>,
}

impl Verifier<'_> {
    fn local(&self, local: LocalId) -> Ty {
        self.function.locals[local.0 as usize].ty.erased()
    }

    fn same(&mut self, what: &str, a: &Ty, b: &Ty) {
        if a.erased() != b.erased() || a.is_error() {
            self.wrong.push(format!("{what} in `{}`: {a} and {b}", self.function.name));
        }
    }

    fn bool(&mut self, what: &str, test: &Expr) {
        self.same(what, &test.ty, &Ty::scalar(Kind::Bool));
        self.expr(test);
    }

    fn int(&mut self, what: &str, value: &Expr) {
        self.same(what, &value.ty, &Ty::scalar(Kind::Int));
        self.expr(value);
    }

    fn block(&mut self, body: &[Stmt]) {
        body.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn at_path(&mut self, local: LocalId, path: &[Step]) -> Ty {
        let mut ty = self.local(local);
        for step in path {
            ty = match (ty, step) {
                (Ty::List(item), Step::Item(at)) => {
                    self.int("a position", at);
                    *item
                }
                (ty @ (Ty::Tuple(_) | Ty::Object(_)), Step::Component(at)) => ty.components()[*at].clone(),
                (tensor @ Ty::Tensor(..), Step::Places(places)) => {
                    self.places(places);
                    tensor
                }
                (ty, step) => {
                    self.wrong.push(format!("{step:?} into {ty}"));
                    ty
                }
            };
        }
        ty
    }

    fn places(&mut self, places: &[Place]) {
        for place in places {
            match place {
                Place::At(at) => self.int("a position", at),
                Place::Range(a, b, c) => [a, b, c].into_iter().flatten().for_each(|bound| self.int("a bound", bound)),
                Place::NewAxis | Place::Rest => {}
            }
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Assign(local, value) => {
                // A sum of a list begins with a scalar: registers hold any shape.
                let (a, b) = (self.local(*local), value.ty.erased());
                if a.kind().is_none() || a.kind() != b.kind() {
                    self.same("an assignment", &a, &b);
                }
                self.expr(value);
            }
            StmtKind::AssignPath(local, path, value) => {
                let ty = self.at_path(*local, path);
                if ty.kind().is_none() || ty.kind() != value.ty.kind() {
                    self.same("a part", &ty, &value.ty);
                }
                self.expr(value);
            }
            StmtKind::Push(local, path, value) => {
                let list = self.at_path(*local, path);
                self.same("a push", &list, &Ty::List(Box::new(value.ty.clone())));
                self.expr(value);
            }
            StmtKind::Pop { list, path, at, into } => {
                let list = self.at_path(*list, path);
                let item = self.local(*into);
                self.same("a pop", &list, &Ty::List(Box::new(item)));
                self.int("a position", at);
            }
            StmtKind::Expr(value) => self.expr(value),
            StmtKind::If { test, then, otherwise } => {
                self.bool("a condition", test);
                self.block(then);
                self.block(otherwise);
            }
            StmtKind::For { start, stop, step, body, .. } => {
                [start, stop, step].into_iter().for_each(|bound| self.int("a loop's bound", bound));
                self.block(body);
            }
            StmtKind::While { test, body } => {
                self.bool("a condition", test);
                self.block(body);
            }
            StmtKind::Return(value) => {
                let ty = value.as_ref().map_or(Ty::None, |value| value.ty.clone());
                self.same("a result", &ty, &self.function.result.clone());
                value.iter().for_each(|value| self.expr(value));
            }
            StmtKind::Raise(_, text) | StmtKind::Print(text) => {
                self.same("a text", &text.ty, &Ty::scalar(Kind::Str));
                self.expr(text);
            }
            StmtKind::Output(_, value) => self.expr(value),
            StmtKind::Try { body, caught, handler, otherwise } => {
                self.caught(caught);
                [body, handler, otherwise].into_iter().for_each(|block| self.block(block));
            }
            StmtKind::Outside(_, body) => self.block(body),
            StmtKind::Reraise(caught) => self.caught(caught),
            StmtKind::Break | StmtKind::Continue => {}
        }
    }

    fn caught(&mut self, caught: &Caught) {
        for (local, kind) in [(caught.class, Kind::Int), (caught.message, Kind::Str), (caught.origin, Kind::Int)] {
            let ty = self.local(local);
            self.same("what tells of an exception", &ty, &Ty::scalar(kind));
        }
    }

    fn expr(&mut self, expr: &Expr) {
        if expr.ty.is_error() {
            self.wrong.push(format!("an error type in `{}`", self.function.name));
        }
        match &expr.kind {
            ExprKind::Constant(constant) => {
                self.same("a constant", &Ty::scalar(constant.kind()), &Ty::scalar(expr.ty.kind().unwrap_or(Kind::Raw)))
            }
            ExprKind::Local(local) => {
                let local = self.local(*local);
                if local.kind().is_none() || local.kind() != expr.ty.kind() {
                    self.same("a local", &local, &expr.ty);
                }
            }
            ExprKind::Dim(dim) => assert!((*dim as usize) < self.tree.dims.len()),
            ExprKind::Param(port) | ExprKind::Input(port) => assert!((port.0 as usize) < self.tree.ports.len()),
            ExprKind::Convert(inner) => {
                let public = inner.ty.is_secret() && !expr.ty.is_secret();
                if public {
                    self.wrong.push(format!("{} converted to {}", inner.ty, expr.ty));
                }
                self.expr(inner);
            }
            ExprKind::Unary(_, a) => self.expr(a),
            ExprKind::Component(a, at) => {
                let (Ty::Tuple(items) | Ty::Object(Object { fields: items, .. })) = &a.ty else {
                    return self.wrong.push(format!("a component of {}", a.ty));
                };
                let item = items[*at].clone();
                self.same("a component", &item, &expr.ty);
                self.expr(a);
            }
            ExprKind::Reveal(a, _) => {
                if !a.ty.is_secret() || expr.ty.is_secret() {
                    self.wrong.push(format!("{} revealed as {}", a.ty, expr.ty));
                }
                self.expr(a);
            }
            ExprKind::Binary(_, a, b) => {
                let secret = |ty: &Ty| ty.kind().is_some_and(is_secret);
                if secret(&expr.ty) != (secret(&a.ty) || secret(&b.ty)) {
                    self.wrong.push(format!("{} of {} and {}", expr.ty, a.ty, b.ty));
                }
                self.expr(a);
                self.expr(b);
            }
            ExprKind::And(a, b) | ExprKind::Or(a, b) => {
                self.bool("an operand", a);
                self.bool("an operand", b);
            }
            ExprKind::Conditional(test, a, b) => {
                self.bool("a condition", test);
                self.same("a choice", &a.ty, &b.ty);
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Select(test, a, b) => {
                if test.ty.kind() != Some(Kind::Sbool) || a.ty.kind() != b.ty.kind() || !a.ty.is_secret() {
                    self.wrong.push(format!("a selection by {} of {} and {}", test.ty, a.ty, b.ty));
                }
                [test, a, b].into_iter().for_each(|part| self.expr(part));
            }
            ExprKind::Call(called, args) => {
                let callee = &self.tree.functions[called.0 as usize];
                self.same("a call", &callee.result, &expr.ty);
                assert_eq!(callee.params.len(), args.len(), "arguments of `{}`", callee.name);
                for (param, arg) in callee.params.iter().zip(args) {
                    let ty = callee.locals[param.0 as usize].ty.clone();
                    self.same("an argument", &ty, &arg.ty);
                    self.expr(arg);
                }
            }
            ExprKind::Primitive(_, args) => args.iter().for_each(|arg| self.expr(arg)),
            ExprKind::Index(base, places) => {
                self.expr(base);
                self.places(places);
            }
            ExprKind::Item(base, at) => {
                self.same("an item", &base.ty, &Ty::List(Box::new(expr.ty.clone())));
                self.expr(base);
                self.int("a position", at);
            }
            ExprKind::Slice(base, bounds) => {
                self.expr(base);
                bounds.iter().flatten().for_each(|bound| self.int("a bound", bound));
            }
            ExprKind::List(items) => {
                for item in items {
                    self.same("an item", &expr.ty, &Ty::List(Box::new(item.ty.clone())));
                    self.expr(item);
                }
            }
            ExprKind::Tuple(items) => {
                let items_of = Ty::Tuple(items.iter().map(|item| item.ty.clone()).collect());
                match &expr.ty {
                    Ty::Object(object) => self.same("an object", &items_of, &Ty::Tuple(object.fields.clone())),
                    Ty::None => self.same("nothing", &items_of, &Ty::Tuple(Vec::new())),
                    ty => self.same("a tuple", &items_of, ty),
                }
                items.iter().for_each(|item| self.expr(item));
            }
            ExprKind::Format(pieces) => {
                for piece in pieces {
                    if let Piece::Value(value, _) = piece {
                        assert!(!value.ty.is_secret(), "a secret becomes text");
                        self.expr(value);
                    }
                }
            }
            ExprKind::Block(stmts, value) => {
                self.block(stmts);
                self.expr(value);
            }
        }
    }
}

fn verify(tree: &Tree) -> Vec<String> {
    let mut wrong = Vec::new();
    for function in &tree.functions {
        let mut verifier = Verifier { tree, function, wrong: Vec::new() };
        verifier.block(&function.body);
        wrong.append(&mut verifier.wrong);
    }
    wrong
}

#[test]
fn trees_are_what_lowering_relies_on() {
    for case in CASES.iter().flat_map(|file| file.split("\n#### ")).flat_map(|file| file.split("\n# == ")) {
        let source = case.split_once('\n').map_or("", |(_, source)| source);
        if let Some(tree) = checked(source).tree {
            let wrong = verify(&tree);
            assert!(wrong.is_empty(), "{case}\n{wrong:#?}");
        }
    }
}

/// Lines left out, exchanged and mixed from all cases: much that is nearly a program.
#[test]
fn broken_programs_do_no_harm() {
    let lines: Vec<&str> =
        CASES.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with("####")).collect();
    let mut state = 1u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    for _ in 0..300 {
        let mut text = String::new();
        let (start, length) = (next(lines.len()), 5 + next(30));
        for at in 0..length {
            let line = if next(4) == 0 { lines[next(lines.len())] } else { lines[(start + at) % lines.len()] };
            let cut = if next(12) == 0 { next(line.len() + 1) } else { line.len() };
            let cut = (0..=cut).rev().find(|&at| line.is_char_boundary(at)).unwrap_or(0);
            text.push_str(&line[..cut]);
            text.push('\n');
        }
        if let Some(tree) = checked(&text).tree {
            let wrong = verify(&tree);
            assert!(wrong.is_empty(), "{text}\n{wrong:#?}");
        }
    }
}
