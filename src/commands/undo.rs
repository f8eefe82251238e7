//! `ctx undo`: lists what `ctx cleanup` removed, and brings it back.

use std::path::PathBuf;

use serde::Serialize;

use super::{Column, Context, Report, style};
use crate::cli::Undo as Args;
use crate::error::Result;
use crate::ui::Progress;
use crate::worktree::{Holds, Record, Saved, Undo};

/// `ctx undo --json`, one a removed worktree.
#[derive(Serialize)]
struct Row {
    id: String,
    /// When it was removed: `YYYYMMDD-HHMMSS`, UTC.
    time: String,
    plan: String,
    task: String,
    branch: String,
    path: PathBuf,
    /// The branch's last commit.
    tip: String,
    /// Its work was in the branch it was to land on.
    merged: bool,
    /// Commits that were not in the branch it was to land on.
    commits: usize,
    /// Tracked files that were not committed.
    changed: usize,
    /// Files that git did not track.
    untracked: usize,
    /// Where its ignored files are; none if it had none.
    trash: Option<PathBuf>,
}

/// `ctx undo ID --json`.
#[derive(Serialize)]
struct Answer {
    plan: String,
    task: String,
    branch: String,
    path: PathBuf,
    /// Where ignored files are that could not go back: something of that name was there.
    trash: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<Report> {
    let context = Context::here()?;
    match &args.id {
        None => list(&context, args.json.json),
        Some(id) => bring_back(&context, id, args.json.json),
    }
}

fn list(context: &Context, json: bool) -> Result<Report> {
    let rows: Vec<Row> = Undo::new(&context.project, &context.settings)?.list()?.iter().map(row).collect();
    Report::data(json, &rows, || {
        if rows.is_empty() {
            return "nothing was removed in the last 30 days".to_owned();
        }
        let cells =
            rows.iter().map(|row| vec![row.id.clone(), row.branch.clone(), row.plan.clone(), what(row)]);
        let columns = [
            Column::id("id").at_least(36),
            Column::id("branch").rank(1),
            Column::id("plan").rank(2),
            Column::name("holds").at_least(16),
        ];
        let table = style::table(&columns, cells);
        format!("{table}\n`ctx undo ID` brings one back")
    })
}

fn row(saved: &Saved) -> Row {
    let Holds { record, tip, integrated, commits, changed, untracked, .. } = &saved.holds;
    let Record { plan, task, branch, path, .. } = record;
    Row {
        id: saved.id.clone(),
        time: saved.id.get(..15).unwrap_or_default().to_owned(),
        plan: plan.clone(),
        task: task.to_string(),
        branch: branch.to_string(),
        path: path.clone(),
        tip: tip.to_string(),
        merged: integrated.is_some(),
        commits: *commits,
        changed: *changed,
        untracked: *untracked,
        trash: Some(saved.trash()).filter(|folder| folder.exists()),
    }
}

fn what(row: &Row) -> String {
    let mut parts = vec![match (row.merged, row.commits) {
        (true, _) => "merged commits".to_owned(),
        (false, 0) => "no commits".to_owned(),
        (false, n) => format!("{} not merged", style::count(n, "commit")),
    }];
    for (n, one) in [(row.changed, "changed file"), (row.untracked, "untracked file")] {
        if n > 0 {
            parts.push(style::count(n, one));
        }
    }
    if row.trash.is_some() {
        parts.push("ignored files".to_owned());
    }
    parts.join(", ")
}

fn bring_back(context: &Context, id: &str, json: bool) -> Result<Report> {
    let lock = context.project.lock("worktrees").acquire()?;
    let undo = Undo::new(&context.project, &context.settings)?;
    let without = |saved: &Saved| {
        (saved.id == id || saved.holds.record.task.as_str() == id) && !saved.holds.made.is_empty()
    };
    let unprepared = undo.list()?.iter().any(without);
    let had = undo.list()?.into_iter().find(|saved| saved.id == id || saved.holds.record.task.as_str() == id);
    let (record, trash) = {
        let progress = Progress::start("worktrees", 1);
        undo.restore(id, &lock, &progress)?
    };
    let renamed = had.filter(|had| had.holds.record.branch != record.branch);
    let answer = Answer {
        plan: record.plan,
        task: record.task.to_string(),
        branch: record.branch.to_string(),
        path: record.path,
        trash,
    };
    let report = Report::data(json, &answer, || {
        format!("brought back `{}` and branch `{}`", answer.path.display(), answer.branch)
    })?;
    let report = match unprepared {
        true => report.message("note: what its set-up had made is not kept; run those commands in it again"),
        false => report,
    };
    let report = match renamed {
        None => report,
        Some(had) => report.message(format!("note: another plan has `{}` by now", had.holds.record.branch)),
    };
    Ok(match &answer.trash {
        None => report,
        Some(trash) => report.message(format!(
            "note: some ignored files are still in `{}`: something of that name is in the worktree",
            trash.display()
        )),
    })
}
