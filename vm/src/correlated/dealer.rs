//! The dealer: gives a seed to each player, then fulfils the last player's requests until that has finished.
//!
//! A correction leaves in frames as soon as its lot is made. One lot is in work at a time, so the dealer's memory is that of the
//! largest lot, and of what the last player has asked for and not yet received, which that bounds ([`super::source`]).

use super::request::{self, Request};
use super::setup::{Entropy, give_seed};
use super::{Correlation, material};
use crate::algebra::Domain;
use crate::net::{Net, NetError, Operation};
use crate::protocol::Fault;
use crate::random::{Seed, Stream};
use bytes::Bytes;

/// Deals on the preprocessing channel `net` until the last player has finished.
///
/// # Errors
/// The network's; a request that no correct player makes.
pub fn serve<D: Domain>(net: &mut dyn Net, entropy: Entropy) -> Result<(), Fault> {
    let seeds = (0..net.players()).map(|player| give_seed(net, entropy, player)).collect::<Result<Vec<_>, _>>()?;
    let asker = net.players() - 1;
    let mut next = 0;
    loop {
        let bytes = match net.recv(asker, Operation::Request) {
            Ok(bytes) => bytes,
            Err(NetError::Ended { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let wrong = |what: String| Fault::Malformed(format!("{} sent {what}", net.name(asker)));
        let request = Request::decode::<D>(&bytes).map_err(wrong)?;
        // Identifiers only rise: no lot is ever dealt twice.
        let end = request.first.checked_add(request.lots.len() as u64);
        let end = end.filter(|_| request.first >= next);
        next = end.ok_or_else(|| wrong(format!("a request for lot {} after lot {next}", request.first)))?;
        for (id, lot) in (request.first..).zip(&request.lots) {
            deal::<D>(net, &seeds, id, lot)?;
        }
    }
}

fn deal<D: Domain>(net: &mut dyn Net, seeds: &[Seed], id: u64, lot: &Correlation) -> Result<(), Fault> {
    let mut streams: Vec<_> = seeds.iter().map(|seed| Stream::new(seed, id)).collect();
    let mut correction = Bytes::from(material::correction::<D>(lot, &mut streams));
    while !correction.is_empty() {
        let frame = correction.split_to(correction.len().min(request::frame_bytes::<D>()));
        net.send(net.players() - 1, Operation::Correction, frame)?;
    }
    Ok(())
}
