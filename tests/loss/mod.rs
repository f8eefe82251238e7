//! Nothing is lost: random worktrees on every way out, and kills at every step.

mod kills;
mod pool_kills;
mod pool_zero;
mod race;
mod setup_kills;
mod state;
mod zero;
