//! Bad inputs: all about them at their owner, the port and what was expected at the others, and no value ever there.

use super::arrays::{floats, integers, npy, npz};
use super::cluster::{Cluster, expect_code, expect_err};
use super::trial;
use libtest_mimic::Trial;

/// One bad input of alice.
struct Case {
    name: &'static str,
    /// The port's type.
    ty: &'static str,
    /// What alice's command line says.
    line: &'static str,
    /// What alice reads.
    says: &'static [&'static str],
    /// What must not reach anybody else.
    secret: &'static str,
}

const fn case(
    name: &'static str,
    ty: &'static str,
    line: &'static str,
    says: &'static [&'static str],
    secret: &'static str,
) -> Case {
    Case { name, ty, line, says, secret }
}

/// Files lie in the folder: see [`write_files`].
const CASES: &[Case] = &[
    case(
        "no_such_file",
        "sfix[n]",
        "--input x=hidden.csv",
        &["input `x`: hidden.csv: there is no such file"],
        "hidden",
    ),
    case("a_folder", "sfix[n]", "--input x=folder.csv", &["folder.csv: this is a folder, not a file"], "folder.csv"),
    case(
        "an_unknown_kind",
        "sfix[n]",
        "--input x=data.xlsx",
        &["`data.xlsx` is neither a number nor a file of a known kind (.csv, .npy, .npz, .safetensors)"],
        "xlsx",
    ),
    case("the_wrong_kind", "sfix[n]", "--input x=table.npy", &["table.npy: this is not an .npy file"], "table"),
    case("not_an_archive", "sfix[n]", "--input x=table.npz", &["table.npz: this .npz archive cannot be read"], "table"),
    case("missing", "sfix[n]", "", &["input `x` is missing: give it by `--input x=FILE` or a literal (sfix[n])"], ""),
    case(
        "too_few_axes",
        "sfix[n, 2]",
        "--input x=[41.5,42.5]",
        &["expected sfix[n, 2] (2 axes), found 1 axis"],
        "41.5",
    ),
    case(
        "too_many_axes",
        "sfix",
        "--input x=vector.npy",
        &["vector.npy: expected sfix (a single value), found 1 axis"],
        "vector",
    ),
    case("a_wrong_size", "sfix[n, 3]", "--input x=[[41.5,42.5]]", &["expected sfix[n, 3], found shape [1, 2]"], "41.5"),
    case(
        "floats_for_integers",
        "sint[n]",
        "--input x=vector.npy",
        &[
            "vector.npy: the array is float64, but the port is sint[n]: convert it with `.astype('int64')`, or declare the port `sfix`",
        ],
        "float64",
    ),
    case(
        "a_fraction_for_an_integer",
        "sint[n]",
        "--input x=[1,41.5]",
        &["`41.5` is not an integer (expected sint); round the data, or declare the port `sfix`, at [1]"],
        "41.5",
    ),
    case(
        "a_column_that_is_not_there",
        "sfix[n]",
        "--input x=table.csv:weight",
        &["table.csv: there is no column `weight`; the columns are `age, pay`"],
        "weight",
    ),
    case(
        "a_column_that_is_not_chosen",
        "sfix[n]",
        "--input x=table.csv",
        &["which of the columns `age, pay` is meant? Select one: `file.csv:age`"],
        "age",
    ),
    case(
        "two_columns_for_one_axis",
        "sfix[n]",
        "--input x=table.csv:age,pay",
        &["expected sfix[n] (one column), found 2 columns"],
        "age",
    ),
    case(
        "no_number",
        "sfix[n]",
        "--input x=table.csv:pay",
        &["table.csv: row 2, column `pay`: `4l.75` is not a number (expected sfix)"],
        "4l.75",
    ),
    case(
        "an_empty_cell",
        "sfix[n]",
        "--input x=gap.csv:b",
        &["gap.csv: row 2, column `b`: the value is missing (expected sfix)"],
        "gap",
    ),
    case(
        "a_short_row",
        "sfix[n]",
        "--input x=short.csv:a",
        &["short.csv: row 2: 1 cells where the header names 2 columns"],
        "short",
    ),
    case(
        "no_header",
        "sfix[n]",
        "--input x=bare.csv",
        &["bare.csv: the first line must name the columns, but it holds numbers", "add a line such as `x` above it"],
        "bare",
    ),
    case(
        "an_empty_file",
        "sfix[n]",
        "--input x=empty.csv",
        &["empty.csv: the file is empty: its first line must name the columns"],
        "empty",
    ),
    case("an_empty_array_file", "sfix[n]", "--input x=empty.npy", &["empty.npy: this is not an .npy file"], "empty"),
    case("not_text", "sfix[n]", "--input x=binary.csv", &["binary.csv: row 1: this is not text in UTF-8"], "binary"),
    case(
        "other_separators",
        "sfix[n]",
        "--input x=semicolons.csv",
        &["columns are separated by commas, but the header is `a;b`"],
        "semicolons",
    ),
    case(
        "nan_as_text",
        "sfix[n]",
        "--input x=[1,nan]",
        &["`nan` is not a finite number (expected sfix), at [1]"],
        "nan",
    ),
    case(
        "infinity_in_a_table",
        "sfix[n]",
        "--input x=infinite.csv",
        &["infinite.csv: row 1, column `x`: `-inf` is not a finite number (expected sfix)"],
        "inf",
    ),
    case(
        "nan_in_an_array",
        "sfix[n]",
        "--input x=nan.npy",
        &["nan.npy: element [1]: NaN is not a finite number (expected sfix)"],
        "NaN",
    ),
    case(
        "out_of_range",
        "sfix[n]",
        "--input x=[1,-5000000000.25]",
        &["`-5000000000.25` is out of range", "at [1]"],
        "5000000000",
    ),
    case(
        "out_of_range_in_an_array",
        "sfix[n]",
        "--input x=large.npy",
        &["large.npy: element [2]: 1000000000000 is out of range"],
        "1000000000000",
    ),
    case(
        "an_integer_out_of_range",
        "sint",
        "--input x=9223372036854775808",
        &["9223372036854775808 is out of range: integers have 64 bits with their sign here"],
        "9223372036854775808",
    ),
    case(
        "an_integer_out_of_range_in_an_array",
        "sint[n]",
        "--input x=unsigned.npy",
        &["unsigned.npy: element [0]: 18446744073709551615 is out of range"],
        "18446744073709551615",
    ),
    case(
        "no_truth_value",
        "sbool",
        "--input x=maybe",
        &["`maybe` is not true, false, 1 or 0 (expected sbool)"],
        "maybe",
    ),
    case(
        "a_ragged_literal",
        "sfix[n, m]",
        "--input x=[[41.5,2],[3]]",
        &["the rows have different lengths: 2 and 1"],
        "41.5",
    ),
    case(
        "a_number_where_a_list_is_needed",
        "sfix[n, m]",
        "--input x=[[41.5],3]",
        &["a number where a list is needed, at [1]"],
        "41.5",
    ),
    case("an_open_literal", "sfix[n]", "--input x=[41.5,2", &["a `]` is missing"], "41.5"),
    case(
        "a_truncated_array",
        "sfix[n]",
        "--input x=cut.npy",
        &["cut.npy: the file is truncated or damaged: shape [3] of float64 needs 24 bytes, it holds 20"],
        "truncated",
    ),
    case(
        "a_truncated_header",
        "sfix[n]",
        "--input x=head.npy",
        &["head.npy: the file is truncated: its header is incomplete"],
        "head",
    ),
    case("a_header_that_asks_for_everything", "sfix[n]", "--input x=huge.npy", &["huge.npy: "], "huge"),
    case(
        "an_array_of_objects",
        "sfix[n]",
        "--input x=objects.npy",
        &["the array holds Python objects; convert it with `.astype('float64')`"],
        "objects",
    ),
    case("an_array_of_text", "sfix[n]", "--input x=text.npy", &["the array holds text, not numbers"], "text"),
    case("a_truncated_archive", "sfix[n]", "--input x=cut.npz", &["cut.npz: this .npz archive cannot be read"], "cut"),
    case(
        "an_array_that_is_not_there",
        "sfix[n]",
        "--input x=two.npz:third",
        &["two.npz: there is no array `third`; the arrays are `first, second`"],
        "third",
    ),
    case(
        "an_array_that_is_not_chosen",
        "sfix[n]",
        "--input x=two.npz",
        &["which of the arrays `first, second` is meant? Select one: `file.npz:first`"],
        "first",
    ),
    case("twice", "sfix[n]", "--input x=[41.5] --input x=vector.npy", &["input `x` is given more than once"], "41.5"),
    case(
        "of_another",
        "sfix[n]",
        "--input x=[1] --input y=41",
        &["input `y` belongs to player 1, not to this one"],
        "41",
    ),
    case(
        "a_member_of_no_family",
        "sfix[n]",
        "--input x[3]=[41.5]",
        &["there is no `x[3]`: input `x` has 1 members"],
        "41.5",
    ),
    case(
        "unknown",
        "sfix[n]",
        "--input x=[1] --input pay=41.5",
        &["the program has no input `pay`; its inputs: x, y, k"],
        "41.5",
    ),
    case(
        "an_output_as_input",
        "sfix[n]",
        "--input x=[1] --input z=41.5",
        &["`z` is an output of the program; `--output z=FILE` writes it"],
        "41.5",
    ),
    case(
        "a_bad_parameter",
        "sfix[n]",
        "--input x=[1] --input k=4l",
        &["parameter `k`: `4l` is not a number (expected int)"],
        "4l",
    ),
    case(
        "two_mistakes",
        "sfix[n]",
        "--input x=table.csv:pay --input k=4l",
        &["row 2, column `pay`", "parameter `k`: `4l` is not a number"],
        "4l",
    ),
];

/// All trials.
pub fn trials() -> Vec<Trial> {
    let bad = CASES.iter().map(|case| {
        Trial::test(format!("players::inputs::bad::{}", case.name), || {
            check(case);
            Ok(())
        })
    });
    let one = |name, check| trial("inputs", name, check);
    let more = [
        one("nothing_and_one", nothing_and_one),
        one("sizes_that_do_not_fit_together", sizes_that_do_not_fit_together),
        one("both_are_bad", both_are_bad),
        one("a_member_of_a_family", a_member_of_a_family),
        one("a_file_for_a_parameter", a_file_for_a_parameter),
        one("bad_outputs", bad_outputs),
        one("bad_options", bad_options),
    ];
    bad.chain(more).collect()
}

fn source(ty: &str) -> String {
    format!(
        "role alice, bob\ninput x: {ty} from alice\ninput y: sint from bob\ninput k: int = 3\n\
         output z: sint to all\nprint(\"it ran\")\nz = y + k\n"
    )
}

/// Good and bad files.
fn write_files(cluster: &Cluster) {
    let numbers = floats(&[41.5, 42.5, 43.5]);
    cluster.write("vector.npy", &numbers);
    cluster.write("cut.npy", &numbers[..numbers.len() - 4]);
    cluster.write("head.npy", &numbers[..50]);
    cluster.write("huge.npy", npy("<f8", "(4611686018427387904, 4611686018427387904)", &[0; 8]));
    cluster.write("nan.npy", floats(&[41.5, f64::NAN]));
    cluster.write("large.npy", floats(&[0.0, 1.0, 1e12]));
    cluster.write("unsigned.npy", npy("<u8", "(1,)", &[255; 8]));
    cluster.write("objects.npy", npy("|O", "(1,)", &[0; 8]));
    cluster.write("text.npy", npy("<U4", "(1,)", &[0; 16]));
    let archive = npz(&[("first", floats(&[41.5])), ("second", integers(&[41]))]);
    cluster.write("two.npz", &archive);
    cluster.write("cut.npz", &archive[..archive.len() / 2]);
    let table = "age,pay\n41,41.5\n42,4l.75\n";
    for (name, text) in [
        ("table.csv", table),
        ("table.npy", table),
        ("table.npz", table),
        ("gap.csv", "a,b\n1,2\n3,\n"),
        ("short.csv", "a,b\n1,2\n3\n"),
        ("bare.csv", "41.5\n42.5\n"),
        ("empty.csv", ""),
        ("empty.npy", ""),
        ("semicolons.csv", "a;b\n1;2\n"),
        ("infinite.csv", "x\n-inf\n"),
    ] {
        cluster.write(name, text);
    }
    cluster.write("binary.csv", b"x\n\xff\xfe\n");
    std::fs::create_dir(cluster.file("folder.csv")).expect("a test can make a folder");
}

fn check(case: &Case) {
    let cluster = Cluster::new(&source(case.ty), 2);
    write_files(&cluster);
    let all = cluster.finish(&[case.line, "--input y=71077345"]);
    expect_code(&all, 65);
    case.says.iter().for_each(|text| expect_err(&all[0], text));
    assert!(all.iter().all(|said| said.out.is_empty()), "something was computed");
    for said in &all[1..] {
        expect_err(said, "player 0");
        let named = ["`x`", "`k`", "an input that the program does not have", "wrong player"];
        assert!(named.iter().any(|text| said.err.contains(text)), "the port is not named:\n{}", said.err);
        let clean = said.err.replace("not fit: expected", "").replace("is missing", "");
        assert!(case.secret.is_empty() || !clean.contains(case.secret), "`{}` is known:\n{}", case.secret, said.err);
    }
    let does_not_fit =
        case.says.iter().any(|text| text.contains("input `x`: ") || text.contains(".npy: ") || text.contains("column"));
    if does_not_fit && case.line.matches("--input").count() == 1 {
        expect_err(&all[1], &format!("player 0 (alice): input `x` does not fit: expected {}", case.ty));
    }
    assert!(!all[0].err.contains("71077345"), "the other's value is known:\n{}", all[0].err);
    assert_eq!(all[0].err.matches("error").count(), 1, "not one error:\n{}", all[0].err);
}

fn nothing_and_one() {
    let source = "\
role alice, bob
input x: sfix[n, m] from alice
input y: sint[k] from bob
output sums: sfix to all
output same: sint[k] to bob
output table: sfix[n, m] to alice
sums = sum(x) + 1
same = y * y
table = x + 1
print(f\"{n} {m} {k}\")
";
    let cluster = Cluster::new(source, 2);
    cluster.write("none.csv", "y\n");
    cluster.write("none.npy", npy("<f8", "(0, 3)", &[]));
    cluster.write("one.npy", npy("<f8", "(1, 1)", &2.5f64.to_le_bytes()));
    let all =
        cluster.finish(&["--input x=none.npy --output table=back.npy", "--input y=none.csv --output same=back.csv"]);
    expect_code(&all, 0);
    assert_eq!(all[0].out, "0 3 0\nsums -> all: 1.0\n");
    assert_eq!(cluster.read("back.npy"), cluster.read("none.npy"));
    assert_eq!(cluster.read("back.csv"), b"same\n");
    let all = cluster.finish(&["--input x=one.npy", "--input y=[-3]"]);
    expect_code(&all, 0);
    assert_eq!(all[0].out, "1 1 1\nsums -> all: 3.5\ntable -> alice: [[3.5]]\n");
    assert_eq!(all[1].out, "1 1 1\nsums -> all: 3.5\nsame -> bob: [9]\n");
    let all = cluster.finish(&["--input x=[[]]", "--input y=[]"]);
    expect_code(&all, 0);
    assert_eq!(all[1].out, "1 0 0\nsums -> all: 1.0\nsame -> bob: []\n");
}

fn sizes_that_do_not_fit_together() {
    let source = "role alice, bob\ninput x: sint[n] from alice\ninput y: sint[n, 2] from bob\noutput z: sint to all\nz = sum(x) + sum(y)\n";
    let cluster = Cluster::new(source, 2);
    let all = cluster.finish(&["--input x=[1,2,3]", "--input y=[[1,2],[3,4]]"]);
    expect_code(&all, 65);
    for said in &all[..2] {
        expect_err(
            said,
            "the dimension `n` cannot be both 3 and 2: input `x` of player 0 (alice) has size 3 along axis 0",
        );
        expect_err(said, "input `y` of player 1 (bob) has size 2 along axis 0");
    }
}

fn both_are_bad() {
    let cluster = Cluster::new(&source("sfix[n]"), 2);
    let all = cluster.finish(&["--input x=[41.5,u]", "--input y=43.5"]);
    expect_code(&all, 65);
    expect_err(&all[0], "`u` is not a number");
    expect_err(&all[1], "`43.5` is not an integer");
    assert!(!all[0].err.contains("43.5") && !all[1].err.contains("41.5"));
}

fn a_member_of_a_family() {
    let source = "role participant[n]\ninput pay: sfix[_] from participant\noutput total: sfix to all\ntotal = sfix(0)\nfor p in pay:\n    total += sum(p)\n";
    let cluster = Cluster::new(source, 3);
    let all = cluster.finish(&["--input pay=[1,2]", "--input pay[1]=[]", "--input pay[2]=[3.5]"]);
    expect_code(&all, 0);
    assert_eq!(all[2].out, "total -> all: 6.5\n");
    let all = cluster.finish(&["--input pay=[1,2]", "--input pay[2]=[77.5]", "--input pay=[3.5]"]);
    expect_code(&all, 65);
    expect_err(&all[1], "input `pay[2]` belongs to player 2, not to this one");
    expect_err(&all[0], "player 1 (participant[1]): input `pay` is given to the wrong player");
    assert!(!all[2].err.contains("77.5"));
    let all = cluster.finish(&["--input pay=[1,2]", "", "--input pay=[3.5]"]);
    expect_code(&all, 65);
    expect_err(&all[1], "input `pay[1]` is missing");
    expect_err(&all[2], "player 1 (participant[1]): input `pay[1]` is missing");
}

fn a_file_for_a_parameter() {
    let source = "role alice\ninput w: fix[n]\ninput x: sfix[n] from alice\noutput z: sfix to all\nz = sum(w + x)\n";
    let cluster = Cluster::new(source, 2);
    cluster.write("w.npy", floats(&[0.5, 0.25]));
    let all = cluster.finish(&["--input w=w.npy --input x=[1,2]", "--input w=w.npy"]);
    expect_code(&all, 0);
    assert_eq!(all[1].out, "z -> all: 3.75\n");
    let all = cluster.finish(&["--input w=w.npy --input x=[1,2]", ""]);
    expect_code(&all, 65);
    expect_err(&all[1], "parameter `w` has no value: give it by `--input w=…` at every player");
    expect_err(&all[0], "player 1: parameter `w` has no value");
}

/// What is wrong about the outputs is known before anybody is called.
fn bad_outputs() {
    let cluster = Cluster::new(&source("sfix[n]").replace("z: sint to all", "z: sint to alice"), 2);
    for (line, text) in [
        ("--output q=q.npy", "the program has no output `q`; its outputs: z"),
        ("--output x=x.npy", "the program has no output `x`; its outputs: z"),
        ("--output z=z.txt", "z.txt: outputs are written to files of these kinds: .csv, .npy, .npz"),
        ("--output z=none/z.npy", "none/z.npy: there is no folder none"),
        ("--output z=a.npy --output z=b.npy", "output `z` is given two files"),
        ("--output z", "expected NAME=VALUE or NAME=FILE, found `z`"),
    ] {
        let said = cluster.player(0, &format!("--input x=[1] {line}")).finish();
        assert_eq!(said.code, Some(64), "{}", said.err);
        expect_err(&said, text);
    }
    let said = cluster.player(1, "--input y=1 --output z=z.npy").finish();
    assert_eq!(said.code, Some(64), "{}", said.err);
    expect_err(&said, "output `z` goes to alice, not to this player");
}

fn bad_options() {
    let cluster = Cluster::new(&source("sfix[n]"), 2);
    for (line, text) in [
        ("--input x", "expected NAME=VALUE or NAME=FILE, found `x`"),
        ("--input x=", "expected NAME=VALUE or NAME=FILE, found `x=`"),
        ("--input x[a]=3", "expected a member's number in `x[a]`"),
        ("--inputs x=3", "--inputs"),
        ("--seed many", "--seed"),
    ] {
        let said = cluster.player(0, line).finish();
        assert_eq!(said.code, Some(64), "{line}: {}", said.err);
        expect_err(&said, text);
    }
}
