//! `mpcc test`: every `@test` function of the files, each a program of its own, side by side on this machine's cores.
//!
//! A test runs as `mpcc run` does, in processes of its own: one that hangs, dies or prints disturbs no other.

mod budget;
mod outcome;
mod report;

use super::unread::unreadable;
use super::{Failure, Format, color, exit};
use budget::Account;
use clap::Args;
use mpc_bytecode::Program;
use mpcc::diagnostic::{Diagnostic, any_error, render};
use mpcc::source::Disk;
use mpcc::suite::{Suite, Test};
use mpcvm::config::Sharing;
use outcome::{Call, Outcome};
use report::Report;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

/// What may be typed after `mpcc test`.
#[derive(Args)]
pub struct TestArgs {
    /// Files, and folders whose files are all taken [default: this folder].
    #[arg(value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Only tests whose name, as it is printed, contains this.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// The sharing scheme; `all` for each of them, in both rings.
    #[arg(long, value_name = "SCHEME|all", default_value = "plain", value_parser = Schemes::parse)]
    sharing: Schemes,
    /// How many players compute [default: three, or one in the clear].
    #[arg(short = 'n', long = "players", value_name = "N")]
    players: Option<usize>,
    /// The ring: 64 or 128 bits [default: the smallest that the precision fits].
    #[arg(long, value_name = "BITS")]
    ring: Option<u32>,
    /// After how many seconds a test has failed.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// For people or for other programs.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// Which schemes run a test.
#[derive(Clone, Copy)]
enum Schemes {
    One(Sharing),
    All,
}

impl Schemes {
    fn parse(name: &str) -> Result<Self, String> {
        if name == "all" { Ok(Schemes::All) } else { Sharing::parse(name).map(Schemes::One) }
    }
}

/// How a test is run.
#[derive(Clone, Copy)]
struct Setting {
    sharing: Sharing,
    players: usize,
    ring: u32,
}

/// A test under one setting.
struct Job<'s> {
    suite: &'s Suite,
    test: &'s Test,
    name: String,
    program: PathBuf,
    setting: Setting,
    shows_setting: bool,
    account: Option<Account>,
}

/// Runs the command.
pub fn run(args: TestArgs) -> Result<u8, Failure> {
    let suites = load(&args)?;
    let folder = tempfile::Builder::new().prefix("mpcc-test-").tempdir();
    let folder = folder.map_err(|error| Failure::new(exit::SYSTEM, format!("cannot make a folder: {error}")))?;
    let mut shown = Shown { human: args.format == Format::Human, said: HashSet::new(), errors: 0 };
    let mut report = Report::new(args.format);
    let mut jobs = Vec::new();
    for suite in &suites {
        shown.diagnostics(suite, &suite.diagnostics);
        for test in &suite.tests {
            let name = format!("{}::{}", file_of(suite), test.name);
            if args.filter.as_ref().is_some_and(|filter| !name.contains(filter.as_str())) {
                continue;
            }
            let (program, found) = suite.compile(test);
            shown.diagnostics(suite, &found);
            match program {
                Some(program) => jobs.extend(planned(&args, suite, test, &name, &program, folder.path(), jobs.len())?),
                None => report.broken(&name, suite, test, &found),
            }
        }
    }
    if jobs.is_empty() && report.is_empty() && shown.errors == 0 {
        return Err(nothing_found(&args));
    }
    side_by_side(&jobs, args.timeout, |job, outcome| report.add(job, &outcome))?;
    report.finish(shown.errors)
}

fn nothing_found(args: &TestArgs) -> Failure {
    let places: Vec<String> = paths(args).iter().map(|path| path.display().to_string()).collect();
    let message = match &args.filter {
        Some(filter) => format!("no test in {} has `{filter}` in its name", places.join(", ")),
        None => format!("no tests found in {}; a test is a function with `@test` above it", places.join(", ")),
    };
    Failure::new(exit::ERRORS, message)
}

/// Diagnostics of files, each once: many tests may need the same broken function.
struct Shown {
    human: bool,
    said: HashSet<String>,
    errors: usize,
}

impl Shown {
    fn diagnostics(&mut self, suite: &Suite, found: &[Diagnostic]) {
        for diagnostic in found {
            let text = render::human(&suite.sources, std::slice::from_ref(diagnostic), color());
            if self.said.insert(text.clone()) && self.human {
                // The last line counts diagnostics: there is one.
                let lines: Vec<&str> = text.lines().collect();
                eprintln!("{}", lines[..lines.len().saturating_sub(1)].join("\n"));
            }
        }
        self.errors += usize::from(any_error(found) && suite.tests.is_empty());
    }
}

fn paths(args: &TestArgs) -> Vec<PathBuf> {
    if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths.clone() }
}

/// Reads all files; those of folders only where they have tests.
fn load(args: &TestArgs) -> Result<Vec<Suite>, Failure> {
    let mut files = Vec::new();
    for path in paths(args) {
        if path.is_dir() {
            let mut inside = Vec::new();
            collect(&path, &mut inside).map_err(|error| unreadable(&path, &error))?;
            inside.sort();
            inside.retain(|file| std::fs::read_to_string(file).is_ok_and(|text| text.contains("@test")));
            files.extend(inside);
        } else {
            files.push(path);
        }
    }
    let read = |file: &PathBuf| Suite::load(&Disk, file).map_err(|error| unreadable(file, &error));
    files.iter().map(read).collect()
}

/// The files of a folder and of those below it; links to folders are not followed, so that no walk is without end.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.file_type()?.is_dir() {
            if !hidden {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "mpc") && path.is_file() {
            files.push(path.strip_prefix(".").map_or_else(|_| path.clone(), Path::to_owned));
        }
    }
    Ok(())
}

/// The file as it was given, for names of tests.
fn file_of(suite: &Suite) -> String {
    let first = suite.sources.iter().next();
    first.map(|(_, source)| source.path.display().to_string()).unwrap_or_default()
}

/// The jobs of one test; its program is written for them.
fn planned<'s>(
    args: &TestArgs,
    suite: &'s Suite,
    test: &'s Test,
    name: &str,
    program: &Program,
    folder: &Path,
    number: usize,
) -> Result<Vec<Job<'s>>, Failure> {
    let file = folder.join(format!("{number}.mpcb"));
    std::fs::write(&file, program.to_bytes())
        .map_err(|error| Failure::new(exit::SYSTEM, format!("cannot write {}: {error}", file.display())))?;
    let job = |setting| {
        let priced = priced(args, setting);
        let account = Account::of(test, program, priced);
        let counts = account.as_ref().is_some_and(Account::has_to_run);
        let setting = if counts { priced } else { setting };
        let shows_setting = counts || matches!(args.sharing, Schemes::All);
        Job { suite, test, name: name.to_owned(), program: file.clone(), setting, shows_setting, account }
    };
    Ok(settings(args, program)?.into_iter().map(job).collect())
}

fn settings(args: &TestArgs, program: &Program) -> Result<Vec<Setting>, Failure> {
    let usage = |message: &str| Failure::new(exit::USAGE, message);
    let needed = program.precision.ring_bits();
    let needed = needed.ok_or_else(|| usage("the precision fits no ring; 128 bits is the widest"))?;
    let schemes = match args.sharing {
        Schemes::One(sharing) => vec![sharing],
        Schemes::All => Sharing::ALL.to_vec(),
    };
    let rings = match (args.ring, args.sharing) {
        (Some(ring), _) => vec![ring],
        (None, Schemes::One(_)) => vec![needed],
        (None, Schemes::All) => [64, 128].into_iter().filter(|ring| *ring >= needed).collect(),
    };
    let players = |sharing: Sharing| match args.players {
        Some(players) => players,
        None if sharing == Sharing::Plain => 1,
        None => sharing.fewest_players().max(3),
    };
    let setting = |sharing, ring| Setting { sharing, players: players(sharing), ring };
    Ok(schemes.iter().flat_map(|sharing| rings.iter().map(|ring| setting(*sharing, *ring))).collect())
}

/// For which setting the cost of a test is held to its budget.
fn priced(args: &TestArgs, setting: Setting) -> Setting {
    match (setting.sharing, args.sharing) {
        (Sharing::Plain, Schemes::One(_)) => {
            let players = args.players.filter(|&players| players >= Sharing::Additive.fewest_players());
            Setting { sharing: Sharing::Additive, players: players.unwrap_or(3), ring: setting.ring }
        }
        (Sharing::Plain, Schemes::All) | (Sharing::Additive, _) => setting,
    }
}

/// Runs all jobs, as many at a time as their processes have cores, and gives the outcomes in the order of the jobs.
fn side_by_side(jobs: &[Job<'_>], timeout: u64, mut each: impl FnMut(&Job<'_>, Outcome)) -> Result<(), Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let most = jobs.iter().map(|job| job.setting.players).max().unwrap_or(1);
    let workers = (cores / most).clamp(1, jobs.len().max(1));
    let queue = Mutex::new((0..jobs.len()).collect::<VecDeque<_>>());
    let (ended, ends) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (queue, ended) = (&queue, ended.clone());
            scope.spawn(move || {
                while let Some(at) = queue.lock().ok().and_then(|mut queue| queue.pop_front()) {
                    // Nobody listens any more once a job could not be started.
                    let _ = ended.send((at, execute(&jobs[at], Duration::from_secs(timeout))));
                }
            });
        }
        drop(ended);
        let (mut early, mut next) = (BTreeMap::new(), 0);
        for (at, outcome) in ends {
            early.insert(at, outcome?);
            while let Some(outcome) = early.remove(&next) {
                each(&jobs[next], outcome);
                next += 1;
            }
        }
        Ok(())
    })
}

/// Runs a job to its end.
fn execute(job: &Job<'_>, timeout: Duration) -> Result<Outcome, Failure> {
    let system = |error: std::io::Error| Failure::new(exit::SYSTEM, format!("cannot run a test: {error}"));
    let Setting { sharing, players, ring } = job.setting;
    let mut command = Command::new(std::env::current_exe().map_err(system)?);
    command.arg("run").arg(&job.program).args(["--sharing", sharing.name(), "--ring", &ring.to_string()]);
    command.args(["--players", &players.to_string()]);
    let counts = job.account.as_ref().is_some_and(Account::has_to_run);
    let report = job.program.with_extension(format!("{ring}.json"));
    if counts {
        command.arg("--report").arg(&report);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().map_err(system)?;
    // Pipes are emptied while the test runs, or it would stop when they are full.
    let out = outcome::reader(child.stdout.take());
    let err = outcome::reader(child.stderr.take());
    let status = loop {
        if let Some(status) = child.try_wait().map_err(system)? {
            break Some(status);
        }
        if start.elapsed() > timeout {
            child.kill().and_then(|()| child.wait()).map_err(system)?;
            break None;
        }
        std::thread::sleep(Duration::from_millis(1).max(start.elapsed() / 50));
    };
    let time = start.elapsed();
    let (out, err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
    let status = status.map(|status| status.code());
    let outcome = Outcome::of(job.test, &start_of(job), status, time, out, &err);
    let counted = if counts { budget::counted(&report) } else { None };
    Ok(Outcome { counted, ..outcome })
}

/// The call of a test, as a run names it.
fn start_of(job: &Job<'_>) -> Call {
    let Suite { sources, .. } = job.suite;
    let source = sources.get(job.test.span.file);
    let file = source.and_then(|source| source.path.file_name()).unwrap_or_default().to_string_lossy().into_owned();
    let line = sources.position(job.test.span).map_or(0, |position| position.line);
    Call { file, line, function: String::new() }
}
