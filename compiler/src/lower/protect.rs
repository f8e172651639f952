//! Exceptions: protected bodies and their handlers.

use super::body::{Body, Loop};
use crate::ir::{Handler, Terminator};
use crate::types::tree::{Caught, Stmt};
use mpc_bytecode::Reg;

/// What was in force where a protected body began.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    handler: Option<Handler>,
    loops: usize,
}

impl Body<'_, '_> {
    /// The registers of what a handler is told of.
    pub fn told(&self, caught: Caught) -> [Reg; 3] {
        // Each is a scalar, so it has one register.
        [caught.class, caught.message, caught.origin].map(|local| self.local(local)[0])
    }

    /// A body, its handler, and what follows the body's end.
    pub fn protect(&mut self, body: &[Stmt], caught: Caught, handler: &[Stmt], otherwise: &[Stmt]) {
        let (target, rest, after) = (self.block(), self.block(), self.block());
        let [class, message, origin] = self.told(caught);
        let outer = self.handler.replace(Handler { block: target, class, message, origin });
        self.around.push(Around { handler: outer, loops: self.loops.len() });
        self.go_on();
        self.statements(body);
        self.around.pop();
        self.handler = outer;
        self.fall_into(rest);
        self.statements(otherwise);
        self.end(Terminator::Jump(after));
        self.start(target);
        self.writes += 1;
        self.statements(handler);
        self.end(Terminator::Jump(after));
        self.start(after);
    }

    /// Statements that belong to what stands around the protected body `level`, and everything in it.
    pub fn outside(&mut self, level: u32, statements: &[Stmt]) {
        let level = (level as usize).min(self.around.len());
        let inner = self.around.split_off(level);
        let Some(around) = inner.first().copied() else { return self.statements(statements) };
        let handler = std::mem::replace(&mut self.handler, around.handler);
        let loops: Vec<Loop> = self.loops.split_off(around.loops.min(self.loops.len()));
        self.go_on();
        self.statements(statements);
        self.loops.extend(loops);
        self.around.extend(inner);
        self.handler = handler;
        self.go_on();
    }

    /// Goes on in a block of its own, whose handler is the one in force.
    fn go_on(&mut self) {
        let next = self.block();
        self.fall_into(next);
    }
}
