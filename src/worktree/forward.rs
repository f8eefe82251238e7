//! Moves the branch that a worktree has checked out forward, files and index with it, completely or not at all.
//!
//! Git moves files first and the ref last, so a ref that cannot move leaves the files and the index ahead of it.
//! So everything that can be in the way is looked for first; what is about to happen is noted; and a move that
//! failed or was killed all the same is taken back by that note. Only paths that differ between the two commits
//! are ever touched, and only where they hold the old version, the new one or a beginning of the new one: anything
//! else is somebody's work and is named.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::examine::under_way;
use crate::error::{Error, Result};
use crate::git::{self, Blocked, Branch, InTheWay, Oid, PathChange, Repository};
use crate::state::{self, Lock, Project};
use crate::world::kill_point;

/// A move of a checked-out branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward {
    /// The branch.
    pub branch: Branch,
    /// Where it is checked out.
    pub worktree: PathBuf,
    /// The commit it is at.
    pub old: Oid,
    /// The commit it goes to; for a merge that is left to be resolved, the tree that its files become.
    pub new: Oid,
    /// The commit that is being merged, if the conflicts are left to be resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs: Option<Oid>,
    /// The folders that it makes, found when it begins.
    #[serde(default)]
    pub folders: Vec<PathBuf>,
    /// Only the move of the ref is being tried: no file was touched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rehearsing: bool,
}

/// Why a branch did not move. Everything is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// Somebody has not finished this there.
    UnderWay(&'static str),
    /// Files there would be overwritten.
    InTheWay(InTheWay),
    /// The ref does not move.
    Blocked(Blocked),
}

/// A live git holds its locks for a moment; one that is still there afterwards has no owner any more.
const PATIENCE: Duration = Duration::from_secs(1);

impl Forward {
    /// Makes the move. `note` is the file that says so meanwhile; git holds `lock`, too, while it works.
    pub fn go(&self, project: &Project, note: &Path, lock: &Lock) -> Result<std::result::Result<(), Halt>> {
        if let Some(halt) = self.look()? {
            return Ok(Err(halt));
        }
        // A git that is killed while it tries leaves its locks.
        Self { rehearsing: true, ..self.clone() }.write(note)?;
        kill_point("forward-rehearse");
        if let Some(blocked) = git::why_blocked(&self.worktree, &self.branch, &self.old, &self.new)? {
            state::remove_file(note)?;
            return Ok(Err(Halt::Blocked(blocked)));
        }
        let begun = self.begin(note)?;
        kill_point("forward-move");
        let moved = git::merge_ff_only(&self.worktree, &self.branch, &self.old, &self.new, lock.file())?;
        kill_point("forward-end");
        let Err(refusal) = moved else {
            state::remove_file(note)?;
            return Ok(Ok(()));
        };
        begun.take_back(project, note)?;
        let halt = match self.look()? {
            Some(halt) => halt,
            None => Halt::Blocked(git::why(&self.worktree, &self.branch, &self.old, refusal)?),
        };
        Ok(Err(halt))
    }

    /// What there is in the worktree that forbids the move.
    pub(super) fn look(&self) -> Result<Option<Halt>> {
        let repository = Repository::discover(&self.worktree)?;
        if let Some(Repository { git_dir, .. }) = repository
            && let Some(what) = under_way(&git_dir)?.filter(|what| *what != GIT_COMMAND)
        {
            return Ok(Some(Halt::UnderWay(what)));
        }
        let changes = git::path_changes(&self.worktree, &self.old, &self.new)?;
        let found = git::in_the_way(&self.worktree, &self.old, &changes, &[])?;
        Ok((!found.is_empty()).then_some(Halt::InTheWay(found)))
    }

    /// Notes it.
    pub(super) fn begin(&self, note: &Path) -> Result<Self> {
        kill_point("forward-begin");
        let changes = git::path_changes(&self.worktree, &self.old, &self.new)?;
        let begun = Self { folders: absent_folders(&self.worktree, &changes), ..self.clone() };
        begun.write(note)?;
        Ok(begun)
    }

    fn write(&self, note: &Path) -> Result<()> {
        let json = serde_json::to_vec(self).map_err(|error| Error::io("write", note, &error.into()))?;
        state::replace(note, &json)
    }

    /// Takes back what a git that has ended did of it.
    pub(super) fn take_back(&self, project: &Project, note: &Path) -> Result<()> {
        if project.branch_tip(&self.branch)? == self.old {
            self.go_back()?;
        }
        state::remove_file(note)
    }

    /// Returns whether the merge that was to be left for resolving is there.
    fn is_started(&self) -> Result<bool> {
        Ok(self.theirs.is_some() && git::merge_head(&self.worktree)? == self.theirs)
    }

    fn go_back(&self) -> Result<()> {
        let dir = &self.worktree;
        let changes = git::path_changes(dir, &self.old, &self.new)?;
        let (not_old, not_new) = (git::staged(dir, &self.old)?, git::staged(dir, &self.new)?);
        let conflicts = if self.theirs.is_some() { git::conflicts(dir)? } else { Vec::new() };
        let foreign =
            |path: &PathBuf| not_old.contains(path) && not_new.contains(path) && !conflicts.contains(path);
        self.refuse(changes.iter().map(|change| &change.path).filter(|path| foreign(path)))?;
        let back = self.files_to_restore(&changes)?;
        kill_point("forward-back-remove");
        for change in back.iter().filter(|change| change.old.is_none()) {
            state::remove_file(&dir.join(&change.path))?;
        }
        for folder in &self.folders {
            state::remove_empty_dir(&dir.join(folder));
        }
        // `git checkout-index --force` would remove what lies where a file or the folder above it is to be.
        let restored: Vec<&PathChange> = back.into_iter().filter(|change| change.old.is_some()).collect();
        self.refuse(
            restored.iter().filter_map(|change| blocked_place(dir, &change.path)).collect::<Vec<_>>().iter(),
        )?;
        kill_point("forward-back-index");
        let skipped = git::skipped(dir)?;
        let reset: Vec<&PathChange> =
            changes.iter().filter(|change| not_old.contains(&change.path)).collect();
        if !reset.is_empty() {
            git::set_index(dir, reset.iter().map(|change| (change.path.as_path(), change.old.as_ref())))?;
        }
        git::reset_index(dir, &self.old, &conflicts)?;
        kill_point("forward-back-files");
        git::checkout_index(dir, restored.iter().map(|change| change.path.as_path()))?;
        let kept = |change: &&PathChange| change.old.is_some() && skipped.contains(&change.path);
        git::skip(dir, reset.into_iter().filter(kept).map(|change| change.path.as_path()))?;
        Ok(())
    }

    /// The changed paths whose file is not the old version. Refuses if one holds anything but the new version or
    /// a beginning of it.
    fn files_to_restore<'a>(&self, changes: &'a [PathChange]) -> Result<Vec<&'a PathChange>> {
        let dir = &self.worktree;
        let with = |side: fn(&PathChange) -> Option<&git::FileVersion>| {
            git::differing(dir, changes.iter().filter_map(|change| Some((change, side(change)?))))
        };
        let not_old = with(|change| change.old.as_ref())?;
        let not_new = with(|change| change.new.as_ref())?;
        let skipped = git::skipped(dir)?;
        let (mut back, mut foreign) = (Vec::new(), Vec::new());
        for change in changes {
            let path = dir.join(&change.path);
            let absent = fs::symlink_metadata(&path).is_err();
            // A folder is no file: what is in it has paths of its own.
            let gone = absent || (path.is_dir() && !path.is_symlink());
            let is = |version: bool, differs: bool| if version { !differs } else { gone };
            let left_out = absent && skipped.contains(&change.path);
            if left_out || is(change.old.is_some(), not_old.contains(&change.path)) {
                continue;
            }
            back.push(change);
            if !is(change.new.is_some(), not_new.contains(&change.path)) && !begins_as_new(dir, change)? {
                foreign.push(&change.path);
            }
        }
        self.refuse(foreign.into_iter())?;
        Ok(back)
    }

    fn refuse<'a>(&self, paths: impl Iterator<Item = &'a PathBuf>) -> Result<()> {
        let paths: Vec<&Path> = paths.map(PathBuf::as_path).collect();
        if paths.is_empty() {
            return Ok(());
        }
        let dir = self.worktree.display();
        Err(Error::refused(format!(
            "a merge into `{}` was interrupted, and files that it changes were edited since: {}",
            self.branch,
            git::summary(paths.into_iter())
        ))
        .hint(format!(
            "move copies of these files out of `{dir}`, put them back to the last commit with \
             `git -C '{dir}' restore --staged --worktree FILE`, then run the same command again"
        )))
    }
}

/// What `under_way` says of an index lock.
const GIT_COMMAND: &str = "a git command";

/// Finishes or takes back a move that was killed, if this note says that there is one. The caller holds the lock
/// that the killed git held, too: nobody works on it any more.
pub fn recover(project: &Project, note: &Path) -> Result<()> {
    let Some(text) = state::read_optional(note)? else { return Ok(()) };
    // Half a note means that git had not been asked yet.
    let Ok(mut begun) = serde_json::from_str::<Forward>(&text) else { return state::remove_file(note) };
    if !begun.worktree.exists() {
        // Moved since, along with the repository or by hand.
        let all = git::list_worktrees(project.git_dir())?;
        let has = |entry: &&git::Registration| {
            entry.branch.as_ref() == Some(&begun.branch) && !entry.bare && entry.path.join(".git").exists()
        };
        match all.into_iter().find(|entry| has(&entry)) {
            Some(entry) => begun.worktree = entry.path,
            None => return state::remove_file(note),
        }
    }
    remove_locks(&begun.worktree, &begun.branch)?;
    if begun.rehearsing || begun.is_started()? {
        state::remove_file(note)
    } else {
        begun.take_back(project, note)
    }
}

/// Removes the lock files that a killed git left.
pub(super) fn remove_locks(worktree: &Path, branch: &Branch) -> Result<()> {
    git::locks(worktree, branch)?.iter().try_for_each(|file| state::remove_stale(file, PATIENCE))
}

/// Git was killed while it wrote this file: it is absent, or holds the beginning of the new version.
fn begins_as_new(dir: &Path, change: &PathChange) -> Result<bool> {
    let path = dir.join(&change.path);
    let Ok(meta) = fs::symlink_metadata(&path) else { return Ok(true) };
    match &change.new {
        // The folder of a submodule, or one that holds new files where a file was.
        _ if meta.is_dir() => Ok(true),
        Some((_, oid)) if meta.is_file() => {
            let bytes = fs::read(&path).map_err(|error| Error::io("read", &path, &error))?;
            Ok(git::checked_out(dir, &change.path, oid)?.starts_with(&bytes))
        }
        _ => Ok(false),
    }
}

/// The folders that do not exist and that these changes make, inner ones first.
fn absent_folders(dir: &Path, changes: &[PathChange]) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    for change in changes.iter().filter(|change| change.new.is_some()) {
        // A submodule is a folder itself.
        let folders = change.path.ancestors().skip(usize::from(!change.is_submodule()));
        for folder in folders.filter(|path| !path.as_os_str().is_empty() && path.to_str().is_some()) {
            if found.contains(folder) || fs::symlink_metadata(dir.join(folder)).is_ok() {
                break;
            }
            found.insert(folder.to_owned());
        }
    }
    found.into_iter().rev().collect()
}

/// What lies where this file or a folder above it is to be: a folder with something in it, or a file.
fn blocked_place(dir: &Path, path: &Path) -> Option<PathBuf> {
    let above = path.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty());
    let is_dir = |path: &Path| fs::symlink_metadata(dir.join(path)).ok().map(|meta| meta.is_dir());
    let file = above.filter(|folder| is_dir(folder) == Some(false)).last();
    if is_dir(path) == Some(true) {
        state::remove_empty_dir(&dir.join(path));
    }
    file.or((is_dir(path) == Some(true)).then_some(path)).map(Path::to_owned)
}

impl std::fmt::Display for Halt {
    /// One line: what is in the way.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnderWay(what) => write!(f, "{what} is under way in it"),
            Self::InTheWay(InTheWay { edited, untracked }) => {
                let list = |paths: &[PathBuf]| git::summary(paths.iter().map(PathBuf::as_path));
                let mut parts = Vec::new();
                if !untracked.is_empty() {
                    parts.push(format!("files that git does not track are in the way: {}", list(untracked)));
                }
                if !edited.is_empty() {
                    parts.push(format!("uncommitted changes are in the way: {}", list(edited)));
                }
                f.write_str(&parts.join("; "))
            }
            Self::Blocked(Blocked::Elsewhere) => f.write_str("its branch moved meanwhile"),
            Self::Blocked(Blocked::Lock(lock)) => write!(f, "git's lock `{}` is there", lock.display()),
            Self::Blocked(Blocked::Refused(refusal)) => match &refusal.by {
                git::RefusedBy::Hook(hook) => write!(f, "the hook `{hook}` refused: {}", refusal.said),
                _ => write!(f, "git does not move it: {}", refusal.said),
            },
        }
    }
}
