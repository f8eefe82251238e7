//! `Agent` and `SendMessage` calls of the main session: allowed for a task that is ready for that agent, and to an agent
//! that is bound in this session.
//!
//! An executor or a QA agent is told its worktree, shown by its task's name, and never given a worktree of the client's
//! own. A start that would certainly fail is denied with what to do instead. Whether a task is ready is asked as
//! `ctx status` asks it, with git: these calls are rare.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::Input;
use super::caller;
use super::place::Site;
use super::pre_tool_use::Answer;
use super::session_start::one_line;
use super::settings;
use crate::approve::{self, Decision};
use crate::plan::{Status, TaskId};
use crate::run::{Binding, Bindings, Board, Readiness, Role, TaskState};
use crate::state::{Claim, Project, Settings};
use crate::worktree::{Progress, Record};
use crate::world;

/// The start of an agent; `None` for agents that work on no task.
pub(super) fn agent(input: &Input, _tool: &str, site: &Site) -> Option<Answer> {
    let role = Role::of(input.tool_input.get("subagent_type")?.as_str()?)?;
    let prompt = input.tool_input.get("prompt")?.as_str()?;
    let task = caller::task_of_prompt(prompt)?;
    let named = named_worktree(prompt);
    let record = match named {
        Some(path) => {
            site.records().into_iter().find(|record| record.task.as_str() == task && is_at(record, path))
        }
        None => caller::active_plan(site).and_then(|plan| site.record(&plan, task)),
    };
    let plan = record.as_ref().map(|record| record.plan.clone()).or_else(|| caller::active_plan(site));
    let Some(plan) = plan else {
        return Some(Answer::deny(
            "no plan is active: `ctx plan list` shows the plans, `ctx plan use ID` chooses one",
        ));
    };
    let board = board(site, &plan);
    let state = board.as_ref().and_then(|board| board.task(task));
    if let Some(board) = &board {
        let refused = match state {
            None => Some(format!(
                "plan `{}` has no task `{task}`: `ctx task list` shows its tasks",
                board.folder.id
            )),
            Some(state) => not_startable(input, site, board, state, role),
        };
        if let Some(why) = refused {
            return Some(Answer::deny(why));
        }
    }
    let Some(record) = record else {
        let hint = format!("`ctx worktree path {task}` prints it, `ctx worktree setup {task}` makes it");
        return Some(Answer::deny(match named {
            Some(path) => format!("`{}` is not the worktree of `{task}`: {hint}", path.display()),
            None => format!("`{task}` has no worktree: {hint}"),
        }));
    };
    let binding = Binding { plan, task: task.to_owned(), role };
    // Without the note the agent binds itself by `ctx task start`.
    let id = input.tool_use_id.as_deref().unwrap_or_default();
    if Bindings::of(&site.ctx_dir()).announce(id, &binding).is_ok_and(|first| !first) {
        return Some(Answer::deny(format!(
            "another call starts an agent for `{task}` at this moment; one is enough"
        )));
    }
    let changed = changed(input, prompt, state, named.is_none().then_some(&record));
    let decision = match (state, settings::redefined(&[&site.home, &site.top], role.agent_type())) {
        (_, Some(path)) => Decision::Nothing(format!("`{}` may redefine this agent", path.display())),
        (Some(state), None) => approve::launch(&changed, state.task.model.as_deref(), &site.rules(None)),
        (None, None) => Decision::Nothing("the plan cannot be read".to_owned()),
    };
    let input = (changed != input.tool_input).then_some(changed);
    Some(Answer { decision, input, task: Some(task.to_owned()) })
}

/// The path on the prompt's second line.
fn named_worktree(prompt: &str) -> Option<&Path> {
    let line = prompt.lines().nth(1)?.trim().strip_prefix("Worktree:")?.trim();
    Some(Path::new(line))
}

fn is_at(record: &Record, path: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(&record.path).is_some_and(|there| Some(there) == real(path))
}

/// The plan with all that is known of its tasks; `None` if it cannot be read, which the agent will be told.
fn board(site: &Site, plan: &str) -> Option<Board> {
    let project = Project::discover(&site.home).ok()?;
    let settings = Settings::load(&project.home, world::client_config_dir().as_deref()).ok()?;
    let folder = project.plans().list().ok()?.into_iter().find(|folder| folder.id == plan)?;
    Board::read(&project, &settings, &folder).ok()
}

/// Why a task is certainly not one for a new agent, with what to do; `None` if it is.
fn not_startable(input: &Input, site: &Site, board: &Board, state: &TaskState, role: Role) -> Option<String> {
    let id = &state.task.id;
    let status = state.task.status;
    let refused = match (role, status) {
        (Role::Executor, Status::Pending | Status::Blocked) => match &state.readiness {
            Readiness::Waits(_) | Readiness::WaitsForFiles { .. } => {
                Some(format!("`{id}` {}", state.readiness.reason().unwrap_or_default()))
            }
            _ if status == Status::Pending => {
                let claim = Bindings::of(&site.ctx_dir()).claim(&board.folder.id, id.as_str());
                claim.filter(|claim| !claim.interrupted()).and_then(|claim| owned(input, id, &claim))
            }
            _ => None,
        },
        (Role::Executor, Status::InProgress) => match &state.claim {
            Some(claim) if claim.interrupted() => Some(format!(
                "`{id}` was interrupted and its work is kept: run `ctx task retry {id}`, then start its agent"
            )),
            Some(claim) => owned(input, id, claim),
            None => None,
        },
        (Role::Executor, Status::Failed) => {
            Some(format!("`{id}` is failed: `ctx task retry {id}` makes it startable again"))
        }
        (Role::Executor, Status::Completed) if state.landed => {
            Some(format!("`{id}` is completed and landed"))
        }
        (Role::Executor, Status::Submitted | Status::Completed) => {
            Some(format!("`{id}` is {status}: it is handed in"))
        }
        (Role::Qa, Status::Submitted) => None,
        (Role::Qa, _) => Some(format!("`{id}` is {status}: only what is submitted can be judged")),
    };
    let made = |record: &Record| record.progress == Progress::Ready && record.path.exists();
    refused.or_else(|| match state.worktree.as_ref().is_some_and(made) {
        true => None,
        false => Some(format!("`{id}` has no worktree that is ready: run `ctx worktree setup {id}` first")),
    })
}

/// Why a task that a living owner has claimed gets no other agent; `None` if the session itself is that owner.
fn owned(input: &Input, id: &TaskId, claim: &Claim) -> Option<String> {
    let session = input.session_id.as_deref();
    match (&claim.owner.session, &claim.owner.agent) {
        (None, _) => Some(format!(
            "`{id}` was claimed in a terminal: `ctx task retry {id}` frees it, if nobody works on it there"
        )),
        (owner, Some(agent)) if owner.as_deref() == session => {
            Some(format!("agent `{agent}` works on `{id}` already"))
        }
        (owner, None) if owner.as_deref() == session => None,
        (Some(owner), _) => Some(format!("session {owner} works on `{id}`")),
    }
}

/// The input as the client gets it: with the worktree, without one of the client's own, and with a name to be shown.
fn changed(input: &Input, prompt: &str, state: Option<&TaskState>, to_name: Option<&Record>) -> Value {
    let mut changed = input.tool_input.clone();
    if let Some(record) = to_name {
        let (first, rest) = prompt.split_once('\n').unwrap_or((prompt, ""));
        changed["prompt"] = json!(format!("{first}\nWorktree: {}\n{rest}", record.path.display()));
    }
    if let Some(state) = state {
        changed["description"] = json!(one_line(&format!("{} {}", state.task.id, state.task.name)));
    }
    if let Some(fields) = changed.as_object_mut() {
        fields.remove("isolation");
    }
    changed
}

/// A message to an agent; `None` if it is not one that works on a task in this session.
pub(super) fn message(input: &Input, _tool: &str, site: &Site) -> Option<Answer> {
    let to = input.tool_input.get("to")?.as_str()?;
    let binding = Bindings::of(&site.ctx_dir()).past(input.session_id.as_deref()?, to)?;
    let decision = approve::message(&input.tool_input, &site.rules(None));
    Some(Answer { decision, input: None, task: Some(binding.task) })
}
