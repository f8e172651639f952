//! Secret values, with communication. Every instruction is a batch, and several make a group: all operands are read before any result is
//! written, and what one of them raises leaves nothing written.

use super::Machine;
use super::error::{Outcome, Stop, broken};
use super::ports::{Disclosed, Learned};
use super::structure::broadcast_share;
use crate::algebra::{Domain, Tensor};
use crate::memory::{Public, shape};
use crate::protocol::{Call, Protocol, Recipients, Reply, Share, Shares, call};
use mpc_bytecode::Instruction;
use mpc_bytecode::operand::{AnyDst, Dst, PortId, Public as PublicBank, Secret, Src};

type Singles = [(Dst<Secret>, Src<Secret>)];
type Pairs = [(Dst<Secret>, Src<Secret>, Src<Secret>)];

/// What an instruction asks of the scheme.
pub(super) struct Asked<'i, D: Domain> {
    pub calls: Vec<Call<D>>,
    pub then: Then<'i, D>,
}

/// What becomes of the replies.
pub(super) enum Then<'i, D: Domain> {
    /// Sharings of results.
    Shares(Vec<Dst<Secret>>),
    /// Opened values.
    Opened(Vec<Dst<PublicBank>>),
    /// Sharings of inputs; for each call, the entries and members of families that it shares.
    Inputs { batch: &'i [(AnyDst, PortId)], owned: Vec<Vec<(usize, usize)>> },
    /// Opened outputs.
    Outputs(Vec<Disclosed<D>>),
}

/// What an instruction gives, before anything of it is written.
enum Given<D: Domain> {
    Shares(Vec<(Dst<Secret>, Share<D>)>),
    Opened(Vec<(Dst<PublicBank>, Public<D>)>),
    Inputs(Vec<(AnyDst, Vec<Share<D>>)>),
    Outputs(Vec<Learned<D>>),
}

/// Replies of a scheme, in order of the calls.
pub(super) struct Replies<D: Domain>(std::vec::IntoIter<Reply<D>>);

impl<D: Domain> Replies<D> {
    /// The next reply: so many sharings.
    pub fn shares(&mut self, count: usize) -> Outcome<Vec<Share<D>>> {
        match self.0.next() {
            Some(Reply::Shares(shares)) if shares.len() == count => Ok(shares),
            Some(Reply::Shares(_) | Reply::Opened(_)) | None => broken("a protocol returned another number of results"),
        }
    }

    /// The next reply: so many opened values, or nothing at a player who is no recipient.
    pub fn opened(&mut self, count: usize) -> Outcome<Option<Vec<Tensor<D>>>> {
        match self.0.next() {
            Some(Reply::Opened(opened)) if opened.as_ref().is_none_or(|opened| opened.len() == count) => Ok(opened),
            Some(Reply::Shares(_) | Reply::Opened(_)) | None => broken("a protocol returned another number of results"),
        }
    }
}

impl<'p, P: Protocol> Machine<'p, P> {
    /// Executes the group that begins at the frame's place.
    pub(super) fn together(&mut self) -> Outcome<()> {
        let members = self.state.frame.function.at_once(self.state.frame.at);
        self.instructions += members.len() as u64;
        self.state.frame.at += 1;
        self.interact(members)
    }

    /// Executes instructions that communicate, from the frame's place on, in as many rounds as the longest of them. The place is at last that of the
    /// last; where something goes wrong, that of the instruction which it is about.
    pub(super) fn interact(&mut self, members: &'p [Instruction]) -> Outcome<()> {
        let first = self.state.frame.at;
        let (mut asked, mut calls, mut member_of) = (Vec::new(), Vec::new(), Vec::new());
        for (member, instruction) in members.iter().enumerate() {
            self.state.frame.at = first + member;
            let Asked { calls: new, then } = self.ask(instruction)?;
            let line = self.line();
            member_of.extend(new.iter().map(|_| member));
            calls.extend(new.into_iter().map(|call| (line, call)));
            asked.push(then);
        }
        let replies = call::run(self.protocol, self.net, &calls).map_err(|failed| {
            self.state.frame.at = first + member_of.get(failed.member).copied().unwrap_or(0);
            Stop::from(failed.fault)
        })?;
        let mut replies = Replies(replies.into_iter());
        let mut given = Vec::with_capacity(members.len());
        for (member, then) in asked.into_iter().enumerate() {
            self.state.frame.at = first + member;
            given.push(self.given(then, &mut replies)?);
        }
        for (member, given) in given.into_iter().enumerate() {
            self.state.frame.at = first + member;
            self.take(given)?;
        }
        Ok(())
    }

    /// Reads the operands of an instruction.
    fn ask<'i>(&self, instruction: &'i Instruction) -> Outcome<Asked<'i, P::Domain>> {
        use Instruction as I;
        let (call, to) = match instruction {
            I::Mul { batch } => (Call::Mul(self.equal_pairs(batch)?), results_of_pairs(batch)),
            I::Matmul { batch } => (Call::Matmul(self.pairs(batch)?), results_of_pairs(batch)),
            I::Square { batch } => (Call::Square(self.singles(batch)?), results(batch)),
            I::Trunc { bits, batch } => (Call::Trunc(*bits, self.singles(batch)?), results(batch)),
            I::Ltz { bits, batch } => (Call::Ltz(*bits, self.singles(batch)?), results(batch)),
            I::Eqz { bits, batch } => (Call::Eqz(*bits, self.singles(batch)?), results(batch)),
            I::Bits { bits, batch } => (Call::Bits(*bits, self.singles(batch)?), results(batch)),
            I::Open { batch } => {
                let values = batch.iter().map(|&(_, src)| self.state.frame.secret(src).cloned());
                let call = Call::Open { to: Recipients::All, values: values.collect::<Outcome<_>>()? };
                return Ok(Asked { calls: vec![call], then: Then::Opened(results(batch)) });
            }
            I::Input { batch } => return self.ask_inputs(batch),
            I::Output { batch } => return self.ask_outputs(batch),
            // The verifier admits none but those that the table calls interactive, which stand above.
            local => return broken(format!("`{}` does not communicate", local.mnemonic())),
        };
        Ok(Asked { calls: vec![call], then: Then::Shares(to) })
    }

    fn singles(&self, batch: &Singles) -> Outcome<Vec<Shares<P>>> {
        batch.iter().map(|&(_, src)| self.state.frame.secret(src).cloned()).collect()
    }

    fn pairs(&self, batch: &Pairs) -> Outcome<Vec<(Shares<P>, Shares<P>)>> {
        let frame = &self.state.frame;
        batch.iter().map(|&(_, a, b)| Ok((frame.secret(a)?.clone(), frame.secret(b)?.clone()))).collect()
    }

    /// Operands broadcast to a common shape.
    fn equal_pairs(&self, batch: &Pairs) -> Outcome<Vec<(Shares<P>, Shares<P>)>> {
        let frame = &self.state.frame;
        let pair = |&(_, a, b): &(Dst<Secret>, Src<Secret>, Src<Secret>)| {
            let (a, b) = (frame.secret(a)?, frame.secret(b)?);
            let to = shape::broadcast_shapes(a.shape(), b.shape())?;
            Ok((broadcast_share(a, &to)?, broadcast_share(b, &to)?))
        };
        batch.iter().map(pair).collect()
    }

    /// What the replies to an instruction's calls make.
    fn given(&self, then: Then<'_, P::Domain>, replies: &mut Replies<P::Domain>) -> Outcome<Given<P::Domain>> {
        Ok(match then {
            Then::Shares(to) => {
                let shares = replies.shares(to.len())?;
                Given::Shares(to.into_iter().zip(shares).collect())
            }
            Then::Opened(to) => {
                let Some(opened) = replies.opened(to.len())? else {
                    return broken("a protocol kept an opening to itself");
                };
                let open = |(dst, values)| Ok((dst, Self::opened(self.state.frame.kind(dst)?, values)?));
                Given::Opened(to.into_iter().zip(opened).map(open).collect::<Outcome<_>>()?)
            }
            Then::Inputs { batch, owned } => Given::Inputs(self.shared(batch, &owned, replies)?),
            Then::Outputs(groups) => Given::Outputs(self.learned(&groups, replies)?),
        })
    }

    /// Writes an instruction's results.
    fn take(&mut self, given: Given<P::Domain>) -> Outcome<()> {
        match given {
            Given::Shares(shares) => shares.into_iter().try_for_each(|(dst, share)| self.set_computed(dst, share)),
            Given::Opened(values) => {
                values.into_iter().try_for_each(|(dst, value)| self.state.frame.set_public(dst, value))
            }
            Given::Inputs(inputs) => inputs.into_iter().try_for_each(|(dst, shares)| self.store_input(dst, shares)),
            Given::Outputs(learned) => learned
                .into_iter()
                .try_for_each(|(id, member, value)| self.console.output(id, member, value).map_err(Stop::Output)),
        }
    }
}

fn results<B: Copy>(batch: &[(Dst<B>, Src<Secret>)]) -> Vec<Dst<B>> {
    batch.iter().map(|&(dst, _)| dst).collect()
}

fn results_of_pairs(batch: &Pairs) -> Vec<Dst<Secret>> {
    batch.iter().map(|&(dst, _, _)| dst).collect()
}
