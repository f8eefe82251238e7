//! Which subagent works on which task: `<git common dir>/ctx/agents/`.
//!
//! `calls/<tool_use_id>.json` says which task a call of the `Agent` tool was about; the client's own
//! `agent-<id>.meta.json` names that call, and so the agent's first tool call binds it. A task has one executor
//! at a time: its claim says which (`state::Claims`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Result;
use crate::plan::{Status, TaskId};
use crate::state::{self, Claim, Claims, Owner, is_file_name, read_json, to_json};
use crate::world;

/// What an agent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Does the task.
    Executor,
    /// Judges it, and edits nothing.
    Qa,
}

impl Role {
    /// From a hook's `agent_type`; none for agents that work on no task.
    pub fn of(agent_type: &str) -> Option<Self> {
        match agent_type {
            "ctx:parallel-task-executor" => Some(Self::Executor),
            "ctx:qa-agent" => Some(Self::Qa),
            _ => None,
        }
    }

    /// The type that the client knows such an agent by.
    pub fn agent_type(self) -> &'static str {
        match self {
            Self::Executor => "ctx:parallel-task-executor",
            Self::Qa => "ctx:qa-agent",
        }
    }
}

/// An agent and its task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The plan's id.
    pub plan: String,
    /// The task's id.
    pub task: String,
    /// What for.
    pub role: Role,
}

/// A call of the `Agent` tool.
#[derive(Debug, Serialize, Deserialize)]
struct Announced {
    #[serde(flatten)]
    binding: Binding,
    /// When; `None` in files of older versions.
    #[serde(default)]
    time: Option<Timestamp>,
}

/// The result of an attempt to bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// It is bound now.
    Yes(Binding),
    /// Another agent or session has the task.
    Taken,
    /// A person took it in a terminal.
    InTerminal,
    /// Its owner ended without handing in; `ctx task retry` frees it.
    Interrupted,
    /// The client's ids cannot be names of files.
    Malformed,
}

/// Calls for one task that are made within this time belong to one response: the second is one too many.
const SAME_RESPONSE: Duration = Duration::from_secs(10);
/// A call that nobody was bound by for this long is forgotten.
const FORGOTTEN: Duration = Duration::from_hours(7 * 24);

/// All bindings of a repository.
#[derive(Clone, Debug)]
pub struct Bindings {
    ctx_dir: PathBuf,
    dir: PathBuf,
}

impl Bindings {
    /// Those below `<git common dir>/ctx`.
    pub fn of(ctx_dir: &Path) -> Self {
        Self { ctx_dir: ctx_dir.to_owned(), dir: ctx_dir.join("agents") }
    }

    fn call(&self, id: &str) -> PathBuf {
        self.dir.join("calls").join(format!("{id}.json"))
    }

    fn agent(&self, session: &str, agent: &str) -> PathBuf {
        self.dir.join("sessions").join(session).join(format!("{agent}.json"))
    }

    fn claims(&self, plan: &str) -> Claims {
        Claims::at(&self.ctx_dir, plan)
    }

    /// The claim on a task of this plan.
    pub fn claim(&self, plan: &str, task: &str) -> Option<Claim> {
        self.claims(plan).read(&TaskId::parse(task).ok()?).ok()?
    }

    /// Remembers which task a call of the `Agent` tool is about. False if another call for it was made just now
    /// and its agent is not bound yet.
    pub fn announce(&self, tool_use_id: &str, binding: &Binding) -> Result<bool> {
        if !is_file_name(tool_use_id) {
            return Ok(true);
        }
        let path = self.call(tool_use_id);
        let calls = path.parent().unwrap_or(&self.dir);
        state::create_dir_all(calls)?;
        // The client may run the hooks of one response side by side.
        let _lock = Claims::lock(&self.ctx_dir).acquire()?;
        let now = world::now();
        for other in state::list(calls)?.into_iter().filter(|other| *other != path) {
            let Some(call) = read_json::<Announced>(&other) else { continue };
            let age = call.time.and_then(|time| Duration::try_from(now.duration_since(time)).ok());
            if age.is_some_and(|age| age > FORGOTTEN) {
                state::remove_file(&other)?;
            } else if call.binding == *binding
                && age.is_some_and(|age| age < SAME_RESPONSE)
                && !self.was_bound_since(binding, call.time)
            {
                return Ok(false);
            }
        }
        let call = Announced { binding: binding.clone(), time: Some(now) };
        state::replace(&path, &to_json(&call))?;
        Ok(true)
    }

    /// Returns whether an agent took the task after that time: the call of then has its agent.
    fn was_bound_since(&self, binding: &Binding, time: Option<Timestamp>) -> bool {
        let claim = self.claim(&binding.plan, &binding.task).filter(|claim| claim.owner.agent.is_some());
        claim.is_some_and(|claim| time.is_none_or(|time| claim.time >= time))
    }

    /// Forgets the calls for this task: whoever they started has it no more.
    pub fn forget_calls_for(&self, plan: &str, task: &str) -> Result<()> {
        let calls = self.dir.join("calls");
        if !calls.is_dir() {
            return Ok(());
        }
        for path in state::list(&calls)? {
            let is_for = |call: Announced| call.binding.plan == plan && call.binding.task == task;
            if read_json::<Announced>(&path).is_some_and(is_for) {
                state::remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// The call that started this agent, as the client's own file names it.
    fn call_of(&self, transcript: &Path, agent: &str) -> Option<PathBuf> {
        let name = format!("agent-{agent}.meta.json");
        let own = transcript.file_name().is_some_and(|name| name.to_string_lossy().starts_with("agent-"));
        let folder = match own {
            true => transcript.parent()?.to_owned(),
            false => transcript.with_extension("").join("subagents"),
        };
        let meta: Value = read_json(&folder.join(name)).filter(|_| is_file_name(agent))?;
        let id = meta.get("toolUseId")?.as_str().filter(|id| is_file_name(id))?;
        Some(self.call(id))
    }

    /// The task of the call that started this agent.
    pub fn announced(&self, transcript: &Path, agent: &str) -> Option<Binding> {
        read_json::<Announced>(&self.call_of(transcript, agent)?).map(|call| call.binding)
    }

    /// Forgets the call that started this agent: it is bound.
    pub fn forget_call(&self, transcript: &Path, agent: &str) -> Result<()> {
        self.call_of(transcript, agent).map_or(Ok(()), |call| state::remove_file(&call))
    }

    /// The task of an agent; `None` once the task went to somebody else, or the agent ended.
    pub fn read(&self, session: &str, agent: &str) -> Option<Binding> {
        let binding = self.past(session, agent)?;
        let claim = || self.claim(&binding.plan, &binding.task);
        let mine = |claim: Claim| claim.is_of(session, Some(agent)) && !claim.interrupted();
        (binding.role == Role::Qa || claim().is_some_and(mine)).then_some(binding)
    }

    /// The task that an agent has or had, whoever has it now.
    pub fn past(&self, session: &str, agent: &str) -> Option<Binding> {
        let known = is_file_name(session) && is_file_name(agent);
        known.then(|| read_json(&self.agent(session, agent))).flatten()
    }

    /// Binds an agent to a task of this status. An executor claims the task for itself, unless somebody else has it.
    pub fn bind(&self, session: &str, agent: &str, binding: Binding, status: Status) -> Result<Bound> {
        let Ok(task) = TaskId::parse(&binding.task) else { return Ok(Bound::Malformed) };
        if !is_file_name(session) || !is_file_name(agent) {
            return Ok(Bound::Malformed);
        }
        if binding.role == Role::Executor {
            state::create_dir_all(&self.dir)?;
            // Two agents that find the task free at the same moment look one after the other.
            let _lock = Claims::lock(&self.ctx_dir).acquire()?;
            let claims = self.claims(&binding.plan);
            let claim = claims.read(&task)?;
            let goes_on = claim.as_ref().is_some_and(|c| c.is_of(session, Some(agent)) && !c.interrupted());
            if let Some(claim) = claim.filter(|claim| !claim.is_of(session, Some(agent)))
                && let Some(refused) = self.refusal(&claim, session, agent, status)
            {
                return Ok(refused);
            }
            if !goes_on {
                let owner = Owner {
                    session: Some(session.to_owned()),
                    agent: Some(agent.to_owned()),
                    process: world::client_process(),
                };
                claims.write(&task, &Claim::new(owner))?;
            }
        }
        let path = self.agent(session, agent);
        state::create_dir_all(path.parent().unwrap_or(&self.dir))?;
        state::replace(&path, &to_json(&binding))?;
        Ok(Bound::Yes(binding))
    }

    /// Why an agent does not get a task that somebody else claimed.
    fn refusal(&self, claim: &Claim, session: &str, agent: &str, status: Status) -> Option<Bound> {
        let given_back = !matches!(status, Status::Pending | Status::InProgress);
        // The session itself, or a version that did not know its agents.
        let of_my_session = claim.is_of(session, None);
        match status {
            _ if of_my_session => None,
            // Whoever handed it in, blocked it or gave it up is done with it: not so a newer owner, for an agent
            // that had it before.
            _ if given_back && self.past(session, agent).is_none() => None,
            Status::InProgress if claim.interrupted() => Some(Bound::Interrupted),
            _ if claim.interrupted() => None,
            _ if claim.owner.session.is_none() => Some(Bound::InTerminal),
            _ => Some(Bound::Taken),
        }
    }

    /// Changes the claim of this owner, if it has one on this task; gives the claim as it is then.
    fn change(
        &self,
        binding: &Binding,
        session: &str,
        agent: Option<&str>,
        change: impl FnOnce(&mut Claim),
    ) -> Result<Option<Claim>> {
        let Ok(task) = TaskId::parse(&binding.task) else { return Ok(None) };
        let _lock = Claims::lock(&self.ctx_dir).acquire()?;
        let claims = self.claims(&binding.plan);
        let Some(mut claim) = claims.read(&task)?.filter(|claim| claim.is_of(session, agent)) else {
            return Ok(None);
        };
        change(&mut claim);
        claims.write(&task, &claim)?;
        Ok(Some(claim))
    }

    /// Counts a stop without handing in, of an agent or of the session itself; gives the number of stops.
    pub fn count_stop(&self, binding: &Binding, session: &str, agent: Option<&str>) -> Result<u32> {
        let claim = self.change(binding, session, agent, |claim| claim.stops += 1)?;
        Ok(claim.map_or(0, |claim| claim.stops))
    }

    /// Notes that a session which claimed a task for itself runs in this client now: claimed ahead of its start, or
    /// gone on with after the client ended.
    pub fn run_here(&self, binding: &Binding, session: &str) -> Result<()> {
        let Some(process) = world::client_process() else { return Ok(()) };
        self.change(binding, session, None, |claim| claim.owner.process = Some(process)).map(drop)
    }

    /// Notes that the owner of a task ended, and how: another may have the task.
    pub fn end(&self, binding: &Binding, session: &str, agent: Option<&str>, how: &str) -> Result<()> {
        let end = |claim: &mut Claim| claim.ended = claim.ended.take().or_else(|| Some(how.to_owned()));
        self.change(binding, session, agent, end).map(drop)
    }

    /// Writes down a failed attempt with the agent's last words, for whoever counts attempts.
    pub fn failed_attempt(
        &self,
        binding: &Binding,
        session: &str,
        agent: Option<&str>,
        last: &str,
    ) -> Result<()> {
        let path = self.dir.join("attempts.jsonl");
        state::create_dir_all(&self.dir)?;
        let line = serde_json::json!({
            "time": world::now(), "session": session, "agent": agent,
            "plan": binding.plan, "task": binding.task, "last_message": last,
        });
        state::append_bounded(&path, &line.to_string(), 1 << 20)
    }
}
