//! `ctx` as it is run in real repositories with the real git.

mod bad_input;
mod cleanup;
mod demo;
mod doctor;
mod extract;
mod hooks;
mod kill;
mod landing_edges;
mod layouts;
mod merge;
mod pool;
mod prepare;
mod ref_formats;
mod session_hooks;
mod shapes;
mod sync;
mod tasks;
mod undo;
mod worktrees;
