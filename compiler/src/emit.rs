//! From the intermediate representation to the program container: registers, jumps, the pool, lines, ports and disclosures.

use crate::diagnostic::Diagnostic;
use crate::ir::{Block, BlockId, Chain, Constants, Function, Handler, Inlined, Module, Note, Op, Terminator};
use crate::lower::lower;
use crate::passes::unused::warnings;
use crate::passes::{Findings, keep_turns, optimise, registers};
use crate::source::{FileId, Sources, Span, relative};
use crate::types::tree::Tree;
use mpc_bytecode::operand::{ConstId, FuncId, Piece};
use mpc_bytecode::program::{Direction, Line};
use mpc_bytecode::{AnySrc, Constant, Disclosure, Instruction, Label, Port, Program, Src, Type, program};
use std::collections::HashMap;
use std::path::Path;

/// Makes a program of a checked tree: lowering, passes, emission. Warnings go to `found`.
pub fn lower_and_emit(tree: &Tree, sources: &Sources, found: &mut Vec<Diagnostic>) -> Emitted {
    let mut module = lower(tree, sources);
    let Findings { refused, unused, gathered } = optimise(&mut module);
    found.extend(refused.iter().map(|refusal| refusal.diagnostic(sources)));
    found.extend(warnings(&unused, sources));
    Emitted { program: emit(module, tree, sources), gathered }
}

/// A program, and what its text does not show.
pub struct Emitted {
    /// The program.
    pub program: Program,
    /// True if a loop's disclosures are done for all turns at once.
    pub gathered: bool,
}

/// The program with its loops as they were written, to count what happens in their turns.
pub fn turn_by_turn(tree: &Tree, sources: &Sources) -> Program {
    let mut module = lower(tree, sources);
    keep_turns(&mut module);
    emit(module, tree, sources)
}

/// Writes the intermediate representation as a program. Registers are allocated here.
pub fn emit(module: Module, tree: &Tree, sources: &Sources) -> Program {
    let entry = tree.functions.first().map_or(FileId(0), |function| function.span.file);
    let mut emitter = Emitter {
        sources,
        files: vec![entry],
        old: module.constants,
        constants: Vec::new(),
        pool: Constants::default(),
        notes: module.notes,
        disclosures: Vec::new(),
    };
    let mut functions = Vec::with_capacity(module.functions.len());
    for (at, function) in module.functions.into_iter().enumerate() {
        functions.push(emitter.function(FuncId(at as u32), function));
    }
    let ports = emitter.ports(tree);
    Program {
        precision: tree.precision,
        files: emitter.files.iter().map(|&file| emitter.file_name(file)).collect(),
        dims: tree.dims.clone(),
        roles: tree.roles.clone(),
        ports,
        constants: emitter.constants,
        functions,
        disclosures: emitter.disclosures,
        exceptions: module.exceptions,
    }
}

struct Emitter<'a> {
    sources: &'a Sources,
    /// The files that lines name, the entry first.
    files: Vec<FileId>,
    /// The pool that instructions name until now; it holds what was folded away too.
    old: Constants,
    constants: Vec<Constant>,
    pool: Constants,
    notes: Vec<Note>,
    disclosures: Vec<Disclosure>,
}

/// A function's code while it is laid out.
struct Code {
    function: FuncId,
    starts: Vec<u32>,
    instructions: Vec<Instruction>,
    lines: Vec<(u32, Line)>,
    handlers: Vec<program::Handler>,
    /// The calls that were inlined, those of which code is left, and where each of the former stands among the latter.
    calls: Vec<Inlined>,
    inlined: Vec<program::Inlined>,
    numbers: HashMap<Chain, u32>,
    chains: Vec<(u32, u32)>,
}

impl Emitter<'_> {
    fn ports(&mut self, tree: &Tree) -> Vec<Port> {
        let mut ports = tree.ports.clone();
        for (port, default) in ports.iter_mut().zip(&tree.defaults) {
            if let (Direction::Parameter { default: place }, Some(constant)) = (&mut port.direction, default) {
                *place = Some(self.constant(constant.clone()));
            }
        }
        ports
    }

    fn constant(&mut self, constant: Constant) -> ConstId {
        let id = self.pool.intern(constant);
        if id.0 as usize == self.constants.len() {
            self.constants.push(self.pool.get(id).clone());
        }
        id
    }

    fn moved(&mut self, old: ConstId) -> ConstId {
        let constant = self.old.get(old).clone();
        self.constant(constant)
    }

    /// The file as lines name it: from the folder of the program, so that two files of one name differ.
    fn file_name(&self, file: FileId) -> String {
        let path = |file| self.sources.get(file).map(|source| source.path.as_path());
        match (path(file), path(self.files[0]).and_then(Path::parent)) {
            (Some(path), Some(folder)) => relative(path, folder),
            _ => String::new(),
        }
    }

    fn line(&mut self, span: Span) -> Line {
        let Some(source) = self.sources.get(span.file) else { return Line::default() };
        let line = source.lines.line(span.start);
        let known = self.files.iter().position(|&file| file == span.file);
        let file = known.unwrap_or_else(|| {
            self.files.push(span.file);
            self.files.len() - 1
        });
        Line { file: file as u32, line }
    }

    fn function(&mut self, id: FuncId, mut function: Function) -> program::Function {
        registers::allocate(&mut function);
        let starts = starts(&function.blocks);
        let mut code = Code::new(id, starts, std::mem::take(&mut function.inlined));
        for (at, block) in std::mem::take(&mut function.blocks).into_iter().enumerate() {
            let from = code.instructions.len() as u32;
            for op in block.code {
                self.op(op, &mut code);
            }
            let ends = code.instructions.len();
            terminate(&block.end, BlockId(at as u32 + 1), &mut code);
            if code.instructions.len() > ends {
                self.place((block.span, block.chain), ends, &mut code);
            }
            if let Some(handler) = block.handler {
                code.handle(from, handler);
            }
        }
        let types = |bank: &Vec<crate::ir::Register>| -> Vec<Type> { bank.iter().map(|reg| reg.ty.clone()).collect() };
        program::Function {
            name: function.name,
            params: function.params,
            results: function.results,
            registers: function.registers.0.each_ref().map(types),
            code: code.instructions,
            handlers: code.handlers,
            lines: code.lines,
            inlined: code.inlined,
            chains: code.chains,
        }
    }

    /// Notes where the instruction `at`, and what follows it, comes from.
    fn place(&mut self, (span, chain): (Span, Chain), at: usize, code: &mut Code) {
        let (line, chain) = (self.line(span), self.chain(chain, code));
        let at = at as u32;
        if code.lines.last().is_none_or(|last| last.1 != line) {
            code.lines.push((at, line));
        }
        if code.chains.last().map_or(0, |last| last.1) != chain {
            code.chains.push((at, chain));
        }
    }

    /// The number of an inlined call; it and those around it get one when they are first met.
    fn chain(&mut self, chain: Chain, code: &mut Code) -> u32 {
        let mut unknown = Vec::new();
        let mut outer = chain;
        while let Some(inlined) = outer.0.checked_sub(1).and_then(|at| code.calls.get(at as usize)).cloned()
            && !code.numbers.contains_key(&outer)
        {
            unknown.push((outer, inlined.clone()));
            outer = inlined.within;
        }
        for (chain, Inlined { name, call, within }) in unknown.into_iter().rev() {
            let within = code.numbers.get(&within).copied().unwrap_or(0);
            let call = self.line(call);
            code.inlined.push(program::Inlined { name, call, within });
            code.numbers.insert(chain, code.inlined.len() as u32);
        }
        code.numbers.get(&chain).copied().unwrap_or(0)
    }

    fn op(&mut self, op: Op, code: &mut Code) {
        self.place((op.span, op.chain), code.instructions.len(), code);
        let mut instruction = op.instruction;
        match &mut instruction {
            Instruction::Const { value, .. } => *value = self.moved(*value),
            Instruction::Format { pieces, .. } => pieces.iter_mut().for_each(|piece| self.piece(piece)),
            _ => {}
        }
        for (entry, note) in op.notes.into_iter().enumerate() {
            self.disclose(note, entry as u32, code);
        }
        code.instructions.push(instruction);
    }

    fn piece(&mut self, piece: &mut Piece) {
        match piece {
            Piece::Text(text) => *text = self.moved(*text),
            Piece::Value(_, Some(spec)) => *spec = self.moved(*spec),
            Piece::Value(_, None) => {}
        }
    }

    fn disclose(&mut self, note: u32, entry: u32, code: &Code) {
        let Some(note) = self.notes.get(note as usize).cloned() else { return };
        let line = self.line(note.span);
        let disclosure = Disclosure {
            function: code.function,
            at: code.instructions.len() as u32,
            entry,
            to: note.to,
            port: note.port,
            expression: note.expression,
            why: note.why,
            line,
        };
        // Two places of one line may say the same.
        let here = |known: &&Disclosure| {
            (known.function, known.at, known.entry) == (disclosure.function, disclosure.at, entry)
        };
        if !self.disclosures.iter().rev().take_while(here).any(|known| *known == disclosure) {
            self.disclosures.push(disclosure);
        }
        note.also.into_iter().for_each(|also| self.disclose(also, entry, code));
    }
}

impl Code {
    fn new(function: FuncId, starts: Vec<u32>, calls: Vec<Inlined>) -> Self {
        Code {
            function,
            starts,
            instructions: Vec::new(),
            lines: Vec::new(),
            handlers: Vec::new(),
            calls,
            inlined: Vec::new(),
            numbers: HashMap::new(),
            chains: Vec::new(),
        }
    }

    /// Notes that the instructions since `from` are handled; a run that the last handler ends at is one with it.
    fn handle(&mut self, from: u32, handler: Handler) {
        let to = self.instructions.len() as u32;
        let Handler { block, class, message, origin } = handler;
        let next = program::Handler { from, to, target: self.starts[block.0 as usize], class, message, origin };
        match self.handlers.last_mut() {
            _ if from == to => {}
            Some(last) if *last == (program::Handler { from: last.from, to: from, ..next }) => last.to = to,
            _ => self.handlers.push(next),
        }
    }
}

/// Where each block's first instruction stands.
fn starts(blocks: &[Block]) -> Vec<u32> {
    let mut at = 0;
    let mut out = Vec::with_capacity(blocks.len());
    for (place, block) in blocks.iter().enumerate() {
        out.push(at);
        at += block.code.len() as u32 + length(&block.end, BlockId(place as u32 + 1));
    }
    out
}

/// How many instructions a terminator takes before the block `next`.
fn length(end: &Terminator, next: BlockId) -> u32 {
    match end {
        Terminator::Jump(to) => u32::from(*to != next),
        Terminator::Branch { then, otherwise, .. } => 1 + u32::from(*then != next && *otherwise != next),
        Terminator::Return(_) | Terminator::Raise(..) | Terminator::Reraise(_) => 1,
    }
}

fn terminate(end: &Terminator, next: BlockId, code: &mut Code) {
    let label = |to: &BlockId| Label(code.starts[to.0 as usize]);
    let cond = |reg: &mpc_bytecode::Reg| Src::new(reg.index);
    let instructions = match end {
        Terminator::Jump(to) if *to == next => vec![],
        Terminator::Jump(to) => vec![Instruction::Jump { to: label(to) }],
        Terminator::Branch { cond: test, then, otherwise } if *then == next => {
            vec![Instruction::JumpUnless { cond: cond(test), to: label(otherwise) }]
        }
        Terminator::Branch { cond: test, then, otherwise } if *otherwise == next => {
            vec![Instruction::JumpIf { cond: cond(test), to: label(then) }]
        }
        Terminator::Branch { cond: test, then, otherwise } => {
            let first = Instruction::JumpIf { cond: cond(test), to: label(then) };
            vec![first, Instruction::Jump { to: label(otherwise) }]
        }
        Terminator::Return(values) => {
            vec![Instruction::Return { values: values.iter().copied().map(AnySrc).collect() }]
        }
        Terminator::Raise(exception, message) => {
            vec![Instruction::Raise { exception: *exception, message: cond(message) }]
        }
        Terminator::Reraise([class, message, origin]) => {
            vec![Instruction::Reraise { class: cond(class), message: cond(message), origin: cond(origin) }]
        }
    };
    code.instructions.extend(instructions);
}
