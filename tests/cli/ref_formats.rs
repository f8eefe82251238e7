//! A whole job where refs are in a reftable (git 2.45 or later), and where object ids are of SHA-256.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::repo::{Repo, document, write};

/// The hook's decision on a command of a session in the worktree.
fn decision(repo: &Repo, dir: &Path, command: &str) -> String {
    let event = json!({ "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": { "command": command }, "cwd": dir });
    let answer: Value = serde_json::from_str(&repo.hook(&event)).unwrap_or_default();
    let of = |key: &str| answer["hookSpecificOutput"][key].as_str().unwrap_or("none").to_owned();
    match of("permissionDecision").as_str() {
        "deny" => of("permissionDecisionReason"),
        other => other.to_owned(),
    }
}

fn whole_job(options: &[&str]) {
    let repo = Repo::formatted(options);
    repo.write("src/a.txt", "one\ntwo\nthree\n");
    repo.commit("start");
    repo.create_plan(&document("Two", &[("task-0", &[]), ("task-1", &[]), ("task-2", &["task-0"])]));
    repo.ctx(&["worktree", "setup"]).ok();
    let dir = repo.worktree("task-0");
    repo.ctx_in(&dir, &["task", "start", "task-0"]).ok();

    write(&dir.join("new.txt"), "x\n");
    assert_eq!(decision(&repo, &dir, "git add -A && git commit -m x"), "allow");
    assert_eq!(decision(&repo, &dir, "ctx commit -m 'feat: x'"), "allow");
    repo.ctx_in(&dir, &["commit", "-m", "feat: new"]).ok();

    // Settings that the index has are the repository's.
    let settings = repo.write(".claude/settings.local.json", "{ \"env\": { \"FOO\": \"x\" } }");
    assert_eq!(decision(&repo, &dir, "git status"), "allow");
    repo.git(&["add", "--force", ".claude"]);
    assert_eq!(decision(&repo, &dir, "git status"), "none");
    repo.git(&["rm", "--quiet", "--cached", settings.to_str().unwrap()]);
    assert_eq!(decision(&repo, &dir, "git status"), "allow");
    fs::remove_dir_all(repo.path.join(".claude")).unwrap();

    repo.git_in(&dir, &["switch", "--quiet", "-c", "another"]);
    let denied = decision(&repo, &dir, "git commit --allow-empty -m x");
    assert!(denied.contains("has `another` checked out, not its own `feature/task-0`"), "{denied}");
    repo.git_in(&dir, &["switch", "--quiet", "--detach"]);
    assert_eq!(decision(&repo, &dir, "git commit --allow-empty -m x"), "none");
    repo.git_in(&dir, &["switch", "--quiet", "feature/task-0"]);
    repo.git(&["branch", "-D", "another"]);

    // The base moves on, a rebase stops and goes on.
    write(&dir.join("src/a.txt"), "mine\n");
    repo.commit_in(&dir, "feat: mine");
    repo.write("src/a.txt", "theirs\n");
    repo.commit("theirs");
    repo.git_in(&dir, &["-c", "alias.stops=!git rebase --quiet main || true", "stops"]);
    assert_eq!(decision(&repo, &dir, "git rebase --continue"), "allow");
    assert_eq!(decision(&repo, &dir, "git commit --allow-empty -m x"), "allow");
    repo.git_in(&dir, &["rebase", "--abort"]);
    repo.git_in(&dir, &["reset", "--quiet", "--hard", "HEAD~1"]);
    repo.ctx(&["worktree", "sync", "task-0"]).ok();
    assert_eq!(fs::read_to_string(dir.join("src/a.txt")).unwrap(), "theirs\n");

    repo.ctx_in(&dir, &["task", "submit", "task-0"]).ok();
    repo.work("task-1", "task-1.txt", "x\n");
    repo.ctx(&["merge"]).ok();
    assert_eq!(repo.read("new.txt"), "x\n");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    repo.ctx(&["worktree", "setup"]).ok();
    assert!(repo.worktree("task-2").join("new.txt").exists());

    write(&dir.join("note.txt"), "mine\n");
    repo.ctx(&["cleanup", "--include-dirty"]).ok();
    assert!(!dir.exists());
    let rows = repo.json(&["undo"]);
    let id = rows.as_array().unwrap().iter().find(|row| row["task"] == "task-0").unwrap()["id"].clone();
    repo.ctx(&["undo", id.as_str().unwrap()]).ok();
    assert_eq!(fs::read_to_string(dir.join("note.txt")).unwrap(), "mine\n");
    repo.ctx(&["status"]).ok();
    repo.git(&["fsck", "--no-dangling"]);

    repo.ctx(&["pool", "init", "1"]).ok();
    repo.ctx(&["pool", "health"]).ok();
}

#[test]
fn a_whole_job_with_a_reftable() {
    whole_job(&["--ref-format=reftable"]);
}

#[test]
fn a_whole_job_with_sha256() {
    whole_job(&["--object-format=sha256"]);
}

#[test]
fn a_lock_that_a_killed_git_left_on_a_reftable_is_found_and_removed() {
    let repo = Repo::formatted(&["--ref-format=reftable"]);
    repo.write("a.txt", "one\n");
    repo.commit("start");
    repo.create_plan(&document("One", &[("task-0", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    let own = repo.path.join(".git/worktrees/task-0/reftable/tables.list.lock");
    let locks = [repo.path.join(".git/reftable/tables.list.lock"), own];
    for lock in &locks {
        let file = fs::File::create(lock).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_mins(1)).unwrap();
    }
    let doctor = repo.ctx(&["doctor"]).fails(1);
    assert_eq!(doctor.matches("tables.list.lock` has been there").count(), 2, "{doctor}");
    repo.ctx(&["doctor", "--fix"]);
    assert!(locks.iter().all(|lock| !lock.exists()));
    repo.work("task-0", "task-0.txt", "x\n");
    repo.ctx(&["merge"]).ok();
}
