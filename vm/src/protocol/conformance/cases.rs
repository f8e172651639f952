//! Every primitive on many shapes and edge values against the clear, and its cost against what is declared.

use super::*;

/// Values at the edges of `bits` bits with a sign, cycled to a length.
fn edges<D: Domain>(bits: u32, len: usize) -> Vec<D> {
    let top = D::ONE.shl(bits - 1);
    let mut edges = vec![D::ZERO, D::ONE, D::ZERO.sub(D::ONE), top.sub(D::ONE), top.neg(), top.neg().add(D::ONE)];
    for power in 1..bits - 1 {
        let power = D::ONE.shl(power);
        edges.extend([power, power.neg(), power.sub(D::ONE), power.add(D::ONE), power.neg().sub(D::ONE)]);
    }
    if len >= edges.len() {
        return edges.iter().copied().cycle().take(len).collect();
    }
    let step = edges.len() / len.max(1);
    (0..len).map(|index| edges[index * step]).collect()
}

fn uniform<D: Domain>(seed: u64, len: usize) -> Vec<D> {
    Stream::new(&Seed::insecure_from(seed), 0).elements(len)
}

fn values<D: Domain>(shape: &[usize], elements: Vec<D>) -> Tensor<D> {
    tensor(shape, elements).unwrap()
}

/// Shares of two operands.
type Pair<D> = (Share<D>, Share<D>);

/// One primitive to run on some operands.
#[derive(Clone, Debug)]
pub enum Primitive {
    Mul,
    Square,
    Matmul,
    Trunc(u32),
    Ltz(u32),
    Eqz(u32),
    Bits(u32),
}

/// A call: operands in pairs, of which unary primitives take the first.
#[derive(Clone)]
pub struct Case<D> {
    pub primitive: Primitive,
    pub operands: Vec<(Tensor<D>, Tensor<D>)>,
}

impl<D: Domain> Case<D> {
    fn elements(&self) -> u64 {
        self.operands.iter().map(|(a, _)| a.len() as u64).sum()
    }

    pub fn work(&self) -> Work {
        let elements = self.elements();
        match self.primitive {
            Primitive::Mul => Work::Mul { elements },
            Primitive::Square => Work::Square { elements },
            Primitive::Matmul => Work::Matmul {
                products: self
                    .operands
                    .iter()
                    .map(|(a, b)| MatrixProduct::of(a.shape(), b.shape()).unwrap().dims)
                    .map(|dims| Product { m: dims.m as u64, k: dims.k as u64, n: dims.n as u64 })
                    .collect(),
            },
            Primitive::Trunc(bits) => Work::Trunc { elements, bits },
            Primitive::Ltz(bits) => Work::Ltz { elements, bits },
            Primitive::Eqz(bits) => Work::Eqz { elements, bits },
            Primitive::Bits(bits) => Work::Bits { elements, bits },
        }
    }

    /// The call on shares of the operands.
    pub fn call(&self, pairs: Vec<(Share<D>, Share<D>)>) -> Call<D> {
        let firsts = || pairs.iter().map(|(a, _)| a.clone()).collect();
        match self.primitive {
            Primitive::Mul => Call::Mul(pairs),
            Primitive::Square => Call::Square(firsts()),
            Primitive::Matmul => Call::Matmul(pairs),
            Primitive::Trunc(bits) => Call::Trunc(bits, firsts()),
            Primitive::Ltz(bits) => Call::Ltz(bits, firsts()),
            Primitive::Eqz(bits) => Call::Eqz(bits, firsts()),
            Primitive::Bits(bits) => Call::Bits(bits, firsts()),
        }
    }

    /// What it is in the ring, whatever overflows.
    pub fn expected(&self) -> Vec<Tensor<D>> {
        let unary = |each: &dyn Fn(D) -> D| self.operands.iter().map(|(a, _)| a.mapv(each).into_shared()).collect();
        match self.primitive {
            Primitive::Mul => self
                .operands
                .iter()
                .map(|(a, b)| values(a.shape(), crate::algebra::linear::mul(&elements(a), &elements(b))))
                .collect(),
            Primitive::Square => unary(&|x| x.mul(x)),
            Primitive::Matmul => self.operands.iter().map(|(a, b)| textbook(a, b)).collect(),
            Primitive::Trunc(bits) => unary(&|x| x.sar(bits)),
            Primitive::Ltz(bits) => unary(&|x| D::from_bool(x.bit(if bits == 0 { D::BITS } else { bits } - 1))),
            Primitive::Eqz(bits) => unary(&|x| D::from_bool(low(x, bits) == D::ZERO)),
            Primitive::Bits(bits) => self.operands.iter().map(|(a, _)| decomposed(a, bits)).collect(),
        }
    }
}

fn low<D: Domain>(x: D, bits: u32) -> D {
    if bits == 0 { x } else { x.shl(D::BITS - bits) }
}

fn decomposed<D: Domain>(x: &Tensor<D>, bits: u32) -> Tensor<D> {
    let bits = if bits == 0 { D::BITS } else { bits };
    let all = elements(x).iter().flat_map(|x| (0..bits).map(|bit| D::from_bool(x.bit(bit)))).collect();
    values(&[x.shape(), &[bits as usize]].concat(), all)
}

fn textbook<D: Domain>(a: &Tensor<D>, b: &Tensor<D>) -> Tensor<D> {
    let MatrixProduct { dims, shape } = MatrixProduct::of(a.shape(), b.shape()).unwrap();
    let (a, b) = (elements(a), elements(b));
    let entry =
        |i: usize, j: usize| (0..dims.k).fold(D::ZERO, |sum, k| sum.add(a[i * dims.k + k].mul(b[k * dims.n + j])));
    values(&shape, (0..dims.m * dims.n).map(|at| entry(at / dims.n, at % dims.n)).collect())
}

/// What a player saw of a call: what was opened, and what was sent before and after.
struct Seen<D> {
    opened: Vec<Tensor<D>>,
    spent: Counters,
    dealt: u64,
}

/// Shares of a case's operands. The two of a pair come from different owners, where there are two.
pub fn inputs<P: Protocol>(scheme: &P, net: &mut dyn Net, case: &Case<P::Domain>) -> Vec<Pair<P::Domain>> {
    let players = net.players();
    let mut input = |owner: usize, value| share(scheme, net, owner % players, value);
    let pairs = case.operands.iter().enumerate();
    pairs.map(|(index, (a, b))| (input(index, a), input(index + 1, b))).collect()
}

fn run<S: Subject, D: Domain>(players: usize, case: &Case<D>) -> Vec<Seen<D>> {
    S::run::<D, _>(players, |net, scheme| {
        let operands = inputs(scheme, net, case);
        let before = (net.counters(), S::dealt(scheme, players));
        let results = shares(scheme, net, case.call(operands)).unwrap();
        let mut spent = net.counters();
        spent.rounds -= before.0.rounds;
        spent.peers.iter_mut().zip(before.0.peers).for_each(|(after, before)| *after = *after - before);
        let dealt = S::dealt(scheme, players) - before.1;
        let opened = open(scheme, net, &Recipients::All, results).unwrap();
        Seen { opened, spent, dealt }
    })
}

fn check<S: Subject, D: Domain>(players: usize, case: &Case<D>) {
    let expected = case.expected();
    let seen = run::<S, D>(players, case);
    for seen in &seen {
        assert_eq!(seen.opened.len(), expected.len());
        for (found, expected) in seen.opened.iter().zip(&expected) {
            assert_eq!(found.shape(), expected.shape(), "{:?}", case.primitive);
            let wrong = found.iter().zip(expected).position(|(&found, &expected)| !agrees(case, found, expected));
            assert_eq!(wrong, None, "{:?} among {players} on {} elements", case.primitive, case.elements());
        }
    }
    check_cost::<S, D>(players, case, &seen);
}

/// Equal, or for a truncation that is not exact, one more.
pub fn agrees<D: Domain>(case: &Case<D>, found: D, expected: D) -> bool {
    found == expected || (matches!(case.primitive, Primitive::Trunc(_)) && found == expected.add(D::ONE))
}

fn check_cost<S: Subject, D: Domain>(players: usize, case: &Case<D>, seen: &[Seen<D>]) {
    let declared = cost::cost(&case.work(), S::column(players), D::BYTES as u64);
    let sent = seen.iter().map(|seen| seen.spent.total().sent).max().unwrap_or(0);
    let dealt: u64 = seen.iter().map(|seen| seen.dealt).sum();
    let found = cost::Cost { rounds: seen[0].spent.rounds, bytes: sent, dealer_bytes: dealt };
    assert_eq!(found, declared, "cost of {:?} among {players} on {} elements", case.primitive, case.elements());
}

/// Operands of a primitive that are within its domain, and under `plain` without an overflow.
pub fn operands<D: Domain>(primitive: &Primitive, shape: &[usize]) -> (Tensor<D>, Tensor<D>) {
    let len = shape.iter().product();
    let width = |bits: u32| if bits == 0 { D::BITS } else { bits };
    let bits = match *primitive {
        Primitive::Mul | Primitive::Square => D::BITS / 2,
        Primitive::Matmul => D::BITS / 2 - 6,
        Primitive::Trunc(_) => D::BITS - 1,
        Primitive::Ltz(bits) | Primitive::Eqz(bits) => width(bits).max(2),
        Primitive::Bits(_) => D::BITS,
    };
    let mut first = edges::<D>(bits, len);
    if matches!(primitive, Primitive::Ltz(1) | Primitive::Eqz(1)) {
        first.iter_mut().for_each(|x| *x = D::from_i64(if x.bit(0) { -1 } else { 0 }));
    }
    let mut second = edges::<D>(bits, len + 1);
    second.truncate(len);
    second.rotate_left(len / 3);
    (values(shape, first), values(shape, second))
}

fn unary_primitives<D: Domain>() -> Vec<Primitive> {
    let mut all = vec![Primitive::Mul, Primitive::Square];
    all.extend([1, 13, 16, D::BITS / 2, D::BITS - 2].map(Primitive::Trunc));
    all.extend([0, 1, 2, 5, 8, 21, 32, 47, D::BITS - 1].map(Primitive::Ltz));
    all.extend([0, 1, 4, 7, 32, 48].map(Primitive::Eqz));
    all.extend([0, 1, 2, 4, 5, 16, 17, 33, 48].map(Primitive::Bits));
    all
}

/// Every primitive, on batches of every shape.
pub fn all<S: Subject, D: Domain>() {
    let batches: [&[&[usize]]; 6] =
        [&[&[]], &[&[0]], &[&[1], &[63], &[]], &[&[64]], &[&[5, 13], &[0, 3], &[7, 11]], &[&[700]]];
    for &players in S::PLAYERS {
        for primitive in unary_primitives::<D>() {
            for shapes in batches {
                let operands = shapes.iter().map(|shape| operands::<D>(&primitive, shape)).collect();
                check::<S, D>(players, &Case { primitive: primitive.clone(), operands });
            }
        }
        matrices::<S, D>(players);
    }
}

fn matrices<S: Subject, D: Domain>(players: usize) {
    let pair = |a: &[usize], b: &[usize]| {
        let (left, _) = operands::<D>(&Primitive::Matmul, a);
        (left, operands::<D>(&Primitive::Matmul, b).1)
    };
    let batch = vec![
        pair(&[3, 5], &[5, 7]),
        pair(&[4], &[4]),
        pair(&[9], &[9, 2]),
        pair(&[1, 1], &[1]),
        pair(&[2, 0], &[0, 3]),
        pair(&[0, 2], &[2, 3]),
        pair(&[17, 33], &[33, 9]),
    ];
    check::<S, D>(players, &Case { primitive: Primitive::Matmul, operands: batch });
    check::<S, D>(players, &Case { primitive: Primitive::Matmul, operands: vec![] });
}

/// Costs, and results, on more than one block.
pub fn costs<S: Subject, D: Domain>() {
    let players = S::PLAYERS[0];
    let large = |primitive: Primitive, len: usize| {
        let operands = vec![operands::<D>(&primitive, &[len])];
        check::<S, D>(players, &Case { primitive, operands });
    };
    large(Primitive::Mul, (1 << 17) + 77);
    large(Primitive::Square, (1 << 16) + 1);
    large(Primitive::Trunc(16), (1 << 17) - 1);
    large(Primitive::Ltz(0), (1 << 17) + 5);
    large(Primitive::Eqz(40), (1 << 15) + 63);
    large(Primitive::Bits(18), (1 << 13) + 1);
    for players in S::PLAYERS.iter().copied() {
        openings::<S, D>(players);
    }
    let wide = (operands::<D>(&Primitive::Matmul, &[300, 250]).0, operands::<D>(&Primitive::Matmul, &[250, 2]).1);
    check::<S, D>(players, &Case { primitive: Primitive::Matmul, operands: vec![wide] });
}

/// Openings to some and to all: who learns, and what it costs.
fn openings<S: Subject, D: Domain>(players: usize) {
    let some: Vec<usize> = (0..players).step_by(2).collect();
    for to in [Recipients::All, Recipients::Players(vec![players - 1]), Recipients::Players(some)] {
        let len = (1 << 16) + 3;
        let secret = values(&[len], uniform::<D>(9, len));
        let seen = S::run::<D, _>(players, |net, scheme| {
            let share = share(scheme, net, 0, &secret);
            let before = net.counters();
            let opened = open(scheme, net, &to, vec![share]);
            assert_eq!(opened.is_some(), to.include(net.me()), "player {} of {players}", net.me());
            assert!(opened.is_none_or(|opened| opened[0] == secret));
            let after = net.counters();
            (after.rounds - before.rounds, after.total().sent - before.total().sent)
        });
        let who = match &to {
            Recipients::All => None,
            Recipients::Players(players) => Some(players.clone()),
        };
        let open = Work::Open { elements: len as u64, to: who };
        let declared = cost::cost(&open, S::column(players), D::BYTES as u64);
        let most = seen.iter().map(|(_, sent)| *sent).max();
        assert_eq!((seen[0].0, most), (declared.rounds, Some(declared.bytes)), "opening to {to:?} among {players}");
    }
}

/// Many values up to the border of the domain: the quotient or one more, exact for multiples, and about as often one more as the
/// fraction says.
pub fn truncation_error<S: Subject, D: Domain>() {
    let players = S::PLAYERS[0];
    for bits in [1, 16, D::BITS / 2] {
        let near = |x: D| {
            let border = D::ONE.shl(D::BITS - 2);
            let distance = x.shr(D::BITS - 20);
            if x.bit(0) { border.sub(D::ONE).sub(distance) } else { distance.sub(border) }
        };
        let mut secrets: Vec<D> = uniform::<D>(3, 20_000).into_iter().map(near).collect();
        secrets.extend(uniform::<D>(4, 20_000).into_iter().map(|x| x.sar(2)));
        let multiples: Vec<D> = secrets.iter().map(|x| x.sar(bits).shl(bits)).collect();
        let len = secrets.len();
        let case = |operands: Vec<D>| {
            let operand = values(&[len], operands);
            Case { primitive: Primitive::Trunc(bits), operands: vec![(operand.clone(), operand)] }
        };
        check::<S, D>(players, &case(secrets));
        let exact = case(multiples);
        let opened = &run::<S, D>(players, &exact)[0].opened;
        assert!(opened[0] == exact.expected()[0], "multiples of 2^{bits} are divided exactly");
    }
}

/// Random values of random widths, in both rings.
pub fn random<S: Subject>() {
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(seed: u64, len in 0..200usize, bits in 1..=64u32, exponent in 1..62u32, players in 0..3usize)| {
        let players = S::PLAYERS[players % S::PLAYERS.len()];
        random_case::<S, u64>(players, seed, len, bits, exponent);
        random_case::<S, u128>(players, seed, len, 2 * bits, 2 * exponent);
    });
}

fn random_case<S: Subject, D: Domain>(players: usize, seed: u64, len: usize, bits: u32, exponent: u32) {
    let narrow = |bits: u32| -> Tensor<D> {
        values(&[len], uniform::<D>(seed, len).into_iter().map(|x| x.sar(D::BITS - bits)).collect())
    };
    let run = |primitive: Primitive, operand: Tensor<D>| {
        check::<S, D>(players, &Case { primitive, operands: vec![(operand.clone(), operand)] });
    };
    run(Primitive::Ltz(bits), narrow(bits));
    run(Primitive::Eqz(bits), narrow(bits));
    run(Primitive::Bits(bits), narrow(D::BITS));
    run(Primitive::Trunc(exponent), narrow(D::BITS - 1));
    run(Primitive::Mul, narrow(D::BITS / 2));
    run(Primitive::Square, narrow(D::BITS / 2));
}
