//! Calls of functions, ports and disclosures.

use super::body::{Body, Value, dst, secret};
use super::layout::{is_flat, item, leaves};
use crate::ir::Note;
use crate::types::tree::{Expr, FunctionId, PortIndex};
use crate::types::ty::{Object, Ty};
use mpc_bytecode::operand::{FuncId, PortId};
use mpc_bytecode::program::Parties;
use mpc_bytecode::{AnyDst, AnySrc, Instruction, Reg, Type};

impl Body<'_, '_> {
    /// A call of an instance; what it returns.
    pub fn call(&mut self, FunctionId(function): FunctionId, args: &[Expr]) -> Value {
        let Some(callee) = self.program.tree.functions.get(function as usize) else { return Vec::new() };
        let types: Vec<&Ty> = callee.params.iter().map(|param| &callee.locals[param.0 as usize].ty).collect();
        let args = self.operands_as(args.iter().zip(types)).concat();
        let results = self.fresh(&callee.result);
        self.emit(Instruction::Call {
            function: FuncId(function),
            results: results.iter().copied().map(AnyDst).collect(),
            args: args.into_iter().map(AnySrc).collect(),
        });
        results
    }

    /// Reads an input port.
    pub fn input(&mut self, PortIndex(port): PortIndex, ty: &Ty) -> Value {
        let value = self.fresh(ty);
        let batch = value.iter().map(|&reg| (AnyDst(reg), PortId(port))).collect();
        self.emit(Instruction::Input { batch });
        value
    }

    /// Discloses a value to a port's parties.
    pub fn output(&mut self, PortIndex(port): PortIndex, expr: &Expr) {
        let value = self.expr(expr);
        let tree = self.program.tree;
        let note = Note {
            to: tree.ports.get(port as usize).map_or(Parties::All, |port| port.parties.clone()),
            port: Some(PortId(port)),
            expression: self.program.text(expr.span),
            why: tree.reasons.get(port as usize).cloned().flatten(),
            span: self.span,
            also: Vec::new(),
        };
        let note = self.note(note);
        for reg in value {
            self.emit_noted(Instruction::Output { batch: vec![(PortId(port), AnySrc(reg))] }, vec![note]);
        }
    }

    /// Opens a value to everyone.
    pub fn reveal(&mut self, expr: &Expr, why: Option<&String>) -> Value {
        let value = self.expr(expr);
        let note = Note {
            to: Parties::All,
            port: None,
            expression: self.program.text(expr.span),
            why: why.cloned(),
            span: self.span,
            also: Vec::new(),
        };
        let note = self.note(note);
        self.open_value(&value, &expr.ty, note)
    }

    fn note(&mut self, note: Note) -> u32 {
        self.program.notes.push(note);
        self.program.notes.len() as u32 - 1
    }

    /// Opens every leaf of a value; public ones stay as they are.
    fn open_value(&mut self, value: &[Reg], ty: &Ty, note: u32) -> Value {
        match ty {
            Ty::Tuple(components) | Ty::Object(Object { fields: components, .. }) => {
                let mut rest = value;
                let mut out = Value::new();
                for component in components {
                    let (these, others) = rest.split_at(leaves(component).len().min(rest.len()));
                    out.extend(self.open_value(these, component, note));
                    rest = others;
                }
                out
            }
            Ty::List(inside) => value.iter().map(|&list| self.open_list(list, inside, note)).collect(),
            Ty::Tensor(..) | Ty::None | Ty::Unknown | Ty::Error => {
                value.iter().map(|&reg| self.open(reg, note)).collect()
            }
        }
    }

    fn open(&mut self, reg: Reg, note: u32) -> Reg {
        let Some(kind) = self.kind(reg).opened() else { return reg };
        let to = self.tensor(kind, self.rank(reg));
        self.emit_noted(Instruction::Open { batch: vec![(dst(to), secret(reg))] }, vec![note]);
        to
    }

    /// Opens a list. Scalars travel as one tensor, in one round; items whose shapes may differ are opened one by one.
    fn open_list(&mut self, list: Reg, inside: &Ty, note: u32) -> Reg {
        let Some(opened) = opened(self.ty(list)) else { return list };
        if is_flat(inside) {
            let kind = self.kind(list);
            return self.as_tensor(list, kind, opened, |body, packed| body.open(packed, note));
        }
        let inside = item(inside).clone();
        self.map_list(list, opened, |body, at| match body.ty(at) {
            Type::Tensor(_) => body.open(at, note),
            Type::List(_) => body.open_list(at, &inside, note),
        })
    }
}

/// The type after opening; `None` for what is public already.
fn opened(ty: &Type) -> Option<Type> {
    match ty {
        Type::Tensor(kind) => kind.opened().map(Type::Tensor),
        Type::List(item) => opened(item).map(|item| Type::List(Box::new(item))),
    }
}
