//! `ctx worktree`.

mod rows;
mod sync;

use std::collections::HashSet;
use std::path::PathBuf;

use serde::Serialize;

use self::rows::{Row, Rows};
use super::{Column, Context, Report, style};
use crate::cli::Worktree;
use crate::error::{Error, Exit, Result};
use crate::git::{self, Oid, Status as Changes};
use crate::land::Conflicts;
use crate::plan::{self, Status, TaskId};
use crate::run::{Board, Readiness, TaskState};
use crate::state;
use crate::ui::Progress;
use crate::worktree::{self, Outcome, Record, Records, SetUpRun, Setup, refresh};

pub(super) fn run(verb: Worktree) -> Result<Report> {
    match verb {
        Worktree::Setup { task, wave, json } => set_up(&task, wave, json.json),
        Worktree::List(json) => list(json.json),
        Worktree::Path { task } => path(&task),
        Worktree::Sync { task, rebase, json } => sync::run(&task, rebase, json.json),
    }
}

fn set_up(wanted: &[String], wave: Option<usize>, json: bool) -> Result<Report> {
    let context = Context::here()?;
    let board = Board::active(&context.project, &context.settings)?;
    let base = board.require_base()?;
    let (chosen, skipped) = choose(&context, &board, wanted, wave)?;
    let setup = Setup {
        project: &context.project,
        settings: &context.settings,
        plan: &board.folder.id,
        into: &board.into,
        base,
    };
    let run = if chosen.is_empty() {
        SetUpRun::default()
    } else {
        let progress = Progress::start("worktrees", chosen.len());
        setup.run(&chosen, &busy(&board), &progress)?
    };
    let mut shown = Rows::default();
    shown.all = skipped;
    shown.moved(&run.moved);
    for (task, outcome) in run.outcomes {
        let Some(state) = board.task(task.as_str()) else { continue };
        let moved = match &outcome {
            Ok(Outcome::Exists(record, _)) => bring_up(&context, state, record)?,
            _ => None,
        };
        shown.add(state, outcome);
        if let Some(commit) = moved {
            shown.brought_up(&task, &board.into, &commit);
        }
    }
    let place = |row: &Row| board.plan.tasks.iter().position(|task| task.id == row.task);
    shown.all.sort_by_key(place);
    shown.find_conflicts(&board, &Conflicts::of(&context.project, &board.folder.id))?;
    let at_once = context.settings.parallelization.max_agents;
    let report = Report::data(json, &shown.all, || rows::text(&shown, &board, at_once))?;
    let refused = shown.all.iter().any(|row| row.result == "refused");
    let mut report = if refused { report.exit(Exit::Refused) } else { report };
    report.messages = shown.all_messages();
    report.messages.extend(context.warnings());
    Ok(report)
}

/// Brings a worktree that was made before its task's turn to the base, unless the task was begun.
fn bring_up(context: &Context, state: &TaskState, record: &Record) -> Result<Option<Oid>> {
    if !matches!(state.task.status, Status::Pending | Status::Blocked) {
        return Ok(None);
    }
    let lock = context.project.lock("worktrees").acquire()?;
    refresh(&context.project, record, &lock)
}

/// The tasks in whose worktrees somebody works, or did before it was interrupted.
fn busy(board: &Board) -> HashSet<TaskId> {
    let in_progress = board.tasks.iter().filter(|state| state.task.status == Status::InProgress);
    in_progress.map(|state| state.task.id.clone()).collect()
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
            Some(reason) => rows.push(Row::skipped(state, reason)),
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
        // Tasks of several plans may have one name.
        let several = rows.iter().any(|row| row.plan != rows[0].plan);
        let cells = rows.iter().map(|row| {
            let state = match (row.ready, row.clean) {
                (false, _) => "incomplete",
                (_, Some(true)) => "clean",
                (_, Some(false)) => "uncommitted files",
                (_, None) => "folder missing",
            };
            let path = row.path.display().to_string();
            let mut cells = vec![row.task.to_string(), row.branch.to_owned(), state.to_owned(), path];
            if several {
                cells.insert(1, row.plan.to_owned());
            }
            cells
        });
        let mut columns =
            vec![Column::id("task"), Column::id("branch").rank(1), Column::word(""), Column::path("path")];
        if several {
            columns.insert(1, Column::id("plan").rank(2));
        }
        style::table(&columns, cells)
    })
}

fn listed(record: &Record) -> Result<Listed<'_>> {
    let ready = record.progress == worktree::Progress::Ready;
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
    match state
        .worktree
        .as_ref()
        .filter(|record| record.progress == worktree::Progress::Ready && record.path.exists())
    {
        Some(record) => Ok(Report::text(record.path.display().to_string())),
        None => Err(Error::refused(format!("`{id}` has no worktree"))
            .hint(format!("make it with `ctx worktree setup {id}`"))),
    }
}
