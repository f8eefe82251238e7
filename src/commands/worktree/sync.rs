//! `ctx worktree sync`.

use std::path::PathBuf;

use serde::Serialize;

use crate::commands::{Column, Context, Report, style};
use crate::error::{Error, Exit, Result};
use crate::git::{self, Branch};
use crate::land::{Conflict, Conflicts};
use crate::plan::{Status, TaskId};
use crate::run::{Board, TaskState};
use crate::state::{self, Claim, Note, Owner};
use crate::worktree::{How, OnConflict, Record, Sync, Synced};
use crate::world;

/// `ctx worktree sync --json`, one a worktree.
#[derive(Serialize)]
struct Row {
    task: TaskId,
    /// `synced`, `up_to_date`, `skipped`, `conflict` (it is as it was) or `resolving` (the merge is under way in it).
    result: &'static str,
    /// Where its branch is now, if it moved.
    commit: Option<String>,
    /// The files that conflict, or are still to be resolved.
    files: Vec<PathBuf>,
    /// Why it was skipped.
    reason: Option<String>,
    /// Where it lies.
    worktree: PathBuf,
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
    let back = |record: &Record, files: &[PathBuf]| give_back(&context, &board, record, files);
    let sync = Sync { project: &context.project, how, lock: &lock, give_back: &back };
    let mut rows = Vec::new();
    let mut messages = Vec::new();
    for state in &board.tasks {
        let Some(record) = &state.worktree else { continue };
        let named = wanted.iter().any(|id| id == state.task.id.as_str());
        if !named && !wanted.is_empty() {
            continue;
        }
        let other = other_session(state);
        let on_conflict =
            if named && other.is_none() && !state.landed { OnConflict::Start } else { OnConflict::Leave };
        let synced = sync.run(record, state.task.status, on_conflict)?;
        messages.extend(follow_up(&context, &board, state, &synced)?);
        if let (true, Some(session), Synced::Conflict { .. }) = (named, other, &synced) {
            messages.push(format!(
                "note: session {session} works on `{}`; the merge is left to it",
                state.task.id
            ));
        }
        rows.push(row(&state.task.id, record, synced));
    }
    let mut report = Report::data(json, &rows, || text(&rows))?;
    report.messages = messages;
    let any = |result: &str| rows.iter().any(|row| row.result == result);
    let in_conflict = rows.iter().filter(|row| row.result == "conflict");
    let ids: Vec<&str> = in_conflict.map(|row| row.task.as_str()).collect();
    Ok(if let [first, ..] = &ids[..] {
        let report = report.exit(Exit::Conflict);
        if wanted.is_empty() || rebase {
            report.message(format!(
                "hint: `ctx worktree sync {first}` starts the merge of `{}` there and says what to resolve",
                board.into
            ))
        } else {
            report
        }
    } else if rows.iter().any(|row| row.result == "resolving" && !row.files.is_empty()) {
        report.exit(Exit::Conflict)
    } else if any("skipped") && !wanted.is_empty() {
        report.exit(Exit::Refused)
    } else {
        report
    })
}

/// The live session, not this one, that works on the task.
fn other_session(state: &TaskState) -> Option<&str> {
    let claim = state.claim.as_ref().filter(|claim| !Claim::interrupted(claim))?;
    claim.owner.session.as_deref().filter(|session| world::session_id().as_deref() != Some(session))
}

/// What is recorded of a conflict, and how to go on.
fn follow_up(context: &Context, board: &Board, state: &TaskState, synced: &Synced) -> Result<Vec<String>> {
    let id = &state.task.id;
    match synced {
        Synced::Conflict { base, tip, files } => {
            let conflict = Conflict::new(base.clone(), tip.clone(), files);
            Conflicts::of(&context.project, &board.folder.id).write(id, &conflict)?;
            Ok(Vec::new())
        }
        Synced::Moved(_) if handed_in(state.task.status) => {
            Ok(vec![format!("hint: `{id}` changed; look at it, then run `ctx task submit {id}`")])
        }
        Synced::Resolving(files) => {
            let dir =
                state.worktree.as_ref().map(|record| record.path.display().to_string()).unwrap_or_default();
            Ok(vec![how_to_go_on(state, &board.into, &dir, files)])
        }
        _ => Ok(Vec::new()),
    }
}

/// What is handed in changes while it is resolved: it has to be handed in again.
fn give_back(context: &Context, board: &Board, record: &Record, files: &[PathBuf]) -> Result<()> {
    let list = git::summary(files.iter().map(PathBuf::as_path));
    let what = if files.is_empty() { "was merged in".to_owned() } else { format!("conflicts: {list}") };
    let note = Note {
        reason: Some(format!("{} {what}", board.into)),
        commit: git::resolve(context.project.git_dir(), &record.branch.full())?,
        owner: Owner { session: world::session_id(), agent: None, process: world::client_process() },
    };
    state::set_status(&context.project, &board.folder, &record.task, note, |_, task, _| {
        Ok(handed_in(task.status).then_some(Status::InProgress))
    })?;
    Ok(())
}

fn handed_in(status: Status) -> bool {
    matches!(status, Status::Submitted | Status::Completed)
}

fn how_to_go_on(state: &TaskState, into: &Branch, dir: &str, files: &[PathBuf]) -> String {
    let id = &state.task.id;
    let mut lines = vec![match files {
        [] => format!("every conflict of `{id}` is resolved in `{dir}`"),
        _ => format!("resolve in `{dir}`:"),
    }];
    lines.extend(files.iter().map(|file| format!("  {}", crate::error::printable(&file.to_string_lossy()))));
    let submit = match state.task.status {
        Status::InProgress | Status::Submitted | Status::Completed => {
            format!(", then `ctx task submit {id}`")
        }
        _ => String::new(),
    };
    lines.push(format!(
        "hint: then run `ctx commit -m \"fix: merge {into}\"` there{submit}; `git merge --abort` there gives the \
         merge up"
    ));
    lines.join("\n")
}

fn row(task: &TaskId, record: &Record, synced: Synced) -> Row {
    let mut row = Row {
        task: task.clone(),
        result: "up_to_date",
        commit: None,
        files: Vec::new(),
        reason: None,
        worktree: record.path.clone(),
    };
    match synced {
        Synced::UpToDate => {}
        Synced::Moved(commit) => (row.result, row.commit) = ("synced", Some(commit.to_string())),
        Synced::Skipped(why) => (row.result, row.reason) = ("skipped", Some(why)),
        Synced::Conflict { files, .. } => (row.result, row.files) = ("conflict", files),
        Synced::Resolving(files) => (row.result, row.files) = ("resolving", files),
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
            (None, Some(why)) => style::clean(why),
            (None, None) => git::summary(row.files.iter().map(PathBuf::as_path)),
        };
        vec![row.task.to_string(), row.result.replace('_', " "), what]
    });
    style::table(&[Column::id("task"), Column::word(""), Column::prose("")], cells)
}
