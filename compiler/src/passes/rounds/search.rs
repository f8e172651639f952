//! The best order of a few interactive instructions: a search from the cheapest state on (A*). A state is the set of those that have run.

use super::Item;
use super::graph::Graph;
use super::plan::Choice;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

/// The most interactive items for which the best order is searched: a state is a set of them.
const SEARCHED: usize = 64;
/// The most states looked at in a function, and in one search.
pub const STATES: usize = 20_000;
const AT_ONCE: usize = 2_000;

/// An interactive item for the search.
struct Node {
    choice: Choice,
    /// Those that must have run, as a set.
    needs: u64,
    height: u32,
    rounds: u32,
}

/// What is chosen in the best order, if it takes fewer rounds than `known` and is found in time.
pub fn search(graph: &Graph, items: &[Item], known: u32, states: &mut usize) -> Option<Vec<Choice>> {
    let nodes = condensed(graph, items)?;
    let all = if nodes.len() == 64 { u64::MAX } else { (1 << nodes.len()) - 1 };
    let left = |done: u64| nodes.iter().enumerate().filter(move |(at, _)| done >> at & 1 == 0);
    let bound = |done: u64| left(done).map(|(_, node)| node.height).max().unwrap_or(0);
    // For each state the fewest rounds so far, and how it was reached.
    let mut reached: HashMap<u64, (u32, u64, Choice)> = HashMap::from([(0, (0, 0, Choice::UpTo(0)))]);
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
        let mut ready: BTreeMap<Choice, (u64, u32)> = BTreeMap::new();
        for (at, node) in left(done).filter(|(_, node)| node.needs & !done == 0) {
            ready.entry(node.choice).or_insert((0, node.rounds)).0 |= 1 << at;
        }
        // Of those that are no regions, the shorter ones join.
        let mut shorter = 0;
        for (choice, (runs, rounds)) in ready {
            let runs = if let Choice::UpTo(_) = choice { runs | shorter } else { runs };
            if let Choice::UpTo(_) = choice {
                shorter = runs;
            }
            let (next, spent) = (done | runs, so_far + rounds);
            if reached.get(&next).is_none_or(|known| spent < known.0) {
                reached.insert(next, (spent, done, choice));
                open.push(Reverse((spent + bound(next), u32::MAX - spent, next)));
            }
        }
    }
    None
}

fn way(reached: &HashMap<u64, (u32, u64, Choice)>, mut done: u64) -> Vec<Choice> {
    let mut choices = Vec::new();
    while done != 0
        && let Some(&(_, before, choice)) = reached.get(&done)
    {
        choices.push(choice);
        done = before;
    }
    choices.reverse();
    choices
}

/// The interactive items alone, if they are few enough.
fn condensed(graph: &Graph, items: &[Item]) -> Option<Vec<Node>> {
    let mut number = vec![None; graph.after.len()];
    let mut nodes = Vec::new();
    for (at, item) in items.iter().enumerate() {
        if let Some(choice) = item.choice(at) {
            number[at] = Some(nodes.len());
            nodes.push(Node { choice, needs: 0, height: graph.height[at], rounds: item.rounds() });
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
