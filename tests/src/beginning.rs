//! The first minute: what `mpcc new` makes runs with the command that it prints.

use crate::binaries::{Said, command};
use libtest_mimic::{Failed, Trial};
use std::path::Path;

/// One trial.
pub fn trials() -> Vec<Trial> {
    vec![Trial::test("beginning::a_new_program_runs", a_new_program_runs)]
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
    if said.code == Some(0) && said.out == expected {
        return Ok(());
    }
    Err(format!("`mpcc {run}` ends with {:?}\n{}\n{}", said.code, said.out, said.err).into())
}
