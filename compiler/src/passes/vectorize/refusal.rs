//! Loops that cannot be done at once and communicate: what that costs, and what stands in the way.

use super::super::rounds::rounds;
use super::trace::{Obstacle, Why};
use super::tree::{Node, each_op};
use crate::diagnostic::{Code, Diagnostic, grouped};
use crate::source::{Sources, Span};
use mpc_bytecode::{Locality, Reg};
use std::collections::HashMap;

/// A loop that stays a loop although each turn waits for others.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The loop.
    pub span: Span,
    /// Where a turn needs what another computed.
    pub at: Span,
    /// Where the register in the way is written.
    pub written: Option<Span>,
    /// What is in the way.
    pub why: Why,
    /// Rounds of one turn, about.
    pub rounds: u64,
    /// The number of turns, if the program says it.
    pub turns: Option<u64>,
}

/// Milliseconds of a round in estimates: between continents.
const ROUND: u64 = 40;

impl Refusal {
    /// A refusal, if the loop communicates.
    pub fn of(span: Span, body: &[Node], obstacle: &Obstacle, turns: Option<u64>) -> Option<Self> {
        let found = depth(body, &mut HashMap::new());
        let mut written = None;
        if let Some(reg) = obstacle.reg {
            each_op(body, &mut |op| {
                op.writes(|other| {
                    if other == reg {
                        written = Some(op.span);
                    }
                });
            });
        }
        (found > 0).then_some(Refusal { span, at: obstacle.span, written, why: obstacle.why, rounds: found, turns })
    }

    /// What to tell the user.
    pub fn diagnostic(&self, sources: &Sources) -> Diagnostic {
        let name = self.written.and_then(|span| target(sources, span));
        let each = if self.rounds == 1 { "1 round".into() } else { format!("{} rounds", grouped(self.rounds)) };
        let message = match self.turns {
            Some(turns) => {
                let all = self.rounds.saturating_mul(turns);
                format!(
                    "the turns of this loop run one after another: {each} a turn, {} turns: {} rounds, about {} at {ROUND} ms a round",
                    grouped(turns),
                    grouped(all),
                    duration(all.saturating_mul(ROUND))
                )
            }
            None => format!("the turns of this loop run one after another: {each} a turn"),
        };
        let found = Diagnostic::new(Code::SequentialLoop, self.span, message);
        let (label, help) = match self.why {
            Why::Cycle => match &name {
                Some(name) => (
                    format!("`{name}` at a turn needs `{name}` of the turn before"),
                    format!("compute what does not need `{name}` before the loop, on whole tensors"),
                ),
                None => (
                    "this needs what the turn before has left".into(),
                    "compute what does not need the turn before ahead of the loop, on whole tensors".into(),
                ),
            },
            Why::Elements => (
                match &name {
                    Some(name) => format!("a turn reads an element of `{name}` that another turn writes"),
                    None => "a turn reads an element that another turn writes".into(),
                },
                "read from one tensor and write to another, or compute all elements at once".into(),
            ),
            Why::Effect => (
                "this is seen from outside, turn by turn".into(),
                "compute everything first, then print, call or write in a second loop".into(),
            ),
            Why::Disclosure => (
                "an exception in one turn would keep later turns from disclosing this".into(),
                "compute first, and reveal the whole tensor after the loop".into(),
            ),
            Why::Leaves => (
                "the loop may end here: no turn begins before this is known".into(),
                "find out first how many turns there are, in a loop without secrets, and loop over that many".into(),
            ),
            Why::Order => (
                "an exception here must come after what the turns before print or raise".into(),
                "check before the loop what can fail, or print in a second loop".into(),
            ),
            Why::Shape => (
                "this does not have one shape in all turns".into(),
                "use slices and tensors of one size in all turns".into(),
            ),
        };
        let found = if self.at == self.span { found } else { found.note(self.at, label) };
        found.help(help)
    }
}

/// The rounds on the longest way through a turn, about: inner loops count as one of their turns.
pub fn depth(nodes: &[Node], depths: &mut HashMap<Reg, u64>) -> u64 {
    let mut longest = 0;
    for node in nodes {
        match node {
            Node::Op(op) => {
                let mut before = 0;
                op.reads(|reg| before = before.max(depths.get(&reg).copied().unwrap_or(0)));
                let own = if op.instruction.locality() == Locality::Interactive { rounds(&op.instruction) } else { 0 };
                let after = before + u64::from(own);
                op.writes(|reg| {
                    depths.insert(reg, after);
                });
                longest = longest.max(if own > 0 { after } else { 0 });
            }
            Node::If(choice) => {
                longest = longest.max(depth(&choice.then, depths)).max(depth(&choice.otherwise, depths));
            }
            Node::Loop(inner) => longest = longest.max(depth(&inner.body, depths)),
            Node::While(inner) => longest = longest.max(depth(&inner.head, depths)).max(depth(&inner.body, depths)),
            Node::Raise(..) => {}
        }
    }
    longest
}

/// The variable that the line of a span assigns to; of a statement of several lines, such as an `if`, the one that it also looks at.
fn target(sources: &Sources, span: Span) -> Option<String> {
    let source = sources.get(span.file)?;
    let start = source.lines.start(source.lines.line(span.start)) as usize;
    let statement = source.text.get(start..(span.end as usize).max(start))?;
    if statement.lines().count() < 2 {
        return assigned(source.text.get(start..)?.lines().next()?);
    }
    let names: Vec<String> = statement.lines().filter_map(assigned).collect();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let looked_at = |name: &&String| {
        let (condition, rest) = statement.split_once('\n').unwrap_or((statement, ""));
        let read = rest.lines().filter_map(|line| line.split_once('=')).map(|(_, value)| value);
        [condition].into_iter().chain(read).any(|text| text.split(|c| !word(c)).any(|found| found == **name))
    };
    names.iter().find(looked_at).or(names.first()).cloned()
}

/// The variable that a line assigns to.
fn assigned(line: &str) -> Option<String> {
    let text = line.trim_start();
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let assigns = rest.contains('=') || rest.contains('.');
    let word = ["for", "if", "while", "return", "elif", "else", "print", "def"].contains(&name);
    (assigns && !word && !name.is_empty()).then(|| name.to_owned())
}

fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", grouped(seconds / 3600)),
    }
}
