//! Makes slots, detached at the base and with their set-up done; takes free ones down again.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{MARK, Pool, Slot, SlotState};
use crate::error::{Error, Result};
use crate::git::{self, NewWorktree, Oid};
use crate::state::{self, Lock, LockFile, Project, Settings};
use crate::worktree::checkout::check_out;
use crate::worktree::furnish::{Furnished, Furnisher, Place};
use crate::worktree::half_made::{self, Begun};
use crate::worktree::prepare::Prepared;
use crate::worktree::remove::empty;
use crate::worktree::saved::TRASH;
use crate::worktree::setup::SET_UP_PATIENCE;
use crate::worktree::{Failure, Progress, Steps, ports, space};
use crate::world::{self, kill_point};

/// The slots of one repository, for who makes, takes or gives back.
#[derive(Clone, Copy)]
pub struct Pooling<'a> {
    /// The project.
    pub project: &'a Project,
    /// Root, copies, set-up.
    pub settings: &'a Settings,
}

/// What became of a slot.
pub type Made = (String, Result<Option<Prepared>>);

impl Pooling<'_> {
    /// The lock of whoever makes this slot.
    pub(super) fn slot_lock(&self, name: &str) -> LockFile {
        self.project.lock(&format!("pool-{name}"))
    }

    pub(super) fn furnisher(&self) -> Furnisher<'_> {
        let root = self.settings.worktree_root(&self.project.home, "pool");
        Furnisher::new(self.project, self.settings, root)
    }

    /// Makes slots until there are `count`, and finishes what is half made. What each came to; `None`: another
    /// process made it.
    pub fn init(&self, count: usize, base: &Oid, steps: &dyn Steps) -> Result<Vec<Made>> {
        let mut made = self.init_once(count, base, steps)?;
        let busy: Vec<String> = made
            .iter()
            .filter(|(_, result)| matches!(result, Ok(None)))
            .map(|(name, _)| name.clone())
            .collect();
        if busy.is_empty() {
            return Ok(made);
        }
        for name in &busy {
            steps.step(name, "waiting for another `ctx`");
            drop(self.slot_lock(name).acquire_within(SET_UP_PATIENCE)?);
        }
        // It may have been a killed one's git.
        let again = self.init_once(count, base, steps)?;
        made.retain(|(name, _)| again.iter().all(|(other, _)| other != name));
        made.extend(again);
        Ok(made)
    }

    /// Each worker notes and registers one slot, makes it, and takes the next: whenever this is killed, only those
    /// that were begun are half made.
    fn init_once(&self, count: usize, base: &Oid, steps: &dyn Steps) -> Result<Vec<Made>> {
        self.project.remember_home()?;
        self.project.exclude_plans()?;
        let root = self.settings.worktree_root(&self.project.home, "pool");
        if let Ok(inside) = root.strip_prefix(&self.project.home) {
            self.project.exclude(&inside.to_string_lossy())?;
        }
        let there = Pool::read(self.project)?.slots.len();
        space::require(self.project, &root, base, count.saturating_sub(there))?;
        state::create_dir_all(&root)?;
        let furnisher = self.furnisher();
        // Slots that this run has begun.
        let begun: Mutex<HashSet<String>> = Mutex::new(HashSet::new());
        let made: Mutex<Vec<Made>> = Mutex::new(Vec::new());
        let work = || -> Result<()> {
            loop {
                let (slot, registered) = {
                    let mut begun = begun.lock().unwrap_or_else(PoisonError::into_inner);
                    let lock = self.project.lock("worktrees").acquire()?;
                    let Some(slot) = self.next_slot(count, base, &root, &begun)? else { return Ok(()) };
                    begun.insert(slot.name.clone());
                    steps.step(&slot.name, "registering");
                    let registered = self.register(&slot, &lock);
                    (slot, registered)
                };
                let result = match registered {
                    Ok(Some(lock)) => self.finish(&slot, &furnisher, &lock, steps).map(Some),
                    Ok(None) => Ok(None),
                    Err(error) => Err(error),
                };
                if let Err(error) = &result {
                    let failure = Some(Failure::of(error));
                    Pool::change(self.project, &slot.name, |slot| slot.failure = failure)?;
                }
                steps.done(&slot.name);
                made.lock().unwrap_or_else(PoisonError::into_inner).push((slot.name, result));
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..rayon::current_num_threads()).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| {
                worker.join().unwrap_or_else(|_| Err(Error::environment("a worker of `ctx` ended early")))
            })
        })?;
        let mut made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
        made.sort_by_key(|(name, _)| (name.len(), name.clone()));
        Ok(made)
    }

    /// The next slot to be made: one that is half made, or a new one, which is noted first. `None` if there are
    /// enough. The caller holds the lock `worktrees`.
    fn next_slot(
        &self,
        count: usize,
        base: &Oid,
        root: &Path,
        begun: &HashSet<String>,
    ) -> Result<Option<Slot>> {
        let records = super::records(self.project)?;
        let half_made =
            |slot: &&Slot| !begun.contains(&slot.name) && slot.state(&records) == SlotState::HalfMade;
        let pool = Pool::read(self.project)?;
        if let Some(slot) = pool.slots.iter().find(half_made) {
            return Ok(Some(slot.clone()));
        }
        if pool.slots.len() >= count {
            return Ok(None);
        }
        let mut taken: HashSet<u16> = records.iter().filter_map(|record| record.port).collect();
        kill_point("pool-plan");
        Pool::update(self.project, |pool| {
            taken.extend(pool.ports());
            let free = |(name, path): &(String, PathBuf)| {
                pool.slots.iter().all(|slot| slot.name != *name)
                    && path.symlink_metadata().is_err()
                    && records.iter().all(|record| record.path != *path)
            };
            let names = (1..).map(|n| format!("slot.{n}")).map(|name| {
                let path = root.join(&name);
                (name, path)
            });
            let (name, path) = names.into_iter().find(free)?;
            let slot = Slot {
                name,
                path,
                progress: Progress::Creating,
                base: base.clone(),
                port: ports::free(&taken),
                lease: None,
                doubt: false,
                going: false,
                failure: None,
            };
            pool.slots.push(slot.clone());
            Some(slot)
        })
    }

    /// Registers a slot unless that was done before; none: another process is at it.
    fn register(&self, slot: &Slot, lock: &Lock) -> Result<Option<Lock>> {
        let Some(slot_lock) = self.slot_lock(&slot.name).try_acquire()? else { return Ok(None) };
        if slot.progress == Progress::CheckedOut {
            return Ok(Some(slot_lock));
        }
        let reason = &slot.lock_reason();
        half_made::clear_begun(self.project, &Begun { path: &slot.path, reason, branch: None })?;
        let dir = self.project.git_dir();
        if git::list_worktrees(dir)?.iter().all(|entry| entry.path != slot.path) {
            kill_point("pool-registration");
            let new = NewWorktree { path: &slot.path, branch: None, base: Some(&slot.base), reason };
            git::add_worktree(dir, &new, lock.file())?;
        }
        Ok(Some(slot_lock))
    }

    fn finish(
        &self,
        slot: &Slot,
        furnisher: &Furnisher<'_>,
        lock: &Lock,
        steps: &dyn Steps,
    ) -> Result<Prepared> {
        let git_dir = slot.git_dir()?;
        if slot.progress == Progress::Creating {
            kill_point("pool-mark");
            state::replace(&git_dir.join(MARK), slot.name.as_bytes())?;
            kill_point("pool-check-out");
            steps.step(&slot.name, "checking out");
            check_out(self.project, &slot.path, &slot.base, lock)?;
            kill_point("pool-checked-out");
            Pool::change(self.project, &slot.name, |slot| slot.progress = Progress::CheckedOut)?;
        }
        kill_point("pool-unlock");
        state::remove_file(&git_dir.join("locked"))?;
        let name = &format!("pool/{}", slot.name);
        let place = Place { path: &slot.path, git_dir: &git_dir, name, port: slot.port, from: None };
        let prepared = furnisher
            .run(&place, lock, steps)
            .map_err(|error| error.hint("then run `ctx pool init` again"))?;
        kill_point("pool-ready");
        Pool::change(self.project, &slot.name, |slot| {
            (slot.progress, slot.failure) = (Progress::Ready, None);
        })?;
        Ok(prepared)
    }

    /// Takes down every slot that nobody has; those that stay, and why. The caller holds the lock `worktrees`.
    pub fn take_down(&self, steps: &dyn Steps) -> Result<Vec<(String, String)>> {
        let records = super::records(self.project)?;
        let mut kept = Vec::new();
        for slot in Pool::read(self.project)?.slots {
            match slot.state(&records) {
                SlotState::Leased | SlotState::Moving | SlotState::Doubt => {
                    kept.push((slot.name.clone(), "it is leased".to_owned()));
                }
                _ => {
                    steps.step(&slot.name, "removing");
                    if let Err(why) = self.remove(&slot)? {
                        kept.push((slot.name.clone(), why));
                    }
                }
            }
            steps.done(&slot.name);
        }
        Ok(kept)
    }

    fn remove(&self, slot: &Slot) -> Result<std::result::Result<(), String>> {
        let dir = self.project.git_dir();
        let Some(lock) = self.slot_lock(&slot.name).try_acquire()? else {
            return Ok(Err("another process is at it".to_owned()));
        };
        let reason = &slot.lock_reason();
        if slot.progress == Progress::Creating {
            half_made::clear_begun(self.project, &Begun { path: &slot.path, reason, branch: None })?;
        }
        let registrations = git::list_worktrees(dir)?;
        let registration = registrations.iter().find(|entry| entry.path == slot.path);
        let there = slot.path.symlink_metadata().is_ok();
        if let Some(entry) = registration.filter(|_| there) {
            if slot.progress == Progress::Creating && entry.locked.as_deref() == Some(reason) {
                // Nobody ever worked in it: what lies there is a part of its commit.
                git::reset_hard(&slot.path, &slot.base, lock.file())?;
                git::unlock_worktree(dir, &slot.path)?;
            } else if let Err(why) = slot.at_rest(self.project, &registrations)? {
                return Ok(Err(why));
            }
            let head = git::resolve(&slot.git_dir()?, "HEAD")?.unwrap_or_else(|| slot.base.clone());
            if !git::is_named(dir, &head)? {
                return Ok(Err(format!("its commit {} is in no branch", head.short())));
            }
            let noted = Furnished::read(&slot.git_dir()?);
            kill_point("pool-going");
            Pool::change(self.project, &slot.name, |slot| slot.going = true)?;
            let id = format!("{}-{}", world::now().strftime("%Y%m%d-%H%M%S"), slot.name);
            let folder = slot.path.with_file_name(TRASH).join(id);
            state::create_dir_all(folder.parent().unwrap_or(&folder))?;
            kill_point("pool-move");
            state::move_to(&slot.path, &folder)?;
            git::unregister_worktree(dir, &slot.path)?;
            let copies: Vec<_> = noted.copied.into_iter().map(|copied| copied.path).collect();
            empty(self.project, &folder, &head, &copies, (&noted.made, noted.until))?;
        } else if registration.is_some() {
            git::unregister_worktree(dir, &slot.path)?;
        } else if there {
            return Ok(Err("its folder is there, but git has no worktree registered for it".to_owned()));
        }
        Pool::update(self.project, |pool| pool.slots.retain(|other| other.name != slot.name))?;
        Ok(Ok(()))
    }
}

/// What to do where no slot is free.
pub(super) fn none_free(pool: &Pool, passed: &[String], task: &str) -> Error {
    let error = match pool.slots.len() {
        0 => Error::refused("there is no pool").hint("make one with `ctx pool init`"),
        n => {
            let why = passed.iter().map(|why| format!("\n  {why}")).collect::<String>();
            Error::refused(format!("none of the {n} slots is free{why}"))
                .hint(format!("make another with `ctx pool init {}`", n + 1))
        }
    };
    error.hint(format!("or make a worktree outside the pool: `ctx worktree setup {task}`"))
}
