//! Submodules on their way through a landing: an old checkout is no change, and a commit that only one worktree has
//! does not land.

use std::path::{Path, PathBuf};

use crate::support::repo::{Repo, document, write};

/// A repository with the submodule `vendor/sub`, whose remote has two commits; the first is recorded.
struct Sub {
    repo: Repo,
    first: String,
    second: String,
}

fn git(repo: &Repo, dir: &Path, args: &[&str]) -> String {
    repo.git_in(dir, &[&["-c", "protocol.file.allow=always"], args].concat())
}

fn with_submodule() -> Sub {
    let repo = Repo::new();
    let remote = repo.root().join("sub.git");
    let work = repo.root().join("sub");
    repo.git(&["init", "--quiet", "--bare", "--initial-branch=main", remote.to_str().unwrap()]);
    repo.git(&["clone", "--quiet", remote.to_str().unwrap(), work.to_str().unwrap()]);
    repo.git_in(&work, &["switch", "--quiet", "-C", "main"]);
    write(&work.join("a"), "1\n");
    let first = repo.commit_in(&work, "one");
    write(&work.join("a"), "2\n");
    let second = repo.commit_in(&work, "two");
    repo.git_in(&work, &["push", "--quiet", "origin", "main"]);
    git(&repo, &repo.path, &["submodule", "--quiet", "add", remote.to_str().unwrap(), "vendor/sub"]);
    repo.git_in(&repo.path.join("vendor/sub"), &["checkout", "--quiet", &first]);
    repo.commit("with a submodule");
    repo.create_plan(&document("Two", &[("t", &[]), ("u", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    for id in ["t", "u"] {
        git(&repo, &repo.worktree(id), &["submodule", "--quiet", "update", "--init"]);
    }
    Sub { repo, first, second }
}

/// The task moves the submodule to this commit, or to one that it makes there.
fn move_to(sub: &Sub, commit: Option<&str>) -> PathBuf {
    let dir = sub.repo.worktree("t");
    let module = dir.join("vendor/sub");
    sub.repo.ctx(&["task", "start", "t"]).ok();
    if let Some(commit) = commit {
        sub.repo.git_in(&module, &["checkout", "--quiet", commit]);
    } else {
        write(&module.join("a"), "mine\n");
        sub.repo.commit_in(&module, "mine");
    }
    sub.repo.ctx_in(&dir, &["commit", "-m", "feat: move the submodule"]).ok();
    sub.repo.ctx(&["task", "submit", "t"]).ok();
    module
}

#[test]
fn a_checkout_that_is_old_after_a_landing_is_no_change() {
    let sub = with_submodule();
    let repo = &sub.repo;
    move_to(&sub, Some(&sub.second));
    let ran = repo.ctx(&["merge"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("submodule update -- vendor/sub`"), "{}", ran.stderr);
    assert_eq!(repo.git(&["status", "--porcelain"]), " M vendor/sub");
    assert_eq!(repo.git(&["rev-parse", ":vendor/sub"]), sub.second);
    // Another landing, of a task that was brought up to date meanwhile.
    let dir = repo.worktree("u");
    repo.ctx(&["task", "start", "u"]).ok();
    repo.ctx(&["worktree", "sync", "u"]).ok();
    write(&dir.join("u.txt"), "u\n");
    let ran = repo.ctx_in(&dir, &["commit", "-m", "feat: u"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("submodule `vendor/sub` stands at an earlier commit"), "{}", ran.stderr);
    assert_eq!(repo.git_in(&dir, &["show", "--format=", "--name-only"]), "u.txt");
    // Nothing but the old checkout: nothing to commit, and no dirt.
    let out = repo.ctx_in(&dir, &["commit", "-m", "feat: again"]).fails(1);
    assert!(out.contains("nothing to commit") && out.contains("vendor/sub"), "{out}");
    repo.ctx(&["task", "submit", "u"]).ok();
    repo.ctx(&["merge"]).ok();
    assert_eq!(repo.git(&["rev-parse", "main:vendor/sub"]), sub.second);
    // Who says so records the earlier commit all the same.
    repo.git_in(&dir, &["add", "vendor/sub"]);
    repo.ctx_in(&dir, &["commit", "-m", "fix: go back"]).ok();
    assert_eq!(repo.git_in(&dir, &["rev-parse", "HEAD:vendor/sub"]), sub.first);
}

#[test]
fn work_in_a_submodule_is_still_a_change() {
    let sub = with_submodule();
    let repo = &sub.repo;
    move_to(&sub, Some(&sub.second));
    let dir = repo.worktree("t");
    write(&dir.join("vendor/sub/a"), "edited\n");
    let out = repo.ctx(&["merge"]).fails(1);
    assert!(out.contains("uncommitted files: `vendor/sub`"), "{out}");
    repo.git_in(&dir.join("vendor/sub"), &["checkout", "--quiet", "--", "."]);
    // A commit of the person's own in the main checkout's submodule survives the landing, and is pointed out.
    write(&repo.path.join("vendor/sub/a"), "person\n");
    let own = repo.commit_in(&repo.path.join("vendor/sub"), "person");
    let ran = repo.ctx(&["merge"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("`vendor/sub` stands at a commit of its own"), "{}", ran.stderr);
    assert_eq!(repo.git_in(&repo.path.join("vendor/sub"), &["rev-parse", "HEAD"]), own);
}

#[test]
fn a_commit_that_only_the_worktree_has_does_not_land() {
    let sub = with_submodule();
    let repo = &sub.repo;
    let module = move_to(&sub, None);
    let before = repo.git(&["rev-parse", "main"]);
    let out = repo.ctx(&["merge"]).fails(1);
    let commit = repo.git_in(&module, &["rev-parse", "--short=9", "HEAD"]);
    assert!(
        out.contains(&format!(
            "left out `t`: its submodule `vendor/sub` is at {commit}, a commit that only its worktree has; push it from \
             `{}`",
            module.display()
        )),
        "{out}"
    );
    assert_eq!(repo.git(&["rev-parse", "main"]), before);
    // Pushed, it lands.
    repo.git_in(&module, &["push", "--quiet", "origin", "HEAD:refs/heads/topic"]);
    repo.ctx(&["merge"]).ok();
}

#[test]
fn a_commit_that_the_main_checkout_has_lands() {
    let sub = with_submodule();
    let repo = &sub.repo;
    let module = move_to(&sub, None);
    repo.git_in(&repo.path.join("vendor/sub"), &["fetch", "--quiet", module.to_str().unwrap(), "HEAD"]);
    repo.ctx(&["merge"]).ok();
}

#[test]
fn a_change_of_where_it_comes_from_is_said() {
    let sub = with_submodule();
    let repo = &sub.repo;
    let dir = repo.worktree("t");
    repo.ctx(&["task", "start", "t"]).ok();
    let other = repo.root().join("sub");
    repo.git_in(&dir, &["config", "-f", ".gitmodules", "submodule.vendor/sub.url", other.to_str().unwrap()]);
    repo.ctx_in(&dir, &["commit", "-m", "feat: another remote"]).ok();
    repo.ctx(&["task", "submit", "t"]).ok();
    let ran = repo.ctx(&["merge"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("submodule sync --recursive`"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("submodule update --"), "{}", ran.stderr);
}
