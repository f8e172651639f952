//! Times, rates and sizes as people write them.

use mpc_bytecode::predict::show::grouped;
use std::str::FromStr;

/// Seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency(pub f64);

/// Bytes a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bandwidth(pub f64);

/// A number and its unit.
fn split(text: &str) -> Option<(f64, String)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    Some((number, text[end..].trim().to_lowercase()))
}

impl FromStr for Latency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no time; write for example `40ms`, `200us` or `0.5s`");
        let (number, unit) = split(text).ok_or_else(wrong)?;
        let scale = match unit.as_str() {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            _ => return Err(wrong()),
        };
        Ok(Latency(number * scale))
    }
}

impl FromStr for Bandwidth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no rate; write for example `100mbit`, `1gbit` or `12.5MB/s`");
        let (number, unit) = split(text).ok_or_else(wrong)?;
        let unit = unit.trim_end_matches("/s").trim_end_matches("ps");
        let bytes = |scale: f64| Bandwidth(number * scale);
        let found = match unit {
            "bit" => bytes(1.0 / 8.0),
            "kbit" => bytes(1e3 / 8.0),
            "mbit" => bytes(1e6 / 8.0),
            "gbit" => bytes(1e9 / 8.0),
            "b" => bytes(1.0),
            "kb" => bytes(1e3),
            "mb" => bytes(1e6),
            "gb" => bytes(1e9),
            _ => return Err(wrong()),
        };
        if found.0 > 0.0 { Ok(found) } else { Err(wrong()) }
    }
}

/// Bytes with a prefix: `1.2 kB`.
pub fn bytes(count: u64) -> String {
    prefixed(count as f64, "B", &["", "k", "M", "G", "T", "P", "E"])
}

/// `1 round`, `2,000 rounds`.
pub fn plural(count: u128, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Seconds with a prefix: `40 ms`, `2.5 h`.
pub fn seconds(time: f64) -> String {
    match time {
        _ if time >= 2.0 * 365.25 * 86400.0 => format!("{:.0} years", time / (365.25 * 86400.0)),
        _ if time >= 2.0 * 86400.0 => format!("{:.0} days", time / 86400.0),
        _ if time >= 3600.0 => format!("{:.1} h", time / 3600.0),
        _ if time >= 60.0 => format!("{:.1} min", time / 60.0),
        _ if time >= 1.0 => format!("{time:.1} s"),
        _ if time >= 1e-3 => format!("{:.0} ms", time * 1e3),
        _ => format!("{:.0} µs", time * 1e6),
    }
}

/// A rate with a prefix: `100 Mbit/s`.
pub fn rate(Bandwidth(bytes): Bandwidth) -> String {
    let text = prefixed(bytes * 8.0, "bit/s", &["", "k", "M", "G", "T"]);
    text.replace(".0 ", " ")
}

fn prefixed(mut value: f64, unit: &str, prefixes: &[&str]) -> String {
    let mut at = 0;
    // What would round up to a thousand has the next prefix.
    while value >= 999.95 && at + 1 < prefixes.len() {
        value /= 1e3;
        at += 1;
    }
    if at == 0 { format!("{value:.0} {unit}") } else { format!("{value:.1} {}{unit}", prefixes[at]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_are_read() {
        assert_eq!("40ms".parse(), Ok(Latency(0.04)));
        assert_eq!("0.5 s".parse(), Ok(Latency(0.5)));
        assert!("40".parse::<Latency>().is_err() && "ms".parse::<Latency>().is_err());
        assert_eq!("100mbit".parse(), Ok(Bandwidth(12.5e6)));
        assert_eq!("1Gbit/s".parse(), Ok(Bandwidth(125e6)));
        assert_eq!("12.5MB/s".parse(), Ok(Bandwidth(12.5e6)));
        assert!("0mbit".parse::<Bandwidth>().is_err() && "fast".parse::<Bandwidth>().is_err());
    }

    #[test]
    fn sizes_have_prefixes() {
        assert_eq!([0, 999, 1000, 999_960, 1_500_000].map(bytes), ["0 B", "999 B", "1.0 kB", "1.0 MB", "1.5 MB"]);
        assert_eq!([2e-5, 0.0405, 1.5, 90.0, 9000.0].map(seconds), ["20 µs", "40 ms", "1.5 s", "1.5 min", "2.5 h"]);
        assert_eq!(rate(Bandwidth(12.5e6)), "100 Mbit/s");
    }
}
