//! Brings finished branches into the branch they belong on.

mod advance;
mod interrupted;
mod train;

pub use advance::{advance, require_clean};
pub use interrupted::recover;
pub use train::{Candidate, Landed, LeftOut, Train, Why};
