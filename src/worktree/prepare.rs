//! Copies into a new worktree the ignored files that the project needs and git does not bring: `.env`.
//!
//! Chosen by the setting `worktrees.copy` and by the file `.worktreeinclude` (gitignore syntax, read by git
//! itself). Only what git ignores in the worktree too, only regular files and links that stay inside, never
//! through a symbolic link, never over something that is there.

use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};
use crate::git::{Git, path_from, records};
use crate::state::{self, CopyOf};

/// What was copied and what was not, relative to the top level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prepared {
    /// Copied.
    pub copied: Vec<PathBuf>,
    /// Not copied, and why.
    pub skipped: Vec<(PathBuf, &'static str)>,
    /// The commands that ran in it, as a person would type them.
    pub commands: Vec<String>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Copies those of `candidates` that git ignores in the worktree, too. Those that an earlier run copied are
/// there, and count as copied.
pub(super) fn copy_ignored(main: &Path, worktree: &Path, candidates: &[PathBuf]) -> Result<Prepared> {
    let mut prepared = Prepared::default();
    let ignored = ignored_in(worktree, candidates)?;
    let mut folders = Folders { main, worktree, safe: HashSet::new() };
    for path in candidates {
        let verdict = match ignored.contains(path) {
            false => Err("git does not ignore it there"),
            true => copy(main, worktree, path, &mut folders)?,
        };
        match verdict {
            Ok(()) => prepared.copied.push(path.clone()),
            Err(why) => prepared.skipped.push((path.clone(), why)),
        }
    }
    Ok(prepared)
}

fn copy(
    main: &Path,
    worktree: &Path,
    path: &Path,
    folders: &mut Folders<'_>,
) -> Result<Result<(), &'static str>> {
    let (from, to) = (main.join(path), worktree.join(path));
    let what = match fs::symlink_metadata(&from) {
        Ok(meta) if meta.is_file() => CopyOf::File,
        Ok(meta) if meta.is_symlink() => match fs::read_link(&from) {
            Ok(target) if stays_inside(path, &target) => CopyOf::Link(target),
            _ => return Ok(Err("it is a link that leaves the repository")),
        },
        Ok(_) => return Ok(Err("it is not a regular file")),
        // Gone since it was listed.
        Err(_) => return Ok(Err("it is gone")),
    };
    if !folders.safe(path) {
        return Ok(Err("the way to it is through a link that leaves the repository"));
    }
    if fs::symlink_metadata(&to).is_ok() {
        return Ok(if same(&from, &to) { Ok(()) } else { Err("something else is there") });
    }
    state::copy_new(&from, &to, &what)?;
    Ok(Ok(()))
}

/// The folders on the way to a file that are real ones, or links that end inside, on both sides.
struct Folders<'a> {
    main: &'a Path,
    worktree: &'a Path,
    safe: HashSet<PathBuf>,
}

impl Folders<'_> {
    fn safe(&mut self, path: &Path) -> bool {
        let Some(parent) = path.parent() else { return false };
        if self.safe.contains(parent) {
            return true;
        }
        let inside = |top: &Path| {
            let folder = top.join(parent);
            // What is not there yet will be a real folder; what is above it must be inside.
            let there = folder.ancestors().find(|folder| fs::symlink_metadata(folder).is_ok());
            match (there.map(fs::canonicalize), fs::canonicalize(top)) {
                (Some(Ok(real)), Ok(top)) => real.starts_with(top),
                _ => false,
            }
        };
        let safe = inside(self.main) && inside(self.worktree);
        if safe {
            self.safe.insert(parent.to_owned());
        }
        safe
    }
}

/// Does a link at this place, with this target, lead to a place in the same repository?
fn stays_inside(link: &Path, target: &Path) -> bool {
    let mut depth = link.components().count().saturating_sub(1);
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return false,
        }
    }
    true
}

/// Files with the same bytes, or links with the same target.
pub(super) fn same(a: &Path, b: &Path) -> bool {
    let link = |path: &Path| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink());
    match (link(a), link(b)) {
        (false, false) => matches!((fs::read(a), fs::read(b)), (Ok(a), Ok(b)) if a == b),
        (true, true) => matches!((fs::read_link(a), fs::read_link(b)), (Ok(a), Ok(b)) if a == b),
        _ => false,
    }
}

/// Which of these paths git ignores in that worktree: a copy of the others would end up in a commit.
fn ignored_in(worktree: &Path, paths: &[PathBuf]) -> Result<HashSet<PathBuf>> {
    if paths.is_empty() {
        return Ok(HashSet::new());
    }
    // A path beyond a link makes git give up on all of them.
    let below_link = |path: &&PathBuf| {
        let above = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        above
            .map(|folder| worktree.join(folder))
            .any(|folder| fs::symlink_metadata(folder).is_ok_and(|meta| meta.is_symlink()))
    };
    let paths = paths.iter().filter(|path| !below_link(path));
    let input: Vec<u8> =
        paths.flat_map(|path| path.as_os_str().as_encoded_bytes().iter().chain(&[0])).copied().collect();
    let output = Git::at(worktree).args(["check-ignore", "-z", "--stdin"]).stdin(input).output()?;
    match output.code {
        Some(0 | 1) => Ok(records(&output.stdout).map(path_from).collect()),
        _ => Err(Error::environment(format!(
            "`git check-ignore` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_leave_are_told_from_those_that_stay() {
        let stays = |link: &str, target: &str| stays_inside(Path::new(link), Path::new(target));
        assert!(stays("a", "b") && stays("d/a", "../b") && stays("node_modules/.bin/x", "../x/cli.js"));
        assert!(!stays("a", "../b") && !stays("a", "/etc/passwd") && !stays("d/a", "x/../../../b"));
    }
}
