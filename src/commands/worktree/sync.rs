//! `ctx worktree sync`.

use std::path::PathBuf;

use serde::Serialize;

use crate::commands::{Column, Context, Report, style};
use crate::error::{Error, Exit, Result};
use crate::git;
use crate::plan::TaskId;
use crate::run::Board;
use crate::state;
use crate::worktree::{How, Sync, Synced};

/// `ctx worktree sync --json`, one a worktree.
#[derive(Serialize)]
struct Row {
    task: TaskId,
    /// `synced`, `up_to_date`, `skipped` or `conflict`.
    result: &'static str,
    /// Where its branch is now, if it moved.
    commit: Option<String>,
    /// The files that conflict.
    files: Vec<PathBuf>,
    /// Why it was skipped.
    reason: Option<String>,
}

pub(super) fn run(wanted: &[String], rebase: bool, json: bool) -> Result<Report> {
    let context = Context::here()?;
    let lock = context.project.lock("worktrees").acquire()?;
    let board = Board::active(&context.project, &context.settings)?;
    for id in wanted {
        let state = board.task(id).ok_or_else(|| state::unknown_task(&board.folder, id))?;
        if state.worktree.is_none() {
            return Err(Error::refused(format!("`{id}` has no worktree"))
                .hint(format!("make it with `ctx worktree setup {id}`")));
        }
    }
    let how = if rebase { How::Rebase } else { How::Merge };
    let sync = Sync { project: &context.project, how, lock: &lock };
    let mut rows = Vec::new();
    for state in &board.tasks {
        let Some(record) = &state.worktree else { continue };
        if wanted.is_empty() || wanted.iter().any(|id| id == state.task.id.as_str()) {
            rows.push(row(&state.task.id, sync.run(record, state.task.status)?));
        }
    }
    let report = Report::data(json, &rows, || text(&rows))?;
    let any = |result: &str| rows.iter().any(|row| row.result == result);
    Ok(if any("conflict") {
        report.exit(Exit::Conflict).message(format!(
            "hint: in the worktree of a task that conflicts, run `git merge {}`, resolve and commit",
            board.into
        ))
    } else if any("skipped") && !wanted.is_empty() {
        report.exit(Exit::Refused)
    } else {
        report
    })
}

fn row(task: &TaskId, synced: Synced) -> Row {
    let mut row =
        Row { task: task.clone(), result: "up_to_date", commit: None, files: Vec::new(), reason: None };
    match synced {
        Synced::UpToDate => {}
        Synced::Moved(commit) => (row.result, row.commit) = ("synced", Some(commit.to_string())),
        Synced::Skipped(why) => (row.result, row.reason) = ("skipped", Some(why)),
        Synced::Conflict(files) => (row.result, row.files) = ("conflict", files),
    }
    row
}

fn text(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no worktrees to sync".to_owned();
    }
    let cells = rows.iter().map(|row| {
        let what = match (&row.commit, &row.reason) {
            (Some(commit), _) => format!("now {}", &commit[..9]),
            (None, Some(why)) => why.clone(),
            (None, None) => git::summary(row.files.iter().map(PathBuf::as_path)),
        };
        vec![row.task.to_string(), row.result.replace('_', " "), what]
    });
    style::table(&[Column::id("task"), Column::word(""), Column::prose("")], cells)
}
