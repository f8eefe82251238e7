//! What `ctx worktree setup` says about tasks under way.

use crate::support::repo::{CTX, Repo, document, run, three_tasks};

const SETUP: &[&str] = &["worktree", "setup"];

/// Starts a task in a session of a client that is gone when this returns.
fn interrupted(repo: &Repo, task: &str) {
    // The process that `ctx` takes for the client is the nearest one called `claude`.
    let claude = repo.root().join("claude");
    let script = format!("#!/bin/sh\n{CTX} task start {task}\ntrue\n");
    crate::support::repo::write(&claude, &script);
    std::fs::set_permissions(&claude, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    run(repo.command(claude.to_str().unwrap(), &repo.path).env("CLAUDE_CODE_SESSION_ID", "gone")).ok();
}

#[test]
fn interrupted_and_running_tasks_are_told_from_ready_ones() {
    let repo = Repo::with_plan(&document("Three", &[("a", &[]), ("b", &[]), ("c", &[])]));
    repo.ctx(SETUP).ok();
    interrupted(&repo, "a");
    run(repo.command(CTX, &repo.path).args(["task", "start", "b"]).env("CLAUDE_CODE_SESSION_ID", "s1")).ok();
    let rows = repo.json(SETUP);
    let words = |key: &str| -> Vec<String> {
        rows.as_array().unwrap().iter().map(|row| row[key].to_string().replace('"', "")).collect()
    };
    assert_eq!(words("result"), ["interrupted", "running", "exists"]);
    assert_eq!(words("state"), ["interrupted", "running", "ready"]);
    assert_eq!(words("session"), ["gone", "s1", "null"]);
    assert_eq!(words("next"), ["ctx task retry a", "null", "ctx task start c"]);
    let text = repo.ctx(SETUP).ok().replace(repo.path.to_str().unwrap(), "REPO");
    insta::assert_snapshot!(text, @"
    task                         worktree
    a     interrupted            REPO/worktrees/a
    b     running in session s1  REPO/worktrees/b
    c     exists                 REPO/worktrees/c
    next: `ctx task retry a`: it was interrupted, its work is kept
    next: start `c`
    ");
    repo.ctx(&["task", "retry", "a"]).ok();
    assert!(repo.ctx(SETUP).ok().contains("next: start `a`, `c`"));
}

#[test]
fn what_has_nothing_to_do_is_one_line() {
    let ids: Vec<String> = (0..20).map(|n| format!("t{n}")).collect();
    let tasks: Vec<(&str, &[&str])> = ids
        .iter()
        .enumerate()
        .map(|(n, id)| (id.as_str(), if n < 12 { &[][..] } else { &["t11"][..] }))
        .collect();
    let repo = Repo::with_plan(&document("Twenty", &tasks));
    for id in ids.iter().take(9) {
        repo.ctx(&["task", "done", id]).ok();
    }
    let text = repo.ctx(SETUP).ok().replace(repo.path.to_str().unwrap(), "REPO");
    insta::assert_snapshot!(text, @"
    task           worktree
    t9    created  REPO/worktrees/t9
    t10   created  REPO/worktrees/t10
    t11   created  REPO/worktrees/t11
    8 tasks wait for others: `t12`, `t13`, `t14`, `t15`, `t16` and 3 more
    9 completed and landed: nothing to do
    next: start `t9`, `t10`, `t11`
    ");
}

#[test]
fn completed_tasks_are_to_be_merged_first() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(SETUP).ok();
    repo.work("task-0", "task-0.txt", "x\n");
    let text = repo.ctx(SETUP).ok().replace(repo.path.to_str().unwrap(), "REPO");
    insta::assert_snapshot!(text, @"
    task             worktree
    task-1  exists   REPO/worktrees/task-1
    task-2  skipped  waits for `task-0`: not landed yet
    1 completed, 0 landed: nothing to set up
    next: `ctx merge`: `task-0` completed and not landed
    next: start `task-1`
    ");
}

#[test]
fn the_same_error_is_said_once() {
    let repo = Repo::new();
    crate::support::repo::write(&repo.home().join(".claude/ctx.yaml"), "worktrees: { setup: 'a > b' }\n");
    repo.create_plan(&document("Three", &[("a", &[]), ("b", &[]), ("c", &[]), ("d", &[])]));
    let ran = repo.ctx(SETUP);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.stderr.matches("would need a shell").count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("error: 4 tasks: `worktrees.setup`"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("would need a shell"), "{}", ran.stdout);
    // What was ready before stays so.
    let settings = repo.home().join(".claude/ctx.yaml");
    crate::support::repo::write(&settings, "worktrees: { setup: false }\n");
    repo.ctx(SETUP).ok();
    crate::support::repo::write(&settings, "worktrees: { setup: 'a > b' }\n");
    let ran = repo.ctx(SETUP);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("note: 4 worktrees: `worktrees.setup`").count(), 1, "{}", ran.stderr);
}

#[test]
fn a_set_up_command_that_never_ran_runs_once_it_is_accepted() {
    let repo = Repo::new();
    repo.write(".gitignore", "ran\n");
    repo.write(".claude/auto-context.yaml", "worktrees: { setup: touch ran }\n");
    repo.commit("settings");
    repo.create_plan(&document("Two", &[("idle", &[]), ("busy", &[])]));
    repo.ctx(SETUP).ok();
    repo.ctx(&["task", "start", "busy"]).ok();
    repo.ctx(&["accept"]).ok();
    let ran = repo.ctx(SETUP);
    assert!(ran.stdout.contains("idle  prepared"), "{}", ran.stdout);
    assert!(ran.stderr.contains("set-up: `touch ran` in 1 worktree"), "{}", ran.stderr);
    assert!(ran.stderr.contains("note: `busy`: `touch ran` has not run in it"), "{}", ran.stderr);
    let made = |task: &str| repo.worktree(task).join("ran").exists();
    assert!(made("idle") && !made("busy"));
    // Once.
    std::fs::remove_file(repo.worktree("idle").join("ran")).unwrap();
    assert!(repo.ctx(&["worktree", "setup", "idle"]).ok().contains("exists") && !made("idle"));
    repo.ctx(&["task", "retry", "busy"]).ok();
    repo.ctx(SETUP).ok();
    assert!(made("busy"));
    let out = repo.ctx(&["cleanup", "--include-unmerged"]).ok();
    assert!(!out.contains("ignored files"), "{out}");
}

#[test]
fn what_conflicts_is_resolved_before_it_is_merged_again() {
    let repo = Repo::with_plan(&document("Two", &[("a", &[]), ("b", &[])]));
    repo.ctx(SETUP).ok();
    repo.work("a", "src/a.txt", "by the task\n");
    repo.write("src/a.txt", "by a person\n");
    repo.commit("a change");
    repo.ctx(&["merge"]).fails(3);
    let text = repo.ctx(SETUP).ok().replace(repo.path.to_str().unwrap(), "REPO");
    insta::assert_snapshot!(text, @"
    task            worktree
    a     conflict  conflicts with `main` in `src/a.txt`
    b     exists    REPO/worktrees/b
    next: `ctx worktree sync a`, which says what to resolve
    next: start `b`
    ");
    let rows = repo.json(SETUP);
    let row = rows.as_array().unwrap().iter().find(|row| row["task"] == "a").unwrap();
    assert_eq!((&row["state"], &row["next"]), (&"conflict".into(), &"ctx worktree sync a".into()));
    // A new commit of either side says nothing of it any more.
    repo.write("other.txt", "x\n");
    repo.commit("another change");
    assert!(repo.ctx(SETUP).ok().contains("next: `ctx merge`: `a` completed and not landed"));
}

#[test]
fn more_than_can_work_at_once_are_started_in_turn() {
    let ids = ["a", "b", "c", "d", "e", "f", "g"];
    let tasks: Vec<(&str, &[&str])> = ids.iter().map(|id| (*id, &[][..])).collect();
    let repo = Repo::with_plan(&document("Seven", &tasks));
    let text = repo.ctx(SETUP).ok();
    assert!(text.ends_with("next: start `a`, `b`, `c`, `d`, `e`, `f`, `g`, 5 at a time\n"), "{text}");
}
