//! A task's status, in its file, and who works on it, beside the repository.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::atomic::{create_dir_all, read_optional, remove_file, replace};
use super::journal::Kind;
use super::{PlanFolder, Project};
use crate::error::{Error, Result};
use crate::git::Oid;
use crate::plan::{self, Plan, Status, Task, TaskId};
use crate::text;
use crate::world::{self, Process};

/// Who started a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The client's session; none for a person in a terminal.
    pub session: Option<String>,
    /// The client's process.
    pub process: Option<Process>,
}

/// A task in progress and its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who.
    pub owner: Owner,
    /// Since when.
    pub time: Timestamp,
}

impl Claim {
    /// Is the owner known to be gone?
    pub fn interrupted(&self) -> bool {
        self.owner.process.as_ref().and_then(world::is_alive) == Some(false)
    }
}

/// The claims on one plan's tasks.
#[derive(Clone, Debug)]
pub struct Claims {
    dir: PathBuf,
}

impl Claims {
    /// The claims on this plan.
    pub fn of(project: &Project, plan: &str) -> Self {
        Self { dir: project.ctx_dir().join("claims").join(plan) }
    }

    fn path(&self, task: &TaskId) -> PathBuf {
        self.dir.join(format!("{task}.json"))
    }

    /// Who works on this task. A claim that cannot be read is none: the status still says `in_progress`.
    pub fn read(&self, task: &TaskId) -> Result<Option<Claim>> {
        let text = read_optional(&self.path(task))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    fn write(&self, task: &TaskId, owner: Owner) -> Result<()> {
        create_dir_all(&self.dir)?;
        let claim = Claim { owner, time: world::now() };
        let json =
            serde_json::to_vec(&claim).map_err(|error| Error::io("write", &self.dir, &error.into()))?;
        replace(&self.path(task), &json)
    }

    fn remove(&self, task: &TaskId) -> Result<()> {
        remove_file(&self.path(task))
    }
}

/// What stands beside a change of status in the journal, and who starts the task.
#[derive(Clone, Debug, Default)]
pub struct Note {
    /// Why.
    pub reason: Option<String>,
    /// The branch's commit.
    pub commit: Option<Oid>,
    /// Who, if the task is started.
    pub owner: Owner,
}

/// Changes the `status:` line of a task's file, and no other byte, under a lock.
///
/// `decide` sees the plan, the task and its claim as they are under the lock, and gives the new status,
/// or none to leave everything as it is. Gives the status before and after.
pub fn set_status(
    project: &Project,
    folder: &PlanFolder,
    id: &TaskId,
    note: Note,
    decide: impl FnOnce(&Plan, &Task, Option<&Claim>) -> Result<Option<Status>>,
) -> Result<(Status, Status)> {
    let _lock = project.lock("tasks").acquire()?;
    let plan = project.plans().require_valid(folder)?;
    let task = plan.task(id.as_str()).ok_or_else(|| unknown_task(folder, id.as_str()))?;
    let claims = Claims::of(project, &folder.id);
    let Some(to) = decide(&plan, task, claims.read(id)?.as_ref())? else {
        return Ok((task.status, task.status));
    };
    let path = folder.dir.join(&task.file);
    let text = read_optional(&path)?.unwrap_or_default();
    let changed = plan::task_file::set_status(&text, to).map_err(|error| {
        Error::refused(format!("cannot change the status in `{}`: {error}", path.display()))
            .hint("give the front matter one plain line `status: …`")
    })?;
    if to == Status::InProgress {
        claims.write(id, note.owner)?;
    }
    if changed != text {
        replace(&path, changed.as_bytes())?;
    }
    if to != Status::InProgress {
        claims.remove(id)?;
    }
    let kind = Kind::Status { from: task.status, to, reason: note.reason, commit: note.commit };
    project.journal().record(Some(&folder.id), Some(id.as_str()), kind)?;
    Ok((task.status, to))
}

/// There is no such task; the nearest ids of the plan are named.
pub fn unknown_task(folder: &PlanFolder, id: &str) -> Error {
    let index = read_optional(&folder.dir.join("plan.yaml")).ok().flatten().unwrap_or_default();
    let known = plan::load::task_ids(&index);
    let known = || known.iter().map(TaskId::as_str);
    let near = text::did_you_mean(id, known()).or_else(|| match &text::neighbours(id, known())[..] {
        [] => None,
        [first, ..] => Some(format!("the nearest is `{first}`;")),
    });
    let hint = near
        .map_or_else(|| "see `ctx task list`".to_owned(), |near| format!("{near} `ctx task list` shows all"));
    Error::refused(format!("plan `{}` has no task `{}`", folder.id, text::name(id))).hint(hint)
}
