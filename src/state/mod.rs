//! Everything that is kept on disk: where it lies, and how it is read and written so that neither a
//! kill nor a second process can spoil it.

mod accepted;
mod approvals;
mod atomic;
mod content;
mod grants;
mod journal;
mod lock;
mod plans;
mod project;
mod settings;
mod tasks;

pub use accepted::{Accepted, Wish};
pub use approvals::{Approval, Approvals};
pub use atomic::{
    append_bounded, copy_file, create_dir_all, create_file, list, move_to, read_optional, remove_file,
    remove_stale, remove_tree, replace, symlink, write_line, write_new, write_new_dir,
};
pub use content::{
    CopyOf, copy_new, merge_into, remove_empty_dir, remove_untouched, write_content, write_link,
};
pub use grants::Grants;
pub use journal::{Event, Journal, Kind};
pub use lock::{Lock, LockFile};
pub use plans::{Active, Created, Location, NewPlan, PlanFolder, PlanStore, Shelf};
pub use project::Project;
pub use settings::{SetUp, Settings};
pub use tasks::{Claim, Claims, Note, Owner, set_status, unknown_task};
