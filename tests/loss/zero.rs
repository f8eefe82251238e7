//! Random worktrees × every way of removing them: what is not ignored is reachable from a ref or still
//! there, and undo gives back the same status and the same bytes.
//!
//! `CTX_LOSS_STATES=1000` runs that many states instead of 60.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use super::state::{Dice, Node, Seen, forget_times, scramble, see};
use crate::support::repo::{Repo, document};

const STATES: usize = 60;
/// Worktrees of one repository.
const TOGETHER: usize = 10;

const WAYS: [&[&str]; 6] = [
    &["cleanup"],
    &["cleanup", "--include-unmerged", "--include-dirty"],
    &["cleanup", "--include-unmerged"],
    &["cleanup", "--include-unmerged", "--include-dirty"],
    &["cleanup", "--include-dirty"],
    &["cleanup", "--include-unmerged", "--include-dirty", "--remote"],
];

#[test]
fn nothing_is_lost_and_everything_comes_back() {
    let (states, counts) = super::rounds(STATES, TOGETHER, round);
    println!("{} states: {} removed and brought back, {} kept", states, counts.0, counts.1);
    assert!(counts.0 > states / 3, "most states must be removed: {counts:?}");
}

/// One repository with ten worktrees; how many were removed, how many kept.
fn round(seed: usize) -> (usize, usize) {
    let repo = repository(seed);
    let mut dice = Dice::new(seed as u64 + 1);
    let ids: Vec<String> = (0..TOGETHER).map(|n| format!("t{n}")).collect();
    let before: Vec<(Seen, Vec<String>)> = ids
        .iter()
        .map(|id| {
            let dir = repo.worktree(id);
            scramble(&repo, &dir, &mut dice);
            forget_times(&dir);
            if dice.below(4) == 0 {
                // Some are in the base, one way or the other.
                let branch = format!("feature/{id}");
                let options: &[&str] =
                    if dice.below(2) == 0 { &["--squash"] } else { &["--no-ff", "--no-edit"] };
                repo.command("git", &repo.path)
                    .args(["merge", "--quiet"])
                    .args(options)
                    .arg(&branch)
                    .output()
                    .unwrap();
                repo.command("git", &repo.path)
                    .args(["commit", "--quiet", "-m", "squashed"])
                    .output()
                    .unwrap();
                repo.command("git", &repo.path).args(["reset", "--quiet", "--hard"]).output().unwrap();
            }
            let log = repo.git_in(&dir, &["log", "--walk-reflogs", "--format=%H", "HEAD"]);
            (see(&repo, &dir), log.lines().map(str::to_owned).collect())
        })
        .collect();
    let rows = repo.json(WAYS[seed % WAYS.len()]);
    let reachable = reachable(&repo);
    let mut counts = (0, 0);
    for (id, (seen, log)) in ids.iter().zip(&before) {
        let dir = repo.worktree(id);
        let row = rows.as_array().unwrap().iter().find(|row| row["task"] == id.as_str()).unwrap();
        let place = format!("seed {seed}, {id}: {row}");
        if row["removed"] == false {
            assert_eq!(see(&repo, &dir), *seen, "{place}");
            counts.1 += 1;
            continue;
        }
        assert!(!dir.exists(), "{place}");
        for commit in log {
            assert!(reachable.contains(commit), "{place}: commit {commit} is lost");
        }
        require_held(&repo, seen, &reachable, row, &place);
        repo.ctx(&["undo", id]).ok();
        let after = see(&repo, &dir);
        if after != *seen {
            for (path, node) in &seen.nodes {
                assert_eq!(after.nodes.get(path), Some(node), "{place}: {}", path.display());
            }
        }
        assert_eq!(after, *seen, "{place}");
        counts.0 += 1;
    }
    repo.git(&["fsck", "--no-dangling", "--connectivity-only"]);
    counts
}

/// Every file that is not ignored is a blob that a ref leads to; every other is in the trash.
fn require_held(repo: &Repo, seen: &Seen, reachable: &HashSet<String>, row: &serde_json::Value, place: &str) {
    let trash = row["trash"].as_str().map(Path::new);
    let content = |node: &Node| match node {
        Node::File(bytes, _) => Some(bytes.clone()),
        Node::Link(target) => Some(target.as_os_str().as_encoded_bytes().to_vec()),
        Node::Folder => None,
    };
    let (paths, bytes): (Vec<_>, Vec<_>) =
        seen.nodes.iter().filter_map(|(path, node)| Some((path, content(node)?))).unzip();
    for (path, blob) in paths.iter().zip(blobs(repo, &bytes)) {
        let held = reachable.contains(&blob);
        let ignored =
            path.starts_with("ignored") || path.extension().is_some_and(|extension| extension == "log");
        let in_trash = trash.is_some_and(|trash| fs::symlink_metadata(trash.join(path)).is_ok());
        assert!(held || (ignored && in_trash), "{place}: {} is lost", path.display());
    }
}

/// The ids that these contents have as blobs.
pub(super) fn blobs(repo: &Repo, contents: &[Vec<u8>]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut list = String::new();
    for (n, content) in contents.iter().enumerate() {
        let file = folder.path().join(n.to_string());
        fs::write(&file, content).unwrap();
        list += &format!("{}\n", file.display());
    }
    let mut command = repo.command("git", &repo.path);
    let mut child = command
        .args(["hash-object", "--no-filters", "--stdin-paths"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    let text = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

pub(super) fn reachable(repo: &Repo) -> HashSet<String> {
    let list = repo.git(&["rev-list", "--objects", "--no-object-names", "--all"]);
    list.lines().map(str::to_owned).collect()
}

/// Half of them with filters that change bytes on their way, some of them for good.
fn repository(seed: usize) -> Repo {
    let repo = names(seed);
    let ids: Vec<String> = (0..TOGETHER).map(|n| format!("t{n}")).collect();
    let plan = plan(&repo, &ids);
    repo.ctx(&["worktree", "setup"]).ok();
    complete(&repo, &plan, &ids);
    repo
}

/// An active plan of these tasks.
pub(super) fn plan(repo: &Repo, ids: &[String]) -> String {
    let tasks: Vec<(&str, &[&str])> = ids.iter().map(|id| (id.as_str(), &[][..])).collect();
    repo.create_plan(&document("Ten", &tasks))
}

/// The tasks are done, whatever was done in them.
pub(super) fn complete(repo: &Repo, plan: &str, ids: &[String]) {
    for id in ids {
        let file = repo.path.join(format!(".parallel/plans/{plan}/tasks/{id}.md"));
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("status: pending", "status: completed")).unwrap();
    }
}

/// A repository with the names that worktrees change.
pub(super) fn names(seed: usize) -> Repo {
    let repo = Repo::new();
    repo.write(".gitignore", "*.log\nignored/\n");
    if seed % 2 == 1 {
        repo.write(".gitattributes", "*.txt text=auto eol=crlf\nplain.txt ident filter=lossy\n");
        repo.git(&["config", "filter.lossy.clean", "tr a-z A-Z"]);
        repo.git(&["config", "filter.lossy.smudge", "cat"]);
    }
    for name in ["plain.txt", "two words", "dir/inner.txt", "dir/deep/er.txt", "UPPER.TXT"] {
        repo.write(name, &format!("{name}\n"));
    }
    repo.commit("names");
    repo
}
