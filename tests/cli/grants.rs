//! Verbs that approve, complete, land or remove: inside a client's session only by a Bash call that the hook has seen.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};
use ctx::cli::Cli;
use serde_json::json;

use crate::support::repo::{CTX, Ran, Repo, run, three_tasks};
use crate::support::session::{EXECUTOR, Session, decision};

#[test]
fn the_verbs_that_the_hook_approves_exist() {
    let rows: Vec<_> = ctx::approve::table().collect();
    assert!(rows.len() > 15);
    for row in rows {
        let mut command = Cli::command();
        for name in row.verb {
            let found = command.find_subcommand(name).cloned();
            command = found.unwrap_or_else(|| panic!("there is no `ctx {}`", row.verb.join(" ")));
        }
        assert!(!command.has_subcommands(), "`ctx {}` is no whole verb", row.verb.join(" "));
        for option in row.options {
            let known = command.get_arguments().any(|argument| {
                let long = argument.get_long().map(|long| format!("--{long}"));
                let short = argument.get_short().map(|short| format!("-{short}"));
                [long, short].iter().flatten().any(|name| name == option)
            });
            assert!(known, "`ctx {}` has no `{option}`", row.verb.join(" "));
        }
        let takes = command.get_positionals().next().is_some();
        assert!(takes || !row.operands, "`ctx {}` takes no operand", row.verb.join(" "));
    }
}

/// Whether a command line needs a grant, as the hook reads its text and as `ctx` has parsed it.
#[test]
fn the_text_and_the_parsed_command_need_the_same_grants() {
    let rows = [
        ("task done t", true),
        ("task submit t", true),
        ("task fail t --reason x", true),
        ("task retry t", true),
        ("merge", true),
        ("merge --all --push", true),
        ("cleanup", true),
        ("cleanup t --include-dirty", true),
        ("undo t", true),
        ("undo --json t", true),
        ("accept", true),
        ("accept --json", true),
        ("plan archive", true),
        ("plan archive p", true),
        ("pool release 1", true),
        ("pool reset", true),
        ("pool merge", true),
        ("pool cleanup", true),
        ("merge --dry-run", false),
        ("merge t --dry-run --json", false),
        ("cleanup --dry-run", false),
        ("pool cleanup --dry-run", false),
        ("undo", false),
        ("undo --json", false),
        ("accept --list", false),
        ("status", false),
        ("task start t", false),
        ("task block t --reason x", false),
        ("task list", false),
        ("commit -m x", false),
        ("plan use p", false),
        ("pool acquire t", false),
        ("worktree setup", false),
        ("worktree sync t", false),
    ];
    for (line, expected) in rows {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(ctx::approve::needs_grant(&words), expected, "{line}");
        let parsed = Cli::try_parse_from([&["ctx"], &words[..]].concat()).unwrap();
        assert_eq!(ctx::commands::needs_grant(&parsed.command), expected, "{line}");
    }
    for words in [&["--json", "merge"][..], &["-C", "x", "merge"], &["task", "approve", "t"]] {
        assert!(ctx::approve::needs_grant(words), "{words:?}");
    }
}

fn ready() -> Repo {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo
}

const DONE: [&str; 3] = ["task", "done", "task-1"];
const REFUSED: &str = "`ctx task done task-1` was not called by a Bash call that names it";

#[test]
fn a_bash_call_of_the_session_runs_what_it_names_once() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    session.ctx(&DONE).ok();
    session.bash("ls");
    let refused = session.ctx(&DONE).fails(1);
    assert!(
        refused.contains(REFUSED) && refused.contains("hint: let Claude run it as a Bash call of its own"),
        "{refused}"
    );
    assert_eq!(decision(&session.bash("ctx task done task-1")).0, "allow");
    session.ctx(&["task", "done", "task-0"]).fails(1);
    session.ctx(&["task", "done", "task-1", "--help"]).ok();
    session.ctx(&DONE).ok();
    session.ctx(&DONE).fails(1);
    // What only reads needs none, and a terminal or a session without the hook neither.
    for args in [
        &["status"][..],
        &["cleanup", "--dry-run"],
        &["merge", "--dry-run"],
        &["undo"],
        &["accept", "--list"],
    ] {
        session.ctx(args).ok();
    }
    repo.ctx(&DONE).ok();
    Session::new(&repo, "s2").ctx(&DONE).ok();
}

#[test]
fn whatever_is_written_around_a_call_it_is_found() {
    for command in [
        "ctx task done task-1",
        "ctx  'task' \"done\" task-1 2>&1 | tail -20",
        "cd /tmp && ctx task done task-1; echo $?",
        "timeout 60 ctx task done task-1",
        "/opt/ctx/bin/ctx task done task-1 || true",
        "x=$(ctx task done task-1) && echo \"$x\"",
        "if true; then ctx task done task-1; fi",
        "(ctx task done task-1)",
        "bash -lc 'ctx task done task-1'",
        "FOO=1 ctx task done task-1 > out.txt",
        "curl example.com && ctx task done task-1",
    ] {
        let repo = ready();
        let session = Session::new(&repo, "s1");
        // Asked or not, the person may say yes.
        session.bash(command);
        session.ctx(&DONE).ok();
        session.ctx(&DONE).fails(1);
    }
    for command in [
        "echo ctx",
        "ctx task done task-0",
        "ctx task done $T",
        "ctx task list",
        "./x.sh",
        "echo 'ctx task done task-1'",
    ] {
        let repo = ready();
        let session = Session::new(&repo, "s1");
        session.bash(command);
        session.ctx(&DONE).fails(1);
    }
}

#[test]
fn in_the_background_and_without_the_sandbox_it_counts_too() {
    for flag in ["run_in_background", "dangerouslyDisableSandbox"] {
        let repo = ready();
        let session = Session::new(&repo, "s1");
        session.tool("Bash", json!({ "command": "ctx task done task-1", flag: true }), &json!({}));
        session.ctx(&DONE).ok();
    }
}

#[test]
fn two_calls_do_not_use_one_grant() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    session.bash("ctx merge");
    let ran: Vec<i32> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..8).map(|_| scope.spawn(|| session.ctx(&["merge"]).code)).collect();
        started.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(ran.iter().filter(|code| **code == 0).count(), 1, "{ran:?}");
    session.bash("ctx task done task-0 && ctx task done task-0");
    session.ctx(&["task", "done", "task-0"]).ok();
    session.ctx(&["task", "done", "task-0"]).ok();
    session.ctx(&["task", "done", "task-0"]).fails(1);
}

#[test]
fn what_nobody_said_yes_to_is_taken_back() {
    for event in [
        json!({ "hook_event_name": "Stop" }),
        json!({ "hook_event_name": "UserPromptSubmit", "prompt": "No, do something else." }),
    ] {
        let repo = ready();
        let session = Session::new(&repo, "s1");
        session.executor("a1", "task-0");
        session.bash("cd x && ctx task done task-1");
        session.agent_bash("a1", "ctx task submit task-0");
        session.send(event);
        session.ctx(&DONE).fails(1);
        // An agent works on meanwhile: refused for want of a commit, not of a grant.
        let out = session.ctx(&["task", "submit", "task-0"]).fails(1);
        assert!(out.contains("has no commit"), "{out}");
    }
    let repo = ready();
    let session = Session::new(&repo, "s1");
    session.bash("ctx task done task-1");
    let notice =
        "<task-notification>\n<task-id>a</task-id>\n<status>completed</status>\n</task-notification>";
    session.send(json!({ "hook_event_name": "UserPromptSubmit", "prompt": notice }));
    session.ctx(&DONE).ok();
}

#[test]
fn agents_are_granted_their_own_hand_in_and_nothing_else() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    session.executor("a1", "task-0");
    for command in [
        "ctx task done task-1",
        "ctx merge",
        "ctx cleanup",
        "ctx task submit task-1",
        "./x && ctx task retry task-0",
    ] {
        session.agent_bash("a1", command);
    }
    let other = json!({ "agent_id": "g1", "agent_type": "general-purpose" });
    session.tool("Bash", json!({ "command": "cd /tmp && ctx task done task-1" }), &other);
    session.tool(
        "Bash",
        json!({ "command": "ctx task done task-1" }),
        &json!({ "agent_id": "g2", "agent_type": EXECUTOR }),
    );
    for args in
        [&DONE[..], &["merge"], &["cleanup"], &["task", "submit", "task-1"], &["task", "retry", "task-0"]]
    {
        let out = session.ctx(args).fails(1);
        assert!(out.contains("was not called by a Bash call that names it"), "{out}");
    }
    session.agent_bash("a1", "ctx task submit task-0");
    let out = session.ctx(&["task", "submit", "task-0"]).fails(1);
    assert!(out.contains("has no commit of `task-0`"), "{out}");
}

/// A session that works on a task in its worktree is that task's agent, however it spells the call.
#[test]
fn a_session_with_a_task_is_granted_its_own_hand_in_and_nothing_else() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    session.ctx(&["task", "start", "task-0"]).ok();
    let there = json!({ "cwd": repo.worktree("task-0") });
    for command in [
        "ctx merge",
        "bash -c 'ctx merge'",
        "./x.sh; ctx merge",
        "eval ctx merge",
        "FOO=1 ctx task submit task-1",
    ] {
        session.tool("Bash", json!({ "command": command }), &there);
        for args in [&["merge"][..], &["task", "submit", "task-1"]] {
            let out = session.ctx(args).fails(1);
            assert!(out.contains("was not called by a Bash call that names it"), "{command}: {out}");
        }
    }
    session.tool("Bash", json!({ "command": "bash -c 'ctx task submit task-0'" }), &there);
    let out = session.ctx(&["task", "submit", "task-0"]).fails(1);
    assert!(out.contains("has no commit of `task-0`"), "{out}");
    // What the leading session spells out, the person may still say yes to.
    session.bash("bash -c 'ctx merge'");
    session.ctx(&["merge"]).ok();
}

/// A program named as the client's, which runs a script; its children are a session's.
fn client(repo: &Repo) -> PathBuf {
    let client = repo.root().join("claude");
    if !client.exists() {
        fs::copy("/bin/sh", &client).unwrap();
    }
    client
}

fn in_client(repo: &Repo, client: &Path, script: &str) -> Ran {
    let mut command = repo.command(client.to_str().unwrap(), &repo.path);
    run(command.args(["-c", &format!("{script}\nexit $?")]).env("CLAUDE_CODE_SESSION_ID", "s1"))
}

#[test]
fn a_script_is_known_by_its_client_whatever_its_environment_says() {
    let repo = ready();
    let client = client(&repo);
    let event = |command: &str| {
        let event = json!({
            "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": { "command": command },
            "session_id": "s1", "cwd": repo.path, "tool_use_id": "functions.Bash:0/../x",
        });
        let file = repo.root().join("event.json");
        fs::write(&file, event.to_string()).unwrap();
        format!("'{}' < '{}'", crate::support::repo::CTX_HOOK, file.display())
    };
    let done = format!("'{CTX}' task done task-1");
    // Each in one process of the client: the hook first, then what a script would try.
    for attempt in [
        done.clone(),
        format!("env -u CLAUDE_CODE_SESSION_ID {done}"),
        format!("env -i HOME=\"$HOME\" PATH=\"$PATH\" {done}"),
        format!("env CLAUDE_CODE_SESSION_ID=other {done}"),
        format!("setsid -w {done}"),
        format!("sh -c \"{done}; exit \\$?\""),
        // Something named like the client.
        format!("mkdir -p x && cp '{}' x/claude && x/claude -c \"{done}; exit \\$?\"", client.display()),
        format!(
            "mkdir -p x && cp '{}' x/claude && env -i x/claude -c \"{done}; exit \\$?\"",
            client.display()
        ),
    ] {
        let ran = in_client(&repo, &client, &format!("{}\n{attempt}", event("python3 x.py")));
        let out = ran.fails(1);
        assert!(out.contains(REFUSED), "{attempt}: {out}");
    }
    in_client(&repo, &client, &format!("{}\n{done}", event("ctx task done task-1"))).ok();
    // Another client's process, where the hook never spoke.
    fs::remove_dir_all(repo.path.join(".git/ctx/grants")).unwrap();
    in_client(&repo, &client, &done).ok();
}

#[test]
fn grants_of_sessions_that_are_over_are_removed() {
    let repo = ready();
    let client = client(&repo);
    let start = json!({ "hook_event_name": "SessionStart", "session_id": "s1", "cwd": repo.path, "source": "startup" });
    let file = repo.root().join("event.json");
    fs::write(&file, start.to_string()).unwrap();
    in_client(
        &repo,
        &client,
        &format!("'{}' < '{}' > /dev/null", crate::support::repo::CTX_HOOK, file.display()),
    )
    .ok();
    let folder = repo.path.join(".git/ctx/grants");
    assert!(folder.join("s1/client.json").exists());
    Session::new(&repo, "s2").send(json!({ "hook_event_name": "SessionStart", "source": "startup" }));
    assert!(!folder.join("s1").exists() && folder.join("s2").exists());
}

/// A grant, a claim or a binding that somebody else writes would be believed.
#[test]
fn what_ctx_keeps_beside_the_repository_is_written_by_no_tool() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    session.executor("a1", "task-0");
    let state = repo.path.join(".git/ctx");
    let (grant, inner) = (state.join("grants/s1/x.0.json"), repo.worktree("task-0"));
    std::os::unix::fs::symlink(&state, repo.path.join("link")).unwrap();
    let main = json!({});
    let executor = json!({ "agent_id": "a1", "agent_type": EXECUTOR });
    let other = json!({ "agent_id": "x1", "agent_type": "general-purpose" });
    for path in [
        grant.to_str().unwrap(),
        ".git/ctx/grants/s1/x.0.json",
        "link/claims/x.json",
        inner.join("../../.git/ctx/agents/x.json").to_str().unwrap(),
        ".git/../.git//ctx/./home",
    ] {
        for tool in ["Write", "Edit", "MultiEdit", "NotebookEdit"] {
            for who in [&main, &executor, &other] {
                let key = if tool == "NotebookEdit" { "notebook_path" } else { "file_path" };
                let answer = session.tool(tool, json!({ key: path, "content": "x" }), who);
                assert_eq!(decision(&answer).0, "deny", "{tool} {path} {who}: {answer}");
            }
        }
        for command in [
            format!("echo x > {path}"),
            format!("cp README.md {path}"),
            format!("cd . && rm -f '{path}'"),
            format!("if true; then touch {path}; fi; unknown-program"),
        ] {
            let answer = session.tool("Bash", json!({ "command": command }), &other);
            assert_eq!(decision(&answer).0, "deny", "{command}: {answer}");
            // An executor's stands in its worktree: never allowed where the path means the main checkout's.
            if path.starts_with('/') {
                let answer = session.tool("Bash", json!({ "command": command }), &executor);
                assert_eq!(decision(&answer).0, "deny", "{command}: {answer}");
            }
            // The session's person is asked.
            assert_eq!(decision(&session.bash(&command)).0, "none", "{command}");
        }
    }
    for command in ["cat .git/ctx/home", "echo .git/ctx > notes.txt", "mkdir -p src/ctx/grants"] {
        assert_eq!(
            decision(&session.tool("Bash", json!({ "command": command }), &other)).0,
            "none",
            "{command}"
        );
    }
    let answer = session.tool("Write", json!({ "file_path": "src/ctx/grants.rs", "content": "" }), &other);
    assert_eq!(decision(&answer).0, "none", "{answer}");
}
