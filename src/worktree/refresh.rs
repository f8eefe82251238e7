//! Brings a worktree in which nothing was done yet to the base branch, when its task's turn comes.
//!
//! A worktree that was made while an earlier task still changed the same files starts from the old base. Only a clean
//! one without a commit of its own is moved, by a fast-forward; any other is left to `ctx worktree sync`.

use super::{How, OnConflict, Progress, Record, Records, Sync, Synced};
use crate::error::Result;
use crate::git::{self, Oid};
use crate::plan::Status;
use crate::state::{Lock, Project};

/// Moves the worktree to the tip of the branch it lands on, and returns that commit; `None` if it was left as it is.
/// The caller holds the lock `worktrees`.
pub fn refresh(project: &Project, record: &Record, lock: &Lock) -> Result<Option<Oid>> {
    // Before the lock was held, another process may have removed the worktree or given the task a slot.
    if Records::of(project).read(&record.plan, &record.task)?.as_ref() != Some(record) {
        return Ok(None);
    }
    if record.progress != Progress::Ready || record.under_way.is_some() || !record.path.exists() {
        return Ok(None);
    }
    let dir = project.git_dir();
    let (Some(base), Some(tip)) =
        (git::resolve(dir, &record.into.full())?, git::resolve(dir, &record.branch.full())?)
    else {
        return Ok(None);
    };
    if tip == base || !git::is_ancestor(dir, &tip, &base)? {
        return Ok(None);
    }
    // Nothing is handed in here, so nothing is given back.
    let sync = Sync { project, how: How::Merge, lock, give_back: &|_, _| Ok(()) };
    match sync.run(record, Status::Pending, OnConflict::Leave)? {
        Synced::Moved(commit) => Ok(Some(commit)),
        _ => Ok(None),
    }
}
