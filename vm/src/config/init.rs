//! A new cluster: a cluster file for all, and a folder with key and certificate for each.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::{ConfigError, MOST_PLAYERS, Sharing, folder_name};
use crate::identity::{Identity, KEY_FILE, PublicKey};

/// What a new cluster is to be.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The sharing scheme; it says whether there is a dealer.
    pub sharing: Sharing,
    /// Computing players.
    pub players: usize,
    /// Bits of the ring: 64 or 128.
    pub ring: u32,
    /// Hosts by peer index, the dealer's last: `host` or `host:port`. Peers without one are on this machine.
    pub hosts: Vec<String>,
    /// The first port: peer i without a port in `hosts` gets the i-th from here, so that all fit on one machine.
    pub base_port: u16,
}

/// Makes `cluster.toml` in `folder`, and below it `player0` … and `dealer` with `key.pem` and `cert.pem`. Nothing is
/// overwritten: nothing is made if anything of it is there. Returns the cluster file's path.
///
/// # Errors
/// A plan that cannot be, files that are there already, files that cannot be made.
pub fn init(plan: &Plan, folder: &Path) -> Result<PathBuf, ConfigError> {
    let addresses = addresses(plan)?;
    let path = folder.join("cluster.toml");
    let folders: Vec<_> = (0..addresses.len()).map(|peer| folder.join(folder_name(peer, plan.players))).collect();
    let mut made = folders.iter().map(|folder| folder.join(KEY_FILE)).chain([path.clone()]);
    if let Some(there) = made.find(|path| path.exists()) {
        return Err(ConfigError::Exists(there));
    }
    let mut keys = Vec::new();
    for (peer, folder) in folders.iter().enumerate() {
        let identity = Identity::create(&folder_name(peer, plan.players))?;
        identity.write(folder)?;
        keys.push(identity.public());
    }
    let failed = |cause| ConfigError::File { action: "create", path: path.clone(), cause };
    let mut file = fs::File::create_new(&path).map_err(failed)?;
    std::io::Write::write_all(&mut file, text(plan, &addresses, &keys).as_bytes()).map_err(failed)?;
    Ok(path)
}

/// Where each peer receives.
fn addresses(plan: &Plan) -> Result<Vec<String>, ConfigError> {
    let fewest = plan.sharing.fewest_players();
    if !(fewest..=MOST_PLAYERS).contains(&plan.players) {
        let sharing = plan.sharing;
        return Err(ConfigError::Plan(format!("sharing {sharing} needs {fewest} to {MOST_PLAYERS} players")));
    }
    let peers = plan.players + usize::from(plan.sharing.has_dealer());
    if plan.hosts.len() > peers {
        return Err(ConfigError::Plan(format!("{} hosts for {peers} players and dealer", plan.hosts.len())));
    }
    (0..peers).map(|peer| address(plan, peer)).collect()
}

fn address(plan: &Plan, peer: usize) -> Result<String, ConfigError> {
    let host = plan.hosts.get(peer).map_or("127.0.0.1", String::as_str);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port && (host.matches(':').count() == 1 || host.contains("]:")) {
        return Ok(host.to_owned());
    }
    let port = u16::try_from(peer).ok().and_then(|peer| plan.base_port.checked_add(peer));
    let port = port.ok_or_else(|| ConfigError::Plan(format!("no port is left after {}", plan.base_port)))?;
    let bare_v6 = host.contains(':') && !host.starts_with('[');
    Ok(if bare_v6 { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
}

/// The cluster file, with what may be changed in it.
fn text(plan: &Plan, addresses: &[String], keys: &[PublicKey]) -> String {
    let mut text = format!(
        "# Every player has the same copy of this file, and its own folder beside it.\n\
         sharing = \"{}\"\n\
         ring = {}        # bits: 64, or 128 for wider integers and fixed point\n\
         wait = \"60s\"      # how long to wait for players that have not started\n\
         idle = \"10s\"      # how long a player may be silent before it counts as lost\n",
        plan.sharing, plan.ring
    );
    for (peer, (address, key)) in addresses.iter().zip(keys).enumerate() {
        let section = if peer == plan.players { "[dealer]" } else { "[[player]]" };
        let name = folder_name(peer, plan.players);
        // Writing to a string does not fail.
        let _ = write!(text, "\n{section}\nname = \"{name}\"\naddress = {address:?}\nkey = \"{key}\"\n");
    }
    text.push_str("\n# Roles of a program are players 0, 1, … in their order, unless this says otherwise.\n[roles]\n");
    text
}
