//! Everything that is kept on disk: where it lies, and how it is read and written so that neither a
//! kill nor a second process can spoil it.

mod accepted;
mod approvals;
mod atomic;
mod client_file;
mod client_plugin;
mod content;
mod environment;
mod grants;
mod journal;
mod lock;
mod plan_lookup;
mod plans;
mod project;
mod settings;
mod settings_fault;
mod tasks;

pub use accepted::{Accepted, Wish};
pub use approvals::{Approval, Approvals};
pub use atomic::{
    append_bounded, copy_file, create_dir_all, create_file, list, move_to, read_optional, remove_file,
    remove_leftovers, remove_stale, remove_tree, replace, symlink, write_line, write_new, write_new_dir,
};
pub(crate) use client_file::{is_file_name, read_json, to_json};
pub use client_plugin::{ClientPlugin, ClientPlugins, breaks_path};
pub use content::{
    CopyOf, copy_new, merge_into, remove_empty_dir, remove_untouched, write_content, write_link,
};
pub use environment::{
    BroughtEnv, LOCAL_SETTINGS, SHARED_SETTINGS, is_brought, read_settings, unaccepted_env,
};
pub use grants::Grants;
pub use journal::{Event, Journal, Kind};
pub use lock::{Lock, LockFile};
pub use plans::{Active, Created, Location, NewPlan, PlanFolder, PlanStore, Shelf};
pub use project::Project;
pub use settings::{SetUp, Settings};
pub use settings_fault::setting_meant;
pub use tasks::{Claim, Claims, Note, Owner, set_status, unknown_task};
