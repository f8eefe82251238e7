//! Starts the merge of the base branch in a task's worktree and leaves the conflicts there to be resolved.
//!
//! In: a worktree without uncommitted changes. Out: the paths in conflict. A start that was killed is taken back or
//! completed by `forward::recover`.

use std::path::{Path, PathBuf};

use super::Record;
use super::forward::{Forward, Halt};
use crate::error::Result;
use crate::git::{self, Blocked, Conflicted, Oid};
use crate::state::{self, Lock, Project};
use crate::world::kill_point;

/// What became of the start of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Started {
    /// These paths are in conflict, and the worktree holds the conflicts.
    Conflicts(Vec<PathBuf>),
    /// Nothing conflicts by the worktree's own attributes: this is the merged tree, and nothing was touched.
    Clean(Oid),
    /// The worktree is as it was.
    Halted(Halt),
}

/// The commits of both sides.
pub(super) struct Sides<'a> {
    pub(super) ours: &'a Oid,
    pub(super) theirs: &'a Oid,
}

/// Starts it. `note` says so meanwhile.
pub(super) fn start(
    project: &Project,
    record: &Record,
    sides: &Sides<'_>,
    note: &Path,
    lock: &Lock,
) -> Result<Started> {
    let merge = match git::merge_in(&record.path, &record.branch, &record.into)? {
        Ok(tree) => return Ok(Started::Clean(tree)),
        Err(merge) => merge,
    };
    // The merge is of branches, by name: somebody may have moved one since its commit was asked for.
    let is_at = |branch, oid: &Oid| project.branch_tip(branch).map(|tip| tip == *oid);
    if !is_at(&record.branch, sides.ours)? || !is_at(&record.into, sides.theirs)? {
        return Ok(Started::Halted(Halt::Blocked(Blocked::Elsewhere)));
    }
    let forward = Forward {
        branch: record.branch.clone(),
        worktree: record.path.clone(),
        old: sides.ours.clone(),
        new: merge.tree.clone(),
        theirs: Some(sides.theirs.clone()),
        folders: Vec::new(),
        rehearsing: false,
    };
    if let Some(halt) = forward.look()? {
        return Ok(Started::Halted(halt));
    }
    let begun = forward.begin(note)?;
    kill_point("resolve-files");
    if let Err(refusal) = git::check_out_conflicts(&record.path, sides.ours, &merge, lock.file())? {
        begun.take_back(project, note)?;
        let blocked = git::why(&record.path, &record.branch, sides.ours, refusal)?;
        return Ok(Started::Halted(Halt::Blocked(blocked)));
    }
    kill_point("resolve-state");
    write_state(record, sides.theirs)?;
    kill_point("resolve-end");
    state::remove_file(note)?;
    Ok(Started::Conflicts(Conflicted::paths(&merge)))
}

fn write_state(record: &Record, theirs: &Oid) -> Result<()> {
    let message = format!("Merge branch '{}' into {}\n", record.into, record.branch);
    for (path, content) in git::merge_state(&record.path, theirs, &message)? {
        kill_point("resolve-state-midway");
        state::replace(&path, content.as_bytes())?;
    }
    Ok(())
}
