//! Who makes a call: the session, an executor with or without a task, a QA agent, another agent.

use std::path::Path;

use super::Input;
use super::place::Site;
use crate::plan::{Status, TaskId};
use crate::run::{Binding, Bindings, Bound, Role};
use crate::state::{Active, PlanStore};
use crate::worktree::Record;

/// Who, and bound to what.
#[derive(Clone, Debug)]
pub(super) enum Who {
    /// The session itself, outside every task's worktree.
    Main,
    /// An agent of `ctx` that has no task yet.
    Unbound(Role),
    /// An agent, or a session in a task's worktree, with the worktree of its task.
    Bound { record: Box<Record>, role: Role },
    /// An agent whose task, or whose task's worktree, is gone.
    Lost(String),
    /// Any other agent.
    Other,
}

/// Finds out who calls; an agent's first call binds it.
pub(super) fn identify(input: &Input, site: &Site) -> Who {
    let Some(agent) = &input.agent_id else { return session(input, site) };
    let Some(role) = Role::of(input.agent_type.as_deref().unwrap_or("")) else { return Who::Other };
    let Some(session) = &input.session_id else { return Who::Unbound(role) };
    let bindings = Bindings::of(&site.ctx_dir());
    let binding = bindings.read(session, agent).or_else(|| {
        // Who gave a task back takes it again only by `ctx task start`.
        if bindings.past(session, agent).is_some() {
            return None;
        }
        let announced = bindings.announced(input.transcript_path.as_deref()?, agent)?;
        match bind(&bindings, input, site, Binding { role, ..announced })? {
            Bound::Yes(binding) => Some(binding),
            _ => None,
        }
    });
    match binding {
        None => Who::Unbound(role),
        Some(binding) => match site.record(&binding.plan, &binding.task) {
            Some(record) => Who::Bound { record: Box::new(record), role: binding.role },
            None => Who::Lost(binding.task),
        },
    }
}

/// The session itself, which may run as an agent's type (`claude --agent TYPE`): bound while it works on the task of the
/// worktree that it was opened in.
fn session(input: &Input, site: &Site) -> Who {
    let role = own_role(input).unwrap_or(Role::Executor);
    let Some(record) = record_here(site) else { return Who::Main };
    let works = match (role, site.task(&record.plan, record.task.as_str())) {
        (Role::Executor, Some((Status::InProgress, _))) => is_free_for(input, site, &record),
        (Role::Qa, Some((Status::Submitted, _))) => true,
        // Whoever opens a session where no task is being done decides for themselves.
        _ => false,
    };
    if works { Who::Bound { record: Box::new(record), role } } else { Who::Main }
}

/// The role that the session itself runs in; `None` for an ordinary session, and for a subagent's call.
pub(super) fn own_role(input: &Input) -> Option<Role> {
    input.agent_type.as_deref().filter(|_| input.agent_id.is_none()).and_then(Role::of)
}

/// Returns whether this is the session that leads the agents: it runs as none of them, and has no task of its own.
pub(super) fn leads(input: &Input, site: &Site) -> bool {
    input.agent_id.is_none() && own_role(input).is_none() && matches!(session(input, site), Who::Main)
}

/// The task whose worktree the session was opened in.
pub(super) fn record_here(site: &Site) -> Option<Record> {
    if site.top == site.home { None } else { site.record_at(&site.top) }
}

/// Returns whether nobody but this session, or a person in a terminal, has the task.
fn is_free_for(input: &Input, site: &Site, record: &Record) -> bool {
    let claim = Bindings::of(&site.ctx_dir()).claim(&record.plan, record.task.as_str());
    claim.is_none_or(|claim| match (&claim.owner.session, &input.session_id) {
        (None, _) => true,
        (Some(_), Some(session)) => claim.is_of(session, None) && !claim.interrupted(),
        (Some(_), None) => false,
    })
}

fn bind(bindings: &Bindings, input: &Input, site: &Site, binding: Binding) -> Option<Bound> {
    let (session, agent) = input.session_id.as_ref().zip(input.agent_id.as_ref())?;
    let (status, _) = site.task(&binding.plan, &binding.task)?;
    let bound = bindings.bind(session, agent, binding, status).ok()?;
    if let (Bound::Yes(_), Some(transcript)) = (&bound, &input.transcript_path) {
        // Left there, it would be forgotten later.
        let _ = bindings.forget_call(transcript, agent);
    }
    Some(bound)
}

/// Binds an executor to the task that it starts by a command; gives the plan.
pub(super) fn start(input: &Input, site: &Site, task: &str) -> Result<String, String> {
    let (Some(session), Some(agent)) = (&input.session_id, &input.agent_id) else {
        return Err("the client did not say who calls".to_owned());
    };
    let bindings = Bindings::of(&site.ctx_dir());
    let announced = || bindings.announced(input.transcript_path.as_deref()?, agent);
    let named = bindings.past(session, agent).or_else(announced);
    if let Some(named) = named.as_ref().filter(|named| named.task != task) {
        return Err(format!("your task is `{}`; one agent does one task", named.task));
    }
    let plan = named.map(|named| named.plan).or_else(|| active_plan(site)).ok_or("no plan is active")?;
    let Some(record) = site.record(&plan, task) else {
        return Err(format!(
            "`{task}` has no worktree; the main session makes it with `ctx worktree setup {task}`"
        ));
    };
    let binding = Binding { plan, task: record.task.to_string(), role: Role::Executor };
    let freed = format!("the main session frees it with `ctx task retry {task}`; end with that answer");
    match bind(&bindings, input, site, binding) {
        Some(Bound::Yes(binding)) => Ok(binding.plan),
        Some(Bound::Interrupted) => Err(format!("`{task}` was interrupted; {freed}")),
        Some(Bound::InTerminal) => Err(format!("`{task}` was claimed in a terminal; {freed}")),
        _ => Err(format!("`{task}` is taken by another agent; end with that answer")),
    }
}

/// The active plan, as the command line finds it.
pub(super) fn active_plan(site: &Site) -> Option<String> {
    match PlanStore::at(&site.home, site.ctx_dir()).active() {
        Ok(Active::Plan(folder)) => Some(folder.id),
        _ => None,
    }
}

/// The task that a prompt for an agent names on its first line.
pub(super) fn task_of_prompt(prompt: &str) -> Option<&str> {
    let id = prompt.lines().next()?.trim().strip_prefix("Task:")?.trim();
    TaskId::parse(id).is_ok().then_some(id)
}

/// Is this directory in that worktree?
pub(super) fn is_in(cwd: &Path, root: &Path) -> bool {
    std::fs::canonicalize(cwd).is_ok_and(|real| real.starts_with(root))
}
