//! `ctx undo`: what `ctx cleanup` removed comes back, or the way there is named.

use std::fs;
use std::path::Path;

use crate::support::repo::{Repo, document, write};

const ALL: [&str; 3] = ["cleanup", "--include-unmerged", "--include-dirty"];

/// A completed task with everything that can lie in a worktree.
fn full() -> Repo {
    let repo = Repo::new();
    repo.write(".gitignore", "*.log\n.env\n");
    repo.write(".env", "KEY=1\n");
    repo.commit("ignore");
    repo.create_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("t", "t.txt", "one\n");
    let dir = repo.worktree("t");
    write(&dir.join("src/a.txt"), "staged\n");
    repo.git_in(&dir, &["add", "src/a.txt"]);
    write(&dir.join("src/a.txt"), "not staged\n");
    write(&dir.join("deep/er/note.txt"), "untracked\n");
    write(&dir.join("deep/run.log"), "ignored\n");
    write(&dir.join("intended.txt"), "intended\n");
    repo.git_in(&dir, &["add", "--intent-to-add", "intended.txt"]);
    fs::create_dir(dir.join("empty")).unwrap();
    repo
}

fn status(repo: &Repo, dir: &Path) -> String {
    repo.git_in(dir, &["status", "--porcelain=v2", "--untracked-files=all", "--ignored"])
}

#[test]
fn everything_comes_back() {
    let repo = full();
    let dir = repo.worktree("t");
    let (before, tip) = (status(&repo, &dir), repo.git(&["rev-parse", "feature/t"]));
    repo.ctx(&ALL).ok();
    assert!(!dir.exists() && repo.git(&["branch", "--list", "feature/t"]).is_empty());
    let rows = repo.json(&["undo"]);
    let row = &rows[0];
    assert_eq!((row["task"].as_str(), row["branch"].as_str()), (Some("t"), Some("feature/t")));
    assert_eq!((&row["commits"], &row["changed"], &row["untracked"]), (&1.into(), &2.into(), &1.into()));
    assert!(
        repo.ctx(&["undo"])
            .ok()
            .contains("1 commit not merged, 2 changed files, 1 untracked file, ignored files")
    );
    let out = repo.ctx(&["undo", row["id"].as_str().unwrap()]).ok();
    assert!(out.starts_with("brought back `"), "{out}");
    assert_eq!((status(&repo, &dir), repo.git(&["rev-parse", "feature/t"])), (before, tip));
    assert_eq!(fs::read_to_string(dir.join("src/a.txt")).unwrap(), "not staged\n");
    assert_eq!(repo.git_in(&dir, &["show", ":src/a.txt"]), "staged");
    assert_eq!(fs::read_to_string(dir.join("deep/run.log")).unwrap(), "ignored\n");
    assert_eq!(fs::read_to_string(dir.join(".env")).unwrap(), "KEY=1\n");
    assert!(dir.join("empty").is_dir());
    assert!(!repo.worktree(".trash").exists());
    assert!(!repo.git(&["worktree", "list", "--porcelain"]).contains("locked"));
    // It is a worktree like any other: it can go and come back again.
    assert_eq!(repo.ctx(&["undo"]).ok(), "nothing was removed in the last 30 days\n");
    repo.ctx(&ALL).ok();
    repo.ctx(&["undo", "t"]).ok();
    assert!(dir.join("deep/er/note.txt").exists());
}

#[test]
fn a_worktree_whose_folder_was_removed_by_hand_comes_back_clean() {
    let repo = full();
    let dir = repo.worktree("t");
    fs::remove_dir_all(&dir).unwrap();
    repo.ctx(&ALL).ok();
    repo.ctx(&["undo", "t"]).ok();
    assert_eq!(fs::read_to_string(dir.join("t.txt")).unwrap(), "one\n");
    assert_eq!(status(&repo, &dir), "");
}

/// With this in the way, undo refuses, changes nothing, and names the way out.
#[track_caller]
fn check_refused(act: impl FnOnce(&Repo, &Path), expected: &str) {
    let repo = full();
    repo.ctx(&ALL).ok();
    act(&repo, &repo.worktree("t"));
    let state = || (repo.git(&["for-each-ref"]), repo.git(&["worktree", "list", "--porcelain"]));
    let before = state();
    let out = repo.ctx(&["undo", "t"]).fails(1);
    assert!(out.contains(expected) && out.contains("hint: "), "{out}");
    assert_eq!(state(), before);
}

#[test]
fn what_is_in_the_way_is_not_overwritten() {
    check_refused(|repo, _| drop(repo.git(&["branch", "feature/t"])), "branch `feature/t` exists, at ");
    check_refused(|_, dir| drop(write(&dir.join("mine.txt"), "mine\n")), "worktrees/t` exists");
    let elsewhere = |repo: &Repo, _: &Path| {
        let place = repo.root().join("elsewhere");
        repo.git(&["worktree", "add", "--quiet", "-b", "feature/t", place.to_str().unwrap()]);
    };
    check_refused(elsewhere, "branch `feature/t` is checked out in `");
    let registered = |repo: &Repo, dir: &Path| {
        repo.git(&["worktree", "add", "--quiet", "-b", "other", dir.to_str().unwrap()]);
        fs::remove_dir_all(dir).unwrap();
    };
    check_refused(registered, "git has another worktree registered at `");
    let repo = full();
    repo.ctx(&ALL).ok();
    // A branch that is named like a folder of the other.
    repo.git(&["branch", "feature"]);
    let out = repo.ctx(&["undo", "t"]).fails(1);
    assert!(out.contains("rename the branch that is in the way"), "{out}");
    repo.git(&["branch", "-m", "feature", "other"]);
    repo.ctx(&["undo", "t"]).ok();
    assert!(repo.ctx(&["undo", "never"]).fails(1).contains("nothing was saved as `never`"));
}

#[test]
fn what_was_saved_30_days_ago_goes_and_is_named() {
    let repo = full();
    repo.ctx(&ALL).ok();
    let id = repo.json(&["undo"])[0]["id"].as_str().unwrap().to_owned();
    let old = "20260101-000000-t";
    repo.git(&["update-ref", &format!("refs/ctx/saved/{old}"), &format!("refs/ctx/saved/{id}")]);
    let trash = write(&repo.worktree(".trash").join(old).join("run.log"), "old\n");
    let dry = repo.ctx(&["cleanup", "--dry-run"]);
    assert!(
        dry.stderr.contains(&format!("`{old}` was saved 30 days ago; would be given up")),
        "{}",
        dry.stderr
    );
    assert!(trash.exists());
    let ran = repo.ctx(&["cleanup"]);
    assert!(ran.stderr.contains(&format!("`{old}` was saved 30 days ago; given up")), "{}", ran.stderr);
    assert!(!trash.exists());
    assert_eq!(repo.json(&["undo"]).as_array().unwrap().len(), 1);
}
