//! What a plan's tasks are doing: what is ready, what a status may become.

mod board;
mod transition;

pub use board::{Board, Readiness, TaskState};
pub use transition::{Verb, next};
