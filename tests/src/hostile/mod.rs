//! Hostile texts and bytes, in this process: thousands of broken programs, and what must hold of each. The same checks stand behind
//! the fuzz targets of `tests/fuzz`.
//!
//! `MPC_RANDOM=50000` tries that many of each kind instead of the fixed few.

mod front_end;
mod verifier;

use crate::random::Dice;
use crate::robustness::{broken, texts};
use libtest_mimic::{Failed, Trial};
use mpc_bytecode::program;
use mpcc::source::Memory;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Texts, and bodies of programs, in a trial.
const CHUNK: u64 = 250;
/// How many of each are tried.
const TRIED: u64 = 1_500;

/// Broken texts and broken bytecode, in a few trials.
pub fn trials() -> Vec<Trial> {
    let tried = std::env::var("MPC_RANDOM").ok().and_then(|text| text.parse().ok()).unwrap_or(TRIED);
    let chunks = || (0..tried.div_ceil(CHUNK)).map(move |chunk| chunk * CHUNK..tried.min((chunk + 1) * CHUNK));
    let named =
        |what: &str, seeds: &std::ops::Range<u64>| format!("hostile::{what}::{}_to_{}", seeds.start, seeds.end - 1);
    let front = chunks().map(|seeds| Trial::test(named("front_end", &seeds), move || texts_of(seeds)));
    let bodies = chunks().map(|seeds| Trial::test(named("verifier", &seeds), move || bodies_of(seeds)));
    front.chain(bodies).collect()
}

fn texts_of(seeds: std::ops::Range<u64>) -> Result<(), Failed> {
    let good = texts();
    for seed in seeds {
        let text = broken(seed, &good);
        guarded(|| front_end::check(&text)).map_err(|why| format!("seed {seed}: {why}\n-- program:\n{text}"))?;
    }
    Ok(())
}

fn bodies_of(seeds: std::ops::Range<u64>) -> Result<(), Failed> {
    let good: Vec<Vec<u8>> = texts().iter().filter_map(|text| body(text)).collect();
    for seed in seeds {
        let mut dice = Dice::new(seed);
        let body = mutated(&mut dice, &good);
        guarded(|| verifier::check(&body)).map_err(|why| format!("seed {seed}: {why}"))?;
    }
    Ok(())
}

/// A panic is a failure with its seed.
fn guarded(check: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|_| Err("it panicked".into()))
}

/// The body of a good program's file.
fn body(text: &str) -> Option<Vec<u8>> {
    let mut files = Memory::new();
    files.insert("good.mpc", text);
    let program = mpcc::compile(&files, Path::new("good.mpc")).ok()?.program?;
    Some(program.to_bytes().split_off(program::HEADER))
}

/// A few bytes replaced, flipped, doubled, dropped, or brought from another program.
fn mutated(dice: &mut Dice, good: &[Vec<u8>]) -> Vec<u8> {
    let mut body = good[dice.below(good.len())].clone();
    let other = &good[dice.below(good.len())];
    for _ in 0..dice.number(1..=3) {
        if body.is_empty() {
            break;
        }
        let (at, from) = (dice.below(body.len()), dice.below(other.len()));
        match dice.below(6) {
            0 => body[at] = dice.number(0..=255) as u8,
            1 => body[at] ^= 1 << dice.below(8),
            2 => body[at] = body[at].wrapping_add(1),
            3 => body.insert(at, body[at]),
            4 => drop(body.remove(at)),
            _ => body[at] = other[from],
        }
    }
    body
}
