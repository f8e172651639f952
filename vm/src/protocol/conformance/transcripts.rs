//! What players see tells nothing: messages have the same lengths and order whatever the secrets are, what is opened on the
//! way is uniform, and on a domain small enough to count through, independent of the secrets.

use super::*;
use crate::algebra::linear;
use crate::correlated::Correlation;
use crate::correlated::material::{self, Layout, Material};
use crate::net::{NetError, Operation, PeerName};
use bytes::Bytes;

/// One message: to or from whom, what it is about, and what it says.
type Message = (bool, usize, Operation, Bytes);

/// A network that keeps what goes over it.
struct Recorder<'a> {
    net: &'a mut dyn Net,
    messages: Vec<Message>,
}

impl Net for Recorder<'_> {
    fn me(&self) -> usize {
        self.net.me()
    }
    fn players(&self) -> usize {
        self.net.players()
    }
    fn dealer(&self) -> Option<usize> {
        self.net.dealer()
    }
    fn send(&mut self, to: usize, operation: Operation, payload: Bytes) -> Result<(), NetError> {
        self.messages.push((true, to, operation, payload.clone()));
        self.net.send(to, operation, payload)
    }
    fn recv(&mut self, from: usize, operation: Operation) -> Result<Bytes, NetError> {
        let payload = self.net.recv(from, operation)?;
        self.messages.push((false, from, operation, payload.clone()));
        Ok(payload)
    }
    fn counters(&self) -> Counters {
        self.net.counters()
    }
    fn count_round(&mut self) {
        self.net.count_round();
    }
    fn set_line(&mut self, line: u32) {
        self.net.set_line(line);
    }
    fn set_epoch(&mut self, epoch: u32) {
        self.net.set_epoch(epoch);
    }
    fn name(&self, peer: usize) -> PeerName {
        self.net.name(peer)
    }
}

/// All messages of each player while every primitive runs on `secret`; nothing but the last, an opening, gives a value away.
fn record(players: usize, entropy: Entropy, secret: u64, len: usize) -> Vec<Vec<Message>> {
    run_additive::<u64, _>(players, entropy, |net, scheme| {
        let mut net = Recorder { net, messages: Vec::new() };
        let net = &mut net;
        let x = vec![share(scheme, net, 0, &tensor(&[len], vec![secret; len]).unwrap())];
        for call in each(&x, x[0].clone()) {
            call::run(scheme, net, &[(1, call)]).unwrap();
        }
        let group: Vec<_> = each(&x, x[0].clone()).into_iter().map(|call| (1, call)).collect();
        call::run(scheme, net, &group).unwrap();
        std::mem::take(&mut net.messages)
    })
}

#[test]
fn lengths_and_order_do_not_depend_on_secrets() {
    let shape = |secret: u64| -> Vec<Vec<(bool, usize, Operation, usize)>> {
        let all = record(3, Entropy::System, secret, 77);
        all.iter()
            .map(|player| player.iter().map(|(out, peer, op, payload)| (*out, *peer, *op, payload.len())).collect())
            .collect()
    };
    let first = shape(0);
    assert!(first.iter().all(|messages| messages.len() > 20));
    assert!([1, u64::MAX, 1 << 61].iter().all(|&secret| shape(secret) == first));
}

/// One of every primitive.
fn each(x: &[Share<u64>], y: Share<u64>) -> Vec<Call<u64>> {
    vec![
        Call::Mul(vec![(x[0].clone(), x[0].clone())]),
        Call::Square(x.to_vec()),
        Call::Matmul(vec![(x[0].clone(), y)]),
        Call::Trunc(16, x.to_vec()),
        Call::Ltz(0, x.to_vec()),
        Call::Eqz(9, x.to_vec()),
        Call::Bits(7, x[..1].to_vec()),
    ]
}

/// One of every primitive, on any scheme: one after the other, and together.
fn everything<P: Protocol<Domain = u64>>(scheme: &P, net: &mut dyn Net) {
    let x = vec![scheme.share_public(&tensor(&[700, 60], vec![5; 42_000]).unwrap()); 2];
    let vector = scheme.share_public(&tensor(&[60], vec![1; 60]).unwrap());
    for call in each(&x, vector.clone()) {
        call::run(scheme, net, &[(1, call)]).unwrap();
    }
    let group: Vec<_> = each(&x, vector).into_iter().map(|call| (1, call)).collect();
    call::run(scheme, net, &group).unwrap();
}

#[test]
fn a_forecast_foresees_what_a_run_takes() {
    let mut forecasts = memory::simulate(1, false, |net| {
        let forecast = crate::protocol::Forecast::<u64>::new();
        everything(&forecast, net);
        forecast.into_demand()
    });
    let demand = forecasts.remove(0);
    run_additive::<u64, _>(3, Entropy::System, |net, scheme| {
        scheme.prepare(&demand).unwrap();
        assert_eq!(scheme.foreseen(), demand.lots().len());
        let before = scheme.preprocessing();
        everything(scheme, net);
        assert_eq!(
            (scheme.foreseen(), scheme.preprocessing()),
            (0, before),
            "nothing is left, nothing more was asked for"
        );
    });
}

/// Pearson's statistic of how far counts are from all being equal.
fn chi_square(counts: &[u64]) -> f64 {
    let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    counts.iter().map(|&count| (count as f64 - expected).powi(2) / expected).sum()
}

#[test]
fn what_is_sent_and_what_it_opens_is_uniform() {
    // Seeds are fixed, so that chance decides once. With 255 degrees of freedom 400 is beyond seven standard deviations.
    for secret in [0, u64::MAX, 1 << 40] {
        let all = record(2, Entropy::InsecureSeed(secret ^ 5), secret, 4096);
        for (index, message) in all[0].iter().enumerate().filter(|(_, message)| message.0) {
            let theirs = &all[1][index];
            assert_eq!((message.2, message.3.len()), (theirs.2, theirs.3.len()));
            let bytes = message.3.iter().zip(&theirs.3);
            let mut counts = [[0u64; 256]; 3];
            let aligned = message.2 != Operation::Compare && message.2 != Operation::Convert;
            for (mine, theirs) in bytes {
                counts[0][usize::from(*mine)] += 1;
                counts[1][usize::from(*theirs)] += 1;
                counts[2][usize::from(mine ^ theirs)] += 1;
            }
            let tested = if aligned { &counts[..2] } else { &counts[..] };
            for counts in tested.iter().filter(|counts| counts.iter().sum::<u64>() >= 2560) {
                let statistic = chi_square(counts);
                assert!(statistic < 400.0, "bytes of `{}`, message {index}: {statistic}", message.2);
            }
        }
    }
}

/// Any part of the players and what is opened, on elements reduced to four values, counted over many lots: as often for one secret as for another.
#[test]
fn views_of_all_but_one_are_jointly_uniform() {
    let lots = 40_000;
    for players in [2, 3] {
        for honest in 0..players {
            for secret in [0u64, 3] {
                let mut counts = vec![0u64; 64];
                for id in 0..lots {
                    counts[view(players, honest, secret, id)] += 1;
                }
                let statistic = chi_square(&counts);
                // 63 degrees of freedom.
                assert!(statistic < 63.0 + 7.0 * 126f64.sqrt(), "{players} players without {honest}: {statistic}");
            }
        }
    }
}

/// The low two bits of: the opened d = x − a, the corrupted players' sum of shares of a, and of c = ab.
fn view(players: usize, honest: usize, secret: u64, id: u64) -> usize {
    let lot = Correlation::Triple { len: 1 };
    let stream = |player: usize| Stream::new(&Seed::insecure_from(player as u64), id);
    let mut streams: Vec<Stream> = (0..players).map(stream).collect();
    let correction = material::correction::<u64>(&lot, &mut streams);
    let part = |player: usize| {
        if player + 1 < players {
            Material::<u64>::draw(&lot, &mut stream(player))
        } else {
            Material::complete(&lot, &mut stream(player), &correction).unwrap()
        }
    };
    let parts: Vec<_> = (0..players).map(part).collect();
    let total = |of: fn(&Material<u64>) -> u64| parts.iter().map(of).fold(0, u64::wrapping_add);
    let corrupted = |of: fn(&Material<u64>) -> u64| total(of).wrapping_sub(of(&parts[honest]));
    let opened = secret.wrapping_sub(total(|part| part.masks.ring[0]));
    let (a, c) = (corrupted(|part| part.masks.ring[0]), corrupted(|part| part.dealt.ring[0]));
    (opened & 3 | (a & 3) << 2 | (c & 3) << 4) as usize
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_of_a_lot_fit(seed: u64, kind in 0..7usize, len in 0..150usize, bits in 1..=62u32, players in 2..5usize) {
        let lot = [
            Correlation::Triple { len },
            Correlation::SquarePair { len },
            Correlation::MatrixTriple { dims: crate::algebra::matmul::Dims { m: len % 7, k: len % 5, n: len % 11 } },
            Correlation::Truncation { bits, len },
            Correlation::Comparison { width: bits, len },
            Correlation::Equality { width: bits, len },
            Correlation::Bits { bits, len },
        ][kind];
        let stream = |player: usize| Stream::new(&Seed::insecure_from(seed ^ player as u64), 7);
        let mut streams: Vec<Stream> = (0..players).map(stream).collect();
        let correction = material::correction::<u64>(&lot, &mut streams);
        prop_assert_eq!(correction.len(), Layout::of::<u64>(&lot).correction_bytes::<u64>());
        let mut sum = Material::<u64>::complete(&lot, &mut stream(players - 1), &correction).unwrap();
        for player in 0..players - 1 {
            let part = Material::<u64>::draw(&lot, &mut stream(player));
            for (sum, part) in [(&mut sum.masks, &part.masks), (&mut sum.dealt, &part.dealt)] {
                linear::add_assign(&mut sum.ring, &part.ring);
                linear::xor_assign(&mut sum.planes, &part.planes);
            }
        }
        let mut expected = material::derive(&lot, &sum.masks);
        if let Correlation::Truncation { bits, len } = lot {
            // The top bit counts modulo 2^bits.
            for value in [&mut expected, &mut sum.dealt] {
                value.ring[len..].iter_mut().for_each(|top| *top &= (1 << bits) - 1);
            }
        }
        prop_assert!(sum.dealt == expected);
        prop_assert!(Material::<u64>::complete(&lot, &mut stream(0), &[&correction[..], &[0]].concat()).is_err());
    }
}
