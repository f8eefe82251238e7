//! What a plan's tasks are doing: what is ready, what a status may become.

mod binding;
mod board;
mod message;
mod transition;

pub use binding::{Binding, Bindings, Bound, Role};
pub use board::{Board, Readiness, TaskState, local_branch};
pub use message::is_conventional;
pub use transition::{Verb, next};
