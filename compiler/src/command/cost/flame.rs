//! A flame graph of costs, as an SVG that needs nothing else: the whole program below, on it functions and lines as they call each
//! other, on top what each does. A place is as wide as what it costs.

use super::units::bytes;
use super::{Report, Weight};
use mpc_bytecode::cost::bill::Item;
use mpc_bytecode::predict::Done;
use mpc_bytecode::predict::show::grouped;
use std::fmt::Write as _;

/// Pixels.
const WIDTH: f64 = 1200.0;
const BAR: f64 = 20.0;
const MARGIN: f64 = 12.0;
const TITLE: f64 = 44.0;
/// Pixels of a letter.
const LETTER: f64 = 6.6;

/// A bar with the bars on it.
#[derive(Default)]
struct Bar {
    name: String,
    weight: u64,
    /// What kind of thing it is, for its colour: 0 program, 1 function, 2 line, 3 work.
    level: usize,
    above: Vec<Bar>,
}

impl Bar {
    fn add(&mut self, path: &[(usize, String)], weight: u64) {
        self.weight = self.weight.saturating_add(weight);
        let Some(((level, name), rest)) = path.split_first() else { return };
        let at = self.above.iter().position(|bar| bar.name == *name && bar.level == *level);
        let at = at.unwrap_or_else(|| {
            self.above.push(Bar { name: name.clone(), level: *level, ..Bar::default() });
            self.above.len() - 1
        });
        self.above[at].add(rest, weight);
    }

    fn height(&self) -> usize {
        1 + self.above.iter().map(Bar::height).max().unwrap_or(0)
    }
}

/// The picture.
pub fn graph(report: &Report<'_>, weight: Weight) -> String {
    let name = report.program.files.first().cloned().unwrap_or_default();
    let mut whole = Bar { name: name.clone(), ..Bar::default() };
    let busiest = report.bill.total.busiest();
    for item in &report.bill.items {
        let cost = match weight {
            Weight::Bytes => item.amount.bytes.get(busiest).copied().unwrap_or(0),
            Weight::Rounds => item.amount.rounds,
        };
        if cost > 0 {
            whole.add(&path(report, item), cost);
        }
    }
    let rows = whole.height();
    let height = TITLE + rows as f64 * BAR + MARGIN;
    let (what, all) = match weight {
        Weight::Bytes => ("bytes of the player that sends the most", bytes(whole.weight)),
        Weight::Rounds => ("rounds", grouped(whole.weight.into())),
    };
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fbfaf7\"/>\n\
         <text x=\"{MARGIN}\" y=\"26\" font-size=\"15\" fill=\"#222\">{}: {what}, {all} in all</text>\n",
        escaped(&name)
    );
    let place = Place {
        left: MARGIN,
        width: WIDTH - 2.0 * MARGIN,
        bottom: TITLE + rows as f64 * BAR,
        all: whole.weight.max(1),
        weight,
    };
    draw(&whole, &place, &mut out);
    out.push_str("</svg>\n");
    out
}

/// The functions and lines of a chain, from the outermost, then the work.
fn path(report: &Report<'_>, item: &Item) -> Vec<(usize, String)> {
    let mut path = Vec::new();
    for site in item.record.chain.iter().rev() {
        if !site.function.is_empty() {
            path.push((1, format!("{}()", site.function)));
        }
        let file = report.program.files.get(site.place.0 as usize).filter(|_| site.place.0 > 0);
        let file = file.map_or_else(String::new, |file| format!("{file}:"));
        let text = report.source.line(site.place).unwrap_or_default();
        path.push((2, format!("{file}{}: {text}", site.place.1)));
    }
    if let Done::Call(work) = &item.record.done {
        path.push((3, work.name().to_owned()));
    }
    path
}

/// Where a bar goes.
#[derive(Clone, Copy)]
struct Place {
    left: f64,
    width: f64,
    bottom: f64,
    all: u64,
    weight: Weight,
}

const COLOURS: [&str; 4] = ["#d8d3c8", "#9cc3e6", "#f3c77b", "#e79a86"];

fn draw(bar: &Bar, place: &Place, out: &mut String) {
    let amount = match place.weight {
        Weight::Bytes => bytes(bar.weight),
        Weight::Rounds if bar.weight == 1 => "1 round".into(),
        Weight::Rounds => format!("{} rounds", grouped(bar.weight.into())),
    };
    let share = bar.weight as f64 * 100.0 / place.all as f64;
    let (x, y, width) = (place.left, place.bottom - BAR, place.width);
    let name = escaped(&bar.name);
    let _ = write!(
        out,
        "<g><title>{name}\n{amount}, {share:.1} %</title>\
         <rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{:.2}\" height=\"{:.2}\" rx=\"2\" fill=\"{}\" stroke=\"#fbfaf7\"/>",
        width.max(0.3),
        BAR - 1.0,
        COLOURS[bar.level.min(3)]
    );
    let letters = ((width - 8.0) / LETTER).max(0.0) as usize;
    if letters >= 3 {
        let label = format!("{}  {amount}", bar.name);
        let label = if label.chars().count() <= letters { label } else { bar.name.clone() };
        let short: String = label.chars().take(letters).collect();
        let short = if short.len() < label.len() {
            format!("{}…", short.chars().take(letters - 1).collect::<String>())
        } else {
            short
        };
        let _ =
            write!(out, "<text x=\"{:.2}\" y=\"{:.2}\" fill=\"#222\">{}</text>", x + 4.0, y + 14.0, escaped(&short));
    }
    out.push_str("</g>\n");
    let mut left = place.left;
    for above in &bar.above {
        let width = place.width * above.weight as f64 / bar.weight.max(1) as f64;
        draw(above, &Place { left, width, bottom: y, ..*place }, out);
        left += width;
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
