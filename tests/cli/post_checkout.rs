//! The repository's `post-checkout` hook runs after set-up, and keeps nobody from working when it fails.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::support::repo::{CTX, Repo, document, run, write};

/// With this hook, and a set-up that makes `made/tool`.
fn with_hook(script: &str) -> Repo {
    let repo = Repo::new();
    repo.write(".gitignore", "made\n*.log\n");
    repo.write("set-up.sh", "mkdir -p made && echo tool >made/tool\n");
    repo.commit("script");
    write(&repo.home().join(".claude/ctx.yaml"), "worktrees: { setup: sh set-up.sh }\n");
    let hook = write(&repo.path.join(".git/hooks/post-checkout"), &format!("#!/bin/sh\n{script}"));
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    repo.create_plan(&document("One", &[("t", &[])]));
    repo
}

#[test]
fn one_that_fails_is_said_and_the_worktree_is_ready() {
    let scripts = [
        (
            "exec husky-not-installed\n",
            "hook failed with exit code 127\n  ",
            "husky-not-installed: not found",
        ),
        (
            "echo first; echo second >&2; exit 3\n",
            "hook failed with exit code 3\n  first\n  second",
            "second",
        ),
        ("kill -9 $$\n", "hook ", ""),
        ("sleep 100 & sleep 100\n", "hook ran longer than 1 s and was ended", ""),
    ];
    for (script, fact, said) in scripts {
        let repo = with_hook(script);
        let start = Instant::now();
        let setup = run(repo
            .command(CTX, &repo.path)
            .args(["worktree", "setup"])
            .env("CTX_LIMIT", "post-checkout=1"));
        assert!(start.elapsed() < Duration::from_secs(30), "{script}");
        assert_eq!(setup.code, 0, "{script}: {}", setup.stderr);
        assert!(setup.stderr.contains("note: `t`: the repository's `post-checkout` "), "{}", setup.stderr);
        assert!(setup.stderr.contains(fact) && setup.stderr.contains(said), "{script}: {}", setup.stderr);
        assert!(!repo.git(&["worktree", "list", "--porcelain"]).contains("locked"), "{script}");
        let again = repo.ctx(&["worktree", "setup"]);
        assert!(again.stdout.contains("exists") && again.stderr.is_empty(), "{script}: {again:?}");
        repo.ctx(&["task", "start", "t"]).ok();
    }
}

#[test]
fn it_runs_once_after_set_up_and_what_it_makes_is_set_up_s() {
    let repo = with_hook("cat made/tool >>made/ran; echo \"$1 $2 $3\" >args.log; echo edited >>README.md\n");
    repo.ctx(&["worktree", "setup"]).ok();
    repo.ctx(&["worktree", "setup"]).ok();
    let dir = repo.worktree("t");
    assert_eq!(fs::read_to_string(dir.join("made/ran")).unwrap(), "tool\n");
    let head = repo.git(&["rev-parse", "main"]);
    assert_eq!(fs::read_to_string(dir.join("args.log")).unwrap(), format!("{} {head} 1\n", "0".repeat(40)));
    // A tracked file that it edits is the agent's to see.
    assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), " M README.md");
    fs::remove_file(repo.path.join(".git/hooks/post-checkout")).unwrap();
    repo.git_in(&dir, &["checkout", "--quiet", "--", "README.md"]);
    let out = repo.ctx(&["cleanup", "--include-unmerged"]).ok();
    assert!(out.contains("removed `") && !out.contains("ignored files"), "{out}");
}

#[test]
fn slots_of_the_pool_are_made_leased_and_given_back_with_one_that_fails() {
    let repo = with_hook("echo broken >&2; exit 7\n");
    let init = repo.ctx(&["pool", "init", "2"]);
    assert_eq!(init.code, 0, "{}", init.stderr);
    let note =
        "note: `slot.1`, `slot.2`: the repository's `post-checkout` hook failed with exit code 7\n  broken";
    assert!(init.stderr.contains(note), "{}", init.stderr);
    let acquire = repo.ctx(&["pool", "acquire", "t"]);
    assert_eq!(acquire.code, 0, "{}", acquire.stderr);
    assert!(acquire.stderr.contains("`post-checkout` hook failed with exit code 7"), "{}", acquire.stderr);
    repo.ctx(&["pool", "release", "t", "--include-unmerged"]).ok();
    repo.ctx(&["undo", "t"]).ok();
    assert_eq!(repo.json(&["pool", "status"])[0]["state"], "free");
}

#[test]
fn killed_before_it_ran_it_runs_with_the_next_set_up() {
    let repo = with_hook("echo ran >>made/ran\n");
    for point in ["setup-hook", "setup-note"] {
        let mut killed = repo.command(CTX, &repo.path);
        killed.args(["worktree", "setup"]).env("CTX_KILL_AT", point).output().unwrap();
    }
    repo.ctx(&["worktree", "setup"]).ok();
    assert!(fs::read_to_string(repo.worktree("t").join("made/ran")).unwrap().starts_with("ran\n"));
    fs::remove_file(repo.path.join(".git/hooks/post-checkout")).unwrap();
    let out = repo.ctx(&["cleanup", "--include-unmerged"]).ok();
    assert!(out.contains("removed `") && !out.contains("ignored files"), "{out}");
}
