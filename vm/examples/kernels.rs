//! Measures the local kernels of this machine against their scalar twins. For one thread, as players are pinned:
//! `RAYON_NUM_THREADS=1 cargo run --release -p mpcvm --example kernels`

use mpcvm::algebra::Domain;
use mpcvm::algebra::bits::Planes;
use mpcvm::algebra::linear;
use mpcvm::algebra::matmul::{Dims, Kernel, kernels_u64, kernels_u128};
use mpcvm::random::{Seed, Stream};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The best of several runs, in seconds: noise only ever adds.
fn seconds(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut best = f64::INFINITY;
    let mut runs = 0;
    while runs < 2 || (start.elapsed() < Duration::from_millis(400) && runs < 10_000) {
        let run = Instant::now();
        work();
        best = best.min(run.elapsed().as_secs_f64());
        runs += 1;
    }
    best
}

fn matmul<D: Domain>(kernels: &[(&'static str, Kernel<D>)]) {
    println!("\nmatrix product over {}, 10⁹ multiply-adds a second (times the scalar twin)", D::NAME);
    print!("{:>16}", "m×k×n");
    kernels.iter().for_each(|(name, _)| print!("{name:>16}"));
    println!("{:>16}", "chosen");
    let squares = [8, 16, 32, 64, 128, 256, 512, 1024].map(|size| [size; 3]);
    let others = [
        [1, 784, 128],
        [128, 784, 1],
        [128, 784, 10],
        [5, 25, 576],
        [16, 150, 6400],
        [20, 25, 57600],
        [50, 500, 6400],
        [64, 576, 1024],
    ];
    for [m, k, n] in squares.into_iter().chain(others) {
        let dims = Dims { m, k, n };
        print!("{:>16}", format!("{m}×{k}×{n}"));
        let (a, b) = (vec![D::from_i64(-7); m * k], vec![D::from_i64(1 << 40); k * n]);
        let mut c = vec![D::ZERO; m * n];
        let mut twin = f64::NAN;
        for &(name, kernel) in kernels.iter().chain([&("chosen", D::matmul_add as Kernel<D>)]) {
            let rate = (m * k * n) as f64 / 1e9 / seconds(|| kernel(dims, black_box(&a), black_box(&b), &mut c));
            if name == "scalar" {
                twin = rate;
            }
            print!("{:>16}", format!("{rate:.2} ({:.1})", rate / twin));
        }
        println!();
    }
}

fn slicing<D: Domain>() {
    for log in [14, 20] {
        let values = vec![D::from_i64(-3); 1 << log];
        let planes = Planes::of(&values);
        let there = seconds(|| drop(black_box(Planes::of(black_box(&values)))));
        let back = seconds(|| drop(black_box(black_box(&planes).to_values::<D>())));
        println!("2^{log} values over {}: to planes {:.3} ms, back {:.3} ms", D::NAME, there * 1e3, back * 1e3);
    }
}

fn elementwise<D: Domain>() {
    let (x, y) = (vec![D::from_i64(-3); 1 << 14], vec![D::from_i64(5); 1 << 14]);
    let mut out = vec![D::ZERO; 1 << 14];
    let mut rate = |work: &dyn Fn(&mut [D])| 2f64.powi(14) / 1e9 / seconds(|| work(black_box(&mut out)));
    let add = rate(&|out| linear::add_assign(out, &x));
    let mul = rate(&|out| linear::mul_assign(out, &x));
    let mul_add = rate(&|out| linear::mul_add(out, &x, &y));
    println!(
        "elementwise over {}, 10⁹ a second: add {add:.2}, multiply {mul:.2}, multiply and add {mul_add:.2}",
        D::NAME
    );
}

fn generator() {
    use rand_chacha::rand_core::{Rng, SeedableRng};
    let mut out = vec![0u64; 1 << 14];
    let bytes = size_of_val(out.as_slice()) as f64;
    let mut stream = Stream::new(&Seed::insecure_from(1), 1);
    let ours = bytes / 1e9 / seconds(|| stream.fill_words(black_box(&mut out)));
    let mut twin = rand_chacha::ChaCha12Rng::from_seed([7; 32]);
    let theirs = bytes / 1e9 / seconds(|| twin.fill_bytes(bytemuck::cast_slice_mut(black_box(&mut out))));
    println!("generator: ChaCha12 {ours:.2} GB/s, rand_chacha's {theirs:.2} GB/s ({:.1})", ours / theirs);
}

fn main() {
    generator();
    elementwise::<u64>();
    elementwise::<u128>();
    slicing::<u64>();
    slicing::<u128>();
    matmul(&kernels_u64());
    matmul(&kernels_u128());
}
