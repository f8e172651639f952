//! Gives registers that a path may read before it writes them a value at the function's beginning: zero, or the empty list.
//!
//! The checker reports variables that may be unset; what is left are paths that it knows cannot be taken, such as a loop that
//! surely turns once. The verifier knows no such thing.

use super::coalesce::Counts;
use super::dominators::Dominators;
use super::liveness::Liveness;
use crate::ir::{BlockId, Constants, Function, Op, Table};
use crate::source::Span;
use mpc_bytecode::{AnyDst, AnySrc, Constant, Dst, Instruction, Kind, Reg, Src, Type};

/// Initialises what may be unset.
pub fn set_unset(function: &mut Function, constants: &mut Constants) {
    let live = Liveness::of(function);
    let mut unset = Vec::new();
    live.before(BlockId(0), |reg| unset.push(reg));
    unset.retain(|reg| !function.params.contains(reg));
    if unset.is_empty() {
        return;
    }
    let span = function.blocks[0].code.first().map_or(function.blocks[0].span, |op| op.span);
    let mut begin = Vec::new();
    for reg in unset {
        set(function, constants, reg, span, &mut begin);
    }
    begin.append(&mut function.blocks[0].code);
    function.blocks[0].code = begin;
}

/// Registers that hold one value wherever they are read: parameters that nothing writes, and what one instruction writes before every read.
/// `dominators` are those of values.
pub fn written_first(function: &Function, dominators: &Dominators) -> Table<bool> {
    let counts = Counts::of(function);
    let mut first = function.registers.table(false);
    let mut home = function.registers.table(usize::MAX);
    function.params.iter().for_each(|&reg| first[reg] = counts.writes[reg] == 1);
    for (at, block) in function.blocks.iter().enumerate() {
        for op in &block.code {
            op.writes(|reg| (first[reg], home[reg]) = (counts.writes[reg] == 1, at));
        }
    }
    // The block in which a register has been written above the place that is being looked at.
    let mut written = function.registers.table(usize::MAX);
    for (at, block) in function.blocks.iter().enumerate() {
        let seen = |reg: Reg, written: &Table<usize>| match home[reg] {
            usize::MAX => true,
            home if home == at => written[reg] == at,
            home => dominators.dominates(home, at),
        };
        for op in &block.code {
            op.reads(|reg| first[reg] &= seen(reg, &written));
            op.writes(|reg| written[reg] = at);
        }
        block.end.reads(|reg| first[reg] &= seen(reg, &written));
    }
    first
}

fn set(function: &mut Function, constants: &mut Constants, reg: Reg, span: Span, out: &mut Vec<Op>) {
    let mut push = |instruction| out.push(Op::new(instruction, span));
    let kind = match &function.registers.get(reg).ty {
        Type::List(_) => return push(Instruction::List { dst: Dst::new(reg.index), items: Vec::new() }),
        Type::Tensor(kind) => *kind,
    };
    let public = kind.opened().unwrap_or(if kind == Kind::Raw { Kind::Int } else { kind });
    let value = constants.intern(match public {
        Kind::Fix => Constant::Fix(Vec::new(), vec![0]),
        Kind::Bool => Constant::Bool(Vec::new(), vec![false]),
        Kind::Str => Constant::Str(String::new()),
        Kind::Int | Kind::Sint | Kind::Sfix | Kind::Sbool | Kind::Raw => Constant::Int(Vec::new(), vec![0]),
    });
    if public == kind {
        return push(Instruction::Const { dst: Dst::new(reg.index), value });
    }
    let zero = function.registers.add(Type::Tensor(public), 0);
    push(Instruction::Const { dst: Dst::new(zero.index), value });
    let shared_kind = public.secret().unwrap_or(kind);
    let shared = function.registers.add(Type::Tensor(shared_kind), 0);
    push(Instruction::Share { dst: Dst::new(shared.index), src: Src::new(zero.index) });
    push(if shared_kind == kind {
        Instruction::Copy { dst: AnyDst(reg), src: AnySrc(shared) }
    } else {
        Instruction::Retype { dst: Dst::new(reg.index), src: Src::new(shared.index) }
    });
}
