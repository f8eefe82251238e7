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
    assert!(
        fixed.stderr.contains("mended: the folder of `task-0` was gone; made again from `feature/task-0`"),
        "{}",
        fixed.stderr
    );
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

#[test]
fn git_locks_that_nobody_holds_are_found_and_removed_when_asked() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    let old = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
    let locks =
        [".git/worktrees/task-0/index.lock", ".git/refs/heads/feature/task-1.lock", ".git/packed-refs.lock"];
    for lock in locks {
        let file = fs::File::create(repo.path.join(lock)).unwrap();
        file.set_modified(old).unwrap();
    }
    // A git at work in this repository may hold them.
    let mut git = repo.command("git", &repo.worktree("task-1"));
    let mut git = git.args(["cat-file", "--batch"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    assert!(!repo.ctx(&["doctor"]).stdout.contains("git's lock"));
    git.kill().unwrap();
    git.wait().unwrap();
    let doctor = repo.ctx(&["doctor"]).fails(1);
    for lock in locks {
        assert!(doctor.contains(&format!("{lock}` has been there for 6")), "{lock}: {doctor}");
    }
    assert!(repo.path.join(locks[0]).exists());
    let fixed = repo.ctx(&["doctor", "--fix"]);
    assert_eq!(fixed.code, 0, "{}", fixed.stdout);
    assert!(locks.iter().all(|lock| !repo.path.join(lock).exists()));
}

#[test]
fn a_lease_and_a_task_whose_process_is_gone_are_named() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["pool", "init", "1"]).ok();
    // The shell that leases is gone when its command has ended.
    let ctx = crate::support::repo::CTX;
    run(repo.command("sh", &repo.path).args(["-c", &format!("{ctx} pool acquire task-0; true")])).ok();
    let health = repo.ctx(&["pool", "health"]);
    assert_eq!(health.code, 0, "it may still be in use: {}", health.stdout);
    assert!(health.stdout.contains("that leased `slot.1` for `task-0` is gone"), "{}", health.stdout);
    assert!(health.stdout.contains("run `ctx pool release slot.1`"), "{}", health.stdout);
    assert_eq!(repo.json(&["pool", "status"])[0]["dead"], true);
}
