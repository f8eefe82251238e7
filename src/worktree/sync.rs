//! Brings the base branch into a worktree that is being worked in, completely or not at all.
//!
//! A merge is made in the object database; the worktree moves to it in one step. It holds a conflict only where
//! that was asked for. A rebase runs in the worktree and is taken back if it stops. Nothing that is not committed
//! is touched, ignored files included.

use std::path::{Path, PathBuf};

use super::examine::under_way;
use super::forward::{Forward, Halt, recover, remove_locks};
use super::resolve::{self, Sides, Started};
use super::{Progress, Record, Records, UnderWay};
use crate::error::{Error, Result};
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
    /// Its branch is at `tip` and conflicts with `base` in these files; it is as it was.
    Conflict {
        /// The base branch's commit.
        base: Oid,
        /// The branch's commit.
        tip: Oid,
        /// Relative to the top level.
        files: Vec<PathBuf>,
    },
    /// The merge is under way in it; these files are still in conflict.
    Resolving(Vec<PathBuf>),
}

/// The worktrees of one project. The caller holds the lock `worktrees`.
pub struct Sync<'a> {
    /// The project.
    pub project: &'a Project,
    /// Merge or rebase.
    pub how: How,
    /// Git's children hold it, too: nobody works where a killed `ctx` left one.
    pub lock: &'a Lock,
    /// Called with the files in conflict once a worktree changed whose task is handed in: it is not any more.
    pub give_back: &'a dyn Fn(&Record, &[PathBuf]) -> Result<()>,
}

/// What happens where the base branch conflicts with a task's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// The worktree stays as it was.
    Leave,
    /// The merge starts in it and waits for somebody to resolve it, though the task is handed in.
    Start,
}

impl Sync<'_> {
    /// Brings one up to date. `status` is its task's.
    pub fn run(&self, record: &Record, status: Status, on_conflict: OnConflict) -> Result<Synced> {
        let before = match &record.under_way {
            Some(UnderWay::Syncing(before)) => before.clone(),
            _ => record.base.clone(),
        };
        let begun = matches!(record.under_way, Some(UnderWay::Syncing(_)));
        let starts = on_conflict == OnConflict::Start && self.how == How::Merge;
        if let Some(why) = reason_to_skip(record, status, begun || starts, begun) {
            return Ok(Synced::Skipped(why));
        }
        let Some(Repository { git_dir, .. }) = Repository::discover(&record.path)? else {
            return Ok(Synced::Skipped("its folder is no worktree".to_owned()));
        };
        let note = git_dir.join("ctx-forward.json");
        let git_was_killed =
            begun && git::locks(&record.path, &record.branch)?.iter().any(|lock| lock.exists());
        if begun {
            remove_locks(&record.path, &record.branch)?;
            recover(self.project, &note)?;
        }
        let changed = |files: &[PathBuf]| {
            if is_handed_in(status) { (self.give_back)(record, files) } else { Ok(()) }
        };
        let forget = |base: Oid| {
            kill_point("sync-record");
            Records::of(self.project).write(&Record { under_way: None, base, ..record.clone() })
        };
        match under_way(&git_dir)? {
            // Ours, of a run that was cut short, and somebody has begun to resolve it.
            Some("a rebase")
                if begun && !git_was_killed && git::is_edited_since_stop(&record.path, &record.branch)? =>
            {
                forget(before)?;
                return Ok(Synced::Skipped(
                    "a rebase that was interrupted is under way in it, and files were edited since: `git rebase \
                     --continue` there finishes it, `git rebase --abort` gives it up"
                        .to_owned(),
                ));
            }
            Some("a rebase") if begun => git::abort_rebase(&record.path)?,
            Some("a merge") if begun || starts => {
                let files = git::unresolved(&record.path)?;
                changed(&files)?;
                if begun {
                    forget(before)?;
                }
                return Ok(Synced::Resolving(files));
            }
            Some(what) => return Ok(Synced::Skipped(format!("{what} is under way in it"))),
            None => {}
        }
        let base = git::resolve(self.project.git_dir(), &record.into.full())?;
        let work = Work { sync: self, record, status, starts, begun, before: &before, note: &note };
        let outcome = match base.as_ref() {
            Some(base) => work.bring_in(base)?,
            None => Synced::Skipped(format!("branch `{}` is gone", record.into)),
        };
        kill_point("sync-give-back");
        match &outcome {
            Synced::Moved(_) => changed(&[])?,
            Synced::UpToDate if begun => changed(&[])?,
            Synced::Resolving(files) => changed(files)?,
            _ => {}
        }
        // A run that was cut short, or a merge that was concluded, has brought it in before.
        let there = match &outcome {
            Synced::Moved(_) => true,
            Synced::UpToDate if begun => true,
            // A branch that has landed by a fast-forward keeps what is its own.
            Synced::UpToDate => git::resolve(self.project.git_dir(), &record.branch.full())? != base,
            _ => false,
        };
        forget(base.filter(|_| there).unwrap_or(before))?;
        Ok(outcome)
    }
}

/// One worktree that is brought up to date.
struct Work<'a> {
    sync: &'a Sync<'a>,
    record: &'a Record,
    status: Status,
    starts: bool,
    begun: bool,
    before: &'a Oid,
    note: &'a Path,
}

impl Work<'_> {
    fn bring_in(&self, base: &Oid) -> Result<Synced> {
        let (record, project) = (self.record, self.sync.project);
        let head = git::Git::at(&record.path).args(["symbolic-ref", "--quiet", "HEAD"]).output()?;
        if String::from_utf8_lossy(&head.stdout).trim() != record.branch.full() {
            return Ok(Synced::Skipped(format!("`{}` is not checked out in it", record.branch)));
        }
        let all = git::list_worktrees(project.git_dir())?;
        let shares = |entry: &&git::Registration| {
            entry.branch.as_ref() == Some(&record.branch) && entry.path != record.path
        };
        if let Some(other) = all.iter().find(shares) {
            // Its files and its index would stay where they are and hold the reverse of what came in.
            let place = other.path.display();
            return Ok(Synced::Skipped(format!("`{}` is checked out in `{place}`, too", record.branch)));
        }
        let changes = git::status(&record.path)?;
        if !changes.clean() {
            return Ok(Synced::Skipped(format!("uncommitted files: {}", changes.summary())));
        }
        let tip = project.branch_tip(&record.branch)?;
        let handed_in = is_handed_in(self.status);
        if git::is_ancestor(project.git_dir(), base, &tip)? {
            return Ok(if handed_in && !self.begun {
                Synced::Skipped(skip_handed_in(self.status))
            } else {
                Synced::UpToDate
            });
        }
        if self.sync.how == How::Rebase {
            return self.rebase(base, &tip);
        }
        match self.merged(base, &tip)? {
            // What was handed in is what was looked at; another commit on top of it was not.
            Ok(_) if handed_in => Ok(Synced::Skipped(skip_handed_in(self.status))),
            Ok(merged) => self.forward(base, &tip, merged),
            Err(_) if self.starts => self.start(base, &tip),
            Err(files) => Ok(Synced::Conflict { base: base.clone(), tip, files }),
        }
    }

    /// Notes in the record that the base comes in.
    fn begin(&self, base: &Oid) -> Result<()> {
        kill_point("sync-begin");
        let under_way = Some(UnderWay::Syncing(self.before.clone()));
        let record = Record { under_way, base: base.clone(), ..self.record.clone() };
        Records::of(self.sync.project).write(&record)
    }

    fn forward(&self, base: &Oid, tip: &Oid, merged: Oid) -> Result<Synced> {
        let forward = Forward {
            branch: self.record.branch.clone(),
            worktree: self.record.path.clone(),
            old: tip.clone(),
            new: merged.clone(),
            theirs: None,
            folders: Vec::new(),
            rehearsing: false,
        };
        self.begin(base)?;
        kill_point("sync-move");
        Ok(match forward.go(self.sync.project, self.note, self.sync.lock)? {
            Ok(()) => Synced::Moved(merged),
            Err(halt) => Synced::Skipped(halt.to_string()),
        })
    }

    fn start(&self, base: &Oid, tip: &Oid) -> Result<Synced> {
        self.begin(base)?;
        let sides = Sides { ours: tip, theirs: base };
        match resolve::start(self.sync.project, self.record, &sides, self.note, self.sync.lock)? {
            Started::Conflicts(files) => Ok(Synced::Resolving(files)),
            Started::Clean(tree) => {
                let merged = self.commit(&tree, tip, base)?;
                self.forward(base, tip, merged)
            }
            Started::Halted(halt) => Ok(Synced::Skipped(halt.to_string())),
        }
    }

    fn rebase(&self, base: &Oid, tip: &Oid) -> Result<Synced> {
        let dir = &self.record.path;
        if let Some(merge) = git::merge_with_own_changes(dir, base, tip)? {
            return Ok(Synced::Skipped(format!(
                "a rebase would drop what merge {} changed by itself; `ctx worktree sync {}` merges",
                merge.short(),
                self.record.task
            )));
        }
        // Git's rebase overwrites what it ignores, on its way through each commit.
        let changes = git::path_changes(dir, tip, base)?;
        let in_the_way = git::in_the_way(dir, tip, &changes, &git::touched_paths(dir, base, tip)?)?;
        if !in_the_way.is_empty() {
            return Ok(Synced::Skipped(Halt::InTheWay(in_the_way).to_string()));
        }
        if let Some(blocked) = git::why_blocked(dir, &self.record.branch, tip, base)? {
            return Ok(Synced::Skipped(Halt::Blocked(blocked).to_string()));
        }
        self.begin(base)?;
        kill_point("sync-rebase");
        match git::rebase(dir, base, self.sync.lock.file()) {
            Ok(true) => Ok(Synced::Moved(self.sync.project.branch_tip(&self.record.branch)?)),
            Ok(false) => self.take_back(base, tip),
            // Somebody commits there at this moment, or a lock or a hook stops it.
            Err(GitError::Failed { stderr, .. }) => {
                Ok(Synced::Skipped(format!("git does not move it: {stderr}")))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn take_back(&self, base: &Oid, tip: &Oid) -> Result<Synced> {
        let files = git::conflicts(&self.record.path)?;
        kill_point("sync-abort");
        git::abort_rebase(&self.record.path).map_err(|error| {
            let what = format!(
                "the rebase of `{}` stopped and could not be taken back: {error}",
                self.record.branch
            );
            let id = &self.record.task;
            Error::refused(what).hint(format!(
                "when the cause is gone, `ctx worktree sync {id}` takes it back and brings the base branch in"
            ))
        })?;
        Ok(match files.is_empty() {
            false => Synced::Conflict { base: base.clone(), tip: tip.clone(), files },
            true => Synced::Skipped("the rebase stopped; a hook of the project may say why".to_owned()),
        })
    }

    /// The commit that the worktree moves to, or the files that conflict.
    fn merged(&self, base: &Oid, tip: &Oid) -> Result<Result<Oid, Vec<PathBuf>>> {
        let dir = self.sync.project.git_dir();
        if git::is_ancestor(dir, tip, base)? {
            return Ok(Ok(base.clone()));
        }
        Ok(match git::merge_tree(dir, tip, base)? {
            MergeTree::Clean(tree) => Ok(self.commit(&tree, tip, base)?),
            MergeTree::Conflict(files) => Err(files),
        })
    }

    fn commit(&self, tree: &Oid, tip: &Oid, base: &Oid) -> Result<Oid> {
        let message = format!("Merge branch '{}' into {}\n", self.record.into, self.record.branch);
        Ok(git::commit_tree(self.sync.project.git_dir(), tree, &[tip, base], &message)?)
    }
}

fn is_handed_in(status: Status) -> bool {
    matches!(status, Status::Submitted | Status::Completed)
}

fn skip_handed_in(status: Status) -> String {
    format!("its task is {status}")
}

fn reason_to_skip(record: &Record, status: Status, starts: bool, begun: bool) -> Option<String> {
    if record.progress != Progress::Ready || (record.under_way.is_some() && !begun) {
        return Some("it is incomplete".to_owned());
    }
    if !record.path.exists() {
        return Some("its folder is gone".to_owned());
    }
    (is_handed_in(status) && !starts).then(|| skip_handed_in(status))
}
