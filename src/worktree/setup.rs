//! Makes the worktrees of tasks: any number, side by side, and the same result when it is run again.
//!
//! Bare concurrent `git worktree add` loses worktrees. Here the registrations are made one after the
//! other under a lock that all `ctx` processes share; the checkouts, which take the time, run in
//! parallel, each under its task's own lock. A worktree is ready, unlocked and recorded only after its
//! checkout. A run that is killed is finished by the next one.

use std::collections::HashSet;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use super::around::Around;
use super::checkout::check_out;
use super::furnish::{Furnisher, Place};
use super::in_the_way::{cut_short, require_branch, require_free};
use super::leftovers::Moved;
use super::moved::require_not_moved;
use super::prepare::Prepared;
use super::record::Failure;
use super::{Progress, Record, Records, Steps, half_made, space};
use crate::error::{Error, Result};
use crate::git::{self, Branch, NewWorktree, Oid};
use crate::plan::TaskId;
use crate::state::{self, Kind, Lock, Project, Settings};
use crate::world::kill_point;

/// What is to be set up, for one plan.
pub struct Setup<'a> {
    /// The project.
    pub project: &'a Project,
    /// Root, branch names, what is copied.
    pub settings: &'a Settings,
    /// The plan's id.
    pub plan: &'a str,
    /// The branch that tasks start from and land on.
    pub into: &'a Branch,
    /// The commit they start at: the tip of `into`, which holds what they depend on.
    pub base: &'a Oid,
}

/// How a task's worktree came to be ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was ready before. What a person should know about it.
    Exists(Record, Vec<String>),
    /// It is ready now.
    Created(Record, Prepared),
    /// It was ready before; a set-up command that had never run in it ran now.
    Prepared(Record, Prepared),
}

impl Outcome {
    /// The worktree.
    pub fn record(&self) -> &Record {
        match self {
            Self::Exists(record, _) | Self::Created(record, _) | Self::Prepared(record, _) => record,
        }
    }
}

/// What one run of set-up did.
#[derive(Debug, Default)]
pub struct SetUpRun {
    /// Worktrees of other plans that were in the way, landed and clean.
    pub moved: Vec<Moved>,
    /// Each task's own result, in the order given.
    pub outcomes: Vec<(TaskId, Result<Outcome>)>,
}

enum Registered {
    /// With what somebody else did to it.
    Ready(Record, Vec<String>, Lock),
    /// To be checked out at this commit.
    Unfinished(Record, Oid, Option<String>, Lock),
    /// To be prepared.
    CheckedOut(Record, Lock),
    /// Another process is at it.
    Elsewhere,
}

impl Setup<'_> {
    /// Sets up the worktrees of these tasks; each has its own result. In those of `busy` tasks somebody works: a
    /// worktree that is ready stays as it is.
    pub fn run(&self, tasks: &[TaskId], busy: &HashSet<TaskId>, steps: &dyn Steps) -> Result<SetUpRun> {
        self.project.remember_home()?;
        let root = self.settings.worktree_root(&self.project.home, self.plan);
        let mut new = 0;
        for task in tasks {
            new += usize::from(self.records().read(self.plan, task)?.is_none());
        }
        space::require(self.project, &root, self.base, new)?;
        self.exclude(&root)?;
        state::create_dir_all(&root)?;
        let outcomes: Vec<OnceLock<Result<Outcome>>> = tasks.iter().map(|_| OnceLock::new()).collect();
        let furnisher = Furnisher::new(self.project, self.settings, root);
        let mut moved = Vec::new();
        // The checkout of one runs while the next is registered.
        rayon::scope(|scope| -> Result<()> {
            if new > 0 {
                let furnisher = &furnisher;
                scope.spawn(move |_| furnisher.look_ahead());
            }
            let lock = self.project.lock("worktrees").acquire()?;
            let mut around = self.look_around()?;
            if new > 0 {
                moved = self.make_room(tasks, &around, &lock, steps)?;
                if !moved.is_empty() {
                    around = Around::read(self.project)?;
                }
            }
            for (task, outcome) in tasks.iter().zip(&outcomes) {
                let registered = self.register(task, &around, &lock);
                let furnisher = &furnisher;
                scope.spawn(move |_| {
                    let busy = busy.contains(task);
                    let result = registered
                        .and_then(|registered| self.finish(task, registered, furnisher, busy, steps));
                    // Set once: each task has one place and one job.
                    let _ = outcome.set(result);
                    steps.done(task.as_str());
                });
            }
            Ok(())
        })?;
        let outcomes = outcomes.into_iter().filter_map(OnceLock::into_inner);
        Ok(SetUpRun { moved, outcomes: tasks.iter().cloned().zip(outcomes).collect() })
    }

    /// Keeps worktrees inside the main checkout, and the plans, out of its `git status`.
    fn exclude(&self, root: &Path) -> Result<()> {
        self.project.exclude_plans()?;
        let Ok(inside) = root.strip_prefix(&self.project.home) else { return Ok(()) };
        match inside.to_string_lossy() {
            inside if inside.is_empty() => Ok(()),
            inside => self.project.exclude(&inside),
        }
    }

    pub(super) fn records(&self) -> Records {
        Records::of(self.project)
    }

    /// Clears what killed runs left half made, then asks git. The caller holds the lock under which
    /// registrations are made.
    pub(super) fn look_around(&self) -> Result<Around> {
        let unfinished =
            self.records().list()?.into_iter().filter(|record| record.progress == Progress::Creating);
        for record in unfinished {
            if let Some(_nobody_is_at_it) = self.task_lock(&record.task).try_acquire()? {
                half_made::clear(self.project, &record)?;
            }
        }
        Around::read(self.project)
    }

    pub(super) fn task_lock(&self, task: &TaskId) -> state::LockFile {
        self.project.lock(&format!("worktree-{}", task.folded()))
    }

    fn register(&self, task: &TaskId, around: &Around, lock: &Lock) -> Result<Registered> {
        let Some(task_lock) = self.task_lock(task).try_acquire()? else {
            return Ok(Registered::Elsewhere);
        };
        let recorded = self.records().read(self.plan, task)?;
        if let Some(under_way) = recorded.as_ref().and_then(|record| record.under_way.as_ref()) {
            return Err(cut_short(task, under_way));
        }
        let mut known = recorded.is_some();
        let (mut record, instead) = match recorded {
            Some(record) => (record, None),
            None => self.new_record(task, around, false)?,
        };
        let tip = around.tips.get(&record.branch);
        match around.at(&record.path) {
            Some(_) if known && record.progress == Progress::Creating => {
                let tip = tip.ok_or_else(|| Error::refused(format!("branch `{}` is gone", record.branch)))?;
                return Ok(Registered::Unfinished(record, tip.clone(), None, task_lock));
            }
            Some(entry) if !entry.prunable && entry.path.exists() && known => {
                require_branch(entry, &record)?;
                let mut notes = Vec::new();
                match &entry.locked {
                    // A run was killed between recording and unlocking, or has unlocked it since we asked.
                    Some(reason) if *reason == record.lock_reason() => half_made::unlock(&record)?,
                    Some(_) => notes.push(entry.lock_note()),
                    None => {}
                }
                return Ok(match record.progress {
                    Progress::Ready => Registered::Ready(record, notes, task_lock),
                    _ => Registered::CheckedOut(record, task_lock),
                });
            }
            Some(entry) if !known => return Err(self.foreign_worktree(entry)),
            // Somebody removed the folder by hand; the branch is still there.
            Some(entry) if !entry.path.exists() => self.unregister(entry, &record, &around.registrations)?,
            _ if known => require_not_moved(self.project, self.settings, &record, &around.registrations)?,
            _ => {}
        }
        require_free(&record.path)?;
        if let Some(tip) = tip {
            // The journal has a branch whose record was lost as this task's.
            known |= instead.is_none() && self.is_own(&record, around)?;
            self.require_own_branch(&record, tip, known, around)?;
        } else {
            self.require_makeable(&record.branch, task, around)?;
            (record.base, record.into) = (self.base.clone(), self.into.clone());
        }
        record.progress = Progress::Creating;
        record.port = record.port.or_else(|| around.free_port());
        kill_point("setup-record");
        self.records().write(&record)?;
        kill_point("setup-registration");
        let new = NewWorktree {
            path: &record.path,
            branch: Some(&record.branch),
            base: if tip.is_none() { Some(&record.base) } else { None },
            reason: &record.lock_reason(),
        };
        git::add_worktree(self.project.git_dir(), &new, lock.file())?;
        let tip = tip.unwrap_or(&record.base).clone();
        Ok(Registered::Unfinished(record, tip, instead, task_lock))
    }

    /// Finishes what is registered; a failure is kept in the record, for `ctx doctor`.
    fn finish(
        &self,
        task: &TaskId,
        registered: Registered,
        furnisher: &Furnisher<'_>,
        busy: bool,
        steps: &dyn Steps,
    ) -> Result<Outcome> {
        match registered {
            Registered::Ready(record, notes, lock) => {
                self.run_what_never_ran(record, notes, &lock, furnisher, busy, steps)
            }
            Registered::Unfinished(record, tip, instead, lock) => {
                steps.step(task.as_str(), "checking out");
                let made = self
                    .check_out(record, &tip, &lock)
                    .and_then(|record| self.furnish(record, &lock, furnisher, false, steps));
                self.keep_failure(task, made).map(|(record, mut prepared)| {
                    prepared.notes.extend(instead.map(|who| named_otherwise(&record, &who)));
                    Outcome::Created(record, prepared)
                })
            }
            Registered::CheckedOut(record, lock) => {
                let told = self.told(task)?;
                let made = self.furnish(record, &lock, furnisher, told, steps);
                self.keep_failure(task, made).map(|(record, prepared)| Outcome::Created(record, prepared))
            }
            // Waits for another process that is at this task, then looks again.
            Registered::Elsewhere => {
                steps.step(task.as_str(), "waiting for another `ctx`");
                drop(self.task_lock(task).acquire_within(SET_UP_PATIENCE)?);
                let lock = self.project.lock("worktrees").acquire()?;
                let around = self.look_around()?;
                let registered = self.register(task, &around, &lock)?;
                drop(lock);
                self.finish(task, registered, furnisher, busy, steps)
            }
        }
    }

    pub(super) fn keep_failure<T>(&self, task: &TaskId, made: Result<T>) -> Result<T> {
        if let Err(error) = &made
            && let Some(record) = self.records().read(self.plan, task)?
        {
            self.records().write(&Record { failure: Some(Failure::of(error)), ..record })?;
        }
        made
    }

    fn check_out(&self, mut record: Record, tip: &Oid, lock: &Lock) -> Result<Record> {
        kill_point("setup-check-out");
        check_out(self.project, &record.path, tip, lock)?;
        record.progress = Progress::CheckedOut;
        kill_point("setup-checked-out");
        self.records().write(&record)?;
        kill_point("setup-unlock");
        half_made::unlock(&record)?;
        Ok(record)
    }

    /// Does the journal say that it is ready? Then a run was killed right before recording it.
    pub(super) fn told(&self, task: &TaskId) -> Result<bool> {
        let events = self.project.journal().read()?;
        let last = events.iter().rev().find(|event| {
            event.plan.as_deref() == Some(self.plan)
                && event.task.as_deref() == Some(task.as_str())
                && !matches!(event.kind, Kind::Status { .. })
        });
        Ok(last.is_some_and(|event| matches!(event.kind, Kind::WorktreeReady { .. })))
    }

    pub(super) fn furnish(
        &self,
        mut record: Record,
        lock: &Lock,
        furnisher: &Furnisher<'_>,
        told: bool,
        steps: &dyn Steps,
    ) -> Result<(Record, Prepared)> {
        let git_dir = half_made::git_dir(&record.path, record.task.as_str())?;
        let name = &format!("{}/{}", self.plan, record.task);
        let place = Place { path: &record.path, git_dir: &git_dir, name, port: record.port, from: None };
        let prepared = furnisher
            .run(&place, lock, steps)
            .map_err(|error| error.hint(format!("then run `ctx worktree setup {}` again", record.task)))?;
        if !told {
            kill_point("setup-journal");
            let branch = Some(record.branch.clone());
            let kind = Kind::WorktreeReady { base: record.base.clone(), branch };
            self.project.journal().record(Some(self.plan), Some(record.task.as_str()), kind)?;
        }
        (record.progress, record.failure) = (Progress::Ready, None);
        record.git = git::Fingerprint::of(&record.path, crate::world::home().as_deref());
        kill_point("setup-ready");
        self.records().write(&record)?;
        Ok((record, prepared))
    }
}

/// Why a worktree does not have its task's plain name.
fn named_otherwise(record: &Record, who: &str) -> String {
    let name = record.path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(record.task.as_str()).unwrap_or(&name);
    format!("worktree and branch have `{stem}` before their names: {who} has the plain ones")
}

/// Somebody else's installation of packages may take its time.
pub(super) const SET_UP_PATIENCE: Duration = Duration::from_hours(1);
