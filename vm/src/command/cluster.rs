//! `mpcvm init`, and how a member finds its cluster.

use super::{Failure, InitArgs, MemberArgs, exit};
use crate::config::{self, Cluster, Plan, Sharing};
use crate::identity::Identity;
use crate::net::quic::{self, Settings};
use crate::net::{Ports, Session, stderr};
use std::net::UdpSocket;
use std::path::PathBuf;

/// The scheme of a name, for the command line.
pub fn sharing(name: &str) -> Result<Sharing, String> {
    Sharing::parse(name)
}

/// `mpcvm init`: says what was made and who gets what.
pub fn init(args: InitArgs) -> Result<(), Failure> {
    if !matches!(args.ring, 64 | 128) {
        return Err(Failure::new(
            exit::USAGE,
            format!("there is no ring of {} bits; `--ring` takes 64 or 128", args.ring),
        ));
    }
    let InitArgs { players, out, sharing, ring, hosts, base_port } = args;
    let path = config::init(&Plan { sharing, players, ring, hosts, base_port }, &out)?;
    let dealer = if sharing.has_dealer() { " and `dealer`" } else { "" };
    println!("{}: for everybody; set the addresses in it", path.display());
    println!("{}/player0 … player{}{dealer}: a private key each, for that member alone", out.display(), players - 1);
    Ok(())
}

/// A member's place in its cluster.
pub struct Place {
    /// The cluster file.
    pub cluster: Cluster,
    /// The own peer index.
    pub me: usize,
}

impl Place {
    /// Reads the cluster file; `me` picks the member.
    pub fn find(args: &MemberArgs, me: impl FnOnce(&Cluster) -> Result<usize, Failure>) -> Result<Place, Failure> {
        let variable = std::env::var_os(config::VARIABLE).map(PathBuf::from);
        let path = config::find(args.config.as_deref(), variable.as_deref(), ".".as_ref())?;
        let cluster = Cluster::load(&path)?;
        let me = me(&cluster)?;
        Ok(Place { cluster, me })
    }

    /// Joins the others: returns when all are connected and have proved who they are. `roles` are what messages call players that the
    /// cluster file gives no name of their own.
    pub fn join(&self, args: &MemberArgs, roles: &[Option<String>]) -> Result<(Session, Ports), Failure> {
        let folder = args.identity.clone().unwrap_or_else(|| self.cluster.identity_folder(self.me));
        let identity = Identity::load(&folder)?;
        let mut peers = self.cluster.resolve()?;
        for (peer, role) in peers.iter_mut().zip(roles) {
            peer.name = peer.name.take().or_else(|| role.clone());
        }
        let socket = self.socket(args, &peers)?;
        let settings = Settings {
            me: self.me,
            players: self.cluster.players.len(),
            peers,
            identity,
            wait: self.cluster.wait,
            idle: self.cluster.idle,
            sink: stderr(),
        };
        Ok(quic::connect(socket, settings)?)
    }

    fn socket(&self, args: &MemberArgs, peers: &[quic::Peer]) -> Result<UdpSocket, Failure> {
        if args.socket_on_stdin {
            return Ok(quic::inherited()?);
        }
        Ok(quic::bind(peers[self.me].address)?)
    }
}
