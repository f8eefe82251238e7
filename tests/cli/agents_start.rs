//! Which agents start unasked, and what is said of those that would start for nothing.

use std::fs;

use serde_json::{Value, json};

use crate::support::repo::{Repo, document, three_tasks, write};
use crate::support::session::{EXECUTOR, QA, Session, decision, executor};

/// A project with worktrees for its tasks; `task-2` waits for `task-0`.
fn ready() -> Repo {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo
}

fn with(input: &Value, fields: impl Into<Value>) -> Value {
    let fields = fields.into();
    let mut changed = input.clone();
    for (key, value) in fields.as_object().unwrap() {
        changed[key] = value.clone();
    }
    changed
}

#[test]
fn an_executor_of_a_ready_task_starts_by_exactly_these_fields() {
    let call = executor("task-0");
    let rows: [(Value, &str); 16] = [
        (json!({}), "allow"),
        (json!({ "run_in_background": true }), "allow"),
        (json!({ "run_in_background": false }), "allow"),
        (json!({ "isolation": "worktree" }), "allow"),
        (json!({ "isolation": "remote" }), "allow"),
        (json!({ "model": null }), "allow"),
        (json!({ "model": "haiku" }), "allow"),
        (json!({ "model": "opus" }), "none"),
        (json!({ "model": ["haiku"] }), "none"),
        (json!({ "name": "worker" }), "none"),
        (json!({ "cwd": "/" }), "none"),
        (json!({ "mode": "bypassPermissions" }), "none"),
        (json!({ "subagent_type": "Explore" }), "none"),
        (json!({ "subagent_type": "parallel-task-executor" }), "none"),
        (json!({ "prompt": "Do task-0.\nTask: task-0" }), "none"),
        (json!({ "subagent_type": QA }), "deny"),
    ];
    let plan = three_tasks().replace("id: task-0\n", "id: task-0\nmodel: haiku\n");
    let repo = Repo::with_plan(&plan);
    repo.ctx(&["worktree", "setup"]).ok();
    for (fields, expected) in rows {
        // A session of its own: none has made a call for this task before.
        let _ = fs::remove_dir_all(repo.path.join(".git/ctx/agents"));
        let answer = Session::new(&repo, "s1").start("a1", with(&call, fields.clone()));
        assert_eq!(decision(&answer).0, expected, "{fields}: {answer}");
        if expected == "allow" {
            let changed = &answer["updatedInput"];
            let worktree = repo.worktree("task-0");
            let prompt = format!("Task: task-0\nWorktree: {}\nDo it.", worktree.display());
            assert_eq!(changed["prompt"], prompt, "{fields}");
            assert_eq!(changed["description"], "task-0 Do task-0", "{fields}");
            assert_eq!(changed.get("isolation"), None, "{fields}");
            assert_eq!(changed["run_in_background"], fields["run_in_background"], "{fields}");
        }
    }
}

#[test]
fn a_model_that_the_plan_does_not_name_is_the_person_s_choice() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    let answer = session.start("a1", with(&executor("task-0"), json!({ "model": "haiku" })));
    assert_eq!(decision(&answer).0, "none", "{answer}");
    // It is told its worktree and not given another one all the same.
    assert!(answer["updatedInput"]["prompt"].as_str().unwrap().contains("\nWorktree: "), "{answer}");
}

#[test]
fn rules_of_the_person_keep_agents_and_messages_from_starting_unasked() {
    let rows = [
        ("deny", "Agent", "none"),
        ("ask", "Agent", "none"),
        ("ask", "Task", "none"),
        ("deny", "*", "none"),
        ("deny", "Agent(ctx:parallel-task-executor)", "none"),
        ("ask", "Agent(ctx:*)", "none"),
        ("ask", "Agent(*)", "none"),
        ("deny", "Task(parallel-task-executor)", "none"),
        ("deny", "Agent(model:opus)", "none"),
        ("deny", "Agent(Explore)", "allow"),
        ("deny", "Agent(ctx:qa-agent)", "allow"),
        ("deny", "Bash", "allow"),
        ("allow", "Agent", "allow"),
    ];
    let repo = ready();
    for (list, rule, expected) in rows {
        for file in [".claude/settings.json", ".claude/settings.local.json"] {
            let _ = fs::remove_dir_all(repo.path.join(".git/ctx/agents"));
            write(&repo.path.join(file), &json!({ "permissions": { list: [rule] } }).to_string());
            let answer = Session::new(&repo, "s1").start("a1", executor("task-0"));
            assert_eq!(decision(&answer).0, expected, "{list} {rule}: {answer}");
            fs::remove_file(repo.path.join(file)).unwrap();
        }
    }
    let session = Session::new(&repo, "s1");
    session.executor("m1", "task-1");
    let message = |rule: &str| {
        write(
            &repo.path.join(".claude/settings.json"),
            &json!({ "permissions": { "ask": [rule] } }).to_string(),
        );
        let answer =
            session.tool("SendMessage", json!({ "to": "m1", "summary": "x", "message": "y" }), &json!({}));
        decision(&answer).0.to_owned()
    };
    assert_eq!(
        ["SendMessage", "SendMessage(x)", "*", "Agent"].map(message),
        ["none", "none", "none", "allow"]
    );
    write(&repo.path.join(".claude/settings.json"), "{");
    let answer = session.start("a1", executor("task-0"));
    assert_eq!(decision(&answer).0, "none", "settings that cannot be read: {answer}");
}

/// Brings a task to a state, then asks for an agent of it.
#[track_caller]
fn check(bring: impl FnOnce(&Repo, &Session<'_>), input: impl Into<Value>, expected: (&str, &str)) {
    let input = input.into();
    let repo = ready();
    let session = Session::new(&repo, "s1");
    bring(&repo, &session);
    let answer = session.start("new", input.clone());
    let (decided, why) = decision(&answer);
    assert_eq!(decided, expected.0, "{input}: {answer}");
    assert!(why.contains(expected.1), "{input}: {why}");
}

#[test]
fn a_start_that_would_fail_is_denied_with_what_to_do() {
    let deny = |why| ("deny", why);
    check(|_, _| (), executor("task-9"), deny("`ctx task list`"));
    check(|_, _| (), executor("task-2"), deny("waits for `task-0`"));
    check(|repo, _| drop(repo.ctx(&["task", "done", "task-0"]).ok()), executor("task-0"), deny("completed"));
    check(
        |repo, _| drop(repo.ctx(&["task", "fail", "task-0"]).ok()),
        executor("task-0"),
        deny("`ctx task retry task-0`"),
    );
    check(
        |repo, _| {
            repo.work("task-0", "x.txt", "x\n");
            repo.ctx(&["merge"]).ok();
        },
        executor("task-0"),
        deny("completed and landed"),
    );
    check(
        |repo, _| {
            repo.work("task-0", "x.txt", "x\n");
            repo.ctx(&["merge"]).ok();
        },
        executor("task-2"),
        deny("`ctx worktree setup task-2`"),
    );
    check(
        |_, session| session.executor("a1", "task-0"),
        executor("task-0"),
        deny("agent `a1` works on `task-0`"),
    );
    check(
        |repo, _| Session::new(repo, "s2").executor("a1", "task-0"),
        executor("task-0"),
        deny("session s2 works on `task-0`"),
    );
    check(
        |repo, _| drop(repo.ctx(&["task", "start", "task-0"]).ok()),
        executor("task-0"),
        deny("claimed in a terminal"),
    );
    check(
        |_, session| {
            session.executor("a1", "task-0");
            let notice =
                "<task-notification>\n<task-id>a1</task-id>\n<status>killed</status>\n</task-notification>";
            session.send(json!({ "hook_event_name": "UserPromptSubmit", "prompt": notice }));
        },
        executor("task-0"),
        deny("run `ctx task retry task-0`"),
    );
    let elsewhere =
        json!({ "description": "x", "prompt": "Task: task-0\nWorktree: /tmp", "subagent_type": EXECUTOR });
    check(|_, _| (), elsewhere, deny("`/tmp` is not the worktree of `task-0`"));
    check(
        |repo, _| fs::remove_file(repo.path.join(".parallel/plans/active")).unwrap(),
        executor("task-0"),
        deny("no plan is active"),
    );
}

#[test]
fn what_was_given_back_starts_again() {
    let allow = ("allow", "");
    check(
        |repo, _| drop(repo.ctx(&["task", "block", "task-0", "--reason", "x"]).ok()),
        executor("task-0"),
        allow,
    );
    check(
        |_, session| {
            session.executor("a1", "task-0");
            session.bash("ctx task retry task-0");
            session.ctx(&["task", "retry", "task-0"]).ok();
        },
        executor("task-0"),
        allow,
    );
    check(
        |_, session| {
            session.executor("a1", "task-0");
            session.agent_bash("a1", "ctx task block task-0 --reason x");
            session.ctx(&["task", "block", "task-0", "--reason", "x"]).ok();
        },
        executor("task-0"),
        allow,
    );
}

#[test]
fn of_two_agents_for_one_task_in_one_response_one_starts() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    let decided: Vec<String> = std::thread::scope(|scope| {
        let start = |agent: &'static str| {
            let session = &session;
            scope.spawn(move || decision(&session.start(agent, executor("task-0"))).0.to_owned())
        };
        let started = ["a1", "a2", "a3", "a4"].map(start);
        started.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(decided.iter().filter(|one| *one == "allow").count(), 1, "{decided:?}");
    assert_eq!(decided.iter().filter(|one| *one == "deny").count(), 3, "{decided:?}");
    // Another task is another matter.
    assert_eq!(decision(&session.start("b1", executor("task-1"))).0, "allow");
}

/// The command that runs instead, behind the line that takes variables away.
fn behind_the_unset(answer: &serde_json::Value) -> &str {
    let command = answer["updatedInput"]["command"].as_str().unwrap_or_default();
    let rest = command.strip_prefix("unset GIT_").and_then(|rest| rest.split_once(" || exit 1\n"));
    rest.map_or("", |(_, rest)| rest)
}

#[test]
fn the_worktree_on_the_second_line_names_the_plan() {
    let repo = ready();
    let first = repo.worktree("task-0");
    repo.create_plan(&document("Other", &[("task-7", &[])]));
    let prompt = format!("Task: task-0\nWorktree: {}\nDo it.", first.display());
    let session = Session::new(&repo, "s1");
    let answer = session.start("a1", with(&executor("task-0"), json!({ "prompt": prompt })));
    assert_eq!(decision(&answer).0, "allow", "{answer}");
    assert_eq!(answer["updatedInput"]["prompt"], prompt);
    // The start runs where the command finds that plan.
    let started = session.agent_bash("a1", "ctx task start task-0");
    let command = format!("cd '{}' || exit 1\nctx task start task-0", first.display());
    assert_eq!((decision(&started).0, behind_the_unset(&started)), ("allow", &command[..]));
    let answer = session.start("a2", executor("task-0"));
    assert!(decision(&answer).1.contains("has no task `task-0`"), "{answer}");
}

#[test]
fn messages_go_to_agents_of_this_session() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    session.executor("a1", "task-0");
    Session::new(&repo, "s2").executor("a2", "task-1");
    let rows = [
        (json!({ "to": "a1", "summary": "x", "message": "Go on." }), "allow"),
        (json!({ "to": "a1", "message": "Go on." }), "allow"),
        (json!({ "to": "a1", "message": "Go on.", "mode": "plan" }), "none"),
        (json!({ "to": "a2", "message": "Go on." }), "none"),
        (json!({ "to": "*", "message": "Go on." }), "none"),
        (json!({ "to": "../a1", "message": "Go on." }), "none"),
        (json!({ "message": "Go on." }), "none"),
    ];
    for (input, expected) in rows {
        let answer = session.tool("SendMessage", input.clone(), &json!({}));
        assert_eq!(decision(&answer).0, expected, "{input}: {answer}");
    }
    // An agent sends none.
    let by_agent = json!({ "agent_id": "a1", "agent_type": EXECUTOR });
    let answer = session.tool("SendMessage", json!({ "to": "a1", "message": "x" }), &by_agent);
    assert_eq!(decision(&answer).0, "deny");
    let answer = session.tool("Agent", executor("task-1"), &by_agent);
    assert_eq!(decision(&answer).0, "deny");
}

#[test]
fn older_layouts_start_agents_as_the_command_line_does() {
    for layout in ["flat", "active"] {
        let repo = Repo::with_plan(&three_tasks());
        let plans = repo.path.join(".parallel/plans");
        let folder = plans.join("active").canonicalize().unwrap();
        fs::remove_file(plans.join("active")).unwrap();
        match layout {
            "active" => fs::rename(folder, plans.join("active")).unwrap(),
            _ => {
                for name in ["plan.yaml", "tasks"] {
                    fs::rename(folder.join(name), plans.join(name)).unwrap();
                }
                fs::remove_dir(folder).unwrap();
            }
        }
        repo.ctx(&["worktree", "setup"]).ok();
        let session = Session::new(&repo, "s1");
        session.executor("a1", "task-0");
        let answer = session.agent_bash("a1", "touch x.txt");
        let command = format!("cd '{}' || exit 1\ntouch x.txt", repo.worktree("task-0").display());
        assert_eq!(behind_the_unset(&answer), command, "{layout}: {answer}");
        // Without a call that was announced, the start alone binds.
        assert_eq!(decision(&session.agent_bash("a2", "ctx task start task-1")).0, "allow", "{layout}");
    }
}

/// A session that runs as an agent, or works on a task of its own, leads no others.
#[test]
fn only_the_leading_session_starts_agents_unasked() {
    let repo = ready();
    repo.ctx(&["task", "start", "task-1"]).ok();
    let session = Session::new(&repo, "s1");
    let worktree = |task: &str| repo.worktree(task).to_str().unwrap().to_owned();
    let rows = [
        (json!({}), "allow"),
        (json!({ "cwd": worktree("task-0") }), "allow"),
        (json!({ "cwd": worktree("task-1") }), "none"),
        (json!({ "agent_type": EXECUTOR }), "none"),
        (json!({ "agent_type": QA }), "none"),
        (json!({ "agent_type": EXECUTOR, "cwd": worktree("task-0") }), "none"),
        (json!({ "agent_type": "Explore" }), "allow"),
        (json!({ "agent_type": "Explore", "agent_id": "x1" }), "none"),
        (json!({ "agent_id": "x1" }), "none"),
        (json!({ "agent_type": EXECUTOR, "agent_id": "x1" }), "deny"),
    ];
    for (caller, expected) in rows {
        let _ = fs::remove_dir_all(repo.path.join(".git/ctx/agents"));
        let answer = session.tool("Agent", executor("task-0"), &caller);
        assert_eq!(decision(&answer).0, expected, "{caller}: {answer}");
    }
}

/// The client prefers a project's agent to the plugin's of the same name.
#[test]
fn an_agent_that_the_repository_redefines_is_the_person_s_choice() {
    let head =
        |name: &str| format!("---\n{name}\ndescription: x\npermissionMode: bypassPermissions\n---\nDo it.\n");
    let rows = [
        ("agents/a.md", head("name: other"), "allow"),
        ("agents/a.md", head("name: parallel-task-executor"), "allow"),
        ("agents/a.md", head(&format!("name: {QA}")), "allow"),
        ("agents/a.md", format!("Speaks of {EXECUTOR}.\n"), "allow"),
        ("agents/a.md", format!("---\nname: x\n---\nSpeaks of {EXECUTOR}.\n"), "allow"),
        ("agents/a.txt", head(&format!("name: {EXECUTOR}")), "allow"),
        ("commands/a.md", head(&format!("name: {EXECUTOR}")), "allow"),
        ("agents/a.md", head(&format!("name: {EXECUTOR}")), "none"),
        ("agents/a.MD", head(&format!("name: {EXECUTOR}")), "none"),
        ("agents/below/it/a.md", head(&format!("name: '{EXECUTOR}'")), "none"),
        ("agents/a.md", format!("\u{feff}{}", head(&format!("name: {EXECUTOR}"))), "none"),
        ("agents/a.md", head("name: \"ctx\\x3aparallel-task-executor\""), "none"),
        ("agents/a.md", head("name: >-\n  ctx:parallel-task-executor"), "none"),
        (
            "agents/a.md",
            head("name: \"ctx\\x3aparallel-task-executor\"\nbroken: [").replace("\n---\nDo it", "\n---\nDo"),
            "none",
        ),
    ];
    let repo = ready();
    let session = Session::new(&repo, "s1");
    for (file, text, expected) in rows {
        for (folder, caller) in [
            (repo.path.clone(), json!({})),
            (repo.worktree("task-0"), json!({ "cwd": repo.worktree("task-0") })),
        ] {
            let _ = fs::remove_dir_all(repo.path.join(".git/ctx/agents"));
            write(&folder.join(".claude").join(file), &text);
            let answer = session.tool("Agent", executor("task-0"), &caller);
            assert_eq!(decision(&answer).0, expected, "{file} {text}: {answer}");
            fs::remove_dir_all(folder.join(".claude")).unwrap();
        }
    }
}

/// A worktree that was replaced by a link does not hand its agent the main checkout, or the work of another task.
#[test]
fn a_link_in_the_place_of_a_worktree_gives_no_other_one() {
    let repo = ready();
    let session = Session::new(&repo, "s1");
    session.executor("a1", "task-1");
    let (worktree, aside) = (repo.worktree("task-1"), repo.root().join("aside"));
    fs::rename(&worktree, &aside).unwrap();
    for (target, expected) in [(&aside, "allow"), (&repo.path, "none"), (&repo.worktree("task-0"), "none")] {
        std::os::unix::fs::symlink(target, &worktree).unwrap();
        for command in ["touch x.txt", "echo x > README.md", "cargo test"] {
            let answer = session.agent_bash("a1", command);
            assert_eq!(decision(&answer).0, expected, "{} {command}: {answer}", target.display());
        }
        let file = json!({ "file_path": target.join("x.txt"), "content": "" });
        let who = json!({ "agent_id": "a1", "agent_type": EXECUTOR });
        let answer = session.tool("Write", file, &who);
        assert_eq!(decision(&answer).0, expected, "{}: {answer}", target.display());
        fs::remove_file(&worktree).unwrap();
    }
}
