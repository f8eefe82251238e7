//! A pool of worktrees that are made ahead: slots. `<git common dir>/ctx/pool.json` says which there are.
//!
//! A slot is leased while there is a record of a task at its place, or the file says so: whichever of the two
//! a killed process wrote first. The file is changed under a lock of its own, held for a moment; who
//! leases and takes back holds the lock `worktrees`. Each slot's own git directory holds its name, from
//! which a file that cannot be read is made anew, with every slot in doubt counted as leased.

mod acquire;
mod health;
mod make;
mod release;

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Failure, Progress, Record, Records, UnderWay, half_made};
use crate::error::{Error, Result};
use crate::git::{self, Oid, Registration};
use crate::plan::TaskId;
use crate::state::{self, Owner, Project};
use crate::world;

pub use acquire::Acquired;
pub use health::{PoolFinding, mend_slot, moved_slots, pool_findings};
pub use make::{Made, Pooling};
pub use release::{Release, Released};

/// Who has a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The task's plan.
    pub plan: String,
    /// The task.
    pub task: String,
    /// The session and the client's process; a terminal's shell where there is no client.
    pub owner: Owner,
    /// Since when.
    pub time: Timestamp,
}

impl Lease {
    fn now(plan: &str, task: &TaskId) -> Self {
        let process = world::client_process().or_else(world::parent_process);
        let owner = Owner { session: world::session_id(), agent: None, process };
        Self { plan: plan.to_owned(), task: task.to_string(), owner, time: world::now() }
    }

    /// Is the process that took it known to be gone?
    pub fn is_dead(&self) -> bool {
        self.owner.process.as_ref().and_then(world::is_alive) == Some(false)
    }
}

/// A worktree that is made ahead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// `slot.1`: no task can be called that.
    pub name: String,
    /// Where it lies; absolute.
    pub path: PathBuf,
    /// How far its making came.
    pub progress: Progress,
    /// The commit it was made or given back at.
    pub base: Oid,
    /// The first of its ports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// The file was lost: it counts as leased until somebody has looked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubt: bool,
    /// `ctx pool reset` is at it, or was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub going: bool,
    /// Why its making failed last; `None` if it did not, or was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// What a slot is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    /// It can be taken.
    Free,
    /// A task has it.
    Leased,
    /// An acquire or a release was cut short, or is under way.
    Moving,
    /// It was in a pool whose file was lost.
    Doubt,
    /// It is being made, or its making was cut short.
    HalfMade,
    /// It is being removed, or its removal was cut short.
    Going,
}

impl Slot {
    fn lock_reason(&self) -> String {
        format!("ctx: {} is being made", self.name)
    }

    /// The record of the task that has it.
    pub fn record<'a>(&self, records: &'a [Record]) -> Option<&'a Record> {
        records.iter().find(|record| record.path == self.path)
    }

    /// What it is doing, by the file and the records.
    pub fn state(&self, records: &[Record]) -> SlotState {
        match self.record(records) {
            Some(Record { under_way: Some(UnderWay::Acquiring(_) | UnderWay::Releasing(_)), .. }) => {
                SlotState::Moving
            }
            Some(_) => SlotState::Leased,
            None if self.lease.is_some() => SlotState::Moving,
            None if self.going => SlotState::Going,
            None if self.doubt => SlotState::Doubt,
            None if self.progress != Progress::Ready => SlotState::HalfMade,
            None => SlotState::Free,
        }
    }

    /// Nothing but what git ignores lies in it, and it is where git has it, on no branch: or what is the matter.
    fn at_rest(
        &self,
        project: &Project,
        registrations: &[Registration],
    ) -> Result<std::result::Result<(), String>> {
        let Some(entry) = registrations.iter().find(|entry| entry.path == self.path) else {
            return Ok(Err("git has no worktree registered for it".to_owned()));
        };
        if fs::symlink_metadata(&self.path).is_err() {
            return Ok(Err("its folder is gone".to_owned()));
        }
        if let Some(branch) = &entry.branch {
            return Ok(Err(format!("`{branch}` is checked out in it")));
        }
        if entry.locked.is_some() {
            return Ok(Err("it is locked".to_owned()));
        }
        // Whoever had it last may have gone on committing.
        if let Some(head) = entry.head.as_ref().filter(|head| **head != self.base)
            && !git::is_named(project.git_dir(), head)?
        {
            return Ok(Err(format!("its commit {} is in no branch", head.short())));
        }
        let status = git::status(&self.path)?;
        Ok(if status.clean() { Ok(()) } else { Err(format!("uncommitted files: {}", status.summary())) })
    }

    fn git_dir(&self) -> Result<PathBuf> {
        half_made::git_dir(&self.path, &self.name)
    }
}

/// All slots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// In the order they were made.
    pub slots: Vec<Slot>,
    /// It was made anew from what is on disk.
    #[serde(skip)]
    pub rebuilt: bool,
}

/// The file in a slot's own git directory that says so.
const MARK: &str = "ctx-slot";

fn file(project: &Project) -> PathBuf {
    project.ctx_dir().join("pool.json")
}

impl Pool {
    /// Reads the file, or makes it up from what is on disk. Writes nothing.
    pub fn read(project: &Project) -> Result<Self> {
        let text = match state::read_optional(&file(project)) {
            Ok(text) => text,
            // Not even text.
            Err(_) if file(project).is_file() => Some(String::new()),
            Err(error) => return Err(error),
        };
        match text.as_deref().map(serde_json::from_str::<Self>) {
            Some(Ok(pool)) => Ok(pool),
            Some(Err(_)) => Ok(Self { slots: on_disk(project)?, rebuilt: true }),
            None => {
                let slots = on_disk(project)?;
                Ok(Self { rebuilt: !slots.is_empty(), slots })
            }
        }
    }

    /// Changes the file under its lock.
    pub(super) fn update<T>(project: &Project, change: impl FnOnce(&mut Self) -> T) -> Result<T> {
        let _lock = project.lock("pool").acquire()?;
        let mut pool = Self::read(project)?;
        let path = file(project);
        if pool.rebuilt && path.exists() {
            state::copy_file(&path, &path.with_extension("json.broken"))?;
        }
        let result = change(&mut pool);
        state::create_dir_all(&project.ctx_dir())?;
        let json = serde_json::to_vec(&pool).map_err(|error| Error::io("write", &path, &error.into()))?;
        state::remove_leftovers(&path)?;
        state::replace(&path, &json)?;
        Ok(result)
    }

    /// Changes one slot.
    pub(super) fn change(project: &Project, name: &str, change: impl FnOnce(&mut Slot)) -> Result<()> {
        Self::update(project, |pool| {
            if let Some(slot) = pool.slots.iter_mut().find(|slot| slot.name == name) {
                change(slot);
            }
        })
    }

    /// The slot at this place.
    pub fn at(&self, path: &Path) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.path == path)
    }

    /// The slot with this name or number, at this path, or with this task.
    pub fn find(&self, wanted: &str, records: &[Record]) -> Result<&Slot> {
        let named = |slot: &&Slot| {
            slot.name == wanted
                || slot.name.strip_prefix("slot.") == Some(wanted)
                || slot.path == Path::new(wanted)
                || slot.record(records).is_some_and(|record| record.task.as_str() == wanted)
                || slot.lease.as_ref().is_some_and(|lease| lease.task == wanted)
        };
        self.slots.iter().find(named).ok_or_else(|| {
            Error::refused(format!("there is no slot `{wanted}`, and none with such a task"))
                .hint("see `ctx pool status`")
        })
    }

    fn ports(&self) -> impl Iterator<Item = u16> {
        self.slots.iter().filter_map(|slot| slot.port)
    }

    /// The first ports that slots have.
    pub(super) fn ports_of(project: &Project) -> Result<Vec<u16>> {
        Ok(Self::read(project)?.ports().collect())
    }
}

/// The slots that the registrations of git know by their mark, each in doubt unless a record has it.
fn on_disk(project: &Project) -> Result<Vec<Slot>> {
    let mut slots = Vec::new();
    for entry in state::list(&project.common_dir.join("worktrees"))? {
        let (Ok(name), Ok(back)) =
            (fs::read_to_string(entry.join(MARK)), fs::read_to_string(entry.join("gitdir")))
        else {
            continue;
        };
        let Some(path) = Path::new(back.trim_end_matches('\n')).parent() else { continue };
        let Some(base) = git::resolve(&entry, "HEAD")? else { continue };
        slots.push(Slot {
            name: name.trim().to_owned(),
            path: path.to_owned(),
            progress: Progress::Ready,
            base,
            port: None,
            lease: None,
            doubt: true,
            going: false,
            failure: None,
        });
    }
    slots.sort_by_key(|slot| (slot.name.len(), slot.name.clone()));
    Ok(slots)
}

/// Everything that is recorded, for `Slot::state`.
pub fn records(project: &Project) -> Result<Vec<Record>> {
    Records::of(project).list()
}
