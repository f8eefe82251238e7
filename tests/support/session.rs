//! A client's session as the hooks see it, without the client: events go in, answers come out.

use serde_json::{Value, json};

use super::repo::{CTX, CTX_HOOK, Ran, Repo, run, run_with, write};

pub const EXECUTOR: &str = "ctx:parallel-task-executor";
pub const QA: &str = "ctx:qa-agent";

/// One session of a repository.
pub struct Session<'a> {
    pub repo: &'a Repo,
    pub id: &'static str,
}

impl<'a> Session<'a> {
    pub fn new(repo: &'a Repo, id: &'static str) -> Self {
        Self { repo, id }
    }

    /// The answer to an event; null for silence.
    #[track_caller]
    pub fn send(&self, event: Value) -> Value {
        self.send_with(event, &[])
    }

    /// The same, with these variables in the hook's environment.
    #[track_caller]
    pub fn send_with(&self, mut event: Value, env: &[(&str, &str)]) -> Value {
        event["session_id"] = json!(self.id);
        event["transcript_path"] = json!(self.repo.home().join(format!("{}.jsonl", self.id)));
        if event.get("cwd").is_none() {
            event["cwd"] = json!(self.repo.path);
        }
        let mut command = self.repo.command(CTX_HOOK, &self.repo.path);
        command.env("CLAUDE_CODE_SESSION_ID", self.id).envs(env.iter().copied());
        let ran = run_with(&mut command, &event.to_string());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{event}");
        if ran.stdout.is_empty() { Value::Null } else { serde_json::from_str(&ran.stdout).unwrap() }
    }

    /// The answer to a tool call.
    #[track_caller]
    pub fn tool(&self, tool: &str, input: impl Into<Value>, more: &Value) -> Value {
        let mut event = json!({ "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input.into(), "tool_use_id": "toolu_1" });
        for (key, value) in more.as_object().into_iter().flatten() {
            event[key] = value.clone();
        }
        self.send(event)["hookSpecificOutput"].clone()
    }

    /// The answer to a shell command of the session itself.
    #[track_caller]
    pub fn bash(&self, command: &str) -> Value {
        self.tool("Bash", json!({ "command": command }), &json!({}))
    }

    /// The answer to a shell command of an executor.
    #[track_caller]
    pub fn agent_bash(&self, agent: &str, command: &str) -> Value {
        self.tool(
            "Bash",
            json!({ "command": command }),
            &json!({ "agent_id": agent, "agent_type": EXECUTOR, "tool_use_id": format!("toolu_{agent}_b") }),
        )
    }

    /// The main session starts an agent; if the hook lets it, the client writes the agent's file.
    #[track_caller]
    pub fn start(&self, agent: &str, input: Value) -> Value {
        let id = format!("toolu_{agent}");
        let kind = input["subagent_type"].clone();
        let answer = self.tool("Agent", input, &json!({ "tool_use_id": id }));
        if answer["permissionDecision"] != "deny" {
            let meta = self.repo.home().join(format!("{}/subagents/agent-{agent}.meta.json", self.id));
            write(&meta, &json!({ "agentType": kind, "toolUseId": id }).to_string());
        }
        answer
    }

    /// An executor that has started a task.
    #[track_caller]
    pub fn executor(&self, agent: &str, task: &str) {
        let answer = self.start(agent, executor(task));
        assert_eq!(answer["permissionDecision"], "allow", "{answer}");
        let answer = self.agent_bash(agent, &format!("ctx task start {task}"));
        assert_eq!(answer["permissionDecision"], "allow", "{answer}");
        self.ctx(&["task", "start", task]).ok();
    }

    /// `ctx` in the main checkout, as a Bash call of the session runs it.
    pub fn ctx(&self, args: &[&str]) -> Ran {
        let mut command = self.repo.command(CTX, &self.repo.path);
        run(command.args(args).env("CLAUDE_CODE_SESSION_ID", self.id))
    }
}

/// An `Agent` call for a task, as `/ctx:execute` makes it.
pub fn executor(task: &str) -> Value {
    json!({ "description": "x", "prompt": format!("Task: {task}\nDo it."), "subagent_type": EXECUTOR })
}

/// `allow`, `deny` or `none`, and why.
pub fn decision(answer: &Value) -> (&str, &str) {
    let text = |key: &str| answer[key].as_str().unwrap_or("none");
    (text("permissionDecision"), text("permissionDecisionReason"))
}
