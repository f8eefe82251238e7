//! What several tests share: repositories to work on, and ways to look at what a command left.

pub mod repo;
