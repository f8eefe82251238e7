//! `ctx pool`: slots are made ahead, given out once, and taken back only when nothing in them can be missed.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::support::repo::{Repo, document, three_tasks, write};

/// A plan of tasks `t0`… and a set-up that leaves a mark, with `slots` slots.
fn pool(tasks: usize, slots: usize) -> Repo {
    let repo = Repo::new();
    repo.write(".gitignore", ".env\nmade\n");
    repo.write("set-up.sh", "echo \"$CTX_PORT\" >>made\n");
    repo.write("package-lock.lock", "1\n");
    repo.commit("script");
    repo.write(".env", "KEY=1\n");
    write(&repo.home().join(".claude/ctx.yaml"), "worktrees: { setup: sh set-up.sh }\n");
    let ids: Vec<String> = (0..tasks).map(|n| format!("t{n}")).collect();
    let tasks: Vec<(&str, &[&str])> = ids.iter().map(|id| (id.as_str(), &[][..])).collect();
    repo.create_plan(&document("Pool", &tasks));
    repo.ctx(&["pool", "init", &slots.to_string()]).ok();
    repo
}

fn acquire(repo: &Repo, task: &str) -> (String, PathBuf, String) {
    let out = repo.ctx(&["pool", "acquire", task]).ok();
    let parts: Vec<&str> = out.trim_end().split('|').collect();
    let [slot, path, branch] = parts[..] else { panic!("{out}") };
    (slot.to_owned(), path.into(), branch.to_owned())
}

fn states(repo: &Repo) -> Vec<String> {
    let rows = repo.json(&["pool", "status"]);
    let word = |row: &serde_json::Value| row["state"].as_str().unwrap().to_owned();
    rows.as_array().unwrap().iter().map(word).collect()
}

fn work(repo: &Repo, task: &str, dir: &std::path::Path) -> String {
    repo.ctx_in(dir, &["task", "start", task]).ok();
    write(&dir.join(format!("{task}.txt")), "work\n");
    repo.ctx_in(dir, &["commit", "-m", &format!("feat: {task}")]).ok();
    repo.ctx_in(dir, &["task", "submit", task]).ok();
    repo.git_in(dir, &["rev-parse", "HEAD"])
}

#[test]
fn a_slot_goes_to_a_task_and_comes_back_when_its_work_is_merged() {
    let repo = pool(2, 2);
    assert_eq!(states(&repo), ["free", "free"]);
    let (slot, dir, branch) = acquire(&repo, "t0");
    assert_eq!((slot.as_str(), branch.as_str()), ("slot.1", "feature/t0"));
    assert_eq!(repo.git_in(&dir, &["symbolic-ref", "HEAD"]), "refs/heads/feature/t0");
    assert_eq!(fs::read_to_string(dir.join(".env")).unwrap(), "KEY=1\n");
    assert_eq!(fs::read_to_string(dir.join("made")).unwrap().lines().count(), 1, "set-up ran once, ahead");
    assert_eq!(acquire(&repo, "t0"), (slot.clone(), dir.clone(), branch), "again: the same");
    assert_eq!(states(&repo), ["leased", "free"]);
    let row = repo.json(&["pool", "status"])[0].clone();
    assert_eq!((&row["task"], row["process"].is_u64(), row["since"].is_string()), (&"t0".into(), true, true));
    let out = repo.ctx(&["pool", "release", &slot]).fails(1);
    assert!(out.contains("`slot.1` stays with `t0`: its task is pending"), "{out}");
    let tip = work(&repo, "t0", &dir);
    let out = repo.ctx(&["pool", "release", &slot]).fails(1);
    assert!(out.contains("commit not in `main`"), "{out}");
    repo.ctx(&["pool", "merge"]).ok();
    write(&dir.join("note.txt"), "mine\n");
    assert!(repo.ctx(&["pool", "release", &slot]).fails(1).contains("uncommitted files: `note.txt`"));
    fs::remove_file(dir.join("note.txt")).unwrap();
    write(&dir.join(".env"), "KEY=changed\n");
    repo.ctx(&["pool", "release", &slot]).ok();
    assert_eq!(states(&repo), ["free", "free"]);
    assert_eq!(repo.git(&["branch", "--list", "feature/*"]), "");
    // Nothing of the last task is in the next one's.
    let (slot, dir, _) = acquire(&repo, "t1");
    assert_eq!(slot, "slot.1", "the one at the base");
    assert_eq!(repo.git_in(&dir, &["rev-parse", "HEAD"]), repo.git(&["rev-parse", "main"]));
    assert_eq!(fs::read_to_string(dir.join(".env")).unwrap(), "KEY=1\n");
    assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "");
    // What was changed is kept, and the work can be brought back outside the pool.
    repo.ctx(&["undo", "t0"]).ok();
    assert_eq!(repo.git_in(&repo.worktree("t0"), &["rev-parse", "HEAD"]), tip);
    assert_eq!(fs::read_to_string(repo.worktree("t0").join(".env")).unwrap(), "KEY=changed\n");
}

#[test]
fn what_is_neither_merged_nor_committed_is_saved_first() {
    let repo = pool(1, 1);
    let (slot, dir, _) = acquire(&repo, "t0");
    let tip = repo.commit_in(&dir, "feat: half");
    write(&dir.join("deep/new.txt"), "untracked\n");
    write(&dir.join("README.md"), "changed\n");
    write(&dir.join("staged.txt"), "staged\n");
    repo.git_in(&dir, &["add", "staged.txt"]);
    let status = repo.git_in(&dir, &["status", "--porcelain=v2", "-uall"]);
    repo.ctx(&["pool", "release", &slot, "--include-unmerged"]).fails(1);
    repo.ctx(&["pool", "release", &slot, "--include-unmerged", "--include-dirty"]).ok();
    assert_eq!(states(&repo), ["free"]);
    assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "");
    assert!(!dir.join("deep").exists() && !dir.join("staged.txt").exists());
    repo.ctx(&["undo", "t0"]).ok();
    let back = repo.worktree("t0");
    assert_eq!(repo.git_in(&back, &["rev-parse", "HEAD"]), tip);
    assert_eq!(repo.git_in(&back, &["status", "--porcelain=v2", "-uall"]), status);
}

#[test]
fn two_processes_never_get_the_same_slot() {
    let repo = pool(12, 4);
    let slots: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..12)
            .map(|n| {
                let repo = &repo;
                scope.spawn(move || repo.ctx(&["pool", "acquire", &format!("t{n}")]))
            })
            .collect();
        let done = runs.into_iter().map(|run| run.join().unwrap());
        done.filter(|ran| ran.code == 0).map(|ran| ran.stdout.split('|').next().unwrap().to_owned()).collect()
    });
    assert_eq!(slots.len(), 4, "{slots:?}");
    assert_eq!(slots.iter().collect::<BTreeSet<_>>().len(), 4, "{slots:?}");
    assert_eq!(states(&repo), ["leased"; 4]);
    assert_eq!(repo.git(&["branch", "--list", "feature/*"]).lines().count(), 4, "nothing of those refused");
    let refused = (0..12)
        .map(|n| format!("t{n}"))
        .find(|task| repo.json(&["task", "show", task])["worktree"].is_null());
    let out = repo.ctx(&["pool", "acquire", &refused.unwrap()]).fails(1);
    assert!(out.contains("none of the 4 slots is free") && out.contains("ctx pool init 5"), "{out}");
}

#[test]
fn a_pool_file_that_was_lost_is_made_anew_with_doubt() {
    let repo = pool(3, 3);
    let (_, dir, _) = acquire(&repo, "t0");
    for damage in ["not json {", ""] {
        let file = repo.path.join(".git/ctx/pool.json");
        fs::write(&file, damage).unwrap();
        assert_eq!(states(&repo), ["leased", "doubt", "doubt"]);
        let out = repo.ctx(&["pool", "acquire", "t1"]).fails(1);
        assert!(out.contains("none of the 3 slots is free"), "{out}");
        let health = repo.ctx(&["pool", "health"]).fails(1);
        assert!(health.contains("the pool's file was lost"), "{health}");
        assert_eq!(
            repo.ctx(&["pool", "acquire", "t0"]).ok().split('|').nth(1).unwrap(),
            dir.to_str().unwrap()
        );
        // One was in use all the same.
        write(&repo.worktree("slot.2").join("mine.txt"), "mine\n");
        assert!(repo.ctx(&["pool", "release", "2"]).fails(1).contains("uncommitted files: `mine.txt`"));
        repo.ctx(&["pool", "release", "3"]).ok();
        assert_eq!(states(&repo), ["leased", "doubt", "free"]);
        fs::remove_file(repo.worktree("slot.2").join("mine.txt")).unwrap();
        repo.ctx(&["pool", "release", "slot.2"]).ok();
        assert_eq!(states(&repo), ["leased", "free", "free"]);
        repo.ctx(&["pool", "health"]).ok();
    }
    fs::remove_file(repo.path.join(".git/ctx/pool.json")).unwrap();
    assert_eq!(states(&repo), ["leased", "doubt", "doubt"]);
}

#[test]
fn a_free_slot_that_somebody_uses_is_passed_over() {
    let repo = pool(2, 2);
    write(&repo.worktree("slot.1").join("mine.txt"), "mine\n");
    assert_eq!(acquire(&repo, "t0").0, "slot.2");
    let out = repo.ctx(&["pool", "acquire", "t1"]).fails(1);
    assert!(out.contains("`slot.1`: uncommitted files: `mine.txt`"), "{out}");
    assert!(repo.ctx(&["pool", "health"]).fails(1).contains("`slot.1` is free, but uncommitted files"));
    repo.ctx(&["pool", "reset"]).ok();
    assert_eq!(fs::read_to_string(repo.worktree("slot.1").join("mine.txt")).unwrap(), "mine\n");
}

#[test]
fn set_up_runs_again_where_what_it_reads_has_changed() {
    let repo = pool(1, 1);
    repo.write("yarn.lock", "2\n");
    repo.commit("lock");
    let (_, dir, _) = acquire(&repo, "t0");
    assert_eq!(fs::read_to_string(dir.join("made")).unwrap().lines().count(), 2);
}

#[test]
fn reset_makes_new_slots_and_leaves_those_that_are_leased() {
    let repo = pool(2, 2);
    acquire(&repo, "t0");
    repo.write("new.txt", "new\n");
    let base = repo.commit("new");
    write(&repo.worktree("slot.2").join("made"), "touched\n");
    let ran = repo.ctx(&["pool", "reset", "3"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("note: `slot.1` stays: it is leased"), "{}", ran.stderr);
    assert_eq!(states(&repo), ["leased", "free", "free"]);
    assert_eq!(repo.git_in(&repo.worktree("slot.2"), &["rev-parse", "HEAD"]), base);
    // What somebody had changed in it is in the trash.
    let trash = fs::read_dir(repo.worktree(".trash")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::read_to_string(trash.join("made")).unwrap(), "touched\n");
    assert_eq!(repo.git(&["worktree", "list"]).lines().count(), 4);
    repo.ctx(&["doctor"]).ok();
}

#[test]
fn clean_up_gives_slots_back() {
    let repo = pool(2, 2);
    let (_, dir, _) = acquire(&repo, "t0");
    acquire(&repo, "t1");
    work(&repo, "t0", &dir);
    repo.ctx(&["merge"]).ok();
    let dry = repo.ctx(&["pool", "cleanup", "--dry-run"]).ok();
    assert!(dry.contains("would remove branch `feature/t0`; `slot.1` is free"), "{dry}");
    let out = repo.ctx(&["cleanup"]).ok();
    assert!(out.contains("removed branch `feature/t0`") && out.contains("kept `t1`"), "{out}");
    assert_eq!(states(&repo), ["free", "leased"]);
    assert!(repo.json(&["task", "list"])[0]["landed"] == true);
}

#[test]
fn a_task_with_a_worktree_gets_no_slot() {
    let repo = pool(1, 1);
    repo.ctx(&["worktree", "setup"]).ok();
    let out = repo.ctx(&["pool", "acquire", "t0"]).fails(1);
    assert!(out.contains("`t0` has a worktree outside the pool"), "{out}");
    let ports: BTreeSet<_> = [repo.json(&["worktree", "list"]), repo.json(&["pool", "status"])]
        .iter()
        .map(|rows| rows[0]["port"].as_u64().unwrap())
        .collect();
    assert_eq!(ports.len(), 2);
}

#[test]
fn slots_of_a_moved_repository_are_found_again() {
    let repo = pool(1, 2);
    acquire(&repo, "t0");
    let moved = repo.root().join("elsewhere");
    fs::rename(&repo.path, &moved).unwrap();
    let fixed = repo.ctx_in(&moved, &["doctor", "--fix"]);
    assert_eq!(fixed.code, 0, "{}{}", fixed.stdout, fixed.stderr);
    let out = repo.ctx_in(&moved, &["pool", "acquire", "t0"]).ok();
    assert_eq!(out, format!("slot.1|{}|feature/t0\n", moved.join("worktrees/slot.1").display()));
    repo.ctx_in(&moved, &["pool", "health"]).ok();
}

#[test]
fn a_pool_outside_the_repository_works_as_well() {
    let repo = Repo::new();
    write(&repo.home().join(".claude/ctx.yaml"), "worktrees: { root: '../{repo}-worktrees/{plan}' }\n");
    repo.create_plan(&document("Out", &[("t0", &[])]));
    repo.ctx(&["pool", "init", "2"]).ok();
    let (_, dir, _) = acquire(&repo, "t0");
    assert_eq!(dir, repo.root().join("repo-worktrees/pool/slot.1"));
    work(&repo, "t0", &dir);
    repo.ctx_in(&dir, &["merge"]).ok();
    repo.ctx_in(&dir, &["pool", "status"]).ok();
    repo.ctx(&["pool", "release", "t0"]).ok();
    repo.ctx(&["pool", "reset", "1"]).ok();
    assert_eq!(states(&repo), ["free"]);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_set_up_under_way_is_no_complaint() {
    let repo = Repo::new();
    repo.write(".gitignore", "go\n");
    repo.write("set-up.sh", "while ! test -e go; do sleep 0.05; done\n");
    repo.commit("script");
    write(&repo.home().join(".claude/ctx.yaml"), "worktrees: { setup: sh set-up.sh }\n");
    repo.create_plan(&document("One", &[("t0", &[])]));
    let mut setup = repo.command(crate::support::repo::CTX, &repo.path);
    let mut setup = setup.args(["worktree", "setup"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    let log = repo.path.join(".git/ctx/logs");
    while !log.exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let doctor = repo.ctx(&["doctor"]);
    let kept = repo.ctx(&["cleanup", "--include-unmerged"]);
    write(&repo.worktree("t0").join("go"), "");
    assert!(setup.wait().unwrap().success());
    assert_eq!(doctor.code, 0, "{}", doctor.stdout);
    assert!(kept.stdout.contains("kept `t0`: its set-up was not finished"), "{}", kept.stdout);
    assert!(repo.ctx(&["worktree", "list"]).ok().contains("clean"));
}

#[test]
fn many_slots_are_made_only_when_it_is_said_twice() {
    let repo = Repo::with_plan(&three_tasks());
    for args in [&["pool", "init", "100000"][..], &["pool", "init", "65"], &["pool", "reset", "65"]] {
        let out = repo.ctx(args).fails(1);
        let command = format!("`ctx {} --yes`", args.join(" "));
        assert!(out.contains(" slots are ") && out.contains(&command), "{out}");
    }
    write(&repo.home().join(".claude/ctx.yaml"), "worktrees: { pool: 5000 }\n");
    assert!(repo.ctx(&["pool", "init"]).fails(1).contains("5,000 slots are 5,000 checkouts"));
    assert_eq!(repo.json(&["pool", "status"]), serde_json::json!([]));
    assert!(repo.ctx(&["pool", "init", "65", "--yes"]).ok().starts_with("65 slots made, 65 in the pool"));
}

#[test]
fn a_reset_keeps_the_size_unless_another_is_given() {
    let repo = Repo::with_plan(&three_tasks());
    for (args, expected) in [
        (&["pool", "init", "2"][..], 2),
        (&["pool", "reset"], 2),
        (&["pool", "reset", "3"], 3),
        (&["pool", "reset"], 3),
        (&["pool", "reset", "1"], 1),
    ] {
        repo.ctx(args).ok();
        assert_eq!(repo.json(&["pool", "status"]).as_array().unwrap().len(), expected, "{args:?}");
    }
}

#[test]
fn long_lists_of_one_kind_are_folded_by_doctor() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["pool", "init", "9"]).ok();
    let file = repo.path.join(".git/ctx/pool.json");
    let half_made = fs::read_to_string(&file).unwrap().replace("\"ready\"", "\"creating\"");
    fs::write(&file, half_made).unwrap();
    let out = repo.ctx(&["doctor"]).fails(1);
    assert_eq!(out.matches("is incomplete, and no process is finishing it").count(), 5, "{out}");
    assert!(out.contains("and 4 more; `--json` has them all"), "{out}");
    let all: serde_json::Value = serde_json::from_str(&repo.ctx(&["doctor", "--json"]).stdout).unwrap();
    let pool = all.as_array().unwrap().iter().filter(|finding| finding["check"] == "pool");
    assert_eq!(pool.count(), 9);
}
