//! The hook's answers to agents: who is bound to what, where commands run, when an agent may stop.

use std::fs;

use serde_json::{Value, json};

use super::scene::Scene;
use crate::support::repo::{CTX_HOOK, Repo, run_with, write};

const EXECUTOR: &str = "ctx:parallel-task-executor";

/// A client's session in the main checkout.
struct Client {
    scene: Scene,
    transcript: String,
}

impl Client {
    fn new() -> Self {
        let scene = Scene::new();
        let transcript = scene.repo.home().join("s1.jsonl").to_str().unwrap().to_owned();
        Self { scene, transcript }
    }

    fn repo(&self) -> &Repo {
        &self.scene.repo
    }

    fn send(&self, mut event: Value) -> Value {
        event["session_id"] = json!("s1");
        event["transcript_path"] = json!(self.transcript);
        if event.get("cwd").is_none() {
            event["cwd"] = json!(self.repo().path);
        }
        let answer = self.repo().hook(&event);
        if answer.is_empty() { Value::Null } else { serde_json::from_str(&answer).unwrap() }
    }

    /// The main session starts an agent; the client writes its file.
    fn start_agent(&self, agent: &str, task: &str) -> Value {
        let id = format!("toolu_{agent}");
        let input = json!({ "subagent_type": EXECUTOR, "description": "x", "prompt": format!("Task: {task}\nDo it.") });
        let answer = self.send(json!({ "hook_event_name": "PreToolUse", "tool_name": "Agent", "tool_input": input, "tool_use_id": id }));
        let meta = self.repo().home().join(format!("s1/subagents/agent-{agent}.meta.json"));
        write(&meta, &json!({ "agentType": EXECUTOR, "toolUseId": id }).to_string());
        answer
    }

    fn tool(&self, agent: &str, kind: &str, tool: &str, input: impl Into<Value>) -> Value {
        self.send(json!({
            "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input.into(), "agent_id": agent, "agent_type": kind, "tool_use_id": "t",
        }))
    }

    fn bash(&self, agent: &str, command: &str) -> Value {
        self.tool(agent, EXECUTOR, "Bash", json!({ "command": command, "description": "d" }))["hookSpecificOutput"].clone()
    }

    #[track_caller]
    fn denied(&self, agent: &str, command: &str, reason: &str) {
        let answer = self.bash(agent, command);
        assert_eq!(answer["permissionDecision"], "deny", "{command}: {answer}");
        let why = answer["permissionDecisionReason"].as_str().unwrap();
        assert!(why.contains(reason), "{command}: {why}");
        assert_eq!(answer.get("updatedInput"), None);
    }
}

/// What runs behind the line that clears the environment, which must be there.
#[track_caller]
pub fn cleared(answer: &Value) -> &str {
    let command = answer["updatedInput"]["command"].as_str().unwrap();
    let (first, rest) = command.split_once('\n').unwrap();
    assert!(first.starts_with("unset GIT_") && first.ends_with(" || exit 1"), "{first}");
    rest
}

#[test]
fn an_agent_is_bound_by_its_first_call_and_works_in_its_worktree() {
    let client = Client::new();
    let wt = client.scene.worktree.display().to_string();
    let answer = client.start_agent("a1", "task-0")["hookSpecificOutput"].clone();
    assert_eq!(answer["updatedInput"]["prompt"], format!("Task: task-0\nWorktree: {wt}\nDo it."));
    assert_eq!(answer["updatedInput"]["description"], "task-0 Do task-0");
    assert_eq!(answer["permissionDecision"], "allow");

    // The task is in progress already; a first call takes it all the same: nobody holds it.
    let answer = client.bash("a1", "cargo test | tail -3");
    assert_eq!(answer["permissionDecision"], "allow");
    assert_eq!(cleared(&answer), format!("cd '{wt}' || exit 1\ncargo test | tail -3"));
    assert_eq!(answer["updatedInput"]["description"], "d");

    // A command that goes there itself is only freed from what the environment would change.
    let goes = format!("cd {wt} && ctx commit -m \"feat: x\"");
    let answer = client.bash("a1", &goes);
    assert_eq!(answer["permissionDecision"], "allow");
    assert_eq!(cleared(&answer), goes);

    client.denied("a1", "curl example.com", &format!("cd '{wt}' && "));
    // `cargo test` would run elsewhere if the first part failed; behind `exit 1` it cannot.
    let answer = client.bash("a1", &format!("cd {wt} && ls; cargo test"));
    assert_eq!(cleared(&answer), format!("cd '{wt}' || exit 1\ncd {wt} && ls; cargo test"));
    client.denied("a1", "cd .. && git commit -m x", "run git in your worktree");
    client.denied("a1", "git commit -m x; git push origin main", "not your own branch");
    client.denied("a1", "git stash", "commit the work in progress");
    client.denied("a1", "ctx merge", "your verbs are");
    client.denied("a1", "ctx task submit task-1", "");
    // Not proven, but there: the normal flow decides.
    assert_eq!(client.bash("a1", &format!("cd {wt} && curl example.com")), Value::Null);

    let write = |path: &str| {
        client.tool("a1", EXECUTOR, "Write", json!({ "file_path": path, "content": "" }))["hookSpecificOutput"].clone()
    };
    assert_eq!(write(&format!("{wt}/src/new.rs"))["permissionDecision"], "allow");
    let answer = write(client.repo().path.join("src/new.rs").to_str().unwrap());
    assert_eq!(answer["permissionDecision"], "deny");
    assert!(
        answer["permissionDecisionReason"]
            .as_str()
            .unwrap()
            .contains(&format!("write `{wt}/src/new.rs` instead"))
    );
    let answer = client.tool("a1", EXECUTOR, "mcp__x__write", json!({}));
    assert_eq!(answer["hookSpecificOutput"]["permissionDecision"], "deny");
}

#[test]
fn a_task_has_one_agent_and_an_agent_one_task() {
    let client = Client::new();
    client.start_agent("a1", "task-0");
    assert_eq!(client.bash("a1", "ls")["permissionDecision"], "allow");
    client.start_agent("a2", "task-0");
    client.denied("a2", "cargo test", "start your task first");
    client.denied("a2", "ctx task start task-0", "taken");
    client.denied("a1", "ctx task start task-1", "one agent does one task");
    // Without the client's file, exactly the start binds.
    client.denied("a3", "touch x", "start your task first");
    assert_eq!(client.bash("a3", "cat README.md")["permissionDecision"], "allow");
    client.denied("a3", "ctx task start task-1; ls", "start your task first");
    client.denied("a3", "ctx task start task-9", "no worktree");
    assert_eq!(client.bash("a3", "ctx task start task-1")["permissionDecision"], "allow");
    client.scene.ctx(&["task", "start", "task-1"]).ok();
    let answer = client.bash("a3", "touch x.txt");
    assert!(
        answer["updatedInput"]["command"].as_str().unwrap().contains("worktrees/task-1' || exit 1\n"),
        "{answer}"
    );
}

#[test]
fn a_task_that_is_retried_is_another_agent_s() {
    let client = Client::new();
    client.start_agent("a1", "task-0");
    assert_eq!(client.bash("a1", "ls")["permissionDecision"], "allow");
    client.repo().ctx(&["task", "retry", "task-0"]).ok();
    client.start_agent("a2", "task-0");
    client.denied("a2", "touch x", "`ctx task start task-0` first");
    assert_eq!(client.bash("a2", "ctx task start task-0")["permissionDecision"], "allow");
    client.scene.ctx(&["task", "start", "task-0"]).ok();
    assert_eq!(client.bash("a2", "touch x")["permissionDecision"], "allow");
    client.denied("a1", "touch x", "start your task first");
    // Pending or not: whoever came first has it.
    client.start_agent("a3", "task-0");
    client.denied("a3", "ctx task start task-0", "taken");
}

#[test]
fn an_agent_whose_client_is_gone_holds_nothing() {
    let client = Client::new();
    client.start_agent("a1", "task-0");
    assert_eq!(client.bash("a1", "ls")["permissionDecision"], "allow");
    let plan = client.repo().path.join(".parallel/plans/active").canonicalize().unwrap();
    let claims = client.repo().path.join(".git/ctx/claims").join(plan.file_name().unwrap());
    let claim = claims.join("task-0.json");
    let mut gone: Value = serde_json::from_slice(&fs::read(&claim).unwrap()).unwrap();
    assert_eq!(gone["owner"]["agent"], "a1");
    gone["owner"]["process"] = json!({ "pid": 1, "started": 1 });
    fs::write(&claim, gone.to_string()).unwrap();
    client.denied("a1", "touch x", "start your task first");
    client.denied("a2", "ctx task start task-0", "`ctx task retry task-0`");
    client.repo().ctx(&["task", "retry", "task-0"]).ok();
    client.start_agent("a3", "task-0");
    assert_eq!(client.bash("a3", "ctx task start task-0")["permissionDecision"], "allow");
}

#[test]
fn ids_are_no_paths() {
    let client = Client::new();
    for agent in ["../../x", "a/b", "", "a.b"] {
        let answer = client.bash(agent, "ctx task start task-0");
        assert_eq!(answer["permissionDecision"], "deny", "{agent}");
    }
    let input = json!({ "subagent_type": EXECUTOR, "prompt": "Task: task-0" });
    client.send(json!({ "hook_event_name": "PreToolUse", "tool_name": "Agent", "tool_input": input, "tool_use_id": "../../../x" }));
    assert!(!client.repo().root().join("x.json").exists());
}

#[test]
fn an_agent_stops_with_its_task_handed_in_or_is_sent_back_once() {
    let client = Client::new();
    client.start_agent("a1", "task-0");
    client.bash("a1", "ls");
    let stop = |agent: &str| {
        client.send(json!({
            "hook_event_name": "SubagentStop", "agent_id": agent, "agent_type": EXECUTOR, "last_assistant_message": "I give up, token=abc",
        }))
    };
    let answer = stop("a1");
    assert_eq!(answer["decision"], "block");
    assert!(answer["reason"].as_str().unwrap().contains("`ctx task submit task-0`"), "{answer}");
    assert_eq!(stop("a1"), Value::Null);
    let attempts = client.repo().read(".git/ctx/agents/attempts.jsonl");
    assert!(
        attempts.contains("task-0") && attempts.contains("[redacted]") && !attempts.contains("abc"),
        "{attempts}"
    );
    // Given back, another agent may have it.
    client.start_agent("a2", "task-0");
    assert_eq!(client.bash("a2", "ls")["permissionDecision"], "allow");
    client.scene.ctx(&["task", "block", "task-0", "--reason", "x"]).ok();
    assert_eq!(stop("a2"), Value::Null);
    assert_eq!(stop("other"), Value::Null);
}

#[test]
fn a_session_in_a_worktree_is_bound_to_it() {
    let client = Client::new();
    let call = |command: &str| {
        client.send(json!({
            "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": { "command": command }, "cwd": client.scene.worktree,
        }))["hookSpecificOutput"]
            .clone()
    };
    assert_eq!(call("cargo test")["permissionDecision"], "allow");
    assert_eq!(cleared(&call("cargo test")), "cargo test");
    assert_eq!(call("git push --force origin HEAD")["permissionDecision"], "deny");
    assert_eq!(call("curl example.com"), Value::Null);
    client.scene.ctx(&["task", "block", "task-0", "--reason", "x"]).ok();
    assert_eq!(call("git push --force origin HEAD"), Value::Null);
    assert_eq!(call("touch x"), Value::Null);
}

#[test]
fn a_main_session_is_left_to_the_normal_flow() {
    let client = Client::new();
    let call = |tool: &str, input: Value| {
        client.send(json!({ "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input }))
    };
    assert_eq!(call("Bash", json!({ "command": "git push --force" })), Value::Null);
    assert_eq!(call("Write", json!({ "file_path": "x" })), Value::Null);
    assert_eq!(call("Agent", json!({ "subagent_type": "Explore", "prompt": "Task: task-0" })), Value::Null);
    assert_eq!(
        call("Bash", json!({ "command": "ctx merge" }))["hookSpecificOutput"]["permissionDecision"],
        "allow"
    );
    let other = client.tool("a9", "general-purpose", "Bash", json!({ "command": "ctx merge" }));
    assert_eq!(other["hookSpecificOutput"]["permissionDecision"], "deny");
    assert_eq!(client.tool("a9", "general-purpose", "Bash", json!({ "command": "touch x" })), Value::Null);
}

#[test]
fn an_executor_is_told_what_there_is() {
    let client = Client::new();
    let answer =
        client.send(json!({ "hook_event_name": "SubagentStart", "agent_id": "a1", "agent_type": EXECUTOR }));
    let context = answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap();
    assert!(
        context.contains(&format!("- task-0 (in_progress): {}", client.scene.worktree.display())),
        "{context}"
    );
    assert_eq!(
        client.send(json!({ "hook_event_name": "SubagentStart", "agent_id": "a1", "agent_type": "Explore" })),
        Value::Null
    );
}

#[test]
fn whatever_is_broken_there_is_no_opinion_and_one_line() {
    let client = Client::new();
    client.start_agent("a1", "task-0");
    client.bash("a1", "ls");
    let lines = || client.repo().read(".git/ctx/approvals.jsonl").lines().count();

    client.repo().write(".claude/settings.json", "{");
    let before = lines();
    assert_eq!(client.bash("a1", &format!("cd {} && ls", client.scene.worktree.display())), Value::Null);
    assert_eq!(lines(), before + 1);
    let log = client.repo().ctx(&["approve", "log"]).ok();
    assert!(log.contains("cannot be read"), "{log}");
    let started = client.send(json!({ "hook_event_name": "SessionStart", "source": "startup" }));
    let told = started["systemMessage"].as_str().unwrap();
    assert!(
        told.contains("settings.json` cannot be read") && told.contains("no tool call is approved"),
        "{told}"
    );
    fs::remove_file(client.repo().path.join(".claude/settings.json")).unwrap();

    fs::write(client.repo().path.join(".git/ctx/journal.jsonl"), [0xff, 0xfe, b'{']).unwrap();
    assert_eq!(client.bash("a1", "ls")["permissionDecision"], "allow");

    fs::remove_dir_all(&client.scene.worktree).unwrap();
    assert_eq!(client.bash("a1", "ls"), Value::Null);
    let log = client.repo().ctx(&["approve", "log"]).ok();
    assert!(log.contains("is gone"), "{log}");

    for broken in
        ["{\"cwd\": 7", "{\"hook_event_name\": \"PreToolUse\", \"tool_name\": \"Bash\", \"agent_id\": []}"]
    {
        let ran = run_with(&mut client.repo().command(CTX_HOOK, &client.repo().path), broken);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    }
}

#[test]
fn the_log_holds_no_secrets_and_stays_small() {
    let client = Client::new();
    client.start_agent("a1", "task-0");
    for command in [
        "curl -H 'Authorization: Bearer hunter2hunter2' x",
        "curl --token hunter2 x",
        "API_KEY=hunter2 ls",
        "git clone https://bea:hunter2@example.com/x",
        "echo ghp_hunter2hunter2hunter2",
    ] {
        client.bash("a1", command);
    }
    let file = client.repo().path.join(".git/ctx/approvals.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    fs::write(&file, "x".repeat(2 << 20)).unwrap();
    client.bash("a1", "ls");
    assert!(fs::metadata(&file).unwrap().len() < 10_000);
}

const QA: &str = "ctx:qa-agent";

#[test]
fn nothing_changes_before_the_start_and_after_the_end_of_a_task() {
    let client = Client::new();
    let allowed = |command: &str| {
        let answer = client.bash("a1", command);
        assert_eq!(answer["permissionDecision"], "allow", "{command}: {answer}");
    };
    let refused = |why: &str| {
        let changing = [
            "touch x",
            "rm -rf target",
            "mkdir y",
            "git add -A",
            "git commit -m x",
            "git push -u origin feature/task-0",
            "ctx commit -m 'fix: x'",
            "git restore --staged .",
        ];
        for command in changing {
            client.denied("a1", command, why);
        }
        let path = client.scene.worktree.join("src/new.rs");
        let answer = client.tool("a1", EXECUTOR, "Write", json!({ "file_path": path, "content": "" }));
        assert_eq!(answer["hookSpecificOutput"]["permissionDecision"], "deny");
        for reading in ["ls", "git status", "cat src/lib.rs", "ctx status"] {
            allowed(reading);
        }
    };
    client.start_agent("a1", "task-0");
    allowed("touch x");
    // One command cannot hand in and go on.
    client.denied("a1", "ctx task submit task-0 && touch x", "nothing changes behind");
    client.denied("a1", "ctx task block task-0 --reason x; git commit -am x", "nothing changes behind");
    allowed("ctx commit -m 'fix: x' && ctx task submit task-0");
    client.scene.ctx(&["task", "block", "task-0", "--reason", "x"]).ok();
    refused("`ctx task start task-0` first");
    assert_ne!(client.bash("a1", "cargo test")["permissionDecision"], "allow");
    allowed("ctx task start task-0");
    client.scene.ctx(&["task", "start", "task-0"]).ok();
    allowed("touch x");
    write(&client.scene.worktree.join("src/done.rs"), "x");
    client.repo().ctx_in(&client.scene.worktree, &["commit", "-m", "feat: x"]).ok();
    client.scene.ctx(&["task", "submit", "task-0"]).ok();
    refused("handed in");
    allowed("ctx task show task-0");
}

#[test]
fn an_agent_that_gave_its_task_back_takes_it_from_nobody() {
    let client = Client::new();
    client.start_agent("a1", "task-0");
    assert_eq!(client.bash("a1", "touch x")["permissionDecision"], "allow");
    client.scene.ctx(&["task", "block", "task-0", "--reason", "x"]).ok();
    client.start_agent("a2", "task-0");
    assert_eq!(client.bash("a2", "ctx task start task-0")["permissionDecision"], "allow");
    client.denied("a1", "ctx task start task-0", "taken");
    client.denied("a1", "ctx commit -m 'fix: x'", "start your task first");
    assert_eq!(client.bash("a1", "cat README.md")["permissionDecision"], "allow");
    client.scene.ctx(&["task", "start", "task-0"]).ok();
    let answer = client.bash("a2", "touch x");
    assert!(answer["updatedInput"]["command"].as_str().unwrap().contains("task-0"), "{answer}");
    client.denied("a1", "touch x", "start your task first");
}

#[test]
fn an_agent_whose_question_is_answered_goes_on_by_starting_again() {
    let client = Client::new();
    client.start_agent("a1", "task-0");
    client.bash("a1", "ls");
    client.scene.ctx(&["task", "block", "task-0", "--reason", "x"]).ok();
    client.send(json!({ "hook_event_name": "SubagentStop", "agent_id": "a1", "agent_type": EXECUTOR }));
    client.denied("a1", "touch x", "start your task first");
    client.denied("a1", "ctx task start task-1", "your task is `task-0`");
    assert_eq!(client.bash("a1", "ctx task start task-0")["permissionDecision"], "allow");
    client.scene.ctx(&["task", "start", "task-0"]).ok();
    assert_eq!(client.bash("a1", "touch x")["permissionDecision"], "allow");
}

#[test]
fn an_agent_starts_no_other_task_than_its_prompt_names() {
    let client = Client::new();
    client.start_agent("a1", "task-0");
    // One of the same prompt, from a call that was made before the first agent was bound.
    let call = client.repo().path.join(".git/ctx/agents/calls/toolu_a1.json");
    let other = client.repo().path.join(".git/ctx/agents/calls/toolu_a2.json");
    fs::copy(&call, other).unwrap();
    assert_eq!(client.bash("a1", "ls")["permissionDecision"], "allow");
    client.start_agent("a2", "task-0");
    client.denied("a2", "ctx task start task-1", "your task is `task-0`");
    client.denied("a2", "ctx task start task-0", "taken");
}

#[test]
fn a_qa_agent_runs_tests_and_changes_nothing() {
    let client = Client::new();
    client.start_agent("q1", "task-0");
    write(&client.scene.worktree.join("node_modules/.bin/prettier"), "");
    let bash = |command: &str| {
        client.tool("q1", QA, "Bash", json!({ "command": command }))["hookSpecificOutput"].clone()
    };
    for command in [
        "prettier --write src",
        "npx prettier -w .",
        "cargo fmt",
        "cargo clippy --fix --allow-dirty",
        "gofmt -w .",
        "eslint --fix src",
        "jest -u",
        "vitest -u",
        "cargo insta accept",
        "ruff check --fix src",
        "ruff format .",
        "black .",
        "git add -A",
        "git add src/lib.rs",
        "git reset",
        "git reset -- src/lib.rs",
        "git restore --staged .",
        "npm run lint -- --fix",
        "npm run format",
        "make fmt",
    ] {
        let answer = bash(command);
        assert_eq!(answer["permissionDecision"], "deny", "{command}: {answer}");
        assert!(
            answer["permissionDecisionReason"].as_str().unwrap().contains("changes nothing"),
            "{command}: {answer}"
        );
    }
    for command in [
        "cargo test",
        "cargo fmt --check",
        "prettier --check .",
        "ruff check src",
        "eslint src",
        "jest",
        "gofmt -l .",
    ] {
        assert_eq!(bash(command)["permissionDecision"], "allow", "{command}");
    }
}

#[test]
fn rules_of_the_worktree_object_too() {
    let client = Client::new();
    client.start_agent("a1", "task-0");
    let wt = client.scene.worktree.display().to_string();
    let rules = |text: &str| drop(write(&client.scene.worktree.join(".claude/settings.local.json"), text));
    rules(
        r#"{"permissions": {"deny": ["Bash(cargo build:*)"], "ask": ["Glob", "LS(src/**)", "NotebookRead"], "allow": ["Bash(curl:*)"]}}"#,
    );
    assert_eq!(client.bash("a1", &format!("cd {wt} && cargo build")), Value::Null);
    assert_eq!(client.bash("a1", "cargo test")["permissionDecision"], "allow");
    assert_eq!(client.bash("a1", &format!("cd {wt} && curl example.com")), Value::Null);
    let file = |tool: &str, key: &str, path: &str| {
        let answer =
            client.tool("a1", EXECUTOR, tool, json!({ key: format!("{wt}/{path}"), "pattern": "x" }));
        answer["hookSpecificOutput"]["permissionDecision"].as_str().unwrap_or("none").to_owned()
    };
    assert_eq!(file("Glob", "path", "src"), "none");
    assert_eq!(file("LS", "path", "src"), "none");
    assert_eq!(file("NotebookRead", "notebook_path", "a.ipynb"), "none");
    assert_eq!(file("LS", "path", "tests"), "allow");
    assert_eq!(file("Grep", "path", "src"), "allow");
    rules(r#"{"permissions": {"deny": ["Grep"]}}"#);
    assert_eq!(file("Grep", "path", "src"), "none");
    assert_eq!(file("Glob", "path", "src"), "allow");
}
