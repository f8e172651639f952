//! Products whose axes have names, and sums of them.
//!
//! `a[i, k] * b[k, j]` summed over `k` is a matrix product, in whatever order the loops stand, and so are a dot product, a matrix times a
//! vector and a product of more than two axes. A matrix product costs its operands instead of all products.
//!
//! A sum of truncated products is the truncated sum of the products: one rounding instead of one a term. The sum's range is that of
//! the result times 2^frac, which is what `@` has to hold too.

use super::tensor::{Label, Labelled};
use super::trace::{Axis, Tracer, Val};
use mpc_bytecode::operand::Place;
use mpc_bytecode::verify::kinds::total;
use mpc_bytecode::{Dst, Instruction, Kind, Reg, Src};
use std::collections::{HashMap, HashSet};

/// How a register came about, where sums can make use of it.
#[derive(Clone, Debug)]
pub enum Def {
    /// A product.
    Product(Product),
    /// A division by 2^bits.
    Trunc(u32, Val),
    /// The same ring element.
    Retype(Val),
    /// The negative.
    Neg(Val),
    /// A sharing of a public value.
    Shared(Val),
}

/// Which of the operands are secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Both.
    Secret,
    /// The first.
    PublicRight,
    /// The second.
    PublicLeft,
}

/// A product of two tensors with named axes, summed over those that are not in `out`.
#[derive(Clone, Debug)]
pub struct Product {
    /// The first operand.
    pub a: Labelled,
    /// The second.
    pub b: Labelled,
    /// The axes of the result, in order.
    pub out: Vec<Label>,
    /// Which are secret.
    pub how: How,
    /// The kind of the result.
    pub kind: Kind,
}

impl Tracer<'_> {
    /// Names for the axes of two factors; `None` where both have axes of their own, which may broadcast in any way.
    pub fn factors(&mut self, a: &Val, b: &Val) -> Option<(Labelled, Labelled)> {
        let (mine, other) = (self.own_rank(a), self.own_rank(b));
        if mine > 0 && other > 0 {
            return None;
        }
        Some((self.labelled(a), self.labelled(b)))
    }

    /// The sum of a value over some of its loops' axes and some of its own.
    pub fn total(&mut self, val: &Val, axes: &[Axis], own: &[usize]) -> Val {
        if axes.is_empty() && own.is_empty() {
            return val.clone();
        }
        let sum = self.total_of_parts(val, axes, own);
        let instruction = Self::plain_sum(val, axes, own, sum.reg);
        self.totals.push((sum.reg, instruction));
        sum
    }

    fn total_of_parts(&mut self, val: &Val, axes: &[Axis], own: &[usize]) -> Val {
        let kind = self.kind(val.reg);
        match self.defs.get(&val.reg).cloned() {
            Some(Def::Trunc(bits, src)) => {
                let sum = self.total(&src, axes, own);
                self.trunc(&sum, bits, kind)
            }
            Some(Def::Retype(src)) => {
                let sum = self.total(&src, axes, own);
                self.retyped(&sum, total(kind))
            }
            Some(Def::Neg(src)) => {
                let sum = self.total(&src, axes, own);
                self.elementwise(&sum, total(kind), |dst, src| Instruction::Neg {
                    dst: Dst::new(dst.index),
                    src: Src::new(src.index),
                })
            }
            Some(Def::Product(product)) => {
                let gone = |at: usize| {
                    val.axes.get(at).map_or_else(|| own.contains(&(at - val.axes.len())), |axis| axes.contains(axis))
                };
                let out =
                    product.out.iter().enumerate().filter(|(at, _)| !gone(*at)).map(|(_, label)| *label).collect();
                let summed = Product { out, kind: total(product.kind), ..product };
                self.product(summed).unwrap_or_else(|| self.plain_total(val, axes, own))
            }
            Some(Def::Shared(_)) | None => self.plain_total(val, axes, own),
        }
    }

    /// The sum of all summands as they stand.
    fn plain_sum(val: &Val, axes: &[Axis], own: &[usize], to: Reg) -> Instruction {
        let mut places: Vec<u32> =
            val.axes.iter().enumerate().filter(|(_, axis)| axes.contains(axis)).map(|(at, _)| at as u32).collect();
        places.extend(own.iter().map(|at| (val.axes.len() + at) as u32));
        Instruction::Sum { dst: Dst::new(to.index), src: Src::new(val.reg.index), axes: places }
    }

    fn plain_total(&mut self, val: &Val, axes: &[Axis], own: &[usize]) -> Val {
        let gone = val.axes.iter().filter(|axis| axes.contains(axis)).count() + own.len();
        let rank = self.registers.get(val.reg).rank as usize - gone;
        let kind = total(self.kind(val.reg));
        let reg = self.make(kind, rank, |to| Self::plain_sum(val, axes, own, to));
        Val { reg, axes: val.axes.iter().copied().filter(|axis| !axes.contains(axis)).collect() }
    }

    /// Where summands are needed for more than their sum, their sum costs nothing: it is taken of them.
    pub fn sum_what_stays(&mut self) {
        let mut made: HashSet<Reg> = HashSet::new();
        let ops = self.blocks.iter().flat_map(|block| &block.code);
        ops.for_each(|op| made.extend(op.result()));
        let mut sums: HashMap<Reg, Instruction> = HashMap::new();
        for (to, sum) in &self.totals {
            let Instruction::Sum { src, axes, .. } = sum else { continue };
            let (from, result) = (self.registers.get(src.reg()), self.registers.get(*to));
            let fits = total(from.ty.element()) == result.ty.element() && from.rank == result.rank + axes.len() as u32;
            if made.contains(&src.reg()) && fits {
                sums.insert(*to, sum.clone());
            }
        }
        let mut changed = false;
        for op in self.blocks.iter_mut().flat_map(|block| &mut block.code) {
            let Some(sum) = op.result().and_then(|reg| sums.get(&reg)) else { continue };
            if op.instruction != *sum {
                op.instruction = sum.clone();
                changed = true;
            }
        }
        if changed {
            self.remove_unused();
        }
    }

    /// An instruction with one operand that keeps the shape.
    pub fn elementwise(&mut self, val: &Val, kind: Kind, make: impl Fn(Reg, Reg) -> Instruction) -> Val {
        let rank = self.registers.get(val.reg).rank as usize;
        let reg = self.make(kind, rank, |to| make(to, val.reg));
        Val { reg, axes: val.axes.clone() }
    }

    /// A division by 2^bits.
    pub fn trunc(&mut self, val: &Val, bits: u32, kind: Kind) -> Val {
        let out = self.elementwise(val, kind, |dst, src| Instruction::Trunc {
            bits,
            batch: vec![(Dst::new(dst.index), Src::new(src.index))],
        });
        self.defs.insert(out.reg, Def::Trunc(bits, val.clone()));
        out
    }

    /// The same ring element as another kind.
    pub fn retyped(&mut self, val: &Val, kind: Kind) -> Val {
        if self.kind(val.reg) == kind {
            return val.clone();
        }
        let out = self.elementwise(val, kind, |dst, src| Instruction::Retype {
            dst: Dst::new(dst.index),
            src: Src::new(src.index),
        });
        self.defs.insert(out.reg, Def::Retype(val.clone()));
        out
    }

    /// A product, in the cheapest way; `None` where there is nothing better than to multiply elementwise and add up.
    pub fn product(&mut self, product: Product) -> Option<Val> {
        let (a, b) = (&product.a.dims, &product.b.dims);
        let summed: Vec<Label> = a.iter().copied().filter(|l| b.contains(l) && !product.out.contains(l)).collect();
        let lone_a: Vec<Label> = a.iter().copied().filter(|l| !b.contains(l) && !product.out.contains(l)).collect();
        let lone_b: Vec<Label> = b.iter().copied().filter(|l| !a.contains(l) && !product.out.contains(l)).collect();
        if !lone_a.is_empty() || !lone_b.is_empty() {
            let a = self.summed(&product.a, &lone_a, product.how == How::PublicLeft)?;
            let b = self.summed(&product.b, &lone_b, product.how == How::PublicRight)?;
            return self.product(Product { a, b, ..product });
        }
        let both = a.iter().any(|l| b.contains(l) && product.out.contains(l));
        let found = if summed.is_empty() {
            self.outer(&product)
        } else if both || (product.a == product.b && product.how == How::Secret) {
            self.stacked(&product, &summed)
        } else {
            self.contracted(&product, &summed)
        };
        let axes =
            product.out.iter().filter_map(|label| if let Label::Axis(axis) = label { Some(*axis) } else { None });
        let val = Val { reg: found, axes: axes.collect() };
        self.defs.insert(found, Def::Product(product));
        Some(val)
    }

    fn summed(&mut self, tensor: &Labelled, labels: &[Label], public: bool) -> Option<Labelled> {
        if labels.is_empty() {
            return Some(tensor.clone());
        }
        let kind = self.kind(tensor.reg);
        // A public sum may overflow where the products would not.
        if public || total(kind) != kind {
            return None;
        }
        let gone = |label: &Label| labels.contains(label);
        let axes: Vec<u32> =
            tensor.dims.iter().enumerate().filter(|(_, label)| gone(label)).map(|(at, _)| at as u32).collect();
        let (from, rank) = (tensor.reg, tensor.dims.len() - axes.len());
        let reg = self.make(kind, rank, |to| Instruction::Sum {
            dst: Dst::new(to.index),
            src: Src::new(from.index),
            axes: axes.clone(),
        });
        Some(Labelled { reg, dims: tensor.dims.iter().copied().filter(|label| !gone(label)).collect() })
    }

    /// The register laid out for the axes `dims`, with size 1 where it lacks one.
    fn laid_out(&mut self, tensor: &Labelled, dims: &[Label]) -> Reg {
        let order: Vec<Label> = dims.iter().copied().filter(|label| tensor.dims.contains(label)).collect();
        let moved = self.ordered(tensor, order);
        let Some(first) = dims.iter().position(|label| moved.dims.contains(label)) else { return moved.reg };
        if dims[first..] == moved.dims[..] {
            return moved.reg;
        }
        let place = |label: &Label| if moved.dims.contains(label) { super::tensor::WHOLE } else { Place::NewAxis };
        let places: Vec<Place> = dims[first..].iter().map(place).collect();
        self.moved(moved.reg, dims.len() - first, |dst, src| Instruction::Index { dst, src, places: places.clone() })
    }

    fn multiplied(&mut self, product: &Product, dims: &[Label], kind: Kind) -> Reg {
        let (a, b) = (self.laid_out(&product.a, dims), self.laid_out(&product.b, dims));
        let (rank, how) = (dims.len(), product.how);
        self.make(kind, rank, |to| match how {
            How::Secret if a == b => Instruction::Square { batch: vec![(Dst::new(to.index), Src::new(a.index))] },
            How::Secret => Instruction::Mul { batch: vec![(Dst::new(to.index), Src::new(a.index), Src::new(b.index))] },
            How::PublicRight => {
                Instruction::MulPublic { dst: Dst::new(to.index), a: Src::new(a.index), b: Src::new(b.index) }
            }
            How::PublicLeft => {
                Instruction::MulPublic { dst: Dst::new(to.index), a: Src::new(b.index), b: Src::new(a.index) }
            }
        })
    }

    /// No sum. Where each operand has an axis that the other lacks, and none is in both, a matrix product of a column and a row opens
    /// each element once.
    fn outer(&mut self, product: &Product) -> Reg {
        let lone = |a: &Labelled, b: &Labelled| a.dims.iter().any(|label| !b.dims.contains(label));
        let both = product.a.dims.iter().any(|label| product.b.dims.contains(label));
        let crossed = lone(&product.a, &product.b) && lone(&product.b, &product.a);
        if product.how == How::Secret && crossed && !both && total(product.kind) == product.kind {
            return self.contracted(product, &[]);
        }
        self.multiplied(product, &product.out, product.kind)
    }

    /// Some axes are in both operands and in the result.
    fn stacked(&mut self, product: &Product, summed: &[Label]) -> Reg {
        let dims: Vec<Label> = product.out.iter().chain(summed).copied().collect();
        let kind = product.kind;
        let all = self.multiplied(product, &dims, kind);
        let axes: Vec<u32> = (product.out.len()..dims.len()).map(|at| at as u32).collect();
        self.make(kind, product.out.len(), |to| Instruction::Sum {
            dst: Dst::new(to.index),
            src: Src::new(all.index),
            axes: axes.clone(),
        })
    }

    /// A matrix product: (own of the first, summed) times (summed, own of the second).
    fn contracted(&mut self, product: &Product, summed: &[Label]) -> Reg {
        let lone = |tensor: &Labelled| -> Vec<Label> {
            tensor.dims.iter().copied().filter(|label| !summed.contains(label)).collect()
        };
        let (rows, columns) = (lone(&product.a), lone(&product.b));
        let a = self.folded(&product.a, [&rows, summed], summed.is_empty());
        let b = self.folded(&product.b, [summed, &columns], summed.is_empty());
        let rank = usize::from(!rows.is_empty()) + usize::from(!columns.is_empty());
        let how = product.how;
        let matrix = self.make(product.kind, rank, |to| match how {
            How::Secret => {
                Instruction::Matmul { batch: vec![(Dst::new(to.index), Src::new(a.index), Src::new(b.index))] }
            }
            How::PublicRight => {
                Instruction::MatmulPublic { dst: Dst::new(to.index), a: Src::new(a.index), b: Src::new(b.index) }
            }
            How::PublicLeft => {
                Instruction::PublicMatmul { dst: Dst::new(to.index), a: Src::new(a.index), b: Src::new(b.index) }
            }
        });
        let dims: Vec<Label> = rows.iter().chain(&columns).copied().collect();
        let mut reg = matrix;
        if dims.len() != rank {
            let mut sizes: Vec<Reg> = rows.iter().map(|&label| self.size_of(&product.a, label)).collect();
            sizes.extend(columns.iter().map(|&label| self.size_of(&product.b, label)).collect::<Vec<_>>());
            reg = self.reshape(matrix, &sizes);
        }
        self.ordered(&Labelled { reg, dims }, product.out.clone()).reg
    }

    /// A tensor with its axes in two groups, each of which becomes one axis; an empty one none, unless it stands for a size of 1.
    fn folded(&mut self, tensor: &Labelled, groups: [&[Label]; 2], ones: bool) -> Reg {
        let moved = self.ordered(tensor, groups.concat());
        let plain = groups.iter().all(|group| group.len() == 1 || (group.is_empty() && !ones));
        if plain {
            return moved.reg;
        }
        let mut shape = Vec::new();
        for group in groups.iter().filter(|group| ones || !group.is_empty()) {
            let sizes: Vec<Reg> = group.iter().map(|&label| self.size_of(&moved, label)).collect();
            shape.push(self.product_of(&sizes));
        }
        self.reshape(moved.reg, &shape)
    }

    /// A product with the size of an axis: the sum of what is the same in all its turns.
    pub fn times(&mut self, val: &Val, count: Reg) -> Val {
        let kind = total(self.kind(val.reg));
        self.elementwise(val, kind, |dst, src| Instruction::MulPublic {
            dst: Dst::new(dst.index),
            a: Src::new(src.index),
            b: Src::new(count.index),
        })
    }
}
