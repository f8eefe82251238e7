//! `git worktree`: what is registered, and how one is added and removed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Branch, Git, Oid, Result, path_from, records};
use crate::error::printable;
use crate::exec::Exec;

/// One entry of `git worktree list`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// Where it lies (or lay).
    pub path: PathBuf,
    /// The commit that is checked out.
    pub head: Option<Oid>,
    /// The branch that is checked out; none if detached.
    pub branch: Option<Branch>,
    /// The entry is a bare repository, not a worktree.
    pub bare: bool,
    /// The reason it is locked; empty if none was given.
    pub locked: Option<String>,
    /// Git would prune it: its directory is gone.
    pub prunable: bool,
}

impl Registration {
    /// That somebody locked it, and what takes the lock off.
    pub fn lock_note(&self) -> String {
        let reason = self.locked.as_deref().filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| format!(" ({})", printable(reason))).unwrap_or_default();
        format!("it is locked{reason}; `git worktree unlock {}` takes that off", self.path.display())
    }
}

/// Every registration, the main worktree first.
pub fn list_worktrees(dir: &Path) -> Result<Vec<Registration>> {
    Ok(parse(&again(&Git::at(dir).args(["worktree", "list", "--porcelain", "-z"]))?))
}

/// Runs a call that reads all registrations. Git fails, before it does anything, while another git is in
/// the middle of adding one (its `commondir` is empty for a moment); so a failure is tried again.
fn again(call: &Git) -> Result<Vec<u8>> {
    for _ in 0..TRIES {
        let output = call.output()?;
        if output.success() {
            return Ok(output.stdout);
        }
        std::thread::sleep(PAUSE);
    }
    call.run()
}

const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(20);

fn parse(bytes: &[u8]) -> Vec<Registration> {
    let mut found: Vec<Registration> = Vec::new();
    for record in records(bytes) {
        let split = record.iter().position(|&byte| byte == b' ').unwrap_or(record.len());
        let (key, value) = (&record[..split], record.get(split + 1..).unwrap_or_default());
        let text = || String::from_utf8_lossy(value).into_owned();
        if key == b"worktree" {
            found.push(Registration { path: path_from(value), ..Registration::default() });
            continue;
        }
        let Some(entry) = found.last_mut() else { continue };
        match key {
            b"HEAD" => entry.head = Oid::parse(&text()),
            b"branch" => entry.branch = Branch::from_ref(&text()),
            b"bare" => entry.bare = true,
            b"locked" => entry.locked = Some(text()),
            b"prunable" => entry.prunable = true,
            _ => {}
        }
    }
    found
}

/// A worktree to be registered.
pub struct NewWorktree<'a> {
    /// Where; absolute.
    pub path: &'a Path,
    /// The branch to check out; none: detached, at the base.
    pub branch: Option<&'a Branch>,
    /// Where the branch is made; none: it exists.
    pub base: Option<&'a Oid>,
    /// The reason of the lock that it gets.
    pub reason: &'a str,
}

/// Registers a locked worktree without files.
///
/// `--no-track` keeps git from writing the shared configuration, which is what makes concurrent calls
/// fail; `--lock` keeps everybody's `git worktree prune` away until it is ready.
pub fn add_worktree(dir: &Path, new: &NewWorktree<'_>, lock: &Arc<File>) -> Result<()> {
    let call = Git::at(dir).holding(lock);
    let call = call.args(["worktree", "add", "--quiet", "--no-checkout", "--lock", "--reason", new.reason]);
    let call = match (new.branch, new.base) {
        (Some(branch), Some(_)) => call.args(["--no-track", "-b", branch.as_str()]),
        (Some(_), None) => call,
        (None, _) => call.arg("--detach"),
    };
    let start = new.base.map(Oid::as_str).or(new.branch.map(Branch::as_str));
    call.arg("--end-of-options").arg(new.path).args(start).run().map(drop)
}

/// Moves a worktree to a branch that is there, or detaches it at a commit. Git refuses where that would
/// overwrite anything that is not committed. Runs no hook: a failing `post-checkout` would look like a switch that
/// failed.
pub fn switch(worktree: &Path, to: std::result::Result<&Branch, &Oid>, lock: &Arc<File>) -> Result<()> {
    let call = Git::at(worktree).holding(lock).args(["-c", "core.hooksPath=/dev/null"]);
    let call = call.args(["switch", "--quiet", "--no-recurse-submodules", "--no-overwrite-ignore"]);
    let call = match to {
        Ok(branch) => call.args(["--no-guess", branch.as_str()]),
        Err(commit) => call.args(["--detach", commit.as_str()]),
    };
    call.run().map(drop)
}

/// Makes a worktree's HEAD name a branch, its files and index as they are.
pub fn point_head(worktree: &Path, branch: &Branch) -> Result<()> {
    Git::at(worktree).args(["symbolic-ref", "-m", "ctx", "HEAD", &branch.full()]).run().map(drop)
}

/// Is this commit in some branch, tag or other ref?
pub fn is_named(dir: &Path, commit: &Oid) -> Result<bool> {
    let call = Git::at(dir).args(["for-each-ref", "--count=1", "--format=%(refname)"]);
    Ok(!call.args(["--contains", commit.as_str()]).line()?.is_empty())
}

/// Writes every file of the commit that is checked out, as `git worktree add` does after registering.
pub fn reset_hard(worktree: &Path, commit: &Oid, lock: &Arc<File>) -> Result<()> {
    let call = Git::at(worktree).holding(lock);
    call.args(["reset", "--hard", "--quiet", "--no-recurse-submodules", commit.as_str(), "--"])
        .run()
        .map(drop)
}

/// Where a hook of this worktree lies, whether it is there or not; relative to the worktree if
/// `core.hooksPath` is.
pub fn hook_path(worktree: &Path, hook: &str) -> Result<PathBuf> {
    let bytes = Git::at(worktree).args(["rev-parse", "--git-path", &format!("hooks/{hook}")]).run()?;
    Ok(path_from(bytes.strip_suffix(b"\n").unwrap_or(&bytes)))
}

/// The hook that git runs after a checkout (githooks(5)), to be run. `from`: what was checked out before; `None` in
/// a new worktree.
pub fn post_checkout(worktree: &Path, from: Option<&Oid>, commit: &Oid, lock: &Arc<File>) -> Exec {
    let zero = commit.zero();
    let from = from.unwrap_or(&zero);
    let call =
        Git::at(worktree).holding(lock).args(["hook", "run", "--ignore-missing", "post-checkout", "--"]);
    call.args([from.as_str(), commit.as_str(), "1"]).exec
}

/// Takes the lock off.
pub fn unlock_worktree(dir: &Path, path: &Path) -> Result<()> {
    again(&Git::at(dir).args(["worktree", "unlock", "--end-of-options"]).arg(path)).map(drop)
}

/// Drops the registration of a worktree whose folder is gone. With a folder there, git refuses unless
/// it is clean, and then removes it.
pub fn unregister_worktree(dir: &Path, path: &Path) -> Result<()> {
    Git::at(dir).args(["worktree", "remove", "--end-of-options"]).arg(path).run().map(drop)
}

/// Sets right both directions between the repository and a worktree that was moved. `main` is the main
/// checkout.
pub fn repair_worktree(main: &Path, path: &Path) -> Result<()> {
    Git::at(main).args(["worktree", "repair", "--end-of-options"]).arg(path).run().map(drop)
}
