//! Brings back a worktree that was removed: branch, registration, files, index, and what the trash has.
//!
//! The record says what was begun, and is settled last: an undo that is cut short is finished by the same
//! command. Nothing that is in the way is overwritten.

use std::fs;
use std::path::{Path, PathBuf};

use super::around::Around;
use super::checkout::check_out;
use super::furnish::Furnished;
use super::names::Names;
use super::pool::Pool;
use super::saved::{Holds, Saved, Store};
use super::snapshot::own_files;
use super::{Progress, Record, Records, Steps, UnderWay, half_made, ports};
use crate::error::{Error, Result};
use crate::git::{self, Branch, Entry, Files, Mode, NewWorktree, RefUpdate, Registration, Repository};
use crate::state::{self, CopyOf, Kind, Lock, Project, Settings};
use crate::world::kill_point;

/// How many bytes of blobs are in memory at once, unless a single one is larger.
const BATCH: u64 = 32 << 20;

/// Brings back what was removed from one repository.
pub struct Undo<'a> {
    project: &'a Project,
    settings: &'a Settings,
    records: Vec<Record>,
}

impl<'a> Undo<'a> {
    /// Reads what is recorded. The caller holds the lock `worktrees` where anything is to change.
    pub fn new(project: &'a Project, settings: &'a Settings) -> Result<Self> {
        Ok(Self { project, settings, records: Records::of(project).list()? })
    }

    /// Everything that can be brought back, oldest first.
    pub fn list(&self) -> Result<Vec<Saved>> {
        self.store().list(&self.records)
    }

    fn store(&self) -> Store<'a> {
        Store::of(self.project)
    }

    /// Brings back the one with this id, or the only one of this task. Gives its record, and the folder
    /// with what of the trash was in the way, if there is any.
    ///
    /// Where another plan has the plain name by now, worktree and branch get the plan's name in theirs.
    pub fn restore(&self, wanted: &str, lock: &Lock, steps: &dyn Steps) -> Result<(Record, Option<PathBuf>)> {
        if let Some((id, record)) = self.begun(wanted)
            && self.store().restored(id)?
        {
            return Ok((self.settle(record)?, None));
        }
        let saved = self.find(wanted)?;
        let task = &saved.holds.record.task;
        let _task_lock = self.project.lock(&format!("worktree-{}", task.folded())).acquire()?;
        let around = Around::read(self.project)?;
        let begun = self.begun(&saved.id).map(|(_, record)| record.clone());
        let (path, branch) = match &begun {
            Some(record) => (record.path.clone(), record.branch.clone()),
            None => self.free_names(&saved, &around)?,
        };
        let registrations = &around.registrations;
        let begun = begun.is_some();
        steps.step(task.as_str(), "bringing back its files");
        let under_way = Some(UnderWay::Restoring(saved.id.clone()));
        // Its ports may be another's by now.
        let mut taken = Records::of(self.project).ports()?;
        taken.extend(Pool::ports_of(self.project)?);
        let port = saved.holds.record.port.filter(|port| begun || !taken.contains(port));
        let port = port.or_else(|| ports::free(&taken));
        let progress = Progress::Creating;
        let record = Record { path, branch, progress, under_way, port, ..saved.holds.record.clone() };
        let done = registrations.iter().any(|entry| entry.path == record.path && entry.locked.is_none());
        if !(begun && done) {
            kill_point("undo-begin");
            Records::of(self.project).write(&record)?;
            self.register(&saved, &record, lock)?;
            self.fill(&saved, &record, lock)?;
            kill_point("undo-unlock");
            half_made::unlock(&record)?;
        }
        self.note_in_journal(&saved, &record)?;
        kill_point("undo-mark");
        self.store().mark_restored(&saved)?;
        kill_point("undo-record");
        let trash = Some(saved.trash()).filter(|folder| folder.exists());
        Ok((self.settle(&record)?, trash))
    }

    /// The undo of this id or task that was cut short.
    fn begun(&self, wanted: &str) -> Option<(&str, &Record)> {
        self.records.iter().find_map(|record| match &record.under_way {
            Some(UnderWay::Restoring(id)) if id == wanted || record.task.as_str() == wanted => {
                Some((id.as_str(), record))
            }
            _ => None,
        })
    }

    fn settle(&self, record: &Record) -> Result<Record> {
        let record = Record { progress: Progress::Ready, under_way: None, ..record.clone() };
        Records::of(self.project).write(&record)?;
        Ok(record)
    }

    fn find(&self, wanted: &str) -> Result<Saved> {
        let mut all = self.list()?;
        let wanted = self.begun(wanted).map_or(wanted, |(id, _)| id);
        if let Some(at) = all.iter().position(|saved| saved.id == wanted) {
            return Ok(all.swap_remove(at));
        }
        let releasing = Some(UnderWay::Releasing(wanted.to_owned()));
        if let Some(record) = self.records.iter().find(|record| record.under_way == releasing) {
            return Err(Error::refused(format!("the release `{wanted}` was not finished"))
                .hint(format!("finish it with `ctx pool release {}`, then run this again", record.task)));
        }
        let removing = Some(UnderWay::Removing(wanted.to_owned()));
        if self.records.iter().any(|record| record.under_way == removing) {
            return Err(Error::refused(format!("the removal `{wanted}` was not finished"))
                .hint("finish it with `ctx cleanup`, then run this again"));
        }
        all.retain(|saved| saved.holds.record.task.as_str() == wanted);
        match &all[..] {
            [one] => Ok(one.clone()),
            [] => Err(Error::refused(format!("nothing was saved as `{wanted}`"))
                .hint("see `ctx undo` for what can be brought back")),
            several => {
                let ids: Vec<String> = several.iter().map(|saved| format!("`{}`", saved.id)).collect();
                Err(Error::refused(format!("`{wanted}` could be {}", ids.join(" or ")))
                    .hint("give the whole id"))
            }
        }
    }

    /// The place and the branch that it had, or those with the plan's name in them where another plan has these.
    fn free_names(&self, saved: &Saved, around: &Around) -> Result<(PathBuf, Branch)> {
        let record = &saved.holds.record;
        let Record { plan, task, path, branch, .. } = record;
        if self.records.iter().any(|other| other.plan == *plan && other.task == *task) {
            return Err(Error::refused(format!("`{task}` of plan `{plan}` has a worktree")).hint(format!(
                "save and remove it with `ctx cleanup {task}`, then run `ctx undo {}`",
                saved.id
            )));
        }
        let has = |other: &Record| around.same_path(&other.path, path) || around.clash(&other.branch, branch);
        if !self.records.iter().any(has) {
            self.require_free(saved, &around.registrations)?;
            return Ok((path.clone(), branch.clone()));
        }
        let root = path.parent().unwrap_or(path);
        let branch_of = |name: &str| self.settings.branch(plan, name);
        let names = Names { plan, task, root: Some(root), branch: &branch_of };
        let named = names.choose(around);
        let moved = Saved {
            holds: Holds {
                record: Record {
                    path: named.path.unwrap_or_else(|| path.clone()),
                    branch: named.branch,
                    ..record.clone()
                },
                ..saved.holds.clone()
            },
            ..saved.clone()
        };
        self.require_free(&moved, &around.registrations)?;
        Ok((moved.holds.record.path, moved.holds.record.branch))
    }

    /// Nobody has the branch or the place by now.
    fn require_free(&self, saved: &Saved, registrations: &[Registration]) -> Result<()> {
        let Holds { record, tip, .. } = &saved.holds;
        let Record { branch, path, .. } = record;
        let again = format!("then run `ctx undo {}`", saved.id);
        let at = |entry: &&Registration| entry.path == *path;
        if fs::symlink_metadata(path).is_ok()
            && fs::read_dir(path).map_or(true, |mut dir| dir.next().is_some())
        {
            return Err(
                Error::refused(format!("`{}` exists", path.display())).hint(format!("move it away, {again}"))
            );
        }
        if registrations.iter().any(|entry| at(&entry)) {
            return Err(Error::refused(format!(
                "git has another worktree registered at `{}`",
                path.display()
            ))
            .hint(format!("remove it with `git worktree remove {}`, {again}", path.display())));
        }
        if let Some(other) = registrations.iter().find(|entry| entry.branch.as_ref() == Some(branch)) {
            return Err(Error::refused(format!(
                "branch `{branch}` is checked out in `{}`",
                other.path.display()
            ))
            .hint(format!("switch that worktree to another branch, {again}")));
        }
        match git::resolve(self.project.git_dir(), &branch.full())? {
            Some(now) if now != *tip => {
                Err(Error::refused(format!("branch `{branch}` exists, at {}", now.short())).hint(format!(
                    "give it another name with `git branch -m {branch} old/{branch}`, {again}"
                )))
            }
            _ => Ok(()),
        }
    }

    /// The branch, and a registration that is locked until everything is there.
    fn register(&self, saved: &Saved, record: &Record, lock: &Lock) -> Result<()> {
        let dir = self.project.git_dir();
        let tip = &saved.holds.tip;
        let name = record.branch.full();
        if git::resolve(dir, &name)?.is_none() {
            kill_point("undo-branch");
            let update = RefUpdate { name: &name, new: Some(tip), old: &tip.zero(), reason: "ctx undo" };
            let made = git::update_ref(dir, &update);
            // A branch named like a folder of this one, or the other way round, is in the way.
            let taken = |fact: String| {
                Error::refused(fact)
                    .hint(format!("rename the branch that is in the way, then run `ctx undo {}`", saved.id))
            };
            if !made.map_err(|error| taken(error.to_string()))? {
                return Err(taken(format!("branch `{}` was made meanwhile", record.branch)));
            }
        }
        half_made::clear(self.project, record)?;
        if git::list_worktrees(dir)?.iter().any(|entry| entry.path == record.path) {
            return Ok(());
        }
        kill_point("undo-registration");
        let reason = &record.lock_reason();
        let new = NewWorktree { path: &record.path, branch: Some(&record.branch), base: None, reason };
        Ok(git::add_worktree(dir, &new, lock.file())?)
    }

    fn fill(&self, saved: &Saved, record: &Record, lock: &Lock) -> Result<()> {
        if saved.holds.content.is_none() {
            kill_point("undo-check-out");
            return check_out(self.project, &record.path, &saved.holds.tip, lock);
        }
        let Some(Repository { git_dir, .. }) = Repository::discover(&record.path)? else {
            return Err(Error::environment(format!("`{}` is no worktree", record.path.display())));
        };
        let trash = saved.trash();
        kill_point("undo-ignored");
        state::merge_into(&trash, &record.path)?;
        state::remove_empty_dir(&trash);
        state::remove_empty_dir(trash.parent().unwrap_or(&trash));
        for path in &saved.holds.copies {
            let (from, to) = (self.project.home.join(path), record.path.join(path));
            let there = fs::symlink_metadata(&to).is_ok();
            if !there && fs::symlink_metadata(&from).is_ok_and(|meta| meta.is_file()) {
                state::copy_new(&from, &to, &CopyOf::File)?;
            }
        }
        Furnished::note_copies(&git_dir, &record.path, &saved.holds.copies)?;
        kill_point("undo-content");
        self.write_content(saved, &record.path)?;
        kill_point("undo-index");
        self.write_own_files(saved, &git_dir)?;
        let files = Files { git_dir: &git_dir, dir: &record.path };
        Ok(files.check_out(&files.large_unchanged()?)?)
    }

    fn write_content(&self, saved: &Saved, to: &Path) -> Result<()> {
        let dir = self.project.git_dir();
        let mut batch: Vec<Entry> = Vec::new();
        let mut size = 0;
        for (entry, bytes) in git::list_tree(dir, &saved.commit)? {
            if entry.mode == Mode::Gitlink {
                state::create_dir_all(&to.join(&entry.path))?;
                continue;
            }
            if !batch.is_empty() && size + bytes > BATCH {
                write_batch(dir, &batch, to)?;
                (batch, size) = (Vec::new(), 0);
            }
            size += bytes;
            batch.push(entry);
        }
        write_batch(dir, &batch, to)
    }

    /// The index as it was: what is staged, what is only intended, what a sparse checkout leaves out.
    fn write_own_files(&self, saved: &Saved, git_dir: &Path) -> Result<()> {
        let commit = format!("{}^2^2", saved.commit);
        for (path, name) in own_files() {
            if let Some(bytes) = git::read_file(self.project.git_dir(), &commit, name)? {
                let path = git_dir.join(path);
                state::create_dir_all(path.parent().unwrap_or(git_dir))?;
                state::replace(&path, &bytes)?;
            }
        }
        Ok(())
    }

    fn note_in_journal(&self, saved: &Saved, record: &Record) -> Result<()> {
        let journal = self.project.journal();
        let Record { plan, task, branch, .. } = record;
        let kind = Kind::WorktreeRestored { saved: saved.id.clone(), branch: Some(branch.clone()) };
        let known = |kind: &Kind| matches!(kind, Kind::WorktreeRestored { saved: id, .. } if *id == saved.id);
        if journal.read()?.iter().any(|event| known(&event.kind)) {
            return Ok(());
        }
        kill_point("undo-journal");
        journal.record(Some(plan), Some(task.as_str()), kind)
    }
}

fn write_batch(dir: &Path, entries: &[Entry], to: &Path) -> Result<()> {
    let oids: Vec<_> = entries.iter().map(|entry| &entry.oid).collect();
    for (n, (entry, bytes)) in entries.iter().zip(git::read_blobs(dir, &oids)?).enumerate() {
        if n == 1 {
            kill_point("undo-content-midway");
        }
        let path = to.join(&entry.path);
        match entry.mode {
            Mode::Link => state::write_link(&path, &bytes)?,
            mode => state::write_content(&path, &bytes, mode == Mode::Executable)?,
        }
    }
    Ok(())
}
