//! The machine: runs a program at one player.
//!
//! [`mod@link`] settles with the other players what is being run and how large everything is; [`Machine`] then executes
//! instruction by instruction. All public state is the same at every player, shares are the only difference.
//!
//! Registers are values ([`crate::memory`]): a [`State`] is a snapshot that costs a counter a register.
//!
//! Invariant: nothing here panics, whatever the program, the data and the peers are.

mod console;
mod dispatch;
mod error;
mod forecast;
mod format;
mod frame;
mod integer;
mod interactive;
pub mod link;
mod lists;
mod operators;
mod ports;
mod public;
mod reduce;
mod secret;
mod structure;
mod unwind;

pub use console::Terminal;
pub use error::{Call, Error, Traceback};
pub use forecast::{Reached, forecast};
pub use frame::{Frame, State};
pub use link::{Audience, Cast, Linked, Start, greet_dealer, greet_players, link, prepare};

use crate::algebra::Domain;
use crate::fixed::Fixed;
use crate::memory::{Public, Value, shape};
use crate::net::{Net, NetError, Traffic};
use crate::protocol::Protocol;
use error::{Outcome, Stop, broken};
use mpc_bytecode::operand::PortId;
use mpc_bytecode::program::Handler;
use mpc_bytecode::{Constant, Function, Program};
use std::time::{Duration, Instant};
use unwind::Origins;

/// Where prints and outputs go.
pub trait Console<D: Domain> {
    /// Writes what the program prints, as it is.
    ///
    /// # Errors
    /// Why it cannot be written.
    fn print(&mut self, text: &str) -> Result<(), String>;

    /// Takes the value of an output port that this player may know; of one that is dealt out to a family, a member's item.
    ///
    /// # Errors
    /// Why it cannot be written.
    fn output(&mut self, port: PortId, member: Option<usize>, value: Value<D>) -> Result<(), String>;
}

/// Looks whether another player has failed, for stretches in which this one does not communicate; it is given the source line.
pub type Watch<'a> = &'a dyn Fn(u32) -> Option<NetError>;

/// Instructions between two looks at the others.
const LOOK_EVERY: u64 = 1 << 12;

/// What a run took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Statistics {
    /// Instructions executed.
    pub instructions: u64,
    /// Rounds of communication.
    pub rounds: u64,
    /// Messages and bytes on the channel the program ran on.
    pub traffic: Traffic,
    /// Time.
    pub elapsed: Duration,
}

/// A program under way at one player.
pub struct Machine<'p, P: Protocol> {
    program: &'p Program,
    linked: &'p Linked<P::Domain>,
    constants: Vec<Public<P::Domain>>,
    fixed: Fixed,
    protocol: &'p mut P,
    net: &'p mut dyn Net,
    console: &'p mut dyn Console<P::Domain>,
    watch: Option<Watch<'p>>,
    state: State<'p, P::Domain>,
    instructions: u64,
    dry: bool,
    origins: Origins<'p>,
    /// The handler that was last told of an exception.
    told: Option<&'p Handler>,
}

impl<'p, P: Protocol> Machine<'p, P> {
    /// A machine at the beginning of a verified, linked program.
    ///
    /// # Errors
    /// [`Error::Program`] where the program has no top level or a constant that is none.
    pub fn new(
        program: &'p Program,
        linked: &'p Linked<P::Domain>,
        protocol: &'p mut P,
        net: &'p mut dyn Net,
        console: &'p mut dyn Console<P::Domain>,
    ) -> Result<Self, Error> {
        let fixed = Fixed::new(&program.precision);
        let constants = program.constants.iter().map(|constant| load(constant, fixed));
        let constants = constants.collect::<Outcome<_>>().map_err(|stop| Error::at(stop, Traceback::default()))?;
        let top = program.functions.first().ok_or_else(|| Error::Program("it has no function".into()))?;
        let state = State::new(top);
        let (origins, told) = (Origins::default(), None);
        let (watch, instructions, dry) = (None, 0, false);
        Ok(Self {
            program,
            linked,
            constants,
            fixed,
            protocol,
            net,
            console,
            watch,
            state,
            instructions,
            dry,
            origins,
            told,
        })
    }

    /// Has the machine look at `watch` now and then, so that a stretch without communication ends when a player is lost.
    #[must_use]
    pub fn watched(self, watch: Watch<'p>) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// What stopped it, with the place in the source.
    pub fn run(mut self) -> Result<Statistics, Error> {
        let (start, before) = (Instant::now(), self.net.counters());
        self.steps().map_err(|stop| self.ended(stop))?;
        let after = self.net.counters();
        Ok(Statistics {
            instructions: self.instructions,
            rounds: after.rounds - before.rounds,
            traffic: after.total() - before.total(),
            elapsed: start.elapsed(),
        })
    }

    fn steps(&mut self) -> Outcome<()> {
        while self.step()? {}
        Ok(())
    }

    /// Executes one instruction; false at the end of the program.
    fn step(&mut self) -> Outcome<bool> {
        self.instructions += 1;
        if self.instructions.is_multiple_of(LOOK_EVERY)
            && let Some(failure) = self.watch.and_then(|watch| watch(self.line()))
        {
            return Err(failure.into());
        }
        let instruction = self.state.frame.instruction()?;
        match self.execute(instruction) {
            Ok(Flow::Next) => self.state.frame.at += 1,
            Ok(Flow::Jump(to)) => self.state.frame.at = to as usize,
            Ok(Flow::Entered) => {}
            Ok(Flow::Finished) => return Ok(false),
            Err(stop) => self.handle(stop)?,
        }
        Ok(true)
    }

    /// Where the program is: the line in the entry file, whatever function of another file is at work.
    fn line(&self) -> u32 {
        let frames = [&self.state.frame].into_iter().chain(self.state.callers.iter().rev());
        let lines = frames.flat_map(|frame| frame.function.places(frame.at)).map(|(_, line)| line);
        let mut lines = lines.filter(|line| line.line > 0);
        lines.find(|line| line.file == 0).map_or(0, |line| line.line)
    }

    fn function(&self, index: u32) -> Outcome<&'p Function> {
        match self.program.functions.get(index as usize) {
            Some(function) => Ok(function),
            None => broken(format!("there is no function f{index}")),
        }
    }
}

/// Where to go on after an instruction.
enum Flow {
    /// With the next one.
    Next,
    /// Elsewhere in the function.
    Jump(u32),
    /// In another frame, whose place is set.
    Entered,
    /// Nowhere: the program is over.
    Finished,
}

/// A constant of the pool as a value.
fn load<D: Domain>(constant: &Constant, fixed: Fixed) -> Outcome<Public<D>> {
    let sizes =
        |shape: &[u64]| shape.iter().map(|&size| usize::try_from(size).unwrap_or(usize::MAX)).collect::<Vec<_>>();
    let loaded = match constant {
        Constant::Int(shape, values) => shape::assemble(&sizes(shape), values.clone()).map(Public::Int),
        Constant::Bool(shape, values) => shape::assemble(&sizes(shape), values.clone()).map(Public::Bool),
        Constant::Str(text) => Ok(Public::Str(text.as_str().into())),
        Constant::Fix(shape, values) => {
            let values = values.iter().map(|&raw| fixed.check(Some(raw)).map(D::from_i128));
            values.collect::<Result<_, _>>().and_then(|raw| shape::assemble(&sizes(shape), raw)).map(Public::Fix)
        }
    };
    loaded.map_err(|raised| Stop::Broken(format!("a constant cannot be loaded: {}", raised.message)))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod unwind_tests;
