//! Says what a player waits for, when it waits long: `waiting for player 0 at train.mpc:22 for 2 s`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::hub::Hub;

/// Where notes to the person at the terminal go: one line each.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// The sink of a process: its standard error.
pub fn stderr() -> Sink {
    Arc::new(|note| eprintln!("{note}"))
}

/// How long a player waits before it says so.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between looks once it has barked, and where there is nothing to bark at.
const NAP: Duration = Duration::from_secs(60);

/// One wait of one thread.
pub(super) struct Watchdog<'a> {
    hub: &'a Hub,
    waits_for: Option<(usize, u32)>,
    /// When it first had to wait: most messages are there already, and cost no look at the clock.
    since: Option<Instant>,
}

impl<'a> Watchdog<'a> {
    /// Watches a wait for a peer at a source line.
    pub fn new(hub: &'a Hub, peer: usize, line: u32) -> Watchdog<'a> {
        Watchdog { hub, waits_for: Some((peer, line)), since: None }
    }

    /// Watches nothing: waiting is what is expected here.
    pub fn asleep(hub: &'a Hub) -> Watchdog<'a> {
        Watchdog { hub, waits_for: None, since: None }
    }

    fn waited(&mut self) -> Duration {
        self.since.get_or_insert_with(Instant::now).elapsed()
    }

    /// How long to sleep before the next look.
    pub fn patience(&mut self) -> Duration {
        if self.waits_for.is_some() { PATIENCE.saturating_sub(self.waited()) } else { NAP }
    }

    /// Says what is waited for, once, when it has been long.
    pub fn look(&mut self) {
        if self.waits_for.is_none() || self.waited() < PATIENCE {
            return;
        }
        if let Some((peer, line)) = self.waits_for.take() {
            let (name, place) = (self.hub.name(peer), self.hub.place(line));
            (self.hub.sink)(&format!("waiting for {name} at {place} for {} s", PATIENCE.as_secs()));
        }
    }
}
