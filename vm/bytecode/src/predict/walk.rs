//! The flow of control: runs, branches that are not decided, calls, exceptions.

use super::expr::{Atom, Expr, Hidden, Place};
use super::facts::Facts;
use super::graph::{Graph, Loop};
use super::record::{Done, Log, Prediction, Sites, Step};
use super::setting::Setting;
use super::step::raised;
use super::turns::guarded;
use super::value::{Data, List, Public};
use super::value::{Value, Why, alike, blur};
use crate::cost::Work;
use crate::operand::{Exception, ExceptionId, Reg};
use crate::program::Program;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Calls that are followed into each other, at most.
const MOST_CALLS: usize = 200;
/// Branches that are not decided within each other, at most.
const MOST_FORKS: usize = 64;

/// Why a walk does not go on.
#[derive(Clone, Debug)]
pub(super) enum Halt {
    /// An exception that is surely raised here.
    Raised(ExceptionId),
    /// The turns of a loop cannot be walked at once.
    Unfollowed,
    /// It must be walked again, with this loop turn by turn.
    Again((usize, usize)),
    /// It cannot be followed further.
    Stop(String, Place),
}

pub(super) type Outcome<T> = Result<T, Halt>;

/// Where a run of instructions ends.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// The function returns.
    Returned(Vec<Value>),
    /// Before this instruction.
    At(usize),
}

/// Where to go on after an instruction.
pub(super) enum Flow {
    /// With the next one.
    Next,
    /// Elsewhere.
    To(usize),
    /// Elsewhere if this holds, else with the next one.
    Branch(Result<Expr, Why>, usize),
    /// The function ends.
    Return(Vec<Value>),
}

/// Registers that are copied together when one of them is written.
const CHUNK: usize = 16;

/// A few registers, in common between states until one writes to them.
pub(super) type Chunk = Rc<Vec<Option<Value>>>;

/// A function under way; a clone costs little.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub function: usize,
    pub at: usize,
    pub registers: [Vec<Chunk>; 3],
}

impl Frame {
    fn new(program: &Program, function: usize) -> Option<Self> {
        let registers = &program.functions.get(function)?.registers;
        let empty: Chunk = Rc::new(vec![None; CHUNK]);
        let chunks =
            |bank: &Vec<crate::Type>| std::iter::repeat_n(&empty, bank.len().div_ceil(CHUNK)).cloned().collect();
        Some(Self { function, at: 0, registers: registers.each_ref().map(chunks) })
    }

    pub fn get(&self, reg: Reg) -> Option<&Value> {
        let index = reg.index as usize;
        self.registers[reg.bank as usize].get(index / CHUNK)?.get(index % CHUNK)?.as_ref()
    }

    pub fn set(&mut self, reg: Reg, value: Value) {
        let index = reg.index as usize;
        if let Some(chunk) = self.registers[reg.bank as usize].get_mut(index / CHUNK) {
            Rc::make_mut(chunk)[index % CHUNK] = Some(value);
        }
    }
}

/// How far to run.
#[derive(Clone, Copy)]
pub(super) struct Span<'g> {
    /// Until this instruction is come to.
    pub stop: Option<usize>,
    /// Until this loop is left.
    pub turn: Option<&'g Loop>,
    /// Whether an exit that is not decided is noted, and the run goes on in the loop.
    pub notes_exits: bool,
}

/// A way out of a loop that may be taken.
pub(super) struct Exit {
    /// The instruction that decides.
    pub at: usize,
    /// What holds where the loop goes on.
    pub stay: Expr,
    /// The state there, on the way out.
    pub frame: Frame,
}

/// A group of instructions that run together.
#[derive(Default)]
pub(super) struct Group {
    /// The function, and the instructions.
    pub members: (usize, std::ops::Range<usize>),
    /// The protocol calls of the group so far.
    pub works: Vec<Work<Expr>>,
}

pub(super) struct Walk<'p> {
    pub program: &'p Program,
    pub setting: &'p Setting,
    pub dims: Vec<Expr>,
    pub cast: Vec<Vec<usize>>,
    pub facts: Facts,
    pub logs: Vec<Log>,
    /// Loops that are being walked for all their turns at once.
    pub followed: Vec<(usize, usize)>,
    /// Loops that are walked turn by turn.
    pub singly: HashSet<(usize, usize)>,
    /// How often a loop could not be walked at once.
    pub failures: HashMap<(usize, usize), u32>,
    pub exits: Vec<Exit>,
    pub next_number: u32,
    pub group: Group,
    /// Whether a turn is walked to find out what it changes, before it is known how many there are.
    pub trying: bool,
    /// Places where something was decided that only the run knows.
    decided: Vec<Place>,
    uncertain: Vec<Place>,
    handles: bool,
    sites: Sites,
    caller: Option<usize>,
    calls: usize,
    forks: usize,
    steps: u64,
    graphs: Vec<Option<Rc<Graph>>>,
}

/// Walks a verified program.
pub fn predict(program: &Program, setting: &Setting) -> Prediction {
    let mut walk = Walk::new(program, setting);
    for again in 0u32.. {
        match walk.program() {
            Err(Halt::Again(of)) if walk.singly.insert(of) => {
                // Where many loops are so, those behind are likely to be, too.
                let more = again.checked_sub(FEW_TIMES).map_or(0, |times| 1usize << times.min(16));
                let behind: Vec<_> = walk.loops_behind(of).take(more).collect();
                walk.singly.extend(behind);
                let Walk { singly, graphs, steps, .. } = walk;
                walk = Walk { singly, graphs, steps, ..Walk::new(program, setting) };
            }
            end => return walk.into_prediction(end),
        }
    }
    unreachable!("every turn makes one more loop one that is walked turn by turn, and a program has fewer than 2^32")
}

/// How often a program is walked again for a single loop.
const FEW_TIMES: u32 = 12;

impl<'p> Walk<'p> {
    fn new(program: &'p Program, setting: &'p Setting) -> Self {
        Self {
            program,
            setting,
            dims: setting.dimensions(program),
            cast: setting.cast(program),
            facts: Facts::default(),
            logs: vec![Log::default()],
            followed: Vec::new(),
            singly: HashSet::new(),
            failures: HashMap::new(),
            exits: Vec::new(),
            next_number: 0,
            group: Group::default(),
            trying: false,
            decided: Vec::new(),
            uncertain: Vec::new(),
            handles: program.functions.iter().any(|function| !function.handlers.is_empty()),
            sites: Sites::default(),
            caller: None,
            calls: 0,
            forks: 0,
            steps: 0,
            graphs: vec![None; program.functions.len()],
        }
    }

    /// The loops of a function that begin behind another.
    fn loops_behind(&mut self, (function, header): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
        let graph = self.graph(function);
        let code = self.program.functions[function].code.len();
        (header + 1..code).filter(move |&at| graph.loop_at(at).is_some()).map(move |at| (function, at))
    }

    fn program(&mut self) -> Outcome<()> {
        let Some(mut frame) = Frame::new(self.program, 0) else { return Ok(()) };
        self.run(&mut frame, Span { stop: None, turn: None, notes_exits: false }).map(drop)
    }

    fn into_prediction(mut self, end: Outcome<()>) -> Prediction {
        let log = if self.logs.is_empty() { Log::default() } else { self.logs.swap_remove(0) };
        let entries = log.into_entries().into_iter();
        let records = entries.map(|(key, times)| self.sites.record(self.program, key, times)).collect();
        let (stopped, raised) = match end {
            Ok(()) => (None, None),
            Err(Halt::Raised(class)) => (None, Some(self.program.exception_name(class).to_owned())),
            Err(Halt::Stop(why, place)) => (Some((why, place)), None),
            Err(Halt::Unfollowed | Halt::Again(_)) => (Some(("a loop cannot be followed".into(), (0, 0))), None),
        };
        Prediction { records, stopped, raised, uncertain: self.uncertain, decided: self.decided }
    }

    fn graph(&mut self, function: usize) -> Rc<Graph> {
        let program = self.program;
        let graph = self.graphs[function].get_or_insert_with(|| Rc::new(Graph::of(&program.functions[function])));
        Rc::clone(graph)
    }

    /// The place in the source of a frame's instruction, in the program's own files where a library's function is at work.
    pub fn place(&self, frame: &Frame) -> Place {
        let line = self.program.functions[frame.function].line(frame.at);
        (line.file, line.line)
    }

    /// Notes that something is done at a frame's instruction.
    pub fn note(&mut self, frame: &Frame, done: Done) {
        let site = self.sites.number(Step { caller: self.caller, function: frame.function, at: frame.at });
        if let Some(log) = self.logs.last_mut() {
            log.add(site, done, Vec::new(), &Expr::ONE);
        }
    }

    /// Runs from a frame's place.
    pub fn run(&mut self, frame: &mut Frame, span: Span<'_>) -> Outcome<End> {
        let graph = self.graph(frame.function);
        // A turn begins where it stops.
        let mut begins = span.turn.is_some_and(|turn| turn.header == frame.at && span.stop == Some(frame.at));
        let mut singly: Vec<usize> = Vec::new();
        loop {
            if !begins && span.stop == Some(frame.at) || span.turn.is_some_and(|turn| !graph.holds(turn, frame.at)) {
                return Ok(End::At(frame.at));
            }
            if !begins && span.turn.is_some_and(|turn| turn.header == frame.at) {
                // One way of a branch comes to the next turn before it meets the other.
                return Err(self.lost_loop(frame));
            }
            singly.retain(|&header| graph.loop_at(header).is_some_and(|of| graph.holds(of, frame.at)));
            if let Some(of) = graph.loop_at(frame.at).filter(|_| !begins && !singly.contains(&frame.at)) {
                match self.follow(frame, &graph, of)? {
                    Some(End::At(at)) => {
                        frame.at = at;
                        continue;
                    }
                    Some(end) => return Ok(end),
                    None => singly.push(frame.at),
                }
            }
            begins = false;
            if let Some(end) = self.one(frame, &graph, span, &singly)? {
                return Ok(end);
            }
        }
    }

    /// Takes one instruction, with its branch or its exception.
    fn one(&mut self, frame: &mut Frame, graph: &Rc<Graph>, span: Span<'_>, singly: &[usize]) -> Outcome<Option<End>> {
        self.steps += 1;
        if self.steps > self.setting.most_steps {
            return Err(Halt::Stop("the program is too long to be followed".into(), self.place(frame)));
        }
        match self.step(frame) {
            Ok(Flow::Next) => frame.at += 1,
            Ok(Flow::To(at)) => frame.at = at,
            Ok(Flow::Return(values)) => return Ok(Some(End::Returned(values))),
            Ok(Flow::Branch(truth, to)) => return self.branch(frame, graph, span, singly, truth, to),
            Err(Halt::Raised(class)) => self.handle(frame, class)?,
            Err(halt) => return Err(halt),
        }
        Ok(None)
    }

    /// An exception may be raised here, which depends on something that is not known; of interest where a handler may take it.
    pub fn may_raise(&mut self, frame: &Frame, why: Why, exception: Exception) -> Outcome<()> {
        match self.setting.assumed.get(&self.place(frame)) {
            Some(0) => return Ok(()),
            Some(_) => return Err(raised(exception)),
            None if !self.handles || self.trying => return Ok(()),
            None => {}
        }
        let decided_by_turns = !matches!(why, Why::Revealed(_)) && !self.setting.symbolic;
        if decided_by_turns && !self.followed.is_empty() {
            return Err(Halt::Unfollowed);
        }
        let place = self.place(frame);
        if !self.uncertain.contains(&place) {
            self.uncertain.push(place);
        }
        Ok(())
    }

    /// Goes on at the handler of an exception.
    fn handle(&mut self, frame: &mut Frame, class: ExceptionId) -> Outcome<()> {
        let function = &self.program.functions[frame.function];
        let handler = function.handler(frame.at).filter(|_| function.code[frame.at].can_raise());
        let Some(handler) = handler else { return Err(Halt::Raised(class)) };
        frame.set(handler.class, Value::int(u64::from(class.0)));
        frame.set(handler.message, Value::Text(None));
        frame.set(handler.origin, Value::Public(Public::unknown(Vec::new(), Why::Computed)));
        frame.at = handler.target as usize;
        Ok(())
    }

    fn branch(
        &mut self,
        frame: &mut Frame,
        graph: &Rc<Graph>,
        span: Span<'_>,
        singly: &[usize],
        truth: Result<Expr, Why>,
        to: usize,
    ) -> Outcome<Option<End>> {
        let onward = frame.at + 1;
        let leaves = |of: &Loop| graph.holds(of, to) != graph.holds(of, onward);
        let truth = match truth {
            Ok(truth) => self.facts.substitute(&truth, &mut |_| None),
            Err(why) => {
                // Of a loop it is assumed how often it turns, not whether it does.
                let turns = singly.iter().filter_map(|&header| graph.loop_at(header)).chain(span.turn).any(leaves);
                self.decide(why, frame, !turns)?
            }
        };
        if let Some(holds) = truth.number() {
            frame.at = if holds == 0 { onward } else { to };
            return Ok(None);
        }
        // What raises is left out: the prediction is of a run in which it does not.
        if self.handles && graph.returns(to) != graph.returns(onward) {
            self.may_raise(frame, Why::Revealed(self.place(frame)), Exception::AssertionError)?;
        }
        match (graph.returns(to), graph.returns(onward)) {
            (true, false) => return Ok(self.assume(frame, &truth, to)),
            (false, true) => return Ok(self.assume(frame, &truth.not(), onward)),
            (true, true) | (false, false) => {}
        }
        if let Some(turn) = span.turn {
            match (graph.holds(turn, to), graph.holds(turn, onward)) {
                (true, true) => {}
                (true, false) => return self.exit(frame, span, truth, to, onward),
                (false, true) => return self.exit(frame, span, truth.not(), onward, to),
                (false, false) => return Err(Halt::Unfollowed),
            }
        }
        let leaves = |header: &usize| {
            let holds = |at| graph.loop_at(*header).is_some_and(|of| graph.holds(of, at));
            !holds(to) || !holds(onward)
        };
        if singly.iter().any(leaves) {
            return Err(self.lost_loop(frame));
        }
        if self.forks >= MOST_FORKS {
            return Err(self.lost_loop(frame));
        }
        self.forks += 1;
        let end = self.fork(frame, graph, span, &truth, to);
        self.forks -= 1;
        end
    }

    /// Goes on at `at`, where `truth` holds.
    fn assume(&mut self, frame: &mut Frame, truth: &Expr, at: usize) -> Option<End> {
        self.facts.learn_truth(truth);
        frame.at = at;
        None
    }

    /// Notes that a place decides something as the program runs.
    pub fn decides(&mut self, place: Place) {
        if !self.decided.contains(&place) {
            self.decided.push(place);
        }
    }

    /// A loop's turns are not known, and what it does depends on them.
    fn lost_loop(&self, frame: &Frame) -> Halt {
        if self.followed.is_empty() {
            return Halt::Stop("how often this loop runs is not known".into(), self.place(frame));
        }
        Halt::Unfollowed
    }

    /// A truth value that is not known.
    fn decide(&mut self, why: Why, frame: &Frame, assumes: bool) -> Outcome<Expr> {
        match why {
            Why::Revealed(_) | Why::Computed => {
                let place = self.place(frame);
                let assumed = self.setting.assumed.get(&place).filter(|_| assumes).map(|&holds| Expr::from(holds != 0));
                self.decides(place);
                let holds = assumed.unwrap_or_else(|| Atom::Hidden(Hidden::Holds(place)).into());
                let code = &self.program.functions[frame.function].code;
                let unless = matches!(code.get(frame.at), Some(crate::isa::Instruction::JumpUnless { .. }));
                Ok(if unless { holds.not() } else { holds })
            }
            Why::Loop(function, header) => {
                if self.setting.symbolic {
                    return self.decide(Why::Computed, frame, assumes);
                }
                Err(self.lost((function, header), frame))
            }
        }
    }

    /// Something is needed that was given up when this loop was walked at once.
    pub fn lost(&self, of: (usize, usize), frame: &Frame) -> Halt {
        if self.followed.contains(&of) {
            return Halt::Unfollowed;
        }
        if !self.setting.symbolic && !self.singly.contains(&of) {
            return Halt::Again(of);
        }
        self.lost_loop(frame)
    }

    fn exit(
        &mut self,
        frame: &mut Frame,
        span: Span<'_>,
        stay: Expr,
        inside: usize,
        outside: usize,
    ) -> Outcome<Option<End>> {
        if !span.notes_exits {
            return Err(Halt::Unfollowed);
        }
        let out = Frame { at: outside, ..frame.clone() };
        self.exits.push(Exit { at: frame.at, stay: stay.clone(), frame: out });
        self.logs.push(Log::default());
        Ok(self.assume(frame, &stay, inside))
    }

    /// Walks both ways, up to where they meet.
    fn fork(
        &mut self,
        frame: &mut Frame,
        graph: &Rc<Graph>,
        span: Span<'_>,
        truth: &Expr,
        to: usize,
    ) -> Outcome<Option<End>> {
        let meet = graph.meeting(frame.at);
        let inside = match (meet, span.turn) {
            (Some(meet), Some(turn)) => graph.holds(turn, meet),
            (None, Some(_)) => false,
            (_, None) => meet.is_some() || span.stop.is_none(),
        };
        if !inside {
            return Err(self.lost_loop(frame));
        }
        let before = self.facts.clone();
        let mut ways = Vec::new();
        for (holds, at) in [(truth.clone(), to), (truth.not(), frame.at + 1)] {
            let mut way = Frame { at, ..frame.clone() };
            self.logs.push(Log::default());
            self.facts.learn_truth(&holds);
            let end = self.run(&mut way, Span { stop: meet, notes_exits: false, ..span });
            let log = self.logs.pop().unwrap_or_default();
            self.facts = before.clone();
            match end {
                Ok(end) => ways.push((holds, way, log, end)),
                // A way that raises is left out, as above.
                Err(Halt::Raised(_)) => {}
                Err(halt) => return Err(halt),
            }
        }
        let mut ended: Option<Vec<Value>> = None;
        let mut met: Option<Frame> = None;
        for (holds, way, log, end) in ways {
            match (end, meet) {
                (End::At(at), Some(meet)) if at == meet => {
                    met = Some(match met {
                        None => way,
                        Some(first) => self.merged(truth, first, &way),
                    });
                }
                (End::Returned(values), None) => {
                    ended = Some(match ended {
                        None => values,
                        Some(first) => self.merged_values(truth, &first, &values, frame),
                    });
                }
                _ => return Err(self.lost_loop(frame)),
            }
            let facts = &self.facts;
            let log = log.map(|(site, done, over), times| {
                let times = guarded(facts, &times, &over, &holds);
                ((site, done, over), times)
            });
            if let Some(last) = self.logs.last_mut() {
                last.extend(log);
            }
        }
        if let Some(values) = ended {
            return Ok(Some(End::Returned(values)));
        }
        *frame = met.ok_or(Halt::Raised(ExceptionId(0)))?;
        Ok(None)
    }

    fn merged(&self, truth: &Expr, a: Frame, b: &Frame) -> Frame {
        let mut out = a;
        let place = (out.function, out.at);
        let chunks = out.registers.iter_mut().flatten().zip(b.registers.iter().flatten());
        for (chunk, other) in chunks.filter(|(own, other)| !Rc::ptr_eq(own, other)) {
            for (slot, other) in Rc::make_mut(chunk).iter_mut().zip(other.iter()) {
                let both = slot.take().zip(other.as_ref());
                *slot = both.map(|(a, b)| select(truth, &a, b, self.blurring(truth, place)));
            }
        }
        out
    }

    fn merged_values(&self, truth: &Expr, a: &[Value], b: &[Value], frame: &Frame) -> Vec<Value> {
        let why = self.blurring(truth, (frame.function, frame.at));
        a.iter().zip(b).map(|(a, b)| select(truth, a, b, why)).collect()
    }

    /// Why what differs on two ways is not known afterwards.
    fn blurring(&self, truth: &Expr, _at: (usize, usize)) -> Why {
        let mut why = Why::Computed;
        truth.visit(&mut |atom| {
            if let Atom::Hidden(Hidden::Holds(place) | Hidden::Turns(place) | Hidden::Number(place, _)) = atom {
                why = Why::Revealed(*place);
            }
        });
        match (why, self.followed.last()) {
            (Why::Computed, Some(&(function, header))) => Why::Loop(function, header),
            (why, _) => why,
        }
    }

    /// Calls a function.
    pub fn call(&mut self, frame: &Frame, function: usize, args: Vec<Value>) -> Outcome<Vec<Value>> {
        let recursion = || Halt::Stop("calls are nested too deep to be followed".into(), self.place(frame));
        if self.calls >= MOST_CALLS {
            return Err(recursion());
        }
        let mut inner = Frame::new(self.program, function).ok_or_else(recursion)?;
        for (&param, arg) in self.program.functions[function].params.iter().zip(args) {
            inner.set(param, arg);
        }
        let site = self.sites.number(Step { caller: self.caller, function: frame.function, at: frame.at });
        let caller = self.caller.replace(site);
        self.calls += 1;
        let end = self.run(&mut inner, Span { stop: None, turn: None, notes_exits: false });
        self.calls -= 1;
        self.caller = caller;
        match end? {
            End::Returned(values) => Ok(values),
            End::At(_) => Err(Halt::Unfollowed),
        }
    }
}

/// `a` where `truth` holds, else `b`.
fn select(truth: &Expr, a: &Value, b: &Value, why: Why) -> Value {
    let choose = |a: &Expr, b: &Expr| if a == b { a.clone() } else { truth.times(&a.minus(b)).plus(b) };
    let shapes = |a: &[Expr], b: &[Expr]| -> Vec<Expr> { a.iter().zip(b).map(|(a, b)| choose(a, b)).collect() };
    match (a, b) {
        _ if a == b => a.clone(),
        (Value::Public(x), Value::Public(y)) if x.shape.len() == y.shape.len() => {
            let data = match (&x.data, &y.data) {
                (Data::Same(x), Data::Same(y)) => Data::Same(choose(x, y)),
                (Data::Each(_), Data::Each(_)) | (Data::Same(_), Data::Each(_)) | (Data::Each(_), Data::Same(_))
                    if x.shape == y.shape =>
                {
                    match (x.elements(), y.elements()) {
                        (Some(x), Some(y)) if x.len() == y.len() => {
                            Data::Each(x.iter().zip(&y).map(|(x, y)| choose(x, y)).collect())
                        }
                        _ => Data::Unknown(why),
                    }
                }
                _ => Data::Unknown(why.stronger(x.why()).stronger(y.why())),
            };
            Value::Public(Public { shape: shapes(&x.shape, &y.shape), data })
        }
        (Value::Secret(x), Value::Secret(y)) if x.len() == y.len() => Value::Secret(shapes(x, y)),
        (Value::List(List::Items(x)), Value::List(List::Items(y))) if x.len() == y.len() => {
            Value::list(x.iter().zip(y.iter()).map(|(x, y)| select(truth, x, y, why)).collect())
        }
        (Value::List(x), Value::List(y)) => {
            let length = choose(&x.length(), &y.length());
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
