//! Merging without a checkout, and rebasing.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::refusal::{Refusal, RefusedBy, run_watched};
use super::{Branch, Git, GitError, Oid, Result, path_from, records};

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
    let signed = sign.stdout.starts_with(b"true");
    if signed {
        call = call.arg("-S");
    }
    for parent in parents {
        call = call.args(["-p", parent.as_str()]);
    }
    let call = call.args(["-F", "-"]).stdin(message);
    let line = if signed {
        match run_watched(call.clone())? {
            Ok(bytes) => String::from_utf8_lossy(&bytes).trim_end().to_owned(),
            Err(Refusal { by: RefusedBy::Signing, said }) => return Err(GitError::NotSigned(said)),
            Err(_) => call.line()?,
        }
    } else {
        call.line()?
    };
    Oid::parse(&line).ok_or(GitError::Unreadable("commit-tree"))
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

/// The first merge commit of these that holds more than git makes of its parents by itself: a rebase drops such
/// changes, resolved conflicts among them. `None` if there is none.
pub fn merge_with_own_changes(dir: &Path, base: &Oid, tip: &Oid) -> Result<Option<Oid>> {
    let range = format!("{base}..{tip}");
    let call = Git::at(dir).args(["rev-list", "--min-parents=2", "--parents", &range, "--"]);
    let text = String::from_utf8_lossy(&call.run()?).into_owned();
    for line in text.lines() {
        let commits: Option<Vec<Oid>> = line.split(' ').map(Oid::parse).collect();
        let commits = commits.ok_or(GitError::Unreadable("rev-list"))?;
        let is_plain = match &commits[..] {
            [merge, ours, theirs] => {
                merge_tree(dir, ours, theirs)? == MergeTree::Clean(super::tree_id(dir, merge)?)
            }
            _ => false,
        };
        if !is_plain {
            return Ok(commits.into_iter().next());
        }
    }
    Ok(None)
}

/// Takes back a rebase that is under way.
pub fn abort_rebase(worktree: &Path) -> Result<()> {
    Git::at(worktree).args(["rebase", "--abort"]).run().map(drop)
}

/// Returns whether a tracked file was changed since the rebase of `branch` stopped in this worktree: it holds neither
/// what git left there nor what the commit that is checked out or the branch has.
pub fn is_edited_since_stop(worktree: &Path, branch: &Branch) -> Result<bool> {
    let stopped = Git::at(worktree).args(["rev-parse", "--verify", "--quiet", "AUTO_MERGE"]).output()?;
    let changed = |from: Option<&str>| -> Result<HashSet<PathBuf>> {
        let call = Git::at(worktree).args(["diff", "--no-ext-diff", "--no-renames", "--no-relative"]);
        let call = call.args(["--ignore-submodules=dirty", "--name-only", "-z"]).args(from).arg("--");
        Ok(records(&call.run()?).map(path_from).collect())
    };
    let mut edited = changed(stopped.success().then_some("AUTO_MERGE"))?;
    // An abort that was refused midway has put the branch's files back.
    for known in ["HEAD", &branch.full()] {
        if !edited.is_empty() {
            let differing = changed(Some(known))?;
            edited.retain(|path| differing.contains(path));
        }
    }
    Ok(!edited.is_empty())
}

/// The paths that are in conflict.
pub fn conflicts(worktree: &Path) -> Result<Vec<PathBuf>> {
    let bytes = Git::at(worktree).args(["diff", "--name-only", "--diff-filter=U", "-z"]).run()?;
    let mut paths: Vec<PathBuf> = records(&bytes).map(path_from).collect();
    paths.dedup();
    Ok(paths)
}

/// Every path that some commit of `tip` that is not in `base` writes or removes.
pub fn touched_paths(dir: &Path, base: &Oid, tip: &Oid) -> Result<Vec<PathBuf>> {
    let range = format!("{base}..{tip}");
    let call =
        Git::at(dir).args(["log", "--format=", "--name-only", "--no-renames", "-m", "-z", &range, "--"]);
    let bytes = call.run()?;
    Ok(records(&bytes).filter(|path| !path.is_empty()).map(path_from).collect())
}
