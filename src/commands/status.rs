//! `ctx status`: every task of the active plan, its worktree and branch, and what comes next.

use std::path::PathBuf;

use jiff::Timestamp;
use rayon::prelude::*;
use serde::Serialize;

use super::{Column, Context, Report, style};
use crate::cli::Json;
use crate::error::{Result, shell_word};
use crate::git;
use crate::land::Conflicts;
use crate::plan::{Status, TaskId};
use crate::run::{Board, Readiness, TaskState};
use crate::state::{Active, Claim, Project, Settings};
use crate::worktree::{Progress, Record};
use crate::world;

/// `ctx status --json`.
#[derive(Serialize)]
struct Answer {
    /// None where no plan is active.
    plan: Option<PlanAnswer>,
    tasks: Vec<Row>,
    /// The next sensible command.
    next: String,
}

#[derive(Serialize)]
struct PlanAnswer {
    id: String,
    name: String,
    /// The branch that tasks land on.
    base: String,
    completed: usize,
    landed: usize,
}

#[derive(Serialize)]
struct Row {
    id: TaskId,
    name: String,
    status: Status,
    ready: bool,
    landed: bool,
    waits_for: Vec<TaskId>,
    worktree: Option<PathBuf>,
    branch: Option<String>,
    /// The branch does not have the name that the settings give it: another plan has that one.
    #[serde(skip)]
    renamed: bool,
    ahead: Option<usize>,
    behind: Option<usize>,
    files_changed: Option<usize>,
    uncommitted: Option<usize>,
    /// The merge that is under way in its worktree.
    merging: Option<Merging>,
    /// The files in conflict with the branch that it lands on, as the latest merge found them.
    conflicts: Vec<String>,
    /// Completed and not landed yet.
    mergeable: bool,
    /// Why it cannot be merged; none if it can, or has been.
    why_not: Option<String>,
    session: Option<String>,
    interrupted: bool,
    since: Option<Timestamp>,
    reason: Option<String>,
}

#[derive(Serialize)]
struct Merging {
    /// The branch that tasks land on, or another commit.
    from: String,
    /// How many files are in conflict.
    conflicts: usize,
}

/// The next sensible command, as `ctx status` says it.
pub(super) fn next_step(project: &Project, settings: &Settings) -> Result<String> {
    Ok(answer(project, settings)?.next)
}

pub(super) fn run(json: Json) -> Result<Report> {
    let context = Context::here()?;
    let answer = match context.project.plans().active()? {
        Active::None => Answer {
            plan: None,
            tasks: Vec::new(),
            next: "make a plan with `/ctx:plan` in Claude Code, or `ctx plan create FILE`".to_owned(),
        },
        _ => answer(&context.project, &context.settings)?,
    };
    let mut report = Report::data(json.json, &answer, || text(&answer))?;
    report.messages = context.warnings();
    Ok(report)
}

fn answer(project: &Project, settings: &Settings) -> Result<Answer> {
    let board = Board::active(project, settings)?;
    // Each worktree is asked by its own git processes, side by side.
    let tasks = board
        .tasks
        .par_iter()
        .map(|state| row(project, settings, &board, state))
        .collect::<Result<Vec<_>>>()?;
    let count = |wanted: fn(&&Row) -> bool| tasks.iter().filter(wanted).count();
    let plan = PlanAnswer {
        id: board.folder.id.clone(),
        name: board.plan.name.clone(),
        base: board.into.to_string(),
        completed: count(|row| row.status == Status::Completed),
        landed: count(|row| row.landed),
    };
    Ok(Answer { next: next(&tasks), plan: Some(plan), tasks })
}

fn row(project: &Project, settings: &Settings, board: &Board, state: &TaskState) -> Result<Row> {
    let worktree = state.worktree.as_ref().filter(|record| record.progress == Progress::Ready);
    let (mut uncommitted, mut merging) = (None, None);
    if let Some(record) = worktree.filter(|record| record.path.exists()) {
        uncommitted = Some(git::status(&record.path)?.0.len());
        merging = merge_under_way(project, board, record)?;
    }
    let conflicts = Conflicts::of(project, &board.folder.id);
    let conflict = conflicts.current(&state.task.id, board.base.as_ref(), state.tip.as_ref())?;
    let conflict = conflict.filter(|_| !state.landed);
    let (mut distance, mut files_changed) = (None, None);
    if let (Some(base), Some(tip)) = (&board.base, &state.tip) {
        let (ahead, behind) = git::ahead_behind(project.git_dir(), base, tip)?;
        distance = Some((ahead, behind));
        files_changed = if ahead == 0 {
            Some(0)
        } else {
            git::changed_paths(project.git_dir(), base, tip)?.map(|all| all.len())
        };
    }
    let task = &state.task;
    let conflict_text = conflict
        .as_ref()
        .map(|it| format!("conflicts with {}: {}", board.into, it.summary().replace('`', "")));
    let why_not = why_not(state, uncommitted).or(conflict_text.filter(|_| task.status == Status::Completed));
    Ok(Row {
        id: task.id.clone(),
        name: task.name.clone(),
        status: task.status,
        ready: state.readiness == Readiness::Ready,
        landed: state.landed,
        waits_for: state.readiness.waits_for().to_vec(),
        worktree: worktree.map(|record| record.path.clone()),
        branch: state.tip.as_ref().map(|_| state.branch.to_string()),
        renamed: state.tip.is_some()
            && state.branch.as_str() != settings.branch(&board.folder.id, task.id.as_str()),
        ahead: distance.map(|(ahead, _)| ahead),
        behind: distance.map(|(_, behind)| behind),
        files_changed,
        uncommitted,
        merging,
        conflicts: conflict.map(|conflict| conflict.files).unwrap_or_default(),
        mergeable: why_not.is_none() && !state.landed,
        why_not,
        session: state.claim.as_ref().and_then(|claim| claim.owner.session.clone()),
        interrupted: state.claim.as_ref().is_some_and(Claim::interrupted),
        since: state.claim.as_ref().map(|claim| claim.time),
        reason: state.reason.clone(),
    })
}

fn merge_under_way(project: &Project, board: &Board, record: &Record) -> Result<Option<Merging>> {
    let Some(commit) = git::merge_head(&record.path)? else { return Ok(None) };
    let is_base = match &board.base {
        Some(base) => git::is_ancestor(project.git_dir(), &commit, base)?,
        None => false,
    };
    let from = if is_base { board.into.to_string() } else { commit.short().to_owned() };
    Ok(Some(Merging { from, conflicts: git::unresolved(&record.path)?.len() }))
}

fn why_not(state: &TaskState, uncommitted: Option<usize>) -> Option<String> {
    match (state.task.status, &state.tip) {
        _ if state.landed => None,
        (Status::Completed, None) => Some("its branch is gone".to_owned()),
        (Status::Completed, Some(_)) => match uncommitted {
            Some(n) if n > 0 => Some(style::count(n, "uncommitted file")),
            _ => None,
        },
        (status, _) => Some(format!("it is {status}")),
    }
}

/// One command, or one sentence where a person has to decide.
fn next(rows: &[Row]) -> String {
    let ids = |wanted: &dyn Fn(&&Row) -> bool| {
        rows.iter().filter(wanted).map(|row| row.id.to_string()).collect::<Vec<_>>()
    };
    let interrupted = ids(&|row| row.interrupted);
    if let [first, ..] = &interrupted[..] {
        return format!("`ctx task retry {first}`: the session that worked on it is gone");
    }
    let mergeable = rows.iter().any(|row| row.mergeable);
    // A session has agents at work, and goes on by itself when they end.
    let running = ids(&|row| row.status == Status::InProgress && row.session.is_some());
    if !running.is_empty() {
        let then = if mergeable { ", then `ctx merge`" } else { "" };
        return format!("wait for {}{then}", some(&running));
    }
    if mergeable {
        return "`ctx merge`".to_owned();
    }
    let own = |row: &Row| row.session.is_none() || row.session == world::session_id();
    let in_conflict = |row: &&Row| match row.status {
        _ if row.merging.is_some() || row.conflicts.is_empty() => false,
        Status::InProgress => own(row),
        status => status == Status::Completed,
    };
    if let [first, ..] = &ids(&in_conflict)[..] {
        return format!("`ctx worktree sync {first}`, which says what to resolve");
    }
    if let Some(row) = rows.iter().find(|row| row.merging.is_some() && own(row)) {
        let dir = row.worktree.as_ref().map(|dir| shell_word(dir)).unwrap_or_default();
        return format!(
            "resolve what conflicts in `{dir}`, run `ctx commit` there, then `ctx task submit {}`",
            row.id
        );
    }
    if rows.iter().any(|row| row.ready && row.status == Status::Pending) {
        let missing = rows.iter().any(|row| row.ready && row.worktree.is_none());
        let set_up = if missing { "`ctx worktree setup`, then " } else { "" };
        return format!("{set_up}`/ctx:execute` in Claude Code");
    }
    for (status, what) in [
        (Status::Blocked, "answer what it asks, then `ctx task retry"),
        (Status::Failed, "see why, then `ctx task retry"),
    ] {
        if let [first, ..] = &ids(&|row| row.status == status)[..] {
            return format!("{what} {first}`");
        }
    }
    let under_way = ids(&|row| matches!(row.status, Status::InProgress | Status::Submitted));
    if !under_way.is_empty() {
        return format!("wait for {}", some(&under_way));
    }
    if rows.iter().any(|row| row.worktree.is_some()) {
        return "`ctx cleanup`".to_owned();
    }
    if rows.iter().all(|row| row.landed) {
        "`ctx plan archive`".to_owned()
    } else {
        "`ctx task list`".to_owned()
    }
}

/// `a, b, c and 4 more`.
fn some(ids: &[String]) -> String {
    match ids {
        [a, b, c, _, more @ ..] => format!("{a}, {b}, {c} and {} more", more.len() + 1),
        _ => ids.join(", "),
    }
}

/// What a person needs to act stays longest.
const COLUMNS: [Column; 7] = [
    Column::id("task"),
    Column::word("status"),
    Column::word("commits").rank(3),
    Column::word("files").rank(4),
    Column::word("worktree").rank(2),
    Column::name("").at_least(18),
    Column::name("name").rank(1),
];

fn text(answer: &Answer) -> String {
    let Some(plan) = &answer.plan else {
        return format!("no plan is active\nnext: {}", answer.next);
    };
    let total = answer.tasks.len();
    let head = format!(
        "{}\n{} of {total} completed, {} landed on `{}`\n",
        style::title(&plan.name, &plan.id),
        plan.completed,
        plan.landed,
        style::clean(&plan.base)
    );
    let rows = answer.tasks.iter().map(|row| {
        let number = |n: Option<usize>| n.map(|n| n.to_string()).unwrap_or_default();
        let commits = match (row.ahead, row.behind) {
            (Some(ahead), Some(behind)) => format!("+{ahead} -{behind}"),
            _ => String::new(),
        };
        vec![
            row.id.to_string(),
            style::status(row.status),
            commits,
            number(row.files_changed),
            worktree_cell(row),
            remark(row),
            style::clean(&row.name),
        ]
    });
    let table = style::table(&COLUMNS, rows);
    let renamed = renamed(&answer.tasks).map(|line| format!("{line}\n\n")).unwrap_or_default();
    format!("{head}\n{table}\n\n{renamed}next: {}", answer.next)
}

/// The branches that a reader would not guess.
fn renamed(rows: &[Row]) -> Option<String> {
    let rows = rows.iter().filter(|row| row.renamed);
    let all: Vec<String> = rows
        .filter_map(|row| Some(format!("{} on `{}`", row.id, style::clean(row.branch.as_ref()?))))
        .collect();
    (!all.is_empty()).then(|| format!("branches with the plan's name: {}", some(&all)))
}

fn worktree_cell(row: &Row) -> String {
    match (&row.merging, row.uncommitted) {
        (Some(Merging { from, conflicts: 0 }), _) => format!("merging {}: resolved", style::clean(from)),
        (Some(Merging { from, conflicts }), _) => {
            format!("merging {}: {}", style::clean(from), style::count(*conflicts, "conflict"))
        }
        (None, Some(0)) => "clean".to_owned(),
        (None, Some(n)) => format!("{n} dirty"),
        (None, None) => String::new(),
    }
}

fn remark(row: &Row) -> String {
    let ids: Vec<&str> = row.waits_for.iter().map(TaskId::as_str).collect();
    match (&row.why_not, row.since) {
        _ if row.landed => "landed".to_owned(),
        _ if row.mergeable => "ready to merge".to_owned(),
        _ if row.interrupted => "interrupted".to_owned(),
        _ if !ids.is_empty() => format!("after {}", ids.join(", ")),
        _ if row.ready && row.status == Status::Pending => "ready".to_owned(),
        (Some(why), _) if row.status == Status::Completed => style::clean(why),
        (_, Some(since)) if row.session.is_none() => format!("{} in a terminal", style::age(since)),
        (_, Some(since)) => format!("for {}", style::age(since)),
        _ => row.reason.as_deref().map(style::clean).unwrap_or_default(),
    }
}
