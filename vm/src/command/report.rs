//! What a run took at one player, as JSON.

use super::{Failure, exit};
use crate::config::Sharing;
use crate::net::{Counters, Traffic};
use mpc_bytecode::Program;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// A player's or the dealer's report.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The player's index; absent for the dealer.
    pub player: Option<usize>,
    /// The program's hash; absent for the dealer, which does not know the program.
    pub program_hash: Option<String>,
    /// Seconds from the first byte to the dealer to the last correlation that was ordered ahead.
    pub preprocessing_seconds: f64,
    /// Seconds from then to the program's end.
    pub online_seconds: f64,
    /// Rounds of communication between the players while the program ran.
    pub rounds: u64,
    /// Bytes sent: frames with their headers, on all channels, to all peers.
    pub bytes_sent: u64,
    /// Bytes received, counted alike.
    pub bytes_received: u64,
    /// Of the bytes sent, those that went to other players while the program ran.
    pub online_bytes_sent: u64,
    /// Of the bytes received, those that came from other players while the program ran.
    pub online_bytes_received: u64,
    /// The most memory the process ever had, in bytes; absent where the system does not say.
    pub peak_memory_bytes: Option<u64>,
}

impl Report {
    /// A report of the counters of the online channel and of all channels.
    pub fn new(preprocessing: Duration, online: Duration, counters: &Counters, total: Traffic) -> Self {
        let between = counters.total();
        Report {
            player: None,
            program_hash: None,
            preprocessing_seconds: preprocessing.as_secs_f64(),
            online_seconds: online.as_secs_f64(),
            rounds: counters.rounds,
            bytes_sent: total.sent,
            bytes_received: total.received,
            online_bytes_sent: between.sent,
            online_bytes_received: between.received,
            peak_memory_bytes: peak_memory(),
        }
    }
}

impl Report {
    /// Writes this report.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        store(path, serde_json::to_value(self))
    }

    /// Writes the report of a run with this player alone, as `mpcc run` writes those of several.
    pub fn write_run(&self, path: &Path, program: &Program, sharing: Sharing, ring: u32) -> Result<(), Failure> {
        let run = serde_json::to_value(self).map(|player| {
            serde_json::json!({
                "program_hash": program.hash().to_string(),
                "sharing": sharing.name(),
                "ring": ring,
                "players": [player],
                "dealer": null,
            })
        });
        store(path, run)
    }
}

fn store(path: &Path, value: serde_json::Result<serde_json::Value>) -> Result<(), Failure> {
    let failed = |error: String| Failure::new(exit::SYSTEM, format!("cannot write {}: {error}", path.display()));
    let text = value.map_err(|error| failed(error.to_string()))?;
    std::fs::write(path, format!("{text:#}\n")).map_err(|error| failed(error.to_string()))
}

/// The peak resident memory of this process in bytes, where the system tells it as Linux does.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
