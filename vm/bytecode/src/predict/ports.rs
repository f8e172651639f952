//! Communication: what an instruction asks of the protocol, and ports.

use super::expr::Expr;
use super::record::Done;
use super::setting::{is_family, owners};
use super::value::{List, Shape, Value, count};
use super::walk::{Frame, Outcome, Walk};
use crate::cost::{Part, Sizes, Work, works};
use crate::isa::Instruction;
use crate::operand::{AnyDst, Bank, PortId, Reg};
use crate::program::{Parties, Port};
use std::cell::Cell;

/// What is known of the registers of a frame, for the table of costs.
struct Known<'a, 'p> {
    walk: &'a Walk<'p>,
    frame: &'a Frame,
    /// A register whose sizes are not known was asked for.
    missing: Cell<Option<Reg>>,
}

impl Known<'_, '_> {
    fn port(&self, id: PortId) -> Option<&Port> {
        self.walk.program.ports.get(id.0 as usize)
    }

    fn elements(&self, value: &Value, reg: Reg) -> Expr {
        value.secret_elements().unwrap_or_else(|| {
            self.missing.set(Some(reg));
            Expr::ZERO
        })
    }
}

impl Sizes<Expr> for Known<'_, '_> {
    fn shape(&self, reg: Reg) -> Vec<Expr> {
        self.walk.shape(self.frame, reg).unwrap_or_else(|_| {
            self.missing.set(Some(reg));
            Vec::new()
        })
    }

    fn owners(&self, id: PortId) -> Vec<(usize, Expr)> {
        let Some(port) = self.port(id) else { return Vec::new() };
        let size = |member| count(&self.walk.setting.shape(self.walk.program, &self.walk.dims, port, member));
        owners(port, &self.walk.cast).iter().enumerate().map(|(member, &player)| (player, size(member))).collect()
    }

    fn parts(&self, id: PortId, reg: Reg) -> Vec<Part<Expr>> {
        let (Some(port), Some(value)) = (self.port(id), self.frame.get(reg)) else { return Vec::new() };
        let Parties::Roles(roles) = &port.parties else { return vec![(None, self.elements(value, reg))] };
        let players = |role: &crate::operand::RoleId| self.walk.cast.get(role.0 as usize).cloned().unwrap_or_default();
        if let ([role], true, Value::List(list)) = (&roles[..], port.list && is_family(self.walk.program, port), value)
        {
            let item = |(at, player): (usize, usize)| {
                let elements = match list {
                    List::Items(items) => items.get(at).map_or(Expr::ZERO, |item| self.elements(item, reg)),
                    List::Alike { item, .. } => self.elements(item, reg),
                    List::ButOne { item, at: place, one, .. } => {
                        let here = *place == Expr::from(at as u64);
                        self.elements(if here { one } else { item }, reg)
                    }
                };
                (Some(vec![player]), elements)
            };
            return players(role).into_iter().enumerate().map(item).collect();
        }
        let mut to: Vec<usize> = roles.iter().flat_map(players).collect();
        to.sort_unstable();
        to.dedup();
        vec![(Some(to), self.elements(value, reg))]
    }
}

impl Walk<'_> {
    /// Notes the protocol calls of an instruction.
    pub(super) fn communicate(&mut self, frame: &Frame, instruction: &Instruction) -> Outcome<()> {
        let known = Known { walk: self, frame, missing: Cell::new(None) };
        let works = works(instruction, &known);
        if let Some(reg) = known.missing.get() {
            self.shape(frame, reg)?;
            return Err(self.missing(self.why(), frame));
        }
        let (function, members) = &self.group.members;
        if *function != frame.function || !members.contains(&frame.at) {
            self.group.works.clear();
        }
        for work in works {
            let others = self.group.works.clone();
            self.group.works.push(work.clone());
            let beside = !others.is_empty();
            self.note(frame, Done::Call(if beside { Work::Beside { work: work.into(), others } } else { work }));
        }
        if matches!(instruction, Instruction::Open { .. } | Instruction::Output { .. }) {
            self.note(frame, Done::Disclosed);
        }
        Ok(())
    }

    pub(super) fn input(&self, frame: &mut Frame, AnyDst(dst): AnyDst, id: PortId) {
        let Some(port) = self.program.ports.get(id.0 as usize) else { return };
        let shape = |member: usize| -> Shape { self.setting.shape(self.program, &self.dims, port, member) };
        let value = match dst.bank {
            Bank::List => {
                let members = owners(port, &self.cast).len();
                Value::list((0..members).map(|member| Value::Secret(shape(member))).collect())
            }
            Bank::Secret | Bank::Public => Value::Secret(shape(0)),
        };
        frame.set(dst, value);
    }
}
