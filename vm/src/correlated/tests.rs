//! The dealer and the players' lists of lots together: prefetch, discarding, and what a dealer refuses.

use super::circuit::{Circuit, Gate, Node};
use super::request::Request;
use super::*;
use crate::net::{Net, Operation, memory};
use crate::random::{Seed, Stream};

/// What every player draws for each lot it takes, after preparing for `foreseen`.
fn take(players: usize, foreseen: &[Correlation], taken: &[Correlation]) -> Vec<Vec<material::Material<u64>>> {
    let mut demand = Demand::default();
    demand.extend(foreseen.iter().copied());
    let mut sessions = memory::join(players, true, &crate::net::stderr());
    let (session, mut ports) = sessions.pop().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            dealer::serve::<u64>(&mut ports.preprocessing, Entropy::InsecureSeed(1)).unwrap();
            session.finish().unwrap();
        });
        let demand = &demand;
        let player = |(session, ports): (crate::net::Session, crate::net::Ports)| {
            scope.spawn(move || {
                let mut source = Source::<u64>::join(Box::new(ports.preprocessing)).unwrap();
                source.prepare(demand).unwrap();
                let drawn = taken.iter().map(|lot| {
                    let ticket = source.allot(&[*lot]).unwrap().pop_front().unwrap();
                    assert_eq!(ticket.lot(), lot);
                    source.draw(ticket).unwrap()
                });
                let drawn = drawn.collect();
                session.finish().unwrap();
                drawn
            })
        };
        let threads: Vec<_> = sessions.into_iter().map(player).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Whether all parts of each lot make triples.
fn are_triples(parts: &[Vec<material::Material<u64>>]) {
    for lot in 0..parts[0].len() {
        let sum = |of: fn(&material::Material<u64>) -> &[u64], at: usize| {
            parts.iter().map(|player| of(&player[lot])[at]).fold(0, u64::wrapping_add)
        };
        let len = parts[0][lot].dealt.ring.len();
        for at in 0..len {
            let (a, b) = (sum(|part| &part.masks.ring, at), sum(|part| &part.masks.ring, len + at));
            assert_eq!(sum(|part| &part.dealt.ring, at), a.wrapping_mul(b));
        }
    }
}

#[test]
fn lots_fit_whether_foreseen_or_not() {
    let triple = |len| Correlation::Triple { len };
    let three = [triple(3), triple(70), triple(1)];
    are_triples(&take(2, &three, &three));
    are_triples(&take(3, &[], &three));
    are_triples(&take(2, &three[..1], &three));
    // The second is not what was foreseen: the rest is discarded by all alike.
    are_triples(&take(3, &three, &[triple(3), triple(8), triple(70), triple(1)]));
    are_triples(&take(2, &[Correlation::Comparison { width: 64, len: 9 }, triple(2)], &three));
}

#[test]
fn a_lot_is_never_drawn_twice() {
    let twice = take(2, &[Correlation::Triple { len: 4 }; 2], &[Correlation::Triple { len: 4 }; 4]);
    for player in &twice {
        let mut masks: Vec<_> = player.iter().map(|part| &part.masks.ring).collect();
        masks.dedup();
        assert_eq!(masks.len(), 4);
    }
}

/// What the dealer says to a player that sends `requests`, the last of which is wrong.
fn provoke(requests: &[Vec<u8>]) -> String {
    let mut peers = memory::join(1, true, &crate::net::stderr()).into_iter();
    let ((_player, mut ports), (_dealer, mut dealer_ports)) = (peers.next().unwrap(), peers.next().unwrap());
    std::thread::scope(|scope| {
        let dealer = scope.spawn(move || dealer::serve::<u64>(&mut dealer_ports.preprocessing, Entropy::System));
        let net = &mut ports.preprocessing;
        setup::take_seed(net, 1).unwrap();
        requests.iter().for_each(|request| net.send(1, Operation::Request, request.clone().into()).unwrap());
        dealer.join().unwrap().unwrap_err().to_string()
    })
}

#[test]
fn a_dealer_deals_nothing_twice_and_nothing_without_bounds() {
    let request = |first, lot| Request { first, lots: vec![lot] }.encode();
    let triple = Correlation::Triple { len: 2 };
    let again = provoke(&[request(4, triple), request(4, triple)]);
    assert_eq!(again, "player 0 sent a request for lot 4 after lot 5");
    assert_eq!(provoke(&[vec![1, 2, 3]]), "player 0 sent a request of less than 8 bytes");
    let large = provoke(&[request(0, Correlation::Triple { len: 1 << 20 })]);
    assert_eq!(large, "player 0 sent a request for a lot that nobody deals: 1 1048576 0 0");
    let last = provoke(&[request(u64::MAX, triple)]);
    assert_eq!(last, "player 0 sent a request for lot 18446744073709551615 after lot 0");
}

/// A circuit on bits in the clear.
fn evaluate(circuit: &Circuit, c: u128, r: u128) -> Vec<bool> {
    let mut pairs: Vec<(bool, bool)> = Vec::new();
    for leaf in &circuit.leaves {
        let part = |x: u128| x >> circuit.groups[leaf.group].low & ((1 << leaf.bits) - 1);
        pairs.push((part(c) < part(r), part(c) == part(r)));
    }
    for node in circuit.layers.iter().flatten() {
        pairs.push(combine(node, &pairs));
    }
    let bit = |bit: u32| (c ^ r) >> bit & 1 == 1;
    let output = |output: &circuit::Output| match *output {
        circuit::Output::Equal(pair) => pairs[pair].1,
        circuit::Output::Bit { bit: at, borrow, .. } => bit(at) ^ borrow.is_some_and(|pair| pairs[pair].0),
    };
    circuit.outputs.iter().map(output).collect()
}

fn combine(node: &Node, pairs: &[(bool, bool)]) -> (bool, bool) {
    let inputs = || node.inputs.iter().map(|&input| pairs[input]);
    let both = inputs().rev().reduce(|low, high| (high.0 || high.1 && low.0, high.1 && low.1)).unwrap();
    // What a gate does not give is poisoned, so that its use would show.
    match node.gate {
        Gate::Less => (both.0, true),
        Gate::Both => both,
        Gate::Equal => (true, both.1),
    }
}

#[test]
fn circuits_compute_differences() {
    let mut stream = Stream::new(&Seed::insecure_from(2), 0);
    for width in 1..=128 {
        let mask = u128::MAX >> (128 - width);
        let (sign, zero, all) =
            (Circuit::less_than_zero(width), Circuit::equal_to_zero(width), Circuit::decomposition(width));
        assert!([&sign, &zero, &all].iter().all(|circuit| circuit.layers.len() <= 3));
        for round in 0..30 {
            let r = stream.elements::<u128>(1)[0] & mask;
            let x = [0, 1, mask, mask >> 1, stream.elements::<u128>(1)[0]][round % 5] & mask;
            let c = x.wrapping_add(r) & mask;
            assert_eq!(evaluate(&sign, c, r), [x >> (width - 1) == 1]);
            assert_eq!(evaluate(&zero, c, r), [x == 0]);
            let bits: Vec<bool> = (0..width).map(|bit| x >> bit & 1 == 1).collect();
            assert_eq!(evaluate(&all, c, r), bits, "width {width}");
        }
    }
}
