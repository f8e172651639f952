//! Sums of products.
//!
//! A sum of truncated products is the truncated sum of the products: one rounding and one message instead of one a term. The sum's range
//! is then that of the result times 2^frac, which is what `@` has to hold too. Where both factors are vectors that are known to be
//! of one length, the sum of their products is their inner product.

use super::coalesce::Counts;
use super::vectorize::Shapes;
use crate::ir::{Block, Constants, Function, Op, Registers};
use mpc_bytecode::{Dst, Instruction, Kind, Reg, Src, Type};
use std::collections::HashMap;

/// Adds up products before they are truncated.
pub fn contract_sums(function: &mut Function, constants: &Constants) {
    let sums = |op: &Op| matches!(op.instruction, Instruction::Sum { .. });
    if !function.blocks.iter().any(|block| block.code.iter().any(sums)) {
        return;
    }
    let (counts, shapes) = (Counts::of(function), Shapes::of(function));
    let registers = &mut function.registers;
    for block in &mut function.blocks {
        // The instruction that writes a register which nothing but one other instruction of the block reads.
        let mut made: HashMap<Reg, usize> = HashMap::new();
        for at in 0..block.code.len() {
            if let Some((sum, truncation)) = sum_of_truncated(block, at, &made, registers) {
                let own = Places { sum: at, truncation, product: product(block, truncation, &made) };
                own.rewrite(sum, block, registers, &shapes, constants);
            }
            let once = |reg: &Reg| counts.writes[*reg] == 1 && counts.reads[*reg] == 1;
            if let Some(reg) = block.code[at].result().filter(once) {
                made.insert(reg, at);
            }
        }
        block.code.retain(|op| !matches!(&op.instruction, Instruction::Trunc { batch, .. } if batch.is_empty()));
    }
}

/// A sum: its result, what is summed, and along which axes.
struct Sum {
    dst: Reg,
    axes: Vec<u32>,
}

/// Where the parts of a sum of truncated products stand.
struct Places {
    sum: usize,
    truncation: usize,
    product: Option<usize>,
}

fn sum_of_truncated(
    block: &Block,
    at: usize,
    made: &HashMap<Reg, usize>,
    registers: &Registers,
) -> Option<(Sum, usize)> {
    let Instruction::Sum { dst, src, axes } = &block.code[at].instruction else { return None };
    let place = *made.get(&src.reg())?;
    let Instruction::Trunc { batch, .. } = &block.code[place].instruction else { return None };
    // Nothing is truncated but fixed point numbers of which the sum is one.
    let fixed = |reg: Reg| registers.get(reg).ty == Type::Tensor(Kind::Sfix);
    (batch.len() == 1 && fixed(dst.reg()) && fixed(src.reg()))
        .then(|| (Sum { dst: dst.reg(), axes: axes.clone() }, place))
}

/// The product that is truncated, if nothing else needs it.
fn product(block: &Block, truncation: usize, made: &HashMap<Reg, usize>) -> Option<usize> {
    let Instruction::Trunc { batch, .. } = &block.code[truncation].instruction else { return None };
    batch.first().and_then(|(_, raw)| made.get(&raw.reg()).copied())
}

impl Places {
    fn rewrite(&self, sum: Sum, block: &mut Block, registers: &mut Registers, shapes: &Shapes, constants: &Constants) {
        let op = block.code[self.truncation].clone();
        let Instruction::Trunc { bits, batch } = op.instruction else { return };
        let Some(&(_, raw)) = batch.first() else { return };
        let rank = registers.get(sum.dst).rank;
        let total = registers.add(Type::Tensor(Kind::Raw), rank);
        let inner =
            self.product.and_then(|at| inner_product(&block.code[at].instruction, &sum, registers, shapes, constants));
        let truncated = Instruction::Trunc { bits, batch: vec![(Dst::new(sum.dst.index), Src::new(total.index))] };
        match (inner, self.product) {
            (Some((a, b)), Some(at)) => {
                let batch = vec![(Dst::new(total.index), Src::new(a.index), Src::new(b.index))];
                block.code[at].instruction = Instruction::Matmul { batch };
                block.code[self.truncation].instruction = Instruction::Trunc { bits, batch: Vec::new() };
            }
            _ => {
                let added = Instruction::Sum { dst: Dst::new(total.index), src: raw, axes: sum.axes };
                block.code[self.truncation].instruction = added;
            }
        }
        // What is counted belongs to the line of the product.
        block.code[self.sum] = Op { instruction: truncated, ..op };
    }
}

/// The factors of a product of two vectors that are surely of one length.
fn inner_product(
    product: &Instruction,
    sum: &Sum,
    registers: &Registers,
    shapes: &Shapes,
    constants: &Constants,
) -> Option<(Reg, Reg)> {
    let Instruction::Mul { batch } = product else { return None };
    let [(_, a, b)] = batch[..] else { return None };
    let (a, b) = (a.reg(), b.reg());
    let vectors = registers.get(a).rank == 1 && registers.get(b).rank == 1 && registers.get(sum.dst).rank == 0;
    let length = |reg: Reg| shapes.size(reg, 0, constants);
    (a != b && vectors && length(a).is_some() && length(a) == length(b)).then_some((a, b))
}
