//! Compiles generated programs of 10,000 lines and says how long that takes and how much memory it needs.
//!
//! `cargo run --release -p mpcc --no-default-features --example large [-- LINES]`

#![allow(clippy::disallowed_methods, reason = "a measurement looks at the clock and at the process")]

use mpcc::source::Files;
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

const HEAD: &str = "role alice, bob\ninput a: sint from alice\ninput b: sint from bob\ninput u: sfix[_] from alice\n";

/// A program of about so many lines.
type Program = fn(usize) -> String;

fn main() {
    let lines = std::env::args().nth(1).and_then(|lines| lines.parse().ok()).unwrap_or(10_000);
    let programs: [(&str, Program); 4] =
        [("straight", straight), ("functions", functions), ("branches", branches), ("loops", loops)];
    for (name, program) in programs {
        let text = program(lines);
        let start = Instant::now();
        let compiled = mpcc::compile(&Memory(text.clone()), Path::new("large.mpc"));
        let spent = start.elapsed();
        let size = match &compiled {
            Ok(compiled) => compiled.program.as_ref().map_or(0, |program| program.to_bytes().len()),
            Err(_) => 0,
        };
        println!("{name}: {} lines, {} ms, {size} bytes of bytecode", text.lines().count(), spent.as_millis());
        for found in compiled.iter().flat_map(|compiled| &compiled.diagnostics).take(3) {
            println!("  {}: {}", found.code, found.message);
        }
    }
    println!("at most {} MB", peak_megabytes());
}

/// One file that is not on a disk.
struct Memory(String);

impl Files for Memory {
    fn read(&self, _: &Path) -> std::io::Result<String> {
        Ok(self.0.clone())
    }

    fn exists(&self, _: &Path) -> bool {
        false
    }

    fn list(&self, _: &Path) -> Option<Vec<String>> {
        None
    }
}

/// The most memory that the process ever had, where the system says so.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).map_or(0, |kilobytes: u64| kilobytes / 1024)
}

/// One long block: products, comparisons and choices over the values computed so far.
fn straight(lines: usize) -> String {
    let mut text = String::from(HEAD);
    text += "x0 = a\nx1 = b\n";
    for i in 2..lines {
        let (p, q) = (i - 1, i / 2);
        let _ = match i % 4 {
            0 => writeln!(text, "x{i} = x{p} * x{q}"),
            1 => writeln!(text, "x{i} = x{q} + {i}"),
            2 => writeln!(text, "x{i} = x{p} - x{q} if x{q} < x{p} else x{q}"),
            _ => writeln!(text, "x{i} = x{q} * x{q} + x{p}"),
        };
    }
    let _ = writeln!(text, "print(x{}.reveal())", lines - 1);
    text
}

/// Small functions, each called from two others and from the top level.
fn functions(lines: usize) -> String {
    let mut text = String::from(HEAD);
    let count = lines / 8;
    for i in 0..count {
        let called = if i > 1 && i % 4 == 0 { format!("f{}(x, y)", i / 2) } else { "x * y".into() };
        let _ =
            writeln!(text, "def f{i}(x, y):\n    t = {called}\n    if t < {i}:\n        t = t + x\n    return t - y\n");
    }
    text += "total = sint(0)\n";
    (0..count).for_each(|i| text += &format!("total = total + f{i}(a, b)\n"));
    text += "print(total.reveal())\n";
    text
}

/// Public branches, one after another and within each other.
fn branches(lines: usize) -> String {
    let mut text = format!("{HEAD}input k: int = 3\nx = a\ny = b\n");
    for i in 0..lines / 8 {
        let _ = write!(
            text,
            "if k > {i}:\n    x = x * b\n    if k % {} == 0:\n        y = y + x\nelse:\n    y = y * a\nz{i} = x * y\nx = x + z{i}\n",
            i % 7 + 2
        );
    }
    text += "print((x + y).reveal())\n";
    text
}

/// Loops, one after another, some within others.
fn loops(lines: usize) -> String {
    let mut text = format!("{HEAD}input k: int = 3\nx = a\ny = b\n");
    for i in 0..lines / 7 {
        let _ = write!(
            text,
            "for i in range(k + {i}):\n    x = x * b + i\n    y = y + a * b\n    for j in range(3):\n        y = y * x\nif x.reveal() > {i}:\n    print({i})\n"
        );
    }
    text += "print((x + y).reveal())\n";
    text
}
