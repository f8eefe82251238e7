//! `ctx approve explain`: for the main session, for the agent whose worktree it is, and for any task's agent.

use serde_json::json;

use crate::support::repo::{Repo, three_tasks};

#[test]
fn a_command_is_explained_as_for_the_agent_of_a_task() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    let tree = repo.worktree("task-0").canonicalize().unwrap();
    // It has not begun: what its agent may do is known nevertheless.
    let out = repo.ctx(&["approve", "explain", "--task", "task-0", "rm a.txt && ls"]).ok();
    let tree_text = tree.to_str().unwrap();
    assert_eq!(
        out.replace(tree_text, "TREE"),
        "for the agent of `task-0` in TREE\nrm a.txt\n  removes TREE/a.txt\nls\n  reads TREE/.\n\
         allow: every effect stays in the worktree and branch of `task-0`\n"
    );
    let explained = repo.json(&["approve", "explain", "--task", "task-0", "rm ../task-1/b.txt"]);
    assert_eq!(explained["decision"], "deny");
    assert_eq!(explained["task"], "task-0");
    assert_eq!(explained["worktree"], json!(tree));
    assert_eq!(explained["cwd"], json!(tree));
    assert_eq!(
        explained["commands"],
        json!([{ "command": "rm ../task-1/b.txt", "effects": [format!("removes {tree_text}/../task-1/b.txt")] }])
    );
    let elsewhere = repo.json(&["approve", "explain", "--task", "task-0", "--cwd", "worktrees/task-1", "ls"]);
    assert_eq!(elsewhere["cwd"], json!(repo.path.join("worktrees/task-1")));
    // The explanation changes nothing.
    assert_eq!(repo.json(&["task", "list"])[0]["status"], "pending");
}

#[test]
fn without_a_task_it_is_the_main_session_and_the_way_to_an_agent_is_named() {
    let repo = Repo::with_plan(&three_tasks());
    let ran = repo.ctx(&["approve", "explain", "ls"]);
    assert_eq!(
        ran.stdout,
        "for the main session\nnone: Claude Code decides about the main session's calls as usual\n"
    );
    assert_eq!(ran.stderr, "hint: what an agent may do: `ctx approve explain --task ID 'COMMAND'`\n");
    let explained = repo.json(&["approve", "explain", "ls"]);
    assert_eq!((&explained["task"], &explained["commands"]), (&json!(null), &json!([])));
    repo.ctx(&["worktree", "setup"]).ok();
    repo.ctx(&["task", "start", "task-1"]).ok();
    let own = repo.ctx_in(&repo.worktree("task-1"), &["approve", "explain", "ls"]).ok();
    assert!(own.starts_with("for the agent of `task-1` in "), "{own}");
}

#[test]
fn a_task_without_a_worktree_has_no_agent() {
    let repo = Repo::with_plan(&three_tasks());
    let out = repo.ctx(&["approve", "explain", "--task", "task-0", "ls"]).fails(1);
    assert_eq!(out, "error: `task-0` has no worktree\nhint: make it with `ctx worktree setup task-0`\n");
    let out = repo.ctx(&["approve", "explain", "--task", "tsak-0", "ls"]).fails(1);
    assert!(out.contains("did you mean `task-0`?"), "{out}");
}
