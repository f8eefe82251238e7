//! What a killed `git worktree add` leaves: an entry under `<git common dir>/worktrees/` that lacks
//! files, or whose worktree does not point back to it.
//!
//! Only entries that carry the lock reason of the record at hand are touched, and only while nobody
//! works on that task (the caller holds its lock). Git writes the reason before anything else.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Record;
use crate::error::{Error, Result};
use crate::git::{self, Branch};
use crate::state::{self, Project};

/// A live git holds a ref's lock for a moment; one that is still there afterwards has no owner any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// A worktree that was being made.
pub(super) struct Begun<'a> {
    pub(super) path: &'a Path,
    /// The reason of git's lock on it.
    pub(super) reason: &'a str,
    pub(super) branch: Option<&'a Branch>,
}

/// As `clear_begun`, for a task's.
pub(super) fn clear(project: &Project, record: &Record) -> Result<()> {
    let reason = &record.lock_reason();
    clear_begun(project, &Begun { path: &record.path, reason, branch: Some(&record.branch) })
}

/// Removes what is incomplete, and lock files that a killed git left in what is complete.
///
/// Before anything else asks git for its worktrees: `git worktree list` fails on an incomplete entry.
pub(super) fn clear_begun(project: &Project, begun: &Begun<'_>) -> Result<()> {
    if let Some(branch) = begun.branch {
        for lock in git::branch_locks(&project.common_dir, branch) {
            state::remove_stale(&lock, PATIENCE)?;
        }
    }
    for entry in state::list(&project.common_dir.join("worktrees"))? {
        let reason = fs::read_to_string(entry.join("locked")).unwrap_or_default();
        if reason.trim_end() != begun.reason {
            if named_after(&entry, begun.path) {
                drop_unstarted(&entry);
            }
            continue;
        }
        if is_complete(&entry, begun.path) {
            remove_locks(&entry)?;
        } else {
            drop_entry(&entry, begun.path)?;
        }
    }
    Ok(())
}

/// Removes the lock files that a killed git left in a worktree's own git directory.
pub(super) fn remove_locks(git_dir: &Path) -> Result<()> {
    git::worktree_locks(git_dir).iter().try_for_each(|lock| state::remove_file(lock))
}

/// A kill before the lock's reason was written leaves an empty folder, or one with an empty lock in it.
/// One with any content is somebody's and stays.
fn drop_unstarted(entry: &Path) {
    let lock = entry.join("locked");
    if fs::metadata(&lock).is_ok_and(|meta| meta.len() == 0)
        && fs::read_dir(entry).is_ok_and(|all| all.count() == 1)
    {
        let _ = state::remove_file(&lock);
    }
    let _ = fs::remove_dir(entry);
}

/// Git calls the entry like the worktree's folder, with a number behind it where that is taken.
fn named_after(entry: &Path, worktree: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    match (name(entry), name(worktree)) {
        (Some(entry), Some(worktree)) => {
            entry.strip_prefix(&worktree).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        }
        _ => false,
    }
}

fn is_complete(entry: &Path, worktree: &Path) -> bool {
    let there = ["gitdir", "commondir", "HEAD"]
        .iter()
        .all(|name| fs::metadata(entry.join(name)).is_ok_and(|meta| meta.is_file() && meta.len() > 0));
    there && git::has_head(entry) && pointed_to(worktree).is_some_and(|target| same_file(&target, entry))
}

/// The entry that a worktree's `.git` file names.
fn pointed_to(worktree: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(worktree.join(".git")).ok()?;
    Some(worktree.join(text.strip_prefix("gitdir: ")?.trim_end_matches('\n')))
}

/// A worktree's own git directory, as its `.git` file names it. `task`: what set-up would make again.
pub(super) fn git_dir(worktree: &Path, task: &str) -> Result<PathBuf> {
    pointed_to(worktree).ok_or_else(|| {
        Error::environment(format!("`{}` is no worktree any more", worktree.display()))
            .hint(format!("run `ctx worktree setup {task}`"))
    })
}

/// Takes git's lock off a worktree that is ready, as `git worktree unlock` does. That one reads every
/// registration on its way and fails when another is being written at this moment.
pub(super) fn unlock(record: &Record) -> Result<()> {
    state::remove_file(&git_dir(&record.path, record.task.as_str())?.join("locked"))
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

fn drop_entry(entry: &Path, worktree: &Path) -> Result<()> {
    let dot_git = worktree.join(".git");
    let ours = pointed_to(worktree).is_some_and(|target| target.file_name() == entry.file_name());
    let cut_short = fs::metadata(&dot_git).is_ok_and(|meta| meta.is_file() && meta.len() == 0);
    if ours || cut_short {
        state::remove_file(&dot_git)?;
    }
    // Succeeds only if nothing is in it.
    let _ = fs::remove_dir(worktree);
    state::remove_tree(entry)
}
