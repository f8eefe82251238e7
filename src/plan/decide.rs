//! Decides whether a plan's tasks run in parallel or one after the other, and says why.
//!
//! In: the tasks, their waves, the settings, whether the person asked for parallel. Out: the mode, the reason
//! as one sentence, the groups to run. Makes no worktree and starts nothing.
//!
//! The count that is compared with `min_tasks` is that of the largest wave: tasks in one wave neither wait
//! for each other nor change the same file, so that is how many can really run at the same time.

use super::graph::{self, Waves};
use super::{Status, Task, TaskId};

/// The settings under `parallelization` that the decision depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parallelization {
    /// May anything run in parallel?
    pub enabled: bool,
    /// How many tasks must be able to run at the same time before that pays.
    pub min_tasks: usize,
    /// How many agents run at the same time, at most.
    pub max_agents: usize,
}

impl Default for Parallelization {
    fn default() -> Self {
        Self { enabled: true, min_tasks: 3, max_agents: 5 }
    }
}

/// How the tasks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Group by group, the tasks of a group at the same time.
    Parallel,
    /// One executor at a time.
    Sequential,
}

/// The decision, to be shown before anything starts.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Decision {
    /// In parallel or not.
    pub mode: Mode,
    /// One sentence.
    pub reason: String,
    /// What runs together, in order; with `Sequential` each task is a group.
    pub groups: Vec<Vec<TaskId>>,
}

/// Decides for the tasks that are not completed yet; see `decide`. Without any, the groups are empty.
pub fn decide_left(tasks: &[Task], settings: Parallelization, force_parallel: bool) -> Decision {
    let left: Vec<Task> = tasks.iter().filter(|task| task.status != Status::Completed).cloned().collect();
    let waves = graph::waves(&left, settings.max_agents);
    let decision = decide(&left, &waves, settings, force_parallel);
    match (&left[..], tasks) {
        ([], [_, ..]) => Decision {
            mode: Mode::Sequential,
            reason: "All tasks are completed; nothing is left to run.".to_owned(),
            groups: Vec::new(),
        },
        ([one], [_, _, ..]) => Decision { reason: format!("One task is left, `{}`.", one.id), ..decision },
        _ if left.len() < tasks.len() => Decision {
            reason: format!("{} of {} tasks are left. {}", left.len(), tasks.len(), decision.reason),
            ..decision
        },
        _ => decision,
    }
}

/// Decides. `force_parallel` (`--parallel`) overrides the count and nothing else.
pub fn decide(tasks: &[Task], waves: &Waves, settings: Parallelization, force_parallel: bool) -> Decision {
    let widest = waves.waves.iter().map(Vec::len).max().unwrap_or(0);
    let obstacle = obstacle(tasks, waves, settings, widest);
    let few = (widest < settings.min_tasks && !force_parallel).then(|| {
        format!("{} can run at the same time, and `min_tasks` is {}.", count(widest), settings.min_tasks)
    });
    match obstacle.or(few) {
        Some(reason) => Decision {
            mode: Mode::Sequential,
            reason,
            groups: graph::order(tasks).into_iter().map(|id| vec![id]).collect(),
        },
        None => Decision {
            mode: Mode::Parallel,
            reason: format!("{} can run at the same time.", count(widest)),
            groups: waves.groups.clone(),
        },
    }
}

/// What no option overrides.
fn obstacle(tasks: &[Task], waves: &Waves, settings: Parallelization, widest: usize) -> Option<String> {
    if !settings.enabled {
        return Some("The setting `parallelization.enabled` is `false`.".to_owned());
    }
    if settings.max_agents < 2 {
        return Some(format!("The setting `parallelization.max_agents` is {}.", settings.max_agents));
    }
    if widest > 1 {
        return None;
    }
    Some(match tasks {
        [] => "The plan has no task.".to_owned(),
        [task] => format!("The plan has one task, `{}`.", task.id),
        _ => match common_file(tasks) {
            Some(file) => format!("All {} tasks change `{file}`.", tasks.len()),
            None if is_chain(waves, tasks) => {
                format!("The {} tasks are a chain: each waits for the one before it.", tasks.len())
            }
            None => "No two tasks can run at the same time: each waits for another or changes a file \
                     that another changes."
                .to_owned(),
        },
    })
}

/// A path or glob that every task declares as changed.
fn common_file(tasks: &[Task]) -> Option<&str> {
    let (first, others) = tasks.split_first()?;
    first
        .files
        .changed()
        .find(|file| others.iter().all(|task| task.files.changed().any(|other| other == *file)))
}

/// Does each wave's only task depend on the wave before it?
fn is_chain(waves: &Waves, tasks: &[Task]) -> bool {
    waves.waves.windows(2).all(|pair| {
        let later = pair[1].first().and_then(|id| tasks.iter().find(|task| task.id == *id));
        later.zip(pair[0].first()).is_some_and(|(task, before)| task.dependencies.contains(before))
    })
}

fn count(tasks: usize) -> String {
    match tasks {
        1 => "Only one task".to_owned(),
        n => format!("{n} tasks"),
    }
}
