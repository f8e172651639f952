//! How long each phase of compiling a file takes, and how much memory is in use at most by its end:
//! `cargo run --release -p mpcc --no-default-features --example phases -- FILE [TIMES]`.

#![allow(clippy::disallowed_methods, reason = "a measurement has a clock and a command line; the core has neither")]

use mpcc::source::{Disk, Files, Sources};
use mpcc::types::{Library, check};
use mpcc::{emit, lower, passes, syntax};
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let file = words.next().ok_or("which file?")?;
    let times = words.next().map_or(Ok(5), |times| times.parse())?;
    let text = Disk.read(Path::new(&file))?;
    println!(
        "{:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9}",
        "library", "parse", "check", "lower", "passes", "emit", "peak MB"
    );
    for _ in 0..times {
        once(&file, &text);
    }
    Ok(())
}

fn once(file: &str, text: &str) {
    let mut sources = Sources::new();
    let entry = sources.add(file, text);
    let mut spent = Vec::new();
    let library = timed(&mut spent, || Library::load(&mut sources));
    let (module, _) = timed(&mut spent, || syntax::parse(entry, text));
    let modules = mpcc::names::Modules::single(entry, module);
    let checked = timed(&mut spent, || check(&modules, &library));
    if let Some(tree) = checked.tree {
        let mut lowered = timed(&mut spent, || lower::lower(&tree, &sources));
        timed(&mut spent, || passes::optimise(&mut lowered));
        timed(&mut spent, || emit::emit(lowered, &tree, &sources));
    }
    spent.iter().for_each(|ms| print!("{ms:>8.2} "));
    println!("{:>9.1}", peak());
}

/// What `work` gives; its milliseconds are noted.
fn timed<T>(spent: &mut Vec<f64>, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let made = work();
    spent.push(start.elapsed().as_secs_f64() * 1e3);
    made
}

/// The largest resident size so far, in megabytes; zero where the system does not say.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}
