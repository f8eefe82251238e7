//! May a worktree go? A ladder of facts, each asked of git or of the file system.
//!
//! In: a record and what the person takes the risk of. Out: a `Removable`, which nothing else makes, or why
//! it stays. Changes nothing.

use std::fs;
use std::path::{Path, PathBuf};

use super::furnish::Furnished;
use super::prepare::same;
use super::saved::{Saved, Store, trash};
use super::snapshot::embedded_repository;
use super::{Progress, Record, Records, UnderWay};
use crate::error::Result;
use crate::git::{self, Files, Integrated, Oid, Registration, Repository};
use crate::plan::Status;
use crate::state::Project;

/// What may go although it is not merged and clean. It can be brought back all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Risks {
    /// Branches with commits that the base lacks, and tasks that are not completed.
    pub unmerged: bool,
    /// Files that are not committed.
    pub dirty: bool,
}

/// A worktree that may go: ours, where git has it registered, unlocked, nothing under way in it, and clean
/// and integrated unless the person said otherwise.
#[derive(Clone, Debug)]
pub struct Removable {
    pub(super) record: Record,
    pub(super) found: Found,
    /// An earlier run was cut short after this was saved and the folder moved.
    pub(super) begun: Option<Saved>,
    /// Copies that set-up made and that differ from the main checkout's by now.
    pub changed_copies: Vec<PathBuf>,
}

/// What the ladder found out on its way.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) tip: Option<Oid>,
    pub(super) git_dir: Option<PathBuf>,
    pub(super) integrated: Option<(Integrated, Oid)>,
    pub(super) commits: usize,
    pub(super) changed: usize,
    pub(super) untracked: usize,
    pub(super) copies: Vec<PathBuf>,
    pub(super) changed_copies: Vec<PathBuf>,
    pub(super) made: Vec<PathBuf>,
    pub(super) until: Option<jiff::Timestamp>,
}

impl Removable {
    /// The worktree.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// How its work is in the branch that it was to land on; none if it is not.
    pub fn integrated(&self) -> Option<Integrated> {
        self.found.integrated.as_ref().map(|(how, _)| *how)
    }
}

/// Why a worktree stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The worktree.
    pub record: Record,
    /// The fact.
    pub why: String,
    /// What to do about it; `None` if the usual ways out are meant.
    pub hint: Option<String>,
}

/// The questions about the worktrees of one repository.
pub(super) struct Examination<'a> {
    pub(super) project: &'a Project,
    pub(super) records: Vec<Record>,
    pub(super) registrations: Vec<Registration>,
    pub(super) risks: Risks,
}

/// A fact that keeps the worktree ends the ladder.
type Answer<T> = Result<std::result::Result<T, String>>;

/// What git keeps in a worktree's own directory while something is under way there.
const UNDER_WAY: [(&str, &str); 9] = [
    ("MERGE_HEAD", "a merge"),
    ("rebase-merge", "a rebase"),
    ("rebase-apply", "a rebase"),
    ("CHERRY_PICK_HEAD", "a cherry-pick"),
    ("REVERT_HEAD", "a revert"),
    ("sequencer", "a cherry-pick or revert"),
    ("BISECT_LOG", "a bisect"),
    ("MERGE_AUTOSTASH", "a merge with set-aside changes"),
    ("index.lock", "a git command"),
];

impl<'a> Examination<'a> {
    /// Reads what is recorded and registered.
    pub(super) fn new(project: &'a Project, risks: Risks) -> Result<Self> {
        Ok(Self {
            project,
            records: Records::of(project).list()?,
            registrations: git::list_worktrees(project.git_dir())?,
            risks,
        })
    }

    pub(super) fn registration(&self, record: &Record) -> Option<&Registration> {
        self.registrations.iter().find(|entry| entry.path == record.path)
    }

    pub(super) fn examine(&self, record: Record, status: Option<Status>) -> Result<Result<Removable, Kept>> {
        if let Some(begun) = self.begun(&record)? {
            let found = Found::default();
            return Ok(Ok(Removable { record, found, begun: Some(begun), changed_copies: Vec::new() }));
        }
        Ok(match self.climb(&record, status)? {
            Ok(found) => {
                let changed_copies = found.changed_copies.clone();
                Ok(Removable { record, found, begun: None, changed_copies })
            }
            Err(why) => Err(Kept { record, why, hint: None }),
        })
    }

    /// What a removal that was cut short has saved, if it came as far as moving the folder.
    fn begun(&self, record: &Record) -> Result<Option<Saved>> {
        match &record.under_way {
            Some(UnderWay::Removing(id)) if !record.path.exists() || trash(record, id).exists() => {
                Store::of(self.project).read(id)
            }
            _ => Ok(None),
        }
    }

    fn climb(&self, record: &Record, status: Option<Status>) -> Answer<Found> {
        if let Some(UnderWay::Restoring(id)) = &record.under_way {
            return Ok(Err(format!("its undo was not finished; `ctx undo {id}` does")));
        }
        if let Some(UnderWay::Syncing(_)) = &record.under_way {
            return Ok(Err(format!("its sync was not finished; `ctx worktree sync {}` does", record.task)));
        }
        if let Some(UnderWay::Acquiring(_)) = &record.under_way {
            return Ok(Err(format!("its acquire was not finished; `ctx pool acquire {}` does", record.task)));
        }
        let task_lock = self.project.lock(&format!("worktree-{}", record.task.folded()));
        if record.progress == Progress::Creating
            || (record.progress == Progress::CheckedOut && task_lock.try_acquire()?.is_none())
        {
            return Ok(Err("its set-up was not finished; `ctx worktree setup` does".to_owned()));
        }
        match status {
            // Somebody works there, whatever the person takes the risk of.
            Some(status @ Status::InProgress) => return Ok(Err(format!("its task is {status}"))),
            None | Some(Status::Completed) => {}
            Some(_) if self.risks.unmerged => {}
            Some(status) => return Ok(Err(format!("its task is {status}"))),
        }
        if self.project.here.as_deref() == Some(&record.path) {
            return Ok(Err("the command runs in it".to_owned()));
        }
        if let Some(other) = self.records.iter().find(|other| {
            other.path == record.path && (other.plan != record.plan || other.task != record.task)
        }) {
            return Ok(Err(format!("`{}` of plan `{}` has it now", other.task, other.plan)));
        }
        let mut found = Found::default();
        if let Err(why) = self.registered(record, &mut found)? {
            return Ok(Err(why));
        }
        if let Some(git_dir) = found.git_dir.clone() {
            if let Err(why) = quiet(record, &git_dir)? {
                return Ok(Err(why));
            }
            if let Err(why) = self.clean(record, &git_dir, &mut found)? {
                return Ok(Err(why));
            }
            self.furnished(record, &git_dir, &mut found);
        }
        self.landed(record, found)
    }

    /// The registration is that directory's, unlocked, and ours.
    fn registered(&self, record: &Record, found: &mut Found) -> Answer<()> {
        let branch = &record.branch;
        if let Some(other) = self
            .registrations
            .iter()
            .find(|entry| entry.branch.as_ref() == Some(branch) && entry.path != record.path)
        {
            return Ok(Err(format!("`{branch}` is checked out in `{}`", other.path.display())));
        }
        let there = fs::symlink_metadata(&record.path).is_ok();
        match self.registration(record) {
            Some(entry) if entry.locked.is_some() => return Ok(Err(entry.lock_note())),
            Some(entry) if entry.branch.as_ref() != Some(branch) => {
                return Ok(Err(format!("`{branch}` is not checked out in it")));
            }
            Some(_) if there => match self.own_git_dir(record)? {
                Some(git_dir) => found.git_dir = Some(git_dir),
                None => return Ok(Err("git's registration is not that of its folder".to_owned())),
            },
            None if there => {
                return Ok(Err("its folder is there, but git has no worktree registered for it".to_owned()));
            }
            _ => {}
        }
        found.tip = git::resolve(self.project.git_dir(), &branch.full())?;
        if found.tip.is_none() && there {
            return Ok(Err(format!("its branch `{branch}` is gone")));
        }
        Ok(Ok(()))
    }

    /// The git directory of this worktree, if folder and registration name each other. A folder that was
    /// copied names the original's registration.
    fn own_git_dir(&self, record: &Record) -> Result<Option<PathBuf>> {
        let Some(repository) = Repository::discover(&record.path)? else { return Ok(None) };
        let Repository { common_dir, git_dir, toplevel, .. } = repository;
        let back = fs::read_to_string(git_dir.join("gitdir")).unwrap_or_default();
        let back = git_dir.join(back.trim_end_matches('\n'));
        let same = |a: &Path, b: &Path| matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b);
        let ours = toplevel.as_deref() == Some(&record.path)
            && same(&common_dir, &self.project.common_dir)
            && same(&back, &record.path.join(".git"));
        Ok(ours.then_some(git_dir))
    }

    /// Nothing that is not committed, or the person takes that risk.
    fn clean(&self, record: &Record, git_dir: &Path, found: &mut Found) -> Answer<()> {
        let status = git::status(&record.path)?;
        if !status.clean() && !self.risks.dirty {
            return Ok(Err(format!("uncommitted files: {}", status.summary())));
        }
        let files = Files { git_dir, dir: &record.path };
        if files.staged()?.iter().any(|(_, stage)| *stage != 0) {
            return Ok(Err("files in it are in conflict".to_owned()));
        }
        found.changed = status.tracked().count();
        if found.changed < status.0.len() {
            found.untracked = files.untracked()?.len();
        }
        Ok(Ok(()))
    }

    /// Its commits are in the branch they were to land on, or the person takes that risk.
    fn landed(&self, record: &Record, mut found: Found) -> Answer<Found> {
        let dir = self.project.git_dir();
        let Some(tip) = found.tip.clone() else { return Ok(Ok(found)) };
        let Some(into) = git::resolve(dir, &record.into.full())? else {
            return Ok(if self.risks.unmerged {
                Ok(found)
            } else {
                Err(format!("branch `{}`, where it was to land, is gone", record.into))
            });
        };
        (found.commits, _) = git::ahead_behind(dir, &into, &tip)?;
        found.integrated = git::integrated(dir, &into, &tip)?.map(|how| (how, into));
        Ok(match found.integrated {
            None if !self.risks.unmerged => Err(format!(
                "`{}` has {} not in `{}`",
                record.branch,
                crate::error::count(found.commits, "commit"),
                record.into
            )),
            _ => Ok(found),
        })
    }

    /// What set-up left: copies that are still as in the main checkout, those that somebody changed, and what
    /// its commands made.
    fn furnished(&self, record: &Record, git_dir: &Path, found: &mut Found) {
        let Furnished { copied, made, until, .. } = Furnished::read(git_dir);
        for copy in copied {
            let there = record.path.join(&copy.path);
            if fs::symlink_metadata(&there).is_err() {
                continue;
            }
            if same(&there, &self.project.home.join(&copy.path)) {
                found.copies.push(copy.path);
            } else if !copy.untouched(&record.path) {
                found.changed_copies.push(copy.path);
            }
        }
        (found.made, found.until) = (made, until);
    }
}

/// Nothing is under way in it, and no other repository lies in it.
fn quiet(record: &Record, git_dir: &Path) -> Answer<()> {
    if let Some(what) = under_way(git_dir)? {
        return Ok(Err(format!("{what} is under way in it")));
    }
    if git_dir.join("modules").exists() {
        return Ok(Err("it holds the repositories of submodules".to_owned()));
    }
    Ok(match embedded_repository(&record.path)? {
        Some(folder) => Err(format!("`{}` in it is a repository of its own", folder.display())),
        None => Ok(()),
    })
}

/// What git has not finished in the worktree with this git directory.
pub(super) fn under_way(git_dir: &Path) -> Result<Option<&'static str>> {
    if let Some((_, what)) = UNDER_WAY.iter().find(|(name, _)| git_dir.join(name).exists()) {
        return Ok(Some(what));
    }
    for (name, what) in [("CHERRY_PICK_HEAD", "a cherry-pick"), ("REVERT_HEAD", "a revert")] {
        // Where refs are not files (reftable).
        if git::resolve(git_dir, name)?.is_some() {
            return Ok(Some(what));
        }
    }
    Ok(None)
}
