//! Brings finished branches into the branch they belong on.

mod advance;
mod interrupted;
mod train;

pub use advance::{advance, require_clean};
pub use interrupted::{is_interrupted, recover};
pub use train::{Candidate, Landed, LeftOut, Train, Why};
