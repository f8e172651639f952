//! The order in which the things of a line run.
//!
//! Local instructions run as soon as they can. Where nothing but communication is left, a *step* is chosen: instructions that are ready
//! and run together, of whatever kinds, in as many rounds as the longest of them. Whatever is ready and no longer than that joins: to hold it
//! back would gain nothing. So what is to be chosen is how long the step may be, and the hard part is to know when a long one is worth
//! its wait: what it holds up may have run beside it later. First the step is as long as the one with the longest way before it needs.
//! Where that does not reach what the longest way needs, and there are few enough instructions, a search from the cheapest state on (A*,
//! with the longest way as its bound) finds the best order.
//!
//! In the end what has time waits for a later step with others of its kind ([`Plan::gathered`]): they share messages.

use super::graph::Graph;
use super::search::search;
use super::{Item, Key};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

/// The order, and what it costs.
pub struct Plan {
    /// Items that run together, in order; a local one is alone.
    pub batches: Vec<Vec<usize>>,
    /// All rounds.
    pub rounds: u32,
    /// The same with fences.
    order: Vec<Vec<usize>>,
}

/// What a step takes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    /// All that is ready and takes at most so many rounds.
    UpTo(u32),
    /// A region.
    Region(usize),
}

/// Makes the best plan that is found. `states` is how many a search may still look at.
pub fn plan(graph: &Graph, items: &[Item], states: &mut usize) -> Plan {
    let first = Run::new(graph, items).finish(Run::most_urgent);
    let longest = graph.height.iter().copied().max().unwrap_or(0);
    let best = if first.rounds <= longest { None } else { search(graph, items, first.rounds, states) };
    let best = match best {
        Some(order) => {
            let mut order = order.into_iter();
            Run::new(graph, items).finish(|_| order.next())
        }
        None => first,
    };
    best.gathered(graph, items)
}

impl Plan {
    /// The same rounds with fewer messages: all of a kind in a step that can wait for a later one in which others of its kind run does.
    fn gathered(self, graph: &Graph, items: &[Item]) -> Plan {
        let key = |node: usize| items.get(node).and_then(|item| item.key(node));
        let is_step = |batch: &&Vec<usize>| batch.first().is_some_and(|&node| key(node).is_some());
        let mut steps: Vec<Vec<usize>> = self.order.iter().filter(is_step).cloned().collect();
        let mut of_kind: HashMap<Key, BTreeSet<usize>> = HashMap::new();
        // For each node the step before which it must have run: the first that waits for it, be it by way of local instructions.
        let mut due = vec![steps.len(); graph.after.len()];
        let mut step_of: Vec<Option<usize>> = vec![None; graph.after.len()];
        let (mut step, mut moved) = (steps.len(), false);
        for batch in self.order.iter().rev() {
            for &node in batch {
                let next = graph.after[node].iter().map(|&next| step_of[next].unwrap_or(due[next]));
                due[node] = next.min().unwrap_or(steps.len());
            }
            if !is_step(&batch) {
                continue;
            }
            step -= 1;
            let mut kinds: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
            batch.iter().filter_map(|&node| Some((key(node)?, node))).for_each(|(key, node)| {
                kinds.entry(key).or_default().push(node);
            });
            for (key, nodes) in kinds {
                let last = nodes.iter().map(|&node| due[node]).min().unwrap_or(step).max(step + 1);
                let known = of_kind.entry(key).or_default();
                let to = known.range(step + 1..last).next().copied();
                nodes.iter().for_each(|&node| step_of[node] = Some(to.unwrap_or(step)));
                match to {
                    Some(to) => {
                        steps[step].retain(|&node| step_of[node] != Some(to));
                        steps[to].extend(nodes);
                        moved = true;
                    }
                    None => drop(known.insert(step)),
                }
            }
        }
        if !moved {
            return self;
        }
        let mut steps = steps.into_iter().filter(|step| !step.is_empty());
        Run::new(graph, items).replay(|| steps.next())
    }
}

/// An order under way.
struct Run<'a> {
    graph: &'a Graph,
    items: &'a [Item],
    waits: Vec<u32>,
    local: BinaryHeap<Reverse<usize>>,
    /// Interactive items that are ready, by their rounds, and regions.
    ready: BTreeMap<Choice, Vec<usize>>,
    plan: Plan,
}

impl<'a> Run<'a> {
    fn new(graph: &'a Graph, items: &'a [Item]) -> Self {
        let plan = Plan { batches: Vec::new(), rounds: 0, order: Vec::new() };
        let (waits, local, ready) = (graph.waits.clone(), BinaryHeap::new(), BTreeMap::new());
        let mut run = Run { graph, items, waits, local, ready, plan };
        (0..graph.waits.len()).filter(|&at| graph.waits[at] == 0).for_each(|at| run.add(at));
        run
    }

    /// Up to the rounds of the item with the longest way before it; of equal ones, of the first in the program.
    fn most_urgent(&self) -> Option<Choice> {
        let longest = |places: &Vec<usize>| places.iter().map(|&at| (self.graph.height[at], Reverse(at))).max();
        self.ready.iter().max_by_key(|(_, places)| longest(places)).map(|(choice, _)| *choice)
    }

    fn finish(mut self, mut choose: impl FnMut(&Self) -> Option<Choice>) -> Plan {
        loop {
            self.run_local();
            match choose(&self).map(|choice| self.chosen(choice)) {
                Some(batch) if !batch.is_empty() => self.run(batch),
                Some(_) | None => return self.plan,
            }
        }
    }

    /// Runs steps that are known to be in order.
    fn replay(mut self, mut next: impl FnMut() -> Option<Vec<usize>>) -> Plan {
        loop {
            self.run_local();
            match next() {
                Some(batch) => self.run(batch),
                None => return self.plan,
            }
        }
    }

    /// All items that a choice takes.
    fn chosen(&mut self, choice: Choice) -> Vec<usize> {
        match choice {
            Choice::Region(_) => self.ready.remove(&choice).unwrap_or_default(),
            Choice::UpTo(_) => {
                let mut longer = self.ready.split_off(&choice);
                let equal = longer.remove(&choice).unwrap_or_default();
                let shorter = std::mem::replace(&mut self.ready, longer);
                shorter.into_values().flatten().chain(equal).collect()
            }
        }
    }

    fn add(&mut self, at: usize) {
        match self.items.get(at).and_then(|item| item.choice(at)) {
            Some(choice) => self.ready.entry(choice).or_default().push(at),
            None => self.local.push(Reverse(at)),
        }
    }

    fn run_local(&mut self) {
        while let Some(Reverse(at)) = self.local.pop() {
            self.run(vec![at]);
        }
    }

    fn run(&mut self, mut batch: Vec<usize>) {
        batch.sort_unstable();
        self.plan.rounds += batch.iter().filter_map(|&at| self.items.get(at)).map(Item::rounds).max().unwrap_or(0);
        self.plan.order.push(batch.clone());
        for &at in &batch {
            for &next in &self.graph.after[at] {
                self.waits[next] -= 1;
                if self.waits[next] == 0 {
                    self.add(next);
                }
            }
        }
        batch.retain(|&at| at < self.items.len());
        if !batch.is_empty() {
            self.plan.batches.push(batch);
        }
    }
}

impl Item {
    /// What takes it, if it is interactive.
    pub fn choice(&self, at: usize) -> Option<Choice> {
        match self {
            Item::Op(_, key) => key.map(|_| Choice::UpTo(self.rounds())),
            Item::Region(_) => Some(Choice::Region(at)),
        }
    }
}
