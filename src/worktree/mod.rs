//! Worktrees of tasks: which there are, how they are made, how they go.

mod half_made;
mod prepare;
mod record;
mod remove;
mod setup;

pub use prepare::Prepared;
pub use record::{Progress, Record, Records};
pub use remove::{Kept, Removable, Removal, Removed, empty_trash};
pub use setup::{Outcome, Setup, Step};
