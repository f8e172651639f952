//! In which order the instructions of a line run, and which together, so that as few rounds as possible are needed.
//!
//! Local instructions run as soon as they can. When nothing local is left, a kind of interactive instruction is chosen, and all of it
//! that is ready runs together: to hold some of them back gains nothing. Which kind to choose is the hard part (it is the shortest
//! common supersequence of the ways through the graph). Two rules are tried: the kind with the longest way of rounds before it, and
//! that kind among those which nothing that still waits could join. Where neither reaches what the longest way needs, and there are
//! few enough instructions, a search from the cheapest state on (A*, with the longest way as its bound) finds the best order.

use super::graph::Graph;
use super::{Item, Key};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

/// The order, and what it costs.
pub struct Plan {
    /// Items that run together, in order; a local one is alone.
    pub batches: Vec<Vec<usize>>,
    /// All rounds.
    pub rounds: u32,
}

/// Makes the best plan that is found. `states` is how many a search may still look at.
pub fn plan(graph: &Graph, items: &[Item], states: &mut usize) -> Plan {
    let best = Run::new(graph, items).finish(|ready, run| ready.most_urgent(run, false));
    let bound = bound(graph, items);
    if best.rounds <= bound {
        return best;
    }
    let other = Run::new(graph, items).finish(|ready, run| ready.most_urgent(run, true));
    let best = if other.rounds < best.rounds { other } else { best };
    if best.rounds <= bound {
        return best;
    }
    match search(graph, items, best.rounds, states) {
        Some(order) => {
            let mut order = order.into_iter();
            Run::new(graph, items).finish(|_, _| order.next())
        }
        None => best,
    }
}

/// No order takes fewer rounds: the longest way, and once every kind.
fn bound(graph: &Graph, items: &[Item]) -> u32 {
    let longest = graph.height.iter().copied().max().unwrap_or(0);
    let kinds: BTreeMap<Key, u32> =
        items.iter().enumerate().filter_map(|(at, item)| Some((item.key(at)?, item.rounds()))).collect();
    longest.max(kinds.values().sum())
}

/// Interactive items that are ready, by what they merge with.
#[derive(Default)]
struct Ready {
    local: BinaryHeap<Reverse<usize>>,
    interactive: BTreeMap<Key, Vec<usize>>,
}

impl Ready {
    /// The kind of the item with the longest way before it; of equal ones, that of the first in the program. With `whole`, kinds of which
    /// none still waits come first.
    fn most_urgent(&self, run: &Run<'_>, whole: bool) -> Option<Key> {
        let urgency = |key: &Key, places: &Vec<usize>| {
            let complete = whole && run.left.get(key) == Some(&places.len());
            let longest = places.iter().map(|&at| (run.graph.height[at], Reverse(at))).max();
            (complete, longest)
        };
        self.interactive.iter().max_by_key(|(key, places)| urgency(key, places)).map(|(key, _)| *key)
    }
}

/// An order under way.
struct Run<'a> {
    graph: &'a Graph,
    items: &'a [Item],
    waits: Vec<u32>,
    /// How many items of each kind have not run.
    left: HashMap<Key, usize>,
    plan: Plan,
}

impl<'a> Run<'a> {
    fn new(graph: &'a Graph, items: &'a [Item]) -> Self {
        let mut left = HashMap::new();
        let keys = items.iter().enumerate().filter_map(|(at, item)| item.key(at));
        keys.for_each(|key| *left.entry(key).or_default() += 1);
        Run { graph, items, waits: graph.waits.clone(), left, plan: Plan { batches: Vec::new(), rounds: 0 } }
    }

    fn finish(mut self, mut choose: impl FnMut(&Ready, &Self) -> Option<Key>) -> Plan {
        let mut ready = Ready::default();
        (0..self.waits.len()).filter(|&at| self.waits[at] == 0).for_each(|at| self.add(at, &mut ready));
        loop {
            let batch = match ready.local.pop() {
                Some(Reverse(at)) => vec![at],
                None => match choose(&ready, &self).and_then(|key| ready.interactive.remove(&key)) {
                    Some(batch) => batch,
                    None => break,
                },
            };
            self.run(batch, &mut ready);
        }
        self.plan
    }

    fn add(&self, at: usize, ready: &mut Ready) {
        match self.items.get(at).and_then(|item| item.key(at)) {
            Some(key) => ready.interactive.entry(key).or_default().push(at),
            None => ready.local.push(Reverse(at)),
        }
    }

    fn run(&mut self, mut batch: Vec<usize>, ready: &mut Ready) {
        batch.sort_unstable();
        if let Some((first, item)) = batch.first().and_then(|&at| Some((at, self.items.get(at)?))) {
            self.plan.rounds += item.rounds();
            if let Some(left) = item.key(first).and_then(|key| self.left.get_mut(&key)) {
                *left -= batch.len();
            }
        }
        for &at in &batch {
            for &next in &self.graph.after[at] {
                self.waits[next] -= 1;
                if self.waits[next] == 0 {
                    self.add(next, ready);
                }
            }
        }
        batch.retain(|&at| at < self.items.len());
        if !batch.is_empty() {
            self.plan.batches.push(batch);
        }
    }
}

/// The most interactive items for which the best order is searched: a state is a set of them.
const SEARCHED: usize = 64;
/// The most states looked at in a function, and in one search.
pub const STATES: usize = 20_000;
const AT_ONCE: usize = 2_000;

/// An interactive item for the search.
struct Node {
    key: Key,
    /// Those that must have run, as a set.
    needs: u64,
    height: u32,
    rounds: u32,
}

/// The kinds in the best order, if it takes fewer rounds than `known` and is found in time.
fn search(graph: &Graph, items: &[Item], known: u32, states: &mut usize) -> Option<Vec<Key>> {
    let nodes = condensed(graph, items)?;
    let all = if nodes.len() == 64 { u64::MAX } else { (1 << nodes.len()) - 1 };
    let left = |done: u64| nodes.iter().enumerate().filter(move |(at, _)| done >> at & 1 == 0);
    let bound = |done: u64| left(done).map(|(_, node)| node.height).max().unwrap_or(0);
    // For each state the fewest rounds so far, and how it was reached.
    let mut reached: HashMap<u64, (u32, u64, Key)> = HashMap::from([(0, (0, 0, (0, 0)))]);
    let mut open = BinaryHeap::from([Reverse((bound(0), 0_u32, 0_u64))]);
    for _ in 0..AT_ONCE.min(*states) {
        *states -= 1;
        let Reverse((least, _, done)) = open.pop()?;
        if least >= known {
            return None;
        }
        if done == all {
            return Some(way(&reached, done));
        }
        let so_far = reached.get(&done)?.0;
        let mut kinds: BTreeMap<Key, (u64, u32)> = BTreeMap::new();
        for (at, node) in left(done).filter(|(_, node)| node.needs & !done == 0) {
            let kind = kinds.entry(node.key).or_insert((0, node.rounds));
            kind.0 |= 1 << at;
        }
        for (key, (runs, rounds)) in kinds {
            let (next, spent) = (done | runs, so_far + rounds);
            if reached.get(&next).is_none_or(|known| spent < known.0) {
                reached.insert(next, (spent, done, key));
                open.push(Reverse((spent + bound(next), u32::MAX - spent, next)));
            }
        }
    }
    None
}

fn way(reached: &HashMap<u64, (u32, u64, Key)>, mut done: u64) -> Vec<Key> {
    let mut kinds = Vec::new();
    while done != 0
        && let Some(&(_, before, key)) = reached.get(&done)
    {
        kinds.push(key);
        done = before;
    }
    kinds.reverse();
    kinds
}

/// The interactive items alone, if they are few enough.
fn condensed(graph: &Graph, items: &[Item]) -> Option<Vec<Node>> {
    let mut number = vec![None; graph.after.len()];
    let mut nodes = Vec::new();
    for (at, item) in items.iter().enumerate() {
        if let Some(key) = item.key(at) {
            number[at] = Some(nodes.len());
            nodes.push(Node { key, needs: 0, height: graph.height[at], rounds: item.rounds() });
        }
    }
    if nodes.len() > SEARCHED {
        return None;
    }
    let mut needs = vec![0_u64; graph.after.len()];
    let mut waits = graph.waits.clone();
    let mut ready: Vec<usize> = (0..waits.len()).filter(|&at| waits[at] == 0).collect();
    while let Some(at) = ready.pop() {
        let own = number[at].map_or(0, |node| 1 << node);
        for &next in &graph.after[at] {
            needs[next] |= needs[at] | own;
            waits[next] -= 1;
            if waits[next] == 0 {
                ready.push(next);
            }
        }
    }
    for (at, node) in number.iter().enumerate() {
        if let Some(node) = node {
            nodes[*node].needs = needs[at];
        }
    }
    Some(nodes)
}
