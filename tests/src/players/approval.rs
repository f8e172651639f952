//! What players have approved: programs that disclose anything else do not run, and everybody is told why.

use super::cluster::{Cluster, PRODUCT, expect_code, expect_err, words};
use super::trial;
use libtest_mimic::Trial;
use serde_json::Value;

/// All trials.
pub fn trials() -> Vec<Trial> {
    let one = |name, check| trial("approval", name, check);
    vec![
        one("what_is_approved_runs", what_is_approved_runs),
        one("one_player_that_has_not_approved_stops_all", one_player_that_has_not_approved_stops_all),
        one("the_cluster_file_may_have_it", the_cluster_file_may_have_it),
        one("another_reason_is_another_disclosure", another_reason_is_another_disclosure),
        one("another_computation_is_none", another_computation_is_none),
        one("what_is_no_approval_is_refused", what_is_no_approval_is_refused),
    ]
}

const WRONG: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The hash of a program's disclosures, whose list is in `approved.json` of the cluster's folder afterwards.
fn approved(cluster: &Cluster, file: &str) -> String {
    let said = cluster.run("mpcc", &words(&format!("audit {file} --format json")));
    cluster.write("approved.json", &said.out);
    let found: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}\n{}", said.err));
    found["hash"].as_str().expect("an audit has a hash").to_owned()
}

/// The words of both players, each with its input and its approval.
fn with(first: &str, second: &str) -> [String; 2] {
    [format!("--input x=6 {first}"), format!("--input y=7 {second}")]
}

fn refs(words: &[String; 2]) -> [&str; 2] {
    words.each_ref().map(String::as_str)
}

fn what_is_approved_runs() {
    let cluster = Cluster::new(PRODUCT, 2);
    let hash = approved(&cluster, "model.mpcb");
    let all = cluster.finish(&refs(&with(&format!("--approve {}", hash.to_uppercase()), "--approve approved.json")));
    expect_code(&all, 0);
    assert_eq!(all[0].out, "z -> all: 42\n");
}

fn one_player_that_has_not_approved_stops_all() {
    let cluster = Cluster::new(PRODUCT, 2);
    let hash = approved(&cluster, "model.mpcb");
    let all = cluster.finish(&refs(&with(&format!("--approve {hash}"), &format!("--approve {WRONG}"))));
    expect_code(&all, 76);
    expect_err(&all[0], "player 1 (bob) stopped: it has not approved what the program discloses");
    expect_err(&all[2], "it has not approved what the program discloses");
    expect_err(&all[1], &format!("their hash is {hash}, approved is {WRONG}; it discloses"));
    expect_err(&all[1], "  `z` to all, from x, y");
    expect_err(&all[1], "`mpcc audit FILE` shows each with its place, and the hash");
    assert!(all.iter().all(|said| said.out.is_empty()), "a program that is refused puts out nothing");
}

fn the_cluster_file_may_have_it() {
    let cluster = Cluster::new(PRODUCT, 2);
    approved(&cluster, "model.mpcb");
    // A file is looked for beside the cluster file.
    cluster.write("cluster/approved.json", cluster.read("approved.json"));
    cluster.edit(|text| format!("approve = \"approved.json\"\n{text}"));
    expect_code(&cluster.finish(&refs(&with("", ""))), 0);
    cluster.edit(|text| text.replace("approved.json", WRONG));
    let all = cluster.finish(&refs(&with("", "")));
    expect_code(&all, 76);
    all[..2].iter().for_each(|said| expect_err(said, &format!("approved is {WRONG}")));
    // What the command line says goes before the file.
    let mine = "--approve approved.json";
    expect_code(&cluster.finish(&refs(&with(mine, mine))), 0);
}

fn another_reason_is_another_disclosure() {
    let cluster = Cluster::new(PRODUCT, 2);
    approved(&cluster, "model.mpcb");
    cluster.compile("model", &PRODUCT.replace("to all\n", "to all  why=\"for the price\"\n"));
    let all = cluster.finish(&refs(&with("--approve approved.json", "")));
    expect_code(&all, 76);
    expect_err(&all[0], "not approved:\n  + `z` to all, from x, y: for the price");
    expect_err(&all[0], "approved, and not in the program:\n  - `z` to all, from x, y\n");
}

fn another_computation_is_none() {
    let cluster = Cluster::new(PRODUCT, 2);
    let hash = approved(&cluster, "model.mpcb");
    cluster.compile("model", &format!("# A comment.\n{}", PRODUCT.replace("z = x * y", "w  =  x - y\nz = w")));
    let mine = format!("--approve {hash}");
    let all = cluster.finish(&refs(&with(&mine, &mine)));
    expect_code(&all, 0);
    assert_eq!(all[1].out, "z -> all: -1\n");
}

fn what_is_no_approval_is_refused() {
    let cluster = Cluster::new(PRODUCT, 2);
    let said = |more: &str| cluster.player(0, &format!("--input x=1 {more}")).finish();
    let refused = |more: &str, code: i32, text: &str| {
        let said = said(more);
        expect_err(&said, text);
        expect_code(&[said], code);
    };
    refused("--approve", 64, "a value is required for '--approve");
    refused(&format!("--approve {}", &WRONG[1..]), 65, "this is neither a hash nor a file that can be read");
    cluster.write("list.json", "{\"disclosures\": 3}");
    refused("--approve list.json", 65, "this is not what `mpcc audit --format json` writes");
    refused("--approve model.mpcb", 65, "--approve model.mpcb: this is");
    cluster.edit(|text| format!("approve = 3\n{text}"));
    refused("", 78, "expected a string");
    cluster.edit(|text| text.replace("approve = 3", "approve = \"\""));
    refused("", 65, "this is neither a hash nor a file that can be read");
}
