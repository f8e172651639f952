//! Runs a program ahead of time, without values, to learn what correlated randomness it will use.
//!
//! The forecast's sharing scheme counts instead of computing. What is opened is not known yet: registers that hold it, or
//! what was computed from it, are *tainted*, and the forecast stops where one of them would decide what happens next. What
//! it has counted until then is what the program certainly uses, as far as it gets there.

use super::error::{Outcome, Traceback};
use super::{Console, Error, Linked, Machine};
use crate::algebra::Domain;
use crate::memory::Value;
use crate::net::{Counters, Net, NetError, Operation, PeerName};
use crate::protocol::Protocol;
use bytes::Bytes;
use mpc_bytecode::operand::{Access, Bank, Place, PortId, Public, Reg, Src};
use mpc_bytecode::{Function, Instruction, Program};

/// Instructions after which a forecast stops: long loops without an end in sight are left to the run itself.
const MOST_INSTRUCTIONS: u64 = 20_000_000;

/// How far a forecast came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// To the end: nothing else will be used.
    Complete,
    /// To a place where a revealed value decides what happens next.
    Revealed,
    /// To an exception that the program will raise, or that unknown values cause.
    Raised,
    /// To the limit of instructions or of the demand.
    Limit,
}

/// Runs a linked program with a scheme that counts; `enough` says when its demand is as large as wanted.
///
/// # Errors
/// [`Error::Program`] where the program is broken.
pub fn forecast<P: Protocol>(
    program: &Program,
    linked: &Linked<P::Domain>,
    protocol: &mut P,
    enough: impl Fn(&P) -> bool,
) -> Result<Reached, Error> {
    let mut net = Nobody { me: linked.me, players: linked.players };
    let mut console = Silence;
    let mut machine = Machine::new(program, linked, protocol, &mut net, &mut console)?;
    machine.dry = true;
    let mut taint = vec![Taint::new(machine.state.frame.function)];
    loop {
        if machine.instructions >= MOST_INSTRUCTIONS || enough(machine.protocol) {
            return Ok(Reached::Limit);
        }
        let instruction = match machine.state.frame.instruction() {
            Ok(instruction) => instruction,
            Err(stop) => return Err(Error::at(stop, Traceback::default())),
        };
        let Some(here) = taint.last_mut() else { return Ok(Reached::Complete) };
        let at_once = machine.state.frame.function.at_once(machine.state.frame.at);
        let raises = at_once.iter().any(|instruction| may_raise(instruction, here));
        if decides(instruction, here) || machine.handler().is_some() && raises {
            return Ok(Reached::Revealed);
        }
        match step(&mut machine, instruction, &mut taint) {
            Ok(true) => {}
            Ok(false) => return Ok(Reached::Complete),
            Err(super::error::Stop::Broken(what)) => return Err(Error::Program(what)),
            Err(_) => return Ok(Reached::Raised),
        }
    }
}

fn step<P: Protocol>(machine: &mut Machine<'_, P>, instruction: &Instruction, taint: &mut Vec<Taint>) -> Outcome<bool> {
    let Some(here) = taint.last_mut() else { return Ok(false) };
    // Only its message can come from what is not known: anything else would have decided.
    let message = match instruction {
        Instruction::Raise { message, .. } | Instruction::Reraise { message, .. } => here.holds(message.reg()),
        _ => false,
    };
    let at_once = machine.state.frame.function.at_once(machine.state.frame.at);
    let more = machine.step()?;
    if let Some(handler) = machine.told.take() {
        taint.truncate(machine.state.callers.len() + 1);
        let [class, text, origin] = handler.told();
        if let Some(here) = taint.last_mut() {
            [(class, false), (text, message), (origin, false)].into_iter().for_each(|(reg, mark)| here.set(reg, mark));
        }
        return Ok(more);
    }
    at_once.iter().for_each(|instruction| follow(machine, instruction, taint));
    Ok(more)
}

/// What an instruction that has been executed tainted.
fn follow<P: Protocol>(machine: &Machine<'_, P>, instruction: &Instruction, taint: &mut Vec<Taint>) {
    let Some(here) = taint.last_mut() else { return };
    match instruction {
        Instruction::Call { args, .. } => {
            let tainted: Vec<bool> = args.iter().map(|arg| here.holds(arg.0)).collect();
            let function = machine.state.frame.function;
            let mut inner = Taint::new(function);
            function.params.iter().zip(tainted).for_each(|(&param, tainted)| inner.set(param, tainted));
            taint.push(inner);
        }
        Instruction::Return { values } => {
            let tainted: Vec<bool> = values.iter().map(|value| here.holds(value.0)).collect();
            taint.pop();
            let frame = &machine.state.frame;
            let call = frame.at.checked_sub(1).and_then(|at| frame.function.code.get(at));
            if let (Some(outer), Some(Instruction::Call { results, .. })) = (taint.last_mut(), call) {
                results.iter().zip(tainted).for_each(|(result, tainted)| outer.set(result.0, tainted));
            }
        }
        _ => here.spread(instruction),
    }
}

/// Which registers of a frame depend on what is not known yet.
struct Taint([Vec<bool>; 3]);

impl Taint {
    fn new(function: &Function) -> Self {
        Taint(std::array::from_fn(|bank| vec![false; function.registers[bank].len()]))
    }

    fn holds(&self, reg: Reg) -> bool {
        self.0[reg.bank as usize].get(reg.index as usize).copied().unwrap_or(false)
    }

    fn set(&mut self, reg: Reg, tainted: bool) {
        if let Some(mark) = self.0[reg.bank as usize].get_mut(reg.index as usize) {
            *mark = tainted;
        }
    }

    /// What an instruction writes is tainted if anything it reads is; what is opened is tainted in any case.
    fn spread(&mut self, instruction: &Instruction) {
        let mut tainted = matches!(instruction, Instruction::Open { .. });
        instruction.accesses(|access| {
            if let Access::Read(reg) = access {
                tainted |= self.holds(reg);
            }
        });
        instruction.accesses(|access| {
            if let Access::Write(reg) = access {
                self.set(reg, tainted);
            }
        });
    }
}

/// Whether a tainted register decides where the program goes, how large something is, or which item is meant.
fn decides(instruction: &Instruction, taint: &Taint) -> bool {
    use Instruction as I;
    let tainted = |srcs: &[Src<Public>]| srcs.iter().any(|src| taint.holds(src.reg()));
    let maybe = |srcs: &[Option<Src<Public>>]| srcs.iter().flatten().any(|src| taint.holds(src.reg()));
    match instruction {
        I::Raise { .. } => false,
        I::Reraise { class, origin, .. } => tainted(&[*class, *origin]),
        I::JumpIf { cond, .. } | I::JumpUnless { cond, .. } => tainted(&[*cond]),
        I::Range { start, stop, step, .. } => tainted(&[*start, *stop, *step]),
        I::Reshape { shape, .. } | I::Broadcast { shape, .. } => tainted(shape),
        I::Index { places, .. } | I::Assign { places, .. } => places.iter().any(|place| match place {
            Place::At(at) => tainted(&[*at]),
            Place::Range(start, stop, step) => maybe(&[*start, *stop, *step]),
            Place::NewAxis | Place::Rest => false,
        }),
        I::Gather { at, .. } | I::Scatter { at, .. } | I::Where { src: at, .. } => tainted(&[*at]),
        I::Pop { at, .. } | I::Get { at, .. } | I::Set { at, .. } => tainted(&[*at]),
        I::Repeat { times, .. } => tainted(&[*times]),
        I::Slice { start, stop, step, .. } => maybe(&[*start, *stop, *step]),
        _ => false,
    }
}

/// Whether a tainted register decides if an exception is raised. That a secret is tainted does not matter: its shape is known.
fn may_raise(instruction: &Instruction, taint: &Taint) -> bool {
    let mut tainted = false;
    instruction.accesses(|access| {
        if let Access::Read(reg) = access {
            tainted |= reg.bank != Bank::Secret && taint.holds(reg);
        }
    });
    tainted && instruction.can_raise()
}

/// Prints and outputs of a forecast go nowhere.
struct Silence;

impl<D: Domain> Console<D> for Silence {
    fn print(&mut self, _text: &str) -> Result<(), String> {
        Ok(())
    }

    fn output(&mut self, _port: PortId, _member: Option<usize>, _value: Value<D>) -> Result<(), String> {
        Ok(())
    }
}

/// The network of a forecast: there is nobody, and nothing is sent.
struct Nobody {
    me: usize,
    players: usize,
}

impl Net for Nobody {
    fn me(&self) -> usize {
        self.me
    }
    fn players(&self) -> usize {
        self.players
    }
    fn dealer(&self) -> Option<usize> {
        None
    }
    fn send(&mut self, _to: usize, _operation: Operation, _payload: Bytes) -> Result<(), NetError> {
        Ok(())
    }
    fn recv(&mut self, from: usize, _operation: Operation) -> Result<Bytes, NetError> {
        Err(NetError::NoPeer { index: from })
    }
    fn counters(&self) -> Counters {
        Counters::new(self.players)
    }
    fn count_round(&mut self) {}
    fn set_line(&mut self, _line: u32) {}
    fn set_epoch(&mut self, _epoch: u32) {}
    fn name(&self, peer: usize) -> PeerName {
        PeerName { index: peer, name: None, dealer: false }
    }
}
