//! `ctx` as it is run in real repositories with the real git.

mod bad_input;
mod cleanup;
mod commit;
mod conflicts;
mod demo;
mod doctor;
mod extract;
mod hooks;
mod in_the_way;
mod kill;
mod landing_edges;
mod layouts;
mod merge;
mod pool;
mod prepare;
mod refused_moves;
mod session_hooks;
mod shapes;
mod submodules;
mod sync;
mod tasks;
mod undo;
mod worktrees;
