//! Costs for other programs: one object. Its fields are stable; `docs/cost.md` describes them.

use super::{Report, Sharing};
use mpc_bytecode::cost::bill::{Amount, By, Formula, Row, Unknown};
use mpc_bytecode::predict::Hidden;
use serde_json::{Value, json};

/// The whole text.
pub fn json(report: &Report<'_>) -> String {
    let total = &report.bill.total;
    let numbers = report.has_numbers();
    let mut figures = amount(total);
    figures["bytes"] = json!(total.most_bytes());
    figures["bytes_by_player"] = json!(total.bytes);
    figures["bytes_before"] = json!(report.bill.start.bytes);
    figures["dealer_bytes_before"] = json!(report.bill.start.dealer_bytes);
    figures["exact"] = json!(report.bill.unknown.is_empty() && numbers);
    figures["formula"] = formula(&report.formula());
    figures["seconds"] = json!(report.seconds(total.rounds, total.most_bytes()));
    let value = json!({
        "program": report.program.files.first(),
        "program_hash": report.program.hash().to_string(),
        "sharing": match report.sharing { Sharing::Plain => "plain", Sharing::Additive => "additive" },
        "players": report.setting.players,
        "ring": report.setting.ring,
        "sizes": report.setting.sizes,
        "open_sizes": report.open,
        "raises": report.raised,
        "total": figures,
        "functions": report.rows(By::Function).iter().map(|each| row(report, each, By::Function)).collect::<Vec<_>>(),
        "lines": report.rows(By::Line).iter().map(|each| row(report, each, By::Line)).collect::<Vec<_>>(),
        "unknown": report.bill.unknown.iter().map(|each| unknown(report, each)).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn amount(amount: &Amount) -> Value {
    let dealt: serde_json::Map<String, Value> = amount
        .correlated
        .each()
        .iter()
        .map(|(name, count)| (name.replace(' ', "_").to_lowercase(), json!(count)))
        .collect();
    json!({
        "rounds": amount.rounds,
        "bytes": amount.most_bytes(),
        "dealer_bytes": amount.dealer_bytes,
        "dealt": dealt,
    })
}

fn formula(formula: &Formula) -> Value {
    let text = |e: &Option<mpc_bytecode::predict::Expr>| e.as_ref().map(ToString::to_string);
    json!({ "rounds": text(&formula.rounds), "payload_bytes": text(&formula.bytes) })
}

fn row(report: &Report<'_>, row: &Row, by: By) -> Value {
    let mut value = amount(&row.amount);
    value["function"] = json!(row.site.function);
    if by == By::Line {
        value["file"] = json!(report.program.files.get(row.site.place.0 as usize));
        value["line"] = json!(row.site.place.1);
    }
    value["calls"] = json!(u64::try_from(row.times).unwrap_or(u64::MAX));
    value["work"] = json!(row.work);
    value["exact"] = json!(row.exact);
    value["formula"] = formula(&row.formula);
    value["seconds"] = json!(report.seconds(row.amount.rounds, row.amount.most_bytes()));
    value
}

fn unknown(report: &Report<'_>, unknown: &Unknown) -> Value {
    let file = |file: u32| report.program.files.get(file as usize);
    match unknown {
        Unknown::Hidden(Hidden::Turns((at, line))) => json!({ "kind": "turns", "file": file(*at), "line": line }),
        Unknown::Hidden(Hidden::Holds((at, line))) => json!({ "kind": "condition", "file": file(*at), "line": line }),
        Unknown::Hidden(Hidden::Number((at, line), _)) => json!({ "kind": "size", "file": file(*at), "line": line }),
        Unknown::Hidden(Hidden::TooLarge) => json!({ "kind": "too_large" }),
        Unknown::Size(name) => json!({ "kind": "open_size", "name": name }),
        Unknown::Stopped(why, (at, line)) => json!({ "kind": "stopped", "why": why, "file": file(*at), "line": line }),
        Unknown::Raises((at, line)) => json!({ "kind": "raises", "file": file(*at), "line": line }),
        Unknown::TooMuch => json!({ "kind": "too_large" }),
        Unknown::TooLong => json!({ "kind": "too_long" }),
    }
}
