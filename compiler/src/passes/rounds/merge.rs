//! One instruction in place of several.

use crate::ir::{Chain, Op};
use crate::source::Span;
use mpc_bytecode::Instruction;

/// One instruction for several of a kind. Squares among products become products, products that are all squares become these.
pub fn merged(mut ops: Vec<Op>) -> Option<Op> {
    if ops.iter().any(|op| !is_square(&op.instruction)) {
        ops.iter_mut().for_each(|op| as_product(&mut op.instruction));
    } else {
        ops.iter_mut().for_each(|op| as_square(&mut op.instruction));
    }
    let mut ops = ops.into_iter();
    let mut first = ops.next()?;
    for op in ops {
        (first.span, first.chain) = earlier((first.span, first.chain), (op.span, op.chain));
        first.notes.extend(op.notes);
        append(&mut first.instruction, op.instruction);
    }
    Some(first)
}

fn is_square(instruction: &Instruction) -> bool {
    match instruction {
        Instruction::Square { .. } => true,
        Instruction::Mul { batch } => batch.iter().all(|(_, a, b)| a == b),
        _ => false,
    }
}

fn as_product(instruction: &mut Instruction) {
    if let Instruction::Square { batch } = instruction {
        *instruction = Instruction::Mul { batch: batch.iter().map(|&(dst, src)| (dst, src, src)).collect() };
    }
}

fn as_square(instruction: &mut Instruction) {
    if let Instruction::Mul { batch } = instruction {
        *instruction = Instruction::Square { batch: batch.iter().map(|&(dst, src, _)| (dst, src)).collect() };
    }
}

fn earlier(a: (Span, Chain), b: (Span, Chain)) -> (Span, Chain) {
    if (b.0.file, b.0.start) < (a.0.file, a.0.start) { b } else { a }
}

fn append(to: &mut Instruction, from: Instruction) {
    use Instruction::*;
    match (to, from) {
        (Mul { batch }, Mul { batch: more }) | (Matmul { batch }, Matmul { batch: more }) => batch.extend(more),
        (Square { batch }, Square { batch: more })
        | (Trunc { batch, .. }, Trunc { batch: more, .. })
        | (Ltz { batch, .. }, Ltz { batch: more, .. })
        | (Eqz { batch, .. }, Eqz { batch: more, .. })
        | (Bits { batch, .. }, Bits { batch: more, .. }) => batch.extend(more),
        (Open { batch }, Open { batch: more }) => batch.extend(more),
        (Input { batch }, Input { batch: more }) => batch.extend(more),
        (Output { batch }, Output { batch: more }) => batch.extend(more),
        // Instructions are merged by opcode and width: there is no other pair.
        (_, _) => debug_assert!(false, "only instructions of one kind are merged"),
    }
}
