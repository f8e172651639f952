//! Puts functions in place of their calls, so that what they send shares rounds with what stands around the call.
//!
//! Functions are taken in an order in which callees come before callers; what is inlined has been simplified before. Recursive
//! functions stay calls, and so do large ones that are called often.

use super::simplify;
use crate::ir::{Block, BlockId, Function, Module, Op, Terminator};
use crate::source::Span;
use mpc_bytecode::operand::FuncId;
use mpc_bytecode::{Access, AnyDst, AnySrc, Bank, Instruction, Reg};

/// A callee of at most this size is always inlined where there is room.
const SMALL: usize = 600;
/// No function grows beyond this by inlining.
const ROOM: usize = 60_000;

/// Inlines and simplifies all functions, then leaves those that are still called.
pub fn inline(module: &mut Module) {
    let calls = call_counts(module);
    for at in callees_first(module) {
        let mut function = std::mem::take(&mut module.functions[at]);
        simplify(&mut function, &mut module.constants, module.frac);
        let chosen = |callee: FuncId, size: usize| {
            let callee = callee.0 as usize;
            let candidate = module.functions.get(callee)?;
            let fits = candidate.size() <= SMALL || calls[callee] == 1;
            (callee != at && !candidate.recursive && fits && size + candidate.size() <= ROOM).then_some(candidate)
        };
        if expand(&mut function, &chosen) {
            simplify(&mut function, &mut module.constants, module.frac);
        }
        module.functions[at] = function;
    }
    keep_called(module);
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
    let copies = callee.params.iter().zip(args).map(|(&param, arg)| copy(moved(param), arg.0, call.span));
    block.code.extend(copies);
    let after = BlockId(function.blocks.len() as u32);
    let entry = BlockId(after.0 + 1);
    let block = &mut function.blocks[at.0 as usize];
    let end = std::mem::replace(&mut block.end, Terminator::Jump(entry));
    let followed = Block { code: rest, end, span: block.span };
    function.blocks.push(followed);
    let line = callee.library.then_some(call.span);
    for inner in &callee.blocks {
        function.blocks.push(moved_block(inner, &moved, entry, after, &results, line));
    }
}

fn moved_block(
    block: &Block,
    moved: &dyn Fn(Reg) -> Reg,
    entry: BlockId,
    after: BlockId,
    results: &[AnyDst],
    line: Option<Span>,
) -> Block {
    let mut block = block.clone();
    for op in &mut block.code {
        op.span = line.unwrap_or(op.span);
        op.instruction.rename(|access| match access {
            Access::Read(reg) | Access::Write(reg) => moved(reg).index,
        });
    }
    block.span = line.unwrap_or(block.span);
    block.end.retarget(|to| BlockId(to.0 + entry.0));
    block.end.rename(moved);
    if let Terminator::Return(values) = &block.end {
        let copies: Vec<Op> =
            results.iter().zip(values).map(|(result, &value)| copy(result.0, value, block.span)).collect();
        block.code.extend(copies);
        block.end = Terminator::Jump(after);
    }
    block
}

fn copy(to: Reg, from: Reg, span: Span) -> Op {
    Op::new(Instruction::Copy { dst: AnyDst(to), src: AnySrc(from) }, span)
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
