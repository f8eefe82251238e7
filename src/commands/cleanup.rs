//! `ctx cleanup`: removes worktrees and branches that are merged and clean; names what stays.

use std::path::PathBuf;

use serde::Serialize;

use super::{Context, Report};
use crate::cli::Cleanup;
use crate::error::Result;
use crate::plan::Status;
use crate::state::{Location, PlanStore, Shelf};
use crate::worktree::{Kept, Record, Records, Removal, empty_trash};

/// `ctx cleanup --json`, one a worktree.
#[derive(Serialize)]
struct Row {
    task: String,
    plan: String,
    path: PathBuf,
    branch: String,
    /// Gone, or with `--dry-run` would be.
    removed: bool,
    /// Why it stays.
    reason: Option<String>,
    /// Where its ignored files are, for 30 days.
    trash: Option<PathBuf>,
}

pub(super) fn run(args: &Cleanup) -> Result<Report> {
    let context = Context::here()?;
    // Set-up registers under the same lock: what is examined here is not half made.
    let _lock = context.project.lock("worktrees").acquire()?;
    let removal = Removal::new(&context.project)?;
    let plans = context.project.plans();
    let mut rows = Vec::new();
    for record in Records::of(&context.project).list()? {
        let status = status(&plans, &record)?;
        rows.push(clean(&removal, record, status, args.dry_run)?);
    }
    let mut report = Report::data(args.json.json, &rows, || text(&rows, args.dry_run))?;
    if !args.dry_run {
        let root = context.settings.worktree_root(&context.project.home, "");
        for folder in empty_trash(&root)? {
            report
                .messages
                .push(format!("note: `{}` was in the trash for 30 days; removed", folder.display()));
        }
    }
    Ok(report)
}

/// The status of a worktree's task; none if its plan is archived or gone.
fn status(plans: &PlanStore, record: &Record) -> Result<Option<Status>> {
    let folder = plans.list()?.into_iter().find(|folder| folder.id == record.plan);
    match folder {
        None => Ok(None),
        Some(folder) if folder.location == Location::Folder(Shelf::Archive) => Ok(None),
        Some(folder) => {
            let plan = plans.require_valid(&folder)?;
            Ok(plan.task(record.task.as_str()).map(|task| task.status))
        }
    }
}

fn clean(removal: &Removal<'_>, record: Record, status: Option<Status>, dry_run: bool) -> Result<Row> {
    let removable = match removal.examine(record, status)? {
        Ok(removable) => removable,
        Err(Kept { record, why }) => return Ok(row(&record, false, Some(why), None)),
    };
    if dry_run {
        return Ok(row(removable.record(), true, None, None));
    }
    Ok(match removal.remove(&removable) {
        Ok(removed) => row(removable.record(), true, None, removed.trash),
        Err(error) => row(removable.record(), false, Some(error.fact), None),
    })
}

fn row(record: &Record, removed: bool, reason: Option<String>, trash: Option<PathBuf>) -> Row {
    Row {
        task: record.task.to_string(),
        plan: record.plan.clone(),
        path: record.path.clone(),
        branch: record.branch.to_string(),
        removed,
        reason,
        trash,
    }
}

fn text(rows: &[Row], dry_run: bool) -> String {
    if rows.is_empty() {
        return "no worktrees to clean up".to_owned();
    }
    let lines = rows.iter().map(|row| match (&row.reason, &row.trash) {
        (Some(reason), _) => format!("kept `{}`: {reason}", row.task),
        (None, _) if dry_run => format!("would remove `{}` and branch `{}`", row.path.display(), row.branch),
        (None, None) => format!("removed `{}` and branch `{}`", row.path.display(), row.branch),
        (None, Some(trash)) => format!(
            "removed `{}` and branch `{}`; its ignored files are in `{}`",
            row.path.display(),
            row.branch,
            trash.display()
        ),
    });
    let removed = rows.iter().filter(|row| row.removed).count();
    let total = format!("{} removed, {} kept", removed, rows.len() - removed);
    lines.chain((!dry_run).then_some(total)).collect::<Vec<_>>().join("\n")
}
