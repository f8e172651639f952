//! Sources of every kind, right and wrong.

use super::*;
use crate::memory::{Value, text};
use std::path::PathBuf;

const FIXED: Fixed = Fixed { bits: 47, frac: 16 };

fn target(kind: Kind, rank: usize) -> Target {
    let axes = ["", "[n]", "[n, m]", "[n, m, k]"][rank];
    let sizes = vec![None; rank];
    Target { name: "x".into(), ty: format!("{kind}{axes}"), kind, rank, sizes, fixed: FIXED, int_bits: 64 }
}

/// What a port reads from a source, as text, or the error.
fn get(kind: Kind, rank: usize, source: &str) -> Result<String, String> {
    read::<u64>(&target(kind, rank), source).map(|value| text(&Value::Public(value), FIXED))
}

fn wrong(kind: Kind, rank: usize, source: &str) -> String {
    get(kind, rank, source).expect_err(source)
}

#[test]
fn literals_are_read_exactly() {
    assert_eq!(get(Kind::Sfix, 0, "0.3"), Ok("0.3".into()));
    assert_eq!(get(Kind::Sint, 1, "[1, -2,3]"), Ok("[1, -2, 3]".into()));
    assert_eq!(get(Kind::Sint, 2, "[[1,2],[3,4]]"), Ok("[[1, 2], [3, 4]]".into()));
    assert_eq!(get(Kind::Sbool, 1, "[true, False, 1, 0]"), Ok("[True, False, True, False]".into()));
    assert_eq!((get(Kind::Sint, 1, "[]"), get(Kind::Sint, 1, "[1,]")), (Ok("[]".into()), Ok("[1]".into())));
    assert_eq!((get(Kind::Sint, 0, "3.0"), get(Kind::Sint, 0, "1e3")), (Ok("3".into()), Ok("1000".into())));
    assert_eq!((get(Kind::Str, 0, "\"a b\""), get(Kind::Str, 0, "x.csv")), (Ok("a b".into()), Ok("x.csv".into())));
    assert_eq!((get(Kind::Sfix, 0, ".5e1"), get(Kind::Sfix, 0, ".5")), (Ok("5.0".into()), Ok("0.5".into())));
    assert_eq!(get(Kind::Sint, 0, "-9223372036854775808"), Ok(i64::MIN.to_string()));
}

#[test]
fn wrong_literals_say_what_and_where() {
    assert_eq!(
        wrong(Kind::Sint, 0, "3.5"),
        "`3.5` is not an integer (expected sint); round the data, or declare the port `sfix`"
    );
    assert_eq!(wrong(Kind::Sfix, 1, "[1,nan]"), "`nan` is not a finite number (expected sfix), at [1]");
    assert_eq!(wrong(Kind::Sfix, 0, "1e10"), format!("`1e10` is out of range: {}", FIXED.range()));
    assert_eq!(
        wrong(Kind::Sint, 0, "9223372036854775808"),
        "9223372036854775808 is out of range: integers have 64 bits with their sign here"
    );
    assert_eq!(wrong(Kind::Sbool, 0, "2"), "`2` is not true, false, 1 or 0 (expected sbool)");
    assert_eq!(wrong(Kind::Sint, 1, "5"), "expected sint[n] (1 axis), found a single value");
    assert_eq!(wrong(Kind::Sint, 2, "[[1,2],[3]]"), "the rows have different lengths: 2 and 1");
    assert_eq!(
        wrong(Kind::Sint, 0, "data.txt"),
        "`data.txt` is neither a number nor a file of a known kind (.csv, .npy, .npz, .safetensors)"
    );
    for text in [
        "[1,2", "1,2", "[1]]", "[1] 2", "[,1]", "[1,,2]", "[1 [2]]", "[[1],2]", "[1,[2]]", "[[1]2]", "", "é.5",
        "[1] [2]",
    ] {
        wrong(Kind::Sint, 1, text);
    }
    wrong(Kind::Sint, 1, &"[".repeat(100_000));
    assert_eq!(
        wrong(Kind::Sint, 0, &"9".repeat(100)).len(),
        "`".len() * 2 + 40 + "… is out of range: integers have 64 bits with their sign here".len()
    );
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name).to_str().unwrap().to_string()
    }
    /// The error of a file, without its path.
    fn wrong(&self, kind: Kind, rank: usize, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.write(name, bytes);
        wrong(kind, rank, &path).replace(&path, "FILE")
    }
}

#[test]
fn csv_columns_are_found_by_name() {
    let folder = Folder::new();
    let one = folder.write("one.csv", "\u{feff}rate\r\n1.5\r\n-2\r\n");
    assert_eq!(get(Kind::Sfix, 1, &one), Ok("[1.5, -2.0]".into()));
    let two = folder.write("two.csv", "x, other\n1,2\n3,4\n");
    assert_eq!(get(Kind::Sint, 1, &two), Ok("[1, 3]".into()));
    assert_eq!(get(Kind::Sint, 1, &format!("{two}:other")), Ok("[2, 4]".into()));
    assert_eq!(get(Kind::Sint, 2, &two), Ok("[[1, 2], [3, 4]]".into()));
    assert_eq!(get(Kind::Sint, 2, &format!("{two}:other,x")), Ok("[[2, 1], [4, 3]]".into()));
    assert_eq!(get(Kind::Sint, 0, &folder.write("single.csv", "v\n7\n")), Ok("7".into()));
    assert_eq!(get(Kind::Sint, 1, &folder.write("none.csv", "v\n")), Ok("[]".into()));
    assert_eq!(get(Kind::Sint, 2, &folder.write("row.csv", "a,b\n1,2")), Ok("[[1, 2]]".into()));
}

#[test]
fn csv_errors_name_row_and_column() {
    let folder = Folder::new();
    let csv = |text: &str| folder.wrong(Kind::Sfix, 1, "t.csv", text);
    assert_eq!(csv("rate\n1\nabc\n"), "FILE: row 2, column `rate`: `abc` is not a number (expected sfix)");
    assert_eq!(csv("rate\n1\ninf\n"), "FILE: row 2, column `rate`: `inf` is not a finite number (expected sfix)");
    assert!(csv("rate\n1e9\n1e12\n").starts_with("FILE: row 2, column `rate`: `1e12` is out of range: "));
    assert_eq!(csv("a,b\n1,\n").replace('`', ""), "FILE: which of the columns a, b is meant? Select one: file.csv:a");
    assert_eq!(csv("x,b\n,1\n"), "FILE: row 1, column `x`: the value is missing (expected sfix)");
    assert_eq!(csv("x,b\n1,2\n1\n"), "FILE: row 2: 1 cells where the header names 2 columns");
    assert_eq!(
        csv("1.5\n2.5\n"),
        "FILE: the first line must name the columns, but it holds numbers (`1.5`): add a line such as `x` above it"
    );
    assert_eq!(csv("x;b\n1;2\n"), "FILE: columns are separated by commas, but the header is `x;b`");
    assert_eq!(csv(""), "FILE: the file is empty: its first line must name the columns");
    assert_eq!(csv("x,x\n1,2\n"), "FILE: there are several columns `x`");
    assert_eq!(folder.wrong(Kind::Sfix, 1, "u.csv", b"x\n\xff\n"), "FILE: row 1: this is not text in UTF-8");
    assert_eq!(folder.wrong(Kind::Sint, 0, "v.csv", "x\n1\n2\n"), "FILE: expected sint (one row), found 2 rows");
    assert_eq!(
        folder.wrong(Kind::Sint, 3, "w.csv", "x\n1\n"),
        "FILE: a table has 2 axes, but the port is sint[n, m, k]: use .npy"
    );
    let table = folder.write("two.csv", "a,b\n1,2\n");
    assert!(wrong(Kind::Sint, 1, &format!("{table}:q")).ends_with("there is no column `q`; the columns are `a, b`"));
    assert!(wrong(Kind::Sint, 1, &format!("{table}:a,b")).ends_with("expected sint[n] (one column), found 2 columns"));
    assert!(wrong(Kind::Sint, 1, "nowhere/x.csv").ends_with("there is no such file"));
}

/// An `.npy` file as NumPy writes it.
fn npy_file(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    let header = format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
}

#[test]
fn npy_arrays_of_every_type_are_read() {
    let folder = Folder::new();
    let npy = |kind, rank, descr: &str, fortran, shape: &str, data: &[u8]| {
        get(kind, rank, &folder.write("a.npy", npy_file(&format!("'{descr}'"), fortran, shape, data)))
    };
    assert_eq!(npy(Kind::Sint, 1, "|i1", false, "(2,)", &[255, 3]), Ok("[-1, 3]".into()));
    assert_eq!(npy(Kind::Sint, 1, "|u1", false, "(2,)", &[255, 3]), Ok("[255, 3]".into()));
    assert_eq!(npy(Kind::Sint, 1, ">i2", false, "(1,)", &[255, 254]), Ok("[-2]".into()));
    assert_eq!(npy(Kind::Sint, 0, "<u4", false, "()", &[255; 4]), Ok("4294967295".into()));
    assert_eq!(npy(Kind::Sfix, 1, "<f8", false, "(1,)", &0.1f64.to_le_bytes()), Ok("[0.1]".into()));
    assert_eq!(npy(Kind::Sfix, 1, ">f4", false, "(1,)", &(-1.5f32).to_be_bytes()), Ok("[-1.5]".into()));
    assert_eq!(npy(Kind::Sfix, 1, "<f2", false, "(3,)", &[0, 0x3e, 0, 0xbc, 0, 0x34]), Ok("[1.5, -1.0, 0.25]".into()));
    assert_eq!(npy(Kind::Sfix, 1, "|i1", false, "(1,)", &[7]), Ok("[7.0]".into()));
    assert_eq!(npy(Kind::Sbool, 1, "|b1", false, "(2,)", &[1, 0]), Ok("[True, False]".into()));
    assert_eq!(npy(Kind::Sint, 1, "|b1", false, "(2,)", &[1, 0]), Ok("[1, 0]".into()));
    assert_eq!(npy(Kind::Sint, 2, "|i1", true, "(2, 3)", &[1, 4, 2, 5, 3, 6]), Ok("[[1, 2, 3], [4, 5, 6]]".into()));
    assert_eq!(npy(Kind::Sint, 2, "|i1", false, "(0, 3)", &[]), Ok("[]".into()));
}

#[test]
fn npy_errors_say_what_is_wrong() {
    let folder = Folder::new();
    let npy = |kind, rank, descr: &str, shape: &str, data: &[u8]| {
        folder.wrong(kind, rank, "a.npy", npy_file(descr, false, shape, data))
    };
    assert_eq!(
        npy(Kind::Sfix, 1, "'|O'", "(1,)", &[0; 8]),
        "FILE: the array holds Python objects; convert it with `.astype('float64')`"
    );
    assert_eq!(npy(Kind::Sfix, 1, "'<U3'", "(1,)", &[0; 12]), "FILE: the array holds text, not numbers");
    assert_eq!(
        npy(Kind::Sfix, 1, "[('a', '<i4')]", "(1,)", &[0; 4]),
        "FILE: the array has named fields; store a plain array"
    );
    assert_eq!(npy(Kind::Sfix, 1, "'<f8'", "(2, 2)", &[0; 32]), "FILE: expected sfix[n] (1 axis), found 2 axes");
    assert_eq!(
        npy(Kind::Sfix, 1, "'<f8'", "(3,)", &[0; 16]),
        "FILE: the file is truncated or damaged: shape [3] of float64 needs 24 bytes, it holds 16"
    );
    assert!(npy(Kind::Sfix, 1, "'<f8'", "(99999999999999,)", &[]).contains("too large"));
    assert!(
        npy(Kind::Sint, 1, "'<f8'", "(1,)", &[0; 8])
            .starts_with("FILE: the array is float64, but the port is sint[n]: convert it")
    );
    assert_eq!(
        npy(Kind::Sint, 1, "'<u8'", "(2,)", &[255; 16]),
        format!("FILE: element [0]: {} is out of range: integers have 64 bits with their sign here", u64::MAX)
    );
    let nan = [0f64.to_le_bytes(), f64::NAN.to_le_bytes()].concat();
    assert_eq!(
        npy(Kind::Sfix, 2, "'<f8'", "(1, 2)", &nan),
        "FILE: element [0, 1]: NaN is not a finite number (expected sfix)"
    );
    assert_eq!(npy(Kind::Sbool, 1, "'|i1'", "(1,)", &[2]), "FILE: element [0]: 2 is not 0 or 1 (expected sbool)");
    assert_eq!(folder.wrong(Kind::Sint, 1, "b.npy", b"PK\x03\x04"), "FILE: this is not an .npy file");
    assert_eq!(
        folder.wrong(Kind::Sint, 1, "c.npy", b"\x93NUMPY\x01"),
        "FILE: the file is truncated: its header is incomplete"
    );
    assert_eq!(
        folder.wrong(Kind::Sint, 1, "d.npz", b"no zip at all"),
        "FILE: this .npz archive cannot be read: invalid Zip archive: Could not find EOCD"
    );
    let whole = npy_file("'|i1'", false, "(2,)", &[1, 2]);
    for cut in 0..whole.len() {
        folder.wrong(Kind::Sint, 1, "cut.npy", &whole[..cut]);
    }
}

#[test]
fn what_is_written_is_read_back() {
    let folder = Folder::new();
    for (kind, rank, source) in [
        (Kind::Int, 2, "[[1,-2],[3,4]]"),
        (Kind::Fix, 1, "[0.3,-1.5]"),
        (Kind::Bool, 1, "[true,false]"),
        (Kind::Int, 0, "7"),
        (Kind::Fix, 2, "[[0.1]]"),
        (Kind::Int, 1, "[]"),
    ] {
        let value = read::<u64>(&target(kind, rank), source).unwrap();
        for ending in ["csv", "npy", "npz", "safetensors"] {
            let path = folder.path(&format!("out.{ending}")).to_str().unwrap().to_string();
            check_target(&path).unwrap();
            write(&path, "x", &value, FIXED).unwrap();
            assert_eq!(get(kind, rank, &path), get(kind, rank, source), "{ending}");
        }
    }
    let left: Vec<_> = std::fs::read_dir(folder.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
    let path = folder.path("out.npz").to_str().unwrap().to_string();
    assert_eq!(get(Kind::Int, 1, &format!("{path}:x")), Ok("[]".into()));
    assert!(wrong(Kind::Int, 1, &format!("{path}:y")).ends_with("there is no array `y`; the arrays are `x`"));
}

#[test]
fn targets_that_cannot_be_written_are_found_early() {
    assert!(check_target("x.txt").unwrap_err().contains(".csv, .npy, .npz, .safetensors"));
    assert!(check_target("no/such/folder/x.npy").unwrap_err().contains("there is no folder"));
    let three = read::<u64>(&target(Kind::Int, 3), "[[[1]]]").unwrap();
    let folder = Folder::new();
    let path = folder.path("x.csv");
    assert!(
        write(path.to_str().unwrap(), "x", &three, FIXED)
            .unwrap_err()
            .ends_with("a table has 2 axes, the value has 3: use .npy")
    );
    assert!(!path.exists());
}

/// A `.safetensors` file of a header and the bytes behind it.
fn tensors_file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

/// The header's entry of one tensor.
fn entry(name: &str, dtype: &str, shape: &str, start: usize, end: usize) -> String {
    format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{start},{end}]}}"#)
}

#[test]
fn tensors_of_every_type_are_read() {
    let folder = Folder::new();
    let one = |kind, rank, dtype: &str, shape: &str, data: &[u8]| {
        let header = format!("{{{}}}", entry("x", dtype, shape, 0, data.len()));
        get(kind, rank, &folder.write("a.safetensors", tensors_file(&header, data)))
    };
    assert_eq!(one(Kind::Sint, 1, "I8", "[2]", &[255, 3]), Ok("[-1, 3]".into()));
    assert_eq!(one(Kind::Sint, 1, "U8", "[2]", &[255, 3]), Ok("[255, 3]".into()));
    assert_eq!(one(Kind::Sint, 0, "I16", "[]", &[254, 255]), Ok("-2".into()));
    assert_eq!(one(Kind::Sint, 0, "I32", "[]", &[255; 4]), Ok("-1".into()));
    assert_eq!(one(Kind::Sint, 0, "I64", "[]", &7i64.to_le_bytes()), Ok("7".into()));
    assert_eq!(one(Kind::Sfix, 1, "F64", "[1]", &0.1f64.to_le_bytes()), Ok("[0.1]".into()));
    assert_eq!(one(Kind::Sfix, 1, "F32", "[1]", &(-1.5f32).to_le_bytes()), Ok("[-1.5]".into()));
    assert_eq!(one(Kind::Sfix, 1, "F16", "[2]", &[0, 0x3e, 0, 0xbc]), Ok("[1.5, -1.0]".into()));
    assert_eq!(one(Kind::Sfix, 1, "BF16", "[2]", &[0xc0, 0x3f, 0x80, 0xbf]), Ok("[1.5, -1.0]".into()));
    assert_eq!(one(Kind::Sfix, 1, "I8", "[1]", &[7]), Ok("[7.0]".into()));
    assert_eq!(one(Kind::Sbool, 2, "BOOL", "[1, 2]", &[1, 0]), Ok("[[True, False]]".into()));
    assert_eq!(one(Kind::Sint, 2, "I8", "[0, 3]", &[]), Ok("[]".into()));
}

#[test]
fn damaged_tensor_files_are_refused() {
    let folder = Folder::new();
    let file = |bytes: &[u8]| folder.wrong(Kind::Sint, 1, "a.safetensors", bytes);
    let header = |text: &str, data: &[u8]| file(&tensors_file(text, data));
    let two = |first: &str, second: &str, data: &[u8]| header(&format!("{{{first},{second}}}"), data);
    assert_eq!(file(b"short"), "FILE: the file is truncated: it has no header");
    assert_eq!(
        file(&u64::MAX.to_le_bytes()),
        format!("FILE: this is no .safetensors file: its header would have {} bytes, and 0 are there", u64::MAX)
    );
    assert_eq!(header("[1]", &[]), "FILE: this is no .safetensors file: its header is not JSON");
    assert!(header(r#"{"x":"#, &[]).starts_with("FILE: the header is damaged: "));
    assert!(header(r#"{"x":{"dtype":"I8"}}"#, &[]).contains("missing field `shape`"));
    assert!(header(&format!("{{{}}}", entry("x", "I8", "[-1]", 0, 0)), &[]).starts_with("FILE: the header is damaged"));
    assert!(
        two(&entry("x", "I8", "[1]", 0, 1), &entry("x", "I8", "[1]", 1, 2), &[1, 2]).contains("`x` is there twice")
    );
    assert_eq!(
        header(&format!("{{{}}}", entry("x", "F8_E4M3", "[1]", 0, 1)), &[1]),
        "FILE: tensor `x`: its type `F8_E4M3` is not read: convert it to F64, F32, F16, BF16, BOOL or integers"
    );
    assert_eq!(
        header(&format!("{{{}}}", entry("x", "I16", "[3]", 0, 4)), &[0; 4]),
        "FILE: tensor `x`: shape [3] of I16 needs 6 bytes, it has those from 0 to 4"
    );
    let huge = entry("x", "I8", "[18446744073709551615, 18446744073709551615]", 0, 1);
    assert!(header(&format!("{{{huge}}}"), &[1]).contains("too large"));
    let overlap = two(&entry("a", "I8", "[2]", 0, 2), &entry("b", "I8", "[2]", 1, 3), &[0; 3]);
    assert_eq!(overlap, "FILE: the file is damaged: tensor `b` overlaps with another");
    let gap = two(&entry("a", "I8", "[1]", 0, 1), &entry("b", "I8", "[1]", 2, 3), &[0; 3]);
    assert_eq!(gap, "FILE: the file is damaged: tensor `b` leaves a gap before it");
    let whole = tensors_file(&format!("{{{}}}", entry("x", "I8", "[2]", 0, 2)), &[1, 2]);
    assert_eq!(
        file(&[&whole[..], &[0]].concat()),
        "FILE: the file is truncated or damaged: its tensors have 2 bytes, it holds 3"
    );
    for cut in 0..whole.len() {
        file(&whole[..cut]);
    }
}

#[test]
fn objects_take_all_tensors_of_a_file() {
    let folder = Folder::new();
    let sized = |kind, sizes: &[u64]| {
        let ty = format!("{kind}{sizes:?}");
        Target { ty, sizes: sizes.iter().copied().map(Some).collect(), ..target(kind, sizes.len()) }
    };
    let fields = [("w".to_owned(), sized(Kind::Sfix, &[1, 2])), ("n".to_owned(), target(Kind::Sint, 0))];
    let texts =
        |values: Vec<Public<u64>>| values.into_iter().map(|x| text(&Value::Public(x), FIXED)).collect::<Vec<_>>();
    let read = |path: &str| read_all::<u64>(&fields, path).map(texts).map_err(|error| error.replace(path, "FILE"));
    let values = [("w", "[[1.5,2]]", Kind::Sfix, 2), ("n", "3", Kind::Sint, 0)];
    let tensor = |&(name, source, kind, rank): &(&str, &str, Kind, usize)| {
        (name.to_owned(), super::read::<u64>(&target(kind, rank), source).unwrap())
    };
    for ending in ["npz", "safetensors"] {
        let path = folder.path(&format!("good.{ending}")).to_str().unwrap().to_string();
        write_all(&path, &values.iter().map(tensor).collect::<Vec<_>>(), FIXED).unwrap();
        assert_eq!(read(&path), Ok(vec!["[[1.5, 2.0]]".into(), "3".into()]), "{ending}");
        assert_eq!(get(Kind::Sint, 0, &format!("{path}:n")), Ok("3".into()));
    }
    let header = format!("{{{},{}}}", entry("w", "F32", "[2, 1]", 0, 8), entry("m", "I8", "[1]", 8, 9));
    let path = folder.write("bad.safetensors", tensors_file(&header, &[0; 9]));
    assert_eq!(
        read(&path).unwrap_err(),
        "FILE: missing: `n` (sint)\n  not in the class: `m` of shape [1]\n  tensor `w` has shape [2, 1], expected sfix[1, 2]"
    );
    let header = format!("{{{},{}}}", entry("w", "F32", "[1, 2]", 0, 8), entry("n", "F32", "[]", 8, 12));
    let data = [1f32.to_le_bytes(), f32::NAN.to_le_bytes(), 2f32.to_le_bytes()].concat();
    let path = folder.write("worse.safetensors", tensors_file(&header, &data));
    let message = read(&path).unwrap_err();
    assert!(message.contains("tensor `w`: element [0, 1]: NaN is not a finite number"), "{message}");
    assert!(message.contains("tensor `n`: the tensor is F32, but the port is sint: convert it"), "{message}");
    assert!(read("x.csv").unwrap_err().ends_with("an object is read from .npz or .safetensors"));
    assert!(check_targets("x.npy").unwrap_err().contains(".npz, .safetensors"));
}

proptest::proptest! {
    #[test]
    fn no_source_makes_it_panic(text in "[-\\[\\], 0-9.e\"'a-zé]*", rank in 0usize..3, bytes: Vec<u8>) {
        for kind in [Kind::Sint, Kind::Sfix, Kind::Sbool, Kind::Str] {
            let _ = get(kind, rank, &text);
        }
        let data = [b"\x93NUMPY\x01\x00", &bytes[..]].concat();
        let _ = npy::decode::<u64>(&target(Kind::Sfix, rank), &data);
        let header = npy_file(&format!("'{}'", text.replace('\'', "")), rank == 1, &format!("({text})"), &bytes);
        let _ = npy::decode::<u64>(&target(Kind::Sfix, rank), &header);
    }

    #[test]
    fn no_tensor_file_makes_it_panic(
        name in "[a-z.]{0,3}",
        dtype in "(F64|F32|F16|BF16|I64|I8|BOOL|U8|[A-Z0-9]{0,4})",
        sizes in proptest::collection::vec(proptest::prop_oneof![0u64..4, proptest::prelude::any::<u64>()], 0..3),
        offsets: (u8, u8),
        length in proptest::option::of(proptest::prelude::any::<u64>()),
        noise: Vec<u8>,
        data: Vec<u8>,
    ) {
        let folder = Folder::new();
        let header = format!("{{{}}}", entry(&name, &dtype, &format!("{sizes:?}"), offsets.0.into(), offsets.1.into()));
        let mut whole = tensors_file(&header, &data);
        if let Some(length) = length {
            whole[..8].copy_from_slice(&length.to_le_bytes());
        }
        for bytes in [whole, noise] {
            let path = folder.write("hostile.safetensors", &bytes);
            for rank in 0..3 {
                let _ = get(Kind::Sfix, rank, &path);
                let _ = read_all::<u64>(&[(name.clone(), target(Kind::Sint, rank))], &path);
            }
        }
    }
}
