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
mod plans;
mod pool;
mod prepare;
mod session_hooks;
mod shapes;
mod sync;
mod tasks;
mod turns;
mod undo;
mod worktrees;
