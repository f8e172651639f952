//! Diagnostics for programs, in the compiler's own form: one object for each. `docs/guide.md` describes the fields.

use super::{Diagnostic, Edit, Fix};
use crate::source::{Sources, Span};
use serde_json::{Value, json};

/// An array with one object for each diagnostic:
///
/// ```json
/// {"code": "E0031", "name": "MissingColon", "severity": "error", "message": "…",
///  "file": "a.mpc", "line": 1, "column": 5, "end_line": 1, "end_column": 6, "label": "…",
///  "labels": [{"file": …, "line": …, "column": …, "end_line": …, "end_column": …, "message": "…"}],
///  "help": ["…"],
///  "fixes": [{"title": "…", "edits": [{"file": …, "line": …, …, "text": "…"}]}]}
/// ```
///
/// Lines and columns count from 1, columns in characters; the end is the place after the last character.
pub fn json(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let all: Vec<Value> = diagnostics.iter().map(|diagnostic| object(sources, diagnostic)).collect();
    format!("{:#}\n", Value::Array(all))
}

fn object(sources: &Sources, diagnostic: &Diagnostic) -> Value {
    let mut object = place(sources, diagnostic.span);
    object["code"] = json!(diagnostic.code.id());
    object["name"] = json!(diagnostic.code.name());
    object["severity"] = json!(diagnostic.severity.text());
    object["message"] = json!(diagnostic.message);
    object["label"] = json!(diagnostic.label);
    object["labels"] =
        diagnostic.labels.iter().map(|(span, text)| with(place(sources, *span), "message", text)).collect();
    object["help"] = json!(diagnostic.help);
    object["fixes"] = diagnostic.fixes.iter().map(|fix| fix_object(sources, fix)).collect();
    object
}

fn fix_object(sources: &Sources, fix: &Fix) -> Value {
    let edit = |edit: &Edit| with(place(sources, edit.span), "text", &edit.text);
    json!({ "title": fix.title, "edits": fix.edits.iter().map(edit).collect::<Vec<_>>() })
}

fn with(mut place: Value, field: &str, text: &str) -> Value {
    place[field] = json!(text);
    place
}

fn place(sources: &Sources, span: Span) -> Value {
    let Some(source) = sources.get(span.file) else {
        return json!({ "file": null, "line": 1, "column": 1, "end_line": 1, "end_column": 1 });
    };
    let (start, end) = (source.position(span.start), source.position(span.end));
    json!({
        "file": source.path.to_string_lossy(),
        "line": start.line, "column": start.column,
        "end_line": end.line, "end_column": end.column,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    #[test]
    fn programs_see_lines_and_columns() {
        let mut sources = Sources::new();
        let file = sources.add("a.mpc", "while é > 0\n    x = 1\n");
        let found = Diagnostic::new(Code::MissingColon, Span::new(file, 12, 12), "expected `:` after the condition")
            .note(Span::new(file, 0, 5), "this opens a block")
            .help("a block follows")
            .fix("add `:`", [(Span::new(file, 12, 12), ":")]);
        let value: Value = serde_json::from_str(&json(&sources, &[found])).expect("valid JSON");
        assert_eq!(value[0]["code"], "E0031");
        assert_eq!((&value[0]["line"], &value[0]["column"]), (&json!(1), &json!(12)));
        assert_eq!(value[0]["labels"][0]["end_column"], 6);
        assert_eq!(value[0]["help"], json!(["a block follows"]));
        let edit = &value[0]["fixes"][0]["edits"][0];
        assert_eq!((&edit["column"], &edit["end_column"], &edit["text"]), (&json!(12), &json!(12), &json!(":")));
    }
}
