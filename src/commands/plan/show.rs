//! `ctx plan show`: the waves, and the decision between parallel and sequential, with its reason.

use serde::Serialize;

use super::chosen;
use crate::commands::{Column, Context, Report, style};
use crate::error::Result;
use crate::plan::{self, Files, Mode, Plan, Priority, Status, TaskId};
use crate::run::Board;
use crate::state::PlanFolder;

/// `ctx plan show --json`.
#[derive(Serialize)]
struct Answer<'a> {
    id: &'a str,
    name: &'a str,
    base: Option<&'a str>,
    decision: Mode,
    reason: &'a str,
    waves: &'a [Vec<TaskId>],
    /// What runs together, of the tasks that are not completed.
    groups: &'a [Vec<TaskId>],
    tasks: Vec<TaskAnswer<'a>>,
}

#[derive(Serialize)]
struct TaskAnswer<'a> {
    id: &'a TaskId,
    name: &'a str,
    file: &'a str,
    priority: Priority,
    status: Status,
    dependencies: &'a [TaskId],
    model: Option<&'a str>,
    files: &'a Files,
}

pub(super) fn run(wanted: Option<&str>, parallel: bool, json: bool) -> Result<Report> {
    let context = Context::here()?;
    let plans = context.project.plans();
    let folder = chosen(&plans, wanted)?;
    let plan = plans.require_valid(&folder)?;
    let settings = context.settings.parallelization;
    let waves = plan::graph::waves(&plan.tasks, settings.max_agents);
    let mut decision = plan::decide_left(&plan.tasks, settings, parallel);
    if decision.groups.is_empty() && !plan.tasks.is_empty() {
        decision.reason = all_completed(&context, &folder)?;
    }
    let answer = Answer {
        id: &folder.id,
        name: &plan.name,
        base: plan.base.as_deref(),
        decision: decision.mode,
        reason: &decision.reason,
        waves: &waves.waves,
        groups: &decision.groups,
        tasks: plan.tasks.iter().map(task).collect(),
    };
    let mut report = Report::data(json, &answer, || text(&answer, &plan))?;
    report.messages.extend(context.warnings());
    Ok(report)
}

/// Nothing is left to run; perhaps something is left to merge.
fn all_completed(context: &Context, folder: &PlanFolder) -> Result<String> {
    let board = Board::read(&context.project, &context.settings, folder)?;
    let open: Vec<String> = board
        .tasks
        .iter()
        .filter(|state| !state.landed)
        .map(|state| format!("`{}`", state.task.id))
        .collect();
    Ok(match &open[..] {
        [] => format!(
            "All {} have landed on `{}`; nothing is left to run.",
            tasks(board.tasks.len()),
            board.into
        ),
        open => format!(
            "All {} are completed; `ctx merge` lands what has not landed: {}.",
            tasks(board.tasks.len()),
            open.join(", ")
        ),
    })
}

fn tasks(count: usize) -> String {
    style::count(count, "task")
}

fn task(task: &plan::Task) -> TaskAnswer<'_> {
    TaskAnswer {
        id: &task.id,
        name: &task.name,
        file: &task.file,
        priority: task.priority,
        status: task.status,
        dependencies: &task.dependencies,
        model: task.model.as_deref(),
        files: &task.files,
    }
}

const COLUMNS: [Column; 8] = [
    Column::word("group"),
    Column::word("wave").rank(3),
    Column::id("task"),
    Column::word("status").rank(2),
    Column::word("priority").rank(5),
    Column::name("after"),
    Column::word("model").rank(4),
    Column::name("name").rank(1),
];

fn text(answer: &Answer<'_>, plan: &Plan) -> String {
    let mode = match answer.decision {
        Mode::Parallel => "parallel",
        Mode::Sequential => "sequential",
    };
    // Painted after it is broken into lines: the width of colours would count.
    let decision = style::prose(&format!("{mode}: {}", answer.reason)).replacen(mode, &style::bold(mode), 1);
    let mut lines = vec![style::title(answer.name, answer.id), decision];
    let base = answer.base.map(|base| format!(", base `{}`", style::clean(base))).unwrap_or_default();
    let tasks = style::count(plan.tasks.len(), "task");
    lines.push(format!("{tasks} in {}{base}", style::count(answer.waves.len(), "wave")));
    lines.push(String::new());
    let wave_of = |id: &TaskId| answer.waves.iter().position(|wave| wave.contains(id)).unwrap_or_default();
    let group_of = |id: &TaskId| answer.groups.iter().position(|group| group.contains(id));
    let mut order: Vec<&TaskId> = answer.waves.iter().flatten().collect();
    // What is completed is in no group and comes first.
    order.sort_by_key(|id| group_of(id).map_or(0, |group| group + 1));
    let rows = order.into_iter().filter_map(|id| {
        let task = plan.task(id.as_str())?;
        let dependencies: Vec<&str> = task.dependencies.iter().map(TaskId::as_str).collect();
        Some(vec![
            group_of(id).map(|group| (group + 1).to_string()).unwrap_or_default(),
            (wave_of(id) + 1).to_string(),
            id.to_string(),
            style::status(task.status),
            task.priority.to_string(),
            dependencies.join(" "),
            style::clean(task.model.as_deref().unwrap_or_default()),
            style::clean(&task.name),
        ])
    });
    lines.push(style::table(&COLUMNS, rows));
    lines.join("\n")
}
