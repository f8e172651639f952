//! The flow graph put in order: nothing unreachable, no block that only jumps, straight lines in one block, and the blocks
//! themselves in reverse postorder, so that a block stands after those that lead to it but for the ends of loops.

use super::effects::raises;
use crate::ir::{Block, BlockId, Function, Handler, Registers, Terminator};

/// Tidies a function's blocks.
pub fn tidy(function: &mut Function) {
    forget_handlers(function);
    thread(function);
    order(function);
    merge(function);
    order(function);
}

/// Sends every edge to where a chain of empty blocks ends.
fn thread(function: &mut Function) {
    let next: Vec<Option<BlockId>> = function.blocks.iter().map(only_jumps).collect();
    let last = |from: BlockId| {
        let mut at = from;
        // A chain longer than there are blocks is an endless loop that does nothing: it stays.
        for _ in 0..next.len() {
            match next[at.0 as usize] {
                Some(to) => at = to,
                None => return at,
            }
        }
        from
    };
    for block in &mut function.blocks {
        block.retarget(last);
        if let Terminator::Branch { then, otherwise, .. } = block.end
            && then == otherwise
        {
            block.end = Terminator::Jump(then);
        }
    }
}

fn only_jumps(block: &Block) -> Option<BlockId> {
    match block.end {
        Terminator::Jump(to) if block.code.is_empty() => Some(to),
        _ => None,
    }
}

/// Appends a block to the only one that leads to it, if that one goes nowhere else.
fn merge(function: &mut Function) {
    let mut before = vec![0_u32; function.blocks.len()];
    before[0] = 1;
    for block in &function.blocks {
        block.successors(|to| before[to.0 as usize] += 1);
    }
    for at in 0..function.blocks.len() {
        while let Terminator::Jump(to) = function.blocks[at].end
            && to.0 as usize != at
            && before[to.0 as usize] == 1
            && let Some(handler) =
                common_handler(&function.blocks[at], &function.blocks[to.0 as usize], &function.registers)
        {
            let span = function.blocks[to.0 as usize].span;
            let taken = Block::new(Vec::new(), Terminator::Return(Vec::new()), span);
            let taken = std::mem::replace(&mut function.blocks[to.0 as usize], taken);
            before[to.0 as usize] = 0;
            let block = &mut function.blocks[at];
            block.code.extend(taken.code);
            (block.end, block.span, block.chain) = (taken.end, taken.span, taken.chain);
            block.handler = handler;
        }
    }
}

/// Takes handlers from blocks in which nothing raises: whoever has one has an edge to it.
fn forget_handlers(function: &mut Function) {
    for block in function.blocks.iter_mut().filter(|block| block.handler.is_some()) {
        if !raises(block, &function.registers) {
            block.handler = None;
        }
    }
}

/// The handler of two blocks put together: theirs if it is one; [`forget_handlers`] has left none where nothing raises.
fn common_handler(a: &Block, b: &Block, registers: &Registers) -> Option<Option<Handler>> {
    match (a.handler, b.handler) {
        (a, b) if a == b => Some(a),
        (Some(_), None) if !raises(b, registers) => Some(a.handler),
        (None, Some(_)) if !raises(a, registers) => Some(b.handler),
        _ => None,
    }
}

/// Leaves the reachable blocks, in reverse postorder.
fn order(function: &mut Function) {
    let order = reverse_postorder(&function.blocks);
    let mut place = vec![BlockId(0); function.blocks.len()];
    for (at, block) in order.iter().enumerate() {
        place[block.0 as usize] = BlockId(at as u32);
    }
    let mut blocks: Vec<Option<Block>> = std::mem::take(&mut function.blocks).into_iter().map(Some).collect();
    for block in order {
        function.blocks.extend(blocks[block.0 as usize].take());
    }
    function.blocks.iter_mut().for_each(|block| block.retarget(|to| place[to.0 as usize]));
}

/// Visits what a branch leads to last first, so that the body of a loop stands before what follows the loop.
fn reverse_postorder(blocks: &[Block]) -> Vec<BlockId> {
    let mut seen = vec![false; blocks.len()];
    let mut order = Vec::with_capacity(blocks.len());
    // A block, and whether all that it leads to has been visited.
    let mut stack = vec![(BlockId(0), false)];
    while let Some((block, done)) = stack.pop() {
        if done {
            order.push(block);
            continue;
        }
        if std::mem::replace(&mut seen[block.0 as usize], true) {
            continue;
        }
        stack.push((block, true));
        let mark = stack.len();
        blocks[block.0 as usize].successors(|to| stack.push((to, false)));
        debug_assert!(stack.len() <= mark + 3, "a block leads to two others and a handler at most");
    }
    order.reverse();
    order
}
