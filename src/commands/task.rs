//! `ctx task`.

use std::path::PathBuf;

use serde::Serialize;

use super::{Column, Context, Report, style};
use crate::cli::Task;
use crate::error::{Error, Result};
use crate::git;
use crate::plan::graph::{self, Turn};
use crate::plan::{Files, Plan, Priority, Status, TaskId};
use crate::run::{self, Bindings, Board, Readiness, TaskState, Verb};
use crate::state::{self, Claim, Note, Owner};
use crate::worktree::{PORTS, Progress, Record, Records};
use crate::world;

pub(super) fn run(verb: Task) -> Result<Report> {
    match verb {
        Task::List(json) => list(json.json),
        Task::Show { task, json } => show(task.as_deref(), json.json),
        Task::Start { task, json } => change(Verb::Start, &task, None, json.json),
        Task::Submit { task, json } => change(Verb::Submit, &task, None, json.json),
        Task::Done { task, json } => change(Verb::Done, &task, None, json.json),
        Task::Block { task, reason, json } => change(Verb::Block, &task, Some(reason), json.json),
        Task::Fail { task, reason, json } => change(Verb::Fail, &task, reason, json.json),
        Task::Retry { task, json } => change(Verb::Retry, &task, None, json.json),
    }
}

/// The board of the plan whose worktree the command runs in, else of the active plan.
fn board(context: &Context) -> Result<Board> {
    let plans = context.project.plans();
    if let Some(record) = record_here(context)?
        && let Ok(folder) = plans.find(&record.plan)
    {
        return Board::read(&context.project, &context.settings, &folder);
    }
    Board::active(&context.project, &context.settings)
}

/// The task's worktree that the command runs in.
pub(super) fn record_here(context: &Context) -> Result<Option<Record>> {
    match &context.project.here {
        Some(here) => Records::of(&context.project).at(here),
        None => Ok(None),
    }
}

/// `ctx task list --json`, one a task.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a TaskId,
    name: &'a str,
    status: Status,
    ready: bool,
    landed: bool,
    waits_for: &'a [TaskId],
    interrupted: bool,
    model: Option<&'a str>,
    worktree: Option<&'a PathBuf>,
    reason: Option<&'a str>,
}

fn row(state: &TaskState) -> Row<'_> {
    Row {
        id: &state.task.id,
        name: &state.task.name,
        status: state.task.status,
        ready: state.readiness == Readiness::Ready,
        landed: state.landed,
        waits_for: state.readiness.waits_for(),
        interrupted: state.claim.as_ref().is_some_and(Claim::interrupted),
        model: state.task.model.as_deref(),
        worktree: ready_worktree(state).map(|record| &record.path),
        reason: state.reason.as_deref(),
    }
}

fn ready_worktree(state: &TaskState) -> Option<&Record> {
    state.worktree.as_ref().filter(|record| record.progress == Progress::Ready)
}

fn list(json: bool) -> Result<Report> {
    let context = Context::here()?;
    let board = board(&context)?;
    let rows: Vec<Row<'_>> = board.tasks.iter().map(row).collect();
    Report::data(json, &rows, || {
        let cells = rows.iter().map(|row| {
            let ids: Vec<&str> = row.waits_for.iter().map(TaskId::as_str).collect();
            let state = match (row.ready, row.landed, ids.is_empty()) {
                (true, ..) if row.status == Status::Pending => "ready".to_owned(),
                (_, true, _) => "landed".to_owned(),
                (_, _, false) => format!("after {}", ids.join(", ")),
                _ if row.interrupted => "interrupted".to_owned(),
                _ if row.status == Status::Completed => "not landed yet".to_owned(),
                _ => row.reason.map(style::clean).unwrap_or_default(),
            };
            vec![row.id.to_string(), style::status(row.status), state, style::clean(row.name)]
        });
        let columns =
            [Column::id("task"), Column::word("status"), Column::name(""), Column::name("name").rank(1)];
        style::table(&columns, cells)
    })
}

/// `ctx task show --json`.
#[derive(Serialize)]
struct Shown<'a> {
    id: &'a TaskId,
    name: &'a str,
    plan: &'a str,
    status: Status,
    priority: Priority,
    dependencies: &'a [TaskId],
    labels: &'a [String],
    model: Option<&'a str>,
    worktree: Option<&'a PathBuf>,
    branch: &'a str,
    base: &'a str,
    /// The first of the ports that only this worktree has.
    port: Option<u16>,
    context: &'a [String],
    files: &'a Files,
    verify: &'a [String],
    reason: Option<&'a str>,
    text: &'a str,
}

fn show(wanted: Option<&str>, json: bool) -> Result<Report> {
    let context = Context::here()?;
    let board = board(&context)?;
    let id = match (wanted, record_here(&context)?) {
        (Some(id), _) => id.to_owned(),
        (None, Some(record)) => record.task.to_string(),
        (None, None) => {
            return Err(Error::environment("no task given, and this is not a task's worktree")
                .hint("name one: `ctx task show ID`; `ctx task list` lists them"));
        }
    };
    let state = board.task(&id).ok_or_else(|| state::unknown_task(&board.folder, &id))?;
    let task = &state.task;
    let shown = Shown {
        id: &task.id,
        name: &task.name,
        plan: &board.folder.id,
        status: task.status,
        priority: task.priority,
        dependencies: &task.dependencies,
        labels: &task.labels,
        model: task.model.as_deref(),
        worktree: ready_worktree(state).map(|record| &record.path),
        branch: state.branch.as_str(),
        base: board.into.as_str(),
        port: ready_worktree(state).and_then(|record| record.port),
        context: &task.context,
        files: &task.files,
        verify: &task.verify,
        reason: state.reason.as_deref(),
        text: &task.body,
    };
    // The task's own text is passed on as it was written.
    if json { Report::data(true, &shown, String::new) } else { Ok(Report::text(text(&shown))) }
}

/// What an agent needs to know, then the task's text as it was written.
fn text(shown: &Shown<'_>) -> String {
    let mut lines = Vec::new();
    let mut line = |key: &str, value: String| {
        let text = format!("{key}: {value}");
        match (value.is_empty(), key) {
            (true, _) => {}
            // A path is copied: it is not broken into lines.
            (_, "worktree") => lines.push(text),
            _ => lines.push(style::prose(&text)),
        }
    };
    line("task", format!("{} ({})", shown.id, style::clean(shown.name)));
    let reason = shown.reason.map(|reason| format!(": {}", style::clean(reason))).unwrap_or_default();
    line("status", format!("{}{reason}", shown.status));
    let missing = format!("none yet; `ctx worktree setup {}` makes it", shown.id);
    line("worktree", shown.worktree.map_or(missing, |path| path.display().to_string()));
    line("branch", format!("{} (lands on {})", shown.branch, style::clean(shown.base)));
    let ports =
        shown.port.map(|port| format!("{port} to {} (set-up has the first as CTX_PORT)", port + PORTS - 1));
    line("ports", ports.unwrap_or_default());
    let join = |items: &[String]| items.iter().map(|item| style::clean(item)).collect::<Vec<_>>().join(", ");
    line("depends on", shown.dependencies.iter().map(TaskId::as_str).collect::<Vec<_>>().join(", "));
    line("read first", join(shown.context));
    line("create", join(&shown.files.create));
    line("modify", join(&shown.files.modify));
    line("delete", join(&shown.files.delete));
    line("forbidden", join(&shown.files.forbidden));
    if shown.files.strict {
        line("only these files", "may be changed".to_owned());
    }
    for command in shown.verify {
        line("verify", style::clean(command));
    }
    format!("{}\n\n{}", lines.join("\n"), shown.text.trim_start_matches(['\n', '\r']))
}

/// The `--json` of a change of a task.
#[derive(Serialize)]
struct TaskChange<'a> {
    task: &'a TaskId,
    plan: &'a str,
    from: Status,
    to: Status,
    /// False if it was in that status already.
    changed: bool,
    worktree: Option<&'a PathBuf>,
}

impl TaskChange<'_> {
    /// What a person in a terminal does next; agents are told by their instructions.
    fn next(&self) -> Option<String> {
        let id = self.task;
        Some(match (self.to, self.worktree) {
            (Status::InProgress, Some(_)) => {
                format!(
                    "work in that folder, `ctx commit -m \"type: description\"` there, then `ctx task submit {id}`"
                )
            }
            (Status::Pending, Some(_)) => format!("`ctx task start {id}`, or `/ctx:execute` in Claude Code"),
            (Status::Pending | Status::InProgress, None) => format!("`ctx worktree setup {id}`"),
            (Status::Completed, _) => "`ctx merge`".to_owned(),
            (Status::Blocked, _) => format!("settle the reason, then `ctx task retry {id}`"),
            (Status::Failed, _) => format!("`ctx task retry {id}` for another attempt"),
            (Status::Submitted, _) => return None,
        })
    }

    fn text(&self, verb: Verb) -> String {
        let Self { task, from, to, .. } = self;
        let what = match self.changed {
            true => format!("`{task}`: {from} -> {to}"),
            false => format!("`{task}` is {to} already"),
        };
        match self.worktree {
            Some(path) if verb == Verb::Start => format!("{what}\nworktree: {}", path.display()),
            _ => what,
        }
    }
}

fn change(verb: Verb, id: &str, reason: Option<String>, json: bool) -> Result<Report> {
    let context = Context::here()?;
    let board = board(&context)?;
    let state = board.task(id).ok_or_else(|| state::unknown_task(&board.folder, id))?;
    match verb {
        Verb::Start => require_startable(state)?,
        Verb::Submit | Verb::Done => require_committed(&context, state, verb)?,
        _ => {}
    }
    let session = world::session_id();
    let owner = Owner { session: session.clone(), agent: None, process: world::client_process() };
    let note = Note { reason, commit: state.tip.clone(), owner };
    let (from, to) =
        state::set_status(&context.project, &board.folder, &state.task.id, note, |plan, task, claim| {
            let to = run::next(verb, id, task.status)?;
            if verb == Verb::Start && task.status != Status::InProgress {
                require_turn(plan, &board, &task.id)?;
            }
            let claim = claim.filter(|_| task.status == Status::InProgress);
            if let Some(claim) = claim {
                require_own(verb, id, claim, session.as_deref())?;
            }
            // A session that goes on in a new process claims its task again.
            let again = verb == Verb::Start && claim.is_some_and(Claim::interrupted);
            Ok((to != task.status || again).then_some(to))
        })?;
    if matches!(verb, Verb::Retry | Verb::Fail | Verb::Done) {
        Bindings::of(&context.project.ctx_dir()).forget_calls_for(&board.folder.id, id)?;
    }
    let change = TaskChange {
        task: &state.task.id,
        plan: &board.folder.id,
        from,
        to,
        changed: from != to,
        worktree: ready_worktree(state).map(|record| &record.path),
    };
    // An agent reads the path: it is not broken into lines.
    if json {
        return Report::data(true, &change, String::new);
    }
    let report = Report::text(change.text(verb));
    Ok(match change.next().filter(|_| session.is_none()) {
        Some(next) => report.message(format!("next: {next}")),
        None => report,
    })
}

/// Asked again under the lock: another process may have started a task that changes the same file.
fn require_turn(plan: &Plan, board: &Board, id: &TaskId) -> Result<()> {
    let landed = board.tasks.iter().filter(|state| state.landed).map(|state| state.task.id.clone()).collect();
    match graph::turns(&plan.tasks, &landed).remove(id) {
        Some(Turn { before, over }) => Err(waits(id, &Readiness::WaitsForFiles { task: before, file: over })),
        None => Ok(()),
    }
}

fn waits(id: &TaskId, readiness: &Readiness) -> Error {
    let hint = match readiness {
        Readiness::WaitsForFiles { task, .. } => {
            format!("complete `{task}` and run `ctx merge` first, or give it up with `ctx task fail {task}`")
        }
        _ => "complete them, run `ctx merge`, then start this one".to_owned(),
    };
    Error::refused(format!("`{id}` {}", readiness.reason().unwrap_or_default())).hint(hint)
}

fn require_startable(state: &TaskState) -> Result<()> {
    let id = &state.task.id;
    if !state.readiness.waits_for().is_empty() {
        return Err(waits(id, &state.readiness));
    }
    // An agent without its packages would install them somewhere, or guess.
    if state.worktree.as_ref().is_some_and(|record| record.progress != Progress::Ready) {
        return Err(Error::refused(format!(
            "the worktree of `{id}` is not ready: its set-up was not finished"
        ))
        .hint(format!("finish it with `ctx worktree setup {id}`")));
    }
    Ok(())
}

/// Handing in takes commits: what is only in the worktree would not land.
fn require_committed(context: &Context, state: &TaskState, verb: Verb) -> Result<()> {
    let id = &state.task.id;
    let Some(record) = ready_worktree(state) else {
        return match verb {
            Verb::Done => Ok(()),
            _ => Err(Error::refused(format!("`{id}` has no worktree")).hint(format!(
                "make it with `ctx worktree setup {id}`; what was done elsewhere is `ctx task done {id}`"
            ))),
        };
    };
    if record.path.exists() {
        let status = git::status(&record.path)?;
        if !status.clean() {
            return Err(Error::refused(format!(
                "the worktree of `{id}` has uncommitted files: {}",
                status.summary()
            ))
            .hint(format!(
                "commit them with `ctx commit -m \"type: description\"` in `{}`, then run `ctx task {} {id}`",
                record.path.display(),
                verb.as_str()
            )));
        }
    }
    let nothing_new = match &state.tip {
        Some(tip) => git::ahead_behind(context.project.git_dir(), &record.base, tip)?.0 == 0,
        None => true,
    };
    if nothing_new && verb == Verb::Submit && state.task.status == Status::InProgress {
        return Err(Error::refused(format!("`{}` has no commit of `{id}`", record.branch)).hint(format!(
            "commit the work, or say why there is none: `ctx task block {id} --reason TEXT`"
        )));
    }
    Ok(())
}

/// Two sessions do not run one task. Once the owner is gone, `retry` frees it.
fn require_own(verb: Verb, id: &str, claim: &Claim, session: Option<&str>) -> Result<()> {
    let Some(owner) = &claim.owner.session else {
        return match (session, verb) {
            (None, _) | (_, Verb::Retry) => Ok(()),
            (Some(_), _) => {
                Err(Error::refused(format!("`{id}` was claimed in a terminal, not in this session"))
                    .hint(format!("free it with `ctx task retry {id}`, then start it here")))
            }
        };
    };
    match (verb, claim.interrupted()) {
        _ if Some(owner.as_str()) == session => Ok(()),
        (Verb::Retry | Verb::Fail | Verb::Done, true) => Ok(()),
        (_, true) => {
            let how = if claim.ended.is_some() { "whose agent ended" } else { "which is gone" };
            Err(Error::refused(format!("`{id}` was interrupted in session {owner}, {how}"))
                .hint(format!("free it with `ctx task retry {id}`")))
        }
        // A person in a terminal may decide over any task; another session may not.
        (Verb::Retry | Verb::Fail | Verb::Done, false) if session.is_none() => Ok(()),
        (_, false) => Err(Error::refused(format!("session {owner} works on `{id}`"))
            .hint(format!("leave it to that session, or give it up there with `ctx task fail {id}`"))),
    }
}
