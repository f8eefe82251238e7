//! What another plan left landed and clean goes to `ctx undo` where a task of this plan needs its name.
//!
//! The same examination decides as for `ctx cleanup`; what it keeps has its name, and the task gets another.

use super::around::Around;
use super::examine::Risks;
use super::pool::{Pool, Pooling, Release};
use super::setup::Setup;
use super::{Record, Removal, Steps};
use crate::error::Result;
use crate::git::Branch;
use crate::plan::{Status, TaskId};
use crate::state::{Location, Lock, Project, Shelf};
use crate::world::kill_point;

/// A worktree of another plan that was in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its task.
    pub task: TaskId,
    /// Its plan.
    pub plan: String,
    /// What `ctx undo` brings back; `None` if there was nothing to save.
    pub saved: Option<String>,
}

/// The status of a worktree's task, `None` if its plan is archived or gone; or why it cannot be told.
pub fn task_status(
    project: &Project,
    record: &Record,
) -> Result<std::result::Result<Option<Status>, String>> {
    let plans = project.plans();
    let folder = plans.list()?.into_iter().find(|folder| folder.id == record.plan);
    Ok(match folder {
        None => Ok(None),
        Some(folder) if folder.location == Location::Folder(Shelf::Archive) => Ok(None),
        Some(folder) => match plans.require_valid(&folder) {
            Ok(plan) => Ok(plan.task(record.task.as_str()).map(|task| task.status)),
            Err(_) => Err(format!("its plan has errors; see `ctx plan validate {}`", folder.id)),
        },
    })
}

impl Setup<'_> {
    /// Moves what is landed, clean and in the way of one of these tasks to `ctx undo`. The caller holds the lock
    /// `worktrees`, and nothing else.
    pub(super) fn make_room(
        &self,
        tasks: &[TaskId],
        around: &Around,
        lock: &Lock,
        steps: &dyn Steps,
    ) -> Result<Vec<Moved>> {
        let in_the_way = self.in_the_way(tasks, around);
        let mut moved = Vec::new();
        if in_the_way.is_empty() {
            return Ok(moved);
        }
        let removal = Removal::new(self.project, Risks::default(), false)?;
        let pool = Pool::read(self.project)?;
        let pooling = Pooling { project: self.project, settings: self.settings };
        for record in in_the_way {
            let Ok(status) = task_status(self.project, &record)? else { continue };
            steps.step(record.task.as_str(), &format!("moving that of plan `{}` to undo", record.plan));
            let (task, plan) = (record.task.clone(), record.plan.clone());
            let saved = match pool.at(&record.path) {
                Some(slot) => {
                    kill_point("leftover-release");
                    let release = Release::new(pooling, &removal, lock);
                    release.release(slot, record, status)?.map(|released| released.saved).ok()
                }
                None => match removal.examine(record, status)? {
                    Ok(removable) => {
                        kill_point("leftover-move");
                        // Changed at this moment: it is living work.
                        removal.remove(&removable).map(|removed| removed.saved).ok()
                    }
                    Err(kept) => {
                        removal.give_up(&kept)?;
                        None
                    }
                },
            };
            moved.extend(saved.map(|saved| Moved { task, plan, saved }));
        }
        Ok(moved)
    }

    /// The records of other plans that have what these tasks need.
    fn in_the_way(&self, tasks: &[TaskId], around: &Around) -> Vec<Record> {
        let root = self.settings.worktree_root(&self.project.home, self.plan);
        let has = |task: &TaskId| {
            around.records.iter().any(|record| record.plan == self.plan && record.task == *task)
        };
        let needed: Vec<_> = tasks
            .iter()
            .filter(|task| !has(task))
            .map(|task| {
                let branch = Branch::new(self.settings.branch(self.plan, task.as_str()));
                (root.join(task.as_str()), branch)
            })
            .collect();
        let in_the_way = |record: &&Record| {
            record.plan != self.plan
                && needed.iter().any(|(path, branch)| {
                    around.same_path(&record.path, path) || around.clash(&record.branch, branch)
                })
        };
        around.records.iter().filter(in_the_way).cloned().collect()
    }
}
