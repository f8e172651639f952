//! Which protocol calls an instruction makes, and on how much. Sizes are numbers, or expressions in sizes that are not known yet.

use crate::isa::Instruction;
use crate::operand::{PortId, Reg};
use std::collections::BTreeMap;

/// What sizes are counted in.
pub trait Count: Clone + PartialEq {
    /// A number.
    fn number(value: u64) -> Self;
    /// The sum.
    fn plus(&self, other: &Self) -> Self;
    /// The product.
    fn times(&self, other: &Self) -> Self;
}

/// A size beyond 64 bits is the largest there is.
impl Count for u64 {
    fn number(value: u64) -> Self {
        value
    }
    fn plus(&self, other: &Self) -> Self {
        self.saturating_add(*other)
    }
    fn times(&self, other: &Self) -> Self {
        self.saturating_mul(*other)
    }
}

/// How many elements a shape has.
fn elements<N: Count>(shape: &[N]) -> N {
    shape.iter().fold(N::number(1), |count, size| count.times(size))
}

fn total<N: Count>(counts: impl Iterator<Item = N>) -> N {
    counts.fold(N::number(0), |sum, count| sum.plus(&count))
}

/// The shape that two shapes broadcast to. Of two sizes that differ one is 1.
pub fn broadcast<N: Count>(a: &[N], b: &[N]) -> Vec<N> {
    let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let one = N::number(1);
    let ones = std::iter::repeat_n(&one, long.len() - short.len());
    let sizes = long.iter().zip(ones.chain(short));
    sizes.map(|(a, b)| if *a == one { b.clone() } else { a.clone() }).collect()
}

/// The sizes of a matrix product: (m,k) times (k,n).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Product<N = u64> {
    /// Rows of the left matrix.
    pub m: N,
    /// Columns of the left matrix, rows of the right one.
    pub k: N,
    /// Columns of the right matrix.
    pub n: N,
}

impl<N: Count> Product<N> {
    /// The product of two shapes; a vector is a row on the left and a column on the right.
    pub fn of(a: &[N], b: &[N]) -> Self {
        let m = if a.len() < 2 { N::number(1) } else { elements(&a[..a.len() - 1]) };
        let k = a.last().cloned().unwrap_or(N::number(1));
        let n = if b.len() < 2 { N::number(1) } else { elements(&b[1..]) };
        Self { m, k, n }
    }
}

/// One call of a protocol's primitive: which, and on how much. The entries of a batch are laid one after the other first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Work<N = u64> {
    /// One player shares its values.
    Input {
        /// How many.
        elements: N,
    },
    /// Values are opened.
    Open {
        /// How many.
        elements: N,
        /// The players that learn them, in rising order; `None` for all.
        to: Option<Vec<usize>>,
    },
    /// Products, elementwise.
    Mul {
        /// How many.
        elements: N,
    },
    /// Squares.
    Square {
        /// How many.
        elements: N,
    },
    /// Matrix products.
    Matmul {
        /// Their sizes.
        products: Vec<Product<N>>,
    },
    /// Divisions by 2^bits.
    Trunc {
        /// How many.
        elements: N,
        /// The exponent.
        bits: u32,
    },
    /// Signs of numbers of `bits` bits.
    Ltz {
        /// How many.
        elements: N,
        /// Their width; 0 for the ring's.
        bits: u32,
    },
    /// Whether numbers of `bits` bits are zero.
    Eqz {
        /// How many.
        elements: N,
        /// Their width; 0 for the ring's.
        bits: u32,
    },
    /// The lowest `bits` bits of numbers.
    Bits {
        /// How many numbers.
        elements: N,
        /// How many bits of each; 0 for the ring's width.
        bits: u32,
    },
    /// A call that is made together with others: it takes the rounds that it needs beyond theirs, and all of its own bytes.
    Beside {
        /// The call.
        work: Box<Work<N>>,
        /// Those that stand before it.
        others: Vec<Work<N>>,
    },
}

impl<N> Work<N> {
    /// The call itself, whatever it is made together with.
    pub fn own(&self) -> &Work<N> {
        match self {
            Work::Beside { work, .. } => work,
            alone => alone,
        }
    }

    /// The calls before it that it is made together with.
    pub fn others(&self) -> &[Work<N>] {
        match self {
            Work::Beside { others, .. } => others,
            _ => &[],
        }
    }

    /// Its sizes, in order, then those of the calls that it is made together with.
    pub fn sizes(&self) -> Vec<&N> {
        match self {
            Work::Beside { work, others } => {
                work.sizes().into_iter().chain(others.iter().flat_map(Self::sizes)).collect()
            }
            Work::Matmul { products } => {
                products.iter().flat_map(|product| [&product.m, &product.k, &product.n]).collect()
            }
            Work::Input { elements }
            | Work::Open { elements, .. }
            | Work::Mul { elements }
            | Work::Square { elements }
            | Work::Trunc { elements, .. }
            | Work::Ltz { elements, .. }
            | Work::Eqz { elements, .. }
            | Work::Bits { elements, .. } => vec![elements],
        }
    }

    /// The same call with other sizes.
    ///
    /// # Errors
    /// The first of `each`.
    pub fn map<M, E>(&self, mut each: impl FnMut(&N) -> Result<M, E>) -> Result<Work<M>, E> {
        self.mapped(&mut each)
    }

    fn mapped<M, E>(&self, each: &mut dyn FnMut(&N) -> Result<M, E>) -> Result<Work<M>, E> {
        Ok(match self {
            Work::Beside { work, others } => {
                let work = Box::new(work.mapped(each)?);
                Work::Beside { work, others: others.iter().map(|other| other.mapped(each)).collect::<Result<_, E>>()? }
            }
            Work::Input { elements } => Work::Input { elements: each(elements)? },
            Work::Open { elements, to } => Work::Open { elements: each(elements)?, to: to.clone() },
            Work::Mul { elements } => Work::Mul { elements: each(elements)? },
            Work::Square { elements } => Work::Square { elements: each(elements)? },
            Work::Matmul { products } => {
                let product = |p: &Product<N>| Ok(Product { m: each(&p.m)?, k: each(&p.k)?, n: each(&p.n)? });
                Work::Matmul { products: products.iter().map(product).collect::<Result<_, E>>()? }
            }
            Work::Trunc { elements, bits } => Work::Trunc { elements: each(elements)?, bits: *bits },
            Work::Ltz { elements, bits } => Work::Ltz { elements: each(elements)?, bits: *bits },
            Work::Eqz { elements, bits } => Work::Eqz { elements: each(elements)?, bits: *bits },
            Work::Bits { elements, bits } => Work::Bits { elements: each(elements)?, bits: *bits },
        })
    }

    /// What it does, in a word or two.
    pub fn name(&self) -> &'static str {
        match self {
            Work::Input { .. } => "input",
            Work::Open { to: None, .. } => "open",
            Work::Open { to: Some(_), .. } => "output",
            Work::Mul { .. } => "product",
            Work::Square { .. } => "square",
            Work::Matmul { .. } => "matrix product",
            Work::Trunc { .. } => "truncation",
            Work::Ltz { .. } => "comparison",
            Work::Eqz { .. } => "equality",
            Work::Bits { .. } => "bits",
            Work::Beside { work, .. } => work.name(),
        }
    }
}

/// Players who learn the same, in rising order (`None` for all), and how many secret elements that is.
pub type Part<N> = (Option<Vec<usize>>, N);

/// What link knows and the bytecode does not.
pub trait Sizes<N> {
    /// The shape of a tensor.
    fn shape(&self, reg: Reg) -> Vec<N>;
    /// The players that own an input port's data, and how many elements each has.
    fn owners(&self, port: PortId) -> Vec<(usize, N)>;
    /// What is opened of a register's value to whom, where it goes to an output port: one part, or one for each item of a list that is dealt out
    /// to a family.
    fn parts(&self, port: PortId, reg: Reg) -> Vec<Part<N>>;
}

/// The protocol calls that an instruction makes, all together: one for a whole batch, but one for each owner among its inputs (in
/// rising order) and one for each set of recipients among its outputs (in the order in which they first occur). Empty for local
/// instructions.
pub fn works<N: Count>(instruction: &Instruction, sizes: &dyn Sizes<N>) -> Vec<Work<N>> {
    use Instruction as I;
    let all = |regs: &mut dyn Iterator<Item = Reg>| total(regs.map(|reg| elements(&sizes.shape(reg))));
    match instruction {
        I::Mul { batch } => {
            let product = |a: Reg, b: Reg| elements(&broadcast(&sizes.shape(a), &sizes.shape(b)));
            vec![Work::Mul { elements: total(batch.iter().map(|(_, a, b)| product(a.reg(), b.reg()))) }]
        }
        I::Square { batch } => vec![Work::Square { elements: all(&mut batch.iter().map(|(_, a)| a.reg())) }],
        I::Matmul { batch } => {
            let product = |a: Reg, b: Reg| Product::of(&sizes.shape(a), &sizes.shape(b));
            vec![Work::Matmul { products: batch.iter().map(|(_, a, b)| product(a.reg(), b.reg())).collect() }]
        }
        I::Trunc { bits, batch } => {
            vec![Work::Trunc { elements: all(&mut batch.iter().map(|(_, a)| a.reg())), bits: *bits }]
        }
        I::Ltz { bits, batch } => {
            vec![Work::Ltz { elements: all(&mut batch.iter().map(|(_, a)| a.reg())), bits: *bits }]
        }
        I::Eqz { bits, batch } => {
            vec![Work::Eqz { elements: all(&mut batch.iter().map(|(_, a)| a.reg())), bits: *bits }]
        }
        I::Bits { bits, batch } => {
            vec![Work::Bits { elements: all(&mut batch.iter().map(|(_, a)| a.reg())), bits: *bits }]
        }
        I::Open { batch } => vec![Work::Open { elements: all(&mut batch.iter().map(|(_, a)| a.reg())), to: None }],
        I::Input { batch } => {
            let mut owners: BTreeMap<usize, N> = BTreeMap::new();
            for (player, elements) in batch.iter().flat_map(|&(_, port)| sizes.owners(port)) {
                let owned = owners.remove(&player).unwrap_or_else(|| N::number(0));
                owners.insert(player, owned.plus(&elements));
            }
            owners.into_values().map(|elements| Work::Input { elements }).collect()
        }
        I::Output { batch } => {
            let secret = batch.iter().filter(|(_, src)| src.0.bank != crate::operand::Bank::Public);
            let mut groups: Vec<Part<N>> = Vec::new();
            for (to, elements) in secret.flat_map(|&(port, src)| sizes.parts(port, src.0)) {
                match groups.iter_mut().find(|(known, _)| *known == to) {
                    Some(group) => group.1 = group.1.plus(&elements),
                    None => groups.push((to, elements)),
                }
            }
            groups.into_iter().map(|(to, elements)| Work::Open { elements, to }).collect()
        }
        // A property test holds that every instruction the table calls interactive stands above.
        _ => Vec::new(),
    }
}
