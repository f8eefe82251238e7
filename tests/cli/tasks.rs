//! `ctx task`: statuses, claims, and what may become what.

use std::fs;

use crate::support::repo::{Repo, run, three_tasks, write};

fn task_file(repo: &Repo, plan: &str, task: &str) -> String {
    repo.read(&format!(".parallel/plans/{plan}/tasks/{task}.md"))
}

#[test]
fn a_change_of_status_rewrites_one_line() {
    let repo = Repo::new();
    let plan = repo.create_plan(&three_tasks());
    let before = task_file(&repo, &plan, "task-0");
    repo.ctx(&["task", "start", "task-0"]).ok();
    let after = task_file(&repo, &plan, "task-0");
    assert_eq!(before.replace("status: pending\n", "status: in_progress\n"), after);
}

#[test]
fn fifty_writers_lose_nothing() {
    let ids: Vec<String> = (0..50).map(|n| format!("t{n}")).collect();
    let tasks: Vec<(&str, &[&str])> = ids.iter().map(|id| (id.as_str(), &[][..])).collect();
    let repo = Repo::with_plan(&crate::support::repo::document("Fifty", &tasks));
    std::thread::scope(|scope| {
        for id in &ids {
            scope.spawn(|| repo.ctx(&["task", "block", id, "--reason", id]).ok());
        }
    });
    let rows = repo.json(&["task", "list"]);
    for (row, id) in rows.as_array().unwrap().iter().zip(&ids) {
        assert_eq!((row["status"].as_str(), row["reason"].as_str()), (Some("blocked"), Some(id.as_str())));
    }
    let journal = fs::read_to_string(repo.path.join(".git/ctx/journal.jsonl")).unwrap();
    assert_eq!(journal.lines().filter(|line| line.contains(r#""event":"status""#)).count(), 50);
}

#[test]
fn fifty_writers_of_one_task_leave_one_status() {
    let repo = Repo::new();
    let plan = repo.create_plan(&three_tasks());
    let before = task_file(&repo, &plan, "task-1");
    std::thread::scope(|scope| {
        for n in 0..50 {
            let verb = ["start", "retry", "fail", "done", "retry"][n % 5];
            let repo = &repo;
            scope.spawn(move || repo.ctx(&["task", verb, "task-1"]));
        }
    });
    let after = task_file(&repo, &plan, "task-1");
    let status = after.lines().find(|line| line.starts_with("status: ")).unwrap();
    assert_eq!(before.replace("status: pending", status), after);
    repo.ctx(&["plan", "validate"]).ok();
}

/// A task that was brought to `from`, asked for `verb`: its status afterwards, or the error.
#[track_caller]
fn check(from: &[&str], verb: &str, expected: &str) {
    let repo = Repo::with_plan(&three_tasks());
    for verb in from {
        repo.ctx(&[&["task", verb, "task-0"][..], reason(verb)].concat()).ok();
    }
    let ran = repo.ctx(&[&["task", verb, "task-0"][..], reason(verb)].concat());
    let shown = repo.json(&["task", "show", "task-0"])["status"].as_str().unwrap().to_owned();
    let answer = if ran.code == 0 { shown } else { ran.stderr.lines().next().unwrap().to_owned() };
    assert_eq!(answer, expected, "{from:?} {verb}");
}

fn reason(verb: &str) -> &'static [&'static str] {
    if verb == "block" { &["--reason", "why"] } else { &[] }
}

#[test]
fn which_status_may_become_which() {
    check(&[], "start", "in_progress");
    check(&["start"], "start", "in_progress");
    check(&["block"], "start", "in_progress");
    check(&["fail"], "start", "error: cannot start `task-0`: it is failed");
    check(&["done"], "start", "error: cannot start `task-0`: it is completed");
    check(&[], "submit", "error: `task-0` has no worktree");
    check(&[], "done", "completed");
    check(&["done"], "done", "completed");
    check(&["fail"], "done", "completed");
    check(&[], "block", "blocked");
    check(&["start"], "block", "blocked");
    check(&["done"], "block", "error: cannot block `task-0`: it is completed");
    check(&["fail"], "block", "error: cannot block `task-0`: it is failed");
    check(&["start"], "fail", "failed");
    check(&["done"], "fail", "error: cannot fail `task-0`: it is completed");
    check(&["fail"], "retry", "pending");
    check(&["start"], "retry", "pending");
    check(&["block"], "retry", "pending");
    check(&["done"], "retry", "error: cannot retry `task-0`: it is completed");
}

#[test]
fn a_task_that_waits_cannot_be_started() {
    let repo = Repo::with_plan(&three_tasks());
    let out = repo.ctx(&["task", "start", "task-2"]).fails(1);
    assert_eq!(
        out,
        "error: `task-2` waits for `task-0`: not landed yet\n\
         hint: complete them, run `ctx merge`, then start this one\n"
    );
}

#[test]
fn handing_in_takes_a_clean_worktree_with_commits() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    let dir = repo.worktree("task-0");
    repo.ctx_in(&dir, &["task", "start", "task-0"]).ok();
    let out = repo.ctx_in(&dir, &["task", "submit", "task-0"]).fails(1);
    assert!(out.contains("`feature/task-0` has no commit of `task-0`"), "{out}");
    write(&dir.join("new.txt"), "new\n");
    let out = repo.ctx_in(&dir, &["task", "submit", "task-0"]).fails(1);
    assert!(out.contains("uncommitted files: `new.txt`") && out.contains("ctx commit -m"), "{out}");
    repo.ctx_in(&dir, &["commit", "-m", "feat: new"]).ok();
    assert_eq!(repo.ctx_in(&dir, &["task", "submit", "task-0"]).ok(), "`task-0`: in_progress -> completed\n");
}

#[test]
fn two_sessions_do_not_run_one_task() {
    let repo = Repo::with_plan(&three_tasks());
    let in_session = |session: &str, verb: &str| {
        let mut command = repo.command(crate::support::repo::CTX, &repo.path);
        run(command.args(["task", verb, "task-0"]).env("CLAUDE_CODE_SESSION_ID", session))
    };
    in_session("one", "start").ok();
    in_session("one", "start").ok();
    for verb in ["start", "retry", "done", "fail"] {
        let out = in_session("two", verb).fails(1);
        assert!(out.contains("session one works on `task-0`"), "{verb}: {out}");
    }
    // A person in a terminal may decide over any task.
    repo.ctx(&["task", "retry", "task-0"]).ok();
    in_session("two", "start").ok();
}

#[test]
fn a_task_whose_client_is_gone_is_interrupted_and_can_be_freed() {
    let repo = Repo::with_plan(&three_tasks());
    // A real process of that name which starts `ctx` and is then gone.
    let client = repo.root().join("claude");
    fs::copy("/bin/sh", &client).unwrap();
    let script = format!("'{}' task start task-0; true", crate::support::repo::CTX);
    let mut command = repo.command(client.to_str().unwrap(), &repo.path);
    run(command.args(["-c", &script]).env("CLAUDE_CODE_SESSION_ID", "dead")).ok();
    assert_eq!(repo.json(&["status"])["tasks"][0]["interrupted"], true);
    let mut other = repo.command(crate::support::repo::CTX, &repo.path);
    let out = run(other.args(["task", "start", "task-0"]).env("CLAUDE_CODE_SESSION_ID", "two")).fails(1);
    assert!(out.contains("hint: free it with `ctx task retry task-0`"), "{out}");
    let mut other = repo.command(crate::support::repo::CTX, &repo.path);
    run(other.args(["task", "retry", "task-0"]).env("CLAUDE_CODE_SESSION_ID", "two")).ok();
}

#[test]
fn verbs_work_from_any_worktree_and_folder() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    let inside = repo.worktree("task-1").join("src");
    repo.ctx_in(&inside, &["task", "start", "task-0"]).ok();
    repo.ctx_in(&repo.path.join("src"), &["task", "block", "task-0", "--reason", "what now?"]).ok();
    let list = repo.ctx_in(&inside, &["task", "list"]).ok();
    assert!(list.contains("blocked") && list.contains("what now?"), "{list}");
}

#[test]
fn a_task_shows_what_its_agent_needs() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    let dir = repo.worktree("task-0");
    let shown = repo.ctx_in(&dir, &["task", "show"]).ok().replace(dir.to_str().unwrap(), "WT");
    let port = repo.json(&["task", "show", "task-0"])["port"].as_u64().unwrap();
    let shown = shown.replace(&format!("{port} to {}", port + 9), "A to B");
    insta::assert_snapshot!(shown, @"
    task: task-0 (Do task-0)
    status: pending
    worktree: WT
    branch: feature/task-0 (lands on main)
    ports: A to B (set-up has the first as CTX_PORT)
    create: task-0.txt

    # Do task-0

    ## Objective

    Write task-0.txt.

    ## Tests Required

    None.

    ## Acceptance Criteria

    - task-0.txt is there.
    ");
}

#[test]
fn changes_of_a_task_and_commits_can_be_read_by_programs() {
    let repo = Repo::new();
    let plan = repo.create_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    let tree = repo.worktree("task-0");
    let change = |args: &[&str]| repo.json(&[&["task"], args].concat());
    let expected = |from: &str, to: &str| {
        serde_json::json!({
            "task": "task-0", "plan": plan, "from": from, "to": to, "changed": from != to, "worktree": tree,
        })
    };
    assert_eq!(change(&["start", "task-0"]), expected("pending", "in_progress"));
    assert_eq!(change(&["start", "task-0"]), expected("in_progress", "in_progress"));
    assert_eq!(change(&["block", "task-0", "--reason", "why"]), expected("in_progress", "blocked"));
    assert_eq!(change(&["retry", "task-0"]), expected("blocked", "pending"));
    change(&["start", "task-0"]);

    write(&tree.join("a.txt"), "x\n");
    let commit = repo.ctx_in(&tree, &["commit", "-m", "feat: a", "--json"]).ok();
    let commit: serde_json::Value = serde_json::from_str(&commit).unwrap();
    let tip = repo.git_in(&tree, &["rev-parse", "HEAD"]);
    assert_eq!(
        commit,
        serde_json::json!({
            "commit": tip, "branch": "feature/task-0", "task": "task-0", "plan": plan, "pushed": null,
        })
    );
    assert_eq!(change(&["submit", "task-0"]), expected("in_progress", "completed"));
    assert_eq!(repo.json(&["task", "fail", "task-1"])["to"], "failed");
    assert_eq!(
        repo.json(&["task", "done", "task-1"])["worktree"],
        serde_json::json!(repo.worktree("task-1"))
    );
}

#[test]
fn a_person_in_a_terminal_is_told_the_next_command_and_an_agent_is_not() {
    let repo = Repo::with_plan(&three_tasks());
    let check = |args: &[&str], next: &str| {
        let ran = repo.ctx(&[&["task"], args].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, format!("next: {next}\n").as_str()), "{args:?}");
    };
    check(&["start", "task-1"], "`ctx worktree setup task-1`");
    repo.ctx(&["worktree", "setup"]).ok();
    let work =
        "work in that folder, `ctx commit -m \"type: description\"` there, then `ctx task submit task-1`";
    check(&["start", "task-1"], work);
    check(&["block", "task-1", "--reason", "why"], "settle the reason, then `ctx task retry task-1`");
    check(&["retry", "task-1"], "`ctx task start task-1`, or `/ctx:execute` in Claude Code");
    check(&["fail", "task-1"], "`ctx task retry task-1` for another attempt");
    check(&["done", "task-1"], "`ctx merge`");
    let mut start = repo.command(crate::support::repo::CTX, &repo.path);
    let ran = run(start.args(["task", "start", "task-0"]).env("CLAUDE_CODE_SESSION_ID", "session"));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(repo.ctx(&["task", "retry", "task-0", "--json"]).stderr.is_empty());
}
