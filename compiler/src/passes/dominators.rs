//! Which blocks stand on every way to a block, and which blocks a loop has.
//!
//! Dominators after Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm", 2001.

use crate::ir::Function;

/// For each block of a function, those that may follow.
pub fn edges(function: &Function) -> Vec<Vec<usize>> {
    let of = |block: &crate::ir::Block| {
        let mut out = Vec::with_capacity(2);
        block.successors(|to| out.push(to.0 as usize));
        out
    };
    function.blocks.iter().map(of).collect()
}

/// As [`edges`], but what a block computes is not there for its handler: a block with a handler has another node before it, numbered
/// after all blocks, which leads to both.
pub fn edges_of_values(function: &Function) -> Vec<Vec<usize>> {
    let mut edges = Vec::with_capacity(function.blocks.len());
    let mut door: Vec<usize> = (0..function.blocks.len()).collect();
    let mut doors = Vec::new();
    for (at, block) in function.blocks.iter().enumerate() {
        if let Some(handler) = block.handler {
            door[at] = function.blocks.len() + doors.len();
            doors.push((at, handler.block.0 as usize));
        }
    }
    for block in &function.blocks {
        let mut out = Vec::with_capacity(2);
        block.end.successors(|to| out.push(door[to.0 as usize]));
        edges.push(out);
    }
    edges.extend(doors.iter().map(|&(block, handler)| vec![block, door[handler]]));
    edges
}

/// Where [`edges_of_values`] begin: at the first block, or at the node before it.
pub fn first_of_values(function: &Function, edges: &[Vec<usize>]) -> usize {
    (function.blocks.len()..edges.len()).find(|&door| edges[door].first() == Some(&0)).unwrap_or(0)
}

/// The dominator tree of a graph whose nodes are numbers.
pub struct Dominators {
    /// For each node the nearest other on every way to it; itself for the root and what cannot be reached.
    parent: Vec<usize>,
    /// When a walk through the tree comes to a node, and when it leaves it.
    spans: Vec<(usize, usize)>,
    /// The nodes that can be reached, each after its parent.
    order: Vec<usize>,
    children: Vec<Vec<usize>>,
}

const UNKNOWN: usize = usize::MAX;

impl Dominators {
    /// Of the graph with these edges, from `root`.
    pub fn of(edges: &[Vec<usize>], root: usize) -> Self {
        let postorder = postorder(edges, root);
        let mut number = vec![UNKNOWN; edges.len()];
        postorder.iter().enumerate().for_each(|(at, &node)| number[node] = at);
        let before = reversed(edges);
        let mut parent = vec![UNKNOWN; edges.len()];
        parent[root] = root;
        let mut changed = true;
        while changed {
            changed = false;
            for &node in postorder.iter().rev().skip(1) {
                let known = before[node].iter().copied().filter(|&from| parent[from] != UNKNOWN);
                let nearest = known.reduce(|a, b| meet(&parent, &number, a, b));
                if let Some(nearest) = nearest.filter(|&nearest| parent[node] != nearest) {
                    parent[node] = nearest;
                    changed = true;
                }
            }
        }
        Self::walked(parent, root, &postorder)
    }

    fn walked(mut parent: Vec<usize>, root: usize, postorder: &[usize]) -> Self {
        let mut children = vec![Vec::new(); parent.len()];
        postorder.iter().rev().filter(|&&node| node != root).for_each(|&node| children[parent[node]].push(node));
        (0..parent.len())
            .filter(|&node| parent[node] == UNKNOWN)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|node| parent[node] = node);
        let mut spans = vec![(UNKNOWN, 0); parent.len()];
        let (mut order, mut time) = (Vec::with_capacity(postorder.len()), 0);
        let mut stack = vec![(root, false)];
        while let Some((node, done)) = stack.pop() {
            time += 1;
            if done {
                spans[node].1 = time;
                continue;
            }
            spans[node].0 = time;
            order.push(node);
            stack.push((node, true));
            stack.extend(children[node].iter().rev().map(|&child| (child, false)));
        }
        Dominators { parent, spans, order, children }
    }

    /// True if `a` stands on every way to `b`; every node does on the ways to itself, if there are any.
    pub fn dominates(&self, a: usize, b: usize) -> bool {
        let (a, b) = (self.spans[a], self.spans[b]);
        a.0 <= b.0 && b.1 <= a.1 && b.0 != UNKNOWN
    }

    /// The nearest other node on every way to this one.
    pub fn parent(&self, node: usize) -> Option<usize> {
        Some(self.parent[node]).filter(|&parent| parent != node)
    }

    /// The nodes whose parent this is.
    pub fn children(&self, node: usize) -> &[usize] {
        &self.children[node]
    }

    /// The nodes that can be reached, each after its parent.
    pub fn order(&self) -> &[usize] {
        &self.order
    }
}

/// The nearest node above both.
fn meet(parent: &[usize], number: &[usize], mut a: usize, mut b: usize) -> usize {
    while a != b {
        while number[a] < number[b] {
            a = parent[a];
        }
        while number[b] < number[a] {
            b = parent[b];
        }
    }
    a
}

/// The same edges the other way round.
pub fn reversed(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut out = vec![Vec::new(); edges.len()];
    for (from, targets) in edges.iter().enumerate() {
        targets.iter().for_each(|&to| out[to].push(from));
    }
    out
}

/// What can be reached, each node after those to which it leads first.
fn postorder(edges: &[Vec<usize>], root: usize) -> Vec<usize> {
    let mut seen = vec![false; edges.len()];
    seen[root] = true;
    let mut order = Vec::new();
    let mut stack = vec![(root, 0)];
    while let Some((node, next)) = stack.last_mut() {
        match edges[*node].get(*next) {
            Some(&to) => {
                *next += 1;
                if !std::mem::replace(&mut seen[to], true) {
                    stack.push((to, 0));
                }
            }
            None => {
                order.push(*node);
                stack.pop();
            }
        }
    }
    order
}

/// A loop: the blocks from which its head is reached again without leaving it.
pub struct Loop {
    /// The only block by which it is entered.
    pub head: usize,
    /// The blocks that lead back to the head.
    pub latches: Vec<usize>,
    /// All blocks, in rising order.
    pub blocks: Vec<usize>,
}

impl Loop {
    /// True if a block belongs to it.
    pub fn has(&self, block: usize) -> bool {
        self.blocks.binary_search(&block).is_ok()
    }
}

/// The loops of a function.
pub struct Loops {
    /// All of them, each after those around it.
    pub all: Vec<Loop>,
    /// For each block the innermost loop around it, as a place in `all`.
    pub innermost: Vec<Option<usize>>,
}

impl Loops {
    /// Of a graph whose dominators are known.
    pub fn of(edges: &[Vec<usize>], dominators: &Dominators) -> Self {
        let before = reversed(edges);
        let mut all = Vec::new();
        for &head in dominators.order() {
            let latches: Vec<usize> =
                before[head].iter().copied().filter(|&from| dominators.dominates(head, from)).collect();
            if !latches.is_empty() {
                let blocks = body(&before, head, &latches);
                all.push(Loop { head, latches, blocks });
            }
        }
        // A loop within another is smaller.
        all.sort_by_key(|one| std::cmp::Reverse(one.blocks.len()));
        let mut innermost = vec![None; edges.len()];
        for (at, one) in all.iter().enumerate() {
            one.blocks.iter().for_each(|&block| innermost[block] = Some(at));
        }
        Loops { all, innermost }
    }
}

fn body(before: &[Vec<usize>], head: usize, latches: &[usize]) -> Vec<usize> {
    let mut inside = std::collections::BTreeSet::from([head]);
    let mut stack = latches.to_vec();
    while let Some(block) = stack.pop() {
        if inside.insert(block) {
            stack.extend(&before[block]);
        }
    }
    inside.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 → 1 → (2 | 3) → 4 → 1, 4 → 5; nothing leads to 6.
    fn diamond_in_a_loop() -> Vec<Vec<usize>> {
        vec![vec![1], vec![2, 3], vec![4], vec![4], vec![1, 5], vec![], vec![5]]
    }

    #[test]
    fn dominators_stand_on_every_way() {
        let tree = Dominators::of(&diamond_in_a_loop(), 0);
        assert_eq!([1, 2, 3, 4, 5].map(|node| tree.parent(node)), [Some(0), Some(1), Some(1), Some(1), Some(4)]);
        assert!(tree.dominates(1, 5) && tree.dominates(4, 4) && !tree.dominates(2, 4) && !tree.dominates(0, 6));
        assert_eq!((tree.parent(6), tree.order().len()), (None, 6));
    }

    #[test]
    fn loops_have_a_head_and_what_leads_back() {
        let edges = diamond_in_a_loop();
        let loops = Loops::of(&edges, &Dominators::of(&edges, 0));
        assert_eq!(loops.all.len(), 1);
        assert_eq!((loops.all[0].head, &loops.all[0].latches, &loops.all[0].blocks), (1, &vec![4], &vec![1, 2, 3, 4]));
        assert_eq!([0, 1, 3, 5].map(|block| loops.innermost[block]), [None, Some(0), Some(0), None]);
    }

    #[test]
    fn a_loop_within_another_comes_after_it() {
        // 0 → 1 → 2 → 2, 2 → 1, 1 → 3
        let edges = vec![vec![1], vec![2, 3], vec![2, 1], vec![]];
        let loops = Loops::of(&edges, &Dominators::of(&edges, 0));
        assert_eq!(loops.all.iter().map(|one| one.head).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(loops.innermost, [None, Some(0), Some(1), None]);
    }
}
