//! What `ctx worktree setup` prints: a row for each worktree and for what stops a task, one line for all the rest,
//! and what a caller does next.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::commands::{Column, style};
use crate::error::{Error, Result, printable};
use crate::git::{Branch, Oid};
use crate::land::Conflicts;
use crate::plan::{Status, TaskId};
use crate::run::{Board, Readiness, TaskState};
use crate::state::Claim;
use crate::worktree::{Moved, Outcome, Prepared};

/// How many of the same kind are named.
const MAX_NAMED: usize = 5;

/// What a task is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// An agent can be started.
    Ready,
    /// It asked something; an answer and `ctx task retry` make it ready.
    Blocked,
    /// Somebody works on it.
    Running,
    /// Whoever worked on it is gone; `ctx task retry` makes it ready, its work is kept.
    Interrupted,
    /// It depends on tasks that have not landed.
    Waits,
    /// It was handed in.
    Submitted,
    /// It is completed, and not in the base branch yet.
    Completed,
    /// It is completed and conflicts with the base branch; `ctx worktree sync` says what to resolve.
    Conflict,
    /// It is in the base branch.
    Landed,
    /// It was given up; `ctx task retry` makes it ready.
    Failed,
    /// Its worktree could not be made ready.
    Refused,
}

impl State {
    fn of(state: &TaskState) -> Self {
        match (state.task.status, &state.readiness) {
            (Status::InProgress, _) if state.claim.as_ref().is_some_and(Claim::interrupted) => {
                Self::Interrupted
            }
            (Status::InProgress, _) => Self::Running,
            (Status::Submitted, _) => Self::Submitted,
            (Status::Completed, _) if state.landed => Self::Landed,
            (Status::Completed, _) => Self::Completed,
            (Status::Failed, _) => Self::Failed,
            (Status::Blocked, Readiness::Ready) => Self::Blocked,
            (_, Readiness::Ready) => Self::Ready,
            _ => Self::Waits,
        }
    }
}

/// `ctx worktree setup --json`, one a task.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) task: TaskId,
    /// `created`, `prepared` (a set-up command that had not run in it did), `exists`, `refused` or `skipped`;
    /// `interrupted` or `running` where it exists and its task is in progress.
    pub(super) result: &'static str,
    /// What the task is waiting for.
    state: State,
    /// The session that works on it, if it is in progress.
    session: Option<String>,
    path: Option<PathBuf>,
    branch: Option<String>,
    base: Option<String>,
    copied: Vec<PathBuf>,
    /// The commands that ran in it.
    pub(super) commands: Vec<String>,
    /// The first of its ports.
    port: Option<u16>,
    /// Why it was refused or skipped.
    reason: Option<String>,
    /// The command for it, where there is one.
    next: Option<String>,
}

impl Row {
    fn of(state: &TaskState, result: &'static str) -> Self {
        let task = &state.task.id;
        let state_word = State::of(state);
        let next = match state_word {
            State::Ready => Some(format!("ctx task start {task}")),
            State::Interrupted | State::Blocked | State::Failed => Some(format!("ctx task retry {task}")),
            State::Completed => Some(format!("ctx merge {task}")),
            _ => None,
        };
        Self {
            task: task.clone(),
            result,
            state: state_word,
            session: state.claim.as_ref().and_then(|claim| claim.owner.session.clone()),
            path: None,
            branch: None,
            base: None,
            copied: Vec::new(),
            commands: Vec::new(),
            port: None,
            reason: None,
            next,
        }
    }

    /// A task that gets no worktree now.
    pub(super) fn skipped(state: &TaskState, reason: String) -> Self {
        Self { reason: Some(reason), ..Self::of(state, "skipped") }
    }
}

/// The rows of one run, and what is said beside them.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) all: Vec<Row>,
    pub(super) messages: Vec<String>,
    /// The same sentence for several worktrees is said once.
    notes: BTreeMap<String, Vec<TaskId>>,
    errors: BTreeMap<String, Vec<TaskId>>,
    /// Completed tasks that are known to conflict with the base branch.
    conflicts: Vec<TaskId>,
}

impl Rows {
    pub(super) fn moved(&mut self, moved: &[Moved]) {
        let line = |one: &Moved| {
            let undo = one.saved.as_ref().map(|id| format!("; `ctx undo {id}` brings it back"));
            format!("moved `{}` of plan `{}` to undo{}", one.task, one.plan, undo.unwrap_or_default())
        };
        let shown = if moved.len() > MAX_NAMED + 1 { MAX_NAMED } else { moved.len() };
        self.messages.extend(moved.iter().take(shown).map(line));
        if shown < moved.len() {
            self.messages.push(format!("and {} more; see `ctx undo`", moved.len() - shown));
        }
    }

    pub(super) fn add(&mut self, state: &TaskState, outcome: Result<Outcome>) {
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => return self.refuse(state, &error),
        };
        let record = outcome.record();
        let mut row = Row {
            path: Some(record.path.clone()),
            branch: Some(record.branch.as_str().to_owned()),
            base: Some(record.base.as_str().to_owned()),
            port: record.port,
            ..Row::of(state, "exists")
        };
        let notes = match &outcome {
            Outcome::Exists(_, notes) => {
                row.result = match row.state {
                    State::Interrupted => "interrupted",
                    State::Running => "running",
                    _ => "exists",
                };
                notes.clone()
            }
            Outcome::Created(_, prepared) => {
                row.result = "created";
                self.prepared(&mut row, prepared)
            }
            Outcome::Prepared(_, prepared) => {
                row.result = "prepared";
                self.prepared(&mut row, prepared)
            }
        };
        for note in notes {
            self.notes.entry(note).or_default().push(row.task.clone());
        }
        self.all.push(row);
    }

    /// Notes that a worktree in which nothing was done yet is at a newer commit of the base now.
    pub(super) fn brought_up(&mut self, task: &TaskId, into: &Branch, commit: &Oid) {
        if let Some(row) = self.all.iter_mut().rfind(|row| row.task == *task) {
            row.base = Some(commit.to_string());
        }
        let note = format!("nothing was done here yet; brought to `{into}`, at {}", commit.short());
        self.notes.entry(note).or_default().push(task.clone());
    }

    /// Tells completed tasks that conflict with the base branch from those that can land. The whole plan counts.
    pub(super) fn find_conflicts(&mut self, board: &Board, known: &Conflicts) -> Result<()> {
        for state in board.tasks.iter().filter(|state| State::of(state) == State::Completed) {
            let task = &state.task.id;
            let Some(conflict) = known.current(task, board.base.as_ref(), state.tip.as_ref())? else {
                continue;
            };
            for row in self.all.iter_mut().filter(|row| row.task == *task) {
                row.state = State::Conflict;
                row.reason = Some(format!("conflicts with `{}` in {}", board.into, conflict.summary()));
                row.next = Some(format!("ctx worktree sync {task}"));
            }
            self.conflicts.push(task.clone());
        }
        Ok(())
    }

    fn refuse(&mut self, state: &TaskState, error: &Error) {
        let id = state.task.id.as_str();
        // What differs only in the task's name is the same.
        let text = error.to_string();
        let same = text.replace(&format!("`ctx worktree setup {id}`"), "`ctx worktree setup`");
        self.errors.entry(same).or_default().push(state.task.id.clone());
        let row = Row::of(state, "refused");
        self.all.push(Row { state: State::Refused, next: None, reason: Some(error.fact.clone()), ..row });
    }

    fn prepared(&mut self, row: &mut Row, prepared: &Prepared) -> Vec<String> {
        row.copied.clone_from(&prepared.copied);
        row.commands.clone_from(&prepared.commands);
        let task = &row.task;
        for (path, why) in prepared.skipped.iter().take(MAX_NAMED) {
            let path = printable(&path.to_string_lossy());
            self.messages.push(format!("note: `{path}` is not copied for `{task}`: {why}"));
        }
        if let Some(more) = prepared.skipped.len().checked_sub(MAX_NAMED).filter(|more| *more > 0) {
            self.messages.push(format!("note: {more} more are not copied for `{task}`"));
        }
        prepared.notes.clone()
    }

    /// Everything beside the table, each sentence once.
    pub(super) fn all_messages(&self) -> Vec<String> {
        let mut all = shown_commands(&self.all);
        all.extend(self.messages.iter().cloned());
        let tasks = |tasks: &[TaskId], what: &str| match tasks.len() {
            0..=3 => tasks.iter().map(|task| format!("`{task}`")).collect::<Vec<_>>().join(", "),
            n => format!("{n} {what}"),
        };
        let notes = self.notes.iter();
        all.extend(notes.map(|(note, of)| format!("note: {}: {note}", tasks(of, "worktrees"))));
        let errors = self.errors.iter();
        all.extend(errors.map(|(error, of)| format!("error: {}: {error}", tasks(of, "tasks"))));
        all
    }
}

/// The commands that ran, each once.
fn shown_commands(rows: &[Row]) -> Vec<String> {
    let mut all: Vec<&String> = rows.iter().flat_map(|row| &row.commands).collect();
    all.sort();
    all.dedup();
    let count = |text: &String| rows.iter().filter(|row| row.commands.contains(text)).count();
    all.iter()
        .map(|text| format!("set-up: `{}` in {}", printable(text), style::count(count(text), "worktree")))
        .collect()
}

/// The table, what is folded, and what comes next; `at_once` agents work at the same time.
pub(super) fn text(shown: &Rows, board: &Board, at_once: usize) -> String {
    let rows = &shown.all;
    let mut cells = Vec::new();
    let mut waiting = Vec::new();
    let (mut completed, mut landed) = (0, 0);
    let many = rows.iter().filter(|row| row.state == State::Waits).count() > MAX_NAMED;
    for row in rows {
        match (row.result, row.state) {
            ("skipped", State::Landed) => (completed, landed) = (completed + 1, landed + 1),
            ("skipped", State::Completed) => completed += 1,
            ("skipped", State::Waits) if many => waiting.push(&row.task),
            _ => cells.push(cell(row)),
        }
    }
    let mut lines = Vec::new();
    if !cells.is_empty() {
        lines.push(style::table(&[Column::id("task"), Column::word(""), Column::prose("worktree")], cells));
    }
    if !waiting.is_empty() {
        lines.push(format!("{} for others: {}", waits(waiting.len()), list(&waiting)));
    }
    match (completed, landed) {
        (0, _) => {}
        (n, m) if n == m => lines.push(format!("{n} completed and landed: nothing to do")),
        (n, m) => lines.push(format!("{n} completed, {m} landed: nothing to set up")),
    }
    lines.extend(next(shown, board, at_once).into_iter().map(|line| format!("next: {line}")));
    lines.join("\n")
}

fn waits(n: usize) -> String {
    format!("{n} {}", if n == 1 { "task waits" } else { "tasks wait" })
}

fn cell(row: &Row) -> Vec<String> {
    let word = match row.state {
        State::Interrupted => "interrupted".to_owned(),
        State::Running => match &row.session {
            Some(session) => format!("running in session {}", printable(session)),
            None => "running in a terminal".to_owned(),
        },
        State::Conflict => "conflict".to_owned(),
        _ => row.result.to_owned(),
    };
    let what = match (&row.path, row.result) {
        (Some(path), _) => path.display().to_string(),
        (None, "refused") => "see the error".to_owned(),
        (None, _) => row.reason.clone().unwrap_or_default(),
    };
    vec![row.task.to_string(), word, what]
}

/// `a, b, c and 4 more`.
fn list(tasks: &[&TaskId]) -> String {
    let names: Vec<String> = tasks.iter().take(MAX_NAMED).map(|task| format!("`{task}`")).collect();
    match tasks.len().checked_sub(MAX_NAMED).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more", names.join(", ")),
        None => names.join(", "),
    }
}

/// What a caller does, in this order. The whole plan counts, not only what was asked for.
fn next(shown: &Rows, board: &Board, at_once: usize) -> Vec<String> {
    let rows = &shown.all;
    let of = |wanted: State| -> Vec<&TaskId> {
        board.tasks.iter().filter(|state| State::of(state) == wanted).map(|state| &state.task.id).collect()
    };
    let mut lines: Vec<String> = Vec::new();
    for task in of(State::Interrupted) {
        lines.push(format!("`ctx task retry {task}`: it was interrupted, its work is kept"));
    }
    for state in board.tasks.iter().filter(|state| State::of(state) == State::Blocked) {
        let reason = state.reason.as_deref().map(style::clean).unwrap_or_default();
        let task = &state.task.id;
        lines.push(format!("answer `{task}` ({reason}), then `ctx task retry {task}`"));
    }
    for task in &shown.conflicts {
        lines.push(format!("`ctx worktree sync {task}`, which says what to resolve"));
    }
    let mut completed = of(State::Completed);
    completed.retain(|task| !shown.conflicts.contains(task));
    if !completed.is_empty() {
        lines.push(format!("`ctx merge`: {} completed and not landed", list(&completed)));
    }
    let ready = rows.iter().filter(|row| row.state == State::Ready && row.path.is_some());
    let ready: Vec<&TaskId> = ready.map(|row| &row.task).collect();
    if !ready.is_empty() {
        let all: Vec<String> = ready.iter().map(|task| format!("`{task}`")).collect();
        let limit = if all.len() > at_once { format!(", {at_once} at a time") } else { String::new() };
        lines.push(format!("start {}{limit}", all.join(", ")));
    }
    let running = of(State::Running);
    if lines.is_empty() && !running.is_empty() {
        lines.push(format!("wait for {}", list(&running)));
    }
    if lines.is_empty() && board.tasks.iter().all(|state| state.landed) {
        lines.push("`ctx cleanup`: everything has landed".to_owned());
    }
    if lines.is_empty() && rows.iter().any(|row| row.state == State::Refused) {
        lines.push("what the error says, then `ctx worktree setup`".to_owned());
    }
    if lines.is_empty() {
        lines.push("see `ctx status`".to_owned());
    }
    lines
}
