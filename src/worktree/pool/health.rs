//! What is wrong with the pool, each with what was seen and the command that mends it.

use std::fs;
use std::path::{Path, PathBuf};

use super::{MARK, Pool, Slot, SlotState};
use crate::error::Result;
use crate::git;
use crate::state::{self, Project, Settings};
use crate::worktree::moved::was_at;

/// Something about a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolFinding {
    /// It does not work as it is; else it is worth a look.
    pub broken: bool,
    /// What was seen.
    pub fact: String,
    /// What mends it.
    pub remedy: String,
}

/// Slots that were moved along with their repository, and where they lie now.
pub fn moved_slots(project: &Project, settings: &Settings) -> Result<Vec<(Slot, PathBuf)>> {
    let root = settings.worktree_root(&project.home, "pool");
    let to = |slot: Slot| {
        let place = root.join(&slot.name);
        was_at(project, &place, &slot.path).then_some((slot, place))
    };
    Ok(Pool::read(project)?.slots.into_iter().filter_map(to).collect())
}

/// Tells git and the pool where a moved slot lies. The caller holds the lock `worktrees`.
pub fn mend_slot(project: &Project, slot: &Slot, to: &Path) -> Result<()> {
    git::repair_worktree(&project.home, to)?;
    Pool::change(project, &slot.name, |slot| to.clone_into(&mut slot.path))
}

/// Everything that is not in order with the slots. Changes nothing.
pub fn pool_findings(project: &Project) -> Result<Vec<PoolFinding>> {
    let pool = Pool::read(project)?;
    let records = super::records(project)?;
    let registrations = git::list_worktrees(project.git_dir())?;
    let mut found = Vec::new();
    let mut say = |broken, fact: String, remedy: String| found.push(PoolFinding { broken, fact, remedy });
    if pool.rebuilt {
        say(
            true,
            format!(
                "the pool's file was lost or cannot be read; {} found on disk, all taken as leased",
                crate::error::count(pool.slots.len(), "slot")
            ),
            "look at each with `ctx pool status`, and give it back with `ctx pool release SLOT`".to_owned(),
        );
    }
    for slot in &pool.slots {
        let name = &slot.name;
        let release = format!("run `ctx pool release {name}`");
        match slot.state(&records) {
            SlotState::Free => {
                if let Err(why) = slot.at_rest(project, &registrations)? {
                    let remedy = match slot.path.symlink_metadata().is_ok() {
                        true => format!("see what is in `{}`, and move it away", slot.path.display()),
                        false => "if the repository was moved, run `ctx doctor --fix`, else `ctx pool reset`"
                            .to_owned(),
                    };
                    say(true, format!("`{name}` is free, but {why}"), remedy);
                }
            }
            SlotState::Leased => {
                let lease = slot.lease.as_ref().filter(|lease| lease.is_dead());
                if let Some((lease, process)) =
                    lease.and_then(|lease| Some((lease, lease.owner.process.as_ref()?)))
                {
                    say(
                        false,
                        format!("process {} that leased `{name}` for `{}` is gone", process.pid, lease.task),
                        format!("if nobody works on it, {release}"),
                    );
                }
            }
            SlotState::Moving => match slot.record(&records) {
                // Named with the worktrees.
                Some(_) => {}
                // Another process is about to write the record.
                None if project.lock("worktrees").try_acquire()?.is_none() => {}
                None => say(
                    true,
                    format!("`{name}` is leased, but no task has it: an acquire was cut short"),
                    release,
                ),
            },
            SlotState::Doubt => {
                say(true, format!("`{name}` counts as leased since the pool's file was lost"), release);
            }
            SlotState::HalfMade if project.lock(&format!("pool-{name}")).try_acquire()?.is_some() => {
                let again = "run `ctx pool init`";
                match &slot.failure {
                    None => {
                        let fact = format!("`{name}` is incomplete, and no process is finishing it");
                        say(true, fact, again.to_owned());
                    }
                    Some(failure) => {
                        let why = failure.fact.lines().next().unwrap_or_default();
                        let cure = failure.hint.as_ref().map(|hint| format!("{hint}, then "));
                        let remedy = format!("{}{again}", cure.unwrap_or_default());
                        say(true, format!("`{name}` is incomplete: {why}"), remedy);
                    }
                }
            }
            SlotState::HalfMade => {}
            SlotState::Going => {
                say(
                    true,
                    format!("the removal of `{name}` was cut short"),
                    "run `ctx pool reset`".to_owned(),
                );
            }
        }
    }
    for entry in state::list(&project.common_dir.join("worktrees"))? {
        let Ok(name) = fs::read_to_string(entry.join(MARK)) else { continue };
        let back = fs::read_to_string(entry.join("gitdir")).unwrap_or_default();
        let path = Path::new(back.trim_end_matches('\n')).parent().unwrap_or(Path::new("")).to_owned();
        if pool.at(&path).is_none() {
            say(
                false,
                format!("`{}` was the slot `{name}` and is not in the pool", path.display()),
                format!("if nothing in it is needed, run `git worktree remove {}`", path.display()),
            );
        }
    }
    Ok(found)
}
