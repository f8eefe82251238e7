//! `git status --porcelain=v2`: what differs from the last commit in one worktree.

use std::path::{Path, PathBuf};

use super::submodules::stands_at_earlier;
use super::{Git, Result, path_from, records};
use crate::error::printable;

/// How a path differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Git tracks it, and index or file differ from the commit.
    Tracked,
    /// Git does not track and does not ignore it.
    Untracked,
    /// A merge left it in conflict.
    Unmerged,
}

/// The paths of a worktree that differ, relative to its top level, in git's order.
///
/// Paths under `.parallel/` are left out: changes there never count as dirt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status(pub Vec<(Change, PathBuf)>);

impl Status {
    /// Nothing differs.
    pub fn clean(&self) -> bool {
        self.0.is_empty()
    }

    /// Only what git tracks.
    pub fn tracked(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().filter(|(change, _)| *change != Change::Untracked).map(|(_, path)| path.as_path())
    }

    /// At most five paths in backticks, then how many more.
    pub fn summary(&self) -> String {
        summary(self.0.iter().map(|(_, path)| path.as_path()))
    }
}

/// At most five paths in backticks, then how many more.
pub fn summary<'a>(paths: impl Iterator<Item = &'a Path>) -> String {
    let paths: Vec<String> = paths.map(|path| format!("`{}`", printable(&path.to_string_lossy()))).collect();
    match paths.len() {
        0..=5 => paths.join(", "),
        n => format!("{} and {} more", paths[..5].join(", "), n - 5),
    }
}

/// Asks git, without taking its index lock: an agent may be working there.
///
/// A submodule that merely stands at the commit recorded before a merge brought a newer one is no change.
pub fn status(worktree: &Path) -> Result<Status> {
    let (status, _) = read(worktree)?;
    Ok(status)
}

/// The submodules that merely stand at a commit recorded earlier. Who adds everything would take the newer one
/// back.
pub fn stale_submodules(worktree: &Path) -> Result<Vec<PathBuf>> {
    let (_, stale) = read(worktree)?;
    Ok(stale)
}

fn read(worktree: &Path) -> Result<(Status, Vec<PathBuf>)> {
    let bytes = Git::at(worktree)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .args(["status", "--porcelain=v2", "-z", "--untracked-files=normal", "--no-renames"])
        // `submodule.NAME.ignore` must not hide work.
        .arg("--ignore-submodules=none")
        .run()?;
    let (mut all, mut stale) = (Vec::new(), Vec::new());
    for record in records(&bytes) {
        let Some((change, path)) = entry(record) else { continue };
        if path.starts_with(".parallel") {
            continue;
        }
        // Only its commit differs: nothing in it is edited, and nothing of it is staged.
        if record.starts_with(b"1 .M SC.. ") && stands_at_earlier(worktree, &path)? {
            stale.push(path);
        } else {
            all.push((change, path));
        }
    }
    Ok((Status(all), stale))
}

/// `1 XY sub mH mI mW hH hI path`, `u XY sub m1 m2 m3 mW h1 h2 h3 path`, `? path` (git-status(1)).
fn entry(record: &[u8]) -> Option<(Change, PathBuf)> {
    let (change, fields) = match record.first()? {
        b'1' => (Change::Tracked, 8),
        b'u' => (Change::Unmerged, 10),
        b'?' => (Change::Untracked, 1),
        _ => return None,
    };
    let path = record.splitn(fields + 1, |&byte| byte == b' ').nth(fields)?;
    Some((change, path_from(path)))
}
