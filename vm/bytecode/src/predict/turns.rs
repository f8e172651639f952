//! Loops whose turns are walked at once.
//!
//! A turn is walked from where the loop begins; what it changes is taken to change so in every turn: numbers and sizes by the
//! same difference, lists by items that are alike. Then a turn is walked from that guess, in the turn's number, and has to lead to the
//! guess for the next turn; what does not is given up until it does. The exit that is not decided says how many turns there are.

use super::expr::{Atom, Expr, Hidden};
use super::facts::Facts;
use super::graph::{Graph, Loop};
use super::record::Log;
use super::sum::over_turns;
use super::value::{Data, List, Public, Value, Why, alike, blur};
use super::walk::{End, Exit, Frame, Halt, Outcome, Span, Walk};
use std::rc::Rc;

/// How often a guess is corrected.
const MOST_GUESSES: usize = 24;
/// How often it is tried to walk a loop at once that cannot be.
const MOST_FAILURES: u32 = 3;

/// What was before a loop was tried.
struct Before {
    logs: usize,
    exits: usize,
    followed: usize,
    facts: Facts,
}

impl Walk<'_> {
    /// Walks a loop that a frame is about to enter, all turns at once; nothing where that is not possible.
    pub fn follow(&mut self, frame: &mut Frame, graph: &Graph, of: &Loop) -> Outcome<Option<End>> {
        let id = (frame.function, of.header);
        if self.singly.contains(&id) || self.failures.get(&id).is_some_and(|&failures| failures >= MOST_FAILURES) {
            return Ok(None);
        }
        let before = Before {
            logs: self.logs.len(),
            exits: self.exits.len(),
            followed: self.followed.len(),
            facts: self.facts.clone(),
        };
        self.followed.push(id);
        let found = self.at_once(frame, graph, of, &before);
        self.logs.truncate(before.logs);
        self.exits.truncate(before.exits);
        self.followed.truncate(before.followed);
        self.facts = before.facts;
        match found {
            Ok((end, log)) => {
                self.failures.remove(&id);
                if let Some(last) = self.logs.last_mut() {
                    last.extend(log);
                }
                Ok(Some(end))
            }
            Err(Halt::Unfollowed | Halt::Raised(_)) => {
                *self.failures.entry(id).or_default() += 1;
                Ok(None)
            }
            Err(halt) => Err(halt),
        }
    }

    fn at_once(&mut self, frame: &mut Frame, _graph: &Graph, of: &Loop, before: &Before) -> Outcome<(End, Log)> {
        let id = (frame.function, of.header);
        let mut first = frame.clone();
        let end = self.turn(&mut first, of, before)?;
        if !matches!(end, End::At(at) if at == of.header) {
            // It ends in its first turn.
            let log = if self.exits.len() == before.exits { self.logs.pop() } else { None };
            *frame = first;
            return log.map(|log| (end, log)).ok_or(Halt::Unfollowed);
        }
        let turn = self.next_number;
        self.next_number += 1;
        let mut generic = guess(frame, &first, turn, id);
        let outer = std::mem::replace(&mut self.trying, true);
        let tried = self.settle(frame, &mut generic, of, before, turn);
        self.trying = outer;
        tried?;
        let (at, last) = self.last_turn(turn, before, frame)?;
        if !last.is_hidden() {
            self.facts.learn(last.minus(&Atom::Turn(turn).into()));
        }
        self.settle(frame, &mut generic, of, before, turn)?;
        let chosen = self.exits[before.exits..].iter().position(|exit| exit.at == at).ok_or(Halt::Unfollowed)?;
        let log = self.close(before, chosen, turn, &last);
        let facts = before.facts.clone();
        let out = self.exits.swap_remove(before.exits + chosen);
        *frame = substituted(frame, &out.frame, turn, &last, &facts);
        Ok((End::At(out.frame.at), log))
    }

    /// Walks one turn, from the header to the header.
    fn turn(&mut self, frame: &mut Frame, of: &Loop, before: &Before) -> Outcome<End> {
        self.logs.truncate(before.logs);
        self.exits.truncate(before.exits);
        self.logs.push(Log::default());
        let facts = self.facts.clone();
        let span = Span { stop: Some(of.header), turn: Some(of), notes_exits: true };
        let end = self.run(frame, span);
        self.facts = facts;
        end
    }

    /// Corrects a guess until a turn leads from it to itself.
    fn settle(&mut self, start: &Frame, generic: &mut Frame, of: &Loop, before: &Before, turn: u32) -> Outcome<()> {
        let id = (generic.function, of.header);
        for _ in 0..MOST_GUESSES {
            let mut state = generic.clone();
            match self.turn(&mut state, of, before)? {
                End::At(at) if at == of.header => {}
                End::At(_) | End::Returned(_) => return Err(Halt::Unfollowed),
            }
            if !self.correct(start, generic, &state, turn, id) {
                return Ok(());
            }
        }
        Err(Halt::Unfollowed)
    }

    /// Gives up what a turn does not lead to; says whether that was anything.
    fn correct(&self, start: &Frame, generic: &mut Frame, found: &Frame, turn: u32, id: (usize, usize)) -> bool {
        let next = Expr::from(Atom::Turn(turn)).plus(&Expr::ONE);
        let expected = substituted(start, generic, turn, &next, &self.facts);
        let mut changed = false;
        let why = Why::Loop(id.0, id.1);
        let starts = start.registers.iter().flatten();
        let others = expected.registers.iter().flatten().zip(found.registers.iter().flatten());
        for ((chunk, start), (expected, found)) in generic.registers.iter_mut().flatten().zip(starts).zip(others) {
            // What the loop does not touch is what it was.
            if Rc::ptr_eq(chunk, start) && Rc::ptr_eq(found, start) {
                continue;
            }
            for index in 0..chunk.len() {
                let (Some(own), Some(expected)) = (&chunk[index], &expected[index]) else { continue };
                let weaker = match &found[index] {
                    Some(found) => weakened(own, expected, found, why),
                    None => Some(Value::Lost(why)).filter(|lost| lost != own),
                };
                if let Some(weaker) = weaker {
                    changed = true;
                    Rc::make_mut(chunk)[index] = Some(weaker);
                }
            }
        }
        changed
    }

    /// The exit that is taken, and the number of the turn in which it is.
    fn last_turn(&self, turn: u32, before: &Before, frame: &Frame) -> Outcome<(usize, Expr)> {
        let exits = &self.exits[before.exits..];
        let solved = |exit: &Exit| self.first_failure(&exit.stay, turn);
        if let [only] = exits {
            let place = self.place(&Frame { at: only.at, ..frame.clone() });
            let unknown = || {
                let hidden = only.stay.is_hidden() || self.setting.symbolic;
                let turns = || self.setting.assumed(place).unwrap_or_else(|| Atom::Hidden(Hidden::Turns(place)).into());
                hidden.then(turns)
            };
            let last = solved(only).or_else(unknown).ok_or(Halt::Unfollowed)?;
            return Ok((only.at, last));
        }
        let all: Option<Vec<(usize, Expr)>> = exits.iter().map(|exit| Some((exit.at, solved(exit)?))).collect();
        let all = all.ok_or(Halt::Unfollowed)?;
        let earliest = all.iter().enumerate().find(|(place, (_, last))| {
            // An exit that stands earlier in the turn is taken first.
            all.iter().enumerate().all(|(other, (_, others))| {
                let margin = others.minus(last);
                if other < *place { self.facts.is_positive(&margin) } else { self.facts.is_natural(&margin) }
            })
        });
        earliest.map(|(_, found)| found.clone()).ok_or(Halt::Unfollowed)
    }

    /// The first turn in which a condition does not hold.
    fn first_failure(&self, stay: &Expr, turn: u32) -> Option<Expr> {
        let (terms, denominator) = stay.terms();
        match (&terms[..], denominator) {
            ([(monomial, 1)], 1) => {
                let each = monomial.iter().map(|(atom, _)| self.first_without(atom, turn, true));
                let each = each.collect::<Option<Vec<_>>>()?;
                each.into_iter().reduce(|a, b| self.facts.min(&a, &b))
            }
            ([(constant, 1), (monomial, -1)], 1) if constant.is_empty() => match &monomial[..] {
                [(atom, _)] => self.first_without(atom, turn, false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The first turn in which an atom is not `holds`.
    fn first_without(&self, atom: &Atom, turn: u32, holds: bool) -> Option<Expr> {
        let line = |e: &Expr| match e.coefficients(turn)?.as_slice() {
            [start, step] => step.number().map(|step| (start.clone(), step)),
            _ => None,
        };
        match (atom, holds) {
            (Atom::IsNatural(inner), _) => {
                let inner = if holds { inner.as_ref().clone() } else { inner.negated().minus(&Expr::ONE) };
                let (start, step) = line(&inner)?;
                let fall = Expr::Num(step.checked_neg().filter(|fall| *fall > 0)?);
                let last = self.facts.quotient(&start, &fall)?;
                Some(self.facts.max(&Expr::ZERO, &last.plus(&Expr::ONE)))
            }
            (Atom::IsZero(inner), false) => {
                let (start, step) = line(inner)?;
                let at = start.negated().over(step);
                (at.terms().1 == 1 && self.facts.is_natural(&at)).then_some(at)
            }
            _ => None,
        }
    }

    /// What all turns do: what stands before the exit once more than what stands behind it.
    fn close(&mut self, before: &Before, chosen: usize, turn: u32, last: &Expr) -> Log {
        let mut all = Log::default();
        for (segment, log) in self.logs.split_off(before.logs).into_iter().enumerate() {
            let turns = if segment <= chosen { last.plus(&Expr::ONE) } else { last.clone() };
            all.extend(log.map(|(site, done, mut over), times| {
                let varies = match &done {
                    super::Done::Call(work) => work.sizes().iter().any(|size| size.depends_on(turn)),
                    super::Done::Disclosed => false,
                };
                let varies = varies || over.iter().any(|(_, turns)| turns.depends_on(turn));
                let sum = if varies { None } else { over_turns(&times, turn, &turns) };
                let times = sum.unwrap_or_else(|| {
                    over.insert(0, (turn, turns.clone()));
                    times
                });
                ((site, done, over), times)
            }));
        }
        all
    }
}

/// A state with a number for the turn; what is as at the start of the loop does not depend on it.
fn substituted(start: &Frame, frame: &Frame, turn: u32, by: &Expr, facts: &Facts) -> Frame {
    let mut out = frame.clone();
    let mut replaced = |e: &Expr| {
        if e.depends_on(turn) {
            facts.substitute(e, &mut |atom| (*atom == Atom::Turn(turn)).then(|| by.clone()))
        } else {
            e.clone()
        }
    };
    let chunks = out.registers.iter_mut().flatten().zip(start.registers.iter().flatten());
    for (chunk, _) in chunks.filter(|(chunk, start)| !Rc::ptr_eq(chunk, start)) {
        for value in Rc::make_mut(chunk).iter_mut().flatten() {
            *value = value.map(&mut replaced);
        }
    }
    out
}

/// What a state is in every turn, from those before and behind the first one.
fn guess(before: &Frame, behind: &Frame, turn: u32, id: (usize, usize)) -> Frame {
    let why = Why::Loop(id.0, id.1);
    let mut out = before.clone();
    let chunks = out.registers.iter_mut().flatten().zip(behind.registers.iter().flatten());
    for (chunk, others) in chunks.filter(|(own, other)| !Rc::ptr_eq(own, other)) {
        for (slot, other) in Rc::make_mut(chunk).iter_mut().zip(others.iter()) {
            *slot = match (slot.take(), other) {
                (Some(a), Some(b)) => Some(guess_value(&a, b, turn, why)),
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => Some(Value::Lost(why)),
            };
        }
    }
    out
}

/// The line through two points.
fn line(a: &Expr, b: &Expr, turn: u32) -> Expr {
    if a == b { a.clone() } else { a.plus(&b.minus(a).times(&Atom::Turn(turn).into())) }
}

fn guess_value(a: &Value, b: &Value, turn: u32, why: Why) -> Value {
    let lines = |a: &[Expr], b: &[Expr]| -> Vec<Expr> { a.iter().zip(b).map(|(a, b)| line(a, b, turn)).collect() };
    match (a, b) {
        _ if a == b => a.clone(),
        (Value::Public(x), Value::Public(y)) if x.shape.len() == y.shape.len() => {
            let data = match (&x.data, &y.data) {
                (Data::Same(x), Data::Same(y)) => Data::Same(line(x, y, turn)),
                (Data::Each(x), Data::Each(y)) if x.len() == y.len() => Data::Each(lines(x, y).into()),
                _ => Data::Unknown(why.stronger(x.why()).stronger(y.why())),
            };
            Value::Public(Public { shape: lines(&x.shape, &y.shape), data })
        }
        (Value::Secret(x), Value::Secret(y)) if x.len() == y.len() => Value::Secret(lines(x, y)),
        (Value::List(List::Items(x)), Value::List(List::Items(y))) if x.len() == y.len() => {
            Value::list(x.iter().zip(y.iter()).map(|(x, y)| guess_value(x, y, turn, why)).collect())
        }
        (Value::List(x), Value::List(y)) => {
            let length = line(&x.length(), &y.length(), turn);
            match (alike(x, why), alike(y, why)) {
                (Some((_, x)), Some((_, y))) => Value::List(List::Alike { length, item: blur(&x, &y, why).into() }),
                (Some((_, item)), None) | (None, Some((_, item))) => {
                    Value::List(List::Alike { length, item: item.into() })
                }
                (None, None) => a.clone(),
            }
        }
        (Value::Text(_), Value::Text(_)) => Value::Text(None),
        _ => Value::Lost(why),
    }
}

/// What is left of a guess where `found` is not what was `expected`; nothing where it is.
fn weakened(own: &Value, expected: &Value, found: &Value, why: Why) -> Option<Value> {
    match (own, expected, found) {
        _ if expected == found => None,
        (Value::Lost(_), _, _) => None,
        (Value::Public(own), Value::Public(expected), Value::Public(found)) if expected.shape == found.shape => {
            match own.data {
                Data::Unknown(known) if known.stronger(found.why()) == known => None,
                Data::Unknown(known) => {
                    Some(Value::Public(Public::unknown(own.shape.clone(), known.stronger(found.why()))))
                        .filter(|new| *new != Value::Public(own.clone()))
                }
                Data::Each(_) | Data::Same(_) => {
                    Some(Value::Public(Public::unknown(own.shape.clone(), why.stronger(found.why()))))
                }
            }
        }
        (Value::Text(None), _, Value::Text(_)) => None,
        (Value::Text(_), _, Value::Text(_)) => Some(Value::Text(None)),
        (Value::List(own), Value::List(expected), Value::List(found)) if expected.length() == found.length() => {
            let exact = matches!(own, List::Items(_));
            let ((length, own), (_, expected)) = (alike(own, why)?, alike(expected, why)?);
            let (_, found) = alike(found, why)?;
            match weakened(&own, &expected, &found, why) {
                Some(Value::Lost(why)) => Some(Value::Lost(why)),
                Some(item) => Some(Value::List(List::Alike { length, item: item.into() })),
                // Item by item it was too exact.
                None if exact => Some(Value::List(List::Alike { length, item: own.into() })),
                None => None,
            }
        }
        _ => Some(Value::Lost(why)),
    }
}

/// How often something is done where a condition must hold, which is done `times` times where it does.
///
/// A loop behind the question whether it has any turns needs no question: where a size that is not negative is not at least 1, it is 0.
pub fn guarded(facts: &Facts, times: &Expr, over: &[(u32, Expr)], holds: &Expr) -> Expr {
    let (terms, denominator) = holds.terms();
    if let ([(monomial, 1)], 1) = (&terms[..], denominator)
        && let [(Atom::IsNatural(inner), 1)] = &monomial[..]
    {
        let size = inner.plus(&Expr::ONE);
        let vanishes = |e: &Expr| at_zero(e, &size).is_some_and(|e| e == Expr::ZERO);
        if facts.is_natural(&size) && (vanishes(times) || over.iter().any(|(_, turns)| vanishes(turns))) {
            return times.clone();
        }
    }
    times.times(holds)
}

/// An expression where `size` is zero, if an atom of that can be expressed by the others.
fn at_zero(e: &Expr, size: &Expr) -> Option<Expr> {
    let (terms, denominator) = size.terms();
    let own = terms.iter().find_map(|(monomial, factor)| match &monomial[..] {
        [(atom, 1)] if factor.abs() == 1 && denominator == 1 => Some((atom.clone(), *factor)),
        _ => None,
    });
    let (atom, factor) = own?;
    let rest = size.minus(&Expr::from(atom.clone()).times(&Expr::Num(factor)));
    let value = rest.times(&Expr::Num(-factor));
    Some(Facts::default().substitute(e, &mut |other| (*other == atom).then(|| value.clone())))
}
