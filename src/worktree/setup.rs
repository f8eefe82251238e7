//! Makes the worktrees of tasks: any number, side by side, and the same result when it is run again.
//!
//! Bare concurrent `git worktree add` loses worktrees. Here the registrations are made one after the
//! other under a lock that all `ctx` processes share; the checkouts, which take the time, run in
//! parallel, each under its task's own lock. A worktree is ready, unlocked and recorded only after its
//! checkout. A run that is killed is finished by the next one.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use super::furnish::{Furnisher, Place};
use super::in_the_way::{cut_short, require_branch, require_free};
use super::pool::Pool;
use super::prepare::Prepared;
use super::{Progress, Record, Records, half_made, ports, space};
use crate::error::{Error, Result};
use crate::git::{self, Branch, NewWorktree, Oid, Registration};
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
    /// It was ready before.
    Exists(Record),
    /// It is ready now.
    Created(Record, Prepared),
}

impl Outcome {
    /// The worktree.
    pub fn record(&self) -> &Record {
        match self {
            Self::Exists(record) | Self::Created(record, _) => record,
        }
    }
}

/// Called from several threads as tasks get on.
pub type Step<'a> = &'a (dyn Fn(&TaskId) + Sync);

enum Registered {
    Exists(Record),
    /// To be checked out at this commit.
    Unfinished(Record, Oid, Lock),
    /// To be prepared.
    CheckedOut(Record, Lock),
    /// Another process is at it.
    Elsewhere,
}

/// What git says under the lock, asked once for all tasks.
pub(super) struct Around {
    pub(super) registrations: Vec<Registration>,
    pub(super) tips: HashMap<Branch, Oid>,
    /// First ports that are taken; those given out in this run among them.
    ports: RefCell<HashSet<u16>>,
}

impl Around {
    fn read(project: &Project) -> Result<Self> {
        let dir = project.git_dir();
        let tips = git::branches(dir)?.into_iter().collect();
        let mut ports = Records::of(project).ports()?;
        ports.extend(Pool::ports_of(project)?);
        let ports = RefCell::new(ports);
        Ok(Self { registrations: git::list_worktrees(dir)?, tips, ports })
    }

    pub(super) fn free_port(&self) -> Option<u16> {
        let port = ports::free(&self.ports.borrow())?;
        self.ports.borrow_mut().insert(port);
        Some(port)
    }

    pub(super) fn at(&self, path: &Path) -> Option<&Registration> {
        self.registrations.iter().find(|entry| entry.path == path)
    }
}

/// What is the same for all worktrees of one run; asked when the first needs it.
pub(super) struct Shared<'a> {
    pub(super) furnisher: Furnisher<'a>,
    post_checkout: OnceLock<PathBuf>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(furnisher: Furnisher<'a>) -> Self {
        Self { furnisher, post_checkout: OnceLock::new() }
    }

    /// Writes the files of a commit, as `git worktree add` does after registering.
    pub(super) fn check_out(&self, worktree: &Path, tip: &Oid, lock: &Lock) -> Result<()> {
        git::reset_hard(worktree, tip, lock.file())?;
        if self.post_checkout(worktree)? {
            git::run_post_checkout(worktree, tip, lock.file())?;
        }
        Ok(())
    }

    /// The project's `post-checkout` hook, if it has one.
    fn post_checkout(&self, worktree: &Path) -> Result<bool> {
        let hook = match self.post_checkout.get() {
            Some(hook) => hook,
            None => {
                let hook = git::hook_path(worktree, "post-checkout")?;
                self.post_checkout.get_or_init(|| hook)
            }
        };
        // A relative `core.hooksPath` is relative to each worktree.
        Ok(worktree.join(hook).exists())
    }
}

impl Setup<'_> {
    /// Sets up the worktrees of these tasks; each has its own result, in the order given. `done` is
    /// called for each as it ends.
    pub fn run(&self, tasks: &[TaskId], done: Step<'_>) -> Result<Vec<(TaskId, Result<Outcome>)>> {
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
        let shared = Shared::new(furnisher);
        // The checkout of one runs while the next is registered.
        rayon::scope(|scope| -> Result<()> {
            let lock = self.project.lock("worktrees").acquire()?;
            let around = self.look_around()?;
            for (task, outcome) in tasks.iter().zip(&outcomes) {
                let registered = self.register(task, &around, &lock);
                let shared = &shared;
                scope.spawn(move |_| {
                    let result = registered.and_then(|registered| self.finish(task, registered, shared));
                    // Set once: each task has one place and one job.
                    let _ = outcome.set(result);
                    done(task);
                });
            }
            Ok(())
        })?;
        let outcomes = outcomes.into_iter().filter_map(OnceLock::into_inner);
        Ok(tasks.iter().cloned().zip(outcomes).collect())
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
        let known = recorded.is_some();
        let mut record = recorded.unwrap_or_else(|| self.new_record(task));
        let tip = around.tips.get(&record.branch);
        match around.at(&record.path) {
            Some(_) if known && record.progress == Progress::Creating => {
                let tip = tip.ok_or_else(|| Error::refused(format!("branch `{}` is gone", record.branch)))?;
                return Ok(Registered::Unfinished(record, tip.clone(), task_lock));
            }
            Some(entry) if !entry.prunable && entry.path.exists() && known => {
                require_branch(entry, &record)?;
                if entry.locked.as_deref() == Some(&record.lock_reason()) {
                    // A run was killed between recording and unlocking, or has unlocked it since we asked.
                    half_made::unlock(&record)?;
                }
                return Ok(match record.progress {
                    Progress::Ready => Registered::Exists(record),
                    _ => Registered::CheckedOut(record, task_lock),
                });
            }
            Some(entry) if !known => return Err(self.foreign_worktree(entry)),
            // Somebody removed the folder by hand; the branch is still there.
            Some(entry) if !entry.path.exists() => self.unregister(entry, &record)?,
            _ => {}
        }
        require_free(&record.path)?;
        if let Some(tip) = tip {
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
        Ok(Registered::Unfinished(record, tip, task_lock))
    }

    pub(super) fn new_record(&self, task: &TaskId) -> Record {
        Record {
            plan: self.plan.to_owned(),
            task: task.clone(),
            path: self.settings.worktree_root(&self.project.home, self.plan).join(task.as_str()),
            branch: Branch::new(self.settings.branch(self.plan, task.as_str())),
            into: self.into.clone(),
            base: self.base.clone(),
            progress: Progress::Creating,
            under_way: None,
            port: None,
            git: None,
        }
    }

    /// Waits for another process that is at this task, then looks again.
    fn finish(&self, task: &TaskId, registered: Registered, shared: &Shared<'_>) -> Result<Outcome> {
        match registered {
            Registered::Exists(record) => Ok(Outcome::Exists(record)),
            Registered::Unfinished(record, tip, lock) => {
                let record = self.check_out(record, &tip, &lock, shared)?;
                self.furnish(record, &lock, shared, false)
            }
            Registered::CheckedOut(record, lock) => {
                let told = self.told(task)?;
                self.furnish(record, &lock, shared, told)
            }
            Registered::Elsewhere => {
                drop(self.task_lock(task).acquire_within(SET_UP_PATIENCE)?);
                let lock = self.project.lock("worktrees").acquire()?;
                let around = self.look_around()?;
                let registered = self.register(task, &around, &lock)?;
                drop(lock);
                self.finish(task, registered, shared)
            }
        }
    }

    fn check_out(&self, mut record: Record, tip: &Oid, lock: &Lock, shared: &Shared<'_>) -> Result<Record> {
        kill_point("setup-check-out");
        shared.check_out(&record.path, tip, lock)?;
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

    fn furnish(&self, mut record: Record, lock: &Lock, shared: &Shared<'_>, told: bool) -> Result<Outcome> {
        let git_dir = half_made::git_dir(&record.path, record.task.as_str())?;
        let name = &format!("{}/{}", self.plan, record.task);
        let place = Place { path: &record.path, git_dir: &git_dir, name, port: record.port };
        let prepared = shared
            .furnisher
            .run(&place, lock)
            .map_err(|error| error.hint(format!("then run `ctx worktree setup {}` again", record.task)))?;
        if !told {
            kill_point("setup-journal");
            let kind = Kind::WorktreeReady { base: record.base.clone() };
            self.project.journal().record(Some(self.plan), Some(record.task.as_str()), kind)?;
        }
        record.progress = Progress::Ready;
        record.git = git::Fingerprint::of(&record.path, crate::world::home().as_deref());
        kill_point("setup-ready");
        self.records().write(&record)?;
        Ok(Outcome::Created(record, prepared))
    }
}

/// Somebody else's installation of packages may take its time.
pub(super) const SET_UP_PATIENCE: Duration = Duration::from_hours(1);
