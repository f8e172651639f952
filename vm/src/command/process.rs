//! A process that another one started: its core, its parent.

use super::{Failure, MemberArgs, exit};
use std::path::PathBuf;
use std::time::Duration;

/// How often a process looks whether its parent is still there.
const LOOK: Duration = Duration::from_millis(100);

/// Does what the options say before any other thread is started: threads inherit the core.
pub fn settle(args: &MemberArgs) -> Result<(), Failure> {
    if let Some(core) = args.core
        && !core_affinity::set_for_current(core_affinity::CoreId { id: core })
    {
        return Err(Failure::new(exit::USAGE, format!("this process cannot be bound to core {core}")));
    }
    match args.parent {
        Some(parent) => follow(parent, args.remove.clone()),
        None => Ok(()),
    }
}

/// Ends this process when its parent has ended: a run that was interrupted leaves no players behind, and no keys.
fn follow(parent: u32, folder: Option<PathBuf>) -> Result<(), Failure> {
    let watch = move || {
        while std::os::unix::process::parent_id() == parent {
            std::thread::sleep(LOOK);
        }
        // Others remove it, too, and nobody is left who could be told.
        let _ = folder.map(std::fs::remove_dir_all);
        std::process::exit(exit::SYSTEM.into());
    };
    let started = std::thread::Builder::new().name("parent".into()).spawn(watch);
    started.map(|_| ()).map_err(|error| Failure::new(exit::SYSTEM, format!("cannot start a thread: {error}")))
}
