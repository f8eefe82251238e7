//! `ctx`: plans, worktrees, approvals and merges for parallel agents, as programs.
//!
//! The library never prints and never reads the environment; `commands` and the two executables do.
//! Arrows go down only: `bin` → `commands`, `hook` → the rest; `ARCHITECTURE.md` has the map.

pub mod approve;
pub mod cli;
pub mod commands;
pub mod error;
pub mod exec;
pub mod git;
pub mod hook;
pub mod land;
pub mod plan;
pub mod run;
pub mod state;
pub mod text;
pub mod transcript;
pub mod ui;
pub mod worktree;
pub mod world;
