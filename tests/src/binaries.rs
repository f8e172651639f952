//! The binaries under test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The root of the checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the checkout")
}

/// Names a folder with binaries that are to be tested as they are.
const READY: &str = "MPC_BINARIES";

/// Builds the binaries beside this one, with its profile; nothing happens where they are fresh, or where [`READY`] says that they are there.
pub fn build() {
    if std::env::var_os(READY).is_some() {
        return;
    }
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--bins", "--package", "mpcc", "--package", "mpcvm"]);
    command.arg("--target-dir").arg(folder().parent().expect("the profile's folder lies in the target folder"));
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let status = command.current_dir(root()).status().expect("cargo runs these tests, so it can be started");
    assert!(status.success(), "the binaries under test do not build");
}

/// The folder of the binaries: what [`READY`] says, else the parent of `deps`, where this test lies.
fn folder() -> PathBuf {
    if let Some(ready) = std::env::var_os(READY) {
        return ready.into();
    }
    let own = std::env::current_exe().expect("a running program has a file");
    own.ancestors().nth(2).expect("a test binary lies in `deps`").to_owned()
}

/// A command of the binary `mpcc` or `mpcvm`, started in the root of the checkout.
pub fn command(binary: &str) -> Command {
    let mut command = Command::new(folder().join(binary));
    command.current_dir(root()).env("NO_COLOR", "1").env_remove("MPC_CONFIG");
    command
}

/// What a finished process said.
pub struct Said {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// Runs a command to its end.
pub fn run(binary: &str, args: &[String]) -> Said {
    let output = command(binary).args(args).output();
    output.unwrap_or_else(|error| panic!("cannot start {binary}: {error}")).into()
}
