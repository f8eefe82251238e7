//! Worktrees of tasks: which there are, how they are made, how they go.

mod caveats;
mod examine;
mod forward;
mod furnish;
mod half_made;
mod health;
mod in_the_way;
pub mod pool;
mod ports;
mod prepare;
mod recipe;
mod record;
mod remove;
mod resolve;
mod saved;
mod setup;
mod snapshot;
mod space;
mod stale;
mod sync;
mod undo;

pub use examine::{Kept, Removable, Risks};
pub use forward::{Forward, Halt, recover};
pub use health::{Ailment, Complaint, complaints, mend_moved};
pub use ports::PORTS;
pub use prepare::Prepared;
pub use record::{Progress, Record, Records, UnderWay};
pub use remove::{Removal, Removed};
pub use saved::{Content, Holds, Saved, Store, empty_trash};
pub use setup::{Outcome, Setup, Step};
pub use space::{Shortage, shortage};
pub use stale::{StaleLock, stale_locks};
pub use sync::{How, OnConflict, Sync, Synced};
pub use undo::Undo;
