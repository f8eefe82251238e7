//! Refs and commits: what a name stands for, what it holds, how it moves.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Git, GitError, Result, path_from, records};

/// An object id as git prints it: 40 or 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Oid(String);

impl Oid {
    /// Takes a full id.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        (hex && matches!(text.len(), 40 | 64)).then(|| Self(text.to_ascii_lowercase()))
    }

    /// The id that stands for "no object", of the same length.
    #[must_use]
    pub fn zero(&self) -> Self {
        Self("0".repeat(self.0.len()))
    }

    /// All digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first nine digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..9]
    }
}

impl TryFrom<String> for Oid {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no object id"))
    }
}

impl From<Oid> for String {
    fn from(oid: Oid) -> Self {
        oid.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A local branch, by the name after `refs/heads/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Branch(String);

impl Branch {
    /// Any text; git decides later whether it is a name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// From a full ref name; none unless it is a branch.
    pub fn from_ref(full: &str) -> Option<Self> {
        full.strip_prefix("refs/heads/").map(Self::new)
    }

    /// `refs/heads/…`.
    pub fn full(&self) -> String {
        format!("refs/heads/{}", self.0)
    }

    /// The short name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The commit a full ref name or an object id stands for; none if there is no such ref.
pub fn resolve(dir: &Path, name: &str) -> Result<Option<Oid>> {
    let output = Git::at(dir)
        .args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
        .arg(format!("{name}^{{commit}}"))
        .output()?;
    Ok(output.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned()))
        .map(|text| text.and_then(|text| Oid::parse(&text)))
}

/// Every local branch with its commit.
pub fn branches(dir: &Path) -> Result<Vec<(Branch, Oid)>> {
    let bytes =
        Git::at(dir).args(["for-each-ref", "--format=%(objectname) %(refname)"]).arg("refs/heads/").run()?;
    let text = String::from_utf8_lossy(&bytes);
    let parse = |line: &str| {
        let (oid, name) = line.split_once(' ')?;
        Some((Branch::from_ref(name)?, Oid::parse(oid)?))
    };
    Ok(text.lines().filter_map(parse).collect())
}

/// Is everything in `ancestor` also in `descendant`?
pub fn is_ancestor(dir: &Path, ancestor: &Oid, descendant: &Oid) -> Result<bool> {
    Git::at(dir).args(["merge-base", "--is-ancestor", ancestor.as_str(), descendant.as_str()]).ask()
}

/// The best common ancestor of two commits; `None` if they have none.
pub fn merge_base(dir: &Path, a: &Oid, b: &Oid) -> Result<Option<Oid>> {
    let output = Git::at(dir).args(["merge-base", a.as_str(), b.as_str()]).output()?;
    Ok(Oid::parse(String::from_utf8_lossy(&output.stdout).trim()))
}

/// How many commits `tip` has that `base` has not, and the other way round.
pub fn ahead_behind(dir: &Path, base: &Oid, tip: &Oid) -> Result<(usize, usize)> {
    if base == tip {
        return Ok((0, 0));
    }
    let range = format!("{base}...{tip}");
    let line = Git::at(dir).args(["rev-list", "--left-right", "--count", &range]).line()?;
    let mut numbers = line.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(behind)), Some(Ok(ahead))) => Ok((ahead, behind)),
        _ => Err(GitError::Unreadable("rev-list --count")),
    }
}

/// The paths that differ between the merge base of `base` and `tip`, and `tip`; none if they have no commit
/// in common.
pub fn changed_paths(dir: &Path, base: &Oid, tip: &Oid) -> Result<Option<Vec<PathBuf>>> {
    let range = format!("{base}...{tip}");
    let call =
        Git::at(dir).args(["diff", "--no-ext-diff", "--no-renames", "--name-only", "-z", &range, "--"]);
    let output = call.output()?;
    if !output.success() {
        let related = Git::at(dir).args(["merge-base", base.as_str(), tip.as_str()]).output()?;
        return if related.code == Some(1) { Ok(None) } else { Err(call.failed(&output)) };
    }
    Ok(Some(records(&output.stdout).map(path_from).collect()))
}

/// A compare-and-swap of one ref. `old` of zeros: it must not exist. `new` none: it is deleted.
pub struct RefUpdate<'a> {
    /// Full name.
    pub name: &'a str,
    /// What it becomes; none deletes it.
    pub new: Option<&'a Oid>,
    /// What it must be now.
    pub old: &'a Oid,
    /// For the reflog.
    pub reason: &'a str,
}

/// Moves, makes or deletes a ref if it still is what the caller saw; false if it is not.
///
/// Never for a branch that a worktree has checked out: its index would hold the reverse of the move.
pub fn update_ref(dir: &Path, update: &RefUpdate<'_>) -> Result<bool> {
    let call = Git::at(dir).args(["update-ref", "--no-deref", "-m", update.reason]);
    let call = match update.new {
        Some(new) => call.args([update.name, new.as_str(), update.old.as_str()]),
        None => call.args(["-d", update.name, update.old.as_str()]),
    };
    let output = call.output()?;
    if output.success() {
        return Ok(true);
    }
    let now = resolve(dir, update.name)?;
    let expected = (*update.old != update.old.zero()).then_some(update.old);
    if now.as_ref() == expected { Err(call.failed(&output)) } else { Ok(false) }
}

/// The lock files that a killed git can leave behind when it moved a branch.
pub fn branch_locks(common_dir: &Path, branch: &Branch) -> Vec<PathBuf> {
    let file = common_dir.join(format!("{}.lock", branch.full()));
    vec![file, common_dir.join(REFTABLE_LOCK)]
}

/// The lock files that a killed git can leave behind in a worktree's own git directory.
pub fn worktree_locks(git_dir: &Path) -> Vec<PathBuf> {
    let mut locks = ["index.lock", "HEAD.lock", "ORIG_HEAD.lock"].map(|name| git_dir.join(name)).to_vec();
    // A table that was being compacted has one of its own; so does the list of all.
    let tables = std::fs::read_dir(git_dir.join("reftable")).into_iter().flatten().flatten();
    let is_lock = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "lock");
    locks.extend(tables.map(|entry| entry.path()).filter(is_lock));
    locks
}

/// Returns whether `HEAD` was written in this git directory. Where refs are in a reftable, the file of that name is one of
/// the first things that git makes, and says nothing.
pub fn has_head(git_dir: &Path) -> bool {
    let head = std::fs::read_to_string(git_dir.join("HEAD")).unwrap_or_default();
    let tables = || std::fs::metadata(git_dir.join("reftable/tables.list")).is_ok_and(|meta| meta.len() > 0);
    match head.trim_end() {
        "" => false,
        REFTABLE_HEAD => tables(),
        _ => true,
    }
}

/// What the file `HEAD` says where refs are in a reftable; no branch can be called so (gitrepository-layout(5)).
pub(super) const REFTABLE_HEAD: &str = "ref: refs/heads/.invalid";
/// Where refs are in a reftable, one lock is all of theirs (gitrepository-layout(5), git 2.45 and later).
const REFTABLE_LOCK: &str = "reftable/tables.list.lock";

/// The remote that a branch is pushed to: the one it is configured for, else `origin`, else the only one.
pub fn remote_of(dir: &Path, branch: &Branch) -> Result<Option<String>> {
    let key = format!("branch.{branch}.remote");
    let configured = Git::at(dir).args(["config", "--get", &key]).output()?;
    if configured.success() {
        return Ok(Some(String::from_utf8_lossy(&configured.stdout).trim().to_owned()));
    }
    let remotes = Git::at(dir).arg("remote").line()?;
    let mut remotes = remotes.lines();
    let first = remotes.next().map(str::to_owned);
    let only = remotes.clone().next().is_none();
    let origin = first.as_deref() == Some("origin") || remotes.any(|remote| remote == "origin");
    Ok(if origin { Some("origin".to_owned()) } else { first.filter(|_| only) })
}

/// The commit that a branch has at a remote; none if it is not there.
pub fn remote_tip(dir: &Path, remote: &str, branch: &Branch) -> Result<Option<Oid>> {
    let name = branch.full();
    let text = Git::at(dir).args(["ls-remote", "--end-of-options", remote, &name]).line()?;
    let parse = |line: &str| {
        line.split_once('\t').filter(|(_, full)| *full == name).and_then(|(oid, _)| Oid::parse(oid))
    };
    Ok(text.lines().find_map(parse))
}

/// Deletes a branch at a remote if it still is at this commit.
pub fn delete_remote_branch(dir: &Path, remote: &str, branch: &Branch, tip: &Oid) -> Result<()> {
    let name = branch.full();
    let lease = format!("--force-with-lease={name}:{tip}");
    Git::at(dir)
        .args(["push", "--quiet", &lease, "--end-of-options", remote, &format!(":{name}")])
        .run()
        .map(drop)
}
