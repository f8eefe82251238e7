//! Merging and cleaning up where something is odd: squashed elsewhere, unrelated, a broken plan, hostile names.

use std::fs;

use crate::support::repo::{Repo, document, three_tasks, write};

fn row(repo: &Repo, task: &str) -> serde_json::Value {
    let rows = repo.json(&["task", "list"]);
    rows.as_array().unwrap().iter().find(|row| row["id"] == task).unwrap().clone()
}

#[test]
fn squashed_and_picked_work_counts_as_landed_at_once() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("task-0", "task-0.txt", "zero\n");
    repo.work("task-1", "task-1.txt", "one\n");
    repo.git(&["merge", "--quiet", "--squash", "feature/task-0"]);
    repo.commit("squashed");
    repo.git(&["cherry-pick", "feature/task-1"]);
    for task in ["task-0", "task-1"] {
        assert_eq!(row(&repo, task)["landed"], true, "{task}");
    }
    assert_eq!(row(&repo, "task-2")["ready"], true);
    let before = repo.git(&["rev-parse", "main"]);
    assert!(repo.ctx(&["merge"]).ok().contains("nothing to merge"));
    assert_eq!(repo.git(&["rev-parse", "main"]), before);
    // And stays so when the branch is gone, whoever removed it.
    repo.ctx(&["cleanup"]).ok();
    assert_eq!(row(&repo, "task-0")["landed"], true);
}

#[test]
fn an_unrelated_branch_is_left_out_alone() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("task-0", "task-0.txt", "zero\n");
    repo.work("task-1", "task-1.txt", "one\n");
    let dir = repo.worktree("task-1");
    repo.git_in(&dir, &["checkout", "--quiet", "--orphan", "alone"]);
    repo.commit_in(&dir, "alone");
    repo.git_in(&dir, &["branch", "-f", "feature/task-1"]);
    repo.git_in(&dir, &["switch", "--quiet", "feature/task-1"]);
    repo.ctx(&["status"]).ok();
    let out = repo.ctx(&["merge"]).fails(1);
    assert!(out.contains("merged `feature/task-0`"), "{out}");
    assert!(out.contains("left out `task-1`: `feature/task-1` has no commit in common"), "{out}");
}

#[test]
fn a_plan_with_errors_keeps_its_own_worktrees_only() {
    let repo = Repo::with_plan(&document("Old", &[("old", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("old", "old.txt", "old\n");
    repo.ctx(&["merge"]).ok();
    let broken = repo.create_plan(&document("Broken", &[("b", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    fs::write(repo.path.join(".parallel/plans").join(&broken).join("plan.yaml"), "tasks: [").unwrap();
    let out = repo.ctx(&["cleanup"]).ok();
    assert!(out.contains("removed `") && out.contains("kept `b`: its plan has errors"), "{out}");
    assert!(!repo.worktree("old").exists() && repo.worktree("b").exists());
}

#[test]
fn control_characters_of_names_do_not_reach_the_terminal() {
    let repo = Repo::with_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    write(&repo.worktree("t").join("a\u{1b}[2Jb\nc"), "x\n");
    let out = repo.ctx(&["cleanup", "--include-unmerged"]).ok();
    assert!(out.contains(r"`a\u{1b}[2Jb\nc`") && !out.contains('\u{1b}'), "{out:?}");
}

#[test]
fn a_merge_of_nothing_leaves_no_trace() {
    let repo = Repo::with_plan(&document("One", &[("t", &[])]));
    assert!(repo.ctx(&["merge"]).ok().contains("nothing to merge"));
    assert!(!repo.path.join(".git/ctx/merge.lock").exists());
}

#[test]
fn the_trash_of_every_plan_is_emptied() {
    let repo = Repo::new();
    write(&repo.home().join(".claude/ctx.yaml"), "worktrees: { root: '../wt/{plan}' }\n");
    let plan = repo.create_plan(&document("One", &[("t", &[])]));
    let old = write(&repo.root().join("wt").join(&plan).join(".trash/20260101-000000-t/run.log"), "old\n");
    let ran = repo.ctx(&["cleanup"]);
    assert!(ran.stderr.contains("was in the trash for 30 days; removed"), "{}", ran.stderr);
    assert!(!old.exists());
}

#[test]
fn what_landed_goes_by_itself_where_that_is_set() {
    let repo = Repo::new();
    repo.write(".claude/auto-context.yaml", "parallelization: { auto_cleanup: true }\n");
    repo.create_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("task-0", "task-0.txt", "zero\n");
    let ran = repo.ctx(&["merge"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("1 removed, 0 kept; `ctx undo`"), "{}", ran.stderr);
    assert!(!repo.worktree("task-0").exists() && repo.worktree("task-1").exists());
    assert_eq!(row(&repo, "task-0")["landed"], true);
}
