//! `ctx cleanup`: removes worktrees and branches that are merged and clean; names what stays.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use super::{Context, Report};
use crate::cli::Cleanup;
use crate::error::{Error, Result};
use crate::git::{self, Integrated};
use crate::plan::Status;
use crate::state::Active;
use crate::ui::Progress;
use crate::worktree::pool::{Pool, Pooling, Release, Released, Slot};
use crate::worktree::{Kept, Record, Removal, Removed, Risks, Steps, Store, empty_trash, task_status};

/// `ctx cleanup --json`, one a worktree.
#[derive(Serialize)]
struct Row {
    task: String,
    plan: String,
    path: PathBuf,
    branch: String,
    /// Nothing was changed: `--dry-run`.
    dry_run: bool,
    /// Gone.
    removed: bool,
    /// With `--dry-run`: a run without it would remove it.
    would_remove: bool,
    /// Why it stays.
    reason: Option<String>,
    /// How its work is in the branch it was to land on.
    integrated: Option<Integrated>,
    /// What `ctx undo` brings back.
    undo: Option<String>,
    /// Where its ignored files are, for 30 days.
    trash: Option<PathBuf>,
    /// Copies that set-up made and that differ from the main checkout's by now.
    changed_copies: Vec<PathBuf>,
    /// What stayed after all, and why.
    notes: Vec<String>,
    /// The slot that the task had; it stays in the pool.
    slot: Option<String>,
}

pub(super) fn run(args: &Cleanup) -> Result<Report> {
    let context = Context::here()?;
    let active = active_plan(&context)?;
    run_on(&context, args, &|records| named(records, &args.task, active.as_deref()))
}

fn active_plan(context: &Context) -> Result<Option<String>> {
    Ok(match context.project.plans().active()? {
        Active::Plan(folder) => Some(folder.id),
        _ => None,
    })
}

/// The worktrees of these tasks, or all. Where several plans have a task of one name, the active plan's is meant.
fn named(records: &[Record], tasks: &[String], active: Option<&str>) -> Result<Vec<Record>> {
    if tasks.is_empty() {
        return Ok(records.to_vec());
    }
    let mut chosen: Vec<Record> = Vec::new();
    for id in tasks.iter().collect::<BTreeSet<_>>() {
        let of_name: Vec<&Record> = records.iter().filter(|record| record.task.as_str() == id).collect();
        if of_name.is_empty() {
            return Err(Error::refused(format!("`{id}` has no worktree")).hint("see `ctx worktree list`"));
        }
        let own = of_name.iter().copied().find(|record| Some(record.plan.as_str()) == active);
        chosen.extend(own.map_or(of_name, |own| vec![own]).into_iter().cloned());
    }
    Ok(chosen)
}

/// Which of the records a run is about.
pub(super) type Choice<'a> = &'a dyn Fn(&[Record]) -> Result<Vec<Record>>;

/// Cleans up what is chosen once no other command changes worktrees.
pub(super) fn run_on(context: &Context, args: &Cleanup, choose: Choice<'_>) -> Result<Report> {
    // Set-up registers under the same lock: what is examined here is not half made.
    let lock = context.project.lock("worktrees").acquire()?;
    let risks = Risks { unmerged: args.include_unmerged, dirty: args.include_dirty };
    let removal = Removal::new(&context.project, risks, args.remote)?;
    let chosen = choose(removal.records())?;
    let pool = Pool::read(&context.project)?;
    let pooling = Pooling { project: &context.project, settings: &context.settings };
    let release = Release::new(pooling, &removal, &lock);
    let mut rows = Vec::new();
    let progress = Progress::start("worktrees", chosen.len());
    for record in chosen {
        let id = record.task.to_string();
        let status = match task_status(&context.project, &record)? {
            Ok(status) => status,
            Err(why) => {
                rows.push(row(&record, Err(why)));
                progress.done(&id);
                continue;
            }
        };
        progress.step(&id, if args.dry_run { "examining" } else { "saving and removing" });
        rows.push(match pool.at(&record.path) {
            // The slot stays, its task goes.
            Some(slot) => give_back(&removal, &release, slot, &record, status, args.dry_run)?,
            None => clean(&removal, record, status, args.dry_run)?,
        });
        progress.done(&id);
    }
    drop(progress);
    for row in rows.iter_mut().filter(|_| args.dry_run) {
        (row.dry_run, row.would_remove, row.removed) = (true, row.removed, false);
    }
    let active = active_plan(context)?;
    let mut report = Report::data(args.json.json, &rows, || text(&rows, args.dry_run, active.as_deref()))?;
    report.messages = aged(context, removal.records(), args.dry_run)?;
    Ok(report)
}

/// What was saved 30 days ago goes for good.
fn aged(context: &Context, records: &[Record], dry_run: bool) -> Result<Vec<String>> {
    let verb = if dry_run { "would be given up" } else { "given up" };
    let expired = Store::of(&context.project).expire(records, dry_run)?;
    let mut messages: Vec<String> =
        expired.iter().map(|id| format!("note: `{id}` was saved 30 days ago; {verb}")).collect();
    if !dry_run {
        for root in roots(context, records)? {
            for folder in empty_trash(&root)? {
                messages.push(format!("note: `{}` was in the trash for 30 days; removed", folder.display()));
            }
        }
    }
    Ok(messages)
}

/// Every folder that worktrees lie or lay in: each plan may have one of its own.
fn roots(context: &Context, records: &[Record]) -> Result<BTreeSet<PathBuf>> {
    let of_plan = |plan: &str| context.settings.worktree_root(&context.project.home, plan);
    let plans = context.project.plans().list()?;
    let mut roots: BTreeSet<PathBuf> = plans.iter().map(|folder| of_plan(&folder.id)).collect();
    roots.insert(of_plan("pool"));
    let saved = Store::of(&context.project).list(records)?;
    let places = records.iter().chain(saved.iter().map(|saved| &saved.holds.record));
    roots.extend(places.filter_map(|record| record.path.parent()).map(PathBuf::from));
    Ok(roots)
}

fn clean(removal: &Removal<'_>, record: Record, status: Option<Status>, dry_run: bool) -> Result<Row> {
    let removable = match removal.examine(record, status)? {
        Ok(removable) => removable,
        Err(kept) => {
            if !dry_run {
                removal.give_up(&kept)?;
            }
            let Kept { record, why, .. } = kept;
            return Ok(row(&record, Err(why)));
        }
    };
    let outcome = match dry_run {
        true => Ok(Removed::default()),
        false => removal.remove(&removable).map_err(|error| error.fact),
    };
    let mut row = row(removable.record(), outcome);
    row.integrated = removable.integrated();
    row.changed_copies = removable.changed_copies;
    Ok(row)
}

/// The slot of a task is taken back.
fn give_back(
    removal: &Removal<'_>,
    release: &Release<'_>,
    slot: &Slot,
    record: &Record,
    status: Option<Status>,
    dry_run: bool,
) -> Result<Row> {
    let released = match dry_run {
        true => removal.examine(record.clone(), status)?.map(|_| Released::default()),
        false => release.release(slot, record.clone(), status)?,
    };
    let mut row = match released {
        Ok(Released { saved, changed_copies, notes }) => {
            let mut row = row(record, Ok(Removed { saved, trash: None, notes }));
            row.changed_copies = changed_copies;
            row
        }
        Err(kept) => row(record, Err(kept.why)),
    };
    row.slot = Some(slot.name.clone());
    Ok(row)
}

fn row(record: &Record, outcome: Result<Removed, String>) -> Row {
    let (removed, reason) = match outcome {
        Ok(removed) => (Some(removed), None),
        Err(why) => (None, Some(why)),
    };
    let went = removed.is_some();
    let Removed { saved, trash, notes } = removed.unwrap_or_default();
    Row {
        task: record.task.to_string(),
        plan: record.plan.clone(),
        path: record.path.clone(),
        branch: record.branch.to_string(),
        dry_run: false,
        removed: went,
        would_remove: false,
        reason,
        integrated: None,
        undo: saved,
        trash,
        changed_copies: Vec::new(),
        notes,
        slot: None,
    }
}

fn text(rows: &[Row], dry_run: bool, active: Option<&str>) -> String {
    if rows.is_empty() {
        return "no worktrees to clean up".to_owned();
    }
    let mut lines = Vec::new();
    for row in rows {
        if let Some(reason) = &row.reason {
            // Tasks of several plans may have one name.
            let is_active = active == Some(row.plan.as_str());
            let of_plan = if is_active { String::new() } else { format!(" of plan `{}`", row.plan) };
            lines.push(format!("kept `{}`{of_plan}: {reason}", row.task));
            continue;
        }
        let verb = if dry_run { "would remove" } else { "removed" };
        let mut line = match &row.slot {
            None => format!("{verb} `{}` and branch `{}`", row.path.display(), row.branch),
            Some(slot) => format!("{verb} branch `{}`; `{slot}` is free for another task", row.branch),
        };
        if let Some(trash) = &row.trash {
            line += &format!("; its ignored files are in `{}`", trash.display());
        }
        if !row.changed_copies.is_empty() {
            let copies = git::summary(row.changed_copies.iter().map(PathBuf::as_path));
            line += &format!("; copied in and changed since: {copies}");
        }
        lines.push(line);
        lines.extend(row.notes.iter().map(|note| format!("note: {note}")));
    }
    if dry_run {
        let would = rows.iter().filter(|row| row.would_remove).count();
        let next = if would > 0 { "; `ctx cleanup` removes what it can" } else { "" };
        lines.push(format!(
            "nothing was changed: {would} would be removed, {} kept{next}",
            rows.len() - would
        ));
    } else {
        let removed = rows.iter().filter(|row| row.removed).count();
        let undo = if removed > 0 { "; `ctx undo` lists what can be brought back" } else { "" };
        lines.push(format!("{} removed, {} kept{undo}", removed, rows.len() - removed));
    }
    lines.join("\n")
}
