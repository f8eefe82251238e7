//! Who makes a call: the session, an executor with or without a task, a QA agent, another agent.

use std::path::Path;

use super::Input;
use super::place::Site;
use crate::plan::{Status, TaskId};
use crate::run::{Binding, Bindings, Bound, Role};
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
    let Some(agent) = &input.agent_id else {
        return match input.agent_type {
            // A subagent without an id cannot be told apart from others.
            Some(_) => Who::Other,
            None if site.top == site.home => Who::Main,
            // Whoever opens a session where no task is being done decides for themselves.
            None => match site.record_at(&site.top).filter(|record| is_in_progress(site, record)) {
                Some(record) => Who::Bound { record: Box::new(record), role: Role::Executor },
                None => Who::Main,
            },
        };
    };
    let Some(role) = Role::of(input.agent_type.as_deref().unwrap_or("")) else { return Who::Other };
    let Some(session) = &input.session_id else { return Who::Unbound(role) };
    let bindings = Bindings::of(&site.ctx_dir());
    let binding = bindings.read(session, agent).or_else(|| {
        // Who gave a task back takes it again only by `ctx task start`.
        if bindings.past(session, agent).is_some() {
            return None;
        }
        let announced = bindings.announced(input.transcript_path.as_deref()?, agent)?;
        let binding = Binding { role, stops: 0, ..announced };
        bind(&bindings, site, session, agent, binding)
    });
    match binding {
        None => Who::Unbound(role),
        Some(binding) => match site.record(&binding.plan, &binding.task) {
            Some(record) => Who::Bound { record: Box::new(record), role: binding.role },
            None => Who::Lost(binding.task),
        },
    }
}

fn is_in_progress(site: &Site, record: &Record) -> bool {
    site.task(&record.plan, record.task.as_str()).is_some_and(|(status, _)| status == Status::InProgress)
}

fn bind(bindings: &Bindings, site: &Site, session: &str, agent: &str, binding: Binding) -> Option<Binding> {
    let (status, _) = site.task(&binding.plan, &binding.task)?;
    let given_back = !matches!(status, Status::Pending | Status::InProgress);
    match bindings.bind(session, agent, binding, given_back).ok()? {
        Bound::Yes(binding) => Some(binding),
        Bound::Taken => None,
    }
}

/// Binds an executor to the task that it starts by a command.
pub(super) fn start(input: &Input, site: &Site, task: &str) -> Result<(), String> {
    let plan = active_plan(site).ok_or("no plan is active")?;
    let (Some(session), Some(agent)) = (&input.session_id, &input.agent_id) else {
        return Err("the client did not say who calls".to_owned());
    };
    let Some(record) = site.record(&plan, task) else {
        return Err(format!(
            "`{task}` has no worktree; the main session makes it with `ctx worktree setup {task}`"
        ));
    };
    let bindings = Bindings::of(&site.ctx_dir());
    let announced = || bindings.announced(input.transcript_path.as_deref()?, agent);
    if let Some(named) = bindings.past(session, agent).or_else(announced)
        && (named.plan != plan || named.task != task)
    {
        return Err(format!("your task is `{}`; one agent does one task", named.task));
    }
    let binding = Binding { plan, task: record.task.to_string(), role: Role::Executor, stops: 0 };
    match bind(&bindings, site, session, agent, binding) {
        Some(_) => Ok(()),
        None => Err(format!("`{task}` is taken by another agent; end with that answer")),
    }
}

/// Did this agent have a task before?
pub(super) fn had_task(input: &Input, site: &Site) -> bool {
    let bindings = Bindings::of(&site.ctx_dir());
    let past = input.session_id.as_ref().zip(input.agent_id.as_ref());
    past.is_some_and(|(session, agent)| bindings.past(session, agent).is_some())
}

/// The plan that `.parallel/plans/active` names.
pub(super) fn active_plan(site: &Site) -> Option<String> {
    let active = site.home.join(".parallel/plans/active");
    let named = match std::fs::read_link(&active) {
        Ok(target) => target,
        // Where links do not exist, a file holds the name.
        Err(_) => std::fs::read_to_string(&active).ok()?.trim().into(),
    };
    let name = named.file_name()?.to_str()?.to_owned();
    site.home.join(".parallel/plans").join(&name).is_dir().then_some(name)
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
