//! Which registers are still needed at the ends of blocks.
//!
//! Only registers that are read in a block before they are written there can be needed across a border. Temporaries never are, so the
//! sets count those few alone and stay small in long programs.
//!
//! What a handler reads is needed throughout every block that it handles, from before its beginning to after its end.

use crate::ir::{BlockId, Function, Handler, Table};
use mpc_bytecode::Reg;

/// The registers needed at the borders of every block.
pub struct Liveness {
    /// For registers that are needed across a border, their place in `regs`.
    index: Table<u32>,
    regs: Vec<Reg>,
    words: usize,
    before: Vec<u64>,
    after: Vec<u64>,
    /// For each block, what its handler reads of what was there before; empty where there are no handlers.
    pinned: Vec<u64>,
}

const LOCAL: u32 = u32::MAX;

impl Liveness {
    /// Looks at a function.
    pub fn of(function: &Function) -> Self {
        let mut live = Liveness {
            index: function.registers.table(LOCAL),
            regs: Vec::new(),
            words: 0,
            before: Vec::new(),
            after: Vec::new(),
            pinned: Vec::new(),
        };
        let exposed = live.exposed(function);
        let defined = live.sets(function, &exposed);
        live.solve(function, &defined);
        live
    }

    /// For every block, what it reads before writing it.
    fn exposed(&mut self, function: &Function) -> Vec<Vec<Reg>> {
        let mut written = function.registers.table(usize::MAX);
        let each = |(at, block): (usize, &crate::ir::Block)| {
            let mut exposed = Vec::new();
            for op in &block.code {
                op.reads(|reg| {
                    if written[reg] != at {
                        exposed.push(reg)
                    }
                });
                op.writes(|reg| written[reg] = at);
            }
            block.end.reads(|reg| {
                if written[reg] != at {
                    exposed.push(reg)
                }
            });
            for &reg in &exposed {
                if self.index[reg] == LOCAL {
                    self.index[reg] = self.regs.len() as u32;
                    self.regs.push(reg);
                }
            }
            exposed
        };
        function.blocks.iter().enumerate().map(each).collect()
    }

    /// Makes the sets: `before` holds what blocks expose, the result what they write.
    fn sets(&mut self, function: &Function, exposed: &[Vec<Reg>]) -> Vec<u64> {
        self.words = self.regs.len().div_ceil(64);
        let size = self.words * function.blocks.len();
        (self.before, self.after) = (vec![0; size], vec![0; size]);
        if function.blocks.iter().any(|block| block.handler.is_some()) {
            self.pinned = vec![0; size];
        }
        let mut defined = vec![0; size];
        for (at, block) in function.blocks.iter().enumerate() {
            let row = at * self.words;
            for &reg in &exposed[at] {
                set(&mut self.before[row..], self.index[reg]);
            }
            for op in &block.code {
                op.writes(|reg| {
                    if self.index[reg] != LOCAL {
                        set(&mut defined[row..], self.index[reg])
                    }
                });
            }
        }
        defined
    }

    fn solve(&mut self, function: &Function, defined: &[u64]) {
        let before = readers(function);
        let mut stale = vec![true; function.blocks.len()];
        while stale.contains(&true) {
            for (at, block) in function.blocks.iter().enumerate().rev() {
                if std::mem::take(&mut stale[at]) && self.step(at, block, defined) {
                    before[at].iter().for_each(|&from| stale[from] = true);
                }
            }
        }
    }

    /// Brings the sets of a block up to date with those after it; true if it needs more than before.
    fn step(&mut self, at: usize, block: &crate::ir::Block, defined: &[u64]) -> bool {
        let rows = at * self.words..(at + 1) * self.words;
        let after = &mut self.after[rows.clone()];
        block.end.successors(|to| {
            let from = to.0 as usize * self.words;
            let next = &self.before[from..from + self.words];
            after.iter_mut().zip(next).for_each(|(after, next)| *after |= next);
        });
        let pinned = block.handler.is_some_and(|handler| self.pin(rows.start, &handler));
        let through = self.after[rows.clone()].iter().zip(&defined[rows.clone()]);
        let mut news = 0;
        for (before, (after, defined)) in self.before[rows].iter_mut().zip(through) {
            let more = after & !defined;
            news |= more & !*before;
            *before |= more;
        }
        pinned || news != 0
    }

    /// Takes what a handler needs into the sets of a block; true if that is more than before.
    fn pin(&mut self, row: usize, handler: &Handler) -> bool {
        let told = handler.told().map(|reg| self.index[reg]);
        let from = handler.block.0 as usize * self.words;
        let mut more = false;
        for word in 0..self.words {
            let written = told.iter().filter(|&&index| index != LOCAL && index as usize / 64 == word);
            let written = written.fold(0, |set, index| set | 1 << (index % 64));
            let pinned = self.before[from + word] & !written;
            more |= pinned & !self.before[row + word] != 0;
            self.pinned[row + word] = pinned;
            self.before[row + word] |= pinned;
            self.after[row + word] |= pinned;
        }
        more
    }

    /// Calls `visit` with every register that the handler of `block` needs, so that it is needed at every instruction.
    pub fn pinned(&self, block: BlockId, visit: impl FnMut(Reg)) {
        if !self.pinned.is_empty() {
            self.members(&self.pinned, block, visit);
        }
    }

    /// True if the handler of `block` needs a register.
    pub fn is_pinned(&self, block: BlockId, reg: Reg) -> bool {
        !self.pinned.is_empty() && self.has(&self.pinned, block, reg)
    }

    /// Calls `visit` with every register needed when `block` begins.
    pub fn before(&self, block: BlockId, visit: impl FnMut(Reg)) {
        self.members(&self.before, block, visit);
    }

    /// Calls `visit` with every register needed when `block` ends.
    pub fn after(&self, block: BlockId, visit: impl FnMut(Reg)) {
        self.members(&self.after, block, visit);
    }

    /// True if a register is needed when `block` begins.
    pub fn is_before(&self, block: BlockId, reg: Reg) -> bool {
        self.has(&self.before, block, reg)
    }

    /// True if a register is needed when `block` ends.
    pub fn is_after(&self, block: BlockId, reg: Reg) -> bool {
        self.has(&self.after, block, reg)
    }

    fn has(&self, sets: &[u64], block: BlockId, reg: Reg) -> bool {
        let index = self.index[reg];
        index != LOCAL && sets[block.0 as usize * self.words + index as usize / 64] >> (index % 64) & 1 == 1
    }

    fn members(&self, sets: &[u64], BlockId(block): BlockId, mut visit: impl FnMut(Reg)) {
        let row = block as usize * self.words;
        for (word, &bits) in sets[row..row + self.words].iter().enumerate() {
            let mut rest = bits;
            while rest != 0 {
                visit(self.regs[word * 64 + rest.trailing_zeros() as usize]);
                rest &= rest - 1;
            }
        }
    }
}

/// For every block, those whose sets depend on what it needs: those that lead to it, and those that it handles.
fn readers(function: &Function) -> Vec<Vec<usize>> {
    let mut before = vec![Vec::new(); function.blocks.len()];
    for (at, block) in function.blocks.iter().enumerate() {
        block.successors(|to| before[to.0 as usize].push(at));
    }
    before
}

fn set(row: &mut [u64], index: u32) {
    row[index as usize / 64] |= 1 << (index % 64);
}
