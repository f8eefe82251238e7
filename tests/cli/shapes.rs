//! Repositories of every shape: what set-up cannot do is said in a sentence, the rest works.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::repo::{Repo, document, run, three_tasks, write};

/// A branch of this name is in the way of everything below `feature/`: refused in these words, and nothing else is held up.
#[track_caller]
fn check_clash(branch: &str, config: &[&str], expected: &str) {
    let repo = Repo::with_plan(&three_tasks());
    repo.git(&["branch", branch]);
    if !config.is_empty() {
        repo.git(&[&["config"], config].concat());
    }
    let out = repo.ctx(&["worktree", "setup", "task-0"]).fails(1);
    assert!(out.contains(expected) && out.contains("hint: ") && !out.contains(".lock"), "{branch}: {out}");
    repo.ctx(&["pool", "init", "1"]).ok();
    let pool = repo.ctx(&["pool", "acquire", "task-0"]).fails(1);
    assert!(pool.contains(expected), "{branch}: {pool}");
    assert!(repo.json(&["pool", "status"])[0]["state"] == "free");
    assert!(!repo.worktree("task-0").exists());
    assert!(repo.json(&["worktree", "list"]).as_array().unwrap().is_empty());
    repo.git(&["branch", "-m", branch, "elsewhere"]);
    repo.ctx(&["worktree", "setup", "task-0"]).ok();
}

#[test]
fn branch_names_that_clash_whatever_the_task_is_called_are_named() {
    check_clash("feature", &[], "branch `feature/task-0` cannot be beside branch `feature`");
    check_clash("FEATURE", &["core.ignoreCase", "true"], "does not tell case apart");
}

#[test]
fn branches_that_differ_in_case_are_two_where_files_do() {
    let repo = Repo::with_plan(&three_tasks());
    repo.git(&["branch", "Feature/Task-0"]);
    repo.ctx(&["worktree", "setup", "task-0"]).ok();
}

#[test]
fn a_branch_template_that_git_refuses_is_named() {
    let repo = Repo::new();
    repo.write(".claude/auto-context.yaml", "worktrees: { branch: 'a..{task}' }\n");
    repo.create_plan(&three_tasks());
    let out = repo.ctx(&["worktree", "setup", "task-0"]).fails(1);
    assert!(out.contains("git does not take `a..task-0` for a branch's name"), "{out}");
    assert!(repo.ctx(&["cleanup"]).ok().contains("no worktrees to clean up"));
}

#[test]
fn a_branch_checked_out_elsewhere_is_named() {
    let repo = Repo::with_plan(&three_tasks());
    let place = repo.root().join("elsewhere");
    repo.git(&["worktree", "add", "--quiet", "-b", "feature/task-0", place.to_str().unwrap()]);
    let ran = repo.ctx(&["worktree", "setup", "task-0"]);
    assert!(ran.stderr.contains("branch `feature/task-0`, which is not this plan's"), "{}", ran.stderr);
    assert_eq!(repo.git_in(&place, &["branch", "--show-current"]), "feature/task-0");
    // Somebody switches their own worktree to the branch of a task whose folder is gone.
    fs::remove_dir_all(repo.worktree("three-task-0")).unwrap();
    repo.git(&["worktree", "prune"]);
    repo.git_in(&place, &["switch", "--quiet", "feature/three-task-0"]);
    let out = repo.ctx(&["worktree", "setup", "task-0"]).fails(1);
    assert!(
        out.contains("branch `feature/three-task-0` is checked out in `") && out.contains("elsewhere"),
        "{out}"
    );
}

#[test]
fn submodules_are_left_to_the_person() {
    let repo = Repo::new();
    let library = repo.root().join("library");
    repo.git(&["init", "--quiet", library.to_str().unwrap()]);
    write(&library.join("lib.txt"), "lib\n");
    repo.commit_in(&library, "lib");
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "lib"]);
    repo.commit("submodule");
    repo.create_plan(&three_tasks());
    let ran = repo.ctx(&["worktree", "setup"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("note: `task-0`, `task-1`: submodules are not checked out"),
        "{}",
        ran.stderr
    );
    let dir = repo.worktree("task-0");
    assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "");
    // Filled, it is kept: its repositories lie in the worktree's own git directory.
    repo.git_in(&dir, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init"]);
    let out = repo.ctx(&["cleanup", "--include-unmerged"]).ok();
    assert!(out.contains("kept `task-0`: it holds the repositories of submodules"), "{out}");
}

#[test]
fn changes_in_a_submodule_count_whatever_git_is_told_to_ignore() {
    let repo = Repo::new();
    let library = repo.root().join("library");
    repo.git(&["init", "--quiet", library.to_str().unwrap()]);
    write(&library.join("lib.txt"), "lib\n");
    repo.commit_in(&library, "lib");
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../library", "lib"]);
    repo.git(&["config", "--file", ".gitmodules", "submodule.lib.ignore", "all"]);
    repo.commit("submodule");
    repo.create_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    let dir = repo.worktree("t");
    repo.git_in(&dir, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init"]);
    repo.ctx_in(&dir, &["task", "start", "t"]).ok();
    write(&dir.join("t.txt"), "t\n");
    repo.ctx_in(&dir, &["commit", "-m", "feat: t"]).ok();
    write(&dir.join("lib/lib.txt"), "changed\n");
    let out = repo.ctx_in(&dir, &["task", "submit", "t"]).fails(1);
    assert!(out.contains("uncommitted files: `lib`"), "{out}");
}

#[test]
fn a_sparse_checkout_stays_sparse() {
    let repo = Repo::new();
    repo.write("big/file.txt", "big\n");
    repo.write("small/file.txt", "small\n");
    repo.commit("two");
    repo.git(&["sparse-checkout", "set", "small"]);
    repo.create_plan(&three_tasks());
    repo.ctx(&["pool", "init", "1"]).ok();
    repo.ctx(&["worktree", "setup", "task-0"]).ok();
    for dir in [repo.worktree("task-0"), repo.worktree("slot.1")] {
        assert!(dir.join("small/file.txt").exists() && !dir.join("big").exists(), "{}", dir.display());
        assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "");
    }
}

#[test]
fn pointers_of_large_files_are_named() {
    let repo = Repo::new();
    repo.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    repo.write("a.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
    repo.commit("large");
    repo.create_plan(&three_tasks());
    let ran = repo.ctx(&["worktree", "setup", "task-0"]);
    assert!(
        ran.code == 0 && ran.stderr.contains("files kept in Git LFS are pointers here"),
        "{}",
        ran.stderr
    );
    // Where the filter is there, git runs it at the checkout.
    repo.git(&["config", "filter.lfs.smudge", "sed s/version/smudged/"]);
    repo.git(&["config", "filter.lfs.clean", "sed s/smudged/version/"]);
    let ran = repo.ctx(&["worktree", "setup", "task-1"]);
    assert!(!ran.stderr.contains("LFS"), "{}", ran.stderr);
    assert!(fs::read_to_string(repo.worktree("task-1").join("a.bin")).unwrap().starts_with("smudged"));
}

#[test]
fn hooks_of_the_project_run_where_it_keeps_them() {
    let repo = Repo::new();
    let hook = repo.write(".githooks/post-checkout", "#!/bin/sh\necho \"$PWD\" >>../../hooked\n");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    repo.write(".gitignore", "hooked\n");
    repo.commit("hook");
    repo.git(&["config", "core.hooksPath", ".githooks"]);
    repo.create_plan(&three_tasks());
    repo.ctx(&["worktree", "setup", "task-0"]).ok();
    repo.ctx(&["pool", "init", "1"]).ok();
    repo.ctx(&["pool", "acquire", "task-1"]).ok();
    let places = [repo.worktree("task-0"), repo.worktree("slot.1"), repo.worktree("slot.1")];
    let expected: String = places.iter().map(|place| format!("{}\n", place.display())).collect();
    assert_eq!(repo.read("hooked"), expected);
}

#[test]
fn a_partial_clone_fetches_what_the_checkout_needs() {
    let origin = Repo::new();
    origin.write("later.txt", "later\n");
    origin.commit("later");
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    let repo = Repo::empty();
    let clone = repo.root().join("clone");
    let url = format!("file://{}", origin.path.display());
    run(repo.command("git", &repo.root()).args([
        "clone",
        "--quiet",
        "--filter=blob:none",
        "--no-checkout",
        &url,
        "clone",
    ]))
    .ok();
    let ctx = |args: &[&str]| repo.ctx_in(&clone, args);
    write(&repo.root().join("plan.md"), &three_tasks());
    ctx(&["plan", "create", "../plan.md"]).ok();
    ctx(&["worktree", "setup"]).ok();
    assert_eq!(fs::read_to_string(clone.join("worktrees/task-1/later.txt")).unwrap(), "later\n");
}
