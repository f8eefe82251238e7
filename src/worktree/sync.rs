//! Brings the base branch into a worktree that is being worked in, completely or not at all.
//!
//! A merge is made in the object database; the worktree moves to it in one step and never holds a conflict.
//! A rebase runs in the worktree and is taken back if it stops. Nothing that is not committed is touched.

use std::path::PathBuf;

use super::examine::under_way;
use super::{Progress, Record, Records, UnderWay};
use crate::error::Result;
use crate::git::{self, GitError, MergeTree, Oid, Repository};
use crate::plan::Status;
use crate::state::{Lock, Project};
use crate::world::kill_point;

/// How the base branch comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By a merge commit, or forward where the branch has nothing of its own.
    Merge,
    /// The branch's commits are put on top of it.
    Rebase,
}

/// What became of a worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Synced {
    /// It has everything already.
    UpToDate,
    /// Its branch is at this commit now.
    Moved(Oid),
    /// It is as it was, and why.
    Skipped(String),
    /// These files conflict; it is as it was.
    Conflict(Vec<PathBuf>),
}

/// The worktrees of one project. The caller holds the lock `worktrees`.
pub struct Sync<'a> {
    /// The project.
    pub project: &'a Project,
    /// Merge or rebase.
    pub how: How,
    /// Git's children hold it, too: nobody works where a killed `ctx` left one.
    pub lock: &'a Lock,
}

impl Sync<'_> {
    /// Brings one up to date. `status` is its task's.
    pub fn run(&self, record: &Record, status: Status) -> Result<Synced> {
        let before = match &record.under_way {
            Some(UnderWay::Syncing(before)) => before.clone(),
            _ => record.base.clone(),
        };
        let begun = matches!(record.under_way, Some(UnderWay::Syncing(_)));
        if let Some(why) = reason_to_skip(record, status, begun) {
            return Ok(Synced::Skipped(why));
        }
        let Some(Repository { git_dir, .. }) = Repository::discover(&record.path)? else {
            return Ok(Synced::Skipped("its folder is no worktree".to_owned()));
        };
        match under_way(&git_dir)? {
            // Ours, of a run that was cut short.
            Some("a rebase") if begun => git::abort_rebase(&record.path)?,
            Some(what) => return Ok(Synced::Skipped(format!("{what} is under way in it"))),
            None => {}
        }
        let base = git::resolve(self.project.git_dir(), &record.into.full())?;
        let outcome = match base.as_ref() {
            Some(base) => self.bring_in(record, base, &before)?,
            None => Synced::Skipped(format!("branch `{}` is gone", record.into)),
        };
        // A run that was cut short may have brought it in before.
        let there = matches!(outcome, Synced::Moved(_)) || (begun && outcome == Synced::UpToDate);
        let base = base.filter(|_| there).unwrap_or(before);
        kill_point("sync-record");
        Records::of(self.project).write(&Record { under_way: None, base, ..record.clone() })?;
        Ok(outcome)
    }

    fn bring_in(&self, record: &Record, base: &Oid, before: &Oid) -> Result<Synced> {
        let head = git::Git::at(&record.path).args(["symbolic-ref", "--quiet", "HEAD"]).output()?;
        if String::from_utf8_lossy(&head.stdout).trim() != record.branch.full() {
            return Ok(Synced::Skipped(format!("`{}` is not checked out in it", record.branch)));
        }
        let changes = git::status(&record.path)?;
        if !changes.clean() {
            return Ok(Synced::Skipped(format!("uncommitted files: {}", changes.summary())));
        }
        let dir = self.project.git_dir();
        let tip = self.project.branch_tip(&record.branch)?;
        if git::is_ancestor(dir, base, &tip)? {
            return Ok(Synced::UpToDate);
        }
        let begin = || {
            kill_point("sync-begin");
            let under_way = Some(UnderWay::Syncing(before.clone()));
            Records::of(self.project).write(&Record { under_way, base: base.clone(), ..record.clone() })
        };
        let outcome = match self.how {
            How::Merge => {
                let merged = match self.merged(record, base, &tip)? {
                    Ok(merged) => merged,
                    Err(files) => return Ok(Synced::Conflict(files)),
                };
                begin()?;
                kill_point("sync-move");
                git::merge_ff_only(&record.path, &merged, self.lock.file()).map(|()| Synced::Moved(merged))
            }
            How::Rebase => {
                begin()?;
                kill_point("sync-rebase");
                match git::rebase(&record.path, base, self.lock.file()) {
                    Ok(true) => Ok(Synced::Moved(self.project.branch_tip(&record.branch)?)),
                    Ok(false) => Ok(take_back(record)?),
                    Err(error) => Err(error),
                }
            }
        };
        match outcome {
            // A file that git does not track is in the way, or somebody commits there at this moment.
            Err(GitError::Failed { stderr, .. }) => {
                Ok(Synced::Skipped(format!("git does not move it: {stderr}")))
            }
            outcome => Ok(outcome?),
        }
    }

    /// The commit that the worktree moves to, or the files that conflict.
    fn merged(&self, record: &Record, base: &Oid, tip: &Oid) -> Result<Result<Oid, Vec<PathBuf>>> {
        let dir = self.project.git_dir();
        if git::is_ancestor(dir, tip, base)? {
            return Ok(Ok(base.clone()));
        }
        let tree = match git::merge_tree(dir, tip, base)? {
            MergeTree::Clean(tree) => tree,
            MergeTree::Conflict(files) => return Ok(Err(files)),
        };
        let message = format!("Merge branch '{}' into {}\n", record.into, record.branch);
        Ok(Ok(git::commit_tree(dir, &tree, &[tip, base], &message)?))
    }
}

fn take_back(record: &Record) -> Result<Synced> {
    let files = git::conflicts(&record.path)?;
    kill_point("sync-abort");
    git::abort_rebase(&record.path)?;
    Ok(match files.is_empty() {
        false => Synced::Conflict(files),
        true => Synced::Skipped("the rebase stopped; a hook of the project may say why".to_owned()),
    })
}

fn reason_to_skip(record: &Record, status: Status, begun: bool) -> Option<String> {
    if record.progress != Progress::Ready || (record.under_way.is_some() && !begun) {
        return Some("it is half made".to_owned());
    }
    if !record.path.exists() {
        return Some("its folder is gone".to_owned());
    }
    // What was handed in is what was looked at; another commit on top of it was not.
    matches!(status, Status::Submitted | Status::Completed).then(|| format!("its task is {status}"))
}
