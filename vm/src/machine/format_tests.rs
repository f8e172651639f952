//! Against Python's own answers: `vm/tests/python/tables.py`.

use super::*;
use crate::memory::Elements;

const FIXED: Fixed = Fixed { bits: 47, frac: 16 };

fn value(kind: &str, name: &str) -> Public<u64> {
    match kind {
        "int" => Public::int(name.parse().unwrap()),
        "bool" => Public::bool(name == "True"),
        "fix" => Public::Fix(Elements::One(name.parse::<i64>().unwrap() as u64)),
        _ => Public::Str(name.into()),
    }
}

#[test]
fn formats_are_pythons() {
    let mut wrong = Vec::new();
    for line in include_str!("../../tests/python/formats.txt").lines() {
        let [kind, name, spec, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let found = match format(&Value::Public(value(kind, name)), spec, FIXED) {
            Ok(text) => format!("={text}"),
            Err(raised) => raised.exception.to_string(),
        };
        if found != expected {
            wrong.push(format!("{kind} {name} `{spec}`: {found} instead of {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}

#[test]
fn formats_without_end_and_of_tensors_are_errors() {
    let of = |spec: &str| format(&Value::Public(Public::<u64>::int(1)), spec, FIXED).unwrap_err().to_string();
    assert_eq!(
        of("99999999999"),
        "ValueError: invalid format specification `99999999999`: 99999999999 is more than 65536"
    );
    assert_eq!(of("q"), "ValueError: invalid format specification `q`: `q` is no format for int");
    let tensor = Public::<u64>::Int(crate::memory::shape::assemble(&[1], vec![1]).unwrap());
    assert!(format(&Value::Public(tensor), "d", FIXED).is_err());
}

proptest::proptest! {
    #[test]
    fn no_format_makes_it_panic(spec in "(\\PC?[<>=^])?[-+ ]?z?#?0?[0-9]{0,3}[,_]?(\\.[0-9]{0,3})?\\PC?", raw: i64, text in "\\PC*") {
        let raw = raw >> 18;
        for value in [Public::int(raw), Public::bool(raw > 0), Public::Fix(Elements::One(raw as u64)), Public::Str(text.as_str().into())] {
            let _ = format(&Value::Public(value), &spec, FIXED);
        }
    }
}
