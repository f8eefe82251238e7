//! What `ctx` knows of a worktree it made: `<git common dir>/ctx/worktrees/<plan>/<task>.json`.
//!
//! Written before git is asked for anything, so that whatever a killed run leaves can be told to be
//! ours; a branch or folder without a record is somebody else's.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::git::{self, Branch, Oid};
use crate::plan::TaskId;
use crate::state::{self, Project};
use crate::text::by_number;

/// How far its set-up came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Not finished: bound to nobody, completed by the next set-up.
    Creating,
    /// Its checkout finished, its preparation did not: bound to nobody, never checked out anew.
    CheckedOut,
    /// It is prepared, too.
    Ready,
}

/// What is under way with a worktree, or was cut short; the same command finishes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnderWay {
    /// `ctx cleanup`, saving under this id.
    Removing(String),
    /// `ctx undo` of this id.
    Restoring(String),
    /// `ctx worktree sync`; the base before it.
    Syncing(Oid),
    /// `ctx pool acquire`, into this slot.
    Acquiring(String),
    /// `ctx pool release`, saving under this id.
    Releasing(String),
}

/// One worktree of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The plan's id.
    pub plan: String,
    /// The task's id.
    #[serde(deserialize_with = "task_id")]
    pub task: TaskId,
    /// Where it lies; absolute.
    pub path: PathBuf,
    /// Its branch.
    pub branch: Branch,
    /// The branch it started from and lands on.
    pub into: Branch,
    /// The commit it started at, or that a sync brought in: what is not in it is the task's own.
    pub base: Oid,
    /// How far its set-up came.
    pub progress: Progress,
    /// What was begun with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<UnderWay>,
    /// The first port of its range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The programs, URLs and hooks that git was configured to use when it was set up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<git::Fingerprint>,
    /// Why its last set-up failed; `None` if it did not, or was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// A set-up that failed, for whoever asks later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What was the case.
    pub fact: String,
    /// What to do about it; `None` if there is no hint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Failure {
    pub(super) fn of(error: &Error) -> Self {
        Self { fact: error.fact.clone(), hint: error.hints.first().cloned() }
    }
}

fn task_id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<TaskId, D::Error> {
    let text = String::deserialize(deserializer)?;
    TaskId::parse(&text).map_err(serde::de::Error::custom)
}

impl Record {
    /// The reason of the lock that git keeps on it while it is made.
    pub fn lock_reason(&self) -> String {
        format!("ctx: being set up for {} of {}", self.task, self.plan)
    }
}

/// All records of a repository.
#[derive(Clone, Debug)]
pub struct Records {
    dir: PathBuf,
}

impl Records {
    /// Those of this project.
    pub fn of(project: &Project) -> Self {
        Self { dir: project.ctx_dir().join("worktrees") }
    }

    fn path(&self, plan: &str, task: &TaskId) -> PathBuf {
        self.dir.join(plan).join(format!("{task}.json"))
    }

    /// The record of one task.
    pub fn read(&self, plan: &str, task: &TaskId) -> Result<Option<Record>> {
        read(&self.path(plan, task))
    }

    /// Every record, by plan and task. One that cannot be read is an error: it may stand for work.
    pub fn list(&self) -> Result<Vec<Record>> {
        let mut found = Vec::new();
        for plan in state::list(&self.dir)? {
            let mut of_plan = Vec::new();
            for file in state::list(&plan)? {
                if file.extension().is_some_and(|extension| extension == "json") {
                    of_plan.extend(read(&file)?);
                }
            }
            of_plan.sort_by(|a, b| by_number(a.task.as_str()).cmp(&by_number(b.task.as_str())));
            found.append(&mut of_plan);
        }
        Ok(found)
    }

    /// The record of the worktree that lies at this path.
    pub fn at(&self, path: &Path) -> Result<Option<Record>> {
        Ok(self.list()?.into_iter().find(|record| record.path == path))
    }

    /// The first ports that worktrees have.
    pub(super) fn ports(&self) -> Result<HashSet<u16>> {
        Ok(self.list()?.into_iter().filter_map(|record| record.port).collect())
    }

    /// Writes one, over an earlier one of the same task.
    pub fn write(&self, record: &Record) -> Result<()> {
        let path = self.path(&record.plan, &record.task);
        state::create_dir_all(&self.dir.join(&record.plan))?;
        let json = serde_json::to_vec(record).map_err(|error| Error::io("write", &path, &error.into()))?;
        state::replace(&path, &json)
    }

    /// Forgets one.
    pub fn remove(&self, record: &Record) -> Result<()> {
        state::remove_file(&self.path(&record.plan, &record.task))
    }
}

fn read(path: &Path) -> Result<Option<Record>> {
    let Some(text) = state::read_optional(path)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        Error::environment(format!(
            "cannot read the worktree's record `{}`: {}",
            path.display(),
            crate::text::plain_fault(&error.to_string())
        ))
        .hint("move the file away; `git worktree list` shows what is registered")
    })
}
