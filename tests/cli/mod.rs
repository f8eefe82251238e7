//! `ctx` as it is run in real repositories with the real git.

mod bad_input;
mod checkout;
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
mod post_checkout;
mod prepare;
mod progress;
mod second_plan;
mod session_hooks;
mod set_up_output;
mod shapes;
mod sync;
mod tasks;
mod undo;
mod worktrees;
