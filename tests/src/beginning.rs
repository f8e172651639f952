//! The first minute: what `mpcc new` makes runs with the command that it prints, and a slip on the command line is answered in words
//! that help.

use crate::binaries::{Said, command, root};
use libtest_mimic::{Failed, Trial};
use std::path::Path;

/// A few trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("beginning::a_new_program_runs", a_new_program_runs),
        Trial::test("beginning::the_library_and_the_programs_are_laid_out", laid_out),
        Trial::test("beginning::a_slip_on_the_command_line_is_explained", slips_are_explained),
    ]
}

/// All but the program that stands as its authors published it.
fn laid_out() -> Result<(), Failed> {
    let mut args = vec!["fmt".to_owned(), "--check".to_owned(), "stdlib".to_owned()];
    for folder in ["programs", "programs/bench"] {
        let entries = std::fs::read_dir(root().join(folder))?.flatten();
        let names = entries.map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy()));
        args.extend(names.filter(|name| name.ends_with(".mpc") && name != "programs/inner_product.mpc"));
    }
    let said = crate::binaries::run("mpcc", &args);
    if said.code == Some(0) { Ok(()) } else { Err(format!("{}{}", said.out, said.err).into()) }
}

/// Words after `mpcc` in a folder with a good program `study.mpc`, the exit code, and how the answer begins.
const SLIPS: [(&str, i32, &str); 24] = [
    ("cots study.mpc", 64, "error: there is no command `cots`; did you mean `mpcc cost`?"),
    ("zzz study.mpc", 64, "error: there is no command `zzz`; there are build, check, "),
    ("study.mpc run", 64, "error: the command comes first: `mpcc run study.mpc`"),
    ("biuld", 64, "error: there is no command and no file `biuld`; did you mean `mpcc build`?"),
    ("stduy.mpc", 65, "error: there is no file `stduy.mpc`; did you mean `study.mpc`?"),
    ("check study", 65, "error: there is no file `study`; did you mean `study.mpc`?"),
    ("check nothing.mpc", 65, "error: there is no file `nothing.mpc`\n"),
    ("check folder", 65, "error: `folder` is a folder: name a file in it"),
    ("run folder", 65, "error: `folder` is a folder: name a file in it"),
    ("check latin.mpc", 65, "error: `latin.mpc` is not text in UTF-8"),
    ("fmt latin.mpc", 65, "error: `latin.mpc` is not text in UTF-8"),
    ("cost latin.mpc", 65, "error: `latin.mpc` is not text in UTF-8"),
    ("dis latin.mpcb", 65, "error: latin.mpcb: this is not a compiled program"),
    (
        "check study.mpc --fromat json",
        64,
        "error: unexpected argument '--fromat' found\n\n  tip: a similar argument exists: '--format'",
    ),
    (
        "check study.mpc --format yaml",
        64,
        "error: invalid value 'yaml' for '--format <FORMAT>'\n  [possible values: human, json, sarif]",
    ),
    ("study.mpc --plain", 64, "error: `--plain` is an option of `mpcc run`, not of this command"),
    ("run study.mpc -n abc", 64, "error: `--players <N>`: `abc` is not a whole number"),
    ("run study.mpc -n 0", 64, "error: additive sharing needs 2 to 64 players, `-n` says 0"),
    (
        "run study.mpc --sharing shamri",
        64,
        "error: invalid value 'shamri' for '--sharing <SCHEME>': there is no such scheme; the schemes are plain, additive",
    ),
    (
        "run study.mpc --plain --sharing additive",
        64,
        "error: the argument '--plain' cannot be used with '--sharing <SCHEME>'",
    ),
    ("cost study.mpc -D n", 64, "error: `-D n`: write a name and a whole number, as in `-D n=1000`"),
    ("cost study.mpc -D n=many", 64, "error: `-D n=many`: write a name and a whole number, as in `-D n=1000`"),
    ("explain E9999", 64, "error: there is no code `E9999`"),
    (
        "new 1st",
        64,
        "error: `1st` is no name for a program: take letters, digits, `_` and `-`, beginning with a letter",
    ),
];

fn slips_are_explained() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("study.mpc"), "print(1)\n")?;
    std::fs::create_dir(folder.path().join("folder"))?;
    for name in ["latin.mpc", "latin.mpcb"] {
        std::fs::write(folder.path().join(name), b"x = \"\xe9\"\n")?;
    }
    let mut wrong = Vec::new();
    for (words, code, begins) in SLIPS {
        let said = said_in(folder.path(), &words.split_whitespace().collect::<Vec<_>>())?;
        if said.code != Some(code) || !said.err.starts_with(begins) {
            wrong.push(format!("`mpcc {words}` ends with {:?}:\n{}", said.code, said.err));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn said_in(folder: &Path, args: &[&str]) -> Result<Said, Failed> {
    let output = command("mpcc").args(args).current_dir(folder).output()?;
    Ok(output.into())
}

fn a_new_program_runs() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let made = said_in(folder.path(), &["new", "study"])?;
    let lines: Vec<&str> = made.err.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let [.., enter, run] = lines[..] else { return Err(made.err.into()) };
    let (Some(inner), Some(run)) = (enter.strip_prefix("cd "), run.strip_prefix("mpcc ")) else {
        return Err(format!("no commands to go on with:\n{}", made.err).into());
    };
    let args: Vec<&str> = run.split_whitespace().collect();
    let said = said_in(&folder.path().join(inner), &args)?;
    let expected = "mean -> all: 8.75\nlong_stays -> north, south: 3\n";
    if said.code != Some(0) || said.out != expected {
        return Err(format!("`mpcc {run}` ends with {:?}\n{}\n{}", said.code, said.out, said.err).into());
    }
    let said = said_in(&folder.path().join(inner), &["test"])?;
    if said.code == Some(0) && said.out.contains("1 passed, 0 failed") {
        return Ok(());
    }
    Err(format!("`mpcc test` ends with {:?}\n{}\n{}", said.code, said.out, said.err).into())
}
