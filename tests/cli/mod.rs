//! `ctx` as it is run in real repositories with the real git.

mod demo;
mod extract;
mod hooks;
mod kill;
mod merge;
mod tasks;
mod worktrees;
