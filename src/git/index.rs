//! The index of one worktree, path by path: what a commit changes, what is staged, what a file holds.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Git, GitError, Oid, Result, path_from, records};

/// A file as a commit has it: its mode in octal digits, and its object.
pub type FileVersion = (String, Oid);

/// A path that differs between two commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathChange {
    /// Relative to the top level.
    pub path: PathBuf,
    /// In the first commit; none if it is not there.
    pub old: Option<FileVersion>,
    /// In the second.
    pub new: Option<FileVersion>,
}

/// Every path that differs between two commits, renames as two.
pub fn path_changes(dir: &Path, old: &Oid, new: &Oid) -> Result<Vec<PathChange>> {
    let call = Git::at(dir).args(["diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames"]);
    let bytes = call.args([old.as_str(), new.as_str()]).run()?;
    let mut parts = records(&bytes);
    let mut found = Vec::new();
    // `:100644 100644 <oid> <oid> M` NUL `path` NUL (git-diff-tree(1), raw output).
    while let (Some(head), Some(path)) = (parts.next(), parts.next()) {
        let head = String::from_utf8_lossy(head);
        let fields: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let [old_mode, new_mode, old, new, _] = fields[..] else {
            return Err(GitError::Unreadable("diff-tree --raw"));
        };
        let entry = |mode: &str, oid: &str| {
            let oid = Oid::parse(oid).filter(|_| mode != "000000")?;
            Some((mode.to_owned(), oid))
        };
        found.push(PathChange {
            path: path_from(path),
            old: entry(old_mode, old),
            new: entry(new_mode, new),
        });
    }
    Ok(found)
}

/// Makes these paths of the index what is given; none takes one out. No file is touched.
pub fn set_index<'a>(
    worktree: &Path,
    entries: impl Iterator<Item = (&'a Path, Option<&'a FileVersion>)>,
) -> Result<()> {
    let mut input = Vec::new();
    for (path, entry) in entries {
        let (mode, oid) = entry.map_or(("0", "0".repeat(40)), |(mode, oid)| (mode, oid.to_string()));
        input.extend(format!("{mode} {oid}\t").into_bytes());
        input.extend(path.as_os_str().as_encoded_bytes());
        input.push(0);
    }
    Git::at(worktree).args(["update-index", "-z", "--index-info"]).stdin(input).run().map(drop)
}

/// The paths whose index entry is not that of the commit.
pub fn staged(worktree: &Path, commit: &Oid) -> Result<HashSet<PathBuf>> {
    let call = Git::at(worktree).args(["diff-index", "--cached", "-z", "--name-only", "--no-renames"]);
    Ok(records(&call.arg(commit.as_str()).run()?).map(path_from).collect())
}

/// The paths whose file is not what the index says, by content: `git diff-files` would also name those
/// whose entry was just set and not compared yet.
pub fn unstaged(worktree: &Path) -> Result<HashSet<PathBuf>> {
    let call = Git::at(worktree).args(["diff", "--no-ext-diff", "--no-renames", "--name-only", "-z", "--"]);
    Ok(records(&call.run()?).map(path_from).collect())
}

/// Writes the files of these paths as the index has them, over what is there.
pub fn checkout_index<'a>(worktree: &Path, paths: impl Iterator<Item = &'a Path>) -> Result<()> {
    let input: Vec<u8> =
        paths.flat_map(|path| path.as_os_str().as_encoded_bytes().iter().chain(&[0])).copied().collect();
    let call = Git::at(worktree).args(["checkout-index", "--force", "-u", "-z", "--stdin"]);
    call.stdin(input).run().map(drop)
}

/// A file's bytes as a checkout writes them, filters applied.
pub fn checked_out(worktree: &Path, path: &Path, oid: &Oid) -> Result<Vec<u8>> {
    let mut option = OsStr::new("--path=").to_owned();
    option.push(path);
    Git::at(worktree).args(["cat-file", "--filters"]).arg(option).arg(oid.as_str()).run()
}
