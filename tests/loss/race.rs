//! Sixty-four processes on one repository, any command beside any other; then everything is accounted for.
//!
//! `CTX_RACE_SECONDS=120` for the long run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::state::Dice;
use super::zero::{blobs, reachable};
use crate::support::repo::{CTX, Repo, document, run};

const PROCESSES: usize = 64;
const SECONDS: u64 = 12;
const TASKS: usize = 24;
const SLOTS: usize = 5;

/// What the processes did.
#[derive(Default)]
struct Ledger {
    /// Commits that git reported as made.
    commits: Mutex<BTreeSet<String>>,
    /// Contents that were written, each once.
    contents: Mutex<Vec<String>>,
    /// How often each command ended how.
    ended: Mutex<BTreeMap<(String, i32), usize>>,
    /// What no command may say.
    failures: Mutex<Vec<String>>,
    next: AtomicUsize,
}

#[test]
fn any_command_beside_any_other_loses_nothing_and_leaves_nothing() {
    let seconds = std::env::var("CTX_RACE_SECONDS").ok().and_then(|n| n.parse().ok()).unwrap_or(SECONDS);
    let seed = std::env::var("CTX_RACE_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1_u64);
    let repo = repository();
    let ledger = Ledger::default();
    let end = Instant::now() + Duration::from_secs(seconds);
    std::thread::scope(|scope| {
        for n in 0..PROCESSES {
            let (repo, ledger) = (&repo, &ledger);
            scope.spawn(move || {
                let mut dice = Dice::new(seed * 1000 + n as u64);
                while Instant::now() < end {
                    step(repo, ledger, &mut dice);
                }
            });
        }
    });
    let total: usize = ledger.ended.lock().unwrap().values().sum();
    println!("{total} commands in {seconds} s by {PROCESSES} processes:");
    for ((command, code), count) in &*ledger.ended.lock().unwrap() {
        println!("  {count:5} × {command} -> {code}");
    }
    let commits = ledger.commits.lock().unwrap().len();
    println!("{commits} commits, {} files written", ledger.contents.lock().unwrap().len());
    let failures = ledger.failures.lock().unwrap();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    check(&repo, &ledger);
}

fn repository() -> Repo {
    let repo = Repo::new();
    repo.write(".gitignore", ".env\n");
    for n in 0..40 {
        repo.write(&format!("src/part{n}.txt"), &format!("part {n}\n").repeat(20));
    }
    repo.commit("parts");
    repo.write(".env", "KEY=1\n");
    let ids: Vec<String> = (0..TASKS).map(|n| format!("t{n}")).collect();
    let tasks: Vec<(&str, &[&str])> = ids.iter().map(|id| (id.as_str(), &[][..])).collect();
    repo.create_plan(&document("Race", &tasks));
    repo.ctx(&["pool", "init", &SLOTS.to_string()]).ok();
    repo
}

fn step(repo: &Repo, ledger: &Ledger, dice: &mut Dice) {
    let task = format!("t{}", dice.below(TASKS));
    let task = task.as_str();
    let here = &repo.path;
    match dice.below(16) {
        0 => drop(ctx(repo, ledger, here, &["worktree", "setup"])),
        1 | 2 => drop(ctx(repo, ledger, here, &["worktree", "setup", task])),
        3 | 4 => drop(ctx(repo, ledger, here, &["pool", "acquire", task])),
        5 => drop(ctx(repo, ledger, here, &["pool", "release", task])),
        6 => drop(ctx(
            repo,
            ledger,
            here,
            &[
                "pool",
                "release",
                &(1 + dice.below(SLOTS)).to_string(),
                "--include-unmerged",
                "--include-dirty",
            ],
        )),
        7 => drop(ctx(repo, ledger, here, &["cleanup"])),
        8 => drop(ctx(repo, ledger, here, &["merge"])),
        9 => drop(ctx(repo, ledger, here, &["status"])),
        10 => drop(ctx(repo, ledger, here, &["worktree", "sync"])),
        11 => drop(ctx(repo, ledger, here, &["task", "retry", task])),
        _ => work(repo, ledger, dice, task),
    }
}

/// What an agent does, whatever others do with its worktree meanwhile.
fn work(repo: &Repo, ledger: &Ledger, dice: &mut Dice, task: &str) {
    if ctx(repo, ledger, &repo.path, &["task", "start", task]).is_none() {
        return;
    }
    let Some(path) = ctx(repo, ledger, &repo.path, &["worktree", "path", task]) else { return };
    let dir = PathBuf::from(path.trim_end());
    let n = ledger.next.fetch_add(1, Ordering::Relaxed);
    let content = format!("{task} wrote {n}\n");
    // Never makes the folder: an agent does not either.
    if fs::write(dir.join(format!("{task}-{n}.txt")), &content).is_ok() {
        ledger.contents.lock().unwrap().push(content);
    }
    if dice.below(4) > 0 && ctx(repo, ledger, &dir, &["commit", "-m", &format!("feat: {task}")]).is_some() {
        let head = run(repo.command("git", &dir).args(["rev-parse", &format!("refs/heads/feature/{task}")]));
        if head.code == 0 {
            ledger.commits.lock().unwrap().insert(head.stdout.trim().to_owned());
        }
    }
    if dice.below(3) > 0 {
        ctx(repo, ledger, &repo.path, &["task", "submit", task]);
    }
}

/// Its output if it ended well. To be refused is an answer; to fail is not.
fn ctx(repo: &Repo, ledger: &Ledger, dir: &Path, args: &[&str]) -> Option<String> {
    if !dir.is_dir() {
        return None;
    }
    let mut command = repo.command(CTX, &repo.path);
    // The folder may go before the process starts in it.
    let ran = command.args(args).current_dir(dir).output().ok()?;
    let code = ran.status.code().unwrap_or(-1);
    let name = args.iter().take(2).filter(|word| !word.starts_with(['-', 't'])).copied().collect::<Vec<_>>();
    let name = if name.is_empty() { args[..2].join(" ") } else { name.join(" ") };
    *ledger.ended.lock().unwrap().entry((name, code)).or_default() += 1;
    let stderr = String::from_utf8_lossy(&ran.stderr);
    // An agent's own worktree may be gone by now, under its feet.
    if !matches!(code, 0 | 1 | 3) && dir == repo.path {
        ledger.failures.lock().unwrap().push(format!("{args:?} ended with {code}: {stderr}"));
    }
    (code == 0).then(|| String::from_utf8_lossy(&ran.stdout).into_owned())
}

fn check(repo: &Repo, ledger: &Ledger) {
    // Nothing is half done: no process was killed.
    let doctor = repo.ctx(&["doctor", "--json"]);
    let findings: serde_json::Value = serde_json::from_str(&doctor.stdout).unwrap();
    for finding in findings.as_array().unwrap() {
        let fact = finding["fact"].as_str().unwrap();
        let left_by_an_agent = fact.contains("is free, but");
        assert!(finding["level"] != "error" || left_by_an_agent, "{fact}");
    }
    assert_eq!(leftovers(&repo.path.join(".git")), Vec::<PathBuf>::new());
    repo.git(&["fsck", "--no-dangling"]);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    // Worktrees, registrations, branches, records, slots: each has its other half.
    let rows = repo.json(&["worktree", "list"]);
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    let tasks: BTreeMap<String, String> =
        rows.as_array().unwrap().iter().map(|row| (text(row, "path"), text(row, "branch"))).collect();
    let slots = repo.json(&["pool", "status"]);
    let places: BTreeSet<String> = slots.as_array().unwrap().iter().map(|row| text(row, "path")).collect();
    assert_eq!(places.len(), SLOTS);
    for row in slots.as_array().unwrap() {
        let leased = tasks.contains_key(row["path"].as_str().unwrap());
        assert_eq!(row["state"], if leased { "leased" } else { "free" }, "{row}");
    }
    let expected: BTreeSet<String> =
        tasks.keys().chain(&places).cloned().chain([repo.path.display().to_string()]).collect();
    let listed = repo.git(&["worktree", "list", "--porcelain"]);
    assert!(!listed.contains("locked") && !listed.contains("prunable"), "{listed}");
    let registered = listed.lines().filter_map(|line| line.strip_prefix("worktree ")).map(str::to_owned);
    assert_eq!(registered.collect::<BTreeSet<_>>(), expected);
    let folders = fs::read_dir(repo.path.join("worktrees")).unwrap().flatten();
    for folder in folders.filter(|entry| entry.file_name() != ".trash") {
        assert!(expected.contains(folder.path().to_str().unwrap()), "{} is left", folder.path().display());
    }
    let branches = repo.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/feature/"]);
    assert_eq!(
        branches.lines().map(str::to_owned).collect::<BTreeSet<_>>(),
        tasks.values().cloned().collect::<BTreeSet<_>>()
    );
    for (path, branch) in &tasks {
        let head = repo.git_in(Path::new(path), &["symbolic-ref", "--short", "HEAD"]);
        assert_eq!(&head, branch, "{path}");
    }
    // Whatever was made is somewhere.
    let reachable = reachable(repo);
    for commit in &*ledger.commits.lock().unwrap() {
        assert!(reachable.contains(commit), "commit {commit} is lost");
    }
    let contents = ledger.contents.lock().unwrap();
    let bytes: Vec<Vec<u8>> = contents.iter().map(|content| content.as_bytes().to_vec()).collect();
    let lying: BTreeSet<Vec<u8>> = files(&repo.path.join("worktrees")).into_iter().collect();
    for (content, blob) in bytes.iter().zip(blobs(repo, &bytes)) {
        let there = reachable.contains(&blob) || lying.contains(content);
        assert!(there, "{} is lost", content.escape_ascii());
    }
}

/// Lock and temporary files. The files that `ctx` itself locks stay; only the kernel knows who holds them.
fn leftovers(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            found.extend(leftovers(&path));
        } else if name.starts_with(".ctx-")
            || name.contains(".lock") && !path.to_str().unwrap().contains("/.git/ctx/")
        {
            found.push(path);
        }
    }
    found
}

fn files(dir: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            _ => found.extend(fs::read(entry.path())),
        }
    }
    found
}
