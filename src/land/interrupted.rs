//! A fast-forward of a checked-out branch that was killed halfway: some files new, some old, git's index
//! locked. Goes back to what was there before, so that the merge can be made again.
//!
//! What is to be done is noted before git is asked. Only paths that the merge changes are touched, and
//! only where they hold the old version, the new one, or a beginning of the new one; anything else is
//! somebody's work, and is named.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::git::{self, Branch, Git, Oid, PathChange};
use crate::state::{self, Project};

/// A branch that is about to move where it is checked out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Move {
    /// The branch.
    pub(super) branch: Branch,
    /// Where it is checked out.
    pub(super) worktree: PathBuf,
    /// Where it was.
    pub(super) old: Oid,
    /// Where it goes.
    pub(super) new: Oid,
}

/// A live git holds its locks for a moment; one that is still there afterwards has no owner any more.
const PATIENCE: Duration = Duration::from_secs(1);

fn note(project: &Project) -> PathBuf {
    project.ctx_dir().join("landing.json")
}

impl Move {
    /// Notes it.
    pub(super) fn begin(&self, project: &Project) -> Result<()> {
        let path = note(project);
        let json = serde_json::to_vec(self).map_err(|error| Error::io("write", &path, &error.into()))?;
        state::replace(&path, &json)
    }

    /// It is complete, or git refused it and nothing was touched.
    pub(super) fn end(project: &Project) -> Result<()> {
        state::remove_file(&note(project))
    }
}

/// Was a move killed halfway, or is one under way?
pub fn is_interrupted(project: &Project) -> bool {
    note(project).exists()
}

/// Undoes a move that was killed halfway, if there is one. The caller holds the lock that the killed
/// git held, too: nobody works on it any more.
pub fn recover(project: &Project) -> Result<()> {
    let Some(text) = state::read_optional(&note(project))? else { return Ok(()) };
    // Half a note means that git had not been asked yet.
    let Ok(begun) = serde_json::from_str::<Move>(&text) else { return Move::end(project) };
    if begun.worktree.exists() {
        remove_locks(project, &begun)?;
        if project.branch_tip(&begun.branch)? == begun.old {
            go_back(&begun)?;
        }
    }
    Move::end(project)
}

fn remove_locks(project: &Project, begun: &Move) -> Result<()> {
    let dir = Git::at(&begun.worktree).args(["rev-parse", "--absolute-git-dir"]).line()?;
    let mut files = git::worktree_locks(Path::new(&dir));
    files.extend(git::branch_locks(&project.common_dir, &begun.branch));
    files.iter().try_for_each(|file| state::remove_stale(file, PATIENCE))
}

fn go_back(begun: &Move) -> Result<()> {
    let dir = &begun.worktree;
    let changes = git::path_changes(dir, &begun.old, &begun.new)?;
    let (not_old, not_new) = (git::staged(dir, &begun.old)?, git::staged(dir, &begun.new)?);
    refuse(
        begun,
        changes.iter().filter(|change| not_old.contains(&change.path) && not_new.contains(&change.path)),
    )?;
    git::set_index(dir, changes.iter().map(|change| (change.path.as_path(), change.new.as_ref())))?;
    let not_new = git::unstaged(dir)?;
    git::set_index(dir, changes.iter().map(|change| (change.path.as_path(), change.old.as_ref())))?;
    let not_old = git::unstaged(dir)?;
    let mut foreign = Vec::new();
    for change in &changes {
        let is = |entry: bool, differs: bool| if entry { !differs } else { !exists(&dir.join(&change.path)) };
        let old = is(change.old.is_some(), not_old.contains(&change.path));
        let new = is(change.new.is_some(), not_new.contains(&change.path));
        if !old && !new && !begins_as_new(dir, change)? {
            foreign.push(change);
        }
    }
    refuse(begun, foreign.into_iter())?;
    for change in changes.iter().filter(|change| change.old.is_none()) {
        state::remove_file(&dir.join(&change.path))?;
    }
    git::checkout_index(
        dir,
        changes.iter().filter(|change| change.old.is_some()).map(|change| change.path.as_path()),
    )?;
    Ok(())
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Git was killed while it wrote this file: it is absent, or holds the beginning of the new version.
fn begins_as_new(dir: &Path, change: &PathChange) -> Result<bool> {
    let path = dir.join(&change.path);
    if !exists(&path) {
        return Ok(true);
    }
    match (&change.new, std::fs::read(&path)) {
        (Some((_, oid)), Ok(bytes)) => Ok(git::checked_out(dir, &change.path, oid)?.starts_with(&bytes)),
        _ => Ok(false),
    }
}

fn refuse<'a>(begun: &Move, changes: impl Iterator<Item = &'a PathChange>) -> Result<()> {
    let paths: Vec<&Path> = changes.map(|change| change.path.as_path()).collect();
    if paths.is_empty() {
        return Ok(());
    }
    Err(Error::refused(format!(
        "a merge into `{}` was interrupted, and files that it changes were edited since: {}",
        begun.branch,
        git::summary(paths.into_iter())
    ))
    .hint(format!("set these changes aside in `{}`, then run `ctx merge` again", begun.worktree.display())))
}
