//! `ctx pool`.

use std::path::PathBuf;

use serde::Serialize;

use super::{Context, Report, cleanup, doctor, merge, style};
use crate::cli::{Cleanup, Json, Merge, Pool as Verb, Release as ReleaseArgs};
use crate::error::{Error, Exit, Result};
use crate::git::{Branch, Oid};
use crate::plan::Status;
use crate::run::Board;
use crate::state::{self, Active};
use crate::worktree::pool::{self, Acquired, Made, Pool, Pooling, Release, Released, SlotState};
use crate::worktree::{Kept, Prepared, Removal, Risks, Setup, refresh};

pub(super) fn run(verb: Verb) -> Result<Report> {
    match verb {
        Verb::Init { count, json } => init(&Context::here()?, count, json.json),
        Verb::Acquire { task, json } => acquire(&task, json.json),
        Verb::Release(args) => release(&args),
        Verb::Status(json) => status(json.json),
        Verb::Merge { branch, json } => land(branch, json),
        Verb::Cleanup { dry_run, json } => clean_up(dry_run, json),
        Verb::Reset { count, json } => reset(count, json.json),
        Verb::Health(json) => doctor::pool_health(&Context::here()?, json.json),
    }
}

/// `ctx pool init --json`, one a slot.
#[derive(Serialize)]
struct MadeRow {
    slot: String,
    /// `made`, `refused`, or `exists`: another process made it.
    result: &'static str,
    /// The commands that ran in it.
    commands: Vec<String>,
    reason: Option<String>,
}

/// Where slots start: the active plan's base, else the branch of the main checkout.
fn base(context: &Context) -> Result<Oid> {
    if let Active::Plan(folder) = context.project.plans().active()?
        && let Ok(board) = Board::read(&context.project, &context.settings, &folder)
    {
        return board.require_base().cloned();
    }
    let named = context.settings.merge_into.as_ref().map(Branch::new);
    let branch = match named {
        Some(branch) => Some(branch),
        None => context.project.head_branch()?,
    };
    let branch = branch.ok_or_else(|| {
        Error::refused("HEAD is detached and no plan names a base branch").hint("run `git switch BRANCH`")
    })?;
    context.project.branch_tip(&branch)
}

fn init(context: &Context, count: Option<usize>, json: bool) -> Result<Report> {
    let count = count.unwrap_or(context.settings.worktrees.pool);
    let base = base(context)?;
    let bar = style::bar(count, "slots");
    let pooling = Pooling { project: &context.project, settings: &context.settings };
    let made = pooling.init(count, &base, &|name| {
        bar.set_message(name.to_owned());
        bar.inc(1);
    })?;
    bar.finish_and_clear();
    let mut messages = Vec::new();
    let rows: Vec<MadeRow> = made.into_iter().map(|made| made_row(made, &mut messages)).collect();
    let total = Pool::read(&context.project)?.slots.len();
    let mut report = Report::data(json, &rows, || {
        let made = rows.iter().filter(|row| row.result == "made").count();
        format!("{} made, {} in the pool", style::count(made, "slot"), total)
    })?;
    if rows.iter().any(|row| row.result == "refused") {
        report = report.exit(Exit::Refused);
    }
    report.messages = messages;
    report.messages.extend(context.warnings());
    Ok(report)
}

fn made_row((slot, result): Made, messages: &mut Vec<String>) -> MadeRow {
    let row = |result, commands, reason| MadeRow { slot: slot.clone(), result, commands, reason };
    match result {
        Ok(Some(prepared)) => {
            messages.extend(notes(&slot, &prepared));
            row("made", prepared.commands, None)
        }
        Ok(None) => row("exists", Vec::new(), None),
        Err(error) => {
            messages.push(format!("error: {error}"));
            row("refused", Vec::new(), Some(error.fact))
        }
    }
}

fn notes(what: &str, prepared: &Prepared) -> Vec<String> {
    let commands = prepared.commands.iter().map(|text| format!("set-up: `{text}` in `{what}`"));
    commands.chain(prepared.notes.iter().map(|note| format!("note: `{what}`: {note}"))).collect()
}

/// `ctx pool acquire --json`.
#[derive(Serialize)]
struct AcquiredAnswer {
    slot: String,
    path: PathBuf,
    branch: String,
    task: String,
    base: String,
    port: Option<u16>,
}

fn acquire(id: &str, json: bool) -> Result<Report> {
    let context = Context::here()?;
    let board = Board::active(&context.project, &context.settings)?;
    let task = board.task(id).ok_or_else(|| state::unknown_task(&board.folder, id))?;
    if let Some(reason) = super::worktree::reason_against(task) {
        return Err(Error::refused(format!("`{id}` {reason}")).hint("see `ctx task list`"));
    }
    let setup = Setup {
        project: &context.project,
        settings: &context.settings,
        plan: &board.folder.id,
        into: &board.into,
        base: board.require_base()?,
    };
    let Acquired { slot, mut record, prepared } = setup.acquire(&task.task.id)?;
    if prepared.is_none() && matches!(task.task.status, Status::Pending | Status::Blocked) {
        let lock = context.project.lock("worktrees").acquire()?;
        record.base = refresh(&context.project, &record, &lock)?.unwrap_or(record.base);
    }
    let answer = AcquiredAnswer {
        slot,
        path: record.path,
        branch: record.branch.to_string(),
        task: record.task.to_string(),
        base: record.base.to_string(),
        port: record.port,
    };
    let mut report = Report::data(json, &answer, || {
        format!("{}|{}|{}", answer.slot, answer.path.display(), answer.branch)
    })?;
    report.messages = prepared.iter().flat_map(|prepared| notes(&answer.slot, prepared)).collect();
    report.messages.extend(context.warnings());
    Ok(report)
}

/// `ctx pool release --json`.
#[derive(Serialize)]
struct ReleasedAnswer {
    slot: String,
    task: Option<String>,
    /// What `ctx undo` brings back.
    undo: Option<String>,
    changed_copies: Vec<PathBuf>,
    notes: Vec<String>,
}

fn release(args: &ReleaseArgs) -> Result<Report> {
    let context = Context::here()?;
    let lock = context.project.lock("worktrees").acquire()?;
    let risks = Risks { unmerged: args.include_unmerged, dirty: args.include_dirty };
    let removal = Removal::new(&context.project, risks, args.remote)?;
    let pooling = Pooling { project: &context.project, settings: &context.settings };
    let release = Release::new(pooling, &removal, &lock);
    let pool = Pool::read(&context.project)?;
    let slot = pool.find(&args.slot, removal.records())?;
    let mut answer = ReleasedAnswer {
        slot: slot.name.clone(),
        task: None,
        undo: None,
        changed_copies: Vec::new(),
        notes: Vec::new(),
    };
    match slot.record(removal.records()).cloned() {
        None => release.settle(slot)?,
        Some(record) => {
            answer.task = Some(record.task.to_string());
            let status = cleanup::status(&context.project.plans(), &record)?.map_err(|why| {
                Error::refused(format!("`{}` stays with `{}`: {why}", slot.name, record.task))
            })?;
            match release.release(slot, record, status)? {
                Ok(Released { saved, changed_copies, notes }) => {
                    (answer.undo, answer.changed_copies, answer.notes) = (saved, changed_copies, notes);
                }
                Err(Kept { record, why }) => {
                    return Err(Error::refused(format!("`{}` stays with `{}`: {why}", slot.name, record.task))
                        .hint("merge its work with `ctx merge`, or take the risk that `ctx pool release --help` names"));
                }
            }
        }
    }
    let mut report = Report::data(args.json.json, &answer, || {
        let undo = answer.undo.as_ref().map(|id| format!("; `ctx undo {id}` brings its work back"));
        format!("`{}` is free{}", answer.slot, undo.unwrap_or_default())
    })?;
    report.messages = answer.notes.iter().map(|note| format!("note: {note}")).collect();
    Ok(report)
}

/// `ctx pool status --json`, one a slot.
#[derive(Serialize)]
struct Row {
    slot: String,
    path: PathBuf,
    state: SlotState,
    plan: Option<String>,
    task: Option<String>,
    branch: Option<String>,
    base: String,
    port: Option<u16>,
    session: Option<String>,
    process: Option<u32>,
    /// The process that leased it is gone.
    dead: bool,
    since: Option<jiff::Timestamp>,
}

fn status(json: bool) -> Result<Report> {
    let context = Context::here()?;
    let pool = Pool::read(&context.project)?;
    let records = pool::records(&context.project)?;
    let row = |slot: &pool::Slot| {
        let record = slot.record(&records);
        let lease = slot.lease.as_ref();
        Row {
            slot: slot.name.clone(),
            path: slot.path.clone(),
            state: slot.state(&records),
            plan: record.map(|record| record.plan.clone()),
            task: record.map(|record| record.task.to_string()),
            branch: record.map(|record| record.branch.to_string()),
            base: slot.base.to_string(),
            port: slot.port,
            session: lease.and_then(|lease| lease.owner.session.clone()),
            process: lease.and_then(|lease| Some(lease.owner.process.as_ref()?.pid)),
            dead: lease.is_some_and(pool::Lease::is_dead),
            since: lease.map(|lease| lease.time),
        }
    };
    let rows: Vec<Row> = pool.slots.iter().map(row).collect();
    Report::data(json, &rows, || {
        if rows.is_empty() {
            return "no pool; `ctx pool init` makes one".to_owned();
        }
        let cells = rows.iter().map(|row| {
            let state = match row.state {
                SlotState::Free => "free",
                SlotState::Leased => "leased",
                SlotState::Moving => "in between",
                SlotState::Doubt => "in doubt",
                SlotState::HalfMade => "half made",
                SlotState::Going => "going",
            };
            let task = row.task.clone().unwrap_or_default();
            vec![row.slot.clone(), state.to_owned(), task, row.path.display().to_string()]
        });
        style::table(&["slot", "", "task", "path"], cells)
    })
}

/// The tasks that have a slot.
fn leased(context: &Context) -> Result<Vec<String>> {
    let pool = Pool::read(&context.project)?;
    let records = pool::records(&context.project)?;
    let tasks = pool.slots.iter().filter_map(|slot| slot.record(&records));
    Ok(tasks.map(|record| record.task.to_string()).collect())
}

fn land(into: Option<String>, json: Json) -> Result<Report> {
    let context = Context::here()?;
    let board = Board::active(&context.project, &context.settings)?;
    let pool = Pool::read(&context.project)?;
    let done = board.tasks.iter().filter(|state| state.task.status == Status::Completed && !state.landed);
    let in_slot = done.filter(|state| state.worktree.as_ref().is_some_and(|it| pool.at(&it.path).is_some()));
    let task: Vec<String> = in_slot.map(|state| state.task.id.to_string()).collect();
    if task.is_empty() {
        return Err(Error::refused("no task that has a slot is completed and not landed")
            .hint("see `ctx pool status` and `ctx task list`"));
    }
    merge::run(&Merge { task, all: false, into, dry_run: false, push: false, json })
}

fn clean_up(dry_run: bool, json: Json) -> Result<Report> {
    let context = Context::here()?;
    let task = leased(&context)?;
    if task.is_empty() {
        return Ok(Report::text("no slot is leased"));
    }
    let args = Cleanup { task, include_unmerged: false, include_dirty: false, remote: false, dry_run, json };
    cleanup::run(&args)
}

fn reset(count: Option<usize>, json: bool) -> Result<Report> {
    let context = Context::here()?;
    let kept = {
        let _lock = context.project.lock("worktrees").acquire()?;
        Pooling { project: &context.project, settings: &context.settings }.take_down()?
    };
    let mut report = init(&context, count, json)?;
    report.messages.extend(kept.iter().map(|(slot, why)| format!("note: `{slot}` stays: {why}")));
    Ok(report)
}
