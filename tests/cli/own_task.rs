//! A session that is opened in a task's worktree: told its task, bound by its start, sent back if it ends too early.

use serde_json::{Value, json};

use crate::support::repo::{Repo, three_tasks, write};
use crate::support::session::{EXECUTOR, Session, decision};

fn ready() -> Repo {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo
}

/// What a session is told that starts in the worktree of `task-0`.
fn told(repo: &Repo, session: &Session<'_>) -> String {
    let answer = session.send(
        json!({ "hook_event_name": "SessionStart", "source": "startup", "cwd": repo.worktree("task-0") }),
    );
    let line = answer["systemMessage"].as_str().unwrap().to_owned();
    assert_eq!(answer["hookSpecificOutput"]["additionalContext"], line);
    line.split("; plan `").next().unwrap().replace(repo.worktree("task-0").to_str().unwrap(), "WT")
}

/// A call of the session itself in the worktree of `task-0`; `kind` as `claude --agent` sends it.
fn call(session: &Session<'_>, kind: Option<&str>, tool: &str, input: Value) -> Value {
    let mut more = json!({ "cwd": session.repo.worktree("task-0") });
    if let Some(kind) = kind {
        more["agent_type"] = json!(kind);
    }
    session.tool(tool, input, &more)
}

fn bash(session: &Session<'_>, kind: Option<&str>, command: &str) -> String {
    decision(&call(session, kind, "Bash", json!({ "command": command }))).0.to_owned()
}

#[test]
fn it_is_told_its_task_and_what_to_run() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    let hand_in = "at the end `ctx commit -m \"type: description\"` and `ctx task submit task-0`, or `ctx task block task-0 --reason TEXT`";
    assert_eq!(
        told(&repo, &session),
        format!(
            "ctx: this is the worktree of `task-0` (Do task-0), WT: pending; `ctx task show`, `ctx task start task-0` before anything is changed; {hand_in}"
        )
    );
    // As a person does, or a program that starts the session.
    session.ctx(&["task", "start", "task-0"]).ok();
    assert_eq!(
        told(&repo, &session),
        format!(
            "ctx: this is the worktree of `task-0` (Do task-0), WT: in progress in this session; `ctx task show`, then work on it; {hand_in}"
        )
    );
    let other = Session::new(&repo, "s2");
    assert!(told(&repo, &other).ends_with("in progress in session s1; change nothing here"));
    repo.ctx(&["task", "retry", "task-0"]).ok();
    repo.ctx(&["task", "start", "task-0"]).ok();
    assert!(
        told(&repo, &other)
            .contains("claimed in a terminal; `ctx task retry task-0`, then `ctx task start task-0`")
    );
    repo.ctx(&["task", "done", "task-0"]).ok();
    assert!(told(&repo, &other).ends_with("completed; nothing is to be done here"));
}

#[test]
fn it_is_bound_from_its_first_start_to_its_hand_in() {
    for kind in [None, Some(EXECUTOR)] {
        let repo = ready();
        let session = Session::new(&repo, "s1");
        assert_eq!(bash(&session, kind, "touch x"), "none", "a pending task is nobody's");
        assert_eq!(bash(&session, kind, "ctx task show"), "allow");
        assert_eq!(bash(&session, kind, "ctx task start task-1"), "none");
        assert_eq!(bash(&session, kind, "ctx task start task-0"), "allow");
        session.ctx(&["task", "start", "task-0"]).ok();
        for (command, expected) in [
            ("touch x", "allow"),
            ("ctx commit -m 'feat: x'", "allow"),
            ("ctx task start task-1", "deny"),
            ("ctx merge", "deny"),
            ("cd ../.. && git commit -m x", "deny"),
            ("curl example.com", "none"),
            ("ctx task submit task-0", "allow"),
        ] {
            assert_eq!(bash(&session, kind, command), expected, "{kind:?} {command}");
        }
        write(&repo.worktree("task-0").join("x"), "x");
        repo.ctx_in(&repo.worktree("task-0"), &["commit", "-m", "feat: x"]).ok();
        session.ctx(&["task", "submit", "task-0"]).ok();
        assert_eq!(bash(&session, kind, "touch y"), "none");
        assert_eq!(bash(&session, kind, "git push --force"), "none");
    }
}

#[test]
fn a_session_that_runs_as_an_agent_is_no_agent_without_a_task() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    let here = |command: &str, kind: &str| {
        decision(&session.tool("Bash", json!({ "command": command }), &json!({ "agent_type": kind })))
            .0
            .to_owned()
    };
    // In the main checkout: the normal flow.
    assert_eq!(here("touch x", EXECUTOR), "none");
    assert_eq!(here("ctx status", EXECUTOR), "allow");
    assert_eq!(here("ctx merge", EXECUTOR), "none");
    assert_eq!(here("ctx merge", "my-agent"), "allow");
    // What another session works on is not this one's.
    Session::new(&repo, "s2").ctx(&["task", "start", "task-0"]).ok();
    assert_eq!(bash(&session, Some(EXECUTOR), "touch x"), "none");
}

fn stop(session: &Session<'_>, entrypoint: &str) -> Value {
    let cwd = session.repo.worktree("task-0");
    let event = json!({ "hook_event_name": "Stop", "cwd": cwd, "stop_hook_active": false, "last_assistant_message": "Done." });
    session.send_with(event, &[("CLAUDE_CODE_ENTRYPOINT", entrypoint)])
}

#[test]
fn without_a_person_it_is_sent_back_once_per_attempt() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    assert_eq!(stop(&session, "sdk-cli"), Value::Null, "it has no task");
    session.ctx(&["task", "start", "task-0"]).ok();
    let answer = stop(&session, "sdk-cli");
    assert_eq!(answer["decision"], "block");
    assert!(answer["reason"].as_str().unwrap().contains("`ctx task submit task-0`"), "{answer}");
    assert_eq!(stop(&session, "sdk-cli"), Value::Null);
    assert_eq!(repo.json(&["status"])["tasks"][0]["interrupted"], true);
    let attempts = repo.read(".git/ctx/agents/attempts.jsonl");
    assert_eq!(attempts.lines().count(), 1, "{attempts}");
    repo.ctx(&["task", "retry", "task-0"]).ok();
    session.ctx(&["task", "start", "task-0"]).ok();
    assert_eq!(stop(&session, "sdk-cli")["decision"], "block", "a new attempt");
    session.ctx(&["task", "block", "task-0", "--reason", "x"]).ok();
    assert_eq!(stop(&session, "sdk-cli"), Value::Null);
}

#[test]
fn a_person_is_told_once_and_never_held() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    session.ctx(&["task", "start", "task-0"]).ok();
    let answer = stop(&session, "cli");
    assert_eq!(
        answer,
        json!({ "systemMessage": "ctx: `task-0` is in progress in this session; when it is finished: `ctx commit`, then `ctx task submit task-0`" })
    );
    for _ in 0..3 {
        assert_eq!(stop(&session, "cli"), Value::Null);
    }
    assert_eq!(repo.json(&["status"])["tasks"][0]["interrupted"], false);
    // Nobody else's task, nor one of an agent, holds a session.
    let other = Session::new(&repo, "s2");
    assert_eq!(stop(&other, "sdk-cli"), Value::Null);
}
