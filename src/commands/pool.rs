//! `ctx pool`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::{Column, Context, Report, cleanup, doctor, merge, style};
use crate::cli::{Cleanup, Json, Merge, Pool as Verb, Release as ReleaseArgs};
use crate::error::{Error, Exit, Result};
use crate::git::{Branch, Oid};
use crate::plan::Status;
use crate::run::Board;
use crate::state::{self, Active};
use crate::ui::Progress;
use crate::worktree::pool::{self, Acquired, Made, Pool, Pooling, Release, Released, SlotState};
use crate::worktree::{self, Kept, Prepared, Record, Removal, Risks, Setup, refresh, task_status};

pub(super) fn run(verb: Verb) -> Result<Report> {
    match verb {
        Verb::Init { count, yes, json } => init(&Context::here()?, count, yes, json.json),
        Verb::Acquire { task, json } => acquire(&task, json.json),
        Verb::Release(args) => release(&args),
        Verb::Status(json) => status(json.json),
        Verb::Merge { branch, json } => land(branch, json),
        Verb::Cleanup { dry_run, json } => clean_up(dry_run, json),
        Verb::Reset { count, yes, json } => reset(count, yes, json.json),
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

/// More slots than this are asked for by mistake.
const MAX_SLOTS: usize = 64;

/// How many errors of the same run are shown.
const MAX_ERRORS: usize = 5;

fn require_few(count: usize, yes: bool, verb: &str) -> Result<()> {
    if count <= MAX_SLOTS || yes {
        return Ok(());
    }
    let n = style::thousands(count);
    Err(Error::refused(format!("{n} slots are {n} checkouts with everything installed"))
        .hint(format!("if that is what you want, run `ctx pool {verb} {count} --yes`")))
}

fn init(context: &Context, count: Option<usize>, yes: bool, json: bool) -> Result<Report> {
    let count = count.unwrap_or(context.settings.worktrees.pool);
    require_few(count, yes, "init")?;
    let base = base(context)?;
    let pool = Pool::read(&context.project)?;
    let there = pool.slots.iter().filter(|slot| slot.progress == worktree::Progress::Ready).count();
    let pooling = Pooling { project: &context.project, settings: &context.settings };
    let made = {
        let progress = Progress::start("slots", count.saturating_sub(there));
        pooling.init(count, &base, &progress)?
    };
    let (mut messages, mut errors) = (Vec::new(), Vec::new());
    let rows: Vec<MadeRow> =
        made.into_iter().map(|made| made_row(made, &mut messages, &mut errors)).collect();
    let mut messages = grouped(messages);
    let refused = errors.len();
    messages.extend(errors.into_iter().take(MAX_ERRORS));
    if refused > MAX_ERRORS {
        messages.push(format!("error: and {} more", style::count(refused - MAX_ERRORS, "slot")));
    }
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

/// The same sentence on several slots is said once.
fn grouped(notes: Vec<(String, String)>) -> Vec<String> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (slot, note) in notes {
        groups.entry(note).or_default().push(format!("`{slot}`"));
    }
    let line = |(note, slots): (String, Vec<String>)| match slots.len() {
        0..=3 => format!("note: {}: {note}", slots.join(", ")),
        n => format!("note: {n} slots: {note}"),
    };
    groups.into_iter().map(line).collect()
}

fn made_row((slot, result): Made, messages: &mut Vec<(String, String)>, errors: &mut Vec<String>) -> MadeRow {
    let row = |result, commands, reason| MadeRow { slot: slot.clone(), result, commands, reason };
    match result {
        Ok(Some(prepared)) => {
            let commands = prepared.commands.iter().map(|text| format!("set-up ran `{text}`"));
            messages.extend(commands.chain(prepared.notes).map(|note| (slot.clone(), note)));
            row("made", prepared.commands, None)
        }
        Ok(None) => row("exists", Vec::new(), None),
        Err(error) => {
            errors.push(format!("error: `{slot}`: {error}"));
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
    let Acquired { slot, mut record, prepared, moved } = {
        let progress = Progress::start("slots", 1);
        setup.acquire(&task.task.id, &progress)?
    };
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
    let moved = moved.iter().map(|one| format!("moved `{}` of plan `{}` to undo", one.task, one.plan));
    report.messages = moved.collect();
    report.messages.extend(prepared.iter().flat_map(|prepared| notes(&answer.slot, prepared)));
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
            let status = task_status(&context.project, &record)?.map_err(|why| {
                Error::refused(format!("`{}` stays with `{}`: {why}", slot.name, record.task))
            })?;
            match release.release(slot, record, status)? {
                Ok(Released { saved, changed_copies, notes }) => {
                    (answer.undo, answer.changed_copies, answer.notes) = (saved, changed_copies, notes);
                }
                Err(Kept { record, why, hint }) => {
                    let usual = "merge its work with `ctx merge`, or take the risk that `ctx pool release --help` names";
                    return Err(Error::refused(format!(
                        "`{}` stays with `{}`: {why}",
                        slot.name, record.task
                    ))
                    .hint(hint.unwrap_or_else(|| usual.to_owned())));
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
                SlotState::Moving => "in transition",
                SlotState::Doubt => "unverified",
                SlotState::HalfMade => "incomplete",
                SlotState::Going => "being removed",
            };
            let task = row.task.clone().unwrap_or_default();
            vec![row.slot.clone(), state.to_owned(), task, row.path.display().to_string()]
        });
        let columns =
            [Column::word("slot"), Column::word(""), Column::id("task"), Column::path("path").rank(1)];
        style::table(&columns, cells)
    })
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
    let in_pool = |records: &[Record]| -> Result<Vec<Record>> {
        let pool = Pool::read(&context.project)?;
        Ok(records.iter().filter(|record| pool.at(&record.path).is_some()).cloned().collect())
    };
    if in_pool(&pool::records(&context.project)?)?.is_empty() {
        return Ok(Report::text("no slot is leased"));
    }
    let task = Vec::new();
    let args = Cleanup { task, include_unmerged: false, include_dirty: false, remote: false, dry_run, json };
    cleanup::run_on(&context, &args, &in_pool)
}

fn reset(count: Option<usize>, yes: bool, json: bool) -> Result<Report> {
    let context = Context::here()?;
    // As many as there are, unless it is said otherwise.
    let there = Pool::read(&context.project)?.slots.len();
    let count = count.or(Some(there).filter(|n| *n > 0)).unwrap_or(context.settings.worktrees.pool);
    require_few(count, yes || count <= there, "reset")?;
    let kept = {
        let progress = Progress::start("slots removed", there);
        let _lock = context.project.lock("worktrees").acquire()?;
        Pooling { project: &context.project, settings: &context.settings }.take_down(&progress)?
    };
    let mut report = init(&context, Some(count), true, json)?;
    report.messages.extend(kept.iter().map(|(slot, why)| format!("note: `{slot}` stays: {why}")));
    Ok(report)
}
