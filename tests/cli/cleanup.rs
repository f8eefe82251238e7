//! `ctx cleanup`: which worktrees go, which stay, and that what goes is saved.

use std::fs;
use std::path::Path;

use crate::support::repo::{Repo, document, three_tasks, write};

/// One completed task `t` with a commit `feat: t` that adds `t.txt`.
fn one_done() -> Repo {
    let repo = Repo::with_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("t", "t.txt", "one\n");
    repo
}

/// After `act` on a completed task, `ctx cleanup` with these options says this of it.
#[track_caller]
fn check(options: &[&str], act: impl FnOnce(&Repo, &Path), expected: &str) {
    let repo = one_done();
    act(&repo, &repo.worktree("t"));
    let dry = repo.ctx(&[&["cleanup", "--dry-run"], options].concat()).ok();
    let refs = repo.git(&["for-each-ref", "refs/ctx"]);
    assert_eq!(refs, "", "a dry run saves nothing");
    let out = repo.ctx(&[&["cleanup"], options].concat()).ok();
    let place = repo.path.to_str().unwrap();
    let first = |text: &str| text.replace(place, "REPO").lines().next().unwrap().to_owned();
    assert_eq!(first(&out), expected);
    assert_eq!(first(&dry).replace("would remove", "removed"), expected);
    assert_eq!(repo.worktree("t").exists(), expected.starts_with("kept"));
}

const REMOVED: &str = "removed `REPO/worktrees/t` and branch `feature/t`";

fn merge(repo: &Repo) {
    repo.ctx(&["merge"]).ok();
}

#[test]
fn work_that_is_in_the_base_goes_however_it_came_there() {
    check(&[], |repo, _| merge(repo), REMOVED);
    let squash = |repo: &Repo, _: &Path| {
        repo.git(&["merge", "--squash", "--quiet", "feature/t"]);
        repo.commit("squashed");
        repo.write("t.txt", "changed afterwards\n");
        repo.commit("more");
    };
    check(&[], squash, REMOVED);
    let two_commits_squashed = |repo: &Repo, dir: &Path| {
        write(&dir.join("t.txt"), "two\n");
        repo.commit_in(dir, "feat: more");
        squash(repo, dir);
    };
    check(&[], two_commits_squashed, REMOVED);
    let picked = |repo: &Repo, dir: &Path| {
        write(&dir.join("u.txt"), "two\n");
        repo.commit_in(dir, "feat: more");
        repo.write("README.md", "moved on\n");
        repo.commit("docs");
        repo.git(&["cherry-pick", "feature/t~1", "feature/t"]);
        repo.write("t.txt", "changed afterwards\n");
        repo.commit("more");
    };
    check(&[], picked, REMOVED);
    let undone = |repo: &Repo, dir: &Path| {
        repo.git_in(dir, &["revert", "--no-edit", "HEAD"]);
    };
    check(&[], undone, REMOVED);
    let unmerged = "kept `t`: `feature/t` has 1 commit not in `main`";
    check(&[], |_, _| (), unmerged);
    check(&["--include-dirty"], |_, _| (), unmerged);
    check(&["--include-unmerged"], |_, _| (), REMOVED);
}

#[test]
fn what_is_not_committed_goes_only_when_asked() {
    let dirty = |repo: &Repo, dir: &Path| {
        merge(repo);
        write(&dir.join("note.txt"), "mine\n");
    };
    check(&[], dirty, "kept `t`: uncommitted files: `note.txt`");
    check(&["--include-unmerged"], dirty, "kept `t`: uncommitted files: `note.txt`");
    check(&["--include-dirty"], dirty, REMOVED);
}

#[test]
fn what_a_snapshot_cannot_hold_stays_whatever_is_asked() {
    let all = ["--include-unmerged", "--include-dirty"];
    let embedded = |repo: &Repo, dir: &Path| {
        fs::create_dir(dir.join("lib")).unwrap();
        repo.git_in(&dir.join("lib"), &["init", "--quiet"]);
    };
    check(&all, embedded, "kept `t`: `REPO/worktrees/t/lib` in it is a repository of its own");
    let ignored_embedded = |repo: &Repo, dir: &Path| {
        write(&repo.path.join(".git/info/exclude"), "/worktrees/\n/.parallel/\nlib/\n");
        embedded(repo, dir);
    };
    check(&all, ignored_embedded, "kept `t`: `REPO/worktrees/t/lib` in it is a repository of its own");
    let merging = |repo: &Repo, dir: &Path| {
        repo.write("t.txt", "other\n");
        repo.commit("other");
        repo.command("git", dir).args(["merge", "--quiet", "main"]).output().unwrap();
    };
    check(&all, merging, "kept `t`: a merge is under way in it");
    let rebasing = |repo: &Repo, dir: &Path| {
        repo.write("t.txt", "other\n");
        repo.commit("other");
        repo.command("git", dir).args(["rebase", "--quiet", "main"]).output().unwrap();
    };
    // Git detaches HEAD for a rebase.
    check(&all, rebasing, "kept `t`: `feature/t` is not checked out in it");
    let conflict = |repo: &Repo, dir: &Path| {
        merging(repo, dir);
        fs::remove_file(repo.path.join(".git/worktrees/t/MERGE_HEAD")).unwrap();
    };
    check(&all, conflict, "kept `t`: files in it are in conflict");
    let locked = |repo: &Repo, dir: &Path| {
        repo.git(&["worktree", "lock", dir.to_str().unwrap()]);
    };
    check(&all, locked, "kept `t`: it is locked; `git worktree unlock REPO/worktrees/t` takes that off");
    let elsewhere = |repo: &Repo, dir: &Path| {
        fs::rename(dir, repo.root().join("moved")).unwrap();
        fs::create_dir(dir).unwrap();
        fs::copy(repo.root().join("moved/.git"), dir.join(".git")).unwrap();
        write(&repo.path.join(".git/worktrees/t/gitdir"), "/elsewhere/.git\n");
    };
    check(&all, elsewhere, "kept `t`: `feature/t` is checked out in `/elsewhere`");
    let in_progress = |repo: &Repo, _: &Path| {
        repo.ctx(&["task", "retry", "t"]);
        let plan = repo.ctx(&["plan", "list", "--json"]).ok();
        let plans: serde_json::Value = serde_json::from_str(&plan).unwrap();
        let id = plans[0]["id"].as_str().unwrap();
        let file = repo.path.join(format!(".parallel/plans/{id}/tasks/t.md"));
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("status: completed", "status: in_progress")).unwrap();
    };
    check(&all, in_progress, "kept `t`: its task is in_progress");
}

#[test]
fn other_peoples_worktrees_and_branches_are_not_touched() {
    let repo = one_done();
    repo.git(&["branch", "mine"]);
    let dir = repo.root().join("mine");
    repo.git(&["worktree", "add", "--quiet", dir.to_str().unwrap(), "mine"]);
    repo.git(&["worktree", "add", "--quiet", "-b", "gone", repo.root().join("gone").to_str().unwrap()]);
    fs::remove_dir_all(repo.root().join("gone")).unwrap();
    merge(&repo);
    repo.ctx(&["cleanup", "--include-unmerged", "--include-dirty"]).ok();
    assert_eq!(
        repo.git(&["for-each-ref", "--format=%(refname)", "refs/heads"]),
        "refs/heads/gone\nrefs/heads/main\nrefs/heads/mine"
    );
    // Not even a stale registration, which `git worktree prune` would take.
    assert!(repo.git(&["worktree", "list"]).contains("gone") && dir.join("t.txt").parent().unwrap().exists());
}

#[test]
fn a_squashed_task_counts_as_landed_once_its_branch_is_gone() {
    let repo = one_done();
    repo.git(&["merge", "--squash", "--quiet", "feature/t"]);
    repo.commit("squashed");
    let row = &repo.json(&["cleanup"])[0];
    assert_eq!(row["removed"], true);
    assert_eq!(row["integrated"], "same_tree");
    assert_eq!(repo.json(&["task", "list"])[0]["landed"], true);
}

#[test]
fn the_remote_branch_goes_only_when_asked_and_only_if_nothing_else_is_in_it() {
    let repo = one_done();
    let remote = repo.root().join("remote.git");
    repo.git(&["init", "--quiet", "--bare", remote.to_str().unwrap()]);
    repo.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    repo.git(&["push", "--quiet", "origin", "main", "feature/t"]);
    let pushed = || repo.git(&["ls-remote", "origin", "refs/heads/feature/t"]);
    merge(&repo);
    repo.ctx(&["cleanup", "--dry-run", "--remote"]).ok();
    assert_ne!(pushed(), "");
    repo.ctx(&["cleanup", "--remote"]).ok();
    assert_eq!(pushed(), "");

    let repo = one_done();
    repo.git(&["init", "--quiet", "--bare", repo.root().join("remote.git").to_str().unwrap()]);
    repo.git(&["remote", "add", "origin", repo.root().join("remote.git").to_str().unwrap()]);
    let other = repo.git(&["commit-tree", "-m", "another's", "-p", "feature/t", "feature/t^{tree}"]);
    repo.git(&["push", "--quiet", "origin", &format!("{other}:refs/heads/feature/t")]);
    merge(&repo);
    let row = &repo.json(&["cleanup", "--remote"])[0];
    assert_eq!(row["notes"][0], "branch `feature/t` at `origin` has other commits; it stays");
    assert!(repo.git(&["ls-remote", "origin", "refs/heads/feature/t"]).starts_with(&other));
}

#[test]
fn a_named_task_goes_alone() {
    let repo = Repo::with_plan(&document("Two", &[("a", &[]), ("b", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("a", "a.txt", "one\n");
    repo.work("b", "b.txt", "two\n");
    merge(&repo);
    repo.ctx(&["cleanup", "b"]).ok();
    assert!(repo.worktree("a").exists() && !repo.worktree("b").exists());
    assert!(repo.ctx(&["cleanup", "b"]).fails(1).contains("`b` has no worktree"));
}

#[test]
fn a_copied_file_that_was_changed_is_named() {
    let repo = Repo::new();
    repo.write(".gitignore", ".env\n");
    repo.commit("ignore");
    repo.write(".env", "KEY=1\n");
    repo.create_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("t", "t.txt", "one\n");
    write(&repo.worktree("t").join(".env"), "KEY=2\n");
    merge(&repo);
    let row = &repo.json(&["cleanup"])[0];
    assert_eq!(row["changed_copies"][0], ".env");
    assert_eq!(
        fs::read_to_string(Path::new(row["trash"].as_str().unwrap()).join(".env")).unwrap(),
        "KEY=2\n"
    );
}

#[test]
fn a_dry_run_says_in_json_that_nothing_is_removed() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("task-0", "a.txt", "x\n");
    repo.ctx(&["merge"]).ok();
    let said = |args: &[&str]| {
        let rows = repo.json(args);
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| ["dry_run", "removed", "would_remove"].map(|key| row[key].as_bool().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(said(&["cleanup", "--dry-run"]), [[true, false, true], [true, false, false]]);
    let text = repo.ctx(&["cleanup", "--dry-run"]).ok();
    let last = "nothing was changed: 1 would be removed, 1 kept; `ctx cleanup` removes what it can\n";
    assert!(text.ends_with(last), "{text}");
    assert!(repo.worktree("task-0").exists());
    assert_eq!(said(&["cleanup"]), [[false, true, false], [false, false, false]]);
}
