//! Which subagent works on which task: `<git common dir>/ctx/agents/`.
//!
//! `calls/<tool_use_id>.json` says which task a call of the `Agent` tool was about; the client's own
//! `agent-<id>.meta.json` names that call, and so the agent's first tool call binds it. A task has one executor
//! at a time: `tasks/<plan>/<task>.json` says which, and is written under a lock.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Result;
use crate::state::{self, LockFile};
use crate::world::{self, Process};

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
    /// How often it stopped without handing in.
    #[serde(default)]
    pub stops: u32,
}

/// Who has a task.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    session: String,
    agent: String,
    /// The client that the agent runs in; none where the system does not tell.
    process: Option<Process>,
}

impl Holder {
    fn is(&self, session: &str, agent: &str) -> bool {
        self.session == session && self.agent == agent
    }

    /// Is the client known to be gone, and its agents with it?
    fn is_gone(&self) -> bool {
        self.process.as_ref().and_then(world::is_alive) == Some(false)
    }
}

/// The result of an attempt to bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// It is bound now.
    Yes(Binding),
    /// Another agent has the task.
    Taken,
}

/// All bindings of a repository.
#[derive(Clone, Debug)]
pub struct Bindings {
    dir: PathBuf,
}

/// Ids come from the client and become names of files.
fn is_name(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=128).contains(&id.len()) && id.bytes().all(plain)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn json(value: &impl Serialize) -> Vec<u8> {
    // Structs of texts and numbers always become JSON.
    serde_json::to_vec(value).unwrap_or_default()
}

impl Bindings {
    /// Those below `<git common dir>/ctx`.
    pub fn of(ctx_dir: &Path) -> Self {
        Self { dir: ctx_dir.join("agents") }
    }

    fn call(&self, id: &str) -> PathBuf {
        self.dir.join("calls").join(format!("{id}.json"))
    }

    fn agent(&self, session: &str, agent: &str) -> PathBuf {
        self.dir.join("sessions").join(session).join(format!("{agent}.json"))
    }

    fn holder(&self, plan: &str, task: &str) -> PathBuf {
        self.dir.join("tasks").join(plan).join(format!("{task}.json"))
    }

    /// Remembers which task a call of the `Agent` tool is about.
    pub fn announce(&self, tool_use_id: &str, binding: &Binding) -> Result<()> {
        if !is_name(tool_use_id) {
            return Ok(());
        }
        let path = self.call(tool_use_id);
        state::create_dir_all(path.parent().unwrap_or(&self.dir))?;
        state::replace(&path, &json(binding))
    }

    /// The task of the call that started this agent, as the client's own file names it.
    pub fn announced(&self, transcript: &Path, agent: &str) -> Option<Binding> {
        let name = format!("agent-{agent}.meta.json");
        let own = transcript.file_name().is_some_and(|name| name.to_string_lossy().starts_with("agent-"));
        let folder = match own {
            true => transcript.parent()?.to_owned(),
            false => transcript.with_extension("").join("subagents"),
        };
        let meta: Value = read(&folder.join(name).clone()).filter(|_| is_name(agent))?;
        let id = meta.get("toolUseId")?.as_str().filter(|id| is_name(id))?;
        read(&self.call(id))
    }

    /// The task of an agent; none once the task went to another executor.
    pub fn read(&self, session: &str, agent: &str) -> Option<Binding> {
        let binding = self.past(session, agent)?;
        let holder = || read::<Holder>(&self.holder(&binding.plan, &binding.task));
        let holds = binding.role == Role::Qa || holder().is_some_and(|holder| holder.is(session, agent));
        holds.then_some(binding)
    }

    /// The task that an agent has or had, whoever has it now.
    pub fn past(&self, session: &str, agent: &str) -> Option<Binding> {
        let known = is_name(session) && is_name(agent);
        known.then(|| read(&self.agent(session, agent))).flatten()
    }

    /// Binds an agent. An executor takes the task for itself, unless another one has it; `given_back` says that
    /// the task was handed in, blocked or given up, so that an older holder is done with it: not a newer one, for
    /// an agent that had it before. A holder whose client is gone has nothing.
    pub fn bind(&self, session: &str, agent: &str, binding: Binding, given_back: bool) -> Result<Bound> {
        if !is_name(session) || !is_name(agent) {
            return Ok(Bound::Taken);
        }
        if binding.role == Role::Executor {
            state::create_dir_all(&self.dir)?;
            // Two agents that find the task free at the same moment look one after the other.
            let _lock = LockFile::new(&self.dir.join("lock")).acquire()?;
            let path = self.holder(&binding.plan, &binding.task);
            let me = Holder {
                session: session.to_owned(),
                agent: agent.to_owned(),
                process: world::client_process(),
            };
            let is_mine = |holder: &Holder| holder.is(session, agent);
            let other = read::<Holder>(&path).filter(|holder| !is_mine(holder) && !holder.is_gone());
            let again = self.past(session, agent).is_some();
            if other.is_some() && (again || !given_back) {
                return Ok(Bound::Taken);
            }
            state::create_dir_all(path.parent().unwrap_or(&self.dir))?;
            state::replace(&path, &json(&me))?;
        }
        self.write(session, agent, &binding)?;
        Ok(Bound::Yes(binding))
    }

    fn write(&self, session: &str, agent: &str, binding: &Binding) -> Result<()> {
        let path = self.agent(session, agent);
        state::create_dir_all(path.parent().unwrap_or(&self.dir))?;
        state::replace(&path, &json(binding))
    }

    /// Counts a stop without handing in; gives the number of stops.
    pub fn count_stop(&self, session: &str, agent: &str, mut binding: Binding) -> Result<u32> {
        binding.stops += 1;
        self.write(session, agent, &binding)?;
        Ok(binding.stops)
    }

    /// Takes the task from whoever has it: another agent may have it.
    pub fn release(&self, plan: &str, task: &str) -> Result<()> {
        state::remove_file(&self.holder(plan, task))
    }

    /// Writes down a failed attempt with the agent's last words, for whoever counts attempts.
    pub fn failed_attempt(&self, session: &str, agent: &str, binding: &Binding, last: &str) -> Result<()> {
        let path = self.dir.join("attempts.jsonl");
        let line = serde_json::json!({
            "time": crate::world::now(), "session": session, "agent": agent,
            "plan": binding.plan, "task": binding.task, "last_message": last,
        });
        state::append_bounded(&path, &line.to_string(), 1 << 20)
    }
}
