//! Secret values, without communication.

use super::Machine;
use super::error::{Outcome, broken};
use crate::algebra::Domain;
use crate::memory::Public;
use crate::protocol::{Protocol, Shares, Values};
use mpc_bytecode::Kind;
use mpc_bytecode::operand::{Dst, Public as PublicBank, Secret, Src};

type To = Dst<Secret>;
type From = Src<Secret>;

impl<P: Protocol> Machine<'_, P> {
    /// Writes a computed value; a scheme that sees values checks that it is in its kind's range.
    pub(super) fn set_computed(&mut self, dst: To, share: Shares<P>) -> Outcome<()> {
        let precision = &self.program.precision;
        let bits = match self.state.frame.kind(dst)? {
            Kind::Sint => Some(precision.int_bits),
            Kind::Sfix => Some(precision.fix_bits),
            // 0 and 1, with a sign that is never set.
            Kind::Sbool => Some(2),
            Kind::Raw => None,
            Kind::Int | Kind::Fix | Kind::Bool | Kind::Str => return broken("a secret register holds a public kind"),
        };
        if let Some(bits) = bits {
            self.protocol.check_range(&share, bits)?;
        }
        self.state.frame.set_secret(dst, share)
    }

    /// A public register as ring elements: fixed point keeps its scale.
    fn ring(&self, src: Src<PublicBank>) -> Outcome<Values<P>> {
        match self.state.frame.public(src)?.to_ring() {
            Some(values) => Ok(values),
            None => broken("text has no sharing"),
        }
    }

    pub(super) fn share(&mut self, dst: To, src: Src<PublicBank>) -> Outcome<()> {
        let value = self.protocol.share_public(&self.ring(src)?);
        self.set_computed(dst, value)
    }

    pub(super) fn add(&mut self, dst: To, a: From, b: From) -> Outcome<()> {
        let value = self.protocol.add(self.state.frame.secret(a)?, self.state.frame.secret(b)?)?;
        self.set_computed(dst, value)
    }

    pub(super) fn sub(&mut self, dst: To, a: From, b: From) -> Outcome<()> {
        let value = self.protocol.sub(self.state.frame.secret(a)?, self.state.frame.secret(b)?)?;
        self.set_computed(dst, value)
    }

    pub(super) fn neg(&mut self, dst: To, src: From) -> Outcome<()> {
        let value = self.protocol.neg(self.state.frame.secret(src)?)?;
        self.set_computed(dst, value)
    }

    pub(super) fn add_public(&mut self, dst: To, a: From, b: Src<PublicBank>) -> Outcome<()> {
        let value = self.protocol.add_public(self.state.frame.secret(a)?, &self.ring(b)?)?;
        self.set_computed(dst, value)
    }

    pub(super) fn public_sub(&mut self, dst: To, a: Src<PublicBank>, b: From) -> Outcome<()> {
        let value = self.protocol.public_sub(&self.ring(a)?, self.state.frame.secret(b)?)?;
        self.set_computed(dst, value)
    }

    pub(super) fn mul_public(&mut self, dst: To, a: From, b: Src<PublicBank>) -> Outcome<()> {
        let value = self.protocol.mul_public(self.state.frame.secret(a)?, &self.ring(b)?)?;
        self.set_computed(dst, value)
    }

    pub(super) fn matmul_public(&mut self, dst: To, a: From, b: Src<PublicBank>) -> Outcome<()> {
        let value = self.protocol.matmul_public(self.state.frame.secret(a)?, &self.ring(b)?)?;
        self.set_computed(dst, value)
    }

    pub(super) fn public_matmul(&mut self, dst: To, a: Src<PublicBank>, b: From) -> Outcome<()> {
        let value = self.protocol.public_matmul(&self.ring(a)?, self.state.frame.secret(b)?)?;
        self.set_computed(dst, value)
    }

    pub(super) fn sum(&mut self, dst: To, src: From, axes: &[u32]) -> Outcome<()> {
        let x = self.state.frame.secret(src)?;
        crate::memory::shape::marked(x.shape().len(), axes)?;
        let axes: Vec<usize> = axes.iter().map(|&axis| axis as usize).collect();
        let value = self.protocol.sum(x, &axes)?;
        self.set_computed(dst, value)
    }

    pub(super) fn shift_left(&mut self, dst: To, src: From, bits: u32) -> Outcome<()> {
        let value = self.protocol.shift_left(self.state.frame.secret(src)?, bits)?;
        self.set_computed(dst, value)
    }

    pub(super) fn retype(&mut self, dst: To, src: From) -> Outcome<()> {
        let value = self.state.frame.secret(src)?.clone();
        self.set_computed(dst, value)
    }

    /// An opened tensor as a value of a kind.
    pub(super) fn opened(kind: Kind, values: Values<P>) -> Outcome<Public<P::Domain>> {
        use crate::memory::{Elements, Raised};
        let values = Elements::from(values);
        Ok(match kind {
            Kind::Fix => Public::Fix(values),
            Kind::Bool => Public::Bool(values.map(|x| Ok(x != P::Domain::ZERO))?),
            Kind::Int => {
                let fit = |x: P::Domain| i64::try_from(x.to_i128());
                let too_large = |_| Raised::overflow("a revealed integer does not fit 64 bits");
                Public::Int(values.map(|x| fit(x).map_err(too_large))?)
            }
            Kind::Str | Kind::Sint | Kind::Sfix | Kind::Sbool | Kind::Raw => {
                return broken(format!("nothing opens to {kind}"));
            }
        })
    }
}
