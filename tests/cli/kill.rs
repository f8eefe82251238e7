//! `ctx worktree setup` and `ctx merge` killed at any moment and run again: the same result, nothing lost.
//!
//! Half of the kills hit `ctx` alone, whose git lives on for a moment; half hit its whole process group.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::repo::{CTX, Repo, document, write};

const TASKS: [&str; 5] = ["a", "b", "c", "d", "e"];
const KILLS: u32 = 10;

/// A repository of some hundred files, so that checkouts take a while, with a plan of five tasks.
fn large() -> Repo {
    filled(Repo::empty())
}

fn filled(repo: Repo) -> Repo {
    for n in 0..400 {
        repo.write(&format!("src/{}/file{n}.txt", n % 20), &format!("line {n}\n").repeat(60));
    }
    repo.commit("start");
    repo.create_plan(&document("Five", &TASKS.map(|task| (task, &[][..]))));
    repo
}

/// Starts `ctx`, kills it after a share of `whole`, and says whether it was still running.
fn kill_after(repo: &Repo, args: &[&str], share: f64, whole: Duration, group: bool) -> bool {
    let mut command = repo.command(CTX, &repo.path);
    let child = command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = child.process_group(0).spawn().unwrap();
    std::thread::sleep(whole.mul_f64(share));
    let ended = child.try_wait().unwrap().is_some();
    let target = if group { format!("-{}", child.id()) } else { child.id().to_string() };
    let _ = Command::new("kill").args(["-KILL", "--", &target]).stderr(Stdio::null()).status();
    child.wait().unwrap();
    !ended
}

/// Shares of the whole time that differ between runs and tests and can be read off a failure's message.
fn shares(seed: u32) -> impl Iterator<Item = (f64, bool)> {
    let fraction =
        move |n: u32| f64::from(n.wrapping_mul(2_654_435_761).wrapping_add(seed * 997) % 1000) / 1000.0;
    (0..KILLS).map(move |n| ((f64::from(n) + fraction(n + 1)) / f64::from(KILLS), n % 2 == 0))
}

fn locks(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        // The lock of one table in the reftable of all keeps nobody waiting; `ctx doctor` removes it.
        if dir.ends_with(".git/reftable") && path.to_string_lossy().ends_with(".ref.lock") {
            continue;
        }
        // The files that `ctx` itself locks stay; only the kernel knows who holds them.
        if path.is_dir() && !path.ends_with(".git/ctx") {
            found.extend(locks(&path));
        } else if path.extension().is_some_and(|extension| extension == "lock") {
            found.push(path);
        }
    }
    found
}

#[track_caller]
fn check_repository(repo: &Repo, at: &str) {
    assert_eq!(repo.git(&["status", "--porcelain"]), "", "{at}");
    assert_eq!(locks(&repo.path.join(".git")), Vec::<PathBuf>::new(), "{at}");
    assert!(!repo.git(&["worktree", "list", "--porcelain"]).contains("locked"), "{at}");
    assert_eq!(fs::read_dir(repo.path.join(".git/worktrees")).unwrap().count(), TASKS.len(), "{at}");
    assert_eq!(repo.git(&["branch", "--format=%(refname:short)"]).lines().count(), TASKS.len() + 1, "{at}");
    for task in TASKS {
        let dir = repo.worktree(task);
        assert_eq!(
            repo.git_in(&dir, &["symbolic-ref", "--short", "HEAD"]),
            format!("feature/{task}"),
            "{at}"
        );
        assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "", "{at}");
    }
    repo.git(&["fsck", "--no-dangling"]);
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

#[test]
fn a_set_up_that_was_killed_is_finished_by_the_next() {
    let whole = {
        let repo = large();
        timed(|| drop(repo.ctx(&["worktree", "setup"]).ok()))
    };
    let mut hit = 0;
    for (share, group) in shares(1) {
        let at = format!("killed after {share:.3} of {whole:?}, group {group}");
        let repo = large();
        hit += u32::from(kill_after(&repo, &["worktree", "setup"], share, whole, group));
        let again = repo.ctx(&["worktree", "setup"]);
        assert_eq!(again.code, 0, "{at}: {again:?}");
        check_repository(&repo, &at);
    }
    assert!(hit > 0, "no run was killed before its end");
}

#[test]
fn a_merge_that_was_killed_is_finished_by_the_next() {
    let done = || {
        let repo = large();
        repo.ctx(&["worktree", "setup"]).ok();
        for (n, task) in TASKS.iter().enumerate() {
            let dir = repo.worktree(task);
            repo.ctx(&["task", "start", task]).ok();
            for file in 0..40 {
                write(&dir.join(format!("new/{task}{file}.txt")), &format!("{task} {file}\n").repeat(200));
                let old = n * 40 + file;
                write(&dir.join(format!("src/{}/file{old}.txt", old % 20)), &format!("{task}\n").repeat(300));
            }
            repo.commit_in(&dir, &format!("feat: {task}"));
            repo.ctx(&["task", "submit", task]).ok();
        }
        repo
    };
    let whole = {
        let repo = done();
        timed(|| drop(repo.ctx(&["merge"]).ok()))
    };
    let mut hit = 0;
    for (share, group) in shares(2) {
        let at = format!("killed after {share:.3} of {whole:?}, group {group}");
        let repo = done();
        hit += u32::from(kill_after(&repo, &["merge"], share, whole, group));
        let again = repo.ctx(&["merge"]);
        assert_eq!(again.code, 0, "{at}: {again:?}");
        check_repository(&repo, &at);
        let merges = repo.git(&["log", "--first-parent", "--merges", "--format=%s", "main"]);
        let expected: Vec<String> =
            TASKS.iter().rev().map(|task| format!("Merge branch 'feature/{task}'")).collect();
        assert_eq!(merges.lines().collect::<Vec<_>>(), expected, "{at}");
        assert!(
            repo.json(&["task", "list"]).as_array().unwrap().iter().all(|row| row["landed"] == true),
            "{at}"
        );
    }
    assert!(hit > 0, "no run was killed before its end");
}

/// One lock is all refs' there, and a killed git leaves it.
#[test]
fn the_same_holds_where_refs_are_in_a_reftable() {
    let whole = {
        let repo = filled(Repo::formatted(&["--ref-format=reftable"]));
        timed(|| drop(repo.ctx(&["worktree", "setup"]).ok()))
    };
    let mut hit = 0;
    for (share, group) in shares(3).step_by(2) {
        let at = format!("killed after {share:.3} of {whole:?}, group {group}");
        let repo = filled(Repo::formatted(&["--ref-format=reftable"]));
        hit += u32::from(kill_after(&repo, &["worktree", "setup"], share, whole, group));
        let again = repo.ctx(&["worktree", "setup"]);
        assert_eq!(again.code, 0, "{at}: {again:?}");
        check_repository(&repo, &at);
        for task in TASKS {
            repo.work(task, &format!("new/{task}.txt"), "x\n");
        }
        hit += u32::from(kill_after(&repo, &["merge"], share, whole, group));
        let again = repo.ctx(&["merge"]);
        assert_eq!(again.code, 0, "{at}: {again:?}");
        check_repository(&repo, &at);
        assert!(repo.json(&["task", "list"]).as_array().unwrap().iter().all(|row| row["landed"] == true));
    }
    assert!(hit > 0, "no run was killed before its end");
}
