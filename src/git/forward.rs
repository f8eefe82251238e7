//! Moving the branch of a worktree forward, and finding out beforehand whether its ref can move.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::refs::{branch_locks, worktree_locks};
use super::refusal::{Refusal, RefusedBy, run_watched};
use super::{Branch, Git, Oid, RefUpdate, Repository, Result, resolve};

/// Why a branch cannot move to another commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// It is not at the commit that it was to move from.
    Elsewhere,
    /// This lock file of git is there.
    Lock(PathBuf),
    /// A hook or git itself refused.
    Refused(Refusal),
}

/// A live git holds its locks for a moment; one that is still there afterwards is named.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(100);

/// Asks git whether the branch that is checked out in `worktree` can move from `old` to `new`: all locks are
/// taken and the hook `reference-transaction` is asked, then everything is given back. `None` if it can.
pub fn why_blocked(worktree: &Path, branch: &Branch, old: &Oid, new: &Oid) -> Result<Option<Blocked>> {
    if let Some(lock) = held_lock(worktree, branch)? {
        return Ok(Some(Blocked::Lock(lock)));
    }
    match rehearse(worktree, old, new)? {
        Ok(()) => Ok(None),
        Err(refusal) => why(worktree, branch, old, refusal).map(Some),
    }
}

/// A lock file of this branch or its worktree that is there and does not go for a while.
pub fn held_lock(dir: &Path, branch: &Branch) -> Result<Option<PathBuf>> {
    for turn in 1.. {
        let lock = locks(dir, branch)?.into_iter().find(|lock| lock.exists());
        if lock.is_none() || turn == TRIES {
            return Ok(lock);
        }
        std::thread::sleep(PAUSE);
    }
    Ok(None)
}

/// Takes a refusal apart: somebody else was faster, a lock file, or what git or the hook said.
pub fn why(dir: &Path, branch: &Branch, old: &Oid, refusal: Refusal) -> Result<Blocked> {
    if resolve(dir, &branch.full())?.as_ref() != Some(old) {
        return Ok(Blocked::Elsewhere);
    }
    if refusal.by == RefusedBy::Git
        && let Some(lock) = locks(dir, branch)?.into_iter().find(|lock| keeps_out(lock) && lock.exists())
    {
        return Ok(Blocked::Lock(lock));
    }
    Ok(Blocked::Refused(refusal))
}

/// Returns whether a lock keeps another git out. A table of a reftable that was being written has a name of its own.
fn keeps_out(lock: &Path) -> bool {
    !lock.to_string_lossy().ends_with(".ref.lock")
}

/// The lock files that keep this branch, its worktree's HEAD or index from moving.
pub fn locks(dir: &Path, branch: &Branch) -> Result<Vec<PathBuf>> {
    let Some(Repository { common_dir, git_dir, .. }) = Repository::discover(dir)? else {
        return Ok(Vec::new());
    };
    let mut found = worktree_locks(&git_dir);
    found.extend(branch_locks(&common_dir, branch));
    Ok(found)
}

/// Moves HEAD and the branch that it names in a transaction that is taken back.
fn rehearse(worktree: &Path, old: &Oid, new: &Oid) -> Result<std::result::Result<(), Refusal>> {
    let input = format!("start\nupdate HEAD {new} {old}\nprepare\nabort\n");
    let call = Git::at(worktree).args(["update-ref", "--stdin"]).stdin(input);
    Ok(run_watched(call)?.map(drop))
}

/// Moves the branch that is checked out in `worktree` forward to `commit`, files and index with it. Changes
/// to files that differ in no way between the two commits stay as they are, staged or not. Git refuses
/// where anything else is in the way, ignored files included; files may have been written all the same if it
/// fails.
///
/// It is a success only where the branch moved: options of its own for merges (`branch.NAME.mergeOptions`) are set
/// aside, and what git makes of a name that cannot be given on its command line is looked at.
pub fn merge_ff_only(
    worktree: &Path,
    branch: &Branch,
    old: &Oid,
    commit: &Oid,
    lock: &Arc<File>,
) -> Result<std::result::Result<(), Refusal>> {
    let mut call = Git::at(worktree).holding(lock);
    // `-c` ends a key at the first `=`.
    if !branch.as_str().contains('=') {
        call = call.arg("-c").arg(format!("branch.{branch}.mergeOptions="));
    }
    let call = call.args(["merge", "--ff-only", "--no-squash", "--commit", "--quiet", "--no-autostash"]);
    let call = call.args(["--no-overwrite-ignore", commit.as_str()]);
    let result = run_watched(call)?.map(drop);
    if result.is_ok() && resolve(worktree, &branch.full())?.as_ref() == Some(old) {
        let said =
            format!("git merged, and `{branch}` did not move; see `git config branch.{branch}.mergeOptions`");
        return Ok(Err(Refusal { by: RefusedBy::Git, said }));
    }
    Ok(result)
}

/// Moves a branch that no worktree has checked out. `None` if it moved.
pub fn move_ref(dir: &Path, branch: &Branch, update: &RefUpdate<'_>) -> Result<Option<Blocked>> {
    for turn in 1.. {
        let call = Git::at(dir).args(["update-ref", "--no-deref", "-m", update.reason, update.name]);
        let call = call.args(update.new.map(Oid::as_str)).arg(update.old.as_str());
        let Err(refusal) = run_watched(call)? else { return Ok(None) };
        match why(dir, branch, update.old, refusal)? {
            Blocked::Lock(_) if turn < TRIES => std::thread::sleep(PAUSE),
            blocked => return Ok(Some(blocked)),
        }
    }
    Ok(None)
}

/// The folder of the worktree where this branch is being rebased, which nobody has checked out meanwhile; within,
/// `None` stands for the main one.
pub fn rebased_in(common_dir: &Path, branch: &Branch) -> Option<Option<PathBuf>> {
    let mut places = vec![(common_dir.to_owned(), None)];
    for entry in std::fs::read_dir(common_dir.join("worktrees")).into_iter().flatten().flatten() {
        let dot_git = std::fs::read_to_string(entry.path().join("gitdir")).unwrap_or_default();
        let folder = Path::new(dot_git.trim_end_matches('\n')).parent().map(Path::to_owned);
        places.push((entry.path(), folder.filter(|folder| !folder.as_os_str().is_empty())));
    }
    let name = branch.full();
    let is_rebased = |git_dir: &Path| {
        ["rebase-merge/head-name", "rebase-apply/head-name"].iter().any(|file| {
            std::fs::read_to_string(git_dir.join(file)).is_ok_and(|text| text.trim_end_matches('\n') == name)
        })
    };
    places.into_iter().find(|(git_dir, _)| is_rebased(git_dir)).map(|(_, folder)| folder)
}
