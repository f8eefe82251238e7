//! What is wrong with recorded worktrees, with the evidence; and the repair of those that were moved along
//! with their repository.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::moved::moved_to;
use super::names::last_branches;
use super::{Progress, Record, Records, UnderWay};
use crate::error::Result;
use crate::git::{self, Branch};
use crate::state::{Project, Settings};

/// What is wrong with a worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ailment {
    /// Its set-up was cut short.
    HalfMade,
    /// Its preparation failed, or was cut short.
    Unprepared,
    /// A removal, an undo or a sync was cut short; the command that finishes it.
    CutShort(String),
    /// Its folder is not where it was made.
    Gone,
    /// It lies here now, and git still has it where it was.
    Moved(PathBuf),
    /// Its folder is there, but git has no worktree registered for it.
    Unregistered,
    /// Its folder is there and registered, but its `.git` is gone: a git in it works on the repository around it.
    Unlinked,
}

/// One worktree that is not in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// As it is recorded.
    pub record: Record,
    /// What is wrong.
    pub ailment: Ailment,
}

impl Complaint {
    /// What was seen.
    pub fn evidence(&self) -> String {
        let Record { task, path, .. } = &self.record;
        let path = path.display();
        match &self.ailment {
            Ailment::HalfMade => {
                let why = self.failure().unwrap_or_else(|| "its set-up was interrupted".to_owned());
                format!("the worktree of `{task}` is incomplete: {why}")
            }
            Ailment::Unprepared => {
                let why = self
                    .failure()
                    .unwrap_or_else(|| "its set-up failed or was cut short after the checkout".to_owned());
                format!("the worktree of `{task}` is not prepared: {why}")
            }
            Ailment::CutShort(_) => {
                format!("the worktree of `{task}` is in between: a command was cut short")
            }
            Ailment::Gone => format!("the folder of `{task}` is gone: `{path}` is not there"),
            Ailment::Moved(to) => {
                format!(
                    "the worktree of `{task}` was moved: git has it at `{path}`, it is at `{}`",
                    to.display()
                )
            }
            Ailment::Unregistered => {
                format!(
                    "git does not know the worktree of `{task}`: `{path}` is there, and not in `git worktree list`"
                )
            }
            Ailment::Unlinked => {
                format!("the worktree of `{task}` is cut off: `.git` is gone from `{path}`")
            }
        }
    }

    /// Why the last set-up failed, without what git or a command printed.
    fn failure(&self) -> Option<String> {
        self.record.failure.as_ref()?.fact.lines().next().map(str::to_owned)
    }

    /// What was done about it by `ctx doctor --fix`.
    pub fn fixed(&self) -> String {
        let Record { task, path, branch, .. } = &self.record;
        let path = path.display();
        match &self.ailment {
            Ailment::HalfMade | Ailment::Unprepared => {
                format!("the set-up of `{task}` is finished: `{path}`")
            }
            Ailment::Gone => format!("the folder of `{task}` was gone; made again from `{branch}`: `{path}`"),
            Ailment::Moved(to) => {
                format!("the worktree of `{task}` was moved; git has it at `{}` now", to.display())
            }
            Ailment::Unlinked => format!("`.git` is back in `{path}`, the worktree of `{task}`"),
            Ailment::CutShort(_) | Ailment::Unregistered => self.evidence(),
        }
    }

    /// The command that fixes it.
    pub fn remedy(&self) -> String {
        // What failed fails again until somebody does what it says.
        if let Some(hint) = self.record.failure.as_ref().and_then(|failure| failure.hint.as_ref()) {
            return format!("{hint}, then run `ctx worktree setup {}`", self.record.task);
        }
        match &self.ailment {
            Ailment::CutShort(command) => format!("run `{command}`"),
            Ailment::Moved(_) | Ailment::Unlinked => "run `ctx doctor --fix` in the main checkout".to_owned(),
            Ailment::HalfMade | Ailment::Unprepared | Ailment::Gone => {
                format!("run `ctx worktree setup {}`", self.record.task)
            }
            Ailment::Unregistered => {
                format!("move the folder away, then run `ctx worktree setup {}`", self.record.task)
            }
        }
    }
}

/// Everything that is not in order. Changes nothing.
pub fn complaints(project: &Project, settings: &Settings) -> Result<Vec<Complaint>> {
    let registered = git::list_worktrees(project.git_dir())?;
    let mut found = Vec::new();
    for record in Records::of(project).list()? {
        let unsettled = record.under_way.is_some() || record.progress != Progress::Ready;
        let lock = project.lock(&format!("worktree-{}", record.task.folded()));
        if unsettled && lock.try_acquire()?.is_none() {
            // Another process is at it.
            continue;
        }
        let ailment = match &record.under_way {
            Some(UnderWay::Removing(_)) => Some(Ailment::CutShort("ctx cleanup".to_owned())),
            Some(UnderWay::Restoring(id)) => Some(Ailment::CutShort(format!("ctx undo {id}"))),
            Some(UnderWay::Syncing(_)) => {
                Some(Ailment::CutShort(format!("ctx worktree sync {}", record.task)))
            }
            Some(UnderWay::Acquiring(_)) => {
                Some(Ailment::CutShort(format!("ctx pool acquire {}", record.task)))
            }
            Some(UnderWay::Releasing(_)) => {
                Some(Ailment::CutShort(format!("ctx pool release {}", record.task)))
            }
            None if record.progress == Progress::Creating => Some(Ailment::HalfMade),
            None if record.path.exists() => {
                let known = registered.iter().any(|entry| entry.path == record.path);
                let prepared = record.progress == Progress::Ready;
                match known {
                    false => Some(Ailment::Unregistered),
                    true if record.path.join(".git").symlink_metadata().is_err() => Some(Ailment::Unlinked),
                    true => (!prepared).then_some(Ailment::Unprepared),
                }
            }
            None => {
                Some(moved_to(project, settings, &record, &registered).map_or(Ailment::Gone, Ailment::Moved))
            }
        };
        found.extend(ailment.map(|ailment| Complaint { record, ailment }));
    }
    Ok(found)
}

/// Tells git and the record where a moved worktree lies. The caller holds the lock `worktrees`.
pub fn mend_moved(project: &Project, record: &Record, to: &Path) -> Result<()> {
    git::repair_worktree(&project.home, to)?;
    Records::of(project).write(&Record { path: to.to_owned(), ..record.clone() })
}

/// Writes the `.git` of a worktree anew, as git has it registered. The caller holds the lock `worktrees`.
pub fn mend_unlinked(project: &Project, record: &Record) -> Result<()> {
    git::repair_worktree(&project.home, &record.path).or_else(|error| {
        // Older gits write it and complain all the same.
        if record.path.join(".git").exists() { Ok(()) } else { Err(error.into()) }
    })
}

/// Something beside the records that a person may want to know of. Everything works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// What was seen.
    pub fact: String,
    /// What can be done about it.
    pub remedy: String,
}

/// Worktrees that somebody locked, and branches that are called like a task's and have no record.
pub fn strays(project: &Project, settings: &Settings) -> Result<Vec<Stray>> {
    let records = Records::of(project).list()?;
    let mut found = Vec::new();
    let registered = git::list_worktrees(project.git_dir())?;
    for record in &records {
        let entry = registered.iter().find(|entry| entry.path == record.path);
        let locked =
            entry.filter(|entry| entry.locked.as_ref().is_some_and(|reason| *reason != record.lock_reason()));
        if let Some(entry) = locked {
            found.push(Stray {
                fact: format!("the worktree of `{}` is locked by `git worktree lock`", record.task),
                remedy: format!(
                    "`ctx cleanup` keeps it until `git worktree unlock {}`",
                    entry.path.display()
                ),
            });
        }
    }
    let known: HashSet<&Branch> = records.iter().map(|record| &record.branch).collect();
    let there: HashSet<Branch> =
        git::branches(project.git_dir())?.into_iter().map(|(branch, _)| branch).collect();
    let last_branches = last_branches(project)?;
    let mut named = HashSet::new();
    for folder in project.plans().list()? {
        let Ok(plan) = project.plans().require_valid(&folder) else { continue };
        for task in &plan.tasks {
            let plain = Branch::new(settings.branch(&folder.id, task.id.as_str()));
            let last = last_branches.get(&(folder.id.clone(), task.id.to_string())).cloned();
            let own = last.as_ref().is_some_and(|last| there.contains(last) && !known.contains(last));
            let branch = last.filter(|_| own).unwrap_or(plain);
            if known.contains(&branch) || !there.contains(&branch) || !named.insert(branch.clone()) {
                continue;
            }
            let id = &task.id;
            found.push(match own {
                true => Stray {
                    fact: format!("branch `{branch}` of `{id}` is there, and the record of its worktree is lost"),
                    remedy: format!("`ctx worktree setup {id}` makes the worktree again with its commits"),
                },
                false => Stray {
                    fact: format!("branch `{branch}` is called like `{id}` of plan `{}`, and `ctx` did not make it", folder.id),
                    remedy: format!(
                        "it is left alone: `{id}` gets another name; if nobody needs it, `git branch -d {branch}`"
                    ),
                },
            });
        }
    }
    Ok(found)
}
