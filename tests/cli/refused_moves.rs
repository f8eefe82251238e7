//! A ref that does not move leaves index, files and the person's own edits as they were, and the next run lands.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::repo::{Repo, document, write};

/// A finished task that adds, changes and removes files, and edits of the person that it does not touch.
fn finished() -> Repo {
    let repo = Repo::new();
    repo.write("gone.txt", "gone\n");
    repo.write("becomes", "a file\n");
    repo.write("mine.txt", "one\n");
    repo.write("staged.txt", "one\n");
    repo.commit("files");
    repo.finish_task_of_every_change();
    repo.write("mine.txt", "edited\n");
    repo.write("staged.txt", "staged\n");
    repo.git(&["add", "staged.txt"]);
    repo.write("untracked.txt", "mine\n");
    repo
}

fn hook(repo: &Repo, name: &str, script: &str) {
    let path = repo.write(&format!(".git/hooks/{name}"), &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn state(repo: &Repo) -> Vec<String> {
    let mut files: Vec<String> =
        fs::read_dir(&repo.path).unwrap().map(|it| it.unwrap().file_name().display().to_string()).collect();
    files.sort();
    files.extend(
        ["becomes", "gone.txt", "src/a.txt", "mine.txt", "untracked.txt"].map(|file| repo.read(file)),
    );
    files.extend([
        repo.git(&["ls-files", "--stage"]),
        repo.git(&["status", "--porcelain"]),
        repo.git(&["rev-parse", "main", "HEAD"]),
    ]);
    files
}

/// What keeps the ref from moving, what the answer says of it, and how it is taken away.
#[track_caller]
fn check(block: fn(&Repo), said: &[&str], cure: fn(&Repo)) {
    let repo = finished();
    let before = state(&repo);
    block(&repo);
    let out = repo.ctx(&["merge"]).fails(1);
    for text in said.iter().chain(&["nothing was changed"]) {
        assert!(out.contains(text), "{text:?} is not in {out}");
    }
    assert!(!out.contains("stash"), "{out}");
    cure(&repo);
    assert_eq!(state(&repo), before, "{out}");
    assert!(!repo.path.join(".git/ctx/landing.json").exists());
    repo.ctx(&["merge"]).ok();
    assert_eq!(repo.git(&["status", "--porcelain"]), " M mine.txt\nM  staged.txt\n?? untracked.txt");
    assert_eq!(
        (repo.read("src/a.txt"), repo.read("becomes/a/folder")),
        ("changed\n".to_owned(), "x\n".to_owned())
    );
}

#[test]
fn a_lock_of_git_is_named() {
    check(
        |repo| drop(repo.write(".git/refs/heads/main.lock", "")),
        &["/.git/refs/heads/main.lock` is there", "`ctx doctor --fix`"],
        |repo| fs::remove_file(repo.path.join(".git/refs/heads/main.lock")).unwrap(),
    );
    for lock in ["HEAD.lock", "index.lock"] {
        let repo = finished();
        let before = state(&repo);
        let path = repo.write(&format!(".git/{lock}"), "");
        let out = repo.ctx(&["merge"]).fails(1);
        assert!(out.contains(&format!("/.git/{lock}` is there")), "{out}");
        fs::remove_file(&path).unwrap();
        assert_eq!(state(&repo), before);
        // The cure that the answer names, once the lock is old enough to have no owner.
        fs::write(&path, "").unwrap();
        let old = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
        fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        repo.ctx(&["doctor", "--fix"]);
        assert!(!path.exists(), "{lock} is still there");
        repo.ctx(&["merge"]).ok();
    }
}

#[test]
fn a_lock_that_goes_soon_is_waited_for() {
    let repo = finished();
    let lock = repo.write(".git/refs/heads/main.lock", "");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(300));
            fs::remove_file(&lock).unwrap();
        });
        repo.ctx(&["merge"]).ok();
    });
}

#[test]
fn a_hook_that_refuses_says_why() {
    let cure = |repo: &Repo| fs::remove_file(repo.path.join(".git/hooks/reference-transaction")).unwrap();
    // Always; only this branch; and only at the second time, when git has written the files already.
    check(
        |repo| {
            hook(
                repo,
                "reference-transaction",
                "test \"$1\" != prepared || { echo main is protected; exit 1; }",
            );
        },
        &["hook `reference-transaction` refused to move `main`", "main is protected"],
        cure,
    );
    check(
        |repo| {
            let script = "test \"$1\" = prepared && grep -q refs/heads/main && { echo by policy >&2; exit 1; }; exit 0";
            hook(repo, "reference-transaction", script);
        },
        &["hook `reference-transaction` refused", "by policy"],
        cure,
    );
    check(
        |repo| {
            let script = "test \"$1\" = prepared && grep -q refs/heads/main || exit 0\n\
                          test -e .git/seen && { echo too late; exit 1; }; : > .git/seen";
            hook(repo, "reference-transaction", script);
        },
        &["hook `reference-transaction` refused", "too late"],
        cure,
    );
    // A ref that is checked out nowhere.
    let repo = finished();
    repo.git(&["switch", "--quiet", "-c", "elsewhere"]);
    hook(&repo, "reference-transaction", "test \"$1\" != prepared || { echo main is protected; exit 1; }");
    let out = repo.ctx(&["merge"]).fails(1);
    assert!(
        out.contains("hook `reference-transaction` refused to move `main`; nothing was changed"),
        "{out}"
    );
    assert!(!out.contains("update-ref"), "{out}");
    cure(&repo);
    repo.write(".git/refs/heads/main.lock", "");
    let out = repo.ctx(&["merge"]).fails(1);
    assert!(out.contains("main.lock` is there"), "{out}");
    fs::remove_file(repo.path.join(".git/refs/heads/main.lock")).unwrap();
    repo.ctx(&["merge"]).ok();
}

#[test]
fn a_filter_that_fails_midway_leaves_nothing() {
    check(
        |repo| {
            repo.write(".git/info/attributes", "n.txt filter=broken\n");
            repo.git(&["config", "filter.broken.clean", "cat"]);
            repo.git(&["config", "filter.broken.smudge", "false"]);
            repo.git(&["config", "filter.broken.required", "true"]);
        },
        &["git cannot move `main`"],
        |repo| {
            fs::remove_file(repo.path.join(".git/info/attributes")).unwrap();
        },
    );
}

#[test]
fn a_sync_is_taken_back_in_the_same_way() {
    let repo = Repo::with_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    let dir = repo.worktree("t");
    repo.ctx(&["task", "start", "t"]).ok();
    write(&dir.join("own.txt"), "own\n");
    repo.commit_in(&dir, "feat: own");
    repo.write("src/a.txt", "base\n");
    repo.write("new/n.txt", "base\n");
    repo.commit("base moves on");
    let tree =
        |dir: &Path| (repo.git_in(dir, &["status", "--porcelain"]), repo.git_in(dir, &["rev-parse", "HEAD"]));
    let before = tree(&dir);
    let lock = repo.write(".git/refs/heads/feature/t.lock", "");
    let out = repo.ctx(&["worktree", "sync", "t"]).fails(1);
    assert!(out.contains("feature/t.lock` is there"), "{out}");
    fs::remove_file(lock).unwrap();
    assert_eq!(tree(&dir), before);
    let script = "test \"$1\" = prepared && grep -q refs/heads/feature/t || exit 0\n\
                  test -e \"$HOME/seen\" && { echo too late; exit 1; }; : > \"$HOME/seen\"";
    hook(&repo, "reference-transaction", script);
    let out = repo.ctx(&["worktree", "sync", "t"]).fails(1);
    assert!(out.contains("the hook `reference-transaction` refused: too late"), "{out}");
    assert_eq!(tree(&dir), before);
    assert!(!dir.join("new").exists());
    fs::remove_file(repo.path.join(".git/hooks/reference-transaction")).unwrap();
    repo.ctx(&["worktree", "sync", "t"]).ok();
    assert_eq!(fs::read_to_string(dir.join("new/n.txt")).unwrap(), "base\n");
}
