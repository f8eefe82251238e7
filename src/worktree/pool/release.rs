//! Takes a slot back from a task: its work is merged, or the person says so; everything is saved first.
//!
//! The slot stays where it is: its branch is left for the base, by a switch in which git overwrites nothing
//! that is not saved. The record says what was begun, and goes last. The caller holds the lock `worktrees`.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::make::Pooling;
use super::{Pool, Slot, SlotState};
use crate::error::{Error, Result};
use crate::git::{self, Files, GitError, Oid};
use crate::plan::Status;
use crate::state::{self, Lock};
use crate::worktree::examine::{Found, Removable};
use crate::worktree::furnish::Place;
use crate::worktree::names::place;
use crate::worktree::remove::Removal;
use crate::worktree::saved::{Content, Holds, Saved, Store, trash};
use crate::worktree::snapshot::Snapshot;
use crate::worktree::{Kept, Record, Records, UnderWay, half_made};
use crate::world::kill_point;

/// Takes slots back.
pub struct Release<'a> {
    pooling: Pooling<'a>,
    removal: &'a Removal<'a>,
    lock: &'a Lock,
}

/// What a release left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// What `ctx undo` brings back, outside the pool; none if nothing was in it.
    pub saved: Option<String>,
    /// Copies that set-up made and that somebody changed: they are in the trash.
    pub changed_copies: Vec<PathBuf>,
    /// What stayed after all, and why.
    pub notes: Vec<String>,
}

/// What has to go before a slot's branch is left.
#[derive(Default)]
struct Leaving {
    /// Nothing in it is uncommitted.
    is_clean: bool,
    /// Not saved and in the way, relative to the top level.
    aside: Vec<PathBuf>,
}

impl Leaving {
    fn is_nothing_to_take_away(&self) -> bool {
        self.is_clean && self.aside.is_empty()
    }

    /// What went to the trash; `None` if nothing did.
    fn note(&self, id: &str) -> Option<String> {
        let paths = git::summary(self.aside.iter().map(PathBuf::as_path));
        (!self.aside.is_empty()).then(|| {
            format!(
                "{paths} would have been overwritten, ignored by git; `ctx undo {id}` brings it back, too"
            )
        })
    }
}

impl<'a> Release<'a> {
    /// `removal` knows the records, and the risks the person takes.
    pub fn new(pooling: Pooling<'a>, removal: &'a Removal<'a>, lock: &'a Lock) -> Self {
        Self { pooling, removal, lock }
    }

    /// A slot that no record names: free, in doubt, or leased by a run that was killed at once.
    pub fn settle(&self, slot: &Slot) -> Result<()> {
        let project = self.pooling.project;
        let state = slot.state(self.removal.records());
        if state == SlotState::Free {
            return Ok(());
        }
        let stays = |why: String| {
            Error::refused(format!("`{}` is not given back: {why}", slot.name))
                .hint(format!("see what is in `{}`, and commit or move it", slot.path.display()))
        };
        if !matches!(state, SlotState::Doubt | SlotState::Moving) {
            return Err(stays("it is incomplete".to_owned()).hint("finish it with `ctx pool init`"));
        }
        slot.at_rest(project, &git::list_worktrees(project.git_dir())?)?.map_err(stays)?;
        let head = git::resolve(&slot.git_dir()?, "HEAD")?
            .ok_or_else(|| stays("no commit is checked out in it".to_owned()))?;
        if !git::is_named(project.git_dir(), &head)? {
            return Err(stays(format!("its commit {} is in no branch", head.short())));
        }
        kill_point("release-settle");
        Pool::change(project, &slot.name, |slot| {
            (slot.lease, slot.doubt, slot.base) = (None, false, head);
        })
    }

    /// May the task's slot be taken back? Then it is; else why not.
    pub fn release(
        &self,
        slot: &Slot,
        record: Record,
        status: Option<Status>,
    ) -> Result<std::result::Result<Released, Kept>> {
        let project = self.pooling.project;
        if let Some(saved) = self.begun(&record)? {
            let left = self.leave_again(&record, &saved)?;
            return Ok(Ok(self.settle_record(slot, &record, &saved, &left)?));
        }
        let removable = match self.removal.examine(record, status)? {
            Ok(removable) => removable,
            Err(kept) => {
                // Begun by a run that was killed before it had saved anything.
                if let Some(UnderWay::Releasing(_)) = &kept.record.under_way {
                    Records::of(project).write(&Record { under_way: None, ..kept.record.clone() })?;
                }
                return Ok(Err(kept));
            }
        };
        let Removable { record, found, .. } = &removable;
        let (Some(tip), Some(git_dir)) = (&found.tip, &found.git_dir) else {
            let why = "its folder or its branch is gone; `ctx worktree setup` makes it again".to_owned();
            return Ok(Err(Kept { record: record.clone(), why, hint: None }));
        };
        let store = Store::of(project);
        let id = match &record.under_way {
            Some(UnderWay::Releasing(id)) => id.clone(),
            _ => store.free_id(&self.outside(record))?,
        };
        kill_point("release-begin");
        let under_way = Some(UnderWay::Releasing(id.clone()));
        Records::of(project).write(&Record { under_way, ..record.clone() })?;
        let mut holds = self.holds(record, found, tip);
        let (tree, parents) = self.removal.take_down(record, git_dir, &mut holds)?;
        let commit = self.removal.commit(&holds, &tree, &parents)?;
        kill_point("release-save");
        store.write(&id, &commit)?;
        let saved = Saved { id, commit, holds };
        let stays = |error: Error| Kept {
            record: record.clone(),
            why: error.fact,
            hint: error.hints.into_iter().next(),
        };
        let left = self.may_leave(record, git_dir, &saved).and_then(|left| {
            let is_whole = left.is_nothing_to_take_away();
            match self.leave(record, git_dir, &saved, &left) {
                Err(error) if is_whole => Err(error),
                result => Ok(result.map(|()| left)),
            }
        });
        match left {
            Ok(Ok(left)) => Ok(Ok(self.settle_record(slot, record, &saved, &left)?)),
            // What was taken away is in what is saved, which stays; the same command goes on from there.
            Ok(Err(error)) => Ok(Err(stays(
                error
                    .hint(format!("when the cause is gone, finish it with `ctx pool release {}`", slot.name)),
            ))),
            Err(error) => {
                // Nothing was overwritten: the task keeps it.
                store.abandon(&saved.id)?;
                Records::of(project).write(&Record { under_way: None, ..record.clone() })?;
                Ok(Err(stays(error.hint("run the same command again when the cause is gone"))))
            }
        }
    }

    /// What a release that was cut short has saved.
    fn begun(&self, record: &Record) -> Result<Option<Saved>> {
        match &record.under_way {
            Some(UnderWay::Releasing(id)) => Store::of(self.pooling.project).read(id),
            _ => Ok(None),
        }
    }

    /// The record with the place that the work has if it is brought back: the slot is another's by then.
    fn outside(&self, record: &Record) -> Record {
        let Pooling { project, settings } = self.pooling;
        let path = place(project, settings, record);
        Record { path, port: None, under_way: None, ..record.clone() }
    }

    fn holds(&self, record: &Record, found: &Found, tip: &Oid) -> Holds {
        Holds {
            record: self.outside(record),
            tip: tip.clone(),
            integrated: found.integrated.as_ref().map(|(_, into)| into.clone()),
            commits: found.commits,
            changed: found.changed,
            untracked: found.untracked,
            copies: found.copies.clone(),
            made: Vec::new(),
            until: None,
            changed_copies: found.changed_copies.clone(),
            content: None,
        }
    }

    fn base(&self, record: &Record) -> Result<Oid> {
        let base = git::resolve(self.pooling.project.git_dir(), &record.into.full())?;
        Ok(base.unwrap_or_else(|| record.base.clone()))
    }

    /// What has to go before the branch is left for the base; an error if it cannot be left. Changes no file.
    fn may_leave(&self, record: &Record, git_dir: &Path, saved: &Saved) -> Result<Leaving> {
        // Files that git was told not to look at are saved, too; the next task shall not find them.
        Files { git_dir, dir: &record.path }.look_at_everything()?;
        let is_clean = git::status(&record.path)?.clean();
        if !is_clean {
            self.require_as_saved(record, git_dir, saved)?;
        }
        if let Some(lock) = git::held_lock(&record.path, &record.branch)? {
            return Err(Error::refused(format!("git's lock `{}` is there", lock.display())).hint(
                "wait for the git command that holds it; if none runs, remove the lock with `ctx doctor --fix`",
            ));
        }
        Ok(Leaving { is_clean, aside: self.unsaved_in_the_way(record, saved)? })
    }

    /// What git ignores, and would overwrite on the way over the branch's last commit to the base.
    fn unsaved_in_the_way(&self, record: &Record, saved: &Saved) -> Result<Vec<PathBuf>> {
        let Some(Content { index, .. }) = &saved.holds.content else { return Ok(Vec::new()) };
        let (tip, base) = (&saved.holds.tip, self.base(record)?);
        let mut found = Vec::new();
        for (from, to) in [(index, tip), (tip, &base)] {
            let changes = git::path_changes(&record.path, from, to)?;
            found.extend(git::in_the_way(&record.path, index, &changes, &[])?.untracked);
        }
        let entries = git::list_tree(self.pooling.project.git_dir(), &saved.commit)?;
        let held: HashSet<PathBuf> = entries.into_iter().map(|(entry, _)| entry.path).collect();
        found.retain(|path| !held.contains(path));
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Leaves the branch for the base. What is in the way and not saved goes to the trash of what is.
    fn leave(&self, record: &Record, git_dir: &Path, saved: &Saved, left: &Leaving) -> Result<()> {
        put_aside(record, saved, &left.aside)?;
        if !left.is_clean {
            kill_point("release-clear");
            self.clear(record, git_dir, saved)?;
        }
        kill_point("release-switch");
        self.switch(record)
    }

    fn switch(&self, record: &Record) -> Result<()> {
        let base = self.base(record)?;
        git::switch(&record.path, Err(&base), self.lock.file()).map_err(|error| match error {
            GitError::Failed { stderr, .. } => {
                Error::refused(format!("git does not leave `{}`:\n{stderr}", record.branch))
            }
            error => error.into(),
        })
    }

    /// Somebody may have written to it after it was saved.
    fn require_as_saved(&self, record: &Record, git_dir: &Path, saved: &Saved) -> Result<()> {
        let scratch = self.removal.scratch();
        let now = Snapshot::take(Files { git_dir, dir: &record.path }, &scratch);
        state::remove_tree(&scratch)?;
        match (&saved.holds.content, now?) {
            (Some(Content { work, index, .. }), now)
                if now.work == *work && now.index == *index && now.head == saved.holds.tip =>
            {
                Ok(())
            }
            _ => Err(Error::refused("it was changed while it was examined")),
        }
    }

    /// Takes away what is saved and not committed.
    fn clear(&self, record: &Record, git_dir: &Path, saved: &Saved) -> Result<()> {
        git::reset_hard(&record.path, &saved.holds.tip, self.lock.file())?;
        // Asked now: what was only taken out of the index is tracked again, and has to stay.
        let untracked = Files { git_dir, dir: &record.path }.untracked()?;
        for (entry, _) in git::list_tree(self.pooling.project.git_dir(), &saved.commit)? {
            let path = record.path.join(&entry.path);
            if untracked.contains(&entry.path) && fs::symlink_metadata(&path).is_ok() {
                state::remove_file(&path)?;
                for folder in entry.path.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()) {
                    state::remove_empty_dir(&record.path.join(folder));
                }
            }
        }
        Ok(())
    }

    /// As `leave`, for a run that was killed somewhere in it. What is neither saved nor in a commit is put aside.
    fn leave_again(&self, record: &Record, saved: &Saved) -> Result<Leaving> {
        let git_dir = half_made::git_dir(&record.path, record.task.as_str())?;
        half_made::remove_locks(&git_dir)?;
        let head = git::Git::at(&record.path).args(["symbolic-ref", "--quiet", "HEAD"]).output()?;
        let on_branch = String::from_utf8_lossy(&head.stdout).trim() == record.branch.full();
        if !on_branch {
            return Ok(Leaving::default());
        }
        if self.require_as_saved(record, &git_dir, saved).is_ok() {
            let left = self.may_leave(record, &git_dir, saved)?;
            self.leave(record, &git_dir, saved, &left)?;
            return Ok(left);
        }
        self.pooling.set_aside(&saved.holds.record, &record.path, Some(&saved.id))?;
        let left = Leaving { is_clean: false, aside: self.unsaved_in_the_way(record, saved)? };
        put_aside(record, saved, &left.aside)?;
        git::reset_hard(&record.path, &saved.holds.tip, self.lock.file())?;
        self.switch(record)?;
        Ok(left)
    }

    /// Branch, copies, pool, journal, record.
    fn settle_record(&self, slot: &Slot, record: &Record, saved: &Saved, left: &Leaving) -> Result<Released> {
        let project = self.pooling.project;
        let mut removed = crate::worktree::Removed::default();
        removed.notes.extend(left.note(&saved.id));
        self.removal.delete_branch(saved, &mut removed)?;
        self.removal.delete_remote_branch_if_asked(saved, &mut removed)?;
        let git_dir = half_made::git_dir(&record.path, record.task.as_str())?;
        let folder = trash(&saved.holds.record, &saved.id);
        kill_point("release-copies");
        for path in &saved.holds.changed_copies {
            let (from, to) = (record.path.join(path), folder.join(path));
            if fs::symlink_metadata(&from).is_ok() && fs::symlink_metadata(&to).is_err() {
                state::create_dir_all(to.parent().unwrap_or(&folder))?;
                state::move_to(&from, &to)?;
            }
        }
        let slot_place =
            Place { path: &record.path, git_dir: &git_dir, name: &slot.name, port: slot.port, from: None };
        let furnisher = self.pooling.furnisher();
        furnisher.refresh(&slot_place)?;
        furnisher.copy(&slot_place)?;
        kill_point("release-slot");
        let base = git::resolve(&git_dir, "HEAD")?.unwrap_or_else(|| slot.base.clone());
        Pool::change(project, &slot.name, |slot| {
            (slot.lease, slot.doubt, slot.base) = (None, false, base);
        })?;
        self.removal.note_in_journal(record, saved)?;
        kill_point("release-record");
        Records::of(project).remove(record)?;
        let changed_copies = saved.holds.changed_copies.clone();
        Ok(Released { saved: Some(saved.id.clone()), changed_copies, notes: removed.notes })
    }
}

/// Moves what is not saved to the trash of what is.
fn put_aside(record: &Record, saved: &Saved, paths: &[PathBuf]) -> Result<()> {
    let folder = trash(&saved.holds.record, &saved.id);
    for path in paths {
        let to = folder.join(path);
        state::create_dir_all(to.parent().unwrap_or(&folder))?;
        kill_point("release-aside");
        state::move_to(&record.path.join(path), &to)?;
    }
    Ok(())
}
