//! What is known of conflicts between finished tasks and the base branch: `<git common dir>/ctx/conflicts/<plan>/`.
//!
//! Each is of two commits, and says nothing any more once one of the branches has moved.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::git::Oid;
use crate::plan::TaskId;
use crate::state::{self, Project};

/// A task's branch that conflicts with the base branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The base branch's commit.
    pub base: Oid,
    /// The task's commit.
    pub tip: Oid,
    /// The files in conflict, relative to the top level; for people, bytes that are no UTF-8 replaced.
    pub files: Vec<String>,
}

impl Conflict {
    /// Between these commits, in these files.
    pub fn new(base: Oid, tip: Oid, files: &[PathBuf]) -> Self {
        Self { base, tip, files: files.iter().map(|file| file.to_string_lossy().into_owned()).collect() }
    }

    /// Returns whether both branches are still where they were.
    fn holds(&self, base: Option<&Oid>, tip: Option<&Oid>) -> bool {
        base == Some(&self.base) && tip == Some(&self.tip)
    }

    /// At most five files in backticks, then how many more.
    pub fn summary(&self) -> String {
        crate::git::summary(self.files.iter().map(Path::new))
    }
}

/// The known conflicts of one plan's tasks.
#[derive(Clone, Debug)]
pub struct Conflicts {
    dir: PathBuf,
}

impl Conflicts {
    /// Those of this plan.
    pub fn of(project: &Project, plan: &str) -> Self {
        Self { dir: project.ctx_dir().join("conflicts").join(plan) }
    }

    fn path(&self, task: &TaskId) -> PathBuf {
        self.dir.join(format!("{task}.json"))
    }

    /// The latest known conflict of a task. One that cannot be read is found again by the next merge.
    fn read(&self, task: &TaskId) -> Result<Option<Conflict>> {
        let text = state::read_optional(&self.path(task))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// The known conflict of a task whose branch is at `tip`, while the base branch is at `base`.
    pub fn current(&self, task: &TaskId, base: Option<&Oid>, tip: Option<&Oid>) -> Result<Option<Conflict>> {
        Ok(self.read(task)?.filter(|conflict| conflict.holds(base, tip)))
    }

    /// Remembers one, in place of an earlier one of the same task.
    pub fn write(&self, task: &TaskId, conflict: &Conflict) -> Result<()> {
        state::create_dir_all(&self.dir)?;
        let path = self.path(task);
        let json = serde_json::to_vec(conflict).map_err(|error| Error::io("write", &path, &error.into()))?;
        state::replace(&path, &json)
    }

    /// Forgets a task's.
    pub fn remove(&self, task: &TaskId) -> Result<()> {
        state::remove_file(&self.path(task))
    }
}
