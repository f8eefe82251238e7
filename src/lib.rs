//! `ctx`: plans, worktrees, approvals and merges for parallel agents, as programs.
//!
//! The library never prints and never reads the environment; `commands` and the two executables do.
//! Arrows go down only: `bin` → `commands`, `hook` → the rest; `ARCHITECTURE.md` has the map.

pub mod error;
pub mod exec;
pub mod plan;
pub mod world;
