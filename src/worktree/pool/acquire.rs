//! Gives a free slot to a task: its branch is made at the base and checked out there.
//!
//! Which slot is decided and written under the lock `worktrees`; the switch runs under the task's lock
//! alone, beside other processes' switches. The record says what was begun: the same command finishes it.

use std::fs;
use std::path::Path;

use super::make::{Pooling, none_free};
use super::{Lease, Pool, Slot, SlotState};
use crate::error::{Error, Result};
use crate::git::{self, GitError, RefUpdate};
use crate::plan::TaskId;
use crate::state::{self, Kind, Lock};
use crate::worktree::furnish::Place;
use crate::worktree::in_the_way::cut_short;
use crate::worktree::leftovers::Moved;
use crate::worktree::prepare::Prepared;
use crate::worktree::saved::TRASH;
use crate::worktree::setup::Setup;
use crate::worktree::{Progress, Record, Steps, UnderWay, half_made};
use crate::world::{self, kill_point};

/// A slot that a task has.
#[derive(Clone, Debug)]
pub struct Acquired {
    /// The slot's name.
    pub slot: String,
    /// The task's worktree.
    pub record: Record,
    /// What was done in it; none if the task had it before.
    pub prepared: Option<Prepared>,
    /// Worktrees of other plans that were in the way, landed and clean.
    pub moved: Vec<Moved>,
}

impl Setup<'_> {
    /// Gives a slot to a task. The same one if it has one.
    pub fn acquire(&self, task: &TaskId, steps: &dyn Steps) -> Result<Acquired> {
        steps.step(task.as_str(), "taking a slot");
        let worktrees = self.project.lock("worktrees").acquire()?;
        let mut moved = Vec::new();
        if self.records().read(self.plan, task)?.is_none() {
            moved = self.make_room(std::slice::from_ref(task), &self.look_around()?, &worktrees, steps)?;
        }
        let Some(lock) = self.task_lock(task).try_acquire()? else {
            return Err(Error::refused(format!("another process is at the worktree of `{task}`"))
                .hint("run the command again when it is done"));
        };
        let pool = Pool::read(self.project)?;
        let known = self.records().read(self.plan, task)?;
        let slot_of = |record: &Record| pool.at(&record.path).cloned();
        let (slot, record, begun) = match known {
            None => {
                let (slot, record) = self.lease(task, &pool)?;
                (slot, record, false)
            }
            Some(record) => match (slot_of(&record), &record.under_way) {
                (Some(slot), Some(UnderWay::Acquiring(_))) => (slot, record, true),
                (_, Some(under_way)) => return Err(cut_short(task, under_way)),
                (Some(slot), None) if record.progress == Progress::Ready => {
                    return Ok(Acquired { slot: slot.name, record, prepared: None, moved });
                }
                (Some(slot), None) => return self.furnish_slot(slot, record, &lock, true, steps),
                (None, None) => {
                    return Err(Error::refused(format!(
                        "`{task}` has a worktree outside the pool: `{}`",
                        record.path.display()
                    ))
                    .hint(format!(
                        "work there, or remove it with `ctx cleanup {task} --include-unmerged` first"
                    )));
                }
            },
        };
        if !begun {
            // Under the lock: nobody else makes the branch meanwhile.
            kill_point("acquire-branch");
            if let Err(error) = self.make_branch(&record) {
                self.give_back(&slot, &record)?;
                return Err(error);
            }
        }
        drop(worktrees);
        if begun {
            self.switch_again(&record, &lock)?;
        } else {
            kill_point("acquire-switch");
            if let Err(error) = git::switch(&record.path, Ok(&record.branch), lock.file()) {
                let _worktrees = self.project.lock("worktrees").acquire()?;
                self.give_back(&slot, &record)?;
                return Err(refused(&slot, error));
            }
        }
        let acquired = self.furnish_slot(slot, record, &lock, false, steps)?;
        Ok(Acquired { moved, ..acquired })
    }

    /// Chooses a free slot, and writes down who has it.
    fn lease(&self, task: &TaskId, pool: &Pool) -> Result<(Slot, Record)> {
        let around = self.look_around()?;
        let (mut record, _) = self.new_record(task, &around, true)?;
        if let Some(tip) = around.tips.get(&record.branch) {
            self.require_own_branch(&record, tip, false, &around)?;
        }
        self.require_makeable(&record.branch, task, &around)?;
        let records = self.records().list()?;
        let mut passed = Vec::new();
        // Leased to this very task, and no record written: a run was killed in between.
        let ours = |slot: &Slot| {
            let lease = slot.lease.as_ref().filter(|_| slot.record(&records).is_none());
            lease.is_some_and(|lease| lease.plan == self.plan && lease.task == task.as_str())
        };
        let free = |slot: &&Slot| slot.state(&records) == SlotState::Free || ours(slot);
        let mut free: Vec<&Slot> = pool.slots.iter().filter(free).collect();
        // The fewest files change where the base is the same.
        free.sort_by_key(|slot| (!ours(slot), slot.base != *self.base));
        let mut chosen = None;
        for slot in free {
            match slot.at_rest(self.project, &around.registrations)? {
                Ok(()) => {
                    chosen = Some(slot);
                    break;
                }
                Err(why) => passed.push(format!("`{}`: {why}", slot.name)),
            }
        }
        let Some(slot) = chosen else { return Err(none_free(pool, &passed, task.as_str())) };
        record.path.clone_from(&slot.path);
        record.port = slot.port.or_else(|| around.free_port());
        record.under_way = Some(UnderWay::Acquiring(slot.name.clone()));
        kill_point("acquire-lease");
        let lease = Lease::now(self.plan, task);
        Pool::change(self.project, &slot.name, |slot| slot.lease = Some(lease))?;
        kill_point("acquire-record");
        self.records().write(&record)?;
        Ok((slot.clone(), record))
    }

    fn make_branch(&self, record: &Record) -> Result<()> {
        let dir = self.project.git_dir();
        let name = record.branch.full();
        let update = RefUpdate {
            name: &name,
            new: Some(&record.base),
            old: &record.base.zero(),
            reason: "ctx pool acquire",
        };
        if git::update_ref(dir, &update)? {
            return Ok(());
        }
        Err(Error::refused(format!("branch `{}` was made meanwhile", record.branch))
            .hint(format!("see whose it is, then run `ctx pool acquire {}`", record.task)))
    }

    /// Takes back what was begun with a slot in which nothing was changed.
    fn give_back(&self, slot: &Slot, record: &Record) -> Result<()> {
        let name = record.branch.full();
        if let Some(tip) = git::resolve(self.project.git_dir(), &name)?
            && tip == record.base
            && git::list_worktrees(self.project.git_dir())?
                .iter()
                .all(|entry| entry.branch.as_ref() != Some(&record.branch))
        {
            let update = RefUpdate { name: &name, new: None, old: &tip, reason: "ctx pool acquire" };
            git::update_ref(self.project.git_dir(), &update)?;
        }
        self.records().remove(record)?;
        Pool::change(self.project, &slot.name, |slot| slot.lease = None)
    }

    /// An earlier run was killed somewhere between making the branch and having it checked out.
    fn switch_again(&self, record: &Record, lock: &Lock) -> Result<()> {
        let dir = self.project.git_dir();
        let git_dir = half_made::git_dir(&record.path, record.task.as_str())?;
        half_made::clear(self.project, record)?;
        half_made::remove_locks(&git_dir)?;
        if git::resolve(dir, &record.branch.full())?.is_none() {
            self.make_branch(record)?;
        }
        // As it was before, or as it shall be: git does it by itself, and refuses to overwrite anything.
        if git::switch(&record.path, Ok(&record.branch), lock.file()).is_ok() {
            return Ok(());
        }
        // Something in between. Nobody works in it before it is ready; what git wrote is in its commits, and
        // whatever else lies there is put aside.
        Pooling { project: self.project, settings: self.settings }.set_aside(record, &record.path, None)?;
        git::point_head(&record.path, &record.branch)?;
        git::reset_hard(&record.path, &self.project.branch_tip(&record.branch)?, lock.file())?;
        Ok(())
    }

    fn furnish_slot(
        &self,
        slot: Slot,
        mut record: Record,
        lock: &Lock,
        told: bool,
        steps: &dyn Steps,
    ) -> Result<Acquired> {
        let git_dir = half_made::git_dir(&record.path, record.task.as_str())?;
        let name = &format!("{}/{}", self.plan, record.task);
        let place =
            Place { path: &record.path, git_dir: &git_dir, name, port: record.port, from: Some(&slot.base) };
        let pooling = Pooling { project: self.project, settings: self.settings };
        let furnisher = pooling.furnisher();
        if record.progress == Progress::Creating {
            furnisher.refresh(&place)?;
            record.progress = Progress::CheckedOut;
            record.under_way = None;
            kill_point("acquire-checked-out");
            self.records().write(&record)?;
        }
        let again = format!("then run `ctx pool acquire {}` again", record.task);
        let prepared = furnisher.run(&place, lock, steps).map_err(|error| error.hint(again))?;
        if !(told && self.told(&record.task)?) {
            kill_point("acquire-journal");
            let branch = Some(record.branch.clone());
            let kind = Kind::WorktreeReady { base: record.base.clone(), branch };
            self.project.journal().record(Some(self.plan), Some(record.task.as_str()), kind)?;
        }
        record.progress = Progress::Ready;
        record.git = git::Fingerprint::of(&record.path, world::home().as_deref());
        kill_point("acquire-ready");
        self.records().write(&record)?;
        Ok(Acquired { slot: slot.name, record, prepared: Some(prepared), moved: Vec::new() })
    }
}

impl Pooling<'_> {
    /// Moves the files at a place that no commit checked out there holds to the trash of a task: of one
    /// removal, or of now.
    pub(super) fn set_aside(&self, record: &Record, place: &Path, id: Option<&str>) -> Result<()> {
        let time = world::now().strftime("%Y%m%d-%H%M%S");
        let id = id.map_or_else(|| format!("{time}-{}", record.task), str::to_owned);
        let root = self.settings.worktree_root(&self.project.home, &record.plan);
        let folder = root.join(TRASH).join(id);
        for (_, path) in &git::status(place)?.0 {
            let (from, to) = (place.join(path), folder.join(path));
            if fs::symlink_metadata(&from).is_ok() && fs::symlink_metadata(&to).is_err() {
                state::create_dir_all(to.parent().unwrap_or(&folder))?;
                state::move_to(&from, &to)?;
            }
        }
        Ok(())
    }
}

fn refused(slot: &Slot, error: GitError) -> Error {
    match error {
        GitError::Failed { stderr, .. } => {
            Error::refused(format!("git does not switch `{}`; it is as it was:\n{stderr}", slot.name))
                .hint("move what it names out of the way, then run the command again")
        }
        error => error.into(),
    }
}
