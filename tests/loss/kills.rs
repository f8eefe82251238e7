//! Removal and undo, killed before each of their effects; then the same command again.
//!
//! The result is that of a run without the kill, and at no moment is anything lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use super::state::{Node, see};
use super::zero::{blobs, reachable};
use crate::support::repo::{Repo, document, write};

const CLEANUP: &[&str] = &["cleanup", "--include-unmerged", "--include-dirty", "--remote"];
const UNDO: &[&str] = &["undo", "t"];

/// What is killed: the preparation, the command, and the places in it, each before one effect.
struct Scenario {
    prepare: fn(&Repo),
    command: &'static [&'static str],
    points: &'static [&'static str],
}

const TABLE: &[Scenario] = &[
    Scenario {
        prepare: |_| (),
        command: CLEANUP,
        points: &[
            "remove-begin",
            "remove-save",
            "remove-move",
            "remove-verify",
            "remove-registration",
            "remove-branch",
            "remove-remote-branch",
            "remove-content",
            "remove-content-midway",
            "remove-journal",
            "remove-record",
        ],
    },
    Scenario {
        prepare: changed_in_the_trash,
        command: CLEANUP,
        points: &["remove-move-back", "remove-abandon", "remove-abandon-record"],
    },
    Scenario {
        prepare: |repo| drop(repo.ctx(CLEANUP).ok()),
        command: UNDO,
        points: &[
            "undo-begin",
            "undo-branch",
            "undo-registration",
            "undo-ignored",
            "undo-ignored-midway",
            "undo-content",
            "undo-content-midway",
            "undo-index",
            "undo-unlock",
            "undo-journal",
            "undo-mark",
            "undo-record",
        ],
    },
    Scenario {
        prepare: |repo| {
            fs::remove_dir_all(repo.worktree("t")).unwrap();
            repo.ctx(CLEANUP).ok();
        },
        command: UNDO,
        points: &["undo-check-out"],
    },
    Scenario { prepare: saved_long_ago, command: CLEANUP, points: &["expire-trash", "expire-ref"] },
];

#[test]
fn the_table_names_every_place() {
    let mut places = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in ["worktree/remove.rs", "worktree/undo.rs", "worktree/saved.rs", "state/content.rs"] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        places.extend(
            text.split("kill_point(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()),
        );
    }
    let table: Vec<&str> = TABLE.iter().flat_map(|scenario| scenario.points).copied().collect();
    assert_eq!(places, table.iter().map(|name| (*name).to_owned()).collect());
    println!("{} places", table.len());
}

#[test]
fn a_killed_removal_is_finished_by_the_next() {
    check_scenario(&TABLE[0]);
    check_scenario(&TABLE[1]);
    check_scenario(&TABLE[4]);
}

#[test]
fn a_killed_undo_is_finished_by_the_next() {
    check_scenario(&TABLE[2]);
    check_scenario(&TABLE[3]);
}

fn check_scenario(scenario: &Scenario) {
    let expected = {
        let repo = full();
        (scenario.prepare)(&repo);
        repeat(&repo, scenario.command);
        result(&repo)
    };
    for point in scenario.points {
        let repo = full();
        let before = see(&repo, &repo.worktree("t")).nodes;
        (scenario.prepare)(&repo);
        let output = repo
            .command(crate::support::repo::CTX, &repo.path)
            .args(scenario.command)
            .env("CTX_KILL_AT", point)
            .output()
            .unwrap();
        assert!(output.status.signal().is_some(), "{point} is not reached: {output:?}");
        if scenario.points != ["undo-check-out"] {
            require_held(&repo, &before, point);
        }
        repeat(&repo, scenario.command);
        assert_eq!(result(&repo), expected, "after a kill at {point}");
    }
}

/// Twice: what a run finds to be changed it leaves alone, and the next one takes it as it is then.
fn repeat(repo: &Repo, command: &[&str]) {
    repo.ctx(command).ok();
    repo.ctx(command);
}

/// A completed task that is pushed, with everything that can lie in a worktree.
fn full() -> Repo {
    let repo = Repo::new();
    repo.write(".gitignore", "*.log\n.env\nignored/\n");
    repo.write(".env", "KEY=1\n");
    repo.commit("ignore");
    let remote = repo.root().join("remote.git");
    repo.git(&["init", "--quiet", "--bare", remote.to_str().unwrap()]);
    repo.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    repo.create_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("t", "t.txt", "one\n");
    repo.git(&["push", "--quiet", "origin", "feature/t"]);
    let dir = repo.worktree("t");
    repo.git_in(&dir, &["commit", "--quiet", "--amend", "-m", "feat: amended"]);
    repo.git_in(&dir, &["push", "--quiet", "--force", "origin", "feature/t"]);
    write(&dir.join("src/a.txt"), "staged\n");
    repo.git_in(&dir, &["add", "src/a.txt"]);
    write(&dir.join("src/a.txt"), "not staged\n");
    write(&dir.join("deep/note.txt"), "untracked\n");
    write(&dir.join("deep/run.log"), "ignored\n");
    write(&dir.join("ignored/a"), "ignored\n");
    write(&dir.join("intended.sh"), "intended\n");
    fs::set_permissions(dir.join("intended.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    repo.git_in(&dir, &["add", "--intent-to-add", "intended.sh"]);
    symlink("nowhere", dir.join("link")).unwrap();
    fs::create_dir(dir.join("empty")).unwrap();
    repo
}

/// A removal killed after the folder moved; somebody who had a file open wrote to it.
fn changed_in_the_trash(repo: &Repo) {
    repo.command(crate::support::repo::CTX, &repo.path)
        .args(CLEANUP)
        .env("CTX_KILL_AT", "remove-verify")
        .output()
        .unwrap();
    let folder = fs::read_dir(repo.worktree(".trash")).unwrap().next().unwrap().unwrap().path();
    write(&folder.join("late.txt"), "late\n");
}

fn saved_long_ago(repo: &Repo) {
    repo.ctx(CLEANUP).ok();
    let id = repo.json(&["undo"])[0]["id"].as_str().unwrap().to_owned();
    let old = "refs/ctx/saved/20260101-000000-t";
    repo.git(&["update-ref", old, &format!("refs/ctx/saved/{id}")]);
    write(&repo.worktree(".trash").join("20260101-000000-t/run.log"), "old\n");
}

/// Whatever was in the worktree is in it, in the trash, or a blob that a ref leads to.
#[track_caller]
fn require_held(repo: &Repo, before: &BTreeMap<std::path::PathBuf, Node>, point: &str) {
    let reachable = reachable(repo);
    let mut places = vec![repo.worktree("t")];
    if let Ok(trash) = fs::read_dir(repo.worktree(".trash")) {
        places.extend(trash.flatten().map(|entry| entry.path()));
    }
    let mut missing = Vec::new();
    for (path, node) in before {
        let (bytes, there) = match node {
            Node::Folder => continue,
            Node::Link(target) => (
                target.as_os_str().as_encoded_bytes().to_vec(),
                places.iter().any(|place| fs::read_link(place.join(path)).is_ok_and(|link| link == *target)),
            ),
            Node::File(bytes, _) => (
                bytes.clone(),
                places.iter().any(|place| fs::read(place.join(path)).is_ok_and(|now| now == *bytes)),
            ),
        };
        // Set-up's own copy is in the main checkout.
        if !there && path != Path::new(".env") {
            missing.push(bytes);
        }
    }
    for (blob, bytes) in blobs(repo, &missing).iter().zip(&missing) {
        assert!(reachable.contains(blob), "{} is lost at {point}", bytes.escape_ascii());
    }
}

/// Everything that a run leaves, without times and ids of commits.
pub(super) fn result(repo: &Repo) -> Vec<String> {
    let mut lines = Vec::new();
    let refs = repo.git(&["for-each-ref", "--format=%(refname) %(tree) %(contents:subject)"]);
    lines.extend(refs.lines().map(str::to_owned));
    lines.push(
        repo.git(&["worktree", "list", "--porcelain"])
            .lines()
            .filter(|line| !line.starts_with("HEAD"))
            .collect(),
    );
    lines.push(repo.git(&["ls-remote", "origin"]).lines().map(|line| line[40..].to_owned()).collect());
    for (path, node) in tree(&repo.path.join("worktrees")) {
        lines.push(match node {
            Node::File(bytes, _) => format!("{path} {}", bytes.escape_ascii()),
            node => format!("{path} {node:?}"),
        });
    }
    if repo.worktree("t").exists() {
        let seen = see(repo, &repo.worktree("t"));
        lines.extend([seen.status, seen.flags]);
    }
    for (path, node) in tree(&repo.path.join(".git/ctx")) {
        match node {
            Node::File(bytes, _) if path.ends_with("t.json") => {
                let mut record: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                for key in ["base", "plan", "path", "port", "git"] {
                    record[key].take();
                }
                lines.push(record.to_string());
            }
            Node::File(bytes, _) if path.ends_with("journal.jsonl") => {
                for event in String::from_utf8(bytes).unwrap().lines() {
                    let event: serde_json::Value = serde_json::from_str(event).unwrap();
                    lines.push(format!("{} {}", event["event"], event["task"]));
                }
            }
            _ => lines.push(path),
        }
    }
    let place = repo.root().display().to_string();
    lines.into_iter().map(|line| without_times(&line.replace(&place, "ROOT"))).collect()
}

fn tree(dir: &Path) -> BTreeMap<String, Node> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(dir) else { return found };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.insert(name.clone(), Node::Folder);
            let inner = tree(&entry.path());
            found.extend(inner.into_iter().map(|(path, node)| (format!("{name}/{path}"), node)));
        } else if kind.is_symlink() {
            found.insert(name, Node::Link(fs::read_link(entry.path()).unwrap()));
        } else {
            found.insert(name, Node::File(fs::read(entry.path()).unwrap(), false));
        }
    }
    found
}

/// `20261121-101500` is `TIME`.
fn without_times(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let time = rest.as_bytes().get(..15).filter(|head| {
            head.iter()
                .enumerate()
                .all(|(at, byte)| if at == 8 { *byte == b'-' } else { byte.is_ascii_digit() })
        });
        let length = if time.is_some_and(|head| head.starts_with(b"2026")) {
            // Only this year's: one from the past is part of a scenario.
            out.push_str("TIME");
            15
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    out
}
