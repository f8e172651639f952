//! What the dealer tells the players before it deals: it does not know the program, so it takes no part in their greeting.

use super::super::error::Error;
use super::greeting::VERSION;
use crate::net::{Net, NetError, Operation};
use bytes::Bytes;

/// Tells every player, on the preprocessing channel, the version of the machine and the bits of the ring.
///
/// # Errors
/// The network's.
pub fn greet_players(net: &mut dyn Net, ring: u32) -> Result<(), NetError> {
    let greeting = [&VERSION.to_le_bytes()[..], &ring.to_le_bytes()].concat();
    net.broadcast(Operation::Hello, Bytes::from(greeting))
}

/// Compares what the dealer says with what this player runs.
///
/// # Errors
/// The network's; [`Error::Mismatch`] where the dealer has another version or ring.
pub fn greet_dealer(net: &mut dyn Net, ring: u32) -> Result<(), Error> {
    let Some(dealer) = net.dealer() else { return Ok(()) };
    let greeting = net.recv(dealer, Operation::Hello)?;
    let (version, rest) = greeting.split_first_chunk::<2>().unzip();
    let version = version.map_or(0, |version| u16::from_le_bytes(*version));
    if version != VERSION {
        let message =
            format!("the dealer runs another version of the machine: protocol {version} there, {VERSION} here");
        return Err(Error::Mismatch(message));
    }
    let theirs = rest.and_then(|rest| rest.try_into().ok()).map_or(0, u32::from_le_bytes);
    if theirs != ring {
        let message = format!(
            "the players were started with another ring than the dealer: 2^{ring} here, 2^{theirs} at the dealer"
        );
        return Err(Error::Mismatch(message));
    }
    Ok(())
}
