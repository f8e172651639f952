//! The benchmark: runs the programs of `programs/bench/` and prints a table.
//!
//! Each line is the median over the runs of the slowest player's online seconds, its preprocessing seconds, what it sent, its rounds and its
//! peak memory, beside the mark that the line has to reach. Ratios compare with the mark: below one is faster.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// One line of the table.
struct Work {
    name: &'static str,
    program: &'static str,
    n: u64,
    /// Seconds online that are to be reached.
    mark: Option<f64>,
    /// Bytes a player must send at least under this protocol: the bound.
    bound: u64,
}

const fn work(name: &'static str, program: &'static str, n: u64, mark: Option<f64>, bound: u64) -> Work {
    Work { name, program, n, mark, bound }
}

/// Two players and a dealer, ring 2^64: a product opens two elements, a truncation one, a matrix product its operands.
const WORK: &[Work] = &[
    work("integer multiply 1 M", "multiply", 1_000_000, None, 16_000_000),
    work("integer multiply 10 M", "multiply", 10_000_000, None, 160_000_000),
    work("fixed-point multiply 1 M", "multiply_fixed", 1_000_000, Some(0.2), 24_000_000),
    work("1,000 dependent multiplies", "dependent", 1000, Some(0.15), 16_000),
    work("integer matrix product 128", "matmul_int", 128, None, 2 * 8 * 128 * 128),
    work("integer matrix product 256", "matmul_int", 256, None, 2 * 8 * 256 * 256),
    work("integer matrix product 512", "matmul_int", 512, None, 2 * 8 * 512 * 512),
    work("integer matrix product 1024", "matmul_int", 1024, None, 2 * 8 * 1024 * 1024),
    work("fixed-point matrix product 128", "matmul_fixed", 128, None, 3 * 8 * 128 * 128),
    work("fixed-point matrix product 256", "matmul_fixed", 256, None, 3 * 8 * 256 * 256),
    work("fixed-point matrix product 512", "matmul_fixed", 512, None, 3 * 8 * 512 * 512),
    work("fixed-point matrix product 1024", "matmul_fixed", 1024, Some(0.3), 3 * 8 * 1024 * 1024),
    work("comparison 1 M", "compare", 1_000_000, Some(0.8), 12_375_000),
];

/// What one run measured: the largest over the players.
#[derive(Clone, Copy, Default)]
struct Measured {
    preprocessing: f64,
    online: f64,
    sent: f64,
    rounds: f64,
    memory: f64,
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1).peekable();
    let runs = args.next_if(|word| word.parse::<usize>().is_ok()).and_then(|word| word.parse().ok()).unwrap_or(5);
    let names: Vec<String> = args.collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|part| name.contains(part.as_str()));
    println!("additive, two players and a dealer, ring 2^64; median of {runs} runs\n");
    println!("| work | online s | mark s | ratio | preprocessing s | MB sent | ratio to bound | rounds | peak MB |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for work in WORK.iter().filter(|work| wanted(work.name)) {
        match measure(work, runs) {
            Ok(measured) => print_line(work, &measured),
            Err(message) => {
                eprintln!("{}: {message}", work.name);
                return ExitCode::FAILURE;
            }
        }
    }
    if wanted("compile") {
        print_compile_times(runs);
    }
    ExitCode::SUCCESS
}

fn print_line(work: &Work, measured: &Measured) {
    let mark = work.mark.map_or("".into(), |mark| format!("{mark}"));
    let ratio = work.mark.map_or("".into(), |mark| format!("{:.2}", measured.online / mark));
    println!(
        "| {} | {:.3} | {mark} | {ratio} | {:.3} | {:.2} | {:.3} | {} | {:.0} |",
        work.name,
        measured.online,
        measured.preprocessing,
        measured.sent / 1e6,
        measured.sent / work.bound as f64,
        measured.rounds,
        measured.memory / 1e6,
    );
}

/// The median of each figure; one run more comes first and does not count.
fn measure(work: &Work, runs: usize) -> Result<Measured, String> {
    run_once(work)?;
    let all: Vec<Measured> = (0..runs.max(1)).map(|_| run_once(work)).collect::<Result<_, _>>()?;
    let median = |figure: fn(&Measured) -> f64| {
        let mut figures: Vec<f64> = all.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    Ok(Measured {
        preprocessing: median(|m| m.preprocessing),
        online: median(|m| m.online),
        sent: median(|m| m.sent),
        rounds: median(|m| m.rounds),
        memory: median(|m| m.memory),
    })
}

fn run_once(work: &Work) -> Result<Measured, String> {
    let report = std::env::temp_dir().join(format!("mpc-bench-{}.json", std::process::id()));
    let program = programs().join("bench").join(work.program).with_extension("mpc");
    let mut command = Command::new(mpcc());
    command.arg("run").arg(program).args(["-n", "2", "--ring", "64", "--pin", "--input"]).arg(format!("n={}", work.n));
    let output = command.arg("--report").arg(&report).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = std::fs::read(&report).map_err(|error| error.to_string())?;
    let _ = std::fs::remove_file(&report);
    let report: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let players = report["players"].as_array().ok_or("the report has no players")?;
    let largest = |key: &str| players.iter().filter_map(|player| player[key].as_f64()).fold(0.0, f64::max);
    Ok(Measured {
        preprocessing: largest("preprocessing_seconds"),
        online: largest("online_seconds"),
        sent: largest("bytes_sent"),
        rounds: largest("rounds"),
        memory: largest("peak_memory_bytes"),
    })
}

/// Whole-process time of `mpcc check` for every program.
fn print_compile_times(runs: usize) {
    println!("\n| compile | ms (mark 100) |\n|---|---|");
    let mut files: Vec<PathBuf> =
        [programs(), programs().join("bench")].iter().flat_map(|folder| sources(folder)).collect();
    files.sort();
    for file in files {
        let mut times: Vec<f64> = (0..runs.max(1)).filter_map(|_| compile_once(&file)).collect();
        times.sort_by(f64::total_cmp);
        if let Some(median) = times.get(times.len() / 2) {
            println!("| {} | {:.1} |", file.file_name().unwrap_or_default().to_string_lossy(), median * 1e3);
        }
    }
}

fn compile_once(file: &Path) -> Option<f64> {
    let start = Instant::now();
    let output = Command::new(mpcc()).arg("check").arg(file).output().ok()?;
    output.status.success().then(|| start.elapsed().as_secs_f64())
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    files.filter(|file| file.extension().is_some_and(|extension| extension == "mpc")).collect()
}

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("programs")
}

/// The compiler beside this binary.
fn mpcc() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.with_file_name("mpcc")
}
