//! Worktrees of tasks: which there are, how they are made, how they go.

mod again;
mod around;
mod caveats;
mod checkout;
mod copies;
mod examine;
mod furnish;
mod half_made;
mod health;
mod hook;
mod in_the_way;
mod leftovers;
mod moved;
mod names;
pub mod pool;
mod ports;
mod prepare;
mod recipe;
mod record;
mod refresh;
mod remove;
mod saved;
mod setup;
mod snapshot;
mod space;
mod stale;
mod steps;
mod sync;
mod undo;

pub use examine::{Kept, Removable, Risks};
pub use health::{Ailment, Complaint, Stray, complaints, mend_moved, strays};
pub use leftovers::{Moved, task_status};
pub use ports::PORTS;
pub use prepare::Prepared;
pub use record::{Failure, Progress, Record, Records, UnderWay};

pub use refresh::refresh;
pub use remove::{Removal, Removed};
pub use saved::{Content, Holds, Saved, Store, empty_trash};
pub use setup::{Outcome, SetUpRun, Setup};
pub use space::{Shortage, shortage};
pub use stale::{StaleLock, stale_locks};
pub use steps::Steps;
pub use sync::{How, Sync, Synced};
pub use undo::Undo;
