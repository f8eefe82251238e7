//! A conflict is remembered, resolved where the task's worktree is, and handed in again: no loop.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::repo::{CTX, Repo, document, write};

/// Two finished tasks that write the same file; the first has landed, the second is left out.
fn left_out() -> Repo {
    let repo = Repo::new();
    repo.write(".gitignore", "*.log\n");
    repo.commit("ignore");
    repo.create_plan(&document("Two", &[("first", &[]), ("second", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("first", "README.md", "first\n");
    let dir = repo.worktree("second");
    for n in 0..18 {
        write(&dir.join(format!("more/{n}.txt")), "x\n");
    }
    repo.work("second", "README.md", "second\n");
    let out = repo.ctx(&["merge"]).fails(3);
    assert!(out.contains("left out `second`: conflict in `README.md`"), "{out}");
    assert!(out.contains("`ctx worktree sync second`") && !out.contains("git merge"), "{out}");
    repo
}

fn row(repo: &Repo, task: &str) -> Value {
    let rows = repo.json(&["status"])["tasks"].take();
    rows.as_array().unwrap().iter().find(|row| row["id"] == task).unwrap().clone()
}

fn next(repo: &Repo) -> String {
    repo.json(&["status"])["next"].as_str().unwrap().to_owned()
}

/// What it takes to land what was in conflict.
#[track_caller]
fn resolve_and_land(repo: &Repo, at: &str) {
    let dir = repo.worktree("second");
    write(&dir.join("README.md"), "both\n");
    repo.ctx_in(&dir, &["commit"]).ok();
    assert_eq!(
        repo.git_in(&dir, &["log", "-1", "--format=%B"]),
        "Merge branch 'main' into feature/second\n\nImplements: second",
        "{at}"
    );
    assert_eq!(repo.git_in(&dir, &["rev-list", "--count", "--merges", "main..HEAD"]), "1", "{at}");
    repo.ctx_in(&dir, &["task", "submit", "second"]).ok();
    repo.ctx(&["merge"]).ok();
    assert_eq!(repo.read("README.md"), "both\n", "{at}");
    assert_eq!(repo.git(&["status", "--porcelain"]), "", "{at}");
    assert_eq!(
        (next(repo), row(repo, "second")["landed"].clone()),
        ("`ctx cleanup`".to_owned(), true.into()),
        "{at}"
    );
}

#[test]
fn status_remembers_and_sync_starts_the_merge() {
    let repo = left_out();
    assert_eq!(row(&repo, "second")["conflicts"], serde_json::json!(["README.md"]));
    assert_eq!(row(&repo, "second")["mergeable"], false);
    let out = repo.ctx(&["status"]).ok();
    assert!(out.contains("conflicts with main: README.md"), "{out}");
    assert!(next(&repo).starts_with("`ctx worktree sync second`"), "{}", next(&repo));
    // Without names nothing is started.
    repo.ctx(&["worktree", "sync"]).ok();
    assert_eq!(row(&repo, "second")["status"], "completed");
    let out = repo.ctx(&["worktree", "sync", "second"]).fails(3);
    let dir = repo.worktree("second");
    assert!(out.contains(&format!("resolve in `{}`:\n  README.md\n", dir.display())), "{out}");
    assert!(
        out.contains("`ctx commit -m \"fix: merge main\"` there, then `ctx task submit second`"),
        "{out}"
    );
    assert_eq!(
        fs::read_to_string(dir.join("README.md")).unwrap(),
        "<<<<<<< heads/feature/second\nsecond\n=======\nfirst\n>>>>>>> heads/main\n"
    );
    let second = row(&repo, "second");
    assert_eq!(
        (second["status"].clone(), second["merging"]["conflicts"].clone()),
        ("in_progress".into(), 1.into())
    );
    assert!(repo.ctx(&["status"]).ok().contains("merging main: 1 conflict"));
    assert!(next(&repo).contains("`ctx commit` there"), "{}", next(&repo));
    // Again: the same, nothing is overwritten. Not resolved: not committed.
    repo.ctx(&["worktree", "sync", "second"]).fails(3);
    let out = repo.ctx_in(&dir, &["commit"]).fails(3);
    assert!(out.contains("these files are not resolved: `README.md`"), "{out}");
    repo.ctx(&["task", "submit", "second"]).fails(1);
    write(&dir.join("README.md"), "both\n");
    assert!(repo.ctx(&["status"]).ok().contains("merging main: resolved"));
    repo.ctx(&["worktree", "sync", "second"]).ok();
    assert_eq!(fs::read_to_string(dir.join("README.md")).unwrap(), "both\n");
    let out = repo.ctx_in(&dir, &["commit", "-m", "fix: part", "README.md"]).fails(1);
    assert!(out.contains("committed as a whole"), "{out}");
    resolve_and_land(&repo, "");
}

#[test]
fn a_conflict_counts_until_a_branch_moves() {
    let repo = left_out();
    repo.write("README.md", "second\n");
    repo.commit("the person resolves it on the base");
    assert_eq!(row(&repo, "second")["mergeable"], true);
    assert_eq!(next(&repo), "`ctx merge`");
    // No conflict any more: nothing to start.
    let out = repo.ctx(&["worktree", "sync", "second"]).fails(1);
    assert!(out.contains("its task is completed"), "{out}");
    repo.ctx(&["merge"]).ok();
}

#[test]
fn a_merge_that_is_given_up_can_be_started_again() {
    let repo = left_out();
    repo.ctx(&["worktree", "sync", "second"]).fails(3);
    let dir = repo.worktree("second");
    repo.git_in(&dir, &["merge", "--abort"]);
    assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "");
    assert!(next(&repo).starts_with("`ctx worktree sync second`"), "{}", next(&repo));
    repo.ctx(&["worktree", "sync", "second"]).fails(3);
    resolve_and_land(&repo, "");
}

#[test]
fn nothing_is_started_over_what_is_there() {
    let repo = left_out();
    let dir = repo.worktree("second");
    // Ignored there, and tracked in the base by now.
    repo.write("run.log", "base\n");
    repo.git(&["add", "--force", "run.log"]);
    repo.git(&["commit", "--quiet", "-m", "a log"]);
    write(&dir.join("run.log"), "mine\n");
    let out = repo.ctx(&["worktree", "sync", "second"]).fails(1);
    assert!(out.contains("not track are in the way: `run.log`"), "{out}");
    assert_eq!(
        (row(&repo, "second")["status"].clone(), repo.git_in(&dir, &["status", "--porcelain"])),
        ("completed".into(), String::new())
    );
    assert_eq!(fs::read_to_string(dir.join("run.log")).unwrap(), "mine\n");
    fs::remove_file(dir.join("run.log")).unwrap();
    // Uncommitted work, and a session that works there.
    write(&dir.join("note.txt"), "mine\n");
    let out = repo.ctx(&["worktree", "sync", "second"]).fails(1);
    assert!(out.contains("uncommitted files: `note.txt`"), "{out}");
    fs::remove_file(dir.join("note.txt")).unwrap();
    repo.ctx(&["worktree", "sync", "second"]).fails(3);
    resolve_and_land(&repo, "");
}

#[test]
fn a_live_session_keeps_its_worktree() {
    let repo = Repo::with_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    let dir = repo.worktree("t");
    let start =
        repo.command(CTX, &dir).args(["task", "start", "t"]).env("CLAUDE_CODE_SESSION_ID", "other").output();
    assert!(start.unwrap().status.success());
    write(&dir.join("README.md"), "task\n");
    repo.commit_in(&dir, "feat: t");
    repo.write("README.md", "base\n");
    repo.commit("base");
    let out = repo.ctx(&["worktree", "sync", "t"]).fails(3);
    assert!(out.contains("session other works on `t`"), "{out}");
    assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "");
}

/// Every kind of conflict is left as `git merge` leaves it.
#[test]
fn it_is_as_git_leaves_it() {
    let repo = Repo::new();
    repo.write("deleted.txt", "1\n");
    repo.write("edited.txt", "1\n");
    repo.write("folder", "1\n");
    repo.write("bin", "\0one");
    repo.write("stays.txt", "1\n");
    repo.commit("files");
    repo.create_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    let dir = repo.worktree("t");
    repo.ctx(&["task", "start", "t"]).ok();
    fs::remove_file(dir.join("deleted.txt")).unwrap();
    fs::remove_file(dir.join("folder")).unwrap();
    for (file, text) in
        [("edited.txt", "task\n"), ("folder/x", "x\n"), ("bin", "\0task"), ("added.txt", "task\n")]
    {
        write(&dir.join(file), text);
    }
    repo.commit_in(&dir, "feat: t");
    repo.ctx(&["task", "submit", "t"]).ok();
    fs::remove_file(repo.path.join("edited.txt")).unwrap();
    for (file, text) in [
        ("deleted.txt", "base\n"),
        ("folder", "base\n"),
        ("bin", "\0base"),
        ("added.txt", "base\n"),
        ("more/clean.txt", "clean\n"),
    ] {
        repo.write(file, text);
    }
    repo.commit("base");
    repo.ctx(&["merge"]).fails(3);
    let seen = |dir: &std::path::Path| {
        let names = repo.git_in(dir, &["ls-files", "--stage"]);
        let status = repo.git_in(dir, &["status", "--porcelain"]);
        let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        for name in names.lines().map(|line| line.split('\t').nth(1).unwrap()) {
            let text = fs::read(dir.join(name)).unwrap_or_default();
            files.push((
                name.into(),
                String::from_utf8_lossy(&text)
                    .replace("heads/main", "main")
                    .replace("heads/feature/t", "HEAD")
                    .into_bytes(),
            ));
        }
        // The name that a file gets beside a folder tells the sides.
        let same = |text: &str| text.replace("heads_main", "main").replace("heads_feature_t", "HEAD");
        (same(&names), same(&status), files.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>())
    };
    repo.ctx(&["worktree", "sync", "t"]).fails(3);
    let ours = seen(&dir);
    repo.git_in(&dir, &["merge", "--abort"]);
    repo.command("git", &dir).args(["merge", "main"]).output().unwrap();
    assert_eq!(ours, seen(&dir));
}

#[test]
fn a_start_that_was_killed_is_finished_by_the_next() {
    for point in [
        "sync-begin",
        "forward-begin",
        "resolve-files",
        "resolve-state",
        "resolve-state-midway",
        "resolve-end",
        "sync-give-back",
        "sync-record",
    ] {
        let repo = left_out();
        let command = ["worktree", "sync", "second"];
        let output = repo.command(CTX, &repo.path).args(command).env("CTX_KILL_AT", point).output().unwrap();
        assert!(output.status.signal().is_some(), "{point} is not reached");
        let out = repo.ctx(&command).fails(3);
        assert!(out.contains("README.md"), "{point}: {out}");
        assert_eq!(row(&repo, "second")["status"], "in_progress", "{point}");
        assert_eq!(
            repo.git_in(&repo.worktree("second"), &["status", "--porcelain"]),
            "UU README.md",
            "{point}"
        );
        resolve_and_land(&repo, point);
    }
}
