//! `ctx worktree`.

mod sync;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::{Context, Report, style};
use crate::cli::Worktree;
use crate::error::{Error, Exit, Result, printable};
use crate::git::{self, Oid, Status as Changes};
use crate::plan::{self, Status, TaskId};
use crate::run::{Board, Readiness, TaskState};
use crate::state;
use crate::worktree::{Outcome, Progress, Record, Records, Setup, refresh};

pub(super) fn run(verb: Worktree) -> Result<Report> {
    match verb {
        Worktree::Setup { task, wave, json } => set_up(&task, wave, json.json),
        Worktree::List(json) => list(json.json),
        Worktree::Path { task } => path(&task),
        Worktree::Sync { task, rebase, json } => sync::run(&task, rebase, json.json),
    }
}

/// `ctx worktree setup --json`, one a task.
#[derive(Serialize)]
struct Row {
    task: TaskId,
    /// `created`, `exists`, `refused` or `skipped`.
    result: &'static str,
    path: Option<PathBuf>,
    branch: Option<String>,
    base: Option<String>,
    copied: Vec<PathBuf>,
    /// The commands that ran in it.
    commands: Vec<String>,
    /// The first of its ports.
    port: Option<u16>,
    /// Why it was refused or skipped.
    reason: Option<String>,
}

impl Row {
    fn without(task: &TaskId, result: &'static str, reason: String) -> Self {
        let task = task.clone();
        Self {
            task,
            result,
            path: None,
            branch: None,
            base: None,
            copied: Vec::new(),
            commands: Vec::new(),
            port: None,
            reason: Some(reason),
        }
    }
}

fn set_up(wanted: &[String], wave: Option<usize>, json: bool) -> Result<Report> {
    let context = Context::here()?;
    let board = Board::active(&context.project, &context.settings)?;
    let base = board.require_base()?;
    let (chosen, mut rows) = choose(&context, &board, wanted, wave)?;
    let bar = style::bar(chosen.len(), "worktrees");
    let setup = Setup {
        project: &context.project,
        settings: &context.settings,
        plan: &board.folder.id,
        into: &board.into,
        base,
    };
    let outcomes = if chosen.is_empty() {
        Vec::new()
    } else {
        setup.run(&chosen, &|task| {
            bar.set_message(task.to_string());
            bar.inc(1);
        })?
    };
    bar.finish_and_clear();
    let mut messages = Vec::new();
    let mut notes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (task, outcome) in outcomes {
        if let Ok(Outcome::Created(_, prepared)) = &outcome {
            for note in &prepared.notes {
                notes.entry(note.clone()).or_default().push(format!("`{task}`"));
            }
        }
        let moved = match &outcome {
            Ok(Outcome::Exists(record)) => bring_up(&context, &board, record)?,
            _ => None,
        };
        let mut row = outcome_row(&task, outcome, &mut messages);
        if let Some(commit) = moved {
            messages.push(format!(
                "note: nothing was done for `{task}` yet; its worktree was brought to `{}`, at {}",
                board.into,
                commit.short()
            ));
            row.base = Some(commit.to_string());
        }
        rows.push(row);
    }
    // The same sentence for every worktree is said once.
    messages.extend(notes.into_iter().map(|(note, tasks)| match tasks.len() {
        0..=3 => format!("note: {}: {note}", tasks.join(", ")),
        n => format!("note: {n} worktrees: {note}"),
    }));
    let place = |row: &Row| board.plan.tasks.iter().position(|task| task.id == row.task);
    rows.sort_by_key(place);
    let report = Report::data(json, &rows, || text(&rows))?;
    let refused = rows.iter().any(|row| row.result == "refused");
    let mut report = if refused { report.exit(Exit::Refused) } else { report };
    report.messages = shown(&rows);
    report.messages.extend(messages);
    report.messages.extend(context.warnings());
    Ok(report)
}

/// Brings a worktree that was made before its task's turn to the base, unless the task was begun.
fn bring_up(context: &Context, board: &Board, record: &Record) -> Result<Option<Oid>> {
    let waiting = board
        .task(record.task.as_str())
        .is_some_and(|state| matches!(state.task.status, Status::Pending | Status::Blocked));
    if !waiting {
        return Ok(None);
    }
    let lock = context.project.lock("worktrees").acquire()?;
    refresh(&context.project, record, &lock)
}

/// How many files that were not copied are named.
const MOST_NOTES: usize = 5;

/// The commands that ran, each once.
fn shown(rows: &[Row]) -> Vec<String> {
    let mut all: Vec<&String> = rows.iter().flat_map(|row| &row.commands).collect();
    all.sort();
    all.dedup();
    let count = |text: &String| rows.iter().filter(|row| row.commands.contains(text)).count();
    all.iter()
        .map(|text| format!("set-up: `{}` in {}", printable(text), style::count(count(text), "worktree")))
        .collect()
}

fn outcome_row(task: &TaskId, outcome: Result<Outcome>, messages: &mut Vec<String>) -> Row {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            messages.push(format!("error: {error}"));
            return Row::without(task, "refused", error.fact);
        }
    };
    let record = outcome.record();
    let mut row = Row {
        task: task.clone(),
        result: "exists",
        path: Some(record.path.clone()),
        branch: Some(record.branch.as_str().to_owned()),
        base: Some(record.base.as_str().to_owned()),
        copied: Vec::new(),
        commands: Vec::new(),
        port: record.port,
        reason: None,
    };
    if let Outcome::Created(_, prepared) = &outcome {
        row.result = "created";
        row.copied.clone_from(&prepared.copied);
        row.commands.clone_from(&prepared.commands);
        for (path, why) in prepared.skipped.iter().take(MOST_NOTES) {
            let path = printable(&path.to_string_lossy());
            messages.push(format!("note: `{path}` is not copied for `{task}`: {why}"));
        }
        if let Some(more) = prepared.skipped.len().checked_sub(MOST_NOTES).filter(|more| *more > 0) {
            messages.push(format!("note: {more} more are not copied for `{task}`"));
        }
    }
    row
}

/// The tasks to set up; those that were left out, with the reason. A task that was named must be possible.
fn choose(
    context: &Context,
    board: &Board,
    wanted: &[String],
    wave: Option<usize>,
) -> Result<(Vec<TaskId>, Vec<Row>)> {
    if !wanted.is_empty() {
        let mut chosen: Vec<TaskId> = Vec::new();
        for id in wanted {
            let state = board.task(id).ok_or_else(|| state::unknown_task(&board.folder, id))?;
            if let Some(reason) = reason_against(state) {
                return Err(Error::refused(format!("`{id}` {reason}")).hint("see `ctx task list`"));
            }
            if !chosen.contains(&state.task.id) {
                chosen.push(state.task.id.clone());
            }
        }
        return Ok((chosen, Vec::new()));
    }
    let ids = match wave {
        None => plan::graph::order(&board.plan.tasks),
        Some(n) => {
            let mut waves =
                plan::graph::waves(&board.plan.tasks, context.settings.parallelization.max_agents).waves;
            let count = waves.len();
            match n.checked_sub(1).filter(|at| *at < count) {
                Some(at) => waves.swap_remove(at),
                None => {
                    return Err(Error::refused(format!("there is no wave {n}; the plan has {count}"))
                        .hint("see `ctx plan show`"));
                }
            }
        }
    };
    let mut chosen = Vec::new();
    let mut rows = Vec::new();
    for state in ids.iter().filter_map(|id| board.task(id.as_str())) {
        match reason_against(state) {
            None => chosen.push(state.task.id.clone()),
            Some(reason) => rows.push(Row::without(&state.task.id, "skipped", reason)),
        }
    }
    Ok((chosen, rows))
}

pub(super) fn reason_against(state: &TaskState) -> Option<String> {
    match (&state.readiness, state.task.status) {
        (Readiness::Ready, _) | (_, Status::InProgress) => None,
        (Readiness::Waits(_) | Readiness::WaitsForFiles { .. }, _) => state.readiness.reason(),
        (_, Status::Failed) => Some(format!("has failed; `ctx task retry {}` frees it", state.task.id)),
        (_, status) => Some(format!("is {status}")),
    }
}

fn text(rows: &[Row]) -> String {
    let cells = rows.iter().map(|row| {
        let what = match (&row.path, &row.reason) {
            (Some(path), _) => path.display().to_string(),
            (None, reason) => reason.clone().unwrap_or_default(),
        };
        vec![row.task.to_string(), row.result.to_owned(), what]
    });
    style::table(&["task", "", "worktree"], cells)
}

/// `ctx worktree list --json`, one a worktree.
#[derive(Serialize)]
struct Listed<'a> {
    task: &'a TaskId,
    plan: &'a str,
    path: &'a PathBuf,
    branch: &'a str,
    base: &'a str,
    /// Checked out, prepared and usable.
    ready: bool,
    /// The first of its ports.
    port: Option<u16>,
    /// None where the folder is gone or half made.
    clean: Option<bool>,
}

fn list(json: bool) -> Result<Report> {
    let context = Context::here()?;
    let records = Records::of(&context.project).list()?;
    let mut rows = Vec::new();
    for record in &records {
        rows.push(listed(record)?);
    }
    Report::data(json, &rows, || {
        if rows.is_empty() {
            return "no worktrees; `ctx worktree setup` makes them".to_owned();
        }
        let cells = rows.iter().map(|row| {
            let state = match (row.ready, row.clean) {
                (false, _) => "half made",
                (_, Some(true)) => "clean",
                (_, Some(false)) => "uncommitted files",
                (_, None) => "folder missing",
            };
            vec![
                row.task.to_string(),
                row.branch.to_owned(),
                state.to_owned(),
                row.path.display().to_string(),
            ]
        });
        style::table(&["task", "branch", "", "path"], cells)
    })
}

fn listed(record: &Record) -> Result<Listed<'_>> {
    let ready = record.progress == Progress::Ready;
    let clean = match ready && record.path.exists() {
        true => Some(git::status(&record.path).map(|status: Changes| status.clean())?),
        false => None,
    };
    Ok(Listed {
        task: &record.task,
        plan: &record.plan,
        path: &record.path,
        branch: record.branch.as_str(),
        base: record.base.as_str(),
        ready,
        port: record.port,
        clean,
    })
}

fn path(id: &str) -> Result<Report> {
    let context = Context::here()?;
    let board = Board::active(&context.project, &context.settings)?;
    let state = board.task(id).ok_or_else(|| state::unknown_task(&board.folder, id))?;
    match state.worktree.as_ref().filter(|record| record.progress == Progress::Ready && record.path.exists())
    {
        Some(record) => Ok(Report::text(record.path.display().to_string())),
        None => Err(Error::refused(format!("`{id}` has no worktree"))
            .hint(format!("make it with `ctx worktree setup {id}`"))),
    }
}
