//! `ctx status`: the next command is one that a person should run now.

use crate::support::repo::{Repo, document, run, three_tasks};

fn next(repo: &Repo) -> String {
    repo.json(&["status"])["next"].as_str().unwrap().to_owned()
}

/// Takes a task as a session of the client does.
fn start_in_session(repo: &Repo, task: &str) {
    let mut start = repo.command(crate::support::repo::CTX, &repo.path);
    run(start.args(["task", "start", task]).env("CLAUDE_CODE_SESSION_ID", "session")).ok();
}

#[test]
fn while_agents_run_the_next_thing_is_to_wait() {
    let repo = Repo::with_plan(&three_tasks());
    assert_eq!(next(&repo), "`ctx worktree setup`, then `/ctx:execute` in Claude Code");
    repo.ctx(&["worktree", "setup"]).ok();
    start_in_session(&repo, "task-1");
    assert_eq!(next(&repo), "wait for task-1");
    repo.work("task-0", "a.txt", "x\n");
    assert_eq!(next(&repo), "wait for task-1, then `ctx merge`");
    repo.ctx(&["task", "fail", "task-1"]).ok();
    assert_eq!(next(&repo), "`ctx merge`");
}

#[test]
fn work_in_a_terminal_holds_nothing_up() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo.ctx(&["task", "start", "task-1"]).ok();
    assert_eq!(next(&repo), "`/ctx:execute` in Claude Code");
    repo.work("task-0", "a.txt", "x\n");
    assert_eq!(next(&repo), "`ctx merge`");
}

#[test]
fn many_tasks_that_run_are_counted() {
    let ids: Vec<String> = (0..9).map(|n| format!("t{n}")).collect();
    let tasks: Vec<(&str, &[&str])> = ids.iter().map(|id| (id.as_str(), &[][..])).collect();
    let repo = Repo::with_plan(&document("Nine", &tasks));
    repo.ctx(&["worktree", "setup"]).ok();
    for id in &ids[..4] {
        start_in_session(&repo, id);
    }
    assert_eq!(next(&repo), "wait for t0, t1, t2 and 1 more");
    start_in_session(&repo, "t4");
    assert_eq!(next(&repo), "wait for t0, t1, t2 and 2 more");
}
