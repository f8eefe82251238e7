//! A task's status, in its file, and who works on it, beside the repository.
//!
//! `claims/<plan>/<task>.json` is the one answer to who owns a task and whether that owner is alive. It is written by
//! `ctx task start` and, for a subagent, by the hook that binds it; both under the lock `tasks`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::atomic::{create_dir_all, read_optional, remove_file, replace};
use super::journal::Kind;
use super::lock::LockFile;
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
    /// The subagent of that session; none for the session itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The client's process.
    pub process: Option<Process>,
}

/// A task and its owner.
///
/// That of an agent outlives the task's being in progress: whoever handed in or blocked a task had it last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who.
    pub owner: Owner,
    /// Since when.
    pub time: Timestamp,
    /// How often the owner stopped without handing in.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub stops: u32,
    /// How the owner ended although its client runs on; `None` if that is not known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

// The form that serde asks for.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Claim {
    /// A new attempt of this owner.
    pub fn new(owner: Owner) -> Self {
        Self { owner, time: world::now(), stops: 0, ended: None }
    }

    /// Returns whether the owner is known to be gone.
    pub fn interrupted(&self) -> bool {
        self.ended.is_some() || self.owner.process.as_ref().and_then(world::is_alive) == Some(false)
    }

    /// Returns whether the owner is this session, or this subagent of it.
    pub fn is_of(&self, session: &str, agent: Option<&str>) -> bool {
        self.owner.session.as_deref() == Some(session) && self.owner.agent.as_deref() == agent
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
        Self::at(&project.ctx_dir(), plan)
    }

    /// The claims on this plan below `<git common dir>/ctx`.
    pub fn at(ctx_dir: &Path, plan: &str) -> Self {
        Self { dir: ctx_dir.join("claims").join(plan) }
    }

    /// The lock under which claims change.
    pub fn lock(ctx_dir: &Path) -> LockFile {
        LockFile::new(&ctx_dir.join("tasks.lock"))
    }

    fn path(&self, task: &TaskId) -> PathBuf {
        self.dir.join(format!("{task}.json"))
    }

    /// Who works on this task. A claim that cannot be read is none: the status still says `in_progress`.
    pub fn read(&self, task: &TaskId) -> Result<Option<Claim>> {
        let text = read_optional(&self.path(task))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Writes a claim, under the lock.
    pub fn write(&self, task: &TaskId, claim: &Claim) -> Result<()> {
        create_dir_all(&self.dir)?;
        let json = serde_json::to_vec(claim).map_err(|error| Error::io("write", &self.dir, &error.into()))?;
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
    let _lock = Claims::lock(&project.ctx_dir()).acquire()?;
    let plan = project.plans().require_valid(folder)?;
    let task = plan.task(id.as_str()).ok_or_else(|| unknown_task(folder, id.as_str()))?;
    let claims = Claims::of(project, &folder.id);
    let claim = claims.read(id)?;
    let Some(to) = decide(&plan, task, claim.as_ref())? else {
        return Ok((task.status, task.status));
    };
    let path = folder.dir.join(&task.file);
    let text = read_optional(&path)?.unwrap_or_default();
    let changed = plan::task_file::set_status(&text, to).map_err(|error| {
        Error::refused(format!("cannot change the status in `{}`: {error}", path.display()))
            .hint("give the front matter one plain line `status: …`")
    })?;
    let has_agent = claim.as_ref().is_some_and(|claim| claim.owner.agent.is_some());
    if to == Status::InProgress {
        // `ctx` knows the session; which of its agents it is, the hook wrote down before.
        let same = claim.filter(|claim| {
            let session = &claim.owner.session;
            session.is_some() && *session == note.owner.session && !claim.interrupted()
        });
        let agent = same.and_then(|claim| claim.owner.agent);
        claims.write(id, &Claim::new(Owner { agent, ..note.owner }))?;
    }
    if changed != text {
        replace(&path, changed.as_bytes())?;
    }
    // An agent stays bound to what it handed in or blocked, until it ends; a session is done with it.
    if matches!(to, Status::Pending | Status::Failed) || to != Status::InProgress && !has_agent {
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
