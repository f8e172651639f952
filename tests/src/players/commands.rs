//! What others script against: streams, files, exit codes and options of the two commands.

use super::arrays::{floats, npy};
use super::cluster::{expect_err, words};
use super::process::Process;
use super::trial;
use crate::binaries::Said;
use libtest_mimic::Trial;
use serde_json::Value;
use std::path::PathBuf;
use tempfile::TempDir;

const PORTS: &str = "\
role alice, bob
input x: sint from alice
input y: sint[n] from bob
input k: int = 2
output last: sint to bob
output all_of_it: sint[n] to all
output both: sbool to alice, bob
print(\"first\")
last = x * k
all_of_it = y * x
both = x > y[0]
print(f\"{n} numbers\")
";

const INNER: &str = "\
sum = sint(0)
for i in range(3):
    sum = sum + sint(i) * sint(i*2)
print_ln(\"%s\", sum.reveal())
";

/// All trials.
pub fn trials() -> Vec<Trial> {
    let one = |name, check| trial("commands", name, check);
    vec![
        one("run_says_everything_once_in_order", run_says_everything_once_in_order),
        one("run_takes_and_writes_files", run_takes_and_writes_files),
        one("run_reports_every_player", run_reports_every_player),
        one("run_of_bytecode", run_of_bytecode),
        one("run_with_two_to_five_players", run_with_two_to_five_players),
        one("run_in_the_wide_ring", run_in_the_wide_ring),
        one("run_gives_inputs_to_their_owners_alone", run_gives_inputs_to_their_owners_alone),
        one("run_names_who_failed", run_names_who_failed),
        one("run_with_a_seed", run_with_a_seed),
        one("plain_sees_overflow", plain_sees_overflow),
        one("plain_is_the_same_and_says_what_it_is", plain_is_the_same_and_says_what_it_is),
        one("usage", usage),
        one("usage_of_the_machine", usage_of_the_machine),
        one("help_and_version", help_and_version),
        one("check_for_programs", check_for_programs),
        one("check_for_people", check_for_people),
        one("build_writes_where_it_is_told", build_writes_where_it_is_told),
        one("build_is_reproducible", build_is_reproducible),
        one("build_writes_nothing_of_a_wrong_program", build_writes_nothing_of_a_wrong_program),
        one("bytecode_as_text_and_back", bytecode_as_text_and_back),
        one("text_that_is_no_bytecode", text_that_is_no_bytecode),
        one("files_that_are_no_programs", files_that_are_no_programs),
        one("a_reader_that_goes_away", a_reader_that_goes_away),
    ]
}

/// A folder with programs in it.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a test can make a folder"));
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.file(name), contents).expect("a test can write a file");
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Starts `mpcc` with a line of words.
    fn start(&self, line: &str) -> Process {
        Process::start(line, "mpcc", self.0.path(), &words(line))
    }

    /// Runs `mpcc` with a line of words.
    fn mpcc(&self, line: &str) -> Said {
        self.start(line).finish()
    }

    /// Runs `mpcc`, which must succeed.
    fn good(&self, line: &str) -> Said {
        let said = self.mpcc(line);
        assert_eq!(said.code, Some(0), "{line}: {}{}", said.out, said.err);
        said
    }

    /// Runs `mpcc`, which must fail with a code and say a text.
    fn bad(&self, line: &str, code: i32, text: &str) -> Said {
        let said = self.mpcc(line);
        assert_eq!(said.code, Some(code), "{line}: {}{}", said.out, said.err);
        expect_err(&said, text);
        said
    }
}

fn run_says_everything_once_in_order() {
    let folder = Folder::new(&[("p.mpc", PORTS)]);
    let said = folder.good("run p.mpc --input x=-4 --input y=[1,2,3]");
    let expected = "first\n3 numbers\nlast -> bob: -8\nall_of_it -> all: [-4, -8, -12]\nboth -> alice, bob: False\n";
    assert_eq!(said.out, expected);
    assert_eq!(said.err, "");
}

fn run_takes_and_writes_files() {
    let folder = Folder::new(&[("p.mpc", PORTS), ("y.csv", "who,amount\na,7\nb,-8\n")]);
    folder.write("x.npy", npy(">i2", "()", &[0xff, 0xfe]));
    let said = folder.good(
        "run p.mpc --input x=x.npy --input y=y.csv:amount --input k=-1 --output all_of_it=a.csv --output last=last.npy",
    );
    assert_eq!(said.out, "first\n2 numbers\nboth -> alice, bob: False\n");
    assert_eq!(folder.read("a.csv"), b"all_of_it\n-14\n16\n");
    assert!(folder.read("last.npy").ends_with(&2i64.to_le_bytes()));
    let plain = folder.good("run --plain p.mpc --input x=x.npy --input y=y.csv:amount --input k=-1 --output all_of_it=b.csv --output last=b.npy");
    assert_eq!(
        (plain.out, folder.read("b.csv"), folder.read("b.npy")),
        (said.out, folder.read("a.csv"), folder.read("last.npy"))
    );
}

fn report(folder: &Folder, name: &str) -> Value {
    serde_json::from_slice(&folder.read(name)).expect("a report is JSON")
}

fn run_reports_every_player() {
    let folder = Folder::new(&[("p.mpc", PORTS)]);
    folder.good("run p.mpc -n 4 --input x=1 --input y=[5] --report r.json");
    let hash = folder.good("build p.mpc").err;
    let found = report(&folder, "r.json");
    assert!(hash.contains(found["program_hash"].as_str().expect("a hash")), "{hash}{found}");
    assert_eq!((&found["sharing"], &found["ring"]), (&"additive".into(), &64.into()));
    let players = found["players"].as_array().expect("players");
    assert_eq!(players.len(), 4);
    for (index, player) in players.iter().chain([&found["dealer"]]).enumerate() {
        assert!(index == 4 || player["player"] == index, "{player}");
        for key in ["preprocessing_seconds", "online_seconds"] {
            assert!(player[key].as_f64().is_some_and(|seconds| (0.0..60.0).contains(&seconds)), "{key}: {player}");
        }
        for key in ["bytes_sent", "bytes_received", "peak_memory_bytes"] {
            assert!(player[key].as_u64().is_some_and(|count| count > 0), "{key}: {player}");
        }
        assert!(player["rounds"].is_u64(), "{player}");
    }
    let same = |key: &str| players.iter().all(|player| player[key] == players[0][key]);
    assert!(same("rounds") && same("program_hash"), "{found}");
    folder.good("run p.mpc --plain --input x=1 --input y=[5] --report plain.json");
    let plain = report(&folder, "plain.json");
    assert_eq!((&plain["sharing"], &plain["program_hash"]), (&"plain".into(), &found["program_hash"]));
    assert_eq!(plain["players"][0]["bytes_sent"], 0);
    folder.bad("run p.mpc --input x=1 --input y=[5] --report none/r.json", 71, "cannot write none/r.json");
}

fn run_of_bytecode() {
    let folder = Folder::new(&[("inner.mpc", INNER)]);
    folder.good("inner.mpc");
    assert_eq!(folder.good("run inner.mpcb").out, "10\n");
    assert_eq!(folder.good("run --plain inner.mpcb").out, "10\n");
}

fn run_with_two_to_five_players() {
    let folder = Folder::new(&[("inner.mpc", INNER)]);
    for players in 2..=5 {
        let said = folder.good(&format!("run inner.mpc -n {players}"));
        assert_eq!((said.out.as_str(), said.err.as_str()), ("10\n", ""), "{players} players");
    }
}

fn run_in_the_wide_ring() {
    let folder = Folder::new(&[
        ("p.mpc", PORTS),
        ("wide.mpc", "precision fix(bits=80, frac=40)\nx = sfix(1.5)\nprint((x * x).reveal())\n"),
    ]);
    let line = "run p.mpc --input x=-4 --input y=[1,2,3]";
    assert_eq!(folder.good(&format!("{line} --ring 128")).out, folder.good(line).out);
    // The ring follows from the program where nobody says.
    assert_eq!(folder.good("run wide.mpc --report r.json").out, "2.25\n");
    assert_eq!(report(&folder, "r.json")["ring"], 128);
    folder.bad("run wide.mpc --ring 64", 64, "needs `--ring 128`");
    folder.bad("run p.mpc --ring 32", 64, "there is no ring of 32 bits; `--ring` takes 64 or 128");
}

/// What a started process was started with.
fn words_of_children(parent: u32) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parent_of = |id: u32| -> Option<u32> {
        let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let own = ids.filter(|id| parent_of(*id) == Some(parent));
    own.filter_map(|id| std::fs::read_to_string(format!("/proc/{id}/cmdline")).ok())
        .map(|line| line.replace('\0', " "))
        .collect()
}

fn run_gives_inputs_to_their_owners_alone() {
    let endless = format!("{PORTS}s = x\nfor i in range((x - x).reveal() + 1000000000):\n    s = s * x\nlast = s\n");
    let folder = Folder::new(&[("p.mpc", &endless)]);
    let run = folder.start("run p.mpc --input x=-41077 --input y=[52088,3] --input k=63");
    run.prints("2 numbers");
    let mut lines = words_of_children(run.id());
    run.signal("KILL");
    lines.sort();
    assert_eq!(lines.len(), 4, "{lines:?}");
    let with = |text: &str| lines.iter().filter(|line| line.contains(text)).map(String::as_str).collect::<Vec<_>>();
    assert!(matches!(with("41077")[..], [line] if line.contains("--player 0 ")), "{lines:?}");
    assert!(matches!(with("52088")[..], [line] if line.contains("--player 1 ")), "{lines:?}");
    assert_eq!(with("k=63").len(), 3, "{lines:?}");
}

fn run_names_who_failed() {
    let folder = Folder::new(&[("p.mpc", PORTS), ("y.csv", "y\n1\n52o88\n")]);
    let said = folder.bad(
        "run p.mpc --input x=1 --input y=y.csv",
        65,
        "[player 1] error: input `y`: y.csv: row 2, column `y`: `52o88` is not a number",
    );
    expect_err(&said, "error: player 1 (bob): input `y` does not fit: expected sint[n]");
    assert_eq!((said.out.as_str(), said.err.matches("52o88").count()), ("", 1));
    let once = said.err.lines().filter(|line| line.starts_with("[player") && line.contains("does not fit")).count();
    assert_eq!(once, 1, "a line that several say is shown once:\n{}", said.err);
    let said = folder.bad(
        "run p.mpc --input x=1",
        65,
        "[player 1] error: input `y` is missing: give it by `--input y=FILE` or a literal (sint[n])",
    );
    assert_eq!(said.out, "");
    folder.write("raise.mpc", "input k: int = 0\nprint(\"so far\")\nprint(1 // k)\n");
    let said = folder.bad("run raise.mpc", 1, "ZeroDivisionError: ");
    assert_eq!(said.out, "so far\n");
    expect_err(&said, "raise.mpc:3");
    let plain = folder.bad("run raise.mpc --plain", 1, "ZeroDivisionError: ");
    assert_eq!(plain.out, "so far\n");
    expect_err(&plain, "raise.mpc:3");
}

/// Truncation is off by a unit by chance: a seed makes the chance repeat.
fn run_with_a_seed() {
    let source = "role alice\ninput x: sfix[n] from alice\noutput y: sfix[n] to all\ny = x * x * x\n";
    let folder = Folder::new(&[("p.mpc", source)]);
    let values: Vec<f64> = (0..2000).map(|i| f64::from(i) / 7.0).collect();
    folder.write("x.npy", floats(&values));
    let run = |seed: &str, out: &str| {
        let said = folder.good(&format!("run p.mpc --input x=x.npy --output y={out}.npy {seed}"));
        (said.err, folder.read(&format!("{out}.npy")))
    };
    let (said, first) = run("--seed 7", "a");
    assert!(said.contains("warning: all randomness follows from `--seed 7`: this run protects nothing"), "{said}");
    assert_eq!(said.matches("warning").count(), 1, "{said}");
    assert_eq!(first, run("--seed 7", "b").1);
    assert_ne!(first, run("--seed 8", "c").1);
    let (silent, chance) = run("", "d");
    assert_eq!(silent, "");
    assert_ne!(first, chance);
}

fn plain_sees_overflow() {
    let folder = Folder::new(&[("p.mpc", "role alice\ninput x: sint from alice\ny = x * x\nprint(y.reveal())\n")]);
    let said = folder.bad("run p.mpc --plain --input x=4000000000", 1, "OverflowError: ");
    expect_err(&said, "p.mpc:3");
    assert_eq!(said.out, "");
    // The others wrap around: noticing would tell.
    let wrapped = 4_000_000_000i64.wrapping_mul(4_000_000_000);
    assert_eq!(folder.good("run p.mpc --input x=4000000000").out, format!("{wrapped}\n"));
}

fn plain_is_the_same_and_says_what_it_is() {
    let folder = Folder::new(&[("p.mpc", PORTS)]);
    let line = "run p.mpc --input x=9 --input y=[1,2]";
    let (shared, plain) = (folder.good(line), folder.good(&format!("{line} --plain")));
    assert_eq!(shared.out, plain.out);
    expect_err(&plain, "protects nothing");
    assert_eq!(plain.err.lines().count(), 1, "{}", plain.err);
    assert_eq!(folder.good(&format!("{line} --sharing plain")).err, plain.err);
}

fn usage() {
    let folder = Folder::new(&[
        ("p.mpc", PORTS),
        ("family.mpc", "role m[n]\ninput x: sint from m\noutput z: sint to all\nz = sum(x)\n"),
    ]);
    for (line, text) in [
        ("", "Usage"),
        ("run", "<FILE>"),
        ("run p.mpc --nonsense", "--nonsense"),
        ("run p.mpc --sharing shamir", "the schemes are plain, additive"),
        ("run p.mpc -n 1", "-n"),
        ("run p.mpc -n two", "`--players <N>`: `two` is not a whole number"),
        ("run p.mpc -n 99", "64"),
        ("run p.mpc --ring 63", "there is no ring of 63 bits"),
        ("run p.mpc --input pay=1", "the program has no input `pay`; it has x, y, k"),
        ("run p.mpc --input last=1", "the program has no input `last`"),
        ("run p.mpc --output x=x.npy", "the program has no output `x`; it has last, all_of_it, both"),
        ("run p.mpc --input x", "expected NAME=VALUE or NAME=FILE, found `x`"),
        ("run p.mpc --input x[4]=1", "there is no `x[4]`: input `x` has 1 members"),
        ("run family.mpc --input x[3]=1", "there is no `x[3]`: input `x` has 3 members"),
        (
            "run p.mpc --output last=last.txt --input x=1 --input y=[1]",
            "last.txt: outputs are written to files of these kinds",
        ),
        ("run p.mpc --output last=none/a.npy --input x=1 --input y=[1]", "none/a.npy: there is no folder none"),
        ("build p.mpc q.mpc", "q.mpc"),
        ("check p.mpc --format xml", "xml"),
        ("asm p.txt", "--output"),
    ] {
        let said = folder.bad(line, 64, text);
        assert_eq!(said.out, "", "{line}");
    }
}

fn usage_of_the_machine() {
    let folder = Folder::new(&[]);
    for (line, text) in [
        ("", "Usage"),
        ("model.mpcb", "say which player this is: `mpcvm --player 0 FILE.mpcb`"),
        ("--player 0", "say which program to run: `mpcvm --player 0 FILE.mpcb`"),
        ("--player x model.mpcb", "invalid value 'x'"),
        ("deal", "--player"),
        ("dealer more", "more"),
    ] {
        let said = Process::start("mpcvm", "mpcvm", folder.0.path(), &words(line)).finish();
        assert_eq!(said.code, Some(64), "{line}: {}", said.err);
        expect_err(&said, text);
        assert_eq!(said.out, "", "{line}");
    }
}

fn help_and_version() {
    let folder = Folder::new(&[]);
    for (binary, line, text) in [
        ("mpcc", "--help", "run"),
        ("mpcc", "run --help", "--sharing <SCHEME>"),
        ("mpcc", "--version", "mpcc 0."),
        ("mpcvm", "--help", "--player <I>"),
        ("mpcvm", "init --help", "--out <DIR>"),
        ("mpcvm", "--version", "mpcvm 0."),
    ] {
        let said = Process::start(binary, binary, folder.0.path(), &words(line)).finish();
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{binary} {line}");
        assert!(said.out.contains(text), "{binary} {line}: {}", said.out);
        assert!(!said.out.contains("--socket-on-stdin") && !said.out.contains("--pin"), "{}", said.out);
    }
}

const WRONG: &str = "\
role alice
input x: sint from alice
if x > 3:
    print(\"large\")
print(y)
z: int = x
";

fn check_for_programs() {
    let folder = Folder::new(&[("wrong.mpc", WRONG), ("right.mpc", INNER)]);
    let said = folder.mpcc("check wrong.mpc --format json");
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    let found: Value = serde_json::from_str(&said.out).expect("JSON");
    let lines: Vec<u64> = found.as_array().expect("an array").iter().filter_map(|one| one["line"].as_u64()).collect();
    assert!([4, 5, 6].iter().all(|line| lines.contains(line)), "not every error in one run: {found:#}");
    for one in found.as_array().expect("an array") {
        assert!(one["code"].as_str().is_some_and(|code| code.len() == 5), "{one}");
        assert!(one["message"].as_str().is_some_and(|text| !text.is_empty()), "{one}");
        assert!(one["help"].as_array().is_some() && one["column"].is_u64(), "{one}");
    }
    let said = folder.good("check right.mpc --format json");
    assert_eq!((said.out.trim(), said.err.as_str()), ("[]", ""));
    assert_eq!(folder.good("check right.mpc").out, "");
}

fn check_for_people() {
    let folder = Folder::new(&[("wrong.mpc", WRONG)]);
    let said = folder.mpcc("check wrong.mpc");
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    for text in ["error[E", "wrong.mpc:", "print(\"large\")", "alice", "elp:", "3 errors"] {
        expect_err(&said, text);
    }
    assert!(!said.err.contains('\u{1b}'), "colours in a pipe");
    for command in ["wrong.mpc", "build wrong.mpc", "run wrong.mpc", "dis wrong.mpc"] {
        let said = folder.bad(command, 1, "error[E");
        assert_eq!(said.out, "", "{command}");
    }
}

fn build_writes_where_it_is_told() {
    let folder = Folder::new(&[("p.mpc", PORTS)]);
    let said = folder.good("p.mpc");
    assert_eq!(said.out, "");
    expect_err(&said, "p.mpcb: program ");
    for disclosed in ["`last` to bob", "`all_of_it` to all", "`both` to alice, bob"] {
        expect_err(&said, disclosed);
    }
    let default = folder.read("p.mpcb");
    folder.good("build p.mpc -o other.bin");
    assert_eq!(folder.read("other.bin"), default);
    folder.good("p.mpc --output third.bin");
    assert_eq!(folder.read("third.bin"), default);
    folder.bad("build p.mpc -o none/p.mpcb", 71, "cannot write none/p.mpcb: ");
}

fn build_is_reproducible() {
    let folder = Folder::new(&[("p.mpc", PORTS)]);
    folder.good("build p.mpc -o one.mpcb");
    folder.good("build p.mpc -o two.mpcb");
    assert_eq!(folder.read("one.mpcb"), folder.read("two.mpcb"));
    // The same text in another place is the same program.
    let absolute = folder.file("p.mpc");
    folder.good(&format!("build {} -o three.mpcb", absolute.display()));
    std::fs::create_dir(folder.file("deep")).expect("a test can make a folder");
    std::fs::copy(absolute, folder.file("deep/p.mpc")).expect("a test can copy");
    folder.good("build deep/p.mpc -o four.mpcb");
    assert_eq!(folder.read("one.mpcb"), folder.read("three.mpcb"));
    assert_eq!(folder.read("one.mpcb"), folder.read("four.mpcb"));
    // A path of the machine it was compiled on is nobody's business.
    let place = folder.0.path().to_string_lossy().into_owned();
    assert!(!String::from_utf8_lossy(&folder.read("three.mpcb")).contains(&place));
}

fn build_writes_nothing_of_a_wrong_program() {
    let folder = Folder::new(&[("wrong.mpc", WRONG)]);
    folder.write("wrong.mpcb", "old");
    folder.bad("wrong.mpc", 1, "wrong.mpc has 3 errors");
    assert_eq!(folder.read("wrong.mpcb"), b"old");
}

fn bytecode_as_text_and_back() {
    let root = crate::binaries::root();
    let folder = Folder::new(&[]);
    for name in ["inner_product", "meeting_cost", "millionaires", "auction", "stats"] {
        let source = root.join(format!("programs/{name}.mpc"));
        folder.good(&format!("build {} -o {name}.mpcb", source.display()));
        let text = folder.good(&format!("dis {}", source.display())).out;
        assert_eq!(folder.good(&format!("dis {name}.mpcb")).out, text, "{name}");
        folder.write("text", &text);
        folder.good("asm text -o again.mpcb");
        assert_eq!(folder.read("again.mpcb"), folder.read(&format!("{name}.mpcb")), "{name}");
    }
}

fn text_that_is_no_bytecode() {
    let folder = Folder::new(&[("inner.mpc", INNER)]);
    let text = folder.good("dis inner.mpc").out;
    let lines: Vec<&str> = text.lines().collect();
    let broken = lines.iter().map(|line| line.replace("open", "opne")).collect::<Vec<_>>().join("\n");
    assert_ne!(broken, lines.join("\n"), "{text}");
    for (text, words) in [
        ("", "text: "),
        ("hello\n", "text: line 1: "),
        (&broken, "opne"),
        (&lines[..lines.len() / 2].join("\n"), "text"),
    ] {
        folder.write("text", text);
        folder.bad("asm text -o out.mpcb", 65, words);
        assert!(!folder.file("out.mpcb").exists());
    }
    folder.bad("asm none -o out.mpcb", 65, "there is no file `none`");
}

fn files_that_are_no_programs() {
    let folder = Folder::new(&[]);
    std::fs::create_dir(folder.file("folder.mpc")).expect("a test can make a folder");
    folder.write("binary.mpc", [0xff, 0xfe, 0x00, 0x80]);
    for command in ["", "build", "check", "run", "dis"] {
        folder.bad(&format!("{command} none.mpc"), 65, "there is no file `none.mpc`");
        folder.bad(&format!("{command} folder.mpc"), 65, "`folder.mpc` is a folder");
        let said = folder.mpcc(&format!("{command} binary.mpc"));
        assert!(matches!(said.code, Some(1 | 65)), "{command}: {:?} {}", said.code, said.err);
        assert!(said.err.contains("binary.mpc") && said.err.contains("UTF-8"), "{}", said.err);
    }
    folder.write("empty.mpc", "");
    assert_eq!(folder.good("run empty.mpc").out, "");
}

/// `mpcc dis p.mpc | head -1`.
fn a_reader_that_goes_away() {
    let root = crate::binaries::root();
    let mut command = std::process::Command::new("sh");
    let mpcc = crate::binaries::command("mpcc").get_program().to_string_lossy().into_owned();
    let program = root.join("programs/millionaires.mpc");
    let line = format!(
        "for i in 1 2 3; do '{mpcc}' dis '{0}' | true; '{mpcc}' check '{0}' --format json | true; done",
        program.display()
    );
    command.args(["-c", &line]);
    let said = Process::spawn("sh", command).finish();
    assert_eq!(said.err, "");
}
