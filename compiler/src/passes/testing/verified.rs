//! A module passes the verifier, once it has ports and a top level of its own.

use crate::ir::{Block, Function, Module, Terminator};
use crate::source::{Sources, Span};
use crate::types::tree::Tree;
use mpc_bytecode::operand::{FuncId, PortId, RoleId};
use mpc_bytecode::program::{Direction, Extent, Line, Parties};
use mpc_bytecode::{Instruction, Kind, Port, Role, Type};

/// Verifies the functions of a module. The first may take arguments: an empty top level is put before it.
pub fn check(module: &Module) -> Result<(), String> {
    let mut module = module.clone();
    let end = Block::new(Vec::new(), Terminator::Return(Vec::new()), Span::default());
    let top = Function { name: "top".into(), blocks: vec![end], ..Function::default() };
    module.functions.insert(0, top);
    for op in module.functions.iter_mut().flat_map(|function| &mut function.blocks).flat_map(|block| &mut block.code) {
        if let Instruction::Call { function, .. } = &mut op.instruction {
            *function = FuncId(function.0 + 1);
        }
    }
    let ports = ports(&module);
    let tree = Tree {
        precision: mpc_bytecode::Precision::default(),
        dims: Vec::new(),
        roles: vec![Role { name: "owner".into(), family: None }],
        defaults: vec![None; ports.len()],
        reasons: vec![None; ports.len()],
        ports,
        functions: Vec::new(),
        exceptions: Vec::new(),
    };
    let program = crate::emit::emit(module, &tree, &Sources::new());
    mpc_bytecode::verify(&program).map_err(|error| error.to_string())
}

/// The ports that instructions name, as the registers want them.
fn ports(module: &Module) -> Vec<Port> {
    let mut ports: Vec<Port> = Vec::new();
    let mut note = |PortId(at): PortId, direction: Direction, ty: &Type| {
        while ports.len() <= at as usize {
            ports.push(port(ports.len(), Direction::Parameter { default: None }, Kind::Int, false));
        }
        ports[at as usize] = port(at as usize, direction, ty.element(), ty.depth() > 0);
    };
    for function in &module.functions {
        let ty = |reg| &function.registers.get(reg).ty;
        for op in function.blocks.iter().flat_map(|block| &block.code) {
            match &op.instruction {
                Instruction::Param { dst, port } => note(*port, Direction::Parameter { default: None }, ty(dst.reg())),
                Instruction::Input { batch } => {
                    batch.iter().for_each(|(dst, port)| note(*port, Direction::Input, ty(dst.0)));
                }
                Instruction::Output { batch } => {
                    batch.iter().for_each(|(port, src)| note(*port, Direction::Output, ty(src.0)));
                }
                _ => {}
            }
        }
    }
    ports
}

fn port(at: usize, direction: Direction, kind: Kind, list: bool) -> Port {
    let parties = if direction == Direction::Input { Parties::Roles(vec![RoleId(0)]) } else { Parties::All };
    let shape = if kind == Kind::Str { Vec::new() } else { vec![Extent::Any] };
    Port { name: format!("port{at}"), direction, kind, shape, list, parties, line: Line::default() }
}
