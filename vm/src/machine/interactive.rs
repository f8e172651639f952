//! Secret values, with communication. Every instruction is a batch: all operands are read before any result is written.

use super::Machine;
use super::error::{Outcome, Stop, broken};
use super::link::Audience;
use super::structure::broadcast_share;
use crate::memory::{Public, Value, shape};
use crate::net::Net;
use crate::protocol::{Fault, Protocol, Recipients, Share, Shares};
use mpc_bytecode::Port;
use mpc_bytecode::operand::{AnyDst, AnySrc, Bank, Dst, PortId, Public as PublicBank, Secret, Src};
use std::sync::Arc;

type Singles = [(Dst<Secret>, Src<Secret>)];
type Pairs = [(Dst<Secret>, Src<Secret>, Src<Secret>)];

impl<P: Protocol> Machine<'_, P> {
    fn each(
        &mut self,
        batch: &Singles,
        run: impl FnOnce(&mut P, &mut dyn Net, &[Shares<P>]) -> Result<Vec<Shares<P>>, Fault>,
    ) -> Outcome<()> {
        let values =
            batch.iter().map(|&(_, src)| self.state.frame.secret(src).cloned()).collect::<Outcome<Vec<_>>>()?;
        self.mark_line();
        let results = run(self.protocol, self.net, &values)?;
        self.store(batch.iter().map(|&(dst, _)| dst), results)
    }

    fn store(&mut self, to: impl ExactSizeIterator<Item = Dst<Secret>>, results: Vec<Shares<P>>) -> Outcome<()> {
        if to.len() != results.len() {
            return broken("a protocol returned another number of results");
        }
        to.zip(results).try_for_each(|(dst, value)| self.set_computed(dst, value))
    }

    pub(super) fn mul(&mut self, batch: &Pairs) -> Outcome<()> {
        let frame = &self.state.frame;
        let pairs = batch.iter().map(|&(_, a, b)| {
            let (a, b) = (frame.secret(a)?, frame.secret(b)?);
            let to = shape::broadcast_shapes(a.shape(), b.shape())?;
            Ok((broadcast_share(a, &to)?, broadcast_share(b, &to)?))
        });
        let pairs = pairs.collect::<Outcome<Vec<_>>>()?;
        self.mark_line();
        let results = self.protocol.mul(self.net, &pairs)?;
        self.store(batch.iter().map(|&(dst, _, _)| dst), results)
    }

    pub(super) fn matmul(&mut self, batch: &Pairs) -> Outcome<()> {
        let frame = &self.state.frame;
        let pairs = batch.iter().map(|&(_, a, b)| Ok((frame.secret(a)?.clone(), frame.secret(b)?.clone())));
        let pairs = pairs.collect::<Outcome<Vec<_>>>()?;
        self.mark_line();
        let results = self.protocol.matmul(self.net, &pairs)?;
        self.store(batch.iter().map(|&(dst, _, _)| dst), results)
    }

    pub(super) fn square(&mut self, batch: &Singles) -> Outcome<()> {
        self.each(batch, |protocol, net, values| protocol.square(net, values))
    }

    pub(super) fn trunc(&mut self, bits: u32, batch: &Singles) -> Outcome<()> {
        self.each(batch, |protocol, net, values| protocol.trunc(net, bits, values))
    }

    pub(super) fn ltz(&mut self, bits: u32, batch: &Singles) -> Outcome<()> {
        self.each(batch, |protocol, net, values| protocol.ltz(net, bits, values))
    }

    pub(super) fn eqz(&mut self, bits: u32, batch: &Singles) -> Outcome<()> {
        self.each(batch, |protocol, net, values| protocol.eqz(net, bits, values))
    }

    pub(super) fn bits(&mut self, bits: u32, batch: &Singles) -> Outcome<()> {
        self.each(batch, |protocol, net, values| protocol.bits(net, bits, values))
    }

    pub(super) fn open(&mut self, batch: &[(Dst<PublicBank>, Src<Secret>)]) -> Outcome<()> {
        let values =
            batch.iter().map(|&(_, src)| self.state.frame.secret(src).cloned()).collect::<Outcome<Vec<_>>>()?;
        self.mark_line();
        let opened = self.protocol.open(self.net, &Recipients::All, &values)?;
        let opened = opened.filter(|opened| opened.len() == batch.len());
        let Some(opened) = opened else { return broken("a protocol returned another number of results") };
        let frame = &self.state.frame;
        let values = batch.iter().zip(opened).map(|(&(dst, _), values)| Self::opened(frame.kind(dst)?, values));
        let values = values.collect::<Outcome<Vec<_>>>()?;
        batch.iter().zip(values).try_for_each(|(&(dst, _), value)| self.state.frame.set_public(dst, value))
    }

    fn port(&self, id: PortId) -> Outcome<&Port> {
        match self.program.ports.get(id.0 as usize) {
            Some(port) => Ok(port),
            None => broken(format!("there is no {id}")),
        }
    }

    /// Shares input ports: one sharing for each owner, in order of the players, with everything of the batch that it owns.
    pub(super) fn input(&mut self, batch: &[(AnyDst, PortId)]) -> Outcome<()> {
        let mut results: Vec<Vec<Option<Shares<P>>>> = Vec::with_capacity(batch.len());
        for &(_, port) in batch {
            match self.linked.inputs.get(&port.0) {
                Some(members) => results.push(vec![None; members.len()]),
                None => return broken(format!("{port} is not an input")),
            }
        }
        self.mark_line();
        for owner in 0..self.net.players() {
            let owned = self.owned(batch, owner);
            if owned.is_empty() {
                continue;
            }
            for ((entry, member), share) in owned.iter().zip(self.input_of(batch, owner, &owned)?) {
                results[*entry][*member] = Some(share);
            }
        }
        for (&(dst, _), shares) in batch.iter().zip(results) {
            self.store_input(dst, shares)?;
        }
        Ok(())
    }

    /// The entries of a batch that a player owns, each with the member of the family it is.
    fn owned(&self, batch: &[(AnyDst, PortId)], owner: usize) -> Vec<(usize, usize)> {
        let entries = batch.iter().enumerate().flat_map(|(entry, (_, port))| {
            let members = self.linked.inputs.get(&port.0).map(Vec::as_slice).unwrap_or_default();
            members.iter().enumerate().map(move |(member, input)| (entry, member, input.owner))
        });
        entries.filter(|&(_, _, by)| by == owner).map(|(entry, member, _)| (entry, member)).collect()
    }

    fn input_of(
        &mut self,
        batch: &[(AnyDst, PortId)],
        owner: usize,
        owned: &[(usize, usize)],
    ) -> Outcome<Vec<Shares<P>>> {
        let inputs = owned.iter().map(|&(entry, member)| (batch[entry].1, member));
        let inputs = inputs.filter_map(|(port, member)| self.linked.inputs.get(&port.0)?.get(member));
        let inputs: Vec<_> = inputs.collect();
        let shapes: Vec<Vec<usize>> = inputs.iter().map(|input| input.shape.clone()).collect();
        let mine = owner == self.net.me() && !self.dry;
        let values = inputs.iter().map(|input| match &input.value {
            Some(value) => value.to_ring().ok_or_else(|| Stop::Broken("text cannot be shared".into())),
            None => broken("an input of this player has no value"),
        });
        let values = if mine { Some(values.collect::<Outcome<Vec<_>>>()?) } else { None };
        let shares = self.protocol.input(self.net, owner, values.as_deref(), &shapes)?;
        if shares.len() == owned.len() { Ok(shares) } else { broken("a protocol returned another number of results") }
    }

    fn store_input(&mut self, dst: AnyDst, shares: Vec<Option<Shares<P>>>) -> Outcome<()> {
        let Some(mut shares) = shares.into_iter().collect::<Option<Vec<_>>>() else {
            return broken("an input has no owner among the players");
        };
        match dst.0.bank {
            Bank::Secret if shares.len() == 1 => match shares.pop() {
                Some(share) => self.set_computed(Dst::new(dst.0.index), share),
                None => broken("an input without a value"),
            },
            Bank::List => {
                let items = shares.into_iter().map(|share| Value::Secret(Box::new(share))).collect();
                self.state.frame.set_list(Dst::new(dst.0.index), Arc::new(items))
            }
            Bank::Secret | Bank::Public => broken("an input goes to a register of another bank"),
        }
    }

    /// Discloses values to the roles of output ports: one opening for each set of recipients, in order of the batch. What this
    /// player learns it puts out in order of the ports, once all of it is there.
    pub(super) fn output(&mut self, batch: &[(PortId, AnySrc)]) -> Outcome<()> {
        let mut parts = Vec::with_capacity(batch.len());
        for &(id, src) in batch {
            let value = self.state.frame.value(src)?;
            self.check_output(id, &value)?;
            parts.extend(self.deal_out(id, value)?);
        }
        self.mark_line();
        let mut groups: Vec<&Recipients> = Vec::new();
        for part in &parts {
            if !groups.contains(&&part.to) {
                groups.push(&part.to);
            }
        }
        let mut learned = Vec::new();
        for to in groups {
            let of_group: Vec<_> = parts.iter().filter(|part| part.to == *to).collect();
            learned.extend(self.disclose(to, &of_group)?);
        }
        learned.sort_by_key(|(id, member, _)| (id.0, *member));
        learned
            .into_iter()
            .try_for_each(|(id, member, value)| self.console.output(id, member, value).map_err(Stop::Output))
    }

    /// What each recipient of an output learns of it.
    fn deal_out(&self, id: PortId, value: Value<P::Domain>) -> Outcome<Vec<Part<P::Domain>>> {
        let players = match (self.linked.audiences.get(&id.0), &value) {
            (Some(Audience::Together(to)), _) => return Ok(vec![Part { id, member: None, to: to.clone(), value }]),
            (Some(Audience::Each(players)), Value::List(_)) => players,
            (Some(Audience::Each(_)) | None, _) => return broken(format!("{id} is not an output of this kind")),
        };
        let items: &[Value<P::Domain>] = if let Value::List(items) = &value { items } else { &[] };
        if items.len() != players.len() {
            let name = &self.port(id)?.name;
            let message = format!("output `{name}` has {} items for {} members", items.len(), players.len());
            return Err(crate::memory::Raised::value(message).into());
        }
        let part = |(member, (item, &player)): (usize, (&Value<P::Domain>, &usize))| Part {
            id,
            member: Some(member),
            to: Recipients::Players(vec![player]),
            value: item.clone(),
        };
        Ok(items.iter().zip(players).enumerate().map(part).collect())
    }

    /// Opens values to their recipients, and returns them where this player is one.
    fn disclose(&mut self, to: &Recipients, entries: &[&Part<P::Domain>]) -> Outcome<Vec<Learned<P::Domain>>> {
        let mut shares = Vec::new();
        entries.iter().for_each(|part| collect(&part.value, &mut shares));
        let count = shares.len();
        let opened = if shares.is_empty() { Some(Vec::new()) } else { self.protocol.open(self.net, to, &shares)? };
        if !to.include(self.net.me()) || self.dry {
            return Ok(Vec::new());
        }
        let Some(opened) = opened.filter(|opened| opened.len() == count) else {
            return broken("a protocol returned another number of results");
        };
        let mut opened = opened.into_iter();
        let mut learned = Vec::with_capacity(entries.len());
        for part in entries {
            let kind = self.port(part.id)?.kind;
            let value = replace(&part.value, &mut |_| match opened.next() {
                Some(values) => Self::opened(kind.opened().unwrap_or(kind), values),
                None => broken("a protocol returned another number of results"),
            })?;
            learned.push((part.id, part.member, value));
        }
        Ok(learned)
    }

    /// An output has the shape that its port promises.
    fn check_output(&self, id: PortId, value: &Value<P::Domain>) -> Outcome<()> {
        let port = self.port(id)?;
        let found = match value {
            Value::Public(x) => x.shape(),
            Value::Secret(x) => x.shape(),
            Value::List(items) if port.list => return items.iter().try_for_each(|item| self.check_output(id, item)),
            Value::List(_) => return broken(format!("output `{}` gets a list", port.name)),
        };
        match self.linked.shape_misfit(port, found) {
            None => Ok(()),
            Some(message) => Err(crate::memory::Raised::value(format!("output `{}` {message}", port.name)).into()),
        }
    }
}

/// An output, the member of a family that it is for, and its value.
type Learned<D> = (PortId, Option<usize>, Value<D>);

/// A value of an output port, or a member's item of it, and who learns it.
struct Part<D: crate::algebra::Domain> {
    id: PortId,
    member: Option<usize>,
    to: Recipients,
    value: Value<D>,
}

/// The shares within a value, in order.
fn collect<D: crate::algebra::Domain>(value: &Value<D>, out: &mut Vec<Share<D>>) {
    match value {
        Value::Public(_) => {}
        Value::Secret(share) => out.push((**share).clone()),
        Value::List(items) => items.iter().for_each(|item| collect(item, out)),
    }
}

/// The value with every share replaced by what was opened.
fn replace<D: crate::algebra::Domain>(
    value: &Value<D>,
    open: &mut dyn FnMut(&Share<D>) -> Outcome<Public<D>>,
) -> Outcome<Value<D>> {
    Ok(match value {
        Value::Public(value) => Value::Public(value.clone()),
        Value::Secret(share) => Value::Public(open(share)?),
        Value::List(items) => {
            let items = items.iter().map(|item| replace(item, open)).collect::<Outcome<Vec<_>>>()?;
            Value::List(Arc::new(items))
        }
    })
}
