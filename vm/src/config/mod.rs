//! The cluster file: who takes part, where, with which key, and under which sharing scheme. All players have the same.

mod init;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use crate::identity::PublicKey;
use crate::net::quic::Peer;

pub use init::{Plan, init};

/// The variable that names the cluster file.
pub const VARIABLE: &str = "MPC_CONFIG";

/// Where the cluster file is looked for when nobody says.
pub const PLACES: [&str; 2] = ["cluster.toml", "cluster/cluster.toml"];

/// The most computing players of a cluster.
pub const MOST_PLAYERS: usize = 64;

/// What is wrong with a cluster file, or with how it is used. Every text names the file and the key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No cluster file anywhere.
    #[error("no cluster file: give --config FILE, set {VARIABLE}, or make one with `mpcvm init` (looked for {})", PLACES.join(" and "))]
    Missing,
    /// A file that cannot be read or written.
    #[error("cannot {action} {}: {cause}", path.display())]
    File {
        /// `read`, `create`, …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A cluster file that says something wrong.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the key.
        problem: String,
    },
    /// A plan for a new cluster that cannot be.
    #[error("{0}")]
    Plan(String),
    /// A file of a new cluster that is there already.
    #[error("{} exists and is not overwritten: remove it, or choose another folder", .0.display())]
    Exists(PathBuf),
    /// An identity that cannot be made.
    #[error(transparent)]
    Identity(#[from] crate::identity::IdentityError),
}

/// The sharing schemes a cluster file can choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sharing {
    /// Nothing is shared: every value in the clear, for tests.
    Plain,
    /// Additive shares with a dealer: any n − 1 players learn nothing, as long as the dealer is not one with them.
    Additive,
}

impl Sharing {
    /// The scheme of a name.
    ///
    /// # Errors
    /// Another name, with those there are.
    pub fn parse(name: &str) -> Result<Sharing, String> {
        let known = || Sharing::ALL.map(Sharing::name).join(", ");
        let found = Sharing::ALL.into_iter().find(|sharing| sharing.name() == name);
        found.ok_or_else(|| format!("there is no such scheme; the schemes are {}", known()))
    }

    /// Every scheme.
    pub const ALL: [Sharing; 2] = [Sharing::Plain, Sharing::Additive];

    /// Its name in a cluster file.
    pub fn name(self) -> &'static str {
        match self {
            Sharing::Plain => "plain",
            Sharing::Additive => "additive",
        }
    }

    /// Whether a dealer takes part.
    pub fn has_dealer(self) -> bool {
        match self {
            Sharing::Plain => false,
            Sharing::Additive => true,
        }
    }

    /// The fewest computing players.
    pub fn fewest_players(self) -> usize {
        match self {
            Sharing::Plain => 1,
            Sharing::Additive => 2,
        }
    }
}

impl fmt::Display for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A member as the file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// A name for people; `player0` if the file gives none.
    pub name: Option<String>,
    /// `host:port`; the host may be a name.
    pub address: String,
    /// Its public key.
    #[serde(deserialize_with = "key")]
    pub key: PublicKey,
}

/// A cluster file that has been checked.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Where it was read from.
    pub path: PathBuf,
    /// The sharing scheme.
    pub sharing: Sharing,
    /// Bits of the ring: 64 or 128.
    pub ring: u32,
    /// How long to wait for missing peers.
    pub wait: Duration,
    /// How long a peer may be silent.
    pub idle: Duration,
    /// The computing players, by index.
    pub players: Vec<Member>,
    /// The dealer, where the scheme has one.
    pub dealer: Option<Member>,
    /// Which player a role of the program is, or which players a family of roles are, where the file says.
    pub roles: BTreeMap<String, Vec<usize>>,
    /// The disclosures that were approved: a hash, or a file beside this one.
    approve: Option<String>,
}

/// The file, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sharing: Sharing,
    #[serde(default = "default_ring")]
    ring: u32,
    #[serde(default = "default_wait", deserialize_with = "duration")]
    wait: Duration,
    #[serde(default = "default_idle", deserialize_with = "duration")]
    idle: Duration,
    #[serde(default)]
    player: Vec<Member>,
    dealer: Option<Member>,
    #[serde(default)]
    roles: BTreeMap<String, Cast>,
    approve: Option<String>,
}

/// Who plays a role: `alice = 0`, or of a family `participant = [0, 1, 2]`.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a player's number, or a list of them for a family of roles")]
enum Cast {
    One(usize),
    Family(Vec<usize>),
}

impl From<Cast> for Vec<usize> {
    fn from(cast: Cast) -> Self {
        match cast {
            Cast::One(player) => vec![player],
            Cast::Family(players) => players,
        }
    }
}

fn default_ring() -> u32 {
    64
}

fn default_wait() -> Duration {
    Duration::from_secs(60)
}

fn default_idle() -> Duration {
    Duration::from_secs(10)
}

fn key<'de, D: Deserializer<'de>>(input: D) -> Result<PublicKey, D::Error> {
    String::deserialize(input)?.parse().map_err(de::Error::custom)
}

fn duration<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    parse_duration(&String::deserialize(input)?).map_err(de::Error::custom)
}

/// A time such as `500ms`, `10s` or `2m`.
///
/// # Errors
/// Any other text, with what would be right.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time: write `500ms`, `10s` or `2m`");
    let unit = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let number: u64 = text[..unit].parse().map_err(|_| wrong())?;
    match &text[unit..] {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
    .ok_or_else(wrong)
}

/// Which cluster file to use: the one given, else the one in [`VARIABLE`], else the first that exists of [`PLACES`]
/// below `here`.
///
/// # Errors
/// [`ConfigError::Missing`].
pub fn find(given: Option<&Path>, variable: Option<&Path>, here: &Path) -> Result<PathBuf, ConfigError> {
    let named = given.or(variable).map(Path::to_owned);
    let usual = || PLACES.into_iter().map(|place| here.join(place)).find(|path| path.is_file());
    named.or_else(usual).ok_or(ConfigError::Missing)
}

impl Cluster {
    /// Reads and checks a cluster file.
    ///
    /// # Errors
    /// What cannot be read; unknown keys, values out of range, too few players for the scheme, a key or an address that
    /// stands twice.
    pub fn load(path: &Path) -> Result<Cluster, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::File {
            action: "read",
            path: path.to_owned(),
            cause,
        })?;
        Cluster::parse(path, &text)
    }

    /// Checks the text of a cluster file; `path` is for messages and for [`Cluster::identity_folder`].
    ///
    /// # Errors
    /// Those of [`Cluster::load`].
    pub fn parse(path: &Path, text: &str) -> Result<Cluster, ConfigError> {
        let content = |problem: String| ConfigError::Content { path: path.to_owned(), problem };
        let file: File = toml::from_str(text).map_err(|e| content(e.to_string().trim_end().to_owned()))?;
        check(&file).map_err(content)?;
        let File { sharing, ring, wait, idle, player: players, dealer, roles, approve } = file;
        let dealer = dealer.filter(|_| sharing.has_dealer());
        let roles: BTreeMap<String, Vec<usize>> = roles.into_iter().map(|(role, cast)| (role, cast.into())).collect();
        check_roles(&roles, players.len()).map_err(content)?;
        Ok(Cluster { path: path.to_owned(), sharing, ring, wait, idle, players, dealer, roles, approve })
    }

    /// What `--approve` is unless the command line says it: a hash as it stands, a file as a path from here.
    pub fn approval(&self) -> Option<String> {
        let approve = self.approve.as_ref()?;
        let beside = self.path.parent().unwrap_or(Path::new("")).join(approve);
        let is_hash = approve.len() == 64 && approve.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(if is_hash { approve.clone() } else { beside.to_string_lossy().into_owned() })
    }

    /// The dealer's peer index, where there is one.
    pub fn dealer_index(&self) -> Option<usize> {
        self.dealer.as_ref().map(|_| self.players.len())
    }

    /// All members by peer index: the players, then the dealer.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.players.iter().chain(&self.dealer)
    }

    /// Where the identity of a peer is unless it says otherwise: a folder beside the cluster file.
    pub fn identity_folder(&self, peer: usize) -> PathBuf {
        let beside = self.path.parent().unwrap_or(Path::new(""));
        beside.join(folder_name(peer, self.players.len()))
    }

    /// All peers with resolved addresses, by index, for [`crate::net::quic::connect`].
    ///
    /// # Errors
    /// An address that is none, or a host name that nobody knows.
    pub fn resolve(&self) -> Result<Vec<Peer>, ConfigError> {
        self.members().enumerate().map(|(index, member)| self.resolve_member(index, member)).collect()
    }

    fn resolve_member(&self, index: usize, member: &Member) -> Result<Peer, ConfigError> {
        let label = label(index, self.players.len());
        let content = |problem| ConfigError::Content { path: self.path.clone(), problem };
        let address = resolve(&member.address).map_err(|why| content(format!("{label}: address = {why}")))?;
        let name = member.name.clone().filter(|name| *name != folder_name(index, self.players.len()));
        Ok(Peer { name, address, key: member.key })
    }
}

/// The name of a peer's folder, and of the peer if it has no other.
fn folder_name(peer: usize, players: usize) -> String {
    if peer == players { String::from("dealer") } else { format!("player{peer}") }
}

/// How messages about the file name a member.
fn label(peer: usize, players: usize) -> String {
    if peer == players { String::from("[dealer]") } else { format!("[[player]] {peer}") }
}

fn resolve(address: &str) -> Result<SocketAddr, String> {
    let found = address.to_socket_addrs().map_err(|e| format!("\"{address}\" cannot be resolved: {e}"))?;
    // Old addresses first: a host name such as localhost often has a new one on which nobody listens.
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    found.first().copied().ok_or_else(|| format!("\"{address}\" has no address"))
}

/// Everything that a type cannot say.
fn check(file: &File) -> Result<(), String> {
    let players = file.player.len();
    let fewest = file.sharing.fewest_players();
    if !(fewest..=MOST_PLAYERS).contains(&players) {
        let sharing = file.sharing;
        return Err(format!(
            "sharing = \"{sharing}\" needs {fewest} to {MOST_PLAYERS} [[player]], there are {players}"
        ));
    }
    if file.sharing.has_dealer() && file.dealer.is_none() {
        return Err(format!("sharing = \"{}\" needs a [dealer] with address and key", file.sharing));
    }
    if !matches!(file.ring, 64 | 128) {
        return Err(format!("ring = {}: a ring has 64 or 128 bits", file.ring));
    }
    let shortest = Duration::from_millis(200);
    if file.idle < shortest {
        return Err(format!("idle = {:?}: players need at least {shortest:?} to be heard", file.idle));
    }
    check_unique(file)
}

fn check_roles(roles: &BTreeMap<String, Vec<usize>>, players: usize) -> Result<(), String> {
    for (role, cast) in roles {
        if let Some(player) = cast.iter().find(|player| **player >= players) {
            return Err(format!("roles.{role} = {player}: players are 0 to {}", players - 1));
        }
    }
    Ok(())
}

/// A key or an address that stands twice would make two members one.
fn check_unique(file: &File) -> Result<(), String> {
    let (mut keys, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    for (index, member) in file.player.iter().chain(&file.dealer).enumerate() {
        let label = label(index, file.player.len());
        if !keys.insert(member.key.to_string()) {
            return Err(format!("{label}: key = \"{}…\" stands twice", member.key.short()));
        }
        if !addresses.insert(&member.address) {
            return Err(format!("{label}: address = \"{}\" stands twice", member.address));
        }
        if !member.address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        {
            return Err(format!("{label}: address = \"{}\": write host:port", member.address));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
