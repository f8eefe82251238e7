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

impl PathChange {
    /// Returns whether it is a submodule's commit in the second commit.
    pub fn is_submodule(&self) -> bool {
        self.new.as_ref().is_some_and(|(mode, _)| mode == GITLINK)
    }

    /// Returns whether it was a submodule's commit in the first commit.
    pub fn was_submodule(&self) -> bool {
        self.old.as_ref().is_some_and(|(mode, _)| mode == GITLINK)
    }
}

/// The mode of a submodule's commit.
pub(super) const GITLINK: &str = "160000";

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

/// Makes these paths of the index what is given; `None` takes one out. No file is touched.
pub fn set_index<'a>(
    worktree: &Path,
    entries: impl Iterator<Item = (&'a Path, Option<&'a FileVersion>)>,
) -> Result<()> {
    let entries: Vec<_> = entries.collect();
    let length = entries.iter().find_map(|(_, entry)| Some(entry.as_ref()?.1.as_str().len())).unwrap_or(40);
    // First what goes, so that a folder can be where a file was.
    let (taken, set): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(_, entry)| entry.is_none());
    let mut input = Vec::new();
    for (path, entry) in taken.into_iter().chain(set) {
        let (mode, oid) = entry.map_or(("0", "0".repeat(length)), |(mode, oid)| (mode, oid.to_string()));
        push_entry(&mut input, &format!("{mode} {oid}"), path);
    }
    index_info(Git::at(worktree), input)
}

/// Puts conflicts into the index: mode, object and stage of each side of each path.
pub(super) fn set_stages(worktree: &Path, stages: &[Stage]) -> Result<()> {
    let mut input = Vec::new();
    for stage in stages {
        push_entry(&mut input, &format!("0 {}", stage.oid.zero()), &stage.path);
    }
    for stage in stages {
        push_entry(&mut input, &format!("{} {} {}", stage.mode, stage.oid, stage.number), &stage.path);
    }
    index_info(Git::at(worktree), input)
}

/// One side of a path in conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// In octal digits.
    pub mode: String,
    /// Its object.
    pub oid: Oid,
    /// 1 is the common ancestor's, 2 ours, 3 theirs.
    pub number: u8,
    /// Relative to the top level.
    pub path: PathBuf,
}

fn push_entry(input: &mut Vec<u8>, head: &str, path: &Path) {
    input.extend(head.as_bytes());
    input.push(b'\t');
    input.extend(path.as_os_str().as_encoded_bytes());
    input.push(0);
}

fn index_info(call: Git, input: Vec<u8>) -> Result<()> {
    call.args(["update-index", "-z", "--index-info"]).stdin(input).run().map(drop)
}

/// The paths whose index entry is not that of the commit.
pub fn staged(worktree: &Path, commit: &Oid) -> Result<HashSet<PathBuf>> {
    let call = Git::at(worktree).args(["diff-index", "--cached", "-z", "--name-only", "--no-renames"]);
    let call = call.args(["--ignore-submodules=none", commit.as_str(), "--"]);
    Ok(records(&call.run()?).map(path_from).collect())
}

/// The paths whose file is not this version of it, by content; an absent one differs. Asked of an index of
/// its own: the worktree's may have been told not to look, or hold what somebody staged. A submodule
/// never differs: where it stands is not in the worktree's files.
pub fn differing<'a>(
    worktree: &Path,
    versions: impl Iterator<Item = (&'a PathChange, &'a FileVersion)>,
) -> Result<HashSet<PathBuf>> {
    let mut input = Vec::new();
    for (change, (mode, oid)) in versions.filter(|(_, (mode, _))| mode != GITLINK) {
        push_entry(&mut input, &format!("{mode} {oid}"), &change.path);
    }
    if input.is_empty() {
        return Ok(HashSet::new());
    }
    let folder = tempfile::tempdir()?;
    let git = || Git::at(worktree).env("GIT_INDEX_FILE", folder.path().join("index"));
    index_info(git(), input)?;
    let call = git().args(["-c", "core.fsmonitor=false", "diff", "--no-ext-diff", "--no-renames"]);
    let bytes = call.args(["--name-only", "--no-relative", "-z", "--"]).run()?;
    Ok(records(&bytes).map(path_from).collect())
}

/// The paths that the index says are not to be looked for: what a sparse checkout leaves out, and what somebody
/// told `git update-index --skip-worktree`.
pub fn skipped(worktree: &Path) -> Result<HashSet<PathBuf>> {
    let bytes = Git::at(worktree).args(["ls-files", "--full-name", "-t", "-z"]).run()?;
    let skipped = records(&bytes).filter(|record| record.first() == Some(&b'S'));
    Ok(skipped.filter_map(|record| record.get(2..).map(path_from)).collect())
}

/// The submodules and the files that the index has below a folder.
pub(super) fn submodules_and_files(
    worktree: &Path,
    folder: &Path,
) -> Result<(HashSet<PathBuf>, HashSet<PathBuf>)> {
    let mut pattern = OsStr::new(":(top,literal)").to_owned();
    pattern.push(folder);
    let call = Git::at(worktree).args(["ls-files", "--stage", "--full-name", "-z", "--"]).arg(pattern);
    let bytes = call.run()?;
    let (links, files): (Vec<_>, Vec<_>) =
        records(&bytes).partition(|record| record.starts_with(GITLINK.as_bytes()));
    let paths = |records: Vec<&[u8]>| {
        let path = |record: &[u8]| record.splitn(2, |&byte| byte == b'\t').nth(1).map(path_from);
        records.into_iter().filter_map(path).collect()
    };
    Ok((paths(links), paths(files)))
}

/// The file or submodule of a commit that this path is, or lies below; `None` if there is none.
pub fn file_at_or_above(dir: &Path, commit: &Oid, path: &Path) -> Result<Option<PathBuf>> {
    let call = Git::at(dir).args(["ls-tree", "-z", "--full-tree", commit.as_str(), "--"]);
    let bytes = call.args(path.ancestors().filter(|path| !path.as_os_str().is_empty())).run()?;
    let mut files = records(&bytes).filter(|record| !record.starts_with(b"040000 "));
    Ok(files.find_map(|record| record.splitn(2, |&byte| byte == b'\t').nth(1).map(path_from)))
}

/// Every file of a commit.
pub(super) fn versions(dir: &Path, commit: &Oid) -> Result<Vec<(PathBuf, FileVersion)>> {
    let bytes = Git::at(dir).args(["ls-tree", "-r", "-z", "--full-tree", commit.as_str()]).run()?;
    // `<mode> <type> <object>` TAB `<path>` (git-ls-tree(1)).
    let version = |record: &[u8]| {
        let at = record.iter().position(|&byte| byte == b'\t')?;
        let head = String::from_utf8_lossy(&record[..at]);
        let mut words = head.split(' ');
        let (mode, oid) = (words.next()?.to_owned(), Oid::parse(words.nth(1)?)?);
        Some((path_from(&record[at + 1..]), (mode, oid)))
    };
    records(&bytes).map(version).collect::<Option<_>>().ok_or(GitError::Unreadable("ls-tree"))
}

/// Marks paths of the index as not to be looked for.
pub fn skip<'a>(worktree: &Path, paths: impl Iterator<Item = &'a Path>) -> Result<()> {
    let input = terminated(paths);
    if input.is_empty() {
        return Ok(());
    }
    let call = Git::at(worktree).args(["update-index", "--skip-worktree", "-z", "--stdin"]);
    call.stdin(input).run().map(drop)
}

fn terminated<'a>(paths: impl Iterator<Item = &'a Path>) -> Vec<u8> {
    paths.flat_map(|path| path.as_os_str().as_encoded_bytes().iter().chain(&[0])).copied().collect()
}

/// Writes the files of these paths as the index has them, over what is there.
pub fn checkout_index<'a>(worktree: &Path, paths: impl Iterator<Item = &'a Path>) -> Result<()> {
    let input = terminated(paths);
    if input.is_empty() {
        return Ok(());
    }
    let call = Git::at(worktree).args(["checkout-index", "--force", "-u", "-z", "--stdin"]);
    call.stdin(input).run().map(drop)
}

/// A file's bytes as a checkout writes them, filters applied.
pub fn checked_out(worktree: &Path, path: &Path, oid: &Oid) -> Result<Vec<u8>> {
    let mut option = OsStr::new("--path=").to_owned();
    option.push(path);
    Git::at(worktree).args(["cat-file", "--filters"]).arg(option).arg(oid.as_str()).run()
}

/// Makes these paths of the index what a commit has of them, conflicts in them included. No file is touched.
pub fn reset_index(worktree: &Path, commit: &Oid, paths: &[PathBuf]) -> Result<()> {
    if paths.is_empty() {
        return Ok(());
    }
    let call = Git::at(worktree).env("GIT_LITERAL_PATHSPECS", "1").args(["reset", "--quiet"]);
    let call = call.args(["--pathspec-from-file=-", "--pathspec-file-nul", commit.as_str()]);
    call.stdin(terminated(paths.iter().map(PathBuf::as_path))).run().map(drop)
}
