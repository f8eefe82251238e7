//! Plans: what they are, how they are read, what is wrong with them, in which order they run.
//!
//! Pure: text and values in, values out. Reads no file, no clock, no environment; `state::plans` does.

mod anatomy;
pub mod decide;
mod declared;
mod details;
mod diagnostic;
pub mod document;
mod fields;
mod front;
mod glob;
pub mod graph;
mod id;
mod index;
mod keys;
pub mod load;
mod markdown;
mod model;
pub mod render;
mod rules;
mod spellings;
mod strangers;
mod surroundings;
pub mod task_file;
mod words;
mod yaml;

pub use decide::{Decision, Mode, Parallelization, decide, decide_left};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use document::{Document, DocumentTask};
pub use glob::{glob_covers, glob_matches};
pub use graph::Waves;
pub use id::{IdError, TaskId};
pub use model::{Files, Plan, Priority, Status, Task};
pub use surroundings::Surroundings;
