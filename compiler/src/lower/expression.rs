//! Expressions.

use super::body::{Body, Value, dst, public, src};
use super::layout::{component, item, leaves};
use crate::ir::Terminator;
use crate::types::tree::{Expr, ExprKind, Place};
use crate::types::ty::{Object, Ty};
use mpc_bytecode::operand::{self, DimId, Lists, PortId};
use mpc_bytecode::{AnyDst, AnySrc, Instruction, Kind, Public, Reg, Src};

impl Body<'_, '_> {
    /// An expression's value. Registers of locals stand for themselves: see [`Self::operands`].
    pub fn expr(&mut self, expr: &Expr) -> Value {
        let outer = std::mem::replace(&mut self.span, expr.span);
        let value = self.kind_of_expr(expr);
        self.span = outer;
        value
    }

    fn kind_of_expr(&mut self, expr: &Expr) -> Value {
        match &expr.kind {
            ExprKind::Constant(constant) => vec![self.constant(constant.clone())],
            ExprKind::Local(local) => self.local(*local).clone(),
            ExprKind::Dim(dim) => {
                let to = self.scalar(Kind::Int);
                self.emit(Instruction::Dim { dst: dst(to), dim: DimId(*dim) });
                vec![to]
            }
            ExprKind::Param(port) => {
                let to = self.fresh(&expr.ty);
                to.iter().for_each(|&to| self.emit(Instruction::Param { dst: dst(to), port: PortId(port.0) }));
                to
            }
            ExprKind::Input(port) => self.input(*port, &expr.ty),
            ExprKind::Convert(from) => self.expr_as(from, &expr.ty),
            ExprKind::Unary(meaning, a) => vec![self.unary(*meaning, a, &expr.ty)],
            ExprKind::Binary(meaning, a, b) => vec![self.binary(*meaning, a, b, &expr.ty)],
            ExprKind::And(a, b) => self.short_circuit(a, b, true),
            ExprKind::Or(a, b) => self.short_circuit(a, b, false),
            ExprKind::Conditional(test, then, otherwise) => self.conditional(test, then, otherwise, &expr.ty),
            ExprKind::Select(test, then, otherwise) => self.select(test, then, otherwise, &expr.ty),
            ExprKind::Call(function, args) => self.call(*function, args),
            ExprKind::Primitive(primitive, args) => self.primitive(primitive, args, &expr.ty),
            ExprKind::Index(base, places) => vec![self.index(base, places, &expr.ty)],
            ExprKind::Item(list, at) => self.item(list, at, &expr.ty),
            ExprKind::Slice(list, bounds) => self.slice(list, bounds),
            ExprKind::List(items) => self.list_literal(items, item(&expr.ty)),
            ExprKind::Tuple(items) => self.operands(items).concat(),
            ExprKind::Component(tuple, at) => self.component(tuple, *at),
            ExprKind::Reveal(value, why) => self.reveal(value, why.as_ref()),
            ExprKind::Format(pieces) => vec![self.format(pieces)],
            ExprKind::Block(statements, value) => {
                self.statements(statements);
                self.expr(value)
            }
        }
    }

    /// An expression's value as a type that its own converts to.
    pub fn expr_as(&mut self, expr: &Expr, ty: &Ty) -> Value {
        match (&expr.kind, ty) {
            (ExprKind::List(items), Ty::List(inside)) => self.list_literal(items, inside),
            (ExprKind::Tuple(items), Ty::Tuple(types) | Ty::Object(Object { fields: types, .. })) => {
                self.operands_as(items.iter().zip(types)).concat()
            }
            _ => {
                let value = self.expr(expr);
                self.convert(value, &expr.ty, ty)
            }
        }
    }

    /// The value of an expression that takes one register.
    pub fn one(&mut self, expr: &Expr) -> Reg {
        let value = self.expr(expr);
        value.first().copied().unwrap_or_else(|| self.int(0))
    }

    /// The values of expressions, evaluated in order; what one reads stays what it was when a later one assigns.
    pub fn operands<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Vec<Value> {
        self.operands_as(exprs.into_iter().map(|expr| (expr, &expr.ty)))
    }

    /// The same, each as a type that its own converts to.
    pub fn operands_as<'e>(&mut self, exprs: impl IntoIterator<Item = (&'e Expr, &'e Ty)>) -> Vec<Value> {
        let mut values = Vec::new();
        for (expr, ty) in exprs {
            let value = self.expr_as(expr, ty);
            values.push((value, self.mark()));
        }
        // From the last to the first, so that earlier marks stay where they are.
        for (value, mark) in values.iter_mut().rev() {
            self.keep(value, *mark);
        }
        values.into_iter().map(|(value, _)| value).collect()
    }

    /// One register each.
    pub fn registers<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Vec<Reg> {
        self.operands(exprs).into_iter().filter_map(|value| value.first().copied()).collect()
    }

    fn short_circuit(&mut self, a: &Expr, b: &Expr, and: bool) -> Value {
        let out = self.scalar(Kind::Bool);
        let first = self.one(a);
        self.copy(out, first);
        let (more, done) = (self.block(), self.block());
        let (then, otherwise) = if and { (more, done) } else { (done, more) };
        self.end(Terminator::Branch { cond: first, then, otherwise });
        self.start(more);
        let second = self.one(b);
        self.copy(out, second);
        self.fall_into(done);
        vec![out]
    }

    fn conditional(&mut self, test: &Expr, then: &Expr, otherwise: &Expr, ty: &Ty) -> Value {
        let out = self.fresh(ty);
        let cond = self.one(test);
        let (yes, no, done) = (self.block(), self.block(), self.block());
        self.end(Terminator::Branch { cond, then: yes, otherwise: no });
        for (block, expr) in [(yes, then), (no, otherwise)] {
            self.start(block);
            let value = self.expr_as(expr, ty);
            self.copy_all(&out, &value);
            self.end(Terminator::Jump(done));
        }
        self.start(done);
        out
    }

    fn index(&mut self, base: &Expr, places: &[Place], ty: &Ty) -> Reg {
        let exprs = std::iter::once(base).chain(place_exprs(places));
        let values = self.registers(exprs);
        let places = self.places(places, &values[1..]);
        let to = self.fresh(ty);
        let Some(&to) = to.first() else { return values[0] };
        self.emit(Instruction::Index { dst: AnyDst(to), src: AnySrc(values[0]), places });
        to
    }

    /// Places with the registers of their expressions, in order.
    pub fn places(&self, places: &[Place], values: &[Reg]) -> Vec<operand::Place> {
        let mut values = values.iter().map(|&reg| public(reg));
        let mut next = |given: bool| -> Option<Src<Public>> { if given { values.next() } else { None } };
        let place = |place: &Place| match place {
            Place::At(_) => next(true).map_or(operand::Place::Rest, operand::Place::At),
            Place::Range(start, stop, step) => {
                operand::Place::Range(next(start.is_some()), next(stop.is_some()), next(step.is_some()))
            }
            Place::NewAxis => operand::Place::NewAxis,
            Place::Rest => operand::Place::Rest,
        };
        places.iter().map(place).collect()
    }

    fn item(&mut self, list: &Expr, at: &Expr, ty: &Ty) -> Value {
        let values = self.operands([list, at]);
        match values[1].first() {
            Some(&at) => self.items_at(&values[0], at, ty),
            None => Value::new(),
        }
    }

    fn slice(&mut self, list: &Expr, bounds: &[Option<Box<Expr>>; 3]) -> Value {
        let exprs = std::iter::once(list).chain(bounds.iter().flatten().map(|bound| &**bound));
        let values = self.operands(exprs);
        let mut given = values[1..].iter().filter_map(|value| value.first().map(|&reg| public(reg)));
        let [start, stop, step] = [0, 1, 2].map(|at| bounds[at].as_ref().and_then(|_| given.next()));
        let each = |&list: &Reg| {
            let to = self.leaf((self.ty(list).clone(), self.rank(list)));
            self.emit(Instruction::Slice { dst: dst(to), src: src::<Lists>(list), start, stop, step });
            to
        };
        values[0].iter().map(each).collect()
    }

    fn list_literal(&mut self, items: &[Expr], inside: &Ty) -> Value {
        let values = self.operands_as(items.iter().map(|item| (item, inside)));
        self.list_of(values, inside)
    }

    fn component(&mut self, tuple: &Expr, at: usize) -> Value {
        let value = self.expr(tuple);
        let (start, ty) = component(&tuple.ty, at);
        value.into_iter().skip(start).take(leaves(ty).len()).collect()
    }
}

/// The expressions in places, in order.
pub fn place_exprs(places: &[Place]) -> impl Iterator<Item = &Expr> {
    places
        .iter()
        .flat_map(|place| match place {
            Place::At(at) => [Some(at), None, None],
            Place::Range(start, stop, step) => [start.as_ref(), stop.as_ref(), step.as_ref()],
            Place::NewAxis | Place::Rest => [None, None, None],
        })
        .flatten()
}
