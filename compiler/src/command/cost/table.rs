//! Costs for people: a total, functions, lines, what is dealt.

use super::units::{bytes, plural, rate, seconds};
use super::{Report, Sharing};
use mpc_bytecode::cost::bill::{Amount, Bill, By, Formula, Row, Unknown};
use mpc_bytecode::predict::show::grouped;
use mpc_bytecode::predict::{Expr, Hidden, Setting};
use mpc_bytecode::program::Direction;
use std::fmt::Write as _;

/// Columns of a terminal.
const WIDTH: usize = 100;
/// Lines that are listed unless all are asked for.
const MOST_LINES: usize = 10;

/// Notes on what is not known that are written unless all are asked for.
const MOST_NOTES: usize = 6;

/// The whole text.
pub fn table(report: &Report<'_>, all: bool) -> String {
    let mut out = heading(report);
    out.push_str(&total(report));
    let numbers = report.has_numbers();
    let functions = costly(report.sorted(By::Function), numbers);
    let lines = costly(report.sorted(By::Line), numbers);
    if lines.is_empty() {
        return out;
    }
    let wide = lines.iter().chain(&functions).map(|row| columns(report, row, numbers)[1].chars().count()).max();
    let wide = wide.unwrap_or(0).clamp(9, 34);
    if functions.len() > 1 {
        section(&mut out, report, "by function", &functions, wide, |row| match row.site.function.as_str() {
            "" => "(top level)".into(),
            name => format!("{name}()"),
        });
    }
    let shown = if all { lines.len() } else { lines.len().min(MOST_LINES) };
    let width = lines[..shown].iter().map(|row| row.site.place.1.to_string().len()).max().unwrap_or(1);
    section(&mut out, report, "by line", &lines[..shown], wide, |row| {
        let text = report.source.line(row.site.place);
        let text = text.map_or_else(|| row.work.join(", "), str::to_owned);
        let file = report.program.files.get(row.site.place.0 as usize).filter(|_| row.site.place.0 > 0);
        let file = file.map_or_else(String::new, |file| format!("{file}:"));
        format!("{file}{:>width$} │ {text}", row.site.place.1)
    });
    if shown < lines.len() {
        let _ = writeln!(out, "  … and {} more: `--all` lists them", lines.len() - shown);
    }
    out.push_str(&dealt(report));
    out.push_str(&notes(report, all));
    out
}

/// The rows that cost a player something.
fn costly(mut rows: Vec<Row>, numbers: bool) -> Vec<Row> {
    rows.retain(|row| match numbers {
        true => row.amount.rounds > 0 || row.amount.most_bytes() > 0 || !row.exact,
        false => row.formula.rounds != Some(Expr::ZERO) || row.formula.bytes != Some(Expr::ZERO),
    });
    rows
}

fn heading(report: &Report<'_>) -> String {
    let players = report.setting.players;
    let scheme = match report.sharing {
        Sharing::Plain => format!("in the clear, {players} {}", if players == 1 { "player" } else { "players" }),
        Sharing::Additive => format!("additive sharing, {players} players and a dealer"),
    };
    let name = report.program.files.first().map_or("", String::as_str);
    let shown = |(name, size): (&String, &i64)| {
        let sign = if *size < 0 { "-" } else { "" };
        format!("{name} = {sign}{}", grouped(size.unsigned_abs().into()))
    };
    let sizes: Vec<String> = report.setting.sizes.iter().map(shown).collect();
    let sizes = if sizes.is_empty() { String::new() } else { format!(", {}", sizes.join(", ")) };
    format!("{name}: {scheme}, ring 2^{}{sizes}\n\n", report.setting.ring)
}

/// At least, where something is not known but sizes, for which there are formulas.
fn bound(report: &Report<'_>) -> &'static str {
    let exact = report.bill.unknown.iter().all(|unknown| matches!(unknown, Unknown::Size(_) | Unknown::Hidden(_)));
    let exact = if report.has_numbers() { report.bill.unknown.is_empty() } else { exact };
    if exact { "" } else { "at least " }
}

fn total(report: &Report<'_>) -> String {
    if !report.has_numbers() {
        let formula = report.formula();
        let least = bound(report);
        let rounds = format!("{least}{}", shown(&formula.rounds));
        let bytes = format!("{least}{}, and 24 for each message of at most 65,536 elements", shown(&formula.bytes));
        return format!(
            "  rounds          {}\n  bytes a player  {}\n\n  {}\n",
            wrapped(&rounds, 18),
            wrapped(&bytes, 18),
            wrapped(&to_be_given(report), 2),
        );
    }
    let Amount { rounds, dealer_bytes, .. } = report.bill.total;
    let most = report.bill.total.most_bytes();
    let mut parts =
        vec![format!("{}{}", bound(report), plural(rounds.into(), "round")), format!("{} a player", bytes(most))];
    if report.sharing == Sharing::Additive {
        parts.push(format!("{} from the dealer", bytes(dealer_bytes)));
    }
    let mut out = format!("  {}", parts.join("   "));
    if let Some(time) = report.seconds(rounds, most) {
        let latency = report.latency.map(|latency| format!("{} a round", seconds(latency.0)));
        let rate = report.bandwidth.map(rate);
        let at: Vec<String> = latency.into_iter().chain(rate).collect();
        let _ = write!(out, "   about {} at {}", seconds(time), at.join(", "));
    }
    out.push('\n');
    out
}

/// How the sizes that have no number get one.
fn to_be_given(report: &Report<'_>) -> String {
    let any = |port: &&mpc_bytecode::Port| port.shape.contains(&mpc_bytecode::Extent::Any);
    let inputs = report.program.ports.iter().filter(any).filter(|port| port.direction == Direction::Input);
    let names = report.open.iter().map(|name| format!("`-D {name}=…`"));
    let files = inputs.map(|port| format!("`--input {}=FILE`", port.declared_name()));
    let all: Vec<String> = names.chain(files).collect();
    format!(
        "Sizes are not known yet: {} makes numbers of these. Formulas hold for sizes of at least 1.",
        all.join(", ")
    )
}

/// Rounds, bytes and share of a row.
fn columns(report: &Report<'_>, row: &Row, numbers: bool) -> [String; 3] {
    if !numbers {
        return [shown(&row.formula.rounds), shown(&row.formula.bytes), String::new()];
    }
    let most = row.amount.most_bytes();
    let all = report.bill.total.most_bytes().max(1);
    let share = format!("{:.1} %", most as f64 * 100.0 / all as f64);
    let mark = if row.exact { "" } else { "≥ " };
    [format!("{mark}{}", grouped(row.amount.rounds.into())), format!("{mark}{}", bytes(most)), share]
}

fn section(
    out: &mut String,
    report: &Report<'_>,
    title: &str,
    rows: &[Row],
    wide: usize,
    name: impl Fn(&Row) -> String,
) {
    let numbers = report.has_numbers();
    let cells: Vec<[String; 3]> = rows.iter().map(|row| columns(report, row, numbers)).collect();
    let rounds = cells.iter().map(|cells| cells[0].chars().count()).max().unwrap_or(0).clamp(8, 24);
    let share = if numbers { 9 } else { 0 };
    let left = WIDTH.saturating_sub(4 + rounds + wide + share + 2);
    let mut line = |name: &str, [a, b, c]: [&str; 3]| {
        let name = shortened(name, left);
        let text = format!("  {name:<left$}  {a:>rounds$}  {b:>wide$}");
        let text = if share == 0 { text } else { format!("{text}{c:>share$}") };
        let _ = writeln!(out, "{}", text.trim_end());
    };
    line("", ["", "", ""]);
    line(title, ["rounds", "bytes", "share"]);
    for (row, cells) in rows.iter().zip(&cells) {
        line(&name(row), [&shortened(&cells[0], rounds), &shortened(&cells[1], wide), &cells[2]]);
    }
}

/// Text in lines of a terminal, the first of which begins at a column.
fn wrapped(text: &str, column: usize) -> String {
    let mut out = String::new();
    let mut used = column;
    for word in text.split(' ') {
        let width = word.chars().count();
        if used > column && used + 1 + width > WIDTH {
            let _ = write!(out, "\n{:column$}", "");
            used = column;
        }
        if used > column {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += width;
    }
    out
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

fn shown(formula: &Option<Expr>) -> String {
    formula.as_ref().map_or_else(|| "no formula".into(), Expr::to_string)
}

fn dealt(report: &Report<'_>) -> String {
    let parts: Vec<String> = report
        .bill
        .total
        .correlated
        .each()
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| plural((*count).into(), name.strip_suffix('s').unwrap_or(name)))
        .collect();
    if parts.is_empty() || !report.has_numbers() {
        return String::new();
    }
    let mut out = String::from("\n  dealt  ");
    let mut used = 9;
    for (at, part) in parts.iter().enumerate() {
        let mut text = if at > 0 { format!(" · {part}") } else { part.clone() };
        if used + text.chars().count() > WIDTH {
            out.push_str("\n         ");
            (used, text) = (9, part.clone());
        }
        used += text.chars().count();
        out.push_str(&text);
    }
    out.push('\n');
    out
}

/// What the figures do not say.
fn notes(report: &Report<'_>, all: bool) -> String {
    let mut out = String::new();
    let mut note = |text: String| {
        let _ = write!(out, "\n  {}\n", wrapped(&text, 2));
    };
    if report.bill.start.most_bytes() > 0 && report.has_numbers() {
        note(format!(
            "{} of this are sent before the first line: the players' seeds.",
            bytes(report.bill.start.most_bytes())
        ));
    }
    if let Some(exception) = &report.raised {
        note(format!("The program ends with {exception}; this is what it costs until then."));
    }
    let most = if all { usize::MAX } else { MOST_NOTES };
    let more = report.bill.unknown.len().saturating_sub(most);
    for unknown in report.bill.unknown.iter().take(most) {
        match unknown {
            Unknown::Size(_) => {}
            Unknown::Raises(place) => note(format!(
                "{} whether this raises is decided as the program runs; the figures are of a run in which it does not.",
                line(report, *place)
            )),
            Unknown::TooMuch => note("A figure is beyond 64 bits; these are bounds from below.".into()),
            Unknown::TooLong => note("A loop is too long to be summed exactly; these are bounds from below.".into()),
            Unknown::Stopped(why, place) => {
                note(format!("{} {why}; what comes after is not counted.", line(report, *place)))
            }
            Unknown::Hidden(hidden) => note(hidden_note(report, hidden)),
        }
    }
    if more > 0 {
        note(format!("… and {} more: `--all` lists them.", grouped(more as u128)));
    }
    if report.bill.unknown.iter().any(|unknown| unknown.place().is_some()) {
        note("`--assume LINE=NUMBER` counts them: turns of a loop, or 1 for what holds or raises and 0 for what does not.".into());
    }
    out
}

fn line(report: &Report<'_>, (file, line): (u32, u32)) -> String {
    match report.program.files.get(file as usize).filter(|_| file > 0) {
        Some(file) => format!("{file}:{line}:"),
        None => format!("line {line}:"),
    }
}

/// What one turn or one arm costs that is counted once or not at all.
fn hidden_note(report: &Report<'_>, hidden: &Hidden) -> String {
    let mut once = Amount::default();
    for item in report.bill.items.iter().filter(|item| item.record.hidden().contains(hidden)) {
        if let Some(amount) = &item.once {
            once += amount;
        }
    }
    let cost = format!("{} and {}", plural(once.rounds.into(), "round"), bytes(once.most_bytes()));
    let numbers = report.has_numbers();
    match hidden {
        Hidden::Turns(place) if !numbers => {
            format!("turns(line {}) is how often that loop runs, which is decided as it does.", place.1)
        }
        Hidden::Holds(place) if !numbers => {
            format!(
                "[line {}] is 1 where the condition there holds, else 0, which is decided as the program runs.",
                place.1
            )
        }
        Hidden::Turns(place) => {
            format!(
                "{} how often this loop runs is decided as it runs: {cost} a turn, counted once.",
                line(report, *place)
            )
        }
        Hidden::Holds(place) => {
            format!("{} whether this holds is decided as it runs: {cost} that are not counted.", line(report, *place))
        }
        Hidden::Number(place, _) => {
            format!(
                "{} a size is decided as the program runs: what depends on it is not counted.",
                line(report, *place)
            )
        }
        Hidden::TooLarge => "A size is beyond 128 bits: what depends on it is not counted.".into(),
    }
}

/// `costs 7 rounds and 2.4 kB a player (additive, 3 players)`.
pub fn line_of_numbers(bill: &Bill, setting: &Setting) -> String {
    let bound = if bill.unknown.is_empty() { "" } else { "at least " };
    let rounds = plural(bill.total.rounds.into(), "round");
    let (most, dealt) = (bytes(bill.total.most_bytes()), bytes(bill.total.dealer_bytes));
    format!("costs {bound}{rounds}, {most} a player, {dealt} from the dealer (additive, {} players)", setting.players)
}

/// The same where sizes are not known.
pub fn line_of_formulas(formula: &Formula, setting: &Setting) -> String {
    let (rounds, bytes) = (shown(&formula.rounds), shown(&formula.bytes));
    let unit = if rounds == "1" { "round" } else { "rounds" };
    format!(
        "costs {rounds} {unit}, {bytes} bytes a player and the headers of frames (additive, {} players)",
        setting.players
    )
}
