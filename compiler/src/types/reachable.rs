//! The instances that the program really calls, numbered anew: walks that were thrown away leave others behind.

use super::checker::Instance;
use super::tree::{Expr, ExprKind, Function, FunctionId, Piece, Place, Step, Stmt, StmtKind};
use std::collections::HashMap;

/// The top level and every instance reachable from it; calls name the new numbers.
pub fn gather(top: Function, instances: &mut [Instance]) -> Vec<Function> {
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let mut order: Vec<u32> = Vec::new();
    let mut functions = vec![top];
    let mut next = 0;
    while next < functions.len() {
        let mut body = std::mem::take(&mut functions[next].body);
        each_call(&mut body, &mut |called| {
            let number = *numbers.entry(called.0).or_insert_with(|| {
                order.push(called.0);
                order.len() as u32
            });
            *called = FunctionId(number);
        });
        functions[next].body = body;
        for &old in &order[functions.len() - 1..] {
            functions.extend(instances.get_mut(old as usize).and_then(|instance| instance.function.take()));
        }
        next += 1;
    }
    functions
}

/// Visits the callee of every call in a block.
pub fn each_call(body: &mut [Stmt], visit: &mut dyn FnMut(&mut FunctionId)) {
    for stmt in body {
        match &mut stmt.kind {
            StmtKind::Assign(_, value) | StmtKind::Expr(value) | StmtKind::Raise(_, value) => calls_in(value, visit),
            StmtKind::Print(value) | StmtKind::Output(_, value) => calls_in(value, visit),
            StmtKind::AssignPath(_, path, value) | StmtKind::Push(_, path, value) => {
                path.iter_mut().for_each(|step| calls_in_step(step, visit));
                calls_in(value, visit);
            }
            StmtKind::Pop { path, at, .. } => {
                path.iter_mut().for_each(|step| calls_in_step(step, visit));
                calls_in(at, visit);
            }
            StmtKind::If { test, then, otherwise } => {
                calls_in(test, visit);
                each_call(then, visit);
                each_call(otherwise, visit);
            }
            StmtKind::For { start, stop, step, body, .. } => {
                [start, stop, step].into_iter().for_each(|bound| calls_in(bound, visit));
                each_call(body, visit);
            }
            StmtKind::While { test, body } => {
                calls_in(test, visit);
                each_call(body, visit);
            }
            StmtKind::Return(value) => value.iter_mut().for_each(|value| calls_in(value, visit)),
            StmtKind::Try { body, handler, otherwise, .. } => {
                [body, handler, otherwise].into_iter().for_each(|block| each_call(block, visit));
            }
            StmtKind::Outside(_, body) => each_call(body, visit),
            StmtKind::Break | StmtKind::Continue | StmtKind::Reraise(_) => {}
        }
    }
}

fn calls_in_step(step: &mut Step, visit: &mut dyn FnMut(&mut FunctionId)) {
    match step {
        Step::Item(at) => calls_in(at, visit),
        Step::Places(places) => calls_in_places(places, visit),
        Step::Component(_) => {}
    }
}

fn calls_in_places(places: &mut [Place], visit: &mut dyn FnMut(&mut FunctionId)) {
    for place in places {
        match place {
            Place::At(at) => calls_in(at, visit),
            Place::Range(start, stop, step) => {
                [start, stop, step].into_iter().flatten().for_each(|bound| calls_in(bound, visit));
            }
            Place::NewAxis | Place::Rest => {}
        }
    }
}

fn calls_in(expr: &mut Expr, visit: &mut dyn FnMut(&mut FunctionId)) {
    match &mut expr.kind {
        ExprKind::Constant(_) | ExprKind::Local(_) | ExprKind::Dim(_) | ExprKind::Param(_) | ExprKind::Input(_) => {}
        ExprKind::Convert(a) | ExprKind::Unary(_, a) | ExprKind::Component(a, _) | ExprKind::Reveal(a, _) => {
            calls_in(a, visit)
        }
        ExprKind::Binary(_, a, b) | ExprKind::And(a, b) | ExprKind::Or(a, b) | ExprKind::Item(a, b) => {
            calls_in(a, visit);
            calls_in(b, visit);
        }
        ExprKind::Conditional(a, b, c) | ExprKind::Select(a, b, c) => {
            [a, b, c].into_iter().for_each(|part| calls_in(part, visit));
        }
        ExprKind::Call(called, args) => {
            visit(called);
            args.iter_mut().for_each(|arg| calls_in(arg, visit));
        }
        ExprKind::Primitive(_, args) | ExprKind::List(args) | ExprKind::Tuple(args) => {
            args.iter_mut().for_each(|arg| calls_in(arg, visit));
        }
        ExprKind::Index(base, places) => {
            calls_in(base, visit);
            calls_in_places(places, visit);
        }
        ExprKind::Slice(base, bounds) => {
            calls_in(base, visit);
            bounds.iter_mut().flatten().for_each(|bound| calls_in(bound, visit));
        }
        ExprKind::Format(pieces) => {
            for piece in pieces {
                if let Piece::Value(value, _) = piece {
                    calls_in(value, visit);
                }
            }
        }
        ExprKind::Block(stmts, value) => {
            each_call(stmts, visit);
            calls_in(value, visit);
        }
    }
}
