//! `mpcvm dealer`: serves one run.

use super::cluster::Place;
use super::report::Report;
use super::{Failure, MemberArgs, exit, process};
use crate::correlated::dealer;
use crate::machine::greet_players;
use crate::net::Net;
use crate::protocol::Fault;
use std::time::{Duration, Instant};

/// Runs the dealer until all players have finished.
pub fn run(args: &MemberArgs) -> Result<(), Failure> {
    process::settle(args)?;
    let place = Place::find(args, |cluster| {
        let none = || format!("{}: sharing {} has no dealer", cluster.path.display(), cluster.sharing);
        cluster.dealer_index().ok_or_else(|| Failure::new(exit::CONFIG, none()))
    })?;
    let (session, mut ports) = place.join(args, &[])?;
    let start = Instant::now();
    let entropy = args.entropy();
    let net = &mut ports.preprocessing;
    let greeted = greet_players(net, place.cluster.ring).map_err(Fault::from);
    let result = greeted.and_then(|()| match place.cluster.ring {
        128 => dealer::serve::<u128>(net, entropy),
        _ => dealer::serve::<u64>(net, entropy),
    });
    match result {
        Ok(()) => {
            let report = Report::new(
                start.elapsed(),
                Duration::ZERO,
                &ports.online.counters(),
                ports.preprocessing.counters().total(),
            );
            session.finish()?;
            args.report.as_deref().map_or(Ok(()), |path| report.write(path))
        }
        Err(fault) => {
            let failure = Failure::from(fault);
            session.abort(failure.code, &failure.message);
            Err(failure)
        }
    }
}
