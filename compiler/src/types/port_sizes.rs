//! Sizes that ports name: each must be bound, by a port that has it by itself or is it, or by the number of a family's members.

use super::checker::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{self, DimKind, StmtKind, TypeKind};
use mpc_bytecode::program::Direction;
use mpc_bytecode::{Extent, Kind};

impl<'a> Checker<'a> {
    /// Reports the sizes in ports of the program that stand within expressions alone, each where it stands first.
    pub fn unbound_sizes(&mut self, module: &'a ast::Module) {
        for (index, (name, _)) in (0..).zip(&self.dims) {
            if self.is_bound(index, name) {
                continue;
            }
            let Some(span) = module.body.iter().find_map(|stmt| mentioned(stmt, name)) else { continue };
            let found = Diagnostic::new(Code::UnknownDimension, span, format!("nothing says what size `{name}` is"));
            let found = found.label("only what is computed from it is known");
            self.diagnostics.push(found.help(format!(
                "a port that has `{name}` by itself binds it, as `[{name}]` does; so does `input {name}: int`"
            )));
        }
    }

    fn is_bound(&self, index: u32, name: &str) -> bool {
        let by_port = self.ports.iter().filter(|port| port.direction != Direction::Output).any(|port| {
            let is_it = port.name == name && port.kind == Kind::Int && port.shape.is_empty();
            is_it || port.shape.iter().any(|extent| matches!(extent, Extent::Dim(dim) if dim.0 == index))
        });
        by_port || self.roles.iter().any(|role| role.family.is_some_and(|dim| dim.0 == index))
    }
}

/// Where an input's type has a name in its brackets.
fn mentioned(stmt: &ast::Stmt, name: &str) -> Option<Span> {
    let StmtKind::Input(port) = &stmt.kind else { return None };
    let TypeKind::Named { dims: Some(dims), .. } = &port.ty.kind else { return None };
    dims.iter().find_map(|dim| named(dim, name))
}

fn named(dim: &ast::Dim, name: &str) -> Option<Span> {
    match &dim.kind {
        DimKind::Name(found) => (found == name).then_some(dim.span),
        DimKind::Binary { left, right, .. } => named(left, name).or_else(|| named(right, name)),
        DimKind::Int(_) | DimKind::Any | DimKind::Error => None,
    }
}
