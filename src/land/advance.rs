//! Moves the base branch, once, to a commit that is complete.

use std::path::PathBuf;

use super::interrupted::Move;
use crate::error::{Error, Result};
use crate::git::{self, Branch, GitError, Oid, RefUpdate};
use crate::state::{Lock, Project};

/// Where a branch is checked out.
fn checkout(project: &Project, branch: &Branch) -> Result<Option<PathBuf>> {
    let list = git::list_worktrees(project.git_dir())?;
    Ok(list.into_iter().find(|entry| entry.branch.as_ref() == Some(branch) && !entry.bare).map(|entry| {
        // Git names the git directory where the main checkout lies elsewhere (`--separate-git-dir`).
        if entry.path.join(".git").exists() { entry.path } else { project.home.clone() }
    }))
}

/// Refuses where the branch is checked out and files that git tracks are changed.
pub fn require_clean(project: &Project, branch: &Branch) -> Result<()> {
    let Some(worktree) = checkout(project, branch)? else { return Ok(()) };
    let status = git::status(&worktree)?;
    if status.tracked().next().is_none() {
        return Ok(());
    }
    let files = git::summary(status.tracked());
    Err(Error::refused(format!(
        "`{branch}` is checked out in `{}` with uncommitted changes: {files}",
        worktree.display()
    ))
    .hint("commit them there, or set them aside with `git stash`, then run `ctx merge` again"))
}

/// Moves the branch from `old` to `new`, a descendant, or not at all.
///
/// Where a worktree has it checked out, by a fast-forward there: files and index go along. `update-ref`
/// would leave the index holding the reverse of the merge, which the next commit would record. Git holds
/// `lock` too while it works; `recover` mends what a kill leaves.
pub fn advance(project: &Project, branch: &Branch, old: &Oid, new: &Oid, lock: &Lock) -> Result<()> {
    let moved = || {
        Error::refused(format!("`{branch}` moved while the merge was prepared; nothing was changed"))
            .hint("run `ctx merge` again")
    };
    let Some(worktree) = checkout(project, branch)? else {
        let name = branch.full();
        let update = RefUpdate { name: &name, new: Some(new), old, reason: "ctx merge" };
        return if git::update_ref(project.git_dir(), &update)? { Ok(()) } else { Err(moved()) };
    };
    let begun =
        Move { branch: branch.clone(), worktree: worktree.clone(), old: old.clone(), new: new.clone() };
    begun.begin(project)?;
    let moving = git::merge_ff_only(&worktree, new, lock.file());
    Move::end(project)?;
    match moving {
        Ok(()) => Ok(()),
        Err(GitError::Failed { stderr, .. }) => {
            if project.branch_tip(branch)? != *old {
                return Err(moved());
            }
            Err(Error::refused(format!(
                "git does not move `{branch}` in `{}`; nothing was changed:\n{stderr}",
                worktree.display()
            ))
            .hint("move the files it names out of the way, then run `ctx merge` again"))
        }
        Err(error) => Err(error.into()),
    }
}
