//! `ctx worktree setup`: any number, from any place, again and again.

use std::fs;

use crate::support::repo::{Repo, document, three_tasks, write};

#[test]
fn every_ready_task_gets_a_worktree_and_a_branch() {
    let repo = Repo::with_plan(&three_tasks());
    let rows = repo.json(&["worktree", "setup"]);
    let results: Vec<(&str, &str)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["task"].as_str().unwrap(), row["result"].as_str().unwrap()))
        .collect();
    assert_eq!(results, [("task-0", "created"), ("task-1", "created"), ("task-2", "skipped")]);
    for task in ["task-0", "task-1"] {
        assert_eq!(
            repo.git_in(&repo.worktree(task), &["symbolic-ref", "HEAD"]),
            format!("refs/heads/feature/{task}")
        );
        assert_eq!(repo.git_in(&repo.worktree(task), &["status", "--porcelain"]), "");
    }
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert!(!repo.git(&["worktree", "list", "--porcelain"]).contains("locked"));
    // Again: nothing changes.
    let refs = repo.git(&["for-each-ref"]);
    assert_eq!(repo.json(&["worktree", "setup"])[0]["result"], "exists");
    assert_eq!(repo.git(&["for-each-ref"]), refs);
}

#[test]
fn sixteen_processes_at_once_make_each_worktree_once() {
    let ids: Vec<String> = (0..8).map(|n| format!("t{n}")).collect();
    let tasks: Vec<(&str, &[&str])> = ids.iter().map(|id| (id.as_str(), &[][..])).collect();
    let repo = Repo::with_plan(&document("Eight", &tasks));
    let created: usize = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..16).map(|_| scope.spawn(|| repo.json(&["worktree", "setup"]))).collect();
        let count = |rows: serde_json::Value| {
            rows.as_array().unwrap().iter().filter(|row| row["result"] == "created").count()
        };
        runs.into_iter().map(|run| count(run.join().unwrap())).sum()
    });
    assert_eq!(created, 8);
    for id in &ids {
        assert_eq!(repo.git_in(&repo.worktree(id), &["status", "--porcelain"]), "");
    }
}

#[test]
fn env_files_are_copied_only_where_git_ignores_them() {
    let repo = Repo::new();
    repo.write(".gitignore", ".env\n.env.local\n");
    repo.commit("ignore");
    repo.write(".env", "KEY=1\n");
    repo.write(".env.local", "KEY=2\n");
    repo.write(".env.shared", "KEY=3\n");
    std::os::unix::fs::symlink("/etc/passwd", repo.path.join(".env.link")).unwrap();
    repo.create_plan(&three_tasks());
    let ran = repo.ctx(&["worktree", "setup", "task-0"]);
    let dir = repo.worktree("task-0");
    assert_eq!(fs::read_to_string(dir.join(".env")).unwrap(), "KEY=1\n");
    assert!(dir.join(".env.local").exists());
    assert!(!dir.join(".env.shared").exists() && !dir.join(".env.link").exists());
    assert!(ran.stderr.contains("`.env.shared` is not copied for `task-0`: git does not ignore it there"));
    assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "");
}

#[test]
fn a_folder_in_the_way_stops_one_task() {
    let repo = Repo::with_plan(&three_tasks());
    write(&repo.worktree("task-0").join("mine.txt"), "mine\n");
    let out = repo.ctx(&["worktree", "setup"]).fails(1);
    assert!(out.contains("worktrees/task-0` exists and is not a worktree"), "{out}");
    assert_eq!(fs::read_to_string(repo.worktree("task-0").join("mine.txt")).unwrap(), "mine\n");
    assert!(repo.worktree("task-1").join("README.md").exists());
    assert_eq!(repo.git(&["branch", "--list", "feature/task-0"]), "");
}

#[test]
fn a_folder_that_was_removed_by_hand_comes_back_with_its_commits() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("task-0", "task-0.txt", "zero\n");
    repo.ctx(&["task", "retry", "task-0"]);
    repo.ctx(&["task", "start", "task-1"]).ok();
    let tip = repo.commit_in(&repo.worktree("task-1"), "feat: one");
    fs::remove_dir_all(repo.worktree("task-1")).unwrap();
    repo.ctx(&["worktree", "setup", "task-1"]).ok();
    assert_eq!(repo.git_in(&repo.worktree("task-1"), &["rev-parse", "HEAD"]), tip);
    assert_eq!(repo.git_in(&repo.worktree("task-1"), &["status", "--porcelain"]), "");
}

#[test]
fn another_root_and_other_branch_names_work() {
    let repo = Repo::new();
    write(
        &repo.home().join(".claude/ctx.yaml"),
        "worktrees: { root: '../{repo}-worktrees/{plan}', branch: 'agents/{plan}/{task}' }\n",
    );
    let plan = repo.create_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    let dir = repo.root().join("repo-worktrees").join(&plan).join("task-0");
    assert_eq!(repo.ctx(&["worktree", "path", "task-0"]).ok().trim_end(), dir.to_str().unwrap());
    assert_eq!(repo.git_in(&dir, &["branch", "--show-current"]), format!("agents/{plan}/task-0"));
    repo.ctx_in(&dir, &["task", "start", "task-0"]).ok();
}

#[test]
fn a_repository_cannot_put_worktrees_outside() {
    let repo = Repo::new();
    repo.write(".claude/auto-context.yaml", "worktrees: { root: ../elsewhere }\n");
    repo.create_plan_fails();
}

impl Repo {
    #[track_caller]
    fn create_plan_fails(&self) {
        let out = self.ctx_stdin(&["plan", "create"], &three_tasks()).fails(2);
        assert!(out.contains("lies outside the repository"), "{out}");
        assert!(!self.path.join(".parallel").exists());
    }
}

#[test]
fn one_wave_can_be_set_up() {
    let repo = Repo::with_plan(&three_tasks());
    let rows = repo.json(&["worktree", "setup", "--wave", "1"]);
    assert_eq!(rows.as_array().unwrap().len(), 2);
    let out = repo.ctx(&["worktree", "setup", "--wave", "9"]).fails(1);
    assert!(out.contains("there is no wave 9; the plan has 2"), "{out}");
}

#[test]
fn a_missing_worktree_that_somebody_locked_is_left_alone() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup", "task-0"]).ok();
    let dir = repo.worktree("task-0");
    repo.git(&["worktree", "lock", "--reason", "on another disk", dir.to_str().unwrap()]);
    fs::rename(&dir, repo.root().join("away")).unwrap();
    let out = repo.ctx(&["worktree", "setup", "task-0"]).fails(1);
    assert!(out.contains("is missing and locked") && out.contains("git worktree unlock"), "{out}");
    assert!(out.contains("hint: move it back with `mv "), "{out}");
    fs::rename(repo.root().join("away"), &dir).unwrap();
    assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "");
}

#[test]
fn worktrees_are_listed_by_the_numbers_in_their_names() {
    let ids = ["task-10", "task-2", "b", "task-1", "a-2-b", "a-10-b", "task-99999999999999999999999"];
    let tasks: Vec<(&str, &[&str])> = ids.iter().map(|id| (*id, &[][..])).collect();
    let repo = Repo::with_plan(&document("Numbers", &tasks));
    repo.ctx(&["worktree", "setup"]).ok();
    let rows = repo.json(&["worktree", "list"]);
    let listed: Vec<&str> =
        rows.as_array().unwrap().iter().map(|row| row["task"].as_str().unwrap()).collect();
    let sorted = ["a-2-b", "a-10-b", "b", "task-1", "task-2", "task-10", "task-99999999999999999999999"];
    assert_eq!(listed, sorted);
}
