//! Room for large tensors: a request that the machine can't fill is refused before the system ends the process for it.

use super::Raised;
use super::shape;
use sysinfo::System;

/// Requests below this size, in bytes, are not looked at: asking the system takes longer than they are worth.
const LARGE: u64 = 64 << 20;

/// Bytes that tests may take for one tensor: many run at once, some with sizes that nobody chose.
#[cfg(test)]
const TESTED: u64 = 256 << 20;

/// Refuses a tensor of so many bytes where there is less memory free.
///
/// # Errors
/// `OverflowError`, of this player alone, with what is needed and what there is.
pub(super) fn check(shape: &[usize], bytes: u64) -> Result<(), Raised> {
    if bytes < LARGE {
        return Ok(());
    }
    match free() {
        Some(free) if bytes > free => Err(Raised::memory(format!(
            "a tensor of shape {} takes {} MB; {} MB of memory are free here",
            shape::show(shape),
            bytes >> 20,
            free >> 20
        ))),
        Some(_) | None => Ok(()),
    }
}

/// Bytes that this process can still have, under the limits of its control group, where the system says so.
fn free() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory();
    let group = system.cgroup_limits().map_or(u64::MAX, |limits| limits.free_memory);
    let free = (system.total_memory() > 0).then(|| system.available_memory().min(group));
    #[cfg(test)]
    let free = free.map(|free| free.min(TESTED));
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_both_sizes() {
        let error = check(&[1 << 20, 1 << 10], 8 << 30).unwrap_err();
        assert!(error.message.starts_with("a tensor of shape [1048576, 1024] takes 8192 MB; "), "{}", error.message);
        assert!(!error.alike);
    }

    #[test]
    fn small_tensors_are_not_looked_at() {
        assert!(check(&[4], 32).is_ok());
    }
}
