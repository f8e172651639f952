//! Primitives together: each gives what it gives alone, bytes add up, and rounds are those of the longest.

use super::cases::{Case, Primitive, agrees, inputs, operands};
use super::*;

/// What a player saw of a group: what was opened of each member, and what was sent.
struct Seen {
    opened: Vec<Vec<Tensor<u64>>>,
    cost: (u64, u64, u64),
}

fn run<S: Subject>(players: usize, cases: &[Case<u64>]) -> Vec<Seen> {
    S::run::<u64, _>(players, |net, scheme| {
        let calls = cases.iter().map(|case| case.call(inputs(scheme, net, case)));
        let calls: Vec<_> = (1..).zip(calls.collect::<Vec<_>>()).collect();
        let before = (net.counters(), S::dealt(scheme, players));
        let replies = call::run(scheme, net, &calls).unwrap();
        let after = net.counters();
        let sent = after.total().sent - before.0.total().sent;
        let cost = (after.rounds - before.0.rounds, sent, S::dealt(scheme, players) - before.1);
        let opened = replies.into_iter().map(|reply| match reply {
            Reply::Shares(shares) => open(scheme, net, &Recipients::All, shares).unwrap(),
            Reply::Opened(_) => unreachable!("no member is an opening"),
        });
        Seen { opened: opened.collect(), cost }
    })
}

fn check<S: Subject>(players: usize, cases: &[Case<u64>]) {
    let seen = run::<S>(players, cases);
    for seen in &seen {
        for (case, opened) in cases.iter().zip(&seen.opened) {
            for (found, expected) in opened.iter().zip(case.expected()) {
                assert_eq!(found.shape(), expected.shape(), "{:?}", case.primitive);
                assert!(found.iter().zip(&expected).all(|(&x, &y)| agrees(case, x, y)), "{:?}", case.primitive);
            }
        }
    }
    let declared: Vec<_> = cases.iter().map(|case| cost::cost(&case.work(), S::column(players), 8)).collect();
    let rounds = declared.iter().map(|cost| cost.rounds).max().unwrap_or(0);
    let bytes = declared.iter().map(|cost| cost.bytes).sum::<u64>();
    let dealer_bytes = declared.iter().map(|cost| cost.dealer_bytes).sum::<u64>();
    let sent = seen.iter().map(|seen| seen.cost.1).max().unwrap_or(0);
    let dealt: u64 = seen.iter().map(|seen| seen.cost.2).sum();
    let primitives: Vec<_> = cases.iter().map(|case| &case.primitive).collect();
    assert_eq!((seen[0].cost.0, sent, dealt), (rounds, bytes, dealer_bytes), "{primitives:?} among {players}");
}

fn case(primitive: Primitive, shapes: &[&[usize]]) -> Case<u64> {
    let operands = shapes.iter().map(|shape| operands::<u64>(&primitive, shape)).collect();
    Case { primitive, operands }
}

fn primitive() -> impl Strategy<Value = Primitive> {
    prop_oneof![
        Just(Primitive::Mul),
        Just(Primitive::Square),
        (1..62u32).prop_map(Primitive::Trunc),
        (0..64u32).prop_map(Primitive::Ltz),
        (0..64u32).prop_map(Primitive::Eqz),
        (0..40u32).prop_map(Primitive::Bits),
    ]
}

/// Groups of up to six members, some empty, and a matrix product.
pub fn random<S: Subject>() {
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    let members = prop::collection::vec((primitive(), 0..150usize), 0..6);
    proptest!(config, |(members in members, edge in 0..7usize, at in 0..6usize, players in 0..3usize)| {
        let mut cases: Vec<_> = members.into_iter().map(|(primitive, len)| case(primitive, &[&[len], &[]])).collect();
        cases.insert(at.min(cases.len()), case(Primitive::Matmul, &[&[edge, edge]]));
        check::<S>(S::PLAYERS[players % S::PLAYERS.len()], &cases);
    });
}

/// Members that are under way for many turns, beside short ones.
pub fn large<S: Subject>() {
    let cases = [
        case(Primitive::Trunc(16), &[&[(1 << 17) + 3]]),
        case(Primitive::Ltz(0), &[&[70_000]]),
        case(Primitive::Mul, &[&[]]),
        case(Primitive::Matmul, &[&[300, 300], &[4, 4]]),
        case(Primitive::Bits(12), &[&[1 << 13]]),
        case(Primitive::Mul, &[&[(1 << 19) + 1]]),
    ];
    check::<S>(S::PLAYERS[0], &cases);
}
