//! What the hooks at the beginning and the end of a session do with plans that sessions printed.

use std::fs;

use serde_json::{Value, json};

use crate::support::repo::{CTX_HOOK, Repo, document, run_with, three_tasks};

/// The transcript of session `id`, in the client's folder, with one text of the model printed at `time`.
fn session(repo: &Repo, id: &str, time: &str, text: &str) -> String {
    let folder = repo.home().join(".claude/projects").join(ctx::transcript::encode(&repo.path));
    fs::create_dir_all(&folder).unwrap();
    let record = json!({
        "type": "assistant", "cwd": repo.path, "sessionId": id, "timestamp": time,
        "message": { "role": "assistant", "content": [{ "type": "text", "text": text }] },
    });
    let path = folder.join(format!("{id}.jsonl"));
    fs::write(&path, format!("{record}\n")).unwrap();
    path.to_str().unwrap().to_owned()
}

const PAST: &str = "2020-01-01T10:00:00.000Z";
const FUTURE: &str = "2120-01-01T10:00:00.000Z";

fn hook(repo: &Repo, id: &str, event: &Value) -> String {
    let mut input = json!({ "session_id": id, "cwd": repo.path, "transcript_path": "/none" });
    for (key, value) in event.as_object().unwrap() {
        input[key] = value.clone();
    }
    let mut command = repo.command(CTX_HOOK, &repo.path);
    let ran = run_with(command.env("CLAUDE_CODE_SESSION_ID", id), &input.to_string());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    ran.stdout
}

fn end(repo: &Repo, id: &str, path: &str, reason: &str) {
    let event = json!({ "hook_event_name": "SessionEnd", "transcript_path": path, "reason": reason });
    assert_eq!(hook(repo, id, &event), "");
}

/// The line that a new session starts with.
fn start(repo: &Repo, id: &str, source: &str) -> String {
    let answer = hook(repo, id, &json!({ "hook_event_name": "SessionStart", "source": source }));
    match answer.as_str() {
        "" => String::new(),
        answer => {
            serde_json::from_str::<Value>(answer).unwrap()["systemMessage"].as_str().unwrap().to_owned()
        }
    }
}

fn plans(repo: &Repo) -> Vec<(String, bool)> {
    let row = |row: &Value| (row["name"].as_str().unwrap().to_owned(), row["active"] == true);
    repo.json(&["plan", "list"]).as_array().unwrap().iter().map(row).collect()
}

#[test]
fn whatever_ends_a_session_saves_its_plan_and_the_next_start_says_so_once() {
    for reason in ["clear", "resume", "logout", "prompt_input_exit", "other"] {
        let repo = Repo::new();
        let path = session(&repo, "s1", PAST, &three_tasks());
        end(&repo, "s1", &path, reason);
        assert_eq!(plans(&repo), [("Three".to_owned(), true)], "{reason}");
        assert_eq!(
            start(&repo, "s2", "compact"),
            "ctx: plan `Three` is active, 0 of 3 tasks completed (/ctx:execute)"
        );
        assert_eq!(
            start(&repo, "s2", "startup"),
            "ctx: a plan was saved from your last session: `Three`; plan `Three` is active, 0 of 3 tasks completed (/ctx:execute)"
        );
        assert_eq!(
            start(&repo, "s3", "startup"),
            "ctx: plan `Three` is active, 0 of 3 tasks completed (/ctx:execute)"
        );
    }
}

#[test]
fn without_a_path_the_session_s_id_finds_the_transcript() {
    let repo = Repo::new();
    session(&repo, "s1", PAST, &three_tasks());
    end(&repo, "s1", "/none", "other");
    assert_eq!(plans(&repo).len(), 1);
}

#[test]
fn a_plan_printed_after_the_active_one_was_made_wins() {
    let repo = Repo::with_plan(&document("First", &[("one", &[]), ("two", &[])]));
    let old = session(&repo, "s1", PAST, &document("Old", &[("one", &[])]));
    end(&repo, "s1", &old, "other");
    assert_eq!(
        start(&repo, "s2", "startup").split(';').next().unwrap().split(" (").next().unwrap(),
        "ctx: a plan was saved from your last session: `Old`"
    );
    let new = session(&repo, "s3", FUTURE, &three_tasks());
    end(&repo, "s3", &new, "other");
    assert_eq!(
        plans(&repo).iter().filter(|(_, active)| *active).collect::<Vec<_>>(),
        [&("Three".to_owned(), true)]
    );
}

#[test]
fn a_plan_that_is_under_way_stays_active() {
    let repo = Repo::with_plan(&document("First", &[("one", &[]), ("two", &[])]));
    repo.ctx(&["task", "start", "one"]).ok();
    let new = session(&repo, "s1", FUTURE, &three_tasks());
    end(&repo, "s1", &new, "other");
    assert!(plans(&repo).contains(&("First".to_owned(), true)) && plans(&repo).len() == 2);
    let line = start(&repo, "s2", "startup");
    assert!(
        line.starts_with("ctx: a plan was saved from your last session: `Three` (`ctx plan use 2"),
        "{line}"
    );
    assert!(
        line.ends_with("; plan `First` is active, 0 of 2 tasks completed, 1 in progress (/ctx:execute)"),
        "{line}"
    );
}

#[test]
fn a_plan_that_was_removed_does_not_come_back() {
    let repo = Repo::new();
    let path = session(&repo, "s1", PAST, &three_tasks());
    end(&repo, "s1", &path, "other");
    fs::remove_dir_all(repo.path.join(".parallel")).unwrap();
    end(&repo, "s1", &path, "resume");
    assert!(!repo.path.join(".parallel").exists());
    assert_eq!(start(&repo, "s2", "startup"), "");
}

#[test]
fn an_incomplete_plan_behind_a_complete_one_does_not_hide_it() {
    let repo = Repo::new();
    let path = session(&repo, "s1", PAST, &three_tasks());
    let half = document("Half", &[("one", &[]), ("two", &[])]);
    let half = half.split("### Task 1").next().unwrap();
    let other = fs::read_to_string(session(&repo, "s0", PAST, half)).unwrap();
    fs::remove_file(
        repo.home().join(".claude/projects").join(ctx::transcript::encode(&repo.path)).join("s0.jsonl"),
    )
    .unwrap();
    fs::write(&path, fs::read_to_string(&path).unwrap() + &other).unwrap();
    end(&repo, "s1", &path, "other");
    assert_eq!(plans(&repo), [("Three".to_owned(), true)]);
}

#[test]
fn a_session_that_died_is_named_once() {
    let repo = Repo::new();
    session(&repo, "dead", PAST, &three_tasks());
    // Not by itself.
    assert_eq!(start(&repo, "dead", "resume"), "");
    assert!(!repo.path.join(".git/ctx").exists());
    let line = "ctx: an earlier session printed a plan that was not saved: `Plan: Three` (`ctx plan extract --session dead`)";
    assert_eq!(start(&repo, "s2", "startup"), line);
    assert_eq!(start(&repo, "s3", "startup"), "");
    assert!(!repo.path.join(".parallel").exists());
    let out = repo.ctx(&["plan", "extract", "--session", "dead"]).ok();
    assert!(out.contains("made and active: 3 tasks"), "{out}");
    // Written to again, it is looked at again; its plan is there.
    session(&repo, "dead", PAST, &three_tasks());
    assert!(!start(&repo, "s4", "startup").contains("not saved"));
}

#[test]
fn a_project_without_any_plan_gets_no_file() {
    let repo = Repo::new();
    let path = session(&repo, "s1", PAST, "Hello.");
    end(&repo, "s1", &path, "clear");
    assert_eq!(start(&repo, "s2", "startup"), "");
    assert!(!repo.path.join(".parallel").exists() && !repo.path.join(".git/ctx").exists());
}

#[test]
fn a_printed_plan_that_cannot_be_saved_is_said_once() {
    let cut = three_tasks().split("### Task 2").next().unwrap().to_owned();
    for (text, reason) in [
        (three_tasks().replace("task-0", "0").replace("task-1", "1"), "`id` is a number, not text and"),
        (cut, "`task-2` has no details"),
        (three_tasks().replace("  name: Three\n", "  x: y\n"), "the plan has no name"),
        (
            three_tasks().replace("**Type:** Plan", "**Type**: plan").replace("[task-0]", "[task-9]"),
            "`task-2` depends on `task-9`",
        ),
    ] {
        let repo = Repo::new();
        let path = session(&repo, "s1", PAST, &text);
        end(&repo, "s1", &path, "other");
        assert_eq!(plans(&repo), []);
        let line = start(&repo, "s2", "startup");
        assert!(line.contains("printed a plan that cannot be saved: `Plan: Three`: "), "{line}");
        assert!(line.contains(reason), "{line}");
        assert!(line.contains("(`ctx plan extract --list --session s1`)"), "{line}");
        assert_eq!(start(&repo, "s3", "startup"), "", "said once");
        repo.ctx(&["plan", "extract", "--list", "--session", "s1"]).ok();
    }
    // Words about plans are none.
    let repo = Repo::new();
    let path = session(&repo, "s1", PAST, "Say it in this line:\n\n**Type:** Plan\n\nThat is all.");
    end(&repo, "s1", &path, "other");
    assert_eq!(start(&repo, "s2", "startup"), "");
    // One that was put right in the same session is done with.
    let repo = Repo::new();
    let path = session(&repo, "s1", PAST, &three_tasks().replace("  name: Three\n", "  x: y\n"));
    let mut create = repo.command(crate::support::repo::CTX, &repo.path);
    create.args(["plan", "create", "-"]).env("CLAUDE_CODE_SESSION_ID", "s1");
    run_with(&mut create, &three_tasks()).ok();
    end(&repo, "s1", &path, "other");
    assert!(!start(&repo, "s2", "startup").contains("cannot be saved"));
}
