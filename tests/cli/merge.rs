//! `ctx merge`, `ctx commit`, `ctx cleanup`: what was made reaches the base branch, and nothing is lost.

use std::fs;

use crate::support::repo::{Repo, document, run, three_tasks, write};

fn landed(repo: &Repo) -> Vec<String> {
    let log = repo.git(&["log", "--first-parent", "--format=%s|%b", "main"]);
    log.lines().filter(|line| line.starts_with("Merge")).map(str::to_owned).collect()
}

/// A plan with worktrees, and the first two tasks completed with these contents of one file each.
fn two_done(first: (&str, &str), second: (&str, &str)) -> Repo {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("task-0", first.0, first.1);
    repo.work("task-1", second.0, second.1);
    repo
}

#[test]
fn tasks_land_in_the_order_of_their_dependencies() {
    let repo = two_done(("task-0.txt", "zero\n"), ("task-1.txt", "one\n"));
    let out = repo.ctx(&["merge"]).ok();
    assert!(out.contains("2 tasks landed on `main`"), "{out}");
    repo.ctx(&["worktree", "setup"]).ok();
    // The dependent task starts where its dependency has landed.
    assert_eq!(fs::read_to_string(repo.worktree("task-2").join("task-0.txt")).unwrap(), "zero\n");
    repo.work("task-2", "task-2.txt", "two\n");
    repo.ctx(&["merge"]).ok();
    assert_eq!(
        landed(&repo),
        [
            "Merge branch 'feature/task-2'|Do task-2",
            "Merge branch 'feature/task-1'|Do task-1",
            "Merge branch 'feature/task-0'|Do task-0"
        ]
    );
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert_eq!(repo.read("task-2.txt"), "two\n");
    assert_eq!(repo.ctx(&["merge"]).ok(), "nothing to merge into `main`\nnext: `ctx cleanup`\n");
}

#[test]
fn a_conflict_leaves_out_the_task_and_names_its_files() {
    let doc = document("Three", &[("task-0", &[]), ("task-1", &[]), ("task-2", &[])]);
    let repo = Repo::with_plan(&doc);
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("task-0", "src/a.txt", "one\nTWO\nthree\n");
    repo.work("task-1", "src/a.txt", "one\n2\nthree\n");
    repo.work("task-2", "other.txt", "other\n");
    let ran = repo.ctx(&["merge", "--json"]);
    assert_eq!(ran.code, 3);
    let answer: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let names = |key: &str| -> Vec<String> {
        answer[key].as_array().unwrap().iter().map(|row| row["task"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("landed"), ["task-0", "task-2"]);
    assert_eq!(names("left_out"), ["task-1"]);
    let conflict =
        answer["left_out"].as_array().unwrap().iter().find(|row| row["why"] == "conflict").unwrap();
    assert_eq!(conflict["files"], serde_json::json!(["src/a.txt"]));
    assert_eq!(repo.read("src/a.txt"), "one\nTWO\nthree\n");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_checked_out_base_keeps_index_and_files_in_step() {
    let repo = two_done(("task-0.txt", "zero\n"), ("src/a.txt", "changed\n"));
    repo.ctx(&["merge"]).ok();
    // What `update-ref` would have left: an index that holds the reverse of the merge.
    assert_eq!(repo.git(&["diff", "--cached", "--name-only"]), "");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert_eq!(repo.read("src/a.txt"), "changed\n");
}

#[test]
fn a_base_that_is_not_checked_out_moves_too() {
    let repo = two_done(("task-0.txt", "zero\n"), ("task-1.txt", "one\n"));
    repo.git(&["switch", "--quiet", "-c", "elsewhere"]);
    repo.ctx(&["merge"]).ok();
    assert_eq!(landed(&repo).len(), 2);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert!(!repo.path.join("task-0.txt").exists());
}

#[test]
fn a_base_checked_out_in_another_worktree_moves_there() {
    let repo = two_done(("task-0.txt", "zero\n"), ("task-1.txt", "one\n"));
    repo.git(&["switch", "--quiet", "-c", "elsewhere"]);
    let other = repo.root().join("other place");
    repo.git(&["worktree", "add", "--quiet", other.to_str().unwrap(), "main"]);
    repo.ctx(&["merge"]).ok();
    assert_eq!(repo.git_in(&other, &["status", "--porcelain"]), "");
    assert!(other.join("task-0.txt").exists());
}

#[test]
fn the_answer_says_what_landed_what_was_not_checked_and_what_comes_next() {
    let repo = two_done(("task-0.txt", "zero\n"), ("task-1.txt", "one\n"));
    let out = repo.ctx(&["merge"]).ok();
    let tip = repo.git(&["rev-parse", "--short=9", "main"]);
    assert!(
        out.ends_with(&format!(
            "2 tasks landed on `main`, now {tip}; not verified\n\
             no checks ran: run the project's tests on `main` before you rely on it\n\
             next: `ctx worktree setup`, then `/ctx:execute` in Claude Code\n"
        )),
        "{out}"
    );
    assert_eq!(repo.json(&["merge"])["next"], repo.json(&["status"])["next"]);
}

#[test]
fn a_dry_run_changes_nothing() {
    let repo = two_done(("task-0.txt", "zero\n"), ("task-1.txt", "one\n"));
    let before = repo.git(&["for-each-ref"]);
    let out = repo.ctx(&["merge", "--dry-run"]).ok();
    assert!(out.contains("2 tasks would land on `main`"), "{out}");
    assert_eq!(repo.git(&["for-each-ref"]), before);
}

#[test]
fn named_tasks_land_alone_and_unfinished_ones_are_named() {
    let repo = two_done(("task-0.txt", "zero\n"), ("task-1.txt", "one\n"));
    repo.ctx(&["merge", "task-1"]).ok();
    assert_eq!(landed(&repo), ["Merge branch 'feature/task-1'|Do task-1"]);
    let out = repo.ctx(&["merge", "task-2"]).fails(1);
    assert!(out.contains("left out `task-2`: it is pending"), "{out}");
    let out = repo.ctx(&["merge", "task-9"]).fails(1);
    assert!(out.contains("has no task `task-9`"), "{out}");
}

#[test]
fn a_branch_that_changes_plans_does_not_land() {
    let repo = Repo::new();
    repo.write(".parallel/note.md", "tracked\n");
    repo.commit("plans are committed here");
    repo.create_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    let dir = repo.worktree("task-0");
    repo.ctx(&["task", "start", "task-0"]).ok();
    write(&dir.join(".parallel/note.md"), "changed\n");
    repo.commit_in(&dir, "feat: change the plan");
    repo.ctx(&["task", "submit", "task-0"]).ok();
    let out = repo.ctx(&["merge"]).fails(1);
    assert!(out.contains("left out `task-0`: its branch changes `.parallel/note.md`"), "{out}");
}

#[test]
fn a_merge_commit_is_signed_where_git_is_told_to() {
    let repo = two_done(("task-0.txt", "zero\n"), ("task-1.txt", "one\n"));
    let key = repo.root().join("key");
    run(repo.command("ssh-keygen", &repo.path).args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key)).ok();
    for (name, value) in
        [("commit.gpgSign", "true"), ("gpg.format", "ssh"), ("user.signingKey", key.to_str().unwrap())]
    {
        repo.git(&["config", name, value]);
    }
    repo.ctx(&["merge"]).ok();
    let commit = repo.git(&["cat-file", "commit", "main"]);
    assert!(commit.contains("gpgsig -----BEGIN SSH SIGNATURE-----"), "{commit}");
}

#[test]
fn a_commit_carries_the_trailer_once() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    let dir = repo.worktree("task-0");
    write(&dir.join("src/b.txt"), "b\n");
    repo.ctx_in(&dir.join("src"), &["commit", "-m", "feat: b"]).ok();
    write(&dir.join("README.md"), "c\n");
    repo.ctx_in(&dir.join("src"), &["commit", "-m", "fix: c\n\nImplements: task-0"]).ok();
    let log = repo.git_in(&dir, &["log", "-2", "--format=%B", "--name-only"]);
    insta::assert_snapshot!(log, @"
    fix: c

    Implements: task-0


    README.md
    feat: b

    Implements: task-0


    src/b.txt
    ");
}

/// A message, and the first line of the answer.
#[track_caller]
fn check_message(message: &str, expected: &str) {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup", "task-0"]).ok();
    let dir = repo.worktree("task-0");
    write(&dir.join("b.txt"), "b\n");
    let ran = repo.ctx_in(&dir, &["commit", "-m", message]);
    let answer = if ran.code == 0 {
        repo.git_in(&dir, &["log", "-1", "--format=%s"])
    } else {
        ran.stderr.lines().next().unwrap().to_owned()
    };
    assert_eq!(answer, expected);
}

#[test]
fn a_message_has_a_type() {
    check_message("feat: add b", "feat: add b");
    check_message("fix(parser)!: close it", "fix(parser)!: close it");
    check_message("feat: `x` $(y) 'z' \"w\"", "feat: `x` $(y) 'z' \"w\"");
    check_message("add b", "error: the message `add b` has no type");
    check_message("Add: b", "error: the message `Add: b` has no type");
    check_message("feat:b", "error: the message `feat:b` has no type");
    check_message("feat: ", "error: the message `feat: ` has no type");
    check_message("", "error: the message `` has no type");
}

#[test]
fn only_a_task_s_worktree_is_committed() {
    let repo = Repo::with_plan(&three_tasks());
    repo.write("mine.txt", "mine\n");
    let out = repo.ctx(&["commit", "-m", "feat: mine"]).fails(1);
    assert!(out.contains("this is not a task's worktree"), "{out}");
    assert_eq!(repo.git(&["status", "--porcelain"]), "?? mine.txt");
}

#[test]
fn push_sends_the_branch_and_the_base() {
    let repo = Repo::with_plan(&three_tasks());
    let remote = repo.root().join("remote.git");
    repo.git(&["init", "--quiet", "--bare", remote.to_str().unwrap()]);
    repo.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    repo.ctx(&["worktree", "setup", "task-0"]).ok();
    let dir = repo.worktree("task-0");
    repo.ctx(&["task", "start", "task-0"]).ok();
    write(&dir.join("b.txt"), "b\n");
    repo.ctx_in(&dir, &["commit", "-m", "feat: b", "--push"]).ok();
    repo.ctx(&["task", "submit", "task-0"]).ok();
    repo.ctx(&["merge", "--push"]).ok();
    let refs = repo.git(&["ls-remote", "--refs", "origin"]);
    assert!(refs.contains("refs/heads/feature/task-0") && refs.contains("refs/heads/main"), "{refs}");
    assert!(refs.contains(&repo.git(&["rev-parse", "main"])));
}

#[test]
fn cleanup_removes_what_is_merged_and_clean_and_names_the_rest() {
    let doc = document(
        "Five",
        &[("merged", &[]), ("dirty", &[]), ("unmerged", &[]), ("locked", &[]), ("fresh", &[])],
    );
    let repo = Repo::with_plan(&doc);
    repo.write(".gitignore", "*.log\n");
    repo.commit("ignore logs");
    repo.ctx(&["worktree", "setup"]).ok();
    for task in ["merged", "dirty", "locked"] {
        repo.work(task, &format!("{task}.txt"), "x\n");
    }
    repo.ctx(&["merge"]).ok();
    repo.work("unmerged", "unmerged.txt", "x\n");
    write(&repo.worktree("dirty").join("note.txt"), "mine\n");
    repo.git(&["worktree", "lock", repo.worktree("locked").to_str().unwrap()]);
    let dry = repo.ctx(&["cleanup", "--dry-run"]).ok();
    assert!(dry.contains("would remove") && repo.worktree("merged").exists(), "{dry}");
    let out = repo.ctx(&["cleanup"]).ok().replace(repo.path.to_str().unwrap(), "REPO");
    insta::assert_snapshot!(out, @"
    kept `dirty`: uncommitted files: `note.txt`
    kept `fresh`: its task is pending
    kept `locked`: it is locked; `git worktree unlock REPO/worktrees/locked` takes that off
    removed `REPO/worktrees/merged` and branch `feature/merged`
    kept `unmerged`: `feature/unmerged` has 1 commit not in `main`
    1 removed, 4 kept; `ctx undo` lists what can be brought back
    ");
    assert!(!repo.worktree("merged").exists());
    assert_eq!(repo.git(&["branch", "--list", "feature/merged"]), "");
    // It is still known to have landed.
    assert_eq!(repo.json(&["task", "list"])[0]["landed"], true);
}

#[test]
fn ignored_files_of_a_removed_worktree_stay_in_the_trash() {
    let repo = Repo::new();
    repo.write(".gitignore", ".env\n*.log\n");
    repo.write(".env", "KEY=1\n");
    repo.commit("ignore");
    repo.create_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("task-0", "task-0.txt", "zero\n");
    repo.work("task-1", "task-1.txt", "one\n");
    write(&repo.worktree("task-0").join("run.log"), "only here\n");
    repo.ctx(&["merge"]).ok();
    let rows = repo.json(&["cleanup"]);
    let trash = rows[0]["trash"].as_str().unwrap();
    assert_eq!(fs::read_to_string(format!("{trash}/run.log")).unwrap(), "only here\n");
    // What set-up copied and nobody changed is no loss.
    assert_eq!(rows[1]["trash"], serde_json::Value::Null);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

/// Branches that each write one file: name, file, content, dependencies. What landed, what did not.
#[track_caller]
fn check_train(branches: &[(&str, &str, &str, &[&str])], expected: &[&str]) {
    use ctx::git::{self, Branch};
    use ctx::land::{Candidate, Train};
    use ctx::plan::TaskId;
    let repo = Repo::new();
    let id = |name: &str| TaskId::parse(name).unwrap();
    let tip = |name: &str| git::resolve(&repo.path, &format!("refs/heads/{name}")).unwrap().unwrap();
    let mut candidates = Vec::new();
    for (name, file, content, after) in branches {
        repo.git(&["switch", "--quiet", "-c", name, "main"]);
        repo.write(file, content);
        repo.commit(name);
        candidates.push(Candidate {
            task: id(name),
            name: (*name).to_owned(),
            branch: Branch::new(*name),
            tip: tip(name),
            dependencies: after.iter().map(|name| id(name)).collect(),
        });
    }
    let before = repo.git(&["for-each-ref"]);
    let train =
        Train::run(&repo.path, tip("main"), &candidates, &|task| task.as_str() == "earlier", &()).unwrap();
    let landed = train.landed.iter().map(|landed| format!("{} landed", landed.task));
    let left = train.left_out.iter().map(|left| format!("{}: {}", left.task, left.why));
    assert_eq!(landed.chain(left).collect::<Vec<_>>(), expected);
    assert_eq!(repo.git(&["for-each-ref"]), before);
}

#[test]
fn what_depends_on_a_task_that_is_left_out_is_left_out_too() {
    check_train(&[("a", "a.txt", "a", &[]), ("b", "b.txt", "b", &["a"])], &["a landed", "b landed"]);
    check_train(&[("a", "a.txt", "a", &["earlier"])], &["a landed"]);
    check_train(&[("a", "a.txt", "a", &["other"])], &["a: depends on `other`, which is not landed"]);
    check_train(
        &[
            ("a", "x.txt", "a", &[]),
            ("b", "x.txt", "b", &[]),
            ("c", "c.txt", "c", &["b"]),
            ("d", "d.txt", "d", &["c"]),
            ("e", "e.txt", "e", &["a"]),
        ],
        &[
            "a landed",
            "e landed",
            "b: conflict in `x.txt`",
            "c: depends on `b`, which is not landed",
            "d: depends on `c`, which is not landed",
        ],
    );
    check_train(
        &[("a", "a b'\"\n.txt", "a", &[]), ("b", "a b'\"\n.txt", "b", &[])],
        &["a landed", "b: conflict in `a b'\"\\n.txt`"],
    );
}
