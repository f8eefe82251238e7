//! What in a worktree would be overwritten if its files became those of another commit.
//!
//! Git itself overwrites ignored files in most of its commands, and believes what `git update-index` was told not
//! to look at. Here every file is compared by its content, and everything that git does not track counts.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::index::{differing, skipped, staged, submodules_and_files, versions};
use super::{Oid, PathChange, Result};

/// The paths that are in the way, relative to the top level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InTheWay {
    /// Tracked, with changes that are not committed.
    pub edited: Vec<PathBuf>,
    /// Not tracked, ignored or not.
    pub untracked: Vec<PathBuf>,
}

impl InTheWay {
    /// Returns whether nothing is in the way.
    pub fn is_empty(&self) -> bool {
        self.edited.is_empty() && self.untracked.is_empty()
    }
}

/// What is in the way of these changes to the commit that is checked out in `worktree`.
///
/// `passing` are further paths that are written on the way, even if they are gone at the end.
pub fn in_the_way(
    worktree: &Path,
    head: &Oid,
    changes: &[PathChange],
    passing: &[PathBuf],
) -> Result<InTheWay> {
    if changes.is_empty() && passing.is_empty() {
        return Ok(InTheWay::default());
    }
    let staged = staged(worktree, head)?;
    let passed = passed(worktree, head, changes, passing)?;
    let changes = &[changes, &passed].concat()[..];
    let mut edited = edited(worktree, changes, &staged)?;
    let added = changes.iter().filter(|change| change.new.is_some()).map(|change| change.path.as_path());
    let untracked = untracked(worktree, changes, &staged, added.chain(passing.iter().map(PathBuf::as_path)))?;
    edited.sort();
    Ok(InTheWay { edited, untracked })
}

/// Paths of the first commit that are written on the way and are at the end what they were.
fn passed(
    worktree: &Path,
    head: &Oid,
    changes: &[PathChange],
    passing: &[PathBuf],
) -> Result<Vec<PathChange>> {
    let known: HashSet<&Path> = changes.iter().map(|change| change.path.as_path()).collect();
    let others: HashSet<&PathBuf> = passing.iter().filter(|path| !known.contains(path.as_path())).collect();
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let there = versions(worktree, head)?.into_iter().filter(|(path, _)| others.contains(path));
    Ok(there
        .map(|(path, version)| PathChange { path, old: Some(version.clone()), new: Some(version) })
        .collect())
}

/// The tracked files among these whose index or content is not that of the first commit, and staged files where a
/// folder is to be, or the other way round.
fn edited(worktree: &Path, changes: &[PathChange], staged: &HashSet<PathBuf>) -> Result<Vec<PathBuf>> {
    let mut found =
        differing(worktree, changes.iter().filter_map(|change| Some((change, change.old.as_ref()?))))?;
    // What a sparse checkout leaves out is no deletion.
    let absent = |path: &PathBuf| fs::symlink_metadata(worktree.join(path)).is_err();
    if found.iter().any(absent) {
        let skipped = skipped(worktree)?;
        found.retain(|path| !(absent(path) && skipped.contains(path)));
    }
    for path in staged {
        let clashes = |change: &PathChange| {
            *path == change.path
                || (change.new.is_some() && (path.starts_with(&change.path) || change.path.starts_with(path)))
        };
        if changes.iter().any(clashes) {
            found.insert(path.clone());
        }
    }
    Ok(found.into_iter().collect())
}

/// What lies where these paths are to be, and is neither tracked nor staged.
fn untracked<'a>(
    worktree: &Path,
    changes: &[PathChange],
    staged: &HashSet<PathBuf>,
    added: impl Iterator<Item = &'a Path>,
) -> Result<Vec<PathBuf>> {
    let tracked: HashSet<&Path> =
        changes.iter().filter(|change| change.old.is_some()).map(|change| change.path.as_path()).collect();
    let submodules: HashSet<&Path> =
        changes.iter().filter(|change| change.was_submodule()).map(|change| change.path.as_path()).collect();
    let is_known = |path: &Path| tracked.contains(path) || staged.contains(path);
    let (mut found, mut folders, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for path in added {
        let above: Vec<&Path> = path.ancestors().skip(1).filter(|dir| !dir.as_os_str().is_empty()).collect();
        let mut blocked = false;
        for dir in above.into_iter().rev() {
            let Ok(meta) = fs::symlink_metadata(worktree.join(dir)) else { break };
            if !meta.is_dir() || submodules.contains(dir) {
                blocked = true;
                if meta.is_dir() {
                    folders.push(dir.to_owned());
                } else if !is_known(dir) && seen.insert(dir.to_owned()) {
                    found.push(dir.to_owned());
                }
                break;
            }
        }
        let Ok(meta) = fs::symlink_metadata(worktree.join(path)) else { continue };
        if blocked {
            continue;
        }
        if meta.is_dir() {
            let stays = changes.iter().any(|change| change.path == path && change.is_submodule());
            if !stays {
                folders.push(path.to_owned());
            }
        } else if !is_known(path) && !is_other_case(worktree, path, &tracked) && seen.insert(path.to_owned())
        {
            found.push(path.to_owned());
        }
    }
    folders.sort();
    folders.dedup();
    found.extend(inside(worktree, &folders, &submodules)?);
    found.sort();
    found.dedup();
    Ok(found)
}

/// On a disk without regard to case: the file found is the tracked one, which gets another name.
fn is_other_case(worktree: &Path, path: &Path, tracked: &HashSet<&Path>) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    let same = |other: &Path| {
        let (a, b) = (fs::canonicalize(worktree.join(path)), fs::canonicalize(worktree.join(other)));
        matches!((a, b), (Ok(a), Ok(b)) if a == b)
    };
    tracked.iter().any(|other| other.to_string_lossy().to_lowercase() == name && same(other))
}

/// What lies below these folders and git does not track, whatever kind of file it is; a submodule or another
/// repository as a whole.
fn inside(worktree: &Path, folders: &[PathBuf], submodules: &HashSet<&Path>) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in folders {
        let (links, tracked) = submodules_and_files(worktree, folder)?;
        let mut open = vec![folder.clone()];
        while let Some(folder) = open.pop() {
            let Ok(entries) = fs::read_dir(worktree.join(&folder)) else {
                found.push(folder);
                continue;
            };
            let entries: Vec<_> = entries.flatten().collect();
            let is_repository = entries.iter().any(|entry| entry.file_name() == ".git");
            if is_repository || links.contains(&folder) || submodules.contains(folder.as_path()) {
                found.extend((!entries.is_empty()).then_some(folder));
                continue;
            }
            for entry in entries {
                let path = folder.join(entry.file_name());
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    open.push(path);
                } else if !tracked.contains(&path) {
                    found.push(path);
                }
            }
        }
    }
    Ok(found)
}
