//! Removes a task's worktree and branch when that loses nothing.
//!
//! Only a `Removable` can be removed, and only `examine` makes one: each of its questions is a fact
//! asked of git. What cannot be proven stays, with the reason.

use std::path::{Path, PathBuf};

use super::{Progress, Record, Records};
use crate::error::{Error, Result};
use crate::git::{self, Git, Oid, RefUpdate, Registration, path_from, records};
use crate::plan::Status;
use crate::state::{self, Kind, Project};
use crate::world;

/// A worktree whose removal loses nothing: registered as recorded, unlocked, clean, and its branch is in
/// the branch it was to land on.
#[derive(Clone, Debug)]
pub struct Removable {
    record: Record,
    tip: Option<Oid>,
    registered: bool,
}

impl Removable {
    /// The worktree.
    pub fn record(&self) -> &Record {
        &self.record
    }
}

/// Why a worktree stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The worktree.
    pub record: Record,
    /// The fact.
    pub why: String,
}

/// What a removal left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The folder in the trash that holds the worktree's ignored files, if it had any.
    pub trash: Option<PathBuf>,
}

/// The removals of one repository.
pub struct Removal<'a> {
    project: &'a Project,
    registrations: Vec<Registration>,
}

/// The folder beside the worktrees that removed ones are moved to.
const TRASH: &str = ".trash";

/// How long ignored files of removed worktrees are kept.
const TRASH_DAYS: i64 = 30;

impl<'a> Removal<'a> {
    /// Reads what is registered.
    pub fn new(project: &'a Project) -> Result<Self> {
        Ok(Self { project, registrations: git::list_worktrees(project.git_dir())? })
    }

    /// May it go? `status` is its task's, none if the plan is archived or gone. The outer error is one of
    /// the environment; `Kept` says why it stays.
    pub fn examine(
        &self,
        record: Record,
        status: Option<Status>,
    ) -> Result<std::result::Result<Removable, Kept>> {
        let reason = match status {
            None | Some(Status::Completed) => self.reason_to_keep(&record)?,
            Some(status) => Some(format!("its task is {status}")),
        };
        match reason {
            Some(why) => Ok(Err(Kept { record, why })),
            None => {
                let tip = git::resolve(self.project.git_dir(), &record.branch.full())?;
                let registered = self.registrations.iter().any(|entry| entry.path == record.path);
                Ok(Ok(Removable { record, tip, registered }))
            }
        }
    }

    fn reason_to_keep(&self, record: &Record) -> Result<Option<String>> {
        if record.progress == Progress::Creating {
            return Ok(Some("its set-up was not finished; `ctx worktree setup` does".to_owned()));
        }
        if self.project.here.as_deref() == Some(&record.path) {
            return Ok(Some("the command runs in it".to_owned()));
        }
        match self.registrations.iter().find(|entry| entry.path == record.path) {
            Some(entry) if entry.locked.is_some() => return Ok(Some("it is locked".to_owned())),
            Some(entry) if entry.branch.as_ref() != Some(&record.branch) => {
                return Ok(Some(format!("`{}` is not checked out in it", record.branch)));
            }
            Some(_) if record.path.exists() => {
                let status = git::status(&record.path)?;
                if !status.clean() {
                    return Ok(Some(format!("uncommitted files: {}", status.summary())));
                }
            }
            None if record.path.exists() => {
                return Ok(Some("its folder is there, but git has no worktree registered for it".to_owned()));
            }
            _ => {}
        }
        self.not_landed(record)
    }

    fn not_landed(&self, record: &Record) -> Result<Option<String>> {
        let dir = self.project.git_dir();
        let Some(tip) = git::resolve(dir, &record.branch.full())? else { return Ok(None) };
        let Some(into) = git::resolve(dir, &record.into.full())? else {
            return Ok(Some(format!("branch `{}`, where it was to land, is gone", record.into)));
        };
        if git::is_ancestor(dir, &tip, &into)? {
            return Ok(None);
        }
        let (ahead, _) = git::ahead_behind(dir, &into, &tip)?;
        Ok(Some(format!("`{}` has {ahead} commit(s) that are not in `{}`", record.branch, record.into)))
    }

    /// Removes worktree, registration, branch and record, in an order that a killed run can be repeated.
    pub fn remove(&self, removable: &Removable) -> Result<Removed> {
        let Removable { record, tip, registered } = removable;
        let dir = self.project.git_dir();
        let trash = if record.path.exists() { Some(self.move_to_trash(record)?) } else { None };
        if *registered {
            git::unregister_worktree(dir, &record.path)?;
        }
        if let Some(tip) = tip {
            let name = record.branch.full();
            let update = RefUpdate { name: &name, new: None, old: tip, reason: "ctx cleanup" };
            if !git::update_ref(dir, &update)? {
                return Err(Error::refused(format!("branch `{}` moved meanwhile; it stays", record.branch)));
            }
            let kind = Kind::WorktreeRemoved { tip: tip.clone() };
            self.project.journal().record(Some(&record.plan), Some(record.task.as_str()), kind)?;
        }
        Records::of(self.project).remove(record)?;
        Ok(Removed { trash: trash.filter(|folder| folder.exists()) })
    }

    /// Moves the folder away in one step. What git tracks is in the commit and goes at once, and so does
    /// what set-up copied and nobody changed; other ignored files stay in the trash.
    fn move_to_trash(&self, record: &Record) -> Result<PathBuf> {
        let trash = record.path.with_file_name(TRASH);
        state::create_dir_all(&trash)?;
        let time = world::now().strftime("%Y%m%d-%H%M%S");
        let folder = trash.join(format!("{time}-{}", record.task));
        state::move_to(&record.path, &folder)?;
        // Somebody may have written to it after it was examined; nobody can any more.
        let status = git::status(&folder)?;
        if !status.clean() {
            state::move_to(&folder, &record.path)?;
            return Err(Error::refused(format!("uncommitted files: {}", status.summary())));
        }
        let list = |args: &[&str]| -> Result<Vec<PathBuf>> {
            let bytes = Git::at(&folder).args(["ls-files", "-z"]).args(args).run()?;
            Ok(records(&bytes).map(path_from).collect())
        };
        let ignored = list(&["--others", "--ignored", "--exclude-standard"])?;
        let same = |path: &PathBuf| {
            let read = |dir: &Path| std::fs::read(dir.join(path)).ok();
            read(&folder).is_some_and(|copy| read(&self.project.home) == Some(copy))
        };
        if ignored.iter().any(|path| !same(path)) {
            for path in list(&["--cached"])? {
                state::remove_file(&folder.join(path))?;
            }
            state::remove_file(&folder.join(".git"))?;
        } else {
            state::remove_tree(&folder)?;
        }
        Ok(folder)
    }
}

/// Empties what has been in the trash of these worktree folders for 30 days; gives what was removed.
pub fn empty_trash(root: &Path) -> Result<Vec<PathBuf>> {
    let mut gone = Vec::new();
    for folder in state::list(&root.join(TRASH))? {
        let age = folder.file_name().and_then(|name| {
            let time = name.to_str()?.get(..15)?;
            jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S", time).ok()
        });
        let Some(removed) = age.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok()) else {
            continue;
        };
        if world::now().duration_since(removed.timestamp()).as_hours() > TRASH_DAYS * 24 {
            state::remove_tree(&folder)?;
            gone.push(folder);
        }
    }
    Ok(gone)
}
