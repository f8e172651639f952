//! Players as a user starts them: processes of their own, on QUIC, with files, mistakes and deaths.

mod approval;
mod arrays;
mod authentication;
mod cluster;
mod commands;
mod inputs;
mod loss;
mod machines;
mod peers;
mod process;

use libtest_mimic::Trial;

/// Every process test.
pub fn trials() -> Vec<Trial> {
    let all = [
        machines::trials(),
        authentication::trials(),
        inputs::trials(),
        peers::trials(),
        approval::trials(),
        loss::trials(),
        commands::trials(),
    ];
    all.into_iter().flatten().collect()
}

/// A trial of a function that panics where something is wrong.
fn trial(subject: &str, name: &str, check: fn()) -> Trial {
    Trial::test(format!("players::{subject}::{name}"), move || {
        check();
        Ok(())
    })
}
