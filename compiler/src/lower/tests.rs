//! Programs built by hand, lowered, and read as text.

use crate::emit::lower_and_emit;
use crate::source::{FileId, Sources, Span};
use crate::types::shape::Dim;
use crate::types::tree::*;
use crate::types::ty::Ty;
use mpc_bytecode::operand::{Binary, Exception};
use mpc_bytecode::{Constant, Kind, Precision, Program};

fn span() -> Span {
    Span::new(FileId(0), 0, 1)
}

fn expr(kind: ExprKind, ty: Ty) -> Expr {
    Expr { kind, ty, span: span() }
}

fn stmt(kind: StmtKind) -> Stmt {
    Stmt { kind, span: span() }
}

fn int(value: i64) -> Expr {
    expr(ExprKind::Constant(Constant::Int(Vec::new(), vec![value])), Ty::scalar(Kind::Int))
}

fn text(value: &str) -> Expr {
    expr(ExprKind::Constant(Constant::Str(value.into())), Ty::scalar(Kind::Str))
}

fn binary(meaning: BinaryMeaning, a: Expr, b: Expr, kind: Kind) -> Expr {
    expr(ExprKind::Binary(meaning, Box::new(a), Box::new(b)), Ty::scalar(kind))
}

fn convert(a: Expr, kind: Kind) -> Expr {
    expr(ExprKind::Convert(Box::new(a)), Ty::scalar(kind))
}

fn show(a: Expr) -> Stmt {
    let pieces = vec![Piece::Value(a, None), Piece::Text("\n".into())];
    stmt(StmtKind::Print(expr(ExprKind::Format(pieces), Ty::scalar(Kind::Str))))
}

fn reveal(a: Expr, kind: Kind) -> Expr {
    expr(ExprKind::Reveal(Box::new(a), None), Ty::scalar(kind))
}

/// A top level with locals of these types.
#[derive(Default)]
struct Top {
    locals: Vec<Local>,
    functions: Vec<Function>,
}

impl Top {
    fn local(&mut self, ty: Ty) -> LocalId {
        self.locals.push(Local { name: String::new(), ty });
        LocalId(self.locals.len() as u32 - 1)
    }

    fn read(&self, local: LocalId) -> Expr {
        expr(ExprKind::Local(local), self.locals[local.0 as usize].ty.clone())
    }

    fn program(self, body: Vec<Stmt>) -> Program {
        let top = Function {
            name: "top".into(),
            span: span(),
            params: Vec::new(),
            locals: self.locals,
            result: Ty::None,
            body,
            recursive: false,
        };
        let tree = Tree {
            precision: Precision::default(),
            dims: Vec::new(),
            roles: Vec::new(),
            ports: Vec::new(),
            defaults: Vec::new(),
            reasons: Vec::new(),
            functions: std::iter::once(top).chain(self.functions).collect(),
        };
        let mut sources = Sources::new();
        sources.add("test.mpc", "x\n");
        let program = lower_and_emit(&tree, &sources);
        mpc_bytecode::verify::verify(&program).expect("what is emitted passes the verifier");
        program
    }
}

/// The code of the top level, one instruction a line.
fn code(program: &Program) -> String {
    let lines = program.functions[0].code.iter().enumerate().map(|(at, line)| format!("@{at} {line}\n"));
    lines.collect()
}

#[test]
fn a_loop_over_a_range_stays_a_loop() {
    let mut top = Top::default();
    let (sum, i) = (top.local(Ty::scalar(Kind::Sint)), top.local(Ty::scalar(Kind::Int)));
    let (x, y) = (top.local(Ty::scalar(Kind::Sint)), top.local(Ty::scalar(Kind::Sint)));
    let twice = binary(BinaryMeaning::Public(Binary::Mul), top.read(i), int(2), Kind::Int);
    let product = binary(BinaryMeaning::Mul, top.read(x), top.read(y), Kind::Sint);
    let body = vec![
        stmt(StmtKind::Assign(x, convert(top.read(i), Kind::Sint))),
        stmt(StmtKind::Assign(y, convert(twice, Kind::Sint))),
        stmt(StmtKind::Assign(sum, binary(BinaryMeaning::Add, top.read(sum), product, Kind::Sint))),
    ];
    let statements = vec![
        stmt(StmtKind::Assign(sum, convert(int(0), Kind::Sint))),
        stmt(StmtKind::For { var: i, start: int(0), stop: int(3), step: int(1), body }),
        show(reveal(top.read(sum), Kind::Int)),
    ];
    let program = top.program(statements);
    println!("{}", code(&program));
    assert_eq!(program.disclosures.len(), 1);
}

#[test]
fn all() {
    let _ = (text("a"), Exception::ValueError, Dim::Unknown);
}
