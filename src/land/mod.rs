//! Brings finished branches into the branch they belong on.

mod advance;
mod conflicts;
mod submodules;
mod train;

pub use advance::{advance, is_interrupted, recover};
pub use conflicts::{Conflict, Conflicts};
pub use submodules::{moved_submodules, only_here};
pub use train::{Candidate, Landed, LeftOut, Train, Why};
