//! From the intermediate representation to the text of a case.

use crate::ir::{BlockId, Constants, Function, Handler, Module, Op, Terminator};
use crate::source::Span;
use mpc_bytecode::operand::quote;
use mpc_bytecode::{AnySrc, Constant, Instruction, Src};
use std::fmt::Display;

/// The text of all functions.
pub fn module(module: &Module) -> String {
    let mut out = String::new();
    for (at, function) in module.functions.iter().enumerate() {
        if module.functions.len() > 1 {
            out += &format!("function f{at} {}\n", quote(&function.name));
        }
        out += &Listing { module, lined: has_lines(function), line: 0 }.function(function);
    }
    out
}

fn has_lines(function: &Function) -> bool {
    let spans = |block: &crate::ir::Block| block.code.iter().any(|op| op.span != Span::default());
    function.blocks.iter().any(spans)
}

struct Listing<'a> {
    module: &'a Module,
    lined: bool,
    line: u32,
}

impl Listing<'_> {
    fn function(&mut self, function: &Function) -> String {
        let mut out = String::new();
        let mut entered = vec![false; function.blocks.len()];
        function.blocks.iter().for_each(|block| block.successors(|to| entered[to.0 as usize] = true));
        for (at, block) in function.blocks.iter().enumerate() {
            if at > 0 || entered[at] {
                out += &format!("b{at}:\n");
            }
            if let Some(Handler { block, class, message, origin }) = block.handler {
                out += &format!("handled b{} {class} {message} {origin}\n", block.0);
            }
            for op in &block.code {
                out += &self.mark(op.span);
                out += &format!("  {}\n", self.op(op));
            }
            for line in terminator(&block.end, BlockId(at as u32 + 1)) {
                out += &self.mark(block.span);
                out += &format!("  {line}\n");
            }
        }
        out
    }

    fn mark(&mut self, span: Span) -> String {
        if !self.lined || self.line == span.start {
            return String::new();
        }
        self.line = span.start;
        format!("line {}\n", self.line)
    }

    fn op(&self, op: &Op) -> String {
        if let Instruction::Const { dst, value } = &op.instruction {
            return format!("const {} {}", dst.reg(), constant(&self.module.constants, *value));
        }
        match op.notes.as_slice() {
            [] => op.instruction.to_string(),
            notes => {
                let notes: Vec<String> = notes.iter().map(|&note| self.note(note)).collect();
                format!("{}  ; {}", op.instruction, notes.join(", "))
            }
        }
    }

    fn note(&self, note: u32) -> String {
        let Some(note) = self.module.notes.get(note as usize) else { return "?".into() };
        let also: String = note.also.iter().map(|&also| format!(" and {}", self.note(also))).collect();
        format!("{}{also}", note.expression)
    }
}

fn constant(constants: &Constants, id: mpc_bytecode::operand::ConstId) -> String {
    let constant = constants.get(id);
    match constant {
        Constant::Int(shape, values) => numbers(constant, shape, values),
        Constant::Fix(shape, values) => numbers(constant, shape, values),
        Constant::Bool(shape, values) => numbers(constant, shape, values),
        Constant::Str(text) => format!("str {}", quote(text)),
    }
}

fn numbers<T: Display>(constant: &Constant, shape: &[u64], values: &[T]) -> String {
    let shape = if shape.is_empty() { String::new() } else { format!(" {shape:?}") };
    let values: String = values.iter().map(|value| format!(" {value}")).collect();
    format!("{}{shape}{values}", constant.kind())
}

fn terminator(end: &Terminator, next: BlockId) -> Vec<String> {
    let name = |block: &BlockId| format!("b{}", block.0);
    match end {
        Terminator::Jump(to) if *to == next => Vec::new(),
        Terminator::Jump(to) => vec![format!("jump {}", name(to))],
        Terminator::Branch { cond, then, otherwise } if *then == next => {
            vec![format!("jump-unless {cond} {}", name(otherwise))]
        }
        Terminator::Branch { cond, then, otherwise } if *otherwise == next => {
            vec![format!("jump-if {cond} {}", name(then))]
        }
        Terminator::Branch { cond, then, otherwise } => {
            vec![format!("jump-if {cond} {}", name(then)), format!("jump {}", name(otherwise))]
        }
        Terminator::Return(values) => {
            let values = values.iter().copied().map(AnySrc).collect();
            vec![Instruction::Return { values }.to_string()]
        }
        Terminator::Raise(exception, message) => {
            vec![Instruction::Raise { exception: *exception, message: Src::new(message.index) }.to_string()]
        }
        Terminator::Reraise([class, message, origin]) => vec![format!("reraise {class} {message} {origin}")],
    }
}
