//! Ports for the servers of each worktree: a range that no other worktree has, registered in its record.

use std::collections::HashSet;

use crate::world;

/// Ports of one worktree.
pub const PORTS: u16 = 10;

/// Below the range from which Linux and the others take ports for outgoing connections.
const FIRST: u16 = 20_000;
const END: u16 = 32_000;

/// The first port of a range that is not taken and in which nobody listens at this moment. The caller holds
/// the lock under which ranges are registered.
pub(super) fn free(taken: &HashSet<u16>) -> Option<u16> {
    let ranges = (FIRST..END).step_by(usize::from(PORTS)).filter(|first| !taken.contains(first));
    ranges.into_iter().find(|first| (*first..first + PORTS).all(world::port_is_free))
}
