//! What every scheme must satisfy, written once: right results, declared costs, and transcripts that tell nothing.

use super::share::linear::{Product as MatrixProduct, elements, tensor};
use super::{Call, Fault, Plain, Protocol, Recipients, Reply, Share, call};
use crate::algebra::{Domain, Tensor};
use crate::correlated::{Entropy, dealer};
use crate::net::{Counters, Net, memory};
use crate::random::{Seed, Stream};
use mpc_bytecode::cost::{self, Product, Work};
use proptest::prelude::*;

mod cases;
mod groups;
mod transcripts;

/// A scheme under test.
trait Subject: 'static {
    /// The scheme over a ring.
    type Scheme<D: Domain>: Protocol<Domain = D>;

    /// Numbers of players to test with.
    const PLAYERS: &'static [usize];

    /// Its column of costs.
    fn column(players: usize) -> cost::Scheme;

    /// Runs `body` as every player.
    fn run<D: Domain, T: Send>(players: usize, body: impl Fn(&mut dyn Net, &mut Self::Scheme<D>) -> T + Sync)
    -> Vec<T>;

    /// Bytes that this player has got from the dealer so far.
    fn dealt<D: Domain>(scheme: &Self::Scheme<D>, players: usize) -> u64;
}

impl Subject for Plain<u64> {
    type Scheme<D: Domain> = Plain<D>;

    const PLAYERS: &'static [usize] = &[1];

    fn column(_: usize) -> cost::Scheme {
        cost::Scheme::Plain
    }

    fn run<D: Domain, T: Send>(players: usize, body: impl Fn(&mut dyn Net, &mut Plain<D>) -> T + Sync) -> Vec<T> {
        memory::simulate(players, false, |net| body(net, &mut Plain::new()))
    }

    fn dealt<D: Domain>(_: &Plain<D>, _: usize) -> u64 {
        0
    }
}

impl Subject for super::Additive<u64> {
    type Scheme<D: Domain> = super::Additive<D>;

    const PLAYERS: &'static [usize] = &[2, 3, 5];

    fn column(players: usize) -> cost::Scheme {
        cost::Scheme::Additive { players: players as u64 }
    }

    fn run<D: Domain, T: Send>(
        players: usize,
        body: impl Fn(&mut dyn Net, &mut Self::Scheme<D>) -> T + Sync,
    ) -> Vec<T> {
        run_additive(players, Entropy::System, body)
    }

    fn dealt<D: Domain>(scheme: &Self::Scheme<D>, players: usize) -> u64 {
        scheme.preprocessing().peers[players].received
    }
}

/// Runs `body` as every player of additive sharing, with a dealer.
fn run_additive<D: Domain, T: Send>(
    players: usize,
    entropy: Entropy,
    body: impl Fn(&mut dyn Net, &mut super::Additive<D>) -> T + Sync,
) -> Vec<T> {
    let mut sessions = memory::join(players, true, &crate::net::stderr());
    let (dealer_session, mut dealer_ports) = sessions.pop().unwrap();
    let player = |(session, mut ports): (crate::net::Session, crate::net::Ports)| {
        let preprocessing = Box::new(ports.preprocessing);
        let mut scheme = super::Additive::<D>::join(&mut ports.online, preprocessing, entropy).unwrap();
        let result = body(&mut ports.online, &mut scheme);
        session.finish().unwrap();
        result
    };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            dealer::serve::<D>(&mut dealer_ports.preprocessing, entropy).unwrap();
            dealer_session.finish().unwrap();
        });
        let player = &player;
        let threads: Vec<_> = sessions.into_iter().map(|each| scope.spawn(move || player(each))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Runs one call that gives sharings.
fn shares<P: Protocol>(scheme: &P, net: &mut dyn Net, call: Call<P::Domain>) -> Result<Vec<Share<P::Domain>>, Fault> {
    match call::run(scheme, net, &[(1, call)]).map_err(|failed| failed.fault)?.remove(0) {
        Reply::Shares(shares) => Ok(shares),
        Reply::Opened(_) => unreachable!("an opening gives values"),
    }
}

/// Opens values.
fn open<P: Protocol>(
    scheme: &P,
    net: &mut dyn Net,
    to: &Recipients,
    values: Vec<Share<P::Domain>>,
) -> Option<Vec<Tensor<P::Domain>>> {
    match call::run(scheme, net, &[(1, Call::Open { to: to.clone(), values })]).unwrap().remove(0) {
        Reply::Opened(opened) => opened,
        Reply::Shares(_) => unreachable!("an opening gives values"),
    }
}

/// Shares a value of player `owner`.
fn share<P: Protocol>(scheme: &P, net: &mut dyn Net, owner: usize, value: &Tensor<P::Domain>) -> Share<P::Domain> {
    let values = (net.me() == owner).then(|| vec![value.clone()]);
    shares(scheme, net, Call::Input { owner, values, shapes: vec![value.shape().to_vec()] }).unwrap().remove(0)
}

/// The suite: one line a scheme.
macro_rules! conformance {
    ($($name:ident: $subject:ty;)*) => { $(
        mod $name {
            #[test]
            fn results_are_right_in_ring_64() {
                super::cases::all::<$subject, u64>();
            }
            #[test]
            fn results_are_right_in_ring_128() {
                super::cases::all::<$subject, u128>();
            }
            #[test]
            fn costs_are_as_declared() {
                super::cases::costs::<$subject, u64>();
                super::cases::costs::<$subject, u128>();
            }
            #[test]
            fn truncation_is_off_by_one_at_most_up_to_the_border() {
                super::cases::truncation_error::<$subject, u64>();
                super::cases::truncation_error::<$subject, u128>();
            }
            #[test]
            fn random_values_agree_with_plain() {
                super::cases::random::<$subject>();
            }
            #[test]
            fn random_groups_agree_with_plain_and_cost_as_declared() {
                super::groups::random::<$subject>();
            }
            #[test]
            fn groups_of_many_blocks_cost_as_declared() {
                super::groups::large::<$subject>();
            }
        }
    )* };
}

conformance! {
    plain: crate::protocol::Plain<u64>;
    additive: crate::protocol::Additive<u64>;
}
