//! Assignments into containers: `xs[i][j] = v`, `xs[i].append(v)`, `xs[i].pop()`.
//!
//! A container is a value, and a value that two registers hold is copied when one of them is changed. So what is changed deep in a
//! list is taken out first, with something empty put in its place, then changed where nobody else holds it, and put back: each
//! step costs the same however long the lists are.

use super::body::{Body, Value, dst, public, src};
use super::expression::place_exprs;
use super::layout::{component, item, leaves};
use crate::types::tree::{Expr, LocalId, Place, Step};
use crate::types::ty::Ty;
use mpc_bytecode::operand::{self, Lists};
use mpc_bytecode::{AnyDst, AnySrc, Instruction, Reg, Type};

/// A step with its expressions evaluated. Components have become a choice of leaves.
#[derive(Clone, Debug)]
enum Into {
    Item(Reg),
    Places(Vec<operand::Place>),
}

/// What is done at a path's end, to one leaf.
enum Change<'v> {
    /// It is replaced.
    Replace(Reg),
    /// A list gets another item.
    Push(Reg),
    /// A list loses the item at a position, which goes to a register.
    Pop(Reg, &'v Reg),
}

impl Body<'_, '_> {
    /// `local[path] = value`
    pub fn assign_path(&mut self, local: LocalId, path: &[Step], value: &Expr) {
        let (ty, _) = self.place_of(local, path);
        let ends_in_tensor = matches!(path.last(), Some(Step::Places(_)));
        let ty = if ends_in_tensor { value.ty.clone() } else { ty };
        let value = self.value_and_steps(value, &ty, path);
        self.change(local, path, &value.1, |at| value.0.get(at).map(|&reg| Change::Replace(reg)));
    }

    /// `local[path].append(value)`
    pub fn push_path(&mut self, local: LocalId, path: &[Step], value: &Expr) {
        let (ty, _) = self.place_of(local, path);
        let (value, steps) = self.value_and_steps(value, item(&ty), path);
        let value = self.padded(&value);
        self.change(local, path, &steps, |at| value.get(at).map(|&reg| Change::Push(reg)));
    }

    /// `into = local[path].pop(at)`
    pub fn pop_path(&mut self, local: LocalId, path: &[Step], at: &Expr, into: LocalId) {
        let (ty, _) = self.place_of(local, path);
        let (at, steps) = self.value_and_steps(at, &at.ty, path);
        let Some(&at) = at.first() else { return };
        // To fresh registers first: `into` may be anything.
        let items: Value = super::layout::items(item(&ty)).into_iter().map(|leaf| self.leaf(leaf)).collect();
        self.change(local, path, &steps, |leaf| items.get(leaf).map(|reg| Change::Pop(at, reg)));
        self.store(into, &items);
    }

    /// Evaluates a value, then the positions of a path.
    fn value_and_steps(&mut self, value: &Expr, ty: &Ty, path: &[Step]) -> (Value, Vec<Into>) {
        let exprs: Vec<&Expr> = path.iter().flat_map(step_exprs).collect();
        let all = std::iter::once((value, ty)).chain(exprs.iter().map(|&expr| (expr, &expr.ty)));
        let mut values = self.operands_as(all).into_iter();
        let value = values.next().unwrap_or_default();
        let positions: Vec<Reg> = values.filter_map(|value| value.first().copied()).collect();
        (value, self.steps(path, &positions))
    }

    fn steps(&self, path: &[Step], mut positions: &[Reg]) -> Vec<Into> {
        let mut out = Vec::with_capacity(path.len());
        for step in path {
            let (these, rest) = positions.split_at(step_exprs(step).count().min(positions.len()));
            positions = rest;
            match step {
                Step::Item(_) => out.extend(these.first().map(|&at| Into::Item(at))),
                Step::Places(places) => out.push(Into::Places(self.places(places, these))),
                Step::Component(_) => {}
            }
        }
        out
    }

    /// The type that a path leads to, and the first of its leaves among the local's.
    fn place_of(&self, local: LocalId, path: &[Step]) -> (Ty, usize) {
        let (mut ty, mut start) = (self.local_type(local), 0);
        for step in path {
            match step {
                Step::Item(_) => ty = item(ty),
                Step::Places(_) => {}
                Step::Component(at) => {
                    let (offset, inside) = component(ty, *at);
                    (ty, start) = (inside, start + offset);
                }
            }
        }
        (ty.clone(), start)
    }

    fn change<'v>(
        &mut self,
        local: LocalId,
        path: &[Step],
        steps: &[Into],
        each: impl Fn(usize) -> Option<Change<'v>>,
    ) {
        let (ty, start) = self.place_of(local, path);
        let count = leaves(&ty).len();
        let registers: Value = self.local(local).iter().copied().skip(start).take(count).collect();
        for (at, reg) in registers.into_iter().enumerate() {
            if let Some(change) = each(at) {
                self.change_leaf(reg, steps, &change);
            }
        }
        self.writes += 1;
    }

    fn change_leaf(&mut self, reg: Reg, steps: &[Into], change: &Change<'_>) {
        match (steps, change) {
            ([], Change::Replace(value)) => self.copy(reg, *value),
            ([], Change::Push(value)) => self.push_item(reg, *value),
            ([], Change::Pop(at, into)) => {
                self.emit(Instruction::Pop { dst: dst(reg), item: AnyDst(**into), src: src(reg), at: public(*at) })
            }
            ([Into::Places(places), ..], Change::Replace(value)) => self.emit(Instruction::Assign {
                dst: AnyDst(reg),
                src: AnySrc(reg),
                places: places.clone(),
                value: AnySrc(*value),
            }),
            ([Into::Item(at)], Change::Replace(value)) => self.set_item(reg, *at, *value),
            ([Into::Item(at), rest @ ..], _) => self.change_inside(reg, *at, rest, change),
            ([Into::Places(_), ..], Change::Push(_) | Change::Pop(..)) => {}
        }
    }

    /// Takes an item out, changes it and puts it back.
    fn change_inside(&mut self, list: Reg, at: Reg, rest: &[Into], change: &Change<'_>) {
        let Type::List(inside) = self.ty(list).clone() else { return };
        let taken = self.leaf((*inside, self.rank(list)));
        self.emit(Instruction::Get { dst: AnyDst(taken), src: src::<Lists>(list), at: public(at) });
        let nothing = self.zero((&self.ty(taken).clone(), self.rank(taken)));
        self.set_item(list, at, nothing);
        self.change_leaf(taken, rest, change);
        self.set_item(list, at, taken);
    }

    fn set_item(&mut self, list: Reg, at: Reg, item: Reg) {
        self.emit(Instruction::Set { dst: dst(list), src: src(list), at: public(at), item: AnySrc(item) });
    }
}

fn step_exprs(step: &Step) -> impl Iterator<Item = &Expr> {
    let (item, places): (Option<&Expr>, &[Place]) = match step {
        Step::Item(at) => (Some(at), &[]),
        Step::Places(places) => (None, places),
        Step::Component(_) => (None, &[]),
    };
    item.into_iter().chain(place_exprs(places))
}
