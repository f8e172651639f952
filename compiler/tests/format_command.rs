//! `mpcc fmt` as it is called: what it writes, prints, and exits with.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test starts the program it tests, on files")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A folder of this test with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("format-{name}-{}", std::process::id()));
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }
    folder
}

fn fmt(folder: &PathBuf, args: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mpcc"))
        .arg("fmt")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("mpcc starts");
    // One that refuses its arguments does not read.
    let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("mpcc ends");
    (status.code(), String::from_utf8_lossy(&stdout).into(), String::from_utf8_lossy(&stderr).into())
}

#[test]
fn a_folder_is_walked_and_a_broken_file_keeps_the_others_from_nothing() {
    let files = [
        ("a.mpc", "x=1\n"),
        ("sub/b.mpc", "y=2\n"),
        ("good.mpc", "z = 3\n"),
        ("bad.mpc", "w = (1\n"),
        ("c.txt", "x=1\n"),
    ];
    let folder = folder("walk", &[&files[..], &[(".hidden/d.mpc", "x=1\n")]].concat());
    let before = fs::metadata(folder.join("good.mpc")).and_then(|data| data.modified()).expect("a time");
    let (code, out, err) = fmt(&folder, &["."], "");
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(
        err.contains("error[E0020]")
            && err.ends_with("2 files formatted, 1 file as it should be, 1 file left as it is\n"),
        "{err}"
    );
    let read = |file: &str| fs::read_to_string(folder.join(file)).expect("it is there");
    assert_eq!((read("a.mpc").as_str(), read("sub/b.mpc").as_str()), ("x = 1\n", "y = 2\n"));
    assert_eq!(
        (read("bad.mpc").as_str(), read("c.txt").as_str(), read(".hidden/d.mpc").as_str()),
        ("w = (1\n", "x=1\n", "x=1\n")
    );
    assert_eq!(fs::metadata(folder.join("good.mpc")).and_then(|data| data.modified()).expect("a time"), before);
    assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 6, "nothing is left over");
}

#[test]
fn check_writes_nothing_and_shows_what_would_change() {
    let folder = folder("check", &[("a.mpc", "x=1\ny = 2\n"), ("b.mpc", "y = 2\n")]);
    let (code, out, err) = fmt(&folder, &["--check", "a.mpc", "b.mpc"], "");
    assert_eq!(out, "--- a.mpc\n+++ a.mpc\n@@ -1,2 +1,2 @@\n-x=1\n+x = 1\n y = 2\n");
    assert_eq!((code, err.as_str()), (Some(1), "1 file would change, 1 file as it should be\n"));
    assert_eq!(fs::read_to_string(folder.join("a.mpc")).expect("it is there"), "x=1\ny = 2\n");
    assert_eq!(fmt(&folder, &["--check", "b.mpc"], "").0, Some(0));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let folder = folder("piped", &[("a.mpc", "")]);
    assert_eq!(fmt(&folder, &["-"], "x=1"), (Some(0), "x = 1\n".into(), String::new()));
    assert_eq!(fmt(&folder, &["--check", "-"], "x = 1\n").0, Some(0));
    let (code, out, err) = fmt(&folder, &["-"], "x = (");
    assert!((code, out.as_str()) == (Some(1), "") && err.contains("<stdin>"), "{err}");
    assert_eq!(fmt(&folder, &["-", "a.mpc"], "").0, Some(64));
    assert_eq!(fmt(&folder, &["none.mpc"], "").0, Some(65));
}
