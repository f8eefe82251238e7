//! `ctx` as it is run in real repositories with the real git.

mod agents_end;
mod agents_start;
mod bad_input;
mod cleanup;
mod demo;
mod doctor;
mod extract;
mod grants;
mod hooks;
mod kill;
mod landing_edges;
mod layouts;
mod merge;
mod own_task;
mod pool;
mod prepare;
mod session_hooks;
mod shapes;
mod sync;
mod tasks;
mod undo;
mod worktrees;
