//! Inputs and outputs: what they ask of the scheme, and what becomes of the replies.

use super::Machine;
use super::error::{Outcome, Stop, broken};
use super::interactive::{Asked, Replies, Then};
use super::link::Audience;
use crate::memory::{Public, Value};
use crate::protocol::{Call, Protocol, Recipients, Share, Shares};
use mpc_bytecode::Port;
use mpc_bytecode::operand::{AnyDst, AnySrc, Bank, Dst, PortId};
use std::sync::Arc;

impl<P: Protocol> Machine<'_, P> {
    fn port(&self, id: PortId) -> Outcome<&Port> {
        match self.program.ports.get(id.0 as usize) {
            Some(port) => Ok(port),
            None => broken(format!("there is no {id}")),
        }
    }

    /// Asks for the sharing of input ports: one call for each owner, in order of the players, with everything of the batch that it owns.
    pub(super) fn ask_inputs<'i>(&self, batch: &'i [(AnyDst, PortId)]) -> Outcome<Asked<'i, P::Domain>> {
        if let Some((_, port)) = batch.iter().find(|(_, port)| !self.linked.inputs.contains_key(&port.0)) {
            return broken(format!("{port} is not an input"));
        }
        let owners = (0..self.net.players()).map(|owner| (owner, self.owned(batch, owner)));
        let owners: Vec<_> = owners.filter(|(_, owned)| !owned.is_empty()).collect();
        let calls = owners.iter().map(|(owner, owned)| self.call_of(batch, *owner, owned));
        let calls = calls.collect::<Outcome<Vec<_>>>()?;
        let owned = owners.into_iter().map(|(_, owned)| owned).collect();
        Ok(Asked { calls, then: Then::Inputs { batch, owned } })
    }

    /// The entries of a batch that a player owns, each with the member of the family it is.
    fn owned(&self, batch: &[(AnyDst, PortId)], owner: usize) -> Vec<(usize, usize)> {
        let entries = batch.iter().enumerate().flat_map(|(entry, (_, port))| {
            let members = self.linked.inputs.get(&port.0).map(Vec::as_slice).unwrap_or_default();
            members.iter().enumerate().map(move |(member, input)| (entry, member, input.owner))
        });
        entries.filter(|&(_, _, by)| by == owner).map(|(entry, member, _)| (entry, member)).collect()
    }

    fn call_of(&self, batch: &[(AnyDst, PortId)], owner: usize, owned: &[(usize, usize)]) -> Outcome<Call<P::Domain>> {
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
        Ok(Call::Input { owner, values, shapes })
    }

    /// The sharings of each entry of a batch of inputs.
    pub(super) fn shared(
        &self,
        batch: &[(AnyDst, PortId)],
        owned: &[Vec<(usize, usize)>],
        replies: &mut Replies<P::Domain>,
    ) -> Outcome<Vec<(AnyDst, Vec<Shares<P>>)>> {
        let members = |port: &PortId| self.linked.inputs.get(&port.0).map_or(0, Vec::len);
        let mut results: Vec<Vec<Option<Shares<P>>>> =
            batch.iter().map(|(_, port)| vec![None; members(port)]).collect();
        for owned in owned {
            for ((entry, member), share) in owned.iter().zip(replies.shares(owned.len())?) {
                results[*entry][*member] = Some(share);
            }
        }
        let whole = |(&(dst, _), shares): (&(AnyDst, PortId), Vec<Option<Shares<P>>>)| match shares
            .into_iter()
            .collect::<Option<Vec<_>>>()
        {
            Some(shares) => Ok((dst, shares)),
            None => broken("an input has no owner among the players"),
        };
        batch.iter().zip(results).map(whole).collect()
    }

    pub(super) fn store_input(&mut self, dst: AnyDst, mut shares: Vec<Shares<P>>) -> Outcome<()> {
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

    /// Asks for the opening of values to the roles of output ports: one call for each set of recipients, in order of the batch.
    pub(super) fn ask_outputs<'i>(&self, batch: &[(PortId, AnySrc)]) -> Outcome<Asked<'i, P::Domain>> {
        let mut groups: Vec<Disclosed<P::Domain>> = Vec::new();
        for &(id, src) in batch {
            let value = self.state.frame.value(src)?;
            self.check_output(id, &value)?;
            for part in self.deal_out(id, value)? {
                match groups.iter_mut().find(|group| group.to == part.to) {
                    Some(group) => group.parts.push(part),
                    None => groups.push(Disclosed { to: part.to.clone(), count: 0, parts: vec![part] }),
                }
            }
        }
        let mut calls = Vec::new();
        for group in &mut groups {
            let mut values = Vec::new();
            group.parts.iter().for_each(|part| collect(&part.value, &mut values));
            group.count = values.len();
            if !values.is_empty() {
                calls.push(Call::Open { to: group.to.clone(), values });
            }
        }
        Ok(Asked { calls, then: Then::Outputs(groups) })
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

    /// What this player learns of outputs, in order of the ports.
    pub(super) fn learned(
        &self,
        groups: &[Disclosed<P::Domain>],
        replies: &mut Replies<P::Domain>,
    ) -> Outcome<Vec<Learned<P::Domain>>> {
        let mut learned = Vec::new();
        for group in groups {
            let opened = if group.count == 0 { Some(Vec::new()) } else { replies.opened(group.count)? };
            if !group.to.include(self.net.me()) || self.dry {
                continue;
            }
            let Some(opened) = opened else { return broken("a protocol kept an opening to itself") };
            let mut opened = opened.into_iter();
            for part in &group.parts {
                let kind = self.port(part.id)?.kind;
                let value = replace(&part.value, &mut |_| match opened.next() {
                    Some(values) => Self::opened(kind.opened().unwrap_or(kind), values),
                    None => broken("a protocol returned another number of results"),
                })?;
                learned.push((part.id, part.member, value));
            }
        }
        learned.sort_by_key(|(id, member, _)| (id.0, *member));
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

/// What the same players learn.
pub(super) struct Disclosed<D: crate::algebra::Domain> {
    to: Recipients,
    /// How many sharings are opened.
    count: usize,
    parts: Vec<Part<D>>,
}

/// An output, the member of a family that it is for, and its value.
pub(super) type Learned<D> = (PortId, Option<usize>, Value<D>);

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
