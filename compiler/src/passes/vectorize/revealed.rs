//! What only a run can tell: public values that are revealed, and what is computed from them.

use crate::ir::Function;
use mpc_bytecode::{Bank, Locality, Reg};
use std::collections::HashSet;

/// The registers of a function that hold something revealed.
#[derive(Debug, Default)]
pub struct Revealed(HashSet<Reg>);

impl Revealed {
    /// Looks at a function.
    pub fn of(function: &Function) -> Self {
        let mut found = HashSet::new();
        loop {
            let before = found.len();
            for op in function.blocks.iter().flat_map(|block| &block.code) {
                let mut tells = op.instruction.locality() == Locality::Interactive;
                op.reads(|reg| tells |= found.contains(&reg));
                if tells {
                    op.writes(|reg| {
                        if reg.bank != Bank::Secret {
                            found.insert(reg);
                        }
                    });
                }
            }
            if found.len() == before {
                return Revealed(found);
            }
        }
    }

    /// True if a register may hold something revealed.
    pub fn has(&self, reg: Reg) -> bool {
        self.0.contains(&reg)
    }
}
