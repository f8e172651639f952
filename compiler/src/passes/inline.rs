//! Puts functions in place of their calls, so that what they send shares rounds with what stands around the call.
//!
//! Functions are taken in an order in which callees come before callers; what is inlined has been simplified before. Recursive
//! functions stay calls, and so do large ones that are called often.

use super::dead::Unused;
use super::simplify;
use crate::ir::{Block, BlockId, Chain, Function, Handler, Inlined, Module, Op, Terminator};
use crate::source::Span;
use mpc_bytecode::operand::FuncId;
use mpc_bytecode::{Access, AnyDst, AnySrc, Bank, Instruction, Reg};

/// A callee of at most this size is always inlined where there is room.
const SMALL: usize = 600;
/// No function grows beyond this by inlining.
const ROOM: usize = 60_000;

/// Inlines and simplifies all functions, then leaves those that are still called. Says what was computed and never used, outside the library.
pub fn inline(module: &mut Module) -> Vec<Unused> {
    let calls = call_counts(module);
    let mut unused = Vec::new();
    for at in callees_first(module) {
        let mut function = std::mem::take(&mut module.functions[at]);
        let mut found = simplify(&mut function, module);
        let chosen = |callee: FuncId, size: usize| {
            let callee = callee.0 as usize;
            let candidate = module.functions.get(callee)?;
            let fits = candidate.size() <= SMALL || calls[callee] == 1;
            (callee != at && !candidate.recursive && fits && size + candidate.size() <= ROOM).then_some(candidate)
        };
        if expand(&mut function, &chosen) {
            found.extend(simplify(&mut function, module));
        }
        if !function.library {
            unused.extend(found);
        }
        module.functions[at] = function;
    }
    keep_called(module);
    unused
}

fn calls_of(function: &Function) -> impl Iterator<Item = usize> {
    function.blocks.iter().flat_map(|block| &block.code).filter_map(|op| match op.instruction {
        Instruction::Call { function, .. } => Some(function.0 as usize),
        _ => None,
    })
}

fn call_counts(module: &Module) -> Vec<u32> {
    let mut counts = vec![0; module.functions.len()];
    for callee in module.functions.iter().flat_map(calls_of) {
        if let Some(count) = counts.get_mut(callee) {
            *count += 1;
        }
    }
    counts
}

/// The functions that the top level reaches, each after those that it calls (but for recursion).
fn callees_first(module: &Module) -> Vec<usize> {
    let mut seen = vec![false; module.functions.len()];
    let mut order = Vec::new();
    let mut stack = vec![(0, false)];
    while let Some((at, done)) = stack.pop() {
        if done {
            order.push(at);
        } else if at < seen.len() && !std::mem::replace(&mut seen[at], true) {
            stack.push((at, true));
            stack.extend(calls_of(&module.functions[at]).map(|callee| (callee, false)));
        }
    }
    order
}

/// Replaces chosen calls by the callees' blocks; true if there were any.
fn expand<'m>(function: &mut Function, chosen: &dyn Fn(FuncId, usize) -> Option<&'m Function>) -> bool {
    let mut size = function.size();
    let mut expanded = false;
    let mut at = 0;
    while at < function.blocks.len() {
        let found = function.blocks[at].code.iter().enumerate().find_map(|(place, op)| match &op.instruction {
            Instruction::Call { function, .. } => chosen(*function, size).map(|callee| (place, callee)),
            _ => None,
        });
        if let Some((place, callee)) = found {
            size += callee.size();
            splice(function, BlockId(at as u32), place, callee);
            expanded = true;
        }
        // What follows the call has become a block of its own, which is looked at in its turn.
        at += 1;
    }
    expanded
}

/// Replaces the call at `place` of a block: the block goes on into the callee, whose returns lead to what followed the call.
fn splice(function: &mut Function, at: BlockId, place: usize, callee: &Function) {
    let block = &mut function.blocks[at.0 as usize];
    let rest = block.code.split_off(place + 1);
    let Some(call) = block.code.pop() else { return };
    let Instruction::Call { results, args, .. } = call.instruction else { return };
    let offset = Bank::ALL.map(|bank| function.registers.0[bank as usize].len() as u32);
    for bank in Bank::ALL {
        function.registers.0[bank as usize].extend_from_slice(&callee.registers.0[bank as usize]);
    }
    let moved = |reg: Reg| Reg::new(reg.bank, reg.index + offset[reg.bank as usize]);
    let copies = callee.params.iter().zip(args);
    let copies = copies.map(|(&param, arg)| copy(moved(param), arg.0, (call.span, call.chain)));
    block.code.extend(copies);
    let after = BlockId(function.blocks.len() as u32);
    let entry = BlockId(after.0 + 1);
    let block = &mut function.blocks[at.0 as usize];
    let end = std::mem::replace(&mut block.end, Terminator::Jump(entry));
    let (span, chain, handler) = (block.span, block.chain, block.handler);
    function.blocks.push(Block { code: rest, end, span, chain, handler });
    let place = places_of(function, callee, call.span, call.chain);
    let site = Site { moved: &moved, place: &place, entry, after, handler, results: &results };
    for inner in &callee.blocks {
        function.blocks.push(site.moved_block(inner));
    }
}

/// Where an instruction of a callee comes from once it stands in the caller. What stands in the library belongs to the call.
fn places_of(
    function: &mut Function,
    callee: &Function,
    call: Span,
    within: Chain,
) -> impl Fn((Span, Chain)) -> (Span, Chain) + use<> {
    let library = callee.library;
    let base = function.inlined.len() as u32;
    if !library {
        function.inlined.push(Inlined { name: callee.name.clone(), call, within });
        let deeper = |inner: &Inlined| Inlined { within: Chain(base + 1 + inner.within.0), ..inner.clone() };
        function.inlined.extend(callee.inlined.iter().map(deeper));
    }
    move |(span, chain)| if library { (call, within) } else { (span, Chain(base + 1 + chain.0)) }
}

/// What a callee's block needs to know of the place where it goes.
struct Site<'a> {
    moved: &'a dyn Fn(Reg) -> Reg,
    place: &'a dyn Fn((Span, Chain)) -> (Span, Chain),
    /// Where the callee's first block goes.
    entry: BlockId,
    /// What follows the call.
    after: BlockId,
    /// The handler of the call: that of blocks that have none of their own.
    handler: Option<Handler>,
    results: &'a [AnyDst],
}

impl Site<'_> {
    fn moved_block(&self, block: &Block) -> Block {
        let mut block = block.clone();
        for op in &mut block.code {
            (op.span, op.chain) = (self.place)((op.span, op.chain));
            op.instruction.rename(|access| match access {
                Access::Read(reg) | Access::Write(reg) => (self.moved)(reg).index,
            });
        }
        (block.span, block.chain) = (self.place)((block.span, block.chain));
        block.retarget(|to| BlockId(to.0 + self.entry.0));
        block.end.rename(self.moved);
        match &mut block.handler {
            Some(handler) => handler.rename(self.moved),
            None => block.handler = self.handler,
        }
        if let Terminator::Return(values) = &block.end {
            let values = self.results.iter().zip(values);
            let copies: Vec<Op> =
                values.map(|(result, &value)| copy(result.0, value, (block.span, block.chain))).collect();
            block.code.extend(copies);
            block.end = Terminator::Jump(self.after);
        }
        block
    }
}

fn copy(to: Reg, from: Reg, (span, chain): (Span, Chain)) -> Op {
    Op { chain, ..Op::new(Instruction::Copy { dst: AnyDst(to), src: AnySrc(from) }, span) }
}

/// Leaves the functions that are still called, with new numbers.
fn keep_called(module: &mut Module) {
    let order = callees_first(module);
    let mut number = vec![None; module.functions.len()];
    let mut kept: Vec<usize> = order;
    kept.sort_unstable();
    for (new, &old) in kept.iter().enumerate() {
        number[old] = Some(FuncId(new as u32));
    }
    let mut functions: Vec<Function> = std::mem::take(&mut module.functions);
    module.functions = kept.iter().map(|&old| std::mem::take(&mut functions[old])).collect();
    for op in module.functions.iter_mut().flat_map(|function| &mut function.blocks).flat_map(|block| &mut block.code) {
        if let Instruction::Call { function, .. } = &mut op.instruction
            && let Some(Some(new)) = number.get(function.0 as usize)
        {
            *function = *new;
        }
    }
}
