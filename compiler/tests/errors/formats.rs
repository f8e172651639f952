//! What other programs read: SARIF has the shape that the standard asks for, and applying a fix mends its mistake.

use crate::markdown::{blocks, compile, files};
use mpcc::Compilation;
use mpcc::diagnostic::{Code, Diagnostic, Fix, json, sarif};
use serde_json::Value;
use std::path::Path;

/// All wrong programs of the cases of full texts.
fn wrong_programs() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let texts = files(&folder, "md").into_iter().map(|path| std::fs::read_to_string(path).expect("a file of cases"));
    texts.flat_map(|text| blocks(&text)).filter(|block| block.info == "mpc").map(|block| block.text).collect()
}

fn log(found: &Compilation) -> Value {
    serde_json::from_str(&sarif::sarif(&found.sources, &found.diagnostics)).expect("valid JSON")
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.filter(|text| !text.is_empty()).unwrap_or_else(|| panic!("no text at {pointer} of\n{value:#}"))
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("no list at {pointer} of\n{value:#}"))
}

/// §3.30: lines and columns are positive, and the region does not end before it begins.
fn check_region(region: &Value) {
    let number = |field: &str| region[field].as_u64().filter(|number| *number > 0).expect("a positive number");
    let (start, end) = ((number("startLine"), number("startColumn")), (number("endLine"), number("endColumn")));
    assert!(start <= end, "{region:#}");
}

/// §3.28, §3.29: a location has an artifact and a region.
fn check_location(location: &Value) {
    assert!(!text(location, "/physicalLocation/artifactLocation/uri").contains([' ', '\\', '<']));
    check_region(&location["physicalLocation"]["region"]);
}

/// What §3.13 to §3.57 require of the objects that are used.
fn check_log(log: &Value) {
    assert_eq!(log["version"], "2.1.0");
    assert!(text(log, "/$schema").ends_with("sarif-schema-2.1.0.json"));
    let [run] = list(log, "/runs") else { panic!("one run") };
    assert_eq!(text(run, "/tool/driver/name"), "mpcc");
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = list(run, "/tool/driver/rules");
    for rule in rules {
        let code = Code::find(text(rule, "/id")).expect("a code");
        assert_eq!(text(rule, "/name"), code.name());
        assert_eq!(text(rule, "/shortDescription/text"), code.summary());
        assert_eq!(rule["help"]["markdown"].as_str(), code.page());
        assert!(matches!(text(rule, "/defaultConfiguration/level"), "error" | "warning"));
    }
    for result in list(run, "/results") {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(matches!(text(result, "/level"), "error" | "warning"));
        text(result, "/message/text");
        list(result, "/locations").iter().for_each(check_location);
        for related in list(result, "/relatedLocations") {
            check_location(related);
            text(related, "/message/text");
        }
        result["fixes"].as_array().into_iter().flatten().for_each(check_fix);
    }
}

fn check_fix(fix: &Value) {
    text(fix, "/description/text");
    let changes = list(fix, "/artifactChanges");
    assert!(!changes.is_empty());
    for change in changes {
        text(change, "/artifactLocation/uri");
        for replacement in list(change, "/replacements") {
            check_region(&replacement["deletedRegion"]);
            assert!(replacement["insertedContent"]["text"].is_string());
        }
    }
}

#[test]
fn sarif_has_the_shape_of_the_standard() {
    for program in wrong_programs() {
        let found = compile(&program, &[]);
        let log = log(&found);
        check_log(&log);
        assert_eq!(list(&log, "/runs/0/results").len(), found.diagnostics.len());
    }
}

#[test]
fn sarif_says_where_and_what_to_change() {
    let log = log(&compile("x = 3\nif x > 2\n    print(x)\n", &[]));
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "E0031");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
    assert_eq!(result["relatedLocations"][0]["message"]["text"], "this line opens a block");
    let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], ":");
    assert_eq!(replacement["deletedRegion"]["startColumn"], 9);
}

#[test]
fn json_has_an_object_for_each() {
    for program in wrong_programs() {
        let found = compile(&program, &[]);
        let all: Value = serde_json::from_str(&json::json(&found.sources, &found.diagnostics)).expect("valid JSON");
        let all = all.as_array().expect("a list");
        assert_eq!(all.len(), found.diagnostics.len());
        let fields =
            ["file", "line", "column", "end_line", "end_column", "code", "name", "severity", "message", "label"];
        let lists = ["labels", "help", "fixes"];
        for object in all {
            assert!(fields.iter().all(|field| !object[field].is_null()), "{object:#}");
            assert!(lists.iter().all(|field| object[field].is_array()), "{object:#}");
            assert_eq!(object.as_object().map(serde_json::Map::len), Some(fields.len() + lists.len()));
        }
    }
}

fn applied(program: &str, fix: &Fix) -> String {
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    let mut text = program.to_owned();
    edits.iter().for_each(|edit| text.replace_range(edit.span.range(), &edit.text));
    text
}

/// After a fix its finding is gone, and nothing is revealed that was not.
#[test]
fn fixes_mend_what_they_are_for() {
    let mut tried = 0;
    for program in wrong_programs() {
        let found = compile(&program, &[]);
        for (diagnostic, fix) in
            found.diagnostics.iter().flat_map(|found| found.fixes.iter().map(move |fix| (found, fix)))
        {
            let same = |other: &&Diagnostic| (other.code, &other.message) == (diagnostic.code, &diagnostic.message);
            let count = |found: &Compilation| found.diagnostics.iter().filter(same).count();
            let mended = applied(&program, fix);
            let after = compile(&mended, &[]);
            assert!(count(&after) < count(&found), "{}\n{program}\n=>\n{mended}", fix.title);
            assert!(mended.matches("reveal").count() <= program.matches("reveal").count(), "{}", fix.title);
            tried += 1;
        }
    }
    assert!(tried > 15, "only {tried} fixes");
}
