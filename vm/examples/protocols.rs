//! Times the primitives of additive sharing, with players and a dealer in this process:
//! `cargo run --release -p mpcvm --example protocols [-- PLAYERS]`.
//!
//! Online is the slowest player's time after the dealer's work has arrived; bytes are what a player sends, with frame headers.

use mpcvm::algebra::Domain;
use mpcvm::correlated::{Demand, Entropy, dealer};
use mpcvm::net::{Net, Port, Ports, Session, memory};
use mpcvm::protocol::share::linear::tensor;
use mpcvm::protocol::{Additive, Call, Fault, Forecast, Protocol, Reply, Share, call};
use mpcvm::random::{Seed, Stream};
use std::sync::Barrier;
use std::time::Instant;

/// A measured operation, on any scheme: the forecast, then the players.
trait Task {
    const NAME: &'static str;
    /// Shapes of the operands.
    const SHAPES: &'static [&'static [usize]];
    /// Runs on shares of the operands.
    fn run<P: Protocol>(scheme: &P, net: &mut dyn Net, operands: &[Share<P::Domain>]) -> Result<(), Fault>;
}

/// Runs one call that gives sharings.
fn one<P: Protocol>(scheme: &P, net: &mut dyn Net, call: Call<P::Domain>) -> Result<Vec<Share<P::Domain>>, Fault> {
    let replies = call::run(scheme, net, &[(0, call)]).map_err(|failed| failed.fault)?;
    Ok(replies.into_iter().flat_map(|reply| if let Reply::Shares(shares) = reply { shares } else { vec![] }).collect())
}

const MILLION: &[usize] = &[1_000_000];

macro_rules! tasks {
    ($($task:ident $name:literal $shapes:expr, |$scheme:ident, $net:ident, $x:ident| $body:block;)*) => {
        $(
            struct $task;
            impl Task for $task {
                const NAME: &'static str = $name;
                const SHAPES: &'static [&'static [usize]] = $shapes;
                fn run<P: Protocol>($scheme: &P, $net: &mut dyn Net, $x: &[Share<P::Domain>]) -> Result<(), Fault> $body
            }
        )*

        fn measure_all<D: Domain>(players: usize) {
            $( measure::<$task, D>(players); )*
        }
    };
}

tasks! {
    Multiply "multiply 1 M" &[MILLION, MILLION], |scheme, net, x| {
        one(scheme, net, Call::Mul(vec![(x[0].clone(), x[1].clone())])).map(drop)
    };
    MultiplyTen "multiply 10 M" &[&[10_000_000], &[10_000_000]], |scheme, net, x| {
        one(scheme, net, Call::Mul(vec![(x[0].clone(), x[1].clone())])).map(drop)
    };
    Fixed "multiply and truncate 1 M" &[MILLION, MILLION], |scheme, net, x| {
        let products = one(scheme, net, Call::Mul(vec![(x[0].clone(), x[1].clone())]))?;
        one(scheme, net, Call::Trunc(16, products)).map(drop)
    };
    Chain "1,000 dependent multiplications" &[&[], &[]], |scheme, net, x| {
        let mut product = x[0].clone();
        for _ in 0..1000 {
            product = one(scheme, net, Call::Mul(vec![(product, x[1].clone())]))?.remove(0);
        }
        Ok(())
    };
    Less "less than zero 1 M" &[MILLION], |scheme, net, x| { one(scheme, net, Call::Ltz(0, x[..1].to_vec())).map(drop) };
    Equal "equal to zero 1 M" &[MILLION], |scheme, net, x| { one(scheme, net, Call::Eqz(0, x[..1].to_vec())).map(drop) };
    Bits "bits 100 k" &[&[100_000]], |scheme, net, x| { one(scheme, net, Call::Bits(0, x[..1].to_vec())).map(drop) };
    Matrix "matrix 1024, truncated" &[&[1024, 1024], &[1024, 1024]], |scheme, net, x| {
        let products = one(scheme, net, Call::Matmul(vec![(x[0].clone(), x[1].clone())]))?;
        one(scheme, net, Call::Trunc(16, products)).map(drop)
    };
}

/// What a player measured.
struct Measured {
    preprocessing: f64,
    online: f64,
    rounds: u64,
    sent: u64,
    dealt: u64,
}

fn measure<T: Task, D: Domain>(players: usize) {
    let operands: Vec<_> = T::SHAPES.iter().map(|shape| shape.to_vec()).collect();
    let zeros = |shape: &Vec<usize>| tensor(shape, vec![D::ZERO; shape.iter().product()]).expect("a whole tensor");
    let demand = memory::simulate(1, false, |net| {
        let forecast = Forecast::<D>::new();
        let shares: Vec<_> = operands.iter().map(|shape| Share::single(zeros(shape))).collect();
        T::run(&forecast, net, &shares).expect("a forecast");
        forecast.into_demand()
    });
    let demand = &demand[0];
    let start = Barrier::new(players);
    let mut sessions = memory::join(players, true, &mpcvm::net::stderr());
    let (session, mut ports) = sessions.pop().expect("the dealer");
    let measured: Vec<Measured> = std::thread::scope(|scope| {
        scope.spawn(move || {
            dealer::serve::<D>(&mut ports.preprocessing, Entropy::System).expect("a dealer");
            session.finish().expect("an end in good order");
        });
        let (start, operands) = (&start, &operands);
        let player = move |each: (Session, Ports)| scope.spawn(move || play::<T, D>(each, start, operands, demand));
        let threads: Vec<_> = sessions.into_iter().map(player).collect();
        threads.into_iter().map(|thread| thread.join().expect("a player")).collect()
    });
    let most = |of: fn(&Measured) -> f64| measured.iter().map(of).fold(0.0, f64::max);
    println!(
        "{:<32} {:<6} {:>10.4} {:>10.4} {:>7} {:>10.3} {:>10.3}",
        T::NAME,
        D::NAME,
        most(|m| m.preprocessing),
        most(|m| m.online),
        measured[0].rounds,
        most(|m| m.sent as f64 / 1e6),
        most(|m| m.dealt as f64 / 1e6),
    );
}

fn play<T: Task, D: Domain>(
    (session, ports): (Session, Ports),
    start: &Barrier,
    shapes: &[Vec<usize>],
    demand: &Demand,
) -> Measured {
    let mut net: Port = ports.online;
    let mut scheme = Additive::<D>::join(&mut net, Box::new(ports.preprocessing), Entropy::System).expect("a player");
    // Shares are uniform, whatever the values are.
    let mut stream = Stream::new(&Seed::insecure_from(net.me() as u64), 0);
    let mut share =
        |shape: &Vec<usize>| tensor(shape, stream.elements(shape.iter().product())).expect("a whole tensor");
    let operands: Vec<_> = shapes.iter().map(|shape| Share::single(share(shape))).collect();
    start.wait();
    let begin = Instant::now();
    scheme.prepare(demand).expect("the dealer's work");
    let preprocessing = begin.elapsed().as_secs_f64();
    start.wait();
    let (begin, before) = (Instant::now(), net.counters());
    T::run(&scheme, &mut net, &operands).expect("a result");
    let online = begin.elapsed().as_secs_f64();
    let after = net.counters();
    let dealt = scheme.preprocessing().peers[net.players()].received;
    session.finish().expect("an end in good order");
    Measured {
        preprocessing,
        online,
        rounds: after.rounds - before.rounds,
        sent: after.total().sent - before.total().sent,
        dealt,
    }
}

fn main() {
    let players = std::env::args().nth(1).and_then(|argument| argument.parse().ok()).unwrap_or(2);
    println!(
        "{:<32} {:<6} {:>10} {:>10} {:>7} {:>10} {:>10}",
        "additive", "ring", "dealer s", "online s", "rounds", "MB sent", "MB dealt"
    );
    measure_all::<u64>(players);
    measure_all::<u128>(players);
}
