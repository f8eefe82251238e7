//! `ctx-hook`: what it answers, and that it never says anything else.

use std::fs;

use serde_json::{Value, json};

use crate::support::repo::{CTX_HOOK, Repo, document, run_with, three_tasks};

fn pre_tool_use(command: &str, agent_type: Option<&str>) -> Value {
    let mut input = json!({
        "session_id": "s", "transcript_path": "/none", "cwd": "/", "hook_event_name": "PreToolUse",
        "permission_mode": "default", "tool_name": "Bash", "tool_input": { "command": command }, "tool_use_id": "t",
    });
    if let Some(agent_type) = agent_type {
        input["agent_id"] = json!("a1");
        input["agent_type"] = json!(agent_type);
    }
    input
}

const EXECUTOR: &str = "ctx:parallel-task-executor";

/// Who may run it: `m`ain session, `e`xecutor, `o`ther agents.
#[track_caller]
fn check(command: &str, expected: &str) {
    let repo = Repo::empty();
    let callers = [("m", None), ("e", Some(EXECUTOR)), ("o", Some("general-purpose"))];
    let allowed = callers.iter().filter(|(_, agent)| {
        let answer = repo.hook(&pre_tool_use(command, *agent));
        answer.contains(r#""permissionDecision":"allow""#) || {
            assert_eq!(answer, "");
            false
        }
    });
    assert_eq!(allowed.map(|(who, _)| *who).collect::<String>(), expected, "{command}");
}

#[test]
fn ctx_s_own_verbs_are_approved_for_who_may_use_them() {
    for command in [
        "ctx status",
        "ctx status --json",
        " ctx  status ",
        "'ctx' \"status\"",
        "ctx plan show",
        "ctx plan show --json",
        "ctx plan list",
        "ctx plan validate --strict",
        "ctx task list --json",
        "ctx task show task-0",
        "ctx task show",
        "ctx worktree list",
        "ctx worktree path task-0",
    ] {
        check(command, "meo");
    }
    for command in [
        "ctx plan create - <<'EOF'\n# Plan `rm -rf ~` $(x)\nEOF",
        "ctx plan create <<'CTX_PLAN'\nEOF\n\nCTX_PLAN\n",
        "ctx plan create - <<\"EOF\"\nx\nEOF",
        "ctx plan extract --list",
        "ctx plan extract --pick 12 --dry-run",
        "ctx worktree setup",
        "ctx worktree setup task-0 task-1",
        "ctx task done task-0",
        "ctx task retry task-0",
        "ctx task fail task-0",
        "ctx merge",
        "ctx cleanup",
    ] {
        check(command, "m");
    }
    for command in [
        "ctx task start task-0",
        "ctx task submit task-0",
        "ctx task block task-0 --reason 'what is $HOME; `x`?'",
        "ctx commit -m \"feat: add it\"",
        "ctx commit -m 'fix: it'\\''s'".trim_end_matches("\\''s'"),
    ] {
        check(command, "e");
    }
}

#[test]
fn everything_else_is_left_alone() {
    for command in [
        "",
        "ctx",
        "ctx undo",
        "ctx conflicts",
        "ctx doctor",
        "ctx run",
        "ctx pool acquire task-0",
        "ctx demo",
        "ctx accept",
        "ctx plan use x",
        "ctx plan archive",
        "ctx plan extract",
        "ctx plan extract --pick 1",
        "ctx plan extract --pick $N --dry-run",
        "ctx plan extract --list --transcript /etc/passwd",
        "ctx plan create plan.md",
        "ctx plan create /etc/passwd",
        "ctx plan create",
        "ctx plan create - <<EOF\n$(x)\nEOF",
        "ctx plan create - <<'EOF'\nx\nEOF\nrm -rf ~",
        "ctx plan create - <<'EOF'\nx\nEOF\ny\nEOF",
        "ctx plan create - <<'EOF' ; rm x\nx\nEOF",
        "ctx plan create - <<'EOF' > /etc/x\nx\nEOF",
        "ctx plan create - <<-'EOF'\nx\n\tEOF",
        "ctx plan create - <<<'EOF'\nEOF",
        "ctx plan create - <<'E OF'\nx\nE OF",
        "ctx plan create - <<'EOF'\nx",
        "ctx status <<'EOF'\nx\nEOF",
        "ctx merge --into main",
        "ctx merge --verify 'rm -rf ~'",
        "ctx merge --push",
        "ctx merge --all",
        "ctx cleanup --remote",
        "ctx task approve task-0",
        "ctx task start",
        "ctx task start a b",
        "ctx task start ../x",
        "ctx task block task-0",
        "ctx worktree path '../../x'",
        "ctx commit -m x --push",
        "ctx commit -m x .",
        "ctx status && rm x",
        "ctx status; rm x",
        "ctx status\nrm x",
        "ctx status\r\nrm x",
        "ctx status | sh",
        "ctx status > x",
        "ctx status < x",
        "ctx status &",
        "ctx status $(rm x)",
        "ctx status `rm x`",
        "ctx status $x",
        "ctx status \"$x\"",
        "ctx status ${x}",
        "ctx sta\\\ntus",
        "ctx task show task-{0,1}",
        "ctx task show task-*",
        "ctx task show ~",
        "ctx commit -m 'x",
        "ctx commit -m \"a $(b)\"",
        "ctx commit -m $'x'",
        "PATH=/x ctx status",
        "env ctx status",
        "/tmp/ctx status",
        "./ctx status",
        "ctx.sh status",
        "(ctx status)",
        "{ ctx status; }",
        "! ctx status",
        "ctx status # comment",
        "ctx\tstatus",
        "ctx status \u{202e}",
        "ctx\u{a0}status",
        "ls",
        "git status",
    ] {
        check(command, "");
    }
}

#[test]
fn a_command_in_the_background_is_left_alone() {
    let mut input = pre_tool_use("ctx status", None);
    input["tool_input"]["run_in_background"] = json!(true);
    assert_eq!(Repo::empty().hook(&input), "");
}

#[test]
fn whatever_it_is_given_it_stays_silent_and_ends_well() {
    let repo = Repo::empty();
    for input in [
        "",
        "{",
        "null",
        "[]",
        "7",
        "\0",
        "{\"hook_event_name\": \"PreToolUse\"}",
        "{\"hook_event_name\": 7}",
        "{\"hook_event_name\": \"SessionStart\"}",
        "{\"hook_event_name\": \"SessionEnd\", \"cwd\": \"/nowhere\", \"transcript_path\": \"/nowhere\"}",
        "{\"hook_event_name\": \"PreToolUse\", \"tool_name\": \"Bash\", \"tool_input\": []}",
        "{\"hook_event_name\": \"PreToolUse\", \"tool_name\": \"Bash\", \"tool_input\": {\"command\": 7}}",
        "{\"hook_event_name\": \"Unheard\"}",
    ] {
        let ran = run_with(&mut repo.command(CTX_HOOK, &repo.path), input);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""), "{input}");
    }
    let deep = format!("{{\"hook_event_name\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let ran = run_with(&mut repo.command(CTX_HOOK, &repo.path), &deep);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
}

fn event(name: &str, repo: &Repo, transcript: &str) -> Value {
    json!({
        "session_id": "s1", "transcript_path": transcript, "cwd": repo.path, "hook_event_name": name,
        "reason": "other", "source": "startup",
    })
}

#[test]
fn a_session_starts_with_one_line_about_the_active_plan() {
    let repo = Repo::new();
    assert_eq!(repo.hook(&event("SessionStart", &repo, "/none")), "");
    repo.create_plan(&three_tasks());
    repo.ctx(&["task", "done", "task-0"]).ok();
    repo.ctx(&["task", "start", "task-1"]).ok();
    let answer: Value = serde_json::from_str(&repo.hook(&event("SessionStart", &repo, "/none"))).unwrap();
    let line = "ctx: plan `Three` is active, 1 of 3 tasks completed, 1 in progress (/ctx:execute)";
    assert_eq!(answer["systemMessage"], line);
    assert_eq!(answer["hookSpecificOutput"]["additionalContext"], line);
    let outside = json!({ "hook_event_name": "SessionStart", "cwd": repo.root() });
    assert_eq!(repo.hook(&outside), "");
}

/// A transcript in which an assistant printed this text.
fn transcript(repo: &Repo, text: &str) -> String {
    let line = |kind: &str, content: Value| {
        json!({ "type": kind, "cwd": repo.path, "sessionId": "s1", "timestamp": "2026-01-01T10:00:00Z",
                "message": { "role": kind, "content": content } })
    };
    let lines = [
        line("user", json!("plan it")),
        line("assistant", json!([{ "type": "text", "text": text }])),
        json!({ "type": "last-prompt" }),
    ];
    let path = repo.root().join("home/s1.jsonl");
    fs::write(&path, lines.map(|line| format!("{line}\n")).concat()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_session_s_end_saves_the_plan_that_it_printed() {
    let repo = Repo::new();
    let path = transcript(&repo, &format!("Here it is.\n\n{}\n\n## References\n\nBye.\n", three_tasks()));
    let end = event("SessionEnd", &repo, &path);
    repo.hook(&end);
    let status = repo.json(&["status"]);
    assert_eq!(status["plan"]["name"], "Three");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    // The same plan again, archived or not, is no other plan.
    repo.hook(&end);
    repo.ctx(&["plan", "archive"]).ok();
    repo.hook(&end);
    assert_eq!(repo.json(&["plan", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(repo.json(&["status"])["plan"], Value::Null);
}

#[test]
fn a_session_s_end_does_not_take_the_active_plan_away() {
    let repo = Repo::with_plan(&document("First", &[("one", &[])]));
    let path = transcript(&repo, &three_tasks());
    repo.hook(&event("SessionEnd", &repo, &path));
    assert_eq!(repo.json(&["status"])["plan"]["name"], "First");
    assert_eq!(repo.json(&["plan", "list"]).as_array().unwrap().len(), 2);
}

#[test]
fn a_session_that_made_its_plan_itself_needs_no_saving() {
    let repo = Repo::new();
    let path = transcript(&repo, &three_tasks());
    let other = document("Other", &[("one", &[])]);
    let mut command = repo.command(crate::support::repo::CTX, &repo.path);
    run_with(command.args(["plan", "create"]).env("CLAUDE_CODE_SESSION_ID", "s1"), &other).ok();
    repo.hook(&event("SessionEnd", &repo, &path));
    assert_eq!(repo.json(&["plan", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_session_in_a_task_s_worktree_saves_nothing() {
    let repo = Repo::with_plan(&document("First", &[("one", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    let path = transcript(&repo, &three_tasks());
    let mut end = event("SessionEnd", &repo, &path);
    end["cwd"] = json!(repo.worktree("one"));
    repo.hook(&end);
    assert_eq!(repo.json(&["plan", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_session_without_a_plan_leaves_no_trace() {
    let repo = Repo::new();
    let path = transcript(&repo, "A plan starts with `**Type:** Plan`.\n\n**Type:** Plan\n");
    repo.hook(&event("SessionEnd", &repo, &path));
    assert!(!repo.path.join(".parallel").exists());
    assert!(!repo.path.join(".git/ctx").exists());
}
