//! Is a branch's work in another branch? Questions with a provable answer, the cheapest first.

use std::path::Path;

use serde::Serialize;

use super::{Git, MergeTree, Oid, Result, is_ancestor, merge_tree, store_commit, tree_id};

/// How it is known that nothing of a branch is missing in the one it was to land on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Integrated {
    /// They are the same commit.
    SameCommit,
    /// Its tip is an ancestor.
    Ancestor,
    /// Its commits change nothing together: the three-dot diff is empty.
    NoChange,
    /// They hold the same files.
    SameTree,
    /// A merge would leave the other one's files as they are.
    MergeAddsNothing,
    /// Each of its commits is there with another id: it was rebased or picked.
    Rebased,
    /// All its changes are there as one commit: it was squashed.
    Squashed,
}

/// Compares the tip of a branch with the branch that it was to land on.
pub fn integrated(dir: &Path, into: &Oid, tip: &Oid) -> Result<Option<Integrated>> {
    if into == tip {
        return Ok(Some(Integrated::SameCommit));
    }
    if is_ancestor(dir, tip, into)? {
        return Ok(Some(Integrated::Ancestor));
    }
    let tree = tree_id(dir, into)?;
    let tip_tree = tree_id(dir, tip)?;
    // Without a common commit there is nothing to compare the changes with.
    let base = Git::at(dir).args(["merge-base", into.as_str(), tip.as_str()]).output()?;
    let base = Oid::parse(String::from_utf8_lossy(&base.stdout).trim());
    if let Some(base) = &base
        && tree_id(dir, base)? == tip_tree
    {
        return Ok(Some(Integrated::NoChange));
    }
    if tree == tip_tree {
        return Ok(Some(Integrated::SameTree));
    }
    let Some(base) = base else { return Ok(None) };
    if merge_tree(dir, into, tip)? == MergeTree::Clean(tree) {
        return Ok(Some(Integrated::MergeAddsNothing));
    }
    let merges = Git::at(dir).args(["rev-list", "--merges", "--count", &format!("{into}..{tip}")]).line()?;
    // `git cherry` leaves merges out, and what somebody resolved in them with it.
    if merges == "0" && picked(dir, into, tip)? {
        return Ok(Some(Integrated::Rebased));
    }
    let squashed = store_commit(dir, &tip_tree, &[base], "the changes of a branch in one commit\n")?;
    Ok(picked(dir, into, &squashed)?.then_some(Integrated::Squashed))
}

/// Has every commit that `tip` has alone an equal patch in `into`?
fn picked(dir: &Path, into: &Oid, tip: &Oid) -> Result<bool> {
    let text = Git::at(dir).args(["cherry", into.as_str(), tip.as_str()]).line()?;
    Ok(!text.is_empty() && text.lines().all(|line| line.starts_with("- ")))
}
