//! `ctx worktree sync`: the base branch comes in completely, or the worktree stays as it was.

use std::fs;
use std::os::unix::process::ExitStatusExt;

use serde_json::{Value, json};

use crate::support::repo::{CTX, Repo, document, write};

/// Tasks with a commit of their own each, and a base that moved on.
fn moved_on() -> Repo {
    let ids = ["clean", "dirty", "conflict", "done", "fresh"];
    let tasks: Vec<(&str, &[&str])> = ids.iter().map(|id| (*id, &[][..])).collect();
    let repo = Repo::with_plan(&document("Five", &tasks));
    repo.ctx(&["worktree", "setup"]).ok();
    for id in ["clean", "dirty", "conflict"] {
        let dir = repo.worktree(id);
        repo.ctx_in(&dir, &["task", "start", id]).ok();
        let file = if id == "conflict" { "src/a.txt".to_owned() } else { format!("{id}.txt") };
        write(&dir.join(file), "one\nTWO\nthree\n");
        repo.commit_in(&dir, "feat: work");
    }
    repo.work("done", "done.txt", "x\n");
    write(&repo.worktree("dirty").join("note.txt"), "mine\n");
    repo.write("src/a.txt", "one\n2\nthree\n");
    repo.commit("base moves on");
    repo
}

fn rows(text: &str) -> Vec<Value> {
    let rows: Value = serde_json::from_str(text).unwrap();
    let short = |row: &Value| json!([row["task"], row["result"], row["files"], row["reason"]]);
    rows.as_array().unwrap().iter().map(short).collect()
}

#[track_caller]
fn check(options: &[&str]) -> Repo {
    let repo = moved_on();
    let before: Vec<String> =
        ["dirty", "conflict", "done"].map(|id| repo.git(&["rev-parse", &format!("feature/{id}")])).into();
    let ran = repo.ctx(&[&["worktree", "sync", "--json"], options].concat());
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert_eq!(
        rows(&ran.stdout),
        [
            json!(["clean", "synced", [], null]),
            json!(["dirty", "skipped", [], "uncommitted files: `note.txt`"]),
            json!(["conflict", "conflict", ["src/a.txt"], null]),
            json!(["done", "skipped", [], "its task is completed"]),
            json!(["fresh", "synced", [], null]),
        ]
    );
    let after: Vec<String> =
        ["dirty", "conflict", "done"].map(|id| repo.git(&["rev-parse", &format!("feature/{id}")])).into();
    assert_eq!(before, after);
    for id in ["clean", "conflict", "fresh", "done"] {
        assert_eq!(repo.git_in(&repo.worktree(id), &["status", "--porcelain"]), "", "{id}");
        assert_eq!(repo.git_in(&repo.worktree(id), &["branch", "--show-current"]), format!("feature/{id}"));
    }
    assert_eq!(fs::read_to_string(repo.worktree("clean").join("src/a.txt")).unwrap(), "one\n2\nthree\n");
    assert_eq!(repo.git(&["rev-parse", "feature/fresh"]), repo.git(&["rev-parse", "main"]));
    // Nothing of its own is in it yet, whatever came in.
    repo.ctx_in(&repo.worktree("fresh"), &["task", "start", "fresh"]).ok();
    repo.ctx_in(&repo.worktree("fresh"), &["task", "submit", "fresh"]).fails(1);
    // Again: nothing changes.
    let again = repo.ctx(&["worktree", "sync", "--json", "clean", "fresh"]).ok();
    assert_eq!(rows(&again)[0][1], "up_to_date");
    repo
}

#[test]
fn the_base_is_merged_where_nothing_is_in_the_way() {
    let repo = check(&[]);
    assert_eq!(
        repo.git(&["log", "-1", "--format=%s", "feature/clean"]),
        "Merge branch 'main' into feature/clean"
    );
    repo.ctx(&["worktree", "sync", "dirty"]).fails(1);
    assert!(repo.ctx(&["worktree", "sync", "nothing"]).fails(1).contains("has no task `nothing`"));
}

#[test]
fn or_the_task_s_commits_are_put_on_top() {
    let repo = check(&["--rebase"]);
    assert_eq!(repo.git(&["rev-list", "--count", "--merges", "feature/clean"]), "0");
    assert_eq!(repo.git(&["rev-parse", "feature/clean~1"]), repo.git(&["rev-parse", "main"]));
}

#[test]
fn a_sync_that_was_killed_is_finished_by_the_next() {
    for (point, options) in [
        ("sync-begin", &[][..]),
        ("sync-move", &[]),
        ("sync-record", &[]),
        ("sync-begin", &["--rebase"]),
        ("sync-rebase", &["--rebase"]),
        ("sync-abort", &["--rebase"]),
        ("sync-record", &["--rebase"]),
    ] {
        let repo = moved_on();
        let command = [&["worktree", "sync", "--json"], options].concat();
        let output = repo.command(CTX, &repo.path).args(&command).env("CTX_KILL_AT", point).output().unwrap();
        assert!(output.status.signal().is_some(), "{point} is not reached");
        assert_eq!(repo.ctx(&command).code, 3, "{point}");
        for id in ["clean", "conflict", "fresh"] {
            let dir = repo.worktree(id);
            assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "", "{point}");
            assert_eq!(repo.git_in(&dir, &["branch", "--show-current"]), format!("feature/{id}"), "{point}");
        }
        assert_eq!(fs::read_to_string(repo.worktree("clean").join("src/a.txt")).unwrap(), "one\n2\nthree\n");
        assert_eq!(rows(&repo.ctx(&command).stdout)[0][1], "up_to_date", "{point}");
        let list = repo.json(&["worktree", "list"]);
        let base =
            |id: &str| list.as_array().unwrap().iter().find(|row| row["task"] == id).unwrap()["base"].clone();
        assert_eq!(base("clean"), repo.git(&["rev-parse", "main"]), "{point}");
        assert_eq!(base("conflict"), repo.git(&["rev-parse", "main~1"]), "{point}");
    }
}
