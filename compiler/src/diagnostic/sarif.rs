//! Diagnostics as SARIF 2.1.0, the format that editors and code hosts read: OASIS, "Static Analysis Results Interchange
//! Format (SARIF) Version 2.1.0", <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>. Section numbers below are its.

use super::{Code, Diagnostic, Edit, Fix, Severity};
use crate::source::{FileId, Sources, Span};
use serde_json::{Value, json};
use std::path::{Component, Path};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One log with one run. The rules are the codes that were found, each with its page.
pub fn sarif(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut codes: Vec<Code> = diagnostics.iter().map(|found| found.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let results: Vec<Value> = diagnostics.iter().map(|found| result(sources, found, &codes)).collect();
    let driver = json!({
        "name": "mpcc",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": codes.iter().map(|code| rule(*code, env!("CARGO_PKG_REPOSITORY"))).collect::<Vec<_>>(),
    });
    let run = json!({ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results });
    format!("{:#}\n", json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] }))
}

/// A code (§3.49). Its address on the web is known where the package says where its sources are.
fn rule(code: Code, repository: &str) -> Value {
    let mut rule = json!({
        "id": code.id(),
        "name": code.name(),
        "shortDescription": { "text": code.summary() },
        "defaultConfiguration": { "level": code.severity().text() },
    });
    if let Some(page) = code.page() {
        rule["help"] = json!({ "text": page, "markdown": page });
    }
    if !repository.is_empty() {
        rule["helpUri"] = json!(format!("{}/blob/main/docs/errors/{code}.md", repository.trim_end_matches('/')));
    }
    rule
}

/// A finding (§3.27).
fn result(sources: &Sources, found: &Diagnostic, codes: &[Code]) -> Value {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let help = found.advice().map(|help| format!("\nHelp: {help}"));
    let related = found.labels.iter().map(|(span, text)| location(sources, *span, text));
    let mut result = json!({
        "ruleId": found.code.id(),
        "ruleIndex": codes.binary_search(&found.code).unwrap_or_default(),
        "level": level,
        "message": { "text": std::iter::once(found.message.clone()).chain(help).collect::<String>() },
        "locations": [location(sources, found.span, &found.label)],
        "relatedLocations": related.collect::<Vec<_>>(),
    });
    if !found.fixes.is_empty() {
        result["fixes"] = found.fixes.iter().map(|fix| fix_object(sources, fix)).collect();
    }
    result
}

/// A place and what is said about it (§3.28).
fn location(sources: &Sources, span: Span, text: &str) -> Value {
    let physical = json!({ "artifactLocation": { "uri": uri(sources, span.file) }, "region": region(sources, span) });
    if text.is_empty() {
        json!({ "physicalLocation": physical })
    } else {
        json!({ "physicalLocation": physical, "message": { "text": text } })
    }
}

/// Lines and columns (§3.30): from 1, the end after the last character; an empty region is a point of insertion.
fn region(sources: &Sources, span: Span) -> Value {
    let Some(source) = sources.get(span.file) else { return json!({ "startLine": 1 }) };
    let (start, end) = (source.position(span.start), source.position(span.end));
    json!({
        "startLine": start.line, "startColumn": start.column,
        "endLine": end.line, "endColumn": end.column,
    })
}

/// A change (§3.55), with its edits put together by file.
fn fix_object(sources: &Sources, fix: &Fix) -> Value {
    let mut files: Vec<FileId> = fix.edits.iter().map(|edit| edit.span.file).collect();
    files.sort_unstable();
    files.dedup();
    let replacement =
        |edit: &Edit| json!({ "deletedRegion": region(sources, edit.span), "insertedContent": { "text": edit.text } });
    let change = |file: FileId| {
        let edits = fix.edits.iter().filter(|edit| edit.span.file == file);
        json!({
            "artifactLocation": { "uri": uri(sources, file) },
            "replacements": edits.map(replacement).collect::<Vec<_>>(),
        })
    };
    json!({ "description": { "text": fix.title }, "artifactChanges": files.into_iter().map(change).collect::<Vec<_>>() })
}

/// The path as a reference of RFC 3986: relative where the path is.
fn uri(sources: &Sources, file: FileId) -> String {
    let path = sources.get(file).map_or(Path::new("unknown"), |source| &source.path);
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(escaped(&name.to_string_lossy())),
        Component::ParentDir => Some("..".to_owned()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    });
    let joined = parts.collect::<Vec<_>>().join("/");
    if path.is_absolute() { format!("file:///{joined}") } else { joined }
}

fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_an_address_where_the_sources_have_one() {
        let address = |repository| rule(Code::MissingColon, repository)["helpUri"].clone();
        assert_eq!(address(""), Value::Null);
        assert_eq!(address("https://a.example/mpc/"), "https://a.example/mpc/blob/main/docs/errors/E0031.md");
    }

    #[test]
    fn paths_are_references() {
        let mut sources = Sources::new();
        let cases =
            [("a b/é.mpc", "a%20b/%C3%A9.mpc"), ("/x/y.mpc", "file:///x/y.mpc"), ("./../z:1.mpc", "../z%3A1.mpc")];
        for (path, expected) in cases {
            let file = sources.add(path, "");
            assert_eq!(uri(&sources, file), expected);
        }
    }
}
