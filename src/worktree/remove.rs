//! Removes a worktree and its branch so that everything in them can be brought back.
//!
//! In: a `Removable`. First everything is saved under a ref, then the folder moves to the trash in one
//! step, then the rest goes. The record says what was begun, and goes last: whatever is killed in between
//! is finished by the next run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::examine::{Examination, Kept, Removable, Risks};
use super::prepare::same;
use super::saved::{Content, Holds, Saved, Store, trash};
use super::snapshot::Snapshot;
use super::{Record, Records, UnderWay};
use crate::error::{Error, Result};
use crate::git::{self, Files, Oid, RefUpdate};
use crate::plan::Status;
use crate::state::{self, Kind, Project};
use crate::world::kill_point;

/// What a removal left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// What `ctx undo` brings back; none if there was neither a branch nor a folder.
    pub saved: Option<String>,
    /// The folder in the trash that holds the worktree's ignored files, if it had any.
    pub trash: Option<PathBuf>,
    /// What stayed after all, and why.
    pub notes: Vec<String>,
}

/// The removals of one repository.
pub struct Removal<'a> {
    project: &'a Project,
    examination: Examination<'a>,
    remote: bool,
}

impl<'a> Removal<'a> {
    /// Reads what is recorded and registered. `remote`: branches go from the remote, too. The caller holds
    /// the lock `worktrees`.
    pub fn new(project: &'a Project, risks: Risks, remote: bool) -> Result<Self> {
        Ok(Self { project, examination: Examination::new(project, risks)?, remote })
    }

    /// Every worktree there is a record of.
    pub fn records(&self) -> &[Record] {
        &self.examination.records
    }

    /// May it go? `status` is its task's, none if the plan is archived or gone. The outer error is one of
    /// the environment; `Kept` says why it stays.
    pub fn examine(
        &self,
        record: Record,
        status: Option<Status>,
    ) -> Result<std::result::Result<Removable, Kept>> {
        self.examination.examine(record, status)
    }

    /// Takes back what an earlier run began with a worktree that now stays where it is.
    pub fn give_up(&self, kept: &Kept) -> Result<()> {
        match &kept.record.under_way {
            Some(UnderWay::Removing(id)) => self.abandon(&kept.record, id),
            _ => Ok(()),
        }
    }

    fn abandon(&self, record: &Record, id: &str) -> Result<()> {
        kill_point("remove-abandon");
        Store::of(self.project).abandon(id)?;
        kill_point("remove-abandon-record");
        Records::of(self.project).write(&Record { under_way: None, ..record.clone() })
    }

    /// Removes worktree, registration, branch and record.
    pub fn remove(&self, removable: &Removable) -> Result<Removed> {
        let record = &removable.record;
        let saved = match &removable.begun {
            Some(begun) => Some(begun.clone()),
            None => self.save(removable)?,
        };
        let mut removed =
            Removed { saved: saved.as_ref().map(|saved| saved.id.clone()), ..Removed::default() };
        if let Some(saved) = &saved {
            self.require_unchanged(record, saved)?;
        }
        if self.examination.registration(record).is_some() {
            kill_point("remove-registration");
            git::unregister_worktree(self.project.git_dir(), &record.path)?;
        }
        if let Some(saved) = &saved {
            self.delete_branch(saved, &mut removed)?;
            self.delete_remote_branch_if_asked(saved, &mut removed)?;
            let folder = saved.trash();
            self.empty(saved, &folder)?;
            removed.trash = folder.exists().then_some(folder);
            self.note_in_journal(record, saved)?;
        }
        kill_point("remove-record");
        Records::of(self.project).remove(record)?;
        Ok(removed)
    }

    /// Saves everything and moves the folder to the trash.
    fn save(&self, removable: &Removable) -> Result<Option<Saved>> {
        let Removable { record, found, .. } = removable;
        let Some(tip) = found.tip.clone() else { return Ok(None) };
        let store = Store::of(self.project);
        let id = match &record.under_way {
            Some(UnderWay::Removing(id)) => id.clone(),
            _ => store.free_id(record)?,
        };
        kill_point("remove-begin");
        let under_way = Some(UnderWay::Removing(id.clone()));
        Records::of(self.project).write(&Record { under_way, ..record.clone() })?;
        let mut holds = Holds {
            record: Record { under_way: None, ..record.clone() },
            tip: tip.clone(),
            integrated: found.integrated.as_ref().map(|(_, into)| into.clone()),
            commits: found.commits,
            changed: found.changed,
            untracked: found.untracked,
            copies: found.copies.clone(),
            made: found.made.clone(),
            until: found.until,
            changed_copies: Vec::new(),
            content: None,
        };
        let (tree, parents) = match &found.git_dir {
            None => (git::tree_id(self.project.git_dir(), &tip)?, vec![tip]),
            Some(git_dir) => self.take_down(record, git_dir, &mut holds)?,
        };
        let commit = self.commit(&holds, &tree, &parents)?;
        kill_point("remove-save");
        store.write(&id, &commit)?;
        if holds.content.is_some() {
            let folder = trash(record, &id);
            state::create_dir_all(folder.parent().unwrap_or(&folder))?;
            kill_point("remove-move");
            state::move_to(&record.path, &folder)?;
        }
        Ok(Some(Saved { id, commit, holds }))
    }

    pub(super) fn take_down(
        &self,
        record: &Record,
        git_dir: &Path,
        holds: &mut Holds,
    ) -> Result<(Oid, Vec<Oid>)> {
        let scratch = self.scratch();
        let files = Files { git_dir, dir: &record.path };
        let snapshot = Snapshot::take(files, &scratch)?;
        if snapshot.head != holds.tip {
            return Err(Error::refused(format!("`{}` moved meanwhile", record.branch)));
        }
        let index = snapshot.store_index(files, &scratch)?;
        let known: Vec<&Oid> = holds.integrated.iter().collect();
        let unnamed = snapshot.unnamed_commits(files, &record.branch.full(), &known)?;
        state::remove_tree(&scratch)?;
        holds.content = Some(Content {
            git_dir: git_dir.to_owned(),
            work: snapshot.work.clone(),
            index: snapshot.index.clone(),
        });
        let parents = [snapshot.head, index].into_iter().chain(unnamed).collect();
        Ok((snapshot.work, parents))
    }

    /// Folder of index files that are needed for a moment; the lock keeps it to one process.
    pub(super) fn scratch(&self) -> PathBuf {
        self.project.ctx_dir().join("saving")
    }

    pub(super) fn commit(&self, holds: &Holds, tree: &Oid, parents: &[Oid]) -> Result<Oid> {
        let Record { task, plan, branch, .. } = &holds.record;
        let json = serde_json::to_string(holds)
            .map_err(|error| Error::environment(format!("cannot describe what is saved: {error}")))?;
        let message = format!("saved {task} of {plan}: {branch}\n\n{json}\n");
        Ok(git::store_commit(self.project.git_dir(), tree, parents, &message)?)
    }

    /// Somebody may have written to the folder after it was saved; now that it has another name nobody does.
    fn require_unchanged(&self, record: &Record, saved: &Saved) -> Result<()> {
        let Some(content) = &saved.holds.content else { return Ok(()) };
        let folder = saved.trash();
        // Without the registration this was passed by an earlier run.
        if self.examination.registration(record).is_none() || !folder.exists() {
            return Ok(());
        }
        kill_point("remove-verify");
        let files = Files { git_dir: &content.git_dir, dir: &folder };
        let scratch = self.scratch();
        let now = Snapshot::take(files, &scratch);
        state::remove_tree(&scratch)?;
        let before = Snapshot {
            head: saved.holds.tip.clone(),
            work: content.work.clone(),
            index: content.index.clone(),
        };
        if now.as_ref().ok() == Some(&before) {
            return Ok(());
        }
        kill_point("remove-move-back");
        state::move_to(&folder, &record.path)?;
        self.abandon(record, &saved.id)?;
        Err(now.err().unwrap_or_else(|| Error::refused("it was changed while it was examined")))
    }

    pub(super) fn delete_branch(&self, saved: &Saved, removed: &mut Removed) -> Result<()> {
        let Holds { record, tip, .. } = &saved.holds;
        let name = record.branch.full();
        if git::resolve(self.project.git_dir(), &name)?.is_none() {
            return Ok(());
        }
        kill_point("remove-branch");
        let update = RefUpdate { name: &name, new: None, old: tip, reason: "ctx cleanup" };
        if !git::update_ref(self.project.git_dir(), &update)? {
            removed.notes.push(format!("branch `{}` moved meanwhile; it stays", record.branch));
        }
        Ok(())
    }

    /// The branch of that name at the remote goes if everything in it was in the local one, which is saved.
    pub(super) fn delete_remote_branch_if_asked(&self, saved: &Saved, removed: &mut Removed) -> Result<()> {
        if !self.remote {
            return Ok(());
        }
        let Holds { record, tip, .. } = &saved.holds;
        let (dir, branch) = (self.project.git_dir(), &record.branch);
        let Some(remote) = git::remote_of(dir, branch)? else { return Ok(()) };
        let there = match git::remote_tip(dir, &remote, branch) {
            Ok(Some(there)) => there,
            Ok(None) => return Ok(()),
            Err(error) => {
                removed.notes.push(format!("branch `{branch}` at `{remote}` was not asked for: {error}"));
                return Ok(());
            }
        };
        let held = git::resolve(dir, there.as_str())?.is_some() && git::is_ancestor(dir, &there, tip)?;
        if !held {
            removed.notes.push(format!("branch `{branch}` at `{remote}` has other commits; it stays"));
            return Ok(());
        }
        kill_point("remove-remote-branch");
        if let Err(error) = git::delete_remote_branch(dir, &remote, branch, &there) {
            removed.notes.push(format!("branch `{branch}` at `{remote}` stays: {error}"));
        }
        Ok(())
    }

    /// What is saved goes from the trash, and so do copies that nobody changed and what set-up made.
    fn empty(&self, saved: &Saved, folder: &Path) -> Result<()> {
        if !folder.exists() {
            return Ok(());
        }
        kill_point("remove-content");
        let Holds { copies, made, until, .. } = &saved.holds;
        empty(self.project, folder, &saved.commit, copies, (made, *until))
    }

    pub(super) fn note_in_journal(&self, record: &Record, saved: &Saved) -> Result<()> {
        let journal = self.project.journal();
        let known = journal.read()?.iter().any(
            |event| matches!(&event.kind, Kind::WorktreeRemoved { saved: Some(id), .. } if *id == saved.id),
        );
        if known {
            return Ok(());
        }
        kill_point("remove-journal");
        let Holds { tip, integrated, .. } = saved.holds.clone();
        let branch = Some(record.branch.clone());
        let kind = Kind::WorktreeRemoved { tip, saved: Some(saved.id.clone()), integrated, branch };
        journal.record(Some(&record.plan), Some(record.task.as_str()), kind)
    }
}

/// Takes out of a folder in the trash what a commit holds, these copies unless they differ from the main
/// checkout's, and these files and folders as far as nobody touched them since. What git ignored stays, as do
/// folders that were empty.
pub(super) fn empty(
    project: &Project,
    folder: &Path,
    commit: &Oid,
    copies: &[PathBuf],
    (made, until): (&[PathBuf], Option<Timestamp>),
) -> Result<()> {
    let mut above: BTreeSet<PathBuf> = BTreeSet::new();
    let mut parents = |path: &Path| above.extend(path.ancestors().skip(1).map(Path::to_owned));
    for (n, (entry, _)) in git::list_tree(project.git_dir(), commit)?.into_iter().enumerate() {
        if n == 1 {
            kill_point("remove-content-midway");
        }
        parents(&entry.path);
        let path = folder.join(&entry.path);
        match entry.mode {
            git::Mode::Gitlink => state::remove_empty_dir(&path),
            _ => state::remove_file(&path)?,
        }
    }
    for path in copies {
        parents(path);
        if same(&folder.join(path), &project.home.join(path)) {
            state::remove_file(&folder.join(path))?;
        }
    }
    if let Some(until) = until {
        for path in made {
            state::remove_untouched(&folder.join(path), until);
            parents(path);
        }
    }
    state::remove_file(&folder.join(".git"))?;
    // Longest first: what is inside goes before what is around it. The last one is the folder itself.
    for path in above.iter().rev() {
        state::remove_empty_dir(&folder.join(path));
    }
    state::remove_empty_dir(folder);
    state::remove_empty_dir(folder.parent().unwrap_or(folder));
    Ok(())
}
