//! Lock files of git whose process is gone: every git that needs them fails until somebody removes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Result;
use crate::state::{self, Project};
use crate::world;

/// A live git holds most locks for a moment. Where the system tells of processes, none may be there either.
const MOMENT: Duration = Duration::from_secs(2);
/// Where it does not, nothing that git does under a lock takes this long.
const LONG: Duration = Duration::from_hours(1);

/// A lock that nobody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleLock {
    /// The file.
    pub path: PathBuf,
    /// How long it has been there.
    pub age: Duration,
}

impl StaleLock {
    /// What was seen.
    pub fn evidence(&self) -> String {
        format!(
            "git's lock `{}` has been there for {} s, and no git runs in this repository",
            self.path.display(),
            self.age.as_secs()
        )
    }

    /// Removes it. No git can have taken it anew meanwhile: it is there.
    pub fn remove(&self) -> Result<()> {
        state::remove_file(&self.path)
    }
}

/// All of them: of the repository, of its refs, of each worktree.
pub fn stale_locks(project: &Project) -> Result<Vec<StaleLock>> {
    let common = &project.common_dir;
    let mut found = Vec::new();
    for git_dir in [common.clone()].into_iter().chain(state::list(&common.join("worktrees"))?) {
        found.extend(locks(&git_dir)?);
        found.extend(locks(&git_dir.join("reftable"))?);
    }
    let mut folders = vec![common.join("refs")];
    while let Some(folder) = folders.pop() {
        found.extend(locks(&folder)?);
        folders.extend(state::list(&folder)?.into_iter().filter(|path| path.is_dir()));
    }
    let age = |path: &Path| world::age(&fs::symlink_metadata(path).ok()?.modified().ok()?);
    let mut stale: Vec<StaleLock> = found
        .into_iter()
        .filter_map(|path| Some(StaleLock { age: age(&path)?, path }))
        .filter(|lock| lock.age >= MOMENT)
        .collect();
    if stale.is_empty() {
        return Ok(stale);
    }
    match world::git_folders() {
        None => stale.retain(|lock| lock.age >= LONG),
        Some(folders) => {
            let mut places = vec![project.home.clone(), common.clone()];
            places.extend(crate::git::list_worktrees(common)?.into_iter().map(|entry| entry.path));
            if folders.iter().any(|folder| places.iter().any(|place| folder.starts_with(place))) {
                stale.clear();
            }
        }
    }
    Ok(stale)
}

fn locks(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_lock = |path: &PathBuf| path.extension().is_some_and(|it| it == "lock") && path.is_file();
    Ok(state::list(folder)?.into_iter().filter(is_lock).collect())
}
