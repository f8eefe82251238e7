//! The merge train: finished branches, merged one after the other in the object database.
//!
//! In: the base branch's commit and the candidates in the order of their dependencies. Out: the commit
//! that the base may move to, what each candidate added to it, and who was left out and why. Touches no
//! file and moves no ref; a killed train leaves objects that git collects one day.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::Result;
use crate::git::{self, Branch, MergeTree, Oid};
use crate::plan::TaskId;
use crate::worktree::Steps;

/// A finished task with a branch.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The task.
    pub task: TaskId,
    /// Its name, the merge commit's body.
    pub name: String,
    /// Its branch.
    pub branch: Branch,
    /// The branch's commit.
    pub tip: Oid,
    /// Tasks that must be in the base before it.
    pub dependencies: Vec<TaskId>,
}

/// A candidate that is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Landed {
    /// The task.
    pub task: TaskId,
    /// Its branch.
    pub branch: Branch,
    /// The branch's commit.
    pub tip: Oid,
    /// The merge commit.
    pub commit: Oid,
}

/// A candidate that is not in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The task.
    pub task: TaskId,
    /// Why.
    #[serde(flatten)]
    pub why: Why,
}

/// Why a task does not land.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// These files conflict with what is in the base or landed before it.
    Conflict {
        /// Relative to the top level.
        files: Vec<PathBuf>,
    },
    /// This task, which it depends on, is not in the base.
    Waits {
        /// The dependency.
        dependency: TaskId,
    },
    /// The branch changes files under `.parallel/`, which belong to `ctx`.
    ChangesPlans {
        /// Relative to the top level.
        files: Vec<PathBuf>,
    },
    /// The task is not completed, or has no branch.
    NotReady {
        /// In words.
        reason: String,
    },
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |files: &[PathBuf]| git::summary(files.iter().map(PathBuf::as_path));
        match self {
            Self::Conflict { files } => write!(f, "conflict in {}", list(files)),
            Self::Waits { dependency } => write!(f, "depends on `{dependency}`, which is not landed"),
            Self::ChangesPlans { files } => write!(f, "its branch changes {}", list(files)),
            Self::NotReady { reason } => f.write_str(reason),
        }
    }
}

/// A train under way.
#[derive(Clone, Debug)]
pub struct Train {
    /// Where the base was.
    pub start: Oid,
    /// Where it may move to; `start` if nothing was merged.
    pub end: Oid,
    /// What is in, in order.
    pub landed: Vec<Landed>,
    /// What is not.
    pub left_out: Vec<LeftOut>,
}

impl Train {
    /// Merges the candidates, each onto what came before it. `in_base` tells which tasks had landed
    /// before, `steps` which one is being merged.
    pub fn run(
        dir: &Path,
        start: Oid,
        candidates: &[Candidate],
        in_base: &dyn Fn(&TaskId) -> bool,
        steps: &dyn Steps,
    ) -> Result<Self> {
        let mut train = Self { end: start.clone(), start, landed: Vec::new(), left_out: Vec::new() };
        for candidate in candidates {
            steps.step(candidate.task.as_str(), "merging");
            match train.couple(dir, candidate, in_base)? {
                Ok(commit) => {
                    train.end = commit.clone();
                    train.landed.push(Landed {
                        task: candidate.task.clone(),
                        branch: candidate.branch.clone(),
                        tip: candidate.tip.clone(),
                        commit,
                    });
                }
                Err(why) => train.left_out.push(LeftOut { task: candidate.task.clone(), why }),
            }
            steps.done(candidate.task.as_str());
        }
        Ok(train)
    }

    fn couple(
        &self,
        dir: &Path,
        candidate: &Candidate,
        in_base: &dyn Fn(&TaskId) -> bool,
    ) -> Result<std::result::Result<Oid, Why>> {
        let landed = |task: &TaskId| in_base(task) || self.landed.iter().any(|landed| landed.task == *task);
        if let Some(missing) = candidate.dependencies.iter().find(|task| !landed(task)) {
            return Ok(Err(Why::Waits { dependency: missing.clone() }));
        }
        let Some(mut changed) = git::changed_paths(dir, &self.start, &candidate.tip)? else {
            let reason = format!("`{}` has no commit in common with the base branch", candidate.branch);
            return Ok(Err(Why::NotReady { reason }));
        };
        changed.retain(|path| path.starts_with(".parallel"));
        if !changed.is_empty() {
            return Ok(Err(Why::ChangesPlans { files: changed }));
        }
        let tree = match git::merge_tree(dir, &self.end, &candidate.tip)? {
            MergeTree::Clean(tree) => tree,
            MergeTree::Conflict(files) => return Ok(Err(Why::Conflict { files })),
        };
        let body = candidate.name.split_whitespace().collect::<Vec<_>>().join(" ");
        let message = format!("Merge branch '{}'\n\n{body}\n", candidate.branch);
        git::commit_tree(dir, &tree, &[&self.end, &candidate.tip], &message).map(Ok).map_err(Into::into)
    }
}
