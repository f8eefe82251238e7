//! Random work of a person in the main checkout, and of an agent in a worktree, while a landing or a sync comes in,
//! with locks that are held and hooks that refuse: what is not committed stays where it is, byte for byte; what is
//! refused leaves everything as it was; and once the obstacle is gone the same command goes through.
//!
//! `CTX_LOSS_STATES=1000` runs that many states instead of 20.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::state::{Dice, NAMES, Node, Seen, see, touch};
use super::zero::names;
use crate::support::repo::{Ran, Repo, document};

const STATES: usize = 20;
/// Tasks of one repository, which land one after the other.
const TOGETHER: usize = 5;

/// What keeps a ref from moving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    Nothing,
    Lock(&'static str),
    Hook(&'static str),
}

const OBSTACLES: [Obstacle; 10] = [
    Obstacle::Nothing,
    Obstacle::Nothing,
    Obstacle::Nothing,
    Obstacle::Nothing,
    Obstacle::Nothing,
    Obstacle::Lock("REF"),
    Obstacle::Lock("HEAD"),
    Obstacle::Lock("index"),
    Obstacle::Hook("test \"$1\" != prepared || exit 1"),
    // The first time is asked for, the second is when files are written already.
    Obstacle::Hook(
        "test \"$1\" = prepared && grep -q \"$CTX_TEST_REF\" || exit 0\n\
         test -e \"$HOME/seen\" && exit 1\n: > \"$HOME/seen\"",
    ),
];

impl Obstacle {
    /// Puts it there; what takes it away again. `git_dir` is the worktree's own.
    fn put(self, repo: &Repo, git_dir: &Path, branch: &str) -> Option<PathBuf> {
        let _ = fs::remove_file(repo.home().join("seen"));
        match self {
            Self::Nothing => None,
            Self::Lock("REF") => {
                let path = repo.path.join(format!(".git/refs/heads/{branch}.lock"));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, "").unwrap();
                Some(path)
            }
            Self::Lock(name) => {
                let path = git_dir.join(format!("{name}.lock"));
                fs::write(&path, "").unwrap();
                Some(path)
            }
            Self::Hook(script) => {
                let script = script.replace("$CTX_TEST_REF", &format!("refs/heads/{branch}"));
                let path =
                    repo.write(".git/hooks/reference-transaction", &format!("#!/bin/sh\n{script}\nexit 0\n"));
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
                Some(path)
            }
        }
    }
}

#[test]
fn a_landing_loses_nothing_of_the_person() {
    run(landings);
}

#[test]
fn a_sync_loses_nothing_of_the_agent() {
    run(syncs);
}

/// Runs all rounds on two threads; each says how often the command went through and how often it did not.
fn run(round: fn(usize) -> (usize, usize)) {
    let (states, counts) = super::rounds(STATES, TOGETHER, round);
    println!("{states} states: {} went through at once, {} were refused first", counts.0, counts.1);
    assert!(counts.0 > 0 && counts.1 > 0, "both must happen: {counts:?}");
}

fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// Git, whatever it says of the random thing it is asked to do.
fn git(repo: &Repo, dir: &Path, args: &[&OsStr]) {
    repo.command("git", dir).args(args).output().unwrap();
}

fn words<'a>(words: &'a [&'a str]) -> Vec<&'a OsStr> {
    words.iter().map(OsStr::new).collect()
}

fn ids() -> Vec<String> {
    (0..TOGETHER).map(|n| format!("t{n}")).collect()
}

/// A plan of five tasks with worktrees.
fn prepared() -> Repo {
    // Without filters: what a lossy one makes of a file that git takes for unchanged is nobody's work.
    let repo = names(0);
    let ids = ids();
    let tasks: Vec<(&str, &[&str])> = ids.iter().map(|id| (id.as_str(), &[][..])).collect();
    repo.create_plan(&document("Five", &tasks));
    repo.ctx(&["worktree", "setup"]).ok();
    repo
}

/// Commits random changes, to ignored paths, too.
fn commit_at_random(repo: &Repo, dir: &Path, dice: &mut Dice) {
    for _ in 0..=dice.below(2) {
        for _ in 0..=dice.below(3) {
            touch(dir, dice);
            lie_around(dir, dice, 3);
        }
        git(
            repo,
            dir,
            &words(&["add", "--all", "--", ":(top)", ":(top,exclude).parallel", ":(top,exclude)worktrees"]),
        );
        for name in ["ignored", "run.log"] {
            git(repo, dir, &words(&["add", "--force", "--", name]));
        }
        git(repo, dir, &words(&["commit", "--quiet", "--allow-empty", "-m", "work"]));
    }
}

/// One time in so many, an ignored file or folder.
fn lie_around(dir: &Path, dice: &mut Dice, often: usize) {
    let made = |n: usize| format!("ignored {n}");
    match dice.below(4 * often) {
        0 => {
            let _ = fs::create_dir_all(dir.join("ignored/deep"));
            let _ = fs::write(dir.join("ignored/deep/er.txt"), made(dice.below(1000)));
        }
        1 => drop(fs::write(dir.join("ignored"), made(dice.below(1000)))),
        2 => drop(fs::write(dir.join("run.log"), made(dice.below(1000)))),
        3 => {
            let _ = fs::create_dir_all(dir.join("run.log"));
            let _ = fs::write(dir.join("run.log/inside"), made(dice.below(1000)));
        }
        _ => {}
    }
}

/// Edits, stages, hides and drops files at random.
fn edit_at_random(repo: &Repo, dir: &Path, dice: &mut Dice) {
    for _ in 0..dice.below(4) {
        touch(dir, dice);
        lie_around(dir, dice, 4);
        let file = path(NAMES[dice.below(NAMES.len())]).as_os_str();
        let one = |args: &[&str]| {
            let mut all = words(args);
            all.push(file);
            git(repo, dir, &all);
        };
        match dice.below(8) {
            0 => one(&["add", "--"]),
            1 => one(&["rm", "--cached", "-qrf", "--"]),
            2 => one(&["add", "--intent-to-add", "--"]),
            3 => one(&["update-index", "--assume-unchanged", "--"]),
            4 => one(&["update-index", "--skip-worktree", "--"]),
            _ => {}
        }
    }
}

/// What is not committed: every file, link and staged version that is not what HEAD has.
fn uncommitted(repo: &Repo, dir: &Path, seen: &Seen) -> (BTreeMap<PathBuf, Node>, String) {
    let records = |bytes: Vec<u8>| -> BTreeSet<PathBuf> {
        bytes
            .split(|&byte| byte == 0)
            .filter(|name| !name.is_empty())
            .map(|name| path(name).to_owned())
            .collect()
    };
    let tracked = records(
        repo.command("git", dir)
            .args(["ls-tree", "-r", "-z", "--name-only", "HEAD"])
            .output()
            .unwrap()
            .stdout,
    );
    // In an index of its own, which was not told to look away.
    let index = repo.root().join(format!("index-{:?}", std::thread::current().id()));
    let ask = |args: &[&str]| {
        let output = repo.command("git", dir).args(args).env("GIT_INDEX_FILE", &index).output().unwrap();
        assert!(output.status.success(), "{args:?}");
        output.stdout
    };
    ask(&["read-tree", "HEAD"]);
    let changed = records(ask(&["diff", "--name-only", "--no-renames", "-z"]));
    let mut own = BTreeMap::new();
    for (name, node) in &seen.nodes {
        let is_own = !tracked.contains(name) || changed.contains(name);
        let elsewhere = name.starts_with("worktrees") || name.starts_with(".parallel");
        if is_own && !elsewhere && *node != Node::Folder {
            own.insert(name.clone(), node.clone());
        }
    }
    let staged = repo
        .command("git", dir)
        .args(["diff", "--cached", "--raw", "--no-abbrev", "-z", "--no-renames"])
        .output();
    (own, staged.unwrap().stdout.escape_ascii().to_string())
}

#[track_caller]
fn require_same(before: &Seen, after: &Seen, place: &str) {
    for (name, node) in &before.nodes {
        assert_eq!(after.nodes.get(name), Some(node), "{place}: {} was changed", name.display());
    }
    for name in after.nodes.keys() {
        assert!(before.nodes.contains_key(name), "{place}: {} was made", name.display());
    }
    assert_eq!(after, before, "{place}");
}

/// The command went through: nothing of what was not committed is gone or different.
#[track_caller]
fn require_untouched(repo: &Repo, dir: &Path, before: &(BTreeMap<PathBuf, Node>, String), place: &str) {
    let after = see(repo, dir);
    for (name, node) in &before.0 {
        assert_eq!(after.nodes.get(name), Some(node), "{place}: {} is lost", name.display());
    }
    assert_eq!(uncommitted(repo, dir, &after).1, before.1, "{place}: what was staged");
}

/// Runs the command with the obstacle and without it.
fn attempt(
    repo: &Repo,
    dir: &Path,
    git_dir: &Path,
    branch: &str,
    obstacle: Obstacle,
    command: &[&str],
    place: &str,
) -> (Ran, bool) {
    let before = see(repo, dir);
    let own = uncommitted(repo, dir, &before);
    let placed = obstacle.put(repo, git_dir, branch);
    let ran = repo.ctx(command);
    if let Some(path) = &placed {
        fs::remove_file(path).unwrap();
    }
    let mut place = format!("{place}, {obstacle:?}: {ran:?}");
    let moved = require_all_or_nothing(repo, dir, &before, &own, &place);
    if moved || placed.is_none() {
        return (ran, moved);
    }
    assert_ne!(ran.code, 2, "{place}");
    let again = repo.ctx(command);
    place += &format!(", again: {again:?}");
    require_all_or_nothing(repo, dir, &before, &own, &place);
    (again, false)
}

/// Either everything is as it was, or HEAD moved and nothing that was not committed did.
#[track_caller]
fn require_all_or_nothing(
    repo: &Repo,
    dir: &Path,
    before: &Seen,
    own: &(BTreeMap<PathBuf, Node>, String),
    place: &str,
) -> bool {
    let after = see(repo, dir);
    // A conflict is left to be resolved, or git could not take a rebase back; over nothing that was there.
    let git_dir = PathBuf::from(repo.git_in(dir, &["rev-parse", "--absolute-git-dir"]));
    if ["MERGE_HEAD", "rebase-merge"].iter().any(|name| git_dir.join(name).exists()) {
        for (name, node) in &own.0 {
            assert_eq!(after.nodes.get(name), Some(node), "{place}: {} is lost", name.display());
        }
        return git_dir.join("MERGE_HEAD").exists();
    }
    if after.head == before.head {
        require_same(before, &after, place);
        return false;
    }
    require_untouched(repo, dir, own, place);
    true
}

/// Puts the worktree back to its commit; what was there before is known to have stayed.
fn give_up(repo: &Repo, dir: &Path) {
    let flags = repo.command("git", dir).args(["ls-files", "-z"]).output().unwrap().stdout;
    for name in flags.split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
        for flag in ["--no-assume-unchanged", "--no-skip-worktree"] {
            git(
                repo,
                dir,
                &[OsStr::new("update-index"), OsStr::new(flag), OsStr::new("--"), path(name).as_os_str()],
            );
        }
    }
    git(repo, dir, &words(&["reset", "--quiet", "--hard"]));
    git(repo, dir, &words(&["clean", "-ffdxq", "-e", "/worktrees", "-e", "/.parallel"]));
}

fn landings(seed: usize) -> (usize, usize) {
    let repo = prepared();
    let mut dice = Dice::new(seed as u64 + 1);
    let mut counts = (0, 0);
    for id in ids() {
        let dir = repo.worktree(&id);
        repo.ctx(&["task", "start", &id]).ok();
        commit_at_random(&repo, &dir, &mut dice);
        give_up(&repo, &dir);
        repo.ctx(&["task", "done", &id]).ok();
        edit_at_random(&repo, &repo.path, &mut dice);
        let obstacle = OBSTACLES[dice.below(OBSTACLES.len())];
        let place = format!("seed {seed}, {id}");
        let command = ["merge", &id];
        let (ran, moved) =
            attempt(&repo, &repo.path, &repo.path.join(".git"), "main", obstacle, &command, &place);
        if ran.code == 3 || ran.stdout.contains("nothing to merge") {
            // In conflict with an earlier one, or nothing new.
            give_up(&repo, &repo.path);
            continue;
        }
        counts.0 += usize::from(moved);
        counts.1 += usize::from(!moved);
        give_up(&repo, &repo.path);
        let last = repo.ctx(&command);
        assert_eq!(last.code, 0, "{place}, {obstacle:?}: {last:?}");
        let rows = repo.json(&["task", "list"]);
        let row = rows.as_array().unwrap().iter().find(|row| row["id"] == id.as_str()).unwrap();
        assert_eq!(row["landed"], true, "{place}");
    }
    repo.git(&["fsck", "--no-dangling", "--connectivity-only"]);
    counts
}

fn syncs(seed: usize) -> (usize, usize) {
    let repo = prepared();
    let mut dice = Dice::new(seed as u64 + 1);
    let mut counts = (0, 0);
    for id in ids() {
        let dir = repo.worktree(&id);
        repo.ctx(&["task", "start", &id]).ok();
        commit_at_random(&repo, &dir, &mut dice);
        give_up(&repo, &dir);
        repo.write(&format!("base/{id}.txt"), "base\n");
        lie_around(&repo.path, &mut dice, 2);
        repo.git(&["add", "--force", "--", "base"]);
        for name in ["ignored", "run.log"] {
            git(&repo, &repo.path, &words(&["add", "--force", "--", name]));
        }
        repo.git(&["commit", "--quiet", "-m", "base"]);
        // Untracked files are named and stop it; ignored ones may be in the way or not.
        for _ in 0..dice.below(3) {
            lie_around(&dir, &mut dice, 2);
        }
        if dice.below(6) == 0 {
            edit_at_random(&repo, &dir, &mut dice);
        }
        let obstacle = OBSTACLES[dice.below(OBSTACLES.len())];
        let place = format!("seed {seed}, {id}");
        let options: &[&str] = if dice.below(3) == 0 { &["--rebase"] } else { &[] };
        let command = [&["worktree", "sync", id.as_str()], options].concat();
        let git_dir = repo.path.join(".git/worktrees").join(&id);
        let branch = format!("feature/{id}");
        let (ran, moved) = attempt(&repo, &dir, &git_dir, &branch, obstacle, &command, &place);
        if ran.code == 3 {
            give_up(&repo, &dir);
            continue;
        }
        counts.0 += usize::from(moved);
        counts.1 += usize::from(!moved);
        give_up(&repo, &dir);
        let last = repo.ctx(&command);
        assert!(last.code == 0 || last.code == 3, "{place}, {obstacle:?}: {last:?}");
        if last.code == 0 {
            let behind = repo.git(&["rev-list", "--count", &format!("{branch}..main")]);
            assert_eq!(behind, "0", "{place}, {obstacle:?}: {last:?}");
        }
    }
    repo.git(&["fsck", "--no-dangling", "--connectivity-only"]);
    counts
}
