//! What an agent's end leaves behind: who is held, whose task is interrupted, who may have it next.

use std::fs;

use serde_json::{Value, json};

use crate::support::repo::{Repo, three_tasks};
use crate::support::session::{EXECUTOR, Session, decision, executor};

fn ready() -> Repo {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo
}

fn stop(session: &Session<'_>, agent: &str) -> Value {
    session.send(json!({
        "hook_event_name": "SubagentStop", "agent_id": agent, "agent_type": EXECUTOR, "last_assistant_message": "The end.",
    }))
}

fn notice(agent: &str, status: &str) -> Value {
    let prompt = format!(
        "<task-notification>\n<task-id>{agent}</task-id>\n<tool-use-id>toolu_1</tool-use-id>\n<status>{status}</status>\n\
         <summary>Agent \"x\" ended</summary>\n<result>Bye.</result>\n</task-notification>"
    );
    json!({ "hook_event_name": "UserPromptSubmit", "prompt": prompt })
}

/// `task-0` in `ctx status --json`: its status, and whether it is interrupted.
fn state(repo: &Repo) -> (String, bool) {
    let task = &repo.json(&["status"])["tasks"][0];
    (task["status"].as_str().unwrap().to_owned(), task["interrupted"] == true)
}

/// A task whose agent has begun, after `end`: is it interrupted, and can another agent have it after a retry?
#[track_caller]
fn check(end: impl FnOnce(&Session<'_>), interrupted: bool) {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    session.executor("a1", "task-0");
    assert_eq!(state(&repo), ("in_progress".to_owned(), false));
    end(&session);
    assert_eq!(state(&repo), ("in_progress".to_owned(), interrupted));
    let next = repo.ctx(&["status"]).ok();
    assert_eq!(next.contains("ctx task retry task-0"), interrupted, "{next}");
    assert!(!interrupted || !next.contains("wait for"), "{next}");
    if interrupted {
        // Another session frees it, too.
        let other = Session::new(&repo, "s2");
        let refused = other.ctx(&["task", "start", "task-0"]).fails(1);
        assert!(refused.contains("was interrupted in session s1, whose agent ended"), "{refused}");
        assert_eq!(decision(&session.agent_bash("a1", "touch x")).0, "deny");
        other.ctx(&["task", "retry", "task-0"]).ok();
        session.executor("a2", "task-0");
        let answer = session.agent_bash("a1", "ctx task start task-0");
        assert!(decision(&answer).1.contains("taken"), "{answer}");
    }
}

#[test]
fn an_ended_agent_does_not_count_as_running() {
    check(
        |session| {
            assert_eq!(stop(session, "a1")["decision"], "block");
            assert_eq!(stop(session, "a1"), Value::Null);
        },
        true,
    );
    let event = |event: Value| move |session: &Session<'_>| assert_eq!(session.send(event), Value::Null);
    let failure = |agent: Value| json!({ "hook_event_name": "StopFailure", "agent_id": agent, "agent_type": EXECUTOR, "error": "rate_limit" });
    check(event(failure(json!("a1"))), true);
    check(event(failure(json!("a2"))), false);
    check(event(failure(Value::Null)), false);
    for status in ["completed", "failed", "killed", "stopped"] {
        check(event(notice("a1", status)), true);
    }
    check(event(notice("a1", "running")), false);
    check(event(notice("a2", "killed")), false);
    let two = format!(
        "{}\n{}",
        notice("a9", "killed")["prompt"].as_str().unwrap(),
        notice("a1", "killed")["prompt"].as_str().unwrap()
    );
    check(event(json!({ "hook_event_name": "UserPromptSubmit", "prompt": two })), true);
    // What an agent says, or a person, ends nobody.
    let inner = notice("a1", "killed")["prompt"].as_str().unwrap().to_owned();
    let quoted = notice("a9", "completed")["prompt"].as_str().unwrap().replace("Bye.", &inner);
    check(event(json!({ "hook_event_name": "UserPromptSubmit", "prompt": quoted })), false);
    check(event(json!({ "hook_event_name": "UserPromptSubmit", "prompt": format!("Look: {inner}") })), false);
    check(|session| drop(stop(session, "other")), false);
}

#[test]
fn an_agent_goes_on_after_its_end_by_starting_again() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    session.executor("a1", "task-0");
    session.send(notice("a1", "killed"));
    assert_eq!(decision(&session.agent_bash("a1", "ctx task start task-0")).0, "allow");
    session.ctx(&["task", "start", "task-0"]).ok();
    assert_eq!(state(&repo), ("in_progress".to_owned(), false));
    assert_eq!(decision(&session.agent_bash("a1", "touch x")).0, "allow");
    // A new attempt is sent back once more.
    assert_eq!(stop(&session, "a1")["decision"], "block");
}

#[test]
fn only_the_owner_of_a_task_is_held() {
    let repo = ready();
    let (first, second) = (Session::new(&repo, "s1"), Session::new(&repo, "s2"));
    // Bound by its first call, never started: refused by `ctx`, or not tried.
    first.start("a1", executor("task-0"));
    assert_eq!(decision(&first.agent_bash("a1", "ls")).0, "allow");
    assert_eq!(stop(&first, "a1"), Value::Null);
    // Another agent may have it.
    second.executor("b1", "task-0");
    let answer = first.agent_bash("a2", "ctx task start task-0");
    assert!(decision(&answer).1.contains("taken"), "{answer}");
    assert_eq!(stop(&first, "a2"), Value::Null);
    second.send(notice("b1", "killed"));
    let answer = first.agent_bash("a3", "ctx task start task-0");
    assert!(decision(&answer).1.contains("`ctx task retry task-0`"), "{answer}");
    assert_eq!(stop(&first, "a3"), Value::Null);
    assert!(!repo.path.join(".git/ctx/agents/attempts.jsonl").exists());
    assert_eq!(state(&repo), ("in_progress".to_owned(), true), "nobody took it from its owner");
}

#[test]
fn a_task_claimed_in_a_terminal_is_given_to_no_session() {
    let repo = ready();
    repo.ctx(&["task", "start", "task-0"]).ok();
    let session = Session::new(&repo, "s1");
    for args in [
        &["task", "start", "task-0"][..],
        &["task", "block", "task-0", "--reason", "x"],
        &["task", "fail", "task-0"],
        &["task", "done", "task-0"],
    ] {
        let out = session.ctx(args).fails(1);
        assert!(
            out.contains("`task-0` was claimed in a terminal") && out.contains("`ctx task retry task-0`"),
            "{out}"
        );
    }
    let answer = session.agent_bash("a1", "ctx task start task-0");
    assert!(decision(&answer).1.contains("claimed in a terminal"), "{answer}");
    session.ctx(&["task", "retry", "task-0"]).fails(1);
    session.bash("ctx task retry task-0");
    session.ctx(&["task", "retry", "task-0"]).ok();
    session.executor("a1", "task-0");
    // And the person decides over all of them.
    repo.ctx(&["task", "retry", "task-0"]).ok();
}

#[test]
fn claims_of_the_first_version_are_read() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    session.ctx(&["task", "start", "task-0"]).ok();
    let plan = repo.path.join(".parallel/plans/active").canonicalize().unwrap();
    let claim = repo.path.join(".git/ctx/claims").join(plan.file_name().unwrap()).join("task-0.json");
    let write = |session: Value, process: Value| {
        let text =
            json!({ "owner": { "session": session, "process": process }, "time": "2026-11-01T10:00:00Z" });
        fs::write(&claim, text.to_string()).unwrap();
    };
    write(json!("s2"), json!({ "pid": 1, "started": 1 }));
    assert_eq!(state(&repo), ("in_progress".to_owned(), true));
    write(json!("s2"), Value::Null);
    assert_eq!(state(&repo), ("in_progress".to_owned(), false));
    session.ctx(&["task", "start", "task-0"]).fails(1);
    // An agent of the session that has it goes on by starting it.
    write(json!("s1"), Value::Null);
    assert_eq!(decision(&session.agent_bash("a1", "ctx task start task-0")).0, "allow");
    assert_eq!(decision(&session.agent_bash("a1", "touch x")).0, "allow");
}

#[test]
fn a_session_s_start_counts_interrupted_tasks_apart() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    session.executor("a1", "task-0");
    session.executor("a2", "task-1");
    session.send(notice("a1", "killed"));
    let answer = session.send(json!({ "hook_event_name": "SessionStart", "source": "startup" }));
    assert_eq!(
        answer["systemMessage"],
        "ctx: plan `Three` is active, 0 of 3 tasks completed, 1 in progress, 1 interrupted (/ctx:execute)"
    );
}
