//! Statements.

use super::body::{Body, Loop, dst, public};
use crate::ir::Terminator;
use crate::types::tree::{Expr, ExprKind, LocalId, Stmt, StmtKind};
use mpc_bytecode::operand::{Binary, Exception};
use mpc_bytecode::{Constant, Instruction, Kind, Reg};

impl Body<'_, '_> {
    /// Statements in order.
    pub fn statements(&mut self, statements: &[Stmt]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Stmt) {
        self.span = statement.span;
        match &statement.kind {
            StmtKind::Assign(local, value) => self.assign(*local, value),
            StmtKind::AssignPath(local, path, value) => self.assign_path(*local, path, value),
            StmtKind::Push(local, path, value) => self.push_path(*local, path, value),
            StmtKind::Pop { list, path, at, into } => self.pop_path(*list, path, at, *into),
            StmtKind::Expr(value) => drop(self.expr(value)),
            StmtKind::If { test, then, otherwise } => self.branch(test, then, otherwise),
            StmtKind::For { var, start, stop, step, body } => self.for_range(*var, [start, stop, step], body),
            StmtKind::While { test, body } => self.while_true(test, body),
            StmtKind::Break => self.leave(|targets| targets.done),
            StmtKind::Continue => self.leave(|targets| targets.next),
            StmtKind::Return(value) => self.return_value(value.as_ref()),
            StmtKind::Raise(exception, message) => {
                let message = self.one(message);
                self.end(Terminator::Raise(*exception, message));
            }
            StmtKind::Reraise(caught) => {
                let caught = self.told(*caught);
                self.end(Terminator::Reraise(caught));
            }
            StmtKind::Try { body, caught, handler, otherwise } => self.protect(body, *caught, handler, otherwise),
            StmtKind::Outside(level, statements) => self.outside(*level, statements),
            StmtKind::Print(text) => {
                let text = self.one(text);
                self.emit(Instruction::Print { src: public(text) });
            }
            StmtKind::Output(port, value) => self.output(*port, value),
        }
    }

    fn assign(&mut self, local: LocalId, value: &Expr) {
        let value = self.expr_as(value, self.local_type(local));
        self.store(local, &value);
    }

    /// Gives a local a value of its type.
    pub fn store(&mut self, local: LocalId, value: &[Reg]) {
        let to = self.local(local).clone();
        self.copy_all(&to, value);
        self.writes += 1;
    }

    fn branch(&mut self, test: &Expr, then: &[Stmt], otherwise: &[Stmt]) {
        let cond = self.one(test);
        let (yes, no, after) = (self.block(), self.block(), self.block());
        self.end(Terminator::Branch { cond, then: yes, otherwise: no });
        for (block, statements) in [(yes, then), (no, otherwise)] {
            self.start(block);
            self.statements(statements);
            self.end(Terminator::Jump(after));
        }
        self.start(after);
    }

    fn leave(&mut self, target: impl Fn(&Loop) -> crate::ir::BlockId) {
        if let Some(to) = self.loops.last().map(target) {
            self.end(Terminator::Jump(to));
        }
    }

    fn return_value(&mut self, value: Option<&Expr>) {
        let result = &self.tree.result;
        let values = value.map(|value| self.expr_as(value, result)).unwrap_or_default();
        self.end(Terminator::Return(values));
    }

    fn while_true(&mut self, test: &Expr, body: &[Stmt]) {
        let (head, turn, done) = (self.block(), self.block(), self.block());
        self.fall_into(head);
        let cond = self.one(test);
        self.end(Terminator::Branch { cond, then: turn, otherwise: done });
        self.start(turn);
        self.turn(Loop { next: head, done }, body);
        self.end(Terminator::Jump(head));
        self.start(done);
    }

    fn turn(&mut self, targets: Loop, body: &[Stmt]) {
        self.loops.push(targets);
        self.statements(body);
        self.loops.pop();
    }

    /// A loop over a range counts down how many turns are left: the value of the last turn is never stepped over, so a range that
    /// ends at the largest integer does not overflow.
    fn for_range(&mut self, var: LocalId, bounds: [&Expr; 3], body: &[Stmt]) {
        let span = self.span;
        let values = self.operands(bounds);
        let [start, stop, step] = [0, 1, 2].map(|at| values[at][0]);
        self.span = span;
        if !is_nonzero(bounds[2]) {
            self.refuse_zero(step);
        }
        let left = self.scalar(Kind::Int);
        self.emit(Instruction::Count { dst: dst(left), start: public(start), stop: public(stop), step: public(step) });
        let at = self.scalar(Kind::Int);
        let (first, turn, next, on, done) = (self.block(), self.block(), self.block(), self.block(), self.block());
        let zero = self.int(0);
        let any = self.scalars(Binary::Gt, left, zero, Kind::Bool);
        self.end(Terminator::Branch { cond: any, then: first, otherwise: done });

        self.start(first);
        // A copy: the body may assign to what the bounds were read from.
        let step_kept = self.scalar(Kind::Int);
        self.copy(step_kept, step);
        self.copy(at, start);
        self.fall_into(turn);
        self.store(var, &[at]);
        self.turn(Loop { next, done }, body);
        self.span = span;
        self.fall_into(next);
        let one = self.int(1);
        self.emit(Instruction::Binary { op: Binary::Sub, dst: dst(left), a: public(left), b: public(one) });
        let zero = self.int(0);
        let more = self.scalars(Binary::Gt, left, zero, Kind::Bool);
        self.end(Terminator::Branch { cond: more, then: on, otherwise: done });

        self.start(on);
        self.emit(Instruction::Binary { op: Binary::Add, dst: dst(at), a: public(at), b: public(step_kept) });
        self.end(Terminator::Jump(turn));
        self.start(done);
    }

    fn refuse_zero(&mut self, step: Reg) {
        let zero = self.int(0);
        let bad = self.scalars(Binary::Eq, step, zero, Kind::Bool);
        let (refuse, go_on) = (self.block(), self.block());
        self.end(Terminator::Branch { cond: bad, then: refuse, otherwise: go_on });
        self.start(refuse);
        self.raise(Exception::ValueError, "range() arg 3 must not be zero");
        self.start(go_on);
    }
}

fn is_nonzero(step: &Expr) -> bool {
    matches!(&step.kind, ExprKind::Constant(Constant::Int(shape, values)) if shape.is_empty() && values != &[0])
}
