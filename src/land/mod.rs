//! Brings finished branches into the branch they belong on.

mod advance;
mod train;

pub use advance::{advance, require_clean};
pub use train::{Candidate, Landed, LeftOut, Train, Why};
