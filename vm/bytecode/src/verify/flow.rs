//! No function falls off its end, and none reads a register that it may not have written.
//!
//! Every instruction that can raise leads to its handler too: there, what was written before the first such instruction of a block
//! is written, and what the handler is told of. What a group writes is written after all of it.
//!
//! A forward analysis over basic blocks: which registers may still be unwritten. Registers are taken 64 at a time, one bit
//! each; for each such group only the blocks that touch it are described, and the sets only grow, so memory is linear in the code
//! and time is at most (jumps × registers), in practice (blocks × registers / 64). Registers that every block writes
//! before it reads them, which most are, need no analysis.

use super::{VerifyError, functions};
use crate::isa::Instruction;
use crate::operand::{Access, FuncId, Reference, Reg};
use crate::program::{Function, Program};
use std::collections::HashMap;

/// See the module.
pub(super) fn check(program: &Program) -> Result<(), VerifyError> {
    let top = &program.functions[0];
    if !top.params.is_empty() || !top.results.is_empty() {
        return Err(VerifyError::function(FuncId(0), top, "the top level takes or returns something"));
    }
    for (id, function) in functions(program) {
        if !function.code.last().is_some_and(ends) {
            return Err(VerifyError::function(id, function, "its code does not end with return, jump or raise"));
        }
        if let Some((at, reg)) = unwritten_read(function) {
            let message = format!("{}: {reg} may be read before it is written", function.code[at].mnemonic());
            return Err(VerifyError::instruction(program, id, at, message));
        }
    }
    Ok(())
}

/// Whether nothing follows an instruction but what it jumps to.
const fn ends(instruction: &Instruction) -> bool {
    matches!(
        instruction,
        Instruction::Jump { .. } | Instruction::Return { .. } | Instruction::Raise { .. } | Instruction::Reraise { .. }
    )
}

/// Where an instruction may jump.
fn target(instruction: &Instruction) -> Option<usize> {
    let mut target = None;
    instruction.references(|reference| {
        if let Reference::Label(label) = reference {
            target = Some(label.0 as usize);
        }
    });
    target
}

/// A run of instructions that is entered at its first and left at its last.
struct Block {
    start: usize,
    end: usize,
    next: [Option<usize>; 2],
    caught: Option<Caught>,
}

/// Where a block's exceptions go.
#[derive(Clone, Copy)]
struct Caught {
    /// The first instruction that can raise.
    first: usize,
    /// The handler's block.
    block: usize,
    /// What the handler is told of in.
    told: [Reg; 3],
}

fn blocks(function: &Function) -> Vec<Block> {
    let code = &function.code;
    let mut leads = vec![false; code.len() + 1];
    leads[0] = true;
    for (at, instruction) in code.iter().enumerate() {
        let to = target(instruction);
        to.into_iter().for_each(|to| leads[to] = true);
        leads[at + 1] |= to.is_some() || ends(instruction);
    }
    for handler in &function.handlers {
        [handler.from, handler.to, handler.target].into_iter().for_each(|at| leads[at as usize] = true);
    }
    let starts: Vec<usize> = (0..code.len()).filter(|&at| leads[at]).collect();
    let block_at = |at: usize| starts.binary_search(&at).ok();
    let ends_at = starts.iter().skip(1).copied().chain([code.len()]);
    let block = |(&start, end): (&usize, usize)| {
        let last = &code[end - 1];
        let through = if ends(last) { None } else { block_at(end) };
        let caught = function.handler(start).and_then(|handler| {
            let first = (start..end).find(|&at| function.at_once(at).iter().any(Instruction::can_raise))?;
            Some(Caught { first, block: block_at(handler.target as usize)?, told: handler.told() })
        });
        Block { start, end, next: [through, target(last).and_then(block_at)], caught }
    };
    starts.iter().zip(ends_at).map(block).collect()
}

/// What one block does to one group of registers.
#[derive(Clone, Copy, Default)]
struct Touch {
    /// Read before the block writes them.
    exposed: u64,
    /// Written.
    written: u64,
    /// Written before an instruction can raise.
    early: u64,
}

/// For every group of 64 registers, the blocks that touch it, in order.
type Groups = Vec<Vec<(usize, Touch)>>;

/// The first instruction that may read an unwritten register, and that register.
fn unwritten_read(function: &Function) -> Option<(usize, Reg)> {
    let blocks = blocks(function);
    let numbers = exposed_registers(function, &blocks);
    let groups = touches(function, &blocks, &numbers);
    let unwritten = |(group, touches): (usize, &Vec<(usize, Touch)>)| {
        let params = function.params.iter().filter_map(|reg| numbers.get(reg)).filter(|&&n| n / 64 == group);
        let params = params.fold(0u64, |set, n| set | 1 << (n % 64));
        let mut at_entry = vec![0u64; blocks.len()];
        let bit = |reg: &Reg| numbers.get(reg).filter(|&&n| n / 64 == group).map_or(0, |n| 1 << (n % 64));
        let told = |caught: &Caught| caught.told.iter().fold(0u64, |set, reg| set | bit(reg));
        spread(&blocks, touches, !params, &told, &mut at_entry);
        let faults = |&&(block, touch): &&(usize, Touch)| at_entry[block] & touch.exposed != 0;
        let &(block, touch) = touches.iter().find(faults)?;
        let bits = at_entry[block] & touch.exposed;
        let bad = |reg| numbers.get(&reg).is_some_and(|n| n / 64 == group && bits >> (n % 64) & 1 == 1);
        first_read(function, &blocks[block], bad)
    };
    groups.iter().enumerate().filter_map(unwritten).min()
}

/// Registers that some block reads before it writes them, numbered.
fn exposed_registers(function: &Function, blocks: &[Block]) -> HashMap<Reg, usize> {
    let mut numbers = HashMap::new();
    let mut written_in: HashMap<Reg, usize> = HashMap::new();
    for (b, block) in blocks.iter().enumerate() {
        for instruction in &function.code[block.start..block.end] {
            reads(instruction, |reg| {
                if written_in.get(&reg) != Some(&b) {
                    let next = numbers.len();
                    numbers.entry(reg).or_insert(next);
                }
            });
            writes(instruction, |reg| {
                written_in.insert(reg, b);
            });
        }
    }
    numbers
}

fn touches(function: &Function, blocks: &[Block], numbers: &HashMap<Reg, usize>) -> Groups {
    let mut groups: Groups = vec![Vec::new(); numbers.len().div_ceil(64)];
    for (b, block) in blocks.iter().enumerate() {
        for at in block.start..block.end {
            let instruction = &function.code[at];
            let mut touch = |reg: Reg, with: fn(&mut Touch, u64)| {
                if let Some(n) = numbers.get(&reg) {
                    let group = &mut groups[n / 64];
                    if group.last().is_none_or(|(last, _)| *last != b) {
                        group.push((b, Touch::default()));
                    }
                    group.last_mut().into_iter().for_each(|(_, touched)| with(touched, 1 << (n % 64)));
                }
            };
            reads(instruction, |reg| touch(reg, |touched, bit| touched.exposed |= bit & !touched.written));
            let early = block.caught.is_some_and(|caught| at < caught.first);
            writes(instruction, |reg| touch(reg, |touched, bit| touched.written |= bit));
            if early {
                writes(instruction, |reg| touch(reg, |touched, bit| touched.early |= bit));
            }
        }
    }
    groups
}

/// Carries the set of unwritten registers from the first block to wherever it can reach; `told` are those that a handler is told of in.
fn spread(
    blocks: &[Block],
    touches: &[(usize, Touch)],
    unwritten: u64,
    told: &dyn Fn(&Caught) -> u64,
    at_entry: &mut [u64],
) {
    let mut touched = vec![Touch::default(); blocks.len()];
    touches.iter().for_each(|(block, touch)| touched[*block] = *touch);
    at_entry[0] = unwritten;
    let mut open = vec![0];
    while let Some(block) = open.pop() {
        let (entering, Touch { written, early, .. }) = (at_entry[block], touched[block]);
        let next = blocks[block].next.into_iter().flatten().map(|next| (next, entering & !written));
        let raised = blocks[block].caught.iter().map(|caught| (caught.block, entering & !early & !told(caught)));
        for (next, leaving) in next.chain(raised) {
            if leaving & !at_entry[next] != 0 {
                at_entry[next] |= leaving;
                open.push(next);
            }
        }
    }
}

/// The first read in a block, before a write, of a register that `bad` holds for.
fn first_read(function: &Function, block: &Block, bad: impl Fn(Reg) -> bool) -> Option<(usize, Reg)> {
    let mut written = std::collections::HashSet::new();
    (block.start..block.end).find_map(|at| {
        let mut found = None;
        reads(&function.code[at], |reg| {
            if found.is_none() && bad(reg) && !written.contains(&reg) {
                found = Some((at, reg));
            }
        });
        writes(&function.code[at], |reg| {
            written.insert(reg);
        });
        found
    })
}

fn reads(instruction: &Instruction, mut visit: impl FnMut(Reg)) {
    instruction.accesses(|access| match access {
        Access::Read(reg) => visit(reg),
        Access::Write(_) => {}
    });
}

fn writes(instruction: &Instruction, mut visit: impl FnMut(Reg)) {
    instruction.accesses(|access| match access {
        Access::Write(reg) => visit(reg),
        Access::Read(_) => {}
    });
}
