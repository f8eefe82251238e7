//! `ctx demo` does what it shows.

use crate::support::repo::{Repo, run};

#[test]
fn the_demo_plans_works_merges_and_leaves_nothing_behind() {
    let repo = Repo::empty();
    let mut command = repo.command(crate::support::repo::CTX, &repo.path);
    let out = run(command.arg("demo").env("TMPDIR", repo.home())).ok();
    for line in [
        "$ ctx plan extract",
        "parallel: 3 tasks can run at the same time.",
        "[task-1] passed: sh tests/words.sh",
        "3 tasks landed on `main`",
        "1 task landed on `main`",
        "all tests passed",
        "4 of 4 completed, 4 landed on `main`",
        "4 removed, 0 kept",
    ] {
        assert!(out.contains(line), "{line}\n{out}");
    }
    assert_eq!(std::fs::read_dir(repo.home()).unwrap().count(), 0);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn the_demo_can_be_kept_and_looked_at() {
    let repo = Repo::empty();
    let mut command = repo.command(crate::support::repo::CTX, &repo.path);
    let out = run(command.args(["demo", "--keep"]).env("TMPDIR", repo.home())).ok();
    let kept = out.trim_end().rsplit_once('`').unwrap().0.rsplit_once('`').unwrap().1.to_owned();
    let kept = std::path::Path::new(&kept);
    assert_eq!(repo.git_in(kept, &["status", "--porcelain"]), "");
    let merges = repo.git_in(kept, &["log", "--merges", "--format=%s"]);
    assert_eq!(merges.lines().count(), 4, "{merges}");
    assert!(merges.lines().all(|line| line.starts_with("Merge branch 'feature/task-")), "{merges}");
    // It ran in surroundings of its own, without colours.
    assert!(!out.contains('\u{1b}'), "{out}");
}
