//! `ctx pool` as types.

use clap::{Args, Subcommand};

use super::Json;

/// `ctx pool`.
#[derive(Debug, Subcommand)]
pub enum Pool {
    /// Make slots until there are COUNT, at the base branch and with their set-up done
    Init {
        /// How many in all; `worktrees.pool` of the settings if not given
        count: Option<usize>,
        /// Allow more than 64 slots
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Lease a slot to a task, on the task's branch; prints `slot|path|branch`
    Acquire {
        /// The task
        task: String,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Take back a slot whose work is merged, or saved
    Release(Release),
    /// Show every slot and who has it
    Status(Json),
    /// `ctx merge` of the completed tasks that have a slot
    Merge {
        /// Merge into this branch instead of the plan's base
        branch: Option<String>,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Take back every slot whose work is merged and clean
    Cleanup {
        /// Say which, and change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Remove the slots that nobody has, and make new ones
    Reset {
        /// How many in all; as many as there are if not given
        count: Option<usize>,
        /// Allow more than 64 slots
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Show what is wrong with the slots, and how to fix it
    Health(Json),
}

/// `ctx pool release`.
#[derive(Args, Debug)]
pub struct Release {
    /// The slot's name or number, its path, or its task
    pub slot: String,
    /// Release it even if its branch is not merged or its task not completed; saved for `ctx undo`
    #[arg(long)]
    pub include_unmerged: bool,
    /// Release it even with uncommitted files; saved for `ctx undo`
    #[arg(long)]
    pub include_dirty: bool,
    /// Delete the branch at the remote, too
    #[arg(long)]
    pub remote: bool,
    /// For programs.
    #[command(flatten)]
    pub json: Json,
}
