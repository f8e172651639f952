//! Where seeds come from, and how they reach those who share them.
//!
//! The dealer makes a seed for each player, and of two players the one with the lower number makes the seed that they share; they are
//! sent over the authenticated, encrypted connection. Nothing else in a computation is drawn from elsewhere.

use crate::net::{Net, Operation};
use crate::protocol::Fault;
use crate::random::Seed;
use bytes::Bytes;

/// The source of seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entropy {
    /// The operating system's generator.
    System,
    /// A number, for runs that can be repeated: anybody can guess every secret.
    InsecureSeed(u64),
}

impl Entropy {
    /// The seed that peers `maker` and `other` will share.
    fn seed(self, maker: usize, other: usize) -> Result<Seed, Fault> {
        match self {
            Entropy::System => Seed::generate().map_err(|error| Fault::Malformed(error.to_string())),
            Entropy::InsecureSeed(number) => {
                let maker = Seed::insecure_from(number).derive_indexed("maker", maker as u64);
                Ok(maker.derive_indexed("other", other as u64))
            }
        }
    }
}

/// Makes a seed and sends it to a peer.
///
/// # Errors
/// The operating system's or the network's.
pub fn give_seed(net: &mut dyn Net, entropy: Entropy, to: usize) -> Result<Seed, Fault> {
    let seed = entropy.seed(net.me(), to)?;
    net.send(to, Operation::Seed, Bytes::copy_from_slice(seed.expose_bytes()))?;
    Ok(seed)
}

/// Receives the seed that a peer made.
///
/// # Errors
/// The network's, and a message that is no seed.
pub fn take_seed(net: &mut dyn Net, from: usize) -> Result<Seed, Fault> {
    let bytes = net.recv(from, Operation::Seed)?;
    let seed = <[u8; Seed::BYTES]>::try_from(&*bytes);
    let seed =
        seed.map_err(|_| Fault::Malformed(format!("{} sent a seed of {} bytes", net.name(from), bytes.len())))?;
    Ok(Seed::from_bytes(seed))
}

/// A seed in common with every other player, by its number; the own entry is none.
///
/// # Errors
/// The operating system's or the network's, and a message that is no seed.
pub fn pairwise_seeds(net: &mut dyn Net, entropy: Entropy) -> Result<Vec<Option<Seed>>, Fault> {
    let me = net.me();
    let mut seeds: Vec<Option<Seed>> = vec![None; net.players()];
    for (peer, seed) in seeds.iter_mut().enumerate().skip(me + 1) {
        *seed = Some(give_seed(net, entropy, peer)?);
    }
    for (peer, seed) in seeds.iter_mut().enumerate().take(me) {
        *seed = Some(take_seed(net, peer)?);
    }
    Ok(seeds)
}
