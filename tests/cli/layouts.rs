//! Repositories of other shapes: the same plan from everywhere in them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::repo::{CTX, Repo, run, run_with, three_tasks, write};

/// The plan that is active, as seen from each of these folders; they must agree.
#[track_caller]
fn check_same(repo: &Repo, folders: &[&Path]) -> String {
    let seen: Vec<String> = folders
        .iter()
        .map(|dir| {
            let out = repo.ctx_in(dir, &["status", "--json"]).ok();
            let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
            answer["plan"]["id"].as_str().unwrap_or("none").to_owned()
        })
        .collect();
    assert!(seen.iter().all(|plan| *plan == seen[0] && plan != "none"), "{seen:?}");
    seen[0].clone()
}

#[track_caller]
fn create(repo: &Repo, dir: &Path) {
    run_with(repo.command(CTX, dir).args(["plan", "create"]), &three_tasks()).ok();
}

#[test]
fn a_submodule_has_plans_of_its_own() {
    let inner = Repo::new();
    let repo = Repo::new();
    let url = inner.path.to_str().unwrap();
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, "sub"]);
    repo.commit("add a submodule");
    let sub = repo.path.join("sub");
    create(&repo, &sub);
    assert!(sub.join(".parallel/plans").is_dir() && !repo.path.join(".parallel").exists());
    repo.ctx_in(&sub, &["worktree", "setup"]).ok();
    let worktree = sub.join("worktrees/task-0");
    check_same(&repo, &[&sub, &sub.join("src"), &worktree]);
    repo.ctx_in(&worktree, &["task", "start", "task-0"]).ok();
    assert_eq!(repo.git_in(&sub, &["status", "--porcelain"]), "");
}

#[test]
fn a_git_directory_may_lie_elsewhere() {
    let repo = Repo::empty();
    let project = repo.root().join("project");
    fs::create_dir(&project).unwrap();
    let git_dir = repo.root().join("elsewhere.git");
    repo.git(&[
        "init",
        "--quiet",
        "-b",
        "main",
        "--separate-git-dir",
        git_dir.to_str().unwrap(),
        project.to_str().unwrap(),
    ]);
    write(&project.join("README.md"), "# x\n");
    repo.commit_in(&project, "start");
    create(&repo, &project);
    repo.ctx_in(&project, &["worktree", "setup"]).ok();
    let worktree = project.join("worktrees/task-0");
    check_same(&repo, &[&project, &worktree]);
    repo.ctx_in(&worktree, &["task", "start", "task-0"]).ok();
    write(&worktree.join("task-0.txt"), "zero\n");
    repo.ctx_in(&worktree, &["commit", "-m", "feat: zero"]).ok();
    repo.ctx_in(&worktree, &["task", "submit", "task-0"]).ok();
    repo.ctx_in(&worktree, &["merge"]).ok();
    assert!(project.join("task-0.txt").exists());
    assert_eq!(repo.git_in(&project, &["status", "--porcelain"]), "");
}

/// A bare repository in `hub/.bare`, with a `.git` file beside it that points there.
fn bare_with_gitfile(repo: &Repo) -> PathBuf {
    let hub = repo.root().join("hub");
    fs::create_dir(&hub).unwrap();
    let bare = hub.join(".bare");
    repo.git(&["clone", "--quiet", "--bare", repo.path.to_str().unwrap(), bare.to_str().unwrap()]);
    write(&hub.join(".git"), "gitdir: ./.bare\n");
    hub
}

#[test]
fn beside_a_bare_repository_plans_lie_beside_the_git_directory() {
    let repo = Repo::new();
    let hub = bare_with_gitfile(&repo);
    create(&repo, &hub);
    assert!(hub.join(".parallel/plans").is_dir());
    repo.ctx_in(&hub, &["worktree", "setup"]).ok();
    let worktree = hub.join("worktrees/task-0");
    // A worktree that was made now is the first one; the plans stay where they are.
    check_same(&repo, &[&hub, &worktree]);
    repo.ctx_in(&worktree, &["task", "start", "task-0"]).ok();
    write(&worktree.join("task-0.txt"), "zero\n");
    repo.ctx_in(&worktree, &["commit", "-m", "feat: zero"]).ok();
    repo.ctx_in(&worktree, &["task", "submit", "task-0"]).ok();
    repo.ctx_in(&hub, &["merge"]).ok();
    assert_eq!(repo.git_in(&hub, &["show", "main:task-0.txt"]), "zero");
}

#[test]
fn a_bare_repository_with_worktrees_keeps_plans_in_the_first() {
    let repo = Repo::new();
    let hub = bare_with_gitfile(&repo);
    let (first, second) = (hub.join("main"), hub.join("other"));
    repo.git_in(&hub, &["worktree", "add", "--quiet", first.to_str().unwrap(), "main"]);
    repo.git_in(&hub, &["worktree", "add", "--quiet", "-b", "other", second.to_str().unwrap(), "main"]);
    create(&repo, &second);
    assert!(first.join(".parallel/plans").is_dir() && !second.join(".parallel").exists());
    repo.ctx_in(&second, &["worktree", "setup"]).ok();
    // Sorted by path, `aaa` comes before `main`.
    let early = hub.join("aaa");
    repo.git_in(&hub, &["worktree", "add", "--quiet", "-b", "early", early.to_str().unwrap(), "main"]);
    check_same(&repo, &[&first, &second, &early, &first.join("worktrees/task-0")]);
}

#[test]
fn a_copied_repository_does_not_use_the_state_of_the_original() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["task", "start", "task-0"]).ok();
    let copy = repo.root().join("copy");
    run(repo.command("cp", &repo.path).args(["-a", repo.path.to_str().unwrap(), copy.to_str().unwrap()]))
        .ok();
    repo.ctx_in(&copy, &["task", "block", "task-0", "--reason", "here only"]).ok();
    assert_eq!(repo.json(&["task", "show", "task-0"])["status"], "in_progress");
}

#[test]
fn a_moved_repository_is_found_where_it_is() {
    let repo = Repo::with_plan(&three_tasks());
    let moved = repo.root().join("moved");
    fs::rename(&repo.path, &moved).unwrap();
    let out = repo.ctx_in(&moved, &["worktree", "setup"]).ok();
    assert!(out.contains("moved/worktrees/task-0"), "{out}");
    assert!(moved.join("worktrees/task-0/README.md").exists());
}

#[test]
fn everything_works_with_each_git_on_this_machine() {
    for folder in ["/usr/bin", "/usr/local/bin"] {
        if !Path::new(folder).join("git").exists() {
            continue;
        }
        let repo = Repo::with_plan(&three_tasks());
        let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
        let ctx = |dir: &Path, args: &[&str]| run(repo.command(CTX, dir).args(args).env("PATH", &path)).ok();
        ctx(&repo.path, &["worktree", "setup"]);
        let dir = repo.worktree("task-0");
        ctx(&dir, &["task", "start", "task-0"]);
        write(&dir.join("task-0.txt"), "zero\n");
        ctx(&dir, &["commit", "-m", "feat: zero"]);
        ctx(&dir, &["task", "submit", "task-0"]);
        ctx(&repo.path, &["merge"]);
        ctx(&repo.path, &["cleanup"]);
        assert!(repo.path.join("task-0.txt").exists() && !dir.exists());
    }
}
