//! Disclosures as players agree to them: `mpcc audit`, and `--approve` of the machine and of `mpcc run`.

use crate::binaries::{self, Said};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

/// Every trial.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, check: fn() -> Result<(), Failed>| Trial::test(format!("audit::{name}"), check);
    vec![
        trial("what_is_disclosed_is_listed", what_is_disclosed_is_listed),
        trial("a_hash_is_approved", a_hash_is_approved),
        trial("a_saved_list_is_approved", a_saved_list_is_approved),
        trial("what_is_no_list_is_refused", what_is_no_list_is_refused),
        trial("a_reveal_in_a_loop_is_warned_of", a_reveal_in_a_loop_is_warned_of),
    ]
}

const PROGRAM: &str = "\
role alice, bob
input a: sint from alice
input b: sint from bob
output larger: sbool to alice, bob  why=\"the question both asked\"

larger = a > b
";

/// A program in a folder, and what is run on it.
struct Place(tempfile::TempDir);

impl Place {
    fn new(source: &str) -> Self {
        let place = Self(tempfile::tempdir().expect("a test can make a folder"));
        place.write("p.mpc", source);
        place
    }

    fn file(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).expect("a test can write a file");
    }

    fn mpcc(&self, words: &[&str]) -> Said {
        binaries::run("mpcc", &words.iter().map(|word| word.replace('@', &self.file(""))).collect::<Vec<_>>())
    }

    fn audit(&self) -> Result<Value, Failed> {
        let said = self.mpcc(&["audit", "@p.mpc", "--format", "json"]);
        self.write("approved.json", &said.out);
        serde_json::from_str(&said.out).map_err(|error| format!("{error}\n{}", said.err).into())
    }

    fn run(&self, approval: &str) -> Said {
        self.mpcc(&["run", "@p.mpc", "--input", "a=3", "--input", "b=2", "--approve", approval])
    }
}

fn expect(said: &Said, code: i32, text: &str) -> Result<(), Failed> {
    if said.code == Some(code) && (said.err.contains(text) || said.out.contains(text)) {
        return Ok(());
    }
    Err(format!("exit code {:?}, expected {code} and `{text}`\n{}{}", said.code, said.out, said.err).into())
}

fn what_is_disclosed_is_listed() -> Result<(), Failed> {
    let place = Place::new(PROGRAM);
    let found = place.audit()?;
    let one = &found["disclosures"][0];
    let fields =
        ["to", "from", "decided_by", "port", "why", "repeated", "times", "line"].map(|field| one[field].to_string());
    let expected = [
        "[\"alice\",\"bob\"]",
        "[\"a\",\"b\"]",
        "[]",
        "\"larger\"",
        "\"the question both asked\"",
        "false",
        "\"1\"",
        "4",
    ];
    if fields != expected {
        return Err(format!("{found:#}").into());
    }
    let said = place.mpcc(&["audit", "@p.mpc"]);
    expect(&said, 0, found["hash"].as_str().unwrap_or("no hash"))?;
    expect(&said, 0, "the question both asked")
}

fn a_hash_is_approved() -> Result<(), Failed> {
    let place = Place::new(PROGRAM);
    let hash = place.audit()?["hash"].as_str().unwrap_or_default().to_owned();
    expect(&place.run(&hash), 0, "larger -> alice, bob: True")?;
    // Where it stands and how it is computed make no difference.
    place.write("p.mpc", &format!("\n{}", PROGRAM.replace("a > b", "(b < a)")));
    expect(&place.run(&hash), 0, "larger -> alice, bob: True")?;
    place.write("p.mpc", &PROGRAM.replace("to alice, bob ", "to all "));
    let said = place.run(&hash);
    expect(&said, 76, "not those that were approved")?;
    expect(&said, 76, "`larger` to all, from a, b: the question both asked")
}

fn a_saved_list_is_approved() -> Result<(), Failed> {
    let place = Place::new(PROGRAM);
    place.audit()?;
    expect(&place.run("@approved.json"), 0, "larger -> alice, bob: True")?;
    place.write("p.mpc", &format!("{PROGRAM}print(b.reveal())\n"));
    let said = place.run("@approved.json");
    expect(&said, 76, "+ `b` to all, from b")?;
    if said.err.contains("  - ") || said.err.contains("larger") {
        return Err(format!("what is approved is no difference\n{}", said.err).into());
    }
    Ok(())
}

fn what_is_no_list_is_refused() -> Result<(), Failed> {
    let place = Place::new(PROGRAM);
    place.write("other.json", "{}");
    expect(&place.run("@other.json"), 65, "this is not what `mpcc audit --format json` writes")?;
    expect(&place.run("@none.json"), 65, "neither a hash nor a file")
}

fn a_reveal_in_a_loop_is_warned_of() -> Result<(), Failed> {
    let loops = "x = sint(5)\nfor i in range(1000):\n    print((x > i).reveal())\n";
    let said = Place::new(loops).mpcc(&["check", "@p.mpc"]);
    expect(&said, 0, "warning[W0422]: this reveal happens 1,000 times: each tells everyone what `x > i` is then")?;
    let once = "x = sint([1, 2, 3])\nprint(x.reveal())\ndef f(v):\n    return v.reveal()\nprint(f(x[0]), f(x[1]))\n";
    let said = Place::new(once).mpcc(&["check", "@p.mpc"]);
    if said.err.contains("W0422") { Err(said.err.into()) } else { Ok(()) }
}
