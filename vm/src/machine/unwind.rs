//! Exceptions on their way to a handler, and the places they come from.
//!
//! What a program can handle is the same at every player: it comes from public values alone, and so does the way to its handler. The rest
//! ends the program.

use super::error::{Error, Outcome, Stop, Thrown};
use super::{Call, Frame, Machine, Traceback};
use crate::memory::{Public, Raised};
use crate::protocol::Protocol;
use mpc_bytecode::operand::ExceptionId;
use mpc_bytecode::program::Handler;
use mpc_bytecode::{Dst, Function};
use std::collections::HashMap;

/// Places of origin that are kept; of what is raised again after more of them, only the place of that is known.
const MOST_ORIGINS: usize = 1 << 16;

/// The calls under way when an exception was raised, the outermost first: each function and the instruction it was at.
type Calls<'p> = Vec<(&'p Function, usize)>;

/// Where exceptions came from that handlers were told of.
#[derive(Default)]
pub(super) struct Origins<'p> {
    list: Vec<Calls<'p>>,
    /// By the functions' addresses.
    known: HashMap<Vec<(usize, usize)>, usize>,
}

impl<'p> Origins<'p> {
    /// The number of a place; `None` when there are too many.
    fn number(&mut self, calls: Calls<'p>) -> Option<usize> {
        let key: Vec<_> = calls.iter().map(|&(function, at)| (std::ptr::from_ref(function) as usize, at)).collect();
        if let Some(&known) = self.known.get(&key) {
            return Some(known);
        }
        if self.list.len() >= MOST_ORIGINS {
            return None;
        }
        self.list.push(calls);
        self.known.insert(key, self.list.len() - 1);
        Some(self.list.len() - 1)
    }
}

impl<'p, P: Protocol> Machine<'p, P> {
    /// Goes on at the innermost handler of an exception of the current instruction.
    ///
    /// # Errors
    /// The exception itself, the frames as they were, where nothing handles it.
    pub(super) fn handle(&mut self, stop: Stop) -> Outcome<()> {
        let caught = self.state.frame.function.code.get(self.state.frame.at).is_some_and(|at| at.can_raise());
        let thrown = match stop {
            Stop::Thrown(thrown) => *thrown,
            Stop::Raised(Raised { exception, message, alike: true }) if caught => {
                Thrown { class: exception.into(), name: exception.to_string(), message, origin: None }
            }
            stop => return Err(stop),
        };
        let Some((depth, handler)) = self.handler() else { return Err(Stop::Thrown(Box::new(thrown))) };
        let origin = thrown.origin.filter(|&origin| origin < self.origins.list.len());
        let origin = origin.or_else(|| {
            let calls = self.calls();
            self.origins.number(calls)
        });
        if depth > 0
            && let Some(frame) = self.state.callers.drain(self.state.callers.len() - depth..).next()
        {
            self.state.frame = frame;
        }
        self.told = Some(handler);
        self.tell(handler, thrown.class, thrown.message, origin)
    }

    /// The innermost handler, and how many calls end on the way to it.
    pub(super) fn handler(&self) -> Option<(usize, &'p Handler)> {
        let frames = [&self.state.frame].into_iter().chain(self.state.callers.iter().rev());
        frames.enumerate().find_map(|(depth, frame)| {
            let function: &'p Function = frame.function;
            Some((depth, function.handler(frame.at)?))
        })
    }

    fn tell(&mut self, handler: &Handler, class: ExceptionId, message: String, origin: Option<usize>) -> Outcome<()> {
        let origin = origin.and_then(|origin| i64::try_from(origin).ok()).unwrap_or(-1);
        let frame = &mut self.state.frame;
        frame.set_public(Dst::new(handler.class.index), Public::int(class.0.into()))?;
        frame.set_public(Dst::new(handler.message.index), Public::Str(message.into()))?;
        frame.set_public(Dst::new(handler.origin.index), Public::int(origin))?;
        frame.at = handler.target as usize;
        Ok(())
    }

    fn calls(&self) -> Calls<'p> {
        let frames = self.state.callers.iter().chain([&self.state.frame]);
        frames.map(|frame: &Frame<'p, P::Domain>| (frame.function, frame.at)).collect()
    }

    /// What ends the program, with its place: of an exception that was raised again, the first.
    pub(super) fn ended(&self, stop: Stop) -> Error {
        let calls = match &stop {
            Stop::Thrown(thrown) => thrown.origin.and_then(|origin| self.origins.list.get(origin)).cloned(),
            _ => None,
        };
        Error::at(stop, self.traceback(calls.unwrap_or_else(|| self.calls())))
    }

    /// The calls of the source: those under way, and within each those that were inlined.
    fn traceback(&self, calls: Calls<'p>) -> Traceback {
        let mut out = Vec::new();
        for (function, at) in calls {
            let first = out.len();
            out.extend(function.places(at).map(|(name, line)| {
                let file = self.program.files.get(line.file as usize).cloned().unwrap_or_default();
                Call { file, line: line.line, function: name.to_owned() }
            }));
            out[first..].reverse();
        }
        Traceback(out)
    }
}
