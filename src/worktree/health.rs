//! What is wrong with recorded worktrees, with the evidence; and the repair of those that were moved along
//! with their repository.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Progress, Record, Records, UnderWay};
use crate::error::Result;
use crate::git;
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
            Ailment::HalfMade => format!("the worktree of `{task}` is half made: its record says `creating`"),
            Ailment::Unprepared => format!(
                "the worktree of `{task}` is not prepared: its set-up failed or was cut short after the checkout"
            ),
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
        }
    }

    /// The command that mends it.
    pub fn remedy(&self) -> String {
        match &self.ailment {
            Ailment::CutShort(command) => format!("run `{command}`"),
            Ailment::Moved(_) => "run `ctx doctor --fix` in the main checkout".to_owned(),
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
                    true => (!prepared).then_some(Ailment::Unprepared),
                }
            }
            None => Some(moved_to(project, settings, &record).map_or(Ailment::Gone, Ailment::Moved)),
        };
        found.extend(ailment.map(|ailment| Complaint { record, ailment }));
    }
    Ok(found)
}

/// Where a worktree lies whose repository was moved: at its place by the settings, with a `.git` that names a
/// registration which is in this repository and was made for the recorded path.
fn moved_to(project: &Project, settings: &Settings, record: &Record) -> Option<PathBuf> {
    let own = settings.worktree_root(&project.home, &record.plan).join(record.task.as_str());
    let slot = settings.worktree_root(&project.home, "pool").join(record.path.file_name()?);
    [own, slot].into_iter().find(|place| was_at(project, place, &record.path))
}

/// Is that the worktree which lay here, as it names its registration and the registration this place?
pub(super) fn was_at(project: &Project, place: &Path, before: &Path) -> bool {
    let from = || {
        let text = fs::read_to_string(place.join(".git")).ok()?;
        let entry = Path::new(text.strip_prefix("gitdir: ")?.trim_end_matches('\n')).file_name()?.to_owned();
        let back =
            fs::read_to_string(project.common_dir.join("worktrees").join(entry).join("gitdir")).ok()?;
        Path::new(back.trim_end_matches('\n')).parent().map(Path::to_owned)
    };
    from().is_some_and(|from| from == before && !from.exists())
}

/// Tells git and the record where a moved worktree lies. The caller holds the lock `worktrees`.
pub fn mend_moved(project: &Project, record: &Record, to: &Path) -> Result<()> {
    git::repair_worktree(&project.home, to)?;
    Records::of(project).write(&Record { path: to.to_owned(), ..record.clone() })
}
