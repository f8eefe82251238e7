//! Merging without a checkout, and moving a checked-out branch forward.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Git, GitError, Oid, Result, path_from, records};

/// What `git merge-tree --write-tree` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeTree {
    /// The merged tree.
    Clean(Oid),
    /// The paths that conflict.
    Conflict(Vec<PathBuf>),
}

/// Merges two commits in the object database; no file and no ref is touched.
pub fn merge_tree(dir: &Path, ours: &Oid, theirs: &Oid) -> Result<MergeTree> {
    let call = Git::at(dir).args(["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages"]);
    let call = call.args([ours.as_str(), theirs.as_str()]);
    let output = call.output()?;
    let mut parts = records(&output.stdout);
    match output.code {
        Some(0) => {
            let tree = parts.next().and_then(|part| Oid::parse(&String::from_utf8_lossy(part)));
            tree.map(MergeTree::Clean).ok_or(GitError::Unreadable("merge-tree"))
        }
        Some(1) => {
            let mut paths: Vec<PathBuf> = parts.skip(1).map(path_from).collect();
            paths.dedup();
            Ok(MergeTree::Conflict(paths))
        }
        _ => Err(call.failed(&output)),
    }
}

/// Makes a commit of a tree; signed where the user's `commit.gpgSign` asks for it, which
/// `git commit-tree` does not look at by itself.
pub fn commit_tree(dir: &Path, tree: &Oid, parents: &[&Oid], message: &str) -> Result<Oid> {
    let sign = Git::at(dir).args(["config", "--type=bool", "--get", "commit.gpgSign"]).output()?;
    let mut call = Git::at(dir).args(["commit-tree", tree.as_str()]);
    if sign.stdout.starts_with(b"true") {
        call = call.arg("-S");
    }
    for parent in parents {
        call = call.args(["-p", parent.as_str()]);
    }
    let line = call.args(["-F", "-"]).stdin(message).line()?;
    Oid::parse(&line).ok_or(GitError::Unreadable("commit-tree"))
}

/// Moves the branch that is checked out in `worktree` forward to `commit`, files and index with it.
/// Git refuses when local changes are in the way.
pub fn merge_ff_only(worktree: &Path, commit: &Oid, lock: &Arc<File>) -> Result<()> {
    Git::at(worktree).holding(lock).args(["merge", "--ff-only", "--quiet", commit.as_str()]).run().map(drop)
}

/// Puts the commits of the branch that is checked out on top of another commit. False if they do not fit;
/// the rebase is under way then.
pub fn rebase(worktree: &Path, onto: &Oid, lock: &Arc<File>) -> Result<bool> {
    let call = Git::at(worktree).holding(lock).args(["-c", "core.editor=true", "rebase", "--quiet"]);
    let call = call.args(["--no-autostash", "--no-update-refs", onto.as_str()]);
    let output = call.output()?;
    let git_dir = Git::at(worktree).args(["rev-parse", "--absolute-git-dir"]).run()?;
    let git_dir = path_from(git_dir.strip_suffix(b"\n").unwrap_or(&git_dir));
    let under_way = git_dir.join("rebase-merge").exists() || git_dir.join("rebase-apply").exists();
    match (output.success(), under_way) {
        (true, _) => Ok(true),
        (false, true) => Ok(false),
        (false, false) => Err(call.failed(&output)),
    }
}

/// Takes back a rebase that is under way.
pub fn abort_rebase(worktree: &Path) -> Result<()> {
    Git::at(worktree).args(["rebase", "--abort"]).run().map(drop)
}

/// The paths that are in conflict.
pub fn conflicts(worktree: &Path) -> Result<Vec<PathBuf>> {
    let bytes = Git::at(worktree).args(["diff", "--name-only", "--diff-filter=U", "-z"]).run()?;
    let mut paths: Vec<PathBuf> = records(&bytes).map(path_from).collect();
    paths.dedup();
    Ok(paths)
}
