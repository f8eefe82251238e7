//! What an agent owns: its worktree and its branch; and what it may read: the repository.

use std::path::PathBuf;

use crate::plan::{Files, Status};

/// The places that matter for one caller. All paths are real: absolute, without links.
#[derive(Clone, Debug, Default)]
pub struct Territory {
    /// The main checkout.
    pub repository: PathBuf,
    /// The git directory that all worktrees share.
    pub common_dir: PathBuf,
    /// The plugin's own folder, if it is known.
    pub plugin: Option<PathBuf>,
    /// The caller's own worktree; none for who is bound to no task.
    pub own: Option<Own>,
}

/// The worktree of a task and what belongs to it.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Its top level.
    pub root: PathBuf,
    /// The task's id.
    pub task: String,
    /// Its branch.
    pub branch: String,
    /// The branch it lands on.
    pub into: String,
    /// The remote that the plan's branches are pushed to.
    pub remote: String,
    /// Where the task stands: its agent changes nothing before its start and after its end.
    pub status: Status,
    /// Is the task being executed? Only then may the project's own code run.
    pub running: bool,
    /// May the caller edit? A QA agent may not.
    pub editing: bool,
    /// What the task declares.
    pub files: Files,
}
