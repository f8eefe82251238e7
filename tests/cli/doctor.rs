//! `ctx doctor`: what is wrong with worktrees, with the evidence; `--fix` mends it.

use std::fs;

use crate::support::repo::{Ran, Repo, run, three_tasks, write};

/// The findings on worktrees that are errors.
fn errors(ran: &Ran) -> Vec<String> {
    let findings: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let on_worktrees = |row: &&serde_json::Value| row["check"] == "worktrees" && row["level"] == "error";
    let fact = |row: &serde_json::Value| row["fact"].as_str().unwrap().split(':').next().unwrap().to_owned();
    findings.as_array().unwrap().iter().filter(on_worktrees).map(fact).collect()
}

#[test]
fn a_folder_that_is_gone_is_made_again_only_when_asked() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    let tip = repo.commit_in(&repo.worktree("task-0"), "feat: work");
    fs::remove_dir_all(repo.worktree("task-0")).unwrap();
    let doctor = repo.ctx(&["doctor", "--json"]);
    assert_eq!((doctor.code, errors(&doctor)), (1, vec!["the folder of `task-0` is gone".to_owned()]));
    assert!(!repo.worktree("task-0").exists());
    let fixed = repo.ctx(&["doctor", "--json", "--fix"]);
    assert_eq!((fixed.code, errors(&fixed)), (0, vec![]), "{}", fixed.stderr);
    assert!(fixed.stderr.contains("mended: the folder of `task-0` is gone"), "{}", fixed.stderr);
    assert_eq!(repo.git_in(&repo.worktree("task-0"), &["rev-parse", "HEAD"]), tip);
}

#[test]
fn worktrees_of_a_moved_repository_are_found_again() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    write(&repo.worktree("task-0").join("note.txt"), "mine\n");
    let moved = repo.root().join("elsewhere");
    fs::rename(&repo.path, &moved).unwrap();
    let doctor = repo.ctx_in(&moved, &["doctor", "--json"]);
    assert_eq!(
        errors(&doctor),
        ["the worktree of `task-0` was moved", "the worktree of `task-1` was moved"],
        "{}",
        doctor.stdout
    );
    let fixed = repo.ctx_in(&moved, &["doctor", "--json", "--fix"]);
    assert_eq!((fixed.code, errors(&fixed)), (0, vec![]), "{}", fixed.stdout);
    let dir = moved.join("worktrees/task-0");
    let path = repo.ctx_in(&moved, &["worktree", "path", "task-0"]).ok();
    assert_eq!(path.trim_end(), dir.to_str().unwrap());
    let status = run(repo.command("git", &dir).args(["status", "--porcelain"])).ok();
    assert_eq!(status, "?? note.txt\n");
}

#[test]
fn what_was_cut_short_is_named_with_the_command_that_finishes_it() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("task-0", "task-0.txt", "x\n");
    let cleanup = ["cleanup", "--include-unmerged"];
    run(repo
        .command(crate::support::repo::CTX, &repo.path)
        .args(cleanup)
        .env("CTX_KILL_AT", "remove-branch"));
    let doctor = repo.ctx(&["doctor"]).fails(1);
    assert!(doctor.contains("a command was cut short; run `ctx cleanup`"), "{doctor}");
    repo.ctx(&cleanup).ok();
    repo.ctx(&["doctor"]).ok();
}
