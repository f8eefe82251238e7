//! `ctx` as it is run in real repositories with the real git.

mod bad_input;
mod cleanup;
mod demo;
mod doctor;
mod explain;
mod extract;
mod hooks;
mod kill;
mod landing_edges;
mod layouts;
mod merge;
mod pool;
mod prepare;
mod screens;
mod session_hooks;
mod shapes;
mod status;
mod sync;
mod tables;
mod tasks;
mod undo;
mod worktrees;
